/* SPDX-License-Identifier: MIT
 * Proofs in a scratch database: that rollback texts lead back (verify.c, walk.c), and, with the option verify=on, that a run may begin
 * (proof.c). */
#ifndef CORE_VERIFY_H
#define CORE_VERIFY_H

#include "core/run.h"
#include "core/samples.h"
#include "core/schema.h"

enum verdict_result {
    VERDICT_EXACT,
    VERDICT_ORDER,   /* but for the order of columns */
    VERDICT_DATA,    /* the schema is exact, the rows are not */
    VERDICT_DIFFERS, /* not an inverse */
    VERDICT_FAILS,   /* down, or the second up, does not run */
    VERDICT_REFUSED, /* no rollback text, and none can be generated */
    VERDICT_UP,      /* the migration does not run */
    VERDICT_UNTRIED  /* an earlier one does not run, or this one reaches beyond the database */
};
const char *verdict_word(enum verdict_result result);
bool verdict_is_bad(enum verdict_result result);

struct verdict {
    enum verdict_result result;
    const char *down;   /* source, generated, none */
    struct text detail;
    char *file;         /* NULL: no place */
    int64_t line, column;
    migrate_error *error; /* of what did not run */
    bool stuck;           /* the scratch database cannot be brought behind it */
};
void verdict_free(struct verdict *verdict);

/* Migrations one behind the other in a scratch database, each up, down and up. */
struct walk {
    migrate_session *session; /* whose database is imitated */
    migrate_session *scratch; /* NULL: not open yet */
    const struct migration **items;
    size_t count, capacity;
    bool replay;           /* they come behind what the session's history says is applied ... */
    const char *schema;    /* ... or behind schema.sql, which stands for this id; NULL: it is not used */
    struct samples samples;
    struct facts facts;    /* of the scratch database as it stands; items NULL: not known */
};
/* The next one's verdict; scratch stands behind it then, unless it is stuck. An error only where nothing can be said. */
int32_t walk_next(struct walk *walk, size_t number, struct verdict *out, migrate_error **err);
/* Opens the scratch database, with the first so many of them applied. */
int32_t walk_open(struct walk *walk, size_t applied, migrate_error **err);
bool walk_is_fatal(int32_t code); /* nobody can do anything about it here */
void walk_free(struct walk *walk);

/* How schemas differ, in lines of words, a few at most: "a" is what it should be. */
int32_t differences_words(const struct facts *a, const struct facts *b, const struct differences *differences, size_t most,
                          struct text *out, migrate_error **err);

/* Before a run begins: MIGRATE_ERROR_IRREVERSIBLE for pending migrations that do not lead back, MIGRATE_ERROR_SCHEMA for a baseline of a
 * schema that is not what its migrations lead to. */
int32_t run_prove(struct migrate_run *run, migrate_error **err);

#endif
