/* SPDX-License-Identifier: MIT
 * Another order of the pending migrations, where they do not apply in the given one: what needs another goes behind it, everything else
 * stays where it is, just as "-- Depends:" lines would have it. It is tried; what fails then may tell of one more need. */
#include "core/needs_inside.h"

#include "core/verify.h"
#include "util/array.h"
#include "util/graph.h"
#include "util/memory.h"

#include <string.h>

enum { TRIALS_MOST = 16 };

struct search {
    struct needs *needs;
    size_t *pending; /* numbers in depends, in the given order */
    size_t *place;   /* by number in depends: where in pending; SIZE_MAX: nowhere */
    bool *hopeless;  /* by number in depends: it did not run, for another reason */
    size_t count;
    bool all;        /* of the last trial: none was hopeless */
    struct {
        struct graph_edge *items; /* numbers in pending: what trials told */
        size_t count, capacity;
    } more;
};

/* It does not run because of what may be a matter of order. */
static bool is_worth_it(const struct depends *depends, const struct found *found, size_t at)
{
    const struct failing *failing = &depends->items[at].failing;
    return (failing->kind == FAILING_MISSING || failing->kind == FAILING_REFERS) && failing->thing.name &&
           found_later(found, &failing->thing, at + 1) != SIZE_MAX;
}

static bool list_pending(struct search *search, const struct found *found, bool *worth_it)
{
    const struct depends *depends = &search->needs->depends;
    search->hopeless = memory_new((depends->count + 1) * sizeof *search->hopeless);
    search->pending = memory_new((depends->count + 1) * sizeof *search->pending);
    search->place = memory_new((depends->count + 1) * sizeof *search->place);
    if (!search->pending || !search->place || !search->hopeless)
        return false;
    for (size_t i = 0; i < depends->count; i++) {
        const struct depend *depend = &depends->items[i];
        search->place[i] = SIZE_MAX;
        if (depend->applied || depend->repeatable || depend->branch == BRANCH_THEIRS)
            continue;
        search->hopeless[i] = depend->failing.kind != FAILING_NOT && !is_worth_it(depends, found, i);
        *worth_it |= depend->failing.kind != FAILING_NOT && !search->hopeless[i];
        search->place[i] = search->count;
        search->pending[search->count++] = i;
    }
    return true;
}

/* NULL: out of memory. */
static size_t *next_order(const struct search *search)
{
    struct graph graph = {.count = search->count};
    struct edges edges = {0};
    size_t *order = NULL;
    if (depends_edges(&search->needs->depends, &edges)) {
        for (size_t i = 0; i < edges.count; i++) {
            const struct edge *edge = &edges.items[i];
            if (edge->how == EDGE_DECLARED || !edge->deed || !edge->deed->late)
                graph_need(&graph, search->place[edge->by], search->place[edge->needed]);
        }
        for (size_t i = 0; i < search->more.count; i++)
            graph_need(&graph, search->more.items[i].by, search->more.items[i].needed);
        order = graph_order(&graph);
    }
    edges_free(&edges);
    graph_free(&graph);
    return order;
}

/* ---- trying it ---- */

/* What is missing where it failed: who makes it goes before it. false: nobody does, or it did already. */
static int32_t learn(struct search *search, const size_t *order, size_t failed, const migrate_error *problem, migrate_session *scratch,
                     bool *learnt, migrate_error **err)
{
    struct needs *needs = search->needs;
    size_t at = search->pending[order[failed]];
    struct failing kept = needs->depends.items[at].failing, now;
    struct facts facts = {0};
    int32_t code = session_facts(scratch, &facts, err);
    if (code == MIGRATE_OK)
        code = needs_failing(needs, at, problem, &facts, err);
    facts_free(&facts);
    now = needs->depends.items[at].failing;
    needs->depends.items[at].failing = kept;
    *learnt = false;
    if (code != MIGRATE_OK || (now.kind != FAILING_MISSING && now.kind != FAILING_REFERS) || !now.thing.name)
        return code;
    struct found *found = found_make(&needs->depends);
    if (!found)
        return error_nomem(err);
    for (size_t i = failed + 1; !*learnt && i < search->count; i++) {
        size_t maker = search->pending[order[i]];
        if (found_later(found, &now.thing, maker) != maker)
            continue;
        if (!array_reserve(&search->more)) {
            code = error_nomem(err);
            break;
        }
        search->more.items[search->more.count++] = (struct graph_edge){.by = search->place[at], .needed = search->place[maker]};
        *learnt = true;
    }
    found_free(found);
    return code;
}

/* *works: all of them apply, but for those that do not in any order. *learnt: why not is known, and another order may do. */
static int32_t try_order(struct search *search, const size_t *order, bool *works, bool *learnt, migrate_error **err)
{
    struct needs *needs = search->needs;
    migrate_session *scratch = NULL;
    migrate_error *problem = NULL;
    *works = *learnt = false;
    int32_t code = scratch_open(needs->session, &scratch, &problem);
    if (code == MIGRATE_OK && !needs->session->files)
        code = scratch_replay(scratch, needs->session, &problem);
    if (code != MIGRATE_OK) {
        bool fatal = walk_is_fatal(code) && code != MIGRATE_ERROR_SHADOW;
        error_move(fatal ? err : NULL, &problem);
        scratch_close(scratch);
        return fatal ? code : MIGRATE_OK;
    }
    size_t i = 0;
    search->all = true;
    for (; code == MIGRATE_OK && i < search->count; i++) {
        size_t at = search->pending[order[i]];
        code = scratch_apply(scratch, &needs->of.items[at], 1, &problem);
        if (code != MIGRATE_OK && search->hopeless[at] && !walk_is_fatal(code)) {
            error_clear(&problem);
            search->all = false;
            code = MIGRATE_OK;
        }
    }
    *works = code == MIGRATE_OK;
    if (code != MIGRATE_OK && walk_is_fatal(code))
        error_move(err, &problem);
    else if (code != MIGRATE_OK && problem)
        code = learn(search, order, i - 1, problem, scratch, learnt, err);
    error_clear(&problem);
    scratch_close(scratch);
    return code;
}

static bool is_given(const size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (order[i] != i)
            return false;
    }
    return true;
}

static int32_t search_order(struct search *search, size_t **out, migrate_error **err)
{
    size_t *before = NULL, *order = NULL;
    bool works = false, learnt = true;
    int32_t code = MIGRATE_OK;
    for (int trial = 0; code == MIGRATE_OK && !works && learnt && trial < TRIALS_MOST; trial++) {
        memory_free(before);
        before = order;
        order = next_order(search);
        if (!order)
            code = error_nomem(err);
        else if (is_given(order, search->count) || (before && memcmp(before, order, search->count * sizeof *order) == 0))
            break;
        else
            code = try_order(search, order, &works, &learnt, err);
    }
    memory_free(before);
    if (code == MIGRATE_OK && works) {
        for (size_t i = 0; i < search->count; i++)
            order[i] = search->pending[order[i]];
        *out = order;
        return code;
    }
    memory_free(order);
    return code;
}

/* Any that was observed tells that there are scratch databases to be had. */
static bool was_observed(const struct needs *needs)
{
    for (size_t i = 0; i < needs->depends.count; i++) {
        if (needs->depends.items[i].observed || needs->depends.items[i].failing.message)
            return true;
    }
    return false;
}

int32_t needs_find_order(struct needs *needs, size_t **order, size_t *count, bool *all, migrate_error **err)
{
    struct search search = {.needs = needs};
    struct found *found = found_make(&needs->depends);
    bool worth_it = false;
    int32_t code = found && list_pending(&search, found, &worth_it) ? MIGRATE_OK : error_nomem(err);
    *order = NULL;
    *count = 0;
    if (code == MIGRATE_OK && was_observed(needs) && worth_it) {
        code = search_order(&search, order, err);
        *count = *order ? search.count : 0;
    }
    *all = search.all;
    found_free(found);
    memory_free(search.pending);
    memory_free(search.place);
    memory_free(search.hopeless);
    memory_free(search.more.items);
    return code;
}
