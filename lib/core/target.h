/* SPDX-License-Identifier: MIT
 * What a caller means by a target: "+3", "007", "empty", "only:009_x". */
#ifndef CORE_TARGET_H
#define CORE_TARGET_H

#include "core/compare.h"

enum target_kind { TARGET_DEFAULT, TARGET_STEPS, TARGET_ID, TARGET_EMPTY, TARGET_ONLY };

struct target {
    enum target_kind kind;
    int64_t steps;           /* > 0 up, < 0 down */
    const struct item *item; /* TARGET_ID, TARGET_ONLY: belongs to the comparison */
};

/* MIGRATE_ERROR_TARGET if no versioned migration, or more than one, fits. */
int32_t target_read(const struct comparison *comparison, const char *text, struct target *out, migrate_error **err);

#endif
