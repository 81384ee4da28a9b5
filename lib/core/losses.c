/* SPDX-License-Identifier: MIT
 * What a plan can lose. */
#include "core/losses.h"

#include "core/backup.h"
#include "core/confirm.h"
#include "core/counts.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

/* From so many rows on an estimate will do. */
enum { BIG = 100000 };

bool losses_wanted(migrate_session *session, const struct migrate_plan *plan)
{
    return !session->scratch && (plan->guarded || option_text(session->options, OPTION_PROTECT) ||
                                 (session->db->engine->preflight && backup_asks_losses(session)));
}

/* ---- gathering ---- */

static void place(struct migrate_plan *plan, size_t from, size_t step, const struct script *script, struct script_stream *stream)
{
    for (size_t i = from; i < plan->losses.count; i++) {
        struct guard_loss *loss = &plan->losses.items[i];
        loss->step = step;
        if (stream)
            script_stream_position(stream, loss->offset, &loss->line, &loss->column);
        else
            script_position(script, loss->offset, &loss->line, &loss->column);
    }
}

int32_t losses_statement(struct migrate_plan *plan, size_t step, const struct script *script, const struct sql_statement *statement,
                         migrate_error **err)
{
    size_t count = plan->losses.count;
    guard_read(&plan->losses, script->engine->dialect, script->text.text.data + statement->offset, statement->length, statement->offset);
    if (plan->losses.failed)
        return error_nomem(err);
    place(plan, count, step, script, NULL);
    return MIGRATE_OK;
}

int32_t losses_text_end(struct migrate_plan *plan, migrate_error **err)
{
    guard_text_end(&plan->losses);
    return plan->losses.failed ? error_nomem(err) : MIGRATE_OK;
}

/* Whatever its length. */
static int32_t read_stream(struct migrate_plan *plan, size_t step, const struct script *script, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        size_t count = plan->losses.count;
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        guard_read(&plan->losses, script->engine->dialect, stream.sql.text + statement.offset, statement.length,
                   (size_t)stream.sql.base + statement.offset);
        if (plan->losses.failed)
            code = error_nomem(err);
        else
            place(plan, count, step, script, &stream);
    }
    script_stream_close(&stream);
    return code == MIGRATE_OK ? losses_text_end(plan, err) : code;
}

/* NULL: it has none that is read from a source. */
static const struct section *step_text(const struct migrate_plan *plan, const struct step *step, const char **expected)
{
    const struct source_schema *schema = &plan->build->source->schema;
    *expected = NULL;
    if (step->action == STEP_SCHEMA) {
        *expected = schema->checksum;
        return schema->up.code ? NULL : &schema->up;
    }
    if (step->action != STEP_RUN || step->stored || !step->migration)
        return NULL;
    if (step->direction == DIRECTION_DOWN)
        return step->migration->down.code ? NULL : &step->migration->down;
    *expected = step->migration->checksum;
    return step->migration->up.code ? NULL : &step->migration->up;
}

int32_t losses_other(migrate_session *session, struct migrate_plan *plan, size_t number, migrate_error **err)
{
    const struct step *step = &plan->steps[number];
    struct script script = {0};
    const char *expected;
    const struct section *section = step_text(plan, step, &expected);
    if (!section && !step->stored)
        return MIGRATE_OK;
    int32_t code = step->stored ? script_from_text(session, step->id, step->stored_file, step->stored, &script, err)
                                : script_read(session, plan->build->source, step->id, section, expected, &script, err);
    if (code == MIGRATE_OK)
        code = read_stream(plan, number, &script, err);
    script_free(&script);
    return code;
}

bool step_is_code(const struct step *step)
{
    bool down = step->direction == DIRECTION_DOWN;
    return step->action == STEP_RUN && !step->stored && step->migration && (down ? step->migration->down.code : step->migration->up.code);
}

int32_t losses_look(migrate_session *session, struct migrate_plan *plan, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (plan->losses_known)
        return MIGRATE_OK;
    guard_losses_free(&plan->losses); /* of an attempt that failed */
    for (size_t i = 0; i < plan->count && code == MIGRATE_OK; i++) {
        migrate_error *problem = NULL;
        code = losses_other(session, plan, i, &problem);
        if (code == MIGRATE_ERROR_SOURCE) {
            error_clear(&problem);
            code = losses_text_end(plan, &problem);
        }
        if (code == MIGRATE_OK)
            code = watch_error(&session->watch, watch_check(&session->watch), &problem);
        error_move(err, &problem);
    }
    plan->losses_known = code == MIGRATE_OK;
    return code;
}

int32_t losses_vain(migrate_session *session, const struct migrate_plan *plan, const struct guard_loss *loss, bool *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    *out = false;
    if (loss->kind != GUARD_DROP_TABLE || !loss->key)
        return MIGRATE_OK;
    for (size_t i = 0; i < plan->losses.notes_count; i++) {
        const struct guard_note *note = &plan->losses.notes[i];
        if (note->kind == GUARD_RENAMED && guard_same(note->other, loss->key))
            return MIGRATE_OK;
    }
    int32_t code = counts_find_key(session, loss->key, &rows, err);
    *out = code == MIGRATE_OK && rows_count(rows) == 0;
    rows_free(rows);
    return code;
}

/* ---- telling ---- */

struct hit {
    int64_t count; /* of the table's rows; -1: not known */
    bool about, absent, forbidden;
};

/* What was asked before is not asked again: a plan may speak of one table often. */
struct hits {
    struct hit *items; /* of each loss of the plan */
    int64_t limit;     /* clock_monotonic() at which counting ends; 0: never */
};

static int32_t count_hit(migrate_session *session, const struct guard_loss *loss, int64_t limit, struct hit *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t code = counts_find_key(session, loss->key, &rows, err);
    out->absent = code == MIGRATE_OK && rows_count(rows) == 0;
    if (code == MIGRATE_OK && !out->absent) {
        struct counts_table table = counts_at(rows, 0);
        out->forbidden = !table.readable;
        out->about = table.estimate >= BIG;
        if (out->about)
            out->count = table.estimate;
        else if (table.readable)
            code = counts_rows(session, table.name, limit, &out->count, err);
    }
    rows_free(rows);
    return code;
}

static int32_t find_hit(migrate_session *session, const struct migrate_plan *plan, struct hits *hits, size_t at, migrate_error **err)
{
    const struct guard_loss *loss = &plan->losses.items[at];
    hits->items[at] = (struct hit){.count = -1};
    if (!loss->is_table || !loss->key)
        return MIGRATE_OK;
    for (size_t i = 0; i < at; i++) {
        const struct guard_loss *other = &plan->losses.items[i];
        if (other->is_table && other->key && strcmp(other->key, loss->key) == 0) {
            hits->items[at] = hits->items[i];
            return MIGRATE_OK;
        }
    }
    return count_hit(session, loss, hits->limit, &hits->items[at], err);
}

static void tell_what(struct text *out, const struct guard_loss *loss)
{
    const char *object = loss->object ? loss->object : "something that is known only when it runs";
    const char *also = loss->cascade ? ", and what depends on it" : "";
    switch (loss->kind) {
    case GUARD_DROP_TABLE:
        text_format(out, "drops the table %s%s", object, also);
        break;
    case GUARD_TRUNCATE:
        text_format(out, "empties %s%s", object, loss->cascade ? ", and every table that refers to it" : "");
        break;
    case GUARD_DELETE:
        text_format(out, "deletes %srows of %s", loss->where ? "" : "all ", object);
        break;
    case GUARD_DROP_COLUMN:
        text_format(out, "drops the column %s of %s", loss->part ? loss->part : "?", object);
        break;
    case GUARD_COLUMN_TYPE:
        text_format(out, "changes the type of the column %s of %s: values may be cut, or not fit", loss->part ? loss->part : "?", object);
        break;
    case GUARD_UPDATE:
        text_format(out, "overwrites values in %srows of %s", loss->where ? "" : "all ", object);
        break;
    case GUARD_REPLACE:
        text_format(out, "replaces rows of %s that are in the way", object);
        break;
    case GUARD_DROP_MANY:
        text_format(out, "drops %s with everything in it", object);
        break;
    case GUARD_DROP_TYPE:
        text_format(out, "drops %s with every column of it", object);
        break;
    case GUARD_DROP_SEQUENCE:
        text_format(out, "drops the sequence %s with its position", object);
        break;
    case GUARD_REBUILD:
        text_format(out, "makes the table %s anew, with its rows copied", object);
        break;
    case GUARD_KINDS:
        break;
    }
}

static void tell_hit(struct text *out, const struct guard_loss *loss, const struct hit *hit)
{
    if (!loss->is_table || !loss->key)
        return;
    if (hit->absent) {
        text_add(out, " (which is not there now)");
    } else if (hit->count < 0) {
        text_format(out, " (how many rows it has is unknown: %s)", hit->forbidden ? "the role may not read it" : "not counted in time");
    } else {
        text_add(out, loss->where ? " (of the " : " (");
        counts_tell(out, hit->count, hit->about);
        text_add(out, loss->where ? " that it has)" : ")");
    }
}

static const char *const rule_ids[GUARD_KINDS] = {
    [GUARD_DROP_TABLE] = "GD01",  [GUARD_TRUNCATE] = "GD02",    [GUARD_DELETE] = "GD03",      [GUARD_DROP_COLUMN] = "GD04",
    [GUARD_COLUMN_TYPE] = "GD05", [GUARD_UPDATE] = "GD06",      [GUARD_REPLACE] = "GD07",     [GUARD_DROP_MANY] = "GD08",
    [GUARD_DROP_TYPE] = "GD09",   [GUARD_DROP_SEQUENCE] = "GD10", [GUARD_REBUILD] = "GD11",
};

static int32_t add_finding(migrate_session *session, struct migrate_plan *plan, const struct guard_loss *loss, const struct hit *hit,
                           const char *name, migrate_error **err)
{
    const struct step *step = &plan->steps[loss->step];
    const char *allowed = step->direction == DIRECTION_UP && step->migration ? step->migration->allow_data_loss : NULL;
    bool nothing = hit->absent || (hit->count == 0 && !hit->about), meant = loss->kind == GUARD_REBUILD || nothing || allowed;
    bool vain = false;
    if (hit->absent) {
        int32_t code = losses_vain(session, plan, loss, &vain, err);
        if (code != MIGRATE_OK)
            return code;
    }
    bool refused = plan->guarded && loss->kind != GUARD_REBUILD && !vain && !text_equal(option_text(session->options, OPTION_CONFIRM), name);
    struct text message = {0}, hint = {0};
    tell_what(&message, loss);
    tell_hit(&message, loss, hit);
    if (allowed)
        text_format(&message, "; allowed: %s", allowed);
    if (refused)
        text_format(&hint, "the database is protected, and refuses it unless it is confirmed: --confirm '%s' (option confirm)", name);
    else if (!meant)
        text_add(&hint, "protect=auto fails the migration if rows are missing behind it; \"-- migrate: allow-data-loss REASON\" says that it is meant");
    struct finding finding = {.rule = rule_ids[loss->kind], .severity = refused ? "error" : meant ? "info" : "warning", .id = step->id,
                              .file = step_file(plan, step), .message = message.data, .hint = hint.data, .line = loss->line,
                              .column = loss->column};
    if (!finding.file)
        finding.file = step->stored_file;
    int32_t code = message.failed || hint.failed ? error_nomem(err) : findings_add(&plan->findings, &finding, err);
    text_free(&message);
    text_free(&hint);
    return code;
}

/* Code says nothing of what it will do. */
static int32_t find_code(struct migrate_plan *plan, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < plan->count && code == MIGRATE_OK; i++) {
        if (!step_is_code(&plan->steps[i]))
            continue;
        struct finding finding = {.rule = "GD12", .severity = "info", .id = plan->steps[i].id,
                                  .message = "it is code: what it may lose cannot be read ahead of its run"};
        code = findings_add(&plan->findings, &finding, err);
    }
    return code;
}

int32_t losses_find(migrate_session *session, struct migrate_plan *plan, migrate_error **err)
{
    int64_t budget = option_duration(session->options, OPTION_PROTECT_BUDGET);
    struct hits hits = {.limit = budget ? clock_monotonic() + budget : 0};
    char *name = NULL;
    int32_t code = losses_look(session, plan, err);
    if (code == MIGRATE_OK)
        code = find_code(plan, err);
    if (code != MIGRATE_OK || plan->losses.count == 0)
        return code;
    hits.items = memory_new(plan->losses.count * sizeof *hits.items);
    if (!hits.items)
        code = error_nomem(err);
    if (code == MIGRATE_OK && plan->guarded)
        code = session_database_name(session, &name, err);
    for (size_t i = 0; i < plan->losses.count && code == MIGRATE_OK; i++) {
        code = find_hit(session, plan, &hits, i, err);
        if (code == MIGRATE_OK)
            code = add_finding(session, plan, &plan->losses.items[i], &hits.items[i], name, err);
    }
    memory_free(hits.items);
    memory_free(name);
    return code;
}

/* ---- refusing ---- */

int32_t losses_refuse(migrate_session *session, struct migrate_plan *plan, migrate_error **err)
{
    struct text message = {0};
    size_t count = 0;
    const struct guard_loss *first = NULL;
    if (!plan->guarded || session->scratch)
        return MIGRATE_OK;
    int32_t code = losses_look(session, plan, err);
    for (size_t i = 0; i < plan->losses.count && code == MIGRATE_OK; i++) {
        bool vain = false;
        if (plan->losses.items[i].kind == GUARD_REBUILD)
            continue;
        code = losses_vain(session, plan, &plan->losses.items[i], &vain, err);
        if (vain)
            continue;
        first = first ? first : &plan->losses.items[i];
        count++;
    }
    if (code != MIGRATE_OK || !first)
        return code;
    const struct step *step = &plan->steps[first->step];
    text_format(&message, "%s is protected, and %s ", session->db->label, step->id);
    tell_what(&message, first);
    if (count > 1)
        text_format(&message, "; %zu more such statement%s follow%s", count - 1, count > 2 ? "s" : "", count > 2 ? "" : "s");
    code = message.failed ? error_nomem(err) : session_confirmed(session, message.data, err);
    if (code == MIGRATE_ERROR_REFUSED) {
        error_id(err, step->id);
        error_place(err, step_file(plan, step) ? step_file(plan, step) : step->stored_file, first->line, first->column);
    }
    text_free(&message);
    return code;
}
