/* SPDX-License-Identifier: MIT
 * up, down and goto with --dry-run=execute: the plan is run for real and rolled back. What each statement did is a line of a table. */
#include "migratectl.h"

#include <string.h>

/* "migrations/001_a.sql:3" */
static const char *place(const migrate_rows *rows, size_t row)
{
    const char *file = rows_cell(rows, row, "file");
    long long line = rows_number(rows, row, "line");
    return file && line ? cli_format("%s:%lld", file, line) : file;
}

static enum color lock_color(const char *lock)
{
    static const char *const strong[] = {"Share", "ShareRowExclusive", "Exclusive", "AccessExclusive"}; /* keep writers out */
    for (size_t i = 0; lock && i < sizeof strong / sizeof strong[0]; i++)
        if (strcmp(lock, strong[i]) == 0)
            return i == 3 ? COLOR_RED : COLOR_YELLOW;
    return COLOR_NONE;
}

static void show_table(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"ID", "#", "PLACE", "WHERE", "TOOK", "LOCKS", "REWRITTEN", "SCANNED", "ROWS"};
    struct table *table = table_new(headers, 9);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *where = rows_cell(rows, i, "where");
        bool run = where && strcmp(where, "not run") != 0;
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "statement"), COLOR_DIM);
        table_put(table, place(rows, i), COLOR_DIM);
        table_put(table, where && strcmp(where, "database") == 0 ? NULL : where, COLOR_YELLOW);
        table_put(table, run ? table_duration(rows_number(rows, i, "duration_us")) : NULL, COLOR_NONE);
        table_put(table, rows_cell(rows, i, "locked"), lock_color(rows_cell(rows, i, "lock")));
        table_put(table, rows_cell(rows, i, "rewritten"), COLOR_YELLOW);
        table_put(table, rows_cell(rows, i, "scanned"), COLOR_NONE);
        table_put(table, rows_number(rows, i, "rows") ? rows_cell(rows, i, "rows") : NULL, COLOR_NONE);
    }
    table_print(table, cli->out, cli->color_out);
}

/* Why something was not rehearsed in the database itself; each reason once. */
static void show_reasons(const struct cli *cli, const migrate_rows *rows)
{
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *reason = rows_cell(rows, i, "reason"), *id = rows_cell(rows, i, "id");
        const char *before = i > 0 ? rows_cell(rows, i - 1, "reason") : NULL;
        const char *other = i > 0 ? rows_cell(rows, i - 1, "id") : NULL;
        if (reason && !(before && other && id && strcmp(before, reason) == 0 && strcmp(other, id) == 0))
            fprintf(cli->out, "%s: %s.\n", table_clean(id ? id : ""), table_clean(reason));
    }
}

static void show_summary(const struct cli *cli, const migrate_rows *rows)
{
    long long count = migrate_rows_value_int(rows, "count"), skipped = migrate_rows_value_int(rows, "not_run");
    const char *left = migrate_rows_value_text(rows, "left"), *differs = migrate_rows_value_text(rows, "differs");
    if (count + skipped == 0) {
        fputs("Nothing to do.\n", cli->out);
        return;
    }
    fprintf(cli->out, "%lld statement%s in %s", count, count == 1 ? "" : "s", table_duration(migrate_rows_value_int(rows, "duration_us")));
    if (skipped)
        fprintf(cli->out, "; %lld migration%s not rehearsed", skipped, skipped == 1 ? " was" : "s were");
    fputs(".\n", cli->out);
    if (left)
        fprintf(cli->out, "A rollback does not bring back: %s.\n", table_clean(left));
    if (migrate_rows_value_int(rows, "identical"))
        output_note(cli, "Rolled back; schema and rows are what they were (--dry-run=execute).");
    else
        fprintf(cli->out, "%sThe database is not what it was%s%s.%s\n", output_paint(cli->color_out, COLOR_RED), differs ? ": " : "",
                differs ? table_clean(differs) : "", output_paint(cli->color_out, COLOR_NONE));
}

int rehearse_plan(struct cli *cli, const migrate_plan *plan)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (migrate_rehearse(cli->session, plan, &rows, &error) < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli)) {
        output_document(cli, rows, "\"dry_run\":true");
    } else {
        show_table(cli, rows);
        show_reasons(cli, rows);
        show_summary(cli, rows);
    }
    int result = migrate_rows_value_int(rows, "identical") ? EXIT_DONE : EXIT_FINDINGS;
    if (result == EXIT_DONE && cli->arguments.flags[FLAG_EXIT_CODE] && migrate_rows_count(rows))
        result = EXIT_PENDING;
    migrate_rows_free(rows);
    return result;
}
