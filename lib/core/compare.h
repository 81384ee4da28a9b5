/* SPDX-License-Identifier: MIT
 * The build's migrations against the history: what each one is, and what the policies say of it. */
#ifndef CORE_COMPARE_H
#define CORE_COMPARE_H

#include "core/history.h"

enum item_state {
    ITEM_APPLIED,
    ITEM_PENDING,
    ITEM_LATE,     /* pending, numbered lower than an applied one */
    ITEM_MODIFIED, /* applied, checksum differs */
    ITEM_MISSING,  /* applied, not in the source, and not ahead */
    ITEM_RENAMED,  /* in the source under a new id; .applied is the old one */
    ITEM_AHEAD,    /* applied, not in the source, recorded after the last one that is or numbered above all that are */
    ITEM_STATES
};

struct item {
    const struct migration *migration; /* NULL: missing, ahead */
    const struct applied *applied;     /* NULL: pending, late */
    const struct past *trace;         /* may be NULL */
    enum item_state state;
    bool cosmetic;                     /* modified in comments and white space only */
};

struct comparison {
    struct item *items; /* in running order; what only the history knows stands where its id would */
    size_t count;
    size_t counts[ITEM_STATES];
    bool breaking_ahead;
};
int32_t compare(const struct source *source, const struct history *history, struct comparison *out, migrate_error **err);
void comparison_free(struct comparison *comparison);

const char *item_state_name(enum item_state state);
const char *item_id(const struct item *item);

/* What a policy has to say. */
enum policy { POLICY_ALLOW, POLICY_WARN, POLICY_FAIL };
enum policy policy_of(const migrate_session *session, const struct comparison *comparison, enum item_state state);

/* What is wrong with an item in that state, and what to do. */
const char *policy_what(enum item_state state);
const char *policy_hint(enum item_state state);

/* The error for all items in that state. */
int32_t policy_error(const struct comparison *comparison, enum item_state state, migrate_error **err);

#endif
