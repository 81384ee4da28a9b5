/* SPDX-License-Identifier: MIT
 * Making plans. */
#include "core/plan.h"

#include "core/target.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- the object ---- */

/* What the run says besides the migrations' own text, for those who want to see it. */
static void keep_words(struct migrate_plan *plan, const migrate_session *session)
{
    const struct database_engine *engine = session->db->engine;
    const char *role = option_text(session->options, OPTION_SET_ROLE);
    int64_t limit = option_duration(session->options, OPTION_DDL_LOCK_TIMEOUT);
    struct text begin = {0}, alone = {0}, after = {0};
    engine->begin(&begin, role);
    while (begin.length > 0 && strchr("; ", begin.data[begin.length - 1]))
        begin.data[--begin.length] = '\0';
    if (engine->lock_limit && limit > 0) {
        text_add(&begin, "; ");
        engine->lock_limit(&begin, limit, true);
    }
    if (engine->before_alone)
        engine->before_alone(&alone, role);
    plan->begin = arena_text(&plan->arena, begin.data);
    plan->alone = arena_text(&plan->arena, alone.data);
    if (!session->db->borrowed)
        engine->after_commit(&after);
    plan->after = arena_text(&plan->arena, after.data);
    plan->can_copy = session->db->class->copy_begin != NULL;
    plan->arena.failed |= begin.failed || alone.failed || after.failed;
    text_free(&after);
    text_free(&begin);
    text_free(&alone);
}

int32_t plan_new(migrate_session *session, struct build *build, const struct history *history, struct migrate_plan **out,
                 migrate_error **err)
{
    struct migrate_plan *plan = memory_new(sizeof *plan);
    if (!plan)
        return error_nomem(err);
    plan->build = build;
    atomic_fetch_add(&build->references, 1);
    plan->engine = session->db->engine->name;
    plan->seq = history->head.seq;
    plan->guarded = history->guarded;
    plan->whole = option_is(session->options, OPTION_TRANSACTION, "run");
    keep_words(plan, session);
    plan->shared = plan->whole ||
                   (session->db->engine->shared_transaction && option_is(session->options, OPTION_TRANSACTION, "auto"));
    const struct applied *last = history_last(history);
    plan->from = last ? arena_text(&plan->arena, last->id) : NULL;
    plan->to = plan->from;
    if (plan->arena.failed) {
        plan_free(plan);
        return error_nomem(err);
    }
    *out = plan;
    return MIGRATE_OK;
}

void plan_free(struct migrate_plan *plan)
{
    if (!plan)
        return;
    build_release(plan->build);
    memory_free(plan->steps);
    findings_free(&plan->findings);
    guard_losses_free(&plan->losses);
    arena_free(&plan->arena);
    memory_free(plan);
}

struct step *plan_add(struct migrate_plan *plan)
{
    if (!array_grow((void **)&plan->steps, &plan->capacity, plan->count + 1, sizeof *plan->steps))
        return NULL;
    struct step *step = &plan->steps[plan->count++];
    memset(step, 0, sizeof *step);
    return step;
}

int32_t plan_of_step(migrate_session *session, struct build *build, const struct history *history, const struct step *step,
                     struct migrate_plan **out, migrate_error **err)
{
    struct migrate_plan *plan = NULL;
    int32_t code = plan_new(session, build, history, &plan, err);
    struct step *only = code == MIGRATE_OK ? plan_add(plan) : NULL;
    if (!only) {
        plan_free(plan);
        return code == MIGRATE_OK ? error_nomem(err) : code;
    }
    *only = *step;
    plan->direction = step->direction;
    *out = plan;
    return MIGRATE_OK;
}

/* ---- up ---- */

bool plan_item_begun(const struct item *item)
{
    return item->trace && (item->trace->statement > 0 || item->trace->started_hash);
}

static int32_t add_run(struct migrate_plan *plan, const struct item *item, migrate_error **err)
{
    const struct migration *m = item->migration;
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = STEP_RUN;
    step->direction = DIRECTION_UP;
    step->migration = m;
    step->id = m->id;
    step->name = m->name;
    step->repeatable = m->kind == MIGRATION_REPEATABLE;
    step->breaking = m->breaking;
    step->begun = plan_item_begun(item);
    return MIGRATE_OK;
}

/* The old id goes, the new one comes; both rows say why. */
int32_t plan_add_renamed(struct migrate_plan *plan, const struct item *item, const char *reason, migrate_error **err)
{
    struct step *old = plan_add(plan);
    if (!old)
        return error_nomem(err);
    old->action = STEP_RECORD;
    old->direction = DIRECTION_DOWN;
    old->id = arena_text(&plan->arena, item->applied->id);
    old->name = arena_text(&plan->arena, item->applied->name);
    old->event = "renamed";
    old->effect = "remove";
    old->checksum = arena_text(&plan->arena, item->applied->checksum);
    old->reason = arena_text(&plan->arena, reason);
    struct step *new = plan_add(plan);
    if (!new || plan->arena.failed)
        return error_nomem(err);
    new->action = STEP_RECORD;
    new->migration = item->migration;
    new->id = item->migration->id;
    new->name = item->migration->name;
    new->breaking = item->migration->breaking;
    new->event = "renamed";
    new->effect = "add";
    new->checksum = item->migration->checksum;
    new->reason = arena_text(&plan->arena, reason);
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

/* Policies in the order of their weight: an error for the first that fails, findings for those that warn. */
static int32_t apply_policies(migrate_session *session, const struct comparison *comparison, struct migrate_plan *plan,
                              migrate_error **err)
{
    static const enum item_state order[] = {ITEM_AHEAD, ITEM_RENAMED, ITEM_MISSING, ITEM_MODIFIED, ITEM_LATE};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (comparison->counts[order[i]] == 0)
            continue;
        enum policy policy = policy_of(session, comparison, order[i]);
        if (policy == POLICY_FAIL)
            return policy_error(comparison, order[i], err);
        if (policy != POLICY_WARN)
            continue;
        migrate_error *warning = NULL;
        policy_error(comparison, order[i], &warning);
        struct finding finding = {.rule = item_state_name(order[i]), .severity = "warning",
                                  .id = warning->id, .file = warning->file,
                                  .message = warning->message, .hint = warning->hint};
        int32_t code = findings_add(&plan->findings, &finding, err);
        error_clear(&warning);
        if (code != MIGRATE_OK)
            return code;
    }
    return MIGRATE_OK;
}

static bool item_runs(const migrate_session *session, const struct item *item)
{
    return item->state == ITEM_PENDING ||
           (item->state == ITEM_LATE && option_is(session->options, OPTION_ORDER, "any"));
}

/* An empty database may take the fast road, if the target is not before its end. */
static int32_t try_schema(migrate_session *session, const struct history *history, const struct target *target,
                          struct migrate_plan *plan, migrate_error **err)
{
    const struct source *source = plan->build->source;
    bool objects = true;
    if (!source->schema.present || source->schema.count == 0 || history->count > 0 ||
        !option_is(session->options, OPTION_SCHEMA_FILE, "use"))
        return MIGRATE_OK;
    if (target->kind == TARGET_STEPS || target->kind == TARGET_ONLY)
        return MIGRATE_OK;
    if (target->kind == TARGET_ID && target->item->migration < &source->items[source->schema.count - 1])
        return MIGRATE_OK;
    int32_t code = history_objects_exist(session, &objects, err);
    if (code != MIGRATE_OK || objects)
        return code;
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = STEP_SCHEMA;
    step->migration = &source->items[source->schema.count - 1];
    step->id = source->schema.stands_for;
    step->name = "schema";
    step->breaking = step->migration->breaking;
    plan->replaced = source->schema.count;
    return MIGRATE_OK;
}

static bool target_takes(const struct target *target, const struct item *item, int64_t left)
{
    switch (target->kind) {
    case TARGET_STEPS:
        return left > 0;
    case TARGET_ID:
        return item->migration <= target->item->migration;
    case TARGET_ONLY:
        return item == target->item;
    case TARGET_DEFAULT:
    case TARGET_EMPTY:
        break;
    }
    return true;
}

/* Repeatable ones run behind the last versioned one, so only where the target leaves none of those pending. */
static int32_t add_pending(migrate_session *session, const struct comparison *comparison, const struct target *target,
                           struct migrate_plan *plan, migrate_error **err)
{
    const struct source *source = plan->build->source;
    int64_t left = target->steps;
    bool complete = target->kind != TARGET_ONLY;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < comparison->count && code == MIGRATE_OK; i++) {
        const struct item *item = &comparison->items[i];
        const struct migration *m = item->migration;
        if (!m || !item_runs(session, item) || m < source->items + plan->replaced)
            continue;
        bool takes = m->kind == MIGRATION_REPEATABLE ? complete : target_takes(target, item, left--);
        complete = complete && takes;
        if (takes)
            code = add_run(plan, item, err);
    }
    return code;
}

/* The order brings what a migration needs before it, unless one is asked for alone or a late one is left out. */
static int32_t check_needs(const migrate_session *session, const struct comparison *comparison, const struct target *target,
                           const struct migrate_plan *plan, migrate_error **err)
{
    for (size_t s = 0; s < plan->count; s++) {
        const struct migration *m = plan->steps[s].action == STEP_RUN ? plan->steps[s].migration : NULL;
        for (size_t d = 0; m && d < m->depends_count; d++) {
            const struct item *item = comparison->items;
            while (!item->migration || strcmp(item->migration->id, m->depends[d]) != 0)
                item++;
            if (item->applied || (target->kind != TARGET_ONLY && item_runs(session, item)))
                continue;
            error_set(err, MIGRATE_ERROR_DEPENDENCY, "%s needs %s, which is not applied", m->id, m->depends[d]);
            error_hint(err, "apply %s first", m->depends[d]);
            error_id(err, m->id);
            error_place(err, m->up.file, 0, 0);
            return MIGRATE_ERROR_DEPENDENCY;
        }
    }
    return MIGRATE_OK;
}

/* Renamed ones that the policy lets pass are recorded under their new id first. */
static int32_t add_all_renamed(const struct comparison *comparison, struct migrate_plan *plan, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < comparison->count && code == MIGRATE_OK; i++) {
        if (comparison->items[i].state == ITEM_RENAMED)
            code = plan_add_renamed(plan, &comparison->items[i], "option on_renamed", err);
    }
    return code;
}

/* The one that was applied last, but for this one. */
static const char *last_but(const struct history *history, const char *id)
{
    const struct applied *last = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct applied *a = &history->items[i];
        if (!a->repeatable && strcmp(a->id, id) != 0 && (!last || a->seq > last->seq))
            last = a;
    }
    return last ? last->id : NULL;
}

int32_t plan_set_end(struct migrate_plan *plan, const struct history *history, migrate_error **err)
{
    bool moved = false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        const char *event = step->event ? step->event : "", *effect = step->effect ? step->effect : "add";
        bool at_end = plan->to && strcmp(plan->to, step->id) == 0;
        if (step->repeatable || strcmp(event, "repaired") == 0)
            continue;
        if (strcmp(effect, "add") == 0 && strcmp(event, "renamed") == 0)
            plan->to = moved ? step->id : plan->to; /* a new name does not change when it was applied */
        else if (strcmp(effect, "add") == 0 && step->direction == DIRECTION_UP)
            plan->to = step->id;
        else if (strcmp(event, "renamed") == 0)
            moved = at_end;
        else if (strcmp(effect, "remove") == 0 && at_end)
            plan->to = arena_text(&plan->arena, last_but(history, step->id));
    }
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t refuse_unmanaged(migrate_session *session, const struct history *history, const struct migrate_plan *plan,
                                migrate_error **err)
{
    bool objects = false;
    if ((history->head.table && !history->marked) || plan->count == 0 || option_is(session->options, OPTION_ON_UNMANAGED, "apply") ||
        (plan->count > 0 && plan->steps[0].action == STEP_SCHEMA))
        return MIGRATE_OK;
    struct history_head now = {0};
    int32_t code = history_objects_exist(session, &objects, err);
    if (code == MIGRATE_OK && objects)
        code = history_look(session, &now, err); /* the objects may be those of a run that has just begun */
    if (code != MIGRATE_OK || !objects || (history->marked ? now.seq != history->head.seq : now.table))
        return code;
    error_set(err, MIGRATE_ERROR_UNMANAGED, "%s has objects but no history of libmigrate", session->db->label);
    error_hint(err, "adopt it: baseline (say up to which id it stands), or set on_unmanaged=apply to run the migrations on it");
    return MIGRATE_ERROR_UNMANAGED;
}

int32_t plan_up(migrate_session *session, struct build *build, const struct history *history, const char *text,
                struct migrate_plan **out, migrate_error **err)
{
    struct comparison comparison = {0};
    struct migrate_plan *plan = NULL;
    struct target target;
    int32_t code = plan_new(session, build, history, &plan, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, history, &comparison, err);
    if (code == MIGRATE_OK)
        code = target_read(&comparison, text, &target, err);
    if (code == MIGRATE_OK && (target.kind == TARGET_ID || target.kind == TARGET_ONLY) && !target.item->migration) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "%s is not in the source", item_id(target.item));
        error_hint(err, "only a migration of this build can be a target upwards");
    }
    if (code == MIGRATE_OK)
        code = apply_policies(session, &comparison, plan, err);
    if (code == MIGRATE_OK)
        code = add_all_renamed(&comparison, plan, err);
    if (code == MIGRATE_OK)
        code = try_schema(session, history, &target, plan, err);
    if (code == MIGRATE_OK)
        code = add_pending(session, &comparison, &target, plan, err);
    if (code == MIGRATE_OK && (target.kind == TARGET_ONLY || comparison.counts[ITEM_LATE] > 0))
        code = check_needs(session, &comparison, &target, plan, err);
    if (code == MIGRATE_OK)
        code = refuse_unmanaged(session, history, plan, err);
    if (code == MIGRATE_OK)
        code = plan_set_end(plan, history, err);
    comparison_free(&comparison);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    *out = plan;
    return MIGRATE_OK;
}

/* ---- either ---- */

static int32_t goes_down(const struct build *build, const struct history *history, const char *text, bool *down,
                         migrate_error **err)
{
    struct comparison comparison = {0};
    struct target target = {0};
    int32_t code = compare(build->source, history, &comparison, err);
    if (code == MIGRATE_OK)
        code = target_read(&comparison, text, &target, err);
    if (code == MIGRATE_OK)
        *down = target.kind == TARGET_EMPTY || (target.kind == TARGET_STEPS && target.steps < 0) ||
                (target.item && target.item->applied && target.item->state != ITEM_RENAMED);
    comparison_free(&comparison);
    return code;
}

int32_t plan_for_target(migrate_session *session, struct build *build, const struct history *history, const char *text,
                        struct migrate_plan **out, migrate_error **err)
{
    bool down = false;
    int32_t code = goes_down(build, history, text, &down, err);
    if (code != MIGRATE_OK)
        return code;
    return down ? plan_down(session, build, history, text, out, err) : plan_up(session, build, history, text, out, err);
}
