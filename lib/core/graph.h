/* SPDX-License-Identifier: MIT
 * What graph.c and graph_tables.c share: a drawing in the making. */
#ifndef CORE_GRAPH_H
#define CORE_GRAPH_H

#include "check/graph.h"
#include "core/session.h"

struct picture {
    migrate_session *session;
    struct drawing drawing;
    struct arena arena; /* its texts */
    struct text merge;
    size_t heads;
    const char *by;     /* scratch, database, words, declared */
};

/* false: out of memory. */
bool picture_node(struct picture *picture, const char *name, const char *label, bool head);
bool picture_edge(struct picture *picture, size_t from, size_t to, const char *label, bool dashed);

/* graph_tables.c: behind a migration of the source; NULL: behind the last one. */
int32_t graph_of_tables(struct picture *picture, const char *at, migrate_error **err);

#endif
