/* SPDX-License-Identifier: MIT
 * The verbs generate and generate_down: migrations from schemas. */
#include "core/verbs.h"

int32_t verb_generate(migrate_session *session, const char *to, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)to;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}

int32_t verb_generate_down(migrate_session *session, const char *id, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)id;
    (void)out;
    return error_set(err, MIGRATE_ERROR_INTERNAL, "not written yet");
}
