/* SPDX-License-Identifier: MIT
 * Who needs whom: migrations by what they declare and by what they need, tables by their foreign keys; and the ends of their lines. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static void graph(const char *of, const char *at)
{
    if (!api.session)
        API_OK(api_open(NULL));
    migrate_rows_free(api.rows);
    api.rows = NULL;
    API_OK(migrate_graph(api.session, of, at, &api.rows, api_error()));
}

static const char *cell(size_t row, const char *column)
{
    return migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
}

/* "b>a found; c>a declared" */
static const char *edges(void)
{
    static char text[2048];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
        if (strcmp(cell(i, "kind"), "edge") == 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s>%s %s", length ? "; " : "", cell(i, "from"), cell(i, "to"),
                                       cell(i, "label") ? cell(i, "label") : "-");
    return text;
}

static const char *nodes(void)
{
    static char text[2048];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
        if (strcmp(cell(i, "kind"), "node") == 0)
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s%s%s%s", length ? " " : "", cell(i, "from"),
                                       cell(i, "label") ? ":" : "", cell(i, "label") ? cell(i, "label") : "", strcmp(cell(i, "head"), "true") ? "" : "!");
    return text;
}

static const char *value(const char *name)
{
    return migrate_rows_value_text(api.rows, name);
}

START_TEST(test_migrations)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\n");
    api_file("002_b.sql", "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id int REFERENCES a (id));\n");
    api_file("003_v.sql", "CREATE VIEW v AS SELECT a.id FROM a JOIN b ON b.a_id = a.id;\n");
    API_OK(api_apply());
    api_file("004_d.sql", "-- Depends: 001_a\nINSERT INTO b (id) SELECT id FROM v;\n");
    api_file("repeatable/r.sql", API_EITHER("DROP VIEW IF EXISTS r; CREATE VIEW r AS SELECT * FROM v;\n", "CREATE OR REPLACE VIEW r AS SELECT * FROM v;\n"));
    graph("migrations", NULL);
    ck_assert_str_eq(nodes(), "001_a:applied 002_b:applied 003_v:applied 004_d:pending r:pending");
    /* What follows from other needs is left out, what is declared stays. */
    ck_assert_str_eq(edges(), "002_b>001_a found; 003_v>002_b found; 004_d>001_a declared; 004_d>003_v found; r>003_v found");
    ck_assert_str_eq(value("by"), "scratch");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "nodes"), 5);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "edges"), 5);
    ck_assert_ptr_nonnull(strstr(value("dot"), "\"004_d\" -> \"001_a\" [label=\"declared\"];"));
    ck_assert_ptr_nonnull(strstr(value("mermaid"), "n3 -->|\"declared\"| n0"));
    ck_assert_ptr_nonnull(strstr(value("text"), "004_d (pending)\n    -> 001_a (declared)\n"));
    ck_assert_str_eq(api_events("applied"), "3");
    graph("declared", NULL);
    ck_assert_str_eq(edges(), "004_d>001_a declared");
    ck_assert_str_eq(value("by"), "declared");
}
END_TEST

/* One that does not run is known by its words. */
START_TEST(test_one_that_fails)
{
    api_file("001_a.sql", "CREATE TABLE a (id int);\n");
    api_file("002_b.sql", "INSERT INTO a (id) VALUES (1);\nNOT SQL;\n");
    graph(NULL, NULL);
    ck_assert_str_eq(edges(), "002_b>001_a guessed");
}
END_TEST

/* What a body reads: PostgreSQL keeps it as text, SQLite looks into a trigger when it is used. */
START_TEST(test_bodies)
{
    api_file("001_a.sql", "CREATE TABLE a (id int);\n");
    api_file("002_b.sql", "CREATE TABLE b (id int);\n");
    if (api.engine == API_SQLITE) {
        api_file("003_t.sql", "CREATE TABLE c (id int);\nCREATE TRIGGER t AFTER INSERT ON c BEGIN INSERT INTO a SELECT id FROM b; END;\n");
        graph(NULL, NULL);
        ck_assert_str_eq(edges(), "003_t>001_a found; 003_t>002_b found");
        return;
    }
    api_file("003_f.sql", "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO a SELECT id FROM b; END $$;\n");
    api_file("004_do.sql", "DO $$ BEGIN EXECUTE 'INSERT INTO ' || 'b' || ' VALUES (1)'; END $$;\n");
    api_file("005_s.sql", "CREATE FUNCTION s() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM a $$;\n");
    api_file("006_call.sql", "SELECT f();\n");
    graph(NULL, NULL);
    ck_assert_str_eq(edges(), "003_f>001_a guessed; 003_f>002_b guessed; 004_do>002_b found; 005_s>001_a found; "
                              "006_call>001_a found; 006_call>002_b found");
}
END_TEST

START_TEST(test_tables)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY, up int REFERENCES a (id));\n");
    api_file("002_b.sql", "CREATE TABLE b (id INTEGER PRIMARY KEY, x int, y int, UNIQUE (x, y));\n");
    api_file("003_c.sql", "CREATE TABLE c (id INTEGER PRIMARY KEY REFERENCES a (id), x int, y int, FOREIGN KEY (x, y) REFERENCES b (x, y));\n");
    api_file("004_d.sql", "DROP TABLE c;\n");
    graph("tables", "003");
    ck_assert_str_eq(nodes(), "a b c");
    ck_assert_str_eq(value("by"), "scratch");
    ck_assert_ptr_nonnull(strstr(edges(), "a>a up"));
    ck_assert_ptr_nonnull(strstr(edges(), "c>b x, y"));
    ck_assert_ptr_nonnull(strstr(edges(), "c>a id"));
    graph("tables", NULL);
    ck_assert_str_eq(nodes(), "a b");
    ck_assert_str_eq(edges(), "a>a up");
    API_OK(api_apply());
    graph("tables", NULL);
    ck_assert_str_eq(value("by"), "database"); /* that is where they lead */
    ck_assert_str_eq(nodes(), "a b");
    API_FAILS(migrate_graph(api.session, "tables", "9", &api.rows, api_error()), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(migrate_graph(api.session, "migrations", "003", &api.rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
    API_FAILS(migrate_graph(api.session, "flowers", NULL, &api.rows, api_error()), MIGRATE_ERROR_MISUSE, "usage");
}
END_TEST

START_TEST(test_files_alone)
{
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE gone (id int);\n");
    api_file("002_b.sql", "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id int REFERENCES a (id));\nDROP TABLE gone;\nALTER TABLE b RENAME TO c;\n");
    API_OK(migrate_open_files(API_EITHER("sqlite", "postgresql"), api.options, &api.session, api_error()));
    graph(NULL, NULL);
    ck_assert_str_eq(nodes(), "001_a 002_b");
    ck_assert_str_eq(edges(), API_EITHER("002_b>001_a found", "002_b>001_a guessed"));
    graph("tables", NULL);
    ck_assert_str_eq(nodes(), "a c");
    ck_assert_str_eq(edges(), API_EITHER("c>a a_id", "c>a -"));
    ck_assert_str_eq(value("by"), API_EITHER("scratch", "words"));
    graph("tables", "001_a");
    ck_assert_str_eq(nodes(), "a gone");
}
END_TEST

START_TEST(test_heads)
{
    api_file("001_a.sql", "CREATE TABLE a (id int);\n");
    api_file("add_b.sql", "-- Depends: 001_a\nCREATE TABLE b (id int);\n");
    graph("declared", NULL);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "heads"), 0);
    ck_assert_ptr_null(value("merge"));
    api_file("add_c.sql", "-- Depends: 001_a\nCREATE TABLE c (id int);\n");
    graph("declared", NULL);
    ck_assert_str_eq(nodes(), "001_a:pending add_b:pending! add_c:pending!");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "heads"), 2);
    ck_assert_str_eq(value("merge"), "-- Depends: add_b, add_c");
    char *merge;
    ck_assert_int_gt(asprintf(&merge, "%s\n", value("merge")), 0);
    api_file("merge.sql", merge);
    free(merge);
    graph("declared", NULL);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "heads"), 0);
}
END_TEST

API("graph", test_migrations, test_one_that_fails, test_bodies, test_tables, test_files_alone, test_heads)
