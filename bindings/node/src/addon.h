/* SPDX-License-Identifier: MIT
 * What the addon's files share: a migrator (options, session, what JavaScript gave), the call that runs on its own thread, and
 * what that thread asks JavaScript meanwhile.
 *
 * One thread for each call and none from Node's pool: a call may wait for minutes, and four of them would stop the program's file
 * and name look-ups. While the thread waits for an answer, JavaScript's thread reads the library's objects in its place. */
#ifndef ADDON_H
#define ADDON_H

#define NAPI_VERSION 8
#include <migrate.h>
#include <node_api.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What a message to JavaScript's thread is; each struct that is sent begins with it. */
enum message_kind {
    MESSAGE_EVENT,
    MESSAGE_CODE,
    MESSAGE_BACKUP,
    MESSAGE_STATEMENT,
    MESSAGE_STATE,
    MESSAGE_GIVE_UP,  /* the backup that JavaScript makes is no longer wanted */
    MESSAGE_WORK_DONE,
    MESSAGE_FINISHED
};

/* The thread asks, and waits for the answer; lives on its stack. */
struct request {
    enum message_kind kind;
    uint32_t number;
    struct request *outer; /* a statement of a code migration, through the host's own connection */
    const migrate_event *event;
    migrate_connection *connection;
    migrate_backup_job *job;
    migrate_result *result;
    const char *sql;
    size_t length;
    uint32_t code; /* which function */
    bool gave_up;
    bool answered;
    int32_t answer;
};

/* Not a part of its request: it may arrive when that is over. */
struct give_up {
    enum message_kind kind;
    uint32_t number;
};

enum work_kind { WORK_EXEC, WORK_QUERY, WORK_QUOTE };

/* The other way round: a code migration in JavaScript wants something of the connection, which only the thread may use. */
struct work {
    enum message_kind done;
    enum work_kind kind;
    char *sql;
    napi_deferred deferred;
    int32_t code;
    char *answer;
    migrate_error *error;
};

struct call;

struct migrator {
    migrate_options *options;
    migrate_source *source;
    migrate_driver *driver;
    migrate_token *token;
    migrate_session *session;
    migrate_run *run;
    char *engine;         /* of files alone */
    bool files;           /* no database */
    atomic_int listening; /* somebody wants events */
    struct code *codes;
    struct call *call; /* the one that runs; JavaScript's thread alone */
    atomic_uintptr_t running; /* the same for the thread's callbacks */
};

/* The user pointer of a function in JavaScript. */
struct code {
    struct migrator *migrator;
    uint32_t number;
    struct code *next;
};

struct verb;

struct call {
    enum message_kind finished;
    struct migrator *migrator;
    const struct verb *verb;
    char *texts[3];
    int32_t number;
    migrate_plan *plan;

    napi_env env;
    napi_deferred deferred;
    napi_ref dispatch;
    napi_ref owner;
    napi_ref plan_owner;
    napi_threadsafe_function send;
    pthread_t thread;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct request *request;
    struct work *work;      /* to be done */
    struct work *work_done; /* on its way back */
    struct give_up give_up;
    uint32_t numbers;
    bool dying; /* the environment ends: nobody will answer any more */

    int32_t code;
    char *rows;
    char *findings;
    migrate_plan *made;
    migrate_error *error;
};

/* values.c: JavaScript's values and C's texts */
char *text_from(napi_env env, napi_value value, bool *failed); /* NULL: null, undefined */
char *copy_text(const char *text);
napi_value value_text(napi_env env, const char *text); /* NULL: null */
napi_value value_int(napi_env env, int64_t number);
napi_value value_bool(napi_env env, bool truth);
napi_value value_error(napi_env env, migrate_error *error, int32_t code); /* frees it */
napi_value object_new(napi_env env);
void object_set(napi_env env, napi_value object, const char *name, napi_value value);
napi_value object_get(napi_env env, napi_value object, const char *name);
bool is_nothing(napi_env env, napi_value value);
uint32_t array_length(napi_env env, napi_value array);
napi_value array_get(napi_env env, napi_value array, uint32_t index);
bool bytes_from(napi_env env, napi_value value, const void **out_data, size_t *out_length);
char *rows_to_json(migrate_rows *rows); /* as JSON; frees them */
bool arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out);
napi_value out_of_memory(napi_env env);

/* migrator.c */
napi_value migrator_create(napi_env env, napi_callback_info info);
struct migrator *migrator_from(napi_env env, napi_value value);
void migrator_end_session(struct migrator *migrator);
napi_value migrator_option(napi_env env, napi_callback_info info);
napi_value migrator_listen(napi_env env, napi_callback_info info);
napi_value migrator_cancel(napi_env env, napi_callback_info info);
napi_value migrator_stop(napi_env env, napi_callback_info info);
int32_t migrator_renew_token(struct migrator *migrator, migrate_error **out_err);
migrate_plan *plan_from(napi_env env, napi_value value);
napi_value value_plan(napi_env env, migrate_plan *plan);

/* verbs.c */
const struct verb *verb_named(const char *name);
bool verb_opens(const struct verb *verb);
void verb_run(struct call *call);

/* call.c */
napi_value call_start(napi_env env, napi_callback_info info);
int32_t call_ask(struct call *call, struct request *request);
struct request *call_request(struct migrator *migrator, uint32_t number);
void call_answer(struct call *call, struct request *request, int32_t answer);

/* requests.c: the library's callbacks, on the call's thread, and their way to JavaScript */
int32_t on_event(const migrate_event *event, void *user);
int32_t on_code_up(migrate_connection *connection, void *user);
int32_t on_code_down(migrate_connection *connection, void *user);
int32_t on_backup(migrate_backup_job *job, void *user);
int32_t on_statement(const char *sql, size_t length, migrate_result *result, void *user);
int32_t on_state(void *user);
void request_dispatch(napi_env env, struct call *call, struct request *request);
void request_give_up(napi_env env, struct call *call, const struct give_up *message);

/* answers.c: what JavaScript says to a request */
napi_value answer_number(napi_env env, napi_callback_info info);
napi_value answer_rows(napi_env env, napi_callback_info info);
napi_value answer_failure(napi_env env, napi_callback_info info);

/* work.c */
napi_value work_start(napi_env env, napi_callback_info info);
void work_run(struct work *work, migrate_connection *connection);
void work_settle(napi_env env, struct work *work); /* frees it */
void work_free(struct work *work);

#endif
