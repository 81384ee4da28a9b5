/* SPDX-License-Identifier: MIT
 * One round of finding a way: what happens to each fact. What stands on something that is made anew comes along; operations.c makes
 * statements of it. */
#include "schema/plan.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

bool changes_leave(struct changes *changes, const struct fact *fact, const char *reason)
{
    struct left_out *left;

    for (size_t i = 0; i < changes->left.count; i++) {
        left = &changes->left.items[i];
        if (strcmp(left->kind, fact->kind) == 0 && strcmp(left->ident, fact->ident) == 0)
            return true;
    }
    if (!array_reserve(&changes->left))
        return false;
    left = &changes->left.items[changes->left.count++];
    *left = (struct left_out){.kind = arena_text(&changes->arena, fact->kind),
                              .ident = arena_text(&changes->arena, fact->ident),
                              .reason = arena_text(&changes->arena, reason)};
    return !changes->arena.failed;
}

void plan_leave(struct plan *plan, const struct fact *fact, const char *reason)
{
    plan->failed |= !changes_leave(plan->changes, fact, reason);
}

size_t plan_container(const struct plan_side *side, size_t fact)
{
    return fact_keys_find(&side->keys, side->facts->items[fact].inside);
}

static size_t old_index(const struct plan *plan, const struct fact *fact)
{
    return (size_t)(fact - plan->old.facts->items);
}

static size_t new_index(const struct plan *plan, const struct fact *fact)
{
    return (size_t)(fact - plan->new.facts->items);
}

/* ---- fates ---- */

/* What others depend on: an attribute's is what it belongs to. SIZE_MAX: nothing can. */
static size_t owner_of(const struct plan *plan, size_t old)
{
    return *plan->old.facts->items[old].key != '\0' ? old : plan_container(&plan->old, old);
}

static void make_anew(struct plan *plan, size_t old);

/* What is inside of something that goes is gone with it. */
static void take_insides(struct plan *plan, size_t owner)
{
    const struct graph *graph = &plan->old.insides;

    for (size_t i = graph_first(graph, owner); i < graph->edges && graph->items[i].needed == owner; i++) {
        if (plan->old.fates[graph->items[i].by] != FATE_UNDONE)
            make_anew(plan, graph->items[i].by);
    }
}

/* What stands on it has to go before. What holds rows does not: that will be seen when it is tried. */
static void take_standing(struct plan *plan, size_t owner)
{
    const struct graph *graph = &plan->old.standing;

    for (size_t i = graph_first(graph, owner); i < graph->edges && graph->items[i].needed == owner; i++) {
        size_t by = graph->items[i].by;
        if (plan->old.fates[by] != FATE_UNDONE && !fact_holds_rows(&plan->old.facts->items[by]))
            make_anew(plan, by);
    }
}

static void make_anew(struct plan *plan, size_t old)
{
    size_t partner = plan->partner[old];

    plan->old.fates[old] = FATE_UNDONE;
    if (partner != SIZE_MAX) {
        plan->new.fates[partner] = FATE_MADE;
        fact_statements_free(&plan->sql[partner]);
    }
    if (*plan->old.facts->items[old].key != '\0') { /* nothing stands on an attribute alone */
        take_insides(plan, old);
        take_standing(plan, old);
    }
}

/* What is in the way of a change in place goes before it, and comes back behind it. */
static void clear_for(struct plan *plan, size_t old, size_t new, const struct graph *graph)
{
    bool (*in_the_way)(const struct fact *, const struct fact *) = plan->engine->fact_in_the_way;
    size_t owner = owner_of(plan, old);

    for (size_t i = graph_first(graph, owner); i < graph->edges && graph->items[i].needed == owner; i++) {
        size_t by = graph->items[i].by;
        const struct fact *fact = &plan->old.facts->items[by];
        if (by == old || fact_holds_rows(fact) || (in_the_way != NULL && !in_the_way(&plan->old.facts->items[old], fact)))
            continue;
        if (plan->old.fates[by] != FATE_UNDONE)
            make_anew(plan, by);
        if (!array_reserve(&plan->along)) {
            plan->failed = true;
            return;
        }
        plan->along.items[plan->along.count++] = (struct along){.changed = new, .old = by};
    }
}

/* It could not be changed in place when that was tried. */
const char *plan_stubborn(const struct plan *plan, const struct fact *fact)
{
    for (size_t i = 0; i < plan->changes->stubborn.count; i++) {
        const struct left_out *one = &plan->changes->stubborn.items[i];
        if (strcmp(one->kind, fact->kind) == 0 && strcmp(one->ident, fact->ident) == 0)
            return one->reason;
    }
    return NULL;
}

/* Both have the name, but the one was made when the other was gone: what the other held is gone as well. */
static bool is_another(const struct plan *plan, const struct fact *from, const struct fact *to)
{
    return plan->wish->same_database && *from->key != '\0' && strcmp(from->key, to->key) != 0;
}

static enum fact_way way_of(struct plan *plan, const struct fact *from, const struct fact *to, struct fact_statements *sql,
                            const char **reason)
{
    enum fact_way way = FACT_ANEW;

    if (plan_stubborn(plan, to) != NULL && plan->engine->fact_aside != NULL && plan->engine->fact_aside(from, to, sql)) {
        way = FACT_IN_PLACE;
    } else if (plan_stubborn(plan, to) != NULL) {
        *reason = plan_stubborn(plan, to);
        way = from->undo != NULL ? FACT_ANEW : FACT_NO_WAY;
    } else if (plan->engine->fact_change != NULL) {
        way = plan->engine->fact_change(from, to, sql, reason);
    } else if (to->alter != NULL) {
        fact_statements_add(sql, "%s", to->alter);
        way = FACT_IN_PLACE;
    }
    plan->failed |= sql->failed;
    if ((way == FACT_ANEW && fact_holds_rows(from)) || way == FACT_NO_WAY)
        way = from->undo != NULL && fact_holds_rows(from) && is_another(plan, from, to) ? FACT_ANEW : FACT_NO_WAY;
    return way;
}

static void change(struct plan *plan, const struct difference *difference)
{
    const struct fact *from = difference->from, *to = difference->to;
    size_t old = old_index(plan, from), new = new_index(plan, to);
    const char *reason = "it says something else";
    struct fact_statements sql = {0};
    enum fact_way way = way_of(plan, from, to, &sql, &reason);

    if (way == FACT_IN_PLACE && plan_own_is_inherited(plan, old)) {
        way = FACT_NO_WAY;
        reason = "what is its own now would not become inherited";
    }
    if (way == FACT_IN_PLACE || way == FACT_WHEN_ALONE) {
        plan->sql[new] = sql;
        plan->old.fates[old] = plan->new.fates[new] = FATE_CHANGED;
        if (way == FACT_WHEN_ALONE) {
            clear_for(plan, old, new, &plan->old.insides);
            clear_for(plan, old, new, &plan->old.standing);
        }
        return;
    }
    fact_statements_free(&sql);
    if (way == FACT_NO_WAY) {
        plan_leave(plan, to, reason);
        plan->old.fates[old] = plan->new.fates[new] = FATE_LEFT;
        return;
    }
    make_anew(plan, old);
}

/* An attribute of something that is there is no addition: it would change what that does. But a bound on values may be added, and words. */
static bool changes_what_is_there(const struct plan *plan, const struct fact *to)
{
    size_t container = fact_keys_find(&plan->new.keys, to->inside);

    if (*to->key != '\0' || to->make == NULL || container == SIZE_MAX || strcmp(to->kind, "column not null") == 0 ||
        strcmp(to->kind, "comment") == 0 || strcmp(to->kind, "column") == 0)
        return false;
    return facts_find(plan->old.facts, plan->new.facts->items[container].kind, plan->new.facts->items[container].ident) != NULL;
}

/* Only what is absent is made. What is inside of something else that is not wanted goes without saying. */
static void decide_additive(struct plan *plan, const struct difference *difference)
{
    size_t container;

    if (difference->kind == FACT_ADDED && changes_what_is_there(plan, difference->to))
        plan_leave(plan, difference->to, "it would change what is there");
    else if (difference->kind == FACT_ADDED)
        plan->new.fates[new_index(plan, difference->to)] = FATE_MADE;
    else if (difference->kind == FACT_CHANGED)
        plan_leave(plan, difference->to, "it is there, and says something else");
    if (difference->kind != FACT_REMOVED)
        return;
    container = fact_keys_find(&plan->old.keys, difference->from->inside);
    if (container == SIZE_MAX || plan->partner[container] != SIZE_MAX)
        plan_leave(plan, difference->from, "it is there, and is not wanted");
}

/* ---- */

/* A table that cannot become what it should be keeps its columns: they might be what others are to inherit. */
static bool is_of_left_table(struct plan *plan, const struct difference *difference)
{
    const struct fact *fact = difference->from;
    bool kept = fact != NULL && (strcmp(fact->kind, "column") == 0 || plan_is_to_be_inherited(plan, old_index(plan, fact)));
    size_t table = kept ? plan_container(&plan->old, old_index(plan, fact)) : SIZE_MAX;

    if (table == SIZE_MAX || plan->old.fates[table] != FATE_LEFT)
        return false;
    plan->old.fates[old_index(plan, fact)] = FATE_LEFT;
    plan_leave(plan, fact, "the table itself is left as it is");
    return true;
}

static void decide(struct plan *plan, const struct difference *difference)
{
    const struct fact *from = difference->from, *to = difference->to;
    bool stays = from == NULL || plan->old.fates[old_index(plan, from)] == FATE_STAYS;

    if (!stays || is_of_left_table(plan, difference))
        return;
    if (plan_inherits(plan, difference)) {
        if (from != NULL)
            plan->old.fates[old_index(plan, from)] = FATE_CHANGED;
        if (to != NULL)
            plan->new.fates[new_index(plan, to)] = FATE_CHANGED;
    } else if (difference->kind == FACT_ADDED) {
        plan->new.fates[new_index(plan, to)] = plan_comes_to_be(plan, to) ? FATE_CHANGED : FATE_MADE;
    } else if (difference->kind == FACT_REMOVED) {
        make_anew(plan, old_index(plan, from));
    } else {
        change(plan, difference);
    }
}

/* ---- tables as a whole ---- */

/* The table that a fact is about, where the engine reshapes tables. */
static const struct fact *table_of(const struct plan_side *side, const struct fact *fact)
{
    while (fact != NULL && strcmp(fact->kind, "table") != 0) {
        size_t at = fact_keys_find(&side->keys, fact->inside);
        if (at == SIZE_MAX || (fact->make != NULL && !fact->part)) /* an index, a trigger: an object of its own */
            return NULL;
        fact = &side->facts->items[at];
    }
    return fact;
}

/* Some column of the table is not wanted. */
static bool loses_column(const struct plan *plan, const struct fact *table)
{
    for (size_t i = 0; i < plan->old.facts->count; i++) {
        const struct fact *fact = &plan->old.facts->items[i];
        if (plan->partner[i] == SIZE_MAX && strcmp(fact->kind, "column") == 0 && strcmp(fact->inside, table->key) == 0)
            return true;
    }
    return false;
}

static void reshape(struct plan *plan, const struct fact *old, const struct fact *new)
{
    const char *reason = "the table says something else";
    struct fact_statements sql = {0}, otherwise = {0};
    enum fact_way way = plan->engine->facts_reshape(plan->old.facts, plan->new.facts, new->ident, false, &sql, &reason);
    enum fate fate = way != FACT_NO_WAY ? FATE_CHANGED : FATE_LEFT;

    if (way == FACT_IN_PLACE)
        plan->engine->facts_reshape(plan->old.facts, plan->new.facts, new->ident, true, &otherwise, &reason);
    plan->old.fates[old_index(plan, old)] = plan->new.fates[new_index(plan, new)] = fate;
    plan->failed |= sql.failed || otherwise.failed;
    if (fate == FATE_LEFT) {
        fact_statements_free(&sql);
        plan_leave(plan, new, reason);
        return;
    }
    sql.loses = loses_column(plan, old);
    plan->sql[new_index(plan, new)] = sql;
    plan->otherwise[new_index(plan, new)] = otherwise;
}

/* A difference inside of a table that is in both is one of the table. true: it has been dealt with. */
static bool decide_table(struct plan *plan, const struct difference *difference)
{
    const struct plan_side *side = difference->to != NULL ? &plan->new : &plan->old;
    const struct fact *table = table_of(side, difference->to != NULL ? difference->to : difference->from), *old, *new;

    if (table == NULL)
        return false;
    old = facts_find(plan->old.facts, "table", table->ident);
    new = facts_find(plan->new.facts, "table", table->ident);
    if (old == NULL || new == NULL)
        return false;
    if (plan->old.fates[old_index(plan, old)] == FATE_STAYS)
        reshape(plan, old, new);
    return true;
}

/* ---- the round ---- */

static bool side_open(struct plan_side *side, const struct facts *facts)
{
    side->facts = facts;
    side->fates = memory_new((facts->count + 1) * sizeof *side->fates);
    side->op = memory_new((facts->count + 1) * sizeof *side->op);
    return fact_keys_make(facts, &side->keys) && side->fates != NULL && side->op != NULL;
}

/* Who is inside of what, and who stands on what. An edge's third column, where it is not empty, says that the one goes with the other. */
static bool side_relate(struct plan_side *side)
{
    for (size_t i = 0; i < side->facts->count; i++)
        graph_need(&side->insides, i, plan_container(side, i));
    for (size_t i = 0; i < rows_count(side->facts->edges); i++) {
        const char *how = rows_text(side->facts->edges, i, 2);
        size_t by = fact_keys_find(&side->keys, rows_text(side->facts->edges, i, 0));
        size_t needed = fact_keys_find(&side->keys, rows_text(side->facts->edges, i, 1));
        if (how == NULL || *how == '\0')
            graph_need(&side->standing, by, needed);
        else
            graph_need(strcmp(how, "gone") == 0 ? &side->gone : &side->along, needed, by);
    }
    graph_sort(&side->insides);
    graph_sort(&side->standing);
    graph_sort(&side->along);
    graph_sort(&side->gone);
    return !side->insides.failed && !side->standing.failed && !side->along.failed && !side->gone.failed;
}

static void side_close(struct plan_side *side)
{
    graph_free(&side->insides);
    graph_free(&side->standing);
    graph_free(&side->along);
    graph_free(&side->gone);
    graph_free(&side->attributes);
    memory_free(side->fates);
    memory_free(side->op);
    fact_keys_free(&side->keys);
}

static bool plan_open(struct plan *plan, const struct facts *from, const struct facts *to)
{
    plan->partner = memory_new((from->count + 1) * sizeof *plan->partner);
    plan->heir = memory_new((from->count + 1) * sizeof *plan->heir);
    plan->explicit = memory_new((from->count + 1) * sizeof *plan->explicit);
    plan->sql = memory_new((to->count + 1) * sizeof *plan->sql);
    plan->otherwise = memory_new((to->count + 1) * sizeof *plan->otherwise);
    return side_open(&plan->old, from) && side_open(&plan->new, to) && plan->partner != NULL && plan->heir != NULL &&
           plan->explicit != NULL && plan->sql != NULL && plan->otherwise != NULL && side_relate(&plan->old) && side_relate(&plan->new);
}

static void plan_close(struct plan *plan)
{
    for (size_t i = 0; plan->sql != NULL && i < plan->new.facts->count; i++)
        fact_statements_free(&plan->sql[i]);
    for (size_t i = 0; plan->otherwise != NULL && i < plan->new.facts->count; i++)
        fact_statements_free(&plan->otherwise[i]);
    side_close(&plan->old);
    side_close(&plan->new);
    memory_free(plan->partner);
    memory_free(plan->heir);
    memory_free(plan->explicit);
    memory_free(plan->sql);
    memory_free(plan->otherwise);
    memory_free(plan->along.items);
}

/* As facts_compare() puts them together. */
static void find_partners(struct plan *plan)
{
    const struct fact **a = facts_by_name(plan->old.facts), **b = facts_by_name(plan->new.facts);
    size_t i = 0, j = 0;

    plan->failed |= a == NULL || b == NULL;
    for (size_t n = 0; n < plan->old.facts->count; n++)
        plan->partner[n] = SIZE_MAX;
    while (!plan->failed && i < plan->old.facts->count && j < plan->new.facts->count) {
        int order = strcmp(a[i]->kind, b[j]->kind);
        order = order != 0 ? order : strcmp(a[i]->ident, b[j]->ident);
        if (order == 0)
            plan->partner[old_index(plan, a[i])] = new_index(plan, b[j]);
        i += order <= 0;
        j += order >= 0;
    }
    memory_free(a);
    memory_free(b);
}

static void decide_all(struct plan *plan, const struct differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->items[i];
        if (plan->wish->additive)
            decide_additive(plan, difference);
        else if (plan->engine->facts_reshape == NULL || !decide_table(plan, difference))
            decide(plan, difference);
    }
}

int32_t changes_plan(const struct facts *from, const struct facts *to, const struct changes_wish *wish, bool first, struct ops *out,
                     struct changes *changes, migrate_error **err)
{
    struct plan plan = {.engine = from->engine, .wish = wish, .changes = changes, .ops = out};
    struct differences differences = {0};
    int32_t rc = MIGRATE_OK;

    plan.old.facts = from;
    plan.new.facts = to;
    plan.failed = !plan_open(&plan, from, to);
    if (!plan.failed)
        find_partners(&plan);
    if (!plan.failed && first && !wish->additive)
        plan.failed |= !changes_renames(from, to, wish, out, changes);
    if (!plan.failed && !out->renames && !wish->renames_alone) { /* renames come alone: behind them much of the rest is equal */
        rc = facts_compare(from, to, &differences, err);
        if (rc == MIGRATE_OK && !plan_alike(&plan, &differences)) {
            decide_all(&plan, &differences);
            plan_counters(&plan);
            plan_operations(&plan);
        }
        changes->column_order = differences.column_order;
    }
    differences_free(&differences);
    plan_close(&plan);
    return rc == MIGRATE_OK && plan.failed ? error_nomem(err) : rc;
}

void ops_free(struct ops *ops)
{
    for (size_t i = 0; i < ops->count; i++) {
        fact_statements_free(&ops->items[i].sql);
        fact_statements_free(&ops->items[i].otherwise);
    }
    memory_free(ops->items);
    *ops = (struct ops){0};
}
