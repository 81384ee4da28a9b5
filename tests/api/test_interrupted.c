/* SPDX-License-Identifier: MIT
 * While the schema is being read for a fingerprint or for a rollback text: asked to end, or cut off. It ends soon, the history says what is
 * so, and the next run does the work and leaves what this one should have left. A view keeps its reader waiting whose table somebody holds. */
#include "api.h"

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- asking for an end ---- */

static migrate_token *token;
static volatile double asked_at, step_at;
static double cancel_after; /* the step began, in seconds; 0: never */

static void on_alarm(int signal)
{
    (void)signal;
    asked_at = seconds();
    migrate_token_cancel(token);
}

static int32_t listen(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "step") != 0)
        return 0;
    step_at = seconds();
    if (cancel_after > 0) {
        struct itimerval timer = {.it_value = {.tv_usec = (suseconds_t)(cancel_after * 1e6)}};
        setitimer(ITIMER_REAL, &timer, NULL);
    }
    return 0;
}

/* OK or CANCELLED; what it was asked for is done soon. */
static int32_t apply_cancelled_after(double after)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval never = {0};
    sigaction(SIGALRM, &action, NULL);
    cancel_after = after;
    asked_at = 0;
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    ck_assert_int_eq(migrate_options_set_event(api.options, listen, NULL), MIGRATE_OK);
    api_close();
    int32_t code = api_apply();
    double took = asked_at > 0 ? seconds() - asked_at : 0;
    setitimer(ITIMER_REAL, &never, NULL);
    cancel_after = 0;
    if (code != MIGRATE_OK)
        API_FAILS(code, MIGRATE_ERROR_CANCELLED, "cancelled");
    API_OK(migrate_options_set_token(api.options, NULL, api_error()));
    migrate_token_free(token);
    api_close();
    if (getenv("TEST_VERBOSE"))
        printf("asked after %.0f ms: %d, %.0f ms later\n", after * 1000, (int)code, took * 1000);
    ck_assert_double_lt(took, 1);
    return code;
}

static bool applied(const char *id)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM libmigrate_history WHERE event = 'applied' AND id = '%s'", id);
    const char *count = api_query(sql);
    ck_assert(strcmp(count, "0") == 0 || strcmp(count, "1") == 0);
    return *count == '1';
}

static bool there(const char *table)
{
    char sql[200];
    snprintf(sql, sizeof sql, API_EITHER("SELECT count(*) FROM sqlite_master WHERE name = '%s'", "SELECT count(to_regclass('%s'))"), table);
    return *api_query(sql) == '1';
}

static int32_t diff(void)
{
    migrate_rows *rows = NULL;
    API_OK(api_open(NULL));
    int32_t code = migrate_diff(api.session, &rows, api_error());
    if (code >= 0) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

/* The next run leaves everything in order. */
static void check_next(void)
{
    ck_assert_str_eq(api_events("failed"), "0");
    API_OK(api_apply());
    API_OK(diff());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "by"), "fingerprint");
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    else
        ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"), "0");
    api_close();
}

static char *many_tables(void)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; i < API_EITHER(1200, 500); i++)
        fprintf(out, "CREATE TABLE many%d (id integer PRIMARY KEY, a varchar(10) NOT NULL DEFAULT 'x' CHECK (a <> ''), b integer UNIQUE);\n", i);
    fclose(out);
    return text;
}

static void many(void)
{
    char *text = many_tables();
    api_option("generate_down", "off");
    api_file("001_many.sql", text);
    API_OK(api_apply());
    free(text);
}

/* Wherever in the reading: a small step, and a schema that takes its time. */
START_TEST(test_cancelled_at_the_end)
{
    char file[60], id[40], table[40], sql[100];
    double whole = 0;
    int cancelled = 0;
    many();
    for (int i = 0; i <= 8; i++) {
        snprintf(id, sizeof id, "%03d_small", i + 2);
        snprintf(file, sizeof file, "%s.sql", id);
        snprintf(table, sizeof table, "small%d", i);
        snprintf(sql, sizeof sql, "CREATE TABLE %s (id integer);\n", table);
        api_file(file, sql);
        api_option("fingerprint", "on");
        api_option("keep_facts", i % 2 ? "on" : "off");
        int32_t code = apply_cancelled_after(whole * i / 8);
        if (i == 0) {
            whole = seconds() - step_at;
            ck_assert_int_eq(code, MIGRATE_OK);
            ck_assert_double_gt(whole, 0.02);
        }
        cancelled += code == MIGRATE_ERROR_CANCELLED;
        ck_assert_int_eq(applied(id), code == MIGRATE_OK);
        ck_assert_int_eq(there(table), code == MIGRATE_OK);
        check_next();
        ck_assert(applied(id) && there(table));
    }
    ck_assert_int_ge(cancelled, 4);
}
END_TEST

static int32_t at_third(const migrate_event *event, void *user)
{
    (void)user;
    asked_at = seconds();
    return strcmp(migrate_event_name(event), "step") == 0 && strcmp(migrate_event_text(event, "id"), "004_d") == 0;
}

/* What was done before the end was asked for stays, and is found again without its fingerprint. */
START_TEST(test_cancelled_between)
{
    many();
    api_option("fingerprint", "on");
    api_file("002_b.sql", "CREATE TABLE b (id integer);\n");
    api_file("003_c.sql", "CREATE TABLE c (id integer);\n");
    api_file("004_d.sql", "CREATE TABLE d (id integer);\n");
    ck_assert_int_eq(migrate_options_set_event(api.options, at_third, NULL), MIGRATE_OK);
    api_close();
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(seconds() - asked_at, 1);
    ck_assert_str_eq(api_applied(), "001_many 002_b 003_c");
    ck_assert(there("c") && !there("d"));
    ck_assert_int_eq(migrate_options_set_event(api.options, NULL, NULL), MIGRATE_OK);
    API_OK(diff());
    check_next();
    ck_assert(there("d"));
}
END_TEST

/* ---- PostgreSQL: behind a lock ---- */

static PGconn *holder;

static void hold(void)
{
    PGresult *result;
    if (!holder)
        holder = PQconnectdb(api.url);
    result = PQexec(holder, "BEGIN; SET LOCAL lock_timeout TO '2s'; LOCK TABLE a IN ACCESS EXCLUSIVE MODE");
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(holder));
    PQclear(result);
}

static void let_go(void)
{
    PQclear(PQexec(holder, "ROLLBACK"));
}

static void viewed(void)
{
    holder = NULL;
    api_file("001_a.sql", "CREATE TABLE a (x integer);\nCREATE VIEW v AS SELECT x FROM a;\n");
    api_option("generate_down", "off");
    API_OK(api_apply());
    api_option("ddl_lock_timeout", "1min");
}

START_TEST(test_cancelled_behind_a_lock)
{
    if (api.engine != API_POSTGRESQL)
        return;
    viewed();
    api_option("fingerprint", "on");
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    hold(); /* the last thing that the run does is to read */
    ck_assert_int_eq(apply_cancelled_after(0.3), MIGRATE_ERROR_CANCELLED);
    ck_assert(!applied("002_b") && !there("b"));
    ck_assert_int_eq(migrate_options_set_event(api.options, NULL, NULL), MIGRATE_OK);
    api_option("run_deadline", "700ms");
    double begun = seconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_double_lt(seconds() - begun, 2);
    ck_assert(!applied("002_b") && !there("b"));
    api_option("run_deadline", "none");
    let_go();
    check_next();
    ck_assert(applied("002_b") && there("b"));
    PQfinish(holder);
}
END_TEST

/* Nobody asks for an end: the migration is worth more than its fingerprint, and who only wants to look hears why he cannot. */
START_TEST(test_behind_a_lock)
{
    if (api.engine != API_POSTGRESQL)
        return;
    viewed();
    api_option("fingerprint", "on");
    api_option("ddl_lock_timeout", "300ms");
    api_option("wait_timeout", "700ms");
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    API_OK(api_apply());
    api_file("003_c.sql", "CREATE TABLE c (x integer);\n");
    hold(); /* from the first look on, whether the schema is as the last run left it */
    double begun = seconds();
    API_OK(api_apply());
    ck_assert_double_lt(seconds() - begun, 9);
    ck_assert_int_ge(api_told("warning"), 1);
    ck_assert_str_eq(api_query("SELECT count(fingerprint) FROM libmigrate_history"), "1");
    begun = seconds();
    API_FAILS(diff(), MIGRATE_ERROR_LOCKED, "retry");
    ck_assert_double_lt(seconds() - begun, 3);
    let_go();
    API_OK(diff());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "by"), "replay"); /* the newest run left none */
    api_file("004_d.sql", "CREATE TABLE d (x integer);\n");
    check_next();
    PQfinish(holder);
}
END_TEST

/* ---- PostgreSQL: cut off while a rollback text is made ---- */

enum { BEFORE, MEANWHILE, BEHIND };

static struct {
    int when, seen, cuts;
} cut;

static void end_sessions(void)
{
    api_sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'libmigrate%'");
    cut.cuts++;
}

/* The first second passes behind the lock or in the migration's own statement, the next one behind the lock. */
static int32_t cut_off(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "progress") != 0 || cut.cuts > 0)
        return 0;
    if (cut.when == BEHIND && cut.seen++ == 0) {
        hold(); /* what was read before holds nothing any more */
        return 0;
    }
    end_sessions();
    if (cut.when != MEANWHILE)
        let_go();
    return 0;
}

static const char *kept(const char *id)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT coalesce(down_sql, '-') FROM libmigrate_history WHERE event = 'applied' AND id = '%s'", id);
    return api_query(sql);
}

/* Nothing is lost, and nothing is there twice: the text is made by the attempt that succeeds. */
static void check_cut(int when)
{
    if (api.engine != API_POSTGRESQL)
        return;
    viewed();
    api_option("generate_down", "on");
    api_option("fingerprint", "on");
    api_file("002_b.sql", when == BEFORE ? "CREATE TABLE b (x integer);\n" : "CREATE TABLE b (x integer);\nSELECT pg_sleep(1.5);\n");
    api_file("003_c.sql", "ALTER TABLE b ADD y text;\n");
    memset(&cut, 0, sizeof cut);
    cut.when = when;
    ck_assert_int_eq(migrate_options_set_event(api.options, cut_off, NULL), MIGRATE_OK);
    api_close();
    if (when == BEFORE)
        hold();
    API_OK(api_apply());
    ck_assert_int_eq(cut.cuts, 1);
    ck_assert_str_eq(api_column("down"), "generated generated");
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
    ck_assert(strstr(kept("002_b"), "DROP TABLE"));
    ck_assert(strstr(kept("003_c"), "DROP COLUMN"));
    check_next();
    ck_assert_str_eq(api_events("applied"), "3");
    api_option("stored_down", "allow");
    API_OK(api_rollback("-2"));
    ck_assert(!there("b") && there("v"));
    PQfinish(holder);
}

START_TEST(test_cut_before)
{
    check_cut(BEFORE);
}
END_TEST

START_TEST(test_cut_meanwhile)
{
    check_cut(MEANWHILE);
}
END_TEST

START_TEST(test_cut_behind)
{
    check_cut(BEHIND);
}
END_TEST

API("interrupted", test_cancelled_at_the_end, test_cancelled_between, test_cancelled_behind_a_lock, test_behind_a_lock, test_cut_before,
    test_cut_meanwhile, test_cut_behind)
