/* SPDX-License-Identifier: MIT
 * The lifespan hook: apply, check, wait or off. */
#include "core/events.h"
#include "core/reconcile.h"
#include "core/verbs.h"
#include "util/clock.h"

#include <string.h>

enum { PAUSE_FIRST = 100000, PAUSE_MOST = 2000000 };

/* What check finds: the policies' errors, or the number of pending ones; with nothing to tell it is one query. */
static int32_t look(migrate_session *session, int64_t *pending, const char **at, struct arena *arena, migrate_error **err)
{
    struct build *build = NULL;
    bool current = false;
    struct history_head head;
    struct history history = {0};
    struct migrate_plan *plan = NULL;
    int32_t code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = history_look(session, &head, err);
    if (code != MIGRATE_OK)
        return code;
    *pending = 0;
    code = build_is_state(build, head.state, &current, err);
    if (code != MIGRATE_OK)
        return code;
    if (current) {
        *at = build->source->versioned ? build->source->items[build->source->versioned - 1].id : NULL;
        return MIGRATE_OK;
    }
    code = history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = plan_up(session, build, &history, NULL, &plan, err);
    if (code == MIGRATE_OK) {
        *pending = (int64_t)plan->count + (plan->replaced ? (int64_t)plan->replaced - 1 : 0);
        *at = arena_text(arena, plan->from);
        for (size_t i = 0; i < plan->findings.count; i++)
            event_say(session, "warning", "warning", "%s", plan->findings.items[i].message);
    }
    plan_free(plan);
    history_free(&history);
    return code;
}

/* A database with objects and no history is, for somebody who only looks, one where everything is pending. */
static int32_t look_forgiving(migrate_session *session, int64_t *pending, const char **at, struct arena *arena,
                              migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = look(session, pending, at, arena, &problem);
    if (code == MIGRATE_ERROR_UNMANAGED) {
        event_say(session, "warning", "warning", "%s", problem->message);
        error_clear(&problem);
        *pending = (int64_t)session->build->source->count;
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

static int32_t startup_check(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct arena arena = {0};
    const char *at = NULL;
    int64_t pending = 0;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = look_forgiving(session, &pending, &at, &arena, err);
    if (code == MIGRATE_OK && out)
        code = report_nothing(session, at, pending, out, err);
    if (code == MIGRATE_OK && pending > 0) {
        bool warn = option_is(session->options, OPTION_ON_PENDING, "warn");
        event_say(session, "warning", "warning", "%lld migration%s pending on %s", (long long)pending,
                  pending == 1 ? "" : "s", session->db->label);
        code = warn ? MIGRATE_OK : MIGRATE_PENDING;
    }
    arena_free(&arena);
    return code;
}

/* ---- wait ---- */

/* Between two looks of somebody who waits for another process. */
struct waiter {
    int64_t begun, limit, pause;
    int64_t pending;
    bool looked;          /* the history was read at least once ... */
    int64_t first, seq;   /* ... when its newest row was this, and is now that */
};

static int32_t wait_timeout(const migrate_session *session, int64_t pending, migrate_error **err)
{
    char text[32];
    clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), text);
    error_set(err, MIGRATE_ERROR_TIMEOUT, "after %s %lld migration%s still pending on %s", text, (long long)pending,
              pending == 1 ? " is" : "s are", session->db->label);
    error_hint(err, "is the process that applies them running? raise wait_timeout, or start one with mode=apply");
    return MIGRATE_ERROR_TIMEOUT;
}

/* The leader gets on, or failed with a migration that this build has, too. What failed before we began to wait is not ours. */
static int32_t wait_follow(migrate_session *session, struct waiter *waiter, migrate_error **err)
{
    struct history history = {0};
    int32_t code = history_load(session, &history, err);
    if (code != MIGRATE_OK)
        return code;
    if (!waiter->looked)
        waiter->first = history.head.seq;
    else if (history.head.seq > waiter->seq)
        waiter->limit = clock_monotonic() + option_duration(session->options, OPTION_WAIT_TIMEOUT);
    waiter->looked = true;
    waiter->seq = history.head.seq;
    const struct source *source = session->build->source;
    for (size_t i = 0; i < source->count && code == MIGRATE_OK; i++) {
        const struct past *trace = history_trace(&history, source->items[i].id);
        if (trace && trace->failed && trace->failed_seq > waiter->first &&
            text_equal(trace->failed_checksum, source->items[i].checksum))
            code = failed_elsewhere(trace, err);
    }
    history_free(&history);
    return code;
}

/* One look. A connection that broke is no answer, as long as there is time for another. */
static int32_t wait_look(migrate_session *session, struct waiter *waiter, const char **at, struct arena *arena, migrate_error **err)
{
    migrate_error *problem = NULL;
    int64_t pending = 0;
    int32_t code = session_begin_until(session, waiter->limit, &problem);
    if (code == MIGRATE_OK) {
        session_deadline(session, waiter->limit);
        code = look_forgiving(session, &pending, at, arena, &problem);
    }
    if (code == MIGRATE_OK)
        waiter->pending = pending;
    if (code == MIGRATE_OK && pending > 0)
        code = wait_follow(session, waiter, &problem);
    if (code != MIGRATE_OK && session->url && error_kind_of(&problem) == ERROR_LOST && clock_monotonic() < waiter->limit) {
        error_clear(&problem);
        waiter->pending = 1; /* at least: nobody has seen that it is up to date */
        code = MIGRATE_OK;
    }
    if (code == MIGRATE_ERROR_TIMEOUT && waiter->looked)
        code = wait_timeout(session, waiter->pending, &problem);
    error_move(err, &problem);
    return code;
}

static int32_t wait_pause(migrate_session *session, struct waiter *waiter, migrate_error **err)
{
    session_deadline(session, waiter->limit);
    event_doing(session, "waiting for another process to apply migrations", NULL);
    int32_t end = watch_sleep(&session->watch, waiter->pause / 2 + clock_jitter((uint32_t)waiter->pause), true);
    waiter->pause = waiter->pause * 2 < PAUSE_MOST ? waiter->pause * 2 : PAUSE_MOST;
    return end == MIGRATE_ERROR_TIMEOUT ? wait_timeout(session, waiter->pending, err)
                                        : watch_error(&session->watch, end, err);
}

/* Looks again and again, reading only, until another process has done the work. */
static int32_t startup_wait(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct arena arena = {0};
    const char *at = NULL;
    int64_t begun = clock_monotonic();
    struct waiter waiter = {.begun = begun, .limit = begun + option_duration(session->options, OPTION_WAIT_TIMEOUT),
                            .pause = PAUSE_FIRST};
    int32_t code;
    do {
        code = wait_look(session, &waiter, &at, &arena, err);
        if (code != MIGRATE_OK || waiter.pending == 0)
            break;
        code = wait_pause(session, &waiter, err);
    } while (code == MIGRATE_OK);
    session->doing = NULL;
    session_deadline(session, 0);
    session->waited = clock_monotonic() - begun;
    if (code == MIGRATE_OK && out)
        code = report_nothing(session, at, 0, out, err);
    arena_free(&arena);
    return code;
}

/* Behind the migrations, what is missing of the declared schema is told, or added under the same lock. */
static int32_t startup_apply(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    if (option_is(session->options, OPTION_RECONCILE, "apply"))
        return reconcile_apply(session, out, err);
    migrate_rows *report = NULL;
    bool tell = option_is(session->options, OPTION_RECONCILE, "report");
    int32_t code = verb_apply(session, NULL, tell && out ? &report : out, err);
    if (!tell || code != MIGRATE_OK)
        return tell && code == MIGRATE_STOPPED && out ? (*out = report, code) : code;
    code = reconcile_report(session, err);
    if (code == MIGRATE_OK && out)
        *out = report;
    else
        rows_free(report);
    return code;
}

int32_t verb_startup(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    const char *mode = option_text(session->options, OPTION_MODE);
    if (strcmp(mode, "off") == 0)
        return out ? report_nothing(session, NULL, 0, out, err) : MIGRATE_OK;
    if (strcmp(mode, "check") == 0)
        return startup_check(session, out, err);
    if (strcmp(mode, "wait") == 0)
        return startup_wait(session, out, err);
    return startup_apply(session, out, err);
}

int32_t verb_startup_url(const char *url, const migrate_options *options, migrate_rows **out, migrate_error **err)
{
    migrate_session *session = NULL;
    if (options && option_is(options, OPTION_MODE, "off"))
        return out ? report_nothing(NULL, NULL, 0, out, err) : MIGRATE_OK;
    int32_t code = session_open(url, options, &session, err);
    if (code == MIGRATE_OK)
        code = verb_startup(session, out, err);
    session_close(session);
    return code;
}
