/* SPDX-License-Identifier: MIT
 * The exported functions of errors, codes and the library itself. */
#include "api/api.h"
#include "core/version.h"
#include "database/database.h"
#include "util/memory.h"

int32_t api_missing(migrate_error **err, const char *function, const char *argument)
{
    return error_set(err, MIGRATE_ERROR_MISUSE, "%s(): %s is NULL", function, argument);
}

const char *migrate_version(void)
{
    return LIBRARY_VERSION;
}

int32_t migrate_version_number(void)
{
    return MIGRATE_VERSION_NUMBER;
}

int32_t migrate_has(const char *feature)
{
    return feature && database_has(feature) ? 1 : 0;
}

void migrate_free(void *text)
{
    memory_free(text);
}

int32_t migrate_error_code(const migrate_error *error)
{
    return error ? error->code : MIGRATE_OK;
}

const char *migrate_error_name(const migrate_error *error)
{
    return error ? error_code_name(error->code) : NULL;
}

const char *migrate_error_class(const migrate_error *error)
{
    return error ? error_code_class(error->code) : NULL;
}

const char *migrate_error_message(const migrate_error *error)
{
    return error ? error->message : NULL;
}

const char *migrate_error_detail(const migrate_error *error)
{
    return error ? error->detail : NULL;
}

const char *migrate_error_hint(const migrate_error *error)
{
    return error ? error->hint : NULL;
}

const char *migrate_error_id(const migrate_error *error)
{
    return error ? error->id : NULL;
}

const char *migrate_error_file(const migrate_error *error)
{
    return error ? error->file : NULL;
}

int64_t migrate_error_line(const migrate_error *error)
{
    return error ? error->line : 0;
}

int64_t migrate_error_column(const migrate_error *error)
{
    return error ? error->column : 0;
}

const char *migrate_error_statement(const migrate_error *error)
{
    return error ? error->statement : NULL;
}

const char *migrate_error_sqlstate(const migrate_error *error)
{
    return error && error->sqlstate[0] ? error->sqlstate : NULL;
}

int32_t migrate_error_driver_code(const migrate_error *error)
{
    return error ? error->driver_code : 0;
}

int32_t migrate_error_text(const migrate_error *error, char **out_text)
{
    if (!error || !out_text)
        return MIGRATE_ERROR_MISUSE;
    char *text = error_to_text(error);
    if (!text)
        return MIGRATE_ERROR_NOMEM;
    *out_text = text;
    return MIGRATE_OK;
}

int32_t migrate_error_json(const migrate_error *error, char **out_json)
{
    if (!error || !out_json)
        return MIGRATE_ERROR_MISUSE;
    char *json = error_to_json(error);
    if (!json)
        return MIGRATE_ERROR_NOMEM;
    *out_json = json;
    return MIGRATE_OK;
}

void migrate_error_free(migrate_error *error)
{
    error_free(error);
}

const char *migrate_code_name(int32_t code)
{
    return error_code_name(code);
}
