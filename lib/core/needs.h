/* SPDX-License-Identifier: MIT
 * What migrations make, change, drop and need, gathered while they run in a scratch database, or guessed from their words; and the
 * findings DP.. about it. The judging itself is in check/depends.h. */
#ifndef CORE_NEEDS_H
#define CORE_NEEDS_H

#include "check/findings.h"
#include "core/observe.h"
#include "core/session.h"

struct needs;

/* session: the one that is checked; its migrations are read. Those that are applied are known by their words alone, so that it can be said
 * who made what is there. */
int32_t needs_open(migrate_session *session, struct needs **out, migrate_error **err);
/* The same as if nothing were applied anywhere: for what stands in the files alone. */
int32_t needs_open_anew(migrate_session *session, struct needs **out, migrate_error **err);
void needs_free(struct needs *needs); /* NULL is fine */

/* For observe(): tells of each migration that is run there, in the order of the calls. One that fails is told of, too: the caller goes on
 * with the next one, because what that makes may be just what was missing. */
struct observer needs_observer(struct needs *needs);

/* Instead, where no scratch database is to be had: by the words, marked as a guess. (Whatever was not observed is.) */
int32_t needs_guess(struct needs *needs, const struct migration *migration, migrate_error **err);

/* Two branches that are to be merged. ours: a migration of the session's that the other side does not have. theirs: one of another source
 * that this one does not have; source has to live until needs_free(). */
int32_t needs_ours(struct needs *needs, const struct migration *migration, migrate_error **err);
int32_t needs_theirs(struct needs *needs, const struct source *source, const struct migration *migration, migrate_error **err);

/* Behind the last of them, and with the caller's scratch database closed: there may be only one at a time. order gets the ids of the pending
 * ones, with blanks between, where another order than the given one is needed and was tried in a scratch database of its own; else nothing
 * is added to it. */
int32_t needs_findings(struct needs *needs, struct findings *findings, struct text *order, migrate_error **err);

/* Behind needs_findings(): one of them says why the migration does not run, which need not be told once more. */
bool needs_explained(const struct needs *needs, const char *id);

/* For graph.c: all of it, with the words of what was not observed. */
struct depends;
int32_t needs_read_rest(struct needs *needs, migrate_error **err);
const struct depends *needs_depends(const struct needs *needs);

#endif
