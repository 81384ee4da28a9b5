/* SPDX-License-Identifier: MIT
 * What stands in a file besides its SQL: directives and rollback blocks, with their places. */
#ifndef SOURCE_DIRECTIVES_H
#define SOURCE_DIRECTIVES_H

#include "source/layout.h"

/* Bytes from start to before end. */
struct span {
    size_t start, end;
};

struct spans {
    struct span *items;
    size_t count, capacity;
};

/* One "-- ROLLBACK:" with what belongs to it. */
struct rollback {
    struct span lines; /* whole lines, from "-- ROLLBACK:" on: not part of the up text */
    struct span text;  /* the SQL in them */
    bool commented;    /* its lines begin with "--", which is taken off */
};

/* One "-- migrate: ignore". */
struct ignore {
    size_t comment;
    struct span rule, reason; /* may be empty */
    size_t end;               /* of the statement behind it; 0: not known yet, or none */
    bool whole;               /* no statement stands before it */
};

/* "-- migrate: expect" and "assert", read. */
struct expecting {
    enum expectation_kind kind;
    struct span text, table;
    const char *compare;
    bool before;
    int64_t number;
};

struct directive_reading {
    const struct source_options *options; /* where problems go; NULL: the first one is the end */
    const char *id;                       /* for them; may be NULL */
    const struct layout *layout;
    const struct sql_dialect *dialect;
    const char *file; /* for messages */
    const struct skeleton *skeleton; /* not NULL: text is the skeleton of a big file */
    const char *text; /* borrowed; behind the BOM */
    size_t length;
    struct {
        struct rollback *items;
        size_t count, capacity;
    } rollbacks; /* in order of appearance; several are run in that order */
    struct spans depends, tables;
    struct {
        struct ignore *items;
        size_t count, capacity;
    } ignores;
    struct {
        struct expecting *items;
        size_t count, capacity;
    } expectations;
    struct span allow_data_loss, stands_for; /* empty: none */
    bool no_transaction, rollback_no_transaction, out_of_order, breaking;
    bool foreign_keys, rollback_foreign_keys;
};

/* Reads a whole file. out->layout, dialect and file are set by the caller. To be freed whatever is returned.
 */
int32_t reading_make(struct directive_reading *out, const char *text, size_t length, enum directive_role role,
                     migrate_error **err);
void reading_free(struct directive_reading *reading);

/* An error at a byte of the file. */
int32_t reading_fail(const struct directive_reading *reading, size_t offset, int32_t code, migrate_error **err,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The row that the comment at offset (its "--") fits, or NULL. argument: what stands behind the key. */
const struct directive_row *directive_at(const struct directive_reading *reading, size_t offset, struct span *argument);

#define EXPECT_HINT "write -- migrate: expect rows(leads) >= before; with >=, <=, ==, !=, > or <, and before, before+N, before-N or a number"
#define ASSERT_HINT "write -- migrate: assert SELECT ..., one row and column that is true behind the migration (assert-before: ahead of it)"

/* Reads what follows "expect", "assert", "assert-before" (expectations.c). */
int32_t read_expectation(struct directive_reading *reading, enum directive_action action, struct span argument, migrate_error **err);

/* What stands in a line comment, without dashes and blanks around it. */
struct span comment_words(const struct directive_reading *reading, size_t offset);
/* The next line comment that begins a line between offset and end; false: there is none. */
bool comment_next(const struct directive_reading *reading, size_t end, size_t *offset, size_t *comment);

/* ---- blocks.c ---- */

/* The block that "-- ROLLBACK:" at comment begins, with what stands behind it there. */
int32_t rollback_find(const struct directive_reading *reading, size_t comment, struct span argument, struct rollback *out, migrate_error **err);

/* ---- lines.c ---- */

bool line_is_blank(char c); /* a blank or a tab */
size_t line_end(const char *text, size_t length, size_t offset);
size_t line_next(const char *text, size_t length, size_t offset); /* behind the end of the line that holds offset */
size_t line_skip_blanks(const char *text, size_t end, size_t offset);
/* Only blanks stand before offset in its line, which begins at *line. */
bool line_begins(const char *text, size_t offset, size_t *line);

#endif
