/* SPDX-License-Identifier: MIT
 * What differs in its name alone from something that is wanted on the same thing (a constraint whose name begins with that of its table,
 * which has another one now) is given that name: making it anew would read all rows, and lock them out meanwhile. Where there are two of a
 * kind nobody chooses. */
#include "schema/keyed.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdio.h>
#include <string.h>

struct twin {
    const struct fact *from, *to;
    const struct fact *now; /* from, or what stands in for it while another has not left yet */
    bool done;
};

struct twins {
    struct plan *plan;
    struct twin *items;
    size_t count, capacity;
};

/* ---- who is one ---- */

/* Both are inside of things of one kind and name, of which none goes. */
static bool is_same_place(const struct plan *plan, const struct fact *from, const struct fact *to)
{
    size_t old = fact_keys_find(&plan->old.keys, from->inside), new = fact_keys_find(&plan->new.keys, to->inside);
    const struct fact *a, *b;

    if (old == SIZE_MAX || new == SIZE_MAX)
        return false;
    a = &plan->old.facts->items[old];
    b = &plan->new.facts->items[new];
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->ident, b->ident) == 0 &&
           (strcmp(a->kind, "table") == 0 || strcmp(a->value, b->value) == 0) && /* else it may be made anew */
           (!plan->wish->same_database || strcmp(a->key, b->key) == 0);
}

static bool is_alike(const struct plan *plan, const struct fact *from, const struct fact *to)
{
    return from != NULL && to != NULL && strcmp(from->kind, to->kind) == 0 && strcmp(from->ident, to->ident) != 0 &&
           plan->engine->fact_alike(from, to) && is_same_place(plan, from, to);
}

/* It gets the name that what it is inherited from gets. */
static bool is_inherited(const struct plan *plan, const struct fact *from)
{
    const struct graph *graph = &plan->old.along;
    size_t at = (size_t)(from - plan->old.facts->items), first = graph_first(graph, at);

    return first < graph->edges && graph->items[first].needed == at;
}

/* The only one; NULL: there is none, or there are more. */
static const struct fact *twin_of(const struct plan *plan, const struct differences *differences, const struct fact *fact, bool old)
{
    const struct fact *found = NULL;

    for (size_t i = 0; i < differences->count; i++) {
        const struct fact *other = old ? differences->items[i].to : differences->items[i].from;
        if (!(old ? is_alike(plan, fact, other) : is_alike(plan, other, fact)))
            continue;
        if (found != NULL)
            return NULL;
        found = other;
    }
    return found;
}

static void find_twins(struct twins *twins, const struct differences *differences)
{
    struct plan *plan = twins->plan;

    for (size_t i = 0; i < differences->count && !plan->failed; i++) {
        const struct fact *from = differences->items[i].from, *to;
        if (from == NULL || *from->name == '\0' || !plan->engine->fact_alike(from, from) || is_inherited(plan, from))
            continue;
        to = twin_of(plan, differences, from, true);
        if (to == NULL || twin_of(plan, differences, to, false) != from || plan_stubborn(plan, to) != NULL)
            continue;
        if (!array_reserve(twins))
            plan->failed = true;
        else
            twins->items[twins->count++] = (struct twin){.from = from, .to = to, .now = from};
    }
}

/* ---- names ---- */

static bool is_taken(const struct twins *twins, const struct twin *twin)
{
    for (size_t i = 0; i < twins->count; i++) {
        const struct twin *other = &twins->items[i];
        if (other != twin && !other->done && strcmp(other->now->kind, twin->to->kind) == 0 &&
            strcmp(other->now->ident, twin->to->ident) == 0)
            return true;
    }
    return false;
}

static bool rename_to(struct plan *plan, const struct twin *twin, const struct fact *to)
{
    struct fact_statements sql = {0};
    bool known = plan->engine->fact_rename(twin->now, to, &sql) && sql.count > 0;

    plan->failed |= sql.failed;
    if (!known || plan->failed || !array_reserve(plan->ops)) {
        plan->failed |= known;
        fact_statements_free(&sql);
        return false;
    }
    plan->ops->items[plan->ops->count++] = (struct op){.kind = OP_CHANGE, .fact = twin->to, .sql = sql};
    return true;
}

/* Two that change names with each other go by a third name. */
static void step_aside(struct plan *plan, struct twin *twin, size_t number)
{
    struct fact *other = arena_new(&plan->changes->arena, sizeof *other);
    struct text ident = {0};
    char name[64];

    snprintf(name, sizeof name, "libmigrate_renamed_%zu", number);
    text_format(&ident, "%.*s.%s", (int)ident_place(twin->from->ident), twin->from->ident, name);
    if (other != NULL && !ident.failed) {
        *other = *twin->from;
        other->name = arena_text(&plan->changes->arena, name);
        other->ident = arena_text(&plan->changes->arena, ident.data);
    }
    plan->failed |= plan->changes->arena.failed || ident.failed;
    text_free(&ident);
    if (!plan->failed && rename_to(plan, twin, other))
        twin->now = other;
    else
        twin->done = true;
}

/* Each when its name is free. What else has it is found out when it is tried. */
static void go_all(struct twins *twins)
{
    struct plan *plan = twins->plan;
    bool more = true;

    while (more && !plan->failed) {
        struct twin *waits = NULL;
        more = false;
        for (size_t i = 0; i < twins->count && !plan->failed; i++) {
            struct twin *twin = &twins->items[i];
            if (twin->done)
                continue;
            if (!is_taken(twins, twin)) {
                rename_to(plan, twin, twin->to);
                more = twin->done = true;
            } else if (twin->now == twin->from) {
                waits = twin;
            }
        }
        if (!more && waits != NULL && !plan->failed) {
            step_aside(plan, waits, (size_t)(waits - twins->items));
            more = true;
        }
    }
}

bool plan_alike(struct plan *plan, const struct differences *differences)
{
    struct twins twins = {.plan = plan};

    if (plan->engine->fact_alike == NULL || plan->engine->fact_rename == NULL || plan->wish->additive || plan->wish->apart)
        return false;
    find_twins(&twins, differences);
    go_all(&twins);
    memory_free(twins.items);
    return plan->ops->count > 0;
}
