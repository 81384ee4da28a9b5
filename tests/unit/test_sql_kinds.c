/* SPDX-License-Identifier: MIT
 * What a statement is, by its first words. */
#include "sql/sql.h"

#include "unit.h"

#include <string.h>

struct sample {
    const char *sql;
    enum sql_kind kind;
};

static void expect(const struct sql_dialect *dialect, const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum sql_kind kind = sql_kind_of(dialect, samples[i].sql, strlen(samples[i].sql));

        ck_assert_msg(kind == samples[i].kind, "%s: %d instead of %d", samples[i].sql, (int)kind,
                      (int)samples[i].kind);
    }
}

#define EXPECT(dialect, samples) expect(dialect, samples, sizeof samples / sizeof samples[0])

START_TEST(postgresql_transactions)
{
    static const struct sample samples[] = {
        {"BEGIN", SQL_BEGIN},
        {"begin isolation level serializable", SQL_BEGIN},
        {" -- x\n /* y */ Begin", SQL_BEGIN},
        {"\xEF\xBB\xBF"
         "BEGIN",
         SQL_BEGIN},
        {"START TRANSACTION READ ONLY", SQL_BEGIN},
        {"START", SQL_PLAIN},
        {"COMMIT", SQL_COMMIT},
        {"COMMIT;", SQL_COMMIT},
        {"COMMIT WORK AND CHAIN", SQL_COMMIT},
        {"BEGIN WORK ISOLATION LEVEL REPEATABLE READ, READ WRITE, NOT DEFERRABLE", SQL_BEGIN},
        {"BEGIN\nCREATE TABLE t (a int)", SQL_PLAIN}, /* a forgotten semicolon */
        {"COMMIT:", SQL_PLAIN},
        {"END IF", SQL_PLAIN},
        {"SET standard_conforming_strings = on", SQL_PLAIN},
        {"SET LOCAL standard_conforming_strings TO off", SQL_STRING_SETTING},
        {"SET client_encoding = 'UTF8'", SQL_ENCODING_SETTING},
        {"set session names 'latin1'", SQL_ENCODING_SETTING},
        {"set standard_conforming_strings = 'off'", SQL_STRING_SETTING},
        {"SET escape_string_warning = off", SQL_PLAIN},
        {"COPY t FROM STDOUT", SQL_COPY_IN}, /* the server takes either word */
        {"END", SQL_COMMIT},
        {"ENDING", SQL_PLAIN},
        {"ROLLBACK", SQL_ROLLBACK},
        {"ROLLBACK WORK", SQL_ROLLBACK},
        {"ABORT TRANSACTION", SQL_ROLLBACK},
        {"ROLLBACK TO a", SQL_SAVEPOINT},
        {"ROLLBACK TRANSACTION TO SAVEPOINT a", SQL_SAVEPOINT},
        {"ROLLBACK WORK /* */ TO a", SQL_SAVEPOINT},
        {"SAVEPOINT a", SQL_SAVEPOINT},
        {"RELEASE SAVEPOINT a", SQL_SAVEPOINT},
        {"PREPARE TRANSACTION 'a'", SQL_PREPARE_TRANSACTION},
        {"PREPARE a AS SELECT 1", SQL_PLAIN},
        {"COMMIT PREPARED 'a'", SQL_PREPARE_TRANSACTION},
        {"ROLLBACK PREPARED 'a'", SQL_PREPARE_TRANSACTION},
        {"\"BEGIN\"", SQL_PLAIN},
        {"", SQL_PLAIN},
        {"-- BEGIN", SQL_PLAIN},
        {"(SELECT 1)", SQL_PLAIN},
    };

    EXPECT(&sql_postgresql, samples);
}
END_TEST

START_TEST(postgresql_alone)
{
    static const struct sample samples[] = {
        {"CREATE INDEX CONCURRENTLY i ON t (a)", SQL_ALONE},
        {"create unique index concurrently if not exists i on t (a)", SQL_ALONE},
        {"CREATE INDEX\n--x\nCONCURRENTLY ON t (a)", SQL_ALONE},
        {"CREATE INDEX concurrently_i ON t (a)", SQL_PLAIN},
        {"CREATE INDEX \"CONCURRENTLY\" ON t (a)", SQL_PLAIN},
        {"CREATE INDEX i ON t (concurrently)", SQL_PLAIN},
        {"DROP INDEX CONCURRENTLY IF EXISTS i", SQL_ALONE},
        {"DROP INDEX i", SQL_PLAIN},
        {"REINDEX INDEX CONCURRENTLY i", SQL_ALONE},
        {"REINDEX (VERBOSE) TABLE CONCURRENTLY t", SQL_ALONE},
        {"REINDEX (TABLESPACE x, CONCURRENTLY) TABLE t", SQL_ALONE},
        {"REINDEX (VERBOSE) TABLE t", SQL_PLAIN},
        {"REINDEX TABLE t", SQL_PLAIN},
        {"REINDEX DATABASE d", SQL_ALONE},
        {"REINDEX (VERBOSE) SYSTEM d", SQL_ALONE},
        {"REINDEX SCHEMA CONCURRENTLY s", SQL_ALONE},
        {"VACUUM", SQL_ALONE},
        {"VACUUM (FULL) t", SQL_ALONE},
        {"ANALYZE", SQL_PLAIN},
        {"ALTER SYSTEM SET a = 1", SQL_ALONE},
        {"CREATE DATABASE d", SQL_ALONE},
        {"DROP DATABASE IF EXISTS d", SQL_ALONE},
        {"ALTER DATABASE d SET TABLESPACE t", SQL_ALONE},
        {"ALTER DATABASE d SET work_mem = 1", SQL_PLAIN},
        {"CREATE TABLESPACE t LOCATION '/x'", SQL_ALONE},
        {"DROP TABLESPACE t", SQL_ALONE},
        {"CLUSTER", SQL_ALONE},
        {"CLUSTER;", SQL_ALONE},
        {"CLUSTER VERBOSE", SQL_ALONE},
        {"CLUSTER (VERBOSE) -- all", SQL_ALONE},
        {"CLUSTER t", SQL_PLAIN},
        {"CLUSTER VERBOSE t USING i", SQL_PLAIN},
        {"ALTER TABLE t DETACH PARTITION s.p CONCURRENTLY", SQL_ALONE},
        {"ALTER TABLE IF EXISTS t DETACH PARTITION p", SQL_PLAIN},
        {"ALTER TABLE t DETACH PARTITION p FINALIZE", SQL_PLAIN},
        {"ALTER TABLE t ADD CHECK (concurrently)", SQL_PLAIN},
        {"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", SQL_ALONE},
        {"DROP SUBSCRIPTION s", SQL_ALONE},
        {"ALTER SUBSCRIPTION s REFRESH PUBLICATION", SQL_ALONE},
        {"ALTER SUBSCRIPTION s DISABLE", SQL_PLAIN},
        {"DISCARD ALL", SQL_ALONE},
        {"DISCARD TEMP", SQL_PLAIN},
        {"REFRESH MATERIALIZED VIEW CONCURRENTLY v", SQL_PLAIN},
        {"ALTER TYPE t ADD VALUE 'x'", SQL_ADD_VALUE},
        {"CREATE TABLE t ()", SQL_PLAIN},
        {"DO $$ BEGIN COMMIT; END $$", SQL_PLAIN},
    };

    EXPECT(&sql_postgresql, samples);
}
END_TEST

START_TEST(postgresql_copy_and_meta)
{
    static const struct sample samples[] = {
        {"COPY t FROM stdin", SQL_COPY_IN},
        {"copy s.t (a, \"b\") from STDIN with (format csv)", SQL_COPY_IN},
        {"COPY t FROM '/file'", SQL_PLAIN},
        {"COPY t FROM PROGRAM 'x'", SQL_PLAIN},
        {"COPY t TO STDOUT", SQL_PLAIN},
        {"COPY (SELECT 1 FROM stdin) TO STDOUT", SQL_PLAIN},
        {"COPY t FROM /* x */ stdin", SQL_COPY_IN},
        {"COPY t (a FROM stdin", SQL_PLAIN},
        {"\\set a b", SQL_META},
        {"  \\i x.sql", SQL_META},
        {"SELECT 1 \\g", SQL_PLAIN},
    };

    EXPECT(&sql_postgresql, samples);
}
END_TEST

START_TEST(sqlite)
{
    static const struct sample samples[] = {
        {"BEGIN IMMEDIATE", SQL_BEGIN},
        {"BEGIN EXCLUSIVE TRANSACTION x", SQL_BEGIN},
        {"BEGIN\nCREATE TABLE t (a int)", SQL_PLAIN},
        {"COMMIT TRANSACTION x y", SQL_PLAIN},
        {"PRAGMA foreign_keys = off", SQL_FOREIGN_KEYS},
        {"PRAGMA main.foreign_keys(1)", SQL_FOREIGN_KEYS},
        {"PRAGMA foreign_keys = off\nCREATE TABLE t (a int)", SQL_PLAIN},
        {"START TRANSACTION", SQL_PLAIN},
        {"COMMIT TRANSACTION", SQL_COMMIT},
        {"END", SQL_COMMIT},
        {"ROLLBACK", SQL_ROLLBACK},
        {"ROLLBACK TRANSACTION TO SAVEPOINT a", SQL_SAVEPOINT},
        {"ROLLBACK TO a", SQL_SAVEPOINT},
        {"SAVEPOINT a", SQL_SAVEPOINT},
        {"RELEASE a", SQL_SAVEPOINT},
        {"VACUUM INTO 'x'", SQL_ALONE},
        {"ATTACH 'x' AS y", SQL_ALONE},
        {"DETACH y", SQL_ALONE},
        {"PRAGMA foreign_keys = OFF", SQL_FOREIGN_KEYS},
        {"PRAGMA foreign_keys=off", SQL_FOREIGN_KEYS},
        {"PRAGMA foreign_keys=-1", SQL_FOREIGN_KEYS},
        {"pragma main.foreign_keys(0)", SQL_FOREIGN_KEYS},
        {"PRAGMA \"main\" . Foreign_Keys = 0", SQL_FOREIGN_KEYS},
        {"PRAGMA journal_mode = WAL", SQL_ALONE},
        {"PRAGMA synchronous(1)", SQL_ALONE},
        {"PRAGMA foreign_keys", SQL_PLAIN},
        {"PRAGMA foreign_keys;", SQL_PLAIN},
        {"PRAGMA main.journal_mode", SQL_PLAIN},
        {"PRAGMA foreign_key_check(t)", SQL_PLAIN},
        {"PRAGMA user_version = 5", SQL_PLAIN},
        {"COPY t FROM stdin", SQL_PLAIN},
        {"\\set", SQL_PLAIN},
        {"CREATE INDEX CONCURRENTLY i ON t (a)", SQL_PLAIN},
    };

    EXPECT(&sql_sqlite, samples);
}
END_TEST

START_TEST(dialects_by_name)
{
    ck_assert_ptr_eq(sql_dialect_of("sqlite"), &sql_sqlite);
    ck_assert_ptr_eq(sql_dialect_of("postgresql"), &sql_postgresql);
    ck_assert_ptr_null(sql_dialect_of("mysql"));
    ck_assert_ptr_null(sql_dialect_of("SQLite"));
    ck_assert_ptr_null(sql_dialect_of(NULL));
}
END_TEST

UNIT("sql/kinds", postgresql_transactions, postgresql_alone, postgresql_copy_and_meta, sqlite,
     dialects_by_name)
