/* SPDX-License-Identifier: MIT
 * The server does not always print an expression as it prints what becomes of that print: chains of AND lose parentheses, and the cast of an
 * array becomes one of its elements. A schema out of a dump would look changed. So what facts say is put into the form that stays. */
#include "database/postgresql/postgresql.h"
#include "util/memory.h"

#include <ctype.h>
#include <string.h>

/* ---- reading ---- */

/* Behind a quoted piece that begins here. */
static size_t behind_quote(const char *text, size_t at)
{
    char quote = text[at];
    bool escapes = quote == '\'' && at > 0 && text[at - 1] == 'E';

    for (at++; text[at] != '\0'; at++) {
        if (escapes && text[at] == '\\' && text[at + 1] != '\0')
            at++;
        else if (text[at] == quote && text[at + 1] == quote)
            at++;
        else if (text[at] == quote)
            return at + 1;
    }
    return at;
}

/* The bracket that closes the one here, of either form; the end if there is none. */
static size_t closing(const char *text, size_t at)
{
    size_t depth = 0;

    while (text[at] != '\0') {
        if (text[at] == '\'' || text[at] == '"') {
            at = behind_quote(text, at);
            continue;
        }
        depth += text[at] == '(' || text[at] == '[';
        if ((text[at] == ')' || text[at] == ']') && --depth == 0)
            return at;
        at++;
    }
    return at;
}

/* ---- (ARRAY[a, b])::t[] is ARRAY[(a)::t, (b)::t] ---- */

/* The length of a type's name before "[]"; 0: there is none here, or it is no plain array. */
static size_t array_type(const char *text)
{
    size_t n = 0;

    while (isalnum((unsigned char)text[n]) || text[n] == '_' || text[n] == '.' || text[n] == ' ' || text[n] == '"')
        n = text[n] == '"' ? behind_quote(text, n) : n + 1;
    return strncmp(text + n, "[]", 2) == 0 && text[n + 2] != '[' ? n : 0;
}

static void add_elements(struct text *out, const char *text, size_t at, size_t end, const char *type, size_t type_length)
{
    size_t begin = at;

    while (at <= end) {
        if (at < end && (text[at] == '\'' || text[at] == '"')) {
            at = behind_quote(text, at);
        } else if (at < end && (text[at] == '(' || text[at] == '[')) {
            at = closing(text, at) + 1;
        } else if (at == end || text[at] == ',') {
            text_add_char(out, '(');
            text_add_n(out, text + begin, at - begin);
            text_format(out, ")::%.*s%s", (int)type_length, type, at == end ? "" : ", ");
            at++;
            begin = at += at < end && text[at] == ' ';
        } else {
            at++;
        }
    }
}

static void spread_casts(const char *text, struct text *out)
{
    static const char opening[] = "(ARRAY[";
    size_t at = 0;

    while (text[at] != '\0') {
        size_t end, list, type;
        if (text[at] == '\'' || text[at] == '"') {
            end = behind_quote(text, at);
            text_add_n(out, text + at, end - at);
            at = end;
            continue;
        }
        list = at + sizeof opening - 1;
        end = strncmp(text + at, opening, sizeof opening - 1) == 0 ? closing(text, at) : 0;
        type = end > list && text[end] == ')' && text[end - 1] == ']' && strncmp(text + end, ")::", 3) == 0 && text[list] != ']' &&
                       strncmp(text + list, "ARRAY[", 6) != 0
                   ? array_type(text + end + 3)
                   : 0;
        if (type == 0) {
            text_add_char(out, text[at++]);
            continue;
        }
        text_add(out, "ARRAY[");
        add_elements(out, text, list, end - 1, text + end + 3, type);
        text_add_char(out, ']');
        at = end + 3 + type + 2;
    }
}

/* ---- ((a AND b) AND c) is (a AND b AND c) ---- */

enum operator { OPERATOR_NONE, OPERATOR_AND, OPERATOR_OR };

/* Which one is between the brackets, at their own level. */
static enum operator operator_of(const char *text, size_t open)
{
    size_t at = open + 1;

    while (text[at] != '\0' && text[at] != ')') {
        if (text[at] == '\'' || text[at] == '"')
            at = behind_quote(text, at);
        else if (text[at] == '(' || text[at] == '[')
            at = text[closing(text, at)] == '\0' ? strlen(text) : closing(text, at) + 1;
        else if (strncmp(text + at, " AND ", 5) == 0)
            return OPERATOR_AND;
        else if (strncmp(text + at, " OR ", 4) == 0)
            return OPERATOR_OR;
        else
            at++;
    }
    return OPERATOR_NONE;
}

static bool is_operand(const char *text, size_t open, size_t close)
{
    bool begins = open > 0 && (text[open - 1] == '(' || (open > 4 && strncmp(text + open - 5, " AND ", 5) == 0) ||
                               (open > 3 && strncmp(text + open - 4, " OR ", 4) == 0));

    return begins && (text[close + 1] == ')' || strncmp(text + close + 1, " AND ", 5) == 0 || strncmp(text + close + 1, " OR ", 4) == 0);
}

/* Writes up to the closing bracket, which is not written. */
static size_t flatten(const char *text, size_t at, enum operator outer, struct text *out)
{
    while (text[at] != '\0' && text[at] != ')') {
        size_t end;
        if (text[at] == '\'' || text[at] == '"') {
            end = behind_quote(text, at);
            text_add_n(out, text + at, end - at);
        } else if (text[at] == '(') {
            enum operator inner = operator_of(text, at);
            size_t close = closing(text, at);
            bool plain = inner != OPERATOR_NONE && inner == outer && text[close] == ')' && is_operand(text, at, close);
            text_add(out, plain ? "" : "(");
            end = flatten(text, at + 1, inner, out);
            if (text[end] == ')') {
                text_add(out, plain ? "" : ")");
                end++;
            }
        } else {
            text_add_char(out, text[at]);
            end = at + 1;
        }
        at = end;
    }
    return at;
}

/* ---- */

bool postgresql_fact_settled(const char *kind, const char *value, struct text *out)
{
    static const char *const kinds[] = {"column", "column default", "constraint", "domain constraint", "domain default", "index",
                                        "materialized view", "partition", "policy", "rule", "statistics", "trigger", "view",
                                        "view column default"};
    struct text spread = {0};
    bool known = false;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= strcmp(kinds[i], kind) == 0;
    if (!known || (strstr(value, "(ARRAY[") == NULL && (strstr(value, "((") == NULL && strstr(value, " (") == NULL)))
        return false;
    spread_casts(value, &spread);
    if (spread.data != NULL) {
        size_t end = flatten(spread.data, 0, OPERATOR_NONE, out);
        text_add(out, spread.data + end); /* a bracket too much */
    }
    out->failed |= spread.failed;
    text_free(&spread);
    return out->failed || strcmp(out->data != NULL ? out->data : "", value) != 0;
}
