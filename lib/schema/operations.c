/* SPDX-License-Identifier: MIT
 * Fates become operations, and what needs what says their order. */
#include "schema/plan.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- operations ---- */

static struct op *add_op(struct plan *plan, enum op_kind kind, const struct fact *fact)
{
    if (!array_reserve(plan->ops)) {
        plan->failed = true;
        return NULL;
    }
    plan->ops->items[plan->ops->count] = (struct op){.kind = kind, .fact = fact};
    return &plan->ops->items[plan->ops->count++];
}

static void add_statement(struct plan *plan, enum op_kind kind, const struct fact *fact, const char *sql)
{
    struct op *op = add_op(plan, kind, fact);

    if (op == NULL)
        return;
    fact_statements_add(&op->sql, "%s", sql);
    op->loses = kind == OP_UNDO && fact_holds_rows(fact);
    plan->failed |= op->sql.failed;
}

static bool carried(const struct plan_side *side, size_t at, enum fate fate);

/* It has that fate, and a statement for it comes from somewhere. */
static bool has_fate(const struct plan_side *side, size_t at, enum fate fate)
{
    const struct fact *fact = &side->facts->items[at];

    return side->fates[at] == fate && ((fate == FATE_UNDONE ? fact->undo : fact->make) != NULL || carried(side, at, fate));
}

/* What it goes with by inheritance has that fate. */
static bool inherits(const struct plan_side *side, const struct graph *graph, size_t at, enum fate fate)
{
    for (size_t i = graph_first(graph, at); i < graph->edges && graph->items[i].needed == at; i++) {
        if (has_fate(side, graph->items[i].by, fate))
            return true;
    }
    return false;
}

static bool container_has(const struct plan_side *side, size_t at, enum fate fate)
{
    size_t container = plan_container(side, at);

    return container != SIZE_MAX && has_fate(side, container, fate);
}

/* Something that it is inside of, or inherited from, brings it along. */
static bool carried(const struct plan_side *side, size_t at, enum fate fate)
{
    return container_has(side, at, fate) || inherits(side, &side->along, at, fate) ||
           (fate == FATE_UNDONE && inherits(side, &side->gone, at, fate));
}

static void add_undo(struct plan *plan, size_t old)
{
    const struct fact *fact = &plan->old.facts->items[old];

    if (plan->heir[old] != SIZE_MAX || (!plan->explicit[old] && carried(&plan->old, old, FATE_UNDONE)))
        return;
    if (fact->undo != NULL)
        add_statement(plan, OP_UNDO, fact, fact->undo);
    else if (plan->partner[old] == SIZE_MAX)
        plan_leave(plan, fact, "there is no statement that takes it away");
}

/* Where a column stands among others; 0: it is no column. */
static int64_t place_of(const struct plan_side *side, size_t column)
{
    const struct graph *graph = &side->insides;

    for (size_t i = graph_first(graph, column); i < graph->edges && graph->items[i].needed == column; i++) {
        const struct fact *fact = &side->facts->items[graph->items[i].by];
        if (strcmp(fact->kind, "column position") == 0)
            return strtoll(fact->value, NULL, 10);
    }
    return 0;
}

/* A new column comes last. */
static bool comes_too_late(const struct plan *plan, size_t new, int64_t place)
{
    const struct graph *graph = &plan->new.insides;
    size_t table = plan_container(&plan->new, new);

    for (size_t i = graph_first(graph, table); table != SIZE_MAX && i < graph->edges && graph->items[i].needed == table; i++) {
        size_t other = graph->items[i].by;
        if (plan->new.fates[other] != FATE_MADE && place_of(&plan->new, other) > place)
            return true;
    }
    return false;
}

/* By other statements than its own one. They stay in the plan: the list may be taken apart. */
static void add_made(struct plan *plan, size_t new)
{
    const struct fact_statements *sql = &plan->sql[new];
    struct op *op = add_op(plan, OP_MAKE, &plan->new.facts->items[new]);

    for (size_t i = 0; op != NULL && i < sql->count; i++)
        fact_statements_add(&op->sql, "%s", sql->items[i]);
    for (size_t i = 0; op != NULL && i < plan->old.facts->count && !op->keeps; i++)
        op->keeps = plan->heir[i] == new;
    plan->failed |= op != NULL && op->sql.failed;
}

static void add_make(struct plan *plan, size_t new)
{
    const struct fact *fact = &plan->new.facts->items[new];
    bool with_container = container_has(&plan->new, new, FATE_MADE);

    if (!with_container && inherits(&plan->new, &plan->new.along, new, FATE_MADE))
        return;
    if (fact->part && with_container)
        return;
    if (plan->sql[new].count > 0)
        add_made(plan, new);
    else if (fact->make != NULL)
        add_statement(plan, OP_MAKE, fact, fact->make);
    if (fact->make != NULL && fact->part && !plan->failed) {
        int64_t place = plan->ops->items[plan->ops->count - 1].place = place_of(&plan->new, new);
        plan->ops->order |= place > 0 && comes_too_late(plan, new, place);
    }
    if (fact->make == NULL && !carried(&plan->new, new, FATE_MADE))
        plan_leave(plan, fact, plan->wish->additive && plan->engine->facts_reshape != NULL
                                   ? "it would take a rebuild of its table: generate a migration"
                                   : "there is no statement that makes it");
}

static void add_change(struct plan *plan, size_t new)
{
    struct fact_statements *sql = &plan->sql[new];
    struct op *op = sql->count > 0 ? add_op(plan, OP_CHANGE, &plan->new.facts->items[new]) : NULL;

    if (op == NULL)
        return;
    op->sql = *sql;
    op->otherwise = plan->otherwise[new];
    op->loses = sql->loses;
    *sql = plan->otherwise[new] = (struct fact_statements){0};
}

static void add_all(struct plan *plan)
{
    for (size_t i = 0; i < plan->old.facts->count; i++) {
        if (plan->old.fates[i] == FATE_UNDONE)
            add_undo(plan, i);
    }
    for (size_t i = 0; i < plan->new.facts->count; i++) {
        if (plan->new.fates[i] == FATE_MADE)
            add_make(plan, i);
        else if (plan->new.fates[i] == FATE_CHANGED)
            add_change(plan, i);
    }
}

/* Takes the list apart again. */
static void take_back(struct plan *plan)
{
    for (size_t i = 0; i < plan->ops->count; i++) {
        struct op *op = &plan->ops->items[i];
        if (op->kind == OP_CHANGE) {
            plan->sql[op->fact - plan->new.facts->items] = op->sql;
            plan->otherwise[op->fact - plan->new.facts->items] = op->otherwise;
        } else {
            fact_statements_free(&op->sql);
        }
    }
    plan->ops->count = 0;
}

/* ---- order ---- */

/* Undo from the last rank to the first, then the rest from the first to the last; a column before a table. */
static int64_t preference(const struct op *op)
{
    enum { TABLE = 40, PAST_ALL = 1000 };

    if (op->kind == OP_UNDO)
        return -op->fact->rank;
    return PAST_ALL + (op->fact->part ? TABLE - 1 : op->fact->rank);
}

static int by_preference(const void *a, const void *b)
{
    const struct op *x = a, *y = b;
    int64_t p = preference(x), q = preference(y);

    if (p == q && x->place > 0 && y->place > 0 && strcmp(x->fact->inside, y->fact->inside) != 0)
        return strcmp(x->fact->inside, y->fact->inside);
    if (p == q && x->place > 0 && y->place > 0)
        return (x->place > y->place) - (x->place < y->place);
    if (p == q && (x->place > 0) != (y->place > 0))
        return x->place > 0 ? -1 : 1;
    if (p == q && x->fact->rank != y->fact->rank)
        return x->fact->rank < y->fact->rank ? -1 : 1;
    return p != q ? (p > q) - (p < q) : x->kind == OP_UNDO ? strcmp(y->fact->ident, x->fact->ident) : strcmp(x->fact->ident, y->fact->ident);
}

/* The operations by their facts, and those about attributes by what these belong to. */
static void index_side(struct plan_side *side)
{
    for (size_t i = 0; i < side->facts->count; i++)
        side->op[i] = SIZE_MAX;
    graph_free(&side->attributes);
}

static void index_op(struct plan_side *side, size_t fact, size_t op)
{
    side->op[fact] = op;
    if (*side->facts->items[fact].key == '\0')
        graph_need(&side->attributes, side->facts->count + op, plan_container(side, fact)); /* no number means both a fact and an operation */
}

/* A fact that changes in place, or takes another's place, has one operation on both sides. */
static void index_ops(struct plan *plan)
{
    index_side(&plan->old);
    index_side(&plan->new);
    for (size_t i = 0; i < plan->ops->count; i++) {
        const struct op *op = &plan->ops->items[i];
        if (op->kind == OP_UNDO)
            index_op(&plan->old, (size_t)(op->fact - plan->old.facts->items), i);
        else
            index_op(&plan->new, (size_t)(op->fact - plan->new.facts->items), i);
    }
    for (size_t i = 0; i < plan->old.facts->count; i++) {
        size_t partner = plan->heir[i] != SIZE_MAX ? plan->heir[i] : plan->old.fates[i] == FATE_CHANGED ? plan->partner[i] : SIZE_MAX;
        if (partner != SIZE_MAX && plan->new.op[partner] != SIZE_MAX)
            index_op(&plan->old, i, plan->new.op[partner]);
    }
    graph_sort(&plan->old.attributes);
    graph_sort(&plan->new.attributes);
    plan->failed |= plan->old.attributes.failed || plan->new.attributes.failed;
}

static bool has_ops(const struct plan_side *side, size_t at)
{
    size_t first = graph_first(&side->attributes, at);

    return side->op[at] != SIZE_MAX || (first < side->attributes.edges && side->attributes.items[first].needed == at);
}

/* The fact, or what it comes and goes with, that something is done about. */
static size_t about(const struct plan_side *side, size_t at)
{
    while (at != SIZE_MAX && !has_ops(side, at))
        at = plan_container(side, at);
    return at;
}

/* What is undone goes after what stands on it, what is made after what it stands on; of two that are changed the new schema speaks. */
static void order_two(const struct plan *plan, struct graph *graph, bool old, size_t by, size_t needed)
{
    enum op_kind b = plan->ops->items[by].kind, n = plan->ops->items[needed].kind;

    if (old && (b == OP_UNDO || n == OP_UNDO))
        graph_need(graph, needed, by);
    else if (!old && b != OP_UNDO && n != OP_UNDO)
        graph_need(graph, by, needed);
}

/* One of all that is done about a fact: its own operation, then those about its attributes. SIZE_MAX: no more. */
static size_t nth_op(const struct plan_side *side, size_t fact, size_t n)
{
    size_t at = graph_first(&side->attributes, fact);

    if (side->op[fact] != SIZE_MAX && n-- == 0)
        return side->op[fact];
    at += n;
    return at < side->attributes.edges && side->attributes.items[at].needed == fact ? side->attributes.items[at].by - side->facts->count
                                                                                     : SIZE_MAX;
}

static void order_facts(const struct plan *plan, struct graph *graph, const struct plan_side *side, size_t by, size_t needed)
{
    size_t b, n;

    by = about(side, by);
    needed = about(side, needed);
    if (by == SIZE_MAX || needed == SIZE_MAX || by == needed)
        return;
    for (size_t i = 0; (b = nth_op(side, by, i)) != SIZE_MAX; i++) {
        for (size_t j = 0; (n = nth_op(side, needed, j)) != SIZE_MAX; j++)
            order_two(plan, graph, side == &plan->old, b, n);
    }
}

/* It goes with its column, and can be there before. */
static bool is_sequence(const struct plan_side *side, size_t fact)
{
    return strcmp(side->facts->items[fact].kind, "sequence") == 0;
}

static void order_side(const struct plan *plan, struct graph *graph, const struct plan_side *side)
{
    for (size_t i = 0; i < side->facts->count; i++) {
        size_t container = side->op[i] == SIZE_MAX || (side == &plan->new && is_sequence(side, i)) ? SIZE_MAX : plan_container(side, i);
        while (container != SIZE_MAX && side->op[container] == SIZE_MAX)
            container = plan_container(side, container);
        if (container != SIZE_MAX)
            order_two(plan, graph, side == &plan->old, side->op[i], side->op[container]);
    }
    for (size_t i = 0; i < side->standing.edges; i++) {
        size_t by = side->standing.items[i].by, needed = side->standing.items[i].needed;
        order_facts(plan, graph, side, by, needed);
        if (side == &plan->new && strcmp(side->facts->items[by].kind, "column default") == 0) /* the column is made with it */
            order_facts(plan, graph, side, plan_container(side, by), needed);
    }
}

/* The old one goes before the new one comes, and what is in the way of a change before it. */
static void order_sides(const struct plan *plan, struct graph *graph)
{
    for (size_t i = 0; i < plan->old.facts->count; i++) {
        if (plan->old.op[i] != SIZE_MAX && plan->partner[i] != SIZE_MAX)
            graph_need(graph, plan->new.op[plan->partner[i]], plan->old.op[i]);
    }
    for (size_t i = 0; i < plan->along.count; i++) {
        size_t change = plan->new.op[plan->along.items[i].changed], partner = plan->partner[plan->along.items[i].old];
        size_t old = about(&plan->old, plan->along.items[i].old);
        if (old != SIZE_MAX && change != SIZE_MAX)
            graph_need(graph, change, plan->old.op[old]);
        if (partner != SIZE_MAX)
            graph_need(graph, plan->new.op[partner], change);
    }
}

/* What goes with one thing although the other that it stands on goes earlier (foreign keys in a circle) has to go by itself. */
static bool find_circles(struct plan *plan, const size_t *place)
{
    const struct plan_side *side = &plan->old;
    bool found = false;

    for (size_t i = 0; i < side->standing.edges; i++) {
        size_t fact = side->standing.items[i].by, by = about(side, fact), needed = about(side, side->standing.items[i].needed);
        if (by == SIZE_MAX || needed == SIZE_MAX || by == needed || by == fact || side->op[by] == SIZE_MAX || side->op[needed] == SIZE_MAX)
            continue;
        if (plan->ops->items[side->op[by]].kind == OP_UNDO && plan->ops->items[side->op[needed]].kind == OP_UNDO &&
            place[side->op[by]] > place[side->op[needed]] && side->facts->items[fact].undo != NULL && !plan->explicit[fact] &&
            !fact_holds_rows(&side->facts->items[fact]))
            found = plan->explicit[fact] = true;
    }
    return found;
}

/* As far as what needs what goes; *again: some more have to go by themselves. */
static size_t *find_order(struct plan *plan, bool *again)
{
    struct graph graph = {.count = plan->ops->count};
    size_t *place = memory_new((plan->ops->count + 1) * sizeof *place), *order;

    if (plan->ops->count > 1)
        qsort(plan->ops->items, plan->ops->count, sizeof *plan->ops->items, by_preference);
    index_ops(plan);
    order_side(plan, &graph, &plan->old);
    order_side(plan, &graph, &plan->new);
    order_sides(plan, &graph);
    plan_order_inherited(plan, &graph);
    order = graph_order(&graph);
    if (order != NULL && place != NULL) {
        for (size_t i = 0; i < plan->ops->count; i++)
            place[order[i]] = i;
        *again = find_circles(plan, place);
    }
    plan->failed |= order == NULL || place == NULL;
    memory_free(place);
    graph_free(&graph);
    return order;
}

static void put_in_order(struct plan *plan, const size_t *order)
{
    struct op *sorted = memory_new((plan->ops->count + 1) * sizeof *sorted);

    if (sorted == NULL) {
        plan->failed = true;
        return;
    }
    for (size_t i = 0; i < plan->ops->count; i++)
        sorted[i] = plan->ops->items[order[i]];
    memory_free(plan->ops->items);
    plan->ops->items = sorted;
    plan->ops->capacity = plan->ops->count + 1;
}

void plan_operations(struct plan *plan)
{
    bool again = true;

    while (again && !plan->failed) {
        size_t *order;
        again = false;
        add_all(plan);
        order = find_order(plan, &again);
        if (again)
            take_back(plan);
        else if (!plan->failed)
            put_in_order(plan, order);
        memory_free(order);
    }
}
