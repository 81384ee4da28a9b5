/* SPDX-License-Identifier: MIT
 * `migratectl check`: is the database up to date, and what is wrong with the migrations? */
#include "migratectl.h"

#include <string.h>

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* The mode is check whatever the environment says for the application; only a flag may ask to wait. */
static int check_mode(struct cli *cli)
{
    const char *mode = "check";
    migrate_error *error = NULL;
    for (size_t i = 0; i < cli->arguments.option_count; i++)
        if (is(cli->arguments.options[i].key, "mode"))
            mode = cli->arguments.options[i].value;
    if (!is(mode, "check") && !is(mode, "wait"))
        return output_usage(cli, "check never writes: --mode is check or wait, not %s", mode);
    if (migrate_options_set(cli->options, "mode", mode, &error) != MIGRATE_OK)
        return output_error(cli, error);
    return EXIT_DONE;
}

/* With --to FILE the file is declared before the session opens. */
static int check_declare(struct cli *cli)
{
    const char *file = cli->arguments.flags[FLAG_TO], *sql = NULL;
    return file && !is(file, "-") ? generate_declare(cli, file, &sql) : EXIT_DONE;
}

static int check_show(struct cli *cli, int32_t code, const migrate_rows *report)
{
    long long pending = migrate_rows_value_int(report, "pending");
    const char *at = migrate_rows_value_text(report, "to"), *schema = NULL, *drift = NULL;
    int result = code == MIGRATE_PENDING ? EXIT_PENDING : EXIT_DONE, differs = EXIT_DONE, drifted = EXIT_DONE;
    events_end_line(cli);
    if (!output_is_json(cli) && !cli->quiet) {
        fputs(pending ? cli_format("%lld pending; ", pending) : "Up to date; ", cli->out);
        fprintf(cli->out, "the database is at %s.\n", at && *at ? at : "nothing");
        if (pending)
            output_next(cli, "plan");
    }
    if (cli->arguments.flags[FLAG_DRIFT])
        drifted = diff_check(cli, &drift);
    if (cli->arguments.flags[FLAG_TO])
        differs = generate_check(cli, &schema);
    if (output_is_json(cli) && (drifted == EXIT_DONE || drifted == EXIT_FINDINGS) && (differs == EXIT_DONE || differs == EXIT_PENDING))
        output_document(cli, report, cli_format("\"answer\":\"%s\"%s%s%s%s", code == MIGRATE_PENDING ? "pending" : "current",
                                                drift ? ",\"drift\":" : "", drift ? drift : "", schema ? ",\"schema\":" : "",
                                                schema ? schema : ""));
    return drifted != EXIT_DONE ? drifted : differs != EXIT_DONE ? differs : result;
}

int command_check(struct cli *cli)
{
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    int result = check_mode(cli);
    if (result == EXIT_DONE)
        result = check_declare(cli);
    if (result == EXIT_DONE)
        result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_startup_session(cli->session, &report, &error);
    if (code < 0)
        return output_error(cli, error);
    result = check_show(cli, code, report);
    migrate_rows_free(report);
    return result;
}
