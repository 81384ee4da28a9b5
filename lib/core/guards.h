/* SPDX-License-Identifier: MIT
 * Row guards: tables whose rows are counted before and behind a migration, in its transaction, and what its file expects. What is not so
 * fails the migration. */
#ifndef CORE_GUARDS_H
#define CORE_GUARDS_H

#include "core/rehearsal.h"

struct guarded {
    const char *identity, *name, *key; /* see counts.h, guard_key(); identity NULL: there was no such table */
    const char *told;                  /* as people name it */
    int64_t before, now;               /* rows; -1: not known */
    bool kept;                         /* fewer rows fail the migration; else they are only asked for */
    bool exact;                        /* whatever time it takes */
    bool gone;
    bool recalled;                     /* an earlier run counted what was there before; it is not known behind which statement there were fewer */
    const char *statement;             /* behind which it was first seen to have fewer, and still has */
    size_t statement_length;
    int64_t line, column;
};

struct guards {
    struct guarded *items;
    size_t count, capacity;
    struct arena arena;
    struct guard_losses losses;        /* of the step's text */
    const struct step *step;
    const struct script *script;       /* NULL: code */
    const struct section *section;     /* NULL: the history's text */
    int64_t limit;                     /* clock_monotonic() at which counting what need not be exact ends; 0: never */
    bool apart;                        /* its text is not one transaction */
    bool resumed;                      /* an earlier run began the work */
    const char *recalled;              /* what its rows in the history say; NULL: nothing */
    struct text before;                /* the same of this run, for its rows */
    struct text lost;                  /* what was lost by leave, for the history; "" if nothing */
};

/* Before the first step: the tables that the option protect names are there, or the plan makes them. */
int32_t guards_check_names(migrate_session *session, const struct migrate_plan *plan, migrate_error **err);

/* Whether a step has guards (run->guards is set then), and what its text may lose. script NULL: code; section NULL: the history's text. */
int32_t guards_open(struct migrate_run *run, const struct step *step, const struct section *section, const struct script *script,
                    struct guards *out, migrate_error **err);
void guards_close(struct migrate_run *run, struct guards *guards);

/* Around the work, in its transaction if it is one; again and again where it is tried again. MIGRATE_ERROR_REFUSED: not as it has to be. */
int32_t guards_begin(struct migrate_run *run, migrate_error **err);
int32_t guards_end(struct migrate_run *run, migrate_error **err);
/* Statements are sent one by one where one of them may lose something: behind each of those. */
bool guards_watch(const struct migrate_run *run);
int32_t guards_behind(struct migrate_run *run, const char *sql, size_t length, int64_t line, int64_t column, migrate_error **err);

/* Work that is not one transaction: numbers before it stand with its rows in the history, so that a run that goes on there compares with
 * those. recall: ahead of guards_begin(), from row seq on; 0: nothing was begun. before: NULL: there are none. */
int32_t guards_recall(struct migrate_run *run, int64_t seq, migrate_error **err);
const char *guards_before(const struct migrate_run *run);

/* For the row in the history: why the loss was allowed, and which it was; NULL: nothing was lost. */
const char *guards_reason(const struct migrate_run *run);

/* expect.c: what the file declares, ahead of the work and behind it. */
int32_t expect_ahead(struct migrate_run *run, migrate_error **err);
int32_t expect_behind(struct migrate_run *run, migrate_error **err);
const struct guarded *guards_table(const struct guards *guards, const char *key); /* NULL: it is none of them */

#endif
