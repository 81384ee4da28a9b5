/* SPDX-License-Identifier: MIT
 * Tables by name, and by their oid, which stays when they are renamed or moved. */
#include "database/postgresql/postgresql.h"

#include <string.h>

#define TABLES                                                                                                                     \
    "SELECT c.oid::text, pg_catalog.format('%I.%I', n.nspname, c.relname), "                                                       \
    "CASE WHEN c.reltuples > 0 THEN c.reltuples::bigint END, "                                                                     \
    "CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN 1 ELSE 0 END " \
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "                                         \
    "WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND "

static void literal(struct text *out, const char *text)
{
    database_postgresql.literal(out, text, strlen(text));
}

void postgresql_tables_named(struct text *out, const char *schema, const char *table)
{
    text_add(out, TABLES "c.relname = ");
    literal(out, table);
    if (schema != NULL) {
        text_add(out, " AND n.nspname = ");
        literal(out, schema);
    } else {
        text_add(out, " AND pg_catalog.left(n.nspname::text, 3) <> 'pg_' AND n.nspname <> 'information_schema' AND (pg_catalog.pg_table_is_visible(c.oid) OR NOT EXISTS ("
                      "SELECT 1 FROM pg_catalog.pg_class v WHERE v.relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(v.oid) AND v.relname = ");
        literal(out, table);
        text_add(out, "))");
    }
    text_add(out, " ORDER BY 2");
}

void postgresql_table_again(struct text *out, const char *identity)
{
    text_add(out, TABLES "c.oid = ");
    literal(out, identity);
    text_add(out, "::oid");
}
