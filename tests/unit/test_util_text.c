/* SPDX-License-Identifier: MIT
 * Growing text and comparisons. */
#include "util/text.h"

#include "util/memory.h"

#include "unit.h"

#include <string.h>

START_TEST(appends)
{
    struct text text = {0};

    text_add(&text, "a");
    text_add_n(&text, "bcd", 2);
    text_add_n(&text, NULL, 0);
    text_add_char(&text, 'd');
    text_add_char(&text, '\0');
    text_format(&text, "<%s|%d>", "x", 7);
    ck_assert_uint_eq(text.length, 10);
    ck_assert_mem_eq(text.data, "abcd\0<x|7>", 11);
    text_clear(&text);
    ck_assert_uint_eq(text.length, 0);
    ck_assert_str_eq(text.data, "");
    text_free(&text);
    ck_assert_ptr_null(text.data);
}
END_TEST

START_TEST(writes_integers)
{
    struct text text = {0};

    text_add_int(&text, 0);
    text_add_char(&text, ' ');
    text_add_int(&text, INT64_MIN);
    text_add_char(&text, ' ');
    text_add_int(&text, INT64_MAX);
    text_add_char(&text, ' ');
    text_add_int(&text, -10);
    ck_assert_str_eq(text.data, "0 -9223372036854775808 9223372036854775807 -10");
    text_free(&text);
}
END_TEST

START_TEST(grows_far)
{
    struct text text = {0};

    for (int i = 0; i < 100000; i++)
        text_format(&text, "%d,", i % 10);
    ck_assert_uint_eq(text.length, 200000);
    ck_assert_mem_eq(text.data + 199996, "8,9,", 5);
    text_free(&text);
}
END_TEST

START_TEST(take_hands_over)
{
    struct text text = {0};
    char *data = text_take(&text);

    ck_assert_str_eq(data, "");
    memory_free(data);
    text_add(&text, "abc");
    data = text_take(&text);
    ck_assert_str_eq(data, "abc");
    ck_assert_ptr_null(text.data);
    ck_assert_uint_eq(text.length, 0);
    memory_free(data);
}
END_TEST

START_TEST(failure_is_remembered)
{
    struct text text = {0};

    text_add(&text, "kept");
    ck_assert(!text_reserve(&text, SIZE_MAX - 2));
    ck_assert(text.failed);
    text_add(&text, "lost");
    text_format(&text, "%s", "lost");
    ck_assert_str_eq(text.data, "kept");
    ck_assert_ptr_null(text_take(&text));
    ck_assert(!text.failed);
}
END_TEST

START_TEST(compares)
{
    ck_assert(text_equal("a", "a") && text_equal(NULL, NULL));
    ck_assert(!text_equal("a", "A") && !text_equal("a", NULL) && !text_equal(NULL, "") &&
              !text_equal("a", "ab"));
    ck_assert(text_equal_nocase("aZ@[", "Az@[") && text_equal_nocase(NULL, NULL));
    ck_assert(!text_equal_nocase("@", "`") && !text_equal_nocase("[", "{"));
    ck_assert(!text_equal_nocase("a", "ab") && !text_equal_nocase("ab", "a") &&
              !text_equal_nocase("a", NULL));
    ck_assert(!text_equal_nocase("\xC3\x84", "\xC3\xA4")); /* ASCII only */
    ck_assert(text_equal_nocase_n("SELECTx", "selectY", 6) && !text_equal_nocase_n("SELECTx", "selectY", 7));
    ck_assert(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("ab", "abc"));
    ck_assert(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("bc", "abc") &&
              !text_ends("abc", "ab"));
}
END_TEST

UNIT("util/text", appends, writes_integers, grows_far, take_hands_over, failure_is_remembered, compares)
