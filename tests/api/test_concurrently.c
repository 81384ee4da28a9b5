/* SPDX-License-Identifier: MIT
 * Statements outside of transactions whose end was not recorded, on PostgreSQL: the catalog says what became of them. The state behind
 * a crash is made by taking back what a finished run recorded last; real crashes are the matter of tests/faults.
 */
#include "api.h"

#include <libpq-fe.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void make_table(void)
{
    api_file("001_t.sql", "CREATE SCHEMA s;\nCREATE TABLE t (a integer, b integer);\nCREATE TABLE s.\"T t\" (a integer);\n"
                          "INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;\n");
    API_OK(api_apply());
}

/* As if the run had ended before it could record the end of its last statement. */
static void forget_end(void)
{
    api_sql("DELETE FROM libmigrate_history WHERE id = '002_x' AND event <> 'started'");
    ck_assert_str_eq(api_events("started"), "1");
    api_close();
}

static void run_interrupted(const char *sql)
{
    api_file("002_x.sql", sql);
    API_OK(api_apply());
    forget_end();
}

static const char *trail(void)
{
    return api_query("SELECT event FROM libmigrate_history WHERE id = '002_x' ORDER BY seq");
}

static void spoil(const char *index)
{
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '%s'::regclass", index);
    api_sql(sql);
}

#define INVALID "SELECT count(*) FROM pg_index WHERE NOT indisvalid"

static const struct {
    const char *sql, *index;
} names[] = {{"CREATE INDEX CONCURRENTLY t_a ON t (a)", "t_a"},
             {"create unique index concurrently if not exists T_A on public.t using btree (a)", "t_a"},
             {"CREATE /* x */ INDEX -- y\n CONCURRENTLY \"t \"\"A\" ON ONLY t (a)", "\"t \"\"A\""},
             {"CREATE INDEX CONCURRENTLY t_a ON s.\"T t\" (a)", "s.t_a"}};
enum { NAMES = sizeof names / sizeof *names };

static void clear(const char *index)
{
    char sql[200];
    snprintf(sql, sizeof sql, "DROP INDEX %s; DELETE FROM libmigrate_history WHERE id = '002_x'", index);
    api_sql(sql);
    api_close();
}

/* ---- an index ---- */

START_TEST(test_built)
{
    make_table();
    for (int i = 0; i < NAMES; i++) {
        run_interrupted(names[i].sql);
        char *before = strdup(api_query("SELECT oid FROM pg_class WHERE relkind = 'i' ORDER BY oid"));
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT oid FROM pg_class WHERE relkind = 'i' ORDER BY oid"), before);
        ck_assert_str_eq(trail(), "started applied");
        free(before);
        clear(names[i].index);
    }
}
END_TEST

START_TEST(test_half_built)
{
    char sql[200];
    make_table();
    for (int i = 0; i < NAMES; i++) {
        run_interrupted(names[i].sql);
        spoil(names[i].index);
        API_OK(api_apply());
        ck_assert_str_eq(api_query(INVALID), "0");
        snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_class WHERE oid = '%s'::regclass", names[i].index);
        ck_assert_str_eq(api_query(sql), "1");
        ck_assert_str_eq(trail(), "started started applied");
        clear(names[i].index);
    }
}
END_TEST

START_TEST(test_not_built)
{
    char sql[200];
    make_table();
    for (int i = 0; i < NAMES; i++) {
        run_interrupted(names[i].sql);
        snprintf(sql, sizeof sql, "DROP INDEX %s", names[i].index);
        api_sql(sql);
        API_OK(api_apply());
        snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_class WHERE oid = '%s'::regclass", names[i].index);
        ck_assert_str_eq(api_query(sql), "1");
        clear(names[i].index);
    }
}
END_TEST

/* One that this history knows nothing of is not touched, and does not count. */
START_TEST(test_not_ours)
{
    static const char *const texts[] = {"CREATE INDEX CONCURRENTLY t_a ON t (a)", "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)"};
    make_table();
    api_sql("CREATE INDEX t_a ON t (a)");
    spoil("t_a");
    for (int i = 0; i < 2; i++) {
        api_file("002_x.sql", texts[i]);
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        API_PLACE("002_x.sql", 1, 1);
        API_SAYS("public.t_a is there but INVALID");
        API_SAYS("DROP INDEX CONCURRENTLY IF EXISTS public.t_a");
        ck_assert_str_eq(api_query(INVALID), "1");
        ck_assert_str_eq(trail(), "");
    }
    api_sql("DROP INDEX t_a");
    API_OK(api_apply());
    ck_assert_str_eq(api_query(INVALID), "0");
}
END_TEST

START_TEST(test_duplicates)
{
    make_table();
    api_sql("INSERT INTO t VALUES (1, 1)");
    api_file("002_x.sql", "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("public.t_a was left INVALID, and was dropped");
    ck_assert_str_eq(api_query(INVALID), "0");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    api_sql("DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t)");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass"), "t");
}
END_TEST

/* What failed and could not be cleared away then is cleared away by the next run. */
START_TEST(test_failed_leftover)
{
    make_table();
    api_sql("INSERT INTO t VALUES (1, 1)");
    api_file("002_x.sql", "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    api_sql("DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t)");
    api_sql("CREATE INDEX t_a ON t (a)");
    spoil("t_a");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT indisvalid AND indisunique FROM pg_index WHERE indexrelid = 't_a'::regclass"), "t");
}
END_TEST

struct later {
    PGconn *connection;
    const char *sql;
    unsigned delay;
};

static void *do_later(void *user)
{
    struct later *later = user;
    usleep(later->delay);
    PQclear(PQexec(later->connection, later->sql));
    return NULL;
}

/* A session that a killed client left behind still builds it. */
START_TEST(test_still_built)
{
    PGconn *writer = PQconnectdb(api.url), *orphan = PQconnectdb(api.url);
    struct later later = {writer, "COMMIT", 1500000};
    pthread_t thread;
    make_table();
    run_interrupted(names[0].sql);
    api_sql("DROP INDEX t_a");
    PQclear(PQexec(writer, "BEGIN"));
    PQclear(PQexec(writer, "INSERT INTO t VALUES (11, 11)"));
    ck_assert_int_eq(PQsendQuery(orphan, names[0].sql), 1);
    while (strcmp(api_query(INVALID), "1") != 0)
        usleep(20000);
    char *building = strdup(api_query("SELECT 't_a'::regclass::oid"));
    ck_assert_int_eq(pthread_create(&thread, NULL, do_later, &later), 0);
    API_OK(api_apply());
    pthread_join(thread, NULL);
    ck_assert_str_eq(api_query("SELECT 't_a'::regclass::oid"), building);
    ck_assert_str_eq(api_query(INVALID), "0");
    ck_assert_int_ge(api_told("waiting"), 1);
    free(building);
    PQfinish(writer);
    PQfinish(orphan);
}
END_TEST

START_TEST(test_built_by_another)
{
    PGconn *writer = PQconnectdb(api.url), *other = PQconnectdb(api.url);
    make_table();
    PQclear(PQexec(writer, "BEGIN"));
    PQclear(PQexec(writer, "INSERT INTO t VALUES (11, 11)"));
    ck_assert_int_eq(PQsendQuery(other, names[0].sql), 1);
    while (strcmp(api_query(INVALID), "1") != 0)
        usleep(20000);
    api_file("002_x.sql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)");
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    API_SAYS("public.t_a");
    API_SAYS("pid ");
    PQclear(PQexec(writer, "COMMIT"));
    PQclear(PQgetResult(other));
    API_OK(api_apply());
    PQfinish(writer);
    PQfinish(other);
}
END_TEST

/* The server chose a name: nobody can tell whether that one is ours. */
START_TEST(test_without_a_name)
{
    make_table();
    run_interrupted("CREATE INDEX CONCURRENTLY ON t (a)");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("--applied");
    API_SAYS("--forgotten");
    API_PLACE("002_x.sql", 1, 1);
}
END_TEST

/* ---- others ---- */

START_TEST(test_drop)
{
    make_table();
    api_sql("CREATE INDEX t_a ON t (a)");
    run_interrupted("DROP INDEX CONCURRENTLY t_a");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "started applied");
    forget_end();
    api_sql("CREATE INDEX t_a ON t (a)");
    spoil("t_a");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT to_regclass('t_a') IS NULL"), "t");
}
END_TEST

START_TEST(test_reindex)
{
    static const char *const texts[] = {"REINDEX INDEX CONCURRENTLY s.t_a", "REINDEX TABLE CONCURRENTLY s.t", "REINDEX SCHEMA CONCURRENTLY s",
                                        "REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t"};
    make_table();
    api_sql("CREATE TABLE s.t (a integer); CREATE INDEX t_a ON s.t (a); CREATE TABLE s.other (a integer)");
    api_sql("CREATE INDEX other_ccnew ON s.other (a)");
    for (int i = 0; i < 4; i++) {
        run_interrupted(texts[i]);
        api_sql("CREATE INDEX t_a_ccnew ON s.t (a)");
        api_sql("CREATE INDEX t_a_ccold1 ON s.t (a)");
        spoil("s.t_a_ccnew");
        spoil("s.t_a_ccold1");
        API_OK(api_apply());
        ck_assert_str_eq(api_query(INVALID), "0");
        ck_assert_str_eq(api_query("SELECT to_regclass('s.t_a_ccnew') IS NULL AND to_regclass('s.t_a_ccold1') IS NULL"), "t");
        ck_assert_str_eq(api_query("SELECT to_regclass('s.other_ccnew') IS NULL"), "f");
        api_sql("DELETE FROM libmigrate_history WHERE id = '002_x'");
    }
}
END_TEST

START_TEST(test_detach)
{
    PGconn *reader = PQconnectdb(api.url), *orphan = PQconnectdb(api.url);
    const char *sql = "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY";
    if (PQserverVersion(reader) < 140000)
        return;
    make_table();
    api_sql("CREATE TABLE p (a integer) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)");
    run_interrupted(sql);
    API_OK(api_apply()); /* it is detached */
    ck_assert_str_eq(trail(), "started applied");
    forget_end();
    api_sql("ALTER TABLE p ATTACH PARTITION p1 FOR VALUES IN (1)");
    PQclear(PQexec(reader, "BEGIN ISOLATION LEVEL REPEATABLE READ"));
    PQclear(PQexec(reader, "SELECT * FROM p"));
    ck_assert_int_eq(PQsendQuery(orphan, sql), 1);
    while (strcmp(api_query("SELECT count(*) FROM pg_inherits WHERE to_jsonb(pg_inherits) ->> 'inhdetachpending' = 'true'"), "1") != 0)
        usleep(20000);
    PQfinish(orphan);
    api_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE p DETACH%' AND pid <> pg_backend_pid()");
    while (strcmp(api_query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE p DETACH%' AND pid <> pg_backend_pid()"),
                  "0") != 0)
        usleep(20000);
    PQfinish(reader);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_inherits WHERE inhparent = 'p'::regclass"), "0");
}
END_TEST

START_TEST(test_add_value)
{
    make_table();
    api_sql("CREATE TYPE s.mood AS ENUM ('sad')");
    run_interrupted("-- migrate: no-transaction\nALTER TYPE s.mood ADD VALUE 'it''s ok' AFTER 'sad'");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "started applied");
    forget_end();
    api_sql("DROP TYPE s.mood");
    api_sql("CREATE TYPE s.mood AS ENUM ('sad')");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_enum"), "2");
}
END_TEST

START_TEST(test_vacuum)
{
    make_table();
    run_interrupted("VACUUM t");
    API_OK(api_apply());
    ck_assert_str_eq(trail(), "started started applied");
}
END_TEST

/* Without a probe both choices are named; a text that is no longer alone does not get around that. */
START_TEST(test_no_probe)
{
    make_table();
    run_interrupted("-- migrate: no-transaction\nINSERT INTO t VALUES (99, 99)");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_SAYS("--forgotten");
    api_file("002_x.sql", "INSERT INTO t VALUES (99, 99)");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t WHERE a = 99"), "1");
}
END_TEST

/* Waits of CONCURRENTLY are not bounded, but told of. */
START_TEST(test_tells_what_it_waits_for)
{
    PGconn *writer = PQconnectdb(api.url);
    struct later later = {writer, "COMMIT", 4000000};
    pthread_t thread;
    make_table();
    api_option("ddl_lock_timeout", "200ms");
    PQclear(PQexec(writer, "BEGIN"));
    PQclear(PQexec(writer, "INSERT INTO t VALUES (11, 11)"));
    api_file("002_x.sql", names[0].sql);
    ck_assert_int_eq(pthread_create(&thread, NULL, do_later, &later), 0);
    API_OK(api_apply());
    pthread_join(thread, NULL);
    ck_assert_int_ge(api_told("blocked"), 1);
    PQfinish(writer);
}
END_TEST

API("concurrently", test_built, test_half_built, test_not_built, test_not_ours, test_duplicates, test_failed_leftover, test_still_built,
    test_built_by_another, test_without_a_name, test_drop, test_reindex, test_detach, test_add_value, test_vacuum, test_no_probe,
    test_tells_what_it_waits_for)
