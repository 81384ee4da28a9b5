/* SPDX-License-Identifier: MIT
 * The plan of a run: made when it begins, checked behind the lock, and made again when somebody else wrote first. */
#include "core/losses.h"
#include "core/reconcile.h"

#include "util/memory.h"

#include <string.h>

/* A run whose ground moves (another runner wrote first) plans again; so often at most. */
enum { REPLANS_MOST = 100 };

static int32_t run_load(struct migrate_run *run, const struct history_head *head, struct history *out, migrate_error **err)
{
    if (head->table)
        return history_load(run->session, out, err);
    *out = (struct history){0};
    return MIGRATE_OK;
}

static int32_t stale(const struct migrate_plan *plan, int64_t seq, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_STALE, "the history moved on since the plan was made (row %lld, then %lld)",
              (long long)plan->seq, (long long)seq);
    error_hint(err, "make and review a new plan");
    return MIGRATE_ERROR_STALE;
}

/* A copy that needs nothing of the plan it comes from, which the host may free while the run goes on. */
int32_t run_copy_step(struct migrate_plan *plan, const struct step *from, migrate_error **err)
{
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    *step = *from;
    step->id = arena_text(&plan->arena, from->id);
    step->name = arena_text(&plan->arena, from->name);
    step->stored = arena_text(&plan->arena, from->stored);
    step->stored_file = arena_text(&plan->arena, from->stored_file);
    step->checksum = arena_text(&plan->arena, from->checksum);
    step->reason = arena_text(&plan->arena, from->reason);
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t adopt_given(struct migrate_run *run, const struct history *history, migrate_error **err)
{
    const struct migrate_plan *given = run->request.given;
    if (given->build != run->build) {
        error_set(err, MIGRATE_ERROR_STALE, "the plan was made by another session");
        error_hint(err, "make a plan with the session that runs it");
        return MIGRATE_ERROR_STALE;
    }
    if (given->seq != history->head.seq)
        return stale(given, history->head.seq, err);
    struct migrate_plan *plan = NULL;
    int32_t code = plan_new(run->session, run->build, history, &plan, err);
    for (size_t i = 0; code == MIGRATE_OK && i < given->count; i++)
        code = run_copy_step(plan, &given->steps[i], err);
    if (code == MIGRATE_OK) {
        plan->to = arena_text(&plan->arena, given->to);
        code = plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
    }
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    plan->replaced = given->replaced;
    plan->together = given->together;
    plan->direction = given->direction;
    run->plan = plan;
    return MIGRATE_OK;
}

/* When the plan was made all its texts could be read: one of them is no longer what was reviewed. */
int32_t run_source_moved(migrate_error **err)
{
    if (err && *err && (*err)->code == MIGRATE_ERROR_SOURCE) /* not the static one for a lack of memory */
        (*err)->code = MIGRATE_ERROR_STALE;
    error_hint(err, "make and review a new plan in a new session");
    return MIGRATE_ERROR_STALE;
}

/* Makes plan and writer anew from what the history says now. */
int32_t run_plan(struct migrate_run *run, const struct history_head *head, migrate_error **err)
{
    struct history history = {0};
    char id[33];
    bool same_run = run->writer_open;
    if (run->request.given && run->plan)
        return stale(run->plan, head->seq, err);
    int32_t code = run_load(run, head, &history, err);
    if (code != MIGRATE_OK)
        return code;
    plan_free(run->plan);
    run->plan = NULL;
    run->next = run->settled = 0;
    code = run->request.given ? adopt_given(run, &history, err)
                              : run->request.make(run->session, run->build, &history, &run->request, &run->plan, err);
    if (code == MIGRATE_OK && (same_run || run->plan->count > 0)) { /* a newer format may be read, not written */
        if (same_run)
            memcpy(id, run->writer.run, sizeof id);
        if (run->writer_open)
            history_writer_close(&run->writer);
        run->writer_open = true;
        code = history_writer_open(&run->writer, run->session, &history, same_run ? id : NULL, err);
    }
    history_free(&history);
    return code;
}

/* After a failure the writer's numbers are those of a transaction that is gone. */
int32_t run_reload_writer(struct migrate_run *run, migrate_error **err)
{
    struct history history = {0};
    char id[33];
    memcpy(id, run->writer.run, sizeof id);
    int32_t code = history_load(run->session, &history, err);
    if (code == MIGRATE_OK) {
        history_writer_close(&run->writer);
        code = history_writer_open(&run->writer, run->session, &history, id, err);
    }
    history_free(&history);
    return code;
}

/* A migration that failed for somebody else while we waited for the lock fails for us too: fifty starters of a broken build make
 * one attempt. */
static int32_t failed_meanwhile(const struct migrate_run *run, const struct migrate_plan *plan, const struct history *history,
                                migrate_error **err)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        const struct past *trace = step->action == STEP_RUN && step->migration ? history_trace(history, step->id) : NULL;
        if (trace && trace->failed && trace->failed_seq > run->seq_seen && text_equal(trace->failed_checksum, step->migration->checksum))
            return failed_elsewhere(trace, err);
    }
    return MIGRATE_OK;
}

int32_t run_is_current(struct migrate_run *run, const struct history_head *head, bool *out, migrate_error **err)
{
    bool needed = false;
    int32_t code = build_is_state(run->build, head->state, out, err);
    if (code == MIGRATE_OK && *out && run->request.reconcile) {
        code = reconcile_needed(run->session, head->table, &needed, err);
        *out = !needed;
    }
    return code;
}

int32_t run_look_meanwhile(struct migrate_run *run, const struct history_head *head, bool *current, migrate_error **err)
{
    struct history history = {0};
    struct migrate_plan *plan = NULL;
    if (run->request.given)
        return MIGRATE_OK; /* stale or not is said under the lock */
    if (run->request.everything) {
        int32_t code = run_is_current(run, head, current, err);
        if (code != MIGRATE_OK || *current)
            return code;
    }
    /* What cannot be read or planned now is told under the lock. */
    if (history_load(run->session, &history, NULL) != MIGRATE_OK)
        return MIGRATE_OK;
    int32_t code = run->request.make(run->session, run->build, &history, &run->request, &plan, NULL);
    if (code == MIGRATE_OK) {
        *current = run->request.everything && plan->count == 0;
        code = failed_meanwhile(run, plan, &history, err);
    } else {
        code = MIGRATE_OK;
    }
    plan_free(plan);
    history_free(&history);
    return code;
}

static int32_t plan_anew(struct migrate_run *run, const struct history_head *head, migrate_error **err)
{
    struct history history = {0};
    int32_t code = run_plan(run, head, err);
    if (code == MIGRATE_OK)
        code = history_load(run->session, &history, err);
    if (code == MIGRATE_OK)
        code = failed_meanwhile(run, run->plan, &history, err);
    history_free(&history);
    if (code == MIGRATE_OK && !run->request.rehearsal) /* it may have been protected meanwhile */
        code = losses_refuse(run->session, run->plan, err);
    return code;
}

int32_t run_replan_under_lock(struct migrate_run *run, migrate_error **err)
{
    struct history_head head;
    int32_t code = history_look(run->session, &head, err);
    if (code != MIGRATE_OK)
        return code;
    run->table = head.table;
    return head.seq == run->plan->seq ? MIGRATE_OK : plan_anew(run, &head, err);
}

/* "The last three" are others than before once one of them is gone. */
static bool done_by_count(const struct migrate_run *run)
{
    const char *target = run->request.target;
    return run->plan && run->plan->direction == DIRECTION_DOWN && run->settled_done > 0 && (!target || !*target || *target == '-');
}

int32_t run_replan(struct migrate_run *run, migrate_error **err)
{
    struct history_head head;
    if (done_by_count(run)) {
        error_set(err, MIGRATE_ERROR_STALE, "another runner came between after %zu step%s back", run->settled_done,
                  run->settled_done == 1 ? "" : "s");
        error_hint(err, "look at the status, and roll back to an id");
        return MIGRATE_ERROR_STALE;
    }
    if (++run->replans > REPLANS_MOST)
        return error_set(err, MIGRATE_ERROR_LOCKED, "other writers of the history kept coming first, %d times", REPLANS_MOST);
    int32_t code = history_look(run->session, &head, err);
    return code == MIGRATE_OK ? plan_anew(run, &head, err) : code;
}
