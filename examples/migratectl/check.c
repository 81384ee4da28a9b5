/* SPDX-License-Identifier: MIT
 * `migratectl check`: is the database up to date, and what is wrong with the migrations? */
#include "migratectl.h"

#include <string.h>

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* ---- what is asked for ---- */

static const char *flag(const struct cli *cli, enum flag flag)
{
    return cli->arguments.flags[flag];
}

static bool has_url(const struct cli *cli)
{
    const char *url = migrate_options_get(cli->options, "url");
    return url && *url;
}

/* The mode is check whatever the environment says for the application; only a flag may ask to wait. */
static int check_mode(struct cli *cli, bool *wait)
{
    const char *mode = "check";
    migrate_error *error = NULL;
    for (size_t i = 0; i < cli->arguments.option_count; i++)
        if (is(cli->arguments.options[i].key, "mode"))
            mode = cli->arguments.options[i].value;
    if (!is(mode, "check") && !is(mode, "wait"))
        return output_usage(cli, "check never writes: --mode is check or wait, not %s", mode);
    *wait = is(mode, "wait");
    if (migrate_options_set(cli->options, "mode", mode, &error) != MIGRATE_OK)
        return output_error(cli, error);
    return EXIT_DONE;
}

static int check_flags(const struct cli *cli, bool alone, bool wait)
{
    static const enum flag of_database[] = {FLAG_DATABASE, FLAG_DRIFT, FLAG_TO, FLAG_ANSWER};
    const char *fail_on = flag(cli, FLAG_FAIL_ON);
    if (fail_on && !is(fail_on, "error") && !is(fail_on, "warning") && !is(fail_on, "info"))
        return output_usage(cli, "--fail-on is error, warning or info, not %s", fail_on);
    for (size_t i = 0; alone && (flag(cli, FLAG_FILES) || flag(cli, FLAG_AGAINST)) && i < sizeof of_database / sizeof *of_database; i++)
        if (flag(cli, of_database[i]))
            return output_usage(cli, "--%s asks the database, and --%s looks at the files alone", flags_name(of_database[i]),
                                flags_name(flag(cli, FLAG_FILES) ? FLAG_FILES : FLAG_AGAINST));
    if (flag(cli, FLAG_ANSWER) && flag(cli, FLAG_DATABASE))
        return output_usage(cli, "--answer looks for no findings, and --database asks for more of them");
    if (alone && wait)
        return output_usage(cli, "--mode wait needs a database");
    if ((wait || flag(cli, FLAG_ANSWER)) && cli->format == FORMAT_GITHUB)
        return output_usage(cli, "--format github shows findings, and only an answer was asked for");
    return EXIT_DONE;
}

/* With --to FILE the file is declared before the session opens. */
static int check_declare(struct cli *cli)
{
    const char *file = flag(cli, FLAG_TO), *sql = NULL;
    return file && !is(file, "-") ? generate_declare(cli, file, &sql) : EXIT_DONE;
}

/* ---- the answer ---- */

static void show_answer(struct cli *cli, const migrate_rows *report)
{
    long long pending = migrate_rows_value_int(report, "pending");
    const char *at = migrate_rows_value_text(report, "to");
    if (cli->quiet || output_is_json(cli) || cli->format == FORMAT_GITHUB)
        return;
    fputs(pending ? cli_format("%lld pending; ", pending) : "Up to date; ", cli->out);
    fprintf(cli->out, "the database is at %s.\n", at && *at ? at : "nothing");
    if (pending)
        output_next(cli, "plan");
}

/* A member of the document; a value that is not there leaves none. */
static const char *member(const char *before, const char *name, const char *json)
{
    return json ? cli_format("%s%s\"%s\":%s", before, *before ? "," : "", name, json) : before;
}

/* What was asked of the database besides; the worst exit code. */
static int check_others(struct cli *cli, const char **members)
{
    int drifted = EXIT_DONE, differs = EXIT_DONE;
    const char *drift = NULL, *schema = NULL;
    if (flag(cli, FLAG_DRIFT))
        drifted = diff_check(cli, &drift);
    if (flag(cli, FLAG_TO))
        differs = generate_check(cli, &schema);
    *members = member(member(*members, "drift", drift), "schema", schema);
    return drifted != EXIT_DONE ? drifted : differs;
}

static bool is_answer(int result)
{
    return result == EXIT_DONE || result == EXIT_FINDINGS || result == EXIT_PENDING;
}

/* Findings go before what is pending. */
static int worse(int a, int b)
{
    return a == EXIT_FINDINGS || b == EXIT_FINDINGS ? EXIT_FINDINGS : a != EXIT_DONE ? a : b;
}

/* An error of the state, or of the source, is only the first of them: the findings name all. */
static int show_failure(struct cli *cli, migrate_error *error)
{
    int32_t code = migrate_error_code(error);
    int result = output_exit_code(code);
    bool more = (result == EXIT_FINDINGS || result == EXIT_AHEAD) && !flag(cli, FLAG_ANSWER);
    const char *found = NULL;
    if (more && output_is_json(cli)) { /* one document has both */
        findings_check(cli, "source", &found);
        return output_error_with(cli, error, found ? cli_format("\"answer\":null,\"findings\":%s", found) : NULL);
    }
    result = output_error(cli, error);
    if (more)
        findings_check(cli, "source", NULL);
    return result;
}

static int check_database(struct cli *cli, bool wait)
{
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    const char *members = "", *found = NULL;
    int result = check_declare(cli), findings = EXIT_DONE;
    if (result == EXIT_DONE)
        result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_startup_session(cli->session, &report, &error);
    if (code < 0)
        return show_failure(cli, error);
    events_end_line(cli);
    show_answer(cli, report);
    result = check_others(cli, &members);
    if (is_answer(result) && !wait && !flag(cli, FLAG_ANSWER))
        findings = findings_check(cli, flag(cli, FLAG_DATABASE) ? "database" : "source", &found);
    if (is_answer(result) && is_answer(findings)) {
        result = worse(worse(result, findings), code == MIGRATE_PENDING ? EXIT_PENDING : EXIT_DONE);
        if (output_is_json(cli)) {
            const char *answer = code == MIGRATE_PENDING ? "\"pending\"" : "\"current\"";
            const char *all = member(member("", "answer", answer), "findings", found);
            output_document(cli, report, *members ? cli_format("%s,%s", all, members) : all);
        }
    } else if (is_answer(result)) {
        result = findings;
    }
    migrate_rows_free(report);
    return result;
}

/* ---- the files alone ---- */

static int check_files(struct cli *cli)
{
    const char *found = NULL;
    int result = findings_open_files(cli);
    if (result != EXIT_DONE)
        return result;
    result = flag(cli, FLAG_AGAINST) ? against_check(cli, &found) : findings_check(cli, NULL, &found);
    if (is_answer(result) && output_is_json(cli))
        output_json_line(cli, cli_format("\"answer\":null,\"findings\":%s", found));
    return result;
}

int command_check(struct cli *cli)
{
    bool wait = false, alone = flag(cli, FLAG_FILES) || flag(cli, FLAG_AGAINST);
    int result = check_mode(cli, &wait);
    alone = alone || (!has_url(cli) && !wait && !flag(cli, FLAG_DATABASE) && !flag(cli, FLAG_DRIFT) && !flag(cli, FLAG_TO) &&
                      !flag(cli, FLAG_ANSWER));
    if (result == EXIT_DONE)
        result = check_flags(cli, alone, wait);
    if (result != EXIT_DONE)
        return result;
    return alone ? check_files(cli) : check_database(cli, wait);
}
