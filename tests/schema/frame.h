/* SPDX-License-Identifier: MIT
 * What tests of the way from one schema to another share: databases with sample rows, the way found and run as a migration, and what
 * became of the rows. */
#ifndef TESTS_SCHEMA_FRAME_H
#define TESTS_SCHEMA_FRAME_H

#include "frame_any.h"

#include <sqlite3.h>

/* ---- databases ---- */
struct database *frame_open(const char *sql); /* in memory, with that in it; foreign keys are enforced afterwards */
struct database *frame_copy(struct database *db); /* with its rows */
char *frame_ask(struct database *db, const char *sql); /* rows by lines, values by | */
struct facts frame_facts(struct database *db);
void frame_fill(struct database *db, size_t rows); /* some rows in every table that takes any */

/* ---- the way ---- */
struct frame_way {
    struct changes changes;
    char *sql;
    bool good;      /* nothing is left out, and it was proven */
    char *left_out; /* what, and why */
};
/* From the schema of a database to that of another, tried on a clone. */
struct frame_way frame_find(struct database *from, const struct facts *to, const struct fact_renamed *renamed, size_t count, bool same);
void frame_way_free(struct frame_way *way);
/* Runs SQL as a migration of the library's on a handle that enforces foreign keys. NULL: it worked; else why not. */
char *frame_migrate(struct database *db, const char *sql);

/* ---- what became of it ---- */
/* The rows of what two schemas have in common; side 0: by the names of the first one. */
char *frame_rows(struct database *db, int side, const struct facts *first, const struct facts *second, const struct fact_renamed *renamed,
                 size_t count);
char *frame_sound(struct database *db); /* foreign keys and integrity; NULL: all is well */

#endif
