/* SPDX-License-Identifier: MIT
 * The state digest: what a database with these migrations applied is called. SHA-256 over `kind NUL id NUL checksum LF` of each,
 * sorted bytewise. Adding at the end, which is the usual case, costs one line of hashing whatever the number before it. Ids whose numbers
 * have no zeros in front go into the middle, and all behind them is digested again: there the processor's own SHA-256 pays. */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "source/source.h"

struct state_entry {
    const char *kind, *id, *checksum; /* borrowed */
};

struct state_set {
    struct state_entry *items; /* sorted by kind, then id */
    size_t count, capacity;
    struct digest *marks; /* marks[i]: the digest over the first i * STATE_STRIDE entries */
    size_t marks_count, marks_capacity;
    struct digest tail;   /* the digest over the first tail_count entries; 0: unknown */
    size_t tail_count;
    size_t digested;      /* entries so far: many in one run mean that they are added in the middle */
    bool fast;            /* the marks are made by digest_init_long() */
};

/* Adds or replaces; the texts must outlive the set. */
int32_t state_add(struct state_set *set, const char *kind, const char *id, const char *checksum, migrate_error **err);
void state_remove(struct state_set *set, const char *kind, const char *id);
int32_t state_digest(struct state_set *set, char out[DIGEST_HEX], migrate_error **err);
void state_free(struct state_set *set);

int32_t state_of_source(const struct source *source, char out[DIGEST_HEX], migrate_error **err);
const char *kind_name(enum migration_kind kind); /* "versioned", "repeatable" */

#endif
