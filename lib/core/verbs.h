/* SPDX-License-Identifier: MIT
 * The verbs behind the public functions. */
#ifndef CORE_VERBS_H
#define CORE_VERBS_H

#include "core/run.h"

int32_t verb_plan(migrate_session *session, const char *target, migrate_plan **out, migrate_error **err);
int32_t verb_plan_sql(const migrate_plan *plan, char **out, migrate_error **err);                             /* plan_sql.c */
int32_t verb_apply(migrate_session *session, const migrate_plan *plan, migrate_rows **out, migrate_error **err);
int32_t verb_rollback(migrate_session *session, const char *target, migrate_rows **out, migrate_error **err);
int32_t verb_run_begin(migrate_session *session, const migrate_plan *plan, migrate_run **out, migrate_error **err);
int32_t verb_history(migrate_session *session, migrate_rows **out, migrate_error **err);
int32_t verb_status(migrate_session *session, migrate_rows **out, migrate_error **err);                       /* status.c */
int32_t verb_snapshot(migrate_session *session, migrate_rows **out, migrate_error **err);                     /* snapshot.c */
int32_t verb_verify(migrate_session *session, const char *target, migrate_rows **out, migrate_error **err);     /* verify.c */
int32_t verb_rehearse(migrate_session *session, const migrate_plan *plan, migrate_rows **out, migrate_error **err); /* rehearse.c */
int32_t verb_diff(migrate_session *session, migrate_rows **out, migrate_error **err);                         /* drift.c */
int32_t verb_generate(migrate_session *session, const char *to, migrate_rows **out, migrate_error **err);     /* generate.c */
int32_t verb_generate_down(migrate_session *session, const char *id, migrate_rows **out, migrate_error **err); /* generate.c */
int32_t verb_reconcile(migrate_session *session, const char *mode, migrate_rows **out, migrate_error **err);  /* reconcile.c */
int32_t verb_check(migrate_session *session, const char *depth, migrate_rows **out, migrate_error **err);      /* check.c */
int32_t verb_check_against(migrate_session *session, const char *dir, const char *base, migrate_rows **out, migrate_error **err); /* check_against.c */
int32_t verb_check_rules(migrate_rows **out, migrate_error **err);                                           /* check.c */
int32_t verb_graph(migrate_session *session, const char *of, const char *at, migrate_rows **out, migrate_error **err); /* graph.c */
int32_t verb_backup(migrate_session *session, migrate_rows **out, migrate_error **err);                       /* backup.c */
int32_t verb_backups(migrate_session *session, migrate_rows **out, migrate_error **err);                      /* backup.c */
int32_t verb_restore(migrate_session *session, const char *file, migrate_rows **out, migrate_error **err);    /* restore.c */
int32_t verb_protect(migrate_session *session, bool on, const char *reason, migrate_rows **out, migrate_error **err); /* protect.c */
int32_t verb_mark(migrate_session *session, const char *as, const char *id, const char *reason, migrate_rows **out,
                  migrate_error **err);                                                                     /* mark.c */
int32_t verb_baseline(migrate_session *session, const char *target, const char *table, const char *column, const char *reason,
                      migrate_rows **out, migrate_error **err);                                             /* mark.c */
int32_t verb_startup(migrate_session *session, migrate_rows **out, migrate_error **err);                      /* startup.c */
int32_t verb_startup_url(const char *url, const migrate_options *options, migrate_rows **out, migrate_error **err);

#endif
