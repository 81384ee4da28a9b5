/* SPDX-License-Identifier: MIT
 * The verbs around the data: protect, reset. */
#include "migratectl.h"

#include <string.h>

/* ---- protect ---- */

int command_protect(struct cli *cli)
{
    const char *reason = migrate_options_get(cli->options, "reason");
    bool off = cli->arguments.flags[FLAG_OFF] != NULL;
    migrate_rows *report = NULL;
    migrate_error *error = NULL;
    if (!reason || !*reason)
        return output_usage(cli, "protect needs --reason: it stays in the history");
    int result = run_open(cli);
    if (result != EXIT_DONE)
        return result;
    int32_t code = migrate_protect(cli->session, !off, reason, &report, &error);
    if (code < 0)
        return output_error(cli, error);
    events_end_line(cli);
    if (output_is_json(cli))
        output_document(cli, report, off ? "\"protected\":false" : "\"protected\":true");
    else if (!cli->quiet)
        fprintf(cli->out, "The database is %s%s.\n", migrate_rows_count(report) ? "" : "already ",
                off ? "not protected" : "protected: what may lose data needs --confirm with its name");
    migrate_rows_free(report);
    return EXIT_DONE;
}

/* ---- reset ---- */

/* The name has to be given, or typed: what is rolled back here is everything. */
static bool named(struct cli *cli, const char *name)
{
    const char *given = migrate_options_get(cli->options, "confirm");
    char answer[256];
    if (given || !cli->interactive)
        return given && strcmp(given, name) == 0;
    events_end_line(cli);
    fprintf(stderr, "This rolls back every migration of %s, and all its data go. Type its name to go on: ", table_clean(name));
    fflush(stderr);
    if (!fgets(answer, sizeof answer, stdin))
        return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return strcmp(answer, name) == 0;
}

static int may_reset(struct cli *cli)
{
    migrate_rows *status = NULL;
    migrate_error *error = NULL;
    if (migrate_status(cli->session, &status, &error) < 0)
        return output_error(cli, error);
    const char *name = migrate_rows_value_text(status, "confirm");
    int result = EXIT_DONE;
    if (migrate_rows_value_int(status, "protected"))
        result = output_fail(cli, EXIT_REFUSED, "refused", "%s is protected, and reset is for development; nothing was changed", name);
    else if (!named(cli, name))
        result = output_fail(cli, EXIT_REFUSED, "refused", "reset needs the database's name: --confirm '%s'; nothing was changed", name);
    migrate_rows_free(status);
    return result;
}

/* Through a plan, so that what has no way back is told before anything goes. */
static int all_back(struct cli *cli, migrate_rows **out_report)
{
    migrate_plan *plan = NULL;
    migrate_error *error = NULL;
    int32_t code = migrate_plan_make(cli->session, "empty", &plan, &error);
    if (code >= 0)
        code = migrate_apply(cli->session, plan, out_report, &error);
    migrate_plan_free(plan);
    if (code < 0)
        return output_error(cli, error);
    return code == MIGRATE_STOPPED ? run_report(cli, code, *out_report) : EXIT_DONE;
}

int command_reset(struct cli *cli)
{
    migrate_rows *down = NULL, *up = NULL;
    migrate_error *error = NULL;
    int result = run_open(cli);
    if (result == EXIT_DONE)
        result = may_reset(cli);
    if (result == EXIT_DONE)
        result = all_back(cli, &down);
    if (result == EXIT_DONE) {
        int32_t code = migrate_apply(cli->session, NULL, &up, &error);
        result = code < 0 ? output_error(cli, error) : code == MIGRATE_STOPPED ? run_report(cli, code, up) : EXIT_DONE;
    }
    if (result == EXIT_DONE && output_is_json(cli)) {
        result = output_json_line(cli, cli_format("\"rolled_back\":%s,\"applied\":%s", output_rows_json(down), output_rows_json(up)));
    } else if (result == EXIT_DONE && !cli->quiet) {
        events_end_line(cli);
        fprintf(cli->out, "%lld rolled back, %lld applied anew.\n", (long long)migrate_rows_value_int(down, "rolled_back"),
                (long long)migrate_rows_value_int(up, "applied"));
    }
    migrate_rows_free(down);
    migrate_rows_free(up);
    return result;
}
