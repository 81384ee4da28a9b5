/* SPDX-License-Identifier: MIT
 * The verb restore: the contents of a backup come back. */
#include "core/verbs.h"

int32_t verb_restore(migrate_session *session, const char *file, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)file;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "restore is not there yet");
}
