/* SPDX-License-Identifier: MIT
 * What a migration's file expects: numbers of rows, and queries that are true. */
#include "core/guards.h"

#include "sql/sql.h"
#include "util/memory.h"

#include <string.h>

static int32_t fail(struct migrate_run *run, const struct expectation *expectation, const char *message, migrate_error **err)
{
    struct guards *guards = run->guards;
    struct text shown = {0};
    text_add(&shown, expectation->text);
    if (shown.data && !shown.failed)
        sql_hide_secrets(run->session->db->engine->dialect, shown.data, shown.length);
    int32_t code = error_set(err, MIGRATE_ERROR_REFUSED, "%s: \"%s\" does not hold: %s", guards->step->id, shown.data ? shown.data : "", message);
    error_hint(err, "the file declares it; %s",
               guards->apart ? "it is not one transaction: what was done before is not taken back" : "the migration was rolled back");
    error_place(err, guards->section->file, expectation->line, expectation->column);
    text_free(&shown);
    run->guard_failed = true;
    return code;
}

static bool holds(const char *compare, int64_t left, int64_t right)
{
    if (compare[1] == '=')
        return compare[0] == '>' ? left >= right : compare[0] == '<' ? left <= right : compare[0] == '=' ? left == right : left != right;
    return compare[0] == '>' ? left > right : left < right;
}

static int32_t check_rows(struct migrate_run *run, const struct expectation *expectation, migrate_error **err)
{
    struct guards *guards = run->guards;
    const char *key = guard_key(&guards->arena, run->session->db->engine->dialect, expectation->table, strlen(expectation->table));
    const struct guarded *item = key ? guards_table(guards, key) : NULL;
    struct text message = {0};
    if (!item)
        return error_nomem(err);
    int64_t wanted = expectation->before ? item->before + expectation->number : expectation->number;
    if (!item->gone && holds(expectation->compare, item->now, wanted))
        return MIGRATE_OK;
    if (item->gone)
        text_format(&message, "there is no table %s behind it", item->told);
    else
        text_format(&message, "%s has %lld row%s behind it and had %lld before", item->told, (long long)item->now, item->now == 1 ? "" : "s",
                    (long long)item->before);
    int32_t code = message.failed ? error_nomem(err) : fail(run, expectation, message.data, err);
    text_free(&message);
    return code;
}

static bool is_true(const char *text)
{
    return text && strcmp(text, "f") != 0 && strcmp(text, "false") != 0 && strcmp(text, "0") != 0 && strcmp(text, "") != 0;
}

static int32_t check_query(struct migrate_run *run, const struct expectation *expectation, migrate_error **err)
{
    struct guards *guards = run->guards;
    struct text sql = {0}, message = {0};
    struct migrate_rows *rows = NULL;
    const char *when = expectation->kind == EXPECT_TRUE ? "behind" : "ahead of";
    text_add(&sql, expectation->text);
    int32_t code = database_query(run->session->db, &sql, &rows, err);
    text_free(&sql);
    if (code != MIGRATE_OK) {
        error_place(err, guards->section->file, expectation->line, expectation->column);
        return code;
    }
    if (rows_count(rows) != 1 || migrate_rows_columns(rows) != 1)
        text_format(&message, "it gives %zu row%s of %zu column%s %s the migration", rows_count(rows), rows_count(rows) == 1 ? "" : "s",
                    migrate_rows_columns(rows), migrate_rows_columns(rows) == 1 ? "" : "s", when);
    else if (!is_true(rows_text(rows, 0, 0)))
        text_format(&message, "it gives %s %s the migration", rows_text(rows, 0, 0) ? rows_text(rows, 0, 0) : "null", when);
    if (message.length || message.failed)
        code = message.failed ? error_nomem(err) : fail(run, expectation, message.data, err);
    text_free(&message);
    rows_free(rows);
    return code;
}

int32_t expect_ahead(struct migrate_run *run, migrate_error **err)
{
    const struct section *section = run->guards->section;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; section && i < section->expectations_count && code == MIGRATE_OK; i++) {
        if (section->expectations[i].kind == EXPECT_TRUE_BEFORE)
            code = check_query(run, &section->expectations[i], err);
    }
    return code;
}

int32_t expect_behind(struct migrate_run *run, migrate_error **err)
{
    const struct section *section = run->guards->section;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; section && i < section->expectations_count && code == MIGRATE_OK; i++) {
        const struct expectation *expectation = &section->expectations[i];
        if (expectation->kind == EXPECT_ROWS)
            code = check_rows(run, expectation, err);
        else if (expectation->kind == EXPECT_TRUE)
            code = check_query(run, expectation, err);
    }
    return code;
}
