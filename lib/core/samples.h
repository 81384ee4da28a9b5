/* SPDX-License-Identifier: MIT
 * Sample rows: a migration that works on empty tables need not work on full ones, and what is lost shows only where there was something.
 * A best effort: a table whose constraints none of the values fit stays empty. */
#ifndef CORE_SAMPLES_H
#define CORE_SAMPLES_H

#include "core/session.h"
#include "util/arena.h"

/* Tables that had their chance. A zeroed struct is fine. */
struct samples {
    struct {
        const char **items;
        size_t count, capacity;
    } seen;
    struct arena arena;
};
/* Puts rows into tables that have none. */
int32_t samples_fill(migrate_session *session, struct samples *samples, migrate_error **err);
void samples_free(struct samples *samples);

/* What is in the tables. */
struct contents {
    struct {
        struct table_contents {
            const char *table, *digest;
            int64_t rows;
        } *items;
        size_t count, capacity;
    } tables;
    struct text unread; /* those that could not be looked into, with ", " between */
    struct arena arena;
};
int32_t contents_read(migrate_session *session, struct contents *out, migrate_error **err);
/* Adds a line for each table of both whose rows are not the same, a few at most; returns how many there are. */
size_t contents_differ(const struct contents *before, const struct contents *after, struct text *out);
void contents_free(struct contents *contents);

#endif
