/* SPDX-License-Identifier: MIT
 * What a migration is expected to do to the data, as its file declares it: "expect rows(leads) >= before", "assert SELECT ...". */
#include "source/directives.h"

#include "util/array.h"

#include <string.h>

/* The tokens of one line. */
struct words {
    struct sql_reader reader;
    size_t start; /* of the argument in the file */
};

static size_t place(const struct words *words)
{
    return words->start + words->reader.token.offset;
}

static bool take_symbol(struct sql_reader *reader, const char *symbol)
{
    size_t length = strlen(symbol);

    if (reader->token.kind == SQL_END || reader->length - reader->token.offset < length ||
        memcmp(reader->text + reader->token.offset, symbol, length) != 0)
        return false;
    reader->offset = reader->token.offset + length; /* the lexer may have read operators as one, or one by one */
    sql_reader_next(reader);
    return true;
}

static int32_t refuse(const struct directive_reading *reading, const struct words *words, const char *wanted, migrate_error **err)
{
    int32_t code = reading_fail(reading, place(words), MIGRATE_ERROR_SOURCE, err, "\"-- migrate: expect\" needs %s here", wanted);

    error_hint(err, EXPECT_HINT);
    return code;
}

static bool read_number(struct sql_reader *reader, int64_t *out)
{
    const char *digits = reader->text + reader->token.offset;
    int64_t number = 0;

    if (reader->token.kind != SQL_NUMBER || reader->token.length > 18)
        return false;
    for (size_t i = 0; i < reader->token.length; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        number = number * 10 + (digits[i] - '0');
    }
    *out = number;
    sql_reader_next(reader);
    return true;
}

static int32_t read_value(const struct directive_reading *reading, struct words *words, struct expecting *out, migrate_error **err)
{
    struct sql_reader *reader = &words->reader;

    out->before = sql_reader_take(reader, "before");
    if (out->before) {
        bool minus = take_symbol(reader, "-");

        if ((minus || take_symbol(reader, "+")) && !read_number(reader, &out->number))
            return refuse(reading, words, "a number", err);
        if (minus)
            out->number = -out->number;
    } else if (!read_number(reader, &out->number)) {
        return refuse(reading, words, "\"before\" or a number", err);
    }
    return reader->token.kind == SQL_END ? MIGRATE_OK : refuse(reading, words, "the end of the line", err);
}

static int32_t read_rows(const struct directive_reading *reading, struct words *words, struct expecting *out, migrate_error **err)
{
    static const struct {
        const char *written, *means;
    } compares[] = {{">=", ">="}, {"<=", "<="}, {"==", "=="}, {"!=", "!="}, {"<>", "!="}, {"=", "=="}, {">", ">"}, {"<", "<"}};
    struct sql_reader *reader = &words->reader;
    struct text name = {0};

    if (!sql_reader_take(reader, "rows") || reader->token.kind != SQL_OPEN)
        return refuse(reading, words, "rows(TABLE)", err);
    sql_reader_next(reader);
    out->table.start = out->table.end = place(words);
    sql_reader_name(reader, &name, NULL);
    out->table.end = place(words);
    text_free(&name);
    while (out->table.end > out->table.start && reading->text[out->table.end - 1] == ' ')
        out->table.end--;
    if (out->table.end == out->table.start || reader->token.kind != SQL_CLOSE)
        return refuse(reading, words, "rows(TABLE)", err);
    sql_reader_next(reader);
    for (size_t i = 0; out->compare == NULL && i < sizeof compares / sizeof *compares; i++) {
        if (take_symbol(reader, compares[i].written))
            out->compare = compares[i].means;
    }
    if (out->compare == NULL)
        return refuse(reading, words, ">=, <=, ==, !=, > or <", err);
    return read_value(reading, words, out, err);
}

/* One query. */
static int32_t read_query(const struct directive_reading *reading, struct words *words, struct expecting *out, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement first, second;
    bool asks = sql_reader_is(&words->reader, "select") || sql_reader_is(&words->reader, "with") || sql_reader_is(&words->reader, "values");
    int32_t code;

    sql_split(&splitter, reading->dialect, words->reader.text, words->reader.length);
    if (asks && sql_next(&splitter, &first)) {
        out->text.start = words->start + first.offset;
        out->text.end = out->text.start + first.length;
        if (first.closed && !sql_next(&splitter, &second))
            return MIGRATE_OK;
    }
    code = reading_fail(reading, words->start, MIGRATE_ERROR_SOURCE, err, "\"-- migrate: assert\" needs one query, whole on its line");
    error_hint(err, ASSERT_HINT);
    return code;
}

int32_t read_expectation(struct directive_reading *reading, enum directive_action action, struct span argument, migrate_error **err)
{
    struct expecting expecting = {.kind = action == DIRECTIVE_EXPECT ? EXPECT_ROWS : action == DIRECTIVE_ASSERT ? EXPECT_TRUE : EXPECT_TRUE_BEFORE,
                                  .text = argument};
    struct words words = {.start = argument.start};
    int32_t code;

    sql_reader_open(&words.reader, reading->dialect, reading->text + argument.start, argument.end - argument.start);
    code = action == DIRECTIVE_EXPECT ? read_rows(reading, &words, &expecting, err) : read_query(reading, &words, &expecting, err);
    if (code != MIGRATE_OK)
        return code;
    if (!array_reserve(&reading->expectations))
        return error_nomem(err);
    reading->expectations.items[reading->expectations.count++] = expecting;
    return MIGRATE_OK;
}
