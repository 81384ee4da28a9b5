/* SPDX-License-Identifier: MIT
 * Backups as tests make, count and bring them back. */
#ifndef TEST_BACKUP_H
#define TEST_BACKUP_H

#include "api.h"

#include <sqlite3.h>

extern int backup_calls;        /* of the host's callback, which PostgreSQL needs */
extern char backup_folder[400]; /* where they go */

void backup_bring(void); /* the callback, in a new session */
/* Two items, applied; backups where something may be lost. */
void backup_begin(void);
const char *backup_items(void);
const char *backup_database_name(void);

/* What is in the folder with that end, one after the other, sorted; how many is returned. */
int backup_files(const char *end, char *out, size_t size);
int backup_count(void);
void backup_nothing_left(void); /* of those that are being made */

int32_t backup_make(void);
int32_t backup_list(void);
int32_t backup_restore(const char *file);
char *backup_reported(void); /* the file that the last report tells of; free() */

void backup_host_does(sqlite3 *db, const char *sql);
int64_t backup_host_asks(sqlite3 *db, const char *sql);

#endif
