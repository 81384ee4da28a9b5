/* SPDX-License-Identifier: MIT
 * What a statement that was observed made, changed, dropped and needed: by the facts before and behind it, by what these depend on, and by
 * the locks that it took, or what the engine says it touched. */
#include "core/needs_inside.h"

#include "schema/told.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- deeds ---- */

void raw_clear(struct raw_deeds *raw)
{
    arena_free(&raw->arena);
    raw->count = 0;
    raw->failed = false;
}

static bool is_known(const struct raw_deeds *raw, enum thing_kind kind, const char *name)
{
    for (size_t i = raw->count; i > 0; i--) {
        const struct deed *deed = &raw->items[i - 1];
        if (deed->thing.kind == kind && strcmp(deed->thing.name, name) == 0)
            return true;
    }
    return false;
}

/* Of what is known for something else already, a need says nothing new. */
bool raw_add(struct raw_deeds *raw, enum deed_kind does, enum thing_kind kind, const char *word, const char *name, const char *to)
{
    struct deed deed = {.does = does, .thing = {kind, word, NULL}, .line = raw->line, .column = raw->column};
    if (!name || !*name || (does == DEED_NEEDS && is_known(raw, kind, name)))
        return true;
    deed.thing.name = arena_text(&raw->arena, name);
    deed.to = arena_text(&raw->arena, to);
    if (raw->arena.failed || !array_reserve(raw)) {
        raw->failed = true;
        return false;
    }
    raw->items[raw->count++] = deed;
    return true;
}

/* ---- facts as things ---- */

static const struct {
    const char *kind;
    enum thing_kind thing;
    const char *word;
} kinds[] = {
    {"table", THING_TABLE, "table"},       {"virtual table", THING_TABLE, "table"}, {"foreign table", THING_TABLE, "table"},
    {"view", THING_TABLE, "view"},         {"materialized view", THING_TABLE, "view"}, {"index", THING_TABLE, "index"},
    {"sequence", THING_TABLE, "sequence"}, {"column", THING_COLUMN, "column"},      {"enum", THING_TYPE, "type"},
    {"domain", THING_TYPE, "domain"},      {"range", THING_TYPE, "type"},           {"base type", THING_TYPE, "type"},
    {"composite type", THING_TYPE, "type"}, {"function", THING_FUNCTION, "function"}, {"procedure", THING_FUNCTION, "procedure"},
    {"aggregate", THING_FUNCTION, "aggregate"}, {"schema", THING_SCHEMA, "schema"}, {"extension", THING_OTHER, "extension"},
    {"trigger", THING_OTHER, "trigger"},   {"policy", THING_OTHER, "policy"},       {"rule", THING_OTHER, "rule"},
    {"constraint", THING_OTHER, "constraint"},
};

/* Its name goes to *name. false: it is a part of something. */
static bool thing_of(const struct fact *fact, const struct sql_dialect *dialect, struct text *name, struct thing *out)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, fact->kind) != 0)
            continue;
        text_clear(name);
        words_name(name, dialect, fact->ident, strlen(fact->ident));
        *out = (struct thing){kinds[i].thing, kinds[i].word, name->data ? name->data : ""};
        return true;
    }
    return false;
}

/* Who changed nothing that others could see. */
static bool is_remark(const struct fact *fact)
{
    return strcmp(fact->kind, "comment") == 0 || strcmp(fact->kind, "owner") == 0 || strcmp(fact->kind, "privilege") == 0;
}

static bool is_column_part(const struct fact *fact)
{
    return strncmp(fact->kind, "column ", 7) == 0;
}

bool facts_have(const struct facts *facts, const struct sql_dialect *dialect, const struct thing *thing)
{
    struct text name = {0};
    bool found = false;
    for (size_t i = 0; i < facts->count && !found; i++) {
        struct thing there;
        found = thing_of(&facts->items[i], dialect, &name, &there) && things_same(&there, thing);
    }
    text_free(&name);
    return found;
}

/* One schema, and a way to what facts are inside of. */
struct facts_side {
    const struct facts *facts;
    struct fact_keys keys;
};

static const struct fact *by_key(const struct facts_side *side, const char *key)
{
    size_t at = *key ? fact_keys_find(&side->keys, key) : SIZE_MAX;
    return at == SIZE_MAX ? NULL : &side->facts->items[at];
}

/* The tables, columns, types ... that a fact is inside of. */
static bool add_containers(struct needs *needs, const struct facts_side *side, const struct fact *fact, enum deed_kind does)
{
    struct thing thing;
    bool good = true;
    const struct fact *at = by_key(side, fact->inside);
    for (int depth = 0; good && at && depth < 8; depth++) {
        if (thing_of(at, needs->dialect, &needs->raw.name, &thing))
            good = raw_add(&needs->raw, does, thing.kind, thing.word, thing.name, NULL);
        at = by_key(side, at->inside);
    }
    return good;
}

/* What stands beside its table, and leaves that as it is. */
static bool stands_beside(const struct thing *thing)
{
    static const char *const words[] = {"index", "trigger", "policy", "rule", "sequence", "view"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(thing->word, words[i]) == 0)
            return true;
    }
    return false;
}

static bool add_difference(struct needs *needs, const struct difference *difference)
{
    const struct fact *fact = difference->to ? difference->to : difference->from;
    static const enum deed_kind does[] = {[FACT_ADDED] = DEED_MAKES, [FACT_REMOVED] = DEED_DROPS, [FACT_CHANGED] = DEED_CHANGES};
    struct thing thing;
    return is_remark(fact) || !thing_of(fact, needs->dialect, &needs->raw.name, &thing) ||
           raw_add(&needs->raw, does[difference->kind], thing.kind, thing.word, thing.name, NULL);
}

/* Behind all of those, so that what is made with it is not taken for something that was there. */
static bool add_inside(struct needs *needs, const struct facts_side *before, const struct facts_side *after,
                       const struct difference *difference)
{
    const struct fact *fact = difference->to ? difference->to : difference->from;
    const struct facts_side *side = difference->to ? after : before;
    struct thing thing;
    if (is_remark(fact))
        return true;
    if (!thing_of(fact, needs->dialect, &needs->raw.name, &thing)) {
        if (is_column_part(fact)) { /* it is known by the column's name, even if it has no key */
            text_clear(&needs->raw.name);
            words_name(&needs->raw.name, needs->dialect, fact->ident, strlen(fact->ident));
            if (!raw_add(&needs->raw, DEED_CHANGES, THING_COLUMN, "column", needs->raw.name.data, NULL))
                return false;
        }
        return add_containers(needs, side, fact, DEED_CHANGES);
    }
    return add_containers(needs, side, fact, stands_beside(&thing) ? DEED_NEEDS : DEED_CHANGES);
}

/* ---- what it depends on ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool need_fact(struct needs *needs, const struct facts_side *after, const struct fact *fact)
{
    struct thing thing;
    if (!fact)
        return true;
    if (thing_of(fact, needs->dialect, &needs->raw.name, &thing) &&
        !raw_add(&needs->raw, DEED_NEEDS, thing.kind, thing.word, thing.name, NULL))
        return false;
    return add_containers(needs, after, fact, DEED_NEEDS);
}

/* Of what was added or changed. */
static bool add_edges(struct needs *needs, const struct facts_side *after, const struct differences *differences)
{
    const struct migrate_rows *edges = after->facts->edges;
    size_t count = 0;
    const char **keys = memory_new((differences->count + 1) * sizeof *keys);
    bool good = keys != NULL;
    for (size_t i = 0; good && i < differences->count; i++) {
        const struct fact *to = differences->items[i].to;
        if (to && *to->key)
            keys[count++] = to->key;
    }
    if (good && count > 1)
        qsort(keys, count, sizeof *keys, by_text);
    for (size_t row = 0; good && count && row < rows_count(edges); row++) {
        const char *by = rows_text(edges, row, 0), *needed = rows_text(edges, row, 1);
        if (by && needed && bsearch(&by, keys, count, sizeof *keys, by_text))
            good = need_fact(needs, after, by_key(after, needed));
    }
    memory_free(keys);
    return good;
}

/* ---- other names ---- */

/* A thing that was dropped went on under another name. */
static void mark_renamed(struct needs *needs, size_t from, const char *old, const char *new)
{
    struct text a = {0}, b = {0};
    words_name(&a, needs->dialect, old, strlen(old));
    words_name(&b, needs->dialect, new, strlen(new));
    for (size_t i = from; a.data && b.data && i < needs->raw.count; i++) {
        struct deed *deed = &needs->raw.items[i];
        if (deed->does == DEED_DROPS && strcmp(deed->thing.name, a.data) == 0)
            deed->to = arena_text(&needs->raw.arena, b.data);
    }
    needs->raw.failed |= a.failed || b.failed || needs->raw.arena.failed;
    text_free(&a);
    text_free(&b);
}

static int32_t find_renames(struct needs *needs, const struct observed *now, size_t from, migrate_error **err)
{
    const struct database_engine *engine = now->scratch->db->engine;
    struct renamed_facts renamed = {0};
    struct text old = {0}, new = {0};
    int32_t code = MIGRATE_OK;
    if (engine->renames_of) {
        if (now->sql && engine->renames_of(now->sql, now->length, &old, &new) && old.data && new.data)
            mark_renamed(needs, from, old.data, new.data);
        needs->raw.failed |= old.failed || new.failed;
    } else {
        code = facts_renamed(now->before, now->after, &renamed, err);
        for (size_t i = 0; code == MIGRATE_OK && i < renamed.count; i++)
            mark_renamed(needs, from, renamed.items[i].old->ident, renamed.items[i].new->ident);
        memory_free(renamed.items);
    }
    text_free(&old);
    text_free(&new);
    return code;
}

/* ---- the bodies of functions ---- */

struct body {
    struct needs *needs;
    const struct facts *facts;
};

static bool need_late(const struct word *word, void *user)
{
    struct body *body = user;
    struct raw_deeds *raw = &body->needs->raw;
    struct thing thing = {word->kind, word->word, word->name};
    size_t count = raw->count;
    if (word->does != DEED_NEEDS || word->kind != THING_TABLE || !word->late || !facts_have(body->facts, body->needs->dialect, &thing))
        return true;
    if (!raw_add(raw, DEED_NEEDS, word->kind, word->word, word->name, NULL))
        return false;
    if (raw->count > count)
        raw->items[count].late = raw->items[count].guess = true;
    return true;
}

/* The server keeps bodies as texts, and does not know what is in them. */
static bool read_bodies(struct needs *needs, const struct observed *now, const struct differences *differences)
{
    struct body body = {needs, now->after};
    bool good = true;
    for (size_t i = 0; good && i < differences->count; i++) {
        const struct fact *to = differences->items[i].to;
        if (to && (strcmp(to->kind, "function") == 0 || strcmp(to->kind, "procedure") == 0))
            good = words_read(needs->dialect, to->value, strlen(to->value), need_late, &body);
    }
    return good;
}

/* ---- what it touched ---- */

/* "AccessExclusive public.t, Share public.u" */
static bool add_locked(struct needs *needs, const char *locked)
{
    bool good = true;
    while (good && locked && *locked) {
        const char *name = strchr(locked, ' '), *end = name ? name + 1 : NULL;
        bool quoted = false;
        for (; end && *end && (quoted || *end != ','); end++)
            quoted ^= *end == '"';
        if (!name)
            break;
        text_clear(&needs->raw.name);
        words_name(&needs->raw.name, needs->dialect, name + 1, (size_t)(end - name - 1));
        good = raw_add(&needs->raw, DEED_NEEDS, THING_TABLE, "table", needs->raw.name.data, NULL);
        locked = *end ? end + 1 + strspn(end + 1, " ") : end;
        if (text_starts(locked, "and "))
            break;
    }
    return good && !needs->raw.name.failed;
}

static int32_t add_touches(struct needs *needs, migrate_session *scratch, bool late, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    bool good = true;
    int32_t code = needs->touches ? scratch->db->engine->touches_take(scratch->db, &rows, err) : MIGRATE_OK;
    for (size_t row = 0; good && row < rows_count(rows); row++) {
        const char *table = rows_text(rows, row, 1), *column = rows_text(rows, row, 2);
        size_t count = needs->raw.count;
        struct text *name = &needs->raw.name;
        if (text_starts(table, scratch->history_table) || text_starts(table, "pragma_"))
            continue;
        text_clear(name);
        words_name(name, needs->dialect, table, strlen(table));
        good = raw_add(&needs->raw, DEED_NEEDS, THING_TABLE, "table", name->data, NULL);
        if (good && column) {
            text_add_char(name, '.');
            words_name(name, needs->dialect, column, strlen(column));
            good = !name->failed && raw_add(&needs->raw, DEED_NEEDS, THING_COLUMN, "column", name->data, NULL);
        }
        for (; late && count < needs->raw.count; count++)
            needs->raw.items[count].late = true;
    }
    rows_free(rows);
    return code == MIGRATE_OK && !good ? error_nomem(err) : code;
}

/* ---- statements that did nothing ---- */

struct idle {
    struct needs *needs;
    const struct observed *now;
};

static bool is_idle_kind(const struct word *word)
{
    return word->kind != THING_OTHER || strcmp(word->word, "trigger") == 0;
}

static bool tell_idle(const struct word *word, void *user)
{
    struct idle *idle = user;
    struct raw_deeds *raw = &idle->needs->raw;
    struct thing thing = {word->kind, word->word, word->name};
    if (!word->conditional || word->temporary || !is_idle_kind(word) || (word->does != DEED_MAKES && word->does != DEED_DROPS) ||
        facts_have(idle->now->before, idle->needs->dialect, &thing) != (word->does == DEED_MAKES))
        return true;
    if (text_equal(word->name, "public")) /* everybody has it */
        return true;
    size_t count = raw->count;
    if (!raw_add(raw, word->does, word->kind, word->word, word->name, NULL))
        return false;
    raw->items[count].idle = true;
    raw->items[count].word = word->replaces ? "OR REPLACE" : word->does == DEED_MAKES ? "IF NOT EXISTS" : "IF EXISTS";
    return true;
}

/* ---- a statement ---- */

static int32_t add_facts(struct needs *needs, const struct observed *now, bool *changed, migrate_error **err)
{
    struct facts_side before = {.facts = now->before}, after = {.facts = now->after};
    struct differences differences = {0};
    size_t from = needs->raw.count;
    bool good = true, removed = false;
    int32_t code = facts_compare(now->before, now->after, &differences, err);
    *changed = differences.column_order;
    for (size_t i = 0; i < differences.count; i++) /* a remark may be an earlier statement's */
        *changed = *changed || !is_remark(differences.items[i].to ? differences.items[i].to : differences.items[i].from);
    if (code == MIGRATE_OK && differences.count)
        good = fact_keys_make(now->before, &before.keys) && fact_keys_make(now->after, &after.keys);
    for (size_t i = 0; good && i < differences.count; i++) {
        removed |= differences.items[i].kind == FACT_REMOVED;
        good = add_difference(needs, &differences.items[i]);
    }
    for (size_t i = 0; good && i < differences.count; i++)
        good = add_inside(needs, &before, &after, &differences.items[i]);
    if (code == MIGRATE_OK && good && differences.count)
        good = add_edges(needs, &after, &differences);
    if (code == MIGRATE_OK && good && removed)
        code = find_renames(needs, now, from, err);
    if (code == MIGRATE_OK && good && now->at && !add_locked(needs, now->at->locked))
        good = false;
    if (code == MIGRATE_OK && good)
        good = read_bodies(needs, now, &differences);
    fact_keys_free(&before.keys);
    fact_keys_free(&after.keys);
    differences_free(&differences);
    return code == MIGRATE_OK && !good ? error_nomem(err) : code;
}

int32_t needs_statement(struct needs *needs, const struct observed *now, migrate_error **err)
{
    bool changed = false;
    int32_t code = MIGRATE_OK;
    needs->raw.line = now->at->line;
    needs->raw.column = now->at->column;
    needs->facts_seen |= now->before != now->after;
    if (now->before != now->after)
        code = add_facts(needs, now, &changed, err);
    else if (!add_locked(needs, now->at->locked))
        code = error_nomem(err);
    if (code == MIGRATE_OK)
        code = add_touches(needs, now->scratch, false, err);
    struct idle idle = {needs, now};
    if (code == MIGRATE_OK && !changed && now->sql && !words_read(needs->dialect, now->sql, now->length, tell_idle, &idle))
        code = error_nomem(err);
    return code == MIGRATE_OK && (needs->raw.failed || needs->raw.name.failed) ? error_nomem(err) : code;
}

/* What it made, changed and dropped goes before what its statements needed. */
int32_t needs_whole(struct needs *needs, const struct observed *now, migrate_error **err)
{
    struct raw_deeds *raw = &needs->raw;
    struct deed *needed = raw->items;
    size_t count = raw->count;
    bool changed = false;
    if (needs->facts_seen || now->before == now->after)
        return MIGRATE_OK;
    raw->items = NULL;
    raw->count = raw->capacity = 0;
    raw->line = raw->column = 0;
    int32_t code = add_facts(needs, now, &changed, err);
    for (size_t i = 0; code == MIGRATE_OK && i < count; i++) {
        if (!array_reserve(raw))
            code = error_nomem(err);
        else
            raw->items[raw->count++] = needed[i];
    }
    memory_free(needed);
    return code;
}

/* ---- what the engine looks into late ---- */

/* In thought only. */
static int32_t compile(migrate_session *scratch, struct text *sql, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    migrate_error *problem = NULL;
    int32_t code = database_query(scratch->db, sql, &rows, &problem);
    rows_free(rows);
    text_free(sql);
    if (code == MIGRATE_ERROR_SQL) { /* it does not work: others tell */
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

/* A table's triggers, by writing to it. */
static int32_t compile_triggers(const struct observed *now, const struct fact *table, migrate_error **err)
{
    struct text sql = {0};
    const struct fact *column = NULL;
    for (size_t i = 0; !column && i < now->after->count; i++) {
        const struct fact *other = &now->after->items[i];
        column = strcmp(other->kind, "column") == 0 && strcmp(other->inside, table->key) == 0 ? other : NULL;
    }
    text_format(&sql, "EXPLAIN DELETE FROM %s", table->ident);
    int32_t code = compile(now->scratch, &sql, err);
    if (code == MIGRATE_OK) {
        text_format(&sql, "EXPLAIN INSERT INTO %s DEFAULT VALUES", table->ident);
        code = compile(now->scratch, &sql, err);
    }
    if (code == MIGRATE_OK && column) {
        const char *name = column->ident + strlen(table->ident) + 1;
        text_format(&sql, "EXPLAIN UPDATE %s SET %s = %s", table->ident, name, name);
        code = compile(now->scratch, &sql, err);
    }
    return code;
}

int32_t needs_look_inside(struct needs *needs, const struct observed *now, migrate_error **err)
{
    struct differences differences = {0};
    struct facts_side after = {.facts = now->after};
    if (!needs->touches || now->before == now->after)
        return MIGRATE_OK;
    int32_t code = facts_compare(now->before, now->after, &differences, err);
    if (code == MIGRATE_OK && differences.count && !fact_keys_make(now->after, &after.keys))
        code = error_nomem(err);
    for (size_t i = 0; code == MIGRATE_OK && i < differences.count; i++) {
        const struct fact *fact = differences.items[i].to, *table = fact ? by_key(&after, fact->inside) : NULL;
        struct text sql = {0};
        if (fact && strcmp(fact->kind, "view") == 0) {
            text_format(&sql, "EXPLAIN SELECT * FROM %s", fact->ident);
            code = compile(now->scratch, &sql, err);
        } else if (fact && table && strcmp(fact->kind, "trigger") == 0) {
            code = compile_triggers(now, table, err);
        } else {
            continue;
        }
        if (code == MIGRATE_OK)
            code = add_touches(needs, now->scratch, true, err);
    }
    fact_keys_free(&after.keys);
    differences_free(&differences);
    return code;
}

/* ---- the end of the migration ---- */

static int by_thing(const void *a, const void *b)
{
    const struct deed *const *x = a, *const *y = b;
    int order = ((*x)->thing.kind > (*y)->thing.kind) - ((*x)->thing.kind < (*y)->thing.kind);
    if (order == 0)
        order = strcmp((*x)->thing.name, (*y)->thing.name);
    return order ? order : (*x > *y) - (*x < *y);
}

/* The deeds about one thing become one: what the migration as a whole did to it. */
static bool settle_thing(struct needs *needs, const struct deed *const *list, size_t count)
{
    const struct deed *first = list[0], *last = NULL, *change = NULL, *need = NULL;
    bool there = first->does != DEED_MAKES, dropped = false;
    for (size_t i = 0; i < count; i++) {
        if (list[i]->does == DEED_MAKES || list[i]->does == DEED_DROPS)
            last = list[i];
        if (list[i]->does == DEED_CHANGES && !change)
            change = list[i];
        if (list[i]->does == DEED_NEEDS && (!need || (need->late && !list[i]->late)))
            need = list[i];
        dropped |= list[i]->does == DEED_DROPS;
    }
    bool stays = last ? last->does == DEED_MAKES : there, rebuilt = there && stays && dropped;
    struct deed deed;
    if (!there && !stays)
        return true;
    if (!there || !stays)
        deed = *last;
    else if (change || (rebuilt && first->thing.kind != THING_COLUMN && first->thing.kind != THING_OTHER))
        deed = change ? *change : *last;
    else if (need)
        deed = *need;
    else
        return true;
    if (there && stays && deed.does != DEED_NEEDS) {
        deed.does = DEED_CHANGES;
        deed.rebuilt = rebuilt;
        deed.to = NULL;
    }
    return depends_deed(&needs->depends, needs->at, &deed);
}

/* DROP ... IF EXISTS, and made right behind that: it is meant to do nothing. */
static bool is_anew(const struct raw_deeds *raw, const struct deed *idle)
{
    for (const struct deed *deed = idle + 1; idle->does == DEED_DROPS && deed < raw->items + raw->count; deed++) {
        if (deed->does == DEED_MAKES && things_same(&deed->thing, &idle->thing))
            return true;
    }
    return false;
}

bool needs_settle(struct needs *needs)
{
    struct raw_deeds *raw = &needs->raw;
    const struct deed **list = memory_new((raw->count + 1) * sizeof *list);
    size_t count = 0;
    bool good = list != NULL;
    for (size_t i = 0; good && i < raw->count; i++) {
        if (raw->items[i].idle && is_anew(raw, &raw->items[i]))
            continue;
        if (raw->items[i].idle)
            good = depends_deed(&needs->depends, needs->at, &raw->items[i]);
        else
            list[count++] = &raw->items[i];
    }
    if (good && count > 1)
        qsort(list, count, sizeof *list, by_thing);
    for (size_t from = 0, to; good && from < count; from = to) {
        for (to = from; to < count && list[to]->thing.kind == list[from]->thing.kind &&
                        strcmp(list[to]->thing.name, list[from]->thing.name) == 0; to++)
            continue;
        good = settle_thing(needs, list + from, to - from);
    }
    memory_free(list);
    return good;
}
