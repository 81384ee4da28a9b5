/* SPDX-License-Identifier: MIT
 * Passwords and keys in SQL: CREATE ROLE ... PASSWORD '...', PRAGMA key = '...', ATTACH ... KEY '...',
 * OPTIONS (password '...'), connection strings. Lengths stay, so that positions do. Rather a harmless string
 * too many than a password too few. */
#include "sql/sql.h"

#include "util/text.h"

#include <string.h>

static bool holds(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (text_equal_nocase_n(text + i, word, size))
            return true;
    return false;
}

/* The string or name that follows such a word is a secret. */
static bool announces(const char *text, struct sql_token word)
{
    static const char *const words[] = {"key",     "rekey",  "hexkey", "hexrekey",
                                        "textkey", "secret", "token",  NULL};

    for (const char *const *w = words; *w != NULL; w++)
        if (sql_is_word(text, word, *w))
            return true;
    return holds(text + word.offset, word.length, "passw");
}

/* A connection string: host=h password=p, or scheme://user:password@host. */
static bool connects(const char *text, struct sql_token token)
{
    const char *string = text + token.offset;

    return holds(string, token.length, "password") ||
           (holds(string, token.length, "://") && memchr(string, '@', token.length) != NULL);
}

/* How long the mark is that begins a dollar-quoted string. */
static size_t dollar_mark(const char *text, struct sql_token token)
{
    const char *at = text + token.offset;

    return (size_t)((const char *)memchr(at + 1, '$', token.length - 1) + 1 - at);
}

/* The string's marks stay. */
static void hide(char *text, struct sql_token token)
{
    size_t at = token.offset, end = token.offset + token.length, mark = 1;

    if (text[at] == '$') {
        mark = dollar_mark(text, token);
    } else {
        while (at < end && text[at] != '\'' && text[at] != '"') /* E'' */
            at++;
    }
    at += mark;
    end -= token.closed ? mark : 0;
    if (at < end)
        memset(text + at, '*', end - at);
}

enum { DEEPEST = 8 };

static void hide_within(const struct sql_dialect *dialect, char *text, size_t length, int depth)
{
    struct sql_token token = sql_lex(dialect, text, length, 0), word = {0};
    bool pragma = false;

    for (; token.kind != SQL_END; token = sql_lex(dialect, text, length, token.offset + token.length)) {
        bool string = token.kind == SQL_STRING || (pragma && token.kind == SQL_NAME);
        bool dollars = text[token.offset] == '$';

        if (token.kind == SQL_WORD) {
            word = token;
            pragma = pragma || sql_is_word(text, word, "pragma");
        } else if (token.kind == SQL_SEMICOLON) {
            pragma = false;
            word.length = 0;
        } else if (string &&
                   ((word.length > 0 && announces(text, word)) || (!dollars && connects(text, token)))) {
            hide(text, token);
        } else if (string && dollars && depth < DEEPEST) { /* the body of a function */
            size_t mark = dollar_mark(text, token);

            hide_within(dialect, text + token.offset + mark, token.length - (token.closed ? 2 : 1) * mark,
                        depth + 1);
        }
    }
}

void sql_hide_secrets(const struct sql_dialect *dialect, char *text, size_t length)
{
    hide_within(dialect, text, length, 0);
}
