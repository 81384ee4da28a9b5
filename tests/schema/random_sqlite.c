/* SPDX-License-Identifier: MIT
 * Random schemas in SQLite's words, and rows for them: values that fit whatever the columns become. */
#include "random.h"

#include <stdio.h>
#include <string.h>

enum { STRICT = 1, WITHOUT_ROWID = 2, OWN_NAME = 4, CONFLICT = 8 };

static void name(struct text *out, const char *raw)
{
    database_sqlite.name_quoted(out, NULL, raw);
}

static const char *type_of(const struct random_table *table, const struct random_column *column)
{
    static const char *const loose[4][3] = {{"INTEGER", "BIGINT", "int"}, {"TEXT", "VARCHAR(100)", "text"}, {"REAL", "DOUBLE PRECISION", "FLOAT"},
                                            {"BLOB", "blob", "BLOB"}};
    static const char *const strict[4] = {"INTEGER", "TEXT", "REAL", "BLOB"};

    return (table->flavour & STRICT) != 0 ? strict[column->type] : loose[column->type][column->spelling % 3];
}

static void add_given(struct text *out, const struct random_column *column)
{
    static const char *const constants[4] = {"7", "'7'", "7.0", "x'07'"}, *const expressions[4] = {"(3 + 4)", "(lower('7'))", "(7.0 * 1)", "(x'07')"};

    if (column->given != 0)
        text_format(out, " DEFAULT %s", column->given == 1 ? constants[column->type] : expressions[column->type]);
}

static void add_column(struct text *out, const struct random_table *table, size_t at)
{
    static const char *const actions[4] = {"", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " ON DELETE NO ACTION"};
    const struct random_column *column = &table->columns[at];
    bool key = at == 0 && table->key == RANDOM_ID_KEY, rowids = (table->flavour & WITHOUT_ROWID) == 0;

    text_add(out, at > 0 ? ", " : "");
    name(out, column->name);
    if (key) {
        text_add(out, table->counted && rowids ? " INTEGER PRIMARY KEY AUTOINCREMENT" : " INTEGER PRIMARY KEY");
        return;
    }
    text_format(out, " %s", type_of(table, column));
    if (column->generated != 0) {
        text_add(out, " GENERATED ALWAYS AS (");
        name(out, table->columns[0].name);
        text_format(out, " + %zu%s) %s", at, column->type == RANDOM_TEXT ? " || ''" : column->type == RANDOM_REAL ? " + 0.0" : "",
                    column->generated == 1 ? "VIRTUAL" : "STORED");
        return;
    }
    if (column->not_null)
        text_add(out, (table->flavour & CONFLICT) != 0 && at > 1 ? " NOT NULL ON CONFLICT FAIL" : " NOT NULL");
    if (column->unique)
        text_add(out, (table->flavour & CONFLICT) != 0 ? " UNIQUE ON CONFLICT IGNORE" : " UNIQUE");
    add_given(out, column);
    if (column->checked) {
        text_add(out, " CHECK (length(");
        name(out, column->name);
        text_add(out, ") < 100)");
    }
    if (column->folded)
        text_add(out, " COLLATE NOCASE");
    if (*column->parent != '\0') {
        text_add(out, " REFERENCES ");
        name(out, column->parent);
        text_format(out, "%s%s", actions[column->action], column->deferred ? " DEFERRABLE INITIALLY DEFERRED" : "");
    }
}

static void add_constraints(struct text *out, const struct random_table *table)
{
    const char *id = table->columns[0].name, *text = table->columns[1].name;

    if (table->key == RANDOM_PAIR_KEY) {
        text_add(out, ", PRIMARY KEY (");
        name(out, text);
        text_add(out, ", ");
        name(out, id);
        text_add(out, " DESC)");
    }
    /* SQLite itself cannot rename the column of INTEGER PRIMARY KEY ... UNIQUE of a table without rowids. */
    if (table->unique && !(table->key == RANDOM_ID_KEY && (table->flavour & WITHOUT_ROWID) != 0)) {
        text_add(out, ", UNIQUE (");
        name(out, id);
        text_add(out, ", ");
        name(out, text);
        text_add(out, ")");
    }
    if (table->checked) {
        text_add(out, table->named_check ? ", CONSTRAINT positive CHECK (" : ", CHECK (");
        if ((table->flavour & OWN_NAME) != 0) {
            name(out, table->name);
            text_add_char(out, '.');
        }
        name(out, id);
        text_add(out, " > -1)");
    }
}

static void add_table(struct text *out, const struct random_table *table)
{
    bool strict = (table->flavour & STRICT) != 0, rowids = (table->flavour & WITHOUT_ROWID) == 0 || table->key == RANDOM_NO_KEY;

    text_add(out, "CREATE TABLE ");
    name(out, table->name);
    text_add(out, " (");
    for (size_t i = 0; i < table->count; i++)
        add_column(out, table, i);
    add_constraints(out, table);
    text_format(out, ")%s%s%s;\n", rowids ? "" : " WITHOUT ROWID", !rowids && strict ? "," : "", strict ? " STRICT" : "");
}

static void add_index(struct text *out, const struct random_table *table, const struct random_index *index)
{
    text_format(out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
    name(out, index->name);
    text_add(out, " ON ");
    name(out, table->name);
    text_add(out, " (");
    if (index->expression && !index->unique) {
        text_add(out, "lower(");
        name(out, table->columns[index->first].name);
        text_add(out, ")");
    } else {
        name(out, table->columns[index->first].name);
    }
    text_add(out, index->descending ? " DESC" : "");
    if (index->second != SIZE_MAX) {
        text_add(out, ", ");
        name(out, table->columns[index->second].name);
    }
    text_add(out, ")");
    if (index->partial) {
        text_add(out, " WHERE ");
        name(out, table->columns[0].name);
        text_add(out, " > 0");
    }
    text_add(out, ";\n");
}

static void add_trigger(struct text *out, const struct random_table *table)
{
    static const char *const when[4] = {"", "AFTER INSERT", "BEFORE UPDATE", "AFTER DELETE"};

    text_add(out, "CREATE TRIGGER \"g of ");
    for (const char *at = table->columns[0].name; *at != '\0'; at++)
        text_add(out, *at == '"' ? "\"\"" : (char[]){*at, '\0'});
    text_format(out, "\" %s ON ", when[table->trigger]);
    name(out, table->name);
    text_add(out, " BEGIN UPDATE ");
    name(out, table->name);
    text_add(out, " SET ");
    name(out, table->columns[1].name);
    text_add(out, " = '1' WHERE ");
    name(out, table->columns[0].name);
    text_add(out, " = -1; END;\n");
}

static void add_view(struct text *out, const struct random_schema *schema, const struct random_view *view)
{
    const struct random_table *table = random_table_named(schema, view->table);

    text_add(out, "CREATE VIEW ");
    name(out, view->name);
    text_add(out, " AS SELECT ");
    if (view->all)
        text_add(out, "*");
    for (size_t i = 0; !view->all && i < view->columns && i < table->count; i++) {
        text_add(out, i > 0 ? ", " : "");
        name(out, table->columns[i].name);
    }
    text_add(out, " FROM ");
    name(out, table->name);
    if (view->text > 0) {
        text_add(out, " WHERE ");
        name(out, table->columns[0].name);
        text_format(out, " > %d", view->text);
    }
    text_add(out, ";\n");
}

void random_sqlite_write(const struct random_schema *schema, struct text *out)
{
    for (size_t i = 0; i < schema->count; i++)
        add_table(out, &schema->tables[i]);
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t x = 0; x < schema->tables[i].index_count; x++)
            add_index(out, &schema->tables[i], &schema->tables[i].indexes[x]);
        if (schema->tables[i].trigger != 0)
            add_trigger(out, &schema->tables[i]);
    }
    for (size_t i = 0; i < schema->view_count; i++)
        add_view(out, schema, &schema->views[i]);
}

/* ---- rows ---- */

static void add_value(struct text *out, const struct random_column *column, size_t row, size_t rows, uint64_t *state)
{
    unsigned kind = (unsigned)column->type;

    if (*column->parent != '\0') {
        if (random_chance(state, 30) || rows == 0)
            text_add(out, "NULL");
        else
            text_format(out, "%u", 10 * (1 + random_below(state, (unsigned)rows)));
    } else if (!column->not_null && random_chance(state, 20)) {
        text_add(out, "NULL");
    } else {
        static const char *const formats[4] = {"%zu", "'%zu'", "%zu.0", "x'%04zx'"};
        char value[64];
        snprintf(value, sizeof value, formats[kind], row);
        text_add(out, value);
    }
}

/* Numbers are ten, twenty ..., so that the rowids are no others where there is no key. */
void random_sqlite_rows(const struct random_schema *schema, size_t rows, uint64_t *state, struct text *out)
{
    text_add(out, "PRAGMA foreign_keys = OFF;\n");
    for (size_t i = 0; i < schema->count; i++) {
        const struct random_table *table = &schema->tables[i];
        bool rowids = table->key == RANDOM_NO_KEY || (table->key == RANDOM_PAIR_KEY && (table->flavour & WITHOUT_ROWID) == 0);
        for (size_t row = 1; row <= rows + 1; row++) {
            bool first = !rowids;
            text_add(out, "INSERT INTO ");
            name(out, table->name);
            text_add(out, rowids ? " (rowid" : " (");
            for (size_t c = 0; c < table->count; c++) {
                if (table->columns[c].generated != 0)
                    continue;
                text_add(out, first ? "" : ", ");
                name(out, table->columns[c].name);
                first = false;
            }
            text_add(out, ") VALUES (");
            if (rowids)
                text_format(out, "%zu", 10 * row);
            first = !rowids;
            for (size_t c = 0; c < table->count; c++) {
                if (table->columns[c].generated != 0)
                    continue;
                text_add(out, first ? "" : ", ");
                if (c == 0)
                    text_format(out, "%zu", 10 * row);
                else
                    add_value(out, &table->columns[c], row, rows, state);
                first = false;
            }
            text_add(out, ");\n");
        }
        text_add(out, "DELETE FROM ");
        name(out, table->name);
        text_add(out, " WHERE ");
        name(out, table->columns[0].name);
        text_format(out, " = %zu;\n", 10 * (rows + 1));
    }
    text_add(out, "PRAGMA foreign_keys = ON;\n");
}
