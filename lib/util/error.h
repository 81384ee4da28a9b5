/* SPDX-License-Identifier: MIT
 * The error object behind migrate_error. Whoever knows an error sets it; everybody above passes it on,
 * perhaps adding what only he knows (file, id). Every function here accepts err == NULL and *err == NULL.
 *
 *     return error_set(err, MIGRATE_ERROR_SOURCE, "%s: no such directory", path);
 */
#ifndef UTIL_ERROR_H
#define UTIL_ERROR_H

#include <migrate.h>
#include <stdarg.h>
#include <stdbool.h>

/* What the database's complaint means, where a layer above decides by it. Set by database/, never shown. */
enum error_kind {
    ERROR_OTHER,
    ERROR_NO_TABLE,  /* no such table */
    ERROR_NO_COLUMN, /* no such column */
    ERROR_UNIQUE,    /* unique or primary key violated */
    ERROR_EXISTS,    /* object is there already */
    ERROR_UNCOMMITTED, /* uses what the same transaction made and what is of no use before its COMMIT */
    ERROR_BUSY,      /* somebody else holds a lock; worth another try */
    ERROR_RIGHTS,    /* permission denied */
    ERROR_READ_ONLY, /* read-only file, transaction or server */
    ERROR_RETRY,     /* not up yet: connecting may succeed later */
    ERROR_LOST,      /* the connection is gone */
    ERROR_IO         /* disk full, I/O error, corrupt */
};

struct migrate_error {
    int32_t code;
    enum error_kind kind;
    char *message, *detail, *hint, *id, *file, *statement;
    char *source_line; /* the line of the file that line/column point into, for the caret */
    const char *about; /* static: the name of the check's rule that this is a case of; NULL: of none */
    char sqlstate[6];  /* "" if none */
    int32_t driver_code;
    int64_t line, column; /* 0 if none */
};

/* Make the error and return code. On a lack of memory *err becomes the static out-of-memory error and its
 * code is returned. An error that is there already is freed and replaced. */
int32_t error_set(migrate_error **err, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int32_t error_vset(migrate_error **err, int32_t code, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
int32_t error_nomem(migrate_error **err); /* the static error; MIGRATE_ERROR_NOMEM */

/* Add to an error that is there. A lack of memory here loses the addition, not the error. */
void error_hint(migrate_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_detail(migrate_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_detail_add(migrate_error **err, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* one more line */
void error_id(migrate_error **err, const char *id);
void error_place(migrate_error **err, const char *file, int64_t line, int64_t column); /* 0 where unknown */
void error_statement(migrate_error **err, const char *statement, size_t length);       /* cut at 4 KiB */
void error_source_line(migrate_error **err, const char *line, size_t length);
void error_about(migrate_error **err, const char *rule); /* static */
void error_database(migrate_error **err, enum error_kind kind, const char *sqlstate, int32_t driver_code);

enum error_kind error_kind_of(migrate_error *const *err);  /* ERROR_OTHER if there is none */
void error_free(migrate_error *error);                     /* NULL and the static error are left alone */
void error_clear(migrate_error **err);                     /* free it, *err = NULL */
void error_move(migrate_error **to, migrate_error **from); /* hand over; freed if to == NULL */

/* Tables by code: word and class. NULL for a number that is no code. */
const char *error_code_name(int32_t code);
const char *error_code_class(int32_t code); /* NULL for codes that are no error, too */

char *error_to_text(const migrate_error *error); /* for migrate_error_text(); NULL: out of memory */
char *error_to_json(const migrate_error *error);

#endif
