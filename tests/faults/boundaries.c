/* SPDX-License-Identifier: MIT
 * A program is killed at each boundary of a mixed set of migrations, and inside its statements: before each
 * system call that sends, waits, writes, syncs or locks, and at random moments. The rerun reaches the same
 * schema and the same rows, and nobody has to say anything. */
#include "traced.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int32_t code_up(migrate_connection *connection, void *user)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_connection_query(connection, "SELECT count(*) FROM items", &rows, NULL);
    (void)user;
    migrate_rows_free(rows);
    if (code == MIGRATE_OK)
        code = migrate_connection_exec(
            connection,
            "UPDATE items SET note = 'by code' WHERE id < 100; INSERT INTO effects VALUES ('004');", NULL);
    return code;
}

static void write_copy(void)
{
    char text[8000];
    size_t length = (size_t)snprintf(text, sizeof text, "COPY items (id, note) FROM stdin;\n");
    for (int i = 1; i <= 300; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%d\tnumber %d\n", i, i);
    snprintf(text + length, sizeof text - length, "\\.\nINSERT INTO effects VALUES ('003');\n");
    api_file("003_rows.sql", text);
}

static void write_for_postgresql(void)
{
    write_copy();
    api_file("006_index.sql", "CREATE INDEX CONCURRENTLY items_note ON items (note);\n"
                              "INSERT INTO effects VALUES ('006a');\n"
                              "CREATE UNIQUE INDEX CONCURRENTLY items_id ON items (id);\n"
                              "INSERT INTO effects VALUES ('006b');\n"
                              "DROP INDEX CONCURRENTLY items_note;\n");
    api_file("007_value.sql", "CREATE TYPE mood AS ENUM ('fine');\nALTER TYPE mood ADD VALUE 'better';\n"
                              "CREATE TABLE moods (m mood);\nINSERT INTO moods VALUES ('better');\n"
                              "INSERT INTO effects VALUES ('007');\n");
}

static void write_for_sqlite(void)
{
    api_file("003_rows.sql",
             "INSERT INTO items WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < "
             "300) SELECT x, 'number ' || x FROM n;\nINSERT INTO effects VALUES ('003');\n");
    api_file("006_vacuum.sql",
             "INSERT INTO effects VALUES ('006a');\nVACUUM;\nINSERT INTO effects VALUES ('006b');\n");
    api_file("007_rebuild.sql",
             "CREATE TABLE new_items (id integer PRIMARY KEY, note text NOT NULL);\n"
             "INSERT INTO new_items SELECT * FROM items;\nDROP TABLE items;\n"
             "ALTER TABLE new_items RENAME TO items;\nINSERT INTO effects VALUES ('007');\n");
}

static void write_migrations(void)
{
    migrate_source *source = NULL;
    api_file("001_effects.sql", "CREATE TABLE effects (id text);\nINSERT INTO effects VALUES ('001');\n");
    api_file("002_items.sql",
             "CREATE TABLE items (id integer, note text);\nINSERT INTO items VALUES (-1, 'first');\n"
             "CREATE VIEW notes AS SELECT note FROM effects, items;\nDROP VIEW notes;\n"
             "INSERT INTO effects VALUES ('002');\n");
    api_file("005_parts.sql",
             "BEGIN;\nINSERT INTO effects VALUES ('005a');\nUPDATE items SET id = id + 1000;\nCOMMIT;\n"
             "BEGIN;\nINSERT INTO effects VALUES ('005b');\nUPDATE items SET id = id + 1000;\nCOMMIT;\n");
    if (api.engine == API_SQLITE)
        write_for_sqlite();
    else
        write_for_postgresql();
    api_file("008_end.sql", "CREATE TABLE ends (x integer);\nINSERT INTO effects VALUES ('008');\n");
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_code(source, "004_code", "1", code_up, NULL, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
}

static struct {
    long killed;
    int64_t typical, worst;
} sum;

static char *whole; /* the dump of an undisturbed run */

/* The rerun of a killed program. */
static void check_rerun(const char *where)
{
    int64_t begun = faults_now();
    bool failed = faults_end(faults_start()) == FAULTS_FAILED;
    int64_t took = faults_now() - begun;
    ck_assert_msg(!failed, "%s: %.2000s", where, faults_errors());
    if (took > sum.worst)
        sum.worst = took;
    faults_check_dump(where, whole);
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
}

static void begin_anew(void)
{
    faults_empty();
    faults_forget_errors();
}

/* false: it had fewer calls. */
static bool kill_at_call(long nth)
{
    char where[60];
    long calls = 0;
    begin_anew();
    int end = traced_kill(nth, &calls);
    ck_assert_msg(end != FAULTS_FAILED, "%s", faults_errors());
    if (end == FAULTS_OK)
        return false;
    sum.killed++;
    snprintf(where, sizeof where, "killed before system call %ld", nth);
    check_rerun(where);
    return true;
}

static void kill_at_random(void)
{
    char where[60];
    int64_t after = faults_random((long)sum.typical);
    begin_anew();
    pid_t program = faults_start();
    faults_sleep(after);
    kill(program, SIGKILL);
    int end = faults_end(program);
    ck_assert_msg(end != FAULTS_FAILED, "%s", faults_errors());
    sum.killed += end == FAULTS_KILLED;
    snprintf(where, sizeof where, "killed after %ld us", (long)after);
    check_rerun(where);
}

static void report(const char *kind)
{
    faults_report("%s, %s: %ld killed; the rerun took %.2f s at worst", API_EITHER("SQLite", "PostgreSQL"),
                  kind, sum.killed, (double)sum.worst / 1e6);
}

static void prepare(void)
{
    memset(&sum, 0, sizeof sum);
    api_option("wait_timeout", "60s");
    write_migrations();
    for (int i = 0; i < 2; i++) { /* the first time all is cold */
        faults_empty();
        sum.typical = faults_start_well();
    }
    whole = faults_dump();
}

START_TEST(test_calls)
{
    prepare();
    if (!traced_possible()) {
        faults_skip("kills at each system call", "tracing is not permitted");
        return;
    }
    long stride = faults_brief() ? 5 : 1;
    long nth = faults_random(stride);
    while (kill_at_call(nth))
        nth += stride;
    report("before each system call");
    free(whole);
}
END_TEST

START_TEST(test_random)
{
    prepare();
    for (long round = faults_rounds(30, 700); round > 0; round--)
        kill_at_random();
    report("at random");
    free(whole);
}
END_TEST

API("boundaries", test_calls, test_random)
