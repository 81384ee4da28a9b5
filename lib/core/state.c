/* SPDX-License-Identifier: MIT
 * The state digest, kept incrementally. */
#include "core/state.h"

#include "util/array.h"
#include "util/memory.h"

#include <string.h>

enum { STATE_STRIDE = 32, STATE_MUCH = 100000 };

const char *kind_name(enum migration_kind kind)
{
    return kind == MIGRATION_REPEATABLE ? "repeatable" : "versioned";
}

static int entry_order(const void *item, const void *key)
{
    const struct state_entry *a = item, *b = key;
    int by_kind = strcmp(a->kind, b->kind);
    return by_kind ? by_kind : strcmp(a->id, b->id);
}

/* Where the entry is or would stand. */
static size_t state_find(const struct state_set *set, const char *kind, const char *id, bool *found)
{
    const struct state_entry key = {.kind = kind, .id = id};
    return array_place(set->items, set->count, sizeof key, &key, entry_order, found);
}

/* Marks behind a changed entry no longer hold. */
static void state_forget(struct state_set *set, size_t from)
{
    size_t valid = from / STATE_STRIDE + 1;
    if (set->marks_count > valid)
        set->marks_count = valid;
    if (set->tail_count > from)
        set->tail_count = 0;
}

int32_t state_add(struct state_set *set, const char *kind, const char *id, const char *checksum, migrate_error **err)
{
    bool found;
    size_t at = state_find(set, kind, id, &found);
    if (!found) {
        if (!array_reserve(set))
            return error_nomem(err);
        memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof *set->items);
        set->count++;
    }
    set->items[at] = (struct state_entry){kind, id, checksum};
    state_forget(set, at);
    return MIGRATE_OK;
}

void state_remove(struct state_set *set, const char *kind, const char *id)
{
    bool found;
    size_t at = state_find(set, kind, id, &found);
    if (!found)
        return;
    set->count--;
    memmove(set->items + at, set->items + at + 1, (set->count - at) * sizeof *set->items);
    state_forget(set, at);
}

static void digest_entry(struct digest *digest, const struct state_entry *entry)
{
    digest_add(digest, entry->kind, strlen(entry->kind) + 1);
    digest_add(digest, entry->id, strlen(entry->id) + 1);
    digest_add(digest, entry->checksum, strlen(entry->checksum));
    digest_add(digest, "\n", 1);
}

/* From the beginning, by the faster one. */
static void state_hurry(struct state_set *set)
{
    set->fast = true;
    set->marks_count = set->tail_count = 0;
}

int32_t state_digest(struct state_set *set, char out[DIGEST_HEX], migrate_error **err)
{
    struct digest digest;
    size_t from = 0;
    if (set->digested >= STATE_MUCH && !set->fast)
        state_hurry(set);
    if (set->tail_count > 0) {
        from = set->tail_count;
        digest = set->tail;
    } else if (set->marks_count > 0) {
        from = (set->marks_count - 1) * STATE_STRIDE;
        digest = set->marks[set->marks_count - 1];
    } else {
        (set->fast ? digest_init_long : digest_init)(&digest);
    }
    set->digested += set->count - from;
    for (size_t i = from; i < set->count; i++) {
        if (i % STATE_STRIDE == 0 && i / STATE_STRIDE == set->marks_count) {
            if (!array_grow((void **)&set->marks, &set->marks_capacity, set->marks_count + 1, sizeof *set->marks))
                return error_nomem(err);
            set->marks[set->marks_count++] = digest;
        }
        digest_entry(&digest, &set->items[i]);
    }
    set->tail = digest;
    set->tail_count = set->count;
    digest_end_hex(&digest, out);
    return MIGRATE_OK;
}

void state_free(struct state_set *set)
{
    memory_free(set->items);
    memory_free(set->marks);
    memset(set, 0, sizeof *set);
}

int32_t state_of_source(const struct source *source, char out[DIGEST_HEX], migrate_error **err)
{
    struct state_set set = {0};
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < source->count && code == MIGRATE_OK; i++) {
        const struct migration *m = &source->items[i];
        code = source_checksum(m, err);
        if (code == MIGRATE_OK)
            code = state_add(&set, kind_name(m->kind), m->id, m->checksum, err);
    }
    if (code == MIGRATE_OK)
        code = state_digest(&set, out, err);
    state_free(&set);
    return code;
}
