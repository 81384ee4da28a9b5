/* SPDX-License-Identifier: MIT
 * The schema of a SQLite database as facts (columns in database.h at `facts`). What pragmas tell is taken from pragmas, so that equal
 * tables are equal however they were written; the rest (CHECK, COLLATE, generated columns, DEFERRABLE ...) stands in the stored text
 * alone and is read from there (definition.c).
 *
 * A key is the name in small letters: SQLite's names are equal then, in any database. */
#include "database/sqlite/reading.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *const columns[] = {"rank", "kind", "ident", "value", "make", "undo", "key", "inside", "name"};
static const char *const edge_columns[] = {"by", "needed"};

/* ---- one fact ---- */

const char *sqlite_text(const struct text *text)
{
    return text->data != NULL ? text->data : "";
}

void sqlite_fact_begin(struct sqlite_reading *reading)
{
    struct text *const texts[] = {&reading->ident, &reading->value, &reading->make, &reading->undo, &reading->key, &reading->inside};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        reading->failed |= texts[i]->failed;
        text_clear(texts[i]);
    }
}

/* What is in the texts of the reading. */
void sqlite_fact_end(struct sqlite_reading *reading, int64_t rank, const char *kind, const char *name)
{
    struct migrate_rows *rows = reading->rows;

    rows_put_int(rows, rank);
    rows_put_text(rows, kind);
    rows_put_text(rows, sqlite_text(&reading->ident));
    rows_put_text(rows, sqlite_text(&reading->value));
    rows_put_text(rows, reading->make.length > 0 ? reading->make.data : NULL);
    rows_put_text(rows, reading->undo.length > 0 ? reading->undo.data : NULL);
    rows_put_text(rows, sqlite_text(&reading->key));
    rows_put_text(rows, sqlite_text(&reading->inside));
    rows_put_text(rows, name);
    sqlite_fact_begin(reading);
}

void sqlite_piece(struct text *out, const char *before, const char *piece)
{
    if (out->length > 0)
        text_add_char(out, ' ');
    text_add(out, before);
    text_add(out, piece);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct sqlite_table *)a)->name, ((const struct sqlite_table *)b)->name);
}

const struct sqlite_table *sqlite_table_named(const struct sqlite_reading *reading, const char *name)
{
    struct sqlite_table wanted = {.name = name};

    return name == NULL || reading->tables.count == 0 ? NULL
                        : bsearch(&wanted, reading->tables.items, reading->tables.count, sizeof wanted, by_name);
}

/* As somebody wrote it. */
const struct sqlite_table *sqlite_table_meant(const struct sqlite_reading *reading, const char *name)
{
    const struct sqlite_table *found = sqlite_table_named(reading, name);

    for (size_t i = 0; found == NULL && i < reading->tables.count; i++) {
        if (text_equal_nocase(reading->tables.items[i].name, name))
            found = &reading->tables.items[i];
    }
    return found;
}

static bool add_table(struct sqlite_reading *reading, const char *name, const char *sql)
{
    struct sqlite_table table = {.name = name};
    struct text ident = {0}, key = {0};

    if (!sqlite_definition_read(sql, &table.definition))
        return false;
    sqlite_name(&ident, name);
    sqlite_key(&key, name);
    table.ident = text_take(&ident);
    table.key = text_take(&key);
    if (table.ident == NULL || table.key == NULL || !array_reserve(&reading->tables)) {
        sqlite_definition_free(&table.definition);
        memory_free(table.ident);
        memory_free(table.key);
        text_free(&ident);
        text_free(&key);
        return false;
    }
    reading->tables.items[reading->tables.count++] = table;
    return true;
}

/* ---- objects ---- */

/* Where the text goes on behind CREATE [UNIQUE] KIND name. */
static size_t behind_name(const char *sql, bool *unique)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_sqlite, sql, strlen(sql));
    sql_reader_take(&reader, "create");
    sql_reader_take(&reader, "virtual");
    *unique = sql_reader_take(&reader, "unique");
    sql_reader_next(&reader); /* its kind */
    sql_reader_next(&reader); /* its name */
    return reader.token.offset;
}

/* What a module makes of its arguments is its own matter: they stay as they are written. */
static void add_tokens(struct text *out, const char *sql, size_t from)
{
    struct sql_reader reader = {.dialect = &sql_sqlite, .text = sql, .length = strlen(sql), .offset = from};

    for (sql_reader_next(&reader); reader.token.kind != SQL_END; sql_reader_next(&reader)) {
        if (out->length > 0)
            text_add_char(out, ' ');
        text_add_n(out, sql + reader.token.offset, reader.token.length);
    }
}

static void add_undo(struct text *out, const char *type, const char *ident)
{
    text_add(out, "DROP ");
    for (const char *at = type; *at != '\0'; at++)
        text_add_char(out, (char)(*at - 'a' + 'A'));
    text_add_char(out, ' ');
    text_add(out, ident);
}

static void put_table(struct sqlite_reading *reading, size_t row, size_t behind)
{
    const char *name = rows_text(reading->objects, row, 1), *sql = rows_text(reading->objects, row, 3);
    bool virtual = text_equal(rows_text(reading->objects, row, 4), "virtual");

    if (virtual) {
        add_tokens(&reading->value, sql, behind);
    } else {
        if (rows_int(reading->objects, row, 5) != 0)
            sqlite_piece(&reading->value, "WITHOUT ROWID", "");
        if (rows_int(reading->objects, row, 6) != 0)
            sqlite_piece(&reading->value, "STRICT", "");
        reading->failed |= !add_table(reading, name, sql);
    }
    sqlite_fact_end(reading, virtual ? 41 : 40, virtual ? "virtual table" : "table", name);
}

static void put_object(struct sqlite_reading *reading, size_t row)
{
    const struct migrate_rows *from = reading->objects;
    const char *type = rows_text(from, row, 0), *name = rows_text(from, row, 1), *sql = rows_text(from, row, 3);
    bool index = strcmp(type, "index") == 0, trigger = strcmp(type, "trigger") == 0, unique = false;
    size_t behind = behind_name(sql, &unique);
    const struct sqlite_table *table = sqlite_table_meant(reading, rows_text(from, row, 2));

    sqlite_name(&reading->ident, name);
    text_add(&reading->make, sql);
    add_undo(&reading->undo, type, sqlite_text(&reading->ident));
    if (trigger) /* these have names of their own */
        text_add(&reading->key, "trigger ");
    sqlite_key(&reading->key, name);
    if (strcmp(type, "table") == 0) {
        put_table(reading, row, behind);
        return;
    }
    if (index || trigger)
        sqlite_key(&reading->inside, rows_text(from, row, 2));
    if (index && unique)
        text_add(&reading->value, "unique ");
    sqlite_normal(&reading->value, sql, (struct sqlite_span){behind, strlen(sql)},
                  index && table != NULL ? &table->definition : NULL);
    sqlite_fact_end(reading, index ? 55 : trigger ? 75 : 70, type, name);
}

/* ---- reading ---- */

/* What is looked at: no object of SQLite's own, of a virtual table, of the history or of the facts that are kept beside it. Older libraries
 * have no pragma_table_list. */
static void add_objects(struct text *sql, const struct sqlite_reading *reading)
{
    const char *history = reading->wish->table;
    struct text kept = {0};

    text_add(sql, "WITH l AS MATERIALIZED (");
    text_add(sql, sqlite_version_at_least(reading->db, 37)
                      ? "SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'"
                      : "SELECT name, CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 'virtual' ELSE type END AS type, "
                        "sql LIKE '%WITHOUT%ROWID' AS wr, 0 AS strict FROM main.sqlite_master WHERE type = 'table'");
    text_add(sql, "), o AS (SELECT m.rowid, m.type, m.name, m.tbl_name, m.sql, l.type AS form, l.wr, l.strict FROM main.sqlite_master m "
                  "LEFT JOIN l ON m.type = 'table' AND l.name = m.name WHERE m.sql IS NOT NULL AND substr(m.name, 1, 7) <> 'sqlite_' "
                  "AND l.type IS NOT 'shadow' AND m.tbl_name COLLATE NOCASE NOT IN (");
    database_sqlite.literal(sql, history, strlen(history));
    text_format(&kept, "%s" FACTS_KEPT, history);
    text_add(sql, ", ");
    database_sqlite.literal(sql, sqlite_text(&kept), kept.length);
    sql->failed |= kept.failed;
    text_free(&kept);
    text_add(sql, ")), m AS MATERIALIZED (SELECT name FROM o WHERE type = 'table' AND form IS NOT 'virtual') ");
}

static int32_t ask(struct sqlite_reading *reading, const char *query, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    add_objects(&sql, reading);
    text_add(&sql, query);
    rc = database_query(reading->db, &sql, out, err);
    text_free(&sql);
    return rc;
}

static int32_t read_objects(struct sqlite_reading *reading, migrate_error **err)
{
    int32_t rc = ask(reading, "SELECT type, name, tbl_name, sql, form, wr, strict FROM o ORDER BY type <> 'table', rowid",
                     &reading->objects, err);

    if (rc != MIGRATE_OK)
        return rc;
    for (size_t row = 0; row < rows_count(reading->objects) && !reading->failed; row++) {
        bool table = text_equal(rows_text(reading->objects, row, 0), "table");
        bool last = table && (row + 1 == rows_count(reading->objects) || !text_equal(rows_text(reading->objects, row + 1, 0), "table"));
        put_object(reading, row);
        if (last && reading->tables.count > 1)
            qsort(reading->tables.items, reading->tables.count, sizeof *reading->tables.items, by_name);
    }
    return MIGRATE_OK;
}

static int32_t read_columns(struct sqlite_reading *reading, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = ask(reading,
                     "SELECT m.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.hidden, x.cid FROM m, "
                     "pragma_table_xinfo(m.name, 'main') x",
                     &rows, err);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        sqlite_put_column(reading, rows, row);
        sqlite_put_position(reading, rows, row);
    }
    rows_free(rows);
    return rc;
}

static int32_t read_keys(struct sqlite_reading *reading, migrate_error **err)
{
    static const char *const queries[] = {
        "SELECT m.name, i.origin, i.seq, x.name, x.\"desc\", x.coll FROM m, pragma_index_list(m.name, 'main') i, "
        "pragma_index_xinfo(i.name, 'main') x WHERE i.origin IN ('u', 'pk') AND x.key ORDER BY m.name, i.seq, x.seqno",
        "SELECT m.name, 'pk', 0, x.name, 0, NULL FROM m, pragma_table_xinfo(m.name, 'main') x WHERE x.pk > 0 AND NOT EXISTS (SELECT 1 "
        "FROM pragma_index_list(m.name, 'main') i WHERE i.origin = 'pk') ORDER BY m.name, x.pk"};
    int32_t rc = MIGRATE_OK;

    for (size_t i = 0; rc == MIGRATE_OK && i < sizeof queries / sizeof *queries; i++) {
        struct migrate_rows *rows = NULL;
        rc = ask(reading, queries[i], &rows, err);
        if (rc == MIGRATE_OK)
            sqlite_put_keys(reading, rows);
        rows_free(rows);
    }
    return rc;
}

static int32_t read_foreigns(struct sqlite_reading *reading, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = ask(reading,
                     "SELECT m.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_update, f.on_delete, f.\"match\" FROM m, "
                     "pragma_foreign_key_list(m.name, 'main') f ORDER BY m.name, f.id, f.seq",
                     &rows, err);

    if (rc == MIGRATE_OK)
        sqlite_put_foreigns(reading, rows);
    rows_free(rows);
    return rc;
}

static void end_reading(struct sqlite_reading *reading)
{
    for (size_t i = 0; i < reading->tables.count; i++) {
        sqlite_definition_free(&reading->tables.items[i].definition);
        memory_free(reading->tables.items[i].ident);
        memory_free(reading->tables.items[i].key);
    }
    memory_free(reading->tables.items);
    rows_free(reading->objects);
    text_free(&reading->ident);
    text_free(&reading->value);
    text_free(&reading->make);
    text_free(&reading->undo);
    text_free(&reading->key);
    text_free(&reading->inside);
}

int32_t sqlite_facts(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_facts,
                     struct migrate_rows **out_edges, migrate_error **err)
{
    struct sqlite_reading reading = {.db = db, .wish = wish, .rows = rows_new(columns, sizeof columns / sizeof *columns),
                              .edges = rows_new(edge_columns, sizeof edge_columns / sizeof *edge_columns)};
    struct migrate_rows *facts = NULL, *edges = NULL;
    int32_t rc = reading.rows == NULL || reading.edges == NULL ? error_nomem(err) : read_objects(&reading, err);

    if (rc == MIGRATE_OK)
        rc = read_columns(&reading, err);
    if (rc == MIGRATE_OK)
        rc = read_keys(&reading, err);
    if (rc == MIGRATE_OK)
        rc = read_foreigns(&reading, err);
    for (size_t i = 0; rc == MIGRATE_OK && i < reading.tables.count; i++)
        sqlite_put_clauses(&reading, &reading.tables.items[i]);
    sqlite_fact_begin(&reading); /* counts what failed last */
    if (rc == MIGRATE_OK && reading.failed)
        rc = error_nomem(err);
    if (rc != MIGRATE_OK) {
        rows_free(reading.rows);
        rows_free(reading.edges);
        end_reading(&reading);
        return rc;
    }
    rc = rows_finish(reading.rows, &facts, err);
    if (rc == MIGRATE_OK)
        rc = rows_finish(reading.edges, &edges, err);
    else
        rows_free(reading.edges);
    end_reading(&reading);
    if (rc != MIGRATE_OK) {
        rows_free(facts);
        return rc;
    }
    *out_facts = facts;
    if (out_edges != NULL)
        *out_edges = edges;
    else
        rows_free(edges);
    return rc;
}
