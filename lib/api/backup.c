/* SPDX-License-Identifier: MIT
 * The exported functions for backup callbacks. */
#include "core/backup.h"

const char *migrate_backup_job_verb(const migrate_backup_job *job)
{
    return job ? job->verb : NULL;
}

const char *migrate_backup_job_file(const migrate_backup_job *job)
{
    return job ? job->file : NULL;
}

const char *migrate_backup_job_table(const migrate_backup_job *job, size_t number)
{
    return job && number < job->tables_count ? job->tables[number] : NULL;
}

const char *migrate_backup_job_url(const migrate_backup_job *job)
{
    return job && job->session ? backup_job_url(job) : NULL;
}

const char *migrate_backup_job_server(const migrate_backup_job *job)
{
    return job && job->session && job->session->db && *job->session->db->version ? job->session->db->version : NULL;
}

int32_t migrate_backup_job_cancelled(migrate_backup_job *job)
{
    return job ? backup_job_cancelled(job) : 0;
}

int32_t migrate_backup_job_fail(migrate_backup_job *job, const char *message, const char *hint)
{
    return job ? backup_job_fail(job, message, hint) : MIGRATE_ERROR_MISUSE;
}
