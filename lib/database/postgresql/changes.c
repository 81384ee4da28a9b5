/* SPDX-License-Identifier: MIT
 * How one fact of a PostgreSQL schema becomes another: by a statement of its own where there is one that keeps what stands on it, else
 * anew. What facts say is the server's own words in an order of ours (facts.c); no more of them is read here than where they differ. */
#include "database/postgresql/postgresql.h"

#include <ctype.h>
#include <string.h>

typedef enum fact_way (*way)(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason);

/* ---- small readers ---- */

const char *postgresql_behind_quoted(const char *text)
{
    bool escapes = *text == 'E';
    const char quote = *(text += escapes);

    for (text++; *text != '\0'; text++) {
        if (escapes && *text == '\\' && text[1] != '\0')
            text++;
        else if (*text == quote && text[1] == quote)
            text++;
        else if (*text == quote)
            return text + 1;
    }
    return text;
}

const char *postgresql_find_outside(const char *text, char wanted)
{
    while (*text != '\0' && *text != wanted)
        text = *text == '"' || *text == '\'' ? postgresql_behind_quoted(text) : text + 1;
    return text;
}

/* What `make` says up to the object, to say something else of it: "ALTER TABLE s.t ALTER COLUMN c" of "... TYPE x", where that word comes
 * first outside of quotes. */
static int head_length(const char *statement, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = statement; *at != '\0'; at = *at == '"' ? postgresql_behind_quoted(at) : at + 1) {
        if (strncmp(at, word, length) == 0)
            return (int)(at - statement);
    }
    return (int)strlen(statement);
}

/* ---- what its `make` sets, whatever was set before ---- */

static enum fact_way set_again(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    (void)from;
    (void)reason;
    fact_statements_add(out, "%s", to->make);
    return FACT_IN_PLACE;
}

/* ---- types ---- */

/* Labels are written as literals, with ", " between. */
struct labels {
    const char *at, *end;
};

static bool next_label(struct labels *labels)
{
    const char *at = labels->end;

    while (*at == ',' || *at == ' ')
        at++;
    labels->at = at;
    labels->end = *at == '\0' ? at : postgresql_behind_quoted(at);
    return *at != '\0';
}

static bool same_label(const struct labels *a, const struct labels *b)
{
    return a->end - a->at == b->end - b->at && memcmp(a->at, b->at, (size_t)(a->end - a->at)) == 0;
}

static bool has_label(const char *list, const struct labels *wanted)
{
    struct labels label = {.end = list};

    while (next_label(&label)) {
        if (same_label(&label, wanted))
            return true;
    }
    return false;
}

static enum fact_way change_enum(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    struct labels old = {.end = from->value}, new = {.end = to->value}, before = {0};
    bool more = next_label(&old);

    for (struct labels label = {.end = from->value}; next_label(&label);) {
        if (!has_label(to->value, &label)) {
            *reason = "a label that an enum has cannot be taken away from it: rows may hold it (and whether it was renamed is not known)";
            return FACT_NO_WAY;
        }
    }
    while (next_label(&new)) {
        if (more && same_label(&old, &new)) {
            more = next_label(&old);
        } else if (has_label(from->value, &new)) {
            *reason = "the labels of an enum cannot be put in another order";
            return FACT_NO_WAY;
        } else if (before.at != NULL) {
            fact_statements_add(out, "ALTER TYPE %s ADD VALUE %.*s AFTER %.*s", to->ident, (int)(new.end - new.at), new.at,
                                (int)(before.end - before.at), before.at);
        } else if (more) {
            fact_statements_add(out, "ALTER TYPE %s ADD VALUE %.*s BEFORE %.*s", to->ident, (int)(new.end - new.at), new.at,
                                (int)(old.end - old.at), old.at);
        } else {
            fact_statements_add(out, "ALTER TYPE %s ADD VALUE %.*s", to->ident, (int)(new.end - new.at), new.at);
        }
        before = new;
    }
    return FACT_IN_PLACE;
}

/* Columns of the type are converted with it. */
static enum fact_way change_attribute(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    const char *prefix = "ALTER TYPE ";
    int head = head_length(to->undo, " DROP ATTRIBUTE ");

    (void)reason;
    fact_statements_add(out, "%.*s ALTER ATTRIBUTE %s TYPE %s CASCADE", head, to->undo,
                        to->ident + (head - (int)strlen(prefix)) + 1, to->value);
    out->loses = !postgresql_type_keeps(from->value, to->value);
    return FACT_WHEN_ALONE;
}

/* ---- columns ---- */

static bool starts_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    return strncmp(text, word, length) == 0 && !isalnum((unsigned char)text[length]) && text[length] != '_';
}

static bool is_string(const char *type)
{
    return starts_word(type, "character") || starts_word(type, "text");
}

static bool is_array(const char *type)
{
    return strstr(type, "[]") != NULL;
}

/* Values are taken over by assignment where that works, since it complains of what does not fit; a cast that is asked for would cut it. */
static bool is_assignable(const char *from, const char *to)
{
    static const char *const families[][7] = {
        {"smallint", "integer", "bigint", "numeric", "real", "double", NULL},
        {"timestamp", "date", NULL},
        {"time", NULL},
        {"json", "jsonb", NULL},
        {"inet", "cidr", NULL},
        {"bit", NULL},
    };
    size_t base = strcspn(to, "( ");

    if (is_string(to) && (is_array(to) ? is_array(from) && is_string(from) : true)) /* anything is, to a string */
        return true;
    if (is_array(from) != is_array(to))
        return false;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        bool from_is = false, to_is = false;
        for (size_t j = 0; families[i][j] != NULL; j++) {
            from_is |= starts_word(from, families[i][j]);
            to_is |= starts_word(to, families[i][j]);
        }
        if (from_is && to_is)
            return true;
    }
    return strcspn(from, "( ") == base && strncmp(from, to, base) == 0; /* the same, with other bounds or another collation */
}

/* Behind "USING c" of a statement that changes the type; NULL: it has none. */
static const char *cast_of(const struct fact *type)
{
    const char *using = strstr(type->make, type->value);

    using = using == NULL ? NULL : strstr(using + strlen(type->value), " USING ");
    return using == NULL ? NULL : postgresql_find_outside(using, ':');
}

/* Labels of an enum are cast to nothing but text. */
static bool is_labels(const struct fact *type)
{
    const char *cast = cast_of(type);

    return cast != NULL && text_starts(cast, "::text::");
}

static enum fact_way change_type(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    const char *using = strstr(to->make, to->value);

    (void)reason;
    using = using == NULL ? NULL : strstr(using + strlen(to->value), " USING ");
    if (is_assignable(from->value, to->value) && using != NULL)
        fact_statements_add(out, "%.*s", (int)(using - to->make), to->make);
    else if (strchr(from->value, '.') != NULL && strchr(to->value, '.') != NULL && using != NULL) /* types of users: enums have no cast */
        fact_statements_add(out, "%.*s::text%s", (int)(strstr(using, "::") - to->make), to->make, strstr(using, "::"));
    else if (is_labels(from) && cast_of(to) != NULL)
        fact_statements_add(out, "%.*s::text%s", (int)(cast_of(to) - to->make), to->make, cast_of(to));
    else
        fact_statements_add(out, "%s", to->make);
    out->loses = !postgresql_type_keeps(from->value, to->value);
    return FACT_WHEN_ALONE;
}

/* The value of a column is what it is generated by; "": it is not. Nothing is lost of one that is made anew. */
static enum fact_way change_column(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    if (*to->value == '\0') {
        fact_statements_add(out, "%.*s ALTER COLUMN %s DROP EXPRESSION", head_length(to->undo, " DROP COLUMN "), to->undo,
                            to->undo + head_length(to->undo, " DROP COLUMN ") + strlen(" DROP COLUMN "));
        return text_ends(from->value, " STORED") ? FACT_IN_PLACE : FACT_NO_WAY;
    }
    *reason = "its values would be generated ones from then on: those that are there would go";
    return *from->value == '\0' ? FACT_NO_WAY : FACT_ANEW;
}

/* "u_name NOT NULL [NO INHERIT] [NOT VALID]", since version 18; before, there is nothing to say. */
static enum fact_way change_not_null(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    const char *old = postgresql_find_outside(from->value, ' '), *new = postgresql_find_outside(to->value, ' ');
    int head = head_length(to->make, " ADD CONSTRAINT ");
    int old_name = (int)(old - from->value), new_name = (int)(new - to->value);

    (void)reason;
    if (strstr(new, "NOT VALID") != NULL && strstr(old, "NOT VALID") == NULL)
        return FACT_ANEW;
    if (old_name != new_name || strncmp(from->value, to->value, (size_t)new_name) != 0)
        fact_statements_add(out, "%.*s RENAME CONSTRAINT %.*s TO %.*s", head, to->make, old_name, from->value, new_name, to->value);
    if ((strstr(new, "NO INHERIT") != NULL) != (strstr(old, "NO INHERIT") != NULL))
        fact_statements_add(out, "%.*s ALTER CONSTRAINT %.*s %sINHERIT", head, to->make, new_name, to->value,
                            strstr(new, "NO INHERIT") != NULL ? "NO " : "");
    if (strstr(old, "NOT VALID") != NULL && strstr(new, "NOT VALID") == NULL)
        fact_statements_add(out, "%.*s VALIDATE CONSTRAINT %.*s", head, to->make, new_name, to->value);
    return FACT_IN_PLACE;
}

/* "ALWAYS AS IDENTITY (SEQUENCE NAME s.q START WITH 1 INCREMENT BY 1 MINVALUE 1 MAXVALUE 9 CACHE 1[ CYCLE])" */
static enum fact_way change_identity(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    static const char opening[] = " AS IDENTITY (SEQUENCE NAME ";
    static const char *const options[] = {" START WITH ", " INCREMENT BY ", " MINVALUE ", " MAXVALUE ", " CACHE "};
    const char *old = strstr(from->value, opening), *new = strstr(to->value, opening), *at, *end;
    int head = head_length(to->make, " ADD GENERATED ");
    struct text text = {0};

    (void)reason;
    if (old == NULL || new == NULL)
        return FACT_ANEW;
    text_format(&text, "%.*s SET GENERATED %.*s", head, to->make, (int)(new - to->value), to->value);
    old += sizeof opening - 1;
    new += sizeof opening - 1;
    end = postgresql_find_outside(new, ' ');
    for (size_t i = 0; i < sizeof options / sizeof *options && (at = strstr(end, options[i])) != NULL; i++) {
        at += strlen(options[i]);
        text_format(&text, " SET%s%.*s", options[i], (int)strcspn(at, " )"), at);
    }
    text_add(&text, strstr(end, " CYCLE") != NULL ? " SET CYCLE" : " SET NO CYCLE");
    if (postgresql_find_outside(old, ' ') - old != end - new || strncmp(old, new, (size_t)(end - new)) != 0) {
        const char *name = postgresql_find_outside(new, '.');
        fact_statements_add(out, "ALTER SEQUENCE %.*s RENAME TO %.*s", (int)(postgresql_find_outside(old, ' ') - old), old,
                            (int)(end - name) - 1, name + 1);
    }
    fact_statements_add(out, "%s", text.data != NULL ? text.data : "");
    out->failed |= text.failed;
    text_free(&text);
    return FACT_IN_PLACE;
}

static const char aside[] = "libmigrate_aside_";

bool postgresql_fact_aside(const struct fact *from, const struct fact *to, struct fact_statements *out)
{
    static const char opening[] = " AS IDENTITY (SEQUENCE NAME ";
    bool identity = strcmp(from->kind, "column identity") == 0;
    const char *old = identity ? strstr(from->value, opening) : NULL, *new = identity ? strstr(to->value, opening) : NULL, *reason, *name;
    int length, dot = (int)strcspn(from->inside, ".");

    if (old == NULL || new == NULL || *from->inside == '\0')
        return false;
    old += sizeof opening - 1;
    length = (int)(postgresql_find_outside(old, ' ') - old);
    new += sizeof opening - 1;
    if (postgresql_find_outside(new, ' ') - new == length && strncmp(old, new, (size_t)length) == 0)
        return false;
    name = postgresql_find_outside(old, '.');
    if (*name == '.' && text_starts(name + 1, aside))
        return change_identity(from, to, out, &reason) == FACT_IN_PLACE;
    fact_statements_add(out, "ALTER SEQUENCE %.*s RENAME TO %s%.*s_%s", length, old, aside, dot, from->inside, from->inside + dot + 1);
    return true;
}

/* ---- relations ---- */

/* The position of a sequence stays. Its value is what CREATE SEQUENCE says, in an order that ALTER SEQUENCE takes, too. */
static enum fact_way change_sequence(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    static const char mark[] = " UNLOGGED";
    bool was = text_ends(from->value, mark), is = text_ends(to->value, mark);
    size_t old = strlen(from->value) - (was ? strlen(mark) : 0), new = strlen(to->value) - (is ? strlen(mark) : 0);

    (void)reason;
    if (old != new || strncmp(from->value, to->value, new) != 0)
        fact_statements_add(out, "ALTER SEQUENCE %s AS %.*s%s", to->ident, (int)new, to->value,
                            new > 6 && strncmp(to->value + new - 6, " CYCLE", 6) == 0 ? "" : " NO CYCLE");
    if (was != is)
        fact_statements_add(out, "ALTER SEQUENCE %s SET %s", to->ident, is ? "UNLOGGED" : "LOGGED");
    return FACT_IN_PLACE;
}

/* The first line is the columns: others may come behind those that are there. */
static enum fact_way change_view(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    size_t old = (size_t)(postgresql_find_outside(from->value, '\n') - from->value), new = (size_t)(postgresql_find_outside(to->value, '\n') - to->value);

    (void)reason;
    if (old > new || strncmp(from->value, to->value, old) != 0 || (new > old && to->value[old] != ','))
        return FACT_ANEW;
    fact_statements_add(out, "%s", to->make);
    return FACT_IN_PLACE;
}

/* ---- routines ---- */

/* Name, arguments, their defaults and what it returns have to stay. */
static enum fact_way change_routine(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    const char *old = strstr(from->value, "\n LANGUAGE "), *new = strstr(to->value, "\n LANGUAGE ");

    (void)reason;
    if (old == NULL || new == NULL || old - from->value != new - to->value ||
        strncmp(from->value, to->value, (size_t)(new - to->value)) != 0)
        return FACT_ANEW;
    fact_statements_add(out, "%s", to->make);
    return FACT_IN_PLACE;
}

/* ---- constraints ---- */

static void cut(size_t *length, const char *text, const char *end)
{
    size_t n = strlen(end);

    if (*length > n && strncmp(text + *length - n, end, n) == 0)
        *length -= n;
}

/* What the constraint says, without when it is checked: "... [DEFERRABLE] [INITIALLY DEFERRED] [NOT ENFORCED] [NOT VALID]" */
static size_t core_length(const char *text)
{
    size_t length = strlen(text);

    cut(&length, text, " NOT VALID");
    cut(&length, text, " NOT ENFORCED");
    cut(&length, text, " INITIALLY DEFERRED");
    cut(&length, text, " DEFERRABLE");
    return length;
}

static enum fact_way change_constraint(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    size_t old = core_length(from->value), new = core_length(to->value);
    int head = head_length(to->undo, " DROP CONSTRAINT ");
    const char *name = to->undo + head + strlen(" DROP CONSTRAINT ");
    bool was_open = text_ends(from->value, " NOT VALID"), open = text_ends(to->value, " NOT VALID");
    bool enforced = strstr(from->value + old, "NOT ENFORCED") == NULL && strstr(to->value + new, "NOT ENFORCED") == NULL;

    (void)reason;
    if (old != new || strncmp(from->value, to->value, new) != 0 || (open && !was_open) || !enforced)
        return FACT_ANEW;
    if (strncmp(from->value + old, to->value + new, 11) != 0 || (strstr(from->value + old, "INITIALLY") != NULL) !=
        (strstr(to->value + new, "INITIALLY") != NULL)) {
        bool deferrable = text_starts(to->value + new, " DEFERRABLE");
        if (!text_starts(to->value, "FOREIGN KEY "))
            return FACT_ANEW;
        fact_statements_add(out, "%.*s ALTER CONSTRAINT %s %sDEFERRABLE%s", head, to->undo, name, deferrable ? "" : "NOT ",
                            strstr(to->value + new, "INITIALLY") != NULL ? " INITIALLY DEFERRED"
                            : deferrable                                 ? " INITIALLY IMMEDIATE"
                                                                         : "");
    }
    if (was_open && !open)
        fact_statements_add(out, "%.*s VALIDATE CONSTRAINT %s", head, to->undo, name);
    return FACT_IN_PLACE;
}

static enum fact_way change_index(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    static const char mark[] = " INVALID";
    size_t length = strlen(to->value);

    if (text_ends(to->value, mark)) {
        *reason = "an index is never made invalid on purpose";
        return FACT_NO_WAY;
    }
    if (strncmp(from->value, to->value, length) != 0 || strcmp(from->value + length, mark) != 0)
        return FACT_ANEW;
    fact_statements_add(out, "REINDEX INDEX %s", to->ident);
    return FACT_IN_PLACE;
}

/* ---- extensions ---- */

/* Numbers in a text count as numbers. */
static int compare_versions(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
            size_t m = strspn(a, "0123456789"), n = strspn(b, "0123456789");
            for (; m > 1 && *a == '0'; m--)
                a++;
            for (; n > 1 && *b == '0'; n--)
                b++;
            int order = m != n ? (m > n) - (m < n) : strncmp(a, b, n);
            if (order != 0)
                return order;
            a += m;
            b += n;
        } else if (*a != *b) {
            return *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

/* "schema version" */
static enum fact_way change_extension(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    const char *old = postgresql_find_outside(from->value, ' '), *new = postgresql_find_outside(to->value, ' ');
    struct text version = {0};
    int order = compare_versions(old, new);

    if (order > 0) {
        *reason = "an extension's update cannot be taken back: DROP EXTENSION would take with it what uses it";
        return FACT_NO_WAY;
    }
    if (old - from->value != new - to->value || strncmp(from->value, to->value, (size_t)(new - to->value)) != 0)
        fact_statements_add(out, "ALTER EXTENSION %s SET SCHEMA %.*s", to->ident, (int)(new - to->value), to->value);
    if (order < 0 && *new == ' ') {
        database_postgresql.literal(&version, new + 1, strlen(new + 1));
        fact_statements_add(out, "ALTER EXTENSION %s UPDATE TO %s", to->ident, version.data != NULL ? version.data : "");
        out->failed |= version.failed;
        text_free(&version);
    }
    return FACT_IN_PLACE;
}

/* ---- the table of all of them ---- */

static const struct {
    const char *kind;
    way change;
} ways[] = {
    {"enum", change_enum},
    {"attribute", change_attribute},
    {"column type", change_type},
    {"column", change_column},
    {"column not null", change_not_null},
    {"column identity", change_identity},
    {"table", postgresql_change_table},
    {"sequence", change_sequence},
    {"view", change_view},
    {"function", change_routine},
    {"procedure", change_routine},
    {"constraint", change_constraint},
    {"domain constraint", change_constraint},
    {"index", change_index},
    {"extension", change_extension},
    {"clustered", set_again},
    {"column compression", set_again},
    {"column default", set_again},
    {"column option", set_again},
    {"column statistics", set_again},
    {"column storage", set_again},
    {"comment", set_again},
    {"domain default", set_again},
    {"index column statistics", set_again},
    {"owner", set_again},
    {"replica identity", set_again},
    {"rule enabled", set_again},
    {"sequence owner", set_again},
    {"statistics target", set_again},
    {"table option", set_again},
    {"tablespace", set_again},
    {"trigger enabled", set_again},
    {"view column default", set_again},
};

enum fact_way postgresql_fact_change(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(ways[i].kind, to->kind) == 0)
            return ways[i].change(from, to, out, reason);
    }
    if (to->make == NULL)
        *reason = "there is no statement that makes it";
    return to->make == NULL ? FACT_NO_WAY : FACT_ANEW;
}

/* Indexes, and constraints but foreign keys, are made again by ALTER TABLE itself, and what is said of a column stays said. */
bool postgresql_fact_in_the_way(const struct fact *changed, const struct fact *other)
{
    static const char *const kinds[] = {"column default", "view", "materialized view", "rule", "trigger", "policy", "statistics", "function",
                                        "procedure", "column"};

    (void)changed;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i], other->kind) == 0)
            return true;
    }
    return strcmp(other->kind, "constraint") == 0 && text_starts(other->value, "FOREIGN KEY ");
}
