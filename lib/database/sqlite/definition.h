/* SPDX-License-Identifier: MIT
 * What a stored CREATE TABLE says and no pragma tells: where its columns and constraints stand in the text, CHECK, COLLATE, generated
 * columns, ON CONFLICT, DEFERRABLE. The text is SQLite's own, so it is known to be right. */
#ifndef DATABASE_SQLITE_DEFINITION_H
#define DATABASE_SQLITE_DEFINITION_H

#include "sql/sql.h"
#include "util/arena.h"

struct sqlite_span {
    size_t from, to; /* bytes; to: behind the last token */
};

struct sqlite_column {
    const char *name;          /* without quotes */
    const char *collation;     /* NULL: none is named */
    const char *conflict;      /* of NOT NULL; NULL: none is named */
    struct sqlite_span text;   /* all of it */
    struct sqlite_span formula; /* of a generated column, with its parentheses; {0, 0}: it is none */
    bool primary, unique, checked, refers, autoincrement;
};

enum sqlite_clause_kind { SQLITE_PRIMARY, SQLITE_UNIQUE, SQLITE_CHECK, SQLITE_FOREIGN };
struct sqlite_clause { /* a constraint, of a column or of the table */
    enum sqlite_clause_kind kind;
    size_t column;          /* SIZE_MAX: the table's */
    const char *name;       /* NULL: it has none */
    const char *conflict;   /* NULL: none is named */
    struct sqlite_span what; /* the parentheses: columns or condition; {0, 0}: the column that it belongs to */
    bool deferred;
};

struct sqlite_definition {
    const char *sql; /* borrowed */
    size_t length;
    struct sqlite_span name, body; /* the table's name; what stands between the outer parentheses */
    struct {
        struct sqlite_column *items;
        size_t count, capacity;
    } columns;
    struct {
        struct sqlite_clause *items;
        size_t count, capacity;
    } clauses;
    bool understood; /* false: it is written in a way that is not known here; what was found so far is there */
    struct arena arena;
};
/* false: out of memory. */
bool sqlite_definition_read(const char *sql, struct sqlite_definition *out);
void sqlite_definition_free(struct sqlite_definition *definition);
const struct sqlite_column *sqlite_definition_column(const struct sqlite_definition *definition, const char *name);
const struct sqlite_column *sqlite_definition_key(const struct sqlite_definition *definition, size_t number); /* of the primary key's */

/* ---- names and text (names.c) ---- */
void sqlite_name(struct text *out, const char *name); /* quoted where it has to be */
void sqlite_fold(struct text *out, const char *name); /* in small letters: SQLite's names are equal then */
void sqlite_key(struct text *out, const char *name);  /* as in SQL, in small letters: what names are told apart by */
bool sqlite_token_is(const char *token, size_t length, const char *name); /* whatever its quotes and its letters' case */
void sqlite_unquoted(struct text *out, const char *token, size_t length);
/* Tokens in one spelling: no comments, needless quotes, capitals or blanks. definition: whose columns the text speaks of, so that "x"
 * that is none of them is a string; may be NULL. */
void sqlite_normal(struct text *out, const char *sql, struct sqlite_span span, const struct sqlite_definition *definition);
bool sqlite_mentions(const char *sql, const char *name); /* some token of the text is this name */

#endif
