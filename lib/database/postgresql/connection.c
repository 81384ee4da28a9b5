/* SPDX-License-Identifier: MIT
 * A connection to PostgreSQL: one text is one message, and while the server works on it the watch is asked
 * in slices. The connection is non-blocking during a call, so that not even a stuck send can hold us up. */
#include "database/postgresql/client.h"

#include "util/clock.h"
#include "util/memory.h"
#include "util/utf8.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

struct run {
    struct postgresql_connection *connection;
    const char *sql;
    size_t length;
    bool want_rows;
    struct migrate_rows *rows; /* of the last statement that returned some */
    size_t done;               /* statements completed before the error */
    size_t offset;             /* of the error in sql */
    int32_t code;              /* the first error's; what follows it is its consequence */
    migrate_error **err;
};

static struct postgresql_connection *own(struct database *db)
{
    return (struct postgresql_connection *)db;
}

int32_t postgresql_wait(const struct postgresql_client *pq, const PGconn *handle, short events,
                        struct watch *watch, bool *ready)
{
    struct pollfd fd = {.fd = pq->PQsocket(handle), .events = events};
    int32_t code = watch_check(watch);

    if (code == MIGRATE_OK)
        *ready = fd.fd < 0 || poll(&fd, 1, WATCH_SLICE / 1000) > 0;
    return code;
}

void postgresql_notice(void *connection, const PGresult *notice)
{
    struct postgresql_connection *c = connection;
    const char *severity, *message, *sqlstate;

    if (c == NULL || c->base.notice == NULL)
        return;
    severity = c->pq->PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    message = c->pq->PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    sqlstate = c->pq->PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    snprintf(c->base.notice_sqlstate, sizeof c->base.notice_sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    if (message != NULL)
        c->base.notice(severity == NULL ? "NOTICE" : severity, message, c->base.notice_user);
}

/* ---- results ---- */

struct migrate_rows *postgresql_rows(const struct postgresql_client *pq, const PGresult *result)
{
    int columns = pq->PQnfields(result), count = pq->PQntuples(result);
    const char **names = memory_new((size_t)columns * sizeof *names);
    struct migrate_rows *rows;

    if (names == NULL)
        return NULL;
    for (int i = 0; i < columns; i++)
        names[i] = pq->PQfname(result, i);
    rows = rows_new(names, (size_t)columns);
    memory_free(names);
    for (int row = 0; rows != NULL && row < count; row++)
        for (int i = 0; i < columns; i++) {
            if (pq->PQgetisnull(result, row, i))
                rows_put_null(rows);
            else
                rows_put_text_n(rows, pq->PQgetvalue(result, row, i),
                                (size_t)pq->PQgetlength(result, row, i));
        }
    return rows;
}

static void take_rows(struct run *run, const PGresult *result)
{
    struct migrate_rows *rows = postgresql_rows(run->connection->pq, result);

    rows_free(run->rows);
    run->rows = NULL;
    run->code = rows_finish(rows, &run->rows, run->err);
}

/* The server counts characters of the whole message from 1. */
static void take_error(struct run *run, const PGresult *result)
{
    const char *position = run->connection->pq->PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    size_t characters = 0;

    if (run->code != MIGRATE_OK)
        return;
    run->code = postgresql_error(run->connection, result, run->err);
    for (; position != NULL && *position >= '0' && *position <= '9'; position++)
        characters = characters * 10 + (size_t)(*position - '0');
    if (characters > 0)
        run->offset = utf8_offset(run->sql, run->length, characters - 1);
}

void postgresql_request_cancel(const struct postgresql_connection *c)
{
    PGcancel *cancel = c->pq->PQgetCancel(c->handle);
    char ignored[256];

    if (cancel != NULL)
        c->pq->PQcancel(cancel, ignored, (int)sizeof ignored);
    c->pq->PQfreeCancel(cancel);
}

/* Nobody is there to give or take the data; the server waits for us, so end it. */
static void refuse_copy(struct run *run, ExecStatusType status)
{
    const struct postgresql_connection *c = run->connection;

    if (run->code == MIGRATE_OK) {
        run->code = error_set(run->err, MIGRATE_ERROR_SQL, "COPY %s is not supported here",
                              status == PGRES_COPY_IN ? "from stdin" : "to stdout");
        error_hint(run->err, "use INSERT, or COPY with a file on the server");
    }
    if (status == PGRES_COPY_IN)
        c->pq->PQputCopyEnd(c->handle, "not supported");
    else
        postgresql_request_cancel(c);
}

static void take_result(struct run *run, const PGresult *result)
{
    ExecStatusType status = run->connection->pq->PQresultStatus(result);

    switch (status) {
    case PGRES_EMPTY_QUERY:
        break;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (run->code != MIGRATE_OK)
            break;
        run->done++;
        if (status == PGRES_TUPLES_OK && run->want_rows)
            take_rows(run, result);
        break;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        refuse_copy(run, status);
        break;
    default:
        take_error(run, result);
    }
}

/* ---- sending and receiving ---- */

/* Until all of the message is out. The server may have something to say meanwhile, and would block if nobody
 * listened. */
int32_t postgresql_flush(const struct postgresql_connection *c, struct watch *watch)
{
    while (c->pq->PQflush(c->handle) == 1) {
        bool ready = false;
        int32_t code = postgresql_wait(c->pq, c->handle, POLLIN | POLLOUT, watch, &ready);

        if (code != MIGRATE_OK)
            return code;
        if (ready && !c->pq->PQconsumeInput(c->handle))
            break; /* PQgetResult() will say why */
    }
    return MIGRATE_OK;
}

int32_t postgresql_wait_result(struct postgresql_connection *c, struct watch *watch)
{
    int32_t code = watch_check(watch); /* many short statements never wait */

    while (code == MIGRATE_OK && c->pq->PQisBusy(c->handle)) {
        bool ready = false;

        code = postgresql_observe_wait(c, watch, &ready);
        if (code == MIGRATE_OK && ready && !c->pq->PQconsumeInput(c->handle))
            break; /* PQgetResult() will say why */
    }
    return code;
}

static int32_t skip_copied(const struct postgresql_connection *c, struct watch *watch)
{
    int32_t code = MIGRATE_OK;

    while (code == MIGRATE_OK) {
        char *data = NULL;
        int size = c->pq->PQgetCopyData(c->handle, &data, 1);
        bool ready = false;

        if (size < 0)
            break;
        if (size > 0)
            c->pq->PQfreemem(data);
        else
            code = postgresql_wait(c->pq, c->handle, POLLIN, watch, &ready);
        if (ready)
            c->pq->PQconsumeInput(c->handle);
    }
    return code;
}

/* Everything that answers the message. Returns what the watch says, if it ends the waiting. */
static int32_t receive_all(struct run *run, struct watch *watch)
{
    struct postgresql_connection *c = run->connection;
    int32_t code = postgresql_flush(c, watch);

    while (code == MIGRATE_OK) {
        PGresult *result = NULL;
        ExecStatusType status;

        code = postgresql_wait_result(c, watch);
        if (code == MIGRATE_OK)
            result = c->pq->PQgetResult(c->handle);
        if (result == NULL)
            break;
        status = c->pq->PQresultStatus(result);
        take_result(run, result);
        c->pq->PQclear(result);
        if (status == PGRES_COPY_IN)
            code = postgresql_flush(c, watch);
        else if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
            code = skip_copied(c, watch);
    }
    return code;
}

/* The watch said so: the server is asked to stop, and gets a moment to answer. If all was done before it heard
 * of that, then it is done: a COMMIT that took place must not be told as cancelled. */
static void cancel(struct run *run, int32_t code)
{
    struct watch moment = {.deadline = clock_monotonic() + POSTGRESQL_DRAIN};
    int32_t end;

    postgresql_request_cancel(run->connection);
    end = receive_all(run, &moment);
    if (end == MIGRATE_OK && run->code == MIGRATE_OK)
        return;
    error_clear(run->err);
    run->code = watch_error(run->connection->base.watch, code, run->err);
    if (end != MIGRATE_OK)
        error_detail_add(run->err, "the server did not answer when it was asked to cancel: it may still finish what it does");
}

/* Where a COMMIT must not slip through, the server itself refuses a message that has more than one statement. */
bool postgresql_send(const struct postgresql_connection *c, const char *sql)
{
    if (c->inside == NULL)
        return c->pq->PQsendQuery(c->handle, sql) != 0;
    return c->pq->PQsendQueryParams(c->handle, sql, 0, NULL, NULL, NULL, NULL, 0) != 0;
}

static int32_t perform(struct run *run)
{
    struct postgresql_connection *c = run->connection;
    int blocking = !c->pq->PQisnonblocking(c->handle);
    int32_t code;

    run->offset = SIZE_MAX;
    code = watch_check(c->base.watch);
    if (code != MIGRATE_OK)
        return watch_error(c->base.watch, code, run->err);
    c->pq->PQsetnonblocking(c->handle, 1);
    postgresql_observe_begin(c);
    if (postgresql_send(c, run->sql)) {
        code = receive_all(run, c->base.watch);
        if (code != MIGRATE_OK)
            cancel(run, code);
    } else {
        run->code = postgresql_error(c, NULL, run->err);
    }
    if (blocking)
        c->pq->PQsetnonblocking(c->handle, 0);
    return run->code;
}

/* ---- the class ---- */

static int32_t exec(struct database *db, const char *sql, size_t length, struct database_fault *fault,
                    migrate_error **err)
{
    char *text = memory_text_n(sql, length); /* libpq wants a NUL behind it */
    struct run run = {.connection = own(db), .sql = text, .length = length, .err = err};
    int32_t result;

    if (text == NULL)
        return error_nomem(err);
    result = perform(&run);
    if (fault != NULL)
        *fault = (struct database_fault){.done = run.done, .offset = run.offset, .start = SIZE_MAX};
    memory_free(text);
    return result;
}

int32_t postgresql_run_one(struct postgresql_connection *c, const char *sql, size_t length, struct migrate_rows **rows, size_t *offset,
                           migrate_error **err)
{
    char *text = memory_text_n(sql, length);
    struct run run = {.connection = c, .sql = text, .length = length, .want_rows = rows != NULL, .err = err};
    int32_t result;

    if (text == NULL)
        return error_nomem(err);
    result = perform(&run);
    if (offset != NULL)
        *offset = run.offset;
    if (result != MIGRATE_OK) {
        rows_free(run.rows);
    } else if (run.rows != NULL) {
        rows_free(*rows);
        *rows = run.rows;
    }
    memory_free(text);
    return result;
}

static enum database_transaction transaction(struct database *db)
{
    const struct postgresql_client *pq = own(db)->pq;

    /* Whether the server is still there shows when it is listened to: its farewell first, then the end. */
    for (int i = 0; i < 2 && !db->borrowed && pq->PQtransactionStatus(own(db)->handle) == PQTRANS_IDLE; i++)
        pq->PQconsumeInput(own(db)->handle);
    switch (pq->PQtransactionStatus(own(db)->handle)) {
    case PQTRANS_IDLE:
        return DATABASE_IDLE;
    case PQTRANS_INTRANS:
        return DATABASE_OPEN;
    case PQTRANS_INERROR:
        return DATABASE_ABORTED;
    case PQTRANS_ACTIVE: /* a statement that did not end when cancelled, or that the host began */
        return DATABASE_UNKNOWN;
    default:
        return DATABASE_LOST;
    }
}

/* The role's own statement_timeout ended a query that is outside of any transaction. */
static bool ended_by_timeout(struct database *db, int32_t code, const migrate_error *problem)
{
    return code == MIGRATE_ERROR_SQL && text_equal(problem->sqlstate, "57014") && transaction(db) == DATABASE_IDLE;
}

/* Queries are asked as they are, since most roles leave them the time they need; where one does not, again in a transaction of its
 * own, from which no setting stays. */
int32_t postgresql_query(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct run run = {
        .connection = own(db), .sql = sql, .length = strlen(sql), .want_rows = true, .err = &problem};
    int32_t result = perform(&run);

    if (result != MIGRATE_OK && ended_by_timeout(db, result, problem)) {
        struct text patient = {0};
        text_format(&patient, "BEGIN; SET LOCAL statement_timeout TO 0; %s; COMMIT", sql);
        rows_free(run.rows);
        error_clear(&problem);
        run = (struct run){.connection = own(db), .sql = patient.data, .length = patient.length, .want_rows = true, .err = &problem};
        result = patient.failed ? error_nomem(&problem) : perform(&run);
        text_free(&patient);
        if (result != MIGRATE_OK && transaction(db) == DATABASE_ABORTED)
            database_clean_up(db, "ROLLBACK", NULL);
    }
    error_move(err, &problem);
    if (result != MIGRATE_OK)
        rows_free(run.rows);
    else if (run.rows != NULL)
        *out = run.rows;
    else
        result = rows_finish(rows_new(NULL, 0), out, err);
    return result;
}

static void *handle(struct database *db)
{
    return own(db)->handle;
}

static void close_connection(struct database *db)
{
    struct postgresql_connection *c = own(db);

    postgresql_observer_close(c);
    postgresql_inside_end(c);
    if (!db->borrowed)
        c->pq->PQfinish(c->handle);
    postgresql_scratch_end(c->scratch, NULL);
    postgresql_planned_free(c);
    rows_free(c->saved);
    memory_free(c->host_encoding);
    memory_free(db->label);
    client_unref(c->client);
    memory_free(c);
}

static void locks_end(struct database *db)
{
    postgresql_observer_close(own(db));
}

const struct database_connection_class postgresql_connection_class = {
    .name = "libpq",
    .exec = exec,
    .one_message = true,
    .query = postgresql_query,
    .copy_begin = postgresql_copy_begin,
    .copy_data = postgresql_copy_data,
    .copy_end = postgresql_copy_end,
    .copy_abort = postgresql_copy_abort,
    .transaction = transaction,
    .handle = handle,
    .settings_save = postgresql_settings_save,
    .settings_restore = postgresql_settings_restore,
    .locks_end = locks_end,
    .find_pooler = postgresql_find_pooler,
    .close = close_connection,
};

/* ---- making one ---- */

static char *make_label(const struct postgresql_client *pq, const PGconn *handle)
{
    struct text label = {0};
    const char *host = pq->PQhost(handle), *port = pq->PQport(handle), *name = pq->PQdb(handle);
    bool bracketed = host != NULL && strchr(host, ':') != NULL;

    text_format(&label, "postgresql://%s%s%s:%s/%s", bracketed ? "[" : "", host == NULL ? "" : host,
                bracketed ? "]" : "", port == NULL ? "" : port, name == NULL ? "" : name);
    return text_take(&label);
}

int32_t postgresql_new(migrate_client *client, const struct postgresql_client *pq, PGconn *handle_taken,
                       bool borrowed, struct database **out, migrate_error **err)
{
    struct postgresql_connection *c = memory_new(sizeof *c);
    char *label = make_label(pq, handle_taken);
    const char *version = pq->PQparameterStatus(handle_taken, "server_version");

    if (c == NULL || label == NULL) {
        memory_free(c);
        memory_free(label);
        return error_nomem(err);
    }
    c->client = client_ref(client);
    c->pq = pq;
    c->handle = handle_taken;
    c->base.class = &postgresql_connection_class;
    c->base.engine = &database_postgresql;
    c->base.borrowed = borrowed;
    c->base.label = label;
    /* A standby says so from version 14 on; default_transaction_read_only does not count, because every
     * transaction of ours says READ WRITE. */
    c->base.read_only = text_equal(pq->PQparameterStatus(handle_taken, "in_hot_standby"), "on");
    if (version != NULL) { /* without the packager's "(Debian ...)" */
        size_t length = strcspn(version, " ");

        memcpy(c->base.version, version, length < sizeof c->base.version ? length : 0);
    }
    if (!borrowed)
        pq->PQsetNoticeReceiver(handle_taken, postgresql_notice, c);
    *out = &c->base;
    return MIGRATE_OK;
}
