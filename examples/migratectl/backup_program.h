/* SPDX-License-Identifier: MIT
 * The backup callback of migratectl, see backup_program.c. */
#ifndef BACKUP_PROGRAM_H
#define BACKUP_PROGRAM_H

#include "migratectl.h"

/* A migrate_backup_fn. */
int32_t backup_program(migrate_backup_job *job, void *cli);

/* conninfo.c: the connection without its password, for arguments, and the password as "PGPASSWORD=...", or NULL. *out_bad: what cannot be
 * handed over, "sslpassword"; NULL: nothing. */
const char *conninfo_without_password(const char *url, const char **out_password, const char **out_bad);

#endif
