/* SPDX-License-Identifier: MIT
 * The digest over tokens: what may differ and what may not. */
#include "sql/sql.h"

#include "util/digest.h"

#include "unit.h"

#include <string.h>

static bool same(const struct sql_dialect *dialect, const char *a, const char *b)
{
    char a_hex[DIGEST_HEX], b_hex[DIGEST_HEX];

    sql_token_digest(dialect, a, strlen(a), a_hex);
    sql_token_digest(dialect, b, strlen(b), b_hex);
    ck_assert_uint_eq(strlen(a_hex), 64);
    return strcmp(a_hex, b_hex) == 0;
}

START_TEST(only_comments_and_space_differ)
{
    static const char *const pairs[][2] = {
        {"SELECT 1", " SELECT\n\t1 ; "},
        {"SELECT 1;", "SELECT/* x */1;;; -- end"},
        {"SELECT a.b+1", "SELECT a . b + 1"},
        {"SELECT a=-1", "SELECT a = - 1"},
        {"SELECT 1;SELECT 2", "SELECT 1;\n;\nSELECT 2;\n"},
        {"\xEF\xBB\xBF"
         "SELECT 1",
         "SELECT 1"},
        {"SELECT 1;\r\nSELECT 2", "SELECT 1;\nSELECT 2"},
        {"", "-- nothing\n"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ck_assert_msg(same(&sql_postgresql, pairs[i][0], pairs[i][1]), "%s", pairs[i][0]);
        ck_assert_msg(same(&sql_sqlite, pairs[i][0], pairs[i][1]), "%s", pairs[i][0]);
    }
}
END_TEST

START_TEST(anything_else_differs)
{
    static const char *const pairs[][2] = {
        {"SELECT 1", "SELECT 2"},
        {"SELECT 1", "select 1"},
        {"SELECT 'a b'", "SELECT 'a  b'"},
        {"SELECT 'a' 'b'", "SELECT 'a''b'"},
        {"SELECT ab", "SELECT a b"},
        {"SELECT 1; SELECT 2", "SELECT 1 SELECT 2"},
        {"SELECT a<=b", "SELECT a< =b"},
        {"SELECT 1", "SELECT 1; SELECT 1"},
        {"SELECT 1", ""},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        ck_assert_msg(!same(&sql_postgresql, pairs[i][0], pairs[i][1]), "%s", pairs[i][0]);
        ck_assert_msg(!same(&sql_sqlite, pairs[i][0], pairs[i][1]), "%s", pairs[i][0]);
    }
}
END_TEST

START_TEST(engines_read_differently)
{
    ck_assert(!same(&sql_postgresql, "SELECT $$a b$$", "SELECT $$a  b$$"));
    ck_assert(!same(&sql_postgresql, "SELECT E'\\' --' , 1", "SELECT E'\\' --' , 2"));
    ck_assert(same(&sql_postgresql, "/* /* a */ b */ SELECT 1", "SELECT 1"));
    ck_assert(!same(&sql_sqlite, "SELECT [a b]", "SELECT [a  b]"));
}
END_TEST

START_TEST(data_of_copy_is_no_sql)
{
    ck_assert(same(&sql_postgresql, "COPY t FROM stdin;\na\tb\n\\.\n", "COPY  t FROM stdin ;\na\tb\n\\.\n"));
    ck_assert(!same(&sql_postgresql, "COPY t FROM stdin;\na\tb\n\\.\n", "COPY t FROM stdin;\na b\n\\.\n"));
    ck_assert(!same(&sql_postgresql, "COPY t FROM stdin;\n--a\n\\.\n", "COPY t FROM stdin;\n--b\n\\.\n"));
}
END_TEST

START_TEST(long_tokens_count_to_their_end)
{
    static char a[5000], b[5000];
    char *texts[] = {a, b};

    for (size_t i = 0; i < 2; i++) {
        memset(texts[i], 'x', sizeof a - 1);
        memcpy(texts[i], "SELECT 1, '", 11);
        texts[i][sizeof a - 2] = '\'';
    }
    ck_assert(same(&sql_sqlite, a, b));
    b[4990] = 'y';
    ck_assert(!same(&sql_sqlite, a, b));
}
END_TEST

/* The value is stored in databases: it may not change between versions. */
START_TEST(the_value_is_fixed)
{
    static const char fed[] = "SELECT\0"
                              "1\0;\0"
                              "SELECT\0"
                              "'a'\0;";
    char expected[DIGEST_HEX], got[DIGEST_HEX];

    digest_hex_of(fed, sizeof fed, expected);
    sql_token_digest(&sql_postgresql, "SELECT 1; -- one\nSELECT 'a'", 27, got);
    ck_assert_str_eq(got, expected);
}
END_TEST

UNIT("sql/digest", only_comments_and_space_differ, anything_else_differs, engines_read_differently,
     data_of_copy_is_no_sql, long_tokens_count_to_their_end, the_value_is_fixed)
