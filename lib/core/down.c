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
    int32_t code = facts_read(db, &wish, &down->before, &problem);
    if (code == MIGRATE_OK && db->engine->writes_begin)
        code = db->engine->writes_begin(db, &wish, &down->baseline, &problem);
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
static bool held(const struct down *down, const struct fact *fact)
{
    for (size_t i = 0; fact && i < rows_count(down->baseline); i++) {
        if (text_equal(rows_text(down->baseline, i, 0), fact->key))
            return rows_int(down->baseline, i, 1) != 0;
    }
    return fact && !down->baseline;
}

/* One statement of the way back: does it bring something back empty, or in a shape that its values no longer fit? */
static void judge_change(const migrate_session *session, struct down *down, const struct facts *after, const struct fact_keys *keys,
                         const struct change *change)
{
    const struct facts *before = &down->before;
    const struct fact *fact = facts_find(before, change->kind, change->ident), *now;
    if (!fact)
        return;
    bool made = change->does == OP_MAKE;
    if (made && (strcmp(fact->kind, "table") == 0 || strcmp(fact->kind, "sequence") == 0) && held(down, fact))
        down_refuse(down, "data are lost: what was in %s %s does not come back", fact->kind, fact->ident);
    if (made && strcmp(fact->kind, "column") == 0 && held(down, table_of(before, keys, fact)))
        down_refuse(down, "data are lost: what was in column %s does not come back", fact->ident);
    if (strcmp(fact->kind, "column type") != 0 || !held(down, table_of(before, keys, fact)))
        return;
    now = facts_find(after, fact->kind, fact->ident);
    if (now && !(session->db->engine->type_keeps && session->db->engine->type_keeps(fact->value, now->value)))
        down_refuse(down, "values may have been cut: column %s was %s and is %s now", fact->ident, fact->value, now->value);
}

static void judge(const migrate_session *session, struct down *down, const struct facts *after, const struct changes *changes)
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
    for (size_t i = 0; i < changes->run.count; i++)
        judge_change(session, down, after, &keys, &changes->run.items[i]);
    fact_keys_free(&keys);
}

/* ---- trying ---- */

/* Where it is tried: under a savepoint on the spot, or on a clone. */
struct place {
    struct database *db;
    bool inside; /* a transaction is open */
    bool clone;
};

static int32_t place_open(migrate_session *session, struct place *place, migrate_error **err)
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

static int32_t place_close(const struct place *place, migrate_error **err)
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
    struct place place = {0};
    int32_t code = place_open(session, &place, err);
    if (code == MIGRATE_OK)
        code = changes_find(after, &down->before, wish, place.db, out, err);
    int32_t closed = place_close(&place, code == MIGRATE_OK ? err : NULL);
    if (code == MIGRATE_OK && closed != MIGRATE_OK)
        changes_free(out);
    return code == MIGRATE_OK ? closed : code;
}

/* ---- renames ---- */

/* Where the catalog does not tell, the statements do. The way back goes the other way, last one first. */
static int32_t read_renames(migrate_session *session, const struct script *script, struct changes_wish *wish, struct arena *arena,
                            migrate_error **err)
{
    struct fact_renamed *list = NULL;
    size_t count = 0, capacity = 0;
    struct script_stream stream;
    struct sql_statement statement;
    bool more = true;
    if (!script || !session->db->engine->renames_of)
        return MIGRATE_OK;
    int32_t code = script_stream_open(&stream, script, NULL, false, err);
    while (code == MIGRATE_OK) {
        struct text from = {0}, to = {0};
        code = sql_stream_next(&stream.sql, &statement, &more, err);
        if (code != MIGRATE_OK || !more)
            break;
        bool renames = session->db->engine->renames_of(stream.sql.text + statement.offset, statement.length, &from, &to);
        if (renames && (from.failed || to.failed || !array_grow((void **)&list, &capacity, count + 1, sizeof *list)))
            code = error_nomem(err);
        else if (renames)
            list[count++] = (struct fact_renamed){.from = arena_text(arena, to.data), .to = arena_text(arena, from.data)};
        text_free(&from);
        text_free(&to);
    }
    script_stream_close(&stream);
    for (size_t i = 0; i < count / 2; i++) {
        struct fact_renamed other = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = other;
    }
    wish->renamed = list;
    wish->renamed_count = count;
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

static int32_t look_back(migrate_session *session, const struct script *script, struct down *down, migrate_error **err)
{
    struct changes_wish wish = {.facts = wish_of(session), .same_database = true};
    struct database *db = session->db;
    struct changes changes = {0};
    struct facts after = {0};
    struct text uncovered = {0}, written = {0};
    int32_t code = MIGRATE_OK;
    if (db->engine->writes_since && !down->apart)
        code = db->engine->writes_since(db, down->baseline, &uncovered, &written, err);
    if (code == MIGRATE_OK && uncovered.length > 0)
        down_refuse(down, "it wrote what facts do not cover: %s", uncovered.data);
    if (code == MIGRATE_OK && written.length > 0)
        down_refuse(down, "it wrote rows, which nothing takes back: %s", written.data);
    if (code == MIGRATE_OK && !down->refused.length)
        code = facts_read(db, &wish.facts, &after, err);
    if (code == MIGRATE_OK && !down->refused.length)
        code = read_renames(session, script, &wish, &changes.arena, err);
    struct arena renames = changes.arena;
    if (code == MIGRATE_OK && !down->refused.length) {
        code = find_way_back(session, &after, down, &wish, &changes, err);
        if (code == MIGRATE_OK) {
            judge(session, down, &after, &changes);
            if (!down->refused.length)
                write_text(down, &changes, db->engine);
            changes_free(&changes);
        }
    }
    memory_free((void *)wish.renamed);
    arena_free(&renames);
    facts_free(&after);
    text_free(&uncovered);
    text_free(&written);
    return code == MIGRATE_OK && (down->text.failed || down->refused.failed) ? error_nomem(err) : code;
}

int32_t down_end(migrate_session *session, const struct script *script, struct down *down, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = down->refused.length ? MIGRATE_OK : look_back(session, script, down, &problem);
    return forgive(down, code, &problem, err);
}
