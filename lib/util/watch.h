/* SPDX-License-Identifier: MIT
 * What a long call keeps an eye on while it waits or runs: the host's token, a deadline, and the callback
 * that wants to hear at least once a second. Handed down to database/, which asks it in slices of at most 50
 * ms. */
#ifndef UTIL_WATCH_H
#define UTIL_WATCH_H

#include "util/error.h"

#define WATCH_SLICE 50000 /* microseconds */

/* The token behind migrate_token: lock-free atomics. */
int32_t token_new(migrate_token **out, migrate_error **err);
migrate_token *token_ref(migrate_token *token); /* NULL gives NULL */
void token_unref(migrate_token *token);
void token_raise(migrate_token *token, int32_t state); /* async-signal-safe; never lowers */
int32_t token_state(const migrate_token *token);

/* Work that whoever cancels can end at once, without waiting for it to look at the token. interrupt is called on their thread, or in a
 * signal handler. */
struct token_work {
    void (*interrupt)(struct token_work *work);
};

/* From here until token_leave() a cancel interrupts the work; look at the state behind this call, as it may have come before. false: so
 * many share the token that there is no room for one more: the work goes on without. token_leave() returns when nobody is inside of
 * interrupt any more. */
bool token_enter(migrate_token *token, struct token_work *work);
void token_leave(migrate_token *token, struct token_work *work);

struct watch {
    migrate_token *token;        /* borrowed; may be NULL */
    int64_t deadline;            /* clock_monotonic() at which to end; 0: none */
    int64_t patience;            /* microseconds that one statement may wait for a lock; 0: the engine's own */
    int32_t (*tick)(void *user); /* called at most once a second; non-zero: cancel. May be NULL */
    void *user;
    int64_t next_tick;      /* kept by watch_check() */
    struct watch *outer;    /* of the work that this is a part of: its token, deadline and tick count, too. May be NULL */
    bool cancelled_by_host; /* tick said so */
};

/* Call when a wait or a run begins: the next tick is a second from now. */
void watch_start(struct watch *watch);

/* 0: go on; MIGRATE_ERROR_CANCELLED or MIGRATE_ERROR_TIMEOUT: end now. Calls tick when due. watch may be
 * NULL. Cheap: one clock reading. */
int32_t watch_check(struct watch *watch);

/* Sleeps that long in slices; as watch_check(). waiting: a token state of 1 (stop) ends it too. */
int32_t watch_sleep(struct watch *watch, int64_t microseconds, bool waiting);

/* The error for what watch_check() returned. */
int32_t watch_error(const struct watch *watch, int32_t code, migrate_error **err);

#endif
