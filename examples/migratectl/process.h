/* SPDX-License-Identifier: MIT
 * Programs that work for us, see process.c. */
#ifndef PROCESS_H
#define PROCESS_H

#include "migratectl.h"

#include <sys/types.h>

struct process {
    pid_t pid;
    int in, out, err; /* our ends; -1: closed */
    char said[4096], printed[4096]; /* the end of what came on stderr, and of what process_wait() heard on stdout */
    size_t said_length, printed_length;
};

#define PROCESS_CANCELLED (-1)
#define PROCESS_ABSENT 127 /* there is no such program */

/* arguments, NULL behind the last: the first is the program. variables ("NAME=value"): for its environment alone. false: errno. */
bool process_start(struct process *process, const char *const *arguments, const char *const *variables);
/* Its exit code, 128 and more for a signal, or PROCESS_CANCELLED: then it was ended. job may be NULL. */
int process_wait(struct process *process, migrate_backup_job *job);
void process_kill(struct process *process);
void process_close_in(struct process *process);
void process_listen(struct process *process, bool output); /* takes what it said, so that it is not held up */
/* false: it takes no more, or the job was cancelled. */
bool process_write(struct process *to, const char *text, migrate_backup_job *job);
/* What one prints goes into the other, to its end. */
bool process_relay(struct process *from, struct process *to, migrate_backup_job *job);

#endif
