/* SPDX-License-Identifier: MIT
 * Extensions of a database that is a scratch place inside a transaction: they can neither be made a second time, nor taken away from those
 * who use them, nor moved by a role that does not own their functions. They stay where they are, and a mark says that one counts as made
 * here: a domain of its name, which goes with a savepoint as the extension would. */
#include "database/postgresql/client.h"

#include "util/memory.h"

#include <string.h>

#define REFUSED "this cannot be tried in a transaction of the database itself: "
#define MARKS "libmigrate_aside_extensions"

/* What CREATE or DROP EXTENSION says, as far as it matters. */
struct wish {
    bool create, lenient, cascade; /* lenient: IF [NOT] EXISTS */
    struct text name;              /* as written */
};

static bool read_wish(struct wish *wish, const char *sql, size_t length)
{
    struct sql_reader reader;

    sql_reader_open(&reader, &sql_postgresql, sql, length);
    wish->create = sql_reader_take(&reader, "create");
    if ((!wish->create && !sql_reader_take(&reader, "drop")) || !sql_reader_take(&reader, "extension"))
        return false;
    wish->lenient = sql_reader_take(&reader, "if");
    if (wish->lenient)
        sql_reader_take(&reader, "not"), sql_reader_take(&reader, "exists");
    sql_reader_name(&reader, &wish->name, NULL);
    wish->cascade = sql_reader_seek(&reader, "cascade");
    return true;
}

/* Its name, whether it is marked, whether something that was made here needs it. No row: it was not there before. */
static int32_t ask(struct postgresql_connection *c, const struct wish *wish, struct migrate_rows **out, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "SELECT pg_catalog.quote_ident(e.extname), (EXISTS (SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n "
                      "ON n.oid = t.typnamespace WHERE n.nspname = '" MARKS "' AND t.typname = e.extname))::integer, "
                      "(EXISTS (SELECT FROM pg_catalog.pg_depend d "
                      "JOIN pg_catalog.pg_depend m ON m.classid = d.refclassid AND m.objid = d.refobjid AND m.deptype = 'e' "
                      "WHERE m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND m.refobjid = e.oid AND d.deptype <> 'e' "
                      "AND (d.xmin::pg_catalog.text::bigint - %lld + 4294967296) %% 4294967296 < 2147483648))::integer "
                      "FROM pg_catalog.pg_extension e WHERE e.oid = ANY ('%s'::pg_catalog.oid[]) AND e.extname = (pg_catalog.parse_ident(",
                (long long)c->inside->xid, c->inside->before.data);
    database_postgresql.literal(&sql, wish->name.data != NULL ? wish->name.data : "", wish->name.length);
    text_add(&sql, "))[1]");
    rc = sql.failed ? error_nomem(err) : postgresql_run_one(c, sql.data, sql.length, out, NULL, err);
    text_free(&sql);
    return rc;
}

static int32_t mark(struct postgresql_connection *c, const char *verb, const char *name, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, "%s DOMAIN " MARKS ".%s%s", verb, name, *verb == 'C' ? " AS integer" : "");
    rc = sql.failed ? error_nomem(err) : postgresql_run_one(c, sql.data, sql.length, NULL, NULL, err);
    text_free(&sql);
    return rc;
}

/* In the server's words. */
static int32_t say(const char *before, const char *name, const char *behind, const char *sqlstate, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SQL, "%sextension %s %s", before, name, behind);
    error_database(err, ERROR_OTHER, sqlstate, 0);
    return MIGRATE_ERROR_SQL;
}

static int32_t create(struct postgresql_connection *c, const struct wish *wish, const struct migrate_rows *row, migrate_error **err)
{
    const char *name = rows_text(row, 0, 0);

    if (rows_int(row, 0, 1) == 0)
        return mark(c, "CREATE", name, err);
    return wish->lenient ? MIGRATE_OK : say("", name, "already exists", "42710", err);
}

static int32_t drop(struct postgresql_connection *c, const struct wish *wish, const struct migrate_rows *row, migrate_error **err)
{
    const char *name = rows_text(row, 0, 0);

    if (rows_int(row, 0, 1) == 0)
        return wish->lenient ? MIGRATE_OK : say("", name, "does not exist", "42704", err);
    if (rows_int(row, 0, 2) == 0)
        return mark(c, "DROP", name, err);
    if (!wish->cascade)
        return say("cannot drop ", name, "because other objects depend on it", "2BP01", err);
    return postgresql_inside_refuse(err, REFUSED "it drops what the extension %s is needed for, and the database itself needs that extension", name);
}

int32_t postgresql_inside_extension(struct postgresql_connection *c, const char *sql, size_t length, bool *done, migrate_error **err)
{
    struct migrate_rows *row = NULL;
    struct wish wish = {0};
    int32_t rc = MIGRATE_OK;

    *done = false;
    if (read_wish(&wish, sql, length)) {
        rc = wish.name.failed ? error_nomem(err) : ask(c, &wish, &row, err);
        *done = rc == MIGRATE_OK && rows_count(row) == 1;
        if (*done)
            rc = wish.create ? create(c, &wish, row, err) : drop(c, &wish, row, err);
    }
    rows_free(row);
    text_free(&wish.name);
    return rc;
}
