/* SPDX-License-Identifier: MIT
 * The name by which a person confirms that it is this database that may lose data, and not the other one. */
#ifndef CORE_CONFIRM_H
#define CORE_CONFIRM_H

#include "core/session.h"

/* The name to give to the option confirm: PostgreSQL's current database, SQLite's file without its folder. Yours: memory_free(). */
int32_t session_database_name(migrate_session *session, char **out, migrate_error **err);

/* The option confirm has that name; else MIGRATE_ERROR_REFUSED. what: the sentence's beginning, "app.db is protected, and the plan may
 * lose data"; the hint says what to give. */
int32_t session_confirmed(migrate_session *session, const char *what, migrate_error **err);

#endif
