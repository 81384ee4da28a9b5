/* SPDX-License-Identifier: MIT
 * What the files of needs.h share. */
#ifndef CORE_NEEDS_INSIDE_H
#define CORE_NEEDS_INSIDE_H

#include "check/depends.h"
#include "core/needs.h"

/* Deeds of the migration that is observed, statement by statement. */
struct raw_deeds {
    struct deed *items;
    size_t count, capacity;
    struct arena arena;
    struct text name;    /* room for one in the making */
    int64_t line, column; /* of the statement in hand */
    bool failed;
};

struct needs {
    migrate_session *session;
    struct build *build;
    struct depends depends;
    struct {
        const struct migration **items; /* of the same number in depends */
        const struct source **sources;
        size_t count, capacity, sources_capacity;
    } of;
    const struct sql_dialect *dialect;
    bool anew;             /* as if nothing were applied: nobody asks for findings */
    bool words_read;       /* of all that were not observed */
    bool touches;          /* the scratch database tells them */
    size_t at;             /* is observed */
    size_t last;           /* number of its last statement */
    bool facts_seen;       /* the schema was shown behind a statement of it */
    struct raw_deeds raw;
    struct {
        struct broken *items; /* what did not work before any of them */
        size_t count, capacity;
    } before;
    bool before_known;
};

/* needs_words.c: by the words of the up text; lines of directives, too. */
int32_t needs_read_words(struct needs *needs, size_t at, migrate_error **err);

/* needs_facts.c: what a statement did, as deeds. */
bool raw_add(struct raw_deeds *raw, enum deed_kind does, enum thing_kind kind, const char *word, const char *name, const char *to);
int32_t needs_statement(struct needs *needs, const struct observed *now, migrate_error **err);
/* The same of the migration as a whole, where the schema was read behind it only. */
int32_t needs_whole(struct needs *needs, const struct observed *now, migrate_error **err);
/* What is inside of what SQLite looks into late: views and triggers that were made. */
int32_t needs_look_inside(struct needs *needs, const struct observed *now, migrate_error **err);
/* Whether facts have a thing; a table may come without its schema. */
bool facts_have(const struct facts *facts, const struct sql_dialect *dialect, const struct thing *thing);
/* What is left of the deeds behind the migration's end. */
bool needs_settle(struct needs *needs);
void raw_clear(struct raw_deeds *raw);

/* needs_failing.c: why it does not run, as far as the database's complaint tells. */
int32_t needs_failing(struct needs *needs, size_t at, const migrate_error *problem, const struct facts *facts, migrate_error **err);

/* needs_order.c: another order of those that are pending, in which they apply. *order: indexes, memory_free(); NULL: the given one is
 * right, or none is known. *all: in that order all of them apply; else all but those that do not in any. */
int32_t needs_find_order(struct needs *needs, size_t **order, size_t *count, bool *all, migrate_error **err);

#endif
