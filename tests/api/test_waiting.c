/* SPDX-License-Identifier: MIT
 * Many programs and one lock: whoever waits says for whom, leaves as soon as it may, learns of a failure, outlives a broken connection,
 * and leaves nothing behind. */
#include "api.h"
#include "migrate_libpq.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- processes ---- */

/* What children tell their parent. */
static struct shared {
    atomic_int attempts, holding;
    char message[1000], id[100], application[100], statement[200];
    int64_t pid, since;
} *shared;

static void share(void)
{
    if (!shared)
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
    memset(shared, 0, sizeof *shared);
}

static pid_t start(const char *mode, migrate_event_fn listen)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child;
    migrate_error *error = NULL;
    if (listen)
        migrate_options_set_event(api.options, listen, NULL);
    migrate_options_set(api.options, "mode", mode, NULL);
    int32_t code = migrate_startup(api.url, api.options, NULL, &error);
    char *text = NULL;
    if (error && migrate_error_text(error, &text) == MIGRATE_OK && getenv("TEST_VERBOSE"))
        fprintf(stderr, "%d: %s\n", (int)getpid(), text);
    _exit(code < 0 ? -code : code);
}

static int end(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "a child was killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static bool ended(pid_t child, int *code)
{
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child)
        return false;
    ck_assert(WIFEXITED(status));
    *code = WEXITSTATUS(status);
    return true;
}

/* Of this database: others may be tested on the same server. */
#define ADVISORY_LOCKS                                                                                       \
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' " \
    "AND d.datname = current_database()"

/* For half a minute at most. */
static void until(const char *sql, const char *expected)
{
    double limit = seconds() + 30;
    while (strcmp(api_query(sql), expected) != 0) {
        ck_assert_msg(seconds() < limit, "%s is not %s but %s", sql, expected, api_query(sql));
        usleep(20000);
    }
}

static void until_holding(void)
{
    double limit = seconds() + 30;
    while (atomic_load(&shared->holding) == 0) {
        ck_assert_msg(seconds() < limit, "nobody has the lock");
        usleep(10000);
    }
}

/* ---- migrations that take their time ---- */

static int dawdle_ms;

static int32_t dawdle(migrate_connection *connection, void *user)
{
    (void)connection, (void)user;
    atomic_fetch_add(&shared->attempts, 1);
    atomic_store(&shared->holding, 1);
    usleep((useconds_t)dawdle_ms * 1000);
    return 0;
}

static int32_t dawdle_and_fail(migrate_connection *connection, void *user)
{
    dawdle(connection, user);
    return migrate_connection_fail(connection, "broken build");
}

static void add_code(int count, int milliseconds, migrate_code_fn fn)
{
    migrate_source *source = NULL;
    dawdle_ms = milliseconds;
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    for (int i = 1; i <= count; i++) {
        char id[30];
        snprintf(id, sizeof id, "%03d_slow", i);
        ck_assert_int_eq(migrate_source_add_code(source, id, "1", fn, NULL, NULL, NULL), MIGRATE_OK);
    }
    api_source(source);
    migrate_source_free(source);
}

/* ---- what waiters say ---- */

static int32_t remember_waiting(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "waiting") != 0)
        return 0;
    const char *id = migrate_event_text(event, "id"), *application = migrate_event_text(event, "application"),
               *statement = migrate_event_text(event, "statement");
    snprintf(shared->message, sizeof shared->message, "%s", migrate_event_message(event));
    snprintf(shared->id, sizeof shared->id, "%s", id ? id : "");
    snprintf(shared->application, sizeof shared->application, "%s", application ? application : "");
    snprintf(shared->statement, sizeof shared->statement, "%s", statement ? statement : "");
    shared->pid = migrate_event_int(event, "pid");
    shared->since = migrate_event_int(event, "since");
    return 0;
}

START_TEST(test_names_the_holder)
{
    share();
    api_option("application", "billing 2.7 with a name that is longer than the server's list has room for");
    add_code(1, 2500, dawdle);
    pid_t holder = start("apply", NULL);
    until_holding();
    pid_t waiter = start("apply", remember_waiting);
    ck_assert_int_eq(end(holder), 0);
    ck_assert_int_eq(end(waiter), 0);
    ck_assert_int_eq(atomic_load(&shared->attempts), 1);
    if (api.engine == API_SQLITE) {
        ck_assert_str_eq(shared->message, "waiting for another process that writes to the database");
        return;
    }
    char part[300];
    snprintf(part, sizeof part, "waiting for pid %d, user ", (int)shared->pid);
    ck_assert_msg(strstr(shared->message, part) == shared->message, "%s", shared->message);
    ck_assert_str_eq(shared->id, "001_slow");
    ck_assert_str_eq(shared->application, "billing 2.7 with a name that is longer than the serve");
    ck_assert_ptr_nonnull(strstr(shared->message, "application \"billing 2.7 with a name that is longer than the serve\""));
    ck_assert_ptr_nonnull(strstr(shared->message, "host 127.0.0.1, connected since 2"));
    ck_assert_ptr_nonnull(strstr(shared->message, "UTC, at 001_slow"));
    ck_assert_int_gt(shared->since, INT64_C(1700000000000000));
    snprintf(part, sizeof part, "SELECT pg_terminate_backend(%d)", (int)shared->pid);
    ck_assert_str_eq(shared->statement, part);
}
END_TEST

/* The error has what ends the holder, and that does end it. */
START_TEST(test_timeout_names_the_holder)
{
    share();
    add_code(1, 60000, dawdle);
    pid_t holder = start("apply", NULL);
    until_holding();
    api_option("wait_timeout", "600ms");
    double begun = seconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    ck_assert_double_ge(seconds() - begun, 0.5);
    API_SAYS("600ms");
    if (api.engine == API_SQLITE) {
        API_SAYS("lsof");
        kill(holder, SIGKILL);
        waitpid(holder, NULL, 0);
        return;
    }
    API_SAYS("held by pid ");
    API_SAYS("at 001_slow");
    const char *statement = strstr(migrate_error_hint(api.error), "SELECT pg_terminate_backend(");
    ck_assert_ptr_nonnull(statement);
    api_sql(statement);
    until(ADVISORY_LOCKS, "0");
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}
END_TEST

/* ---- how long they wait ---- */

static int32_t stay_after_the_last(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "applied") == 0 && strcmp(migrate_event_text(event, "id"), "002_slow") == 0)
        sleep(30);
    return 0;
}

START_TEST(test_leaves_though_it_is_locked)
{
    share();
    add_code(2, 300, dawdle);
    pid_t holder = start("apply", stay_after_the_last);
    until_holding();
    ck_assert_int_eq(end(start("apply", NULL)), 0);
    int code;
    ck_assert(!ended(holder, &code));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    ck_assert_int_eq(atomic_load(&shared->attempts), 2);
}
END_TEST

/* A newer build did all that an older one wanted, and more. */
START_TEST(test_leaves_though_it_is_behind)
{
    share();
    add_code(2, 300, dawdle);
    pid_t holder = start("apply", stay_after_the_last);
    until_holding();
    add_code(1, 300, dawdle);
    api_option("on_ahead", "warn");
    ck_assert_int_eq(end(start("apply", NULL)), 0);
    int code;
    ck_assert(!ended(holder, &code));
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
}
END_TEST

/* Longer than wait_timeout, but never that long without a row. */
START_TEST(test_patience_with_progress)
{
    share();
    api_option("commit_every", "1us");
    add_code(4, 1500, dawdle);
    pid_t holder = start("apply", NULL);
    until_holding();
    api_option("wait_timeout", "4s");
    pid_t waiters[2] = {start("apply", NULL), start("wait", NULL)};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(end(waiters[i]), 0);
    ck_assert_int_eq(end(holder), 0);
    ck_assert_int_eq(atomic_load(&shared->attempts), 4);
}
END_TEST

START_TEST(test_deadline_ends_waiting)
{
    share();
    add_code(1, 5000, dawdle);
    pid_t holder = start("apply", NULL);
    until_holding();
    api_option("run_deadline", "500ms");
    double begun = seconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_double_lt(seconds() - begun, 4);
    ck_assert_int_eq(end(holder), 0);
}
END_TEST

/* ---- broken builds ---- */

enum { STARTERS = 12 };

static void start_wave(void)
{
    pid_t children[STARTERS];
    for (int i = 0; i < STARTERS; i++)
        children[i] = start("apply", NULL);
    for (int i = 0; i < STARTERS; i++)
        ck_assert_int_ne(end(children[i]), 0);
}

START_TEST(test_waves_of_a_broken_build)
{
    share();
    add_code(1, 1500, dawdle_and_fail);
    start_wave();
    ck_assert_int_eq(atomic_load(&shared->attempts), 1);
    ck_assert_str_eq(api_events("failed"), "1");
    /* The first to fail again says nothing, as nobody may be there to hear it: a minute has not passed. The next one does. */
    start_wave();
    ck_assert_int_le(atomic_load(&shared->attempts), 3);
    ck_assert_str_eq(api_events("applied"), "0");
}
END_TEST

START_TEST(test_mode_wait_hears_of_the_failure)
{
    share();
    add_code(1, 1000, dawdle_and_fail);
    api_option("wait_timeout", "1min");
    pid_t leader = start("apply", NULL);
    until_holding();
    double begun = seconds();
    API_FAILS(api_startup("wait"), MIGRATE_ERROR_SQL, "source");
    API_SAYS("broken build");
    ck_assert_double_lt(seconds() - begun, 30);
    ck_assert_int_eq(end(leader), -MIGRATE_ERROR_CODE);
    /* What failed before it began to wait is an old story. */
    api_option("wait_timeout", "500ms");
    API_FAILS(api_startup("wait"), MIGRATE_ERROR_TIMEOUT, "retry");
}
END_TEST

/* ---- connections that break ---- */

/* Every session of this database but the one that asks. */
#define TERMINATE_OTHERS(which)                                                                              \
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND "  \
    "pid <> pg_backend_pid() AND " which

START_TEST(test_wait_outlives_connections)
{
    if (api.engine != API_POSTGRESQL)
        return;
    share();
    add_code(1, 100, dawdle);
    pid_t waiter = start("wait", NULL);
    for (int i = 0; i < 3; i++) {
        usleep(300000);
        api_query(TERMINATE_OTHERS("true"));
    }
    int code;
    ck_assert(!ended(waiter, &code));
    ck_assert_int_eq(end(start("apply", NULL)), 0);
    ck_assert_int_eq(end(waiter), 0);
}
END_TEST

START_TEST(test_lock_wait_outlives_connections)
{
    if (api.engine != API_POSTGRESQL)
        return;
    share();
    add_code(1, 3000, dawdle);
    pid_t holder = start("apply", NULL);
    until_holding();
    pid_t waiter = start("apply", NULL);
    for (int i = 0; i < 3; i++) {
        usleep(300000);
        api_query(TERMINATE_OTHERS("query NOT LIKE '%application_name%' AND pid NOT IN (SELECT pid FROM pg_locks WHERE "
                                   "locktype = 'advisory')"));
    }
    ck_assert_int_eq(end(holder), 0);
    ck_assert_int_eq(end(waiter), 0);
    ck_assert_int_eq(atomic_load(&shared->attempts), 1);
}
END_TEST

/* ---- what is left behind ---- */

struct later {
    migrate_token *token;
    useconds_t after;
};

static void *cancel_later(void *user)
{
    struct later *later = user;
    usleep(later->after);
    migrate_token_cancel(later->token);
    return NULL;
}

/* Cancelled at any time, the host's own connection is as it was: no lock, no transaction. */
START_TEST(test_cancelled_anywhere)
{
    if (api.engine != API_POSTGRESQL)
        return;
    PGconn *connection = PQconnectdb(api.url);
    int cancelled = 0;
    api_file("001_a.sql", "CREATE TABLE a (x integer);\n-- ROLLBACK: DROP TABLE a;\n");
    API_OK(api_apply());
    for (int i = 0; i < 150; i++) {
        struct later later = {.after = (useconds_t)(i * 37 % 3000)};
        migrate_session *session = NULL;
        pthread_t thread;
        ck_assert_int_eq(migrate_token_new(&later.token, NULL), MIGRATE_OK);
        ck_assert_int_eq(migrate_options_set_token(api.options, later.token, NULL), MIGRATE_OK);
        ck_assert_int_eq(migrate_open_libpq(connection, api.options, &session, NULL), MIGRATE_OK);
        ck_assert_int_eq(pthread_create(&thread, NULL, cancel_later, &later), 0);
        int32_t code = i % 2 ? migrate_apply(session, NULL, NULL, NULL) : migrate_rollback(session, "empty", NULL, NULL);
        ck_assert(code == MIGRATE_OK || code == MIGRATE_ERROR_CANCELLED);
        cancelled += code != MIGRATE_OK;
        pthread_join(thread, NULL);
        migrate_close(session);
        migrate_options_set_token(api.options, NULL, NULL);
        migrate_token_free(later.token);
        ck_assert_int_eq(PQtransactionStatus(connection), PQTRANS_IDLE);
        PGresult *result = PQexec(
            connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()");
        ck_assert_str_eq(PQgetvalue(result, 0, 0), "0");
        PQclear(result);
    }
    ck_assert_int_gt(cancelled, 0);
    PQfinish(connection);
    ck_assert_str_eq(api_events("failed"), "0");
}
END_TEST

/* A waiter with a snapshot would stop CREATE INDEX CONCURRENTLY, which waits for all that are older. */
START_TEST(test_waiters_hold_no_snapshot)
{
    if (api.engine != API_POSTGRESQL)
        return;
    pid_t waiters[4], holder;
    api_file("001_a.sql", "CREATE TABLE a AS SELECT i FROM generate_series(1, 1000) AS i;\n");
    api_file("002_wait.sql", "SELECT pg_sleep(1.5);\n");
    api_file("003_index.sql", "CREATE INDEX CONCURRENTLY a_i ON a (i);\n");
    holder = start("apply", NULL);
    until(ADVISORY_LOCKS, "1");
    for (int i = 0; i < 4; i++)
        waiters[i] = start("apply", NULL);
    usleep(500000); /* they have connected by now, and the holder still sleeps */
    for (int i = 0; i < 30; i++) {
        ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE "
                                   "'idle in%' AND application_name = 'libmigrate'"),
                         "0");
        usleep(10000);
    }
    ck_assert_int_eq(end(holder), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(end(waiters[i]), 0);
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_index WHERE indexrelid = 'a_i'::regclass AND indisvalid"), "1");
    ck_assert_str_eq(api_events("failed"), "0");
}
END_TEST

/* Products with their own histories in one table have locks of their own, and the table is nobody's alone. */
START_TEST(test_modules_make_the_table_together)
{
    enum { MODULES = 6, ROUNDS = 5 };
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[MODULES];
        for (int i = 0; i < MODULES; i++) {
            char module[20], path[40], text[80];
            snprintf(module, sizeof module, "m%d", i);
            snprintf(path, sizeof path, "%s/001_a.sql", module);
            snprintf(text, sizeof text, "CREATE TABLE %s (x integer);\n", module);
            api_file(path, text);
            snprintf(path, sizeof path, "%s", module);
            char dir[400];
            snprintf(dir, sizeof dir, "%s/%s", api.dir, module);
            migrate_options_set(api.options, "module", module, NULL);
            migrate_options_set(api.options, "dir", dir, NULL);
            migrate_options_set(api.options, "on_unmanaged", "apply", NULL);
            children[i] = start("apply", NULL);
        }
        for (int i = 0; i < MODULES; i++)
            ck_assert_int_eq(end(children[i]), 0);
        ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE event = 'applied'"), "6");
        ck_assert_str_eq(api_events("failed"), "0");
        api_sql("DROP TABLE libmigrate_history");
        for (int i = 0; i < MODULES; i++) {
            char sql[40];
            snprintf(sql, sizeof sql, "DROP TABLE m%d", i);
            api_sql(sql);
        }
    }
}
END_TEST

/* Together they make the file; all succeed, and one did the work. */
START_TEST(test_sixty_four_make_the_file)
{
    enum { MANY = 64 };
    pid_t children[MANY];
    if (api.engine != API_SQLITE)
        return;
    for (int i = 1; i <= 5; i++) {
        char path[40], text[200];
        snprintf(path, sizeof path, "%03d_t.sql", i);
        snprintf(text, sizeof text, "CREATE TABLE t%d (x integer);\nINSERT INTO t%d VALUES (1);\n", i, i);
        api_file(path, text);
    }
    api_option("wait_timeout", "1min");
    for (int i = 0; i < MANY; i++)
        children[i] = start("apply", NULL);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(end(children[i]), 0);
    ck_assert_str_eq(api_events("applied"), "5");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t5"), "1");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
}
END_TEST

/* A lone statement in WAL mode, where readers go on: those who see it begun, but not ended, wait as long as somebody writes. */
START_TEST(test_lone_statement_is_not_taken_for_dead)
{
    enum { MANY = 10 };
    pid_t children[MANY];
    if (api.engine != API_SQLITE)
        return;
    api_sql("PRAGMA journal_mode = wal");
    api_file("001_a.sql", "CREATE TABLE a (x integer);\n");
    api_file("002_slow.sql", "-- migrate: no-transaction\nCREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT "
                             "i + 1 FROM n WHERE i < 20000000) SELECT count(*) AS c FROM n;\n");
    api_option("wait_timeout", "1min");
    for (int i = 0; i < MANY; i++)
        children[i] = start("apply", NULL);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(end(children[i]), 0);
    ck_assert_str_eq(api_events("started"), "1");
    ck_assert_str_eq(api_applied(), "001_a 002_slow");
}
END_TEST

API("waiting", test_names_the_holder, test_timeout_names_the_holder, test_leaves_though_it_is_locked,
    test_leaves_though_it_is_behind, test_patience_with_progress, test_deadline_ends_waiting, test_waves_of_a_broken_build,
    test_mode_wait_hears_of_the_failure, test_wait_outlives_connections, test_lock_wait_outlives_connections,
    test_cancelled_anywhere, test_waiters_hold_no_snapshot, test_modules_make_the_table_together,
    test_sixty_four_make_the_file, test_lone_statement_is_not_taken_for_dead)
