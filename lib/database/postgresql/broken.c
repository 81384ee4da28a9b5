/* SPDX-License-Identifier: MIT
 * What is there and does not work. The server keeps views whole, but reads the bodies of functions only when they are made or called: so
 * they are made once more, as they stand, and rolled back. For PL/pgSQL that finds what its declarations name; the statements inside only
 * where the extension plpgsql_check is installed. */
#include "database/postgresql/postgresql.h"

#include <string.h>

/* Whose text has one of the names in it. A view is only planned: one over a materialized view without data cannot be read yet, and works. */
#define OBJECTS                                                                                                        \
    "SELECT 'function', pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), " \
    "pg_catalog.pg_get_functiondef(p.oid), p.oid::bigint, l.lanname, p.prorettype = 'pg_catalog.trigger'::pg_catalog.regtype " \
    "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "                             \
    "JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') " \
    "AND n.nspname !~ " POSTGRESQL_NOT_OURS " AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e "  \
    "WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND e.objid = p.oid AND e.deptype = 'e') AND "        \
    NAMED("pg_catalog.pg_get_functiondef(p.oid)")                                                                      \
    " UNION ALL SELECT 'view', q, pg_catalog.format('EXPLAIN SELECT * FROM %s', q), 0, '', false FROM ("               \
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS q, c.oid FROM pg_catalog.pg_class c "                  \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND n.nspname !~ " POSTGRESQL_NOT_OURS " "          \
    "AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e "                       \
    "WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND e.objid = c.oid AND e.deptype = 'e')) v WHERE "   \
    NAMED("v.q || pg_catalog.pg_get_viewdef(v.oid)") " ORDER BY 1, 2"
#define NAMED(text)                                                                                                    \
    "EXISTS (SELECT FROM pg_catalog.unnest(pg_catalog.string_to_array(pg_catalog.lower(%s), E'\\n')) w "              \
    "WHERE w <> '' AND pg_catalog.strpos(pg_catalog.lower(" text "), w) > 0)"
enum { WHAT, IDENT, SQL, OID, LANGUAGE, IS_TRIGGER };

#define BEGIN "BEGIN; SET LOCAL check_function_bodies = on"
#define MARK "SAVEPOINT libmigrate_broken"
#define BACK "ROLLBACK TO SAVEPOINT libmigrate_broken"

/* Where the extension's function is; NULL: it is not installed. */
#define CHECKER                                                                                                        \
    "SELECT pg_catalog.format('%I', n.nspname) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace " \
    "WHERE p.proname = 'plpgsql_check_function_tb' LIMIT 1"

static void put(struct migrate_rows *out, const struct migrate_rows *rows, size_t row, const char *message)
{
    rows_put_text(out, rows_text(rows, row, WHAT));
    rows_put_text(out, rows_text(rows, row, IDENT));
    rows_put_text(out, message);
}

/* It was asked to end, or the connection is gone: no complaint about the object. */
static bool is_ours(int32_t code)
{
    return code != MIGRATE_OK && code != MIGRATE_ERROR_SQL && code != MIGRATE_ERROR_RIGHTS;
}

static int32_t try_object(struct database *db, const struct migrate_rows *rows, size_t row, struct migrate_rows *out, bool *good,
                          migrate_error **err)
{
    struct text sql = {0};
    migrate_error *problem = NULL;
    int32_t rc;

    text_format(&sql, MARK ";\n%s;\n" BACK, rows_text(rows, row, SQL));
    rc = database_exec_text(db, &sql, NULL, &problem);
    text_free(&sql);
    *good = rc == MIGRATE_OK;
    if (is_ours(rc)) {
        error_move(err, &problem);
        return rc;
    }
    if (rc != MIGRATE_OK) {
        put(out, rows, row, problem != NULL ? problem->message : "no reason given");
        rc = database_exec(db, BACK, err);
    }
    error_clear(&problem);
    return rc;
}

/* What stands inside of a PL/pgSQL body. A trigger's function is checked with its table only, which may be any. */
static int32_t check_body(struct database *db, const char *checker, const struct migrate_rows *rows, size_t row, struct migrate_rows *out,
                          migrate_error **err)
{
    struct migrate_rows *found = NULL;
    struct text sql = {0};
    migrate_error *problem = NULL;
    int32_t rc;

    text_format(&sql, "SELECT pg_catalog.string_agg(message, '; ') FROM %s.plpgsql_check_function_tb(%s::pg_catalog.oid::pg_catalog.regprocedure) "
                      "WHERE level = 'error'", checker, rows_text(rows, row, OID));
    rc = database_query(db, &sql, &found, &problem);
    text_free(&sql);
    if (is_ours(rc)) {
        error_move(err, &problem);
        return rc;
    }
    if (rc != MIGRATE_OK) /* another version of it: it says nothing */
        rc = database_exec(db, BACK, err);
    else if (rows_text(found, 0, 0) != NULL)
        put(out, rows, row, rows_text(found, 0, 0));
    error_clear(&problem);
    rows_free(found);
    return rc;
}

static int32_t try_all(struct database *db, const struct migrate_rows *rows, struct migrate_rows *out, migrate_error **err)
{
    struct migrate_rows *checker = NULL;
    int32_t rc = db->class->query(db, CHECKER, &checker, err);

    if (rc == MIGRATE_OK)
        rc = database_exec(db, MARK, err);
    for (size_t row = 0; rc == MIGRATE_OK && row < rows_count(rows); row++) {
        bool good = false;

        rc = try_object(db, rows, row, out, &good, err);
        if (rc == MIGRATE_OK && good && rows_text(checker, 0, 0) != NULL && text_equal(rows_text(rows, row, LANGUAGE), "plpgsql") &&
            rows_int(rows, row, IS_TRIGGER) == 0)
            rc = check_body(db, rows_text(checker, 0, 0), rows, row, out, err);
    }
    rows_free(checker);
    return rc;
}

int32_t postgresql_broken(struct database *db, const struct database_facts_wish *wish, const char *names, struct migrate_rows **out,
                          migrate_error **err)
{
    static const char *const columns[] = {"what", "ident", "message"};
    struct migrate_rows *rows = NULL, *found = rows_new(columns, 3);
    struct text sql = {0}, words = {0};
    int32_t rc, left;

    (void)wish;
    database_postgresql.literal(&words, names, strlen(names));
    if (!words.failed && words.data != NULL) {
        const char *rest = OBJECTS;

        for (const char *at; (at = strstr(rest, "(%s), E'")) != NULL; rest = at + 3) {
            text_add_n(&sql, rest, (size_t)(at - rest) + 1);
            text_add(&sql, words.data);
        }
        text_add(&sql, rest);
    }
    sql.failed |= words.failed;
    text_free(&words);
    rc = found == NULL ? error_nomem(err) : database_query(db, &sql, &rows, err);
    text_free(&sql);
    if (rc == MIGRATE_OK && rows_count(rows) > 0) {
        rc = database_exec(db, BEGIN, err);
        if (rc == MIGRATE_OK)
            rc = try_all(db, rows, found, err);
        left = database_clean_up(db, "ROLLBACK", rc == MIGRATE_OK ? err : NULL);
        rc = rc == MIGRATE_OK ? left : rc;
    }
    rows_free(rows);
    if (rc != MIGRATE_OK) {
        rows_free(found);
        return rc;
    }
    return rows_finish(found, out, err);
}
