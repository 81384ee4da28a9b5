/* SPDX-License-Identifier: MIT
 * The backup before a run: foreseen before it takes the lock, made behind it and ahead of the first change. */
#include "core/backup.h"

#include "core/rehearsal.h"
#include "util/memory.h"

#include <string.h>

static void forget_want(struct migrate_run *run)
{
    if (run->backup.want)
        backup_want_free(run->backup.want);
    memory_free(run->backup.want);
    run->backup.want = NULL;
}

void backup_forget(struct migrate_run *run)
{
    forget_want(run);
    memory_free(run->backup.file);
    run->backup.file = NULL;
}

/* For the plan as it is now. */
static int32_t decide(struct migrate_run *run, migrate_error **err)
{
    if (run->backup.want && run->backup.want_seq == run->plan->seq)
        return MIGRATE_OK;
    forget_want(run);
    run->backup.want = memory_new(sizeof *run->backup.want);
    if (!run->backup.want)
        return error_nomem(err);
    run->backup.want_seq = run->plan->seq;
    int32_t code = backup_need(run->session, run->plan, run->backup.want, err);
    if (code != MIGRATE_OK)
        forget_want(run);
    return code;
}

static bool takes_none(const struct migrate_run *run)
{
    return run->request.rehearsal || run->request.restore || run->finished || !run->plan;
}

static int32_t refuse(const struct migrate_run *run, migrate_error **err)
{
    const char *mode = option_text(run->session->options, OPTION_BACKUP), *why = run->backup.want->why;
    error_set(err, MIGRATE_ERROR_REFUSED, "a backup is to be made first (backup=%s), and there is no way to make one of %s", mode,
              run->session->db->label);
    if (why)
        error_detail(err, "%s may lose data", why);
    error_hint(err, "bring a callback by migrate_options_set_backup(), run it with migratectl, which has one, or make a backup by other means "
                    "and set backup=off; nothing was changed");
    error_id(err, why);
    return MIGRATE_ERROR_REFUSED;
}

static int32_t has_room(migrate_session *session, migrate_error **err)
{
    const struct database_backups *backups = session->db->engine->backups;
    struct shelf shelf = {0};
    const char *file = NULL;
    int64_t bytes = 0;
    if (!backups || backups->file(session->db, &file, NULL) != MIGRATE_OK || !file)
        return MIGRATE_OK;
    int32_t code = backups->size(session->db, &bytes, err);
    if (code == MIGRATE_OK)
        code = backup_shelf(session, &shelf, err);
    if (code == MIGRATE_OK)
        code = shelf_room(shelf.folder, bytes, err);
    shelf_close(&shelf);
    return code;
}

int32_t backup_foresee(struct migrate_run *run, migrate_error **err)
{
    if (takes_none(run))
        return MIGRATE_OK;
    int32_t code = decide(run, err);
    if (code != MIGRATE_OK || !run->backup.want->wanted)
        return code;
    return backup_possible(run->session) ? has_room(run->session, err) : refuse(run, err);
}

bool backup_wanted(const struct migrate_run *run)
{
    return run->backup.want && run->backup.want->wanted;
}

/* The first one that changes something gives the backup its name. */
static const char *first_id(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].action != STEP_RECORD)
            return plan->steps[i].id;
    }
    return "run";
}

static int32_t make(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    const struct database_backups *backups = session->db->engine->backups;
    char *file = NULL;
    if (!backup_possible(session)) /* the plan changed meanwhile */
        return refuse(run, err);
    int32_t code = backup_make(session, first_id(run->plan), run->backup.want, true, &file, err);
    run->backup.version = -1;
    const char *database = NULL;
    if (code == MIGRATE_OK && file && backups && backups->file(session->db, &database, NULL) == MIGRATE_OK && database)
        code = backups->version(session->db, &run->backup.version, err);
    if (code != MIGRATE_OK) {
        memory_free(file);
        return code;
    }
    if (file) {
        memory_free(run->backup.file);
        run->backup.file = file;
        run->backup.taken_seq = run->plan->seq;
    }
    return MIGRATE_OK;
}

/* Something of ours is committed. */
static bool is_past(const struct migrate_run *run)
{
    return run->settled_done > 0 || run->backup.passed;
}

/* *out: others wrote since, and nothing of ours was committed. */
static int32_t is_outdated(struct migrate_run *run, bool *out, migrate_error **err)
{
    int64_t version = -1;
    *out = false;
    if (is_past(run))
        return MIGRATE_OK;
    *out = run->backup.taken_seq != run->plan->seq;
    if (*out || run->backup.version < 0)
        return MIGRATE_OK;
    int32_t code = run->session->db->engine->backups->version(run->session->db, &version, err);
    *out = code == MIGRATE_OK && version != run->backup.version;
    return code;
}

int32_t backup_take(struct migrate_run *run, migrate_error **err)
{
    bool outdated = true;
    if (takes_none(run) || is_past(run))
        return MIGRATE_OK;
    int32_t code = decide(run, err);
    if (code != MIGRATE_OK || !run->backup.want->wanted)
        return code;
    if (run->backup.file)
        code = is_outdated(run, &outdated, err);
    return code == MIGRATE_OK && outdated ? make(run, err) : code;
}

int32_t backup_begin(struct migrate_run *run, struct text *prefix, migrate_error **err)
{
    if (!run->backup.file || is_past(run) || run->session->db->engine->lock_try)
        return MIGRATE_OK;
    int32_t code = database_exec_text(run->session->db, prefix, NULL, err);
    text_clear(prefix);
    if (code == MIGRATE_OK) {
        code = backup_take(run, err);
        if (code != MIGRATE_OK)
            run_clean_up(run, "ROLLBACK");
    }
    return code;
}

void backup_mention(const struct migrate_run *run, migrate_error **err)
{
    if (run->backup.file)
        error_detail_add(err, "the backup from before this run is at %s", run->backup.file);
}
