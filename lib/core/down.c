/* SPDX-License-Identifier: MIT
 * Generated rollback texts. The way back is found by the facts, tried where the database stands (under a savepoint, with short time limits,
 * or on a clone), and judged: what would bring tables or columns back without what was in them is refused. */
#include "core/down.h"

#include "util/memory.h"

#include <string.h>

#define SAVEPOINT "libmigrate_down"

/* So many of the things that stand in the way are named. */
enum { NAMED_MOST = 3 };

void down_refuse(struct down *down, const char *format, ...)
{
    va_list arguments;
    if (down->refused.length > 0)
        return; /* the first reason is enough */
    text_add(&down->refused, "no rollback text: ");
    va_start(arguments, format);
    text_vformat(&down->refused, format, arguments);
    va_end(arguments);
}

void down_free(struct down *down)
{
    facts_free(&down->before);
    rows_free(down->baseline);
    text_free(&down->text);
    text_free(&down->refused);
    *down = (struct down){0};
}

/* Privileges count here whatever the options say: a way back that leaves them out would lie. */
static struct database_facts_wish wish_of(const migrate_session *session)
{
    struct database_facts_wish wish = session_facts_wish(session);
    wish.owners = true;
    wish.lock_wait = option_duration(session->options, OPTION_DDL_LOCK_TIMEOUT);
    return wish;
}

/* The migration goes on all the same, unless the connection is gone, or somebody wants an end. */
static int32_t forgive(struct down *down, int32_t code, migrate_error **problem, migrate_error **err)
{
    if (code == MIGRATE_OK)
        return code;
    if (code == MIGRATE_ERROR_NOMEM || code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_TIMEOUT ||
        code == MIGRATE_ERROR_CONNECTION_LOST || error_kind_of(problem) == ERROR_LOST) {
        error_move(err, problem);
        return code;
    }
    down_refuse(down, "the schema could not be read: %s", *problem ? (*problem)->message : "no reason given");
    error_clear(problem);
    return MIGRATE_OK;
}

int32_t down_begin(migrate_session *session, struct down *down, migrate_error **err)
{
    struct database *db = session->db;
    struct database_facts_wish wish = wish_of(session);
    migrate_error *problem = NULL;
    down_free(down);
    down->begun = true;
    down->rows_assumed = session->rows_assumed;
    struct database_locks *locks = db->locks;
    db->locks = NULL; /* a look at the catalog is in nobody's way: no second session has to watch it */
    int32_t code = facts_read(db, &wish, &down->before, &problem);
    if (code == MIGRATE_OK && db->engine->writes_begin)
        code = db->engine->writes_begin(db, &wish, &down->baseline, &problem);
    db->locks = locks;
    return forgive(down, code, &problem, err);
}

/* ---- judging ---- */

/* The table that a fact is about, or stands in; NULL: none. */
static const struct fact *table_of(const struct facts *facts, const struct fact_keys *keys, const struct fact *fact)
{
    while (fact && strcmp(fact->kind, "table") != 0) {
        size_t at = fact_keys_find(keys, fact->inside);
        fact = at == SIZE_MAX ? NULL : &facts->items[at];
    }
    return fact;
}

/* Something was in it before the work, as far as could be told. */
static bool held(const struct migrate_session *session, const struct down *down, const struct fact *fact)
{
    const struct database_engine *engine = session->db->engine;
    return fact && (down->rows_assumed || !down->baseline || !engine->writes_had_rows ||
                    engine->writes_had_rows(down->baseline, fact->key));
}

/* One statement of the way back: does it bring something back empty, or in a shape that its values no longer fit? */
static void judge_change(const migrate_session *session, struct down *down, const struct facts *after, const struct fact_keys *keys,
                         const struct change *change)
{
    const struct facts *before = &down->before;
    const struct fact *fact = facts_find(before, change->kind, change->ident), *now;
    if (!fact)
        return;
    bool made = change->does == OP_MAKE && !change->keeps;
    if (made && (strcmp(fact->kind, "table") == 0 || strcmp(fact->kind, "sequence") == 0) && held(session, down, fact))
        down_refuse(down, "data are lost: what was in %s %s does not come back", fact->kind, fact->ident);
    if (made && strcmp(fact->kind, "column") == 0 && held(session, down, table_of(before, keys, fact)))
        down_refuse(down, "data are lost: what was in column %s does not come back", fact->ident);
    if (strcmp(fact->kind, "column type") != 0 || !held(session, down, table_of(before, keys, fact)))
        return;
    now = facts_find(after, fact->kind, fact->ident);
    if (now && !(session->db->engine->type_keeps && session->db->engine->type_keeps(fact->value, now->value)))
        down_refuse(down, "values may have been cut: column %s was %s and is %s now", fact->ident, fact->value, now->value);
}

/* The type is the first words of what a column says. */
static bool same_type(const char *a, const char *b)
{
    size_t length = strcspn(a, " ");
    return length == strcspn(b, " ") && strncmp(a, b, length) == 0;
}

/* What a name of before the work became. */
static void follow(const struct changes_wish *wish, const char *ident, struct text *out)
{
    text_clear(out);
    text_add(out, ident);
    for (size_t i = wish->renamed_count; i-- > 0 && !out->failed;) {
        const struct fact_renamed *renamed = &wish->renamed[i];
        size_t length = strlen(renamed->to);
        if (strncmp(out->data, renamed->to, length) != 0 || (out->data[length] && out->data[length] != '.'))
            continue;
        char *rest = memory_text(out->data + length);
        text_clear(out);
        text_add(out, renamed->from);
        text_add(out, rest ? rest : "");
        out->failed |= !rest;
        memory_free(rest);
    }
}

/* Where tables are reshaped as a whole: their columns, one by one. */
static void judge_tables(const migrate_session *session, struct down *down, const struct facts *after, const struct fact_keys *keys, const struct changes_wish *wish)
{
    struct text ident = {0};
    for (size_t i = 0; i < down->before.count && !ident.failed; i++) {
        const struct fact *fact = &down->before.items[i];
        const struct fact *table = strcmp(fact->kind, "column") == 0 ? table_of(&down->before, keys, fact) : NULL;
        if (!table || !held(session, down, table))
            continue;
        follow(wish, fact->ident, &ident);
        const struct fact *now = ident.failed ? NULL : facts_find(after, "column", ident.data);
        if (!now)
            down_refuse(down, "data are lost: what was in column %s does not come back", fact->ident);
        else if (strcmp(now->value, fact->value) != 0 && !same_type(now->value, fact->value))
            down_refuse(down, "values may have been changed: column %s was %s and is %s now", fact->ident, fact->value, now->value);
    }
    down->refused.failed |= ident.failed;
    text_free(&ident);
}

static void judge(const migrate_session *session, struct down *down, const struct facts *after, const struct changes_wish *wish,
                  const struct changes *changes)
{
    struct fact_keys keys = {0};
    if (changes->left.count > 0) {
        struct text names = {0};
        for (size_t i = 0; i < changes->left.count && i < NAMED_MOST; i++)
            text_format(&names, "%s%s %s (%s)", i ? ", " : "", changes->left.items[i].kind, changes->left.items[i].ident,
                        changes->left.items[i].reason);
        if (changes->left.count > NAMED_MOST)
            text_format(&names, " and %zu more", changes->left.count - NAMED_MOST);
        down_refuse(down, "there is no way back for %s", names.data ? names.data : "something");
        down->refused.failed |= names.failed;
        text_free(&names);
        return;
    }
    if (!fact_keys_make(&down->before, &keys)) {
        down->refused.failed = true;
        return;
    }
    if (session->db->engine->facts_reshape)
        judge_tables(session, down, after, &keys, wish);
    for (size_t i = 0; i < changes->run.count; i++)
        judge_change(session, down, after, &keys, &changes->run.items[i]);
    fact_keys_free(&keys);
}

/* ---- trying ---- */

/* Where it is tried: under a savepoint on the spot, or on a clone. */
struct trial_place {
    struct database *db;
    bool inside; /* a transaction is open */
    bool clone;
};

static int32_t place_open(migrate_session *session, struct trial_place *place, migrate_error **err)
{
    struct database *db = session->db;
    const struct database_engine *engine = db->engine;
    if (engine->clone_open) {
        place->clone = true;
        return engine->clone_open(db, &place->db, err);
    }
    place->db = db;
    place->inside = db->class->transaction(db) == DATABASE_OPEN;
    int32_t code = database_exec(db, place->inside ? "SAVEPOINT " SAVEPOINT : "BEGIN", err);
    if (code == MIGRATE_OK && engine->trial_limits)
        code = database_exec(db, engine->trial_limits, err);
    return code;
}

static int32_t place_close(const struct trial_place *place, migrate_error **err)
{
    if (place->clone) {
        database_close(place->db);
        return MIGRATE_OK;
    }
    return place->db ? database_clean_up(place->db, place->inside ? "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT
                                                                  : "ROLLBACK", err)
                     : MIGRATE_OK;
}

static int32_t find_way_back(migrate_session *session, const struct facts *after, const struct down *down,
                             const struct changes_wish *wish, struct changes *out, migrate_error **err)
{
    struct trial_place place = {0};
    int32_t code = place_open(session, &place, err);
    if (code == MIGRATE_OK)
        code = changes_find(after, &down->before, wish, place.db, out, err);
    int32_t closed = place_close(&place, code == MIGRATE_OK ? err : NULL);
    if (code == MIGRATE_OK && closed != MIGRATE_OK)
        changes_free(out);
    return code == MIGRATE_OK ? closed : code;
}

/* ---- what only the statements tell ---- */

/* Where the catalog does not know what was renamed, the statements do. */
struct told {
    struct fact_renamed *renames; /* the way back: the other way, the last one first */
    size_t count, capacity;
    struct arena arena;
};

static void told_free(struct told *told)
{
    memory_free(told->renames);
    arena_free(&told->arena);
}

static int32_t tell_rename(const struct database_engine *engine, const char *sql, size_t length, struct told *told, migrate_error **err)
{
    struct text from = {0}, to = {0};
    int32_t code = MIGRATE_OK;
    if (engine->renames_of && engine->renames_of(sql, length, &from, &to)) {
        struct fact_renamed renamed = {.from = arena_text(&told->arena, to.data), .to = arena_text(&told->arena, from.data)};
        if (from.failed || to.failed || told->arena.failed || !array_grow((void **)&told->renames, &told->capacity, told->count + 1,
                                                                          sizeof *told->renames)) {
            code = error_nomem(err);
        } else {
            memmove(told->renames + 1, told->renames, told->count * sizeof *told->renames);
            told->renames[0] = renamed;
            told->count++;
        }
    }
    text_free(&from);
    text_free(&to);
    return code;
}

static const struct fact *table_with_key(const struct facts *facts, const char *key)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].kind, "table") == 0 && strcmp(facts->items[i].key, key) == 0)
            return &facts->items[i];
    }
    return NULL;
}

/* Rows in tables that the migration makes itself go with them. */
static int32_t tell_write(const struct database_engine *engine, const char *sql, size_t length, struct down *down, migrate_error **err)
{
    struct text table = {0};
    if (engine->writes_rows(sql, length, &table) && !table.failed && table.data && table_with_key(&down->before, table.data))
        down_refuse(down, "it wrote rows, which nothing takes back: %s", table.data);
    bool failed = table.failed;
    text_free(&table);
    return failed ? error_nomem(err) : MIGRATE_OK;
}

/* written: rows were written, into tables that the statements name. */
static int32_t read_statements(migrate_session *session, const struct script *script, bool written, struct down *down, struct told *told,
                               migrate_error **err)
{
    const struct database_engine *engine = session->db->engine;
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    if (!script || (!engine->renames_of && !written))
        return MIGRATE_OK;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        const char *sql = stream.sql.text + statement.offset;
        code = tell_rename(engine, sql, statement.length, told, err);
        if (code == MIGRATE_OK && written)
            code = tell_write(engine, sql, statement.length, down, err);
    }
    script_stream_close(&stream);
    return code;
}

/* ---- behind the work ---- */

static void write_text(struct down *down, const struct changes *changes, const struct database_engine *engine)
{
    if (changes->column_order)
        text_add(&down->text, "-- columns will stand in another order than before\n");
    if (!changes->proven)
        text_add(&down->text, "-- not tried\n");
    if (changes->run.count == 0)
        text_add(&down->text, "-- nothing to undo: the schema was the same before\n");
    changes_sql(changes, engine, &down->text, NULL);
    down->proven = changes->proven;
    down->column_order = changes->column_order;
}

/* What was written that facts do not show. */
static int32_t look_at_writes(migrate_session *session, const struct script *script, struct down *down, struct told *told,
                              migrate_error **err)
{
    const struct database_engine *engine = session->db->engine;
    struct text uncovered = {0}, written = {0};
    int32_t code = MIGRATE_OK;
    if (engine->writes_since && !down->apart)
        code = engine->writes_since(session->db, down->baseline, &uncovered, &written, err);
    bool by_words = written.length > 0 && engine->writes_rows && script;
    if (code == MIGRATE_OK && uncovered.length > 0)
        down_refuse(down, "it wrote what facts do not cover: %s", uncovered.data);
    if (code == MIGRATE_OK && written.length > 0 && !by_words)
        down_refuse(down, "it wrote rows, which nothing takes back: %s", written.data);
    if (code == MIGRATE_OK)
        code = read_statements(session, script, by_words, down, told, err);
    text_free(&uncovered);
    text_free(&written);
    return code;
}

static int32_t look_back(migrate_session *session, const struct script *script, struct down *down, migrate_error **err)
{
    struct changes_wish wish = {.facts = wish_of(session), .same_database = true};
    struct changes changes = {0};
    struct facts after = {0};
    struct told told = {0};
    int32_t code = look_at_writes(session, script, down, &told, err);
    wish.renamed = told.renames;
    wish.renamed_count = told.count;
    if (code == MIGRATE_OK && !down->refused.length)
        code = facts_read(session->db, &wish.facts, &after, err);
    if (code == MIGRATE_OK && !down->refused.length) {
        code = find_way_back(session, &after, down, &wish, &changes, err);
        if (code == MIGRATE_OK)
            judge(session, down, &after, &wish, &changes);
        if (code == MIGRATE_OK && !down->refused.length)
            write_text(down, &changes, session->db->engine);
        changes_free(&changes);
    }
    told_free(&told);
    facts_free(&after);
    return code == MIGRATE_OK && (down->text.failed || down->refused.failed) ? error_nomem(err) : code;
}

int32_t down_end(migrate_session *session, const struct script *script, struct down *down, migrate_error **err)
{
    struct database *db = session->db;
    struct database_locks *locks = db->locks;
    migrate_error *problem = NULL;
    db->locks = NULL; /* the trial has bounds of its own */
    int32_t code = down->refused.length ? MIGRATE_OK : look_back(session, script, down, &problem);
    db->locks = locks;
    return forgive(down, code, &problem, err);
}
