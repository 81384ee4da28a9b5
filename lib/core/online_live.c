/* SPDX-License-Identifier: MIT
 * Online safety: the live database: how many rows its tables have, and, where it is small enough to be copied, whether the migrations run
 * on them. It is only read. */
#include "core/online_parts.h"

#include "core/verify.h"
#include "util/array.h"

#include <string.h>

enum { ROWS_MOST = 100001 };

static struct online_live *find(struct online *online, const char *table)
{
    for (size_t i = 0; i < online->tables_live.count; i++) {
        if (strcmp(online->tables_live.items[i].name, table) == 0)
            return &online->tables_live.items[i];
    }
    return NULL;
}

static int32_t add(struct online *online, const char *table, struct online_live **out, migrate_error **err)
{
    *out = find(online, table);
    if (*out)
        return MIGRATE_OK;
    const char *name = arena_text(&online->arena, table);
    if (!name || !array_reserve(&online->tables_live))
        return error_nomem(err);
    *out = &online->tables_live.items[online->tables_live.count++];
    **out = (struct online_live){.name = name};
    return MIGRATE_OK;
}

/* A pending migration renamed it: the live one still has its old name. */
int32_t online_called(struct online *online, const char *from, const char *to, migrate_error **err)
{
    struct online_live *live = NULL;
    if (!online->live)
        return MIGRATE_OK;
    int32_t code = add(online, to, &live, err);
    if (code == MIGRATE_OK && !live->from) {
        live->from = arena_text(&online->arena, from);
        live->known = false;
        if (!live->from)
            code = error_nomem(err);
    }
    return code;
}

int32_t online_rows(struct online *online, const char *table, int64_t *out, migrate_error **err)
{
    struct database *db = online->session->db;
    struct online_live *live = NULL;
    *out = -1;
    if (!online->live || !db || !db->engine->online)
        return MIGRATE_OK;
    int32_t code = add(online, table, &live, err);
    if (code == MIGRATE_OK && !live->known) {
        code = db->engine->online->rows_of(db, table, ROWS_MOST, &live->rows, err);
        if (code == MIGRATE_OK && live->rows == 0 && live->from)
            code = db->engine->online->rows_of(db, live->from, ROWS_MOST, &live->rows, err);
        live->known = code == MIGRATE_OK;
    }
    if (code == MIGRATE_OK)
        *out = live->rows;
    return code;
}

/* ---- with the rows that are there ---- */

static int32_t open_copy(struct online *online, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct database *db = online->session->db;
    if (!db->engine->scratch_copy || db->class->transaction(db) != DATABASE_IDLE) {
        online->copy_over = true;
        return MIGRATE_OK;
    }
    int32_t code = scratch_open(online->session, &online->copy, &problem);
    if (code == MIGRATE_OK)
        code = db->engine->scratch_copy(db, online->copy->db, &problem);
    if (code == MIGRATE_ERROR_SHADOW || code == MIGRATE_ERROR_SQL) { /* too large, or not to be had: then nothing is said of it */
        online->copy_over = true;
        code = MIGRATE_OK;
        error_clear(&problem);
    }
    error_move(err, &problem);
    return code;
}

int32_t online_try_live(struct online *online, const struct migration *migration, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = MIGRATE_OK;
    if (!online->live || online->copy_over || !online->session->db)
        return MIGRATE_OK;
    if (!online->copy)
        code = open_copy(online, err);
    if (code != MIGRATE_OK || online->copy_over)
        return code;
    if (migration->kind == MIGRATION_REPEATABLE)
        code = scratch_repeat(online->copy, migration, &problem);
    else
        code = scratch_apply(online->copy, &migration, 1, &problem);
    if (code != MIGRATE_OK && !walk_is_fatal(code) && problem) {
        online->copy_over = true;
        online->m.failure = arena_text(&online->own, problem->message);
        online->m.failed_at = (struct online_spot){problem->line, problem->column};
        code = online->m.failure || !problem->message ? MIGRATE_OK : MIGRATE_ERROR_NOMEM;
        error_clear(&problem);
        if (code != MIGRATE_OK)
            return error_nomem(err);
    } else if (code == MIGRATE_ERROR_SHADOW) {
        online->copy_over = true;
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

/* Indexes that an earlier CREATE INDEX CONCURRENTLY left half done. */
int32_t online_say_live(struct online *online, migrate_error **err)
{
    struct database *db = online->session->db;
    struct migrate_rows *rows = NULL;
    if (!online->live || !db || !db->engine->online || db->engine->online->each || db->class->transaction(db) != DATABASE_IDLE)
        return MIGRATE_OK;
    int32_t code = db->engine->online->flaws(db, &rows, err);
    for (size_t row = 0; code == MIGRATE_OK && row < rows_count(rows); row++) {
        struct text message = {0}, hint = {0};
        if (!text_equal(rows_text(rows, row, 0), "invalid"))
            continue;
        text_format(&message, "index %s of %s is invalid in the database: building it did not come to its end, or is still going on. Nothing reads it, and every write keeps it",
                    rows_text(rows, row, 3), rows_text(rows, row, 2));
        text_format(&hint, "DROP INDEX CONCURRENTLY %s, mend what is in its way, and build it anew", rows_text(rows, row, 3));
        struct finding finding = {.rule = "PG37", .severity = "warning", .message = message.data, .hint = hint.data};
        code = message.failed || hint.failed ? error_nomem(err) : findings_add(online->findings, &finding, err);
        text_free(&message);
        text_free(&hint);
    }
    rows_free(rows);
    return code;
}
