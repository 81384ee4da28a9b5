/* SPDX-License-Identifier: MIT
 * Two schemas and the way between them: each has its facts and, where things are to be tried, a scratch database that has it. */
#ifndef CORE_SIDES_H
#define CORE_SIDES_H

#include "core/schema.h"

struct side {
    struct facts facts;
    migrate_session *scratch; /* a database that has this schema; NULL: there is none yet */
    struct facts made;        /* what a copy came out as, where that is not the same: the way begins there, then */
    bool differs;
};
void side_free(struct side *side);
void side_close(struct side *side); /* the scratch database goes, the facts stay */

/* A scratch database with that schema, and the facts that are read there. */
int32_t side_of_migrations(struct side *side, migrate_session *session, const char *target, migrate_error **err);
int32_t side_of_sql(struct side *side, migrate_session *session, const char *name, const char *sql, migrate_error **err);
int32_t side_of_declared(struct side *side, migrate_session *session, migrate_error **err);
/* The facts alone. */
int32_t side_of_database(struct side *side, migrate_session *session, migrate_error **err);
int32_t side_of_url(struct side *side, migrate_session *session, const char *url, migrate_error **err);

/* The way from one schema to another, tried in a scratch database that has the first: one is made where there is none. If the copy cannot be
 * made alike, it is proven for the copy alone, and is not called proven. own: `from` is the session's own database, which
 * its migrations may make, too. */
int32_t sides_changes(struct side *from, const struct facts *to, migrate_session *session, bool own, struct changes_wish *wish,
                      struct changes *out, migrate_error **err);
/* The scratch database of `from` once more, as it was before anything was run there; own: as above, else its migrations made it. */
int32_t side_anew(struct side *side, migrate_session *session, bool own, migrate_error **err);

#endif
