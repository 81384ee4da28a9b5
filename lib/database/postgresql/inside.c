/* SPDX-License-Identifier: MIT
 * A scratch place inside one transaction of a database that is in use, which is rolled back at the end: what is moved aside for it is
 * in aside.c. Whoever uses the connection begins and ends transactions as on any other; here they are savepoints. Nothing may end the
 * real one: every message holds one statement, which the server itself sees to, and what it begins with is looked at. */
#include "database/postgresql/client.h"

#include "util/clock.h"
#include "util/memory.h"

#include <stdarg.h>
#include <string.h>

#define POINT "libmigrate_inside"
#define REFUSED "this cannot be tried in a transaction of the database itself"

/* Locks of this transaction stay to its end: not even for a migration's own wish does it wait for one for longer. */
#define LOCK_WAIT "SET LOCAL lock_timeout = '2s'"

static struct postgresql_connection *own(struct database *db)
{
    return (struct postgresql_connection *)db;
}

/* ---- what goes wrong because of the transaction ---- */

int32_t postgresql_inside_refuse(migrate_error **err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    error_vset(err, MIGRATE_ERROR_SHADOW, format, arguments);
    va_end(arguments);
    error_hint(err, "the role may make no scratch database, so that a transaction of the database itself had to do: give shadow_url, a server "
                    "where scratch databases may be made, or an empty database; or let the role make them: ALTER ROLE ... CREATEDB");
    return MIGRATE_ERROR_SHADOW;
}

/* Says nothing about the statement: it would, or may, be another matter elsewhere. */
static const char *reason(const struct postgresql_inside *inside, const migrate_error *problem)
{
    static const struct {
        const char *sqlstate, *reason;
    } reasons[] = {
        {"25001", "it cannot run in a transaction"},
        {"55P04", "it uses an enum's value before the transaction that added it ends"},
        {"2D000", "it ends transactions itself"},
        {"53200", "it takes more locks than the server has room for"},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (text_equal(problem->sqlstate, reasons[i].sqlstate))
            return reasons[i].reason;
    if (inside->kept && text_equal(problem->sqlstate, "42P06"))
        return "the schema is there, since it holds an extension of the database";
    return strstr(problem->message, "libmigrate_aside_") != NULL ? "it reaches for what the database has already" : NULL;
}

/* A function or a type that is not there may be one of an extension that could not be taken along. */
static int32_t explain(struct postgresql_connection *c, int32_t code, migrate_error **problem, migrate_error **err)
{
    const char *why = code == MIGRATE_ERROR_NOMEM || code == MIGRATE_ERROR_SHADOW || *problem == NULL ? NULL : reason(c->inside, *problem);
    const char *extensions = c->inside->unreachable.data;

    if (why != NULL) {
        code = postgresql_inside_refuse(err, REFUSED ": %s: %s", why, (*problem)->message);
    } else if (extensions != NULL && *problem != NULL &&
               (text_equal((*problem)->sqlstate, "42883") || text_equal((*problem)->sqlstate, "42704"))) {
        code = postgresql_inside_refuse(err, REFUSED ", where nothing of the extension %s can be reached: %s", extensions, (*problem)->message);
    } else {
        error_move(err, problem);
        return code;
    }
    error_clear(problem);
    return code;
}

/* ---- savepoints for transactions ---- */

static int32_t raw(struct postgresql_connection *c, const char *sql, migrate_error **err)
{
    return postgresql_run_one(c, sql, strlen(sql), NULL, NULL, err);
}

/* After a cancel, too. */
static int32_t take_back(struct postgresql_connection *c, migrate_error **err)
{
    struct watch *watch = c->base.watch, moment = {.deadline = clock_monotonic() + POSTGRESQL_DRAIN};
    int32_t rc;

    c->base.watch = &moment;
    rc = raw(c, "ROLLBACK TO SAVEPOINT " POINT, err);
    if (rc == MIGRATE_OK)
        rc = raw(c, "RELEASE SAVEPOINT " POINT, err);
    c->base.watch = watch;
    c->inside->state = DATABASE_IDLE;
    c->inside->implied = false;
    return rc;
}

static int32_t open_point(struct postgresql_connection *c, bool implied, migrate_error **err)
{
    int32_t rc = raw(c, "SAVEPOINT " POINT, err);

    if (rc == MIGRATE_OK) {
        c->inside->state = DATABASE_OPEN;
        c->inside->implied = implied;
    }
    return rc;
}

/* Deferrable constraints of what was made here, and which of them wait for the end by themselves; a table that was there before and is
 * locked now; and whether the server's room for locks is half full by our doing. */
#define ASK_END                                                                                                               \
    "SELECT c.now, c.later, (SELECT pg_catalog.min(pg_catalog.format('%%s.%%I', n.nspname, r.relname)) FROM pg_catalog.pg_locks l " \
    "JOIN pg_catalog.pg_class r ON r.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace "              \
    "WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.mode <> 'AccessShareLock' "                  \
    "AND NOT (r.relkind = 'S' AND l.mode = 'RowExclusiveLock') " /* so does who only looks at a sequence */                   \
    "AND n.oid = ANY ('%s'::pg_catalog.oid[])), "                                                                             \
    "((SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks l WHERE l.pid = pg_catalog.pg_backend_pid()) > "                   \
    "pg_catalog.current_setting('max_locks_per_transaction')::bigint * (pg_catalog.current_setting('max_connections')::bigint " \
    "+ pg_catalog.current_setting('max_prepared_transactions')::bigint) / 2)::integer FROM ("                                 \
    "SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%%I.%%I', n.nspname, c.conname), ', ') AS now, "                \
    "pg_catalog.string_agg(DISTINCT pg_catalog.format('%%I.%%I', n.nspname, c.conname), ', ') FILTER (WHERE c.condeferred "   \
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conname = c.conname AND o.connamespace = c.connamespace " \
    "AND NOT o.condeferrable)) AS later FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace " \
    "WHERE c.condeferrable AND n.oid <> ALL ('%s'::pg_catalog.oid[])) c"

static int32_t set_constraints(struct postgresql_connection *c, const char *names, const char *when, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc;

    if (names == NULL)
        return MIGRATE_OK;
    text_format(&sql, "SET CONSTRAINTS %s %s", names, when);
    rc = sql.failed ? error_nomem(err) : postgresql_run_one(c, sql.data, sql.length, NULL, NULL, err);
    text_free(&sql);
    return rc;
}

/* What COMMIT would check, and that nothing of the database's own was touched. */
static int32_t check_end(struct postgresql_connection *c, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    struct text sql = {0};
    int32_t rc;

    text_format(&sql, ASK_END, c->inside->aside.data, c->inside->aside.data);
    rc = sql.failed ? error_nomem(err) : postgresql_run_one(c, sql.data, sql.length, &rows, NULL, err);
    text_free(&sql);
    if (rc == MIGRATE_OK && rows_text(rows, 0, 2) != NULL)
        rc = postgresql_inside_refuse(err, REFUSED ": it locks a table that is in use there, %s", rows_text(rows, 0, 2));
    else if (rc == MIGRATE_OK && rows_int(rows, 0, 3) != 0)
        rc = postgresql_inside_refuse(err, REFUSED ": all of it together takes more than half of the locks that the server has room for");
    if (rc == MIGRATE_OK)
        rc = set_constraints(c, rows_text(rows, 0, 0), "IMMEDIATE", err);
    if (rc == MIGRATE_OK)
        rc = set_constraints(c, rows_text(rows, 0, 1), "DEFERRED", err);
    rows_free(rows);
    return rc;
}

static int32_t commit(struct postgresql_connection *c, migrate_error **err)
{
    int32_t rc = check_end(c, err);

    if (rc == MIGRATE_OK)
        rc = raw(c, "RELEASE SAVEPOINT " POINT, err);
    if (rc != MIGRATE_OK) { /* as a COMMIT that fails */
        take_back(c, NULL);
        return rc;
    }
    c->inside->state = DATABASE_IDLE;
    c->inside->implied = false;
    return MIGRATE_OK;
}

static void fail(struct postgresql_connection *c)
{
    if (c->inside->state == DATABASE_OPEN && c->inside->implied)
        take_back(c, NULL);
    else if (c->inside->state == DATABASE_OPEN && c->pq->PQtransactionStatus(c->handle) == PQTRANS_INERROR)
        c->inside->state = DATABASE_ABORTED;
}

/* ---- statements ---- */

static int32_t end_transaction(struct postgresql_connection *c, enum sql_kind kind, struct sql_reader reader, migrate_error **err)
{
    bool was_open = c->inside->state != DATABASE_IDLE;
    bool chained = was_open && sql_reader_seek(&reader, "and") && sql_reader_is(&reader, "chain");
    int32_t rc = MIGRATE_OK;

    if (c->inside->state == DATABASE_OPEN && kind == SQL_COMMIT)
        rc = commit(c, err);
    else if (was_open)
        rc = take_back(c, err);
    return rc == MIGRATE_OK && chained ? open_point(c, false, err) : rc;
}

static int32_t begin_transaction(struct postgresql_connection *c, migrate_error **err)
{
    if (c->inside->state == DATABASE_IDLE)
        return open_point(c, false, err);
    c->inside->implied = false;
    return MIGRATE_OK;
}

/* SET TRANSACTION, SET LOCAL TRANSACTION: nobody else is there, and a savepoint has no such thing. */
static bool sets_transaction(struct sql_reader reader)
{
    if (!sql_reader_take(&reader, "set"))
        return false;
    sql_reader_take(&reader, "local");
    return sql_reader_is(&reader, "transaction");
}

/* An index comes out the same without CONCURRENTLY, which no transaction can. The word becomes spaces, so that places stay. */
static void not_concurrently(struct sql_reader reader, char *sql)
{
    if (!sql_reader_take(&reader, "create") && !sql_reader_take(&reader, "drop"))
        return;
    sql_reader_take(&reader, "unique");
    if (sql_reader_take(&reader, "index") && sql_reader_is(&reader, "concurrently"))
        memset(sql + reader.token.offset, ' ', reader.token.length);
}

static bool names_lock_timeout(const char *sql, size_t length)
{
    static const char name[] = "lock_timeout";

    for (size_t i = 0; i + sizeof name - 1 <= length; i++)
        if (text_equal_nocase_n(sql + i, name, sizeof name - 1))
            return true;
    return false;
}

static int32_t run_plain(struct postgresql_connection *c, struct sql_reader reader, const char *sql, size_t length, struct migrate_rows **rows,
                         size_t *offset, migrate_error **err)
{
    bool done = false;
    int32_t rc = MIGRATE_OK;
    char *copy;

    if (c->inside->state == DATABASE_IDLE)
        rc = open_point(c, true, err);
    if (rc == MIGRATE_OK)
        rc = postgresql_inside_extension(c, sql, length, &done, err);
    if (rc != MIGRATE_OK || done)
        return rc;
    copy = memory_text_n(sql, length);
    if (copy == NULL)
        return error_nomem(err);
    not_concurrently(reader, copy);
    rc = postgresql_run_one(c, copy, length, rows, offset, err);
    memory_free(copy);
    return rc == MIGRATE_OK && names_lock_timeout(sql, length) ? raw(c, LOCK_WAIT, err) : rc;
}

/* What does not begin as statements do might be read in another way by the server. */
static int32_t refuse_beginning(const char *sql, size_t length, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SQL, "syntax error at or near \"%.*s\"", (int)(length < 20 ? length : 20), sql);
    error_database(err, ERROR_OTHER, "42601", 0);
    return MIGRATE_ERROR_SQL;
}

static int32_t run_statement(struct postgresql_connection *c, const struct sql_statement *statement, const char *sql, struct migrate_rows **rows,
                             size_t *offset, migrate_error **err)
{
    struct sql_reader reader;

    sql += statement->offset;
    sql_reader_open(&reader, &sql_postgresql, sql, statement->length);
    if (reader.token.offset != 0 || (reader.token.kind != SQL_WORD && reader.token.kind != SQL_OPEN))
        return refuse_beginning(sql, statement->length, err);
    switch (statement->kind) {
    case SQL_BEGIN:
        return begin_transaction(c, err);
    case SQL_COMMIT:
    case SQL_ROLLBACK:
        return end_transaction(c, statement->kind, reader, err);
    case SQL_PREPARE_TRANSACTION:
        return postgresql_inside_refuse(err, REFUSED ": it prepares the transaction's end");
    default:
        if (sql_reader_is(&reader, "commit") || sql_reader_is(&reader, "end") || sql_reader_is(&reader, "abort"))
            return refuse_beginning(sql, statement->length, err);
        return sets_transaction(reader) ? MIGRATE_OK : run_plain(c, reader, sql, statement->length, rows, offset, err);
    }
}

/* It was ended behind our back: what came now would be for good. */
static int32_t check_open(struct postgresql_connection *c, migrate_error **err)
{
    PGTransactionStatusType status = c->pq->PQtransactionStatus(c->handle);

    if (status == PQTRANS_INTRANS || status == PQTRANS_INERROR)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "the transaction on %s that things are tried in has ended", c->base.label);
    error_database(err, ERROR_LOST, NULL, 0);
    return MIGRATE_ERROR_CONNECTION_LOST;
}

static int32_t run_next(struct postgresql_connection *c, const struct sql_statement *statement, const char *sql, struct migrate_rows **rows,
                        struct database_fault *at, migrate_error **err)
{
    size_t offset = SIZE_MAX;
    int32_t rc = check_open(c, err);

    if (rc == MIGRATE_OK)
        rc = run_statement(c, statement, sql, rows, &offset, err);
    if (rc != MIGRATE_OK) {
        at->start = statement->offset;
        at->offset = offset != SIZE_MAX ? statement->offset + offset : SIZE_MAX;
        return rc;
    }
    if (c->inside->state == DATABASE_ABORTED && c->pq->PQtransactionStatus(c->handle) == PQTRANS_INTRANS)
        c->inside->state = DATABASE_OPEN; /* back to a savepoint of theirs */
    at->done++;
    return MIGRATE_OK;
}

static int32_t run_text(struct postgresql_connection *c, const char *sql, size_t length, struct migrate_rows **rows, struct database_fault *fault,
                        migrate_error **err)
{
    struct database_fault at = {.offset = SIZE_MAX, .start = SIZE_MAX};
    struct sql_splitter splitter;
    struct sql_statement statement;
    migrate_error *problem = NULL;
    int32_t rc = MIGRATE_OK;

    sql_split(&splitter, &sql_postgresql, sql, length);
    while (rc == MIGRATE_OK && sql_next(&splitter, &statement))
        rc = run_next(c, &statement, sql, rows, &at, &problem);
    if (rc != MIGRATE_OK)
        fail(c);
    else if (c->inside->state == DATABASE_OPEN && c->inside->implied)
        rc = commit(c, &problem);
    if (fault != NULL)
        *fault = at;
    return rc == MIGRATE_OK ? rc : explain(c, rc, &problem, err);
}

/* ---- the class ---- */

static int32_t exec(struct database *db, const char *sql, size_t length, struct database_fault *fault, migrate_error **err)
{
    return run_text(own(db), sql, length, NULL, fault, err);
}

static int32_t query(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    int32_t rc = run_text(own(db), sql, strlen(sql), &rows, NULL, err);

    if (rc == MIGRATE_OK && rows == NULL)
        return rows_finish(rows_new(NULL, 0), out, err);
    if (rc == MIGRATE_OK)
        *out = rows;
    else
        rows_free(rows);
    return rc;
}

static int32_t copy_begin(struct database *db, const char *sql, size_t length, migrate_error **err)
{
    struct postgresql_connection *c = own(db);
    int32_t rc = check_open(c, err);

    if (rc == MIGRATE_OK && c->inside->state == DATABASE_IDLE)
        rc = open_point(c, true, err);
    if (rc == MIGRATE_OK)
        rc = postgresql_copy_begin(db, sql, length, err);
    if (rc != MIGRATE_OK)
        fail(c);
    return rc;
}

static int32_t copy_data(struct database *db, const char *data, size_t length, migrate_error **err)
{
    int32_t rc = postgresql_copy_data(db, data, length, err);

    if (rc != MIGRATE_OK)
        fail(own(db));
    return rc;
}

static int32_t copy_end(struct database *db, int64_t *line, migrate_error **err)
{
    struct postgresql_connection *c = own(db);
    int32_t rc = postgresql_copy_end(db, line, err);

    if (rc != MIGRATE_OK)
        fail(c);
    else if (c->inside->implied)
        rc = commit(c, err);
    return rc;
}

static void copy_abort(struct database *db)
{
    postgresql_copy_abort(db);
    fail(own(db));
}

static enum database_transaction transaction(struct database *db)
{
    struct postgresql_connection *c = own(db);

    for (int i = 0; i < 2 && c->inside->state == DATABASE_IDLE; i++) /* the server's farewell, if it is gone */
        c->pq->PQconsumeInput(c->handle);
    switch (c->pq->PQtransactionStatus(c->handle)) {
    case PQTRANS_INTRANS:
        return c->inside->state;
    case PQTRANS_INERROR:
        return c->inside->state == DATABASE_IDLE ? DATABASE_LOST : DATABASE_ABORTED;
    case PQTRANS_ACTIVE:
        return DATABASE_UNKNOWN;
    default: /* nothing may go on without the transaction */
        return DATABASE_LOST;
    }
}

/* Code with libpq in its hands could end the transaction for good. */
static void *handle(struct database *db)
{
    (void)db;
    return NULL;
}

static void locks_end(struct database *db)
{
    postgresql_observer_close(own(db));
}

static void close_inside(struct database *db)
{
    postgresql_connection_class.close(db);
}

static const struct database_connection_class class = {
    .name = "libpq",
    .exec = exec,
    .query = query,
    .copy_begin = copy_begin,
    .copy_data = copy_data,
    .copy_end = copy_end,
    .copy_abort = copy_abort,
    .transaction = transaction,
    .handle = handle,
    .settings_save = postgresql_settings_save,
    .settings_restore = postgresql_settings_restore,
    .locks_end = locks_end,
    .close = close_inside,
};

/* ---- its life ---- */

void postgresql_inside_begin(struct postgresql_connection *c, struct postgresql_inside *inside)
{
    inside->state = DATABASE_IDLE;
    c->inside = inside;
    c->base.class = &class;
    c->base.inside = true;
}

void postgresql_inside_free(struct postgresql_inside *inside)
{
    if (inside == NULL)
        return;
    text_free(&inside->aside);
    text_free(&inside->before);
    text_free(&inside->unreachable);
    memory_free(inside);
}

/* The server would do so, too, but a moment after the connection is closed. */
void postgresql_inside_end(struct postgresql_connection *c)
{
    struct watch moment = {.deadline = clock_monotonic() + POSTGRESQL_DRAIN};

    if (c->inside == NULL)
        return;
    c->base.watch = &moment;
    c->base.locks = NULL;
    if (c->pq->PQstatus(c->handle) == CONNECTION_OK)
        raw(c, "ROLLBACK", NULL);
    c->base.watch = NULL;
    postgresql_inside_free(c->inside);
    c->inside = NULL;
}

const char *postgresql_inside_aside(const struct database *db)
{
    return db->class == &class ? ((const struct postgresql_connection *)db)->inside->aside.data : "{}";
}
