/* SPDX-License-Identifier: MIT
 * Online safety: what a migration would do to a database that is at work, found while it runs in a scratch database (observe.h). */
#ifndef CORE_ONLINE_H
#define CORE_ONLINE_H

#include "check/findings.h"
#include "core/observe.h"

struct online;

/* session: the one that migrations are checked for; with `live`, the sizes of its tables scale the findings (it is only read, outside of
 * transactions of its own). scratch: where they are observed. Findings are added with the severity that fits; ignoring and the option
 * `rules` are the caller's. Everything given outlives it. */
int32_t online_new(migrate_session *session, bool live, migrate_session *scratch, struct findings *findings, struct online **out,
                   migrate_error **err);
/* For observing.observers: one observer for all migrations of one scratch database, in their order. */
struct observer online_observer(struct online *online);
void online_free(struct online *online); /* NULL is fine; before the scratch database is closed */

#endif
