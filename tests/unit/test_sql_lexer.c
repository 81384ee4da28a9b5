/* SPDX-License-Identifier: MIT
 * Tokens. A case is a text and what it is made of: one letter a token, and the tokens themselves with |
 * between them (spaces and comments included). */
#include "sql/sql.h"

#include "util/text.h"

#include "unit.h"

#include <string.h>

/* e end, s space, - line comment, * block comment, w word, n name, ' string, 1 number, ; ( ) \ and . symbol;
 * ! behind one says that it is not closed. */
static const char letters[] = "es-*wn'1;()\\.";

static void expect(const struct sql_dialect *dialect, const char *text, const char *kinds, const char *tokens)
{
    struct text got_kinds = {0}, got_tokens = {0};
    size_t length = strlen(text), offset = 0;

    for (;;) {
        struct sql_token token = sql_lex(dialect, text, length, offset);

        if (token.kind == SQL_END)
            break;
        ck_assert_uint_eq(token.offset, offset);
        ck_assert_uint_gt(token.length, 0);
        ck_assert_uint_le(token.length, length - offset);
        text_add_char(&got_kinds, letters[token.kind]);
        if (!token.closed)
            text_add_char(&got_kinds, '!');
        text_add(&got_tokens, offset > 0 ? "|" : "");
        text_add_n(&got_tokens, text + offset, token.length);
        offset += token.length;
    }
    ck_assert_uint_eq(offset, length);
    ck_assert_str_eq(got_tokens.data, tokens);
    ck_assert_str_eq(got_kinds.data, kinds);
    text_free(&got_kinds);
    text_free(&got_tokens);
}

static void both(const char *text, const char *kinds, const char *tokens)
{
    expect(&sql_postgresql, text, kinds, tokens);
    expect(&sql_sqlite, text, kinds, tokens);
}

#define PG(...) expect(&sql_postgresql, __VA_ARGS__)
#define LITE(...) expect(&sql_sqlite, __VA_ARGS__)

START_TEST(plain_tokens)
{
    both("SELECT a_1,\t2;", "wsw.s1;", "SELECT| |a_1|,|\t|2|;");
    both("f(x)", "w(w)", "f|(|x|)");
    both("\xC3\xA4"
         "b$c d",
         "wsw",
         "\xC3\xA4"
         "b$c| |d");
    both("a.b", "w.w", "a|.|b");
    ck_assert_int_eq(sql_lex(&sql_postgresql, "abc", 3, 3).kind, SQL_END);
    ck_assert_int_eq(sql_lex(&sql_postgresql, "abc", 3, 99).kind, SQL_END);
    ck_assert_int_eq(sql_lex(&sql_postgresql, NULL, 0, 0).kind, SQL_END);
}
END_TEST

START_TEST(strings_and_names)
{
    both("'a''b' c", "'sw", "'a''b'| |c");
    both("'a\\' b", "'sw", "'a\\'| |b"); /* a backslash is nothing special */
    both("''", "'", "''");
    both("'''", "'!", "'''");
    both("\"a\"\"b\".\"c\"", "n.n", "\"a\"\"b\"|.|\"c\"");
    both("'a", "'!", "'a");
    both("\"a", "n!", "\"a");
    both("'a'\n'b'", "'s'", "'a'|\n|'b'");
    both("'-- no'--yes", "'-", "'-- no'|--yes");
}
END_TEST

START_TEST(prefixes)
{
    PG("E'a\\'b' c", "'sw", "E'a\\'b'| |c");
    PG("e'\\\\' c", "'sw", "e'\\\\'| |c");
    PG("e'a''b'", "'", "e'a''b'");
    PG("e'a\\", "'!", "e'a\\");
    PG("e'\\'", "'!", "e'\\'");
    PG("b'01'X'ff'n'x'", "'''", "b'01'|X'ff'|n'x'");
    PG("U&'d\\0061'U&\"x\"\"y\"", "'n", "U&'d\\0061'|U&\"x\"\"y\"");
    PG("u&a u &'x'", "w.wsws.'", "u|&|a| |u| |&|'x'");
    PG("ae'\\' f", "w'sw", "ae|'\\'| |f"); /* the prefix is a word of one letter */
    PG("e 'a\\'", "ws'", "e| |'a\\'");
    LITE("E'a\\' f", "w'sw", "E|'a\\'| |f");
    LITE("x'ab'", "'", "x'ab'");
}
END_TEST

START_TEST(escape_strings_go_on_over_a_newline)
{
    PG("E'a'\n 'b\\'c' d", "'sw", "E'a'\n 'b\\'c'| |d");
    PG("E'a' -- no\n  -- no\n'\\''x", "'w", "E'a' -- no\n  -- no\n'\\''|x");
    PG("E'a' 'b\\'", "'s'", "E'a'| |'b\\'"); /* without a newline it is another string */
    PG("E'a'\n/**/'b\\'", "'s*'", "E'a'|\n|/**/|'b\\'");
    PG("E'a'\n'b", "'!", "E'a'\n'b");
}
END_TEST

START_TEST(dollar_quotes)
{
    PG("$$a;b$$c", "'w", "$$a;b$$|c");
    PG("$t$ $$ $x$ ' $t$;", "';", "$t$ $$ $x$ ' $t$|;");
    PG("$t$a$T$b$t$", "'", "$t$a$T$b$t$");
    PG("$a$ $b$a$ $a$", "'s'!", "$a$ $b$a$| |$a$");
    PG("$1$2", "..", "$1|$2");
    PG("a$b$c", "w", "a$b$c");
    PG("$1a$ b", ".wsw", "$1|a$| |b");
    PG("$ab c", ".wsw", "$|ab| |c");
    PG("$\xC3\xA4$x$\xC3\xA4$", "'", "$\xC3\xA4$x$\xC3\xA4$");
    PG("$$a", "'!", "$$a");
    PG("$", ".", "$");
    PG("1$$x$$", "1'", "1|$$x$$");
    LITE("$$a$$", "..w", "$|$|a$$");
}
END_TEST

START_TEST(other_quotes_of_sqlite)
{
    LITE("`a``b`[c\"]d]", "nnw.", "`a``b`|[c\"]|d|]");
    LITE("=`a`", ".n", "=|`a`");
    LITE("`a", "n!", "`a");
    LITE("[a", "n!", "[a");
    PG("a[1]", "w.1.", "a|[|1|]");
    PG("`a", ".w", "`|a");
}
END_TEST

START_TEST(comments)
{
    both("--a\nb", "-sw", "--a|\n|b");
    both("a--", "w-", "a|--");
    both("/*a*/b/**/", "*w*", "/*a*/|b|/**/");
    both("/*/ */x", "*w", "/*/ */|x");
    PG("/* /* */ x */y", "*w", "/* /* */ x */|y");
    LITE("/* /* */ x", "*sw", "/* /* */| |x");
    PG("/* a", "*!", "/* a");
    PG("/* /* */", "*!", "/* /* */");
    LITE("/* a", "*", "/* a"); /* SQLite closes it at the end of the text */
    PG("--a\rb", "-sw", "--a|\r|b");
    LITE("--a\rb\nc", "-sw", "--a\rb|\n|c");
    PG("--a\r\nb", "-sw", "--a|\r\n|b");
    both("- -a", ".s.w", "-| |-|a");
}
END_TEST

START_TEST(numbers)
{
    both("1 1.5 .5 1e10 1.5E-3 0x1F 1_000", "1s1s1s1s1s1s1", "1| |1.5| |.5| |1e10| |1.5E-3| |0x1F| |1_000");
    both("1-2", "1.1", "1|-|2");
    both("1e-x", "1.w", "1e|-|x");
    both("1--2", "1-", "1|--2");
    both("1e--2", "1-", "1e|--2");
}
END_TEST

START_TEST(operators)
{
    both("a<=b", "w.w", "a|<=|b");
    both("a=-1", "w..1", "a|=|-|1");
    both("a*-1+-b", "w..1..w", "a|*|-|1|+|-|b");
    PG("a@-1", "w.1", "a|@-|1"); /* a special character keeps the sign */
    both("a+--b", "w.-", "a|+|--b");
    both("a*/*b*/c", "w.*w", "a|*|/*b*/|c");
    both("a::b :=c:d", "w.ws.w.w", "a|::|b| |:=|c|:|d");
    PG("a->>'b'", "w.'", "a|->>|'b'");
    PG("a?|b", "w.w", "a|?||b");
}
END_TEST

START_TEST(backslash_takes_the_line)
{
    PG("\\set x 'y;\nz", "\\sw", "\\set x 'y;|\n|z");
    PG("a \\g;\r\nb", "ws\\sw", "a| |\\g;|\r\n|b");
    PG("\\", "\\", "\\");
    LITE("\\a", ".w", "\\|a");
}
END_TEST

START_TEST(a_mark_at_the_start_is_space)
{
    both("\xEF\xBB\xBFSELECT", "sw", "\xEF\xBB\xBF|SELECT");
    both("a \xEF\xBB\xBF", "wsw", "a| |\xEF\xBB\xBF"); /* elsewhere it is a letter like others */
    both("\xEF\xBB", "w", "\xEF\xBB");
}
END_TEST

START_TEST(words_are_compared_without_case)
{
    struct sql_token token = sql_lex(&sql_postgresql, "SeLect", 6, 0);

    ck_assert(sql_is_word("SeLect", token, "SELECT"));
    ck_assert(!sql_is_word("SeLect", token, "SELEC"));
    ck_assert(!sql_is_word("SeLect", token, "SELECTS"));
    token = sql_lex(&sql_postgresql, "\"a\"", 3, 0);
    ck_assert(!sql_is_word("\"a\"", token, "\"a\""));
}
END_TEST

/* Reads no byte beyond the length: every prefix of a text, in memory of exactly its size. */
START_TEST(every_prefix_is_read_to_its_end)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "E'a\\' '\n'b' U&\"c\" $t$ $t$ /* /* */ */ --d\r\n 1.5e-3 `q` [r] $1 "
                               "x'' \\set :: - / a$b 'z";
    const struct sql_dialect *const dialects[] = {&sql_postgresql, &sql_sqlite};

    for (size_t length = 0; length < sizeof text; length++) {
        char *copy = malloc(length > 0 ? length : 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, text, length);
        for (size_t i = 0; i < 2; i++) {
            size_t offset = 0;

            while (offset < length) {
                struct sql_token token = sql_lex(dialects[i], copy, length, offset);

                ck_assert_uint_gt(token.length, 0);
                offset += token.length;
            }
            ck_assert_uint_eq(offset, length);
        }
        free(copy);
    }
}
END_TEST

UNIT("sql/lexer", plain_tokens, strings_and_names, prefixes, escape_strings_go_on_over_a_newline,
     dollar_quotes, other_quotes_of_sqlite, comments, numbers, operators, backslash_takes_the_line,
     a_mark_at_the_start_is_space, words_are_compared_without_case, every_prefix_is_read_to_its_end)
