/* SPDX-License-Identifier: MIT
 * What the files of this room share: libpq's functions as a table, and a connection. */
#ifndef DATABASE_POSTGRESQL_CLIENT_H
#define DATABASE_POSTGRESQL_CLIENT_H

#include "database/postgresql/postgresql.h"

#include <libpq-fe.h>

/* Every function of libpq that is called, each once. All are in libpq 10 and later. */
#define POSTGRESQL_FUNCTIONS(X)                                                                              \
    X(PQbackendPID)                                                                                          \
    X(PQcancel)                                                                                              \
    X(PQclear)                                                                                               \
    X(PQconnectPoll)                                                                                         \
    X(PQconnectStartParams)                                                                                  \
    X(PQconnectionNeedsPassword)                                                                             \
    X(PQconninfo)                                                                                            \
    X(PQconninfoFree)                                                                                        \
    X(PQconninfoParse)                                                                                       \
    X(PQconsumeInput)                                                                                        \
    X(PQdb)                                                                                                  \
    X(PQerrorMessage)                                                                                        \
    X(PQfinish)                                                                                              \
    X(PQflush)                                                                                               \
    X(PQfname)                                                                                               \
    X(PQfreeCancel)                                                                                          \
    X(PQfreemem)                                                                                             \
    X(PQgetCancel)                                                                                           \
    X(PQgetCopyData)                                                                                         \
    X(PQgetResult)                                                                                           \
    X(PQgetisnull)                                                                                           \
    X(PQgetlength)                                                                                           \
    X(PQgetvalue)                                                                                            \
    X(PQhost)                                                                                                \
    X(PQisBusy)                                                                                              \
    X(PQisnonblocking)                                                                                       \
    X(PQnfields)                                                                                             \
    X(PQntuples)                                                                                             \
    X(PQparameterStatus)                                                                                     \
    X(PQport)                                                                                                \
    X(PQputCopyData)                                                                                         \
    X(PQputCopyEnd)                                                                                          \
    X(PQresetStart)                                                                                          \
    X(PQresultErrorField)                                                                                    \
    X(PQresultStatus)                                                                                        \
    X(PQsendQuery)                                                                                           \
    X(PQsetErrorVerbosity)                                                                                   \
    X(PQsetNoticeReceiver)                                                                                   \
    X(PQsetnonblocking)                                                                                      \
    X(PQsocket)                                                                                              \
    X(PQstatus)                                                                                              \
    X(PQtransactionStatus)

/* What a host's table may lack: then there is no scratch place in a transaction. */
#define POSTGRESQL_MORE_FUNCTIONS(X) X(PQsendQueryParams)

#define POSTGRESQL_DRAIN 2000000 /* microseconds that a cancelled statement may take to end */

struct postgresql_client {
#define POSTGRESQL_MEMBER(function) __typeof__(function) *function;
    POSTGRESQL_FUNCTIONS(POSTGRESQL_MEMBER)
    POSTGRESQL_MORE_FUNCTIONS(POSTGRESQL_MEMBER)
#undef POSTGRESQL_MEMBER
};

/* A scratch place inside a transaction of the database itself, see inside.c. */
struct postgresql_inside {
    enum database_transaction state; /* as whoever uses the connection sees it: idle, open or aborted */
    bool implied;                    /* what is open ends with the message */
    struct text aside;               /* "{1,2}": numbers of what was there before and is not to be seen */
    struct text before;              /* the same of extensions, which are seen when they are made once more */
    struct text unreachable;         /* their names, as far as they are out of sight; data NULL: none */
    bool kept;                       /* a schema stayed where it is, for the sake of its extension */
    int64_t xid;                     /* the transaction's number, to tell what it made */
};

/* The second connection, see observer.c, and what it found out about the attempt that runs. */
struct postgresql_observer {
    enum { OBSERVER_CLOSED, OBSERVER_OPENING, OBSERVER_READY, OBSERVER_ASKED, OBSERVER_NONE /* not to be had */ } state;
    PGconn *handle;
    short wants;     /* what poll() is asked for while it opens */
    bool full;       /* the look that was asked for is one at others, too */
    int64_t message, attempt, asked, looked, full_at, told, cancelled; /* when it was: clock_monotonic() */
    bool waits, holds;
    int64_t waiting_since, held_since, blocking_since; /* 0: it is not so */
    struct migrate_rows *found, *blockers;             /* by the last full look; by one before it, if it waited then */
    int64_t blocked_at;
    enum { OBSERVER_NOTHING, OBSERVER_WAITED, OBSERVER_BLOCKED_OTHERS } verdict; /* the statement is to be cancelled */
};

enum { POSTGRESQL_PLANNED_FACTS, POSTGRESQL_PLANNED_EDGES, POSTGRESQL_PLANNED };

struct postgresql_connection {
    struct database base;
    migrate_client *client;
    const struct postgresql_client *pq;
    PGconn *handle;
    struct migrate_rows *saved; /* a borrowed connection's settings, see settings.c */
    char *host_encoding;        /* a borrowed connection's client_encoding, if it was not UTF8 */
    bool blocking;              /* what a COPY found, and brings back at its end */
    struct postgresql_observer observer;
    struct postgresql_scratch *scratch; /* not NULL: it leads to a scratch database, see scratch.c */
    struct postgresql_inside *inside;   /* not NULL: it is a scratch place itself */
    struct postgresql_planned {         /* what is asked again and again of a scratch database, see planned.c */
        char *sql;
        int uses;
    } planned[POSTGRESQL_PLANNED];
};

/* ---- connection.c ---- */
/* Takes over handle (own connections) or borrows it; on failure it is left to the caller. */
int32_t postgresql_new(migrate_client *client, const struct postgresql_client *pq, PGconn *handle,
                       bool borrowed, struct database **out, migrate_error **err);
/* Waits a slice at most for these events of poll(); *ready: one has come, or the socket is no more. Returns
 * what watch_check() says. */
int32_t postgresql_wait(const struct postgresql_client *pq, const PGconn *handle, short events,
                        struct watch *watch, bool *ready);
/* Until all that libpq has to say to the server is out, or cannot be sent. As postgresql_wait(). */
int32_t postgresql_flush(const struct postgresql_connection *connection, struct watch *watch);
/* Until PQgetResult() will not block. As postgresql_wait(). */
int32_t postgresql_wait_result(struct postgresql_connection *connection, struct watch *watch);
/* NULL: out of memory. */
struct migrate_rows *postgresql_rows(const struct postgresql_client *pq, const PGresult *result);
/* Asks the server to stop what it does. */
void postgresql_request_cancel(const struct postgresql_connection *connection);
/* The receiver of notices; connection NULL: they are dropped (libpq would print them). */
void postgresql_notice(void *connection, const PGresult *notice);
int32_t postgresql_query(struct database *db, const char *sql, struct migrate_rows **out,
                         migrate_error **err);
extern const struct database_connection_class postgresql_connection_class;
/* Sends a message, as libpq's functions do: false, and libpq knows why. */
bool postgresql_send(const struct postgresql_connection *connection, const char *sql);
/* One statement. *rows is replaced if it returned some; NULL: they are not wanted. *offset (may be NULL): of the fault, SIZE_MAX if unknown. */
int32_t postgresql_run_one(struct postgresql_connection *connection, const char *sql, size_t length, struct migrate_rows **rows,
                           size_t *offset, migrate_error **err);

/* ---- planned.c ---- */
/* As database_query(); in a scratch database the server plans it once, and not each time. which: POSTGRESQL_PLANNED_... */
int32_t postgresql_query_planned(struct database *db, int which, const struct text *sql, struct migrate_rows **out, migrate_error **err);
void postgresql_planned_free(struct postgresql_connection *connection);

/* ---- copy.c ---- */
int32_t postgresql_copy_begin(struct database *db, const char *sql, size_t length, migrate_error **err);
int32_t postgresql_copy_data(struct database *db, const char *data, size_t length, migrate_error **err);
int32_t postgresql_copy_end(struct database *db, int64_t *line, migrate_error **err);
void postgresql_copy_abort(struct database *db);

/* ---- observer.c ---- */
/* A message goes out; for database->locks. */
void postgresql_observe_begin(struct postgresql_connection *connection);
/* As postgresql_wait() for an answer, with an eye on locks. */
int32_t postgresql_observe_wait(struct postgresql_connection *connection, struct watch *watch, bool *ready);
/* What is known of the locks, on the error of a statement that ended because of them; returns the error's code. */
int32_t postgresql_observe_explain(const struct postgresql_connection *connection, const char *sqlstate, int32_t code,
                                   migrate_error **err);
void postgresql_observer_close(struct postgresql_connection *connection);

/* ---- errors.c ---- */
/* The error that a result, or the connection itself (result NULL), carries. */
int32_t postgresql_error(const struct postgresql_connection *connection, const PGresult *result,
                         migrate_error **err);
/* Why a connection did not come about. immediate: before anything was sent. */
int32_t postgresql_connect_error(const struct postgresql_client *pq, PGconn *handle, bool immediate,
                                 migrate_error **err);

/* ---- pooler.c ---- */
int32_t postgresql_find_pooler(struct database *db, bool *out, migrate_error **err);

/* ---- connect.c ---- */
/* Begins to connect as this connection was made, on the very server that it leads to. database, options (of the startup, behind its own):
 * NULL for its own. NULL: out of memory. */
PGconn *postgresql_start_like(const struct postgresql_connection *connection, const char *database, const char *options);
/* The same, to the end. */
int32_t postgresql_open_like(const struct postgresql_connection *connection, const char *database, const char *options,
                             struct watch *watch, struct database **out, migrate_error **err);

/* ---- scratch.c ---- */
/* The database goes, the connection to it being closed; frees it. */
int32_t postgresql_scratch_end(struct postgresql_scratch *scratch, migrate_error **err);

/* ---- inside.c ---- */
/* From here on BEGIN and COMMIT are savepoints. The transaction is open, and all is moved aside. Takes over inside. */
void postgresql_inside_begin(struct postgresql_connection *connection, struct postgresql_inside *inside);
/* Rolls it back; does nothing if there is none. */
void postgresql_inside_end(struct postgresql_connection *connection);
/* "{1,2}": what facts leave out; "{}" on any other connection. */
const char *postgresql_inside_aside(const struct database *db);
void postgresql_inside_free(struct postgresql_inside *inside);
/* SHADOW: why something cannot be tried there. */
int32_t postgresql_inside_refuse(migrate_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- aside.c ---- */
/* A place in a transaction of the database that like leads to. MIGRATE_ERROR_SHADOW: there can be none, and why. */
int32_t postgresql_aside_open(struct database *like, const struct database_scratch_wish *wish, const char *options, struct database **out,
                              migrate_error **err);

/* ---- extensions.c ---- */
/* CREATE and DROP EXTENSION of one that the database had before. *done: that was it, nothing else is to be run. */
int32_t postgresql_inside_extension(struct postgresql_connection *connection, const char *sql, size_t length, bool *done, migrate_error **err);

/* ---- settings.c ---- */
int32_t postgresql_settings_save(struct database *db, migrate_error **err);
int32_t postgresql_settings_restore(struct database *db, migrate_error **err);

#endif
