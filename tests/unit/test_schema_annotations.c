/* SPDX-License-Identifier: MIT
 * Annotations in the SQL of a schema: what each one belongs to, and what is said of one that belongs to nothing. */
#include "schema/annotations.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct fact fact(const char *kind, const char *ident, const char *name, const char *key, const char *inside)
{
    return (struct fact){.kind = kind, .ident = ident, .name = name, .key = key, .inside = inside, .value = ""};
}

/* "A > B, ..." of what was found. */
static const char *shown(const struct renames *renames)
{
    static char out[1000];
    size_t length = 0;
    out[0] = '\0';
    for (size_t i = 0; i < renames->count; i++)
        length += (size_t)snprintf(out + length, sizeof out - length, "%s%s > %s", i ? ", " : "", renames->items[i].from,
                                   renames->items[i].to);
    return out;
}

/* PostgreSQL: before it was old (id, a, b) and app."Old One" (x); now it is new (id, c, d) and app."New One" (y). */
static const char *read_postgresql(const char *sql, migrate_error **err)
{
    struct fact before[] = {fact("table", "public.old", "old", "r1", ""), fact("column", "public.old.id", "id", "a1", "r1"),
                            fact("column", "public.old.a", "a", "a2", "r1"), fact("column", "public.old.b", "b", "a3", "r1"),
                            fact("table", "app.\"Old One\"", "Old One", "r2", ""), fact("column", "app.\"Old One\".x", "x", "a4", "r2")};
    struct fact now[] = {fact("table", "public.new", "new", "r7", ""), fact("column", "public.new.id", "id", "b1", "r7"),
                         fact("column", "public.new.c", "c", "b2", "r7"), fact("column", "public.new.d", "d", "b3", "r7"),
                         fact("table", "app.\"New One\"", "New One", "r8", ""), fact("column", "app.\"New One\".y", "y", "b4", "r8")};
    struct facts from = {.items = before, .count = 6, .engine = &database_postgresql};
    struct facts to = {.items = now, .count = 6, .engine = &database_postgresql};
    struct renames renames = {0};
    const char *text;
    if (renames_read("schema.sql", sql, strlen(sql), &from, &to, &renames, err) != MIGRATE_OK)
        return NULL;
    text = shown(&renames);
    renames_free(&renames);
    return text;
}

static void expect(const char *sql, const char *expected)
{
    migrate_error *error = NULL;
    const char *found = read_postgresql(sql, &error);
    ck_assert_msg(found != NULL, "%s: %s", sql, error ? error->message : "");
    ck_assert_msg(strcmp(found, expected) == 0, "%s:\n%s\nnot %s", sql, found, expected);
}

START_TEST(test_tables)
{
    expect("-- renamed-from: old\nCREATE TABLE new (id int);", "public.old > public.new");
    expect("-- note\n--renamed-from: public.\"old\"\n-- more\nCREATE UNLOGGED TABLE IF NOT EXISTS public.NEW (id int);",
           "public.old > public.new");
    expect("CREATE TABLE new ( -- renamed-from: old\n  id int\n);", "public.old > public.new");
    expect("CREATE TABLE new -- Renamed-From: old\n(id int);", "public.old > public.new");
    expect("CREATE TABLE new\n-- renamed-from: old\n(id int);", "public.old > public.new");
    expect("CREATE TABLE new (id int); -- renamed-from: old\n", "public.old > public.new");
    expect("-- renamed-from: \"Old One\"\nCREATE TABLE app.\"New One\" (y int)", "app.\"Old One\" > app.\"New One\"");
    expect("-- renamed-from: old\nCREATE TABLE app.\"New One\" (y int)", ""); /* there is no such table in that schema */
    expect("-- renamed-from: public.old\nCREATE TABLE app.\"New One\" (y int)", "public.old > app.\"New One\"");
    expect("-- renamed-from: gone\nCREATE TABLE new (id int);", "");
}
END_TEST

START_TEST(test_columns)
{
    expect("-- renamed-from: old\nCREATE TABLE new (id int, c int, -- renamed-from: a\n d numeric(3, 2) -- renamed-from: b\n);",
           "public.old > public.new, public.old.a > public.new.c, public.old.b > public.new.d");
    expect("-- renamed-from: old\nCREATE TABLE new (\n id int,\n -- renamed-from: a\n c int CHECK (c > (1 + 2)\n), d int);",
           "public.old > public.new, public.old.a > public.new.c");
    expect("-- renamed-from: old\nCREATE TABLE new (id int, c int\n  DEFAULT 3, /* x */ -- renamed-from: a\n CONSTRAINT k PRIMARY KEY (id));",
           "public.old > public.new, public.old.a > public.new.c");
    /* The name of the new one is there already: it is done. */
    expect("-- renamed-from: old\nCREATE TABLE new (id int -- renamed-from: a\n);", "public.old > public.new");
    expect("CREATE TABLE new (c int -- renamed-from: a\n);", ""); /* the table itself was not there before */
}
END_TEST

/* What only looks like one. */
START_TEST(test_elsewhere)
{
    expect("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '\n-- renamed-from: old\n' $$;", "");
    expect("/* -- renamed-from: old */ CREATE TABLE new (id int DEFAULT 1 /*\n-- renamed-from: a\n*/);", "");
    expect("COMMENT ON TABLE new IS '\n-- renamed-from: old\n';", "");
    expect("", "");
}
END_TEST

START_TEST(test_complaints)
{
    static const struct {
        const char *sql;
        int64_t line, column;
    } bad[] = {
        {"CREATE TABLE new (id int);\n\n  -- renamed-from: old\n", 3, 3},
        {"-- renamed-from: old\nCREATE INDEX i ON new (id);", 1, 1},
        {"-- renamed-from: old\n-- renamed-from: old2\nCREATE TABLE new (id int);", 1, 1},
        {"-- renamed-from:\nCREATE TABLE new (id int);", 1, 1},
        {"-- renamed-from: old name\nCREATE TABLE new (id int);", 1, 1},
        {"CREATE TABLE new (id int,\n-- renamed-from: a\n PRIMARY KEY (id));", 2, 1},
        {"CREATE INDEX i ON new (id); -- renamed-from: old\n", 1, 29},
        {"-- renamed-from: old\nCREATE TABLE short_lived (id int); DROP TABLE short_lived;", 1, 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        migrate_error *error = NULL;
        const char *found = read_postgresql(bad[i].sql, &error);
        ck_assert_msg(found == NULL, "%s: %s", bad[i].sql, found);
        ck_assert_int_eq(error->code, MIGRATE_ERROR_SOURCE);
        ck_assert_str_eq(error->file, "schema.sql");
        ck_assert_msg(error->line == bad[i].line && error->column == bad[i].column, "%s: %d:%d", bad[i].sql, (int)error->line,
                      (int)error->column);
        ck_assert_ptr_nonnull(error->hint);
        error_free(error);
    }
}
END_TEST

/* Tables are kept as they were written, and found however they are. */
START_TEST(test_sqlite)
{
    struct fact before[] = {fact("table", "Old One", "Old One", "Old One", ""), fact("column", "Old One.X", "X", "", "Old One")};
    struct fact now[] = {fact("table", "New.One", "New.One", "New.One", ""), fact("column", "New.One.Y", "Y", "", "New.One")};
    struct facts from = {.items = before, .count = 2, .engine = &database_sqlite};
    struct facts to = {.items = now, .count = 2, .engine = &database_sqlite};
    static const char sql[] = "-- renamed-from: [old one]\nCREATE TABLE `new.one` (y -- renamed-from: x\n);";
    struct renames renames = {0};
    ck_assert_int_eq(renames_read("s", sql, strlen(sql), &from, &to, &renames, NULL), MIGRATE_OK);
    ck_assert_str_eq(shown(&renames), "Old One > New.One, Old One.X > New.One.Y");
    renames_turn(&renames);
    ck_assert_str_eq(shown(&renames), "New.One > Old One, New.One.Y > Old One.X");
    renames_free(&renames);
}
END_TEST

UNIT("schema/annotations", test_tables, test_columns, test_elsewhere, test_complaints, test_sqlite)
