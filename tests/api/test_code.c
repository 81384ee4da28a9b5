/* SPDX-License-Identifier: MIT
 * Migrations in the host's code: inside the migration's transaction, with everything they need from the
 * connection, and with nothing left of one that failed. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdio.h>
#include <string.h>

static migrate_source *source;

static void add_code(const char *id, const char *version, migrate_code_fn up, migrate_code_fn down,
                     void *user)
{
    migrate_error *error = NULL;
    if (!source)
        ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_msg(migrate_source_add_code(source, id, version, up, down, user, &error) == MIGRATE_OK, "%s",
                  migrate_error_message(error));
    ck_assert_int_eq(migrate_options_set_source(api.options, source, NULL), MIGRATE_OK);
    api_close();
}

/* A program that is built anew, with other code. */
static void forget_code(void)
{
    migrate_source_free(source);
    source = NULL;
    ck_assert_int_eq(migrate_options_set_source(api.options, NULL, NULL), MIGRATE_OK);
    api_close();
}

/* ---- what works ---- */

static int32_t split_names(migrate_connection *connection, void *user)
{
    migrate_rows *rows = NULL;
    int *calls = user;
    int32_t code = migrate_connection_exec(
        connection, "ALTER TABLE people ADD COLUMN first text; CREATE TABLE log (line text)", NULL);
    ++*calls;
    if (code == MIGRATE_OK)
        code = migrate_connection_query(connection, "SELECT id, name, NULL AS empty FROM people ORDER BY id",
                                        &rows, NULL);
    for (size_t i = 0; code == MIGRATE_OK && i < migrate_rows_count(rows); i++) {
        char *literal = NULL, sql[300], first[100];
        snprintf(first, sizeof first, "%.*s", (int)strcspn(migrate_rows_text(rows, i, 1), " "),
                 migrate_rows_text(rows, i, 1));
        ck_assert_int_eq(migrate_rows_is_null(rows, i, 2), 1);
        code = migrate_connection_quote(connection, first, &literal, NULL);
        if (code == MIGRATE_OK) {
            snprintf(sql, sizeof sql, "UPDATE people SET first = %s WHERE id = %s", literal,
                     migrate_rows_text(rows, i, 0));
            code = migrate_connection_exec(connection, sql, NULL);
        }
        migrate_free(literal);
    }
    migrate_rows_free(rows);
    return code;
}

static int32_t unsplit_names(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "DROP TABLE log; ALTER TABLE people DROP COLUMN first", NULL);
}

static void make_people(void)
{
    api_file("001_people.sql", "CREATE TABLE people (id integer, name text);\nINSERT INTO people VALUES (1, "
                               "'O''Hara Ann'), (2, 'Bob \\ X');\n");
    api_file("003_after.sql",
             "CREATE TABLE after_code AS SELECT first FROM people;\n-- ROLLBACK: DROP TABLE after_code;\n");
}

START_TEST(test_success)
{
    int calls = 0;
    make_people();
    add_code("002_split", "1", split_names, unsplit_names, &calls);
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "001_people 002_split 003_after");
    ck_assert_int_eq(calls, 1);
    ck_assert_str_eq(api_query("SELECT first FROM after_code ORDER BY first"), "Bob O'Hara");
    API_OK(api_apply());
    ck_assert_int_eq(calls, 1);
    API_OK(api_status());
    ck_assert_str_eq(api_cell("002_split", "reversible"), "source");
    API_OK(api_rollback("001"));
    ck_assert_str_eq(api_tables(), "people");
    API_OK(api_apply());
    ck_assert_int_eq(calls, 2);
}
END_TEST

static int32_t look_around(migrate_connection *connection, void *user)
{
    void *handle = migrate_connection_handle(connection);
    (void)user;
    ck_assert_str_eq(migrate_connection_engine(connection), API_EITHER("sqlite", "postgresql"));
    ck_assert_ptr_nonnull(handle);
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_get_autocommit(handle), 0);
        return sqlite3_exec(handle, "CREATE TABLE by_handle (id integer)", NULL, NULL, NULL);
    }
    ck_assert_int_eq(PQtransactionStatus(handle), PQTRANS_INTRANS);
    PGresult *result = PQexec(handle, "CREATE TABLE by_handle (id integer)");
    int32_t code = PQresultStatus(result) == PGRES_COMMAND_OK ? 0 : 1;
    PQclear(result);
    return code;
}

START_TEST(test_handle)
{
    add_code("001_look", "1", look_around, NULL, NULL);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "by_handle");
}
END_TEST

static int32_t catch_error(migrate_connection *connection, void *user)
{
    migrate_error *error = NULL;
    int32_t code =
        migrate_connection_exec(connection, "SAVEPOINT try; INSERT INTO absent VALUES (1)", &error);
    (void)user;
    ck_assert_int_eq(code, MIGRATE_ERROR_SQL);
    ck_assert_ptr_nonnull(strstr(migrate_error_message(error), "absent"));
    migrate_error_free(error);
    return migrate_connection_exec(connection, "ROLLBACK TO SAVEPOINT try; CREATE TABLE caught (id integer)",
                                   NULL);
}

START_TEST(test_error_that_is_handled)
{
    add_code("001_catch", "1", catch_error, NULL, NULL);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "caught");
}
END_TEST

/* ---- what fails ---- */

static int32_t fail_with_words(migrate_connection *connection, void *user)
{
    ck_assert_int_eq(migrate_connection_exec(connection, "CREATE TABLE half (id integer)", NULL), MIGRATE_OK);
    return user ? migrate_connection_fail(connection, user) : 17;
}

static int32_t fail_by_sql(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection,
                                   "CREATE TABLE half (id integer); INSERT INTO absent VALUES (1)", NULL);
}

START_TEST(test_failure)
{
    char words[] = "the moon is full";
    make_people();
    add_code("002_fail", "1", fail_with_words, NULL, words);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("the moon is full");
    ck_assert_str_eq(migrate_error_id(api.error), "002_fail");
    ck_assert_str_eq(api_tables(), "people");
    ck_assert_str_eq(api_applied(), "001_people");
    ck_assert_str_eq(api_events("failed"), "1");
    ck_assert_ptr_nonnull(
        strstr(api_query("SELECT error FROM libmigrate_history WHERE event = 'failed'"), "the moon"));
    forget_code();
    add_code("002_fail", "2", split_names, NULL, &(int){0});
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "after_code log people");
}
END_TEST

START_TEST(test_failure_without_words)
{
    add_code("001_fail", "1", fail_with_words, NULL, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("17");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_failure_by_sql)
{
    add_code("001_fail", "1", fail_by_sql, NULL, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("absent");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

static int32_t commit_by_text(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "CREATE TABLE half (id integer); /* now */ COMMIT; BEGIN",
                                   NULL);
}

static int32_t roll_back_by_query(migrate_connection *connection, void *user)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_connection_query(connection, "ROLLBACK", &rows, NULL);
    (void)user;
    migrate_rows_free(rows);
    return code;
}

START_TEST(test_commit_is_refused)
{
    make_people();
    add_code("002_commit", "1", commit_by_text, NULL, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("COMMIT");
    ck_assert_str_eq(api_tables(), "people");
    ck_assert_str_eq(api_applied(), "001_people");
    forget_code();
    add_code("002_commit", "1", roll_back_by_query, NULL, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    ck_assert_str_eq(api_tables(), "people");
}
END_TEST

static int32_t commit_by_handle(migrate_connection *connection, void *user)
{
    void *handle = migrate_connection_handle(connection);
    (void)user;
    if (api.engine == API_SQLITE)
        return sqlite3_exec(handle, "CREATE TABLE half (id integer); COMMIT", NULL, NULL, NULL);
    PQclear(PQexec(handle, "CREATE TABLE half (id integer); COMMIT"));
    return 0;
}

/* What is done behind the library's back cannot be prevented, but it is seen; and what was committed with it
 * is not run a second time. */
START_TEST(test_commit_behind_our_back)
{
    make_people();
    api_file("001_people.sql",
             "CREATE TABLE IF NOT EXISTS people (id integer);\nINSERT INTO people VALUES (1);\n");
    add_code("002_commit", "1", commit_by_handle, NULL, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("ended its own transaction");
    ck_assert_str_eq(api_query("SELECT count(*) FROM people"), "1");
    ck_assert_str_eq(api_applied(), "001_people");
    ck_assert_str_eq(api_events("applied"), "1");
}
END_TEST

/* ---- versions, schemas ---- */

START_TEST(test_other_version_is_modified)
{
    int calls = 0;
    make_people();
    add_code("002_split", "1", split_names, NULL, &calls);
    API_OK(api_apply());
    forget_code();
    add_code("002_split", "2", split_names, NULL, &calls);
    API_FAILS(api_apply(), MIGRATE_ERROR_MODIFIED, "state");
    API_OK(api_mark("accept-checksum", "002_split", "same effect"));
    API_OK(api_apply());
    ck_assert_int_eq(calls, 1);
}
END_TEST

static int32_t make_schema(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(
        connection, "CREATE TABLE people (id integer, name text, first text, whole integer)", NULL);
}

START_TEST(test_schema)
{
    int calls = 0;
    make_people();
    add_code("002_split", "1", split_names, NULL, &calls);
    ck_assert_int_eq(migrate_source_set_schema_code(source, "002_split", make_schema, NULL, NULL),
                     MIGRATE_OK);
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(api_column("action"), "schema run");
    ck_assert_int_eq(calls, 0);
    api_query("SELECT whole FROM people");
    ck_assert_str_eq(api_applied(), "001_people 002_split 003_after");
}
END_TEST

START_TEST(test_memory_only)
{
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add(source, "001_a", "CREATE TABLE a (id integer)", "DROP TABLE a", NULL),
                     MIGRATE_OK);
    const char text[] = "CREATE VIEW v AS SELECT 1 AS one FROM a;";
    ck_assert_int_eq(migrate_source_add_file(source, "repeatable/v.sql", text, strlen(text), NULL),
                     MIGRATE_OK);
    api_source(source);
    API_OK(api_apply());
    ck_assert_str_eq(api_column("kind"), "versioned repeatable");
}
END_TEST

API("code", test_success, test_handle, test_error_that_is_handled, test_failure, test_failure_without_words,
    test_failure_by_sql, test_commit_is_refused, test_commit_behind_our_back, test_other_version_is_modified,
    test_schema, test_memory_only)
