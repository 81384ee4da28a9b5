/* SPDX-License-Identifier: MIT
 * The verb restore: the contents of a backup take the database's place, what is there now is kept in another one, and the history that came
 * back with it says so. SQLite's are put in place by the engine before the run that writes that row; a server's by the host's callback, in
 * the run, behind its lock. */
#include "core/restore.h"

#include "core/backup.h"
#include "core/confirm.h"
#include "core/events.h"
#include "core/verbs.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>
#include <sys/stat.h>

/* What one call of the verb knows. */
struct restore {
    migrate_session *session;
    char *file;          /* whose contents come back */
    char *safe;          /* where what was there is kept; NULL: there was nothing */
    bool in_place;
    bool guarded;        /* what is there now is protected, which must not end with it */
    struct backup_telling telling;
};

/* ---- which file ---- */

/* Not what a restore kept: whoever restores twice wants the backup again, and not the state that he fled from. Unless there is nothing else. */
static const struct shelf_item *latest(const struct shelf_items *found)
{
    const struct shelf_item *kept = NULL;
    for (size_t i = 0; i < found->count; i++) {
        const struct shelf_item *item = &found->items[i];
        if (!item->verified || item->tables)
            continue;
        if (strcmp(item->id, SHELF_BEFORE_RESTORE) != 0)
            return item;
        kept = kept ? kept : item;
    }
    return kept;
}

static int32_t newest(migrate_session *session, char **out, migrate_error **err)
{
    struct shelf shelf = {0};
    struct shelf_items found = {0};
    int32_t code = backup_shelf(session, &shelf, err);
    if (code == MIGRATE_OK)
        code = shelf_list(&shelf, &found, err);
    const struct shelf_item *item = code == MIGRATE_OK ? latest(&found) : NULL;
    if (item && !(*out = memory_text(item->file)))
        code = error_nomem(err);
    if (code == MIGRATE_OK && !item) {
        code = error_set(err, MIGRATE_ERROR_REFUSED, "there is no verified backup of %s in %s", shelf.name, shelf.folder);
        error_hint(err, "name a file, or another folder by the option backup_dir");
    }
    shelf_items_free(&found);
    shelf_close(&shelf);
    return code;
}

/* By whatever name, it is the file of the database itself. */
static bool is_database(migrate_session *session, const char *file)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *database = NULL;
    struct stat a, b;
    return backups && backups->file(session->db, &database, NULL) == MIGRATE_OK && database && stat(file, &a) == 0 &&
           stat(database, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int32_t check_file(migrate_session *session, const char *file, migrate_error **err)
{
    if (file_kind_of(file) != FILE_REGULAR) {
        error_set(err, MIGRATE_ERROR_REFUSED, "there is no backup %s", file);
        error_hint(err, "migrate_backups() (migratectl backup --list) lists them");
        return MIGRATE_ERROR_REFUSED;
    }
    if (text_ends(file, ".tables.bak")) {
        error_set(err, MIGRATE_ERROR_REFUSED, "%s holds some tables only: the schema and the history around them would not fit", file);
        error_hint(err, "bring their rows back by hand, table by table: pg_restore --data-only --table=NAME");
        return MIGRATE_ERROR_REFUSED;
    }
    if (is_database(session, file)) {
        error_set(err, MIGRATE_ERROR_REFUSED, "%s is the database itself", file);
        error_hint(err, "name a backup");
        return MIGRATE_ERROR_REFUSED;
    }
    return MIGRATE_OK;
}

static int32_t choose(migrate_session *session, const char *file, char **out, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (!file)
        code = newest(session, out, err);
    else if (!(*out = memory_text(file)))
        code = error_nomem(err);
    return code == MIGRATE_OK ? check_file(session, *out, err) : code;
}

/* ---- before anything is replaced ---- */

/* Behind the lock. A history that is damaged may be what the restore is for. */
static int32_t look_for_mark(struct restore *restore, migrate_error **err)
{
    struct history history = {0};
    migrate_error *problem = NULL;
    int32_t code = history_load(restore->session, &history, &problem);
    restore->guarded = code == MIGRATE_OK && history.guarded;
    history_free(&history);
    if (code == MIGRATE_ERROR_HISTORY) {
        event_say(restore->session, "warning", "warning", "whether %s is protected is not known: %s; protect it again behind the restore",
                  restore->session->db->label, problem->message);
        error_clear(&problem);
        return MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

static int32_t keep_present(void *user, migrate_error **err)
{
    struct restore *restore = user;
    bool objects = false;
    if (restore->safe) { /* somebody wrote behind it */
        memory_free(restore->safe);
        restore->safe = NULL;
    }
    int32_t code = look_for_mark(restore, err);
    if (code == MIGRATE_OK)
        code = history_objects_exist(restore->session, &objects, err);
    if (code != MIGRATE_OK || !objects)
        return code;
    return backup_make(restore->session, SHELF_BEFORE_RESTORE, NULL, false, &restore->safe, err);
}

static void tell(int64_t done, int64_t total, void *user)
{
    backup_tell(done, total, &((struct restore *)user)->telling);
}

static void begin_telling(struct restore *restore)
{
    restore->telling = (struct backup_telling){.session = restore->session, .doing = "restoring from", .file = restore->file,
                                               .begun = clock_monotonic()};
}

/* ---- SQLite ---- */

static int32_t check_room(migrate_session *session, const char *file, migrate_error **err)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *database = NULL, *slash;
    int64_t bytes = 0, present = 0;
    int32_t code = backups->file(session->db, &database, err);
    if (code == MIGRATE_OK && !database) {
        code = error_set(err, MIGRATE_ERROR_REFUSED, "%s is in no file: nothing can be restored into it", session->db->label);
        error_hint(err, "name the file of the database");
    }
    if (code == MIGRATE_OK)
        code = backups->size(session->db, &present, err);
    if (code != MIGRATE_OK)
        return code;
    file_look(file, &bytes);
    slash = strrchr(database, '/');
    char *folder = slash && slash > database ? memory_text_n(database, (size_t)(slash - database)) : memory_text(slash ? "/" : ".");
    if (!folder)
        return error_nomem(err);
    code = shelf_room(folder, bytes + present, err); /* the copy of what is there, and the pages until they are committed */
    memory_free(folder);
    return code;
}

static int32_t restore_by_engine(struct restore *restore, migrate_error **err)
{
    migrate_session *session = restore->session;
    const struct database_backups *backups = session->db->engine->backups;
    struct database_restore work = {.from = restore->file, .safe = keep_present, .tell = tell, .user = restore};
    int32_t code = backups->verify(session->db, restore->file, err);
    if (code == MIGRATE_OK)
        code = check_room(session, restore->file, err);
    if (code != MIGRATE_OK)
        return code;
    begin_telling(restore);
    event_doing(session, "restoring", NULL);
    code = backups->restore(session->db, &work, err);
    event_doing(session, NULL, NULL);
    restore->in_place = code == MIGRATE_OK;
    if (code == MIGRATE_OK)
        backup_done(&restore->telling, "restored from");
    return code;
}

/* ---- a server, behind the run's lock ---- */

static int32_t replan(struct migrate_run *run, migrate_error **err)
{
    struct history_head head;
    int32_t code = history_look(run->session, &head, err);
    if (code != MIGRATE_OK)
        return code;
    run->table = head.table;
    run->seq_seen = head.seq;
    code = run_plan(run, &head, err);
    if (code == MIGRATE_OK && run->plan->count == 0)
        run->finished = true;
    return code;
}

int32_t restore_under_lock(struct migrate_run *run, migrate_error **err)
{
    struct restore *restore = run->request.restore;
    migrate_session *session = run->session;
    if (!restore || restore->in_place)
        return MIGRATE_OK;
    if (!run->locked) {
        error_set(err, MIGRATE_ERROR_REFUSED, "nothing can be restored through a pooler that pools transactions");
        error_hint(err, "name the same database past the pooler: the option direct_url, or url");
        return MIGRATE_ERROR_REFUSED;
    }
    int32_t code = keep_present(restore, err);
    if (code != MIGRATE_OK)
        return code;
    begin_telling(restore);
    event_doing(session, "restoring", NULL);
    code = backup_call(session, "restore", restore->file, NULL, err);
    event_doing(session, NULL, NULL);
    if (code != MIGRATE_OK)
        return code;
    restore->in_place = true;
    backup_done(&restore->telling, "restored from");
    return replan(run, err);
}

/* ---- the row in the history ---- */

static void add_rows(struct migrate_plan *plan, const struct restore *restore, bool mark, migrate_error **err, int32_t *code)
{
    const char *slash = strrchr(restore->file, '/');
    struct step *step = plan_add(plan);
    if (step)
        *step = (struct step){.action = STEP_RECORD, .id = arena_text(&plan->arena, slash ? slash + 1 : restore->file),
                              .name = "restored", .event = "restored", .effect = "none", .reason = arena_text(&plan->arena, restore->file)};
    struct step *second = step && mark ? plan_add(plan) : NULL;
    if (second)
        *second = (struct step){.action = STEP_RECORD, .id = PROTECTED_ID, .name = "on", .event = "protected", .effect = "none",
                                .reason = "it was protected before the restore, and the backup is from before that"};
    if (!step || (mark && !second) || plan->arena.failed)
        *code = error_nomem(err);
}

/* A history that came back says what it came back from. Where none did, the backup is from before the first run, and only a database that
 * is to stay protected gets one. */
static int32_t make_record(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                           struct migrate_plan **out, migrate_error **err)
{
    const struct restore *restore = request->restore;
    struct migrate_plan *plan = NULL;
    int32_t code = plan_new(session, build, history, &plan, err);
    if (code != MIGRATE_OK)
        return code;
    bool mark = restore->in_place && restore->guarded && !history->guarded;
    if (!restore->in_place || history->head.table || mark)
        add_rows(plan, restore, mark, err, &code);
    if (code == MIGRATE_OK)
        code = plan_set_end(plan, history, err);
    plan->to = plan->from;
    plan->together = true;
    if (code == MIGRATE_OK)
        *out = plan;
    else
        plan_free(plan);
    return code;
}

static int32_t record(struct restore *restore, migrate_rows **out, migrate_error **err)
{
    struct request request = {.make = make_record, .restore = restore};
    migrate_session *session = restore->session;
    int32_t code = run_all(session, &request, out, err);
    if (code != MIGRATE_OK && restore->in_place)
        error_detail_add(err, "the contents of %s are in place; the history does not say so", restore->file);
    return code;
}

const char *restore_safe(const struct restore *restore)
{
    return restore ? restore->safe : NULL;
}

/* ---- the verb ---- */

static int32_t check_session(migrate_session *session, migrate_error **err)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *file = NULL;
    struct text what = {0};
    if (session_embedded(session)) {
        error_set(err, MIGRATE_ERROR_IN_TRANSACTION, "nothing can be restored inside the host's transaction");
        error_hint(err, "end it first");
        return MIGRATE_ERROR_IN_TRANSACTION;
    }
    int32_t code = MIGRATE_OK;
    if (backups && !session->options->backup)
        code = backups->file(session->db, &file, err);
    else if (!backups && !session->options->backup) {
        code = error_set(err, MIGRATE_ERROR_REFUSED, "there is no way to restore %s: the host brought no callback", session->db->label);
        error_hint(err, "migrate_options_set_backup() takes one; migratectl has one, which runs pg_restore");
    }
    if (code != MIGRATE_OK)
        return code;
    text_format(&what, "a restore replaces all that is in %s", session->db->label);
    code = what.failed ? error_nomem(err) : session_confirmed(session, what.data, err);
    text_free(&what);
    return code;
}

static bool by_engine(migrate_session *session)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *file = NULL;
    return backups && backups->file(session->db, &file, NULL) == MIGRATE_OK;
}

int32_t verb_restore(migrate_session *session, const char *file, migrate_rows **out, migrate_error **err)
{
    struct restore restore = {.session = session};
    struct build *build = NULL;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = check_session(session, err);
    if (code == MIGRATE_OK)
        code = session_build(session, &build, err); /* the run that writes the row needs it: not found out behind the work */
    if (code == MIGRATE_OK && file)
        code = check_file(session, file, err);
    if (code == MIGRATE_OK)
        code = session_make(session, err); /* a file that was lost */
    if (code == MIGRATE_OK)
        code = choose(session, file, &restore.file, err);
    if (code == MIGRATE_OK && by_engine(session))
        code = restore_by_engine(&restore, err);
    else if (code == MIGRATE_OK)
        code = backup_call(session, "verify", restore.file, NULL, err);
    if (code == MIGRATE_OK)
        code = record(&restore, out, err);
    if (code != MIGRATE_OK && restore.safe)
        error_detail_add(err, "what was there before is kept in %s", restore.safe);
    if (code == MIGRATE_OK)
        backup_prune(session);
    memory_free(restore.file);
    memory_free(restore.safe);
    return code;
}
