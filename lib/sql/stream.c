/* SPDX-License-Identifier: MIT
 * Statements of a text that arrives in pieces. The splitter says when it needs more text; here is the window
 * that it reads in: what is no longer needed leaves it in front, and the next piece is read behind. */
#include "sql/sql.h"

#include "sql/internal.h"
#include "util/memory.h"

#include <string.h>

#define PIECE ((size_t)256 * 1024)

void sql_stream_open(struct sql_stream *stream, const struct sql_dialect *dialect, sql_read read, void *user)
{
    *stream = (struct sql_stream){.keep = UINT64_MAX, .piece = PIECE, .read = read, .user = user};
    stream->splitter = (struct sql_splitter){.dialect = dialect, .more = true};
}

void sql_stream_close(struct sql_stream *stream)
{
    memory_free(stream->text);
    *stream = (struct sql_stream){0};
}

static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The last place up to offset from which lines and columns can be counted on whatever comes: neither inside
 * of a character nor behind a CR that LF may follow. */
static size_t countable(const struct sql_stream *stream, size_t offset)
{
    if (offset > 0 && offset == stream->length && stream->text[offset - 1] == '\r')
        return offset - 1;
    for (size_t back = 1; back <= 3 && back <= offset; back++)
        if (!is_inside_character(stream->text[offset - back]))
            return (unsigned char)stream->text[offset - back] < 0x80 ? offset : offset - back;
    return offset;
}

/* How much may leave the window: what neither the splitter nor the caller needs. */
static size_t droppable(const struct sql_stream *stream)
{
    const struct sql_splitter *splitter = &stream->splitter;
    bool in_hand = splitter->reading.stage == SQL_INSIDE || splitter->reading.stage == SQL_LINE_REST;
    size_t count = in_hand ? splitter->reading.statement.offset : splitter->offset;

    if (stream->keep < stream->base + count)
        count = stream->keep > stream->base ? (size_t)(stream->keep - stream->base) : 0;
    return countable(stream, count);
}

/* The nearest of the known places. */
static struct sql_mark mark_before(struct sql_stream *stream, size_t offset)
{
    if (stream->start.line == 0)
        stream->start = stream->last = sql_mark_first(stream->text, stream->length);
    return stream->last.offset <= offset ? stream->last : stream->start;
}

static void drop(struct sql_stream *stream)
{
    struct sql_splitter *splitter = &stream->splitter;
    size_t count = droppable(stream);

    if (count == 0)
        return;
    stream->start = mark_before(stream, count);
    sql_mark_move(&stream->start, stream->text, stream->length, count);
    if (stream->last.offset < count)
        stream->last = stream->start;
    stream->start.offset -= count;
    stream->last.offset -= count;
    memmove(stream->text, stream->text + count, stream->length - count);
    stream->length -= count;
    stream->base += count;
    splitter->inner = true;
    splitter->offset -= count;
    splitter->reading.statement.offset -= count; /* means nothing between statements */
    splitter->reading.end -= count;
}

/* Room for that many bytes more. At most half of the window stays, so that moving it costs no more than
 * reading the rest. */
static int32_t make_room(struct sql_stream *stream, size_t size, migrate_error **err)
{
    size_t capacity = stream->capacity > 0 ? stream->capacity : stream->piece;
    char *text;

    if (stream->capacity - stream->length >= size)
        return MIGRATE_OK;
    drop(stream);
    if (stream->length > SIZE_MAX / 8)
        return error_nomem(err);
    while (stream->length > capacity / 2 || stream->length + size > capacity)
        capacity *= 2;
    if (capacity == stream->capacity)
        return MIGRATE_OK;
    text = memory_grow(stream->text, capacity);
    if (text == NULL)
        return error_nomem(err);
    stream->text = text;
    stream->capacity = capacity;
    return MIGRATE_OK;
}

/* One piece more, or as much as has to be read again: then a token of any length is read twice at most. */
static int32_t fill(struct sql_stream *stream, migrate_error **err)
{
    struct sql_splitter *splitter = &stream->splitter;
    size_t again = stream->length - splitter->offset;
    size_t size = again > stream->piece ? again : stream->piece, got = 0;
    int32_t code = make_room(stream, size, err);

    while (code == MIGRATE_OK && size > 0) {
        code = stream->read(stream->user, stream->text + stream->length, size, &got, err);
        if (code != MIGRATE_OK)
            break;
        if (got == 0)
            splitter->more = false;
        size = got == 0 ? 0 : size - got;
        stream->length += got;
    }
    splitter->text = stream->text;
    splitter->length = stream->length;
    return code;
}

int32_t sql_stream_next(struct sql_stream *stream, struct sql_statement *out, bool *more, migrate_error **err)
{
    struct sql_splitter *splitter = &stream->splitter;
    enum sql_found found;
    int32_t code;

    while (splitter->reading.stage == SQL_DATA) {
        const char *data;
        size_t length;

        code = sql_stream_data(stream, &data, &length, err);
        if (code != MIGRATE_OK)
            return code;
    }
    for (found = sql_find(splitter); found == SQL_NEED_TEXT; found = sql_find(splitter)) {
        code = fill(stream, err);
        if (code != MIGRATE_OK)
            return code;
    }
    *more = found == SQL_FOUND;
    if (*more)
        *out = splitter->reading.statement;
    return MIGRATE_OK;
}

/* The end of the data that can be handed out from the splitter's offset on; the offset itself if there are
 * none, which is the end of the data unless the stage is SQL_DATA still. */
static size_t data_end(struct sql_stream *stream)
{
    struct sql_splitter *splitter = &stream->splitter;
    size_t from = splitter->offset, at = from, next = from, left = stream->length - from;

    if (stream->inside_line && left > 0) {
        const char *found = memchr(stream->text + from, '\n', left);

        stream->inside_line = found == NULL;
        return found != NULL ? (size_t)(found - stream->text) + 1 : stream->length;
    }
    if (sql_pass_data(splitter, &at, &next) || !splitter->more) {
        if (at > from)
            return at;
        splitter->reading.stage = SQL_BETWEEN;
        stream->inside_line = false;
        splitter->offset = next;
        return next;
    }
    if (at > from || left < stream->piece || left < 2 || memcmp(stream->text + from, "\\.", 2) == 0)
        return at;
    stream->inside_line = true;
    return stream->length;
}

int32_t sql_stream_data(struct sql_stream *stream, const char **data, size_t *length, migrate_error **err)
{
    struct sql_splitter *splitter = &stream->splitter;

    while (splitter->reading.stage == SQL_DATA) {
        size_t end = data_end(stream);

        if (end > splitter->offset) {
            *data = stream->text + splitter->offset;
            *length = end - splitter->offset;
            splitter->offset = end;
            return MIGRATE_OK;
        }
        if (splitter->reading.stage == SQL_DATA) {
            int32_t code = fill(stream, err);

            if (code != MIGRATE_OK)
                return code;
        }
    }
    *data = stream->text + splitter->offset;
    *length = 0;
    return MIGRATE_OK;
}

uint64_t sql_stream_skip(struct sql_stream *stream, uint64_t to, int64_t line, int64_t column)
{
    struct sql_splitter *splitter = &stream->splitter;
    uint64_t read = stream->base + stream->length;

    splitter->reading.stage = SQL_BETWEEN;
    stream->inside_line = false;
    if (to <= read) {
        splitter->offset = (size_t)(to - stream->base);
        return 0;
    }
    stream->base = to;
    stream->length = splitter->length = splitter->offset = 0;
    splitter->inner = true;
    stream->start = stream->last = (struct sql_mark){0, line, column};
    return to - read;
}

void sql_stream_position(struct sql_stream *stream, size_t offset, int64_t *line, int64_t *column)
{
    size_t place = countable(stream, offset);
    struct sql_mark mark = mark_before(stream, place);

    sql_mark_move(&mark, stream->text, stream->length, place);
    stream->last = mark;
    sql_mark_move(&mark, stream->text, stream->length, offset);
    *line = mark.line;
    *column = mark.column;
}
