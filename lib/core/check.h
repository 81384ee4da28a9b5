/* SPDX-License-Identifier: MIT
 * The rooms of the verb check: what it has gathered so far, and who adds what. */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include "check/findings.h"
#include "core/compare.h"

struct checking {
    migrate_session *session;
    struct build *build;         /* read for this check alone: it may be of a source with problems */
    struct build *before;        /* the session's own meanwhile */
    size_t problems;             /* of the source */
    struct history history;
    struct comparison comparison;
    bool database;               /* there is one, so that history and comparison say something */
    struct findings findings;
    bool *tried;                 /* by migration: it was run in a scratch database */
    const char *by;              /* scratch, words, source */
    struct text reason;          /* why not scratch */
    struct text order;           /* in which they would apply */
    size_t ignored;
};

/* check.c */
int32_t checking_open(struct checking *checking, migrate_session *session, migrate_error **err); /* the source, and its problems */
int32_t checking_answer(struct checking *checking, migrate_rows **out, migrate_error **err);     /* MIGRATE_FINDINGS, or what it fails with */
void checking_close(struct checking *checking); /* whatever was returned */

/* check_source.c: the texts, and the history. */
int32_t check_texts(struct checking *checking, migrate_error **err);
int32_t check_history(struct checking *checking, migrate_error **err);

/* check_run.c: in a scratch database, or by the words. live: the sizes of the real tables count. */
int32_t check_run(struct checking *checking, bool live, migrate_error **err);

#endif
