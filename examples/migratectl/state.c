/* SPDX-License-Identifier: MIT
 * The verbs about what is recorded: status and history read it; mark and baseline write it. */
#include "migratectl.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* ---- status ---- */

static enum color state_color(const char *state)
{
    if (is(state, "applied"))
        return COLOR_GREEN;
    if (is(state, "pending"))
        return COLOR_NONE;
    return is(state, "late") || is(state, "ahead") || is(state, "renamed") ? COLOR_YELLOW : COLOR_RED;
}

static void status_table(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"ID", "STATE", "AT", "TOOK", "BY", "NOTE"};
    struct table *table = table_new(headers, 6);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *state = rows_cell(rows, i, "state"), *reversible = rows_cell(rows, i, "reversible");
        int64_t at = rows_number(rows, i, "at");
        const char *note = rows_cell(rows, i, "note");
        if (!note && rows_number(rows, i, "breaking"))
            note = "breaking";
        if (!note && is(reversible, "no") && is(rows_cell(rows, i, "kind"), "versioned"))
            note = "no rollback";
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, state, state_color(state));
        table_put(table, table_instant(at), COLOR_DIM);
        table_put(table,
                  at && rows_cell(rows, i, "duration_us")
                      ? table_duration(rows_number(rows, i, "duration_us"))
                      : NULL,
                  COLOR_DIM);
        table_put(table, rows_cell(rows, i, "actor"), COLOR_DIM);
        table_put(table, note, COLOR_YELLOW);
    }
    table_print(table, cli->out, cli->color_out);
}

/* "2 applied, 1 modified, 1 pending." */
static void status_summary(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const states[] = {"applied", "modified", "missing", "renamed",
                                         "late",    "ahead",    "pending"};
    const char *comma = "";
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        long long count = migrate_rows_value_int(rows, states[i]);
        if (count == 0)
            continue;
        fprintf(cli->out, "%s%lld %s", comma, count, states[i]);
        comma = ", ";
    }
    fputs(*comma ? ".\n" : "No migrations.\n", cli->out);
}

static int status_exit_code(const struct cli *cli, const char *state)
{
    if (!cli->arguments.flags[FLAG_EXIT_CODE])
        return EXIT_DONE;
    return is(state, "pending")     ? EXIT_PENDING
           : is(state, "ahead")     ? EXIT_AHEAD
           : is(state, "diverged")  ? EXIT_FINDINGS
           : is(state, "unmanaged") ? EXIT_REFUSED
                                    : EXIT_DONE;
}

int command_status(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_status(cli->session, &rows, &error) < 0)
        return output_error(cli, error);
    const char *state = migrate_rows_value_text(rows, "state");
    events_end_line(cli);
    if (output_is_json(cli)) {
        output_document(cli, rows, NULL);
    } else {
        status_table(cli, rows);
        status_summary(cli, rows);
        if (is(state, "unmanaged"))
            output_next(cli, "baseline (the database has objects, but no history)");
        else if (is(state, "diverged"))
            output_next(cli, "check");
        else if (is(state, "pending"))
            output_next(cli, "plan");
    }
    result = status_exit_code(cli, state);
    migrate_rows_free(rows);
    return result;
}

/* ---- snapshot ---- */

int command_snapshot(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_snapshot(cli->session, &rows, &error) < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli)) {
        output_document(cli, rows, NULL);
    } else if (cli->format == FORMAT_SQL) {
        fputs(migrate_rows_value_text(rows, "sql"), cli->out);
    } else {
        for (size_t i = 0; i < migrate_rows_count(rows); i++)
            fprintf(cli->out, "%s %s: %s\n", rows_cell(rows, i, "kind"), rows_cell(rows, i, "ident"), rows_cell(rows, i, "value"));
        fprintf(cli->out, "fingerprint: %s\n", migrate_rows_value_text(rows, "fingerprint"));
    }
    migrate_rows_free(rows);
    return result;
}

/* ---- history ---- */

/* Which events are shown: those asked for, and of these the last N. */
static void history_keep(const struct cli *cli, const migrate_rows *rows, bool *keep)
{
    const char *limit = cli->arguments.flags[FLAG_LIMIT];
    size_t left = migrate_rows_count(rows);
    if (limit)
        left = strtoul(limit, NULL, 10);
    for (size_t i = migrate_rows_count(rows); i-- > 0 && left > 0;) {
        keep[i] = !cli->arguments.flags[FLAG_FAILED] || is(rows_cell(rows, i, "event"), "failed");
        left -= keep[i];
    }
}

static const char *by_whom(const migrate_rows *rows, size_t row)
{
    const char *actor = rows_cell(rows, row, "actor"), *host = rows_cell(rows, row, "host");
    if (!actor || !*actor)
        actor = rows_cell(rows, row, "db_user");
    return cli_format("%s%s%s", actor ? actor : "", host && *host ? "@" : "", host ? host : "");
}

static void history_table(const struct cli *cli, const migrate_rows *rows, const bool *keep)
{
    static const char *const headers[] = {"SEQ", "AT", "EVENT", "ID", "TOOK", "BY", "REASON", "ERROR"};
    struct table *table = table_new(headers, 8);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *event = rows_cell(rows, i, "event");
        int64_t took = rows_number(rows, i, "duration_us");
        if (!keep[i])
            continue;
        table_put(table, rows_cell(rows, i, "seq"), COLOR_NONE);
        table_put(table, table_instant(rows_number(rows, i, "at")), COLOR_DIM);
        table_put(table, event,
                  is(event, "failed")    ? COLOR_RED
                  : is(event, "applied") ? COLOR_GREEN
                                         : COLOR_YELLOW);
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, took ? table_duration(took) : NULL, COLOR_DIM);
        table_put(table, by_whom(rows, i), COLOR_DIM);
        table_put(table, rows_cell(rows, i, "reason"), COLOR_NONE);
        table_put(table, rows_cell(rows, i, "error"), COLOR_RED);
    }
    table_print(table, cli->out, cli->color_out);
}

int command_history(struct cli *cli)
{
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    const char *limit = cli->arguments.flags[FLAG_LIMIT];
    if (limit && !cli_all_digits(limit))
        return output_usage(cli, "--limit is a number, not %s", limit);
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_history(cli->session, &rows, &error) < 0)
        return output_error(cli, error);
    size_t count = migrate_rows_count(rows);
    bool *keep = cli_alloc(count + 1);
    history_keep(cli, rows, keep);
    events_end_line(cli);
    if (output_is_json(cli)) {
        char *kept = output_rows_filter(output_rows_json(rows), keep, count);
        kept[strlen(kept) - 1] = '\0';
        output_json_line(cli, kept + 1);
    } else if (count == 0) {
        fputs("No history yet.\n", cli->out);
    } else {
        history_table(cli, rows, keep);
    }
    migrate_rows_free(rows);
    return EXIT_DONE;
}

/* ---- mark, baseline ---- */

static const char *reason_of(const struct cli *cli)
{
    const char *reason = migrate_options_get(cli->options, "reason");
    return reason && *reason ? reason : NULL;
}

/* The kind of mark that the flags ask for; NULL if not exactly one. */
static const char *mark_kind(const struct cli *cli)
{
    static const enum flag kinds[] = {FLAG_APPLIED, FLAG_FORGOTTEN, FLAG_ACCEPT_CHECKSUM, FLAG_RENAMED};
    const char *kind = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!cli->arguments.flags[kinds[i]])
            continue;
        if (kind)
            return NULL;
        kind = flags_name(kinds[i]);
    }
    return kind;
}

static int mark_usage(const struct cli *cli)
{
    const char *id = cli->arguments.word_count ? cli->arguments.words[0] : "ID";
    if (is(cli->arguments.alias, "stamp"))
        return output_usage(cli,
                            "stamp needs --applied or --forgotten; if everything up to %s is there already: "
                            "migratectl baseline %s",
                            id, id);
    return output_usage(cli, "mark needs one of --applied, --forgotten, --accept-checksum REASON, --renamed");
}

static int report_change(struct cli *cli, int32_t code, migrate_rows *report, migrate_error *error)
{
    int result = code < 0 ? output_error(cli, error) : run_report(cli, code, report);
    migrate_rows_free(report);
    return result;
}

int command_mark(struct cli *cli)
{
    const char *kind = mark_kind(cli);
    const char *id = cli->arguments.word_count ? cli->arguments.words[0] : NULL;
    const char *reason = cli->arguments.flags[FLAG_ACCEPT_CHECKSUM];
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    if (!kind)
        return mark_usage(cli);
    bool single = is(kind, "applied") || is(kind, "forgotten");
    if (!reason)
        reason = reason_of(cli);
    if (single && !id)
        return output_usage(cli, "mark --%s needs a migration's id", kind);
    if (single && !reason)
        return output_usage(cli, "mark --%s needs --reason: it stays in the history", kind);
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code =
        migrate_mark(cli->session, kind, id, reason ? reason : "the file was renamed", &report, &error);
    return report_change(cli, code, report, error);
}

int command_baseline(struct cli *cli)
{
    const char *table = cli->arguments.flags[FLAG_FROM_TABLE], *column = cli->arguments.flags[FLAG_COLUMN];
    const char *id = cli->arguments.word_count ? cli->arguments.words[0] : NULL;
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    int32_t code;
    if (!table != !column)
        return output_usage(cli, "--from-table and --column belong together");
    if (table && id)
        return output_usage(cli, "baseline takes an id or a table, not both");
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (table)
        code = migrate_baseline_from_table(cli->session, table, column, reason_of(cli), &report, &error);
    else
        code = migrate_baseline(cli->session, id, reason_of(cli), &report, &error);
    return report_change(cli, code, report, error);
}
