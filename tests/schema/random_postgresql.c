/* SPDX-License-Identifier: MIT
 * Random schemas in PostgreSQL's words, and rows for them: values that fit whatever the columns become. */
#include "random.h"

#include <stdio.h>
#include <string.h>

enum { UNLOGGED = 1, SERIAL_AND_ENUM = 2, STATISTICS = 4, COMMENTS = 8 };

static void name(struct text *out, const char *raw)
{
    database_postgresql.name_quoted(out, NULL, raw);
}

bool random_postgresql_counts(const struct random_table *table)
{
    return table->counted && table->key == RANDOM_ID_KEY;
}

/* ---- columns ---- */

static bool is_enum(const struct random_table *table, const struct random_column *column)
{
    return column->type == RANDOM_TEXT && column->spelling % 3 == 2 && column->generated == 0 && (table->flavour & SERIAL_AND_ENUM) != 0;
}

static bool is_domain(const struct random_table *table, const struct random_column *column)
{
    return column->type == RANDOM_TEXT && column->spelling % 3 == 2 && !is_enum(table, column);
}

static const char *type_of(const struct random_table *table, const struct random_column *column)
{
    static const char *const types[4][3] = {{"integer", "bigint", "smallint"}, {"text", "character varying(100)", "word"},
                                            {"double precision", "real", "numeric(20)"}, {"bytea", "bytea", "bytea"}};

    return is_enum(table, column) ? "kind" : types[column->type][column->spelling % 3];
}

static void add_given(struct text *out, const struct random_table *table, const struct random_column *column)
{
    static const char *const constants[4] = {"7", "'7'", "7", "'\\x07'"}, *const expressions[4] = {"(3 + 4)", "lower('7')", "(7.0 * 1)",
                                                                                                    "decode('07', 'hex')"};

    if (column->given == 0)
        return;
    text_format(out, " DEFAULT %s%s", column->given == 1 ? constants[column->type] : expressions[column->type],
                is_enum(table, column) && column->given != 1 ? "::kind" : "");
}

static void add_key(struct text *out, const struct random_table *table)
{
    name(out, table->columns[0].name);
    if (table->key != RANDOM_ID_KEY)
        text_add(out, " integer NOT NULL DEFAULT 7");
    else if (!random_postgresql_counts(table))
        text_add(out, " integer PRIMARY KEY");
    else if ((table->flavour & SERIAL_AND_ENUM) != 0)
        text_add(out, " serial PRIMARY KEY");
    else
        text_format(out, " integer GENERATED %s AS IDENTITY PRIMARY KEY", (table->flavour & STATISTICS) != 0 ? "BY DEFAULT" : "ALWAYS");
}

static void add_generated(struct text *out, const struct random_table *table, const struct random_column *column, size_t at)
{
    text_add(out, " GENERATED ALWAYS AS ((");
    name(out, table->columns[0].name);
    text_format(out, " %c %zu)::%s) STORED", column->generated == 1 ? '+' : '-', at, type_of(table, column));
}

static void add_column(struct text *out, const struct random_table *table, size_t at)
{
    const struct random_column *column = &table->columns[at];

    name(out, column->name);
    text_format(out, " %s", type_of(table, column));
    if (column->folded && !is_enum(table, column))
        text_add(out, " COLLATE \"C\"");
    if (column->generated != 0) {
        add_generated(out, table, column, at);
        return;
    }
    if (column->not_null)
        text_add(out, " NOT NULL");
    if (column->unique)
        text_add(out, " UNIQUE");
    add_given(out, table, column);
    if (column->checked) {
        text_add(out, " CHECK (length(");
        name(out, column->name);
        text_add(out, "::text) < 100)");
    }
}

/* ---- tables ---- */

static void add_constraints(struct text *out, const struct random_table *table)
{
    const char *id = table->columns[0].name, *text = table->columns[1].name;

    if (table->key == RANDOM_PAIR_KEY) {
        text_add(out, ", PRIMARY KEY (");
        name(out, text);
        text_add(out, ", ");
        name(out, id);
        text_add(out, ")");
    }
    if (table->unique) {
        text_add(out, ", UNIQUE (");
        name(out, id);
        text_add(out, ", ");
        name(out, text);
        text_add(out, ")");
    }
    if (table->checked) {
        text_add(out, table->named_check ? ", CONSTRAINT positive CHECK (" : ", CHECK (");
        name(out, id);
        text_add(out, " > -1)");
    }
}

/* What is kept refers to nothing that is not. */
static bool is_unlogged(const struct random_schema *schema, const struct random_table *table)
{
    for (size_t i = 0; i < schema->count; i++) {
        for (size_t c = 0; c < schema->tables[i].count; c++) {
            if (strcmp(schema->tables[i].columns[c].parent, table->name) == 0)
                return false;
        }
    }
    return (table->flavour & UNLOGGED) != 0;
}

static void add_table(struct text *out, const struct random_schema *schema, const struct random_table *table)
{
    text_format(out, "CREATE %sTABLE ", is_unlogged(schema, table) ? "UNLOGGED " : "");
    name(out, table->name);
    text_add(out, " (");
    for (size_t i = 0; i < table->count; i++) {
        text_add(out, i > 0 ? ", " : "");
        if (i == 0)
            add_key(out, table);
        else
            add_column(out, table, i);
    }
    add_constraints(out, table);
    text_add(out, ");\n");
}

static void alter(struct text *out, const struct random_table *table, const struct random_column *column, const char *what)
{
    text_add(out, "ALTER TABLE ");
    name(out, table->name);
    text_add(out, " ALTER COLUMN ");
    name(out, column->name);
    text_format(out, " SET %s;\n", what);
}

static void add_words(struct text *out, const struct random_table *table)
{
    for (size_t i = 2; i < table->count; i++) {
        const struct random_column *column = &table->columns[i];
        if (column->type == RANDOM_BYTES && column->spelling > 0)
            alter(out, table, column, column->spelling == 1 ? "STORAGE EXTERNAL" : "STATISTICS 77");
    }
    if ((table->flavour & COMMENTS) == 0)
        return;
    text_add(out, "COMMENT ON TABLE ");
    name(out, table->name);
    text_add(out, " IS 'it''s a table';\nCOMMENT ON COLUMN ");
    name(out, table->name);
    text_add(out, ".");
    name(out, table->columns[table->count - 1].name);
    text_add(out, " IS 'the last one';\n");
}

static void add_references(struct text *out, const struct random_table *table)
{
    static const char *const actions[4] = {"", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " ON DELETE NO ACTION"};

    for (size_t i = 0; i < table->count; i++) {
        const struct random_column *column = &table->columns[i];
        if (*column->parent == '\0')
            continue;
        text_add(out, "ALTER TABLE ");
        name(out, table->name);
        text_add(out, " ADD FOREIGN KEY (");
        name(out, column->name);
        text_add(out, ") REFERENCES ");
        name(out, column->parent);
        text_format(out, "%s%s;\n", actions[column->action], column->deferred ? " DEFERRABLE INITIALLY DEFERRED" : "");
    }
}

/* Its expression has to be the same for ever: what depends on settings is not. */
static void add_expression(struct text *out, const struct random_table *table, const struct random_column *column)
{
    text_add(out, column->type == RANDOM_BYTES ? "length(" : is_enum(table, column) ? "(" : "lower(");
    name(out, column->name);
    text_add(out, column->type == RANDOM_BYTES ? ")" : is_enum(table, column) ? " > '3')" : "::text)");
}

static void add_index(struct text *out, const struct random_table *table, const struct random_index *index)
{
    text_format(out, "CREATE %sINDEX ", index->unique ? "UNIQUE " : "");
    name(out, index->name);
    text_add(out, " ON ");
    name(out, table->name);
    text_add(out, " (");
    if (index->expression && !index->unique)
        add_expression(out, table, &table->columns[index->first]);
    else
        name(out, table->columns[index->first].name);
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

/* An object that is called after the id of its table: its own name does not change with the table's. */
static void own_name(struct text *out, const char *stem, const struct random_table *table)
{
    char own[2 * RANDOM_NAME];

    snprintf(own, sizeof own, "%s of %s", stem, table->columns[0].name);
    name(out, own);
}

static void add_trigger(struct text *out, const struct random_table *table)
{
    static const char *const when[4] = {"", "AFTER INSERT", "BEFORE UPDATE OF ", "AFTER DELETE"};

    text_add(out, "CREATE TRIGGER ");
    own_name(out, "g", table);
    text_format(out, " %s", when[table->trigger]);
    if (table->trigger == 2)
        name(out, table->columns[table->count - 1].name);
    text_add(out, " ON ");
    name(out, table->name);
    text_add(out, " FOR EACH ROW");
    if (table->trigger == 3) {
        text_add(out, " WHEN (old.");
        name(out, table->columns[table->count - 1].name);
        text_add(out, " IS NOT NULL)");
    }
    text_add(out, " EXECUTE FUNCTION touched();\n");
}

static void add_statistics(struct text *out, const struct random_table *table)
{
    text_add(out, "CREATE STATISTICS ");
    own_name(out, "s", table);
    text_add(out, " (ndistinct) ON ");
    name(out, table->columns[0].name);
    text_add(out, ", ");
    name(out, table->columns[table->columns[table->count - 1].generated == 0 ? table->count - 1 : 1].name);
    text_add(out, " FROM ");
    name(out, table->name);
    text_add(out, ";\n");
}

/* ---- the schema ---- */

static void add_view(struct text *out, const struct random_schema *schema, const struct random_view *view)
{
    const struct random_table *table = random_table_named(schema, view->table);

    text_format(out, "CREATE %sVIEW ", view->text == 2 ? "MATERIALIZED " : "");
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

/* What several tables use is there where one does. */
static void add_shared(struct text *out, const struct random_schema *schema)
{
    bool kind = false, word = false, function = false;

    for (size_t i = 0; i < schema->count; i++) {
        const struct random_table *table = &schema->tables[i];
        function |= table->trigger != 0;
        for (size_t c = 0; c < table->count; c++) {
            kind |= is_enum(table, &table->columns[c]);
            word |= is_domain(table, &table->columns[c]);
        }
    }
    if (kind)
        text_add(out, "CREATE TYPE kind AS ENUM ('0', '1', '2', '3', '4', '5', '6', '7');\n");
    if (word)
        text_add(out, "CREATE DOMAIN word AS text CHECK (VALUE <> 'nothing');\n");
    if (function)
        text_add(out, "CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce(new, old); END $$;\n");
}

void random_postgresql_write(const struct random_schema *schema, struct text *out)
{
    add_shared(out, schema);
    for (size_t i = 0; i < schema->count; i++)
        add_table(out, schema, &schema->tables[i]);
    for (size_t i = 0; i < schema->count; i++) {
        const struct random_table *table = &schema->tables[i];
        add_references(out, table);
        add_words(out, table);
        for (size_t x = 0; x < table->index_count; x++)
            add_index(out, table, &table->indexes[x]);
        if (table->trigger != 0)
            add_trigger(out, table);
        if ((table->flavour & STATISTICS) != 0)
            add_statistics(out, table);
    }
    for (size_t i = 0; i < schema->view_count; i++)
        add_view(out, schema, &schema->views[i]);
}

/* ---- rows ---- */

static void add_value(struct text *out, const struct random_column *column, size_t row, size_t rows, uint64_t *state)
{
    static const char *const formats[4] = {"%zu", "'%zu'", "%zu", "'\\x%04zx'"};
    char value[64];

    if (*column->parent != '\0' && !random_chance(state, 30) && rows > 0) {
        text_format(out, "%u", 10 * (1 + random_below(state, (unsigned)rows)));
    } else if (*column->parent != '\0' || (!column->not_null && random_chance(state, 20))) {
        text_add(out, "NULL");
    } else {
        snprintf(value, sizeof value, formats[column->type], row);
        text_add(out, value);
    }
}

static void add_row(struct text *out, const struct random_table *table, size_t row, size_t rows, uint64_t *state)
{
    text_add(out, "INSERT INTO ");
    name(out, table->name);
    for (size_t c = 0; c < table->count; c++) {
        if (table->columns[c].generated != 0)
            continue;
        text_add(out, c == 0 ? " (" : ", ");
        name(out, table->columns[c].name);
    }
    text_add(out, ") OVERRIDING SYSTEM VALUE VALUES (");
    text_format(out, "%zu", 10 * row);
    for (size_t c = 1; c < table->count; c++) {
        if (table->columns[c].generated != 0)
            continue;
        text_add(out, ", ");
        add_value(out, &table->columns[c], row, rows, state);
    }
    text_add(out, ");\n");
}

/* Numbers are ten, twenty ...; tables in a circle are filled while nobody checks their keys. */
void random_postgresql_rows(const struct random_schema *schema, size_t rows, uint64_t *state, struct text *out)
{
    struct text quoted = {0};

    text_add(out, "SET session_replication_role = replica;\n");
    for (size_t i = 0; i < schema->count; i++) {
        const struct random_table *table = &schema->tables[i];
        for (size_t row = 1; row <= rows; row++)
            add_row(out, table, row, rows, state);
        if (!random_postgresql_counts(table))
            continue;
        text_add(out, "SELECT setval(pg_get_serial_sequence(");
        name(&quoted, table->name);
        database_postgresql.literal(out, quoted.data, quoted.length);
        text_add(out, ", ");
        database_postgresql.literal(out, table->columns[0].name, strlen(table->columns[0].name));
        text_format(out, "), %zu);\n", 1000 + i);
        text_clear(&quoted);
    }
    text_add(out, "RESET session_replication_role;\n");
    text_free(&quoted);
}
