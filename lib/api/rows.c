/* SPDX-License-Identifier: MIT
 * The exported functions of what the library hands out: row sets, events, tokens. */
#include "api/api.h"
#include "core/events.h"
#include "util/rows.h"
#include "util/watch.h"

size_t migrate_rows_count(const migrate_rows *rows)
{
    return rows ? rows_count(rows) : 0;
}

size_t migrate_rows_columns(const migrate_rows *rows)
{
    return rows ? rows_columns(rows) : 0;
}

const char *migrate_rows_column_name(const migrate_rows *rows, size_t column)
{
    return rows ? rows_column_name(rows, column) : NULL;
}

size_t migrate_rows_column_index(const migrate_rows *rows, const char *name)
{
    return rows && name ? rows_column_index(rows, name) : MIGRATE_NONE;
}

int32_t migrate_rows_is_null(const migrate_rows *rows, size_t row, size_t column)
{
    return !rows || rows_is_null(rows, row, column) ? 1 : 0;
}

const char *migrate_rows_text(const migrate_rows *rows, size_t row, size_t column)
{
    return rows ? rows_text(rows, row, column) : NULL;
}

size_t migrate_rows_text_length(const migrate_rows *rows, size_t row, size_t column)
{
    return rows ? rows_text_length(rows, row, column) : 0;
}

int64_t migrate_rows_int(const migrate_rows *rows, size_t row, size_t column)
{
    return rows ? rows_int(rows, row, column) : 0;
}

const char *migrate_rows_value_text(const migrate_rows *rows, const char *name)
{
    return rows && name ? rows_get_value_text(rows, name) : NULL;
}

int64_t migrate_rows_value_int(const migrate_rows *rows, const char *name)
{
    return rows && name ? rows_get_value_int(rows, name) : 0;
}

int32_t migrate_rows_json(const migrate_rows *rows, char **out_json, migrate_error **out_err)
{
    API_NEED(rows);
    API_NEED(out_json);
    char *json = rows_json(rows);
    if (!json)
        return error_nomem(out_err);
    *out_json = json;
    return MIGRATE_OK;
}

void migrate_rows_free(migrate_rows *rows)
{
    rows_free(rows);
}

int32_t migrate_token_new(migrate_token **out_token, migrate_error **out_err)
{
    API_NEED(out_token);
    return token_new(out_token, out_err);
}

void migrate_token_stop(migrate_token *token)
{
    if (token)
        token_raise(token, 1);
}

void migrate_token_cancel(migrate_token *token)
{
    if (token)
        token_raise(token, 2);
}

int32_t migrate_token_state(const migrate_token *token)
{
    return token ? token_state(token) : 0;
}

void migrate_token_free(migrate_token *token)
{
    token_unref(token);
}

const char *migrate_event_name(const migrate_event *event)
{
    return event ? event->name : NULL;
}

const char *migrate_event_level(const migrate_event *event)
{
    return event ? event->level : NULL;
}

const char *migrate_event_message(const migrate_event *event)
{
    return event ? event->message : "";
}

const char *migrate_event_text(const migrate_event *event, const char *value)
{
    return event && value ? event_get_text(event, value) : NULL;
}

int64_t migrate_event_int(const migrate_event *event, const char *value)
{
    return event && value ? event_get_int(event, value) : 0;
}
