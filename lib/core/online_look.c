/* SPDX-License-Identifier: MIT
 * Online safety: what one statement did, as the rules want it: locks, scans and rewrites by table, and facts paired up, each with the
 * table that it belongs to. */
#include "core/online_parts.h"

#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* ---- tables ---- */

struct online_table *online_table_called(struct online *online, const char *name)
{
    struct online_statement s = {.tables = online->tables.items, .table_count = online->tables.count};
    return online_named(&s, name);
}

static struct online_table *by_key(struct online *online, const char *key)
{
    for (size_t i = 0; i < online->tables.count; i++) {
        struct online_table *table = &online->tables.items[i];
        if (!table->gone && strcmp(table->key, key) == 0)
            return table;
    }
    return NULL;
}

/* Names with ", " between, quotes heeded: the next one. NULL: no more. */
static const char *next_name(const char **at, size_t *length)
{
    const char *begin = *at;
    bool quoted = false;
    if (!begin || !*begin)
        return NULL;
    const char *end = begin;
    for (; *end && (quoted || *end != ','); end++)
        quoted = quoted != (*end == '"');
    *length = (size_t)(end - begin);
    *at = *end ? end + (end[1] == ' ' ? 2 : 1) : end;
    return begin;
}

/* "public.t", or "public.t and 3 more" at the end of a list. */
static struct online_table *table_in(struct online *online, const char *name, size_t length)
{
    char plain[512];
    bool quoted = false;
    size_t used = 0;
    while (used < length && used + 1 < sizeof plain && (quoted || name[used] != ' ')) {
        quoted = quoted != (name[used] == '"');
        plain[used] = name[used];
        used++;
    }
    plain[used] = '\0';
    return used ? online_table_called(online, plain) : NULL;
}

static int mode_of(const char *word, size_t length)
{
    static const char *const modes[] = {"AccessShare", "RowShare",          "RowExclusive", "ShareUpdateExclusive",
                                        "Share",       "ShareRowExclusive", "Exclusive",    "AccessExclusive"};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strlen(modes[i]) == length && strncmp(modes[i], word, length) == 0)
            return (int)i + 1;
    }
    return 0;
}

static void take_effects(struct online *online, const struct rehearsed *at)
{
    size_t length = 0;
    for (size_t i = 0; i < online->tables.count; i++) {
        struct online_table *table = &online->tables.items[i];
        table->took = 0;
        table->scanned = table->rewritten = table->scan_told = table->rewrite_told = false;
    }
    const char *list = at->locked;
    for (const char *name = next_name(&list, &length); name; name = next_name(&list, &length)) {
        size_t word = strcspn(name, " ");
        struct online_table *table = word < length ? table_in(online, name + word + 1, length - word - 1) : NULL;
        int mode = mode_of(name, word);
        if (table && mode > table->took)
            table->took = mode;
    }
    list = at->scanned;
    for (const char *name = next_name(&list, &length); name; name = next_name(&list, &length)) {
        struct online_table *table = table_in(online, name, length);
        if (table)
            table->scanned = true;
    }
    list = at->rewritten;
    for (const char *name = next_name(&list, &length); name; name = next_name(&list, &length)) {
        struct online_table *table = table_in(online, name, length);
        if (table)
            table->rewritten = true;
    }
}

/* ---- facts ---- */

struct pairing {
    struct online *online;
    const struct observed *now;
    struct differences differences;
    struct fact_keys before, after;
};

/* A fact's table: itself, or what it is inside of. */
static struct online_table *table_of(struct online *online, const struct facts *facts, const struct fact_keys *keys, const struct fact *fact)
{
    for (int depth = 0; depth < 4 && fact; depth++) {
        struct online_table *table = fact->key[0] ? by_key(online, fact->key) : NULL;
        if (!table && fact->inside[0])
            table = by_key(online, fact->inside);
        if (table)
            return table;
        size_t at = fact->inside[0] ? fact_keys_find(keys, fact->inside) : SIZE_MAX;
        fact = at < facts->count ? &facts->items[at] : NULL;
    }
    return NULL;
}

static bool was_there(const struct online *online, const struct fact *fact)
{
    const char *key = fact->key[0] ? fact->key : fact->inside;
    return key[0] && fact_keys_find(&online->began_keys, key) != SIZE_MAX;
}

/* What it is known by once its name is another. */
static const struct fact *partner(const struct pairing *pairing, const struct fact *fact, bool in_after)
{
    const struct facts *facts = in_after ? pairing->now->after : pairing->now->before;
    size_t at = fact->key[0] ? fact_keys_find(in_after ? &pairing->after : &pairing->before, fact->key) : SIZE_MAX;
    if (at < facts->count && strcmp(facts->items[at].kind, fact->kind) == 0)
        return &facts->items[at];
    if (fact->key[0] || !fact->inside[0])
        return NULL;
    for (size_t i = 0; i < pairing->differences.count; i++) {
        const struct difference *d = &pairing->differences.items[i];
        const struct fact *other = in_after ? d->to : d->from;
        if (other && d->kind == (in_after ? FACT_ADDED : FACT_REMOVED) && strcmp(other->kind, fact->kind) == 0 &&
            strcmp(other->inside, fact->inside) == 0)
            return other;
    }
    return NULL;
}

static int32_t add_change(struct pairing *pairing, enum online_did did, const struct fact *from, const struct fact *to, migrate_error **err)
{
    struct online *online = pairing->online;
    const struct observed *now = pairing->now;
    if (!array_reserve(&online->changes))
        return error_nomem(err);
    online->changes.items[online->changes.count++] = (struct online_change){
        .did = did, .from = from, .to = to,
        .table = from ? table_of(online, now->before, &pairing->before, from) : table_of(online, now->after, &pairing->after, to),
        .old = was_there(online, from ? from : to)};
    return MIGRATE_OK;
}

/* Dropped and made in one statement, with the name that it had. */
static bool is_another(const struct pairing *pairing, const struct difference *d)
{
    return d->kind == FACT_CHANGED && !pairing->now->scratch->db->engine->names_fold && strcmp(d->from->key, d->to->key) != 0;
}

static int32_t add_both(struct pairing *pairing, const struct fact *from, const struct fact *to, migrate_error **err)
{
    int32_t code = add_change(pairing, ONLINE_REMOVED, from, NULL, err);
    return code == MIGRATE_OK ? add_change(pairing, ONLINE_ADDED, NULL, to, err) : code;
}

/* Columns are facts that say nothing, so that two of the same name do not differ. */
static int32_t find_columns(struct pairing *pairing, migrate_error **err)
{
    const struct facts *before = pairing->now->before, *after = pairing->now->after;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < after->count; i++) {
        const struct fact *to = &after->items[i];
        if (strcmp(to->kind, "column") != 0 || !to->key[0] || fact_keys_find(&pairing->before, to->key) != SIZE_MAX)
            continue;
        const struct fact *from = facts_find(before, "column", to->ident);
        if (from && strcmp(from->inside, to->inside) == 0) /* (else the whole table is another one) */
            code = add_both(pairing, from, to, err);
    }
    return code;
}

static int32_t pair(struct pairing *pairing, const struct difference *d, migrate_error **err)
{
    const struct fact *fact = d->to ? d->to : d->from;
    if (strcmp(fact->kind, "column position") == 0)
        return MIGRATE_OK;
    if (is_another(pairing, d) && strcmp(fact->kind, "column") == 0) /* find_columns() does */
        return MIGRATE_OK;
    if (is_another(pairing, d) && strcmp(fact->kind, "constraint") == 0)
        return add_both(pairing, d->from, d->to, err);
    if (d->kind == FACT_CHANGED)
        return add_change(pairing, ONLINE_CHANGED, d->from, d->to, err);
    if (pairing->now->scratch->db->engine->names_fold) /* keys are names: see renames() */
        return add_change(pairing, d->kind == FACT_ADDED ? ONLINE_ADDED : ONLINE_REMOVED, d->from, d->to, err);
    const struct fact *other = partner(pairing, fact, d->kind == FACT_REMOVED);
    if (!other)
        return add_change(pairing, d->kind == FACT_ADDED ? ONLINE_ADDED : ONLINE_REMOVED, d->from, d->to, err);
    if (d->kind == FACT_ADDED || strcmp(other->ident, fact->ident) == 0) /* told where it is removed */
        return MIGRATE_OK;
    if (!fact->key[0])
        return strcmp(other->value, fact->value) == 0 ? MIGRATE_OK : add_change(pairing, ONLINE_CHANGED, fact, other, err);
    return add_change(pairing, ONLINE_RENAMED, fact, other, err);
}

/* Where keys are names, the statement says what it renames; what is inside of a table goes along. */
static int32_t renames(struct pairing *pairing, migrate_error **err)
{
    struct online *online = pairing->online;
    const struct observed *now = pairing->now;
    const struct database_engine *engine = now->scratch->db->engine;
    struct text from = {0}, to = {0};
    struct online_change *removed = NULL, *added = NULL;
    if (!engine->renames_of || !now->sql || !engine->renames_of(now->sql, now->length, &from, &to) || from.failed || to.failed) {
        bool failed = from.failed || to.failed;
        text_free(&from), text_free(&to);
        return failed ? error_nomem(err) : MIGRATE_OK;
    }
    for (size_t i = 0; i < online->changes.count; i++) {
        struct online_change *change = &online->changes.items[i];
        if (change->did == ONLINE_REMOVED && text_equal_nocase(change->from->ident, from.data) &&
            (strcmp(change->from->kind, "table") == 0 || strcmp(change->from->kind, "column") == 0))
            removed = change;
        if (change->did == ONLINE_ADDED && text_equal_nocase(change->to->ident, to.data) &&
            (strcmp(change->to->kind, "table") == 0 || strcmp(change->to->kind, "column") == 0))
            added = change;
    }
    if (removed && added) {
        struct online_change both = {.did = ONLINE_RENAMED, .from = removed->from, .to = added->to, .table = removed->table, .old = removed->old};
        online->changes.items[0] = both;
        online->changes.count = 1;
    }
    text_free(&from), text_free(&to);
    return MIGRATE_OK;
}

static int32_t find_changes(struct online *online, const struct observed *now, migrate_error **err)
{
    struct pairing pairing = {.online = online, .now = now};
    online->changes.count = 0;
    if (now->before == now->after)
        return MIGRATE_OK;
    int32_t code = facts_compare(now->before, now->after, &pairing.differences, err);
    bool differs = pairing.differences.count > 0 || pairing.differences.column_order;
    if (code == MIGRATE_OK && differs &&
        (!fact_keys_make(now->before, &pairing.before) || !fact_keys_make(now->after, &pairing.after)))
        code = error_nomem(err);
    for (size_t i = 0; code == MIGRATE_OK && i < pairing.differences.count; i++)
        code = pair(&pairing, &pairing.differences.items[i], err);
    if (code == MIGRATE_OK && differs && !now->scratch->db->engine->names_fold)
        code = find_columns(&pairing, err);
    if (code == MIGRATE_OK && online->changes.count)
        code = renames(&pairing, err);
    differences_free(&pairing.differences);
    fact_keys_free(&pairing.before);
    fact_keys_free(&pairing.after);
    return code;
}

/* Only of those that something was done to. */
static int32_t read_sizes(struct online *online, const struct observed *now, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < online->changes.count; i++) {
        if (online->changes.items[i].table && !online->changes.items[i].table->took)
            online->changes.items[i].table->took = -1; /* marked, for a moment */
    }
    for (size_t i = 0; code == MIGRATE_OK && i < online->tables.count; i++) {
        struct online_table *table = &online->tables.items[i];
        bool named = !table->took && !table->scanned && !table->rewritten && now->sql && now->scratch->db->engine->names_fold;
        if ((table->took || table->scanned || table->rewritten || named) && table->rows < 0)
            code = online_rows(online, table->name, &table->rows, err);
        if (table->took < 0)
            table->took = 0;
    }
    return code;
}

int32_t online_look(struct online *online, const struct observed *now, migrate_error **err)
{
    take_effects(online, now->at);
    int32_t code = find_changes(online, now, err);
    return code == MIGRATE_OK && online->live ? read_sizes(online, now, err) : code;
}

/* ---- kept to the end ---- */

static int32_t place_one(struct online *online, const struct observed *now, const struct online_change *change, migrate_error **err)
{
    const struct fact *fact = change->to ? change->to : change->from;
    struct arena *own = &online->own;
    struct online_statement s = {.sql = now->sql, .length = now->length, .dialect = now->scratch->db->engine->dialect};
    if (change->did == ONLINE_REMOVED && fact->key[0]) {
        for (size_t i = 0; i < online->m.placed.count; i++)
            online->m.placed.items[i].gone |= strcmp(online->m.placed.items[i].key, fact->key) == 0;
    }
    if (!array_reserve(&online->m.placed))
        return error_nomem(err);
    online->m.placed.items[online->m.placed.count++] = (struct online_placed){
        .kind = arena_text(own, fact->kind), .key = arena_text(own, fact->key), .ident = arena_text(own, fact->ident),
        .value = arena_text(own, fact->value), .did = change->did,
        .was = arena_text(own, change->did == ONLINE_RENAMED ? change->from->ident : change->from ? change->from->value : ""),
        .old = change->table || change->old, .transaction = online->m.transaction, .rows = change->table ? change->table->rows : -1,
        .line = now->at->line, .column = now->at->column,
        .named = change->did == ONLINE_REMOVED && online_begins(&s, "drop") && online_mentions(&s, fact->name)};
    return own->failed ? error_nomem(err) : MIGRATE_OK;
}

/* Keys that are names: the table is known by its new one from here on. */
static int32_t follow(struct online *online, const struct online_change *change, migrate_error **err)
{
    struct online_table *table = change->table;
    if (change->did == ONLINE_REMOVED)
        table->gone = true;
    if (change->did != ONLINE_RENAMED)
        return MIGRATE_OK;
    int32_t code = online_called(online, change->from->ident, change->to->ident, err);
    if (!online->scratch->db->engine->names_fold)
        return code;
    table->name = arena_text(&online->own, change->to->ident);
    table->key = arena_text(&online->own, change->to->key);
    return code == MIGRATE_OK && online->own.failed ? error_nomem(err) : code;
}

int32_t online_place(struct online *online, const struct observed *now, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < online->changes.count; i++) {
        const struct online_change *change = &online->changes.items[i];
        const struct fact *fact = change->to ? change->to : change->from;
        code = place_one(online, now, change, err);
        if (code == MIGRATE_OK && change->table && strcmp(fact->kind, "table") == 0)
            code = follow(online, change, err);
    }
    return code;
}
