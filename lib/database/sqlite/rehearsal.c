/* SPDX-License-Identifier: MIT
 * What a statement does to the tables that were there before. SQLite has one lock for all of the file, so that there are none to tell of.
 * Which tables are read from end to end and which are written stands in the program that SQLite makes of a statement (EXPLAIN): a loop
 * over a cursor that was opened at the table's root page. How many rows were changed is counted by SQLite for all tables together; the
 * statement says whether they are in a table that was there. A table that has another root page than before was made anew. */
#include "database/sqlite/sqlite.h"
#include "util/memory.h"

#include <string.h>

enum { EXPLAIN_MOST = 64 * 1024, CURSORS_MOST = 4096 };

struct object {
    const char *name, *table;
    bool is_table; /* views are none, but rows can be put into them */
    int64_t root;  /* 0: it has none, or it is gone */
    int64_t count; /* rows, before something was first written; -1: nothing was */
    bool scanned, written, rewritten;
};

struct sqlite_look {
    struct database *db;
    struct object *items;
    size_t count;
    struct migrate_rows *rows; /* what items point into */
    int64_t version;           /* of the schema, as SQLite counts it */
    int64_t changes;
};

static int32_t ask(struct database *db, const char *sql, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, sql, &rows, err);

    if (rc == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    return rc;
}

/* ---- what was there before ---- */

void sqlite_look_free(struct database_look *given)
{
    struct sqlite_look *look = (struct sqlite_look *)given;

    if (look == NULL)
        return;
    rows_free(look->rows);
    memory_free(look->items);
    memory_free(look);
}

static bool knows(const struct sqlite_look *known, const char *name)
{
    for (size_t i = 0; known != NULL && i < known->count; i++)
        if (text_equal_nocase(known->items[i].name, name))
            return true;
    return known == NULL;
}

static void take_objects(struct sqlite_look *look, const struct sqlite_look *known)
{
    for (size_t row = 0; row < rows_count(look->rows); row++) {
        const char *type = rows_text(look->rows, row, 0), *name = rows_text(look->rows, row, 1);

        if (!knows(known, name))
            continue;
        look->items[look->count++] = (struct object){.name = name, .table = rows_text(look->rows, row, 2),
                                                     .is_table = text_equal(type, "table"),
                                                     .root = rows_int(look->rows, row, 3), .count = -1};
    }
}

int32_t sqlite_look_begin(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait,
                          const struct database_look *known, struct database_look **out, migrate_error **err)
{
    struct sqlite_look *look = memory_new(sizeof *look);
    struct text sql = {0};
    int32_t rc;

    (void)lock_wait;
    if (look == NULL)
        return error_nomem(err);
    look->db = db;
    text_add(&sql, "SELECT type, name, tbl_name, rootpage FROM main.sqlite_master WHERE type IN ('table', 'index', 'view') "
                   "AND substr(tbl_name, 1, 7) <> 'sqlite_' AND tbl_name <> ");
    database_sqlite.literal(&sql, wish->table, strlen(wish->table));
    text_add(&sql, " COLLATE NOCASE");
    rc = database_query(db, &sql, &look->rows, err);
    text_free(&sql);
    if (rc == MIGRATE_OK)
        rc = ask(db, "PRAGMA main.schema_version", &look->version, err);
    if (rc == MIGRATE_OK) {
        look->items = memory_new((rows_count(look->rows) + 1) * sizeof *look->items);
        if (look->items == NULL)
            rc = error_nomem(err);
        else
            take_objects(look, (const struct sqlite_look *)known);
    }
    if (rc == MIGRATE_OK)
        *out = (struct database_look *)look;
    else
        sqlite_look_free((struct database_look *)look);
    return rc;
}

/* ---- ahead of a statement ---- */

/* The table whose contents, or whose index, lie at a page. */
static struct object *table_at(const struct sqlite_look *look, int64_t root)
{
    for (size_t i = 0; i < look->count; i++) {
        if (root == 0 || look->items[i].root != root)
            continue;
        for (size_t k = 0; k < look->count; k++)
            if (look->items[k].is_table && text_equal_nocase(look->items[k].name, look->items[i].table))
                return &look->items[k];
    }
    return NULL;
}

struct cursor {
    struct object *table;
    bool writes, begun;
};

/* One instruction of the program. */
static void take_instruction(const struct sqlite_look *look, struct cursor *cursors, const struct migrate_rows *rows, size_t row)
{
    enum { OPCODE = 1, P1, P2, P3, P5 = 6, P2_IS_REGISTER = 0x10 };
    const char *opcode = rows_text(rows, row, OPCODE);
    int64_t at = rows_int(rows, row, P1);
    bool reads = text_equal(opcode, "OpenRead"), writes = text_equal(opcode, "OpenWrite");
    struct cursor *cursor;

    if (at < 0 || at >= CURSORS_MOST)
        return;
    cursor = &cursors[at];
    if (reads || writes) {
        bool known = rows_int(rows, row, P3) == 0 && (rows_int(rows, row, P5) & P2_IS_REGISTER) == 0;

        *cursor = (struct cursor){.table = known ? table_at(look, rows_int(rows, row, P2)) : NULL};
        if (cursor->table != NULL && writes)
            cursor->table->written = true;
    } else if (text_starts(opcode, "Open") || text_equal(opcode, "SorterOpen")) {
        *cursor = (struct cursor){0};
    } else if (text_equal(opcode, "Rewind") || text_equal(opcode, "Last")) {
        cursor->begun = true;
    } else if ((text_equal(opcode, "Next") || text_equal(opcode, "Prev")) && cursor->begun && cursor->table != NULL) {
        cursor->table->scanned = true;
    }
}

/* What SQLite does not take is told when it is run. A lack of memory ends more than this. */
static int32_t explain(struct sqlite_look *look, const char *statement, size_t length, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc;
    struct cursor *cursors;
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_sqlite, statement, length);
    if (sql_reader_is(&reader, "explain") || sql_reader_is(&reader, "pragma"))
        return MIGRATE_OK;
    cursors = memory_new(CURSORS_MOST * sizeof *cursors);
    text_add(&sql, "EXPLAIN ");
    text_add_n(&sql, statement, length);
    if (cursors == NULL || sql.failed) {
        memory_free(cursors);
        text_free(&sql);
        return error_nomem(err);
    }
    rc = database_query(look->db, &sql, &rows, &problem);
    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        if (rows_int(rows, row, 0) == 0) /* a trigger's program begins */
            memset(cursors, 0, CURSORS_MOST * sizeof *cursors);
        take_instruction(look, cursors, rows, row);
    }
    rows_free(rows);
    text_free(&sql);
    memory_free(cursors);
    if (rc == MIGRATE_ERROR_SQL) {
        error_clear(&problem);
        rc = MIGRATE_OK;
    }
    error_move(err, &problem);
    return rc;
}

static int32_t count_rows(struct database *db, const char *table, int64_t *out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "SELECT count(*) FROM ");
    database_sqlite.name_quoted(&sql, "main", table);
    rc = sql.failed ? error_nomem(err) : ask(db, sql.data, out, err);
    text_free(&sql);
    return rc;
}

/* Of each table that is about to be written for the first time the rows are counted. */
static int32_t count_written(struct sqlite_look *look, migrate_error **err)
{
    int32_t rc = MIGRATE_OK;

    for (size_t i = 0; rc == MIGRATE_OK && i < look->count; i++) {
        struct object *object = &look->items[i];

        if (object->written && object->count < 0 && object->is_table && object->root != 0)
            rc = count_rows(look->db, object->name, &object->count, err);
        if (rc == MIGRATE_ERROR_SQL) { /* it has another name by now */
            error_clear(err);
            rc = MIGRATE_OK;
        }
    }
    return rc;
}

int32_t sqlite_look_ahead(struct database_look *given, const char *statement, size_t length, migrate_error **err)
{
    struct sqlite_look *look = (struct sqlite_look *)given;
    int32_t rc = MIGRATE_OK;

    for (size_t i = 0; i < look->count; i++)
        look->items[i].scanned = look->items[i].written = look->items[i].rewritten = false;
    if (statement != NULL && length <= EXPLAIN_MOST && look->count > 0)
        rc = explain(look, statement, length, err);
    if (rc == MIGRATE_OK)
        rc = count_written(look, err);
    return rc == MIGRATE_OK ? ask(look->db, "SELECT total_changes()", &look->changes, err) : rc;
}

/* ---- behind it ---- */

static size_t row_of(const struct migrate_rows *rows, const char *name)
{
    size_t row = 0;

    while (row < rows_count(rows) && !text_equal_nocase(rows_text(rows, row, 0), name))
        row++;
    return row;
}

static bool has_root(const struct migrate_rows *rows, int64_t root)
{
    for (size_t row = 0; row < rows_count(rows); row++)
        if (rows_int(rows, row, 1) == root)
            return true;
    return false;
}

/* Where the tables are now. One that was renamed keeps its page, under whatever name. */
static int32_t look_at_roots(struct sqlite_look *look, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int64_t version = 0;
    int32_t rc = ask(look->db, "PRAGMA main.schema_version", &version, err);

    if (rc != MIGRATE_OK || version == look->version)
        return rc;
    look->version = version;
    rc = look->db->class->query(look->db, "SELECT name, rootpage FROM main.sqlite_master WHERE rootpage > 0", &rows, err);
    for (size_t i = 0; rc == MIGRATE_OK && i < look->count; i++) {
        struct object *object = &look->items[i];
        size_t row = row_of(rows, object->name);

        if (row < rows_count(rows)) {
            object->rewritten = object->is_table && object->root != rows_int(rows, row, 1);
            object->root = rows_int(rows, row, 1);
        } else if (!has_root(rows, object->root)) {
            object->root = 0;
        }
    }
    rows_free(rows);
    return rc;
}

static bool is_there(const struct sqlite_look *look, const char *name)
{
    for (size_t i = 0; i < look->count; i++)
        if (text_equal_nocase(look->items[i].name, name))
            return true;
    return false;
}

/* Rows are written into a table that was there. What is no statement may write anywhere. */
static bool counts(const struct sqlite_look *look, const char *statement, size_t length)
{
    struct text table = {0};
    bool result = statement == NULL || (sqlite_writes_rows(statement, length, &table) && table.data != NULL && is_there(look, table.data));

    text_free(&table);
    return result;
}

/* Quoted where it has to be. */
static void add_name(struct text *out, const char *name)
{
    size_t length = strlen(name);
    struct sql_token token = sql_lex(&sql_sqlite, name, length, 0);

    if (out->length > 0)
        text_add(out, ", ");
    if (token.kind == SQL_WORD && token.length == length)
        text_add(out, name);
    else
        database_sqlite.name_quoted(out, NULL, name);
}

int32_t sqlite_look_behind(struct database_look *given, const char *statement, size_t length, struct database_effects *out,
                           migrate_error **err)
{
    struct sqlite_look *look = (struct sqlite_look *)given;
    bool whole;
    int64_t changes = 0;
    int32_t rc = ask(look->db, "SELECT total_changes()", &changes, err);
    struct sql_reader reader;

    if (rc == MIGRATE_OK)
        rc = look_at_roots(look, err);
    if (rc != MIGRATE_OK)
        return rc;
    sql_reader_open(&reader, &sql_sqlite, statement == NULL ? "" : statement, length);
    whole = sql_reader_is(&reader, "alter"); /* without being told to write rows: DROP COLUMN writes them all anew */
    out->rows = counts(look, statement, length) && changes > look->changes ? changes - look->changes : 0;
    for (size_t i = 0; i < look->count; i++) {
        const struct object *object = &look->items[i];

        if (object->scanned)
            add_name(&out->scanned, object->name);
        if (object->rewritten || (whole && object->scanned && object->written))
            add_name(&out->rewritten, object->name);
    }
    return out->scanned.failed || out->rewritten.failed ? error_nomem(err) : MIGRATE_OK;
}

/* ---- the end ---- */

int32_t sqlite_look_close(struct database_look *given, migrate_error **err)
{
    struct sqlite_look *look = (struct sqlite_look *)given;
    (void)look, (void)err;
    return MIGRATE_OK;
}

int32_t sqlite_look_undone(struct database_look *given, bool *out, migrate_error **err)
{
    struct sqlite_look *look = (struct sqlite_look *)given;
    int32_t rc = MIGRATE_OK;

    *out = true;
    for (size_t i = 0; rc == MIGRATE_OK && i < look->count; i++) {
        int64_t now = -1;

        if (look->items[i].count < 0)
            continue;
        rc = count_rows(look->db, look->items[i].name, &now, err);
        *out = *out && now == look->items[i].count;
    }
    return rc;
}

/* Without a journal ROLLBACK does nothing, or worse. */
int32_t sqlite_rolls_back(struct database *db, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, "PRAGMA main.journal_mode", &rows, err);
    bool off = rc == MIGRATE_OK && text_equal(rows_text(rows, 0, 0), "off");

    rows_free(rows);
    if (!off)
        return rc;
    error_set(err, MIGRATE_ERROR_REFUSED, "the connection has no journal (journal_mode=off): nothing could be rolled back");
    error_hint(err, "rehearse on a connection with PRAGMA journal_mode=memory or delete");
    return MIGRATE_ERROR_REFUSED;
}

/* sqlite_sequence is there only if some table has AUTOINCREMENT. */
int32_t sqlite_positions(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    static const char settings[] = "SELECT 'user_version', user_version FROM pragma_user_version UNION ALL "
                                   "SELECT 'application_id', application_id FROM pragma_application_id";
    struct text sql = {0};
    int64_t sequences = 0;
    int32_t rc = ask(db, "SELECT count(*) FROM main.sqlite_master WHERE name = 'sqlite_sequence'", &sequences, err);

    text_add(&sql, settings);
    if (sequences > 0)
        text_add(&sql, " UNION ALL SELECT name, seq FROM main.sqlite_sequence");
    if (rc == MIGRATE_OK)
        rc = database_query(db, &sql, out, err);
    text_free(&sql);
    return rc;
}
