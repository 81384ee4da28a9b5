/* SPDX-License-Identifier: MIT
 * Sessions on scratch databases. */
#include "core/schema.h"

int32_t scratch_open(migrate_session *like, migrate_session **out, migrate_error **err)
{
    (void)like;
    (void)out;
    return error_set(err, MIGRATE_ERROR_SHADOW, "not written yet");
}

void scratch_close(migrate_session *scratch)
{
    (void)scratch;
}

int32_t scratch_migrate(migrate_session *scratch, const char *target, migrate_error **err)
{
    (void)scratch;
    (void)target;
    return error_set(err, MIGRATE_ERROR_SHADOW, "not written yet");
}

int32_t scratch_replay(migrate_session *scratch, migrate_session *like, migrate_error **err)
{
    (void)scratch;
    (void)like;
    return error_set(err, MIGRATE_ERROR_SHADOW, "not written yet");
}

int32_t scratch_run(migrate_session *scratch, const char *name, const char *sql, migrate_error **err)
{
    (void)scratch;
    (void)name;
    (void)sql;
    return error_set(err, MIGRATE_ERROR_SHADOW, "not written yet");
}

int32_t scratch_declare(migrate_session *scratch, const migrate_session *like, migrate_error **err)
{
    (void)scratch;
    (void)like;
    return error_set(err, MIGRATE_ERROR_SHADOW, "not written yet");
}
