/* SPDX-License-Identifier: MIT
 * A plan as rows: its steps, and what it foresees going wrong. */
#include "core/plan.h"

static const char *step_reversible(const struct step *step)
{
    if (step->stored)
        return "stored";
    return step->migration && step->migration->down.present ? "source" : "no";
}

const char *step_file(const struct migrate_plan *plan, const struct step *step)
{
    if (step->action == STEP_SCHEMA)
        return plan->build->source->schema.up.file;
    if (step->stored || !step->migration)
        return NULL;
    return step->direction == DIRECTION_UP ? step->migration->up.file : step->migration->down.file;
}

/* A step of several parts, or of lone statements, is not atomic. */
static const char *step_transaction(const struct migrate_plan *plan, const struct step *step)
{
    if (step->segments > 0 && step->alone == step->segments)
        return "none";
    return step->segments > 1 ? "several" : plan->shared ? "shared" : "own";
}

int32_t plan_rows(const struct migrate_plan *plan, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"number", "id",          "name",       "kind",   "direction", "action",
                                          "file",   "transaction", "reversible", "stored", "checksum",  "breaking", "segments"};
    static const char *const actions[] = {"run", "schema", "record"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    if (!rows)
        return error_nomem(err);
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        rows_put_int(rows, (int64_t)i + 1);
        rows_put_text(rows, step->id);
        rows_put_text(rows, step->name);
        rows_put_text(rows, step->repeatable ? "repeatable" : "versioned");
        rows_put_text(rows, step->direction == DIRECTION_UP ? "up" : "down");
        rows_put_text(rows, actions[step->action]);
        rows_put_text(rows, step_file(plan, step));
        rows_put_text(rows, step_transaction(plan, step));
        rows_put_text(rows, step_reversible(step));
        rows_put_bool(rows, step->stored != NULL);
        const char *checksum = step->migration ? step->migration->checksum : step->checksum;
        rows_put_text(rows, checksum && *checksum ? checksum : NULL); /* of a big file it may not be known yet */
        rows_put_bool(rows, step->breaking);
        rows_put_int(rows, (int64_t)(step->segments ? step->segments : 1));
    }
    rows_value_int(rows, "count", (int64_t)plan->count);
    rows_value_text(rows, "from", plan->from);
    rows_value_text(rows, "to", plan->to);
    rows_value_text(rows, "direction", plan->direction == DIRECTION_UP ? "up" : "down");
    rows_value_text(rows, "engine", plan->engine);
    rows_value_int(rows, "findings", (int64_t)plan->findings.count);
    return rows_finish(rows, out, err);
}

int32_t plan_findings(const struct migrate_plan *plan, migrate_rows **out, migrate_error **err)
{
    return rows_finish(findings_rows(&plan->findings), out, err);
}
