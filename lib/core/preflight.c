/* SPDX-License-Identifier: MIT
 * Looking ahead, so that migration 12 does not die after 9: reads the tokens of every pending text for what it will need, and asks the
 * database once whether it is there. A guess, and a cautious one: only the plain beginnings of statements are read, whatever a
 * pending migration makes itself is not asked for, and a script that changes its role is left alone. */
#include "core/plan.h"

#include "core/events.h"
#include "core/kept.h"
#include "core/losses.h"
#include "core/rights.h"
#include "core/script.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

struct preflight_need {
    struct database_need need;
    const char *id, *file;
    int64_t line, column;
};

struct preflight_needs {
    struct preflight_need *items;
    size_t count, capacity;
    const char **made; /* tables and schemas that the plan makes itself */
    size_t made_count, made_capacity;
    struct arena arena;
};

/* CREATE INDEX i ON t, DROP TRIGGER g ON t: to the table's name. */
static void reader_go_to_table(struct sql_reader *reader)
{
    sql_reader_seek(reader, "on");
    sql_reader_take(reader, "only");
}

static bool needs_made(const struct preflight_needs *needs, const char *name)
{
    for (size_t i = 0; i < needs->made_count; i++) {
        if (text_equal_nocase(needs->made[i], name))
            return true;
    }
    return false;
}

static int32_t needs_make(struct preflight_needs *needs, const struct text *name, migrate_error **err)
{
    if (!name->length || needs_made(needs, name->data))
        return MIGRATE_OK;
    const char *copy = arena_text(&needs->arena, name->data);
    if (!copy || !array_grow((void **)&needs->made, &needs->made_capacity, needs->made_count + 1, sizeof *needs->made))
        return error_nomem(err);
    needs->made[needs->made_count++] = copy;
    return MIGRATE_OK;
}

static int32_t needs_add(struct preflight_needs *needs, enum database_need_kind kind, const char *name, const struct script *script,
                         size_t offset, migrate_error **err)
{
    for (size_t i = 0; i < needs->count; i++) {
        if (needs->items[i].need.kind == kind && strcmp(needs->items[i].need.name, name) == 0)
            return MIGRATE_OK;
    }
    if (needs_made(needs, name))
        return MIGRATE_OK;
    if (!array_reserve(needs))
        return error_nomem(err);
    struct preflight_need *need = &needs->items[needs->count++];
    *need = (struct preflight_need){.need = {kind, arena_text(&needs->arena, name)}, .id = script->id, .file = script->file};
    script_position(script, offset, &need->line, &need->column);
    return needs->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

/* CREATE ...: the schema it goes into, the table it is on, and what is there afterwards. */
static int32_t read_create(struct sql_reader *reader, struct preflight_needs *needs, const struct script *script, size_t offset,
                           migrate_error **err)
{
    struct text name = {0}, schema = {0};
    int32_t code = MIGRATE_OK;
    static const char *const fillers[] = {"or", "replace", "unlogged", "unique", "recursive", "materialized", "constraint"};
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        sql_reader_take(reader, fillers[i]);
    bool temporary = sql_reader_take(reader, "temp") || sql_reader_take(reader, "temporary"), table = false;
    bool extension = sql_reader_take(reader, "extension"), new_schema = !extension && sql_reader_take(reader, "schema");
    bool object = (table = sql_reader_take(reader, "table")) || sql_reader_take(reader, "view") || sql_reader_take(reader, "sequence") ||
                  sql_reader_take(reader, "type") || sql_reader_take(reader, "domain") || sql_reader_take(reader, "function") ||
                  sql_reader_take(reader, "procedure");
    bool trigger = !object && sql_reader_take(reader, "trigger");
    bool on_table = trigger || (!object && (sql_reader_take(reader, "index") || sql_reader_take(reader, "policy")));
    if (temporary || !(extension || new_schema || object || on_table))
        goto out;
    sql_reader_take(reader, "concurrently");
    if (sql_reader_take(reader, "if"))
        sql_reader_take(reader, "not"), sql_reader_take(reader, "exists");
    if (on_table)
        reader_go_to_table(reader);
    sql_reader_name(reader, &name, &schema);
    if (name.failed || schema.failed) {
        code = error_nomem(err);
    } else if (!name.length) {
        goto out;
    } else if (extension) {
        code = needs_add(needs, NEED_EXTENSION, name.data, script, offset, err);
    } else if (new_schema) {
        code = needs_add(needs, NEED_CREATE_SCHEMA, "", script, offset, err);
        if (code == MIGRATE_OK)
            code = needs_make(needs, &name, err);
    } else if (object) {
        const char *into = schema.length ? schema.data : "";
        code = needs_made(needs, into) ? MIGRATE_OK : needs_add(needs, NEED_CREATE_IN_SCHEMA, into, script, offset, err);
        if (code == MIGRATE_OK && table)
            code = needs_make(needs, &name, err);
    } else {
        code = needs_add(needs, trigger ? NEED_TRIGGER : NEED_OWN, name.data, script, offset, err);
    }
out:
    text_free(&name);
    text_free(&schema);
    return code;
}

/* ALTER and DROP of tables and what is like them: their owner only, and for DROP the schema's. */
static int32_t read_alter(struct sql_reader *reader, bool drop, struct preflight_needs *needs, const struct script *script,
                          size_t offset, migrate_error **err)
{
    struct text name = {0}, schema = {0};
    int32_t code = MIGRATE_OK;
    if (!sql_reader_take(reader, "materialized"))
        sql_reader_take(reader, "foreign");
    bool on_table = sql_reader_take(reader, "trigger") || sql_reader_take(reader, "policy");
    if (on_table)
        reader_go_to_table(reader);
    else if (!sql_reader_take(reader, "table") && !sql_reader_take(reader, "view") && !sql_reader_take(reader, "index") &&
             !sql_reader_take(reader, "sequence"))
        return MIGRATE_OK;
    sql_reader_take(reader, "concurrently");
    if (sql_reader_take(reader, "if"))
        sql_reader_take(reader, "exists");
    sql_reader_take(reader, "only");
    bool more = true;
    while (more && code == MIGRATE_OK) {
        text_clear(&name);
        sql_reader_name(reader, &name, &schema);
        if (name.failed || schema.failed)
            code = error_nomem(err);
        else if (name.length)
            code = needs_add(needs, drop && !on_table ? NEED_DROP : NEED_OWN, name.data, script, offset, err);
        more = drop && reader->token.kind == SQL_SYMBOL && reader->text[reader->token.offset] == ',';
        if (more)
            sql_reader_next(reader);
    }
    text_free(&name);
    text_free(&schema);
    return code;
}

/* *role: the script changes who it is; nothing behind it can be foretold. */
static int32_t read_needs(const struct script *script, const struct sql_statement *statement, struct preflight_needs *needs,
                          bool *role, migrate_error **err)
{
    struct sql_reader reader;
    sql_reader_open(&reader, script->engine->dialect, script->text.text.data + statement->offset, statement->length);
    if (sql_reader_take(&reader, "create"))
        return read_create(&reader, needs, script, statement->offset, err);
    if (sql_reader_take(&reader, "alter"))
        return read_alter(&reader, false, needs, script, statement->offset, err);
    if (sql_reader_take(&reader, "drop"))
        return read_alter(&reader, true, needs, script, statement->offset, err);
    if (sql_reader_take(&reader, "set"))
        *role = sql_reader_take(&reader, "role") || sql_reader_take(&reader, "session") || sql_reader_take(&reader, "search_path");
    return MIGRATE_OK;
}

/* losses: what each statement can lose is gathered on the way. */
static int32_t read_script(struct migrate_plan *plan, size_t step, bool losses, const struct script *script,
                           struct preflight_needs *needs, bool *role, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    int32_t code = MIGRATE_OK;
    sql_split(&splitter, script->engine->dialect, script->text.text.data, script->text.text.length);
    while (code == MIGRATE_OK && (losses || !*role) && sql_next(&splitter, &statement)) {
        if (!*role)
            code = read_needs(script, &statement, needs, role, err);
        if (code == MIGRATE_OK && losses)
            code = losses_statement(plan, step, script, &statement, err);
    }
    return code == MIGRATE_OK && losses ? losses_text_end(plan, err) : code;
}

static int32_t step_script(migrate_session *session, const struct migrate_plan *plan, const struct step *step,
                           struct script *script, migrate_error **err)
{
    const struct source *source = plan->build->source;
    if (step->action == STEP_SCHEMA)
        return script_read(session, source, step->id, &source->schema.up, source->schema.checksum, script, err);
    const struct migration *m = step->migration;
    if (step->direction == DIRECTION_UP)
        return script_read(session, source, m->id, &m->up, m->checksum, script, err);
    return script_read(session, source, m->id, &m->down, NULL, script, err);
}

static bool step_has_text(const struct migrate_plan *plan, const struct step *step)
{
    if (step->action == STEP_RECORD || step->action == STEP_RECONCILE || step->stored || !step->migration)
        return false;
    if (step->direction == DIRECTION_UP && step->migration->up.big)
        return false; /* data more than anything else; it is read before it is run */
    if (step->action == STEP_SCHEMA)
        return plan->build->source->schema.up.code == NULL;
    return (step->direction == DIRECTION_UP ? step->migration->up.code : step->migration->down.code) == NULL;
}

/* Whatever runs is recorded. These are the first needs; no migration's. */
static int32_t need_history(const migrate_session *session, struct preflight_needs *needs, migrate_error **err)
{
    struct text kept = {0};
    int32_t code = MIGRATE_OK;
    if (!array_reserve(needs))
        return error_nomem(err);
    needs->items[needs->count++] = (struct preflight_need){.need = {NEED_HISTORY, session->history_name}};
    if (!option_is(session->options, OPTION_KEEP_FACTS, "on"))
        return MIGRATE_OK;
    code = kept_name(session, &kept, err);
    const char *name = code == MIGRATE_OK ? arena_text(&needs->arena, kept.data) : NULL;
    if (code == MIGRATE_OK && (!name || !array_reserve(needs)))
        code = error_nomem(err);
    if (code == MIGRATE_OK)
        needs->items[needs->count++] = (struct preflight_need){.need = {NEED_KEPT, name}};
    text_free(&kept);
    return code;
}

/* Reads all texts; what cannot be run at all is an error here, before anything has. */
static int32_t read_plan(migrate_session *session, struct migrate_plan *plan, bool losses, struct preflight_needs *needs,
                         migrate_error **err)
{
    bool role = option_text(session->options, OPTION_SET_ROLE) != NULL;
    int32_t code = role || plan->count == 0 ? MIGRATE_OK : need_history(session, needs, err);
    for (size_t i = 0; i < plan->count && code == MIGRATE_OK; i++) {
        struct script script = {0};
        if (!step_has_text(plan, &plan->steps[i])) {
            code = losses ? losses_other(session, plan, i, err) : MIGRATE_OK;
            continue;
        }
        code = step_script(session, plan, &plan->steps[i], &script, err);
        plan->steps[i].segments = script.count;
        for (size_t part = 0; part < script.count; part++)
            plan->steps[i].alone += script.items[part].alone;
        if (code == MIGRATE_OK)
            code = read_script(plan, i, losses, &script, needs, &role, err);
        plan->steps[i].parts = !script_atomic(&script);
        const struct segment *segment = script_needs_session(&script);
        if (segment)
            script_position(&script, segment->offset, &plan->steps[i].session_line, &plan->steps[i].session_column);
        script_free(&script);
        if (code == MIGRATE_OK)
            code = watch_error(&session->watch, watch_check(&session->watch), err);
    }
    plan->losses_known = losses && code == MIGRATE_OK;
    return code;
}

static int32_t unmet(migrate_session *session, struct migrate_plan *plan, const struct preflight_need *need, const char *message,
                     const char *hint, bool run, migrate_error **err)
{
    bool fail = option_is(session->options, OPTION_PREFLIGHT, "fail");
    struct finding finding = {.rule = need->need.kind == NEED_EXTENSION ? "extension" : "rights",
                              .severity = fail ? "error" : "warning", .id = need->id, .file = need->file,
                              .message = message, .hint = hint, .line = need->line, .column = need->column};
    if (!fail || !run)
        return findings_add(&plan->findings, &finding, err);
    int32_t code = need->need.kind == NEED_EXTENSION ? MIGRATE_ERROR_REFUSED : MIGRATE_ERROR_RIGHTS;
    if (need->id)
        error_set(err, code, "%s will fail: %s", need->id, message);
    else
        error_set(err, code, "%s", message);
    error_hint(err, "%s (nothing was changed; the option preflight=off switches this look-ahead off)%s", hint ? hint : "",
               code == MIGRATE_ERROR_RIGHTS ? RIGHTS_MIGRATOR : "");
    if (code == MIGRATE_ERROR_RIGHTS)
        error_database(err, ERROR_RIGHTS, session->db->engine->rights_sqlstate, 0);
    error_id(err, need->id);
    error_place(err, need->file, need->line, need->column);
    return code;
}

static int32_t ask(migrate_session *session, struct migrate_plan *plan, const struct preflight_needs *needs, bool run,
                   migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    struct database_need *list = memory_new((needs->count + 1) * sizeof *list);
    int32_t code = MIGRATE_OK;
    if (!list)
        return error_nomem(err);
    for (size_t i = 0; i < needs->count; i++)
        list[i] = needs->items[i].need;
    session->db->engine->preflight(&sql, list, needs->count);
    code = database_query(session->db, &sql, &rows, err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        size_t index = (size_t)rows_int(rows, row, 0);
        if (index < needs->count)
            code = unmet(session, plan, &needs->items[index], rows_text(rows, row, 1), rows_text(rows, row, 2), run, err);
    }
    memory_free(list);
    text_free(&sql);
    rows_free(rows);
    return code;
}

int32_t plan_preflight(migrate_session *session, struct migrate_plan *plan, bool run, migrate_error **err)
{
    struct preflight_needs needs = {0};
    int32_t code = MIGRATE_OK;
    bool ask_database = session->db->engine->preflight && !option_is(session->options, OPTION_PREFLIGHT, "off");
    code = read_plan(session, plan, !run || losses_wanted(session, plan), &needs, err);
    if (code == MIGRATE_OK && ask_database && needs.count > 0)
        code = ask(session, plan, &needs, run, err);
    memory_free(needs.items);
    memory_free(needs.made);
    arena_free(&needs.arena);
    return code;
}
