/* SPDX-License-Identifier: MIT
 * From a byte offset to the line and column that a person sees, and a digest that only sees tokens. */
#include "sql/sql.h"

#include "util/utf8.h"

#include <string.h>

enum { BLOCK = 128 }; /* bytes */

static size_t mark_length(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* A line ends behind LF, or behind a CR that no LF follows. */
static bool ends_line(const char *text, size_t length, size_t at)
{
    return text[at] == '\n' || (text[at] == '\r' && (at + 1 == length || text[at + 1] != '\n'));
}

struct sql_mark sql_mark_first(const char *text, size_t length)
{
    return (struct sql_mark){.offset = mark_length(text, length), .line = 1, .column = 1};
}

/* The next byte c in [at, to), or `to`. */
static size_t find(const char *text, size_t at, size_t to, char c)
{
    const char *found = at < to ? memchr(text + at, c, to - at) : NULL;

    return found != NULL ? (size_t)(found - text) : to;
}

/* How often ends_line() is true in a block, behind which is one byte more. No branch in the loop, so that it becomes
 * a few vector instructions. */
static size_t count_ends(const char *text)
{
    unsigned char count = 0;

    for (size_t i = 0; i < BLOCK; i++)
        count = (unsigned char)(count + ((text[i] == '\n') | ((text[i] == '\r') & (text[i + 1] != '\n'))));
    return count;
}

/* Over whole blocks on the way to offset: where each line ends does not matter, only how many do, and where the
 * last one does. Returns where the blocks end. */
static size_t move_over_blocks(struct sql_mark *mark, const char *text, size_t length, size_t offset)
{
    size_t at = mark->offset, last = 0, lines = 0;

    for (; offset - at >= BLOCK && length - at > BLOCK; at += BLOCK) {
        size_t count = count_ends(text + at);

        lines += count;
        last = count > 0 ? at + BLOCK : last;
    }
    while (last > 0 && !ends_line(text, length, last - 1))
        last--;
    if (lines > 0)
        *mark = (struct sql_mark){.offset = last, .line = mark->line + (int64_t)lines, .column = 1};
    return at;
}

/* Both kinds of line ends are looked for once, not once for each line of the other kind. */
void sql_mark_move(struct sql_mark *mark, const char *text, size_t length, size_t offset)
{
    size_t feed, ret, from;

    if (offset <= mark->offset)
        return;
    from = move_over_blocks(mark, text, length, offset);
    feed = find(text, from, offset, '\n');
    ret = find(text, from, offset, '\r');
    while (feed < offset || ret < offset) {
        size_t at = feed < ret ? feed : ret;

        if (ends_line(text, length, at)) {
            *mark = (struct sql_mark){.offset = at + 1, .line = mark->line + 1, .column = 1};
        }
        if (feed == at)
            feed = find(text, at + 1, offset, '\n');
        if (ret == at)
            ret = find(text, at + 1, offset, '\r');
    }
    mark->column += (int64_t)utf8_count(text + mark->offset, offset - mark->offset);
    mark->offset = offset;
}

void sql_position(const char *text, size_t length, size_t offset, int64_t *line, int64_t *column)
{
    struct sql_mark mark = sql_mark_first(text, length);

    sql_mark_move(&mark, text, length, offset < length ? offset : length);
    *line = mark.line;
    *column = mark.column;
}

void sql_line_at(const char *text, size_t length, size_t offset, size_t *line_offset, size_t *line_length)
{
    size_t first = mark_length(text, length), start, end;

    if (offset > length)
        offset = length;
    start = offset > first ? offset : first;
    while (start > first && !ends_line(text, length, start - 1))
        start--;
    for (end = start; end < length && text[end] != '\n' && text[end] != '\r';)
        end++;
    *line_offset = start;
    *line_length = end - start;
}

void sql_digest_init(struct sql_digest *digest)
{
    digest->used = 0;
    digest_init(&digest->digest);
}

void sql_digest_data(struct sql_digest *digest, const char *data, size_t length)
{
    if (length > sizeof digest->bytes - digest->used) {
        digest_add(&digest->digest, digest->bytes, digest->used);
        digest->used = 0;
    }
    if (length > sizeof digest->bytes) {
        digest_add(&digest->digest, data, length);
        return;
    }
    memcpy(digest->bytes + digest->used, data, length);
    digest->used += length;
}

void sql_digest_statement(struct sql_digest *digest, const struct sql_dialect *dialect, const char *text,
                          size_t length)
{
    struct sql_token token = sql_lex(dialect, text, length, 0);

    for (; token.kind != SQL_END; token = sql_lex(dialect, text, length, token.offset + token.length)) {
        if (token.kind == SQL_SPACE || token.kind == SQL_LINE_COMMENT || token.kind == SQL_BLOCK_COMMENT)
            continue;
        sql_digest_data(digest, text + token.offset, token.length);
        sql_digest_data(digest, "", 1);
    }
    sql_digest_data(digest, ";", 2);
}

void sql_digest_end(struct sql_digest *digest, char *out)
{
    digest_add(&digest->digest, digest->bytes, digest->used);
    digest_end_hex(&digest->digest, out);
}

/* Statement by statement, because white space in the data of COPY is no white space of SQL. */
void sql_token_digest(const struct sql_dialect *dialect, const char *text, size_t length, char *out)
{
    struct sql_digest digest;
    struct sql_splitter splitter;
    struct sql_statement statement;

    sql_digest_init(&digest);
    sql_split(&splitter, dialect, text, length);
    while (sql_next(&splitter, &statement)) {
        sql_digest_statement(&digest, dialect, text + statement.offset, statement.length);
        sql_digest_data(&digest, text + statement.data, statement.data_length);
    }
    sql_digest_end(&digest, out);
}
