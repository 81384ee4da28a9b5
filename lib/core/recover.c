/* SPDX-License-Identifier: MIT
 * The connection broke. An own one is made anew, and what became of the step under way is read in the history: the row with this run's
 * number is there or it is not. The lock comes first: once it is ours again the old session is over, and with it its transaction. A
 * borrowed connection cannot be made anew; then the error says what is known. */
#include "core/events.h"
#include "core/run.h"
#include "util/clock.h"

/* So often in a row without getting on: a migration that takes the server down must not do so for ever. */
enum { LOSSES_MOST = 3 };

bool run_lost(const struct migrate_run *run, migrate_error *const *problem)
{
    const struct database *db = run->session->db;
    enum error_kind kind = error_kind_of(problem);
    if (!db || db->class->transaction(run->session->db) == DATABASE_LOST)
        return !problem || !*problem || ((*problem)->code != MIGRATE_ERROR_CANCELLED && (*problem)->code != MIGRATE_ERROR_TIMEOUT);
    return db->borrowed && kind == ERROR_LOST; /* a host's driver knows no more than its error */
}

int32_t run_exec_final(struct migrate_run *run, const struct text *sql, bool commits, struct database_fault *fault,
                       migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = database_exec_text(run->session->db, sql, fault, &problem);
    run->in_doubt = commits && code != MIGRATE_OK && run_lost(run, &problem);
    error_move(err, &problem);
    return code;
}

/* ---- on a new connection ---- */

bool run_may_reconnect(const struct migrate_run *run)
{
    return run->session->url && run->losses < LOSSES_MOST;
}

int32_t run_reconnect(struct migrate_run *run, const migrate_error *problem, migrate_error **err)
{
    run->losses++;
    event_say(run->session, "reconnecting", "warning", "%s", problem ? problem->message : "the connection was lost");
    run->locked = run->open = run->unclean = false;
    int64_t outer = run->session->watch.deadline;
    int64_t limit = clock_monotonic() + option_duration(run->session->options, OPTION_WAIT_TIMEOUT);
    int32_t code = session_reconnect(run->session, outer && outer < limit ? outer : limit, err);
    session_deadline(run->session, outer);
    return code;
}

static void tell_reconnected(struct migrate_run *run, const struct step *step, bool committed)
{
    struct migrate_event event;
    event_init(&event, "reconnected", "warning");
    event_text(&event, "id", step ? step->id : NULL);
    event_send(run->session, &event, "the connection was made anew: %s %s",
               step && run->grouping == GROUP_EACH ? step->id : "the run's transaction",
               committed ? "had been committed" : "had not been committed");
}

static const struct step *step_under_way(const struct migrate_run *run)
{
    return run->plan && run->next < run->plan->count ? &run->plan->steps[run->next] : NULL;
}

/* Takes over what the history says: what was under way is done, or is to be run again, or others came and the plan is made anew. */
static int32_t settle(struct migrate_run *run, int64_t *expected, bool current, bool *settled, migrate_error **err)
{
    const struct step *step = step_under_way(run);
    bool each = run->grouping == GROUP_EACH;
    struct history history = {0};
    int32_t code = history_load(run->session, &history, err);
    if (code != MIGRATE_OK)
        return code;
    struct history_since since =
        history_since(&history, *expected, run->writer.run, each && step && step->action != STEP_SCHEMA ? step->id : NULL);
    if (history.head.seq > *expected)
        run->losses = 1; /* it gets on */
    *expected = history.head.seq;
    run->table = history.head.table;
    *settled = true;
    history_free(&history);
    tell_reconnected(run, step, since.ended);
    if (since.ended && each && step) {
        code = run_done(run, step, clock_monotonic() - run->step_begun, err);
        run->next++;
    }
    if (since.ended)
        run_settle(run);
    else
        run_unsettle(run);
    if (since.ended || since.others)
        run->alone = ALONE_NONE;
    if (code == MIGRATE_OK && !current)
        code = since.others || !run->plan ? run_replan(run, err) : run_reload_writer(run, err);
    return code;
}

/* First the lock: once it is ours, the old session has ended, and nothing of it can be committed any more. A standby may be about to
 * take over. */
static int32_t look_again(struct migrate_run *run, int64_t *expected, bool *settled, migrate_error **err)
{
    bool current = false;
    int32_t code = run->session->db->read_only ? session_need_primary(run->session, 0, true, err) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = run_lock(run, &current, err);
    if (code == MIGRATE_OK)
        code = settle(run, expected, current, settled, err);
    run->finished |= code == MIGRATE_OK && current;
    return code;
}

/* ---- for good ---- */

/* What is left of the shared transaction must not be committed at the run's end: a host's driver may have connected anew by itself. */
static void drop_transaction(struct migrate_run *run)
{
    struct database *db = run->session->db;
    if (run->open && db && db->class->transaction(db) != DATABASE_LOST)
        run_rollback(run);
    run->open = false;
}

/* What is known: nothing of it was committed, or nobody can tell. why: no new connection came about. */
static int32_t give_up(struct migrate_run *run, const migrate_error *problem, const migrate_error *why, migrate_error **err)
{
    const struct step *step = step_under_way(run);
    const char *what = step && run->grouping == GROUP_EACH ? step->id : "the run's transaction";
    const char *how = problem ? problem->message : "the connection was lost";
    int32_t code = run->in_doubt ? MIGRATE_ERROR_OUTCOME_UNKNOWN : MIGRATE_ERROR_CONNECTION_LOST;
    migrate_error *told = NULL;
    if (run->in_doubt) {
        error_set(&told, code, "the connection was lost while %s was %s; whether it took place is not known", what,
                  run->alone == ALONE_SENT ? "running outside a transaction" : "being committed");
        error_detail(&told, "%s", how);
        error_hint(&told, "run again on a new connection: the history tells how far it came, and nothing is applied twice");
    } else {
        error_set(&told, code, "%s", how);
        error_detail(&told, "%s was not committed", what);
        error_hint(&told, "run again on a new connection: what was committed before stays");
    }
    if (why)
        error_detail_add(&told, "connecting again: %s", why->message);
    error_id(&told, step ? step->id : NULL);
    error_database(&told, ERROR_LOST, problem ? problem->sqlstate : NULL, 0);
    if (step)
        run_tell_failure(run, step, told);
    error_move(err, &told);
    return code;
}

int32_t run_recover(struct migrate_run *run, int64_t expected, migrate_error **problem, migrate_error **err)
{
    migrate_error *why = NULL;
    bool settled = false;
    int32_t code = MIGRATE_ERROR_CONNECTION_LOST;
    while (run_may_reconnect(run)) {
        migrate_error *next = NULL;
        code = run_reconnect(run, why ? why : *problem, &next);
        if (code == MIGRATE_OK)
            code = look_again(run, &expected, &settled, &next);
        error_clear(&why);
        error_move(&why, &next);
        if (code == MIGRATE_OK || !run->session->db || !run_lost(run, &why))
            break;
    }
    bool unknown = run->in_doubt = run->in_doubt && !settled;
    if (code == MIGRATE_OK) {
        code = MIGRATE_MORE;
    } else if (why && !run_lost(run, &why) && (!unknown || code == MIGRATE_ERROR_CANCELLED)) {
        if (unknown)
            error_detail_add(&why, "the connection was lost during COMMIT; whether it took place is not known");
        error_move(err, &why);
    } else {
        drop_transaction(run);
        code = give_up(run, *problem, why, err);
    }
    error_clear(problem);
    error_clear(&why);
    run->in_doubt = false;
    return code;
}
