/* SPDX-License-Identifier: MIT
 * What statements are about, by their words. */
#include "check/words.h"

#include "unit.h"

#include <string.h>

static bool note(const struct word *word, void *user)
{
    static const char marks[] = {[DEED_MAKES] = '+', [DEED_CHANGES] = '~', [DEED_DROPS] = '-', [DEED_NEEDS] = '?'};
    struct text *text = user;
    text_format(text, "%s%c%s %s%s%s%s%s%s%s", text->length ? ", " : "", marks[word->does], word->word, word->name, word->to ? ">" : "",
                word->to ? word->to : "", word->conditional ? "!" : "", word->late ? " late" : "", word->refers ? " refers" : "",
                word->temporary ? " temporary" : "");
    return true;
}

static void expect(const struct sql_dialect *dialect, const char *sql, const char *expected)
{
    struct text text = {0};
    ck_assert(words_read(dialect, sql, strlen(sql), note, &text));
    ck_assert_msg(strcmp(text.data ? text.data : "", expected) == 0, "%s\n   gives: %s\n   not:   %s", sql, text.data ? text.data : "",
                  expected);
    text_free(&text);
}

#define PG(sql, expected) expect(&sql_postgresql, sql, expected)
#define LITE(sql, expected) expect(&sql_sqlite, sql, expected)

START_TEST(tables)
{
    PG("CREATE TABLE public.Users (id int, \"E Mail\" text UNIQUE, CHECK (id > 0))",
       "+table users, +column users.id, ?type int, +column users.E Mail, ?type text");
    PG("create table if not exists app.t (a int references u (id), foreign key (a) references v)",
       "+table app.t!, +column app.t.a, ?type int, ?table u! refers, ?table v! refers");
    PG("CREATE TEMP TABLE t AS SELECT * FROM u", "+table t temporary, ?table u temporary");
    PG("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')", "+table p1, ?table p");
    PG("CREATE TABLE c (LIKE q, x mood) INHERITS (a, b)", "+table c, ?table q, +column c.x, ?type mood, ?table a, ?table b");
    PG("CREATE UNLOGGED TABLE t ()", "+table t");
    PG("DROP TABLE IF EXISTS a, public.b CASCADE", "-table a!, -table b!");
    PG("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY t (lower(x))", "+index i!, ?table t!");
    PG("CREATE INDEX ON t (x)", "?table t");
    LITE("CREATE TABLE [a b] (`x` INT, 'y' TEXT)", "+table a b, +column a b.x");
    LITE("CREATE VIRTUAL TABLE w USING fts5 (body)", "+table w");
}
END_TEST

START_TEST(alter)
{
    PG("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, ADD b mood, DROP COLUMN c, ALTER d SET NOT NULL",
       "~table t, +column t.a!, ?type int, +column t.b, ?type mood, -column t.c, ~column t.d");
    PG("ALTER TABLE ONLY t ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES u (id) ON UPDATE CASCADE, DROP CONSTRAINT x",
       "~table t, +constraint t.fk, ?table u refers, -constraint t.x");
    PG("ALTER TABLE app.t RENAME TO v", "~table app.t, -table app.t>app.v, +table app.v");
    PG("ALTER TABLE t RENAME a TO b", "~table t, -column t.a>t.b, +column t.b");
    PG("ALTER TABLE t RENAME COLUMN a TO b", "~table t, -column t.a>t.b, +column t.b");
    PG("ALTER TYPE mood ADD VALUE 'x'", "~type mood");
    PG("ALTER VIEW v RENAME TO w", "~view v, -view v>w, +view w");
    PG("ALTER ROLE x SET y = 1", "");
}
END_TEST

START_TEST(views_and_functions)
{
    PG("CREATE OR REPLACE VIEW v AS WITH x AS (SELECT * FROM a), y (n) AS MATERIALIZED (SELECT 1) SELECT * FROM x, y, b AS c LEFT JOIN d ON true",
       "+view v!, ?table a!, ?table b!, ?table d!");
    PG("CREATE VIEW v AS SELECT extract(year FROM at), substring(x FROM 2), a IS DISTINCT FROM b FROM t, generate_series(1, 2) g, s",
       "+view v, ?table t, ?table s");
    PG("CREATE FUNCTION f(a int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET x = 1; PERFORM 1 FROM u; END $$",
       "+function f, ?table t late, ?table u late");
    PG("CREATE TRIGGER g BEFORE UPDATE OF x ON app.t FOR EACH ROW EXECUTE FUNCTION f()", "+trigger app.t.g, ?table app.t");
    PG("DROP TRIGGER IF EXISTS g ON t", "-trigger t.g!");
    PG("DROP FUNCTION f(int, text), g", "-function f, -function g");
    LITE("CREATE VIEW v AS SELECT * FROM t", "+view v, ?table t late");
    LITE("CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE u SET x = 1; INSERT INTO v SELECT * FROM w; END",
         "+trigger g, ?table t, ?table u late, ?table v late, ?table w late");
}
END_TEST

START_TEST(rows)
{
    PG("INSERT INTO a (x) SELECT y FROM b ON CONFLICT (x) DO UPDATE SET x = excluded.x", "?table a, ?table b");
    PG("UPDATE a SET x = b.x FROM b", "?table a, ?table b");
    PG("DELETE FROM a USING b WHERE a.x = b.x", "?table a, ?table b");
    PG("SELECT 1 FROM a JOIN b USING (x) FOR UPDATE OF a", "?table a, ?table b");
    PG("WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT * FROM r", "");
    PG("SELECT 'FROM a', \"FROM\" /* FROM b */ FROM pg_class -- FROM c", "");
    PG("TRUNCATE TABLE a, b CASCADE", "?table a, ?table b");
    PG("COPY a (x) FROM stdin", "?table a");
    PG("COMMENT ON COLUMN public.t.x IS 'y'", "?column t.x");
    PG("DO $do$ BEGIN INSERT INTO a SELECT * FROM b; END $do$", "?table a, ?table b");
    PG("GRANT SELECT ON a TO b", "");
    LITE("INSERT OR IGNORE INTO a VALUES (1)", "?table a");
    LITE("REPLACE INTO a VALUES (1)", "?table a");
}
END_TEST

/* Nothing is read beyond what is there. */
START_TEST(halves)
{
    static const char *const texts[] = {"CREATE", "CREATE TABLE", "CREATE TABLE t (", "CREATE TABLE t (a", "ALTER TABLE t ADD", "DROP TABLE ,",
                                        "ALTER TABLE t RENAME", "CREATE TRIGGER", "DO $$", "INSERT INTO", "FROM", "SELECT FROM (", "CREATE INDEX ON",
                                        "WITH", "DROP TRIGGER a ON", "COMMENT ON COLUMN", "ALTER TABLE t RENAME a TO", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct text text = {0};
        char *copy = strdup(texts[i]); /* so that a tool sees a byte too many */
        ck_assert(words_read(&sql_postgresql, copy, strlen(copy), note, &text) && words_read(&sql_sqlite, copy, strlen(copy), note, &text));
        free(copy);
        text_free(&text);
    }
}
END_TEST

UNIT("check/words", tables, alter, views_and_functions, rows, halves)
