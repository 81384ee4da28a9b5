/* SPDX-License-Identifier: MIT
 * Events to the host's one callback. */
#include "core/events.h"

#include "util/clock.h"
#include "util/text.h"

#include <string.h>

void event_init(struct migrate_event *event, const char *name, const char *level)
{
    memset(event, 0, sizeof *event);
    event->name = name;
    event->level = level;
}

void event_text(struct migrate_event *event, const char *key, const char *text)
{
    if (!text || event->count == EVENT_VALUES)
        return;
    event->values[event->count].key = key;
    event->values[event->count++].text = text;
}

void event_int(struct migrate_event *event, const char *key, int64_t number)
{
    if (event->count == EVENT_VALUES)
        return;
    event->values[event->count].key = key;
    event->values[event->count++].number = number;
}

static void send(migrate_session *session, struct migrate_event *event, const char *format, va_list arguments)
{
    if (!session->options->event)
        return;
    struct text message = {0};
    text_vformat(&message, format, arguments);
    event->message = message.failed || !message.data ? event->name : message.data;
    if (session->options->event(event, session->options->event_user) != 0)
        session->watch.cancelled_by_host = true;
    text_free(&message);
}

void event_send(migrate_session *session, struct migrate_event *event, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    send(session, event, format, arguments);
    va_end(arguments);
}

void event_say(migrate_session *session, const char *name, const char *level, const char *format, ...)
{
    struct migrate_event event;
    va_list arguments;
    event_init(&event, name, level);
    va_start(arguments, format);
    send(session, &event, format, arguments);
    va_end(arguments);
}

const char *event_get_text(const struct migrate_event *event, const char *key)
{
    for (size_t i = 0; i < event->count; i++) {
        if (strcmp(event->values[i].key, key) == 0)
            return event->values[i].text;
    }
    return strcmp(key, "message") == 0 ? event->message : NULL;
}

int64_t event_get_int(const struct migrate_event *event, const char *key)
{
    for (size_t i = 0; i < event->count; i++) {
        if (strcmp(event->values[i].key, key) == 0)
            return event->values[i].number;
    }
    return 0;
}

void event_doing(migrate_session *session, const char *doing, const char *id)
{
    session->doing = doing;
    session->doing_id = id;
    session->doing_since = clock_monotonic();
}

int32_t event_tick(void *user)
{
    migrate_session *session = user;
    if (!session->doing)
        return 0;
    int64_t since = clock_monotonic() - session->doing_since;
    struct migrate_event event;
    event_init(&event, "progress", "info");
    event_text(&event, "id", session->doing_id);
    event_int(&event, "duration_us", since);
    event_send(session, &event, "%s%s%s for %d s", session->doing, session->doing_id ? " " : "",
               session->doing_id ? session->doing_id : "", (int)(since / 1000000));
    return session->watch.cancelled_by_host ? 1 : 0;
}

void event_notice(const char *severity, const char *message, void *user)
{
    migrate_session *session = user;
    struct migrate_event event;
    event_init(&event, "notice", strcmp(severity, "WARNING") == 0 ? "warning" : "info");
    event_text(&event, "id", session->doing_id);
    event_send(session, &event, "%s: %s", severity, message);
}
