/* SPDX-License-Identifier: MIT
 * The error object: making, adding, tables, and how it is shown. */
#include "util/error.h"

#include "util/memory.h"
#include "util/text.h"

#include "unit.h"

#include <string.h>

START_TEST(set_replaces_and_returns_the_code)
{
    migrate_error *err = NULL;

    ck_assert_int_eq(error_set(&err, MIGRATE_ERROR_SOURCE, "%s: %d", "a", 1), MIGRATE_ERROR_SOURCE);
    ck_assert_str_eq(err->message, "a: 1");
    ck_assert_int_eq(error_set(&err, MIGRATE_ERROR_SQL, "again: %s", err->message), MIGRATE_ERROR_SQL);
    ck_assert_str_eq(err->message, "again: a: 1");
    ck_assert_int_eq(err->code, MIGRATE_ERROR_SQL);
    error_clear(&err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(error_set(NULL, MIGRATE_ERROR_SQL, "x"), MIGRATE_ERROR_SQL);
}
END_TEST

static void add_everything(migrate_error **err)
{
    error_hint(err, "hint %d", 1);
    error_detail(err, "detail %d", 1);
    error_detail_add(err, "detail %d", 2);
    error_id(err, "001_a");
    error_place(err, "a.sql", 3, 4);
    error_statement(err, "SELECT", 6);
    error_source_line(err, "SELECT 1", 8);
    error_database(err, ERROR_UNIQUE, "23505", 7);
}

START_TEST(additions_need_an_error)
{
    migrate_error *err = NULL;

    add_everything(NULL);
    add_everything(&err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(error_kind_of(NULL), ERROR_OTHER);
    ck_assert_int_eq(error_kind_of(&err), ERROR_OTHER);
    error_clear(NULL);
    error_clear(&err);
    error_free(NULL);
}
END_TEST

START_TEST(additions_are_kept)
{
    migrate_error *err = NULL;

    error_set(&err, MIGRATE_ERROR_SQL, "m");
    error_detail_add(&err, "first");
    ck_assert_str_eq(err->detail, "first");
    add_everything(&err);
    ck_assert_str_eq(err->hint, "hint 1");
    ck_assert_str_eq(err->detail, "detail 1\ndetail 2");
    ck_assert_str_eq(err->id, "001_a");
    ck_assert_str_eq(err->statement, "SELECT");
    ck_assert_str_eq(err->sqlstate, "23505");
    ck_assert_int_eq(error_kind_of(&err), ERROR_UNIQUE);
    error_place(&err, NULL, 5, 0); /* an unknown file leaves the known one */
    ck_assert_str_eq(err->file, "a.sql");
    ck_assert_int_eq(err->line, 5);
    ck_assert_int_eq(err->column, 0);
    error_database(&err, ERROR_OTHER, "1234567", 0);
    ck_assert_str_eq(err->sqlstate, "12345");
    error_database(&err, ERROR_OTHER, NULL, 0);
    ck_assert_str_eq(err->sqlstate, "");
    error_free(err);
}
END_TEST

START_TEST(statements_are_cut_at_a_character)
{
    char statement[5000];
    migrate_error *err = NULL;

    memset(statement, 'a', sizeof statement);
    memcpy(statement + 4094, "\xE2\x82\xAC", 3); /* would be cut in its middle */
    error_set(&err, MIGRATE_ERROR_SQL, "m");
    error_statement(&err, statement, sizeof statement);
    ck_assert_uint_eq(strlen(err->statement), 4094);
    error_statement(&err, statement + 500, 4096);
    ck_assert_uint_eq(strlen(err->statement), 4096);
    error_free(err);
}
END_TEST

START_TEST(out_of_memory_is_never_written)
{
    migrate_error *err = NULL, *moved = NULL;
    char *text;

    error_set(&err, MIGRATE_ERROR_SQL, "m");
    ck_assert_int_eq(error_nomem(&err), MIGRATE_ERROR_NOMEM);
    ck_assert_int_eq(error_nomem(NULL), MIGRATE_ERROR_NOMEM);
    add_everything(&err);
    ck_assert_ptr_null(err->hint);
    text = error_to_text(err);
    ck_assert_str_eq(text, "out of memory");
    memory_free(text);
    error_move(&moved, &err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(moved->code, MIGRATE_ERROR_NOMEM);
    error_free(moved);
    error_clear(&moved);
    error_set(&moved, MIGRATE_ERROR_SQL, "after it");
    ck_assert_str_eq(moved->message, "after it");
    error_clear(&moved);
}
END_TEST

START_TEST(move_hands_over)
{
    migrate_error *from = NULL, *to = NULL;

    error_set(&from, MIGRATE_ERROR_SQL, "new");
    error_set(&to, MIGRATE_ERROR_SQL, "old");
    error_move(&to, &from);
    ck_assert_ptr_null(from);
    ck_assert_str_eq(to->message, "new");
    error_move(&to, &from); /* nothing to move leaves what is there */
    error_move(&to, NULL);
    error_move(&to, &to);
    ck_assert_str_eq(to->message, "new");
    error_move(NULL, &to);
    ck_assert_ptr_null(to);
}
END_TEST

START_TEST(every_code_has_a_word)
{
    static const char *const classes[] = {"retry", "source",      "rights",    "usage",
                                          "state", "environment", "cancelled", "internal",
                                          "unknown"};

    for (int32_t code = MIGRATE_ERROR_SCHEMA; code <= MIGRATE_DIFFERS; code++) {
        bool known = false;

        ck_assert_msg(error_code_name(code) != NULL, "%d", code);
        for (int32_t other = MIGRATE_ERROR_SCHEMA; other < code; other++)
            ck_assert_str_ne(error_code_name(code), error_code_name(other));
        for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
            known = known || text_equal(error_code_class(code), classes[i]);
        ck_assert_msg(known == (code < 0), "%d", code);
    }
    ck_assert_str_eq(error_code_name(MIGRATE_OK), "ok");
    ck_assert_str_eq(error_code_name(MIGRATE_PENDING), "pending");
    ck_assert_str_eq(error_code_name(MIGRATE_ERROR_NO_DATABASE), "no_database");
    ck_assert_str_eq(error_code_name(MIGRATE_ERROR_CONNECTION_LOST), "connection_lost");
    ck_assert_str_eq(error_code_class(MIGRATE_ERROR_LOCKED), "retry");
    ck_assert_str_eq(error_code_class(MIGRATE_ERROR_SQL), "source");
    ck_assert_ptr_null(error_code_name(MIGRATE_ERROR_SCHEMA - 1));
    ck_assert_ptr_null(error_code_name(MIGRATE_FINDINGS + 1));
    ck_assert_ptr_null(error_code_class(-1000));
}
END_TEST

static void expect_text(const migrate_error *err, const char *expected)
{
    char *text = error_to_text(err);

    ck_assert_str_eq(text, expected);
    memory_free(text);
}

START_TEST(text_has_the_parts_that_exist)
{
    migrate_error *err = NULL;

    error_set(&err, MIGRATE_ERROR_SQL, "syntax error");
    expect_text(err, "syntax error");
    error_place(&err, "d/007_x.sql", 0, 0);
    expect_text(err, "d/007_x.sql: syntax error");
    error_place(&err, "d/007_x.sql", 37, 0);
    expect_text(err, "d/007_x.sql:37: syntax error");
    error_source_line(&err, "SELECT", 6);
    expect_text(err, "d/007_x.sql:37: syntax error\nSELECT");
    error_place(&err, "d/007_x.sql", 37, 7);
    error_database(&err, ERROR_OTHER, "42601", 0);
    error_detail(&err, "D");
    error_hint(&err, "H");
    expect_text(err, "d/007_x.sql:37:7: syntax error\nSELECT\n      ^\nSQLSTATE 42601\nDETAIL: D\nHINT: H");
    error_database(&err, ERROR_OTHER, NULL, 787);
    error_source_line(&err, "", 0);
    expect_text(err, "d/007_x.sql:37:7: syntax error\n\n^\nSQLite code 787\nDETAIL: D\nHINT: H");
    error_free(err);
}
END_TEST

START_TEST(the_caret_counts_characters_and_keeps_tabs)
{
    migrate_error *err = NULL;
    const char *line = "\t'\xC3\xA4\xE2\x82\xAC'\tx";

    error_set(&err, MIGRATE_ERROR_SQL, "m");
    error_source_line(&err, line, strlen(line));
    error_place(&err, "f", 1, 7);
    expect_text(err, "f:1:7: m\n\t'\xC3\xA4\xE2\x82\xAC'\tx\n\t    \t^");
    error_free(err);
}
END_TEST

START_TEST(long_lines_are_cut_around_the_caret)
{
    migrate_error *err = NULL;
    char line[1001], *text, *caret, *shown;

    for (size_t i = 0; i < 1000; i++)
        line[i] = (char)('a' + i % 26);
    line[500] = '#';
    error_set(&err, MIGRATE_ERROR_SQL, "m");
    error_source_line(&err, line, 1000);
    error_place(&err, "f", 1, 501);
    text = error_to_text(err);
    shown = strchr(text, '\n') + 1;
    caret = strchr(shown, '\n') + 1;
    ck_assert_uint_eq((size_t)(caret - shown), 200 + 6 + 1);
    ck_assert(strncmp(shown, "...", 3) == 0 && strncmp(caret - 4, "...", 3) == 0);
    ck_assert_int_eq(shown[strlen(caret) - 1], '#');
    memory_free(text);
    error_place(&err, "f", 1, 1);
    text = error_to_text(err);
    shown = strchr(text, '\n') + 1;
    ck_assert(strncmp(shown, "abc", 3) == 0);
    ck_assert_str_eq(strchr(shown, '\n'), "\n^");
    memory_free(text);
    error_place(&err, "f", 1, 5000); /* beyond the line: at its end */
    text = error_to_text(err);
    shown = strchr(text, '\n') + 1;
    ck_assert_uint_eq(strlen(strchr(shown, '\n') + 1), 3 + 200 + 1);
    memory_free(text);
    error_free(err);
}
END_TEST

START_TEST(json_has_the_parts_that_exist)
{
    migrate_error *err = NULL;
    char *json;

    error_set(&err, MIGRATE_ERROR_SQL, "a \"b\"");
    json = error_to_json(err);
    ck_assert_str_eq(json,
                     "{\"code\":-13,\"name\":\"sql\",\"class\":\"source\",\"message\":\"a \\\"b\\\"\"}");
    memory_free(json);
    add_everything(&err);
    json = error_to_json(err);
    ck_assert_str_eq(json, "{\"code\":-13,\"name\":\"sql\",\"class\":\"source\",\"message\":\"a \\\"b\\\"\","
                           "\"detail\":\"detail 1\\ndetail 2\",\"hint\":\"hint 1\",\"id\":\"001_a\","
                           "\"file\":\"a.sql\",\"line\":3,\"column\":4,\"statement\":\"SELECT\","
                           "\"sqlstate\":\"23505\",\"driver_code\":7}");
    memory_free(json);
    error_free(err);
}
END_TEST

UNIT("util/error", set_replaces_and_returns_the_code, additions_need_an_error, additions_are_kept,
     statements_are_cut_at_a_character, out_of_memory_is_never_written, move_hands_over,
     every_code_has_a_word, text_has_the_parts_that_exist, the_caret_counts_characters_and_keeps_tabs,
     long_lines_are_cut_around_the_caret, json_has_the_parts_that_exist)
