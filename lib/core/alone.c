/* SPDX-License-Identifier: MIT
 * Around a statement that runs outside of transactions: what stands in its way before it, and whether it came to its end. The database
 * is asked for what the statement makes (see engine->probe): after a crash that tells how it ended, and of an index that is there but
 * not valid whether it may be cleared away. It may only if our own row in the history names the statement and no session is at work on it:
 * a build that still runs, perhaps one that a killed client left behind, looks the same. */
#include "core/alone.h"

#include "core/events.h"
#include "util/clock.h"

#include <string.h>

enum { PAUSE_FIRST = 50000, PAUSE_MOST = 500000, TELL_EVERY = 1000000, CLEAN_MOST = 5000000 };

static int32_t read_statement(const struct script *script, const struct segment *segment, struct text *out, migrate_error **err)
{
    struct script_stream stream;
    struct sql_statement statement;
    bool more = false;
    int32_t code = script_stream_open(&stream, script, segment, false, err);
    if (code == MIGRATE_OK)
        code = sql_stream_next(&stream.sql, &statement, &more, err);
    if (code == MIGRATE_OK && more)
        text_add_n(out, stream.sql.text + statement.offset, statement.length);
    script_stream_close(&stream);
    return code == MIGRATE_OK && out->failed ? error_nomem(err) : code;
}

static int32_t look(struct alone *alone, migrate_error **err)
{
    struct database *db = alone->run->session->db;
    database_probe_free(&alone->probe);
    alone->probe = (struct database_probe){.answer = DATABASE_PROBE_UNKNOWN};
    if (!db->engine->probe)
        return MIGRATE_OK;
    return db->engine->probe(db, alone->statement.data ? alone->statement.data : "", alone->statement.length, &alone->probe, err);
}

static const char *shown(const struct text *text)
{
    return text->data ? text->data : "";
}

/* Each statement of it alone. */
static int32_t mend(const struct alone *alone, migrate_error **err)
{
    struct database *db = alone->run->session->db;
    struct sql_splitter splitter;
    struct sql_statement statement;
    const char *text = shown(&alone->probe.mend);
    int32_t code = MIGRATE_OK;
    sql_split(&splitter, db->engine->dialect, text, alone->probe.mend.length);
    while (code == MIGRATE_OK && sql_next(&splitter, &statement))
        code = db->class->exec(db, text + statement.offset, statement.length, NULL, err);
    return code;
}

/* ---- another session is at it ---- */

static void tell_waiting(const struct alone *alone, int64_t waited)
{
    struct migrate_event event;
    event_init(&event, "waiting", "info");
    event_text(&event, "id", alone->step->id);
    event_int(&event, "waited_us", waited);
    event_text(&event, "sessions", shown(&alone->probe.session));
    event_send(alone->run->session, &event, "%s waits for another session that is at work on %s: %s", alone->step->id,
               shown(&alone->probe.object), shown(&alone->probe.session));
}

static int32_t refuse_at_work(const struct alone *alone, const char *message, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_LOCKED, message, alone->step->id, shown(&alone->probe.object));
    error_detail(err, "%s", shown(&alone->probe.session));
    error_hint(err, "wait for that session to end, or end it with pg_cancel_backend(pid); then run again");
    script_place(alone->script, SIZE_MAX, alone->segment->first, err);
    return MIGRATE_ERROR_LOCKED;
}

/* A session that a killed client left behind comes to its end by itself. */
static int32_t wait_for_session(struct alone *alone, migrate_error **err)
{
    migrate_session *session = alone->run->session;
    int64_t begun = clock_monotonic(), told = 0, pause = PAUSE_FIRST;
    int64_t limit = begun + option_duration(session->options, OPTION_WAIT_TIMEOUT);
    int32_t code = MIGRATE_OK;
    while (code == MIGRATE_OK && alone->probe.answer == DATABASE_PROBE_AT_WORK) {
        int64_t now = clock_monotonic();
        if (now >= limit)
            return refuse_at_work(alone, "%s: another session is still at work on %s", err);
        if (now - told >= TELL_EVERY) {
            told = now;
            tell_waiting(alone, now - begun);
        }
        code = watch_sleep(&session->watch, pause / 2 + clock_jitter((uint32_t)pause), true);
        if (code != MIGRATE_OK)
            return watch_error(&session->watch, code, err);
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        code = look(alone, err);
    }
    session->waited += clock_monotonic() - begun;
    return code;
}

/* ---- before ---- */

static int32_t refuse_leftover(const struct alone *alone, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "%s: %s is there but INVALID, and this history does not say that %s has left it so", alone->step->id,
              shown(&alone->probe.object), alone->step->id);
    error_hint(err, "if nobody builds it and nobody needs it: %s; then run again", shown(&alone->probe.mend));
    script_place(alone->script, SIZE_MAX, alone->segment->first, err);
    return MIGRATE_ERROR_REFUSED;
}

static void tell(const struct alone *alone, const char *what)
{
    struct migrate_event event;
    event_init(&event, "warning", "warning");
    event_text(&event, "id", alone->step->id);
    event_send(alone->run->session, &event, "%s: an earlier run was interrupted; %s %s", alone->step->id, shown(&alone->probe.object), what);
}

/* Nothing says that we had begun it. */
static int32_t before_first(struct alone *alone, migrate_error **err)
{
    if (!alone->probe.makes)
        return MIGRATE_OK;
    if (alone->probe.answer == DATABASE_PROBE_LEFTOVER)
        return refuse_leftover(alone, err);
    if (alone->probe.answer == DATABASE_PROBE_AT_WORK)
        return refuse_at_work(alone, "%s: another session is at work on %s", err);
    return MIGRATE_OK;
}

static int32_t before_again(struct alone *alone, const struct resume *resume, bool *done, migrate_error **err)
{
    int32_t code = wait_for_session(alone, err);
    if (code != MIGRATE_OK)
        return code;
    switch (alone->probe.answer) {
    case DATABASE_PROBE_UNKNOWN:
        return resume->unsure ? resume_unknown(alone->step, alone->script, resume->begun, err) : MIGRATE_OK;
    case DATABASE_PROBE_DONE:
        *done = resume->unsure; /* else the database said that it failed, and will say so again */
        if (*done)
            tell(alone, "shows that its statement came to its end");
        return MIGRATE_OK;
    case DATABASE_PROBE_LEFTOVER:
        tell(alone, "is a leftover, and is cleared away");
        return mend(alone, err);
    case DATABASE_PROBE_UNFINISHED:
        tell(alone, "is half done, and is finished");
        *done = true;
        return mend(alone, err);
    default:
        return MIGRATE_OK;
    }
}

/* Our own row names this very statement. */
static int32_t is_ours(const struct alone *alone, const struct resume *resume, bool *out, migrate_error **err)
{
    struct segment_record record = {0};
    *out = false;
    if (resume->begun != alone->segment->first + alone->segment->count)
        return MIGRATE_OK;
    int32_t code = script_record(alone->script, alone->segment, &record, err);
    *out = code == MIGRATE_OK && strcmp(record.hash, resume->hash) == 0;
    text_free(&record.sql);
    return code;
}

int32_t alone_before(struct alone *alone, const struct resume *resume, bool *done, migrate_error **err)
{
    bool ours = false;
    *done = false;
    int32_t code = read_statement(alone->script, alone->segment, &alone->statement, err);
    if (code == MIGRATE_OK)
        code = is_ours(alone, resume, &ours, err);
    if (code == MIGRATE_OK)
        code = look(alone, err);
    if (code == MIGRATE_OK)
        code = ours ? before_again(alone, resume, done, err) : before_first(alone, err);
    if (code != MIGRATE_OK && err && *err && !(*err)->line)
        script_place(alone->script, SIZE_MAX, alone->segment->first, err);
    return code;
}

/* ---- behind ---- */

int32_t alone_after(struct alone *alone, migrate_error **err)
{
    if (!alone->probe.makes)
        return MIGRATE_OK;
    int32_t code = look(alone, err);
    if (code != MIGRATE_OK || alone->probe.answer == DATABASE_PROBE_DONE)
        return code;
    error_set(err, MIGRATE_ERROR_SQL, "%s: the statement ended without an error, but what it makes is not there, or not valid%s%s",
              alone->step->id, alone->probe.object.length ? ": " : "", shown(&alone->probe.object));
    error_hint(err, "IF NOT EXISTS passes over anything of that name; drop it or rename it, then run again");
    script_place(alone->script, SIZE_MAX, alone->segment->first, err);
    return MIGRATE_ERROR_SQL;
}

/* An index that is not valid is of no use and slows every write; the next run would clear it away, too. Nothing of that name was there
 * before, so it is ours. Whoever cancelled does not want to wait for it. */
void alone_failed(struct alone *alone, int32_t code, migrate_error **problem)
{
    struct database *db = alone->run->session->db;
    struct watch *watch = db->watch, own = {.deadline = clock_monotonic() + CLEAN_MOST};
    if (!alone->probe.makes || alone->probe.answer != DATABASE_PROBE_AGAIN || code == MIGRATE_ERROR_CANCELLED ||
        code == MIGRATE_ERROR_TIMEOUT || db->class->transaction(db) != DATABASE_IDLE)
        return;
    db->watch = &own;
    if (look(alone, NULL) == MIGRATE_OK && alone->probe.answer == DATABASE_PROBE_LEFTOVER) {
        if (mend(alone, NULL) == MIGRATE_OK)
            error_detail_add(problem, "%s was left INVALID, and was dropped", shown(&alone->probe.object));
        else
            error_detail_add(problem, "%s is left INVALID; the next run drops it", shown(&alone->probe.object));
    }
    db->watch = watch;
}

void alone_free(struct alone *alone)
{
    database_probe_free(&alone->probe);
    text_free(&alone->statement);
}
