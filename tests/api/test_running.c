/* SPDX-License-Identifier: MIT
 * How work is cut into transactions, and what a failure leaves: the database as before, one row that says so,
 * and a next run that simply works. Work that is no transaction goes on where it stopped. */
#include "api.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>

static void make_tables(int from, int to)
{
    for (int i = from; i <= to; i++) {
        char path[40], text[200];
        snprintf(path, sizeof path, "%03d_t%d.sql", i, i);
        snprintf(text, sizeof text,
                 "CREATE TABLE t%d (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE t%d;\n", i, i);
        api_file(path, text);
    }
}

/* ---- failures ---- */

START_TEST(test_failure)
{
    make_tables(1, 3);
    API_OK(api_goto("001"));
    api_sql("INSERT INTO t1 VALUES (1)");
    api_file("002_t2.sql",
             "CREATE TABLE t2 (id integer);\nUPDATE t1 SET id = 7;\nINSERT INTO absent VALUES (1);\n");
    char *before = api_snapshot();
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_t2.sql", 3, api.engine == API_SQLITE ? 1 : 13);
    ck_assert_str_eq(migrate_error_id(api.error), "002_t2");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    ck_assert_str_eq(api_events("failed"), "1");
    ck_assert_str_eq(api_applied(), "001_t1");
    ck_assert_ptr_nonnull(
        strstr(api_query("SELECT error FROM libmigrate_history WHERE event = 'failed'"), "absent"));
    make_tables(2, 2);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2 t3");
    ck_assert_str_eq(api_query("SELECT id FROM t1"), "1");
    free(before);
    free(after);
}
END_TEST

START_TEST(test_first_failure)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nnonsense;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_events("failed"), "1");
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n");
    API_OK(api_apply()); /* a history of failures alone makes nothing unmanaged */
    ck_assert_str_eq(api_tables(), "a");
}
END_TEST

START_TEST(test_failures_once_a_minute)
{
    api_file("001_a.sql", "INSERT INTO absent VALUES (1);\n");
    for (int i = 0; i < 4; i++)
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    api_close();
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_events("failed"), "1");
    api_file("001_a.sql", "INSERT INTO nowhere VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_events("failed"), "2");
    api_sql(API_EITHER("UPDATE libmigrate_history SET at = at - 61000000",
                       "UPDATE libmigrate_history SET at = at - interval '61 seconds'"));
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_events("failed"), "3");
}
END_TEST

START_TEST(test_third_of_five)
{
    make_tables(1, 5);
    api_file("003_t3.sql", "CREATE TABLE t3 (id integer);\nINSERT INTO absent VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "t1 t2");
    ck_assert_str_eq(api_applied(), "001_t1 002_t2");
    make_tables(3, 3);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2 t3 t4 t5");
}
END_TEST

/* What SQLite undoes with it (everything since BEGIN) is run again. */
START_TEST(test_or_rollback)
{
    if (api.engine != API_SQLITE)
        return;
    make_tables(1, 5);
    api_file("002_t2.sql",
             "CREATE TABLE t2 (id integer);\nINSERT INTO t1 VALUES (1);\nINSERT INTO t2 VALUES (9);\n");
    api_file("003_t3.sql", "CREATE TABLE t3 (id integer);\nINSERT OR ROLLBACK INTO t1 VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("003_t3.sql", 2, 1);
    ck_assert_str_eq(api_tables(), "t1 t2");
    ck_assert_str_eq(api_applied(), "001_t1 002_t2");
    ck_assert_str_eq(api_events("failed"), "1");
    ck_assert_str_eq(api_query("SELECT id FROM t2"), "9");
    make_tables(3, 3);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2 t3 t4 t5");
}
END_TEST

/* RAISE(ROLLBACK) in the first migration of a batch leaves nothing to run again. */
START_TEST(test_raise_rollback)
{
    if (api.engine != API_SQLITE)
        return;
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nCREATE TRIGGER no BEFORE INSERT ON a BEGIN SELECT "
                          "RAISE(ROLLBACK, 'no way'); END;\nINSERT INTO a VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("no way");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_events("failed"), "1");
}
END_TEST

/* Found at the end of the migration, not at that of the run. */
START_TEST(test_deferred_constraint)
{
    make_tables(1, 1);
    api_file("002_child.sql", "CREATE TABLE child (id integer REFERENCES t1 DEFERRABLE INITIALLY DEFERRED);\n"
                              "INSERT INTO child VALUES (5);\n");
    make_tables(3, 3);
    if (api.engine == API_SQLITE) { /* where foreign keys are off unless somebody asks: here the host does */
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "PRAGMA foreign_keys = on", NULL, NULL, NULL), SQLITE_OK);
        ck_assert_int_eq(migrate_open_sqlite3(db, api.options, &api.session, NULL), MIGRATE_OK);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        api_close();
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    } else {
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    }
    ck_assert_str_eq(migrate_error_id(api.error), "002_child");
    ck_assert_str_eq(api_tables(), "t1");
    ck_assert_str_eq(api_applied(), "001_t1");
}
END_TEST

/* ---- transactions ---- */

START_TEST(test_whole_run)
{
    make_tables(1, 4);
    api_file("003_t3.sql", "CREATE TABLE t3 (id integer);\nINSERT INTO absent VALUES (1);\n");
    api_option("transaction", "run");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_applied(), "");
    ck_assert_str_eq(api_events("failed"), "1");
    make_tables(3, 3);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2 t3 t4");
    api_file("004_t4.down.sql", "DROP TABLE t4;\n");
    api_file("004_t4.sql", "CREATE TABLE t4 (id integer PRIMARY KEY);\n");
    api_file("001_t1.sql", "CREATE TABLE t1 (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE absent;\n");
    API_FAILS(api_rollback("empty"), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "t1 t2 t3 t4");
}
END_TEST

START_TEST(test_whole_run_refuses_lone_statements)
{
    make_tables(1, 1);
    api_file("002_a.sql", "-- migrate: no-transaction\nCREATE TABLE a (id integer);\n");
    api_option("transaction", "run");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(api_tables(), "");
    api_option("transaction", "auto");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a t1");
}
END_TEST

/* What another connection sees as each step begins. */
static char seen[400];

static int32_t look(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "step") != 0)
        return 0;
    size_t length = strlen(seen);
    snprintf(seen + length, sizeof seen - length, "[%s]", api_applied());
    return 0;
}

static void apply_looking(void)
{
    seen[0] = '\0';
    ck_assert_int_eq(migrate_options_set_event(api.options, look, NULL), MIGRATE_OK);
    api_close();
    API_OK(api_apply());
}

START_TEST(test_transaction_each)
{
    make_tables(1, 3);
    api_option("transaction", "migration");
    apply_looking();
    ck_assert_str_eq(seen, "[][001_t1][001_t1 002_t2]");
}
END_TEST

START_TEST(test_transaction_run)
{
    make_tables(1, 3);
    api_option("transaction", "run");
    apply_looking();
    ck_assert_str_eq(seen, "[][][]");
}
END_TEST

START_TEST(test_commit_every)
{
    make_tables(1, 3);
    api_option("commit_every", "none");
    apply_looking();
    ck_assert_str_eq(seen, API_EITHER("[][][]", "[][001_t1][001_t1 002_t2]"));
    if (api.engine != API_SQLITE)
        return;
    make_tables(4, 6);
    api_option("commit_every", "1us");
    apply_looking();
    ck_assert_str_eq(
        seen, "[001_t1 002_t2 003_t3][001_t1 002_t2 003_t3 004_t4][001_t1 002_t2 003_t3 004_t4 005_t5]");
}
END_TEST

START_TEST(test_own_begin_and_commit)
{
    api_file("001_a.sql", "BEGIN;\nCREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\nCOMMIT;\n");
    api_file("002_c.sql", "BEGIN;\nCREATE TABLE c (id integer);\nINSERT INTO absent VALUES (1);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_c.sql", 3, api.engine == API_SQLITE ? 1 : 13);
    ck_assert_str_eq(api_tables(), "a b");
    ck_assert_str_eq(api_applied(), "001_a");
    ck_assert_str_eq(api_events("progress"), "0");
}
END_TEST

START_TEST(test_two_transactions)
{
    api_file("001_a.sql",
             "BEGIN;\nCREATE TABLE a (id integer);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (id integer);\n"
             "INSERT INTO absent VALUES (1);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(api_tables(), "a");
    ck_assert_str_eq(api_events("progress"), "1");
    api_file(
        "001_a.sql",
        "BEGIN;\nCREATE TABLE a (id integer);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (id integer);\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b");
    ck_assert_str_eq(api_applied(), "001_a");
}
END_TEST

/* ---- work that is no transaction ---- */

START_TEST(test_no_transaction)
{
    make_tables(1, 1);
    api_file("002_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\n");
    make_tables(3, 3);
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_cell("002_a", "transaction"), "none");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b t1 t3");
    API_OK(api_history());
    ck_assert_str_eq(api_column("event"), "applied started progress started applied applied");
    ck_assert_str_eq(api_column("id"), "001_t1 002_a 002_a 002_a 002_a 003_t3");
    ck_assert_str_eq(api_column("statement"), "NULL 1 1 2 NULL NULL");
}
END_TEST

START_TEST(test_resume)
{
    api_file("001_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE a (id integer);\nINSERT INTO absent VALUES (1);\n"
             "CREATE TABLE c (id integer);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("001_a.sql", 3, api.engine == API_SQLITE ? 1 : 13);
    ck_assert_str_eq(api_tables(), "a");
    ck_assert_str_eq(api_applied(), "");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state"); /* still broken, and nothing is done twice */
    api_file("001_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\n"
             "CREATE TABLE c (id integer);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b c");
    ck_assert_str_eq(api_applied(), "001_a");
}
END_TEST

START_TEST(test_first_lone_statement_fails)
{
    api_file("001_a.sql",
             "-- migrate: no-transaction\nINSERT INTO absent VALUES (1);\nCREATE TABLE a (id integer);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    api_file("001_a.sql", "-- migrate: no-transaction\nCREATE TABLE a (id integer);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a");
}
END_TEST

/* A violated key is the statement's own, not the history's, where another writer would have come first. */
START_TEST(test_lone_statement_violates_key)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1), (1);\n");
    api_file("002_a.sql", API_EITHER("-- migrate: no-transaction\nCREATE UNIQUE INDEX a_id ON a (id);\n",
                                     "CREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS(API_EITHER("UNIQUE constraint failed", "could not create unique index"));
    ck_assert_str_eq(api_events("failed"), "1");
    ck_assert_str_eq(api_applied(), "001_a");
}
END_TEST

START_TEST(test_changed_meanwhile)
{
    api_file("001_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE a (id integer);\nINSERT INTO absent VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    api_file("001_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE aa (id integer);\nCREATE TABLE b (id integer);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("no longer");
    ck_assert_str_eq(api_tables(), "a");
    API_OK(api_mark("applied", "001_a", "finished by hand"));
    ck_assert_str_eq(api_applied(), "001_a");
}
END_TEST

/* A crash between a lone statement and its row: nobody knows. */
START_TEST(test_unknown_end)
{
    api_file("001_a.sql",
             "-- migrate: no-transaction\nCREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\n");
    API_OK(api_apply());
    api_sql("DELETE FROM libmigrate_history WHERE seq > 3");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("--applied");
    API_SAYS("--forgotten");
    api_sql("DROP TABLE a");
    api_sql("DROP TABLE b");
    API_OK(api_mark("forgotten", "001_a", "undone by hand"));
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b");
}
END_TEST

START_TEST(test_concurrently)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_tables(1, 1);
    api_file("002_index.sql",
             "CREATE INDEX CONCURRENTLY t1_id ON t1 (id);\nCREATE INDEX CONCURRENTLY no ON absent (id);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_indexes WHERE indexname = 't1_id'"), "1");
    api_file("002_index.sql",
             "CREATE INDEX CONCURRENTLY t1_id ON t1 (id);\nCREATE INDEX CONCURRENTLY t1_2 ON t1 (id);\n"
             "VACUUM t1;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_indexes WHERE tablename = 't1'"), "3");
    ck_assert_str_eq(api_applied(), "001_t1 002_index");
}
END_TEST

START_TEST(test_rollback_without_transaction)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nCREATE TABLE b (id integer);\n");
    api_file("001_a.down.sql",
             "-- migrate: no-transaction\nDROP TABLE b;\nDROP TABLE absent;\nDROP TABLE a;\n");
    API_OK(api_apply());
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(api_tables(), "a");
    ck_assert_str_eq(api_applied(), "001_a");
    api_file("001_a.down.sql",
             "-- migrate: no-transaction\nDROP TABLE b;\nDROP TABLE IF EXISTS absent;\nDROP TABLE a;\n");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_applied(), "");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b");
}
END_TEST

API("running", test_failure, test_first_failure, test_failures_once_a_minute, test_third_of_five,
    test_or_rollback, test_raise_rollback, test_deferred_constraint, test_whole_run,
    test_whole_run_refuses_lone_statements, test_transaction_each, test_transaction_run, test_commit_every,
    test_own_begin_and_commit, test_two_transactions, test_no_transaction, test_resume,
    test_first_lone_statement_fails, test_lone_statement_violates_key, test_changed_meanwhile,
    test_unknown_end, test_concurrently, test_rollback_without_transaction)
