/* SPDX-License-Identifier: MIT
 * Running text on SQLite: statement by statement, each prepared when those before it have run, as a later one
 * may need what an earlier one made. On the host's handle no handler is set: we wait for locks ourselves, a
 * deadline takes effect between two rows or statements, and whoever cancels interrupts the statement. */
#include "database/sqlite/connection.h"
#include "util/clock.h"
#include "util/memory.h"

#include <string.h>

#define LOCK_PATIENCE 5000000 /* microseconds that one statement waits for a lock if nobody says how long */
#define WIDE_CACHE "PRAGMA cache_size=-3072" /* KiB; SQLite's own is 2000 */
#define PROGRESS_STEPS 1000                  /* virtual machine instructions between two looks at the watch */

static struct sqlite_database *of(struct database *db)
{
    return (struct sqlite_database *)db;
}

/* ---- waiting for locks ---- */

/* A short pause of random length: SQLite's own busy time-out sleeps ever longer, and of 64 processes that
 * start together the last waits twenty times as long. false: give up. */
static bool wait_for_lock(struct sqlite_database *self, bool first)
{
    struct watch *watch = self->base.watch;
    /* A polite stop ends the wait for a transaction, but lets one that is under way come to its COMMIT. */
    bool waiting = self->api->get_autocommit(self->handle) != 0;

    if (first)
        self->patience =
            clock_monotonic() + (watch != NULL && watch->patience > 0 ? watch->patience : LOCK_PATIENCE);
    if (clock_monotonic() >= self->patience)
        return false;
    self->stopped = watch_sleep(watch, 1000 + clock_jitter(8000), waiting);
    return self->stopped == 0;
}

static int on_busy(void *user, int count)
{
    return wait_for_lock(user, count == 0);
}

static int on_progress(void *user)
{
    struct sqlite_database *self = user;

    self->stopped = watch_check(self->base.watch);
    return self->stopped != 0;
}

void sqlite_install_handlers(struct sqlite_database *self)
{
    self->api->busy_handler(self->handle, on_busy, self);
    self->api->progress_handler(self->handle, PROGRESS_STEPS, on_progress, self);
}

static void interrupt(struct token_work *work)
{
    struct sqlite_database *self = (struct sqlite_database *)((char *)work - offsetof(struct sqlite_database, work));

    self->api->interrupt(self->handle);
}

/* An interrupt stays in force until all statements of the handle have ended: while the host has one under way, our own ROLLBACK would
 * fail with it. And what it ends may take the whole transaction along, with what the host did in its own. */
static bool host_is_at_work(const struct sqlite_database *self)
{
    sqlite3_stmt *each = NULL;

    if (!self->began && !self->api->get_autocommit(self->handle))
        return true;
    while ((each = self->api->next_stmt(self->handle, each)) != NULL)
        if (self->api->stmt_busy(each))
            return true;
    return false;
}

/* The token that ends the statement that is about to run, or NULL. SQLite forgets an interrupt that comes in the instant before the
 * statement's first instruction; then a cancel takes effect behind it. */
static migrate_token *heed_token(struct sqlite_database *self)
{
    const struct sqlite_client *api = self->api;
    const struct watch *watch = self->base.watch;

    while (watch != NULL && watch->token == NULL)
        watch = watch->outer;
    if (!self->base.borrowed || watch == NULL || api->interrupt == NULL || api->next_stmt == NULL || api->stmt_busy == NULL ||
        host_is_at_work(self))
        return NULL;
    self->work.interrupt = interrupt;
    return token_enter(watch->token, &self->work) ? watch->token : NULL;
}

/* On the host's handle: may a statement that met a lock be tried again? Outside transactions it has done
 * nothing yet, and a COMMIT that met readers may be repeated. */
static bool try_again(struct sqlite_database *self, int code, enum sql_kind kind, unsigned *attempt)
{
    if (!self->base.borrowed || (code & 0xff) != SQLITE_BUSY)
        return false;
    if (kind != SQL_COMMIT && !self->api->get_autocommit(self->handle))
        return false;
    return wait_for_lock(self, (*attempt)++ == 0);
}

/* ---- rows ---- */

static struct migrate_rows *new_rows(const struct sqlite_client *api, sqlite3_stmt *statement)
{
    size_t count = (size_t)api->column_count(statement);
    const char **names = memory_new(count * sizeof *names);
    struct migrate_rows *rows = NULL;
    bool complete = names != NULL;

    for (size_t i = 0; i < count && complete; i++) {
        names[i] = api->column_name(statement, (int)i);
        complete = names[i] != NULL;
    }
    if (complete)
        rows = rows_new(names, count);
    memory_free(names);
    return rows;
}

/* false: out of memory. */
static bool put_row(const struct sqlite_client *api, sqlite3_stmt *statement, struct migrate_rows *rows)
{
    int count = (int)rows_columns(rows);

    for (int i = 0; i < count; i++) {
        const char *text = NULL;

        if (api->column_type(statement, i) != SQLITE_NULL) {
            text = (const char *)api->column_text(statement, i);
            if (text == NULL)
                return false;
        }
        rows_put_text_n(rows, text, text == NULL ? 0 : (size_t)api->column_bytes(statement, i));
    }
    return true;
}

/* ---- statements ---- */

/* What SQLite says of its last call; or the watch, if that was what ended it. */
static int32_t failure(struct sqlite_database *self, migrate_error **err)
{
    int code = self->api->extended_errcode(self->handle);
    int primary = code & 0xff;
    bool interrupted = primary == SQLITE_INTERRUPT;
    bool cancelled = primary == SQLITE_BUSY && self->stopped == MIGRATE_ERROR_CANCELLED;

    if (interrupted && self->stopped == 0)
        self->stopped = watch_check(self->base.watch);
    if ((interrupted && self->stopped != 0) || cancelled)
        return watch_error(self->base.watch, self->stopped, err);
    if ((primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR) &&
        sqlite_device_locked(self->api->system_errno(self->handle)))
        return sqlite_report_locked_device(self->base.label, code, err);
    return sqlite_report(err, code, self->api->errmsg(self->handle));
}

/* A row is there (or, at the end, perhaps none was): keep it. */
static int32_t keep(const struct sqlite_client *api, sqlite3_stmt *statement, bool row,
                    struct migrate_rows **rows, migrate_error **err)
{
    if (*rows == NULL)
        *rows = new_rows(api, statement);
    if (*rows == NULL || (row && !put_row(api, statement, *rows)))
        return error_nomem(err);
    return MIGRATE_OK;
}

/* One step; *more: it was not the last. rows NULL: they are not wanted. */
static int32_t step_once(struct sqlite_database *self, sqlite3_stmt *statement, enum sql_kind kind,
                         unsigned *attempt, bool *more, struct migrate_rows **rows, migrate_error **err)
{
    const struct sqlite_client *api = self->api;
    int code = api->step(statement);

    *more = code != SQLITE_DONE;
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        if (rows == NULL || api->column_count(statement) == 0)
            return MIGRATE_OK;
        return keep(api, statement, *more, rows, err);
    }
    if ((rows != NULL && *rows != NULL) || !try_again(self, code, kind, attempt))
        return failure(self, err);
    api->reset(statement);
    return MIGRATE_OK;
}

/* Runs a prepared statement to its end. out NULL: its rows are not wanted. */
static int32_t step_all(struct sqlite_database *self, sqlite3_stmt *statement, enum sql_kind kind,
                        struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows = NULL;
    bool heed = kind != SQL_ROLLBACK && kind != SQL_SAVEPOINT; /* what undoes must run after a cancel too */
    bool more = true;
    unsigned attempt = 0;
    int32_t result = MIGRATE_OK;
    migrate_token *token = heed ? heed_token(self) : NULL;

    while (result == MIGRATE_OK && more) {
        self->stopped = heed ? watch_check(self->base.watch) : 0;
        if (self->stopped != 0)
            result = watch_error(self->base.watch, self->stopped, err);
        else
            result = step_once(self, statement, kind, &attempt, &more, out == NULL ? NULL : &rows, err);
    }
    if (token != NULL)
        token_leave(token, &self->work);
    if (result == MIGRATE_OK && rows != NULL) {
        rows_free(*out);
        *out = rows;
    } else {
        rows_free(rows);
    }
    return result;
}

/* Where in the statement SQLite saw the mistake, if it knows. */
static size_t mistake(const struct sqlite_database *self, size_t length)
{
    int offset = -1;

#if SQLITE_VERSION_NUMBER >= 3038000
    if (self->api->error_offset != NULL)
        offset = self->api->error_offset(self->handle);
#else
    (void)self;
#endif
    return offset >= 0 && (size_t)offset < length ? (size_t)offset : 0;
}

static int pages_written(const struct sqlite_database *self)
{
    int now = 0, peak = 0;

    self->api->db_status(self->handle, SQLITE_DBSTATUS_CACHE_WRITE, &now, &peak, 0);
    return now;
}

/* Each CREATE reads all of sqlite_master. With some ten thousand tables that is as much as SQLite's own cache holds, and whatever
 * else is touched would drive it out again and again. */
static void widen_cache(struct sqlite_database *self)
{
    sqlite3_stmt *statement = NULL;

    if (self->base.borrowed || self->widened)
        return;
    if (self->api->prepare_v2(self->handle, WIDE_CACHE, -1, &statement, NULL) == SQLITE_OK) {
        int code = self->api->step(statement);
        self->widened = code == SQLITE_ROW || code == SQLITE_DONE;
    }
    self->api->finalize(statement);
}

/* Runs the first statement of a NUL-terminated text; *tail is what follows it. */
static int32_t run_one(struct sqlite_database *self, const char *sql, const char **tail,
                       struct database_fault *fault, struct migrate_rows **out, migrate_error **err)
{
    const struct sqlite_client *api = self->api;
    sqlite3_stmt *statement = NULL;
    enum sql_kind kind = SQL_PLAIN;
    unsigned attempt = 0;
    int32_t result = MIGRATE_OK;
    int code;

    self->stopped = 0;
    do
        code = api->prepare_v2(self->handle, sql, -1, &statement, tail);
    while (code != SQLITE_OK && try_again(self, code, kind, &attempt));
    if (code != SQLITE_OK) {
        fault->offset = fault->start + mistake(self, strlen(sql));
        return failure(self, err);
    }
    if (statement == NULL) /* a lone semicolon */
        return MIGRATE_OK;
    kind = sql_kind_of(&sql_sqlite, sql, (size_t)(*tail - sql));
    if (kind == SQL_BEGIN) /* ahead of it: a lack of memory, passed over here, would end the transaction */
        widen_cache(self);
    result = step_all(self, statement, kind, out, err);
    self->began = !api->get_autocommit(self->handle) && (self->began || kind == SQL_BEGIN);
    if (result == MIGRATE_OK) {
        fault->done++;
        if (kind == SQL_BEGIN)
            self->pages_written = pages_written(self);
    } else {
        fault->offset = fault->start + mistake(self, (size_t)(*tail - sql));
    }
    api->finalize(statement);
    return result;
}

/* The first byte that is neither space nor comment. */
static size_t skip_blank(const char *text, size_t length, size_t offset)
{
    for (;;) {
        struct sql_token token = sql_lex(&sql_sqlite, text, length, offset);

        if (token.kind != SQL_SPACE && token.kind != SQL_LINE_COMMENT && token.kind != SQL_BLOCK_COMMENT)
            return token.kind == SQL_END ? length : token.offset;
        offset = token.offset + token.length;
    }
}

/* sql is NUL-terminated: SQLite would copy all that is left of it for each statement otherwise. */
static int32_t run_all(struct sqlite_database *self, const char *sql, size_t length,
                       struct database_fault *fault, struct migrate_rows **out, migrate_error **err)
{
    size_t offset = length >= 3 && memcmp(sql, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const char *tail = NULL;
    int32_t result = MIGRATE_OK;

    while (result == MIGRATE_OK && (offset = skip_blank(sql, length, offset)) < length) {
        fault->start = fault->offset = offset;
        result = run_one(self, sql + offset, &tail, fault, out, err);
        if (result == MIGRATE_OK)
            offset = (size_t)(tail - sql);
    }
    return result;
}

static int32_t exec(struct database *db, const char *sql, size_t length, struct database_fault *fault,
                    migrate_error **err)
{
    struct database_fault own;
    char *copy;
    int32_t result;

    if (fault == NULL)
        fault = &own;
    *fault = (struct database_fault){.done = 0, .offset = SIZE_MAX, .start = SIZE_MAX};
    if (memchr(sql, '\0', length) != NULL)
        return error_set(err, MIGRATE_ERROR_SQL,
                         "the text holds a NUL byte, where SQLite would stop reading");
    copy = memory_text_n(sql, length);
    if (copy == NULL)
        return error_nomem(err);
    result = run_all(of(db), copy, length, fault, NULL, err);
    memory_free(copy);
    return result;
}

static int32_t query(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err)
{
    struct database_fault fault = {0};
    struct migrate_rows *rows = NULL;
    int32_t result = run_all(of(db), sql, strlen(sql), &fault, &rows, err);

    if (result != MIGRATE_OK) {
        rows_free(rows);
        return result;
    }
    if (rows == NULL)
        rows = rows_new(NULL, 0);
    return rows_finish(rows, out, err);
}

/* ---- the rest of the class ---- */

static enum database_transaction transaction(struct database *db)
{
    return of(db)->api->get_autocommit(of(db)->handle) ? DATABASE_IDLE : DATABASE_OPEN;
}

static void *handle(struct database *db)
{
    return of(db)->handle;
}

static int32_t settings_save(struct database *db, migrate_error **err)
{
    return sqlite_settings_save(db, &of(db)->settings, err);
}

/* PRAGMA busy_timeout takes our busy handler away, and reads 0 after it as before. */
static int32_t settings_restore(struct database *db, migrate_error **err)
{
    if (!db->borrowed)
        sqlite_install_handlers(of(db));
    return sqlite_settings_restore(db, &of(db)->settings, err);
}

/* The rows that break it, as far as the first one; found on the way to a failure only, as it reads tables. */
static void name_violation(struct database *db, migrate_error **err)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;

    text_add(&sql, "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1");
    if (database_query(db, &sql, &rows, NULL) == MIGRATE_OK && rows_count(rows) == 1)
        error_detail(err, "row %s of %s refers to a row of %s that is not there",
                     rows_is_null(rows, 0, 1) ? "(no rowid)" : rows_text(rows, 0, 1), rows_text(rows, 0, 0),
                     rows_text(rows, 0, 2));
    rows_free(rows);
    text_free(&sql);
}

static int32_t deferred_check(struct database *db, migrate_error **err)
{
    struct sqlite_database *self = of(db);
    int violated = 0, peak = 0;

    self->api->db_status(self->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &violated, &peak, 0);
    if (violated == 0)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_SQL, "a deferred foreign key is violated at the end of the migration");
    error_database(err, ERROR_OTHER, NULL, SQLITE_CONSTRAINT_FOREIGNKEY);
    name_violation(db, err);
    return MIGRATE_ERROR_SQL;
}

/* Pages that left the cache; up to a cache full (2 MB as a rule) is still in memory. */
static int64_t bytes_written(struct database *db)
{
    struct text sql = {0};
    struct migrate_rows *rows = NULL;
    int64_t pages = pages_written(of(db)) - of(db)->pages_written, size = 0;

    if (pages <= 0)
        return 0;
    text_add(&sql, "PRAGMA page_size");
    if (database_query(db, &sql, &rows, NULL) == MIGRATE_OK)
        size = rows_int(rows, 0, 0);
    rows_free(rows);
    text_free(&sql);
    return pages * size;
}

static void close_connection(struct database *db)
{
    struct sqlite_database *self = of(db);

    if (!db->borrowed)
        self->api->close_v2(self->handle);
    sqlite_touches_free(self->touches);
    client_unref(self->client);
    sqlite_settings_free(&self->settings);
    memory_free(db->label);
    memory_free(self->name);
    memory_free(self);
}

const struct database_connection_class sqlite_connection = {
    .name = "sqlite3",
    .exec = exec,
    .one_message = false,
    .query = query,
    .transaction = transaction,
    .handle = handle,
    .settings_save = settings_save,
    .settings_restore = settings_restore,
    .deferred_check = deferred_check,
    .bytes_written = bytes_written,
    .close = close_connection,
};
