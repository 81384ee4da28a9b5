/* SPDX-License-Identifier: MIT
 * The schema of a database once more, in memory and without its rows: a place to try things. It is read through the connection itself,
 * so it is the schema as the open transaction sees it, and made by running SQLite's stored text again, statement by statement. */
#include "database/sqlite/sqlite.h"
#include "util/memory.h"

/* Everything that has a text, but SQLite's own tables and those that a virtual table's module makes by itself. Older libraries do not say
 * which these are: there the name tells. */
static void add_query(struct text *sql, const struct database *like)
{
    text_add(sql, "SELECT sql, type, name FROM main.sqlite_master AS m WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' AND NOT ");
    if (sqlite_version_at_least(like, 37))
        text_add(sql, "(type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_list AS l WHERE l.schema = 'main' AND l.type = 'shadow' "
                      "AND l.name = m.name))");
    else
        text_add(sql, "(type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND EXISTS (SELECT 1 FROM main.sqlite_master AS v WHERE v.sql "
                      "LIKE 'CREATE VIRTUAL%' AND substr(m.name, 1, length(v.name) + 1) = v.name || '_'))");
    text_add(sql, " ORDER BY rowid");
}

static int32_t refuse(const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    const char *statement = rows_text(rows, row, 0);
    char *why = *err != NULL ? memory_text((*err)->message) : NULL;
    int32_t code = error_set(err, MIGRATE_ERROR_SHADOW, "the schema cannot be copied to try things there: the %s %s cannot be made%s%s",
                             rows_text(rows, row, 1), rows_text(rows, row, 2), why != NULL ? ": " : "", why != NULL ? why : "");

    memory_free(why);
    error_statement(err, statement, rows_text_length(rows, row, 0));
    error_hint(err, "functions, collations and modules that the application registers are absent in the copy");
    return code;
}

/* The lack of memory, a cancel, a deadline are no fault of the statement. */
static bool is_statement(int32_t code)
{
    return code == MIGRATE_ERROR_SQL;
}

static int32_t replay(struct database *clone, const struct migrate_rows *rows, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc = database_exec(clone, "BEGIN", err);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        rc = database_exec(clone, rows_text(rows, row, 0), &problem);
        if (is_statement(rc))
            rc = refuse(rows, row, &problem);
        if (rc != MIGRATE_OK)
            error_move(err, &problem);
    }
    return rc == MIGRATE_OK ? database_exec(clone, "COMMIT", err) : rc;
}

static int32_t same_settings(struct database *like, struct database *clone, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = like->class->query(like, "PRAGMA legacy_alter_table", &rows, err);

    if (rc == MIGRATE_OK && rows_count(rows) > 0)
        rc = database_exec(clone, rows_int(rows, 0, 0) != 0 ? "PRAGMA legacy_alter_table = ON" : "PRAGMA legacy_alter_table = OFF", err);
    rows_free(rows);
    return rc;
}

int32_t sqlite_clone_schema(struct database *like, struct database **out, migrate_error **err)
{
    struct database *clone = NULL;
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc = sqlite_open_memory(like, &clone, err);

    if (rc != MIGRATE_OK)
        return rc;
    add_query(&sql, like);
    rc = database_query(like, &sql, &rows, err);
    if (rc == MIGRATE_OK)
        rc = same_settings(like, clone, err);
    if (rc == MIGRATE_OK)
        rc = replay(clone, rows, err);
    rows_free(rows);
    text_free(&sql);
    if (rc == MIGRATE_OK)
        *out = clone;
    else
        database_close(clone);
    return rc;
}
