/* SPDX-License-Identifier: MIT
 * The list of engines, and short hands for what every caller of a connection does. */
#include "database/database.h"
#include "database/engines.h"
#ifndef MIGRATE_OMIT_POSTGRESQL
#include "database/postgresql/postgresql.h"
#endif
#ifndef MIGRATE_OMIT_SQLITE
#include "database/sqlite/sqlite.h"
#endif
#include "util/clock.h"

#include <string.h>

#ifndef MIGRATE_OMIT_SQLITE
static int32_t report_sqlite(migrate_error **err, const char *sqlstate, int32_t driver_code,
                             const char *message)
{
    (void)sqlstate;
    return sqlite_report(err, driver_code, message);
}

static const char *const sqlite_schemes[] = {"sqlite", "sqlite3", "file", NULL};
#endif

#ifndef MIGRATE_OMIT_POSTGRESQL
static int32_t report_postgresql(migrate_error **err, const char *sqlstate, int32_t driver_code,
                                 const char *message)
{
    int32_t code = MIGRATE_ERROR_SQL;

    (void)driver_code;
    postgresql_classify(NULL, sqlstate, &code);
    error_set(err, code, "%s", message);
    postgresql_classify(err, sqlstate, &code);
    return code;
}

/* What pg_dump's preamble and migrations by hand change, as far as any role may set it back. */
#define POSTGRESQL_SETTINGS                                                                                  \
    "SELECT 'SELECT ' || string_agg(format('pg_catalog.set_config(%L, %L, false)', name, setting), ', ') "   \
    "FROM (SELECT name, current_setting(name, true) AS setting FROM unnest(ARRAY['role', 'search_path', "    \
    "'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'check_function_bodies', "  \
    "'standard_conforming_strings', 'row_security', 'client_min_messages', 'default_tablespace', "           \
    "'default_table_access_method', 'default_transaction_isolation', 'default_transaction_read_only', "      \
    "'synchronous_commit', 'work_mem', 'maintenance_work_mem', 'TimeZone', 'DateStyle', 'IntervalStyle', "   \
    "'xmloption']) AS name) AS known WHERE setting IS NOT NULL"

static const char *const postgresql_schemes[] = {"postgresql", "postgres", NULL};
#endif

const struct database_entry database_entries[] = {
#ifndef MIGRATE_OMIT_SQLITE
    {&database_sqlite, &sqlite_library, sqlite_schemes, sqlite_open, sqlite_open_handle, report_sqlite, NULL},
#endif
#ifndef MIGRATE_OMIT_POSTGRESQL
    {&database_postgresql, &postgresql_library, postgresql_schemes, postgresql_open, postgresql_open_handle,
     report_postgresql, POSTGRESQL_SETTINGS},
#endif
};
const size_t database_entry_count = sizeof database_entries / sizeof database_entries[0];

const struct database_entry *database_entry_of(const struct database_engine *engine)
{
    for (size_t i = 0; i < database_entry_count; i++)
        if (database_entries[i].engine == engine)
            return &database_entries[i];
    return NULL;
}

const struct database_engine *database_engine_of(const char *name)
{
    for (size_t i = 0; i < database_entry_count; i++)
        if (text_equal(database_entries[i].engine->name, name))
            return database_entries[i].engine;
    return NULL;
}

bool database_has(const char *feature)
{
#ifdef MIGRATE_CLIENTS_LINKED
    const char *reached = "linked";
#else
    const char *reached = "dlopen";
#endif
    return text_equal(feature, reached) || database_engine_of(feature) != NULL;
}

int32_t database_exec(struct database *db, const char *sql, migrate_error **err)
{
    return db->class->exec(db, sql, strlen(sql), NULL, err);
}

int32_t database_clean_up(struct database *db, const char *sql, migrate_error **err)
{
    enum { PATIENCE = 5000000 }; /* microseconds */
    struct watch *watch = db->watch, own = {.deadline = clock_monotonic() + PATIENCE};
    int32_t result;

    db->watch = &own;
    result = database_exec(db, sql, err);
    db->watch = watch;
    return result;
}

int32_t database_exec_text(struct database *db, const struct text *sql, struct database_fault *fault,
                           migrate_error **err)
{
    if (sql->failed)
        return error_nomem(err);
    return db->class->exec(db, sql->data == NULL ? "" : sql->data, sql->length, fault, err);
}

int32_t database_query(struct database *db, const struct text *sql, struct migrate_rows **out,
                       migrate_error **err)
{
    if (sql->failed)
        return error_nomem(err);
    return db->class->query(db, sql->data == NULL ? "" : sql->data, out, err);
}

int32_t database_ask(struct database *db, const struct text *sql, bool *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t result = database_query(db, sql, &rows, err);

    if (result != MIGRATE_OK)
        return result;
    if (rows_count(rows) == 1 && rows_columns(rows) == 1)
        *out = rows_int(rows, 0, 0) != 0;
    else
        result = error_set(err, MIGRATE_ERROR_INTERNAL, "a question to the database had no single answer");
    rows_free(rows);
    return result;
}

void database_probe_free(struct database_probe *probe)
{
    text_free(&probe->object);
    text_free(&probe->mend);
    text_free(&probe->session);
}

void database_effects_free(struct database_effects *effects)
{
    text_free(&effects->lock);
    text_free(&effects->locked);
    text_free(&effects->rewritten);
    text_free(&effects->scanned);
}
