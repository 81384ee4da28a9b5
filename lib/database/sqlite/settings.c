/* SPDX-License-Identifier: MIT
 * Pragmas of a connection that a migration may change. They are no part of the transaction: ROLLBACK does not
 * bring them back. What cannot be read (case_sensitive_like) or belongs to the file (journal_mode) is left
 * alone. */
#include "database/sqlite/sqlite.h"

static const char *const pragmas[] = {
    "foreign_keys",
    "defer_foreign_keys",
    "legacy_alter_table",
    "recursive_triggers",
    "ignore_check_constraints",
    "synchronous",
    "query_only",
    "reverse_unordered_selects",
    "automatic_index",
    "cache_size",
    "trusted_schema",
    "writable_schema",
    "busy_timeout",
    "temp_store",
    "secure_delete",
    "cell_size_check",
};
_Static_assert(sizeof pragmas / sizeof pragmas[0] == SQLITE_SETTINGS, "as many as sqlite.h says");

#define TEMPORARY "SELECT type, name FROM temp.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"

static int32_t read_pragma(struct database *db, const char *pragma, int64_t *value, bool *known,
                           migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    int32_t result;

    text_format(&sql, "PRAGMA %s", pragma);
    result = database_query(db, &sql, &rows, err);
    if (result == MIGRATE_OK) {
        *known = rows_count(rows) > 0;
        *value = rows_int(rows, 0, 0);
    }
    rows_free(rows);
    text_free(&sql);
    return result;
}

static int32_t write_pragma(struct database *db, const char *pragma, int64_t value, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL; /* some pragmas answer with the value they took */
    int32_t result;

    if (text_equal(pragma, "secure_delete") && value == 2)
        text_add(&sql, "PRAGMA secure_delete=fast"); /* reads as 2, but 2 would be taken for "on" */
    else
        text_format(&sql, "PRAGMA %s=%lld", pragma, (long long)value);
    result = database_query(db, &sql, &rows, err);
    rows_free(rows);
    text_free(&sql);
    return result;
}

int32_t sqlite_settings_save(struct database *db, struct sqlite_settings *settings, migrate_error **err)
{
    struct sqlite_settings now = {0};
    int32_t result = MIGRATE_OK;

    for (size_t i = 0; i < SQLITE_SETTINGS && result == MIGRATE_OK; i++)
        result = read_pragma(db, pragmas[i], &now.values[i], &now.known[i], err);
    if (result == MIGRATE_OK)
        result = db->class->query(db, TEMPORARY, &now.temporary, err);
    if (result == MIGRATE_OK) {
        sqlite_settings_free(settings);
        *settings = now;
    }
    return result;
}

void sqlite_settings_free(struct sqlite_settings *settings)
{
    rows_free(settings->temporary);
    settings->temporary = NULL;
}

static bool was_there(const struct sqlite_settings *settings, const char *type, const char *name)
{
    for (size_t row = 0; row < rows_count(settings->temporary); row++) {
        if (text_equal(rows_text(settings->temporary, row, 0), type) &&
            text_equal(rows_text(settings->temporary, row, 1), name))
            return true;
    }
    return false;
}

/* Temporary tables hide those of the database by their names. */
static int32_t drop_temporary(struct database *db, const struct sqlite_settings *settings, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t result = db->class->query(db, TEMPORARY, &rows, err);

    for (size_t row = 0; result == MIGRATE_OK && row < rows_count(rows); row++) {
        const char *type = rows_text(rows, row, 0), *name = rows_text(rows, row, 1);
        struct text sql = {0};

        if (was_there(settings, type, name))
            continue;
        text_format(&sql, "DROP %s IF EXISTS ", type);
        db->engine->name_quoted(&sql, "temp", name);
        result = database_exec_text(db, &sql, NULL, err);
        text_free(&sql);
    }
    rows_free(rows);
    return result;
}

int32_t sqlite_settings_restore(struct database *db, const struct sqlite_settings *settings,
                                migrate_error **err)
{
    struct watch *watch = db->watch;
    int32_t result = MIGRATE_OK;

    db->watch = NULL;
    for (size_t i = 0; i < SQLITE_SETTINGS && result == MIGRATE_OK; i++) {
        int64_t value = 0;
        bool known = false;

        if (!settings->known[i])
            continue;
        result = read_pragma(db, pragmas[i], &value, &known, err);
        if (result == MIGRATE_OK && value != settings->values[i])
            result = write_pragma(db, pragmas[i], settings->values[i], err);
    }
    if (result == MIGRATE_OK)
        result = drop_temporary(db, settings, err);
    db->watch = watch;
    return result;
}
