/* SPDX-License-Identifier: MIT
 * Which migration makes, changes, drops and needs what, and what follows from that: who needs whom, and the findings DP.. . Pure: who fills
 * it (core/needs.h) knows databases and sources. */
#ifndef CHECK_DEPENDS_H
#define CHECK_DEPENDS_H

#include "check/findings.h"
#include "check/words.h"

/* A thing's name is in the spelling of words_name(). Texts belong to the arena, or outlive it. */
struct thing {
    enum thing_kind kind;
    const char *word, *name; /* "view", "v" */
};

struct deed {
    enum deed_kind does;
    struct thing thing;
    const char *to;       /* it was dropped by giving it this name; NULL: it is gone */
    const char *inside;   /* needed for a foreign key of this table; else NULL */
    const char *word;     /* of what was idle: "IF NOT EXISTS"; else NULL */
    int64_t line, column; /* 0: unknown */
    bool guess;           /* read from the words */
    bool late;            /* needed when something is called only */
    bool idle;            /* nothing was done, and that was not said */
    bool rebuilt;         /* changed by dropping it and making it anew */
};

/* Why it does not run. */
enum failing_kind { FAILING_NOT, FAILING_MISSING, FAILING_EXISTS, FAILING_REFERS, FAILING_KEY, FAILING_OTHER };
struct failing {
    enum failing_kind kind;
    struct thing thing;   /* name NULL: not known */
    const char *message;  /* the database's */
    int64_t line, column;
};

enum branch { BRANCH_NONE, BRANCH_OURS, BRANCH_THEIRS };

struct depend {
    const char *id, *file;
    bool applied, late, numbered, repeatable;
    bool observed;        /* deeds were seen; else they are guessed */
    bool explained;       /* a finding says why it does not run */
    bool unread;          /* code, or too big to be read: nothing is known of it unless it is observed */
    enum branch branch;
    const char *const *depends, *const *tables; /* as declared: ids in full, tables as written */
    size_t depends_count, tables_count;
    int64_t depends_line, tables_line;
    size_t place;         /* in the source's order */
    struct failing failing;
    struct deed *items;
    size_t count, capacity;
};

/* What no longer works behind the run. */
struct broken {
    const char *what, *ident, *message; /* "view", "function", "trigger", "reference" (to no table), "key" (of no unique one) */
    size_t by;                          /* the migration behind which it is so */
};

struct depends {
    struct depend *items; /* in the order in which they run; of another branch: at the end */
    size_t count, capacity;
    struct {
        struct broken *items;
        size_t count, capacity;
    } broken;
    struct arena arena;
};

/* NULL: out of memory. Numbers stay, pointers only until the next one is added. */
struct depend *depends_add(struct depends *depends);
bool depends_deed(struct depends *depends, size_t migration, const struct deed *deed); /* texts are copied; word: static */
size_t depends_find(const struct depends *depends, const char *id); /* SIZE_MAX: there is none */
void depends_free(struct depends *depends);

enum edge_how { EDGE_DECLARED, EDGE_FOUND, EDGE_GUESSED };
struct edge {
    size_t by, needed;
    enum edge_how how;
    const struct deed *deed; /* NULL: it was declared, or it stands in `failing` */
};
struct edges {
    struct edge *items; /* by `by`, then `needed`; one each */
    size_t count, capacity;
};
/* Who needs whom. One that does not run needs who makes what it misses, even if that is a later one. false: out of memory. */
bool depends_edges(const struct depends *depends, struct edges *out);
void edges_free(struct edges *edges);
/* Takes out what was found, and follows from the rest. */
bool edges_reduce(const struct depends *depends, struct edges *edges);

/* order: indexes of those that are pending, as they apply; NULL: as given, or no order is known. Marks what is explained. */
int32_t depends_findings(struct depends *depends, const size_t *order, size_t count, struct findings *out, migrate_error **err);

/* ---- heads ---- */

/* Those that declare to need others, and that no other one declares to need, where that makes more than one line; none: there is one, or
 * nothing is declared. *heads: indexes; memory_free(). */
bool depends_heads(const struct depends *depends, size_t **heads, size_t *count);
/* "-- Depends: a, b" */
void depends_merge(const struct depends *depends, const size_t *heads, size_t count, struct text *out);

/* ---- found.c: who makes what ---- */

struct found; /* deeds by name */
struct found *found_make(const struct depends *depends); /* NULL: out of memory */
void found_free(struct found *found);
/* The last one before `before` that makes it, unless it was dropped behind that; SIZE_MAX: nobody does. */
size_t found_maker(const struct found *found, const struct thing *thing, size_t before);
/* The first one from `from` on that makes it. */
size_t found_later(const struct found *found, const struct thing *thing, size_t from);
/* The one before `before` that dropped it, and nobody made it behind that. *deed may be NULL. */
size_t found_dropper(const struct found *found, const struct thing *thing, size_t before, const struct deed **deed);
/* Two names can mean one thing: one of them may be without its schema. */
bool things_same(const struct thing *a, const struct thing *b);

#endif
