/* SPDX-License-Identifier: MIT
 * JSON: commas, escapes, and text that is no UTF-8. */
#include "util/json.h"

#include "unit.h"

#include <string.h>

START_TEST(structure)
{
    struct text out = {0};
    struct json json = {.out = &out};

    json_open(&json, '{');
    json_key(&json, "a");
    json_int(&json, -5);
    json_key(&json, "b");
    json_open(&json, '[');
    json_close(&json, ']');
    json_key(&json, "c");
    json_open(&json, '[');
    json_bool(&json, true);
    json_bool(&json, false);
    json_null(&json);
    json_text(&json, NULL, 0);
    json_open(&json, '{');
    json_close(&json, '}');
    json_open(&json, '{');
    json_key(&json, "x");
    json_text(&json, "", 0);
    json_close(&json, '}');
    json_close(&json, ']');
    json_close(&json, '}');
    ck_assert_str_eq(out.data, "{\"a\":-5,\"b\":[],\"c\":[true,false,null,null,{},{\"x\":\"\"}]}");
    text_free(&out);
}
END_TEST

static void expect(const char *text, size_t length, const char *json_expected)
{
    struct text out = {0};
    struct json json = {.out = &out};

    json_text(&json, text, length);
    ck_assert_str_eq(out.data, json_expected);
    text_free(&out);
}

START_TEST(escapes)
{
    expect("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    expect("\b\t\n\v\f\r", 6, "\"\\b\\t\\n\\u000b\\f\\r\"");
    expect("\x01\x07\x0e\x1f\x7f", 5, "\"\\u0001\\u0007\\u000e\\u001f\x7f\"");
    expect("a\0b", 3, "\"a\\u0000b\"");
    expect("\xC3\xA4\xF0\x9F\x98\x80", 6, "\"\xC3\xA4\xF0\x9F\x98\x80\"");
}
END_TEST

START_TEST(invalid_bytes_are_replaced)
{
    expect("a\xFFz", 3, "\"a\xEF\xBF\xBDz\"");
    expect("\xC3", 1, "\"\xEF\xBF\xBD\"");
    expect("\xED\xA0\x80", 3, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect("\xFF\"", 2, "\"\xEF\xBF\xBD\\\"\"");
}
END_TEST

UNIT("util/json", structure, escapes, invalid_bytes_are_replaced)
