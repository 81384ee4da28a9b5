/* SPDX-License-Identifier: MIT
 * The verb diff (drift): what was changed by hand, and check --drift, which asks the same. */
#include "migratectl.h"

#include <string.h>

/* SQL of several lines, each set in. */
static void print_sql(const struct cli *cli, const char *title, const char *sql)
{
    const char *color = output_paint(cli->color_out, COLOR_DIM), *plain = output_paint(cli->color_out, COLOR_NONE);
    const char *text = sql ? table_clean_lines(sql) : "";
    for (bool first = true; *text; first = false) {
        size_t length = strcspn(text, "\n");
        fprintf(cli->out, "    %s%-9s%s%.*s\n", color, first ? title : "", plain, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static enum color color_of(const char *difference)
{
    return strcmp(difference, "added") == 0 ? COLOR_GREEN : strcmp(difference, "removed") == 0 ? COLOR_RED : COLOR_YELLOW;
}

static void print_row(const struct cli *cli, const migrate_rows *rows, size_t row)
{
    const char *difference = rows_cell(rows, row, "difference"), *with = rows_cell(rows, row, "with");
    fprintf(cli->out, "%s%-8s%s%s %s\n", output_paint(cli->color_out, color_of(difference)), difference,
            output_paint(cli->color_out, COLOR_NONE), rows_cell(rows, row, "kind"), table_clean(rows_cell(rows, row, "ident")));
    if (with)
        print_sql(cli, "with", with);
    if (strcmp(difference, "added") != 0)
        print_sql(cli, "expected", rows_cell(rows, row, "expected"));
    if (strcmp(difference, "removed") != 0)
        print_sql(cli, "is", rows_cell(rows, row, "actual"));
    print_sql(cli, "restore", rows_cell(rows, row, "restore"));
    print_sql(cli, "adopt", rows_cell(rows, row, "adopt"));
    print_sql(cli, "note", rows_cell(rows, row, "note"));
}

static void print_rows(const struct cli *cli, const migrate_rows *rows)
{
    size_t count = migrate_rows_count(rows);
    for (size_t i = 0; i < count; i++)
        print_row(cli, rows, i);
    if (count > 0)
        fprintf(cli->out, "%zu difference%s.\n", count, count == 1 ? "" : "s");
    else if (!cli->quiet)
        fputs("The schema is as the migrations left it.\n", cli->out);
    if (migrate_rows_value_int(rows, "column_order"))
        output_note(cli, "Columns stand in another order, which no statement changes.");
}

int command_diff(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_diff(cli->session, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli))
        output_document(cli, rows, NULL);
    else if (cli->format == FORMAT_SQL)
        fputs(migrate_rows_value_text(rows, "restore") ? migrate_rows_value_text(rows, "restore") : "", cli->out);
    else
        print_rows(cli, rows);
    migrate_rows_free(rows);
    return code == MIGRATE_DIFFERS ? EXIT_FINDINGS : EXIT_DONE;
}

int diff_check(struct cli *cli, const char **out_json)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int32_t code = migrate_diff(cli->session, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli))
        *out_json = output_rows_json(rows);
    else
        print_rows(cli, rows);
    migrate_rows_free(rows);
    return code == MIGRATE_DIFFERS ? EXIT_FINDINGS : EXIT_DONE;
}
