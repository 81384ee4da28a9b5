/* SPDX-License-Identifier: MIT
 * Where options come from: config file, .env, environment, flags. They are set in this order, so that the
 * later one wins. Nothing is ever written to the environment of this process. */
#include "migratectl.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLANKS " \t\r"

/* A file of lines that is being read. */
struct lines {
    const char *path;
    char *next; /* NULL: at the end */
    size_t number;
};

static char *lines_take(struct lines *lines)
{
    char *line = lines->next;
    if (!line)
        return NULL;
    char *end = strchr(line, '\n');
    lines->next = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    lines->number++;
    return line;
}

/* Blanks off both ends, in place. */
static char *trim(char *text)
{
    text += strspn(text, BLANKS);
    for (size_t length = strlen(text); length && strchr(BLANKS, text[length - 1]); length--)
        text[length - 1] = '\0';
    return text;
}

/* *out stays NULL where an optional file is not there. */
static int read_settings(struct cli *cli, const char *path, bool needed, char **out)
{
    size_t length = 0;
    char *text = cli_read_file(path, &length);
    if (!text && errno == ENOENT && !needed)
        return EXIT_DONE;
    if (!text)
        return output_fail(cli, EXIT_CONFIGURATION, "config", "%s: cannot be read: %s", path,
                           strerror(errno));
    if (strlen(text) != length)
        return output_fail(cli, EXIT_CONFIGURATION, "config", "%s: is not a text file: it has a NUL byte",
                           path);
    *out = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
    return EXIT_DONE;
}

/* Sets an option; what the library refuses is told with the place where it stands. */
static int set_from(struct cli *cli, const struct lines *lines, const char *key, const char *value)
{
    migrate_error *error = NULL;
    if (migrate_options_set(cli->options, key, value, &error) == MIGRATE_OK)
        return EXIT_DONE;
    const char *hint = migrate_error_hint(error);
    output_fail(cli, EXIT_CONFIGURATION, migrate_error_name(error), "%s:%zu: %s%s%s", lines->path,
                lines->number, migrate_error_message(error), hint ? "; " : "", hint ? hint : "");
    migrate_error_free(error);
    return EXIT_CONFIGURATION;
}

/* ---- the config file: key = value ---- */

static int load_config(struct cli *cli)
{
    const char *given = cli->arguments.flags[FLAG_CONFIG];
    struct lines lines = {.path = given ? given : "migrate.conf"};
    int result = read_settings(cli, lines.path, given != NULL, &lines.next);
    char *line;
    while (result == EXIT_DONE && (line = lines_take(&lines))) {
        line = trim(line);
        if (!*line || *line == '#')
            continue;
        char *equals = strchr(line, '=');
        if (!equals)
            return output_fail(cli, EXIT_CONFIGURATION, "config",
                               "%s:%zu: a line is KEY = VALUE or a # comment", lines.path, lines.number);
        *equals = '\0';
        result = set_from(cli, &lines, trim(line), trim(equals + 1));
    }
    return result;
}

/* ---- .env: only the variables that are ours ---- */

/* The option that a variable sets; NULL: none. */
static const char *option_of_variable(const struct cli *cli, const char *variable)
{
    const migrate_rows *list = cli->option_list;
    if (strcmp(variable, "DATABASE_URL") == 0)
        return "url";
    for (size_t i = 0; i < migrate_rows_count(list); i++) {
        const char *name = rows_cell(list, i, "environment");
        if (name && strcmp(name, variable) == 0)
            return rows_cell(list, i, "key");
    }
    return NULL;
}

static char escaped(char c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c;
}

/* Takes quotes and comments off a value, in place; NULL: a quote is not closed. */
static char *unquote(char *text)
{
    char quote = *text;
    if (quote != '"' && quote != '\'') {
        char *comment = strstr(text, " #");
        if (comment)
            *comment = '\0';
        return trim(text);
    }
    char *to = text;
    for (char *at = text + 1; *at; at++) {
        if (*at == quote) {
            *to = '\0';
            return text;
        }
        if (*at == '\\' && quote == '"' && at[1])
            *to++ = escaped(*++at);
        else
            *to++ = *at;
    }
    return NULL;
}

/* What of .env has to wait until the whole file is read: MIGRATE_URL goes before DATABASE_URL. */
struct env_urls {
    bool migrate_url;
    const char *named; /* the value of the variable that --url-env names */
};

static int set_variable(struct cli *cli, const struct lines *lines, const char *name, char *text,
                        struct env_urls *urls)
{
    const char *url_env = cli->arguments.flags[FLAG_URL_ENV];
    const char *key = option_of_variable(cli, name);
    bool named = url_env && strcmp(name, url_env) == 0;
    if (!key && !named) {
        if (strncmp(name, "MIGRATE_", 8) == 0)
            fprintf(stderr, "migratectl: %s:%zu: %s is no option, ignored\n", lines->path, lines->number,
                    name);
        return EXIT_DONE;
    }
    const char *value = unquote(text);
    if (!value)
        return output_fail(cli, EXIT_CONFIGURATION, "config", "%s:%zu: the quote is not closed", lines->path,
                           lines->number);
    if (named)
        urls->named = value;
    if (!key || (strcmp(name, "DATABASE_URL") == 0 && urls->migrate_url))
        return EXIT_DONE;
    if (strcmp(name, "MIGRATE_URL") == 0)
        urls->migrate_url = true;
    return set_from(cli, lines, key, value);
}

static int load_env_file(struct cli *cli, struct env_urls *urls)
{
    const char *given = cli->arguments.flags[FLAG_ENV_FILE];
    if (cli->arguments.flags[FLAG_NO_ENV_FILE])
        return EXIT_DONE;
    struct lines lines = {.path = given ? given : ".env"};
    int result = read_settings(cli, lines.path, given != NULL, &lines.next);
    char *line;
    while (result == EXIT_DONE && (line = lines_take(&lines))) {
        line = trim(line);
        if (strncmp(line, "export", 6) == 0 && line[6] && strchr(BLANKS, line[6]))
            line = trim(line + 6);
        char *equals = strchr(line, '=');
        if (*line == '#' || !equals)
            continue;
        *equals = '\0';
        result = set_variable(cli, &lines, trim(line), trim(equals + 1), urls);
    }
    return result;
}

/* ---- flags ---- */

static int set_flags(struct cli *cli)
{
    for (size_t i = 0; i < cli->arguments.option_count; i++) {
        const struct option_value *option = &cli->arguments.options[i];
        migrate_error *error = NULL;
        if (migrate_options_set(cli->options, option->key, option->value, &error) != MIGRATE_OK)
            return output_error(cli, error);
    }
    return EXIT_DONE;
}

static int set_url(struct cli *cli, const char *url)
{
    migrate_error *error = NULL;
    if (migrate_options_set(cli->options, "url", url, &error) != MIGRATE_OK)
        return output_error(cli, error);
    return EXIT_DONE;
}

/* A URL by file or variable never stands in the list of processes. */
static int set_url_elsewhere(struct cli *cli, const struct env_urls *urls)
{
    const char *file = cli->arguments.flags[FLAG_URL_FILE];
    const char *variable = cli->arguments.flags[FLAG_URL_ENV];
    if (file) {
        char *text = NULL;
        int result = read_settings(cli, file, true, &text);
        if (result != EXIT_DONE)
            return result;
        struct lines lines = {.path = file, .next = text};
        text = trim(lines_take(&lines));
        if (!*text)
            return output_fail(cli, EXIT_CONFIGURATION, "url",
                               "%s: its first line is to be the URL, and is empty", file);
        return set_url(cli, text);
    }
    if (!variable)
        return EXIT_DONE;
    const char *url = getenv(variable);
    if (!url || !*url)
        url = urls->named;
    if (!url || !*url)
        return output_fail(cli, EXIT_CONFIGURATION, "url", "the variable %s is not set", variable);
    return set_url(cli, url);
}

static int check_one_url(const struct cli *cli)
{
    int given = (cli->arguments.flags[FLAG_URL_FILE] != NULL) + (cli->arguments.flags[FLAG_URL_ENV] != NULL);
    for (size_t i = 0; i < cli->arguments.option_count; i++)
        given += strcmp(cli->arguments.options[i].key, "url") == 0;
    if (given > 1)
        return output_usage(cli, "only one of --url, --url-file and --url-env can be given, once");
    return EXIT_DONE;
}

/* ---- defaults of a command line, before everything else ---- */

static void set_default(struct cli *cli, const char *key, const char *value)
{
    migrate_options_set(cli->options, key, value, NULL); /* out of memory would show at the next option */
}

static void set_defaults(struct cli *cli)
{
    struct stat status;
    const struct passwd *user = getpwuid(geteuid());
    if (stat("migrations", &status) == 0 && S_ISDIR(status.st_mode))
        set_default(cli, "dir", "migrations");
    if (user)
        set_default(cli, "actor", user->pw_name);
    set_default(cli, "application", "migratectl");
    set_default(cli, "backup", "destructive");
}

int settings_load(struct cli *cli)
{
    struct env_urls urls = {0};
    migrate_error *error = NULL;
    int result = check_one_url(cli);
    set_defaults(cli);
    if (result == EXIT_DONE)
        result = load_config(cli);
    if (result == EXIT_DONE)
        result = load_env_file(cli, &urls);
    if (result == EXIT_DONE && migrate_options_from_environment(cli->options, &error) != MIGRATE_OK)
        result = output_error(cli, error);
    if (result == EXIT_DONE)
        result = set_flags(cli);
    if (result == EXIT_DONE)
        result = set_url_elsewhere(cli, &urls);
    return result;
}
