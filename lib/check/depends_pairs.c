/* SPDX-License-Identifier: MIT
 * What a migration declares against what it needs, and two migrations that do something to one thing although neither needs the other. */
#include "check/depends_judging.h"

#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* ---- who stands on whom ---- */

static size_t first_edge(const struct edges *edges, size_t by)
{
    size_t low = 0, high = edges->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (edges->items[middle].by < by)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* One stands on the other, maybe by way of others. declared: only what files say counts. */
static bool stands_on(struct judging *judging, size_t by, size_t needed, bool declared)
{
    const struct edges *edges = &judging->edges;
    size_t count = judging->depends->count, height = 0;
    bool *seen = memory_new(count * sizeof *seen), found = false;
    size_t *stack = memory_new((count + 1) * sizeof *stack);

    if (seen == NULL || stack == NULL)
        judging->code = error_nomem(judging->err);
    else
        stack[height++] = by;
    while (height > 0 && !found) {
        size_t at = stack[--height];

        for (size_t i = first_edge(edges, at); i < edges->count && edges->items[i].by == at; i++) {
            size_t next = edges->items[i].needed;

            if (declared && edges->items[i].how != EDGE_DECLARED)
                continue;
            found |= next == needed;
            if (!seen[next]) {
                seen[next] = true;
                stack[height++] = next;
            }
        }
    }
    memory_free(seen);
    memory_free(stack);
    return found;
}

/* ---- what it declares ---- */

static bool uses_table(const struct depend *depend, const char *table)
{
    struct thing wanted = {.kind = THING_TABLE, .word = "table", .name = table};

    for (size_t i = 0; i < depend->count; i++) {
        const struct deed *deed = &depend->items[i];
        const char *dot = strrchr(deed->thing.name, '.');
        size_t length = strlen(table), before = dot != NULL ? (size_t)(dot - deed->thing.name) : 0;

        if (things_same(&deed->thing, &wanted))
            return true;
        if (deed->thing.kind == THING_COLUMN && before >= length && strncmp(dot - length, table, length) == 0 &&
            (before == length || dot[-(ptrdiff_t)length - 1] == '.'))
            return true;
    }
    return false;
}

static bool judge_table(struct judging *judging, size_t at, const char *table)
{
    const struct depend *depend = &judging->depends->items[at];
    struct thing thing = {.kind = THING_TABLE, .word = "table", .name = table};
    struct deed place = {.line = depend->tables_line, .column = depend->tables_line > 0, .guess = !depend->observed};
    size_t maker = found_maker(judging->found, &thing, at), later;

    if (maker == SIZE_MAX && !judging->partial) {
        later = found_later(judging->found, &thing, at + 1);
        return judging_tell(judging, "DP14", NULL, at, &place, later,
                            later != SIZE_MAX ? "say in a \"-- Depends:\" line behind which migration it has to run" : "mend the name, or take it out",
                            "%s declares to need the table %s, which %s%s", depend->id, table,
                            later != SIZE_MAX ? "is made only later, by " : "nothing makes", later != SIZE_MAX ? judging_id(judging, later) : "");
    }
    if (depend->failing.kind != FAILING_NOT || (depend->unread && !depend->observed) || uses_table(depend, table))
        return true;
    return judging_tell(judging, "DP06", NULL, at, &place, maker, "take it out of the line",
                        "%s declares to need the table %s, and does nothing with it", depend->id, table);
}

/* It joins lines that would else have two ends. */
static bool joins_lines(const struct judging *judging, size_t at, size_t needed)
{
    if (judging->depends->items[at].depends_count < 2)
        return false;
    for (size_t i = 0; i < judging->edges.count; i++) {
        const struct edge *edge = &judging->edges.items[i];

        if (edge->needed == needed && edge->by != at && edge->how == EDGE_DECLARED)
            return false;
    }
    return true;
}

/* What it declares, and what it needs beyond that. */
static bool judge_edge(struct judging *judging, size_t at, const struct edge *edge)
{
    const struct depend *depend = &judging->depends->items[at], *needed = &judging->depends->items[edge->needed];
    struct deed line = {.line = depend->depends_line, .column = depend->depends_line > 0, .guess = !depend->observed};
    const struct deed *deed = edge->deed;

    if (edge->how == EDGE_DECLARED) {
        if (deed != NULL || depend->failing.kind != FAILING_NOT || (depend->unread && !depend->observed) || needed->unread ||
            joins_lines(judging, at, edge->needed))
            return true;
        return judging_tell(judging, "DP06", NULL, at, &line, edge->needed, "take it out, unless the order matters for another reason",
                            "%s declares to need %s, and needs nothing that it makes", depend->id, needed->id);
    }
    if (deed == NULL || deed->late || depend->failing.kind != FAILING_NOT) /* that one's own finding says it */
        return true;
    text_clear(&judging->hint);
    text_format(&judging->hint, "write \"-- Depends: %s\" into the file", needed->id);
    if (depend->late && needed->place > depend->place)
        return judging_tell(judging, "DP07", "error", at, deed, edge->needed, judging->hint.data,
                            "%s needs the %s %s from %s: it works here because that is applied already, and on an empty database it would run "
                            "before that",
                            depend->id, deed->thing.word, deed->thing.name, needed->id);
    if (depend->numbered || needed->numbered || needed->applied || stands_on(judging, at, edge->needed, true))
        return judging->code == MIGRATE_OK;
    return judging_tell(judging, "DP07", NULL, at, deed, edge->needed, judging->hint.data,
                        "%s needs the %s %s from %s, and only their names say which of the two runs first", depend->id, deed->thing.word,
                        deed->thing.name, needed->id);
}

bool judge_declared(struct judging *judging, size_t at)
{
    const struct depend *depend = &judging->depends->items[at];

    for (size_t i = 0; i < depend->tables_count; i++)
        if (!judge_table(judging, at, depend->tables[i]))
            return false;
    for (size_t i = first_edge(&judging->edges, at); i < judging->edges.count && judging->edges.items[i].by == at; i++)
        if (!judge_edge(judging, at, &judging->edges.items[i]))
            return false;
    return true;
}

/* ---- two that do something to one thing ---- */

enum weight { WEIGHT_NONE, WEIGHT_INFO, WEIGHT_WARNING, WEIGHT_ERROR };

struct migration_pair {
    size_t a, b; /* a < b */
    enum weight weight;
    const struct deed *first, *second;
};
struct pairs {
    struct migration_pair *items;
    size_t count, capacity;
};

/* They are of two branches, or have no order of their own. */
static bool may_meet(const struct depend *a, const struct depend *b)
{
    if (a->applied || b->applied || a->repeatable || b->repeatable)
        return false;
    if (a->branch != b->branch)
        return a->branch != BRANCH_NONE && b->branch != BRANCH_NONE;
    return a->branch != BRANCH_THEIRS && (a->late || !a->numbered) && (b->late || !b->numbered);
}

static enum weight weigh(const struct depends *depends, const struct entry *x, const struct entry *y)
{
    const struct deed *a = x->deed, *b = y->deed;
    bool branches = depends->items[x->migration].branch != depends->items[y->migration].branch;
    bool plain = a->thing.kind == THING_TABLE && text_equal(a->thing.word, "table") && text_equal(b->thing.word, "table");

    if (a->does == DEED_MAKES && b->does == DEED_MAKES)
        return !branches ? WEIGHT_NONE : a->word != NULL || b->word != NULL ? WEIGHT_WARNING : WEIGHT_ERROR;
    if (a->does == DEED_DROPS || b->does == DEED_DROPS)
        return a->does == DEED_MAKES || b->does == DEED_MAKES ? WEIGHT_NONE : WEIGHT_WARNING;
    return plain && !a->rebuilt && !b->rebuilt ? WEIGHT_INFO : WEIGHT_WARNING;
}

static struct migration_pair *find_pair(struct pairs *pairs, size_t a, size_t b)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (pairs->items[i].a == a && pairs->items[i].b == b)
            return &pairs->items[i];
    if (!array_reserve(pairs))
        return NULL;
    pairs->items[pairs->count] = (struct migration_pair){.a = a, .b = b};
    return &pairs->items[pairs->count++];
}

/* false: out of memory. */
static bool meet(struct judging *judging, struct pairs *pairs, const struct entry *x, const struct entry *y)
{
    const struct depends *depends = judging->depends;
    enum weight weight;
    struct migration_pair *pair;

    if (x->migration == y->migration || !may_meet(&depends->items[x->migration], &depends->items[y->migration]) ||
        !things_same(&x->deed->thing, &y->deed->thing))
        return true;
    weight = weigh(depends, x, y);
    if (weight == WEIGHT_NONE)
        return true;
    if (x->migration > y->migration) {
        const struct entry *other = x;
        x = y;
        y = other;
    }
    pair = find_pair(pairs, x->migration, y->migration);
    if (pair != NULL && weight > pair->weight)
        *pair = (struct migration_pair){x->migration, y->migration, weight, x->deed, y->deed};
    return pair != NULL;
}

static const char *does_word(const struct deed *deed)
{
    return deed->does == DEED_MAKES ? "makes" : deed->does == DEED_DROPS ? "drops" : deed->rebuilt ? "rebuilds" : "changes";
}

/* Told of ours, if the other one is on the other branch; else of the later one. */
static bool tell_pair(struct judging *judging, const struct migration_pair *pair)
{
    static const char *const severities[] = {NULL, "info", "warning", "error"};
    const struct depends *depends = judging->depends;
    bool theirs = depends->items[pair->b].branch == BRANCH_THEIRS;
    size_t at = theirs ? pair->a : pair->b, other = theirs ? pair->b : pair->a;
    const struct deed *own = theirs ? pair->first : pair->second, *its = theirs ? pair->second : pair->first;

    if (stands_on(judging, pair->b, pair->a, false) || stands_on(judging, pair->a, pair->b, false) || judging->code != MIGRATE_OK)
        return judging->code == MIGRATE_OK;
    text_clear(&judging->hint);
    if (own->does == DEED_MAKES)
        text_add(&judging->hint, "make it in one of the two only");
    else
        text_format(&judging->hint, "look at both together; \"-- Depends: %s\" in this file says which of them comes first",
                    judging_id(judging, other));
    return judging_tell(judging, "DP08", severities[pair->weight], at, own, other, judging->hint.data, "%s %s the %s %s, which %s%s %s, too: neither needs the other",
                        judging_id(judging, at), does_word(own), own->thing.word, own->thing.name, judging_id(judging, other),
                        theirs ? " of the other branch" : "", does_word(its));
}

bool judge_pairs(struct judging *judging)
{
    const struct found *found = judging->found;
    struct pairs pairs = {0};
    bool good = true;

    for (size_t from = 0, to; good && from < found->count; from = to) {
        for (to = from; to < found->count && strcmp(found->items[to].key, found->items[from].key) == 0; to++)
            continue;
        for (size_t i = from; good && i < to; i++)
            for (size_t k = i + 1; good && k < to; k++)
                good = meet(judging, &pairs, &found->items[i], &found->items[k]);
    }
    if (!good)
        judging->code = error_nomem(judging->err);
    for (size_t i = 0; good && i < pairs.count; i++)
        good = tell_pair(judging, &pairs.items[i]);
    memory_free(pairs.items);
    return good;
}
