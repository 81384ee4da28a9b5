/* SPDX-License-Identifier: MIT
 * The care that a migration needs which drops or renames tables that others refer to (SQLite); see
 * database/sqlite/rebuild.c for what is done, this for when. */
#ifndef CORE_REBUILD_H
#define CORE_REBUILD_H

#include "core/run.h"

/* Whether the script needs it: it drops or renames a table that others refer to, or it has a wish about foreign keys. */
int32_t rebuild_needed(struct migrate_run *run, const struct script *script, bool *out, migrate_error **err);

#endif
