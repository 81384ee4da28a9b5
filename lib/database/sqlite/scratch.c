/* SPDX-License-Identifier: MIT
 * Scratch databases in memory (there always is room for one, whatever shadow_url says), with what a connection was told that decides over how SQL is taken. What the host added to its own handle
 * (functions, collations, modules) is not there. */
#include "database/sqlite/connection.h"
#include "util/memory.h"

/* Of the file, before anything is in it; and of the connection. */
static const char *const pragmas[] = {"page_size",           "encoding",       "auto_vacuum",             "foreign_keys",
                                      "legacy_alter_table",  "trusted_schema", "ignore_check_constraints", "recursive_triggers"};

static int32_t copy_pragma(struct database *from, struct database *to, const char *pragma, migrate_error **err)
{
    struct migrate_rows *rows = NULL, *ignored = NULL;
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "PRAGMA %s", pragma);
    rc = database_query(from, &sql, &rows, err);
    if (rc == MIGRATE_OK && rows_text(rows, 0, 0) != NULL) {
        text_add(&sql, " = ");
        database_sqlite.literal(&sql, rows_text(rows, 0, 0), rows_text_length(rows, 0, 0));
        rc = database_query(to, &sql, &ignored, err);
    }
    rows_free(ignored);
    rows_free(rows);
    text_free(&sql);
    return rc;
}

/* The history is in a database that the host attached. */
static int32_t attach(struct database *db, const char *schema, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "ATTACH ':memory:' AS ");
    database_sqlite.name_quoted(&sql, NULL, schema);
    rc = database_exec_text(db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

int32_t sqlite_scratch_open(struct database *like, const struct database_scratch_wish *wish, struct database **out,
                            migrate_error **err)
{
    struct database_options options = {.create = true, .watch = like->watch};
    struct database *db = NULL;
    int32_t rc;

    if (like->class == &sqlite_connection)
        rc = sqlite_open_memory(like, &db, err);
    else
        rc = database_open("sqlite::memory:", &options, &db, err);
    if (rc != MIGRATE_OK)
        return rc;
    for (size_t i = 0; rc == MIGRATE_OK && i < sizeof pragmas / sizeof pragmas[0]; i++)
        rc = copy_pragma(like, db, pragmas[i], err);
    if (rc == MIGRATE_OK && !text_equal(wish->schema, database_sqlite.default_schema))
        rc = attach(db, wish->schema, err);
    if (rc != MIGRATE_OK) {
        database_close(db);
        return rc;
    }
    *out = db;
    return MIGRATE_OK;
}

int32_t sqlite_scratch_close(struct database *scratch, migrate_error **err)
{
    (void)err;
    database_close(scratch);
    return MIGRATE_OK;
}

/* Another file is opened or made. */
bool sqlite_reaches_beyond(const char *statement, size_t length)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_sqlite, statement, length);
    if (sql_reader_take(&reader, "vacuum"))
        return sql_reader_seek(&reader, "into");
    if (!sql_reader_take(&reader, "attach"))
        return false;
    sql_reader_take(&reader, "database");
    return !(reader.token.kind == SQL_STRING && (reader.token.length == 2 || (reader.token.length == 10 &&
             text_equal_nocase_n(statement + reader.token.offset, "':memory:'", 10))));
}
