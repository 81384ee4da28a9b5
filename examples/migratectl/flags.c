/* SPDX-License-Identifier: MIT
 * The command line: flags in any position, the command's words, and a flag for every option of the library,
 * made from migrate_options_list() so that an option of a newer library needs no change here. */
#include "migratectl.h"

#include <stdlib.h>
#include <string.h>

#define ON(command) (1u << COMMAND_##command)
#define EVERY ((1u << COMMAND_COUNT) - 1)
#define MOVES (ON(UP) | ON(DOWN) | ON(GOTO))

struct rule {
    const char *name;
    char letter;
    const char *value; /* what to call its value; NULL: takes none; =A|B: one of these may stand behind =, and only there, else A is meant */
    unsigned commands;
    const char *help;
};

static const struct rule rules[FLAG_COUNT] = {
    [FLAG_TO] = {"to", 0, "ID|FILE", ON(UP) | ON(DOWN) | ON(PLAN) | ON(GENERATE) | ON(RECONCILE) | ON(CHECK),
                 "up or down to this migration; generate, reconcile, check: SQL of the schema that is wanted"},
    [FLAG_TO_URL] = {"to-url", 0, "URL", ON(GENERATE), "a database that has the schema that is wanted"},
    [FLAG_DOWN] = {"down", 0, "ID", ON(GENERATE), "write the rollback text of this migration beside it"},
    [FLAG_APPLY] = {"apply", 0, NULL, ON(RECONCILE), "add what is missing"},
    [FLAG_DRIFT] = {"drift", 0, NULL, ON(CHECK), "and was the schema changed by hand?"},
    [FLAG_DATABASE] = {"database", 0, NULL, ON(CHECK), "and what would the pending migrations do to this database?"},
    [FLAG_ANSWER] = {"answer", 0, NULL, ON(CHECK), "only whether the database is up to date: one query, no findings"},
    [FLAG_FILES] = {"files", 0, NULL, ON(CHECK) | ON(GRAPH) | ON(HEADS), "the files alone, whatever the database"},
    [FLAG_ENGINE] = {"engine", 0, "sqlite|postgresql", ON(CHECK) | ON(GRAPH) | ON(HEADS), "for which the files are, where no URL says so"},
    [FLAG_AGAINST] = {"against", 0, "REF|DIR", ON(CHECK), "what is new since a git ref, or beside another folder: does it fit?"},
    [FLAG_FAIL_ON] = {"fail-on", 0, "error|warning|info", ON(CHECK), "from which severity on a finding means exit 3 (error)"},
    [FLAG_TABLES] = {"tables", 0, NULL, ON(GRAPH), "tables and their foreign keys instead of migrations"},
    [FLAG_AT] = {"at", 0, "ID", ON(GRAPH), "tables as they stand behind this migration"},
    [FLAG_LATEST] = {"latest", 0, NULL, ON(RESTORE), "the newest verified backup"},
    [FLAG_LIST] = {"list", 0, NULL, ON(BACKUP), "list the backups that are there"},
    [FLAG_OFF] = {"off", 0, NULL, ON(PROTECT), "take the mark away"},
    [FLAG_ONLY] = {"only", 0, "ID", ON(DOWN), "roll this one migration back"},
    [FLAG_ALL] = {"all", 0, NULL, ON(DOWN), "roll everything back (needs --yes)"},
    [FLAG_DRY_RUN] = {"dry-run", 'n', "=plan|sql|execute", MOVES | ON(GENERATE),
                      "change nothing: show the plan, the SQL (=sql), or run it and roll it back (=execute)"},
    [FLAG_EXIT_CODE] = {"exit-code", 0, NULL, MOVES | ON(PLAN) | ON(STATUS),
                        "exit 2 if something is pending"},
    [FLAG_YES] = {"yes", 'y', NULL, ON(DOWN) | ON(GOTO) | ON(REDO), "do not ask"},
    [FLAG_APPLIED] = {"applied", 0, NULL, ON(MARK), "it counts as applied, without being run"},
    [FLAG_FORGOTTEN] = {"forgotten", 0, NULL, ON(MARK), "it no longer counts as applied"},
    [FLAG_ACCEPT_CHECKSUM] = {"accept-checksum", 0, "REASON", ON(MARK), "the changed text is the right one"},
    [FLAG_RENAMED] = {"renamed", 0, NULL, ON(MARK), "the new id stands for the old one"},
    [FLAG_FROM_TABLE] = {"from-table", 0, "TABLE", ON(BASELINE), "the former tool's history table"},
    [FLAG_COLUMN] = {"column", 0, "COLUMN", ON(BASELINE), "its column with file names, ids or numbers"},
    [FLAG_LIMIT] = {"limit", 0, "N", ON(HISTORY), "only the last N events"},
    [FLAG_FAILED] = {"failed", 0, NULL, ON(HISTORY), "only what failed"},
    [FLAG_SEQUENTIAL] = {"sequential", 0, NULL, ON(NEW) | ON(GENERATE), "the next number instead of the time"},
    [FLAG_PAIR] = {"pair", 0, NULL, ON(NEW) | ON(GENERATE), "two files, X.up.sql and X.down.sql"},
    [FLAG_NAME] = {"name", 0, "NAME", ON(EMBED), "prefix of what the C file defines (app_migrations)"},
    [FLAG_URL_FILE] = {"url-file", 0, "FILE", EVERY, "read the URL from a file (- is stdin)"},
    [FLAG_URL_ENV] = {"url-env", 0, "VARIABLE", EVERY, "read the URL from this variable"},
    [FLAG_CONFIG] = {"config", 'c', "FILE", EVERY, "config file (migrate.conf)"},
    [FLAG_ENV_FILE] = {"env-file", 0, "FILE", EVERY, "file with variables (.env)"},
    [FLAG_NO_ENV_FILE] = {"no-env-file", 0, NULL, EVERY, "do not read .env"},
    [FLAG_FORMAT] = {"format", 0, "FORM", EVERY, "how results are written: text, json, ndjson, sql, github, dot, mermaid"},
    [FLAG_JSON] = {"json", 0, NULL, EVERY, "--format json"},
    [FLAG_OUTPUT] = {"output", 'o', "FILE", EVERY, "write results to a file"},
    [FLAG_QUIET] = {"quiet", 'q', NULL, EVERY, "only warnings and errors"},
    [FLAG_VERBOSE] = {"verbose", 'v', NULL, EVERY, "tell every event"},
    [FLAG_COLOR] = {"color", 0, "auto|always|never", EVERY, "colours"},
    [FLAG_NO_COLOR] = {"no-color", 0, NULL, EVERY, "--color never"},
    [FLAG_NO_INPUT] = {"no-input", 0, NULL, EVERY, "never ask"},
    [FLAG_HELP] = {"help", 'h', NULL, EVERY, "help for the command"},
    [FLAG_VERSION] = {"version", 0, NULL, EVERY, "version of migratectl and of libmigrate"},
};

const char *flags_name(enum flag flag)
{
    return rules[flag].name;
}

char flags_letter(enum flag flag)
{
    return rules[flag].letter;
}

const char *flags_value_name(enum flag flag)
{
    return flags_words(flag) ? NULL : rules[flag].value;
}

const char *flags_help(enum flag flag)
{
    return rules[flag].help;
}

const char *flags_words(enum flag flag)
{
    const char *value = rules[flag].value;
    return value && *value == '=' ? value + 1 : NULL;
}

bool flags_fits(enum flag flag, enum command command)
{
    return rules[flag].commands & 1u << command;
}

bool flags_global(enum flag flag)
{
    return rules[flag].commands == EVERY;
}

char *flags_of_option(const char *key)
{
    char *name = cli_copy(key);
    for (char *at = name; *at; at++)
        if (*at == '_')
            *at = '-';
    return name;
}

/* ---- passwords ---- */

static bool has_password(const char *text)
{
    const char *word = strstr(text, "password");
    if (word && word[8 + strspn(word + 8, " ")] == '=')
        return true;
    const char *authority = strstr(text, "://");
    if (!authority)
        return false;
    authority += 3;
    size_t length = strcspn(authority, "/?#");
    const char *colon = memchr(authority, ':', length);
    return colon && memchr(colon, '@', length - (size_t)(colon - authority));
}

bool flags_hide_passwords(int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (!has_password(argv[i]))
            continue;
        memset(argv[i], 'x', strlen(argv[i]));
        any = true;
    }
    return any;
}

bool flags_want_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if (strcmp(argv[i], "--json") == 0)
            return true;
        if (strncmp(argv[i], "--format=", 9) == 0)
            value = argv[i] + 9;
        else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc)
            value = argv[i + 1];
        if (value && (strcmp(value, "json") == 0 || strcmp(value, "ndjson") == 0))
            return true;
    }
    return false;
}

/* ---- parsing ---- */

struct parser {
    struct cli *cli;
    int argc, at; /* at: the argument under way */
    char **argv;
};

/* The value of a flag: what stands behind = or the next argument, which must not look like a flag. */
static int take_value(struct parser *parser, const char *shown, const char *attached, const char **out)
{
    if (attached) {
        *out = attached;
        return EXIT_DONE;
    }
    const char *next = parser->at + 1 < parser->argc ? parser->argv[parser->at + 1] : NULL;
    if (!next)
        return output_usage(parser->cli, "%s needs a value", shown);
    if (next[0] == '-' && next[1] && !strchr("0123456789", next[1]))
        return output_usage(parser->cli, "%s needs a value; write %s=%s if %s is meant as one", shown, shown,
                            next, next);
    parser->at++;
    *out = next;
    return EXIT_DONE;
}

/* One of a|b|c: a copy of it, the first one for NULL; NULL if it is none. */
static const char *word_of(const char *words, const char *word)
{
    for (const char *at = words;; at++) {
        size_t length = strcspn(at, "|");
        if (!word || (strlen(word) == length && strncmp(at, word, length) == 0))
            return cli_copy_n(at, length);
        at += length;
        if (!*at)
            return NULL;
    }
}

static int set_flag(struct parser *parser, enum flag flag, const char *shown, const char *attached)
{
    const char *value = "on", *words = flags_words(flag);
    if (words) {
        value = word_of(words, attached);
        if (!value)
            return output_usage(parser->cli, "%s is one of %s, not %s", shown, words, attached);
        parser->cli->arguments.flags[flag] = value;
        return EXIT_DONE;
    }
    if (rules[flag].value) {
        int result = take_value(parser, shown, attached, &value);
        if (result != EXIT_DONE)
            return result;
    } else if (attached) {
        return output_usage(parser->cli, "%s takes no value", shown);
    }
    parser->cli->arguments.flags[flag] = value;
    return EXIT_DONE;
}

static void add_option(struct cli *cli, const char *key, const char *value)
{
    struct arguments *arguments = &cli->arguments;
    arguments->options[arguments->option_count++] = (struct option_value){key, value};
}

/* MIGRATE_NONE if the library has no option of that flag's name. */
static size_t find_option(const struct cli *cli, const char *name)
{
    size_t key = migrate_rows_column_index(cli->option_list, "key");
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++)
        if (strcmp(flags_of_option(migrate_rows_text(cli->option_list, i, key)), name) == 0)
            return i;
    return MIGRATE_NONE;
}

static bool is_truth(const struct cli *cli, size_t option)
{
    const char *type = rows_cell(cli->option_list, option, "type");
    return type && strcmp(type, "truth") == 0;
}

static int set_option(struct parser *parser, size_t option, const char *shown, const char *attached)
{
    struct cli *cli = parser->cli;
    const char *value = "on";
    if (!is_truth(cli, option) || attached) {
        int result = take_value(parser, shown, attached, &value);
        if (result != EXIT_DONE)
            return result;
    }
    add_option(cli, rows_cell(cli->option_list, option, "key"), value);
    return EXIT_DONE;
}

static int unknown_flag(const struct cli *cli, const char *name)
{
    struct nearest nearest = {.word = name};
    for (int i = 0; i < FLAG_COUNT; i++)
        cli_nearest(&nearest, rules[i].name);
    for (size_t i = 0; i < migrate_rows_count(cli->option_list); i++)
        cli_nearest(&nearest, flags_of_option(rows_cell(cli->option_list, i, "key")));
    if (nearest.best)
        return output_usage(cli, "unknown flag --%s; did you mean --%s?", name, nearest.best);
    return output_usage(cli, "unknown flag --%s", name);
}

static int parse_long(struct parser *parser, const char *argument)
{
    struct cli *cli = parser->cli;
    const char *equals = strchr(argument, '=');
    const char *attached = equals ? equals + 1 : NULL;
    char *shown = cli_copy_n(argument, equals ? (size_t)(equals - argument) : strlen(argument));
    const char *name = shown + 2;
    for (int i = 0; i < FLAG_COUNT; i++)
        if (strcmp(name, rules[i].name) == 0)
            return set_flag(parser, (enum flag)i, shown, attached);
    size_t option = find_option(cli, name);
    if (option != MIGRATE_NONE)
        return set_option(parser, option, shown, attached);
    option = strncmp(name, "no-", 3) == 0 ? find_option(cli, name + 3) : MIGRATE_NONE;
    if (option == MIGRATE_NONE || !is_truth(cli, option))
        return unknown_flag(cli, name);
    if (attached)
        return output_usage(cli, "%s takes no value", shown);
    add_option(cli, rows_cell(cli->option_list, option, "key"), "off");
    return EXIT_DONE;
}

/* One letter of "-qy" or "-uURL"; *out_done when the rest of the argument was its value. */
static int parse_letter(struct parser *parser, const char *at, bool *out_done)
{
    struct cli *cli = parser->cli;
    const char *shown = cli_format("-%c", *at);
    const char *rest = at[1] ? at + 1 : NULL;
    const char *key = *at == 'u' ? "url" : *at == 'd' ? "dir" : NULL;
    if (key) {
        *out_done = true;
        return set_option(parser, find_option(cli, key), shown, rest);
    }
    for (int i = 0; i < FLAG_COUNT; i++) {
        if (rules[i].letter != *at)
            continue;
        *out_done = flags_value_name((enum flag)i) != NULL;
        return set_flag(parser, (enum flag)i, shown, *out_done ? rest : NULL);
    }
    return output_usage(cli, "unknown flag %s", shown);
}

static int parse_letters(struct parser *parser, const char *argument)
{
    int result = EXIT_DONE;
    bool done = false;
    for (const char *at = argument + 1; *at && !done && result == EXIT_DONE; at++)
        result = parse_letter(parser, at, &done);
    return result;
}

static int parse_word(struct parser *parser, const char *word)
{
    struct arguments *arguments = &parser->cli->arguments;
    if (arguments->has_command) {
        arguments->words[arguments->word_count++] = word;
        return EXIT_DONE;
    }
    if (help_find_command(word, &arguments->command)) {
        arguments->has_command = true;
        if (strcmp(word, help_command_name(arguments->command)) != 0)
            arguments->alias = word;
        return EXIT_DONE;
    }
    const char *nearest = help_nearest_command(word);
    if (nearest)
        return output_usage(parser->cli, "unknown command %s; did you mean %s?", word, nearest);
    return output_usage(parser->cli, "unknown command %s", word);
}

/* A flag of another command is an error: silently ignoring --to would run too much. */
static int check_fit(const struct cli *cli)
{
    const struct arguments *arguments = &cli->arguments;
    for (int i = 0; i < FLAG_COUNT && arguments->has_command; i++)
        if (arguments->flags[i] && !flags_fits((enum flag)i, arguments->command))
            return output_usage(cli, "--%s does not belong to %s", rules[i].name,
                                help_command_name(arguments->command));
    return EXIT_DONE;
}

int flags_parse(struct cli *cli, int argc, char **argv)
{
    struct parser parser = {.cli = cli, .argc = argc, .argv = argv};
    bool words_only = false;
    int result = EXIT_DONE;
    cli->arguments.words = cli_alloc((size_t)(argc + 1) * sizeof *cli->arguments.words);
    cli->arguments.options = cli_alloc((size_t)(argc + 1) * sizeof *cli->arguments.options);
    for (parser.at = 1; parser.at < argc && result == EXIT_DONE; parser.at++) {
        const char *argument = argv[parser.at];
        if (words_only || argument[0] != '-' || !argument[1] || strchr("0123456789", argument[1]))
            result = parse_word(&parser, argument);
        else if (strcmp(argument, "--") == 0)
            words_only = true;
        else if (argument[1] == '-')
            result = parse_long(&parser, argument);
        else
            result = parse_letters(&parser, argument);
    }
    return result == EXIT_DONE ? check_fit(cli) : result;
}
