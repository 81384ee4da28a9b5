/* SPDX-License-Identifier: MIT
 * Kill storm: 32 programs start at once on a database that is empty or one migration behind, and some or all
 * of them are killed at random moments. Each migration's effect is there exactly once, each survivor's start
 * succeeds, and the next start gets through soon. */
#include "faults.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROGRAMS = 32, SOON = 2000000 };

/* On SQLite a count stands where the server sleeps: kills should find somebody at work. */
#define WORK_SQLITE                                                                                          \
    "INSERT INTO work WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) "      \
    "SELECT count(*) FROM n;\n"
#define WORK_POSTGRESQL "INSERT INTO work SELECT count(pg_sleep(0.01)) FROM generate_series(1, 2);\n"
#define WORK API_EITHER(WORK_SQLITE, WORK_POSTGRESQL)
#define EFFECT(id) "INSERT INTO effects VALUES ('" id "');\n"
#define ALL_EFFECTS "001 1 002 1 003 1 004a 1 004b 1 005 1"

static int32_t code_up(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, EFFECT("003"), NULL);
}

static void write_migrations(void)
{
    char text[1000];
    migrate_source *source = NULL;
    api_file("001_effects.sql",
             "CREATE TABLE effects (id text);\nCREATE TABLE work (x bigint);\n" EFFECT("001"));
    snprintf(text, sizeof text, EFFECT("002") "%s", WORK);
    api_file("002_work.sql", text);
    snprintf(text, sizeof text, "BEGIN;\n" EFFECT("004a") "%sCOMMIT;\nBEGIN;\n%s" EFFECT("004b") "COMMIT;\n",
             WORK, WORK);
    api_file("004_parts.sql", text);
    snprintf(
        text, sizeof text, "ALTER TABLE work ADD COLUMN y bigint;\n%sUPDATE work SET y = x;\n" EFFECT("005"),
        API_EITHER(
            "INSERT INTO work (x) WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < "
            "20000) SELECT count(*) FROM n;\n",
            "INSERT INTO work (x) SELECT count(pg_sleep(0.01)) FROM generate_series(1, 2);\n"));
    api_file("005_more.sql", text);
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_code(source, "003_code", "1", code_up, NULL, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
}

/* All wait behind one gate, so that they really start at once. */
static int gate[2];

static int32_t start_behind_gate(migrate_error **err)
{
    char byte;
    close(gate[1]);
    if (read(gate[0], &byte, 1) != 0)
        return MIGRATE_ERROR_INTERNAL;
    return migrate_startup(api.url, api.options, NULL, err);
}

struct victim {
    pid_t program;
    int64_t at; /* when to kill it, behind the beginning; never: -1 */
};

static struct {
    long starts, killed, slow;
    int64_t worst, typical; /* of the next starts; of an undisturbed round */
} sum;

static int by_time(const void *a, const void *b)
{
    const struct victim *left = a, *right = b;
    return (left->at > right->at) - (left->at < right->at);
}

/* Everybody at one moment, each at its own, or nobody. */
static void choose_moments(struct victim *victims, long round)
{
    int64_t together = faults_random((long)sum.typical);
    for (int i = 0; i < PROGRAMS; i++) {
        if (round <= 1)
            victims[i].at = -1;
        else if (round % 2 == 1)
            victims[i].at = together;
        else
            victims[i].at = faults_random(3) ? faults_random((long)sum.typical) : -1;
    }
}

static void kill_in_time(struct victim *victims, int64_t begun)
{
    qsort(victims, PROGRAMS, sizeof *victims, by_time);
    for (int i = 0; i < PROGRAMS; i++) {
        if (victims[i].at < 0)
            continue;
        faults_sleep(begun + victims[i].at - faults_now());
        kill(victims[i].program, SIGKILL);
    }
}

static void run_round(long round, bool behind)
{
    struct victim victims[PROGRAMS];
    long before = sum.killed;
    faults_empty();
    faults_forget_errors();
    if (behind)
        API_OK(api_goto("004_parts"));
    choose_moments(victims, round);
    ck_assert_int_eq(pipe(gate), 0);
    for (int i = 0; i < PROGRAMS; i++)
        victims[i].program = faults_start_as(start_behind_gate);
    int64_t begun = faults_now();
    close(gate[0]);
    close(gate[1]);
    kill_in_time(victims, begun);
    for (int i = 0; i < PROGRAMS; i++) {
        int end = faults_end(victims[i].program);
        ck_assert_msg(end != FAULTS_FAILED, "round %ld: a survivor failed: %s", round, faults_errors());
        sum.killed += end == FAULTS_KILLED;
    }
    if (round <= 1)
        sum.typical = faults_now() - begun; /* the first time all is cold */
    else if (sum.killed - before <
             PROGRAMS / 4) /* most had finished: it was a slow moment that was measured */
        sum.typical -= sum.typical / 8;
    int64_t next = faults_start_well();
    sum.starts += PROGRAMS + 1;
    sum.slow += next > SOON;
    if (next > sum.worst)
        sum.worst = next;
    const char *effects = faults_effects();
    ck_assert_msg(strcmp(effects, ALL_EFFECTS) == 0, "round %ld: %s", round, effects);
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    else
        faults_check_unlocked();
}

static void storm(bool behind)
{
    long rounds = faults_rounds(6, 100), enough = rounds * PROGRAMS / 4, round = 0;
    memset(&sum, 0, sizeof sum);
    api_option("wait_timeout", "60s");
    write_migrations();
    for (; round < rounds + 2 || (sum.killed < enough && round < 3 * rounds); round++)
        run_round(round, behind);
    faults_report("%s, %s: %ld starts, %ld killed; next start: worst %.2f s, over 2 s: %ld",
                  API_EITHER("SQLite", "PostgreSQL"), behind ? "one behind" : "empty", sum.starts, sum.killed,
                  (double)sum.worst / 1e6, sum.slow);
    ck_assert_int_ge(sum.killed, enough);
    /* A loaded machine may be slow now and then, not as a rule. */
    ck_assert_int_le(sum.slow, round / 20 + 1);
}

START_TEST(test_empty)
{
    storm(false);
}
END_TEST

START_TEST(test_one_behind)
{
    storm(true);
}
END_TEST

API("storm", test_empty, test_one_behind)
