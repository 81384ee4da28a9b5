/* SPDX-License-Identifier: MIT
 * The verbs that move the schema: up, down, goto, redo, and plan, which shows what they would do. Each makes
 * a plan and runs that plan, so that what was shown or confirmed is what happens. */
#include "migratectl.h"

#include <stdlib.h>
#include <string.h>

int run_open(struct cli *cli)
{
    const char *url = migrate_options_get(cli->options, "url");
    const char *dir = migrate_options_get(cli->options, "dir");
    migrate_error *error = NULL;
    if (!url || !*url)
        return output_fail(cli, EXIT_CONFIGURATION, "url",
                           "no database is named: give --url, or set MIGRATE_URL or DATABASE_URL");
    if ((!dir || !*dir) && cli->arguments.command != COMMAND_HISTORY && cli->arguments.command != COMMAND_SNAPSHOT &&
        cli->arguments.command != COMMAND_BACKUP)
        return output_fail(cli, EXIT_FINDINGS, "source",
                           "there is no folder migrations here: name the migrations' folder with --dir");
    if (migrate_open(NULL, cli->options, &cli->session, &error) != MIGRATE_OK)
        return output_error(cli, error);
    return EXIT_DONE;
}

/* ---- showing a plan ---- */

static int plan_sql(struct cli *cli, const migrate_plan *plan)
{
    migrate_error *error = NULL;
    char *sql = NULL;
    if (migrate_plan_sql(plan, &sql, &error) != MIGRATE_OK)
        return output_error(cli, error);
    fputs(sql, cli->out);
    migrate_free(sql);
    return EXIT_DONE;
}

static void plan_table(const struct cli *cli, const migrate_rows *rows)
{
    static const char *const headers[] = {"STEP", "ID", "ACTION", "TRANSACTION", "ROLLBACK", "FILE", "NOTE"};
    struct table *table = table_new(headers, 7);
    for (size_t i = 0; i < migrate_rows_count(rows); i++) {
        const char *direction = rows_cell(rows, i, "direction"), *action = rows_cell(rows, i, "action");
        const char *reversible = rows_cell(rows, i, "reversible");
        bool down = direction && strcmp(direction, "down") == 0;
        table_put(table, direction, down ? COLOR_YELLOW : COLOR_GREEN);
        table_put(table, rows_cell(rows, i, "id"), COLOR_NONE);
        table_put(table, action && strcmp(action, "run") == 0 ? NULL : action, COLOR_NONE);
        table_put(table, rows_cell(rows, i, "transaction"), COLOR_NONE);
        table_put(table, down ? NULL : reversible, COLOR_NONE);
        table_put(table, rows_cell(rows, i, "file"), COLOR_DIM);
        table_put(table,
                  rows_number(rows, i, "breaking") ? "breaking"
                  : rows_number(rows, i, "stored") ? "rollback text from the history"
                                                   : NULL,
                  COLOR_YELLOW);
    }
    table_print(table, cli->out, cli->color_out);
}

/* What the plan foresees, as lines that editors can follow; returns whether an error is among it. */
static bool show_findings(const struct cli *cli, const migrate_rows *findings)
{
    bool errors = false;
    for (size_t i = 0; i < migrate_rows_count(findings); i++) {
        const char *severity = rows_cell(findings, i, "severity"),
                   *message = rows_cell(findings, i, "message");
        const char *file = rows_cell(findings, i, "file"), *hint = rows_cell(findings, i, "hint");
        long long line = rows_number(findings, i, "line");
        bool error = severity && strcmp(severity, "error") == 0;
        errors = errors || error;
        if (cli->format != FORMAT_TEXT)
            continue;
        fprintf(cli->out, "%s%s%s%s%s%s: %s%s%s\n", file ? table_clean(file) : "",
                line ? cli_format(":%lld", line) : "", file ? ": " : "",
                output_paint(cli->color_out, error ? COLOR_RED : COLOR_YELLOW),
                severity ? severity : "warning", output_paint(cli->color_out, COLOR_NONE),
                message ? table_clean(message) : "", hint ? "\n  " : "", hint ? table_clean(hint) : "");
    }
    return errors;
}

static void plan_summary(const struct cli *cli, const migrate_rows *rows)
{
    size_t count = migrate_rows_count(rows);
    const char *from = migrate_rows_value_text(rows, "from"), *to = migrate_rows_value_text(rows, "to");
    if (count == 0) {
        fprintf(cli->out, "Nothing to do; the database is at %s.\n", from ? from : "nothing");
        return;
    }
    fprintf(cli->out, "%zu step%s: from %s to %s.\n", count, count == 1 ? "" : "s", from ? from : "nothing",
            to ? to : "nothing");
    if (cli->arguments.command == COMMAND_PLAN && cli->arguments.word_count == 0 &&
        !cli->arguments.flags[FLAG_TO])
        output_next(cli, "up");
    else if (cli->arguments.command != COMMAND_PLAN)
        output_note(cli, "Nothing was changed (--dry-run).");
}

/* The SQL as a member of the document, where it was asked for: ,"sql":"..." */
static const char *sql_member(const migrate_plan *plan)
{
    char *sql = NULL, *member = NULL;
    size_t length = 0;
    if (migrate_plan_sql(plan, &sql, NULL) != MIGRATE_OK)
        return "";
    FILE *out = open_memstream(&member, &length);
    if (out) {
        fputs(",\"sql\":", out);
        cli_json_string(out, sql);
        fclose(out);
    }
    const char *copy = cli_copy(member ? member : "");
    free(member);
    migrate_free(sql);
    return copy;
}

static void show_rows(struct cli *cli, const migrate_plan *plan, const migrate_rows *rows, const migrate_rows *findings)
{
    if (output_is_json(cli)) {
        const char *mode = cli->arguments.flags[FLAG_DRY_RUN], *dry = mode ? "\"dry_run\":true," : "";
        output_document(cli, rows,
                        cli_format("%s\"finding_rows\":%s%s", dry, output_rows_array(output_rows_json(findings)),
                                   mode && strcmp(mode, "sql") == 0 ? sql_member(plan) : ""));
    } else if (cli->format == FORMAT_TEXT) {
        plan_table(cli, rows);
    }
}

static int plan_show(struct cli *cli, const migrate_plan *plan)
{
    migrate_rows *rows = NULL, *findings = NULL;
    migrate_error *error = NULL;
    const char *dry = cli->arguments.flags[FLAG_DRY_RUN];
    int result = EXIT_DONE;
    if (dry && strcmp(dry, "sql") == 0 && cli->format == FORMAT_TEXT)
        cli->format = FORMAT_SQL;
    if (migrate_plan_rows(plan, &rows, &error) != MIGRATE_OK ||
        migrate_plan_findings(plan, &findings, &error) != MIGRATE_OK) {
        result = output_error(cli, error);
        goto out;
    }
    show_rows(cli, plan, rows, findings);
    if (cli->format == FORMAT_SQL)
        result = plan_sql(cli, plan);
    if (show_findings(cli, findings) && result == EXIT_DONE)
        result = EXIT_FINDINGS;
    if (cli->format == FORMAT_TEXT)
        plan_summary(cli, rows);
    if (result == EXIT_DONE && cli->arguments.flags[FLAG_EXIT_CODE] && migrate_rows_count(rows))
        result = EXIT_PENDING;
out:
    migrate_rows_free(rows);
    migrate_rows_free(findings);
    return result;
}

/* ---- reports ---- */

/* A repeatable one that is rolled back without a text counts as rolled back all the same. */
static bool is_record(const migrate_rows *report, size_t row)
{
    const char *action = rows_cell(report, row, "action"), *event = rows_cell(report, row, "event");
    return action && strcmp(action, "record") == 0 && !(event && strcmp(event, "rolled_back") == 0);
}

static bool is_down(const migrate_rows *report, size_t row)
{
    const char *direction = rows_cell(report, row, "direction");
    return direction && strcmp(direction, "down") == 0;
}

/* "applied", "rolled back"; for a mere record its event: marked, forgotten, baselined ... */
static const char *done_word(const migrate_rows *report, size_t row)
{
    const char *event = rows_cell(report, row, "event");
    if (is_record(report, row))
        return event ? event : "recorded";
    return is_down(report, row) ? "rolled back" : "applied";
}

static void report_table(const struct cli *cli, const migrate_rows *report)
{
    static const char *const headers[] = {"DONE", "ID", "TOOK"};
    struct table *table = table_new(headers, 3);
    for (size_t i = 0; i < migrate_rows_count(report); i++) {
        bool record = is_record(report, i);
        table_put(table, done_word(report, i), is_down(report, i) ? COLOR_YELLOW : COLOR_GREEN);
        table_put(table, rows_cell(report, i, "id"), COLOR_NONE);
        table_put(table, record ? NULL : table_duration(rows_number(report, i, "duration_us")), COLOR_DIM);
    }
    table_print(table, cli->out, cli->color_out);
}

/* "2 applied; the database is at 002_b." */
static void report_summary(const struct cli *cli, int32_t code, const migrate_rows *report)
{
    const char *to = migrate_rows_value_text(report, "to");
    size_t applied = 0, rolled_back = 0, recorded = 0;
    for (size_t i = 0; i < migrate_rows_count(report); i++)
        *(is_record(report, i) ? &recorded : is_down(report, i) ? &rolled_back : &applied) += 1;
    if (applied)
        fprintf(cli->out, "%zu applied; ", applied);
    if (rolled_back)
        fprintf(cli->out, "%zu rolled back; ", rolled_back);
    if (recorded)
        fprintf(cli->out, "%zu recorded without being run; ", recorded);
    if (migrate_rows_count(report) == 0)
        fputs(code == MIGRATE_STOPPED ? "Nothing was done; " : "Nothing to do; ", cli->out);
    fprintf(cli->out, "the database is at %s.\n", to && *to ? to : "nothing");
}

static void report_text(struct cli *cli, int32_t code, const migrate_rows *report)
{
    report_table(cli, report);
    report_summary(cli, code, report);
    if (migrate_rows_value_text(report, "backup"))
        output_note(cli, "What was there before is kept in %s", table_clean(migrate_rows_value_text(report, "backup")));
    if (code == MIGRATE_STOPPED) {
        output_note(cli, "Stopped before everything was done.");
        output_next(cli, "up");
    } else if (migrate_rows_count(report)) {
        output_next(cli, "status");
    }
}

int run_report(struct cli *cli, int32_t code, const migrate_rows *report)
{
    events_end_line(cli);
    if (output_is_json(cli))
        output_document(cli, report, code == MIGRATE_STOPPED ? "\"stopped\":true" : NULL);
    else if (!cli->quiet)
        report_text(cli, code, report);
    if (code == MIGRATE_STOPPED && signals_received())
        return output_exit_code(code);
    return code == MIGRATE_STOPPED && cli->arguments.flags[FLAG_EXIT_CODE] ? EXIT_PENDING : EXIT_DONE;
}

/* ---- asking ---- */

/* Asks on a terminal, and nowhere else: a script that says down means it. */
static bool confirmed(struct cli *cli, const migrate_rows *rows)
{
    char answer[16];
    size_t count = migrate_rows_count(rows);
    if (cli->arguments.flags[FLAG_YES] || !cli->interactive || count == 0)
        return true;
    events_end_line(cli);
    for (size_t i = 0; i < count; i++)
        fprintf(stderr, "  %s %s\n", rows_cell(rows, i, "direction"), table_clean(rows_cell(rows, i, "id")));
    fprintf(stderr, "Roll back %zu migration%s? [y/N] ", count, count == 1 ? "" : "s");
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int not_confirmed(const struct cli *cli)
{
    if (signals_received())
        return output_exit_code(MIGRATE_STOPPED);
    return output_fail(cli, EXIT_REFUSED, "refused", "not confirmed; nothing was changed");
}

static int need_yes(const struct cli *cli)
{
    if (cli->arguments.flags[FLAG_YES] || cli->arguments.flags[FLAG_DRY_RUN])
        return EXIT_DONE;
    return output_fail(cli, EXIT_REFUSED, "refused", "rolling everything back needs --yes");
}

/* ---- moving ---- */

/* Which way a command may go: `up --to X` must not roll back because X is behind the database. */
enum way { WAY_UP, WAY_DOWN, WAY_ANY };

static int check_way(const struct cli *cli, const migrate_rows *rows, enum way way)
{
    const char *direction = migrate_rows_value_text(rows, "direction");
    if (migrate_rows_count(rows) == 0 || way == WAY_ANY || !direction)
        return EXIT_DONE;
    bool down = strcmp(direction, "down") == 0;
    if (down == (way == WAY_DOWN))
        return EXIT_DONE;
    return output_fail(cli, EXIT_FINDINGS, "target",
                       "the target is %s the database's last migration; use %s or goto",
                       down ? "before" : "behind", down ? "down" : "up");
}

static int run_plan(struct cli *cli, const migrate_plan *plan, const migrate_rows *rows,
                    migrate_rows **out_report)
{
    const char *direction = migrate_rows_value_text(rows, "direction");
    migrate_error *error = NULL;
    if (direction && strcmp(direction, "down") == 0 && !confirmed(cli, rows))
        return not_confirmed(cli);
    int32_t code = migrate_apply(cli->session, plan, out_report, &error);
    if (code < 0)
        return output_error(cli, error);
    return run_report(cli, code, *out_report);
}

/* Plans, shows or runs, reports. */
static int move(struct cli *cli, const char *target, enum way way)
{
    migrate_plan *plan = NULL;
    migrate_rows *rows = NULL, *report = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    if (migrate_plan_make(cli->session, target, &plan, &error) < 0 ||
        migrate_plan_rows(plan, &rows, &error) < 0) {
        result = output_error(cli, error);
        goto out;
    }
    result = check_way(cli, rows, way);
    if (result != EXIT_DONE)
        goto out;
    const char *dry = cli->arguments.flags[FLAG_DRY_RUN];
    if (dry && strcmp(dry, "execute") == 0)
        result = rehearse_plan(cli, plan);
    else if (dry || cli->arguments.command == COMMAND_PLAN)
        result = plan_show(cli, plan);
    else
        result = run_plan(cli, plan, rows, &report);
out:
    migrate_rows_free(report);
    migrate_rows_free(rows);
    migrate_plan_free(plan);
    return result;
}

/* The number of steps in the first word, with or without its sign; NULL if it is none. */
static const char *steps(const struct cli *cli, char sign)
{
    const char *word = cli->arguments.words[0];
    word += *word == sign;
    return cli_all_digits(word) && strspn(word, "0") < strlen(word) ? word : NULL;
}

/* More than one of a word, --to, --only, --all. */
static int check_targets(const struct cli *cli)
{
    const char *const *flags = cli->arguments.flags;
    size_t given = cli->arguments.word_count + (flags[FLAG_TO] != NULL) + (flags[FLAG_ONLY] != NULL) +
                   (flags[FLAG_ALL] != NULL);
    return given > 1 ? output_usage(cli, "only one target can be given") : EXIT_DONE;
}

/* Everything pending in one call, which plans for itself: the common case costs one look. */
static int up_everything(struct cli *cli)
{
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_apply(cli->session, NULL, &report, &error);
    result = code < 0 ? output_error(cli, error) : run_report(cli, code, report);
    migrate_rows_free(report);
    return result;
}

int command_up(struct cli *cli)
{
    const struct arguments *arguments = &cli->arguments;
    const char *target = arguments->flags[FLAG_TO];
    int result = check_targets(cli);
    if (result != EXIT_DONE)
        return result;
    if (arguments->word_count && strcmp(arguments->words[0], "head") != 0) {
        const char *number = steps(cli, '+');
        if (!number)
            return output_usage(cli, "up takes a number of steps; up to a migration: up --to %s",
                                arguments->words[0]);
        target = cli_format("+%s", number);
    }
    if (!target && !arguments->flags[FLAG_DRY_RUN])
        return up_everything(cli);
    return move(cli, target, WAY_UP);
}

int command_down(struct cli *cli)
{
    const struct arguments *arguments = &cli->arguments;
    const char *target = arguments->flags[FLAG_TO];
    int result = check_targets(cli);
    if (result != EXIT_DONE)
        return result;
    if (arguments->flags[FLAG_ONLY])
        target = cli_format("only:%s", arguments->flags[FLAG_ONLY]);
    else if (arguments->flags[FLAG_ALL] ||
             (arguments->word_count && strcmp(arguments->words[0], "base") == 0))
        target = "empty";
    else if (arguments->word_count) {
        const char *number = steps(cli, '-');
        if (!number)
            return output_usage(cli, "down takes a number of steps; down to a migration: down --to %s",
                                arguments->words[0]);
        target = cli_format("-%s", number);
    } else if (!target) {
        target = "-1";
    }
    if (strcmp(target, "empty") == 0)
        result = need_yes(cli);
    return result == EXIT_DONE ? move(cli, target, WAY_DOWN) : result;
}

int command_goto(struct cli *cli)
{
    const char *target = cli->arguments.words[0];
    int result = strcmp(target, "empty") == 0 ? need_yes(cli) : EXIT_DONE;
    return result == EXIT_DONE ? move(cli, target, WAY_ANY) : result;
}

int command_plan(struct cli *cli)
{
    const char *target = cli->arguments.flags[FLAG_TO];
    int result = check_targets(cli);
    if (result != EXIT_DONE)
        return result;
    if (cli->arguments.word_count)
        target = cli_all_digits(cli->arguments.words[0]) ? cli_format("+%s", cli->arguments.words[0])
                                                         : cli->arguments.words[0];
    return move(cli, target, WAY_ANY);
}

/* ---- redo ---- */

/* Rolls the last ones back. newest: up to which the way back goes; NULL if there is nothing. */
static int redo_down(struct cli *cli, const char *target, const char **out_newest, size_t *out_count,
                     migrate_rows **out_report)
{
    migrate_plan *plan = NULL;
    migrate_rows *rows = NULL;
    migrate_error *error = NULL;
    int result = EXIT_DONE;
    if (migrate_plan_make(cli->session, target, &plan, &error) < 0 ||
        migrate_plan_rows(plan, &rows, &error) < 0) {
        result = output_error(cli, error);
        goto out;
    }
    for (size_t i = migrate_rows_count(rows); i-- > 0;) {
        if (strcmp(rows_cell(rows, i, "kind"), "versioned") == 0) {
            *out_newest = cli_copy(rows_cell(rows, i, "id"));
            ++*out_count;
        }
    }
    if (!confirmed(cli, rows)) {
        result = not_confirmed(cli);
        goto out;
    }
    int32_t code = migrate_apply(cli->session, plan, out_report, &error);
    if (code < 0)
        result = output_error(cli, error);
    else if (code == MIGRATE_STOPPED)
        result = run_report(cli, code, *out_report);
out:
    migrate_rows_free(rows);
    migrate_plan_free(plan);
    return result;
}

/* Applies one of them again: by its id alone, so that nothing else that is pending comes along. */
static int redo_up(struct cli *cli, const char *id, migrate_rows **out_report)
{
    migrate_plan *plan = NULL;
    migrate_error *error = NULL;
    int32_t code = migrate_plan_make(cli->session, id, &plan, &error);
    if (code >= 0)
        code = migrate_apply(cli->session, plan, out_report, &error);
    migrate_plan_free(plan);
    if (code >= 0 && code != MIGRATE_STOPPED)
        return EXIT_DONE;
    int result = code < 0 ? output_error(cli, error) : output_exit_code(code);
    output_note(cli, "What was rolled back is not applied again yet.");
    output_next(cli, "up");
    return result;
}

static int redo_all(struct cli *cli, const char *target)
{
    const char *newest = NULL;
    size_t count = 0;
    migrate_rows *down = NULL, *up = NULL;
    int result = redo_down(cli, target, &newest, &count, &down);
    if (result == EXIT_DONE && !output_is_json(cli) && !cli->quiet)
        report_table(cli, down);
    if (result == EXIT_DONE && newest)
        result = redo_up(cli, newest, &up);
    if (result == EXIT_DONE) {
        events_end_line(cli);
        if (output_is_json(cli)) {
            result = output_json_line(cli, cli_format("\"rolled_back\":%s,\"applied\":%s", output_rows_json(down),
                                                      up ? output_rows_json(up) : "null"));
        } else if (!cli->quiet) {
            if (up)
                report_table(cli, up);
            fprintf(cli->out, "%zu rolled back and applied again.\n", count);
        }
    }
    migrate_rows_free(down);
    migrate_rows_free(up);
    return result;
}

int command_redo(struct cli *cli)
{
    const char *number = "1";
    if (cli->arguments.word_count && !(number = steps(cli, '-')))
        return output_usage(cli, "redo takes a number of steps, not %s", cli->arguments.words[0]);
    int result = run_open(cli);
    return result == EXIT_DONE ? redo_all(cli, cli_format("-%s", number)) : result;
}
