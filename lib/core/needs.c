/* SPDX-License-Identifier: MIT
 * Gathers what migrations make, change, drop and need, see needs.h. */
#include "core/needs_inside.h"

#include "core/compare.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* ---- which migrations there are ---- */

static bool add_migration(struct needs *needs, const struct source *source, const struct migration *m)
{
    struct depend *depend = depends_add(&needs->depends);
    size_t number = needs->depends.count;
    if (!depend)
        return false;
    *depend = (struct depend){.id = m->id, .file = m->up.file, .numbered = m->number != NULL, .repeatable = m->kind == MIGRATION_REPEATABLE,
                              .depends = m->depends, .depends_count = m->depends_count};
    const char **tables = arena_new(&needs->depends.arena, (m->tables_count + 1) * sizeof *tables);
    if (!tables || !array_grow((void **)&needs->of.items, &needs->of.capacity, number, sizeof *needs->of.items) ||
        !array_grow((void **)&needs->of.sources, &needs->of.sources_capacity, number, sizeof *needs->of.sources))
        return false;
    for (size_t i = 0; i < m->tables_count; i++) {
        struct text name = {0};
        words_name(&name, needs->dialect, m->tables[i], strlen(m->tables[i]));
        tables[i] = arena_text(&needs->depends.arena, name.data ? name.data : m->tables[i]);
        bool failed = name.failed || !tables[i];
        text_free(&name);
        if (failed)
            return false;
    }
    depend->tables = tables;
    depend->tables_count = m->tables_count;
    depend->place = source ? (size_t)(m - source->items) : 0;
    needs->of.items[number - 1] = m;
    needs->of.sources[number - 1] = source;
    needs->of.count = number;
    return true;
}

/* Those that are applied, in that order; then those that are pending. */
static bool add_known(struct needs *needs, const struct history *history, const struct comparison *comparison)
{
    const struct source *source = needs->build->source;
    int64_t seq = 0;
    for (bool more = true; more;) { /* the next number of the history's */
        const struct item *next = NULL;
        for (size_t i = 0; i < comparison->count; i++) {
            const struct item *item = &comparison->items[i];
            if (item->migration && item->applied && item->migration->kind == MIGRATION_VERSIONED && item->applied->seq > seq &&
                (!next || item->applied->seq < next->applied->seq))
                next = item;
        }
        more = next != NULL;
        if (next) {
            seq = next->applied->seq;
            if (!add_migration(needs, source, next->migration))
                return false;
            needs->depends.items[needs->depends.count - 1].applied = true;
        }
    }
    (void)history;
    for (size_t i = 0; i < comparison->count; i++) {
        const struct item *item = &comparison->items[i];
        if (!item->migration || (item->applied && item->migration->kind == MIGRATION_VERSIONED))
            continue;
        if (!add_migration(needs, source, item->migration))
            return false;
        needs->depends.items[needs->depends.count - 1].applied = item->state == ITEM_APPLIED;
        needs->depends.items[needs->depends.count - 1].late = item->state == ITEM_LATE;
    }
    return true;
}

static int32_t add_all(struct needs *needs, bool anew, migrate_error **err)
{
    struct history history = {0};
    struct comparison comparison = {0};
    const struct source *source = needs->build->source;
    int32_t code = MIGRATE_OK;
    bool good = true;
    if (anew || needs->session->files || !needs->session->db) {
        for (size_t i = 0; good && i < source->count; i++)
            good = add_migration(needs, source, &source->items[i]);
        return good ? MIGRATE_OK : error_nomem(err);
    }
    code = history_load(needs->session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(source, &history, &comparison, err);
    if (code == MIGRATE_OK && !add_known(needs, &history, &comparison))
        code = error_nomem(err);
    comparison_free(&comparison);
    history_free(&history);
    return code;
}

static int32_t open_needs(migrate_session *session, bool anew, struct needs **out, migrate_error **err)
{
    struct needs *needs = memory_new(sizeof *needs);
    if (!needs)
        return error_nomem(err);
    needs->session = session;
    needs->anew = anew;
    int32_t code = session_build(session, &needs->build, err);
    if (code == MIGRATE_OK) {
        needs->dialect = session->db ? session->db->engine->dialect : &sql_postgresql;
        code = add_all(needs, anew, err);
    }
    if (code != MIGRATE_OK) {
        needs_free(needs);
        return code;
    }
    *out = needs;
    return MIGRATE_OK;
}

int32_t needs_open(migrate_session *session, struct needs **out, migrate_error **err)
{
    return open_needs(session, false, out, err);
}

int32_t needs_open_anew(migrate_session *session, struct needs **out, migrate_error **err)
{
    return open_needs(session, true, out, err);
}

void needs_free(struct needs *needs)
{
    if (!needs)
        return;
    depends_free(&needs->depends);
    raw_clear(&needs->raw);
    text_free(&needs->raw.name);
    memory_free(needs->raw.items);
    memory_free(needs->before.items);
    memory_free(needs->of.items);
    memory_free(needs->of.sources);
    memory_free(needs);
}

/* SIZE_MAX: it is none of ours. */
static size_t find(const struct needs *needs, const struct migration *m)
{
    for (size_t i = 0; i < needs->of.count; i++) {
        if (needs->of.items[i] == m)
            return i;
    }
    return SIZE_MAX;
}

/* ---- what is broken ---- */

static bool add_broken(struct needs *needs, const struct migrate_rows *rows, size_t row, bool before)
{
    struct arena *arena = &needs->depends.arena;
    struct text ident = {0};
    const char *written = rows_text(rows, row, 1);
    words_name(&ident, needs->dialect, written, strlen(written));
    struct broken broken = {rows_text(rows, row, 0), arena_text(arena, ident.data ? ident.data : written),
                            arena_text(arena, rows_text(rows, row, 2)), needs->at};
    broken.what = arena_text(arena, broken.what);
    text_free(&ident);
    if (arena->failed || !(before ? array_reserve(&needs->before) : array_reserve(&needs->depends.broken)))
        return false;
    if (before)
        needs->before.items[needs->before.count++] = broken;
    else
        needs->depends.broken.items[needs->depends.broken.count++] = broken;
    return true;
}

static bool is_row(const struct needs *needs, const struct broken *broken, const struct migrate_rows *rows, size_t row)
{
    struct text ident = {0};
    const char *written = rows_text(rows, row, 1);
    words_name(&ident, needs->dialect, written, strlen(written));
    bool same = strcmp(broken->what, rows_text(rows, row, 0)) == 0 && text_equal(ident.data, broken->ident) &&
                (strcmp(broken->what, "function") == 0 || strcmp(broken->what, "view") == 0 || strcmp(broken->message, rows_text(rows, row, 2)) == 0);
    text_free(&ident);
    return same;
}

static bool is_listed(const struct needs *needs, const struct broken *list, size_t count, const struct migrate_rows *rows, size_t row)
{
    for (size_t i = 0; i < count; i++) {
        if (is_row(needs, &list[i], rows, row))
            return true;
    }
    return false;
}

/* The last parts of the names of what it did something to, and of what did not work: that may be mended. */
static void list_names(const struct needs *needs, struct text *out)
{
    const struct depend *depend = &needs->depends.items[needs->at];
    for (size_t i = 0; i < depend->count; i++) {
        const struct deed *deed = &depend->items[i];
        const char *dot = strrchr(deed->thing.name, '.');
        if (deed->does != DEED_NEEDS && !deed->idle)
            text_format(out, "%s\n", dot ? dot + 1 : deed->thing.name);
    }
    for (size_t i = 0; out->length && i < needs->depends.broken.count; i++) {
        const char *ident = needs->depends.broken.items[i].ident, *dot = strrchr(ident, '.');
        text_format(out, "%s\n", dot ? dot + 1 : ident);
    }
}

/* What did not work, and is not among those that do not work now, was mended, or went. */
static void forget_mended(struct needs *needs, const struct migrate_rows *rows)
{
    size_t kept = 0;
    for (size_t i = 0; i < needs->depends.broken.count; i++) {
        struct broken *broken = &needs->depends.broken.items[i];
        bool still = false;
        for (size_t row = 0; !still && row < rows_count(rows); row++)
            still = is_row(needs, broken, rows, row);
        if (still)
            needs->depends.broken.items[kept++] = *broken;
    }
    needs->depends.broken.count = kept;
}

static int32_t find_broken(struct needs *needs, migrate_session *scratch, bool before, migrate_error **err)
{
    struct database_facts_wish wish = session_facts_wish(scratch);
    const struct database_engine *engine = scratch->db->engine;
    struct migrate_rows *rows = NULL;
    struct text names = {0};
    if (before)
        text_add(&names, "create\nselect\n");
    else
        list_names(needs, &names);
    if (!engine->broken || (!names.length && !names.failed))
        return MIGRATE_OK;
    int32_t code = names.failed ? error_nomem(err) : engine->broken(scratch->db, &wish, names.data, &rows, err);
    text_free(&names);
    if (code == MIGRATE_OK && !before)
        forget_mended(needs, rows);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        if (is_listed(needs, needs->before.items, needs->before.count, rows, row) ||
            is_listed(needs, needs->depends.broken.items, needs->depends.broken.count, rows, row))
            continue;
        if (!add_broken(needs, rows, row, before))
            code = error_nomem(err);
    }
    rows_free(rows);
    return code;
}

/* ---- observing ---- */

static int32_t begin(const struct observed *now, void *user, migrate_error **err)
{
    struct needs *needs = user;
    const struct database_engine *engine = now->scratch->db->engine;
    struct migrate_rows *rows = NULL;
    int32_t code = MIGRATE_OK;
    needs->at = find(needs, now->migration);
    needs->last = 0;
    needs->facts_seen = false;
    raw_clear(&needs->raw);
    if (!needs->before_known && !needs->anew) {
        code = find_broken(needs, now->scratch, true, err);
        needs->before_known = code == MIGRATE_OK;
    }
    if (code == MIGRATE_OK && engine->touches_begin) {
        code = engine->touches_begin(now->scratch->db, err);
        needs->touches = code == MIGRATE_OK;
    }
    if (code == MIGRATE_OK && needs->touches)
        code = engine->touches_take(now->scratch->db, &rows, err);
    rows_free(rows);
    return code;
}

static int32_t statement(const struct observed *now, void *user, migrate_error **err)
{
    struct needs *needs = user;
    if (now->at->number == 1 && needs->last >= 1) /* what was done before was undone */
        raw_clear(&needs->raw);
    needs->last = now->at->number;
    return needs->at == SIZE_MAX ? MIGRATE_OK : needs_statement(needs, now, err);
}

static int32_t end(const struct observed *now, void *user, migrate_error **err)
{
    struct needs *needs = user;
    int32_t code = MIGRATE_OK;
    if (needs->at == SIZE_MAX)
        return MIGRATE_OK;
    if (now->problem)
        return needs_failing(needs, needs->at, now->problem, now->after, err);
    code = needs_whole(needs, now, err);
    if (code == MIGRATE_OK)
        code = needs_look_inside(needs, now, err);
    if (code == MIGRATE_OK && !needs_settle(needs))
        code = error_nomem(err);
    needs->depends.items[needs->at].observed = code == MIGRATE_OK;
    return code == MIGRATE_OK && !needs->anew ? find_broken(needs, now->scratch, false, err) : code;
}

struct observer needs_observer(struct needs *needs)
{
    return (struct observer){begin, statement, end, needs};
}

/* ---- without a scratch database ---- */

int32_t needs_guess(struct needs *needs, const struct migration *migration, migrate_error **err)
{
    (void)needs, (void)migration, (void)err; /* what was not observed is read when the findings are wanted */
    return MIGRATE_OK;
}

int32_t needs_ours(struct needs *needs, const struct migration *migration, migrate_error **err)
{
    size_t at = find(needs, migration);
    (void)err;
    if (at != SIZE_MAX)
        needs->depends.items[at].branch = BRANCH_OURS;
    return MIGRATE_OK;
}

int32_t needs_theirs(struct needs *needs, const struct source *source, const struct migration *migration, migrate_error **err)
{
    if (!add_migration(needs, source, migration))
        return error_nomem(err);
    needs->depends.items[needs->depends.count - 1].branch = BRANCH_THEIRS;
    return MIGRATE_OK;
}

/* ---- findings ---- */

int32_t needs_findings(struct needs *needs, struct findings *findings, struct text *order, migrate_error **err)
{
    size_t *list = NULL, count = 0;
    bool all = false;
    int32_t code = needs_read_rest(needs, err);
    if (code == MIGRATE_OK)
        code = needs_find_order(needs, &list, &count, &all, err);
    if (code == MIGRATE_OK)
        code = depends_findings(&needs->depends, list, count, findings, err);
    for (size_t i = 0; code == MIGRATE_OK && all && list && order && i < count; i++)
        text_format(order, "%s%s", i ? " " : "", needs->depends.items[list[i]].id);
    memory_free(list);
    return code == MIGRATE_OK && order && order->failed ? error_nomem(err) : code;
}

bool needs_explained(const struct needs *needs, const char *id)
{
    size_t at = depends_find(&needs->depends, id);
    return at != SIZE_MAX && needs->depends.items[at].explained;
}

const struct depends *needs_depends(const struct needs *needs)
{
    return &needs->depends;
}
