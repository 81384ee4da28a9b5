/* SPDX-License-Identifier: MIT
 * An empty database that is there, for a role that may make none: it is used as a scratch one by one process after the other, and emptied
 * behind each. A large object marks it, which no schema shows: it tells the next process that what is there is left from a killed one,
 * and holds the names of what was there before. */
#include "database/postgresql/client.h"

#include "util/clock.h"

#include <string.h>

#define MARK "774512093" /* the large object's number, and the key of the lock: any number, but always the same */

enum { ASK_AGAIN = 100000, PATIENCE = 300000000, ROUNDS_MOST = 5 }; /* microseconds */

/* One name a line: what there is besides objects in schemas. A fresh one has the kinds in front. */
#define THINGS                                                                                               \
    "SELECT 'extension ' || extname AS thing FROM pg_catalog.pg_extension "                                  \
    "UNION ALL SELECT 'schema ' || nspname FROM pg_catalog.pg_namespace"

#define SET_MARK                                                                                             \
    "SELECT pg_catalog.lo_from_bytea(" MARK ", pg_catalog.convert_to((SELECT pg_catalog.string_agg(thing, E'\\n') FROM (" THINGS \
    ") t), 'UTF8'))"

#define HAS_MARK                                                                                             \
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = " MARK                     \
    " AND m.lomowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))"

/* ---- what is to be dropped ---- */

/* A kind of thing that may have been made: in schemas, or on its own. Members of extensions and parts of others go with them. */
struct emptied_kind {
    const char *class;
    const char *namespace; /* its column; NULL: it is in no schema */
    const char *statement; /* an expression over o, and n for its schema */
    const char *condition; /* NULL: any */
};

#define NAMED(what, name) "pg_catalog.format('DROP " what " IF EXISTS %I.%I CASCADE', n.nspname, o." name ")"
#define ALONE(what, name) "pg_catalog.format('DROP " what " IF EXISTS %I CASCADE', o." name ")"
#define RELATION(what, kinds) {"pg_class", "relnamespace", NAMED(what, "relname"), "o.relkind IN (" kinds ")"}

/* In an order in which it mostly works. */
static const struct emptied_kind kinds[] = {
    {"pg_event_trigger", NULL, ALONE("EVENT TRIGGER", "evtname"), NULL},
    {"pg_publication", NULL, ALONE("PUBLICATION", "pubname"), NULL},
    {"pg_extension", NULL, ALONE("EXTENSION", "extname"), "'extension ' || o.extname NOT IN (SELECT thing FROM before)"},
    {"pg_namespace", NULL, ALONE("SCHEMA", "nspname"),
     "o.nspname !~ '^pg_' AND 'schema ' || o.nspname NOT IN (SELECT thing FROM before)"},
    RELATION("TABLE", "'r', 'p'"),
    RELATION("FOREIGN TABLE", "'f'"),
    RELATION("VIEW", "'v'"),
    RELATION("MATERIALIZED VIEW", "'m'"),
    RELATION("SEQUENCE", "'S'"),
    {"pg_proc", "pronamespace", "pg_catalog.format('DROP ROUTINE IF EXISTS %s CASCADE', o.oid::pg_catalog.regprocedure)", NULL},
    {"pg_type", "typnamespace", NAMED("TYPE", "typname"),
     "o.typtype IN ('b', 'c', 'd', 'e', 'r') AND o.typelem = 0 AND (o.typrelid = 0 OR EXISTS "
     "(SELECT FROM pg_catalog.pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c'))"},
    {"pg_operator", "oprnamespace", "pg_catalog.format('DROP OPERATOR IF EXISTS %s CASCADE', o.oid::pg_catalog.regoperator)", NULL},
    {"pg_opfamily", "opfnamespace",
     "pg_catalog.format('DROP OPERATOR FAMILY IF EXISTS %I.%I USING %I CASCADE', n.nspname, o.opfname, "
     "(SELECT amname FROM pg_catalog.pg_am a WHERE a.oid = o.opfmethod))", NULL},
    {"pg_collation", "collnamespace", NAMED("COLLATION", "collname"), NULL},
    {"pg_conversion", "connamespace", NAMED("CONVERSION", "conname"), NULL},
    {"pg_statistic_ext", "stxnamespace", NAMED("STATISTICS", "stxname"), NULL},
    {"pg_ts_config", "cfgnamespace", NAMED("TEXT SEARCH CONFIGURATION", "cfgname"), NULL},
    {"pg_ts_dict", "dictnamespace", NAMED("TEXT SEARCH DICTIONARY", "dictname"), NULL},
    {"pg_cast", NULL,
     "pg_catalog.format('DROP CAST IF EXISTS (%s AS %s) CASCADE', o.castsource::pg_catalog.regtype, o.casttarget::pg_catalog.regtype)",
     NULL},
    {"pg_foreign_data_wrapper", NULL, ALONE("FOREIGN DATA WRAPPER", "fdwname"), NULL},
    {"pg_foreign_server", NULL, ALONE("SERVER", "srvname"), NULL},
    {"pg_language", NULL, ALONE("LANGUAGE", "lanname"), NULL},
    {"pg_largeobject_metadata", NULL, "pg_catalog.format('SELECT pg_catalog.lo_unlink(%s)', o.oid)",
     "o.oid <> " MARK " AND o.lomowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)"},
    {"pg_default_acl", NULL,
     "(SELECT pg_catalog.string_agg(pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s', session_user, "
     "CASE WHEN o.defaclnamespace <> 0 THEN ' IN SCHEMA ' || o.defaclnamespace::pg_catalog.regnamespace END, "
     "CASE o.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' "
     "WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END, "
     "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END), '; ') "
     "FROM pg_catalog.aclexplode(o.defaclacl) a WHERE a.grantee <> o.defaclrole)",
     "o.defaclrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)"},
};

#define BEFORE                                                                                               \
    "WITH before AS (SELECT pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.convert_from("           \
    "pg_catalog.lo_get(" MARK "), 'UTF8'), E'\\n')) AS thing) SELECT statement FROM ("

/* 16384 is where the numbers of users' objects begin. */
static void add_kind(struct text *sql, size_t rank, const struct emptied_kind *kind)
{
    text_format(sql, "%sSELECT %d AS rank, %s AS statement FROM pg_catalog.%s o", rank > 0 ? " UNION ALL " : "", (int)rank, kind->statement,
                kind->class);
    if (kind->namespace != NULL)
        text_format(sql, " JOIN pg_catalog.pg_namespace n ON n.oid = o.%s AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'",
                    kind->namespace);
    text_format(sql,
                " WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.deptype IN ('e', 'i') "
                "AND d.classid = 'pg_catalog.%s'::pg_catalog.regclass AND d.objid = o.oid)%s%s",
                kind->class, kind->condition != NULL ? " AND " : "", kind->condition != NULL ? kind->condition : "");
}

static int32_t ask_drops(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, BEFORE);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        add_kind(&sql, i, &kinds[i]);
    text_add(&sql, ") s WHERE statement IS NOT NULL ORDER BY rank, statement");
    rc = database_query(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

static int32_t ask(struct database *db, const char *sql, bool *out, migrate_error **err)
{
    struct text text = {0};
    int32_t rc;

    text_add(&text, sql);
    rc = database_ask(db, &text, out, err);
    text_free(&text);
    return rc;
}

/* One process after the other. */
static int32_t take_turn(struct database *db, migrate_error **err)
{
    int64_t limit = clock_monotonic() + (db->watch != NULL && db->watch->patience > 0 ? db->watch->patience : PATIENCE);
    bool got = false;

    for (;;) {
        int32_t rc = ask(db, "SELECT pg_catalog.pg_try_advisory_lock(" MARK ")", &got, err), end;
        if (rc != MIGRATE_OK || got)
            return rc;
        if (clock_monotonic() >= limit)
            break;
        end = watch_sleep(db->watch, ASK_AGAIN + clock_jitter(ASK_AGAIN), true);
        if (end != MIGRATE_OK)
            return watch_error(db->watch, end, err);
    }
    error_set(err, MIGRATE_ERROR_SHADOW, "no scratch database is to be had: %s is in use as one", db->label);
    error_hint(err, "run again when the other process is done, or give another shadow_url");
    return MIGRATE_ERROR_SHADOW;
}

static int32_t has_objects(struct database *db, bool *out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    database_postgresql.objects_exist(&sql, "", "");
    rc = database_ask(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

/* What fails goes with something else, or in the next round. */
static int32_t drop_round(struct database *db, size_t *found, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = ask_drops(db, &rows, err);

    *found = rc == MIGRATE_OK ? rows_count(rows) : 0;
    for (size_t i = 0; rc == MIGRATE_OK && i < rows_count(rows); i++) {
        database_exec(db, rows_text(rows, i, 0), NULL);
        rc = watch_error(db->watch, watch_check(db->watch), err);
        if (rc == MIGRATE_OK && db->class->transaction(db) == DATABASE_LOST)
            rc = error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "the connection to %s broke", db->label);
    }
    rows_free(rows);
    return rc;
}

int32_t postgresql_empty_database(struct database *db, migrate_error **err)
{
    size_t found = 1, before = SIZE_MAX;
    bool marked = false;
    int32_t rc = ask(db, HAS_MARK, &marked, err);

    for (size_t round = 0; rc == MIGRATE_OK && marked && found > 0 && round < ROUNDS_MOST; round++) {
        rc = drop_round(db, &found, err);
        if (found >= before)
            break;
        before = found;
    }
    if (rc == MIGRATE_OK && marked)
        rc = database_exec(db, "SELECT pg_catalog.lo_unlink(" MARK ")", err);
    return rc;
}

int32_t postgresql_borrow_database(struct database *db, migrate_error **err)
{
    bool marked = false, objects = false;
    int32_t rc = take_turn(db, err);

    if (rc == MIGRATE_OK)
        rc = ask(db, HAS_MARK, &marked, err);
    if (rc == MIGRATE_OK && marked)
        rc = postgresql_empty_database(db, err);
    if (rc == MIGRATE_OK)
        rc = has_objects(db, &objects, err);
    if (rc == MIGRATE_OK && objects) {
        error_set(err, MIGRATE_ERROR_SHADOW, "no scratch database is to be had: the role may make none on the server of shadow_url, and %s is not empty",
                  db->label);
        error_hint(err, "let shadow_url lead to an empty database, or to one where the role has CREATEDB");
        return MIGRATE_ERROR_SHADOW;
    }
    return rc == MIGRATE_OK ? database_exec(db, SET_MARK, err) : rc;
}
