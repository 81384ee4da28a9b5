/* SPDX-License-Identifier: MIT
 * Where work that an earlier run left half done goes on. What was recorded of it is held against the text as it is now: a text
 * whose done part has changed is refused, with both versions of the statement that differs. */
#ifndef CORE_RESUME_H
#define CORE_RESUME_H

#include "core/run.h"

struct resume {
    size_t done;          /* statements that are done */
    size_t begun;         /* the lone one behind them that our own row names, counted from 1; 0: none */
    char hash[DIGEST_HEX]; /* of that */
    bool unsure;          /* its end was never recorded; else the database said that it failed */
    int64_t seq;          /* of the first row that was recorded of the work; 0: there is none */
};
const char *step_checksum(const struct step *step); /* never NULL */
/* The lone statement that the run knows of is that one of this step. */
bool run_alone_is(const struct migrate_run *run, const struct step *step, size_t statement);
int32_t resume_at(struct migrate_run *run, const struct step *step, const struct script *script, struct resume *out, migrate_error **err);
/* The error for an end that nobody knows, and that cannot be found out. */
int32_t resume_unknown(const struct step *step, const struct script *script, size_t begun, migrate_error **err);

#endif
