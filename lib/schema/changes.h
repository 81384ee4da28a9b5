/* SPDX-License-Identifier: MIT
 * The way from one schema to another, as statements in an order that works. Facts say what is to be undone, changed and made; what needs
 * what says the order; a database to try it on has the last word: there the statements are run, what fails is tried again behind the
 * others, and the facts are read again until they are those that were wanted. */
#ifndef SCHEMA_CHANGES_H
#define SCHEMA_CHANGES_H

#include "schema/facts.h"
#include "util/arena.h"

enum op_kind { OP_UNDO, OP_CHANGE, OP_MAKE };

struct change {
    enum op_kind does;
    const char *sql;          /* without semicolon */
    const char *kind, *ident; /* of the fact that it is about */
    bool loses;               /* rows go with it: a table or a column */
    bool keeps;               /* what it makes goes on where something that it takes away stands */
    const char *note;         /* a comment line for whoever reads it, without "-- "; NULL: none */
};

/* A difference that the statements do not mend. */
struct left_out {
    const char *kind, *ident, *reason;
};

/* What is called `from` now is to be called `to`, both as in `ident` of a table or column. Of several, each may speak of things by the
 * names that those before it gave, or by the first ones. */
struct fact_renamed {
    const char *from, *to;
};

struct changes_wish {
    struct database_facts_wish facts; /* how the facts were read */
    bool same_database; /* both were read from one database, so a key means one thing in both: what was renamed is known */
    bool additive;      /* only what is absent is made; what would drop or change something is left out */
    bool renames_alone; /* what else differs is not looked at */
    bool apart;         /* each difference is mended by itself: nothing gets the name of something else that is not there yet */
    bool keep;          /* what was run on the trial database stays, in its open transaction */
    const struct fact_renamed *renamed;
    size_t renamed_count;
};

struct changes {
    struct {
        struct change *items;
        size_t count, capacity;
    } run;
    struct {
        struct left_out *items;
        size_t count, capacity;
    } left;
    struct {
        struct left_out *items;
        size_t count, capacity;
    } stubborn;        /* what could not be changed in place when that was tried */
    bool proven;       /* tried, and the schema was the wanted one afterwards */
    bool untried;      /* the trial came to no end: a lock or a time limit was in the way; the statements are as planned */
    bool column_order; /* columns will stand in another order than wanted */
    struct arena arena;
};

/* trial: a database whose schema is `from`, where things are tried inside a transaction, or savepoint, that is rolled back; NULL: the
 * statements are as planned. same_database and a trial elsewhere (a copy) go together. */
int32_t changes_find(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct database *trial,
                     struct changes *out, migrate_error **err);
void changes_free(struct changes *changes);

/* As text, each with a semicolon and a line end, its note above it; what has to go before some of them (see facts_head) in front. */
int32_t changes_sql(const struct changes *changes, const struct database_engine *engine, struct text *out, migrate_error **err);

/* ---- planning.c: one round, without a trial ---- */

struct op {
    enum op_kind kind;
    const struct fact *fact; /* what it undoes, or leads to */
    struct fact_statements sql;
    struct fact_statements otherwise; /* what to try where that fails; may be empty */
    bool loses, keeps;                /* see struct change */
    int64_t place;                    /* of a column among those of its table; 0: it is none */
    const char *problem;     /* why it failed when it was tried; NULL: it did not */
    bool done;
};
struct ops {
    struct op *items; /* in an order that should work */
    size_t count, capacity;
    bool order;   /* columns will stand in another order than wanted */
    bool renames; /* they give names, and are no others: what comes next is planned when they have worked */
};
/* Into changes->left goes what there is no way for. first: of the rounds; later ones know no renames. */
int32_t changes_plan(const struct facts *from, const struct facts *to, const struct changes_wish *wish, bool first, struct ops *out,
                     struct changes *changes, migrate_error **err);
void ops_free(struct ops *ops);
bool fact_holds_rows(const struct fact *fact);
/* renames.c: what has another name in `to`, known by its key or by the wish. false: out of memory. */
bool changes_renames(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct ops *out,
                     struct changes *changes);
bool changes_leave(struct changes *changes, const struct fact *fact, const char *reason);

#endif
