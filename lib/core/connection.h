/* SPDX-License-Identifier: MIT
 * What a code migration holds: the session's open connection, for the length of its callback. */
#ifndef CORE_CONNECTION_H
#define CORE_CONNECTION_H

#include "core/session.h"

struct migrate_connection {
    migrate_session *session;
    char *failure;  /* what the callback said before it failed */
    bool no_memory; /* why it will */
};

/* Runs a callback; its failure becomes MIGRATE_ERROR_CODE with what it said. */
int32_t connection_call(migrate_session *session, const char *id, migrate_code_fn code, void *user, migrate_error **err);

int32_t connection_exec(migrate_connection *connection, const char *sql, migrate_error **err);
int32_t connection_query(migrate_connection *connection, const char *sql, migrate_rows **out, migrate_error **err);
int32_t connection_quote(migrate_connection *connection, const char *text, char **out, migrate_error **err);
int32_t connection_fail(migrate_connection *connection, const char *message);

#endif
