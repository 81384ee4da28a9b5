/* SPDX-License-Identifier: MIT
 * A run: takes the lock, makes the plan under it, and carries the steps out, each with its rows in the history. Everything that writes the
 * history goes through here: apply, rollback, mark, baseline. */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "core/kept.h"
#include "core/plan.h"
#include "core/script.h"

struct reconcile;
struct restore;
struct backup_want;

/* What is asked for: how to make the plan, and what for. Pointers are borrowed until run_end(). */
struct request {
    int32_t (*make)(migrate_session *session, struct build *build, const struct history *history,
                    const struct request *request, struct migrate_plan **out, migrate_error **err);
    bool everything;           /* a database in the build's own state has nothing to do */
    bool pulled;               /* every step commits before its call returns */
    const migrate_plan *given; /* run exactly this */
    struct reconcile *reconcile; /* what is missing of the declared schema is added, too, and told here; NULL: not asked for */
    const char *target, *as, *reason, *table, *column;
    struct restore *restore;   /* a backup that takes the database's place behind the lock, see restore.c; NULL: none does */
    const void *user;          /* whatever make() needs besides */
    struct rehearsal *rehearsal; /* nothing of it is to stay, see rehearsal.h; NULL: it is meant */
};

enum grouping {
    GROUP_EACH,  /* a transaction for each step */
    GROUP_BATCH, /* savepoints in a shared transaction, which is committed from time to time; what succeeded stays */
    GROUP_WHOLE, /* savepoints in one transaction, all or nothing */
    GROUP_HOST   /* savepoints in the host's open transaction, which the host will end */
};

struct done_step {
    const char *id, *name;
    const char *event;
    bool repeatable, breaking;
    enum direction direction;
    enum step_action action;
    int64_t duration;
    const char *down; /* source, generated, refused; NULL: none */
};

/* What was there before the run, see backup.h. */
struct kept_backup {
    char *file;          /* it is made; NULL: it is not, or not wanted */
    int64_t version;     /* of the database as it was made, where the engine tells; -1: it does not */
    int64_t taken_seq;   /* the plan's, as it was made */
    struct backup_want *want; /* of the plan whose seq this is; NULL: it was not looked at yet */
    int64_t want_seq;
    bool passed;         /* parts of a step are done: what is there now is no longer what was there before */
};

struct down;
struct guards;

/* What the run leaves of the schema in the history (see vouch.c). */
struct vouching {
    bool on, keep;                /* fingerprints; the facts behind them too */
    char text[FINGERPRINT_TEXT];  /* of the row that is being written; "": it has none */
    struct facts facts;           /* behind it, until they are kept */
    bool owed, owed_settled;      /* the schema changed since the last fingerprint of the run; of what is committed */
    bool refused;                 /* the role may not keep facts */
};

struct migrate_run {
    migrate_session *session;
    struct request request;
    struct build *build;
    struct migrate_plan *plan;
    enum grouping grouping;
    struct history_writer writer;
    bool writer_open;
    bool table;           /* the history table exists, committed */
    bool locked;          /* the session lock is held */
    bool open;            /* the shared transaction is open */
    bool finished;
    int32_t outcome;      /* of the last step: nothing more is run after an error */
    int64_t opened_at, begun, key;
    int64_t deadline;     /* run_deadline: clock_monotonic() at which the run ends; 0: none */
    int64_t step_begun;
    bool row_ahead;       /* the step's row is being written ahead of its work */
    int64_t seq_seen;     /* newest row as the run began (-1: not looked at yet): failures behind it happened while we waited */
    bool waited;          /* another runner or writer was in the way: there may be more who wait */
    int64_t newest;       /* behind a transaction pooler: newest row as the transaction began */
    int64_t seq_opened;   /* newest row as the shared transaction was opened */
    size_t next;          /* step to be run */
    size_t settled;       /* steps before this one are committed */
    size_t replans;
    struct done_step *items; /* done; the first settled_done of them committed */
    size_t count, capacity, settled_done;
    struct arena arena;
    const struct migration *read; /* the one whose file was read for the step that runs ... */
    struct text rollback;         /* ... and the rollback block in it */
    struct history_batch rows;    /* of steps in the shared transaction: written before it commits */
    size_t rows_kept;             /* so much of it belongs to steps that were done */
    bool generating_known, generating; /* migrations without rollback text get one */
    struct down *down;    /* the step's, in the making; NULL: it gets none */
    struct guards *guards; /* of the step at work, see guards.h; NULL: it has none */
    bool guard_failed;     /* and what it guards was not so */
    const char *down_result; /* of the step that was run last: generated, refused; NULL: nobody asked for it */
    const char *from;     /* last applied id as the run began */
    bool stopped;
    bool paused; /* asked to stop between two parts of work that is not one transaction */
    struct database_rebuild *rebuild; /* the step at work rebuilds tables: what was so before; else NULL */
    char checksum[DIGEST_HEX]; /* of the big text that was sent last */
    bool keeps_sql;       /* the history has room for the text of half-done work */
    bool alone_failed;    /* a lone statement was announced, and the database says that it failed */
    struct vouching vouch;
    struct kept_backup backup;
    bool unclean;         /* what failed could not be undone: nothing may be committed before a rollback */
    size_t losses;        /* of the connection, since the run last got on */
    bool in_doubt;        /* the connection broke while something was being committed */
    enum { ALONE_NONE, ALONE_TOLD, ALONE_SENT, ALONE_DONE } alone; /* how far the lone statement under way is, and its number */
    size_t alone_statement;
    char alone_checksum[DIGEST_HEX]; /* its migration's: after a new plan another one may have a lone statement of that number */
};

int32_t run_begin(migrate_session *session, const struct request *request, struct migrate_run **out, migrate_error **err); /* begin.c */
int32_t run_step(struct migrate_run *run, migrate_error **err); /* MORE, OK, STOPPED or an error */
int32_t run_end(struct migrate_run *run, migrate_rows **out_report, migrate_error **err);
/* The three in one. */
int32_t run_all(migrate_session *session, const struct request *request, migrate_rows **out_report, migrate_error **err);

/* ---- rooms of a run ---- */

/* run.c */
/* Opens the shared transaction and looks again. *moved: somebody wrote first; nothing is open. */
int32_t run_open_shared(struct migrate_run *run, bool *moved, migrate_error **err);
/* The next step, in it. */
int32_t run_execute(struct migrate_run *run, migrate_error **err);
/* Remembers a step for the report; what is settled has committed; what is not is forgotten with its transaction. */
int32_t run_done(struct migrate_run *run, const struct step *step, int64_t duration, migrate_error **err);
void run_settle(struct migrate_run *run);
void run_unsettle(struct migrate_run *run);
/* Asked to end, or out of budget: only between two steps. */
bool run_should_stop(const struct migrate_run *run);

/* recover.c: what failed with this error failed because the connection is gone. */
bool run_lost(const struct migrate_run *run, migrate_error *const *problem);
/* Runs a text that ends a step; if it commits and the connection breaks meanwhile, the run is in doubt. */
int32_t run_exec_final(struct migrate_run *run, const struct text *sql, bool commits, struct database_fault *fault,
                       migrate_error **err);
/* Once more without getting on? And the connection anew, without the lock. */
bool run_may_reconnect(const struct migrate_run *run);
int32_t run_reconnect(struct migrate_run *run, const migrate_error *problem, migrate_error **err);
/* The connection broke during a step, before which the newest row was expected: MORE if the run goes on, or what is to be told. Takes
 * the problem. */
int32_t run_recover(struct migrate_run *run, int64_t expected, migrate_error **problem, migrate_error **err);

/* replan.c: the database is in the build's own state, and has what is declared, where that is asked for. */
int32_t run_is_current(struct migrate_run *run, const struct history_head *head, bool *out, migrate_error **err);
/* plan and writer from what the history says now. */
int32_t run_plan(struct migrate_run *run, const struct history_head *head, migrate_error **err);
/* Behind the lock: what was planned before may be done by now. */
int32_t run_replan_under_lock(struct migrate_run *run, migrate_error **err);
/* What another runner did while we wait for it: *current: nothing is left to do; an error if a migration of ours failed there. */
int32_t run_look_meanwhile(struct migrate_run *run, const struct history_head *head, bool *current, migrate_error **err);
/* A step of another plan, which may go while this one stays. */
int32_t run_copy_step(struct migrate_plan *plan, const struct step *from, migrate_error **err);
/* The history moved under us. */
int32_t run_replan(struct migrate_run *run, migrate_error **err);
/* The error of a text that could not be read, for a plan that was reviewed. */
int32_t run_source_moved(migrate_error **err);
/* The writer anew from the history: after a failure its numbers are those of a transaction that is gone. */
int32_t run_reload_writer(struct migrate_run *run, migrate_error **err);

/* writable.c: something has to be written. A standby's session moves to the primary, if there is one. */
int32_t run_check_writable(const struct migrate_run *run, migrate_error **err);
int32_t run_check_place(const migrate_session *session, migrate_error **err);

/* report.c */
int32_t run_report(struct migrate_run *run, migrate_rows **out, migrate_error **err);
int32_t report_nothing(const migrate_session *session, const char *at, int64_t pending, migrate_rows **out, migrate_error **err);

/* pooler.c: what begins a step's transaction, into prefix. Behind a transaction pooler it is begun at once, with its lock, however long that
 * takes, and prefix gets what follows. RUN_MOVED: another runner came first; nothing is open, and the plan is no longer true. */
#define RUN_MOVED 101
int32_t run_begin_transaction(struct migrate_run *run, struct text *prefix, migrate_error **err);
/* Between work and history row, and behind COMMIT. */
void run_before_history(struct migrate_run *run, struct text *out);
void run_after_commit(struct migrate_run *run, struct text *out);

/* lock.c */
/* Behind a transaction pooler: waits for a transaction with the lock. */
int32_t run_wait(struct migrate_run *run, bool *current, migrate_error **err);
int32_t run_lock(struct migrate_run *run, bool *current, migrate_error **err); /* *current: nothing is left to do */
int32_t run_open(struct migrate_run *run, migrate_error **err);                /* the shared transaction */
bool run_writer_at_work(struct migrate_run *run);                              /* where the write transaction is the lock */
void run_rollback(struct migrate_run *run);                                    /* everything since the last commit */
void run_unlock(struct migrate_run *run);

/* step.c: one step inside a transaction; on failure that transaction or savepoint is rolled back. RUN_OWN: the step cannot share the
 * open transaction; nothing was run. */
#define RUN_OWN 100
int32_t run_one(struct migrate_run *run, const struct step *step, migrate_error **err);
/* Writes the rows that wait for it. */
int32_t run_write_rows(struct migrate_run *run, migrate_error **err);
/* Adds the rows that a step leaves in the history. sql NULL: to those that wait. */
int32_t step_rows(struct migrate_run *run, const struct step *step, struct text *sql, migrate_error **err);
/* Runs SQL that cleans up, whatever token and deadline say. If it fails, the run may be unclean. */
int32_t run_clean_up(struct migrate_run *run, const char *sql);

/* send.c: prefix, a segment and suffix, in one message where that can be; an error is placed in the file. */
int32_t run_segment(struct migrate_run *run, const struct script *script, const struct segment *segment,
                    const struct text *prefix, const struct text *suffix, migrate_error **err);
/* What is looked at before a transaction may end. */
int32_t run_check_end(struct migrate_run *run, migrate_error **err);
/* SQL between the texts of a message: sql, set apart by semicolons. */
void message_add(struct text *message, const char *sql, size_t length);

/* segments.c: a script that is not one transaction, segment by segment, with progress in the history. */
int32_t run_segments(struct migrate_run *run, const struct step *step, struct script *script, migrate_error **err);

/* vouch.c: the schema's fingerprint for the row behind the run's last step. */
void vouch_begin(struct migrate_run *run);
/* It is that of the step at work. A row that travels ahead of its work has none. */
bool vouch_due(const struct migrate_run *run);
/* Behind the work, in its transaction: reads the schema for the row with this number, and keeps its facts where that is wanted. If it cannot
 * be read, that is told, and the row goes without. */
int32_t vouch_read(struct migrate_run *run, int64_t seq, migrate_error **err);
/* A row that has to be made ahead of its work: it gets a stand-in, and behind the work, in its transaction, the fingerprint in the place of
 * that (or NULL). It is the newest of the run's. */
void vouch_hold(struct migrate_run *run);
int32_t vouch_held(const struct migrate_run *run, const struct text *rows, bool *out, migrate_error **err);
int32_t vouch_fill(struct migrate_run *run, const struct text *rows, struct text *out, migrate_error **err);
void vouch_forget(struct migrate_run *run);

/* attempts.c: a transactional part of a migration on PostgreSQL may wait for locks for so long only, because others wait behind it; then it
 * is rolled back and tried again later. */
struct attempts {
    struct migrate_run *run;
    const struct step *step;
    const struct script *script;
    const struct segment *segment;
    struct database_locks locks;
    bool bounded;          /* waits are bounded; else they are only told of */
    size_t number;
    int64_t opened, seq;   /* of the history's newest row, before the first */
};
/* Before the first attempt, and before each further one. segment NULL: the whole script. bounded: it is one transaction. */
void attempts_begin(struct attempts *attempts, struct migrate_run *run, const struct step *step, const struct script *script,
                    const struct segment *segment, bool bounded);
/* Behind one that failed: whether to try again. It has paused then, and *problem is gone; else *problem says what was tried. */
bool attempts_again(struct attempts *attempts, int32_t *code, migrate_error **problem);
void attempts_end(struct attempts *attempts);
/* Behind engine->begin(). */
void attempts_limit(const struct migrate_run *run, struct text *sql);
/* A statement that runs alone only because the file says so, and may be tried as a transaction may. */
bool attempts_suit(const struct script *script, const char *sql, size_t length);
int32_t attempts_limit_alone(const struct migrate_run *run, bool on, migrate_error **err);

/* record.c: a row about what failed, in the open transaction or in one of its own (true: it is there, or not worth repeating), and an
 * event with what to do. */
bool run_record_failure(struct migrate_run *run, const struct step *step, const migrate_error *error);
/* A row with the fingerprint alone, for a run that ends without having left one. */
void run_record_fingerprint(struct migrate_run *run);
void run_tell_failure(struct migrate_run *run, const struct step *step, migrate_error *error);
/* The error of a migration that another process tried while this one waited. */
int32_t failed_elsewhere(const struct past *trace, migrate_error **err);

#endif
