/* SPDX-License-Identifier: MIT
 * How two schemas differ, fact by fact. Nothing is guessed: what has another name is another thing. */
#include "schema/facts.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct fact *const *x = a, *const *y = b;
    int order = strcmp((*x)->kind, (*y)->kind);

    if (order == 0)
        order = strcmp((*x)->ident, (*y)->ident);
    return order != 0 ? order : strcmp((*x)->value, (*y)->value);
}

/* Two things of one kind and name are told apart by what they say (CHECKs without a name). */
const struct fact **facts_by_name(const struct facts *facts)
{
    const struct fact **list = memory_new((facts->count + 1) * sizeof *list);

    for (size_t i = 0; list != NULL && i < facts->count; i++)
        list[i] = &facts->items[i];
    if (list != NULL)
        qsort(list, facts->count, sizeof *list, by_name);
    return list;
}

static bool add(struct differences *out, enum difference_kind kind, const struct fact *from, const struct fact *to)
{
    if (!array_reserve(out))
        return false;
    out->items[out->count++] = (struct difference){.kind = kind, .from = from, .to = to};
    return true;
}

static bool is_order(const struct fact *fact)
{
    return strcmp(fact->kind, "column position") == 0;
}

static bool add_pair(struct differences *out, const struct fact *from, const struct fact *to)
{
    if (strcmp(from->value, to->value) == 0)
        return true;
    if (is_order(from)) {
        out->column_order = true;
        return true;
    }
    return add(out, FACT_CHANGED, from, to);
}

static int by_rank(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    const struct fact *f = x->to != NULL ? x->to : x->from, *g = y->to != NULL ? y->to : y->from;
    int order = (f->rank > g->rank) - (f->rank < g->rank);

    return order != 0 ? order : by_name(&f, &g);
}

int32_t facts_compare(const struct facts *from, const struct facts *to, struct differences *out, migrate_error **err)
{
    const struct fact **a = facts_by_name(from), **b = facts_by_name(to);
    struct differences found = {0};
    size_t i = 0, j = 0;
    bool good = a != NULL && b != NULL;

    while (good && (i < from->count || j < to->count)) {
        int order = i == from->count ? 1 : j == to->count ? -1 : strcmp(a[i]->kind, b[j]->kind);
        if (order == 0)
            order = strcmp(a[i]->ident, b[j]->ident);
        if (order < 0) {
            good = is_order(a[i]) || add(&found, FACT_REMOVED, a[i], NULL);
            i++;
        } else if (order > 0) {
            good = is_order(b[j]) || add(&found, FACT_ADDED, NULL, b[j]);
            j++;
        } else {
            good = add_pair(&found, a[i++], b[j++]);
        }
    }
    memory_free(a);
    memory_free(b);
    if (!good) {
        differences_free(&found);
        return error_nomem(err);
    }
    if (found.count > 0)
        qsort(found.items, found.count, sizeof *found.items, by_rank);
    *out = found;
    return MIGRATE_OK;
}

void differences_free(struct differences *differences)
{
    memory_free(differences->items);
    *differences = (struct differences){0};
}

const struct fact *facts_find(const struct facts *facts, const char *kind, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].ident, ident) == 0 && strcmp(facts->items[i].kind, kind) == 0)
            return &facts->items[i];
    }
    return NULL;
}
