/* SPDX-License-Identifier: MIT
 * Annotations in the SQL of a schema: "-- renamed-from: OLD" says what a table or column was called before. */
#ifndef SCHEMA_ANNOTATIONS_H
#define SCHEMA_ANNOTATIONS_H

#include "schema/changes.h"

struct renames {
    struct fact_renamed *items; /* of tables and columns that are in both schemas under another name */
    size_t count, capacity;
    struct arena arena;
};

/* An annotation on a line of its own belongs to the table or column that is defined next, one behind something on its line to what was
 * defined last. One whose old name is not in `from`, or whose new one is there already, is over and done with: it is passed over.
 * name: of the text, for messages. MIGRATE_ERROR_SOURCE with the place of one that belongs to nothing, or names nothing. */
int32_t renames_read(const char *name, const char *text, size_t length, const struct facts *from, const struct facts *to,
                     struct renames *out, migrate_error **err);
/* The same the other way round, in place. */
void renames_turn(struct renames *renames);
void renames_free(struct renames *renames);

#endif
