/* SPDX-License-Identifier: MIT
 * One attempt to connect, without ever blocking for longer than a slice (except in the name service, which
 * libpq asks synchronously). Whoever waits for a server to come up calls again. */
#include "database/postgresql/client.h"

#include "util/memory.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* libpq's own connect_timeout works in its blocking calls only. TCP's time-out ends an attempt at an address
 * that does not answer as well, and then libpq goes on to the next host by itself. */
#define ADDRESS_TIMEOUT "10000" /* milliseconds */

/* A statement may be silent for hours, and its server may be gone meanwhile: that is known after about a minute. */
#define KEEPALIVES_IDLE "30" /* seconds */
#define KEEPALIVES_INTERVAL "10"
#define KEEPALIVES_COUNT "3"

struct url_facts {
    bool modern;          /* this libpq is of 14 or later */
    bool insists;         /* the URL wants a standby */
    bool address_timeout; /* this libpq knows tcp_user_timeout, and the URL does not set it */
    const char *fault;    /* static; NULL: none found */
};

/* A comma-separated list of ports, any of which may be empty. libpq looks at them only when it connects, and
 * then reports a bad one no different from a server that is down. */
static bool ports_valid(const char *ports)
{
    int32_t port = -1;

    for (const char *p = ports;; p++) {
        if (*p >= '0' && *p <= '9') {
            port = (port < 0 ? 0 : port) * 10 + (*p - '0');
            if (port > 65535)
                return false;
        } else if (*p == ',' || *p == '\0') {
            if (port == 0)
                return false;
            if (*p == '\0')
                return true;
            port = -1;
        } else {
            return false;
        }
    }
}

/* "p@ss@host": libpq takes what is behind the first @ for the host's name, and would show it. Sockets may have one: /folder, @name. */
static bool hosts_valid(const char *hosts)
{
    for (const char *host = hosts; *host != '\0'; host += *host == ',') {
        size_t length = strcspn(host, ",");
        if (*host != '/' && *host != '@' && memchr(host, '@', length) != NULL)
            return false;
        host += length;
    }
    return true;
}

static void read_option(const PQconninfoOption *option, struct url_facts *facts)
{
    if (text_equal(option->keyword, "tcp_user_timeout"))
        facts->address_timeout = option->val == NULL;
    if (text_equal(option->keyword, "sslsni")) /* came with 14, as did "primary" */
        facts->modern = true;
    if (text_equal(option->keyword, "target_session_attrs"))
        facts->insists = text_equal(option->val, "standby") || text_equal(option->val, "read-only");
    if (text_equal(option->keyword, "port") && option->val != NULL && !ports_valid(option->val))
        facts->fault = "the port is not a number from 1 to 65535";
    if (text_equal(option->keyword, "host") && option->val != NULL && !hosts_valid(option->val))
        facts->fault = "the host has an @ in it";
}

/* libpq quotes what it could not read, and that may be a part of the password. */
static int32_t unreadable(const char *url, const char *why, migrate_error **err)
{
    char *masked = database_url_masked(url);
    bool open = masked != NULL && text_equal(masked, url);
    size_t length = strcspn(why, open ? "\n" : "\"\n");

    while (length > 0 && (why[length - 1] == ' ' || why[length - 1] == ':'))
        length--;
    memory_free(masked);
    error_set(err, MIGRATE_ERROR_URL, "the database URL cannot be read: %.*s", (int)length, why);
    error_hint(err, "write postgresql://user@host:5432/database?option=value; in user names and passwords, "
                    "percent-encode : / ? # [ ] @ %% (@ is %%40)");
    return MIGRATE_ERROR_URL;
}

static int32_t read_url(const struct postgresql_client *pq, const char *url, struct url_facts *facts,
                        migrate_error **err)
{
    char *why = NULL;
    PQconninfoOption *options = pq->PQconninfoParse(url, &why);
    int32_t result;

    if (options == NULL && why == NULL)
        return error_nomem(err);
    if (options == NULL) {
        result = unreadable(url, why, err);
        pq->PQfreemem(why);
        return result;
    }
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        read_option(option, facts);
    pq->PQconninfoFree(options);
    return facts->fault == NULL ? MIGRATE_OK : unreadable(url, facts->fault, err);
}

/* What stands before dbname yields to the URL, what stands behind it does not. */
static PGconn *start(const struct postgresql_client *pq, const char *url,
                     const struct database_options *options, const struct url_facts *facts)
{
    const char *keywords[9] = {"fallback_application_name", "keepalives_idle", "keepalives_interval", "keepalives_count",
                               "dbname", "client_encoding"};
    const char *values[9] = {options->application_name, KEEPALIVES_IDLE, KEEPALIVES_INTERVAL, KEEPALIVES_COUNT, url, "UTF8"};
    size_t count = 6;

    if (facts->address_timeout) {
        keywords[count] = "tcp_user_timeout";
        values[count++] = ADDRESS_TIMEOUT;
    }
    if (options->primary && !facts->insists) {
        keywords[count] = "target_session_attrs";
        values[count] = facts->modern ? "primary" : "read-write";
    }
    return pq->PQconnectStartParams(keywords, values, 1);
}

static int32_t proceed(const struct postgresql_client *pq, PGconn *handle, struct watch *watch,
                       migrate_error **err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    bool immediate = pq->PQstatus(handle) == CONNECTION_BAD;

    while (!immediate && state != PGRES_POLLING_OK && state != PGRES_POLLING_FAILED) {
        bool ready = false;
        int32_t code =
            postgresql_wait(pq, handle, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, watch, &ready);

        if (code == MIGRATE_ERROR_TIMEOUT) { /* say where the time went */
            error_set(err, MIGRATE_ERROR_CONNECT, "connection to server at \"%s\", port %s: no answer",
                      pq->PQhost(handle), pq->PQport(handle));
            error_hint(err, "check that the server runs and can be reached from here, or raise wait_timeout");
            error_database(err, ERROR_RETRY, NULL, 0);
            return MIGRATE_ERROR_CONNECT;
        }
        if (code != MIGRATE_OK)
            return watch_error(watch, code, err);
        if (ready)
            state = pq->PQconnectPoll(handle);
    }
    if (state == PGRES_POLLING_OK)
        return MIGRATE_OK;
    return postgresql_connect_error(pq, handle, immediate, err);
}

/* An established connection may well be silent for long. */
static void take_timeout_away(const struct postgresql_client *pq, const PGconn *handle)
{
#ifdef TCP_USER_TIMEOUT
    unsigned int none = 0;

    setsockopt(pq->PQsocket(handle), IPPROTO_TCP, TCP_USER_TIMEOUT, &none, sizeof none);
#else
    (void)pq;
    (void)handle;
#endif
}

static int32_t attempt(const struct postgresql_client *pq, const char *url,
                       const struct database_options *options, PGconn **out, migrate_error **err)
{
    struct url_facts facts = {0};
    PGconn *handle;
    int32_t result = read_url(pq, url, &facts, err);

    if (result != MIGRATE_OK)
        return result;
    handle = start(pq, url, options, &facts);
    if (handle == NULL)
        return error_nomem(err);
    /* Verbose messages name the SQLSTATE, which libpq keeps to itself otherwise while connecting. */
    pq->PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
    pq->PQsetNoticeReceiver(handle, postgresql_notice, NULL);
    result = proceed(pq, handle, options->watch, err);
    if (result != MIGRATE_OK) {
        pq->PQfinish(handle);
        return result;
    }
    pq->PQsetErrorVerbosity(handle, PQERRORS_DEFAULT);
    if (facts.address_timeout)
        take_timeout_away(pq, handle);
    *out = handle;
    return MIGRATE_OK;
}

int32_t postgresql_open(const char *url, const struct database_options *options, struct database **out,
                        migrate_error **err)
{
    migrate_client *client = NULL;
    const void *table = NULL;
    PGconn *handle = NULL;
    int32_t result = client_load(&postgresql_library, &client, err);

    if (result == MIGRATE_OK)
        result = client_table(client, &postgresql_library, &table, err);
    if (result == MIGRATE_OK)
        result = attempt(table, url, options, &handle, err);
    if (result == MIGRATE_OK) {
        result = postgresql_new(client, table, handle, false, out, err);
        if (result == MIGRATE_OK)
            (*out)->watch = options->watch;
        else
            ((const struct postgresql_client *)table)->PQfinish(handle);
    }
    client_unref(client);
    return result;
}

/* ---- once more ---- */

/* Of the options that it was opened with, what still holds for one server. */
static bool is_taken_over(const PQconninfoOption *option, const char *database, const char *options)
{
    if (option->val == NULL || text_equal(option->keyword, "host") || text_equal(option->keyword, "port") ||
        text_equal(option->keyword, "target_session_attrs") || text_equal(option->keyword, "load_balance_hosts") ||
        text_equal(option->keyword, "client_encoding"))
        return false;
    if (text_equal(option->keyword, "hostaddr") && strchr(option->val, ',') != NULL)
        return false;
    return !(database != NULL && text_equal(option->keyword, "dbname")) && !(options != NULL && text_equal(option->keyword, "options"));
}

PGconn *postgresql_start_like(const struct postgresql_connection *c, const char *database, const char *options)
{
    enum { MOST = 100 };
    const char *keywords[MOST + 6], *values[MOST + 6];
    PQconninfoOption *own = c->pq->PQconninfo(c->handle);
    struct text all = {0};
    PGconn *handle = NULL;
    size_t n = 0;

    if (own == NULL)
        return NULL;
    for (const PQconninfoOption *option = own; option->keyword != NULL && n < MOST; option++) {
        if (options != NULL && option->val != NULL && text_equal(option->keyword, "options"))
            text_add(&all, option->val);
        if (!is_taken_over(option, database, options))
            continue;
        keywords[n] = option->keyword;
        values[n++] = option->val;
    }
    keywords[n] = "host";
    values[n++] = c->pq->PQhost(c->handle);
    keywords[n] = "port";
    values[n++] = c->pq->PQport(c->handle);
    keywords[n] = "client_encoding";
    values[n++] = "UTF8";
    if (database != NULL) {
        keywords[n] = "dbname";
        values[n++] = database;
    }
    if (options != NULL) {
        text_add(&all, options);
        keywords[n] = "options";
        values[n++] = all.data;
    }
    keywords[n] = NULL;
    values[n] = NULL;
    if (!all.failed)
        handle = c->pq->PQconnectStartParams(keywords, values, 0);
    c->pq->PQconninfoFree(own);
    text_free(&all);
    return handle;
}

int32_t postgresql_open_like(const struct postgresql_connection *c, const char *database, const char *options,
                             struct watch *watch, struct database **out, migrate_error **err)
{
    PGconn *handle = postgresql_start_like(c, database, options);
    int32_t result;

    if (handle == NULL)
        return error_nomem(err);
    c->pq->PQsetErrorVerbosity(handle, PQERRORS_VERBOSE);
    c->pq->PQsetNoticeReceiver(handle, postgresql_notice, NULL);
    result = proceed(c->pq, handle, watch, err);
    if (result == MIGRATE_OK) {
        c->pq->PQsetErrorVerbosity(handle, PQERRORS_DEFAULT);
        result = postgresql_new(c->client, c->pq, handle, false, out, err);
    }
    if (result != MIGRATE_OK)
        c->pq->PQfinish(handle);
    else
        (*out)->watch = watch;
    return result;
}

int32_t postgresql_open_handle(migrate_client *client, void *handle, struct database **out,
                               migrate_error **err)
{
    const void *table = NULL;
    const struct postgresql_client *pq;
    int32_t result = client_table(client, &postgresql_library, &table, err);

    if (result != MIGRATE_OK)
        return result;
    pq = table;
    if (pq->PQstatus(handle) == CONNECTION_OK)
        return postgresql_new(client, pq, handle, true, out, err);
    error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "the connection that was handed over is not open");
    error_hint(err, "hand over a connection whose PQstatus() is CONNECTION_OK");
    error_database(err, ERROR_LOST, NULL, 0);
    return MIGRATE_ERROR_CONNECTION_LOST;
}
