/* SPDX-License-Identifier: MIT
 * What a rehearsal cannot roll back: statements that may run in no transaction, values of an enum that are of no use before a COMMIT,
 * tables that are rebuilt while foreign keys are enforced. It is run in a scratch database instead, as in any run. That has the schema
 * as the rehearsal has made it so far, read inside its transaction. */
#include "core/rehearsal.h"
#include "core/schema.h"

#include <string.h>

/* ---- not even there ---- */

/* Nothing that stands on it can be tried either. */
static int32_t skip_rest(struct migrate_run *run, const char *reason, migrate_error **err)
{
    struct text behind = {0};
    text_format(&behind, "it comes behind %s, which was not run", run->plan->steps[run->next].id);
    int32_t code = behind.failed ? error_nomem(err) : MIGRATE_OK;
    while (code == MIGRATE_OK && run->next < run->plan->count) {
        const struct step *step = &run->plan->steps[run->next];
        code = rehearsal_skip(run->request.rehearsal, step, step_file(run->plan, step), reason, err);
        reason = behind.data;
        run->next++;
    }
    text_free(&behind);
    return code;
}

static int32_t skip_because(struct migrate_run *run, const char *what, migrate_error **problem, migrate_error **err)
{
    struct text reason = {0};
    text_format(&reason, "%s: %s", what, *problem ? (*problem)->message : "no reason given");
    if (*problem && (*problem)->hint)
        text_format(&reason, " (%s)", (*problem)->hint);
    error_clear(problem);
    int32_t code = reason.failed ? error_nomem(err) : skip_rest(run, reason.data, err);
    text_free(&reason);
    return code;
}

/* ---- steps in a scratch database ---- */

/* Some steps of another run's plan. */
struct part {
    const struct migrate_run *of;
    size_t begin, end;
};

static int32_t make_part(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                         struct migrate_plan **out, migrate_error **err)
{
    const struct part *part = request->user;
    const struct migrate_plan *whole = part->of->plan;
    struct migrate_plan *plan = NULL;
    (void)build; /* its texts are the same, but steps point into their own */
    int32_t code = plan_new(session, part->of->build, history, &plan, err);
    for (size_t i = part->begin; i < part->end && code == MIGRATE_OK; i++)
        code = run_copy_step(plan, &whole->steps[i], err);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    plan->replaced = whole->replaced;
    plan->direction = whole->direction;
    *out = plan;
    return MIGRATE_OK;
}

int32_t rehearsal_run(migrate_session *scratch, const struct request *request, const struct database_look *known, migrate_error **err)
{
    struct rehearsal *rehearsal = request->rehearsal;
    struct database_facts_wish wish = session_facts_wish(scratch);
    struct migrate_run *run = NULL;
    int32_t code = MIGRATE_OK;
    rehearsal->look = NULL;
    if (scratch->db->engine->look_begin)
        code = scratch->db->engine->look_begin(scratch->db, &wish, 0, known, &rehearsal->look, err);
    if (code == MIGRATE_OK)
        code = run_begin(scratch, request, &run, err);
    if (code == MIGRATE_OK) {
        run->generating_known = true;
        do
            code = run_step(run, err);
        while (code == MIGRATE_MORE);
        if (code == MIGRATE_STOPPED)
            code = watch_error(&scratch->watch, MIGRATE_ERROR_CANCELLED, err);
        run_end(run, NULL, NULL);
    }
    if (rehearsal->look)
        scratch->db->engine->look_free(rehearsal->look);
    rehearsal->look = NULL;
    return code;
}

static int32_t run_part(migrate_session *scratch, const struct part *part, size_t from, migrate_error **err)
{
    struct rehearsal *rehearsal = part->of->request.rehearsal;
    struct rehearsal outer = *rehearsal;
    struct request request = {.make = make_part, .user = part, .rehearsal = rehearsal};
    rehearsal->apart = true;
    rehearsal->where = "scratch";
    rehearsal->from = from;
    int32_t code = rehearsal_run(scratch, &request, outer.look, err);
    rehearsal->look = outer.look;
    rehearsal->apart = outer.apart;
    rehearsal->from = outer.from;
    rehearsal->where = outer.where;
    if (code != MIGRATE_OK)
        error_detail_add(err, "it ran in a scratch database: %s", outer.reason ? outer.reason : "it cannot be rolled back");
    return code;
}

/* ---- what it is filled with ---- */

/* Whatever kept the scratch database from being made is a reason, and no failure of the migrations; unless the end was asked for. */
static bool is_reason(int32_t code)
{
    return code == MIGRATE_ERROR_SHADOW || code == MIGRATE_ERROR_SQL || code == MIGRATE_ERROR_RIGHTS || code == MIGRATE_ERROR_REFUSED ||
           code == MIGRATE_ERROR_CONNECT;
}

/* The schema as it was in the run's transaction. Extensions are there already, as far as they can be. */
static int32_t fill_with_schema(migrate_session *scratch, struct facts *facts, migrate_error **err)
{
    struct facts there = {0};
    struct text sql = {0};
    int32_t code = session_facts(scratch, &there, err);
    for (size_t i = 0; code == MIGRATE_OK && i < facts->count; i++) {
        struct fact *fact = &facts->items[i];
        fact->part = fact->part || (strcmp(fact->kind, "extension") == 0 && facts_find(&there, fact->kind, fact->ident));
    }
    if (code == MIGRATE_OK)
        code = facts_sql(facts, &sql, err);
    if (code == MIGRATE_OK)
        code = scratch_run(scratch, "the schema as it is", sql.data ? sql.data : "", err);
    facts_free(&there);
    text_free(&sql);
    return code;
}

/* All rows too, where that is quickly done. *whole: so it is. */
static int32_t open_filled(struct migrate_run *run, struct facts *facts, migrate_session **scratch, bool *whole, migrate_error **err)
{
    struct database *db = run->session->db;
    migrate_error *problem = NULL;
    int32_t code = scratch_open(run->session, scratch, err);
    *whole = false;
    if (code == MIGRATE_OK && db->engine->scratch_copy) {
        code = db->engine->scratch_copy(db, (*scratch)->db, &problem);
        *whole = code == MIGRATE_OK;
        if (code != MIGRATE_ERROR_SHADOW) {
            error_move(err, &problem);
            return code;
        }
        error_clear(&problem);
        scratch_close(*scratch); /* it may be filled in part */
        *scratch = NULL;
        code = scratch_open(run->session, scratch, err);
    }
    return code == MIGRATE_OK ? fill_with_schema(*scratch, facts, err) : code;
}

/* ---- running there ---- */

#define WITH_ROWS "it, or one before it, cannot be rolled back, so that it ran in a copy of the database"
#define WITHOUT_ROWS "it cannot be rolled back, so that it ran in a scratch database, which has the schema but no rows"

static bool same_facts(const struct facts *a, const struct facts *b)
{
    char one[DIGEST_HEX], other[DIGEST_HEX];
    facts_fingerprint(a, one);
    facts_fingerprint(b, other);
    return strcmp(one, other) == 0;
}

/* Everything once more, in silence until the step that is wanted. */
static int32_t run_in_copy(struct migrate_run *run, migrate_session *scratch, migrate_error **err)
{
    struct part part = {run, 0, run->plan->count};
    run->request.rehearsal->reason = WITH_ROWS;
    int32_t code = run_part(scratch, &part, run->next, err);
    if (code == MIGRATE_OK)
        run->next = run->plan->count;
    return code;
}

/* The next step; and if the schema is another one behind it, or the run's transaction is gone, those that follow. */
static int32_t run_in_schema(struct migrate_run *run, migrate_session *scratch, migrate_error **err)
{
    struct facts before = {0}, after = {0};
    struct part part = {run, run->next, run->next + 1};
    run->request.rehearsal->reason = WITHOUT_ROWS;
    int32_t code = session_facts(scratch, &before, err);
    if (code == MIGRATE_OK)
        code = run_part(scratch, &part, 0, err);
    if (code == MIGRATE_OK)
        run->next++;
    if (code == MIGRATE_OK && run->next < run->plan->count)
        code = session_facts(scratch, &after, err);
    if (code == MIGRATE_OK && run->next < run->plan->count && (!run->open || !same_facts(&before, &after))) {
        part = (struct part){run, run->next, run->plan->count};
        run->request.rehearsal->reason = "it stands on what ran in a scratch database, which has the schema but no rows";
        code = run_part(scratch, &part, 0, err);
        if (code == MIGRATE_OK)
            run->next = run->plan->count;
    }
    facts_free(&before);
    facts_free(&after);
    return code;
}

int32_t rehearse_apart(struct migrate_run *run, int32_t (*leave)(struct migrate_run *run, migrate_error **err), migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    const char *reason = rehearsal->reason;
    migrate_session *scratch = NULL;
    migrate_error *problem = NULL;
    struct facts facts = {0};
    bool copies = run->session->db->engine->scratch_copy != NULL, whole = false;
    int32_t code = session_facts(run->session, &facts, err);
    run->session->apart = true;
    if (code == MIGRATE_OK && (copies || run->next + 1 == run->plan->count))
        code = leave(run, err); /* nothing else waits for its locks */
    if (code == MIGRATE_OK) {
        code = open_filled(run, &facts, &scratch, &whole, &problem);
        if (is_reason(code))
            code = skip_because(run, "it cannot be rolled back, and there is no scratch database to run it in", &problem, err);
        else if (code != MIGRATE_OK)
            error_move(err, &problem);
        else if (whole)
            code = run_in_copy(run, scratch, err);
        else if (run->plan->steps[run->next].begun)
            code = skip_rest(run, "an earlier run left it half done: there is nothing to rehearse it on", err);
        else
            code = run_in_schema(run, scratch, err);
    }
    rehearsal->reason = reason;
    run->session->apart = false;
    facts_free(&facts);
    scratch_close(scratch);
    return code;
}
