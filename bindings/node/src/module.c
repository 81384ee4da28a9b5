/* SPDX-License-Identifier: MIT
 * What the addon gives to lib/: the library's own tables, and the functions of a migrator. */
#include "addon.h"

#include <stdlib.h>

static napi_value version(napi_env env, napi_callback_info info)
{
    (void)info;
    return value_text(env, migrate_version());
}

static napi_value has(napi_env env, napi_callback_info info)
{
    napi_value given;
    bool failed = false;
    char *name = arguments(env, info, 1, &given) ? text_from(env, given, &failed) : NULL;
    napi_value answer = failed ? NULL : value_bool(env, migrate_has(name) != 0);

    free(name);
    return answer;
}

static napi_value code_name(napi_env env, napi_callback_info info)
{
    napi_value given;
    int32_t code = 0;

    if (arguments(env, info, 1, &given))
        napi_get_value_int32(env, given, &code);
    return value_text(env, migrate_code_name(code));
}

static napi_value table(napi_env env, int32_t (*list)(migrate_rows **, migrate_error **))
{
    migrate_rows *rows = NULL;
    char *text;
    napi_value value;

    if (list(&rows, NULL) < 0)
        return out_of_memory(env);
    text = rows_to_json(rows);
    value = text == NULL ? out_of_memory(env) : value_text(env, text);
    migrate_free(text);
    return value;
}

static napi_value options(napi_env env, napi_callback_info info)
{
    (void)info;
    return table(env, migrate_options_list);
}

static napi_value rules(napi_env env, napi_callback_info info)
{
    (void)info;
    return table(env, migrate_check_rules);
}

#ifdef NODE_API_MODULE_GET_API_VERSION
NAPI_MODULE_EXPORT int32_t NODE_API_MODULE_GET_API_VERSION(void); /* newer headers define it, undeclared */
#endif

NAPI_MODULE_INIT()
{
    static const struct {
        const char *name;
        napi_callback function;
    } functions[] = {
        {"version", version},
        {"has", has},
        {"codeName", code_name},
        {"options", options},
        {"rules", rules},
        {"create", migrator_create},
        {"call", call_start},
        {"cancel", migrator_cancel},
        {"stop", migrator_stop},
        {"option", migrator_option},
        {"listen", migrator_listen},
        {"answer", answer_number},
        {"answerRows", answer_rows},
        {"answerFailure", answer_failure},
        {"work", work_start},
    };

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        napi_value function = NULL;

        napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
        object_set(env, exports, functions[i].name, function);
    }
    return exports;
}
