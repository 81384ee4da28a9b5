/* SPDX-License-Identifier: MIT
 * What has another name, or is somewhere else, by its key: true whatever else has changed. What has the name that something is to get goes
 * before it, or gets out of its way; and how facts speak of it all behind that. */
#include "schema/keyed.h"
#include "util/array.h"
#include "util/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct moved {
    const struct fact *from, *to;
    const struct fact *now; /* from, or what stands in for it while another has not left yet */
    const char *target;     /* the ident that it gets, as long as what it is inside of has its former name */
    size_t depth;           /* how many names its ident has */
    bool moves;
    bool done; /* nothing is left to do, or it goes along with what it is inside of */
};

struct keyed_renames {
    const struct facts *from, *to;
    const struct changes_wish *wish;
    struct ops *ops;
    struct changes *changes;
    struct fact_keys from_keys, to_keys;
    struct {
        struct moved *items;
        size_t count, capacity;
    } moved;
    bool *gone; /* of `from`: what goes, as it is in the way */
    bool any_gone, failed;
};

/* ---- idents ---- */

/* Where the last name of "s.t.c" or "s.f(int)" begins; *end: behind it, *depth: how many names there are. */
static size_t last_name(const char *ident, size_t *end, size_t *depth)
{
    size_t at = 0, begin = 0;

    *depth = 0;
    for (;;) {
        begin = at;
        ++*depth;
        if (ident[at] == '"') {
            for (at++; ident[at] != '\0' && (ident[at] != '"' || ident[at + 1] == '"'); at++)
                at += ident[at] == '"';
            at += ident[at] != '\0';
        } else {
            at += strcspn(ident + at, ".( ");
        }
        if (ident[at] != '.')
            break;
        at++;
    }
    *end = at;
    return begin;
}

size_t ident_place(const char *ident)
{
    size_t end, depth, begin = last_name(ident, &end, &depth);

    return begin == 0 ? 0 : begin - 1;
}

static bool same_place(const char *a, const char *b)
{
    size_t length = ident_place(a);

    return length == ident_place(b) && strncmp(a, b, length) == 0;
}

static bool same_name(const char *a, const char *b)
{
    size_t a_end, b_end, depth, a_begin = last_name(a, &a_end, &depth), b_begin = last_name(b, &b_end, &depth);

    return a_end - a_begin == b_end - b_begin && strncmp(a + a_begin, b + b_begin, a_end - a_begin) == 0;
}

/* The place of the one, the name of the other, and the arguments of the first. */
static const char *composed(struct keyed_renames *self, const char *place, const char *name, const char *rest)
{
    size_t end, depth, begin = last_name(name, &end, &depth), rest_end, length = ident_place(place);
    struct text text = {0};
    const char *kept;

    last_name(rest, &rest_end, &depth);
    text_add_n(&text, place, length);
    text_add(&text, length > 0 ? "." : "");
    text_add_n(&text, name + begin, end - begin);
    text_add(&text, rest + rest_end);
    kept = text.failed ? NULL : arena_text(&self->changes->arena, text.data);
    self->failed |= kept == NULL;
    text_free(&text);
    return kept != NULL ? kept : "";
}

/* ---- what is renamed or moves ---- */

/* Of a place, another name is the place's own matter. */
static bool place_is_renamed(const struct keyed_renames *self, const struct fact *from, const struct fact *to)
{
    size_t old = ident_place(from->ident), new = ident_place(to->ident);

    for (size_t i = 0; i < self->from->count; i++) {
        const struct fact *fact = &self->from->items[i];
        size_t partner;
        if (strlen(fact->ident) != old || strncmp(fact->ident, from->ident, old) != 0)
            continue;
        partner = fact_keys_find(&self->to_keys, fact->key);
        if (partner != SIZE_MAX && strlen(self->to->items[partner].ident) == new &&
            strncmp(self->to->items[partner].ident, to->ident, new) == 0)
            return true;
    }
    return false;
}

static bool can_move(const struct keyed_renames *self, const struct fact *from, const struct fact *to)
{
    struct fact_statements sql = {0};
    bool can = self->from->engine->fact_move != NULL && !same_place(from->ident, to->ident) &&
               self->from->engine->fact_move(from, to, &sql) && !place_is_renamed(self, from, to);

    fact_statements_free(&sql);
    return can;
}

static bool can_rename(const struct keyed_renames *self, const struct fact *from, const struct fact *to)
{
    struct fact_statements sql = {0};
    bool can = self->from->engine->fact_rename(from, to, &sql) && sql.count > 0;

    fact_statements_free(&sql);
    return can;
}

static void add_moved(struct keyed_renames *self, const struct fact *from, const struct fact *to)
{
    struct moved moved = {.from = from, .to = to, .now = from};
    size_t end;

    last_name(from->ident, &end, &moved.depth);
    moved.moves = can_move(self, from, to);
    moved.done = !moved.moves && !can_rename(self, from, to);
    if (moved.done && (moved.depth != 2 || *from->inside == '\0' || place_is_renamed(self, from, to)))
        return;
    moved.target = composed(self, moved.moves || moved.done ? to->ident : from->ident, to->ident, from->ident);
    if (!array_reserve(&self->moved))
        self->failed = true;
    else
        self->moved.items[self->moved.count++] = moved;
}

static void find_moved(struct keyed_renames *self)
{
    for (size_t i = 0; i < self->from->count && !self->failed; i++) {
        const struct fact *from = &self->from->items[i], *to;
        size_t partner = fact_keys_find(&self->to_keys, from->key);
        if (partner == SIZE_MAX)
            continue;
        to = &self->to->items[partner];
        if (strcmp(from->kind, to->kind) == 0 && strcmp(from->ident, to->ident) != 0 && *from->name != '\0')
            add_moved(self, from, to);
    }
}

/* ---- what is in the way ---- */

static bool leaves(const struct keyed_renames *self, const struct fact *fact)
{
    for (size_t i = 0; i < self->moved.count; i++) {
        if (self->moved.items[i].from == fact)
            return true;
    }
    return false;
}

/* They cannot have one name: attributes of something have the name of that. */
static bool collide(const struct fact *a, const struct fact *b)
{
    return a != b && *a->key != '\0' && *a->name != '\0' && *b->name != '\0' && a->make != NULL;
}

static bool is_gone(const struct keyed_renames *self, const char *key)
{
    size_t at = fact_keys_find(&self->from_keys, key);

    return at != SIZE_MAX && self->gone[at];
}

/* What is inside of it, and what stands on it, goes with it. */
static void spread(struct keyed_renames *self)
{
    bool more = true;

    while (more) {
        more = false;
        for (size_t i = 0; i < self->from->count; i++) {
            if (!self->gone[i] && is_gone(self, self->from->items[i].inside))
                more = self->gone[i] = true;
        }
        for (size_t i = 0; i < rows_count(self->from->edges); i++) {
            size_t by = fact_keys_find(&self->from_keys, rows_text(self->from->edges, i, 0));
            if (by != SIZE_MAX && !self->gone[by] && !fact_holds_rows(&self->from->items[by]) &&
                is_gone(self, rows_text(self->from->edges, i, 1)))
                more = self->gone[by] = true;
        }
    }
}

static void find_gone(struct keyed_renames *self)
{
    for (size_t i = 0; i < self->moved.count; i++) {
        for (size_t j = 0; j < self->from->count; j++) {
            const struct fact *fact = &self->from->items[j];
            if (strcmp(fact->ident, self->moved.items[i].target) == 0 && collide(fact, self->moved.items[i].from) && !leaves(self, fact))
                self->gone[j] = self->any_gone = true;
        }
    }
    if (self->any_gone)
        spread(self);
}

static bool open_renames(struct keyed_renames *self)
{
    self->gone = memory_new((self->from->count + 1) * sizeof *self->gone);
    self->failed = self->gone == NULL || !fact_keys_make(self->from, &self->from_keys) || !fact_keys_make(self->to, &self->to_keys);
    if (!self->failed)
        find_moved(self);
    if (!self->failed)
        find_gone(self);
    return !self->failed;
}

static void close_renames(struct keyed_renames *self)
{
    memory_free(self->gone);
    memory_free(self->moved.items);
    fact_keys_free(&self->from_keys);
    fact_keys_free(&self->to_keys);
}

/* ---- operations ---- */

static struct op *add_op(struct keyed_renames *self, enum op_kind kind, const struct fact *fact)
{
    if (!array_reserve(self->ops)) {
        self->failed = true;
        return NULL;
    }
    self->ops->items[self->ops->count] = (struct op){.kind = kind, .fact = fact};
    return &self->ops->items[self->ops->count++];
}

static void add_text(struct keyed_renames *self, enum op_kind kind, const struct fact *fact, const char *sql)
{
    struct op *op = add_op(self, kind, fact);

    if (op == NULL)
        return;
    fact_statements_add(&op->sql, "%s", sql);
    op->loses = kind == OP_UNDO && fact_holds_rows(fact);
    self->failed |= op->sql.failed;
}

/* What stands on something goes before it. */
static void undo_gone(struct keyed_renames *self)
{
    struct graph graph = {.count = self->from->count};
    size_t *order;

    for (size_t i = 0; i < rows_count(self->from->edges); i++) {
        size_t by = fact_keys_find(&self->from_keys, rows_text(self->from->edges, i, 0));
        size_t needed = fact_keys_find(&self->from_keys, rows_text(self->from->edges, i, 1));
        if (by == SIZE_MAX || !self->gone[by])
            continue;
        for (; needed != SIZE_MAX; needed = fact_keys_find(&self->from_keys, self->from->items[needed].inside))
            graph_need(&graph, needed, by);
    }
    order = graph_order(&graph);
    self->failed |= order == NULL;
    for (size_t i = 0; order != NULL && i < self->from->count; i++) {
        const struct fact *fact = &self->from->items[order[i]];
        if (self->gone[order[i]] && fact->undo != NULL && !is_gone(self, fact->inside))
            add_text(self, OP_UNDO, fact, fact->undo);
    }
    memory_free(order);
    graph_free(&graph);
}

/* Something moves to it, and it is not there. */
static bool is_missing_place(const struct keyed_renames *self, const struct fact *place)
{
    for (size_t i = 0; i < self->moved.count; i++) {
        const struct moved *moved = &self->moved.items[i];
        if (moved->moves && ident_place(moved->target) == strlen(place->ident) &&
            strncmp(moved->target, place->ident, strlen(place->ident)) == 0)
            return place->make != NULL && *place->name != '\0' && facts_find(self->from, place->kind, place->ident) == NULL &&
                   fact_keys_find(&self->from_keys, place->key) == SIZE_MAX;
    }
    return false;
}

static void make_places(struct keyed_renames *self)
{
    for (size_t i = 0; i < self->to->count; i++) {
        if (is_missing_place(self, &self->to->items[i]))
            add_text(self, OP_MAKE, &self->to->items[i], self->to->items[i].make);
    }
}

/* Something that has not left yet has the name. */
static bool is_taken(const struct keyed_renames *self, const struct moved *moved)
{
    for (size_t i = 0; i < self->moved.count; i++) {
        const struct moved *other = &self->moved.items[i];
        if (!other->done && other != moved && strcmp(other->now->ident, moved->target) == 0 && collide(other->from, moved->from))
            return true;
    }
    return false;
}

static void go(struct keyed_renames *self, struct moved *moved)
{
    const struct database_engine *engine = self->from->engine;
    struct fact_statements sql = {0};
    struct op *op = add_op(self, OP_CHANGE, moved->to);

    if (!same_name(moved->now->ident, moved->to->ident))
        engine->fact_rename(moved->now, moved->to, &sql);
    if (moved->moves)
        engine->fact_move(moved->from, moved->to, &sql);
    self->failed |= sql.failed;
    moved->done = true;
    if (op != NULL)
        op->sql = sql;
    else
        fact_statements_free(&sql);
}

/* Two that change names with each other go by a third name. */
static void step_aside(struct keyed_renames *self, struct moved *moved, size_t number)
{
    struct fact *other = arena_new(&self->changes->arena, sizeof *other);
    struct op *op = other != NULL ? add_op(self, OP_CHANGE, moved->to) : NULL;
    char name[64];

    if (op == NULL) {
        self->failed = true;
        return;
    }
    snprintf(name, sizeof name, "libmigrate_renamed_%zu", number);
    *other = *moved->from;
    other->name = arena_text(&self->changes->arena, name);
    other->ident = composed(self, moved->from->ident, name, moved->from->ident);
    self->from->engine->fact_rename(moved->from, other, &op->sql);
    self->failed |= op->sql.failed || other->name == NULL;
    moved->now = other;
}

/* Those at one depth, each when its name is free. Routines go before the types that their own idents speak of. */
static void go_all(struct keyed_renames *self, size_t depth, bool routines)
{
    bool more = true;

    while (more && !self->failed) {
        struct moved *waits = NULL;
        more = false;
        for (size_t i = 0; i < self->moved.count; i++) {
            struct moved *moved = &self->moved.items[i];
            if (moved->done || moved->depth != depth || (strchr(moved->from->ident, '(') != NULL) != routines)
                continue;
            if (!is_taken(self, moved)) {
                go(self, moved);
                more = true;
            } else if (moved->now == moved->from) {
                waits = moved;
            }
        }
        if (!more && waits != NULL) {
            step_aside(self, waits, (size_t)(waits - self->moved.items));
            more = true;
        }
    }
}

bool keyed_renames_add(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct ops *out,
                       struct changes *changes)
{
    enum { DEEPEST = 3 };
    struct keyed_renames self = {.from = from, .to = to, .wish = wish, .ops = out, .changes = changes};

    if (open_renames(&self)) {
        undo_gone(&self);
        make_places(&self);
        for (size_t depth = DEEPEST; depth > 0 && !self.failed; depth--) { /* statements speak of a place by the name it has before */
            go_all(&self, depth, true);
            go_all(&self, depth, false);
        }
    }
    close_renames(&self);
    return !self.failed;
}

/* ---- how facts speak behind that ---- */

static bool is_part(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || c == '"' || (unsigned char)c >= 128;
}

/* The length of the longest former name that stands here, and its new one in *new; 0: none does. inside: only names of what is inside of it,
 * and qualified ones; NULL: all. */
static size_t former_name(const struct keyed_renames *self, const char *text, const char *at, const char *inside, const char **new,
                          size_t *new_length)
{
    size_t best = 0;

    for (size_t i = 0; i < self->moved.count; i++) {
        const struct moved *moved = &self->moved.items[i];
        size_t old_end, new_end, depth, old_begin = last_name(moved->from->ident, &old_end, &depth);
        size_t new_begin = last_name(moved->to->ident, &new_end, &depth);
        for (int whole = 0; whole < 2; whole++) {
            size_t begin = whole ? 0 : old_begin, length = old_end - begin;
            if (length <= best || strncmp(at, moved->from->ident + begin, length) != 0 || is_part(at[length]) ||
                (at > text && (is_part(at[-1]) || (whole && at[-1] == '.'))) ||
                (!whole && inside != NULL && old_begin > 0 && strcmp(moved->from->inside, inside) != 0))
                continue;
            best = length;
            *new = moved->to->ident + (whole ? 0 : new_begin);
            *new_length = new_end - (whole ? 0 : new_begin);
        }
    }
    return best;
}

/* The text with new names for former ones. */
static const char *spoken(struct keyed_renames *self, const char *text, const char *inside)
{
    const char *new = NULL, *kept;
    struct text out = {0};
    size_t new_length = 0;

    for (const char *at = text; *at != '\0';) {
        size_t length = former_name(self, text, at, inside, &new, &new_length);
        text_add_n(&out, length > 0 ? new : at, length > 0 ? new_length : 1);
        at += length > 0 ? length : 1;
    }
    kept = out.failed ? NULL : arena_text(&self->changes->arena, out.data != NULL ? out.data : "");
    self->failed |= kept == NULL;
    text_free(&out);
    return kept != NULL ? kept : text;
}

/* It has the key of a fact of the other schema, or speaks of something that has. */
static void speak(struct keyed_renames *self, struct fact *fact)
{
    size_t partner = fact_keys_find(&self->to_keys, fact->key), container = fact_keys_find(&self->from_keys, fact->inside);
    const struct fact *to = partner != SIZE_MAX ? &self->to->items[partner] : NULL;

    if (to != NULL && strcmp(to->kind, fact->kind) == 0) {
        fact->ident = to->ident;
        fact->name = to->name;
        fact->undo = to->undo;
        if (strcmp(fact->value, to->value) != 0 && strcmp(spoken(self, fact->value, NULL), to->value) == 0)
            fact->value = to->value;
        return;
    }
    if (container == SIZE_MAX)
        return;
    fact->ident = spoken(self, fact->ident, fact->inside);
    to = facts_find(self->to, fact->kind, fact->ident);
    if (to != NULL && strcmp(fact->value, to->value) != 0 && strcmp(spoken(self, fact->value, NULL), to->value) == 0)
        fact->value = to->value;
    fact->undo = fact->undo != NULL ? spoken(self, fact->undo, self->from->items[container].inside) : NULL;
}

bool keyed_renames_behind(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct changes *changes,
                          struct facts *out)
{
    struct keyed_renames self = {.from = from, .to = to, .wish = wish, .changes = changes};

    *out = *from;
    out->count = 0;
    out->items = memory_new((from->count + to->count + 1) * sizeof *out->items);
    if (open_renames(&self) && out->items != NULL) {
        for (size_t i = 0; i < from->count && !self.failed; i++) {
            if (self.gone[i])
                continue;
            out->items[out->count] = from->items[i];
            if (self.moved.count > 0)
                speak(&self, &out->items[out->count]);
            out->count++;
        }
        for (size_t i = 0; i < to->count; i++) {
            if (self.moved.count > 0 && is_missing_place(&self, &to->items[i]))
                out->items[out->count++] = to->items[i];
        }
        facts_sort(out);
    } else {
        self.failed = true;
    }
    close_renames(&self);
    if (self.failed)
        memory_free(out->items);
    return !self.failed;
}
