/* SPDX-License-Identifier: MIT
 * What a statement does to the tables that were there before, as the server itself sees it from inside the transaction: locks that the
 * session holds (and keeps to the end), file nodes, and the transaction's own counters of scans and rows. One query behind each
 * statement; what its predecessor answered is taken off. */
#include "database/postgresql/look.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* Weakest first, as the server names them, less "Lock". */
static const char *const modes[] = {"AccessShare", "RowShare",          "RowExclusive", "ShareUpdateExclusive",
                                    "Share",       "ShareRowExclusive", "Exclusive",    "AccessExclusive"};
enum {
    ACCESS_SHARE = 0,
    ROW_EXCLUSIVE = 2,
    SHARE_UPDATE_EXCLUSIVE = 3,
    SHARE = 4,
    SHARE_ROW_EXCLUSIVE = 5,
    ACCESS_EXCLUSIVE = 7,
    MODES = sizeof modes / sizeof *modes
};
enum { NAMES_MOST = 20 }; /* in one list */
#define MODE_LIST                                                                                                     \
    "'{AccessShareLock,RowShareLock,RowExclusiveLock,ShareUpdateExclusiveLock,ShareLock,ShareRowExclusiveLock,"       \
    "ExclusiveLock,AccessExclusiveLock}'::pg_catalog.text[]"

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
    "AND n.nspname !~ " POSTGRESQL_NOT_OURS " AND n.nspname <> 'information_schema'"
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

static bool knows(const struct postgresql_look *known, const char *name)
{
    for (size_t i = 0; known != NULL && i < known->count; i++)
        if (text_equal(known->items[i].name, name))
            return true;
    return known == NULL;
}

static void take_relations(struct postgresql_look *look, const struct postgresql_look *known)
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

void postgresql_look_free(struct database_look *given)
{
    struct postgresql_look *look = (struct postgresql_look *)given;

    if (look == NULL)
        return;
    rows_free(look->rows);
    rows_free(look->draws);
    text_free(&look->oids);
    memory_free(look->items);
    memory_free(look);
}

static int by_oid(const void *key, const void *item)
{
    int64_t oid = *(const int64_t *)key, other = ((const struct relation *)item)->oid;

    return oid < other ? -1 : oid > other;
}

struct relation *postgresql_look_find(const struct postgresql_look *look, int64_t oid)
{
    return bsearch(&oid, look->items, look->count, sizeof *look->items, by_oid);
}

/* ---- behind a statement ---- */

/* Where rows of the catalog lie changes with each change of them. It is asked for relations that the statement names. */
#define FROM(catalog, column) " FROM pg_catalog." catalog " WHERE " column " = l.relation"
#define PLACES(catalog, column) "SELECT pg_catalog.sum(pg_catalog.hashtext(ctid::pg_catalog.text)::bigint)" FROM(catalog, column)
#define WHERE_THEY_LIE(catalog, column) "coalesce((" PLACES(catalog, column) "), 0)::bigint"
#define COUNT(catalog, column) "(SELECT pg_catalog.count(*)" FROM(catalog, column) ")"
#define LOOK                                                                                                           \
    "SELECT l.relation::bigint, l.held, coalesce(pg_catalog.pg_relation_filenode(l.relation)::bigint, 0), "           \
    "coalesce(pg_catalog.pg_stat_get_xact_numscans(l.relation), 0), " ROWS("l.relation") ", v.* FROM (SELECT relation, " \
    "pg_catalog.bit_or(1 << pg_catalog.array_position(" MODE_LIST ", mode) - 1) AS held FROM pg_catalog.pg_locks "    \
    "WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted "                                  \
    "AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) "          \
    "AND relation = ANY (%s) GROUP BY relation) l LEFT JOIN LATERAL (SELECT " COUNT("pg_index", "indrelid") ", "      \
    COUNT("pg_trigger", "tgrelid") ", " WHERE_THEY_LIE("pg_constraint", "conrelid") ", "                              \
    WHERE_THEY_LIE("pg_attribute", "attrelid") " + " WHERE_THEY_LIE("pg_attrdef", "adrelid") ", "                     \
    WHERE_THEY_LIE("pg_class", "oid") " + " WHERE_THEY_LIE("pg_index", "indrelid") " + "                              \
    WHERE_THEY_LIE("pg_trigger", "tgrelid") " + " WHERE_THEY_LIE("pg_rewrite", "ev_class") " + "                      \
    WHERE_THEY_LIE("pg_policy", "polrelid") " + " WHERE_THEY_LIE("pg_inherits", "inhrelid") " + "                     \
    WHERE_THEY_LIE("pg_inherits", "inhparent") ") v ON l.relation = ANY (%s)"
enum { L_OID, L_HELD, L_NODE, L_SCANS, L_ROWS, L_INDEXES, L_TRIGGERS, L_CONSTRAINTS, L_COLUMNS, L_REST };

static int strongest(unsigned set)
{
    int mode = MODES - 1;

    while (mode >= 0 && (set & 1U << mode) == 0)
        mode--;
    return mode;
}

/* A lock that was held already is taken once more without a trace. What the statement changed tells: more indexes need Share, more
 * triggers or foreign keys ShareRowExclusive, for anything else it is taken to be the strongest one that is held. -1: nothing changed. */
static int taken_again(const struct version *was, const struct version *is, unsigned held)
{
    int mode = strongest(held), least = mode;

    if (memcmp(was, is, sizeof *was) == 0)
        return -1;
    if (was->columns == is->columns && is->triggers > was->triggers && is->indexes == was->indexes)
        least = SHARE_ROW_EXCLUSIVE;
    else if (was->columns == is->columns && was->constraints == is->constraints && is->indexes > was->indexes)
        least = SHARE;
    return least < mode ? least : mode;
}

static struct version read_version(const struct migrate_rows *rows, size_t row)
{
    return (struct version){rows_int(rows, row, L_INDEXES), rows_int(rows, row, L_TRIGGERS), rows_int(rows, row, L_CONSTRAINTS),
                            rows_int(rows, row, L_COLUMNS), rows_int(rows, row, L_REST)};
}

/* Locks stay to the end, so that what is new is what the statement took. Returns how many rows it wrote there. */
static int64_t take_row(const struct migrate_rows *rows, size_t row, struct relation *relation)
{
    unsigned held = (unsigned)rows_int(rows, row, L_HELD);
    int64_t node = rows_int(rows, row, L_NODE), scans = rows_int(rows, row, L_SCANS), written = rows_int(rows, row, L_ROWS);
    int64_t more = written > relation->rows ? written - relation->rows : 0;
    bool versioned = !rows_is_null(rows, row, L_INDEXES);
    struct version version = read_version(rows, row);

    relation->took = strongest(held & ~relation->held);
    relation->scanned = scans > relation->scans && strchr("rpm", relation->kind) != NULL;
    relation->rewritten = node != 0 && relation->node != 0 && node != relation->node && relation->kind != 'S';
    if (relation->rewritten)
        relation->took = strongest(held);
    if (relation->took < 0 && relation->versioned && versioned)
        relation->took = taken_again(&relation->version, &version, held);
    if (relation->took < 0 && more > 0)
        relation->took = ROW_EXCLUSIVE;
    else if (relation->took < 0 && relation->scanned)
        relation->took = ACCESS_SHARE;
    relation->held = held;
    relation->node = node != 0 ? node : relation->node;
    relation->scans = scans;
    relation->rows = written;
    if (versioned) {
        relation->versioned = true;
        relation->version = version;
    }
    return strchr("rpmf", relation->kind) != NULL ? more : 0;
}

/* What holds for its table holds for an index, or a sequence of its own. */
static bool goes_without_saying(const struct postgresql_look *look, const struct relation *relation, bool rewritten)
{
    const struct relation *table = relation->part_of != 0 ? postgresql_look_find(look, relation->part_of) : NULL;

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
static void tell(const struct postgresql_look *look, struct database_effects *out)
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
static void take_answer(struct postgresql_look *look, const struct migrate_rows *rows, int64_t *written)
{
    unsigned *held = memory_new((look->count + 1) * sizeof *held);

    for (size_t i = 0; i < look->count; i++) {
        look->items[i].took = -1;
        look->items[i].rewritten = look->items[i].scanned = false;
    }
    for (size_t row = 0; row < rows_count(rows); row++) {
        struct relation *relation = postgresql_look_find(look, rows_int(rows, row, L_OID));

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

static bool says(const char *statement, size_t length, const char *word)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_postgresql, statement, length);
    return sql_reader_seek(&reader, word);
}

/* A statement outside of transactions has let go of its locks by now. What it takes is known; which table it is on is read from its
 * words. */
static void tell_lone(const char *statement, size_t length, struct database_effects *out)
{
    static const char *const fillers[] = {"create", "drop", "reindex", "alter", "vacuum", "cluster", "unique", "full", "freeze", "verbose",
                                          "analyze", "index", "table", "concurrently", "if", "not", "exists", "only"};
    struct sql_reader reader;
    struct text name = {0};
    int mode = -1;

    sql_reader_open(&reader, &sql_postgresql, statement, length);
    if (sql_reader_is(&reader, "cluster") || (sql_reader_is(&reader, "vacuum") && says(statement, length, "full")))
        mode = ACCESS_EXCLUSIVE;
    else if (sql_reader_is(&reader, "vacuum") || says(statement, length, "concurrently"))
        mode = SHARE_UPDATE_EXCLUSIVE;
    if (mode < 0)
        return;
    if (sql_reader_is(&reader, "create"))
        sql_reader_seek(&reader, "on");
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (sql_reader_take(&reader, fillers[i]))
            i = (size_t)-1; /* from the first one again */
    sql_reader_name(&reader, &name, NULL);
    text_add(&out->lock, modes[mode]);
    text_format(&out->locked, "%s%s%s", modes[mode], name.length > 0 ? " " : "", name.length > 0 ? name.data : "");
    out->locked.failed |= name.failed;
    text_free(&name);
}

/* By its name, wherever that stands, in a body too. */
static void add_named(const struct postgresql_look *look, const char *statement, size_t length, struct text *out)
{
    size_t count = 0;

    text_add(out, "'{");
    for (size_t i = 0; i < look->count; i++) {
        const struct relation *relation = &look->items[i];

        if (strchr("rpmvf", relation->kind) == NULL || (statement != NULL && !postgresql_look_names(statement, length, relation->plain)))
            continue;
        text_add(out, count++ > 0 ? "," : "");
        text_add_int(out, relation->oid);
    }
    text_add(out, "}'::pg_catalog.oid[]");
}

/* The server's counters go on over the ends of transactions, for a second or so: what a statement counted that has let go of its locks is
 * not the next one's. */
#define COUNTERS                                                                                                       \
    "SELECT l.oid::bigint, coalesce(pg_catalog.pg_stat_get_xact_numscans(l.oid), 0), " ROWS("l.oid") " FROM pg_catalog.unnest(%s) AS l (oid)"

static int32_t count_anew(struct postgresql_look *look, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, COUNTERS, look->oids.data);
    rc = database_query(look->db, &sql, &rows, err);
    text_free(&sql);
    for (size_t row = 0; row < rows_count(rows); row++) {
        struct relation *relation = postgresql_look_find(look, rows_int(rows, row, 0));

        if (relation == NULL)
            continue;
        relation->scans = rows_int(rows, row, 1);
        relation->rows = rows_int(rows, row, 2);
        relation->held = 0;
    }
    rows_free(rows);
    return rc;
}

/* In a transaction that is older than the rehearsal, whatever was made there is locked already: that is no statement's doing, and what
 * takes such a lock once more is known by what it changes. */
static int32_t look_around(struct postgresql_look *look, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int64_t written = 0;
    int32_t rc;

    text_format(&sql, LOOK, look->oids.data, look->oids.data);
    rc = database_query(look->db, &sql, &rows, err);
    text_free(&sql);
    if (rc == MIGRATE_OK)
        take_answer(look, rows, &written);
    rows_free(rows);
    return rc;
}

int32_t postgresql_look_begin(struct database *db, const struct database_facts_wish *wish, int64_t lock_wait,
                              const struct database_look *known, struct database_look **out, migrate_error **err)
{
    struct postgresql_look *look = memory_new(sizeof *look);
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
            take_relations(look, (const struct postgresql_look *)known);
        if (look->items == NULL || look->oids.failed)
            rc = error_nomem(err);
    }
    if (rc == MIGRATE_OK && db->inside && look->count > 0)
        rc = look_around(look, err);
    if (rc == MIGRATE_OK)
        *out = (struct database_look *)look;
    else
        postgresql_look_free((struct database_look *)look);
    return rc;
}

int32_t postgresql_look_behind(struct database_look *given, const char *statement, size_t length, struct database_effects *out,
                               migrate_error **err)
{
    struct postgresql_look *look = (struct postgresql_look *)given;
    struct migrate_rows *rows = NULL;
    struct text sql = {0}, named = {0};
    int64_t written = 0;
    int32_t rc;

    out->rows = 0;
    if (look->db->class->transaction(look->db) == DATABASE_IDLE && statement != NULL) {
        tell_lone(statement, length, out);
        return failed(out) ? error_nomem(err) : look->count > 0 ? count_anew(look, err) : MIGRATE_OK;
    }
    if (look->count == 0)
        return MIGRATE_OK;
    add_named(look, statement, length, &named);
    if (!named.failed)
        text_format(&sql, LOOK, look->oids.data, named.data);
    sql.failed |= named.failed;
    rc = database_query(look->db, &sql, &rows, err);
    text_free(&named);
    text_free(&sql);
    if (rc != MIGRATE_OK)
        return rc;
    take_answer(look, rows, &written);
    rows_free(rows);
    tell(look, out);
    out->rows = look->counts ? written : -1;
    return failed(out) ? error_nomem(err) : MIGRATE_OK;
}

/* ---- the end ---- */

int32_t postgresql_look_close(struct database_look *given, migrate_error **err)
{
    struct postgresql_look *look = (struct postgresql_look *)given;
    struct migrate_rows *rows = NULL;
    int32_t rc = look->db->class->query(look->db, "SELECT pg_catalog.txid_current_if_assigned()", &rows, err);

    if (rc == MIGRATE_OK)
        look->transaction = rows_int(rows, 0, 0);
    rows_free(rows);
    return rc;
}

/* The server keeps what became of each transaction. */
int32_t postgresql_look_undone(struct database_look *given, bool *out, migrate_error **err)
{
    struct postgresql_look *look = (struct postgresql_look *)given;
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
