/* SPDX-License-Identifier: MIT
 * An order in which facts can be made: what is needed first, and among what is ready the lowest rank. Things that need each other in a
 * circle (which no engine makes in one statement each) come in the order of their ranks. */
#include "schema/facts.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

struct edge {
    size_t needed, by;
};

struct keyed {
    const char *key;
    size_t fact;
};

struct work {
    struct keyed *keys;
    size_t key_count;
    struct edge *edges; /* sorted by `needed` */
    size_t edge_count;
    size_t *waits_for; /* of each fact: how many that are not placed yet; SIZE_MAX: placed */
    size_t *ready;     /* a heap: facts are sorted by rank, so an index is a priority */
    size_t ready_count;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

static int by_needed(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    return (x->needed > y->needed) - (x->needed < y->needed);
}

static size_t find(const struct work *work, const char *key)
{
    struct keyed wanted = {.key = key};
    const struct keyed *found;

    if (key == NULL || *key == '\0')
        return SIZE_MAX;
    found = bsearch(&wanted, work->keys, work->key_count, sizeof wanted, by_key);
    return found != NULL ? found->fact : SIZE_MAX;
}

static void need(struct work *work, size_t by, size_t needed)
{
    if (by == SIZE_MAX || needed == SIZE_MAX || by == needed)
        return;
    work->edges[work->edge_count++] = (struct edge){.needed = needed, .by = by};
    work->waits_for[by]++;
}

static void push(struct work *work, size_t fact)
{
    size_t at = work->ready_count++;

    for (; at > 0 && work->ready[(at - 1) / 2] > fact; at = (at - 1) / 2)
        work->ready[at] = work->ready[(at - 1) / 2];
    work->ready[at] = fact;
}

static size_t pop(struct work *work)
{
    size_t top = work->ready[0], last = work->ready[--work->ready_count], at = 0;

    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < work->ready_count && work->ready[child + 1] < work->ready[child])
            child++;
        if (child >= work->ready_count || work->ready[child] >= last)
            break;
        work->ready[at] = work->ready[child];
        at = child;
    }
    work->ready[at] = last;
    return top;
}

static void collect(struct work *work, const struct facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        if (*facts->items[i].key != '\0')
            work->keys[work->key_count++] = (struct keyed){.key = facts->items[i].key, .fact = i};
    qsort(work->keys, work->key_count, sizeof *work->keys, by_key);
    for (size_t i = 0; i < facts->count; i++)
        need(work, i, find(work, facts->items[i].inside));
    for (size_t i = 0; i < rows_count(facts->edges); i++)
        need(work, find(work, rows_text(facts->edges, i, 0)), find(work, rows_text(facts->edges, i, 1)));
    qsort(work->edges, work->edge_count, sizeof *work->edges, by_needed);
    for (size_t i = 0; i < facts->count; i++)
        if (work->waits_for[i] == 0)
            push(work, i);
}

static void placed(struct work *work, size_t fact)
{
    size_t low = 0, high = work->edge_count;

    work->waits_for[fact] = SIZE_MAX;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (work->edges[middle].needed < fact)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < work->edge_count && work->edges[low].needed == fact; low++) {
        size_t by = work->edges[low].by;
        if (work->waits_for[by] != SIZE_MAX && --work->waits_for[by] == 0)
            push(work, by);
    }
}

int32_t facts_order(const struct facts *facts, size_t **out, migrate_error **err)
{
    size_t edges = facts->count + rows_count(facts->edges), next = 0;
    struct work work = {.keys = memory_new((facts->count + 1) * sizeof *work.keys),
                        .edges = memory_new((edges + 1) * sizeof *work.edges),
                        .waits_for = memory_new((facts->count + 1) * sizeof *work.waits_for),
                        .ready = memory_new((facts->count + 1) * sizeof *work.ready)};
    size_t *order = memory_new((facts->count + 1) * sizeof *order);
    bool good = work.keys != NULL && work.edges != NULL && work.waits_for != NULL && work.ready != NULL &&
                order != NULL;

    if (good)
        collect(&work, facts);
    for (size_t i = 0; good && i < facts->count; i++) {
        while (work.ready_count == 0) { /* a circle */
            if (work.waits_for[next] != SIZE_MAX)
                push(&work, next);
            next++;
        }
        order[i] = pop(&work);
        placed(&work, order[i]);
    }
    memory_free(work.keys);
    memory_free(work.edges);
    memory_free(work.waits_for);
    memory_free(work.ready);
    if (!good) {
        memory_free(order);
        return error_nomem(err);
    }
    *out = order;
    return MIGRATE_OK;
}
