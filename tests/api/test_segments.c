/* SPDX-License-Identifier: MIT
 * Transaction control in a file cuts it into segments; what cannot run in a transaction is one by itself.
 * A file that is one transaction is as if it were not wrapped; of others the history says how far they are.
 */
#include "api.h"

#include <stdio.h>
#include <string.h>

/* All rows of the history: event, statement. */
static const char *trail(void)
{
    return api_query("SELECT event || coalesce(':' || statement, '') FROM libmigrate_history ORDER BY seq");
}

static void make_table(void)
{
    api_file("001_t.sql", "CREATE TABLE t (a integer PRIMARY KEY);\n");
    API_OK(api_apply());
}

#define ALONE API_EITHER("VACUUM", "CREATE INDEX CONCURRENTLY t_a ON t (a)")

static const char *with_alone(const char *format)
{
    static char text[1000];
    ck_assert_uint_lt((size_t)snprintf(text, sizeof text, format, ALONE), sizeof text);
    return text;
}

static void clean_up(void)
{
    api_sql(API_EITHER("DELETE FROM t", "DROP INDEX IF EXISTS t_a"));
    api_sql("DELETE FROM t");
    api_sql("DELETE FROM libmigrate_history WHERE seq > 1");
}

/* ---- one transaction ---- */

START_TEST(test_wrapped)
{
    static const char *const begins[2][6] = {{"BEGIN", "BEGIN TRANSACTION", "BEGIN IMMEDIATE",
                                              "begin exclusive transaction", "BEGIN /* x */ DEFERRED", NULL},
                                             {"BEGIN", "BEGIN WORK", "START TRANSACTION",
                                              "BEGIN ISOLATION LEVEL SERIALIZABLE",
                                              "start transaction read write", NULL}};
    static const char *const ends[2][3] = {{"COMMIT", "END TRANSACTION", NULL}, {"COMMIT", "END WORK", NULL}};
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; begins[api.engine][i]; i++) {
        char text[400];
        const char *begin = begins[api.engine][i], *end = ends[api.engine][i % 2];
        snprintf(text, sizeof text,
                 "-- wrapped\n%s;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\n%s;\n", begin, end);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_x.sql", 4, migrate_error_column(api.error));
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
        snprintf(text, sizeof text,
                 "-- wrapped\n%s;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n%s;\n", begin, end);
        api_file("002_x.sql", text);
        API_OK(api_plan(NULL));
        ck_assert_str_eq(api_cell("002_x", "transaction"), API_EITHER("shared", "own"));
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2");
        ck_assert_str_eq(api_applied(), "001_t 002_x");
        ck_assert_str_eq(api_events("progress"), "0");
        clean_up();
    }
    free(before);
}
END_TEST

START_TEST(test_odd_ends)
{
    static const char *const texts[] = {
        "BEGIN;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n",          /* never committed */
        "COMMIT;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nBEGIN;\n", /* expects the tool's own
                                                                                    */
        "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nCOMMIT;\n",
        "BEGIN;\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (1), (2);\nCOMMIT;\nBEGIN;\nCOMMIT",
        "BEGIN;\nBEGIN;\nINSERT INTO t VALUES (1), (2);\nCOMMIT;\nCOMMIT;\n",
        "BEGIN; INSERT INTO t VALUES (1), (2)",
    };
    make_table();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        api_file("002_x.sql", texts[i]);
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2");
        ck_assert_str_eq(trail(), "applied applied");
        API_OK(api_apply());
        clean_up();
    }
    api_file("002_x.sql", "BEGIN;\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "applied applied");
}
END_TEST

START_TEST(test_savepoints)
{
    make_table();
    api_file("002_x.sql",
             "INSERT INTO t VALUES (1);\nSAVEPOINT a;\nINSERT INTO t VALUES (2);\nSAVEPOINT \"b;\";\n"
             "INSERT INTO t VALUES (3);\nROLLBACK TO SAVEPOINT a;\nINSERT INTO t VALUES (4);\nRELEASE a;\n"
             "ROLLBACK TO libmigrate_none;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_x.sql", 9, migrate_error_column(api.error));
    ck_assert_str_eq(api_query("SELECT a FROM t"), "");
    api_file("002_x.sql",
             "INSERT INTO t VALUES (1);\nSAVEPOINT a;\nINSERT INTO t VALUES (2);\nSAVEPOINT \"b;\";\n"
             "INSERT INTO t VALUES (3);\nROLLBACK TO SAVEPOINT a;\nINSERT INTO t VALUES (4);\nRELEASE a;\n"
             "SAVEPOINT open;\nINSERT INTO t VALUES (5);\n");
    api_file("003_y.sql", "BEGIN;\nSAVEPOINT a;\nINSERT INTO t VALUES (6);\nROLLBACK TO a;\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 4 5");
    ck_assert_str_eq(api_applied(), "001_t 002_x 003_y");
    ck_assert_str_eq(api_events("progress"), "0");
}
END_TEST

/* ---- several ---- */

START_TEST(test_alone_between)
{
    make_table();
    api_file("002_x.sql",
             with_alone("INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nCOMMIT;\n%s;\nBEGIN;\n"
                        "INSERT INTO t VALUES (3);\n"));
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_cell("002_x", "transaction"), "several");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    ck_assert_str_eq(trail(), "applied progress:2 started:3 progress:3 applied");
    ck_assert_str_eq(api_applied(), "001_t 002_x");
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass"),
                         "t");
    clean_up();
    /* recognised without the author's help, too */
    api_file(
        "002_x.sql",
        with_alone("INSERT INTO t VALUES (1);\n%s;\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\n"));
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "applied progress:1 started:2 progress:2 applied");
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
}
END_TEST

START_TEST(test_alone_only)
{
    make_table();
    api_file("002_x.sql", with_alone("%s;\n"));
    api_file("003_y.sql", "INSERT INTO t VALUES (1);\n");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "applied started:1 applied applied");
    ck_assert_str_eq(api_applied(), "001_t 002_x 003_y");
}
END_TEST

START_TEST(test_two_transactions)
{
    make_table();
    api_file("002_x.sql", "BEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (2);\n"
                          "INSERT INTO t VALUES (1);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 6, migrate_error_column(api.error));
    API_SAYS("1 of its 3 statements");
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1");
    ck_assert_str_eq(api_applied(), "001_t");
    ck_assert_str_eq(trail(), "applied progress:1 failed");
    /* the first part only looks different; the second is mended */
    api_file("002_x.sql",
             "BEGIN;\n-- first\nINSERT  INTO t VALUES ( 1 );\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (2);\n"
             "INSERT INTO t VALUES (3);\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    ck_assert_str_eq(api_applied(), "001_t 002_x");
    ck_assert_str_eq(trail(), "applied progress:1 failed applied");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_changed)
{
    make_table();
    api_file("002_x.sql", with_alone("INSERT INTO t VALUES (1);\n%s;\nINSERT INTO absent VALUES (2);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 3, migrate_error_column(api.error));
    API_SAYS("2 of its 3 statements");
    char *before = api_snapshot();
    api_file("002_x.sql", API_EITHER("INSERT INTO t VALUES (1);\nVACUUM main;\nINSERT INTO t VALUES (2);\n",
                                     "INSERT INTO t VALUES (1);\nVACUUM t;\nINSERT INTO t VALUES (2);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 2, 1);
    API_SAYS("statement 2");
    api_file("002_x.sql", "INSERT INTO t VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    /* without transaction control or lone statements, what is done stays done all the same */
    api_file("002_x.sql", with_alone("INSERT INTO t VALUES (1);\n%s;\n"));
    api_file("003_y.sql", "INSERT INTO t VALUES (9);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 9");
    ck_assert_str_eq(api_applied(), "001_t 002_x 003_y");
}
END_TEST

/* Whatever part of what is done has changed, the refusal shows it as it was and as it is. */
START_TEST(test_changed_shown)
{
    make_table();
    api_file(
        "002_x.sql",
        with_alone("INSERT INTO t VALUES (1);\nINSERT INTO t\n  VALUES (2);\nINSERT INTO t VALUES (3);\n%s;\n"
                   "INSERT INTO absent VALUES (4);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(trail(), "applied progress:3 started:4 progress:4 failed");
    char *before = api_snapshot();
    /* not the last one that was done */
    api_file("002_x.sql",
             with_alone(
                 "-- look\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (20);\nINSERT INTO t VALUES (3);\n"
                 "%s;\nINSERT INTO t VALUES (4);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 3, 1);
    API_SAYS("its statement 2 is no longer");
    API_SAYS("then: INSERT INTO t\n  VALUES (2)");
    API_SAYS("now: INSERT INTO t VALUES (20)");
    ck_assert_str_eq(migrate_error_statement(api.error), "INSERT INTO t VALUES (20)");
    /* the lone one */
    api_file(
        "002_x.sql",
        API_EITHER(
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nVACUUM main;\n",
            "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\nVACUUM t;\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 4, 1);
    API_SAYS(API_EITHER("then: VACUUM\nnow: VACUUM main",
                        "then: CREATE INDEX CONCURRENTLY t_a ON t (a)\nnow: VACUUM t"));
    /* gone */
    api_file("002_x.sql", "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("then: INSERT INTO t VALUES (3)\nnow: the text ends before it");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}
END_TEST

/* The data of COPY are part of what was done. */
START_TEST(test_changed_data)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_file("002_x.sql", "COPY t FROM stdin;\n1\n2\n\\.\nCOMMIT;\nINSERT INTO absent VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    api_file("002_x.sql", "COPY t FROM stdin;\n1\n3\n\\.\nCOMMIT;\nINSERT INTO t VALUES (4);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("the data of its statement 1 are no longer");
    API_PLACE("002_x.sql", 1, 1);
    api_file("002_x.sql", "COPY t FROM stdin;\n1\n2\n\\.\nCOMMIT;\nINSERT INTO t VALUES (4);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 4");
}
END_TEST

/* A history that an earlier version made has no room for the text. */
START_TEST(test_changed_old_history)
{
    make_table();
    api_sql("ALTER TABLE libmigrate_history DROP COLUMN statement_sql");
    api_file("002_x.sql", with_alone("%s;\nINSERT INTO absent VALUES (4);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(trail(), "applied started:1 progress:1 failed");
    api_file("002_x.sql", API_EITHER("VACUUM main;\nINSERT INTO t VALUES (4);\n",
                                     "VACUUM t;\nINSERT INTO t VALUES (4);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 1, 1);
    API_SAYS("its statement 1");
    API_SAYS_NOT("then:");
    api_file("002_x.sql", with_alone("%s;\nINSERT INTO t VALUES (4);\n"));
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_x");
}
END_TEST

/* What only sets something up is no work that was done: it may be mended. */
START_TEST(test_changed_setting)
{
    make_table();
    api_file(
        "002_x.sql",
        API_EITHER(
            "-- migrate: no-transaction\nPRAGMA cache_size = 100;\nVACUUM INTO '/absent/x';\n",
            "-- migrate: no-transaction\nSET search_path = public;\nREINDEX INDEX CONCURRENTLY absent;\n"));
    ck_assert_int_lt(api_apply(), 0);
    ck_assert_str_eq(trail(), "applied started:2 failed");
    api_file(
        "002_x.sql",
        API_EITHER(
            "-- migrate: no-transaction\nPRAGMA cache_size = 200;\nVACUUM;\nINSERT INTO absent VALUES (1);\n",
            "-- migrate: no-transaction\nSET search_path = pg_catalog;\nREINDEX TABLE CONCURRENTLY "
            "public.t;\n"
            "INSERT INTO absent VALUES (1);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 4, migrate_error_column(api.error));
    api_file(
        "002_x.sql",
        API_EITHER(
            "-- migrate: no-transaction\nPRAGMA cache_size = 300;\nVACUUM;\nINSERT INTO t VALUES (1);\n",
            "-- migrate: no-transaction\nSET search_path = public;\nREINDEX TABLE CONCURRENTLY public.t;\n"
            "INSERT INTO t VALUES (1);\n"));
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t"), "1");
}
END_TEST

/* Neither in the history nor in an error. */
START_TEST(test_no_password_kept)
{
    make_table();
    api_file("002_x.sql",
             API_EITHER("-- migrate: no-transaction\nINSERT INTO t SELECT 1 WHERE 'password=hunter2' <> '';\n"
                        "ATTACH ':memory:' AS m KEY 'hunter2';\nINSERT INTO absent VALUES "
                        "('postgresql://u:hunter2@h/');\n",
                        "-- migrate: no-transaction\n"
                        "DO $x$ BEGIN PERFORM 'CREATE ROLE r PASSWORD ''hunter2'''; END $x$;\n"
                        "SELECT 'postgresql://u:hunter2@h/';\n"
                        "ALTER ROLE absent ENCRYPTED PASSWORD E'hunter\\x32';\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 4, migrate_error_column(api.error));
    API_SAYS_NOT("hunter");
    ck_assert_ptr_eq(strstr(migrate_error_statement(api.error), "hunter"), NULL);
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE statement_sql LIKE '%***%'"),
                     API_EITHER("3", "5"));
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE statement_sql LIKE '%hunter%' "
                               "OR error LIKE '%hunter%'"),
                     "0");
}
END_TEST

/* A statement that code put together is told by the server, in its context. */
START_TEST(test_no_password_told)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_x.sql", "DO $$ BEGIN EXECUTE 'ALTER ROLE nobody_at_all PASSWORD ''hunter3'''; END $$;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("context");
    API_SAYS_NOT("hunter");
}
END_TEST

/* The text may be one transaction by now. */
START_TEST(test_mended_into_one)
{
    make_table();
    api_file("002_x.sql", "BEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (2);\n"
                          "INSERT INTO absent VALUES (1);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    api_file("002_x.sql",
             "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    ck_assert_str_eq(trail(), "applied progress:1 failed applied");
}
END_TEST

START_TEST(test_more_behind)
{
    make_table();
    api_file("002_x.sql", with_alone("INSERT INTO t VALUES (1);\n%s;\nINSERT INTO absent VALUES (2);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    /* a statement more behind them is as good as a mended one */
    api_file(
        "002_x.sql",
        with_alone("INSERT INTO t VALUES (1);\n%s;\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (3);\n"));
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
}
END_TEST

START_TEST(test_no_transaction)
{
    make_table();
    api_file("002_x.sql", "-- migrate: no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\n"
                          "INSERT INTO t VALUES (3);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 3, migrate_error_column(api.error));
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1");
    api_file("002_x.sql", "-- migrate: no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n"
                          "INSERT INTO t VALUES (3);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    ck_assert_str_eq(api_applied(), "001_t 002_x");
}
END_TEST

START_TEST(test_down)
{
    make_table();
    api_file(
        "002_x.sql",
        API_EITHER(
            "CREATE INDEX t_a ON t (a);\n-- ROLLBACK:\nDROP INDEX t_a;\nCOMMIT;\nVACUUM;\n-- END ROLLBACK\n",
            "CREATE INDEX CONCURRENTLY t_a ON t (a);\n-- ROLLBACK: DROP INDEX CONCURRENTLY t_a;\n"));
    API_OK(api_apply());
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_applied(), "001_t");
    ck_assert_str_eq(api_events("rolled_back"), "1");
    ck_assert_str_eq(api_query(API_EITHER("SELECT count(*) FROM sqlite_schema WHERE name = 't_a'",
                                          "SELECT count(*) FROM pg_class WHERE relname = 't_a'")),
                     "0");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_x");
}
END_TEST

START_TEST(test_whole_run)
{
    make_table();
    char *before = api_snapshot();
    api_option("transaction", "run");
    api_file("002_a.sql", "INSERT INTO t VALUES (1);\n");
    api_file("003_x.sql", with_alone("INSERT INTO t VALUES (2);\n%s;\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(migrate_error_id(api.error), "003_x");
    API_SAYS("transaction=run");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}
END_TEST

/* ---- refused ---- */

START_TEST(test_refused)
{
    static const char *const statements[2][8] = {{"ROLLBACK", "ROLLBACK TRANSACTION", "rollback", NULL},
                                                 {"ROLLBACK", "ABORT", "ROLLBACK WORK",
                                                  "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'",
                                                  "ROLLBACK PREPARED 'x'", NULL}};
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; statements[api.engine][i]; i++) {
        char text[200];
        snprintf(text, sizeof text, "BEGIN;\nINSERT INTO t VALUES (1);\n  %s;\n", statements[api.engine][i]);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("002_x.sql", 3, 3);
        ck_assert_str_eq(migrate_error_statement(api.error), statements[api.engine][i]);
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
        ck_assert_str_eq(api_events("applied"), "1");
    }
    free(before);
}
END_TEST

/* What ends the transaction from within cannot be seen before. */
START_TEST(test_do_block)
{
    static const char *const bodies[] = {
        "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT INTO t VALUES (2); END $$;\n",
        "DO $$ BEGIN INSERT INTO t VALUES (1); ROLLBACK; INSERT INTO t VALUES (2); END $$;\n",
        "CALL twice();\n",
    };
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_sql("CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; INSERT "
            "INTO t VALUES (2); "
            "END $$");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char text[300];
        snprintf(text, sizeof text, "INSERT INTO t VALUES (9);\n%s", bodies[i]);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        ck_assert_str_eq(migrate_error_sqlstate(api.error), "2D000");
        API_PLACE("002_x.sql", 2, migrate_error_column(api.error));
        ck_assert_msg(strstr(migrate_error_hint(api.error), "no-transaction") != NULL, "%s",
                      migrate_error_hint(api.error));
        ck_assert_str_eq(api_query("SELECT a FROM t"), "");
        snprintf(text, sizeof text, "-- migrate: no-transaction\n%s", bodies[i]);
        api_file("002_x.sql", text);
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), i == 1 ? "2" : "1 2");
        clean_up();
    }
}
END_TEST

/* ---- new values of an enum ---- */

START_TEST(test_add_value)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE p (m mood);\n");
    API_OK(api_apply());
    /* not used: one transaction */
    api_file("002_x.sql",
             "ALTER TYPE mood ADD VALUE 'ok';\nALTER TYPE mood ADD VALUE IF NOT EXISTS 'fine' AFTER 'sad';\n"
             "INSERT INTO p VALUES ('sad');\n");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "applied applied");
    /* used */
    api_file("003_y.sql",
             "BEGIN;\nINSERT INTO p VALUES ('ok');\nALTER TYPE mood ADD VALUE 'happy';\n"
             "INSERT INTO p VALUES ('happy');\nUPDATE p SET m = 'happy' WHERE m = 'sad';\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT m FROM p ORDER BY m"), "ok happy happy");
    ck_assert_str_eq(trail(), "applied applied progress:2 applied");
    /* of a type as new as itself */
    api_file("004_z.sql", "CREATE TYPE size AS ENUM ('s');\nALTER TYPE size ADD VALUE 'm';\nCREATE TABLE q "
                          "(s size DEFAULT 'm');\n"
                          "INSERT INTO q DEFAULT VALUES;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT s FROM q"), "m");
    ck_assert_str_eq(api_applied(), "001_t 002_x 003_y 004_z"); /* at once from PostgreSQL 17 on */
}
END_TEST

START_TEST(test_add_value_fails)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", "CREATE TYPE mood AS ENUM ('sad');\nCREATE TABLE p (m mood);\n");
    API_OK(api_apply());
    api_file("002_x.sql",
             "INSERT INTO p VALUES ('sad');\nALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO p VALUES ('ok');\n"
             "INSERT INTO p VALUES ('bad');\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_x.sql", 4, 23);
    ck_assert_str_eq(api_query("SELECT m FROM p"), "sad");
    ck_assert_str_eq(trail(), "applied progress:2 failed");
    api_file("002_x.sql",
             "INSERT INTO p VALUES ('sad');\nALTER TYPE mood ADD VALUE 'ok';\nINSERT INTO p VALUES ('ok');\n"
             "INSERT INTO p VALUES ('sad');\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT m FROM p ORDER BY m"), "sad sad ok");
    ck_assert_str_eq(api_applied(), "001_t 002_x");
}
END_TEST

API("segments", test_wrapped, test_odd_ends, test_savepoints, test_alone_between, test_alone_only,
    test_two_transactions, test_changed, test_changed_shown, test_changed_data, test_changed_old_history,
    test_changed_setting, test_no_password_kept, test_no_password_told, test_mended_into_one, test_more_behind, test_no_transaction,
    test_down, test_whole_run, test_refused, test_do_block, test_add_value, test_add_value_fails)
