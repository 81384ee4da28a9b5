/* SPDX-License-Identifier: MIT
 * libmigrate as a loadable extension of SQLite:
 *     SELECT load_extension('libmigrate_sqlite');
 *     SELECT migrate_apply('migrations');
 *     SELECT id, state FROM migrate_status('migrations');
 */
#define EXTENSION_MAIN
#include "extension.h"

SQLITE_EXTENSION_INIT1

enum { OLDEST = 3034000 }; /* sqlite3_txn_state() */

int sqlite3_migratesqlite_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);
int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

/* By the name of the file. */
MIGRATE_API int sqlite3_migratesqlite_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    if (sqlite3_libversion_number() < OLDEST) {
        *message = sqlite3_mprintf("libmigrate needs SQLite 3.34 or later; this is %s", sqlite3_libversion());
        return SQLITE_ERROR;
    }
    int code = functions_register(db);
    if (code == SQLITE_OK)
        code = tables_register(db);
    return code;
}

/* By SQLite's standard name, for a file with another one. */
MIGRATE_API int sqlite3_extension_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
    return sqlite3_migratesqlite_init(db, message, api);
}
