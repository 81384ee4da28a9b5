/* SPDX-License-Identifier: MIT
 * What cannot be run at all, and is refused before anything has: statements that would end the run's transaction, psql's own
 * commands, and text that never ends. */
#include "core/script.h"
#include "core/shells.h"

#include <string.h>

/* In a scratch database, with others beside it that are nobody's to try things with. */
static int32_t check_confined(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    const struct script *script = stream->script;
    if (!script->confined || !script->engine->reaches_beyond(stream->sql.text + statement->offset, statement->length))
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_SHADOW, "%s reaches beyond its database, and is not tried in a scratch database beside others", script->id);
    error_hint(err, "let the option shadow_url lead to another server, where scratch databases may be made");
    error_id(err, script->id);
    script_stream_place(stream, stream->sql.base + statement->offset, err);
    script_show_statement(script, stream->sql.text + statement->offset, statement->length, err);
    return MIGRATE_ERROR_SHADOW;
}

/* Places an error that is set, at an offset in the stream's window. */
static int32_t refused(struct script_stream *stream, const struct sql_statement *statement, size_t offset, const char *about,
                       const char *hint, migrate_error **err)
{
    error_hint(err, "%s", hint);
    error_about(err, about);
    script_stream_place(stream, stream->sql.base + offset, err);
    script_show_statement(stream->script, stream->sql.text + statement->offset, statement->length, err);
    return MIGRATE_ERROR_SOURCE;
}

static int32_t refuse_at(struct script_stream *stream, const struct sql_statement *statement, size_t offset, const char *about,
                         const char *what, const char *hint, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SOURCE, "%s", what);
    return refused(stream, statement, offset, about, hint, err);
}

static int32_t refuse(struct script_stream *stream, const struct sql_statement *statement, const char *about, const char *what,
                      const char *hint, migrate_error **err)
{
    return refuse_at(stream, statement, statement->offset, about, what, hint, err);
}

/* Must not reach the database: it would take what is sent behind it for its own text. */
static int32_t refuse_open(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    const struct sql_stream *sql = &stream->sql;
    size_t end = statement->kind == SQL_COPY_IN ? statement->offset + statement->length : sql->length;
    struct sql_token token = {.offset = statement->offset, .closed = true};
    while (token.closed && token.offset < end)
        token = sql_lex(stream->script->engine->dialect, sql->text, end, token.offset + token.length);
    if (token.closed && statement->kind == SQL_COPY_IN)
        return refuse(stream, statement, "unfinished", "something stands between COPY ... FROM stdin and the line of its first data",
                      "begin the data on the next line, and put other statements behind the data", err);
    switch (token.closed ? SQL_END : token.kind) {
    case SQL_STRING:
        return refuse_at(stream, statement, token.offset, "unfinished", "this string never ends", "close its quote", err);
    case SQL_NAME:
        return refuse_at(stream, statement, token.offset, "unfinished", "this quoted name never ends", "close its quote", err);
    case SQL_BLOCK_COMMENT:
        return refuse_at(stream, statement, token.offset, "unfinished", "this comment never ends", "close it with */", err);
    default:
        return refuse(stream, statement, "unfinished", "the body of this statement never ends", "close it with END", err);
    }
}

/* The command of a shell at an offset of the statement. */
static int32_t check_command(struct script_stream *stream, const struct sql_statement *statement, size_t at, migrate_error **err)
{
    const char *text = stream->sql.text + statement->offset + at;
    struct shell_command command;
    if (!shell_command(text, statement->length - at, &command))
        return refuse_at(stream, statement, statement->offset + at, "shell-command", "a lone backslash is no SQL", "remove it", err);
    if (at == 0 && command.means_nothing)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_SOURCE, "%.*s is a command of %s, not SQL", (int)command.length, text, command.shell);
    return refused(stream, statement, statement->offset + at, "shell-command", command.hint, err);
}

/* As in SELECT ... \gexec: outside of strings SQL knows no backslash. */
static int32_t check_inside(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    const struct sql_dialect *dialect = stream->script->engine->dialect;
    const char *text = stream->sql.text + statement->offset;
    struct sql_token token = {0};
    if (!dialect->meta_commands || !memchr(text, '\\', statement->length))
        return MIGRATE_OK;
    do
        token = sql_lex(dialect, text, statement->length, token.offset + token.length);
    while (token.kind != SQL_BACKSLASH && token.kind != SQL_END);
    return token.kind == SQL_END ? MIGRATE_OK : check_command(stream, statement, token.offset, err);
}

/* The text is UTF-8, and the database must not take it for anything else. SQL_ASCII takes it as it is. */
static int32_t check_encoding(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    static const char *const fine[] = {"utf8", "unicode", "sqlascii", "default"};
    const struct sql_dialect *dialect = stream->script->engine->dialect;
    const char *text = stream->sql.text + statement->offset;
    struct sql_token token = {0}, last = {0};
    char name[16] = "";
    size_t length = 0;
    do {
        token = sql_lex(dialect, text, statement->length, token.offset + token.length);
        if (token.kind == SQL_WORD || token.kind == SQL_STRING || token.kind == SQL_NAME)
            last = token;
    } while (token.kind != SQL_END);
    for (size_t i = 0; i < last.length && length + 1 < sizeof name; i++) {
        if (!strchr("'\"-_ ", text[last.offset + i]))
            name[length++] = text[last.offset + i];
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        if (text_equal_nocase(name, fine[i]))
            return MIGRATE_OK;
    }
    return refuse_at(stream, statement, statement->offset + last.offset, "setting", "a client_encoding other than UTF8 is not supported",
                     "migrations are UTF-8: convert the file (iconv -f OLD -t UTF-8) and write UTF8 here, or dump it with pg_dump "
                     "--encoding=UTF8", err);
}

int32_t script_check(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    struct shell_command command;
    const char *text = stream->sql.text + statement->offset;
    if (statement->length > 0 && *text == '.' && shell_command(text, statement->length, &command))
        return check_command(stream, statement, 0, err);
    int32_t code = check_confined(stream, statement, err);
    if (code != MIGRATE_OK)
        return code;
    switch (statement->kind) {
    case SQL_ROLLBACK:
        return refuse(stream, statement, "transaction-control", "a migration may not roll back its own transaction",
                      "remove the statement; a failing migration is rolled back by itself", err);
    case SQL_PREPARE_TRANSACTION:
        return refuse(stream, statement, "transaction-control", "a migration may not prepare transactions for a two-phase commit",
                      "run it outside of migrations", err);
    case SQL_COPY_IN:
        if (!stream->script->can_copy)
            return refuse(stream, statement, "unreadable", "this connection cannot take the data of COPY ... FROM stdin",
                          "run it on a connection of libpq, or write the rows as INSERT statements (pg_dump --inserts)", err);
        break;
    case SQL_STRING_SETTING: /* and the server would still read the rest of its message in the old way */
        return refuse(stream, statement, "setting", "standard_conforming_strings other than on is not supported",
                      "leave it out (or set it to the bare word on), and write E'...' where a backslash escapes", err);
    case SQL_META:
        return check_command(stream, statement, 0, err);
    case SQL_ENCODING_SETTING:
        return check_encoding(stream, statement, err);
    case SQL_PLAIN:
    case SQL_RESET_ALL:
    case SQL_ADD_VALUE:
    case SQL_BEGIN:
    case SQL_COMMIT:
    case SQL_SAVEPOINT:
    case SQL_ALONE:
    case SQL_FOREIGN_KEYS:
        break;
    }
    return statement->closed ? check_inside(stream, statement, err) : refuse_open(stream, statement, err);
}
