/* SPDX-License-Identifier: MIT
 * The verb reconcile, and what start-up does behind the migrations: what is missing of the declared schema is added. */
#include "core/verbs.h"

int32_t verb_reconcile(migrate_session *session, const char *mode, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)mode;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}
