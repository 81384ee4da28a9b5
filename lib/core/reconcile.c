/* SPDX-License-Identifier: MIT
 * What is missing of the declared schema: found by comparing, added in a step of a run, behind the migrations, in one transaction under
 * the run's lock, with a row in the history. */
#include "core/reconcile.h"

#include "core/events.h"
#include "core/verbs.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* So many things are named in a message. */
enum { NAMED_MOST = 10 };

void reconcile_free(struct reconcile *reconcile)
{
    memory_free(reconcile->items);
    arena_free(&reconcile->arena);
    *reconcile = (struct reconcile){.remember = reconcile->remember};
}

/* ---- what is missing ---- */

static struct missing *add(struct reconcile *reconcile, enum missing_done done, const char *kind, const char *ident)
{
    if (!array_reserve(reconcile)) {
        reconcile->arena.failed = true;
        return NULL;
    }
    struct missing *item = &reconcile->items[reconcile->count++];
    *item = (struct missing){.done = done, .kind = arena_text(&reconcile->arena, kind), .ident = arena_text(&reconcile->arena, ident)};
    return item;
}

static const struct change *find_run(const struct changes *changes, const char *kind, const char *ident)
{
    for (size_t i = 0; i < changes->run.count; i++) {
        if (strcmp(changes->run.items[i].kind, kind) == 0 && strcmp(changes->run.items[i].ident, ident) == 0)
            return &changes->run.items[i];
    }
    return NULL;
}

/* One item for each fact: its statements stand one behind the other. */
static void collect_run(struct reconcile *reconcile, const struct changes *changes, enum missing_done done)
{
    const struct change *last = NULL;
    for (size_t i = 0; i < changes->run.count; last = &changes->run.items[i++]) {
        const struct change *change = &changes->run.items[i];
        bool same = last && strcmp(last->kind, change->kind) == 0 && strcmp(last->ident, change->ident) == 0;
        struct missing *item = same ? &reconcile->items[reconcile->count - 1] : add(reconcile, done, change->kind, change->ident);
        struct text sql = {0};
        if (!item)
            return;
        if (same)
            text_format(&sql, "%s;\n%s", item->sql ? item->sql : "", change->sql);
        item->sql = arena_text(&reconcile->arena, same ? sql.data : change->sql);
        reconcile->arena.failed |= sql.failed;
        text_free(&sql);
        if (!same && done == MISSING_ADDED)
            reconcile->added++;
        else if (!same)
            reconcile->missing++;
    }
}

static void collect_left(struct reconcile *reconcile, const struct changes *changes, const struct facts *have)
{
    for (size_t i = 0; i < changes->left.count; i++) {
        const struct left_out *left = &changes->left.items[i];
        const struct change *run = find_run(changes, left->kind, left->ident);
        struct missing *item = add(reconcile, MISSING_LEFT, left->kind, left->ident);
        if (!item)
            return;
        item->reason = arena_text(&reconcile->arena, run && run->note ? run->note : left->reason);
        reconcile->left++;
        reconcile->missing += !run && !facts_find(have, left->kind, left->ident);
    }
}

static int32_t find_missing(migrate_session *session, bool keep, struct reconcile *out, struct changes *changes, migrate_error **err)
{
    const struct facts *want = NULL;
    struct facts have = {0};
    struct changes_wish wish = {.facts = session_facts_wish(session), .additive = true, .keep = keep};
    wish.facts.inside = keep;
    int32_t code = declared_facts(session, &want, err);
    if (code == MIGRATE_OK)
        code = facts_read(session->db, &wish.facts, &have, err);
    if (code == MIGRATE_OK)
        code = changes_find(&have, want, &wish, keep ? session->db : NULL, changes, err);
    if (code == MIGRATE_OK) {
        collect_run(out, changes, keep ? MISSING_ADDED : MISSING_FOUND);
        collect_left(out, changes, &have);
        if (out->arena.failed)
            code = error_nomem(err);
    }
    facts_free(&have);
    return code;
}

int32_t reconcile_look(migrate_session *session, struct reconcile *out, migrate_error **err)
{
    struct changes changes = {0};
    reconcile_free(out);
    int32_t code = find_missing(session, false, out, &changes, err);
    changes_free(&changes);
    return code;
}

/* What cannot be added is no reason for a run. Where there is a lock besides the transaction, what is not remembered is looked at behind it,
 * by one program at a time: it takes a scratch database on the server. */
int32_t reconcile_needed(migrate_session *session, bool table, bool *out, migrate_error **err)
{
    struct reconcile found = {0};
    bool known = false;
    int32_t code = declared_known(session, table, &known, err);
    *out = code == MIGRATE_OK && !known;
    if (code != MIGRATE_OK || known || (session->db->engine->lock_try && !session->declared))
        return code;
    code = reconcile_look(session, &found, err);
    *out = false;
    for (size_t i = 0; i < found.count; i++)
        *out = *out || found.items[i].done == MISSING_FOUND;
    reconcile_free(&found);
    return code;
}

/* ---- the step ---- */

int32_t reconcile_plan(migrate_session *session, struct migrate_plan *plan, bool table, migrate_error **err)
{
    bool needed = plan->count > 0;
    int32_t code = needed ? MIGRATE_OK : reconcile_needed(session, table, &needed, err);
    if (code != MIGRATE_OK || !needed)
        return code;
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = STEP_RECONCILE;
    step->id = RECONCILE_ID;
    step->name = "declared schema";
    return MIGRATE_OK;
}

int32_t reconcile_prepare(struct migrate_run *run, migrate_error **err)
{
    const struct facts *want = NULL;
    bool known = false;
    int32_t code = MIGRATE_OK;
    if (run->session->declared || run->plan->count == 0)
        return MIGRATE_OK;
    if (run->plan->count == 1)
        code = declared_known(run->session, run->table, &known, err);
    return code == MIGRATE_OK && !known ? declared_facts(run->session, &want, err) : code;
}

/* Nobody is held up for long: then nothing is added. */
static int32_t hindered(const migrate_session *session, const struct changes *changes, migrate_error **err)
{
    const struct left_out *left = changes->left.count ? &changes->left.items[changes->left.count - 1] : NULL;
    for (size_t i = 0; i < changes->left.count; i++) {
        if (strcmp(changes->left.items[i].reason, "not tried") != 0 && !find_run(changes, changes->left.items[i].kind, changes->left.items[i].ident))
            left = &changes->left.items[i];
    }
    error_set(err, MIGRATE_ERROR_LOCKED, "what is missing of the declared schema was not added to %s: %s %s: %s", session->db->label,
              left ? left->kind : "a", left ? left->ident : "statement", left ? left->reason : "it was held up");
    error_detail(err, "nothing was changed");
    error_hint(err, "somebody holds a lock, and others would wait behind us: start again, wait until it is let go, or raise ddl_lock_timeout");
    return MIGRATE_ERROR_LOCKED;
}

static int32_t remember(migrate_session *session, struct reconcile *found, migrate_error **err)
{
    struct database_facts_wish wish = session_facts_wish(session);
    struct facts facts = {0};
    int32_t code = declared_digest(session, found->digest, err);
    if (code != MIGRATE_OK || !*found->digest)
        return code;
    wish.inside = wish.no_edges = true;
    code = facts_read(session->db, &wish, &facts, err);
    if (code == MIGRATE_OK)
        facts_fingerprint(&facts, found->fingerprint);
    facts_free(&facts);
    return code;
}

int32_t reconcile_work(struct migrate_run *run, migrate_error **err)
{
    struct reconcile *found = run->request.reconcile;
    struct attempts attempts = {0};
    struct changes changes = {0};
    reconcile_free(found);
    attempts_begin(&attempts, run, &run->plan->steps[run->next], NULL, NULL, false);
    int32_t code = find_missing(run->session, true, found, &changes, err);
    attempts_end(&attempts);
    if (code == MIGRATE_OK && changes.untried)
        code = hindered(run->session, &changes, err);
    if (code == MIGRATE_OK && found->remember && found->missing == 0)
        code = remember(run->session, found, err);
    found->ran = code == MIGRATE_OK;
    changes_free(&changes);
    return code;
}

/* "added 2: column t.a, table u" */
static void summary(const struct reconcile *reconcile, struct text *out)
{
    size_t named = 0;
    if (reconcile->added == 0) {
        text_add(out, "nothing was missing");
        return;
    }
    text_format(out, "added %zu:", reconcile->added);
    for (size_t i = 0; i < reconcile->count && named < NAMED_MOST; i++) {
        if (reconcile->items[i].done == MISSING_ADDED)
            text_format(out, "%s %s %s", named++ ? "," : "", reconcile->items[i].kind, reconcile->items[i].ident);
    }
    if (named < reconcile->added)
        text_format(out, " and %zu more", reconcile->added - named);
}

int32_t reconcile_entry(struct migrate_run *run, struct history_entry *out, bool *any, migrate_error **err)
{
    struct reconcile *found = run->request.reconcile;
    struct text reason = {0}, sql = {0};
    bool kept = false;
    *any = found->added > 0 || *found->fingerprint;
    if (!*any)
        return MIGRATE_OK;
    int32_t code = history_has_column(run->session, "statement_sql", &kept, err);
    summary(found, &reason);
    for (size_t i = 0; i < found->count; i++) {
        if (found->items[i].done == MISSING_ADDED)
            text_format(&sql, "%s;\n", found->items[i].sql);
    }
    *out = (struct history_entry){.event = "reconciled", .effect = "none", .kind = "declared", .id = RECONCILE_ID,
                                  .name = "declared schema", .statement = -1};
    out->reason = arena_text(&found->arena, reason.data);
    out->statement_sql = kept && sql.length ? arena_text(&found->arena, sql.data) : NULL;
    out->checksum = *found->digest ? found->digest : NULL;
    out->token_checksum = *found->fingerprint ? found->fingerprint : NULL;
    if (code == MIGRATE_OK && (reason.failed || sql.failed || found->arena.failed))
        code = error_nomem(err);
    text_free(&reason);
    text_free(&sql);
    return code;
}

/* ---- what is told ---- */

static void tell_left(migrate_session *session, const struct reconcile *reconcile)
{
    size_t told = 0;
    for (size_t i = 0; i < reconcile->count && told < NAMED_MOST; i++) {
        const struct missing *item = &reconcile->items[i];
        if (item->done == MISSING_LEFT)
            event_say(session, "warning", "warning", "%s %s is not as declared, and is left: %s", item->kind, item->ident, item->reason);
        told += item->done == MISSING_LEFT;
    }
    if (told < reconcile->left)
        event_say(session, "warning", "warning", "%zu more things are not as declared", reconcile->left - told);
}

static void tell_added(migrate_session *session, const struct reconcile *reconcile)
{
    struct text text = {0};
    struct migrate_event event;
    summary(reconcile, &text);
    event_init(&event, "reconciled", "info");
    event_int(&event, "count", (int64_t)reconcile->added);
    event_send(session, &event, "the declared schema: %s", text.data ? text.data : "something was added");
    text_free(&text);
}

static void tell_missing(migrate_session *session, const struct reconcile *found)
{
    size_t told = 0;
    for (size_t i = 0; i < found->count && told < NAMED_MOST; i++) {
        if (found->items[i].done != MISSING_FOUND)
            continue;
        event_say(session, "warning", "warning", "%s %s of the declared schema is missing", found->items[i].kind, found->items[i].ident);
        told++;
    }
    if (told == NAMED_MOST && found->missing > told)
        event_say(session, "warning", "warning", "%zu things of the declared schema are missing in all", found->missing);
    tell_left(session, found);
}

/* What is only told is no reason not to start. */
int32_t reconcile_report(migrate_session *session, migrate_error **err)
{
    struct reconcile found = {0};
    struct history_head head = {0};
    migrate_error *problem = NULL;
    bool known = false;
    int32_t code = history_look(session, &head, err);
    if (code == MIGRATE_OK)
        code = declared_known(session, head.table, &known, err);
    if (code != MIGRATE_OK || known)
        return code;
    code = reconcile_look(session, &found, &problem);
    if (code == MIGRATE_OK)
        tell_missing(session, &found);
    if (code == MIGRATE_ERROR_SHADOW) {
        event_say(session, "warning", "warning", "the schema was not compared with the declared one: %s", problem ? problem->message : "");
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    reconcile_free(&found);
    return code;
}

/* ---- runs ---- */

static int32_t refuse_pending(const struct migrate_plan *plan, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "%zu migration%s pending, and what is missing of the declared schema may be what they bring",
              plan->count, plan->count == 1 ? " is" : "s are");
    error_hint(err, "apply them first; start-up does both with reconcile=apply");
    return MIGRATE_ERROR_REFUSED;
}

/* alone: no migration may be pending. */
static int32_t make(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                    bool alone, struct migrate_plan **out, migrate_error **err)
{
    struct migrate_plan *plan = NULL;
    int32_t code = plan_up(session, build, history, request->target, &plan, err);
    if (code == MIGRATE_OK && alone && plan->count > 0)
        code = refuse_pending(plan, err);
    if (code == MIGRATE_OK)
        code = reconcile_plan(session, plan, history->head.table, err);
    if (code == MIGRATE_OK)
        *out = plan;
    else
        plan_free(plan);
    return code;
}

static int32_t make_up(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                       struct migrate_plan **out, migrate_error **err)
{
    return make(session, build, history, request, false, out, err);
}

static int32_t make_alone(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                          struct migrate_plan **out, migrate_error **err)
{
    return make(session, build, history, request, true, out, err);
}

int32_t reconcile_apply(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct reconcile found = {.remember = true};
    struct request request = {.make = make_up, .everything = true, .reconcile = &found};
    int32_t code = run_all(session, &request, out, err);
    if (code >= 0 && found.added > 0)
        tell_added(session, &found);
    if (code >= 0 && found.ran)
        tell_left(session, &found);
    reconcile_free(&found);
    return code;
}

/* ---- the verb ---- */

static int32_t put_rows(const struct reconcile *found, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"done", "kind", "ident", "sql", "reason"}, *const words[] = {"added", "missing", "left"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < found->count; i++) {
        rows_put_text(rows, words[found->items[i].done]);
        rows_put_text(rows, found->items[i].kind);
        rows_put_text(rows, found->items[i].ident);
        rows_put_text(rows, found->items[i].sql);
        rows_put_text(rows, found->items[i].reason);
    }
    rows_value_bool(rows, "changed", found->added > 0);
    rows_value_int(rows, "missing", (int64_t)found->missing);
    rows_value_int(rows, "left", (int64_t)found->left);
    return rows_finish(rows, out, err);
}

int32_t verb_reconcile(migrate_session *session, const char *mode, migrate_rows **out, migrate_error **err)
{
    struct reconcile found = {0};
    struct request request = {.make = make_alone, .everything = true, .reconcile = &found};
    bool apply = strcmp(mode, "apply") == 0;
    if (!apply && strcmp(mode, "report") != 0) {
        error_set(err, MIGRATE_ERROR_MISUSE, "there is no mode \"%s\"", mode);
        error_hint(err, "one of report, apply");
        return MIGRATE_ERROR_MISUSE;
    }
    int32_t code = apply ? run_all(session, &request, NULL, err) : session_begin(session, err);
    if (code >= 0 && found.added > 0)
        tell_added(session, &found);
    if (code >= 0 && found.ran)
        tell_left(session, &found);
    else if (code >= 0)
        code = reconcile_look(session, &found, err);
    if (code == MIGRATE_OK && out)
        code = put_rows(&found, out, err);
    if (code == MIGRATE_OK && found.missing > 0)
        code = MIGRATE_DIFFERS;
    reconcile_free(&found);
    return code;
}
