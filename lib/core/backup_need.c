/* SPDX-License-Identifier: MIT
 * Whether a plan needs a backup: by the option, and by what its statements can lose of what is there. */
#include "core/backup.h"

#include "core/losses.h"

#include <string.h>

static bool copies_itself(migrate_session *session)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *file;
    return backups && backups->file(session->db, &file, NULL) == MIGRATE_OK;
}

bool backup_possible(migrate_session *session)
{
    return copies_itself(session) || session->options->backup;
}

/* ---- of which tables ---- */

/* The names as the database has them, with the partitions and whatever is deleted along by foreign keys. One row that is null: a name is
 * not known. */
static void add_tables_query(struct text *sql, const struct database_engine *engine, const struct guard_losses *losses)
{
    text_add(sql, "WITH RECURSIVE named(oid) AS (SELECT pg_catalog.to_regclass(name)::oid FROM (VALUES ");
    for (size_t i = 0; i < losses->count; i++) {
        text_add(sql, i ? ", (" : "(");
        engine->literal(sql, losses->items[i].object, strlen(losses->items[i].object));
        text_add_char(sql, ')');
    }
    text_add(sql, ") AS v(name)), touched(oid) AS (SELECT oid FROM named UNION SELECT x.oid FROM touched t CROSS JOIN LATERAL ("
                  "SELECT conrelid FROM pg_catalog.pg_constraint WHERE confrelid = t.oid AND contype = 'f' AND confdeltype IN ('c', 'n', 'd') "
                  "UNION ALL SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = t.oid) AS x(oid)) "
                  "SELECT DISTINCT CASE WHEN c.oid IS NOT NULL THEN pg_catalog.format('%I.%I', n.nspname, c.relname) END FROM touched t "
                  "LEFT JOIN pg_catalog.pg_class c ON c.oid = t.oid LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE c.relkind IS NULL OR c.relkind IN ('r', 'p', 'm') ORDER BY 1");
}

static bool only_tables(const struct guard_losses *losses)
{
    for (size_t i = 0; i < losses->count; i++) {
        const struct guard_loss *loss = &losses->items[i];
        if (!loss->is_table || !loss->object || (loss->kind == GUARD_TRUNCATE && loss->cascade))
            return false;
    }
    return losses->count > 0;
}

/* Where they cannot all be named, the whole database is meant. */
static int32_t find_tables(migrate_session *session, const struct guard_losses *losses, struct backup_want *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    bool known = true;
    if (session->db->engine->backups || !only_tables(losses))
        return MIGRATE_OK;
    add_tables_query(&sql, session->db->engine, losses);
    int32_t code = database_query(session->db, &sql, &rows, err);
    text_free(&sql);
    size_t count = code == MIGRATE_OK ? rows_count(rows) : 0;
    out->tables = arena_new(&out->arena, (count + 1) * sizeof *out->tables);
    for (size_t row = 0; row < count && out->tables; row++) {
        const char *name = rows_text(rows, row, 0);
        known = known && name;
        out->tables[row] = arena_text(&out->arena, name ? name : "");
    }
    out->tables_count = known ? count : 0;
    rows_free(rows);
    return code == MIGRATE_OK && out->arena.failed ? error_nomem(err) : code;
}

/* ---- the decision ---- */

/* auto: where the library makes it by itself. */
static const char *mode_of(migrate_session *session)
{
    const char *mode = option_text(session->options, OPTION_BACKUP);
    return strcmp(mode, "auto") != 0 ? mode : copies_itself(session) ? "destructive" : "off";
}

bool backup_asks_losses(migrate_session *session)
{
    const char *mode = mode_of(session);
    return strcmp(mode, "destructive") == 0 || strcmp(mode, "tables") == 0;
}

static bool runs_anything(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].action != STEP_RECORD)
            return true;
    }
    return false;
}

/* By what was gathered of its texts, and by code, which nobody can read. */
static int32_t need_by_losses(migrate_session *session, struct migrate_plan *plan, const char *mode, struct backup_want *out, migrate_error **err)
{
    int32_t code = losses_look(session, plan, err);
    if (code != MIGRATE_OK)
        return code;
    const struct guard_losses *losses = &plan->losses;
    size_t first = plan->count, unseen = plan->count;
    for (size_t i = 0; i < losses->count && first == plan->count && code == MIGRATE_OK; i++) {
        bool vain = false;
        code = losses_vain(session, plan, &losses->items[i], &vain, err);
        first = vain ? first : losses->items[i].step;
    }
    for (size_t i = plan->count; i-- > 0;) {
        if (step_is_code(&plan->steps[i]))
            unseen = i;
    }
    size_t why = unseen < first ? unseen : first;
    out->wanted = why < plan->count;
    out->why = arena_text(&out->arena, out->wanted ? plan->steps[why].id : NULL);
    if (code == MIGRATE_OK && out->wanted && unseen == plan->count && strcmp(mode, "tables") == 0)
        code = find_tables(session, losses, out, err);
    return code == MIGRATE_OK && out->arena.failed ? error_nomem(err) : code;
}

static int32_t need_by(migrate_session *session, struct migrate_plan *plan, const char *mode, struct backup_want *out, migrate_error **err)
{
    bool objects = false;
    *out = (struct backup_want){0};
    if (strcmp(mode, "off") == 0 || !runs_anything(plan) || session->placeholder)
        return MIGRATE_OK;
    int32_t code = history_objects_exist(session, &objects, err);
    if (code != MIGRATE_OK || !objects) /* there is nothing to lose */
        return code;
    out->wanted = strcmp(mode, "always") == 0;
    return out->wanted ? MIGRATE_OK : need_by_losses(session, plan, mode, out, err);
}

int32_t backup_need(migrate_session *session, struct migrate_plan *plan, struct backup_want *out, migrate_error **err)
{
    return need_by(session, plan, mode_of(session), out, err);
}

void backup_want_free(struct backup_want *want)
{
    arena_free(&want->arena);
    *want = (struct backup_want){0};
}

int32_t backup_plan_finding(migrate_session *session, struct migrate_plan *plan, migrate_error **err)
{
    struct backup_want want = {0};
    if (!option_is(session->options, OPTION_BACKUP, "auto") || copies_itself(session))
        return MIGRATE_OK;
    int32_t code = need_by(session, plan, "destructive", &want, err);
    if (code == MIGRATE_OK && want.wanted) {
        struct finding finding = {.rule = "GD50", .severity = "info", .id = want.why,
                                  .message = "it may lose data, and no backup is made before the run",
                                  .hint = "set backup=destructive and bring a backup callback (migratectl has one), or make one by other means"};
        code = findings_add(&plan->findings, &finding, err);
    }
    backup_want_free(&want);
    return code;
}
