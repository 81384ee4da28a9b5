/* SPDX-License-Identifier: MIT
 * Rows that refer to nothing, before a rebuild and behind it. */
#ifndef DATABASE_SQLITE_VIOLATIONS_H
#define DATABASE_SQLITE_VIOLATIONS_H

#include "database/sqlite/sqlite.h"

/* A line for each. */
int32_t sqlite_violations(struct database *db, struct text *out, migrate_error **err);
/* Those that were not there before: how many, and the first of them, as a person reads them, in out. now is cut up. */
int32_t sqlite_violations_new(char *now, const char *before, size_t most, size_t *count, struct text *out, migrate_error **err);

#endif
