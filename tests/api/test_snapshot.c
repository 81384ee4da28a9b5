/* SPDX-License-Identifier: MIT
 * The schema as the engine sees it: a snapshot's SQL makes the same schema again, equal schemas have equal fingerprints however they
 * were written, and each kind of change shows. */
#include "api.h"

#include <stdio.h>
#include <string.h>

/* One of everything; each statement ends a line. */
static const char postgresql_schema[] =
    "CREATE SCHEMA app;\n"
    "CREATE TYPE mood AS ENUM ('a', 'b');\n"
    "CREATE DOMAIN app.email AS text NOT NULL CHECK (VALUE ~ '@');\n"
    "CREATE TYPE pair AS (a int, b text);\n"
    "CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);\n"
    "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n serial, m mood DEFAULT 'a', e "
    "app.email, p pair[], x text "
    "COLLATE \"C\", g int GENERATED ALWAYS AS (n * 2) STORED, CHECK (n > 0), UNIQUE (n));\n"
    "CREATE TABLE \"Odd Name\" (id int REFERENCES t (n) ON DELETE CASCADE DEFERRABLE, s text, EXCLUDE USING "
    "btree (s WITH =));\n"
    "CREATE TABLE child (more int) INHERITS (\"Odd Name\");\n"
    "CREATE TABLE part (id int NOT NULL, d date, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);\n"
    "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"
    "CREATE INDEX ON part (d);\n"
    "CREATE VIEW v AS SELECT id, m FROM t;\n"
    "CREATE VIEW a_view_of_it AS SELECT * FROM v;\n"
    "CREATE MATERIALIZED VIEW mv AS SELECT * FROM v;\n"
    "CREATE INDEX mvi ON mv (id);\n"
    "CREATE FUNCTION f(t) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    "CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    "CREATE TABLE a_default (id int DEFAULT later());\n"
    "CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int, initcond = '0');\n"
    "CREATE PROCEDURE pr() LANGUAGE sql AS '';\n"
    "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n"
    "CREATE TRIGGER trg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();\n"
    "ALTER TABLE t DISABLE TRIGGER trg;\n"
    "CREATE RULE r AS ON DELETE TO \"Odd Name\" DO INSTEAD NOTHING;\n"
    "ALTER TABLE \"Odd Name\" ENABLE ROW LEVEL SECURITY;\n"
    "CREATE POLICY pol ON \"Odd Name\" FOR SELECT USING (id > 1);\n"
    "ALTER TABLE t SET (fillfactor = 50, autovacuum_enabled = off, toast.autovacuum_enabled = off);\n"
    "CREATE STATISTICS st ON id, s FROM \"Odd Name\";\n"
    "COMMENT ON TABLE t IS 'it''s';\n"
    "COMMENT ON COLUMN t.n IS 'y';\n"
    "COMMENT ON FUNCTION f(t) IS 'z';\n"
    "ALTER TABLE t REPLICA IDENTITY FULL;\n"
    "ALTER TABLE t ALTER x SET STORAGE EXTERNAL;\n"
    "ALTER TABLE t ALTER x SET STATISTICS 5;\n"
    "CREATE SEQUENCE sq OWNED BY t.n;\n"
    "CREATE UNLOGGED TABLE ul (a int);\n";

static const char sqlite_schema[] = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT COLLATE "
                                    "NOCASE CHECK (b <> ''), c INT AS (id * 2) STORED, UNIQUE (b));\n"
                                    "CREATE TABLE \"Odd Name\" (x, y REFERENCES t (id) ON DELETE CASCADE "
                                    "DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (x, y)) WITHOUT ROWID;\n"
                                    "CREATE TABLE typed (n INTEGER NOT NULL DEFAULT 5, s TEXT) STRICT;\n"
                                    "CREATE INDEX some ON typed (lower(s)) WHERE n > 1;\n"
                                    "CREATE VIEW v AS SELECT * FROM t;\n"
                                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE typed SET n = 1; END;\n"
                                    "CREATE VIRTUAL TABLE words USING fts5 (body);\n";

static char *text_of(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    ck_assert_ptr_nonnull(copy);
    return copy;
}

static void snapshot(void)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    API_OK(migrate_snapshot(api.session, &api.rows, api_error()));
}

static char *fingerprint(void)
{
    snapshot();
    return text_of(migrate_rows_value_text(api.rows, "fingerprint"));
}

/* Everything of the test's that is in the database goes. */
static void empty(void)
{
    char *sql;
    if (api.engine == API_SQLITE) {
        api_close();
        ck_assert_int_eq(remove(api.database), 0);
        return;
    }
    sql = text_of("DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    api_sql(sql);
    free(sql);
}

START_TEST(test_rebuilds)
{
    api_file("001_all.sql", API_EITHER(sqlite_schema, postgresql_schema));
    API_OK(api_apply());
    char *before = fingerprint();
    char *sql = text_of(migrate_rows_value_text(api.rows, "sql"));
    size_t count = migrate_rows_count(api.rows);
    if (api.engine == API_POSTGRESQL) /* in the order in which they were given: a dump shows it */
        ck_assert_ptr_nonnull(strstr(sql, " WITH (fillfactor=50, autovacuum_enabled=off, toast.autovacuum_enabled=off)"));
    empty();
    api_sql(sql);
    char *after = fingerprint();
    ck_assert_uint_eq(migrate_rows_count(api.rows), count);
    for (size_t i = 0; i < count; i++)
        ck_assert_ptr_null(strstr(migrate_rows_text(api.rows, i, 1), "libmigrate_history"));
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    free(sql);
}
END_TEST

/* A snapshot is a schema.sql: the fast road ends at the same schema. */
START_TEST(test_is_a_schema_file)
{
    char *file;
    api_file("001_all.sql", API_EITHER(sqlite_schema, postgresql_schema));
    API_OK(api_apply());
    char *before = fingerprint();
    const char *sql = migrate_rows_value_text(api.rows, "sql");
    ck_assert_int_gt(asprintf(&file, "-- migrate: stands-for 001_all\n%s", sql), 0);
    api_close();
    empty();
    if (api.engine == API_POSTGRESQL)
        api_sql("DROP SCHEMA IF EXISTS app CASCADE");
    api_file("schema.sql", file);
    API_OK(api_apply());
    char *after = fingerprint();
    ck_assert_str_eq(after, before);
    ck_assert_str_eq(api_events("baselined"), "1");
    free(before);
    free(after);
    free(file);
}
END_TEST

/* The same schema in other words. */
START_TEST(test_equal)
{
    api_sql(
        API_EITHER("CREATE TABLE t (a INTEGER NOT NULL UNIQUE, b TEXT COLLATE NOCASE, CHECK (a > 1))",
                   "CREATE TABLE t (a int NOT NULL UNIQUE, b varchar(5) CONSTRAINT t_check CHECK (a > 1))"));
    char *one = fingerprint();
    api_sql("DROP TABLE t");
    api_sql(API_EITHER(
        "CREATE TABLE `t` ( -- remark\n [a] integer NOT NULL CHECK (\"a\">1), UNIQUE(a)); "
        "ALTER TABLE t ADD COLUMN b text collate nocase",
        "CREATE TABLE public.\"t\" (b character varying(5)); ALTER TABLE t ADD a integer; ALTER TABLE t "
        "ALTER a SET NOT "
        "NULL; ALTER TABLE t ADD UNIQUE (a); ALTER TABLE t ADD CONSTRAINT t_check CHECK ((a) > 1)"));
    char *other = fingerprint();
    ck_assert_str_eq(one, other);
    free(other);
    api_sql("DROP TABLE t");
    api_sql(
        API_EITHER("CREATE TABLE t (a INTEGER NOT NULL UNIQUE, b TEXT COLLATE NOCASE, CHECK (a > 2))",
                   "CREATE TABLE t (a int NOT NULL UNIQUE, b varchar(5) CONSTRAINT t_check CHECK (a > 2))"));
    other = fingerprint();
    ck_assert_str_ne(one, other);
    free(one);
    free(other);
}
END_TEST

/* Each of these is seen, and undone it is gone. */
START_TEST(test_changes_show)
{
    static const char *const postgresql[][2] = {
        {"ALTER TABLE ul ALTER a TYPE bigint", "ALTER TABLE ul ALTER a TYPE int"},
        {"ALTER TABLE t ALTER x SET DEFAULT 'x'", "ALTER TABLE t ALTER x DROP DEFAULT"},
        {"ALTER TABLE t ALTER m SET NOT NULL", "ALTER TABLE t ALTER m DROP NOT NULL"},
        {"ALTER TABLE t ALTER id SET GENERATED BY DEFAULT", "ALTER TABLE t ALTER id SET GENERATED ALWAYS"},
        {"ALTER TABLE t ENABLE TRIGGER trg", "ALTER TABLE t DISABLE TRIGGER trg"},
        {"ALTER TABLE t FORCE ROW LEVEL SECURITY", "ALTER TABLE t NO FORCE ROW LEVEL SECURITY"},
        {"CREATE INDEX new_one ON t (m)", "DROP INDEX new_one"},
        {"ALTER TABLE t ADD CHECK (n > 1) NOT VALID", "ALTER TABLE t DROP CONSTRAINT t_n_check1"},
        {"ALTER TABLE ul SET LOGGED", "ALTER TABLE ul SET UNLOGGED"},
        {"COMMENT ON TYPE mood IS 'x'", "COMMENT ON TYPE mood IS NULL"},
        {"ALTER VIEW v SET (security_barrier)", "ALTER VIEW v RESET (security_barrier)"},
        {"ALTER SEQUENCE sq OWNED BY NONE", "ALTER SEQUENCE sq OWNED BY t.n"},
        {"ALTER TABLE part DETACH PARTITION part1",
         "ALTER TABLE part ATTACH PARTITION part1 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"},
        {"CREATE OR REPLACE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 2'",
         "CREATE OR REPLACE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'"},
        {"ALTER POLICY pol ON \"Odd Name\" USING (id > 2)",
         "ALTER POLICY pol ON \"Odd Name\" USING (id > 1)"},
    };
    static const char *const sqlite[][2] = {
        {"ALTER TABLE typed ADD COLUMN z TEXT", "ALTER TABLE typed DROP COLUMN z"},
        {"ALTER TABLE typed RENAME COLUMN n TO m", "ALTER TABLE typed RENAME COLUMN m TO n"},
        {"CREATE INDEX new_one ON typed (n)", "DROP INDEX new_one"},
        {"DROP VIEW v", "CREATE VIEW v AS SELECT * FROM t"},
        {"DROP TRIGGER g", "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE typed SET n = 1; END"},
    };
    const char *const(*changes)[2] = API_EITHER(sqlite, postgresql);
    size_t count = API_EITHER(sizeof sqlite / sizeof *sqlite, sizeof postgresql / sizeof *postgresql);
    api_sql(API_EITHER(sqlite_schema, postgresql_schema));
    char *before = fingerprint();
    for (size_t i = 0; i < count; i++) {
        api_sql(changes[i][0]);
        char *changed = fingerprint();
        ck_assert_msg(strcmp(changed, before) != 0, "not seen: %s", changes[i][0]);
        free(changed);
        api_sql(changes[i][1]);
        changed = fingerprint();
        ck_assert_msg(strcmp(changed, before) == 0, "not back: %s", changes[i][1]);
        free(changed);
    }
    free(before);
}
END_TEST

/* Owners and privileges count where they are asked for. */
START_TEST(test_privileges)
{
    if (api.engine == API_SQLITE)
        return;
    api_sql("CREATE TABLE t (id int)");
    char *plain = fingerprint();
    api_sql("GRANT SELECT ON t TO PUBLIC");
    char *granted = fingerprint();
    ck_assert_str_eq(plain, granted);
    free(granted);
    api_close();
    api_option("schema_privileges", "on");
    char *with = fingerprint();
    api_sql("REVOKE SELECT ON t FROM PUBLIC");
    char *without = fingerprint();
    ck_assert_str_ne(with, without);
    free(plain);
    free(with);
    free(without);
}
END_TEST

API("snapshot", test_rebuilds, test_is_a_schema_file, test_equal, test_changes_show, test_privileges)
