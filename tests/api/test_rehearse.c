/* SPDX-License-Identifier: MIT
 * The rehearsal: what each statement did to what was there is named; afterwards the database is, to the last byte of a dump, what it
 * was, whatever came in between. */
#include "api.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int32_t rehearse_plan(migrate_plan *plan)
{
    migrate_rows *rows = NULL;
    int32_t code = api.session ? MIGRATE_OK : api_open(NULL);
    if (code == MIGRATE_OK)
        code = migrate_rehearse(api.session, plan, &rows, api_error());
    if (rows) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

static int32_t rehearse(void)
{
    return rehearse_plan(NULL);
}

static const char *at(size_t row, const char *column)
{
    const char *text = migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
    return text ? text : "-";
}

static bool identical(void)
{
    return migrate_rows_value_int(api.rows, "identical") == 1;
}

/* As pg_dump and sqlite3 tell it, but for the dump's own random words. The history is in it, too. */
static char *dump(void)
{
    char command[1200];
    size_t size = 0;
    char *out = NULL, line[4096];
    if (api.engine == API_SQLITE)
        snprintf(command, sizeof command, "test ! -e '%s' || { sqlite3 '%s' .dump 'PRAGMA user_version'; md5sum '%s'; }", api.database,
                 api.database, api.database);
    else
        snprintf(command, sizeof command, "pg_dump '%s'", api.url);
    FILE *pipe = popen(command, "r"), *text = open_memstream(&out, &size);
    ck_assert(pipe && text);
    while (fgets(line, sizeof line, pipe)) {
        if (!strstr(line, "restrict "))
            fputs(line, text);
    }
    ck_assert_int_eq(pclose(pipe), 0);
    fclose(text);
    return out;
}

#define OTHERS                                                                                                       \
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "  \
    "AND query !~ 'pg_stat_activity'"

/* Nobody else is left in the test's database. */
static void check_nobody(void)
{
    if (api.engine == API_SQLITE) {
        api_sql("BEGIN EXCLUSIVE; COMMIT");
        return;
    }
    api_close();
    for (int i = 0; i < 500 && strcmp(api_query(OTHERS), "0") != 0; i++) /* the test's own sessions take their time to go, too */
        usleep(20000);
    ck_assert_str_eq(api_query(OTHERS), "0");
}

static char *before;

static void remember(void)
{
    free(before);
    before = dump();
}

static void check_same(void)
{
    char *now = dump();
    ck_assert_msg(strcmp(now, before) == 0, "another dump than before:\n%s\nbefore:\n%s", now, before);
    free(now);
    free(before);
    before = NULL;
}

/* Two tables with rows, a history that says so. */
static void make_tables(void)
{
    api_file("001_tables.sql",
             API_EITHER("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, name TEXT);\n"
                        "INSERT INTO t (a, name) VALUES (1, 'x'), (2, 'y'), (3, 'z');\n"
                        "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) ON DELETE CASCADE);\n"
                        "INSERT INTO u (t) SELECT id FROM t;\n",
                        "CREATE TABLE t (id serial PRIMARY KEY, a int, name varchar(20));\n"
                        "INSERT INTO t (a, name) VALUES (1, 'x'), (2, 'y'), (3, 'z');\n"
                        "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t int REFERENCES t (id) DEFERRABLE INITIALLY "
                        "DEFERRED);\n"
                        "INSERT INTO u (t) SELECT id FROM t;\n"));
    API_OK(api_apply());
    api_close();
}

/* ---- what it tells ---- */

START_TEST(test_effects_postgresql)
{
    if (api.engine == API_SQLITE)
        return;
    make_tables();
    api_file("002_add.sql", "ALTER TABLE t ADD COLUMN b int;\n"
                            "ALTER TABLE t ADD COLUMN k uuid DEFAULT gen_random_uuid();\n"
                            "CREATE TABLE n (id int);\n"
                            "INSERT INTO n SELECT a FROM t;\n");
    api_file("003_index.sql", "CREATE INDEX ta ON t (a);\n"
                              "UPDATE t SET a = a + 1 WHERE id < 3;\n"
                              "ALTER TABLE t ALTER a SET NOT NULL;\n"
                              "DROP TABLE u;\n");
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("id"), "002_add 002_add 002_add 002_add 003_index 003_index 003_index 003_index");
    ck_assert_str_eq(api_column("statement"), "1 2 3 4 1 2 3 4");
    ck_assert_str_eq(api_column("line"), "1 2 3 4 1 2 3 4");
    ck_assert_str_eq(api_column("where"), "database database database database database database database database");
    ck_assert_str_eq(at(0, "lock"), "AccessExclusive");
    ck_assert_str_eq(at(0, "locked"), "AccessExclusive public.t");
    ck_assert_str_eq(at(0, "rewritten"), "-");
    ck_assert_str_eq(at(0, "scanned"), "-");
    ck_assert_str_eq(at(1, "rewritten"), "public.t");
    ck_assert_str_eq(at(1, "lock"), "AccessExclusive");
    ck_assert_str_eq(at(2, "locked"), "-");
    ck_assert_str_eq(at(3, "locked"), "AccessShare public.t");
    ck_assert_str_eq(at(3, "rows"), "0"); /* n is new */
    ck_assert_str_eq(at(4, "locked"), "Share public.t");
    ck_assert_str_eq(at(4, "scanned"), "public.t");
    ck_assert_str_eq(at(5, "lock"), "RowExclusive");
    ck_assert_str_eq(at(5, "rows"), "2");
    ck_assert_str_eq(at(6, "locked"), "AccessExclusive public.t");
    ck_assert_str_eq(at(7, "locked"), "AccessExclusive public.t, AccessExclusive public.u");
    ck_assert(identical());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "left"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 8);
    check_same();
    check_nobody();
    API_OK(api_apply()); /* and it can be done for real */
}
END_TEST

START_TEST(test_effects_sqlite)
{
    if (api.engine == API_POSTGRESQL)
        return;
    make_tables();
    api_file("002_add.sql", "ALTER TABLE t ADD COLUMN b INTEGER;\n"
                            "CREATE TABLE n (id INTEGER);\n"
                            "INSERT INTO n SELECT a FROM t;\n"
                            "CREATE INDEX ta ON t (a);\n"
                            "UPDATE t SET a = a + 1 WHERE id IN (1, 3);\n"
                            "ALTER TABLE t DROP COLUMN name;\n"
                            "PRAGMA user_version = 5;\n");
    api_file("003_rebuild.sql", "CREATE TABLE u_new (id INTEGER PRIMARY KEY, t INTEGER NOT NULL);\n"
                                "INSERT INTO u_new SELECT id, t FROM u;\n"
                                "DROP TABLE u;\n"
                                "ALTER TABLE u_new RENAME TO u;\n");
    remember();
    API_OK(rehearse());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 11);
    ck_assert_str_eq(at(0, "scanned"), "-");
    ck_assert_str_eq(at(2, "scanned"), "t");
    ck_assert_str_eq(at(2, "rows"), "0"); /* n is new */
    ck_assert_str_eq(at(3, "scanned"), "t");
    ck_assert_str_eq(at(4, "rows"), "2");
    ck_assert_str_eq(at(4, "scanned"), "-");
    ck_assert_str_eq(at(5, "rewritten"), "t");
    ck_assert_str_eq(at(10, "rewritten"), "u");
    ck_assert_str_eq(at(4, "lock"), "-");
    ck_assert(identical());
    check_same();
    check_nobody();
    API_OK(api_apply());
}
END_TEST

START_TEST(test_nothing_to_do)
{
    make_tables();
    remember();
    API_OK(rehearse());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    ck_assert(identical());
    API_OK(api_plan(NULL));
    API_OK(rehearse_plan(api.plan));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    check_same();
}
END_TEST

/* No history, no file: neither comes into being. */
START_TEST(test_empty_database)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    api_file("002_b.sql", "INSERT INTO a VALUES (1);\n");
    if (api.engine == API_SQLITE)
        unlink(api.database);
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), API_EITHER("scratch scratch", "database database"));
    ck_assert(identical());
    check_same();
    if (api.engine == API_SQLITE)
        ck_assert_int_ne(access(api.database, F_OK), 0);
    else
        ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname = 'libmigrate_history'"), "0");
}
END_TEST

/* Down as well as up, a part of it, as planned. */
START_TEST(test_plans)
{
    make_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b INTEGER;\n-- ROLLBACK: ALTER TABLE t DROP COLUMN b;\n");
    api_file("003_b.sql", "ALTER TABLE t ADD COLUMN c INTEGER;\n");
    remember();
    API_OK(api_plan("+1"));
    API_OK(rehearse_plan(api.plan));
    ck_assert_str_eq(api_column("id"), "002_a");
    check_same();
    API_OK(api_apply_plan());
    API_OK(api_plan("-1"));
    remember();
    API_OK(rehearse_plan(api.plan));
    ck_assert_str_eq(api_column("id"), "002_a");
    ck_assert_ptr_nonnull(strstr(at(0, "sql"), "DROP COLUMN b"));
    check_same();
}
END_TEST

START_TEST(test_stale)
{
    make_tables();
    api_file("002_a.sql", "CREATE TABLE a (id INTEGER);\n");
    API_OK(api_plan(NULL));
    API_OK(api_apply_plan());
    API_FAILS(rehearse_plan(api.plan), MIGRATE_ERROR_STALE, "state");
}
END_TEST

/* ---- what fails ---- */

START_TEST(test_failure)
{
    make_tables();
    api_file("002_good.sql", "INSERT INTO t (a) VALUES (7);\nCREATE TABLE n (id INTEGER);\n");
    api_file("003_bad.sql", "UPDATE t SET a = 0;\n\n  UPDATE missing SET a = 1;\n");
    remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("003_bad.sql", 3, API_EITHER(3, 10));
    API_SAYS("nothing was changed");
    API_SAYS("missing");
    ck_assert_str_eq(api_events("failed"), "0");
    check_same();
    check_nobody();
}
END_TEST

/* What would be found out by COMMIT only. */
START_TEST(test_deferred)
{
    make_tables();
    api_file("002_ahead.sql", API_EITHER("PRAGMA defer_foreign_keys = ON;\nINSERT INTO u (t) VALUES (77);\n",
                                         "INSERT INTO u (t) VALUES (77);\nINSERT INTO t (id) VALUES (77);\n"));
    remember();
    if (api.engine == API_POSTGRESQL) {
        /* Fired before the next one begins, or that could not change the table; and deferred again for the next one. */
        api_file("003_alter.sql", "ALTER TABLE u ADD COLUMN x int;\nINSERT INTO u (t) VALUES (78);\nINSERT INTO t (id) VALUES (78);\n");
        API_OK(rehearse());
        ck_assert(identical());
        api_file("004_bad.sql", "INSERT INTO u (t) VALUES (99);\n");
        API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
        API_SAYS("004_bad");
    } else {
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL), SQLITE_OK);
        API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
        api_close();
        sqlite3_close(db);
    }
    check_same();
    check_nobody();
}
END_TEST

START_TEST(test_rights)
{
    char url[700];
    if (api.engine == API_SQLITE)
        return;
    make_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b int;\n");
    snprintf(url, sizeof url, "%s", api_role());
    api_sql("DO $$ BEGIN EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', current_database()); END $$");
    remember();
    API_OK(api_open(url));
    API_FAILS(rehearse(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT");
    check_same();
}
END_TEST

/* ---- what a rollback does not bring back ---- */

START_TEST(test_sequences)
{
    if (api.engine == API_SQLITE)
        return;
    make_tables();
    api_sql("CREATE SEQUENCE free; SELECT nextval('free'); CREATE TABLE d (id int DEFAULT nextval('free'), \"Odd\" serial); "
            "CREATE SEQUENCE hidden; CREATE FUNCTION draw() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''hidden'')'");
    api_file("002_draw.sql", "INSERT INTO t (a) VALUES (1), (2);\n"
                             "INSERT INTO public.d DEFAULT VALUES;\n"
                             "SELECT setval('t_id_seq', 1000);\n"
                             "WITH x AS (SELECT 1 AS a) INSERT INTO u (t) SELECT a FROM x;\n"
                             "COPY t (a) FROM stdin;\n5\n6\n\\.\n");
    remember();
    API_OK(rehearse());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "left"));
    ck_assert_str_eq(api_column("lock"), "RowExclusive RowExclusive NULL RowExclusive RowExclusive");
    ck_assert_str_eq(at(4, "rows"), "2");
    check_same();
    /* Where nobody can tell beforehand, it is told afterwards. */
    api_file("002_draw.sql", "SELECT draw();\n");
    API_OK(rehearse());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "left"), "public.hidden (was before 1, is 1)");
    ck_assert(identical());
}
END_TEST

/* ---- what cannot be rolled back ---- */

START_TEST(test_apart_postgresql)
{
    if (api.engine == API_SQLITE)
        return;
    make_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b int;\nCREATE TYPE mood AS ENUM ('good');\n");
    api_file("003_tidy.sql", "VACUUM t;\n");
    api_file("004_b.sql", "UPDATE t SET b = 1;\n");
    api_file("005_index.sql", "CREATE INDEX CONCURRENTLY tb ON t (b);\n");
    api_file("006_behind.sql", "DROP INDEX tb;\n");
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database database scratch database scratch scratch");
    ck_assert_str_eq(at(3, "rows"), "3");
    ck_assert_str_eq(at(4, "locked"), "ShareUpdateExclusive t");
    ck_assert_ptr_nonnull(strstr(at(4, "reason"), "no rows"));
    ck_assert_ptr_nonnull(strstr(at(5, "reason"), "stands on"));
    ck_assert(identical());
    check_same();
    check_nobody();
    api_file("005_index.sql", "CREATE INDEX CONCURRENTLY tb ON t (missing);\n");
    remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("005_index.sql", 1, 1);
    API_SAYS("scratch");
    check_same();
    check_nobody();
}
END_TEST

/* A new value of an enum is of no use before a COMMIT. */
START_TEST(test_new_value)
{
    if (api.engine == API_SQLITE)
        return;
    api_file("001_type.sql", "CREATE TYPE mood AS ENUM ('good');\nCREATE TABLE m (m mood);\n");
    API_OK(api_apply());
    api_close();
    api_file("002_value.sql", "ALTER TYPE mood ADD VALUE 'bad';\nALTER TABLE m ALTER m SET DEFAULT 'bad';\n");
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "scratch scratch");
    check_same();
    api_file("002_value.sql", "ALTER TYPE mood ADD VALUE 'bad';\n");
    api_file("003_use.sql", "INSERT INTO m VALUES ('bad');\n");
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database scratch");
    check_same();
    check_nobody();
    API_OK(api_apply());
}
END_TEST

/* The role may not make databases: told, and no failure. */
START_TEST(test_no_scratch)
{
    char url[700], sql[300];
    if (api.engine == API_SQLITE)
        return;
    snprintf(url, sizeof url, "%s", api_role());
    snprintf(sql, sizeof sql, "DO $$ BEGIN EXECUTE format('GRANT ALL ON SCHEMA public TO %%I', current_database()); END $$");
    api_sql(sql);
    api_use(url);
    api_file("001_t.sql", "CREATE TABLE t (a int);\n");
    API_OK(api_apply());
    api_close();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b int;\n");
    api_file("003_index.sql", "CREATE INDEX CONCURRENTLY tb ON t (b);\n");
    api_file("004_behind.sql", "ALTER TABLE t ADD COLUMN c int;\n");
    API_OK(rehearse());
    ck_assert_str_eq(api_column("id"), "002_a 003_index 004_behind");
    ck_assert_int_eq(strncmp(at(1, "where"), "not run", 7), 0);
    ck_assert_int_eq(strncmp(at(2, "where"), "not run", 7), 0);
    ck_assert_ptr_nonnull(strstr(at(1, "reason"), "CREATEDB"));
    ck_assert_ptr_nonnull(strstr(at(2, "reason"), "003_index"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "not_run"), 2);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 1);
    ck_assert(identical());
}
END_TEST

/* With all rows, on a copy: what is found there is what the run would find. */
START_TEST(test_apart_sqlite)
{
    if (api.engine == API_POSTGRESQL)
        return;
    make_tables();
    api_file("002_a.sql", "UPDATE t SET a = 5;\n");
    api_file("003_vacuum.sql", "VACUUM;\n");
    api_file("004_b.sql", "UPDATE t SET a = 6 WHERE a = 5;\n");
    remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database scratch scratch");
    ck_assert_str_eq(at(2, "rows"), "3");
    ck_assert(identical());
    check_same();
    api_file("004_b.sql", "CREATE UNIQUE INDEX ta ON t (a);\n");
    remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("004_b.sql:1");
    check_same();
    check_nobody();
}
END_TEST

/* The host enforces foreign keys: a rebuild has to switch them off, outside of any transaction. */
START_TEST(test_rebuild_sqlite)
{
    sqlite3 *db = NULL;
    if (api.engine == API_POSTGRESQL)
        return;
    make_tables();
    api_file("002_rebuild.sql", "CREATE TABLE t_new (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER NOT NULL, name TEXT);\n"
                                "INSERT INTO t_new SELECT * FROM t;\nDROP TABLE t;\nALTER TABLE t_new RENAME TO t;\n");
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL), SQLITE_OK);
    remember();
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "scratch scratch scratch scratch");
    ck_assert(identical());
    ck_assert_int_eq(sqlite3_get_autocommit(db), 1);
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA foreign_keys", -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(statement, 0), 1);
    sqlite3_finalize(statement);
    api_file_behind("002_rebuild.sql", "CREATE TABLE t_new (id INTEGER PRIMARY KEY);\nDROP TABLE t;\nALTER TABLE t_new RENAME TO t;\n");
    api_close();
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    API_FAILS(rehearse(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("rows would be left that refer to nothing");
    api_close();
    sqlite3_close(db);
    check_same();
}
END_TEST

/* ---- code ---- */

static int32_t write_row(migrate_connection *connection, void *user)
{
    ++*(int *)user;
    return migrate_connection_exec(connection, "UPDATE t SET a = 9", NULL);
}

START_TEST(test_code)
{
    migrate_source *source = NULL;
    int calls = 0;
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_t", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)", NULL, api_error()));
    api_source(source);
    API_OK(api_apply());
    API_OK(migrate_source_add_code(source, "002_code", "1", write_row, NULL, &calls, api_error()));
    API_OK(migrate_source_add(source, "003_behind", "UPDATE t SET a = 10 WHERE a = 9", NULL, api_error()));
    api_source(source);
    remember();
    API_OK(rehearse());
    ck_assert_int_eq(calls, 1);
    ck_assert_str_eq(api_column("id"), "002_code 003_behind");
    ck_assert_str_eq(at(0, "statement"), "-");
    ck_assert_str_eq(at(0, "rows"), "2");
    ck_assert_str_eq(at(1, "rows"), "2");
    check_same();
    migrate_source_free(source);
}
END_TEST

/* ---- the host's connection ---- */

START_TEST(test_borrowed)
{
    make_tables();
    api_file("002_set.sql", API_EITHER("PRAGMA legacy_alter_table = ON;\nCREATE TEMP TABLE tt (a);\nUPDATE t SET a = 1;\n",
                                       "SET search_path TO pg_catalog;\nSET work_mem TO '1MB';\nCREATE TEMP TABLE tt (a int);\n"
                                       "UPDATE public.t SET a = 1;\n"));
    remember();
    if (api.engine == API_SQLITE) {
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
        API_OK(rehearse());
        ck_assert_int_eq(sqlite3_get_autocommit(db), 1);
        ck_assert_int_ne(sqlite3_exec(db, "SELECT * FROM tt", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        api_option("host_transaction", "use");
        API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        ck_assert_int_eq(sqlite3_get_autocommit(db), 0);
        api_close();
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(db);
    } else {
        PGconn *db = PQconnectdb(api.url);
        PQclear(PQexec(db, "SET work_mem TO '3MB'; SET my.setting TO 'mine'; SET client_encoding TO 'LATIN1'"));
        API_OK(migrate_open_libpq(db, api.options, &api.session, api_error()));
        API_OK(rehearse());
        ck_assert_int_eq(PQtransactionStatus(db), PQTRANS_IDLE);
        PGresult *result = PQexec(db, "SELECT current_setting('work_mem'), current_setting('my.setting'), current_setting('search_path'), "
                                      "(SELECT count(*) FROM pg_class WHERE relname = 'tt'), current_setting('client_encoding'), "
                                      "(SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')");
        ck_assert_str_eq(PQgetvalue(result, 0, 0), "3MB");
        ck_assert_str_eq(PQgetvalue(result, 0, 1), "mine");
        ck_assert_str_eq(PQgetvalue(result, 0, 2), "\"$user\", public");
        ck_assert_str_eq(PQgetvalue(result, 0, 3), "0");
        ck_assert_str_eq(PQgetvalue(result, 0, 4), "LATIN1");
        ck_assert_str_eq(PQgetvalue(result, 0, 5), "0");
        PQclear(result);
        PQclear(PQexec(db, "BEGIN"));
        api_option("host_transaction", "use");
        API_OK(migrate_open_libpq(db, api.options, &api.session, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        ck_assert_int_eq(PQtransactionStatus(db), PQTRANS_INTRANS);
        api_close();
        PQfinish(db);
    }
    check_same();
}
END_TEST

/* Without a journal there is no way back. */
START_TEST(test_no_journal)
{
    sqlite3 *db = NULL;
    if (api.engine == API_POSTGRESQL)
        return;
    make_tables();
    api_file("002_a.sql", "UPDATE t SET a = 1;\n");
    remember();
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = OFF", NULL, NULL, NULL), SQLITE_OK);
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    API_FAILS(rehearse(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("journal_mode");
    api_close();
    sqlite3_close(db);
    check_same();
}
END_TEST

/* Nor does it leave a fingerprint, or kept facts. */
START_TEST(test_fingerprint)
{
    api_option("fingerprint", "on");
    api_option("keep_facts", "on");
    make_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b INTEGER;\n");
    remember();
    API_OK(rehearse());
    ck_assert(identical());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 1);
    check_same();
}
END_TEST

/* ---- the end comes in between ---- */

static const char *slow(void)
{
    return API_EITHER("UPDATE t SET a = 8;\nWITH RECURSIVE g(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM g WHERE x < 1000000000) "
                      "SELECT count(*) FROM g;\n",
                      "UPDATE t SET a = 8;\nINSERT INTO t (a) VALUES (8);\nSELECT pg_sleep(30);\n");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *cancel_soon(void *token)
{
    usleep(500000);
    migrate_token_cancel(token);
    return NULL;
}

START_TEST(test_cancel)
{
    migrate_token *token = NULL;
    pthread_t thread;
    make_tables();
    api_file("002_slow.sql", slow());
    remember();
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    api_close();
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, token), 0);
    double begun = seconds();
    API_FAILS(rehearse(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(seconds() - begun, 0.5 + 1.5);
    pthread_join(thread, NULL);
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(token);
    api_close();
    check_same();
    check_nobody();
}
END_TEST

START_TEST(test_killed)
{
    make_tables();
    api_file("002_slow.sql", slow());
    remember();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(rehearse() == MIGRATE_OK ? 0 : 1);
    usleep(700000);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    check_nobody();
    check_same();
}
END_TEST

/* A table's lock is not to be had: as in a run it is waited for so long, and tried again. */
START_TEST(test_lock)
{
    if (api.engine == API_SQLITE)
        return;
    make_tables();
    api_file("002_alter.sql", "UPDATE u SET t = t;\nALTER TABLE t ADD COLUMN b int;\n");
    api_option("ddl_lock_timeout", "200ms");
    api_option("ddl_lock_attempts", "2");
    PGconn *db = PQconnectdb(api.url);
    PQclear(PQexec(db, "BEGIN; LOCK TABLE t IN ACCESS SHARE MODE"));
    remember();
    double begun = seconds();
    API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
    API_PLACE("002_alter.sql", 2, 1);
    ck_assert_double_gt(seconds() - begun, 1.3);
    ck_assert_double_lt(seconds() - begun, 6);
    ck_assert_int_ge(api_told("blocked"), 1);
    PQclear(PQexec(db, "COMMIT"));
    PQfinish(db);
    check_same();
    check_nobody();
    API_OK(rehearse());
}
END_TEST

/* Not while a runner is at work. */
START_TEST(test_waits_for_runner)
{
    make_tables();
    api_file("002_a.sql", "CREATE TABLE a (id INTEGER);\n");
    api_option("wait_timeout", "500ms");
    if (api.engine == API_SQLITE) {
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
        sqlite3_close(db);
    } else {
        migrate_session *other = NULL;
        migrate_run *run = NULL;
        API_OK(migrate_open(api.url, api.options, &other, api_error()));
        API_OK(migrate_run_begin(other, NULL, &run, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
        API_OK(migrate_run_end(run, NULL, api_error()));
        migrate_close(other);
    }
    API_OK(rehearse());
}
END_TEST

API("rehearse", test_effects_postgresql, test_effects_sqlite, test_nothing_to_do, test_empty_database, test_plans, test_stale,
    test_failure, test_deferred, test_rights, test_sequences, test_apart_postgresql, test_new_value, test_no_scratch, test_apart_sqlite,
    test_rebuild_sqlite, test_code, test_borrowed, test_no_journal, test_fingerprint, test_cancel, test_killed, test_lock, test_waits_for_runner)
