/* SPDX-License-Identifier: MIT
 * Results on stdout, talk on stderr: errors with their exit codes, JSON documents, notes. */
#include "migratectl.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_is_json(const struct cli *cli)
{
    return cli->format == FORMAT_JSON || cli->format == FORMAT_NDJSON;
}

/* ---- set-up from the flags ---- */

static bool use_color(const char *when, FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    if ((no_color && *no_color) || (terminal && strcmp(terminal, "dumb") == 0))
        return false;
    return isatty(fileno(stream)) == 1;
}

static int read_format(struct cli *cli)
{
    static const char *const names[] = {"text", "json", "ndjson", "sql", "github", "dot", "mermaid"};
    const char *given = cli->arguments.flags[FLAG_FORMAT];
    if (cli->arguments.flags[FLAG_JSON])
        cli->format = FORMAT_JSON;
    if (!given)
        return EXIT_DONE;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(given, names[i]) != 0)
            continue;
        cli->format = (enum format)i;
        return EXIT_DONE;
    }
    return output_usage(cli, "--format is text, json, ndjson, sql, github, dot or mermaid, not %s", given);
}

/* SQL is an answer to "what would run?" only. */
static int check_format(const struct cli *cli)
{
    const struct arguments *arguments = &cli->arguments;
    const char *dry = arguments->flags[FLAG_DRY_RUN];
    if (cli->format == FORMAT_GITHUB && arguments->command != COMMAND_CHECK)
        return output_usage(cli, "--format github belongs to check");
    if ((cli->format == FORMAT_DOT || cli->format == FORMAT_MERMAID) && arguments->command != COMMAND_GRAPH)
        return output_usage(cli, "--format dot and --format mermaid belong to graph");
    if (cli->format == FORMAT_SQL && dry && strcmp(dry, "execute") == 0)
        return output_usage(cli, "--format sql shows what would run: --dry-run=sql");
    if (cli->format != FORMAT_SQL || dry || arguments->command == COMMAND_PLAN || arguments->command == COMMAND_SNAPSHOT ||
        arguments->command == COMMAND_DIFF || arguments->command == COMMAND_RECONCILE)
        return EXIT_DONE;
    return output_usage(cli, "--format sql belongs to plan, snapshot, drift and reconcile, and to up, down, goto and generate with --dry-run");
}

int output_open(struct cli *cli)
{
    const char *const *flags = cli->arguments.flags;
    const char *when = flags[FLAG_NO_COLOR] ? "never" : flags[FLAG_COLOR] ? flags[FLAG_COLOR] : "auto";
    int result = read_format(cli);
    if (result == EXIT_DONE)
        result = check_format(cli);
    if (result != EXIT_DONE)
        return result;
    if (strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
        return output_usage(cli, "--color is auto, always or never, not %s", when);
    cli->quiet = flags[FLAG_QUIET] != NULL;
    cli->verbose = flags[FLAG_VERBOSE] != NULL;
    cli->interactive = !flags[FLAG_NO_INPUT] && isatty(STDIN_FILENO) == 1;
    cli->talk_on_terminal = isatty(STDERR_FILENO) == 1;
    if (flags[FLAG_OUTPUT] && cli->arguments.command != COMMAND_EMBED) {
        FILE *file = fopen(flags[FLAG_OUTPUT], "we");
        if (!file)
            return output_fail(cli, EXIT_IO, "io", "%s: cannot be written: %s", flags[FLAG_OUTPUT],
                               strerror(errno));
        cli->out = file;
    }
    cli->color_out = use_color(when, cli->out);
    cli->color_err = use_color(when, stderr);
    return EXIT_DONE;
}

int output_close(struct cli *cli, int exit_code)
{
    events_end_line(cli);
    bool failed = fflush(cli->out) != 0 || ferror(cli->out);
    int error = errno;
    if (cli->out != stdout)
        failed = fclose(cli->out) != 0 || failed;
    cli->out = stdout;
    if (!failed)
        return exit_code;
    fprintf(stderr, "migratectl: the result could not be written: %s\n", strerror(error));
    return exit_code == EXIT_DONE ? EXIT_IO : exit_code;
}

/* ---- errors ---- */

/* The first line in red: what follows is the source line with its caret, and hints. */
static void print_error(const struct cli *cli, const char *prefix, const char *text)
{
    int first = (int)strcspn(text, "\n");
    fprintf(stderr, "%s%s%.*s%s%s\n", output_paint(cli->color_err, COLOR_RED), prefix, first, text,
            output_paint(cli->color_err, COLOR_NONE), text + first);
}

/* {"format_version":1,"command":...,"error":{...}} */
static void print_error_json(const struct cli *cli, const char *object, const char *more)
{
    fputs(cli->format == FORMAT_NDJSON ? "{\"event\":\"result\",\"format_version\":1,"
                                       : "{\"format_version\":1,",
          cli->out);
    if (cli->arguments.has_command)
        fprintf(cli->out, "\"command\":\"%s\",", help_command_name(cli->arguments.command));
    fprintf(cli->out, "\"error\":%s%s%s}\n", object, more ? "," : "", more ? more : "");
}

static int fail(const struct cli *cli, int exit_code, const char *name, const char *message)
{
    print_error(cli, "migratectl: ", table_clean(message));
    if (!output_is_json(cli))
        return exit_code;
    char *object = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&object, &length);
    if (!out)
        return EXIT_SOFTWARE;
    fprintf(out, "{\"name\":\"%s\",\"message\":", name);
    cli_json_string(out, message);
    putc('}', out);
    if (fclose(out) == 0)
        print_error_json(cli, object, NULL);
    free(object);
    return exit_code;
}

static char *format_list(const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = cli_alloc(length < 0 ? 1 : (size_t)length + 1);
    if (length >= 0)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

int output_fail(const struct cli *cli, int exit_code, const char *name, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *message = format_list(format, list);
    va_end(list);
    return fail(cli, exit_code, name, message);
}

int output_usage(const struct cli *cli, const char *format, ...)
{
    const struct arguments *arguments = &cli->arguments;
    va_list list;
    va_start(list, format);
    char *message = format_list(format, list);
    va_end(list);
    fail(cli, EXIT_USAGE, "usage", message);
    fprintf(stderr, "Try: migratectl help%s%s\n", arguments->has_command ? " " : "",
            arguments->has_command ? help_command_name(arguments->command) : "");
    return EXIT_USAGE;
}

static const struct {
    int32_t code;
    int exit_code;
} exit_codes[] = {
    {MIGRATE_ERROR_SQL, EXIT_FAILED},
    {MIGRATE_ERROR_CODE, EXIT_FAILED},
    {MIGRATE_ERROR_SOURCE, EXIT_FINDINGS},
    {MIGRATE_ERROR_DUPLICATE, EXIT_FINDINGS},
    {MIGRATE_ERROR_DEPENDENCY, EXIT_FINDINGS},
    {MIGRATE_ERROR_TARGET, EXIT_FINDINGS},
    {MIGRATE_ERROR_MODIFIED, EXIT_FINDINGS},
    {MIGRATE_ERROR_MISSING, EXIT_FINDINGS},
    {MIGRATE_ERROR_LATE, EXIT_FINDINGS},
    {MIGRATE_ERROR_RENAMED, EXIT_FINDINGS},
    {MIGRATE_ERROR_HISTORY, EXIT_FINDINGS},
    {MIGRATE_ERROR_STALE, EXIT_FINDINGS},
    {MIGRATE_ERROR_LOCKED, EXIT_LOCKED},
    {MIGRATE_ERROR_CONNECT, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_AUTHENTICATION, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_NO_DATABASE, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_TIMEOUT, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_CONNECTION_LOST, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_OUTCOME_UNKNOWN, EXIT_UNREACHABLE},
    {MIGRATE_ERROR_PARTIAL, EXIT_PARTIAL},
    {MIGRATE_ERROR_REFUSED, EXIT_REFUSED},
    {MIGRATE_ERROR_UNMANAGED, EXIT_REFUSED},
    {MIGRATE_ERROR_IRREVERSIBLE, EXIT_REFUSED},
    {MIGRATE_ERROR_READ_ONLY, EXIT_REFUSED},
    {MIGRATE_ERROR_RIGHTS, EXIT_REFUSED},
    {MIGRATE_ERROR_AHEAD, EXIT_AHEAD},
    {MIGRATE_ERROR_SCHEMA, EXIT_FINDINGS},
    {MIGRATE_ERROR_SHADOW, EXIT_CONFIGURATION},
    {MIGRATE_ERROR_OPTION, EXIT_CONFIGURATION},
    {MIGRATE_ERROR_URL, EXIT_CONFIGURATION},
    {MIGRATE_ERROR_CLIENT, EXIT_CONFIGURATION},
    {MIGRATE_ERROR_IO, EXIT_IO},
    {MIGRATE_ERROR_FILE_SYSTEM, EXIT_IO},
    {MIGRATE_ERROR_DEVICE_LOCKED, EXIT_IO},
};

int output_exit_code(int32_t code)
{
    for (size_t i = 0; i < sizeof exit_codes / sizeof exit_codes[0]; i++)
        if (exit_codes[i].code == code)
            return exit_codes[i].exit_code;
    if (code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_STOPPED)
        return 128 + (signals_received() ? signals_received() : SIGINT);
    return code >= 0 ? EXIT_DONE : EXIT_SOFTWARE;
}

/* What a failed run leaves behind: the migrations before it stay. */
static void tell_committed(const struct cli *cli)
{
    long long applied = cli->progress.applied, rolled_back = cli->progress.rolled_back;
    if (applied)
        output_note(cli, "%lld applied before that; %s.", applied, applied == 1 ? "it stays" : "they stay");
    if (rolled_back)
        output_note(cli, "%lld rolled back before that; %s.", rolled_back,
                    rolled_back == 1 ? "it stays so" : "they stay so");
}

int output_error(struct cli *cli, migrate_error *error)
{
    return output_error_with(cli, error, NULL);
}

int output_error_with(struct cli *cli, migrate_error *error, const char *more)
{
    int32_t code = error ? migrate_error_code(error) : MIGRATE_ERROR_INTERNAL;
    char *text = NULL;
    events_end_line(cli);
    if (!error || migrate_error_text(error, &text) != MIGRATE_OK) {
        print_error(cli,
                    "migratectl: ", error ? table_clean(migrate_error_message(error)) : "no reason given");
    } else {
        print_error(cli, migrate_error_file(error) ? "" : "migratectl: ", table_clean_lines(text));
        migrate_free(text);
    }
    if (output_is_json(cli) && error && migrate_error_json(error, &text) == MIGRATE_OK) {
        print_error_json(cli, text, more);
        migrate_free(text);
    }
    tell_committed(cli);
    migrate_error_free(error);
    return output_exit_code(code);
}

/* ---- talk ---- */

void output_note(const struct cli *cli, const char *format, ...)
{
    va_list list;
    if (cli->quiet)
        return;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    putc('\n', stderr);
}

void output_next(const struct cli *cli, const char *format, ...)
{
    va_list list;
    if (cli->quiet || output_is_json(cli))
        return;
    fputs("Next: migratectl ", stderr);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    putc('\n', stderr);
}

/* ---- JSON ---- */

char *output_rows_json(const migrate_rows *rows)
{
    char *json = NULL;
    if (!rows || migrate_rows_json(rows, &json, NULL) != MIGRATE_OK)
        return cli_copy("{\"rows\":[]}");
    char *copy = cli_copy(json);
    migrate_free(json);
    return copy;
}

/* Behind the value that begins here: a string, or everything up to the bracket that closes. */
static const char *json_skip(const char *at)
{
    int depth = 0;
    bool quoted = false;
    for (; *at; at++) {
        if (quoted) {
            if (*at == '\\' && at[1])
                at++;
            else if (*at == '"')
                quoted = false;
        } else if (*at == '"') {
            quoted = true;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if ((*at == '}' || *at == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return at;
}

/* The array of rows: the last member of the object, and the only array in it. */
static const char *json_rows(const char *json)
{
    const char *at = json + 1;
    while (*at && *at != '[') {
        if (*at == '"') {
            for (at++; *at && *at != '"'; at++)
                if (*at == '\\' && at[1])
                    at++;
        }
        at += *at != '\0';
    }
    return at;
}

char *output_rows_array(const char *json)
{
    const char *array = json_rows(json);
    return cli_copy_n(array, (size_t)(json_skip(array) - array));
}

char *output_rows_filter(const char *json, const bool *keep, size_t count)
{
    const char *array = json_rows(json);
    char *kept = cli_copy(json);
    char *to = kept + (array - json);
    const char *at = array;
    *to++ = '[';
    for (size_t i = 0; i < count; i++) {
        at += strcspn(at, "{");
        const char *end = json_skip(at);
        size_t length = (size_t)(end - at);
        if (keep[i]) {
            if (to[-1] != '[')
                *to++ = ',';
            memcpy(to, at, length);
            to += length;
        }
        at = end;
    }
    memcpy(to, "]}", 3);
    return kept;
}

int output_json_line(struct cli *cli, const char *members)
{
    fprintf(cli->out, "{%s\"format_version\":1,\"command\":\"%s\"%s%s}\n",
            cli->format == FORMAT_NDJSON ? "\"event\":\"result\"," : "",
            help_command_name(cli->arguments.command), *members ? "," : "", members);
    return EXIT_DONE;
}

int output_document(struct cli *cli, const migrate_rows *rows, const char *extra)
{
    char *json = output_rows_json(rows);
    json[strlen(json) - 1] = '\0'; /* its members, without the braces */
    return output_json_line(cli, cli_format("%s%s%s", json + 1, extra ? "," : "", extra ? extra : ""));
}
