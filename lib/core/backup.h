/* SPDX-License-Identifier: MIT
 * Backups: whether a run needs one, and making it; the same when one is asked for. */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "core/run.h"
#include "guard/shelf.h"

/* What the host's callback is asked for. */
struct migrate_backup_job {
    migrate_session *session;
    const char *verb, *file;
    const char *const *tables; /* none: the whole database */
    size_t tables_count;
    migrate_error *problem;    /* what the callback said of its failure */
};
const char *backup_job_url(const migrate_backup_job *job);
int32_t backup_job_cancelled(migrate_backup_job *job);
int32_t backup_job_fail(migrate_backup_job *job, const char *message, const char *hint);

/* ---- backup_need.c: whether the run's plan needs one ---- */

/* What a run or a verb wants to be kept. */
struct backup_want {
    bool wanted;
    const char **tables; /* none: all; names quoted, with their schemas */
    size_t tables_count;
    const char *why;     /* the id of the first migration that may lose data; NULL: one is always made */
    struct arena arena;
};
/* The connection makes copies by itself, or the host brought a callback. */
bool backup_possible(migrate_session *session);
int32_t backup_need(migrate_session *session, struct migrate_plan *plan, struct backup_want *out, migrate_error **err);
/* Whether that depends on what the plan can lose. */
bool backup_asks_losses(migrate_session *session);
void backup_want_free(struct backup_want *want);
/* For a plan that is only looked at: that there will be none, though it may lose data. */
int32_t backup_plan_finding(migrate_session *session, struct migrate_plan *plan, migrate_error **err);

/* ---- backup.c ---- */

int32_t backup_shelf(migrate_session *session, struct shelf *out, migrate_error **err);
/* Makes one (replaces: and removes those that are too many then) and gives it its name. id: of the first migration, or what it is made for. *out: its file; NULL where there is nothing to keep.
 * Yours: memory_free(). */
int32_t backup_make(migrate_session *session, const char *id, const struct backup_want *want, bool replaces, char **out, migrate_error **err);
/* One call of the host's callback. */
int32_t backup_call(migrate_session *session, const char *verb, const char *file, const struct backup_want *want, migrate_error **err);
/* The oldest ones go, as far as the options say so. */
void backup_prune(migrate_session *session);
/* Progress, as an event about twice a second: a `tell` of struct database_backups. */
struct backup_telling {
    migrate_session *session;
    const char *doing, *file; /* "backing up to", "restoring from" */
    const struct shelf_part *part; /* is flushed from time to time, so that the end of it all does not take long; NULL: nothing is */
    int64_t begun, told, flushed;
};
void backup_tell(int64_t done, int64_t total, void *telling);
void backup_done(const struct backup_telling *telling, const char *what); /* the last of these events */

/* ---- backup_run.c: in a run ---- */

/* Before the lock: what cannot be done is refused here. */
int32_t backup_foresee(struct migrate_run *run, migrate_error **err);
bool backup_wanted(const struct migrate_run *run); /* behind backup_foresee() */
/* Behind it, before the first change; does nothing where none is wanted, or where it was made. */
int32_t backup_take(struct migrate_run *run, migrate_error **err);
/* SQLite: the text begins another transaction than the one in which the backup was made, and nothing has changed yet. It is run; if somebody
 * else wrote in between, the backup is made anew. */
int32_t backup_begin(struct migrate_run *run, struct text *prefix, migrate_error **err);
void backup_forget(struct migrate_run *run);
/* Adds to an error where the backup is. */
void backup_mention(const struct migrate_run *run, migrate_error **err);

#endif
