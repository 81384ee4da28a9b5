/* SPDX-License-Identifier: MIT
 * What the library tells while it works, and how it is asked to end: by the callback, by a token, by time;
 * and runs that the host pulls step by step. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Takes long, unless it is cancelled: half a minute on PostgreSQL, longer on SQLite. */
#define LONG_STATEMENT                                                                                       \
    API_EITHER("CREATE TABLE endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "     \
               "WHERE i < 1e12) "                                                                            \
               "SELECT count(*) AS c FROM n;\n",                                                             \
               "SELECT pg_sleep(30);\n")

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make_table(const char *id, const char *more)
{
    char path[60], text[900];
    snprintf(path, sizeof path, "%s.sql", id);
    snprintf(text, sizeof text, "CREATE TABLE t%s (id integer);\n%s-- ROLLBACK: DROP TABLE t%s;\n", id, more,
             id);
    api_file(path, text);
}

/* ---- order and values ---- */

struct told {
    char names[2000]; /* name:id, separated by blanks; no debug, no progress */
    int progress, waiting;
    const char *cancel_at; /* an event's name */
    char last_failed[500];
};

static int32_t listen(const migrate_event *event, void *user)
{
    struct told *told = user;
    const char *name = migrate_event_name(event), *id = migrate_event_text(event, "id");
    ck_assert_ptr_nonnull(migrate_event_message(event));
    ck_assert_ptr_nonnull(strstr("debug info warning error", migrate_event_level(event)));
    if (strcmp(name, "failed") == 0)
        snprintf(told->last_failed, sizeof told->last_failed, "%s", migrate_event_message(event));
    if (strcmp(name, "step") == 0) {
        ck_assert_int_ge(migrate_event_int(event, "number"), 1);
        ck_assert_int_le(migrate_event_int(event, "number"), migrate_event_int(event, "count"));
        ck_assert_ptr_nonnull(migrate_event_text(event, "direction"));
    }
    ck_assert_ptr_null(migrate_event_text(event, "no such value"));
    ck_assert_int_eq(migrate_event_int(event, "no such value"), 0);
    told->progress += strcmp(name, "progress") == 0;
    told->waiting += strcmp(name, "waiting") == 0;
    if (strcmp(migrate_event_level(event), "debug") != 0 && strcmp(name, "progress") != 0) {
        size_t length = strlen(told->names);
        snprintf(told->names + length, sizeof told->names - length, "%s%s%s%s", length ? " " : "", name,
                 id ? ":" : "", id ? id : "");
    }
    return told->cancel_at && strcmp(name, told->cancel_at) == 0;
}

static void listen_to(struct told *told)
{
    ck_assert_int_eq(migrate_options_set_event(api.options, listen, told), MIGRATE_OK);
    api_close();
}

START_TEST(test_order)
{
    struct told told = {0};
    make_table("1", "");
    make_table("2", "");
    listen_to(&told);
    API_OK(api_apply());
    ck_assert_str_eq(told.names, API_EITHER("plan step:1 step:2 applied:1 applied:2 finished",
                                            "plan step:1 applied:1 step:2 applied:2 finished"));
    told.names[0] = '\0';
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(told.names, API_EITHER("plan backup backup step:2 rolled_back:2 finished", "plan step:2 rolled_back:2 finished"));
    make_table("2", "INSERT INTO absent VALUES (1);\n");
    told.names[0] = '\0';
    ck_assert_int_eq(api_apply(), MIGRATE_ERROR_SQL);
    ck_assert_str_eq(told.names, "plan step:2 failed:2");
    ck_assert_ptr_nonnull(strstr(told.last_failed, "absent"));
    api_option("transaction", "migration");
    make_table("2", "");
    make_table("3", "");
    listen_to(&told);
    told.names[0] = '\0';
    API_OK(api_apply());
    ck_assert_str_eq(told.names, "plan step:2 applied:2 step:3 applied:3 finished");
}
END_TEST

START_TEST(test_notice)
{
    struct told told = {0};
    if (api.engine != API_POSTGRESQL)
        return;
    make_table("1", "DROP TABLE IF EXISTS absent;\n");
    listen_to(&told);
    API_OK(api_apply());
    ck_assert_ptr_nonnull(strstr(told.names, "notice:1"));
}
END_TEST

START_TEST(test_at_least_one_a_second)
{
    struct told told = {0};
    api_file("1.sql",
             API_EITHER(
                 "CREATE TABLE c AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                 "1e12) SELECT count(*) AS c FROM n;",
                 "SELECT pg_sleep(30);"));
    listen_to(&told);
    ck_assert_int_eq(migrate_options_set(api.options, "run_deadline", "2500ms", NULL), MIGRATE_OK);
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_int_ge(told.progress, 2);
}
END_TEST

/* ---- asked to end ---- */

START_TEST(test_callback_cancels)
{
    struct told told = {.cancel_at = "applied"};
    make_table("1", "");
    make_table("2", "");
    listen_to(&told);
    api_option("transaction", "migration");
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    API_SAYS("callback");
    ck_assert_str_eq(api_tables(), "t1");
    ck_assert_str_eq(api_applied(), "1");
    told.cancel_at = NULL;
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

START_TEST(test_callback_cancels_a_statement)
{
    struct told told = {.cancel_at = "progress"};
    make_table("1", "");
    make_table("2", LONG_STATEMENT);
    listen_to(&told);
    double begun = seconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(seconds() - begun, 5);
    make_table("2", "");
    told.cancel_at = NULL;
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

struct later {
    migrate_token *token;
    double after;
    bool stop;
    double at;
};

static void *ask_later(void *user)
{
    struct later *later = user;
    usleep((useconds_t)(later->after * 1e6));
    later->at = seconds();
    if (later->stop)
        migrate_token_stop(later->token);
    else
        migrate_token_cancel(later->token);
    return NULL;
}

/* The call that is to be ended; returns how long it took to end from being asked. */
static double end_by_token(struct later *later, int32_t (*call)(void), int32_t *code)
{
    pthread_t thread;
    ck_assert_int_eq(migrate_token_new(&later->token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, later->token, NULL), MIGRATE_OK);
    api_close();
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_later, later), 0);
    *code = call();
    double ended = seconds();
    pthread_join(thread, NULL);
    ck_assert_int_eq(migrate_token_state(later->token), later->stop ? 1 : 2);
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(later->token);
    return ended - later->at;
}

START_TEST(test_token_cancels)
{
    struct later later = {.after = 0.5};
    int32_t code;
    make_table("1", "");
    make_table("2", LONG_STATEMENT);
    make_table("3", "");
    double took = end_by_token(&later, api_apply, &code);
    API_FAILS(code, MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(took, 2);
    api_close();
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_tables(), "t1");
    ck_assert_ptr_null(strstr(api_tables(), "t2"));
    ck_assert_str_eq(api_events("failed"), "0");
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    make_table("2", "");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2 t3");
}
END_TEST

START_TEST(test_token_cancels_a_lone_statement)
{
    struct later later = {.after = 0.5};
    int32_t code;
    char text[900];
    snprintf(text, sizeof text,
             "-- migrate: no-transaction\nCREATE TABLE t1 (id integer);\n%sCREATE TABLE t2 (id integer);\n",
             LONG_STATEMENT);
    api_file("1.sql", text);
    double took = end_by_token(&later, api_apply, &code);
    ck_assert_int_eq(code, MIGRATE_ERROR_CANCELLED);
    ck_assert_double_lt(took, 2);
    api_file("1.sql",
             "-- migrate: no-transaction\nCREATE TABLE t1 (id integer);\nCREATE TABLE t2 (id integer);\n");
    API_OK(api_apply()); /* the database said that the statement did not take place */
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

START_TEST(test_token_stops)
{
    struct later later = {.after = 0.3, .stop = true};
    int32_t code;
    make_table(
        "1",
        API_EITHER(
            "CREATE TABLE long AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
            "8000000) SELECT count(*) AS c FROM n;\nDROP TABLE long;\n",
            "SELECT pg_sleep(1);\n"));
    make_table("2", "");
    end_by_token(&later, api_apply, &code);
    ck_assert_int_eq(code, MIGRATE_STOPPED);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 1);
    ck_assert_str_eq(api_tables(), "t1");
    ck_assert_str_eq(api_applied(), "1");
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

/* Work that is not one transaction stops between two of its parts, and goes on there. */
START_TEST(test_token_stops_inside)
{
    struct later later = {.after = 0.3, .stop = true};
    int32_t code;
    api_file("1.sql", API_EITHER("CREATE TABLE t1 AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                                 "8000000) SELECT count(*) AS c FROM n;\nVACUUM;\nCREATE TABLE t2 (id integer);\n",
                                 "CREATE TABLE t1 AS SELECT 1 AS c FROM pg_sleep(1);\nVACUUM t1;\nCREATE TABLE t2 (id integer);\n"));
    end_by_token(&later, api_apply, &code);
    ck_assert_int_eq(code, MIGRATE_STOPPED);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 0);
    ck_assert_str_eq(api_tables(), "t1");
    ck_assert_str_eq(api_applied(), "");
    ck_assert_str_eq(api_events("failed"), "0");
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
    ck_assert_str_eq(api_applied(), "1");
}
END_TEST

START_TEST(test_token_before)
{
    migrate_token *token = NULL;
    make_table("1", "");
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_token_state(token), 0);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    API_OK(api_open(NULL));
    migrate_token_cancel(token);
    migrate_token_stop(token);
    ck_assert_int_eq(migrate_token_state(token), 2);
    migrate_token_free(token); /* the session has its own */
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

static int32_t wait_for_another(void)
{
    return api_startup("wait");
}

START_TEST(test_token_ends_waiting)
{
    struct later later = {.after = 0.3, .stop = true};
    int32_t code;
    make_table("1", "");
    double took = end_by_token(&later, wait_for_another, &code);
    ck_assert_int_eq(code, MIGRATE_ERROR_CANCELLED);
    ck_assert_double_lt(took, 2);
}
END_TEST

/* Somebody else holds the lock. */
START_TEST(test_token_ends_waiting_for_the_lock)
{
    struct told told = {0};
    struct later later = {.after = 2.5};
    int32_t code;
    sqlite3 *db = NULL;
    PGconn *connection = NULL;
    make_table("1", "");
    API_OK(api_apply());
    make_table("2", "");
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    } else { /* key: SHA-256 of the names, as DESIGN says; asked of a run that holds it */
        connection = PQconnectdb(api.url);
        PGresult *result =
            PQexec(connection, "SELECT pg_advisory_lock(('x' || substr(encode(sha256("
                               "'libmigrate\\000public\\000libmigrate_history\\000'::bytea), 'hex'), 1, "
                               "16))::bit(64)::bigint)");
        ck_assert_int_eq(PQresultStatus(result), PGRES_TUPLES_OK);
        PQclear(result);
    }
    listen_to(&told);
    double took = end_by_token(&later, api_apply, &code);
    ck_assert_int_eq(code, MIGRATE_ERROR_CANCELLED);
    ck_assert_double_lt(took, 2);
    ck_assert_int_ge(told.waiting, 2);
    api_option("wait_timeout", "600ms");
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    sqlite3_close(db);
    PQfinish(connection);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

START_TEST(test_deadline)
{
    make_table("1", "");
    make_table("2", LONG_STATEMENT);
    api_option("run_deadline", "700ms");
    double begun = seconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_double_lt(seconds() - begun, 5);
    make_table("2", "");
    api_option("run_deadline", "none");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "t1 t2");
}
END_TEST

static int32_t dawdle(migrate_connection *connection, void *user)
{
    (void)connection, (void)user;
    usleep(300000);
    return 0;
}

START_TEST(test_budget)
{
    migrate_source *source = NULL;
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    for (int i = 1; i <= 3; i++) {
        char id[20];
        snprintf(id, sizeof id, "%d", i);
        ck_assert_int_eq(migrate_source_add_code(source, id, "1", dawdle, NULL, NULL, NULL), MIGRATE_OK);
    }
    api_source(source);
    api_option("run_budget", "450ms");
    ck_assert_int_eq(api_apply(), MIGRATE_STOPPED);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 2);
    ck_assert_str_eq(api_applied(), "1 2");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "1 2 3");
    migrate_source_free(source);
}
END_TEST

/* ---- pulled ---- */

START_TEST(test_pulled)
{
    migrate_run *run = NULL;
    migrate_rows *report = NULL;
    make_table("1", "");
    make_table("2", "");
    make_table("3", "INSERT INTO absent VALUES (1);\n");
    API_OK(api_open(NULL));
    ck_assert_int_eq(migrate_run_begin(api.session, NULL, &run, NULL), MIGRATE_OK);
    ck_assert_str_eq(api_applied(), "");
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_str_eq(api_applied(), "1");
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_str_eq(api_applied(), "1 2");
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_ERROR_SQL);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_ERROR_MISUSE);
    ck_assert_int_eq(migrate_run_end(run, &report, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_rows_value_int(report, "applied"), 2);
    ck_assert_str_eq(migrate_rows_value_text(report, "to"), "2");
    migrate_rows_free(report);
    make_table("3", "");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_pulled_to_the_end)
{
    migrate_run *run = NULL;
    make_table("1", "");
    make_table("2", "");
    API_OK(api_open(NULL));
    ck_assert_int_eq(migrate_run_begin(api.session, NULL, &run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_end(run, NULL, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_begin(api.session, NULL, &run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_end(run, NULL, NULL), MIGRATE_OK);
}
END_TEST

/* An end before the end lets others in at once. */
START_TEST(test_pulled_and_left)
{
    migrate_run *run = NULL;
    migrate_session *other = NULL;
    make_table("1", "");
    make_table("2", "");
    API_OK(api_open(NULL));
    ck_assert_int_eq(migrate_run_begin(api.session, NULL, &run, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_run_step(run, NULL), MIGRATE_MORE);
    ck_assert_int_eq(migrate_run_end(run, NULL, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_open(api.url, api.options, &other, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_apply(other, NULL, NULL, NULL), MIGRATE_OK);
    migrate_close(other);
    ck_assert_str_eq(api_applied(), "1 2");
    API_OK(api_apply());
}
END_TEST

API("events", test_order, test_notice, test_at_least_one_a_second, test_callback_cancels,
    test_callback_cancels_a_statement, test_token_cancels, test_token_cancels_a_lone_statement,
    test_token_stops, test_token_stops_inside, test_token_before, test_token_ends_waiting, test_token_ends_waiting_for_the_lock,
    test_deadline, test_budget, test_pulled, test_pulled_to_the_end, test_pulled_and_left)
