/* SPDX-License-Identifier: MIT
 * The rehearsal: what each statement did to what was there is named, and what fails would fail; what cannot be rolled back is tried
 * elsewhere. */
#include "rehearse.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- what it tells ---- */

START_TEST(test_effects_postgresql)
{
    if (api.engine == API_SQLITE)
        return;
    rehearse_tables();
    api_file("002_add.sql", "ALTER TABLE t ADD COLUMN b int;\n"
                            "ALTER TABLE t ADD COLUMN k uuid DEFAULT gen_random_uuid();\n"
                            "CREATE TABLE n (id int);\n"
                            "INSERT INTO n SELECT a FROM t;\n");
    api_file("003_index.sql", "CREATE INDEX ta ON t (a);\n"
                              "UPDATE t SET a = a + 1 WHERE id < 3;\n"
                              "ALTER TABLE t ALTER a SET NOT NULL;\n"
                              "DROP TABLE u;\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("id"), "002_add 002_add 002_add 002_add 003_index 003_index 003_index 003_index");
    ck_assert_str_eq(api_column("statement"), "1 2 3 4 1 2 3 4");
    ck_assert_str_eq(api_column("line"), "1 2 3 4 1 2 3 4");
    ck_assert_str_eq(api_column("where"), "database database database database database database database database");
    ck_assert_str_eq(rehearsed(0, "lock"), "AccessExclusive");
    ck_assert_str_eq(rehearsed(0, "locked"), "AccessExclusive public.t");
    ck_assert_str_eq(rehearsed(0, "rewritten"), "-");
    ck_assert_str_eq(rehearsed(0, "scanned"), "-");
    ck_assert_str_eq(rehearsed(1, "rewritten"), "public.t");
    ck_assert_str_eq(rehearsed(1, "lock"), "AccessExclusive");
    ck_assert_str_eq(rehearsed(2, "locked"), "-");
    ck_assert_str_eq(rehearsed(3, "locked"), "AccessShare public.t");
    ck_assert_str_eq(rehearsed(3, "rows"), "0"); /* n is new */
    ck_assert_str_eq(rehearsed(4, "locked"), "Share public.t");
    ck_assert_str_eq(rehearsed(4, "scanned"), "public.t");
    ck_assert_str_eq(rehearsed(5, "lock"), "RowExclusive");
    ck_assert_str_eq(rehearsed(5, "rows"), "2");
    ck_assert_str_eq(rehearsed(6, "locked"), "AccessExclusive public.t");
    ck_assert_str_eq(rehearsed(7, "locked"), "AccessExclusive public.t, AccessExclusive public.u");
    ck_assert(rehearse_identical());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "left"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 8);
    rehearse_check_same();
    rehearse_check_nobody();
    API_OK(api_apply()); /* and it can be done for real */
}
END_TEST

START_TEST(test_effects_sqlite)
{
    if (api.engine == API_POSTGRESQL)
        return;
    rehearse_tables();
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
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 11);
    ck_assert_str_eq(rehearsed(0, "scanned"), "-");
    ck_assert_str_eq(rehearsed(2, "scanned"), "t");
    ck_assert_str_eq(rehearsed(2, "rows"), "0"); /* n is new */
    ck_assert_str_eq(rehearsed(3, "scanned"), "t");
    ck_assert_str_eq(rehearsed(4, "rows"), "2");
    ck_assert_str_eq(rehearsed(4, "scanned"), "-");
    ck_assert_str_eq(rehearsed(5, "rewritten"), "t");
    ck_assert_str_eq(rehearsed(10, "rewritten"), "u");
    ck_assert_str_eq(rehearsed(4, "lock"), "-");
    ck_assert(rehearse_identical());
    rehearse_check_same();
    rehearse_check_nobody();
    API_OK(api_apply());
}
END_TEST

START_TEST(test_nothing_to_do)
{
    rehearse_tables();
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    ck_assert(rehearse_identical());
    API_OK(api_plan(NULL));
    API_OK(rehearse_plan(api.plan));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    rehearse_check_same();
}
END_TEST

/* No history, no file: neither comes into being. */
START_TEST(test_empty_database)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    api_file("002_b.sql", "INSERT INTO a VALUES (1);\n");
    if (api.engine == API_SQLITE)
        unlink(api.database);
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), API_EITHER("scratch scratch", "database database"));
    ck_assert(rehearse_identical());
    rehearse_check_same();
    if (api.engine == API_SQLITE)
        ck_assert_int_ne(access(api.database, F_OK), 0);
    else
        ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname = 'libmigrate_history'"), "0");
}
END_TEST

/* Down as well as up, a part of it, as planned. */
START_TEST(test_plans)
{
    rehearse_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b INTEGER;\n-- ROLLBACK: ALTER TABLE t DROP COLUMN b;\n");
    api_file("003_b.sql", "ALTER TABLE t ADD COLUMN c INTEGER;\n");
    rehearse_remember();
    API_OK(api_plan("+1"));
    API_OK(rehearse_plan(api.plan));
    ck_assert_str_eq(api_column("id"), "002_a");
    rehearse_check_same();
    API_OK(api_apply_plan());
    API_OK(api_plan("-1"));
    rehearse_remember();
    API_OK(rehearse_plan(api.plan));
    ck_assert_str_eq(api_column("id"), "002_a");
    ck_assert_ptr_nonnull(strstr(rehearsed(0, "sql"), "DROP COLUMN b"));
    rehearse_check_same();
}
END_TEST

START_TEST(test_stale)
{
    rehearse_tables();
    api_file("002_a.sql", "CREATE TABLE a (id INTEGER);\n");
    API_OK(api_plan(NULL));
    API_OK(api_apply_plan());
    API_FAILS(rehearse_plan(api.plan), MIGRATE_ERROR_STALE, "state");
}
END_TEST

/* ---- what fails ---- */

START_TEST(test_failure)
{
    rehearse_tables();
    api_file("002_good.sql", "INSERT INTO t (a) VALUES (7);\nCREATE TABLE n (id INTEGER);\n");
    api_file("003_bad.sql", "UPDATE t SET a = 0;\n\n  UPDATE missing SET a = 1;\n");
    rehearse_remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("003_bad.sql", 3, API_EITHER(3, 10));
    API_SAYS("nothing was changed");
    API_SAYS("missing");
    ck_assert_str_eq(api_events("failed"), "0");
    rehearse_check_same();
    rehearse_check_nobody();
}
END_TEST

/* What would be found out by COMMIT only. */
START_TEST(test_deferred)
{
    rehearse_tables();
    api_file("002_ahead.sql", API_EITHER("PRAGMA defer_foreign_keys = ON;\nINSERT INTO u (t) VALUES (77);\n",
                                         "INSERT INTO u (t) VALUES (77);\nINSERT INTO t (id) VALUES (77);\n"));
    rehearse_remember();
    if (api.engine == API_POSTGRESQL) {
        /* Fired before the next one begins, or that could not change the table; and deferred again for the next one. */
        api_file("003_alter.sql", "ALTER TABLE u ADD COLUMN x int;\nINSERT INTO u (t) VALUES (78);\nINSERT INTO t (id) VALUES (78);\n");
        API_OK(rehearse());
        ck_assert(rehearse_identical());
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
    rehearse_check_same();
    rehearse_check_nobody();
}
END_TEST

START_TEST(test_rights)
{
    char url[700];
    if (api.engine == API_SQLITE)
        return;
    rehearse_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b int;\n");
    snprintf(url, sizeof url, "%s", api_role());
    api_sql("DO $$ BEGIN EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA public TO %I', current_database()); END $$");
    rehearse_remember();
    API_OK(api_open(url));
    API_FAILS(rehearse(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT");
    rehearse_check_same();
}
END_TEST

/* ---- what a rollback does not bring back ---- */

START_TEST(test_sequences)
{
    if (api.engine == API_SQLITE)
        return;
    rehearse_tables();
    api_sql("CREATE SEQUENCE free; SELECT nextval('free'); CREATE TABLE d (id int DEFAULT nextval('free'), \"Odd\" serial); "
            "CREATE SEQUENCE hidden; CREATE FUNCTION draw() RETURNS bigint LANGUAGE sql AS 'SELECT nextval(''hidden'')'");
    api_file("002_draw.sql", "INSERT INTO t (a) VALUES (1), (2);\n"
                             "INSERT INTO public.d DEFAULT VALUES;\n"
                             "SELECT setval('t_id_seq', 1000);\n"
                             "WITH x AS (SELECT 1 AS a) INSERT INTO u (t) SELECT a FROM x;\n"
                             "COPY t (a) FROM stdin;\n5\n6\n\\.\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "left"));
    ck_assert_str_eq(api_column("lock"), "RowExclusive RowExclusive NULL RowExclusive RowExclusive");
    ck_assert_str_eq(rehearsed(4, "rows"), "2");
    rehearse_check_same();
    /* Where nobody can tell beforehand, it is told afterwards. */
    api_file("002_draw.sql", "SELECT draw();\n");
    API_OK(rehearse());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "left"), "public.hidden (was before 1, is 1)");
    ck_assert(rehearse_identical());
}
END_TEST

/* ---- what cannot be rolled back ---- */

START_TEST(test_apart_postgresql)
{
    if (api.engine == API_SQLITE)
        return;
    rehearse_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b int;\nCREATE TYPE mood AS ENUM ('good');\n");
    api_file("003_tidy.sql", "VACUUM t;\n");
    api_file("004_b.sql", "UPDATE t SET b = 1;\n");
    api_file("005_index.sql", "CREATE INDEX CONCURRENTLY tb ON t (b);\n");
    api_file("006_behind.sql", "DROP INDEX tb;\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database database scratch database scratch scratch");
    ck_assert_str_eq(rehearsed(3, "rows"), "3");
    ck_assert_str_eq(rehearsed(4, "locked"), "ShareUpdateExclusive t");
    ck_assert_ptr_nonnull(strstr(rehearsed(4, "reason"), "no rows"));
    ck_assert_ptr_nonnull(strstr(rehearsed(5, "reason"), "stands on"));
    ck_assert(rehearse_identical());
    rehearse_check_same();
    rehearse_check_nobody();
    api_file("005_index.sql", "CREATE INDEX CONCURRENTLY tb ON t (missing);\n");
    rehearse_remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("005_index.sql", 1, 1);
    API_SAYS("scratch");
    rehearse_check_same();
    rehearse_check_nobody();
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
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "scratch scratch");
    rehearse_check_same();
    api_file("002_value.sql", "ALTER TYPE mood ADD VALUE 'bad';\n");
    api_file("003_use.sql", "INSERT INTO m VALUES ('bad');\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database scratch");
    rehearse_check_same();
    rehearse_check_nobody();
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
    ck_assert_int_eq(strncmp(rehearsed(1, "where"), "not run", 7), 0);
    ck_assert_int_eq(strncmp(rehearsed(2, "where"), "not run", 7), 0);
    ck_assert_ptr_nonnull(strstr(rehearsed(1, "reason"), "CREATEDB"));
    ck_assert_ptr_nonnull(strstr(rehearsed(2, "reason"), "003_index"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "not_run"), 2);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 1);
    ck_assert(rehearse_identical());
}
END_TEST

/* With all rows, on a copy: what is found there is what the run would find. */
START_TEST(test_apart_sqlite)
{
    if (api.engine == API_POSTGRESQL)
        return;
    rehearse_tables();
    api_file("002_a.sql", "UPDATE t SET a = 5;\n");
    api_file("003_vacuum.sql", "VACUUM;\n");
    api_file("004_b.sql", "UPDATE t SET a = 6 WHERE a = 5;\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "database scratch scratch");
    ck_assert_str_eq(rehearsed(2, "rows"), "3");
    ck_assert(rehearse_identical());
    rehearse_check_same();
    api_file("004_b.sql", "CREATE UNIQUE INDEX ta ON t (a);\n");
    rehearse_remember();
    API_FAILS(rehearse(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("004_b.sql:1");
    rehearse_check_same();
    rehearse_check_nobody();
}
END_TEST

/* The host enforces foreign keys: a rebuild has to switch them off, outside of any transaction. */
START_TEST(test_rebuild_sqlite)
{
    sqlite3 *db = NULL;
    if (api.engine == API_POSTGRESQL)
        return;
    rehearse_tables();
    api_file("002_rebuild.sql", "CREATE TABLE t_new (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER NOT NULL, name TEXT);\n"
                                "INSERT INTO t_new SELECT * FROM t;\nDROP TABLE t;\nALTER TABLE t_new RENAME TO t;\n");
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL), SQLITE_OK);
    rehearse_remember();
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    API_OK(rehearse());
    ck_assert_str_eq(api_column("where"), "scratch scratch scratch scratch");
    ck_assert(rehearse_identical());
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
    rehearse_check_same();
}
END_TEST

API("rehearse", test_effects_postgresql, test_effects_sqlite, test_nothing_to_do, test_empty_database, test_plans, test_stale,
    test_failure, test_deferred, test_rights, test_sequences, test_apart_postgresql, test_new_value, test_no_scratch,
    test_apart_sqlite, test_rebuild_sqlite)
