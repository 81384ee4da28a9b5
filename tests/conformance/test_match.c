/* SPDX-License-Identifier: MIT
 * The runner's own tools: a reader that refuses what is no JSON, and a comparison that can fail. */
#include "match.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct json *read_text(const char *text)
{
    char problem[200] = "";
    struct json *value = json_read(text, strlen(text), problem, sizeof problem);
    ck_assert_msg(value != NULL, "%s: %s", text, problem);
    return value;
}

START_TEST(test_reads)
{
    static const char text[] = " {\"a\\n\\u00fc\\ud83d\\ude00\": [1, -20, true, false, null, \"x\\\"\"], \"b\": {}, \"c\": []}\n";
    struct json *value = read_text(text);
    char *written = json_write(value);
    ck_assert_str_eq(written, "{\"a\\nü😀\": [1, -20, true, false, null, \"x\\\"\"], \"b\": {}, \"c\": []}");
    free(written);
    json_free(value);
}
END_TEST

START_TEST(test_keeps_a_nul)
{
    struct json *value = read_text("\"a\\u0000b\"");
    ck_assert_uint_eq(value->length, 3);
    ck_assert_mem_eq(value->text, "a\0b", 4);
    json_free(value);
}
END_TEST

START_TEST(test_refuses)
{
    static const char *const texts[] = {
        "",         "{",          "[1,]",         "[1 2]",        "{\"a\"}",     "{\"a\": 1,}", "{a: 1}",          "'a'",
        "\"a",      "\"\\x\"",    "\"\\u12\"",    "\"\\ud800\"",  "01",          "-",           "1.5",             "1e3",
        "nul",      "true false", "\"a\nb\"",     "\"\xc3\"",     "\"\xff\"",    "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "99999999999999999999",
        "[1] x",    "{\"a\": 1, \"a\": 2}",       "// x\n1",      "\"\\udc00\""};
    char problem[200];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        problem[0] = '\0';
        ck_assert_msg(!json_read(texts[i], strlen(texts[i]), problem, sizeof problem), "%s was read", texts[i]);
        ck_assert_msg(strncmp(problem, "line ", 5) == 0, "%s: no place in \"%s\"", texts[i], problem);
    }
    char deep[500];
    memset(deep, '[', sizeof deep);
    ck_assert_ptr_null(json_read(deep, sizeof deep, problem, sizeof problem));
}
END_TEST

static bool matches(const char *expected, const char *actual, char *problem, size_t size)
{
    struct json *a = read_text(expected), *b = actual ? read_text(actual) : NULL;
    problem[0] = '\0';
    bool result = match(a, b, problem, size);
    ck_assert_int_eq(result, problem[0] == '\0');
    json_free(a);
    json_free(b);
    return result;
}

/* expected, what matches it, what does not (NULL: nothing is there) */
static const char *const pairs[][3] = {
    {"1", "1", "2"},
    {"1", "1", "true"},
    {"1", "1", "\"1\""},
    {"1", "1", NULL},
    {"\"a\"", "\"a\"", "\"ab\""},
    {"true", "true", "false"},
    {"null", "null", "0"},
    {"null", NULL, "false"},
    {"{\"a\": 1}", "{\"b\": 2, \"a\": 1}", "{\"b\": 1}"},
    {"{\"a\": null}", "{}", "{\"a\": \"\"}"},
    {"{}", "{\"a\": 1}", "[]"},
    {"[]", "[]", "[1]"},
    {"[1, {\"a\": 2}]", "[1, {\"a\": 2, \"b\": 3}]", "[{\"a\": 2}, 1]"},
    {"[1]", "[1]", "[1, 2]"},
    {"{\"$contains\": \"ell\"}", "\"hello\"", "\"help\""},
    {"{\"$contains\": [\"he\", \"lo\"]}", "\"hello\"", "\"he\""},
    {"{\"$contains\": \"1\"}", "\"1\"", "1"},
    {"{\"$contains\": \"a\"}", "\"a\"", NULL},
    {"{\"$lacks\": \"x\"}", "\"hello\"", "\"x\""},
    {"{\"$lacks\": [\"x\", \"y\"]}", NULL, "\"y\""},
    {"{\"$present\": true}", "false", "null"},
    {"{\"$present\": true}", "0", NULL},
    {"{\"$present\": false}", NULL, "0"},
    {"{\"$includes\": [{\"a\": 2}, 1]}", "[1, 7, {\"a\": 2, \"b\": 3}]", "[{\"a\": 2}]"},
    {"{\"$includes\": [1]}", "[1]", "[]"},
    {"{\"$excludes\": [{\"a\": 1}, 2]}", "[{\"a\": 2}, 1]", "[1, {\"a\": 1}]"},
    {"{\"$excludes\": [1]}", "[]", NULL},
    {"{\"$count\": 2}", "[1, 2]", "[1]"},
    {"{\"$least\": 3}", "3", "2"},
    {"{\"$least\": 0}", "1", "\"1\""},
    {"{\"a\": {\"b\": [{\"$least\": 1}]}}", "{\"a\": {\"b\": [1]}}", "{\"a\": {\"b\": [0]}}"},
};

START_TEST(test_matches)
{
    char problem[300];
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ck_assert_msg(matches(pairs[i][0], pairs[i][1], problem, sizeof problem), "%s: %s", pairs[i][0], problem);
        ck_assert_msg(!matches(pairs[i][0], pairs[i][2], problem, sizeof problem), "%s matches %s", pairs[i][0],
                      pairs[i][2] ? pairs[i][2] : "nothing");
    }
    ck_assert(!matches("{\"$unknown\": 1}", "1", problem, sizeof problem));
    ck_assert(!matches("{\"a\": [{\"b\": 1}]}", "{\"a\": [{\"b\": 2}]}", problem, sizeof problem));
    ck_assert_str_eq(problem, "a.0.b: expected 1, found 2");
}
END_TEST

START_TEST(test_prepares)
{
    struct json *value = read_text("{\"a\": {\"sqlite\": 1, \"postgresql\": {\"b\": \"${x}/${x}\"}}, \"c\": [{\"sqlite\": 2}, 3], \"d\": "
                                   "{\"sqlite\": 4}, \"e\": {\"sqlite\": 5, \"f\": 6}, \"g\": {}}");
    match_engine(value, "postgresql");
    match_replace(value, "${x}", "long name");
    char *written = json_write(value);
    ck_assert_str_eq(written,
                     "{\"a\": {\"b\": \"long name/long name\"}, \"c\": [3], \"e\": {\"sqlite\": 5, \"f\": 6}, \"g\": {}}");
    free(written);
    json_free(value);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conformance tools");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, test_reads);
    tcase_add_test(tests, test_keeps_a_nul);
    tcase_add_test(tests, test_refuses);
    tcase_add_test(tests, test_matches);
    tcase_add_test(tests, test_prepares);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
