/* SPDX-License-Identifier: MIT
 * The database's name, and whether the host gave it to say that it means what it asks for. */
#ifndef CORE_CONFIRM_H
#define CORE_CONFIRM_H

#include "core/session.h"

/* On PostgreSQL the database's name; on SQLite the file's, without its folder ("app.db"), or ":memory:". Yours: memory_free(). */
int32_t session_database_name(migrate_session *session, char **out, migrate_error **err);
/* MIGRATE_ERROR_REFUSED, with the name to give, unless the option confirm has it. what: "restore", for the message. */
int32_t session_confirmed(migrate_session *session, const char *what, migrate_error **err);

#endif
