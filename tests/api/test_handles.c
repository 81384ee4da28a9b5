/* SPDX-License-Identifier: MIT
 * Sessions on the host's own handle: it works as before when they are closed, with every setting as found;
 * and what one migration sets does not reach the next one. */
#include "api.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static sqlite3 *sqlite;
static PGconn *postgresql;
static int notices;

/* ---- the host ---- */

static void host_sql(const char *sql)
{
    if (api.engine == API_SQLITE) {
        char *problem = NULL;
        sqlite3_exec(sqlite, sql, NULL, NULL, &problem);
        ck_assert_msg(!problem, "%s: %s", sql, problem);
        return;
    }
    PGresult *result = PQexec(postgresql, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, "%s: %s", sql,
                  PQerrorMessage(postgresql));
    PQclear(result);
}

static int add_cell(void *user, int columns, char **values, char **names)
{
    char *out = user;
    (void)names;
    for (int i = 0; i < columns; i++) {
        size_t length = strlen(out);
        snprintf(out + length, 40000 - length, "%s ", values[i] ? values[i] : "NULL");
    }
    return 0;
}

/* All cells, each with a blank behind it. */
static const char *host_query(const char *sql)
{
    static char out[40000];
    out[0] = '\0';
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_exec(sqlite, sql, add_cell, out, NULL), SQLITE_OK);
        return out;
    }
    PGresult *result = PQexec(postgresql, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(postgresql));
    for (int row = 0; row < PQntuples(result); row++) {
        for (int i = 0; i < PQnfields(result); i++)
            add_cell(out, 1, &(char *){PQgetvalue(result, row, i)}, NULL);
    }
    PQclear(result);
    return out;
}

static void count_notice(void *user, const char *message)
{
    (void)message;
    ++*(int *)user;
}

static void connect_host(void)
{
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &sqlite), SQLITE_OK);
        return;
    }
    postgresql = PQconnectdb(api.url);
    ck_assert_int_eq(PQstatus(postgresql), CONNECTION_OK);
    PQsetNoticeProcessor(postgresql, count_notice, &notices);
}

static void open_handle(void)
{
    migrate_error *error = NULL;
    int32_t code;
    if (!sqlite && !postgresql)
        connect_host();
    api_close();
    if (api.engine == API_SQLITE)
        code = migrate_open_sqlite3(sqlite, api.options, &api.session, &error);
    else
        code = migrate_open_libpq(postgresql, api.options, &api.session, &error);
    ck_assert_msg(code == MIGRATE_OK, "%s", migrate_error_message(error));
}

/* Closed by us alone; nothing of the library's is left on it. */
static void close_host(void)
{
    api_close();
    ck_assert_str_eq(host_query("SELECT 1"), "1 ");
    ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
    PQfinish(postgresql);
    sqlite = NULL;
    postgresql = NULL;
}

#define ALL_SETTINGS                                                                                         \
    "SELECT name, setting FROM pg_settings WHERE context IN ('user', 'superuser') UNION ALL "                \
    "SELECT 'user', session_user || ' ' || current_user ORDER BY 1"

static const char *const pragmas[] = {"foreign_keys", "busy_timeout", "recursive_triggers",
                                      "synchronous",  "cache_size",   "defer_foreign_keys",
                                      "query_only",   "temp_store",   "legacy_alter_table"};

/* Everything that could be set, as one text: free() it. */
static char *settings(void)
{
    char out[40000] = "", sql[100];
    if (api.engine == API_POSTGRESQL)
        return strdup(host_query(ALL_SETTINGS));
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        snprintf(sql, sizeof sql, "PRAGMA %s", pragmas[i]);
        size_t length = strlen(out);
        snprintf(out + length, sizeof out - length, "%s=%s", pragmas[i], host_query(sql));
    }
    return strdup(out);
}

/* The first place where they differ. */
static void check_settings(int line, char *before)
{
    char *after = settings();
    size_t same = 0;
    while (before[same] && before[same] == after[same])
        same++;
    ck_assert_msg(strcmp(before, after) == 0, "line %d: settings were \"%.60s\" and are \"%.60s\"", line,
                  before + (same > 30 ? same - 30 : 0), after + (same > 30 ? same - 30 : 0));
    free(after);
    free(before);
}
#define SETTINGS(before) check_settings(__LINE__, before)

/* ---- migrations that set what they should not ---- */

static void make_setters(void)
{
    api_file("001_set.sql",
             API_EITHER(
                 "PRAGMA recursive_triggers = on;\nPRAGMA cache_size = 77;\nPRAGMA busy_timeout = 1;\n"
                 "PRAGMA foreign_keys = off;\nCREATE TABLE one (id integer PRIMARY KEY);\n",
                 "CREATE SCHEMA other;\nSET search_path TO other, public;\nSET statement_timeout = '5s';\n"
                 "SET lock_timeout = '4s';\nSELECT set_config('standard_conforming_strings', 'off', false);\n"
                 "SET DateStyle = 'German';\nSET client_min_messages = error;\nSET application_name = 'x';\n"
                 "SET ROLE pg_monitor;\nRESET ROLE;\nSET my.own = '1';\n"
                 "CREATE TABLE public.one (id integer PRIMARY KEY);\n"));
    api_file(
        "002_look.sql",
        API_EITHER(
            "CREATE TABLE seen AS SELECT (SELECT recursive_triggers FROM pragma_recursive_triggers) || ' ' "
            "|| "
            "(SELECT cache_size FROM pragma_cache_size) AS v;\n",
            "CREATE TABLE public.seen AS SELECT current_setting('search_path') || ' ' || "
            "current_setting('DateStyle') || ' ' || current_setting('standard_conforming_strings') AS v;\n"));
}

START_TEST(test_nothing_leaks_on_own_connections)
{
    make_setters();
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT v FROM seen"), API_EITHER("0 -3072", "\"$user\", public ISO, MDY on"));
}
END_TEST

START_TEST(test_nothing_leaks_with_separate_commits)
{
    make_setters();
    api_option("transaction", "migration");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT v FROM seen"), API_EITHER("0 -3072", "\"$user\", public ISO, MDY on"));
}
END_TEST

static void set_host(void)
{
    if (api.engine == API_SQLITE) {
        host_sql("PRAGMA foreign_keys = on");
        host_sql("PRAGMA cache_size = 333");
        host_sql("PRAGMA recursive_triggers = on");
        sqlite3_busy_timeout(sqlite, 1234);
    } else {
        host_sql("CREATE SCHEMA mine; SET search_path TO mine, public; SET statement_timeout = '90s'; SET "
                 "DateStyle = 'SQL'; "
                 "SET application_name = 'host'; SET standard_conforming_strings = off; SET my.host = 'h'; "
                 "SET default_transaction_read_only = on");
    }
}

START_TEST(test_settings_of_the_host)
{
    connect_host();
    set_host();
    make_setters();
    char *before = settings();
    open_handle();
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT v FROM seen"), API_EITHER("1 333", "mine, public SQL, MDY off"));
    API_OK(api_history());
    API_OK(api_status());
    api_file("003_bad.sql",
             API_EITHER("PRAGMA cache_size = 5;\nnonsense;\n", "SET DateStyle = 'German';\nnonsense;\n"));
    open_handle();
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    SETTINGS(before);
    close_host();
}
END_TEST

START_TEST(test_lone_statements_and_settings)
{
    connect_host();
    set_host();
    api_file(
        "001_set.sql",
        API_EITHER("-- migrate: no-transaction\nPRAGMA foreign_keys = off;\nCREATE TABLE one (id "
                   "integer);\nPRAGMA cache_size = 5;\n",
                   "-- migrate: no-transaction\nSET search_path TO public;\nSET statement_timeout = '5s';\n"
                   "CREATE TABLE one (id integer);\nCREATE INDEX CONCURRENTLY one_id ON one (id);\n"));
    char *before = settings();
    open_handle();
    API_OK(api_apply());
    SETTINGS(before);
    close_host();
}
END_TEST

/* What a host may have on its connection beside settings. */
START_TEST(test_things_of_the_host)
{
    connect_host();
    make_setters();
    host_sql("CREATE TEMPORARY TABLE scratch (id integer)");
    host_sql("INSERT INTO scratch VALUES (5)");
    if (api.engine == API_POSTGRESQL)
        host_sql("PREPARE question AS SELECT 42; LISTEN news; SELECT pg_advisory_lock(99); SET "
                 "client_encoding TO 'LATIN1'");
    open_handle();
    API_OK(api_apply());
    api_close();
    ck_assert_str_eq(host_query("SELECT id FROM scratch"), "5 ");
    if (api.engine == API_POSTGRESQL) {
        ck_assert_str_eq(host_query("EXECUTE question"), "42 ");
        ck_assert_str_eq(host_query("SELECT pg_listening_channels()"), "news ");
        ck_assert_str_eq(
            host_query("SELECT count(*), max(objid::int) FROM pg_locks WHERE locktype = 'advisory' "
                       "AND pid = pg_backend_pid()"),
            "1 99 ");
        ck_assert_str_eq(PQparameterStatus(postgresql, "client_encoding"), "LATIN1");
        ck_assert_str_eq(host_query("SHOW client_encoding"), "LATIN1 ");
        ck_assert_int_eq(PQisnonblocking(postgresql), 0);
        notices = 0;
        host_sql("DROP TABLE IF EXISTS absent");
        ck_assert_int_eq(notices, 1);
    }
    close_host();
}
END_TEST

static int busy_calls;

static int count_busy(void *user, int count)
{
    (void)user, (void)count;
    busy_calls++;
    return 0;
}

static int count_progress(void *user)
{
    ++*(int *)user;
    return 0;
}

/* Handlers cannot be read back, so none may be set. */
START_TEST(test_handlers_of_the_host)
{
    sqlite3 *other = NULL;
    int progress = 0;
    if (api.engine != API_SQLITE)
        return;
    connect_host();
    make_setters();
    api_file("001_set.sql", "CREATE TABLE one (id integer);\n");
    sqlite3_busy_handler(sqlite, count_busy, NULL);
    sqlite3_progress_handler(sqlite, 10, count_progress, &progress);
    open_handle();
    API_OK(api_apply());
    api_close();
    ck_assert_int_eq(sqlite3_open(api.database, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    busy_calls = progress = 0;
    ck_assert_int_eq(
        sqlite3_exec(sqlite, "INSERT INTO one SELECT 1 FROM sqlite_master, sqlite_master", NULL, NULL, NULL),
        SQLITE_BUSY);
    ck_assert_int_eq(busy_calls, 1);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(sqlite, "INSERT INTO one SELECT 1 FROM sqlite_master, sqlite_master", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_gt(progress, 0);
    close_host();
}
END_TEST

/* ---- a token ends what runs there ---- */

static int64_t asked_at; /* microseconds */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void *cancel_soon(void *token)
{
    usleep(300000);
    asked_at = now();
    migrate_token_cancel(token);
    return NULL;
}

static void cancelled_apply(void)
{
    migrate_token *token = NULL;
    pthread_t thread;
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    open_handle();
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, token), 0);
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    pthread_join(thread, NULL);
    api_close();
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(token);
}

#define COUNT_TO(n) "SELECT count(*) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT " n ") SELECT x FROM c);\n"

START_TEST(test_cancelled_on_the_hosts_handle)
{
    static const char *const texts[] = {
        "CREATE TABLE one (id integer);\nINSERT INTO one " COUNT_TO("90000000000"), /* SQLite itself takes the transaction back */
        "CREATE TABLE one (id integer);\n" COUNT_TO("90000000000"),
    };
    connect_host();
    for (size_t i = 0; i < 2; i++) {
        api_file("001_long.sql", API_EITHER(texts[i], "CREATE TABLE one (id integer);\nSELECT pg_sleep(60);\n"));
        cancelled_apply();
        ck_assert_int_lt(now() - asked_at, 300000);
        if (api.engine == API_SQLITE)
            ck_assert_int_ne(sqlite3_get_autocommit(sqlite), 0);
        host_sql("CREATE TABLE one (id integer)"); /* nothing is left, and the handle works */
        host_sql("DROP TABLE one");
    }
    close_host();
}
END_TEST

/* An interrupt would stay in force as long as the host reads, and what is open could not be rolled back: it comes behind the statement. */
START_TEST(test_cancelled_while_the_host_reads)
{
    sqlite3_stmt *reading = NULL;
    if (api.engine != API_SQLITE)
        return;
    connect_host();
    host_sql("CREATE TABLE mine (id integer); INSERT INTO mine VALUES (1), (2)");
    api_option("on_unmanaged", "apply");
    api_file("001_long.sql", "CREATE TABLE one (id integer);\nINSERT INTO one " COUNT_TO("9000000") "CREATE TABLE two (id integer);\n");
    ck_assert_int_eq(sqlite3_prepare_v2(sqlite, "SELECT id FROM mine", -1, &reading, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(reading), SQLITE_ROW);
    cancelled_apply();
    ck_assert_int_ne(sqlite3_get_autocommit(sqlite), 0);
    sqlite3_finalize(reading); /* what was rolled back changed the schema, so SQLite itself has ended it */
    host_sql("CREATE TABLE one (id integer)");
    close_host();
}
END_TEST

/* SQLite may take the whole transaction back with a statement that is interrupted, and the host's own work with it. */
START_TEST(test_cancelled_in_the_hosts_transaction)
{
    if (api.engine != API_SQLITE)
        return;
    connect_host();
    api_option("on_unmanaged", "apply");
    api_option("host_transaction", "use");
    api_file("001_long.sql", "CREATE TABLE one (id integer);\nINSERT INTO one " COUNT_TO("9000000") "CREATE TABLE two (id integer);\n");
    host_sql("BEGIN; CREATE TABLE mine (id integer); INSERT INTO mine VALUES (7)");
    cancelled_apply();
    ck_assert_int_eq(sqlite3_get_autocommit(sqlite), 0);
    host_sql("COMMIT");
    ck_assert_str_eq(host_query("SELECT id FROM mine"), "7 ");
    host_sql("CREATE TABLE one (id integer)"); /* of the migration nothing is left */
    close_host();
}
END_TEST

START_TEST(test_role_of_the_host)
{
    if (api.engine != API_POSTGRESQL)
        return;
    char sql[900];
    api_role();
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public TO \"%s\"", api.database);
    api_sql(sql);
    connect_host();
    snprintf(sql, sizeof sql, "SET ROLE \"%s\"", api.database);
    host_sql(sql);
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n");
    char *before = settings();
    open_handle();
    API_OK(api_apply());
    SETTINGS(before);
    ck_assert_str_eq(api_query("SELECT tableowner FROM pg_tables WHERE tablename = 'a'"), api.database);
    close_host();
}
END_TEST

/* ---- transactions of the host ---- */

static void make_two(void)
{
    api_file("001_users.sql",
             "CREATE TABLE users (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_orders.sql",
             "CREATE TABLE orders (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE orders;\n");
}

static bool host_in_transaction(void)
{
    return api.engine == API_SQLITE ? !sqlite3_get_autocommit(sqlite)
                                    : PQtransactionStatus(postgresql) == PQTRANS_INTRANS;
}

START_TEST(test_open_transaction_is_refused)
{
    make_two();
    connect_host();
    host_sql("CREATE TABLE own (id integer)");
    host_sql("BEGIN");
    host_sql("INSERT INTO own VALUES (1)");
    api_option("on_unmanaged", "apply");
    open_handle();
    API_FAILS(api_apply(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
    API_FAILS(api_plan(NULL), MIGRATE_ERROR_IN_TRANSACTION, "usage");
    ck_assert(host_in_transaction());
    host_sql("COMMIT");
    ck_assert_str_eq(host_query("SELECT id FROM own"), "1 ");
    API_OK(api_apply());
    close_host();
}
END_TEST

START_TEST(test_aborted_transaction_is_refused)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_two();
    connect_host();
    host_sql("BEGIN");
    PQclear(PQexec(postgresql, "nonsense"));
    api_option("host_transaction", "use");
    open_handle();
    API_FAILS(api_apply(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
    host_sql("ROLLBACK");
    API_OK(api_apply());
    close_host();
}
END_TEST

static void begin_inside(void)
{
    make_two();
    connect_host();
    api_option("host_transaction", "use");
    api_option("on_unmanaged", "apply");
    host_sql("CREATE TABLE own (id integer)");
    host_sql("BEGIN");
    host_sql("INSERT INTO own VALUES (1)");
    open_handle();
}

#define OUR_LOCKS                                                                                            \
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database " \
    "WHERE datname = current_database())"

START_TEST(test_inside_and_committed)
{
    begin_inside();
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "001_users 002_orders");
    ck_assert(host_in_transaction());
    ck_assert_str_eq(api_tables(), "own");
    if (api.engine == API_POSTGRESQL) /* nobody else may begin before the host has ended */
        ck_assert_str_eq(api_query(OUR_LOCKS), "1");
    host_sql("COMMIT");
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_query(OUR_LOCKS), "0");
    ck_assert_str_eq(api_tables(), "orders own users");
    ck_assert_str_eq(api_applied(), "001_users 002_orders");
    host_sql("BEGIN");
    API_OK(api_rollback(NULL));
    host_sql("COMMIT");
    ck_assert_str_eq(api_tables(), "own users");
    close_host();
}
END_TEST

START_TEST(test_inside_and_rolled_back)
{
    begin_inside();
    API_OK(api_apply());
    host_sql("ROLLBACK");
    ck_assert_str_eq(api_tables(), "own");
    ck_assert_str_eq(api_applied(), "");
    ck_assert_str_eq(host_query("SELECT count(*) FROM own"), "0 ");
    API_OK(api_apply()); /* outside of any, as ever */
    ck_assert_str_eq(api_applied(), "001_users 002_orders");
    close_host();
}
END_TEST

START_TEST(test_inside_and_failed)
{
    begin_inside();
    api_file("002_orders.sql", "CREATE TABLE orders (id integer);\nINSERT INTO absent VALUES (1);\n");
    open_handle();
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert(host_in_transaction());
    host_sql("INSERT INTO own VALUES (2)"); /* it is the host's to go on or to give up */
    host_sql("COMMIT");
    ck_assert_str_eq(host_query("SELECT id FROM own ORDER BY id"), "1 2 ");
    ck_assert_str_eq(api_tables(), "own users");
    ck_assert_str_eq(api_applied(), "001_users");
    close_host();
}
END_TEST

/* What the role may not do does not take the host's own work with it. */
START_TEST(test_inside_and_refused)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_two();
    api_option("host_transaction", "use");
    api_option("on_unmanaged", "apply");
    api_option("preflight", "off");
    api_sql("CREATE TABLE own (id integer)");
    char role[600], owner[600];
    snprintf(owner, sizeof owner, "%s", api.url);
    snprintf(role, sizeof role, "%s", api_role());
    api_sql("GRANT ALL ON own TO PUBLIC");
    for (int history = 0; history < 2; history++) { /* it may not make one, it may not read one */
        if (history)
            API_OK(api_apply());
        api_use(role);
        connect_host();
        host_sql("BEGIN");
        host_sql("INSERT INTO own VALUES (1)");
        open_handle();
        API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
        ck_assert_int_eq(PQtransactionStatus(postgresql), PQTRANS_INTRANS);
        host_sql("COMMIT");
        ck_assert_int_eq(atoi(api_query("SELECT count(*) FROM own")), history + 1);
        close_host();
        api_use(owner);
    }
}
END_TEST

/* Settings inside the host's transaction come back at once, not at its end. */
START_TEST(test_inside_and_settings)
{
    begin_inside();
    make_setters();
    api_remove("001_users.sql");
    api_remove("002_orders.sql");
    open_handle();
    char *before = settings();
    API_OK(api_apply());
    SETTINGS(before);
    before = settings();
    host_sql("COMMIT");
    SETTINGS(before);
    close_host();
}
END_TEST

/* The way a host's functions are handed over by itself: what is needed is named. */
START_TEST(test_client_without_functions)
{
    migrate_client *client = NULL;
    migrate_session *session = NULL;
    migrate_error *error = NULL;
    int nothing = 0;
    ck_assert_int_eq(migrate_client_new("oracle", &client, NULL), MIGRATE_ERROR_MISUSE);
    ck_assert_int_eq(migrate_client_new(API_EITHER("sqlite", "postgresql"), &client, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_client_set(client, "of_a_later_version", (migrate_function)connect_host),
                     MIGRATE_OK);
    ck_assert_int_eq(migrate_open_handle(client, &nothing, api.options, &session, &error),
                     MIGRATE_ERROR_CLIENT);
    ck_assert_ptr_nonnull(strstr(migrate_error_message(error), API_EITHER("sqlite3_", "PQ")));
    migrate_error_free(error);
    migrate_client_free(client);
}
END_TEST

API("handles", test_nothing_leaks_on_own_connections, test_nothing_leaks_with_separate_commits,
    test_settings_of_the_host, test_lone_statements_and_settings, test_things_of_the_host,
    test_handlers_of_the_host, test_cancelled_on_the_hosts_handle, test_cancelled_while_the_host_reads, test_cancelled_in_the_hosts_transaction,
    test_role_of_the_host, test_open_transaction_is_refused,
    test_aborted_transaction_is_refused, test_inside_and_committed, test_inside_and_rolled_back,
    test_inside_and_failed, test_inside_and_refused, test_inside_and_settings, test_client_without_functions)
