/* SPDX-License-Identifier: MIT
 * Online safety: gathers what each statement did, for the rules in check/. */
#include "core/online.h"

#include "util/memory.h"

struct online {
    migrate_session *session, *scratch;
    bool live;
    struct findings *findings;
};

int32_t online_new(migrate_session *session, bool live, migrate_session *scratch, struct findings *findings, struct online **out,
                   migrate_error **err)
{
    struct online *online = memory_new(sizeof *online);
    if (!online)
        return error_nomem(err);
    *online = (struct online){.session = session, .scratch = scratch, .live = live, .findings = findings};
    *out = online;
    return MIGRATE_OK;
}

struct observer online_observer(struct online *online)
{
    return (struct observer){.user = online};
}

void online_free(struct online *online)
{
    memory_free(online);
}
