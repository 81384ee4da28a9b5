/* SPDX-License-Identifier: MIT
 * Positions of sequences, which a rollback does not bring back unless they were written in the same transaction. So those that a
 * statement of a rehearsal is about to move are given new storage with the same contents first: the rollback drops it, with all that was
 * drawn. Until then who else draws from them waits. */
#include "database/postgresql/look.h"

#include <string.h>

#define SAVEPOINT "libmigrate_look"

/* ---- ahead of a statement ---- */

/* An unquoted word is folded to small letters. */
static void add_raw(struct text *out, const char *text, struct sql_token token)
{
    bool quoted = token.kind == SQL_NAME;

    for (size_t i = quoted; i + quoted < token.length; i++) {
        char c = text[token.offset + i];

        text_add_char(out, !quoted && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
        i += quoted && c == '"';
    }
}

/* The table that rows are put into, without its schema; "" if the statement does not say so. */
static void target_of(const char *statement, size_t length, struct text *out)
{
    struct sql_reader reader;
    bool into = false;

    sql_reader_open(&reader, &sql_postgresql, statement, length);
    if (!sql_reader_take(&reader, "copy")) {
        into = sql_reader_is(&reader, "insert") || sql_reader_is(&reader, "with") || sql_reader_is(&reader, "merge");
        if (!into || !sql_reader_seek(&reader, "into"))
            return;
    }
    while (reader.token.kind == SQL_WORD || reader.token.kind == SQL_NAME) {
        text_clear(out);
        add_raw(out, statement, reader.token);
        sql_reader_next(&reader);
        if (reader.token.kind != SQL_SYMBOL || statement[reader.token.offset] != '.')
            return;
        sql_reader_next(&reader);
    }
}

bool postgresql_look_names(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (((text[i] ^ *word) & ~0x20) == 0 && text_equal_nocase_n(text + i, word, size))
            return true;
    return false;
}

static bool draws_for(const struct postgresql_look *look, const struct relation *sequence, const char *table)
{
    const struct relation *owner = sequence->part_of != 0 ? postgresql_look_find(look, sequence->part_of) : NULL;

    if (owner != NULL && text_equal(owner->plain, table))
        return true;
    for (size_t i = 0; i < rows_count(look->draws); i++) {
        owner = rows_int(look->draws, i, 0) == sequence->oid ? postgresql_look_find(look, rows_int(look->draws, i, 1)) : NULL;
        if (owner != NULL && text_equal(owner->plain, table))
            return true;
    }
    return false;
}

/* By names that stand in the statement, in strings too: setval('t_id_seq', ...), setval(pg_get_serial_sequence('t', 'id'), ...). */
static bool is_named(const struct postgresql_look *look, const struct relation *sequence, const char *statement, size_t length)
{
    const struct relation *owner = sequence->part_of != 0 ? postgresql_look_find(look, sequence->part_of) : NULL;

    return postgresql_look_names(statement, length, sequence->plain) || (owner != NULL && postgresql_look_names(statement, length, owner->plain));
}

/* The same contents in new storage, which belongs to this transaction. Setting its cache to what it is writes it anew. */
static void add_keep(struct text *sql, const struct relation *sequence, const char *cache)
{
    text_format(sql, "; ALTER SEQUENCE %s CACHE %s", sequence->name, cache);
}

/* Whoever may not, or would have to wait for long, leaves it: then it is told where the sequence went. */
static int32_t keep(struct postgresql_look *look, struct relation *sequence, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    migrate_error *problem = NULL;
    int32_t rc;

    sequence->kept = true;
    text_add(&sql, "SELECT seqcache FROM pg_catalog.pg_sequence WHERE seqrelid = ");
    text_add_int(&sql, sequence->oid);
    rc = database_query(look->db, &sql, &rows, err);
    if (rc != MIGRATE_OK || rows_count(rows) == 0) { /* dropped meanwhile */
        rows_free(rows);
        text_free(&sql);
        return rc;
    }
    text_clear(&sql);
    text_add(&sql, "SAVEPOINT " SAVEPOINT "; SELECT pg_catalog.set_config('libmigrate.lock_timeout', "
                   "pg_catalog.current_setting('lock_timeout'), true); SET LOCAL lock_timeout = ");
    text_add_int(&sql, (look->lock_wait + 999) / 1000);
    add_keep(&sql, sequence, rows_text(rows, 0, 0));
    text_add(&sql, "; SELECT pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('libmigrate.lock_timeout'), true); "
                   "RELEASE SAVEPOINT " SAVEPOINT);
    rc = database_exec_text(look->db, &sql, NULL, &problem);
    rows_free(rows);
    text_free(&sql);
    if (rc == MIGRATE_ERROR_SQL || rc == MIGRATE_ERROR_RIGHTS || rc == MIGRATE_ERROR_LOCKED) {
        error_clear(&problem);
        rc = database_clean_up(look->db, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT, &problem);
    }
    error_move(err, &problem);
    return rc;
}

int32_t postgresql_look_ahead(struct database_look *given, const char *statement, size_t length, migrate_error **err)
{
    struct postgresql_look *look = (struct postgresql_look *)given;
    struct text table = {0};
    bool moves, sets;
    int32_t rc = MIGRATE_OK;

    if (statement == NULL || look->count == 0)
        return MIGRATE_OK;
    target_of(statement, length, &table);
    sets = postgresql_look_names(statement, length, "setval");
    moves = sets || postgresql_look_names(statement, length, "nextval");
    for (size_t i = 0; rc == MIGRATE_OK && !table.failed && (table.length > 0 || moves) && i < look->count; i++) {
        struct relation *relation = &look->items[i];

        if (relation->kind == 'S' && !relation->kept &&
            ((table.length > 0 && draws_for(look, relation, table.data)) || (moves && is_named(look, relation, statement, length))))
            rc = keep(look, relation, err);
    }
    if (rc == MIGRATE_OK && table.failed)
        rc = error_nomem(err);
    text_free(&table);
    return rc;
}

/* ---- where they are ---- */

/* CASE, because the server asks in whatever order it likes. */
#define SEQUENCES                                                                                                      \
    "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "                             \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND c.relpersistence <> 't' "     \
    "AND n.nspname !~ " POSTGRESQL_NOT_OURS " AND n.nspname <> 'information_schema' AND CASE WHEN c.relkind = 'S' THEN "                \
    "pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT') END ORDER BY 1"

/* From the sequences themselves: pg_sequences would wait for whoever changes one. */
static int32_t read_positions(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc = db->class->query(db, SEQUENCES, &rows, err);

    if (rc != MIGRATE_OK)
        return rc;
    if (rows_count(rows) == 0) {
        *out = rows;
        return MIGRATE_OK;
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        const char *name = rows_text(rows, row, 0);

        text_add(&sql, row > 0 ? " UNION ALL SELECT " : "SELECT ");
        database_postgresql.literal(&sql, name, strlen(name));
        text_format(&sql, ", CASE WHEN is_called THEN last_value::text ELSE 'before ' || last_value END FROM %s", name);
    }
    rows_free(rows);
    rc = database_query(db, &sql, out, err);
    text_free(&sql);
    return rc;
}

/* Inside a transaction no lock of it stays. */
int32_t postgresql_positions(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    bool inside = db->class->transaction(db) == DATABASE_OPEN;
    int32_t rc = inside ? database_exec(db, "SAVEPOINT " SAVEPOINT, err) : MIGRATE_OK, left;

    if (rc != MIGRATE_OK)
        return rc;
    rc = read_positions(db, out, err);
    if (!inside)
        return rc;
    left = database_clean_up(db, "ROLLBACK TO SAVEPOINT " SAVEPOINT "; RELEASE SAVEPOINT " SAVEPOINT, rc == MIGRATE_OK ? err : NULL);
    if (rc == MIGRATE_OK && left != MIGRATE_OK) {
        rows_free(*out);
        *out = NULL;
    }
    return rc == MIGRATE_OK ? left : rc;
}
