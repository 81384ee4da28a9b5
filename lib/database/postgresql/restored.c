/* SPDX-License-Identifier: MIT
 * Words that a dump and its restore change, although they mean the same: the cast of an array is a cast of its elements once it was read
 * again. (varchar IN ('a', 'b') is such a one.) Here every value reads as it would behind a restore. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* Behind the string or name in quotes that begins here. Doubled quotes are two such in a row. */
static size_t pass_quoted(const char *text, size_t at)
{
    const char *end = strchr(text + at + 1, text[at]);

    return end != NULL ? (size_t)(end + 1 - text) : at + strlen(text + at);
}

/* The bracket that closes the one here; SIZE_MAX: none. */
static size_t closing(const char *text, size_t at)
{
    size_t depth = 0;

    while (text[at] != '\0') {
        if (text[at] == '\'' || text[at] == '"') {
            at = pass_quoted(text, at);
            continue;
        }
        depth += text[at] == '(' || text[at] == '[';
        if ((text[at] == ')' || text[at] == ']') && --depth == 0)
            return at;
        at++;
    }
    return SIZE_MAX;
}

static void add_range(struct text *out, const char *text, size_t from, size_t to, bool *changed);

/* The elements between from and to, each with the cast. */
static void add_elements(struct text *out, const char *text, size_t from, size_t to, size_t type, size_t type_end)
{
    bool changed = false;

    for (size_t at = from, start = from; at <= to;) {
        if (at < to && (text[at] == '\'' || text[at] == '"')) {
            at = pass_quoted(text, at);
        } else if (at < to && (text[at] == '(' || text[at] == '[')) {
            size_t end = closing(text, at);
            at = end < to ? end + 1 : to;
        } else if (at == to || text[at] == ',') {
            text_add_char(out, '(');
            add_range(out, text, start, at, &changed);
            text_add(out, ")::");
            text_add_n(out, text + type, type_end - type);
            text_add(out, at < to ? ", " : "");
            start = at + 1 < to && text[at + 1] == ' ' ? at + 2 : at + 1;
            at++;
        } else {
            at++;
        }
    }
}

/* "(ARRAY[a, b])::T[]" becomes "ARRAY[(a)::T, (b)::T]". Where that ends, or 0: it is something else. */
static size_t add_array(struct text *out, const char *text, size_t at)
{
    size_t open = at + strlen("(ARRAY"), close = closing(text, open), type, end;

    if (close == SIZE_MAX || strncmp(text + close, "])::", 4) != 0 || close == open + 1)
        return 0;
    type = close + 4;
    end = type + strspn(text + type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ .\"");
    if (end == type || strncmp(text + end, "[]", 2) != 0)
        return 0;
    text_add(out, "ARRAY[");
    add_elements(out, text, open + 1, close, type, end);
    text_add_char(out, ']');
    return end + 2;
}

static void add_range(struct text *out, const char *text, size_t from, size_t to, bool *changed)
{
    size_t at = from, start = from;

    while (at < to) {
        size_t end = text[at] == '(' && strncmp(text + at, "(ARRAY[", 7) == 0 ? closing(text, at) : SIZE_MAX;
        if (text[at] == '\'' || text[at] == '"') {
            at = pass_quoted(text, at);
            continue;
        }
        if (end != SIZE_MAX && end < to) {
            text_add_n(out, text + start, at - start);
            end = add_array(out, text, at);
            start = end > 0 ? end : at;
            *changed |= end > 0;
        }
        at = end != SIZE_MAX && end > at ? end : at + 1;
    }
    text_add_n(out, text + start, to > start ? to - start : 0);
}

bool postgresql_fact_restored(const char *kind, const char *value, struct text *out)
{
    bool changed = false;

    if (strstr(value, "(ARRAY[") == NULL || strcmp(kind, "function") == 0 || strcmp(kind, "procedure") == 0 ||
        strcmp(kind, "comment") == 0)
        return false;
    add_range(out, value, 0, strlen(value), &changed);
    return changed;
}
