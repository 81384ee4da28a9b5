/* SPDX-License-Identifier: MIT
 * The release train's passengers: instances of the application, and those who use the database meanwhile. */
#include "train.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

enum { PROBE_EVERY = 300000, QUERY_EVERY = 5000 };

static struct {
    int build;
    enum pod kind;
    int64_t life, hold;
} next; /* for the child that is about to be made */

/* ---- instances ---- */

static void note_unready(const char *what, int32_t code, migrate_error *err)
{
    char *text = NULL;
    migrate_error_text(err, &text);
    snprintf(train->message, sizeof train->message, "build %d, %s: %s: %s", next.build, what,
             migrate_code_name(code), text ? text : "(no error object)");
    migrate_free(text);
}

/* A readiness probe, on a connection that stays: a database ahead of this build is no reason to be unready.
 */
static int32_t probe(migrate_session *session)
{
    migrate_error *err = NULL;
    int32_t code = migrate_startup_session(session, NULL, &err);
    atomic_fetch_add(&train->checks, 1);
    if (code != MIGRATE_OK) {
        atomic_fetch_add(&train->unready, 1);
        note_unready("probe", code, err);
    }
    migrate_error_free(err);
    return code;
}

static int32_t answer_probes(const char *url, migrate_error **err)
{
    migrate_session *session = NULL;
    int64_t end = faults_now() + next.life;
    int32_t code = migrate_options_set(api.options, "mode", "check", err);
    if (code == MIGRATE_OK)
        code = migrate_open(url, api.options, &session, err);
    while (code == MIGRATE_OK && faults_now() < end && !atomic_load(&train->over)) {
        code = probe(session);
        faults_sleep(PROBE_EVERY);
    }
    migrate_close(session);
    return code;
}

static int32_t pod(migrate_error **err)
{
    const char *url = next.kind == POD_MIGRATES          ? train_direct
                      : next.kind == POD_MIGRATES_POOLED ? train_pooled_owner
                                                         : train_pooled;
    atomic_fetch_add(&train->starts, 1);
    int32_t code = migrate_options_set(api.options, "dir", train_builds[next.build], err);
    if (code == MIGRATE_OK)
        code = migrate_options_set(api.options, "mode", next.kind == POD_WAITS ? "wait" : "apply", err);
    if (code == MIGRATE_OK && next.kind == POD_MIGRATES_POOLED) /* for what cannot run in a transaction */
        code = migrate_options_set(api.options, "direct_url", train_direct, err);
    if (code == MIGRATE_OK)
        code = migrate_startup(url, api.options, NULL, err);
    if (code != MIGRATE_OK) {
        atomic_fetch_add(&train->failed, 1);
        note_unready("start", code, *err);
        return code;
    }
    atomic_fetch_add(&train->ready, 1);
    return answer_probes(url, err);
}

pid_t train_pod(int build, enum pod kind)
{
    next.build = build;
    next.kind = kind;
    next.life = 1000000 + faults_random(3000000);
    return faults_start_as(pod);
}

/* ---- others ---- */

static PGconn *connect_as_app(void)
{
    PGconn *connection = PQconnectdb(train_pooled);
    PQclear(PQexec(connection, "SELECT 1"));
    return connection;
}

static bool run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* One transaction in one message, so that it also works through a pooler, with none of the role's limits. */
#define FREELY                                                                                               \
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 0; SET LOCAL "           \
    "lock_timeout = 0; "

static int32_t bystander(migrate_error **err)
{
    PGconn *connection = connect_as_app();
    int64_t due = faults_now();
    (void)err;
    while (!atomic_load(&train->over)) {
        char sql[300];
        /* none of the rows that a migration fills, and locks meanwhile */
        long id = 1 + 10 * faults_random(1000), count = atomic_fetch_add(&train->queries, 1);
        snprintf(sql, sizeof sql,
                 count % 4 ? FREELY "SELECT hits FROM big WHERE id = %ld; COMMIT"
                           : FREELY "UPDATE big SET hits = hits + 1 WHERE id = %ld; COMMIT",
                 id);
        int64_t begun = faults_now();
        if (!run(connection, sql)) {
            run(connection, "ROLLBACK");
            if (PQstatus(connection) != CONNECTION_OK)
                PQreset(connection);
        }
        long took = (long)(faults_now() - begun);
        if (took > atomic_load(&train->worst_query))
            atomic_store(&train->worst_query, took);
        if (took > SLOW_QUERY)
            atomic_fetch_add(&train->slow_queries, 1);
        due += QUERY_EVERY;
        if (due < faults_now())
            due = faults_now();
        faults_sleep(due - faults_now());
    }
    PQfinish(connection);
    return MIGRATE_OK;
}

pid_t train_bystander(void)
{
    return faults_start_as(bystander);
}

/* Not through the pooler: it would keep one of its two connections. */
static int32_t reader(migrate_error **err)
{
    PGconn *connection = PQconnectdb(train_direct);
    (void)err;
    if (!run(connection, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0") ||
        !run(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ") ||
        !run(connection, "SELECT count(*) FROM big"))
        return MIGRATE_ERROR_INTERNAL;
    atomic_store(&train->reader_holds, 1);
    faults_sleep(next.hold);
    bool well = run(connection, "COMMIT");
    atomic_store(&train->reader_holds, 0);
    PQfinish(connection);
    return well ? MIGRATE_OK : MIGRATE_ERROR_INTERNAL;
}

pid_t train_reader(int64_t microseconds)
{
    next.hold = microseconds;
    return faults_start_as(reader);
}
