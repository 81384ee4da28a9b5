/* SPDX-License-Identifier: MIT
 * Other names, and other schemas, for the objects of a PostgreSQL schema. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* Of "s.t.c" or "s.f(int)": what stands before the last name, and that name. All are quoted where they have to be. */
struct ident {
    const char *place, *name;
    int place_length, name_length;
};

static struct ident read_ident(const char *text)
{
    struct ident ident = {.place = text, .name = text};
    const char *at = text;

    while (*at != '\0' && *at != '(') {
        const char *begin = at;
        if (*at == '"') {
            for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++)
                at += *at == '"';
            at += *at != '\0';
        } else {
            at += strcspn(at, ".(");
        }
        ident.name = begin;
        ident.name_length = (int)(at - begin);
        if (*at != '.')
            break;
        ident.place_length = (int)(at - text);
        at++;
    }
    if (ident.name == text)
        ident.place_length = 0;
    return ident;
}

static bool same(const char *a, int a_length, const char *b, int b_length)
{
    return a_length == b_length && memcmp(a, b, (size_t)b_length) == 0;
}

/* How a statement speaks of it: words before the whole ident, or before the place with a word for the part. */
static const struct {
    const char *kind, *word, *part;
    bool moves; /* to another schema, by itself */
    bool on;    /* ALTER TRIGGER t ON place */
} kinds[] = {
    {"table", "TABLE", NULL, true, false},
    {"view", "VIEW", NULL, true, false},
    {"materialized view", "MATERIALIZED VIEW", NULL, true, false},
    {"foreign table", "FOREIGN TABLE", NULL, true, false},
    {"sequence", "SEQUENCE", NULL, true, false},
    {"index", "INDEX", NULL, false, false},
    {"enum", "TYPE", NULL, true, false},
    {"range", "TYPE", NULL, true, false},
    {"composite type", "TYPE", NULL, true, false},
    {"base type", "TYPE", NULL, true, false},
    {"domain", "DOMAIN", NULL, true, false},
    {"function", "FUNCTION", NULL, true, false},
    {"procedure", "PROCEDURE", NULL, true, false},
    {"aggregate", "AGGREGATE", NULL, true, false},
    {"statistics", "STATISTICS", NULL, true, false},
    {"schema", "SCHEMA", NULL, false, false},
    {"column", "TABLE", "COLUMN", false, false},
    {"attribute", "TYPE", "ATTRIBUTE", false, false},
    {"constraint", "TABLE", "CONSTRAINT", false, false},
    {"domain constraint", "DOMAIN", "CONSTRAINT", false, false},
    {"trigger", "TRIGGER", NULL, false, true},
    {"rule", "RULE", NULL, false, true},
    {"policy", "POLICY", NULL, false, true},
};

static size_t index_of(const char *kind)
{
    size_t i = 0;

    while (i < sizeof kinds / sizeof *kinds && strcmp(kinds[i].kind, kind) != 0)
        i++;
    return i;
}

bool postgresql_fact_rename(const struct fact *from, const struct fact *to, struct fact_statements *out)
{
    struct ident old = read_ident(from->ident), new = read_ident(to->ident);
    size_t i = index_of(from->kind);

    if (i == sizeof kinds / sizeof *kinds)
        return false;
    if (same(old.name, old.name_length, new.name, new.name_length))
        return true;
    if (kinds[i].on)
        fact_statements_add(out, "ALTER %s %.*s ON %.*s RENAME TO %.*s", kinds[i].word, old.name_length, old.name, old.place_length,
                            old.place, new.name_length, new.name);
    else if (kinds[i].part != NULL)
        fact_statements_add(out, "ALTER %s %.*s RENAME %s %.*s TO %.*s%s", kinds[i].word, old.place_length, old.place, kinds[i].part,
                            old.name_length, old.name, new.name_length, new.name,
                            strcmp(kinds[i].part, "ATTRIBUTE") == 0 ? " CASCADE" : "");
    else
        fact_statements_add(out, "ALTER %s %s RENAME TO %.*s", kinds[i].word, from->ident, new.name_length, new.name);
    return true;
}

/* What belongs to a table moves with it. */
bool postgresql_fact_move(const struct fact *from, const struct fact *to, struct fact_statements *out)
{
    struct ident old = read_ident(from->ident), new = read_ident(to->ident);
    size_t i = index_of(from->kind);

    if (i == sizeof kinds / sizeof *kinds || !kinds[i].moves || *from->inside != '\0' ||
        same(old.place, old.place_length, new.place, new.place_length))
        return false;
    fact_statements_add(out, "ALTER %s %.*s.%.*s%s SET SCHEMA %.*s", kinds[i].word, old.place_length, old.place, new.name_length, new.name,
                        old.name + old.name_length, new.place_length, new.place);
    return true;
}

/* What its value says behind its own name, and before it in *head; all of it where that says no name. */
static const char *behind_name(const struct fact *fact, size_t *head)
{
    static const char *const heads[] = {"CREATE INDEX ", "CREATE UNIQUE INDEX ", "CREATE STATISTICS "};
    struct ident ident = read_ident(fact->ident);
    size_t length = strlen(fact->ident);

    *head = 0;
    for (size_t i = 0; i < sizeof heads / sizeof *heads && strcmp(fact->kind, "constraint") != 0; i++) {
        const char *at = fact->value + strlen(heads[i]);
        if (!text_starts(fact->value, heads[i]))
            continue;
        *head = strlen(heads[i]);
        if (text_starts(at, fact->ident))
            return at + length;
        return at + (strncmp(at, ident.name, (size_t)ident.name_length) == 0 ? ident.name_length : 0);
    }
    return fact->value;
}

bool postgresql_fact_alike(const struct fact *a, const struct fact *b)
{
    static const char *const alike[] = {"constraint", "domain constraint", "index", "statistics"};
    const char *rest, *other;
    size_t head, other_head;
    bool known = false;

    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        known |= strcmp(a->kind, alike[i]) == 0;
    if (!known || strcmp(a->kind, b->kind) != 0)
        return false;
    rest = behind_name(a, &head);
    other = behind_name(b, &other_head);
    return head == other_head && strncmp(a->value, b->value, head) == 0 && strcmp(rest, other) == 0;
}
