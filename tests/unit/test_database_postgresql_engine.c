/* SPDX-License-Identifier: MIT
 * The SQL that the engine writes for PostgreSQL, run by a server. */
#include "test_database_postgresql.h"

START_TEST(quotes)
{
    static const char *const texts[] = {"", "it's", "back\\slash", "\\'; x", "line\nend", "\"ü\""};
    struct database *db = open_server();

    for (int standard = 0; standard < 2; standard++) {
        run(db,
            standard ? "SET standard_conforming_strings TO on" : "SET standard_conforming_strings TO off");
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            struct text sql = {0};

            text_add(&sql, "SELECT");
            db->engine->literal(&sql, texts[i], strlen(texts[i]));
            ck_assert_str_eq(ask_text(db, &sql), texts[i]);
        }
    }
    database_close(db);
}
END_TEST

static bool holds(struct database *db, void (*question)(struct text *, const char *, const char *))
{
    struct text sql = {0};
    migrate_error *err = NULL;
    bool answer = false;

    question(&sql, "odd \"name's", "his\\tory");
    database_ask(db, &sql, &answer, &err);
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
    text_free(&sql);
    return answer;
}

START_TEST(finds_history_and_objects)
{
    struct database *db = open_server();
    const struct database_engine *engine = db->engine;
    struct text sql = {0};

    run(db, "DROP DATABASE IF EXISTS unit_pg_objects");
    run(db, "CREATE DATABASE unit_pg_objects TEMPLATE template0");
    database_close(db);
    db = connect_as(url_with("postgres", "unit_pg_objects"), NULL);
    ck_assert(!holds(db, engine->history_exists));
    ck_assert(!holds(db, engine->objects_exist));
    run(db, "CREATE SCHEMA \"odd \"\"name's\"");
    for (int i = 0; i < 2; i++) {
        engine->history_create(&sql, "odd \"name's", "his\\tory");
        run(db, sql.data);
        text_free(&sql);
    }
    ck_assert(holds(db, engine->history_exists));
    ck_assert(!holds(db, engine->objects_exist));
    run(db, "CREATE TEMP TABLE t (a int)");
    ck_assert(!holds(db, engine->objects_exist));
    run(db, "CREATE TYPE e AS ENUM ('x')");
    ck_assert(holds(db, engine->objects_exist));
    run(db, "DROP TYPE e; CREATE TYPE comp AS (a int)");
    ck_assert(holds(db, engine->objects_exist));
    run(db, "DROP TYPE comp; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    ck_assert(holds(db, engine->objects_exist));
    run(db, "DROP FUNCTION f; CREATE SEQUENCE s");
    ck_assert(holds(db, engine->objects_exist));
    run(db, "DROP SEQUENCE s");
    ck_assert(!holds(db, engine->objects_exist));
    database_close(db);
    db = open_server();
    run(db, "DROP DATABASE unit_pg_objects");
    database_close(db);
}
END_TEST

static void run_begin(struct database *db, const char *set_role)
{
    struct text sql = {0};

    db->engine->begin(&sql, set_role);
    run(db, sql.data);
    text_free(&sql);
}

static void run_before_history(struct database *db, const char *set_role)
{
    struct text sql = {0};

    db->engine->before_history(&sql, set_role);
    run(db, sql.data);
    text_free(&sql);
}

START_TEST(begins_with_its_own_settings)
{
    struct database *db = open_server();
    struct text sql = {0};

    run(db, "DROP ROLE IF EXISTS \"unit pg begin\"");
    run(db, "CREATE ROLE \"unit pg begin\"; SET statement_timeout = '50ms'; SET lock_timeout = '50ms'; "
            "SET default_transaction_read_only = on; SET default_transaction_isolation = 'serializable'");
    db->engine->begin(&sql, NULL);
    text_add(&sql, "SELECT pg_sleep(0.2); CREATE TEMP TABLE t (a int)");
    run(db, sql.data);
    text_free(&sql);
    ck_assert_str_eq(ask(db, "SHOW transaction_isolation"), "read committed");
    run(db, "ROLLBACK");

    run(db, "SET ROLE \"unit pg begin\""); /* as a host may have done */
    run_begin(db, NULL);
    run(db, "SET SESSION AUTHORIZATION pw");
    run_before_history(db, NULL);
    ck_assert_str_eq(ask(db, "SELECT session_user || current_user"), "postgresunit pg begin");
    run(db, "ROLLBACK; RESET ROLE");

    run_begin(db, "unit pg begin");
    ck_assert_str_eq(ask(db, "SELECT current_user"), "unit pg begin");
    run(db, "RESET ROLE; RESET ALL");
    run_before_history(db, "unit pg begin");
    ck_assert_str_eq(ask(db, "SELECT current_user"), "unit pg begin");
    run(db, "COMMIT");
    db->engine->after_commit(&sql);
    run(db, sql.data);
    text_free(&sql);
    ck_assert_str_eq(ask(db, "SELECT current_user || current_setting('lock_timeout')"), "postgres0");
    run(db, "DROP ROLE \"unit pg begin\"");
    database_close(db);

    db = connect_as(url_with("pw:secret", "postgres"), NULL);
    run_begin(db, NULL);
    run_before_history(db, NULL);
    ck_assert_str_eq(ask(db, "SELECT current_user"), "pw");
    database_close(db);
}
END_TEST

START_TEST(tells_the_time)
{
    struct database *db = open_server();
    struct text sql = {0};

    text_format(&sql, "SELECT %s FROM (SELECT timestamptz '2026-01-02 03:04:05.678901Z' AS at) x",
                db->engine->at_microseconds);
    ck_assert_str_eq(ask_text(db, &sql), "1767323045678901");
    text_format(&sql,
                "BEGIN; SELECT pg_sleep(0.01); SELECT %s BETWEEN 10000 AND 5000000 AND %s > now(); COMMIT",
                db->engine->since_begin, db->engine->now);
    ck_assert_str_eq(ask_text(db, &sql), "t");
    database_close(db);
}
END_TEST

START_TEST(locks)
{
    static const int64_t keys[] = {0, 1, -1, INT64_MIN, INT64_MAX, INT64_C(-4294967296)};
    struct database *one = open_server(), *two = open_server();
    const struct database_engine *engine = one->engine;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct text sql = {0};
        char pid[32];

        engine->lock_release(&sql, keys[i]); /* nothing to let go of */
        ck_assert_str_eq(ask_text(one, &sql), "");
        engine->lock_holder(&sql, keys[i]);
        ck_assert_str_eq(ask_text(two, &sql), "");
        engine->lock_try(&sql, keys[i]);
        ck_assert_str_eq(ask_text(one, &sql), "t");
        engine->lock_try(&sql, keys[i]);
        ck_assert_str_eq(ask_text(two, &sql), "f");
        snprintf(pid, sizeof pid, "%.20s", ask(one, "SELECT pg_backend_pid()"));
        engine->lock_holder(&sql, keys[i]);
        ck_assert_str_eq(ask_text(two, &sql), pid);
        engine->lock_release(&sql, keys[i]);
        ck_assert_str_eq(ask_text(one, &sql), "t");
    }
    database_close(one);
    database_close(two);
}
END_TEST

START_TEST(checks_needs)
{
    static const struct database_need needs[] = {
        {NEED_CREATE_IN_SCHEMA, ""},           {NEED_CREATE_IN_SCHEMA, "\"Unit pg\""},
        {NEED_CREATE_IN_SCHEMA, "not_there"},  {NEED_OWN, "\"Unit pg\".t"},
        {NEED_OWN, "not_there.t"},       {NEED_OWN, "\"Unit pg\".mine"},
        {NEED_EXTENSION, "\"no-such\""},       {NEED_EXTENSION, "plpgsql"},
        {NEED_EXTENSION, "pg_stat_statements"}};
    static const int64_t unmet[] = {0, 1, 3, 6, 8};
    struct database *root = open_server(), *db;
    struct migrate_rows *rows = NULL;
    migrate_error *err = NULL;
    struct text sql = {0};
    bool contrib = *ask(root, "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'");

    run(root, "DROP SCHEMA IF EXISTS \"Unit pg\" CASCADE");
    run(root, "CREATE SCHEMA \"Unit pg\"; GRANT USAGE ON SCHEMA \"Unit pg\" TO pw; "
              "CREATE TABLE \"Unit pg\".t (a int); CREATE TABLE \"Unit pg\".mine (a int); "
              "ALTER TABLE \"Unit pg\".mine OWNER TO pw");
    db = connect_as(url_with("pw:secret", "postgres"), NULL);
    db->engine->preflight(&sql, needs, sizeof needs / sizeof needs[0] - (contrib ? 0 : 1));
    ck_assert_msg(database_query(db, &sql, &rows, &err) == 0, "%s", err == NULL ? "" : err->message);
    ck_assert_uint_eq(rows_columns(rows), 3);
    ck_assert_uint_eq(rows_count(rows), contrib ? 5 : 4);
    for (size_t i = 0; i < rows_count(rows); i++) {
        ck_assert_int_eq(rows_int(rows, i, 0), unmet[i]);
        ck_assert_uint_gt(strlen(rows_text(rows, i, 1)), 0);
        ck_assert_uint_gt(strlen(rows_text(rows, i, 2)), 0);
    }
    rows_free(rows);
    text_free(&sql);
    database_close(db);
    run(root, "DROP SCHEMA \"Unit pg\" CASCADE");
    database_close(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database/postgresql/engine");
    TCase *tests = tcase_create("all");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, quotes);
    tcase_add_test(tests, finds_history_and_objects);
    tcase_add_test(tests, begins_with_its_own_settings);
    tcase_add_test(tests, tells_the_time);
    tcase_add_test(tests, locks);
    tcase_add_test(tests, checks_needs);
    return run_suite(suite);
}
