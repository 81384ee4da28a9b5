/* SPDX-License-Identifier: MIT
 * A connection to nothing: for work on texts alone, which needs an engine's dialect and no database. Whatever asks it is told so. */
#include "database/database.h"

#include "util/memory.h"

static int32_t refuse(migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_MISUSE, "the migrations were opened alone: there is no database");
    error_hint(err, "open the session with a database's URL, or a handle of the host's");
    return MIGRATE_ERROR_MISUSE;
}

static int32_t exec(struct database *db, const char *sql, size_t length, struct database_fault *fault, migrate_error **err)
{
    (void)db;
    (void)sql;
    (void)length;
    (void)fault;
    return refuse(err);
}

static int32_t query(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err)
{
    (void)db;
    (void)sql;
    (void)out;
    return refuse(err);
}

static enum database_transaction transaction(struct database *db)
{
    (void)db;
    return DATABASE_IDLE;
}

static void *handle(struct database *db)
{
    (void)db;
    return NULL;
}

static int32_t settings(struct database *db, migrate_error **err)
{
    (void)db;
    return refuse(err);
}

static void close_connection(struct database *db)
{
    memory_free(db->label);
    memory_free(db);
}

static const struct database_connection_class absent = {
    .name = "absent",
    .exec = exec,
    .query = query,
    .transaction = transaction,
    .handle = handle,
    .settings_save = settings,
    .settings_restore = settings,
    .close = close_connection,
};

int32_t database_open_absent(const struct database_engine *engine, struct database **out, migrate_error **err)
{
    struct database *db = memory_new(sizeof *db);
    char *label = memory_text("no database");

    if (db == NULL || label == NULL) {
        memory_free(db);
        memory_free(label);
        return error_nomem(err);
    }
    db->class = &absent;
    db->engine = engine;
    db->label = label;
    *out = db;
    return MIGRATE_OK;
}

bool database_is_absent(const struct database *db)
{
    return db->class == &absent;
}
