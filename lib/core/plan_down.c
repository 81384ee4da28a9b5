/* SPDX-License-Identifier: MIT
 * Making plans that lead back: what goes, in which order, by which text; and what cannot. */
#include "core/plan.h"

#include "core/target.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static int newest_first(const void *a, const void *b)
{
    const struct item *const *x = a, *const *y = b;
    return (*x)->applied->seq < (*y)->applied->seq ? 1 : (*x)->applied->seq > (*y)->applied->seq ? -1 : 0;
}

/* What a rollback may touch, newest first: everything applied and versioned; on the way to empty, repeatable ones before them. */
static size_t rollback_list(const struct comparison *comparison, bool repeatable, const struct item **list)
{
    size_t count = 0;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct item *item = &comparison->items[i];
        if (item->applied && item->applied->repeatable == repeatable)
            list[count++] = item;
    }
    qsort(list, count, sizeof *list, newest_first);
    return count;
}

/* The versioned one that was applied last. */
static const struct item *newest_applied(const struct comparison *comparison)
{
    const struct item *newest = NULL;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct item *item = &comparison->items[i];
        if (item->applied && !item->applied->repeatable && (!newest || item->applied->seq > newest->applied->seq))
            newest = item;
    }
    return newest;
}

static const struct migration *item_source(const struct item *item)
{
    return item->state == ITEM_RENAMED ? NULL : item->migration;
}

static int32_t irreversible(migrate_session *session, const struct item *item, migrate_error **err)
{
    const struct migration *m = item_source(item);
    const char *id = item->applied->id;
    if (!m && !item->applied->has_down) {
        error_set(err, MIGRATE_ERROR_IRREVERSIBLE, "%s cannot be rolled back: neither this build nor the history has its rollback text", id);
        error_hint(err, "roll it back with the build that has it");
    } else if (item->applied->has_down) {
        error_set(err, MIGRATE_ERROR_IRREVERSIBLE, "%s: only the history has its rollback text", id);
        error_hint(err, "review it in the plan and set stored_down=allow");
    } else {
        error_set(err, MIGRATE_ERROR_IRREVERSIBLE, "%s has no rollback text", id);
        error_hint(err, "add %s.down.sql or a \"-- ROLLBACK:\" block; the text may be added after the migration was applied", id);
        char *reason = NULL;
        if (history_reason(session, id, &reason, NULL) == MIGRATE_OK && reason)
            error_detail(err, "%s", reason);
        memory_free(reason);
    }
    error_id(err, id);
    error_place(err, m ? m->up.file : NULL, 0, 0);
    return MIGRATE_ERROR_IRREVERSIBLE;
}

/* forget: a repeatable one on the way down. What it made may go with the tables of others, so it is to be run again by the next
 * up; its own rollback text runs on the way to empty only. */
static int32_t add_down(migrate_session *session, struct migrate_plan *plan, const struct item *item, bool forget,
                        migrate_error **err)
{
    const struct migration *m = item_source(item);
    bool own = m && m->down.present && !forget;
    bool stored = !own && !forget && item->applied->has_down && option_is(session->options, OPTION_STORED_DOWN, "allow");
    forget = !own && !stored && item->applied->repeatable;
    if (!own && !stored && !forget)
        return irreversible(session, item, err);
    struct step *step = plan_add(plan);
    if (!step)
        return error_nomem(err);
    step->action = forget ? STEP_RECORD : STEP_RUN;
    step->direction = DIRECTION_DOWN;
    step->migration = m;
    step->id = arena_text(&plan->arena, item->applied->id);
    step->name = arena_text(&plan->arena, item->applied->name);
    step->repeatable = item->applied->repeatable;
    step->breaking = item->applied->breaking;
    step->begun = plan_item_begun(item);
    if (stored) {
        char *text = NULL;
        int32_t code = history_down(session, step->id, &text, err);
        if (code != MIGRATE_OK)
            return code;
        step->stored = arena_text(&plan->arena, text ? text : "");
        memory_free(text);
    }
    step->checksum = arena_text(&plan->arena, item->applied->checksum);
    if (forget) {
        step->event = "forgotten";
        step->effect = "remove";
        step->reason = "repeatable: to be run again by the next up";
    }
    return plan->arena.failed ? error_nomem(err) : MIGRATE_OK;
}

/* Others that stay must not need the one that goes. */
static int32_t check_needed(const struct comparison *comparison, const struct item *gone, migrate_error **err)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct item *item = &comparison->items[i];
        if (item == gone || !item->migration || !item->applied)
            continue;
        for (size_t d = 0; d < item->migration->depends_count; d++) {
            if (strcmp(item->migration->depends[d], gone->applied->id) != 0)
                continue;
            error_set(err, MIGRATE_ERROR_DEPENDENCY, "%s cannot be rolled back alone: %s depends on it", gone->applied->id,
                      item_id(item));
            error_hint(err, "roll %s back first, or roll back to an earlier id", item_id(item));
            return MIGRATE_ERROR_DEPENDENCY;
        }
    }
    return MIGRATE_OK;
}

static int32_t target_applied(const struct target *target, migrate_error **err)
{
    if ((target->kind == TARGET_ID || target->kind == TARGET_ONLY) && !target->item->applied) {
        error_set(err, MIGRATE_ERROR_TARGET, "%s is not applied", item_id(target->item));
        error_hint(err, "status shows what is");
        return MIGRATE_ERROR_TARGET;
    }
    if (target->kind == TARGET_STEPS && target->steps > 0) {
        error_set(err, MIGRATE_ERROR_TARGET, "+%lld goes up, not down", (long long)target->steps);
        error_hint(err, "-%lld rolls as many back", (long long)target->steps);
        return MIGRATE_ERROR_TARGET;
    }
    return MIGRATE_OK;
}

/* What has no way back is told together, before anything runs. */
struct hopeless {
    migrate_error *first;
    struct text ids, why;
    size_t count;
};

static int32_t add_hopeful(migrate_session *session, struct migrate_plan *plan, const struct item *item, bool forget, struct hopeless *hopeless,
                           migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = add_down(session, plan, item, forget, &problem);
    if (code != MIGRATE_ERROR_IRREVERSIBLE) {
        error_move(err, &problem);
        return code;
    }
    text_format(&hopeless->ids, "%s%s", hopeless->count ? ", " : "", item->applied->id);
    text_format(&hopeless->why, "%s%s%s%s", hopeless->count ? "\n" : "", problem->message, problem->detail ? ": " : "",
                problem->detail ? problem->detail : "");
    if (hopeless->count++ == 0)
        error_move(&hopeless->first, &problem);
    error_clear(&problem);
    return hopeless->ids.failed || hopeless->why.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t tell_hopeless(struct hopeless *hopeless, int32_t code, migrate_error **err)
{
    if (code == MIGRATE_OK && hopeless->count == 1) {
        code = MIGRATE_ERROR_IRREVERSIBLE;
        error_move(err, &hopeless->first);
    } else if (code == MIGRATE_OK && hopeless->count > 1) {
        code = error_set(err, MIGRATE_ERROR_IRREVERSIBLE, "%zu migrations cannot be rolled back: %s", hopeless->count, hopeless->ids.data);
        error_detail(err, "%s", hopeless->why.data);
        error_hint(err, "nothing was rolled back; %s", hopeless->first->hint ? hopeless->first->hint : "give each of them a rollback text");
        error_id(err, hopeless->first->id);
        error_place(err, hopeless->first->file, 0, 0);
    }
    error_clear(&hopeless->first);
    text_free(&hopeless->ids);
    text_free(&hopeless->why);
    return code;
}

static int32_t collect_down(migrate_session *session, const struct comparison *comparison, const struct target *target,
                            struct migrate_plan *plan, const struct item **list, migrate_error **err)
{
    struct hopeless hopeless = {0};
    int32_t code = MIGRATE_OK;
    int64_t left = target->kind == TARGET_STEPS ? -target->steps : target->kind == TARGET_DEFAULT ? 1 : INT64_MAX;
    size_t count = rollback_list(comparison, true, list);
    const struct item *newest = newest_applied(comparison);
    bool any = target->kind == TARGET_EMPTY || (newest && !(target->kind == TARGET_ID && newest == target->item));
    for (size_t i = 0; any && i < count && code == MIGRATE_OK; i++)
        code = add_hopeful(session, plan, list[i], target->kind != TARGET_EMPTY, &hopeless, err);
    count = rollback_list(comparison, false, list);
    for (size_t i = 0; i < count && left > 0 && code == MIGRATE_OK; i++) {
        if (target->kind == TARGET_ID && list[i] == target->item)
            break;
        if (target->kind == TARGET_ONLY && list[i] != target->item)
            continue;
        code = add_hopeful(session, plan, list[i], false, &hopeless, err);
        left--;
    }
    code = tell_hopeless(&hopeless, code, err);
    /* What stays: the newest one that is not in the plan. */
    plan->to = NULL;
    for (size_t i = 0; i < count && !plan->to; i++) {
        bool goes = false;
        for (size_t s = 0; s < plan->count && !goes; s++)
            goes = strcmp(plan->steps[s].id, list[i]->applied->id) == 0;
        if (!goes)
            plan->to = arena_text(&plan->arena, list[i]->applied->id);
    }
    return code == MIGRATE_OK && plan->arena.failed ? error_nomem(err) : code;
}

int32_t plan_down(migrate_session *session, struct build *build, const struct history *history, const char *text,
                  struct migrate_plan **out, migrate_error **err)
{
    struct comparison comparison = {0};
    struct migrate_plan *plan = NULL;
    struct target target;
    const struct item **list = memory_new((history->count + 1) * sizeof *list);
    int32_t code = list ? plan_new(session, build, history, &plan, err) : error_nomem(err);
    if (code == MIGRATE_OK)
        code = compare(build->source, history, &comparison, err);
    if (code == MIGRATE_OK)
        code = target_read(&comparison, text, &target, err);
    if (code == MIGRATE_OK)
        code = target_applied(&target, err);
    if (code == MIGRATE_OK && target.kind == TARGET_ONLY)
        code = check_needed(&comparison, target.item, err);
    if (code == MIGRATE_OK)
        code = collect_down(session, &comparison, &target, plan, list, err);
    comparison_free(&comparison);
    memory_free(list);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    plan->direction = DIRECTION_DOWN;
    *out = plan;
    return MIGRATE_OK;
}
