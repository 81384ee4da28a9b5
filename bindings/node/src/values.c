/* SPDX-License-Identifier: MIT
 * JavaScript's values as C's texts and numbers, and back. A failure of Node-API leaves an exception pending, and that is enough:
 * whoever called returns to JavaScript soon. */
#include "addon.h"

#include <stdlib.h>
#include <string.h>

napi_value out_of_memory(napi_env env)
{
    napi_throw_error(env, NULL, "libmigrate: out of memory");
    return NULL;
}

char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *text_from(napi_env env, napi_value value, bool *failed)
{
    size_t length;
    char *text;

    if (is_nothing(env, value))
        return NULL;
    *failed = napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok;
    if (*failed) {
        napi_throw_type_error(env, NULL, "libmigrate: a text is needed here");
        return NULL;
    }
    text = malloc(length + 1);
    *failed = text == NULL || napi_get_value_string_utf8(env, value, text, length + 1, &length) != napi_ok;
    if (!*failed)
        return text;
    free(text);
    out_of_memory(env);
    return NULL;
}

bool is_nothing(napi_env env, napi_value value)
{
    napi_valuetype type;

    return value == NULL || napi_typeof(env, value, &type) != napi_ok || type == napi_undefined || type == napi_null;
}

napi_value value_text(napi_env env, const char *text)
{
    napi_value value = NULL;

    if (text == NULL)
        napi_get_null(env, &value);
    else
        napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
    return value;
}

napi_value value_int(napi_env env, int64_t number)
{
    napi_value value = NULL;

    napi_create_int64(env, number, &value);
    return value;
}

napi_value value_bool(napi_env env, bool truth)
{
    napi_value value = NULL;

    napi_get_boolean(env, truth, &value);
    return value;
}

napi_value object_new(napi_env env)
{
    napi_value object = NULL;

    napi_create_object(env, &object);
    return object;
}

void object_set(napi_env env, napi_value object, const char *name, napi_value value)
{
    if (value != NULL)
        napi_set_named_property(env, object, name, value);
}

napi_value object_get(napi_env env, napi_value object, const char *name)
{
    napi_value value = NULL;

    return napi_get_named_property(env, object, name, &value) == napi_ok ? value : NULL;
}

uint32_t array_length(napi_env env, napi_value array)
{
    uint32_t length = 0;

    return is_nothing(env, array) || napi_get_array_length(env, array, &length) != napi_ok ? 0 : length;
}

napi_value array_get(napi_env env, napi_value array, uint32_t index)
{
    napi_value value = NULL;

    return napi_get_element(env, array, index, &value) == napi_ok ? value : NULL;
}

bool bytes_from(napi_env env, napi_value value, const void **out_data, size_t *out_length)
{
    void *data;
    bool is_typed = false;

    if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed)
        return false;
    if (napi_get_typedarray_info(env, value, NULL, out_length, &data, NULL, NULL) != napi_ok)
        return false;
    *out_data = data;
    return true;
}

bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out)
{
    size_t given = count;

    return napi_get_cb_info(env, info, &given, out, NULL, NULL) == napi_ok;
}

char *rows_to_json(migrate_rows *rows)
{
    char *text = NULL;

    if (rows != NULL)
        migrate_rows_json(rows, &text, NULL);
    migrate_rows_free(rows);
    return text;
}

/* {name, text, json}: an exception is made of it in JavaScript. error may be NULL, when there was no memory for one. */
napi_value value_error(napi_env env, migrate_error *error, int32_t code)
{
    napi_value object = object_new(env);
    char *text = NULL, *json = NULL;

    if (error != NULL) {
        migrate_error_text(error, &text);
        migrate_error_json(error, &json);
    }
    object_set(env, object, "name", value_text(env, migrate_code_name(code)));
    object_set(env, object, "text", value_text(env, text));
    object_set(env, object, "json", value_text(env, json));
    migrate_free(text);
    migrate_free(json);
    migrate_error_free(error);
    return object;
}
