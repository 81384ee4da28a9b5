/* SPDX-License-Identifier: MIT
 * Reading files and directories. */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include "util/error.h"
#include "util/text.h"

/* The whole file, appended to out. code: what a failure is reported as. */
int32_t file_read(const char *path, struct text *out, int32_t code, struct migrate_error **err);

enum file_kind { FILE_ABSENT, FILE_REGULAR, FILE_DIRECTORY, FILE_OTHER };
enum file_kind file_kind_of(const char *path);
enum file_kind file_look(const char *path, int64_t *size); /* the same, and a regular file's size */

/* The names in a directory, without "." and "..", sorted bytewise. names: one allocation per name, freed by
 * file_names_free(). */
struct file_names {
    char **items;
    size_t count, capacity;
};
int32_t file_list(const char *path, struct file_names *names, int32_t code, struct migrate_error **err);
void file_names_free(struct file_names *names);

#endif
