/* SPDX-License-Identifier: MIT
 * A PostgreSQL table that is to be another kind of one: whom it inherits from, which type it is of, how it is kept. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* "PARTITION BY ... OF s.type INHERITS (s.t, s.u) USING method", of which each may be absent. */
struct table_value {
    const char *partition, *type, *parents, *method; /* "" if it is absent */
    int partition_length, type_length, parents_length;
};

/* Where the word stands outside of quotes and parentheses; NULL: nowhere. */
static const char *find_word(const char *text, const char *word)
{
    size_t depth = 0;

    for (const char *at = text; *at != '\0'; at = *at == '"' || *at == '\'' ? postgresql_behind_quoted(at) : at + 1) {
        if (depth == 0 && (at == text || at[-1] == ' ') && text_starts(at, word))
            return at;
        depth += *at == '(';
        depth -= *at == ')';
    }
    return NULL;
}

static struct table_value read_table(const char *text)
{
    struct table_value value = {.partition = "", .type = "", .parents = "", .method = ""};
    const char *using = find_word(text, "USING "), *end = using != NULL ? using : text + strlen(text), *at;

    if (using != NULL)
        value.method = using + strlen("USING ");
    if ((at = find_word(text, "INHERITS (")) != NULL) {
        value.parents = at + strlen("INHERITS (");
        value.parents_length = (int)(postgresql_find_outside(value.parents, ')') - value.parents);
        end = at;
    }
    if ((at = find_word(text, "OF ")) != NULL) {
        value.type = at + strlen("OF ");
        value.type_length = (int)(end - value.type);
        value.type_length -= value.type_length > 0 && value.type[value.type_length - 1] == ' ';
        end = at;
    }
    if (text_starts(text, "PARTITION BY ")) {
        value.partition = text;
        value.partition_length = (int)(end - text);
        value.partition_length -= value.partition_length > 0 && text[value.partition_length - 1] == ' ';
    }
    return value;
}

static bool same_words(const char *a, int a_length, const char *b, int b_length)
{
    return a_length == b_length && strncmp(a, b, (size_t)a_length) == 0;
}

/* The first name of a list; *length goes on to what is behind it. */
static const char *next_parent(const char **at, const char *end, int *length)
{
    const char *name = *at, *comma = postgresql_find_outside(name, ',');

    *length = (int)((comma < end ? comma : end) - name);
    *at = comma < end ? comma + strlen(", ") : end;
    return name;
}

static void add_parents(const char *ident, const char *word, const char *at, const char *end, struct fact_statements *out)
{
    while (at < end) {
        int length;
        const char *name = next_parent(&at, end, &length);
        fact_statements_add(out, "ALTER TABLE %s %s %.*s", ident, word, length, name);
    }
}

/* Their order counts, so all behind the first difference are left, and come again. */
static void change_parents(const struct fact *to, const struct table_value *old, const struct table_value *new, struct fact_statements *out)
{
    const char *a = old->parents, *b = new->parents, *a_end = a + old->parents_length, *b_end = b + new->parents_length;

    while (a < a_end && b < b_end) {
        const char *next = a, *other = b, *name, *other_name;
        int length, other_length;
        name = next_parent(&next, a_end, &length);
        other_name = next_parent(&other, b_end, &other_length);
        if (!same_words(name, length, other_name, other_length))
            break;
        a = next;
        b = other;
    }
    add_parents(to->ident, "NO INHERIT", a, a_end, out);
    add_parents(to->ident, "INHERIT", b, b_end, out);
}

enum fact_way postgresql_change_table(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    struct table_value old = read_table(from->value), new = read_table(to->value);
    bool typed = !same_words(old.type, old.type_length, new.type, new.type_length);

    if (!same_words(old.partition, old.partition_length, new.partition, new.partition_length)) {
        *reason = "a table that is there cannot be partitioned in another way than it is";
        return FACT_NO_WAY;
    }
    if (typed && old.type_length > 0 && new.type_length == 0)
        fact_statements_add(out, "ALTER TABLE %s NOT OF", to->ident);
    change_parents(to, &old, &new, out);
    if (typed && new.type_length > 0)
        fact_statements_add(out, "ALTER TABLE %s OF %.*s", to->ident, new.type_length, new.type);
    if (strcmp(old.method, new.method) != 0)
        fact_statements_add(out, "ALTER TABLE %s SET ACCESS METHOD %s", to->ident, *new.method != '\0' ? new.method : "heap");
    return FACT_IN_PLACE;
}
