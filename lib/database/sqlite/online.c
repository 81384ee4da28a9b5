/* SPDX-License-Identifier: MIT
 * What checks ask of a SQLite database: flaws of a schema, how many rows a live table has, and whether a statement's double quotes were
 * taken for a string's. */
#include "database/sqlite/connection.h"
#include "database/sqlite/definition.h"

#include <string.h>

static const char state[] = "SELECT NULL, 0, 'foreign_keys=' || foreign_keys FROM pragma_foreign_keys";

static const char *const columns[] = {"what", "key", "table", "name", "value"};

static void put(struct migrate_rows *out, const char *what, const char *table, const char *name, const char *value)
{
    rows_put_text(out, what);
    rows_put_text(out, "");
    rows_put_text(out, table);
    rows_put_text(out, name);
    rows_put_text(out, value);
}

/* ---- foreign keys ---- */

/* One row a column: table, number, column, how many there are of a leading kind in some index. */
#define UNINDEXED                                                                                                                \
    "WITH f AS MATERIALIZED (SELECT m.name AS t, k.id, k.seq, k.\"from\" AS c, count(*) OVER (PARTITION BY m.name, k.id) AS n "          \
    "FROM main.sqlite_master m, pragma_foreign_key_list(m.name) k WHERE m.type = 'table'), "                                             \
    "x AS MATERIALIZED (SELECT DISTINCT l.t, i.name AS i, s.seqno, s.name AS c FROM (SELECT DISTINCT t FROM f) l, "                      \
    "pragma_index_list(l.t) i, pragma_index_info(i.name) s WHERE i.partial = 0) "                                                        \
    "SELECT f.t, f.id, f.c FROM f WHERE NOT EXISTS (SELECT 1 FROM x JOIN f g ON g.t = f.t AND g.id = f.id AND g.c = x.c COLLATE NOCASE " \
    "WHERE x.t = f.t AND x.seqno < f.n GROUP BY x.i HAVING count(*) = f.n) "                                                             \
    "AND NOT (f.n = 1 AND EXISTS (SELECT 1 FROM pragma_table_info(f.t) p WHERE p.pk > 0 AND p.name = f.c COLLATE NOCASE "                \
    "AND upper(p.type) = 'INTEGER')) ORDER BY 1, 2, f.seq"

static int32_t add_unindexed(struct database *db, struct migrate_rows *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text list = {0}, table = {0}, value = {0};
    int32_t rc = db->class->query(db, UNINDEXED, &rows, err);
    bool failed = false;

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        text_add(&list, list.length > 0 ? ", " : "");
        sqlite_name(&list, rows_text(rows, row, 2));
        if (row + 1 < rows_count(rows) && text_equal(rows_text(rows, row, 0), rows_text(rows, row + 1, 0)) &&
            rows_int(rows, row, 1) == rows_int(rows, row + 1, 1))
            continue;
        sqlite_name(&table, rows_text(rows, row, 0));
        failed |= list.failed || table.failed;
        if (!failed)
            text_format(&value, "%s (%s)", table.data, list.data);
        failed |= value.failed;
        if (!failed)
            put(out, "foreign key", table.data, list.data, value.data);
        text_clear(&list), text_clear(&table), text_clear(&value);
    }
    text_free(&list), text_free(&table), text_free(&value);
    rows_free(rows);
    return rc == MIGRATE_OK && failed ? error_nomem(err) : rc;
}

/* Rows of two names, quoted where they have to be. */
static int32_t add_names(struct database *db, const char *what, const char *sql, struct migrate_rows *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text table = {0}, name = {0};
    int32_t rc = db->class->query(db, sql, &rows, err);
    bool failed = false;

    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows) && !failed; row++) {
        sqlite_name(&table, rows_text(rows, row, 0));
        sqlite_name(&name, rows_text(rows, row, 1) != NULL ? rows_text(rows, row, 1) : "");
        failed = table.failed || name.failed;
        if (!failed)
            put(out, what, table.data, name.data, rows_text(rows, row, 2) != NULL ? rows_text(rows, row, 2) : "");
        text_clear(&table), text_clear(&name);
    }
    text_free(&table), text_free(&name);
    rows_free(rows);
    return rc == MIGRATE_OK && failed ? error_nomem(err) : rc;
}

/* A key whose parent has no such key makes the pragma fail: then there is nothing to be known. */
static int32_t add_violations(struct database *db, struct migrate_rows *out, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc = add_names(db, "violation", "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2", out, &problem);

    if (rc == MIGRATE_ERROR_SQL) {
        error_clear(&problem);
        rc = MIGRATE_OK;
    }
    error_move(err, &problem);
    return rc;
}

static int32_t add_broken(struct database *db, struct migrate_rows *out, migrate_error **err)
{
    struct text names = {0}, name = {0};
    int32_t rc = sqlite_broken(db, &names, err);
    bool failed = false;

    for (char *at = names.data, *end; rc == MIGRATE_OK && at != NULL && (end = strchr(at, '\n')) != NULL && !failed; at = end + 1) {
        *end = '\0';
        sqlite_name(&name, at);
        failed = name.failed;
        if (!failed)
            put(out, "broken", name.data, "", "");
        text_clear(&name);
    }
    text_free(&name);
    text_free(&names);
    return rc == MIGRATE_OK && failed ? error_nomem(err) : rc;
}

static int32_t flaws(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    int32_t rc = rows == NULL ? error_nomem(err) : add_unindexed(db, rows, err);

    if (rc == MIGRATE_OK)
        rc = add_names(db, "dangling",
                       "SELECT DISTINCT m.name, f.\"table\", NULL FROM main.sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' "
                       "AND NOT EXISTS (SELECT 1 FROM main.sqlite_master t WHERE t.type = 'table' AND t.name = f.\"table\" COLLATE NOCASE)",
                       rows, err);
    if (rc == MIGRATE_OK)
        rc = add_violations(db, rows, err);
    if (rc == MIGRATE_OK)
        rc = add_broken(db, rows, err);
    if (rc == MIGRATE_OK)
        return rows_finish(rows, out, err);
    rows_free(rows);
    return rc;
}

/* ---- rows of a live table ---- */

static int32_t rows_of(struct database *db, const char *table, int64_t most, int64_t *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    migrate_error *problem = NULL;
    int32_t rc;

    text_format(&sql, "SELECT count(*) FROM (SELECT 1 FROM main.%s LIMIT %lld)", table, (long long)most);
    rc = database_query(db, &sql, &rows, &problem);
    text_free(&sql);
    *out = rc == MIGRATE_OK ? rows_int(rows, 0, 0) : -1;
    rows_free(rows);
    if (rc == MIGRATE_ERROR_SQL || rc == MIGRATE_ERROR_LOCKED) { /* it is not there (yet); or somebody is at it, and would be in the way */
        *out = rc == MIGRATE_ERROR_SQL ? 0 : -1;
        error_clear(&problem);
        rc = MIGRATE_OK;
    }
    error_move(err, &problem);
    return rc;
}

/* ---- strings in double quotes ---- */

/* DQS_DML and DQS_DDL, since 3.29. */
static bool allow(struct sqlite_database *s, bool on)
{
    enum { DQS_DML = 1013, DQS_DDL = 1014 };

    return s->api->db_config(s->handle, DQS_DML, (int)on, NULL) == SQLITE_OK && s->api->db_config(s->handle, DQS_DDL, (int)on, NULL) == SQLITE_OK;
}

/* Made once more, or, where nothing was made, only compiled: only what fails for the quotes counts. */
static int32_t try_without(struct database *db, const char *statement, size_t length, const char *undo, struct text *out, migrate_error **err)
{
    static const char no_column[] = "no such column: ";
    migrate_error *problem = NULL;
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    const char *found = NULL;
    int32_t rc;

    text_format(&sql, "%s%s%.*s", undo != NULL ? undo : "", undo != NULL ? ";\n" : "EXPLAIN ", (int)length, statement);
    rc = undo != NULL ? database_exec_text(db, &sql, NULL, &problem) : database_query(db, &sql, &rows, &problem);
    rows_free(rows);
    text_free(&sql);
    if (rc == MIGRATE_ERROR_SQL && problem != NULL && problem->message != NULL)
        found = strstr(problem->message, no_column);
    if (found != NULL) {
        const char *end = strstr(found, " - should"); /* newer libraries give advice, too */
        found += strlen(no_column);
        text_add_n(out, found, end != NULL ? (size_t)(end - found) : strlen(found));
    }
    if (rc == MIGRATE_ERROR_SQL)
        error_clear(&problem);
    error_move(err, &problem);
    return rc == MIGRATE_ERROR_SQL ? MIGRATE_OK : rc;
}

static int32_t quotes(struct database *db, const char *statement, size_t length, const char *undo, struct text *out, migrate_error **err)
{
    struct sqlite_database *s = (struct sqlite_database *)db;
    int32_t rc, left;

    if (db->class != &sqlite_connection || s->api->db_config == NULL || db->borrowed || !sqlite_version_at_least(db, 29))
        return MIGRATE_OK;
    rc = undo != NULL ? database_exec(db, "SAVEPOINT libmigrate_quotes", err) : MIGRATE_OK;
    if (rc != MIGRATE_OK)
        return rc;
    if (allow(s, false))
        rc = try_without(db, statement, length, undo, out, err);
    allow(s, true);
    left = undo != NULL ? database_clean_up(db, "ROLLBACK TO SAVEPOINT libmigrate_quotes; RELEASE SAVEPOINT libmigrate_quotes",
                                            rc == MIGRATE_OK ? err : NULL)
                        : MIGRATE_OK;
    if (rc == MIGRATE_OK)
        rc = left;
    return rc == MIGRATE_OK && out->failed ? error_nomem(err) : rc;
}

const struct database_online sqlite_online = {.state = state, .flaws = flaws, .each = true, .rows_of = rows_of, .quotes = quotes};
