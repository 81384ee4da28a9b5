/* SPDX-License-Identifier: MIT
 * Checks as a host calls them: what a session on the files alone may do, depths, severities, ignores, and that nothing is changed. What
 * is found in which source: tests/check. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static void open_files(const char *engine)
{
    api_close();
    API_OK(migrate_open_files(engine, api.options, &api.session, api_error()));
}

static const char *own_engine(void)
{
    return API_EITHER("sqlite", "postgresql");
}

/* The one finding of a rule. */
static const char *of_rule(const char *rule, const char *column)
{
    size_t rules = migrate_rows_column_index(api.rows, "rule"), wanted = migrate_rows_column_index(api.rows, column);
    const char *found = "NULL";
    int count = 0;
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        if (strcmp(migrate_rows_text(api.rows, i, rules), rule) != 0)
            continue;
        found = migrate_rows_text(api.rows, i, wanted);
        count++;
    }
    ck_assert_msg(count == 1, "%d findings of %s", count, rule);
    return found ? found : "NULL";
}

static void two(void)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE b;\n");
}

/* ---- without a database ---- */

START_TEST(test_files_alone)
{
    two();
    open_files(own_engine());
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("count"), "0");
    ck_assert_str_eq(api_value("by"), "source");
    ck_assert_int_eq(api_check(NULL), MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), API_EITHER("scratch", "words"));
    ck_assert_int_eq(strcmp(api_value("reason"), "NULL") == 0, api.engine == API_SQLITE);
    ck_assert_str_eq(api_value("engine"), own_engine());
    if (api.engine == API_SQLITE)
        return;
    api_option("shadow_url", api.url);
    open_files("postgresql");
    ck_assert_int_eq(api_check(""), MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), "scratch");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* What needs a database says so, and leaves nothing behind. */
START_TEST(test_no_database)
{
    migrate_rows *rows = NULL;
    migrate_plan *plan = NULL;
    two();
    for (int shadow = 0; shadow < 2; shadow++) {
        if (shadow)
            api_option("shadow_url", api.url);
        if (shadow && api.engine == API_SQLITE)
            break;
        open_files(own_engine());
        API_FAILS(migrate_apply(api.session, NULL, &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_SAYS("no database");
        API_FAILS(migrate_plan_make(api.session, NULL, &plan, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(migrate_status(api.session, &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(migrate_history(api.session, &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(migrate_snapshot(api.session, &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(migrate_baseline(api.session, NULL, "x", &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(migrate_startup_session(api.session, &rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
        API_FAILS(api_check("database"), MIGRATE_ERROR_MISUSE, "usage");
        ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    }
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_engine_of_files)
{
    two();
    open_files(NULL);
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("engine"), "postgresql");
    api_file("003_c.sqlite.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    open_files(NULL);
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("engine"), "sqlite");
    api_file("003_c.postgresql.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    open_files(NULL);
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("engine"), "postgresql");
    API_FAILS(migrate_open_files("oracle", api.options, &api.session, api_error()), MIGRATE_ERROR_MISUSE, "usage");
    api_option("shadow_url", api.url);
    open_files(NULL);
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("engine"), own_engine());
    api_close();
    if (api.engine == API_SQLITE)
        API_FAILS(migrate_open_files("postgresql", api.options, &api.session, api_error()), MIGRATE_ERROR_OPTION, "usage");
    else
        open_files("sqlite"); /* it has room for scratch databases of its own */
}
END_TEST

/* ---- what is found ---- */

START_TEST(test_all_at_once)
{
    api_file("001_a.sql", "-- migrate: braking\nCREATE TABLE a (id integer PRIMARY KEY);\n");
    api_file("002_b.sql", "-- Depends: 007\nCREATE TABLE b (id integer PRIMARY KEY);\n-- END ROLLBACK\n");
    api_file("002_c.SQL", "");
    API_OK(api_open(NULL));
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    ck_assert_int_eq(api_check("source"), MIGRATE_FINDINGS);
    ck_assert_str_eq(api_value("errors"), "4");
    ck_assert_str_eq(of_rule("SR05", "line"), "1");
    ck_assert_str_eq(of_rule("SR05", "column"), "13");
    ck_assert_str_eq(of_rule("SR05", "id"), "001_a");
    ck_assert_str_eq(of_rule("SR05", "name"), "directive");
    ck_assert_ptr_nonnull(strstr(of_rule("SR05", "hint"), "breaking"));
    ck_assert_str_eq(of_rule("SR21", "column"), "13");
    ck_assert_str_eq(of_rule("SR24", "line"), "3");
    ck_assert_str_eq(of_rule("SR04", "id"), "NULL");
    /* and the verbs say what they said before */
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* The files are read anew each time; the database is left alone. */
START_TEST(test_changes_nothing)
{
    two();
    API_OK(api_apply());
    char *before = api_snapshot();
    api_file_behind("003_c.sql", "CREATE TABLE c (id integer PRIMARY KEY;\n");
    ck_assert_int_eq(api_check(NULL), MIGRATE_FINDINGS);
    ck_assert_str_eq(of_rule("SR30", "id"), "003_c");
    api_file_behind("003_c.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    ck_assert_int_eq(api_check(NULL), MIGRATE_OK);
    ck_assert_int_eq(api_check("database"), MIGRATE_OK);
    char *after = api_snapshot();
    ck_assert_str_eq(before, after);
    ck_assert_str_eq(api_applied(), "001_a 002_b");
    API_OK(api_apply());
    API_FAILS(api_check("deep"), MIGRATE_ERROR_MISUSE, "usage");
    API_SAYS("deep");
    free(before);
    free(after);
}
END_TEST

START_TEST(test_no_migrations)
{
    API_OK(migrate_options_set(api.options, "dir", NULL, api_error()));
    API_OK(api_open(NULL));
    API_FAILS(api_check("source"), MIGRATE_ERROR_SOURCE, "source");
    api_option("dir", "/nowhere/at/all");
    API_FAILS(api_check("source"), MIGRATE_ERROR_SOURCE, "source");
    API_SAYS("does not exist");
}
END_TEST

START_TEST(test_from_memory)
{
    migrate_source *source = NULL;
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_a", "CREATE TABLE a (id integer PRIMARY KEY);\r\nROLLBACK;", NULL, api_error()));
    API_OK(migrate_source_add_file(source, "002_b.sql", "-- migrate: whatever\n", 21, api_error()));
    api_source(source);
    migrate_source_free(source);
    ck_assert_int_eq(api_check("source"), MIGRATE_FINDINGS);
    ck_assert_str_eq(of_rule("SR16", "file"), "001_a");
    ck_assert_str_eq(of_rule("SR16", "line"), "2");
    ck_assert_str_eq(of_rule("SR05", "file"), "002_b.sql");
}
END_TEST

/* ---- rules ---- */

START_TEST(test_rules)
{
    migrate_rows *rows = NULL;
    API_OK(migrate_check_rules(&rows, api_error()));
    ck_assert_uint_gt(migrate_rows_count(rows), 30);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        for (size_t column = 0; column < 4; column++)
            ck_assert_msg(*migrate_rows_text(rows, i, column), "rule %zu has an empty column", i);
        ck_assert_msg(strstr("error warning info off", migrate_rows_text(rows, i, 2)), "no severity: %s", migrate_rows_text(rows, i, 2));
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(strcmp(migrate_rows_text(rows, i, 0), migrate_rows_text(rows, k, 0)) != 0 &&
                              strcmp(migrate_rows_text(rows, i, 1), migrate_rows_text(rows, k, 1)) != 0,
                          "%s twice", migrate_rows_text(rows, i, 0));
    }
    migrate_rows_free(rows);
    API_FAILS(migrate_options_set(api.options, "rules", "emty=off", api_error()), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("is empty meant?");
    API_FAILS(migrate_options_set(api.options, "rules", "gap", api_error()), MIGRATE_ERROR_OPTION, "usage");
    API_FAILS(migrate_options_set(api.options, "rules", "gap=fatal", api_error()), MIGRATE_ERROR_OPTION, "usage");
    API_OK(migrate_options_set(api.options, "rules", " SR02 = Error , ,no-rollback=off", api_error()));
    api_file("001_a.sql", "CREATE TABLE a (id int);");
    api_file("003_a.sql", "CREATE TABLE b (id int);");
    ck_assert_int_eq(api_check("source"), MIGRATE_FINDINGS);
    ck_assert_str_eq(api_value("count"), "1");
    ck_assert_str_eq(of_rule("SR02", "severity"), "error");
}
END_TEST

/* An ignore is a comment: it never stops a run, and to an applied text it is one more comment. */
START_TEST(test_ignore_is_a_comment)
{
    two();
    API_OK(api_apply());
    api_file("002_b.sql", "-- migrate: ignore whatever\nCREATE TABLE b (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE b;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_MODIFIED, "state");
    API_SAYS("only comments");
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(of_rule("SR08", "severity"), "warning");
    ck_assert_str_eq(of_rule("SR28", "line"), "1");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE b;\n");
    api_file("004_d.sql", "-- migrate: ignore SR02 003 was given up\n-- migrate: ignore SR06 by hand\nCREATE TABLE d (id int);\n");
    API_OK(api_apply());
    ck_assert_int_eq(api_check("source"), MIGRATE_OK);
    ck_assert_str_eq(api_value("count"), "0");
    ck_assert_str_eq(api_value("ignored"), "2");
}
END_TEST

/* ---- big files ---- */

START_TEST(test_big)
{
    enum { LINES = 500000 };
    size_t room = (size_t)LINES * 40 + 1000, length;
    char *text = malloc(room);
    ck_assert_ptr_nonnull(text);
    length = (size_t)sprintf(text, "CREATE TABLE a (id int);\n");
    for (int i = 0; i < LINES; i++)
        length += (size_t)sprintf(text + length, "INSERT INTO a VALUES (%d);\n", i);
    length += (size_t)sprintf(text + length, "-- migrate: ignore SR16 it is known\nROLLBACK;\n-- migrate: whatever\nROLLBACK;\n");
    api_write("001_a.sql", text, length);
    free(text);
    open_files(own_engine());
    ck_assert_int_eq(api_check("source"), MIGRATE_FINDINGS);
    ck_assert_str_eq(of_rule("SR05", "line"), "500004");
    ck_assert_str_eq(api_value("ignored"), "1");
}
END_TEST

/* ---- another side ---- */

static int32_t against(const char *dir, const char *base)
{
    migrate_rows *rows = NULL;
    int32_t code = migrate_check_against(api.session, dir, base, &rows, api_error());
    if (rows) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

START_TEST(test_against)
{
    char other[400], path[500];
    two();
    snprintf(other, sizeof other, "%s/other", api.folder);
    snprintf(path, sizeof path, "%s/001_a.sql", other);
    api_file(path, "CREATE TABLE a (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE a;\n");
    open_files(own_engine());
    ck_assert_int_eq(against(other, NULL), MIGRATE_OK);
    ck_assert_str_eq(api_value("count"), "0");
    snprintf(path, sizeof path, "%s/003_c.sql", other);
    api_file(path, "CREATE TABLE c (id integer PRIMARY KEY);\n");
    API_OK(api_open(NULL)); /* a database is not asked */
    ck_assert_int_eq(against(other, NULL), MIGRATE_FINDINGS);
    ck_assert_str_eq(of_rule("SR03", "id"), "002_b");
    ck_assert_str_eq(of_rule("SR03", "other"), "003_c");
    API_FAILS(against("/nowhere/at/all", NULL), MIGRATE_ERROR_SOURCE, "source");
    API_FAILS(against(other, "/nowhere/at/all"), MIGRATE_ERROR_SOURCE, "source");
}
END_TEST

/* ---- cancel ---- */

START_TEST(test_cancelled)
{
    migrate_token *token = NULL;
    two();
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    API_OK(api_open(NULL));
    migrate_token_cancel(token);
    API_FAILS(api_check(NULL), MIGRATE_ERROR_CANCELLED, "cancelled");
    migrate_token_free(token);
}
END_TEST

API("check", test_files_alone, test_no_database, test_engine_of_files, test_all_at_once, test_changes_nothing, test_no_migrations,
    test_from_memory, test_rules, test_ignore_is_a_comment, test_big, test_against, test_cancelled)
