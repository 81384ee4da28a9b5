/* SPDX-License-Identifier: MIT
 * A script's statements as a stream, whether its text is held or flows by, and where a byte of it is in the file. */
#include "core/script.h"

#include <string.h>

static int32_t read_held(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct script_stream *stream = user;
    size_t left = stream->length - stream->next;
    (void)err; /* nothing can fail here */
    *got = size < left ? size : left;
    if (*got > 0)
        memcpy(buffer, stream->script->text.text.data + stream->origin + stream->next, *got);
    stream->next += *got;
    return MIGRATE_OK;
}

/* Passes over what is before the segment, counting lines. */
static int32_t skip_to(struct script_stream *stream, size_t offset, migrate_error **err)
{
    char buffer[16384];
    size_t done = 0, got = 1;
    while (done < offset && got > 0) {
        size_t size = offset - done < sizeof buffer ? offset - done : sizeof buffer;
        int32_t code = section_stream_read(stream->section, buffer, size, &got, err);
        if (code != MIGRATE_OK)
            return code;
        struct sql_mark mark = {0, stream->line, stream->column};
        sql_mark_move(&mark, buffer, got, got);
        stream->line = mark.line;
        stream->column = mark.column;
        done += got;
    }
    return MIGRATE_OK;
}

int32_t script_stream_open(struct script_stream *stream, const struct script *script, const struct segment *segment,
                           bool checksum, migrate_error **err)
{
    *stream = (struct script_stream){.script = script, .line = 1, .column = 1, .origin = segment ? segment->offset : 0};
    if (!script_big(script)) {
        stream->length = segment ? segment->length : script->text.text.length;
        sql_stream_open(&stream->sql, script->engine->dialect, read_held, stream);
        return MIGRATE_OK;
    }
    int32_t code = section_stream_open(script->section, checksum, &stream->section, err);
    if (code == MIGRATE_OK)
        code = skip_to(stream, stream->origin, err);
    sql_stream_open(&stream->sql, script->engine->dialect, section_stream_read, stream->section);
    return code;
}

static void stream_position(struct script_stream *stream, uint64_t at, int64_t *line, int64_t *column)
{
    sql_stream_position(&stream->sql, (size_t)(at - stream->sql.base), line, column);
    if (*line == 1)
        *column += stream->column - 1;
    *line += stream->line - 1;
}

void script_stream_place(struct script_stream *stream, uint64_t at, migrate_error **err)
{
    const struct sql_stream *sql = &stream->sql;
    size_t start, length;
    int64_t line, column;
    if (!script_big(stream->script)) {
        script_place(stream->script, stream->origin + (size_t)at, SIZE_MAX, err);
        return;
    }
    error_id(err, stream->script->id);
    stream_position(stream, at, &line, &column);
    error_place(err, stream->script->file, line, column);
    sql_line_at(sql->text, sql->length, (size_t)(at - sql->base), &start, &length);
    script_show_line(stream->script, sql->text + start, length, err);
}

void script_stream_position(struct script_stream *stream, uint64_t at, int64_t *line, int64_t *column)
{
    if (script_big(stream->script))
        stream_position(stream, at, line, column);
    else
        script_position(stream->script, stream->origin + (size_t)at, line, column);
}

/* A statement's text behind those before, as far as it may be kept. Behind COPY an end of data stands, so that it can be read again. */
static void keep_sql(const struct sql_dialect *dialect, const char *sql, const struct sql_statement *statement, struct text *out)
{
    size_t begin, length = statement->length;
    if (out->length >= SEGMENT_SQL_MOST)
        return;
    text_add(out, out->length == 0 ? "" : out->data[out->length - 1] == '\n' ? "" : ";\n");
    begin = out->length;
    text_add_n(out, sql, length < SEGMENT_SQL_MOST ? length : SEGMENT_SQL_MOST);
    if (out->failed)
        return;
    sql_hide_secrets(dialect, out->data + begin, out->length - begin);
    text_add(out, statement->kind == SQL_COPY_IN ? ";\n\\.\n" : "");
    if (out->length <= SEGMENT_SQL_MOST || out->failed)
        return;
    out->length = SEGMENT_SQL_MOST;
    while (out->length > 0 && ((unsigned char)out->data[out->length] & 0xC0) == 0x80)
        out->length--;
    out->data[out->length] = '\0';
}

static int32_t record_data(struct script_stream *stream, struct sql_digest *digest, migrate_error **err)
{
    const char *data;
    size_t length = 0;
    int32_t code;
    while ((code = sql_stream_data(&stream->sql, &data, &length, err)) == MIGRATE_OK && length > 0)
        sql_digest_data(digest, data, length);
    return code;
}

int32_t script_stream_record(struct script_stream *stream, size_t count, struct segment_record *out, size_t *found,
                             migrate_error **err)
{
    const struct sql_dialect *dialect = stream->script->engine->dialect;
    struct sql_statement statement;
    struct sql_digest digest;
    bool more = true;
    int32_t code = MIGRATE_OK;
    sql_digest_init(&digest);
    *found = 0;
    while (code == MIGRATE_OK && *found < count) {
        code = sql_stream_next(&stream->sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        if (!script_sends(statement.kind))
            continue;
        const char *sql = stream->sql.text + statement.offset;
        (*found)++;
        if (script_only_session(stream->script, sql, statement.length))
            continue;
        sql_digest_statement(&digest, dialect, sql, statement.length);
        keep_sql(dialect, sql, &statement, &out->sql);
        if (statement.kind == SQL_COPY_IN)
            code = record_data(stream, &digest, err);
    }
    sql_digest_end(&digest, out->hash);
    return code == MIGRATE_OK && out->sql.failed ? error_nomem(err) : code;
}

int32_t script_stream_skip(struct script_stream *stream, const struct stretch *stretch, migrate_error **err)
{
    uint64_t unread = sql_stream_skip(&stream->sql, stretch->end, stretch->line, stretch->column);
    return section_stream_skip(stream->section, unread, err);
}

void script_stream_close(struct script_stream *stream)
{
    sql_stream_close(&stream->sql);
    section_stream_close(stream->section);
}
