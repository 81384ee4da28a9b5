/* SPDX-License-Identifier: MIT
 * What a statement does to the tables that were there before, as the server itself sees it from inside the transaction: locks that the
 * session holds (and keeps to the end), file nodes, and the transaction's own counters of scans and rows. One query behind each
 * statement; its predecessor's answer is taken off.
 *
 * A rollback brings everything back but the positions of sequences, unless they were written in this transaction: so those that a
 * statement is about to move are given new storage with the same contents first, which the rollback drops with all that was drawn. */
#include "database/postgresql/postgresql.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* Weakest first, as the server names them, less "Lock". */
static const char *const modes[] = {"AccessShare", "RowShare",          "RowExclusive", "ShareUpdateExclusive",
                                    "Share",       "ShareRowExclusive", "Exclusive",    "AccessExclusive"};
enum { MODES = sizeof modes / sizeof *modes, ROW_EXCLUSIVE = 2, SHARE_UPDATE_EXCLUSIVE = 3, NAMES_MOST = 20 };
#define MODE_LIST                                                                                                     \
    "'{AccessShareLock,RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,"       \
    "ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[]"

struct relation {
    int64_t oid, node, part_of; /* the table of an index or of an owned sequence; 0: none */
    const char *name, *plain;   /* qualified and quoted; raw, without its schema */
    char kind;                  /* as relkind */
    bool kept;                  /* a sequence that has new storage: what we did to it does not count */
    unsigned held;              /* modes, a bit each */
    int64_t scans, rows;        /* the server's counters as of the last look */
    int64_t version;            /* changes whenever its definition does; 0: not looked at */
    /* of the statement in hand */
    int took; /* the strongest mode; -1: none */
    bool rewritten, scanned;
};

struct database_look {
    struct database *db;
    struct relation *items; /* by oid */
    size_t count;
    struct migrate_rows *rows; /* what items point into */
    struct migrate_rows *draws; /* sequence, table: a column's default draws from it, or it is owned */
    struct text oids;          /* of items, as an array's text */
    int64_t lock_wait;
    bool counts;               /* the server counts scans and rows */
    int64_t transaction;       /* its number; 0: it wrote nothing */
};

/* ---- what was there before ---- */

#define RELATIONS                                                                                                      \
    "SELECT c.oid::bigint, coalesce(pg_catalog.pg_relation_filenode(c.oid)::bigint, 0), "                             \
    "coalesce(x.indrelid, d.refobjid, 0)::bigint, pg_catalog.format('%I.%I', n.nspname, c.relname), c.relname, c.relkind, " \
    "coalesce(pg_catalog.pg_stat_get_xact_numscans(c.oid), 0), " ROWS("c.oid") ", "                                   \
    "pg_catalog.current_setting('track_counts')::boolean FROM pg_catalog.pg_class c "                                  \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "                                                       \
    "LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid "                                                        \
    "LEFT JOIN pg_catalog.pg_depend d ON c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass " \
    "AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 "                                          \
    "AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass "                                                  \
    "WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I', 'S') AND c.relpersistence <> 't' "                        \
    "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
#define ROWS(oid)                                                                                                     \
    "coalesce(pg_catalog.pg_stat_get_xact_tuples_inserted(" oid ") + pg_catalog.pg_stat_get_xact_tuples_updated(" oid \
    ") + pg_catalog.pg_stat_get_xact_tuples_deleted(" oid "), 0)"

/* The history is the run's own affair. */
static void add_relations(struct text *sql, const struct database_facts_wish *wish)
{
    text_add(sql, RELATIONS " AND c.oid <> ALL (SELECT h.oid FROM pg_catalog.pg_class h JOIN pg_catalog.pg_namespace s "
                            "ON s.oid = h.relnamespace WHERE s.nspname = ");
    database_postgresql.literal(sql, wish->schema, strlen(wish->schema));
    text_add(sql, " AND h.relname = ");
    database_postgresql.literal(sql, wish->table, strlen(wish->table));
    text_add(sql, " UNION ALL SELECT i.indexrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class h ON h.oid = i.indrelid "
                  "JOIN pg_catalog.pg_namespace s ON s.oid = h.relnamespace WHERE s.nspname = ");
    database_postgresql.literal(sql, wish->schema, strlen(wish->schema));
    text_add(sql, " AND h.relname = ");
    database_postgresql.literal(sql, wish->table, strlen(wish->table));
    text_add(sql, ") ORDER BY 1");
}

#define DRAWS                                                                                                          \
    "SELECT d.refobjid::bigint, a.adrelid::bigint FROM pg_catalog.pg_depend d "                                       \
    "JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid JOIN pg_catalog.pg_class s ON s.oid = d.refobjid "               \
    "WHERE d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND s.relkind = 'S' "                             \
    "AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass"

static bool knows(const struct database_look *known, const char *name)
{
    for (size_t i = 0; known != NULL && i < known->count; i++)
        if (text_equal(known->items[i].name, name))
            return true;
    return known == NULL;
}

static void take_relations(struct database_look *look, const struct database_look *known)
{
    text_add(&look->oids, "'{");
    for (size_t row = 0; row < rows_count(look->rows); row++) {
        struct relation *relation = &look->items[look->count];

        look->counts = rows_int(look->rows, row, 8) != 0;
        if (!knows(known, rows_text(look->rows, row, 3)))
            continue;
        *relation = (struct relation){.oid = rows_int(look->rows, row, 0), .node = rows_int(look->rows, row, 1),
                                      .part_of = rows_int(look->rows, row, 2), .name = rows_text(look->rows, row, 3),
                                      .plain = rows_text(look->rows, row, 4), .kind = rows_text(look->rows, row, 5)[0],
                                      .scans = rows_int(look->rows, row, 6), .rows = rows_int(look->rows, row, 7)};
        text_add(&look->oids, look->count++ > 0 ? "," : "");
        text_add_int(&look->oids, relation->oid);
    }
    text_add(&look->oids, "}'::pg_catalog.oid[]");
}

void postgresql_look_free(struct database_look *look)
{
    if (look == NULL)
        return;
    rows_free(look->rows);
    rows_free(look->draws);
    text_free(&look->oids);
    memory_free(look->items);
    memory_free(look);
}

int32_t postgresql_look_begin(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait,
                              const struct database_look *known, struct database_look **out, migrate_error **err)
{
    struct database_look *look = memory_new(sizeof *look);
    struct text sql = {0};
    int32_t rc;

    if (look == NULL)
        return error_nomem(err);
    look->db = db;
    look->lock_wait = lock_wait > 0 ? lock_wait : 1000000;
    add_relations(&sql, wish);
    rc = database_query(db, &sql, &look->rows, err);
    text_free(&sql);
    if (rc == MIGRATE_OK && rows_count(look->rows) > 0)
        rc = db->class->query(db, DRAWS, &look->draws, err);
    if (rc == MIGRATE_OK) {
        look->items = memory_new((rows_count(look->rows) + 1) * sizeof *look->items);
        if (look->items != NULL)
            take_relations(look, known);
        if (look->items == NULL || look->oids.failed)
            rc = error_nomem(err);
    }
    if (rc == MIGRATE_OK)
        *out = look;
    else
        postgresql_look_free(look);
    return rc;
}

static int by_oid(const void *key, const void *item)
{
    int64_t oid = *(const int64_t *)key, other = ((const struct relation *)item)->oid;

    return oid < other ? -1 : oid > other;
}

static struct relation *find(const struct database_look *look, int64_t oid)
{
    return bsearch(&oid, look->items, look->count, sizeof *look->items, by_oid);
}

/* ---- behind a statement ---- */

/* The version: where rows of the catalog lie changes with each change of them; only who holds such a lock can change them. */
#define AT(catalog, column) "SELECT '" catalog "' || ctid::pg_catalog.text FROM pg_catalog." catalog " WHERE " column " = l.relation"
#define LOOK                                                                                                           \
    "SELECT l.relation::bigint, l.held, coalesce(pg_catalog.pg_relation_filenode(l.relation)::bigint, 0), "           \
    "coalesce(pg_catalog.pg_stat_get_xact_numscans(l.relation), 0), " ROWS("l.relation") ", CASE WHEN l.held >= 8 THEN " \
    "coalesce((SELECT pg_catalog.sum(pg_catalog.hashtext(v.at)::bigint) FROM (" AT("pg_class", "oid") " UNION ALL "   \
    AT("pg_attribute", "attrelid") " UNION ALL " AT("pg_constraint", "conrelid") " UNION ALL " AT("pg_attrdef", "adrelid") \
    " UNION ALL " AT("pg_index", "indrelid") " UNION ALL " AT("pg_trigger", "tgrelid") " UNION ALL "                  \
    AT("pg_rewrite", "ev_class") " UNION ALL " AT("pg_policy", "polrelid") " UNION ALL " AT("pg_inherits", "inhrelid") \
    " UNION ALL " AT("pg_inherits", "inhparent") ") v(at)), 0)::bigint ELSE 0 END FROM (SELECT relation, "            \
    "pg_catalog.bit_or(1 << pg_catalog.array_position(" MODE_LIST ", mode) - 1) AS held FROM pg_catalog.pg_locks "    \
    "WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted "                                  \
    "AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) "          \
    "AND relation = ANY (%s) GROUP BY relation) l"
enum { L_OID, L_HELD, L_NODE, L_SCANS, L_ROWS, L_VERSION };

static int strongest(unsigned set)
{
    int mode = MODES - 1;

    while (mode >= 0 && (set & 1U << mode) == 0)
        mode--;
    return mode;
}

/* Its locks stay to the end, so that what is new is what the statement took. Where it took one that was held already, that it was at
 * work there tells. */
static int64_t take_row(const struct migrate_rows *rows, size_t row, struct relation *relation)
{
    unsigned held = (unsigned)rows_int(rows, row, L_HELD);
    int64_t node = rows_int(rows, row, L_NODE), scans = rows_int(rows, row, L_SCANS), written = rows_int(rows, row, L_ROWS);
    int64_t version = rows_int(rows, row, L_VERSION), more = written > relation->rows ? written - relation->rows : 0;

    relation->took = strongest(held & ~relation->held);
    relation->scanned = scans > relation->scans && strchr("rpm", relation->kind) != NULL;
    relation->rewritten = node != 0 && relation->node != 0 && node != relation->node && relation->kind != 'S';
    if (relation->took < 0 && (relation->rewritten || (relation->version != 0 && version != relation->version)))
        relation->took = strongest(held);
    if (relation->took < 0 && more > 0)
        relation->took = ROW_EXCLUSIVE;
    else if (relation->took < 0 && relation->scanned)
        relation->took = 0;
    relation->held = held;
    relation->node = node != 0 ? node : relation->node;
    relation->scans = scans;
    relation->rows = written;
    relation->version = version != 0 ? version : relation->version;
    return strchr("rpmf", relation->kind) != NULL ? more : 0;
}

/* What holds for its table holds for an index, or a sequence of its own. */
static bool goes_without_saying(const struct database_look *look, const struct relation *relation, bool rewritten)
{
    const struct relation *table = relation->part_of != 0 ? find(look, relation->part_of) : NULL;

    return relation->kept || (table != NULL && (rewritten ? table->rewritten : table->took >= relation->took));
}

static void add_name(struct text *out, size_t *count, const char *mode, const char *name)
{
    if (++*count > NAMES_MOST)
        return;
    text_format(out, "%s%s%s%s", out->length > 0 ? ", " : "", mode, *mode != '\0' ? " " : "", name);
}

static void add_more(struct text *out, size_t count)
{
    if (count > NAMES_MOST)
        text_format(out, " and %zu more", count - NAMES_MOST);
}

/* Strongest locks first. */
static void tell(const struct database_look *look, struct database_effects *out)
{
    size_t locked = 0, rewritten = 0, scanned = 0;

    for (int mode = MODES - 1; mode >= 0; mode--) {
        for (size_t i = 0; i < look->count; i++) {
            const struct relation *relation = &look->items[i];

            if (relation->took != mode || goes_without_saying(look, relation, false))
                continue;
            if (locked == 0)
                text_add(&out->lock, modes[mode]);
            add_name(&out->locked, &locked, modes[mode], relation->name);
        }
    }
    for (size_t i = 0; i < look->count; i++) {
        const struct relation *relation = &look->items[i];

        if (relation->rewritten && !goes_without_saying(look, relation, true))
            add_name(&out->rewritten, &rewritten, "", relation->name);
        if (relation->scanned)
            add_name(&out->scanned, &scanned, "", relation->name);
    }
    add_more(&out->locked, locked);
    add_more(&out->rewritten, rewritten);
    add_more(&out->scanned, scanned);
}

static bool failed(const struct database_effects *effects)
{
    return effects->lock.failed || effects->locked.failed || effects->rewritten.failed || effects->scanned.failed;
}

/* The answer's rows come in no order; what is not among them is not held (any more). */
static void take_answer(struct database_look *look, const struct migrate_rows *rows, int64_t *written)
{
    unsigned *held = memory_new((look->count + 1) * sizeof *held);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].took = -1;
        look->items[i].rewritten = look->items[i].scanned = false;
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        struct relation *relation = find(look, rows_int(rows, row, L_OID));

        if (relation == NULL)
            continue;
        *written += take_row(rows, row, relation);
        if (held != NULL)
            held[relation - look->items] = relation->held;
    }
    for (size_t i = 0; i < look->count && held != NULL; i++)
        look->items[i].held = held[i];
    memory_free(held);
}

int32_t postgresql_look_behind(struct database_look *look, const char *statement, size_t length, struct database_effects *out,
                               migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int64_t written = 0;
    int32_t rc;

    (void)statement, (void)length;
    out->rows = 0;
    if (look->count == 0)
        return MIGRATE_OK;
    text_format(&sql, LOOK, look->oids.data);
    rc = database_query(look->db, &sql, &rows, err);
    text_free(&sql);
    if (rc != MIGRATE_OK)
        return rc;
    take_answer(look, rows, &written);
    rows_free(rows);
    tell(look, out);
    out->rows = look->counts ? written : -1;
    return failed(out) ? error_nomem(err) : MIGRATE_OK;
}

/* ---- ahead of a statement: sequences that it is about to move ---- */

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

static bool contains(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (((text[i] ^ *word) & ~0x20) == 0 && text_equal_nocase_n(text + i, word, size))
            return true;
    return false;
}

static bool draws_for(const struct database_look *look, const struct relation *sequence, const char *table)
{
    const struct relation *owner = sequence->part_of != 0 ? find(look, sequence->part_of) : NULL;

    if (owner != NULL && text_equal(owner->plain, table))
        return true;
    for (size_t i = 0; i < rows_count(look->draws); i++) {
        owner = rows_int(look->draws, i, 0) == sequence->oid ? find(look, rows_int(look->draws, i, 1)) : NULL;
        if (owner != NULL && text_equal(owner->plain, table))
            return true;
    }
    return false;
}

/* By names that stand in the statement, in strings too: setval('t_id_seq', ...), setval(pg_get_serial_sequence('t', 'id'), ...). */
static bool is_named(const struct database_look *look, const struct relation *sequence, const char *statement, size_t length)
{
    const struct relation *owner = sequence->part_of != 0 ? find(look, sequence->part_of) : NULL;

    return contains(statement, length, sequence->plain) || (owner != NULL && contains(statement, length, owner->plain));
}

#define SAVEPOINT "libmigrate_look"

/* The same contents in new storage, which belongs to this transaction. Setting its cache to what it is writes it anew. */
static void add_keep(struct text *sql, const struct relation *sequence, const char *cache)
{
    text_format(sql, "; ALTER SEQUENCE %s CACHE %s", sequence->name, cache);
}

/* Whoever may not, or would have to wait for long, leaves it: then it is told where the sequence went. */
static int32_t keep(struct database_look *look, struct relation *sequence, migrate_error **err)
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

int32_t postgresql_look_ahead(struct database_look *look, const char *statement, size_t length, migrate_error **err)
{
    struct text table = {0};
    bool moves, sets;
    int32_t rc = MIGRATE_OK;

    if (statement == NULL || look->count == 0)
        return MIGRATE_OK;
    target_of(statement, length, &table);
    sets = contains(statement, length, "setval");
    moves = sets || contains(statement, length, "nextval");
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

/* ---- the end ---- */

int32_t postgresql_look_close(struct database_look *look, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = look->db->class->query(look->db, "SELECT pg_catalog.txid_current_if_assigned()", &rows, err);

    if (rc == MIGRATE_OK)
        look->transaction = rows_int(rows, 0, 0);
    rows_free(rows);
    return rc;
}

/* The server keeps what became of each transaction. */
int32_t postgresql_look_undone(struct database_look *look, bool *out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc = MIGRATE_OK;

    *out = true;
    if (look->transaction == 0)
        return MIGRATE_OK;
    text_add(&sql, "SELECT pg_catalog.txid_status(");
    text_add_int(&sql, look->transaction);
    text_add_char(&sql, ')');
    rc = database_query(look->db, &sql, &rows, err);
    if (rc == MIGRATE_OK)
        *out = text_equal(rows_text(rows, 0, 0), "aborted");
    rows_free(rows);
    text_free(&sql);
    return rc;
}

/* Read from the sequences themselves: pg_sequences would wait for whoever changes one. */
int32_t postgresql_positions(struct database *db, struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc = db->class->query(db,
                                  "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c "
                                  "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' "
                                  "AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
                                  "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
                                  "AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT') ORDER BY 1",
                                  &rows, err);

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

/* Deferred constraints are named one by one: ALL would say so of those, too, that are made later. A name that is shared with one that
 * cannot be deferred is left out. */
#define DEFERRABLE                                                                                                     \
    "SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', '), "                 \
    "pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') FILTER (WHERE c.condeferred " \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conname = c.conname AND o.connamespace = c.connamespace " \
    "AND NOT o.condeferrable)) FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace " \
    "WHERE c.condeferrable"

int32_t postgresql_settle(struct database *db, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc = db->class->query(db, DEFERRABLE, &rows, err);

    if (rc == MIGRATE_OK && rows_text(rows, 0, 0) != NULL) {
        text_format(&sql, "SET CONSTRAINTS %s IMMEDIATE", rows_text(rows, 0, 0));
        if (rows_text(rows, 0, 1) != NULL)
            text_format(&sql, "; SET CONSTRAINTS %s DEFERRED", rows_text(rows, 0, 1));
        rc = database_exec_text(db, &sql, NULL, err);
    }
    rows_free(rows);
    text_free(&sql);
    return rc;
}
