/* SPDX-License-Identifier: MIT
 * The frame of the fault campaigns: the world of the api tests, and programs that start up on it, each in a
 * process of its own, and are killed from outside. The library under test has no hook of any kind. What a
 * migration did is counted in the table effects, which has no key, no index and no constraint. */
#ifndef TEST_FAULTS_H
#define TEST_FAULTS_H

#include "api.h"

#include <sys/types.h>

/* --brief: as many rounds as continuous integration has time for. */
bool faults_brief(void);
/* How many: as --rounds says, or one of these. */
long faults_rounds(long brief, long full);
/* 0 to below - 1; the same sequence for the same --seed. */
long faults_random(long below);
/* Monotonic, in microseconds. */
int64_t faults_now(void);
void faults_sleep(int64_t microseconds);

/* A line of the campaign's result. */
void faults_report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A part that cannot be run here: counted, and shown. */
void faults_skip(const char *what, const char *why);

/* ---- programs ---- */

/* Starts a program: a child that calls migrate_startup() with api.options on api.url and ends. */
pid_t faults_start(void);
/* The same with another main function, which returns as migrate_startup() does. */
pid_t faults_start_as(int32_t (*program)(migrate_error **err));

/* Has it not ended yet? */
bool faults_runs(pid_t program);

enum { FAULTS_OK, FAULTS_KILLED, FAULTS_FAILED };
/* Waits for its end. What a failed one said is in faults_errors(). */
int faults_end(pid_t program);
/* What the programs that failed since the last call of faults_forget_errors() said. */
const char *faults_errors(void);
void faults_forget_errors(void);

/* A start that must succeed; how long it took, in microseconds. */
int64_t faults_start_well(void);

/* ---- the database ---- */

/* As empty as at the beginning. */
void faults_empty(void);
/* "id count" of the table effects, in order, separated by blanks; empty without the table. */
const char *faults_effects(void);
/* Schema and rows without the history: from pg_dump or SQLite's own texts. free() it. */
char *faults_dump(void);
/* The same dump as this one. */
void faults_check_dump(const char *where, const char *whole);
/* PostgreSQL: no advisory lock is held, or soon none is. */
void faults_check_unlocked(void);

#endif
