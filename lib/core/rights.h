/* SPDX-License-Identifier: MIT
 * Errors about a lack of rights: what the role may not do, the exact GRANT, and the way out for a role that shall not have it. */
#ifndef CORE_RIGHTS_H
#define CORE_RIGHTS_H

#include "core/session.h"

#define RIGHTS_MIGRATOR "; or let another process with these rights migrate, and start this one with mode=wait"

/* The hint: what to GRANT (a printf form of the engine's) on the object to the role that is at work. */
void rights_hint(migrate_session *session, const char *grant, const char *object, migrate_error **err);
/* The error "may not VERB the history table" in the place of the database's own. */
int32_t rights_error(migrate_session *session, const char *verb, const char *grant, const char *object, migrate_error **err);

#endif
