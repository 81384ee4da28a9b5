/* SPDX-License-Identifier: MIT
 * PostgreSQL: a server that ends sessions, restarts or crashes under running programs, takes the lock away, or has no connection left.
 * Every program comes to a good end by itself, and what the migrations did is there once. Needs a server of its own: run.sh sets
 * FAULTS_RESTART to a command that restarts it in the mode that is added. */
#include "faults.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#define EFFECTS "001 1 002 1 003 1 004 1 005a 1 005b 1 006 1"

static bool ready(void)
{
    if (api.engine == API_POSTGRESQL && !getenv("FAULTS_RESTART"))
        faults_skip("server", "FAULTS_RESTART is not set");
    return api.engine == API_POSTGRESQL && getenv("FAULTS_RESTART");
}

static void write_migrations(void)
{
    api_file("001_effects.sql", "CREATE TABLE effects (id text);\nINSERT INTO effects VALUES ('001');\n");
    api_file("002_slow.sql", "INSERT INTO effects VALUES ('002');\nSELECT pg_sleep(0.1);\n");
    api_file("003_copy.sql", "COPY effects FROM stdin;\n003\n\\.\nSELECT pg_sleep(0.05);\n");
    api_file("004_index.sql", "CREATE INDEX CONCURRENTLY effects_id ON effects (id);\nINSERT INTO effects VALUES ('004');\n");
    api_file("005_parts.sql", "BEGIN;\nINSERT INTO effects VALUES ('005a');\nCOMMIT;\n"
                              "BEGIN;\nINSERT INTO effects VALUES ('005b');\nSELECT pg_sleep(0.1);\nCOMMIT;\n");
    api_file("006_slow.sql", "SELECT pg_sleep(0.1);\nINSERT INTO effects VALUES ('006');\n");
    api_option("wait_timeout", "60s");
}

static void check_round(const char *what, long round, const char *effects)
{
    ck_assert_msg(strcmp(faults_effects(), effects) == 0, "%s, round %ld: %s", what, round, faults_effects());
    faults_start_well();
    ck_assert_msg(strcmp(faults_effects(), effects) == 0, "%s, round %ld, again: %s", what, round, faults_effects());
    ck_assert_str_eq(api_query("SELECT count(*) - count(DISTINCT id) FROM libmigrate_history WHERE event = 'applied'"), "0");
}

static void must_end_well(const char *what, long round, const pid_t *programs, int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_msg(faults_end(programs[i]) == FAULTS_OK, "%s, round %ld: %s", what, round, faults_errors());
}

/* ---- sessions ended from outside ---- */

enum { PROGRAMS = 4, ENDS = 2 }; /* less often than a program takes for a bad omen */

START_TEST(test_sessions_ended)
{
    long ended = 0, rounds = faults_rounds(5, 200);
    if (!ready())
        return;
    write_migrations();
    for (long round = 0; round < rounds; round++) {
        pid_t programs[PROGRAMS];
        faults_empty();
        faults_forget_errors();
        for (int i = 0; i < PROGRAMS; i++)
            programs[i] = faults_start();
        for (int i = 0; i < ENDS; i++) {
            faults_sleep(faults_random(400000));
            ended += atol(api_query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = "
                                    "current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"));
        }
        must_end_well("sessions ended", round, programs, PROGRAMS);
        check_round("sessions ended", round, EFFECTS);
    }
    faults_report("%ld rounds of %d programs: %ld sessions ended", rounds, PROGRAMS, ended);
    ck_assert_int_gt(ended, rounds);
}
END_TEST

/* ---- the lock is lost, the session lives on ---- */

/* Two programs run the same migration at the same time. One of them cannot commit, and says that all is well when the other has. */
START_TEST(test_lock_lost)
{
    long rounds = faults_rounds(5, 100), met = 0;
    if (!ready())
        return;
    api_file("001_effects.sql", "CREATE TABLE effects (id text);\nINSERT INTO effects VALUES ('001');\n");
    api_file("002_unlocked.sql", "SELECT pg_advisory_unlock_all();\nSELECT pg_sleep(0.3);\nCREATE SEQUENCE IF NOT EXISTS at_it;\n"
                                 "INSERT INTO effects VALUES ('002');\n");
    api_file("003_after.sql", "INSERT INTO effects VALUES ('003');\n");
    for (long round = 0; round < rounds; round++) {
        pid_t programs[PROGRAMS];
        char effects[] = "001 1 002 1 003 1";
        faults_empty();
        faults_forget_errors();
        for (int i = 0; i < PROGRAMS; i++)
            programs[i] = faults_start();
        for (int i = 0; i < 40; i++) {
            faults_sleep(10000);
            met += atol(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'")) > 1;
        }
        must_end_well("lock lost", round, programs, PROGRAMS);
        check_round("lock lost", round, effects);
    }
    faults_report("%ld rounds of %d programs without a lock: two at the same migration seen %ld times", rounds, PROGRAMS, met);
    ck_assert_int_gt(met, 0);
}
END_TEST

/* ---- restarts ---- */

static void restart(const char *mode)
{
    char command[500];
    snprintf(command, sizeof command, "%s %s >/dev/null 2>&1", getenv("FAULTS_RESTART"), mode);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(test_restarts)
{
    static const char *const modes[] = {"fast", "immediate"};
    long rounds = faults_rounds(4, 60);
    int64_t worst = 0;
    if (!ready())
        return;
    write_migrations();
    for (long round = 0; round < rounds; round++) {
        pid_t programs[2];
        faults_empty();
        faults_forget_errors();
        for (int i = 0; i < 2; i++)
            programs[i] = faults_start();
        faults_sleep(faults_random(600000));
        int64_t begun = faults_now();
        restart(modes[round % 2]);
        must_end_well(modes[round % 2], round, programs, 2);
        if (faults_now() - begun > worst)
            worst = faults_now() - begun;
        check_round(modes[round % 2], round, EFFECTS);
    }
    faults_report("%ld restarts, fast and immediate: longest until all was done %.2f s", rounds, (double)worst / 1e6);
}
END_TEST

/* ---- no connection left ---- */

enum { MOST = 200 };
static PGconn *taken[MOST];

static int take_all(const char *url)
{
    int count = 0;
    while (count < MOST && PQstatus(taken[count] = PQconnectdb(url)) == CONNECTION_OK)
        count++;
    ck_assert_int_lt(count, MOST);
    PQfinish(taken[count]);
    return count;
}

static void give_back(int count)
{
    for (int i = 0; i < count; i++)
        PQfinish(taken[i]);
}

START_TEST(test_no_connection_left)
{
    char role[600];
    if (!ready())
        return;
    snprintf(role, sizeof role, "%s", api_role());
    api_sql("GRANT CREATE ON SCHEMA public TO PUBLIC");
    api_use(role);
    api_file("001_effects.sql", "CREATE TABLE effects (id text);\nINSERT INTO effects VALUES ('001');\n");
    int count = take_all(role);
    api_option("wait_timeout", "1s");
    ck_assert_int_eq(faults_end(faults_start()), FAULTS_FAILED);
    ck_assert_msg(strstr(faults_errors(), "connect: ") != NULL, "%s", faults_errors());
    api_option("wait_timeout", "60s");
    faults_forget_errors();
    pid_t program = faults_start();
    faults_sleep(1500000);
    give_back(count);
    must_end_well("no connection left", 0, &program, 1);
    ck_assert_str_eq(faults_effects(), "001 1");
    faults_report("%d connections taken: an error after wait_timeout; a start as soon as there is room", count);
}
END_TEST

API("server", test_sessions_ended, test_lock_lost, test_restarts, test_no_connection_left)
