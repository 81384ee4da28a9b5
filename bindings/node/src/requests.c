/* SPDX-License-Identifier: MIT
 * The library's callbacks. They come on the call's thread, hand over to JavaScript's and wait for its answer; there the library's
 * objects are read in the thread's place. */
#include "addon.h"

static struct call *running(void *user)
{
    return (struct call *)atomic_load(&((struct migrator *)user)->running); // NOLINT: kept as a number to be atomic
}

/* On the call's thread. A session is also closed without a call, when its migrator is collected: then nobody is asked. */

int32_t on_event(const migrate_event *event, void *user)
{
    struct migrator *migrator = user;
    struct call *call = running(user);
    struct request request = {.kind = MESSAGE_EVENT, .event = event};

    return call == NULL || !atomic_load(&migrator->listening) ? 0 : call_ask(call, &request);
}

static int32_t on_code(migrate_connection *connection, const struct code *code, bool down)
{
    struct call *call = running(code->migrator);
    struct request request = {.kind = MESSAGE_CODE, .connection = connection, .code = code->number * 2 + (down ? 1 : 0)};

    return call == NULL ? 1 : call_ask(call, &request);
}

int32_t on_code_up(migrate_connection *connection, void *user)
{
    return on_code(connection, user, false);
}

int32_t on_code_down(migrate_connection *connection, void *user)
{
    return on_code(connection, user, true);
}

int32_t on_backup(migrate_backup_job *job, void *user)
{
    struct call *call = running(user);
    struct request request = {.kind = MESSAGE_BACKUP, .job = job};

    return call == NULL ? 1 : call_ask(call, &request);
}

int32_t on_statement(const char *sql, size_t length, migrate_result *result, void *user)
{
    struct call *call = running(user);
    struct request request = {.kind = MESSAGE_STATEMENT, .sql = sql, .length = length, .result = result};

    return call == NULL ? 1 : call_ask(call, &request);
}

int32_t on_state(void *user)
{
    struct call *call = running(user);
    struct request request = {.kind = MESSAGE_STATE};

    return call == NULL ? -1 : call_ask(call, &request);
}

/* On JavaScript's thread. */

static napi_value event_values(napi_env env, const migrate_event *event)
{
    static const char *const names[] = {"id", "name", "file", "direction", "number", "count", "duration_us", "waited_us", "statement", "code",
                                        "pid", "tables", "sessions", "application", "host", "since", "bytes", "total"};
    napi_value values = object_new(env);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = migrate_event_text(event, names[i]);
        int64_t number = text == NULL ? migrate_event_int(event, names[i]) : 0;

        if (text != NULL)
            object_set(env, values, names[i], value_text(env, text));
        else if (number != 0)
            object_set(env, values, names[i], value_int(env, number));
    }
    return values;
}

static napi_value event_object(napi_env env, const migrate_event *event)
{
    napi_value object = object_new(env);

    object_set(env, object, "name", value_text(env, migrate_event_name(event)));
    object_set(env, object, "level", value_text(env, migrate_event_level(event)));
    object_set(env, object, "message", value_text(env, migrate_event_message(event)));
    object_set(env, object, "values", event_values(env, event));
    return object;
}

static napi_value job_object(napi_env env, const migrate_backup_job *job)
{
    napi_value object = object_new(env), tables = NULL;
    const char *table;

    object_set(env, object, "verb", value_text(env, migrate_backup_job_verb(job)));
    object_set(env, object, "file", value_text(env, migrate_backup_job_file(job)));
    object_set(env, object, "url", value_text(env, migrate_backup_job_url(job)));
    object_set(env, object, "server", value_text(env, migrate_backup_job_server(job)));
    napi_create_array(env, &tables);
    for (uint32_t i = 0; (table = migrate_backup_job_table(job, i)) != NULL; i++)
        napi_set_element(env, tables, i, value_text(env, table));
    object_set(env, object, "tables", tables);
    return object;
}

/* dispatch(kind, number, ...). It answers by itself, now or later; where it throws, nobody else would. */
static void dispatch(napi_env env, struct call *call, const char *kind, uint32_t number, napi_value first, napi_value second)
{
    napi_value function = NULL, global = NULL, ignored, values[4];
    struct request *request;

    values[0] = value_text(env, kind);
    values[1] = value_int(env, number);
    values[2] = first == NULL ? value_text(env, NULL) : first;
    values[3] = second == NULL ? value_text(env, NULL) : second;
    if (napi_get_reference_value(env, call->dispatch, &function) == napi_ok && napi_get_global(env, &global) == napi_ok &&
        napi_call_function(env, global, function, 4, values, &ignored) == napi_ok)
        return;
    napi_get_and_clear_last_exception(env, &ignored);
    request = call_request(call->migrator, number);
    if (request != NULL)
        call_answer(call, request, 1);
}

void request_dispatch(napi_env env, struct call *call, struct request *request)
{
    napi_value sql = NULL;

    switch (request->kind) {
    case MESSAGE_EVENT:
        dispatch(env, call, "event", request->number, event_object(env, request->event), NULL);
        break;
    case MESSAGE_CODE:
        dispatch(env, call, "code", request->number, value_int(env, request->code),
                 value_text(env, migrate_connection_engine(request->connection)));
        break;
    case MESSAGE_BACKUP:
        dispatch(env, call, "backup", request->number, job_object(env, request->job), NULL);
        break;
    case MESSAGE_STATEMENT:
        napi_create_string_utf8(env, request->sql, request->length, &sql);
        dispatch(env, call, "statement", request->number, sql, NULL);
        break;
    default:
        dispatch(env, call, "state", request->number, NULL, NULL);
        break;
    }
}

void request_give_up(napi_env env, struct call *call, const struct give_up *message)
{
    if (call_request(call->migrator, message->number) != NULL)
        dispatch(env, call, "give_up", message->number, NULL, NULL);
}
