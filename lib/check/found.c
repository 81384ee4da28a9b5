/* SPDX-License-Identifier: MIT
 * Deeds by the names of what they are about. A name may come with its schema or without, so that the last part of it is looked up, and the
 * rest compared. */
#include "check/depends_judging.h"

#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL ? dot + 1 : name;
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    if (order == 0)
        order = (x->migration > y->migration) - (x->migration < y->migration);
    return order != 0 ? order : (x->deed > y->deed) - (x->deed < y->deed);
}

struct found *found_make(const struct depends *depends)
{
    struct found *found = memory_new(sizeof *found);
    size_t count = 0;

    for (size_t i = 0; i < depends->count; i++)
        count += depends->items[i].count;
    if (found != NULL)
        found->items = memory_new((count + 1) * sizeof *found->items);
    if (found == NULL || found->items == NULL) {
        found_free(found);
        return NULL;
    }
    found->depends = depends;
    for (size_t i = 0; i < depends->count; i++) {
        for (size_t k = 0; k < depends->items[i].count; k++) {
            const struct deed *deed = &depends->items[i].items[k];

            if (deed->does != DEED_NEEDS && !deed->idle)
                found->items[found->count++] = (struct entry){last_part(deed->thing.name), deed, i};
        }
    }
    if (found->count > 1)
        qsort(found->items, found->count, sizeof *found->items, by_key);
    return found;
}

void found_free(struct found *found)
{
    if (found == NULL)
        return;
    memory_free(found->items);
    memory_free(found);
}

/* "s.t" and "t", "t.c" and "c". */
static bool names_fit(const char *a, const char *b)
{
    size_t x = strlen(a), y = strlen(b);

    if (x < y)
        return names_fit(b, a);
    return strcmp(a + (x - y), b) == 0 && (x == y || a[x - y - 1] == '.');
}

bool things_same(const struct thing *a, const struct thing *b)
{
    return a->kind == b->kind && names_fit(a->name, b->name);
}

static size_t first_entry(const struct found *found, const char *key)
{
    size_t low = 0, high = found->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(found->items[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_theirs(const struct found *found, size_t migration)
{
    return found->depends->items[migration].branch == BRANCH_THEIRS;
}

/* A table that goes takes its columns along. */
static bool takes_along(const struct deed *deed, const struct thing *thing)
{
    const char *dot = strrchr(thing->name, '.');
    char table[256];

    if (deed->does != DEED_DROPS || deed->thing.kind != THING_TABLE || thing->kind != THING_COLUMN || dot == NULL ||
        (size_t)(dot - thing->name) >= sizeof table)
        return false;
    memcpy(table, thing->name, (size_t)(dot - thing->name));
    table[dot - thing->name] = '\0';
    return names_fit(deed->thing.name, table);
}

/* The last one before that which made it, or took it away. */
static const struct entry *last_before(const struct found *found, const struct thing *thing, size_t before)
{
    const char *key = last_part(thing->name);
    const struct entry *last = NULL;

    for (size_t i = first_entry(found, key); i < found->count && strcmp(found->items[i].key, key) == 0; i++) {
        const struct entry *entry = &found->items[i];

        if (entry->migration < before && !is_theirs(found, entry->migration) && entry->deed->does != DEED_CHANGES &&
            things_same(&entry->deed->thing, thing))
            last = entry;
    }
    return last;
}

/* The last one that took its table away. */
static const struct entry *table_gone(const struct found *found, const struct thing *thing, size_t before)
{
    const char *dot = thing->kind == THING_COLUMN ? strrchr(thing->name, '.') : NULL;
    struct thing table = {.kind = THING_TABLE, .word = "table"};
    const struct entry *last;
    char *name;

    if (dot == NULL)
        return NULL;
    name = memory_text_n(thing->name, (size_t)(dot - thing->name));
    if (name == NULL)
        return NULL;
    table.name = name;
    last = last_before(found, &table, before);
    if (last != NULL && !takes_along(last->deed, thing))
        last = NULL;
    memory_free(name);
    return last;
}

static bool is_behind(const struct entry *a, const struct entry *b)
{
    return b == NULL || a->migration > b->migration || (a->migration == b->migration && a->deed > b->deed);
}

size_t found_maker(const struct found *found, const struct thing *thing, size_t before)
{
    const struct entry *last = last_before(found, thing, before), *gone = table_gone(found, thing, before);

    if (last == NULL || last->deed->does != DEED_MAKES || (gone != NULL && is_behind(gone, last)))
        return SIZE_MAX;
    return last->migration;
}

size_t found_dropper(const struct found *found, const struct thing *thing, size_t before, const struct deed **deed)
{
    const struct entry *last = last_before(found, thing, before), *gone = table_gone(found, thing, before);

    if (last == NULL || last->deed->does != DEED_DROPS)
        last = gone != NULL && is_behind(gone, last) ? gone : NULL;
    if (last == NULL)
        return SIZE_MAX;
    if (deed != NULL)
        *deed = last->deed;
    return last->migration;
}

size_t found_later(const struct found *found, const struct thing *thing, size_t from)
{
    const char *key = last_part(thing->name);

    for (size_t i = first_entry(found, key); i < found->count && strcmp(found->items[i].key, key) == 0; i++) {
        const struct entry *entry = &found->items[i];

        if (entry->migration >= from && !is_theirs(found, entry->migration) && entry->deed->does == DEED_MAKES &&
            things_same(&entry->deed->thing, thing))
            return entry->migration;
    }
    return SIZE_MAX;
}
