/* SPDX-License-Identifier: MIT
 * Validity and counting. */
#include "util/utf8.h"

#include "unit.h"

#include <stdbool.h>
#include <string.h>

START_TEST(valid_texts)
{
    static const char *const cases[] = {"",
                                        "plain ascii of more than sixteen bytes",
                                        "\x7F",
                                        "\xC2\x80",
                                        "\xDF\xBF",
                                        "\xE0\xA0\x80",
                                        "\xED\x9F\xBF",
                                        "\xEE\x80\x80",
                                        "\xEF\xBF\xBF",
                                        "\xF0\x90\x80\x80",
                                        "\xF4\x8F\xBF\xBF",
                                        "seven77\xC3\xA4seven77\xC3\xA4"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_uint_eq(utf8_invalid(cases[i], strlen(cases[i])), strlen(cases[i]));
}
END_TEST

START_TEST(invalid_texts)
{
    static const struct {
        const char *text;
        size_t length, offset;
    } cases[] = {
        {"\0", 1, 0},
        {"abcdefgh\0jklmnop", 16, 8},
        {"abc\0efgh", 8, 3},
        {"abcdefg\x80", 8, 7},
        {"\x80", 1, 0},
        {"\xC0\x80", 2, 0},
        {"\xC1\xBF", 2, 0},
        {"a\xC3", 2, 1},
        {"\xC3\x28", 2, 0},
        {"\xE0\x9F\xBF", 3, 0}, /* overlong */
        {"\xED\xA0\x80", 3, 0}, /* surrogate */
        {"\xE2\x82", 2, 0},     /* cut */
        {"\xE2\x82\x41", 3, 0},
        {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
        {"\xF4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 4, 0},
        {"\xF0\x9F\x98", 3, 0},
        {"\xFF", 1, 0},
        {"\xC3\xA4\xFE", 3, 2},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(utf8_invalid(cases[i].text, cases[i].length) == cases[i].offset, "case %zu", i);
}
END_TEST

/* By pieces of a character each, which are too short for anything but the rules themselves. */
static size_t invalid_by_characters(const char *text, size_t length)
{
    for (size_t at = 0, n; at < length; at += n) {
        for (n = 1; n < 4 && at + n < length && utf8_invalid(text + at, n) < n; n++)
            ;
        if (utf8_invalid(text + at, n) < n)
            return at;
    }
    return length;
}

/* Long texts are read in blocks; what a block's end cuts is found all the same. */
START_TEST(long_texts)
{
    static const char *const around[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "ab\xC3\xA4"};
    static const char *const inside[] = {"a", "\xC3", "\xC3\xA4", "\x80", "\xC0\x80", "\xC1\xBF", "\xE0\xA0", "\xE0\xA0\x80",
                                         "\xE0\x9F\xBF", "\xED\x9F\xBF", "\xED\xA0\x80", "\xF0\x90\x80\x80", "\xF0\x8F\xBF\xBF",
                                         "\xF4\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xF0\x9F\x98", "\xFF"};
    char text[600];

    for (size_t a = 0; a < sizeof around / sizeof *around; a++)
        for (size_t i = 0; i <= sizeof inside / sizeof *inside; i++) /* the last one: a NUL */
            for (size_t place = 120; place < 270; place++) {
                bool nul = i == sizeof inside / sizeof *inside;
                size_t length = 0, n = strlen(around[a]), m = nul ? 1 : strlen(inside[i]);

                for (; length < place; length += n)
                    memcpy(text + length, around[a], n);
                memcpy(text + length, nul ? "" : inside[i], m);
                for (length += m; length < 550; length += n)
                    memcpy(text + length, around[a], n);
                for (size_t end = place; end < length; end += end < place + 6 ? 1 : 97)
                    ck_assert_msg(utf8_invalid(text, end) == invalid_by_characters(text, end),
                                  "around %zu, inside %zu, at %zu, %zu bytes", a, i, place, end);
            }
}
END_TEST

START_TEST(characters_are_counted)
{
    const char *text = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";

    ck_assert_uint_eq(utf8_count(text, strlen(text)), 5);
    ck_assert_uint_eq(utf8_count("", 0), 0);
    ck_assert_uint_eq(utf8_count("\xFF\xC3", 2), 2);
    ck_assert_uint_eq(utf8_count("\0\0", 2), 2);
    ck_assert_uint_eq(utf8_offset(text, strlen(text), 0), 0);
    ck_assert_uint_eq(utf8_offset(text, strlen(text), 2), 3);
    ck_assert_uint_eq(utf8_offset(text, strlen(text), 4), 10);
    ck_assert_uint_eq(utf8_offset(text, strlen(text), 99), strlen(text));
}
END_TEST

UNIT("util/utf8", valid_texts, invalid_texts, long_texts, characters_are_counted)
