/* SPDX-License-Identifier: MIT
 * One call of the extension: the arguments, the session on the host's own connection, and how errors become SQLite's.
 * Everything goes through the function table of the SQLite that loaded the module, so that its connection never meets
 * another copy. */
#ifndef EXTENSION_H
#define EXTENSION_H

#include <migrate.h>

#include <sqlite3ext.h>
#ifndef EXTENSION_MAIN
SQLITE_EXTENSION_INIT3
#endif

#include <stdbool.h>

struct call {
    sqlite3 *db;
    migrate_options *options;
    migrate_session *session;
    migrate_error *error;
    char *refusal; /* of sqlite3_mprintf: a failure that is the extension's own */
    bool idle;     /* there was no transaction */
    char *target;  /* the argument target=..., or NULL */
};

/* The first argument is the directory (NULL: none), each further one "key=value": an option of the library, or "target". Arguments
 * that are NULL are passed over. writes: refused unless this is all that the connection is doing. false: see call_failure(). */
bool call_begin(struct call *call, sqlite3 *db, bool writes, int count, sqlite3_value **arguments);

/* What went wrong, for sqlite3_free(), and SQLite's code for it; NULL: out of memory. */
char *call_failure(const struct call *call, int *code);

/* Whatever the library could not undo, because the host has interrupted the statement that called, is undone here. */
void call_end(struct call *call);

int functions_register(sqlite3 *db);
int tables_register(sqlite3 *db);

#endif
