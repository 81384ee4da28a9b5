/* SPDX-License-Identifier: MIT
 * The error object: making it, adding to it, showing it. An addition that finds no memory is lost; the error
 * itself never is, because lack of memory has a static object. */
#include "util/error.h"

#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"
#include "util/utf8.h"

#include <string.h>

#define STATEMENT_LIMIT 4096
#define LINE_LIMIT 200 /* bytes of a source line that are shown */

/* Never written: every function below passes it over. */
static const struct migrate_error out_of_memory = {.code = MIGRATE_ERROR_NOMEM,
                                                   .message = (char *)"out of memory"};

static const struct {
    int32_t code;
    const char *name, *class;
} codes[] = {
    {MIGRATE_OK, "ok", NULL},
    {MIGRATE_PENDING, "pending", NULL},
    {MIGRATE_MORE, "more", NULL},
    {MIGRATE_STOPPED, "stopped", NULL},
    {MIGRATE_DIFFERS, "differs", NULL},
    {MIGRATE_FINDINGS, "findings", NULL},
    {MIGRATE_ERROR_NOMEM, "nomem", "environment"},
    {MIGRATE_ERROR_MISUSE, "misuse", "usage"},
    {MIGRATE_ERROR_OPTION, "option", "usage"},
    {MIGRATE_ERROR_URL, "url", "usage"},
    {MIGRATE_ERROR_CLIENT, "client", "environment"},
    {MIGRATE_ERROR_CONNECT, "connect", "retry"},
    {MIGRATE_ERROR_AUTHENTICATION, "authentication", "rights"},
    {MIGRATE_ERROR_NO_DATABASE, "no_database", "environment"},
    {MIGRATE_ERROR_SOURCE, "source", "source"},
    {MIGRATE_ERROR_DUPLICATE, "duplicate", "source"},
    {MIGRATE_ERROR_DEPENDENCY, "dependency", "source"},
    {MIGRATE_ERROR_TARGET, "target", "usage"},
    {MIGRATE_ERROR_SQL, "sql", "source"},
    {MIGRATE_ERROR_CODE, "code", "source"},
    {MIGRATE_ERROR_MODIFIED, "modified", "state"},
    {MIGRATE_ERROR_MISSING, "missing", "state"},
    {MIGRATE_ERROR_LATE, "late", "state"},
    {MIGRATE_ERROR_AHEAD, "ahead", "state"},
    {MIGRATE_ERROR_RENAMED, "renamed", "state"},
    {MIGRATE_ERROR_UNMANAGED, "unmanaged", "state"},
    {MIGRATE_ERROR_HISTORY, "history", "state"},
    {MIGRATE_ERROR_RIGHTS, "rights", "rights"},
    {MIGRATE_ERROR_READ_ONLY, "read_only", "environment"},
    {MIGRATE_ERROR_LOCKED, "locked", "retry"},
    {MIGRATE_ERROR_TIMEOUT, "timeout", "retry"},
    {MIGRATE_ERROR_CANCELLED, "cancelled", "cancelled"},
    {MIGRATE_ERROR_STALE, "stale", "state"},
    {MIGRATE_ERROR_IRREVERSIBLE, "irreversible", "source"},
    {MIGRATE_ERROR_REFUSED, "refused", "state"},
    {MIGRATE_ERROR_PARTIAL, "partial", "state"},
    {MIGRATE_ERROR_CONNECTION_LOST, "connection_lost", "retry"},
    {MIGRATE_ERROR_IN_TRANSACTION, "in_transaction", "usage"},
    {MIGRATE_ERROR_IO, "io", "environment"},
    {MIGRATE_ERROR_INTERNAL, "internal", "internal"},
    {MIGRATE_ERROR_FILE_SYSTEM, "file_system", "environment"},
    {MIGRATE_ERROR_DEVICE_LOCKED, "device_locked", "retry"},
    {MIGRATE_ERROR_OUTCOME_UNKNOWN, "outcome_unknown", "unknown"},
    {MIGRATE_ERROR_SHADOW, "shadow", "environment"},
    {MIGRATE_ERROR_SCHEMA, "schema", "state"},
};

#define CODE_COUNT (sizeof codes / sizeof codes[0])

const char *error_code_name(int32_t code)
{
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].code == code)
            return codes[i].name;
    return NULL;
}

const char *error_code_class(int32_t code)
{
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].code == code)
            return codes[i].class;
    return NULL;
}

/* ---- making ---- */

static char *formatted(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));
static char *formatted(const char *format, va_list arguments)
{
    struct text text = {0};

    text_vformat(&text, format, arguments);
    return text_take(&text);
}

int32_t error_set(migrate_error **err, int32_t code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    code = error_vset(err, code, format, arguments);
    va_end(arguments);
    return code;
}

int32_t error_vset(migrate_error **err, int32_t code, const char *format, va_list arguments)
{
    struct migrate_error *error;

    if (err == NULL)
        return code;
    error = memory_new(sizeof *error);
    if (error == NULL)
        return error_nomem(err);
    error->code = code;
    error->message = formatted(format, arguments);
    if (error->message == NULL) {
        error_free(error);
        return error_nomem(err);
    }
    for (char *c = error->message; *c != '\0'; c++) /* databases quote what may have line ends; a message is one line */
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    error_clear(err); /* only now: the arguments may point into the old error */
    *err = error;
    return code;
}

int32_t error_nomem(migrate_error **err)
{
    error_clear(err);
    if (err != NULL)
        *err = (struct migrate_error *)&out_of_memory;
    return MIGRATE_ERROR_NOMEM;
}

void error_free(migrate_error *error)
{
    if (error == NULL || error == &out_of_memory)
        return;
    memory_free(error->message);
    memory_free(error->detail);
    memory_free(error->hint);
    memory_free(error->id);
    memory_free(error->file);
    memory_free(error->statement);
    memory_free(error->source_line);
    memory_free(error);
}

void error_clear(migrate_error **err)
{
    if (err == NULL)
        return;
    error_free(*err);
    *err = NULL;
}

void error_move(migrate_error **to, migrate_error **from)
{
    if (from == NULL || *from == NULL || from == to)
        return;
    if (to == NULL) {
        error_clear(from);
        return;
    }
    error_free(*to);
    *to = *from;
    *from = NULL;
}

enum error_kind error_kind_of(migrate_error *const *err)
{
    return err != NULL && *err != NULL ? (*err)->kind : ERROR_OTHER;
}

/* ---- adding ---- */

/* The error that may be added to, or NULL. */
static struct migrate_error *writable(migrate_error **err)
{
    return err != NULL && *err != &out_of_memory ? *err : NULL;
}

static void replace(char **field, char *with)
{
    if (with == NULL)
        return;
    memory_free(*field);
    *field = with;
}

void error_hint(migrate_error **err, const char *format, ...)
{
    struct migrate_error *error = writable(err);
    va_list arguments;

    if (error == NULL)
        return;
    va_start(arguments, format);
    replace(&error->hint, formatted(format, arguments));
    va_end(arguments);
}

void error_detail(migrate_error **err, const char *format, ...)
{
    struct migrate_error *error = writable(err);
    va_list arguments;

    if (error == NULL)
        return;
    va_start(arguments, format);
    replace(&error->detail, formatted(format, arguments));
    va_end(arguments);
}

void error_detail_add(migrate_error **err, const char *format, ...)
{
    struct migrate_error *error = writable(err);
    struct text text = {0};
    va_list arguments;

    if (error == NULL)
        return;
    if (error->detail != NULL) {
        text_add(&text, error->detail);
        text_add_char(&text, '\n');
    }
    va_start(arguments, format);
    text_vformat(&text, format, arguments);
    va_end(arguments);
    replace(&error->detail, text_take(&text));
}

void error_id(migrate_error **err, const char *id)
{
    struct migrate_error *error = writable(err);

    if (error != NULL)
        replace(&error->id, memory_text(id));
}

void error_place(migrate_error **err, const char *file, int64_t line, int64_t column)
{
    struct migrate_error *error = writable(err);

    if (error == NULL)
        return;
    replace(&error->file, memory_text(file));
    error->line = line;
    error->column = column;
}

void error_statement(migrate_error **err, const char *statement, size_t length)
{
    struct migrate_error *error = writable(err);

    if (error == NULL)
        return;
    if (length > STATEMENT_LIMIT) {
        length = STATEMENT_LIMIT;
        while (length > 0 && ((unsigned char)statement[length] & 0xC0) == 0x80)
            length--;
    }
    replace(&error->statement, memory_text_n(statement, length));
}

void error_source_line(migrate_error **err, const char *line, size_t length)
{
    struct migrate_error *error = writable(err);

    if (error != NULL)
        replace(&error->source_line, memory_text_n(line, length));
}

void error_about(migrate_error **err, const char *rule)
{
    if (err != NULL && *err != NULL && *err != &out_of_memory)
        (*err)->about = rule;
}

void error_database(migrate_error **err, enum error_kind kind, const char *sqlstate, int32_t driver_code)
{
    struct migrate_error *error = writable(err);

    if (error == NULL)
        return;
    error->kind = kind;
    error->driver_code = driver_code;
    memset(error->sqlstate, 0, sizeof error->sqlstate);
    for (size_t i = 0; sqlstate != NULL && sqlstate[i] != '\0' && i < sizeof error->sqlstate - 1; i++)
        error->sqlstate[i] = sqlstate[i];
}

/* ---- showing ---- */

/* The part of a line that is shown: all of it, or about LINE_LIMIT bytes around the caret. */
static void window(const char *line, size_t length, size_t caret, size_t *from, size_t *to)
{
    *from = 0;
    *to = length;
    if (length <= LINE_LIMIT)
        return;
    if (caret > LINE_LIMIT / 2)
        *from = caret - LINE_LIMIT / 2;
    if (*from > length - LINE_LIMIT)
        *from = length - LINE_LIMIT;
    *to = *from + LINE_LIMIT;
    while (*from > 0 && ((unsigned char)line[*from] & 0xC0) == 0x80)
        (*from)--;
    while (*to < length && ((unsigned char)line[*to] & 0xC0) == 0x80)
        (*to)++;
}

static void add_source_line(struct text *out, const struct migrate_error *error)
{
    const char *line = error->source_line;
    size_t length = strlen(line), from, to, caret = 0;

    if (error->column > 0)
        caret = utf8_offset(line, length, (size_t)error->column - 1);
    window(line, length, caret, &from, &to);
    text_format(out, "\n%s", from > 0 ? "..." : "");
    text_add_n(out, line + from, to - from);
    text_add(out, to < length ? "..." : "");
    if (error->column <= 0)
        return;
    text_format(out, "\n%s", from > 0 ? "   " : "");
    while (from < caret) {
        text_add_char(out, line[from] == '\t' ? '\t' : ' ');
        from += utf8_offset(line + from, caret - from, 1);
    }
    text_add_char(out, '^');
}

char *error_to_text(const migrate_error *error)
{
    struct text out = {0};

    if (error->file != NULL) {
        text_add(&out, error->file);
        if (error->line > 0)
            text_format(&out, ":%lld", (long long)error->line);
        if (error->line > 0 && error->column > 0)
            text_format(&out, ":%lld", (long long)error->column);
        text_add(&out, ": ");
    }
    text_add(&out, error->message);
    if (error->source_line != NULL)
        add_source_line(&out, error);
    if (error->sqlstate[0] != '\0')
        text_format(&out, "\nSQLSTATE %s", error->sqlstate);
    else if (error->driver_code != 0)
        text_format(&out, "\nSQLite code %d", error->driver_code);
    if (error->detail != NULL)
        text_format(&out, "\nDETAIL: %s", error->detail);
    if (error->hint != NULL)
        text_format(&out, "\nHINT: %s", error->hint);
    return text_take(&out);
}

static void add_text(struct json *json, const char *key, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    json_key(json, key);
    json_text(json, text, strlen(text));
}

static void add_number(struct json *json, const char *key, int64_t number)
{
    if (number == 0)
        return;
    json_key(json, key);
    json_int(json, number);
}

char *error_to_json(const migrate_error *error)
{
    struct text out = {0};
    struct json json = {.out = &out};

    json_open(&json, '{');
    add_number(&json, "code", error->code);
    add_text(&json, "name", error_code_name(error->code));
    add_text(&json, "class", error_code_class(error->code));
    add_text(&json, "message", error->message);
    add_text(&json, "detail", error->detail);
    add_text(&json, "hint", error->hint);
    add_text(&json, "id", error->id);
    add_text(&json, "file", error->file);
    add_number(&json, "line", error->line);
    add_number(&json, "column", error->column);
    add_text(&json, "statement", error->statement);
    add_text(&json, "sqlstate", error->sqlstate);
    add_number(&json, "driver_code", error->driver_code);
    json_close(&json, '}');
    return text_take(&out);
}
