/* SPDX-License-Identifier: MIT
 * What SQLite's result codes mean to the layers above. */
#include "database/sqlite/sqlite.h"

#include <sqlite3.h>
#include <string.h>

struct meaning {
    int result; /* code; without an extension, it stands for all of them */
    int32_t code;
    enum error_kind kind;
    const char *hint;
};

#define NO_LOCKS "put the file on a local disk: locks do not work where it is"

/* The last one that fits counts. */
static const struct meaning meanings[] = {
    {SQLITE_BUSY, MIGRATE_ERROR_LOCKED, ERROR_BUSY,
     "another connection is writing; try again when it has finished"},
    {SQLITE_LOCKED, MIGRATE_ERROR_LOCKED, ERROR_BUSY,
     "a statement of this process still uses the table; finish it first"},
    {SQLITE_PROTOCOL, MIGRATE_ERROR_LOCKED, ERROR_BUSY, "try again when other connections have finished"},
    {SQLITE_READONLY, MIGRATE_ERROR_READ_ONLY, ERROR_READ_ONLY,
     "check that the file and its folder may be written: SQLite puts its journal beside the file, and in WAL mode needs it to read too "
     "(while nobody writes, file:PATH?immutable=1 reads it)"},
    {SQLITE_FULL, MIGRATE_ERROR_IO, ERROR_IO, "make room on the disk, then run again"},
    {SQLITE_IOERR, MIGRATE_ERROR_IO, ERROR_IO, "check the disk and the file system"},
    {SQLITE_NOLFS, MIGRATE_ERROR_IO, ERROR_IO, "the file system does not take files of this size"},
    {SQLITE_CORRUPT, MIGRATE_ERROR_IO, ERROR_IO, "restore the file from a backup"},
    {SQLITE_NOTADB, MIGRATE_ERROR_IO, ERROR_IO,
     "the file is not an SQLite database, or it is encrypted; check the path"},
    {SQLITE_CANTOPEN, MIGRATE_ERROR_IO, ERROR_IO,
     "check that the folder exists and that its files may be opened"},
    {SQLITE_AUTH, MIGRATE_ERROR_RIGHTS, ERROR_RIGHTS, "the connection's authorizer denies this statement"},
    {SQLITE_PERM, MIGRATE_ERROR_RIGHTS, ERROR_RIGHTS, "check the file's permissions"},
    {SQLITE_INTERRUPT, MIGRATE_ERROR_CANCELLED, ERROR_OTHER, NULL},
    {SQLITE_IOERR_LOCK, MIGRATE_ERROR_FILE_SYSTEM, ERROR_IO, NO_LOCKS},
    {SQLITE_IOERR_RDLOCK, MIGRATE_ERROR_FILE_SYSTEM, ERROR_IO, NO_LOCKS},
    {SQLITE_IOERR_UNLOCK, MIGRATE_ERROR_FILE_SYSTEM, ERROR_IO, NO_LOCKS},
    {SQLITE_IOERR_CHECKRESERVEDLOCK, MIGRATE_ERROR_FILE_SYSTEM, ERROR_IO, NO_LOCKS},
    {SQLITE_IOERR_SHMLOCK, MIGRATE_ERROR_FILE_SYSTEM, ERROR_IO, NO_LOCKS},
};

/* SQLite has one code for every mistake in a statement; its message says which. */
static enum error_kind kind_of_message(const char *message)
{
    if (text_starts(message, "no such table:"))
        return ERROR_NO_TABLE;
    if (text_starts(message, "no such column:") || strstr(message, " has no column named ") != NULL)
        return ERROR_NO_COLUMN;
    if (strstr(message, " already exists") != NULL || text_starts(message, "duplicate column name:"))
        return ERROR_EXISTS;
    return ERROR_OTHER;
}

int32_t sqlite_report(migrate_error **err, int32_t driver_code, const char *message)
{
    int32_t code = MIGRATE_ERROR_SQL;
    enum error_kind kind = ERROR_OTHER;
    const char *hint = NULL;

    if ((driver_code & 0xff) == SQLITE_NOMEM || driver_code == SQLITE_IOERR_NOMEM)
        return error_nomem(err);
    if (driver_code == SQLITE_CONSTRAINT_UNIQUE || driver_code == SQLITE_CONSTRAINT_PRIMARYKEY ||
        driver_code == SQLITE_CONSTRAINT_ROWID)
        kind = ERROR_UNIQUE;
    else
        kind = kind_of_message(message);
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].result == driver_code || meanings[i].result == (driver_code & 0xff)) {
            code = meanings[i].code;
            kind = meanings[i].kind;
            hint = meanings[i].hint;
        }
    error_set(err, code, "%s", message);
    error_database(err, kind, NULL, driver_code);
    if (hint != NULL)
        error_hint(err, "%s", hint);
    return code;
}
