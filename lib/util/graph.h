/* SPDX-License-Identifier: MIT
 * What needs what, put in order: what is needed comes first, and among what is ready the lowest number. Numbers that need each other in
 * a circle come lowest first. */
#ifndef UTIL_GRAPH_H
#define UTIL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

struct graph_edge {
    size_t needed, by;
};
struct graph {
    size_t count; /* numbers from 0 */
    struct graph_edge *items;
    size_t edges, capacity;
    bool failed; /* out of memory */
};

/* A struct with only `count` set is a graph without edges. SIZE_MAX for either is ignored. */
void graph_need(struct graph *graph, size_t by, size_t needed);
/* Who needs a number: items from the result on, while their `needed` is that number. graph_sort() comes before the first look. */
void graph_sort(struct graph *graph);
size_t graph_first(const struct graph *graph, size_t needed);
/* NULL: out of memory. Yours: memory_free(). */
size_t *graph_order(struct graph *graph);
void graph_free(struct graph *graph);

#endif
