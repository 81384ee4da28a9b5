/* SPDX-License-Identifier: MIT
 * One call of the library: a thread of its own, a promise for its result, and the meeting place of that thread and JavaScript's
 * while it runs. */
#include "addon.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_EVERY 50 /* milliseconds, whether a backup is still wanted */

static void call_free(struct call *call)
{
    for (size_t i = 0; i < sizeof call->texts / sizeof *call->texts; i++)
        free(call->texts[i]);
    migrate_free(call->rows);
    migrate_free(call->findings);
    migrate_error_free(call->error);
    migrate_plan_free(call->made);
    work_free(call->work);
    work_free(call->work_done);
    pthread_cond_destroy(&call->changed);
    pthread_mutex_destroy(&call->mutex);
    free(call);
}

/* On the thread. */

static void wait_a_little(struct call *call)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_EVERY * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&call->changed, &call->mutex, &until);
}

/* A message that JavaScript's thread can take no more is one that is answered by its end. */
static void send(struct call *call, void *message)
{
    napi_call_threadsafe_function(call->send, message, napi_tsfn_blocking);
}

/* Asking whether a backup is still wanted lets the library report progress, which comes back here as another request. */
static void look_at_backup(struct call *call, struct request *request)
{
    pthread_mutex_unlock(&call->mutex);
    if (!request->gave_up && migrate_backup_job_cancelled(request->job) != 0) {
        request->gave_up = true;
        call->give_up = (struct give_up){MESSAGE_GIVE_UP, request->number};
        send(call, &call->give_up);
    }
    pthread_mutex_lock(&call->mutex);
}

int32_t call_ask(struct call *call, struct request *request)
{
    struct work *work;

    pthread_mutex_lock(&call->mutex);
    request->number = ++call->numbers;
    request->outer = call->request;
    call->request = request;
    request->answer = 1;
    pthread_mutex_unlock(&call->mutex);
    send(call, request);
    pthread_mutex_lock(&call->mutex);
    while (!request->answered && !call->dying) {
        if (request->kind == MESSAGE_CODE && call->work != NULL) {
            work = call->work;
            call->work = NULL;
            pthread_mutex_unlock(&call->mutex);
            work_run(work, request->connection);
            call->work_done = work;
            send(call, work);
            pthread_mutex_lock(&call->mutex);
        } else if (request->kind == MESSAGE_BACKUP) {
            wait_a_little(call);
            if (!request->answered && !call->dying)
                look_at_backup(call, request);
        } else {
            pthread_cond_wait(&call->changed, &call->mutex);
        }
    }
    call->request = request->outer;
    pthread_mutex_unlock(&call->mutex);
    return request->answer;
}

static void *run(void *data)
{
    struct call *call = data;

    verb_run(call);
    send(call, call);
    napi_release_threadsafe_function(call->send, napi_tsfn_release); /* from here on the call is JavaScript's */
    return NULL;
}

/* On JavaScript's thread. */

struct request *call_request(struct migrator *migrator, uint32_t number)
{
    struct call *call = migrator->call;
    struct request *request;

    if (call == NULL)
        return NULL;
    pthread_mutex_lock(&call->mutex);
    request = call->request;
    while (request != NULL && request->number != number)
        request = request->outer;
    pthread_mutex_unlock(&call->mutex);
    return request;
}

void call_answer(struct call *call, struct request *request, int32_t answer)
{
    pthread_mutex_lock(&call->mutex);
    request->answer = answer;
    request->answered = true;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
}

/* The environment ends (a Worker that is terminated) while the call runs: nobody answers it any more, and it has to be over. */
static void abandon(void *data)
{
    struct call *call = data;

    migrate_token_cancel(call->migrator->token);
    pthread_mutex_lock(&call->mutex);
    call->dying = true;
    pthread_cond_signal(&call->changed);
    pthread_mutex_unlock(&call->mutex);
    pthread_join(call->thread, NULL);
    call->migrator->call = NULL;
    atomic_store(&call->migrator->running, 0);
}

static void delete_references(napi_env env, struct call *call)
{
    napi_ref references[] = {call->dispatch, call->owner, call->plan_owner};

    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        if (references[i] != NULL)
            napi_delete_reference(env, references[i]);
}

/* {code: "ok", rows, findings, plan}, or {error: {name, text, json}} */
static void finish(napi_env env, struct call *call)
{
    napi_value outcome = object_new(env);

    pthread_join(call->thread, NULL);
    napi_remove_env_cleanup_hook(env, abandon, call);
    call->migrator->call = NULL;
    atomic_store(&call->migrator->running, 0);
    delete_references(env, call);
    if (call->code < 0) {
        object_set(env, outcome, "error", value_error(env, call->error, call->code));
        call->error = NULL;
    } else {
        object_set(env, outcome, "code", value_text(env, migrate_code_name(call->code)));
        object_set(env, outcome, "rows", value_text(env, call->rows));
        object_set(env, outcome, "findings", value_text(env, call->findings));
        if (call->made != NULL)
            object_set(env, outcome, "plan", value_plan(env, call->made));
        call->made = NULL;
    }
    napi_resolve_deferred(env, call->deferred, outcome);
}

/* env NULL: the environment ends; the call was abandoned and freed, and nothing of the message is there any more. */
static void receive(napi_env env, napi_value none, void *context, void *data)
{
    struct call *call = context;

    (void)none;
    if (env == NULL)
        return;
    switch (*(const enum message_kind *)data) {
    case MESSAGE_FINISHED:
        finish(env, call);
        break;
    case MESSAGE_WORK_DONE:
        call->work_done = NULL;
        work_settle(env, data);
        break;
    case MESSAGE_GIVE_UP:
        request_give_up(env, call, data);
        break;
    default:
        request_dispatch(env, call, data);
        break;
    }
}

static void finalize(napi_env env, void *data, void *hint)
{
    (void)env;
    (void)hint;
    call_free(data);
}

static struct call *call_new(napi_env env, struct migrator *migrator, const struct verb *verb)
{
    struct call *call = calloc(1, sizeof *call);
    pthread_condattr_t attributes;

    if (call == NULL)
        return NULL;
    call->finished = MESSAGE_FINISHED;
    call->env = env;
    call->migrator = migrator;
    call->verb = verb;
    pthread_mutex_init(&call->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&call->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return call;
}

/* texts: an array of at most three; number; plan */
static bool take_arguments(napi_env env, struct call *call, napi_value texts, napi_value number, napi_value plan)
{
    bool failed = false;

    for (uint32_t i = 0; i < array_length(env, texts) && i < 3 && !failed; i++)
        call->texts[i] = text_from(env, array_get(env, texts, i), &failed);
    if (failed)
        return false;
    if (!is_nothing(env, number))
        napi_get_value_int32(env, number, &call->number);
    if (is_nothing(env, plan))
        return true;
    call->plan = plan_from(env, plan);
    if (call->plan == NULL)
        napi_throw_type_error(env, NULL, "libmigrate: this is no plan");
    return call->plan != NULL && napi_create_reference(env, plan, 1, &call->plan_owner) == napi_ok;
}

/* Signals are the program's, and Node's own thread handles them. */
static bool start_thread(struct call *call)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&call->thread, NULL, run, call) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static napi_value begin(napi_env env, struct call *call, napi_value owner, napi_value dispatch)
{
    napi_value promise, name = value_text(env, "libmigrate");

    if (napi_create_reference(env, owner, 1, &call->owner) != napi_ok ||
        napi_create_reference(env, dispatch, 1, &call->dispatch) != napi_ok ||
        napi_create_promise(env, &call->deferred, &promise) != napi_ok ||
        napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, call, finalize, call, receive, &call->send) != napi_ok) {
        delete_references(env, call);
        call_free(call);
        return NULL;
    }
    call->migrator->call = call;
    atomic_store(&call->migrator->running, (uintptr_t)call);
    if (start_thread(call)) {
        napi_add_env_cleanup_hook(env, abandon, call);
        return promise;
    }
    call->migrator->call = NULL;
    atomic_store(&call->migrator->running, 0);
    delete_references(env, call);
    napi_release_threadsafe_function(call->send, napi_tsfn_release);
    napi_throw_error(env, NULL, "libmigrate: a thread could not be started");
    return NULL;
}

/* call(migrator, dispatch, verb, texts, number, plan, stop): a promise of an outcome. stop: at once, at the first safe point */
napi_value call_start(napi_env env, napi_callback_info info)
{
    napi_value given[7];
    struct migrator *migrator = arguments(env, info, 7, given) ? migrator_from(env, given[0]) : NULL;
    bool failed = false, stop = false;
    char *name = migrator == NULL ? NULL : text_from(env, given[2], &failed);
    const struct verb *verb = name == NULL ? NULL : verb_named(name);
    struct call *call;

    free(name);
    if (verb == NULL || migrator->call != NULL) {
        napi_throw_error(env, NULL, "libmigrate: unknown verb, or a migrator that is in use");
        return NULL;
    }
    call = call_new(env, migrator, verb);
    if (call == NULL)
        return out_of_memory(env);
    if (!take_arguments(env, call, given[3], given[4], given[5]) ||
        (verb_opens(verb) && migrator_renew_token(migrator, NULL) != MIGRATE_OK)) {
        delete_references(env, call);
        call_free(call);
        return NULL;
    }
    if (napi_get_value_bool(env, given[6], &stop) == napi_ok && stop && migrator->token != NULL)
        migrate_token_stop(migrator->token);
    return begin(env, call, given[0], given[1]);
}
