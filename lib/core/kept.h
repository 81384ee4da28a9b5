/* SPDX-License-Identifier: MIT
 * What earlier runs left of the schema: the newest fingerprint in the history, and the facts behind it in a table beside it. */
#ifndef CORE_KEPT_H
#define CORE_KEPT_H

#include "core/session.h"

/* The newest fingerprint of any module: each run leaves one of the whole schema. */
struct vouched {
    char *module, *fingerprint; /* NULL: there is none */
    int64_t seq;
    bool stale;        /* something changed the schema since, as rows behind it say, and left none */
    bool history;      /* there is a history ... */
    char *others;      /* ... with rows of these modules too, quoted; NULL: of no other */
};
int32_t vouched_look(migrate_session *session, struct vouched *out, migrate_error **err);
void vouched_free(struct vouched *vouched);

/* The table's name, quoted. MIGRATE_ERROR_OPTION: the history's is too long for a longer one beside it. */
int32_t kept_name(const migrate_session *session, struct text *out, migrate_error **err);
/* In the place of what this module kept, inside the open transaction. Makes the table if it is absent. */
int32_t kept_write(migrate_session *session, int64_t seq, const struct facts *facts, migrate_error **err);
/* The hint for a role that may not: what to GRANT. Outside of transactions it knows the role. */
void kept_rights_hint(migrate_session *session, migrate_error **err);
/* The facts behind a fingerprint. *found: they are there, all of them. */
int32_t kept_read(migrate_session *session, const struct vouched *vouched, struct facts *out, bool *found, migrate_error **err);

#endif
