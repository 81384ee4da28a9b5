/* SPDX-License-Identifier: MIT
 * Room for a scratch place inside a transaction of a database that is in use: its schemas get other names, which nobody else sees, and
 * an empty one takes their place. No table is locked by that, and no session that reads, writes or changes tables waits; only those that
 * rename, grant or drop one of the schemas do. */
#include "database/postgresql/client.h"

#include "util/clock.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

#define TURN "774512094" /* the key of the lock: any number, but always the same */
#define ASIDE "libmigrate_aside_"

enum { ASK_AGAIN = 100000, PATIENCE = 300000000 }; /* microseconds */

/* ---- what is in the way ---- */

/* What is in a schema hangs on it, as the server notes. Extensions and what is theirs do not count. */
#define FILLED                                                                                               \
    "EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass " \
    "AND d.refobjid = n.oid AND d.deptype = 'n' AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass " \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e'))"

#define ASK_SCHEMAS                                                                                          \
    "SELECT n.oid, n.nspname, pg_catalog.quote_ident(n.nspname), pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)), " \
    "pg_catalog.pg_has_role(n.nspowner, 'USAGE')::integer, pg_catalog.has_schema_privilege(n.oid, 'CREATE')::integer, " \
    "(" FILLED ")::integer, (EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extnamespace = n.oid))::integer, " \
    "pg_catalog.quote_ident(pg_catalog.left('" ASIDE "' || n.oid || '_' || n.nspname, 63)) "                   \
    "FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "         \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass " \
    "AND d.objid = n.oid AND d.deptype = 'e') ORDER BY n.oid"
enum { OID, NAME, QUOTED, OWNER, OWN, MAKES, IS_FILLED, HAS_EXTENSION, OTHER_NAME };

/* What is in no schema, and facts tell of. */
#define ASK_OTHERS                                                                                           \
    "SELECT oid FROM pg_catalog.pg_publication UNION ALL SELECT oid FROM pg_catalog.pg_event_trigger "       \
    "UNION ALL SELECT oid FROM pg_catalog.pg_foreign_data_wrapper UNION ALL SELECT oid FROM pg_catalog.pg_foreign_server " \
    "UNION ALL SELECT oid FROM pg_catalog.pg_extension"

/* Their names may be wanted. */
#define ASK_RENAMES                                                                                          \
    "SELECT pg_catalog.format('ALTER PUBLICATION %I RENAME TO " ASIDE "%s', pubname, oid) FROM pg_catalog.pg_publication " \
    "WHERE pg_catalog.pg_has_role(pubowner, 'USAGE') UNION ALL "                                              \
    "SELECT pg_catalog.format('ALTER SERVER %I RENAME TO " ASIDE "%s', srvname, oid) FROM pg_catalog.pg_foreign_server " \
    "WHERE pg_catalog.pg_has_role(srvowner, 'USAGE')"

/* What new things are granted by themselves, as in a database where nobody said anything about that. */
#define ASK_DEFAULTS                                                                                         \
    "WITH d AS (SELECT o.*, pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I ', pg_catalog.pg_get_userbyid(o.defaclrole)) AS head, " \
    "CASE o.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' " \
    "WHEN 'n' THEN 'SCHEMAS' END AS word FROM pg_catalog.pg_default_acl o WHERE o.defaclnamespace = 0 AND o.defaclobjtype <> 'L' " \
    "AND pg_catalog.pg_get_userbyid(o.defaclrole) IN (session_user, current_user)) "                          \
    "SELECT sql FROM (SELECT DISTINCT 1 AS rank, pg_catalog.format('%sREVOKE ALL ON %s FROM %s', head, word, "  \
    "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) AS sql " \
    "FROM d, pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole UNION ALL "                   \
    "SELECT 2, pg_catalog.format('%sGRANT ALL ON %s TO %I', head, word, pg_catalog.pg_get_userbyid(defaclrole)) FROM d UNION ALL " \
    "SELECT 3, pg_catalog.format('%sGRANT ALL ON %s TO PUBLIC', head, word) FROM d WHERE defaclobjtype IN ('f', 'T')) s ORDER BY rank, sql"

#define ASK_BEFORE                                                                                           \
    "SELECT pg_catalog.array_agg(oid)::pg_catalog.text, (pg_catalog.txid_current() % 4294967296), "             \
    "(SELECT pg_catalog.string_agg(pg_catalog.quote_ident(e.extname), ', ') FROM pg_catalog.pg_extension e "   \
    "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname ~ '^" ASIDE "') "                \
    "FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'"

/* The new public's owner: whoever owns the database, where the server has a role for that. */
#define ASK_RIGHTS                                                                                           \
    "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')::integer, "            \
    "(EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pg_database_owner' AND pg_catalog.pg_has_role(oid, 'USAGE')))::integer, " \
    "pg_catalog.quote_ident(current_user), pg_catalog.quote_ident(pg_catalog.current_database())"

struct aside_place {
    struct database *db;
    const struct database_scratch_wish *wish;
    struct postgresql_inside *inside;
};

static int32_t refuse(migrate_error **err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int32_t refuse(migrate_error **err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_vset(err, MIGRATE_ERROR_SHADOW, format, arguments);
    va_end(arguments);
    return MIGRATE_ERROR_SHADOW;
}

static void leave_out(struct aside_place *place, const char *oid)
{
    text_format(&place->inside->aside, "%s%s", place->inside->aside.length > 1 ? "," : "", oid);
}

/* ---- moving ---- */

static int32_t run_all(struct database *db, const char *ask, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, ask, &rows, err);

    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++)
        rc = database_exec(db, rows_text(rows, i, 0), err);
    rows_free(rows);
    return rc;
}

/* And nobody may name what is in it, not even by the new name: a loop over the catalog fails before it locks a table. */
static int32_t move_schema(struct aside_place *place, const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "ALTER SCHEMA %s RENAME TO %s; REVOKE ALL ON SCHEMA %s FROM PUBLIC, %s, CURRENT_USER", rows_text(rows, row, QUOTED),
                rows_text(rows, row, OTHER_NAME), rows_text(rows, row, OTHER_NAME), rows_text(rows, row, OWNER));
    leave_out(place, rows_text(rows, row, OID));
    rc = database_exec_text(place->db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

/* A schema of others where this role can make nothing is in nobody's way; one that holds nothing but extensions stays as it is. */
static int32_t take_schema(struct aside_place *place, const struct migrate_rows *rows, size_t row, migrate_error **err)
{
    bool mine = rows_int(rows, row, OWN) != 0, filled = rows_int(rows, row, IS_FILLED) != 0;
    bool first = text_equal(rows_text(rows, row, NAME), database_postgresql.default_schema);

    bool extension = rows_int(rows, row, HAS_EXTENSION) != 0;

    if (mine && (first || filled || !extension))
        return move_schema(place, rows, row, err);
    place->inside->kept |= extension && !filled;
    if (mine)
        return MIGRATE_OK;
    if (first)
        return refuse(err, "the schema %s belongs to %s, and would have to be renamed for that", rows_text(rows, row, QUOTED), rows_text(rows, row, OWNER));
    if (filled && rows_int(rows, row, MAKES) != 0)
        return refuse(err, "the schema %s, where the role may make things, belongs to %s, and would have to be renamed for that",
                      rows_text(rows, row, QUOTED), rows_text(rows, row, OWNER));
    if (filled || !extension)
        leave_out(place, rows_text(rows, row, OID));
    return MIGRATE_OK;
}

static int32_t move_schemas(struct aside_place *place, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = place->db->class->query(place->db, ASK_SCHEMAS, &rows, err);

    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++)
        rc = take_schema(place, rows, i, err);
    rows_free(rows);
    return rc;
}

static int32_t move_others(struct aside_place *place, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = place->db->class->query(place->db, ASK_OTHERS, &rows, err);

    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++)
        leave_out(place, rows_text(rows, i, 0));
    rows_free(rows);
    if (rc == MIGRATE_OK)
        rc = run_all(place->db, ASK_RENAMES, err);
    return rc == MIGRATE_OK ? run_all(place->db, ASK_DEFAULTS, err) : rc;
}

/* ---- what comes instead ---- */

/* As in a database that was just made. */
static int32_t make_schemas(struct aside_place *place, const struct migrate_rows *rights, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "CREATE SCHEMA public%s; GRANT USAGE%s ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'standard public schema'; "
                      "CREATE SCHEMA " ASIDE "extensions",
                rows_int(rights, 0, 1) != 0 && atoi(place->db->version) >= 15 ? " AUTHORIZATION pg_database_owner" : "",
                atoi(place->db->version) >= 15 ? "" : ", CREATE");
    if (!text_equal(place->wish->schema, database_postgresql.default_schema)) {
        text_add(&sql, "; CREATE SCHEMA IF NOT EXISTS ");
        database_postgresql.name_quoted(&sql, NULL, place->wish->schema);
    }
    rc = database_exec_text(place->db, &sql, NULL, err);
    text_free(&sql);
    if (rc == MIGRATE_OK)
        rc = place->db->class->query(place->db, "SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = '" ASIDE "extensions'", &rows, err);
    if (rc == MIGRATE_OK)
        leave_out(place, rows_text(rows, 0, 0));
    rows_free(rows);
    return rc;
}

static int32_t note_before(struct aside_place *place, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = place->db->class->query(place->db, ASK_BEFORE, &rows, err);

    if (rc == MIGRATE_OK) {
        text_add(&place->inside->before, rows_text(rows, 0, 0) != NULL ? rows_text(rows, 0, 0) : "{}");
        place->inside->xid = rows_int(rows, 0, 1);
        if (rows_text(rows, 0, 2) != NULL)
            text_add(&place->inside->unreachable, rows_text(rows, 0, 2));
    }
    rows_free(rows);
    return rc;
}

/* One after the other: the second one would wait for the first at the schema's row, and live sessions must not stand behind it. */
static int32_t take_turn(struct aside_place *place, migrate_error **err)
{
    struct database *db = place->db;
    int64_t limit = clock_monotonic() + (db->watch != NULL && db->watch->patience > 0 ? db->watch->patience : PATIENCE);
    struct text sql = {0};
    bool got = false;
    int32_t rc, end = MIGRATE_OK;

    if (place->wish->another)
        limit = 0;
    text_add(&sql, "SELECT pg_catalog.pg_try_advisory_xact_lock(" TURN ")");
    rc = database_ask(db, &sql, &got, err);
    while (rc == MIGRATE_OK && end == MIGRATE_OK && !got && clock_monotonic() < limit) {
        end = watch_sleep(db->watch, ASK_AGAIN + clock_jitter(ASK_AGAIN), true);
        if (end == MIGRATE_OK)
            rc = database_ask(db, &sql, &got, err);
    }
    text_free(&sql);
    if (rc != MIGRATE_OK || got)
        return rc;
    return end != MIGRATE_OK ? watch_error(db->watch, end, err) : refuse(err, "another one is in use as a scratch place");
}

/* Everything is made by the role that migrations run as. */
static int32_t begin(struct aside_place *place, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    if (place->wish->role != NULL) {
        text_add(&sql, "; SET LOCAL ROLE ");
        database_postgresql.name_quoted(&sql, NULL, place->wish->role);
    }
    rc = database_exec_text(place->db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

static int32_t make_room(struct aside_place *place, migrate_error **err)
{
    struct migrate_rows *rights = NULL;
    int32_t rc = begin(place, err);

    if (rc == MIGRATE_OK)
        rc = place->db->class->query(place->db, ASK_RIGHTS, &rights, err);
    if (rc == MIGRATE_OK && rows_int(rights, 0, 0) == 0)
        rc = refuse(err, "the role %s may create no schema in the database %s", rows_text(rights, 0, 2), rows_text(rights, 0, 3));
    if (rc == MIGRATE_OK)
        rc = take_turn(place, err);
    if (rc == MIGRATE_OK)
        rc = move_schemas(place, err);
    if (rc == MIGRATE_OK)
        rc = move_others(place, err);
    if (rc == MIGRATE_OK)
        rc = make_schemas(place, rights, err);
    if (rc == MIGRATE_OK)
        rc = note_before(place, err);
    rows_free(rights);
    return rc == MIGRATE_OK ? database_exec(place->db, "SET LOCAL ROLE NONE", err) : rc;
}

/* ---- opening ---- */

static int32_t connect_to(struct database *like, const char *options, struct database **out, migrate_error **err)
{
    struct text all = {0};
    int32_t rc;

    text_format(&all, "%s -c lock_timeout=2000 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0%s", options != NULL ? options : "",
                atoi(like->version) >= 17 ? " -c transaction_timeout=0" : "");
    rc = all.failed ? error_nomem(err)
                    : postgresql_open_like((struct postgresql_connection *)like, NULL, all.data, like->watch, out, err);
    text_free(&all);
    return rc;
}

int32_t postgresql_aside_open(struct database *like, const struct database_scratch_wish *wish, const char *options, struct database **out,
                              migrate_error **err)
{
    struct aside_place place = {.wish = wish, .inside = memory_new(sizeof *place.inside)};
    int32_t rc = place.inside != NULL ? MIGRATE_OK : error_nomem(err);

    if (rc == MIGRATE_OK && ((struct postgresql_connection *)like)->pq->PQsendQueryParams == NULL)
        rc = refuse(err, "the host's libpq lacks the function PQsendQueryParams");
    if (rc == MIGRATE_OK)
        rc = connect_to(like, options, &place.db, err);
    if (rc == MIGRATE_OK) {
        text_add(&place.inside->aside, "{");
        rc = make_room(&place, err);
        text_add(&place.inside->aside, "}");
    }
    if (rc == MIGRATE_OK && (place.inside->aside.failed || place.inside->before.failed || place.inside->unreachable.failed))
        rc = error_nomem(err);
    if (rc != MIGRATE_OK) {
        database_close(place.db);
        postgresql_inside_free(place.inside);
        return rc;
    }
    postgresql_inside_begin((struct postgresql_connection *)place.db, place.inside);
    *out = place.db;
    return MIGRATE_OK;
}
