/* SPDX-License-Identifier: MIT
 * What has another name: known by its key, or because somebody says so. Nothing is guessed. */
#include "schema/keyed.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is called `now`, and what it will be called behind all renames that are told. */
struct pair {
    const char *now, *then;
};

struct renaming {
    const struct facts *from, *to;
    const struct changes_wish *wish;
    struct ops *ops;
    struct changes *changes;
    struct pair *pairs;
    size_t count;
    bool failed;
};

static void leave(struct renaming *self, const struct fact *fact, const char *reason)
{
    self->failed |= !changes_leave(self->changes, fact, reason);
}

static struct op *add_op(struct renaming *self, const struct fact *fact)
{
    if (!array_reserve(self->ops)) {
        self->failed = true;
        return NULL;
    }
    self->ops->items[self->ops->count] = (struct op){.kind = OP_CHANGE, .fact = fact};
    return &self->ops->items[self->ops->count++];
}

static bool add_rename(struct renaming *self, const struct fact *from, const struct fact *to)
{
    struct fact_statements sql = {0};
    const struct database_engine *engine = self->from->engine;
    bool found = engine->fact_rename(from, to, &sql);
    struct op *op;

    if (found && engine->fact_move != NULL)
        engine->fact_move(from, to, &sql);
    found = found && sql.count > 0;
    op = found && !sql.failed ? add_op(self, to) : NULL;
    self->failed |= sql.failed;
    if (op != NULL)
        op->sql = sql;
    else
        fact_statements_free(&sql);
    return found;
}

/* ---- by the key, where that is the name but for its letters' case ---- */

static void by_key(struct renaming *self)
{
    struct fact_keys keys = {0};

    if (!fact_keys_make(self->to, &keys)) {
        self->failed = true;
        return;
    }
    for (size_t i = 0; i < self->from->count && !self->failed; i++) {
        const struct fact *from = &self->from->items[i], *to;
        size_t partner = fact_keys_find(&keys, from->key);
        if (partner == SIZE_MAX)
            continue;
        to = &self->to->items[partner];
        if (strcmp(from->kind, to->kind) == 0 && strcmp(from->ident, to->ident) != 0 && *from->name != '\0')
            add_rename(self, from, to);
    }
    fact_keys_free(&keys);
}

/* ---- because somebody says so ---- */

/* The rest of an ident behind a table's; NULL: it is not about that table. */
static const char *rest_behind(const char *ident, const char *table)
{
    size_t length = strlen(table);

    return strncmp(ident, table, length) == 0 && ident[length] == '.' ? ident + length : NULL;
}

static const char *joined(struct renaming *self, const char *table, const char *rest)
{
    struct text text = {0};
    const char *kept;

    text_add(&text, table);
    text_add(&text, rest);
    kept = text.failed ? NULL : arena_text(&self->changes->arena, text.data);
    self->failed |= kept == NULL;
    text_free(&text);
    return kept != NULL ? kept : "";
}

/* One more rename, behind those before it. */
static void follow(struct renaming *self, const struct fact_renamed *renamed)
{
    const char *now = renamed->from;
    bool known = false;

    for (size_t i = 0; i < self->count; i++) {
        struct pair *pair = &self->pairs[i];
        const char *rest = rest_behind(pair->then, renamed->from);
        if (rest != NULL) { /* a column of the table that is renamed */
            pair->then = joined(self, renamed->to, rest);
        } else if (strcmp(pair->then, renamed->from) == 0) {
            pair->then = renamed->to;
            known = true;
        } else if (strcmp(pair->then, renamed->to) == 0 || rest_behind(pair->then, renamed->to) != NULL) {
            pair->then = ""; /* what had this name has gone since */
        }
    }
    if (known)
        return;
    for (size_t i = self->count; i > 0; i--) { /* a column by the table's new name */
        const char *rest = rest_behind(now, self->pairs[i - 1].then);
        if (rest != NULL)
            now = joined(self, self->pairs[i - 1].now, rest);
    }
    for (size_t i = 0; i < self->count; i++) { /* what had the name first has another one: this one came since */
        if (strcmp(self->pairs[i].now, now) == 0)
            return;
    }
    self->pairs[self->count++] = (struct pair){.now = now, .then = renamed->to};
}

static bool same_ident(const struct facts *facts, const char *a, const char *b)
{
    return facts->engine->names_fold ? text_equal_nocase(a, b) : strcmp(a, b) == 0;
}

static const struct fact *find_named(const struct facts *facts, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        bool named = strcmp(fact->kind, "table") == 0 || strcmp(fact->kind, "column") == 0 || strcmp(fact->kind, "sequence") == 0;
        if (named && same_ident(facts, fact->ident, ident))
            return fact;
    }
    return NULL;
}

/* What a pair renames, and to what; NULL: there is nothing to do for it, as what it speaks of came or went in between. */
static const struct fact *source_of(const struct renaming *self, const struct pair *pair, const struct fact **to)
{
    const struct fact *from = find_named(self->from, pair->now);

    *to = find_named(self->to, pair->then);
    return from == NULL || *to == NULL || strcmp(from->kind, (*to)->kind) != 0 || same_ident(self->from, from->ident, (*to)->ident)
               ? NULL
               : from;
}

static bool moves_away(const struct renaming *self, const struct fact *fact)
{
    const struct fact *to;

    for (size_t i = 0; i < self->count; i++) {
        if (source_of(self, &self->pairs[i], &to) == fact)
            return true;
    }
    return false;
}

/* What has the name now that this one will have: a column in its table, anything else where it will be. */
static const struct fact *in_the_way(const struct renaming *self, const struct fact *from, const struct fact *to)
{
    for (size_t i = 0; i < self->from->count; i++) {
        const struct fact *fact = &self->from->items[i];
        if (fact == from || strcmp(fact->kind, from->kind) != 0)
            continue;
        if (strcmp(from->kind, "column") == 0 ? strcmp(fact->inside, from->inside) == 0 && same_ident(self->from, fact->name, to->name)
                                              : same_ident(self->from, fact->ident, to->ident))
            return fact;
    }
    return NULL;
}

/* The name in the schema of the ident, if that names one. */
static const char *beside(struct renaming *self, const char *ident, const char *name)
{
    struct text place = {0};
    const char *made;

    text_add_n(&place, ident, ident_place(ident));
    text_add(&place, place.length > 0 ? "." : "");
    made = joined(self, place.data != NULL ? place.data : "", name);
    self->failed |= place.failed;
    text_free(&place);
    return made;
}

/* The same thing by a name that it has for a while. number: of its own. */
static const struct fact *stand_in(struct renaming *self, const struct fact *fact, size_t number)
{
    struct fact *other = arena_new(&self->changes->arena, sizeof *other);
    const struct fact *table = NULL;
    char name[64];

    for (size_t i = 0; i < self->from->count && table == NULL; i++) {
        if (strcmp(fact->kind, "column") == 0 && strcmp(self->from->items[i].key, fact->inside) == 0)
            table = &self->from->items[i];
    }
    snprintf(name, sizeof name, "libmigrate_renamed_%zu", number);
    if (other != NULL) {
        *other = *fact;
        other->name = arena_text(&self->changes->arena, name);
        other->ident = table == NULL ? beside(self, fact->ident, name) : joined(self, joined(self, table->ident, "."), name);
    }
    self->failed |= self->changes->arena.failed;
    return self->failed ? fact : other;
}

/* It is another thing than the one that is to have the name: one that was made since. It goes later, by the other name, when what stands on
 * it has gone. */
static void clear_the_way(struct renaming *self, const struct fact *other, const struct fact *to, size_t number)
{
    if (!self->wish->same_database)
        leave(self, to, "there is something of that name already, so that nothing can be renamed to it");
    else if (!add_rename(self, other, stand_in(self, other, number)))
        leave(self, to, "what has the name now cannot be renamed");
}

/* ---- what counts for a column goes with it, lest it count from the beginning ---- */

static const struct fact *find_key(const struct facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->count && *key != '\0'; i++) {
        if (strcmp(facts->items[i].key, key) == 0)
            return &facts->items[i];
    }
    return NULL;
}

/* What a column of `from` will be in `to`; NULL: it goes. */
static const struct fact *column_then(struct renaming *self, const struct fact *column)
{
    const struct fact *table = find_key(self->from, column->inside), *then;
    const char *ident = column->ident;

    for (size_t i = 0; i < self->count && table != NULL; i++) {
        if (strcmp(self->pairs[i].now, table->ident) == 0)
            ident = joined(self, self->pairs[i].then, rest_behind(column->ident, table->ident));
    }
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp(self->pairs[i].now, column->ident) == 0)
            ident = self->pairs[i].then;
    }
    then = find_named(self->to, ident);
    return then != NULL && strcmp(then->kind, "column") == 0 ? then : NULL;
}

/* The only sequence of a column; NULL: there is none, or there are more. */
static const struct fact *counter_of(const struct facts *facts, const struct fact *column)
{
    const struct fact *found = NULL;

    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (strcmp(fact->kind, "sequence") != 0 || strcmp(fact->inside, column->key) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = fact;
    }
    return found;
}

/* Something else than a sequence has the name: then the rename would not work. */
static bool is_name_of_other(const struct facts *facts, const char *ident)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (*fact->name != '\0' && strcmp(fact->kind, "sequence") != 0 && strcmp(fact->ident, ident) == 0)
            return true;
    }
    return false;
}

static void add_counters(struct renaming *self)
{
    for (size_t i = 0; i < self->from->count && !self->failed; i++) {
        const struct fact *sequence = &self->from->items[i], *column, *to;
        if (strcmp(sequence->kind, "sequence") != 0 || (column = find_key(self->from, sequence->inside)) == NULL ||
            counter_of(self->from, column) != sequence)
            continue;
        column = column_then(self, column);
        to = column != NULL ? counter_of(self->to, column) : NULL;
        if (to != NULL && strcmp(to->ident, sequence->ident) != 0 && !is_name_of_other(self->from, to->ident))
            self->pairs[self->count++] = (struct pair){.now = sequence->ident, .then = to->ident};
    }
}

/* ---- */

enum stage { STAGE_CLEAR, STAGE_AWAY, STAGE_HOME };

/* Two that change names with each other go by a third name. */
static void go(struct renaming *self, size_t index, const char *kind, enum stage stage)
{
    const struct fact *to, *from = source_of(self, &self->pairs[index], &to), *other;
    bool moves;

    if (from == NULL || strcmp(from->kind, kind) != 0)
        return;
    other = in_the_way(self, from, to);
    moves = other != NULL && moves_away(self, other);
    if (stage == STAGE_CLEAR && other != NULL && !moves)
        clear_the_way(self, other, to, self->count + index);
    if (stage == STAGE_AWAY && !(moves ? add_rename(self, from, stand_in(self, from, index)) : add_rename(self, from, to)))
        leave(self, to, "it cannot be renamed");
    if (stage == STAGE_HOME && moves)
        add_rename(self, stand_in(self, from, index), to);
}

/* Columns before tables: their statements speak of the table by the name it has now. */
static void by_wish(struct renaming *self)
{
    static const char *const kinds[] = {"column", "table", "sequence"};

    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (enum stage stage = STAGE_CLEAR; stage <= STAGE_HOME; stage++) {
            for (size_t i = 0; i < self->count && !self->failed; i++)
                go(self, i, kinds[kind], stage);
        }
    }
}

/* ---- */

/* What is inside of something goes first: its statement speaks of that by the name it has now. */
static int inner_first(const void *a, const void *b)
{
    const struct op *x = a, *y = b;

    return (x->fact->rank < y->fact->rank) - (x->fact->rank > y->fact->rank);
}

/* What is generated can be generated again. */
bool fact_holds_rows(const struct fact *fact)
{
    static const char *const kinds[] = {"table", "column", "virtual table", "attribute"};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(fact->kind, kinds[i]) == 0)
            return !text_starts(fact->value, "GENERATED ");
    }
    return false;
}

bool changes_renames(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct ops *out,
                     struct changes *changes)
{
    struct renaming self = {.from = from, .to = to, .wish = wish, .ops = out, .changes = changes};

    if (from->engine->fact_rename == NULL)
        return true;
    self.pairs = memory_new((wish->renamed_count + from->count + 1) * sizeof *self.pairs);
    self.failed = self.pairs == NULL;
    if (!self.failed && from->engine->names_fold)
        by_key(&self);
    else if (!self.failed && wish->same_database)
        self.failed = !keyed_renames_add(from, to, wish, out, changes);
    if (out->count > 1 && from->engine->names_fold)
        qsort(out->items, out->count, sizeof *out->items, inner_first);
    for (size_t i = 0; i < wish->renamed_count && !self.failed; i++)
        follow(&self, &wish->renamed[i]);
    if (!wish->same_database)
        add_counters(&self);
    by_wish(&self);
    out->renames = out->count > 0 || changes->left.count > 0;
    memory_free(self.pairs);
    return !self.failed;
}
