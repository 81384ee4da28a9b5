/* SPDX-License-Identifier: MIT
 * What the open transaction wrote, by the server's own counters: into system catalogs that no fact speaks of, and into tables of users.
 * Counters of a session only grow, also by what was rolled back to a savepoint: too much may be said, never too little. */
#include "database/postgresql/postgresql.h"

#include <stdlib.h>
#include <string.h>

/* What facts speak of, and what follows from these. */
static const char *const covered[] = {
    "pg_aggregate", "pg_attrdef", "pg_attribute",   "pg_class",          "pg_constraint", "pg_depend",
    "pg_description", "pg_enum",  "pg_extension",   "pg_index",          "pg_inherits",   "pg_init_privs",
    "pg_namespace",   "pg_partitioned_table",       "pg_policy",         "pg_proc",       "pg_range",
    "pg_rewrite",     "pg_sequence", "pg_shdepend", "pg_statistic",      "pg_statistic_ext", "pg_statistic_ext_data",
    "pg_trigger",     "pg_type",
};

/* What is in the others, in words; the first prefix that fits. A catalog that is in neither list is named itself. */
static const struct {
    const char *prefix, *words;
} uncovered_words[] = {
    {"pg_ts_", "text search"},
    {"pg_operator", "operators"},
    {"pg_opclass", "operator classes"},
    {"pg_opfamily", "operator classes"},
    {"pg_amop", "operator classes"},
    {"pg_amproc", "operator classes"},
    {"pg_am", "access methods"},
    {"pg_cast", "casts"},
    {"pg_conversion", "conversions"},
    {"pg_collation", "collations"},
    {"pg_language", "languages"},
    {"pg_transform", "transforms"},
    {"pg_publication", "publications"},
    {"pg_subscription", "subscriptions"},
    {"pg_default_acl", "default privileges"},
    {"pg_seclabel", "security labels"},
    {"pg_shseclabel", "security labels"},
    {"pg_largeobject", "large objects"},
    {"pg_foreign_", "foreign data"},
    {"pg_user_mapping", "user mappings"},
    {"pg_event_trigger", "event triggers"},
    {"pg_auth", "roles"},
    {"pg_db_role_setting", "settings of roles or databases"},
    {"pg_database", "databases"},
    {"pg_tablespace", "tablespaces"},
    {"pg_shdescription", "comments on roles or databases"},
    {"pg_parameter_acl", "privileges on parameters"},
    {"pg_replication_origin", "replication origins"},
};

/* By OID. Members are those things in a catalog that an extension brought. The size of a table that somebody has locked is not asked
 * for, since that would wait: such a table may hold rows. What inherits counts for what it inherits from. A sequence
 * that was used holds its position. */
enum { KEY, NAME, CATALOG, INSERTED, UPDATED, DELETED, MEMBERS, FILENODE, ROWS };
static const char counters[] =
    "WITH RECURSIVE rel AS MATERIALIZED (\n"
    " SELECT c.oid, c.relkind, n.nspname = 'pg_catalog' AS catalog, n.nspname, c.relname, c.relfilenode FROM pg_catalog.pg_class c\n"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace\n"
    " WHERE c.relkind IN ('r', 'p', 'S') AND c.relpersistence <> 't' AND n.nspname NOT IN ('information_schema', 'pg_toast')\n"
    "), locked AS MATERIALIZED (\n"
    " SELECT relation FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'\n"
    " AND pid <> pg_catalog.pg_backend_pid()\n"
    "), size AS MATERIALIZED (\n"
    " SELECT oid, CASE WHEN oid IN (SELECT relation FROM locked) THEN true WHEN relkind <> 'S' THEN pg_catalog.pg_relation_size(oid) > 0\n"
    "  WHEN pg_catalog.has_sequence_privilege(oid, 'USAGE, SELECT') THEN pg_catalog.pg_sequence_last_value(oid) IS NOT NULL\n"
    "  ELSE true END AS rows\n"
    " FROM rel WHERE NOT catalog\n"
    "), below AS (\n"
    " SELECT inhparent AS top, inhrelid AS oid FROM pg_catalog.pg_inherits\n"
    " UNION SELECT below.top, i.inhrelid FROM below JOIN pg_catalog.pg_inherits i ON i.inhparent = below.oid\n"
    "), inherited AS MATERIALIZED (\n"
    " SELECT top, pg_catalog.bool_or(rows) AS rows FROM below JOIN size USING (oid) GROUP BY top\n"
    "), member AS MATERIALIZED (\n"
    " SELECT classid, count(*) AS count FROM (\n"
    "  SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'\n"
    "  UNION SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype IN ('a', 'i')\n"
    "   AND d.classid IN ('pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass)\n"
    "   AND EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.deptype = 'e' AND e.classid = d.refclassid AND e.objid = d.refobjid)\n"
    " ) m GROUP BY classid\n"
    ")\n"
    "SELECT 'r' || r.oid, CASE WHEN r.catalog THEN r.relname::text ELSE pg_catalog.format('%I.%I', r.nspname, r.relname) END, r.catalog,\n"
    " pg_catalog.pg_stat_get_xact_tuples_inserted(r.oid), pg_catalog.pg_stat_get_xact_tuples_updated(r.oid),\n"
    " pg_catalog.pg_stat_get_xact_tuples_deleted(r.oid), m.count, CASE WHEN NOT r.catalog AND r.relkind <> 'S' THEN r.relfilenode END,\n"
    " coalesce(s.rows, false) OR coalesce(i.rows, false)\n"
    "FROM rel r LEFT JOIN size s USING (oid) LEFT JOIN inherited i ON i.top = r.oid LEFT JOIN member m ON m.classid = r.oid\n"
    "WHERE pg_catalog.current_setting('track_counts')::boolean ORDER BY r.oid";

int32_t postgresql_writes_begin(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_baseline,
                                migrate_error **err)
{
    (void)wish; /* nobody writes the history while this is asked */
    return db->class->query(db, counters, out_baseline, err);
}

static int64_t oid_of(const struct migrate_rows *rows, size_t row)
{
    const char *key = rows_text(rows, row, KEY);

    return key == NULL ? 0 : strtoll(key + 1, NULL, 10);
}

bool postgresql_writes_had_rows(const struct migrate_rows *baseline, const char *key)
{
    int64_t oid = key == NULL || (*key != 'r' && *key != 'a') ? 0 : strtoll(key + 1, NULL, 10);
    size_t low = 0, high = rows_count(baseline);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (oid_of(baseline, middle) < oid)
            low = middle + 1;
        else
            high = middle;
    }
    /* Without counts nothing is known of any table; else what is not listed is new, or is no table. */
    if (low == rows_count(baseline) || oid_of(baseline, low) != oid)
        return rows_count(baseline) == 0;
    return rows_int(baseline, low, ROWS) != 0;
}

static void add_words(struct text *out, const char *words)
{
    const char *found = out->data;
    size_t length = strlen(words);

    while (found != NULL && (found = strstr(found, words)) != NULL) {
        if ((found == out->data || found[-1] == ' ') && (found[length] == '\0' || found[length] == ','))
            return;
        found += length;
    }
    text_add(out, out->length > 0 ? ", " : "");
    text_add(out, words);
}

static void add_catalog(struct text *out, const char *catalog)
{
    for (size_t i = 0; i < sizeof covered / sizeof *covered; i++) {
        if (strcmp(covered[i], catalog) == 0)
            return;
    }
    for (size_t i = 0; i < sizeof uncovered_words / sizeof *uncovered_words; i++) {
        if (text_starts(catalog, uncovered_words[i].prefix)) {
            add_words(out, uncovered_words[i].words);
            return;
        }
    }
    add_words(out, catalog);
}

static void add_count(struct text *out, int64_t count, const char *verb, bool *any)
{
    if (count == 0)
        return;
    text_format(out, "%s%lld %s", *any ? ", " : " (", (long long)count, verb);
    *any = true;
}

/* Both sets are by OID; what is in the baseline alone is gone, what is in the other alone is new. */
struct write_comparison {
    const struct migrate_rows *before, *after;
    size_t b, a; /* the same relation in each */
    bool extensions; /* some were made, changed or dropped */
};

static int64_t grown(const struct write_comparison *both, size_t column)
{
    return rows_int(both->after, both->a, column) - rows_int(both->before, both->b, column);
}

/* An extension's own things are the extension's matter. */
static bool is_of_extension(const struct write_comparison *both)
{
    int64_t members = grown(both, MEMBERS);

    return both->extensions && members != 0 && grown(both, INSERTED) - grown(both, DELETED) == members;
}

static void compare_relation(const struct write_comparison *both, struct text *uncovered, struct text *written)
{
    int64_t inserted = grown(both, INSERTED), updated = grown(both, UPDATED), deleted = grown(both, DELETED);
    const char *name = rows_text(both->after, both->a, NAME);
    bool emptied, any = false;

    if (rows_int(both->after, both->a, CATALOG) != 0) {
        if ((inserted != 0 || updated != 0 || deleted != 0) && !is_of_extension(both))
            add_catalog(uncovered, name);
        return;
    }
    /* TRUNCATE is not counted. */
    emptied = rows_int(both->before, both->b, ROWS) != 0 && rows_int(both->after, both->a, ROWS) == 0 && grown(both, FILENODE) != 0;
    if (inserted == 0 && updated == 0 && deleted == 0 && !emptied)
        return;
    text_add(written, written->length > 0 ? ", " : "");
    text_add(written, name);
    add_count(written, inserted, "inserted", &any);
    add_count(written, updated, "updated", &any);
    add_count(written, deleted, "deleted", &any);
    if (emptied) {
        text_add(written, any ? ", emptied" : " (emptied");
        any = true;
    }
    text_add(written, any ? ")" : "");
}

static void compare(struct write_comparison *both, struct text *uncovered, struct text *written, bool extensions_only)
{
    both->a = both->b = 0;
    while (both->a < rows_count(both->after) && both->b < rows_count(both->before)) {
        int64_t after = oid_of(both->after, both->a), before = oid_of(both->before, both->b);
        if (after == before && !extensions_only)
            compare_relation(both, uncovered, written);
        else if (after == before && strcmp(rows_text(both->after, both->a, NAME), "pg_extension") == 0)
            both->extensions = grown(both, INSERTED) != 0 || grown(both, UPDATED) != 0 || grown(both, DELETED) != 0;
        both->a += after <= before;
        both->b += before <= after;
    }
}

int32_t postgresql_writes_since(struct database *db, const struct migrate_rows *baseline, struct text *uncovered, struct text *written,
                                migrate_error **err)
{
    struct write_comparison both = {.before = baseline};
    struct migrate_rows *now = NULL;
    int32_t rc = db->class->query(db, counters, &now, err);

    if (rc != MIGRATE_OK)
        return rc;
    both.after = now;
    if (rows_count(now) == 0 || rows_count(baseline) == 0) {
        text_add(uncovered, "whatever was written (the server does not count it: track_counts is off)");
    } else {
        compare(&both, NULL, NULL, true);
        compare(&both, uncovered, written, false);
    }
    rows_free(now);
    return uncovered->failed || written->failed ? error_nomem(err) : MIGRATE_OK;
}
