/* SPDX-License-Identifier: MIT
 * Values for sample rows, by the types of columns: one query that gives for every column of every table two expressions, so that two rows
 * can be told apart. What has a CHECK with a list gets a value of the list; a foreign key's column the value of a row that is there. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* Columns with the type that stands behind domains and arrays. */
static const char columns[] =
    "WITH RECURSIVE column_of AS MATERIALIZED (\n"
    " SELECT c.oid AS relid, a.attnum, a.attname, a.attnotnull OR (SELECT y.typnotnull FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid)\n"
    "  AS attnotnull, a.atthasdef OR a.attidentity <> '' AS fills, a.atttypid, a.atttypmod,\n"
    "  format('%I.%I', n.nspname, c.relname) AS q\n"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid\n"
    " WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND NOT c.relispartition AND n.nspname !~ " POSTGRESQL_NOT_OURS "\n"
    " AND n.nspname <> 'information_schema' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''\n"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass\n"
    "  AND d.objid = c.oid AND d.deptype = 'e')\n";

static const char types[] =
    "), typed AS (\n"
    " SELECT relid, attnum, atttypid AS typ, atttypmod AS mod, 0 AS depth FROM column_of\n"
    " UNION ALL SELECT t.relid, t.attnum, y.typbasetype, y.typtypmod, t.depth + 1 FROM typed t JOIN pg_catalog.pg_type y ON y.oid = t.typ\n"
    "  WHERE y.typtype = 'd'\n"
    "), based AS MATERIALIZED (\n"
    " SELECT DISTINCT ON (t.relid, t.attnum) t.relid, t.attnum, t.mod, y.typcategory = 'A' AND y.typelem <> 0 AS is_array,\n"
    "  CASE WHEN y.typcategory = 'A' AND y.typelem <> 0 THEN y.typelem ELSE y.oid END AS typ\n"
    " FROM typed t JOIN pg_catalog.pg_type y ON y.oid = t.typ ORDER BY t.relid, t.attnum, t.depth DESC\n"
    "), checked AS MATERIALIZED (\n" /* the strings of CHECKs that are about this column alone */
    " SELECT c.conrelid AS relid, c.conkey[1] AS attnum, array_agg(s.word[1] ORDER BY c.oid, s.number) AS words\n"
    " FROM pg_catalog.pg_constraint c, LATERAL pg_catalog.regexp_matches(pg_catalog.pg_get_constraintdef(c.oid),\n"
    "  '''((?:[^'']|'''')*)''(?:::text|::character varying|::bpchar)', 'g') WITH ORDINALITY AS s(word, number)\n"
    " WHERE c.contype = 'c' AND cardinality(c.conkey) = 1 GROUP BY 1, 2\n"
    "), referring AS MATERIALIZED (\n"
    " SELECT DISTINCT ON (f.conrelid, k.attnum) f.conrelid AS relid, k.attnum, f.confrelid, f.conrelid = f.confrelid AS itself,\n"
    "  format('%I.%I', n.nspname, r.relname) AS parent, a.attname AS parent_column, (SELECT string_agg(format('%I', b.attname), ', '\n"
    "   ORDER BY b.attnum) FROM pg_catalog.pg_attribute b WHERE b.attrelid = f.confrelid AND b.attnum = ANY (f.confkey)) AS parent_order\n"
    " FROM pg_catalog.pg_constraint f CROSS JOIN LATERAL unnest(f.conkey, f.confkey) AS k(attnum, refnum)\n"
    " JOIN pg_catalog.pg_class r ON r.oid = f.confrelid JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace\n"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.refnum WHERE f.contype = 'f'\n"
    " ORDER BY f.conrelid, k.attnum, f.oid\n"
    "), row_of(k) AS (VALUES (1), (2))\n";

/* n: what one row has that the other has not. Numbers are far from where sequences begin. */
static const char values[] =
    "SELECT c.q, format('%I', c.attname), c.attnotnull AND NOT c.fills, r.parent, v.list[1], v.list[2], c.relid\n"
    "FROM column_of c JOIN based b ON b.relid = c.relid AND b.attnum = c.attnum JOIN pg_catalog.pg_type y ON y.oid = b.typ\n"
    "LEFT JOIN checked h ON h.relid = c.relid AND h.attnum = c.attnum LEFT JOIN referring r ON r.relid = c.relid AND r.attnum = c.attnum\n"
    "CROSS JOIN LATERAL (SELECT array_agg(CASE\n"
    " WHEN r.parent IS NOT NULL AND NOT r.itself THEN format('(SELECT %I FROM %s ORDER BY %s OFFSET (SELECT %s %% greatest(1, count(*)) '\n"
    "  'FROM %s) LIMIT 1)', r.parent_column, r.parent, r.parent_order, k - 1, r.parent)\n"
    " WHEN r.itself AND NOT c.attnotnull OR n.value IS NULL THEN 'NULL::' || format_type(c.atttypid, c.atttypmod)\n"
    " WHEN b.is_array THEN format('ARRAY[%s]::%s', format('%L::%s', n.value, format_type(b.typ, NULL)), format_type(c.atttypid, c.atttypmod))\n"
    " ELSE format('%L::%s', n.value, format_type(c.atttypid, c.atttypmod)) END ORDER BY k) AS list\n"
    " FROM row_of CROSS JOIN LATERAL (SELECT CASE\n"
    "  WHEN h.words IS NOT NULL AND y.typcategory = 'S' THEN replace(h.words[1 + (k - 1) % cardinality(h.words)], '''''', '''')\n"
    "  WHEN y.typtype = 'e' THEN (SELECT enumlabel::text FROM pg_catalog.pg_enum WHERE enumtypid = y.oid ORDER BY enumsortorder\n"
    "   OFFSET (SELECT (k - 1) % greatest(1, count(*)) FROM pg_catalog.pg_enum WHERE enumtypid = y.oid) LIMIT 1)\n"
    "  WHEN y.typtype = 'r' THEN CASE y.typname WHEN 'int4range' THEN format('[%s,%s)', k * 1000, k * 1000 + 9)\n"
    "   WHEN 'int8range' THEN format('[%s,%s)', k * 1000, k * 1000 + 9) WHEN 'numrange' THEN format('[%s,%s)', k * 1000, k * 1000 + 9)\n"
    "   WHEN 'daterange' THEN format('[2001-02-%s,2001-02-%s)', k * 5, k * 5 + 4)\n"
    "   WHEN 'tsrange' THEN format('[2001-02-%s,2001-02-%s)', k * 5, k * 5 + 4)\n"
    "   WHEN 'tstzrange' THEN format('[2001-02-%s,2001-02-%s)', k * 5, k * 5 + 4) ELSE 'empty' END\n"
    "  WHEN y.typname IN ('int2', 'int4', 'int8', 'oid') THEN (1000 + k)::text\n"
    "  WHEN y.typname IN ('float4', 'float8', 'money') THEN (1000 + k) || '.25'\n"
    "  WHEN y.typname = 'numeric' THEN CASE WHEN b.mod < 4 THEN (1000 + k) || '.5'\n"
    "   WHEN ((b.mod - 4) >> 16) - ((b.mod - 4) & 65535) > 3 THEN (1000 + k)::text\n"
    "   WHEN ((b.mod - 4) >> 16) - ((b.mod - 4) & 65535) > 0 THEN k::text ELSE '0' END\n"
    "  WHEN y.typname = 'bool' THEN CASE k WHEN 1 THEN 'true' ELSE 'false' END\n"
    "  WHEN y.typname IN ('text', 'citext', 'name') THEN 'sample ' || k\n"
    "  WHEN y.typname IN ('varchar', 'bpchar') THEN CASE WHEN b.mod < 4 THEN 'sample ' || k ELSE right('sample ' || k, b.mod - 4) END\n"
    "  WHEN y.typname = 'char' THEN k::text\n"
    "  WHEN y.typname = 'date' THEN '2001-02-0' || k\n"
    "  WHEN y.typname IN ('timestamp', 'timestamptz') THEN '2001-02-03 04:05:0' || k\n"
    "  WHEN y.typname IN ('time', 'timetz') THEN '04:05:0' || k\n"
    "  WHEN y.typname = 'interval' THEN k || ' days'\n"
    "  WHEN y.typname = 'uuid' THEN '00000000-0000-4000-8000-00000000000' || k\n"
    "  WHEN y.typname = 'bytea' THEN '\\x0' || k\n"
    "  WHEN y.typname IN ('json', 'jsonb') THEN format('{\"sample\": %s}', k)\n"
    "  WHEN y.typname = 'xml' THEN format('<sample>%s</sample>', k)\n"
    "  WHEN y.typname = 'inet' THEN '10.0.0.' || k\n"
    "  WHEN y.typname = 'cidr' THEN format('10.0.%s.0/24', k)\n"
    "  WHEN y.typname = 'macaddr' THEN '08:00:2b:01:02:0' || k\n"
    "  WHEN y.typname = 'macaddr8' THEN '08:00:2b:01:02:03:04:0' || k\n"
    "  WHEN y.typname IN ('bit', 'varbit') THEN lpad((k % 2)::text, greatest(1, b.mod), '0')\n"
    "  WHEN y.typname = 'tsvector' THEN 'sample' || k\n"
    "  WHEN y.typname = 'tsquery' THEN 'sample' || k\n"
    "  WHEN y.typname = 'point' THEN format('(%s,%s)', k, k)\n"
    "  WHEN y.typname = 'hstore' THEN '\"sample\"=>\"' || k || '\"'\n"
    "  WHEN y.typname = 'ltree' THEN 'sample.s' || k\n"
    "  END AS value) n) v\n"
    "ORDER BY c.relid, c.attnum";

static int32_t list(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, columns);
    text_add(&sql, " AND NOT (n.nspname = ");
    database_postgresql.literal(&sql, wish->schema, strlen(wish->schema));
    text_add(&sql, " AND c.relname = ");
    database_postgresql.literal(&sql, wish->table, strlen(wish->table));
    text_add(&sql, ")\n");
    text_add(&sql, types);
    text_add(&sql, values);
    rc = database_query(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

/* The order of rows does not matter to a sum. */
static void digest(struct text *out, const char *table, const char *const *names, size_t count)
{
    text_format(out, "(SELECT count(*) FROM %s), (SELECT sum(pg_catalog.hashtextextended(ROW(", table);
    for (size_t i = 0; i < count; i++)
        text_format(out, "%s%s", i > 0 ? ", " : "", names[i]);
    text_format(out, ")::text, 0)::numeric)::text FROM %s)", table);
}

const struct database_samples postgresql_samples = {.list = list, .overriding = "OVERRIDING SYSTEM VALUE ",
                                                    .settle = "; SET CONSTRAINTS ALL IMMEDIATE", .digest = digest};
