/* SPDX-License-Identifier: MIT
 * A segment's text on its way to the database. A short one goes with its prefix and suffix in one message. A long one is read
 * as a stream of statements and goes in batches of about a mebibyte, cut between statements; the data of COPY flow by without
 * being held. Wherever the database finds a fault, it is placed in the file. */
#include "core/guards.h"
#include "core/rehearsal.h"

#include "util/memory.h"

#include <string.h>

enum { MESSAGE_MOST = 1024 * 1024 };

void message_add(struct text *message, const char *sql, size_t length)
{
    if (length == 0)
        return;
    if (message->length > 0)
        text_add(message, ";\n");
    text_add_n(message, sql, length);
}

/* ---- in one message ---- */

static size_t count_statements(const struct sql_dialect *dialect, const struct text *text)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t count = 0;
    if (!text->length)
        return 0;
    sql_split(&splitter, dialect, text->data, text->length);
    while (sql_next(&splitter, &statement))
        count++;
    return count;
}

/* A fault outside of the script (a deferred constraint at COMMIT, the history itself) has no place in it. */
static void place_in_message(const struct script *script, const struct segment *segment, size_t prefix_length,
                             size_t prefix_statements, const struct database_fault *fault, migrate_error **err)
{
    size_t offset = SIZE_MAX, statement = SIZE_MAX;
    if (fault->offset != SIZE_MAX && fault->offset >= prefix_length && fault->offset <= prefix_length + segment->length)
        offset = fault->offset - prefix_length + segment->offset;
    else if (fault->start != SIZE_MAX && fault->start >= prefix_length && fault->start <= prefix_length + segment->length)
        offset = fault->start - prefix_length + segment->offset;
    else if (fault->start == SIZE_MAX && fault->done >= prefix_statements &&
             fault->done - prefix_statements < segment->count)
        statement = segment->first + fault->done - prefix_statements;
    script_place(script, offset, statement, err);
}

static int32_t send_whole(struct migrate_run *run, const struct script *script, const struct segment *segment,
                          const struct text *prefix, const struct text *suffix, migrate_error **err)
{
    struct database_fault fault = {.offset = SIZE_MAX, .start = SIZE_MAX};
    struct text message = {0};
    message_add(&message, prefix->data, prefix->length);
    if (message.length > 0)
        text_add(&message, ";\n");
    size_t before = message.length;
    /* A newline, because the text may end in a comment. */
    text_add_n(&message, script->text.text.data + segment->offset, segment->length);
    text_add(&message, "\n");
    message_add(&message, suffix->data, suffix->length);
    int32_t code = run_exec_final(run, &message, suffix->length > 0 && run->grouping == GROUP_EACH, &fault, err);
    if (code != MIGRATE_OK)
        place_in_message(script, segment, before, count_statements(script->engine->dialect, prefix), &fault, err);
    text_free(&message);
    return code;
}

/* The segment alone, where prefix and suffix go by themselves. */
static int32_t send_alone(struct migrate_run *run, const struct script *script, const struct segment *segment, migrate_error **err)
{
    struct database *db = run->session->db;
    struct database_fault fault = {.offset = SIZE_MAX, .start = SIZE_MAX};
    int32_t code = segment->length == 0
                       ? MIGRATE_OK
                       : db->class->exec(db, script->text.text.data + segment->offset, segment->length, &fault, err);
    if (code != MIGRATE_OK)
        place_in_message(script, segment, 0, 0, &fault, err);
    return code;
}

/* ---- as a stream ---- */

/* Statements in a row that wait to be sent, as a range of the stream. */
struct sender {
    struct database *db;
    const struct script *script;
    struct script_stream stream;
    bool waiting;
    uint64_t start, end;
};

/* The statement of a batch in which a fault lies. */
static bool find_in_batch(const struct sender *sender, const char *batch, size_t length, const struct database_fault *fault,
                          struct sql_statement *out)
{
    struct sql_splitter splitter;
    size_t at = fault->start != SIZE_MAX ? fault->start : fault->offset, number = 0;
    sql_split(&splitter, sender->script->engine->dialect, batch, length);
    while (sql_next(&splitter, out)) {
        if (at != SIZE_MAX ? at < out->end : number++ == fault->done)
            return true;
    }
    return false;
}

static int32_t send_batch(struct sender *sender, migrate_error **err)
{
    struct sql_stream *stream = &sender->stream.sql;
    struct database_fault fault = {.offset = SIZE_MAX, .start = SIZE_MAX};
    if (!sender->waiting)
        return MIGRATE_OK;
    const char *batch = stream->text + (sender->start - stream->base);
    size_t length = (size_t)(sender->end - sender->start);
    int32_t code = sender->db->class->exec(sender->db, batch, length, &fault, err);
    if (code != MIGRATE_OK) {
        struct sql_statement statement;
        bool found = find_in_batch(sender, batch, length, &fault, &statement);
        if (found)
            script_show_statement(sender->script, batch + statement.offset, statement.length, err);
        if (found || fault.offset != SIZE_MAX)
            script_stream_place(&sender->stream, sender->start + (fault.offset != SIZE_MAX ? fault.offset : statement.offset), err);
    }
    sender->waiting = false;
    stream->keep = UINT64_MAX;
    return code;
}

static int32_t send_data(struct sender *sender, uint64_t start, migrate_error **err)
{
    const struct database_connection_class *class = sender->db->class;
    int64_t first, column, line = 0;
    size_t length = 1;
    const char *data;
    script_stream_position(&sender->stream, start, &first, &column);
    int32_t code = MIGRATE_OK;
    while (code == MIGRATE_OK && length > 0) {
        code = sql_stream_data(&sender->stream.sql, &data, &length, err);
        if (code != MIGRATE_OK)
            class->copy_abort(sender->db);
        else if (length > 0)
            code = class->copy_data(sender->db, data, length, err);
    }
    if (code == MIGRATE_OK)
        code = class->copy_end(sender->db, &line, err);
    if (code != MIGRATE_OK)
        error_place(err, sender->script->file, line > 0 ? first + line - 1 : first, 0);
    return code;
}

static int32_t send_copy(struct sender *sender, const struct sql_statement *statement, migrate_error **err)
{
    struct sql_stream *stream = &sender->stream.sql;
    const char *sql = stream->text + statement->offset;
    uint64_t at = stream->base + statement->offset, data = stream->base + statement->end;
    struct text copy = {0};
    text_add_n(&copy, sql, statement->length); /* the window moves on with the data */
    int32_t code = copy.failed ? error_nomem(err) : sender->db->class->copy_begin(sender->db, copy.data, copy.length, err);
    if (code != MIGRATE_OK)
        script_stream_place(&sender->stream, at, err);
    else
        code = send_data(sender, data, err);
    if (code != MIGRATE_OK) {
        error_id(err, sender->script->id);
        script_show_statement(sender->script, copy.data ? copy.data : "", copy.length, err);
    }
    text_free(&copy);
    return code;
}

static int32_t take_statement(struct sender *sender, const struct sql_statement *statement, migrate_error **err)
{
    struct sql_stream *stream = &sender->stream.sql;
    if (statement->kind == SQL_COPY_IN) {
        int32_t code = send_batch(sender, err);
        return code == MIGRATE_OK ? send_copy(sender, statement, err) : code;
    }
    if (script_resets(sender->script, statement->kind)) {
        int32_t code = send_batch(sender, err);
        return code == MIGRATE_OK ? database_exec(sender->db, sender->script->engine->reset_all, err) : code;
    }
    if (!sender->waiting) {
        sender->waiting = true;
        sender->start = stream->base + statement->offset;
        stream->keep = sender->start;
    }
    sender->end = stream->base + statement->offset + statement->length;
    return sender->end - sender->start >= MESSAGE_MOST ? send_batch(sender, err) : MIGRATE_OK;
}

/* In a rehearsal each statement goes alone, with a look ahead of it and behind it. */
static int32_t take_rehearsed(struct migrate_run *run, struct sender *sender, const struct sql_statement *statement, size_t number,
                              migrate_error **err)
{
    struct sql_stream *stream = &sender->stream.sql;
    struct rehearsed_at at = {.sql = stream->text + statement->offset, .length = statement->length, .number = number,
                              .file = sender->script->file};
    script_stream_position(&sender->stream, stream->base + statement->offset, &at.line, &at.column);
    int32_t code = rehearsal_ahead(run, &at, err);
    if (code == MIGRATE_OK)
        code = take_statement(sender, statement, err);
    if (code == MIGRATE_OK)
        code = send_batch(sender, err);
    return code == MIGRATE_OK ? rehearsal_behind(run, err) : code;
}

/* Where rows are guarded, what may lose some goes alone, with a count behind it. */
static int32_t take_guarded(struct migrate_run *run, struct sender *sender, const struct sql_statement *statement, migrate_error **err)
{
    struct sql_stream *stream = &sender->stream.sql;
    int64_t line, column;
    if (statement->kind == SQL_COPY_IN ||
        !guard_destructive(sender->script->engine->dialect, stream->text + statement->offset, statement->length, NULL))
        return take_statement(sender, statement, err);
    script_stream_position(&sender->stream, stream->base + statement->offset, &line, &column);
    int32_t code = take_statement(sender, statement, err);
    if (code == MIGRATE_OK)
        code = send_batch(sender, err);
    return code == MIGRATE_OK ? guards_behind(run, stream->text + statement->offset, statement->length, line, column, err) : code;
}

static int32_t send_stream(struct migrate_run *run, const struct script *script, const struct segment *segment,
                           migrate_error **err)
{
    struct sender sender = {.db = run->session->db, .script = script};
    struct sql_statement statement;
    size_t left = segment->count;
    bool more = true;
    int32_t code = script_stream_open(&sender.stream, script, segment, true, err);
    while (code == MIGRATE_OK && left > 0) {
        code = sql_stream_next(&sender.stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        if (!script_sends(statement.kind)) {
            code = send_batch(&sender, err);
            continue;
        }
        if (run->request.rehearsal)
            code = take_rehearsed(run, &sender, &statement, segment->first + segment->count - left + 1, err);
        else
            code = guards_watch(run) ? take_guarded(run, &sender, &statement, err) : take_statement(&sender, &statement, err);
        left--;
    }
    if (code == MIGRATE_OK)
        code = send_batch(&sender, err);
    if (code == MIGRATE_OK && script_big(script)) {
        const char *checksum = NULL;
        code = section_stream_finish(sender.stream.section, &checksum, err);
        if (code == MIGRATE_OK)
            memcpy(run->checksum, checksum, sizeof run->checksum);
    }
    script_stream_close(&sender.stream);
    if (code != MIGRATE_OK)
        error_id(err, script->id);
    return code;
}

/* ---- either ---- */

int32_t run_check_end(struct migrate_run *run, migrate_error **err)
{
    struct database *db = run->session->db;
    int32_t code = MIGRATE_OK;
    if (db->class->deferred_check)
        code = db->class->deferred_check(db, err);
    if (code == MIGRATE_OK && rehearsal_rolls_back(run) && db->engine->settle)
        code = db->engine->settle(db, err);
    if (code == MIGRATE_OK && run->rebuild)
        code = db->engine->rebuild_check(db, run->rebuild, err);
    return code;
}

int32_t run_segment(struct migrate_run *run, const struct script *script, const struct segment *segment,
                    const struct text *prefix, const struct text *suffix, migrate_error **err)
{
    struct database *db = run->session->db;
    if (prefix->failed || suffix->failed)
        return error_nomem(err);
    bool short_text = !run->request.rehearsal && !guards_watch(run) && !segment->streamed && !script_big(script) && segment->length <= MESSAGE_MOST;
    if (db->class->one_message && !db->class->deferred_check && !run->rebuild && short_text)
        return send_whole(run, script, segment, prefix, suffix, err);
    int32_t code = prefix->length ? database_exec_text(db, prefix, NULL, err) : MIGRATE_OK;
    if (code != MIGRATE_OK)
        return code;
    code = (short_text ? send_alone : send_stream)(run, script, segment, err);
    if (code != MIGRATE_OK)
        return code;
    if (!segment->alone && db->class->transaction(db) == DATABASE_IDLE) {
        error_set(err, MIGRATE_ERROR_SOURCE, "the migration ended its own transaction");
        error_hint(err, "take the COMMIT or ROLLBACK out of it, or put \"-- migrate: no-transaction\" into it");
        code = MIGRATE_ERROR_SOURCE;
    }
    if (code == MIGRATE_OK)
        code = run_check_end(run, err);
    if (code == MIGRATE_OK && suffix->length)
        code = run_exec_final(run, suffix, run->grouping == GROUP_EACH, NULL, err);
    if (code != MIGRATE_OK)
        script_place(script, SIZE_MAX, SIZE_MAX, err);
    return code;
}
