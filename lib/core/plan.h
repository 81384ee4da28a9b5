/* SPDX-License-Identifier: MIT
 * A plan: the steps that would run, made from the build, the history and a target. Immutable once made; it keeps what it
 * needs of the session alive. */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "check/findings.h"
#include "core/compare.h"
#include "guard/destructive.h"

enum step_action {
    STEP_RUN,    /* the migration's section */
    STEP_SCHEMA, /* schema.sql, standing for the first plan->replaced migrations */
    STEP_RECORD, /* a row in the history, nothing else */
    STEP_RECONCILE /* what is missing of the declared schema is added: reconcile.h */
};

struct step {
    enum step_action action;
    enum direction direction;
    const struct migration *migration; /* NULL: only the history knows it */
    const char *id, *name;
    bool repeatable, breaking;
    bool begun;                        /* an earlier run left it half done: statement by statement it goes on there */
    bool parts;                        /* its text is not one transaction; known behind plan_preflight() */
    const char *stored;                /* down, with this text that the history keeps; NULL: the source's own */
    const char *stored_file;           /* the text is from there; NULL: from the history */
    int64_t session_line, session_column; /* where its text begins to need a session of its own, see script_needs_session(); 0: it does not */
    size_t segments, alone;            /* known behind plan_preflight(): parts of its text, and how many are lone statements */
    /* STEP_RECORD */
    const char *event, *effect, *checksum, *reason;
};

struct migrate_plan {
    struct build *build;       /* referenced */
    struct arena arena;
    struct step *steps;
    size_t count, capacity;
    struct findings findings;
    size_t replaced;           /* by schema.sql */
    const char *from, *to;     /* last applied id before and after; NULL: none */
    const char *engine;
    enum direction direction;
    int64_t seq;               /* of the newest row when it was made */
    bool shared;               /* steps share transactions */
    bool whole;                /* ... one, all or nothing */
    const char *begin, *alone, *after; /* what a transaction begins with, what goes before statements that run in none, and what behind
                                        * either, so that no setting of theirs stays; NULL: nothing */
    bool can_copy;             /* the connection takes the data of COPY */
    bool together;             /* its records belong together: one transaction */
    bool guarded;              /* the history says that the database is protected */
    bool losses_known;         /* what its texts can lose was gathered (losses.h): */
    struct guard_losses losses;
};

int32_t plan_new(migrate_session *session, struct build *build, const struct history *history, struct migrate_plan **out,
                 migrate_error **err);
void plan_free(struct migrate_plan *plan);
struct step *plan_add(struct migrate_plan *plan); /* NULL: out of memory */
/* Of this step alone, as it is. */
int32_t plan_of_step(migrate_session *session, struct build *build, const struct history *history, const struct step *step,
                     struct migrate_plan **out, migrate_error **err);
/* The old id goes, the new one comes; both rows say why. */
int32_t plan_add_renamed(struct migrate_plan *plan, const struct item *item, const char *reason, migrate_error **err);
/* Sets .to by the steps upwards and by records. */
int32_t plan_set_end(struct migrate_plan *plan, const struct history *history, migrate_error **err);

/* An earlier run left it half done. */
bool plan_item_begun(const struct item *item);

/* Up to a target: NULL everything, "+N", an id; "only:ID". Policies are applied. */
int32_t plan_up(migrate_session *session, struct build *build, const struct history *history, const char *target,
                struct migrate_plan **out, migrate_error **err);
/* Down: NULL the last one, "-N", an id, "empty", "only:ID". */
int32_t plan_down(migrate_session *session, struct build *build, const struct history *history, const char *target,
                  struct migrate_plan **out, migrate_error **err);
/* Either, as the target asks. */
int32_t plan_for_target(migrate_session *session, struct build *build, const struct history *history, const char *target,
                        struct migrate_plan **out, migrate_error **err);

/* Looks ahead (preflight.c): what cannot be run, and rights or extensions that are not there, as findings; in a run
 * with preflight=fail as an error. */
int32_t plan_preflight(migrate_session *session, struct migrate_plan *plan, bool run, migrate_error **err);

/* The file of its text; NULL: there is none. */
const char *step_file(const struct migrate_plan *plan, const struct step *step);
int32_t plan_rows(const struct migrate_plan *plan, migrate_rows **out, migrate_error **err);
int32_t plan_findings(const struct migrate_plan *plan, migrate_rows **out, migrate_error **err);

#endif
