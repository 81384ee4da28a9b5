/* SPDX-License-Identifier: MIT
 * A failure leaves a row too, in a transaction of its own, or in the shared one that is still good: that is how the next start, another process or a person learns
 * of it. It changes nothing else: there is no dirty state. */
#include "core/events.h"
#include "core/rights.h"
#include "core/run.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>
#include <time.h>

#define SAVEPOINT "libmigrate_row"

enum { PATIENCE = 5000000 }; /* microseconds */

/* The end of a lone statement is always recorded, else nobody would know it; and whoever had to wait tells those who still do. For the
 * rest: one process that restarts every second must not fill the table. */
static bool told_already(const struct history *history, const struct history_entry *entry)
{
    const struct past *trace = history_trace(history, entry->id);
    if (!trace || !trace->failed || !text_equal(trace->failed, entry->error) ||
        !text_equal(trace->failed_checksum, entry->checksum))
        return false;
    return (int64_t)time(NULL) - trace->failed_at / 1000000 < 60;
}

/* A lone statement of an earlier run whose end nobody recorded: a `failed` row would read as its end. */
static bool end_unknown(const struct migrate_run *run, const struct history *history, const char *id)
{
    const struct past *trace = history_trace(history, id);
    return trace && trace->started_hash && !run->alone_failed;
}

/* A row of this run behind whatever the history has now; with the fingerprint that the run owes, if that is so. */
static int32_t add_row(struct migrate_run *run, const struct history *history, struct history_entry *entry, struct text *sql)
{
    struct history_writer writer = {0};
    struct text row = {0};
    int32_t code = history_writer_open(&writer, run->session, history, run->writer_open ? run->writer.run : NULL, NULL);
    if (code == MIGRATE_OK && run->vouch.owed)
        code = vouch_read(run, writer.seq + 1, NULL);
    if (code == MIGRATE_OK) {
        entry->fingerprint = run->vouch.owed && run->vouch.text[0] ? run->vouch.text : NULL;
        if (!entry->fingerprint && !entry->error) /* there is nothing else to say */
            code = MIGRATE_ERROR_CANCELLED;
    }
    if (code == MIGRATE_OK) {
        code = history_append(&writer, entry, &row, NULL);
    }
    message_add(sql, row.data, row.length);
    history_writer_close(&writer);
    text_free(&row);
    return code;
}

/* In the run's open transaction, or in one of its own. The schema is read behind its beginning. */
static int32_t write_row(struct migrate_run *run, const struct history *history, struct history_entry *entry)
{
    migrate_session *session = run->session;
    struct database *db = session->db;
    bool inside = run->open || run->grouping == GROUP_HOST;
    struct text sql = {0};
    int32_t code = MIGRATE_OK;
    if (inside)
        text_add(&sql, "SAVEPOINT " SAVEPOINT);
    else
        db->engine->begin(&sql, option_text(session->options, OPTION_SET_ROLE));
    if (run->vouch.owed) {
        code = database_exec_text(db, &sql, NULL, NULL);
        text_clear(&sql);
    }
    if (code == MIGRATE_OK)
        code = add_row(run, history, entry, &sql);
    message_add(&sql, inside ? "RELEASE SAVEPOINT " SAVEPOINT : "COMMIT", strlen(inside ? "RELEASE SAVEPOINT " SAVEPOINT : "COMMIT"));
    if (code == MIGRATE_OK)
        code = database_exec_text(db, &sql, NULL, NULL);
    if (code != MIGRATE_OK && db->class->transaction(db) != DATABASE_IDLE)
        run_clean_up(run, inside ? "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT : "ROLLBACK");
    if (code == MIGRATE_OK && entry->fingerprint)
        run->vouch.owed = run->vouch.owed_settled = false;
    text_free(&sql);
    return code;
}

static int32_t write_failure(struct migrate_run *run, struct history_entry *entry)
{
    struct history history = {0};
    int32_t code = run->table ? MIGRATE_OK : history_create(run->session, run->open, NULL);
    if (code == MIGRATE_OK)
        code = history_load(run->session, &history, NULL);
    if (code == MIGRATE_OK && !end_unknown(run, &history, entry->id) &&
        (run->alone_failed || run->waited || run->vouch.owed || !told_already(&history, entry)))
        code = write_row(run, &history, entry);
    history_free(&history);
    return code;
}

static bool worth_recording(int32_t code)
{
    return code == MIGRATE_ERROR_SQL || code == MIGRATE_ERROR_CODE || code == MIGRATE_ERROR_PARTIAL ||
           code == MIGRATE_ERROR_RIGHTS;
}

void run_tell_failure(struct migrate_run *run, const struct step *step, migrate_error *error)
{
    struct migrate_event event;
    event_init(&event, "failed", "error");
    event_text(&event, "id", step->id);
    event_text(&event, "file", error->file);
    event_int(&event, "code", error->code);
    event_send(run->session, &event, "%s failed: %s", step->id, error->message);
    /* No place in the text: what failed is the history's own row. */
    if (error->code == MIGRATE_ERROR_RIGHTS && run->vouch.refused)
        kept_rights_hint(run->session, &error);
    else if (error->code == MIGRATE_ERROR_RIGHTS && !error->line && !option_text(run->session->options, OPTION_SET_ROLE))
        rights_hint(run->session, run->session->db->engine->grant_write, run->session->history_name, &error);
    if (worth_recording(error->code) && error->code != MIGRATE_ERROR_PARTIAL && !error->hint)
        error_hint(&error, "%s was rolled back and left nothing behind; mend it and run again", step->id);
}

bool run_record_failure(struct migrate_run *run, const struct step *step, const migrate_error *error)
{
    if (!(worth_recording(error->code) || run->alone_failed || run->guard_failed) || run->grouping == GROUP_HOST || step->action == STEP_RECORD ||
        step->action == STEP_RECONCILE)
        return false;
    if (run->unclean)
        run_rollback(run);
    if (run->unclean)
        return false;
    struct text shown = {0};
    text_add(&shown, error->message);
    if (error->file && error->line)
        text_format(&shown, " (%s:%lld:%lld)", error->file, (long long)error->line, (long long)error->column);
    struct history_entry entry = {.event = "failed", .effect = "none", .kind = step->repeatable ? "repeatable" : "versioned",
                                  .id = step->id, .name = step->name,
                                  .checksum = step->migration ? step->migration->checksum : step->checksum, .statement = -1,
                                  .error = shown.failed ? NULL : shown.data, .duration = 0};
    struct database *db = run->session->db;
    /* Neither token nor deadline end this; but the caller wants to hear of the failure soon. */
    struct watch *watch = db->watch, own = {.deadline = clock_monotonic() + PATIENCE};
    db->watch = &own;
    int32_t code = write_failure(run, &entry);
    db->watch = watch;
    run->alone_failed = run->guard_failed = false;
    text_free(&shown);
    return code == MIGRATE_OK;
}

/* Whoever cancelled does not wait for it: a run that owes one then leaves none, and drift knows that. */
void run_record_fingerprint(struct migrate_run *run)
{
    enum { MOMENT = 80000 };
    migrate_session *session = run->session;
    struct database *db = session->db;
    struct history history = {0};
    if (!run->vouch.owed || !db || run->unclean || !run->plan || db->class->transaction(db) == DATABASE_LOST ||
        db->class->transaction(db) == DATABASE_ABORTED)
        return;
    bool cancelled = watch_check(&session->watch) == MIGRATE_ERROR_CANCELLED;
    struct watch *watch = db->watch, own = {.deadline = clock_monotonic() + (cancelled ? MOMENT : PATIENCE)};
    struct history_entry entry = {.event = "fingerprint", .effect = "none", .kind = "versioned", .statement = -1, .duration = 0};
    if (run->count > 0)
        entry.id = run->items[run->count - 1].id;
    else if (run->next < run->plan->count)
        entry.id = run->plan->steps[run->next].id;
    db->watch = &own;
    if (entry.id && history_load(session, &history, NULL) == MIGRATE_OK && strcmp(history.head.run, run->writer.run) == 0)
        write_row(run, &history, &entry);
    history_free(&history);
    if (session->db)
        session->db->watch = watch;
}

int32_t failed_elsewhere(const struct past *trace, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SQL, "%s failed in another process while this one waited: %s", trace->id, trace->failed);
    error_hint(err, "mend the migration, or start again to try anew");
    error_id(err, trace->id);
    return MIGRATE_ERROR_SQL;
}
