/* SPDX-License-Identifier: MIT
 * Other names of things that are known by their keys, as both schemas were read from one database. */
#ifndef SCHEMA_KEYED_H
#define SCHEMA_KEYED_H

#include "schema/plan.h"

/* Both: false: out of memory. */
bool keyed_renames_add(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct ops *out,
                       struct changes *changes);
/* The facts of `from` as they will be behind what that adds. out->items is the caller's, rows and edges stay those of `from`. */
bool keyed_renames_behind(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct changes *changes,
                          struct facts *out);

/* How long the part of an ident is that says where it is: "s.t" of "s.t.c". */
size_t ident_place(const char *ident);

#endif
