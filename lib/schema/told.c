/* SPDX-License-Identifier: MIT
 * Which differences are told by themselves. What is inside of something that came or went did so with it; a column's constraints and
 * indexes go with the column; and where a column has another type, what the database rewrote for that reason is no news of its own. */
#include "schema/told.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

struct told_side {
    const struct facts *facts;
    struct fact_keys keys;
    const struct fact **names; /* by kind and ident */
    size_t *differences;       /* of each fact; SIZE_MAX: it has none */
};

/* ---- the two sides ---- */

static int by_name(const void *a, const void *b)
{
    const struct fact *const *x = a, *const *y = b;
    int order = strcmp((*x)->ident, (*y)->ident);

    return order != 0 ? order : strcmp((*x)->kind, (*y)->kind);
}

static size_t find_named(const struct told_side *side, const char *kind, const char *ident)
{
    struct fact wanted = {.kind = kind, .ident = ident};
    const struct fact *key = &wanted, **found;

    found = bsearch(&key, side->names, side->facts->count, sizeof *side->names, by_name);
    return found != NULL ? (size_t)(*found - side->facts->items) : SIZE_MAX;
}

static struct told_side *side_new(const struct facts *facts)
{
    struct told_side *side = memory_new(sizeof *side);

    if (side == NULL)
        return NULL;
    side->facts = facts;
    side->names = memory_new((facts->count + 1) * sizeof *side->names);
    side->differences = memory_new((facts->count + 1) * sizeof *side->differences);
    if (side->names == NULL || side->differences == NULL || !fact_keys_make(facts, &side->keys)) {
        memory_free(side->names);
        memory_free(side->differences);
        memory_free(side);
        return NULL;
    }
    for (size_t i = 0; i < facts->count; i++) {
        side->names[i] = &facts->items[i];
        side->differences[i] = SIZE_MAX;
    }
    if (facts->count > 1)
        qsort((void *)side->names, facts->count, sizeof *side->names, by_name);
    return side;
}

static void side_free(struct told_side *side)
{
    if (side == NULL)
        return;
    fact_keys_free(&side->keys);
    memory_free(side->names);
    memory_free(side->differences);
    memory_free(side);
}

static void index_differences(struct tellings *t)
{
    for (size_t i = 0; i < t->differences->count; i++) {
        const struct difference *difference = &t->differences->items[i];
        t->host[i] = i;
        if (difference->from != NULL)
            t->from->differences[difference->from - t->from->facts->items] = i;
        if (difference->to != NULL)
            t->to->differences[difference->to - t->to->facts->items] = i;
    }
}

/* ---- who tells of it ---- */

static bool is_kind(const struct fact *fact, const char *kind)
{
    return strcmp(fact->kind, kind) == 0;
}

static const struct fact *fact_of(const struct difference *difference)
{
    return difference->to != NULL ? difference->to : difference->from;
}

static struct told_side *side_of(const struct tellings *t, const struct difference *difference)
{
    return difference->to != NULL ? t->to : t->from;
}

/* What it is inside of, at whatever depth, came or went too. */
static void go_with_container(struct tellings *t, size_t number)
{
    const struct difference *difference = &t->differences->items[number];
    const struct told_side *side = side_of(t, difference);
    size_t at = fact_keys_find(&side->keys, fact_of(difference)->inside);

    while (difference->kind != FACT_CHANGED && at != SIZE_MAX) {
        size_t other = side->differences[at];
        if (other != SIZE_MAX && t->differences->items[other].kind == difference->kind) {
            t->host[number] = other;
            return;
        }
        at = fact_keys_find(&side->keys, side->facts->items[at].inside);
    }
}

/* What is noted under a column's own name came or went with it. */
static void go_with_column(struct tellings *t, size_t number)
{
    const struct difference *difference = &t->differences->items[number];
    const struct told_side *side = side_of(t, difference);
    size_t at;

    if (difference->kind == FACT_CHANGED || t->host[number] != number || is_kind(fact_of(difference), "column"))
        return;
    at = find_named(side, "column", fact_of(difference)->ident);
    if (at != SIZE_MAX && side->differences[at] != SIZE_MAX && t->differences->items[side->differences[at]].kind == difference->kind)
        t->host[number] = side->differences[at];
}

/* An index of a partition is attached and detached with it. */
static void go_with_partition(struct tellings *t, size_t number)
{
    const struct difference *difference = &t->differences->items[number];
    const struct told_side *side = side_of(t, difference);
    size_t at;

    if (t->host[number] != number || difference->kind == FACT_CHANGED || !is_kind(fact_of(difference), "index partition"))
        return;
    at = fact_keys_find(&side->keys, fact_of(difference)->inside);
    at = at != SIZE_MAX ? fact_keys_find(&side->keys, side->facts->items[at].inside) : SIZE_MAX;
    at = at != SIZE_MAX ? find_named(side, "partition", side->facts->items[at].ident) : SIZE_MAX;
    if (at != SIZE_MAX && side->differences[at] != SIZE_MAX && t->differences->items[side->differences[at]].kind == difference->kind)
        t->host[number] = side->differences[at];
}

/* `by` needs `needed`, and both came or both went: a column's index, constraint or sequence; a primary key's NOT NULL. */
static void go_with_needed(struct tellings *t, const struct told_side *side, size_t by, size_t needed)
{
    const struct fact *fact = &side->facts->items[by], *column = &side->facts->items[needed];
    size_t number = side->differences[by], other = side->differences[needed], not_null;
    enum difference_kind kind;

    if (number == SIZE_MAX || !is_kind(column, "column"))
        return;
    kind = t->differences->items[number].kind;
    if (kind == FACT_CHANGED)
        return;
    if (is_kind(fact, "constraint") && strncmp(fact->value, "PRIMARY KEY", strlen("PRIMARY KEY")) == 0) {
        not_null = find_named(side, "column not null", column->ident);
        not_null = not_null != SIZE_MAX ? side->differences[not_null] : SIZE_MAX;
        if (not_null != SIZE_MAX && t->host[not_null] == not_null && t->differences->items[not_null].kind == kind)
            t->host[not_null] = number;
    }
    if (other == SIZE_MAX || t->host[number] != number || t->differences->items[other].kind != kind)
        return;
    if (is_kind(fact, "sequence") || (!fact->part && strcmp(fact->inside, column->inside) == 0))
        t->host[number] = other;
}

/* The difference in the type of a column that is there; SIZE_MAX: none. */
static size_t type_difference(const struct tellings *t, const struct told_side *side, const struct fact *column)
{
    size_t at = find_named(side, "column type", column->ident), other = at != SIZE_MAX ? side->differences[at] : SIZE_MAX;

    return other != SIZE_MAX && t->differences->items[other].kind == FACT_CHANGED ? other : SIZE_MAX;
}

/* The database itself has written casts into it. */
static void go_with_type(struct tellings *t, size_t by, const struct fact *column)
{
    const struct fact *fact = &t->to->facts->items[by];
    size_t number = t->to->differences[by], other;

    if (number == SIZE_MAX || t->host[number] != number || t->differences->items[number].kind != FACT_CHANGED)
        return;
    other = type_difference(t, t->to, column);
    if (other != SIZE_MAX && other != number && strcmp(fact->inside, column->inside) == 0)
        t->host[number] = other;
}

static void go_with_own_type(struct tellings *t, size_t number)
{
    const struct difference *difference = &t->differences->items[number];
    const struct fact *fact = fact_of(difference);
    size_t other;

    if (difference->kind != FACT_CHANGED || !(is_kind(fact, "column default") || is_kind(fact, "column")))
        return;
    other = type_difference(t, t->to, fact);
    if (other != SIZE_MAX)
        t->host[number] = other;
}

static void go_along_edges(struct tellings *t, const struct told_side *side)
{
    const struct migrate_rows *edges = side->facts->edges;

    for (size_t i = 0; i < rows_count(edges); i++) {
        size_t by = fact_keys_find(&side->keys, rows_text(edges, i, 0)), needed = fact_keys_find(&side->keys, rows_text(edges, i, 1));
        if (by == SIZE_MAX || needed == SIZE_MAX)
            continue;
        go_with_needed(t, side, by, needed);
        if (side == t->to && is_kind(&side->facts->items[needed], "column"))
            go_with_type(t, by, &side->facts->items[needed]);
    }
}

static void find_hosts(struct tellings *t)
{
    for (size_t i = 0; i < t->differences->count; i++) {
        go_with_container(t, i);
        go_with_column(t, i);
        go_with_partition(t, i);
        go_with_own_type(t, i);
    }
    go_along_edges(t, t->from);
    go_along_edges(t, t->to);
    for (size_t i = 0; i < t->differences->count; i++) { /* whoever is told of itself tells of all that hang on it */
        size_t at = i;
        for (size_t depth = 0; t->host[at] != at && depth < t->differences->count; depth++)
            at = t->host[at];
        t->host[i] = at;
    }
}

/* ---- telling ---- */

/* A table's columns, and what they are like, are understood. */
static bool worth_naming(const struct fact *fact)
{
    return !fact->part && strncmp(fact->kind, "column", strlen("column")) != 0;
}

static void tell(struct tellings *t, const struct renamed_facts *renamed)
{
    for (size_t i = 0; i < renamed->count; i++)
        t->items[t->count++].renamed = &renamed->items[i];
    for (size_t i = 0; i < t->differences->count; i++) {
        if (t->host[i] != i)
            continue;
        t->place[i] = t->count;
        t->items[t->count++].difference = &t->differences->items[i];
    }
    for (size_t i = 0; i < t->differences->count; i++) {
        const struct fact *fact = fact_of(&t->differences->items[i]);
        struct text *with;
        if (t->host[i] == i)
            continue;
        t->place[i] = t->place[t->host[i]];
        with = &t->items[t->place[i]].with;
        if (worth_naming(fact))
            text_format(with, "%s%s %s", with->length > 0 ? ", " : "", fact->kind, fact->ident);
    }
}

static bool any_failed(const struct tellings *t)
{
    bool failed = false;

    for (size_t i = 0; i < t->count; i++)
        failed = failed || t->items[i].with.failed || t->items[i].back.failed || t->items[i].on.failed || t->items[i].note.failed;
    return failed;
}

int32_t differences_tell(const struct facts *from, const struct facts *to, const struct differences *differences, struct tellings *out,
                         migrate_error **err)
{
    return differences_tell_renamed(from, to, differences, &(struct renamed_facts){0}, from, out, err);
}

int32_t differences_tell_renamed(const struct facts *from, const struct facts *to, const struct differences *differences,
                                 const struct renamed_facts *renamed, const struct facts *before, struct tellings *out,
                                 migrate_error **err)
{
    struct tellings t = {.differences = differences, .from = side_new(from), .to = side_new(to), .before = before};

    t.host = memory_new((differences->count + 1) * sizeof *t.host);
    t.place = memory_new((differences->count + 1) * sizeof *t.place);
    t.items = memory_new((differences->count + renamed->count + 1) * sizeof *t.items);
    if (t.from == NULL || t.to == NULL || t.host == NULL || t.place == NULL || t.items == NULL) {
        tellings_free(&t);
        return error_nomem(err);
    }
    index_differences(&t);
    find_hosts(&t);
    tell(&t, renamed);
    if (any_failed(&t)) {
        tellings_free(&t);
        return error_nomem(err);
    }
    *out = t;
    return MIGRATE_OK;
}

void tellings_free(struct tellings *tellings)
{
    for (size_t i = 0; i < tellings->count; i++) {
        text_free(&tellings->items[i].with);
        text_free(&tellings->items[i].back);
        text_free(&tellings->items[i].on);
        text_free(&tellings->items[i].note);
    }
    memory_free(tellings->items);
    memory_free(tellings->host);
    memory_free(tellings->place);
    side_free(tellings->from);
    side_free(tellings->to);
    *tellings = (struct tellings){0};
}

/* ---- statements ---- */

/* The telling of a fact, or of what it is inside of; SIZE_MAX: none. */
static size_t place_on(const struct tellings *t, const struct told_side *side, const char *kind, const char *ident)
{
    size_t at = find_named(side, kind, ident);

    while (at != SIZE_MAX && side->differences[at] == SIZE_MAX)
        at = fact_keys_find(&side->keys, side->facts->items[at].inside);
    return at == SIZE_MAX ? SIZE_MAX : t->place[side->differences[at]];
}

/* It is one of what was renamed, by its former name or its new one. */
static size_t place_of_rename(const struct tellings *t, const char *kind, const char *ident)
{
    for (size_t i = 0; i < t->count && t->items[i].renamed != NULL; i++) {
        const struct renamed_fact *renamed = t->items[i].renamed;
        if (strcmp(renamed->new->kind, kind) == 0 && (strcmp(renamed->new->ident, ident) == 0 || strcmp(renamed->old->ident, ident) == 0))
            return i;
    }
    return SIZE_MAX;
}

/* Inside of what was renamed, things have former names, too. */
static size_t place_by_key(const struct tellings *t, const char *kind, const char *ident)
{
    const struct fact *former = t->count > 0 && t->items[0].renamed != NULL ? facts_find(t->before, kind, ident) : NULL;

    for (size_t i = 0; former != NULL && i < t->differences->count; i++) {
        const struct fact *fact = fact_of(&t->differences->items[i]);
        if (is_kind(fact, kind) && (*former->key != '\0' ? strcmp(fact->key, former->key) == 0 : strcmp(fact->inside, former->inside) == 0))
            return t->place[i];
    }
    return SIZE_MAX;
}

static size_t place_of(const struct tellings *t, const char *kind, const char *ident)
{
    size_t place = place_of_rename(t, kind, ident);

    if (place == SIZE_MAX)
        place = place_on(t, t->to, kind, ident);
    if (place == SIZE_MAX)
        place = place_on(t, t->from, kind, ident);
    return place != SIZE_MAX ? place : place_by_key(t, kind, ident);
}

/* What has to be made anew for the sake of something else goes with what comes next, and comes back with what it went with. */
static size_t place_of_guest(const struct tellings *t, const struct changes *changes, const size_t *places, size_t number)
{
    const struct change *change = &changes->run.items[number];
    size_t place = SIZE_MAX;

    for (size_t i = 0; i < number; i++) {
        if (strcmp(changes->run.items[i].kind, change->kind) == 0 && strcmp(changes->run.items[i].ident, change->ident) == 0)
            return places[i];
    }
    for (size_t i = number + 1; i < changes->run.count && place == SIZE_MAX; i++)
        place = place_of(t, changes->run.items[i].kind, changes->run.items[i].ident);
    return place != SIZE_MAX ? place : number > 0 ? places[number - 1] : 0;
}

static void take_statements(struct tellings *t, const struct changes *changes, size_t *places, bool back)
{
    for (size_t i = 0; i < changes->run.count; i++) {
        const struct change *change = &changes->run.items[i];
        struct telling *telling;
        places[i] = place_of(t, change->kind, change->ident);
        if (places[i] == SIZE_MAX)
            places[i] = place_of_guest(t, changes, places, i);
        telling = &t->items[places[i]];
        text_format(back ? &telling->back : &telling->on, "%s;\n", change->sql);
        if (change->loses)
            text_format(&telling->note, "%s%s loses the rows or values of %s %s", telling->note.length > 0 ? "; " : "",
                        back ? "restore" : "adopt", change->kind, change->ident);
    }
}

/* It is told with something else, whose statements take it along. */
static bool comes_along(const struct tellings *t, const struct left_out *left, const struct text *sql)
{
    size_t at = find_named(t->to, left->kind, left->ident), number = at != SIZE_MAX ? t->to->differences[at] : SIZE_MAX;

    if (number == SIZE_MAX) {
        at = find_named(t->from, left->kind, left->ident);
        number = at != SIZE_MAX ? t->from->differences[at] : SIZE_MAX;
    }
    return number != SIZE_MAX && t->host[number] != number && sql->length > 0;
}

static void take_left(struct tellings *t, const struct changes *changes, bool back)
{
    for (size_t i = 0; i < changes->left.count; i++) {
        const struct left_out *left = &changes->left.items[i];
        size_t place = place_of(t, left->kind, left->ident);
        struct telling *telling = place != SIZE_MAX ? &t->items[place] : NULL;
        struct text *note = telling != NULL ? &telling->note : NULL;
        if (note != NULL && !comes_along(t, left, back ? &telling->back : &telling->on))
            text_format(note, "%s%s: %s %s: %s", note->length > 0 ? "; " : "", back ? "restore" : "adopt", left->kind, left->ident,
                        left->reason);
    }
}

int32_t tellings_take(struct tellings *tellings, const struct changes *changes, bool back, migrate_error **err)
{
    size_t *places = memory_new((changes->run.count + 1) * sizeof *places);

    if (places == NULL)
        return error_nomem(err);
    if (tellings->count > 0) {
        take_statements(tellings, changes, places, back);
        take_left(tellings, changes, back);
    }
    memory_free(places);
    return any_failed(tellings) ? error_nomem(err) : MIGRATE_OK;
}
