/* SPDX-License-Identifier: MIT
 * A table of SQLite in another shape, its rows kept: by ALTER TABLE where that does it, else by a rebuild: a new table of that shape, the
 * rows copied, the old one dropped, the new one given its name. */
#include "database/sqlite/definition.h"
#include "database/sqlite/sqlite.h"

#include <string.h>

struct shape {
    const struct facts *facts;
    const struct fact *table;
    struct sqlite_definition definition;
    bool rowids;       /* it is not WITHOUT ROWID */
    bool counts;       /* AUTOINCREMENT */
    const char *alias; /* the column that is the rowid; NULL: none is */
};

struct reshaping {
    struct shape from, to;
    struct fact_statements *out;
};

/* ---- what a table is ---- */

static bool is_kind(const struct fact *fact, const char *kind)
{
    return strcmp(fact->kind, kind) == 0;
}

/* Of the table itself or of one of its columns; an index and a trigger are objects of their own. */
static bool is_inside(const struct fact *fact, const struct fact *table)
{
    size_t length = strlen(table->key);

    return (fact->make == NULL || fact->part) && strncmp(fact->inside, table->key, length) == 0 &&
           (fact->inside[length] == '\0' || fact->inside[length] == '.');
}

static const struct fact *find(const struct facts *facts, const char *kind, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].ident, ident) == 0 && is_kind(&facts->items[i], kind))
            return &facts->items[i];
    }
    return NULL;
}

static const struct fact *find_key(const struct facts *facts, const char *kind, const char *key)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) == 0 && is_kind(&facts->items[i], kind))
            return &facts->items[i];
    }
    return NULL;
}

static const struct fact *column_of(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->facts->count; i++) {
        const struct fact *fact = &shape->facts->items[i];
        if (is_kind(fact, "column") && text_equal_nocase(fact->name, name) && strcmp(fact->inside, shape->table->key) == 0)
            return fact;
    }
    return NULL;
}

/* The rowid by another name: the column is INTEGER, and the primary key on its own. */
static void find_alias(struct shape *shape)
{
    const struct fact *key = find(shape->facts, "primary key", shape->table->ident);
    struct sql_token first;

    shape->counts = key != NULL && strstr(key->value, ") AUTOINCREMENT") != NULL;
    if (key == NULL || !shape->rowids)
        return;
    first = sql_lex(&sql_sqlite, key->value, strlen(key->value), 1);
    for (size_t i = 0; i < shape->definition.columns.count; i++) {
        const char *name = shape->definition.columns.items[i].name;
        const struct fact *column = column_of(shape, name);
        if (column != NULL && key->value[first.offset + first.length] == ')' &&
            sqlite_token_is(key->value + first.offset, first.length, name) &&
            (strcmp(column->value, "INTEGER") == 0 || strncmp(column->value, "INTEGER ", strlen("INTEGER ")) == 0))
            shape->alias = name;
    }
}

static bool shape_read(struct shape *shape, const struct facts *facts, const char *table)
{
    shape->facts = facts;
    shape->table = find(facts, "table", table);
    if (shape->table == NULL || !sqlite_definition_read(shape->table->make, &shape->definition))
        return false;
    shape->rowids = strstr(shape->table->value, "WITHOUT ROWID") == NULL;
    find_alias(shape);
    return true;
}

/* ---- by ALTER TABLE ---- */

/* What is inside of a column that is on one side only comes and goes with it. */
static bool goes_with_column(const struct fact *fact, const struct shape *own, const struct shape *other)
{
    const struct fact *column = is_kind(fact, "column") ? fact : find_key(own->facts, "column", fact->inside);

    return column != NULL && find_key(other->facts, "column", column->key) == NULL;
}

/* All that differs are columns that are on one side only. */
static bool only_columns_differ(const struct shape *a, const struct shape *b)
{
    for (size_t i = 0; i < a->facts->count; i++) {
        const struct fact *fact = &a->facts->items[i], *partner;
        if (!is_inside(fact, a->table) || is_kind(fact, "column position"))
            continue;
        partner = find(b->facts, fact->kind, fact->ident);
        if ((partner == NULL || strcmp(partner->value, fact->value) != 0) && !goes_with_column(fact, a, b))
            return false;
    }
    return strcmp(a->table->value, b->table->value) == 0;
}

/* Some view or trigger that stays says the name: perhaps it is another table's column, but SQLite knows only when it tries. */
static bool is_used(const struct reshaping *self, const char *name)
{
    const struct facts *facts = self->from.facts;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if ((is_kind(fact, "view") || is_kind(fact, "trigger")) && find(self->to.facts, fact->kind, fact->ident) != NULL &&
            sqlite_mentions(fact->make, name))
            return true;
    }
    return false;
}

static bool may_alter(const struct reshaping *self)
{
    size_t stay = 0;

    for (size_t i = 0; i < self->from.definition.columns.count; i++) {
        const struct sqlite_column *column = &self->from.definition.columns.items[i];
        bool stays = column_of(&self->to, column->name) != NULL;
        stay += stays;
        if (!stays && (column->primary || column->unique || is_used(self, column->name)))
            return false;
    }
    for (size_t i = 0; i < self->to.definition.columns.count; i++) {
        const struct fact *column = column_of(&self->to, self->to.definition.columns.items[i].name);
        if (column == NULL || (column->make == NULL && column_of(&self->from, self->to.definition.columns.items[i].name) == NULL))
            return false;
    }
    return stay > 0 && only_columns_differ(&self->from, &self->to) && only_columns_differ(&self->to, &self->from);
}

static void alter(const struct reshaping *self)
{
    struct text name = {0};

    for (size_t i = 0; i < self->from.definition.columns.count; i++) {
        const char *column = self->from.definition.columns.items[i].name;
        text_clear(&name);
        sqlite_name(&name, column);
        if (column_of(&self->to, column) == NULL)
            fact_statements_add(self->out, "ALTER TABLE %s DROP COLUMN %s", self->from.table->ident, name.data != NULL ? name.data : "");
    }
    for (size_t i = 0; i < self->to.definition.columns.count; i++) {
        const char *column = self->to.definition.columns.items[i].name;
        const struct fact *fact = column_of(&self->to, column);
        if (fact != NULL && fact->make != NULL && column_of(&self->from, column) == NULL)
            fact_statements_add(self->out, "%s", fact->make);
    }
    self->out->failed |= name.failed;
    text_free(&name);
}

/* ---- by a rebuild ---- */

static bool is_taken(const struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (text_equal_nocase(facts->items[i].name, name))
            return true;
    }
    return false;
}

/* The table's name for a while. */
static void add_other_name(const struct reshaping *self, const char *ending, struct text *raw, struct text *quoted)
{
    text_add(raw, self->to.table->name);
    text_add(raw, ending);
    while (!raw->failed && (is_taken(self->from.facts, raw->data) || is_taken(self->to.facts, raw->data)))
        text_add_char(raw, '_');
    sqlite_name(quoted, raw->failed ? "" : raw->data);
}

/* The hidden column by a name that no column has; NULL: all are taken, or there is none on both sides, or a column is copied into it. */
static const char *rowid_of(const struct reshaping *self)
{
    static const char *const names[] = {"rowid", "_rowid_", "oid"};
    const struct shape *from = &self->from, *to = &self->to;

    if (!from->rowids || !to->rowids || (to->alias != NULL && column_of(from, to->alias) != NULL))
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (column_of(from, names[i]) == NULL && column_of(to, names[i]) == NULL)
            return names[i];
    }
    return NULL;
}

/* Columns that both have and that may be written. */
static void add_common(const struct reshaping *self, struct text *list)
{
    const char *rowid = rowid_of(self);

    if (rowid != NULL)
        text_add(list, rowid);
    for (size_t i = 0; i < self->to.definition.columns.count; i++) {
        const struct sqlite_column *column = &self->to.definition.columns.items[i];
        if (column->formula.to > 0 || column_of(&self->from, column->name) == NULL)
            continue;
        text_add(list, list->length > 0 ? ", " : "");
        sqlite_name(list, column->name);
    }
}

/* A constraint that passes over rows or replaces them must not do so here. */
static bool has_conflicts(const struct sqlite_definition *definition)
{
    bool found = false;

    for (size_t i = 0; i < definition->clauses.count; i++)
        found |= definition->clauses.items[i].conflict != NULL;
    for (size_t i = 0; i < definition->columns.count; i++)
        found |= definition->columns.items[i].conflict != NULL;
    return found;
}

static void copy_rows(const struct reshaping *self, const char *source, const char *target)
{
    struct text list = {0};

    add_common(self, &list);
    self->out->failed |= list.failed;
    if (list.length > 0)
        fact_statements_add(self->out, "INSERT%s INTO %s (%s) SELECT %s FROM %s",
                            has_conflicts(&self->to.definition) ? " OR ABORT" : "", target, list.data, list.data, source);
    text_free(&list);
}

/* The highest number that AUTOINCREMENT gave, which may be above all that are there. */
static void carry_counter(const struct reshaping *self, const char *source, const char *target)
{
    struct text from = {0}, to = {0};

    if (!self->from.counts || !self->to.counts)
        return;
    database_sqlite.literal(&from, source, strlen(source));
    database_sqlite.literal(&to, target, strlen(target));
    self->out->failed |= from.failed || to.failed;
    if (!from.failed && !to.failed) {
        fact_statements_add(self->out, "DELETE FROM sqlite_sequence WHERE name = %s", to.data);
        fact_statements_add(self->out, "INSERT INTO sqlite_sequence (name, seq) SELECT %s, seq FROM sqlite_sequence WHERE name = %s",
                            to.data, from.data);
    }
    text_free(&from);
    text_free(&to);
}

/* Without legacy_alter_table SQLite refuses to rename a table while some view or trigger does not fit, and they do not until the table is
 * back. */
static bool has_programs(const struct reshaping *self)
{
    for (size_t i = 0; i < self->from.facts->count; i++) {
        if (is_kind(&self->from.facts->items[i], "view") || is_kind(&self->from.facts->items[i], "trigger"))
            return true;
    }
    return false;
}

static void rename_table(const struct reshaping *self, const char *from, const char *to, bool legacy)
{
    if (legacy)
        fact_statements_add(self->out, "PRAGMA legacy_alter_table = ON");
    fact_statements_add(self->out, "ALTER TABLE %s RENAME TO %s", from, to);
    if (legacy)
        fact_statements_add(self->out, "PRAGMA legacy_alter_table = OFF");
}

/* Indexes and triggers went with the old table. Those that change have statements of their own. */
static void make_again(const struct reshaping *self)
{
    for (size_t i = 0; i < self->to.facts->count; i++) {
        const struct fact *fact = &self->to.facts->items[i], *old;
        if (strcmp(fact->inside, self->to.table->key) != 0 || fact->make == NULL || fact->part)
            continue;
        old = find(self->from.facts, fact->kind, fact->ident);
        if (old != NULL && strcmp(old->value, fact->value) == 0)
            fact_statements_add(self->out, "%s", fact->make);
    }
}

/* The text behind the table's name with every t.a as other.a, as in a CHECK; whether there was any. */
static bool add_rest(const struct shape *shape, const char *other, struct text *out)
{
    const struct sqlite_definition *definition = &shape->definition;
    struct sql_reader reader = {.dialect = &sql_sqlite, .text = definition->sql, .length = definition->length,
                                .offset = definition->name.to};
    struct sql_token before = {0};
    size_t copied = definition->name.to;
    bool found = false;

    for (sql_reader_next(&reader); reader.token.kind != SQL_END; sql_reader_next(&reader)) {
        if (reader.token.length == 1 && definition->sql[reader.token.offset] == '.' && before.length > 0 &&
            sqlite_token_is(definition->sql + before.offset, before.length, shape->table->name)) {
            text_add_n(out, definition->sql + copied, before.offset - copied);
            text_add(out, other);
            copied = before.offset + before.length;
            found = true;
        }
        before = reader.token;
    }
    text_add(out, definition->sql + copied);
    return found;
}

/* A view, or a trigger that is not on the table itself: it stays, and says nothing else. */
static bool stays(const struct reshaping *self, const struct fact *fact)
{
    const struct fact *wanted = find(self->to.facts, fact->kind, fact->ident);

    return wanted != NULL && strcmp(wanted->value, fact->value) == 0 && strcmp(fact->inside, self->from.table->key) != 0 &&
           (is_kind(fact, "view") || is_kind(fact, "trigger"));
}

/* SQLite is to put the table's own name right when it is renamed. It does not while some view or trigger does not fit, as none does that
 * speaks of the table. */
static void drop_programs(const struct reshaping *self)
{
    const struct facts *facts = self->from.facts;

    fact_statements_add(self->out, "PRAGMA legacy_alter_table = OFF");
    for (size_t i = facts->count; i > 0; i--) { /* a view's triggers before the view */
        if (stays(self, &facts->items[i - 1]))
            fact_statements_add(self->out, "%s", facts->items[i - 1].undo);
    }
}

static void make_programs(const struct reshaping *self)
{
    const struct facts *facts = self->to.facts;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *old = find(self->from.facts, facts->items[i].kind, facts->items[i].ident);
        if (old != NULL && stays(self, old))
            fact_statements_add(self->out, "%s", facts->items[i].make);
    }
}

/* Some foreign key leads to the table, its own ones included. */
static bool is_referred(const struct facts *facts, const struct fact *table)
{
    static const char word[] = ") REFERENCES ";
    size_t length = strlen(table->ident);

    for (size_t i = 0; i < facts->count; i++) {
        const char *parent = is_kind(&facts->items[i], "foreign key") ? strstr(facts->items[i].ident, word) : NULL;
        if (parent == NULL)
            continue;
        parent += strlen(word);
        if (text_equal_nocase_n(parent, table->ident, length) && (parent[length] == '\0' || parent[length] == ' '))
            return true;
    }
    return false;
}

static void rebuild(const struct reshaping *self)
{
    const struct fact *table = self->to.table;
    struct text raw = {0}, other = {0}, rest = {0};
    bool own_name;

    add_other_name(self, "_new", &raw, &other);
    own_name = add_rest(&self->to, other.failed ? "" : other.data, &rest);
    self->out->failed |= raw.failed || other.failed || rest.failed;
    if (!self->out->failed) {
        /* Or the rows that refer to it would go with the old table. A run heeds it though it is in a transaction. */
        if (is_referred(self->from.facts, self->from.table) || is_referred(self->to.facts, table))
            fact_statements_add(self->out, "PRAGMA foreign_keys = OFF");
        if (own_name)
            drop_programs(self);
        fact_statements_add(self->out, "CREATE TABLE %s%s", other.data, rest.data);
        copy_rows(self, table->ident, other.data);
        carry_counter(self, self->from.table->name, raw.data);
        fact_statements_add(self->out, "DROP TABLE %s", table->ident);
        rename_table(self, other.data, table->ident, !own_name && has_programs(self));
        make_again(self);
        if (own_name)
            make_programs(self);
    }
    text_free(&raw);
    text_free(&other);
    text_free(&rest);
}

/* ---- the engine's ---- */

enum fact_way sqlite_reshape(const struct facts *from, const struct facts *to, const char *table, bool anew, struct fact_statements *out,
                             const char **reason)
{
    struct reshaping self = {.out = out};
    enum fact_way way = FACT_ANEW;

    if (!shape_read(&self.from, from, table) || !shape_read(&self.to, to, table)) {
        out->failed = true;
    } else if (!self.from.definition.understood || !self.to.definition.understood) {
        *reason = "its CREATE TABLE is written in a way that is not understood here";
        way = FACT_NO_WAY;
    } else if (!anew && may_alter(&self)) {
        alter(&self);
        way = FACT_IN_PLACE;
    } else {
        rebuild(&self);
    }
    sqlite_definition_free(&self.from.definition);
    sqlite_definition_free(&self.to.definition);
    return way;
}

enum fact_way sqlite_fact_change(const struct fact *from, const struct fact *to, struct fact_statements *out, const char **reason)
{
    (void)from;
    (void)out;
    if (!is_kind(to, "virtual table"))
        return FACT_ANEW;
    *reason = "a virtual table cannot be changed, only dropped with what is in it, and made again";
    return FACT_NO_WAY;
}

/* A name in other letters is taken, as the table's own. */
static void rename_by_two(const struct fact *from, const struct fact *to, struct fact_statements *out)
{
    struct text between = {0}, quoted = {0};

    text_format(&between, "%s_renamed", to->name);
    sqlite_name(&quoted, between.failed ? "" : between.data);
    out->failed |= between.failed || quoted.failed;
    if (!out->failed) {
        fact_statements_add(out, "ALTER TABLE %s RENAME TO %s", from->ident, quoted.data);
        fact_statements_add(out, "ALTER TABLE %s RENAME TO %s", quoted.data, to->ident);
    }
    text_free(&between);
    text_free(&quoted);
}

bool sqlite_fact_rename(const struct fact *from, const struct fact *to, struct fact_statements *out)
{
    struct text name = {0}, old = {0};

    if (is_kind(from, "table") && text_equal_nocase(from->name, to->name)) {
        rename_by_two(from, to, out);
        return true;
    }
    if (is_kind(from, "table")) {
        fact_statements_add(out, "ALTER TABLE %s RENAME TO %s", from->ident, to->ident);
        return true;
    }
    if (!is_kind(from, "column"))
        return false;
    sqlite_name(&old, from->name);
    sqlite_name(&name, to->name);
    out->failed |= name.failed || old.failed;
    if (!out->failed) /* the table by the name that it has before */
        fact_statements_add(out, "ALTER TABLE %.*s RENAME COLUMN %s TO %s", (int)(strlen(from->ident) - old.length - 1), from->ident,
                            old.data, name.data);
    text_free(&name);
    text_free(&old);
    return true;
}
