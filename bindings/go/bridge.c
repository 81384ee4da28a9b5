/* SPDX-License-Identifier: MIT
 * The callbacks that the library calls: each hands over to the function of its kind that Go exports. */
#include "bridge.h"

#include "_cgo_export.h"

static int32_t on_event(const migrate_event *event, void *user)
{
    return libmigrateGoEvent((migrate_event *)event, (uintptr_t)user);
}

static int32_t on_up(migrate_connection *connection, void *user)
{
    return libmigrateGoCode(connection, 1, (uintptr_t)user);
}

static int32_t on_down(migrate_connection *connection, void *user)
{
    return libmigrateGoCode(connection, 0, (uintptr_t)user);
}

static int32_t on_backup(migrate_backup_job *job, void *user)
{
    return libmigrateGoBackup(job, (uintptr_t)user);
}

static int32_t on_exec(const char *sql, size_t length, migrate_result *result, void *user)
{
    return libmigrateGoStatement((char *)sql, length, result, 0, (uintptr_t)user);
}

static int32_t on_query(const char *sql, size_t length, migrate_result *result, void *user)
{
    return libmigrateGoStatement((char *)sql, length, result, 1, (uintptr_t)user);
}

static int32_t on_state(void *user)
{
    return libmigrateGoInTransaction((uintptr_t)user);
}

int32_t bridge_set_event(migrate_options *options, uintptr_t user)
{
    return migrate_options_set_event(options, on_event, (void *)user);
}

int32_t bridge_set_declared(migrate_options *options, const char *sql, uintptr_t user, migrate_error **out_err)
{
    return migrate_options_set_declared(options, sql, sql == NULL ? on_up : NULL, (void *)user, out_err);
}

int32_t bridge_set_backup(migrate_options *options, uintptr_t user)
{
    return migrate_options_set_backup(options, on_backup, (void *)user);
}

int32_t bridge_add_code(migrate_source *source, const char *id, const char *version, int32_t has_down, uintptr_t user,
                        migrate_error **out_err)
{
    return migrate_source_add_code(source, id, version, on_up, has_down ? on_down : NULL, (void *)user, out_err);
}

int32_t bridge_set_schema_code(migrate_source *source, const char *stands_for, uintptr_t user, migrate_error **out_err)
{
    return migrate_source_set_schema_code(source, stands_for, on_up, (void *)user, out_err);
}

int32_t bridge_driver_new(const char *engine, uintptr_t user, migrate_driver **out_driver, migrate_error **out_err)
{
    int32_t result = migrate_driver_new(engine, (void *)user, out_driver, out_err);

    if (result != MIGRATE_OK)
        return result;
    migrate_driver_set(*out_driver, "exec", (migrate_function)on_exec);
    migrate_driver_set(*out_driver, "query", (migrate_function)on_query);
    migrate_driver_set(*out_driver, "in_transaction", (migrate_function)on_state);
    return MIGRATE_OK;
}
