/* SPDX-License-Identifier: MIT
 * One row per engine: the only place outside an engine's folder that names it. */
#ifndef DATABASE_ENGINES_H
#define DATABASE_ENGINES_H

#include "database/client.h"
#include "database/database.h"

struct database_entry {
    const struct database_engine *engine;
    const struct client_library *library;
    const char *const *schemes; /* of its URLs, without the colon; ends with NULL */
    int32_t (*open)(const char *url, const struct database_options *options, struct database **out,
                    migrate_error **err);
    int32_t (*open_handle)(migrate_client *client, void *handle, struct database **out, migrate_error **err);
    /* What a host's driver was told by its database, as an error; returns its code. */
    int32_t (*report)(migrate_error **err, const char *sqlstate, int32_t driver_code, const char *message);
    /* For a host's driver: a query whose one value is the SQL that brings the settings back which a migration
     * may change. NULL: SQLite, see sqlite_settings_save(). */
    const char *settings;
};
extern const struct database_entry database_entries[];
extern const size_t database_entry_count;

const struct database_entry *database_entry_of(const struct database_engine *engine);

#endif
