/* SPDX-License-Identifier: MIT
 * Online safety: each rule is triggered once, at the very statement, by what it is about, and not by its safe alternative; and how bad it
 * is follows the size of the live table. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static const char *at(size_t row, const char *column)
{
    const char *text = migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
    return text ? text : "";
}

/* A rule that breaks; `^` stands at the place. Files are separated by lines of a lone "/". The safe way has none of that rule. */
struct example {
    const char *rule, *severity, *base, *bad, *good, *says;
};

enum { FILES = 4 };

static void remove_files(void)
{
    static const char *const names[] = {"001_base.sql", "002_change.sql", "003_change.sql", "004_change.sql", "005_change.sql"};
    char path[400];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", api.dir, names[i]);
        remove(path);
    }
    api_close();
}

struct place {
    char file[40];
    int64_t line, column;
};

static void write_files(const char *base, const char *text, struct place *place)
{
    remove_files();
    if (base)
        api_file("001_base.sql", base);
    for (int number = 2; text; number++) {
        char name[40], content[4000];
        const char *end = strstr(text, "\n/\n");
        size_t length = end ? (size_t)(end - text) + 1 : strlen(text), used = 0;
        int64_t line = 1, column = 1;
        snprintf(name, sizeof name, "%03d_change.sql", number);
        for (size_t i = 0; i < length; i++) {
            if (text[i] == '^') {
                if (place) {
                    snprintf(place->file, sizeof place->file, "%s", name);
                    place->line = line;
                    place->column = column;
                }
                continue;
            }
            column = text[i] == '\n' ? 1 : column + 1;
            line += text[i] == '\n';
            content[used++] = text[i];
        }
        content[used] = '\0';
        api_file(name, content);
        text = end ? end + 3 : NULL;
    }
}

static size_t count_rule(const char *rule, size_t *row)
{
    size_t count = 0;
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        if (strcmp(at(i, "rule"), rule) != 0 || strstr(at(i, "file"), "001_base"))
            continue;
        *row = i;
        count++;
    }
    return count;
}

static const char *all(void)
{
    static char out[8000];
    size_t used = 0;
    const char *reason = migrate_rows_value_text(api.rows, "reason");
    used = (size_t)snprintf(out, sizeof out, "%s", reason ? reason : "");
    for (size_t i = 0; i < migrate_rows_count(api.rows) && used < sizeof out - 600; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, "%s %s %s:%s:%s %s\n", at(i, "rule"), at(i, "severity"), at(i, "file"), at(i, "line"),
                                 at(i, "column"), at(i, "message"));
    return out;
}

static void check_example(const struct example *example)
{
    struct place place = {0};
    size_t row = 0, length;
    api_option("rules", example->severity && strcmp(example->severity, "style") == 0 ? "PG33=warning,PG40=info,SQ12=info" : "");
    write_files(example->base, example->bad, &place);
    int32_t code = api_check(NULL);
    ck_assert_msg(code >= 0, "%s: %s", example->rule, api.error ? migrate_error_message(api.error) : "?");
    ck_assert_msg(count_rule(example->rule, &row) == 1, "%s: not once in\n%s\n%s", example->rule, example->bad, all());
    const char *file = at(row, "file");
    length = strlen(file);
    ck_assert_msg(length >= strlen(place.file) && strcmp(file + length - strlen(place.file), place.file) == 0 &&
                      atoll(at(row, "line")) == place.line && atoll(at(row, "column")) == place.column,
                  "%s at %s:%s:%s, not at %s:%lld:%lld\n%s", example->rule, file, at(row, "line"), at(row, "column"), place.file,
                  (long long)place.line, (long long)place.column, example->bad);
    if (example->severity && strcmp(example->severity, "style") != 0)
        ck_assert_msg(strcmp(at(row, "severity"), example->severity) == 0, "%s is %s\n%s", example->rule, at(row, "severity"), all());
    ck_assert_msg(*at(row, "hint"), "%s has no hint", example->rule);
    if (example->says)
        ck_assert_msg(strstr(at(row, "message"), example->says) || strstr(at(row, "hint"), example->says), "%s says\n%s\n%s", example->rule,
                      at(row, "message"), at(row, "hint"));
    if (!example->good)
        return;
    write_files(example->base, example->good, NULL);
    code = api_check(NULL);
    ck_assert_msg(code >= 0, "%s: %s", example->rule, api.error ? migrate_error_message(api.error) : "?");
    ck_assert_msg(count_rule(example->rule, &row) == 0, "%s is no harm in\n%s\n%s", example->rule, example->good, all());
    ck_assert_msg(!strstr(all(), "SR30"), "%s: %s\n%s", example->rule, example->good, all());
}

#define T "CREATE TABLE t (id bigint PRIMARY KEY, a int, b varchar(20), c timestamp);\n"
#define TU T "CREATE TABLE u (id bigint PRIMARY KEY, t bigint);\n"
#define NT "-- migrate: no-transaction\n"

static const struct example postgresql[] = {
    {"PG01", "warning", T, "SELECT 1;\n^ALTER TABLE t SET UNLOGGED;\n", "CREATE UNLOGGED TABLE n (id int);\n", "public.t"},
    {"PG02", "warning", T, "^DO $$ BEGIN LOCK TABLE t; PERFORM count(*) FROM t; END $$;\n", "DO $$ BEGIN PERFORM count(*) FROM t; END $$;\n", "public.t"},
    {"PG03", "warning", T, "^ALTER TABLE t ADD COLUMN k uuid DEFAULT gen_random_uuid();\n",
     "ALTER TABLE t ADD COLUMN k uuid;\nALTER TABLE t ALTER COLUMN k SET DEFAULT gen_random_uuid();\n", "ALTER TABLE public.t ADD COLUMN k"},
    {"PG04", "warning", T, "^ALTER TABLE t ADD COLUMN k bigserial;\n", "ALTER TABLE t ADD COLUMN k bigint;\n", "public.t"},
    {"PG04", "warning", T, "^ALTER TABLE t ADD COLUMN k int GENERATED ALWAYS AS (a + 1) STORED;\n", NULL, "generated"},
    {"PG05", "warning", T, "^ALTER TABLE t ALTER COLUMN a TYPE bigint;\n", "ALTER TABLE t ADD COLUMN a2 bigint;\n", "from integer to bigint"},
    {"PG05", "info", T, "^ALTER TABLE t ALTER COLUMN b TYPE varchar(50);\n", NULL, "no row is touched"},
    {"PG06", "warning", T, "^ALTER TABLE t ALTER a SET NOT NULL;\n",
     "ALTER TABLE t ADD CONSTRAINT a_not_null CHECK (a IS NOT NULL) NOT VALID;\n/\nALTER TABLE t VALIDATE CONSTRAINT a_not_null;\n/\nALTER TABLE t ALTER a SET "
     "NOT NULL;\n",
     "ADD CONSTRAINT a_not_null CHECK (a IS NOT NULL) NOT VALID"},
    {"PG07", "warning", T, "^ALTER TABLE t ADD d int NOT NULL;\n", "ALTER TABLE t ADD d int NOT NULL DEFAULT 0;\n", "column d"},
    {"PG08", "warning", TU, "^ALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t) REFERENCES t (id);\n",
     "ALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t) REFERENCES t (id) NOT VALID;\n/\nALTER TABLE u VALIDATE CONSTRAINT ut;\n", "VALIDATE CONSTRAINT ut"},
    {"PG09", "warning", T, "^ALTER TABLE t ADD CONSTRAINT big CHECK (a > 0);\n",
     "ALTER TABLE t ADD CONSTRAINT big CHECK (a > 0) NOT VALID;\n/\nALTER TABLE t VALIDATE CONSTRAINT big;\n", "VALIDATE CONSTRAINT big"},
    {"PG10", "warning", T, "^ALTER TABLE t ADD CONSTRAINT t_a UNIQUE (a);\n",
     NT "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);\n/\nALTER TABLE t ADD CONSTRAINT t_a UNIQUE USING INDEX t_a;\n",
     "CREATE UNIQUE INDEX CONCURRENTLY t_a ON public.t (a)"},
    {"PG11", "warning", T, "CREATE TABLE n (id int);\nCREATE INDEX na ON n (id);\n^CREATE INDEX ta ON t (a);\n",
     NT "CREATE INDEX CONCURRENTLY ta ON t (a);\n", "CREATE INDEX CONCURRENTLY ta ON public.t USING btree (a) in a file of its own"},
    {"PG12", "warning", T "CREATE INDEX ta ON t (a);\n", "^DROP INDEX ta;\n", NT "DROP INDEX CONCURRENTLY ta;\n", "DROP INDEX CONCURRENTLY public.ta"},
    {"PG13", "warning", T "CREATE INDEX ta ON t (a);\n", "^REINDEX INDEX ta;\n", NT "REINDEX INDEX CONCURRENTLY ta;\n", "CONCURRENTLY"},
    {"PG13", "warning", T "CREATE MATERIALIZED VIEW m AS SELECT id FROM t;\nCREATE UNIQUE INDEX mi ON m (id);\n", "^REFRESH MATERIALIZED VIEW m;\n",
     "REFRESH MATERIALIZED VIEW CONCURRENTLY m;\n", "public.m"},
    {"PG13", "warning", T, NT "^VACUUM FULL t;\n", NT "VACUUM t;\n", "public.t"},
    {"PG13", "warning", T, "^CLUSTER t USING t_pkey;\n", NULL, "pg_repack"},
    {"PG14", "warning", T, "CREATE TABLE n (id int);\n^CREATE INDEX CONCURRENTLY ta ON t (a);\n", NT "CREATE INDEX CONCURRENTLY ta ON t (a);\n",
     "no-transaction"},
    {"PG14", "error", T, "^DO $$ BEGIN EXECUTE 'CREATE INDEX CONCURRENTLY ta ON t (a)'; END $$;\n", NULL, "no-transaction"},
    {"PG15", "warning", T, "^DROP TABLE t;\n", "ALTER TABLE t RENAME TO t_unused;\n", "t_unused"},
    {"PG16", "warning", T, "^ALTER TABLE t DROP COLUMN a;\n", "ALTER TABLE t ADD x int;\nALTER TABLE t DROP x;\n", "public.t.a"},
    {"PG17", "warning", T, "^ALTER TABLE t RENAME TO t2;\n", "ALTER TABLE t RENAME TO t2;\nCREATE VIEW t AS SELECT * FROM t2;\n", "CREATE VIEW public.t AS"},
    {"PG17", "warning", T, "^ALTER TABLE t RENAME a TO z;\n", "ALTER TABLE t ADD z int;\n", "column public.t.a"},
    {"PG18", "warning", T "CREATE TABLE u (t bigint REFERENCES t);\n", "^DROP TABLE t CASCADE;\n", "ALTER TABLE u DROP CONSTRAINT u_t_fkey;\nDROP TABLE t;\n",
     "constraint public.u.u_t_fkey"},
    {"PG19", "warning", T "CREATE TABLE u (t bigint REFERENCES t);\n", "^TRUNCATE t CASCADE;\n", "DELETE FROM t WHERE id < 1000;\n", "public.u"},
    {"PG20", "warning", "CREATE TYPE e AS ENUM ('a');\nCREATE TABLE t (e e);\n", "ALTER TYPE e ADD VALUE 'b';\n^INSERT INTO t VALUES ('b');\n",
     "ALTER TYPE e ADD VALUE 'b';\n/\nINSERT INTO t VALUES ('b');\n", "ADD VALUE in a file of its own"},
    {"PG21", "warning", "CREATE TYPE e AS ENUM ('a', 'b');\n", "^ALTER TYPE e RENAME VALUE 'a' TO 'x';\n", "ALTER TYPE e ADD VALUE 'x';\n", "'a' of public.e"},
    {"PG22", "warning", T, "SET LOCAL lock_timeout = 0;\n^ALTER TABLE t ADD x int;\n", "SET LOCAL lock_timeout = '1s';\nALTER TABLE t ADD x int;\n",
     "ddl_lock_timeout"},
    {"PG23", "info", TU, "ALTER TABLE t ADD x int;\n^ALTER TABLE u ADD x int;\n", "ALTER TABLE t ADD x int;\n/\nALTER TABLE u ADD x int;\n", "public.u"},
    {"PG24", "warning", TU, "ALTER TABLE t ADD x int;\n^CREATE INDEX ut ON u (t);\n", "ALTER TABLE t ADD x int;\n/\nCREATE INDEX ut ON u (t);\n", "since line 1"},
    {"PG25", "warning", T, "ALTER TABLE t ADD CONSTRAINT big CHECK (a > 0) NOT VALID;\n^ALTER TABLE t VALIDATE CONSTRAINT big;\n",
     "ALTER TABLE t ADD CONSTRAINT big CHECK (a > 0) NOT VALID;\n/\nALTER TABLE t VALIDATE CONSTRAINT big;\n", "in a later file"},
    {"PG26", "warning", TU, "ALTER TABLE t ADD x int;\n^UPDATE u SET t = 1 WHERE id = 1;\n", "ALTER TABLE t ADD x int;\n/\nUPDATE u SET t = 1 WHERE id = 1;\n",
     "public.u"},
    {"PG27", "warning", T, "^UPDATE t SET a = (SELECT max(id) FROM t WHERE id < 5);\n", "UPDATE t SET a = 1 WHERE id BETWEEN 1 AND 1000;\n", "in batches"},
    {"PG28", "warning", TU, "^ALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t) REFERENCES t (id) NOT VALID;\n",
     "CREATE INDEX ut ON u (t);\nALTER TABLE u ADD CONSTRAINT ut FOREIGN KEY (t) REFERENCES t (id) NOT VALID;\n", "ON public.u (t)"},
    {"PG29", "warning", "CREATE TABLE p (k int) PARTITION BY RANGE (k);\n", "^CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);\n",
     "CREATE TABLE p1 (LIKE p);\nALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (2);\n", "ATTACH PARTITION public.p1 FOR VALUES FROM (1) TO (2)"},
    {"PG30", "warning", "CREATE TABLE p (k int) PARTITION BY RANGE (k);\nCREATE TABLE p1 (k int);\n",
     "^ALTER TABLE p ATTACH PARTITION p1 FOR VALUES FROM (1) TO (2);\n",
     "ALTER TABLE p1 ADD CONSTRAINT k CHECK (k >= 1 AND k < 2 AND k IS NOT NULL) NOT VALID;\n/\nALTER TABLE p1 VALIDATE CONSTRAINT k;\n/\nALTER TABLE p "
     "ATTACH PARTITION p1 FOR VALUES FROM (1) TO (2);\n",
     "public.p1"},
    {"PG31", "warning", "CREATE TABLE p (k int) PARTITION BY RANGE (k);\nCREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (2);\n",
     "^ALTER TABLE p DETACH PARTITION p1;\n", NT "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\n", "DETACH PARTITION public.p1 CONCURRENTLY"},
    {"PG32", "info", T, "^SET search_path = public, pg_temp;\n", "SET LOCAL search_path = public, pg_temp;\n", "search_path"},
    {"PG33", "style", T, "CREATE TABLE n (id int);\n^COMMIT;\nALTER TABLE t ADD x int;\n", "BEGIN;\nCREATE TABLE n (id int);\nCOMMIT;\n", "two files"},
    {"PG34", "warning", T, "^CREATE TABLE IF NOT EXISTS t (x int);\n", "CREATE TABLE IF NOT EXISTS t2 (x int);\n", "IF NOT EXISTS"},
    {"PG34", "info", T, "^DROP TABLE IF EXISTS nothing;\n", "DROP VIEW IF EXISTS nothing;\n", "IF EXISTS"},
    {"PG35", "error", T "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT max(a) FROM t';\n", "SELECT 1;\n^ALTER TABLE t RENAME a TO z;\n",
     "ALTER TABLE t RENAME a TO z;\nCREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT max(z) FROM t';\n", "public.f()"},
    {"PG36", "warning", NULL, "^CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';\n",
     "CREATE FUNCTION f() RETURNS int SECURITY DEFINER SET search_path = pg_catalog LANGUAGE sql AS 'SELECT 1';\n", "public.f()"},
    {"PG37", "error", T "CREATE INDEX ta ON t (a);\n",
     "SELECT 1;\n^DO $$ BEGIN UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ta'::regclass; END $$;\n",
     NT "CREATE INDEX CONCURRENTLY tb ON t (b);\n", "DROP INDEX CONCURRENTLY public.ta"},
    {"PG38", "warning", T,
     "^CREATE TABLE a_name_that_is_so_long_that_nobody_would_ever_want_to_write_it_even_once (id int);\n", "CREATE TABLE short (id int);\n", "63 bytes"},
    {"PG39", "warning", "CREATE DOMAIN d AS int;\nCREATE TABLE t (d d);\n", "^ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE > 0);\n",
     "ALTER DOMAIN d ADD CONSTRAINT pos CHECK (VALUE > 0) NOT VALID;\n/\nALTER DOMAIN d VALIDATE CONSTRAINT pos;\n", "ALTER DOMAIN public.d ADD CONSTRAINT pos"},
    {"PG40", "style", NULL, "^CREATE TABLE n (id bigint PRIMARY KEY, j json);\n", "CREATE TABLE n (id bigint PRIMARY KEY, j jsonb);\n", "jsonb"},
    {"PG40", "style", NULL, "^CREATE TABLE n (id int PRIMARY KEY);\n", NULL, "bigint"},
};

#define L "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT);\n"
#define LU L "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id));\nCREATE INDEX ut ON u (t);\n"

static const struct example sqlite[] = {
    {"SQ01", "info", L, "^PRAGMA foreign_keys = OFF;\nALTER TABLE t ADD x INTEGER;\n", "ALTER TABLE t ADD x INTEGER;\n", "not sent"},
    {"SQ02", "error", LU, "-- migrate: foreign-keys on\nCREATE TABLE n (x);\n^DROP TABLE t;\n", "DROP TABLE u;\nDROP TABLE t;\n", "foreign-keys on"},
    {"SQ03", "error", L, "CREATE TABLE n (x);\n^CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES missing (id));\n",
     "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES later (id));\nCREATE TABLE later (id INTEGER PRIMARY KEY);\n", "missing"},
    {"SQ03", "error", LU, "ALTER TABLE t RENAME TO t_old;\nCREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\n^DROP TABLE t_old;\n",
     "CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO t_new SELECT id, a FROM t;\nDROP TABLE t;\nALTER TABLE t_new RENAME TO t;\n", "t_old"},
    {"SQ04", "error", L "CREATE VIEW v AS SELECT a FROM t;\n", "CREATE TABLE n (x);\n^DROP TABLE t;\n", "DROP VIEW v;\nDROP TABLE t;\n", "view v"},
    {"SQ05", "warning", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER) STRICT;\nCREATE INDEX ta ON t (a);\n",
     "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO n SELECT id, a FROM t;\n^DROP TABLE t;\nALTER TABLE n RENAME TO t;\n",
     "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT) STRICT;\nINSERT INTO n SELECT id, a FROM t;\nDROP TABLE t;\nALTER TABLE n RENAME TO "
     "t;\nCREATE INDEX ta ON t (a);\n",
     "STRICT, AUTOINCREMENT, index ta"},
    {"SQ06", "warning", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER);\n",
     "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);\nINSERT INTO n SELECT id, a FROM t;\n^DROP TABLE t;\nALTER TABLE n RENAME TO t;\n",
     "CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);\nINSERT INTO n SELECT id, a FROM t;\nUPDATE sqlite_sequence SET seq = (SELECT seq FROM "
     "sqlite_sequence WHERE name = 't') WHERE name = 'n';\nDROP TABLE t;\nALTER TABLE n RENAME TO t;\n",
     "sqlite_sequence"},
    {"SQ07", "warning", L, "^ALTER TABLE t DROP COLUMN a;\n", "ALTER TABLE t RENAME COLUMN a TO z;\n", "t.a"},
    {"SQ07", "warning", L, "^DROP TABLE t;\n", "ALTER TABLE t RENAME TO t2;\n", "table t"},
    {"SQ08", "warning", L, "^ALTER TABLE t ADD COLUMN d INTEGER NOT NULL;\n", "ALTER TABLE t ADD COLUMN d INTEGER NOT NULL DEFAULT 0;\n", "NOT NULL"},
    {"SQ08", "warning", L, "^ALTER TABLE t ADD COLUMN d TEXT DEFAULT CURRENT_TIMESTAMP;\n", NULL, "no constant"},
    {"SQ09", "warning", L, "CREATE TABLE n (x);\n^VACUUM;\n", NT "VACUUM;\n", "no-transaction"},
    {"SQ10", "warning", L, "^UPDATE t SET a = 1;\n", "UPDATE t SET a = 1 WHERE id BETWEEN 1 AND 1000;\n", "in batches"},
    {"SQ11", "info", L, "CREATE TABLE n (x);\n^CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id));\n",
     "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id));\nCREATE INDEX ut ON u (t);\n", "ON u (t)"},
    {"SQ12", "style", L, "^ALTER TABLE t RENAME COLUMN a TO z;\n", "ALTER TABLE t ADD COLUMN z TEXT;\n", "3.25"},
    {"SQ13", "warning", L, "CREATE TABLE n (x);\n^INSERT INTO t (b) VALUES (\"text\");\n", "INSERT INTO \"t\" (\"b\") VALUES ('text');\n", "text"},
    {"SQ13", "warning", L, "^CREATE TABLE n (x TEXT CHECK (x <> \"text\"));\n", "CREATE TABLE \"n\" (\"x\" TEXT CHECK (\"x\" <> 'text'));\n", "text"},
};

enum { PARTS = 6 };

static void check_part(size_t part)
{
    const struct example *examples = API_EITHER(sqlite, postgresql);
    size_t count = API_EITHER(sizeof sqlite / sizeof *sqlite, sizeof postgresql / sizeof *postgresql);
    const char *only = getenv("MIGRATE_TEST_RULE");
    char scratch[400], sql[500];
    snprintf(scratch, sizeof scratch, "%s_scratch", api.database);
    if (api.engine == API_POSTGRESQL) { /* emptied each time, which is quicker than making one each time */
        snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\"", scratch);
        api_sql(sql);
        api_option("shadow_url", api_url_with(NULL, NULL, scratch));
    }
    for (size_t i = part; i < count; i += PARTS) {
        if (!only || strcmp(only, examples[i].rule) == 0)
            check_example(&examples[i]);
    }
    api_close();
    snprintf(sql, sizeof sql, "DROP DATABASE \"%s\"", scratch);
    if (api.engine == API_POSTGRESQL)
        api_sql(sql);
}

START_TEST(test_rules_1)
{
    check_part(0);
}
END_TEST

START_TEST(test_rules_2)
{
    check_part(1);
}
END_TEST

START_TEST(test_rules_3)
{
    check_part(2);
}
END_TEST

START_TEST(test_rules_4)
{
    check_part(3);
}
END_TEST

START_TEST(test_rules_5)
{
    check_part(4);
}
END_TEST

START_TEST(test_rules_6)
{
    check_part(5);
}
END_TEST

/* ---- against a database ---- */

/* A row of that rule about that file. */
static size_t find(const char *rule, const char *file)
{
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
        if (strcmp(at(i, "rule"), rule) == 0 && (!file || strstr(at(i, "file"), file)))
            return i;
    ck_abort_msg("no %s in %s:\n%s", rule, file ? file : "-", all());
}

/* 100,001 rows, 1,000 rows, ten, and none. */
static void make_live(void)
{
    static const struct {
        const char *table;
        int rows;
    } tables[] = {{"big", 100001}, {"mid", 1000}, {"small", 10}, {"nothing_in_it", 0}};
    char sql[2000];
    size_t used = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        used += (size_t)snprintf(sql + used, sizeof sql - used, "CREATE TABLE %s (id %s PRIMARY KEY, a int, b text);\n", tables[i].table,
                                 API_EITHER("INTEGER", "bigint"));
    api_file("001_base.sql", sql);
    API_OK(api_apply());
    api_close();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (tables[i].rows == 0)
            continue;
        snprintf(sql, sizeof sql,
                 API_EITHER("INSERT INTO %s WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i, 1, 'x' FROM n",
                            "INSERT INTO %s SELECT i, 1, 'x' FROM generate_series(1, %d) i"),
                 tables[i].table, tables[i].rows);
        api_sql(sql);
    }
}

static void check_severity(const char *rule, const char *file, const char *severity)
{
    size_t row = find(rule, file);
    ck_assert_msg(strcmp(at(row, "severity"), severity) == 0, "%s in %s is %s, not %s:\n%s", rule, file, at(row, "severity"), severity, all());
}

START_TEST(test_sizes)
{
    make_live();
    api_file("002_big.sql", "UPDATE big SET a = 2;\n");
    api_file("003_mid.sql", "UPDATE mid SET a = 2;\n");
    api_file("004_small.sql", "UPDATE small SET a = 2;\n");
    api_file("005_empty.sql", "UPDATE nothing_in_it SET a = 2;\n");
    api_file("006_required.sql", "ALTER TABLE small ADD COLUMN r int NOT NULL;\n");
    api_file("007_not_required.sql", "ALTER TABLE nothing_in_it ADD COLUMN r int NOT NULL;\n");
    api_file("008_renamed.sql", "ALTER TABLE big RENAME TO huge;\n");
    api_file("009_behind.sql", "UPDATE huge SET a = 3;\n");
    const char *write = API_EITHER("SQ10", "PG27"), *required = API_EITHER("SQ08", "PG07");
    ck_assert_int_eq(api_check("database"), MIGRATE_FINDINGS);
    check_severity(write, "002_big", "error");
    check_severity(write, "003_mid", "warning");
    check_severity(write, "004_small", "info");
    check_severity(write, "005_empty", "info");
    check_severity(required, "006_required", "error");
    check_severity(required, "007_not_required", "info");
    check_severity(write, "009_behind", "error");
    ck_assert(strstr(at(find(write, "002_big"), "message"), "100,001 rows"));
    api_close();
    ck_assert_int_ge(api_check(NULL), 0); /* without a look at the rows */
    check_severity(write, "002_big", "warning");
    check_severity(write, "004_small", "warning");
    check_severity(required, "006_required", "warning");
    /* nothing was changed */
    ck_assert_str_eq(api_query("SELECT count(*) FROM big WHERE a = 1"), "100001");
    ck_assert_str_eq(api_applied(), "001_base");
}
END_TEST

START_TEST(test_sizes_of_locks)
{
    if (api.engine == API_SQLITE)
        return;
    make_live();
    api_sql("ANALYZE big");
    api_file("002_big.sql", "CREATE INDEX big_a ON big (a);\n");
    api_file("003_small.sql", "CREATE INDEX small_a ON small (a);\n");
    api_file("004_type.sql", "ALTER TABLE mid ALTER COLUMN a TYPE bigint;\n");
    api_file("005_both.sql", "ALTER TABLE big ADD x int;\nALTER TABLE small ADD x int;\n");
    ck_assert_int_eq(api_check("database"), MIGRATE_FINDINGS);
    check_severity("PG11", "002_big", "error");
    check_severity("PG11", "003_small", "info");
    check_severity("PG05", "004_type", "warning");
    check_severity("PG23", "005_both", "info");
}
END_TEST

/* An index whose building failed is told of, although no migration made it. */
START_TEST(test_invalid_index)
{
    if (api.engine == API_SQLITE)
        return;
    make_live();
    ck_assert(api_try_sql("CREATE UNIQUE INDEX CONCURRENTLY small_a ON small (a)"));
    ck_assert_int_ge(api_check("database"), 0);
    size_t row = find("PG37", NULL);
    ck_assert(strstr(at(row, "message"), "public.small_a"));
    ck_assert_str_eq(at(row, "file"), "");
    ck_assert_str_eq(at(row, "severity"), "warning");
}
END_TEST

/* It runs where there are no rows. */
START_TEST(test_live_rows)
{
    if (api.engine == API_POSTGRESQL)
        return;
    make_live();
    api_file("002_fine.sql", "CREATE UNIQUE INDEX small_id ON small (id, a);\n");
    api_file("003_unique.sql", "CREATE TABLE n (x);\nCREATE UNIQUE INDEX small_a ON small (a);\n");
    api_file("004_behind.sql", "ALTER TABLE small ADD COLUMN c TEXT;\n");
    ck_assert_int_eq(api_check("database"), MIGRATE_FINDINGS);
    size_t row = find("SQ14", "003_unique");
    ck_assert_str_eq(at(row, "line"), "2");
    ck_assert_str_eq(at(row, "column"), "1");
    ck_assert_str_eq(at(row, "severity"), "error");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "errors"), 1);
    api_close();
    api_sql("UPDATE small SET a = id");
    ck_assert_int_eq(api_check("database"), MIGRATE_OK);
    ck_assert_str_eq(api_applied(), "001_base");
}
END_TEST

/* What an enum's value is used for shows where the file is begun anew: nothing is told twice. */
START_TEST(test_once)
{
    size_t row = 0;
    if (api.engine == API_SQLITE)
        return;
    api_file("001_base.sql", "CREATE TYPE e AS ENUM ('a');\nCREATE TABLE t (e e);\nCREATE TABLE u (i int);\n");
    api_file("002_change.sql", "UPDATE u SET i = 1;\nALTER TABLE u ADD COLUMN r int NOT NULL;\nALTER TYPE e ADD VALUE 'b';\nINSERT INTO t VALUES ('b');\n"
                               "UPDATE t SET e = 'b';\n");
    ck_assert_int_ge(api_check(NULL), 0);
    ck_assert_uint_eq(count_rule("PG07", &row), 1);
    ck_assert_uint_eq(count_rule("PG20", &row), 1);
    ck_assert_str_eq(at(row, "line"), "4");
    ck_assert_uint_eq(count_rule("PG27", &row), 2);
}
END_TEST

/* What a migration made itself is nobody's but its own. */
START_TEST(test_new_ones_are_exempt)
{
    api_file("001_base.sql", API_EITHER("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER);\nCREATE INDEX ta ON t (a);\nUPDATE t SET a = 1;\nALTER TABLE t "
                                        "ADD COLUMN r INTEGER NOT NULL;\nALTER TABLE t RENAME TO z;\nDROP TABLE z;\n",
                                        "CREATE TABLE t (id int PRIMARY KEY, a int);\nCREATE INDEX ta ON t (a);\nUPDATE t SET a = 1;\nALTER TABLE t ADD "
                                        "COLUMN r int NOT NULL;\nALTER TABLE t ALTER a TYPE bigint;\nALTER TABLE t ALTER a SET NOT NULL;\nALTER TABLE t "
                                        "ADD CHECK (a > 0);\nALTER TABLE t ADD UNIQUE (a);\nDROP INDEX ta;\nALTER TABLE t RENAME TO z;\nTRUNCATE z;\nDROP "
                                        "TABLE z;\n"));
    API_OK(api_check(NULL));
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++)
        ck_assert_msg(strncmp(at(i, "rule"), "SR", 2) == 0, "%s", all());
}
END_TEST

API("online", test_rules_1, test_rules_2, test_rules_3, test_rules_4, test_rules_5, test_rules_6, test_sizes, test_sizes_of_locks, test_invalid_index, test_live_rows, test_once, test_new_ones_are_exempt)
