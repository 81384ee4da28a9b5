/* SPDX-License-Identifier: MIT
 * A session: one connection, the host's options, and the build's migrations. Everything in core/ works on it. */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include "core/options.h"
#include "database/database.h"
#include "source/source.h"

#include <stdatomic.h>

/* The migrations this program was built with, shared by the session and its plans. */
struct build {
    struct source *source;
    atomic_size_t references; /* a plan may be used in another thread than its session */
    char state[DIGEST_HEX]; /* "" until build_is_state(): the state of a database that has exactly these applied */
};
void build_release(struct build *build);
/* The state that a history's newest row carries ("": none) is this build's own. */
int32_t build_is_state(struct build *build, const char *state, bool *out, migrate_error **err);

struct migrate_session {
    size_t references;         /* the host's, and one of each run that it pulls */
    migrate_options *options;
    char *url;                 /* NULL: the host's connection */
    struct database *db;
    struct database *aside;    /* the one to come back to while db leads past the pooler (direct_url); else NULL */
    bool placeholder;          /* the SQLite file does not exist yet: db is an empty one in memory until the first write */
    bool files;                /* there is no database that is meant: db is something that speaks its SQL */
    bool rows_assumed;         /* a scratch database: its tables count as if they held rows */
    struct watch watch;
    struct facts *declared;    /* of the declared schema; NULL until first needed */
    struct build *build;       /* NULL until first needed */
    char *history_name;        /* quoted, schema and table */
    const char *history_schema, *history_table; /* raw; belong to options or engine */
    int64_t waited;            /* microseconds spent on waiting so far in this call */
    size_t scratches;          /* that are open and like this one's database */
    bool apart;                /* only what is really a database counts as a scratch one */
    bool told_inside;          /* the host knows that they are inside of transactions */
    struct scratch *scratch;   /* not NULL: the database is a scratch one, see scratch.c */
    bool confined;             /* statements that reach beyond the database are refused: others' are there, too */
    const char *doing;         /* what the running call is at, for progress events */
    const char *doing_id;
    int64_t doing_since;
};

int32_t session_open(const char *url, const migrate_options *options, migrate_session **out, migrate_error **err);
int32_t session_open_handle(migrate_client *client, void *handle, const migrate_options *options, migrate_session **out,
                            migrate_error **err);
int32_t session_open_host(migrate_driver *driver, const migrate_options *options, migrate_session **out, migrate_error **err);
/* On the migrations alone, see migrate_open_files() (files.c). */
int32_t session_open_files(const char *engine, const migrate_options *options, migrate_session **out, migrate_error **err);
/* On a database that becomes the session's, and nobody's else; what bounds the work of outer's session bounds this one's, too. */
int32_t session_open_on(struct database *db, struct watch *outer, const migrate_options *options, migrate_session **out, migrate_error **err);
void session_close(migrate_session *session);

/* Every verb begins with this: the connection is usable for reading, the watch runs anew. */
int32_t session_begin(migrate_session *session, migrate_error **err);
/* The same for the few verbs that need no database: see session->files, which the others refuse. */
int32_t session_begin_files(migrate_session *session, migrate_error **err);
/* The same; a connection that has to be opened anew is waited for until then. */
int32_t session_begin_until(migrate_session *session, int64_t limit, migrate_error **err);

/* A connection that broke is opened anew, with patience until clock_monotonic() reaches limit (0: for wait_timeout). On failure there is
 * none: session->db is NULL. Leaves no deadline. */
int32_t session_reconnect(migrate_session *session, int64_t limit, migrate_error **err);

/* Something has to be written, and the server is in recovery: finds the primary among the URL's hosts, or waits until there is one
 * (patient, or the option on_standby), until limit (0: for wait_timeout). The old connection stays where that fails. */
int32_t session_need_primary(migrate_session *session, int64_t limit, bool patient, migrate_error **err);

/* Before the first write: makes a SQLite file that is absent. */
int32_t session_make(migrate_session *session, migrate_error **err);

/* From here to session_direct_end() the session works on the connection that the option direct_url leads to. */
int32_t session_direct_begin(migrate_session *session, migrate_error **err);
void session_direct_end(migrate_session *session);

/* The build's migrations, read on first use; and from where. */
struct source_options session_source_options(const migrate_session *session);
int32_t session_build(migrate_session *session, struct build **out, migrate_error **err);

/* The host asked to work inside its own open transaction, and there is one. */
bool session_embedded(const migrate_session *session);

/* A statement on the own connection did not even end when it was cancelled (it waits in a pooler): only closing helps. */
bool session_stuck(const migrate_session *session);

/* Bounds what follows: until clock_monotonic() reaches deadline (0: none). */
void session_deadline(migrate_session *session, int64_t deadline);

#endif
