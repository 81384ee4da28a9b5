/* SPDX-License-Identifier: MIT
 * Online safety: the course of a migration as its rules are told of it. What a statement did is gathered (online_look.c), the rules of
 * check/ say what they think of it, and at the end they are told what the migration left behind. */
#include "core/online_parts.h"

#include "core/verify.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* ---- what the database says by the way ---- */

static void noticed(const char *severity, const char *message, void *user)
{
    static const char *const there[] = {"42P07", "42701", "42710", "42P06", "42723"};
    struct online *online = user;
    const char *sqlstate = online->scratch->db->notice_sqlstate;
    bool notice = text_equal(severity, "NOTICE");
    for (size_t i = 0; notice && i < sizeof there / sizeof *there; i++) {
        if (text_equal(sqlstate, there[i]))
            online->skipped = arena_text(&online->own, message);
    }
    if (notice && text_equal(sqlstate, "00000") && !online->skipped)
        online->skipped = arena_text(&online->own, message); /* of use for DROP ... IF EXISTS alone */
    if (text_equal(sqlstate, "42622"))
        online->truncated = arena_text(&online->own, message);
    if (online->notice)
        online->notice(severity, message, online->notice_user);
}

static void listen(struct online *online)
{
    struct database *db = online->scratch->db;
    if (db->notice == noticed)
        return;
    online->notice = db->notice;
    online->notice_user = db->notice_user;
    db->notice = noticed;
    db->notice_user = online;
}

static void listen_no_more(struct online *online)
{
    struct database *db = online->scratch->db;
    if (!db || db->notice != noticed)
        return;
    db->notice = online->notice;
    db->notice_user = online->notice_user;
}

/* The same code stands for whatever a block raises. */
static const char *skipped(const struct online *online, const struct online_statement *s)
{
    bool drops = online_begins(s, "drop") || (online_begins(s, "alter") && online_contains(s, "exists"));
    return online->skipped && (drops || strcmp(online->scratch->db->notice_sqlstate, "00000") != 0) ? online->skipped : NULL;
}

/* ---- begin ---- */

static void reset(struct online *online)
{
    online->m.placed.count = online->m.flaws.count = online->m.copied.count = 0;
    online->m.statements = online->m.transaction = 0;
    online->m.first_alone = (struct online_spot){0};
    online->m.exclusive_told = online->m.late_told = online->m.mixed_told = online->m.leak_told = false;
    online->m.failure = NULL;
    online->tables.count = online->changes.count = 0;
    online->say.findings.count = 0;
    online->skipped = online->truncated = online->settings = NULL;
    online->last = 0;
}

static int32_t list_tables(struct online *online, migrate_error **err)
{
    static const char *const kinds[] = {"table", "materialized view", "virtual table"};
    for (size_t i = 0; i < online->began->count; i++) {
        const struct fact *fact = &online->began->items[i];
        size_t kind = 0;
        while (kind < sizeof kinds / sizeof *kinds && strcmp(fact->kind, kinds[kind]) != 0)
            kind++;
        if (kind == sizeof kinds / sizeof *kinds)
            continue;
        if (!array_reserve(&online->tables))
            return error_nomem(err);
        online->tables.items[online->tables.count++] = (struct online_table){
            .name = arena_text(&online->own, fact->ident), .key = arena_text(&online->own, fact->key), .rows = -1, .materialized = kind == 1,
            .partitioned = text_starts(fact->value, "PARTITION BY")};
    }
    return online->own.failed ? error_nomem(err) : MIGRATE_OK;
}

/* What is not sent, or stands between statements. */
static void read_words(struct online *online, const struct sql_dialect *dialect, const char *text, size_t length, int64_t first_line)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    struct online_spot commit = {0};
    bool work = false; /* a COMMIT ahead of everything ends nothing */
    sql_split(&splitter, dialect, text, length);
    while (sql_next(&splitter, &statement)) {
        struct online_spot spot;
        struct online_statement s = {.sql = text + statement.offset, .length = statement.length, .dialect = dialect};
        sql_position(text, length, statement.offset, &spot.line, &spot.column);
        spot.line += first_line - 1;
        bool control = statement.kind == SQL_BEGIN || statement.kind == SQL_COMMIT || statement.kind == SQL_META;
        if (commit.line && !online->m.commit.line && !control)
            online->m.commit = commit;
        if (statement.kind == SQL_COMMIT && work)
            commit = spot;
        work = work || (!control && statement.kind != SQL_FOREIGN_KEYS);
        if (statement.kind == SQL_FOREIGN_KEYS && !online->m.pragma.line)
            online->m.pragma = spot;
        online->m.names_sequences |= online_mentions(&s, "sqlite_sequence");
    }
}

static int32_t read_source(struct online *online, const struct migration *migration, migrate_error **err)
{
    const struct section *up = &migration->up;
    struct section_text text = {0};
    if (!up->present || up->code || up->big || !online->scratch->build)
        return MIGRATE_OK;
    int32_t code = section_read(online->scratch->build->source, up, NULL, &text, err);
    if (code == MIGRATE_OK && text.text.data)
        read_words(online, online->scratch->db->engine->dialect, text.text.data, text.text.length, text.first_line);
    section_text_free(&text);
    return code;
}

static int32_t begin(const struct observed *now, void *user, migrate_error **err)
{
    struct online *online = user;
    reset(online);
    arena_free(&online->own);
    fact_keys_free(&online->began_keys);
    online->uncommitted_at = 0;
    online->began = now->before;
    online->m.commit = online->m.pragma = (struct online_spot){0};
    online->m.names_sequences = false;
    online->m.no_transaction = now->migration->up.no_transaction;
    online->m.id = now->migration->id;
    online->m.file = now->migration->up.file;
    online->m.dialect = now->scratch->db->engine->dialect;
    online->say.id = now->migration->id;
    online->say.file = now->migration->up.file;
    if (!fact_keys_make(online->began, &online->began_keys))
        return error_nomem(err);
    int32_t code = list_tables(online, err);
    if (code == MIGRATE_OK)
        code = read_source(online, now->migration, err);
    if (code == MIGRATE_OK)
        code = online_flaws_begin(online, now, err);
    if (code == MIGRATE_OK)
        listen(online);
    return code;
}

/* ---- a statement ---- */

/* The names of settings that have another value now. */
static void name_settings(const char *was, const char *is, struct text *out)
{
    while (is && *is) {
        size_t length = strcspn(is, "\n"), name = strcspn(is, "=");
        bool same = false;
        for (const char *line = was; line && *line && !same; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
            same = strncmp(line, is, length) == 0 && (line[length] == '\n' || line[length] == '\0');
        if (!same && name < length)
            text_format(out, "%s%.*s", out->length ? ", " : "", (int)name, is);
        is += length + (is[length] == '\n');
    }
}

/* SET but not SET LOCAL, set_config(..., false). */
static bool sets_session(const struct online_statement *s)
{
    struct sql_reader reader;
    if (!s->sql)
        return false;
    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    if (sql_reader_take(&reader, "set"))
        return !sql_reader_is(&reader, "local") && !sql_reader_is(&reader, "constraints") && !sql_reader_is(&reader, "transaction");
    return online_contains(s, "set_config") && online_contains(s, "false");
}

struct stated {
    int64_t transaction;
    struct text leaked;
};

static int32_t read_state(struct online *online, struct online_statement *s, struct stated *stated, migrate_error **err)
{
    struct database *db = online->scratch->db;
    struct migrate_rows *rows = NULL;
    int32_t code = db->class->query(db, db->engine->online->state, &rows, err);
    if (code != MIGRATE_OK)
        return code;
    const char *settings = rows_text(rows, 0, 2);
    stated->transaction = rows_int(rows, 0, 0);
    s->no_lock_timeout = rows_int(rows, 0, 1) != 0;
    s->enforced = settings && strstr(settings, "foreign_keys=1");
    if (sets_session(s))
        name_settings(online->settings, settings, &stated->leaked);
    online->settings = arena_text(&online->own, settings);
    rows_free(rows);
    return online->own.failed || stated->leaked.failed ? error_nomem(err) : MIGRATE_OK;
}

/* Locks end with their transaction. */
static void take_transaction(struct online *online, const struct online_statement *s, int64_t transaction)
{
    bool other = s->alone || (transaction && online->m.transaction && transaction != online->m.transaction);
    for (size_t i = 0; other && i < online->tables.count; i++)
        online->tables.items[i].exclusive_line = online->tables.items[i].written_line = 0;
    if (other)
        online->m.exclusive_told = online->m.late_told = online->m.mixed_told = false;
    if (s->alone)
        online->m.transaction = 0;
    else if (transaction)
        online->m.transaction = transaction;
}

static void hold(struct online *online, const struct online_statement *s)
{
    for (size_t i = 0; i < online->tables.count && !s->alone; i++) {
        struct online_table *table = &online->tables.items[i];
        if (table->took >= ONLINE_ACCESS_EXCLUSIVE && !table->exclusive_line)
            table->exclusive_line = s->line;
        if (table->took == ONLINE_ROW_EXCLUSIVE && !table->written_line)
            table->written_line = s->line;
    }
}

/* Behind the statement, so that it may have to be made a second time. */
static int32_t try_quotes(struct online *online, const struct observed *now, struct text *out, migrate_error **err)
{
    struct database *db = now->scratch->db;
    const char *undo = NULL;
    size_t made = 0;
    if (!db->engine->online->quotes || !now->sql || !memchr(now->sql, '"', now->length))
        return MIGRATE_OK;
    for (size_t i = 0; i < online->changes.count; i++) {
        const struct online_change *change = &online->changes.items[i];
        bool object = change->to && change->to->undo && (strcmp(change->to->kind, "table") == 0 || strcmp(change->to->kind, "index") == 0 ||
                                                         strcmp(change->to->kind, "view") == 0 || strcmp(change->to->kind, "trigger") == 0);
        if (change->did == ONLINE_ADDED && object && made++ == 0)
            undo = change->to->undo;
    }
    if (online->changes.count && !undo)
        return MIGRATE_OK;
    return db->engine->online->quotes(db, now->sql, now->length, undo, out, err);
}

/* Where a table is filled from another one: which of its columns are taken, under whatever name they come to have. */
static int32_t take_copied(struct online *online, const struct observed *now, const struct online_statement *s, migrate_error **err)
{
    if (!now->scratch->db->engine->names_fold || !online_begins(s, "insert") || !online_contains(s, "select"))
        return MIGRATE_OK;
    for (size_t i = 0; i < online->began->count; i++) {
        const struct fact *fact = &online->began->items[i];
        if (strcmp(fact->kind, "column") != 0 || !online_mentions(s, fact->inside) || !online_mentions(s, online_plain(fact->ident)))
            continue;
        if (!array_reserve(&online->m.copied))
            return error_nomem(err);
        online->m.copied.items[online->m.copied.count++] = fact->ident;
    }
    return MIGRATE_OK;
}

static void tell(struct online *online, const struct observed *now, struct online_statement *s)
{
    s->tables = online->tables.items;
    s->table_count = online->tables.count;
    s->changes = online->changes.items;
    s->change_count = online->changes.count;
    s->before = now->before;
    s->after = now->after;
    s->skipped = skipped(online, s);
    s->truncated = online->truncated;
    online->say.line = s->line;
    online->say.column = s->column;
    online->rules->statement(s, &online->m, &online->say);
    hold(online, s);
    online->skipped = online->truncated = NULL;
}

/* The run undid what it had done and began anew: an enum's value was used before it was there for good. */
static int32_t begin_anew(struct online *online, migrate_error **err)
{
    size_t at = online->last + 1;
    reset(online);
    online->uncommitted_at = at;
    return list_tables(online, err);
}

static int32_t statement(const struct observed *now, void *user, migrate_error **err)
{
    struct online *online = user;
    const struct rehearsed *at = now->at;
    struct database *db = now->scratch->db;
    struct text quoted = {0};
    struct stated stated = {0};
    int32_t code = at->number == 1 && online->last >= 1 ? begin_anew(online, err) : MIGRATE_OK;
    struct online_statement s = {.id = now->migration->id, .file = at->file, .sql = now->sql, .length = now->length, .line = at->line,
                                 .column = at->column, .number = (int64_t)at->number, .rows = at->rows, .dialect = db->engine->dialect,
                                 .alone = now->sql && sql_kind_of(db->engine->dialect, now->sql, now->length) == SQL_ALONE,
                                 .uncommitted = at->number && at->number == online->uncommitted_at};
    online->last = at->number;
    online->m.statements++;
    if (s.alone && !online->m.first_alone.line)
        online->m.first_alone = (struct online_spot){s.line, s.column};
    if (code == MIGRATE_OK)
        code = read_state(online, &s, &stated, err);
    if (code == MIGRATE_OK) {
        take_transaction(online, &s, stated.transaction);
        s.leaked = stated.leaked.length ? stated.leaked.data : NULL;
        code = online_look(online, now, err);
    }
    if (code == MIGRATE_OK)
        code = try_quotes(online, now, &quoted, err);
    if (code == MIGRATE_OK) {
        s.quoted = quoted.length ? quoted.data : NULL;
        tell(online, now, &s);
        code = online->say.failed ? error_nomem(err) : online_place(online, now, err);
    }
    if (code == MIGRATE_OK)
        code = take_copied(online, now, &s, err);
    if (code == MIGRATE_OK)
        code = online_flaws_behind(online, now, err);
    text_free(&stated.leaked);
    text_free(&quoted);
    return code;
}

/* ---- the end ---- */

/* Two refusals have a rule of their own. */
static void tell_problem(struct online *online, const migrate_error *problem)
{
    bool alone = strcmp(problem->sqlstate, "25001") == 0, uncommitted = strcmp(problem->sqlstate, "55P04") == 0;
    if (!alone && !uncommitted)
        return;
    online->say.line = problem->line;
    online->say.column = problem->column;
    text_format(&online->say.message, "it does not run: %s", problem->message ? problem->message : "");
    text_add(&online->say.hint, alone ? "write the statement itself, not inside of a block or function, into a file with -- migrate: no-transaction"
                                      : "ALTER TYPE ... ADD VALUE in a file of its own, ahead of this one");
    online_put(&online->say, alone ? "PG14" : "PG20", "error");
}

static int32_t hand_over(struct online *online, migrate_error **err)
{
    struct findings *own = &online->say.findings;
    int32_t code = online->say.failed ? error_nomem(err) : MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < own->count; i++)
        code = findings_add(online->findings, &own->items[i], err);
    own->count = 0;
    return code;
}

static int32_t end(const struct observed *now, void *user, migrate_error **err)
{
    struct online *online = user;
    listen_no_more(online);
    int32_t code = online_flaws_end(online, now, err);
    if (code == MIGRATE_OK && !now->problem)
        code = online_try_live(online, now->migration, err);
    if (code != MIGRATE_OK)
        return code;
    if (now->problem)
        tell_problem(online, now->problem);
    online->rules->end(&online->m, now->before, now->after, &online->say);
    return hand_over(online, err);
}

/* ---- the face ---- */

int32_t online_new(migrate_session *session, bool live, migrate_session *scratch, struct findings *findings, struct online **out,
                   migrate_error **err)
{
    struct online *online = memory_new(sizeof *online);
    bool folds = scratch->db->engine->names_fold;
    if (!online)
        return error_nomem(err);
    *online = (struct online){.session = session, .scratch = scratch, .findings = findings, .rules = folds ? &online_sqlite : &online_postgresql,
                              .live = live && session->db && !session->files && !session->placeholder};
    online->copy_over = !online->live || !scratch->db->engine->scratch_copy;
    int32_t code = online_say_live(online, err);
    if (code != MIGRATE_OK)
        online_free(online);
    else
        *out = online;
    return code;
}

struct observer online_observer(struct online *online)
{
    return (struct observer){.begin = begin, .statement = statement, .end = end, .user = online};
}

void online_free(struct online *online)
{
    if (!online)
        return;
    listen_no_more(online);
    scratch_close(online->copy);
    rows_free(online->known);
    fact_keys_free(&online->began_keys);
    online_say_free(&online->say);
    memory_free(online->m.placed.items);
    memory_free(online->m.flaws.items);
    memory_free(online->m.copied.items);
    memory_free(online->tables.items);
    memory_free(online->changes.items);
    memory_free(online->tables_live.items);
    memory_free(online->broken.items);
    arena_free(&online->own);
    arena_free(&online->arena);
    memory_free(online);
}
