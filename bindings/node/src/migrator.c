/* SPDX-License-Identifier: MIT
 * A migrator: options, callbacks, source and driver, made at once from what JavaScript gives, and the session that is opened
 * and closed with them. */
#include "addon.h"

#include <stdlib.h>

static const napi_type_tag migrator_tag = {0x6c69626d69677261, 0x74652d6d69677261};
static const napi_type_tag plan_tag = {0x6c69626d69677261, 0x74652d706c616e00};

void migrator_end_session(struct migrator *migrator)
{
    migrate_run *run = migrator->run;
    migrate_session *session = migrator->session;

    migrator->run = NULL;
    migrator->session = NULL;
    if (run != NULL)
        migrate_run_end(run, NULL, NULL);
    migrate_close(session);
}

static void migrator_free(struct migrator *migrator)
{
    migrator_end_session(migrator);
    migrate_options_free(migrator->options);
    migrate_source_free(migrator->source);
    migrate_driver_free(migrator->driver);
    migrate_token_free(migrator->token);
    while (migrator->codes != NULL) {
        struct code *next = migrator->codes->next;

        free(migrator->codes);
        migrator->codes = next;
    }
    free(migrator->engine);
    free(migrator);
}

static void finalize_migrator(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    migrator_free(data);
}

static void finalize_plan(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    migrate_plan_free(data);
}

static void *tagged(napi_env env, napi_value value, const napi_type_tag *tag)
{
    void *data = NULL;
    napi_valuetype type;
    bool fits = false;

    if (value == NULL || napi_typeof(env, value, &type) != napi_ok || type != napi_external ||
        napi_check_object_type_tag(env, value, tag, &fits) != napi_ok || !fits ||
        napi_get_value_external(env, value, &data) != napi_ok)
        return NULL;
    return data;
}

struct migrator *migrator_from(napi_env env, napi_value value)
{
    struct migrator *migrator = tagged(env, value, &migrator_tag);

    if (migrator == NULL)
        napi_throw_type_error(env, NULL, "libmigrate: this is no migrator");
    return migrator;
}

migrate_plan *plan_from(napi_env env, napi_value value)
{
    return tagged(env, value, &plan_tag);
}

napi_value value_plan(napi_env env, migrate_plan *plan)
{
    napi_value value = NULL;

    if (napi_create_external(env, plan, finalize_plan, NULL, &value) != napi_ok) {
        migrate_plan_free(plan);
        return NULL;
    }
    napi_type_tag_object(env, value, &plan_tag);
    return value;
}

static int32_t set_options(napi_env env, struct migrator *migrator, napi_value given, migrate_error **err)
{
    napi_value pairs = object_get(env, given, "options");
    int32_t code = MIGRATE_OK;
    bool environment = false, failed = false;

    napi_get_value_bool(env, object_get(env, given, "environment"), &environment);
    if (environment)
        code = migrate_options_from_environment(migrator->options, err);
    for (uint32_t i = 0; code == MIGRATE_OK && i < array_length(env, pairs); i++) {
        napi_value pair = array_get(env, pairs, i);
        char *key = text_from(env, array_get(env, pair, 0), &failed);
        char *value = failed ? NULL : text_from(env, array_get(env, pair, 1), &failed);

        code = failed ? MIGRATE_ERROR_NOMEM : migrate_options_set(migrator->options, key, value, err);
        free(key);
        free(value);
    }
    return code;
}

static struct code *code_new(napi_env env, struct migrator *migrator, napi_value number)
{
    struct code *code = calloc(1, sizeof *code);

    if (code == NULL)
        return NULL;
    napi_get_value_uint32(env, number, &code->number);
    code->migrator = migrator;
    code->next = migrator->codes;
    migrator->codes = code;
    return code;
}

/* [path, bytes] */
static int32_t add_file(napi_env env, struct migrator *migrator, napi_value entry, migrate_error **err)
{
    const void *data = NULL;
    size_t length = 0;
    bool failed = false;
    char *path = text_from(env, array_get(env, entry, 0), &failed);
    int32_t code = MIGRATE_ERROR_NOMEM;

    if (!failed && bytes_from(env, array_get(env, entry, 1), &data, &length))
        code = migrate_source_add_file(migrator->source, path, length == 0 ? "" : data, length, err);
    free(path);
    return code;
}

/* [id, up, down] */
static int32_t add_text(napi_env env, struct migrator *migrator, napi_value entry, migrate_error **err)
{
    bool failed = false;
    char *texts[3] = {0};
    int32_t code = MIGRATE_ERROR_NOMEM;

    for (uint32_t i = 0; i < 3 && !failed; i++)
        texts[i] = text_from(env, array_get(env, entry, i), &failed);
    if (!failed)
        code = migrate_source_add(migrator->source, texts[0], texts[1], texts[2], err);
    for (uint32_t i = 0; i < 3; i++)
        free(texts[i]);
    return code;
}

/* [id, version, number of the function, is there a way down?, does it make the schema up to id?] */
static int32_t add_code(napi_env env, struct migrator *migrator, napi_value entry, migrate_error **err)
{
    bool failed = false, down = false, schema = false;
    char *id = text_from(env, array_get(env, entry, 0), &failed);
    char *version = failed ? NULL : text_from(env, array_get(env, entry, 1), &failed);
    struct code *user = failed ? NULL : code_new(env, migrator, array_get(env, entry, 2));
    int32_t code = MIGRATE_ERROR_NOMEM;

    napi_get_value_bool(env, array_get(env, entry, 3), &down);
    napi_get_value_bool(env, array_get(env, entry, 4), &schema);
    if (user != NULL && schema)
        code = migrate_source_set_schema_code(migrator->source, id, on_code_up, user, err);
    else if (user != NULL)
        code = migrate_source_add_code(migrator->source, id, version, on_code_up, down ? on_code_down : NULL, user, err);
    free(id);
    free(version);
    return code;
}

static int32_t set_source(napi_env env, struct migrator *migrator, napi_value given, migrate_error **err)
{
    static const struct {
        const char *name;
        int32_t (*add)(napi_env, struct migrator *, napi_value, migrate_error **);
    } kinds[] = {{"files", add_file}, {"texts", add_text}, {"codes", add_code}};
    napi_value source = object_get(env, given, "source");
    int32_t code;

    if (is_nothing(env, source))
        return MIGRATE_OK;
    code = migrate_source_new(&migrator->source, err);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        napi_value list = object_get(env, source, kinds[kind].name);

        for (uint32_t i = 0; code == MIGRATE_OK && i < array_length(env, list); i++)
            code = kinds[kind].add(env, migrator, array_get(env, list, i), err);
    }
    return code == MIGRATE_OK ? migrate_options_set_source(migrator->options, migrator->source, err) : code;
}

/* declared: SQL, or the number of a function. */
static int32_t set_declared(napi_env env, struct migrator *migrator, napi_value given, migrate_error **err)
{
    napi_value declared = object_get(env, given, "declared");
    napi_valuetype type;
    int32_t code = MIGRATE_ERROR_NOMEM;
    bool failed = false;

    if (is_nothing(env, declared) || napi_typeof(env, declared, &type) != napi_ok)
        return MIGRATE_OK;
    if (type == napi_number) {
        struct code *user = code_new(env, migrator, declared);

        if (user != NULL)
            code = migrate_options_set_declared(migrator->options, NULL, on_code_up, user, err);
    } else {
        char *sql = text_from(env, declared, &failed);

        if (!failed)
            code = migrate_options_set_declared(migrator->options, sql, NULL, NULL, err);
        free(sql);
    }
    return code;
}

static int32_t set_driver(napi_env env, struct migrator *migrator, napi_value given, migrate_error **err)
{
    bool failed = false;
    char *engine = text_from(env, object_get(env, given, "driver"), &failed);
    int32_t code;

    if (engine == NULL)
        return failed ? MIGRATE_ERROR_NOMEM : MIGRATE_OK;
    code = migrate_driver_new(engine, migrator, &migrator->driver, err);
    free(engine);
    if (code != MIGRATE_OK)
        return code;
    migrate_driver_set(migrator->driver, "exec", (migrate_function)on_statement);
    migrate_driver_set(migrator->driver, "query", (migrate_function)on_statement);
    migrate_driver_set(migrator->driver, "in_transaction", (migrate_function)on_state);
    return MIGRATE_OK;
}

static int32_t fill(napi_env env, struct migrator *migrator, napi_value given, migrate_error **err)
{
    bool backup = false, failed = false;
    int32_t code = migrate_options_new(&migrator->options, err);

    if (code == MIGRATE_OK)
        code = set_options(env, migrator, given, err);
    if (code == MIGRATE_OK)
        code = set_source(env, migrator, given, err);
    if (code == MIGRATE_OK)
        code = set_declared(env, migrator, given, err);
    if (code == MIGRATE_OK)
        code = set_driver(env, migrator, given, err);
    if (code != MIGRATE_OK)
        return code;
    napi_get_value_bool(env, object_get(env, given, "onlyFiles"), &migrator->files);
    migrator->engine = text_from(env, object_get(env, given, "engine"), &failed);
    napi_get_value_bool(env, object_get(env, given, "backup"), &backup);
    migrate_options_set_event(migrator->options, on_event, migrator);
    if (backup)
        migrate_options_set_backup(migrator->options, on_backup, migrator);
    return failed ? MIGRATE_ERROR_NOMEM : MIGRATE_OK;
}

/* create(what): the migrator, or {name, text, json} of what is wrong with it. */
napi_value migrator_create(napi_env env, napi_callback_info info)
{
    napi_value given, value = NULL;
    struct migrator *migrator = calloc(1, sizeof *migrator);
    migrate_error *error = NULL;
    int32_t code;

    if (migrator == NULL)
        return out_of_memory(env);
    if (!arguments(env, info, 1, &given)) {
        migrator_free(migrator);
        return NULL;
    }
    code = fill(env, migrator, given, &error);
    if (code == MIGRATE_OK && napi_create_external(env, migrator, finalize_migrator, NULL, &value) == napi_ok) {
        napi_type_tag_object(env, value, &migrator_tag);
        return value;
    }
    migrator_free(migrator);
    return value_error(env, error, code);
}

int32_t migrator_renew_token(struct migrator *migrator, migrate_error **out_err)
{
    migrate_token *token = NULL;
    int32_t code = migrate_token_new(&token, out_err);

    if (code == MIGRATE_OK)
        code = migrate_options_set_token(migrator->options, token, out_err);
    if (code != MIGRATE_OK) {
        migrate_token_free(token);
        return code;
    }
    migrate_token_free(migrator->token);
    migrator->token = token;
    return MIGRATE_OK;
}

napi_value migrator_cancel(napi_env env, napi_callback_info info)
{
    napi_value value;
    struct migrator *migrator = arguments(env, info, 1, &value) ? migrator_from(env, value) : NULL;

    if (migrator != NULL && migrator->token != NULL)
        migrate_token_cancel(migrator->token);
    return NULL;
}

napi_value migrator_stop(napi_env env, napi_callback_info info)
{
    napi_value value;
    struct migrator *migrator = arguments(env, info, 1, &value) ? migrator_from(env, value) : NULL;

    if (migrator != NULL && migrator->token != NULL)
        migrate_token_stop(migrator->token);
    return NULL;
}

/* option(migrator, key): the value in force */
napi_value migrator_option(napi_env env, napi_callback_info info)
{
    napi_value given[2], value;
    struct migrator *migrator = arguments(env, info, 2, given) ? migrator_from(env, given[0]) : NULL;
    bool failed = false;
    char *key = migrator == NULL ? NULL : text_from(env, given[1], &failed);

    if (key == NULL)
        return NULL;
    value = value_text(env, migrate_options_get(migrator->options, key));
    free(key);
    return value;
}

napi_value migrator_listen(napi_env env, napi_callback_info info)
{
    napi_value given[2];
    bool wanted = false;
    struct migrator *migrator = arguments(env, info, 2, given) ? migrator_from(env, given[0]) : NULL;

    if (migrator != NULL && napi_get_value_bool(env, given[1], &wanted) == napi_ok)
        atomic_store(&migrator->listening, wanted);
    return NULL;
}
