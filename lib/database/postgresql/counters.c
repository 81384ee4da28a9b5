/* SPDX-License-Identifier: MIT
 * Sequences of columns and identities, which are sequences too: one that takes the place of another goes on where that stands. */
#include "database/postgresql/postgresql.h"

#include <stdlib.h>
#include <string.h>

/* The former one while both are there, if they have one name. */
#define FORMER "libmigrate_former"

struct counter {
    const char *name; /* qualified, in quotes where it needs them */
    int length;
    int64_t start, increment, least, most;
};

static bool read_number(const char *text, const char *word, int64_t *out)
{
    const char *at = strstr(text, word);

    if (at != NULL)
        *out = strtoll(at + strlen(word), NULL, 10);
    return at != NULL;
}

/* "bigint INCREMENT 1 MINVALUE ...", "ALWAYS AS IDENTITY (SEQUENCE NAME s.q START WITH 1 INCREMENT BY 1 ..." */
static bool read_counter(const struct fact *fact, struct counter *out)
{
    static const char opening[] = " AS IDENTITY (SEQUENCE NAME ";
    bool identity = strcmp(fact->kind, "column identity") == 0;
    const char *options = fact->value;

    out->name = fact->ident;
    out->length = (int)strlen(fact->ident);
    if (identity) {
        options = strstr(fact->value, opening);
        if (options == NULL)
            return false;
        out->name = options + sizeof opening - 1;
        options = postgresql_find_outside(out->name, ' ');
        out->length = (int)(options - out->name);
    }
    return read_number(options, identity ? " START WITH " : " START ", &out->start) &&
           read_number(options, identity ? " INCREMENT BY " : " INCREMENT ", &out->increment) &&
           read_number(options, " MINVALUE ", &out->least) && read_number(options, " MAXVALUE ", &out->most);
}

/* SELECT setval('s.q', */
static void add_setval(struct text *out, const struct counter *counter)
{
    text_add(out, "SELECT pg_catalog.setval(");
    database_postgresql.literal(out, counter->name, (size_t)counter->length);
    text_add(out, ", ");
}

static void take_statement(struct fact_statements *out, struct text *sql)
{
    if (!sql->failed && sql->data != NULL)
        fact_statements_add(out, "%s", sql->data);
    out->failed |= sql->failed;
    text_free(sql);
}

/* The new one is made while the former one is there, which goes then. Where that has not begun, the new one begins by itself. */
static void add_after(const struct counter *from, const struct counter *to, const struct fact *old, const struct fact *new,
                      struct fact_statements *out)
{
    bool same = from->length == to->length && strncmp(from->name, to->name, (size_t)to->length) == 0;
    int place = (int)(postgresql_find_outside(from->name, '.') - from->name);
    struct text former = {0}, sql = {0};

    text_format(&former, "%.*s%s", same ? place : from->length, from->name, same ? "." FORMER : "");
    if (same)
        fact_statements_add(out, "ALTER SEQUENCE %.*s RENAME TO " FORMER, from->length, from->name);
    fact_statements_add(out, "%s", new->make);
    add_setval(&sql, to);
    text_format(&sql, "last_value, is_called) FROM %s WHERE (is_called OR last_value <> ", former.data != NULL ? former.data : "");
    text_add_int(&sql, from->start);
    text_format(&sql, ") AND last_value %s ", to->increment > 0 ? ">=" : "<=");
    text_add_int(&sql, to->increment > 0 ? to->least : to->most);
    take_statement(out, &sql);
    if (strcmp(old->kind, "sequence") == 0)
        fact_statements_add(out, "DROP SEQUENCE %s", former.data != NULL ? former.data : "");
    else
        fact_statements_add(out, "%s", old->undo);
    out->failed |= former.failed;
    text_free(&former);
}

/* Nothing counted before: rows that are there have their numbers from somewhere else. */
static void add_first(const struct counter *counter, const struct fact *new, const struct fact *column, struct fact_statements *out)
{
    static const char table[] = "ALTER TABLE ", drop[] = " DROP COLUMN ";
    const char *name = strstr(column->undo, drop), *function = counter->increment > 0 ? "max" : "min";
    struct text sql = {0};
    int length;

    for (const char *more = name; more != NULL; more = strstr(more + 1, drop)) /* the table may be called like that */
        name = text_ends(column->ident, more + sizeof drop - 1) ? more : name;
    length = (int)(name - column->undo) - (int)(sizeof table - 1);
    name += sizeof drop - 1;
    fact_statements_add(out, "%s", new->make);
    add_setval(&sql, counter);
    text_format(&sql, "%s(%s)) FROM %.*s HAVING %s(%s) BETWEEN ", function, name, length, column->undo + sizeof table - 1, function, name);
    text_add_int(&sql, counter->increment > 0 ? counter->start : counter->least);
    text_add(&sql, " AND ");
    text_add_int(&sql, counter->increment > 0 ? counter->most : counter->start);
    take_statement(out, &sql);
}

/* An identity is of no other type. */
static bool has_numbers(const struct fact *new, const struct fact *type)
{
    static const char *const types[] = {"smallint", "integer", "bigint"};

    for (size_t i = 0; i < sizeof types / sizeof *types && type != NULL; i++) {
        if (strcmp(type->value, types[i]) == 0)
            return true;
    }
    return strcmp(new->kind, "column identity") == 0;
}

bool postgresql_fact_goes_on(const struct fact *old, const struct fact *new, const struct fact *column, const struct fact *type,
                             struct fact_statements *out)
{
    struct counter from, to;

    if (!read_counter(new, &to) || to.increment == 0 || column->undo == NULL || strstr(column->undo, " DROP COLUMN ") == NULL)
        return false;
    if (old == NULL && has_numbers(new, type)) {
        add_first(&to, new, column, out);
        return true;
    }
    if (old == NULL || strcmp(old->kind, new->kind) == 0 || old->undo == NULL || !read_counter(old, &from) ||
        (from.increment > 0) != (to.increment > 0))
        return false;
    add_after(&from, &to, old, new, out);
    return true;
}

bool postgresql_fact_counted(const struct fact *column, const struct fact *counter, struct fact_statements *out)
{
    if (strcmp(counter->kind, "column identity") != 0 || column->make == NULL)
        return false;
    fact_statements_add(out, "%s GENERATED %s", column->make, counter->value);
    return true;
}
