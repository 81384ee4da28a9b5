/* SPDX-License-Identifier: MIT
 * What a run does differently behind a pooler that gives each transaction another session of the server. */
#ifndef CORE_POOLER_H
#define CORE_POOLER_H

#include "core/run.h"

/* For a plan that is only looked at: the step that will be refused, as a finding. Asks the database only if there may be one. */
int32_t pooler_foresee(migrate_session *session, struct migrate_plan *plan, migrate_error **err);
/* Finds out about the pooler; then goes past it where the plan needs that, or refuses the plan. */
int32_t run_pooler(struct migrate_run *run, migrate_error **err);
/* The refusal of a step, for where it is noticed late. */
int32_t pooler_refuse(const char *id, migrate_error **err);

/* The run's transactions are its own, each with the lock. */
bool run_pooled(const struct migrate_run *run);
/* One try: begins the transaction with the lock and reads run->newest; in the host's transaction the lock alone. */
int32_t pooler_try(struct migrate_run *run, bool *got, migrate_error **err);
/* The history table, made under the lock. The run is finished if somebody else did it all meanwhile. */
int32_t pooler_create_history(struct migrate_run *run, migrate_error **err);

#endif
