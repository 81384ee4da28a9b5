/* SPDX-License-Identifier: MIT
 * Backups: before a run, and when they are asked for. */
#include "core/backup.h"
#include "core/verbs.h"

int32_t verb_backup(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "backup is not there yet");
}

int32_t verb_backups(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "backups is not there yet");
}

int32_t backup_job_cancelled(migrate_backup_job *job)
{
    return watch_check(&job->session->watch) != MIGRATE_OK;
}

int32_t backup_job_fail(migrate_backup_job *job, const char *message, const char *hint)
{
    error_clear(&job->problem);
    error_set(&job->problem, MIGRATE_ERROR_CODE, "%s", message ? message : "the callback failed without a reason");
    if (hint)
        error_hint(&job->problem, "%s", hint);
    return MIGRATE_ERROR_CODE;
}
