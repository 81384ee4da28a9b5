/* SPDX-License-Identifier: MIT
 * Sessions on a host's own driver: callbacks over sqlite3 and over libpq that know nothing of the library but
 * the text they run. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdio.h>
#include <string.h>

/* The connection behind the callbacks, and what they were asked. */
static struct {
    sqlite3 *sqlite;
    PGconn *postgresql;
    int calls;
    bool cancel;      /* from the next statement on */
    bool silent;      /* fail without saying why */
    int fail_at;      /* this call; 0: none */
    int names;        /* so many columns of each result get their names */
    char last[20000]; /* statement */
} host;

/* ---- callbacks over sqlite3 ---- */

/* SQLite counts bytes from 0 (-1: nowhere), the library characters from 1. */
static int64_t position_of(const char *sql, int offset)
{
    int64_t characters = offset >= 0;
    for (int i = 0; i < offset; i++)
        characters += (sql[i] & 0xC0) != 0x80;
    return characters;
}

static int32_t run_sqlite(const char *sql, size_t length, migrate_result *result)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(host.sqlite, sql, (int)length, &statement, NULL);
    int columns = code == SQLITE_OK ? sqlite3_column_count(statement) : 0;
    if (columns > 0)
        migrate_result_columns(result, (size_t)columns);
    for (int i = 0; i < host.names && i < columns; i++)
        ck_assert_int_eq(migrate_result_name(result, sqlite3_column_name(statement, i)), MIGRATE_OK);
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            migrate_result_value(result, (const char *)sqlite3_column_text(statement, i),
                                 (size_t)sqlite3_column_bytes(statement, i));
    }
    int64_t position = position_of(sql, sqlite3_error_offset(host.sqlite));
    if (code == SQLITE_OK)
        code = sqlite3_reset(statement);
    if (code != SQLITE_OK)
        migrate_result_fail(result, NULL, sqlite3_extended_errcode(host.sqlite), sqlite3_errmsg(host.sqlite),
                            position);
    sqlite3_finalize(statement);
    return code != SQLITE_OK;
}

/* ---- callbacks over libpq ---- */

static int32_t run_postgresql(const char *sql, migrate_result *result)
{
    PGresult *answer = PQexec(host.postgresql, sql);
    ExecStatusType status = PQresultStatus(answer);
    bool failed = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
    int columns = PQnfields(answer);
    if (failed) {
        const char *position = PQresultErrorField(answer, PG_DIAG_STATEMENT_POSITION);
        migrate_result_fail(result, PQresultErrorField(answer, PG_DIAG_SQLSTATE), 0,
                            PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY),
                            position ? atol(position) : 0);
    }
    if (columns > 0)
        migrate_result_columns(result, (size_t)columns);
    for (int i = 0; i < host.names && i < columns; i++)
        ck_assert_int_eq(migrate_result_name(result, PQfname(answer, i)), MIGRATE_OK);
    for (int row = 0; row < PQntuples(answer); row++) {
        for (int i = 0; i < columns; i++)
            migrate_result_value(result, PQgetisnull(answer, row, i) ? NULL : PQgetvalue(answer, row, i),
                                 (size_t)PQgetlength(answer, row, i));
    }
    PQclear(answer);
    return failed;
}

static int32_t run(const char *sql, size_t length, migrate_result *result, void *user)
{
    ck_assert_ptr_eq(user, &host);
    ck_assert_uint_eq(strlen(sql), length);
    snprintf(host.last, sizeof host.last, "%s", sql);
    if (++host.calls == host.fail_at) {
        if (!host.silent)
            migrate_result_fail(result, NULL, 0, "the host's driver has a bad day", 0);
        return 1;
    }
    return api.engine == API_SQLITE ? run_sqlite(sql, length, result) : run_postgresql(sql, result);
}

static int32_t in_transaction(void *user)
{
    (void)user;
    return api.engine == API_SQLITE ? !sqlite3_get_autocommit(host.sqlite)
                                    : PQtransactionStatus(host.postgresql) != PQTRANS_IDLE;
}

static int32_t cancelled(void *user)
{
    (void)user;
    return host.cancel;
}

/* ---- the session ---- */

static void ignore_notice(void *user, const char *message)
{
    (void)user, (void)message;
}

static void connect_host(void)
{
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &host.sqlite), SQLITE_OK);
    } else {
        host.postgresql = PQconnectdb(api.url);
        ck_assert_int_eq(PQstatus(host.postgresql), CONNECTION_OK);
        PQsetNoticeProcessor(host.postgresql, ignore_notice, NULL);
    }
}

static void open_host(bool states)
{
    migrate_driver *driver = NULL;
    if (!host.sqlite && !host.postgresql)
        connect_host();
    api_close();
    ck_assert_int_eq(migrate_driver_new(API_EITHER("sqlite", "postgresql"), &host, &driver, NULL),
                     MIGRATE_OK);
    migrate_driver_set(driver, "exec", (migrate_function)run);
    migrate_driver_set(driver, "query", (migrate_function)run);
    migrate_driver_set(driver, "of a later version", (migrate_function)run);
    migrate_driver_set(driver, "cancel", (migrate_function)cancelled);
    if (states)
        migrate_driver_set(driver, "in_transaction", (migrate_function)in_transaction);
    ck_assert_int_eq(migrate_open_host(driver, api.options, &api.session, NULL), MIGRATE_OK);
    migrate_driver_free(driver); /* the session keeps it */
}

/* The handle still works, outside of any transaction, and is closed by nobody but us. */
static void close_host(void)
{
    api_close();
    ck_assert_int_eq(in_transaction(NULL), 0);
    ck_assert_int_eq(sqlite3_close(host.sqlite), SQLITE_OK);
    PQfinish(host.postgresql);
    memset(&host, 0, sizeof host);
}

static void make_two(void)
{
    api_file("001_users.sql",
             "CREATE TABLE users (id integer, name text);\nINSERT INTO users VALUES (1, 'a;b'), (2, NULL);\n"
             "-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_orders.sql", "CREATE TABLE orders (id integer);\n-- ROLLBACK: DROP TABLE orders;\n");
}

/* ---- tests ---- */

START_TEST(test_verbs)
{
    make_two();
    open_host(true);
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), "001_users 002_orders");
    API_OK(api_apply_plan());
    ck_assert_str_eq(api_tables(), "orders users");
    ck_assert_str_eq(api_query("SELECT name FROM users ORDER BY id"), "a;b NULL");
    API_OK(api_status());
    ck_assert_str_eq(api_column("state"), "applied applied");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_tables(), "users");
    API_OK(api_history());
    ck_assert_str_eq(api_column("event"), "applied applied rolled_back");
    API_OK(api_apply());
    int before = host.calls;
    API_OK(api_apply());
    ck_assert_int_eq(host.calls, before + 2); /* is there a history? what is its newest row? */
    close_host();
    API_OK(api_apply()); /* by URL, it is the same */
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
}
END_TEST

START_TEST(test_without_states)
{
    make_two();
    api_file("003_bad.sql", "CREATE TABLE bad (id integer);\nINSERT INTO absent VALUES (1);\n");
    for (int run_number = 0; run_number < 2; run_number++) { /* the first run makes the history, too */
        open_host(false);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        ck_assert_int_eq(in_transaction(NULL), 0);
        ck_assert_str_eq(api_tables(), "orders users");
        ck_assert_str_eq(api_applied(), "001_users 002_orders");
    }
    api_remove("003_bad.sql");
    open_host(false);
    API_OK(api_rollback("empty"));
    ck_assert_str_eq(api_tables(), "");
    close_host();
}
END_TEST

START_TEST(test_error_with_place)
{
    make_two();
    api_file("002_orders.sql", "-- \xc3\xa4\xc3\xb6\xc3\xbc\r\nCREATE TABLE orders (id integer);\r\n"
                               "INSERT INTO orders SELECT '\xc3\xa4', x FORM users;\r\n");
    open_host(true);
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_orders.sql", 3, 39);
    ck_assert_str_eq(migrate_error_id(api.error), "002_orders");
    if (api.engine == API_POSTGRESQL)
        ck_assert_ptr_nonnull(migrate_error_sqlstate(api.error));
    else
        ck_assert_int_eq(migrate_error_driver_code(api.error), 1);
    ck_assert_str_eq(api_tables(), "users");
    ck_assert_str_eq(api_applied(), "001_users");
    ck_assert_str_eq(api_events("failed"), "1");
    close_host();
}
END_TEST

/* Where nobody can tell whether the transaction is open, nothing would be sure to be rolled back. */
START_TEST(test_rehearsal)
{
    migrate_rows *rows = NULL;
    make_two();
    open_host(true);
    char *before = api_snapshot();
    API_OK(migrate_rehearse(api.session, NULL, &rows, api_error()));
    ck_assert_int_eq(migrate_rows_value_int(rows, "identical"), 1);
    ck_assert_int_gt(migrate_rows_value_int(rows, "count"), 1);
    ck_assert_int_eq(in_transaction(NULL), 0);
    migrate_rows_free(rows);
    open_host(false);
    API_FAILS(migrate_rehearse(api.session, NULL, &rows, api_error()), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("in_transaction");
    ck_assert_int_eq(in_transaction(NULL), 0);
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    close_host();
}
END_TEST

START_TEST(test_silent_driver)
{
    make_two();
    open_host(true);
    host.fail_at = 3;
    host.silent = true;
    ck_assert_int_lt(api_apply(), 0);
    ck_assert_str_eq(api_tables(), "");
    host.fail_at = 0;
    API_OK(api_apply());
    close_host();
}
END_TEST

/* Each call of a whole run fails once: what is left is never more than whole migrations with their rows. */
START_TEST(test_each_call_fails)
{
    make_two();
    open_host(true);
    for (int at = 1;; at++) {
        host.calls = 0;
        host.fail_at = at;
        int32_t code = api_apply();
        host.fail_at = 0;
        ck_assert_msg(in_transaction(NULL) == 0, "call %d leaves a transaction open", at);
        const char *applied = strdup(api_applied()), *tables = api_tables();
        bool none = !*applied && !*tables, one = !strcmp(applied, "001_users") && !strcmp(tables, "users"),
             both = !strcmp(applied, "001_users 002_orders") && !strcmp(tables, "orders users");
        ck_assert_msg(none || one || both, "call %d (code %d) leaves tables %s, applied %s", at, (int)code,
                      tables, applied);
        free((void *)applied);
        ck_assert_msg(host.calls >= at || code == MIGRATE_OK, "call %d", at);
        API_OK(api_apply());
        if (host.calls < at)
            break;
        API_OK(api_rollback("empty"));
        api_sql("DROP TABLE libmigrate_history");
    }
    close_host();
}
END_TEST

START_TEST(test_cancel)
{
    make_two();
    open_host(true);
    host.cancel = true;
    API_FAILS(api_apply(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_str_eq(api_tables(), "");
    host.cancel = false;
    API_OK(api_apply());
    close_host();
}
END_TEST

START_TEST(test_hosts_transaction)
{
    make_two();
    open_host(true);
    run("BEGIN", 5, NULL, &host);
    API_FAILS(api_apply(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
    API_FAILS(api_status(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
    api_option("host_transaction", "use");
    open_host(true);
    API_OK(api_apply());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 2);
    ck_assert_int_eq(in_transaction(NULL), 1);
    run("ROLLBACK", 8, NULL, &host);
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_applied(), "");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_users 002_orders");
    close_host();
}
END_TEST

static int32_t ask_connection(migrate_connection *connection, void *user)
{
    migrate_rows *rows = NULL;
    char *literal = NULL, sql[200];
    (void)user;
    ck_assert_ptr_null(migrate_connection_handle(connection));
    ck_assert_int_eq(migrate_connection_query(connection, "SELECT 'x' AS a, NULL AS b", &rows, NULL),
                     MIGRATE_OK);
    ck_assert_str_eq(migrate_rows_text(rows, 0, 0), "x");
    ck_assert_str_eq(migrate_rows_column_name(rows, 1), host.names > 0 ? "b" : "2");
    ck_assert_int_eq(migrate_rows_is_null(rows, 0, 1), 1);
    migrate_rows_free(rows);
    ck_assert_int_eq(migrate_connection_quote(connection, "it's \\ fine", &literal, NULL), MIGRATE_OK);
    snprintf(sql, sizeof sql, "CREATE TABLE quoted (t text); INSERT INTO quoted VALUES (%s)", literal);
    migrate_free(literal);
    return migrate_connection_exec(connection, sql, NULL);
}

static void ask_by_code(int names)
{
    migrate_source *source = NULL;
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add_code(source, "001_ask", "1", ask_connection, NULL, NULL, NULL),
                     MIGRATE_OK);
    api_source(source);
    host.names = names;
    open_host(true);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT t FROM quoted"), "it's \\ fine");
    close_host();
    host.names = 0;
    migrate_source_free(source);
}

START_TEST(test_code)
{
    ask_by_code(0);
}
END_TEST

START_TEST(test_code_with_names_of_columns)
{
    ask_by_code(1000);
}
END_TEST

START_TEST(test_half_of_the_names)
{
    make_two();
    open_host(true);
    API_OK(api_apply());
    host.names = 1;
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    ck_assert_ptr_nonnull(strstr(migrate_error_message(api.error), "named 1 of "));
    host.names = 0;
    API_OK(api_apply());
    close_host();
}
END_TEST

START_TEST(test_missing_callback)
{
    migrate_driver *driver = NULL;
    migrate_session *session = NULL;
    migrate_error *error = NULL;
    ck_assert_int_eq(migrate_driver_new("oracle", NULL, &driver, NULL), MIGRATE_ERROR_MISUSE);
    ck_assert_int_eq(migrate_driver_new("sqlite", NULL, &driver, NULL), MIGRATE_OK);
    migrate_driver_set(driver, "exec", (migrate_function)run);
    ck_assert_int_eq(migrate_open_host(driver, api.options, &session, &error), MIGRATE_ERROR_CLIENT);
    ck_assert_ptr_nonnull(strstr(migrate_error_message(error), "query"));
    ck_assert_ptr_null(session);
    migrate_error_free(error);
    migrate_driver_free(driver);
}
END_TEST

API("host", test_verbs, test_without_states, test_error_with_place, test_silent_driver, test_half_of_the_names, test_rehearsal,
    test_each_call_fails, test_cancel, test_hosts_transaction, test_code, test_code_with_names_of_columns, test_missing_callback)
