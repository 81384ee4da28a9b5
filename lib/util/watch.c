/* SPDX-License-Identifier: MIT
 * The token and the watch. A token's state only ever rises: 0 nothing, 1 stop, 2 cancel. */
#include "util/watch.h"

#include "util/clock.h"
#include "util/memory.h"

#include <stdatomic.h>

#define TICK 1000000 /* microseconds between two calls of watch.tick */
#define WORKS 8      /* pieces of work that one token interrupts at a time: as a rule one, on the thread that runs */

_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_POINTER_LOCK_FREE == 2, "a signal handler may raise a token");

struct migrate_token {
    atomic_int state;
    atomic_int references;
    atomic_int interrupting; /* how many are looking through works, each of which they may call */
    _Atomic(struct token_work *) works[WORKS];
};

int32_t token_new(migrate_token **out, migrate_error **err)
{
    migrate_token *token = memory_new(sizeof *token);

    if (token == NULL)
        return error_nomem(err);
    atomic_init(&token->state, 0);
    atomic_init(&token->references, 1);
    atomic_init(&token->interrupting, 0);
    for (size_t i = 0; i < WORKS; i++)
        atomic_init(&token->works[i], NULL);
    *out = token;
    return MIGRATE_OK;
}

migrate_token *token_ref(migrate_token *token)
{
    if (token != NULL)
        atomic_fetch_add(&token->references, 1);
    return token;
}

void token_unref(migrate_token *token)
{
    if (token != NULL && atomic_fetch_sub(&token->references, 1) == 1)
        memory_free(token);
}

static void interrupt_works(migrate_token *token)
{
    atomic_fetch_add(&token->interrupting, 1);
    for (size_t i = 0; i < WORKS; i++) {
        struct token_work *work = atomic_load(&token->works[i]);

        if (work != NULL)
            work->interrupt(work);
    }
    atomic_fetch_sub(&token->interrupting, 1);
}

bool token_enter(migrate_token *token, struct token_work *work)
{
    for (size_t i = 0; i < WORKS; i++) {
        struct token_work *free_place = NULL;

        if (atomic_compare_exchange_strong(&token->works[i], &free_place, work))
            return true;
    }
    return false;
}

void token_leave(migrate_token *token, struct token_work *work)
{
    for (size_t i = 0; i < WORKS; i++) {
        struct token_work *found = work;

        if (atomic_compare_exchange_strong(&token->works[i], &found, NULL))
            break;
    }
    /* Never long: nobody waits inside. A signal handler that raises the token on this very thread has returned when we look. */
    while (atomic_load(&token->interrupting) != 0)
        clock_sleep(10);
}

void token_raise(migrate_token *token, int32_t state)
{
    int now;

    if (token == NULL)
        return;
    now = atomic_load(&token->state);
    while (now < state && !atomic_compare_exchange_weak(&token->state, &now, state))
        ;
    if (state >= 2)
        interrupt_works(token);
}

int32_t token_state(const migrate_token *token)
{
    return token != NULL ? atomic_load(&token->state) : 0;
}

void watch_start(struct watch *watch)
{
    if (watch != NULL)
        watch->next_tick = clock_monotonic() + TICK;
}

int32_t watch_check(struct watch *watch)
{
    int64_t now;
    int32_t outer;

    if (watch == NULL)
        return MIGRATE_OK;
    outer = watch_check(watch->outer);
    if (outer != MIGRATE_OK)
        return outer;
    if (watch->cancelled_by_host || token_state(watch->token) >= 2)
        return MIGRATE_ERROR_CANCELLED;
    now = clock_monotonic();
    if (watch->deadline != 0 && now >= watch->deadline)
        return MIGRATE_ERROR_TIMEOUT;
    if (watch->tick == NULL || now < watch->next_tick)
        return MIGRATE_OK;
    watch->next_tick = now + TICK;
    if (watch->tick(watch->user) == 0)
        return MIGRATE_OK;
    watch->cancelled_by_host = true;
    return MIGRATE_ERROR_CANCELLED;
}

static bool cancelled_by_host(const struct watch *watch)
{
    return watch != NULL && (watch->cancelled_by_host || cancelled_by_host(watch->outer));
}

static bool stopped(const struct watch *watch)
{
    return watch != NULL && (token_state(watch->token) >= 1 || stopped(watch->outer));
}

int32_t watch_sleep(struct watch *watch, int64_t microseconds, bool waiting)
{
    int64_t end = clock_monotonic() + microseconds;

    for (;;) {
        int32_t code = watch_check(watch);
        int64_t rest = end - clock_monotonic();

        if (code != MIGRATE_OK)
            return code;
        if (waiting && stopped(watch))
            return MIGRATE_ERROR_CANCELLED;
        if (rest <= 0)
            return MIGRATE_OK;
        clock_sleep(rest < WATCH_SLICE ? rest : WATCH_SLICE);
    }
}

int32_t watch_error(const struct watch *watch, int32_t code, migrate_error **err)
{
    if (code == MIGRATE_OK)
        return MIGRATE_OK;
    if (code == MIGRATE_ERROR_TIMEOUT) {
        error_set(err, code, "the time for this work ran out");
        error_hint(err, "run again, or raise run_deadline or wait_timeout");
    } else if (cancelled_by_host(watch)) {
        error_set(err, code, "cancelled by the event callback");
        error_hint(err, "run again when it should go on");
    } else {
        error_set(err, code,
                  watch != NULL && token_state(watch->token) == 1 ? "stopped by the token while waiting"
                                                                  : "cancelled by the token");
        error_hint(err, "run again when it should go on");
    }
    return code;
}
