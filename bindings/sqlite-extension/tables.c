/* SPDX-License-Identifier: MIT
 * The tables that tell: migrate_history, migrate_plan, migrate_status. Their arguments are hidden columns. */
#include "extension.h"

#include <string.h>

enum { ARGUMENTS = 9 }; /* the directory, and as many "key=value" */
#define HIDDEN "dir HIDDEN, o1 HIDDEN, o2 HIDDEN, o3 HIDDEN, o4 HIDDEN, o5 HIDDEN, o6 HIDDEN, o7 HIDDEN, o8 HIDDEN"

typedef int32_t (*look_fn)(struct call *call, migrate_rows **out);

static int32_t history(struct call *call, migrate_rows **out)
{
    return migrate_history(call->session, out, &call->error);
}

static int32_t status(struct call *call, migrate_rows **out)
{
    return migrate_status(call->session, out, &call->error);
}

static int32_t plan(struct call *call, migrate_rows **out)
{
    migrate_plan *made = NULL;
    int32_t code = migrate_plan_make(call->session, call->target, &made, &call->error);
    if (code == MIGRATE_OK)
        code = migrate_plan_rows(made, out, &call->error);
    migrate_plan_free(made);
    return code;
}

/* The columns of migrate.h; a test holds them against the library's. */
static const struct kind {
    const char *name;
    look_fn look;
    int columns;
    const char *declaration;
} kinds[] = {
    {"migrate_history", history, 20,
     "CREATE TABLE x(seq INTEGER, event TEXT, effect TEXT, kind TEXT, id TEXT, name TEXT, at INTEGER, duration_us INTEGER, run TEXT, "
     "db_user TEXT, actor TEXT, host TEXT, application TEXT, library TEXT, reason TEXT, error TEXT, checksum TEXT, statement INTEGER, "
     "breaking INTEGER, fingerprint TEXT, " HIDDEN ")"},
    {"migrate_plan", plan, 13,
     "CREATE TABLE x(number INTEGER, id TEXT, name TEXT, kind TEXT, direction TEXT, action TEXT, file TEXT, \"transaction\" TEXT, "
     "reversible TEXT, stored INTEGER, checksum TEXT, breaking INTEGER, segments INTEGER, " HIDDEN ")"},
    {"migrate_status", status, 13,
     "CREATE TABLE x(id TEXT, name TEXT, kind TEXT, state TEXT, at INTEGER, duration_us INTEGER, actor TEXT, file TEXT, reversible TEXT, "
     "checksum TEXT, recorded_checksum TEXT, note TEXT, breaking INTEGER, " HIDDEN ")"},
};

struct table {
    sqlite3_vtab base;
    sqlite3 *db;
    const struct kind *kind;
    unsigned integers; /* bit n: column n is an integer */
};

struct cursor {
    sqlite3_vtab_cursor base;
    migrate_rows *rows;
    size_t row;
    sqlite3_value *arguments[ARGUMENTS]; /* copies; NULL: not given */
};

/* Which columns of the declaration are integers. */
static unsigned integer_columns(const struct kind *kind)
{
    unsigned bits = 0;
    const char *p = strchr(kind->declaration, '(') + 1;
    for (int i = 0; i < kind->columns; i++) {
        const char *comma = strchr(p, ',');
        if (memcmp(comma - 7, "INTEGER", 7) == 0)
            bits |= 1u << i;
        p = comma + 1;
    }
    return bits;
}

static int connect_table(sqlite3 *db, void *kind, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
    (void)argc, (void)argv, (void)message;
    int code = sqlite3_declare_vtab(db, ((const struct kind *)kind)->declaration);
    if (code != SQLITE_OK)
        return code;
    sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
    struct table *table = sqlite3_malloc(sizeof *table);
    if (!table)
        return SQLITE_NOMEM;
    *table = (struct table){.db = db, .kind = kind, .integers = integer_columns(kind)};
    *out = &table->base;
    return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* idxNum has a bit for each argument that is given. */
static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct table *table = (const struct table *)base;
    int position[ARGUMENTS] = {0}, next = 0; /* of the constraint, from 1 */
    for (int i = 0; i < info->nConstraint; i++) {
        int argument = info->aConstraint[i].iColumn - table->kind->columns;
        if (argument < 0 || argument >= ARGUMENTS || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!info->aConstraint[i].usable)
            return SQLITE_CONSTRAINT; /* the table that the argument comes from has to be outside */
        position[argument] = i + 1;
    }
    for (int i = 0; i < ARGUMENTS; i++) {
        if (position[i] == 0)
            continue;
        info->aConstraintUsage[position[i] - 1].argvIndex = ++next;
        info->aConstraintUsage[position[i] - 1].omit = 1;
        info->idxNum |= 1 << i;
    }
    info->estimatedCost = 100000;
    info->estimatedRows = 100;
    return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    struct cursor *cursor = sqlite3_malloc(sizeof *cursor);
    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (struct cursor){0};
    *out = &cursor->base;
    return SQLITE_OK;
}

static void empty(struct cursor *cursor)
{
    migrate_rows_free(cursor->rows);
    cursor->rows = NULL;
    cursor->row = 0;
    for (int i = 0; i < ARGUMENTS; i++) {
        sqlite3_value_free(cursor->arguments[i]);
        cursor->arguments[i] = NULL;
    }
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
    empty((struct cursor *)cursor);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* Everything is read at once: the rows do not change while they are fetched. */
static int look(struct table *table, struct cursor *cursor, int count, sqlite3_value **arguments)
{
    struct call call;
    int code = SQLITE_OK;
    if (!call_begin(&call, table->db, false, count, arguments) || table->kind->look(&call, &cursor->rows) < 0) {
        char *message = call_failure(&call, &code);
        if (!message)
            code = SQLITE_NOMEM;
        sqlite3_free(table->base.zErrMsg);
        table->base.zErrMsg = message;
    }
    call_end(&call);
    return code;
}

static int filter(sqlite3_vtab_cursor *base, int given, const char *unused, int count, sqlite3_value **values)
{
    struct cursor *cursor = (struct cursor *)base;
    struct table *table = (struct table *)base->pVtab;
    sqlite3_value *arguments[ARGUMENTS];
    int next = 0, kept = 0;
    (void)unused, (void)count;
    empty(cursor);
    for (int i = 0; i < ARGUMENTS; i++) {
        if (!(given & 1 << i))
            continue;
        cursor->arguments[i] = sqlite3_value_dup(values[next++]);
        if (!cursor->arguments[i])
            return SQLITE_NOMEM;
        arguments[kept++] = cursor->arguments[i];
    }
    if (!(given & 1)) {
        sqlite3_free(base->pVtab->zErrMsg);
        base->pVtab->zErrMsg = sqlite3_mprintf("%s: the first argument is the directory with the migrations", table->kind->name);
        return SQLITE_ERROR;
    }
    return look(table, cursor, kept, arguments);
}

static int next_row(sqlite3_vtab_cursor *cursor)
{
    ((struct cursor *)cursor)->row++;
    return SQLITE_OK;
}

static int at_end(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)base;
    return cursor->row >= migrate_rows_count(cursor->rows);
}

static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)((struct cursor *)cursor)->row;
    return SQLITE_OK;
}

/* By the column's name: the library may have come to give more of them. */
static size_t place(const struct kind *kind, const migrate_rows *rows, int column)
{
    char name[64];
    const char *p = strchr(kind->declaration, '(') + 1;
    while (column-- > 0)
        p = strchr(p, ',') + 2;
    p += *p == '"';
    size_t length = strcspn(p, " \"");
    memcpy(name, p, length);
    name[length] = '\0';
    return migrate_rows_column_index(rows, name);
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int number)
{
    const struct cursor *cursor = (const struct cursor *)base;
    const struct table *table = (const struct table *)base->pVtab;
    if (number >= table->kind->columns) {
        sqlite3_value *argument = cursor->arguments[number - table->kind->columns];
        if (argument)
            sqlite3_result_value(context, argument);
        return SQLITE_OK;
    }
    size_t at = place(table->kind, cursor->rows, number);
    if (at == MIGRATE_NONE || migrate_rows_is_null(cursor->rows, cursor->row, at))
        return SQLITE_OK;
    if (table->integers & 1u << number)
        sqlite3_result_int64(context, migrate_rows_int(cursor->rows, cursor->row, at));
    else
        sqlite3_result_text64(context, migrate_rows_text(cursor->rows, cursor->row, at), migrate_rows_text_length(cursor->rows, cursor->row, at),
                              SQLITE_TRANSIENT, SQLITE_UTF8);
    return SQLITE_OK;
}

int tables_register(sqlite3 *db)
{
    /* Without xCreate: they are there in every schema, and no CREATE VIRTUAL TABLE can keep one. */
    static const sqlite3_module module = {
        .xConnect = connect_table,
        .xBestIndex = best_index,
        .xDisconnect = disconnect,
        .xOpen = open_cursor,
        .xClose = close_cursor,
        .xFilter = filter,
        .xNext = next_row,
        .xEof = at_end,
        .xColumn = column,
        .xRowid = rowid,
    };
    int code = SQLITE_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && code == SQLITE_OK; i++)
        code = sqlite3_create_module_v2(db, kinds[i].name, &module, (void *)&kinds[i], NULL);
    return code;
}
