/* SPDX-License-Identifier: MIT
 * The statements that the library finds in a file, for compare_statements.py: of each its kind, its text and
 * its COPY data, each with a NUL behind it. Read in pieces of the given size, so that any size can be tried.
 *     statements postgresql|sqlite FILE [PIECE] */
#include "sql/sql.h"

#include <stdio.h>
#include <stdlib.h>

static int32_t read_file(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    *got = fread(buffer, 1, size, user);
    return ferror((FILE *)user) ? error_set(err, MIGRATE_ERROR_IO, "the file cannot be read") : MIGRATE_OK;
}

static void put(const char *text, size_t length)
{
    fwrite(text, 1, length, stdout);
}

static int32_t put_data(struct sql_stream *stream, migrate_error **err)
{
    const char *data = NULL;
    size_t length = 0;
    int32_t code;

    while ((code = sql_stream_data(stream, &data, &length, err)) == MIGRATE_OK && length > 0)
        put(data, length);
    return code;
}

static int32_t put_statements(struct sql_stream *stream, migrate_error **err)
{
    struct sql_statement statement;
    bool more = false;
    int32_t code;

    while ((code = sql_stream_next(stream, &statement, &more, err)) == MIGRATE_OK && more) {
        char kind = (char)('a' + statement.kind);

        put(&kind, 1);
        put("", 1);
        put(stream->text + statement.offset, statement.length);
        put("", 1);
        if (statement.kind == SQL_COPY_IN)
            code = put_data(stream, err);
        if (code != MIGRATE_OK)
            break;
        put("", 1);
    }
    return code;
}

int main(int count, char **arguments)
{
    const struct sql_dialect *dialect = count > 2 ? sql_dialect_of(arguments[1]) : NULL;
    FILE *file = dialect == NULL ? NULL : fopen(arguments[2], "rb");
    struct sql_stream stream;
    migrate_error *err = NULL;

    if (file == NULL) {
        fprintf(stderr, "usage: statements postgresql|sqlite FILE [PIECE]\n");
        return 64;
    }
    sql_stream_open(&stream, dialect, read_file, file);
    if (count > 3)
        stream.piece = (size_t)strtoul(arguments[3], NULL, 10);
    put_statements(&stream, &err);
    sql_stream_close(&stream);
    fclose(file);
    if (err != NULL)
        fprintf(stderr, "%s\n", err->message);
    error_free(err);
    return err == NULL ? 0 : 1;
}
