/* SPDX-License-Identifier: MIT
 * The lifespan hook: apply, check, wait or off. */
#include "core/events.h"
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
        for (size_t i = 0; i < plan->findings_count; i++)
            event_say(session, "warning", "warning", "%s", plan->findings[i].message);
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

static int32_t wait_timeout(const migrate_session *session, int64_t pending, migrate_error **err)
{
    char text[32];
    clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), text);
    error_set(err, MIGRATE_ERROR_TIMEOUT, "after %s %lld migration%s still pending on %s", text, (long long)pending,
              pending == 1 ? " is" : "s are", session->db->label);
    error_hint(err, "is the process that applies them running? raise wait_timeout, or start one with mode=apply");
    return MIGRATE_ERROR_TIMEOUT;
}

/* Looks again and again, reading only, until another process has done the work. */
static int32_t startup_wait(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct arena arena = {0};
    const char *at = NULL;
    int64_t pending = 0, begun = clock_monotonic(), pause = PAUSE_FIRST, waited = 0;
    int64_t limit = begun + option_duration(session->options, OPTION_WAIT_TIMEOUT);
    int32_t code;
    for (;;) {
        code = session_begin(session, err);
        session_deadline(session, limit);
        if (code == MIGRATE_OK)
            code = look_forgiving(session, &pending, &at, &arena, err);
        waited = clock_monotonic() - begun;
        if (code != MIGRATE_OK || pending == 0)
            break;
        if (clock_monotonic() >= limit) {
            code = wait_timeout(session, pending, err);
            break;
        }
        event_doing(session, "waiting for another process to apply migrations", NULL);
        int32_t end = watch_sleep(&session->watch, pause / 2 + clock_jitter((uint32_t)pause), true);
        if (end != MIGRATE_OK) {
            code = end == MIGRATE_ERROR_TIMEOUT ? wait_timeout(session, pending, err) : watch_error(&session->watch, end, err);
            break;
        }
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
    }
    session->doing = NULL;
    session_deadline(session, 0);
    session->waited = waited;
    if (code == MIGRATE_OK && out)
        code = report_nothing(session, at, 0, out, err);
    arena_free(&arena);
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
    return verb_apply(session, NULL, out, err);
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
