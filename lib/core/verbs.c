/* SPDX-License-Identifier: MIT
 * Plan, apply, rollback, history: the verbs that are little more than a request to a run. */
#include "core/verbs.h"

#include "core/backup.h"
#include "core/losses.h"
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
        code = losses_find(session, plan, err);
    if (code == MIGRATE_OK)
        code = pooler_foresee(session, plan, err);
    if (code == MIGRATE_OK)
        code = backup_plan_finding(session, plan, err);
    history_free(&history);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    *out = plan;
    return MIGRATE_OK;
}
