/* SPDX-License-Identifier: MIT
 * One runner at a time. PostgreSQL: an advisory lock that is tried again and again from here, never waited for in the server, with no
 * transaction open: a waiter with a snapshot would stop CREATE INDEX CONCURRENTLY in the holder. SQLite: the write transaction is
 * the lock, tried in short turns. Between two tries the history is read, so that whoever waits leaves as soon as there
 * is nothing left to do. */
#include "core/run.h"

#include "core/events.h"
#include "util/clock.h"

#include <string.h>

enum { TRY_SLICE = 200000, PAUSE_FIRST = 50000, PAUSE_MOST = 500000, TELL_EVERY = 1000000 };

static int64_t lock_key(const migrate_session *session)
{
    struct digest digest;
    unsigned char bytes[DIGEST_SIZE];
    uint64_t key = 0;
    const char *module = option_text(session->options, OPTION_MODULE);
    digest_init(&digest);
    digest_add(&digest, "libmigrate", sizeof "libmigrate");
    digest_add(&digest, session->history_schema, strlen(session->history_schema) + 1);
    digest_add(&digest, session->history_table, strlen(session->history_table) + 1);
    digest_add(&digest, module, strlen(module));
    digest_end(&digest, bytes);
    for (size_t i = 0; i < 8; i++)
        key = key << 8 | bytes[i];
    return (int64_t)key;
}

static int32_t begin_write(struct migrate_run *run, migrate_error **err)
{
    struct text sql = {0};
    struct database *db = run->session->db;
    db->engine->begin(&sql, option_text(run->session->options, OPTION_SET_ROLE));
    int32_t code = database_exec_text(db, &sql, NULL, err);
    text_free(&sql);
    return code;
}

/* One try: the advisory lock, or the beginning of a write transaction in a short turn. */
static int32_t try_once(struct migrate_run *run, bool shared, bool *got, migrate_error **err)
{
    migrate_session *session = run->session;
    struct database *db = session->db;
    migrate_error *problem = NULL;
    int32_t code;
    if (!shared) {
        struct text sql = {0};
        db->engine->lock_try(&sql, run->key);
        code = database_ask(db, &sql, got, &problem);
        text_free(&sql);
    } else {
        int64_t deadline = session->watch.deadline, slice = clock_monotonic() + TRY_SLICE;
        session_deadline(session, deadline && deadline < slice ? deadline : slice);
        code = begin_write(run, &problem);
        session_deadline(session, deadline);
        *got = code == MIGRATE_OK;
        if (code == MIGRATE_ERROR_LOCKED || code == MIGRATE_ERROR_TIMEOUT) {
            error_clear(&problem);
            code = MIGRATE_OK;
        }
    }
    error_move(err, &problem);
    return code;
}

static void tell_waiting(struct migrate_run *run, int64_t waited)
{
    migrate_session *session = run->session;
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    const char *holder = NULL;
    if (session->db->engine->lock_holder) {
        session->db->engine->lock_holder(&sql, run->key);
        if (database_query(session->db, &sql, &rows, NULL) == MIGRATE_OK)
            holder = rows_text(rows, 0, 0);
    }
    struct migrate_event event;
    event_init(&event, "waiting", "info");
    event_int(&event, "waited_us", waited);
    event_send(session, &event, "waiting for %s", holder ? holder : "another process that writes to the database");
    text_free(&sql);
    rows_free(rows);
}

static int32_t lock_timeout(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    char waited[32];
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), waited);
    error_set(err, MIGRATE_ERROR_LOCKED, "another process still holds the lock on %s after %s", session->db->label, waited);
    if (session->db->engine->lock_holder) {
        session->db->engine->lock_holder(&sql, run->key);
        session_deadline(session, 0);
        if (database_query(session->db, &sql, &rows, NULL) == MIGRATE_OK && rows_text(rows, 0, 0))
            error_detail(err, "%s", rows_text(rows, 0, 0));
    }
    error_hint(err, "wait for it to end, or raise wait_timeout");
    text_free(&sql);
    rows_free(rows);
    return MIGRATE_ERROR_LOCKED;
}

/* Tries until it has the lock, time is over, or the work was done by whoever has it. */
static int32_t wait_for(struct migrate_run *run, bool shared, bool *current, migrate_error **err)
{
    migrate_session *session = run->session;
    int64_t timeout = option_duration(session->options, OPTION_WAIT_TIMEOUT), begun = clock_monotonic(), told = begun;
    int64_t limit = begun + timeout, pause = PAUSE_FIRST, seq = run->seq_seen, outer = session->watch.deadline;
    int32_t code = MIGRATE_OK;
    bool got = false;
    for (;;) {
        code = try_once(run, shared, &got, err);
        if (code != MIGRATE_OK || got)
            break;
        struct history_head head = {0};
        if (shared) /* whoever writes may keep readers out, too */
            session_deadline(session, clock_monotonic() + TRY_SLICE);
        int32_t looked = history_look(session, &head, NULL);
        session_deadline(session, outer);
        if (looked == MIGRATE_OK) {
            if (head.seq > seq)
                limit = clock_monotonic() + timeout; /* the holder gets on */
            seq = head.seq;
            if (run->request.everything && build_is_state(run->build, head.state, current, NULL) == MIGRATE_OK && *current)
                break;
        }
        int64_t now = clock_monotonic();
        if (now >= limit) {
            code = lock_timeout(run, err);
            break;
        }
        if (now + pause + pause / 2 - told >= TELL_EVERY) { /* the next look may be as far away as that */
            told = now;
            tell_waiting(run, now - begun);
        }
        int32_t end = watch_sleep(&session->watch, pause / 2 + clock_jitter((uint32_t)pause), true);
        if (end != MIGRATE_OK) {
            code = watch_error(&session->watch, end, err);
            break;
        }
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
    }
    session_deadline(session, outer);
    session->waited += clock_monotonic() - begun;
    return code;
}

int32_t run_lock(struct migrate_run *run, bool *current, migrate_error **err)
{
    if (!run->session->db->engine->lock_try)
        return MIGRATE_OK; /* the write transaction will do */
    run->key = lock_key(run->session);
    int32_t code = wait_for(run, false, current, err);
    run->locked = code == MIGRATE_OK && !*current;
    if (run->locked)
        event_say(run->session, "locked", "debug", "lock taken on %s", run->session->db->label);
    return code;
}

int32_t run_open(struct migrate_run *run, migrate_error **err)
{
    bool current = false, shared = run->session->db->engine->lock_try == NULL;
    int32_t code = shared ? wait_for(run, true, &current, err) : begin_write(run, err);
    if (code != MIGRATE_OK)
        return code;
    if (current) {
        run->finished = true;
        return MIGRATE_OK;
    }
    run->open = true;
    run->unclean = false; /* a transaction could begin, so none was left */
    run->opened_at = clock_monotonic();
    return MIGRATE_OK;
}

void run_rollback(struct migrate_run *run)
{
    run->unclean = false;
    run_clean_up(run, "ROLLBACK");
    run->open = false;
}

/* Whoever waits for the lock must not wait for a session that merely stays open. */
void run_unlock(struct migrate_run *run)
{
    migrate_session *session = run->session;
    struct text sql = {0};
    if (!run->locked)
        return;
    run->locked = false;
    if (session->db->class->transaction(session->db) == DATABASE_LOST)
        return; /* the server has let go of it with the connection */
    session->db->engine->lock_release(&sql, run->key);
    if ((sql.failed || run_clean_up(run, sql.data) != MIGRATE_OK) && session->url) {
        database_close(session->db); /* the next call opens another */
        session->db = NULL;
    }
    text_free(&sql);
}
