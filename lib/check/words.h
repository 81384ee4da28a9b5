/* SPDX-License-Identifier: MIT
 * What a statement makes, changes, drops and needs, as far as its words tell: without a database, so that a name in a function's body, or
 * one that SQL puts together, is not seen. Names come in one spelling, without the schema that goes without saying. */
#ifndef CHECK_WORDS_H
#define CHECK_WORDS_H

#include "sql/sql.h"

enum deed_kind { DEED_MAKES, DEED_CHANGES, DEED_DROPS, DEED_NEEDS };
/* Names of tables, views, indexes and sequences are in one name space: all of them are THING_TABLE. */
enum thing_kind { THING_TABLE, THING_COLUMN, THING_TYPE, THING_FUNCTION, THING_SCHEMA, THING_OTHER };

struct word {
    enum deed_kind does;
    enum thing_kind kind;
    const char *word;   /* "table", "view", "constraint" ... */
    const char *name;   /* of a column: "users.email". Ends with the call */
    const char *to;     /* dropped: by giving it this name; NULL: it is gone */
    const char *inside; /* of a foreign key's table: the one that has it; else NULL */
    size_t offset;      /* of the name in the statement */
    bool conditional;   /* IF EXISTS, IF NOT EXISTS, OR REPLACE */
    bool replaces;      /* OR REPLACE */
    bool temporary;
    bool late;          /* needed when it is called only: a body */
    bool refers;        /* a foreign key's table */
};

/* false ends the reading. */
typedef bool (*words_tell)(const struct word *word, void *user);

/* false: out of memory, or the callback said so. */
bool words_read(const struct sql_dialect *dialect, const char *statement, size_t length, words_tell tell, void *user);

/* A name as written, as an engine prints it or as somebody wrote it, in the spelling of `name` above; a function's arguments are left out. */
void words_name(struct text *out, const struct sql_dialect *dialect, const char *written, size_t length);

#endif
