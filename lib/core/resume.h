/* SPDX-License-Identifier: MIT
 * Where work that an earlier run left half done goes on. What was recorded of it is held against the text as it is now: a text
 * whose done part has changed is refused, with both versions of the statement that differs. */
#ifndef CORE_RESUME_H
#define CORE_RESUME_H

#include "core/run.h"

/* *done: the number of statements that are done. */
int32_t resume_at(struct migrate_run *run, const struct step *step, const struct script *script, size_t *done, migrate_error **err);

#endif
