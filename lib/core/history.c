/* SPDX-License-Identifier: MIT
 * Reading the history and replaying it. */
#include "core/history.h"

#include "core/events.h"
#include "core/rights.h"
#include "util/array.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

/* A look at the history is given at least so much time, in microseconds. */
enum { LOOK_LEAST = 5000000 };

/* ---- what a failing read means ---- */

static int32_t history_problem(migrate_session *session, int32_t code, migrate_error **err)
{
    switch (error_kind_of(err)) {
    case ERROR_RIGHTS:
        return rights_error(session, "read", session->db->engine->grant_select, session->history_name, err);
    case ERROR_NO_COLUMN:
        error_set(err, MIGRATE_ERROR_HISTORY, "the table %s is not a history of libmigrate", session->history_name);
        error_hint(err, "choose another name with the option history_table, or move that table out of the way");
        return MIGRATE_ERROR_HISTORY;
    default:
        return code;
    }
}

/* Inside the host's transaction, which a refusal (no right to read or to make the table) must not abort. */
#define SAVEPOINT "libmigrate_history"

static int32_t guard_begin(migrate_session *session, bool *guarded, migrate_error **err)
{
    bool inside = session_embedded(session);
    int32_t code = inside ? database_exec(session->db, "SAVEPOINT " SAVEPOINT, err) : MIGRATE_OK;
    *guarded = inside && code == MIGRATE_OK;
    return code;
}

static void guard_end(migrate_session *session, bool guarded, int32_t code)
{
    if (guarded && code != MIGRATE_OK)
        database_clean_up(session->db, "ROLLBACK TO SAVEPOINT " SAVEPOINT, NULL);
    if (guarded)
        database_clean_up(session->db, "RELEASE SAVEPOINT " SAVEPOINT, NULL);
}

static int32_t history_exists(migrate_session *session, bool *out, migrate_error **err)
{
    struct text sql = {0};
    session->db->engine->history_exists(&sql, session->history_schema, session->history_table);
    int32_t code = database_ask(session->db, &sql, out, err);
    text_free(&sql);
    return code;
}

/* Rows of the module in order, or the newest one. Columns are read by name. */
static void history_select(migrate_session *session, struct text *sql, const char *columns, const char *tail)
{
    text_format(sql, "SELECT %s FROM %s WHERE module = ", columns, session->history_name);
    const char *module = option_text(session->options, OPTION_MODULE);
    session->db->engine->literal(sql, module, strlen(module));
    text_add(sql, tail);
}

/* What one module says of the whole database is wanted by the others, too: it comes first. */
#define WHOLE " OR event = 'protected' ORDER BY own, seq"

static int32_t damaged(const migrate_session *session, int64_t seq, const char *what, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_HISTORY, "the history table %s is damaged: row %lld %s", session->history_name, (long long)seq, what);
    error_hint(err, "its rows were changed by hand: restore it from a backup");
    return MIGRATE_ERROR_HISTORY;
}

static bool copy_digest(const char *text, char out[DIGEST_HEX])
{
    if (!text || strlen(text) >= DIGEST_HEX)
        return false;
    memcpy(out, text, strlen(text) + 1);
    return true;
}

/* Columns are asked for by name and found by their place in the query: a host's driver hands over no names. The head's come first. */
#define HEAD_COLUMNS "seq, format, state, chain, run"
enum { SEQ, FORMAT, STATE, CHAIN, RUN, EVENT, EFFECT, KIND, ID, NAME, CHECKSUM, TOKENS, BREAKING, AT, DURATION, ACTOR, STATEMENT,
       HASH, HAS_DOWN, ERROR, OWN };

static int32_t head_from_rows(const migrate_session *session, const struct migrate_rows *rows, size_t row,
                              struct history_head *head, migrate_error **err)
{
    head->table = true;
    head->seq = 0;
    if (rows_count(rows) <= row)
        return MIGRATE_OK;
    head->format = rows_int(rows, row, FORMAT);
    head->seq = rows_int(rows, row, SEQ);
    if (head->seq < 1)
        return damaged(session, head->seq, "has no number above 0", err);
    if (!copy_digest(rows_text(rows, row, STATE), head->state) || !copy_digest(rows_text(rows, row, CHAIN), head->chain) ||
        !copy_digest(rows_text(rows, row, RUN), head->run))
        return damaged(session, head->seq, "has no digest of its state, chain or run", err);
    return MIGRATE_OK;
}

/* A table that is locked, or a pooler without a free connection, is not waited for without end. */
static int32_t query_in_time(migrate_session *session, const struct text *sql, struct migrate_rows **out, migrate_error **err)
{
    int64_t outer = session->watch.deadline, patience = option_duration(session->options, OPTION_WAIT_TIMEOUT);
    int64_t limit = clock_monotonic() + (patience > LOOK_LEAST ? patience : LOOK_LEAST);
    if (!outer || limit < outer)
        session_deadline(session, limit);
    int32_t code = database_query(session->db, sql, out, err);
    session_deadline(session, outer);
    return code;
}

/* An own connection asks the table at once: with nothing to do that is the only query. On a borrowed one an error could
 * abort the host's transaction, so the catalog is asked first. */
static int32_t history_query(migrate_session *session, const char *columns, const char *tail, struct migrate_rows **out,
                             bool *table, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct text sql = {0};
    int32_t code = MIGRATE_OK;
    bool silent = session->doing == NULL, guarded = false;
    if (silent)
        event_doing(session, "reading the history", NULL);
    *table = true;
    if (session->db->borrowed) {
        code = history_exists(session, table, &problem);
        if (code != MIGRATE_OK || !*table)
            goto out;
    }
    history_select(session, &sql, columns, tail);
    code = guard_begin(session, &guarded, &problem);
    if (code == MIGRATE_OK)
        code = query_in_time(session, &sql, out, &problem);
    guard_end(session, guarded, code);
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_NO_TABLE) {
        error_clear(&problem);
        *table = false;
        code = MIGRATE_OK;
    } else if (code != MIGRATE_OK) {
        code = history_problem(session, code, &problem);
    }
out:
    if (silent)
        session->doing = NULL;
    text_free(&sql);
    error_move(err, &problem);
    return code;
}

int32_t history_look(migrate_session *session, struct history_head *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct history_head head = {0};
    bool table;
    int32_t code = history_query(session, HEAD_COLUMNS, " ORDER BY seq DESC LIMIT 1", &rows, &table, err);
    if (code == MIGRATE_OK && table)
        code = head_from_rows(session, rows, 0, &head, err);
    rows_free(rows);
    if (code == MIGRATE_OK)
        *out = head;
    return code;
}

/* ---- replay ---- */

static int applied_order(const void *item, const void *key)
{
    const struct applied *a = item, *b = key;
    if (a->repeatable != b->repeatable)
        return a->repeatable ? 1 : -1;
    return strcmp(a->id, b->id);
}

static size_t applied_find(const struct history *history, bool repeatable, const char *id, bool *found)
{
    const struct applied key = {.repeatable = repeatable, .id = id};
    /* Ids mostly arrive in order: look at the end first. */
    if (history->count > 0 && applied_order(&history->items[history->count - 1], &key) < 0) {
        *found = false;
        return history->count;
    }
    return array_place(history->items, history->count, sizeof key, &key, applied_order, found);
}

static int trace_order(const void *item, const void *id)
{
    return strcmp(((const struct past *)item)->id, id);
}

static size_t trace_find(const struct history *history, const char *id, bool *found)
{
    return array_place(history->traces, history->traces_count, sizeof *history->traces, id, trace_order, found);
}

static struct past *trace_of(struct history *history, const char *id, migrate_error **err)
{
    bool found;
    size_t at = trace_find(history, id, &found);
    if (found)
        return &history->traces[at];
    if (!array_grow((void **)&history->traces, &history->traces_capacity, history->traces_count + 1,
                    sizeof *history->traces)) {
        error_nomem(err);
        return NULL;
    }
    memmove(history->traces + at + 1, history->traces + at, (history->traces_count - at) * sizeof *history->traces);
    history->traces_count++;
    history->traces[at] = (struct past){.id = id, .statement = -1};
    return &history->traces[at];
}

static void trace_settle(struct history *history, const char *id, bool removed)
{
    bool found;
    size_t at = trace_find(history, id, &found);
    if (!found)
        return;
    struct past *trace = &history->traces[at];
    *trace = (struct past){.id = trace->id, .removed = trace->removed || removed, .statement = -1};
}

static int32_t replay_add(struct history *history, const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    bool found, repeatable = text_equal(rows_text(rows, row, KIND), "repeatable");
    const char *id = rows_text(rows, row, ID), *checksum = rows_text(rows, row, CHECKSUM);
    size_t at = applied_find(history, repeatable, id, &found);
    int64_t first_seq = rows_int(rows, row, SEQ);
    if (!found) {
        if (!array_reserve(history))
            return error_nomem(err);
        memmove(history->items + at + 1, history->items + at, (history->count - at) * sizeof *history->items);
        history->count++;
    } else if (!repeatable) {
        first_seq = history->items[at].seq; /* a repaired checksum does not change when it was applied */
    }
    if (history->renamed_seq && text_equal(rows_text(rows, row, EVENT), "renamed"))
        first_seq = history->renamed_seq; /* nor does a new name */
    history->renamed_seq = 0;
    history->items[at] = (struct applied){.id = id,
                                          .name = rows_text(rows, row, NAME),
                                          .checksum = checksum ? checksum : "",
                                          .token_checksum = rows_text(rows, row, TOKENS),
                                          .actor = rows_text(rows, row, ACTOR),
                                          .run = rows_text(rows, row, RUN),
                                          .repeatable = repeatable,
                                          .breaking = rows_int(rows, row, BREAKING) != 0,
                                          .has_down = rows_int(rows, row, HAS_DOWN) != 0,
                                          .seq = first_seq,
                                          .at = rows_int(rows, row, AT),
                                          .duration = rows_int(rows, row, DURATION)};
    if (history->traces_count > 0)
        trace_settle(history, id, false);
    return state_add(&history->state, repeatable ? "repeatable" : "versioned", id, history->items[at].checksum, err);
}

static int32_t replay_remove(struct history *history, const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    bool found, repeatable = text_equal(rows_text(rows, row, KIND), "repeatable");
    const char *id = rows_text(rows, row, ID);
    size_t at = applied_find(history, repeatable, id, &found);
    if (found) {
        history->renamed_seq = text_equal(rows_text(rows, row, EVENT), "renamed") ? history->items[at].seq : 0;
        history->count--;
        memmove(history->items + at, history->items + at + 1, (history->count - at) * sizeof *history->items);
    }
    state_remove(&history->state, repeatable ? "repeatable" : "versioned", id);
    if (!trace_of(history, id, err))
        return MIGRATE_ERROR_NOMEM;
    trace_settle(history, id, true);
    return MIGRATE_OK;
}

/* failed, started, progress: what a later run wants to know. */
static int32_t replay_trace(struct history *history, const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    const char *event = rows_text(rows, row, EVENT);
    bool failed = text_equal(event, "failed"), started = text_equal(event, "started"),
         progress = text_equal(event, "progress");
    if (!failed && !started && !progress)
        return MIGRATE_OK;
    struct past *trace = trace_of(history, rows_text(rows, row, ID), err);
    if (!trace)
        return MIGRATE_ERROR_NOMEM;
    if (failed) {
        trace->failed = rows_text(rows, row, ERROR);
        trace->failed_checksum = rows_text(rows, row, CHECKSUM);
        trace->failed_at = rows_int(rows, row, AT);
        trace->failed_seq = rows_int(rows, row, SEQ);
        trace->started_hash = NULL; /* the database said how the statement ended */
    } else {
        if (trace->statement < 0) {
            trace->first_row = row;
            trace->statement = 0;
        }
        if (progress)
            trace->statement = rows_int(rows, row, STATEMENT);
        trace->started_hash = trace->begun_hash = started ? rows_text(rows, row, HASH) : NULL;
        trace->begun = rows_int(rows, row, STATEMENT);
    }
    return MIGRATE_OK;
}

/* Between modules the database's clock decides: each numbers its own rows. */
static void replay_protected(struct history *history, const struct migrate_rows *rows)
{
    int64_t newest = INT64_MIN;
    for (size_t row = 0; row < rows_count(rows); row++) {
        if (!text_equal(rows_text(rows, row, EVENT), "protected") || rows_int(rows, row, AT) < newest)
            continue;
        newest = rows_int(rows, row, AT);
        history->guarded = text_equal(rows_text(rows, row, NAME), "on");
    }
    while (history->first_row < rows_count(rows) && rows_int(rows, history->first_row, OWN) == 0)
        history->first_row++;
}

static int32_t replay(const migrate_session *session, struct history *history, const struct migrate_rows *rows, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    history->marked = history->first_row < rows_count(rows);
    for (size_t row = history->first_row; row < rows_count(rows) && code == MIGRATE_OK; row++) {
        const char *effect = rows_text(rows, row, EFFECT), *event = rows_text(rows, row, EVENT);
        history->marked = history->marked && (text_equal(event, "protected") || text_equal(event, "restored"));
        if (!rows_text(rows, row, ID) || !effect)
            return damaged(session, rows_int(rows, row, SEQ), "has no id or effect", err);
        if (strcmp(effect, "add") == 0)
            code = replay_add(history, rows, row, err);
        else if (strcmp(effect, "remove") == 0)
            code = replay_remove(history, rows, row, err);
        else
            code = replay_trace(history, rows, row, err);
    }
    return code;
}

int32_t history_load(migrate_session *session, struct history *out, migrate_error **err)
{
    struct history history = {0};
    struct text columns = {0};
    bool table = true;
    text_format(&columns,
                HEAD_COLUMNS ", event, effect, kind, id, name, checksum, token_checksum, breaking, %s AS at, "
                "duration_us, actor, statement, statement_hash, down_sql IS NOT NULL AS has_down, error, CASE WHEN module = ",
                session->db->engine->at_microseconds);
    const char *module = option_text(session->options, OPTION_MODULE);
    session->db->engine->literal(&columns, module, strlen(module));
    text_add(&columns, " THEN 1 ELSE 0 END AS own");
    int32_t code = columns.failed ? error_nomem(err) : history_query(session, columns.data, WHOLE, &history.rows, &table, err);
    text_free(&columns);
    if (code == MIGRATE_OK && table) {
        size_t count = rows_count(history.rows);
        replay_protected(&history, history.rows);
        code = head_from_rows(session, history.rows, count > history.first_row ? count - 1 : count, &history.head, err);
        if (code == MIGRATE_OK)
            code = replay(session, &history, history.rows, err);
    }
    if (code != MIGRATE_OK) {
        history_free(&history);
        return code;
    }
    const struct applied *last = history_last(&history);
    history.last_seq = last ? last->seq : 0;
    *out = history;
    return MIGRATE_OK;
}

void history_free(struct history *history)
{
    memory_free(history->items);
    memory_free(history->traces);
    state_free(&history->state);
    rows_free(history->rows);
    memset(history, 0, sizeof *history);
}

const struct applied *history_find(const struct history *history, bool repeatable, const char *id)
{
    bool found;
    size_t at = applied_find(history, repeatable, id, &found);
    return found ? &history->items[at] : NULL;
}

const struct past *history_trace(const struct history *history, const char *id)
{
    bool found;
    size_t at = trace_find(history, id, &found);
    return found ? &history->traces[at] : NULL;
}

bool history_progress(const struct history *history, const struct past *trace, size_t *row, struct progress *out)
{
    const struct migrate_rows *rows = history->rows;
    for (; *row < rows_count(rows); (*row)++) {
        const char *event = rows_text(rows, *row, EVENT);
        bool started = text_equal(event, "started");
        if (!text_equal(rows_text(rows, *row, ID), trace->id) || (!started && !text_equal(event, "progress")))
            continue;
        *out = (struct progress){.seq = rows_int(rows, *row, SEQ), .statement = rows_int(rows, *row, STATEMENT),
                                 .hash = rows_text(rows, *row, HASH)};
        /* an end that is known left a row of its own */
        if (started && (out->hash != trace->started_hash || !out->hash))
            continue;
        (*row)++;
        return true;
    }
    return false;
}

const struct applied *history_last(const struct history *history)
{
    const struct applied *last = NULL;
    for (size_t i = 0; i < history->count; i++) {
        const struct applied *a = &history->items[i];
        if (!a->repeatable && (!last || a->seq > last->seq))
            last = a;
    }
    return last;
}

static bool ends_a_step(const char *event)
{
    return !text_equal(event, "failed") && !text_equal(event, "started") && !text_equal(event, "progress") &&
           !text_equal(event, "fingerprint");
}

struct history_since history_since(const struct history *history, int64_t seq, const char *run, const char *id)
{
    struct history_since since = {.others = history->head.seq < seq}; /* a standby that lagged behind took over */
    for (size_t row = rows_count(history->rows); row > history->first_row && rows_int(history->rows, row - 1, SEQ) > seq; row--) {
        if (!text_equal(rows_text(history->rows, row - 1, RUN), run))
            since.others = true;
        else if (ends_a_step(rows_text(history->rows, row - 1, EVENT)) &&
                 (!id || text_equal(rows_text(history->rows, row - 1, ID), id)))
            since.ended = true;
    }
    return since;
}

/* ---- other questions ---- */

static int32_t create_once(migrate_session *session, bool own, migrate_error **err)
{
    struct database *db = session->db;
    struct text sql = {0};
    if (own)
        db->engine->begin(&sql, option_text(session->options, OPTION_SET_ROLE));
    db->engine->history_create(&sql, session->history_schema, session->history_table);
    if (own)
        text_add(&sql, "; COMMIT");
    bool guarded = false;
    int32_t code = guard_begin(session, &guarded, err);
    if (code == MIGRATE_OK)
        code = database_exec_text(db, &sql, NULL, err);
    guard_end(session, guarded, code);
    text_free(&sql);
    if (code != MIGRATE_OK && own && db->class->transaction(db) != DATABASE_IDLE)
        database_clean_up(db, "ROLLBACK", NULL);
    return code;
}

/* In a transaction of its own unless one is open: a role may be read-only by default. Another module, with a lock of its own, may make
 * the table at the same time, which IF NOT EXISTS does not foresee on PostgreSQL. */
int32_t history_create(migrate_session *session, bool inside, migrate_error **err)
{
    enum { TRIES = 5 };
    bool own = !inside && session->db->class->transaction(session->db) != DATABASE_OPEN;
    migrate_error *problem = NULL;
    int32_t code = create_once(session, own, &problem);
    for (int i = 1; i < TRIES && own && (error_kind_of(&problem) == ERROR_UNIQUE || error_kind_of(&problem) == ERROR_EXISTS); i++) {
        error_clear(&problem);
        code = create_once(session, own, &problem);
    }
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_RIGHTS) {
        struct text schema = {0};
        session->db->engine->name_quoted(&schema, NULL, session->history_schema);
        code = rights_error(session, "create", session->db->engine->grant_create, schema.data ? schema.data : "", &problem);
        text_free(&schema);
    }
    error_move(err, &problem);
    return code;
}

int32_t history_objects_exist(migrate_session *session, bool *out, migrate_error **err)
{
    struct text sql = {0};
    session->db->engine->objects_exist(&sql, session->history_schema, session->history_table);
    int32_t code = database_ask(session->db, &sql, out, err);
    text_free(&sql);
    return code;
}

/* The one text that a query gives; NULL: none. Frees the query. */
static int32_t ask_text(migrate_session *session, struct text *sql, char **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    char *text = NULL;
    int32_t code = database_query(session->db, sql, &rows, err);
    if (code == MIGRATE_OK && rows_count(rows) > 0 && rows_text(rows, 0, 0) && !(text = memory_text(rows_text(rows, 0, 0))))
        code = error_nomem(err);
    if (code == MIGRATE_OK)
        *out = text;
    text_free(sql);
    rows_free(rows);
    return code;
}

int32_t history_down(migrate_session *session, const char *id, char **out, migrate_error **err)
{
    struct text sql = {0};
    history_select(session, &sql, "down_sql", " AND effect = 'add' AND id = ");
    session->db->engine->literal(&sql, id, strlen(id));
    text_add(&sql, " AND down_sql IS NOT NULL ORDER BY seq DESC LIMIT 1");
    return ask_text(session, &sql, out, err);
}

int32_t history_reason(migrate_session *session, const char *id, char **out, migrate_error **err)
{
    struct text sql = {0};
    history_select(session, &sql, "reason", " AND effect = 'add' AND id = ");
    session->db->engine->literal(&sql, id, strlen(id));
    text_add(&sql, " ORDER BY seq DESC LIMIT 1");
    return ask_text(session, &sql, out, err);
}

int32_t history_reconciled(migrate_session *session, char **out, migrate_error **err)
{
    struct text sql = {0};
    history_select(session, &sql, "checksum || ' ' || token_checksum", " AND event = 'reconciled' ORDER BY seq DESC LIMIT 1");
    return ask_text(session, &sql, out, err);
}

int32_t history_has_column(migrate_session *session, const char *column, bool *out, migrate_error **err)
{
    struct text sql = {0};
    session->db->engine->history_has(&sql, session->history_schema, session->history_table, column);
    int32_t code = database_ask(session->db, &sql, out, err);
    text_free(&sql);
    return code;
}

int32_t history_statement(migrate_session *session, int64_t seq, char **out, migrate_error **err)
{
    struct text sql = {0};
    bool kept = false;
    int32_t code = history_has_column(session, "statement_sql", &kept, err);
    if (code != MIGRATE_OK || !kept) {
        *out = NULL;
        return code;
    }
    history_select(session, &sql, "statement_sql", " AND seq = ");
    text_add_int(&sql, seq);
    return ask_text(session, &sql, out, err);
}

int64_t history_seq(const struct history *history, size_t row)
{
    return rows_int(history->rows, row, SEQ);
}

int32_t history_progress_reason(migrate_session *session, const char *id, int64_t seq, char **out, migrate_error **err)
{
    struct text sql = {0};
    history_select(session, &sql, "reason", " AND event IN ('started', 'progress') AND reason IS NOT NULL AND id = ");
    session->db->engine->literal(&sql, id, strlen(id));
    text_add(&sql, " AND seq >= ");
    text_add_int(&sql, seq);
    text_add(&sql, " ORDER BY seq DESC LIMIT 1");
    return ask_text(session, &sql, out, err);
}

static bool column_is_number(const char *name)
{
    static const char *const numbers[] = {"seq", "at", "duration_us", "statement"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i]) == 0)
            return true;
    }
    return false;
}

int32_t history_rows(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"seq",      "event",      "effect", "kind",        "id",      "name",   "at",
                                          "duration_us", "run",     "db_user", "actor",      "host",    "application",
                                          "library",  "reason",     "error",  "checksum",    "statement", "breaking",
                                          "fingerprint"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    struct text list = {0};
    struct migrate_rows *raw = NULL;
    bool table = true;
    text_format(&list, "seq, event, effect, kind, id, name, %s AS at, duration_us, run, db_user, actor, host, application, "
                       "library, reason, error, checksum, statement, breaking, fingerprint, state",
                session->db->engine->at_microseconds);
    int32_t code = list.failed ? error_nomem(err) : history_query(session, list.data, " ORDER BY seq", &raw, &table, err);
    text_free(&list);
    if (code != MIGRATE_OK)
        return code;
    struct migrate_rows *rows = rows_new(columns, COLUMNS);
    size_t count = rows_count(raw);
    for (size_t row = 0; rows && row < count; row++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            if (rows_is_null(raw, row, column))
                rows_put_null(rows);
            else if (strcmp(columns[column], "breaking") == 0)
                rows_put_bool(rows, rows_int(raw, row, column) != 0);
            else if (column_is_number(columns[column]))
                rows_put_int(rows, rows_int(raw, row, column));
            else
                rows_put_text(rows, rows_text(raw, row, column));
        }
    }
    if (rows) {
        rows_value_int(rows, "count", (int64_t)count);
        rows_value_text(rows, "state", count ? rows_text(raw, count - 1, COLUMNS) : NULL);
    }
    rows_free(raw);
    return rows_finish(rows, out, err);
}
