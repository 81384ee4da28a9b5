/* SPDX-License-Identifier: MIT
 * Reading the facts of a PostgreSQL database: in one state of it, under settings that make the server print alike, and in the form that
 * stays. */
#include "database/postgresql/client.h"
#include "util/text.h"

#include <stdlib.h>

/* What the server prints depends on these. They end with the transaction, or with the savepoint inside a transaction of somebody. */
#define PRINTED_THE_SAME                                                                                                           \
    "SET LOCAL search_path TO pg_catalog; SET LOCAL quote_all_identifiers TO off; SET LOCAL \"DateStyle\" TO 'ISO, MDY'; "         \
    "SET LOCAL \"IntervalStyle\" TO postgres; SET LOCAL \"TimeZone\" TO 'UTC'; SET LOCAL extra_float_digits TO 1; "              \
    "SET LOCAL bytea_output TO hex; SET LOCAL jit TO off"

#define SAVEPOINT "libmigrate_facts"

static int32_t enter(struct database *db, bool inside, migrate_error **err)
{
    return database_exec(db, inside ? "SAVEPOINT " SAVEPOINT : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

/* Somebody's transaction has bounds of its own. */
static int32_t prepare(struct database *db, int64_t lock_wait, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_add(&sql, PRINTED_THE_SAME);
    if (lock_wait > 0) {
        text_add(&sql, "; ");
        db->engine->lock_limit(&sql, lock_wait, true);
    }
    rc = database_exec_text(db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

/* After a cancel too: a host's connection must not stay in a transaction of ours. */
static int32_t leave(struct database *db, bool inside, migrate_error **err)
{
    return database_clean_up(db, inside ? "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT : "ROLLBACK", err);
}

enum { KIND = 1, VALUE = 3, COLUMNS = 9 };

static void copy_row(struct migrate_rows *out, const struct migrate_rows *rows, size_t row, const char *value)
{
    for (size_t column = 0; column < COLUMNS; column++) {
        if (column == VALUE && value != NULL)
            rows_put_text(out, value);
        else
            rows_put_text_n(out, rows_text(rows, row, column), rows_text_length(rows, row, column));
    }
}

/* Most are in the form that stays; then the rows stay, too. */
static int32_t settle(struct migrate_rows **rows, migrate_error **err)
{
    static const char *const columns[COLUMNS] = {"rank", "kind", "ident", "value", "make", "undo", "key", "inside", "name"};
    size_t count = rows_count(*rows);
    struct migrate_rows *settled = NULL;
    struct text value = {0};

    for (size_t i = 0; i < count; i++) {
        bool other;
        text_clear(&value);
        other = rows_text(*rows, i, VALUE) != NULL && postgresql_fact_settled(rows_text(*rows, i, KIND), rows_text(*rows, i, VALUE), &value);
        if (value.failed || (other && settled == NULL && (settled = rows_new(columns, COLUMNS)) == NULL)) {
            text_free(&value);
            rows_free(settled);
            return error_nomem(err);
        }
        for (size_t j = 0; other && rows_count(settled) < i && j < i; j++)
            copy_row(settled, *rows, j, NULL);
        if (settled != NULL)
            copy_row(settled, *rows, i, other ? value.data : NULL);
    }
    text_free(&value);
    if (settled == NULL)
        return MIGRATE_OK;
    rows_free(*rows);
    *rows = NULL;
    return rows_finish(settled, rows, err);
}

int32_t postgresql_facts(struct database *db, const struct database_facts_wish *wish, struct migrate_rows **out_facts,
                         struct migrate_rows **out_edges, migrate_error **err)
{
    bool inside = wish->inside || db->class->transaction(db) == DATABASE_OPEN;
    struct migrate_rows *facts = NULL, *needs = NULL;
    struct text sql = {0}, edge_sql = {0};
    int32_t rc = enter(db, inside, err), left;

    if (rc != MIGRATE_OK) {
        if (!inside && db->class->transaction(db) == DATABASE_OPEN) /* it had begun when it was cancelled */
            leave(db, inside, NULL);
        return rc;
    }
    rc = prepare(db, inside ? 0 : wish->lock_wait, err);
    postgresql_facts_query(&sql, atoi(db->version), wish, postgresql_inside_aside(db));
    if (rc == MIGRATE_OK)
        rc = postgresql_query_planned(db, POSTGRESQL_PLANNED_FACTS, &sql, &facts, err);
    if (rc == MIGRATE_OK)
        rc = settle(&facts, err);
    if (rc == MIGRATE_OK && out_edges != NULL) {
        postgresql_edges_query(&edge_sql);
        rc = postgresql_query_planned(db, POSTGRESQL_PLANNED_EDGES, &edge_sql, &needs, err);
    }
    text_free(&sql);
    text_free(&edge_sql);
    left = leave(db, inside, rc == MIGRATE_OK ? err : NULL);
    if (rc == MIGRATE_OK)
        rc = left;
    if (rc != MIGRATE_OK) {
        rows_free(facts);
        rows_free(needs);
        return rc;
    }
    *out_facts = facts;
    if (out_edges != NULL)
        *out_edges = needs;
    return MIGRATE_OK;
}
