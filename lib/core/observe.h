/* SPDX-License-Identifier: MIT
 * A migration run in a scratch database, statement by statement, with what each of them did to the schema: what checks are made of. */
#ifndef CORE_OBSERVE_H
#define CORE_OBSERVE_H

#include "core/rehearsal.h"
#include "core/schema.h"

/* What is shown to an observer, on the calling thread. Everything belongs to the observation and ends with the call; the schema that is
 * shown at begin stays to the end. Where a run has to undo what it did and begin anew (an enum's value that is used before a COMMIT), the
 * statements are shown once more from number 1. */
struct observed {
    const struct migration *migration;
    migrate_session *scratch;    /* may be asked: inside of the migration's transaction, if it has one. Nothing is to be left behind there */
    const struct rehearsed *at;  /* place, locks, rewrites, scans, rows; number 0: code; NULL: the migration as a whole */
    const char *sql;             /* the statement as far as it is looked at (64 KiB), with its secrets; NULL: code, or the whole */
    size_t length;
    const struct facts *before, *after; /* one and the same where the schema is known not to have changed. Comments and privileges show up
                                           behind a later statement than the one that gave them */
    const migrate_error *problem;       /* end: it failed, and this is why; NULL: it did not */
};

/* Callbacks may be NULL; what they return other than MIGRATE_OK ends the observation. A migration that fails ends with `end`, too, where
 * after is what is left of it. */
struct observer {
    int32_t (*begin)(const struct observed *now, void *user, migrate_error **err); /* before: the schema that it finds */
    int32_t (*statement)(const struct observed *now, void *user, migrate_error **err);
    int32_t (*end)(const struct observed *now, void *user, migrate_error **err);   /* before: as at begin */
    void *user;
};

struct observing {
    migrate_session *scratch;
    const struct observer *observers;
    size_t count;
    bool whole; /* the schema is not read behind each statement (before and after are one then), but behind the migration */
    /* observe.c's own */
    struct facts facts, began; /* as it stands now, items NULL: not known; as the migration found it */
    bool stale;                /* whole: a statement may have changed the schema */
    bool apart;                /* facts are not those that it began with, but own ones */
    const struct migration *migration;
    size_t last;               /* number of the last statement */
    int32_t outcome;           /* of an observer, where that ended it */
};

/* Runs one migration, which is not applied there yet (a repeatable one may be). *problem: why it does not run; MIGRATE_OK then, too. Else
 * only what nobody can do anything about is an error: memory, cancel, the connection; or what an observer returned. */
int32_t observe(struct observing *observing, const struct migration *migration, migrate_error **problem, migrate_error **err);
void observing_free(struct observing *observing);

#endif
