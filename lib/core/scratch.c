/* SPDX-License-Identifier: MIT
 * Sessions on scratch databases: made like another session, filled with its migrations, a text, or the declared schema. */
#include "core/schema.h"

#include "core/connection.h"
#include "core/events.h"
#include "core/run.h"
#include "util/array.h"
#include "util/file.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

#define DOING "trying in a scratch database"

/* What a session on a scratch database is besides a session. */
struct scratch {
    migrate_session *like;
    struct text missing; /* extensions that could not be made there, as a line each */
};

/* ---- what its options are ---- */

/* What guards a real database, or is kept about it, has no place there. */
static const struct {
    enum option_key key;
    const char *value; /* NULL: the default */
} overrides[] = {
    {OPTION_URL, NULL},           {OPTION_DIRECT_URL, NULL},         {OPTION_SHADOW_URL, NULL},       {OPTION_MODE, "apply"},
    {OPTION_ON_AHEAD, "allow"},   {OPTION_ON_MODIFIED, "allow"},     {OPTION_ON_MISSING, "allow"},    {OPTION_ON_RENAMED, "allow"},
    {OPTION_ON_UNMANAGED, "apply"}, {OPTION_ORDER, "any"},           {OPTION_SCHEMA_FILE, "ignore"},  {OPTION_TRANSACTION, NULL},
    {OPTION_RUN_DEADLINE, NULL},  {OPTION_RUN_BUDGET, NULL},         {OPTION_PREFLIGHT, "off"},       {OPTION_STORED_DOWN, NULL},
    {OPTION_GENERATE_DOWN, "off"}, {OPTION_VERIFY, "off"},           {OPTION_FINGERPRINT, "off"},     {OPTION_KEEP_FACTS, "off"},
    {OPTION_RECONCILE, "off"},    {OPTION_HOST_TRANSACTION, NULL},   {OPTION_POOLER, "session"},      {OPTION_ACTOR, NULL},
    {OPTION_REASON, NULL},        {OPTION_MAX_BLOCKING, NULL},        {OPTION_BACKUP, "off"},         {OPTION_PROTECT, NULL},
};

static int32_t scratch_options(const migrate_session *like, migrate_options **out, migrate_error **err)
{
    migrate_options *options = NULL;
    int32_t code = options_copy(like->options, &options, err);
    for (size_t i = 0; code == MIGRATE_OK && i < sizeof overrides / sizeof *overrides; i++) {
        char *value = memory_text(overrides[i].value);
        if (!value && overrides[i].value)
            code = error_nomem(err);
        memory_free(options->values[overrides[i].key]);
        options->values[overrides[i].key] = value;
    }
    if (code != MIGRATE_OK) {
        options_free(options);
        return code;
    }
    options->event = NULL;
    *out = options;
    return MIGRATE_OK;
}

/* ---- extensions ---- */

/* CREATE EXTENSION x: such a one is left to the migration. */
static bool statement_makes(const struct sql_dialect *dialect, const char *sql, size_t length, const char *extension, bool *failed)
{
    struct sql_reader reader;
    struct text name = {0}, schema = {0};
    sql_reader_open(&reader, dialect, sql, length);
    if (!sql_reader_take(&reader, "create") || !sql_reader_take(&reader, "extension"))
        return false;
    if (sql_reader_take(&reader, "if"))
        sql_reader_take(&reader, "not"), sql_reader_take(&reader, "exists");
    sql_reader_name(&reader, &name, &schema);
    /* The name comes quoted or not, as it was written. */
    size_t quote = name.length && name.data[0] == '"';
    bool made = name.length == strlen(extension) + 2 * quote && text_equal_nocase_n(name.data + quote, extension, strlen(extension));
    *failed |= name.failed || schema.failed;
    text_free(&name);
    text_free(&schema);
    return made;
}

static int32_t migration_makes(const struct build *build, const struct sql_dialect *dialect, const struct section *up,
                               const char *extension, bool *out, migrate_error **err)
{
    struct section_text text = {0};
    struct sql_splitter splitter;
    struct sql_statement statement;
    bool failed = false;
    if (!up->present || up->code || up->big)
        return MIGRATE_OK;
    int32_t code = section_read(build->source, up, NULL, &text, err);
    if (code == MIGRATE_OK && text.text.data) {
        sql_split(&splitter, dialect, text.text.data, text.text.length);
        while (!*out && sql_next(&splitter, &statement))
            *out = statement_makes(dialect, text.text.data + statement.offset, statement.length, extension, &failed);
    }
    section_text_free(&text);
    return failed ? error_nomem(err) : code;
}

static int32_t source_makes(const migrate_session *scratch, const char *extension, bool *out, migrate_error **err)
{
    const struct build *build = scratch->build;
    int32_t code = MIGRATE_OK;
    *out = false;
    for (size_t i = 0; build && i < build->source->count && !*out && code == MIGRATE_OK; i++)
        code = migration_makes(build, scratch->db->engine->dialect, &build->source->items[i].up, extension, out, err);
    return code;
}

static bool has_row(const struct migrate_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows_count(rows); i++) {
        if (text_equal(rows_text(rows, i, 0), name))
            return true;
    }
    return false;
}

/* One that cannot be made is told of where something fails. */
static int32_t make_extension(migrate_session *scratch, const char *name, const char *sql, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = database_exec(scratch->db, sql, &problem);
    if (code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_TIMEOUT || code == MIGRATE_ERROR_NOMEM || code == MIGRATE_ERROR_CONNECTION_LOST) {
        error_move(err, &problem);
        return code;
    }
    if (code != MIGRATE_OK)
        text_format(&scratch->scratch->missing, "\nthe database has the extension %s, and the scratch database could not get it: %s", name,
                    problem ? problem->message : "");
    error_clear(&problem);
    return scratch->scratch->missing.failed ? error_nomem(err) : MIGRATE_OK;
}

/* What somebody else made in the database before the migrations, because they need it. */
static int32_t make_extensions(migrate_session *scratch, migrate_session *like, migrate_error **err)
{
    struct migrate_rows *there = NULL, *here = NULL;
    const struct database_engine *engine = scratch->db->engine;
    if (!engine->extensions)
        return MIGRATE_OK;
    int32_t code = like->db->class->query(like->db, engine->extensions, &there, err);
    if (code == MIGRATE_OK)
        code = scratch->db->class->query(scratch->db, engine->extensions, &here, err);
    for (size_t i = 0; code == MIGRATE_OK && i < rows_count(there); i++) {
        const char *name = rows_text(there, i, 0);
        bool made = false;
        if (has_row(here, name))
            continue;
        code = source_makes(scratch, name, &made, err);
        if (code == MIGRATE_OK && !made)
            code = make_extension(scratch, name, rows_text(there, i, 1), err);
    }
    rows_free(there);
    rows_free(here);
    return code;
}

/* ---- opening and closing ---- */

/* The migrations are read once. A session without any gets an empty list. */
static int32_t share_build(migrate_session *scratch, migrate_session *like, migrate_error **err)
{
    struct build *build = NULL;
    if (option_text(like->options, OPTION_DIR) || like->options->source) {
        int32_t code = session_build(like, &build, err);
        if (code != MIGRATE_OK)
            return code;
        atomic_fetch_add(&build->references, 1);
        scratch->build = build;
        return MIGRATE_OK;
    }
    migrate_source *none = NULL;
    int32_t code = memory_source_new(&none, err);
    if (code != MIGRATE_OK)
        return code;
    options_set_source(scratch->options, none);
    memory_source_unref(none);
    return session_build(scratch, &build, err);
}

/* A pooler stands in the way, and there is a way past it. */
static int32_t go_past_pooler(migrate_session *like, bool *direct, migrate_error **err)
{
    struct database *db = like->db;
    bool pooled = db->pooled;
    *direct = false;
    if (!option_text(like->options, OPTION_DIRECT_URL) || option_text(like->options, OPTION_SHADOW_URL) || like->aside)
        return MIGRATE_OK;
    int32_t code = !pooled && db->class->find_pooler ? db->class->find_pooler(db, &pooled, err) : MIGRATE_OK;
    if (code != MIGRATE_OK || !pooled)
        return code;
    code = session_direct_begin(like, err);
    *direct = code == MIGRATE_OK;
    return code;
}

static int32_t open_database(migrate_session *like, struct database **out, migrate_error **err)
{
    struct database_scratch_wish wish = {.url = option_text(like->options, OPTION_SHADOW_URL),
                                         .role = option_text(like->options, OPTION_SET_ROLE), .schema = like->history_schema, .another = like->scratches > 0, .apart = like->apart};
    bool direct = false;
    int32_t code = go_past_pooler(like, &direct, err);
    if (code != MIGRATE_OK)
        return code;
    code = like->db->engine->scratch_open(like->db, &wish, out, err);
    if (direct)
        session_direct_end(like);
    return code;
}

/* The database goes, with or without a session on it. What keeps it from going is told, and the next scratch database removes it. */
static void close_database(migrate_session *like, struct database *db)
{
    migrate_error *problem = NULL;
    if (!db)
        return;
    if (db->engine->scratch_close(db, &problem) != MIGRATE_OK)
        event_say(like, "warning", "warning", "a scratch database could not be removed, the next one tries again: %s",
                  problem ? problem->message : "no reason given");
    error_clear(&problem);
}

/* Nobody expects that, and it holds up whoever would grant something on a schema, or rename it. */
static void tell_place(const migrate_session *scratch, migrate_session *like)
{
    if (scratch->db->inside && !like->told_inside)
        event_say(like, "scratch", "info", "no scratch database may be made: things are tried in a transaction of %s itself, in schemas that "
                                            "nobody else sees, which is rolled back", like->db->label);
    like->told_inside |= scratch->db->inside;
}

int32_t scratch_open(migrate_session *like, migrate_session **out, migrate_error **err)
{
    migrate_options *options = NULL;
    migrate_session *scratch = NULL;
    struct database *db = NULL;
    const char *doing = like->doing, *id = like->doing_id;
    int32_t code = scratch_options(like, &options, err);
    if (code != MIGRATE_OK)
        return code;
    event_doing(like, "making a scratch database", NULL);
    code = open_database(like, &db, err);
    if (code == MIGRATE_OK)
        code = session_open_on(db, &like->watch, options, &scratch, err);
    if (code == MIGRATE_OK) {
        db = NULL;
        scratch->scratch = memory_new(sizeof *scratch->scratch);
        code = scratch->scratch ? MIGRATE_OK : error_nomem(err);
    }
    if (code == MIGRATE_OK) {
        scratch->scratch->like = like;
        like->scratches++;
        tell_place(scratch, like);
        scratch->confined = !option_text(like->options, OPTION_SHADOW_URL) || !scratch->db->engine->standbys;
        code = share_build(scratch, like, err);
    }
    if (code == MIGRATE_OK)
        code = make_extensions(scratch, like, err);
    event_doing(like, doing, id);
    options_free(options);
    if (code != MIGRATE_OK) {
        if (db)
            db->watch = &like->watch;
        close_database(like, db);
        if (scratch && !scratch->scratch) {
            struct database *orphan = scratch->db;
            scratch->db = NULL;
            close_database(like, orphan);
            session_close(scratch);
        } else {
            scratch_close(scratch);
        }
        return code;
    }
    *out = scratch;
    return MIGRATE_OK;
}

void scratch_close(migrate_session *scratch)
{
    if (!scratch)
        return;
    struct scratch *own = scratch->scratch;
    struct database *db = scratch->db;
    scratch->db = NULL;
    own->like->scratches--;
    close_database(own->like, db);
    text_free(&own->missing);
    memory_free(own);
    scratch->scratch = NULL;
    session_close(scratch);
}

/* ---- filling it ---- */

/* A run there, told of by the other session. */
static int32_t run_there(migrate_session *scratch, const struct request *request, const char *id, migrate_error **err)
{
    migrate_session *like = scratch->scratch->like;
    const char *doing = like->doing, *doing_id = like->doing_id;
    int64_t since = like->doing_since;
    event_doing(like, DOING, id ? id : doing_id);
    int32_t code = run_all(scratch, request, NULL, err);
    if (code == MIGRATE_STOPPED) /* the token said so */
        code = watch_error(&scratch->watch, MIGRATE_ERROR_CANCELLED, err);
    if (code < 0 && err && *err && (*err)->code == MIGRATE_ERROR_NOMEM)
        code = MIGRATE_ERROR_NOMEM; /* it came in the way of another error: that one decides nothing */
    if (code < 0 && scratch->scratch->missing.length)
        error_detail_add(err, "%s", scratch->scratch->missing.data + 1);
    like->doing = doing;
    like->doing_id = doing_id;
    like->doing_since = since;
    return code;
}

static int32_t make_up(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                       struct migrate_plan **out, migrate_error **err)
{
    return plan_up(session, build, history, request->target, out, err);
}

int32_t scratch_migrate(migrate_session *scratch, const char *target, migrate_error **err)
{
    struct request request = {.make = make_up, .target = target};
    return run_there(scratch, &request, NULL, err);
}

/* ---- another session's history ---- */

struct replay {
    const struct migration **items;
    size_t count, capacity;
};

/* A part of such a list. */
struct applying {
    const struct migration *const *items;
    size_t count;
    bool again; /* what is applied runs once more */
};

static int in_order(const void *a, const void *b)
{
    const struct applied *const *x = a, *const *y = b;
    if ((*x)->repeatable != (*y)->repeatable)
        return (*x)->repeatable ? 1 : -1;
    return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

static const struct migration *find_migration(const struct source *source, const struct applied *applied)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct migration *m = &source->items[i];
        if ((m->kind == MIGRATION_REPEATABLE) == applied->repeatable && strcmp(m->id, applied->id) == 0)
            return m;
    }
    return NULL;
}

static int32_t not_there(const struct applied *const *list, size_t count, const struct source *source, migrate_error **err)
{
    struct text names = {0};
    size_t missing = 0;
    for (size_t i = 0; i < count; i++) {
        if (find_migration(source, list[i]))
            continue;
        if (missing++ < 10)
            text_format(&names, "%s%s", missing > 1 ? ", " : "", list[i]->id);
        else if (missing == 11)
            text_add(&names, " ...");
    }
    error_set(err, MIGRATE_ERROR_MISSING, "what the database has cannot be made anew: %zu applied migration%s not in the source: %s", missing,
              missing == 1 ? " is" : "s are", names.data ? names.data : "");
    error_hint(err, "bring the files back, or use the build that applied them");
    text_free(&names);
    return MIGRATE_ERROR_MISSING;
}

static int32_t list_applied(const struct history *history, const struct source *source, struct replay *out, migrate_error **err)
{
    const struct applied **list = memory_new((history->count + 1) * sizeof *list);
    int32_t code = list ? MIGRATE_OK : error_nomem(err);
    for (size_t i = 0; list && i < history->count; i++)
        list[i] = &history->items[i];
    if (list && history->count > 1)
        qsort(list, history->count, sizeof *list, in_order);
    for (size_t i = 0; code == MIGRATE_OK && i < history->count; i++) {
        const struct migration *m = find_migration(source, list[i]);
        if (!m)
            code = not_there(list, history->count, source, err);
        else if (!array_reserve(out))
            code = error_nomem(err);
        else
            out->items[out->count++] = m;
    }
    memory_free(list);
    return code;
}

/* A run plans again where it has to; what is done by then is left out. */
static int32_t make_replay(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                           struct migrate_plan **out, migrate_error **err)
{
    const struct applying *applying = request->user;
    struct migrate_plan *plan = NULL;
    int32_t code = plan_new(session, build, history, &plan, err);
    for (size_t i = 0; code == MIGRATE_OK && i < applying->count; i++) {
        const struct migration *m = applying->items[i];
        bool repeatable = m->kind == MIGRATION_REPEATABLE;
        if (!applying->again && history_find(history, repeatable, m->id))
            continue;
        struct step *step = plan_add(plan);
        if (!step)
            code = error_nomem(err);
        else
            *step = (struct step){.action = STEP_RUN, .direction = DIRECTION_UP, .migration = m, .id = m->id, .name = m->name,
                                  .repeatable = repeatable, .breaking = m->breaking};
    }
    if (code == MIGRATE_OK)
        code = plan_set_end(plan, history, err);
    if (code != MIGRATE_OK) {
        plan_free(plan);
        return code;
    }
    *out = plan;
    return MIGRATE_OK;
}

int32_t scratch_apply(migrate_session *scratch, const struct migration *const *list, size_t count, migrate_error **err)
{
    struct applying applying = {list, count, false};
    struct request request = {.make = make_replay, .user = &applying};
    return count ? run_there(scratch, &request, list[0]->id, err) : MIGRATE_OK;
}

int32_t scratch_repeat(migrate_session *scratch, const struct migration *migration, migrate_error **err)
{
    struct applying applying = {&migration, 1, true};
    struct request request = {.make = make_replay, .user = &applying};
    return run_there(scratch, &request, migration->id, err);
}

static int32_t make_down(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                         struct migrate_plan **out, migrate_error **err)
{
    return plan_down(session, build, history, request->target, out, err);
}

int32_t scratch_rollback(migrate_session *scratch, migrate_error **err)
{
    struct request request = {.make = make_down};
    return run_there(scratch, &request, NULL, err);
}

int32_t scratch_option(migrate_session *scratch, const char *key, const char *value, migrate_error **err)
{
    return options_set(scratch->options, key, value, err);
}

int32_t scratch_replay(migrate_session *scratch, migrate_session *like, migrate_error **err)
{
    struct history history = {0};
    struct replay replay = {0};
    int32_t code = history_load(like, &history, err);
    if (code == MIGRATE_OK)
        code = list_applied(&history, scratch->build->source, &replay, err);
    if (code == MIGRATE_OK)
        code = scratch_apply(scratch, replay.items, replay.count, err);
    memory_free(replay.items);
    history_free(&history);
    return code;
}

/* ---- a text ---- */

struct text_run {
    const char *name, *sql;
};

/* To the run it is a rollback text that the history keeps: any text may be one. */
static int32_t make_text(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                         struct migrate_plan **out, migrate_error **err)
{
    const struct text_run *text = request->user;
    struct step step = {.action = STEP_RUN, .direction = DIRECTION_DOWN, .id = text->name, .name = text->name, .stored = text->sql,
                        .stored_file = text->name};
    return plan_of_step(session, build, history, &step, out, err);
}

int32_t scratch_run(migrate_session *scratch, const char *name, const char *sql, migrate_error **err)
{
    struct text_run text = {name, sql};
    struct request request = {.make = make_text, .user = &text};
    return run_there(scratch, &request, name, err);
}

/* ---- the declared schema ---- */

static int32_t declare_by_code(migrate_session *scratch, const migrate_options *options, migrate_error **err)
{
    struct database *db = scratch->db;
    struct text begin = {0};
    int32_t code = session_begin(scratch, err);
    db->engine->begin(&begin, option_text(options, OPTION_SET_ROLE));
    if (code == MIGRATE_OK)
        code = database_exec_text(db, &begin, NULL, err);
    if (code == MIGRATE_OK)
        code = connection_call(scratch, "declared schema", options->declare, options->declare_user, err);
    if (code == MIGRATE_OK)
        code = database_exec(db, "COMMIT", err);
    if (code != MIGRATE_OK && db->class->transaction(db) != DATABASE_IDLE && db->class->transaction(db) != DATABASE_LOST)
        database_clean_up(db, "ROLLBACK", NULL);
    text_free(&begin);
    return code;
}

int32_t scratch_declare(migrate_session *scratch, const migrate_session *like, migrate_error **err)
{
    const migrate_options *options = like->options;
    const char *file = option_text(options, OPTION_DECLARED);
    if (options->declared)
        return scratch_run(scratch, "declared schema", options->declared, err);
    if (options->declare)
        return declare_by_code(scratch, options, err);
    if (!file) {
        error_set(err, MIGRATE_ERROR_OPTION, "no schema is declared");
        error_hint(err, "set the option declared to a file with SQL, or call migrate_options_set_declared()");
        return MIGRATE_ERROR_OPTION;
    }
    struct text sql = {0};
    int32_t code = file_read(file, &sql, MIGRATE_ERROR_OPTION, err);
    if (code == MIGRATE_OK)
        code = sql.failed ? error_nomem(err) : scratch_run(scratch, file, sql.data ? sql.data : "", err);
    text_free(&sql);
    return code;
}
