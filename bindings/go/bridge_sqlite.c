/* SPDX-License-Identifier: MIT
 * The functions of the SQLite that is linked into the program, if one is: that which go-sqlite3 works with. They are weak, so that a program
 * without it links too; a connection of that driver then never meets another copy of SQLite. */
#include "bridge.h"

#ifndef MIGRATE_OMIT_SQLITE

#include <sqlite3.h>

#define EACH(use)                                                                                            \
    use(sqlite3_backup_finish) use(sqlite3_backup_init) use(sqlite3_backup_pagecount)                        \
    use(sqlite3_backup_remaining) use(sqlite3_backup_step) use(sqlite3_busy_handler)                         \
    use(sqlite3_close_v2) use(sqlite3_column_bytes) use(sqlite3_column_count) use(sqlite3_column_name)       \
    use(sqlite3_column_text) use(sqlite3_column_type) use(sqlite3_db_config) use(sqlite3_db_filename)        \
    use(sqlite3_db_readonly) use(sqlite3_db_status) use(sqlite3_errmsg) use(sqlite3_error_offset)            \
    use(sqlite3_extended_errcode) use(sqlite3_file_control) use(sqlite3_finalize)                            \
    use(sqlite3_get_autocommit) use(sqlite3_libversion) use(sqlite3_open_v2) use(sqlite3_prepare_v2)         \
    use(sqlite3_progress_handler) use(sqlite3_reset) use(sqlite3_set_authorizer) use(sqlite3_step)           \
    use(sqlite3_system_errno)

/* Whatever this SQLite's header says of them: their addresses alone are taken. */
#define WEAK(name) extern void weak_##name(void) __asm__(#name) __attribute__((weak));
EACH(WEAK)
#undef WEAK
extern void weak_interrupt(sqlite3 *db) __asm__("sqlite3_interrupt") __attribute__((weak));

int32_t bridge_has_sqlite(void)
{
    return weak_sqlite3_step != NULL && weak_interrupt != NULL;
}

void bridge_sqlite_interrupt(uintptr_t db)
{
    weak_interrupt((sqlite3 *)db);
}

int32_t bridge_open_sqlite(uintptr_t db, const migrate_options *options, migrate_session **out_session,
                           migrate_error **out_err)
{
    migrate_client *client = NULL;
    int32_t result = migrate_client_new("sqlite", &client, out_err);

    if (result != MIGRATE_OK)
        return result;
#define SET(name)                                                                                            \
    if (weak_##name != NULL)                                                                                 \
        migrate_client_set(client, #name, weak_##name);
    EACH(SET)
#undef SET
    result = migrate_open_handle(client, (void *)db, options, out_session, out_err);
    migrate_client_free(client);
    return result;
}

#else

int32_t bridge_has_sqlite(void)
{
    return 0;
}

void bridge_sqlite_interrupt(uintptr_t db)
{
    (void)db;
}

int32_t bridge_open_sqlite(uintptr_t db, const migrate_options *options, migrate_session **out_session,
                           migrate_error **out_err)
{
    (void)db;
    return migrate_open("sqlite:", options, out_session, out_err);
}

#endif
