/* SPDX-License-Identifier: MIT
 * The functions that change the database. Each gives its report as JSON. */
#include "extension.h"

#include <string.h>

typedef int32_t (*verb_fn)(struct call *call, migrate_rows **out);

static int32_t apply(struct call *call, migrate_rows **out)
{
    migrate_plan *plan = NULL;
    int32_t code = call->target ? migrate_plan_make(call->session, call->target, &plan, &call->error) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = migrate_apply(call->session, plan, out, &call->error);
    migrate_plan_free(plan);
    return code;
}

static int32_t roll_back(struct call *call, migrate_rows **out)
{
    return migrate_rollback(call->session, call->target, out, &call->error);
}

static int32_t start_up(struct call *call, migrate_rows **out)
{
    if (call->target) {
        call->refusal = sqlite3_mprintf("start-up has no target: it applies everything");
        return MIGRATE_ERROR_MISUSE;
    }
    return migrate_startup_session(call->session, out, &call->error);
}

static const struct verb {
    const char *name;
    verb_fn run;
} verbs[] = {{"migrate_apply", apply}, {"migrate_rollback", roll_back}, {"migrate_startup", start_up}};

static void fail(sqlite3_context *context, const struct call *call)
{
    int code;
    char *message = call_failure(call, &code);
    if (!message) {
        sqlite3_result_error_nomem(context);
        return;
    }
    sqlite3_result_error(context, message, -1);
    sqlite3_result_error_code(context, code);
    sqlite3_free(message);
}

/* {"code": "ok", "changed": true, ...}: the report, with the answer in front. */
static void answer(sqlite3_context *context, struct call *call, int32_t code, const migrate_rows *rows)
{
    char *json = NULL;
    if (migrate_rows_json(rows, &json, &call->error) != MIGRATE_OK) {
        fail(context, call);
        return;
    }
    bool more = json[1] != '}';
    char *text = sqlite3_mprintf("{\"code\":\"%s\"%s%s", migrate_code_name(code), more ? "," : "", json + 1);
    migrate_free(json);
    if (text)
        sqlite3_result_text(context, text, -1, sqlite3_free);
    else
        sqlite3_result_error_nomem(context);
}

static void run_verb(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    const struct verb *verb = sqlite3_user_data(context);
    struct call call;
    migrate_rows *rows = NULL;
    int32_t code = MIGRATE_ERROR_MISUSE;
    if (count < 1)
        sqlite3_result_error(context, "the first argument is the directory with the migrations", -1);
    else if (!call_begin(&call, sqlite3_context_db_handle(context), true, count, arguments) || (code = verb->run(&call, &rows)) < 0)
        fail(context, &call);
    else
        answer(context, &call, code, rows);
    migrate_rows_free(rows);
    if (count >= 1)
        call_end(&call);
}

static void run_version(sqlite3_context *context, int count, sqlite3_value **arguments)
{
    (void)count, (void)arguments;
    sqlite3_result_text(context, migrate_version(), -1, SQLITE_STATIC);
}

int functions_register(sqlite3 *db)
{
    int code = sqlite3_create_function(db, "migrate_version", 0, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, run_version,
                                       NULL, NULL);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs && code == SQLITE_OK; i++)
        code = sqlite3_create_function(db, verbs[i].name, -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, (void *)&verbs[i], run_verb, NULL, NULL);
    return code;
}
