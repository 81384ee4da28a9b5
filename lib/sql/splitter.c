/* SPDX-License-Identifier: MIT
 * Where statements begin and end. A body (BEGIN ATOMIC ... END, a trigger's BEGIN ... END) is closed by an
 * END that begins a statement inside it: no other END can stand there, so CASE ... END needs no counting.
 * Everything that reading has learned stands in the splitter, so that it can stop at any token and go on. */
#include "sql/sql.h"

#include "sql/internal.h"

#include <string.h>

void sql_split(struct sql_splitter *splitter, const struct sql_dialect *dialect, const char *text,
               size_t length)
{
    *splitter = (struct sql_splitter){.dialect = dialect, .text = text, .length = length};
}

static bool is_blank(const struct sql_token *token)
{
    return token->kind == SQL_SPACE || token->kind == SQL_LINE_COMMENT || token->kind == SQL_BLOCK_COMMENT;
}

/* The next statement's first token. A comment that never ends counts as one: what it hides may not be lost.
 */
static bool find_first(struct sql_splitter *splitter, struct sql_token *token)
{
    for (;; splitter->offset = token->offset + token->length) {
        if (!sql_lex_on(splitter, token))
            return false;
        if (!token->closed || (!is_blank(token) && token->kind != SQL_SEMICOLON))
            return true;
    }
}

static void begin(struct sql_splitter *splitter, const struct sql_token *token)
{
    struct sql_reading *reading = &splitter->reading;

    *reading = (struct sql_reading){.stage = SQL_INSIDE, .end = token->offset};
    reading->statement.offset = token->offset;
    reading->statement.closed = true;
    if (token->kind == SQL_BACKSLASH) {
        reading->statement.kind = SQL_META;
        reading->statement.length = token->length;
        reading->stage = SQL_LINE_REST;
        splitter->offset = token->offset + token->length;
    } else if ((splitter->text[token->offset] | 0x20) == 'c') {
        reading->undecided = 4; /* CREATE OR REPLACE FUNCTION */
    }
}

/* The statement's tokens up to here say that a body may follow. This one, which ends the pattern, is asked
 * first: it nearly always settles it. */
static bool may_have_body(const struct sql_splitter *splitter, const struct sql_token *token)
{
    const struct sql_dialect *dialect = splitter->dialect;
    const char *text = splitter->text + splitter->reading.statement.offset;
    size_t length = token->offset + token->length - splitter->reading.statement.offset;

    if (sql_is_word(splitter->text, *token, "FUNCTION") || sql_is_word(splitter->text, *token, "PROCEDURE"))
        return dialect->atomic_bodies &&
               sql_fits(dialect, text, length, "CREATE [OR] [REPLACE] FUNCTION|PROCEDURE");
    return dialect->trigger_bodies && sql_is_word(splitter->text, *token, "TRIGGER") &&
           sql_fits(dialect, text, length, "CREATE [TEMP|TEMPORARY] TRIGGER");
}

/* Follows a token at parenthesis depth 0. */
static void follow_body(struct sql_splitter *splitter, const struct sql_token *token)
{
    struct sql_reading *reading = &splitter->reading;
    const char *text = splitter->text;

    if (reading->in_body) {
        if (reading->may_end && sql_is_word(text, *token, "END"))
            reading->in_body = false;
        reading->may_end = token->kind == SQL_SEMICOLON;
        return;
    }
    if (splitter->dialect->atomic_bodies)
        reading->in_body = reading->seen_begin && sql_is_word(text, *token, "ATOMIC");
    else
        reading->in_body = sql_is_word(text, *token, "BEGIN");
    reading->seen_begin = sql_is_word(text, *token, "BEGIN");
    reading->may_end = reading->in_body;
}

/* A token of the statement. true: its semicolon, or the end of everything. */
static bool follow(struct sql_splitter *splitter, const struct sql_token *token)
{
    struct sql_reading *reading = &splitter->reading;

    if (!splitter->dialect->parenthesised_rules)
        reading->depth = 0;
    if (token->kind == SQL_END || (token->kind == SQL_SEMICOLON && reading->depth == 0 && !reading->in_body))
        return true;
    if (reading->may_body && reading->depth == 0)
        follow_body(splitter, token);
    if (reading->undecided > 0) {
        reading->may_body = may_have_body(splitter, token);
        reading->undecided = reading->may_body ? 0 : reading->undecided - 1;
    }
    if (token->kind == SQL_OPEN)
        reading->depth++;
    else if (token->kind == SQL_CLOSE && reading->depth > 0)
        reading->depth--;
    reading->end = token->offset + token->length;
    return false;
}

/* To the semicolon that ends the statement. */
static bool find_end(struct sql_splitter *splitter)
{
    struct sql_reading *reading = &splitter->reading;
    struct sql_statement *statement = &reading->statement;
    struct sql_token token;
    bool ends;

    do {
        if (!reading->may_body && reading->undecided == 0)
            splitter->offset = sql_pass_plain(splitter, &reading->depth, &reading->end);
        if (!sql_lex_on(splitter, &token))
            return false;
        splitter->offset = token.offset + token.length;
        statement->closed = statement->closed && token.closed;
        ends = !is_blank(&token) && follow(splitter, &token);
    } while (!ends);
    statement->closed = statement->closed && !reading->in_body;
    statement->length = reading->end - statement->offset;
    statement->end = splitter->offset;
    statement->kind = sql_kind_of(splitter->dialect, splitter->text + statement->offset, statement->length);
    reading->stage = statement->kind == SQL_COPY_IN ? SQL_LINE_REST : SQL_BETWEEN;
    return true;
}

/* A statement between COPY's semicolon and the line break would be lost or taken for data. */
static bool only_blanks(const struct sql_splitter *splitter, size_t from, size_t to)
{
    struct sql_token token;

    do {
        token = sql_lex(splitter->dialect, splitter->text, to, from);
        from += token.length;
    } while (is_blank(&token));
    return token.kind == SQL_END;
}

/* To behind the line break; a command of psql ends there, and COPY's data begin. */
static bool find_line_end(struct sql_splitter *splitter)
{
    struct sql_reading *reading = &splitter->reading;
    struct sql_statement *statement = &reading->statement;
    size_t from = splitter->offset;
    const char *found =
        from < splitter->length ? memchr(splitter->text + from, '\n', splitter->length - from) : NULL;

    if (found == NULL && splitter->more)
        return false;
    splitter->offset = found != NULL ? (size_t)(found - splitter->text) + 1 : splitter->length;
    if (statement->kind == SQL_COPY_IN && !only_blanks(splitter, from, splitter->offset))
        statement->closed = false;
    statement->end = splitter->offset;
    reading->stage = statement->kind == SQL_COPY_IN ? SQL_DATA : SQL_BETWEEN;
    return true;
}

enum sql_found sql_find(struct sql_splitter *splitter)
{
    struct sql_reading *reading = &splitter->reading;
    struct sql_token token;

    if (reading->stage == SQL_BETWEEN) {
        if (!find_first(splitter, &token))
            return SQL_NEED_TEXT;
        if (token.kind == SQL_END)
            return SQL_NOTHING;
        begin(splitter, &token);
    }
    if (reading->stage == SQL_INSIDE && !find_end(splitter))
        return SQL_NEED_TEXT;
    if (reading->stage == SQL_LINE_REST && !find_line_end(splitter))
        return SQL_NEED_TEXT;
    return SQL_FOUND;
}

static bool ends_data(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    return length == 2 && memcmp(line, "\\.", 2) == 0;
}

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))
enum { BLOCK = 64 }; /* bytes */

/* Whether "\." begins in a block, behind which is one byte more. Lines of data are short, and looking for where each
 * of them ends takes longer than this: eight places at a time, each a 0 where it begins, from which the subtraction
 * borrows. No way out of the loop, so that it becomes a few vector instructions. */
static bool may_end_data(const char *text)
{
    uint64_t bits = 0, first, second;

    for (size_t i = 0; i < BLOCK; i += sizeof first) {
        memcpy(&first, text + i, sizeof first);
        memcpy(&second, text + i + 1, sizeof second);
        first = (first ^ EIGHT('\\')) | (second ^ EIGHT('.'));
        bits |= (first - EIGHT(1)) & ~first;
    }
    return (bits & EIGHT(0x80)) != 0;
}

/* From the beginning of a line to that of another; no line on the way has "\." in front. */
static size_t pass_lines(const char *text, size_t begin, size_t length)
{
    size_t at = begin;
    const char *found;

    while (length - at > BLOCK && !may_end_data(text + at))
        at += BLOCK;
    found = memrchr(text + begin, '\n', at - begin);
    return found != NULL ? (size_t)(found - text) + 1 : begin;
}

bool sql_pass_data(const struct sql_splitter *splitter, size_t *at, size_t *next)
{
    for (; *at < splitter->length; *at = *next) {
        const char *line = splitter->text + *at;
        const char *found = memchr(line, '\n', splitter->length - *at);

        if (found == NULL && splitter->more)
            return false;
        *next = found != NULL ? (size_t)(found - splitter->text) + 1 : splitter->length;
        if (line[0] == '\\' && ends_data(line, *next - *at))
            return true;
        *next = pass_lines(splitter->text, *next, splitter->length);
    }
    return false;
}

static void find_data(struct sql_splitter *splitter)
{
    struct sql_statement *statement = &splitter->reading.statement;
    size_t at = splitter->offset;

    statement->data = at;
    statement->end = splitter->length;
    sql_pass_data(splitter, &at, &statement->end);
    statement->data_length = at - statement->data;
    splitter->offset = statement->end;
    splitter->reading.stage = SQL_BETWEEN;
}

bool sql_next(struct sql_splitter *splitter, struct sql_statement *out)
{
    if (sql_find(splitter) != SQL_FOUND)
        return false;
    if (splitter->reading.stage == SQL_DATA)
        find_data(splitter);
    *out = splitter->reading.statement;
    return true;
}
