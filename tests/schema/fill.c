/* SPDX-License-Identifier: MIT
 * Sample rows for every table of a SQLite database, whatever it asks for: values by type, parents that are there, and several guesses. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

enum { GUESSES = 7, PASSES = 3 };

struct filling {
    struct database *db;
    const char *table;
    struct migrate_rows *columns, *parents; /* name, type, not null, primary key; column, parent, parent's column */
    char *word;                             /* that some CHECK speaks of */
};

static void quoted(struct text *out, const char *name)
{
    database_sqlite.name_quoted(out, NULL, name);
}

static struct migrate_rows *query(struct database *db, const char *sql, const char *table)
{
    struct migrate_rows *rows = NULL;
    struct text text = {0};

    text_add(&text, sql);
    database_sqlite.literal(&text, table, strlen(table));
    text_add(&text, ")");
    if (database_query(db, &text, &rows, NULL) != MIGRATE_OK)
        frame_die("%s", text.data);
    text_free(&text);
    return rows;
}

static bool has(const char *type, const char *word)
{
    size_t length = strlen(word);

    for (; *type != '\0'; type++) {
        if (text_equal_nocase_n(type, word, length) && strlen(type) >= length)
            return true;
    }
    return false;
}

static void add_value(struct text *out, const char *type, size_t row, int guess, const char *word)
{
    if (has(type, "INT") || has(type, "BOOL"))
        text_format(out, "%zu", guess == 1 ? row % 2 : guess == 4 ? row + 100 : row);
    else if (has(type, "REAL") || has(type, "FLOA") || has(type, "DOUB"))
        text_format(out, "%zu.5", guess == 4 ? row + 100 : row);
    else if (has(type, "BLOB"))
        text_format(out, "x'%02zx'", row);
    else if (has(type, "DATE") || has(type, "TIME"))
        text_format(out, "'2020-01-%02zu 00:00:00'", 1 + row % 28);
    else if (guess == 2)
        text_add(out, "''");
    else if (guess == 3 && word != NULL)
        database_sqlite.literal(out, word, strlen(word));
    else if (guess == 5)
        text_format(out, "'{\"a\":%zu}'", row);
    else
        text_format(out, "'it''s %zu'", row);
}

/* A row of the parent, whichever; NULL where it has none. */
static bool add_parent(struct text *out, const struct filling *filling, const char *column, size_t row)
{
    for (size_t i = 0; i < rows_count(filling->parents); i++) {
        const char *there = rows_text(filling->parents, i, 2);
        if (!text_equal_nocase(rows_text(filling->parents, i, 0), column))
            continue;
        text_add(out, "(SELECT ");
        if (there != NULL)
            quoted(out, there);
        else
            text_add(out, "rowid");
        text_add(out, " FROM ");
        quoted(out, rows_text(filling->parents, i, 1));
        text_add(out, " LIMIT 1 OFFSET (SELECT ");
        text_format(out, "%zu %% max(1, count(*)) FROM ", row);
        quoted(out, rows_text(filling->parents, i, 1));
        text_add(out, "))");
        return true;
    }
    return false;
}

static bool insert(const struct filling *filling, size_t row, int guess)
{
    struct text sql = {0}, values = {0};
    bool good;

    text_add(&sql, "INSERT INTO ");
    quoted(&sql, filling->table);
    text_add(&sql, " (");
    for (size_t i = 0; i < rows_count(filling->columns); i++) {
        const char *name = rows_text(filling->columns, i, 0), *type = rows_text(filling->columns, i, 1);
        bool must = rows_int(filling->columns, i, 2) != 0 || rows_int(filling->columns, i, 3) != 0;
        text_add(&sql, i > 0 ? ", " : "");
        text_add(&values, i > 0 ? ", " : "");
        quoted(&sql, name);
        if (!must && (guess == 6 || (row + i) % 5 == 4))
            text_add(&values, "NULL");
        else if (!add_parent(&values, filling, name, row))
            add_value(&values, type != NULL ? type : "", row, guess, filling->word);
    }
    text_format(&sql, ") VALUES (%s)", values.data != NULL ? values.data : "");
    good = database_exec(filling->db, sql.data, NULL) == MIGRATE_OK;
    text_free(&sql);
    text_free(&values);
    return good;
}

/* The first string in the text of the table's CHECKs. */
static char *find_word(struct database *db, const char *table)
{
    struct migrate_rows *rows = query(db, "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = (", table);
    const char *check = rows_count(rows) > 0 ? strstr(rows_text(rows, 0, 0), "CHECK") : NULL;
    const char *quote = check != NULL ? strchr(check, '\'') : NULL;
    char *word = quote != NULL && strchr(quote + 1, '\'') != NULL ? strndup(quote + 1, strcspn(quote + 1, "'")) : NULL;

    rows_free(rows);
    return word;
}

static size_t count_rows(struct database *db, const char *table)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    size_t count;

    text_add(&sql, "SELECT count(*) FROM ");
    quoted(&sql, table);
    count = database_query(db, &sql, &rows, NULL) == MIGRATE_OK ? (size_t)rows_int(rows, 0, 0) : SIZE_MAX;
    rows_free(rows);
    text_free(&sql);
    return count;
}

static void fill_table(struct database *db, const char *table, size_t wanted)
{
    struct filling filling = {.db = db, .table = table};

    if (count_rows(db, table) >= wanted)
        return;
    filling.columns = query(db, "SELECT name, type, \"notnull\", pk FROM pragma_table_info(", table);
    filling.parents = query(db, "SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list(", table);
    filling.word = find_word(db, table);
    for (size_t row = 1; row <= wanted; row++) {
        for (int guess = 0; guess < GUESSES && !insert(&filling, row, guess); guess++)
            continue;
    }
    rows_free(filling.columns);
    rows_free(filling.parents);
    free(filling.word);
}

/* Parents may come later in the list than their children, so it is gone through more than once. In the end the highest row of those that
 * count goes, so that the counter is above all that are there. */
void frame_fill(struct database *db, size_t rows)
{
    struct migrate_rows *tables = NULL;
    struct text sql = {0};

    if (db->class->query(db,
                         "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
                         "ESCAPE '\\' AND name <> 'libmigrate_history' AND sql NOT LIKE 'CREATE VIRTUAL%'",
                         &tables, NULL) != MIGRATE_OK)
        frame_die("no list of tables");
    for (int pass = 0; pass < PASSES; pass++) {
        for (size_t i = 0; i < rows_count(tables); i++)
            fill_table(db, rows_text(tables, i, 0), rows);
    }
    for (size_t i = 0; i < rows_count(tables); i++) {
        text_clear(&sql);
        text_add(&sql, "DELETE FROM ");
        quoted(&sql, rows_text(tables, i, 0));
        text_add(&sql, " WHERE rowid = (SELECT max(rowid) FROM ");
        quoted(&sql, rows_text(tables, i, 0));
        text_add(&sql, ")");
        if (rows_int(tables, i, 1) != 0)
            database_exec(db, sql.data, NULL);
    }
    text_free(&sql);
    rows_free(tables);
}
