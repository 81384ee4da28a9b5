/* SPDX-License-Identifier: MIT
 * The verb status: every migration of the source and of the history, side by side. */
#include "core/confirm.h"
#include "core/verbs.h"
#include "util/memory.h"

#include <string.h>

static const char *item_reversible(const struct item *item)
{
    if (item->migration && item->migration->down.present)
        return "source";
    return item->applied && item->applied->has_down ? "stored" : "no";
}

static const char *item_note(const struct item *item)
{
    if (item->state == ITEM_RENAMED)
        return item->applied->id;
    if (item->cosmetic)
        return "cosmetic";
    return !item->applied && item->trace ? item->trace->failed : NULL;
}

static void put_item(struct migrate_rows *rows, const struct item *item)
{
    const struct migration *m = item->migration;
    const struct applied *a = item->applied;
    rows_put_text(rows, item_id(item));
    rows_put_text(rows, m ? m->name : a->name);
    rows_put_text(rows, (m ? m->kind == MIGRATION_REPEATABLE : a->repeatable) ? "repeatable" : "versioned");
    rows_put_text(rows, item_state_name(item->state));
    if (a) {
        rows_put_int(rows, a->at);
        rows_put_int(rows, a->duration);
    } else {
        rows_put_null(rows);
        rows_put_null(rows);
    }
    rows_put_text(rows, a ? a->actor : NULL);
    rows_put_text(rows, m ? m->up.file : NULL);
    rows_put_text(rows, item_reversible(item));
    rows_put_text(rows, m && *m->checksum ? m->checksum : NULL); /* of a big file it may not be known yet */
    rows_put_text(rows, a ? a->checksum : NULL);
    rows_put_text(rows, item_note(item));
    rows_put_bool(rows, m ? m->breaking : a->breaking);
}

static const char *overall(const struct comparison *comparison, bool unmanaged)
{
    const size_t *counts = comparison->counts;
    if (unmanaged)
        return "unmanaged";
    if (counts[ITEM_MODIFIED] || counts[ITEM_MISSING] || counts[ITEM_RENAMED] || counts[ITEM_LATE] ||
        (counts[ITEM_AHEAD] && counts[ITEM_PENDING]))
        return "diverged";
    return counts[ITEM_AHEAD] ? "ahead" : counts[ITEM_PENDING] ? "pending" : "current";
}

static int32_t status_rows(migrate_session *session, const struct history *history, const struct comparison *comparison,
                           bool unmanaged, const char *name, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"id",   "name",       "kind",     "state",             "at",   "duration_us", "actor",
                                          "file", "reversible", "checksum", "recorded_checksum", "note", "breaking"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    const char *next = NULL;
    if (!rows)
        return error_nomem(err);
    for (size_t i = 0; i < comparison->count; i++) {
        put_item(rows, &comparison->items[i]);
        if (!next && comparison->items[i].state == ITEM_PENDING)
            next = item_id(&comparison->items[i]);
    }
    const struct applied *last = history_last(history);
    rows_value_text(rows, "state", overall(comparison, unmanaged));
    rows_value_text(rows, "engine", session->db->engine->name);
    rows_value_text(rows, "database", session->db->label);
    rows_value_bool(rows, "protected", history->guarded);
    rows_value_text(rows, "confirm", name);
    rows_value_text(rows, "at", last ? last->id : NULL);
    rows_value_text(rows, "next", next);
    for (int state = 0; state < ITEM_STATES; state++)
        rows_value_int(rows, item_state_name((enum item_state)state), (int64_t)comparison->counts[state]);
    return rows_finish(rows, out, err);
}

int32_t verb_status(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct build *build = NULL;
    struct history history = {0};
    struct comparison comparison = {0};
    char *name = NULL;
    bool unmanaged = false;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, &history, &comparison, err);
    if (code == MIGRATE_OK && (!history.head.table || history.marked))
        code = history_objects_exist(session, &unmanaged, err);
    if (code == MIGRATE_OK)
        code = session_database_name(session, &name, err);
    if (code == MIGRATE_OK)
        code = status_rows(session, &history, &comparison, unmanaged, name, out, err);
    memory_free(name);
    comparison_free(&comparison);
    history_free(&history);
    return code;
}
