/* SPDX-License-Identifier: MIT
 * The schema of a session's database, and scratch databases to try things in. */
#ifndef CORE_SCHEMA_H
#define CORE_SCHEMA_H

#include "core/session.h"
#include "schema/changes.h"

/* What belongs to the schema, as the options say (snapshot.c). */
struct database_facts_wish session_facts_wish(const migrate_session *session);
int32_t session_facts(migrate_session *session, struct facts *out, migrate_error **err);

/* ---- scratch.c ---- */

/* A session on an empty scratch database like the given session's, with the same migrations; what the options say of the real
 * database (guards, generated rollbacks, fingerprints, waiting) does not hold there, and its events are not told. The watch is shared:
 * a cancel ends both. MIGRATE_ERROR_SHADOW: none is to be had. */
int32_t scratch_open(migrate_session *like, migrate_session **out, migrate_error **err);
/* Closes it; the database goes. NULL is fine. */
void scratch_close(migrate_session *scratch);
/* Applies the source's migrations up to a target (see migrate_apply()). */
int32_t scratch_migrate(migrate_session *scratch, const char *target, migrate_error **err);
/* Applies these migrations of the source in this order; what is applied there already is left out. */
int32_t scratch_apply(migrate_session *scratch, const struct migration *const *list, size_t count, migrate_error **err);
/* Applies one, whether it is applied or not: a repeatable one. */
int32_t scratch_repeat(migrate_session *scratch, const struct migration *migration, migrate_error **err);
/* Rolls the last one back, with the text of the source, or the one that was generated. */
int32_t scratch_rollback(migrate_session *scratch, migrate_error **err);
/* Another value for an option of the scratch session's own. */
int32_t scratch_option(migrate_session *scratch, const char *key, const char *value, migrate_error **err);
/* Applies those that count as applied in the other session's history, in that order. */
int32_t scratch_replay(migrate_session *scratch, migrate_session *like, migrate_error **err);
/* Runs SQL text as a migration's would be (COPY, several transactions). name: for messages. */
int32_t scratch_run(migrate_session *scratch, const char *name, const char *sql, migrate_error **err);
/* Makes the schema that the options of the session declare, there. MIGRATE_ERROR_OPTION: none is declared. */
int32_t scratch_declare(migrate_session *scratch, const migrate_session *like, migrate_error **err);

#endif
