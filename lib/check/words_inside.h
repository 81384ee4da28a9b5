/* SPDX-License-Identifier: MIT
 * What words.c and words_statements.c share. */
#ifndef CHECK_WORDS_INSIDE_H
#define CHECK_WORDS_INSIDE_H

#include "check/words.h"

struct words_reading {
    struct sql_reader at;
    words_tell tell;
    void *user;
    struct text name, table, other;
    struct text common;    /* names that WITH gives, a line each, with a line end in front */
    bool late, stopped;
    bool drops_rows;       /* DELETE: USING names tables */
    struct word base;      /* flags of what is told */
};

/* ---- names ---- */
bool words_is_name(struct sql_token token);
bool words_is_symbol(const struct sql_reader *at, char symbol);
void words_read_name(struct sql_reader *at, struct text *out); /* schema and all, in one spelling */

/* ---- telling ---- */
void words_tell_one(struct words_reading *reading, struct word word);
void words_tell_name(struct words_reading *reading, enum deed_kind does, enum thing_kind kind, const char *word,
                     const char *name, size_t offset);
void words_tell_inside(struct words_reading *reading, enum deed_kind does, enum thing_kind kind, const char *word,
                       size_t offset); /* "t.c" */

/* ---- moving on ---- */
bool words_take_any(struct sql_reader *at, const char *const *words);
bool words_is_any(const struct sql_reader *at, const char *const *words);
bool words_take_condition(struct sql_reader *at); /* IF EXISTS, IF NOT EXISTS */
void words_pass_group(struct sql_reader *at);     /* behind the closing parenthesis of the one at hand */

/* ---- tables ---- */
void words_find_common(struct words_reading *reading, struct sql_reader at); /* what WITH names */
void words_need_table(struct words_reading *reading, bool rows, bool refers); /* the name at hand; rows: a call may stand there,
                      too */
void words_need_list(struct words_reading *reading);                         /* a, b AS x, c y */
void words_scan(struct words_reading *reading, bool part); /* up to the end; part: up to a comma outside of parentheses */
void words_descend(struct words_reading *reading, bool late); /* into $$ bodies */

#endif
