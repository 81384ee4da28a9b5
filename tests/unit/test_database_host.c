/* SPDX-License-Identifier: MIT
 * A host's driver: SQL goes out statement by statement, rows and failures come back. */
#include "database/database.h"
#include "util/watch.h"

#include <check.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* A driver that remembers what it was given and answers from a list. */
struct recorder {
    struct text log; /* "exec:SQL|query:SQL|" */
    int state, cancel;
    const char *fail_on, *sqlstate, *message;
    int32_t driver_code;
    int64_t position;
    size_t columns, values;
    sqlite3 *real; /* a driver on SQLite, where not NULL */
};

static int32_t answer(const char *word, const char *sql, size_t length, migrate_result *result,
                      struct recorder *recorder)
{
    ck_assert_uint_eq(strlen(sql), length);
    text_format(&recorder->log, "%s:%s|", word, sql);
    if (recorder->fail_on == NULL || strstr(sql, recorder->fail_on) == NULL)
        return 0;
    if (recorder->message != NULL)
        ck_assert_int_eq(result_fail(result, recorder->sqlstate, recorder->driver_code, recorder->message,
                                     recorder->position),
                         0);
    return 1;
}

static int32_t on_exec(const char *sql, size_t length, migrate_result *result, void *user)
{
    struct recorder *recorder = user;
    char *message = NULL;
    int code;

    if (recorder->real == NULL)
        return answer("exec", sql, length, result, user);
    code = sqlite3_exec(recorder->real, sql, NULL, NULL, &message);
    if (code != SQLITE_OK)
        result_fail(result, NULL, sqlite3_extended_errcode(recorder->real), message, 0);
    sqlite3_free(message);
    return code;
}

static int32_t query_real(sqlite3 *db, const char *sql, migrate_result *result)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        result_columns(result, (size_t)sqlite3_column_count(statement));
    while (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(statement); i++) {
            const char *text = (const char *)sqlite3_column_text(statement, i);

            result_value(result, text, (size_t)sqlite3_column_bytes(statement, i));
        }
    code = sqlite3_finalize(statement);
    if (code != SQLITE_OK)
        result_fail(result, NULL, sqlite3_extended_errcode(db), sqlite3_errmsg(db), 0);
    return code;
}

static int32_t on_query(const char *sql, size_t length, migrate_result *result, void *user)
{
    struct recorder *recorder = user;
    int32_t code;

    if (recorder->real != NULL)
        return query_real(recorder->real, sql, result);
    code = answer("query", sql, length, result, user);
    if (code == 0 && recorder->columns > 0) {
        ck_assert_int_eq(result_value(result, "early", 5), MIGRATE_ERROR_MISUSE);
        ck_assert_int_eq(result_columns(result, recorder->columns), MIGRATE_OK);
        ck_assert_int_eq(result_columns(result, recorder->columns), MIGRATE_ERROR_MISUSE);
        for (size_t i = 0; i < recorder->values; i++)
            ck_assert_int_eq(result_value(result, i == 1 ? NULL : "value", 5), MIGRATE_OK);
    }
    return code;
}

static int32_t on_state(void *user)
{
    return ((struct recorder *)user)->state;
}

static int32_t on_cancel(void *user)
{
    return ((struct recorder *)user)->cancel;
}

static struct database *open_driver(const char *engine, struct recorder *recorder)
{
    migrate_driver *driver = NULL;
    struct database *db = NULL;

    ck_assert_int_eq(driver_new(engine, recorder, &driver, NULL), MIGRATE_OK);
    ck_assert_int_eq(driver_set(driver, "exec", (migrate_function)on_exec), MIGRATE_OK);
    ck_assert_int_eq(driver_set(driver, "query", (migrate_function)on_query), MIGRATE_OK);
    ck_assert_int_eq(driver_set(driver, "in_transaction", (migrate_function)on_state), MIGRATE_OK);
    ck_assert_int_eq(driver_set(driver, "cancel", (migrate_function)on_cancel), MIGRATE_OK);
    ck_assert_int_eq(driver_set(driver, "from the future", (migrate_function)on_cancel), MIGRATE_OK);
    ck_assert_int_eq(database_open_host(driver, &db, NULL), MIGRATE_OK);
    driver_unref(driver);
    return db;
}

START_TEST(test_exec)
{
    struct recorder recorder = {0};
    struct database *db = open_driver("postgresql", &recorder);

    ck_assert(db->borrowed);
    ck_assert_ptr_null(db->class->handle(db));
    ck_assert_ptr_eq(db->engine, &database_postgresql);
    ck_assert_int_eq(database_exec(db, "BEGIN;;\n-- word\nSELECT ';' ; SELECT $$;$$", NULL), MIGRATE_OK);
    ck_assert_str_eq(recorder.log.data, "exec:BEGIN|exec:SELECT ';'|exec:SELECT $$;$$|");
    text_free(&recorder.log);
    database_close(db);
}
END_TEST

START_TEST(test_fault)
{
    static const char sql[] = "SELECT 1;\nSELECT '\xc3\xa4', x;";
    struct recorder recorder = {
        .fail_on = "x", .sqlstate = "42703", .message = "column \"x\" does not exist", .position = 13};
    struct database *db = open_driver("postgresql", &recorder);
    struct database_fault fault;
    migrate_error *error = NULL;

    ck_assert_int_eq(db->class->exec(db, sql, strlen(sql), &fault, &error), MIGRATE_ERROR_SQL);
    ck_assert_uint_eq(fault.done, 1);
    ck_assert_uint_eq(fault.start, 10);
    ck_assert_uint_eq(fault.offset, (size_t)(strchr(sql, 'x') - sql));
    ck_assert_str_eq(error->sqlstate, "42703");
    ck_assert_int_eq(error->kind, ERROR_NO_COLUMN);
    ck_assert_str_eq(error->message, "column \"x\" does not exist");
    error_clear(&error);

    recorder.sqlstate = NULL;
    ck_assert_int_eq(database_exec(db, "x", &error), MIGRATE_ERROR_SQL);
    error_clear(&error);
    recorder.message = NULL;
    ck_assert_int_eq(database_exec(db, "x", &error), MIGRATE_ERROR_CODE);
    ck_assert_ptr_nonnull(error->hint);
    error_clear(&error);
    text_free(&recorder.log);
    database_close(db);
}
END_TEST

START_TEST(test_copy)
{
    struct recorder recorder = {0};
    struct database *db = open_driver("postgresql", &recorder);

    ck_assert_int_eq(database_exec(db, "COPY t FROM stdin;\n1\n\\.\n", NULL), MIGRATE_ERROR_SQL);
    ck_assert_ptr_null(recorder.log.data);
    database_close(db);
}
END_TEST

START_TEST(test_query)
{
    struct recorder recorder = {.columns = 2, .values = 4};
    struct database *db = open_driver("postgresql", &recorder);
    struct migrate_rows *rows = NULL;
    migrate_error *error = NULL;

    ck_assert_int_eq(db->class->query(db, "SET a = 1; SELECT 2;", &rows, NULL), MIGRATE_OK);
    ck_assert_str_eq(recorder.log.data, "exec:SET a = 1|query:SELECT 2|");
    ck_assert_uint_eq(rows_count(rows), 2);
    ck_assert_str_eq(rows_column_name(rows, 1), "2");
    ck_assert_str_eq(rows_text(rows, 0, 0), "value");
    ck_assert(rows_is_null(rows, 0, 1));
    rows_free(rows);

    recorder.values = 3;
    rows = NULL;
    ck_assert_int_eq(db->class->query(db, "SELECT 2", &rows, &error), MIGRATE_ERROR_CODE);
    ck_assert_ptr_null(rows);
    error_clear(&error);

    recorder.columns = 0;
    ck_assert_int_eq(db->class->query(db, "  -- nothing", &rows, NULL), MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 0);
    rows_free(rows);
    text_free(&recorder.log);
    database_close(db);
}
END_TEST

START_TEST(test_state)
{
    struct recorder recorder = {.state = 1};
    struct database *db = open_driver("sqlite", &recorder);

    ck_assert_int_eq(db->class->transaction(db), DATABASE_OPEN);
    recorder.state = 0;
    ck_assert_int_eq(db->class->transaction(db), DATABASE_IDLE);
    recorder.state = -1;
    ck_assert_int_eq(db->class->transaction(db), DATABASE_UNKNOWN);
    database_close(db);
}
END_TEST

/* PostgreSQL itself writes the SQL that brings its settings back. */
START_TEST(test_settings)
{
    struct recorder recorder = {.columns = 1, .values = 1};
    struct database *db = open_driver("postgresql", &recorder);

    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    ck_assert_ptr_null(recorder.log.data);
    ck_assert_int_eq(db->class->settings_save(db, NULL), MIGRATE_OK);
    ck_assert_ptr_nonnull(strstr(recorder.log.data, "'search_path'"));
    text_clear(&recorder.log);
    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    ck_assert_str_eq(recorder.log.data, "query:value|");
    text_free(&recorder.log);
    database_close(db);
}
END_TEST

/* A cancel ends the run before the next statement, but what undoes goes through. */
START_TEST(test_cancel)
{
    struct recorder recorder = {.cancel = 1};
    struct database *db = open_driver("postgresql", &recorder);
    struct watch watch = {0};

    db->watch = &watch;
    ck_assert_int_eq(database_exec(db, "SELECT 1", NULL), MIGRATE_ERROR_CANCELLED);
    ck_assert_ptr_null(recorder.log.data);
    ck_assert_int_eq(database_exec(db, "ROLLBACK", NULL), MIGRATE_OK);
    recorder.cancel = 0;
    ck_assert_int_eq(token_new(&watch.token, NULL), MIGRATE_OK);
    ck_assert_int_eq(database_exec(db, "SELECT 1", NULL), MIGRATE_OK);
    token_raise(watch.token, 2);
    ck_assert_int_eq(database_exec(db, "SELECT 1", NULL), MIGRATE_ERROR_CANCELLED);
    token_unref(watch.token);
    text_free(&recorder.log);
    database_close(db);
}
END_TEST

START_TEST(test_incomplete)
{
    migrate_driver *driver = NULL;
    struct database *db = NULL;
    migrate_error *error = NULL;

    ck_assert_int_eq(driver_new("mysql", NULL, &driver, &error), MIGRATE_ERROR_MISUSE);
    error_clear(&error);
    ck_assert_int_eq(driver_new("sqlite", NULL, &driver, NULL), MIGRATE_OK);
    ck_assert_int_eq(database_open_host(driver, &db, &error), MIGRATE_ERROR_CLIENT);
    ck_assert_ptr_null(db);
    error_clear(&error);
    driver_unref(driver);
}
END_TEST

START_TEST(test_on_sqlite)
{
    struct recorder recorder = {0};
    struct database *db;
    struct migrate_rows *rows = NULL;
    migrate_error *error = NULL;

    ck_assert_int_eq(sqlite3_open(":memory:", &recorder.real), SQLITE_OK);
    db = open_driver("sqlite", &recorder);
    ck_assert_int_eq(database_exec(db, "CREATE TABLE t (a PRIMARY KEY); INSERT INTO t VALUES (1)", NULL), 0);
    ck_assert_int_eq(database_exec(db, "INSERT INTO t VALUES (1)", &error), MIGRATE_ERROR_SQL);
    ck_assert_int_eq(error->kind, ERROR_UNIQUE);
    ck_assert_int_eq(error->driver_code, SQLITE_CONSTRAINT_PRIMARYKEY);
    ck_assert_int_eq(database_exec(db, "SELECT * FROM nowhere", &error), MIGRATE_ERROR_SQL);
    ck_assert_int_eq(error->kind, ERROR_NO_TABLE);
    error_clear(&error);

    ck_assert_int_eq(db->class->settings_save(db, NULL), MIGRATE_OK);
    ck_assert_int_eq(database_exec(db, "PRAGMA foreign_keys=ON; PRAGMA cache_size=17", NULL), MIGRATE_OK);
    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    ck_assert_int_eq(
        db->class->query(db, "SELECT * FROM pragma_foreign_keys, pragma_cache_size", &rows, NULL),
        MIGRATE_OK);
    ck_assert_int_eq(rows_int(rows, 0, 0), 0);
    ck_assert_int_ne(rows_int(rows, 0, 1), 17);
    rows_free(rows);
    database_close(db);
    sqlite3_close(recorder.real);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database_host");
    TCase *tests = tcase_create("host");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, test_exec);
    tcase_add_test(tests, test_fault);
    tcase_add_test(tests, test_copy);
    tcase_add_test(tests, test_query);
    tcase_add_test(tests, test_state);
    tcase_add_test(tests, test_settings);
    tcase_add_test(tests, test_cancel);
    tcase_add_test(tests, test_incomplete);
    tcase_add_test(tests, test_on_sqlite);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
