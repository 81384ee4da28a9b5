/* SPDX-License-Identifier: MIT
 * Counting rows. */
#include "core/counts.h"

#include "util/clock.h"

#include <string.h>

#define SAVEPOINT "libmigrate_count"

int32_t counts_find(migrate_session *session, const char *schema, const char *table, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    session->db->engine->tables_named(&sql, schema, table);
    int32_t code = database_query(session->db, &sql, out, err);
    text_free(&sql);
    return code;
}

int32_t counts_find_key(migrate_session *session, const char *key, struct migrate_rows **out, migrate_error **err)
{
    char schema[256] = "";
    const char *last = strrchr(key, '\1'), *from = key;
    if (!last)
        return counts_find(session, NULL, key, out, err);
    for (const char *dot = key; dot < last; dot++) { /* catalog.schema.table */
        if (*dot == '\1')
            from = dot + 1;
    }
    if ((size_t)(last - from) < sizeof schema) {
        memcpy(schema, from, (size_t)(last - from));
        schema[last - from] = '\0';
    }
    return counts_find(session, schema, last + 1, out, err);
}

int32_t counts_again(migrate_session *session, const char *identity, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    session->db->engine->table_again(&sql, identity);
    int32_t code = database_query(session->db, &sql, out, err);
    text_free(&sql);
    return code;
}

struct counts_table counts_at(const struct migrate_rows *rows, size_t row)
{
    return (struct counts_table){rows_text(rows, row, 0), rows_text(rows, row, 1), rows_is_null(rows, row, 2) ? -1 : rows_int(rows, row, 2),
                                 rows_int(rows, row, 3) != 0};
}

/* Neither the budget's end nor what the database refuses ends the call; the host's token and deadline do. */
static bool forgives(migrate_session *session, int32_t code, int64_t limit, int64_t outer)
{
    if (code == MIGRATE_ERROR_TIMEOUT)
        return limit && clock_monotonic() >= limit && (!outer || clock_monotonic() < outer);
    return (code == MIGRATE_ERROR_SQL || code == MIGRATE_ERROR_RIGHTS || code == MIGRATE_ERROR_LOCKED) &&
           session->db->class->transaction(session->db) != DATABASE_LOST;
}

int32_t counts_exactly(migrate_session *session, const char *name, int64_t *out, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    text_format(&sql, "SELECT count(*) FROM %s", name);
    int32_t code = database_query(session->db, &sql, &rows, err);
    if (code == MIGRATE_OK)
        *out = rows_int(rows, 0, 0);
    rows_free(rows);
    text_free(&sql);
    return code;
}

int32_t counts_rows(migrate_session *session, const char *name, int64_t limit, int64_t *out, migrate_error **err)
{
    migrate_error *problem = NULL;
    int64_t outer = session->watch.deadline;
    bool inside = session->db->class->transaction(session->db) == DATABASE_OPEN;
    *out = -1;
    if (limit && clock_monotonic() >= limit)
        return MIGRATE_OK;
    int32_t code = inside ? database_exec(session->db, "SAVEPOINT " SAVEPOINT, err) : MIGRATE_OK;
    if (code != MIGRATE_OK)
        return code;
    if (limit && (!outer || limit < outer))
        session_deadline(session, limit);
    code = counts_exactly(session, name, out, &problem);
    session_deadline(session, outer);
    if (inside && session->db->class->transaction(session->db) != DATABASE_LOST) {
        if (code != MIGRATE_OK)
            database_clean_up(session->db, "ROLLBACK TO SAVEPOINT " SAVEPOINT, NULL);
        database_clean_up(session->db, "RELEASE SAVEPOINT " SAVEPOINT, NULL);
    }
    if (code != MIGRATE_OK && forgives(session, code, limit, outer)) {
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

void counts_tell(struct text *out, int64_t count, bool about)
{
    if (!about)
        text_format(out, "%lld row%s", (long long)count, count == 1 ? "" : "s");
    else if (count >= 1000000)
        text_format(out, "about %lld.%lld million rows", (long long)(count / 1000000), (long long)(count / 100000 % 10));
    else
        text_format(out, "about %lld thousand rows", (long long)(count / 1000));
}
