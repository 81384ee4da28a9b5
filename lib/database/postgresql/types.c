/* SPDX-License-Identifier: MIT
 * Which changes of a column's type keep every value, by the types' names as the server prints them. What is not known to keep them may
 * have cut some. */
#include "database/postgresql/postgresql.h"

#include <stdlib.h>
#include <string.h>

/* "numeric(10,2)" as "numeric", 10, 2; -1: not there. What stands behind the parentheses belongs to the name. */
struct type {
    char name[64];
    long first, second;
    bool array;
};

static bool read_type(const char *text, struct type *out)
{
    size_t length = strstr(text, " COLLATE ") != NULL ? (size_t)(strstr(text, " COLLATE ") - text) : strlen(text), n = 0;
    const char *open = memchr(text, '(', length), *close = open != NULL ? memchr(open, ')', length - (size_t)(open - text)) : NULL;

    *out = (struct type){.first = -1, .second = -1};
    while (length > 2 && text[length - 2] == '[' && text[length - 1] == ']') {
        length -= 2;
        out->array = true;
    }
    for (size_t i = 0; i < length; i++) {
        if (open != NULL && close != NULL && text + i >= open && text + i <= close)
            continue;
        if (n + 1 == sizeof out->name)
            return false;
        out->name[n++] = text[i];
    }
    out->name[n] = '\0';
    if (open != NULL && close != NULL) {
        char *end;
        out->first = strtol(open + 1, &end, 10);
        if (*end == ',')
            out->second = strtol(end + 1, NULL, 10);
    }
    return true;
}

static bool is(const struct type *type, const char *name)
{
    return strcmp(type->name, name) == 0;
}

/* Every value of the one is one of the other. */
static bool is_within(const struct type *from, const struct type *to)
{
    static const char *const pairs[][2] = {
        {"smallint", "integer"},           {"smallint", "bigint"},         {"integer", "bigint"},
        {"smallint", "real"},              {"smallint", "double precision"}, {"integer", "double precision"},
        {"real", "double precision"},      {"date", "timestamp without time zone"}};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (is(from, pairs[i][0]) && is(to, pairs[i][1]))
            return to->first < 0;
    }
    if (is(from, "smallint") || is(from, "integer") || is(from, "bigint"))
        return is(to, "numeric") && to->first < 0;
    return (is(from, "character varying") && is(to, "text")) || (is(from, "text") && is(to, "character varying") && to->first < 0);
}

bool postgresql_type_keeps(const char *from_text, const char *to_text)
{
    struct type from, to;

    if (!read_type(from_text, &from) || !read_type(to_text, &to) || from.array != to.array)
        return false;
    if (!is(&from, to.name))
        return is_within(&from, &to);
    if (to.first < 0)
        return true;
    if (is(&from, "numeric")) {
        long from_scale = from.second > 0 ? from.second : 0, to_scale = to.second > 0 ? to.second : 0;
        return from.first >= 0 && to_scale >= from_scale && to.first - to_scale >= from.first - from_scale;
    }
    return from.first >= 0 && to.first >= from.first;
}
