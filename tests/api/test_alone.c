/* SPDX-License-Identifier: MIT
 * Every kind of statement that may not run in a transaction, on a real database: recognised, run alone between two transactional
 * ones, and done once. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static const char *const on_postgresql[] = {
    "CREATE INDEX CONCURRENTLY made ON t (a)",
    "create unique index concurrently if not exists made2 on t (a, b)",
    "REINDEX INDEX CONCURRENTLY made",
    "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
    "REINDEX (CONCURRENTLY) TABLE t",
    "REINDEX SCHEMA s",
    "REINDEX SCHEMA CONCURRENTLY s",
    "DROP INDEX CONCURRENTLY made",
    "DROP INDEX /* ; */ CONCURRENTLY IF EXISTS made2",
    "ALTER TABLE parted DETACH PARTITION part CONCURRENTLY",
    "VACUUM",
    "VACUUM (FULL, ANALYZE) t",
    "CLUSTER",
    "ALTER SYSTEM SET log_checkpoints = on",
    "ALTER SYSTEM RESET log_checkpoints",
    "CREATE DATABASE \"%s other\" TEMPLATE template0",
    "ALTER DATABASE \"%s other\" SET TABLESPACE pg_default",
    "DROP DATABASE IF EXISTS \"%s other\"",
    "CREATE SUBSCRIPTION \"%s sub\" CONNECTION 'dbname=absent' PUBLICATION p WITH (connect = false)",
    "ALTER SUBSCRIPTION \"%s sub\" SET PUBLICATION q WITH (refresh = false)",
    "DROP TABLESPACE IF EXISTS \"%s space\"",
    "DISCARD ALL",
};
static const char *const on_sqlite[] = {
    "VACUUM", "PRAGMA journal_mode = WAL", "PRAGMA main.journal_mode(DELETE)", "PRAGMA synchronous = 1", "ATTACH ':memory:' AS m; DETACH m",
};

/* These run in a transaction although they look like it. */
static const char *const plain[] = {"REFRESH MATERIALIZED VIEW CONCURRENTLY counted", "REINDEX TABLE t", "CLUSTER t USING t_pkey",
                                    "ANALYZE t", "ALTER DATABASE \"%s\" SET work_mem = '5MB'", "DISCARD PLANS"};

static void named(char *out, size_t size, const char *format)
{
    const char *at = strstr(format, "%s");
    snprintf(out, size, "%.*s%s%s", at ? (int)(at - format) : (int)strlen(format), format, at ? api.database : "", at ? at + 2 : "");
}

/* Between two transactional ones; api_events says how often it was announced. */
static void run(size_t number, const char *statement)
{
    char text[600], name[40], sql[400];
    named(sql, sizeof sql, statement);
    snprintf(name, sizeof name, "%03zu_x.sql", number);
    snprintf(text, sizeof text, "INSERT INTO seen VALUES (%zu);\n%s;\nUPDATE seen SET x = -x WHERE x = %zu;\n", number, sql, number);
    api_file(name, text);
    int32_t code = api_apply();
    ck_assert_msg(code == MIGRATE_OK, "%s: %s", sql, migrate_error_message(api.error));
    snprintf(sql, sizeof sql, "SELECT count(*) FROM seen WHERE x = -%zu", number);
    ck_assert_str_eq(api_query(sql), "1");
}

static void make(void)
{
    api_file("001_t.sql", API_EITHER("CREATE TABLE seen (x integer);\n",
                                     "CREATE TABLE seen (x integer);\nCREATE SCHEMA s;\nCREATE TABLE s.u (a integer PRIMARY KEY);\n"
                                     "CREATE TABLE t (a integer PRIMARY KEY, b integer);\nINSERT INTO t VALUES (1), (2);\n"
                                     "CREATE TABLE parted (a integer) PARTITION BY LIST (a);\n"
                                     "CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);\n"
                                     "CREATE MATERIALIZED VIEW counted AS SELECT a FROM t;\n"
                                     "CREATE UNIQUE INDEX ON counted (a);\n"));
    API_OK(api_apply());
}

START_TEST(test_each)
{
    const char *const *statements = API_EITHER(on_sqlite, on_postgresql);
    size_t count = API_EITHER(sizeof on_sqlite / sizeof *on_sqlite, sizeof on_postgresql / sizeof *on_postgresql);
    char sql[400];
    make();
    for (size_t i = 0; i < count; i++) {
        run(i + 2, statements[i]);
        ck_assert_msg(strcmp(api_query("SELECT count(*) > 0 FROM libmigrate_history WHERE event = 'progress' AND seq > "
                                       "(SELECT max(seq) - 4 FROM libmigrate_history)"), API_EITHER("1", "t")) == 0, "%s", statements[i]);
    }
    ck_assert_str_eq(api_events("failed"), "0");
    if (api.engine != API_POSTGRESQL)
        return;
    /* as an application would: the slot that it never had is let go first */
    named(sql, sizeof sql, "ALTER SUBSCRIPTION \"%s sub\" SET (slot_name = NONE)");
    api_sql(sql);
    run(count + 2, "DROP SUBSCRIPTION \"%s sub\"");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname IN ('made', 'made2')"), "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_inherits WHERE inhrelid = 'part'::regclass"), "0");
}
END_TEST

START_TEST(test_plain)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make();
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        run(i + 2, plain[i]);
    ck_assert_str_eq(api_events("progress"), "0");
    ck_assert_str_eq(api_events("started"), "0");
}
END_TEST

API("alone", test_each, test_plain)
