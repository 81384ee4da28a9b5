/* SPDX-License-Identifier: MIT
 * The verbs that write the history without running anything: mark and baseline. Each is a plan of records, run together in one
 * transaction. */
#include "core/verbs.h"

#include "core/target.h"
#include "util/memory.h"

#include <string.h>

static int32_t add_record(struct migrate_plan *plan, const struct migration *m, const char *event, const char *reason,
                          migrate_error **err)
{
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = STEP_RECORD;
    step->migration = m;
    step->id = m->id;
    step->name = m->name;
    step->repeatable = m->kind == MIGRATION_REPEATABLE;
    step->breaking = m->breaking;
    step->event = event;
    step->effect = "add";
    step->checksum = m->checksum;
    step->reason = arena_text(&plan->arena, reason);
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t add_forgotten(struct migrate_plan *plan, const struct item *item, const char *reason, migrate_error **err)
{
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = STEP_RECORD;
    step->direction = DIRECTION_DOWN;
    step->id = arena_text(&plan->arena, item->applied ? item->applied->id : item_id(item));
    step->name = item->applied ? arena_text(&plan->arena, item->applied->name) : item->migration->name;
    step->repeatable = item->applied ? item->applied->repeatable : false;
    step->event = "forgotten";
    step->effect = "remove";
    step->checksum = item->applied ? arena_text(&plan->arena, item->applied->checksum) : NULL;
    step->reason = arena_text(&plan->arena, reason);
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

/* ---- mark ---- */

enum mark { MARK_APPLIED, MARK_FORGOTTEN, MARK_CHECKSUM, MARK_RENAMED, MARKS };
static const char *const mark_words[MARKS] = {"applied", "forgotten", "accept-checksum", "renamed"};

/* Repeatable ones may be named too, by their exact id. */
static int32_t find_marked(const struct comparison *comparison, const char *id, const struct item **out, migrate_error **err)
{
    struct target target;
    for (size_t i = 0; i < comparison->count; i++) {
        if (strcmp(item_id(&comparison->items[i]), id) == 0) {
            *out = &comparison->items[i];
            return MIGRATE_OK;
        }
    }
    int32_t code = target_read(comparison, id, &target, err);
    if (code == MIGRATE_OK && target.kind != TARGET_ID) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "\"%s\" is no id", id);
        error_hint(err, "status lists the ids");
    }
    if (code == MIGRATE_OK)
        *out = target.item;
    return code;
}

static int32_t not_so(const struct item *item, const char *wanted, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_TARGET, "%s is %s, not %s", item_id(item), item_state_name(item->state), wanted);
    error_hint(err, "status shows what each one is");
    return MIGRATE_ERROR_TARGET;
}

static int32_t mark_one(struct migrate_plan *plan, enum mark mark, const struct item *item, const char *reason,
                        migrate_error **err)
{
    bool half_done = item->trace && item->trace->statement >= 0; /* non-transactional work that a person settles */
    switch (mark) {
    case MARK_APPLIED:
        if (item->migration && !item->applied)
            return add_record(plan, item->migration, "marked", reason, err);
        return not_so(item, "pending", err);
    case MARK_FORGOTTEN:
        if (item->applied || half_done)
            return add_forgotten(plan, item, reason, err);
        return not_so(item, "applied", err);
    case MARK_CHECKSUM:
        if (item->state == ITEM_MODIFIED)
            return add_record(plan, item->migration, "repaired", reason, err);
        return not_so(item, "modified", err);
    case MARK_RENAMED:
        if (item->state == ITEM_RENAMED)
            return plan_add_renamed(plan, item, reason, err);
        return not_so(item, "renamed", err);
    case MARKS:
        break;
    }
    return MIGRATE_OK;
}

static int32_t mark_all(struct migrate_plan *plan, const struct comparison *comparison, enum mark mark, const char *reason,
                        migrate_error **err)
{
    enum item_state state = mark == MARK_CHECKSUM ? ITEM_MODIFIED : ITEM_RENAMED;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < comparison->count && code == MIGRATE_OK; i++) {
        if (comparison->items[i].state == state)
            code = mark_one(plan, mark, &comparison->items[i], reason, err);
    }
    return code;
}

static enum mark mark_of(const char *word)
{
    for (int i = 0; i < MARKS; i++) {
        if (strcmp(mark_words[i], word) == 0)
            return (enum mark)i;
    }
    return MARKS;
}

static int32_t make_marks(migrate_session *session, struct build *build, const struct history *history,
                          const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    struct comparison comparison = {0};
    struct migrate_plan *plan = NULL;
    const struct item *item = NULL;
    enum mark mark = mark_of(request->as);
    int32_t code = plan_new(session, build, history, &plan, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, history, &comparison, err);
    if (code == MIGRATE_OK && request->target)
        code = find_marked(&comparison, request->target, &item, err);
    if (code == MIGRATE_OK)
        code = item ? mark_one(plan, mark, item, request->reason, err)
                    : mark_all(plan, &comparison, mark, request->reason, err);
    if (code == MIGRATE_OK)
        code = plan_set_end(plan, history, err);
    comparison_free(&comparison);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    plan->together = true;
    *out = plan;
    return MIGRATE_OK;
}

int32_t verb_mark(migrate_session *session, const char *as, const char *id, const char *reason, migrate_rows **out,
                  migrate_error **err)
{
    enum mark mark = mark_of(as);
    if (mark == MARKS) {
        error_set(err, MIGRATE_ERROR_MISUSE, "there is no mark \"%s\"", as);
        error_hint(err, "one of applied, forgotten, accept-checksum, renamed");
        return MIGRATE_ERROR_MISUSE;
    }
    if (!id && (mark == MARK_APPLIED || mark == MARK_FORGOTTEN)) {
        error_set(err, MIGRATE_ERROR_MISUSE, "mark %s needs an id", as);
        error_hint(err, "status lists the ids");
        return MIGRATE_ERROR_MISUSE;
    }
    if (!reason || !*reason) {
        error_set(err, MIGRATE_ERROR_MISUSE, "mark %s needs a reason", as);
        error_hint(err, "the history keeps it for whoever wonders later");
        return MIGRATE_ERROR_MISUSE;
    }
    struct request request = {.make = make_marks, .as = as, .target = id, .reason = reason};
    return run_all(session, &request, out, err);
}

/* ---- baseline ---- */

static int32_t make_baseline(migrate_session *session, struct build *build, const struct history *history,
                             const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    struct comparison comparison = {0};
    struct migrate_plan *plan = NULL;
    struct target target;
    int32_t code = plan_new(session, build, history, &plan, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, history, &comparison, err);
    if (code == MIGRATE_OK)
        code = target_read(&comparison, request->target, &target, err);
    if (code == MIGRATE_OK && target.kind != TARGET_DEFAULT && (target.kind != TARGET_ID || !target.item->migration)) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "a baseline needs an id of the source, not \"%s\"", request->target);
        error_hint(err, "status lists the ids");
    }
    for (size_t i = 0; code == MIGRATE_OK && i < build->source->versioned; i++) {
        const struct migration *m = &build->source->items[i];
        if (target.kind == TARGET_ID && m > target.item->migration)
            break;
        code = add_record(plan, m, "baselined", request->reason, err);
    }
    comparison_free(&comparison);
    *out = plan;
    return code;
}

/* What other tools' tables hold: the file name (a path perhaps), the id, or the number alone. */
static bool value_fits(const char *value, const struct migration *m)
{
    const char *slash = strrchr(value, '/');
    const char *name = slash ? slash + 1 : value;
    size_t length = strlen(name), id = strlen(m->id);
    if (strcmp(name, m->id) == 0)
        return true;
    if (length > id && strncmp(name, m->id, id) == 0 &&
        (strcmp(name + id, ".sql") == 0 || strcmp(name + id, ".up.sql") == 0 || strcmp(name + id, ".up") == 0))
        return true;
    if (!m->number || source_number_length(name) != length || length == 0)
        return false;
    const char *number = m->number;
    for (; *name == '0' && name[1]; name++)
        ;
    for (; *number == '0' && number[1]; number++)
        ;
    return strcmp(name, number) == 0;
}

static int32_t adopt_value(const struct source *source, bool *taken, const char *value, migrate_error **err)
{
    for (size_t i = 0; i < source->versioned; i++) {
        if (!value_fits(value, &source->items[i]))
            continue;
        taken[i] = true;
        return MIGRATE_OK;
    }
    error_set(err, MIGRATE_ERROR_TARGET, "\"%s\" fits no migration of the source", value);
    error_hint(err, "add its file, or baseline at an id instead");
    return MIGRATE_ERROR_TARGET;
}

static void quote_name(migrate_session *session, struct text *sql, const char *table)
{
    const char *dot = strchr(table, '.');
    char schema[128] = "";
    if (dot && (size_t)(dot - table) < sizeof schema) {
        memcpy(schema, table, (size_t)(dot - table));
        schema[dot - table] = '\0';
        table = dot + 1;
    }
    session->db->engine->name_quoted(sql, *schema ? schema : NULL, table);
}

static int32_t read_table(migrate_session *session, const struct request *request, struct text *sql, struct migrate_rows **rows,
                          migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = database_query(session->db, sql, rows, &problem);
    enum error_kind kind = error_kind_of(&problem);
    if (code == MIGRATE_OK || (kind != ERROR_NO_TABLE && kind != ERROR_NO_COLUMN)) {
        error_move(err, &problem);
        return code;
    }
    error_clear(&problem);
    if (kind == ERROR_NO_TABLE)
        error_set(err, MIGRATE_ERROR_TARGET, "there is no table %s", request->table);
    else
        error_set(err, MIGRATE_ERROR_TARGET, "the table %s has no column %s", request->table, request->column);
    error_hint(err, "name the former tool's table (with its schema, if it is not in the search_path) and the column that holds ids or file names");
    return MIGRATE_ERROR_TARGET;
}

static int32_t make_from_table(migrate_session *session, struct build *build, const struct history *history,
                               const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    struct migrate_plan *plan = NULL;
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    bool *taken = memory_new(build->source->count + 1);
    int32_t code = taken ? plan_new(session, build, history, &plan, err) : error_nomem(err);
    text_add(&sql, "SELECT t."); /* without a table's name SQLite reads a column that is not there as a string */
    session->db->engine->name_quoted(&sql, NULL, request->column);
    text_add(&sql, " FROM ");
    quote_name(session, &sql, request->table);
    text_add(&sql, " AS t");
    if (code == MIGRATE_OK)
        code = read_table(session, request, &sql, &rows, err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        if (!rows_is_null(rows, row, 0))
            code = adopt_value(build->source, taken, rows_text(rows, row, 0), err);
    }
    for (size_t i = 0; code == MIGRATE_OK && i < build->source->versioned; i++) { /* a table has no order of its own */
        if (taken[i])
            code = add_record(plan, &build->source->items[i], "baselined", request->reason, err);
    }
    rows_free(rows);
    text_free(&sql);
    memory_free(taken);
    *out = plan;
    return code;
}

static int32_t make_adoption(migrate_session *session, struct build *build, const struct history *history,
                             const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    struct migrate_plan *plan = NULL;
    if (history->count > 0) {
        error_set(err, MIGRATE_ERROR_HISTORY, "the history already has %zu applied migration%s; a baseline begins one",
                  history->count, history->count == 1 ? "" : "s");
        error_hint(err, "to correct single ones use mark");
        return MIGRATE_ERROR_HISTORY;
    }
    int32_t code = (request->table ? make_from_table : make_baseline)(session, build, history, request, &plan, err);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    for (size_t i = 0; i < plan->count; i++)
        plan->to = plan->steps[i].id;
    plan->together = true;
    *out = plan;
    return MIGRATE_OK;
}

int32_t verb_baseline(migrate_session *session, const char *target, const char *table, const char *column, const char *reason,
                      migrate_rows **out, migrate_error **err)
{
    struct request request = {.make = make_adoption, .target = target, .table = table, .column = column, .reason = reason};
    return run_all(session, &request, out, err);
}
