/* SPDX-License-Identifier: MIT
 * The exported functions of what a host hands in: options, sources, clients, drivers, and what its callbacks call. */
#include "api/api.h"
#include "core/connection.h"
#include "core/options.h"
#include "database/database.h"
#include "source/source.h"

/* ---- options ---- */

int32_t migrate_options_new(migrate_options **out_options, migrate_error **out_err)
{
    API_NEED(out_options);
    return api_result(options_new(out_options, out_err), out_err);
}

int32_t migrate_options_set(migrate_options *options, const char *key, const char *value, migrate_error **out_err)
{
    API_NEED(options);
    API_NEED(key);
    return api_result(options_set(options, key, value, out_err), out_err);
}

const char *migrate_options_get(const migrate_options *options, const char *key)
{
    return options && key ? options_get(options, key) : NULL;
}

int32_t migrate_options_list(migrate_rows **out_rows, migrate_error **out_err)
{
    API_NEED(out_rows);
    return api_result(options_list(out_rows, out_err), out_err);
}

int32_t migrate_options_from_environment(migrate_options *options, migrate_error **out_err)
{
    API_NEED(options);
    return api_result(options_from_environment(options, out_err), out_err);
}

int32_t migrate_options_set_token(migrate_options *options, migrate_token *token, migrate_error **out_err)
{
    API_NEED(options);
    options_set_token(options, token);
    return MIGRATE_OK;
}

int32_t migrate_options_set_event(migrate_options *options, migrate_event_fn fn, void *user)
{
    if (!options)
        return MIGRATE_ERROR_MISUSE;
    options->event = fn;
    options->event_user = user;
    return MIGRATE_OK;
}

int32_t migrate_options_set_source(migrate_options *options, migrate_source *source, migrate_error **out_err)
{
    API_NEED(options);
    options_set_source(options, source);
    return MIGRATE_OK;
}

int32_t migrate_options_set_declared(migrate_options *options, const char *sql, migrate_declare_fn make, void *user,
                                     migrate_error **out_err)
{
    API_NEED(options);
    return api_result(options_set_declared(options, sql, make, user, out_err), out_err);
}

int32_t migrate_options_set_backup(migrate_options *options, migrate_backup_fn fn, void *user)
{
    if (!options)
        return MIGRATE_ERROR_MISUSE;
    options->backup = fn;
    options->backup_user = user;
    return MIGRATE_OK;
}

void migrate_options_free(migrate_options *options)
{
    options_free(options);
}

/* ---- sources ---- */

int32_t migrate_source_new(migrate_source **out_source, migrate_error **out_err)
{
    API_NEED(out_source);
    return api_result(memory_source_new(out_source, out_err), out_err);
}

int32_t migrate_source_add_file(migrate_source *source, const char *path, const char *text, size_t length,
                                migrate_error **out_err)
{
    API_NEED(source);
    API_NEED(path);
    if (length > 0)
        API_NEED(text);
    return api_result(memory_source_add_file(source, path, text, length, out_err), out_err);
}

int32_t migrate_source_add(migrate_source *source, const char *id, const char *up, const char *down, migrate_error **out_err)
{
    API_NEED(source);
    API_NEED(id);
    API_NEED(up);
    return api_result(memory_source_add(source, id, up, down, out_err), out_err);
}

int32_t migrate_source_add_code(migrate_source *source, const char *id, const char *version, migrate_code_fn up,
                                migrate_code_fn down, void *user, migrate_error **out_err)
{
    API_NEED(source);
    API_NEED(id);
    API_NEED(version);
    API_NEED(up);
    return api_result(memory_source_add_code(source, id, version, up, down, user, out_err), out_err);
}

int32_t migrate_source_set_schema_code(migrate_source *source, const char *stands_for, migrate_code_fn create, void *user,
                                       migrate_error **out_err)
{
    API_NEED(source);
    API_NEED(stands_for);
    API_NEED(create);
    return api_result(memory_source_set_schema_code(source, stands_for, create, user, out_err), out_err);
}

void migrate_source_free(migrate_source *source)
{
    memory_source_unref(source);
}

/* ---- client libraries and drivers ---- */

int32_t migrate_client_new(const char *engine, migrate_client **out_client, migrate_error **out_err)
{
    API_NEED(engine);
    API_NEED(out_client);
    return api_result(client_new(engine, out_client, out_err), out_err);
}

int32_t migrate_client_set(migrate_client *client, const char *name, migrate_function fn)
{
    return client && name ? client_set(client, name, fn) : MIGRATE_ERROR_MISUSE;
}

void migrate_client_free(migrate_client *client)
{
    client_unref(client);
}

int32_t migrate_driver_new(const char *engine, void *user, migrate_driver **out_driver, migrate_error **out_err)
{
    API_NEED(engine);
    API_NEED(out_driver);
    return api_result(driver_new(engine, user, out_driver, out_err), out_err);
}

int32_t migrate_driver_set(migrate_driver *driver, const char *name, migrate_function fn)
{
    return driver && name ? driver_set(driver, name, fn) : MIGRATE_ERROR_MISUSE;
}

void migrate_driver_free(migrate_driver *driver)
{
    driver_unref(driver);
}

int32_t migrate_result_columns(migrate_result *result, size_t columns)
{
    return result ? result_columns(result, columns) : MIGRATE_ERROR_MISUSE;
}

int32_t migrate_result_name(migrate_result *result, const char *name)
{
    return result && name ? result_name(result, name) : MIGRATE_ERROR_MISUSE;
}

int32_t migrate_result_value(migrate_result *result, const char *text, size_t length)
{
    return result ? result_value(result, text, length) : MIGRATE_ERROR_MISUSE;
}

int32_t migrate_result_fail(migrate_result *result, const char *sqlstate, int32_t driver_code, const char *message,
                            int64_t position)
{
    return result ? result_fail(result, sqlstate, driver_code, message, position) : MIGRATE_ERROR_MISUSE;
}

/* ---- inside a code migration ---- */

const char *migrate_connection_engine(const migrate_connection *connection)
{
    return connection ? connection->session->db->engine->name : NULL;
}

void *migrate_connection_handle(const migrate_connection *connection)
{
    if (!connection)
        return NULL;
    struct database *db = connection->session->db;
    return db->class->handle ? db->class->handle(db) : NULL;
}

int32_t migrate_connection_exec(migrate_connection *connection, const char *sql, migrate_error **out_err)
{
    API_NEED(connection);
    API_NEED(sql);
    return api_result(connection_exec(connection, sql, out_err), out_err);
}

int32_t migrate_connection_query(migrate_connection *connection, const char *sql, migrate_rows **out_rows,
                                 migrate_error **out_err)
{
    API_NEED(connection);
    API_NEED(sql);
    API_NEED(out_rows);
    return api_result(connection_query(connection, sql, out_rows, out_err), out_err);
}

int32_t migrate_connection_quote(migrate_connection *connection, const char *text, char **out_literal, migrate_error **out_err)
{
    API_NEED(connection);
    API_NEED(text);
    API_NEED(out_literal);
    return api_result(connection_quote(connection, text, out_literal, out_err), out_err);
}

int32_t migrate_connection_fail(migrate_connection *connection, const char *message)
{
    return connection && message ? connection_fail(connection, message) : MIGRATE_ERROR_CODE;
}
