/* SPDX-License-Identifier: MIT
 * The verbs backup and restore. */
#include "migratectl.h"

#include <string.h>

static char *size_text(int64_t bytes)
{
    if (bytes < 10000)
        return cli_format("%lld B", (long long)bytes);
    return bytes < 10000000 ? cli_format("%lld kB", (long long)(bytes / 1000)) : cli_format("%lld MB", (long long)(bytes / 1000000));
}

static void print_list(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"MADE", "SIZE", "BEFORE", "VERIFIED", "FILE"};
    struct table *table = table_new(headers, 5);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        bool verified = rows_number(rows, i, "verified") != 0;
        table_put(table, table_instant(rows_number(rows, i, "at")), COLOR_DIM);
        table_put(table, size_text(rows_number(rows, i, "bytes")), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, !verified ? "no" : rows_cell(rows, i, "tables") ? "some tables" : "yes", verified ? COLOR_GREEN : COLOR_YELLOW);
        table_put(table, rows_cell(rows, i, "file"), COLOR_NONE);
    }
    table_print(table, cli->out, cli->color_out);
}

static int list(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (migrate_backups(cli->session, &rows, &error) < 0)
        return output_error(cli, error);
    if (output_is_json(cli))
        output_document(cli, rows, NULL);
    else if (migrate_rows_count(rows) == 0)
        output_note(cli, "There are no backups of this database.");
    else
        print_list(cli, rows);
    migrate_rows_free(rows);
    return EXIT_DONE;
}

int command_backup(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE || cli->arguments.flags[FLAG_LIST])
        return result == EXIT_DONE ? list(cli) : result;
    if (migrate_backup(cli->session, &rows, &error) < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli))
        output_document(cli, rows, NULL);
    else if (rows_cell(rows, 0, "file"))
        fprintf(cli->out, "%s\n", table_clean(rows_cell(rows, 0, "file")));
    migrate_rows_free(rows);
    return EXIT_DONE;
}

int command_restore(struct cli *cli)
{
    const char *file = cli->arguments.word_count ? cli->arguments.words[0] : NULL;
    bool latest = cli->arguments.flags[FLAG_LATEST] != NULL;
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    if (!file == !latest)
        return output_usage(cli, "restore needs a file, or --latest");
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_restore(cli->session, file, &report, &error);
    if (code < 0)
        return output_error(cli, error);
    result = run_report(cli, code, report);
    migrate_rows_free(report);
    return result;
}
