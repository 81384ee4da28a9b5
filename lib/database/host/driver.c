/* SPDX-License-Identifier: MIT
 * A host's driver as an object, and the result that its callbacks fill in. */
#include "database/host/host.h"
#include "util/memory.h"

#include <stddef.h>
#include <string.h>

int32_t driver_new(const char *engine, void *user, migrate_driver **out, migrate_error **err)
{
    const struct database_engine *known = database_engine_of(engine);
    migrate_driver *driver;

    if (known == NULL)
        return error_set(err, MIGRATE_ERROR_MISUSE, "%s: no such engine", engine == NULL ? "NULL" : engine);
    driver = memory_new(sizeof *driver);
    if (driver == NULL)
        return error_nomem(err);
    atomic_init(&driver->references, 1);
    driver->engine = known;
    driver->user = user;
    *out = driver;
    return MIGRATE_OK;
}

/* Unknown names are ignored: a host may know more than this version does. */
int32_t driver_set(migrate_driver *driver, const char *name, migrate_function fn)
{
    if (strcmp(name, "exec") == 0)
        driver->exec = (migrate_driver_fn)fn;
    else if (strcmp(name, "query") == 0)
        driver->query = (migrate_driver_fn)fn;
    else if (strcmp(name, "in_transaction") == 0)
        driver->in_transaction = (migrate_driver_state_fn)fn;
    else if (strcmp(name, "cancel") == 0)
        driver->cancel = (migrate_driver_state_fn)fn;
    return MIGRATE_OK;
}

migrate_driver *driver_ref(migrate_driver *driver)
{
    if (driver != NULL)
        atomic_fetch_add(&driver->references, 1);
    return driver;
}

void driver_unref(migrate_driver *driver)
{
    if (driver != NULL && atomic_fetch_sub(&driver->references, 1) == 1)
        memory_free(driver);
}

/* Columns that the callback has not named are called by their numbers, from 1. */
static void number_names(struct migrate_result *result)
{
    for (size_t i = 0; i < result->columns && !result->name_texts.failed; i++) {
        text_add_int(&result->name_texts, (int64_t)i + 1);
        text_add_char(&result->name_texts, '\0');
    }
    result->names = result->columns;
}

int32_t result_begin_rows(struct migrate_result *result)
{
    size_t columns = result->columns;
    const char **items, *next;

    if (result->rows != NULL)
        return MIGRATE_OK;
    if (result->names == 0)
        number_names(result);
    if (result->names != columns)
        return MIGRATE_ERROR_MISUSE;
    items = columns > SIZE_MAX / sizeof *items ? NULL : memory_new(columns * sizeof *items);
    next = result->name_texts.data;
    for (size_t i = 0; items != NULL && i < columns && !result->name_texts.failed; i++) {
        items[i] = next;
        next += strlen(next) + 1;
    }
    if (items != NULL && !result->name_texts.failed)
        result->rows = rows_new(items, columns);
    memory_free(items);
    result->out_of_memory = result->rows == NULL;
    return result->out_of_memory ? MIGRATE_ERROR_NOMEM : MIGRATE_OK;
}

int32_t result_columns(migrate_result *result, size_t columns)
{
    if (result->columns != 0)
        return MIGRATE_ERROR_MISUSE;
    result->columns = columns;
    return MIGRATE_OK;
}

int32_t result_name(migrate_result *result, const char *name)
{
    if (result->rows != NULL || result->names >= result->columns)
        return MIGRATE_ERROR_MISUSE;
    result->names++;
    text_add(&result->name_texts, name);
    text_add_char(&result->name_texts, '\0');
    return result->name_texts.failed ? MIGRATE_ERROR_NOMEM : MIGRATE_OK;
}

int32_t result_value(migrate_result *result, const char *text, size_t length)
{
    int32_t code = result->columns == 0 ? MIGRATE_ERROR_MISUSE : result_begin_rows(result);

    if (code != MIGRATE_OK)
        return code;
    result->values++;
    rows_put_text_n(result->rows, text, length);
    return MIGRATE_OK;
}

int32_t result_fail(migrate_result *result, const char *sqlstate, int32_t driver_code, const char *message,
                    int64_t position)
{
    char *copy = memory_text(message);

    result->failed = true;
    memset(result->sqlstate, 0, sizeof result->sqlstate);
    if (sqlstate != NULL)
        memcpy(result->sqlstate, sqlstate, strnlen(sqlstate, sizeof result->sqlstate - 1));
    result->driver_code = driver_code;
    result->position = position;
    memory_free(result->message);
    result->message = copy;
    return copy == NULL && message != NULL ? MIGRATE_ERROR_NOMEM : MIGRATE_OK;
}

void result_clear(struct migrate_result *result)
{
    rows_free(result->rows);
    text_free(&result->name_texts);
    memory_free(result->message);
    memset(result, 0, sizeof *result);
}
