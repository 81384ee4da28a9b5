/* SPDX-License-Identifier: MIT
 * What a migration in JavaScript does with its connection: statements on the call's thread, which waits for the function's end. */
#include "addon.h"

#include <stdlib.h>

/* On the call's thread. */
void work_run(struct work *work, migrate_connection *connection)
{
    migrate_rows *rows = NULL;

    switch (work->kind) {
    case WORK_EXEC:
        work->code = migrate_connection_exec(connection, work->sql, &work->error);
        break;
    case WORK_QUERY:
        work->code = migrate_connection_query(connection, work->sql, &rows, &work->error);
        work->answer = rows_to_json(rows);
        break;
    case WORK_QUOTE:
        work->code = migrate_connection_quote(connection, work->sql, &work->answer, &work->error);
        break;
    }
}

void work_free(struct work *work)
{
    if (work == NULL)
        return;
    migrate_error_free(work->error);
    migrate_free(work->answer);
    free(work->sql);
    free(work);
}

void work_settle(napi_env env, struct work *work)
{
    napi_value outcome = object_new(env);

    if (work->code < 0)
        object_set(env, outcome, "error", value_error(env, work->error, work->code));
    else
        object_set(env, outcome, "answer", value_text(env, work->answer));
    work->error = NULL;
    napi_resolve_deferred(env, work->deferred, outcome);
    work_free(work);
}

/* work(migrator, number, kind, sql): a promise of {answer} or {error}; null when the function's time is over. One at a time. */
napi_value work_start(napi_env env, napi_callback_info info)
{
    napi_value given[4], promise = NULL;
    struct migrator *migrator = arguments(env, info, 4, given) ? migrator_from(env, given[0]) : NULL;
    struct call *call = migrator == NULL ? NULL : migrator->call;
    uint32_t number = 0, kind = WORK_EXEC;
    bool failed = false;
    struct work *work;

    napi_get_value_uint32(env, given[1], &number);
    napi_get_value_uint32(env, given[2], &kind);
    if (call == NULL || call_request(migrator, number) == NULL)
        return value_text(env, NULL);
    work = calloc(1, sizeof *work);
    if (work == NULL)
        return out_of_memory(env);
    work->done = MESSAGE_WORK_DONE;
    work->kind = (enum work_kind)kind;
    work->sql = text_from(env, given[3], &failed);
    if (failed || napi_create_promise(env, &work->deferred, &promise) != napi_ok) {
        work_free(work);
        return NULL;
    }
    pthread_mutex_lock(&call->mutex);
    call->work = work;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
    return promise;
}
