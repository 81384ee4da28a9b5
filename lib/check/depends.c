/* SPDX-License-Identifier: MIT
 * Migrations and their deeds, and who needs whom by them. */
#include "check/depends.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

struct depend *depends_add(struct depends *depends)
{
    if (!array_reserve(depends))
        return NULL;
    depends->items[depends->count] = (struct depend){0};
    return &depends->items[depends->count++];
}

bool depends_deed(struct depends *depends, size_t migration, const struct deed *deed)
{
    struct depend *depend = &depends->items[migration];
    struct deed copy = *deed;

    copy.thing.name = arena_text(&depends->arena, deed->thing.name);
    copy.to = arena_text(&depends->arena, deed->to);
    copy.inside = arena_text(&depends->arena, deed->inside);
    if (depends->arena.failed || copy.thing.name == NULL || !array_reserve(depend))
        return false;
    depend->items[depend->count++] = copy;
    return true;
}

size_t depends_find(const struct depends *depends, const char *id)
{
    for (size_t i = 0; i < depends->count; i++)
        if (depends->items[i].branch != BRANCH_THEIRS && text_equal(depends->items[i].id, id))
            return i;
    return SIZE_MAX;
}

void depends_free(struct depends *depends)
{
    for (size_t i = 0; i < depends->count; i++)
        memory_free(depends->items[i].items);
    memory_free(depends->items);
    memory_free(depends->broken.items);
    arena_free(&depends->arena);
    *depends = (struct depends){0};
}

/* ---- edges ---- */

static bool add_edge(struct edges *edges, size_t by, size_t needed, enum edge_how how, const struct deed *deed)
{
    if (needed == SIZE_MAX || needed == by)
        return true;
    if (!array_reserve(edges))
        return false;
    edges->items[edges->count++] = (struct edge){by, needed, how, deed};
    return true;
}

/* What is defined as a whole depends on who defined it last. */
static bool is_whole(const struct thing *thing)
{
    return thing->kind == THING_FUNCTION || text_equal(thing->word, "view");
}

static bool add_deed(const struct found *found, size_t by, const struct deed *deed, struct edges *out)
{
    enum edge_how how = deed->guess ? EDGE_GUESSED : EDGE_FOUND;

    size_t maker = found_maker(found, &deed->thing, by);

    if (deed->does == DEED_MAKES && !is_whole(&deed->thing) && !deed->idle)
        return true;
    if (maker == SIZE_MAX && deed->guess && !deed->late && deed->thing.kind == THING_TABLE && deed->does != DEED_MAKES)
        maker = found_later(found, &deed->thing, by); /* in the wrong order; or it makes it itself */
    return add_edge(out, by, maker, how, deed);
}

static bool add_declared(const struct depends *depends, size_t by, struct edges *out)
{
    const struct depend *depend = &depends->items[by];
    bool good = true;

    for (size_t i = 0; good && i < depend->depends_count; i++)
        good = add_edge(out, by, depends_find(depends, depend->depends[i]), EDGE_DECLARED, NULL);
    return good;
}

/* What it did not find: made before by one that does not run either, or by a later one. */
static bool add_failing(const struct found *found, const struct depends *depends, size_t by, struct edges *out)
{
    const struct depend *depend = &depends->items[by];
    const struct failing *failing = &depend->failing;
    size_t maker;

    if ((failing->kind != FAILING_MISSING && failing->kind != FAILING_REFERS) || failing->thing.name == NULL)
        return true;
    maker = found_maker(found, &failing->thing, by);
    if (maker == SIZE_MAX)
        maker = found_later(found, &failing->thing, by + 1);
    return add_edge(out, by, maker, EDGE_FOUND, NULL);
}

static int by_numbers(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->by != y->by)
        return x->by < y->by ? -1 : 1;
    if (x->needed != y->needed)
        return x->needed < y->needed ? -1 : 1;
    return (x->how > y->how) - (x->how < y->how);
}

bool depends_edges(const struct depends *depends, struct edges *out)
{
    struct found *found = found_make(depends);
    bool good = found != NULL;
    size_t kept = 0;

    for (size_t i = 0; good && i < depends->count; i++) {
        const struct depend *depend = &depends->items[i];

        good = add_declared(depends, i, out) && add_failing(found, depends, i, out);
        for (size_t k = 0; good && k < depend->count && depend->branch != BRANCH_THEIRS; k++)
            good = add_deed(found, i, &depend->items[k], out);
    }
    found_free(found);
    if (!good) {
        edges_free(out);
        return false;
    }
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_numbers);
    for (size_t i = 0; i < out->count; i++) {
        const struct edge *edge = &out->items[i];

        if (kept > 0 && out->items[kept - 1].by == edge->by && out->items[kept - 1].needed == edge->needed) {
            const struct deed *first = out->items[kept - 1].deed;

            if (first == NULL || (first->late && edge->deed != NULL && !edge->deed->late)) /* declared, and found; or needed at once */
                out->items[kept - 1].deed = edge->deed;
            continue;
        }
        out->items[kept++] = *edge;
    }
    out->count = kept;
    return true;
}

void edges_free(struct edges *edges)
{
    memory_free(edges->items);
    *edges = (struct edges){0};
}

/* Marks what is reached from one by way of others. */
static void mark(const struct edges *edges, const size_t *first, size_t from, bool *seen, size_t *stack)
{
    size_t height = 0;

    stack[height++] = from;
    while (height > 0) {
        size_t at = stack[--height];

        for (size_t i = first[at]; i < edges->count && edges->items[i].by == at; i++) {
            if (!seen[edges->items[i].needed]) {
                seen[edges->items[i].needed] = true;
                stack[height++] = edges->items[i].needed;
            }
        }
    }
}

static void reduce_one(const struct edges *edges, const size_t *first, size_t count, size_t by, bool *seen, size_t *stack, bool *drop)
{
    memset(seen, 0, count * sizeof *seen);
    for (size_t i = first[by]; i < edges->count && edges->items[i].by == by; i++)
        mark(edges, first, edges->items[i].needed, seen, stack);
    for (size_t i = first[by]; i < edges->count && edges->items[i].by == by; i++)
        drop[i] = seen[edges->items[i].needed] && edges->items[i].how != EDGE_DECLARED;
}

bool edges_reduce(const struct depends *depends, struct edges *edges)
{
    size_t count = depends->count, kept = 0;
    bool *seen = memory_new((count + 1) * sizeof *seen), *drop = memory_new((edges->count + 1) * sizeof *drop);
    size_t *first = memory_new((count + 1) * sizeof *first), *stack = memory_new((count + 1) * sizeof *stack);
    bool good = seen != NULL && drop != NULL && first != NULL && stack != NULL;

    for (size_t i = 0, at = 0; good && i < count; i++) {
        while (at < edges->count && edges->items[at].by < i)
            at++;
        first[i] = at;
    }
    for (size_t i = 0; good && i < count; i++)
        reduce_one(edges, first, count, i, seen, stack, drop);
    for (size_t i = 0; good && i < edges->count; i++)
        if (!drop[i])
            edges->items[kept++] = edges->items[i];
    if (good)
        edges->count = kept;
    memory_free(seen);
    memory_free(drop);
    memory_free(first);
    memory_free(stack);
    return good;
}

/* ---- heads ---- */

/* A numbered one that declares nothing comes in its number's turn, behind all before it: it joins them, and is no line of its own. */
static bool joins(const struct depend *depend)
{
    return depend->numbered && depend->depends_count == 0;
}

bool depends_heads(const struct depends *depends, size_t **heads, size_t *count)
{
    bool *needed = memory_new((depends->count + 1) * sizeof *needed), any = false;
    size_t *list = memory_new((depends->count + 1) * sizeof *list);

    *heads = NULL;
    *count = 0;
    for (size_t i = 0; needed != NULL && i < depends->count; i++) {
        for (size_t k = 0; k < depends->items[i].depends_count; k++) {
            size_t at = depends_find(depends, depends->items[i].depends[k]);

            any = true;
            if (at != SIZE_MAX)
                needed[at] = true;
        }
    }
    for (size_t i = 0; needed != NULL && list != NULL && any && i < depends->count; i++) {
        const struct depend *depend = &depends->items[i];

        if (depend->repeatable || depend->branch == BRANCH_THEIRS)
            continue;
        if (joins(depend))
            *count = 0;
        else if (depend->depends_count > 0 && !needed[i])
            list[(*count)++] = i;
    }
    any = needed != NULL && list != NULL;
    memory_free(needed);
    if (!any || *count < 2) {
        memory_free(list);
        *count = 0;
        return any;
    }
    *heads = list;
    return true;
}

void depends_merge(const struct depends *depends, const size_t *heads, size_t count, struct text *out)
{
    text_add(out, "-- Depends: ");
    for (size_t i = 0; i < count; i++)
        text_format(out, "%s%s", i > 0 ? ", " : "", depends->items[heads[i]].id);
}
