/* SPDX-License-Identifier: MIT
 * Reading the beginning of one statement, token by token, without spaces and comments. */
#include "sql/sql.h"

void sql_reader_next(struct sql_reader *reader)
{
    do {
        reader->token = sql_lex(reader->dialect, reader->text, reader->length, reader->offset);
        reader->offset = reader->token.offset + reader->token.length;
    } while (reader->token.kind == SQL_SPACE || reader->token.kind == SQL_LINE_COMMENT ||
             reader->token.kind == SQL_BLOCK_COMMENT);
}

void sql_reader_open(struct sql_reader *reader, const struct sql_dialect *dialect, const char *text, size_t length)
{
    *reader = (struct sql_reader){.dialect = dialect, .text = text, .length = length};
    sql_reader_next(reader);
}

bool sql_reader_is(const struct sql_reader *reader, const char *word)
{
    return sql_is_word(reader->text, reader->token, word);
}

bool sql_reader_take(struct sql_reader *reader, const char *word)
{
    if (!sql_reader_is(reader, word))
        return false;
    sql_reader_next(reader);
    return true;
}

bool sql_reader_seek(struct sql_reader *reader, const char *word)
{
    while (reader->token.kind != SQL_END && !sql_reader_is(reader, word))
        sql_reader_next(reader);
    return sql_reader_take(reader, word);
}

void sql_reader_name(struct sql_reader *reader, struct text *name, struct text *schema)
{
    while (reader->token.kind == SQL_WORD || reader->token.kind == SQL_NAME) {
        text_add_n(name, reader->text + reader->token.offset, reader->token.length);
        sql_reader_next(reader);
        if (reader->token.kind != SQL_SYMBOL || reader->token.length != 1 || reader->text[reader->token.offset] != '.')
            return;
        if (schema) {
            text_clear(schema);
            text_add_n(schema, name->data ? name->data : "", name->length);
        }
        text_add_char(name, '.');
        sql_reader_next(reader);
    }
}
