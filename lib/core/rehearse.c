/* SPDX-License-Identifier: MIT
 * The verb rehearse: a plan is run for real and rolled back, with a look at locks, rewrites, scans and rows behind each statement. */
#include "core/verbs.h"

int32_t verb_rehearse(migrate_session *session, const migrate_plan *plan, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)plan;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}
