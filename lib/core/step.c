/* SPDX-License-Identifier: MIT
 * One step: its text and its rows in the history, in one transaction (or under one savepoint), in one message where the database allows.
 * Whatever fails undoes both. */
#include "core/backup.h"
#include "core/connection.h"
#include "core/down.h"
#include "core/events.h"
#include "core/guards.h"
#include "core/holder.h"
#include "core/pooler.h"
#include "core/rebuild.h"
#include "core/reconcile.h"
#include "core/rehearsal.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

#define SAVEPOINT "libmigrate_step"

int32_t run_clean_up(struct migrate_run *run, const char *sql)
{
    struct database *db = run->session->db;
    int32_t code = database_clean_up(db, sql, NULL);
    run->unclean |= code != MIGRATE_OK && db->class->transaction(db) != DATABASE_IDLE;
    return code;
}

/* ---- rows ---- */

static int32_t add_row(struct migrate_run *run, const struct history_entry *entry, struct text *sql, migrate_error **err)
{
    struct text row = {0};
    if (!sql)
        return history_collect(&run->writer, entry, &run->rows, err);
    int32_t code = history_append(&run->writer, entry, &row, err);
    if (code == MIGRATE_OK)
        message_add(sql, row.data, row.length);
    text_free(&row);
    return code == MIGRATE_OK && sql->failed ? error_nomem(err) : code;
}

int32_t run_write_rows(struct migrate_run *run, migrate_error **err)
{
    int32_t code = run->rows.sql.length ? database_exec_text(run->session->db, &run->rows.sql, NULL, err) : MIGRATE_OK;
    if (code == MIGRATE_OK) {
        history_batch_cut(&run->rows, 0);
        run->rows_kept = 0;
    }
    return code;
}

/* The rollback text as it is now, so that an older build can use it later. */
static int32_t down_text(struct migrate_run *run, const struct migration *m, char **out, migrate_error **err)
{
    struct section_text read = {0};
    const struct text *down = &read.text;
    int32_t code = MIGRATE_OK;
    *out = NULL;
    if (!m->down.present || m->down.code)
        return MIGRATE_OK;
    if (m->down.from_block && run->read == m)
        down = &run->rollback;
    else
        code = section_read(run->build->source, &m->down, NULL, &read, err);
    if (code != MIGRATE_OK)
        return code;
    const char *text = down->data ? down->data : "";
    size_t length = down->length;
    for (; length > 0 && strchr(" \t\r\n", *text); length--)
        text++;
    for (; length > 0 && strchr(" \t\r\n", text[length - 1]); length--)
        ;
    *out = memory_text_n(text, length);
    section_text_free(&read);
    return *out ? MIGRATE_OK : error_nomem(err);
}

/* The row stands in one message with the work: then only the database can tell how long that took. */
static bool row_travels_with_work(const struct migrate_run *run)
{
    return !run->down && !run->guards && (run->grouping == GROUP_EACH || run->grouping == GROUP_WHOLE) && run->session->db->engine->since_begin;
}

static void set_duration(const struct migrate_run *run, struct history_entry *entry)
{
    entry->duration = run->row_ahead ? -1 : clock_monotonic() - run->step_begun;
    entry->begun_after = run->grouping == GROUP_WHOLE ? run->step_begun - run->opened_at : 0;
}

/* What the history keeps of a migration that is applied from now on. */
static int32_t read_for_history(struct migrate_run *run, const struct migration *m, char **down, migrate_error **err)
{
    int32_t code = source_checksum(m, err);
    if (code == MIGRATE_OK)
        code = source_tokens(run->build->source, m, NULL, err);
    return code == MIGRATE_OK ? down_text(run, m, down, err) : code;
}

/* Of the schema behind the step; NULL: its row has none. */
static const char *fingerprint(const struct migrate_run *run)
{
    return run->vouch.text[0] ? run->vouch.text : NULL;
}

static int32_t migration_row(struct migrate_run *run, const struct migration *m, const char *event, const char *vouched,
                             struct text *sql, migrate_error **err)
{
    char *down = NULL;
    int32_t code = read_for_history(run, m, &down, err);
    if (code != MIGRATE_OK)
        return code;
    const struct down *made = run->down && run->down->begun ? run->down : NULL;
    struct history_entry entry = {.event = event, .effect = "add", .kind = kind_name(m->kind), .id = m->id, .name = m->name,
                                  .checksum = m->checksum, .token_checksum = m->token_checksum, .breaking = m->breaking,
                                  .statement = -1, .down_sql = made && !down ? made->text.data : down, .fingerprint = vouched,
                                  .reason = guards_reason(run) ? guards_reason(run) : m->allow_data_loss};
    if (!entry.reason && made && made->refused.length)
        entry.reason = made->refused.data;
    set_duration(run, &entry);
    code = add_row(run, &entry, sql, err);
    memory_free(down);
    return code;
}

static int32_t schema_rows(struct migrate_run *run, struct text *sql, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < run->plan->replaced && code == MIGRATE_OK; i++)
        code = migration_row(run, &run->build->source->items[i], "baselined", i + 1 == run->plan->replaced ? fingerprint(run) : NULL, sql, err);
    return code;
}

static int32_t reconcile_row(struct migrate_run *run, struct text *sql, migrate_error **err)
{
    struct history_entry entry;
    bool any = false;
    int32_t code = reconcile_entry(run, &entry, &any, err);
    if (code != MIGRATE_OK || !any)
        return code;
    entry.fingerprint = fingerprint(run);
    set_duration(run, &entry);
    return add_row(run, &entry, sql, err);
}

int32_t step_rows(struct migrate_run *run, const struct step *step, struct text *sql, migrate_error **err)
{
    if (step->action == STEP_RECONCILE)
        return reconcile_row(run, sql, err);
    if (step->action == STEP_SCHEMA)
        return schema_rows(run, sql, err);
    if (step->action == STEP_RUN && step->direction == DIRECTION_UP)
        return migration_row(run, step->migration, "applied", fingerprint(run), sql, err);
    bool record = step->action == STEP_RECORD;
    struct history_entry entry = {.event = record ? step->event : "rolled_back", .effect = record ? step->effect : "remove",
                                  .kind = step->repeatable ? "repeatable" : "versioned", .id = step->id, .name = step->name,
                                  .checksum = step->checksum ? step->checksum : step->migration ? step->migration->checksum : NULL,
                                  .breaking = step->breaking, .statement = -1, .fingerprint = fingerprint(run),
                                  .reason = guards_reason(run) ? guards_reason(run) : step->reason};
    if (!record)
        set_duration(run, &entry);
    char *down = NULL;
    int32_t code = MIGRATE_OK;
    if (record && step->migration && strcmp(step->effect, "add") == 0) {
        code = read_for_history(run, step->migration, &down, err);
        entry.token_checksum = step->migration->token_checksum;
    }
    entry.down_sql = down;
    if (code == MIGRATE_OK)
        code = add_row(run, &entry, sql, err);
    memory_free(down);
    return code;
}

/* ---- the step ---- */

static bool step_lacks_down(const struct step *step)
{
    return step->action == STEP_RUN && step->direction == DIRECTION_UP && !step->repeatable && step->migration &&
           !step->migration->down.present;
}

static int32_t add_begin(struct migrate_run *run, const struct step *step, struct text *prefix, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (run->grouping == GROUP_EACH)
        code = run_begin_transaction(run, prefix, err);
    else
        text_add(prefix, "SAVEPOINT " SAVEPOINT);
    if (code != MIGRATE_OK)
        return code; /* there may be no connection any more */
    if (run->grouping != GROUP_HOST) /* the step before may have reset it */
        attempts_limit(run, prefix);
    holder_show(run, step->id, true, prefix);
    return run->grouping == GROUP_EACH ? backup_begin(run, prefix, err) : MIGRATE_OK;
}

static void add_end(struct migrate_run *run, struct text *suffix)
{
    struct database *db = run->session->db;
    struct text after = {0};
    if (run->grouping == GROUP_EACH)
        message_add(suffix, "COMMIT", 6);
    else
        message_add(suffix, "RELEASE SAVEPOINT " SAVEPOINT, strlen("RELEASE SAVEPOINT " SAVEPOINT));
    run_after_commit(run, &after);
    if (run->grouping == GROUP_WHOLE && !db->borrowed && !run_pooled(run) && db->engine->before_alone) { /* what begin() set went with the rest */
        message_add(suffix, after.data, after.length);
        text_clear(&after);
        db->engine->before_alone(&after, option_text(run->session->options, OPTION_SET_ROLE));
    }
    message_add(suffix, after.data, after.length);
    suffix->failed |= after.failed;
    text_free(&after);
}

static int32_t compose_end(struct migrate_run *run, const struct step *step, struct text *suffix, migrate_error **err)
{
    struct text before = {0};
    if (step->action != STEP_RECORD)
        run_before_history(run, &before);
    message_add(suffix, before.data, before.length);
    suffix->failed |= before.failed;
    text_free(&before);
    int32_t code = step_rows(run, step, run->grouping == GROUP_BATCH ? NULL : suffix, err);
    if (code == MIGRATE_OK)
        add_end(run, suffix);
    return code == MIGRATE_OK && suffix->failed ? error_nomem(err) : code;
}

/* Behind the work, where it does not travel with it. */
static int32_t send_end(struct migrate_run *run, const struct step *step, migrate_error **err)
{
    struct text suffix = {0};
    int64_t rows = step->action == STEP_SCHEMA ? (int64_t)run->plan->replaced : 1;
    int32_t code = vouch_due(run) ? vouch_read(run, run->writer.seq + rows, err) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = compose_end(run, step, &suffix, err);
    if (code == MIGRATE_OK)
        code = run_exec_final(run, &suffix, run->grouping == GROUP_EACH, NULL, err);
    if (code == MIGRATE_OK)
        run->rows_kept = run->rows.sql.length;
    text_free(&suffix);
    return code;
}

static void undo(struct migrate_run *run)
{
    struct database *db = run->session->db;
    enum database_transaction state = db ? db->class->transaction(db) : DATABASE_LOST;
    history_batch_cut(&run->rows, run->rows_kept);
    if (state == DATABASE_IDLE || state == DATABASE_LOST)
        return;
    run_clean_up(run, run->grouping == GROUP_EACH
                          ? "ROLLBACK"
                          : "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT);
}

static const struct section *step_section(const struct migrate_run *run, const struct step *step, const char **expected)
{
    *expected = NULL;
    if (step->action == STEP_SCHEMA) {
        *expected = run->build->source->schema.checksum;
        return &run->build->source->schema.up;
    }
    if (step->direction == DIRECTION_DOWN)
        return &step->migration->down;
    *expected = step->migration->checksum;
    return &step->migration->up;
}

/* Code, the library's own work, or nothing at all, between begin and end. */
static int32_t run_code(struct migrate_run *run, const struct step *step, const struct section *section, migrate_error **err)
{
    struct text prefix = {0}, suffix = {0};
    bool record = step->action == STEP_RECORD;
    int32_t code = record ? MIGRATE_OK : run_write_rows(run, err); /* code may look at the history */
    if (code != MIGRATE_OK)
        return code;
    code = add_begin(run, step, &prefix, err);
    if (code != MIGRATE_OK) {
        text_free(&prefix);
        return code;
    }
    struct database *db = run->session->db; /* behind add_begin(), which may have opened another */
    if (record && !vouch_due(run)) { /* begin, rows and end travel together */
        code = compose_end(run, step, &suffix, err);
        if (code == MIGRATE_OK) {
            message_add(&prefix, suffix.data, suffix.length);
            code = run_exec_final(run, &prefix, run->grouping == GROUP_EACH, NULL, err);
        }
    } else {
        code = database_exec_text(db, &prefix, NULL, err);
        if (code == MIGRATE_OK && run->guards)
            code = guards_begin(run, err);
        if (code == MIGRATE_OK && run->down)
            code = down_begin(run->session, run->down, err);
        if (code == MIGRATE_OK && run->request.rehearsal)
            code = rehearsal_ahead(run, NULL, err);
        if (code == MIGRATE_OK && !record)
            code = section ? connection_call(run->session, step->id, section->code, section->user, err) : reconcile_work(run, err);
        if (code == MIGRATE_OK && run->request.rehearsal)
            code = rehearsal_behind(run, err);
        if (code == MIGRATE_OK)
            code = run_check_end(run, err);
        if (code == MIGRATE_OK && run->guards)
            code = guards_end(run, err);
        if (code == MIGRATE_OK && run->down)
            code = down_end(run->session, NULL, run->down, err);
        if (code == MIGRATE_OK)
            code = send_end(run, step, err);
    }
    if (code != MIGRATE_OK) {
        error_id(err, step->id);
        undo(run);
    }
    run->rows_kept = run->rows.sql.length;
    text_free(&prefix);
    text_free(&suffix);
    return code;
}

/* Nearly always one segment; in a rehearsal all of a script's, which would have been transactions of their own. */
static int32_t send_segments(struct migrate_run *run, const struct script *script, const struct text *prefix, const struct text *suffix,
                             migrate_error **err)
{
    static const struct segment none = {0};
    static const struct text nothing = {0};
    int32_t code = MIGRATE_OK;
    if (script->count == 0)
        return run_segment(run, script, &none, prefix, suffix, err);
    for (size_t i = 0; i < script->count && code == MIGRATE_OK; i++)
        code = run_segment(run, script, &script->items[i], i == 0 ? prefix : &nothing, i + 1 == script->count ? suffix : &nothing, err);
    return code;
}

/* A big text's checksum is known when it was sent, so its row comes behind it. */
static int32_t run_big(struct migrate_run *run, const struct step *step, const struct script *script, migrate_error **err)
{
    static const struct text nothing = {0};
    struct text prefix = {0};
    int32_t code = add_begin(run, step, &prefix, err);
    if (code == MIGRATE_OK)
        code = database_exec_text(run->session->db, &prefix, NULL, err);
    if (code == MIGRATE_OK && run->guards)
        code = guards_begin(run, err);
    if (code == MIGRATE_OK && run->down)
        code = down_begin(run->session, run->down, err);
    if (code == MIGRATE_OK)
        code = send_segments(run, script, &nothing, &nothing, err);
    if (code == MIGRATE_OK && run->guards)
        code = guards_end(run, err);
    if (code == MIGRATE_OK && run->down)
        code = down_end(run->session, script, run->down, err);
    if (code == MIGRATE_OK && step->action == STEP_RUN && step->direction == DIRECTION_UP)
        code = source_settle(step->migration, run->checksum, err);
    if (code == MIGRATE_OK)
        code = send_end(run, step, err);
    if (code != MIGRATE_OK)
        undo(run);
    text_free(&prefix);
    return code;
}

static int32_t run_atomic(struct migrate_run *run, const struct step *step, const struct script *script, migrate_error **err)
{
    struct text prefix = {0}, suffix = {0};
    bool together = row_travels_with_work(run) && !vouch_due(run);
    int32_t code = add_begin(run, step, &prefix, err);
    if (code != MIGRATE_OK) {
        text_free(&prefix);
        return code;
    }
    run->row_ahead = together;
    code = prefix.failed ? error_nomem(err) : together ? compose_end(run, step, &suffix, err) : MIGRATE_OK;
    run->row_ahead = false;
    if (code == MIGRATE_OK && (run->grouping == GROUP_HOST || run->down || run->guards)) {
        /* Ahead of the message: a syntax error refuses all of it, and without the savepoint there is no way back. */
        code = database_exec_text(run->session->db, &prefix, NULL, err);
        text_clear(&prefix);
    }
    if (code == MIGRATE_OK) {
        if (run->guards)
            code = guards_begin(run, err);
        if (code == MIGRATE_OK && run->down)
            code = down_begin(run->session, run->down, err);
        if (code == MIGRATE_OK)
            code = send_segments(run, script, &prefix, &suffix, err);
        if (code == MIGRATE_OK && run->guards)
            code = guards_end(run, err);
        if (code == MIGRATE_OK && run->down)
            code = down_end(run->session, script, run->down, err);
        if (code == MIGRATE_OK && !together) {
            code = send_end(run, step, err);
            if (code != MIGRATE_OK) /* a deferred constraint at COMMIT: of this file, nobody knows where */
                script_place(script, SIZE_MAX, SIZE_MAX, err);
        }
        if (code != MIGRATE_OK)
            undo(run);
    }
    text_free(&prefix);
    text_free(&suffix);
    return code;
}

static int32_t read_script(struct migrate_run *run, const struct step *step, const struct section *section,
                           const char *expected, struct script *script, migrate_error **err)
{
    if (step->stored)
        return script_from_text(run->session, step->id, step->stored_file, step->stored, script, err);
    int32_t code = script_read(run->session, run->build->source, step->id, section, expected, script, err);
    if (code == MIGRATE_OK && step->action == STEP_RUN && step->direction == DIRECTION_UP) {
        run->read = step->migration;
        run->rollback = script->text.rollback;
        script->text.rollback = (struct text){0};
        code = source_tokens(run->build->source, step->migration, &script->text.text, err);
    }
    return code;
}

/* What an earlier run left half done goes on by statements, even if its text is one transaction now. */
static bool in_parts(const struct migrate_run *run, const struct step *step, const struct script *script)
{
    if (!rehearsal_rolls_back(run))
        return step->begun || !script_atomic(script);
    bool alone = false; /* transactions can be rehearsed in one */
    for (size_t i = 0; i < script->count && !alone; i++)
        alone = script->items[i].alone;
    return step->begun || alone;
}

/* Own connections on an engine that resets behind COMMIT need nothing; where only certain words can change a setting, the text is asked. */
static bool may_leak(const struct migrate_run *run, const struct step *step, const struct script *script)
{
    struct database *db = run->session->db;
    const char *const *words = db->engine->settings_words;
    if (run->grouping == GROUP_WHOLE && !words && !db->borrowed)
        return false; /* see add_end() */
    if (run_pooled(run))
        return false; /* see run_before_history() */
    if (!script || in_parts(run, step, script))
        return true;
    return words ? script->sets : db->borrowed;
}

/* A value that ALTER TYPE ... ADD VALUE made cannot be used in the same transaction. Only the database knows whether it is, so it is
 * tried; such a script then runs in several transactions. */
static int32_t run_script(struct migrate_run *run, const struct step *step, struct script *script, migrate_error **err)
{
    migrate_error *problem = NULL;
    if (in_parts(run, step, script))
        return run_segments(run, step, script, err);
    struct attempts attempts = {0};
    size_t told = rehearsal_told(run);
    int32_t code;
    do {
        rehearsal_untell(run, told);
        attempts_begin(&attempts, run, step, script, NULL, true);
        code = (script_big(script) ? run_big : run_atomic)(run, step, script, &problem);
    } while (code != MIGRATE_OK && attempts_again(&attempts, &code, &problem));
    attempts_end(&attempts);
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_UNCOMMITTED && run->grouping == GROUP_EACH) {
        error_clear(&problem);
        rehearsal_untell(run, told);
        code = script_cut_finer(script, 0, &problem);
        if (code == MIGRATE_OK)
            code = run_reload_writer(run, &problem);
        if (code == MIGRATE_OK)
            code = run_segments(run, step, script, &problem);
    }
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_UNCOMMITTED && rehearsal_rolls_back(run)) {
        error_clear(&problem);
        code = RUN_OWN;
    }
    error_move(err, &problem);
    return code;
}

/* With foreign keys off around it, and what they guard checked before it commits. */
static int32_t run_rebuild(struct migrate_run *run, const struct step *step, struct script *script, migrate_error **err)
{
    struct database *db = run->session->db;
    struct database_rebuild state = {0};
    int32_t code = db->engine->rebuild_begin(db, run->grouping == GROUP_EACH, script->keep_foreign_keys, &state, err);
    if (code == MIGRATE_ERROR_REFUSED && rehearsal_rolls_back(run)) {
        error_clear(err);
        return RUN_OWN;
    }
    if (code != MIGRATE_OK) {
        script_place(script, SIZE_MAX, SIZE_MAX, err);
        return code;
    }
    run->rebuild = &state;
    code = run_script(run, step, script, err);
    run->rebuild = NULL;
    migrate_error *problem = NULL;
    int32_t ended = db->engine->rebuild_end(db, &state, &problem);
    if (code == MIGRATE_OK && ended != MIGRATE_OK) {
        code = ended;
        error_move(err, &problem);
    }
    error_clear(&problem);
    return code;
}

static void let_go(struct migrate_run *run, struct script *script)
{
    run->read = NULL;
    text_free(&run->rollback);
    script_free(script);
}

/* auto: not where the run builds a database up from nothing. Asked before the first step, and only if some step has no way back. */
static int32_t decide_generating(struct migrate_run *run, migrate_error **err)
{
    const migrate_options *options = run->session->options;
    bool lacking = false, objects = true;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < run->plan->count && !lacking; i++)
        lacking = step_lacks_down(&run->plan->steps[i]);
    if (option_is(options, OPTION_GENERATE_DOWN, "auto") && lacking && !run->plan->from)
        code = history_objects_exist(run->session, &objects, err);
    /* A host's driver that cannot tell whether a transaction is open cannot be looked at inside of one. */
    struct database *db = run->session->db;
    run->generating = lacking && objects && !option_is(options, OPTION_GENERATE_DOWN, "off") &&
                      db->class->transaction(db) != DATABASE_UNKNOWN;
    run->generating_known = code == MIGRATE_OK;
    return code;
}

static void tell_down(struct migrate_run *run, const struct step *step)
{
    const struct down *down = run->down;
    struct migrate_event event;
    if (!down || !down->begun)
        return;
    event_init(&event, "down", down->refused.length ? "warning" : "info");
    event_text(&event, "id", step->id);
    if (down->refused.length)
        event_send(run->session, &event, "%s: %s", step->id, down->refused.data);
    else
        event_send(run->session, &event, "a rollback text was generated for %s, %s%s", step->id,
                   down->proven ? "and tried" : "but not tried", down->column_order ? "; columns will stand in another order" : "");
}

static int32_t run_text(struct migrate_run *run, const struct step *step, migrate_error **err);

int32_t run_one(struct migrate_run *run, const struct step *step, migrate_error **err)
{
    struct down down = {0};
    int32_t code = run->generating_known ? MIGRATE_OK : decide_generating(run, err);
    if (code != MIGRATE_OK)
        return code;
    run->down = run->generating && step_lacks_down(step) ? &down : NULL;
    code = run_text(run, step, err);
    if (code == MIGRATE_OK)
        tell_down(run, step);
    run->down_result = !run->down || !down.begun ? NULL : down.refused.length ? "refused" : "generated";
    run->down = NULL;
    down_free(&down);
    return code;
}

static int32_t run_text(struct migrate_run *run, const struct step *step, migrate_error **err)
{
    struct script script = {0};
    const char *expected = NULL;
    run->step_begun = clock_monotonic();
    vouch_forget(run);
    const struct section *section = step->stored || step->action == STEP_RECORD || step->action == STEP_RECONCILE
                                        ? NULL
                                        : step_section(run, step, &expected);
    struct database *db = run->session->db;
    if (step->action == STEP_RECORD)
        return run_code(run, step, NULL, err);
    bool code_step = step->action == STEP_RECONCILE || (section && section->code);
    int32_t code = code_step ? MIGRATE_OK : read_script(run, step, section, expected, &script, err);
    bool rebuild = false;
    if (code == MIGRATE_OK && !code_step)
        code = rebuild_needed(run, &script, &rebuild, err);
    bool apart = !code_step && code == MIGRATE_OK &&
                 ((run->grouping == GROUP_BATCH && (rebuild || in_parts(run, step, &script))) ||
                  (rehearsal_rolls_back(run) && in_parts(run, step, &script)));
    if (code != MIGRATE_OK || apart) {
        let_go(run, &script);
        return code == MIGRATE_OK ? RUN_OWN : code;
    }
    struct guards guards = {0};
    bool leak = may_leak(run, step, code_step ? NULL : &script);
    if (step->action != STEP_RECONCILE)
        code = guards_open(run, step, section, code_step ? NULL : &script, &guards, err);
    if (code == MIGRATE_OK && leak)
        code = db->class->settings_save(db, err);
    if (code == MIGRATE_OK) {
        code = code_step ? run_code(run, step, section, err)
               : rebuild ? run_rebuild(run, step, &script, err)
                         : run_script(run, step, &script, err);
        if (leak && db->class->transaction(db) != DATABASE_LOST) {
            migrate_error *problem = NULL;
            struct watch *watch = db->watch;
            db->watch = NULL; /* after a cancel too */
            int32_t restored = db->class->settings_restore(db, &problem);
            db->watch = watch;
            if (restored != MIGRATE_OK && run->grouping == GROUP_EACH) { /* the step itself is committed */
                event_say(run->session, "warning", "warning", "settings that %s changed could not be brought back: %s",
                          step->id, problem->message);
            } else if (restored != MIGRATE_OK && code == MIGRATE_OK) {
                code = restored;
                error_move(err, &problem);
            }
            error_clear(&problem);
        }
    }
    guards_close(run, &guards);
    let_go(run, &script);
    return code;
}
