/* SPDX-License-Identifier: MIT
 * The verb protect: a database is marked as one whose data are precious. One row in the history, which every plan loads anyway. */
#include "core/confirm.h"
#include "core/verbs.h"

static int32_t make_mark(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                         struct migrate_plan **out, migrate_error **err)
{
    bool on = text_equal(request->as, "on");
    struct migrate_plan *plan = NULL;
    struct text what = {0};
    int32_t code = MIGRATE_OK;
    if (history->guarded && !on && !session->scratch) {
        text_format(&what, "%s is protected, and that would end", session->db->label);
        code = what.failed ? error_nomem(err) : session_confirmed(session, what.data, err);
        text_free(&what);
    }
    if (code == MIGRATE_OK)
        code = plan_new(session, build, history, &plan, err);
    if (code != MIGRATE_OK || history->guarded == on) { /* stored once */
        *out = plan;
        return code;
    }
    struct step *step = plan_add(plan);
    if (step)
        *step = (struct step){.action = STEP_RECORD, .id = PROTECTED_ID, .name = request->as, .event = "protected", .effect = "none",
                              .reason = arena_text(&plan->arena, request->reason)};
    if (!step || plan->arena.failed) {
        plan_free(plan);
        return error_nomem(err);
    }
    plan->together = true;
    *out = plan;
    return MIGRATE_OK;
}

int32_t verb_protect(migrate_session *session, bool on, const char *reason, migrate_rows **out, migrate_error **err)
{
    if (!reason || !*reason) {
        error_set(err, MIGRATE_ERROR_MISUSE, "protect needs a reason");
        error_hint(err, "the history keeps it for whoever wonders later");
        return MIGRATE_ERROR_MISUSE;
    }
    struct request request = {.make = make_mark, .as = on ? "on" : "off", .reason = reason};
    return run_all(session, &request, out, err);
}
