/* SPDX-License-Identifier: MIT
 * Reading a stored CREATE TABLE, item by item. What is between parentheses is passed over as a whole. */
#include "database/sqlite/definition.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

struct parser {
    struct sql_reader reader;
    struct sqlite_definition *out;
    size_t end;             /* behind the token that was taken last */
    const char *constraint; /* the name that CONSTRAINT gave to what follows */
    bool failed;
};

/* ---- tokens ---- */

static void advance(struct parser *p)
{
    p->end = p->reader.token.offset + p->reader.token.length;
    sql_reader_next(&p->reader);
}

static bool is(const struct parser *p, const char *word)
{
    return sql_reader_is(&p->reader, word);
}

static bool take(struct parser *p, const char *word)
{
    if (!is(p, word))
        return false;
    advance(p);
    return true;
}

static bool is_symbol(const struct parser *p, char symbol)
{
    return p->reader.token.kind == SQL_SYMBOL && p->reader.token.length == 1 && p->reader.text[p->reader.token.offset] == symbol;
}

static bool is_name(const struct parser *p)
{
    return p->reader.token.kind == SQL_WORD || p->reader.token.kind == SQL_NAME || p->reader.token.kind == SQL_STRING;
}

static const char *take_name(struct parser *p)
{
    struct text name = {0};
    const char *kept;

    if (!is_name(p))
        return NULL;
    sqlite_unquoted(&name, p->reader.text + p->reader.token.offset, p->reader.token.length);
    kept = name.failed ? NULL : arena_text_n(&p->out->arena, name.data != NULL ? name.data : "", name.length);
    p->failed |= kept == NULL;
    text_free(&name);
    advance(p);
    return kept;
}

/* From ( to its ). false: there is no ( here, or it never ends. */
static bool take_group(struct parser *p, struct sqlite_span *span)
{
    size_t depth = 0;

    span->from = p->reader.token.offset;
    if (p->reader.token.kind != SQL_OPEN)
        return false;
    do {
        depth += p->reader.token.kind == SQL_OPEN;
        depth -= p->reader.token.kind == SQL_CLOSE;
        advance(p);
    } while (depth > 0 && p->reader.token.kind != SQL_END);
    span->to = p->end;
    return depth == 0;
}

static bool begins_constraint(const struct parser *p)
{
    static const char *const words[] = {"constraint", "primary", "not",        "null",      "unique", "check",
                                        "default",    "collate", "references", "generated", "as",     "deferrable"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is(p, words[i]))
            return true;
    }
    return false;
}

static bool begins_table_constraint(const struct parser *p)
{
    return is(p, "constraint") || is(p, "primary") || is(p, "unique") || is(p, "check") || is(p, "foreign");
}

/* ---- constraints ---- */

static struct sqlite_clause *add_clause(struct parser *p, enum sqlite_clause_kind kind, size_t column)
{
    struct sqlite_clause *clause;

    if (!array_reserve(&p->out->clauses)) {
        p->failed = true;
        return NULL;
    }
    clause = &p->out->clauses.items[p->out->clauses.count++];
    *clause = (struct sqlite_clause){.kind = kind, .column = column, .name = p->constraint};
    p->constraint = NULL;
    return clause;
}

/* ABORT is what holds where nothing is said. */
static const char *take_conflict(struct parser *p)
{
    const char *word;

    if (!take(p, "on"))
        return NULL;
    take(p, "conflict");
    word = take_name(p);
    return word == NULL || text_equal_nocase(word, "abort") ? NULL : word;
}

/* Behind REFERENCES. */
static void take_reference(struct parser *p)
{
    struct sqlite_span columns;

    take_name(p);
    take_group(p, &columns);
    for (;;) {
        if (take(p, "match")) {
            take_name(p);
        } else if (take(p, "on")) {
            advance(p); /* DELETE, UPDATE */
            if (take(p, "set") || take(p, "no")) {
                advance(p); /* NULL, DEFAULT, ACTION */
            } else {
                advance(p);
            }
        } else {
            return;
        }
    }
}

/* [NOT] DEFERRABLE [INITIALLY ...], of the foreign key before it. */
static void take_deferral(struct parser *p, bool deferrable)
{
    struct sqlite_definition *out = p->out;
    bool deferred = false;

    take(p, "deferrable");
    if (take(p, "initially")) {
        deferred = is(p, "deferred");
        advance(p);
    }
    for (size_t i = out->clauses.count; i > 0; i--) {
        if (out->clauses.items[i - 1].kind == SQLITE_FOREIGN) {
            out->clauses.items[i - 1].deferred = deferrable && deferred;
            return;
        }
    }
}

static bool take_default(struct parser *p)
{
    struct sqlite_span group;

    if (p->reader.token.kind == SQL_OPEN)
        return take_group(p, &group);
    if (is_symbol(p, '-') || is_symbol(p, '+'))
        advance(p);
    advance(p);
    return true;
}

static bool take_generated(struct parser *p, struct sqlite_column *column)
{
    if (take(p, "generated"))
        take(p, "always");
    if (!take(p, "as") || !take_group(p, &column->formula))
        return false;
    if (!take(p, "stored"))
        take(p, "virtual");
    return true;
}

static bool take_not(struct parser *p, struct sqlite_column *column)
{
    advance(p);
    if (is(p, "deferrable")) {
        take_deferral(p, false);
        return true;
    }
    if (!take(p, "null"))
        return false;
    column->conflict = take_conflict(p);
    return true;
}

static void take_column_key(struct parser *p, struct sqlite_column *column, size_t index)
{
    bool primary = is(p, "primary");
    struct sqlite_clause *clause = add_clause(p, primary ? SQLITE_PRIMARY : SQLITE_UNIQUE, index);
    const char *conflict;

    advance(p);
    column->primary |= primary;
    column->unique |= !primary;
    if (primary) {
        take(p, "key");
        if (!take(p, "asc"))
            take(p, "desc");
    }
    conflict = take_conflict(p);
    column->autoincrement |= primary && take(p, "autoincrement");
    if (clause != NULL)
        clause->conflict = conflict;
}

/* One constraint of a column. false: none that is known here. */
static bool take_column_constraint(struct parser *p, struct sqlite_column *column, size_t index)
{
    struct sqlite_clause *clause;

    if (take(p, "constraint")) {
        p->constraint = take_name(p);
        return p->constraint != NULL;
    }
    if (is(p, "primary") || is(p, "unique")) {
        take_column_key(p, column, index);
        return true;
    }
    if (is(p, "generated") || is(p, "as"))
        return take_generated(p, column);
    if (is(p, "not"))
        return take_not(p, column);
    if (is(p, "deferrable")) {
        take_deferral(p, true);
        return true;
    }
    if (take(p, "null")) {
        take_conflict(p);
        return true;
    }
    if (take(p, "default"))
        return take_default(p);
    if (take(p, "collate")) {
        column->collation = take_name(p);
        return column->collation != NULL;
    }
    if (take(p, "check")) {
        clause = add_clause(p, SQLITE_CHECK, index);
        column->checked = true;
        return clause != NULL && take_group(p, &clause->what) && (take_conflict(p), true);
    }
    if (take(p, "references")) {
        column->refers = add_clause(p, SQLITE_FOREIGN, index) != NULL;
        take_reference(p);
        return true;
    }
    return false;
}

static bool take_table_constraint(struct parser *p)
{
    struct sqlite_clause *clause;
    bool primary;

    if (take(p, "constraint"))
        p->constraint = take_name(p);
    primary = is(p, "primary");
    if (primary || is(p, "unique")) {
        advance(p);
        take(p, "key");
        clause = add_clause(p, primary ? SQLITE_PRIMARY : SQLITE_UNIQUE, SIZE_MAX);
        if (clause == NULL || !take_group(p, &clause->what))
            return false;
        clause->conflict = take_conflict(p);
        return true;
    }
    if (take(p, "check")) {
        clause = add_clause(p, SQLITE_CHECK, SIZE_MAX);
        return clause != NULL && take_group(p, &clause->what) && (take_conflict(p), true);
    }
    if (!take(p, "foreign"))
        return begins_table_constraint(p); /* a name that was given to nothing */
    take(p, "key");
    clause = add_clause(p, SQLITE_FOREIGN, SIZE_MAX);
    if (clause == NULL || !take_group(p, &clause->what) || !take(p, "references"))
        return false;
    take_reference(p);
    if (is(p, "deferrable")) {
        take_deferral(p, true);
    } else if (is(p, "not")) {
        advance(p);
        take_deferral(p, false);
    }
    return true;
}

/* ---- columns ---- */

static bool take_column(struct parser *p)
{
    struct sqlite_column column = {.text.from = p->reader.token.offset};
    struct sqlite_span group;
    bool good = true;

    column.name = take_name(p);
    while (is_name(p) && !begins_constraint(p)) /* the type */
        advance(p);
    if (p->reader.token.kind == SQL_OPEN)
        good = take_group(p, &group);
    while (good && !is_symbol(p, ',') && p->reader.token.kind != SQL_CLOSE && p->reader.token.kind != SQL_END)
        good = take_column_constraint(p, &column, p->out->columns.count);
    p->constraint = NULL;
    column.text.to = p->end;
    if (column.name == NULL)
        return false;
    if (array_reserve(&p->out->columns))
        p->out->columns.items[p->out->columns.count++] = column;
    else
        p->failed = true;
    return good;
}

/* Between the outer parentheses. SQLite lets the commas between a table's constraints be left out. */
static bool take_items(struct parser *p)
{
    bool constraints = false;

    while (p->reader.token.kind != SQL_CLOSE) {
        constraints |= begins_table_constraint(p);
        if (!(constraints ? take_table_constraint(p) : take_column(p)) || p->failed)
            return false;
        if (is_symbol(p, ','))
            advance(p);
        else if (p->reader.token.kind != SQL_CLOSE && !(constraints && begins_table_constraint(p)))
            return false;
    }
    return true;
}

static bool take_head(struct parser *p)
{
    if (!take(p, "create") || !take(p, "table"))
        return false;
    p->out->name.from = p->reader.token.offset;
    if (take_name(p) == NULL)
        return false;
    p->out->name.to = p->end;
    return p->reader.token.kind == SQL_OPEN;
}

bool sqlite_definition_read(const char *sql, struct sqlite_definition *out)
{
    struct parser p = {.out = out};

    *out = (struct sqlite_definition){.sql = sql, .length = strlen(sql)};
    sql_reader_open(&p.reader, &sql_sqlite, sql, out->length);
    if (take_head(&p)) {
        advance(&p);
        out->body.from = p.end;
        out->understood = take_items(&p);
        out->body.to = p.reader.token.offset;
    }
    if (!p.failed && !out->arena.failed)
        return true;
    sqlite_definition_free(out);
    return false;
}

void sqlite_definition_free(struct sqlite_definition *definition)
{
    memory_free(definition->columns.items);
    memory_free(definition->clauses.items);
    arena_free(&definition->arena);
    *definition = (struct sqlite_definition){0};
}

const struct sqlite_column *sqlite_definition_column(const struct sqlite_definition *definition, const char *name)
{
    for (size_t i = 0; i < definition->columns.count; i++) {
        if (text_equal_nocase(definition->columns.items[i].name, name))
            return &definition->columns.items[i];
    }
    return NULL;
}

/* The column named at a place of a constraint's list. */
static const struct sqlite_column *listed(const struct sqlite_definition *definition, struct sqlite_span list, size_t number)
{
    struct sql_reader reader = {.dialect = &sql_sqlite, .text = definition->sql, .length = list.to, .offset = list.from + 1};

    for (sql_reader_next(&reader); number > 0 && reader.token.kind != SQL_END; sql_reader_next(&reader))
        number -= reader.token.length == 1 && reader.text[reader.token.offset] == ',';
    for (size_t i = 0; i < definition->columns.count; i++) {
        if (sqlite_token_is(reader.text + reader.token.offset, reader.token.length, definition->columns.items[i].name))
            return &definition->columns.items[i];
    }
    return NULL;
}

const struct sqlite_column *sqlite_definition_key(const struct sqlite_definition *definition, size_t number)
{
    for (size_t i = 0; i < definition->clauses.count; i++) {
        const struct sqlite_clause *clause = &definition->clauses.items[i];
        if (clause->kind != SQLITE_PRIMARY)
            continue;
        if (clause->what.to > 0)
            return listed(definition, clause->what, number);
        return number == 0 && clause->column < definition->columns.count ? &definition->columns.items[clause->column] : NULL;
    }
    return NULL;
}
