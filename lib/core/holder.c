/* SPDX-License-Identifier: MIT
 * Who holds the lock. A runner's session is named "application: migration" in the server's list while a migration is at work, so that
 * waiters, and operators who look at the list themselves, know what they wait for. */
#include "core/holder.h"

#include "core/events.h"
#include "util/clock.h"

#include <string.h>

enum { NAME_MOST = 63, APPLICATION_LEAST = 12 }; /* bytes; the server cuts what is longer */

enum { PID, USER, APPLICATION, HOST, SINCE, SINCE_TEXT, STATEMENT };

struct holder {
    struct migrate_rows *rows;
    struct text description, application;
    const char *id; /* of the migration at work; NULL: nobody knows */
};

void holder_show(const struct migrate_run *run, const char *id, bool local, struct text *sql)
{
    const struct database *db = run->session->db;
    const char *application = option_text(run->session->options, OPTION_APPLICATION);
    size_t length = strlen(application), more = strlen(id) + 2;
    size_t room = more + APPLICATION_LEAST < NAME_MOST ? NAME_MOST - more : APPLICATION_LEAST;
    struct text name = {0}, set = {0};
    if (!db->engine->session_name || db->borrowed)
        return;
    if (length > room) {
        for (length = room; length > 0 && ((unsigned char)application[length] & 0xc0) == 0x80;)
            length--;
    }
    text_add_n(&name, application, length);
    text_add(&name, ": ");
    text_add(&name, id);
    if (!name.failed)
        db->engine->session_name(&set, name.data, local);
    message_add(sql, set.data, set.length);
    sql->failed |= name.failed || set.failed;
    text_free(&name);
    text_free(&set);
}

/* "application: migration", as holder_show() put it. */
static void split_name(struct holder *holder, const char *name)
{
    const char *end = name ? name + strlen(name) : NULL;
    for (const char *p = name; p && (p = strstr(p, ": ")) != NULL; p += 2) {
        end = p;
        holder->id = p + 2;
    }
    if (name)
        text_add_n(&holder->application, name, (size_t)(end - name));
}

static void describe(struct holder *holder)
{
    static const struct {
        int column;
        const char *format;
    } parts[] = {{PID, "pid %s"}, {USER, "user %s"}, {APPLICATION, "application \"%s\""}, {HOST, "host %s"},
                 {SINCE_TEXT, "connected since %s"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *value = parts[i].column == APPLICATION ? holder->application.data
                                                           : rows_text(holder->rows, 0, (size_t)parts[i].column);
        if (!value)
            continue;
        text_add(&holder->description, holder->description.length ? ", " : "");
        text_add_n(&holder->description, parts[i].format, strcspn(parts[i].format, "%"));
        text_add(&holder->description, value);
        text_add(&holder->description, strchr(parts[i].format, '%') + 2);
    }
    if (holder->id)
        text_format(&holder->description, ", at %s", holder->id);
}

/* The description is empty where the engine or the server cannot tell. */
static void ask(const struct migrate_run *run, struct holder *holder)
{
    struct text sql = {0};
    struct database *db = run->session->db;
    if (!db->engine->lock_holder)
        return;
    db->engine->lock_holder(&sql, run->key);
    if (database_query(db, &sql, &holder->rows, NULL) == MIGRATE_OK && rows_count(holder->rows) > 0) {
        split_name(holder, rows_text(holder->rows, 0, APPLICATION));
        describe(holder);
    }
    text_free(&sql);
}

static void forget(struct holder *holder)
{
    rows_free(holder->rows);
    text_free(&holder->description);
    text_free(&holder->application);
}

void holder_tell(struct migrate_run *run, int64_t waited)
{
    struct holder holder = {0};
    struct migrate_event event;
    ask(run, &holder);
    event_init(&event, "waiting", "info");
    event_int(&event, "waited_us", waited);
    event_text(&event, "id", holder.id);
    event_text(&event, "application", holder.application.data);
    if (holder.description.data) {
        event_int(&event, "pid", rows_int(holder.rows, 0, PID));
        event_text(&event, "host", rows_text(holder.rows, 0, HOST));
        event_int(&event, "since", rows_int(holder.rows, 0, SINCE));
        event_text(&event, "statement", rows_text(holder.rows, 0, STATEMENT));
    }
    event_send(run->session, &event, "waiting for %s",
               holder.description.data ? holder.description.data : "another process that writes to the database");
    forget(&holder);
}

int32_t holder_timeout(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    struct holder holder = {0};
    char waited[32];
    session_deadline(session, clock_monotonic() + 1000000);
    ask(run, &holder);
    session_deadline(session, 0);
    clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), waited);
    if (!session->db->engine->lock_holder) {
        error_set(err, MIGRATE_ERROR_LOCKED, "%s is still locked by another process after %s", session->db->label, waited);
        error_hint(err, "wait for that process to end its transaction (fuser or lsof names those that have the file open), or raise "
                        "wait_timeout");
    } else {
        error_set(err, MIGRATE_ERROR_LOCKED, "another process still holds the lock on %s after %s", session->db->label, waited);
        error_hint(err, "wait for it to end, or raise wait_timeout");
    }
    if (holder.description.data) {
        error_detail(err, "held by %s", holder.description.data);
        error_hint(err, "wait for it to end, raise wait_timeout, or, if it hangs, end it: %s", rows_text(holder.rows, 0, STATEMENT));
    }
    forget(&holder);
    return MIGRATE_ERROR_LOCKED;
}
