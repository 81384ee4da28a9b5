/* SPDX-License-Identifier: MIT
 * The functions of the SQLite that is linked into the program, if one is: that which go-sqlite3 works with. They are weak, so that a program
 * without it links too; a connection of that driver then never meets another copy of SQLite. */
#include "bridge.h"

#ifndef MIGRATE_OMIT_SQLITE

#include "migrate_sqlite3.h"

/* All that migrate_sqlite3.h names: one that is missing here fails to link where there is no SQLite. */
#pragma weak sqlite3_backup_finish
#pragma weak sqlite3_backup_init
#pragma weak sqlite3_backup_pagecount
#pragma weak sqlite3_backup_remaining
#pragma weak sqlite3_backup_step
#pragma weak sqlite3_busy_handler
#pragma weak sqlite3_close_v2
#pragma weak sqlite3_column_bytes
#pragma weak sqlite3_column_count
#pragma weak sqlite3_column_name
#pragma weak sqlite3_column_text
#pragma weak sqlite3_column_type
#pragma weak sqlite3_db_config
#pragma weak sqlite3_db_filename
#pragma weak sqlite3_db_readonly
#pragma weak sqlite3_db_status
#pragma weak sqlite3_errmsg
#pragma weak sqlite3_error_offset
#pragma weak sqlite3_extended_errcode
#pragma weak sqlite3_file_control
#pragma weak sqlite3_finalize
#pragma weak sqlite3_get_autocommit
#pragma weak sqlite3_interrupt
#pragma weak sqlite3_libversion
#pragma weak sqlite3_next_stmt
#pragma weak sqlite3_open_v2
#pragma weak sqlite3_prepare_v2
#pragma weak sqlite3_progress_handler
#pragma weak sqlite3_reset
#pragma weak sqlite3_set_authorizer
#pragma weak sqlite3_step
#pragma weak sqlite3_stmt_busy
#pragma weak sqlite3_system_errno

int32_t bridge_has_sqlite(void)
{
    int (*step)(sqlite3_stmt *) = sqlite3_step;

    return step != NULL;
}

int32_t bridge_open_sqlite(uintptr_t db, const migrate_options *options, migrate_session **out_session,
                           migrate_error **out_err)
{
    return migrate_open_sqlite3((sqlite3 *)db, options, out_session, out_err);
}

#else

int32_t bridge_has_sqlite(void)
{
    return 0;
}

/* Never called: bridge_has_sqlite() says no. */
int32_t bridge_open_sqlite(uintptr_t db, const migrate_options *options, migrate_session **out_session,
                           migrate_error **out_err)
{
    (void)db;
    return migrate_open("sqlite:", options, out_session, out_err);
}

#endif
