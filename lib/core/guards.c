/* SPDX-License-Identifier: MIT
 * Row guards. */
#include "core/guards.h"

#include "core/counts.h"
#include "core/events.h"
#include "core/losses.h"
#include "util/nearest.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- names in the option protect ---- */

static bool is_auto(const char *protect)
{
    return protect && strcmp(protect, "auto") == 0;
}

/* The next name of a list with commas, which may stand in quotes. false: no more. */
static bool next_name(const char **list, const char **name, size_t *length)
{
    const char *at = *list;
    bool quoted = false;
    while (*at == ' ' || *at == ',')
        at++;
    *name = at;
    for (; *at && (quoted || *at != ','); at++)
        quoted ^= *at == '"';
    *list = at;
    while (at > *name && at[-1] == ' ')
        at--;
    *length = (size_t)(at - *name);
    return *length > 0;
}

/* The plan makes it, or gives another one that name. */
static bool noted(const struct guard_losses *losses, const char *key)
{
    for (size_t i = 0; i < losses->notes_count; i++) {
        if (losses->notes[i].kind == GUARD_RENAMED && guard_same(losses->notes[i].other, key))
            return true;
    }
    return guard_noted(losses, GUARD_MADE, key, NULL) || guard_noted(losses, GUARD_MAYBE, key, NULL) || guard_noted(losses, GUARD_FORGOTTEN, key, NULL);
}

/* Half done, it may have taken away what is named; the numbers from before it are kept. */
static bool goes_on(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].begun)
            return true;
    }
    return false;
}

static bool runs_something(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].action == STEP_RUN || plan->steps[i].action == STEP_SCHEMA)
            return true;
    }
    return false;
}

/* Something of the plan is not read ahead, and may make any table. */
static bool makes_unseen(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct migration *m = plan->steps[i].action == STEP_RUN && plan->steps[i].direction == DIRECTION_UP ? plan->steps[i].migration : NULL;
        if (m && m->up.code)
            return true;
    }
    return plan->replaced > 0;
}

static int32_t no_such_table(migrate_session *session, const char *name, size_t length, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    struct nearest nearest;
    text_add(&sql, session->db->engine->table_names);
    int32_t code = database_query(session->db, &sql, &rows, err);
    text_free(&sql);
    if (code != MIGRATE_OK)
        return code;
    const char *dot = memchr(name, '.', length), *last = dot ? dot + 1 : name;
    nearest_start(&nearest, last, length - (size_t)(last - name));
    for (size_t row = 0; row < rows_count(rows); row++)
        nearest_offer(&nearest, rows_text(rows, row, 0));
    code = error_set(err, MIGRATE_ERROR_OPTION, "option protect: there is no table %.*s, and no pending migration makes it", (int)length, name);
    if (nearest.found)
        error_hint(err, "is %s meant?", nearest.found);
    else
        error_hint(err, "name tables with commas between, with or without their schemas, as SQL spells them; or auto");
    rows_free(rows);
    return code;
}

int32_t guards_check_names(migrate_session *session, const struct migrate_plan *plan, migrate_error **err)
{
    const char *list = option_text(session->options, OPTION_PROTECT), *name;
    struct arena arena = {0};
    size_t length;
    int32_t code = MIGRATE_OK;
    /* From nothing applied on, nothing is there yet. */
    if (!list || is_auto(list) || session->scratch || !plan->from || !runs_something(plan) || makes_unseen(plan) || goes_on(plan))
        return MIGRATE_OK;
    while (code == MIGRATE_OK && next_name(&list, &name, &length)) {
        struct migrate_rows *rows = NULL;
        const char *key = guard_key(&arena, session->db->engine->dialect, name, length);
        code = key ? counts_find_key(session, key, &rows, err) : error_nomem(err);
        if (code == MIGRATE_OK && rows_count(rows) == 0 && !noted(&plan->losses, key))
            code = no_such_table(session, name, length, err);
        rows_free(rows);
    }
    arena_free(&arena);
    return code;
}

/* ---- which tables ---- */

const struct guarded *guards_table(const struct guards *guards, const char *key)
{
    for (size_t i = 0; i < guards->count; i++) {
        if (guard_same(guards->items[i].key, key))
            return &guards->items[i];
    }
    return NULL;
}

static int32_t add_found(struct migrate_run *run, const char *told, const struct counts_table *found, bool kept, bool exact, migrate_error **err)
{
    struct guards *guards = run->guards;
    struct arena *arena = &guards->arena;
    for (size_t i = 0; found->identity && i < guards->count; i++) {
        struct guarded *known = &guards->items[i];
        if (known->identity && strcmp(known->identity, found->identity) == 0) {
            known->kept |= kept;
            known->exact |= exact;
            return MIGRATE_OK;
        }
    }
    if (!array_reserve(guards))
        return error_nomem(err);
    guards->items[guards->count++] =
        (struct guarded){.identity = arena_text(arena, found->identity), .name = arena_text(arena, found->name),
                         .key = guard_key(arena, run->session->db->engine->dialect, found->name ? found->name : told,
                                          strlen(found->name ? found->name : told)),
                         .told = arena_text(arena, told), .before = -1, .now = -1, .kept = kept, .exact = exact};
    return arena->failed ? error_nomem(err) : MIGRATE_OK;
}

/* All that a name stands for now. One that does not exist is kept in mind only where it is asked for. */
static int32_t add_named(struct migrate_run *run, const char *name, size_t length, bool kept, bool exact, migrate_error **err)
{
    struct guards *guards = run->guards;
    struct migrate_rows *rows = NULL;
    const char *told = arena_text_n(&guards->arena, name, length);
    const char *key = told ? guard_key(&guards->arena, run->session->db->engine->dialect, name, length) : NULL;
    int32_t code = key ? counts_find_key(run->session, key, &rows, err) : error_nomem(err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        struct counts_table found = counts_at(rows, row);
        code = add_found(run, told, &found, kept, exact, err);
    }
    if (code == MIGRATE_OK && rows_count(rows) == 0 && !kept)
        code = add_found(run, told, &(struct counts_table){0}, false, exact, err);
    rows_free(rows);
    return code;
}

static int32_t choose(struct migrate_run *run, migrate_error **err)
{
    struct guards *guards = run->guards;
    const char *list = option_text(run->session->options, OPTION_PROTECT), *name;
    size_t length;
    int32_t code = MIGRATE_OK;
    while (list && !is_auto(list) && code == MIGRATE_OK && next_name(&list, &name, &length))
        code = add_named(run, name, length, true, true, err);
    for (size_t i = 0; is_auto(list) && i < guards->losses.count && code == MIGRATE_OK; i++) {
        const struct guard_loss *loss = &guards->losses.items[i];
        if (loss->is_table && loss->object && !guards_table(guards, loss->key))
            code = add_named(run, loss->object, strlen(loss->object), true, false, err);
    }
    for (size_t i = 0; guards->section && i < guards->section->expectations_count && code == MIGRATE_OK; i++) {
        const struct expectation *expectation = &guards->section->expectations[i];
        if (expectation->kind == EXPECT_ROWS)
            code = add_named(run, expectation->table, strlen(expectation->table), false, true, err);
    }
    return code;
}

/* ---- counting ---- */

static int32_t count(struct migrate_run *run, const struct guarded *item, const char *name, int64_t *out, migrate_error **err)
{
    return item->exact ? counts_exactly(run->session, name, out, err) : counts_rows(run->session, name, run->guards->limit, out, err);
}

/* Where an engine knows a table by its name alone: the one that the text gave it. */
static const char *renamed(const struct guards *guards, const char *key)
{
    const char *now = key;
    for (size_t i = 0; i < guards->losses.notes_count; i++) {
        const struct guard_note *note = &guards->losses.notes[i];
        if (note->kind == GUARD_RENAMED && guard_same(note->name, now))
            now = note->other;
    }
    return now;
}

/* The table as it is now: renamed, or made anew under its name. false: it is gone. */
static int32_t find_now(struct migrate_run *run, struct guarded *item, bool *found, migrate_error **err)
{
    const char *other = renamed(run->guards, item->key);
    struct migrate_rows *rows = NULL;
    bool by_name = run->session->db->engine->names_fold;
    int32_t code = item->identity && !by_name ? counts_again(run->session, item->identity, &rows, err) : MIGRATE_OK;
    const char *keys[] = {other, item->key};
    for (size_t i = 0; code == MIGRATE_OK && i < 2 && rows_count(rows) == 0; i++) {
        rows_free(rows);
        rows = NULL;
        code = counts_find_key(run->session, keys[i], &rows, err);
    }
    *found = code == MIGRATE_OK && rows_count(rows) > 0;
    if (*found) {
        item->name = arena_text(&run->guards->arena, counts_at(rows, 0).name);
        code = item->name ? MIGRATE_OK : error_nomem(err);
    }
    rows_free(rows);
    return code;
}

static int32_t count_now(struct migrate_run *run, struct guarded *item, migrate_error **err)
{
    bool found = false;
    int32_t code = find_now(run, item, &found, err);
    item->gone = code == MIGRATE_OK && !found;
    item->now = 0;
    return code == MIGRATE_OK && found ? count(run, item, item->name, &item->now, err) : code;
}

static int32_t count_before(struct migrate_run *run, migrate_error **err)
{
    struct guards *guards = run->guards;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < guards->count && code == MIGRATE_OK; i++) {
        struct guarded *item = &guards->items[i];
        if (item->recalled)
            continue;
        if (!item->identity)
            item->before = 0;
        else
            code = count(run, item, item->name, &item->before, err);
        if (code == MIGRATE_OK && item->before < 0)
            event_say(run->session, "warning", "warning", "%s: the rows of %s are not counted: not within protect_budget, or not allowed",
                      guards->step->id, item->told);
    }
    return code;
}

bool guards_watch(const struct migrate_run *run)
{
    return run->guards && run->guards->losses.count > 0;
}

static bool budget_left(const struct guards *guards)
{
    return !guards->limit || clock_monotonic() < guards->limit;
}

int32_t guards_behind(struct migrate_run *run, const char *sql, size_t length, int64_t line, int64_t column, migrate_error **err)
{
    struct guards *guards = run->guards;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < guards->count && code == MIGRATE_OK && budget_left(guards); i++) {
        struct guarded *item = &guards->items[i];
        if (!item->kept || item->before <= 0 || item->recalled)
            continue;
        code = count_now(run, item, err);
        if (code != MIGRATE_OK || item->now < 0)
            continue;
        if (item->now >= item->before) {
            item->statement = NULL;
        } else if (!item->statement) {
            item->statement = arena_text_n(&guards->arena, sql, length);
            item->statement_length = length;
            item->line = line;
            item->column = column;
            code = item->statement ? MIGRATE_OK : error_nomem(err);
        }
    }
    return code;
}

/* ---- numbers that outlive the run ---- */

#define BEFORE "rows before it began: "

int32_t guards_recall(struct migrate_run *run, int64_t seq, migrate_error **err)
{
    struct guards *guards = run->guards;
    char *reason = NULL;
    guards->apart = true;
    guards->resumed = seq > 0;
    guards->recalled = NULL;
    if (seq == 0)
        return MIGRATE_OK;
    int32_t code = history_progress_reason(run->session, guards->step->id, seq, &reason, err);
    if (code == MIGRATE_OK && reason && text_starts(reason, BEFORE) &&
        !(guards->recalled = arena_text(&guards->arena, reason + strlen(BEFORE))))
        code = error_nomem(err);
    memory_free(reason);
    return code;
}

/* One that is no longer there counts, too. */
static int32_t recall_one(struct migrate_run *run, const char *name, size_t length, int64_t count, migrate_error **err)
{
    struct guards *guards = run->guards;
    const char *told = arena_text_n(&guards->arena, name, length);
    const char *key = told ? guard_key(&guards->arena, run->session->db->engine->dialect, name, length) : NULL;
    if (!key)
        return error_nomem(err);
    for (size_t i = 0; i < guards->count; i++) {
        struct guarded *item = &guards->items[i];
        if (!guard_same(item->key, key))
            continue;
        item->before = count;
        item->recalled = true;
        return MIGRATE_OK;
    }
    if (!array_reserve(guards))
        return error_nomem(err);
    guards->items[guards->count++] = (struct guarded){.name = told, .key = key, .told = told, .before = count, .now = -1, .kept = true,
                                                      .exact = true, .recalled = true};
    return MIGRATE_OK;
}

/* "3 of leads, 5 of s.faqs" */
static int32_t recall(struct migrate_run *run, migrate_error **err)
{
    const char *at = run->guards->recalled, *name;
    size_t length;
    int32_t code = MIGRATE_OK;
    while (at && *at && code == MIGRATE_OK) {
        char *end = NULL;
        long long count = strtoll(at, &end, 10);
        if (end == at || count < 0 || !text_starts(end, " of "))
            break; /* by hand */
        at = end + strlen(" of ");
        if (!next_name(&at, &name, &length))
            break;
        code = recall_one(run, name, length, count, err);
        at += strspn(at, ", ");
    }
    return code;
}

static int32_t keep_before(struct guards *guards, migrate_error **err)
{
    for (size_t i = 0; guards->apart && i < guards->count; i++) {
        const struct guarded *item = &guards->items[i];
        if (item->before >= 0)
            text_format(&guards->before, "%s%lld of %s", guards->before.length ? ", " : BEFORE, (long long)item->before,
                        item->name ? item->name : item->told);
    }
    return guards->before.failed ? error_nomem(err) : MIGRATE_OK;
}

const char *guards_before(const struct migrate_run *run)
{
    return run->guards && run->guards->before.length ? run->guards->before.data : NULL;
}

/* ---- before and behind ---- */

int32_t guards_begin(struct migrate_run *run, migrate_error **err)
{
    struct guards *guards = run->guards;
    int64_t budget = option_duration(run->session->options, OPTION_PROTECT_BUDGET);
    guards->count = 0; /* it may be tried anew */
    text_clear(&guards->lost);
    text_clear(&guards->before);
    guards->limit = budget ? clock_monotonic() + budget : 0;
    event_doing(run->session, "counting rows ahead of", guards->step->id);
    int32_t code = choose(run, err);
    if (code == MIGRATE_OK)
        code = recall(run, err);
    if (code == MIGRATE_OK)
        code = count_before(run, err);
    if (code == MIGRATE_OK)
        code = keep_before(guards, err);
    if (code == MIGRATE_OK && !guards->resumed) /* it held as the work began */
        code = expect_ahead(run, err);
    event_doing(run->session, run->request.rehearsal ? "rehearsing" : guards->step->direction == DIRECTION_UP ? "applying" : "rolling back",
                guards->step->id);
    if (code != MIGRATE_OK)
        error_id(err, guards->step->id);
    return code;
}

/* Why rows may go; NULL: they may not. */
static const char *leave(const struct migrate_run *run)
{
    const struct step *step = run->guards->step;
    const char *reason = step->direction == DIRECTION_UP && step->migration ? step->migration->allow_data_loss : NULL;
    return reason ? reason : option_text(run->session->options, OPTION_ALLOW_DATA_LOSS);
}

static int32_t lost(struct migrate_run *run, const struct guarded *item, migrate_error **err)
{
    struct guards *guards = run->guards;
    const char *reason = leave(run);
    struct text what = {0};
    if (item->gone)
        text_format(&what, "the table %s is gone, with %lld row%s", item->told, (long long)item->before, item->before == 1 ? "" : "s");
    else
        text_format(&what, "%s has %lld row%s now, and had %lld before", item->told, (long long)item->now, item->now == 1 ? "" : "s",
                    (long long)item->before);
    int32_t code = what.failed ? error_nomem(err) : MIGRATE_OK;
    if (code == MIGRATE_OK && reason) {
        text_format(&guards->lost, "%s%s%s", guards->lost.length ? "" : reason, guards->lost.length ? "; " : ": ", what.data);
        event_say(run->session, "warning", "warning", "%s: %s; allowed: %s", guards->step->id, what.data, reason);
        code = guards->lost.failed ? error_nomem(err) : MIGRATE_OK;
    } else if (code == MIGRATE_OK) {
        code = error_set(err, MIGRATE_ERROR_REFUSED, "%s: %s", guards->step->id, what.data);
        error_hint(err, "%s; if the loss is meant, say why: -- migrate: allow-data-loss REASON in the file, or --allow-data-loss REASON for "
                        "this run",
                   guards->apart ? "it is not one transaction: what was done is not taken back, and the next run compares with the same numbers"
                                 : "the migration was rolled back");
        if (item->statement && guards->script)
            script_show_statement(guards->script, item->statement, item->statement_length, err);
        if (guards->script)
            error_place(err, guards->script->file, item->statement ? item->line : 0, item->statement ? item->column : 0);
        run->guard_failed = true;
    }
    text_free(&what);
    return code;
}

int32_t guards_end(struct migrate_run *run, migrate_error **err)
{
    struct guards *guards = run->guards;
    int32_t code = MIGRATE_OK;
    event_doing(run->session, "counting rows behind", guards->step->id);
    guards->limit = 0; /* what was counted before is counted behind */
    for (size_t i = 0; i < guards->count && code == MIGRATE_OK; i++) {
        struct guarded *item = &guards->items[i];
        if (item->before < 0)
            continue;
        code = count_now(run, item, err);
        if (code == MIGRATE_OK && item->kept && item->now >= 0 && item->now < item->before)
            code = lost(run, item, err);
    }
    if (code == MIGRATE_OK)
        code = expect_behind(run, err);
    event_doing(run->session, run->request.rehearsal ? "rehearsing" : guards->step->direction == DIRECTION_UP ? "applying" : "rolling back",
                guards->step->id);
    if (code != MIGRATE_OK)
        error_id(err, guards->step->id);
    return code;
}

const char *guards_reason(const struct migrate_run *run)
{
    return run->guards && run->guards->lost.length ? run->guards->lost.data : NULL;
}

/* ---- whether there are any ---- */

static int32_t read_losses(struct guards *guards, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    int32_t code = script_stream_open(&stream, guards->script, NULL, false, err);
    while (code == MIGRATE_OK) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        guard_read(&guards->losses, guards->script->engine->dialect, stream.sql.text + statement.offset, statement.length,
                   (size_t)stream.sql.base + statement.offset);
    }
    script_stream_close(&stream);
    guard_text_end(&guards->losses);
    return code == MIGRATE_OK && guards->losses.failed ? error_nomem(err) : code;
}

int32_t guards_open(struct migrate_run *run, const struct step *step, const struct section *section, const struct script *script,
                    struct guards *out, migrate_error **err)
{
    const char *protect = option_text(run->session->options, OPTION_PROTECT);
    size_t expected = section ? section->expectations_count : 0;
    int32_t code = MIGRATE_OK;
    /* In a scratch database rows are made up, or there are none. */
    if ((!protect && expected == 0) || run->session->scratch || (run->request.rehearsal && run->request.rehearsal->apart))
        return MIGRATE_OK;
    out->step = step;
    out->section = section;
    out->script = script;
    out->apart = script && (step->begun || !script_atomic(script));
    if (script && protect)
        code = read_losses(out, err);
    if (code == MIGRATE_OK && (expected > 0 || !is_auto(protect) || out->losses.count > 0))
        run->guards = out;
    return code;
}

void guards_close(struct migrate_run *run, struct guards *guards)
{
    run->guards = NULL;
    memory_free(guards->items);
    arena_free(&guards->arena);
    guard_losses_free(&guards->losses);
    text_free(&guards->lost);
    text_free(&guards->before);
}
