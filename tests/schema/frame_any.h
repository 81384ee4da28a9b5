/* SPDX-License-Identifier: MIT
 * What tests of the way from one schema to another need on any engine. Over the static library, which shows its internals. */
#ifndef TESTS_SCHEMA_FRAME_ANY_H
#define TESTS_SCHEMA_FRAME_ANY_H

#include "schema/changes.h"

/* Ends the program with a message. */
void frame_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

void frame_run(struct database *db, const char *sql);
char *frame_lines(struct migrate_rows *rows); /* rows by lines, values by |; frees the rows */
/* Where two schemas differ; NULL: nowhere. */
char *frame_differ(const struct facts *is, const struct facts *wanted);

#endif
