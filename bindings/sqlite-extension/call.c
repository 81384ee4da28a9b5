/* SPDX-License-Identifier: MIT
 * The session of one call, on the connection that runs the calling statement. */
#include "extension.h"

#include <stdlib.h>
#include <string.h>

/* ---- the functions of the host's SQLite ---- */

static migrate_client *host_client(migrate_error **err)
{
    migrate_client *client = NULL;
    if (migrate_client_new("sqlite", &client, err) != MIGRATE_OK)
        return NULL;
#define SET(name) migrate_client_set(client, #name, (migrate_function)name)
    SET(sqlite3_backup_finish);
    SET(sqlite3_backup_init);
    SET(sqlite3_backup_pagecount);
    SET(sqlite3_backup_remaining);
    SET(sqlite3_backup_step);
    SET(sqlite3_busy_handler);
    SET(sqlite3_close_v2);
    SET(sqlite3_column_bytes);
    SET(sqlite3_column_count);
    SET(sqlite3_column_name);
    SET(sqlite3_column_text);
    SET(sqlite3_column_type);
    SET(sqlite3_db_config);
    SET(sqlite3_db_filename);
    SET(sqlite3_db_readonly);
    SET(sqlite3_db_status);
    SET(sqlite3_errmsg);
    SET(sqlite3_extended_errcode);
    SET(sqlite3_file_control);
    SET(sqlite3_finalize);
    SET(sqlite3_get_autocommit);
    SET(sqlite3_libversion);
    SET(sqlite3_open_v2);
    SET(sqlite3_prepare_v2);
    SET(sqlite3_progress_handler);
    SET(sqlite3_reset);
    SET(sqlite3_set_authorizer);
    SET(sqlite3_step);
    SET(sqlite3_system_errno);
#if SQLITE_VERSION_NUMBER >= 3038000
    if (sqlite3_libversion_number() >= 3038000) /* an older one's table ends before it */
        SET(sqlite3_error_offset);
#endif
#undef SET
    return client;
}

/* ---- when ---- */

/* A COMMIT inside of a statement that writes is refused by SQLite, a ROLLBACK ends others that read, and a table that one of them reads
 * cannot be dropped: nothing but a lone SELECT that reads no table may call what writes. */
static const char *not_now(sqlite3 *db)
{
    int running = 0;
    if (!sqlite3_get_autocommit(db))
        return "the connection is inside a transaction: COMMIT or ROLLBACK first";
    for (sqlite3_stmt *s = sqlite3_next_stmt(db, NULL); s; s = sqlite3_next_stmt(db, s)) {
        if (!sqlite3_stmt_busy(s))
            continue;
        running++;
        if (!sqlite3_stmt_readonly(s))
            return "called from a statement that writes: call it from a SELECT of its own";
    }
    if (running > 1)
        return "another statement of this connection is still running: fetch its rows, or reset it, first";
    if (sqlite3_txn_state(db, NULL) != SQLITE_TXN_NONE)
        return "the statement that calls reads tables: call it from a SELECT without FROM";
    return NULL;
}

/* ---- arguments ---- */

static bool refuse(struct call *call, const char *why)
{
    call->refusal = sqlite3_mprintf("%s", why);
    return false;
}

static bool set_option(struct call *call, const char *key, const char *value)
{
    return migrate_options_set(call->options, key, value, &call->error) == MIGRATE_OK;
}

/* "key=value" */
static bool take_argument(struct call *call, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        call->refusal = sqlite3_mprintf("'%q': an argument behind the directory is 'key=value', as in 'wait_timeout=10s'", text);
        return false;
    }
    char *key = sqlite3_mprintf("%.*s", (int)(equals - text), text);
    if (!key)
        return false;
    bool done;
    if (strcmp(key, "target") == 0) {
        sqlite3_free(call->target);
        call->target = sqlite3_mprintf("%s", equals + 1);
        done = call->target != NULL;
    } else if (strcmp(key, "url") == 0) {
        done = refuse(call, "there is no url here: the database is the one of this connection");
    } else {
        done = set_option(call, key, equals + 1);
    }
    sqlite3_free(key);
    return done;
}

static bool take_arguments(struct call *call, int count, sqlite3_value **arguments)
{
    for (int i = 0; i < count; i++) {
        if (sqlite3_value_type(arguments[i]) == SQLITE_NULL)
            continue;
        const char *text = (const char *)sqlite3_value_text(arguments[i]);
        if (!text)
            return false;
        if (strlen(text) != (size_t)sqlite3_value_bytes(arguments[i]))
            return refuse(call, "an argument holds a NUL character");
        if (i == 0 ? !set_option(call, "dir", text) : !take_argument(call, text))
            return false;
    }
    return true;
}

bool call_begin(struct call *call, sqlite3 *db, bool writes, int count, sqlite3_value **arguments)
{
    *call = (struct call){.db = db, .idle = sqlite3_get_autocommit(db) != 0};
    const char *why = writes ? not_now(db) : NULL;
    if (why)
        return refuse(call, why);
    if (migrate_options_new(&call->options, &call->error) != MIGRATE_OK)
        return false;
    /* Looking is allowed inside a transaction too. */
    if (!writes && !set_option(call, "host_transaction", "use"))
        return false;
    if (!take_arguments(call, count, arguments))
        return false;
    migrate_client *client = host_client(&call->error);
    int32_t code = client ? migrate_open_handle(client, db, call->options, &call->session, &call->error) : MIGRATE_ERROR_NOMEM;
    migrate_client_free(client);
    return code == MIGRATE_OK;
}

/* ---- the end ---- */

static int sqlite_code(const migrate_error *error)
{
    if ((migrate_error_driver_code(error) & 0xff) == SQLITE_INTERRUPT)
        return SQLITE_INTERRUPT;
    switch (migrate_error_code(error)) {
    case MIGRATE_ERROR_LOCKED:
        return SQLITE_BUSY;
    case MIGRATE_ERROR_READ_ONLY:
        return SQLITE_READONLY;
    case MIGRATE_ERROR_NOMEM:
        return SQLITE_NOMEM;
    default:
        return SQLITE_ERROR;
    }
}

char *call_failure(const struct call *call, int *code)
{
    char *whole = NULL;
    *code = SQLITE_ERROR;
    if (call->refusal)
        return sqlite3_mprintf("%s", call->refusal);
    if (!call->error || migrate_error_text(call->error, &whole) != MIGRATE_OK)
        return NULL;
    *code = sqlite_code(call->error);
    char *copy = sqlite3_mprintf("%s", whole);
    migrate_free(whole);
    return copy;
}

/* sqlite3_interrupt() holds until every running statement has ended, the caller's among them: until then ROLLBACK fails as all others
 * do. But a statement that would write, and is interrupted in a transaction, takes all of that back. SQLite looks for an interrupt at
 * each blank of the text as well, so there is none in it. If it did run, its effect would go with the transaction. */
static void undo_interrupted(sqlite3 *db)
{
    static const char *const attempts[] = {"ROLLBACK", "PRAGMA\"user_version\"=0;", "ROLLBACK"};
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts && !sqlite3_get_autocommit(db); i++)
        sqlite3_exec(db, attempts[i], NULL, NULL, NULL);
}

void call_end(struct call *call)
{
    bool ours = call->session && call->idle; /* a transaction that is open now */
    migrate_close(call->session);
    if (ours)
        undo_interrupted(call->db);
    migrate_options_free(call->options);
    migrate_error_free(call->error);
    sqlite3_free(call->refusal);
    sqlite3_free(call->target);
    *call = (struct call){0};
}
