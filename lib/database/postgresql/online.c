/* SPDX-License-Identifier: MIT
 * What checks ask of a server: the state of a transaction, flaws of a schema that the catalog shows, how many rows a live table has. */
#include "database/postgresql/postgresql.h"

#include <string.h>

static const char state[] =
    "SELECT pg_catalog.txid_current_if_assigned(), pg_catalog.current_setting('lock_timeout') = '0', "
    "(SELECT pg_catalog.string_agg(name || '=' || setting, E'\\n' ORDER BY name) FROM pg_catalog.pg_settings WHERE source = 'session') "
    "|| E'\\nrole=' || current_user";

/* An index helps where its first columns are those that refer, in any order. */
static const char query[] =
    "SELECT 'foreign key', 'c' || c.oid, format('%I.%I', n.nspname, r.relname), v.list, format('%I.%I (%s)', n.nspname, r.relname, v.list) "
    "FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace, LATERAL (SELECT "
    "string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) AS list FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place) "
    "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) v "
    "WHERE c.contype = 'f' AND c.conparentid = 0 AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indrelid = c.conrelid AND x.indisvalid "
    "AND x.indpred IS NULL AND (x.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey) "
    "UNION ALL SELECT 'definer', 'p' || p.oid, '', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), '' "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND n.nspname !~ " POSTGRESQL_NOT_OURS " "
    "AND n.nspname <> 'information_schema' AND to_jsonb(p) ->> 'prosqlbody' IS NULL "
    "AND NOT EXISTS (SELECT FROM unnest(p.proconfig) o WHERE o LIKE 'search_path=%') "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') "
    "UNION ALL SELECT 'invalid', 'r' || i.oid, format('%I.%I', t.nspname, r.relname), format('%I.%I', n.nspname, i.relname), '' "
    "FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = i.relnamespace "
    "JOIN pg_class r ON r.oid = x.indrelid JOIN pg_namespace t ON t.oid = r.relnamespace "
    "WHERE NOT x.indisvalid AND i.relkind = 'i' AND n.nspname !~ " POSTGRESQL_NOT_OURS;

static int32_t flaws(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    return db->class->query(db, query, out, err);
}

/* ---- rows of a live table ---- */

static void add_estimate(struct text *sql, const char *table)
{
    text_add(sql, "SELECT c.oid IS NOT NULL, CASE WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(l.reltuples) FILTER (WHERE l.reltuples > 0), 0) "
                  "FROM pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class l ON l.oid = t.relid WHERE t.isleaf) "
                  "ELSE c.reltuples END::bigint FROM (SELECT pg_catalog.to_regclass(");
    database_postgresql.literal(sql, table, strlen(table));
    text_add(sql, ") AS oid) v LEFT JOIN pg_catalog.pg_class c ON c.oid = v.oid");
}

/* What was never analyzed is counted, but not for long. */
static int32_t count(struct database *db, const char *table, int64_t most, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %s LIMIT %lld) v", table, (long long)most);
    rc = database_query(db, &sql, &rows, err);
    if (rc == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    text_free(&sql);
    return rc;
}

static int32_t look(struct database *db, const char *table, int64_t most, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    bool there;
    int32_t rc;

    add_estimate(&sql, table);
    rc = database_query(db, &sql, &rows, err);
    text_free(&sql);
    there = rc == MIGRATE_OK && rows_int(rows, 0, 0) != 0;
    *out = there ? rows_int(rows, 0, 1) : 0;
    rows_free(rows);
    if (rc == MIGRATE_OK && there && *out <= 0)
        rc = count(db, table, most, out, err);
    return rc;
}

/* In a transaction of its own, that waits for nobody's lock for long. A table that may not be read has as many rows as it has. */
static int32_t rows_of(struct database *db, const char *table, int64_t most, int64_t *out, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc, left;

    *out = -1;
    if (db->class->transaction(db) != DATABASE_IDLE)
        return MIGRATE_OK;
    rc = database_exec(db, "BEGIN READ ONLY; SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '2s'", err);
    if (rc == MIGRATE_OK)
        rc = look(db, table, most, out, &problem);
    left = database_clean_up(db, "ROLLBACK", rc == MIGRATE_OK ? err : NULL);
    if (rc == MIGRATE_ERROR_NOMEM || rc == MIGRATE_ERROR_CANCELLED || rc == MIGRATE_ERROR_CONNECTION_LOST) {
        error_move(err, &problem);
        return rc;
    }
    error_clear(&problem);
    if (rc != MIGRATE_OK)
        *out = -1;
    return left;
}

const struct database_online postgresql_online = {.state = state, .flaws = flaws, .rows_of = rows_of};
