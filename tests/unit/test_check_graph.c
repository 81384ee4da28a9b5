/* SPDX-License-Identifier: MIT
 * Graphs as text, with names as odd as people make them. */
#include "check/graph.h"

#include "unit.h"

#include <string.h>

static struct drawn nodes[] = {{"001 \"a\"", NULL, false}, {"b<c>#", "pending", true}};
static struct drawn_edge lines[] = {{1, 0, "user_id", false}, {1, 1, NULL, true}};
static const struct drawing drawing = {.items = nodes, .count = 2, .edges = {.items = lines, .count = 2}};

static void expect(void (*form)(const struct drawing *, struct text *), const char *expected)
{
    struct text text = {0};
    form(&drawing, &text);
    ck_assert_str_eq(text.data ? text.data : "", expected);
    text_free(&text);
}

START_TEST(dot)
{
    expect(drawing_dot, "digraph {\n    rankdir=BT;\n    node [shape=box];\n    \"001 \\\"a\\\"\";\n"
                        "    \"b<c>#\" [tooltip=\"pending\", style=bold];\n"
                        "    \"b<c>#\" -> \"001 \\\"a\\\"\" [label=\"user_id\"];\n    \"b<c>#\" -> \"b<c>#\" [style=dashed];\n}\n");
}
END_TEST

START_TEST(mermaid)
{
    expect(drawing_mermaid, "graph BT\n    n0[\"001 #quot;a#quot;\"]\n    n1[\"b#lt;c#gt;#35;\"]\n    n1 -->|\"user_id\"| n0\n    n1 -.-> n1\n"
                            "    style n1 stroke-width:3px\n");
}
END_TEST

START_TEST(text)
{
    expect(drawing_text, "001 \"a\"\nb<c># (pending) head\n    -> 001 \"a\" (user_id)\n    -> b<c>#\n");
}
END_TEST

UNIT("check/graph", dot, mermaid, text)
