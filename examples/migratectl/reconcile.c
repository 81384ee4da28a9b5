/* SPDX-License-Identifier: MIT
 * The verb reconcile: what is missing of a declared schema, listed, or added with --apply. */
#include "migratectl.h"

#include <string.h>

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

static void show(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"DONE", "KIND", "NAME", "REASON"};
    struct table *table = table_new(headers, 4);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *done = rows_cell(rows, i, "done");
        table_put(table, done, is(done, "added") ? COLOR_GREEN : COLOR_YELLOW);
        table_put(table, rows_cell(rows, i, "kind"), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "ident"), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "reason"), COLOR_NONE);
    }
    table_print(table, cli->out, cli->color_out);
}

/* "2 added, 1 left; nothing is missing." */
static void summary(const struct cli *cli, const migrate_rows *rows)
{
    long long added = 0, missing = migrate_rows_value_int(rows, "missing"), left = migrate_rows_value_int(rows, "left");
    for (size_t i = 0; i < migrate_rows_count(rows); i++)
        added += is(rows_cell(rows, i, "done"), "added");
    if (added)
        fprintf(cli->out, "%lld added. ", added);
    if (left)
        fprintf(cli->out, "%lld not as declared, and left. ", left);
    fputs(missing ? cli_format("%lld missing.\n", missing) : "Nothing is missing.\n", cli->out);
    if (missing > 0 && !cli->arguments.flags[FLAG_APPLY])
        output_next(cli, "reconcile --to %s --apply", cli->arguments.flags[FLAG_TO] ? cli->arguments.flags[FLAG_TO] : "FILE");
}

static void show_sql(const struct cli *cli, const migrate_rows *rows)
{
    for (size_t i = 0; i < migrate_rows_count(rows); i++)
        if (rows_cell(rows, i, "sql"))
            fprintf(cli->out, "%s;\n", rows_cell(rows, i, "sql"));
}

int command_reconcile(struct cli *cli)
{
    const char *file = cli->arguments.flags[FLAG_TO], *declared = migrate_options_get(cli->options, "declared"), *sql = NULL;
    const char *mode = cli->arguments.flags[FLAG_APPLY] ? "apply" : "report";
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (!file && !(declared && *declared))
        return output_usage(cli, "reconcile needs --to FILE, the SQL of the schema that is wanted");
    int result = file ? generate_declare(cli, file, &sql) : EXIT_DONE;
    if (result == EXIT_DONE && sql && migrate_options_set_declared(cli->options, sql, NULL, NULL, &error) != MIGRATE_OK)
        result = output_error(cli, error);
    if (result == EXIT_DONE)
        result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_reconcile(cli->session, mode, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli)) {
        output_document(cli, rows, NULL);
    } else if (cli->format == FORMAT_SQL) {
        show_sql(cli, rows);
    } else {
        if (migrate_rows_count(rows) > 0)
            show(cli, rows);
        summary(cli, rows);
    }
    migrate_rows_free(rows);
    return code == MIGRATE_DIFFERS ? EXIT_PENDING : EXIT_DONE;
}
