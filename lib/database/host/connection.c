/* SPDX-License-Identifier: MIT
 * A connection through the host's own driver: text is cut into statements here, as drivers take one a call.
 * Each statement is handed over as a NUL-terminated copy, so that a driver that overlooks the length does
 * not run what follows it a second time. */
#include "database/engines.h"
#include "database/host/host.h"
#include "database/sqlite/sqlite.h"
#include "util/memory.h"
#include "util/utf8.h"

#include <string.h>

struct host_database {
    struct database base;
    migrate_driver *driver;
    struct sqlite_settings pragmas;
    char *restore; /* other engines: the SQL that brings the settings back; NULL: not saved */
};

static struct host_database *of(struct database *db)
{
    return (struct host_database *)db;
}

/* Is the run to go on? What undoes must run after a cancel too, and so must what is asked without a watch. */
static int32_t check(struct host_database *self, enum sql_kind kind, migrate_error **err)
{
    struct watch *watch = self->base.watch;
    int32_t code;

    if (watch == NULL || kind == SQL_ROLLBACK || kind == SQL_SAVEPOINT)
        return MIGRATE_OK;
    code = watch_check(watch);
    if (code != MIGRATE_OK)
        return watch_error(watch, code, err);
    if (self->driver->cancel == NULL || self->driver->cancel(self->driver->user) == 0)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_CANCELLED, "cancelled by the host's driver");
    error_hint(err, "run again when it should go on");
    return MIGRATE_ERROR_CANCELLED;
}

/* code: what the callback returned. */
static int32_t failure(struct host_database *self, const struct migrate_result *result, int32_t code,
                       migrate_error **err)
{
    struct watch *watch = self->base.watch;
    int32_t ended = strcmp(result->sqlstate, "57014") == 0 && watch != NULL ? watch_check(watch) : MIGRATE_OK;

    /* The host has cancelled the statement because the token was, or the time is over: that is no flaw of the statement. */
    if (ended == MIGRATE_ERROR_CANCELLED || ended == MIGRATE_ERROR_TIMEOUT)
        return watch_error(watch, ended, err);
    if (result->failed)
        return database_entry_of(self->base.engine)
            ->report(err, result->sqlstate, result->driver_code,
                     result->message == NULL ? "the statement failed" : result->message);
    error_set(err, MIGRATE_ERROR_CODE, "the host's driver failed (%d) and gave no reason", code);
    error_hint(err, "let its callbacks call migrate_result_fail() before they return");
    return MIGRATE_ERROR_CODE;
}

/* The callback's answer as rows; one that is not whole is the callback's mistake. */
static int32_t take_rows(struct migrate_result *result, struct migrate_rows **out, migrate_error **err)
{
    struct migrate_rows *rows;

    if (result->columns > 0 && result_begin_rows(result) == MIGRATE_ERROR_MISUSE) {
        error_set(err, MIGRATE_ERROR_CODE, "the host's driver named %zu of %zu columns", result->names, result->columns);
        error_hint(err, "let its query callback name all of them before the first value, or none");
        return MIGRATE_ERROR_CODE;
    }
    if (result->out_of_memory)
        return error_nomem(err);
    if (result->columns > 0 && result->values % result->columns != 0) {
        error_set(err, MIGRATE_ERROR_CODE, "the host's driver gave %zu values for rows of %zu columns",
                  result->values, result->columns);
        error_hint(err, "let its query callback give every value of a row, null ones too");
        return MIGRATE_ERROR_CODE;
    }
    rows = result->rows == NULL ? rows_new(NULL, 0) : result->rows;
    result->rows = NULL;
    return rows_finish(rows, out, err);
}

/* One statement; out NULL: by "exec", else by "query". */
static int32_t call(struct host_database *self, const char *sql, size_t length, enum sql_kind kind,
                    size_t *offset, struct migrate_rows **out, migrate_error **err)
{
    migrate_driver *driver = self->driver;
    struct migrate_result answer = {0};
    char *copy = NULL;
    int32_t code, result = check(self, kind, err);

    if (result != MIGRATE_OK)
        return result;
    if (kind == SQL_COPY_IN) {
        error_set(err, MIGRATE_ERROR_SQL, "COPY ... FROM stdin cannot run through a host's driver");
        error_hint(err, "write INSERT statements, or open the database by its URL");
        return MIGRATE_ERROR_SQL;
    }
    copy = memory_text_n(sql, length);
    if (copy == NULL)
        return error_nomem(err);
    code = out == NULL ? driver->exec(copy, length, &answer, driver->user)
                       : driver->query(copy, length, &answer, driver->user);
    if (code != 0 || answer.failed) {
        result = failure(self, &answer, code, err);
        if (answer.position > 0)
            *offset = utf8_offset(sql, length, (size_t)answer.position - 1);
    } else if (out != NULL) {
        result = take_rows(&answer, out, err);
    }
    result_clear(&answer);
    memory_free(copy);
    return result;
}

/* out NULL: all statements by "exec"; else the last one by "query". */
static int32_t run(struct host_database *self, const char *sql, size_t length, struct database_fault *fault,
                   struct migrate_rows **out, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement statement, next = {0};
    bool more;
    int32_t result = MIGRATE_OK;

    sql_split(&splitter, self->base.engine->dialect, sql, length);
    more = sql_next(&splitter, &statement);
    while (more && result == MIGRATE_OK) {
        size_t offset = 0;

        more = sql_next(&splitter, &next);
        fault->start = statement.offset;
        result = call(self, sql + statement.offset, statement.length, statement.kind, &offset,
                      more ? NULL : out, err);
        fault->offset = statement.offset + offset;
        if (result == MIGRATE_OK)
            fault->done++;
        statement = next;
    }
    return result;
}

static int32_t exec(struct database *db, const char *sql, size_t length, struct database_fault *fault,
                    migrate_error **err)
{
    struct database_fault own;

    if (fault == NULL)
        fault = &own;
    *fault = (struct database_fault){.done = 0, .offset = SIZE_MAX, .start = SIZE_MAX};
    return run(of(db), sql, length, fault, NULL, err);
}

static int32_t query(struct database *db, const char *sql, struct migrate_rows **out, migrate_error **err)
{
    struct database_fault fault = {0};
    struct migrate_rows *rows = NULL;
    int32_t result = run(of(db), sql, strlen(sql), &fault, &rows, err);

    if (result != MIGRATE_OK)
        return result;
    if (rows == NULL) /* no statement in the text */
        return rows_finish(rows_new(NULL, 0), out, err);
    *out = rows;
    return MIGRATE_OK;
}

static enum database_transaction transaction(struct database *db)
{
    migrate_driver *driver = of(db)->driver;
    int32_t state = driver->in_transaction == NULL ? -1 : driver->in_transaction(driver->user);

    if (state < 0)
        return DATABASE_UNKNOWN;
    return state == 0 ? DATABASE_IDLE : DATABASE_OPEN;
}

static void *handle(struct database *db)
{
    (void)db;
    return NULL;
}

static int32_t settings_save(struct database *db, migrate_error **err)
{
    const char *question = database_entry_of(db->engine)->settings;
    struct migrate_rows *rows = NULL;
    char *restore = NULL;
    int32_t result;

    if (question == NULL)
        return sqlite_settings_save(db, &of(db)->pragmas, err);
    result = query(db, question, &rows, err);
    if (result == MIGRATE_OK && rows_text(rows, 0, 0) != NULL) {
        restore = memory_text(rows_text(rows, 0, 0));
        if (restore == NULL)
            result = error_nomem(err);
    }
    rows_free(rows);
    if (result == MIGRATE_OK) {
        memory_free(of(db)->restore);
        of(db)->restore = restore;
    }
    return result;
}

static int32_t settings_restore(struct database *db, migrate_error **err)
{
    struct watch *watch = db->watch;
    struct migrate_rows *rows = NULL;
    int32_t result = MIGRATE_OK;

    if (database_entry_of(db->engine)->settings == NULL)
        return sqlite_settings_restore(db, &of(db)->pragmas, err);
    db->watch = NULL; /* it has to happen after a cancel too */
    if (of(db)->restore != NULL)
        result = query(db, of(db)->restore, &rows, err);
    db->watch = watch;
    rows_free(rows);
    return result;
}

static void close_connection(struct database *db)
{
    driver_unref(of(db)->driver);
    memory_free(of(db)->restore);
    sqlite_settings_free(&of(db)->pragmas);
    memory_free(db->label);
    memory_free(db);
}

static const struct database_connection_class host_connection = {
    .name = "host",
    .exec = exec,
    .one_message = false,
    .query = query,
    .transaction = transaction,
    .handle = handle,
    .settings_save = settings_save,
    .settings_restore = settings_restore,
    .deferred_check = NULL,
    .bytes_written = NULL,
    .close = close_connection,
};

int32_t database_open_host(migrate_driver *driver, struct database **out, migrate_error **err)
{
    struct host_database *self;
    struct text label = {0};

    if (driver->exec == NULL || driver->query == NULL) {
        error_set(err, MIGRATE_ERROR_CLIENT, "the host's driver has no callback \"%s\"",
                  driver->exec == NULL ? "exec" : "query");
        error_hint(err, "set it with migrate_driver_set()");
        return MIGRATE_ERROR_CLIENT;
    }
    text_format(&label, "%s through the host's driver", driver->engine->name);
    self = memory_new(sizeof *self);
    if (self == NULL || label.failed) {
        memory_free(self);
        text_free(&label);
        return error_nomem(err);
    }
    self->base.class = &host_connection;
    self->base.engine = driver->engine;
    self->base.borrowed = true;
    self->base.label = text_take(&label);
    self->driver = driver_ref(driver);
    *out = &self->base;
    return MIGRATE_OK;
}
