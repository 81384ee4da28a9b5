/* SPDX-License-Identifier: MIT
 * The release train: an application is deployed in the builds N-1, N, N+1, back to N, and on to N+1, twenty
 * instances at once. Instances wait as a role that may not change the schema, through PgBouncer with two
 * connections; migrators come directly, as the owner. The roles' settings are hostile, a table is big, a
 * reader stays in its transaction, others query all the time, and somebody is killed again and again. Side
 * effects are there once, whoever was ready stays ready, nobody has to help, and no lock or setting is left
 * behind. PostgreSQL alone: it has roles and poolers. */
#include "bouncer.h"
#include "train.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* Without a bound of its own, DDL would hold queries up as long as the reader stays: eight seconds and more. */
enum { PODS = 20, MIGRATORS = 3, WORST_QUERY = 4000000 };

struct train *train;
char train_owner[120], train_app[120], train_direct[600], train_pooled[600], train_pooled_owner[600],
    train_builds[BUILDS][300];

static int64_t length; /* of one journey, in microseconds */

/* ---- the stations ---- */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
    char command[2000];
    va_list values;
    va_start(values, format);
    vsnprintf(command, sizeof command, format, values);
    va_end(values);
    int status = system(command);
    ck_assert_msg(status == 0, "%s: %d", command, status);
}

static void add(int build, const char *name, const char *text)
{
    char path[100];
    for (; build < BUILDS; build++) {
        snprintf(path, sizeof path, "../build%d/%s", build, name);
        api_file(path, text);
    }
}

/* The sample application, and what counts. Each later build has what the earlier ones have. */
static void make_builds(void)
{
    const char *sample = getenv("FAULTS_SAMPLE");
    char rows[300];
    ck_assert_msg(sample != NULL, "FAULTS_SAMPLE is not set: start by run.sh");
    for (int i = 0; i < BUILDS; i++) {
        snprintf(train_builds[i], sizeof train_builds[i], "%s/build%d", api.folder, i);
        shell("mkdir '%s' && cp %s/0* '%s'", train_builds[i], sample, train_builds[i]);
        if (i > 0)
            shell("cp -r %s/2* %s/a* %s/repeatable '%s'", sample, sample, sample, train_builds[i]);
        else
            shell("rm '%s'/018*", train_builds[i]);
    }
    snprintf(rows, sizeof rows,
             "CREATE TABLE effects (id text);\nCREATE TABLE big (id integer, hits integer, filler text);\n"
             "INSERT INTO big SELECT n, 0, repeat('x', 100) FROM generate_series(1, %d) n;\n"
             "CREATE UNIQUE INDEX big_id ON big (id);\nINSERT INTO effects VALUES ('000');\n",
             faults_brief() ? 100000 : 1000000);
    add(0, "000_big.sql", rows);
    add(0, "013_ready.sql", "INSERT INTO effects VALUES ('013');\n");
    add(1, "20260401000000_note.sql",
        "ALTER TABLE big ADD COLUMN note text;\nINSERT INTO effects VALUES ('n');\n");
    add(1, "20260402000000_fill.sql",
        "UPDATE big SET note = 'old' WHERE id % 10 = 0;\nINSERT INTO effects VALUES ('n fill');\n");
    add(2, "20260501000000_index.sql",
        "INSERT INTO effects VALUES ('n+1 before');\n"
        "CREATE INDEX CONCURRENTLY big_note ON big (note);\n"
        "INSERT INTO effects VALUES ('n+1 behind');\n");
    add(2, "20260502000000_view.sql",
        "CREATE VIEW notes AS SELECT id, note FROM big;\nINSERT INTO effects VALUES ('n+1');\n");
}

#define ALL_EFFECTS "000 1 013 1 n 1 n fill 1 n+1 1 n+1 before 1 n+1 behind 1"

static void make_roles(void)
{
    char sql[1500];
    snprintf(train_owner, sizeof train_owner, "%.90s_owner", api.database);
    snprintf(train_app, sizeof train_app, "%.90s_app", api.database);
    for (int i = 0; i < 2; i++) {
        const char *role = i ? train_app : train_owner;
        snprintf(sql, sizeof sql,
                 "CREATE ROLE \"%s\" LOGIN; ALTER ROLE \"%s\" SET statement_timeout = '100ms'; "
                 "ALTER ROLE \"%s\" SET default_transaction_isolation = 'repeatable read'; "
                 "ALTER ROLE \"%s\" SET default_transaction_read_only = on",
                 role, role, role, role);
        api_sql(sql);
    }
    snprintf(sql, sizeof sql,
             "ALTER DATABASE \"%s\" OWNER TO \"%s\"; ALTER DEFAULT PRIVILEGES FOR ROLE \"%s\" GRANT SELECT, "
             "INSERT, UPDATE ON "
             "TABLES TO \"%s\"",
             api.database, train_owner, train_owner, train_app);
    api_sql(sql);
    snprintf(train_direct, sizeof train_direct, "%s", api_url_with(train_owner, NULL, NULL));
}

static void take_pooler(void)
{
    char roles[260];
    snprintf(roles, sizeof roles, "%s %s", train_owner, train_app);
    bouncer_start(2, roles, "");
    snprintf(train_pooled, sizeof train_pooled, "%s", bouncer_url(train_app));
    snprintf(train_pooled_owner, sizeof train_pooled_owner, "%s", bouncer_url(train_owner));
}

/* ---- the journey ---- */

/* N-1 at first, N, N+1, the old N again, N+1. */
static const struct {
    double until; /* part of the journey */
    int build;
} timetable[] = {{0.15, 0}, {0.40, 1}, {0.60, 2}, {0.75, 1}, {1, 2}};
enum { LAST_STOP = 4 };

/* A deployment begins when it is time, and the one before it has come to its end. */
static bool goes_on(int stop, double part)
{
    if (part < timetable[stop].until)
        return false;
    api_option("dir", train_builds[timetable[stop].build]);
    int32_t code = api_startup("check");
    ck_assert_msg(code == MIGRATE_OK || code == MIGRATE_PENDING, "%s", migrate_error_message(api.error));
    return code == MIGRATE_OK;
}

/* While one build takes over from another, either of the two. */
static int deployed(int stop, double part)
{
    bool taking_over = stop > 0 && part < timetable[stop - 1].until + 0.08;
    return timetable[taking_over && faults_random(2) ? stop - 1 : stop].build;
}

/* The first few places are migrators'. */
static void fill_places(pid_t *pods, int build, long *killed)
{
    for (int i = 0; i < PODS; i++) {
        enum pod kind = i >= 2 * MIGRATORS ? POD_WAITS : i % 2 ? POD_MIGRATES_POOLED : POD_MIGRATES;
        if (pods[i] > 0 && faults_runs(pods[i]))
            continue;
        if (pods[i] > 0)
            *killed += faults_end(pods[i]) == FAULTS_KILLED;
        pods[i] = train_pod(build, kind);
    }
}

static long travel(void)
{
    pid_t pods[PODS] = {0}, bystander = 0, reader = 0;
    int64_t begun = faults_now(), kill_every = faults_brief() ? 1000000 : 5000000,
            next_kill = begun + kill_every;
    long killed = 0;
    int stop = 0;
    for (double part = 0; !(stop == LAST_STOP && goes_on(stop, part));
         part = (double)(faults_now() - begun) / (double)length) {
        if (stop < LAST_STOP && goes_on(stop, part))
            stop++;
        fill_places(pods, deployed(stop, part), &killed);
        if (!bystander && part > 0.1)
            bystander = train_bystander();
        if (!reader && part > 0.12) /* stays until N is being deployed */
            reader = train_reader(faults_brief() ? 8000000 : 60000000);
        if (faults_now() >= next_kill) {
            kill(pods[faults_random(faults_random(2) ? 2 * MIGRATORS : PODS)], SIGKILL);
            next_kill += kill_every;
        }
        faults_sleep(20000);
    }
    atomic_store(&train->over, 1);
    for (int i = 0; i < PODS; i++)
        killed += pods[i] > 0 && faults_end(pods[i]) == FAULTS_KILLED;
    ck_assert_int_eq(faults_end(bystander), FAULTS_OK);
    ck_assert_int_eq(faults_end(reader), FAULTS_OK);
    return killed;
}

/* ---- arrival ---- */

static void check_nothing_left(void)
{
    faults_check_unlocked();
    ck_assert_str_eq(
        api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE "
                  "'idle in transaction%'"),
        "0");
}

/* Each of the pooler's two connections may be the one that has been spoilt. A value that a new session has as well spoils nothing, even if
 * it was set; those of the keepalives are the system's, which reset_val does not show. */
static void check_settings(const char *url)
{
    for (int i = 0; i < 10; i++) {
        PGconn *connection = PQconnectdb(url);
        PGresult *result =
            PQexec(connection,
                   "BEGIN; SET LOCAL statement_timeout = 0; SELECT string_agg(name || '=' || setting, ' ') "
                   "FROM pg_settings WHERE source = 'session' AND setting IS DISTINCT FROM reset_val AND (name, setting) NOT IN "
                   "(('tcp_keepalives_idle', '7200'), ('tcp_keepalives_interval', '75'), ('tcp_keepalives_count', '9')) AND name NOT IN ('application_name', "
                   "'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone', "
                   "'standard_conforming_strings', 'statement_timeout', 'transaction_isolation', "
                   "'transaction_read_only', 'transaction_deferrable')");
        ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(connection));
        ck_assert_msg(PQgetisnull(result, 0, 0), "a setting is left behind: %s", PQgetvalue(result, 0, 0));
        PQclear(result);
        PQclear(PQexec(connection, "COMMIT"));
        PQfinish(connection);
    }
}

static void check_arrival(long killed)
{
    const char *effects = faults_effects();
    faults_report("%.0f s: %ld starts, %ld killed, %ld ready, %ld probes, %ld unready, %ld failed; %ld "
                  "queries, worst %.2f s, "
                  "%ld over %.1f s",
                  (double)length / 1e6, (long)train->starts, killed, (long)train->ready, (long)train->checks,
                  (long)train->unready, (long)train->failed, (long)train->queries,
                  (double)train->worst_query / 1e6, (long)train->slow_queries, SLOW_QUERY / 1e6);
    if (train->unready > 0 || train->failed > 0)
        bouncer_tell();
    ck_assert_msg(strcmp(effects, ALL_EFFECTS) == 0, "%s; last: %s; %.1000s", effects, train->message,
                  faults_errors());
    ck_assert_msg(train->unready == 0 && train->failed == 0, "%s", train->message);
    ck_assert_int_gt(train->ready, PODS);
    ck_assert_int_lt(train->worst_query, WORST_QUERY);
    check_nothing_left();
    check_settings(train_pooled);
    check_settings(train_pooled_owner);
    api_option("dir", train_builds[BUILDS - 1]);
    API_OK(api_startup("check"));
}

START_TEST(test_train)
{
    if (api.engine == API_SQLITE)
        return;
    long seconds = faults_rounds(60, 1800), journey = seconds < 180 ? seconds : 180;
    length = journey * 1000000;
    train = mmap(NULL, sizeof *train, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(train != MAP_FAILED);
    api_option("wait_timeout", faults_brief() ? "60s" : "5min");
    make_builds();
    make_roles();
    take_pooler();
    for (; seconds >= journey; seconds -= journey) {
        faults_empty();
        memset(train, 0, sizeof *train);
        check_arrival(travel());
    }
    bouncer_stop();
}
END_TEST

API("train", test_train)
