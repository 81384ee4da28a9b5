/* SPDX-License-Identifier: MIT
 * What is held of a big file (a dump, a seed of a million rows) while it is read for its directives: they
 * stand in comments between statements, so those comments are kept, and a semicolon for each statement. Also
 * kept is where long stretches of data are, so that whoever looks for statements later can pass over them. */
#include "source/big.h"

#include "source/build.h"
#include "util/array.h"
#include "util/memory.h"

enum { STRETCH_LEAST = 64 * 1024 }; /* bytes: a shorter one is as well read again */

static size_t count_lines(const char *text, size_t length)
{
    size_t count = 0;

    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL;
         at++)
        count++;
    return count;
}

static bool has_comment(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++)
        if ((text[i] == '-' && text[i + 1] == '-') || (text[i] == '/' && text[i + 1] == '*'))
            return true;
    return false;
}

/* What stands between two statements. Only comments matter: else a file of a million statements is one semicolon. */
static int32_t add_gap(struct skeleton *skeleton, struct sql_stream *stream, uint64_t from, uint64_t to,
                       migrate_error **err)
{
    const char *gap = stream->text + (from - stream->base);
    size_t length = (size_t)(to - from);
    int64_t line, column;
    struct text *text = &skeleton->text;

    if (!has_comment(gap, length))
        return MIGRATE_OK;
    if (!array_reserve(&skeleton->marks))
        return error_nomem(err);
    sql_stream_position(stream, (size_t)(from - stream->base), &line, &column);
    skeleton->marks.items[skeleton->marks.count++] =
        (struct big_mark){text->length, (size_t)from, skeleton->lines + 1, line};
    text_add_n(text, gap, length);
    skeleton->lines += (int64_t)count_lines(gap, length);
    return text->failed ? error_nomem(err) : MIGRATE_OK;
}

/* ---- stretches ---- */

/* A statement that means nothing to whoever asks what a file does. */
static bool is_data(const struct sql_dialect *dialect, const char *sql, const struct sql_statement *statement)
{
    return statement->kind == SQL_PLAIN && statement->closed &&
           sql_is_word(sql, sql_lex(dialect, sql, statement->length, 0), "INSERT") &&
           !(dialect->meta_commands && memchr(sql, '\\', statement->length));
}

/* What is being read, and the stretch that may go on. */
struct skeleton_walk {
    struct sql_stream stream;
    struct skeleton *skeleton;
    uint64_t from; /* behind the statements so far; stays in the window */
    struct stretch stretch;
    bool open;
};

static void stretch_begin(struct skeleton_walk *walk, uint64_t start)
{
    if (!walk->open)
        walk->stretch = (struct stretch){.start = start};
    walk->open = true;
}

/* It reaches as far as the statements do. A short one is forgotten. */
static int32_t stretch_end(struct skeleton_walk *walk, migrate_error **err)
{
    struct skeleton *skeleton = walk->skeleton;
    struct stretch *stretch = &walk->stretch;

    if (!walk->open)
        return MIGRATE_OK;
    walk->open = false;
    stretch->end = walk->from;
    if (stretch->end - stretch->start < STRETCH_LEAST)
        return MIGRATE_OK;
    if (!array_reserve(&skeleton->stretches))
        return error_nomem(err);
    sql_stream_position(&walk->stream, (size_t)(stretch->end - walk->stream.base), &stretch->line,
                        &stretch->column);
    skeleton->stretches.items[skeleton->stretches.count++] = *stretch;
    return MIGRATE_OK;
}

/* ---- reading ---- */

/* The data of COPY, and the line that ends them. */
static int32_t read_data(struct skeleton_walk *walk, migrate_error **err)
{
    struct sql_stream *stream = &walk->stream;
    const char *data;
    size_t length = 1;
    int32_t code = MIGRATE_OK;

    stretch_begin(walk, walk->from);
    stream->keep = UINT64_MAX;
    while (code == MIGRATE_OK && length > 0)
        code = sql_stream_data(stream, &data, &length, err);
    walk->from = stream->base + stream->splitter.offset;
    return code == MIGRATE_OK ? stretch_end(walk, err) : code;
}

static int32_t read_statement(struct skeleton_walk *walk, const struct sql_statement *statement, migrate_error **err)
{
    struct sql_stream *stream = &walk->stream;
    struct text *text = &walk->skeleton->text;
    uint64_t start = stream->base + statement->offset;
    int32_t code = MIGRATE_OK;

    if (text->length == 0 || text->data[text->length - 1] != ';')
        text_add_char(text, ';');
    if (is_data(stream->splitter.dialect, stream->text + statement->offset, statement)) {
        stretch_begin(walk, start);
        walk->stretch.last = start + statement->length;
        walk->stretch.statements++;
    } else {
        code = stretch_end(walk, err);
    }
    if (statement->kind == SQL_COPY_IN || statement->kind == SQL_META) { /* they end with their line */
        text_add_char(text, '\n');
        walk->skeleton->lines++;
    }
    walk->from = stream->base + statement->end;
    return code == MIGRATE_OK && statement->kind == SQL_COPY_IN ? read_data(walk, err) : code;
}

int32_t skeleton_read(const char *path, const char *file, const struct sql_dialect *dialect,
                      struct skeleton *out, migrate_error **err)
{
    struct bytes bytes;
    struct skeleton_walk walk = {.skeleton = out};
    struct sql_stream *stream = &walk.stream;
    struct sql_statement statement;
    bool more = true;
    int32_t code = bytes_open(&bytes, path, file, err);

    *out = (struct skeleton){0};
    if (code != MIGRATE_OK)
        return code;
    out->mark = bytes.mark;
    sql_stream_open(stream, dialect, bytes_read_text, &bytes);
    while (code == MIGRATE_OK && more) {
        stream->keep = walk.from;
        code = sql_stream_next(stream, &statement, &more, err);
        if (code == MIGRATE_OK)
            code = add_gap(out, stream, walk.from, stream->base + (more ? statement.offset : stream->length),
                           err);
        if (code == MIGRATE_OK)
            code = more ? read_statement(&walk, &statement, err) : stretch_end(&walk, err);
    }
    sql_stream_close(stream);
    bytes_close(&bytes);
    return code == MIGRATE_OK && out->text.failed ? error_nomem(err) : code;
}

void skeleton_free(struct skeleton *skeleton)
{
    text_free(&skeleton->text);
    memory_free(skeleton->marks.items);
    memory_free(skeleton->stretches.items);
}

int64_t skeleton_line(const struct skeleton *skeleton, int64_t line)
{
    const struct big_mark *mark = NULL;

    for (size_t i = 0; i < skeleton->marks.count && skeleton->marks.items[i].skeleton_line <= line; i++)
        mark = &skeleton->marks.items[i];
    return mark ? mark->file_line + (line - mark->skeleton_line) : line;
}

static size_t file_offset(const struct skeleton *skeleton, size_t offset)
{
    const struct big_mark *mark = NULL;

    for (size_t i = 0; i < skeleton->marks.count && skeleton->marks.items[i].skeleton <= offset; i++)
        mark = &skeleton->marks.items[i];
    return mark ? mark->file + (offset - mark->skeleton) : offset;
}

/* What is blank for one reader and text for the other is no common ground. */
static bool has_block(const struct big_file *big, const struct stretch *stretch)
{
    for (size_t i = 0; i < big->count; i++)
        if (big->blocks[i].start < stretch->end && stretch->start < big->blocks[i].end)
            return true;
    return false;
}

struct big_file *big_keep(struct arena *arena, const struct skeleton *skeleton, const struct directive_reading *reading)
{
    struct big_file *big = arena_new(arena, sizeof *big);
    int64_t column;

    if (!big)
        return NULL;
    big->mark = skeleton->mark;
    big->count = reading->rollbacks.count;
    big->blocks = arena_new(arena, (big->count + 1) * sizeof *big->blocks);
    big->stretches = arena_new(arena, (skeleton->stretches.count + 1) * sizeof *big->stretches);
    if (!big->blocks || !big->stretches)
        return NULL;
    for (size_t i = 0; i < big->count; i++) {
        struct span lines = reading->rollbacks.items[i].lines;

        big->blocks[i] = (struct span){file_offset(skeleton, lines.start), file_offset(skeleton, lines.end)};
    }
    for (size_t i = 0; i < skeleton->stretches.count; i++)
        if (!has_block(big, &skeleton->stretches.items[i]))
            big->stretches[big->stretches_count++] = skeleton->stretches.items[i];
    if (big->count > 0) {
        sql_position(reading->text, reading->length, reading->rollbacks.items[0].lines.start,
                     &big->first_line, &column);
        big->first_line = skeleton_line(skeleton, big->first_line);
    }
    return big;
}
