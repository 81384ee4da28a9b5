/* SPDX-License-Identifier: MIT
 * The bytes of a file, piece by piece. A big file is read several times: by its size and the time of its last
 * change we know that it is the same one each time. */
#include "source/bytes.h"

#include "util/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char bom[] = "\xEF\xBB\xBF";
enum { BOM_LENGTH = 3 };

static int32_t fail(const char *file, const char *what, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SOURCE, "%s %s", file, what);
    error_about(err, "unreadable");
    error_place(err, file, 0, 0);
    return MIGRATE_ERROR_SOURCE;
}

int32_t bytes_changed(const char *file, migrate_error **err)
{
    fail(file, "changed while it was in use", err);
    error_hint(err, "run again, with migrations that nobody writes to");
    return MIGRATE_ERROR_SOURCE;
}

int32_t bytes_open(struct bytes *bytes, const char *path, const char *file, migrate_error **err)
{
    struct stat about;

    *bytes = (struct bytes){.fd = open(path, O_RDONLY | O_CLOEXEC), .file = file};
    if (bytes->fd < 0 || fstat(bytes->fd, &about) != 0) {
        bytes_close(bytes);
        return fail(file, "cannot be read", err);
    }
    bytes->mark = (struct file_mark){.device = (uint64_t)about.st_dev,
                                     .inode = (uint64_t)about.st_ino,
                                     .size = about.st_size,
                                     .seconds = about.st_mtim.tv_sec,
                                     .nanoseconds = about.st_mtim.tv_nsec};
    return MIGRATE_OK;
}

int32_t bytes_open_again(struct bytes *bytes, const char *path, const char *file,
                         const struct file_mark *mark, migrate_error **err)
{
    const struct file_mark *now = &bytes->mark;
    int32_t code = bytes_open(bytes, path, file, err);

    if (code != MIGRATE_OK)
        return code;
    if (now->device == mark->device && now->inode == mark->inode && now->size == mark->size &&
        now->seconds == mark->seconds && now->nanoseconds == mark->nanoseconds)
        return MIGRATE_OK;
    bytes_close(bytes);
    return bytes_changed(file, err);
}

void bytes_close(struct bytes *bytes)
{
    if (bytes->fd >= 0)
        close(bytes->fd);
    bytes->fd = -1;
}

int32_t bytes_read(struct bytes *bytes, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t n = read(bytes->fd, buffer + filled, size - filled);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(bytes->file, "could not be read to its end", err);
        if (n == 0)
            break;
        filled += (size_t)n;
        if (!bytes->begun && filled >= BOM_LENGTH) {
            bytes->begun = true;
            if (memcmp(buffer, bom, BOM_LENGTH) == 0)
                memmove(buffer, buffer + BOM_LENGTH, filled -= BOM_LENGTH);
        }
    }
    bytes->at += filled;
    *got = filled;
    return MIGRATE_OK;
}

int32_t bytes_skip(struct bytes *bytes, uint64_t count, migrate_error **err)
{
    if (lseek(bytes->fd, (off_t)count, SEEK_CUR) < 0)
        return fail(bytes->file, "could not be read to its end", err);
    bytes->at += count;
    return MIGRATE_OK;
}

/* ---- UTF-8 ---- */

/* Counts lines and characters anew: nobody pays for it where all is well. */
static int32_t refuse(struct bytes *bytes, uint64_t at, unsigned char byte, migrate_error **err)
{
    struct bytes again = {.fd = bytes->fd, .file = bytes->file};
    char buffer[16384];
    size_t got = 1;
    int64_t line = 1, column = 1;

    error_set(err, MIGRATE_ERROR_SOURCE, "the file is not UTF-8 text: byte 0x%02X", byte);
    error_hint(err, "save it as UTF-8 without NUL bytes");
    error_about(err, "encoding");
    if (lseek(again.fd, 0, SEEK_SET) != 0)
        at = 0;
    for (uint64_t done = 0; done < at && got > 0; done = again.at) {
        if (bytes_read(&again, buffer, sizeof buffer, &got, NULL) != MIGRATE_OK)
            break;
        for (size_t i = 0; i < got && done + i < at; i++) {
            if (buffer[i] == '\n') {
                line++;
                column = 1;
            } else if (((unsigned char)buffer[i] & 0xC0) != 0x80) {
                column++;
            }
        }
    }
    error_place(err, bytes->file, line, column);
    return MIGRATE_ERROR_SOURCE;
}

/* How long the character is that begins so. */
static size_t character_length(char lead)
{
    unsigned char c = (unsigned char)lead;

    return c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
}

/* Whether text ends within a character; how many of its bytes are there. */
static size_t cut_length(const char *text, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        char c = text[length - back];

        if (((unsigned char)c & 0xC0) != 0x80)
            return character_length(c) > back ? back : 0;
    }
    return 0;
}

/* Finishes the character that the last piece cut; *from: behind it. false: it is none. */
static bool finish_character(struct bytes *bytes, const char *text, size_t length, size_t *from)
{
    char whole[8];
    size_t wanted = character_length(bytes->tail[0]) - bytes->tail_length;

    if (wanted > length)
        wanted = length;
    memcpy(whole, bytes->tail, bytes->tail_length);
    memcpy(whole + bytes->tail_length, text, wanted);
    *from = wanted;
    return utf8_invalid(whole, bytes->tail_length + wanted) == bytes->tail_length + wanted;
}

int32_t bytes_read_text(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct bytes *bytes = user;
    uint64_t start = bytes->at;
    size_t from = 0, cut, bad;
    int32_t code = bytes_read(bytes, buffer, size, got, err);

    if (code != MIGRATE_OK)
        return code;
    if (bytes->tail_length > 0 && (*got == 0 || !finish_character(bytes, buffer, *got, &from)))
        return refuse(bytes, start - bytes->tail_length, (unsigned char)bytes->tail[0], err);
    cut = cut_length(buffer + from, *got - from);
    memcpy(bytes->tail, buffer + *got - cut, cut);
    bytes->tail_length = cut;
    bad = from + utf8_invalid(buffer + from, *got - from - cut);
    return bad < *got - cut ? refuse(bytes, start + bad, (unsigned char)buffer[bad], err) : MIGRATE_OK;
}
