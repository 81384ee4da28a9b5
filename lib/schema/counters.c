/* SPDX-License-Identifier: MIT
 * What counts for a column of a table that has rows: another kind of it (a sequence of its own, an identity) goes on where the former one
 * stands, and the first one behind what rows have. Else the next row would get a number that another one has. */
#include "schema/plan.h"

#include <string.h>

static bool is_counter(const struct fact *fact)
{
    return strcmp(fact->kind, "sequence") == 0 || strcmp(fact->kind, "column identity") == 0;
}

/* The column of `from` that a new one was all the time; SIZE_MAX: there was none, or it goes. */
static size_t former_column(const struct plan *plan, size_t column)
{
    const struct fact *fact = &plan->new.facts->items[column], *former;
    size_t old;

    if (strcmp(fact->kind, "column") != 0 || plan->new.fates[column] == FATE_MADE)
        return SIZE_MAX;
    former = facts_find(plan->old.facts, fact->kind, fact->ident);
    old = former != NULL ? (size_t)(former - plan->old.facts->items) : SIZE_MAX;
    return former != NULL && plan->old.fates[old] != FATE_UNDONE ? old : SIZE_MAX;
}

/* The only counter of an old column, if that is not wanted any more; SIZE_MAX: there is none. */
static size_t former_counter(const struct plan *plan, size_t column)
{
    const struct graph *graph = &plan->old.insides;
    size_t found = SIZE_MAX, count = 0;

    for (size_t i = graph_first(graph, column); i < graph->edges && graph->items[i].needed == column; i++) {
        if (is_counter(&plan->old.facts->items[graph->items[i].by])) {
            found = graph->items[i].by;
            count++;
        }
    }
    return count == 1 && plan->old.fates[found] == FATE_UNDONE && plan->partner[found] == SIZE_MAX ? found : SIZE_MAX;
}

static const struct fact *type_of(const struct plan *plan, size_t column)
{
    return facts_find(plan->old.facts, "column type", plan->old.facts->items[column].ident);
}

static void go_on(struct plan *plan, size_t new)
{
    const struct fact *to = &plan->new.facts->items[new], *from, *type;
    size_t column = plan_container(&plan->new, new), former, old;
    struct fact_statements sql = {0};

    former = column != SIZE_MAX ? former_column(plan, column) : SIZE_MAX;
    if (former == SIZE_MAX)
        return;
    old = former_counter(plan, former);
    from = old != SIZE_MAX ? &plan->old.facts->items[old] : NULL;
    type = type_of(plan, former);
    if (from != NULL && plan->engine->fact_goes_on(from, to, &plan->new.facts->items[column], type, &sql)) {
        plan->heir[old] = new;
        plan->sql[new] = sql;
    } else if (plan->engine->fact_goes_on(NULL, to, &plan->new.facts->items[column], type, &sql)) {
        plan->sql[new] = sql;
    }
    plan->failed |= sql.failed;
}

/* A column that comes by itself, neither with its table nor with one that it is inherited from. */
static bool comes_alone(const struct plan *plan, size_t column)
{
    const struct graph *along = &plan->new.along;
    size_t table = plan_container(&plan->new, column), first = graph_first(along, column);

    return strcmp(plan->new.facts->items[column].kind, "column") == 0 && plan->new.fates[column] == FATE_MADE && table != SIZE_MAX &&
           plan->new.fates[table] != FATE_MADE && !(first < along->edges && along->items[first].needed == column);
}

/* Rows that are there get numbers as the column comes; it may have to have one. */
static bool is_counted_at_once(struct plan *plan, size_t new)
{
    size_t column = plan_container(&plan->new, new);
    struct fact_statements sql = {0};

    if (plan->engine->fact_counted == NULL || column == SIZE_MAX || !comes_alone(plan, column) || plan->sql[column].count > 0 ||
        !plan->engine->fact_counted(&plan->new.facts->items[column], &plan->new.facts->items[new], &sql))
        return false;
    plan->failed |= sql.failed;
    plan->sql[column] = sql;
    plan->new.fates[new] = FATE_CHANGED;
    return true;
}

void plan_counters(struct plan *plan)
{
    for (size_t i = 0; i < plan->old.facts->count; i++)
        plan->heir[i] = SIZE_MAX;
    for (size_t i = 0; i < plan->new.facts->count && plan->engine->fact_goes_on != NULL && !plan->failed; i++) {
        const struct fact *fact = &plan->new.facts->items[i];
        if (plan->new.fates[i] == FATE_MADE && fact->make != NULL && is_counter(fact) && !is_counted_at_once(plan, i))
            go_on(plan, i);
    }
}
