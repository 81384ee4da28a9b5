/* SPDX-License-Identifier: MIT
 * Backups: before a run, and when they are asked for. */
#ifndef CORE_BACKUP_H
#define CORE_BACKUP_H

#include "core/run.h"

/* What the host's callback is asked for. */
struct migrate_backup_job {
    migrate_session *session;
    const char *verb, *file;
    const char *const *tables; /* none: the whole database */
    size_t tables_count;
    migrate_error *problem;    /* what the callback said of its failure */
};
int32_t backup_job_cancelled(migrate_backup_job *job);
int32_t backup_job_fail(migrate_backup_job *job, const char *message, const char *hint);

#endif
