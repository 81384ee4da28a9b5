/* SPDX-License-Identifier: MIT
 * A set of migrations that takes longer than any program lives: each is killed after a while, or stops by its
 * own run_budget. The work gets on with every life, ends, and each step has taken place once. */
#include "faults.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static struct {
    long steps;
    int64_t step, life; /* microseconds */
} size;

static int32_t slow_step(migrate_connection *connection, void *user)
{
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO effects VALUES ('%s')", (const char *)user);
    int32_t code = migrate_connection_exec(connection, sql, NULL);
    faults_sleep(size.step);
    return code;
}

static void write_migrations(void)
{
    enum { NAME = 32, MOST = 10000 };
    static char names[MOST][NAME];
    migrate_source *source = NULL;
    size.steps = faults_rounds(12, 600);
    size.step = faults_brief() ? 400000 : 1000000;
    size.life = faults_brief() ? 2000000 : 30000000;
    ck_assert_int_lt(size.steps, MOST);
    api_file("0000_effects.sql", "CREATE TABLE effects (id text);\n");
    API_OK(migrate_source_new(&source, api_error()));
    for (long i = 1; i <= size.steps; i++) {
        snprintf(names[i], NAME, "%04ld_step", i);
        API_OK(migrate_source_add_code(source, names[i], "1", slow_step, NULL, names[i], api_error()));
    }
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
    api_option("wait_timeout", "60s");
}

static void check_end(const char *how, long lives)
{
    char expected[100];
    snprintf(expected, sizeof expected, "%ld %ld", size.steps, size.steps);
    ck_assert_str_eq(api_query("SELECT count(*) || ' ' || count(DISTINCT id) FROM effects"), expected);
    faults_report("%s: %ld steps of %.1f s, %s after %.0f s: done in %ld lives",
                  API_EITHER("SQLite", "PostgreSQL"), size.steps, (double)size.step / 1e6, how,
                  (double)size.life / 1e6, lives);
    /* At least half of each life must have counted. */
    ck_assert_int_le(lives, 2 * size.steps * size.step / size.life + 2);
}

START_TEST(test_killed)
{
    long lives = 0;
    int end = FAULTS_KILLED;
    write_migrations();
    for (; end == FAULTS_KILLED; lives++) {
        int64_t begun = faults_now();
        pid_t program = faults_start();
        while (faults_now() - begun < size.life && faults_runs(program))
            faults_sleep(10000);
        kill(program, SIGKILL);
        end = faults_end(program);
    }
    ck_assert_msg(end == FAULTS_OK, "%.2000s", faults_errors());
    ck_assert_int_gt(lives, 1);
    check_end("killed", lives);
}
END_TEST

START_TEST(test_budget)
{
    char budget[30];
    long lives = 1;
    write_migrations();
    snprintf(budget, sizeof budget, "%ldms", (long)size.life / 1000);
    api_option("run_budget", budget);
    for (; faults_end(faults_start()) != FAULTS_OK; lives++) {
        ck_assert_msg(strncmp(faults_errors(), "stopped:", 8) == 0, "%.2000s", faults_errors());
        faults_forget_errors();
    }
    ck_assert_int_gt(lives, 1);
    check_end("stopped", lives);
}
END_TEST

API("life", test_killed, test_budget)
