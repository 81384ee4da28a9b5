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

enum { PATIENCE = 5000000 }; /* microseconds */

/* The end of a lone statement is always recorded, else nobody would know it; and whoever had to wait tells those who still do. For the
 * rest: one process that restarts every second must not fill the table. */
static bool told_already(const struct history *history, const struct history_entry *entry)
{
    const struct trace *trace = history_trace(history, entry->id);
    if (!trace || !trace->failed || !text_equal(trace->failed, entry->error) ||
        !text_equal(trace->failed_checksum, entry->checksum))
        return false;
    return (int64_t)time(NULL) - trace->failed_at / 1000000 < 60;
}

/* A lone statement of an earlier run whose end nobody recorded: a `failed` row would read as its end. */
static bool end_unknown(const struct migrate_run *run, const struct history *history, const char *id)
{
    const struct trace *trace = history_trace(history, id);
    return trace && trace->started_hash && !run->alone_failed;
}

static int32_t write_failure(struct migrate_run *run, const struct history_entry *entry)
{
    migrate_session *session = run->session;
    const struct database_engine *engine = session->db->engine;
    struct history history = {0};
    struct text sql = {0}, row = {0};
    struct history_writer writer = {0};
    int32_t code = run->table ? MIGRATE_OK : history_create(session, false, NULL);
    if (code == MIGRATE_OK)
        code = history_load(session, &history, NULL);
    if (code == MIGRATE_OK && !end_unknown(run, &history, entry->id) && (run->alone_failed || run->waited || !told_already(&history, entry))) {
        code = history_writer_open(&writer, session, &history, run->writer_open ? run->writer.run : NULL, NULL);
        if (code == MIGRATE_OK)
            code = history_append(&writer, entry, &row, NULL);
        if (!run->open)
            engine->begin(&sql, option_text(session->options, OPTION_SET_ROLE));
        message_add(&sql, row.data, row.length);
        if (!run->open)
            message_add(&sql, "COMMIT", 6);
        if (code == MIGRATE_OK)
            code = database_exec_text(session->db, &sql, NULL, NULL);
        if (code != MIGRATE_OK && !run->open && session->db->class->transaction(session->db) != DATABASE_IDLE)
            run_clean_up(run, "ROLLBACK");
        history_writer_close(&writer);
    }
    history_free(&history);
    text_free(&sql);
    text_free(&row);
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
    if (error->code == MIGRATE_ERROR_RIGHTS && !error->line && !option_text(run->session->options, OPTION_SET_ROLE))
        rights_hint(run->session, run->session->db->engine->grant_write, run->session->history_name, &error);
    if (worth_recording(error->code) && error->code != MIGRATE_ERROR_PARTIAL && !error->hint)
        error_hint(&error, "%s was rolled back and left nothing behind; mend it and run again", step->id);
}

bool run_record_failure(struct migrate_run *run, const struct step *step, const migrate_error *error)
{
    if (!(worth_recording(error->code) || run->alone_failed) || run->grouping == GROUP_HOST || step->action == STEP_RECORD ||
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
    run->alone_failed = false;
    text_free(&shown);
    return code == MIGRATE_OK;
}

int32_t failed_elsewhere(const struct trace *trace, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SQL, "%s failed in another process while this one waited: %s", trace->id, trace->failed);
    error_hint(err, "mend the migration, or start again to try anew");
    error_id(err, trace->id);
    return MIGRATE_ERROR_SQL;
}
