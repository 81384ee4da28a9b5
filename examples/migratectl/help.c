/* SPDX-License-Identifier: MIT
 * The commands with their names, the names other tools give them, and their help: examples first. */
#include "migratectl.h"

#include <string.h>

struct entry {
    const char *name;
    const char *aliases; /* words of other tools, each with a space before and behind */
    const char *words;
    const char *summary;
    const char *examples; /* lines */
    const char *notes;    /* lines, or NULL */
};

static const struct entry entries[COMMAND_COUNT] = {
    [COMMAND_UP] = {"up", " migrate apply upgrade run-all ", "[N] [--to ID]", "apply what is pending",
                    "  migratectl up\n"
                    "  migratectl up 2\n"
                    "  migratectl up --to 004\n"
                    "  migratectl up --dry-run=sql\n"
                    "  migratectl up --dry-run=execute\n",
                    "--dry-run=execute runs everything for real and rolls it back, and tells of each statement how long it\n"
                    "took, what it locked, rewrote and scanned, and how many rows it wrote. Its locks are real meanwhile.\n"},
    [COMMAND_DOWN] = {"down", " rollback downgrade revert undo ", "[N] [--to ID] [--only ID] [--all]",
                      "roll back the last migration, or more",
                      "  migratectl down\n"
                      "  migratectl down 2 --yes\n"
                      "  migratectl down --to 004\n"
                      "  migratectl down --only 006_add_notes\n",
                      "Without a number it rolls back one migration. On a terminal it asks first;\n"
                      "--all always needs --yes.\n"},
    [COMMAND_GOTO] = {"goto", " ", "ID | +N | -N | empty", "up or down to a migration",
                      "  migratectl goto 004\n"
                      "  migratectl goto -2\n"
                      "  migratectl goto empty --yes\n",
                      "ID becomes the last applied migration; its number or a unique prefix will do.\n"},
    [COMMAND_REDO] = {"redo", " ", "[N]", "roll back the last migrations and apply them again",
                      "  migratectl redo\n"
                      "  migratectl redo 2 --yes\n",
                      NULL},
    [COMMAND_PLAN] = {"plan", " ", "[N | -N | ID | empty] [--to ID]", "show what would run; changes nothing",
                      "  migratectl plan\n"
                      "  migratectl plan --format sql\n"
                      "  migratectl plan -1\n"
                      "  migratectl plan --exit-code\n",
                      "Exits with 3 if it foresees that the run would fail.\n"},
    [COMMAND_STATUS] = {"status", " info current ", "", "every migration and its state",
                        "  migratectl status\n"
                        "  migratectl status --json\n",
                        NULL},
    [COMMAND_HISTORY] = {"history", " log ", "", "every event, oldest first",
                         "  migratectl history --limit 20\n"
                         "  migratectl history --failed --json\n",
                         NULL},
    [COMMAND_CHECK] = {"check", " lint validate ", "", "is the database up to date, and what is wrong with the migrations? never writes",
                       "  migratectl check                      the answer, and what the files show\n"
                       "  migratectl check --database           and what the pending ones would do to this database\n"
                       "  migratectl check --files --engine sqlite\n"
                       "  migratectl check --files --shadow-url postgresql://localhost/scratch --format github\n"
                       "  migratectl check --against main       do both sides fit together behind a merge?\n"
                       "  migratectl check --answer             for readiness probes: one query\n"
                       "  migratectl check --mode wait --wait-timeout 60s\n"
                       "  migratectl check --drift\n"
                       "  migratectl check --to schema.sql\n",
                       "Without a URL, or with --files, the files alone are checked: with --engine sqlite in an empty database in memory,\n"
                       "else in scratch databases where --shadow-url leads; without one by their words alone. A line\n"
                       "-- migrate: ignore RULE REASON takes findings away; --rules RULE=off, info, warning or error changes their severity.\n"
                       "--to: and do the migrations lead to the schema that this SQL makes? 2 if not, with what is missing.\n"
                       "Exits with 0 current, 2 pending, 3 findings of the severity --fail-on (error) or above, or drift, 8 ahead.\n"
                       "--mode wait returns as soon as another process has brought it up to date, and looks for no findings.\n"},
    [COMMAND_SNAPSHOT] = {"snapshot", " dump inspect ", "", "the database's schema, as the engine describes it",
                          "  migratectl snapshot --format sql > schema.sql\n"
                          "  migratectl snapshot --json | jq -r .fingerprint\n",
                          "Equal fingerprints: equal schemas. The SQL makes the schema in an empty database.\n"},
    [COMMAND_DIFF] = {"diff", " drift ", "", "what was changed by somebody else than the migrations",
                      "  migratectl drift\n"
                      "  migratectl drift --format sql\n",
                      "Exits with 3 if the schema is not what the migrations lead to. --format sql prints what restores it.\n"
                      "With --fingerprint on each run leaves what is compared, with --keep-facts on also what names it;\n"
                      "else the migrations are run in a scratch database (--shadow-url).\n"},
    [COMMAND_VERIFY] = {"verify", " test ", "[ID | pending]", "do the rollback texts lead back? tried in a scratch database",
                        "  migratectl verify\n"
                        "  migratectl verify pending\n",
                        "Up, down and up again, with sample rows. Exits with 3 if one does not lead back.\n"},
    [COMMAND_GENERATE] = {"generate", " autogenerate ", "NAME --to FILE | NAME --to-url URL | --down ID",
                          "write the migration that leads to another schema",
                          "  migratectl generate add_notes --to schema.sql\n"
                          "  migratectl generate add_notes --to-url postgresql://localhost/other\n"
                          "  migratectl generate --down 004\n",
                          "The SQL is run in a scratch database, never parsed; \"-- renamed-from: OLD\" above a table or\n"
                          "column, or behind a column, keeps what was called OLD. --dry-run (=plan and =sql are the same here)\n"
                          "shows what would be written and exits with 2 if there is something; else it exits with 3 if\n"
                          "something was left out, is not proven, or was refused.\n"},
    [COMMAND_RECONCILE] = {"reconcile", " repair ", "--to FILE [--apply]", "add what is missing of a declared schema",
                           "  migratectl reconcile --to schema.sql\n"
                           "  migratectl reconcile --to schema.sql --apply\n",
                           "Only ever adds, in one transaction; what would drop or change something is listed. Exits with 2 if\n"
                           "something is missing (still).\n"},
    [COMMAND_GRAPH] = {"graph", " ", "[--tables [--at ID]]", "who needs whom: migrations, or tables by their foreign keys",
                       "  migratectl graph --format mermaid\n"
                       "  migratectl graph --tables --format dot | dot -Tsvg > tables.svg\n",
                       NULL},
    [COMMAND_HEADS] = {"heads", " branches ", "", "migrations that no other one needs",
                       "  migratectl heads\n",
                       "Exits with 3 if there are several; it says which line would join them.\n"},
    [COMMAND_BACKUP] = {"backup", " ", "[--list]", "make a verified backup of the database",
                        "  migratectl backup\n"
                        "  migratectl backup --list\n",
                        "PostgreSQL: by the installed pg_dump. Where it goes, and how many are kept: --backup-dir, --backup-keep.\n"},
    [COMMAND_RESTORE] = {"restore", " ", "FILE | --latest", "bring the contents of a backup back",
                         "  migratectl restore --latest --confirm app\n",
                         "--confirm has the database's name. What is there now is backed up first; --latest passes over such copies.\n"},
    [COMMAND_PROTECT] = {"protect", " ", "[--off] --reason TEXT", "mark the database: what may lose data needs --confirm NAME",
                         "  migratectl protect --reason \"production\"\n",
                         NULL},
    [COMMAND_RESET] = {"reset", " ", "", "for development: roll everything back, and apply it anew",
                       "  migratectl reset --confirm app_dev\n",
                       "Refused on a protected database. Nothing is dropped but by rollback texts.\n"},
    [COMMAND_MARK] =
        {"mark", " stamp force ", "[ID] --applied | --forgotten | --accept-checksum REASON | --renamed",
         "write the history without running anything",
         "  migratectl mark 005 --applied --reason \"done by hand\"\n"
         "  migratectl mark 005 --forgotten --reason \"table was restored\"\n"
         "  migratectl mark --accept-checksum \"comment corrected\" 003\n"
         "  migratectl mark --renamed\n",
         "Everything up to an id, on a database built without migrate: migratectl baseline ID\n"},
    [COMMAND_BASELINE] = {"baseline", " ", "[ID] | --from-table TABLE --column COLUMN",
                          "adopt a database that is there already",
                          "  migratectl baseline 012\n"
                          "  migratectl baseline --from-table schema_migrations --column version\n",
                          "Everything up to ID (or everything) counts as applied; nothing is run.\n"},
    [COMMAND_NEW] = {"new", " create add revision ", "NAME", "write a template and print its path",
                     "  migratectl new add users\n"
                     "  migratectl new add_users --sequential\n"
                     "  migratectl new add_users --pair\n",
                     "The number is the time, or the next one where the folder counts 001, 002.\n"},
    [COMMAND_EMBED] =
        {"embed", " ", "DIR [-o FILE.c]", "write a folder of migrations as a C file",
         "  migratectl embed migrations -o app_migrations.c\n"
         "  migratectl embed migrations -o m.c --name my_migrations\n",
         "The file defines int32_t NAME_add(migrate_source *source, migrate_error **out_err).\n"},
    [COMMAND_COMPLETION] = {"completion", " ", "bash | zsh | fish", "write the shell's completion",
                            "  eval \"$(migratectl completion bash)\"\n"
                            "  migratectl completion fish > ~/.config/fish/completions/migratectl.fish\n",
                            NULL},
    [COMMAND_HELP] = {"help", " ", "[COMMAND | options | exit-codes]", "this help",
                      "  migratectl help up\n"
                      "  migratectl help options\n",
                      NULL},
};

static const char exit_codes[] = "   0  done, or nothing to do\n"
                                 "   1  a migration failed and was rolled back\n"
                                 "   2  something is pending (check, --exit-code)\n"
                                 "   3  the source is not valid, differs from the history, or has findings\n"
                                 "   4  another runner held the lock too long\n"
                                 "   5  database unreachable, or a deadline has passed\n"
                                 "   6  non-transactional work is half-done\n"
                                 "   7  refused by a guard\n"
                                 "   8  the database is ahead of this source\n"
                                 "  64  wrong command line\n"
                                 "  70  out of memory, or a defect\n"
                                 "  74  a file or the disk failed\n"
                                 "  78  wrong configuration\n"
                                 " 130  stopped by Ctrl-C at a safe point (143: by SIGTERM)\n";

const char *help_command_name(enum command command)
{
    return entries[command].name;
}

const char *help_command_summary(enum command command)
{
    return entries[command].summary;
}

static bool is_alias(const struct entry *entry, const char *word)
{
    return !strchr(word, ' ') && strstr(entry->aliases, cli_format(" %s ", word));
}

bool help_find_command(const char *word, enum command *out)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, entries[i].name) != 0 && !is_alias(&entries[i], word))
            continue;
        *out = (enum command)i;
        return true;
    }
    return false;
}

const char *help_nearest_command(const char *word)
{
    struct nearest nearest = {.word = word};
    for (int i = 0; i < COMMAND_COUNT; i++)
        cli_nearest(&nearest, entries[i].name);
    for (int i = 0; i < COMMAND_COUNT; i++) {
        for (const char *at = entries[i].aliases + 1; *at; at += strcspn(at, " ") + 1)
            cli_nearest(&nearest, cli_copy_n(at, strcspn(at, " ")));
    }
    return nearest.best;
}

static void print_flag(FILE *out, enum flag flag)
{
    const char *value = flags_value_name(flag);
    char letter = flags_letter(flag);
    const char *words = flags_words(flag);
    char *shown = cli_format("%s--%s%s%s%s", letter ? cli_format("-%c, ", letter) : "    ", flags_name(flag),
                             value ? " " : words ? "[=" : "", value ? value : words ? words : "", words ? "]" : "");
    fprintf(out, "  %-36s %s\n", shown, flags_help(flag));
}

int help_overview(FILE *out)
{
    fputs("migratectl brings a database to the schema that its migrations describe.\n\n"
          "  migratectl new add_users                         write a migration\n"
          "  migratectl up --url sqlite:app.db                apply what is pending\n"
          "  migratectl status --url postgresql://localhost/app\n\n"
          "Commands\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-11s %s\n", entries[i].name, entries[i].summary);
    fputs("\nFlags, in any position\n"
          "  -u, --url URL                        the database (or MIGRATE_URL, DATABASE_URL)\n"
          "  -d, --dir DIR                        the migrations (migrations)\n",
          out);
    for (int i = 0; i < FLAG_COUNT; i++)
        if (flags_global((enum flag)i))
            print_flag(out, (enum flag)i);
    fputs("\nEvery option of the library is a flag, too: migratectl help options\n"
          "Flags come before the environment, .env, the config file and the defaults.\n",
          out);
    return EXIT_DONE;
}

int help_command(const struct cli *cli, enum command command)
{
    const struct entry *entry = &entries[command];
    bool own = false;
    fprintf(cli->out, "migratectl %s%s%s\n%c%s.\n\n%s", entry->name, entry->words[0] ? " " : "", entry->words,
            entry->summary[0] - 'a' + 'A', entry->summary + 1, entry->examples);
    if (entry->notes)
        fprintf(cli->out, "\n%s", entry->notes);
    for (int i = 0; i < FLAG_COUNT; i++) {
        if (flags_global((enum flag)i) || !flags_fits((enum flag)i, command))
            continue;
        if (!own)
            fputs("\nFlags (the common ones: migratectl help)\n", cli->out);
        own = true;
        print_flag(cli->out, (enum flag)i);
    }
    return EXIT_DONE;
}

static const char *value_shown(const migrate_rows *list, size_t option)
{
    const char *type = rows_cell(list, option, "type");
    const char *values = rows_cell(list, option, "values");
    if (values && values[0])
        return values;
    return type && strcmp(type, "truth") == 0 ? "on|off" : type ? type : "";
}

static int help_options(const struct cli *cli)
{
    const migrate_rows *list = cli->option_list;
    fputs("Each option is a flag, a variable of the environment, and a key of the config file:\n"
          "  --wait-timeout 30s      MIGRATE_WAIT_TIMEOUT=30s      wait_timeout = 30s\n\n",
          cli->out);
    for (size_t i = 0; i < migrate_rows_count(list); i++) {
        const char *standard = rows_cell(list, i, "default");
        const char *help = rows_cell(list, i, "help");
        fprintf(cli->out, "  --%s %s", flags_of_option(rows_cell(list, i, "key")), value_shown(list, i));
        if (standard && standard[0])
            fprintf(cli->out, "  (%s)", standard);
        fprintf(cli->out, "\n      %s\n", help ? help : "");
    }
    return EXIT_DONE;
}

int command_help(struct cli *cli)
{
    enum command command = COMMAND_HELP;
    const char *word = cli->arguments.word_count ? cli->arguments.words[0] : NULL;
    if (!word)
        return help_overview(cli->out);
    if (help_find_command(word, &command))
        return help_command(cli, command);
    if (strcmp(word, "options") == 0)
        return help_options(cli);
    if (strcmp(word, "exit-codes") == 0) {
        fputs(exit_codes, cli->out);
        return EXIT_DONE;
    }
    const char *nearest = help_nearest_command(word);
    if (nearest)
        return output_usage(cli, "no help on %s; did you mean %s?", word, nearest);
    return output_usage(cli, "no help on %s", word);
}
