/* SPDX-License-Identifier: MIT
 * What follows from deeds: who needs whom, heads, and findings. */
#include "check/depends.h"

#include "unit.h"
#include "util/memory.h"

#include <string.h>

static struct depends depends;

static size_t add(const char *id, bool numbered)
{
    struct depend *depend = depends_add(&depends);
    ck_assert_ptr_nonnull(depend);
    depend->id = depend->file = id;
    depend->numbered = numbered;
    depend->observed = true;
    depend->place = depends.count - 1;
    return depends.count - 1;
}

static void deed(size_t at, enum deed_kind does, enum thing_kind kind, const char *word, const char *name)
{
    struct deed item = {.does = does, .thing = {kind, word, name}, .line = 1, .column = 1};
    ck_assert(depends_deed(&depends, at, &item));
}

static void table(size_t at, enum deed_kind does, const char *name)
{
    deed(at, does, THING_TABLE, "table", name);
}

/* "by>needed by>needed" */
static void expect_edges(const char *expected)
{
    struct edges edges = {0};
    struct text text = {0};
    ck_assert(depends_edges(&depends, &edges) && edges_reduce(&depends, &edges));
    for (size_t i = 0; i < edges.count; i++)
        text_format(&text, "%s%zu>%zu%s", i ? " " : "", edges.items[i].by, edges.items[i].needed, edges.items[i].how == EDGE_DECLARED ? "!" : "");
    ck_assert_str_eq(text.data ? text.data : "", expected);
    text_free(&text);
    edges_free(&edges);
}

/* "DP01 id other; ..." */
static void expect_findings(const char *expected)
{
    struct findings findings = {0};
    struct text text = {0};
    ck_assert_int_eq(depends_findings(&depends, NULL, 0, &findings, NULL), MIGRATE_OK);
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.items[i];
        text_format(&text, "%s%s %s %s%s%s", i ? "; " : "", finding->rule, finding->severity, finding->id, finding->other ? " " : "",
                    finding->other ? finding->other : "");
        ck_assert_ptr_nonnull(finding->hint);
    }
    ck_assert_str_eq(text.data ? text.data : "", expected);
    text_free(&text);
    findings_free(&findings);
}

static void end(void)
{
    depends_free(&depends);
}

START_TEST(edges)
{
    static const char *const on_c[] = {"c"};
    size_t a = add("a", true), b = add("b", true), c = add("c", true), d = add("d", true);
    table(a, DEED_MAKES, "users");
    deed(a, DEED_MAKES, THING_COLUMN, "column", "users.id");
    table(b, DEED_MAKES, "app.posts");
    table(b, DEED_NEEDS, "users");
    table(c, DEED_NEEDS, "posts"); /* without its schema */
    deed(c, DEED_NEEDS, THING_COLUMN, "column", "users.id");
    depends.items[d].depends = on_c;
    depends.items[d].depends_count = 1;
    table(d, DEED_NEEDS, "posts");
    expect_edges("1>0 2>1 3>2!"); /* 2>0 and 3>1 follow */
    end();
}
END_TEST

START_TEST(makers)
{
    size_t a = add("a", true), b = add("b", true), c = add("c", true), d = add("d", true);
    struct thing t = {THING_TABLE, "table", "t"}, x = {THING_COLUMN, "column", "t.x"};
    table(a, DEED_MAKES, "t");
    deed(a, DEED_MAKES, THING_COLUMN, "column", "t.x");
    table(b, DEED_DROPS, "t");
    table(c, DEED_MAKES, "t");
    table(d, DEED_NEEDS, "t");
    struct found *found = found_make(&depends);
    ck_assert_ptr_nonnull(found);
    ck_assert_uint_eq(found_maker(found, &t, b), a);
    ck_assert_uint_eq(found_maker(found, &t, c), SIZE_MAX);
    ck_assert_uint_eq(found_dropper(found, &t, c, NULL), b);
    ck_assert_uint_eq(found_maker(found, &t, d), c);
    ck_assert_uint_eq(found_dropper(found, &t, d, NULL), SIZE_MAX);
    ck_assert_uint_eq(found_maker(found, &x, b), a);
    ck_assert_uint_eq(found_maker(found, &x, c), SIZE_MAX); /* it went with its table */
    ck_assert_uint_eq(found_dropper(found, &x, c, NULL), b);
    ck_assert_uint_eq(found_later(found, &t, b), c);
    found_free(found);
    end();
}
END_TEST

START_TEST(missing)
{
    size_t a = add("a", true), b = add("b", true), c = add("c", true), d = add("d", true);
    table(b, DEED_MAKES, "t");
    table(b, DEED_DROPS, "u");
    depends.items[a].observed = false;
    depends.items[a].failing = (struct failing){FAILING_MISSING, {THING_TABLE, "table", "t"}, "no", 3, 4};
    depends.items[c].failing = (struct failing){FAILING_MISSING, {THING_TABLE, "table", "u"}, "no", 3, 4};
    depends.items[d].failing = (struct failing){FAILING_REFERS, {THING_TABLE, "table", "w"}, "no", 3, 4};
    expect_findings("DP01 error a b; DP05 error c b; DP02 error d");
    ck_assert(depends.items[a].explained && depends.items[c].explained && depends.items[d].explained && !depends.items[b].explained);
    depends.items[a].failing = (struct failing){FAILING_EXISTS, {THING_TABLE, "table", "t"}, "no", 3, 4};
    depends.items[c].failing = (struct failing){FAILING_EXISTS, {THING_TABLE, "table", "t"}, "no", 3, 4};
    depends.items[d].failing = (struct failing){FAILING_KEY, {THING_OTHER, "constraint", NULL}, "no", 3, 4};
    expect_findings("DP04 error a; DP04 error c b; DP03 error d");
    end();
}
END_TEST

/* What comes from one that does not run is no error of its own. */
START_TEST(follows)
{
    size_t a = add("a", true), b = add("b", true);
    table(a, DEED_MAKES, "t");
    depends.items[a].failing = (struct failing){FAILING_OTHER, {0}, "syntax", 1, 1};
    depends.items[b].failing = (struct failing){FAILING_MISSING, {THING_TABLE, "table", "t"}, "no", 1, 1};
    expect_findings("DP01 info b a");
    end();
}
END_TEST

START_TEST(declared)
{
    static const char *const on_a[] = {"a"}, *const tables[] = {"t", "u", "w"};
    size_t a = add("a", true), b = add("b", true), c = add("c", false), d = add("d", false);
    table(a, DEED_MAKES, "t");
    table(a, DEED_MAKES, "u");
    deed(b, DEED_NEEDS, THING_COLUMN, "column", "t.x");
    depends.items[b].tables = tables;
    depends.items[b].tables_count = 3;
    depends.items[b].depends = on_a;
    depends.items[b].depends_count = 1;
    table(c, DEED_MAKES, "v");
    table(d, DEED_NEEDS, "v");
    expect_findings("DP06 info b a; DP14 error b; DP06 info b a; DP07 warning d c");
    end();
}
END_TEST

START_TEST(late)
{
    size_t a = add("010", true), b = add("005", true);
    table(a, DEED_MAKES, "t");
    table(b, DEED_NEEDS, "t");
    depends.items[a].applied = true;
    depends.items[a].place = 1;
    depends.items[b].late = true;
    depends.items[b].place = 0;
    expect_findings("DP07 error 005 010");
    end();
}
END_TEST

START_TEST(pairs)
{
    size_t a = add("a", true), b = add("b", true), c = add("c", true);
    depends.items[a].branch = BRANCH_OURS;
    depends.items[b].branch = BRANCH_OURS;
    depends.items[c].branch = BRANCH_THEIRS;
    deed(a, DEED_CHANGES, THING_FUNCTION, "function", "f");
    table(b, DEED_CHANGES, "t");
    table(b, DEED_MAKES, "n");
    deed(c, DEED_CHANGES, THING_FUNCTION, "function", "f");
    table(c, DEED_CHANGES, "t");
    expect_findings("DP08 warning a c; DP08 info b c");
    table(c, DEED_MAKES, "n");
    expect_findings("DP08 warning a c; DP08 error b c");
    depends.items[c].branch = BRANCH_NONE; /* of one source, and numbered: their order is known */
    depends.items[a].branch = depends.items[b].branch = BRANCH_NONE;
    expect_findings("");
    depends.items[a].numbered = depends.items[c].numbered = false;
    expect_findings("DP08 warning c a");
    end();
}
END_TEST

START_TEST(idle)
{
    size_t a = add("a", true), b = add("b", true);
    struct deed item = {.does = DEED_MAKES, .thing = {THING_TABLE, "table", "t"}, .word = "IF NOT EXISTS", .idle = true};
    table(a, DEED_MAKES, "t");
    ck_assert(depends_deed(&depends, b, &item));
    expect_findings("DP09 warning b a");
    item = (struct deed){.does = DEED_DROPS, .thing = {THING_TABLE, "table", "x"}, .word = "IF EXISTS", .idle = true};
    ck_assert(depends_deed(&depends, b, &item));
    expect_findings("DP09 warning b a; DP09 info b");
    end();
}
END_TEST

static void expect_heads(const char *expected)
{
    size_t *heads = NULL, count = 0;
    struct text text = {0};
    ck_assert(depends_heads(&depends, &heads, &count));
    if (count)
        depends_merge(&depends, heads, count, &text);
    ck_assert_str_eq(text.data ? text.data : "", expected);
    text_free(&text);
    memory_free(heads);
}

START_TEST(heads)
{
    static const char *const on_a[] = {"a"}, *const on_both[] = {"b", "c"};
    add("a", true);
    expect_heads("");
    size_t b = add("b", true), c = add("c", true), d;
    expect_heads(""); /* nobody declares anything */
    depends.items[b].depends = depends.items[c].depends = on_a;
    depends.items[b].depends_count = depends.items[c].depends_count = 1;
    expect_heads("-- Depends: b, c");
    expect_findings("DP06 info b a; DP06 info c a; DP13 warning c b");
    d = add("d", true); /* a number behind both joins them */
    expect_heads("");
    depends.items[d].numbered = false; /* nothing says where it stands */
    expect_heads("-- Depends: b, c");
    depends.items[d].depends = on_both;
    depends.items[d].depends_count = 2;
    expect_heads("");
    end();
}
END_TEST

UNIT("check/depends", edges, makers, missing, follows, declared, late, pairs, idle, heads)
