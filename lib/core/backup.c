/* SPDX-License-Identifier: MIT
 * Making a backup, by the engine itself or by the host's callback: into a part that gets its name when it is verified. */
#include "core/backup.h"

#include "core/confirm.h"
#include "core/events.h"
#include "core/verbs.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>

/* Between two events, in microseconds; between two flushes, in bytes: nothing interrupts one, and a slow disk must not hold a cancel up. */
enum { TELL_EVERY = 500000, FLUSH_EVERY = 4 * 1024 * 1024 };

/* ---- where they lie ---- */

static int32_t folder_of(const migrate_session *session, const char *database, char **out, migrate_error **err)
{
    const char *given = option_text(session->options, OPTION_BACKUP_DIR);
    const char *slash = database ? strrchr(database, '/') : NULL;
    if (given && *given)
        *out = memory_text(given);
    else if (!database)
        *out = memory_text("backups");
    else
        *out = slash ? memory_text_n(database, slash == database ? 1 : (size_t)(slash - database)) : memory_text(".");
    return *out ? MIGRATE_OK : error_nomem(err);
}

/* What tells this database from others of its name: beside a file, nothing has to. */
static int32_t identity_of(migrate_session *session, const char *database, char **out, migrate_error **err)
{
    const struct database_engine *engine = session->db->engine;
    struct migrate_rows *rows = NULL;
    migrate_error *problem = NULL;
    const char *given = option_text(session->options, OPTION_BACKUP_DIR), *text = "";
    if (database)
        text = given && *given ? database : "";
    else if (engine->identity && session->db->class->query(session->db, engine->identity, &rows, &problem) == MIGRATE_OK)
        text = rows_text(rows, 0, 0);
    if (problem && problem->code != MIGRATE_ERROR_SQL && problem->code != MIGRATE_ERROR_RIGHTS) { /* these: it is not to be had here */
        int32_t code = problem->code;
        error_move(err, &problem);
        return code;
    }
    error_clear(&problem);
    *out = memory_text(text ? text : "");
    rows_free(rows);
    return *out ? MIGRATE_OK : error_nomem(err);
}

/* The file of a database that the library copies by itself; NULL: there is none, or it does not. */
static const char *own_file(migrate_session *session)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *file = NULL;
    return backups && backups->file(session->db, &file, NULL) == MIGRATE_OK ? file : NULL;
}

int32_t backup_shelf(migrate_session *session, struct shelf *out, migrate_error **err)
{
    char *folder = NULL, *name = NULL, *identity = NULL;
    const char *database = own_file(session);
    int32_t code = folder_of(session, database, &folder, err);
    if (code == MIGRATE_OK)
        code = session_database_name(session, &name, err);
    if (code == MIGRATE_OK)
        code = identity_of(session, database, &identity, err);
    if (code == MIGRATE_OK)
        code = shelf_open(out, folder, name, identity, err);
    memory_free(folder);
    memory_free(name);
    memory_free(identity);
    return code;
}

static void prune(migrate_session *session, const struct shelf *shelf)
{
    struct shelf_limits limits = {.keep = option_number(session->options, OPTION_BACKUP_KEEP),
                                  .age = option_duration(session->options, OPTION_BACKUP_MAX_AGE),
                                  .bytes = option_size(session->options, OPTION_BACKUP_MAX_BYTES)};
    size_t removed = shelf_prune(shelf, &limits);
    if (removed)
        event_say(session, "backup", "debug", "%zu old backup%s removed", removed, removed == 1 ? "" : "s");
}

void backup_prune(migrate_session *session)
{
    struct shelf shelf = {0};
    if (backup_shelf(session, &shelf, NULL) != MIGRATE_OK)
        return;
    prune(session, &shelf);
    shelf_close(&shelf);
}

/* ---- telling ---- */

void backup_tell(int64_t done, int64_t total, void *user)
{
    struct backup_telling *telling = user;
    struct migrate_event event;
    int64_t now = clock_monotonic();
    if (telling->part && done - telling->flushed >= FLUSH_EVERY && shelf_flush(telling->part, NULL) == MIGRATE_OK)
        telling->flushed = done;
    if (now - telling->told < TELL_EVERY)
        return;
    telling->told = now;
    event_init(&event, "backup", "info");
    event_text(&event, "file", telling->file);
    event_int(&event, "bytes", done);
    event_int(&event, "total", total);
    event_send(telling->session, &event, "%s %s: %lld of %lld MB", telling->doing, telling->file, (long long)(done / 1000000),
               (long long)(total / 1000000));
}

void backup_done(const struct backup_telling *telling, const char *what)
{
    struct migrate_event event;
    int64_t bytes = 0;
    file_look(telling->file, &bytes);
    event_init(&event, "backup", "info");
    event_text(&event, "file", telling->file);
    event_int(&event, "bytes", bytes);
    event_int(&event, "total", bytes);
    event_int(&event, "duration_us", clock_monotonic() - telling->begun);
    event_send(telling->session, &event, "%s %s", what, telling->file);
}

/* ---- the host's callback ---- */

const char *backup_job_url(const migrate_backup_job *job)
{
    const char *direct = option_text(job->session->options, OPTION_DIRECT_URL); /* what makes backups needs a session of its own */
    return job->session->url && direct && *direct ? direct : job->session->url;
}

int32_t backup_job_cancelled(migrate_backup_job *job)
{
    return token_state(job->session->options->token) != 0 || watch_check(&job->session->watch) != MIGRATE_OK;
}

int32_t backup_job_fail(migrate_backup_job *job, const char *message, const char *hint)
{
    error_clear(&job->problem);
    error_set(&job->problem, MIGRATE_ERROR_CODE, "%s", message ? message : "the backup callback failed without a reason");
    if (hint)
        error_hint(&job->problem, "%s", hint);
    return MIGRATE_ERROR_CODE;
}

int32_t backup_call(migrate_session *session, const char *verb, const char *file, const struct backup_want *want, migrate_error **err)
{
    struct migrate_backup_job job = {.session = session, .verb = verb, .file = file, .tables = want ? want->tables : NULL,
                                     .tables_count = want ? want->tables_count : 0};
    int32_t end = watch_check(&session->watch);
    if (end != MIGRATE_OK)
        return watch_error(&session->watch, end, err);
    int32_t failed = session->options->backup(&job, session->options->backup_user);
    if (failed) {
        end = watch_check(&session->watch);
        if (end == MIGRATE_OK && token_state(session->options->token) != 0)
            end = MIGRATE_ERROR_CANCELLED;
        if (end != MIGRATE_OK) {
            error_clear(&job.problem);
            return watch_error(&session->watch, end, err);
        }
        if (!job.problem) {
            backup_job_fail(&job, NULL, NULL);
            error_hint(&job.problem, "migrate_backup_job_fail() would say why");
        }
        error_move(err, &job.problem);
        return MIGRATE_ERROR_CODE;
    }
    error_clear(&job.problem);
    return MIGRATE_OK;
}

static int32_t call_and_verify(migrate_session *session, const char *file, const struct backup_want *want, migrate_error **err)
{
    int64_t bytes = 0;
    int32_t code = backup_call(session, "backup", file, want, err);
    if (code == MIGRATE_OK && (file_look(file, &bytes) != FILE_REGULAR || bytes == 0)) {
        code = error_set(err, MIGRATE_ERROR_CODE, "the backup callback says that it is done, and there is nothing in %s", file);
        error_hint(err, "it has to write to migrate_backup_job_file()");
    }
    return code == MIGRATE_OK ? backup_call(session, "verify", file, want, err) : code;
}

/* ---- making one ---- */

static int32_t save(migrate_session *session, struct backup_telling *telling, migrate_error **err)
{
    struct text remark = {0};
    struct database_save save = {.to = telling->part->data, .tell = backup_tell, .user = telling, .remark = &remark};
    int32_t code = session->db->engine->backups->save(session->db, &save, err);
    if (code == MIGRATE_OK && remark.length)
        event_say(session, "warning", "warning", "%s", remark.data);
    text_free(&remark);
    return code;
}

static int32_t make_in(migrate_session *session, const struct shelf *shelf, const char *id, const struct backup_want *want, char **out,
                       migrate_error **err)
{
    const char *database = own_file(session);
    struct shelf_part part = {.lock = -1};
    int32_t code = shelf_begin(shelf, id, want && want->tables_count, !database, &part, err);
    if (code != MIGRATE_OK)
        return code;
    char *file = memory_text(part.file);
    struct backup_telling telling = {.session = session, .doing = "backing up to", .file = file, .part = &part, .begun = clock_monotonic()};
    event_doing(session, "making a backup", NULL);
    if (!file)
        code = error_nomem(err);
    else
        backup_tell(0, 0, &telling);
    if (code == MIGRATE_OK)
        code = database ? save(session, &telling, err) : call_and_verify(session, part.data, want, err);
    if (code == MIGRATE_OK)
        code = watch_error(&session->watch, watch_check(&session->watch), err);
    if (code == MIGRATE_OK)
        code = shelf_publish(shelf, &part, err);
    else
        shelf_abandon(&part);
    event_doing(session, NULL, NULL);
    if (code != MIGRATE_OK) {
        memory_free(file);
        return code;
    }
    telling.part = NULL;
    backup_done(&telling, "backed up to");
    *out = file;
    return MIGRATE_OK;
}

/* A database in memory ends with its program. */
static bool in_memory(migrate_session *session)
{
    const struct database_backups *backups = session->db->engine->backups;
    const char *file = NULL;
    return backups && backups->file(session->db, &file, NULL) == MIGRATE_OK && !file;
}

int32_t backup_make(migrate_session *session, const char *id, const struct backup_want *want, bool replaces, char **out, migrate_error **err)
{
    struct shelf shelf = {0};
    *out = NULL;
    if (in_memory(session))
        return MIGRATE_OK;
    int32_t code = backup_shelf(session, &shelf, err);
    if (code != MIGRATE_OK)
        return code;
    code = make_in(session, &shelf, id, want, out, err);
    if (code != MIGRATE_OK && code != MIGRATE_ERROR_CANCELLED)
        error_detail_add(err, "no backup was made in %s, and nothing was changed", shelf.folder);
    if (code == MIGRATE_OK && replaces) /* here, where nothing more has to be asked of the database: its transaction may be open */
        prune(session, &shelf);
    shelf_close(&shelf);
    return code;
}

/* ---- verbs ---- */

static int32_t list_rows(const struct shelf_items *found, const char *only, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"file", "at", "bytes", "id", "verified", "tables"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    int64_t count = 0;
    if (!rows)
        return error_nomem(err);
    for (size_t i = 0; i < found->count; i++) {
        const struct shelf_item *item = &found->items[i];
        if (only && strcmp(only, item->file) != 0)
            continue;
        rows_put_text(rows, item->file);
        rows_put_int(rows, item->at);
        rows_put_int(rows, item->bytes);
        rows_put_text(rows, item->id);
        rows_put_bool(rows, item->verified);
        rows_put_text(rows, item->tables ? "some" : NULL);
        count++;
    }
    rows_value_int(rows, "count", count);
    return rows_finish(rows, out, err);
}

static int32_t list(migrate_session *session, const char *only, migrate_rows **out, migrate_error **err)
{
    struct shelf shelf = {0};
    struct shelf_items found = {0};
    int32_t code = backup_shelf(session, &shelf, err);
    if (code != MIGRATE_OK)
        return code;
    code = shelf_list(&shelf, &found, err);
    if (code == MIGRATE_OK)
        code = list_rows(&found, only, out, err);
    shelf_items_free(&found);
    shelf_close(&shelf);
    return code;
}

int32_t verb_backups(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    int32_t code = session_begin(session, err);
    return code == MIGRATE_OK ? list(session, NULL, out, err) : code;
}

static int32_t nothing_to_keep(migrate_session *session, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "%s is in no file: there is nothing to back up", session->db->label);
    error_hint(err, "name the file of a database that exists");
    return MIGRATE_ERROR_REFUSED;
}

static int32_t no_way(migrate_session *session, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "there is no way to make a backup of %s: the host brought no callback", session->db->label);
    error_hint(err, "migrate_options_set_backup() takes one; migratectl has one, which runs pg_dump");
    return MIGRATE_ERROR_REFUSED;
}

int32_t verb_backup(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    char *file = NULL;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK && (session->placeholder || in_memory(session)))
        code = nothing_to_keep(session, err);
    if (code == MIGRATE_OK && !backup_possible(session))
        code = no_way(session, err);
    if (code == MIGRATE_OK) {
        session_deadline(session, 0);
        code = backup_make(session, SHELF_MANUAL, NULL, true, &file, err);
    }
    if (code != MIGRATE_OK)
        return code;
    if (out)
        code = list(session, file, out, err);
    memory_free(file);
    return code;
}
