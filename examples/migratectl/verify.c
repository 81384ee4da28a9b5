/* SPDX-License-Identifier: MIT
 * The verb verify: do the rollback texts lead back? */
#include "migratectl.h"

#include <string.h>

/* What each result means to a reader. */
static const struct result {
    const char *word, *says;
    enum color color;
} results[] = {
    {"exact", "exact", COLOR_GREEN},
    {"order", "exact, but columns stand in another order", COLOR_GREEN},
    {"data", "schema exact, data not", COLOR_YELLOW},
    {"differs", "not an inverse", COLOR_RED},
    {"fails", "does not run", COLOR_RED},
    {"refused", "no rollback can be generated", COLOR_YELLOW},
    {"up", "the migration itself does not run", COLOR_RED},
    {"untried", "not tried", COLOR_DIM},
};

static struct result result_of(const char *word)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (word && strcmp(results[i].word, word) == 0)
            return results[i];
    }
    return (struct result){word, word, COLOR_NONE};
}

/* file:line:column, as far as it is known. */
static const char *place_of(const migrate_rows *rows, size_t row)
{
    const char *file = rows_cell(rows, row, "file");
    int64_t line = rows_number(rows, row, "line"), column = rows_number(rows, row, "column");
    if (!file)
        return NULL;
    if (line > 0 && column > 0)
        return cli_format("%s:%lld:%lld", file, (long long)line, (long long)column);
    return line > 0 ? cli_format("%s:%lld", file, (long long)line) : file;
}

static void print_table(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"ID", "ROLLBACK", "RESULT"};
    struct table *table = table_new(headers, 3);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        struct result result = result_of(rows_cell(rows, i, "result"));
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "down"), COLOR_DIM);
        table_put(table, result.says, result.color);
    }
    table_print(table, cli->out, cli->color_out);
}

/* What there is to say of one, set in below its name. */
static void print_detail(const struct cli *cli, const migrate_rows *rows, size_t row)
{
    struct result result = result_of(rows_cell(rows, row, "result"));
    const char *detail = rows_cell(rows, row, "detail"), *place = place_of(rows, row);
    const char *text = detail ? table_clean_lines(detail) : "";
    if (!*text)
        return;
    fprintf(cli->out, "\n%s: %s%s%s\n", place ? table_clean(place) : table_clean(rows_cell(rows, row, "id")),
            output_paint(cli->color_out, result.color), result.says, output_paint(cli->color_out, COLOR_NONE));
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(cli->out, "    %.*s\n", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_rows(const struct cli *cli, const migrate_rows *rows)
{
    size_t count = migrate_rows_count(rows);
    long long bad = migrate_rows_value_int(rows, "bad"), untried = migrate_rows_value_int(rows, "untried");
    if (count > 0 && !cli->quiet)
        print_table(cli, rows);
    for (size_t i = 0; i < count; i++)
        print_detail(cli, rows, i);
    if (bad > 0)
        fprintf(cli->out, "\n%lld of %zu not good.\n", bad, count);
    else if (untried > 0)
        fprintf(cli->out, "\n%lld of %zu not tried.\n", untried, count);
    else if (!cli->quiet)
        fprintf(cli->out, count > 0 ? "\nAll good.\n" : "Nothing to verify.\n");
}

int command_verify(struct cli *cli)
{
    const char *target = cli->arguments.word_count > 0 ? cli->arguments.words[0] : NULL;
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_verify(cli->session, target, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli))
        output_document(cli, rows, NULL);
    else
        print_rows(cli, rows);
    migrate_rows_free(rows);
    return code == MIGRATE_DIFFERS ? EXIT_FINDINGS : EXIT_DONE;
}
