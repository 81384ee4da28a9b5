/* SPDX-License-Identifier: MIT
 * Behind a pooler that gives each transaction whichever session of the server is free. What is said there ends with its
 * transaction; what a migration itself leaves in the session is taken back before COMMIT, so that whoever gets the session next finds
 * it as it was. RESET ALL would not do: it forgets what the pooler's own connect_query had set. */
#include "database/postgresql/client.h"

#include <stdio.h>

/* ---- finding one ---- */

/* A pooler gives its clients cancel keys of its own, and they look nothing like a server's process. So a difference tells of a pooler,
 * even if the same session of the server answers every time; which of its modes it works in, it does not tell. */
int32_t postgresql_find_pooler(struct database *db, bool *out, migrate_error **err)
{
    const struct postgresql_connection *c = (const struct postgresql_connection *)db;
    struct migrate_rows *rows = NULL;
    char pid[16];
    int32_t code = postgresql_query(db, "SELECT pg_catalog.pg_backend_pid()", &rows, err);

    if (code == MIGRATE_OK) {
        snprintf(pid, sizeof pid, "%d", c->pq->PQbackendPID(c->handle));
        *out = !text_equal(rows_text(rows, 0, 0), pid);
    }
    rows_free(rows);
    return code;
}

/* ---- what is said ---- */

static void lock_try(struct text *out, int64_t key)
{
    text_add(out, "SELECT pg_catalog.pg_try_advisory_xact_lock('");
    text_add_int(out, key);
    text_add(out, "'::bigint)");
}

/* The lock first; newest in a statement of its own, because a statement sees what was committed before it began. All texts of this
 * library are UTF-8, whatever a borrowed connection speaks. */
static void begin(struct text *out, int64_t key, const char *newest)
{
    text_add(out, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; "
                  "SELECT pg_catalog.set_config('libmigrate.lock', (");
    lock_try(out, key);
    text_add(out, ")::text, true), pg_catalog.set_config('client_encoding', 'UTF8', true); "
                  "SELECT pg_catalog.current_setting('libmigrate.lock')::boolean, ");
    text_add(out, newest);
}

#define SETTABLE                                                                                             \
    "s.context IN ('user', 'superuser') AND s.name NOT IN ('transaction_isolation', "                        \
    "'transaction_read_only', 'transaction_deferrable')"

/* Only what this session was told differs from what a new one would have: by connect_query, or by the pooler for its client. */
static void settings(struct text *out, const char *set_role)
{
    text_add(out, "SELECT pg_catalog.set_config('libmigrate.saved', (SELECT pg_catalog.json_object_agg(name, setting)::text "
                  "FROM (SELECT s.name, s.setting FROM pg_catalog.pg_settings s WHERE s.source = 'session' AND " SETTABLE
                  " UNION ALL SELECT 'role', pg_catalog.current_setting('role')) own), true); ");
    postgresql_begin_settings(out, set_role);
}

/* RESET ALL in a migration empties the note; then a new session's values count. */
#define SAVED "nullif(pg_catalog.current_setting('libmigrate.saved', true), '')::json"

static void restore(struct text *out, const char *set_role)
{
    text_add(out, "RESET SESSION AUTHORIZATION; "
                  "SELECT pg_catalog.set_config('role', coalesce(" SAVED " ->> 'role', 'none'), false); "
                  "SELECT pg_catalog.set_config(s.name, coalesce(o.value, s.reset_val), false) "
                  "FROM pg_catalog.pg_settings s LEFT JOIN pg_catalog.json_each_text(" SAVED ") o ON o.key = s.name "
                  "WHERE (s.source = 'session' OR o.key IS NOT NULL) AND " SETTABLE
                  " AND s.setting IS DISTINCT FROM coalesce(o.value, s.reset_val); "
                  "UNLISTEN *; DISCARD TEMPORARY; ");
    postgresql_begin_settings(out, set_role);
}

const struct database_pooling postgresql_pooling = {
    .begin = begin,
    .settings = settings,
    .restore = restore,
    .lock_try = lock_try,
    .identity = "SELECT oid || ' ' || extract(epoch FROM pg_catalog.pg_postmaster_start_time()) "
                "FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
};
