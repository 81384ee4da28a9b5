/* SPDX-License-Identifier: MIT
 * An order in which facts can be made: what is needed first, and among what is ready the lowest rank. Things that need each other in a
 * circle (which no engine makes in one statement each) come in the order of their ranks. */
#include "schema/facts.h"
#include "util/graph.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
    const char *key;
    size_t fact;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct keyed *)a)->key, ((const struct keyed *)b)->key);
}

bool fact_keys_make(const struct facts *facts, struct fact_keys *out)
{
    out->count = 0;
    out->items = memory_new((facts->count + 1) * sizeof *out->items);
    if (out->items == NULL)
        return false;
    for (size_t i = 0; i < facts->count; i++) {
        if (*facts->items[i].key != '\0')
            out->items[out->count++] = (struct keyed){.key = facts->items[i].key, .fact = i};
    }
    qsort(out->items, out->count, sizeof *out->items, by_key);
    return true;
}

size_t fact_keys_find(const struct fact_keys *keys, const char *key)
{
    struct keyed wanted = {.key = key};
    const struct keyed *found;

    if (key == NULL || *key == '\0')
        return SIZE_MAX;
    found = bsearch(&wanted, keys->items, keys->count, sizeof wanted, by_key);
    return found != NULL ? found->fact : SIZE_MAX;
}

void fact_keys_free(struct fact_keys *keys)
{
    memory_free(keys->items);
    *keys = (struct fact_keys){0};
}

int32_t facts_order(const struct facts *facts, size_t **out, migrate_error **err)
{
    struct graph graph = {.count = facts->count};
    struct fact_keys keys;
    size_t *order = NULL;

    if (fact_keys_make(facts, &keys)) {
        for (size_t i = 0; i < facts->count; i++)
            graph_need(&graph, i, fact_keys_find(&keys, facts->items[i].inside));
        for (size_t i = 0; i < rows_count(facts->edges); i++)
            graph_need(&graph, fact_keys_find(&keys, rows_text(facts->edges, i, 0)),
                       fact_keys_find(&keys, rows_text(facts->edges, i, 1)));
        order = graph_order(&graph);
    }
    fact_keys_free(&keys);
    graph_free(&graph);
    if (order == NULL)
        return error_nomem(err);
    *out = order;
    return MIGRATE_OK;
}
