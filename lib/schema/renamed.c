/* SPDX-License-Identifier: MIT
 * What somebody gave another name: known by its key, as long as both schemas were read from one database. A restored one gives its objects
 * other keys, perhaps those that others had. */
#include "schema/keyed.h"
#include "schema/told.h"
#include "util/memory.h"

#include <string.h>

/* What has its name still has its key, or one that nothing had before: then it was made anew. Anything else is another database. */
static bool same_database(const struct facts *from, const struct facts *to, const struct fact_keys *from_keys,
                          const struct fact_keys *to_keys)
{
    size_t same = 0, anew = 0;

    for (size_t i = 0, j = 0; i < from->count; i++) { /* sorted alike */
        const struct fact *a = &from->items[i], *b = NULL;
        int order = -1;
        for (; j < to->count && order < 0; j += order < 0) {
            b = &to->items[j];
            order = (b->rank > a->rank) - (b->rank < a->rank);
            order = order != 0 ? order : strcmp(b->kind, a->kind);
            order = order != 0 ? order : strcmp(b->ident, a->ident);
        }
        if (order != 0 || *a->key == '\0')
            continue;
        if (strcmp(a->key, b->key) == 0)
            same++;
        else if (fact_keys_find(to_keys, a->key) == SIZE_MAX && fact_keys_find(from_keys, b->key) == SIZE_MAX)
            anew++;
        else
            return false;
    }
    return same > anew;
}

/* Its place is another only because that has another name, or is somewhere else. */
static bool goes_along(const struct facts *from, const struct facts *to, const struct fact_keys *from_keys, const struct fact_keys *to_keys,
                       const struct fact *old, const struct fact *new)
{
    size_t old_place = ident_place(old->ident), new_place = ident_place(new->ident);
    size_t container = fact_keys_find(from_keys, old->inside), partner = fact_keys_find(to_keys, old->inside);

    if (old_place == new_place && strncmp(old->ident, new->ident, old_place) == 0)
        return true; /* the types that it takes */
    if (container != SIZE_MAX && partner != SIZE_MAX && strcmp(from->items[container].ident, to->items[partner].ident) != 0)
        return true;
    for (size_t i = 0; i < from->count; i++) {
        const struct fact *place = &from->items[i];
        if (strlen(place->ident) != old_place || strncmp(place->ident, old->ident, old_place) != 0)
            continue;
        partner = fact_keys_find(to_keys, place->key);
        if (partner != SIZE_MAX && strlen(to->items[partner].ident) == new_place &&
            strncmp(to->items[partner].ident, new->ident, new_place) == 0)
            return true;
    }
    return false;
}

static bool find_renamed(const struct facts *from, const struct facts *to, const struct fact_keys *from_keys,
                         const struct fact_keys *to_keys, struct renamed_facts *out)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct fact *old = &from->items[i], *new;
        size_t partner = fact_keys_find(to_keys, old->key);
        if (partner == SIZE_MAX || *old->name == '\0')
            continue;
        new = &to->items[partner];
        if (strcmp(old->kind, new->kind) != 0 || strcmp(old->ident, new->ident) == 0 ||
            (strcmp(old->name, new->name) == 0 && goes_along(from, to, from_keys, to_keys, old, new)))
            continue;
        if (!array_reserve(out))
            return false;
        out->items[out->count++] = (struct renamed_fact){old, new};
    }
    return true;
}

int32_t facts_renamed(const struct facts *from, const struct facts *to, struct renamed_facts *out, migrate_error **err)
{
    struct fact_keys from_keys = {0}, to_keys = {0};
    bool good = fact_keys_make(from, &from_keys) && fact_keys_make(to, &to_keys);

    if (good && same_database(from, to, &from_keys, &to_keys))
        good = find_renamed(from, to, &from_keys, &to_keys, out);
    fact_keys_free(&from_keys);
    fact_keys_free(&to_keys);
    if (!good) {
        memory_free(out->items);
        *out = (struct renamed_facts){0};
        return error_nomem(err);
    }
    return MIGRATE_OK;
}
