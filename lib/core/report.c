/* SPDX-License-Identifier: MIT
 * The report that apply, rollback, mark, baseline and start-up give. */
#include "core/restore.h"

#include <string.h>

static struct migrate_rows *report_new(void)
{
    static const char *const columns[] = {"id", "name", "kind", "direction", "action", "duration_us", "event", "down"};
    return rows_new(columns, sizeof columns / sizeof *columns);
}

static void report_values(struct migrate_rows *rows, const char *from, const char *to, int64_t waited, int64_t pending)
{
    rows_value_text(rows, "from", from);
    rows_value_text(rows, "to", to);
    rows_value_int(rows, "waited_us", waited);
    rows_value_int(rows, "pending", pending);
}

int32_t report_nothing(const migrate_session *session, const char *at, int64_t pending, migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = report_new();
    if (!rows)
        return error_nomem(err);
    rows_value_bool(rows, "changed", false);
    rows_value_int(rows, "applied", 0);
    rows_value_int(rows, "rolled_back", 0);
    rows_value_text(rows, "run", NULL);
    rows_value_text(rows, "backup", NULL);
    report_values(rows, at, at, session ? session->waited : 0, pending);
    return rows_finish(rows, out, err);
}

/* The last applied id at the end. */
static const char *report_to(const struct migrate_run *run, size_t count)
{
    const struct migrate_plan *plan = run->plan;
    const char *to = run->from;
    if (!plan)
        return to;
    if (run->next >= plan->count)
        return plan->to;
    if (run->finished) { /* another runner did the rest */
        const struct source *source = run->build->source;
        return source->versioned ? source->items[source->versioned - 1].id : NULL;
    }
    if (plan->direction == DIRECTION_DOWN)
        return count > 0 && !plan->steps[run->next].repeatable ? plan->steps[run->next].id : to;
    for (size_t i = 0; i < count; i++) {
        if (!run->items[i].repeatable && run->items[i].direction == DIRECTION_UP && run->items[i].action != STEP_RECONCILE)
            to = run->items[i].id;
    }
    return to;
}

int32_t run_report(struct migrate_run *run, migrate_rows **out, migrate_error **err)
{
    static const char *const actions[] = {"run", "schema", "record", "reconcile"};
    size_t count = run->grouping == GROUP_HOST ? run->count : run->settled_done, applied = 0, rolled_back = 0;
    struct migrate_rows *rows = report_new();
    if (!rows)
        return error_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const struct done_step *done = &run->items[i];
        bool up = done->direction == DIRECTION_UP;
        rows_put_text(rows, done->id);
        rows_put_text(rows, done->name);
        rows_put_text(rows, done->action == STEP_RECONCILE ? "declared" : done->repeatable ? "repeatable" : "versioned");
        rows_put_text(rows, up ? "up" : "down");
        rows_put_text(rows, actions[done->action]);
        rows_put_int(rows, done->duration);
        rows_put_text(rows, done->event);
        rows_put_text(rows, done->down);
        applied += up && (done->action == STEP_RUN || done->action == STEP_SCHEMA);
        rolled_back += !up && done->action != STEP_RECORD;
    }
    rows_value_bool(rows, "changed", count > 0);
    rows_value_int(rows, "applied", (int64_t)applied);
    rows_value_int(rows, "rolled_back", (int64_t)rolled_back);
    rows_value_text(rows, "run", run->writer_open && count > 0 ? run->writer.run : NULL);
    rows_value_text(rows, "backup", run->request.restore ? restore_safe(run->request.restore) : run->backup.file);
    report_values(rows, run->from, report_to(run, count), run->session->waited,
                  run->plan && run->stopped ? (int64_t)(run->plan->count - run->next) : 0);
    return rows_finish(rows, out, err);
}
