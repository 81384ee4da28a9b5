/* SPDX-License-Identifier: MIT
 * What tables inherit from each other, while that changes. Columns and constraints that are inherited alone are no facts of the table that
 * inherits them: they come to be when it inherits no more, and nothing makes what is its own go over to them. */
#include "schema/plan.h"

#include <string.h>

/* Nobody inherits over more tables than that. */
enum { DEEPEST = 32 };

/* What the fact of that kind inside of something says; NULL: there is none. */
static const char *value_inside(const struct plan_side *side, size_t container, const char *kind)
{
    const struct graph *graph = &side->insides;

    for (size_t i = graph_first(graph, container); i < graph->edges && graph->items[i].needed == container; i++) {
        const struct fact *fact = &side->facts->items[graph->items[i].by];
        if (strcmp(fact->kind, kind) == 0)
            return fact->value;
    }
    return NULL;
}

static const char *value_of(const struct fact *fact)
{
    return fact != NULL ? fact->value : NULL;
}

/* The difference is one of an inherited column, and changing the column that it is inherited from brings it about. */
bool plan_inherits(const struct plan *plan, const struct difference *difference)
{
    const struct fact *from = difference->from, *to = difference->to, *one = to != NULL ? to : from;
    size_t old = from != NULL ? plan_container(&plan->old, (size_t)(from - plan->old.facts->items)) : SIZE_MAX;
    size_t new = to != NULL ? plan_container(&plan->new, (size_t)(to - plan->new.facts->items)) : SIZE_MAX;
    const struct graph *graph = &plan->new.along;

    if (strncmp(one->kind, "column ", 7) != 0)
        return false;
    if (new == SIZE_MAX)
        new = old == SIZE_MAX ? SIZE_MAX : plan->partner[old];
    if (new == SIZE_MAX)
        return false;
    for (size_t i = graph_first(graph, new); i < graph->edges && graph->items[i].needed == new; i++) {
        const struct fact *column = &plan->new.facts->items[graph->items[i].by];
        const struct fact *former = facts_find(plan->old.facts, column->kind, column->ident);
        const char *then = value_inside(&plan->new, graph->items[i].by, one->kind);
        const char *now = former == NULL ? NULL : value_inside(&plan->old, (size_t)(former - plan->old.facts->items), one->kind);
        if (former != NULL && text_equal(then, value_of(to)) && !text_equal(now, then))
            return true;
    }
    return false;
}

/* ---- from which tables ---- */

static bool is_table(const struct plan_side *side, size_t fact)
{
    return strcmp(side->facts->items[fact].kind, "table") == 0;
}

static bool is_ancestor(const struct plan_side *side, size_t table, size_t other, size_t depth)
{
    for (size_t i = 0; i < side->standing.edges && depth < DEEPEST; i++) {
        const struct graph_edge *edge = &side->standing.items[i];
        if (edge->by == table && is_table(side, edge->needed) &&
            (edge->needed == other || is_ancestor(side, edge->needed, other, depth + 1)))
            return true;
    }
    return false;
}

static bool has_inside(const struct plan_side *side, size_t table, const struct fact *wanted)
{
    const struct graph *graph = &side->insides;

    for (size_t i = graph_first(graph, table); i < graph->edges && graph->items[i].needed == table; i++) {
        const struct fact *fact = &side->facts->items[graph->items[i].by];
        if (strcmp(fact->kind, wanted->kind) == 0 && strcmp(fact->name, wanted->name) == 0)
            return true;
    }
    return false;
}

/* A table that this one inherits from has one of that kind and name. */
static bool has_inherited(const struct plan_side *side, size_t table, const struct fact *wanted, size_t depth)
{
    for (size_t i = 0; i < side->standing.edges && depth < DEEPEST; i++) {
        const struct graph_edge *edge = &side->standing.items[i];
        if (edge->by == table && is_table(side, edge->needed) &&
            (has_inside(side, edge->needed, wanted) || has_inherited(side, edge->needed, wanted, depth + 1)))
            return true;
    }
    return false;
}

static bool can_be_inherited(const struct fact *fact)
{
    return strcmp(fact->kind, "column") == 0 || strcmp(fact->kind, "constraint") == 0;
}

/* ---- */

bool plan_is_to_be_inherited(const struct plan *plan, size_t old)
{
    const struct fact *fact = &plan->old.facts->items[old];
    size_t table = can_be_inherited(fact) && plan->partner[old] == SIZE_MAX ? plan_container(&plan->old, old) : SIZE_MAX;

    return table != SIZE_MAX && is_table(&plan->old, table) && plan->partner[table] != SIZE_MAX &&
           has_inherited(&plan->new, plan->partner[table], fact, 0);
}

bool plan_own_is_inherited(const struct plan *plan, size_t old)
{
    const struct graph *graph = &plan->old.insides;

    for (size_t i = graph_first(graph, old); i < graph->edges && graph->items[i].needed == old; i++) {
        if (plan_is_to_be_inherited(plan, graph->items[i].by))
            return true;
    }
    return false;
}

bool plan_comes_to_be(const struct plan *plan, const struct fact *added)
{
    size_t new = plan_container(&plan->new, (size_t)(added - plan->new.facts->items)), old;
    const struct fact *former;

    if (new == SIZE_MAX || plan->new.fates[new] != FATE_CHANGED)
        return false;
    former = facts_find(plan->old.facts, plan->new.facts->items[new].kind, plan->new.facts->items[new].ident);
    if (former == NULL) /* an attribute of what comes to be: it does so, too, or the next round sees to it */
        return !plan->wish->apart || *added->key != '\0';
    old = (size_t)(former - plan->old.facts->items);
    return is_table(&plan->old, old) && can_be_inherited(added) && has_inherited(&plan->old, old, added, 0);
}

static bool has_ancestors(const struct plan_side *side, size_t table)
{
    for (size_t i = 0; i < side->standing.edges; i++) {
        if (side->standing.items[i].by == table && is_table(side, side->standing.items[i].needed))
            return true;
    }
    return false;
}

/* The table that an operation is about; SIZE_MAX: none of that side. */
static size_t table_of(const struct plan_side *side, const struct fact *fact)
{
    size_t at = (size_t)(fact - side->facts->items);

    while (at != SIZE_MAX && !is_table(side, at))
        at = plan_container(side, at);
    return at;
}

/* A table that inherits no more does not go along with what is done to the columns that it inherited. */
void plan_order_inherited(const struct plan *plan, struct graph *graph)
{
    for (size_t i = 0; i < plan->old.facts->count; i++) {
        if (plan->old.fates[i] != FATE_CHANGED || plan->old.op[i] == SIZE_MAX || !is_table(&plan->old, i) || !has_ancestors(&plan->old, i))
            continue;
        for (size_t j = 0; j < plan->ops->count; j++) {
            const struct op *op = &plan->ops->items[j];
            const struct plan_side *side = op->kind == OP_UNDO ? &plan->old : &plan->new;
            size_t table = table_of(side, op->fact);
            const struct fact *former = table == SIZE_MAX ? NULL : facts_find(plan->old.facts, "table", side->facts->items[table].ident);
            if (former != NULL && is_ancestor(&plan->old, i, (size_t)(former - plan->old.facts->items), 0))
                graph_need(graph, j, plan->old.op[i]);
        }
    }
}
