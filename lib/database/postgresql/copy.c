/* SPDX-License-Identifier: MIT
 * COPY ... FROM stdin: data on its way to the server, a piece at a time. While they flow libpq keeps an error
 * of the server to itself, and the server throws away what still comes; so it is told at the end. */
#include "database/postgresql/client.h"

#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

/* Data that make a message of 128 KiB, or of 8. The server fills its buffer of 64 KiB from one message at a time, so that
 * small ones cost it more rounds; libpq has room for a small one from the start, and for a large one if there is memory. */
enum { PIECE = 128 * 1024 - 5, SMALL_PIECE = 8 * 1024 - 5 };

struct answer {
    struct postgresql_connection *connection;
    bool wants_data;
    int32_t code; /* the first error's */
    int64_t line;
    migrate_error **err;
};

/* ---- the line that the server complains of ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The number in ", line 7" and what ends it: ", column a", ": "data"" or nothing. 0: it is something else.
 * The server may speak another language, and a table's name may have commas and digits, but hardly all of
 * this. */
static int64_t line_behind_comma(const char *at, const char *end)
{
    int64_t line = 0;

    while (at < end && *at != ' ' && *at != ',' && !is_digit(*at))
        at++;
    if (at == end || *at++ != ' ')
        return 0;
    for (; at < end && is_digit(*at) && line < INT64_MAX / 10 - 10; at++)
        line = line * 10 + (*at - '0');
    return at == end || *at == ':' || *at == ',' ? line : 0;
}

static int64_t line_in(const char *at, const char *end)
{
    for (; at + 2 < end; at++) {
        int64_t line = at[0] == ',' && at[1] == ' ' ? line_behind_comma(at + 2, end) : 0;

        if (line > 0)
            return line;
    }
    return 0;
}

/* Before COPY's own line of the context may stand those of triggers; behind it, more lines of the data. */
static int64_t complained_line(const char *context)
{
    while (context != NULL && *context != '\0') {
        size_t length = strcspn(context, "\n");
        int64_t line = strncmp(context, "COPY ", 5) == 0 ? line_in(context + 5, context + length) : 0;

        if (line > 0)
            return line;
        context += length + (context[length] == '\n');
    }
    return 0;
}

/* ---- what the server answers ---- */

static void take(struct answer *answer, const PGresult *result)
{
    const struct postgresql_client *pq = answer->connection->pq;

    switch (pq->PQresultStatus(result)) {
    case PGRES_COPY_IN:
        answer->wants_data = true;
        break;
    case PGRES_EMPTY_QUERY:
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        break;
    default:
        if (answer->code != MIGRATE_OK)
            break;
        answer->line = complained_line(pq->PQresultErrorField(result, PG_DIAG_CONTEXT));
        answer->code = postgresql_error(answer->connection, result, answer->err);
    }
}

/* Until it wants data or has said everything. Returns what the watch says, if it ends the waiting. */
static int32_t receive(struct answer *answer, struct watch *watch)
{
    struct postgresql_connection *c = answer->connection;
    int32_t code = postgresql_flush(c, watch);

    while (code == MIGRATE_OK && !answer->wants_data) {
        PGresult *result = NULL;

        code = postgresql_wait_result(c, watch);
        if (code == MIGRATE_OK)
            result = c->pq->PQgetResult(c->handle);
        if (result == NULL)
            break;
        take(answer, result);
        c->pq->PQclear(result);
    }
    return code;
}

static void settle(struct postgresql_connection *c)
{
    if (c->blocking)
        c->pq->PQsetnonblocking(c->handle, 0);
    c->blocking = false;
}

/* Nothing more comes: the server forgets the statement. Cancelled first, because a trigger may be at work and
 * not listen; what it says does not matter. */
static void give_up(struct postgresql_connection *c)
{
    struct watch moment = {.deadline = clock_monotonic() + POSTGRESQL_DRAIN};
    struct answer ignored = {.connection = c};

    postgresql_request_cancel(c);
    c->pq->PQputCopyEnd(c->handle, "cancelled");
    receive(&ignored, &moment);
    settle(c);
}

static int32_t stop(struct postgresql_connection *c, int32_t code, migrate_error **err)
{
    give_up(c);
    return watch_error(c->base.watch, code, err);
}

/* failure: what went wrong with the data; NULL: they are complete. */
static int32_t end_of_data(struct postgresql_connection *c, const char *failure, int64_t *line,
                           migrate_error **err)
{
    struct answer answer = {.connection = c, .err = err};
    int32_t code;

    c->pq->PQputCopyEnd(c->handle, failure); /* if it cannot be sent, the result says why */
    code = receive(&answer, c->base.watch);
    if (code != MIGRATE_OK) {
        error_clear(err);
        return stop(c, code, err);
    }
    settle(c);
    if (answer.code != MIGRATE_OK && line != NULL)
        *line = answer.line;
    return answer.code;
}

/* ---- the class's functions ---- */

static int32_t send_statement(struct postgresql_connection *c, const char *sql, migrate_error **err)
{
    struct answer answer = {.connection = c, .err = err};
    int32_t code;

    c->blocking = !c->pq->PQisnonblocking(c->handle);
    c->pq->PQsetnonblocking(c->handle, 1);
    postgresql_observe_begin(c);
    if (!postgresql_send(c, sql)) {
        code = postgresql_error(c, NULL, err);
        settle(c);
        return code;
    }
    code = receive(&answer, c->base.watch);
    if (code != MIGRATE_OK) {
        error_clear(err);
        return stop(c, code, err);
    }
    if (answer.wants_data)
        return MIGRATE_OK;
    settle(c);
    if (answer.code == MIGRATE_OK)
        answer.code = error_set(err, MIGRATE_ERROR_SQL, "the statement does not read its data from stdin");
    return answer.code;
}

int32_t postgresql_copy_begin(struct database *db, const char *sql, size_t length, migrate_error **err)
{
    struct postgresql_connection *c = (struct postgresql_connection *)db;
    int32_t code = watch_check(db->watch);
    char *text;

    if (code != MIGRATE_OK)
        return watch_error(db->watch, code, err);
    text = memory_text_n(sql, length); /* libpq wants a NUL behind it */
    if (text == NULL)
        return error_nomem(err);
    code = send_statement(c, text, err);
    memory_free(text);
    return code;
}

int32_t postgresql_copy_data(struct database *db, const char *data, size_t length, migrate_error **err)
{
    struct postgresql_connection *c = (struct postgresql_connection *)db;
    int most = PIECE;

    while (length > 0) {
        int piece = length < (size_t)most ? (int)length : most;
        int sent = c->pq->PQputCopyData(c->handle, data, piece); /* 0: no room for it */
        int32_t code = watch_check(db->watch);

        if (code == MIGRATE_OK)
            code = postgresql_flush(c, db->watch);
        if (code != MIGRATE_OK)
            return stop(c, code, err);
        if (sent < 0 || c->pq->PQstatus(c->handle) == CONNECTION_BAD) {
            code = end_of_data(c, "not all of the data could be sent", NULL, err);
            return code == MIGRATE_OK ? postgresql_error(c, NULL, err) : code;
        }
        most = sent > 0 ? most : SMALL_PIECE;
        data += sent > 0 ? piece : 0;
        length -= sent > 0 ? (size_t)piece : 0;
    }
    return MIGRATE_OK;
}

int32_t postgresql_copy_end(struct database *db, int64_t *line, migrate_error **err)
{
    return end_of_data((struct postgresql_connection *)db, NULL, line, err);
}

void postgresql_copy_abort(struct database *db)
{
    give_up((struct postgresql_connection *)db);
}
