/* SPDX-License-Identifier: MIT
 * The face of schema/: facts (database/facts.h) read, compared, digested, put in order. changes.h: the way from one schema to another;
 * shadow.h: a place to try it. */
#ifndef SCHEMA_FACTS_H
#define SCHEMA_FACTS_H

#include "database/database.h"
#include "util/array.h"
#include "util/digest.h"

int32_t facts_read(struct database *db, const struct database_facts_wish *wish, struct facts *out,
                   migrate_error **err);
/* The same from rows that came in the engine's form, which are taken over whatever is returned; edges may be NULL. */
int32_t facts_from_rows(const struct database_engine *engine, struct migrate_rows *rows, struct migrate_rows *edges, struct facts *out,
                        migrate_error **err);
void facts_sort(struct facts *facts); /* by rank, kind, ident: as facts_read() leaves them */
void facts_free(struct facts *facts); /* a zeroed struct is fine */

/* Digest of all kinds, idents and values but the order of columns, which ALTER TABLE cannot bring about. out: DIGEST_HEX bytes. */
void facts_fingerprint(const struct facts *facts, char *out);

/* The digest with what it can be compared with, as the history keeps it: "1:postgresql15:DIGEST" says the format of facts, the engine and
 * its major version ("postgresql15+owners": with owners and privileges). */
void facts_fingerprint_text(const struct facts *facts, const struct database *db, bool owners, char out[FINGERPRINT_TEXT]);
bool fingerprints_comparable(const char *a, const char *b);

/* How two schemas differ (diff.c). */
enum difference_kind { FACT_ADDED, FACT_REMOVED, FACT_CHANGED };
struct difference {
    enum difference_kind kind;
    const struct fact *from, *to; /* NULL: it is not there */
};
struct differences {
    struct difference *items; /* by rank, kind, ident */
    size_t count, capacity;
    bool column_order; /* columns stand in another order, or behind others: no difference, but told */
};
int32_t facts_compare(const struct facts *from, const struct facts *to, struct differences *out, migrate_error **err);
const struct fact **facts_by_name(const struct facts *facts); /* by kind, ident, value; NULL: out of memory. memory_free() */
void differences_free(struct differences *differences);
const struct fact *facts_find(const struct facts *facts, const char *kind, const char *ident); /* NULL: not there */

/* Facts by their keys (order.c). find: an index of items, or SIZE_MAX. */
struct fact_keys {
    struct keyed *items;
    size_t count;
};
bool fact_keys_make(const struct facts *facts, struct fact_keys *out); /* false: out of memory */
size_t fact_keys_find(const struct fact_keys *keys, const char *key);
void fact_keys_free(struct fact_keys *keys);

/* An order in which they can be made: what each needs comes before it (order.c). *out: indexes of items; memory_free(). */
int32_t facts_order(const struct facts *facts, size_t **out, migrate_error **err);

/* SQL that makes the schema in an empty database (snapshot.c). */
int32_t facts_sql(const struct facts *facts, struct text *out, migrate_error **err);

#endif
