/* SPDX-License-Identifier: MIT
 * Values for sample rows, by the declared types of columns: two expressions for each column of every table, so that two rows can be told
 * apart. A foreign key's column gets the value of a row that is there. */
#include "database/sqlite/sqlite.h"

#include <string.h>

/* Numbers are far from where rowids begin. Types are what their names say, as far as they say it. */
#define VALUE(k)                                                                                             \
    "CASE WHEN parent IS NOT NULL AND parent <> child THEN printf('(SELECT %s FROM \"%w\" ORDER BY 1 LIMIT 1 OFFSET " \
    "(SELECT CASE WHEN count(*) >= " k " THEN " k " - 1 ELSE 0 END FROM \"%w\"))', parent_column, parent, parent) "   \
    "WHEN parent = child AND \"notnull\" = 0 THEN 'NULL' "                                                   \
    "WHEN word <> '' THEN '''' || word || '''' "                                                             \
    "WHEN type LIKE '%BOOL%' THEN '(" k " % 2)' WHEN type LIKE '%INT%' THEN '(1000 + " k ")' "               \
    "WHEN type LIKE '%JSON%' THEN '''{\"sample\":" k "}''' "                                                 \
    "WHEN type LIKE '%DATETIME%' OR type LIKE '%TIMESTAMP%' THEN '''2001-02-03 04:05:0" k "''' "             \
    "WHEN type LIKE '%DATE%' THEN '''2001-02-0" k "''' WHEN type LIKE '%TIME%' THEN '''04:05:0" k "''' "     \
    "WHEN type LIKE '%CHAR%' OR type LIKE '%TEXT%' OR type LIKE '%CLOB%' THEN '''sample " k "''' "           \
    "WHEN type LIKE '%BLOB%' THEN 'x''0" k "''' "                                                            \
    "WHEN type LIKE '%REAL%' OR type LIKE '%FLOA%' OR type LIKE '%DOUB%' OR type LIKE '%NUM%' OR type LIKE '%DEC%' " \
    "THEN '(1000 + " k " + 0.25)' ELSE '''sample " k "''' END"

/* The first string of a list that a CHECK of this column has: behind its name and IN. */
#define PLAIN "replace(replace(replace(replace(replace(replace(m.sql, '\"', ''), '`', ''), '[', ''), ']', ''), ' IN(', ' IN ('), ' in(', ' in (')"
#define BEHIND_IN "substr(text, instr(lower(text), lower(own) || ' in (''') + length(own) + 6)"

static const char columns[] =
    "WITH f(child, own, parent, parent_column) AS (SELECT m.name, g.\"from\", g.\"table\", "
    "coalesce('\"' || replace(g.\"to\", '\"', '\"\"') || '\"', (SELECT '\"' || replace(p.name, '\"', '\"\"') || '\"' "
    "FROM pragma_table_info(g.\"table\") p WHERE p.pk = g.seq + 1), 'rowid') "
    "FROM sqlite_master m, pragma_foreign_key_list(m.name) g WHERE m.type = 'table' GROUP BY m.name, g.\"from\"), "
    "c(child, number, own, type, \"notnull\", needed, key, text, cid) AS (SELECT m.name, m.rowid, x.name, x.type, x.\"notnull\", "
    "x.\"notnull\" <> 0 AND x.dflt_value IS NULL, m.rootpage, " PLAIN ", x.cid "
    "FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND x.hidden = 0 "
    "AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND NOT EXISTS (SELECT 1 FROM sqlite_master v "
    "WHERE v.sql LIKE 'CREATE VIRTUAL%' AND substr(m.name, 1, length(v.name) + 1) = v.name || '_') AND m.name <> "; /* and the history */

static const char values[] =
    "), w AS (SELECT c.*, CASE WHEN instr(lower(text), lower(own) || ' in (''') > 0 THEN " BEHIND_IN " END AS behind FROM c), "
    "a AS (SELECT w.child AS child, w.number, w.own AS own, w.type AS type, w.\"notnull\" AS \"notnull\", w.needed, w.key, w.cid, "
    "f.parent AS parent, f.parent_column AS parent_column, substr(w.behind, 1, instr(w.behind, '''') - 1) AS word "
    "FROM w LEFT JOIN f ON f.child = w.child AND f.own = w.own COLLATE NOCASE) "
    "SELECT printf('\"%w\"', child), printf('\"%w\"', own), needed, CASE WHEN parent IS NOT NULL THEN printf('\"%w\"', parent) END, "
    VALUE("1") ", " VALUE("2") ", key FROM a ORDER BY number, cid";

static int32_t list(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, columns);
    database_sqlite.literal(&sql, wish->table, strlen(wish->table));
    text_add(&sql, values);
    rc = database_query(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

/* There is no digest function: the first rows as they are, and how many there are. */
static void digest(struct text *out, const char *table, const char *const *names, size_t count)
{
    text_format(out, "(SELECT count(*) FROM %s), (SELECT group_concat(r, char(10)) FROM (SELECT ", table);
    for (size_t i = 0; i < count; i++)
        text_format(out, "%squote(%s)", i > 0 ? " || ',' || " : "", names[i]);
    text_format(out, " AS r FROM %s ORDER BY r LIMIT 2000))", table);
}

const struct database_samples sqlite_samples = {.list = list, .overriding = "", .settle = "", .digest = digest};
