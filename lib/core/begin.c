/* SPDX-License-Identifier: MIT
 * How a run begins: is there anything to do, may it be done, who else is at it, what has to be there before. */
#include "core/pooler.h"

#include "core/backup.h"
#include "core/events.h"
#include "core/guards.h"
#include "core/losses.h"
#include "core/reconcile.h"
#include "core/rehearsal.h"
#include "core/restore.h"
#include "core/verify.h"
#include "util/clock.h"
#include "util/memory.h"

static void choose_grouping(struct migrate_run *run)
{
    const migrate_session *session = run->session;
    if (session_embedded(session))
        run->grouping = GROUP_HOST;
    else if (run->plan->together || rehearsal_rolls_back(run) || option_is(session->options, OPTION_TRANSACTION, "run"))
        run->grouping = GROUP_WHOLE;
    else if (session->db->engine->shared_transaction)
        run->grouping = GROUP_BATCH; /* where the write transaction is the lock; transaction=migration commits each */
    else
        run->grouping = GROUP_EACH;
}

/* Where the write transaction is the lock, this is done in it: see run_open_shared(). Behind a transaction pooler there is a lock in a
 * transaction alone. */
static int32_t backup_behind_lock(struct migrate_run *run, migrate_error **err)
{
    bool current = false;
    if (!run->session->db->engine->lock_try)
        return MIGRATE_OK;
    bool pooled = run_pooled(run) && backup_wanted(run);
    int32_t code = pooled ? run_wait(run, &current, err) : MIGRATE_OK;
    if (code == MIGRATE_OK && current) {
        run->finished = true;
        return MIGRATE_OK;
    }
    if (code == MIGRATE_OK)
        code = restore_under_lock(run, err);
    if (code == MIGRATE_OK)
        code = backup_take(run, err);
    if (pooled && run->session->db)
        run_clean_up(run, "ROLLBACK");
    return code;
}

/* One query; where the build's state is the database's there is nothing to do: no lock, no write. */
static int32_t look_first(struct migrate_run *run, struct history_head *head, migrate_error **err)
{
    migrate_session *session = run->session;
    bool current = false;
    int32_t code = session_build(session, &run->build, err);
    if (code == MIGRATE_OK)
        code = history_look(session, head, err);
    if (code != MIGRATE_OK)
        return code;
    run->table = head->table;
    if (run->seq_seen < 0)
        run->seq_seen = head->seq;
    if (run->request.everything)
        code = run_is_current(run, head, &current, err);
    run->finished = run->finished || (code == MIGRATE_OK && current);
    return code;
}

/* What forbids the plan, or has to be known of it, before anybody is kept waiting. */
static int32_t check_plan(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    int32_t code = run_check_writable(run, err);
    if (code == MIGRATE_OK && !rehearsal_rolls_back(run))
        code = session_make(session, err);
    if (code == MIGRATE_OK)
        code = run_check_place(session, err); /* of a file that was just made */
    if (code == MIGRATE_OK && (session->db->engine->preflight || run->request.given || losses_wanted(session, run->plan)))
        code = plan_preflight(session, run->plan, true, err);
    if (code == MIGRATE_ERROR_SOURCE && run->request.given)
        code = run_source_moved(err);
    if (code == MIGRATE_OK && !run->request.rehearsal)
        code = losses_refuse(session, run->plan, err);
    if (code == MIGRATE_OK)
        code = guards_check_names(session, run->plan, err);
    if (code == MIGRATE_OK)
        code = run_prove(run, err);
    if (code == MIGRATE_OK)
        code = run_pooler(run, err);
    return code == MIGRATE_OK ? backup_foresee(run, err) : code;
}

static int32_t make_ready(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    int32_t code = backup_behind_lock(run, err);
    if (code == MIGRATE_OK && run->locked && !run->finished && !run->table) {
        code = history_create(session, false, err);
        run->table = code == MIGRATE_OK;
    }
    if (code == MIGRATE_OK && run->request.reconcile && !run->finished)
        code = reconcile_prepare(run, err);
    if (code == MIGRATE_OK && session->db->pooled && !run->table && !session_embedded(session))
        code = pooler_create_history(run, err);
    return code;
}

static int32_t prepare(struct migrate_run *run, migrate_error **err)
{
    struct history_head head;
    bool current = false;
    int32_t code = look_first(run, &head, err);
    if (code != MIGRATE_OK || run->finished)
        return code;
    code = run_plan(run, &head, err);
    if (code == MIGRATE_OK && run->plan->count == 0) {
        run->finished = true;
        return MIGRATE_OK;
    }
    if (code == MIGRATE_OK)
        code = check_plan(run, err);
    if (code == MIGRATE_OK)
        code = run_lock(run, &current, err);
    if (code == MIGRATE_OK && current)
        run->finished = true;
    if (code == MIGRATE_OK && run->locked)
        code = run_replan_under_lock(run, err);
    return code != MIGRATE_OK || rehearsal_rolls_back(run) ? code : make_ready(run, err);
}

/* From the start again, if the connection breaks before anything was run. */
static int32_t prepare_patiently(struct migrate_run *run, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = prepare(run, &problem);
    while (code != MIGRATE_OK && run_lost(run, &problem) && run_may_reconnect(run)) {
        migrate_error *next = NULL;
        code = run_reconnect(run, problem, &next);
        plan_free(run->plan);
        run->plan = NULL;
        if (code == MIGRATE_OK)
            code = prepare(run, &next);
        error_clear(&problem);
        problem = next;
        if (!run->session->db)
            break;
    }
    error_move(err, &problem);
    return code;
}

static void tell_plan(struct migrate_run *run)
{
    struct migrate_event event;
    event_init(&event, "plan", "info");
    event_int(&event, "count", (int64_t)run->plan->count);
    event_text(&event, "direction", run->plan->direction == DIRECTION_UP ? "up" : "down");
    event_send(run->session, &event, "%zu step%s to run", run->plan->count, run->plan->count == 1 ? "" : "s");
    for (size_t i = 0; i < run->plan->findings.count; i++) {
        const struct finding *finding = &run->plan->findings.items[i];
        event_init(&event, "warning", "warning");
        event_text(&event, "id", finding->id);
        event_text(&event, "file", finding->file);
        event_send(run->session, &event, "%s", finding->message);
    }
}

int32_t run_begin(migrate_session *session, const struct request *request, struct migrate_run **out, migrate_error **err)
{
    struct migrate_run *run = memory_new(sizeof *run);
    if (!run)
        return error_nomem(err);
    run->session = session;
    session->references++;
    run->request = *request;
    run->begun = clock_monotonic();
    run->seq_seen = -1;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK) {
        int64_t limit = option_duration(session->options, OPTION_RUN_DEADLINE);
        run->deadline = limit ? run->begun + limit : 0;
        session_deadline(session, run->deadline);
        code = prepare_patiently(run, err);
    }
    if (code == MIGRATE_OK && run->plan) {
        run->from = arena_text(&run->arena, run->plan->from);
        choose_grouping(run);
        vouch_begin(run);
        tell_plan(run);
        if (run->arena.failed)
            code = error_nomem(err);
    } else if (code == MIGRATE_OK) {
        const struct source *source = run->build->source;
        run->from = source->versioned ? source->items[source->versioned - 1].id : NULL;
    }
    if (code != MIGRATE_OK) {
        run_end(run, NULL, NULL);
        return code;
    }
    *out = run;
    return MIGRATE_OK;
}
