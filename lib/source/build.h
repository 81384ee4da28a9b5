/* SPDX-License-Identifier: MIT
 * What source_open() carries while it builds a source: files as they were found, then migrations, then what
 * they need of each other. */
#ifndef SOURCE_BUILD_H
#define SOURCE_BUILD_H

#include "source/big.h"

#include <string.h>

struct source_file {
    const char *path; /* as messages show it, and to read it by; the id for texts */
    const char *text; /* from memory; NULL: on disk */
    size_t length;
    bool big;     /* on disk, and not held as a whole */
    bool as_text; /* added by migrate_source_add(): a down text that is given counts instead of a rollback
                     block */
};

struct source_private {
    struct arena arena;
    migrate_source *memory; /* its texts are borrowed */
    const struct layout *layout;
    const struct sql_dialect *dialect;
    bool lenient; /* problems were gathered: texts are read in spite of them */
};

/* One file or one addition of the host, before pairing. */
struct found_text {
    enum name_kind kind;
    const char *id; /* "" for the schema */
    enum direction direction;
    const char *engine;     /* NULL: for every engine */
    const char *place;      /* where, for messages */
    struct section section; /* file, bytes, code and user are set */
    const char *version;    /* of code */
    const char *stands_for; /* of a schema in code */
    size_t origin; /* the files of one id must have one origin: the directory, memory's files, one call */
};

struct found_list {
    struct found_text *items;
    size_t count, capacity;
};

enum { ORIGIN_DIRECTORY, ORIGIN_MEMORY_FILES, ORIGIN_CALLS };

/* A byte of a file as an error shows it, kept for errors that are known only when all files have been read.
 */
struct place {
    const char *file;
    int64_t line, column;
    const char *source_line;
};

/* One word behind "-- Depends:". */
struct need {
    size_t migration; /* whose */
    const char *word; /* as written */
    size_t on;        /* which migration it names; NEED_SATISFIED: one that is for other engines alone */
    struct place place;
};

#define NEED_SATISFIED ((size_t)-1)

struct source_build {
    const struct source_options *options;
    struct source *source;
    struct arena *arena;    /* of the source */
    struct arena temporary; /* ends with the build */
    struct found_list found;
    struct {
        const char **items;
        size_t count, capacity;
    } elsewhere; /* ids that are for other engines alone */
    struct {
        struct need *items;
        size_t count, capacity;
    } needs; /* by migration */
    struct place stands_for;
    struct text file; /* the one in hand */
    struct skeleton skeleton; /* of it, if it is big */
};

/* directory.c, memory.c: what is there, in any order. */
int32_t directory_collect(struct source_build *build, migrate_error **err);
int32_t memory_collect(struct source_build *build, migrate_error **err);
/* A file of either: reads its name and puts it into build->found unless it is no migration. */
int32_t build_add_file(struct source_build *build, const char *name, bool repeatable, const struct source_file *file,
                       size_t origin, migrate_error **err);
int32_t build_add(struct source_build *build, const struct found_text *found, migrate_error **err);

/* pairs.c: build->found becomes source->items, in natural order, and the schema. */
int32_t build_pair(struct source_build *build, migrate_error **err);

/* contents.c: reads every file: directives, checksums, needs. */
int32_t build_read(struct source_build *build, migrate_error **err);

/* order.c: resolves needs, puts source->items into running order. */
int32_t build_order(struct source_build *build, migrate_error **err);
bool same_number(const char *a, const char *b);

/* An error at a place. */
int32_t build_fail(const struct place *place, int32_t code, migrate_error **err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* sections.c */
void section_up(const struct directive_reading *reading, struct text *out); /* blank where a rollback block stands */
void section_checksum(const struct directive_reading *reading, char out[DIGEST_HEX]);

#endif
