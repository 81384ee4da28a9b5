/* SPDX-License-Identifier: MIT
 * Order by need: Kahn's algorithm with a heap. */
#include "util/graph.h"

#include "util/array.h"
#include "util/memory.h"

#include <stdint.h>
#include <stdlib.h>

struct work {
    const struct graph *graph;
    size_t *waits_for; /* of each: how many that are not placed yet; SIZE_MAX: placed, or ready */
    size_t *ready;     /* a heap */
    size_t ready_count;
};

void graph_need(struct graph *graph, size_t by, size_t needed)
{
    if (by == SIZE_MAX || needed == SIZE_MAX || by == needed)
        return;
    if (!array_grow((void **)&graph->items, &graph->capacity, graph->edges + 1, sizeof *graph->items)) {
        graph->failed = true;
        return;
    }
    graph->items[graph->edges++] = (struct graph_edge){.needed = needed, .by = by};
}

static int by_needed(const void *a, const void *b)
{
    const struct graph_edge *x = a, *y = b;

    return (x->needed > y->needed) - (x->needed < y->needed);
}

static void push(struct work *work, size_t number)
{
    size_t at = work->ready_count++;

    work->waits_for[number] = SIZE_MAX;
    for (; at > 0 && work->ready[(at - 1) / 2] > number; at = (at - 1) / 2)
        work->ready[at] = work->ready[(at - 1) / 2];
    work->ready[at] = number;
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

void graph_sort(struct graph *graph)
{
    if (graph->edges > 1)
        qsort(graph->items, graph->edges, sizeof *graph->items, by_needed);
}

size_t graph_first(const struct graph *graph, size_t needed)
{
    size_t low = 0, high = graph->edges;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (graph->items[middle].needed < needed)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void placed(struct work *work, size_t number)
{
    const struct graph *graph = work->graph;

    for (size_t i = graph_first(graph, number); i < graph->edges && graph->items[i].needed == number; i++) {
        size_t by = graph->items[i].by;
        if (work->waits_for[by] != SIZE_MAX && --work->waits_for[by] == 0)
            push(work, by);
    }
}

static void place_all(struct work *work, size_t *order)
{
    size_t count = work->graph->count, next = 0;

    for (size_t i = 0; i < work->graph->edges; i++)
        work->waits_for[work->graph->items[i].by]++;
    for (size_t i = 0; i < count; i++) {
        if (work->waits_for[i] == 0)
            push(work, i);
    }
    for (size_t i = 0; i < count; i++) {
        while (work->ready_count == 0) { /* a circle */
            if (work->waits_for[next] != SIZE_MAX)
                push(work, next);
            next++;
        }
        order[i] = pop(work);
        placed(work, order[i]);
    }
}

size_t *graph_order(struct graph *graph)
{
    struct work work = {.graph = graph,
                        .waits_for = memory_new((graph->count + 1) * sizeof *work.waits_for),
                        .ready = memory_new((graph->count + 1) * sizeof *work.ready)};
    size_t *order = memory_new((graph->count + 1) * sizeof *order);
    bool good = !graph->failed && work.waits_for != NULL && work.ready != NULL && order != NULL;

    graph_sort(graph);
    if (good)
        place_all(&work, order);
    memory_free(work.waits_for);
    memory_free(work.ready);
    if (good)
        return order;
    memory_free(order);
    return NULL;
}

void graph_free(struct graph *graph)
{
    memory_free(graph->items);
    *graph = (struct graph){0};
}
