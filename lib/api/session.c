/* SPDX-License-Identifier: MIT
 * The exported functions of sessions, plans and runs. */
#include "api/api.h"
#include "core/verbs.h"

int32_t migrate_open(const char *url, const migrate_options *options, migrate_session **out_session, migrate_error **out_err)
{
    API_NEED(out_session);
    return api_result(session_open(url, options, out_session, out_err), out_err);
}

int32_t migrate_open_handle(migrate_client *client, void *handle, const migrate_options *options,
                            migrate_session **out_session, migrate_error **out_err)
{
    API_NEED(client);
    API_NEED(handle);
    API_NEED(out_session);
    return api_result(session_open_handle(client, handle, options, out_session, out_err), out_err);
}

int32_t migrate_open_host(migrate_driver *driver, const migrate_options *options, migrate_session **out_session,
                          migrate_error **out_err)
{
    API_NEED(driver);
    API_NEED(out_session);
    return api_result(session_open_host(driver, options, out_session, out_err), out_err);
}

int32_t migrate_open_files(const char *engine, const migrate_options *options, migrate_session **out_session, migrate_error **out_err)
{
    API_NEED(out_session);
    return api_result(session_open_files(engine, options, out_session, out_err), out_err);
}

void migrate_close(migrate_session *session)
{
    session_close(session);
}

int32_t migrate_plan_make(migrate_session *session, const char *target, migrate_plan **out_plan, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_plan);
    return api_result(verb_plan(session, target, out_plan, out_err), out_err);
}

int32_t migrate_plan_rows(const migrate_plan *plan, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(plan);
    API_NEED(out_rows);
    return api_result(plan_rows(plan, out_rows, out_err), out_err);
}

int32_t migrate_plan_findings(const migrate_plan *plan, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(plan);
    API_NEED(out_rows);
    return api_result(plan_findings(plan, out_rows, out_err), out_err);
}

int32_t migrate_plan_sql(const migrate_plan *plan, char **out_sql, migrate_error **out_err)
{
    API_NEED(plan);
    API_NEED(out_sql);
    return api_result(verb_plan_sql(plan, out_sql, out_err), out_err);
}

void migrate_plan_free(migrate_plan *plan)
{
    plan_free(plan);
}

int32_t migrate_apply(migrate_session *session, const migrate_plan *plan, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_apply(session, plan, out_report, out_err), out_err);
}

int32_t migrate_rollback(migrate_session *session, const char *target, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_rollback(session, target, out_report, out_err), out_err);
}

int32_t migrate_history(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_history(session, out_rows, out_err), out_err);
}

int32_t migrate_snapshot(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_snapshot(session, out_rows, out_err), out_err);
}

int32_t migrate_verify(migrate_session *session, const char *target, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_verify(session, target, out_rows, out_err), out_err);
}

int32_t migrate_rehearse(migrate_session *session, const migrate_plan *plan, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_rehearse(session, plan, out_rows, out_err), out_err);
}

int32_t migrate_diff(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_diff(session, out_rows, out_err), out_err);
}

int32_t migrate_generate(migrate_session *session, const char *to, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_generate(session, to, out_rows, out_err), out_err);
}

int32_t migrate_generate_down(migrate_session *session, const char *id, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(id);
    API_NEED(out_rows);
    return api_result(verb_generate_down(session, id, out_rows, out_err), out_err);
}

int32_t migrate_reconcile(migrate_session *session, const char *mode, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(mode);
    return api_result(verb_reconcile(session, mode, out_report, out_err), out_err);
}

int32_t migrate_status(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_status(session, out_rows, out_err), out_err);
}

int32_t migrate_check(migrate_session *session, const char *depth, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_check(session, depth, out_rows, out_err), out_err);
}

int32_t migrate_check_against(migrate_session *session, const char *dir, const char *base, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(dir);
    API_NEED(out_rows);
    return api_result(verb_check_against(session, dir, base, out_rows, out_err), out_err);
}

int32_t migrate_check_rules(migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(out_rows);
    return api_result(verb_check_rules(out_rows, out_err), out_err);
}

int32_t migrate_graph(migrate_session *session, const char *of, const char *at, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_graph(session, of, at, out_rows, out_err), out_err);
}

int32_t migrate_backup(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_backup(session, out_rows, out_err), out_err);
}

int32_t migrate_backups(migrate_session *session, migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_rows);
    return api_result(verb_backups(session, out_rows, out_err), out_err);
}

int32_t migrate_restore(migrate_session *session, const char *file, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_restore(session, file, out_report, out_err), out_err);
}

int32_t migrate_protect(migrate_session *session, int32_t on, const char *reason, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_protect(session, on != 0, reason, out_report, out_err), out_err);
}

int32_t migrate_mark(migrate_session *session, const char *as, const char *id, const char *reason, migrate_rows **out_report,
                     migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(as);
    return api_result(verb_mark(session, as, id, reason, out_report, out_err), out_err);
}

int32_t migrate_baseline(migrate_session *session, const char *target, const char *reason, migrate_rows **out_report,
                         migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_baseline(session, target, NULL, NULL, reason, out_report, out_err), out_err);
}

int32_t migrate_baseline_from_table(migrate_session *session, const char *table, const char *column, const char *reason,
                                    migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(table);
    API_NEED(column);
    return api_result(verb_baseline(session, NULL, table, column, reason, out_report, out_err), out_err);
}

int32_t migrate_run_begin(migrate_session *session, const migrate_plan *plan, migrate_run **out_run, migrate_error **out_err)
{
    API_NEED(session);
    API_NEED(out_run);
    return api_result(verb_run_begin(session, plan, out_run, out_err), out_err);
}

int32_t migrate_run_step(migrate_run *run, migrate_error **out_err)
{
    API_NEED(run);
    return api_result(run_step(run, out_err), out_err);
}

int32_t migrate_run_end(migrate_run *run, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(run);
    return api_result(run_end(run, out_report, out_err), out_err);
}

int32_t migrate_startup(const char *url, const migrate_options *options, migrate_rows **out_report, migrate_error **out_err)
{
    return api_result(verb_startup_url(url, options, out_report, out_err), out_err);
}

int32_t migrate_startup_session(migrate_session *session, migrate_rows **out_report, migrate_error **out_err)
{
    API_NEED(session);
    return api_result(verb_startup(session, out_report, out_err), out_err);
}
