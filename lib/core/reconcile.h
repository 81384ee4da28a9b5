/* SPDX-License-Identifier: MIT
 * Bringing in what is missing of the declared schema: found by comparing, added in a step of a run. */
#ifndef CORE_RECONCILE_H
#define CORE_RECONCILE_H

#include "core/declared.h"
#include "core/run.h"

enum missing_done { MISSING_ADDED, MISSING_FOUND, MISSING_LEFT };
struct missing {
    enum missing_done done;
    const char *kind, *ident;
    const char *sql;    /* NULL: there is none */
    const char *reason; /* of what is left */
};

/* What was found, and what became of it. Ends with reconcile_free(); a zeroed struct is fine. */
struct reconcile {
    struct missing *items;
    size_t count, capacity;
    size_t added, missing, left; /* missing: not there, whether it could be added or not */
    bool ran;                    /* the step did */
    bool remember;               /* asked for: the history is to remember that nothing is missing */
    char digest[DIGEST_HEX], fingerprint[DIGEST_HEX]; /* of that; "": there is nothing to remember */
    struct arena arena;
};
void reconcile_free(struct reconcile *reconcile);

/* Compares only; changes nothing. */
int32_t reconcile_look(migrate_session *session, struct reconcile *out, migrate_error **err);

/* ---- in a run whose request asks for it ---- */

#define RECONCILE_ID "declared" /* of the step, and of its row in the history */

/* Appends the step if anything is to be done, or is not known. table: there is a history. */
int32_t reconcile_plan(migrate_session *session, struct migrate_plan *plan, bool table, migrate_error **err);
/* Something is missing now, or that is not known. */
int32_t reconcile_needed(migrate_session *session, bool table, bool *out, migrate_error **err);
/* Under the lock, and before a transaction is open: sees to it that the step has what it will compare with. */
int32_t reconcile_prepare(struct migrate_run *run, migrate_error **err);
/* The step's work, in the open transaction: looks again, and adds. */
int32_t reconcile_work(struct migrate_run *run, migrate_error **err);
/* Its row in the history; *any: false where it added nothing. Texts live as long as the request's struct reconcile. */
int32_t reconcile_entry(struct migrate_run *run, struct history_entry *out, bool *any, migrate_error **err);

/* ---- start-up ---- */

/* As verb_apply() for everything pending, with the step behind it. */
int32_t reconcile_apply(migrate_session *session, migrate_rows **out, migrate_error **err);
/* A warning for what is missing. */
int32_t reconcile_report(migrate_session *session, migrate_error **err);

#endif
