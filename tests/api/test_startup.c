/* SPDX-License-Identifier: MIT
 * The lifespan hook: what each mode does and does not do, how little a start with nothing to do costs, and
 * many programs that start at once. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void make_two(void)
{
    api_file("001_users.sql", "CREATE TABLE users (id integer);\n-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_orders.sql", "CREATE TABLE orders (id integer);\n-- ROLLBACK: DROP TABLE orders;\n");
}

static int64_t value(const char *name)
{
    return migrate_rows_value_int(api.rows, name);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* All that is in the file, "" if there is none. */
static char *file_bytes(size_t *length)
{
    char *bytes = calloc(1, 1 << 20);
    FILE *file = fopen(api.database, "rb");
    *length = file ? fread(bytes, 1, 1 << 20, file) : 0;
    if (file)
        fclose(file);
    return bytes;
}

/* ---- modes ---- */

START_TEST(test_apply)
{
    make_two();
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_column("id"), "001_users 002_orders");
    ck_assert_int_eq(value("pending"), 0);
    ck_assert_int_eq(value("changed"), 1);
    API_OK(api_startup("apply"));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "002_orders");
    ck_assert_int_eq(value("changed"), 0);
}
END_TEST

START_TEST(test_never_rolls_back)
{
    make_two();
    API_OK(api_startup("apply"));
    api_remove("002_orders.sql");
    api_option("on_ahead", "warn");
    api_option("stored_down", "allow");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_tables(), "orders users");
}
END_TEST

START_TEST(test_off)
{
    make_two();
    migrate_rows *report = NULL;
    api_option("mode", "off");
    ck_assert_int_eq(migrate_startup("postgresql://no.such.host.invalid/x", api.options, &report, NULL),
                     MIGRATE_OK);
    ck_assert_uint_eq(migrate_rows_count(report), 0);
    migrate_rows_free(report);
    API_OK(api_startup("off"));
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_check)
{
    make_two();
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_int_eq(value("pending"), 2);
    ck_assert_str_eq(api_tables(), "");
    API_OK(api_goto("001"));
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_int_eq(value("pending"), 1);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "from"), "001_users");
    API_OK(api_startup("apply"));
    API_OK(api_startup("check"));
    ck_assert_int_eq(value("pending"), 0);
    api_file("001_users.sql", "CREATE TABLE users (id bigint);\n");
    API_FAILS(api_startup("check"), MIGRATE_ERROR_MODIFIED, "state");
}
END_TEST

START_TEST(test_check_warns)
{
    make_two();
    api_option("on_pending", "warn");
    int before = api_told("warning");
    API_OK(api_startup("check"));
    ck_assert_int_eq(value("pending"), 2);
    ck_assert_int_gt(api_told("warning"), before);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_check_unmanaged)
{
    make_two();
    api_sql("CREATE TABLE old (id integer)");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_int_eq(value("pending"), 2);
}
END_TEST

START_TEST(test_check_writes_nothing)
{
    size_t before_length, after_length;
    char *before, *after;
    make_two();
    if (api.engine != API_SQLITE)
        return;
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_int_ne(access(api.database, F_OK), 0);
    API_OK(api_goto("001"));
    api_close();
    before = file_bytes(&before_length);
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    after = file_bytes(&after_length);
    ck_assert_uint_gt(before_length, 0);
    ck_assert_uint_eq(before_length, after_length);
    ck_assert_int_eq(memcmp(before, after, before_length), 0);
    free(before);
    free(after);
}
END_TEST

/* A role that may SELECT from the history and nothing else. */
START_TEST(test_check_with_select_only)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_two();
    API_OK(api_goto("001"));
    const char *url = api_role();
    char sql[400];
    snprintf(sql, sizeof sql, "GRANT SELECT ON libmigrate_history TO \"%s\"", api.database);
    api_sql(sql);
    snprintf(api.url, sizeof api.url, "%.599s", url);
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_int_eq(value("pending"), 1);
    API_OK(api_plan(NULL));
    API_OK(api_status());
    api_remove("002_orders.sql");
    API_OK(api_startup("check"));
    API_OK(api_startup("wait"));
    API_OK(api_startup("apply")); /* nothing to do needs no more */
}
END_TEST

/* ---- waiting ---- */

static pid_t start_child(double after, const char *mode)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    usleep((useconds_t)(after * 1e6));
    migrate_options_set(api.options, "mode", mode, NULL);
    int32_t code = migrate_startup(api.url, api.options, NULL, NULL);
    _exit(code < 0 ? -code : code);
}

static int end_of_child(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "a child was killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

START_TEST(test_wait)
{
    make_two();
    pid_t child = start_child(0.5, "apply");
    double begun = seconds();
    API_OK(api_startup("wait"));
    ck_assert_double_gt(seconds() - begun, 0.4);
    ck_assert_double_lt(seconds() - begun, 10);
    ck_assert_int_gt(value("waited_us"), 400000);
    ck_assert_int_eq(end_of_child(child), 0);
    ck_assert_str_eq(api_events("applied"), "2");
    API_OK(api_startup("wait")); /* nothing to wait for */
}
END_TEST

START_TEST(test_wait_in_vain)
{
    make_two();
    api_option("wait_timeout", "700ms");
    double begun = seconds();
    API_FAILS(api_startup("wait"), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_double_ge(seconds() - begun, 0.6);
    ck_assert_double_lt(seconds() - begun, 10);
    ck_assert_str_eq(api_tables(), "");
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_events("applied"), "0");
}
END_TEST

/* ---- a start with nothing to do ---- */

static int statements;

static int count_statement(unsigned type, void *context, void *statement, void *text)
{
    (void)type, (void)context, (void)statement, (void)text;
    statements++;
    return 0;
}

static int trace_connection(sqlite3 *db, const char **problem,
                            const struct sqlite3_api_routines *api_routines)
{
    (void)problem, (void)api_routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, NULL);
}

/* The library opens the same libsqlite3 as this program, so its connections are traced, too. */
static void check_sqlite_cost(void)
{
    sqlite3_auto_extension((void (*)(void))trace_connection);
    API_OK(api_startup("apply"));
    sqlite3_cancel_auto_extension((void (*)(void))trace_connection);
    ck_assert_int_eq(statements, 1);
}

/* Transactions of this database so far: on the server each message is at least one. */
static long transactions(void)
{
    char sql[500];
    PGconn *connection = PQconnectdb(getenv("MIGRATE_TEST_POSTGRESQL"));
    snprintf(sql, sizeof sql, "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '%s'",
             api.database);
    usleep(100000); /* a session tells its numbers as it ends */
    PGresult *result = PQexec(connection, sql);
    long count = atol(PQgetvalue(result, 0, 0));
    PQclear(result);
    PQfinish(connection);
    return count;
}

static long cost_of_one_query(void)
{
    long before = transactions();
    PGconn *connection = PQconnectdb(api.url);
    PQclear(PQexec(connection, "SELECT 1"));
    PQfinish(connection);
    return transactions() - before;
}

/* The server's own work in the background may count, too: the best of several. */
static void check_postgresql_cost(void)
{
    long best = 1000, one = 1000;
    for (int i = 0; i < 5; i++) {
        long before = transactions(), cost;
        API_OK(api_startup("apply"));
        cost = transactions() - before;
        best = cost < best ? cost : best;
        cost = cost_of_one_query();
        one = cost < one ? cost : one;
    }
    ck_assert_int_eq(best, one);
}

START_TEST(test_nothing_to_do_is_one_query)
{
    make_two();
    API_OK(api_startup("apply"));
    if (api.engine == API_SQLITE)
        check_sqlite_cost();
    else
        check_postgresql_cost();
}
END_TEST

/* Somebody else holds everything that could be waited for. */
START_TEST(test_nothing_to_do_takes_no_lock)
{
    sqlite3 *db = NULL;
    PGconn *connection = NULL;
    make_two();
    API_OK(api_startup("apply"));
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    } else {
        connection = PQconnectdb(api.url);
        PQclear(PQexec(connection, "BEGIN; LOCK TABLE libmigrate_history IN EXCLUSIVE MODE"));
    }
    double begun = seconds();
    API_OK(api_startup("apply"));
    API_OK(api_startup("check"));
    API_OK(api_startup("wait"));
    ck_assert_double_lt(seconds() - begun, 5);
    sqlite3_close(db);
    PQfinish(connection);
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "2");
}
END_TEST

/* ---- many at once ---- */

enum { STARTERS = 8 };

static void start_many(int expected)
{
    pid_t children[STARTERS];
    for (int i = 0; i < STARTERS; i++)
        children[i] = start_child(0, "apply");
    for (int i = 0; i < STARTERS; i++)
        ck_assert_int_eq(end_of_child(children[i]), expected);
}

START_TEST(test_eight_at_once)
{
    for (int i = 1; i <= 12; i++) {
        char path[40], text[200];
        snprintf(path, sizeof path, "%03d_t.sql", i);
        snprintf(text, sizeof text, "CREATE TABLE t%d (id integer);\nINSERT INTO t%d VALUES (1);\n", i, i);
        api_file(path, text);
    }
    start_many(0);
    ck_assert_str_eq(api_events("applied"), "12");
    ck_assert_str_eq(api_events("failed"), "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t12"), "1");
    API_OK(api_startup("check"));
}
END_TEST

START_TEST(test_eight_with_separate_commits)
{
    for (int i = 1; i <= 12; i++) {
        char path[40], text[200];
        snprintf(path, sizeof path, "%03d_t.sql", i);
        snprintf(text, sizeof text, "CREATE TABLE t%d (id integer);\nINSERT INTO t%d VALUES (1);\n", i, i);
        api_file(path, text);
    }
    api_option("transaction", "migration");
    start_many(0);
    ck_assert_str_eq(api_events("applied"), "12");
    ck_assert_str_eq(api_events("failed"), "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t7"), "1");
}
END_TEST

static int32_t fail_slowly(migrate_connection *connection, void *user)
{
    atomic_int *attempts = user;
    atomic_fetch_add(attempts, 1);
    usleep(1500000);
    return migrate_connection_fail(connection, "broken build");
}

/* Those who waited while it failed do not try the same again. */
START_TEST(test_eight_of_a_broken_build)
{
    atomic_int *attempts =
        mmap(NULL, sizeof *attempts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    migrate_source *source = NULL;
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add_code(source, "001_broken", "1", fail_slowly, NULL, attempts, NULL),
                     MIGRATE_OK);
    api_source(source);
    pid_t children[STARTERS];
    for (int i = 0; i < STARTERS; i++)
        children[i] = start_child(0, "apply");
    for (int i = 0; i < STARTERS; i++)
        ck_assert_int_ne(end_of_child(children[i]), 0);
    ck_assert_int_eq(atomic_load(attempts), 1);
    ck_assert_str_eq(api_events("failed"), "1");
    migrate_source_free(source);
}
END_TEST

API("startup", test_apply, test_never_rolls_back, test_off, test_check, test_check_warns,
    test_check_unmanaged, test_check_writes_nothing, test_check_with_select_only, test_wait,
    test_wait_in_vain, test_nothing_to_do_is_one_query, test_nothing_to_do_takes_no_lock, test_eight_at_once,
    test_eight_with_separate_commits, test_eight_of_a_broken_build)
