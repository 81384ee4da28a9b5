/* SPDX-License-Identifier: MIT
 * What a migrator can be asked to do, by name: one call of the library each, on the call's own thread. */
#include "addon.h"

#include <string.h>

enum shape {
    OPEN,
    STARTUP,
    CLOSE,
    ROWS,
    TEXT,
    TWO_TEXTS,
    THREE_TEXTS,
    NUMBER_TEXT,
    OF_PLAN,
    PLAN,
    PLAN_SQL,
    RUN_BEGIN,
    RUN_STEP,
    RUN_END
};

struct verb {
    const char *name;
    enum shape shape;
    union {
        int32_t (*rows)(migrate_session *, migrate_rows **, migrate_error **);
        int32_t (*text)(migrate_session *, const char *, migrate_rows **, migrate_error **);
        int32_t (*two_texts)(migrate_session *, const char *, const char *, migrate_rows **, migrate_error **);
        int32_t (*three_texts)(migrate_session *, const char *, const char *, const char *, migrate_rows **, migrate_error **);
        int32_t (*number_text)(migrate_session *, int32_t, const char *, migrate_rows **, migrate_error **);
        int32_t (*of_plan)(migrate_session *, const migrate_plan *, migrate_rows **, migrate_error **);
    } call;
};

static const struct verb verbs[] = {
    {.name = "open", .shape = OPEN},
    {.name = "startup", .shape = STARTUP},
    {.name = "close", .shape = CLOSE},
    {.name = "startup_session", .shape = ROWS, .call.rows = migrate_startup_session},
    {.name = "plan", .shape = PLAN},
    {.name = "plan_sql", .shape = PLAN_SQL},
    {.name = "apply", .shape = OF_PLAN, .call.of_plan = migrate_apply},
    {.name = "rehearse", .shape = OF_PLAN, .call.of_plan = migrate_rehearse},
    {.name = "rollback", .shape = TEXT, .call.text = migrate_rollback},
    {.name = "history", .shape = ROWS, .call.rows = migrate_history},
    {.name = "status", .shape = ROWS, .call.rows = migrate_status},
    {.name = "snapshot", .shape = ROWS, .call.rows = migrate_snapshot},
    {.name = "diff", .shape = ROWS, .call.rows = migrate_diff},
    {.name = "backup", .shape = ROWS, .call.rows = migrate_backup},
    {.name = "backups", .shape = ROWS, .call.rows = migrate_backups},
    {.name = "restore", .shape = TEXT, .call.text = migrate_restore},
    {.name = "verify", .shape = TEXT, .call.text = migrate_verify},
    {.name = "generate", .shape = TEXT, .call.text = migrate_generate},
    {.name = "generate_down", .shape = TEXT, .call.text = migrate_generate_down},
    {.name = "reconcile", .shape = TEXT, .call.text = migrate_reconcile},
    {.name = "check", .shape = TEXT, .call.text = migrate_check},
    {.name = "check_against", .shape = TWO_TEXTS, .call.two_texts = migrate_check_against},
    {.name = "graph", .shape = TWO_TEXTS, .call.two_texts = migrate_graph},
    {.name = "protect", .shape = NUMBER_TEXT, .call.number_text = migrate_protect},
    {.name = "mark", .shape = THREE_TEXTS, .call.three_texts = migrate_mark},
    {.name = "baseline", .shape = TWO_TEXTS, .call.two_texts = migrate_baseline},
    {.name = "baseline_from_table", .shape = THREE_TEXTS, .call.three_texts = migrate_baseline_from_table},
    {.name = "run_begin", .shape = RUN_BEGIN},
    {.name = "run_step", .shape = RUN_STEP},
    {.name = "run_end", .shape = RUN_END},
};

const struct verb *verb_named(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

/* Waits for the database from the beginning, so it wants a token that nobody has cancelled. */
bool verb_opens(const struct verb *verb)
{
    return verb->shape == OPEN || verb->shape == STARTUP;
}

static int32_t open_session(struct migrator *migrator, migrate_error **err)
{
    migrator_end_session(migrator);
    if (migrator->files)
        return migrate_open_files(migrator->engine, migrator->options, &migrator->session, err);
    if (migrator->driver != NULL)
        return migrate_open_host(migrator->driver, migrator->options, &migrator->session, err);
    return migrate_open(NULL, migrator->options, &migrator->session, err);
}

static int32_t make_plan(struct call *call)
{
    migrate_rows *steps = NULL, *findings = NULL;
    int32_t code = migrate_plan_make(call->migrator->session, call->texts[0], &call->made, &call->error);

    if (code < 0)
        return code;
    code = migrate_plan_rows(call->made, &steps, &call->error);
    if (code >= 0)
        code = migrate_plan_findings(call->made, &findings, &call->error);
    call->rows = rows_to_json(steps);
    call->findings = rows_to_json(findings);
    return code;
}

static int32_t end_run(struct migrator *migrator, migrate_rows **rows, migrate_error **err)
{
    migrate_run *run = migrator->run;

    migrator->run = NULL;
    return migrate_run_end(run, rows, err);
}

static int32_t with_rows(struct call *call, migrate_rows **rows)
{
    const struct verb *verb = call->verb;
    struct migrator *migrator = call->migrator;
    migrate_session *session = migrator->session;
    migrate_error **err = &call->error;
    char **texts = call->texts;

    switch (verb->shape) {
    case STARTUP:
        return migrate_startup(NULL, migrator->options, rows, err);
    case ROWS:
        return verb->call.rows(session, rows, err);
    case TEXT:
        return verb->call.text(session, texts[0], rows, err);
    case TWO_TEXTS:
        return verb->call.two_texts(session, texts[0], texts[1], rows, err);
    case THREE_TEXTS:
        return verb->call.three_texts(session, texts[0], texts[1], texts[2], rows, err);
    case NUMBER_TEXT:
        return verb->call.number_text(session, call->number, texts[0], rows, err);
    case OF_PLAN:
        return verb->call.of_plan(session, call->plan, rows, err);
    case RUN_END:
        return end_run(migrator, rows, err);
    default:
        return MIGRATE_ERROR_INTERNAL;
    }
}

void verb_run(struct call *call)
{
    struct migrator *migrator = call->migrator;
    migrate_rows *rows = NULL;

    switch (call->verb->shape) {
    case OPEN:
        call->code = open_session(migrator, &call->error);
        break;
    case CLOSE:
        migrator_end_session(migrator);
        break;
    case PLAN:
        call->code = make_plan(call);
        break;
    case PLAN_SQL:
        call->code = migrate_plan_sql(call->plan, &call->rows, &call->error);
        break;
    case RUN_BEGIN:
        call->code = migrate_run_begin(migrator->session, call->plan, &migrator->run, &call->error);
        break;
    case RUN_STEP:
        call->code = migrate_run_step(migrator->run, &call->error);
        break;
    default:
        call->code = with_rows(call, &rows);
        call->rows = rows_to_json(rows);
        if (rows != NULL && call->rows == NULL)
            call->code = MIGRATE_ERROR_NOMEM;
        break;
    }
}
