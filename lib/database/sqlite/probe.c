/* SPDX-License-Identifier: MIT
 * What became of a statement outside of transactions whose end nobody recorded. SQLite undoes what was cut short, so it
 * took place as a whole or not at all; nothing tells which, but some statements may as well be run again. */
#include "database/sqlite/sqlite.h"

/* They bring about the same however often they run. VACUUM INTO refuses a file that is there. */
static bool may_run_again(struct sql_reader reader)
{
    if (sql_reader_is(&reader, "vacuum"))
        return !sql_reader_seek(&reader, "into");
    return sql_reader_is(&reader, "pragma") || sql_reader_is(&reader, "analyze") || sql_reader_is(&reader, "reindex");
}

int32_t sqlite_probe(struct database *db, const char *statement, size_t length, struct database_probe *out,
                     migrate_error **err)
{
    struct sql_reader reader;

    (void)db, (void)err;
    sql_reader_open(&reader, &sql_sqlite, statement, length);
    *out = (struct database_probe){.answer = may_run_again(reader) ? DATABASE_PROBE_AGAIN : DATABASE_PROBE_UNKNOWN};
    return MIGRATE_OK;
}
