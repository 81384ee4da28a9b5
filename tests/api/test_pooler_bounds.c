/* SPDX-License-Identifier: MIT
 * Where a PgBouncer is in the way: what needs a session goes past it or is refused, in each of its modes; nothing is said to it in vain, and
 * nobody waits for it without an end. */
#include "pooler.h"

#include <stdio.h>
#include <string.h>

/* ---- what needs a session ---- */

static void write_lone(void)
{
    api_file("001_t.sql", "CREATE TABLE t (x int);\n");
    api_file("002_index.sql", "-- for the search\nCREATE INDEX CONCURRENTLY t_x ON t (x);\n");
    api_file("003_more.sql", "CREATE TABLE more (x int);\n");
}

START_TEST(test_refused_before_anything)
{
    pooler_start("transaction", 2);
    write_lone();
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("002_index.sql", 2, 1);
    API_SAYS("direct_url");
    API_SAYS("pooler=session");
    ck_assert_str_eq(api_tables(), "");
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), "pooler");
    ck_assert_str_eq(api_column("line"), "2");
    /* settings for the statements behind, in a file of several transactions */
    api_file("002_index.sql", "BEGIN;\nSET search_path TO public;\nCREATE TABLE p (x int);\nCOMMIT;\nBEGIN;\n"
                              "CREATE TABLE q (x int);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("002_index.sql", 6, 1);
    ck_assert_str_eq(api_tables(), "");
    /* found out by the database alone */
    api_file("002_index.sql", "CREATE TYPE mood AS ENUM ('sad');\nSET work_mem = 4444;\nALTER TYPE mood ADD VALUE 'glad';\n"
                              "CREATE TABLE moods AS SELECT 'glad'::mood AS m;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(api_tables(), "t");
    pooler_stop();
}
END_TEST

START_TEST(test_past_the_pooler)
{
    pooler_start("transaction", 1);
    write_lone();
    api_option("direct_url", pooler.direct);
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_index 003_more");
    ck_assert_str_eq(api_query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass"), "t");
    ck_assert_str_eq(pooler_locks(), "0");
    /* back behind it, in the same session; and past it again */
    api_file_behind("004_last.sql", "CREATE TABLE last (x int);\n");
    API_OK(api_status());
    API_OK(api_apply());
    api_file("005_vacuum.sql", "VACUUM t;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND application_name = 'libmigrate' AND state <> 'idle'"),
                     "0");
    pooler_stop();
}
END_TEST

START_TEST(test_direct_url_is_checked)
{
    char masked[700];
    pooler_start("transaction", 1);
    write_lone();
    api_option("direct_url", getenv("MIGRATE_TEST_POSTGRESQL")); /* another database of the same server */
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("another database");
    ck_assert_str_eq(api_tables(), "");
    api_option("direct_url", pooler.url);
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("pooler");
    api_option("direct_url", "sqlite::memory:");
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    /* no password in what is told */
    snprintf(masked, sizeof masked, "postgresql://nobody:hunter2@127.0.0.1:1/%s", api.database);
    api_option("direct_url", masked);
    api_option("wait_timeout", "100ms");
    API_FAILS(api_apply(), MIGRATE_ERROR_CONNECT, "retry");
    API_SAYS("direct_url");
    API_SAYS_NOT("hunter2");
    api_option("direct_url", "postgresql://nobody:hunter2@[broken/x");
    API_FAILS(api_apply(), MIGRATE_ERROR_URL, "usage");
    API_SAYS_NOT("hunter2");
    ck_assert_str_eq(api_tables(), "");
    pooler_stop();
}
END_TEST

/* ---- the other modes ---- */

START_TEST(test_session_mode)
{
    pooler_start("session", 1);
    write_lone();
    api_option("pooler", "session");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_index 003_more");
    ck_assert_str_eq(pooler_locks(), "0");
    /* not told of it, it does what is right for both */
    api_option("pooler", "auto");
    api_file("004_last.sql", "CREATE TABLE last (x int);\n");
    API_OK(api_apply());
    api_close();
    pooler_stop();
}
END_TEST

START_TEST(test_statement_mode)
{
    pooler_start("statement", 1);
    write_lone();
    api_remove("002_index.sql");
    API_OK(api_status());
    API_OK(api_plan(NULL));
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("pool_mode");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_tables WHERE tablename = 'libmigrate_history'"), "0");
    pooler_stop();
}
END_TEST

START_TEST(test_startup_parameters)
{
    char url[700];
    pooler_start("transaction", 1);
    write_lone();
    snprintf(url, sizeof url, "%s?options=-cgeqo%%3Doff", pooler.url);
    api_use(url);
    API_FAILS(api_apply(), MIGRATE_ERROR_URL, "usage");
    API_SAYS("ignore_startup_parameters");
    snprintf(url, sizeof url, "%s", pooler.url);
    memcpy(strstr(url, "postgres@"), "stranger", 8);
    api_use(url);
    API_FAILS(api_apply(), MIGRATE_ERROR_AUTHENTICATION, "rights");
    pooler_stop();
}
END_TEST

/* ---- how much is said, and how long is waited ---- */

static long queries(PGconn *console)
{
    PGresult *result = PQexec(console, "SHOW STATS_TOTALS");
    long count = -1;
    int column = PQfnumber(result, "query_count");
    for (int row = 0; row < PQntuples(result); row++)
        if (strcmp(PQgetvalue(result, row, 0), api.database) == 0)
            count = atol(PQgetvalue(result, row, column));
    PQclear(result);
    return count;
}

START_TEST(test_one_query_with_nothing_to_do)
{
    char url[700];
    pooler_start("transaction", 2);
    snprintf(url, sizeof url, "%s", pooler.url);
    snprintf(strrchr(url, '/'), 20, "/pgbouncer");
    pooler_schema();
    API_OK(api_apply());
    PGconn *console = pooler_connect(url);
    long before = queries(console);
    API_OK(api_startup("apply"));
    ck_assert_int_eq(queries(console) - before, 1);
    /* one migration: what there is, rights, the pooler, its begin, and the rest; not the history's creation */
    api_file("006_six.sql", "CREATE TABLE six (x int);\n-- ROLLBACK: DROP TABLE six;\n");
    API_OK(api_status());
    before = queries(console);
    API_OK(api_apply());
    ck_assert_int_le(queries(console) - before, 7);
    PQfinish(console);
    pooler_stop();
}
END_TEST

#define KEY                                                                                                  \
    "('x' || substr(encode(sha256('\\x6c69626d69677261746500'::bytea || '\\x7075626c696300'::bytea || "      \
    "'\\x6c69626d6967726174655f686973746f727900'::bytea), 'hex'), 1, 16))::bit(64)::bigint"

START_TEST(test_waits_for_a_session_lock)
{
    pooler_start("transaction", 2);
    pooler_schema();
    PGconn *holder = pooler_connect(pooler.direct);
    pooler_ask(holder, "SELECT pg_advisory_lock(" KEY ")");
    api_option("wait_timeout", "700ms");
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    ck_assert_str_eq(api_tables(), "");
    pooler_ask(holder, "SELECT pg_advisory_unlock(" KEY ")");
    API_OK(api_apply());
    /* and an own transaction's lock keeps those out that go past the pooler */
    pooler_ask(holder, "BEGIN; SELECT pg_advisory_xact_lock(" KEY ")");
    api_file("006_vacuum.sql", "VACUUM notes;\n");
    api_option("direct_url", pooler.direct);
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    PQfinish(holder);
    API_OK(api_apply());
    pooler_stop();
}
END_TEST

/* The only session of the pool is somebody else's: nobody hangs. */
START_TEST(test_no_free_session)
{
    pooler_start("transaction", 1);
    pooler_schema();
    PGconn *other = pooler_connect(pooler.url);
    api_option("wait_timeout", "300ms");
    API_OK(api_open(NULL));
    pooler_ask(other, "BEGIN");
    int32_t code = api_apply();
    ck_assert_msg(code == MIGRATE_ERROR_TIMEOUT || code == MIGRATE_ERROR_CONNECTION_LOST || code == MIGRATE_ERROR_LOCKED, "%s",
                  migrate_code_name(code));
    pooler_ask(other, "ROLLBACK");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), POOLER_ALL);
    PQfinish(other);
    pooler_stop();
}
END_TEST

START_TEST(test_cancel)
{
    pooler_start("transaction", 1);
    api_file("001_t.sql", "CREATE TABLE t (x int);\n");
    api_file("002_slow.sql", "INSERT INTO t VALUES (1);\nSELECT pg_sleep(60);\n");
    api_option("run_deadline", "1s");
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"),
                     "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
    ck_assert_str_eq(pooler_locks(), "0");
    api_option("run_deadline", "none");
    api_file("002_slow.sql", "INSERT INTO t VALUES (2);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
    pooler_stop();
}
END_TEST

/* ---- the pooler lets its clients go between the beginning of a run and its first step ---- */

static PGconn *console(void)
{
    char url[700];
    snprintf(url, sizeof url, "%s", pooler.url);
    snprintf(strrchr(url, '/'), 20, "/pgbouncer");
    return pooler_connect(url);
}

/* What the step says. gone: no new connection comes about. */
static int32_t step_behind_a_break(bool gone)
{
    char sql[700];
    migrate_run *run = NULL;
    int32_t code;
    API_OK(api_open(NULL));
    API_OK(migrate_run_begin(api.session, NULL, &run, api_error()));
    if (gone) {
        pooler_stop();
    } else {
        PGconn *control = console();
        snprintf(sql, sizeof sql, "KILL %s", api.database);
        pooler_ask(control, sql);
        snprintf(sql, sizeof sql, "RESUME %s", api.database);
        pooler_ask(control, sql);
        PQfinish(control);
    }
    do
        code = migrate_run_step(run, api_error());
    while (code == MIGRATE_MORE);
    migrate_run_end(run, NULL, NULL);
    return code;
}

/* How a step can begin: with its text, before its parts, before a text that flows, before code. */
enum { WAYS = 4 };
static void write_step(int way)
{
    static char big[5000000];
    migrate_source *source = NULL;
    switch (way) {
    case 0:
        api_file("002_text.sql", "CREATE TABLE t (x int);\n");
        break;
    case 1:
        api_file("003_parts.sql", "BEGIN;\nCREATE TABLE u (x int);\nCOMMIT;\nCREATE TABLE v (x int);\n");
        break;
    case 2:
        memset(big, '\n', sizeof big - 1);
        memcpy(big, "CREATE TABLE w (x int);", 23);
        api_file("004_big.sql", big);
        break;
    default:
        API_OK(migrate_source_new(&source, api_error()));
        API_OK(migrate_source_add_code(source, "005_code", "1", pooler_code, NULL, NULL, api_error()));
        API_OK(migrate_options_set_source(api.options, source, api_error()));
        migrate_source_free(source);
        api_close();
    }
}

START_TEST(test_connection_anew)
{
    pooler_start("transaction", 1);
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    API_OK(api_apply());
    for (int way = 0; way < WAYS; way++) {
        write_step(way);
        API_OK(step_behind_a_break(false));
    }
    ck_assert_str_eq(api_applied(), "001_users 002_text 003_parts 004_big 005_code");
    ck_assert_str_eq(api_query("SELECT id FROM users"), "7");
    ck_assert_str_eq(pooler_locks(), "0");
    pooler_stop();
}
END_TEST

START_TEST(test_no_connection_anew)
{
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    API_OK(api_apply());
    for (int way = 0; way < WAYS; way++) {
        char applied[] = {(char)('1' + way), '\0'};
        pooler_start("transaction", 1);
        write_step(way);
        api_option("wait_timeout", "1s");
        API_FAILS(step_behind_a_break(true), MIGRATE_ERROR_CONNECTION_LOST, "retry");
        ck_assert_str_eq(api_events("applied"), applied);
        api_option("wait_timeout", "30s");
        api_use(pooler.direct);
        API_OK(api_apply());
    }
}
END_TEST

API("pooler_bounds", test_refused_before_anything, test_past_the_pooler, test_direct_url_is_checked, test_session_mode,
    test_statement_mode, test_startup_parameters, test_one_query_with_nothing_to_do, test_waits_for_a_session_lock,
    test_no_free_session, test_cancel, test_connection_anew, test_no_connection_anew)
