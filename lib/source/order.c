/* SPDX-License-Identifier: MIT
 * The order of migrations: by number, then by name as a person sorts them; what one depends on goes before
 * it. Where nothing is said, the natural order stays. */
#include "source/build.h"

#include "util/nearest.h"
#include "util/memory.h"

#include <stdlib.h>

/* ---- natural order ---- */

static size_t digits_at(const char *text)
{
    size_t length = 0;

    while (text[length] >= '0' && text[length] <= '9')
        length++;
    return length;
}

size_t source_number_length(const char *id)
{
    return digits_at(id);
}

/* Numbers of any length, by value. */
static int compare_numbers(const char *a, size_t a_length, const char *b, size_t b_length)
{
    for (; a_length > 0 && *a == '0'; a++)
        a_length--;
    for (; b_length > 0 && *b == '0'; b++)
        b_length--;
    if (a_length != b_length)
        return a_length < b_length ? -1 : 1;
    return memcmp(a, b, a_length);
}

int source_compare_numbers(const char *a, const char *b)
{
    return compare_numbers(a, strlen(a), b, strlen(b));
}

bool same_number(const char *a, const char *b)
{
    return source_compare_numbers(a, b) == 0;
}

/* Byte by byte, but runs of digits as numbers: v9 before v10. */
static int compare_natural(const char *a, const char *b)
{
    while (*a && *b) {
        size_t a_digits = digits_at(a), b_digits = digits_at(b);

        if (a_digits > 0 && b_digits > 0) {
            int order = compare_numbers(a, a_digits, b, b_digits);

            if (order != 0)
                return order;
            a += a_digits;
            b += b_digits;
        } else if (*a != *b) {
            break;
        } else {
            a++;
            b++;
        }
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int source_compare_ids(const char *a_number, const char *a_id, const char *b_number, const char *b_id)
{
    int order;

    if (!a_number != !b_number)
        return a_number ? -1 : 1;
    order = compare_natural(a_id, b_id); /* a number is the front of its id */
    return order != 0 ? order : strcmp(a_id, b_id);
}

/* ---- what a word behind "-- Depends:" names ---- */

struct known {
    const char *id;
    size_t digits;
    size_t index; /* NEED_SATISFIED: for other engines alone */
};

struct index {
    struct known *by_id, *by_number;
    size_t count;
};

static int compare_known_ids(const void *left, const void *right)
{
    return strcmp(((const struct known *)left)->id, ((const struct known *)right)->id);
}

static int compare_known_numbers(const void *left, const void *right)
{
    const struct known *a = left, *b = right;

    if (!a->digits != !b->digits)
        return a->digits ? -1 : 1;
    return compare_numbers(a->id, a->digits, b->id, b->digits);
}

static int32_t make_index(const struct source_build *build, struct index *index, migrate_error **err)
{
    const struct source *source = build->source;
    size_t count = source->count + build->elsewhere.count;

    index->by_id = memory_new(count * sizeof *index->by_id);
    index->by_number = memory_new(count * sizeof *index->by_number);
    if (!index->by_id || !index->by_number)
        return error_nomem(err);
    index->count = count;
    for (size_t i = 0; i < count; i++) {
        bool here = i < source->count;
        const char *id = here ? source->items[i].id : build->elsewhere.items[i - source->count];

        index->by_id[i] = (struct known){id, digits_at(id), here ? i : NEED_SATISFIED};
    }
    if (count > 0) {
        memcpy(index->by_number, index->by_id, count * sizeof *index->by_id);
        qsort(index->by_id, count, sizeof *index->by_id, compare_known_ids);
        qsort(index->by_number, count, sizeof *index->by_number, compare_known_numbers);
    }
    return MIGRATE_OK;
}

/* The first of a sorted list that is not before the key. */
static size_t lower_bound(const struct known *list, size_t count, const struct known *key,
                          int (*compare)(const void *, const void *))
{
    size_t low = 0;

    while (count > 0) {
        size_t half = count / 2;

        if (compare(&list[low + half], key) < 0) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return low;
}

/* The exact id, else the number, else a prefix. several: it names more than one. */
static const struct known *look_up(const struct index *index, const char *word, bool *several)
{
    struct known key = {.id = word, .digits = digits_at(word)};
    size_t at = lower_bound(index->by_id, index->count, &key, compare_known_ids);
    size_t length = strlen(word), n;

    *several = false;
    if (at < index->count && text_equal(index->by_id[at].id, word))
        return &index->by_id[at];
    if (length > 0 && key.digits == length) {
        n = lower_bound(index->by_number, index->count, &key, compare_known_numbers);
        if (n < index->count && compare_known_numbers(&index->by_number[n], &key) == 0) {
            *several = n + 1 < index->count && compare_known_numbers(&index->by_number[n + 1], &key) == 0;
            return &index->by_number[n];
        }
    }
    if (at == index->count || !text_starts(index->by_id[at].id, word))
        return NULL;
    *several = at + 1 < index->count && text_starts(index->by_id[at + 1].id, word);
    return &index->by_id[at];
}

static int32_t refuse_word(const struct need *need, const struct index *index, bool several,
                           migrate_error **err)
{
    struct nearest nearest;
    int32_t code;

    if (several) {
        code = build_fail(&need->place, MIGRATE_ERROR_DEPENDENCY, err, "\"%s\" is the front of several ids",
                          need->word);
        error_hint(err, "write the whole id");
        return code;
    }
    code =
        build_fail(&need->place, MIGRATE_ERROR_DEPENDENCY, err, "no migration has the id \"%s\"", need->word);
    nearest_start(&nearest, need->word, strlen(need->word));
    for (size_t i = 0; i < index->count; i++)
        nearest_offer(&nearest, index->by_id[i].id);
    if (nearest.found)
        error_hint(err, "is \"%s\" meant?", nearest.found);
    else
        error_hint(err, "an id is a file's name without .sql, direction and engine");
    return code;
}

static int32_t resolve(struct source_build *build, const struct index *index, migrate_error **err)
{
    const struct source *source = build->source;

    for (size_t i = 0; i < build->needs.count; i++) {
        struct need *need = &build->needs.items[i];
        migrate_error *problem = NULL;
        bool several;
        const struct known *known = look_up(index, need->word, &several);
        int32_t code = MIGRATE_OK;

        if (!known || several) {
            code = refuse_word(need, index, several, &problem);
        } else if (need->migration < source->versioned && known->index >= source->versioned &&
                   known->index != NEED_SATISFIED) {
            code = build_fail(&need->place, MIGRATE_ERROR_DEPENDENCY, &problem,
                              "\"%s\" is a repeatable migration, which runs behind this one", known->id);
            error_hint(&problem, "depend on a versioned migration");
        }
        if (code != MIGRATE_OK) {
            error_id(&problem, source->items[need->migration].id);
            error_about(&problem, "depends");
            code = source_pass(build->options, code, &problem, err);
            if (code != MIGRATE_OK)
                return code;
            need->on = NEED_SATISFIED;
            continue;
        }
        need->on = known->index;
    }
    return MIGRATE_OK;
}

/* The ids that a migration depends on, in full. Those for other engines count as done and are left out. */
static int32_t fill_depends(struct source_build *build, migrate_error **err)
{
    struct source *source = build->source;

    for (size_t i = 0, end; i < build->needs.count; i = end) {
        struct migration *migration = &source->items[build->needs.items[i].migration];
        const char **list;

        for (end = i; end < build->needs.count; end++)
            if (build->needs.items[end].migration != build->needs.items[i].migration)
                break;
        list = arena_new(build->arena, (end - i) * sizeof *list);
        if (!list)
            return error_nomem(err);
        for (size_t k = i; k < end; k++)
            if (build->needs.items[k].on != NEED_SATISFIED)
                list[migration->depends_count++] = source->items[build->needs.items[k].on].id;
        migration->depends = list;
    }
    return MIGRATE_OK;
}

/* ---- running order ---- */

/* Indexes that are ready to run, the smallest at the front. */
struct heap {
    size_t *items;
    size_t count;
};

static void heap_push(struct heap *heap, size_t index)
{
    size_t at = heap->count++;

    for (; at > 0 && heap->items[(at - 1) / 2] > index; at = (at - 1) / 2)
        heap->items[at] = heap->items[(at - 1) / 2];
    heap->items[at] = index;
}

static size_t heap_pop(struct heap *heap)
{
    size_t first = heap->items[0], last = heap->items[--heap->count], at = 0;

    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && heap->items[child + 1] < heap->items[child])
            child++;
        if (heap->items[child] >= last)
            break;
        heap->items[at] = heap->items[child];
        at = child;
    }
    heap->items[at] = last;
    return first;
}

struct sorter {
    size_t *waiting; /* by migration: how many that it needs have no place yet */
    size_t *first;   /* by migration: its first need by others, in `next` + 1; 0: none */
    size_t *next;    /* by need: the next need of the same migration, + 1 */
    size_t *order;   /* the result */
    struct heap ready;
};

#define CIRCLE_SHOWN 20

/* One circle among those that are left; every one of them waits for another of them. */
static int32_t refuse_circle(struct source_build *build, const struct sorter *sorter, migrate_error **err)
{
    const struct source *source = build->source;
    size_t *towards = sorter->order, at = 0; /* the order is of no use any more */
    struct text circle = {0};
    migrate_error *problem = NULL;
    struct need *shown = NULL;
    int32_t code;

    for (size_t i = 0; i < build->needs.count; i++) {
        const struct need *need = &build->needs.items[i];

        if (need->on != NEED_SATISFIED && sorter->waiting[need->on] > 0)
            towards[need->migration] = i;
    }
    while (sorter->waiting[at] == 0)
        at++;
    for (size_t i = 0; i < source->count; i++) /* far enough to be inside a circle */
        at = build->needs.items[towards[at]].on;
    size_t start = at, length = 0;
    do {
        if (length++ < CIRCLE_SHOWN)
            text_format(&circle, "%s -> ", source->items[at].id);
        shown = &build->needs.items[towards[at]];
        at = shown->on;
    } while (at != start);
    text_format(&circle, "%s%s", length > CIRCLE_SHOWN ? "... -> " : "", source->items[start].id);
    code = circle.failed ? error_nomem(&problem)
                         : build_fail(&shown->place, MIGRATE_ERROR_DEPENDENCY, &problem,
                                      "migrations depend on each other in a circle: %s", circle.data);
    error_hint(&problem, "take one of the ids out of its \"-- Depends:\" line");
    error_id(&problem, source->items[shown->migration].id);
    error_about(&problem, "depends");
    text_free(&circle);
    shown->on = NEED_SATISFIED; /* where the reading goes on, it goes on without this one */
    return source_pass(build->options, code, &problem, err);
}

/* Again and again the first in natural order of those that wait for nothing. */
static size_t sort(const struct source_build *build, struct sorter *sorter)
{
    size_t count = build->source->count, placed = 0;

    memset(sorter->waiting, 0, count * sizeof *sorter->waiting);
    memset(sorter->first, 0, count * sizeof *sorter->first);
    sorter->ready.count = 0;
    for (size_t i = 0; i < build->needs.count; i++) {
        const struct need *need = &build->needs.items[i];

        if (need->on == NEED_SATISFIED)
            continue;
        sorter->waiting[need->migration]++;
        sorter->next[i] = sorter->first[need->on];
        sorter->first[need->on] = i + 1;
    }
    for (size_t i = 0; i < count; i++)
        if (sorter->waiting[i] == 0)
            heap_push(&sorter->ready, i);
    while (sorter->ready.count > 0) {
        size_t index = heap_pop(&sorter->ready);

        sorter->order[placed++] = index;
        for (size_t i = sorter->first[index]; i > 0; i = sorter->next[i - 1])
            if (--sorter->waiting[build->needs.items[i - 1].migration] == 0)
                heap_push(&sorter->ready, build->needs.items[i - 1].migration);
    }
    return placed;
}

static int32_t put_in_order(struct source_build *build, migrate_error **err)
{
    struct source *source = build->source;
    size_t count = source->count;
    size_t *space = memory_new((4 * count + build->needs.count) * sizeof *space);
    struct sorter sorter = {0};
    struct migration *items = NULL;
    int32_t code = MIGRATE_OK;

    if (!space)
        return error_nomem(err);
    sorter.waiting = space;
    sorter.first = space + count;
    sorter.order = space + 2 * count;
    sorter.ready.items = space + 3 * count;
    sorter.next = space + 4 * count;
    while (code == MIGRATE_OK && sort(build, &sorter) < count)
        code = refuse_circle(build, &sorter, err);
    if (code != MIGRATE_OK) {
        /* said */
    } else if (!(items = memory_new(count * sizeof *items))) {
        code = error_nomem(err);
    } else {
        for (size_t i = 0; i < count; i++)
            items[i] = source->items[sorter.order[i]];
        memory_free(source->items);
        source->items = items;
    }
    memory_free(space);
    return code;
}

/* ---- the schema's place ---- */

static int32_t place_schema(struct source_build *build, migrate_error **err)
{
    struct source *source = build->source;
    struct source_schema *schema = &source->schema;
    migrate_error *problem = NULL;
    struct nearest nearest;
    int32_t code;

    if (!schema->present || schema->up.unreadable)
        return MIGRATE_OK;
    for (size_t i = 0; i < source->versioned; i++) {
        if (text_equal(source->items[i].id, schema->stands_for)) {
            schema->count = i + 1;
            return MIGRATE_OK;
        }
    }
    code = build_fail(&build->stands_for, MIGRATE_ERROR_SOURCE, &problem,
                      "the schema stands for \"%s\", which is not a versioned migration's id",
                      schema->stands_for);
    nearest_start(&nearest, schema->stands_for, strlen(schema->stands_for));
    for (size_t i = 0; i < source->versioned; i++)
        nearest_offer(&nearest, source->items[i].id);
    if (nearest.found)
        error_hint(&problem, "is \"%s\" meant?", nearest.found);
    else
        error_hint(&problem, "name the last migration whose changes are in the schema, by its whole id");
    error_about(&problem, "schema-file");
    return source_pass(build->options, code, &problem, err);
}

int32_t build_order(struct source_build *build, migrate_error **err)
{
    struct index index = {0};
    int32_t code = MIGRATE_OK;

    if (build->needs.count > 0) {
        code = make_index(build, &index, err);
        if (code == MIGRATE_OK)
            code = resolve(build, &index, err);
        memory_free(index.by_id);
        memory_free(index.by_number);
        if (code == MIGRATE_OK)
            code = fill_depends(build, err);
        if (code == MIGRATE_OK)
            code = put_in_order(build, err);
    }
    if (code == MIGRATE_OK)
        code = place_schema(build, err);
    return code;
}
