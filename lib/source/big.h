/* SPDX-License-Identifier: MIT
 * Files that are too big to be held. */
#ifndef SOURCE_BIG_H
#define SOURCE_BIG_H

#include "source/bytes.h"
#include "source/directives.h"
#include "source/source.h"
#include "util/arena.h"

enum { BIG_FROM = 4 * 1024 * 1024 }; /* bytes: a smaller file is simply read */

/* A piece of the skeleton and where it is in the file. */
struct big_mark {
    size_t skeleton, file;                 /* offsets, behind a BOM */
    int64_t skeleton_line, file_line;
};

/* What of a big file is held while it is read for its directives: the comments between its statements, each statement as a semicolon. */
struct skeleton {
    struct file_mark mark;
    struct text text;
    struct {
        struct big_mark *items;
        size_t count, capacity;
    } marks;
    int64_t lines; /* in text so far */
    struct {
        struct stretch *items;
        size_t count, capacity;
    } stretches;
};

/* What is kept of it: the lines that are not of the up text, and where its data are. */
struct big_file {
    struct file_mark mark;
    struct span *blocks; /* rollback blocks, in bytes behind a BOM */
    size_t count;
    int64_t first_line; /* of the first block */
    struct stretch *stretches;
    size_t stretches_count;
};

int32_t skeleton_read(const char *path, const char *file, const struct sql_dialect *dialect, struct skeleton *out,
                      migrate_error **err);
void skeleton_free(struct skeleton *skeleton);
/* The line of the file that a line of the skeleton is. */
int64_t skeleton_line(const struct skeleton *skeleton, int64_t line);
/* The rollback blocks of a reading of the skeleton, in bytes of the file, and the stretches outside of them. NULL: out of
 * memory. */
struct big_file *big_keep(struct arena *arena, const struct skeleton *skeleton, const struct directive_reading *reading);
/* The rollback blocks as they stand in the file. */
int32_t big_read_blocks(const char *path, const struct big_file *big, struct text *out, migrate_error **err);

#endif
