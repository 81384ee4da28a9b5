/* SPDX-License-Identifier: MIT
 * A code migration's connection. */
#include "core/connection.h"

#include "util/memory.h"

#include <string.h>

int32_t connection_call(migrate_session *session, const char *id, migrate_code_fn code, void *user, migrate_error **err)
{
    struct migrate_connection connection = {.session = session};
    int32_t result = code(&connection, user);
    int32_t end = watch_check(&session->watch);
    enum database_transaction state = session->db->class->transaction(session->db);
    int32_t outcome = MIGRATE_OK;
    if (end != MIGRATE_OK) {
        outcome = watch_error(&session->watch, end, err);
    } else if (state == DATABASE_LOST) { /* whether the callback noticed or not */
        outcome = error_set(err, MIGRATE_ERROR_CONNECTION_LOST, "%s: %s", id,
                            connection.failure ? connection.failure : "the connection was lost");
        error_database(err, ERROR_LOST, NULL, 0);
        error_id(err, id);
    } else if (result != 0 && connection.no_memory) {
        outcome = error_nomem(err);
    } else if (result != 0) {
        outcome = error_set(err, MIGRATE_ERROR_CODE, "%s: %s", id,
                            connection.failure ? connection.failure : "the code migration failed without saying why");
        error_id(err, id);
        if (!connection.failure)
            error_hint(err, "it returned %ld; migrate_connection_fail() lets it say more", (long)result);
    } else if (state == DATABASE_IDLE) {
        outcome = error_set(err, MIGRATE_ERROR_CODE, "%s: the code migration ended its own transaction", id);
        error_hint(err, "leave COMMIT and ROLLBACK to the library");
        error_id(err, id);
    }
    memory_free(connection.failure);
    return outcome;
}

/* COMMIT and its like would make the migration's work final without its row in the history. */
static int32_t refuse_transaction_control(const migrate_connection *connection, const char *sql, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    sql_split(&splitter, connection->session->db->engine->dialect, sql, strlen(sql));
    while (sql_next(&splitter, &statement)) {
        if (statement.kind != SQL_BEGIN && statement.kind != SQL_COMMIT && statement.kind != SQL_ROLLBACK &&
            statement.kind != SQL_PREPARE_TRANSACTION)
            continue;
        error_set(err, MIGRATE_ERROR_CODE, "a code migration may not begin or end transactions: %.*s", (int)statement.length,
                  sql + statement.offset);
        error_hint(err, "leave BEGIN, COMMIT and ROLLBACK to the library; savepoints are free to use");
        return MIGRATE_ERROR_CODE;
    }
    return MIGRATE_OK;
}

/* The error's text becomes the migration's, unless the callback says better. */
static int32_t keep_failure(migrate_connection *connection, int32_t code, migrate_error **problem, migrate_error **err)
{
    if (code != MIGRATE_OK && !connection->failure && *problem)
        connection->failure = memory_text((*problem)->message);
    connection->no_memory |= code == MIGRATE_ERROR_NOMEM || (*problem && (*problem)->code == MIGRATE_ERROR_NOMEM);
    error_move(err, problem);
    return code;
}

int32_t connection_exec(migrate_connection *connection, const char *sql, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct database *db = connection->session->db;
    int32_t code = refuse_transaction_control(connection, sql, &problem);
    if (code == MIGRATE_OK)
        code = db->class->exec(db, sql, strlen(sql), NULL, &problem);
    return keep_failure(connection, code, &problem, err);
}

int32_t connection_query(migrate_connection *connection, const char *sql, migrate_rows **out, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct database *db = connection->session->db;
    int32_t code = refuse_transaction_control(connection, sql, &problem);
    if (code == MIGRATE_OK)
        code = db->class->query(db, sql, out, &problem);
    return keep_failure(connection, code, &problem, err);
}

int32_t connection_quote(migrate_connection *connection, const char *text, char **out, migrate_error **err)
{
    struct text literal = {0};
    connection->session->db->engine->literal(&literal, text, strlen(text));
    char *taken = text_take(&literal);
    if (!taken) {
        connection->no_memory = true;
        return error_nomem(err);
    }
    *out = taken;
    return MIGRATE_OK;
}

int32_t connection_fail(migrate_connection *connection, const char *message)
{
    char *copy = memory_text(message);
    if (copy) {
        memory_free(connection->failure);
        connection->failure = copy;
    }
    return MIGRATE_ERROR_CODE;
}
