/* SPDX-License-Identifier: MIT
 * Findings of a check, as people read them, as JSON, and as the annotations of a forge's pipeline. */
#include "migratectl.h"

#include <string.h>

static int rank(const char *severity)
{
    return !severity || strcmp(severity, "info") == 0 ? 0 : strcmp(severity, "warning") == 0 ? 1 : 2;
}

static int fail_rank(const struct cli *cli)
{
    const char *word = cli->arguments.flags[FLAG_FAIL_ON];
    return word ? rank(word) : 2;
}

/* Notes are many and seldom wanted. */
static bool is_shown(const struct cli *cli, const migrate_rows *rows, size_t row)
{
    return cli->verbose || rank(rows_cell(rows, row, "severity")) > 0 || fail_rank(cli) == 0;
}

/* ---- for people ---- */

static const char *place_of(const migrate_rows *rows, size_t row)
{
    const char *file = rows_cell(rows, row, "file"), *id = rows_cell(rows, row, "id");
    long long line = rows_number(rows, row, "line"), column = rows_number(rows, row, "column");
    if (!file)
        return id ? id : "the migrations";
    return !line ? file : column ? cli_format("%s:%lld:%lld", file, line, column) : cli_format("%s:%lld", file, line);
}

static void show_one(const struct cli *cli, const migrate_rows *rows, size_t row)
{
    static const enum color colors[] = {COLOR_DIM, COLOR_YELLOW, COLOR_RED};
    const char *severity = rows_cell(rows, row, "severity"), *hint = rows_cell(rows, row, "hint");
    const char *end = output_paint(cli->color_out, COLOR_NONE);
    fprintf(cli->out, "%s: %s%s%s: %s %s[%s %s%s]%s\n", table_clean(place_of(rows, row)), output_paint(cli->color_out, colors[rank(severity)]),
            severity, end, table_clean(rows_cell(rows, row, "message")), output_paint(cli->color_out, COLOR_DIM),
            rows_cell(rows, row, "rule"), rows_cell(rows, row, "name"), rows_number(rows, row, "guess") ? ", a guess" : "", end);
    if (hint)
        fprintf(cli->out, "    %s\n", table_clean(hint));
}

static const char *counted(long long count, const char *word)
{
    return cli_format("%lld %s%s", count, word, count == 1 ? "" : "s");
}

/* The engine that the files are for: as --engine says, or as the URL does, which is not opened. */
static const char *engine_of(const struct cli *cli)
{
    const char *engine = cli->arguments.flags[FLAG_ENGINE], *url = migrate_options_get(cli->options, "url");
    if (engine || !url || !*url)
        return engine;
    return strncmp(url, "sqlite:", 7) == 0 || strncmp(url, "file:", 5) == 0 ? "sqlite" : "postgresql";
}

/* What nobody looked at is not to pass for good. */
static void show_untried(const struct cli *cli, const migrate_rows *rows)
{
    const char *reason = migrate_rows_value_text(rows, "reason");
    long long untried = 0;
    for (size_t i = 0; i < migrate_rows_count(rows); i++)
        untried += strcmp(rows_cell(rows, i, "rule"), "SR31") == 0 && !is_shown(cli, rows, i);
    if (untried)
        output_note(cli, "%s could not be tried: --verbose shows why.", counted(untried, "migration"));
    if (reason)
        output_note(cli, "Nothing was run: %s%s", table_clean(reason),
                    engine_of(cli) ? "" : cli_format(" (taken for files for %s: --engine may say otherwise)",
                                                     migrate_rows_value_text(rows, "engine")));
}

static void show_end(const struct cli *cli, const migrate_rows *rows)
{
    long long ignored = migrate_rows_value_int(rows, "ignored");
    const char *order = migrate_rows_value_text(rows, "order");
    if (order)
        fprintf(cli->out, "They apply in this order: %s\n", table_clean(order));
    if (cli->quiet)
        return;
    fprintf(cli->out, "%s, %s, %s%s%s.\n", counted(migrate_rows_value_int(rows, "errors"), "error"),
            counted(migrate_rows_value_int(rows, "warnings"), "warning"), counted(migrate_rows_value_int(rows, "infos"), "note"),
            migrate_rows_value_int(rows, "infos") && !cli->verbose && fail_rank(cli) > 0 ? " (--verbose shows them)" : "",
            ignored ? cli_format(", %lld ignored", ignored) : "");
    show_untried(cli, rows);
}

static void show_text(const struct cli *cli, const migrate_rows *rows)
{
    const char *last = NULL;
    bool any = false;
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *file = rows_cell(rows, i, "file");
        if (!is_shown(cli, rows, i))
            continue;
        if (any && (!file || !last || strcmp(file, last) != 0))
            putc('\n', cli->out);
        show_one(cli, rows, i);
        last = file;
        any = true;
    }
    if (any)
        putc('\n', cli->out);
    show_end(cli, rows);
}

/* ---- for a forge ---- */

/* What ends a value there is written as its number. */
static void put_escaped(FILE *out, const char *text, bool property)
{
    for (const char *at = text; *at; at++) {
        if (*at == '%' || *at == '\r' || *at == '\n' || (property && (*at == ':' || *at == ',')))
            fprintf(out, "%%%02X", (unsigned char)*at);
        else
            putc(*at, out);
    }
}

static void show_annotation(const struct cli *cli, const migrate_rows *rows, size_t row)
{
    static const char *const words[] = {"notice", "warning", "error"};
    const char *file = rows_cell(rows, row, "file"), *hint = rows_cell(rows, row, "hint");
    long long line = rows_number(rows, row, "line"), column = rows_number(rows, row, "column");
    fprintf(cli->out, "::%s ", words[rank(rows_cell(rows, row, "severity"))]);
    if (file) {
        fputs("file=", cli->out);
        put_escaped(cli->out, file, true);
        putc(',', cli->out);
    }
    if (file && line)
        fprintf(cli->out, "line=%lld,", line);
    if (file && line && column)
        fprintf(cli->out, "col=%lld,", column);
    fputs("title=", cli->out);
    put_escaped(cli->out, cli_format("%s %s", rows_cell(rows, row, "rule"), rows_cell(rows, row, "name")), true);
    fputs("::", cli->out);
    put_escaped(cli->out, rows_cell(rows, row, "message"), false);
    if (hint)
        put_escaped(cli->out, cli_format("\n%s", hint), false);
    putc('\n', cli->out);
}

/* ---- either ---- */

int findings_show(struct cli *cli, const migrate_rows *rows, const char **out_json)
{
    bool fails = false;
    events_end_line(cli);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        fails = fails || rank(rows_cell(rows, i, "severity")) >= fail_rank(cli);
        if (cli->format == FORMAT_GITHUB && is_shown(cli, rows, i))
            show_annotation(cli, rows, i);
    }
    if (output_is_json(cli) && out_json)
        *out_json = output_rows_json(rows);
    else if (!output_is_json(cli) && cli->format != FORMAT_GITHUB)
        show_text(cli, rows);
    return fails ? EXIT_FINDINGS : EXIT_DONE;
}

int findings_check(struct cli *cli, const char *depth, const char **out_json)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (migrate_check(cli->session, depth, &rows, &error) < 0)
        return output_error(cli, error);
    int result = findings_show(cli, rows, out_json);
    migrate_rows_free(rows);
    return result;
}

int findings_open_files(struct cli *cli)
{
    const char *dir = migrate_options_get(cli->options, "dir"), *engine = cli->arguments.flags[FLAG_ENGINE];
    migrate_error *error = NULL;
    if (engine && strcmp(engine, "sqlite") != 0 && strcmp(engine, "postgresql") != 0)
        return output_usage(cli, "--engine is sqlite or postgresql, not %s", engine);
    if (!dir || !*dir)
        return output_fail(cli, EXIT_FINDINGS, "source",
                           "there is no folder migrations here: name the migrations' folder with --dir");
    if (migrate_open_files(engine_of(cli), cli->options, &cli->session, &error) != MIGRATE_OK)
        return output_error(cli, error);
    return EXIT_DONE;
}
