/* SPDX-License-Identifier: MIT
 * The schema of a PostgreSQL database as one query: the server prints every object itself, so that no grammar of ours has to
 * understand one. A row is a fact (columns in database.h at `facts`). Works with 12 to 18.
 *
 * Each select below gives: rank, kind, ident, value, make, undo, key, inside, name. Rank is the order among kinds in which things
 * can be made when nothing else says so; 43 and 44 come with the table they are inside of. `inside` is the key of what carries this fact away when it is dropped. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* What later selects read. Things of extensions and of the history table are left out here, once. */
static const char common[] =
    "WITH aside AS MATERIALIZED (\n" /* where the schema is made beside another: that one's schemas and the like */
    " SELECT number AS oid FROM unnest(':aside'::oid[]) number\n"
    "), ns AS MATERIALIZED (\n"
    " SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace n\n"
    " WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'\n"
    " AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')\n"
    " AND n.oid NOT IN (SELECT oid FROM aside)\n"
    "), ext AS MATERIALIZED (\n"
    " SELECT classid, objid FROM pg_depend WHERE deptype = 'e'\n"
    "), rel AS MATERIALIZED (\n"
    " SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS q,\n"
    "  CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE'\n"
    "   WHEN 'c' THEN 'TYPE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END AS word\n"
    " FROM pg_class c JOIN ns n ON n.oid = c.relnamespace\n"
    " WHERE c.relpersistence <> 't'\n"
    " AND NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid)\n"
    " AND c.oid <> ALL (ARRAY(:history)::oid[])\n"
    " AND NOT EXISTS (SELECT FROM pg_index x WHERE x.indexrelid = c.oid AND x.indrelid = ANY (ARRAY(:history)::oid[]))\n"
    "), tab AS MATERIALIZED (\n"
    " SELECT * FROM rel WHERE relkind IN ('r', 'p')\n"
    "), nn AS MATERIALIZED (\n" /* there are none before 18 */
    " SELECT oid, conrelid, conkey[1] AS column, conname, convalidated, connoinherit FROM pg_constraint WHERE contype = 'n'\n"
    "), raw AS MATERIALIZED (\n"
    " SELECT t.q, t.relkind, a.*, format('%s.%I', t.q, a.attname) AS cq, 'a' || a.attrelid || '.' || a.attnum AS key,\n"
    "  format_type(a.atttypid, a.atttypmod) AS typ, y.typstorage,\n"
    "  CASE WHEN y.typcategory = 'E' OR e.typcategory = 'E' THEN '::text' END AS via,\n"
    "  rank() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS pos,\n"
    "  CASE WHEN a.attcollation <> 0 AND a.attcollation <> y.typcollation THEN (SELECT format(' COLLATE %I.%I', cn.nspname,\n"
    "   co.collname) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = a.attcollation)\n"
    "   ELSE '' END AS collat,\n"
    "  pg_get_expr(d.adbin, d.adrelid) AS dexpr, n.oid AS conoid, n.conname, n.convalidated, n.connoinherit\n"
    " FROM pg_attribute a JOIN tab t ON t.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid\n"
    " LEFT JOIN pg_type e ON e.oid = y.typelem LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum\n"
    " LEFT JOIN nn n ON n.conrelid = a.attrelid AND n.column = a.attnum\n"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND (a.attislocal OR t.relispartition)\n"
    "), col AS MATERIALIZED (\n"
    " SELECT *, concat(format('%I %s%s', attname, typ, collat), CASE attgenerated WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED',\n"
    "  dexpr) WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s)', dexpr) END, CASE WHEN attnotnull AND convalidated IS NOT false THEN\n"
    "  concat(' CONSTRAINT ' || quote_ident(conname), ' NOT NULL', CASE WHEN connoinherit THEN ' NO INHERIT' END) END) AS part FROM raw\n";

/* Behind that, without the history in it. */
static const char more[] =
    "), list AS MATERIALIZED (\n"
    " SELECT attrelid AS relid, string_agg(part, ', ' ORDER BY attnum) AS columns FROM col GROUP BY attrelid\n"
    "), att AS MATERIALIZED (\n"
    " SELECT r.oid AS relid, r.q, attname, attnum, format('%s.%I', r.q, attname) AS aq, 'a' || r.oid || '.' || attnum AS key, v.typ,\n"
    "  rank() OVER (PARTITION BY r.oid ORDER BY attnum) AS pos, format('%I %s', attname, v.typ) AS part\n"
    " FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_type y ON y.oid = a.atttypid, LATERAL (SELECT\n"
    "  concat(format_type(atttypid, atttypmod), CASE WHEN attcollation <> y.typcollation THEN (SELECT format(' COLLATE %I.%I', cn.nspname,\n"
    "   co.collname) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = attcollation) END) AS typ) v\n"
    " WHERE r.relkind = 'c' AND attnum > 0 AND NOT attisdropped\n"
    "), typ AS MATERIALIZED (\n"
    " SELECT t.*, format('%I.%I', n.nspname, t.typname) AS q FROM pg_type t JOIN ns n ON n.oid = t.typnamespace\n"
    " WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid)\n"
    "), fun AS MATERIALIZED (\n"
    " SELECT p.*, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS word,\n"
    "  format('%I.%I(%s)', n.nspname, p.proname, CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'\n"
    "   ELSE pg_get_function_identity_arguments(p.oid) END) AS q\n"
    " FROM pg_proc p JOIN ns n ON n.oid = p.pronamespace\n"
    " WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid)\n"
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')\n"
    ")\n";

/* Who may do what, where that is asked for. */
static const char privileges[] =
    ", acl AS (\n"
    " SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS word, q, relacl AS acl, relowner AS owner, 'r' || oid AS inside,\n"
    "  '' AS columns, '' AS public FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')\n"
    " UNION ALL SELECT 'TABLE', q, attacl, relowner, CASE WHEN relkind IN ('r', 'p') THEN 'a' || attrelid || '.' || attnum ELSE 'r' || attrelid\n"
    "   END, format(' (%I)', attname), ''\n"
    "  FROM rel r JOIN pg_attribute t ON t.attrelid = r.oid WHERE attacl IS NOT NULL AND attnum > 0 AND NOT attisdropped\n"
    " UNION ALL SELECT CASE WHEN prokind = 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, q, proacl, proowner, 'p' || oid, '', 'EXECUTE' FROM fun\n"
    " UNION ALL SELECT 'TYPE', q, typacl, typowner, CASE WHEN typtype = 'c' THEN 'r' || typrelid ELSE 't' || oid END, '', 'USAGE' FROM typ\n"
    "  WHERE typtype IN ('e', 'd', 'r', 'c')\n"
    " UNION ALL SELECT 'SCHEMA', format('%I', nspname), nspacl, nspowner, 'n' || oid, '', '' FROM ns\n"
    ")\n";

struct facts_part {
    int from, to; /* server's major versions; 0: no bound */
    bool owners;  /* only where owners and privileges were asked for */
    const char *select;
};

/* What a range is of, as far as every version knows it. */
#define RANGE                                                                                                                        \
    "concat('SUBTYPE = ', format_type(g.rngsubtype, NULL),\n"                                                                        \
    "  (SELECT format(', SUBTYPE_OPCLASS = %I.%I', n.nspname, o.opcname) FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace\n" \
    "   WHERE o.oid = g.rngsubopc AND NOT o.opcdefault),\n"                                                                          \
    "  (SELECT format(', COLLATION = %I.%I', n.nspname, o.collname) FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace\n" \
    "   JOIN pg_type b ON b.oid = g.rngsubtype WHERE o.oid = g.rngcollation AND g.rngcollation <> b.typcollation),\n"                 \
    "  CASE WHEN g.rngsubdiff <> 0 THEN ', SUBTYPE_DIFF = ' || g.rngsubdiff::regproc END"

/* Of the columns of a view: name, type, collation, in their order. */
#define VIEW_COLUMNS                                                                                                                 \
    "(SELECT string_agg(concat(format('%I %s', attname, format_type(atttypid, atttypmod)), CASE WHEN attcollation <> y.typcollation\n" \
    "   THEN ' COLLATE ' || (SELECT quote_ident(collname) FROM pg_collation c WHERE c.oid = attcollation) END), ', ' ORDER BY attnum) FROM pg_attribute a JOIN pg_type y ON y.oid = atttypid\n" \
    "   WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped)"

/* One kind of fact each, in the order of their rank. */
static const struct facts_part parts[] = {
    {0, 0, false,
     "SELECT 10 AS rank, 'schema' AS kind, format('%I', nspname) AS ident, '' AS value, format('CREATE SCHEMA %I', nspname) AS make,\n"
     " format('DROP SCHEMA %I', nspname) AS undo, 'n' || oid AS key, '' AS inside, nspname::text AS name\n"
     " FROM ns WHERE nspname <> 'public'"},
    {0, 0, false,
     "SELECT 12, 'extension', format('%I', extname), format('%s %s', regexp_replace(n.nspname, '^libmigrate_aside_[0-9]+_', ''), extversion),\n"
     " format('CREATE EXTENSION %I SCHEMA %I VERSION %L', extname, regexp_replace(n.nspname, '^libmigrate_aside_[0-9]+_', ''), extversion), format('DROP EXTENSION %I', extname),\n"
     " 'e' || e.oid, '', extname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname <> 'plpgsql'\n"
     " AND (e.oid NOT IN (SELECT oid FROM aside) OR EXISTS (SELECT FROM pg_type m JOIN pg_namespace a ON a.oid = m.typnamespace\n"
     "  WHERE a.nspname = 'libmigrate_aside_extensions' AND m.typname = e.extname))"},
    {0, 0, false,
     "SELECT 20, 'enum', q, v.list, format('CREATE TYPE %s AS ENUM (%s)', q, v.list), 'DROP TYPE ' || q, 't' || t.oid, '', typname\n"
     " FROM typ t, LATERAL (SELECT coalesce(string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder), '') AS list\n"
     "  FROM pg_enum WHERE enumtypid = t.oid) v WHERE typtype = 'e'"},
    {0, 0, false,
     "SELECT 21, 'domain', q, d.text, format('CREATE DOMAIN %s AS %s', q, d.text), 'DROP DOMAIN ' || q, 't' || t.oid, '', typname\n"
     " FROM typ t, LATERAL (SELECT concat(format_type(typbasetype, typtypmod),\n"
     "  (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace\n"
     "   JOIN pg_type b ON b.oid = t.typbasetype WHERE co.oid = t.typcollation AND t.typcollation <> b.typcollation)) AS text) d\n"
     " WHERE typtype = 'd'"},
    {0, 0, false,
     "SELECT 21, 'domain default', q, typdefault, format('ALTER DOMAIN %s SET DEFAULT %s', q, typdefault),\n"
     " format('ALTER DOMAIN %s DROP DEFAULT', q), '', 't' || oid, '' FROM typ WHERE typtype = 'd' AND typdefault IS NOT NULL"},
    {0, 16, false,
     "SELECT 22, 'domain not null', q, '', format('ALTER DOMAIN %s SET NOT NULL', q), format('ALTER DOMAIN %s DROP NOT NULL', q), '',\n"
     " 't' || oid, '' FROM typ WHERE typtype = 'd' AND typnotnull"},
    {17, 0, false,
     "SELECT 22, 'domain not null', q, format('%I', conname), format('ALTER DOMAIN %s ADD CONSTRAINT %I NOT NULL', q, conname),\n"
     " format('ALTER DOMAIN %s DROP CONSTRAINT %I', q, conname), 'c' || c.oid, 't' || t.oid, conname\n"
     " FROM typ t JOIN pg_constraint c ON c.contypid = t.oid AND c.contype = 'n' WHERE typtype = 'd'"},
    {0, 0, false,
     "SELECT 22, 'domain constraint', format('%s.%I', q, conname), pg_get_constraintdef(c.oid),\n"
     " format('ALTER DOMAIN %s ADD CONSTRAINT %I %s', q, conname, pg_get_constraintdef(c.oid)),\n"
     " format('ALTER DOMAIN %s DROP CONSTRAINT %I', q, conname), 'c' || c.oid, 't' || t.oid, conname\n"
     " FROM pg_constraint c JOIN typ t ON t.oid = c.contypid WHERE c.contype = 'c'"},
    {0, 0, false,
     "SELECT 23, 'composite type', r.q, '', format('CREATE TYPE %s AS (%s)', r.q, v.list), 'DROP TYPE ' || r.q, 'r' || r.oid, '',\n"
     " relname FROM rel r, LATERAL (SELECT coalesce(string_agg(part, ', ' ORDER BY attnum), '') AS list FROM att WHERE relid = r.oid) v\n"
     " WHERE relkind = 'c'"},
    {0, 0, false,
     "SELECT 43, 'attribute', aq, typ, format('ALTER TYPE %s ADD ATTRIBUTE %s CASCADE', q, part),\n"
     " format('ALTER TYPE %s DROP ATTRIBUTE %I CASCADE', q, attname), key, 'r' || relid, attname FROM att"},
    {0, 0, false, "SELECT 43, 'column position', aq, pos::text, NULL, NULL, '', key, '' FROM att"},
    {0, 13, false,
     "SELECT 24, 'range', t.q, v.text, format('CREATE TYPE %s AS RANGE (%s)', t.q, v.text), 'DROP TYPE ' || t.q, 't' || t.oid, '', typname\n"
     " FROM typ t JOIN pg_range g ON g.rngtypid = t.oid, LATERAL (SELECT " RANGE ") AS text) v WHERE typtype = 'r' AND rngcanonical = 0"},
    {14, 0, false,
     "SELECT 24, 'range', t.q, v.text, format('CREATE TYPE %s AS RANGE (%s)', t.q, v.text), 'DROP TYPE ' || t.q, 't' || t.oid, '', typname\n"
     " FROM typ t JOIN pg_range g ON g.rngtypid = t.oid, LATERAL (SELECT " RANGE ", (SELECT format(', MULTIRANGE_TYPE_NAME = %I.%I',\n"
     "  n.nspname, m.typname) FROM pg_type m JOIN pg_namespace n ON n.oid = m.typnamespace WHERE m.oid = g.rngmultitypid)) AS text) v\n"
     " WHERE typtype = 'r' AND rngcanonical = 0"},
    /* Noticed, not made: they need functions that need them. */
    {0, 0, false,
     "SELECT 24, 'range', t.q, 'CANONICAL ' || rngcanonical, NULL, 'DROP TYPE ' || t.q, 't' || t.oid, '', typname\n"
     " FROM typ t JOIN pg_range g ON g.rngtypid = t.oid WHERE typtype = 'r' AND rngcanonical <> 0"},
    {0, 0, false,
     "SELECT 24, 'base type', t.q, concat_ws(' ', typinput, typoutput, typlen, typbyval, typalign, typstorage, typcategory, typdefault), NULL,\n"
     " NULL, 't' || t.oid, '', typname FROM typ t WHERE typtype IN ('b', 'p') AND typisdefined\n"
     " AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)"},
    {0, 0, false,
     "SELECT 25, 'sequence', r.q, concat(v.text, CASE relpersistence WHEN 'u' THEN ' UNLOGGED' END),\n"
     " format('CREATE%s SEQUENCE %s AS %s', CASE relpersistence WHEN 'u' THEN ' UNLOGGED' END, r.q, v.text), 'DROP SEQUENCE ' || r.q,\n"
     " 'r' || r.oid, coalesce('a' || o.refobjid || '.' || o.refobjsubid, ''), relname\n"
     " FROM rel r JOIN pg_sequence s ON s.seqrelid = r.oid LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = r.oid\n"
     "  AND o.deptype = 'a' AND o.refclassid = 'pg_class'::regclass AND o.refobjsubid > 0, LATERAL (SELECT concat(format_type(seqtypid, NULL),\n"
     "  ' INCREMENT ', seqincrement, ' MINVALUE ', seqmin, ' MAXVALUE ', seqmax, ' START ', seqstart, ' CACHE ', seqcache,\n"
     "  CASE WHEN seqcycle THEN ' CYCLE' END) AS text) v\n"
     " WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'i')"},
    {0, 0, false,
     "SELECT 30, CASE prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, q, pg_get_functiondef(oid), pg_get_functiondef(oid),\n"
     " format('DROP %s %s', word, q), 'p' || oid, '', proname FROM fun WHERE prokind <> 'a'"},
    {0, 0, false,
     "SELECT 31, 'aggregate', f.q, v.text, format('CREATE AGGREGATE %s (%s)', f.q, v.text), 'DROP AGGREGATE ' || f.q, 'p' || f.oid, '', proname\n"
     " FROM fun f JOIN pg_aggregate a ON a.aggfnoid = f.oid, LATERAL (SELECT concat('SFUNC = ', aggtransfn, ', STYPE = ',\n"
     "  format_type(aggtranstype, NULL), CASE WHEN aggtransspace <> 0 THEN ', SSPACE = ' || aggtransspace END,\n"
     "  CASE WHEN aggfinalfn <> 0 THEN ', FINALFUNC = ' || aggfinalfn END, CASE WHEN aggfinalextra THEN ', FINALFUNC_EXTRA' END,\n"
     "  CASE WHEN aggfinalfn <> 0 THEN ', FINALFUNC_MODIFY = ' || CASE aggfinalmodify WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE'\n"
     "   ELSE 'READ_WRITE' END END,\n"
     "  CASE WHEN aggcombinefn <> 0 THEN ', COMBINEFUNC = ' || aggcombinefn END,\n"
     "  CASE WHEN aggserialfn <> 0 THEN ', SERIALFUNC = ' || aggserialfn END,\n"
     "  CASE WHEN aggdeserialfn <> 0 THEN ', DESERIALFUNC = ' || aggdeserialfn END,\n"
     "  ', INITCOND = ' || quote_literal(agginitval),\n"
     "  CASE WHEN aggmtransfn <> 0 THEN ', MSFUNC = ' || aggmtransfn || ', MINVFUNC = ' || aggminvtransfn || ', MSTYPE = '\n"
     "   || format_type(aggmtranstype, NULL) END,\n"
     "  CASE WHEN aggmfinalfn <> 0 THEN ', MFINALFUNC = ' || aggmfinalfn END, ', MINITCOND = ' || quote_literal(aggminitval),\n"
     "  CASE WHEN aggsortop <> 0 THEN ', SORTOP = ' || aggsortop::regoper END,\n"
     "  CASE proparallel WHEN 's' THEN ', PARALLEL = SAFE' WHEN 'r' THEN ', PARALLEL = RESTRICTED' END,\n"
     "  CASE WHEN aggkind = 'h' THEN ', HYPOTHETICAL' END) AS text) v"},
    {0, 0, false,
     "SELECT 40, 'table', q, concat_ws(' ', CASE WHEN relkind = 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(t.oid) END, 'OF ' || NULLIF(reloftype, 0)::regtype,\n"
     "  'INHERITS (' || v.list || ')', 'USING ' || m.amname),\n"
     " concat('CREATE', CASE relpersistence WHEN 'u' THEN ' UNLOGGED' END, ' TABLE ', q,\n"
     "  CASE WHEN reloftype <> 0 THEN ' OF ' || reloftype::regtype ELSE concat(' (', l.columns, ')') END, ' INHERITS (' || v.list || ')',\n"
     "  CASE WHEN relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(t.oid) END, ' USING ' || m.amname,\n"
     /* In the order in which they were given: a dump shows it. */
     "  ' WITH (' || NULLIF(concat_ws(', ', array_to_string(t.reloptions, ', '),\n"
     "   (SELECT string_agg('toast.' || o, ', ' ORDER BY n) FROM pg_class c, unnest(c.reloptions) WITH ORDINALITY u (o, n)\n"
     "    WHERE c.oid = t.reltoastrelid)), '') || ')'),\n"
     " 'DROP TABLE ' || q, 'r' || t.oid, '', relname\n"
     " FROM tab t LEFT JOIN list l ON l.relid = t.oid LEFT JOIN pg_am m ON m.oid = t.relam AND m.amname <> 'heap',\n"
     " LATERAL (SELECT string_agg(inhparent::regclass::text, ', '\n"
     "  ORDER BY inhseqno) AS list FROM pg_inherits WHERE inhrelid = t.oid AND NOT t.relispartition) v"},
    {0, 0, false,
     "SELECT 43, 'table unlogged', q, '', format('ALTER TABLE %s SET UNLOGGED', q), format('ALTER TABLE %s SET LOGGED', q), '', 'r' || oid, ''\n"
     " FROM tab WHERE relpersistence = 'u'"},
    {0, 0, false,
     "SELECT 43, 'column', cq, CASE attgenerated WHEN 's' THEN format('GENERATED (%s) STORED', dexpr) WHEN 'v' THEN\n"
     "  format('GENERATED (%s)', dexpr) ELSE '' END,\n"
     " format('ALTER TABLE %s ADD COLUMN %s%s', q, part, CASE WHEN attgenerated = '' THEN ' DEFAULT ' || dexpr END),\n"
     " format('ALTER TABLE %s DROP COLUMN %I', q, attname), key, 'r' || attrelid, attname FROM col"},
    {0, 0, false, "SELECT 43, 'column position', cq, pos::text, NULL, NULL, '', key, '' FROM col"},
    {0, 0, false,
     "SELECT 44, 'column type', cq, typ || collat, format('ALTER TABLE %s ALTER COLUMN %I TYPE %s%s USING %2$I%5$s::%3$s', q, attname, typ,\n"
     " collat, via), NULL, '', key, '' FROM col"},
    {0, 0, false,
     "SELECT 45, 'column default', cq, dexpr, format('ALTER TABLE %s ALTER COLUMN %I SET DEFAULT %s', q, attname, dexpr),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', q, attname), 'd' || substr(key, 2), key, ''\n"
     " FROM col WHERE dexpr IS NOT NULL AND attgenerated = '' AND NOT (attinhcount > 0 AND dexpr ~ '^NULL::')"}, /* pg_dump writes that */
    {0, 17, false,
     "SELECT 44, 'column not null', cq, '', format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', q, attname),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', q, attname), '', key, '' FROM col WHERE attnotnull"},
    {18, 0, false,
     "SELECT 44, 'column not null', cq, format('%I %s', conname, pg_get_constraintdef(conoid)),\n"
     " format('ALTER TABLE %s ADD CONSTRAINT %I %s', q, conname, pg_get_constraintdef(conoid)),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', q, attname), 'c' || conoid, col.key, conname FROM col WHERE convalidated"},
    {18, 0, false,
     "SELECT 52, 'column not null', cq, format('%I %s', conname, pg_get_constraintdef(conoid)),\n"
     " format('ALTER TABLE %s ADD CONSTRAINT %I %s', q, conname, pg_get_constraintdef(conoid)),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', q, attname), 'c' || conoid, col.key, conname FROM col WHERE NOT convalidated"},
    {0, 0, false,
     "SELECT 47, 'column identity', cq, v.text, format('ALTER TABLE %s ALTER COLUMN %I ADD GENERATED %s', col.q, attname, v.text),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', col.q, attname), '', key, ''\n"
     " FROM col JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = attrelid AND d.refobjsubid = attnum\n"
     "  AND d.classid = 'pg_class'::regclass AND d.deptype = 'i' JOIN pg_sequence s ON s.seqrelid = d.objid\n"
     "  JOIN rel r ON r.oid = d.objid,\n"
     " LATERAL (SELECT concat(CASE attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, ' AS IDENTITY (SEQUENCE NAME ', r.q,\n"
     "  ' START WITH ', seqstart, ' INCREMENT BY ', seqincrement, ' MINVALUE ', seqmin, ' MAXVALUE ', seqmax, ' CACHE ', seqcache,\n"
     "  CASE WHEN seqcycle THEN ' CYCLE' END, ')') AS text) v WHERE attidentity <> ''"},
    {0, 0, false,
     "SELECT 48, 'column statistics', cq, attstattarget::text, format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', q, attname,\n"
     " attstattarget), format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS -1', q, attname), '', key, ''\n"
     " FROM col WHERE attstattarget <> -1"},
    {0, 0, false,
     "SELECT 48, 'column storage', cq, v.word, format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', q, attname, v.word),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I SET STORAGE %s', q, attname, CASE typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'\n"
     "  WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END), '', key, ''\n"
     " FROM col, LATERAL (SELECT CASE attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END\n"
     "  AS word) v WHERE attstorage <> typstorage"},
    {14, 0, false,
     "SELECT 48, 'column compression', cq, v.word, format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION %s', q, attname, v.word),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I SET COMPRESSION DEFAULT', q, attname), '', key, ''\n"
     " FROM col, LATERAL (SELECT CASE attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END AS word) v WHERE attcompression <> ''"},
    {0, 0, false,
     "SELECT 48, 'column option', cq || ' ' || split_part(o, '=', 1), o, format('ALTER TABLE %s ALTER COLUMN %I SET (%s)', q, attname, o),\n"
     " format('ALTER TABLE %s ALTER COLUMN %I RESET (%s)', q, attname, split_part(o, '=', 1)), '', key, '' FROM col, unnest(attoptions) o\n"
     " WHERE o !~ '^pg_attver='"},
    {0, 0, false,
     "SELECT CASE c.contype WHEN 'f' THEN 60 WHEN 'c' THEN 51 ELSE 53 END, 'constraint', format('%s.%I', t.q, conname),\n"
     " pg_get_constraintdef(c.oid), format('ALTER TABLE %s%s ADD CONSTRAINT %I %s',\n"
     "  CASE WHEN relkind = 'p' AND c.contype NOT IN ('c', 'f') THEN 'ONLY ' ELSE '' END, t.q, conname, pg_get_constraintdef(c.oid)),\n"
     " format('ALTER TABLE %s DROP CONSTRAINT %I', t.q, conname), 'c' || c.oid, 'r' || t.oid, conname\n"
     " FROM pg_constraint c JOIN tab t ON t.oid = c.conrelid\n"
     " WHERE c.contype IN ('p', 'u', 'x', 'c', 'f') AND (c.conislocal OR t.relispartition) AND (c.contype <> 'f' OR c.conparentid = 0)"},
    {0, 0, false,
     "SELECT 54, 'partition', t.q, p.q || ' ' || pg_get_expr(t.relpartbound, t.oid),\n"
     " format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', p.q, t.q, pg_get_expr(t.relpartbound, t.oid)),\n"
     " format('ALTER TABLE %s DETACH PARTITION %s', p.q, t.q), 'i' || t.oid, 'r' || t.oid, ''\n"
     " FROM tab t JOIN pg_inherits i ON i.inhrelid = t.oid JOIN tab p ON p.oid = i.inhparent WHERE t.relispartition"},
    {0, 0, false,
     "SELECT 55, 'index', i.q, concat(pg_get_indexdef(i.oid), CASE WHEN NOT x.indisvalid AND i.relkind = 'i' THEN ' INVALID' END),\n"
     " pg_get_indexdef(i.oid), 'DROP INDEX ' || i.q, 'r' || i.oid, 'r' || x.indrelid, i.relname\n"
     " FROM rel i JOIN pg_index x ON x.indexrelid = i.oid\n"
     " WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid AND c.contype IN ('p', 'u', 'x'))"},
    {0, 0, false,
     "SELECT 57, 'index partition', i.q, p.q, format('ALTER INDEX %s ATTACH PARTITION %s', p.q, i.q), NULL, 'i' || i.oid,\n"
     " coalesce('c' || c.oid, 'r' || i.oid), '' FROM rel i JOIN pg_inherits h ON h.inhrelid = i.oid JOIN rel p ON p.oid = h.inhparent\n"
     " LEFT JOIN pg_constraint c ON c.conindid = i.oid AND c.contype IN ('p', 'u', 'x') WHERE i.relkind IN ('i', 'I')"},
    {0, 0, false,
     "SELECT 58, 'index column statistics', format('%s %s', i.q, attnum), attstattarget::text,\n"
     " format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.q, attnum, attstattarget),\n"
     " format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS -1', i.q, attnum), '', 'r' || i.oid, ''\n"
     " FROM rel i JOIN pg_attribute a ON a.attrelid = i.oid WHERE i.relkind IN ('i', 'I') AND attnum > 0 AND attstattarget <> -1"},
    {0, 0, false,
     "SELECT 59, 'replica identity', t.q, v.word, format('ALTER TABLE %s REPLICA IDENTITY %s', t.q, v.word),\n"
     " format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', t.q), '', v.inside, '' FROM tab t, LATERAL (\n"
     "  SELECT CASE relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END AS word, 'r' || t.oid AS inside WHERE relreplident IN ('f', 'n')\n"
     "  UNION ALL SELECT format('USING INDEX %I', c.relname), coalesce('c' || o.oid, 'r' || c.oid) FROM pg_index x\n"
     "   JOIN pg_class c ON c.oid = x.indexrelid LEFT JOIN pg_constraint o ON o.conindid = c.oid AND o.contype IN ('p', 'u', 'x')\n"
     "   WHERE relreplident = 'i' AND x.indrelid = t.oid AND x.indisreplident) v"},
    {0, 0, false,
     "SELECT 59, 'clustered', t.q, c.relname, format('ALTER TABLE %s CLUSTER ON %I', t.q, c.relname),\n"
     " format('ALTER TABLE %s SET WITHOUT CLUSTER', t.q), '', coalesce('c' || o.oid, 'r' || c.oid), ''\n"
     " FROM tab t JOIN pg_index x ON x.indrelid = t.oid AND x.indisclustered JOIN pg_class c ON c.oid = x.indexrelid\n"
     " LEFT JOIN pg_constraint o ON o.conindid = c.oid AND o.contype IN ('p', 'u', 'x')"},
    {0, 0, false,
     "SELECT 62, 'sequence owner', r.q, format('%s.%I', t.q, a.attname), format('ALTER SEQUENCE %s OWNED BY %s.%I', r.q, t.q, a.attname),\n"
     " format('ALTER SEQUENCE %s OWNED BY NONE', r.q), '', 'r' || r.oid, ''\n"
     " FROM rel r JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'a'\n"
     "  AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 JOIN tab t ON t.oid = d.refobjid\n"
     "  JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid WHERE r.relkind = 'S'"},
    {0, 0, false,
     "SELECT 70, 'view', q, concat(" VIEW_COLUMNS ", E'\\n', array_to_string(reloptions, ', ') || ' ', pg_get_viewdef(oid)),\n"
     " concat('CREATE OR REPLACE VIEW ', q, ' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS ', rtrim(pg_get_viewdef(oid), ';')),\n"
     " 'DROP VIEW ' || q, 'r' || oid, '', relname FROM rel WHERE relkind = 'v'"},
    {0, 0, false,
     "SELECT 71, 'materialized view', q, concat(array_to_string(reloptions, ', ') || ' ', pg_get_viewdef(r.oid)),\n"
     " concat('CREATE MATERIALIZED VIEW ', q, ' USING ' || m.amname, ' WITH (' || array_to_string(reloptions, ', ') || ')', ' AS ',\n"
     "  rtrim(pg_get_viewdef(r.oid), ';'), CASE WHEN NOT relispopulated THEN ' WITH NO DATA' END),\n"
     " 'DROP MATERIALIZED VIEW ' || q, 'r' || r.oid, '', relname\n"
     " FROM rel r LEFT JOIN pg_am m ON m.oid = r.relam AND m.amname <> 'heap' WHERE relkind = 'm'"},
    {0, 0, false,
     "SELECT 72, 'view column default', format('%s.%I', r.q, attname), v.text,\n"
     " format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', r.q, attname, v.text),\n"
     " format('ALTER VIEW %s ALTER COLUMN %I DROP DEFAULT', r.q, attname), '', 'r' || r.oid, ''\n"
     " FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum,\n"
     " LATERAL (SELECT pg_get_expr(d.adbin, d.adrelid) AS text) v WHERE relkind = 'v'"},
    {0, 0, false,
     "SELECT 75, 'trigger', format('%s.%I', r.q, tgname), pg_get_triggerdef(g.oid), pg_get_triggerdef(g.oid),\n"
     " format('DROP TRIGGER %I ON %s', tgname, r.q), 'g' || g.oid, 'r' || r.oid, tgname\n"
     " FROM pg_trigger g JOIN rel r ON r.oid = g.tgrelid WHERE NOT tgisinternal AND coalesce((to_jsonb(g) ->> 'tgparentid')::oid, 0) = 0"},
    {0, 0, false,
     "SELECT 76, 'trigger enabled', format('%s.%I', r.q, tgname), v.word, format('ALTER TABLE %s %s TRIGGER %I', r.q, v.word, tgname),\n"
     " format('ALTER TABLE %s ENABLE TRIGGER %I', r.q, tgname), '', 'g' || g.oid, ''\n"
     " FROM pg_trigger g JOIN rel r ON r.oid = g.tgrelid, LATERAL (SELECT CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN\n"
     "  'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END AS word) v WHERE NOT tgisinternal AND coalesce((to_jsonb(g) ->> 'tgparentid')::oid, 0) = 0 AND tgenabled <> 'O'"},
    {0, 0, false,
     "SELECT 76, 'constraint triggers', format('%s.%I', t.q, conname), string_agg(g.tgenabled::text, '' ORDER BY g.tgfoid, g.tgtype), NULL, NULL, '',\n"
     " 'c' || c.oid, '' FROM pg_trigger g JOIN pg_constraint c ON c.oid = g.tgconstraint JOIN tab t ON t.oid = c.conrelid\n"
     " WHERE g.tgisinternal AND g.tgenabled <> 'O' GROUP BY t.q, conname, c.oid"},
    {0, 0, false,
     "SELECT 77, 'rule', format('%s.%I', r.q, rulename), pg_get_ruledef(u.oid), rtrim(pg_get_ruledef(u.oid), ';'),\n"
     " format('DROP RULE %I ON %s', rulename, r.q), 'u' || u.oid, 'r' || r.oid, rulename\n"
     " FROM pg_rewrite u JOIN rel r ON r.oid = u.ev_class WHERE rulename <> '_RETURN'"},
    {0, 0, false,
     "SELECT 77, 'rule enabled', format('%s.%I', r.q, rulename), v.word, format('ALTER TABLE %s %s RULE %I', r.q, v.word, rulename),\n"
     " format('ALTER TABLE %s ENABLE RULE %I', r.q, rulename), '', 'u' || u.oid, ''\n"
     " FROM pg_rewrite u JOIN rel r ON r.oid = u.ev_class, LATERAL (SELECT CASE ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN\n"
     "  'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END AS word) v WHERE rulename <> '_RETURN' AND ev_enabled <> 'O'"},
    {0, 0, false,
     "SELECT 78, 'policy', format('%s.%I', r.q, polname), v.text, format('CREATE POLICY %I ON %s %s', polname, r.q, v.text),\n"
     " format('DROP POLICY %I ON %s', polname, r.q), 'y' || p.oid, 'r' || r.oid, polname\n"
     " FROM pg_policy p JOIN rel r ON r.oid = p.polrelid, LATERAL (SELECT concat('AS ', CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE\n"
     "  'RESTRICTIVE' END, ' FOR ', CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'\n"
     "  ELSE 'ALL' END, ' TO ', (SELECT string_agg(CASE WHEN o = 0 THEN 'PUBLIC' ELSE o::regrole::text END, ', '\n"
     "   ORDER BY CASE WHEN o = 0 THEN 'PUBLIC' ELSE o::regrole::text END COLLATE \"C\") FROM unnest(polroles) o),\n"
     "  ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')') AS text) v"},
    {0, 0, false,
     "SELECT 79, 'row security', q, '', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', q),\n"
     " format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', q), '', 'r' || oid, '' FROM tab WHERE relrowsecurity"},
    {0, 0, false,
     "SELECT 79, 'row security forced', q, '', format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', q),\n"
     " format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', q), '', 'r' || oid, '' FROM tab WHERE relforcerowsecurity"},
    {0, 0, false,
     "SELECT 44, 'table option', format('%s %s', r.q, v.name), o, format('ALTER TABLE %s SET (%s)', r.q, o),\n"
     " format('ALTER TABLE %s RESET (%s)', r.q, v.name), '', 'r' || r.oid, '' FROM (SELECT q, oid, reloptions, '' AS prefix FROM tab\n"
     "  UNION ALL SELECT t.q, t.oid, c.reloptions, 'toast.' FROM tab t JOIN pg_class c ON c.oid = t.reltoastrelid) r,\n"
     " unnest(reloptions) p, LATERAL (SELECT prefix || p AS o) w, LATERAL (SELECT split_part(o, '=', 1) AS name) v"},
    {0, 0, false,
     "SELECT 80, 'tablespace', r.q, p.spcname, format('ALTER %s %s SET TABLESPACE %I', r.word, r.q, p.spcname),\n"
     " format('ALTER %s %s SET TABLESPACE %I', r.word, r.q, d.spcname), '', coalesce('c' || o.oid, 'r' || r.oid), ''\n"
     " FROM rel r JOIN pg_tablespace p ON p.oid = r.reltablespace\n"
     " JOIN pg_database b ON b.datname = current_database() JOIN pg_tablespace d ON d.oid = b.dattablespace\n"
     " LEFT JOIN pg_constraint o ON o.conindid = r.oid AND o.contype IN ('p', 'u', 'x')"},
    {13, 0, false,
     "SELECT 83, 'statistics target', format('%I.%I', n.nspname, stxname), stxstattarget::text, format('ALTER STATISTICS %I.%I SET STATISTICS %s',\n"
     " n.nspname, stxname, stxstattarget), format('ALTER STATISTICS %I.%I SET STATISTICS -1', n.nspname, stxname), '', 's' || s.oid, ''\n"
     " FROM pg_statistic_ext s JOIN ns n ON n.oid = s.stxnamespace WHERE stxstattarget <> -1"},
    {0, 0, false,
     "SELECT 82, 'statistics', format('%I.%I', n.nspname, stxname), pg_get_statisticsobjdef(s.oid), pg_get_statisticsobjdef(s.oid),\n"
     " format('DROP STATISTICS %I.%I', n.nspname, stxname), 's' || s.oid, 'r' || stxrelid, stxname\n"
     " FROM pg_statistic_ext s JOIN ns n ON n.oid = s.stxnamespace"},
    {0, 0, false,
     "SELECT 85, 'comment', concat_ws(' ', v.word, v.q), description, format('COMMENT ON %s %s IS %L', v.word, v.q, description),\n"
     " format('COMMENT ON %s %s IS NULL', v.word, v.q), '', v.inside, '' FROM pg_description d, LATERAL (\n"
     "  SELECT word, q, 'r' || oid AS inside FROM rel WHERE d.classoid = 'pg_class'::regclass AND oid = objoid AND objsubid = 0\n"
     "  UNION ALL SELECT 'COLUMN', format('%s.%I', q, attname), CASE WHEN relkind = 'r' OR relkind = 'p' THEN 'a' || attrelid || '.' || attnum\n"
     "   ELSE 'r' || r.oid END FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid\n"
     "   WHERE d.classoid = 'pg_class'::regclass AND r.oid = objoid AND attnum = objsubid AND objsubid > 0\n"
     "  UNION ALL SELECT word, q, 'p' || oid FROM fun WHERE d.classoid = 'pg_proc'::regclass AND oid = objoid\n"
     "  UNION ALL SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, q, 't' || oid FROM typ\n"
     "   WHERE d.classoid = 'pg_type'::regclass AND oid = objoid\n"
     "  UNION ALL SELECT 'SCHEMA', format('%I', nspname), 'n' || oid FROM ns WHERE d.classoid = 'pg_namespace'::regclass AND oid = objoid\n"
     "   AND (nspname <> 'public' OR description <> 'standard public schema')\n"
     "  UNION ALL SELECT 'CONSTRAINT', format('%I ON %s', conname, q), 'c' || c.oid FROM pg_constraint c JOIN tab t ON t.oid = conrelid\n"
     "   WHERE d.classoid = 'pg_constraint'::regclass AND c.oid = objoid\n"
     "  UNION ALL SELECT 'CONSTRAINT', format('%I ON DOMAIN %s', conname, q), 'c' || c.oid FROM pg_constraint c JOIN typ t ON t.oid = contypid\n"
     "   WHERE d.classoid = 'pg_constraint'::regclass AND c.oid = objoid\n"
     "  UNION ALL SELECT 'TRIGGER', format('%I ON %s', tgname, q), 'g' || g.oid FROM pg_trigger g JOIN rel r ON r.oid = tgrelid\n"
     "   WHERE d.classoid = 'pg_trigger'::regclass AND g.oid = objoid\n"
     "  UNION ALL SELECT 'RULE', format('%I ON %s', rulename, q), 'u' || u.oid FROM pg_rewrite u JOIN rel r ON r.oid = ev_class\n"
     "   WHERE d.classoid = 'pg_rewrite'::regclass AND u.oid = objoid\n"
     "  UNION ALL SELECT 'POLICY', format('%I ON %s', polname, q), 'y' || p.oid FROM pg_policy p JOIN rel r ON r.oid = polrelid\n"
     "   WHERE d.classoid = 'pg_policy'::regclass AND p.oid = objoid\n"
     "  UNION ALL SELECT 'STATISTICS', format('%I.%I', nspname, stxname), 's' || s.oid FROM pg_statistic_ext s JOIN ns ON ns.oid = stxnamespace\n"
     "   WHERE d.classoid = 'pg_statistic_ext'::regclass AND s.oid = objoid\n"
     " ) v WHERE objoid >= 16384 OR d.classoid = 'pg_namespace'::regclass"}, /* the server's own have thousands */
    {0, 0, true,
     "SELECT 86, 'owner', concat_ws(' ', v.word, v.q), pg_get_userbyid(v.owner),\n"
     " format('ALTER %s %s OWNER TO %I', v.word, v.q, pg_get_userbyid(v.owner)), NULL, '', v.inside, '' FROM (\n"
     "  SELECT word, q, relowner AS owner, 'r' || oid AS inside FROM rel WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c')\n"
     "   OR relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = rel.oid\n"
     "    AND d.deptype IN ('a', 'i'))\n"
     "  UNION ALL SELECT word, q, proowner, 'p' || oid FROM fun\n"
     "  UNION ALL SELECT CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, q, typowner, 't' || oid FROM typ WHERE typtype IN ('e', 'd', 'r')\n"
     "  UNION ALL SELECT 'SCHEMA', format('%I', nspname), nspowner, 'n' || oid FROM ns) v"},
    /* What PUBLIC has from the beginning is told where it has it no more. */
    {0, 0, true,
     "SELECT 87, 'privilege', concat_ws(' ', v.word, v.q || v.columns, g.who, a.privilege_type), a.is_grantable::text,\n"
     " format('GRANT %s%s ON %s %s TO %s%s', a.privilege_type, v.columns, v.word, v.q, g.who,\n"
     "  CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END),\n"
     " format('REVOKE %s%s ON %s %s FROM %s', a.privilege_type, v.columns, v.word, v.q, g.who), '', v.inside, ''\n"
     " FROM acl v, aclexplode(v.acl) a, LATERAL (SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS who) g\n"
     " WHERE a.grantee <> v.owner AND NOT (a.grantee = 0 AND a.privilege_type = v.public)"},
    {0, 0, true,
     "SELECT 87, 'privilege', concat_ws(' ', v.word, v.q, 'PUBLIC', 'none'), '', format('REVOKE %s ON %s %s FROM PUBLIC', v.public, v.word, v.q),\n"
     " format('GRANT %s ON %s %s TO PUBLIC', v.public, v.word, v.q), '', v.inside, '' FROM acl v\n"
     " WHERE acl IS NOT NULL AND public <> '' AND NOT EXISTS (SELECT FROM aclexplode(v.acl) WHERE grantee = 0 AND privilege_type = v.public)"},
    /* Noticed, not made: what belongs to the cluster's plumbing. */
    {0, 0, false,
     "SELECT 90, 'publication', format('%I', pubname), concat_ws(' ', CASE WHEN puballtables THEN 'ALL TABLES' END,\n"
     " CASE WHEN pubinsert THEN 'insert' END, CASE WHEN pubupdate THEN 'update' END, CASE WHEN pubdelete THEN 'delete' END,\n"
     " CASE WHEN pubtruncate THEN 'truncate' END, (SELECT string_agg(prrelid::regclass::text, ', ' ORDER BY prrelid::regclass::text COLLATE \"C\")\n"
     "  FROM pg_publication_rel WHERE prpubid = p.oid)), NULL, NULL, '', '', pubname FROM pg_publication p\n"
     " WHERE p.oid NOT IN (SELECT oid FROM aside)"},
    {0, 0, false,
     "SELECT 91, 'event trigger', format('%I', evtname), concat_ws(' ', evtevent, evtenabled, evtfoid::regproc, array_to_string(evttags, ',')),\n"
     " NULL, NULL, '', '', evtname FROM pg_event_trigger v\n"
     " WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_event_trigger'::regclass AND e.objid = v.oid)\n"
     " AND v.oid NOT IN (SELECT oid FROM aside)"},
    {0, 0, false,
     "SELECT 92, 'foreign data wrapper', format('%I', fdwname), array_to_string(fdwoptions, ','), NULL, NULL, '', '', fdwname\n"
     " FROM pg_foreign_data_wrapper w WHERE NOT EXISTS (SELECT FROM ext e WHERE e.classid = 'pg_foreign_data_wrapper'::regclass\n"
     " AND e.objid = w.oid) AND w.oid NOT IN (SELECT oid FROM aside)"},
    {0, 0, false,
     "SELECT 92, 'foreign server', format('%I', srvname), concat_ws(' ', srvtype, srvversion), NULL, NULL, '', '', srvname FROM pg_foreign_server\n"
     " WHERE oid NOT IN (SELECT oid FROM aside)"},
    {0, 0, false,
     "SELECT 92, 'foreign table', q, (SELECT string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)\n"
     " FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped), NULL, NULL, '', '', relname FROM rel r WHERE relkind = 'f'"},
};

/* What needs what, as pairs of keys. Rules of views stand for their views, indexes of constraints for these, columns of what is no table
 * for the whole, row types and arrays for what they are of, expressions of generated columns for the column. The third column: what goes with
 * what it is a part of ("gone"), and what comes with it, too ("along"): inherited columns and constraints. */
static const char edges[] =
    "SELECT DISTINCT k.key, r.key, CASE WHEN d.deptype IN ('P', 'S') THEN 'gone' ELSE '' END FROM pg_depend d\n"
    " LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'\n"
    " LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid\n"
    " LEFT JOIN pg_attribute g ON g.attrelid = f.adrelid AND g.attnum = f.adnum\n"
    " LEFT JOIN pg_class oc ON d.classid = 'pg_class'::regclass AND oc.oid = d.objid\n"
    " LEFT JOIN pg_class rc ON d.refclassid = 'pg_class'::regclass AND rc.oid = d.refobjid\n"
    " LEFT JOIN pg_constraint oi ON oc.relkind IN ('i', 'I') AND oi.conindid = oc.oid AND oi.contype IN ('p', 'u', 'x')\n"
    " LEFT JOIN pg_constraint ri ON rc.relkind IN ('i', 'I') AND ri.conindid = rc.oid AND ri.contype IN ('p', 'u', 'x')\n"
    " LEFT JOIN pg_type y ON d.refclassid = 'pg_type'::regclass AND y.oid = d.refobjid\n"
    " LEFT JOIN pg_type b ON b.oid = CASE WHEN y.typelem <> 0 AND y.typlen = -1 THEN y.typelem ELSE y.oid END,\n"
    " LATERAL (SELECT CASE d.classid WHEN 'pg_class'::regclass THEN CASE WHEN oi.oid IS NOT NULL THEN 'c' || oi.oid\n"
    "   WHEN d.objsubid > 0 AND oc.relkind IN ('r', 'p', 'c') THEN 'a' || d.objid || '.' || d.objsubid ELSE 'r' || d.objid END\n"
    "  WHEN 'pg_type'::regclass THEN 't' || d.objid WHEN 'pg_proc'::regclass THEN 'p' || d.objid\n"
    "  WHEN 'pg_constraint'::regclass THEN 'c' || d.objid WHEN 'pg_trigger'::regclass THEN 'g' || d.objid\n"
    "  WHEN 'pg_policy'::regclass THEN 'y' || d.objid WHEN 'pg_statistic_ext'::regclass THEN 's' || d.objid\n"
    "  WHEN 'pg_extension'::regclass THEN 'e' || d.objid WHEN 'pg_rewrite'::regclass THEN coalesce('r' || w.ev_class, 'u' || d.objid)\n"
    "  WHEN 'pg_attrdef'::regclass THEN CASE WHEN g.attgenerated = '' THEN 'd' ELSE 'a' END || f.adrelid || '.' || f.adnum END AS key) o,\n"
    " LATERAL (SELECT CASE d.refclassid WHEN 'pg_class'::regclass THEN CASE WHEN ri.oid IS NOT NULL THEN 'c' || ri.oid\n"
    "   WHEN d.refobjsubid > 0 AND rc.relkind IN ('r', 'p', 'c') THEN 'a' || d.refobjid || '.' || d.refobjsubid ELSE 'r' || d.refobjid END\n"
    "  WHEN 'pg_type'::regclass THEN CASE WHEN b.typrelid <> 0 THEN 'r' || b.typrelid ELSE 't' || b.oid END\n"
    "  WHEN 'pg_proc'::regclass THEN 'p' || d.refobjid WHEN 'pg_constraint'::regclass THEN 'c' || d.refobjid\n"
    "  WHEN 'pg_trigger'::regclass THEN 'g' || d.refobjid\n"
    "  WHEN 'pg_namespace'::regclass THEN 'n' || d.refobjid WHEN 'pg_extension'::regclass THEN 'e' || d.refobjid END AS key) r,\n"
    " LATERAL (SELECT o.key UNION ALL SELECT 'r' || split_part(substr(o.key, 2), '.', 1) WHERE o.key LIKE 'a%') k\n"
    " WHERE d.deptype IN ('n', 'a', 'P', 'S') AND d.objid >= 16384 AND k.key <> r.key AND r.key NOT LIKE replace(k.key, 'r', 'a') || '.%'\n";

/* Of what is inherited. */
static const char inherited[] =
    "UNION ALL SELECT format('a%s.%s', c.attrelid, c.attnum), format('a%s.%s', p.attrelid, p.attnum), 'along' FROM pg_inherits i\n"
    " JOIN pg_class r ON r.oid = i.inhparent AND r.relkind IN ('r', 'p') JOIN pg_attribute p ON p.attrelid = i.inhparent\n"
    " JOIN pg_attribute c ON c.attrelid = i.inhrelid AND c.attname = p.attname WHERE p.attnum > 0 AND NOT p.attisdropped AND c.attinhcount > 0\n"
    "UNION ALL SELECT 'c' || c.oid, 'c' || p.oid, 'along' FROM pg_inherits i JOIN pg_constraint p ON p.conrelid = i.inhparent\n"
    " JOIN pg_constraint c ON c.conrelid = i.inhrelid AND c.conname = p.conname WHERE p.contype = 'c' AND c.contype = 'c' AND c.coninhcount > 0\n"
    "UNION ALL SELECT 'i' || x.indexrelid, 'i' || x.indrelid, 'gone' FROM pg_index x JOIN pg_inherits i ON i.inhrelid = x.indexrelid\n"
    "UNION ALL SELECT 'i' || x.indexrelid, coalesce('c' || c.oid, 'r' || i.inhparent), '' FROM pg_index x\n"
    " JOIN pg_inherits i ON i.inhrelid = x.indexrelid LEFT JOIN pg_constraint c ON c.conindid = i.inhparent AND c.contype IN ('p', 'u', 'x')";

void postgresql_facts_query(struct text *out, int major, const struct database_facts_wish *wish, const char *left_out)
{
    const char *aside = strstr(common, ":aside"), *begin = aside + strlen(":aside"), *history = strstr(begin, ":history");

    text_add_n(out, common, (size_t)(aside - common));
    text_add(out, left_out);
    for (const char *from = begin; from != NULL; history = strstr(from, ":history")) {
        text_add_n(out, from, history != NULL ? (size_t)(history - from) : strlen(from));
        if (history == NULL)
            break;
        text_add(out, "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ");
        database_postgresql.literal(out, wish->schema, strlen(wish->schema));
        text_add(out, " AND c.relname IN (");
        database_postgresql.literal(out, wish->table, strlen(wish->table));
        text_add(out, ", ");
        database_postgresql.literal(out, wish->table, strlen(wish->table));
        text_add(out, " || '" FACTS_KEPT "')");
        from = history + strlen(":history");
    }
    text_add(out, more);
    text_add(out, wish->owners ? privileges : "");
    text_add(out, "SELECT * FROM (\n");
    for (size_t i = 0, n = 0; i < sizeof parts / sizeof *parts; i++) {
        if ((parts[i].from != 0 && major < parts[i].from) || (parts[i].to != 0 && major > parts[i].to) ||
            (parts[i].owners && !wish->owners))
            continue;
        if (n++ > 0)
            text_add(out, "\nUNION ALL ");
        text_add(out, parts[i].select);
    }
    text_add(out, ") z ORDER BY rank, kind COLLATE \"C\", ident COLLATE \"C\"");
}

void postgresql_edges_query(struct text *out)
{
    text_add(out, edges);
    text_add(out, inherited);
}
