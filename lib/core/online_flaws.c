/* SPDX-License-Identifier: MIT
 * Online safety: what is wrong with the schema that a migration leaves, and was not before: flaws that the engine lists, and functions that
 * do not work any more, which shows when they are made once more. */
#include "core/online_parts.h"

#include "core/verify.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

/* ---- what the engine lists ---- */

static bool same_row(const struct migrate_rows *rows, size_t row, const char *what, const char *key, const char *table, const char *name)
{
    return text_equal(rows_text(rows, row, 0), what) && text_equal(rows_text(rows, row, 1), key) && text_equal(rows_text(rows, row, 2), table) &&
           text_equal(rows_text(rows, row, 3), name);
}

static bool is_known(const struct online *online, const struct migrate_rows *rows, size_t row)
{
    for (size_t i = 0; i < rows_count(online->known); i++) {
        if (same_row(online->known, i, rows_text(rows, row, 0), rows_text(rows, row, 1), rows_text(rows, row, 2), rows_text(rows, row, 3)))
            return true;
    }
    return false;
}

static bool has_flaw(const struct migrate_rows *rows, const struct online_flaw *flaw)
{
    for (size_t i = 0; i < rows_count(rows); i++) {
        if (same_row(rows, i, flaw->what, flaw->key, flaw->table, flaw->name))
            return true;
    }
    return false;
}

static int32_t add_flaw(struct online *online, const struct migrate_rows *rows, size_t row, const struct rehearsed *at, migrate_error **err)
{
    struct arena *own = &online->own;
    for (size_t i = 0; i < online->m.flaws.count; i++) {
        const struct online_flaw *flaw = &online->m.flaws.items[i];
        if (same_row(rows, row, flaw->what, flaw->key, flaw->table, flaw->name))
            return MIGRATE_OK;
    }
    const char *table = rows_text(rows, row, 2);
    const struct online_table *old = table ? online_table_called(online, table) : NULL;
    if (!array_reserve(&online->m.flaws))
        return error_nomem(err);
    struct online_flaw *flaw = &online->m.flaws.items[online->m.flaws.count++];
    *flaw = (struct online_flaw){.what = arena_text(own, rows_text(rows, row, 0)), .key = arena_text(own, rows_text(rows, row, 1)),
                                 .table = arena_text(own, table), .name = arena_text(own, rows_text(rows, row, 3)),
                                 .value = arena_text(own, rows_text(rows, row, 4)), .line = at ? at->line : 0, .column = at ? at->column : 0,
                                 .rows = -1, .old = old && !old->gone};
    if (own->failed)
        return error_nomem(err);
    return flaw->old ? online_rows(online, old->name, &flaw->rows, err) : MIGRATE_OK;
}

/* What came stays where it was first seen; what is gone again does not count. */
static int32_t take_flaws(struct online *online, const struct migrate_rows *rows, const struct rehearsed *at, migrate_error **err)
{
    size_t kept = 0;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < online->m.flaws.count; i++) {
        if (has_flaw(rows, &online->m.flaws.items[i]))
            online->m.flaws.items[kept++] = online->m.flaws.items[i];
    }
    online->m.flaws.count = kept;
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        if (!is_known(online, rows, row))
            code = add_flaw(online, rows, row, at, err);
    }
    return code;
}

static int32_t ask(struct online *online, struct migrate_rows **out, migrate_error **err)
{
    struct database *db = online->scratch->db;
    return db->engine->online->flaws(db, out, err);
}

int32_t online_flaws_behind(struct online *online, const struct observed *now, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    if (!now->scratch->db->engine->online->each)
        return MIGRATE_OK;
    int32_t code = ask(online, &rows, err);
    if (code == MIGRATE_OK)
        code = take_flaws(online, rows, now->at, err);
    rows_free(rows);
    return code;
}

/* ---- functions ---- */

static bool is_function(const struct fact *fact)
{
    return fact->make && (strcmp(fact->kind, "function") == 0 || strcmp(fact->kind, "procedure") == 0);
}

static bool is_placed(const struct online *online, const struct fact *fact)
{
    for (size_t i = 0; i < online->m.placed.count; i++) {
        const struct online_placed *placed = &online->m.placed.items[i];
        if (!placed->gone && placed->did != ONLINE_REMOVED && strcmp(placed->key, fact->key) == 0)
            return true;
    }
    return false;
}

/* Of the languages, only SQL's bodies are looked into; of others the words are, when they are made. */
static bool may_break(const struct online *online, const struct fact *fact)
{
    return is_function(fact) && (strstr(fact->make, "\n LANGUAGE sql\n") || is_placed(online, fact));
}

static bool known_broken(const struct online *online, const char *ident)
{
    for (size_t i = 0; i < online->broken.count; i++) {
        if (strcmp(online->broken.items[i], ident) == 0)
            return true;
    }
    return false;
}

/* Whom it refers to and who has gone, or has another name; or where it was made. */
static const struct online_placed *cause(const struct online *online, const struct fact *fact)
{
    const struct online_placed *found = NULL;
    for (size_t i = 0; i < online->m.placed.count; i++) {
        const struct online_placed *placed = &online->m.placed.items[i];
        const char *name = placed->did == ONLINE_RENAMED ? placed->was : placed->ident;
        size_t length = strcspn(online_plain(name), "(");
        if (!placed->gone && placed->did != ONLINE_REMOVED && strcmp(placed->key, fact->key) == 0)
            return placed;
        if (placed->did == ONLINE_ADDED || length == 0)
            continue;
        for (const char *at = fact->make; *at && found != placed; at++) {
            if (strncmp(at, online_plain(name), length) == 0)
                found = placed;
        }
    }
    return found;
}

/* Takes the problem. */
static int32_t add_broken(struct online *online, const struct fact *fact, bool tell, migrate_error **problem, migrate_error **err)
{
    const struct online_placed *placed = tell ? cause(online, fact) : NULL;
    const char *ident = arena_text(&online->arena, fact->ident);
    int32_t code = !ident || !array_reserve(&online->broken) ? error_nomem(err) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        online->broken.items[online->broken.count++] = ident;
    if (code == MIGRATE_OK && tell && !array_reserve(&online->m.flaws))
        code = error_nomem(err);
    if (code == MIGRATE_OK && tell) {
        online->m.flaws.items[online->m.flaws.count++] = (struct online_flaw){
            .what = "function", .key = "", .table = "", .name = arena_text(&online->own, fact->ident),
            .value = arena_text(&online->own, *problem && (*problem)->message ? (*problem)->message : "it cannot be made"),
            .line = placed ? placed->line : 0, .column = placed ? placed->column : 0};
        code = online->own.failed ? error_nomem(err) : MIGRATE_OK;
    }
    error_clear(problem);
    return code;
}

static int32_t try_function(struct online *online, const struct fact *fact, bool tell, migrate_error **err)
{
    struct database *db = online->scratch->db;
    struct text sql = {0};
    migrate_error *problem = NULL;
    text_format(&sql, "SAVEPOINT libmigrate_function; %s; ROLLBACK TO SAVEPOINT libmigrate_function", fact->make);
    int32_t code = database_exec_text(db, &sql, NULL, &problem);
    text_free(&sql);
    if (code == MIGRATE_OK || (code != MIGRATE_ERROR_SQL && code != MIGRATE_ERROR_RIGHTS)) {
        error_move(err, &problem);
        return code;
    }
    code = database_clean_up(db, "ROLLBACK TO SAVEPOINT libmigrate_function", err);
    if (code == MIGRATE_OK && !known_broken(online, fact->ident))
        code = add_broken(online, fact, tell, &problem, err);
    error_clear(&problem);
    return code;
}

/* All of them in one transaction, which is rolled back. */
static int32_t try_functions(struct online *online, const struct facts *facts, bool tell, migrate_error **err)
{
    struct database *db = online->scratch->db;
    int32_t code = MIGRATE_OK;
    bool open = false;
    for (size_t i = 0; code == MIGRATE_OK && i < facts->count; i++) {
        if (!may_break(online, &facts->items[i]))
            continue;
        if (!open)
            code = database_exec(db, "BEGIN; SET LOCAL check_function_bodies = on", err);
        open = true;
        if (code == MIGRATE_OK)
            code = try_function(online, &facts->items[i], tell, err);
    }
    if (!open)
        return code;
    int32_t left = database_clean_up(db, "ROLLBACK", code == MIGRATE_OK ? err : NULL);
    return code == MIGRATE_OK ? left : code;
}

/* Nothing can break where nothing went or changed. */
static bool may_have_broken(const struct online *online)
{
    for (size_t i = 0; i < online->m.placed.count; i++) {
        const struct online_placed *placed = &online->m.placed.items[i];
        if (placed->did != ONLINE_ADDED || strcmp(placed->kind, "function") == 0 || strcmp(placed->kind, "procedure") == 0)
            return true;
    }
    return false;
}

/* ---- the migration ---- */

int32_t online_flaws_begin(struct online *online, const struct observed *now, migrate_error **err)
{
    int32_t code = online->known ? MIGRATE_OK : ask(online, &online->known, err);
    if (code == MIGRATE_OK && !online->broken_known && !now->scratch->db->engine->online->each)
        code = try_functions(online, now->before, false, err);
    online->broken_known = true;
    return code;
}

int32_t online_flaws_end(struct online *online, const struct observed *now, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    if (now->problem && now->scratch->db->engine->online->each) /* it is as it was before; what was seen on the way is why */
        return MIGRATE_OK;
    struct rehearsed failed = {0};
    if (now->problem) { /* what a statement outside of transactions left half done */
        failed.line = now->problem->line;
        failed.column = now->problem->column;
    }
    int32_t code = ask(online, &rows, err);
    if (code == MIGRATE_OK)
        code = take_flaws(online, rows, &failed, err);
    if (code == MIGRATE_OK && !now->scratch->db->engine->online->each && may_have_broken(online))
        code = try_functions(online, now->after, true, err);
    if (code == MIGRATE_OK) {
        rows_free(online->known);
        online->known = rows;
    } else {
        rows_free(rows);
    }
    return code;
}
