/* SPDX-License-Identifier: MIT
 * A graph as text: dot, mermaid, and lines for a person. */
#ifndef CHECK_GRAPH_H
#define CHECK_GRAPH_H

#include "util/text.h"

#include <stdbool.h>
#include <stddef.h>

struct drawing {
    struct drawn {
        const char *name, *label; /* label: its state; NULL: none */
        bool head;
    } *items;
    size_t count, capacity;
    struct {
        struct drawn_edge {
            size_t from, to;      /* from needs to */
            const char *label;    /* columns, or how it is known; NULL: none */
            bool dashed;          /* it is not declared */
        } *items;
        size_t count, capacity;
    } edges; /* by from */
};

void drawing_dot(const struct drawing *drawing, struct text *out);
void drawing_mermaid(const struct drawing *drawing, struct text *out);
/* A line for each, with what it needs in lines below. */
void drawing_text(const struct drawing *drawing, struct text *out);
void drawing_free(struct drawing *drawing);

#endif
