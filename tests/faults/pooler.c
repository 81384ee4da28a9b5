/* SPDX-License-Identifier: MIT
 * Behind PgBouncer in transaction mode, with pools of one and two: 16 programs start at once and are killed at random
 * moments, one of them past the pooler. Each migration's effect is there exactly once, each survivor's start succeeds, no
 * advisory lock is left, and the pool's sessions are as they were. */
#include "bouncer.h"

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { PROGRAMS = 16 };

#define EFFECT(id) "INSERT INTO effects VALUES ('" id "');\n"
#define WORK "INSERT INTO work SELECT count(pg_sleep(0.01)) FROM generate_series(1, 2);\n"
#define ALL_EFFECTS "001 1 002 1 003 1 004a 1 004b 1 005 1"

static void write_migrations(void)
{
    api_file("001_effects.sql", "CREATE TABLE effects (id text);\nCREATE TABLE work (x bigint);\n" EFFECT("001"));
    api_file("002_settings.sql", "SET work_mem = 4444;\nSET statement_timeout = '77s';\n"
                                 "SELECT pg_catalog.set_config('search_path', 'public', false);\n"
                                 "CREATE TEMP TABLE left_behind (x int);\n" EFFECT("002") WORK);
    api_file("003_role.sql", "SET ROLE pg_monitor;\nRESET ROLE;\nSET ROLE NONE;\nSET TimeZone = 'Asia/Tokyo';\n" EFFECT("003") WORK);
    api_file("004_parts.sql", "BEGIN;\n" EFFECT("004a") WORK "COMMIT;\nBEGIN;\n" WORK EFFECT("004b") "COMMIT;\n");
    api_file("005_more.sql", WORK "ALTER TABLE work ADD COLUMN y bigint;\n" EFFECT("005"));
}

/* ---- the pooler ---- */

static char pooled[600], direct[600];

static void start_pooler(int size)
{
    snprintf(direct, sizeof direct, "%s", api.url);
    bouncer_start(size, "", "connect_query='SET maintenance_work_mem TO 7777'");
    snprintf(pooled, sizeof pooled, "%s", bouncer_url("postgres"));
    api_use(pooled);
}

/* A client that finds anything but a new session's values, in as many sessions at once as the pool has. */
static void check_sessions(int size, long round)
{
    PGconn *clients[2];
    for (int i = 0; i < size; i++) {
        clients[i] = PQconnectdb(pooled);
        ck_assert_msg(PQstatus(clients[i]) == CONNECTION_OK, "%s", PQerrorMessage(clients[i]));
        PGresult *result = PQexec(clients[i],
                                  "BEGIN; SELECT concat_ws(' ', current_setting('role'), current_setting('work_mem'), "
                                  "current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('TimeZone') "
                                  "= (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone'), current_setting('search_path'), "
                                  "current_setting('maintenance_work_mem'), (SELECT count(*) FROM pg_class WHERE relnamespace = "
                                  "pg_my_temp_schema()), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = "
                                  "pg_backend_pid()))");
        ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(clients[i]));
        const char *found = PQgetvalue(result, 0, 0);
        ck_assert_msg(strcmp(found, "none 4MB 0 0 t \"$user\", public 7777kB 0 0") == 0, "round %ld: %s", round, found);
        PQclear(result);
    }
    for (int i = 0; i < size; i++)
        PQfinish(clients[i]);
}

/* ---- rounds ---- */

static struct {
    long starts, killed;
    int64_t typical, worst;
} sum;

static int32_t start_direct(migrate_error **err)
{
    return migrate_startup(direct, api.options, NULL, err);
}

static void empty(void)
{
    api_sql("DROP TABLE IF EXISTS effects, work, libmigrate_history");
}

static void run_round(long round, int size)
{
    pid_t programs[PROGRAMS];
    int64_t at[PROGRAMS];
    faults_forget_errors();
    empty();
    int64_t begun = faults_now();
    for (int i = 0; i < PROGRAMS; i++) {
        at[i] = round > 0 && faults_random(4) ? faults_random((long)sum.typical) : -1;
        programs[i] = i == 0 ? faults_start_as(start_direct) : faults_start();
    }
    for (int64_t now = 0; round > 0 && now <= sum.typical; now += 5000) {
        for (int i = 0; i < PROGRAMS; i++) {
            if (at[i] >= 0 && at[i] <= now) {
                kill(programs[i], SIGKILL);
                at[i] = -1;
            }
        }
        faults_sleep(begun + now - faults_now());
    }
    for (int i = 0; i < PROGRAMS; i++) {
        int end = faults_end(programs[i]);
        ck_assert_msg(end != FAULTS_FAILED, "round %ld: a survivor failed: %s", round, faults_errors());
        sum.killed += end == FAULTS_KILLED;
    }
    if (round == 0)
        sum.typical = faults_now() - begun;
    int64_t next = faults_start_well();
    if (next > sum.worst)
        sum.worst = next;
    sum.starts += PROGRAMS + 1;
    const char *effects = faults_effects();
    ck_assert_msg(strcmp(effects, ALL_EFFECTS) == 0, "round %ld: %s", round, effects);
    faults_check_unlocked();
    check_sessions(size, round);
}

static void storm(int size)
{
    long rounds = faults_rounds(8, 100);
    memset(&sum, 0, sizeof sum);
    api_option("wait_timeout", "60s");
    write_migrations();
    start_pooler(size);
    for (long round = 0; round <= rounds; round++)
        run_round(round, size);
    faults_report("pool of %d: %ld starts, %ld killed; next start: worst %.2f s", size, sum.starts, sum.killed, (double)sum.worst / 1e6);
    ck_assert_int_gt(sum.killed, rounds * PROGRAMS / 8);
    bouncer_stop();
}

START_TEST(test_pool_of_one)
{
    storm(1);
}
END_TEST

START_TEST(test_pool_of_two)
{
    storm(2);
}
END_TEST

API("pooler", test_pool_of_one, test_pool_of_two)
