/* SPDX-License-Identifier: MIT
 * Differences for a person: what came or went with something else is told with that, not by itself; and each gets the statements that
 * are about it. */
#ifndef SCHEMA_TOLD_H
#define SCHEMA_TOLD_H

#include "schema/changes.h"

/* What has another name, or is in another place (renamed.c); nothing, if the two do not come from one database. items: memory_free(). */
struct renamed_fact {
    const struct fact *old, *new;
};
struct renamed_facts {
    struct renamed_fact *items;
    size_t count, capacity;
};
int32_t facts_renamed(const struct facts *from, const struct facts *to, struct renamed_facts *out, migrate_error **err);

struct telling {
    const struct difference *difference; /* NULL: it is a rename */
    const struct renamed_fact *renamed;
    struct text with;       /* what is told with it */
    struct text back, on;   /* SQL that takes it back, and that makes it so elsewhere */
    struct text note;       /* what no statement does, and what is lost */
};

struct tellings {
    struct telling *items;
    size_t count;
    struct told_side *from, *to;
    const struct differences *differences;
    const struct facts *before;
    size_t *host, *place; /* of each difference: the one that tells of it, and where in items that is */
};

int32_t differences_tell(const struct facts *from, const struct facts *to, const struct differences *differences, struct tellings *out,
                         migrate_error **err);
/* The same with what was renamed. from: as it is called behind that; before: as it was called. */
int32_t differences_tell_renamed(const struct facts *from, const struct facts *to, const struct differences *differences,
                                 const struct renamed_facts *renamed, const struct facts *before, struct tellings *out,
                                 migrate_error **err);
/* Hands the statements out. back: they lead from `to` to `from`, else the other way. */
int32_t tellings_take(struct tellings *tellings, const struct changes *changes, bool back, migrate_error **err);
void tellings_free(struct tellings *tellings);

#endif
