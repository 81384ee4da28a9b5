/* SPDX-License-Identifier: MIT
 * What a statement can lose, by its words. */
#include "guard/destructive.h"

#include "unit.h"
#include "util/memory.h"

#include <string.h>

/* "drop-table t; delete(where) u": everything that the texts lose. A line "---" ends a text. */
static void told(const struct sql_dialect *dialect, const char *sql, const char *expected)
{
    struct guard_losses losses = {0};
    struct sql_splitter splitter;
    struct sql_statement statement;
    struct text out = {0};
    const char *text = sql;

    while (text != NULL) {
        const char *next = strstr(text, "---");
        size_t length = next != NULL ? (size_t)(next - text) : strlen(text);

        sql_split(&splitter, dialect, text, length);
        while (sql_next(&splitter, &statement))
            guard_read(&losses, dialect, text + statement.offset, statement.length, statement.offset);
        guard_text_end(&losses);
        text = next != NULL ? next + 3 : NULL;
    }
    for (size_t i = 0; i < losses.count; i++) {
        const struct guard_loss *loss = &losses.items[i];

        text_format(&out, "%s%s%s%s %s%s%s", i > 0 ? "; " : "", guard_kind_name(loss->kind), loss->where ? "(where)" : "",
                    loss->cascade ? "(cascade)" : "", loss->object != NULL ? loss->object : "?", loss->part != NULL ? "." : "",
                    loss->part != NULL ? loss->part : "");
    }
    ck_assert(!losses.failed);
    ck_assert_msg(text_equal(out.data != NULL ? out.data : "", expected), "%s\n  expected: %s\n  got:      %s", sql, expected,
                  out.data != NULL ? out.data : "");
    text_free(&out);
    guard_losses_free(&losses);
}

struct example {
    const char *sql, *expected;
};

static const struct example both[] = {
    {"SELECT 1", ""},
    {"", ""},
    {"CREATE TABLE t (a int)", ""},
    {"INSERT INTO t VALUES ('DELETE FROM u')", ""},
    {"DROP TABLE t", "drop-table t"},
    {"drop table if exists \"My Table\"", "drop-table \"My Table\""},
    {"/* c */ DROP -- x\n TABLE s.t", "drop-table s.t"},
    {"DROP INDEX i; DROP VIEW v; DROP TRIGGER g", ""},
    {"ALTER TABLE t DROP COLUMN a", "drop-column t.a"},
    {"ALTER TABLE t DROP a", "drop-column t.a"},
    {"ALTER TABLE t RENAME TO u", ""},
    {"ALTER TABLE t RENAME COLUMN a TO b", ""},
    {"DELETE FROM t", "delete t"},
    {"DELETE FROM t WHERE a IN (SELECT b FROM u)", "delete(where) t"},
    {"DELETE FROM t AS x", "delete t"},
    {"UPDATE t SET a = 1", "update t"},
    {"UPDATE t AS x SET a = (SELECT 1 WHERE true), b = 2 WHERE a = 3", "update(where) t"},
    {"WITH d AS (SELECT 1) DELETE FROM t WHERE a IN (SELECT * FROM d)", "delete(where) t"},
    {"WITH d(x) AS (SELECT 1), e AS (SELECT 2) UPDATE t SET a = 1", "update t"},
    {"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 2", "update(where) t"},
    {"INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", ""},
    /* what the texts made themselves */
    {"CREATE TABLE t (a int); INSERT INTO t VALUES (1); DELETE FROM t; DROP TABLE t", ""},
    {"CREATE TABLE t (a int)---DROP TABLE t", ""},
    {"CREATE TABLE IF NOT EXISTS t (a int); DROP TABLE t", "drop-table t"},
    {"ALTER TABLE t ADD COLUMN b int; UPDATE t SET b = a", ""},
    {"ALTER TABLE t ADD b int; UPDATE t SET b = a, a = NULL", "update t"},
    {"ALTER TABLE t ADD COLUMN b int; ALTER TABLE t DROP COLUMN b", ""},
    {"CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; DROP TABLE u", ""},
    {"CREATE TABLE s.t (a int); DROP TABLE t", "drop-table t"},
    {"CREATE TABLE t (a int); DROP TABLE s.t", "drop-table s.t"},
    {"CREATE TEMP TABLE t (a int); DELETE FROM t---DELETE FROM t", "delete t"},
    {"CREATE TEMP TABLE t (a int); DROP TABLE t; DELETE FROM t", "delete t"},
    /* rebuilds: the rows that were copied are still those that were there before */
    {"CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t; DELETE FROM t", "rebuild t; delete t"},
    {"ALTER TABLE t RENAME TO o; CREATE TABLE t (a int); INSERT INTO t SELECT a FROM o; DROP TABLE o---DELETE FROM t", "rebuild o; delete t"},
    {"CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t", "rebuild t"},
    {"CREATE TABLE n AS SELECT * FROM \"t\"; DROP TABLE t; ALTER TABLE n RENAME TO t", "rebuild t"},
    {"ALTER TABLE t RENAME TO o; CREATE TABLE t (a int); INSERT INTO t SELECT a FROM o; DROP TABLE o", "rebuild o"},
    {"CREATE TABLE n (a int); DROP TABLE t; ALTER TABLE n RENAME TO t", "drop-table t"},
    {"CREATE TABLE n (a int); INSERT INTO n SELECT a FROM u; DROP TABLE t; ALTER TABLE n RENAME TO t", "drop-table t"},
    {"CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t---ALTER TABLE n RENAME TO t", "drop-table t"},
    {"CREATE TABLE n (a int); INSERT INTO n SELECT a FROM t; DROP TABLE t", "drop-table t"},
};

static const struct example postgresql[] = {
    {"DROP TABLE a, s.b CASCADE", "drop-table(cascade) a; drop-table(cascade) s.b"},
    {"DROP MATERIALIZED VIEW m", ""},
    {"DROP SCHEMA s", ""},
    {"DROP SCHEMA IF EXISTS s, r CASCADE", "drop-many(cascade) s; drop-many(cascade) r"},
    {"DROP DATABASE d", "drop-many d"},
    {"DROP OWNED BY me", "drop-many me"},
    {"DROP SEQUENCE q", "drop-sequence q"},
    {"DROP TYPE e", ""},
    {"DROP TYPE e CASCADE", "drop-type(cascade) e"},
    {"DROP DOMAIN e CASCADE", "drop-type(cascade) e"},
    {"DROP EXTENSION hstore CASCADE", "drop-type(cascade) hstore"},
    {"DROP FUNCTION f(int) CASCADE", ""},
    {"TRUNCATE t", "truncate t"},
    {"TRUNCATE TABLE ONLY a, b * RESTART IDENTITY CASCADE", "truncate(cascade) a; truncate(cascade) b"},
    {"ALTER TABLE IF EXISTS ONLY s.t ADD COLUMN x int, DROP COLUMN IF EXISTS a CASCADE, DROP b, DROP CONSTRAINT c",
     "drop-column s.t.a; drop-column s.t.b"},
    {"ALTER TABLE t ALTER COLUMN a DROP NOT NULL, ALTER b DROP DEFAULT", ""},
    {"ALTER TABLE t ALTER COLUMN a TYPE int USING (a::int), ALTER b SET DATA TYPE varchar(10)", "column-type t.a"},
    {"ALTER TABLE t ALTER a TYPE varchar(10) USING left(a, 10), ALTER b TYPE character(3), ALTER c TYPE varchar(4) COLLATE \"C\", DROP d",
     "column-type t.a; column-type t.b; drop-column t.d"},
    {"COPY (DELETE FROM t RETURNING *) TO STDOUT", "delete t"},
    {"COPY t FROM STDIN", ""},
    {"COPY t TO PROGRAM 'rm -r /'", ""},
    {"PREPARE p (int) AS DELETE FROM t WHERE a = $1", "delete(where) t"},
    {"CREATE TABLE old AS WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", "delete t"},
    {"CREATE TABLE g (a int, b int GENERATED ALWAYS AS (a) STORED)", ""},
    {"DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM t RETURNING * LOOP NULL; END LOOP; END $$", "delete t"},
    {"DO $$ BEGIN IF x IN (1, 2) THEN NULL; END IF; END $$", ""},
    {"WITH RECURSIVE x AS (SELECT 1) SEARCH DEPTH FIRST BY a SET o DELETE FROM t USING x", "delete t"},
    {"DELETE FROM temp.t", "delete temp.t"},
    {"CREATE TABLE public.t (a int); DELETE FROM public.t", ""},
    {"CREATE TEMP TABLE t AS SELECT * FROM public.t; DELETE FROM public.t", "delete public.t"},
    {"MERGE INTO t USING u ON true WHEN NOT MATCHED BY SOURCE THEN DELETE", "delete(where) t"},
    {"ALTER TABLE t ALTER a TYPE text, ALTER b TYPE character varying, ALTER c TYPE text COLLATE \"C\"", ""},
    {"ALTER TABLE t ALTER a TYPE text USING 'x'", "column-type t.a"},
    {"ALTER TYPE c DROP ATTRIBUTE a", "drop-column c.a"},
    {"ALTER TYPE c ADD VALUE 'x'", ""},
    {"WITH gone AS (DELETE FROM t WHERE a < 3 RETURNING *) INSERT INTO old SELECT * FROM gone", "delete(where) t"},
    {"WITH a AS MATERIALIZED (SELECT 1), b AS (UPDATE u SET x = 1 RETURNING 2) SELECT * FROM b", "update u"},
    {"SELECT * FROM t FOR UPDATE", ""},
    {"WITH x AS (SELECT 1) SELECT * FROM t FOR UPDATE", ""},
    {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.x THEN DELETE WHEN MATCHED THEN UPDATE SET b = 1", "delete(where) t; update(where) t"},
    {"MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (1)", ""},
    {"DO $$ BEGIN IF true THEN DELETE FROM t; END IF; DROP TABLE u; END $$", "delete t; drop-table u"},
    {"DO $x$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP EXECUTE format('DROP TABLE %I', r.x); END LOOP; END $x$", "drop-table ?"},
    {"DO $$ BEGIN EXECUTE 'TRUNCATE s.t'; END $$", "truncate s.t"},
    {"DO LANGUAGE plpgsql $$ BEGIN PERFORM 1; END $$", ""},
    {"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM t $$", ""},
    {"CREATE RULE r AS ON INSERT TO t DO INSTEAD DELETE FROM u", ""},
    {"EXPLAIN ANALYZE DELETE FROM t", "delete t"},
    {"EXPLAIN (ANALYZE, BUFFERS) DELETE FROM t", "delete t"},
    {"EXPLAIN DELETE FROM t", ""},
    {"CREATE TEMP TABLE IF NOT EXISTS w (a int); DELETE FROM w; DROP TABLE pg_temp.w", ""},
    {"CREATE TABLE \"T\" (a int); DROP TABLE t", "drop-table t"},
    {"CREATE SCHEMA s; DROP SCHEMA s CASCADE", ""},
    {"ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; UPDATE t SET b = a", "update t"},
    {"ALTER TABLE t ADD b int, ADD c int; UPDATE t SET (b, c) = (1, 2) WHERE true", ""},
    {"ALTER TABLE t ADD b int; UPDATE t SET b = u.x, a = 2 FROM u WHERE u.id = t.id", "update(where) t"},
};

static const struct example sqlite[] = {
    {"REPLACE INTO t VALUES (1)", "replace(where) t"},
    {"INSERT OR REPLACE INTO [my t] VALUES (1)", "replace(where) [my t]"},
    {"INSERT OR IGNORE INTO t VALUES (1)", ""},
    {"UPDATE OR REPLACE t SET a = 1", "update t; replace t"},
    {"DELETE FROM sqlite_sequence WHERE name = 't'", ""},
    {"CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; END", ""},
    {"CREATE TABLE \"T\" (a int); DROP TABLE t", ""},
    {"CREATE TEMP TABLE w (a); DROP TABLE temp.w", ""},
    {"DROP TABLE `t`", "drop-table `t`"},
    {"CREATE TABLE main.t (a int); DROP TABLE t; DROP TABLE main.t", "drop-table main.t"},
    {"UPDATE t SET a = u.a FROM u WHERE u.id = t.id", "update(where) t"},
    {"EXPLAIN QUERY PLAN DELETE FROM t", ""},
    {"CREATE TABLE \"a\"\"b\" (a int); DROP TABLE [a\"b]", ""},
};

static void all(const struct sql_dialect *dialect, const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        told(dialect, examples[i].sql, examples[i].expected);
}

START_TEST(on_both_engines)
{
    all(&sql_postgresql, both, sizeof both / sizeof *both);
    all(&sql_sqlite, both, sizeof both / sizeof *both);
}
END_TEST

START_TEST(on_postgresql)
{
    all(&sql_postgresql, postgresql, sizeof postgresql / sizeof *postgresql);
}
END_TEST

START_TEST(on_sqlite)
{
    all(&sql_sqlite, sqlite, sizeof sqlite / sizeof *sqlite);
}
END_TEST

/* Any cut of any text is read to its end, inside of its length. */
START_TEST(cut_anywhere)
{
    for (size_t i = 0; i < sizeof postgresql / sizeof *postgresql; i++) {
        for (size_t length = 0; length <= strlen(postgresql[i].sql); length++) {
            char *cut = memory_text_n(postgresql[i].sql, length);
            struct guard_losses losses = {0};

            guard_read(&losses, &sql_postgresql, cut, length, 0);
            guard_read(&losses, &sql_sqlite, cut, length, 0);
            guard_text_end(&losses);
            ck_assert(!losses.failed);
            guard_losses_free(&losses);
            memory_free(cut);
        }
    }
}
END_TEST

START_TEST(places)
{
    const char *sql = "DO $$ BEGIN EXECUTE 'DELETE FROM t'; END $$";
    struct guard_losses losses = {0};

    ck_assert(guard_read(&losses, &sql_postgresql, sql, strlen(sql), 100));
    ck_assert_uint_eq(losses.items[0].offset, 100 + (size_t)(strstr(sql, "DELETE") - sql));
    ck_assert(guard_loses(&losses, false));
    guard_losses_free(&losses);
    ck_assert(guard_destructive(&sql_sqlite, "DROP TABLE t", 12, NULL));
    ck_assert(!guard_destructive(&sql_sqlite, "SELECT 1", 8, NULL));
}
END_TEST

UNIT("guard/destructive", on_both_engines, on_postgresql, on_sqlite, cut_anywhere, places)
