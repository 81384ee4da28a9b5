/* SPDX-License-Identifier: MIT
 * What is missing of the declared schema is added: once, however many programs start, behind the migrations, and nothing else is
 * touched. */
#include "api.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEGIN                                                                                                                     \
    "CREATE TABLE a (id integer PRIMARY KEY, n integer);\nCREATE TABLE extra (x integer);\nCREATE INDEX extra_i ON a (n);\n"
#define DECLARED                                                                                                                  \
    "CREATE TABLE a (id integer PRIMARY KEY, n integer, more varchar(5), five integer DEFAULT 5);\n"                              \
    "CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a (id));\nCREATE INDEX fresh ON a (more);\n"                    \
    "CREATE VIEW v AS SELECT id, more FROM a;\n"

static void declare(const char *sql)
{
    api_close();
    API_OK(migrate_options_set_declared(api.options, sql, NULL, NULL, api_error()));
}

static int32_t reconcile(const char *mode)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_reconcile(api.session, mode, &api.rows, api_error());
}

static int number(const char *name)
{
    return (int)migrate_rows_value_int(api.rows, name);
}

static const char *cell(size_t row, const char *column)
{
    return migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
}

/* The row about something whose name ends so; NULL: there is none. */
static const char *found(const char *name, const char *column)
{
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        const char *ident = cell(i, "ident");
        size_t length = strlen(ident), wanted = strlen(name);
        if (length >= wanted && strcmp(ident + length - wanted, name) == 0)
            return cell(i, column);
    }
    return NULL;
}

static void begin(void)
{
    api_file("001_begin.sql", BEGIN);
    API_OK(api_apply());
    api_sql("INSERT INTO a VALUES (1, 10), (2, 20)");
    declare(DECLARED);
}

/* ---- the verb ---- */

START_TEST(test_report)
{
    begin();
    char *before = api_snapshot();
    ck_assert_int_eq(reconcile("report"), MIGRATE_DIFFERS);
    ck_assert_int_eq(number("changed"), 0);
    ck_assert_int_ge(number("missing"), 5);
    ck_assert_str_eq(found("a.more", "done"), "missing");
    ck_assert_ptr_nonnull(strstr(found("a.more", "sql"), "ADD COLUMN"));
    ck_assert_str_eq(found("extra", "done"), "left");
    ck_assert_ptr_nonnull(found("extra", "reason"));
    ck_assert_ptr_null(found("extra.x", "done")); /* goes without saying */
    char *after = api_snapshot();
    ck_assert_str_eq(before, after);
    ck_assert_str_eq(api_events("reconciled"), "0");
    free(before);
    free(after);
}
END_TEST

START_TEST(test_apply)
{
    begin();
    API_OK(reconcile("apply"));
    ck_assert_int_eq(number("changed"), 1);
    ck_assert_int_eq(number("missing"), 0);
    ck_assert_str_eq(found("a.more", "done"), "added");
    ck_assert_str_eq(found("fresh", "done"), "added");
    ck_assert_str_eq(found("extra", "done"), "left");
    ck_assert_str_eq(found("extra_i", "done"), "left");
    ck_assert_str_eq(api_tables(), "a b extra");
    ck_assert_str_eq(api_query("SELECT count(*) FROM v"), "2");
    ck_assert_str_eq(api_query("SELECT n FROM a ORDER BY id"), "10 20");
    ck_assert_str_eq(api_events("reconciled"), "1");
    ck_assert_int_eq(api_told("reconciled"), 1);
    ck_assert_int_gt(api_told("warning"), 0); /* of what is left */
    const char *sql = api_query("SELECT statement_sql FROM libmigrate_history WHERE event = 'reconciled'");
    ck_assert_ptr_nonnull(strstr(sql, "ADD COLUMN"));
    ck_assert_ptr_nonnull(strstr(api_query("SELECT reason FROM libmigrate_history WHERE event = 'reconciled'"), "added "));
    /* It changed nothing about what is applied, and there is nothing to do now. */
    ck_assert_str_eq(api_applied(), "001_begin");
    API_OK(reconcile("apply"));
    ck_assert_int_eq(number("changed"), 0);
    API_OK(reconcile("report"));
    ck_assert_str_eq(found("extra", "done"), "left");
    ck_assert_str_eq(api_events("reconciled"), "1");
    API_OK(api_apply());
    API_OK(api_status());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "state"), "current");
}
END_TEST

static int32_t make(migrate_connection *connection, void *user)
{
    ++*(int *)user;
    return migrate_connection_exec(connection, DECLARED, NULL) == MIGRATE_OK ? 0 : 1;
}

START_TEST(test_declared_by_code)
{
    int calls = 0;
    begin();
    API_OK(migrate_options_set_declared(api.options, NULL, make, &calls, api_error()));
    ck_assert_int_eq(reconcile("report"), MIGRATE_DIFFERS);
    ck_assert_int_eq(calls, 1);
    API_OK(reconcile("apply"));
    ck_assert_int_eq(calls, 1); /* a session asks once */
    ck_assert_str_eq(api_tables(), "a b extra");
}
END_TEST

START_TEST(test_asked_wrongly)
{
    API_FAILS(reconcile("report"), MIGRATE_ERROR_OPTION, "usage");
    declare(DECLARED);
    API_FAILS(reconcile("perhaps"), MIGRATE_ERROR_MISUSE, "usage");
    declare("CREATE TABLE a (id integer);\nCREATE TABLE a (id integer);\n");
    API_FAILS(reconcile("apply"), MIGRATE_ERROR_SQL, "source");
    API_SAYS(":2:");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* Migrations may bring what is missing. */
START_TEST(test_pending)
{
    begin();
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a (id));\n");
    API_FAILS(reconcile("apply"), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(api_tables(), "a extra");
}
END_TEST

/* A program without migrations lives by its declared schema. */
START_TEST(test_without_migrations)
{
    api_option("dir", NULL);
    declare(DECLARED);
    API_OK(reconcile("apply"));
    ck_assert_str_eq(api_tables(), "a b");
    api_sql("DROP VIEW v");
    api_option("reconcile", "apply");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_query("SELECT count(*) FROM v"), "0");
    ck_assert_str_eq(api_events("reconciled"), "2");
}
END_TEST

/* ---- what cannot be added ---- */

START_TEST(test_rows_in_the_way)
{
    api_file("001_begin.sql", "CREATE TABLE a (id integer PRIMARY KEY, n integer);\nCREATE TABLE b (id integer PRIMARY KEY, a integer);\n");
    API_OK(api_apply());
    api_sql("INSERT INTO a VALUES (1, -1)");
    api_sql("INSERT INTO b VALUES (1, 7)");
    declare("CREATE TABLE a (id integer PRIMARY KEY, n integer, must integer NOT NULL, late integer, CONSTRAINT positive CHECK (n > 0), "
            "CONSTRAINT small CHECK (n < 100));\n"
            "CREATE TABLE b (id integer PRIMARY KEY, a integer CONSTRAINT to_a REFERENCES a (id));\nCREATE UNIQUE INDEX u ON a (n);\n");
    ck_assert_int_eq(reconcile("apply"), MIGRATE_DIFFERS);
    ck_assert_str_eq(found("a.late", "done"), "added");
    ck_assert_str_eq(found(API_EITHER("u", "public.u"), "done"), "added");
    ck_assert_str_eq(found("a.must", "done"), "left");
    if (api.engine == API_POSTGRESQL) {
        ck_assert_ptr_nonnull(strstr(found("a.must", "reason"), "null values"));
        ck_assert_str_eq(found("a.small", "done"), "added");
        /* They stand, for rows to come. */
        ck_assert_str_eq(api_query("SELECT conname, convalidated FROM pg_constraint WHERE contype IN ('c', 'f') AND conrelid::regclass::text IN "
                                   "('a', 'b') ORDER BY 1"),
                         "positive|f small|t to_a|f");
        size_t told = 0;
        for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
            told += strcmp(cell(i, "done"), "left") == 0 && strstr(cell(i, "reason"), "without the rows that are there") != NULL;
        ck_assert_int_eq((int)told, 2);
        ck_assert_int_eq(number("missing"), 1);
        /* Once the rows are good, a person says so. */
        api_sql("DELETE FROM b; ALTER TABLE b VALIDATE CONSTRAINT to_a");
    } else {
        ck_assert_ptr_nonnull(strstr(found("a.must", "reason"), "rebuild"));
        ck_assert_str_eq(api_query("SELECT count(*) FROM sqlite_master WHERE sql LIKE '%positive%' AND type = 'table' AND name = 'a'"), "0");
    }
    ck_assert_str_eq(api_query("SELECT n FROM a"), "-1");
    /* What cannot be added is told again, and nothing is written. */
    ck_assert_int_eq(reconcile("apply"), MIGRATE_DIFFERS);
    ck_assert_int_eq(number("changed"), 0);
    ck_assert_str_eq(api_events("reconciled"), "1");
}
END_TEST

/* What is there and says something else is not touched. */
START_TEST(test_changes_are_left)
{
    api_file("001_begin.sql", "CREATE TABLE a (id integer PRIMARY KEY, n integer DEFAULT 1);\nCREATE VIEW v AS SELECT id FROM a;\n");
    API_OK(api_apply());
    char *before = api_snapshot();
    declare("CREATE TABLE a (id integer PRIMARY KEY, n varchar(9) DEFAULT 'x');\nCREATE VIEW v AS SELECT id, n FROM a;\n");
    API_OK(reconcile("apply"));
    ck_assert_int_eq(number("changed"), 0);
    ck_assert_int_gt(number("left"), 1);
    char *after = api_snapshot();
    ck_assert_str_eq(before, after);
    ck_assert_str_eq(api_events("reconciled"), "0");
    free(before);
    free(after);
}
END_TEST

/* Nobody is held up for long. */
START_TEST(test_locked)
{
    if (api.engine != API_POSTGRESQL)
        return;
    begin();
    PGconn *other = PQconnectdb(api.url);
    PQclear(PQexec(other, "BEGIN"));
    PQclear(PQexec(other, "LOCK TABLE a IN ACCESS SHARE MODE"));
    api_option("ddl_lock_timeout", "200ms");
    API_FAILS(reconcile("apply"), MIGRATE_ERROR_LOCKED, "retry");
    API_SAYS("ddl_lock_timeout");
    ck_assert_str_eq(api_tables(), "a extra"); /* all or nothing */
    ck_assert_str_eq(api_events("reconciled"), "0");
    PQclear(PQexec(other, "ROLLBACK"));
    PQfinish(other);
    API_OK(reconcile("apply"));
    ck_assert_str_eq(api_tables(), "a b extra");
}
END_TEST

START_TEST(test_cancel)
{
    migrate_token *token = NULL;
    begin();
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    API_OK(api_open(NULL));
    migrate_token_cancel(token);
    API_FAILS(reconcile("apply"), MIGRATE_ERROR_CANCELLED, "cancelled");
    migrate_token_free(token);
    API_OK(migrate_options_set_token(api.options, NULL, api_error()));
    api_close();
    ck_assert_str_eq(api_tables(), "a extra");
}
END_TEST

/* ---- start-up ---- */

START_TEST(test_startup_apply)
{
    api_file("001_begin.sql", BEGIN);
    declare(DECLARED);
    api_option("reconcile", "apply");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_tables(), "a b extra");
    ck_assert_str_eq(api_column("event"), "applied reconciled");
    ck_assert_str_eq(api_column("kind"), "versioned declared");
    ck_assert_int_eq(number("applied"), 1);
    ck_assert_int_eq(number("changed"), 1);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "001_begin");
    ck_assert_int_eq(api_told("reconciled"), 1);
    API_OK(api_startup("apply"));
    ck_assert_int_eq(number("changed"), 0);
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "2");
    /* Gone by hand: it comes back with the next start. */
    api_sql("DROP INDEX fresh");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_column("event"), "reconciled");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "3");
    /* A migration comes with what it declares, in this order. */
    api_file("002_c.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    declare(DECLARED "CREATE TABLE c (id integer PRIMARY KEY);\nCREATE INDEX ci ON c (id);\n");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_column("event"), "applied reconciled");
    ck_assert_str_eq(api_query("SELECT reason FROM libmigrate_history WHERE seq = 5"), API_EITHER("added 1: index ci", "added 1: index public.ci"));
    API_OK(api_startup("check"));
}
END_TEST

START_TEST(test_startup_report)
{
    begin();
    api_option("reconcile", "report");
    char *before = api_snapshot();
    API_OK(api_startup("apply"));
    ck_assert_int_ge(api_told("warning"), 5);
    ck_assert_int_eq(api_told("reconciled"), 0);
    ck_assert_int_eq(number("changed"), 0);
    char *after = api_snapshot();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}
END_TEST

/* What was added counts as the run's work: no drift. */
START_TEST(test_with_fingerprint)
{
    migrate_rows *rows = NULL;
    api_file("001_begin.sql", BEGIN);
    declare(DECLARED);
    api_option("reconcile", "apply");
    api_option("fingerprint", "on");
    API_OK(api_startup("apply"));
    API_OK(api_open(NULL));
    API_OK(migrate_diff(api.session, &rows, api_error()));
    ck_assert_str_eq(migrate_rows_value_text(rows, "by"), "fingerprint");
    migrate_rows_free(rows);
    api_sql("DROP INDEX fresh");
    API_OK(api_startup("apply"));
    API_OK(api_open(NULL));
    API_OK(migrate_diff(api.session, &rows, api_error()));
    migrate_rows_free(rows);
}
END_TEST

/* All or nothing together with the migrations. */
START_TEST(test_startup_whole)
{
    api_file("001_begin.sql", BEGIN);
    declare(DECLARED);
    api_option("reconcile", "apply");
    api_option("transaction", "run");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_tables(), "a b extra");
    ck_assert_str_eq(api_events("reconciled"), "1");
}
END_TEST

START_TEST(test_fifty_starters)
{
    enum { STARTERS = 50 };
    pid_t children[STARTERS];
    int failed = 0;
    begin();
    api_option("reconcile", "apply");
    api_option("mode", "apply");
    api_option("wait_timeout", "100s");
    for (int i = 0; i < STARTERS; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0) {
            int32_t code = migrate_startup(api.url, api.options, NULL, api_error());
            if (code < 0)
                fprintf(stderr, "%s: %s\n", migrate_code_name(code), migrate_error_message(api.error));
            _exit(code < 0 ? -code : code);
        }
    }
    for (int i = 0; i < STARTERS; i++) {
        int status = 0;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    ck_assert_int_eq(failed, 0);
    ck_assert_str_eq(api_events("reconciled"), "1");
    ck_assert_str_eq(api_tables(), "a b extra");
    API_OK(reconcile("report"));
}
END_TEST

/* ---- on the host's own connection, inside its transaction ---- */

static int32_t start_on(migrate_session *session)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    return migrate_startup_session(session, &api.rows, api_error());
}

START_TEST(test_host_sqlite)
{
    sqlite3 *db = NULL;
    if (api.engine != API_SQLITE)
        return;
    begin();
    api_option("reconcile", "apply");
    api_option("host_transaction", "use");
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    API_OK(start_on(api.session));
    ck_assert_str_eq(api_column("event"), "reconciled");
    ck_assert_int_eq(sqlite3_get_autocommit(db), 0);
    ck_assert_int_eq(sqlite3_exec(db, "INSERT INTO b VALUES (1, 1); ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_str_eq(api_tables(), "a extra"); /* all of it went with the host's transaction */
    API_OK(start_on(api.session));
    ck_assert_str_eq(api_tables(), "a b extra");
    ck_assert_str_eq(api_events("reconciled"), "1");
    api_close();
    sqlite3_close(db);
}
END_TEST

START_TEST(test_host_postgresql)
{
    if (api.engine != API_POSTGRESQL)
        return;
    begin();
    api_option("reconcile", "apply");
    api_option("host_transaction", "use");
    PGconn *db = PQconnectdb(api.url);
    API_OK(migrate_open_libpq(db, api.options, &api.session, api_error()));
    PQclear(PQexec(db, "BEGIN"));
    API_OK(start_on(api.session));
    ck_assert_str_eq(api_column("event"), "reconciled");
    ck_assert_int_eq(PQtransactionStatus(db), PQTRANS_INTRANS);
    PQclear(PQexec(db, "ROLLBACK"));
    ck_assert_str_eq(api_tables(), "a extra");
    API_OK(start_on(api.session));
    ck_assert_str_eq(api_tables(), "a b extra");
    ck_assert_str_eq(api_events("reconciled"), "1");
    PGresult *result = PQexec(db, "SHOW check_function_bodies"); /* nothing of ours is left behind */
    ck_assert_str_eq(PQgetvalue(result, 0, 0), "on");
    PQclear(result);
    api_close();
    PQfinish(db);
}
END_TEST

API("reconcile", test_report, test_apply, test_declared_by_code, test_asked_wrongly, test_pending, test_without_migrations,
    test_rows_in_the_way, test_changes_are_left, test_locked, test_cancel, test_startup_apply, test_startup_report, test_startup_whole, test_with_fingerprint,
    test_fifty_starters, test_host_sqlite, test_host_postgresql)
