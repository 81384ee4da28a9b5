/* SPDX-License-Identifier: MIT
 * What JavaScript says to a request of the thread: a number, rows, or why it failed. A request that is over takes no answer. */
#include "addon.h"

#include <stdlib.h>

static struct request *request_of(napi_env env, napi_value owner, napi_value number, struct call **out_call)
{
    struct migrator *migrator = migrator_from(env, owner);
    uint32_t wanted = 0;

    if (migrator == NULL || migrator->call == NULL || napi_get_value_uint32(env, number, &wanted) != napi_ok)
        return NULL;
    *out_call = migrator->call;
    return call_request(migrator, wanted);
}

/* answer(migrator, number, answer) */
napi_value answer_number(napi_env env, napi_callback_info info)
{
    napi_value given[3];
    struct call *call;
    struct request *request = arguments(env, info, 3, given) ? request_of(env, given[0], given[1], &call) : NULL;
    int32_t answer = 1;

    if (request != NULL && napi_get_value_int32(env, given[2], &answer) == napi_ok)
        call_answer(call, request, answer);
    return NULL;
}

/* Throws nothing: NULL when it is no text, or there was no memory for it. */
static char *own_text(napi_env env, napi_value value, size_t *out_length)
{
    size_t length = 0;
    char *text;

    if (value == NULL || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
        return NULL;
    text = malloc(length + 1);
    if (text != NULL && napi_get_value_string_utf8(env, value, text, length + 1, out_length) == napi_ok)
        return text;
    free(text);
    return NULL;
}

static bool put_name(napi_env env, migrate_result *result, napi_value name)
{
    size_t length;
    char *text = own_text(env, name, &length);
    bool put = text != NULL && migrate_result_name(result, text) == MIGRATE_OK;

    free(text);
    return put;
}

/* Their names, or how many they are: a driver of the application's own may not know the names. */
static bool put_columns(napi_env env, migrate_result *result, napi_value columns)
{
    bool named = false;
    uint32_t count = 0;

    if (napi_is_array(env, columns, &named) != napi_ok)
        return false;
    if (named)
        count = array_length(env, columns);
    else if (napi_get_value_uint32(env, columns, &count) != napi_ok)
        return false;
    if (count > 0 && migrate_result_columns(result, count) != MIGRATE_OK)
        return false;
    for (uint32_t i = 0; named && i < count; i++) {
        napi_handle_scope scope;
        bool put;

        napi_open_handle_scope(env, &scope);
        put = put_name(env, result, array_get(env, columns, i));
        napi_close_handle_scope(env, scope);
        if (!put)
            return false;
    }
    return true;
}

static bool put_value(napi_env env, migrate_result *result, napi_value value)
{
    const void *data = NULL;
    size_t length = 0;
    char *text;
    bool put;

    if (is_nothing(env, value))
        return migrate_result_value(result, NULL, 0) == MIGRATE_OK;
    if (bytes_from(env, value, &data, &length))
        return migrate_result_value(result, length == 0 ? "" : data, length) == MIGRATE_OK;
    text = own_text(env, value, &length);
    put = text != NULL && migrate_result_value(result, text, length) == MIGRATE_OK;
    free(text);
    return put;
}

/* answerRows(migrator, number, columns, values) */
napi_value answer_rows(napi_env env, napi_callback_info info)
{
    napi_value given[4];
    struct call *call;
    struct request *request = arguments(env, info, 4, given) ? request_of(env, given[0], given[1], &call) : NULL;
    bool done;

    if (request == NULL || request->kind != MESSAGE_STATEMENT)
        return NULL;
    done = put_columns(env, request->result, given[2]);
    for (uint32_t i = 0; done && i < array_length(env, given[3]); i++) {
        napi_handle_scope scope;

        napi_open_handle_scope(env, &scope);
        done = put_value(env, request->result, array_get(env, given[3], i));
        napi_close_handle_scope(env, scope);
    }
    if (!done)
        migrate_result_fail(request->result, NULL, 0,
                            "the driver's rows cannot be read: the columns' names or number, and texts, bytes and nulls are expected", 0);
    call_answer(call, request, done ? 0 : 1);
    return NULL;
}

/* answerFailure(migrator, number, message, hint, sqlstate, driverCode, position) */
napi_value answer_failure(napi_env env, napi_callback_info info)
{
    napi_value given[7];
    struct call *call;
    struct request *request = arguments(env, info, 7, given) ? request_of(env, given[0], given[1], &call) : NULL;
    char *texts[3] = {0};
    bool failed = false;
    int32_t driver_code = 0;
    int64_t position = 0;

    if (request == NULL)
        return NULL;
    for (uint32_t i = 0; i < 3 && !failed; i++)
        texts[i] = text_from(env, given[2 + i], &failed);
    napi_get_value_int32(env, given[5], &driver_code);
    napi_get_value_int64(env, given[6], &position);
    if (request->kind == MESSAGE_CODE)
        migrate_connection_fail(request->connection, texts[0]);
    else if (request->kind == MESSAGE_BACKUP)
        migrate_backup_job_fail(request->job, texts[0], texts[1]);
    else if (request->kind == MESSAGE_STATEMENT)
        migrate_result_fail(request->result, texts[2], driver_code, texts[0], position);
    call_answer(call, request, request->kind == MESSAGE_STATE ? -1 : 1);
    for (uint32_t i = 0; i < 3; i++)
        free(texts[i]);
    return NULL;
}
