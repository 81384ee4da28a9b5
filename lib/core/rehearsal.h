/* SPDX-License-Identifier: MIT
 * A rehearsal: a run with a look at what each statement did, of which nothing stays. In the database itself all steps share one
 * transaction, which is rolled back; what cannot be rolled back is run in a scratch database, where steps commit as in any run. */
#ifndef CORE_REHEARSAL_H
#define CORE_REHEARSAL_H

#include "core/run.h"

/* What is about to be run. */
struct rehearsed_at {
    const char *sql, *file;
    size_t length, number; /* number: in the migration, from 1 */
    int64_t line, column;
};

/* A statement that was run; or, with a reason and without a number, a step that was not. */
struct rehearsed {
    const char *id, *sql, *file, *where, *lock, *locked, *rewritten, *scanned, *reason;
    size_t number;
    int64_t line, column, duration, rows;
};

struct rehearsal {
    struct rehearsed *items;
    size_t count, capacity;
    struct arena arena;
    const char *where, *reason;  /* "database", "scratch"; why it is not the database */
    bool apart;                  /* in a scratch database */
    size_t from;                 /* steps before this one are not told: they only make what the others stand on */
    struct database_look *look;  /* NULL: nothing can be seen */
    struct text statement;       /* in hand, as far as it is looked at */
    struct rehearsed item;
    int64_t begun;
    int32_t (*behind)(const struct rehearsal *rehearsal, void *user, migrate_error **err); /* told of each item as it comes; may be NULL */
    void *user;
};

/* The run's transaction will be rolled back: nothing may be committed, nor made for good. */
bool rehearsal_rolls_back(const struct migrate_run *run);

/* Around each statement, and around the work of a code migration (at NULL). */
int32_t rehearsal_ahead(struct migrate_run *run, const struct rehearsed_at *at, migrate_error **err);
int32_t rehearsal_behind(struct migrate_run *run, migrate_error **err);
/* How much was told so far; and back to that: what was told since is run once more. */
size_t rehearsal_told(const struct migrate_run *run);
void rehearsal_untell(const struct migrate_run *run, size_t told);
/* A step that cannot be rehearsed. */
int32_t rehearsal_skip(struct rehearsal *rehearsal, const struct step *step, const char *file, const char *reason, migrate_error **err);

/* ---- rehearse_apart.c ---- */

/* Runs the request in a scratch database, for its rehearsal. known: only what that saw, too, is told of; NULL: all that is there. */
int32_t rehearsal_run(migrate_session *scratch, const struct request *request, const struct database_look *known, migrate_error **err);

/* The run's next step cannot be rolled back: it, and if they stand on it those behind it, are run in a scratch database. The run's
 * transaction is open; it is, too, behind this where steps are left for it. leave: ends that transaction. */
int32_t rehearse_apart(struct migrate_run *run, int32_t (*leave)(struct migrate_run *run, migrate_error **err), migrate_error **err);

#endif
