/* SPDX-License-Identifier: MIT
 * The verb rehearse: a plan is run for real and rolled back, with a look at locks, rewrites, scans and rows behind each statement. All
 * steps are in one transaction, as with transaction=run, so that each stands on those before it. */
#include "core/rehearsal.h"
#include "core/schema.h"
#include "core/verbs.h"

#include "core/events.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

enum { LOOKED_AT_MOST = 64 * 1024, SHOWN_MOST = 500, NAMED_MOST = 10, PAUSE_FACTOR = 5 };

bool rehearsal_rolls_back(const struct migrate_run *run)
{
    return run->request.rehearsal && !run->request.rehearsal->apart;
}

/* ---- around a statement ---- */

/* As far as it is shown: without secrets, and cut between two characters. */
static const char *shown(struct rehearsal *rehearsal, const struct sql_dialect *dialect, const char *sql, size_t length)
{
    struct text text = {0};
    size_t most = length < SHOWN_MOST ? length : SHOWN_MOST;
    text_add_n(&text, sql, length < LOOKED_AT_MOST ? length : LOOKED_AT_MOST);
    if (!text.failed && text.data)
        sql_hide_secrets(dialect, text.data, text.length);
    while (most < length && most > 0 && ((unsigned char)sql[most] & 0xc0) == 0x80)
        most--;
    const char *copy = text.failed ? NULL : arena_text_n(&rehearsal->arena, text.data ? text.data : "", most);
    rehearsal->arena.failed |= text.failed;
    text_free(&text);
    return copy;
}

static bool is_silent(const struct migrate_run *run)
{
    return run->next < run->request.rehearsal->from;
}

int32_t rehearsal_ahead(struct migrate_run *run, const struct rehearsed_at *at, migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    struct database *db = run->session->db;
    if (is_silent(run))
        return MIGRATE_OK;
    text_clear(&rehearsal->statement);
    rehearsal->item = (struct rehearsed){.id = arena_text(&rehearsal->arena, run->plan->steps[run->next].id),
                                         .where = rehearsal->where, .reason = rehearsal->reason};
    if (at) {
        text_add_n(&rehearsal->statement, at->sql, at->length < LOOKED_AT_MOST ? at->length : LOOKED_AT_MOST);
        rehearsal->item.sql = shown(rehearsal, db->engine->dialect, at->sql, at->length);
        rehearsal->item.file = arena_text(&rehearsal->arena, at->file);
        rehearsal->item.number = at->number;
        rehearsal->item.line = at->line;
        rehearsal->item.column = at->column;
    }
    int32_t code = rehearsal->arena.failed || rehearsal->statement.failed ? error_nomem(err) : MIGRATE_OK;
    if (code == MIGRATE_OK && rehearsal->look)
        code = db->engine->look_ahead(rehearsal->look, at ? rehearsal->statement.data : NULL, rehearsal->statement.length, err);
    rehearsal->begun = clock_monotonic();
    return code;
}

static const char *kept(struct rehearsal *rehearsal, const struct text *text)
{
    return text->length ? arena_text(&rehearsal->arena, text->data) : NULL;
}

static int32_t add_item(struct rehearsal *rehearsal, migrate_error **err)
{
    if (rehearsal->arena.failed || !array_reserve(rehearsal))
        return error_nomem(err);
    rehearsal->items[rehearsal->count++] = rehearsal->item;
    return MIGRATE_OK;
}

int32_t rehearsal_behind(struct migrate_run *run, migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    struct database *db = run->session->db;
    struct database_effects effects = {.rows = -1};
    int32_t code = MIGRATE_OK;
    if (is_silent(run))
        return MIGRATE_OK;
    rehearsal->item.duration = clock_monotonic() - rehearsal->begun;
    enum database_transaction state = db->class->transaction(db);
    if (rehearsal->look && state != DATABASE_ABORTED && state != DATABASE_LOST) {
        const char *statement = rehearsal->item.number ? rehearsal->statement.data : NULL;
        code = db->engine->look_behind(rehearsal->look, statement, rehearsal->statement.length, &effects, err);
    }
    rehearsal->item.lock = kept(rehearsal, &effects.lock);
    rehearsal->item.locked = kept(rehearsal, &effects.locked);
    rehearsal->item.rewritten = kept(rehearsal, &effects.rewritten);
    rehearsal->item.scanned = kept(rehearsal, &effects.scanned);
    rehearsal->item.rows = effects.rows;
    database_effects_free(&effects);
    if (code == MIGRATE_OK)
        code = add_item(rehearsal, err);
    return code == MIGRATE_OK && rehearsal->behind ? rehearsal->behind(rehearsal, rehearsal->user, err) : code;
}

size_t rehearsal_told(const struct migrate_run *run)
{
    return run->request.rehearsal ? run->request.rehearsal->count : 0;
}

void rehearsal_untell(const struct migrate_run *run, size_t told)
{
    if (run->request.rehearsal)
        run->request.rehearsal->count = told;
}

int32_t rehearsal_skip(struct rehearsal *rehearsal, const struct step *step, const char *file, const char *reason, migrate_error **err)
{
    rehearsal->item = (struct rehearsed){.id = arena_text(&rehearsal->arena, step->id), .file = arena_text(&rehearsal->arena, file),
                                         .where = "not run", .reason = arena_text(&rehearsal->arena, reason), .rows = -1};
    return add_item(rehearsal, err);
}

/* ---- what was so before ---- */

struct before {
    struct facts facts;
    struct migrate_rows *positions;
    bool known;
};

static void before_free(struct before *before)
{
    facts_free(&before->facts);
    rows_free(before->positions);
    *before = (struct before){0};
}

static int32_t look_before(migrate_session *session, struct before *before, migrate_error **err)
{
    before_free(before);
    int32_t code = session_facts(session, &before->facts, err);
    if (code == MIGRATE_OK && session->db->engine->positions)
        code = session->db->engine->positions(session->db, &before->positions, err);
    before->known = code == MIGRATE_OK;
    return code;
}

static const char *position_of(const struct migrate_rows *positions, const char *name)
{
    for (size_t row = 0; row < rows_count(positions); row++) {
        if (text_equal(rows_text(positions, row, 0), name))
            return rows_text(positions, row, 1);
    }
    return NULL;
}

/* What stands elsewhere than before. */
static int32_t compare_positions(migrate_session *session, const struct before *before, struct text *left, migrate_error **err)
{
    struct migrate_rows *now = NULL;
    if (!session->db->engine->positions)
        return MIGRATE_OK;
    int32_t code = session->db->engine->positions(session->db, &now, err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(before->positions); row++) {
        const char *name = rows_text(before->positions, row, 0), *was = rows_text(before->positions, row, 1);
        const char *is = position_of(now, name);
        if (!text_equal(was, is))
            text_format(left, "%s%s (was %s, is %s)", left->length ? ", " : "", name, was ? was : "nothing", is ? is : "gone");
    }
    rows_free(now);
    return code == MIGRATE_OK && left->failed ? error_nomem(err) : code;
}

static int32_t compare_facts(migrate_session *session, const struct before *before, struct text *differs, migrate_error **err)
{
    struct facts now = {0};
    struct differences differences = {0};
    int32_t code = session_facts(session, &now, err);
    if (code == MIGRATE_OK)
        code = facts_compare(&before->facts, &now, &differences, err);
    for (size_t i = 0; code == MIGRATE_OK && i < differences.count && i < NAMED_MOST; i++) {
        const struct fact *fact = differences.items[i].to ? differences.items[i].to : differences.items[i].from;
        text_format(differs, "%s%s %s", differs->length ? ", " : "", fact->kind, fact->ident);
    }
    if (differences.count > NAMED_MOST)
        text_format(differs, " and %zu more", differences.count - NAMED_MOST);
    differences_free(&differences);
    facts_free(&now);
    return code == MIGRATE_OK && differs->failed ? error_nomem(err) : code;
}

/* ---- the run ---- */

static int32_t leave(struct migrate_run *run, migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    struct database *db = run->session->db;
    if (!run->open)
        return MIGRATE_OK;
    int32_t code = rehearsal->look ? db->engine->look_close(rehearsal->look, err) : MIGRATE_OK;
    run_rollback(run);
    if (run->unclean) /* memory may have been short for a moment */
        run_rollback(run);
    if (code == MIGRATE_OK && run->unclean)
        code = error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "the rehearsal could not be rolled back; it ends with the connection");
    return code;
}

static int32_t steps(struct migrate_run *run, migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    int32_t code = MIGRATE_OK;
    while (code == MIGRATE_OK && run->next < run->plan->count) {
        size_t count = rehearsal->count;
        code = watch_check(&run->session->watch);
        if (code == MIGRATE_OK && token_state(run->session->options->token) != 0)
            code = MIGRATE_ERROR_CANCELLED;
        if (code != MIGRATE_OK)
            return watch_error(&run->session->watch, code, err);
        code = run_execute(run, err);
        if (code == RUN_OWN) {
            rehearsal->count = count;
            code = rehearse_apart(run, leave, err);
        }
    }
    return code;
}

/* A host's driver may not be able to tell whether a transaction is open; then nothing is sure to be undone. */
static int32_t check_open(struct migrate_run *run, migrate_error **err)
{
    const struct database *db = run->session->db;
    if (db->class->transaction(run->session->db) == DATABASE_OPEN)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_REFUSED, "%s cannot tell whether a transaction is open, so that nothing would be sure to be rolled back",
              db->label);
    error_hint(err, "give the driver its function in_transaction, or rehearse on a connection by URL");
    return MIGRATE_ERROR_REFUSED;
}

static int32_t open(struct migrate_run *run, struct before *before, migrate_error **err)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    const struct database_engine *engine = run->session->db->engine;
    bool moved = true;
    int32_t code = engine->rolls_back ? engine->rolls_back(run->session->db, err) : MIGRATE_OK;
    while (code == MIGRATE_OK && moved && !run->finished) {
        code = run_open_shared(run, &moved, err);
        if (code == MIGRATE_OK && moved)
            code = run_replan(run, err);
        if (code == MIGRATE_OK && run->plan->count == 0)
            run->finished = true;
    }
    if (code != MIGRATE_OK || run->finished)
        return code;
    code = check_open(run, err);
    if (code == MIGRATE_OK)
        code = look_before(run->session, before, err);
    if (code == MIGRATE_OK && engine->look_begin) {
        struct database_facts_wish wish = session_facts_wish(run->session);
        code = engine->look_begin(run->session->db, &wish, option_duration(run->session->options, OPTION_DDL_LOCK_TIMEOUT), NULL,
                                  &rehearsal->look, err);
    }
    return code;
}

static void forget(struct migrate_run *run)
{
    struct rehearsal *rehearsal = run->request.rehearsal;
    const struct database_engine *engine = run->session->db ? run->session->db->engine : NULL;
    if (rehearsal->look && engine)
        engine->look_free(rehearsal->look);
    rehearsal->look = NULL;
}

static int32_t attempt(struct migrate_run *run, struct before *before, migrate_error **err)
{
    int32_t code = open(run, before, err);
    if (code == MIGRATE_OK && !run->finished)
        code = steps(run, err);
    int32_t left = leave(run, code == MIGRATE_OK ? err : NULL);
    return code == MIGRATE_OK ? left : code;
}

/* A table's lock was not to be had: all of it once more, when others had their turn. */
static bool again(struct migrate_run *run, size_t number, migrate_error **problem)
{
    migrate_session *session = run->session;
    int64_t pause = PAUSE_FACTOR * option_duration(session->options, OPTION_DDL_LOCK_TIMEOUT);
    struct migrate_event event;
    char lasted[32];
    if (error_kind_of(problem) != ERROR_BUSY || !session->db || !session->db->engine->lock_limit || pause == 0 ||
        session->db->class->transaction(session->db) != DATABASE_IDLE ||
        (int64_t)number >= option_number(session->options, OPTION_DDL_LOCK_ATTEMPTS))
        return false;
    event_init(&event, "blocked", "warning");
    event_text(&event, "id", (*problem)->id);
    event_int(&event, "number", (int64_t)number);
    event_send(session, &event, "%s; the rehearsal begins anew in %s", (*problem)->message, clock_duration_text(pause, lasted));
    if (watch_sleep(&session->watch, pause, true) != MIGRATE_OK || run_reload_writer(run, NULL) != MIGRATE_OK)
        return false;
    run->next = run->settled = 0;
    run->count = run->settled_done = 0;
    run->request.rehearsal->count = 0;
    forget(run);
    error_clear(problem);
    return true;
}

static int32_t rehearse(struct migrate_run *run, struct before *before, migrate_error **err)
{
    migrate_error *problem = NULL;
    size_t number = 0;
    int32_t code;
    run->generating_known = true; /* rollback texts and fingerprints are none of its business */
    run->vouch.on = run->vouch.keep = false;
    do
        code = attempt(run, before, &problem);
    while (code != MIGRATE_OK && again(run, ++number, &problem));
    if (code != MIGRATE_OK) {
        error_detail_add(&problem, "it was a rehearsal: nothing was changed");
        if (problem && !problem->hint && problem->id)
            error_hint(&problem, "mend %s, and rehearse it once more", problem->id);
    }
    error_move(err, &problem);
    return code;
}

/* ---- the report ---- */

static void put_items(struct migrate_rows *rows, const struct rehearsal *rehearsal)
{
    for (size_t i = 0; i < rehearsal->count; i++) {
        const struct rehearsed *item = &rehearsal->items[i];
        bool run = strcmp(item->where, "not run") != 0;
        rows_put_text(rows, item->id);
        item->number ? rows_put_int(rows, (int64_t)item->number) : rows_put_null(rows);
        rows_put_text(rows, item->sql);
        rows_put_text(rows, item->file);
        item->line ? rows_put_int(rows, item->line) : rows_put_null(rows);
        rows_put_text(rows, item->where);
        run ? rows_put_int(rows, item->duration) : rows_put_null(rows);
        rows_put_text(rows, item->lock);
        rows_put_text(rows, item->locked);
        rows_put_text(rows, item->rewritten);
        rows_put_text(rows, item->scanned);
        item->rows >= 0 ? rows_put_int(rows, item->rows) : rows_put_null(rows);
        rows_put_text(rows, item->reason);
    }
}

static int32_t report(struct migrate_run *run, const struct before *before, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"id", "statement", "sql", "file", "line", "where", "duration_us", "lock", "locked",
                                          "rewritten", "scanned", "rows", "reason"};
    const struct rehearsal *rehearsal = run->request.rehearsal;
    const struct database_engine *engine = run->session->db->engine;
    struct text left = {0}, differs = {0};
    bool undone = true;
    int64_t duration = 0, skipped = 0;
    int32_t code = rehearsal->look ? engine->look_undone(rehearsal->look, &undone, err) : MIGRATE_OK;
    if (code == MIGRATE_OK && before->known)
        code = compare_facts(run->session, before, &differs, err);
    if (code == MIGRATE_OK && before->known)
        code = compare_positions(run->session, before, &left, err);
    if (code == MIGRATE_OK) {
        struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
        put_items(rows, rehearsal);
        for (size_t i = 0; i < rehearsal->count; i++) {
            duration += rehearsal->items[i].duration;
            skipped += strcmp(rehearsal->items[i].where, "not run") == 0;
        }
        rows_value_int(rows, "count", (int64_t)rehearsal->count - skipped);
        rows_value_int(rows, "not_run", skipped);
        rows_value_int(rows, "duration_us", duration);
        rows_value_bool(rows, "identical", undone && differs.length == 0);
        rows_value_text(rows, "differs", differs.length ? differs.data : NULL);
        rows_value_text(rows, "left", left.length ? left.data : NULL);
        rows_value_text(rows, "engine", engine->name);
        code = rows_finish(rows, out, err);
    }
    text_free(&left);
    text_free(&differs);
    return code;
}

static int32_t make_up(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                       struct migrate_plan **out, migrate_error **err)
{
    return plan_up(session, build, history, request->target, out, err);
}

static int32_t refuse_inside(migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_IN_TRANSACTION, "the host's connection is inside a transaction, which a rehearsal would have to roll back");
    error_hint(err, "rehearse before the transaction begins, or on another connection");
    return MIGRATE_ERROR_IN_TRANSACTION;
}

int32_t verb_rehearse(migrate_session *session, const migrate_plan *plan, migrate_rows **out, migrate_error **err)
{
    struct rehearsal rehearsal = {.where = "database"};
    struct request request = {.make = make_up, .everything = plan == NULL, .given = plan, .rehearsal = &rehearsal};
    struct before before = {0};
    struct migrate_run *run = NULL;
    if (session->db && session_embedded(session))
        return refuse_inside(err);
    int32_t code = run_begin(session, &request, &run, err);
    if (code != MIGRATE_OK)
        return code;
    if (session->placeholder) {
        rehearsal.where = "scratch";
        rehearsal.reason = "the file does not exist yet: an empty database in memory stood for it";
    }
    if (!run->finished)
        code = rehearse(run, &before, err);
    if (code == MIGRATE_OK)
        code = report(run, &before, out, err);
    forget(run);
    run_end(run, NULL, NULL);
    before_free(&before);
    text_free(&rehearsal.statement);
    memory_free(rehearsal.items);
    arena_free(&rehearsal.arena);
    return code;
}
