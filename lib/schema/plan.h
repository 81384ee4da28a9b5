/* SPDX-License-Identifier: MIT
 * What planning.c finds out of a round (what happens to each fact), and operations.c makes a list of. */
#ifndef SCHEMA_PLAN_H
#define SCHEMA_PLAN_H

#include "schema/changes.h"
#include "util/graph.h"

/* What happens to a fact of either side. */
enum fate { FATE_STAYS, FATE_UNDONE, FATE_CHANGED, FATE_MADE, FATE_LEFT };

/* One of the two schemas, and what is known of its facts by their indexes. */
struct plan_side {
    const struct facts *facts;
    struct fact_keys keys;
    enum fate *fates;
    size_t *op;            /* of each: the operation about it; SIZE_MAX: none */
    struct graph insides;  /* who is inside of something: `by` is inside of `needed` */
    struct graph standing; /* who stands on something */
    struct graph along;    /* turned round, `needed` goes with `by`, and comes with it: what is inherited */
    struct graph gone;     /* the same, but it only goes with it */
    struct graph attributes; /* operations, counted on behind the facts: `by` is about something without a key that is inside of `needed` */
};

struct plan {
    const struct database_engine *engine;
    const struct changes_wish *wish;
    struct changes *changes;
    struct plan_side old, new;
    size_t *partner; /* of each old fact: the new one of its kind and ident; SIZE_MAX: there is none */
    struct fact_statements *sql, *otherwise; /* of each new fact that is changed in place: how, and how else; of one that is made: how, if
                                                not by its `make` */
    size_t *heir;    /* of each old fact: the new one whose statements take it away; SIZE_MAX: none */
    bool *explicit;  /* of each old fact: it is undone by itself, although it would go with something */
    struct {
        struct along { /* an old fact is out of the way while a new one is changed to */
            size_t changed, old;
        } *items;
        size_t count, capacity;
    } along;
    struct ops *ops;
    bool failed;
};

/* What the fact is inside of; SIZE_MAX: nothing. */
size_t plan_container(const struct plan_side *side, size_t fact);
void plan_leave(struct plan *plan, const struct fact *fact, const char *reason);
const char *plan_stubborn(const struct plan *plan, const struct fact *fact); /* why it was not changed in place; NULL: nobody tried */
/* What has another name alone gets the one that is wanted (alike.c). true: these are all operations of the round. */
bool plan_alike(struct plan *plan, const struct differences *differences);
/* The difference is one of an inherited column, and changing the column that it is inherited from brings it about (inherited.c). */
bool plan_inherits(const struct plan *plan, const struct difference *difference);
/* A column or constraint of a table would have to be one that is inherited, and its own no more; the same of any that it has. */
bool plan_is_to_be_inherited(const struct plan *plan, size_t old);
bool plan_own_is_inherited(const struct plan *plan, size_t table);
/* It was inherited, by a table that changes from whom it inherits, and is the table's own then. */
bool plan_comes_to_be(const struct plan *plan, const struct fact *added);
void plan_order_inherited(const struct plan *plan, struct graph *graph);
void plan_counters(struct plan *plan); /* when fates are known (counters.c) */
/* Fates become operations, in an order that should work (operations.c). */
void plan_operations(struct plan *plan);

#endif
