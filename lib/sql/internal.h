/* SPDX-License-Identifier: MIT
 * What the rooms of sql/ share among themselves: rules about first words, and the splitter's fast road. */
#ifndef SQL_INTERNAL_H
#define SQL_INTERNAL_H

#include "sql/sql.h"

/* A pattern is a list of items with blanks between:
 *
 * - WORD: this word or symbol; A|B: either of them
 * - [WORD]: the same, if it is there
 * - {WORD}: the same, as often as it is there
 * - (): a group in parentheses, if it is there
 * - (WORD: a group in parentheses that has this word
 * - ?: any one token
 * - *: anything, up to where the rest fits; groups in parentheses are passed over whole. At most one to a
 *   pattern, which keeps the matching linear
 * - $: the end of the statement
 *
 * The first item of a rule is a WORD. What stands behind the last item does not matter. */
struct sql_kind_rule {
    const char *pattern; /* NULL ends a table */
    enum sql_kind kind;
};
extern const struct sql_kind_rule sql_postgresql_rules[], sql_sqlite_rules[];

bool sql_fits(const struct sql_dialect *dialect, const char *text, size_t length, const char *pattern);

/* The token at the splitter's offset. false: it touches the window's end, and more text may make another one
 * of it. White space never does: the rest of it is a token like it. */
bool sql_lex_on(const struct sql_splitter *splitter, struct sql_token *out);

/* Passes over tokens that cannot matter to a splitter, counting parentheses, and returns the offset of the
 * next one that might. *end: behind the last token that was passed over; left alone if there was none. */
size_t sql_pass_plain(const struct sql_splitter *splitter, size_t *depth, size_t *end);

/* The next statement, without COPY's data: stage SQL_DATA says that they begin at the splitter's offset. */
enum sql_found {
    SQL_FOUND, /* in reading.statement */
    SQL_NOTHING,
    SQL_NEED_TEXT /* call again when the window has more */
};
enum sql_found sql_find(struct sql_splitter *splitter);

/* Passes over whole lines of COPY's data from *at on. true: *at is the line that ends them, *next behind it.
 */
bool sql_pass_data(const struct sql_splitter *splitter, size_t *at, size_t *next);

#endif
