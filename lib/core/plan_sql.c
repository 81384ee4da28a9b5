/* SPDX-License-Identifier: MIT
 * A plan as the SQL that would be sent, in that order: the migrations' own text as it is cut into transactions and lone statements, and
 * what the run says around it. Rows of the history are comments, because what they say is known when they are written. */
#include "core/plan.h"
#include "core/script.h"
#include "core/verbs.h"

#include "util/memory.h"

#include <string.h>

struct writer {
    const struct migrate_plan *plan;
    const struct database_engine *engine;
    struct text out;
    bool open; /* the transaction that steps share */
};

static void line(struct writer *writer, const char *sql)
{
    text_format(&writer->out, "%s;\n", sql);
}

static void share(struct writer *writer, bool on)
{
    if (on && !writer->open)
        line(writer, writer->plan->begin);
    else if (!on && writer->open)
        line(writer, "COMMIT");
    writer->open = on;
}

static void begin(struct writer *writer, bool shared)
{
    if (shared)
        line(writer, "SAVEPOINT libmigrate_step");
    else
        line(writer, writer->plan->begin);
}

static void add_event(struct writer *writer, const struct step *step)
{
    const struct migrate_plan *plan = writer->plan;
    bool record = step->action == STEP_RECORD;
    if (step->action == STEP_SCHEMA)
        text_format(&writer->out, "-- (%zu row%s in the history: baselined)\n", plan->replaced, plan->replaced == 1 ? "" : "s");
    else
        text_format(&writer->out, "-- (a row in the history: %s)\n",
                    record ? step->event : step->direction == DIRECTION_UP ? "applied" : "rolled_back");
}

static void end(struct writer *writer, const struct step *step, bool shared)
{
    add_event(writer, step);
    line(writer, shared ? "RELEASE SAVEPOINT libmigrate_step" : "COMMIT");
    if (writer->plan->after && (!shared || writer->plan->whole))
        line(writer, writer->plan->after);
    if (writer->plan->alone && writer->plan->whole)
        line(writer, writer->plan->alone);
}

/* ---- text ---- */

static int32_t add_data(struct writer *writer, struct script_stream *stream, migrate_error **err)
{
    const char *data;
    size_t length = 0;
    int32_t code;
    while ((code = sql_stream_data(&stream->sql, &data, &length, err)) == MIGRATE_OK && length > 0)
        text_add_n(&writer->out, data, length);
    if (writer->out.length > 0 && writer->out.data[writer->out.length - 1] != '\n')
        text_add_char(&writer->out, '\n');
    text_add(&writer->out, "\\.\n");
    return code;
}

/* One by one, where not all of the text is sent. */
static int32_t add_statements(struct writer *writer, const struct script *script, const struct segment *segment, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    size_t left = segment->count;
    bool more = true;
    int32_t code = script_stream_open(&stream, script, segment, false, err);
    while (code == MIGRATE_OK && left > 0) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        if (!script_sends(statement.kind))
            continue;
        text_add_n(&writer->out, stream.sql.text + statement.offset, statement.length);
        text_add(&writer->out, ";\n");
        if (statement.kind == SQL_COPY_IN)
            code = add_data(writer, &stream, err);
        left--;
    }
    script_stream_close(&stream);
    return code;
}

static int32_t add_segment(struct writer *writer, const struct script *script, const struct segment *segment, migrate_error **err)
{
    const char *text = script->text.text.data ? script->text.text.data + segment->offset : "";
    if (script_big(script)) {
        text_format(&writer->out, "-- (too long to be shown: %zu statement%s of %s)\n", segment->count, segment->count == 1 ? "" : "s",
                    script->file);
        return MIGRATE_OK;
    }
    if (segment->streamed)
        return add_statements(writer, script, segment, err);
    text_add_n(&writer->out, text, segment->length);
    text_add(&writer->out, ";\n"); /* a segment ends with its last statement, without what stands behind that */
    return MIGRATE_OK;
}

/* ---- steps ---- */

static int32_t read_step(const struct writer *writer, const struct step *step, const struct section *section, struct script *out,
                         migrate_error **err)
{
    struct script like = {.engine = writer->engine, .can_copy = writer->plan->can_copy};
    const struct source *source = writer->plan->build->source;
    bool up = step->action == STEP_RUN && step->direction == DIRECTION_UP;
    const char *expected = step->action == STEP_SCHEMA ? source->schema.checksum : up ? step->migration->checksum : NULL;
    if (step->stored)
        return script_from_text_as(&like, step->id, step->stored_file, step->stored, out, err);
    return script_read_as(&like, source, step->id, section, expected, out, err);
}

/* Statement by statement, or in several transactions: with rows in between. */
static int32_t add_parts(struct writer *writer, const struct step *step, const struct script *script, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    share(writer, false);
    if (writer->plan->alone)
        line(writer, writer->plan->alone);
    for (size_t i = 0; code == MIGRATE_OK && i < script->count; i++) {
        const struct segment *segment = &script->items[i];
        bool last = i + 1 == script->count;
        if (!segment->alone)
            begin(writer, false);
        else if (!segment->only_session)
            text_add(&writer->out, "-- (a row in the history: started)\n");
        code = add_segment(writer, script, segment, err);
        if (last)
            add_event(writer, step);
        else if (!segment->only_session)
            text_add(&writer->out, "-- (a row in the history: progress)\n");
        if (!segment->alone)
            line(writer, "COMMIT");
    }
    if (writer->plan->after)
        line(writer, writer->plan->after);
    return code;
}

/* Where dropping a table deletes rows of others, the run switches foreign keys: then the step has a transaction of its own. */
static bool add_foreign_keys(struct writer *writer, const struct script *script)
{
    const char *what = script->keep_foreign_keys ? "PRAGMA foreign_keys = ON"
                       : script->foreign_keys    ? "PRAGMA foreign_keys = OFF"
                                                 : NULL;
    if (what && writer->engine->rebuild_drops) {
        share(writer, false);
        line(writer, what);
        text_add(&writer->out, "-- (and back as it was behind the transaction, which ends with a check that no row refers to nothing)\n");
        return true;
    }
    if (script->dropped.count > 0)
        text_add(&writer->out, "-- (if other tables refer to what it drops, foreign keys are off around it, and what they guard is checked)\n");
    return false;
}

static int32_t add_text(struct writer *writer, const struct step *step, const struct section *section, migrate_error **err)
{
    struct script script = {0};
    int32_t code = read_step(writer, step, section, &script, err);
    if (code != MIGRATE_OK)
        return code;
    if (step->begun)
        text_add(&writer->out, "-- (an earlier run left it half done: the run goes on behind the last statement that was done)\n");
    if (step->begun || !script_atomic(&script)) {
        code = add_parts(writer, step, &script, err);
    } else {
        bool shared = !add_foreign_keys(writer, &script) && writer->plan->shared;
        share(writer, shared);
        begin(writer, shared);
        if (script.count > 0)
            code = add_segment(writer, &script, &script.items[0], err);
        end(writer, step, shared);
    }
    script_free(&script);
    return code;
}

static int32_t add_step(struct writer *writer, const struct step *step, migrate_error **err)
{
    const struct migrate_plan *plan = writer->plan;
    const struct section *section = step->action == STEP_SCHEMA                                  ? &plan->build->source->schema.up
                                    : step->action == STEP_RECORD || step->stored || !step->migration ? NULL
                                    : step->direction == DIRECTION_UP                            ? &step->migration->up
                                                                                                 : &step->migration->down;
    if (section && !section->code)
        return add_text(writer, step, section, err);
    if (step->stored)
        return add_text(writer, step, NULL, err);
    share(writer, plan->shared);
    begin(writer, plan->shared);
    if (section)
        text_add(&writer->out, "-- (code of the host program)\n");
    end(writer, step, plan->shared);
    return MIGRATE_OK;
}

int32_t verb_plan_sql(const migrate_plan *plan, char **out, migrate_error **err)
{
    struct writer writer = {.plan = plan, .engine = database_engine_of(plan->engine)};
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < plan->count && code == MIGRATE_OK; i++) {
        const struct step *step = &plan->steps[i];
        const char *file = step_file(plan, step);
        bool up = step->direction == DIRECTION_UP;
        text_format(&writer.out, "%s-- %zu. %s (%s)%s%s\n", i ? "\n" : "", i + 1, step->id,
                    step->action == STEP_SCHEMA ? "schema" : up ? "up" : "down", step->stored ? ": the text that the history keeps" : file ? ": " : "",
                    step->stored || !file ? "" : file);
        code = add_step(&writer, step, err);
    }
    if (writer.open)
        share(&writer, false);
    char *text = code == MIGRATE_OK ? text_take(&writer.out) : NULL;
    text_free(&writer.out);
    if (code == MIGRATE_OK && !text)
        code = error_nomem(err);
    if (code == MIGRATE_OK)
        *out = text;
    return code;
}
