/* SPDX-License-Identifier: MIT
 * What stands in a check's way: a cancel in the middle of it, a scratch database that is lost, a host's own driver, roles that may read
 * only or make no database. It ends soon, says why, leaves nothing behind, and never takes what it could not try for good. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How many findings of a rule there are about a migration, and how many of them are guesses. */
static int guesses;
static int of_rule(const char *rule, const char *id)
{
    size_t rules = migrate_rows_column_index(api.rows, "rule"), ids = migrate_rows_column_index(api.rows, "id");
    size_t guess = migrate_rows_column_index(api.rows, "guess");
    int count = guesses = 0;
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        const char *about = migrate_rows_text(api.rows, i, ids);
        if (strcmp(migrate_rows_text(api.rows, i, rules), rule) != 0 || !about || strcmp(about, id) != 0)
            continue;
        count++;
        guesses += strcmp(migrate_rows_text(api.rows, i, guess), "true") == 0;
    }
    return count;
}

static void base(void)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE a;\n");
    API_OK(api_apply());
}

/* Nothing of the check is there: no database, no session, no table. */
static void check_clean(void)
{
    ck_assert_str_eq(api_tables(), "a");
    ck_assert_str_eq(api_events("failed"), "0");
    if (api.engine == API_SQLITE)
        return;
    api_close();
    for (int i = 0; i < 100; i++) {
        if (strcmp(api_query("SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE "
                             "'libmigrate%') + (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'libmigrate%')"), "0") == 0)
            return;
        usleep(50000);
    }
    ck_abort_msg("something is left");
}

/* Scratch databases that nobody is at: those of other tests on this server have their sessions. */
static int scratches(void)
{
    return api.engine == API_SQLITE ? 0 : atoi(api_query("SELECT count(*) FROM pg_database d WHERE datname LIKE 'libmigrate_scratch_%' "
                                                         "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)"));
}

static void no_more_scratches_than(int before)
{
    for (int i = 0; i < 100; i++) { /* one of another test's may just be coming, or going */
        if (scratches() <= before)
            return;
        usleep(100000);
    }
    ck_abort_msg("a scratch database is left");
}

/* ---- a cancel in the middle ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static migrate_token *token;
static double asked_at;

static void *ask_to_end(void *nothing)
{
    usleep(700000);
    asked_at = seconds();
    migrate_token_cancel(token);
    return nothing;
}

static void cancel_in_the_middle(const char *depth)
{
    pthread_t thread;
    api_close();
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    API_OK(api_open(NULL));
    int before = scratches();
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_to_end, NULL), 0);
    API_FAILS(api_check(depth), MIGRATE_ERROR_CANCELLED, "cancelled");
    double took = seconds() - asked_at;
    pthread_join(thread, NULL);
    if (getenv("TEST_VERBOSE"))
        printf("%.0f ms after the token\n", took * 1000);
    ck_assert_double_lt(took, 3);
    no_more_scratches_than(before);
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(token);
    api_close();
    check_clean();
}

static void long_one(void)
{
    api_file("002_long.sql", API_EITHER("CREATE TABLE b AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) "
                                        "SELECT count(*) AS c FROM n;\n",
                                        "CREATE TABLE b (x integer);\nSELECT pg_sleep(60);\n"));
}

START_TEST(test_cancelled)
{
    base();
    long_one();
    cancel_in_the_middle(NULL);
    cancel_in_the_middle("database");
    API_OK(api_open(NULL));
    api_file("002_long.sql", "CREATE TABLE b (x integer);\n-- ROLLBACK: DROP TABLE b;\n");
    ck_assert_int_eq(api_check(NULL), MIGRATE_OK);
}
END_TEST

/* A role that owns its database, and makes no others. */
static void become_owner(void)
{
    char sql[2000];
    api_use(api_role());
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" OWNER TO \"%s\"; ALTER SCHEMA public OWNER TO \"%s\"; ALTER ROLE \"%s\" NOCREATEDB", api.database,
             api.database, api.database, api.database);
    api_sql(sql);
}

START_TEST(test_cancelled_in_a_transaction)
{
    if (api.engine != API_POSTGRESQL)
        return;
    become_owner();
    base();
    long_one();
    cancel_in_the_middle(NULL);
}
END_TEST

/* ---- a scratch database that is lost ---- */

/* By the migration itself, in the middle of it; what the check knew is not told as if it were all. */
START_TEST(test_lost)
{
    if (api.engine != API_POSTGRESQL)
        return;
    base();
    api_file("002_lost.sql", "CREATE TABLE b (x integer);\nSELECT pg_terminate_backend(pg_backend_pid());\n");
    api_file("003_c.sql", "CREATE TABLE c (x integer);\n");
    API_FAILS(api_check(NULL), MIGRATE_ERROR_CONNECTION_LOST, "retry");
    API_OK(api_status()); /* the session itself is as it was */
    ck_assert_str_eq(api_column("state"), "applied pending pending");
    check_clean();
    api_file("002_lost.sql", "CREATE TABLE b (x integer);\n");
    ck_assert_int_eq(api_check(NULL), MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), "scratch");
}
END_TEST

/* ---- roles ---- */

/* Reads, and makes nothing: what cannot be run is guessed, and said to be. */
START_TEST(test_reads_only)
{
    char url[600];
    if (api.engine != API_POSTGRESQL)
        return;
    base();
    snprintf(url, sizeof url, "%s", api.url);
    api_file("002_b.sql", "ALTER TABLE gone ADD COLUMN x integer;\n");
    api_use(api_role());
    API_FAILS(api_check("database"), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT");
    api_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC");
    api_close();
    ck_assert_int_eq(api_check("database"), MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), "words");
    ck_assert_ptr_nonnull(strstr(api_value("reason"), "shadow_url"));
    ck_assert_int_eq(of_rule("DP01", "002_b"), 1);
    ck_assert_int_eq(guesses, 1);
    api_option("shadow_url", url);
    api_close();
    ck_assert_int_eq(api_check("database"), MIGRATE_FINDINGS);
    ck_assert_str_eq(api_value("by"), "scratch");
    ck_assert_int_eq(of_rule("DP01", "002_b"), 1);
    ck_assert_int_eq(guesses, 0);
    check_clean();
}
END_TEST

/* In a transaction of the database, what cannot run in one is not tried, and said to be; what comes behind it is looked at. */
START_TEST(test_not_tried)
{
    if (api.engine != API_POSTGRESQL)
        return;
    become_owner();
    base();
    api_file("002_b.sql", "-- migrate: no-transaction\nVACUUM a;\n");
    api_file("003_c.sql", "CREATE INDEX a_id ON a (id);\n");
    api_file("004_d.sql", "ALTER TABLE gone ADD COLUMN x integer;\n");
    ck_assert_int_eq(api_check("database"), MIGRATE_OK); /* behind what was not tried nothing is certain */
    ck_assert_str_eq(api_value("by"), "scratch");
    ck_assert_int_eq(of_rule("SR31", "002_b"), 1);
    ck_assert_int_eq(of_rule("PG11", "003_c"), 1);
    ck_assert_int_eq(of_rule("DP01", "004_d"), 1);
    ck_assert_int_eq(guesses, 1);
    migrate_rows *rows = NULL;
    API_OK(migrate_graph(api.session, NULL, NULL, &rows, api_error()));
    ck_assert_str_eq(migrate_rows_value_text(rows, "by"), "scratch");
    migrate_rows_free(rows);
    check_clean();
}
END_TEST

/* ---- a host's own driver ---- */

static int32_t run_sqlite(sqlite3 *db, const char *sql, size_t length, migrate_result *result)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, (int)length, &statement, NULL);
    if (code == SQLITE_OK && sqlite3_column_count(statement) > 0)
        migrate_result_columns(result, (size_t)sqlite3_column_count(statement));
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            migrate_result_value(result, (const char *)sqlite3_column_text(statement, i), (size_t)sqlite3_column_bytes(statement, i));
    if (code == SQLITE_OK)
        code = sqlite3_reset(statement);
    if (code != SQLITE_OK)
        migrate_result_fail(result, NULL, sqlite3_extended_errcode(db), sqlite3_errmsg(db), 0);
    sqlite3_finalize(statement);
    return code != SQLITE_OK;
}

static int32_t run_postgresql(PGconn *db, const char *sql, migrate_result *result)
{
    PGresult *answer = PQexec(db, sql);
    bool failed = PQresultStatus(answer) != PGRES_COMMAND_OK && PQresultStatus(answer) != PGRES_TUPLES_OK;
    if (failed)
        migrate_result_fail(result, PQresultErrorField(answer, PG_DIAG_SQLSTATE), 0, PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY), 0);
    if (PQnfields(answer) > 0)
        migrate_result_columns(result, (size_t)PQnfields(answer));
    for (int row = 0; row < PQntuples(answer); row++)
        for (int i = 0; i < PQnfields(answer); i++)
            migrate_result_value(result, PQgetisnull(answer, row, i) ? NULL : PQgetvalue(answer, row, i), (size_t)PQgetlength(answer, row, i));
    PQclear(answer);
    return failed;
}

static int32_t run(const char *sql, size_t length, migrate_result *result, void *user)
{
    return api.engine == API_SQLITE ? run_sqlite(user, sql, length, result) : run_postgresql(user, sql, result);
}

static void *connect_host(void)
{
    sqlite3 *db = NULL;
    if (api.engine == API_SQLITE)
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    return api.engine == API_SQLITE ? (void *)db : (void *)PQconnectdb(api.url);
}

/* On PostgreSQL it opens no second database: the words have to do, and the answer says so. On SQLite one in memory needs no driver. */
START_TEST(test_host)
{
    migrate_driver *driver = NULL;
    base();
    api_file("002_b.sql", "DELETE FROM gone;\n");
    api_close();
    void *db = connect_host();
    API_OK(migrate_driver_new(API_EITHER("sqlite", "postgresql"), db, &driver, api_error()));
    migrate_driver_set(driver, "exec", (migrate_function)run);
    migrate_driver_set(driver, "query", (migrate_function)run);
    API_OK(migrate_open_host(driver, api.options, &api.session, api_error()));
    migrate_driver_free(driver);
    ck_assert_int_eq(api_check("database"), api.engine == API_SQLITE ? MIGRATE_FINDINGS : MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), API_EITHER("scratch", "words"));
    ck_assert_int_eq(strcmp(api_value("reason"), "NULL") == 0, api.engine == API_SQLITE);
    ck_assert_int_eq(of_rule("DP01", "002_b"), 1);
    api_close();
    if (api.engine == API_SQLITE)
        ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    else
        PQfinish(db);
    check_clean();
}
END_TEST

API("check_ends", test_cancelled, test_cancelled_in_a_transaction, test_lost, test_reads_only, test_not_tried, test_host)
