/* SPDX-License-Identifier: MIT
 * CREATE INDEX CONCURRENTLY with company: a second program that starts at the same time and waits for the first, writers whose
 * transactions the build has to wait for, and kills while it is built. No deadlock, no index that is not valid, no manual verb. */
#include "faults.h"

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INVALID "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
#define INDEXES "SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"
#define DEADLOCKS "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

/* Two indexes, one of which needs what the other proves: that each row is there once. */
static void write_migrations(void)
{
    api_file("001_t.sql", "CREATE TABLE t (a integer, b integer);\n"
                          "INSERT INTO t SELECT i, i % 100 FROM generate_series(1, 20000) i;\n");
    api_file("002_index.sql", "CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_b ON t (b);\n");
}

/* Writes all the time, in transactions of 20 ms, until it is killed. */
static int32_t write_on(migrate_error **err)
{
    PGconn *connection = PQconnectdb(api.url);
    (void)err;
    for (;;)
        PQclear(PQexec(connection, "BEGIN; UPDATE t SET b = b + 1 WHERE a = 1; SELECT pg_sleep(0.02); COMMIT"));
    return MIGRATE_OK;
}

static void begin_round(void)
{
    api_sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
            "pg_backend_pid() AND application_name LIKE 'libmigrate%'");
    api_sql("DROP INDEX IF EXISTS t_a, t_b");
    api_sql("DELETE FROM libmigrate_history WHERE id = '002_index'");
    faults_forget_errors();
}

static void check_indexes(long round)
{
    ck_assert_msg(strcmp(api_query(INVALID), "0") == 0, "round %ld: %s indexes are not valid", round, api_query(INVALID));
    ck_assert_str_eq(api_query(INDEXES), "2");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE id = '002_index' AND event = 'applied'"), "1");
    ck_assert_msg(strcmp(api_query(DEADLOCKS), "0") == 0, "round %ld: a deadlock", round);
}

static void set_up(pid_t *writer)
{
    char sql[400];
    write_migrations();
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET deadlock_timeout = '50ms'", api.database);
    api_sql(sql);
    api_option("wait_timeout", "60s");
    API_OK(api_goto("001_t"));
    *writer = faults_start_as(write_on);
}

static void tear_down(pid_t writer)
{
    kill(writer, SIGKILL);
    ck_assert_int_eq(faults_end(writer), FAULTS_KILLED);
}

START_TEST(test_two_starters)
{
    long rounds = faults_rounds(10, 200);
    pid_t writer;
    set_up(&writer);
    for (long round = 0; round < rounds; round++) {
        begin_round();
        pid_t first = faults_start();
        faults_sleep(faults_random(60000));
        pid_t second = faults_start();
        ck_assert_msg(faults_end(first) == FAULTS_OK && faults_end(second) == FAULTS_OK, "round %ld: %s", round, faults_errors());
        check_indexes(round);
        ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE id = '002_index' AND event = 'started'"), "2");
    }
    tear_down(writer);
    faults_report("%ld builds of two indexes with a second starter: no deadlock, no index that is not valid", rounds);
}
END_TEST

START_TEST(test_killed)
{
    long rounds = faults_rounds(15, 200), killed = 0, unrecorded = 0, half = 0;
    pid_t writer;
    set_up(&writer);
    begin_round();
    int64_t typical = faults_start_well();
    for (long round = 0; round < rounds; round++) {
        begin_round();
        pid_t first = faults_start(), second = faults_start();
        faults_sleep(faults_random((long)typical));
        kill(first, SIGKILL);
        if (round % 2)
            kill(second, SIGKILL);
        /* Where the server's sessions are ended, too, the index is left half built. */
        if (round % 3 == 0)
            api_sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
                    "pg_backend_pid() AND query LIKE 'CREATE%INDEX CONCURRENTLY%'");
        killed += faults_end(first) == FAULTS_KILLED;
        int end = faults_end(second);
        killed += end == FAULTS_KILLED;
        half += strcmp(api_query(INVALID), "0") != 0;
        faults_start_well();
        unrecorded += strcmp(api_query("SELECT count(*) FROM libmigrate_history WHERE id = '002_index' AND event = 'started'"), "2") != 0;
        check_indexes(round);
    }
    tear_down(writer);
    faults_report("%ld rounds, %ld kills; %ld left an index half built, %ld had to begin a statement again; no manual verb", rounds,
                  killed, half, unrecorded);
    ck_assert_int_gt(killed, rounds / 3);
    ck_assert_int_gt(half, 0);
}
END_TEST

API("concurrently", test_two_starters, test_killed)
