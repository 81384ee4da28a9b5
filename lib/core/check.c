/* SPDX-License-Identifier: MIT
 * The verb check: findings about the migrations, by their words, by the history, and by running them in a scratch database. */
#include "core/verbs.h"

int32_t verb_check(migrate_session *session, const char *depth, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)depth;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "check is not there yet");
}

int32_t verb_check_rules(migrate_rows **out, migrate_error **err)
{
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "check is not there yet");
}
