/* SPDX-License-Identifier: MIT
 * Between reading a schema (facts.c) and telling what is inside of its tables (inside.c). */
#ifndef DATABASE_SQLITE_READING_H
#define DATABASE_SQLITE_READING_H

#include "database/sqlite/definition.h"
#include "database/sqlite/sqlite.h"

struct sqlite_table {
    const char *name;
    char *ident, *key;
    struct sqlite_definition definition;
};

struct sqlite_reading {
    struct database *db;
    const struct database_facts_wish *wish;
    struct migrate_rows *objects, *rows, *edges;
    struct {
        struct sqlite_table *items; /* by name */
        size_t count, capacity;
    } tables;
    struct text ident, value, make, undo, key, inside; /* of the fact in hand */
    bool failed;
};

/* ---- facts.c ---- */
void sqlite_fact_begin(struct sqlite_reading *reading);
/* Of what is in the texts of the reading, which are empty afterwards. */
void sqlite_fact_end(struct sqlite_reading *reading, int64_t rank, const char *kind, const char *name);
void sqlite_piece(struct text *out, const char *before, const char *piece); /* with a blank in front unless it is the first */
const struct sqlite_table *sqlite_table_named(const struct sqlite_reading *reading, const char *name); /* NULL: there is none */
const struct sqlite_table *sqlite_table_meant(const struct sqlite_reading *reading, const char *name); /* ... as somebody wrote it */
const char *sqlite_text(const struct text *text); /* "" where it has none yet */

/* ---- inside.c: rows as the queries of facts.c give them ---- */
void sqlite_put_column(struct sqlite_reading *reading, const struct migrate_rows *rows, size_t at);
void sqlite_put_position(struct sqlite_reading *reading, const struct migrate_rows *rows, size_t at);
void sqlite_put_keys(struct sqlite_reading *reading, const struct migrate_rows *rows);
void sqlite_put_foreigns(struct sqlite_reading *reading, const struct migrate_rows *rows);
void sqlite_put_clauses(struct sqlite_reading *reading, const struct sqlite_table *table);

#endif
