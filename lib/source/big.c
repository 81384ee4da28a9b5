/* SPDX-License-Identifier: MIT
 * The text of a big file, which is never held as a whole: it flows by as a stream, rollback blocks blank, and
 * its checksum is taken as it does. */
#include "source/big.h"

#include "source/build.h"
#include "util/memory.h"

int32_t big_read_blocks(const char *path, const struct big_file *big, struct text *out, migrate_error **err)
{
    struct bytes bytes;
    char buffer[16384];
    size_t at = 0, got = 1;
    int32_t code = bytes_open_again(&bytes, path, path, &big->mark, err);

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
    code = bytes_open_again(&stream->bytes, section->bytes->path, section->file, &section->big->mark, err);
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

/* The piece that begins at that byte of the file: rollback blocks become blanks, so that every place stays
 * what it is in the file. */
static void blank_blocks(struct section_stream *stream, uint64_t at, char *text, size_t length)
{
    size_t done = 0;

    for (size_t b = 0; b < stream->big->count && done < length; b++) {
        struct span block = stream->big->blocks[b];
        size_t start = block.start > at ? (size_t)(block.start - at) : 0;
        size_t end = block.end > at ? (size_t)(block.end - at) : 0;

        if (end <= done || start >= length)
            continue;
        digest_piece(stream, text + done, start - done);
        for (done = start; done < end && done < length; done++)
            if (text[done] != '\n' && text[done] != '\r')
                text[done] = ' ';
    }
    digest_piece(stream, text + done, length - done);
}

int32_t section_stream_read(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct section_stream *stream = user;
    uint64_t at = stream->bytes.at;
    int32_t code = bytes_read(&stream->bytes, buffer, size, got, err);

    if (code != MIGRATE_OK)
        return code;
    if (*got == 0 && stream->checksum[0] == '\0')
        digest_end_hex(&stream->digest, stream->checksum);
    blank_blocks(stream, at, buffer, *got);
    return MIGRATE_OK;
}

int32_t section_stream_skip(struct section_stream *stream, uint64_t count, migrate_error **err)
{
    return bytes_skip(&stream->bytes, count, err);
}

const struct stretch *section_stretches(const struct section *section, size_t *count)
{
    *count = section->big->stretches_count;
    return section->big->stretches;
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
    if (migration->checksum[0] != '\0' && !text_equal(migration->checksum, checksum))
        return bytes_changed(migration->up.file, err);
    memcpy(((struct migration *)migration)->checksum, checksum, DIGEST_HEX);
    return MIGRATE_OK;
}
