/* SPDX-License-Identifier: MIT
 * migratectl: the command line of libmigrate. Reads the arguments, gathers the settings, runs one command. */
#include "backup_program.h"

#include <string.h>

enum needs { NEEDS_NOTHING, NEEDS_SETTINGS };

static const struct verb {
    int (*run)(struct cli *cli);
    enum needs needs;
    size_t words_least, words_most;
} verbs[COMMAND_COUNT] = {
    [COMMAND_UP] = {command_up, NEEDS_SETTINGS, 0, 1},
    [COMMAND_DOWN] = {command_down, NEEDS_SETTINGS, 0, 1},
    [COMMAND_GOTO] = {command_goto, NEEDS_SETTINGS, 1, 1},
    [COMMAND_REDO] = {command_redo, NEEDS_SETTINGS, 0, 1},
    [COMMAND_PLAN] = {command_plan, NEEDS_SETTINGS, 0, 1},
    [COMMAND_STATUS] = {command_status, NEEDS_SETTINGS, 0, 0},
    [COMMAND_HISTORY] = {command_history, NEEDS_SETTINGS, 0, 0},
    [COMMAND_SNAPSHOT] = {command_snapshot, NEEDS_SETTINGS, 0, 0},
    [COMMAND_DIFF] = {command_diff, NEEDS_SETTINGS, 0, 0},
    [COMMAND_VERIFY] = {command_verify, NEEDS_SETTINGS, 0, 1},
    [COMMAND_GENERATE] = {command_generate, NEEDS_SETTINGS, 0, 100},
    [COMMAND_RECONCILE] = {command_reconcile, NEEDS_SETTINGS, 0, 0},
    [COMMAND_CHECK] = {command_check, NEEDS_SETTINGS, 0, 0},
    [COMMAND_GRAPH] = {command_graph, NEEDS_SETTINGS, 0, 0},
    [COMMAND_HEADS] = {command_heads, NEEDS_SETTINGS, 0, 0},
    [COMMAND_BACKUP] = {command_backup, NEEDS_SETTINGS, 0, 0},
    [COMMAND_RESTORE] = {command_restore, NEEDS_SETTINGS, 0, 1},
    [COMMAND_PROTECT] = {command_protect, NEEDS_SETTINGS, 0, 0},
    [COMMAND_RESET] = {command_reset, NEEDS_SETTINGS, 0, 0},
    [COMMAND_MARK] = {command_mark, NEEDS_SETTINGS, 0, 1},
    [COMMAND_BASELINE] = {command_baseline, NEEDS_SETTINGS, 0, 1},
    [COMMAND_NEW] = {command_new, NEEDS_SETTINGS, 1, 100},
    [COMMAND_EMBED] = {command_embed, NEEDS_NOTHING, 1, 1},
    [COMMAND_COMPLETION] = {command_completion, NEEDS_NOTHING, 1, 1},
    [COMMAND_HELP] = {command_help, NEEDS_NOTHING, 0, 1},
};

static char **copy_arguments(int argc, char **argv)
{
    char **copy = cli_alloc(((size_t)argc + 1) * sizeof *copy);
    for (int i = 0; i < argc; i++)
        copy[i] = cli_copy(argv[i]);
    return copy;
}

static int check_words(const struct cli *cli)
{
    const struct verb *verb = &verbs[cli->arguments.command];
    const char *name = help_command_name(cli->arguments.command);
    if (cli->arguments.word_count < verb->words_least)
        return output_usage(cli, "%s needs an argument", name);
    if (cli->arguments.word_count > verb->words_most)
        return output_usage(cli, "%s: one argument too many: %s", name,
                            cli->arguments.words[verb->words_most]);
    return EXIT_DONE;
}

static int open_settings(struct cli *cli)
{
    migrate_error *error = NULL;
    if (migrate_options_new(&cli->options, &error) != MIGRATE_OK ||
        migrate_token_new(&cli->token, &error) != MIGRATE_OK ||
        migrate_options_set_token(cli->options, cli->token, &error) != MIGRATE_OK)
        return output_error(cli, error);
    migrate_options_set_event(cli->options, events_receive, cli);
    migrate_options_set_backup(cli->options, backup_program, cli);
    int result = settings_load(cli);
    if (result == EXIT_DONE)
        signals_install(cli->token);
    return result;
}

static int run(struct cli *cli)
{
    const struct verb *verb = &verbs[cli->arguments.command];
    int result = check_words(cli);
    if (result == EXIT_DONE && cli->arguments.alias && cli->arguments.command != COMMAND_DIFF) /* drift is ours */
        output_note(cli, "migratectl: %s is called %s here", cli->arguments.alias,
                    help_command_name(cli->arguments.command));
    if (result == EXIT_DONE && verb->needs == NEEDS_SETTINGS)
        result = open_settings(cli);
    return result == EXIT_DONE ? verb->run(cli) : result;
}

/* What the flags ask for before any command. */
static int answer(struct cli *cli)
{
    const struct arguments *arguments = &cli->arguments;
    if (arguments->flags[FLAG_VERSION]) {
        printf("migratectl %d.%d.%d (libmigrate %s)\n", MIGRATE_VERSION_MAJOR, MIGRATE_VERSION_MINOR,
               MIGRATE_VERSION_PATCH, migrate_version());
        return EXIT_DONE;
    }
    if (arguments->flags[FLAG_HELP] && arguments->has_command)
        return help_command(cli, arguments->command);
    if (arguments->flags[FLAG_HELP])
        return help_overview(cli->out);
    if (arguments->has_command)
        return run(cli);
    help_overview(stderr);
    return EXIT_USAGE;
}

static void release(struct cli *cli)
{
    migrate_close(cli->session);
    migrate_options_free(cli->options);
    signals_restore();
    migrate_token_free(cli->token);
    migrate_rows_free(cli->option_list);
    cli_free_all();
}

int main(int argc, char **argv)
{
    struct cli cli = {.out = stdout};
    migrate_error *error = NULL;
    char **arguments = copy_arguments(argc, argv);
    bool password = flags_hide_passwords(argc, argv);
    int result = EXIT_DONE;
    if (flags_want_json(argc, arguments))
        cli.format = FORMAT_JSON;
    if (migrate_options_list(&cli.option_list, &error) != MIGRATE_OK)
        result = output_error(&cli, error);
    if (result == EXIT_DONE)
        result = flags_parse(&cli, argc, arguments);
    if (result == EXIT_DONE)
        result = output_open(&cli);
    if (result == EXIT_DONE && password)
        fputs("migratectl: warning: a password on the command line can be seen by others: "
              "use --url-file, DATABASE_URL or a .pgpass file\n",
              stderr);
    if (result == EXIT_DONE)
        result = answer(&cli);
    result = output_close(&cli, result);
    release(&cli);
    return result;
}
