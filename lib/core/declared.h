/* SPDX-License-Identifier: MIT
 * The schema that the application is written for: its facts, which take a scratch database, and what the history remembers of having
 * found all of it, which takes none. */
#ifndef CORE_DECLARED_H
#define CORE_DECLARED_H

#include "core/schema.h"

/* Made once for a session, which keeps them. */
int32_t declared_facts(migrate_session *session, const struct facts **out, migrate_error **err);

/* Of the text; "" where code declares it, which may say something else tomorrow. */
int32_t declared_digest(const migrate_session *session, char out[DIGEST_HEX], migrate_error **err);

/* An earlier run found nothing missing of the same text, and the schema is what it was then. table: there is a history. */
int32_t declared_known(migrate_session *session, bool table, bool *out, migrate_error **err);

#endif
