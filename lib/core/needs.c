/* SPDX-License-Identifier: MIT
 * Gathers what migrations make, change, drop and need, see needs.h. */
#include "core/needs.h"

#include "util/memory.h"

struct needs {
    migrate_session *session;
};

int32_t needs_open(migrate_session *session, struct needs **out, migrate_error **err)
{
    struct needs *needs = memory_new(sizeof *needs);
    if (!needs)
        return error_nomem(err);
    needs->session = session;
    *out = needs;
    return MIGRATE_OK;
}

void needs_free(struct needs *needs)
{
    memory_free(needs);
}

struct observer needs_observer(struct needs *needs)
{
    return (struct observer){.user = needs};
}

int32_t needs_guess(struct needs *needs, const struct migration *migration, migrate_error **err)
{
    (void)needs;
    (void)migration;
    (void)err;
    return MIGRATE_OK;
}

int32_t needs_ours(struct needs *needs, const struct migration *migration, migrate_error **err)
{
    (void)needs;
    (void)migration;
    (void)err;
    return MIGRATE_OK;
}

int32_t needs_theirs(struct needs *needs, const struct source *source, const struct migration *migration, migrate_error **err)
{
    (void)needs;
    (void)source;
    (void)migration;
    (void)err;
    return MIGRATE_OK;
}

int32_t needs_findings(struct needs *needs, struct findings *findings, struct text *order, migrate_error **err)
{
    (void)needs;
    (void)findings;
    (void)order;
    (void)err;
    return MIGRATE_OK;
}

bool needs_explained(const struct needs *needs, const char *id)
{
    (void)needs;
    (void)id;
    return false;
}
