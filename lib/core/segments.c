/* SPDX-License-Identifier: MIT
 * Work that is not one transaction (CREATE INDEX CONCURRENTLY, VACUUM, the author's own COMMIT in the middle): segment by segment, each
 * leaving a row in the history, so that the next run goes on behind the last one that was done. A lone statement is announced by a
 * `started` row first: if its end was never recorded, the database is asked what became of it (see alone.c); where it cannot tell, the
 * run stops with both choices. */
#include "core/alone.h"
#include "core/backup.h"
#include "core/down.h"
#include "core/events.h"
#include "core/guards.h"
#include "core/holder.h"
#include "core/pooler.h"
#include "core/resume.h"
#include "util/clock.h"
#include "util/memory.h"

#include <stdio.h>
#include <string.h>

static struct history_entry progress_entry(const struct step *step, const char *event, size_t statements, const char *reason,
                                           const struct segment_record *record)
{
    return (struct history_entry){.event = event, .effect = "none", .kind = step->repeatable ? "repeatable" : "versioned",
                                  .id = step->id, .name = step->name,
                                  .checksum = step->migration ? step->migration->checksum : step->checksum,
                                  .statement = (int64_t)statements, .statement_hash = record->hash, .statement_sql = record->sql.data,
                                  .reason = reason, .duration = -1};
}

static int32_t add_progress(struct migrate_run *run, const struct step *step, const struct script *script, const char *event,
                            const struct segment *segment, struct text *sql, migrate_error **err)
{
    struct segment_record record = {0};
    struct text row = {0};
    int32_t code = script_record(script, segment, &record, err);
    struct history_entry entry = progress_entry(step, event, segment->first + segment->count, guards_before(run), &record);
    if (!run->keeps_sql)
        entry.statement_sql = NULL;
    if (code == MIGRATE_OK)
        code = history_append(&run->writer, &entry, &row, err);
    if (code == MIGRATE_OK)
        message_add(sql, row.data, row.length);
    text_free(&row);
    text_free(&record.sql);
    return code == MIGRATE_OK && sql->failed ? error_nomem(err) : code;
}

static bool is_last(const struct script *script, const struct segment *segment)
{
    return segment + 1 == script->items + script->count;
}

/* The rows behind a segment: progress, or, behind the last one, what the whole step leaves. */
static int32_t add_rows(struct migrate_run *run, const struct step *step, const struct script *script,
                        const struct segment *segment, struct text *sql, migrate_error **err)
{
    if (is_last(script, segment))
        return step_rows(run, step, sql, err);
    return add_progress(run, step, script, "progress", segment, sql, err);
}

/* ---- a generated way back, and the schema's fingerprint: found behind the last segment, so that the row with them cannot travel with the
 * work ---- */

/* Between transactions rows are not counted: what may have written some has no way back. */
static const char *may_write(const struct script *script, const char *sql, size_t length)
{
    static const char *const definitions[] = {"create", "alter",   "drop",    "comment", "reindex", "vacuum", "analyze", "set", "reset",
                                              "refresh", "cluster", "grant", "revoke",  "begin",   "commit", "pragma"};
    static const char *const uncovered[] = {"cast", "operator", "text", "conversion", "language", "publication", "subscription", "server",
                                            "foreign", "user", "role", "event", "access", "transform", "collation", "default", "database"};
    struct sql_token token = sql_lex(script->engine->dialect, sql, length, 0);
    bool defines = false;
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++)
        defines = defines || sql_is_word(sql, token, definitions[i]);
    if (!defines)
        return "it is not one transaction, and may have written rows";
    do
        token = sql_lex(script->engine->dialect, sql, length, token.offset + token.length);
    while (token.kind == SQL_SPACE || token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT);
    for (size_t i = 0; i < sizeof uncovered / sizeof *uncovered; i++) {
        if (sql_is_word(sql, token, uncovered[i]))
            return "it is not one transaction, and defines what facts do not cover";
    }
    return NULL;
}

static int32_t down_ahead(struct migrate_run *run, const struct step *step, const struct script *script, size_t done,
                          migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    if (!run->down)
        return MIGRATE_OK;
    int32_t code = down_begin(run->session, run->down, err);
    run->down->apart = true;
    if (done > 0 || step->begun)
        down_refuse(run->down, "an earlier run had begun it");
    if (code != MIGRATE_OK)
        return code;
    code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        const char *why = script_sends(statement.kind) ? may_write(script, stream.sql.text + statement.offset, statement.length) : NULL;
        if (why)
            down_refuse(run->down, "%s", why);
    }
    script_stream_close(&stream);
    return code;
}

/* Text and row in two messages, with a look at the schema in between. */
static int32_t send_and_look(struct migrate_run *run, const struct step *step, const struct script *script,
                             const struct segment *segment, const struct text *prefix, migrate_error **err)
{
    static const struct text nothing = {0};
    struct text suffix = {0};
    int32_t code = database_exec_text(run->session->db, prefix, NULL, err);
    if (code == MIGRATE_OK)
        code = run_segment(run, script, segment, &nothing, &nothing, err);
    if (code == MIGRATE_OK && run->guards)
        code = guards_end(run, err);
    if (code == MIGRATE_OK && run->down)
        code = down_end(run->session, script, run->down, err);
    if (code == MIGRATE_OK && vouch_due(run))
        code = vouch_read(run, run->writer.seq + 1, err);
    run_before_history(run, &suffix);
    if (code == MIGRATE_OK)
        code = add_rows(run, step, script, segment, &suffix, err);
    message_add(&suffix, "COMMIT", 6);
    if (code == MIGRATE_OK)
        code = run_exec_final(run, &suffix, true, NULL, err);
    text_free(&suffix);
    return code;
}

static int32_t try_transaction(struct migrate_run *run, const struct step *step, const struct script *script,
                               const struct segment *segment, migrate_error **err)
{
    struct text prefix = {0}, suffix = {0};
    int32_t code = run_begin_transaction(run, &prefix, err);
    if (code != MIGRATE_OK) { /* there may be no connection any more */
        text_free(&prefix);
        return code;
    }
    code = backup_begin(run, &prefix, err);
    if (code != MIGRATE_OK) {
        text_free(&prefix);
        return code;
    }
    attempts_limit(run, &prefix);
    if (run_pooled(run)) /* else it is shown all the while, see prepare_alone() */
        holder_show(run, step->id, true, &prefix);
    if (is_last(script, segment) && (run->down || run->guards || vouch_due(run))) {
        code = send_and_look(run, step, script, segment, &prefix, err);
    } else {
        run_before_history(run, &suffix);
        code = add_rows(run, step, script, segment, &suffix, err);
        message_add(&suffix, "COMMIT", 6);
        if (code == MIGRATE_OK)
            code = run_segment(run, script, segment, &prefix, &suffix, err);
    }
    if (code != MIGRATE_OK && run->session->db->class->transaction(run->session->db) != DATABASE_IDLE)
        run_clean_up(run, "ROLLBACK");
    text_free(&prefix);
    text_free(&suffix);
    return code;
}

static int32_t run_transaction(struct migrate_run *run, const struct step *step, const struct script *script,
                               const struct segment *segment, migrate_error **err)
{
    struct attempts attempts = {0};
    migrate_error *problem = NULL;
    int32_t code;
    do {
        attempts_begin(&attempts, run, step, script, segment, true);
        code = try_transaction(run, step, script, segment, &problem);
    } while (code != MIGRATE_OK && attempts_again(&attempts, &code, &problem));
    attempts_end(&attempts);
    error_move(err, &problem);
    return code;
}

/* History rows in a transaction of their own: whatever the script set in the session does not reach them. */
static int32_t write_rows(struct migrate_run *run, const struct text *rows, migrate_error **err)
{
    const struct database_engine *engine = run->session->db->engine;
    const char *role = option_text(run->session->options, OPTION_SET_ROLE);
    struct text message = {0}, filled = {0};
    bool held = false;
    int32_t code = vouch_held(run, rows, &held, err);
    engine->begin(&message, role);
    engine->before_history(&message, role);
    if (code == MIGRATE_OK && held) {
        code = database_exec_text(run->session->db, &message, NULL, err);
        text_clear(&message);
        if (code == MIGRATE_OK)
            code = vouch_fill(run, rows, &filled, err);
        rows = &filled;
    }
    message_add(&message, rows->data, rows->length);
    message_add(&message, "COMMIT", 6);
    if (code == MIGRATE_OK)
        code = run_exec_final(run, &message, true, NULL, err);
    if (code != MIGRATE_OK && run->session->db->class->transaction(run->session->db) != DATABASE_IDLE)
        run_clean_up(run, "ROLLBACK");
    text_free(&message);
    text_free(&filled);
    return code;
}

enum { PATIENCE = 30000000 }; /* microseconds */

/* What is done must not be forgotten: neither token nor deadline stop these rows, and they are tried twice. */
static int32_t write_end(struct migrate_run *run, const struct text *rows, migrate_error **err)
{
    struct database *db = run->session->db;
    struct watch *watch = db->watch, own = {.deadline = clock_monotonic() + PATIENCE};
    migrate_error *problem = NULL;
    db->watch = &own;
    int32_t code = write_rows(run, rows, &problem);
    if (code != MIGRATE_OK && !run_lost(run, &problem)) {
        error_clear(&problem);
        code = write_rows(run, rows, &problem);
    }
    db->watch = watch;
    error_move(err, &problem);
    return code;
}

/* Sends it; if it may, again and again. seq: of the `started` row. */
static int32_t send_alone(struct migrate_run *run, const struct step *step, const struct script *script, const struct segment *segment,
                          bool suits, int64_t seq, migrate_error **problem)
{
    static const struct text nothing = {0};
    struct attempts attempts = {0};
    struct database *db = run->session->db;
    int32_t code;
    do {
        attempts_begin(&attempts, run, step, script, segment, suits);
        attempts.seq = seq;
        code = run_segment(run, script, segment, &nothing, &nothing, problem);
    } while (code != MIGRATE_OK && attempts_again(&attempts, &code, problem));
    attempts_end(&attempts);
    if (suits && db->class->transaction(db) == DATABASE_IDLE) {
        struct watch *watch = db->watch;
        db->watch = NULL; /* after a cancel too */
        attempts_limit_alone(run, false, NULL);
        db->watch = watch;
    }
    return code;
}

/* What is recorded behind a lone statement; only the database knows the schema by then. */
static int32_t add_alone_rows(struct migrate_run *run, const struct step *step, const struct script *script, const struct segment *segment,
                              struct text *rows, migrate_error **err)
{
    if (is_last(script, segment) && vouch_due(run))
        vouch_hold(run);
    return add_rows(run, step, script, segment, rows, err);
}

/* Announced, and run. rows: what is to be recorded behind it, made before, because nothing but the database may fail there. */
static int32_t carry_out(struct migrate_run *run, const struct step *step, const struct script *script, const struct segment *segment,
                         struct alone *alone, struct text *rows, migrate_error **err)
{
    struct text started = {0};
    migrate_error *problem = NULL;
    bool suits = !run_pooled(run) && attempts_suit(script, alone->statement.data, alone->statement.length);
    int32_t code = add_progress(run, step, script, "started", segment, &started, &problem);
    int64_t seq = run->writer.seq;
    if (code == MIGRATE_OK && !((run->down || run->guards) && is_last(script, segment)))
        code = add_alone_rows(run, step, script, segment, rows, &problem);
    run->alone = ALONE_TOLD;
    run->alone_statement = segment->first + 1;
    snprintf(run->alone_checksum, sizeof run->alone_checksum, "%s", step_checksum(step));
    if (code == MIGRATE_OK && suits)
        code = attempts_limit_alone(run, true, &problem);
    if (code == MIGRATE_OK)
        code = write_rows(run, &started, &problem);
    if (code != MIGRATE_OK && !run_lost(run, &problem))
        run->alone = ALONE_NONE; /* such a row in the history is another process's, which is at work on it */
    if (code == MIGRATE_OK) {
        run->vouch.owed = run->vouch.owed_settled = run->vouch.on;
        run->alone = ALONE_SENT;
        run->backup.passed = true;
        code = send_alone(run, step, script, segment, suits, seq, &problem);
        if (code == MIGRATE_OK)
            code = alone_after(alone, &problem);
        else
            alone_failed(alone, code, &problem);
        run->in_doubt = code != MIGRATE_OK && run_lost(run, &problem);
        run->alone_failed =
            code != MIGRATE_OK && !run->in_doubt && run->session->db->class->transaction(run->session->db) == DATABASE_IDLE;
        if (code == MIGRATE_OK)
            run->alone = ALONE_DONE;
    }
    text_free(&started);
    error_move(err, &problem);
    return code;
}

/* The last statement is done, but something behind it is not as it has to be: it is not to be run again. */
static void keep_done(struct migrate_run *run, const struct step *step, const struct script *script, const struct segment *segment)
{
    struct text rows = {0};
    if (add_progress(run, step, script, "progress", segment, &rows, NULL) == MIGRATE_OK)
        write_end(run, &rows, NULL);
    text_free(&rows);
}

static int32_t run_alone(struct migrate_run *run, const struct step *step, const struct script *script,
                         const struct segment *segment, const struct resume *resume, migrate_error **err)
{
    static const struct text nothing = {0};
    struct alone alone = {.run = run, .step = step, .script = script, .segment = segment};
    struct text rows = {0};
    bool last = is_last(script, segment);
    bool done = run->alone == ALONE_DONE && run_alone_is(run, step, segment->first + 1); /* before the connection broke */
    int32_t code;
    if (segment->only_session) {
        code = run_segment(run, script, segment, &nothing, &nothing, err);
    } else {
        code = done ? MIGRATE_OK : alone_before(&alone, resume, &done, err);
        if (code == MIGRATE_OK && !done)
            code = carry_out(run, step, script, segment, &alone, &rows, err);
    }
    bool sent = code == MIGRATE_OK && !segment->only_session;
    if (code == MIGRATE_OK && run->guards && last)
        code = guards_end(run, err);
    if (code == MIGRATE_OK && run->down && last)
        code = down_end(run->session, script, run->down, err);
    if (code != MIGRATE_OK && sent)
        keep_done(run, step, script, segment);
    if (code == MIGRATE_OK && rows.length == 0 && (last || !segment->only_session))
        code = add_alone_rows(run, step, script, segment, &rows, err);
    if (code == MIGRATE_OK && rows.length)
        code = write_end(run, &rows, err);
    if (code == MIGRATE_OK)
        run->alone = ALONE_NONE;
    alone_free(&alone);
    text_free(&rows);
    return code;
}

static int32_t prepare_alone(struct migrate_run *run, const struct step *step, migrate_error **err)
{
    struct text sql = {0};
    if (!run->session->db->engine->before_alone || run_pooled(run))
        return MIGRATE_OK;
    run->session->db->engine->before_alone(&sql, option_text(run->session->options, OPTION_SET_ROLE));
    holder_show(run, step->id, false, &sql);
    int32_t code = database_exec_text(run->session->db, &sql, NULL, err);
    text_free(&sql);
    return code;
}

/* What the statements that are done had set in the session went with their run (foreign_keys=OFF, a search_path): those behind
 * them need it again. */
static int32_t repeat_settings(struct migrate_run *run, const struct script *script, size_t done, migrate_error **err)
{
    struct database *db = run->session->db;
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    if (done == 0 || run_pooled(run))
        return MIGRATE_OK;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK && done > 0) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        if (!script_sends(statement.kind))
            continue;
        const char *sql = stream.sql.text + statement.offset;
        if (script_only_session(script, sql, statement.length))
            code = db->class->exec(db, sql, statement.length, NULL, err);
        if (code != MIGRATE_OK)
            script_stream_place(&stream, stream.sql.base + statement.offset, err);
        done--;
    }
    script_stream_close(&stream);
    return code;
}

/* What was left to do is no longer in the text, or all was done, and was not as it has to be. */
static int32_t finish(struct migrate_run *run, const struct step *step, migrate_error **err)
{
    struct text rows = {0};
    if (vouch_due(run))
        vouch_hold(run);
    int32_t code = run->guards ? guards_end(run, err) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = step_rows(run, step, &rows, err);
    if (code == MIGRATE_OK)
        code = write_end(run, &rows, err);
    text_free(&rows);
    return code;
}

/* The statement whose end nobody knows is no longer one by itself. */
static bool hides_unsure(const struct segment *segment, const struct resume *resume)
{
    return resume->unsure && segment->first < resume->begun && segment->first + segment->count >= resume->begun &&
           !(segment->alone && segment->first + 1 == resume->begun);
}

static int32_t run_part(struct migrate_run *run, const struct step *step, const struct script *script, const struct segment *segment,
                        const struct resume *resume, migrate_error **err)
{
    event_doing(run->session, segment->alone ? "running outside a transaction:" : "running", step->id);
    if (hides_unsure(segment, resume))
        return resume_unknown(step, script, resume->begun, err);
    if (segment->alone)
        return run_alone(run, step, script, segment, resume, err);
    return run_transaction(run, step, script, segment, err);
}

int32_t run_segments(struct migrate_run *run, const struct step *step, struct script *script, migrate_error **err)
{
    struct resume resume = {0};
    if (run->grouping == GROUP_HOST || run->grouping == GROUP_WHOLE) {
        error_set(err, MIGRATE_ERROR_REFUSED, "%s cannot run inside one transaction with others", step->id);
        error_hint(err, "run it without transaction=run, on a connection that is not inside a transaction");
        script_place(script, SIZE_MAX, SIZE_MAX, err);
        return MIGRATE_ERROR_REFUSED;
    }
    int32_t code = resume_at(run, step, script, &resume, err);
    size_t done = resume.done;
    if (code == MIGRATE_OK && done > 0)
        code = script_cut_finer(script, done, err);
    const struct segment *lasting = run_pooled(run) ? script_needs_session(script) : NULL;
    if (code == MIGRATE_OK && lasting) {
        code = pooler_refuse(step->id, err);
        script_place(script, lasting->offset, SIZE_MAX, err);
    }
    if (code == MIGRATE_OK)
        code = history_has_column(run->session, "statement_sql", &run->keeps_sql, err);
    if (code == MIGRATE_OK)
        code = prepare_alone(run, step, err);
    if (code == MIGRATE_OK)
        code = repeat_settings(run, script, done, err);
    if (code == MIGRATE_OK)
        code = down_ahead(run, step, script, done, err);
    if (code == MIGRATE_OK && run->guards)
        code = guards_recall(run, resume.seq, err);
    if (code == MIGRATE_OK && run->guards)
        code = guards_begin(run, err);
    bool all = done == script->statements;
    for (size_t i = 0; i < script->count && code == MIGRATE_OK; i++) {
        const struct segment *segment = &script->items[i];
        if (segment->first + segment->count <= done)
            continue;
        if (i > 0 && token_state(run->session->options->token) == 1) { /* a safe point: the next run goes on here */
            run->paused = true;
            code = watch_error(&run->session->watch, MIGRATE_ERROR_CANCELLED, err);
            break;
        }
        code = run_part(run, step, script, segment, &resume, err);
        if (code != MIGRATE_OK && run->alone == ALONE_DONE && run_alone_is(run, step, segment->first + 1))
            done = segment->first + segment->count; /* it is what stands behind it that failed */
        if (code == MIGRATE_OK && !segment->only_session) {
            done = segment->first + segment->count;
            run->backup.passed = true;
            run->vouch.owed = run->vouch.owed_settled = run->vouch.on; /* until the step's own row says otherwise */
        }
    }
    if (code == MIGRATE_OK && all)
        code = finish(run, step, err);
    if (code != MIGRATE_OK && code != MIGRATE_ERROR_PARTIAL && done > 0 && err && *err && (*err)->code == code) {
        error_detail_add(err, "%zu of its %zu statements are done and stay", done, script->statements);
        if (code == MIGRATE_ERROR_SQL) {
            code = (*err)->code = MIGRATE_ERROR_PARTIAL;
            if (!(*err)->hint)
                error_hint(err, "mend it and run again: the run goes on behind the last statement that was done");
        }
    }
    return code;
}
