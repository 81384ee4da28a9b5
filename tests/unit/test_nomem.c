/* SPDX-License-Identifier: MIT
 * Every allocation that a verb makes on a SQLite file fails once: no crash, no leak, MIGRATE_ERROR_NOMEM or
 * success, and the next run brings the file to where it belongs. First the library's own allocations, then
 * those of SQLite itself. */
#include "migrate.h"

#include "allocator.h"
#include "unit.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- SQLite's allocator ---- */

static sqlite3_mem_methods sqlite_memory;

static void *sqlite_malloc(int size)
{
    return allocator_fails() ? NULL : sqlite_memory.xMalloc(size);
}

static void *sqlite_realloc(void *block, int size)
{
    return allocator_fails() ? NULL : sqlite_memory.xRealloc(block, size);
}

/* The library opens the same libsqlite3 that this program is linked with. */
static void fail_in_sqlite(void)
{
    sqlite3_mem_methods methods;

    sqlite3_shutdown();
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory), SQLITE_OK);
    methods = sqlite_memory;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    ck_assert_int_eq(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0),
                     SQLITE_OK); /* every allocation is one of these */
}

/* ---- a place with migrations ---- */

static char root[64], url[128], path[96];

static void write_file(const char *name, const char *text)
{
    char where[192];
    FILE *file;

    snprintf(where, sizeof where, "%s/%s", root, name);
    file = fopen(where, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(const char *name)
{
    char where[192];

    snprintf(where, sizeof where, "%s/%s", root, name);
    ck_assert(mkdir(where, 0700) == 0 || errno == EEXIST);
}

/* Files of this size flow by as a stream. */
static void make_big_file(void)
{
    enum { SIZE = 4 * 1024 * 1024 + 1000 };
    char *text = malloc(SIZE + 400), *end = text;

    ck_assert_ptr_nonnull(text);
    end += sprintf(end, "-- migrate: breaking\nCREATE TABLE big (id INTEGER);\n-- ");
    memset(end, 'x', SIZE);
    sprintf(end + SIZE,
            "\nINSERT INTO big VALUES (1);\n-- ROLLBACK: DROP TABLE big;\nINSERT INTO big VALUES (2);\n");
    write_file("big/001_big.sql", text);
    free(text);
}

static void make_place(void)
{
    snprintf(root, sizeof root, "%s/migrate-nomem-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(root));
    snprintf(path, sizeof path, "%s/a.db", root);
    snprintf(url, sizeof url, "sqlite:%s", path);
    make_folder("dir");
    make_folder("dir/repeatable");
    write_file("dir/001_users.sql",
               "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n"
               "INSERT INTO users (name) VALUES ('a');\n-- ROLLBACK: DROP TABLE users;\n");
    write_file("dir/002_orders.sql",
               "-- Depends: 001_users\nCREATE TABLE orders (id INTEGER PRIMARY KEY);\n");
    write_file("dir/002_orders.down.sql", "DROP TABLE orders;\n");
    write_file("dir/003_index.sql", "-- migrate: no-transaction\nCREATE TABLE IF NOT EXISTS names (name);\n"
                                    "CREATE INDEX IF NOT EXISTS users_name ON users (name);\n"
                                    "-- ROLLBACK: DROP INDEX users_name; DROP TABLE names;\n");
    write_file("dir/004_setting.sql", "PRAGMA foreign_keys = on;\nCREATE TABLE last (id INTEGER);\n"
                                      "-- ROLLBACK: DROP TABLE last;\n");
    write_file("dir/repeatable/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT * FROM users;\n");
    make_folder("short");
    write_file("short/schema.sql",
               "-- migrate: stands-for 002_b\nCREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\n");
    write_file("short/001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    write_file("short/002_b.sql", "CREATE TABLE b (id INTEGER);\n");
    make_folder("rehearsal");
    write_file("rehearsal/001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    write_file("rehearsal/002_b.sql", "CREATE TABLE b (id INTEGER);\n");
    write_file("rehearsal/003_users.sql", "CREATE TABLE users (name TEXT);\nINSERT INTO users VALUES ('x');\n"
                                          "INSERT INTO a VALUES (1), (2);\nCREATE INDEX a_id ON a (id);\n");
    write_file("rehearsal/004_tidy.sql", "VACUUM;\nUPDATE a SET id = id;\n");
    make_folder("needs");
    write_file("needs/001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    write_file("needs/002_b.sql", "CREATE TABLE b (id INTEGER);\n");
    write_file("needs/add_c.sql", "-- Dependencies: a\nINSERT INTO d SELECT id FROM a;\n");
    write_file("needs/add_d.sql", "-- Depends: 001_a\nCREATE TABLE d (id INTEGER);\nCREATE TABLE IF NOT EXISTS a (id INTEGER);\n"
                                  "CREATE VIEW v AS SELECT * FROM d;\nCREATE TRIGGER t AFTER INSERT ON d BEGIN DELETE FROM b; END;\n");
    write_file("needs/add_e.sql", "-- Depends: 001_a\nALTER TABLE a RENAME TO e;\nCREATE TABLE k (n INTEGER REFERENCES d (id));\n");
    make_folder("big");
    make_big_file();
    make_folder("rebuild");
    write_file("rebuild/001_parent.sql",
               "CREATE TABLE parent (id INTEGER PRIMARY KEY);\n"
               "CREATE TABLE child (id INTEGER REFERENCES parent ON DELETE CASCADE);\n"
               "INSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1);\n");
    write_file("rebuild/002_new.sql",
               "PRAGMA foreign_keys = OFF;\nCREATE TABLE new (id INTEGER PRIMARY KEY, name TEXT);\n"
               "INSERT INTO new (id) SELECT id FROM parent;\nDROP TABLE parent;\n"
               "ALTER TABLE new RENAME TO parent;\nPRAGMA foreign_keys = ON;\n");
    make_folder("declared");
    write_file("declared/001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER);\n");
    make_folder("flawed");
    write_file("flawed/001_a.sql", "-- migrate: whatever\n-- migrate: ignore gap on purpose\nCREATE TABLE a (id INTEGER);\n");
    write_file("flawed/002_b.sql", "-- Depends: 009\n-- Depends: 005_d\nCREATE TABLE b (id INTEGER);\r\n-- ROLLBACK:\n-- END ROLLBACK\n");
    write_file("flawed/002_c.sql", "-- migrate: ignore\nCREATE TABLE c (id INTEGER;\n");
    write_file("flawed/005_d.sql", "-- Depends: 002_b\nCREATE TABLE d (id INTEGER REFERENCES absent);\n-- migrate: ignore SR15 meant\n"
                                   "INSERT INTO d VALUES (:x);\nROLLBACK;\n.mode csv\n");
    write_file("flawed/006_e.sql", "\xFF");
    write_file("flawed/007_f.down.sql", "DROP TABLE f;\n");
    write_file("flawed/008_g.sql.bak", "");
    make_folder("costly");
    write_file("costly/001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER) STRICT;\nCREATE INDEX i ON a (n);\n"
                                   "CREATE TABLE b (a INTEGER REFERENCES a);\nCREATE VIEW v AS SELECT n FROM a;\n");
    write_file("costly/002_b.sql", "UPDATE a SET n = 1;\nALTER TABLE b ADD COLUMN r INTEGER NOT NULL;\nCREATE TABLE c (x TEXT DEFAULT '' CHECK (x <> \"y\"));\n"
                                   "ALTER TABLE b RENAME COLUMN r TO s;\n");
    write_file("costly/003_c.sql", "DROP VIEW v;\nCREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, m INTEGER);\nINSERT INTO n (id) SELECT id FROM a;\n"
                                   "DROP TABLE a;\nALTER TABLE n RENAME TO a;\n");
    write_file("costly/004_d.sql", "ALTER TABLE a RENAME TO d;\nDROP TABLE c;\n");
    make_folder("guarded");
    write_file("guarded/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2), (3);\n");
    make_folder("guards");
    write_file("guards/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2), (3);\n");
    write_file("guards/002_fewer.sql", "-- migrate: allow-data-loss a test\n-- migrate: expect rows(a) >= before - 2\n"
                                       "-- migrate: assert SELECT count(*) = 2 FROM b\n-- migrate: assert-before SELECT count(*) = 3 FROM a\n"
                                       "DELETE FROM a WHERE id = 1;\nALTER TABLE a RENAME TO b;\nUPDATE b SET id = 7 WHERE id = 2;\n");
    make_folder("refused");
    write_file("refused/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2), (3);\n");
    write_file("refused/002_fewer.sql", "CREATE TABLE c (id INTEGER);\nDELETE FROM a WHERE id = 1;\n");
    make_folder("rows");
    write_file("rows/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2);\n");
    make_folder("parts");
    write_file("parts/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2), (3);\n");
    write_file("parts/002_fewer.sql", "-- migrate: no-transaction\nUPDATE a SET id = id;\nDELETE FROM a WHERE id = 2;\n");
    make_folder("less");
    write_file("less/001_a.sql", "CREATE TABLE a (id INTEGER);\nINSERT INTO a VALUES (1), (2);\n");
    write_file("less/002_b.sql", "DELETE FROM a WHERE id = 1;\nCREATE TABLE b (id INTEGER);\n");
    make_folder("broken");
    write_file("broken/001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    write_file("broken/002_b.sql", "CREATE TABLE b (id INTEGER);\nINSERT INTO absent VALUES (1);\n");
}

static void remove_place(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

static int32_t code_up(migrate_connection *connection, void *user)
{
    migrate_rows *rows = NULL;
    char *quoted = NULL;
    int32_t code = migrate_connection_exec(connection, "CREATE TABLE coded (id INTEGER)", NULL);

    (void)user;
    if (code == MIGRATE_OK)
        code = migrate_connection_query(connection, "SELECT name FROM users", &rows, NULL);
    if (code == MIGRATE_OK)
        code = migrate_connection_quote(connection, migrate_rows_text(rows, 0, 0), &quoted, NULL);
    migrate_rows_free(rows);
    migrate_free(quoted);
    return code;
}

static int32_t code_down(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "DROP TABLE coded", NULL);
}

/* ---- scenarios: each opens, works and closes ---- */

struct scenario {
    const char *name, *dir;
    bool code;         /* with the code migration */
    const char *ready; /* a scenario that goes before, without failures; NULL: an absent file */
    int32_t (*work)(migrate_session *session, migrate_error **err);
    int32_t expected, again; /* the code of a whole run, and of one that follows it */
    const char *tables;      /* all there are then */
    long stride;             /* each so manieth allocation fails */
    bool keeps;              /* the facts */
};

static int32_t work_startup(migrate_session *session, migrate_error **err);
static int32_t work_guards(migrate_session *session, migrate_error **err);

static int32_t open_all(const struct scenario *scenario, migrate_session **out, migrate_error **err)
{
    migrate_options *options = NULL;
    migrate_source *source = NULL;
    char where[128];
    int32_t code = migrate_options_new(&options, err);

    snprintf(where, sizeof where, "%s/%s", root, scenario->dir);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "dir", where, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "commit_every", "none", err);
    if (code == MIGRATE_OK && scenario->code) {
        code = migrate_source_new(&source, err);
        if (code == MIGRATE_OK)
            code = migrate_source_add_code(source, "005_code", "1", code_up, code_down, NULL, err);
        if (code == MIGRATE_OK)
            code = migrate_options_set_source(options, source, err);
    }
    if (code == MIGRATE_OK && scenario->keeps)
        code = migrate_options_set(options, "keep_facts", "on", err);
    if (code == MIGRATE_OK && scenario->work == work_startup) {
        code = migrate_options_set(options, "reconcile", "apply", err);
        if (code == MIGRATE_OK)
            code = migrate_options_set_declared(
                options, "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, m TEXT);\nCREATE TABLE b (id INTEGER);\n", NULL, NULL, err);
    }
    if (code == MIGRATE_OK && scenario->work == work_guards)
        code = migrate_options_set(options, "protect", "a,b", err);
    if (code == MIGRATE_OK && (strcmp(scenario->dir, "refused") == 0 || strcmp(scenario->dir, "parts") == 0))
        code = migrate_options_set(options, "protect", "auto", err);
    snprintf(where, sizeof where, "%s/kept", root);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "backup_dir", where, err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "backup_keep", "2", err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(options, "confirm", "a.db", err);
    if (code == MIGRATE_OK)
        code = migrate_open(url, options, out, err);
    migrate_source_free(source);
    migrate_options_free(options);
    return code;
}

static int32_t run_scenario(const struct scenario *scenario, migrate_error **err)
{
    migrate_session *session = NULL;
    int32_t code = open_all(scenario, &session, err);

    if (code == MIGRATE_OK)
        code = scenario->work(session, err);
    migrate_close(session);
    return code;
}

static int32_t report_json(migrate_rows *rows, int32_t code, migrate_error **err)
{
    char *json = NULL;

    if (code >= 0) {
        int32_t shown = migrate_rows_json(rows, &json, err);

        if (shown != MIGRATE_OK)
            code = shown;
    }
    migrate_free(json);
    migrate_rows_free(rows);
    return code;
}

static int32_t work_apply(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_apply(session, NULL, &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_plan(migrate_session *session, migrate_error **err)
{
    migrate_plan *plan = NULL;
    migrate_rows *rows = NULL, *findings = NULL;
    char *sql = NULL;
    int32_t code = migrate_plan_make(session, NULL, &plan, err);

    if (code == MIGRATE_OK)
        code = migrate_plan_rows(plan, &rows, err);
    if (code == MIGRATE_OK)
        code = migrate_plan_findings(plan, &findings, err);
    if (code == MIGRATE_OK)
        code = migrate_plan_sql(plan, &sql, err);
    if (code == MIGRATE_OK)
        code = migrate_apply(session, plan, NULL, err);
    migrate_free(sql);
    migrate_rows_free(rows);
    migrate_rows_free(findings);
    migrate_plan_free(plan);
    return code;
}

static int32_t work_pulled(migrate_session *session, migrate_error **err)
{
    migrate_run *run = NULL;
    migrate_rows *rows = NULL;
    int32_t code = migrate_run_begin(session, NULL, &run, err), ended;

    if (code != MIGRATE_OK)
        return code;
    do
        code = migrate_run_step(run, err);
    while (code == MIGRATE_MORE);
    ended = migrate_run_end(run, &rows, code == MIGRATE_OK ? err : NULL);
    return report_json(rows, code == MIGRATE_OK ? ended : code, err);
}

static int32_t work_rollback(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_rollback(session, "empty", &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_read(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_history(session, &rows, err);

    code = report_json(rows, code, err);
    rows = NULL;
    if (code == MIGRATE_OK)
        code = migrate_status(session, &rows, err);
    return report_json(rows, code, err);
}

/* In the database, and from 004_tidy on in a copy of it. */
static int32_t work_rehearse(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_rehearse(session, NULL, &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_check(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_startup_session(session, &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_mark(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_mark(session, "forgotten", "004_setting", "a test", &rows, err);

    code = report_json(rows, code, err);
    rows = NULL;
    if (code == MIGRATE_ERROR_TARGET) { /* forgotten already: the run before came as far as this */
        migrate_error_free(*err);
        *err = NULL;
        code = MIGRATE_OK;
    }
    if (code == MIGRATE_OK)
        code = migrate_mark(session, "applied", "004_setting", "a test", &rows, err);
    return report_json(rows, code, err);
}

static int32_t work_baseline(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_baseline(session, "002", "a test", &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_verify(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_verify(session, NULL, &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_find(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_check_rules(&rows, err), found = code;

    code = report_json(rows, code, err);
    rows = NULL;
    if (code >= 0)
        code = found = migrate_check(session, NULL, &rows, err);
    code = report_json(rows, code, err);
    return code < 0 ? code : found;
}

static int32_t work_against(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    char other[128];
    int32_t code, found;

    snprintf(other, sizeof other, "%s/rehearsal", root);
    code = found = migrate_check_against(session, other, NULL, &rows, err);
    code = report_json(rows, code, err);
    return code < 0 ? code : found;
}

#define WANTED                                                                                                                    \
    "CREATE TABLE a (id INTEGER PRIMARY KEY, number INTEGER NOT NULL -- renamed-from: n\n);\n"                                    \
    "CREATE TABLE b (id INTEGER);\nCREATE INDEX i ON b (id);\n"

static int32_t work_generate(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_generate(session, WANTED, &rows, err);

    code = report_json(rows, code, err);
    rows = NULL;
    if (code >= 0)
        code = migrate_generate_down(session, "001", &rows, err);
    return report_json(rows, code, err);
}

/* And somebody's hand comes behind it. */
static int32_t work_drifted(migrate_session *session, migrate_error **err)
{
    sqlite3 *db = NULL;
    int32_t code = work_apply(session, err);

    if (code != MIGRATE_OK)
        return code;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE INDEX by_hand ON a (id); DROP TABLE b", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    return code;
}

static int32_t work_drift(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_diff(session, &rows, err);

    return report_json(rows, code, err);
}

static int32_t work_needs(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_check(session, NULL, &rows, err);

    code = report_json(rows, code, err);
    rows = NULL;
    if (code == MIGRATE_FINDINGS)
        code = migrate_graph(session, NULL, NULL, &rows, err);
    return report_json(rows, code, err);
}

/* What start-up does with reconcile=apply: the session has the options of open_all(), so it is said there. */
static int32_t work_startup(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_startup_session(session, &rows, err);

    return report_json(rows, code, err);
}

/* On a protected database, with a loss that is allowed, and expectations. */
static int32_t work_guards(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_protect(session, 1, "a test", &rows, err);

    code = report_json(rows, code, err);
    return code == MIGRATE_OK ? work_plan(session, err) : code;
}

/* Its guard refuses it, and it is half done. */
static int32_t work_lost(migrate_session *session, migrate_error **err)
{
    (void)err;
    return migrate_apply(session, NULL, NULL, NULL) == MIGRATE_ERROR_REFUSED ? MIGRATE_OK : MIGRATE_ERROR_MISUSE;
}

static int32_t work_backup(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_backup(session, &rows, err);

    code = report_json(rows, code, err);
    rows = NULL;
    if (code == MIGRATE_OK)
        code = migrate_backups(session, &rows, err);
    return report_json(rows, code, err);
}

static int32_t work_restore(migrate_session *session, migrate_error **err)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_backup(session, NULL, err);

    if (code == MIGRATE_OK)
        code = migrate_restore(session, NULL, &rows, err);

    return report_json(rows, code, err);
}

#define ALL_TABLES "coded,last,libmigrate_history,names,orders,users,v"

static const struct scenario scenarios[] = {
    {"apply", "dir", true, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, ALL_TABLES, 1, false},
    {"plan", "dir", true, NULL, work_plan, MIGRATE_OK, MIGRATE_OK, ALL_TABLES, 1, false},
    {"pulled", "dir", false, NULL, work_pulled, MIGRATE_OK, MIGRATE_OK,
     "last,libmigrate_history,names,orders,users,v", 1, false},
    {"schema", "short", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 1, false},
    {"big", "big", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "big,libmigrate_history", 1, false},
    {"rebuild", "rebuild", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK,
     "child,libmigrate_history,parent", 1, false},
    {"broken", "broken", false, NULL, work_apply, MIGRATE_ERROR_SQL, MIGRATE_ERROR_SQL,
     "a,libmigrate_history", 1, false},
    {"rollback", "dir", true, "apply", work_rollback, MIGRATE_OK, MIGRATE_OK, "libmigrate_history,v", 1, false},
    {"rehearse", "rehearsal", true, "schema", work_rehearse, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 1, false},
    {"read", "dir", true, "apply", work_read, MIGRATE_OK, MIGRATE_OK, ALL_TABLES, 1, false},
    {"no-op", "dir", true, "apply", work_check, MIGRATE_OK, MIGRATE_OK, ALL_TABLES, 1, false},
    {"mark", "dir", true, "apply", work_mark, MIGRATE_OK, MIGRATE_OK, ALL_TABLES, 1, false},
    {"baseline", "dir", true, NULL, work_baseline, MIGRATE_OK, MIGRATE_ERROR_HISTORY, "libmigrate_history", 1, false},
    {"declared", "declared", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 1, false},
    {"generate", "declared", false, "declared", work_generate, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 17, false},
    {"verify", "short", false, "schema", work_verify, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 31, false},
    {"needs", "needs", false, "schema", work_needs, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 61, false},
    {"kept", "short", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history,libmigrate_history_facts", 1, true},
    {"drift", "short", false, "drifted", work_drift, MIGRATE_DIFFERS, MIGRATE_DIFFERS,
     "a,libmigrate_history,libmigrate_history_facts", 1, true},
    {"replay", "short", false, "drifted without facts", work_drift, MIGRATE_DIFFERS, MIGRATE_DIFFERS, "a,libmigrate_history", 17, false},
    {"check", "rehearsal", false, "schema", work_find, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 17, false},
    {"check flawed", "flawed", false, "schema", work_find, MIGRATE_FINDINGS, MIGRATE_FINDINGS, "a,b,libmigrate_history", 5, false},
    {"check costly", "costly", false, NULL, work_find, MIGRATE_OK, MIGRATE_OK, NULL, 29, false},
    {"against", "flawed", false, "schema", work_against, MIGRATE_FINDINGS, MIGRATE_FINDINGS, "a,b,libmigrate_history", 1, false},
    {"guarded", "guarded", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 1, false},
    {"guards", "guards", false, "guarded", work_guards, MIGRATE_OK, MIGRATE_OK, "b,libmigrate_history", 1, false},
    {"refused", "refused", false, "guarded", work_apply, MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_REFUSED, "a,libmigrate_history", 1, false},
    {"parts", "parts", false, "guarded", work_apply, MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_PARTIAL, "a,libmigrate_history", 1, false},
    {"lost", "parts", false, "lost before", work_apply, MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_REFUSED, "a,libmigrate_history", 1, false},
    {"rows", "rows", false, NULL, work_apply, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 31, false},
    {"less", "less", false, "rows", work_apply, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 3, false},
    {"backup", "rows", false, "rows", work_backup, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 5, false},
    {"restore", "rows", false, "rows", work_restore, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 7, false},
    {"reconcile", "declared", false, NULL, work_startup, MIGRATE_OK, MIGRATE_OK, "a,b,libmigrate_history", 5, false},
};

/* Only ever go before others. */
static const struct scenario preparations[] = {
    {"drifted", "short", false, NULL, work_drifted, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history,libmigrate_history_facts", 0, true},
    {"lost before", "parts", false, NULL, work_lost, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 0, false},
    {"drifted without facts", "short", false, NULL, work_drifted, MIGRATE_OK, MIGRATE_OK, "a,libmigrate_history", 0, false},
};

static const struct scenario *scenario_named(const char *name)
{
    size_t i = 0;

    for (size_t p = 0; p < sizeof preparations / sizeof preparations[0]; p++) {
        if (strcmp(preparations[p].name, name) == 0)
            return &preparations[p];
    }
    while (strcmp(scenarios[i].name, name) != 0)
        i++;
    return &scenarios[i];
}

/* ---- judging ---- */

static bool row_is(sqlite3 *db, const char *sql, const char *expected)
{
    sqlite3_stmt *statement = NULL;
    bool same;

    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    same = sqlite3_column_text(statement, 0) == NULL ? expected == NULL
           : expected != NULL && strcmp((const char *)sqlite3_column_text(statement, 0), expected) == 0;
    if (!same)
        fprintf(stderr, "%s: %s, not %s\n", sql, sqlite3_column_text(statement, 0), expected != NULL ? expected : "null");
    sqlite3_finalize(statement);
    return same;
}

static bool file_is_right(const struct scenario *scenario)
{
    sqlite3 *db = NULL;
    bool right;

    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    right =
        row_is(db, "PRAGMA integrity_check", "ok") &&
        row_is(
            db,
            "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite_%' ORDER BY name)",
            scenario->tables);
    sqlite3_close(db);
    return right;
}

static void prepare(const struct scenario *scenario)
{
    char journal[128];

    snprintf(journal, sizeof journal, "%s-journal", path);
    unlink(journal);
    unlink(path);
    if (scenario->ready != NULL)
        ck_assert_int_eq(run_scenario(scenario_named(scenario->ready), NULL), MIGRATE_OK);
}

/* Where a failing allocation shows: the code. What follows it without failures must end as if nothing had
 * been. */
static void judge(const struct scenario *scenario, long nth, int32_t code, long leaked, migrate_error *err)
{
    int32_t again;
    migrate_error *problem = NULL;

    ck_assert_msg(code == MIGRATE_ERROR_NOMEM || code == scenario->expected,
                  "%s, allocation %ld: code %d: %s", scenario->name, nth, (int)code,
                  err != NULL ? migrate_error_message(err) : "no error");
    ck_assert_msg((code < 0) == (err != NULL), "%s, allocation %ld: code %d and %s error", scenario->name,
                  nth, (int)code, err != NULL ? "an" : "no");
    migrate_error_free(err);
    ck_assert_msg(leaked == 0, "%s, allocation %ld: %ld blocks leaked", scenario->name, nth, leaked);
    again = run_scenario(scenario, &problem);
    ck_assert_msg(again == scenario->expected || again == scenario->again,
                  "%s, behind failed allocation %ld: code %d: %s", scenario->name, nth, (int)again,
                  problem != NULL ? migrate_error_message(problem) : "no error");
    migrate_error_free(problem);
    ck_assert_msg(file_is_right(scenario),
                  "%s, behind failed allocation %ld: the file is not as it should be", scenario->name, nth);
}

static void fail_each(const struct scenario *scenario, long stride)
{
    long nth = 0;

    do {
        migrate_error *err = NULL;
        int32_t code;
        long before, after;

        prepare(scenario);
        before = allocator.alive;
        allocator.failed = false;
        allocator.left = nth;
        code = run_scenario(scenario, &err);
        allocator.left = -1;
        after = allocator.alive - (err != NULL && code != MIGRATE_ERROR_NOMEM ? allocator.alive - before
                                                                    : 0); /* the error's own blocks */
        judge(scenario, nth, code, after - before, err);
        nth += stride;
    } while (allocator.failed);
    ck_assert_int_gt(nth, stride);
}

/* ---- tests ---- */

START_TEST(own_allocations)
{
    fail_each(&scenarios[_i], scenarios[_i].stride);
}
END_TEST

/* SQLite makes many more; a stride that is no divisor of anything passes through most of its code. */
START_TEST(sqlite_allocations)
{
    fail_in_sqlite();
    fail_each(&scenarios[_i], 7 * scenarios[_i].stride);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nomem");
    TCase *cases = tcase_create("nomem");
    SRunner *runner;
    int wrong, count = (int)(sizeof scenarios / sizeof scenarios[0]);

    tcase_add_checked_fixture(cases, make_place, remove_place);
    for (int i = 0; i < count; i++) { /* NOMEM_ONLY=guards: that scenario alone */
        const char *only = getenv("NOMEM_ONLY");

        if (only != NULL && strcmp(only, scenarios[i].name) != 0)
            continue;
        tcase_add_loop_test(cases, own_allocations, i, i + 1);
        tcase_add_loop_test(cases, sqlite_allocations, i, i + 1);
    }
    tcase_set_timeout(cases, 300); /* seconds: room for sanitizers on a busy machine */
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    wrong = srunner_ntests_failed(runner);
    srunner_free(runner);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
