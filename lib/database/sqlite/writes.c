/* SPDX-License-Identifier: MIT
 * What a migration writes into tables, as far as SQLite tells: how many rows in all were changed, and by its words which table a
 * statement writes to. */
#include "database/sqlite/definition.h"
#include "database/sqlite/sqlite.h"
#include "sql/sql.h"

#include <string.h>

/* The key of a table's fact, and whether it holds rows; the row without a key has the count of changes. */
int32_t sqlite_writes_begin(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"key", "held"};
    struct migrate_rows *rows = rows_new(columns, 2), *tables = NULL, *found = NULL;
    struct text sql = {0}, key = {0};
    int32_t rc;

    text_add(&sql, "SELECT name FROM main.sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND substr(name, 1, 7) <> "
                   "'sqlite_' AND name <> ");
    database_sqlite.literal(&sql, wish->table, strlen(wish->table));
    rc = database_query(db, &sql, &tables, err);
    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(tables); i++) {
        text_clear(&sql);
        text_add(&sql, "SELECT EXISTS(SELECT 1 FROM ");
        database_sqlite.name_quoted(&sql, "main", rows_text(tables, i, 0));
        text_add(&sql, ")");
        rc = database_query(db, &sql, &found, err);
        sqlite_key(&key, rows_text(tables, i, 0));
        rows_put_text(rows, key.failed ? NULL : key.data);
        rows_put_int(rows, rows_int(found, 0, 0));
        text_clear(&key);
        rows_free(found);
        found = NULL;
    }
    if (rc == MIGRATE_OK)
        rc = db->class->query(db, "SELECT total_changes()", &found, err);
    rows_put_text(rows, "");
    rows_put_int(rows, rows_int(found, 0, 0));
    rows_free(found);
    rows_free(tables);
    text_free(&sql);
    if (rc == MIGRATE_OK && key.failed)
        rc = error_nomem(err);
    text_free(&key);
    if (rc == MIGRATE_OK)
        return rows_finish(rows, out, err);
    rows_free(rows);
    return rc;
}

int32_t sqlite_writes_since(struct database *db, const struct migrate_rows *baseline, struct text *uncovered, struct text *written,
                            migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    size_t last = rows_count(baseline);
    int32_t rc = db->class->query(db, "SELECT total_changes()", &rows, err);
    int64_t count;

    (void)uncovered; /* everything that a schema has stands in one table */
    if (rc != MIGRATE_OK)
        return rc;
    count = rows_int(rows, 0, 0) - (last > 0 ? rows_int(baseline, last - 1, 1) : 0);
    rows_free(rows);
    if (count > 0)
        text_format(written, "%lld in all", (long long)count);
    return MIGRATE_OK;
}

bool sqlite_writes_had_rows(const struct migrate_rows *baseline, const char *key)
{
    for (size_t i = 0; i < rows_count(baseline); i++) {
        if (text_equal(rows_text(baseline, i, 0), key))
            return rows_int(baseline, i, 1) != 0;
    }
    return false;
}

/* Moves behind the word that says so. WITH ... comes before it, with words of its own in parentheses. */
static bool take_write(struct sql_reader *reader)
{
    static const char *const words[] = {"insert", "replace", "update", "delete"};
    bool with = sql_reader_take(reader, "with");

    for (size_t depth = 0; reader->token.kind != SQL_END; sql_reader_next(reader)) {
        depth += reader->token.kind == SQL_OPEN;
        depth -= reader->token.kind == SQL_CLOSE && depth > 0;
        for (size_t i = 0; depth == 0 && i < sizeof words / sizeof *words; i++) {
            if (sql_reader_take(reader, words[i]))
                return true;
        }
        if (!with)
            return false;
    }
    return false;
}

/* The last part of schema.name as the key of its fact. */
static void take_table(struct sql_reader *reader, struct text *out)
{
    struct text name = {0};

    while (reader->token.kind == SQL_WORD || reader->token.kind == SQL_NAME || reader->token.kind == SQL_STRING) {
        text_clear(&name);
        sqlite_unquoted(&name, reader->text + reader->token.offset, reader->token.length);
        sql_reader_next(reader);
        if (reader->token.kind != SQL_SYMBOL || reader->text[reader->token.offset] != '.')
            break;
        sql_reader_next(reader);
    }
    if (name.length > 0)
        sqlite_key(out, name.data);
    out->failed |= name.failed;
    text_free(&name);
}

bool sqlite_writes_rows(const char *statement, size_t length, struct text *table)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_sqlite, statement, length);
    if (!take_write(&reader))
        return false;
    if (sql_reader_take(&reader, "or"))
        sql_reader_next(&reader);
    if (!sql_reader_take(&reader, "into"))
        sql_reader_take(&reader, "from");
    take_table(&reader, table);
    return true;
}
