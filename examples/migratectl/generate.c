/* SPDX-License-Identifier: MIT
 * The verb generate: writes the migration that leads to another schema, or the rollback text of one that has none. */
#include "migratectl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A reason as one line of a comment. */
static const char *one_line(const char *text)
{
    char *line = cli_copy(text ? text : "");
    for (char *at = line; *at; at++)
        if (*at == '\n' || *at == '\r')
            *at = ' ';
    return line;
}

static const char *add(const char *text, const char *more)
{
    return cli_format("%s%s", text, more);
}

int generate_declare(struct cli *cli, const char *file, const char **out_sql)
{
    migrate_error *error = NULL;
    *out_sql = NULL;
    if (strcmp(file, "-") != 0)
        return migrate_options_set(cli->options, "declared", file, &error) == MIGRATE_OK ? EXIT_DONE : output_error(cli, error);
    *out_sql = cli_read_file(file, NULL);
    return *out_sql ? EXIT_DONE : output_fail(cli, EXIT_IO, "io", "stdin cannot be read: %s", strerror(errno));
}

/* ---- the texts of the files ---- */

/* Where the schema that is wanted comes from; never a URL, which may hold a password. */
static const char *wanted_name(const struct cli *cli)
{
    const char *file = cli->arguments.flags[FLAG_TO];
    return !file ? "another database" : strcmp(file, "-") == 0 ? "the schema on stdin" : one_line(file);
}

/* What the reader of the file has to know, as comments. */
static const char *head_text(const struct cli *cli, const migrate_rows *rows, const char *name)
{
    const char *text = cli_format("-- %s: generated, leads to the schema of %s\n", name, wanted_name(cli));
    size_t left = migrate_rows_count(rows);
    if (left == 0 && !migrate_rows_value_int(rows, "proven"))
        text = add(text, "-- not proven: it could not be tried to the end\n");
    if (migrate_rows_value_int(rows, "column_order"))
        text = add(text, "-- columns will stand in another order than there\n");
    for (size_t i = 0; i < left; i++)
        text = add(text, cli_format("-- left out: %s %s: %s\n", rows_cell(rows, i, "kind"), one_line(rows_cell(rows, i, "ident")),
                                    one_line(rows_cell(rows, i, "reason"))));
    const char *refused = migrate_rows_value_text(rows, "down_refused");
    if (refused && *refused)
        text = add(text, cli_format("-- no rollback text: %s\n", one_line(refused)));
    return text;
}

static const char *single_text(const struct cli *cli, const migrate_rows *rows, const char *name)
{
    const char *down = migrate_rows_value_text(rows, "down");
    const char *text = cli_format("%s\n%s", head_text(cli, rows, name), migrate_rows_value_text(rows, "up"));
    return down && *down ? cli_format("%s\n-- ROLLBACK:\n%s-- END ROLLBACK\n", text, down) : text;
}

/* ---- writing ---- */

/* As JSON has it. */
static const char *quoted(const char *text)
{
    char *json = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&json, &length);
    if (!out)
        return "null";
    cli_json_string(out, text);
    const char *copy = fclose(out) == 0 ? cli_copy(json) : "null";
    free(json);
    return copy;
}

static int print_files(struct cli *cli, const migrate_rows *rows, const char *first, const char *second)
{
    if (!output_is_json(cli)) {
        fprintf(cli->out, "%s\n%s%s", first, second ? second : "", second ? "\n" : "");
        return EXIT_DONE;
    }
    return output_document(cli, rows, cli_format("\"files\":[%s%s%s]", quoted(first), second ? "," : "", second ? quoted(second) : ""));
}

static int write_files(struct cli *cli, const migrate_rows *rows, const char *name)
{
    const char *stem = NULL, *dir = new_folder(cli), *down = migrate_rows_value_text(rows, "down");
    int result = new_stem(cli, name, &stem);
    if (result != EXIT_DONE)
        return result;
    bool pair = cli->arguments.flags[FLAG_PAIR] != NULL;
    const char *up_path = cli_format("%s/%s%s.sql", dir, stem, pair ? ".up" : ""), *down_path = NULL;
    if (!pair) {
        result = new_write(cli, up_path, single_text(cli, rows, name));
        return result == EXIT_DONE ? print_files(cli, rows, up_path, NULL) : result;
    }
    result = new_write(cli, up_path, cli_format("%s\n%s", head_text(cli, rows, name), migrate_rows_value_text(rows, "up")));
    if (result == EXIT_DONE && down && *down) {
        down_path = cli_format("%s/%s.down.sql", dir, stem);
        result = new_write(cli, down_path, cli_format("-- %s, undone: generated\n\n%s", name, down));
    }
    return result == EXIT_DONE ? print_files(cli, rows, up_path, down_path) : result;
}

static void show(struct cli *cli, const migrate_rows *rows, const char *name)
{
    if (output_is_json(cli))
        output_document(cli, rows, "\"dry_run\":true");
    else
        fputs(single_text(cli, rows, name), cli->out);
}

/* What a person should look at. */
static void tell(const struct cli *cli, const migrate_rows *rows)
{
    for (size_t i = 0; i < migrate_rows_count(rows); i++)
        output_note(cli, "left out: %s %s: %s", rows_cell(rows, i, "kind"), rows_cell(rows, i, "ident"),
                    one_line(rows_cell(rows, i, "reason")));
    if (migrate_rows_value_int(rows, "loses"))
        output_note(cli, "it drops tables or columns, and what is in them: see \"loses data\" in the file");
    const char *refused = migrate_rows_value_text(rows, "down_refused");
    if (refused && *refused)
        output_note(cli, "no rollback text: %s", one_line(refused));
}

static int finish(struct cli *cli, int32_t code, const migrate_rows *rows, const char *name)
{
    size_t left = migrate_rows_count(rows);
    int result = EXIT_DONE;
    events_end_line(cli);
    if (code == MIGRATE_OK) {
        if (output_is_json(cli))
            return output_document(cli, rows, "\"files\":[]");
        output_note(cli, "Nothing to do: the schema is that of %s already%s.", wanted_name(cli),
                    migrate_rows_value_int(rows, "column_order") ? ", but for the order of columns" : "");
        return EXIT_DONE;
    }
    if (cli->arguments.flags[FLAG_DRY_RUN]) {
        show(cli, rows, name);
        tell(cli, rows);
        return EXIT_PENDING;
    }
    if (migrate_rows_value_int(rows, "changes") > 0)
        result = write_files(cli, rows, name);
    else if (output_is_json(cli))
        output_document(cli, rows, "\"files\":[]");
    tell(cli, rows);
    if (result == EXIT_DONE && (left > 0 || !migrate_rows_value_int(rows, "proven")))
        result = EXIT_FINDINGS;
    return result;
}

static int generate_up(struct cli *cli)
{
    const char *file = cli->arguments.flags[FLAG_TO], *to = cli->arguments.flags[FLAG_TO_URL];
    const char *name = new_name(&cli->arguments);
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (!file == !to)
        return output_usage(cli, "generate needs --to FILE, --to-url URL or --down ID");
    if (to && !strpbrk(to, ":="))
        return output_usage(cli, "--to-url is a URL, not %s; for a SQLite file write sqlite:%s", to, to);
    if (!*name)
        return output_usage(cli, "generate needs a name of letters or digits");
    int result = file ? generate_declare(cli, file, &to) : EXIT_DONE;
    if (result == EXIT_DONE)
        result = new_make_folder(cli);
    if (result == EXIT_DONE && migrate_options_set(cli->options, "dir", new_folder(cli), &error) != MIGRATE_OK)
        result = output_error(cli, error);
    if (result == EXIT_DONE)
        result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_generate(cli->session, to, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    result = finish(cli, code, rows, name);
    migrate_rows_free(rows);
    return result;
}

/* ---- --down ID ---- */

/* X.down.sql beside X.sql or X.up.sql, with the engine's name where the file has it; NULL: it is no file of SQL. */
static const char *down_path(const char *file)
{
    static const char *const engines[] = {".sqlite", ".postgresql"};
    size_t length = file ? strlen(file) : 0;
    const char *engine = "";
    if (length < 4 || strcmp(file + length - 4, ".sql") != 0)
        return NULL;
    char *stem = cli_copy_n(file, length - 4);
    for (int pass = 0; pass < 3; pass++) {
        size_t end = strlen(stem);
        if (end > 3 && strcmp(stem + end - 3, ".up") == 0)
            stem[end - 3] = '\0';
        for (size_t i = 0; i < 2 && !*engine; i++) {
            size_t wanted = strlen(engines[i]);
            if (end <= wanted || strcmp(stem + end - wanted, engines[i]) != 0)
                continue;
            stem[end - wanted] = '\0';
            engine = engines[i];
        }
    }
    return cli_format("%s.down%s.sql", stem, engine);
}

static int write_down(struct cli *cli, const migrate_rows *rows)
{
    const char *id = migrate_rows_value_text(rows, "id"), *path = down_path(migrate_rows_value_text(rows, "file"));
    const char *text = cli_format("-- %s, undone: generated\n\n%s", id, migrate_rows_value_text(rows, "down"));
    if (cli->arguments.flags[FLAG_DRY_RUN]) {
        if (output_is_json(cli))
            output_document(cli, rows, "\"dry_run\":true");
        else
            fputs(text, cli->out);
        return EXIT_PENDING;
    }
    if (!path)
        return output_fail(cli, EXIT_FINDINGS, "source", "%s is no file of SQL: there is no place for its rollback text", id);
    int result = new_write(cli, path, text);
    return result == EXIT_DONE ? print_files(cli, rows, path, NULL) : result;
}

static int generate_down(struct cli *cli, const char *id)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    if (cli->arguments.word_count || cli->arguments.flags[FLAG_TO] || cli->arguments.flags[FLAG_TO_URL])
        return output_usage(cli, "--down ID stands alone: it writes beside the migration of that id");
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_generate_down(cli->session, id, &rows, &error) < 0)
        return output_error(cli, error);
    const char *refused = migrate_rows_value_text(rows, "refused");
    events_end_line(cli);
    if (refused) {
        if (output_is_json(cli))
            output_document(cli, rows, "\"files\":[]");
        output_note(cli, "%s: %s", migrate_rows_value_text(rows, "id"), refused);
        result = EXIT_FINDINGS;
    } else {
        result = write_down(cli, rows);
    }
    migrate_rows_free(rows);
    return result;
}

int command_generate(struct cli *cli)
{
    const char *down = cli->arguments.flags[FLAG_DOWN], *dry = cli->arguments.flags[FLAG_DRY_RUN];
    if (dry && strcmp(dry, "execute") == 0)
        return output_usage(cli, "generate runs nothing but what it tries in a scratch database: --dry-run shows what it would write, and "
                                 "what was written is rehearsed by migratectl up --dry-run=execute");
    return down ? generate_down(cli, down) : generate_up(cli);
}

/* ---- check --to: "the models changed, but nobody wrote a migration" ---- */

int generate_check(struct cli *cli, const char **out_json)
{
    const char *sql = NULL;
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = strcmp(cli->arguments.flags[FLAG_TO], "-") == 0 ? generate_declare(cli, "-", &sql) : EXIT_DONE;
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_generate(cli->session, sql, &rows, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    *out_json = output_is_json(cli) ? output_rows_json(rows) : NULL;
    if (output_is_json(cli)) {
        ; /* the caller's document has it */
    } else if (code == MIGRATE_DIFFERS) {
        fprintf(cli->out, "The schema of %s needs a migration that is not written yet:\n\n%s", wanted_name(cli),
                migrate_rows_value_text(rows, "up"));
        for (size_t i = 0; i < migrate_rows_count(rows); i++)
            fprintf(cli->out, "-- by hand: %s %s: %s\n", rows_cell(rows, i, "kind"), rows_cell(rows, i, "ident"),
                    one_line(rows_cell(rows, i, "reason")));
        output_next(cli, "generate NAME --to %s", cli->arguments.flags[FLAG_TO]);
    } else if (!cli->quiet) {
        fprintf(cli->out, "The migrations lead to the schema of %s.\n", wanted_name(cli));
    }
    migrate_rows_free(rows);
    return code == MIGRATE_DIFFERS ? EXIT_PENDING : EXIT_DONE;
}
