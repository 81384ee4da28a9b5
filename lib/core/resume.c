/* SPDX-License-Identifier: MIT */
#include "core/resume.h"

#include "util/memory.h"

#include <string.h>

/* ---- which statement differs ---- */

/* The first statement of a segment that is not as it was. */
struct segment_difference {
    size_t number; /* counted from 0 over the whole text */
    bool known;    /* else all that is known is in which segment it is */
    bool data;     /* all statements are the same: the data of this COPY are not */
    struct text detail;
};

/* The next statement of the text as it is now that the records would hold; *more = false: it ends. */
static int32_t next_now(struct script_stream *stream, size_t *number, struct sql_statement *out, bool *more, migrate_error **err)
{
    const struct script *script = stream->script;
    int32_t code;
    while ((code = sql_stream_next(&stream->sql, out, more, err)) == MIGRATE_OK && *more) {
        if (script_sends(out->kind) && ++*number && !script_only_session(script, stream->sql.text + out->offset, out->length))
            break;
    }
    return code;
}

/* One that was cut is the same as far as it goes. */
static bool same(const struct sql_dialect *dialect, const char *then, size_t length, bool cut, const struct text *now)
{
    char a[DIGEST_HEX], b[DIGEST_HEX];
    if (cut)
        return now->length >= length && memcmp(then, now->data, length) == 0;
    sql_token_digest(dialect, then, length, a);
    sql_token_digest(dialect, now->data, now->length, b);
    return strcmp(a, b) == 0;
}

/* From the segment's beginning on, which the stream is at. */
static int32_t compare_segment(struct script_stream *stream, size_t from, const char *recorded, struct segment_difference *out,
                               migrate_error **err)
{
    const struct sql_dialect *dialect = stream->script->engine->dialect;
    struct sql_splitter splitter;
    struct sql_statement then, now;
    struct text shown = {0};
    size_t length = strlen(recorded), number = from;
    bool more = true, cut = length + 4 > SEGMENT_SQL_MOST; /* a character may not have fitted */
    int32_t code = MIGRATE_OK;
    sql_split(&splitter, dialect, recorded, length);
    while (code == MIGRATE_OK && !out->known && sql_next(&splitter, &then)) {
        code = next_now(stream, &number, &now, &more, err);
        text_clear(&shown);
        if (code == MIGRATE_OK && more) {
            text_add_n(&shown, stream->sql.text + now.offset, now.length < SEGMENT_SQL_MOST ? now.length : SEGMENT_SQL_MOST);
            if (shown.failed)
                code = error_nomem(err);
            else
                sql_hide_secrets(dialect, shown.data, shown.length);
        }
        if (code != MIGRATE_OK)
            break;
        if (more && now.kind == SQL_COPY_IN && !out->data) {
            out->data = true;
            out->number = number - 1;
        }
        if (more && same(dialect, recorded + then.offset, then.length, cut && then.end == length, &shown))
            continue;
        *out = (struct segment_difference){.number = more ? number - 1 : number, .known = true};
        text_format(&out->detail, "then: %.*s\nnow: %s", (int)then.length, recorded + then.offset,
                    more ? shown.data : "the text ends before it");
    }
    out->data = out->data && !out->known && !cut;
    out->known = out->known || out->data;
    text_free(&shown);
    return code;
}

static int32_t pass_over(struct script_stream *stream, size_t count, migrate_error **err)
{
    struct segment_record record = {0};
    size_t found;
    int32_t code = script_stream_record(stream, count, &record, &found, err);
    text_free(&record.sql);
    return code;
}

static int32_t find_difference(struct migrate_run *run, const struct script *script, size_t from, int64_t seq,
                               struct segment_difference *out, migrate_error **err)
{
    struct script_stream stream;
    char *recorded = NULL;
    int32_t code = history_statement(run->session, seq, &recorded, err);
    out->number = from;
    if (code != MIGRATE_OK || !recorded)
        return code;
    code = script_stream_open(&stream, script, NULL, false, err);
    if (code == MIGRATE_OK)
        code = pass_over(&stream, from, err);
    if (code == MIGRATE_OK)
        code = compare_segment(&stream, from, recorded, out, err);
    script_stream_close(&stream);
    memory_free(recorded);
    return code;
}

static int32_t refuse_changed(struct migrate_run *run, const struct step *step, const struct script *script, size_t from,
                              const struct progress *progress, migrate_error **err)
{
    struct segment_difference found = {0};
    size_t last = (size_t)progress->statement;
    int32_t code = find_difference(run, script, from, progress->seq, &found, err);
    if (code == MIGRATE_OK) {
        if (!found.known && last > from + 1)
            code = error_set(err, MIGRATE_ERROR_PARTIAL, "%s was half done, and one of its statements %zu to %zu is no longer what was run then",
                             step->id, from + 1, last);
        else
            code = error_set(err, MIGRATE_ERROR_PARTIAL, "%s was half done, and %s statement %zu %s", step->id,
                             found.data ? "the data of its" : "its", found.number + 1,
                             found.data ? "are no longer what was loaded then" : "is no longer what was run then");
        if (found.detail.length > 0 && !found.detail.failed)
            error_detail(err, "%s", found.detail.data);
        error_hint(err, "bring the old text back, or finish it by hand and record that: mark %s --applied --reason TEXT", step->id);
        script_place(script, SIZE_MAX, found.number, err);
    }
    text_free(&found.detail);
    return code;
}

/* ---- the records, one after the other ---- */

static int32_t check_records(struct migrate_run *run, const struct step *step, const struct script *script,
                             const struct history *history, const struct past *trace, migrate_error **err)
{
    struct script_stream stream;
    struct progress progress;
    size_t at = 0, row = trace->first_row;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK && history_progress(history, trace, &row, &progress)) {
        struct segment_record record = {0};
        size_t count = progress.statement > (int64_t)at ? (size_t)progress.statement - at : 0, found = 0;
        code = script_stream_record(&stream, count, &record, &found, err);
        bool changed = code == MIGRATE_OK && (found < count || !text_equal(record.hash, progress.hash));
        text_free(&record.sql);
        if (changed)
            code = refuse_changed(run, step, script, at, &progress, err);
        at += found;
    }
    script_stream_close(&stream);
    return code;
}

int32_t resume_unknown(const struct step *step, const struct script *script, size_t begun, migrate_error **err)
{
    int32_t code = error_set(err, MIGRATE_ERROR_PARTIAL, "%s: the end of its statement %zu was never recorded", step->id, begun);
    error_hint(err, "look whether it took place. If the migration is complete: mark %s --applied --reason TEXT; if not, undo what "
                    "it did, then mark %s --forgotten --reason TEXT and run again", step->id, step->id);
    script_place(script, SIZE_MAX, begun - 1, err);
    return code;
}

const char *step_checksum(const struct step *step)
{
    const char *checksum = step->migration ? step->migration->checksum : step->checksum;
    return checksum ? checksum : "";
}

bool run_alone_is(const struct migrate_run *run, const struct step *step, size_t statement)
{
    return run->alone_statement == statement && strcmp(run->alone_checksum, step_checksum(step)) == 0;
}

int32_t resume_at(struct migrate_run *run, const struct step *step, const struct script *script, struct resume *out, migrate_error **err)
{
    struct history history = {0};
    int32_t code = history_load(run->session, &history, err);
    if (code != MIGRATE_OK)
        return code;
    const struct past *trace = history_trace(&history, step->id);
    if (trace && trace->statement >= 0)
        code = check_records(run, step, script, &history, trace, err);
    *out = (struct resume){.done = trace && trace->statement > 0 ? (size_t)trace->statement : 0,
                           .seq = trace && trace->statement >= 0 ? history_seq(&history, trace->first_row) : 0};
    if (trace && trace->begun_hash && strlen(trace->begun_hash) < sizeof out->hash) {
        memcpy(out->hash, trace->begun_hash, strlen(trace->begun_hash) + 1);
        out->begun = (size_t)trace->begun;
        /* A run whose connection broke knows that it had not sent the statement yet. */
        out->unsure = trace->started_hash && !(run->alone == ALONE_TOLD && run_alone_is(run, step, out->begun));
    }
    history_free(&history);
    return code;
}
