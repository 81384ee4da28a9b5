/* SPDX-License-Identifier: MIT
 * The property of streams: whatever the pieces in which a text arrives, its statements are those of the whole
 * text. For unit tests and fuzz targets alike. */
#ifndef TEST_SQL_STREAM_H
#define TEST_SQL_STREAM_H

#include "sql/sql.h"

#include <string.h>

/* A text in memory that arrives in pieces. */
struct pieces {
    const char *text;
    size_t length, offset, piece;
};

static inline int32_t read_piece(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct pieces *pieces = user;
    size_t left = pieces->length - pieces->offset;

    (void)err;
    *got = size < pieces->piece ? size : pieces->piece;
    *got = *got < left ? *got : left;
    if (*got > 0)
        memcpy(buffer, pieces->text + pieces->offset, *got);
    pieces->offset += *got;
    return MIGRATE_OK;
}

static inline bool position_differs(struct sql_stream *stream, const struct pieces *pieces, size_t offset)
{
    int64_t line, column, whole_line, whole_column;

    sql_stream_position(stream, offset, &line, &column);
    sql_position(pieces->text, pieces->length, (size_t)stream->base + offset, &whole_line, &whole_column);
    return line != whole_line || column != whole_column;
}

/* What stands in the window is what stands there in the text. */
static inline bool window_differs(const struct sql_stream *stream, const struct pieces *pieces)
{
    return stream->base + stream->length > pieces->length ||
           (stream->length > 0 && memcmp(stream->text, pieces->text + stream->base, stream->length) != 0);
}

static inline const char *data_differ(struct sql_stream *stream, const struct pieces *pieces,
                                      const struct sql_statement *whole)
{
    size_t at = whole->data, length;
    const char *data;

    for (;; at += length) {
        if (sql_stream_data(stream, &data, &length, NULL) != MIGRATE_OK)
            return "an error in data";
        if (length == 0)
            return at == whole->data + whole->data_length ? NULL : "end of data";
        if (length > stream->length || at + length > whole->data + whole->data_length ||
            memcmp(data, pieces->text + at, length) != 0)
            return "data";
        if (position_differs(stream, pieces, (size_t)(data - stream->text)))
            return "position of data";
    }
}

static inline const char *statement_differs(struct sql_stream *stream, const struct pieces *pieces,
                                            const struct sql_statement *part,
                                            const struct sql_statement *whole)
{
    bool copy = whole->kind == SQL_COPY_IN;

    if (window_differs(stream, pieces))
        return "window";
    if (stream->base + part->offset != whole->offset || part->length != whole->length)
        return "place";
    if (stream->base + part->end != (copy ? whole->data : whole->end))
        return "end";
    if (part->kind != whole->kind || part->closed != whole->closed)
        return "kind or closed";
    if (part->data != 0 || part->data_length != 0)
        return "data fields";
    if (position_differs(stream, pieces, part->offset) ||
        position_differs(stream, pieces, part->offset + part->length / 2) ||
        position_differs(stream, pieces, part->offset + part->length))
        return "position";
    return NULL;
}

/* Passes over all that is left of a statement, its data, and one more. */
static inline void skip_two(struct sql_stream *stream, struct pieces *pieces, struct sql_splitter *splitter,
                            struct sql_statement *whole)
{
    int64_t line, column;

    sql_next(splitter, whole);
    sql_position(pieces->text, pieces->length, whole->end, &line, &column);
    stream->keep = UINT64_MAX;
    pieces->offset += (size_t)sql_stream_skip(stream, whole->end, line, column);
}

/* NULL, or what differs between the text in pieces and the whole text. Now and then the data are left alone,
 * statements are kept, or some are passed over. */
static inline const char *stream_differs(const struct sql_dialect *dialect, const char *text, size_t length,
                                         size_t piece)
{
    struct pieces pieces = {text, length, 0, piece};
    struct sql_splitter splitter;
    struct sql_statement part, whole;
    struct sql_stream stream;
    const char *differs = NULL;
    bool more;

    sql_split(&splitter, dialect, text, length);
    sql_stream_open(&stream, dialect, read_piece, &pieces);
    stream.piece = piece;
    for (size_t i = 0; differs == NULL; i++) {
        if (sql_stream_next(&stream, &part, &more, NULL) != MIGRATE_OK)
            differs = "an error";
        else if (more != sql_next(&splitter, &whole))
            differs = "number of statements";
        else if (stream.keep < stream.base)
            differs = "what was to be kept";
        if (differs != NULL || !more)
            break;
        differs = statement_differs(&stream, &pieces, &part, &whole);
        if (i % 3 == 0)
            stream.keep = i % 2 ? UINT64_MAX : stream.base + part.offset;
        if (differs == NULL && whole.kind == SQL_COPY_IN && i % 4 != 3)
            differs = data_differ(&stream, &pieces, &whole);
        if (differs == NULL && i % 5 == 4 && whole.end < length)
            skip_two(&stream, &pieces, &splitter, &whole);
    }
    sql_stream_close(&stream);
    return differs;
}

#endif
