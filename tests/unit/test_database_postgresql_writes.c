/* SPDX-License-Identifier: MIT
 * What a transaction wrote beyond what facts tell: catalogs and rows. */
#include "test_database_postgresql.h"

static struct database *open_empty(void)
{
    struct database *db = open_server();

    run(db, "DROP SCHEMA IF EXISTS unit CASCADE; CREATE SCHEMA unit; SET search_path TO unit");
    return db;
}

struct written {
    struct text uncovered, rows;
};

static struct written since(struct database *db, struct migrate_rows *baseline)
{
    struct written found = {{0}, {0}};
    migrate_error *err = NULL;

    db->engine->writes_since(db, baseline, &found.uncovered, &found.rows, &err);
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
    return found;
}

static struct migrate_rows *begin(struct database *db)
{
    struct migrate_rows *baseline = NULL;
    migrate_error *err = NULL;

    run(db, "BEGIN");
    db->engine->writes_begin(db, &(struct database_facts_wish){.schema = "public", .table = "libmigrate_history"}, &baseline, &err);
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
    return baseline;
}

static void expect(struct database *db, const char *sql, const char *uncovered, const char *rows)
{
    struct migrate_rows *baseline = begin(db);
    struct written found;

    run(db, sql);
    found = since(db, baseline);
    ck_assert_msg(text_equal(found.uncovered.data != NULL ? found.uncovered.data : "", uncovered), "%s: %s", sql, found.uncovered.data);
    ck_assert_msg(text_equal(found.rows.data != NULL ? found.rows.data : "", rows), "%s: %s", sql, found.rows.data);
    text_free(&found.uncovered);
    text_free(&found.rows);
    rows_free(baseline);
    run(db, "ROLLBACK");
}

START_TEST(names_uncovered)
{
    struct database *db = open_empty();

    run(db, "CREATE TABLE t (id int); CREATE TABLE w (a int, b int); CREATE FUNCTION f(text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'");
    expect(db, "CREATE TABLE u (id serial PRIMARY KEY, t text CHECK (t <> '') UNIQUE, r int REFERENCES u)", "", "");
    expect(db, "CREATE VIEW v AS SELECT * FROM t; COMMENT ON VIEW v IS 'x'; CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b'", "", "");
    expect(db, "GRANT SELECT ON t TO PUBLIC; CREATE STATISTICS s ON a, b FROM w", "", "");
    expect(db, "ALTER TABLE t ALTER id TYPE text; DROP TABLE t", "", "");
    expect(db, "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)", "text search", "");
    expect(db, "CREATE CAST (text AS int) WITH FUNCTION f(text); ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "default privileges, casts",
           "");
    expect(db, "CREATE PUBLICATION p FOR TABLE t", "publications", "");
    expect(db, "CREATE COLLATION co FROM \"C\"; SELECT lo_create(0)", "large objects, collations", "");
    expect(db, "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)", "operators", "");
    expect(db, "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s",
           "foreign data, user mappings", "");
    expect(db, "ALTER ROLE CURRENT_USER IN DATABASE postgres SET work_mem TO '5MB'", "settings of roles or databases", "");
    database_close(db);
}
END_TEST

/* What an extension brings is its own matter. */
START_TEST(knows_extensions)
{
    struct database *db = open_empty();

    if (strcmp(ask(db, "SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'btree_gin')"), "2") == 0) {
        run(db, "DROP EXTENSION IF EXISTS citext, btree_gin CASCADE");
        expect(db, "CREATE EXTENSION citext", "", "");
        expect(db, "CREATE EXTENSION btree_gin", "", "");
        expect(db, "CREATE EXTENSION citext; CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)", "operators", "");
    }
    database_close(db);
}
END_TEST

START_TEST(counts_rows)
{
    struct database *db = open_empty();

    run(db, "CREATE TABLE t (id int); CREATE TABLE e (id int); CREATE TABLE \"Full\" (id int); INSERT INTO \"Full\" SELECT generate_series(1, 3)");
    run(db, "CREATE TABLE par (id int) PARTITION BY LIST (id); CREATE TABLE par1 PARTITION OF par FOR VALUES IN (1)");
    expect(db, "CREATE TABLE u (id int); INSERT INTO u VALUES (1); DELETE FROM u", "", "");
    expect(db, "INSERT INTO t VALUES (1), (2); UPDATE t SET id = 3 WHERE id = 1", "", "unit.t (2 inserted, 1 updated)");
    expect(db, "DELETE FROM \"Full\" WHERE id = 1; INSERT INTO par VALUES (1)", "", "unit.\"Full\" (1 deleted), unit.par1 (1 inserted)");
    expect(db, "TRUNCATE \"Full\"; TRUNCATE e", "", "unit.\"Full\" (emptied)");
    expect(db, "ALTER TABLE \"Full\" ALTER id TYPE bigint; ALTER TABLE \"Full\" ADD x int DEFAULT 4", "", "");
    expect(db, "ALTER TABLE \"Full\" RENAME TO emptier; UPDATE emptier SET id = 0", "", "unit.emptier (3 updated)");
    database_close(db);
}
END_TEST

static bool had_rows(struct database *db, const struct migrate_rows *baseline, const char *table, const char *form)
{
    char sql[200];

    snprintf(sql, sizeof sql, "SELECT format('%s', '%s'::regclass::oid)", form, table);
    return db->engine->writes_had_rows(baseline, ask(db, sql));
}

START_TEST(knows_who_had_rows)
{
    struct database *db = open_empty();
    struct migrate_rows *baseline;

    run(db, "CREATE TABLE t (id int); CREATE TABLE f (id int); INSERT INTO f VALUES (1); CREATE INDEX i ON f (id)");
    run(db, "CREATE TABLE par (id int) PARTITION BY LIST (id); CREATE TABLE par1 PARTITION OF par FOR VALUES IN (1); INSERT INTO par VALUES (1)");
    baseline = begin(db);
    run(db, "CREATE TABLE u (id int); INSERT INTO u VALUES (1); INSERT INTO t VALUES (1)");
    ck_assert(had_rows(db, baseline, "f", "r%s"));
    ck_assert(had_rows(db, baseline, "f", "a%s.1"));
    ck_assert(had_rows(db, baseline, "par", "a%s.1"));
    ck_assert(had_rows(db, baseline, "par1", "r%s"));
    ck_assert(!had_rows(db, baseline, "t", "r%s"));
    ck_assert(!had_rows(db, baseline, "u", "r%s"));
    ck_assert(!had_rows(db, baseline, "f", "c%s"));
    rows_free(baseline);
    database_close(db);
}
END_TEST

/* A table that somebody has locked is not waited for. */
START_TEST(waits_for_nobody)
{
    struct database *db = open_empty(), *other = open_server();
    struct migrate_rows *baseline;

    run(db, "CREATE TABLE t (id int); SET lock_timeout TO '1s'");
    run(other, "BEGIN; LOCK TABLE unit.t");
    baseline = begin(db);
    run(other, "ROLLBACK");
    ck_assert(had_rows(db, baseline, "t", "r%s")); /* it might have had */
    rows_free(baseline);
    database_close(db);
    database_close(other);
}
END_TEST

START_TEST(knows_without_counts)
{
    struct database *db = open_empty();

    run(db, "CREATE TABLE t (id int); SET track_counts TO off");
    expect(db, "SELECT 1", "whatever was written (the server does not count it: track_counts is off)", "");
    database_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database/postgresql/writes");
    TCase *tests = tcase_create("all");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, names_uncovered);
    tcase_add_test(tests, knows_extensions);
    tcase_add_test(tests, counts_rows);
    tcase_add_test(tests, knows_who_had_rows);
    tcase_add_test(tests, waits_for_nobody);
    tcase_add_test(tests, knows_without_counts);
    return run_suite(suite);
}
