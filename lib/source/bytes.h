/* SPDX-License-Identifier: MIT
 * The bytes of a file, piece by piece. */
#ifndef SOURCE_BYTES_H
#define SOURCE_BYTES_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What shows that a file is still the one that was read before. */
struct file_mark {
    uint64_t device, inode;
    int64_t size, seconds, nanoseconds; /* of the last change */
};

struct bytes {
    int fd;
    const char *file; /* for messages */
    struct file_mark mark;
    bool begun;
    uint64_t at;  /* bytes that were read, without a BOM */
    char tail[4]; /* bytes_read_text(): of a character that the last piece cut */
    size_t tail_length;
};

int32_t bytes_open(struct bytes *bytes, const char *path, const char *file, migrate_error **err);
/* The same, of a file that is refused if it is no longer what it was. */
int32_t bytes_open_again(struct bytes *bytes, const char *path, const char *file,
                         const struct file_mark *mark, migrate_error **err);
void bytes_close(struct bytes *bytes);

/* The next bytes of the file, without its BOM; *got = 0: no more. */
int32_t bytes_read(struct bytes *bytes, char *buffer, size_t size, size_t *got, migrate_error **err);
/* The same of a file that has to be UTF-8 without NUL; else an error with line and column. An sql_read. */
int32_t bytes_read_text(void *bytes, char *buffer, size_t size, size_t *got, migrate_error **err);
/* Passes over the next bytes. */
int32_t bytes_skip(struct bytes *bytes, uint64_t count, migrate_error **err);

int32_t bytes_changed(const char *file, migrate_error **err);

#endif
