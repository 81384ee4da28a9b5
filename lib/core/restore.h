/* SPDX-License-Identifier: MIT
 * What a run knows of a restore that it is a part of. */
#ifndef CORE_RESTORE_H
#define CORE_RESTORE_H

#include "core/run.h"

/* Behind the run's lock: what is there is kept, and what is wanted takes its place, where that was not done before. The plan is made again. */
int32_t restore_under_lock(struct migrate_run *run, migrate_error **err);
/* Where what was there is kept; NULL: nowhere. */
const char *restore_safe(const struct restore *restore);

#endif
