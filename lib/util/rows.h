/* SPDX-License-Identifier: MIT
 * The row set behind migrate_rows: built once, then immutable. A failed allocation while building is
 * remembered and reported by rows_finish(), so that building is a straight list of puts. */
#ifndef UTIL_ROWS_H
#define UTIL_ROWS_H

#include "util/error.h"

/* columns are copied. NULL when memory is out. */
struct migrate_rows *rows_new(const char *const *columns, size_t count);

/* The cells of one row after the other, left to right. Texts are copied; NULL text puts null. */
void rows_put_text(struct migrate_rows *rows, const char *text);
void rows_put_text_n(struct migrate_rows *rows, const char *text, size_t length);
void rows_put_int(struct migrate_rows *rows, int64_t number);
void rows_put_bool(struct migrate_rows *rows, bool truth);
void rows_put_null(struct migrate_rows *rows);

/* Named values of the whole set; the name is copied; a second value under one name replaces the first. */
void rows_value_text(struct migrate_rows *rows, const char *name, const char *text); /* NULL: null */
void rows_value_int(struct migrate_rows *rows, const char *name, int64_t number);
void rows_value_bool(struct migrate_rows *rows, const char *name, bool truth);

/* Ends the building: MIGRATE_OK and *out = rows, or frees rows (NULL is fine) and reports the lack of memory.
 */
int32_t rows_finish(struct migrate_rows *rows, struct migrate_rows **out, migrate_error **err);

size_t rows_count(const struct migrate_rows *rows);
size_t rows_columns(const struct migrate_rows *rows);
const char *rows_column_name(const struct migrate_rows *rows, size_t column);
size_t rows_column_index(const struct migrate_rows *rows, const char *name);
bool rows_is_null(const struct migrate_rows *rows, size_t row, size_t column);
const char *rows_text(const struct migrate_rows *rows, size_t row,
                      size_t column); /* NULL: null or out of range */
size_t rows_text_length(const struct migrate_rows *rows, size_t row, size_t column);
int64_t rows_int(const struct migrate_rows *rows, size_t row,
                 size_t column); /* texts are read as decimal; 't','f' as 1, 0 */
const char *rows_get_value_text(const struct migrate_rows *rows, const char *name);
int64_t rows_get_value_int(const struct migrate_rows *rows, const char *name);
char *rows_json(const struct migrate_rows *rows); /* NULL: out of memory */
void rows_free(struct migrate_rows *rows);

#endif
