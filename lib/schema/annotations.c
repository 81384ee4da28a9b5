/* SPDX-License-Identifier: MIT
 * Reading annotations: which CREATE TABLE, and which item between its parentheses, a comment stands at. Of the SQL no more is understood
 * than that. */
#include "schema/annotations.h"
#include "sql/sql.h"
#include "util/memory.h"

#include <string.h>

static const char key[] = "renamed-from:";

/* A name as it is kept, without quotes, and its schema, if one is given. */
struct name {
    const char *schema, *name;
};

/* One that was read, and what it was found to belong to. */
struct note {
    size_t offset;
    struct name old, table;
    const char *column; /* NULL: it is the table's */
};

struct notes {
    const char *file, *text;
    size_t length;
    const struct sql_dialect *dialect;
    struct arena *arena;
    struct {
        struct note *items;
        size_t count, capacity;
    } all;
    struct note *waiting;   /* on a line of its own: for what comes next */
    struct name table;      /* of the statement under way, or the last one */
    const char *column;     /* the last one that was defined; NULL: the table itself */
    bool defines;           /* there is a table */
    bool failed;
};

static int32_t complain(const struct notes *notes, size_t offset, const char *what, migrate_error **err)
{
    int64_t line, column;
    size_t start, length;

    error_set(err, MIGRATE_ERROR_SOURCE, "-- %s %s", key, what);
    error_hint(err, "write \"-- %s OLD\" on the line above CREATE TABLE or above a column, or behind a column", key);
    sql_position(notes->text, notes->length, offset, &line, &column);
    sql_line_at(notes->text, notes->length, offset, &start, &length);
    error_place(err, notes->file, line, column);
    error_source_line(err, notes->text + start, length);
    return MIGRATE_ERROR_SOURCE;
}

/* ---- names ---- */

/* Unquoted it is folded as the engine does; what compares names on SQLite does not mind capitals. */
static const char *plain_name(struct notes *notes, const char *text, struct sql_token token)
{
    char *name = arena_text_n(notes->arena, text + token.offset, token.length), *to = name, close;

    if (name == NULL || token.kind == SQL_WORD) {
        for (; name != NULL && *to != '\0'; to++) {
            if (*to >= 'A' && *to <= 'Z')
                *to = (char)(*to - 'A' + 'a');
        }
        return name;
    }
    close = *name == '[' ? ']' : *name;
    for (const char *at = name + 1; *at != '\0'; at++) {
        if (*at == close && *++at != close)
            break;
        *to++ = *at;
    }
    *to = '\0';
    return name;
}

static bool is_symbol(const struct sql_reader *reader, char symbol)
{
    return reader->token.kind == SQL_SYMBOL && reader->token.length == 1 && reader->text[reader->token.offset] == symbol;
}

/* false: there is none. */
static bool take_name(struct notes *notes, struct sql_reader *reader, struct name *out)
{
    *out = (struct name){0};
    while (reader->token.kind == SQL_WORD || reader->token.kind == SQL_NAME) {
        out->schema = out->name;
        out->name = plain_name(notes, reader->text, reader->token);
        notes->failed |= out->name == NULL;
        sql_reader_next(reader);
        if (!is_symbol(reader, '.'))
            return true;
        sql_reader_next(reader);
    }
    return false;
}

/* ---- comments ---- */

static bool alone_on_line(const char *text, size_t offset)
{
    while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
        offset--;
    return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

static void attach(const struct notes *notes, struct note *note)
{
    note->table = notes->table;
    note->column = notes->column;
}

static int32_t take_comment(struct notes *notes, struct sql_token token, migrate_error **err)
{
    const char *comment = notes->text + token.offset + 2;
    size_t length = token.length - 2;
    struct sql_reader reader;
    struct note *note;

    for (; length > 0 && (*comment == ' ' || *comment == '\t'); length--)
        comment++;
    if (length < sizeof key - 1 || !text_equal_nocase_n(comment, key, sizeof key - 1))
        return MIGRATE_OK;
    if (notes->waiting != NULL)
        return complain(notes, notes->waiting->offset, "is followed by another one, and by nothing that it could belong to", err);
    if (!array_reserve(&notes->all))
        return error_nomem(err);
    note = &notes->all.items[notes->all.count++];
    *note = (struct note){.offset = token.offset};
    sql_reader_open(&reader, notes->dialect, comment + sizeof key - 1, length - (sizeof key - 1));
    if (!take_name(notes, &reader, &note->old) || reader.token.kind != SQL_END)
        return complain(notes, token.offset, "is followed by one name, in quotes if it needs them", err);
    if (alone_on_line(notes->text, token.offset))
        notes->waiting = note;
    else if (notes->defines)
        attach(notes, note);
    else
        return complain(notes, token.offset, "stands behind what is no table or column", err);
    return MIGRATE_OK;
}

/* The comments from one place to the next; what else stands there is skipped. */
static int32_t take_comments(struct notes *notes, size_t from, size_t to, migrate_error **err)
{
    int32_t rc = MIGRATE_OK;

    while (from < to && rc == MIGRATE_OK) {
        struct sql_token token = sql_lex(notes->dialect, notes->text, to, from);
        if (token.kind == SQL_LINE_COMMENT)
            rc = take_comment(notes, token, err);
        from = token.offset + token.length;
        if (token.kind == SQL_END)
            break;
    }
    return rc;
}

/* ---- definitions ---- */

static void define(struct notes *notes, const char *column)
{
    notes->column = column;
    notes->defines = true;
    if (notes->waiting != NULL)
        attach(notes, notes->waiting);
    notes->waiting = NULL;
}

static bool opens_constraint(const struct sql_reader *reader)
{
    static const char *const words[] = {"constraint", "primary", "unique", "check", "foreign", "exclude", "like", "period"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sql_reader_is(reader, words[i]))
            return true;
    }
    return false;
}

/* Behind CREATE [...] TABLE [IF NOT EXISTS]. false: it is something else. */
static bool opens_table(struct sql_reader *reader)
{
    static const char *const between[] = {"global", "local", "temp", "temporary", "unlogged", "foreign"};

    if (!sql_reader_take(reader, "create"))
        return false;
    for (size_t i = 0; i < sizeof between / sizeof *between; i++)
        sql_reader_take(reader, between[i]);
    if (!sql_reader_take(reader, "table"))
        return false;
    if (sql_reader_take(reader, "if") && (!sql_reader_take(reader, "not") || !sql_reader_take(reader, "exists")))
        return false;
    return true;
}

/* The items between the parentheses of a CREATE TABLE. Comments are taken on the way, in the order of the text. */
static int32_t read_items(struct notes *notes, struct sql_reader *reader, size_t *taken, migrate_error **err)
{
    size_t depth = 1;
    bool first = true;
    int32_t rc = MIGRATE_OK;

    while (depth > 0 && rc == MIGRATE_OK) {
        size_t at;
        sql_reader_next(reader);
        if (reader->token.kind == SQL_END)
            break;
        at = (size_t)(reader->text - notes->text) + reader->token.offset;
        rc = take_comments(notes, *taken, at, err);
        *taken = at + reader->token.length;
        depth += reader->token.kind == SQL_OPEN;
        depth -= reader->token.kind == SQL_CLOSE;
        if (rc == MIGRATE_OK && depth == 1 && first && !opens_constraint(reader) &&
            (reader->token.kind == SQL_WORD || reader->token.kind == SQL_NAME)) {
            const char *column = plain_name(notes, reader->text, reader->token);
            notes->failed |= column == NULL;
            define(notes, column);
        }
        first = depth == 1 && is_symbol(reader, ',');
    }
    if (rc == MIGRATE_OK && notes->waiting != NULL && notes->waiting->offset < *taken)
        rc = complain(notes, notes->waiting->offset, "is followed by nothing that it could belong to", err);
    notes->column = NULL; /* behind the parentheses it is the table's again */
    return rc;
}

static int32_t read_statement(struct notes *notes, const struct sql_statement *statement, migrate_error **err)
{
    struct sql_reader reader;
    size_t taken = statement->offset;
    int32_t rc = MIGRATE_OK;

    sql_reader_open(&reader, notes->dialect, notes->text + statement->offset, statement->length);
    notes->defines = false;
    if (opens_table(&reader) && take_name(notes, &reader, &notes->table)) {
        define(notes, NULL);
        if (reader.token.kind == SQL_OPEN) {
            size_t open = statement->offset + reader.token.offset;
            rc = take_comments(notes, taken, open, err);
            define(notes, NULL); /* what stood before the parenthesis is the table's, too */
            taken = open;
            if (rc == MIGRATE_OK)
                rc = read_items(notes, &reader, &taken, err);
        }
    } else if (notes->waiting != NULL) {
        return complain(notes, notes->waiting->offset, "is followed by what is no table", err);
    }
    return rc == MIGRATE_OK ? take_comments(notes, taken, statement->offset + statement->length, err) : rc;
}

static int32_t read_all(struct notes *notes, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t behind = 0;
    int32_t rc = MIGRATE_OK;

    sql_split(&splitter, notes->dialect, notes->text, notes->length);
    while (rc == MIGRATE_OK && sql_next(&splitter, &statement)) {
        rc = take_comments(notes, behind, statement.offset, err);
        if (rc == MIGRATE_OK)
            rc = read_statement(notes, &statement, err);
        behind = statement.end;
        if (statement.data_length == 0 && statement.offset + statement.length < behind)
            behind = statement.offset + statement.length; /* its semicolon is no comment */
    }
    if (rc == MIGRATE_OK)
        rc = take_comments(notes, behind, notes->length, err);
    if (rc == MIGRATE_OK && notes->waiting != NULL)
        rc = complain(notes, notes->waiting->offset, "is followed by nothing that it could belong to", err);
    return rc == MIGRATE_OK && (notes->failed || notes->arena->failed) ? error_nomem(err) : rc;
}

/* ---- what they speak of ---- */

/* Names that were not quoted are in small letters; on SQLite a table may be kept as it was written, and is found all the same. */
static bool same_name(const struct facts *facts, const char *a, const char *b)
{
    return facts->engine->names_fold ? text_equal_nocase(a, b) : strcmp(a, b) == 0;
}

/* ident: schema.table, each in quotes where it needs them; or the table alone, where there is one schema. */
static bool in_schema(struct notes *notes, const struct fact *table, const char *schema)
{
    struct sql_reader reader;

    if (strcmp(table->ident, table->name) == 0)
        return true;
    sql_reader_open(&reader, notes->dialect, table->ident, strlen(table->ident));
    return reader.token.kind != SQL_END && strcmp(plain_name(notes, table->ident, reader.token), schema) == 0;
}

/* Without a schema: the one in the engine's own, or else the only one. */
static const struct fact *find_table(struct notes *notes, const struct facts *facts, const struct name *name)
{
    const struct fact *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (strcmp(fact->kind, "table") != 0 || !same_name(facts, fact->name, name->name))
            continue;
        if (in_schema(notes, fact, name->schema != NULL ? name->schema : facts->engine->default_schema))
            return fact;
        found = fact;
        count++;
    }
    return name->schema == NULL && count == 1 ? found : NULL;
}

static const struct fact *find_column(const struct facts *facts, const struct fact *table, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (strcmp(fact->kind, "column") == 0 && strcmp(fact->inside, table->key) == 0 && same_name(facts, fact->name, name))
            return fact;
    }
    return NULL;
}

/* The table in `from` that a table of `to` was: by its own annotation, or of the same name. */
static const struct fact *former_table(struct notes *notes, const struct facts *from, const struct fact *table)
{
    const struct fact *same = facts_find(from, "table", table->ident);

    for (size_t i = 0; same == NULL && i < notes->all.count; i++) {
        const struct note *note = &notes->all.items[i];
        if (note->column == NULL && same_name(from, note->table.name, table->name))
            return find_table(notes, from, &note->old);
    }
    return same;
}

static bool add(struct renames *out, const char *from, const char *to)
{
    if (!array_reserve(out))
        return false;
    out->items[out->count] = (struct fact_renamed){.from = arena_text(&out->arena, from), .to = arena_text(&out->arena, to)};
    out->count++;
    return !out->arena.failed;
}

static int32_t resolve(struct notes *notes, const struct note *note, const struct facts *from, const struct facts *to,
                       struct renames *out, migrate_error **err)
{
    const struct fact *table = find_table(notes, to, &note->table), *old, *new;

    if (table == NULL) /* made and gone again, or of another kind */
        return complain(notes, note->offset, "belongs to a table that is not there behind the SQL", err);
    if (note->column == NULL) {
        struct name name = note->old;
        if (name.schema == NULL)
            name.schema = note->table.schema;
        new = facts_find(from, "table", table->ident);
        old = find_table(notes, from, &name);
        return new != NULL || old == NULL || add(out, old->ident, table->ident) ? MIGRATE_OK : error_nomem(err);
    }
    new = find_column(to, table, note->column);
    if (new == NULL)
        return complain(notes, note->offset, "belongs to a column that is not there behind the SQL", err);
    table = former_table(notes, from, table);
    if (table == NULL || find_column(from, table, new->name) != NULL)
        return MIGRATE_OK;
    old = find_column(from, table, note->old.name);
    return old == NULL || add(out, old->ident, new->ident) ? MIGRATE_OK : error_nomem(err);
}

/* ---- */

int32_t renames_read(const char *name, const char *text, size_t length, const struct facts *from, const struct facts *to,
                     struct renames *out, migrate_error **err)
{
    struct renames found = {0};
    struct notes notes = {.file = name, .text = text, .length = length, .dialect = to->engine->dialect, .arena = &found.arena};
    int32_t rc = read_all(&notes, err);

    for (size_t i = 0; i < notes.all.count && rc == MIGRATE_OK; i++)
        rc = resolve(&notes, &notes.all.items[i], from, to, &found, err);
    if (rc == MIGRATE_OK && found.arena.failed)
        rc = error_nomem(err);
    memory_free(notes.all.items);
    if (rc == MIGRATE_OK)
        *out = found;
    else
        renames_free(&found);
    return rc;
}

void renames_turn(struct renames *renames)
{
    for (size_t i = 0; i < renames->count; i++) {
        struct fact_renamed *item = &renames->items[i], was = *item;
        *item = (struct fact_renamed){.from = was.to, .to = was.from};
    }
}

void renames_free(struct renames *renames)
{
    memory_free(renames->items);
    arena_free(&renames->arena);
    *renames = (struct renames){0};
}
