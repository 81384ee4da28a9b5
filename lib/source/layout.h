/* SPDX-License-Identifier: MIT
 * How a tool arranges migrations in files, as data. A layout is one table (layouts.c); its two readers, of
 * file names (names.c) and of directives inside a file (directives.c), are the same for every flat layout. */
#ifndef SOURCE_LAYOUT_H
#define SOURCE_LAYOUT_H

#include "source/source.h"

/* ---- directives ---- */
enum directive_action {
    DIRECTIVE_ROLLBACK,
    DIRECTIVE_END_ROLLBACK,
    DIRECTIVE_DEPENDS,
    DIRECTIVE_TABLES,
    DIRECTIVE_NO_TRANSACTION,
    DIRECTIVE_FOREIGN_KEYS,
    DIRECTIVE_OUT_OF_ORDER,
    DIRECTIVE_BREAKING,
    DIRECTIVE_ALLOW_DATA_LOSS,
    DIRECTIVE_STANDS_FOR,
    DIRECTIVE_IGNORE,
    DIRECTIVE_EXPECT,
    DIRECTIVE_ASSERT,
    DIRECTIVE_ASSERT_BEFORE,
    DIRECTIVE_FOREIGN /* of a tool whose layout would be misread here: an error */
};

enum directive_argument {
    ARGUMENT_NONE,  /* nothing may follow */
    ARGUMENT_ANY,   /* whatever follows, or nothing */
    ARGUMENT_LIST,  /* words between commas and blanks, or nothing, or "none" */
    ARGUMENT_NEEDED /* something must follow */
};

/* Where a directive may stand. */
enum directive_role {
    ROLE_UP = 1,         /* an up file, outside rollback blocks */
    ROLE_DOWN = 2,       /* a down file */
    ROLE_BLOCK = 4,      /* a rollback block */
    ROLE_REPEATABLE = 8, /* a repeatable file */
    ROLE_SCHEMA = 16,    /* the schema file */
    ROLE_ANY = 31        /* a file whose directives were checked before */
};

struct directive_row {
    /* The words behind "--", in any case. A blank stands for any blanks, none being enough behind a colon. */
    const char *key;
    enum directive_action action;
    enum directive_argument argument;
    unsigned roles;   /* enum directive_role */
    const char *tool; /* of DIRECTIVE_FOREIGN */
};

/* Behind something that may be refused: where problems are gathered it is handed over, and the reading goes on. Moves the problem. */
int32_t source_pass(const struct source_options *options, int32_t code, migrate_error **problem, migrate_error **err);

/* ---- names ---- */
struct layout_direction {
    const char *suffix; /* ".down" */
    enum direction direction;
};

struct layout {
    const char *extension;                     /* ".sql" */
    const char *separators;                    /* between a number and the rest: one of these characters */
    const struct layout_direction *directions; /* ended by a NULL suffix */
    const char *schema;                        /* the stem of the schema file */
    const char *repeatable;                    /* the folder of repeatable files */
    const struct directive_row *directives;    /* ended by a NULL key */
    const char *reserved; /* a comment that begins so and fits no row is an error: a typing error */
};

extern const struct layout layout_native;

enum name_kind { NAME_IGNORED, NAME_VERSIONED, NAME_REPEATABLE, NAME_SCHEMA };

struct file_name {
    enum name_kind kind;
    size_t id_length; /* the id is the front of the name */
    enum direction direction;
    const char *engine; /* NULL: for every engine */
};

/* The name looks like a migration's, fitting or not. */
bool name_is_candidate(const struct layout *layout, const char *name);

/* Reads a file name. repeatable: it lies in the folder of repeatable files. shown: the file in messages. */
int32_t name_read(const struct layout *layout, const char *name, bool repeatable, const char *shown,
                  struct file_name *out, migrate_error **err);

/* An id that the host gives must look as one that a file could have. */
int32_t name_check_id(const struct layout *layout, const char *id, migrate_error **err);

#endif
