/* SPDX-License-Identifier: MIT
 * What became of a statement outside of transactions whose end nobody recorded: the catalog is asked for what it makes or takes away.
 * Only text goes over the seam, so that a host's driver can ask as well. Names are taken as the statement has them, and found on the
 * session's search_path, as the statement finds them. */
#include "database/postgresql/postgresql.h"

#include <string.h>

enum { WHAT, OBJECT, MEND, SESSION }; /* columns of every question: answer as a letter, texts */

#define LITERAL(out, text) database_postgresql.literal(out, (text).data, (text).length)

/* parse_ident() does not cut a name that is too long, its type does. */
static void add_name(struct text *out, const struct text *name)
{
    text_add(out, "(parse_ident(");
    LITERAL(out, *name);
    text_add(out, ")::name[])[1]");
}

#define WHO "concat_ws(', ', 'pid ' || s.pid, 'application \"' || nullif(a.application_name, '') || '\"', 'user ' || a.usename)"

/* Sessions that build or drop something on a relation. Those of the server's own that clean up hold such locks, too. */
#define LOCKED_BY(relation)                                                                                  \
    "(SELECT string_agg(DISTINCT " WHO ", '; ') FROM pg_catalog.pg_locks s "                                 \
    "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.pid "                                              \
    "WHERE s.relation = " relation " AND s.granted AND s.pid <> pg_backend_pid() AND s.database = "          \
    "(SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) AND s.mode IN "       \
    "('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') "         \
    "AND s.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum v) "                             \
    "AND a.usename IS NOT NULL)"

/* Sessions that build an index: of the table t. What other roles do shows as null; their locks always show. The index's own number
 * appears a moment after the index itself. */
#define BUILT_BY                                                                                             \
    "(SELECT string_agg(DISTINCT " WHO ", '; ') FROM pg_catalog.pg_stat_progress_create_index s "            \
    "LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = s.pid "                                              \
    "WHERE s.datname = current_database() AND s.pid <> pg_backend_pid() AND (s.relid = i.indrelid "          \
    "OR (s.relid IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = s.pid "                 \
    "AND l.relation = i.indrelid AND l.granted AND l.mode = 'ShareUpdateExclusiveLock'))))"

#define DROP_IT "format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, c.relname)"
#define SHOWN "format('%I.%I', n.nspname, c.relname)"

/* Where the name is taken by something that is no index of this table, the statement will say so itself. */
static void ask_create_index(struct text *sql, const struct text *index, const struct text *table)
{
    text_add(sql, "SELECT CASE WHEN i.indisvalid THEN 'd' WHEN " BUILT_BY " IS NOT NULL THEN 'w' ELSE 'l' END, 'index ' || " SHOWN ", " DROP_IT
                  ", " BUILT_BY " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace "
                  "JOIN pg_catalog.pg_class c ON c.relnamespace = t.relnamespace AND c.relname = ");
    add_name(sql, index);
    text_add(sql, " JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid AND i.indrelid = t.oid WHERE t.oid = to_regclass(");
    LITERAL(sql, *table);
    text_add(sql, ")");
}

static void ask_drop_index(struct text *sql, const struct text *index)
{
    text_add(sql, "SELECT CASE WHEN c.oid IS NULL THEN 'd' WHEN " LOCKED_BY("c.oid") " IS NOT NULL THEN 'w' ELSE 'a' END, 'index ' || x.name, NULL, " LOCKED_BY(
                      "c.oid") " FROM (SELECT ");
    LITERAL(sql, *index);
    text_add(sql, "::text AS name) x LEFT JOIN pg_catalog.pg_class c ON c.oid = to_regclass(x.name)");
}

/* What REINDEX CONCURRENTLY leaves behind: new ones that are not whole, old ones that were not dropped yet. One row for each. */
static void ask_reindex(struct text *sql, const char *scope, const struct text *name)
{
    text_add(sql, "SELECT CASE WHEN " BUILT_BY " IS NOT NULL THEN 'w' ELSE 'l' END, 'index ' || " SHOWN ", " DROP_IT ", " BUILT_BY
                  " FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
                  "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE NOT i.indisvalid AND c.oid >= 16384 AND c.relname ~ '_cc(new|old)[0-9]*$'");
    if (strcmp(scope, "index") == 0) {
        text_add(sql, " AND i.indrelid = (SELECT o.indrelid FROM pg_catalog.pg_index o WHERE o.indexrelid = to_regclass(");
        LITERAL(sql, *name);
        text_add(sql, ")) AND starts_with(c.relname::text, (SELECT left(o.relname::text, 50) FROM pg_catalog.pg_class o "
                      "WHERE o.oid = to_regclass(");
        LITERAL(sql, *name);
        text_add(sql, ")))");
    } else if (strcmp(scope, "table") == 0) {
        text_add(sql, " AND i.indrelid IN (SELECT unnest(ARRAY[t.oid, t.reltoastrelid]) FROM pg_catalog.pg_class t WHERE t.oid = to_regclass(");
        LITERAL(sql, *name);
        text_add(sql, "))");
    } else if (strcmp(scope, "schema") == 0) {
        text_add(sql, " AND n.nspname = ");
        add_name(sql, name);
    }
}

static void ask_detach(struct text *sql, const struct text *parent, const struct text *child)
{
    text_add(sql, "SELECT CASE WHEN x.child IS NULL OR x.parent IS NULL THEN 'a' WHEN " LOCKED_BY("x.child") " IS NOT NULL THEN 'w' "
                  "WHEN h.inhrelid IS NULL THEN 'd' WHEN to_jsonb(h) ->> 'inhdetachpending' = 'true' THEN 'u' ELSE 'a' END, "
                  "'partition ' || x.child_name, format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', x.parent_name, x.child_name), "
                  LOCKED_BY("x.child") " FROM (SELECT name AS parent_name, to_regclass(name) AS parent, part AS child_name, "
                  "to_regclass(part) AS child FROM (SELECT ");
    LITERAL(sql, *parent);
    text_add(sql, "::text AS name, ");
    LITERAL(sql, *child);
    text_add(sql, "::text AS part) y) x LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = x.child AND h.inhparent = x.parent");
}

/* value: the literal as written. */
static void ask_add_value(struct text *sql, const struct text *type, const char *value, size_t length)
{
    text_add(sql, "SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_enum e WHERE e.enumtypid = to_regtype(x.name) AND e.enumlabel = x.label::name) "
                  "THEN 'd' ELSE 'a' END, 'value ' || quote_literal(x.label) || ' of ' || x.name, NULL, NULL FROM (SELECT ");
    LITERAL(sql, *type);
    text_add(sql, "::text AS name, ");
    text_add_n(sql, value, length);
    text_add(sql, "::text AS label) x");
}

/* ---- reading the statement ---- */

/* U&"..." is read by the server alone. */
static bool plain_name(const struct text *name)
{
    return name->length > 0 && !((name->data[0] == 'U' || name->data[0] == 'u') && name->data[1] == '&');
}

static bool at(const struct sql_reader *reader, enum sql_token_kind kind)
{
    return reader->token.kind == kind;
}

/* CREATE [UNIQUE] INDEX CONCURRENTLY [IF NOT EXISTS] name ON [ONLY] table; false: nothing to ask. */
static bool read_create(struct sql_reader *reader, struct text *sql, struct text *name, struct text *other)
{
    sql_reader_take(reader, "unique");
    if (!sql_reader_take(reader, "index") || !sql_reader_take(reader, "concurrently"))
        return false;
    if (sql_reader_take(reader, "if")) {
        sql_reader_take(reader, "not");
        sql_reader_take(reader, "exists");
    }
    if (sql_reader_is(reader, "on"))
        return false; /* the server chooses a name, and nobody knows which it was */
    sql_reader_name(reader, name, NULL);
    if (!sql_reader_take(reader, "on"))
        return false;
    sql_reader_take(reader, "only");
    sql_reader_name(reader, other, NULL);
    if (!plain_name(name) || !plain_name(other))
        return false;
    ask_create_index(sql, name, other);
    return true;
}

static bool read_drop(struct sql_reader *reader, struct text *sql, struct text *name)
{
    if (!sql_reader_take(reader, "index") || !sql_reader_take(reader, "concurrently"))
        return false;
    if (sql_reader_take(reader, "if"))
        sql_reader_take(reader, "exists");
    sql_reader_name(reader, name, NULL);
    if (!plain_name(name))
        return false;
    ask_drop_index(sql, name);
    return true;
}

/* REINDEX may always be run again; what is asked for is what it left. */
static bool read_reindex(struct sql_reader *reader, struct text *sql, struct text *name)
{
    static const char *const scopes[] = {"index", "table", "schema", "database", "system"};

    if (at(reader, SQL_OPEN))
        while (!at(reader, SQL_CLOSE) && !at(reader, SQL_END))
            sql_reader_next(reader);
    if (at(reader, SQL_CLOSE))
        sql_reader_next(reader);
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        if (!sql_reader_take(reader, scopes[i]))
            continue;
        sql_reader_take(reader, "concurrently");
        sql_reader_name(reader, name, NULL);
        if (i < 3 && !plain_name(name))
            return false;
        ask_reindex(sql, scopes[i], name);
        return true;
    }
    return false;
}

static bool read_alter(struct sql_reader *reader, struct text *sql, struct text *name, struct text *other)
{
    if (sql_reader_take(reader, "type")) {
        sql_reader_name(reader, name, NULL);
        if (!plain_name(name) || !sql_reader_take(reader, "add") || !sql_reader_take(reader, "value"))
            return false;
        if (sql_reader_take(reader, "if")) {
            sql_reader_take(reader, "not");
            sql_reader_take(reader, "exists");
        }
        if (!at(reader, SQL_STRING))
            return false;
        ask_add_value(sql, name, reader->text + reader->token.offset, reader->token.length);
        return true;
    }
    if (!sql_reader_take(reader, "table"))
        return false;
    if (sql_reader_take(reader, "if"))
        sql_reader_take(reader, "exists");
    sql_reader_take(reader, "only");
    sql_reader_name(reader, name, NULL);
    if (!sql_reader_take(reader, "detach") || !sql_reader_take(reader, "partition"))
        return false;
    sql_reader_name(reader, other, NULL);
    if (!plain_name(name) || !plain_name(other) || !sql_reader_is(reader, "concurrently"))
        return false;
    ask_detach(sql, name, other);
    return true;
}

/* They bring about the same however often they run. */
static bool may_run_again(struct sql_reader reader)
{
    static const char *const words[] = {"vacuum", "analyze", "cluster", "reindex", "refresh", "checkpoint", "discard"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sql_reader_is(&reader, words[i]))
            return true;
    return sql_reader_take(&reader, "alter") &&
           (sql_reader_is(&reader, "system") || (sql_reader_take(&reader, "database") && sql_reader_seek(&reader, "tablespace")));
}

/* ---- the answer ---- */

static enum database_probe_answer answer_of(char letter)
{
    switch (letter) {
    case 'd':
        return DATABASE_PROBE_DONE;
    case 'l':
        return DATABASE_PROBE_LEFTOVER;
    case 'u':
        return DATABASE_PROBE_UNFINISHED;
    case 'w':
        return DATABASE_PROBE_AT_WORK;
    default:
        return DATABASE_PROBE_AGAIN;
    }
}

/* Of several rows, that of somebody at work counts; what is left over is mended together. */
static void take_answer(const struct migrate_rows *rows, struct database_probe *out)
{
    for (size_t row = 0; row < rows_count(rows); row++) {
        const char *what = rows_text(rows, row, WHAT);
        enum database_probe_answer answer = answer_of(what == NULL ? 'a' : what[0]);

        if (row > 0 && out->answer == DATABASE_PROBE_AT_WORK)
            break;
        text_clear(&out->object);
        text_clear(&out->session);
        out->answer = answer;
        text_add(&out->object, rows_text(rows, row, OBJECT) == NULL ? "" : rows_text(rows, row, OBJECT));
        text_add(&out->session, rows_text(rows, row, SESSION) == NULL ? "" : rows_text(rows, row, SESSION));
        if (rows_text(rows, row, MEND) != NULL) {
            text_add(&out->mend, out->mend.length == 0 ? "" : ";\n");
            text_add(&out->mend, rows_text(rows, row, MEND));
        }
    }
}

int32_t postgresql_probe(struct database *db, const char *statement, size_t length, struct database_probe *out, migrate_error **err)
{
    struct text sql = {0}, name = {0}, other = {0};
    struct migrate_rows *rows = NULL;
    struct sql_reader reader;
    bool asks = false;
    int32_t code = MIGRATE_OK;

    sql_reader_open(&reader, &sql_postgresql, statement, length);
    *out = (struct database_probe){.answer = may_run_again(reader) ? DATABASE_PROBE_AGAIN : DATABASE_PROBE_UNKNOWN};
    if (sql_reader_take(&reader, "create"))
        asks = out->makes = read_create(&reader, &sql, &name, &other);
    else if (sql_reader_take(&reader, "drop"))
        asks = read_drop(&reader, &sql, &name);
    else if (sql_reader_take(&reader, "reindex"))
        asks = read_reindex(&reader, &sql, &name);
    else if (sql_reader_take(&reader, "alter"))
        asks = read_alter(&reader, &sql, &name, &other);
    if (asks) {
        out->answer = DATABASE_PROBE_AGAIN;
        code = sql.failed || name.failed || other.failed ? error_nomem(err) : database_query(db, &sql, &rows, err);
    }
    if (code == MIGRATE_OK && asks)
        take_answer(rows, out);
    if (code == MIGRATE_OK && (out->object.failed || out->mend.failed || out->session.failed))
        code = error_nomem(err);
    if (code != MIGRATE_OK)
        database_probe_free(out);
    rows_free(rows);
    text_free(&sql);
    text_free(&name);
    text_free(&other);
    return code;
}
