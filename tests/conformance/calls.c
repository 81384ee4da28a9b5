/* SPDX-License-Identifier: MIT
 * The library's calls by the names that the cases have for them, and what they answer, as JSON. */
#include "calls.h"

#include "migrate.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A plan belongs to the session in which it was made. */
struct kept {
    migrate_options *options;
    migrate_token *token;
    migrate_session *session;
    migrate_plan *plan;
    sqlite3 *db; /* the program's own connections */
    PGconn *connection;
    const struct json *step; /* that is carried out: what the callback for events looks at */
    struct json *events;     /* of it, so far */
};

struct call {
    struct world *world;
    const struct json *step;
    struct kept *own; /* what this call works with */
    migrate_rows *rows;
    char *sql;
    migrate_error *error;
};

static void kept_free(struct kept *kept)
{
    if (!kept)
        return;
    migrate_plan_free(kept->plan);
    migrate_close(kept->session);
    migrate_options_free(kept->options);
    migrate_token_free(kept->token);
    json_free(kept->events);
    sqlite3_close(kept->db);
    PQfinish(kept->connection);
    free(kept);
}

void calls_forget(struct kept **kept)
{
    kept_free(*kept);
    *kept = NULL;
}

static const char *input(const struct call *call, const char *name)
{
    return json_get_text(call->step, name);
}

static bool asks(const struct call *call, const char *name)
{
    const struct json *value = json_get(call->step, name);
    return value && value->type == JSON_TRUTH && value->number == 1;
}

/* ---- before: options, events, the session ---- */

static int32_t hear(const migrate_event *event, void *user)
{
    struct kept *own = user;
    const char *name = migrate_event_name(event), *id = migrate_event_text(event, "id");
    const char *cancel = json_get_text(own->step, "cancel_at"), *stop = json_get_text(own->step, "stop_at");
    json_add(own->events, json_text(name));
    if (strcmp(name, "step") != 0 || !id)
        return 0;
    if (cancel && strcmp(id, cancel) == 0)
        migrate_token_cancel(own->token);
    if (stop && strcmp(id, stop) == 0)
        migrate_token_stop(own->token);
    return 0;
}

static int32_t set_options(struct call *call, const struct json *options)
{
    for (size_t i = 0; options && i < options->count; i++) {
        const struct json *value = options->items[i];
        int32_t code = migrate_options_set(call->own->options, options->names[i],
                                           value->type == JSON_TEXT ? value->text : NULL, &call->error);
        if (code != MIGRATE_OK)
            return code;
    }
    return MIGRATE_OK;
}

static int32_t set_source(struct call *call)
{
    struct json *files = call->world->files;
    migrate_source *source = NULL;
    if (call->world->road != WORLD_MEMORY)
        return migrate_options_set(call->own->options, "dir", call->world->dir, &call->error);
    int32_t code = migrate_source_new(&source, &call->error);
    for (size_t i = 0; code == MIGRATE_OK && i < files->count; i++) {
        if (strncmp(files->names[i], "../", 3) == 0)
            continue;
        code = migrate_source_add_file(source, files->names[i], files->items[i]->text, files->items[i]->length, &call->error);
    }
    if (code == MIGRATE_OK)
        code = migrate_options_set_source(call->own->options, source, &call->error);
    migrate_source_free(source);
    return code;
}

static int32_t make_options(struct call *call, const struct json *options)
{
    int32_t code = migrate_options_new(&call->own->options, &call->error);
    if (code == MIGRATE_OK)
        code = migrate_options_set(call->own->options, "wait_timeout", "10s", &call->error);
    if (code == MIGRATE_OK)
        code = set_source(call);
    if (code == MIGRATE_OK)
        code = set_options(call, options);
    if (code == MIGRATE_OK)
        code = set_options(call, json_get(call->step, "options"));
    if (code == MIGRATE_OK)
        code = migrate_options_set_event(call->own->options, hear, call->own);
    if (code == MIGRATE_OK)
        code = migrate_token_new(&call->own->token, &call->error);
    return code == MIGRATE_OK ? migrate_options_set_token(call->own->options, call->own->token, &call->error) : code;
}

static const char *url_of(const struct call *call)
{
    return input(call, "url") ? input(call, "url") : call->world->url;
}

static bool by_handle(const struct call *call)
{
    return call->world->road == WORLD_HANDLE && !input(call, "url");
}

static int32_t open_session(struct call *call)
{
    struct kept *own = call->own;
    if (!by_handle(call))
        return migrate_open(url_of(call), own->options, &own->session, &call->error);
    if (call->world->engine == WORLD_SQLITE) {
        sqlite3_open(call->world->database, &own->db);
        return migrate_open_sqlite3(own->db, own->options, &own->session, &call->error);
    }
    own->connection = PQconnectdb(call->world->url);
    return migrate_open_libpq(own->connection, own->options, &own->session, &call->error);
}

/* ---- the calls; the session is open ---- */

static int32_t make_plan(struct call *call)
{
    return migrate_plan_make(call->own->session, input(call, "target"), &call->own->plan, &call->error);
}

static int32_t make_plan_if_aimed(struct call *call)
{
    return input(call, "target") && !call->own->plan ? make_plan(call) : MIGRATE_OK;
}

static int32_t do_open(struct call *call)
{
    (void)call;
    return MIGRATE_OK;
}

static int32_t do_plan(struct call *call)
{
    int32_t code = make_plan(call);
    return code == MIGRATE_OK ? migrate_plan_rows(call->own->plan, &call->rows, &call->error) : code;
}

static int32_t do_plan_findings(struct call *call)
{
    int32_t code = make_plan(call);
    return code == MIGRATE_OK ? migrate_plan_findings(call->own->plan, &call->rows, &call->error) : code;
}

static int32_t do_plan_sql(struct call *call)
{
    int32_t code = make_plan(call);
    return code == MIGRATE_OK ? migrate_plan_sql(call->own->plan, &call->sql, &call->error) : code;
}

static int32_t do_apply(struct call *call)
{
    int32_t code = make_plan_if_aimed(call);
    return code == MIGRATE_OK ? migrate_apply(call->own->session, call->own->plan, &call->rows, &call->error) : code;
}

static int32_t do_rollback(struct call *call)
{
    return migrate_rollback(call->own->session, input(call, "target"), &call->rows, &call->error);
}

static int32_t do_startup(struct call *call)
{
    if (by_handle(call)) {
        int32_t code = open_session(call);
        return code == MIGRATE_OK ? migrate_startup_session(call->own->session, &call->rows, &call->error) : code;
    }
    return migrate_startup(url_of(call), call->own->options, &call->rows, &call->error);
}

static int32_t do_run(struct call *call)
{
    migrate_run *run = NULL;
    migrate_error *ignored = NULL;
    int32_t code = make_plan_if_aimed(call);
    if (code == MIGRATE_OK)
        code = migrate_run_begin(call->own->session, call->own->plan, &run, &call->error);
    if (code != MIGRATE_OK)
        return code;
    while ((code = migrate_run_step(run, &call->error)) == MIGRATE_MORE)
        continue;
    int32_t end = migrate_run_end(run, &call->rows, code < 0 ? &ignored : &call->error);
    migrate_error_free(ignored);
    return code == MIGRATE_OK ? end : code;
}

#define ROWS_OF(verb)                                                                                                             \
    static int32_t do_##verb(struct call *call)                                                                                   \
    {                                                                                                                             \
        return migrate_##verb(call->own->session, &call->rows, &call->error);                                                     \
    }
ROWS_OF(history)
ROWS_OF(status)
ROWS_OF(snapshot)
ROWS_OF(diff)
ROWS_OF(backup)
ROWS_OF(backups)

#define ROWS_WITH(verb, name)                                                                                                     \
    static int32_t do_##verb(struct call *call)                                                                                   \
    {                                                                                                                             \
        return migrate_##verb(call->own->session, input(call, name), &call->rows, &call->error);                                  \
    }
ROWS_WITH(check, "depth")
ROWS_WITH(verify, "target")
ROWS_WITH(generate, "to")
ROWS_WITH(generate_down, "id")
ROWS_WITH(reconcile, "mode")
ROWS_WITH(restore, "file")

static int32_t do_check_files(struct call *call)
{
    const char *engine = call->world->engine == WORLD_SQLITE ? "sqlite" : "postgresql";
    int32_t code = migrate_open_files(engine, call->own->options, &call->own->session, &call->error);
    return code == MIGRATE_OK ? do_check(call) : code;
}

static int32_t do_graph(struct call *call)
{
    return migrate_graph(call->own->session, input(call, "of"), input(call, "at"), &call->rows, &call->error);
}

static int32_t do_mark(struct call *call)
{
    return migrate_mark(call->own->session, input(call, "as"), input(call, "id"), input(call, "reason"), &call->rows, &call->error);
}

static int32_t do_baseline(struct call *call)
{
    return migrate_baseline(call->own->session, input(call, "target"), input(call, "reason"), &call->rows, &call->error);
}

static int32_t do_baseline_from_table(struct call *call)
{
    return migrate_baseline_from_table(call->own->session, input(call, "table"), input(call, "column"), input(call, "reason"),
                                       &call->rows, &call->error);
}

static int32_t do_rehearse(struct call *call)
{
    int32_t code = make_plan_if_aimed(call);
    return code == MIGRATE_OK ? migrate_rehearse(call->own->session, call->own->plan, &call->rows, &call->error) : code;
}

static int32_t do_protect(struct call *call)
{
    return migrate_protect(call->own->session, asks(call, "on"), input(call, "reason"), &call->rows, &call->error);
}

static const struct verb {
    const char *name;
    int32_t (*call)(struct call *call);
    bool opens;  /* by itself */
    bool report; /* its rows are one */
} verbs[] = {
    {"open", do_open, false, false},
    {"plan", do_plan, false, false},
    {"plan_findings", do_plan_findings, false, false},
    {"plan_sql", do_plan_sql, false, false},
    {"apply", do_apply, false, true},
    {"rollback", do_rollback, false, true},
    {"startup", do_startup, true, true},
    {"run", do_run, false, true},
    {"history", do_history, false, false},
    {"status", do_status, false, false},
    {"snapshot", do_snapshot, false, false},
    {"diff", do_diff, false, false},
    {"backup", do_backup, false, false},
    {"backups", do_backups, false, false},
    {"check", do_check, false, false},
    {"check_files", do_check_files, true, false},
    {"graph", do_graph, false, false},
    {"mark", do_mark, false, true},
    {"baseline", do_baseline, false, true},
    {"baseline_from_table", do_baseline_from_table, false, true},
    {"rehearse", do_rehearse, false, false},
    {"verify", do_verify, false, false},
    {"generate", do_generate, false, false},
    {"generate_down", do_generate_down, false, false},
    {"reconcile", do_reconcile, false, false},
    {"protect", do_protect, false, true},
    {"restore", do_restore, false, true},
};

static const struct verb *verb_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

/* ---- behind: the answer ---- */

/* The library's own JSON has to be JSON: what cannot be read becomes the answer, and fails the case. */
static struct json *read_own(char *text)
{
    char problem[200] = "no text";
    struct json *value = text ? json_read(text, strlen(text), problem, sizeof problem) : NULL;
    migrate_free(text);
    if (!value) {
        value = json_new(JSON_OBJECT);
        json_set(value, "not_json", json_text(problem));
    }
    return value;
}

/* What was only recorded was not applied. */
static struct json *ids_of(const struct json *rows, const char *direction)
{
    struct json *ids = json_new(JSON_ARRAY);
    for (size_t i = 0; rows && i < rows->count; i++) {
        const char *own = json_get_text(rows->items[i], "direction"), *action = json_get_text(rows->items[i], "action");
        if (own && strcmp(own, direction) == 0 && !(action && strcmp(action, "record") == 0))
            json_add(ids, json_text(json_get_text(rows->items[i], "id")));
    }
    return ids;
}

static struct json *answer_of_rows(const struct call *call, bool report)
{
    char *text = NULL;
    if (!call->rows)
        return json_new(JSON_OBJECT);
    migrate_rows_json(call->rows, &text, NULL);
    struct json *answer = read_own(text);
    if (!report)
        return answer;
    const struct json *waited = json_get(answer, "waited_us"), *rows = json_get(answer, "rows");
    json_set(answer, "applied", ids_of(rows, "up"));
    json_set(answer, "rolled_back", ids_of(rows, "down"));
    if (waited && waited->type == JSON_NUMBER)
        json_set(answer, "waited_ms", json_number(waited->number / 1000));
    return answer;
}

static struct json *answer_of_error(const struct call *call)
{
    char *text = NULL, place[1100];
    struct json *answer = json_new(JSON_OBJECT);
    if (!call->error)
        return answer;
    migrate_error_json(call->error, &text);
    struct json *error = read_own(text);
    if (migrate_error_file(call->error)) {
        snprintf(place, sizeof place, "%s:%lld:%lld", migrate_error_file(call->error),
                 (long long)migrate_error_line(call->error), (long long)migrate_error_column(call->error));
        json_set(error, "place", json_text(place));
    }
    json_set(answer, "error", error);
    return answer;
}

static struct json *answer_of(const struct call *call, int32_t code, bool report)
{
    struct json *answer = code < 0 ? answer_of_error(call) : answer_of_rows(call, report);
    json_set(answer, "code", json_text(migrate_code_name(code)));
    json_set(answer, "events", json_copy(call->own->events));
    if (call->sql)
        json_set(answer, "sql", json_text(call->sql));
    return answer;
}

static int32_t carry_out(struct call *call, const struct verb *verb, const struct json *options, bool planned)
{
    int32_t code = planned ? MIGRATE_OK : make_options(call, options);
    if (code == MIGRATE_OK && !planned && !verb->opens)
        code = open_session(call);
    return code == MIGRATE_OK ? verb->call(call) : code;
}

struct json *calls_do(struct world *world, const struct json *options, const struct json *step, struct kept **kept)
{
    const struct verb *verb = verb_of(json_get_text(step, "do"));
    struct call call = {.world = world, .step = step};
    bool planned = asks(&call, "planned") && *kept;
    if (!verb || (asks(&call, "planned") && !planned))
        return NULL;
    if (!planned) {
        calls_forget(kept);
        *kept = json_memory(NULL, sizeof **kept);
        **kept = (struct kept){0};
    }
    call.own = *kept;
    call.own->step = step;
    json_free(call.own->events);
    call.own->events = json_new(JSON_ARRAY);
    int32_t code = carry_out(&call, verb, options, planned);
    struct json *answer = answer_of(&call, code, verb->report);
    migrate_rows_free(call.rows);
    migrate_free(call.sql);
    migrate_error_free(call.error);
    if (strcmp(verb->name, "plan") != 0)
        calls_forget(kept);
    return answer;
}
