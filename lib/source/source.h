/* SPDX-License-Identifier: MIT
 * Where migrations come from: a directory, the host's memory, or both, read through a layout (layout.h) into
 * one ordered list. Nothing here knows a database; only the engine's name and dialect, because X.sqlite.sql
 * is not X.postgresql.sql and comments end where the engine says. */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "sql/sql.h"
#include "util/arena.h"
#include "util/digest.h"
#include "util/error.h"
#include "util/text.h"

enum migration_kind { MIGRATION_VERSIONED, MIGRATION_REPEATABLE };
enum direction { DIRECTION_UP, DIRECTION_DOWN };

struct big_file;    /* what is kept of a file that is too big to be held: private to source/ */
struct source_file; /* where a section's bytes are: private to source/ */

/* What has to be so around a migration: -- migrate: expect, assert, assert-before. */
enum expectation_kind { EXPECT_ROWS, EXPECT_TRUE, EXPECT_TRUE_BEFORE };
struct expectation {
    enum expectation_kind kind;
    const char *text;      /* the condition, or the query, as written */
    const char *table;     /* rows: as SQL spells it */
    const char *compare;   /* rows: ">=", "<=", "==", "!=", ">", "<" */
    bool before;           /* rows: number counts from how many there were before */
    int64_t number;
    int64_t line, column;  /* in the file */
};

/* One direction of a migration. */
struct section {
    bool present;
    bool no_transaction;             /* -- migrate: no-transaction */
    bool foreign_keys;               /* -- migrate: foreign-keys on: SQLite enforces them while this runs */
    const char *file;                /* as messages show it: "dir/007_x.sql"; the id for texts from memory */
    const struct source_file *bytes; /* NULL: code */
    const struct big_file *big;      /* not NULL: the up text is read as a stream, not by section_read() */
    bool from_block;                 /* the text of the rollback block inside the file */
    bool unreadable;                 /* of a source that is only looked at: nothing of it could be read */
    const struct expectation *expectations;
    size_t expectations_count;
    migrate_code_fn code;            /* a code migration's */
    void *user;
};

struct migration {
    enum migration_kind kind;
    const char *id;     /* the stem without direction and engine suffix */
    const char *name;   /* the id without its number */
    const char *number; /* digits as written; NULL: unnumbered */
    struct section up, down;
    /* "" until source_checksum(), for a big file */
    char checksum[DIGEST_HEX]; /* of the up text as DESIGN says; a code migration's: "code:" version (its
                                  digest where it is too long) */
    char token_checksum[DIGEST_HEX]; /* "" until source_tokens(); for code and big files, too */
    const char *const *depends;      /* -- Depends: ids in full; those of other engines are left out */
    size_t depends_count;
    const char *const *tables; /* -- Dependencies: tables, as written */
    size_t tables_count;
    bool out_of_order, breaking;
    const char *allow_data_loss; /* the reason; NULL: not allowed */
};

/* One "-- migrate: ignore RULE REASON": what a check is not to tell. Nothing here knows the rules. */
struct source_ignore {
    const char *rule, *reason; /* as written; "": there is none */
    const char *file;
    int64_t line, column;         /* of its comment */
    int64_t end_line, end_column; /* of the statement behind it; 0: there is none */
    bool whole;                   /* it stands in front of the first statement: for the whole file */
};

/* The fast road for an empty database. */
struct source_schema {
    bool present;
    const char *stands_for; /* id; every migration up to and with it is replaced */
    size_t count;           /* how many versioned migrations, from the front of the list, that is */
    struct section up;
    char checksum[DIGEST_HEX];
};

struct source {
    struct migration *items; /* versioned in running order, then repeatable by id */
    size_t count;
    size_t versioned; /* how many of them are versioned */
    struct source_schema schema;
    struct {
        struct source_ignore *items;
        size_t count, capacity;
    } ignores;
    struct source_private *private;
};

struct source_options {
    const char *dir;        /* NULL: no directory */
    migrate_source *memory; /* NULL: none; kept alive by the source */
    const char *engine;     /* "sqlite", "postgresql" */
    const struct sql_dialect *dialect;
    bool allow_duplicate_numbers;
    /* A source that is only looked at: what is wrong with it goes here, one by one, and the reading goes on without it. What is returned
     * other than MIGRATE_OK ends it. NULL: the first problem is the end. */
    int32_t (*problem)(const migrate_error *problem, void *user, migrate_error **err);
    void *user;
};

/* Reads names, directives and checksums; texts are let go again and read anew when a step runs, so that
 * memory does not grow with them. MIGRATE_ERROR_SOURCE, _DUPLICATE, _DEPENDENCY with file:line:column. */
int32_t source_open(const struct source_options *options, struct source **out, migrate_error **err);
/* The only engine that file names speak of; NULL: they speak of none, or of several, or cannot be read. */
int32_t source_engine(const struct source_options *options, const char **out, migrate_error **err);
void source_free(struct source *source); /* NULL is fine */

/* The text of a section as it is to be run: same lines and columns as in the file (what is not of this
 * section is blank), from `first_line` (1-based) on. MIGRATE_ERROR_SOURCE if the file changed since
 * source_open() (expected: the checksum that the migration or schema carries; NULL for down texts). */
struct section_text {
    struct text text;
    int64_t first_line;
    int64_t first_column; /* of the first line; 1 unless the text begins inside a line */
    struct text rollback; /* with an up text: the rollback block of the same file, to save reading it again */
};
int32_t section_read(const struct source *source, const struct section *section, const char *expected,
                     struct section_text *out, migrate_error **err);
void section_text_free(struct section_text *text);
/* The bytes of its file as they are; nothing of a big one, or of code. */
int32_t section_bytes(const struct section *section, struct text *out, migrate_error **err);

/* The up text of a big file as a stream: the same lines and columns as in the file, rollback blocks blank. checksum: it is wanted at
 * the end. read is an sql_read. finish
 * reads what is left and gives the text's checksum, which belongs to the stream. */
struct section_stream;
/* A long stretch of a big text that nobody has to look into: INSERT statements in a row, or the data of a COPY. Places are bytes of
 * the stream. */
struct stretch {
    uint64_t start; /* of its first statement; of the data */
    uint64_t last;  /* the end of its last statement, without the semicolon */
    uint64_t end;   /* where reading may go on */
    int64_t line, column; /* of that */
    size_t statements;    /* 0: data */
};
const struct stretch *section_stretches(const struct section *section, size_t *count);
int32_t section_stream_open(const struct section *section, bool checksum, struct section_stream **out, migrate_error **err);
int32_t section_stream_read(void *stream, char *buffer, size_t size, size_t *got, migrate_error **err);
/* Passes over bytes, where no checksum is wanted. */
int32_t section_stream_skip(struct section_stream *stream, uint64_t count, migrate_error **err);
int32_t section_stream_finish(struct section_stream *stream, const char **checksum, migrate_error **err);
void section_stream_close(struct section_stream *stream);

/* Sees to it that the checksum is known; of a big file it is taken now. */
int32_t source_checksum(const struct migration *migration, migrate_error **err);
/* The same for the checksum over tokens, which few runs need. up: the up text, if it is at hand; NULL: it is read. */
int32_t source_tokens(const struct source *source, const struct migration *migration, const struct text *up,
                      migrate_error **err);
/* The text was read and has this checksum: keeps it, or refuses a file that is no longer what it was. */
int32_t source_settle(const struct migration *migration, const char *checksum, migrate_error **err);

/* Order of ids: numbered before unnumbered, numbers as numbers of any length, then natural order of the
 * names. */
int source_compare_ids(const char *a_number, const char *a_id, const char *b_number, const char *b_id);
/* Numbers of any length, by value. */
int source_compare_numbers(const char *a, const char *b);
/* The digits at the front of an id, as a migration's number; returns their count (0: unnumbered). */
size_t source_number_length(const char *id);

/* ---- migrations from memory (memory.c): behind migrate_source_* ---- */
int32_t memory_source_new(migrate_source **out, migrate_error **err);
int32_t memory_source_add_file(migrate_source *source, const char *path, const char *text, size_t length,
                               migrate_error **err);
int32_t memory_source_add(migrate_source *source, const char *id, const char *up, const char *down,
                          migrate_error **err);
int32_t memory_source_add_code(migrate_source *source, const char *id, const char *version,
                               migrate_code_fn up, migrate_code_fn down, void *user, migrate_error **err);
int32_t memory_source_set_schema_code(migrate_source *source, const char *stands_for, migrate_code_fn create,
                                      void *user, migrate_error **err);
migrate_source *memory_source_ref(migrate_source *source);
void memory_source_unref(migrate_source *source);

#endif
