/* SPDX-License-Identifier: MIT
 * `migratectl graph` and `heads`: who needs whom. */
#include "migratectl.h"

#include <string.h>

static bool has_url(const struct cli *cli)
{
    const char *url = migrate_options_get(cli->options, "url");
    return url && *url;
}

/* The database says what is applied; without one the files alone are drawn. */
static int graph_open(struct cli *cli)
{
    return cli->arguments.flags[FLAG_FILES] || !has_url(cli) ? findings_open_files(cli) : run_open(cli);
}

static int graph_ask(struct cli *cli, const char *of, migrate_rows **rows)
{
    migrate_error *error = NULL;
    int result = graph_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_graph(cli->session, of, cli->arguments.flags[FLAG_AT], rows, &error) != MIGRATE_OK)
        return output_error(cli, error);
    events_end_line(cli);
    return EXIT_DONE;
}

/* ---- graph ---- */

static void show_graph(struct cli *cli, const migrate_rows *rows)
{
    const char *merge = migrate_rows_value_text(rows, "merge"), *by = migrate_rows_value_text(rows, "by");
    if (cli->format == FORMAT_DOT || cli->format == FORMAT_MERMAID) {
        fputs(migrate_rows_value_text(rows, cli->format == FORMAT_DOT ? "dot" : "mermaid"), cli->out);
        return;
    }
    fputs(table_clean_lines(migrate_rows_value_text(rows, "text")), cli->out);
    if (by && strcmp(by, "words") == 0)
        output_note(cli, "Guessed from the words: there was no scratch database, or not all runs in one (migratectl check tells).");
    if (merge)
        output_note(cli, "There are %lld heads; a new migration with the line \"%s\" joins them.",
                    (long long)migrate_rows_value_int(rows, "heads"), merge);
}

int command_graph(struct cli *cli)
{
    bool tables = cli->arguments.flags[FLAG_TABLES] != NULL;
    migrate_rows *rows = NULL;
    if (cli->arguments.flags[FLAG_AT] && !tables)
        return output_usage(cli, "--at belongs to --tables");
    int result = graph_ask(cli, tables ? "tables" : "migrations", &rows);
    if (result != EXIT_DONE)
        return result;
    if (output_is_json(cli))
        output_document(cli, rows, NULL);
    else
        show_graph(cli, rows);
    migrate_rows_free(rows);
    return EXIT_DONE;
}

/* ---- heads ---- */

int command_heads(struct cli *cli)
{
    migrate_rows *rows = NULL;
    int result = graph_ask(cli, "declared", &rows);
    if (result != EXIT_DONE)
        return result;
    const char *merge = migrate_rows_value_text(rows, "merge");
    if (output_is_json(cli)) {
        output_document(cli, rows, NULL);
    } else if (!merge) {
        output_note(cli, "The migrations are one line.");
    } else {
        for (size_t i = 0; i < migrate_rows_count(rows); i++)
            if (rows_number(rows, i, "head"))
                fprintf(cli->out, "%s\n", table_clean(rows_cell(rows, i, "from")));
        output_note(cli, "They are not one line: a new migration with the line \"%s\" joins them.", merge);
    }
    migrate_rows_free(rows);
    return merge ? EXIT_FINDINGS : EXIT_DONE;
}
