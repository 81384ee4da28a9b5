/* SPDX-License-Identifier: MIT
 * The verb diff: what was changed by somebody else than the migrations. */
#include "core/verbs.h"

int32_t verb_diff(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}
