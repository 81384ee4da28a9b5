/* SPDX-License-Identifier: MIT
 * A copy of a schema in memory: everything is in it, as the open transaction sees it, and no row; what cannot be copied is named. */
#include "database/client.h"
#include "database/sqlite/connection.h"
#include "schema/facts.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct database *db;

static void set_up(void)
{
    struct database_options options = {.application_name = "test", .create = true};

    ck_assert_int_eq(database_open("sqlite::memory:", &options, &db, NULL), MIGRATE_OK);
}

static void tear_down(void)
{
    database_close(db);
    db = NULL;
}

static void run(struct database *on, const char *sql)
{
    migrate_error *err = NULL;

    if (database_exec(on, sql, &err) != MIGRATE_OK)
        ck_abort_msg("%s: %s", sql, err->message);
}

static char *ask(struct database *on, const char *sql)
{
    struct migrate_rows *rows = NULL;
    struct text out = {0};

    ck_assert_int_eq(on->class->query(on, sql, &rows, NULL), MIGRATE_OK);
    for (size_t row = 0; row < rows_count(rows); row++) {
        for (size_t column = 0; column < rows_columns(rows); column++)
            text_format(&out, "%s|", rows_text(rows, row, column) != NULL ? rows_text(rows, row, column) : "");
        text_add_char(&out, '\n');
    }
    rows_free(rows);
    return text_take(&out);
}

static void same(struct database *a, struct database *b, const char *sql)
{
    char *x = ask(a, sql), *y = ask(b, sql);

    ck_assert_str_eq(x, y);
    free(x);
    free(y);
}

#define EVERYTHING                                                                                                                    \
    "CREATE TABLE parent (id INTEGER PRIMARY KEY AUTOINCREMENT, \"a b\" TEXT COLLATE NOCASE UNIQUE, c AS (id + 1));"                   \
    "CREATE VIEW early AS SELECT * FROM later;"                                                                                       \
    "CREATE TABLE \"select\" (k TEXT PRIMARY KEY, p INT REFERENCES parent ON DELETE CASCADE) WITHOUT ROWID, STRICT;"                       \
    "CREATE TABLE later (x CHECK (x > 0), y DEFAULT (1 + 1));"                                                                        \
    "CREATE INDEX part ON later (lower(y)) WHERE x > 1;"                                                                               \
    "CREATE VIRTUAL TABLE words USING fts5(word, tokenize = 'porter');"                                                               \
    "CREATE TABLE words_of_mine (w);"                                                                                                 \
    "CREATE TRIGGER t AFTER INSERT ON later BEGIN INSERT INTO words VALUES (new.y); END;"                                              \
    "CREATE TRIGGER instead INSTEAD OF INSERT ON early BEGIN SELECT 1; END;"                                                          \
    "INSERT INTO parent (\"a b\") VALUES ('x');"                                                                                      \
    "ANALYZE;"

START_TEST(all_of_it)
{
    struct database *clone = NULL;
    struct migrate_rows *rows = NULL;
    struct database_facts_wish wish = {.schema = "main", .table = "libmigrate_history"};
    struct facts facts = {0}, cloned = {0};
    char a[DIGEST_HEX], b[DIGEST_HEX];

    run(db, EVERYTHING);
    run(db, "BEGIN IMMEDIATE; ALTER TABLE later ADD COLUMN uncommitted INTEGER NOT NULL DEFAULT 1");
    ck_assert_int_eq(sqlite_clone_schema(db, &clone, NULL), MIGRATE_OK);
    same(db, clone,
         "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name, tbl_name");
    ck_assert_int_eq(facts_read(db, &wish, &facts, NULL), MIGRATE_OK);
    ck_assert_int_eq(facts_read(clone, &wish, &cloned, NULL), MIGRATE_OK);
    facts_fingerprint(&facts, a);
    facts_fingerprint(&cloned, b);
    ck_assert_str_eq(a, b);
    facts_free(&facts);
    facts_free(&cloned);
    ck_assert_int_eq(clone->class->query(clone, "SELECT 1 FROM parent", &rows, NULL), MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 0);
    rows_free(rows);
    ck_assert_int_eq(clone->class->transaction(clone), DATABASE_IDLE);
    run(clone, "DROP TABLE later; DROP TABLE parent"); /* keys are not enforced, and it is another database */
    run(db, "SELECT uncommitted FROM later; ROLLBACK");
    database_close(clone);
}
END_TEST

static void own_function(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    (void)values;
    sqlite3_result_int(context, 1);
}

/* The host's handle, and something that only the host has. */
START_TEST(what_cannot_be_copied)
{
    struct database *clone = NULL;
    migrate_error *err = NULL;
    sqlite3 *handle = db->class->handle(db);

    ck_assert_int_eq(sqlite3_create_function(handle, "own", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, own_function, NULL, NULL),
                     SQLITE_OK);
    run(db, "CREATE TABLE fine (a); CREATE TABLE odd (a CHECK (own(a)))");
    ck_assert_int_eq(sqlite_clone_schema(db, &clone, &err), MIGRATE_ERROR_SHADOW);
    ck_assert_ptr_nonnull(strstr(err->message, "the table odd cannot be made: no such function: own"));
    ck_assert_str_eq(err->statement, "CREATE TABLE odd (a CHECK (own(a)))");
    ck_assert_ptr_nonnull(err->hint);
    error_free(err);
    ck_assert_ptr_null(clone);
}
END_TEST

START_TEST(a_borrowed_handle)
{
    struct database *borrowed = NULL, *clone = NULL;
    migrate_client *client = NULL;

    ck_assert_int_eq(client_load(&sqlite_library, &client, NULL), MIGRATE_OK);
    ck_assert_int_eq(database_open_handle(client, db->class->handle(db), &borrowed, NULL), MIGRATE_OK);
    client_unref(client);
    run(db, "CREATE TABLE t (a); PRAGMA legacy_alter_table = ON; PRAGMA foreign_keys = ON; BEGIN; CREATE TABLE u (b)");
    ck_assert_int_eq(database_sqlite.clone_open(borrowed, &clone, NULL), MIGRATE_OK);
    same(db, clone, "SELECT name FROM sqlite_master");
    same(db, clone, "PRAGMA legacy_alter_table");
    database_close(borrowed);
    run(clone, "INSERT INTO u VALUES (1)");
    database_close(clone);
}
END_TEST

START_TEST(a_cancel_ends_it)
{
    struct watch watch = {.deadline = 1};
    struct database *clone = NULL;
    migrate_error *err = NULL;

    run(db, EVERYTHING);
    db->watch = &watch;
    ck_assert_int_eq(sqlite_clone_schema(db, &clone, &err), MIGRATE_ERROR_TIMEOUT);
    error_free(err);
    db->watch = NULL;
}
END_TEST

/* Its functions are all there is of it: none opens a database. */
static int32_t no_query(const char *sql, size_t length, migrate_result *result, void *user)
{
    (void)user;
    (void)sql;
    (void)length;
    (void)result;
    return 0;
}

START_TEST(a_hosts_driver)
{
    migrate_driver *driver = NULL;
    struct database *host = NULL, *clone = NULL;
    migrate_error *err = NULL;

    ck_assert_int_eq(driver_new("sqlite", NULL, &driver, NULL), MIGRATE_OK);
    driver_set(driver, "exec", (migrate_function)no_query);
    driver_set(driver, "query", (migrate_function)no_query);
    ck_assert_int_eq(database_open_host(driver, &host, NULL), MIGRATE_OK);
    ck_assert_int_eq(sqlite_clone_schema(host, &clone, &err), MIGRATE_ERROR_SHADOW);
    ck_assert_ptr_nonnull(err->hint);
    error_free(err);
    database_close(host);
    driver_unref(driver);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sqlite_clone");
    TCase *cases = tcase_create("clone");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, all_of_it);
    tcase_add_test(cases, what_cannot_be_copied);
    tcase_add_test(cases, a_borrowed_handle);
    tcase_add_test(cases, a_cancel_ends_it);
    tcase_add_test(cases, a_hosts_driver);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
