/* SPDX-License-Identifier: MIT
 * Opening and closing: hands over to the engine that the URL or the client speaks of. */
#include "database/database.h"
#include "database/engines.h"

int32_t database_open(const char *url, const struct database_options *options, struct database **out,
                      migrate_error **err)
{
    const struct database_engine *engine = NULL;
    int32_t result = database_url_engine(url, &engine, err);

    if (result != MIGRATE_OK)
        return result;
    return database_entry_of(engine)->open(url, options, out, err);
}

int32_t database_open_handle(migrate_client *client, void *handle, struct database **out, migrate_error **err)
{
    for (size_t i = 0; i < database_entry_count; i++)
        if (database_entries[i].library == client_library_of(client))
            return database_entries[i].open_handle(client, handle, out, err);
    return error_set(err, MIGRATE_ERROR_INTERNAL, "a client library without an engine");
}

void database_close(struct database *db)
{
    if (db != NULL)
        db->class->close(db);
}
