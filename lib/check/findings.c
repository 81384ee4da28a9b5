/* SPDX-License-Identifier: MIT
 * Findings: gathered, put in order, and as rows. */
#include "check/findings.h"

#include "util/array.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

int32_t findings_add(struct findings *findings, const struct finding *finding, migrate_error **err)
{
    struct arena *arena = &findings->arena;
    struct finding copy = *finding;

    copy.id = arena_text(arena, finding->id);
    copy.file = arena_text(arena, finding->file);
    copy.message = arena_text(arena, finding->message);
    copy.hint = arena_text(arena, finding->hint);
    copy.other = arena_text(arena, finding->other);
    if (arena->failed || !array_reserve(findings))
        return error_nomem(err);
    findings->items[findings->count++] = copy;
    return MIGRATE_OK;
}

int32_t findings_tell(struct findings *findings, const struct finding *finding, migrate_error **err, const char *format, ...)
{
    const struct rule *rule = rule_find(finding->rule);
    struct finding told = *finding;
    struct text message = {0};
    va_list arguments;
    int32_t code;

    if (rule == NULL)
        return error_set(err, MIGRATE_ERROR_INTERNAL, "there is no rule %s", finding->rule);
    va_start(arguments, format);
    text_vformat(&message, format, arguments);
    va_end(arguments);
    told.rule = rule->id;
    told.severity = finding->severity != NULL ? finding->severity : rule->severity;
    told.message = message.data;
    code = message.failed ? error_nomem(err) : findings_add(findings, &told, err);
    text_free(&message);
    return code;
}

int32_t findings_add_error(struct findings *findings, const migrate_error *problem, const char *severity, migrate_error **err)
{
    struct finding finding = {.rule = problem->about != NULL ? problem->about : "unreadable",
                              .severity = severity,
                              .id = problem->id,
                              .file = problem->file,
                              .line = problem->line,
                              .column = problem->column,
                              .hint = problem->hint};

    return findings_tell(findings, &finding, err, "%s", problem->message);
}

static int by_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int by_number(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    int order = by_text(x->file, y->file);

    if (order == 0)
        order = by_number(x->line, y->line);
    if (order == 0)
        order = by_number(x->column, y->column);
    if (order == 0)
        order = by_text(x->rule, y->rule);
    return order != 0 ? order : by_text(x->message, y->message);
}

void findings_sort(struct findings *findings)
{
    if (findings->count > 1)
        qsort(findings->items, findings->count, sizeof *findings->items, by_place);
}

static int64_t count_of(const struct findings *findings, const char *severity)
{
    int64_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += text_equal(findings->items[i].severity, severity);
    return count;
}

bool findings_have_errors(const struct findings *findings)
{
    return count_of(findings, "error") > 0;
}

void findings_free(struct findings *findings)
{
    memory_free(findings->items);
    arena_free(&findings->arena);
    *findings = (struct findings){0};
}

struct migrate_rows *findings_rows(const struct findings *findings)
{
    static const char *const columns[] = {"rule", "severity", "id", "file", "line", "column", "message", "hint", "name", "other", "guess"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);

    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        const struct rule *rule = rule_find(finding->rule);

        rows_put_text(rows, finding->rule);
        rows_put_text(rows, finding->severity);
        rows_put_text(rows, finding->id);
        rows_put_text(rows, finding->file);
        rows_put_int(rows, finding->line);
        rows_put_int(rows, finding->column);
        rows_put_text(rows, finding->message);
        rows_put_text(rows, finding->hint);
        rows_put_text(rows, rule != NULL ? rule->name : finding->rule);
        rows_put_text(rows, finding->other);
        rows_put_bool(rows, finding->guess);
    }
    rows_value_int(rows, "count", (int64_t)findings->count);
    rows_value_int(rows, "errors", count_of(findings, "error"));
    rows_value_int(rows, "warnings", count_of(findings, "warning"));
    rows_value_int(rows, "infos", count_of(findings, "info"));
    return rows;
}
