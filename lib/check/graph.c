/* SPDX-License-Identifier: MIT
 * Graphs as text. Names are whatever people give tables: they are quoted as each form wants it. */
#include "check/graph.h"

#include "util/memory.h"

static void add_dot(struct text *out, const char *text)
{
    text_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            text_add_char(out, '\\');
        text_add_char(out, *text == '\n' ? ' ' : *text);
    }
    text_add_char(out, '"');
}

void drawing_dot(const struct drawing *drawing, struct text *out)
{
    text_add(out, "digraph {\n    rankdir=BT;\n    node [shape=box];\n");
    for (size_t i = 0; i < drawing->count; i++) {
        const struct drawn *node = &drawing->items[i];

        text_add(out, "    ");
        add_dot(out, node->name);
        if (node->head || node->label != NULL) {
            text_add(out, " [");
            if (node->label != NULL) {
                text_add(out, "tooltip=");
                add_dot(out, node->label);
            }
            text_add(out, node->head ? node->label != NULL ? ", style=bold]" : "style=bold]" : "]");
        }
        text_add(out, ";\n");
    }
    for (size_t i = 0; i < drawing->edges.count; i++) {
        const struct drawn_edge *edge = &drawing->edges.items[i];

        text_add(out, "    ");
        add_dot(out, drawing->items[edge->from].name);
        text_add(out, " -> ");
        add_dot(out, drawing->items[edge->to].name);
        if (edge->label != NULL || edge->dashed) {
            text_add(out, " [");
            if (edge->label != NULL) {
                text_add(out, "label=");
                add_dot(out, edge->label);
            }
            text_add(out, edge->dashed ? edge->label != NULL ? ", style=dashed]" : "style=dashed]" : "]");
        }
        text_add(out, ";\n");
    }
    text_add(out, "}\n");
}

/* Within double quotes mermaid reads HTML's entities, and ends a quote at no backslash. */
static void add_mermaid(struct text *out, const char *text)
{
    text_add_char(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            text_add(out, "#quot;");
        else if (*text == '#')
            text_add(out, "#35;");
        else if (*text == '<' || *text == '>')
            text_add(out, *text == '<' ? "#lt;" : "#gt;");
        else
            text_add_char(out, *text == '\n' ? ' ' : *text);
    }
    text_add_char(out, '"');
}

void drawing_mermaid(const struct drawing *drawing, struct text *out)
{
    text_add(out, "graph BT\n");
    for (size_t i = 0; i < drawing->count; i++) {
        text_format(out, "    n%zu[", i);
        add_mermaid(out, drawing->items[i].name);
        text_add(out, "]\n");
    }
    for (size_t i = 0; i < drawing->edges.count; i++) {
        const struct drawn_edge *edge = &drawing->edges.items[i];

        text_format(out, "    n%zu %s", edge->from, edge->dashed ? "-.->" : "-->");
        if (edge->label != NULL) {
            text_add_char(out, '|');
            add_mermaid(out, edge->label);
            text_add_char(out, '|');
        }
        text_format(out, " n%zu\n", edge->to);
    }
    for (size_t i = 0; i < drawing->count; i++)
        if (drawing->items[i].head)
            text_format(out, "    style n%zu stroke-width:3px\n", i);
}

void drawing_text(const struct drawing *drawing, struct text *out)
{
    size_t at = 0;

    for (size_t i = 0; i < drawing->count; i++) {
        const struct drawn *node = &drawing->items[i];

        text_add(out, node->name);
        if (node->label != NULL)
            text_format(out, " (%s)", node->label);
        text_add(out, node->head ? " head\n" : "\n");
        for (; at < drawing->edges.count && drawing->edges.items[at].from == i; at++) {
            const struct drawn_edge *edge = &drawing->edges.items[at];

            text_format(out, "    -> %s", drawing->items[edge->to].name);
            if (edge->label != NULL)
                text_format(out, " (%s)", edge->label);
            text_add_char(out, '\n');
        }
    }
}

void drawing_free(struct drawing *drawing)
{
    memory_free(drawing->items);
    memory_free(drawing->edges.items);
    *drawing = (struct drawing){0};
}
