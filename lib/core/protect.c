/* SPDX-License-Identifier: MIT
 * The verb protect: a database is marked as one whose data are precious. */
#include "core/verbs.h"

int32_t verb_protect(migrate_session *session, bool on, const char *reason, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)on;
    (void)reason;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "protect is not there yet");
}
