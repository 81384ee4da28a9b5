/* SPDX-License-Identifier: MIT
 * What cannot be run at all, and is refused before anything has: statements that would end the run's transaction, psql's own
 * commands, and text that never ends. */
#include "core/script.h"

#include <string.h>

/* Places an error that is set, at an offset in the stream's window. */
static int32_t refused(struct script_stream *stream, const struct sql_statement *statement, size_t offset, const char *hint,
                       migrate_error **err)
{
    error_hint(err, "%s", hint);
    script_stream_place(stream, stream->sql.base + offset, err);
    script_show_statement(stream->script, stream->sql.text + statement->offset, statement->length, err);
    return MIGRATE_ERROR_SOURCE;
}

static int32_t refuse_at(struct script_stream *stream, const struct sql_statement *statement, size_t offset, const char *what,
                         const char *hint, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SOURCE, "%s", what);
    return refused(stream, statement, offset, hint, err);
}

static int32_t refuse(struct script_stream *stream, const struct sql_statement *statement, const char *what, const char *hint,
                      migrate_error **err)
{
    return refuse_at(stream, statement, statement->offset, what, hint, err);
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
        return refuse(stream, statement, "something stands between COPY ... FROM stdin and the line of its first data",
                      "begin the data on the next line, and put other statements behind the data", err);
    switch (token.closed ? SQL_END : token.kind) {
    case SQL_STRING:
        return refuse_at(stream, statement, token.offset, "this string never ends", "close its quote", err);
    case SQL_NAME:
        return refuse_at(stream, statement, token.offset, "this quoted name never ends", "close its quote", err);
    case SQL_BLOCK_COMMENT:
        return refuse_at(stream, statement, token.offset, "this comment never ends", "close it with */", err);
    default:
        return refuse(stream, statement, "the body of this statement never ends", "close it with END", err);
    }
}

/* What psql would do, and what to do instead. */
static const struct {
    const char *names; /* a blank before and behind each */
    const char *hint;
} psql_commands[] = {
    {" c connect ", "a migration runs on one connection: give this part to another database's migrations"},
    {" copy ", "\\copy reads a file beside psql; write COPY ... FROM stdin with the data in the migration"},
    {" i ir include include_relative ", "put the included text into the migration"},
    {" g gx gexec gset gdesc crosstabview watch ", "write a DO block, or plain statements"},
    {" set unset prompt getenv setenv ", "variables of psql have no meaning here: write the values"},
    {" if elif else endif ", "write a DO block with IF"},
    {" echo warn qecho timing pset encoding q quit a t x o ! h ? d dt ", "it changes nothing in the database: leave it out"},
};

/* The command whose backslash is at an offset of the statement, and what to do instead. pg_dump's \restrict and \unrestrict only
 * guard psql against other commands in the dump. */
static int32_t check_command(struct script_stream *stream, const struct sql_statement *statement, size_t at, migrate_error **err)
{
    const char *text = stream->sql.text + statement->offset + at + 1, *hint = "leave it out";
    size_t most = statement->length - at - 1, length = 0;
    char name[32];
    while (length + 3 < sizeof name && length < most && !strchr(" \t\r\n;'\"", text[length]))
        length++;
    name[0] = ' ';
    memcpy(name + 1, text, length);
    memcpy(name + 1 + length, " ", 2);
    if (at == 0 && (strcmp(name, " restrict ") == 0 || strcmp(name, " unrestrict ") == 0))
        return MIGRATE_OK;
    for (size_t i = 0; i < sizeof psql_commands / sizeof *psql_commands; i++) {
        if (strstr(psql_commands[i].names, name))
            hint = psql_commands[i].hint;
    }
    error_set(err, MIGRATE_ERROR_SOURCE, "\\%.*s is a command of psql, not SQL", (int)length, text);
    return refused(stream, statement, statement->offset + at, hint, err);
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

int32_t script_check(struct script_stream *stream, const struct sql_statement *statement, migrate_error **err)
{
    switch (statement->kind) {
    case SQL_ROLLBACK:
        return refuse(stream, statement, "a migration may not roll back its own transaction",
                      "remove the statement; a failing migration is rolled back by itself", err);
    case SQL_PREPARE_TRANSACTION:
        return refuse(stream, statement, "a migration may not prepare transactions for a two-phase commit",
                      "run it outside of migrations", err);
    case SQL_COPY_IN:
        if (!stream->script->can_copy)
            return refuse(stream, statement, "this connection cannot take the data of COPY ... FROM stdin",
                          "run it on a connection of libpq, or write the rows as INSERT statements (pg_dump --inserts)", err);
        break;
    case SQL_STRING_SETTING: /* and the server would still read the rest of its message in the old way */
        return refuse(stream, statement, "standard_conforming_strings other than on is not supported",
                      "leave it out (or set it to the bare word on), and write E'...' where a backslash escapes", err);
    case SQL_META:
        return check_command(stream, statement, 0, err);
    case SQL_PLAIN:
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
