/* SPDX-License-Identifier: MIT
 * The functions of libsqlite3 that the library calls. include/migrate_sqlite3.h hands over the same list. */
#ifndef DATABASE_SQLITE_CLIENT_H
#define DATABASE_SQLITE_CLIENT_H

#include <sqlite3.h>

/* X(name without sqlite3_, needed) */
#define SQLITE_FUNCTIONS_ALWAYS(X)                                                                           \
    X(backup_finish, false)                                                                                  \
    X(backup_init, false)                                                                                    \
    X(backup_pagecount, false)                                                                               \
    X(backup_remaining, false)                                                                               \
    X(backup_step, false)                                                                                    \
    X(busy_handler, true)                                                                                    \
    X(close_v2, true)                                                                                        \
    X(column_bytes, true)                                                                                    \
    X(column_count, true)                                                                                    \
    X(column_name, true)                                                                                     \
    X(column_text, true)                                                                                     \
    X(column_type, true)                                                                                     \
    X(db_config, false)                                                                                      \
    X(db_filename, true)                                                                                     \
    X(db_readonly, true)                                                                                     \
    X(db_status, true)                                                                                       \
    X(errmsg, true)                                                                                          \
    X(extended_errcode, true)                                                                                \
    X(file_control, false)                                                                                   \
    X(finalize, true)                                                                                        \
    X(get_autocommit, true)                                                                                  \
    X(interrupt, false)                                                                                      \
    X(libversion, true)                                                                                      \
    X(next_stmt, false)                                                                                      \
    X(open_v2, true)                                                                                         \
    X(prepare_v2, true)                                                                                      \
    X(progress_handler, true)                                                                                \
    X(reset, true)                                                                                           \
    X(set_authorizer, false)                                                                                 \
    X(step, true)                                                                                            \
    X(stmt_busy, false)                                                                                      \
    X(system_errno, true)

#if SQLITE_VERSION_NUMBER >= 3038000
#define SQLITE_FUNCTIONS(X) SQLITE_FUNCTIONS_ALWAYS(X) X(error_offset, false)
#else
#define SQLITE_FUNCTIONS(X) SQLITE_FUNCTIONS_ALWAYS(X)
#endif

#define SQLITE_MEMBER(function, needed) __typeof__(sqlite3_##function) *function;
struct sqlite_client {
    SQLITE_FUNCTIONS(SQLITE_MEMBER)
};
#undef SQLITE_MEMBER

#endif
