/* SPDX-License-Identifier: MIT
 * The library's events: a progress line on a terminal, seldom lines elsewhere, or one JSON object a line. */
#include "migratectl.h"

#include <signal.h>
#include <string.h>
#include <time.h>

enum { SECOND_US = 1000000, LINES_EVERY_US = 5 * SECOND_US };

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

void events_end_line(struct cli *cli)
{
    if (cli->progress.line_open)
        fputs("\r\033[K", stderr);
    cli->progress.line_open = false;
}

static void print_json(struct cli *cli, const migrate_event *event)
{
    static const char *const names[] = {"id",    "name",        "file",      "direction", "number",
                                        "count", "duration_us", "waited_us", "statement", "code"};
    fprintf(cli->out, "{\"event\":\"%s\",\"level\":\"%s\",\"message\":", migrate_event_name(event),
            migrate_event_level(event));
    cli_json_string(cli->out, migrate_event_message(event));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *text = migrate_event_text(event, names[i]);
        int64_t number = migrate_event_int(event, names[i]);
        if (!text && number == 0)
            continue;
        fprintf(cli->out, ",\"%s\":", names[i]);
        if (text)
            cli_json_string(cli->out, text);
        else
            fprintf(cli->out, "%lld", (long long)number);
    }
    fputs("}\n", cli->out);
    fflush(cli->out);
}

/* "[3/20] applying 003_users" where the event says how far the run is. */
static const char *message_of(const migrate_event *event)
{
    long long number = migrate_event_int(event, "number"), count = migrate_event_int(event, "count");
    if (!number || !count)
        return migrate_event_message(event);
    return cli_format("[%lld/%lld] %s", number, count, migrate_event_message(event));
}

/* On a terminal one line that is written anew, once the work takes a second; elsewhere a line now and then.
 */
static void show_progress(struct cli *cli, const migrate_event *event)
{
    struct progress *progress = &cli->progress;
    int64_t now = clock_us();
    if (!progress->started_us)
        progress->started_us = progress->printed_us = now;
    if (cli->talk_on_terminal) {
        if (now - progress->started_us < SECOND_US || now - progress->printed_us < SECOND_US / 10)
            return;
        fprintf(stderr, "\r\033[K%s", table_cut(message_of(event), 78));
        progress->line_open = true;
    } else {
        if (now - progress->printed_us < LINES_EVERY_US)
            return;
        fprintf(stderr, "%s\n", table_clean(message_of(event)));
    }
    fflush(stderr);
    progress->printed_us = now;
}

static void print_line(struct cli *cli, const char *level, const char *message)
{
    bool warning = strcmp(level, "warning") == 0;
    events_end_line(cli);
    fprintf(stderr, "%s%s%s%s\n", output_paint(cli->color_err && warning, COLOR_YELLOW),
            warning ? "warning: " : "", table_clean(message),
            output_paint(cli->color_err && warning, COLOR_NONE));
}

/* The signal handler may only touch the token; what it means is said here. */
static void tell_stop(struct cli *cli)
{
    if (cli->progress.stop_told || migrate_token_state(cli->token) == 0)
        return;
    cli->progress.stop_told = true;
    events_end_line(cli);
    output_note(cli, "Stopping at the next safe point; again to cancel the statement that runs.");
}

static bool one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

int32_t events_receive(const migrate_event *event, void *user)
{
    static const char *const moving[] = {"progress",    "step",    "done",       "applied",
                                         "rolled_back", "waiting", "connecting", NULL};
    struct cli *cli = user;
    const char *name = migrate_event_name(event), *level = migrate_event_level(event);
    bool loud = strcmp(level, "warning") == 0;
    cli->progress.applied += strcmp(name, "applied") == 0;
    cli->progress.rolled_back += strcmp(name, "rolled_back") == 0;
    tell_stop(cli);
    if (cli->format == FORMAT_NDJSON)
        print_json(cli, event);
    if (loud || cli->verbose)
        print_line(cli, level, migrate_event_message(event));
    else if (cli->quiet || strcmp(level, "error") == 0)
        return 0; /* an error is told in full when the call returns */
    else if (strcmp(name, "notice") == 0)
        print_line(cli, level, migrate_event_message(event));
    else if (one_of(name, moving))
        show_progress(cli, event);
    return 0;
}
