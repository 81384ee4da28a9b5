/* SPDX-License-Identifier: MIT
 * Plan, apply, rollback, history: the verbs that are little more than a request to a run. */
#include "core/verbs.h"

#include "core/pooler.h"

#include "util/memory.h"

#include <string.h>

static int32_t make_up(migrate_session *session, struct build *build, const struct history *history,
                       const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    return plan_up(session, build, history, request->target, out, err);
}

static int32_t make_down(migrate_session *session, struct build *build, const struct history *history,
                         const struct request *request, struct migrate_plan **out, migrate_error **err)
{
    return plan_down(session, build, history, request->target, out, err);
}

static struct request apply_request(const migrate_plan *plan)
{
    return (struct request){.make = make_up, .everything = plan == NULL, .given = plan};
}

int32_t verb_apply(migrate_session *session, const migrate_plan *plan, migrate_rows **out, migrate_error **err)
{
    struct request request = apply_request(plan);
    return run_all(session, &request, out, err);
}

int32_t verb_rollback(migrate_session *session, const char *target, migrate_rows **out, migrate_error **err)
{
    struct request request = {.make = make_down, .target = target};
    return run_all(session, &request, out, err);
}

int32_t verb_run_begin(migrate_session *session, const migrate_plan *plan, migrate_run **out, migrate_error **err)
{
    struct request request = apply_request(plan);
    request.pulled = true;
    return run_begin(session, &request, out, err);
}

int32_t verb_history(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    int32_t code = session_begin(session, err);
    return code == MIGRATE_OK ? history_rows(session, out, err) : code;
}

int32_t verb_plan(migrate_session *session, const char *target, migrate_plan **out, migrate_error **err)
{
    struct build *build = NULL;
    struct history history = {0};
    struct migrate_plan *plan = NULL;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = plan_for_target(session, build, &history, target, &plan, err);
    if (code == MIGRATE_OK)
        code = plan_preflight(session, plan, false, err);
    if (code == MIGRATE_OK)
        code = pooler_foresee(session, plan, err);
    history_free(&history);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    *out = plan;
    return MIGRATE_OK;
}

static int32_t add_section(const migrate_plan *plan, const struct section *section, const char *expected, struct text *out,
                           migrate_error **err)
{
    struct section_text text = {0};
    if (section->code) {
        text_add(out, "-- (code of the host program)\n\n");
        return MIGRATE_OK;
    }
    if (section->big && !section->from_block) {
        text_format(out, "-- (too long to be shown: %s)\n\n", section->file);
        return MIGRATE_OK;
    }
    int32_t code = section_read(plan->build->source, section, expected, &text, err);
    if (code == MIGRATE_OK) {
        text_add_n(out, text.text.data ? text.text.data : "", text.text.length);
        text_add(out, text.text.length > 0 && text.text.data[text.text.length - 1] == '\n' ? "\n" : "\n\n");
    }
    section_text_free(&text);
    return code;
}

int32_t verb_plan_sql(const migrate_plan *plan, char **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < plan->count && code == MIGRATE_OK; i++) {
        const struct step *step = &plan->steps[i];
        bool up = step->direction == DIRECTION_UP;
        text_format(&sql, "-- %zu. %s (%s)\n", i + 1, step->id, step->action == STEP_SCHEMA ? "schema" : up ? "up" : "down");
        if (step->action == STEP_RECORD)
            text_format(&sql, "-- (a row in the history: %s)\n\n", step->event);
        else if (step->action == STEP_SCHEMA)
            code = add_section(plan, &plan->build->source->schema.up, plan->build->source->schema.checksum, &sql, err);
        else if (step->stored)
            text_format(&sql, "-- (the rollback text that the history keeps)\n%s\n\n", step->stored);
        else if (up)
            code = add_section(plan, &step->migration->up, step->migration->checksum, &sql, err);
        else
            code = add_section(plan, &step->migration->down, NULL, &sql, err);
    }
    char *text = code == MIGRATE_OK ? text_take(&sql) : NULL;
    text_free(&sql);
    if (code == MIGRATE_OK && !text)
        code = error_nomem(err);
    if (code == MIGRATE_OK)
        *out = text;
    return code;
}
