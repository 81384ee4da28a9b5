/* SPDX-License-Identifier: MIT
 * One round of finding a way: differences become operations (undo, change, make), what stands on something that is made anew comes along,
 * and what needs what says the order. */
#include "schema/changes.h"
#include "util/graph.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* What happens to a fact of either side. */
enum fate { FATE_STAYS, FATE_UNDONE, FATE_CHANGED, FATE_MADE, FATE_LEFT };

struct plan {
    const struct facts *from, *to;
    const struct changes_wish *wish;
    struct changes *changes;
    enum fate *old, *new;         /* of facts of `from` and `to` */
    const struct fact **partner;  /* of `from`: the one of `to` with its kind and name; NULL: there is none */
    struct fact_keys old_keys, new_keys;
    struct graph insides, standing; /* of `from`: what is inside of something, and what stands on something */
    struct ops *ops;
    size_t *old_op, *new_op;      /* which operation undoes or changes it, changes or makes it; SIZE_MAX: none */
    bool attributes; /* some operation changes one */
    bool failed;
};

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

static void leave(struct plan *plan, const struct fact *fact, const char *reason)
{
    plan->failed |= !changes_leave(plan->changes, fact, reason);
}

static size_t old_index(const struct plan *plan, const struct fact *fact)
{
    return (size_t)(fact - plan->from->items);
}

static size_t new_index(const struct plan *plan, const struct fact *fact)
{
    return (size_t)(fact - plan->to->items);
}

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

static void add_statement(struct plan *plan, struct op *op, const char *sql)
{
    if (op == NULL)
        return;
    fact_statements_add(&op->sql, "%s", sql);
    plan->failed |= op->sql.failed;
}

/* ---- fates ---- */

/* It is not made anew for the sake of something else. */
static bool holds_rows(const struct fact *fact)
{
    return fact_holds_rows(fact);
}

/* What others depend on: an attribute's is what it belongs to. SIZE_MAX: nothing can. */
static size_t owner_of(const struct plan *plan, size_t old)
{
    const struct fact *fact = &plan->from->items[old];

    return *fact->key != '\0' ? old : fact_keys_find(&plan->old_keys, fact->inside);
}

static void make_anew(struct plan *plan, size_t old);

/* What is inside of something that goes is gone with it, and what stands on it has to go before. */
static void take_along(struct plan *plan, size_t old, bool insides)
{
    size_t owner = owner_of(plan, old);
    const struct graph *graph = &plan->insides;

    for (size_t i = graph_first(graph, owner); insides && i < graph->edges && graph->items[i].needed == owner; i++) {
        if (graph->items[i].by != old && plan->old[graph->items[i].by] != FATE_UNDONE)
            make_anew(plan, graph->items[i].by);
    }
    graph = &plan->standing;
    for (size_t i = graph_first(graph, owner); i < graph->edges && graph->items[i].needed == owner; i++) {
        size_t by = graph->items[i].by;
        if (by != old && plan->old[by] != FATE_UNDONE && !holds_rows(&plan->from->items[by])) /* those will be seen when it is tried */
            make_anew(plan, by);
    }
}

static void make_anew(struct plan *plan, size_t old)
{
    plan->old[old] = FATE_UNDONE;
    if (plan->partner[old] != NULL)
        plan->new[new_index(plan, plan->partner[old])] = FATE_MADE;
    if (*plan->from->items[old].key != '\0') /* nothing stands on an attribute alone */
        take_along(plan, old, true);
}

static void change(struct plan *plan, const struct difference *difference)
{
    const struct database_engine *engine = plan->from->engine;
    const struct fact *from = difference->from, *to = difference->to;
    size_t old = old_index(plan, from), new = new_index(plan, to);
    const char *reason = "it says something else";
    struct fact_statements sql = {0};
    enum fact_way way = FACT_ANEW;
    struct op *op;

    if (to->alter != NULL) {
        fact_statements_add(&sql, "%s", to->alter);
        way = FACT_IN_PLACE;
    } else if (engine->fact_change != NULL) {
        way = engine->fact_change(from, to, &sql, &reason);
    }
    plan->failed |= sql.failed;
    if (way == FACT_IN_PLACE || way == FACT_WHEN_ALONE) {
        op = add_op(plan, OP_CHANGE, to);
        if (op != NULL)
            op->sql = sql;
        plan->old[old] = plan->new[new] = FATE_CHANGED;
        plan->old_op[old] = plan->new_op[new] = plan->ops->count - 1;
        if (way == FACT_WHEN_ALONE)
            take_along(plan, old, false);
        return;
    }
    fact_statements_free(&sql);
    if (way == FACT_NO_WAY || (holds_rows(from) && from->undo != NULL)) {
        leave(plan, to, reason);
        plan->old[old] = plan->new[new] = FATE_LEFT;
        return;
    }
    make_anew(plan, old);
}

/* An attribute of something that is there is no addition: it would change what that does. But a bound on values may be added, and words. */
static bool changes_what_is_there(const struct plan *plan, const struct fact *to)
{
    size_t container = fact_keys_find(&plan->new_keys, to->inside);

    if (*to->key != '\0' || to->make == NULL || container == SIZE_MAX || strcmp(to->kind, "column not null") == 0 ||
        strcmp(to->kind, "comment") == 0 || strcmp(to->kind, "column") == 0)
        return false;
    return facts_find(plan->from, plan->to->items[container].kind, plan->to->items[container].ident) != NULL;
}

/* Only what is absent is made. What is inside of something else that is not wanted goes without saying. */
static void decide_additive(struct plan *plan, const struct difference *difference)
{
    size_t container;

    if (difference->kind == FACT_ADDED && changes_what_is_there(plan, difference->to))
        leave(plan, difference->to, "it would change what is there");
    else if (difference->kind == FACT_ADDED)
        plan->new[new_index(plan, difference->to)] = FATE_MADE;
    else if (difference->kind == FACT_CHANGED)
        leave(plan, difference->to, "it is there, and says something else");
    if (difference->kind != FACT_REMOVED)
        return;
    container = fact_keys_find(&plan->old_keys, difference->from->inside);
    if (container == SIZE_MAX || plan->partner[container] != NULL)
        leave(plan, difference->from, "it is there, and is not wanted");
}

static void decide(struct plan *plan, const struct difference *difference)
{
    switch (difference->kind) {
    case FACT_ADDED:
        plan->new[new_index(plan, difference->to)] = FATE_MADE;
        break;
    case FACT_REMOVED:
        if (plan->old[old_index(plan, difference->from)] == FATE_STAYS)
            make_anew(plan, old_index(plan, difference->from));
        break;
    case FACT_CHANGED:
        if (plan->old[old_index(plan, difference->from)] == FATE_STAYS)
            change(plan, difference);
        break;
    }
}

/* ---- statements ---- */

/* Something that it is inside of, at whatever depth, has that fate and a statement for it. */
static bool carried(const struct facts *facts, const struct fact_keys *keys, const enum fate *fates, enum fate fate,
                    const struct fact *fact)
{
    for (size_t at = fact_keys_find(keys, fact->inside); at != SIZE_MAX; at = fact_keys_find(keys, facts->items[at].inside)) {
        if (fates[at] == fate && (fate == FATE_UNDONE ? facts->items[at].undo : facts->items[at].make) != NULL)
            return true;
    }
    return false;
}

static void add_undo(struct plan *plan, size_t old)
{
    const struct fact *fact = &plan->from->items[old];

    if (carried(plan->from, &plan->old_keys, plan->old, FATE_UNDONE, fact))
        return;
    if (fact->undo == NULL) {
        if (plan->partner[old] == NULL)
            leave(plan, fact, "there is no statement that takes it away");
        return;
    }
    add_statement(plan, add_op(plan, OP_UNDO, fact), fact->undo);
    plan->old_op[old] = plan->ops->count - 1;
    if (!plan->failed)
        plan->ops->items[plan->ops->count - 1].loses = holds_rows(fact);
}

static void add_make(struct plan *plan, size_t new)
{
    const struct fact *fact = &plan->to->items[new];
    bool comes_along = carried(plan->to, &plan->new_keys, plan->new, FATE_MADE, fact);

    if (fact->make == NULL) {
        if (!comes_along)
            leave(plan, fact, plan->wish->additive && plan->from->engine->facts_reshape != NULL
                                  ? "it would take a rebuild of its table: generate a migration"
                                  : "there is no statement that makes it");
        return;
    }
    if (fact->part && comes_along)
        return;
    add_statement(plan, add_op(plan, OP_MAKE, fact), fact->make);
    plan->new_op[new] = plan->ops->count - 1;
}

/* ---- order ---- */

static size_t op_of(const struct facts *facts, const struct fact_keys *keys, const size_t *ops, const char *key)
{
    size_t at = fact_keys_find(keys, key);

    while (at != SIZE_MAX && ops[at] == SIZE_MAX) /* or what it comes and goes with */
        at = fact_keys_find(keys, facts->items[at].inside);
    return at == SIZE_MAX ? SIZE_MAX : ops[at];
}

/* What is undone goes after what stands on it; what is changed stands on it no longer. */
static void old_edge(struct plan *plan, struct graph *graph, size_t by, size_t needed)
{
    if (by == SIZE_MAX || needed == SIZE_MAX)
        return;
    if (plan->ops->items[needed].kind == OP_UNDO || plan->ops->items[by].kind == OP_UNDO)
        graph_need(graph, needed, by);
}

static void new_edge(struct plan *plan, struct graph *graph, size_t by, size_t needed)
{
    if (by == SIZE_MAX || needed == SIZE_MAX)
        return;
    if (plan->ops->items[needed].kind == OP_MAKE || plan->ops->items[by].kind == OP_MAKE)
        graph_need(graph, by, needed);
}

/* An attribute that is changed has no key of its own: what it belongs to needs what the attribute does. */
static void attribute_edges(struct plan *plan, struct graph *graph, const char *by, const char *needed, bool old)
{
    const struct facts *facts = old ? plan->from : plan->to;
    const struct fact_keys *keys = old ? &plan->old_keys : &plan->new_keys;
    const size_t *ops = old ? plan->old_op : plan->new_op;
    size_t target = op_of(facts, keys, ops, needed), owner = fact_keys_find(keys, by);
    const struct fact *first;

    if (target == SIZE_MAX || owner == SIZE_MAX || !plan->attributes)
        return;
    first = &facts->items[owner];
    for (size_t i = 0; i < plan->ops->count; i++) {
        const struct fact *fact = plan->ops->items[i].fact;
        if (*fact->key == '\0' && strcmp(fact->inside, first->key) == 0 && plan->ops->items[i].kind == OP_CHANGE)
            (old ? old_edge : new_edge)(plan, graph, i, target);
    }
}

static void add_edges(struct plan *plan, struct graph *graph, bool old)
{
    const struct facts *facts = old ? plan->from : plan->to;
    const struct fact_keys *keys = old ? &plan->old_keys : &plan->new_keys;
    const size_t *ops = old ? plan->old_op : plan->new_op;

    for (size_t i = 0; i < facts->count; i++) {
        if (ops[i] == SIZE_MAX)
            continue;
        (old ? old_edge : new_edge)(plan, graph, ops[i], op_of(facts, keys, ops, facts->items[i].inside));
    }
    for (size_t i = 0; i < rows_count(facts->edges); i++) {
        const char *by = rows_text(facts->edges, i, 0), *needed = rows_text(facts->edges, i, 1);
        (old ? old_edge : new_edge)(plan, graph, op_of(facts, keys, ops, by), op_of(facts, keys, ops, needed));
        attribute_edges(plan, graph, by, needed, old);
    }
}

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

    return p != q ? (p > q) - (p < q) : x->kind == OP_UNDO ? strcmp(y->fact->ident, x->fact->ident) : strcmp(x->fact->ident, y->fact->ident);
}

/* Sorting moved the operations: which is which is told by what they are about. */
static void index_ops(struct plan *plan)
{
    for (size_t i = 0; i < plan->from->count; i++)
        plan->old_op[i] = SIZE_MAX;
    for (size_t i = 0; i < plan->to->count; i++)
        plan->new_op[i] = SIZE_MAX;
    for (size_t i = 0; i < plan->ops->count; i++) {
        const struct op *op = &plan->ops->items[i];
        plan->attributes |= op->kind == OP_CHANGE && *op->fact->key == '\0';
        if (op->kind == OP_UNDO)
            plan->old_op[old_index(plan, op->fact)] = i;
        else
            plan->new_op[new_index(plan, op->fact)] = i;
    }
    for (size_t i = 0; i < plan->from->count; i++) {
        if (plan->old[i] == FATE_CHANGED && plan->partner[i] != NULL)
            plan->old_op[i] = plan->new_op[new_index(plan, plan->partner[i])];
    }
}

static void put_in_order(struct plan *plan)
{
    struct graph graph = {.count = plan->ops->count};
    struct op *sorted = memory_new((plan->ops->count + 1) * sizeof *sorted);
    size_t *order = NULL;

    if (plan->ops->count > 1)
        qsort(plan->ops->items, plan->ops->count, sizeof *plan->ops->items, by_preference);
    index_ops(plan);
    add_edges(plan, &graph, true);
    add_edges(plan, &graph, false);
    for (size_t i = 0; i < plan->from->count; i++) { /* the old one goes before the new one comes */
        if (plan->old_op[i] != SIZE_MAX && plan->partner[i] != NULL)
            graph_need(&graph, plan->new_op[new_index(plan, plan->partner[i])], plan->old_op[i]);
    }
    order = graph_order(&graph);
    if (order != NULL && sorted != NULL) {
        for (size_t i = 0; i < plan->ops->count; i++)
            sorted[i] = plan->ops->items[order[i]];
        memory_free(plan->ops->items);
        plan->ops->items = sorted;
        plan->ops->capacity = plan->ops->count + 1;
    } else {
        memory_free(sorted);
        plan->failed = true;
    }
    memory_free(order);
    graph_free(&graph);
}

/* ---- tables as a whole ---- */

/* The table that a fact is about, where the engine reshapes tables. */
static const struct fact *table_of(const struct facts *facts, const struct fact_keys *keys, const struct fact *fact)
{
    while (fact != NULL && strcmp(fact->kind, "table") != 0) {
        size_t at = fact_keys_find(keys, fact->inside);
        if (at == SIZE_MAX || (fact->make != NULL && !fact->part)) /* an index, a trigger: an object of its own */
            return NULL;
        fact = &facts->items[at];
    }
    return fact;
}

/* Some column of the table is not wanted. */
static bool loses_column(const struct plan *plan, const struct fact *table)
{
    for (size_t i = 0; i < plan->from->count; i++) {
        const struct fact *fact = &plan->from->items[i];
        if (plan->partner[i] == NULL && strcmp(fact->kind, "column") == 0 && strcmp(fact->inside, table->key) == 0)
            return true;
    }
    return false;
}

static void reshape(struct plan *plan, const struct fact *old, const struct fact *new)
{
    const struct database_engine *engine = plan->from->engine;
    const char *reason = "the table says something else";
    struct fact_statements sql = {0}, otherwise = {0};
    enum fact_way way = engine->facts_reshape(plan->from, plan->to, new->ident, false, &sql, &reason);
    struct op *op = way != FACT_NO_WAY ? add_op(plan, OP_CHANGE, new) : NULL;

    if (op != NULL && way == FACT_IN_PLACE)
        engine->facts_reshape(plan->from, plan->to, new->ident, true, &otherwise, &reason);
    plan->old[old_index(plan, old)] = plan->new[new_index(plan, new)] = op != NULL ? FATE_CHANGED : FATE_LEFT;
    plan->failed |= sql.failed || otherwise.failed;
    if (op == NULL) {
        fact_statements_free(&sql);
        leave(plan, new, reason);
        return;
    }
    op->sql = sql;
    op->otherwise = otherwise;
    op->loses = loses_column(plan, old);
}

/* A difference inside of a table that is in both is one of the table. true: it has been dealt with. */
static bool decide_table(struct plan *plan, const struct difference *difference)
{
    const struct facts *facts = difference->to != NULL ? plan->to : plan->from;
    const struct fact_keys *keys = difference->to != NULL ? &plan->new_keys : &plan->old_keys;
    const struct fact *table = table_of(facts, keys, difference->to != NULL ? difference->to : difference->from), *old, *new;

    if (table == NULL)
        return false;
    old = facts_find(plan->from, "table", table->ident);
    new = facts_find(plan->to, "table", table->ident);
    if (old == NULL || new == NULL)
        return false;
    if (plan->old[old_index(plan, old)] == FATE_STAYS)
        reshape(plan, old, new);
    return true;
}

/* ---- the round ---- */

static bool plan_open(struct plan *plan)
{
    size_t old = plan->from->count + 1, new = plan->to->count + 1;

    plan->old = memory_new(old * sizeof *plan->old);
    plan->new = memory_new(new * sizeof *plan->new);
    plan->partner = memory_new(old * sizeof *plan->partner);
    plan->old_op = memory_new(old * sizeof *plan->old_op);
    plan->new_op = memory_new(new * sizeof *plan->new_op);
    return fact_keys_make(plan->from, &plan->old_keys) && fact_keys_make(plan->to, &plan->new_keys) && plan->old != NULL &&
           plan->new != NULL && plan->partner != NULL && plan->old_op != NULL && plan->new_op != NULL;
}

/* Who would be touched if something went. */
static void find_dependents(struct plan *plan)
{
    for (size_t i = 0; i < plan->from->count; i++)
        graph_need(&plan->insides, i, fact_keys_find(&plan->old_keys, plan->from->items[i].inside));
    for (size_t i = 0; i < rows_count(plan->from->edges); i++)
        graph_need(&plan->standing, fact_keys_find(&plan->old_keys, rows_text(plan->from->edges, i, 0)),
                   fact_keys_find(&plan->old_keys, rows_text(plan->from->edges, i, 1)));
    graph_sort(&plan->insides);
    graph_sort(&plan->standing);
    plan->failed |= plan->insides.failed || plan->standing.failed;
}

static void plan_close(struct plan *plan)
{
    graph_free(&plan->insides);
    graph_free(&plan->standing);
    memory_free(plan->old);
    memory_free(plan->new);
    memory_free(plan->partner);
    memory_free(plan->old_op);
    memory_free(plan->new_op);
    fact_keys_free(&plan->old_keys);
    fact_keys_free(&plan->new_keys);
}

/* Facts are sorted alike in both. */
static void find_partners(struct plan *plan)
{
    size_t j = 0;

    for (size_t i = 0; i < plan->from->count; i++) {
        const struct fact *from = &plan->from->items[i], *to;
        for (; j < plan->to->count; j++) {
            to = &plan->to->items[j];
            int order = (to->rank > from->rank) - (to->rank < from->rank);
            order = order != 0 ? order : strcmp(to->kind, from->kind);
            order = order != 0 ? order : strcmp(to->ident, from->ident);
            if (order >= 0) {
                plan->partner[i] = order == 0 ? to : NULL;
                break;
            }
        }
    }
}

static void plan_differences(struct plan *plan, const struct differences *differences)
{
    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->items[i];
        if (plan->wish->additive)
            decide_additive(plan, difference);
        else if (plan->from->engine->facts_reshape == NULL || !decide_table(plan, difference))
            decide(plan, difference);
    }
    for (size_t i = 0; i < plan->from->count; i++) {
        if (plan->old[i] == FATE_UNDONE)
            add_undo(plan, i);
    }
    for (size_t i = 0; i < plan->to->count; i++) {
        if (plan->new[i] == FATE_MADE)
            add_make(plan, i);
    }
    put_in_order(plan);
}

int32_t changes_plan(const struct facts *from, const struct facts *to, const struct changes_wish *wish, bool first, struct ops *out,
                     struct changes *changes, migrate_error **err)
{
    struct plan plan = {.from = from, .to = to, .wish = wish, .changes = changes, .ops = out};
    struct differences differences = {0};
    int32_t rc = MIGRATE_OK;

    plan.failed = !plan_open(&plan);
    if (!plan.failed) {
        find_partners(&plan);
        find_dependents(&plan);
        if (first && !wish->additive)
            plan.failed |= !changes_renames(from, to, wish, out, changes);
    }
    if (!plan.failed && !out->renames && !wish->renames_alone) { /* renames come alone: behind them much of the rest is equal */
        rc = facts_compare(from, to, &differences, err);
        if (rc == MIGRATE_OK)
            plan_differences(&plan, &differences);
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
