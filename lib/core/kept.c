/* SPDX-License-Identifier: MIT
 * The facts behind the newest fingerprint, as rows of a table beside the history: a set for each module, replaced as a whole. Types are
 * words that every engine takes. What needs what is kept as rows of the kind "needs". */
#include "core/kept.h"

#include "core/history.h"
#include "core/rights.h"
#include "schema/facts.h"
#include "util/memory.h"

#include <string.h>

#define SAVEPOINT "libmigrate_facts_table"

/* One INSERT is so long at most, and what is sent at once. */
enum { INSERT_MOST = 256 * 1024, MESSAGE_MOST = 1024 * 1024 };

/* Longer ones PostgreSQL would cut, perhaps to the history's own. */
enum { NAME_MOST = 63 };

/* ---- the newest fingerprint ---- */

/* Events that leave the schema alone: nothing else is taken for one. */
#define HARMLESS "('failed', 'marked', 'forgotten', 'repaired', 'renamed', 'fingerprint', 'protected')"

static int32_t copy_text(char **out, const char *text, migrate_error **err)
{
    *out = memory_text(text);
    return text && !*out ? error_nomem(err) : MIGRATE_OK;
}

/* Between modules the database's clock decides: each numbers its own rows. */
static int32_t look_newest(migrate_session *session, struct vouched *out, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    text_format(&sql,
                "SELECT f.module, f.seq, f.fingerprint, (SELECT count(*) FROM %s h WHERE h.fingerprint IS NULL AND h.event NOT IN " HARMLESS
                " AND (CASE WHEN h.module = f.module THEN h.seq > f.seq ELSE h.at > f.at END)) FROM %s f WHERE f.fingerprint IS NOT NULL "
                "ORDER BY f.at DESC, f.seq DESC LIMIT 1",
                session->history_name, session->history_name);
    int32_t code = database_query(session->db, &sql, &rows, err);
    if (code == MIGRATE_OK && rows_count(rows) > 0) {
        out->seq = rows_int(rows, 0, 1);
        out->stale = rows_int(rows, 0, 3) > 0;
        code = copy_text(&out->module, rows_text(rows, 0, 0), err);
        if (code == MIGRATE_OK)
            code = copy_text(&out->fingerprint, rows_text(rows, 0, 2), err);
    }
    rows_free(rows);
    text_free(&sql);
    return code;
}

static int32_t look_others(migrate_session *session, struct vouched *out, migrate_error **err)
{
    struct text sql = {0}, names = {0};
    struct migrate_rows *rows = NULL;
    const char *module = option_text(session->options, OPTION_MODULE);
    text_format(&sql, "SELECT DISTINCT module FROM %s WHERE module <> ", session->history_name);
    session->db->engine->literal(&sql, module, strlen(module));
    int32_t code = database_query(session->db, &sql, &rows, err);
    for (size_t i = 0; code == MIGRATE_OK && i < rows_count(rows); i++)
        text_format(&names, "%s\"%s\"", i > 0 ? ", " : "", rows_text(rows, i, 0));
    if (code == MIGRATE_OK && rows_count(rows) > 0) {
        out->others = text_take(&names);
        code = out->others ? MIGRATE_OK : error_nomem(err);
    }
    text_free(&names);
    rows_free(rows);
    text_free(&sql);
    return code;
}

int32_t vouched_look(migrate_session *session, struct vouched *out, migrate_error **err)
{
    struct vouched vouched = {0};
    struct history_head head;
    int32_t code = history_look(session, &head, err);
    vouched.history = code == MIGRATE_OK && head.table;
    if (vouched.history)
        code = look_newest(session, &vouched, err);
    if (vouched.history && code == MIGRATE_OK)
        code = look_others(session, &vouched, err);
    if (code != MIGRATE_OK) {
        vouched_free(&vouched);
        return code;
    }
    *out = vouched;
    return MIGRATE_OK;
}

void vouched_free(struct vouched *vouched)
{
    memory_free(vouched->module);
    memory_free(vouched->fingerprint);
    memory_free(vouched->others);
    *vouched = (struct vouched){0};
}

/* ---- the table ---- */

int32_t kept_name(const migrate_session *session, struct text *out, migrate_error **err)
{
    struct text table = {0};
    text_format(&table, "%s" FACTS_KEPT, session->history_table);
    if (table.length > NAME_MOST) {
        error_set(err, MIGRATE_ERROR_OPTION, "the history table's name leaves no room for a table %s beside it", table.data);
        error_hint(err, "choose a history_table of at most %d bytes, or keep_facts=off", (int)(NAME_MOST - strlen(FACTS_KEPT)));
        text_free(&table);
        return MIGRATE_ERROR_OPTION;
    }
    if (!table.failed)
        session->db->engine->name_quoted(out, session->history_schema, table.data);
    bool failed = table.failed || out->failed;
    text_free(&table);
    return failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t exists(migrate_session *session, bool *out, migrate_error **err)
{
    struct text table = {0}, sql = {0};
    text_format(&table, "%s" FACTS_KEPT, session->history_table);
    session->db->engine->history_exists(&sql, session->history_schema, table.data ? table.data : "");
    sql.failed |= table.failed;
    int32_t code = database_ask(session->db, &sql, out, err);
    text_free(&table);
    text_free(&sql);
    return code;
}

/* The error "may not VERB the table" with the GRANT, in the place of the database's own. */
static int32_t rights_problem(migrate_session *session, const char *verb, const char *grant, const char *object, const char *table,
                              migrate_error **problem, migrate_error **err)
{
    migrate_error *told = NULL;
    error_set(&told, MIGRATE_ERROR_RIGHTS, "the role may not %s the table %s, where keep_facts=on keeps the schema's facts", verb, table);
    error_detail(&told, "%s", (*problem)->message);
    error_database(&told, ERROR_RIGHTS, (*problem)->sqlstate, (*problem)->driver_code);
    error_clear(problem);
    rights_hint(session, grant, object, &told);
    error_move(err, &told);
    return MIGRATE_ERROR_RIGHTS;
}

/* Another module, with a lock of its own, may make it at the same time, which IF NOT EXISTS does not foresee on PostgreSQL: behind a
 * savepoint, so that the migration's transaction goes on. */
static int32_t create(migrate_session *session, const char *name, migrate_error **err)
{
    struct database *db = session->db;
    migrate_error *problem = NULL;
    struct text sql = {0};
    text_format(&sql,
                "SAVEPOINT " SAVEPOINT "; CREATE TABLE IF NOT EXISTS %s (\n"
                "    module text NOT NULL,\n"
                "    number integer NOT NULL,\n"
                "    seq bigint NOT NULL,\n"
                "    rank integer NOT NULL,\n"
                "    kind text NOT NULL,\n"
                "    ident text NOT NULL,\n"
                "    value text NOT NULL,\n"
                "    make text,\n"
                "    undo text,\n"
                "    object text,\n"
                "    inside text,\n"
                "    name text,\n"
                "    change text,\n"
                "    PRIMARY KEY (module, number)\n"
                "); RELEASE SAVEPOINT " SAVEPOINT,
                name);
    int32_t code = database_exec_text(db, &sql, NULL, &problem);
    text_free(&sql);
    if (code != MIGRATE_OK && db->class->transaction(db) != DATABASE_LOST)
        database_clean_up(db, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT, NULL);
    if (error_kind_of(&problem) == ERROR_UNIQUE || error_kind_of(&problem) == ERROR_EXISTS) {
        error_clear(&problem);
        return MIGRATE_OK;
    }
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_RIGHTS) {
        struct text schema = {0};
        db->engine->name_quoted(&schema, NULL, session->history_schema);
        code = rights_problem(session, "create", db->engine->grant_create, schema.data ? schema.data : "", name, &problem, err);
        text_free(&schema);
    }
    error_move(err, &problem);
    return code;
}

void kept_rights_hint(migrate_session *session, migrate_error **err)
{
    const struct database_engine *engine = session->db->engine;
    struct text name = {0}, schema = {0};
    bool there = true;
    engine->name_quoted(&schema, NULL, session->history_schema);
    if (session->db->class->transaction(session->db) == DATABASE_IDLE)
        exists(session, &there, NULL);
    if (kept_name(session, &name, NULL) == MIGRATE_OK && schema.data)
        rights_hint(session, there ? engine->grant_kept : engine->grant_create, there ? name.data : schema.data, err);
    text_free(&name);
    text_free(&schema);
}

/* ---- writing ---- */

/* INSERTs of many rows each, sent in messages. */
struct writing {
    migrate_session *session;
    const char *name;
    struct text sql;
    size_t start; /* of the INSERT under way; SIZE_MAX: none */
    int64_t seq, number;
};

static int32_t flush(struct writing *writing, migrate_error **err)
{
    int32_t code = writing->sql.length > 0 ? database_exec_text(writing->session->db, &writing->sql, NULL, err) : MIGRATE_OK;
    text_clear(&writing->sql);
    writing->start = SIZE_MAX;
    return code;
}

static void put_text(struct writing *writing, const char *text)
{
    text_add_char(&writing->sql, ',');
    writing->session->db->engine->literal(&writing->sql, text, text ? strlen(text) : 0);
}

static int32_t put_fact(struct writing *writing, const struct fact *fact, migrate_error **err)
{
    struct text *sql = &writing->sql;
    const char *module = option_text(writing->session->options, OPTION_MODULE);
    if (writing->start != SIZE_MAX && sql->length - writing->start >= INSERT_MOST)
        writing->start = SIZE_MAX;
    if (sql->length >= MESSAGE_MOST) {
        int32_t code = flush(writing, err);
        if (code != MIGRATE_OK)
            return code;
    }
    if (writing->start == SIZE_MAX) {
        text_add(sql, sql->length > 0 ? ";\n" : "");
        writing->start = sql->length;
        text_format(sql, "INSERT INTO %s (module, number, seq, rank, kind, ident, value, make, undo, object, inside, name, change) VALUES\n(",
                    writing->name);
    } else {
        text_add(sql, ",\n(");
    }
    writing->session->db->engine->literal(sql, module, strlen(module));
    text_format(sql, ",%lld,%lld,%lld", (long long)writing->number++, (long long)writing->seq, (long long)fact->rank);
    const char *const texts[] = {fact->kind, fact->ident, fact->value, fact->make, fact->undo, fact->key, fact->inside, fact->name,
                                 fact->alter};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(writing, texts[i]);
    text_add_char(sql, ')');
    return sql->failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t write_all(struct writing *writing, const struct facts *facts, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < facts->count && code == MIGRATE_OK; i++)
        code = put_fact(writing, &facts->items[i], err);
    for (size_t i = 0; i < rows_count(facts->edges) && code == MIGRATE_OK; i++) {
        const char *how = rows_text(facts->edges, i, 2);
        struct fact edge = {.kind = "needs", .ident = "", .value = how ? how : "", .key = rows_text(facts->edges, i, 0),
                            .inside = rows_text(facts->edges, i, 1)};
        code = put_fact(writing, &edge, err);
    }
    return code == MIGRATE_OK ? flush(writing, err) : code;
}

int32_t kept_write(migrate_session *session, int64_t seq, const struct facts *facts, migrate_error **err)
{
    struct text name = {0};
    migrate_error *problem = NULL;
    bool there = false;
    const char *module = option_text(session->options, OPTION_MODULE);
    int32_t code = kept_name(session, &name, err);
    if (code == MIGRATE_OK)
        code = exists(session, &there, err);
    if (code == MIGRATE_OK && !there)
        code = create(session, name.data, err);
    if (code == MIGRATE_OK) {
        struct writing writing = {.session = session, .name = name.data, .start = SIZE_MAX, .seq = seq};
        text_format(&writing.sql, "DELETE FROM %s WHERE module = ", name.data);
        session->db->engine->literal(&writing.sql, module, strlen(module));
        code = write_all(&writing, facts, &problem);
        text_free(&writing.sql);
        if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_RIGHTS)
            code = rights_problem(session, "write", session->db->engine->grant_kept, name.data, name.data, &problem, err);
        error_move(err, &problem);
    }
    text_free(&name);
    return code;
}

/* ---- reading ---- */

static int32_t read_rows(migrate_session *session, const struct vouched *vouched, const char *name, const char *columns, const char *tail,
                         struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    migrate_error *problem = NULL;
    text_format(&sql, "SELECT %s FROM %s WHERE module = ", columns, name);
    session->db->engine->literal(&sql, vouched->module, strlen(vouched->module));
    text_format(&sql, " AND seq = %lld AND kind %s 'needs' ORDER BY number", (long long)vouched->seq, tail);
    int32_t code = database_query(session->db, &sql, out, &problem);
    text_free(&sql);
    if (code != MIGRATE_OK && error_kind_of(&problem) == ERROR_RIGHTS)
        code = rights_problem(session, "read", session->db->engine->grant_select, name, name, &problem, err);
    error_move(err, &problem);
    return code;
}

int32_t kept_read(migrate_session *session, const struct vouched *vouched, struct facts *out, bool *found, migrate_error **err)
{
    struct text name = {0};
    struct migrate_rows *rows = NULL, *edges = NULL;
    char digest[DIGEST_HEX];
    *found = false;
    int32_t code = exists(session, found, err);
    if (code != MIGRATE_OK || !*found)
        return code;
    code = kept_name(session, &name, err);
    if (code == MIGRATE_OK)
        code = read_rows(session, vouched, name.data, "rank, kind, ident, value, make, undo, object, inside, name, change", "<>", &rows, err);
    if (code == MIGRATE_OK)
        code = read_rows(session, vouched, name.data, "object, inside, value", "=", &edges, err);
    text_free(&name);
    if (code != MIGRATE_OK) {
        rows_free(rows);
        rows_free(edges);
        return code;
    }
    code = facts_from_rows(session->db->engine, rows, edges, out, err);
    if (code != MIGRATE_OK)
        return code;
    facts_fingerprint(out, digest);
    *found = text_ends(vouched->fingerprint, digest);
    if (!*found)
        facts_free(out);
    return MIGRATE_OK;
}
