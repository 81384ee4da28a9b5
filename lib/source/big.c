/* SPDX-License-Identifier: MIT
 * A big file (a dump, a seed of a million rows) is never held as a whole. Directives stand in comments between statements, so what
 * is read for them is its skeleton; the up text flows by as a stream, without the rollback blocks, and its
 * checksum is taken as it does. */
#include "source/big.h"

#include "source/build.h"
#include "util/array.h"
#include "util/memory.h"
#include "util/utf8.h"

#include <fcntl.h>
#include <unistd.h>

static const char bom[] = "\xEF\xBB\xBF";

/* ---- bytes ---- */

struct bytes {
    int fd;
    const char *file; /* for messages */
    bool begun;
    /* what was read so far, for the place of a byte that is no text */
    int64_t line, column;
    char tail[4]; /* of a character that the last piece cut */
    size_t tail_length;
};

static int32_t bytes_open(struct bytes *bytes, const char *path, const char *file, migrate_error **err)
{
    *bytes = (struct bytes){.fd = open(path, O_RDONLY | O_CLOEXEC), .file = file, .line = 1, .column = 1};
    if (bytes->fd >= 0)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_SOURCE, "%s cannot be read", file);
    error_place(err, file, 0, 0);
    return MIGRATE_ERROR_SOURCE;
}

static void bytes_close(struct bytes *bytes)
{
    if (bytes->fd >= 0)
        close(bytes->fd);
    bytes->fd = -1;
}

static int32_t bytes_refuse(struct bytes *bytes, const char *text, size_t good, unsigned char byte, migrate_error **err)
{
    for (size_t i = 0; i < good; i++) {
        if (text[i] == '\n') {
            bytes->line++;
            bytes->column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            bytes->column++;
        }
    }
    error_set(err, MIGRATE_ERROR_SOURCE, "the file is not UTF-8 text: byte 0x%02X", byte);
    error_hint(err, "save it as UTF-8 without NUL bytes");
    error_place(err, bytes->file, bytes->line, bytes->column);
    return MIGRATE_ERROR_SOURCE;
}

/* Whether text ends within a character; how many of its bytes are there. */
static size_t cut_length(const char *text, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        unsigned char c = (unsigned char)text[length - back];

        if ((c & 0xC0) == 0x80)
            continue;
        return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : c >= 0xC0 ? 2u : 1u) > back ? back : 0;
    }
    return 0;
}

/* A piece follows the last one's tail; counts lines as it goes. */
static int32_t bytes_check(struct bytes *bytes, const char *text, size_t length, migrate_error **err)
{
    size_t from = 0, cut, bad;

    if (bytes->tail_length > 0) { /* finish the character that was cut */
        char whole[8];
        size_t lead = (unsigned char)bytes->tail[0] >= 0xF0 ? 4 : (unsigned char)bytes->tail[0] >= 0xE0 ? 3 : 2;
        size_t wanted = lead - bytes->tail_length;

        if (wanted > length)
            wanted = length;
        memcpy(whole, bytes->tail, bytes->tail_length);
        memcpy(whole + bytes->tail_length, text, wanted);
        if (utf8_invalid(whole, bytes->tail_length + wanted) < bytes->tail_length + wanted)
            return bytes_refuse(bytes, "", 0, (unsigned char)bytes->tail[0], err);
        bytes->column++;
        bytes->tail_length = 0;
        from = wanted;
    }
    cut = cut_length(text + from, length - from);
    memcpy(bytes->tail, text + length - cut, cut);
    bytes->tail_length = cut;
    bad = from + utf8_invalid(text + from, length - from - cut);
    if (bad < length - cut)
        return bytes_refuse(bytes, text, bad, (unsigned char)text[bad], err);
    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++) {
        bytes->line++;
        bytes->column = 1;
    }
    return MIGRATE_OK;
}

/* The next bytes of the file, without its BOM. */
static int32_t bytes_read(struct bytes *bytes, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t n = read(bytes->fd, buffer + filled, size - filled);

        if (n < 0) {
            error_set(err, MIGRATE_ERROR_SOURCE, "%s could not be read to its end", bytes->file);
            error_place(err, bytes->file, 0, 0);
            return MIGRATE_ERROR_SOURCE;
        }
        if (n == 0)
            break;
        filled += (size_t)n;
        if (!bytes->begun && filled >= 3) {
            bytes->begun = true;
            if (memcmp(buffer, bom, 3) == 0)
                memmove(buffer, buffer + 3, filled -= 3);
        }
    }
    *got = filled;
    return MIGRATE_OK;
}

static int32_t read_checked(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct bytes *bytes = user;
    int32_t code = bytes_read(bytes, buffer, size, got, err);

    if (code == MIGRATE_OK && *got == 0 && bytes->tail_length > 0)
        return bytes_refuse(bytes, "", 0, (unsigned char)bytes->tail[0], err);
    return code == MIGRATE_OK && *got > 0 ? bytes_check(bytes, buffer, *got, err) : code;
}

/* ---- skeletons ---- */

static size_t count_lines(const char *text, size_t length)
{
    size_t count = 0;

    for (const char *at = text, *end = text + length; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
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

/* What stands between two statements. Only comments matter, and that a line begins. */
static int32_t add_gap(struct skeleton *skeleton, struct sql_stream *stream, uint64_t from, uint64_t to, migrate_error **err)
{
    const char *gap = stream->text + (from - stream->base);
    size_t length = (size_t)(to - from);
    int64_t line, column;
    struct text *text = &skeleton->text;

    if (!has_comment(gap, length)) {
        if (memchr(gap, '\n', length) != NULL && text->length > 0 && text->data[text->length - 1] != '\n') {
            text_add_char(text, '\n');
            skeleton->lines++;
        }
        return text->failed ? error_nomem(err) : MIGRATE_OK;
    }
    if (!array_reserve(&skeleton->marks))
        return error_nomem(err);
    sql_stream_position(stream, (size_t)(from - stream->base), &line, &column);
    skeleton->marks.items[skeleton->marks.count++] =
        (struct big_mark){text->length, (size_t)from, skeleton->lines + 1, line};
    text_add_n(text, gap, length);
    skeleton->lines += (int64_t)count_lines(gap, length);
    return text->failed ? error_nomem(err) : MIGRATE_OK;
}

int32_t skeleton_read(const char *path, const char *file, const struct sql_dialect *dialect, struct skeleton *out,
                      migrate_error **err)
{
    struct bytes bytes;
    struct sql_stream stream;
    struct sql_statement statement;
    uint64_t from = 0;
    bool more = true;
    int32_t code = bytes_open(&bytes, path, file, err);

    *out = (struct skeleton){0};
    if (code != MIGRATE_OK)
        return code;
    sql_stream_open(&stream, dialect, read_checked, &bytes);
    stream.keep = 0;
    while (code == MIGRATE_OK && more) {
        code = sql_stream_next(&stream, &statement, &more, err);
        if (code != MIGRATE_OK)
            break;
        code = add_gap(out, &stream, from, stream.base + (more ? statement.offset : stream.length), err);
        if (more && (out->text.length == 0 || out->text.data[out->text.length - 1] != ';'))
            text_add_char(&out->text, ';');
        from = stream.base + (more ? statement.end : 0);
        if (more && statement.kind == SQL_COPY_IN) { /* its data end elsewhere */
            const char *data;
            size_t length = 1;

            stream.keep = UINT64_MAX;
            while (code == MIGRATE_OK && length > 0)
                code = sql_stream_data(&stream, &data, &length, err);
            from = stream.base + stream.splitter.offset;
        }
        stream.keep = from;
    }
    sql_stream_close(&stream);
    bytes_close(&bytes);
    return code == MIGRATE_OK && out->text.failed ? error_nomem(err) : code;
}

void skeleton_free(struct skeleton *skeleton)
{
    text_free(&skeleton->text);
    memory_free(skeleton->marks.items);
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

struct big_file *big_keep(struct arena *arena, const struct skeleton *skeleton, const struct reading *reading)
{
    struct big_file *big = arena_new(arena, sizeof *big);
    int64_t column;

    if (!big)
        return NULL;
    big->count = reading->rollbacks.count;
    big->blocks = arena_new(arena, (big->count + 1) * sizeof *big->blocks);
    if (!big->blocks)
        return NULL;
    for (size_t i = 0; i < big->count; i++) {
        struct span lines = reading->rollbacks.items[i].lines;

        big->blocks[i] = (struct span){file_offset(skeleton, lines.start), file_offset(skeleton, lines.end)};
    }
    if (big->count > 0) {
        sql_position(reading->text, reading->length, reading->rollbacks.items[0].lines.start, &big->first_line, &column);
        big->first_line = skeleton_line(skeleton, big->first_line);
    }
    return big;
}

int32_t big_read_blocks(const char *path, const struct big_file *big, struct text *out, migrate_error **err)
{
    struct bytes bytes;
    char buffer[16384];
    size_t at = 0, got = 1;
    int32_t code = bytes_open(&bytes, path, path, err);

    if (code != MIGRATE_OK)
        return code;
    while (code == MIGRATE_OK && got > 0) {
        code = bytes_read(&bytes, buffer, sizeof buffer, &got, err);
        for (size_t i = 0; code == MIGRATE_OK && i < big->count; i++) {
            size_t start = big->blocks[i].start > at ? big->blocks[i].start : at;
            size_t end = big->blocks[i].end < at + got ? big->blocks[i].end : at + got;

            if (start < end)
                text_add_n(out, buffer + (start - at), end - start);
        }
        at += got;
    }
    bytes_close(&bytes);
    return code == MIGRATE_OK && out->failed ? error_nomem(err) : code;
}

/* ---- streams ---- */

struct section_stream {
    struct bytes bytes;
    const struct big_file *big;
    size_t at; /* bytes of the file that were read */
    struct digest digest;
    bool summing;         /* the checksum is wanted: most of the time goes there */
    bool carriage_return; /* the last byte for the digest was one */
    char checksum[DIGEST_HEX];
};

int32_t section_stream_open(const struct section *section, bool checksum, struct section_stream **out,
                            migrate_error **err)
{
    struct section_stream *stream = memory_new(sizeof *stream);
    int32_t code;

    if (!stream)
        return error_nomem(err);
    stream->big = section->big;
    stream->summing = checksum;
    digest_init_long(&stream->digest);
    code = bytes_open(&stream->bytes, section->bytes->path, section->file, err);
    if (code != MIGRATE_OK) {
        memory_free(stream);
        return code;
    }
    *out = stream;
    return MIGRATE_OK;
}

void section_stream_close(struct section_stream *stream)
{
    if (!stream)
        return;
    bytes_close(&stream->bytes);
    memory_free(stream);
}

/* Line ends count as LF. */
static void digest_piece(struct section_stream *stream, const char *text, size_t length)
{
    size_t done = 0;

    if (!stream->summing)
        return;
    for (const char *at = text, *end = text + length; length > 0 && at < end; at++) {
        size_t i;

        if (stream->carriage_return) {
            stream->carriage_return = false;
            if (*at == '\n' && at == text + done) {
                done++;
                continue;
            }
        }
        at = memchr(at, '\r', (size_t)(end - at));
        if (!at)
            break;
        i = (size_t)(at - text);
        digest_add(&stream->digest, text + done, i - done);
        digest_add(&stream->digest, "\n", 1);
        stream->carriage_return = true;
        done = i + 1;
    }
    digest_add(&stream->digest, text + done, length - done);
}

/* The piece without rollback blocks, whose lines stay, empty. In place; returns the new length. */
static size_t blank_blocks(struct section_stream *stream, char *text, size_t length)
{
    size_t kept = 0, i = 0;

    for (size_t b = 0; b < stream->big->count && i < length; b++) {
        struct span block = stream->big->blocks[b];
        size_t start = block.start > stream->at ? block.start - stream->at : 0;
        size_t end = block.end > stream->at ? block.end - stream->at : 0;

        if (end <= i || start >= length)
            continue;
        digest_piece(stream, text + i, start - i);
        memmove(text + kept, text + i, start - i);
        kept += start - i;
        for (i = start; i < end && i < length; i++)
            if (text[i] == '\n')
                text[kept++] = '\n';
    }
    digest_piece(stream, text + i, length - i);
    memmove(text + kept, text + i, length - i);
    return kept + length - i;
}

int32_t section_stream_read(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct section_stream *stream = user;
    size_t length = 0;
    int32_t code;

    do {
        code = bytes_read(&stream->bytes, buffer, size, &length, err);
        if (code != MIGRATE_OK)
            return code;
        if (length == 0 && stream->checksum[0] == '\0')
            digest_end_hex(&stream->digest, stream->checksum);
        *got = length > 0 ? blank_blocks(stream, buffer, length) : 0;
        stream->at += length;
    } while (length > 0 && *got == 0);
    return MIGRATE_OK;
}

int32_t section_stream_finish(struct section_stream *stream, const char **checksum, migrate_error **err)
{
    char buffer[16384];
    size_t got = 1;
    int32_t code = MIGRATE_OK;

    while (code == MIGRATE_OK && got > 0)
        code = section_stream_read(stream, buffer, sizeof buffer, &got, err);
    if (code == MIGRATE_OK)
        *checksum = stream->checksum;
    return code;
}

int32_t source_checksum(const struct migration *migration, migrate_error **err)
{
    struct section_stream *stream = NULL;
    const char *checksum = NULL;
    int32_t code;

    if (migration->checksum[0] != '\0')
        return MIGRATE_OK;
    code = section_stream_open(&migration->up, true, &stream, err);
    if (code == MIGRATE_OK)
        code = section_stream_finish(stream, &checksum, err);
    if (code == MIGRATE_OK)
        code = source_settle(migration, checksum, err);
    section_stream_close(stream);
    return code;
}

int32_t source_settle(const struct migration *migration, const char *checksum, migrate_error **err)
{
    if (migration->checksum[0] != '\0' && !text_equal(migration->checksum, checksum)) {
        error_set(err, MIGRATE_ERROR_SOURCE, "%s changed while it was in use", migration->up.file);
        error_hint(err, "run again, with migrations that nobody writes to");
        error_place(err, migration->up.file, 0, 0);
        return MIGRATE_ERROR_SOURCE;
    }
    memcpy(((struct migration *)migration)->checksum, checksum, DIGEST_HEX);
    return MIGRATE_OK;
}
