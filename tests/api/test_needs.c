/* SPDX-License-Identifier: MIT
 * What migrations need of each other, as a check finds it: in bodies, through views and triggers, against a database, in another order. */
#include "api.h"

#include <stdio.h>
#include <string.h>

/* "DP01 001_a 002_b" a finding, of the rules DP alone. */
static const char *found(const char *depth)
{
    static char text[4096];
    size_t length = 0;
    if (!api.session)
        API_OK(api_open(NULL));
    migrate_rows_free(api.rows);
    api.rows = NULL;
    int32_t code = migrate_check(api.session, depth, &api.rows, api_error());
    ck_assert_msg(code == MIGRATE_OK || code == MIGRATE_FINDINGS, "%s", api.error ? migrate_error_message(api.error) : "?");
    size_t rule = migrate_rows_column_index(api.rows, "rule"), id = migrate_rows_column_index(api.rows, "id");
    size_t other = migrate_rows_column_index(api.rows, "other");
    text[0] = '\0';
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        const char *with = migrate_rows_text(api.rows, i, other);
        if (strncmp(migrate_rows_text(api.rows, i, rule), "DP", 2) == 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %s%s%s", length ? "; " : "", migrate_rows_text(api.rows, i, rule),
                                       migrate_rows_text(api.rows, i, id), with ? " " : "", with ? with : "");
    }
    return text;
}

/* Of a finding, by its rule. */
static const char *cell(const char *rule, const char *column)
{
    size_t at = migrate_rows_column_index(api.rows, "rule");
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
        if (strcmp(migrate_rows_text(api.rows, i, at), rule) == 0)
            return migrate_rows_text(api.rows, i, migrate_rows_column_index(api.rows, column));
    ck_abort_msg("there is no %s", rule);
    return NULL;
}

START_TEST(test_order_is_found_and_tried)
{
    api_file("add_comments.sql", "CREATE TABLE comments (post int);\nINSERT INTO posts (id) VALUES (1);\n");
    api_file("add_likes.sql", "INSERT INTO comments (post) VALUES (1);\n");
    api_file("add_posts.sql", "CREATE TABLE posts (id int);\n");
    api_file("add_users.sql", "CREATE TABLE users (id int);\n");
    ck_assert_str_eq(found(NULL), "DP12 add_comments add_posts; DP12 add_likes add_comments");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "order"), "add_posts add_comments add_likes add_users");
    ck_assert_ptr_nonnull(strstr(cell("DP12", "hint"), "-- Depends: add_posts"));
    /* The lines that the hints ask for do it. */
    api_file("add_comments.sql", "-- Depends: add_posts\nCREATE TABLE comments (post int);\nINSERT INTO posts (id) VALUES (1);\n");
    api_file("add_likes.sql", "-- Depends: add_comments\nINSERT INTO comments (post) VALUES (1);\n");
    ck_assert_str_eq(found(NULL), "");
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "order"));
    API_OK(api_apply());
}
END_TEST

/* What does not run in any order does not hide what is a matter of it. */
START_TEST(test_order_beside_what_never_runs)
{
    api_file("add_b.sql", "INSERT INTO c (id) VALUES (1);\n");
    api_file("add_c.sql", "CREATE TABLE c (id int);\n");
    api_file("bad.sql", "INSERT INTO nowhere (id) VALUES (1);\n");
    ck_assert_str_eq(found(NULL), "DP12 add_b add_c; DP01 bad");
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "order")); /* for not all of them apply */
}
END_TEST

START_TEST(test_circle_has_no_order)
{
    api_file("a.sql", "CREATE TABLE a (id int);\nINSERT INTO b (id) VALUES (1);\n");
    api_file("b.sql", "CREATE TABLE b (id int);\nINSERT INTO a (id) VALUES (1);\n");
    ck_assert_str_eq(found(NULL), "DP01 a b; DP01 b a");
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "order"));
}
END_TEST

/* Names that only a running statement knows: EXECUTE, a function's body, a trigger's. */
START_TEST(test_bodies)
{
    api_file("001_a.sql", "CREATE TABLE a (id int);\nCREATE TABLE log (id int);\n");
    if (api.engine == API_SQLITE) {
        api_file("add_b.sql", "CREATE TABLE b (id int);\nCREATE TRIGGER t AFTER INSERT ON b BEGIN INSERT INTO log SELECT new.id; END;\n");
        api_file("add_c.sql", "-- Dependencies: log\nINSERT INTO b (id) VALUES (1);\n"); /* through the trigger */
        ck_assert_str_eq(found(NULL), "DP07 add_c add_b");
        return;
    }
    api_file("002_f.sql", "CREATE FUNCTION write_log() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (1); END $$;\n");
    api_file("003_do.sql", "-- Dependencies: a, log\nDO $$ BEGIN EXECUTE 'SELECT 1 FROM ' || 'a'; PERFORM write_log(); END $$;\n");
    api_file("004_sql.sql", "-- Dependencies: a, log\nSELECT write_log();\n");
    ck_assert_str_eq(found(NULL), "DP06 004_sql 001_a");
    ck_assert_ptr_nonnull(strstr(cell("DP06", "message"), "table a"));
}
END_TEST

START_TEST(test_against_a_database)
{
    api_option("order", "any");
    api_file("001_a.sql", "CREATE TABLE a (id int, gone int);\n");
    api_file("005_e.sql", "CREATE TABLE e (id int);\n");
    API_OK(api_apply());
    api_file("003_c.sql", "INSERT INTO e (id) VALUES (1);\n");
    api_file("006_f.sql", "CREATE TABLE a (id int);\n");
    api_file("007_g.sql", "ALTER TABLE a DROP COLUMN gone;\nINSERT INTO a (id) VALUES (1);\n");
    api_file("008_h.sql", "UPDATE a SET gone = 1;\n");
    ck_assert_str_eq(found(NULL), "DP07 003_c 005_e; DP04 006_f 001_a; DP05 008_h 007_g");
    ck_assert_str_eq(cell("DP05", "file") + strlen(cell("DP05", "file")) - strlen("008_h.sql"), "008_h.sql");
    ck_assert_str_eq(cell("DP05", "guess"), "false");
    ck_assert_str_eq(api_events("applied"), "2"); /* nothing was written */
}
END_TEST

/* A table that is rebuilt is changed, not made; what was made for it and went with it is nobody's. */
START_TEST(test_rebuilt)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
    API_OK(api_apply());
    api_file("change_a.sql", "CREATE TABLE a_new (id INTEGER PRIMARY KEY, one text);\nINSERT INTO a_new (id) SELECT id FROM a;\nDROP TABLE a;\n"
                             "ALTER TABLE a_new RENAME TO a;\n");
    api_file("extend_a.sql", "ALTER TABLE a ADD COLUMN two text;\n");
    ck_assert_str_eq(found(NULL), "DP08 extend_a change_a");
    ck_assert_str_eq(cell("DP08", "severity"), "warning");
    ck_assert_ptr_nonnull(strstr(cell("DP08", "message"), "rebuilds"));
}
END_TEST

/* Without anything to run them on, words tell; and say so. */
START_TEST(test_by_words)
{
    if (api.engine == API_SQLITE) /* has room in memory always */
        return;
    api_file("001_a.sql", "INSERT INTO b (id) VALUES (1);\n");
    api_file("002_b.sql", "CREATE TABLE b (id int);\nCREATE TEMP TABLE t AS SELECT 1 AS one;\nINSERT INTO b SELECT one FROM t;\n");
    api_file("003_c.sql", "WITH x AS (SELECT 1) SELECT * FROM x, b, generate_series(1, 2);\nDO $$ BEGIN INSERT INTO nobody VALUES (1); END $$;\n");
    API_OK(migrate_open_files("postgresql", api.options, &api.session, api_error()));
    ck_assert_str_eq(found(NULL), "DP01 001_a 002_b; DP01 003_c");
    ck_assert_str_eq(cell("DP01", "guess"), "true");
    ck_assert_str_eq(cell("DP01", "line"), "1");
    ck_assert_str_eq(cell("DP01", "column"), "13");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "by"), "words");
}
END_TEST

START_TEST(test_names_with_schemas)
{
    if (api.engine == API_SQLITE)
        return;
    api_file("001_a.sql", "CREATE SCHEMA app;\nCREATE TABLE app.\"OddName\" (id int PRIMARY KEY);\n");
    api_file("002_b.sql", "-- Dependencies: \"OddName\"\nCREATE TABLE app.b (id int REFERENCES app.\"OddName\");\n");
    api_file("003_c.sql", "-- Dependencies: app.b\nSET search_path = app; INSERT INTO b SELECT id FROM \"OddName\";\n");
    api_file("004_d.sql", "INSERT INTO app.nobody VALUES (1);\n");
    ck_assert_str_eq(found(NULL), "DP01 004_d");
}
END_TEST

API("needs", test_order_is_found_and_tried, test_order_beside_what_never_runs, test_circle_has_no_order, test_bodies, test_against_a_database,
    test_rebuilt, test_by_words, test_names_with_schemas)
