/* SPDX-License-Identifier: MIT
 *
 * A session on the host's own sqlite3 handle. The functions that stand in the host's program are handed over,
 * so that a handle never meets another copy of SQLite. Link with the host's SQLite as usual.
 */
#ifndef MIGRATE_SQLITE3_H
#define MIGRATE_SQLITE3_H

#include <migrate.h>
#include <sqlite3.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As migrate_open_handle(). Transaction state, pragmas, handlers and hooks of db are left as found; db is not
 * closed, and must outlive the session. Since 1.0. */
static inline int32_t migrate_open_sqlite3(sqlite3 *db, const migrate_options *options,
                                           migrate_session **out_session, migrate_error **out_err)
{
    migrate_client *client = NULL;
    int32_t result = migrate_client_new("sqlite", &client, out_err);

    if (result != MIGRATE_OK)
        return result;
#define MIGRATE_SQLITE3_SET(name) migrate_client_set(client, #name, (migrate_function)name)
    MIGRATE_SQLITE3_SET(sqlite3_backup_finish);
    MIGRATE_SQLITE3_SET(sqlite3_backup_init);
    MIGRATE_SQLITE3_SET(sqlite3_backup_pagecount);
    MIGRATE_SQLITE3_SET(sqlite3_backup_remaining);
    MIGRATE_SQLITE3_SET(sqlite3_backup_step);
    MIGRATE_SQLITE3_SET(sqlite3_busy_handler);
    MIGRATE_SQLITE3_SET(sqlite3_close_v2);
    MIGRATE_SQLITE3_SET(sqlite3_column_bytes);
    MIGRATE_SQLITE3_SET(sqlite3_column_count);
    MIGRATE_SQLITE3_SET(sqlite3_column_name);
    MIGRATE_SQLITE3_SET(sqlite3_column_text);
    MIGRATE_SQLITE3_SET(sqlite3_column_type);
    MIGRATE_SQLITE3_SET(sqlite3_db_config);
    MIGRATE_SQLITE3_SET(sqlite3_db_filename);
    MIGRATE_SQLITE3_SET(sqlite3_db_readonly);
    MIGRATE_SQLITE3_SET(sqlite3_db_status);
    MIGRATE_SQLITE3_SET(sqlite3_errmsg);
    MIGRATE_SQLITE3_SET(sqlite3_extended_errcode);
    MIGRATE_SQLITE3_SET(sqlite3_file_control);
    MIGRATE_SQLITE3_SET(sqlite3_finalize);
    MIGRATE_SQLITE3_SET(sqlite3_get_autocommit);
    MIGRATE_SQLITE3_SET(sqlite3_interrupt);
    MIGRATE_SQLITE3_SET(sqlite3_libversion);
    MIGRATE_SQLITE3_SET(sqlite3_next_stmt);
    MIGRATE_SQLITE3_SET(sqlite3_open_v2);
    MIGRATE_SQLITE3_SET(sqlite3_prepare_v2);
    MIGRATE_SQLITE3_SET(sqlite3_progress_handler);
    MIGRATE_SQLITE3_SET(sqlite3_reset);
    MIGRATE_SQLITE3_SET(sqlite3_set_authorizer);
    MIGRATE_SQLITE3_SET(sqlite3_step);
    MIGRATE_SQLITE3_SET(sqlite3_stmt_busy);
    MIGRATE_SQLITE3_SET(sqlite3_system_errno);
#if SQLITE_VERSION_NUMBER >= 3038000
    MIGRATE_SQLITE3_SET(sqlite3_error_offset);
#endif
#undef MIGRATE_SQLITE3_SET
    result = migrate_open_handle(client, db, options, out_session, out_err);
    migrate_client_free(client);
    return result;
}

#ifdef __cplusplus
}
#endif

#endif
