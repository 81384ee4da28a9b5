/* SPDX-License-Identifier: MIT
 * The connection to PostgreSQL: opening, running, failing, cancelling, and leaving no trace. */
#include "test_database_postgresql.h"

#include "database/client.h"
#include "database/postgresql/client.h"
#include "util/clock.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <sys/socket.h>
#include <unistd.h>

static migrate_error *failing(struct database *db, const char *sql, struct database_fault *fault)
{
    migrate_error *err = NULL;

    ck_assert_int_lt(db->class->exec(db, sql, strlen(sql), fault, &err), 0);
    ck_assert_ptr_nonnull(err);
    return err;
}

static void expect_error(struct database *db, const char *sql, int32_t code, enum error_kind kind,
                         const char *sqlstate)
{
    migrate_error *err = failing(db, sql, NULL);

    ck_assert_msg(err->code == code && err->kind == kind && strcmp(err->sqlstate, sqlstate) == 0,
                  "%s: code %d, kind %d, %s: %s", sql, (int)err->code, (int)err->kind, err->sqlstate,
                  err->message);
    error_clear(&err);
}

static void expect_refused(const char *url, int32_t code, enum error_kind kind, const char *sqlstate)
{
    struct database_options options = {.application_name = "unit"};
    struct database *db = NULL;
    migrate_error *err = NULL;

    ck_assert_int_eq(postgresql_open(url, &options, &db, &err), code);
    ck_assert_ptr_null(db);
    ck_assert_msg(err->code == code && err->kind == kind, "%s: code %d, kind %d: %s", url, (int)err->code,
                  (int)err->kind, err->message);
    ck_assert_str_eq(err->sqlstate, sqlstate);
    ck_assert_ptr_nonnull(err->hint);
    ck_assert_ptr_null(strchr(err->message, '\n'));
    ck_assert_ptr_null(strstr(err->message, "hush"));
    ck_assert_ptr_null(strstr(err->message, "LOCATION"));
    ck_assert(err->detail == NULL || strstr(err->detail, "hush") == NULL);
    ck_assert(err->detail == NULL || strstr(err->detail, "LOCATION") == NULL);
    ck_assert(*sqlstate == '\0' || strstr(err->message, sqlstate) == NULL);
    error_clear(&err);
}

/* ---- connecting ---- */

START_TEST(connects)
{
    struct database *db = open_server();

    ck_assert_int_eq(strncmp(db->label, "postgresql://", 13), 0);
    ck_assert(db->version[0] >= '1' && db->version[0] <= '9');
    ck_assert(!db->read_only && !db->borrowed);
    ck_assert_ptr_nonnull(db->class->handle(db));
    ck_assert_str_eq(ask(db, "SHOW application_name"), "unit");
    ck_assert_str_eq(ask(db, "SHOW client_encoding"), "UTF8");
    database_close(db);
    db = connect_as(url_with("pw:secret", "postgres"), NULL);
    database_close(db);
}
END_TEST

START_TEST(says_why_not)
{
    expect_refused(url_with("pw:hush", "postgres"), MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER, "28P01");
    expect_refused(url_with("nobody_of_that_name", "postgres"), MIGRATE_ERROR_AUTHENTICATION, ERROR_OTHER,
                   "28000");
    expect_refused(url_with("pw", "postgres?passfile=/no/such/file"), MIGRATE_ERROR_AUTHENTICATION,
                   ERROR_OTHER, "");
    expect_refused(url_with("postgres", "absent"), MIGRATE_ERROR_NO_DATABASE, ERROR_OTHER, "3D000");
    expect_refused("postgresql://u:hush@127.0.0.1:1/x", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "");
    expect_refused("postgresql://u:hush@127.0.0.1:1,127.0.0.1:2/x", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "");
    expect_refused("host=/no/such/folder password=hush", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "");
    expect_refused("postgresql://u:hush@host.invalid/x", MIGRATE_ERROR_CONNECT, ERROR_RETRY, "");
    expect_refused(url_with("postgres:hush", "postgres?sslmode=require"), MIGRATE_ERROR_CONNECT, ERROR_OTHER,
                   "");
}
END_TEST

START_TEST(says_what_is_wrong_with_the_url)
{
    expect_refused("postgresql://h:99999/x", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://h:5432,i:0/x", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://u:hush", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://h/x?sslmode=sometimes", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://h/x?sslmoode=require", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("host=a,b,c port=1,2", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://u:hush%zz@h/x", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("host=x password=hu hush", MIGRATE_ERROR_URL, ERROR_OTHER, "");
    expect_refused("postgresql://u:hush@[h/x", MIGRATE_ERROR_URL, ERROR_OTHER, "");
}
END_TEST

/* ---- running ---- */

START_TEST(runs_and_reads)
{
    struct database *db = open_server();
    struct migrate_rows *rows = NULL;
    migrate_error *err = NULL;

    run(db, "CREATE TEMP TABLE t (a int, b text); INSERT INTO t VALUES (1, 'ä'), (2, NULL);; SELECT 1");
    ck_assert_int_eq(db->class->query(db, "SELECT a, b AS \"B b\" FROM t ORDER BY a", &rows, &err), 0);
    ck_assert_uint_eq(rows_count(rows), 2);
    ck_assert_str_eq(rows_column_name(rows, 1), "B b");
    ck_assert_int_eq(rows_int(rows, 1, 0), 2);
    ck_assert_str_eq(rows_text(rows, 0, 1), "ä");
    ck_assert(rows_is_null(rows, 1, 1));
    rows_free(rows);
    ck_assert_str_eq(ask(db, "SELECT 7; SET search_path TO x"), "7");
    ck_assert_str_eq(ask(db, ""), "");
    run(db, "");
    database_close(db);
}
END_TEST

START_TEST(finds_the_fault)
{
    const char *sql = "SELECT 'äöü';\nSELECT '🐘' AS \"ñ\"; SELECT 1;\nSELECT nein FROM pg_class; SELECT 2";
    struct database *db = open_server();
    struct database_fault fault;
    migrate_error *err = failing(db, sql, &fault);

    ck_assert_uint_eq(fault.done, 3);
    ck_assert_uint_eq(fault.start, SIZE_MAX);
    ck_assert_uint_eq(fault.offset, (size_t)(strstr(sql, "nein") - sql));
    ck_assert_int_eq(err->kind, ERROR_NO_COLUMN);
    error_clear(&err);

    err = failing(db, "SELECT 1; CREATE TABLE pg_catalog.pg_class (a int)", &fault);
    ck_assert_uint_eq(fault.done, 1);
    ck_assert_uint_eq(fault.offset, SIZE_MAX);
    error_clear(&err);

    /* a syntax error comes before anything runs */
    err = failing(db, "SELECT 1;\nSELEKT 2", &fault);
    ck_assert_uint_eq(fault.done, 0);
    ck_assert_uint_eq(fault.offset, 10);
    error_clear(&err);

    err = failing(db, "DO $$ BEGIN EXECUTE 'SELECT nein'; END $$", &fault);
    ck_assert_ptr_nonnull(strstr(err->detail, "query: SELECT nein"));
    ck_assert_ptr_nonnull(strstr(err->detail, "context: PL/pgSQL"));
    ck_assert_uint_eq(fault.offset, SIZE_MAX);
    error_clear(&err);
    database_close(db);
}
END_TEST

START_TEST(knows_what_errors_mean)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE u (a int PRIMARY KEY); INSERT INTO u VALUES (1)");
    expect_error(db, "SELECT * FROM absent", MIGRATE_ERROR_SQL, ERROR_NO_TABLE, "42P01");
    expect_error(db, "INSERT INTO u VALUES (1)", MIGRATE_ERROR_SQL, ERROR_UNIQUE, "23505");
    expect_error(db, "CREATE TEMP TABLE u (a int)", MIGRATE_ERROR_SQL, ERROR_EXISTS, "42P07");
    expect_error(db, "BEGIN READ ONLY; CREATE TABLE v (a int)", MIGRATE_ERROR_READ_ONLY, ERROR_READ_ONLY,
                 "25006");
    ck_assert_int_eq(db->class->transaction(db), DATABASE_ABORTED);
    run(db, "ROLLBACK");
    expect_error(db, "SET statement_timeout = '20ms'; SELECT pg_sleep(5)", MIGRATE_ERROR_SQL, ERROR_OTHER,
                 "57014");
    expect_error(db, "SELECT 1/0", MIGRATE_ERROR_SQL, ERROR_OTHER, "22012");
    {
        migrate_error *err = failing(db, "BEGIN; VACUUM", NULL);

        ck_assert_ptr_nonnull(strstr(err->hint, "no-transaction"));
        error_clear(&err);
    }
    database_close(db);
    db = connect_as(url_with("pw:secret", "postgres"), NULL);
    expect_error(db, "SELECT * FROM pg_authid", MIGRATE_ERROR_RIGHTS, ERROR_RIGHTS, "42501");
    database_close(db);
}
END_TEST

START_TEST(knows_the_transaction)
{
    struct database *db = open_server();

    ck_assert_int_eq(db->class->transaction(db), DATABASE_IDLE);
    run(db, "BEGIN");
    ck_assert_int_eq(db->class->transaction(db), DATABASE_OPEN);
    expect_error(db, "SELECT pg_terminate_backend(pg_backend_pid()); SELECT 1", MIGRATE_ERROR_CONNECTION_LOST,
                 ERROR_LOST, "57P01");
    ck_assert_int_eq(db->class->transaction(db), DATABASE_LOST);
    expect_error(db, "SELECT 1", MIGRATE_ERROR_CONNECTION_LOST, ERROR_LOST, "");
    database_close(db);
}
END_TEST

START_TEST(refuses_copy)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE c (a int)");
    expect_error(db, "COPY c FROM stdin", MIGRATE_ERROR_SQL, ERROR_OTHER, "");
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM c"), "0");
    expect_error(db, "COPY (SELECT * FROM generate_series(1, 1000000)) TO stdout; SELECT 1",
                 MIGRATE_ERROR_SQL, ERROR_OTHER, "");
    ck_assert_str_eq(ask(db, "SELECT 5"), "5");
    database_close(db);
}
END_TEST

START_TEST(sends_long_texts)
{
    struct database *db = open_server();
    struct text sql = {0};
    struct database_fault fault;
    migrate_error *err = NULL;

    for (int i = 0; i < 200000; i++)
        text_add(&sql, "SELECT 'a number of words';\n");
    text_add(&sql, "SELECT nein");
    ck_assert_int_eq(database_exec_text(db, &sql, &fault, &err), MIGRATE_ERROR_SQL);
    ck_assert_uint_eq(fault.done, 200000);
    ck_assert_uint_eq(fault.offset, sql.length - 4);
    error_clear(&err);
    text_free(&sql);
    database_close(db);
}
END_TEST

/* ---- the watch ---- */

static int32_t raise_token(void *token)
{
    token_raise(token, 2);
    return 0;
}

START_TEST(cancels)
{
    migrate_token *token = NULL;
    migrate_error *err = NULL;
    struct watch watch = {.tick = raise_token};
    struct database *db;
    int64_t before, taken;

    ck_assert_int_eq(token_new(&token, NULL), 0);
    watch.token = watch.user = token;
    watch.next_tick = INT64_MAX;
    db = connect_as(server_url, &watch);
    before = clock_monotonic();
    watch.next_tick = before + 100000;
    err = failing(db, "SELECT 1; SELECT pg_sleep(20)", NULL);
    taken = clock_monotonic() - before;
    ck_assert_int_eq(err->code, MIGRATE_ERROR_CANCELLED);
    ck_assert_int_lt(taken, 300000); /* 200 ms behind the tick */
    error_clear(&err);
    err = failing(db, "SELECT 1", NULL); /* nothing new begins */
    ck_assert_int_eq(err->code, MIGRATE_ERROR_CANCELLED);
    error_clear(&err);
    watch.token = NULL;
    ck_assert_str_eq(ask(db, "SELECT 'usable'"), "usable");
    token_unref(token);
    database_close(db);
}
END_TEST

static int32_t end(void *user)
{
    ++*(int *)user;
    return 1;
}

START_TEST(ends_in_time)
{
    int called = 0;
    struct watch watch = {.deadline = clock_monotonic() + 5000000};
    struct database *db = connect_as(server_url, &watch);
    migrate_error *err;

    watch.deadline = clock_monotonic() + 100000;
    err = failing(db, "SELECT pg_sleep(20)", NULL);
    ck_assert_int_eq(err->code, MIGRATE_ERROR_TIMEOUT);
    error_clear(&err);
    watch = (struct watch){.tick = end, .user = &called, .next_tick = clock_monotonic() + 50000};
    err = failing(db, "SELECT pg_sleep(20)", NULL);
    ck_assert_int_eq(err->code, MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(called, 1);
    error_clear(&err);
    database_close(db);
}
END_TEST

/* Somebody listens but never answers. */
START_TEST(waits_for_an_answer_without_blocking)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int silent = socket(AF_INET, SOCK_STREAM, 0), called = 0;
    struct watch watch = {.deadline = clock_monotonic() + 100000};
    struct database_options options = {.application_name = "unit", .watch = &watch};
    struct database *db = NULL;
    migrate_error *err = NULL;
    char url[64];

    ck_assert_int_eq(bind(silent, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(silent, 5), 0);
    ck_assert_int_eq(getsockname(silent, (struct sockaddr *)&address, &size), 0);
    snprintf(url, sizeof url, "postgresql://127.0.0.1:%d/x", ntohs(address.sin_port));
    ck_assert_int_eq(postgresql_open(url, &options, &db, &err), MIGRATE_ERROR_CONNECT);
    ck_assert_int_eq(err->kind, ERROR_RETRY);
    error_clear(&err);
    watch = (struct watch){.tick = end, .user = &called, .next_tick = clock_monotonic() + 50000};
    ck_assert_int_eq(postgresql_open(url, &options, &db, &err), MIGRATE_ERROR_CANCELLED);
    error_clear(&err);
    close(silent);
}
END_TEST

/* ---- notices and settings ---- */

static void keep_notice(const char *severity, const char *message, void *user)
{
    snprintf(user, 100, "%s %s", severity, message);
}

START_TEST(hands_notices_over)
{
    char notice[100] = "";
    struct database *db = open_server();

    run(db, "DO $$ BEGIN RAISE NOTICE 'not shown'; END $$");
    db->notice = keep_notice;
    db->notice_user = notice;
    run(db, "DO $$ BEGIN RAISE WARNING 'hear %', 'me'; END $$");
    ck_assert_str_eq(notice, "WARNING hear me");
    database_close(db);
}
END_TEST

START_TEST(resets_its_own_settings)
{
    struct database *db = open_server();
    migrate_error *err = NULL;

    run(db, "SET search_path TO ''; SET SESSION AUTHORIZATION pw; CREATE TEMP TABLE left_over (a int)");
    ck_assert_int_eq(db->class->settings_save(db, &err), 0);
    ck_assert_int_eq(db->class->settings_restore(db, &err), 0);
    ck_assert_str_eq(ask(db, "SELECT session_user || current_setting('search_path')"),
                     "postgres\"$user\", public");
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM pg_class WHERE relname = 'left_over'"), "0");
    database_close(db);
}
END_TEST

#define SET(function) client_set(client, #function, (migrate_function)function);

static struct database *borrow(PGconn *handle, migrate_client **out)
{
    migrate_client *client = NULL;
    migrate_error *err = NULL;
    struct database *db = NULL;

    ck_assert_int_eq(client_new("postgresql", &client, &err), 0);
    ck_assert_int_eq(postgresql_open_handle(client, handle, &db, &err), MIGRATE_ERROR_CLIENT);
    error_clear(&err);
    POSTGRESQL_FUNCTIONS(SET)
    ck_assert_msg(postgresql_open_handle(client, handle, &db, &err) == 0, "%s",
                  err == NULL ? "" : err->message);
    *out = client;
    return db;
}

static void host_runs(PGconn *handle, const char *sql)
{
    PGresult *result = PQexec(handle, sql);

    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQresultErrorMessage(result));
    PQclear(result);
}

static char *host_settings(PGconn *handle)
{
    PGresult *result =
        PQexec(handle, "SELECT concat_ws(' ', session_user, current_user, current_setting('search_path'), "
                       "current_setting('work_mem'), current_setting('client_encoding'), "
                       "current_setting('log_min_messages'), md5(string_agg(name || setting, ' ' ORDER BY "
                       "name))) FROM pg_settings");
    char *settings = strdup(PQgetvalue(result, 0, 0));

    PQclear(result);
    return settings;
}

START_TEST(leaves_a_borrowed_connection_as_found)
{
    PGconn *handle = PQconnectdb(server_url);
    migrate_client *client = NULL;
    migrate_error *err = NULL;
    struct database *db;
    char *before, *after;

    host_runs(
        handle,
        "SET client_min_messages TO warning; DROP ROLE IF EXISTS unit_pg_role; CREATE ROLE unit_pg_role");
    host_runs(handle, "SET ROLE unit_pg_role; SET search_path TO 'od\\d'; SET work_mem TO '5MB'; "
                      "SET client_encoding TO 'LATIN1'; SET standard_conforming_strings TO off");
    before = host_settings(handle);
    db = borrow(handle, &client);
    ck_assert(db->borrowed);
    ck_assert_int_eq(db->class->settings_save(db, &err), 0);
    ck_assert_int_eq(db->class->settings_save(db, &err), 0);
    ck_assert_str_eq(ask(db, "SELECT '🐘'"), "🐘");
    run(db, "SET SESSION AUTHORIZATION pw; SET search_path TO public; SET timezone TO 'Asia/Tokyo'; "
            "SET client_encoding TO 'LATIN2'; SET default_transaction_isolation TO 'serializable'");
    ck_assert_int_eq(db->class->settings_restore(db, &err), 0);
    after = host_settings(handle);
    ck_assert_str_eq(after, before);
    free(after);
    /* and once more, the other way round */
    ck_assert_int_eq(db->class->settings_save(db, &err), 0);
    run(db, "RESET ROLE; SET log_min_messages TO error; RESET ALL");
    ck_assert_int_eq(db->class->settings_restore(db, &err), 0);
    database_close(db);
    client_unref(client);
    after = host_settings(handle);
    ck_assert_str_eq(after, before);
    ck_assert_int_eq(PQtransactionStatus(handle), PQTRANS_IDLE);
    ck_assert_int_eq(PQisnonblocking(handle), 0);
    host_runs(handle, "RESET ROLE; DROP ROLE unit_pg_role");
    PQfinish(handle);
    free(before);
    free(after);
}
END_TEST

START_TEST(refuses_a_closed_handle)
{
    PGconn *handle = PQconnectdb("postgresql://127.0.0.1:1/x");
    migrate_client *client = NULL;
    migrate_error *err = NULL;
    struct database *db = NULL;

    ck_assert_int_eq(client_load(&postgresql_library, &client, &err), 0);
    ck_assert_int_eq(postgresql_open_handle(client, handle, &db, &err), MIGRATE_ERROR_CONNECTION_LOST);
    error_clear(&err);
    client_unref(client);
    PQfinish(handle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database/postgresql");
    TCase *tests = tcase_create("all");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, connects);
    tcase_add_test(tests, says_why_not);
    tcase_add_test(tests, says_what_is_wrong_with_the_url);
    tcase_add_test(tests, runs_and_reads);
    tcase_add_test(tests, finds_the_fault);
    tcase_add_test(tests, knows_what_errors_mean);
    tcase_add_test(tests, knows_the_transaction);
    tcase_add_test(tests, refuses_copy);
    tcase_add_test(tests, sends_long_texts);
    tcase_add_test(tests, cancels);
    tcase_add_test(tests, ends_in_time);
    tcase_add_test(tests, waits_for_an_answer_without_blocking);
    tcase_add_test(tests, hands_notices_over);
    tcase_add_test(tests, resets_its_own_settings);
    tcase_add_test(tests, leaves_a_borrowed_connection_as_found);
    tcase_add_test(tests, refuses_a_closed_handle);
    return run_suite(suite);
}
