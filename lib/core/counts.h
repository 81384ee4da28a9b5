/* SPDX-License-Identifier: MIT
 * How many rows a table has: exactly, or about, and within bounds. */
#ifndef CORE_COUNTS_H
#define CORE_COUNTS_H

#include "core/session.h"

/* A table as it is now. Texts belong to the rows that they come from. */
struct counts_table {
    const char *identity; /* that stays when it is renamed, where the engine has one; else its name */
    const char *name;     /* quoted, with its schema */
    int64_t estimate;     /* of its rows; -1: there is none */
    bool readable;        /* the role may read it */
};

/* The tables that a name stands for (schema NULL: where an unqualified name leads to, or, if that is nowhere, all of that name): rows for
 * counts_at(). key: as of guard_key(). */
int32_t counts_find(migrate_session *session, const char *schema, const char *table, struct migrate_rows **out, migrate_error **err);
int32_t counts_find_key(migrate_session *session, const char *key, struct migrate_rows **out, migrate_error **err);
struct counts_table counts_at(const struct migrate_rows *rows, size_t row);
/* The name that a table of that identity has now; rows as above, none: it is gone. */
int32_t counts_again(migrate_session *session, const char *identity, struct migrate_rows **out, migrate_error **err);

/* All rows. An error is an error. */
int32_t counts_exactly(migrate_session *session, const char *name, int64_t *out, migrate_error **err);
/* The same, or *out = -1 if it cannot be done by limit (clock_monotonic(); 0: none), or the database refuses it. A transaction that is
 * open stays good. */
int32_t counts_rows(migrate_session *session, const char *name, int64_t limit, int64_t *out, migrate_error **err);

/* "3 rows", "about 1.2 million rows". */
void counts_tell(struct text *out, int64_t count, bool about);

#endif
