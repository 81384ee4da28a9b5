/* SPDX-License-Identifier: MIT
 * The face of schema/: facts, what an engine's catalog says of the schema. The engine is the judge of everything: facts are its own
 * words (or what it keeps), compared and run, never parsed. */
#ifndef SCHEMA_FACTS_H
#define SCHEMA_FACTS_H

#include "database/database.h"
#include "util/digest.h"

/* One statement about one object. kind and ident name it, value is what it says; two schemas are equal if all of these are. */
struct fact {
    int64_t rank;      /* among kinds: lower ones can be made first, where nothing else says so */
    const char *kind;  /* "table", "column not null" ... */
    const char *ident; /* qualified and quoted as in SQL */
    const char *value;
    const char *make;   /* SQL without semicolon; NULL: comes with what it is inside of, or is noticed only */
    const char *undo;   /* the way back; NULL: none of its own */
    const char *key;    /* stays when the object is renamed; "": has none */
    const char *inside; /* key of what takes it along when it is dropped; "": none */
    bool part;          /* comes with the make of what it is inside of; its own is for a change of that */
    const char *name;   /* without its container; "" for what cannot be renamed */
};

struct facts {
    struct fact *items; /* sorted by rank, kind, ident */
    size_t count;
    struct migrate_rows *rows, *edges; /* what items point into; pairs of keys or NULL */
    const struct database_engine *engine;
};

int32_t facts_read(struct database *db, const struct database_facts_wish *wish, struct facts *out,
                   migrate_error **err);
void facts_free(struct facts *facts); /* a zeroed struct is fine */

/* Digest of all kinds, idents and values but the order of columns, which ALTER TABLE cannot bring about. out: DIGEST_HEX bytes. */
void facts_fingerprint(const struct facts *facts, char *out);

/* An order in which they can be made: what each needs comes before it (order.c). *out: indexes of items; memory_free(). */
int32_t facts_order(const struct facts *facts, size_t **out, migrate_error **err);

/* SQL that makes the schema in an empty database (snapshot.c). */
int32_t facts_sql(const struct facts *facts, struct text *out, migrate_error **err);

#endif
