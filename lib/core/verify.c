/* SPDX-License-Identifier: MIT
 * The verb verify: do rollback texts lead back? Up, down and up again in a scratch database. */
#include "core/verbs.h"

int32_t verb_verify(migrate_session *session, const char *target, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)target;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}
