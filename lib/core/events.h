/* SPDX-License-Identifier: MIT
 * Events to the host's one callback. */
#ifndef CORE_EVENTS_H
#define CORE_EVENTS_H

#include "core/session.h"

enum { EVENT_VALUES = 10 };

struct migrate_event {
    const char *name, *level, *message;
    struct {
        const char *key, *text;
        int64_t number;
    } values[EVENT_VALUES];
    size_t count;
};

/* Fills in an event; NULL texts are left out. */
void event_init(struct migrate_event *event, const char *name, const char *level);
void event_text(struct migrate_event *event, const char *key, const char *text);
void event_int(struct migrate_event *event, const char *key, int64_t number);

/* Hands the event over with a message in printf form. Without a callback nothing is formatted. */
void event_send(migrate_session *session, struct migrate_event *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The common case: no values. */
void event_say(migrate_session *session, const char *name, const char *level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *event_get_text(const struct migrate_event *event, const char *key);
int64_t event_get_int(const struct migrate_event *event, const char *key);

/* What the running call is at; the watch's tick tells the host about it once a second. */
void event_doing(migrate_session *session, const char *doing, const char *id);
int32_t event_tick(void *session);                                                   /* a watch's tick */
void event_notice(const char *severity, const char *message, void *session);       /* a database's notice */

#endif
