/* SPDX-License-Identifier: MIT
 * Around a statement that runs outside of transactions. */
#ifndef CORE_ALONE_H
#define CORE_ALONE_H

#include "core/resume.h"

struct alone {
    struct migrate_run *run;
    const struct step *step;
    const struct script *script;
    const struct segment *segment;
    /* its own */
    struct text statement;
    struct database_probe probe; /* the newest */
};

/* Before the statement: waits, clears away or refuses what stands in its way. *done: it was found to be done, or was finished. */
int32_t alone_before(struct alone *alone, const struct resume *resume, bool *done, migrate_error **err);
/* Behind it, if it succeeded: whether that counts. */
int32_t alone_after(struct alone *alone, migrate_error **err);
/* Behind it, if it failed: clears away what it left; says so in the error. */
void alone_failed(struct alone *alone, int32_t code, migrate_error **problem);
void alone_free(struct alone *alone);

#endif
