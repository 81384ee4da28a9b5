/* SPDX-License-Identifier: MIT
 * What is there and does not work: SQLite looks into views, triggers and foreign keys only when they are used. */
#include "database/sqlite/definition.h"
#include "database/sqlite/sqlite.h"
#include "util/memory.h"

#include <string.h>

/* Whether the engine can still make a program of a statement. *code: what kept it from being known; MIGRATE_OK stays where nothing did. */
static bool compiles(struct database *db, const struct text *statement, char **message, int32_t *code)
{
    struct migrate_rows *rows = NULL;
    migrate_error *problem = NULL;
    int32_t rc = database_query(db, statement, &rows, &problem);

    if (problem != NULL && problem->code == MIGRATE_ERROR_NOMEM)
        rc = MIGRATE_ERROR_NOMEM;
    if (rc == MIGRATE_ERROR_NOMEM || rc == MIGRATE_ERROR_CANCELLED || rc == MIGRATE_ERROR_TIMEOUT)
        *code = rc;
    if (problem != NULL && message != NULL && *message == NULL)
        *message = memory_text(problem->message);
    error_clear(&problem);
    rows_free(rows);
    return rc == MIGRATE_OK;
}

static void quoted(struct text *out, const char *name)
{
    database_sqlite.name_quoted(out, NULL, name);
}

/* A view by reading it; the triggers of a table or view by writing to it, in thought only. */
bool sqlite_object_compiles(struct database *db, const char *name, bool view, const char *column, char **message, int32_t *code)
{
    struct text sql = {0};
    bool good;

    if (view) {
        text_add(&sql, "EXPLAIN SELECT * FROM ");
        quoted(&sql, name);
        good = compiles(db, &sql, message, code);
    } else {
        text_add(&sql, "EXPLAIN DELETE FROM ");
        quoted(&sql, name);
        good = compiles(db, &sql, message, code);
        text_clear(&sql);
        text_add(&sql, "EXPLAIN INSERT INTO ");
        quoted(&sql, name);
        text_add(&sql, " DEFAULT VALUES");
        good = good && compiles(db, &sql, message, code);
        text_clear(&sql);
        text_add(&sql, "EXPLAIN UPDATE ");
        quoted(&sql, name);
        text_add(&sql, " SET ");
        quoted(&sql, column);
        text_add(&sql, " = ");
        quoted(&sql, column);
        good = good && compiles(db, &sql, message, code);
    }
    text_free(&sql);
    return good;
}

static void put(struct migrate_rows *out, const char *what, const char *name, const char *message)
{
    struct text ident = {0};

    sqlite_name(&ident, name);
    rows_put_text(out, what);
    rows_put_text(out, ident.data != NULL ? ident.data : name);
    rows_put_text(out, message);
    text_free(&ident);
}

/* Views, and tables and views with triggers. A view that has triggers is there once for each. */
static int32_t find_programs(struct database *db, struct migrate_rows *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(
        db,
        "SELECT name, 1, NULL FROM main.sqlite_master WHERE type = 'view' "
        "UNION ALL SELECT DISTINCT t.tbl_name, 0, (SELECT c.name FROM pragma_table_info(t.tbl_name) AS c "
        "ORDER BY c.pk, c.cid LIMIT 1) FROM main.sqlite_master AS t WHERE t.type = 'trigger'",
        &rows, err);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        const char *name = rows_text(rows, row, 0), *column = rows_text(rows, row, 2);
        bool view = rows_int(rows, row, 1) != 0;
        char *message = NULL;
        int32_t code = MIGRATE_OK;

        /* Of a broken view no column is known: that is told for the view. */
        if ((view || column != NULL) && !sqlite_object_compiles(db, name, view, column, &message, &code) && code == MIGRATE_OK)
            put(out, view ? "view" : "trigger", name, message != NULL ? message : "no reason given");
        memory_free(message);
        if (code == MIGRATE_ERROR_NOMEM)
            rc = error_nomem(err);
        else
            rc = watch_check(db->watch) != MIGRATE_OK ? watch_error(db->watch, watch_check(db->watch), err) : MIGRATE_OK;
    }
    rows_free(rows);
    return rc;
}

static int32_t put_rows(struct database *db, const char *what, const char *query, struct migrate_rows *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = db->class->query(db, query, &rows, err);

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++)
        put(out, what, rows_text(rows, row, 0), rows_text(rows, row, 1));
    rows_free(rows);
    return rc;
}

/* A foreign key needs the primary key, or a unique index without a condition over just those columns, in any order. */
#define KEYS                                                                                                           \
    "WITH f AS MATERIALIZED (SELECT m.name AS child, k.id, k.\"table\" AS parent, k.\"from\" AS near, k.\"to\" AS far, k.seq "     \
    "FROM main.sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'), "                          \
    "g AS (SELECT child, id, min(parent) AS parent, count(*) AS columns, count(far) AS named, "                       \
    "group_concat(near, ', ') AS nears, group_concat(far, ', ') AS fars FROM f GROUP BY child, id) "
#define PARENT_THERE "EXISTS (SELECT 1 FROM main.sqlite_master t WHERE t.type = 'table' AND t.name = g.parent COLLATE NOCASE)"
#define REFERENCES_NOTHING KEYS "SELECT child, '(' || nears || ') REFERENCES ' || parent FROM g WHERE NOT " PARENT_THERE
#define REFERENCES_NO_KEY                                                                                              \
    KEYS "SELECT child, '(' || nears || ') REFERENCES ' || parent || coalesce(' (' || fars || ')', '') FROM g WHERE " PARENT_THERE \
    " AND CASE WHEN named = 0 THEN columns <> (SELECT count(*) FROM pragma_table_info(g.parent) WHERE pk > 0) "       \
    "ELSE NOT (columns = (SELECT count(*) FROM pragma_table_info(g.parent) WHERE pk > 0) AND NOT EXISTS (SELECT 1 FROM f WHERE " \
    "f.child = g.child AND f.id = g.id AND NOT EXISTS (SELECT 1 FROM pragma_table_info(g.parent) c WHERE c.pk > 0 "   \
    "AND c.name = f.far COLLATE NOCASE))) "                                                                           \
    "AND NOT EXISTS (SELECT 1 FROM pragma_index_list(g.parent) i WHERE i.\"unique\" AND NOT i.partial "               \
    "AND columns = (SELECT count(*) FROM pragma_index_info(i.name)) AND NOT EXISTS (SELECT 1 FROM f WHERE "           \
    "f.child = g.child AND f.id = g.id AND NOT EXISTS (SELECT 1 FROM pragma_index_info(i.name) c WHERE c.name = f.far COLLATE NOCASE))) END"

int32_t sqlite_broken_rows(struct database *db, const struct database_facts_wish *wish, const char *names, struct migrate_rows **out,
                      migrate_error **err)
{
    static const char *const columns[] = {"what", "ident", "message"};
    struct migrate_rows *rows = rows_new(columns, 3);
    int32_t rc;

    (void)wish, (void)names;
    if (rows == NULL)
        return error_nomem(err);
    rc = find_programs(db, rows, err);
    if (rc == MIGRATE_OK)
        rc = put_rows(db, "reference", REFERENCES_NOTHING, rows, err);
    if (rc == MIGRATE_OK)
        rc = put_rows(db, "key", REFERENCES_NO_KEY, rows, err);
    if (rc != MIGRATE_OK) {
        rows_free(rows);
        return rc;
    }
    return rows_finish(rows, out, err);
}
