/* SPDX-License-Identifier: MIT
 * A connection to SQLite, between opening it (open.c) and using it (connection.c). */
#ifndef DATABASE_SQLITE_CONNECTION_H
#define DATABASE_SQLITE_CONNECTION_H

#include "database/sqlite/client.h"
#include "database/sqlite/sqlite.h"

struct sqlite_database {
    struct database base;
    migrate_client *client;
    const struct sqlite_client *api; /* lives in client */
    sqlite3 *handle;
    char *name;        /* with which it was opened; NULL: by the host, or in memory */
    bool uri;          /* it is a URI */
    int32_t stopped;   /* why a handler of ours ended the statement; 0: it did not */
    int64_t patience;  /* clock_monotonic() at which the wait for a lock that is under way ends */
    bool widened;      /* the page cache */
    struct token_work work; /* the statement that runs on a host's handle, for those who cancel */
    bool began;        /* the transaction that is open there is ours */
    int pages_written; /* by this connection before the open transaction */
    struct sqlite_settings settings;
    struct sqlite_touches *touches; /* of statements; NULL: they are not noted */
};

extern const struct database_connection_class sqlite_connection;

/* One more connection through the same library and file system. path NULL: to the same database. SQLITE_OPEN_X; immutable: nobody writes
 * that file, and what lies beside it does not count. It has the watch of `like`. */
struct sqlite_beside {
    const char *path;
    int flags;
    bool immutable;
};
int32_t sqlite_open_beside(struct database *like, const struct sqlite_beside *beside, struct sqlite_database **out, migrate_error **err);

/* Own connections: a fair busy handler, and a progress handler that heeds the watch. */
void sqlite_install_handlers(struct sqlite_database *self);

#endif
