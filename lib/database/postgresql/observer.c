/* SPDX-License-Identifier: MIT
 * Watches, through a second connection, what locks a running statement waits for and whom it holds up: the
 * session at work can neither be asked nor tell. The second connection is opened only when a message has run
 * for a while, and never waited for: where none is to be had (a pooler stands between, no connection is
 * left), nothing is known, and the server's own lock_timeout is the bound.
 *
 * A look is one query. What it finds stands for the time since the look before, so that short waits are
 * summed up fairly. */
#include "database/postgresql/client.h"

#include "sql/sql.h"
#include "util/clock.h"
#include "util/memory.h"

#include <poll.h>
#include <string.h>

enum {
    OPEN_BUDGET = 50000,   /* the second connection is opened when a message has run so long: where waits are
                              counted ... */
    OPEN_REPORT = 1000000, /* ... and where they are only told */
    LOOK_OFTEN = 40000,    /* between two looks: while it waits, and in the beginning */
    LOOK_SELDOM = 250000,  /* ... when it works */
    LOOK_REPORT = 500000,  /* ... for events alone; and how old what is known of others may get */
    BEGINNING = 2000000,
    TELL_EVERY = 1000000,
    HELD_LONG = 5000000, /* a lock that is held so long is told of */
    CANCEL_AGAIN = 1000000
};

/* ---- the questions ---- */

/* Whose session it is: not another server's with the same number, nor a pooler's invention. */
#define OURS                                                                                                 \
    "FROM pg_catalog.pg_stat_activity a WHERE a.pid = %d AND a.datname = current_database() "                \
    "AND a.usename = session_user AND a.pid <> pg_backend_pid()"

#define QUICK "SELECT 'self', 0, CASE WHEN a.wait_event_type = 'Lock' THEN a.wait_event END, NULL " OURS

#define ABOUT                                                                                                \
    "concat_ws(', ', 'pid ' || a.pid, 'application \"' || nullif(a.application_name, '') || '\"', "          \
    "'user ' || a.usename, a.state || ' since ' || to_char(a.state_change AT TIME ZONE 'UTC', " TIME "), "   \
    "'in a transaction since ' || to_char(a.xact_start AT TIME ZONE 'UTC', " TIME "))"
#define TIME "'YYYY-MM-DD HH24:MI:SS \"UTC\"'"

/* Tables that were there before (others see no new ones), with a lock that keeps readers or writers out. */
#define HELD                                                                                                 \
    "SELECT 'holds', 0, l.mode || ' on ' || c.oid::regclass, NULL FROM pg_catalog.pg_locks l "               \
    "JOIN pg_catalog.pg_class c ON c.oid = l.relation WHERE l.pid = %d AND l.granted "                       \
    "AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) "    \
    "AND c.oid >= 16384 AND c.relkind IN ('r', 'p', 'm') "                                                   \
    "AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"

/* A prepared transaction has no session: pid 0. */
#define BY                                                                                                   \
    "SELECT 'by', b.pid, CASE WHEN b.pid = 0 THEN 'a prepared transaction (see pg_prepared_xacts)' "         \
    "ELSE " ABOUT " END, a.query FROM (SELECT DISTINCT unnest(pg_catalog.pg_blocking_pids(%d)) AS pid) b "   \
    "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid AND b.pid <> 0"

#define BEHIND                                                                                               \
    "SELECT 'behind', a.pid, " ABOUT ", a.query FROM (SELECT * FROM pg_catalog.pg_stat_activity "            \
    "WHERE wait_event_type = 'Lock' AND pid <> %d LIMIT 100) a "                                             \
    "WHERE %d = ANY (pg_catalog.pg_blocking_pids(a.pid))"

#define UNION " UNION ALL "
#define FULL QUICK UNION HELD UNION BY UNION BEHIND

enum { PART, PID, WHAT, QUERY }; /* columns of either */

/* ---- opening ---- */

static void forget(struct postgresql_observer *observer)
{
    rows_free(observer->found);
    rows_free(observer->blockers);
    observer->found = observer->blockers = NULL;
}

static void give_up(struct postgresql_observer *observer, const struct postgresql_client *pq)
{
    if (observer->handle != NULL)
        pq->PQfinish(observer->handle);
    observer->handle = NULL;
    observer->state = OBSERVER_NONE;
}

void postgresql_observer_close(struct postgresql_connection *c)
{
    give_up(&c->observer, c->pq);
    forget(&c->observer);
    c->observer.state = OBSERVER_CLOSED;
}

static void open_observer(struct postgresql_connection *c)
{
    struct postgresql_observer *observer = &c->observer;

    observer->handle = postgresql_start_like(c, NULL, NULL);
    observer->state = OBSERVER_OPENING;
    observer->wants = POLLOUT;
    if (observer->handle == NULL || c->pq->PQstatus(observer->handle) == CONNECTION_BAD)
        give_up(observer, c->pq);
    else
        c->pq->PQsetNoticeReceiver(observer->handle, postgresql_notice, NULL);
}

static bool socket_ready(const struct postgresql_connection *c)
{
    struct pollfd fd = {.fd = c->pq->PQsocket(c->observer.handle), .events = c->observer.wants};

    return fd.fd < 0 || poll(&fd, 1, 0) > 0;
}

static void go_on_opening(struct postgresql_connection *c)
{
    struct postgresql_observer *observer = &c->observer;

    if (!socket_ready(c))
        return;
    switch (c->pq->PQconnectPoll(observer->handle)) {
    case PGRES_POLLING_OK:
        observer->state = c->pq->PQsetnonblocking(observer->handle, 1) == 0 ? OBSERVER_READY : OBSERVER_NONE;
        break;
    case PGRES_POLLING_READING:
        observer->wants = POLLIN;
        break;
    case PGRES_POLLING_WRITING:
        observer->wants = POLLOUT;
        break;
    default:
        give_up(observer, c->pq);
    }
}

/* ---- what was found ---- */

/* Waits for a row hold nobody up unless a lock on a table is held meanwhile. */
static bool counts(const struct postgresql_observer *observer, const char *event)
{
    return event != NULL && (text_equal(event, "relation") || observer->holds);
}

static size_t count_of(const struct migrate_rows *rows, const char *part)
{
    size_t count = 0;

    for (size_t i = 0; i < rows_count(rows); i++)
        count += text_equal(rows_text(rows, i, PART), part);
    return count;
}

/* A query as far as a message can hold it; what stands in quotes may be nobody's business. */
static void add_query(struct text *out, const char *query)
{
    enum { MOST = 200 };
    size_t length = query == NULL ? 0 : strlen(query), start = out->length;

    for (size_t at = 0; at < length && out->length - start < MOST;) {
        struct sql_token token = sql_lex(&sql_postgresql, query, length, at);

        if (token.kind == SQL_END)
            break;
        if (token.kind == SQL_STRING)
            text_add(out, "'...'");
        else if (token.kind == SQL_SPACE)
            text_add_char(out, ' ');
        else if (token.kind != SQL_LINE_COMMENT && token.kind != SQL_BLOCK_COMMENT)
            text_add_n(out, query + token.offset, token.length);
        at = token.offset + token.length;
    }
}

static void add_session(struct text *out, const struct migrate_rows *rows, size_t row)
{
    const char *query = rows_text(rows, row, QUERY);

    text_add(out, rows_text(rows, row, WHAT) != NULL ? rows_text(rows, row, WHAT) : "");
    if (query != NULL && *query != '\0' && *query != '<') { /* <insufficient privilege> */
        text_add(out, ": ");
        add_query(out, query);
    }
}

/* All of one part, at most a few. */
static void add_part(struct text *out, const struct migrate_rows *rows, const char *part, const char *between)
{
    enum { MOST = 5 };
    size_t shown = 0;

    for (size_t i = 0; i < rows_count(rows) && shown < MOST; i++) {
        if (!text_equal(rows_text(rows, i, PART), part))
            continue;
        if (shown++ > 0)
            text_add(out, between);
        if (text_equal(part, "holds"))
            text_add(out, rows_text(rows, i, WHAT));
        else
            add_session(out, rows, i);
    }
}

static int64_t first_pid(const struct migrate_rows *rows, const char *part)
{
    for (size_t i = 0; i < rows_count(rows); i++)
        if (text_equal(rows_text(rows, i, PART), part))
            return rows_int(rows, i, PID);
    return 0;
}

static void tell(const struct postgresql_connection *c, enum database_lock_news news, int64_t since,
                 const char *part)
{
    const struct database_locks *locks = c->base.locks;
    struct text tables = {0}, sessions = {0};

    if (locks->tell == NULL)
        return;
    add_part(&tables, c->observer.found, "holds", ", ");
    add_part(&sessions, c->observer.found, part, "; ");
    locks->tell(
        &(struct database_lock_report){.news = news,
                                       .duration = clock_monotonic() - since,
                                       .tables = tables.failed || tables.data == NULL ? "" : tables.data,
                                       .sessions =
                                           sessions.failed || sessions.data == NULL ? "" : sessions.data,
                                       .count = (int64_t)count_of(c->observer.found, part),
                                       .pid = first_pid(c->observer.found, part)},
        locks->user);
    text_free(&tables);
    text_free(&sessions);
}

/* When something began that is so now; 0: it is not. */
static void track(int64_t *since, bool now, int64_t at)
{
    if (!now)
        *since = 0;
    else if (*since == 0)
        *since = at;
}

static void judge(struct postgresql_connection *c, int64_t now)
{
    struct postgresql_observer *observer = &c->observer;
    const struct database_locks *locks = c->base.locks;

    if (locks->budget > 0 && locks->waited >= locks->budget && observer->waits)
        observer->verdict = OBSERVER_WAITED;
    if (locks->max_blocking > 0 && observer->blocking_since != 0 &&
        now - observer->blocking_since >= locks->max_blocking)
        observer->verdict = OBSERVER_BLOCKED_OTHERS;
    if (now - observer->told < TELL_EVERY)
        return;
    if (observer->waiting_since != 0 && now - observer->waiting_since >= TELL_EVERY) {
        observer->told = now;
        tell(c, DATABASE_LOCK_WAITS, observer->waiting_since, "by");
    }
    if (observer->held_since != 0 && now - observer->held_since >= HELD_LONG) {
        observer->told = now;
        tell(c, DATABASE_LOCK_HELD, observer->held_since, "behind");
    }
}

/* Whom a wait was for is asked for when it is over. */
static void keep(struct postgresql_observer *observer, struct migrate_rows *rows, int64_t now)
{
    bool blocked = count_of(rows, "by") > 0;

    if (blocked || now - observer->blocked_at > TELL_EVERY) {
        rows_free(observer->blockers);
        observer->blockers = NULL;
    }
    if (count_of(observer->found, "by") > 0 && !blocked) {
        rows_free(observer->blockers);
        observer->blockers = observer->found;
        observer->found = NULL;
    }
    if (blocked)
        observer->blocked_at = now;
    rows_free(observer->found);
    observer->found = rows;
}

static void take_look(struct postgresql_connection *c, struct migrate_rows *rows, bool full, int64_t now)
{
    struct postgresql_observer *observer = &c->observer;
    struct database_locks *locks = c->base.locks;
    const char *event = rows_text(rows, 0, WHAT);

    if (rows_count(rows) == 0 || !text_equal(rows_text(rows, 0, PART), "self")) { /* no such session here */
        rows_free(rows);
        give_up(observer, c->pq);
        return;
    }
    observer->waits = event != NULL;
    if (full) {
        observer->holds = count_of(rows, "holds") > 0;
        track(&observer->held_since, observer->holds, now);
        track(&observer->blocking_since, count_of(rows, "behind") > 0, now);
        observer->full_at = now;
        keep(observer, rows, now);
        rows = NULL;
    }
    track(&observer->waiting_since, event != NULL, now);
    if (counts(observer, event))
        locks->waited += now - observer->looked;
    observer->looked = now;
    judge(c, now);
    rows_free(rows);
}

/* ---- looking ---- */

static void ask(struct postgresql_connection *c, int64_t now)
{
    struct postgresql_observer *observer = &c->observer;
    int pid = c->pq->PQbackendPID(c->handle);
    struct text sql = {0};

    observer->full =
        observer->waits || now - observer->full_at >= LOOK_REPORT || observer->full_at < c->base.locks->begun;
    if (observer->full)
        text_format(&sql, FULL, pid, pid, pid, pid, pid);
    else
        text_format(&sql, QUICK, pid);
    observer->asked = now;
    observer->state = OBSERVER_ASKED;
    if (sql.failed || !c->pq->PQsendQuery(observer->handle, sql.data))
        give_up(observer, c->pq);
    text_free(&sql);
}

static void receive(struct postgresql_connection *c)
{
    struct postgresql_observer *observer = &c->observer;
    PGresult *result;

    c->pq->PQflush(observer->handle);
    if (!c->pq->PQconsumeInput(observer->handle)) {
        give_up(observer, c->pq);
        return;
    }
    if (c->pq->PQisBusy(observer->handle))
        return;
    observer->state = OBSERVER_READY;
    while (observer->state == OBSERVER_READY && (result = c->pq->PQgetResult(observer->handle)) != NULL) {
        struct migrate_rows *rows = NULL;
        bool good = c->pq->PQresultStatus(result) == PGRES_TUPLES_OK &&
                    rows_finish(postgresql_rows(c->pq, result), &rows, NULL) == MIGRATE_OK;

        c->pq->PQclear(result);
        if (!good)
            give_up(observer, c->pq);
        else if (observer->asked < c->base.locks->begun)
            rows_free(rows); /* of an attempt that is over */
        else
            take_look(c, rows, observer->full, clock_monotonic());
    }
}

static int64_t next_look(const struct postgresql_connection *c, int64_t now)
{
    const struct database_locks *locks = c->base.locks;

    if (locks->budget == 0 && locks->max_blocking == 0)
        return LOOK_REPORT;
    if (!c->observer.waits && now - locks->begun > BEGINNING)
        return LOOK_SELDOM;
    if (locks->budget > locks->waited && locks->budget - locks->waited < LOOK_OFTEN)
        return locks->budget - locks->waited;
    return LOOK_OFTEN;
}

static void act(struct postgresql_connection *c, int64_t now)
{
    struct postgresql_observer *observer = &c->observer;

    if (observer->verdict == OBSERVER_NOTHING ||
        (observer->cancelled != 0 && now - observer->cancelled < CANCEL_AGAIN))
        return;
    observer->cancelled = now;
    postgresql_request_cancel(c);
}

static void observe(struct postgresql_connection *c)
{
    struct postgresql_observer *observer = &c->observer;
    const struct database_locks *locks = c->base.locks;
    int64_t now = clock_monotonic();

    switch (observer->state) {
    case OBSERVER_CLOSED:
        if (!c->base.pooled && /* which of the server's sessions is at work is not known */
            now - observer->message >=
                (locks->budget > 0 || locks->max_blocking > 0 ? OPEN_BUDGET : OPEN_REPORT))
            open_observer(c);
        break;
    case OBSERVER_OPENING:
        go_on_opening(c);
        break;
    case OBSERVER_READY:
        if (now - observer->asked >= next_look(c, now))
            ask(c, now);
        break;
    case OBSERVER_ASKED:
        receive(c);
        break;
    case OBSERVER_NONE:
        break;
    }
    act(c, now);
}

void postgresql_observe_begin(struct postgresql_connection *c)
{
    struct postgresql_observer *observer = &c->observer;
    const struct database_locks *locks = c->base.locks;

    if (locks == NULL)
        return;
    observer->message = clock_monotonic();
    observer->verdict = OBSERVER_NOTHING;
    observer->cancelled = 0;
    if (observer->attempt == locks->begun)
        return;
    observer->attempt = observer->looked = locks->begun;
    observer->waits = observer->holds = false;
    observer->held_since = observer->blocking_since = observer->waiting_since = 0;
    forget(observer);
}

int32_t postgresql_observe_wait(struct postgresql_connection *c, struct watch *watch, bool *ready)
{
    struct postgresql_observer *observer = &c->observer;
    int32_t code;
    int64_t slice = WATCH_SLICE / 1000;

    if (c->base.locks == NULL || watch != c->base.watch) /* nobody cares; or it is being cancelled */
        return postgresql_wait(c->pq, c->handle, POLLIN, watch, ready);
    code = watch_check(watch);
    if (code != MIGRATE_OK)
        return code;
    observe(c);
    struct pollfd fds[2] = {{.fd = c->pq->PQsocket(c->handle), .events = POLLIN}, {.fd = -1}};
    if (observer->state == OBSERVER_OPENING || observer->state == OBSERVER_ASKED) {
        fds[1].fd = c->pq->PQsocket(observer->handle);
        fds[1].events = observer->state == OBSERVER_ASKED ? POLLIN : observer->wants;
    } else if (observer->state == OBSERVER_READY) {
        int64_t rest = observer->asked + next_look(c, clock_monotonic()) - clock_monotonic();

        rest = rest < 0 ? 0 : (rest + 999) / 1000;
        slice = rest < slice ? rest : slice;
    }
    *ready = fds[0].fd < 0 || (poll(fds, 2, (int)slice) > 0 && fds[0].revents != 0);
    return MIGRATE_OK;
}

/* ---- the error ---- */

static void add_blockers(const struct migrate_rows *rows, migrate_error **err)
{
    int64_t pid = first_pid(rows, "by");

    for (size_t i = 0; i < rows_count(rows); i++) {
        struct text session = {0};

        if (!text_equal(rows_text(rows, i, PART), "by"))
            continue;
        add_session(&session, rows, i);
        if (!session.failed && session.data != NULL)
            error_detail_add(err, "blocked by %s", session.data);
        text_free(&session);
    }
    if (pid > 0)
        error_hint(
            err,
            "wait for that session's transaction to end, or end it: SELECT pg_terminate_backend(%lld); "
            "ddl_lock_timeout is how long one attempt may wait, ddl_lock_attempts how many there are",
            (long long)pid);
    else
        error_hint(err, "end the transaction that holds the lock (see pg_locks), or run again later; "
                        "ddl_lock_timeout is how "
                        "long one attempt may wait, ddl_lock_attempts how many there are");
}

int32_t postgresql_observe_explain(const struct postgresql_connection *c, const char *sqlstate, int32_t code,
                                   migrate_error **err)
{
    const struct postgresql_observer *observer = &c->observer;
    const struct database_locks *locks = c->base.locks;
    const struct migrate_rows *blockers =
        count_of(observer->found, "by") > 0 ? observer->found : observer->blockers;
    char waited[32];
    bool cancelled = text_equal(sqlstate, "57014"), late = text_equal(sqlstate, "55P03");

    if (locks == NULL || (!late && !(cancelled && observer->verdict != OBSERVER_NOTHING)))
        return code;
    if (cancelled && observer->verdict == OBSERVER_BLOCKED_OTHERS) {
        struct text sessions = {0};

        add_part(&sessions, observer->found, "behind", "; ");
        code = error_set(err, MIGRATE_ERROR_TIMEOUT,
                         "cancelled, because it held other sessions up for %s (max_blocking)",
                         clock_duration_text(locks->max_blocking, waited));
        if (!sessions.failed && sessions.data != NULL)
            error_detail_add(err, "behind it waited %s", sessions.data);
        text_free(&sessions);
        error_hint(err, "run it at a quieter time, cut it into shorter migrations, or raise max_blocking");
        error_database(err, ERROR_OTHER, sqlstate, 0);
        return code;
    }
    if (locks->budget > 0 && (cancelled || blockers != NULL))
        code =
            error_set(err, MIGRATE_ERROR_LOCKED, "its locks were not to be had within %s (ddl_lock_timeout)",
                      clock_duration_text(locks->budget, waited));
    add_blockers(blockers, err);
    error_database(err, ERROR_BUSY, sqlstate, 0);
    return code;
}
