/* SPDX-License-Identifier: MIT
 * Facts of what is inside of a table: columns, keys, foreign keys, CHECKs. */
#include "database/sqlite/reading.h"

#include <string.h>

/* ---- columns ---- */

/* A type is written in capitals, a default with its words in small letters but for the best known. */
static void add_type(struct text *out, const char *type)
{
    struct text normal = {0};

    sqlite_normal(&normal, type, (struct sqlite_span){0, strlen(type)}, NULL);
    for (const char *at = sqlite_text(&normal); *at != '\0'; at++) {
        if (at[0] == ' ' && at[1] == '(')
            continue;
        text_add_char(out, *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at);
    }
    out->failed |= normal.failed;
    text_free(&normal);
}

static bool is_constant_word(const char *sql, struct sql_token token)
{
    static const char *const words[] = {"null", "true", "false", "current_date", "current_time", "current_timestamp"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sql_is_word(sql, token, words[i]))
            return true;
    }
    return false;
}

enum default_kind { DEFAULT_NONE, DEFAULT_CONSTANT, DEFAULT_COMPUTED };

/* A lone name is a string. */
static enum default_kind add_default(struct text *out, const char *value)
{
    struct sql_reader reader;
    struct sql_token first;
    bool sign;

    if (value == NULL)
        return DEFAULT_NONE;
    sql_reader_open(&reader, &sql_sqlite, value, strlen(value));
    first = reader.token;
    sign = first.kind == SQL_SYMBOL && first.length == 1 && strchr("+-", value[first.offset]) != NULL;
    sql_reader_next(&reader);
    if (sign && reader.token.kind == SQL_NUMBER)
        sql_reader_next(&reader);
    else if (sql_is_word(value, first, "null") && reader.token.kind == SQL_END)
        return DEFAULT_NONE;
    text_add(out, " DEFAULT ");
    if (reader.token.kind == SQL_END && (first.kind == SQL_NAME || (first.kind == SQL_WORD && !is_constant_word(value, first)))) {
        struct text name = {0};
        sqlite_unquoted(&name, value + first.offset, first.length);
        database_sqlite.literal(out, sqlite_text(&name), name.length);
        out->failed |= name.failed;
        text_free(&name);
    } else if (reader.token.kind == SQL_END && first.kind == SQL_WORD) {
        add_type(out, value);
    } else {
        sqlite_normal(out, value, (struct sqlite_span){0, strlen(value)}, NULL);
    }
    if (reader.token.kind == SQL_END && (first.kind != SQL_WORD || !text_equal_nocase_n(value + first.offset, "current_", 8)))
        return DEFAULT_CONSTANT;
    return DEFAULT_COMPUTED;
}

struct column_row {
    const char *table, *name, *type, *value;
    bool not_null;
    int64_t hidden; /* 2: generated; 3: and stored */
};

/* Whether ALTER TABLE ADD COLUMN takes it whatever rows there are. */
static bool may_be_added(const struct column_row *row, const struct sqlite_column *column, enum default_kind kind)
{
    if (column == NULL || column->primary || column->unique || row->hidden == 3 || kind == DEFAULT_COMPUTED)
        return false;
    if (row->not_null && kind == DEFAULT_NONE && row->hidden == 0)
        return false;
    return !column->refers || kind == DEFAULT_NONE;
}

void sqlite_put_column(struct sqlite_reading *reading, const struct migrate_rows *rows, size_t at)
{
    const struct column_row row = {.table = rows_text(rows, at, 0), .name = rows_text(rows, at, 1), .type = rows_text(rows, at, 2),
                                   .not_null = rows_int(rows, at, 3) != 0, .value = rows_text(rows, at, 4),
                                   .hidden = rows_int(rows, at, 5)};
    const struct sqlite_table *table = sqlite_table_named(reading, row.table);
    const struct sqlite_column *column;
    enum default_kind kind;

    if (table == NULL)
        return;
    column = sqlite_definition_column(&table->definition, row.name);
    add_type(&reading->value, row.type != NULL ? row.type : ""); /* first, or nothing before the first blank */
    if (row.not_null)
        text_add(&reading->value, " NOT NULL");
    if (column != NULL && column->conflict != NULL) {
        text_add(&reading->value, " ON CONFLICT ");
        add_type(&reading->value, column->conflict);
    }
    kind = add_default(&reading->value, row.value);
    if (column != NULL && column->collation != NULL && !text_equal_nocase(column->collation, "binary")) {
        text_add(&reading->value, " COLLATE ");
        sqlite_fold(&reading->value, column->collation);
    }
    if (column != NULL && column->formula.to > 0) {
        text_add(&reading->value, " AS ");
        sqlite_normal(&reading->value, table->definition.sql, column->formula, &table->definition);
        text_add(&reading->value, row.hidden == 3 ? " STORED" : " VIRTUAL");
    }
    text_add(&reading->ident, table->ident);
    text_add_char(&reading->ident, '.');
    sqlite_name(&reading->ident, row.name);
    sqlite_fold(&reading->key, sqlite_text(&reading->ident));
    text_add(&reading->inside, table->key);
    if (may_be_added(&row, column, kind)) {
        text_format(&reading->make, "ALTER TABLE %s ADD COLUMN ", table->ident);
        text_add_n(&reading->make, table->definition.sql + column->text.from, column->text.to - column->text.from);
    }
    sqlite_fact_end(reading, 43, "column", row.name);
}

void sqlite_put_position(struct sqlite_reading *reading, const struct migrate_rows *rows, size_t at)
{
    const struct sqlite_table *table = sqlite_table_named(reading, rows_text(rows, at, 0));

    if (table == NULL)
        return;
    text_add(&reading->ident, table->ident);
    text_add_char(&reading->ident, '.');
    sqlite_name(&reading->ident, rows_text(rows, at, 1));
    text_add_int(&reading->value, rows_int(rows, at, 6) + 1);
    text_add(&reading->inside, table->key);
    sqlite_fact_end(reading, 43, "column position", "");
}

/* ---- keys ---- */

/* Rows of one key follow each other: table, origin, number, column, descending, collation. */
void sqlite_put_keys(struct sqlite_reading *reading, const struct migrate_rows *rows)
{
    struct text list = {0};

    for (size_t at = 0; at < rows_count(rows); at++) {
        const struct sqlite_table *table = sqlite_table_named(reading, rows_text(rows, at, 0));
        const char *name = rows_text(rows, at, 3), *collation = rows_text(rows, at, 5), *own = NULL;
        bool primary = text_equal(rows_text(rows, at, 1), "pk");
        const struct sqlite_column *column = table != NULL && name != NULL ? sqlite_definition_column(&table->definition, name) : NULL;

        if (list.length > 0)
            text_add(&list, ", ");
        sqlite_name(&list, name != NULL ? name : "rowid");
        own = column != NULL && column->collation != NULL ? column->collation : "BINARY";
        if (collation != NULL && !text_equal_nocase(collation, own))
            text_format(&list, " COLLATE %s", collation);
        if (rows_int(rows, at, 4) != 0)
            text_add(&list, " DESC");
        if (at + 1 < rows_count(rows) && text_equal(rows_text(rows, at + 1, 0), rows_text(rows, at, 0)) &&
            rows_int(rows, at + 1, 2) == rows_int(rows, at, 2) && text_equal(rows_text(rows, at + 1, 1), rows_text(rows, at, 1)))
            continue;
        if (table != NULL && primary) {
            text_add(&reading->ident, table->ident);
            text_format(&reading->value, "(%s)%s", sqlite_text(&list), column != NULL && column->autoincrement ? " AUTOINCREMENT" : "");
        } else if (table != NULL) {
            text_format(&reading->ident, "%s (%s)", table->ident, sqlite_text(&list));
        }
        if (table != NULL) {
            text_add(&reading->inside, table->key);
            sqlite_fact_end(reading, 50, primary ? "primary key" : "unique", "");
        }
        reading->failed |= list.failed;
        text_clear(&list);
    }
    text_free(&list);
}

/* ---- foreign keys ---- */

/* SQLite counts a table's foreign keys from the last to the first. */
static const struct sqlite_clause *foreign_clause(const struct sqlite_definition *definition, size_t id)
{
    size_t seen = 0;

    for (size_t i = definition->clauses.count; i > 0; i--) {
        if (definition->clauses.items[i - 1].kind == SQLITE_FOREIGN && seen++ == id)
            return &definition->clauses.items[i - 1];
    }
    return NULL;
}

static void add_action(struct text *out, const char *before, const char *action, const char *usual)
{
    if (action != NULL && !text_equal_nocase(action, usual))
        sqlite_piece(out, before, action);
}

/* Where a foreign key names no columns of its parent, these are the primary key's. */
static const char *parent_column(const struct sqlite_table *parent, const char *name, size_t number)
{
    const struct sqlite_column *column;

    if (parent == NULL)
        return name;
    column = name != NULL ? sqlite_definition_column(&parent->definition, name) : sqlite_definition_key(&parent->definition, number);
    return column != NULL ? column->name : name;
}

/* The rows of one foreign key: table, number, parent, column, parent's column, ON UPDATE, ON DELETE, MATCH. */
static void add_foreign_ident(struct sqlite_reading *reading, const struct sqlite_table *table, const struct sqlite_table *parent,
                              const struct migrate_rows *rows, size_t from, size_t to)
{
    struct text there = {0};

    text_format(&reading->ident, "%s (", table->ident);
    for (size_t at = from; at < to; at++) {
        const char *name = parent_column(parent, rows_text(rows, at, 4), at - from);
        text_add(&reading->ident, at > from ? ", " : "");
        sqlite_name(&reading->ident, rows_text(rows, at, 3));
        text_add(&there, there.length > 0 && name != NULL ? ", " : "");
        if (name != NULL)
            sqlite_name(&there, name);
    }
    text_add(&reading->ident, ") REFERENCES ");
    sqlite_name(&reading->ident, parent != NULL ? parent->name : rows_text(rows, from, 2));
    if (there.length > 0)
        text_format(&reading->ident, " (%s)", there.data);
    reading->failed |= there.failed;
    text_free(&there);
}

static void put_foreign(struct sqlite_reading *reading, const struct migrate_rows *rows, size_t from, size_t to)
{
    const struct sqlite_table *table = sqlite_table_named(reading, rows_text(rows, from, 0));
    const struct sqlite_table *parent = sqlite_table_meant(reading, rows_text(rows, from, 2));
    const struct sqlite_clause *clause = foreign_clause(&table->definition, (size_t)rows_int(rows, from, 1));

    add_foreign_ident(reading, table, parent, rows, from, to);
    add_action(&reading->value, "ON UPDATE ", rows_text(rows, from, 5), "NO ACTION");
    add_action(&reading->value, "ON DELETE ", rows_text(rows, from, 6), "NO ACTION");
    add_action(&reading->value, "MATCH ", rows_text(rows, from, 7), "NONE");
    if (clause != NULL && clause->deferred)
        sqlite_piece(&reading->value, "DEFERRABLE INITIALLY DEFERRED", "");
    text_add(&reading->inside, table->key);
    if (clause != NULL && clause->column < table->definition.columns.count) {
        text_add_char(&reading->inside, '.');
        sqlite_key(&reading->inside, table->definition.columns.items[clause->column].name);
    }
    sqlite_fact_end(reading, 60, "foreign key", "");
    if (parent != NULL && parent != table) {
        rows_put_text(reading->edges, table->key);
        rows_put_text(reading->edges, parent->key);
    }
}

void sqlite_put_foreigns(struct sqlite_reading *reading, const struct migrate_rows *rows)
{
    for (size_t at = 0, next; at < rows_count(rows); at = next) {
        for (next = at + 1; next < rows_count(rows) && text_equal(rows_text(rows, next, 0), rows_text(rows, at, 0)) &&
                            rows_int(rows, next, 1) == rows_int(rows, at, 1);
             next++)
            continue;
        if (sqlite_table_named(reading, rows_text(rows, at, 0)) != NULL)
            put_foreign(reading, rows, at, next);
    }
}

/* ---- what only the text tells ---- */

static void put_clause(struct sqlite_reading *reading, const struct sqlite_table *table, const struct sqlite_clause *clause)
{
    const struct sqlite_definition *definition = &table->definition;
    bool check = clause->kind == SQLITE_CHECK, own = clause->column < definition->columns.count;

    if (!check && (clause->kind == SQLITE_FOREIGN || clause->conflict == NULL))
        return;
    text_format(&reading->ident, "%s %s ", table->ident,
                check                             ? "CHECK"
                : clause->kind == SQLITE_PRIMARY ? "PRIMARY KEY"
                                                  : "UNIQUE");
    if (clause->what.to > 0) {
        sqlite_normal(&reading->ident, definition->sql, clause->what, definition);
    } else if (own) {
        text_add_char(&reading->ident, '(');
        sqlite_fold(&reading->ident, definition->columns.items[clause->column].name);
        text_add_char(&reading->ident, ')');
    }
    if (check && clause->name != NULL) /* it is told to who breaks it */
        text_add(&reading->value, clause->name);
    if (!check)
        add_type(&reading->value, clause->conflict);
    text_add(&reading->inside, table->key);
    if (check && own) {
        text_add_char(&reading->inside, '.');
        sqlite_key(&reading->inside, definition->columns.items[clause->column].name);
    }
    sqlite_fact_end(reading, 51, check ? "check" : "conflict", "");
}

void sqlite_put_clauses(struct sqlite_reading *reading, const struct sqlite_table *table)
{
    const struct sqlite_definition *definition = &table->definition;

    for (size_t i = 0; i < definition->clauses.count; i++)
        put_clause(reading, table, &definition->clauses.items[i]);
    if (definition->understood)
        return;
    text_add(&reading->ident, table->ident);
    text_add(&reading->inside, table->key);
    sqlite_normal(&reading->value, definition->sql, definition->body, NULL);
    sqlite_fact_end(reading, 51, "definition", "");
}
