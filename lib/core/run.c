/* SPDX-License-Identifier: MIT
 * A run's steps, and its end. How it begins: begin.c. */
#include "core/pooler.h"

#include "core/backup.h"
#include "core/events.h"
#include "core/reconcile.h"
#include "core/rehearsal.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

/* How long and how often to look whether another process gets on with what looks half-done, in microseconds. */
enum { PATIENCE = 2000000, PAUSE = 20000 };

/* A shared transaction is committed between two steps once it has written so much. */
enum { BATCH_MOST = 32 * 1024 * 1024 };

/* After a cancel a COMMIT that others hold up is tried for so many microseconds more. */
enum { COMMIT_GRACE = 100000 };

/* Rows that wait for it are written when their text is so long. */
enum { ROWS_MOST = 32 * 1024 };

/* ---- steps ---- */

static const char *event_of(const struct step *step)
{
    switch (step->action) {
    case STEP_RECONCILE:
        return "reconciled";
    case STEP_RECORD:
        return step->event;
    case STEP_SCHEMA:
        return "baselined";
    default:
        return step->direction == DIRECTION_UP ? "applied" : "rolled_back";
    }
}

int32_t run_done(struct migrate_run *run, const struct step *step, int64_t duration, migrate_error **err)
{
    if (!array_reserve(run))
        return error_nomem(err);
    bool up = step->direction == DIRECTION_UP;
    const char *event = event_of(step);
    run->items[run->count++] = (struct done_step){.id = arena_text(&run->arena, step->id), .name = arena_text(&run->arena, step->name),
                                                  .event = event, .repeatable = step->repeatable, .breaking = step->breaking,
                                                  .direction = step->direction, .action = step->action, .duration = duration,
                                                  .down = run->down_result};
    if (step->action == STEP_RUN && up && step->migration && step->migration->down.present)
        run->items[run->count - 1].down = "source";
    run->vouch.owed = run->vouch.on && !run->vouch.text[0];
    struct migrate_event told;
    event_init(&told, "done", "debug");
    event_text(&told, "id", step->id);
    event_int(&told, "duration_us", duration);
    event_send(run->session, &told, "%s done", step->id);
    return run->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

void run_settle(struct migrate_run *run)
{
    run->settled = run->next;
    run->vouch.owed_settled = run->vouch.owed;
    run->losses = 0;
    for (; run->settled_done < run->count; run->settled_done++) {
        const struct done_step *done = &run->items[run->settled_done];
        struct migrate_event event;
        if (done->action == STEP_RECONCILE)
            continue; /* reconcile.c tells of it */
        if (text_equal(done->event, "protected")) { /* of the database, no migration */
            event_say(run->session, "protected", "info", "%s is %s", run->session->db->label,
                      text_equal(done->name, "on") ? "protected now" : "no longer protected");
            continue;
        }
        if (done->action == STEP_RECORD && strcmp(done->event, "restored") == 0)
            continue; /* restore.c does */
        event_init(&event, done->direction == DIRECTION_UP ? "applied" : "rolled_back", "info");
        event_text(&event, "id", done->id);
        event_text(&event, "name", done->name);
        event_text(&event, "direction", done->direction == DIRECTION_UP ? "up" : "down");
        event_int(&event, "duration_us", done->duration);
        event_send(run->session, &event, "%s %s", done->id, done->direction == DIRECTION_UP ? "applied" : "rolled back");
    }
}

/* A reader may hold a COMMIT up on SQLite: it is tried again, but not for long if the host wants an end. */
static int32_t commit_patiently(struct migrate_run *run, migrate_error **err)
{
    struct database *db = run->session->db;
    int64_t begun = clock_monotonic(), limit = begun + option_duration(run->session->options, OPTION_WAIT_TIMEOUT);
    struct text sql = {0}, after = {0};
    int32_t code;
    message_add(&sql, "COMMIT", 6);
    run_after_commit(run, &after);
    message_add(&sql, after.data, after.length);
    for (;;) {
        code = run_exec_final(run, &sql, true, NULL, err);
        if (code != MIGRATE_ERROR_LOCKED || db->class->transaction(db) != DATABASE_OPEN || clock_monotonic() >= limit)
            break;
        int32_t end = clock_monotonic() - begun >= COMMIT_GRACE ? watch_check(&run->session->watch) : MIGRATE_OK;
        if (end != MIGRATE_OK) {
            code = watch_error(&run->session->watch, end, err);
            break;
        }
        error_clear(err);
        clock_sleep(1000 + clock_jitter(20000));
    }
    text_free(&after);
    text_free(&sql);
    return code;
}

/* Token and deadline do not stop the COMMIT of a batch: what is in it is done. All or nothing may still become nothing. */
static int32_t run_commit(struct migrate_run *run, migrate_error **err)
{
    struct database *db = run->session->db;
    struct watch *watch = db->watch, moment = {.patience = COMMIT_GRACE}; /* behind which commit_patiently() looks up */
    migrate_error *problem = NULL;
    if (!run->open)
        return MIGRATE_OK;
    if (run->grouping == GROUP_BATCH)
        db->watch = &moment;
    int32_t code = run_write_rows(run, &problem);
    if (code == MIGRATE_OK)
        code = commit_patiently(run, &problem);
    db->watch = watch;
    run->open = false;
    if (code != MIGRATE_OK) {
        if (db->class->transaction(db) != DATABASE_IDLE)
            run_rollback(run);
    } else {
        run->table = true;
        run_settle(run);
    }
    error_move(err, &problem);
    return code;
}

void run_unsettle(struct migrate_run *run)
{
    run->next = run->settled;
    run->count = run->settled_done;
    run->vouch.owed = run->vouch.owed_settled;
    run->open = false;
    history_batch_cut(&run->rows, 0);
    run->rows_kept = 0;
}

/* Opens the shared transaction and looks again: with SQLite nothing was locked until now. *moved: somebody wrote first. */
int32_t run_open_shared(struct migrate_run *run, bool *moved, migrate_error **err)
{
    struct history_head head = {0};
    *moved = false;
    int32_t code = run->grouping == GROUP_HOST ? MIGRATE_OK : run_open(run, err);
    if (code == RUN_MOVED) {
        *moved = true;
        return MIGRATE_OK;
    }
    if (code != MIGRATE_OK || run->finished)
        return code;
    /* A rehearsal has not made the table, and to look for it would abort the transaction; nobody else makes it behind our lock. */
    if (run->table || !rehearsal_rolls_back(run) || !run->session->db->engine->lock_try)
        code = history_look(run->session, &head, err);
    if (code == MIGRATE_OK && head.seq != run->writer.seq)
        *moved = true;
    if (code == MIGRATE_OK && !*moved && !run->session->db->engine->lock_try)
        code = backup_take(run, err);
    if (code == MIGRATE_OK && !*moved && !head.table)
        code = history_create(run->session, true, err);
    if ((code != MIGRATE_OK || *moved) && run->open)
        run_rollback(run);
    run->seq_opened = head.seq;
    return code;
}

/* The newest row is no longer the expected one, nor one that this run wrote since. patience: whoever is about to write gets so many
 * microseconds in which nobody writes (a VACUUM of an hour is one long write). */
static bool history_moved(struct migrate_run *run, int64_t expected, int64_t patience)
{
    struct history_head head = {0};
    struct database *db = run->session->db;
    int64_t limit = clock_monotonic() + patience;
    int64_t last = clock_monotonic() + option_duration(run->session->options, OPTION_WAIT_TIMEOUT);
    bool moved = false;
    if (patience)
        event_doing(run->session, "waiting for another process that may be at work", NULL);
    while (db->class->transaction(db) == DATABASE_IDLE && history_look(run->session, &head, NULL) == MIGRATE_OK) {
        if (head.seq > expected) {
            moved = strcmp(head.run, run->writer.run) != 0;
            break;
        }
        if (patience && run_writer_at_work(run))
            limit = clock_monotonic() + patience;
        int64_t now = clock_monotonic();
        if (now >= limit || now >= last || watch_sleep(&run->session->watch, PAUSE, true) != MIGRATE_OK)
            break;
    }
    event_doing(run->session, NULL, NULL);
    return moved;
}

int32_t run_execute(struct migrate_run *run, migrate_error **err)
{
    const struct step *step = &run->plan->steps[run->next];
    struct migrate_event event;
    event_init(&event, "step", "info");
    event_text(&event, "id", step->id);
    event_text(&event, "name", step->name);
    event_text(&event, "direction", step->direction == DIRECTION_UP ? "up" : "down");
    event_int(&event, "number", (int64_t)run->next + 1);
    event_int(&event, "count", (int64_t)run->plan->count);
    const char *doing = run->request.rehearsal ? "rehearsing" : step->direction == DIRECTION_UP ? "applying" : "rolling back";
    event_send(run->session, &event, "%s %s", doing, step->id);
    event_doing(run->session, doing, step->id);
    int64_t begun = clock_monotonic();
    int32_t code = run_one(run, step, err);
    event_doing(run->session, NULL, NULL);
    if (code != MIGRATE_OK)
        return code;
    if (step->action == STEP_RECONCILE && run->request.reconcile->added == 0) { /* nothing was missing */
        run->next++;
        return MIGRATE_OK;
    }
    code = run_done(run, step, clock_monotonic() - begun, err);
    if (code == MIGRATE_OK)
        run->next++;
    return code;
}

/* A transaction for each step. */
static int32_t step_each(struct migrate_run *run, migrate_error **err)
{
    int64_t expected = run->writer.seq;
    migrate_error *problem = NULL;
    int32_t code = run->table ? MIGRATE_OK : history_create(run->session, false, &problem);
    run->table = code == MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = run_execute(run, &problem);
    if (code == MIGRATE_OK) {
        run_settle(run);
        return MIGRATE_MORE;
    }
    event_doing(run->session, NULL, NULL);
    if (run_lost(run, &problem))
        return run_recover(run, expected, &problem, err);
    if (run->paused) {
        error_clear(&problem);
        return MIGRATE_MORE; /* and stops ahead of the next step */
    }
    if (!run->table || !run->session->db) { /* nothing was begun, or a cancel ended the wait for a new connection */
        error_move(err, &problem);
        return code;
    }
    /* Without a lock between the parts of non-transactional work, what looks half-done may be under way in another process. */
    int64_t patience = code == MIGRATE_ERROR_PARTIAL && !run->locked ? PATIENCE : 0;
    if (code == RUN_MOVED || (!run->alone_failed && history_moved(run, expected, patience))) {
        error_clear(&problem);
        code = run_replan(run, err);
        return code == MIGRATE_OK ? MIGRATE_MORE : code;
    }
    run_record_failure(run, &run->plan->steps[run->next], problem);
    run_tell_failure(run, &run->plan->steps[run->next], problem);
    error_move(err, &problem);
    return code;
}

/* The shared transaction is still there, and holds the steps before the failed one and nothing else. */
static bool still_good(const struct migrate_run *run)
{
    enum database_transaction state = run->session->db->class->transaction(run->session->db);
    return !run->unclean && (state == DATABASE_OPEN || (state == DATABASE_UNKNOWN && run->open));
}

/* Runs the steps before a failed one once more, unless the history moved: somebody came between, or a code migration committed. */
static void run_again(struct migrate_run *run, size_t failed)
{
    bool moved = false;
    run_unsettle(run);
    if (failed == run->settled || run_reload_writer(run, NULL) != MIGRATE_OK || run->writer.seq != run->seq_opened ||
        run_open_shared(run, &moved, NULL) != MIGRATE_OK || moved || run->finished)
        return;
    while (run->next < failed) {
        if (run_execute(run, NULL) != MIGRATE_OK) {
            run_rollback(run);
            run_unsettle(run);
            return;
        }
    }
    run_commit(run, NULL);
}

/* What a failing step in a shared transaction leaves behind: with a batch the steps before it are committed; if the failure took the
 * whole transaction with it (INSERT OR ROLLBACK, a full disk, an interrupt), they are run once more first. recorded: a row of the
 * failure is in it. */
static void settle_before(struct migrate_run *run, size_t failed, bool recorded)
{
    if (run->grouping == GROUP_HOST)
        return;
    bool good = still_good(run), batch = run->grouping == GROUP_BATCH;
    if (good && batch && (run->next > run->settled || recorded)) {
        run_commit(run, NULL);
        return;
    }
    if (good || run->unclean)
        run_rollback(run);
    if (batch && !good)
        run_again(run, failed);
    else
        run_unsettle(run);
}

static bool commit_due(const struct migrate_run *run)
{
    if (run->grouping != GROUP_BATCH)
        return false;
    struct database *db = run->session->db;
    int64_t every = option_duration(run->session->options, OPTION_COMMIT_EVERY);
    return run->request.pulled || option_is(run->session->options, OPTION_TRANSACTION, "migration") ||
           (every && clock_monotonic() - run->opened_at >= every) ||
           (db->class->bytes_written && db->class->bytes_written(db) >= BATCH_MOST);
}

/* A step that is not one transaction cannot share one. */
static int32_t step_own(struct migrate_run *run, migrate_error **err)
{
    int32_t code = run_commit(run, err);
    if (code != MIGRATE_OK)
        return code;
    run->grouping = GROUP_EACH;
    code = step_each(run, err);
    run->grouping = GROUP_BATCH;
    return code;
}

static int32_t step_shared(struct migrate_run *run, migrate_error **err)
{
    bool moved = false;
    migrate_error *problem = NULL;
    int64_t expected = run->open ? run->seq_opened : run->writer.seq;
    int32_t code = MIGRATE_OK;
    if (!run->open && !(run->grouping == GROUP_HOST && run->next > 0)) {
        code = run_open_shared(run, &moved, &problem);
        if (code == MIGRATE_OK && moved)
            code = run_replan(run, &problem);
        if (code != MIGRATE_OK && run_lost(run, &problem))
            return run_recover(run, expected, &problem, err);
        error_move(err, &problem);
        if (code != MIGRATE_OK || moved || run->finished)
            return code == MIGRATE_OK ? MIGRATE_MORE : code;
    }
    size_t at = run->next;
    code = run_execute(run, &problem);
    if (code == RUN_OWN)
        return step_own(run, err);
    if (code == MIGRATE_OK && run->rows.sql.length >= ROWS_MOST)
        code = run_write_rows(run, &problem);
    if (code == MIGRATE_OK && (commit_due(run) || (run->next == run->plan->count && run->grouping != GROUP_HOST)))
        code = run_commit(run, &problem);
    else if (code == MIGRATE_OK && run->grouping == GROUP_HOST)
        run->settled = run->next;
    if (code == MIGRATE_OK)
        return MIGRATE_MORE;
    event_doing(run->session, NULL, NULL);
    if (run_lost(run, &problem))
        return run_recover(run, expected, &problem, err);
    /* In the same transaction, where there still is one: those who wait must not try before they can know. */
    const struct step *step = &run->plan->steps[at];
    bool recorded = run->grouping == GROUP_BATCH && still_good(run) && run_write_rows(run, NULL) == MIGRATE_OK &&
                    run_record_failure(run, step, problem);
    settle_before(run, at, recorded);
    if (!recorded)
        run_record_failure(run, step, problem);
    run_tell_failure(run, step, problem);
    error_move(err, &problem);
    return code;
}

bool run_should_stop(const struct migrate_run *run)
{
    int64_t budget = option_duration(run->session->options, OPTION_RUN_BUDGET);
    return token_state(run->session->options->token) == 1 || (budget && clock_monotonic() - run->begun >= budget);
}

static int32_t step_dispatch(struct migrate_run *run, migrate_error **err)
{
    int32_t code = watch_check(&run->session->watch);
    if (code != MIGRATE_OK) {
        code = watch_error(&run->session->watch, code, err);
        if (run->open)
            settle_before(run, run->next, false);
        return code;
    }
    if (run_should_stop(run)) {
        if (run->grouping == GROUP_WHOLE)
            settle_before(run, run->next, false); /* all or nothing */
        else if (run->open && run->vouch.owed && run_write_rows(run, NULL) == MIGRATE_OK)
            run_record_fingerprint(run);
        code = run_commit(run, err);
        run->stopped = true;
        return code == MIGRATE_OK ? MIGRATE_STOPPED : code;
    }
    if (run->grouping == GROUP_EACH)
        return step_each(run, err);
    return step_shared(run, err);
}

int32_t run_step(struct migrate_run *run, migrate_error **err)
{
    if (run->outcome < 0)
        return error_set(err, MIGRATE_ERROR_MISUSE, "the run has failed already");
    session_deadline(run->session, run->deadline); /* between two steps the host may have called other verbs */
    size_t settled = run->settled_done;
    while (!run->finished && run->next < run->plan->count) {
        int32_t code = step_dispatch(run, err);
        if (code != MIGRATE_MORE) {
            run->outcome = code;
            if (code < 0)
                backup_mention(run, err);
            return code;
        }
        if (run->settled_done > settled || (run->grouping == GROUP_HOST && run->count > settled))
            return MIGRATE_MORE;
    }
    run->finished = true;
    return MIGRATE_OK;
}

/* ---- end ---- */

int32_t run_end(struct migrate_run *run, migrate_rows **out_report, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (!run)
        return MIGRATE_OK;
    if (run->open && rehearsal_rolls_back(run))
        run_rollback(run);
    else if (run->open)
        code = run_commit(run, err);
    run_record_fingerprint(run);
    if (run->session->db && run->unclean && run->grouping != GROUP_HOST)
        run_rollback(run);
    if (run->session->db && run->session->db->class->locks_end)
        run->session->db->class->locks_end(run->session->db);
    if (run->session->db)
        run_unlock(run);
    session_direct_end(run->session);
    if (session_stuck(run->session)) { /* else it might begin later on, and hold the lock */
        database_close(run->session->db);
        run->session->db = NULL; /* the next call opens another */
    }
    if (code == MIGRATE_OK && out_report)
        code = run_report(run, out_report, err);
    session_deadline(run->session, 0);
    if (run->writer_open)
        history_writer_close(&run->writer);
    plan_free(run->plan);
    memory_free(run->items);
    history_batch_free(&run->rows);
    vouch_forget(run);
    backup_forget(run);
    arena_free(&run->arena);
    session_close(run->session);
    memory_free(run);
    return code;
}

int32_t run_all(migrate_session *session, const struct request *request, migrate_rows **out_report, migrate_error **err)
{
    struct migrate_run *run = NULL;
    int32_t code = run_begin(session, request, &run, err);
    if (code != MIGRATE_OK)
        return code;
    do
        code = run_step(run, err);
    while (code == MIGRATE_MORE);
    if (code >= 0)
        event_say(session, "finished", "info", run->count ? "%zu step%s done" : "nothing to do", run->count,
                  run->count == 1 ? "" : "s");
    if (code < 0) {
        run_end(run, NULL, NULL);
        return code;
    }
    migrate_rows *report = NULL;
    int32_t ended = run_end(run, out_report ? &report : NULL, err);
    if (ended != MIGRATE_OK)
        return ended;
    if (out_report)
        *out_report = report;
    return code;
}
