/* SPDX-License-Identifier: MIT
 * Rows that refer to nothing, as a set: by the values that they refer with, because a rebuild may number its rows anew, and names may
 * change. A row that was so before does not hide one that becomes so. */
#include "database/sqlite/violations.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* A line for each row: what it refers to, "parent (column=value, ...)", a tab, and where it is, "child, rowid 1". Two rows are the same
 * if the first part is. */
static void select_values(struct text *sql, const char *table, const char *parent, const char *key, const struct migrate_rows *columns)
{
    text_add(sql, "SELECT replace(replace(");
    database_sqlite.literal(sql, parent, strlen(parent));
    text_add(sql, " || ' ('");
    for (size_t i = 0; i < rows_count(columns); i++) {
        const char *column = rows_text(columns, i, 0);
        struct text shown = {0};

        text_format(&shown, "%s%s=", i > 0 ? ", " : "", column);
        text_add(sql, " || ");
        database_sqlite.literal(sql, shown.data ? shown.data : "", shown.length);
        text_add(sql, " || quote(c.");
        database_sqlite.name_quoted(sql, NULL, column);
        text_add(sql, ")");
        sql->failed |= shown.failed;
        text_free(&shown);
    }
    text_add(sql, " || ')', char(10), ' '), char(9), ' ') || char(9) || k.\"table\" || ', rowid ' || k.rowid "
                  "FROM pragma_foreign_key_check(");
    database_sqlite.literal(sql, table, strlen(table));
    text_add(sql, ") AS k LEFT JOIN main.");
    database_sqlite.name_quoted(sql, NULL, table);
    text_format(sql, " AS c ON c.rowid = k.rowid WHERE k.fkid = %s", key);
}

/* A table without row numbers: only how many there are is known. */
static void select_count(struct text *sql, const char *table, const char *parent, const char *key)
{
    text_add(sql, "SELECT ");
    database_sqlite.literal(sql, parent, strlen(parent));
    text_add(sql, " || char(9) || k.\"table\" || ', a row' FROM pragma_foreign_key_check(");
    database_sqlite.literal(sql, table, strlen(table));
    text_format(sql, ") AS k WHERE k.fkid = %s", key);
}

static int32_t columns_of(struct database *db, const char *table, const char *key, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t code;

    text_add(&sql, "SELECT lower(\"from\") FROM pragma_foreign_key_list(");
    database_sqlite.literal(&sql, table, strlen(table));
    text_format(&sql, ") WHERE id = %s ORDER BY seq", key);
    code = database_query(db, &sql, out, err);
    text_free(&sql);
    return code;
}

static int32_t add_key(struct database *db, const struct migrate_rows *keys, size_t key, struct text *out, migrate_error **err)
{
    const char *table = rows_text(keys, key, 0), *number = rows_text(keys, key, 1), *parent = rows_text(keys, key, 2);
    struct migrate_rows *columns = NULL, *rows = NULL;
    struct text sql = {0};
    int32_t code = columns_of(db, table, number, &columns, err);

    if (code == MIGRATE_OK) {
        if (rows_int(keys, key, 3) != 0)
            select_count(&sql, table, parent, number);
        else
            select_values(&sql, table, parent, number, columns);
        code = database_query(db, &sql, &rows, err);
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        text_add(out, rows_text(rows, row, 0));
        text_add_char(out, '\n');
    }
    rows_free(rows);
    rows_free(columns);
    text_free(&sql);
    return code == MIGRATE_OK && out->failed ? error_nomem(err) : code;
}

int32_t sqlite_violations(struct database *db, struct text *out, migrate_error **err)
{
    struct migrate_rows *keys = NULL;
    int32_t code = db->class->query(
        db, "SELECT DISTINCT \"table\", fkid, lower(parent), rowid IS NULL FROM pragma_foreign_key_check", &keys, err);

    for (size_t key = 0; code == MIGRATE_OK && key < rows_count(keys); key++)
        code = add_key(db, keys, key, out, err);
    rows_free(keys);
    return code;
}

/* ---- comparing ---- */

struct lines {
    char **items;
    size_t count, capacity;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool cut(char *text, struct lines *lines)
{
    for (char *end; text != NULL && (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = '\0';
        text[strcspn(text, "\t")] = '\0';
        if (!array_reserve(lines))
            return false;
        lines->items[lines->count++] = text;
    }
    if (lines->count > 0)
        qsort(lines->items, lines->count, sizeof *lines->items, by_text);
    return true;
}

int32_t sqlite_violations_new(char *now, const char *before, size_t most, size_t *count, struct text *out, migrate_error **err)
{
    struct lines a = {0}, b = {0};
    char *copy = memory_text(before);
    int32_t code = copy && cut(now, &a) && cut(copy, &b) ? MIGRATE_OK : error_nomem(err);

    *count = 0;
    for (size_t i = 0, k = 0; code == MIGRATE_OK && i < a.count; i++) {
        const char *line = a.items[i];

        while (k < b.count && strcmp(b.items[k], line) < 0)
            k++;
        if (k < b.count && strcmp(b.items[k], line) == 0)
            k++;
        else if ((*count)++ < most)
            text_format(out, "%s%s: no such row in %s", out->length > 0 ? "\n" : "", line + strlen(line) + 1, line);
    }
    memory_free(a.items);
    memory_free(b.items);
    memory_free(copy);
    return code == MIGRATE_OK && out->failed ? error_nomem(err) : code;
}
