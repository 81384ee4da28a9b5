/* SPDX-License-Identifier: MIT
 * One runner at a time. PostgreSQL: an advisory lock that is tried again and again from here, never waited for in the server, with no
 * transaction open: a waiter with a snapshot would stop CREATE INDEX CONCURRENTLY in the holder. SQLite: the write transaction is
 * the lock, tried in short turns. Between two tries the history is read, so that whoever waits leaves as soon as there
 * is nothing left to do. */
#include "core/events.h"
#include "core/holder.h"
#include "core/pooler.h"
#include "util/clock.h"

#include <string.h>

/* SQLite's turns have their own short pauses between two looks at the lock (see its busy handler): to sleep longer would leave the lock
 * to those who came later. */
enum { TRY_SLICE = 200000, PAUSE_FIRST = 50000, PAUSE_MOST = 500000, PAUSE_SHARED = 5000, TELL_EVERY = 1000000 };

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
    if (session->scratch) /* it may lie in the very database that is locked already */
        digest_add(&digest, "scratch", sizeof "scratch");
    digest_end(&digest, bytes);
    for (size_t i = 0; i < 8; i++)
        key = key << 8 | bytes[i];
    return (int64_t)key;
}

static int32_t begin_write(struct migrate_run *run, migrate_error **err)
{
    struct text sql = {0};
    int32_t code = run_begin_transaction(run, &sql, err);
    if (code == MIGRATE_OK)
        code = database_exec_text(run->session->db, &sql, NULL, err);
    text_free(&sql);
    return code;
}

static int32_t let_go(struct migrate_run *run)
{
    struct text sql = {0};
    run->session->db->engine->lock_release(&sql, run->key);
    int32_t code = sql.failed ? MIGRATE_ERROR_NOMEM : run_clean_up(run, sql.data);
    text_free(&sql);
    return code;
}

/* The server lets go of it with the connection, and the next call opens another. */
static void let_go_surely(struct migrate_run *run)
{
    migrate_session *session = run->session;
    if (session->db->class->transaction(session->db) == DATABASE_LOST)
        return;
    if (let_go(run) != MIGRATE_OK && session->url) {
        database_close(session->db);
        session->db = NULL;
    }
}

static int32_t try_session(struct migrate_run *run, bool *got, migrate_error **err)
{
    struct database *db = run->session->db;
    struct text sql = {0};
    db->engine->lock_try(&sql, run->key);
    int32_t code = database_ask(db, &sql, got, err);
    text_free(&sql);
    if (code != MIGRATE_OK)
        let_go_surely(run); /* a cancel may have come just behind the lock */
    return code;
}

static int32_t try_shared(struct migrate_run *run, bool *got, migrate_error **err)
{
    migrate_session *session = run->session;
    int64_t deadline = session->watch.deadline, slice = clock_monotonic() + TRY_SLICE;
    bool whole = !deadline || slice < deadline;
    session_deadline(session, whole ? slice : deadline);
    int32_t code = begin_write(run, err);
    session_deadline(session, deadline);
    *got = code == MIGRATE_OK;
    if (code == MIGRATE_ERROR_LOCKED || (code == MIGRATE_ERROR_TIMEOUT && whole)) {
        error_clear(err);
        code = MIGRATE_OK;
    }
    return code;
}

bool run_writer_at_work(struct migrate_run *run)
{
    bool got = false;
    if (run->session->db->engine->lock_try || run->session->db->class->transaction(run->session->db) != DATABASE_IDLE)
        return false;
    int32_t code = try_shared(run, &got, NULL);
    if (got)
        run_rollback(run);
    return code == MIGRATE_OK && !got;
}

struct wait {
    bool shared;     /* for the write transaction */
    int64_t begun, told, limit, pause;
    int64_t seq;     /* newest row that was seen */
    int64_t outer;   /* the session's deadline */
};

/* A pooler lets its clients wait for a free session without end. */
static int32_t try_pooled(struct migrate_run *run, const struct wait *wait, bool *got, migrate_error **err)
{
    migrate_session *session = run->session;
    bool ours = !wait->outer || wait->limit < wait->outer;
    session_deadline(session, ours ? wait->limit : wait->outer);
    int32_t code = pooler_try(run, got, err);
    session_deadline(session, wait->outer);
    return code == MIGRATE_ERROR_TIMEOUT && ours ? holder_timeout(run, err) : code;
}

/* The connection broke while we waited: a server that restarts, a primary that fails over. Nothing was begun. */
static int32_t wait_reconnect(struct migrate_run *run, const struct wait *wait, migrate_error **err)
{
    migrate_session *session = run->session;
    if (error_kind_of(err) != ERROR_LOST || !session->url)
        return (*err)->code;
    error_clear(err);
    int64_t limit = wait->outer && wait->outer < wait->limit ? wait->outer : wait->limit;
    int32_t code = session_reconnect(session, limit, err);
    if (code == MIGRATE_OK && session->db->read_only)
        code = session_need_primary(session, limit, true, err);
    session_deadline(session, wait->outer);
    return code;
}

/* What the holder has done meanwhile. *current: nothing is left to do. */
static int32_t wait_look(struct migrate_run *run, struct wait *wait, bool *current, migrate_error **err)
{
    migrate_session *session = run->session;
    struct history_head head = {0};
    if (wait->shared) /* whoever writes may keep readers out, too */
        session_deadline(session, clock_monotonic() + TRY_SLICE);
    int32_t looked = history_look(session, &head, NULL);
    session_deadline(session, wait->outer);
    if (looked != MIGRATE_OK || head.seq <= wait->seq)
        return MIGRATE_OK;
    wait->seq = head.seq;
    wait->limit = clock_monotonic() + option_duration(session->options, OPTION_WAIT_TIMEOUT); /* the holder gets on */
    return run_look_meanwhile(run, &head, current, err);
}

static int32_t wait_pause(struct migrate_run *run, struct wait *wait, migrate_error **err)
{
    migrate_session *session = run->session;
    int64_t now = clock_monotonic();
    if (now >= wait->limit)
        return holder_timeout(run, err);
    if (now + wait->pause + wait->pause / 2 - wait->told >= TELL_EVERY) { /* the next look may be as far away as that */
        wait->told = now;
        holder_tell(run, now - wait->begun);
    }
    int32_t end = watch_sleep(&session->watch, wait->pause / 2 + clock_jitter((uint32_t)wait->pause), true);
    if (!wait->shared)
        wait->pause = wait->pause * 2 < PAUSE_MOST ? wait->pause * 2 : PAUSE_MOST;
    return end == MIGRATE_OK ? MIGRATE_OK : watch_error(&session->watch, end, err);
}

/* The lock belongs to a transaction: behind a pooler, and to the host's own, until the host ends it. */
static bool by_transaction(const migrate_session *session)
{
    return session->db->engine->pooling && (session->db->pooled || session_embedded(session));
}

/* Tries until it has the lock, time is over, or the work was done, or failed, by whoever has it. */
static int32_t wait_for(struct migrate_run *run, bool shared, bool *current, migrate_error **err)
{
    migrate_session *session = run->session;
    int64_t now = clock_monotonic();
    struct wait wait = {.shared = shared, .begun = now, .told = now, .pause = shared ? PAUSE_SHARED : PAUSE_FIRST,
                        .limit = now + option_duration(session->options, OPTION_WAIT_TIMEOUT), .seq = run->seq_seen,
                        .outer = session->watch.deadline};
    migrate_error *problem = NULL;
    int32_t code;
    bool got = false;
    for (;;) {
        code = shared                    ? try_shared(run, &got, &problem)
               : by_transaction(session) ? try_pooled(run, &wait, &got, &problem)
                                         : try_session(run, &got, &problem);
        if (code == MIGRATE_OK && got)
            break;
        if (code != MIGRATE_OK)
            code = wait_reconnect(run, &wait, &problem);
        run->waited = true;
        if (code == MIGRATE_OK)
            code = wait_look(run, &wait, current, &problem);
        if (code != MIGRATE_OK || *current)
            break;
        code = wait_pause(run, &wait, &problem);
        if (code != MIGRATE_OK)
            break;
    }
    session_deadline(session, wait.outer);
    session->waited += clock_monotonic() - wait.begun;
    error_move(err, &problem);
    return code;
}

/* Each transaction takes it for itself, the host's own once and for all. Behind a connection that broke it shows that the transaction
 * of then is over. */
static int32_t lock_pooled(struct migrate_run *run, bool *current, migrate_error **err)
{
    bool inside = session_embedded(run->session);
    if (!inside && run->losses == 0)
        return MIGRATE_OK;
    int32_t code = run_wait(run, current, err);
    if (code == MIGRATE_OK && !*current && !inside)
        run_clean_up(run, "ROLLBACK");
    return code;
}

int32_t run_lock(struct migrate_run *run, bool *current, migrate_error **err)
{
    if (!run->session->db->engine->lock_try)
        return MIGRATE_OK; /* the write transaction will do */
    run->key = lock_key(run->session);
    if (by_transaction(run->session))
        return lock_pooled(run, current, err);
    int32_t code = wait_for(run, false, current, err);
    run->locked = code == MIGRATE_OK && !*current;
    if (run->locked)
        event_say(run->session, "locked", "debug", "lock taken on %s", run->session->db->label);
    return code;
}

int32_t run_wait(struct migrate_run *run, bool *current, migrate_error **err)
{
    return wait_for(run, false, current, err);
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
    if (run->locked)
        let_go_surely(run);
    run->locked = false;
}
