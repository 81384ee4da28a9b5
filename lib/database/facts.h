/* SPDX-License-Identifier: MIT
 * Facts: what an engine's catalog says of the schema, one statement about one object each. The engine is the judge of everything: facts
 * are its own words (or what it keeps), compared and run, never parsed. What is read here, schema/ compares and puts in order. */
#ifndef DATABASE_FACTS_H
#define DATABASE_FACTS_H

#include "util/rows.h"
#include "util/text.h"

#include <stdbool.h>

struct database_engine;

/* What facts say, and how: part of every fingerprint. It is raised when a kind of fact is added, or one comes to say something else: then
 * older fingerprints are not compared, instead of taking the new words for a changed schema. */
enum { FACTS_FORMAT = 3 };

/* Room for a fingerprint as the history keeps it, see facts_fingerprint_text(). */
enum { FINGERPRINT_TEXT = 128 };

/* The end of the name of the table that keeps facts, beside the history. It is no part of the schema either. */
#define FACTS_KEPT "_facts"

/* kind and ident name it, value is what it says; two schemas are equal if all of these are. */
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
    const char *alter;  /* SQL that gives an object of this kind and ident, which says something else, this value; NULL: none */
};

struct facts {
    struct fact *items; /* sorted by rank, kind, ident */
    size_t count;
    struct migrate_rows *rows, *edges; /* what items point into; pairs of keys, what needs what, or NULL */
    const struct database_engine *engine;
};

/* How one fact becomes another of its kind and ident. */
enum fact_way {
    FACT_IN_PLACE,   /* by the statements */
    FACT_WHEN_ALONE, /* by the statements, while nothing is in the way (see fact_in_the_way): that goes before, and comes back behind */
    FACT_ANEW,       /* undo the old one, make the new one, and what stands on it too */
    FACT_NO_WAY      /* only by losing what is kept in it; reason says so */
};

/* Statements as they are found, without semicolons. */
struct fact_statements {
    char **items; /* yours */
    size_t count, capacity;
    bool loses;  /* some of what is kept may go with them, and nothing says so when they run */
    bool failed; /* out of memory */
};
void fact_statements_add(struct fact_statements *statements, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fact_statements_free(struct fact_statements *statements);

#endif
