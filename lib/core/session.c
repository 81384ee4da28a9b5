/* SPDX-License-Identifier: MIT
 * Opening a session: connecting with patience, adopting the host's connection, reading the build. */
#include "core/session.h"

#include "core/events.h"
#include "core/state.h"
#include "schema/facts.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

/* Pauses between two attempts to connect grow from a tenth of a second to two seconds. */
enum { PAUSE_FIRST = 100000, PAUSE_MOST = 2000000 };

void build_release(struct build *build)
{
    if (!build || atomic_fetch_sub(&build->references, 1) > 1)
        return;
    source_free(build->source);
    memory_free(build);
}

void session_deadline(migrate_session *session, int64_t deadline)
{
    session->watch.deadline = deadline;
}

static int32_t session_new(const migrate_options *options, migrate_session **out, migrate_error **err)
{
    migrate_session *session = memory_new(sizeof *session);
    if (!session)
        return error_nomem(err);
    int32_t code = options_copy(options, &session->options, err);
    if (code != MIGRATE_OK) {
        memory_free(session);
        return code;
    }
    session->references = 1;
    session->watch.token = session->options->token;
    session->watch.patience = option_duration(session->options, OPTION_WAIT_TIMEOUT);
    session->watch.tick = event_tick;
    session->watch.user = session;
    watch_start(&session->watch);
    *out = session;
    return MIGRATE_OK;
}

/* What depends on the engine, once there is a connection. */
static int32_t session_adopt(migrate_session *session, struct database *db, migrate_error **err)
{
    session->db = db;
    db->watch = &session->watch;
    db->notice = event_notice;
    db->notice_user = session;
    if (session->history_name)
        return MIGRATE_OK;
    const char *schema = option_text(session->options, OPTION_HISTORY_SCHEMA);
    session->history_schema = schema ? schema : db->engine->default_schema;
    session->history_table = option_text(session->options, OPTION_HISTORY_TABLE);
    struct text name = {0};
    db->engine->name_quoted(&name, session->history_schema, session->history_table);
    session->history_name = text_take(&name);
    return session->history_name ? MIGRATE_OK : error_nomem(err);
}

/* Says that the database is not up yet and sleeps; non-zero ends the waiting. */
static int32_t pause_connecting(migrate_session *session, int64_t *pause, migrate_error **err)
{
    struct migrate_event event;
    event_init(&event, "connecting", "info");
    event_int(&event, "waited_us", session->waited);
    event_send(session, &event, "database not up yet: %s", *err ? (*err)->message : "no reason given");
    int64_t sleep = *pause / 2 + clock_jitter((uint32_t)*pause);
    *pause = *pause * 2 < PAUSE_MOST ? *pause * 2 : PAUSE_MOST;
    return watch_sleep(&session->watch, sleep, true);
}

/* Where a connection is opened now. */
static const char *session_url(const migrate_session *session)
{
    return session->aside ? option_text(session->options, OPTION_DIRECT_URL) : session->url;
}

static int32_t connect_patiently(migrate_session *session, bool create, int64_t limit, migrate_error **err)
{
    int64_t begun = clock_monotonic(), pause = PAUSE_FIRST;
    struct database_options options = {.application_name = option_text(session->options, OPTION_APPLICATION), .create = create,
                                       .watch = &session->watch};
    struct database *db = NULL;
    session_deadline(session, limit ? limit : begun + option_duration(session->options, OPTION_WAIT_TIMEOUT));
    for (;;) {
        int32_t code = database_open(session_url(session), &options, &db, err);
        session->waited += clock_monotonic() - begun;
        if (code == MIGRATE_OK)
            break;
        if (error_kind_of(err) != ERROR_RETRY)
            return code;
        begun = clock_monotonic();
        int32_t end = pause_connecting(session, &pause, err);
        if (end == MIGRATE_ERROR_CANCELLED)
            return watch_error(&session->watch, end, err);
        if (end != MIGRATE_OK) {
            char waited[32];
            error_hint(err, "waited %s (option wait_timeout); is the server running, and is the URL right?",
                       clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), waited));
            return code;
        }
        error_clear(err);
    }
    session_deadline(session, 0);
    event_say(session, "connected", "debug", "connected to %s", db->label);
    return session_adopt(session, db, err);
}

/* A SQLite file that does not exist reads as an empty database, and is made by the first write: looking must not leave
 * an empty file behind. */
static int32_t connect_absent(migrate_session *session, migrate_error **err)
{
    struct database_options options = {.create = true, .watch = &session->watch};
    struct database *db = NULL;
    int32_t code = database_open("sqlite::memory:", &options, &db, err);
    if (code != MIGRATE_OK)
        return code;
    char *label = database_url_masked(session->url); /* messages name the file that is not there yet */
    if (!label) {
        database_close(db);
        return error_nomem(err);
    }
    memory_free(db->label);
    db->label = label;
    session->placeholder = true;
    return session_adopt(session, db, err);
}

static int32_t session_connect(migrate_session *session, bool make, int64_t limit, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = connect_patiently(session, false, limit, &problem);
    if (code == MIGRATE_ERROR_NO_DATABASE) {
        const struct database_engine *engine;
        if (database_url_engine(session->url, &engine, NULL) == MIGRATE_OK && engine == database_engine_of("sqlite")) {
            error_clear(&problem);
            code = make ? connect_patiently(session, true, limit, &problem) : connect_absent(session, &problem);
        }
    }
    error_move(err, &problem);
    return code;
}

int32_t session_open(const char *url, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    migrate_session *session = NULL;
    int32_t code = session_new(options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    if (!url)
        url = option_text(session->options, OPTION_URL);
    if (!url || !*url) {
        code = error_set(err, MIGRATE_ERROR_URL, "no database URL");
        error_hint(err, "give one as argument, by the option url, or in MIGRATE_URL or DATABASE_URL");
    } else if (!(session->url = memory_text(url))) {
        code = error_nomem(err);
    } else {
        code = session_connect(session, false, 0, err);
    }
    if (code != MIGRATE_OK) {
        session_close(session);
        return code;
    }
    *out = session;
    return MIGRATE_OK;
}

static int32_t session_open_borrowed(migrate_client *client, void *handle, migrate_driver *driver,
                                     const migrate_options *options, migrate_session **out, migrate_error **err)
{
    migrate_session *session = NULL;
    struct database *db = NULL;
    int32_t code = session_new(options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    code = driver ? database_open_host(driver, &db, err) : database_open_handle(client, handle, &db, err);
    if (code == MIGRATE_OK)
        code = session_adopt(session, db, err);
    if (code != MIGRATE_OK) {
        session_close(session);
        return code;
    }
    *out = session;
    return MIGRATE_OK;
}

int32_t session_open_handle(migrate_client *client, void *handle, const migrate_options *options, migrate_session **out,
                            migrate_error **err)
{
    return session_open_borrowed(client, handle, NULL, options, out, err);
}

int32_t session_open_host(migrate_driver *driver, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    return session_open_borrowed(NULL, NULL, driver, options, out, err);
}

int32_t session_open_on(struct database *db, struct watch *outer, const migrate_options *options, migrate_session **out, migrate_error **err)
{
    migrate_session *session = NULL;
    int32_t code = session_new(options, &session, err);
    if (code != MIGRATE_OK)
        return code;
    session->watch.outer = outer;
    session->watch.tick = NULL;
    code = session_adopt(session, db, err);
    if (code != MIGRATE_OK) {
        session->db = NULL; /* still the caller's */
        session_close(session);
        return code;
    }
    *out = session;
    return MIGRATE_OK;
}

void session_close(migrate_session *session)
{
    if (!session || --session->references > 0)
        return;
    session_direct_end(session);
    database_close(session->db);
    build_release(session->build);
    if (session->declared)
        facts_free(session->declared);
    memory_free(session->declared);
    options_free(session->options);
    memory_free(session->url);
    memory_free(session->history_name);
    memory_free(session);
}

bool session_embedded(const migrate_session *session)
{
    return session->db->borrowed && option_is(session->options, OPTION_HOST_TRANSACTION, "use") &&
           session->db->class->transaction(session->db) == DATABASE_OPEN;
}

/* A connection that broke, or a file that was absent. */
static int32_t open_anew(migrate_session *session, bool make, int64_t limit, migrate_error **err)
{
    bool pooled = session->db && session->db->pooled;
    database_close(session->db);
    session->db = NULL;
    session->placeholder = false;
    int32_t code = session_connect(session, make, limit, err);
    if (code == MIGRATE_OK)
        session->db->pooled = pooled;
    return code;
}

int32_t session_reconnect(migrate_session *session, int64_t limit, migrate_error **err)
{
    return open_anew(session, false, limit, err);
}

/* The server that answered cannot be written. */
static int32_t still_standby(const migrate_session *session, bool patient, migrate_error **err)
{
    char waited[32];
    clock_duration_text(option_duration(session->options, OPTION_WAIT_TIMEOUT), waited);
    error_set(err, MIGRATE_ERROR_READ_ONLY, "%s is a standby: it is in recovery and cannot be written%s%s", session->db->label,
              patient ? ", still so after " : "", patient ? waited : "");
    error_hint(err, "connect to the primary (name several hosts in the URL, and it is found), or let it wait until this server is "
                    "promoted: on_standby=wait; mode=check and mode=wait work on a standby");
    error_database(err, ERROR_READ_ONLY, NULL, 0);
    return MIGRATE_ERROR_READ_ONLY;
}

int32_t session_need_primary(migrate_session *session, int64_t limit, bool patient, migrate_error **err)
{
    struct database_options options = {.application_name = option_text(session->options, OPTION_APPLICATION), .primary = true,
                                       .watch = &session->watch};
    int64_t begun = clock_monotonic(), pause = PAUSE_FIRST, outer = session->watch.deadline;
    struct database *db = NULL;
    migrate_error *problem = NULL, *why = NULL;
    int32_t code = MIGRATE_ERROR_READ_ONLY;
    patient = patient || option_is(session->options, OPTION_ON_STANDBY, "wait");
    session_deadline(session, limit ? limit : begun + option_duration(session->options, OPTION_WAIT_TIMEOUT));
    event_doing(session, "looking for the primary", NULL);
    for (;;) {
        code = session->url ? database_open(session_url(session), &options, &db, &problem) : MIGRATE_ERROR_READ_ONLY;
        if (code == MIGRATE_OK || code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_NOMEM)
            break;
        bool again = patient && error_kind_of(&problem) == ERROR_RETRY;
        int32_t end = again ? watch_sleep(&session->watch, pause / 2 + clock_jitter((uint32_t)pause), true) : MIGRATE_ERROR_TIMEOUT;
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
        error_move(&why, &problem);
        if (end == MIGRATE_OK)
            continue;
        code = end == MIGRATE_ERROR_TIMEOUT ? still_standby(session, again, &problem)
                                            : watch_error(&session->watch, end, &problem);
        if (why)
            error_detail_add(&problem, "looking for the primary: %s", why->message);
        break;
    }
    error_clear(&why);
    event_doing(session, NULL, NULL);
    session_deadline(session, outer);
    session->waited += clock_monotonic() - begun;
    error_move(err, &problem);
    if (code != MIGRATE_OK)
        return code;
    db->pooled = session->db->pooled;
    database_close(session->db);
    event_say(session, "connected", "debug", "connected to the primary, %s", db->label);
    return session_adopt(session, db, err);
}

bool session_stuck(const migrate_session *session)
{
    return session->url && session->db && session->db->class->transaction(session->db) == DATABASE_UNKNOWN;
}

int32_t session_make(migrate_session *session, migrate_error **err)
{
    if (!session->placeholder)
        return MIGRATE_OK;
    int64_t deadline = session->watch.deadline;
    int32_t code = open_anew(session, true, 0, err);
    session_deadline(session, deadline);
    return code;
}

/* What two connections to one database of one running server have in common. Yours; NULL: unknown. */
static char *identity(struct database *db)
{
    struct migrate_rows *rows = NULL;
    char *text = NULL;
    if (db->class->query(db, db->engine->pooling->identity, &rows, NULL) == MIGRATE_OK && rows_text(rows, 0, 0))
        text = memory_text(rows_text(rows, 0, 0));
    rows_free(rows);
    return text;
}

/* Not another database by mistake, and not the pooler again. */
static int32_t check_direct(migrate_session *session, migrate_error **err)
{
    struct database *db = session->db;
    bool pooled = false;
    if (db->engine != session->aside->engine) {
        error_set(err, MIGRATE_ERROR_OPTION, "the option direct_url leads to %s, which is no %s", db->label, session->aside->engine->name);
        error_hint(err, "give the URL of the same database, past the pooler");
        return MIGRATE_ERROR_OPTION;
    }
    int32_t code = db->class->find_pooler ? db->class->find_pooler(db, &pooled, err) : MIGRATE_OK;
    if (code != MIGRATE_OK)
        return code;
    char *here = identity(session->aside), *there = identity(db);
    bool same = here && text_equal(here, there);
    memory_free(here);
    memory_free(there);
    if (same && !pooled)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_OPTION, same ? "the option direct_url leads to %s, and that is a pooler, too"
                                              : "the option direct_url leads to %s, and that is another database than the pooler's", db->label);
    error_hint(err, "give the URL of the same database on the server itself");
    return MIGRATE_ERROR_OPTION;
}

int32_t session_direct_begin(migrate_session *session, migrate_error **err)
{
    int64_t deadline = session->watch.deadline;
    session->aside = session->db;
    session->db = NULL;
    int32_t code = connect_patiently(session, false, 0, err);
    session_deadline(session, deadline);
    if (code != MIGRATE_OK)
        error_detail_add(err, "by the option direct_url");
    else
        code = check_direct(session, err);
    if (code != MIGRATE_OK)
        session_direct_end(session);
    return code;
}

void session_direct_end(migrate_session *session)
{
    if (!session->aside)
        return;
    database_close(session->db);
    session->db = session->aside;
    session->aside = NULL;
}

static int32_t begin_until(migrate_session *session, int64_t limit, migrate_error **err)
{
    session->waited = 0;
    session->doing = NULL;
    session->watch.cancelled_by_host = false;
    session_deadline(session, 0);
    watch_start(&session->watch);
    if (watch_check(&session->watch) != MIGRATE_OK)
        return watch_error(&session->watch, MIGRATE_ERROR_CANCELLED, err);
    bool own = session->url != NULL;
    enum database_transaction state = session->db ? session->db->class->transaction(session->db) : DATABASE_LOST;
    /* UNKNOWN: a statement that did not end when it was cancelled. */
    if (own && (session->placeholder || state == DATABASE_LOST || state == DATABASE_UNKNOWN)) {
        int32_t code = open_anew(session, false, limit, err);
        if (code != MIGRATE_OK)
            return code;
        state = session->db->class->transaction(session->db);
    }
    if ((own || session->scratch) && (state == DATABASE_OPEN || state == DATABASE_ABORTED))
        return database_exec(session->db, "ROLLBACK", err); /* left by a run that could not even do that */
    if (session->db->borrowed && (state == DATABASE_OPEN || state == DATABASE_ABORTED) && !session_embedded(session)) {
        error_set(err, MIGRATE_ERROR_IN_TRANSACTION, "the host's connection is inside %s transaction",
                  state == DATABASE_OPEN ? "a" : "an aborted");
        error_hint(err, "commit or roll back first, or set host_transaction=use to work inside it");
        return MIGRATE_ERROR_IN_TRANSACTION;
    }
    return MIGRATE_OK;
}

int32_t session_begin(migrate_session *session, migrate_error **err)
{
    return session_begin_until(session, 0, err);
}

int32_t session_begin_until(migrate_session *session, int64_t limit, migrate_error **err)
{
    if (!session->files)
        return begin_until(session, limit, err);
    error_set(err, MIGRATE_ERROR_MISUSE, "the migrations were opened alone: there is no database");
    error_hint(err, "open the session with a database's URL, or a handle of the host's");
    return MIGRATE_ERROR_MISUSE;
}

int32_t session_begin_files(migrate_session *session, migrate_error **err)
{
    return begin_until(session, 0, err);
}

/* A program without migrations may live by its declared schema alone. */
static bool session_declares(const migrate_session *session)
{
    const migrate_options *options = session->options;
    return options->declared || options->declare || option_text(options, OPTION_DECLARED);
}

struct source_options session_source_options(const migrate_session *session)
{
    return (struct source_options){.dir = option_text(session->options, OPTION_DIR), .memory = session->options->source,
                                   .engine = session->db->engine->name, .dialect = session->db->engine->dialect,
                                   .allow_duplicate_numbers = option_is(session->options, OPTION_DUPLICATE_NUMBERS, "allow")};
}

int32_t session_build(migrate_session *session, struct build **out, migrate_error **err)
{
    if (!session->build) {
        struct source_options options = session_source_options(session);
        if (!options.dir && !options.memory && !session_declares(session)) {
            error_set(err, MIGRATE_ERROR_SOURCE, "no migrations: neither a directory nor a source in memory was given");
            error_hint(err, "set the option dir, or call migrate_options_set_source()");
            return MIGRATE_ERROR_SOURCE;
        }
        struct build *build = memory_new(sizeof *build);
        if (!build)
            return error_nomem(err);
        atomic_init(&build->references, 1);
        int32_t code = source_open(&options, &build->source, err);
        if (code != MIGRATE_OK) {
            build_release(build);
            return code;
        }
        session->build = build;
    }
    *out = session->build;
    return MIGRATE_OK;
}

int32_t build_is_state(struct build *build, const char *state, bool *out, migrate_error **err)
{
    *out = false;
    if (!*state)
        return MIGRATE_OK;
    int32_t code = *build->state ? MIGRATE_OK : state_of_source(build->source, build->state, err);
    if (code == MIGRATE_OK)
        *out = strcmp(state, build->state) == 0;
    return code;
}
