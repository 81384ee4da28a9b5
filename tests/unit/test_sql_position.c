/* SPDX-License-Identifier: MIT
 * Lines and columns. */
#include "sql/sql.h"

#include "unit.h"

#include <string.h>

static void expect(const char *text, size_t offset, int64_t line, int64_t column, const char *content)
{
    int64_t got_line = 0, got_column = 0;
    size_t start = 0, length = 0;

    sql_position(text, strlen(text), offset, &got_line, &got_column);
    ck_assert_int_eq(got_line, line);
    ck_assert_int_eq(got_column, column);
    sql_line_at(text, strlen(text), offset, &start, &length);
    ck_assert_uint_eq(length, strlen(content));
    ck_assert_mem_eq(text + start, content, length);
}

START_TEST(line_ends)
{
    const char *text = "ab\ncd\r\nef\rgh";

    expect(text, 0, 1, 1, "ab");
    expect(text, 1, 1, 2, "ab");
    expect(text, 2, 1, 3, "ab"); /* the LF belongs to its line */
    expect(text, 3, 2, 1, "cd");
    expect(text, 5, 2, 3, "cd");
    expect(text, 6, 2, 4, "cd"); /* between CR and LF */
    expect(text, 7, 3, 1, "ef");
    expect(text, 10, 4, 1, "gh");
    expect(text, 12, 4, 3, "gh");
    expect(text, 99, 4, 3, "gh");
    expect("", 0, 1, 1, "");
    expect("\n", 1, 2, 1, "");
    expect("\n\n\r", 3, 4, 1, "");
}
END_TEST

START_TEST(columns_are_characters)
{
    expect("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80x", 9, 1, 4, "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80x");
    expect("a\n\xFF\xFFx", 4, 2, 3, "\xFF\xFFx");
}
END_TEST

START_TEST(a_mark_counts_nothing)
{
    expect("\xEF\xBB\xBF"
           "ab\ncd",
           0, 1, 1, "ab");
    expect("\xEF\xBB\xBF"
           "ab\ncd",
           3, 1, 1, "ab");
    expect("\xEF\xBB\xBF"
           "ab\ncd",
           4, 1, 2, "ab");
    expect("\xEF\xBB\xBF"
           "ab\ncd",
           6, 2, 1, "cd");
}
END_TEST

/* Many lines are passed over in blocks: with the same result as byte by byte. */
START_TEST(many_lines)
{
    static const char *const pieces[] = {"\n", "\r", "\r\n", "\n\r", "a", "bc d", "a word, and another one that is long"};
    uint32_t random = 4711;
    char text[1100];

    for (size_t round = 0; round < 300; round++) {
        struct sql_mark slow = {0, 1, 1};
        size_t length = 0;

        while (length < 1000) { /* of one kind, of a few, of all */
            const char *piece = pieces[(random >> 16) % (round % 7 + 1)];

            if (round % 2 && (random >> 24) % 8)
                piece = pieces[6];
            random = random * 1664525 + 1013904223;
            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        for (size_t to = 0; to <= length; to++) {
            struct sql_mark fast = {0, 1, 1};

            sql_mark_move(&slow, text, length, to);
            sql_mark_move(&fast, text, length, to);
            ck_assert_msg(fast.line == slow.line && fast.column == slow.column && fast.offset == to,
                          "round %zu, at %zu", round, to);
        }
    }
}
END_TEST

UNIT("sql/position", line_ends, columns_are_characters, a_mark_counts_nothing, many_lines)
