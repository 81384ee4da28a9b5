/* SPDX-License-Identifier: MIT
 * The splitter of one dialect: nothing of a text is lost or read twice, and pieces of any size make no
 * difference. Compiled once for each dialect, which DIALECT names. */
#include "../unit/test_sql_stream.h"
#include "fuzz.h"

static bool is_blank(const struct sql_token *token)
{
    return token->kind == SQL_SPACE || token->kind == SQL_LINE_COMMENT || token->kind == SQL_BLOCK_COMMENT;
}

/* Between two statements is nothing that an engine would run. */
static void require_blank(const char *text, size_t from, size_t to)
{
    while (from < to) {
        struct sql_token token = sql_lex(&DIALECT, text, to, from);

        REQUIRE(is_blank(&token) || token.kind == SQL_SEMICOLON);
        from += token.length;
    }
}

static void try_tokens(const char *text, size_t length)
{
    struct sql_token token = sql_lex(&DIALECT, text, length, 0);
    size_t at = 0;
    char digest[65];

    for (; token.kind != SQL_END; token = sql_lex(&DIALECT, text, length, at)) {
        REQUIRE(token.offset == at && token.length > 0 && token.length <= length - at);
        at += token.length;
    }
    REQUIRE(at == length);
    sql_token_digest(&DIALECT, text, length, digest);
    REQUIRE(strlen(digest) == 64);
}

static void try_statements(const char *text, size_t length)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t before = 0;

    sql_split(&splitter, &DIALECT, text, length);
    while (sql_next(&splitter, &statement)) {
        size_t end = statement.offset + statement.length, line, line_length;
        int64_t number, column;

        REQUIRE(statement.offset >= before && end >= statement.offset && end <= statement.end);
        REQUIRE(statement.end > before && statement.end <= length);
        require_blank(text, before, statement.offset);
        if (statement.kind == SQL_COPY_IN) {
            REQUIRE(statement.data >= end && statement.data + statement.data_length <= statement.end);
            if (statement.closed)
                require_blank(text, end, statement.data);
        } else if (statement.closed) {
            require_blank(text, end, statement.end);
        }
        REQUIRE(statement.kind == sql_kind_of(&DIALECT, text + statement.offset, statement.length));
        sql_position(text, length, statement.offset, &number, &column);
        sql_line_at(text, length, statement.offset, &line, &line_length);
        REQUIRE(number >= 1 && column >= 1 && line <= statement.offset && line + line_length <= length);
        before = statement.end;
    }
    require_blank(text, before, length);
}

/* What stands in a string is all that may change, and nothing changes twice. */
static void try_secrets(const char *text, size_t length)
{
    char *once = memcpy(malloc(length), text, length), *twice;

    sql_hide_secrets(&DIALECT, once, length);
    for (size_t i = 0; i < length; i++)
        REQUIRE(once[i] == text[i] || once[i] == '*');
    twice = memcpy(malloc(length), once, length);
    sql_hide_secrets(&DIALECT, twice, length);
    REQUIRE(memcmp(once, twice, length) == 0);
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const size_t pieces[] = {1, 2 + size % 61, 4096};

    if (size == 0)
        return 0;
    try_tokens(text, size);
    try_statements(text, size);
    try_secrets(text, size);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        REQUIRE(stream_differs(&DIALECT, text, size, pieces[i]) == NULL);
    return 0;
}
