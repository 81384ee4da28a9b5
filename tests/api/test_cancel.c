/* SPDX-License-Identifier: MIT
 * Asked to end, by a token from a signal handler or by run_deadline, wherever a run may be: inside COPY, inside CONCURRENTLY, while it
 * connects, waits or commits. It ends soon and leaves nothing behind, and the next run does the work.
 * TEST_VERBOSE=1 tells how long each one took. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- asking ---- */

enum { AFTER_MS = 700 };
static migrate_token *token;
static volatile double asked_at;

static void on_alarm(int signal)
{
    struct timespec now;
    (void)signal;
    clock_gettime(CLOCK_MONOTONIC, &now);
    asked_at = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    migrate_token_cancel(token);
}

/* Cancelled by a signal handler; then, from the same beginning, by run_deadline. The call would take half a minute. */
static void ends_soon(const char *what, int32_t (*call)(void), bool deadline)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {.it_value = {.tv_usec = AFTER_MS * 1000}};
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    api_close();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    int32_t code = call();
    double took = seconds() - asked_at;
    API_FAILS(code, MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_int_eq(migrate_token_state(token), 2);
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(token);
    if (getenv("TEST_VERBOSE"))
        printf("%s: %.0f ms after the token", what, took * 1000);
    ck_assert_double_lt(took, 3);
    if (deadline) {
        api_option("run_deadline", "700ms");
        double begun = seconds();
        API_FAILS(call(), MIGRATE_ERROR_TIMEOUT, "retry");
        took = seconds() - begun - AFTER_MS / 1000.0;
        if (getenv("TEST_VERBOSE"))
            printf(", %.0f ms after the deadline", took * 1000);
        ck_assert_double_lt(took, 3);
        api_option("run_deadline", "none");
    }
    if (getenv("TEST_VERBOSE"))
        printf("\n");
    api_close();
}

/* Nobody is at work or holds anything, a moment later; only the test's own sessions are there. */
static void check_clean(const char *applied)
{
    if (api.engine == API_SQLITE) {
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
        api_sql("BEGIN EXCLUSIVE; COMMIT");
    } else {
        double limit = seconds() + 20;
        while (strcmp(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE "
                                "'libmigrate%'"),
                      "0") != 0)
            ck_assert_double_lt(seconds(), limit);
    }
    ck_assert_str_eq(api_applied(), applied);
    ck_assert_str_eq(api_events("failed"), "0");
}

static void make_base(void)
{
    api_file("001_a.sql", "CREATE TABLE a (x integer);\n");
    API_OK(api_apply());
}

/* ---- PostgreSQL ---- */

START_TEST(test_copy)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END'; "
            "CREATE TRIGGER slow BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION slow()");
    char text[12000] = "COPY a FROM stdin;\n";
    for (int i = 0; i < 1000; i++)
        sprintf(text + strlen(text), "%d\n", i);
    strcat(text, "\\.\n");
    api_file("002_copy.sql", text);
    ends_soon("COPY", api_apply, true);
    check_clean("001_a");
    ck_assert_str_eq(api_query("SELECT count(*) FROM a"), "0");
    api_sql("DROP FUNCTION slow() CASCADE");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM a"), "1000");
}
END_TEST

START_TEST(test_concurrently)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_file("002_index.sql", "CREATE INDEX CONCURRENTLY a_x ON a (x);\n");
    PGconn *other = PQconnectdb(api.url); /* it waits for everybody who may still see what was */
    PQclear(PQexec(other, "BEGIN; INSERT INTO a VALUES (1)"));
    ends_soon("CONCURRENTLY", api_apply, false);
    PQclear(PQexec(other, "ROLLBACK"));
    PQfinish(other);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_index WHERE indexrelid = 'a_x'::regclass AND indisvalid"), "1");
}
END_TEST

/* What runs at COMMIT can be cancelled like any statement. */
START_TEST(test_triggers_at_commit)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; END'; "
            "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON a DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()");
    api_file("002_insert.sql", "INSERT INTO a VALUES (2);\n");
    ends_soon("COMMIT", api_apply, true);
    check_clean("001_a");
    api_option("transaction", "run");
    ends_soon("COMMIT of a whole run", api_apply, true);
    check_clean("001_a");
    ck_assert_str_eq(api_query("SELECT count(*) FROM a"), "0");
    api_sql("DROP FUNCTION slow() CASCADE");
    API_OK(api_apply());
}
END_TEST

/* A server that takes connections and says nothing. */
START_TEST(test_connecting)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char url[200];
    if (api.engine != API_POSTGRESQL)
        return;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(server, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(server, 5), 0);
    ck_assert_int_eq(getsockname(server, (struct sockaddr *)&address, &length), 0);
    snprintf(url, sizeof url, "postgresql://postgres@127.0.0.1:%d/postgres", ntohs(address.sin_port));
    api_use(url);
    api_option("wait_timeout", "1min");
    ends_soon("connecting", api_apply, false);
    close(server);
    ends_soon("connecting to nobody", api_apply, false);
}
END_TEST

/* ---- SQLite ---- */

/* In the rollback journal's mode a reader holds COMMIT up, for as long as it likes. */
START_TEST(test_readers_at_commit)
{
    sqlite3 *reader = NULL;
    if (api.engine != API_SQLITE)
        return;
    make_base();
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    ck_assert_int_eq(sqlite3_open(api.database, &reader), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM a; SELECT count(*) FROM libmigrate_history", NULL, NULL, NULL),
                     SQLITE_OK);
    ends_soon("COMMIT behind a reader", api_apply, true);
    ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
    check_clean("001_a");
    ck_assert_str_eq(api_tables(), "a");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "a b");
}
END_TEST

/* Work inside one step of SQLite's machine: sorting for an index, rewriting the file. */
START_TEST(test_sorting)
{
    if (api.engine != API_SQLITE)
        return;
    make_base();
    api_file("002_sort.sql",
             "CREATE TABLE big AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e9) "
             "SELECT random() AS r, i FROM n ORDER BY random();\n");
    ends_soon("sorting", api_apply, true);
    check_clean("001_a");
    api_file("002_sort.sql", "CREATE TABLE big (x integer);\n");
    API_OK(api_apply());
}
END_TEST

/* ---- both ---- */

START_TEST(test_waiting)
{
    sqlite3 *db = NULL;
    PGconn *connection = NULL;
    make_base();
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    } else {
        connection = PQconnectdb(api.url);
        PQclear(PQexec(connection, "SELECT pg_advisory_lock(('x' || substr(encode(sha256("
                                   "'libmigrate\\000public\\000libmigrate_history\\000'::bytea), 'hex'), 1, "
                                   "16))::bit(64)::bigint)"));
    }
    ends_soon("waiting for the lock", api_apply, true);
    sqlite3_close(db);
    PQfinish(connection);
    check_clean("001_a");
    API_OK(api_apply());
}
END_TEST

static int32_t wait_mode(void)
{
    return api_startup("wait");
}

START_TEST(test_mode_wait)
{
    api_file("001_a.sql", "CREATE TABLE a (x integer);\n");
    ends_soon("mode wait", wait_mode, false);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* The host calls other verbs between two steps; the deadline stays the run's. */
START_TEST(test_deadline_of_a_pulled_run)
{
    migrate_run *run = NULL;
    migrate_rows *rows = NULL;
    make_base();
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    api_file("003_long.sql",
             API_EITHER("CREATE TABLE c AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12) "
                        "SELECT count(*) AS c FROM n;\n",
                        "SELECT pg_sleep(30);\n"));
    api_option("run_deadline", "1500ms");
    API_OK(api_open(NULL));
    ck_assert_int_eq(migrate_run_begin(api.session, NULL, &run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_int_eq(migrate_status(api.session, &rows, NULL), MIGRATE_OK);
    migrate_rows_free(rows);
    double begun = seconds();
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_ERROR_TIMEOUT);
    ck_assert_double_lt(seconds() - begun, 10);
    ck_assert_int_eq(migrate_run_end(run, NULL, NULL), MIGRATE_OK);
    api_close();
    check_clean("001_a 002_b");
}
END_TEST

API("cancel", test_copy, test_concurrently, test_triggers_at_commit, test_connecting, test_readers_at_commit, test_sorting,
    test_waiting, test_mode_wait, test_deadline_of_a_pulled_run)
