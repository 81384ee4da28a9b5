/* SPDX-License-Identifier: MIT
 * Statements of texts that arrive in pieces: the same as those of whole texts, in a window that stays small.
 */
#include "test_sql_stream.h"

#include "util/text.h"

#include "unit.h"

static const struct sql_dialect *const dialects[] = {&sql_postgresql, &sql_sqlite};
static const size_t sizes[] = {1, 2, 3, 7, 64, 4096};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Reallocations fail from this one on; 0: never. */
static int fail_at;

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size)
{
    if (fail_at > 0 && --fail_at == 0)
        return NULL;
    return __real_realloc(block, size);
}

static void expect_same(const char *text, size_t length)
{
    for (size_t d = 0; d < COUNT(dialects); d++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            const char *differs = stream_differs(dialects[d], text, length, sizes[i]);

            ck_assert_msg(differs == NULL, "%s in pieces of %zu: %s: %.*s", dialects[d]->name, sizes[i],
                          differs, (int)length, text);
        }
}

START_TEST(cuts_at_every_byte)
{
    static const char *const texts[] = {
        "",
        "\xEF\xBB\xBF",
        "\xEF\xBB",
        "\xEF\xBB\xBFSELECT 1;\xEF\xBB\xBF x;\xEF\xBB\xBF$a$;$a$",
        "a;\r\nb;\rc;\n\rd\r\n",
        "\xC3\xA4\xE2\x82\xAC;\xF0\x9F\x98\x80;x\xFF\xFF\x80\x80\x80\x80\x80;y",
        "x u&'\\';U&\"a;\";u&b;u",
        "x e'\\'' \n -- c\n '\\';';y e'a' \n - '\\';z",
        "x $abc$;$abc;$abc$;$1;$a;$ $",
        "x 1e-5;1e--5\n;1.5.e+1;.5;:a::b:=c",
        "x =-1;=@-1;=--1\n;*/*;*/;/ *;- -;-",
        "x /* /* */ ; */;-- a\n/**/;",
        "\\a b\rc\n\\d\r\n \\e",
        "COPY t FROM stdin;\r\n1\r\n\\.\r\nx;copy t from stdin -- ;\n;;\n\\.\n\\.x;",
        "COPY t FROM stdin;\n\\\n\\.\r\r\na;COPY t FROM stdin;\n\\.\r",
        "COPY t FROM stdin;\n\\.\r\r\r\r\r\r\r\rx\ny\\.\n\xE2\x82\xAC\xE2\x82\xAC\r\n\\.",
        "COPY t FROM stdin; /* a\n b */\n\\.\nCOPY t FROM stdin; x\n",
        "CREATE OR REPLACE FUNCTION f() BEGIN ATOMIC a; b; END; CREATE PROCEDURE p BEGIN; ATOMIC;",
        "CREATE TEMP TRIGGER t BEGIN SELECT ';'; x; END; CREATE /* ; */ TRIGGER t BEGIN",
        "CREATE RULE r DO (a; b); c",
    };

    for (size_t i = 0; i < COUNT(texts); i++)
        expect_same(texts[i], strlen(texts[i]));
}
END_TEST

/* Lines of data are passed over in blocks: the one that ends them is found wherever it stands. */
START_TEST(ends_of_data)
{
    static const char *const ends[] = {"\\.\n", "\\.\r\n", "\\.", "\\.x\n\\.\r\r\n", " \\.\n\\.\n", "\\N\n\\\\.\n\\.\n"};
    static const char *const lines[] = {"", "a\tb\n", "\\N\t\\.\t.\n",
                                        "a line of data that is longer than any block of bytes, and then some\r\n"};

    for (size_t l = 0; l < COUNT(lines); l++)
        for (size_t e = 0; e < COUNT(ends); e++)
            for (int shift = 0; shift < 70; shift++) {
                struct text text = {0};

                text_format(&text, "COPY t FROM stdin;\n%s%s%*s\n%s%sSELECT 1;\n%150s", lines[l], lines[l],
                            shift, "", lines[l], ends[e], "");
                expect_same(text.data, text.length);
                text_free(&text);
            }
}
END_TEST

START_TEST(any_tokens)
{
    static const char *const pieces[] = {"'",
                                         "'",
                                         "\"",
                                         "$",
                                         "$$",
                                         "$a$",
                                         "e",
                                         "E'",
                                         "U&",
                                         "a",
                                         "1",
                                         ";",
                                         ";",
                                         "(",
                                         ")",
                                         "-",
                                         "--",
                                         "/",
                                         "/*",
                                         "*/",
                                         "\\",
                                         "\n",
                                         " ",
                                         "\r",
                                         "`",
                                         "[",
                                         "]",
                                         "=",
                                         ",",
                                         "b1",
                                         "\\.",
                                         "\n\\.\n",
                                         "\xC3\xA4",
                                         "\xF0\x9F\x98\x80",
                                         "\xBF",
                                         "\xEF\xBB\xBF",
                                         ";\nCOPY t FROM stdin;\n",
                                         ";COPY t FROM stdin;",
                                         ";CREATE FUNCTION ",
                                         ";CREATE TEMP TRIGGER ",
                                         " BEGIN ATOMIC ",
                                         ";END;",
                                         "\r\n"};
    uint32_t random = 4711;

    for (int round = 0; round < 3000; round++) {
        struct text text = {0};

        text_add(&text, round % 2 ? "x " : "");
        for (int i = 0; i < 20; i++) {
            random = random * 1664525 + 1013904223;
            text_add(&text, pieces[(random >> 16) % COUNT(pieces)]);
        }
        expect_same(text.data, text.length);
        text_free(&text);
    }
}
END_TEST

/* A text without end, of one block again and again. */
struct repeated {
    const char *head, *block;
    size_t length, left;
};

static int32_t read_repeated(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct repeated *repeated = user;
    size_t head = strlen(repeated->head), block = strlen(repeated->block), n;

    (void)err;
    for (n = 0; n < size && repeated->left > 0; n++, repeated->left--) {
        size_t at = repeated->length - repeated->left;

        buffer[n] = at < head ? repeated->head[at] : repeated->block[(at - head) % block];
    }
    *got = n;
    return MIGRATE_OK;
}

static void open_repeated(struct sql_stream *stream, struct repeated *repeated, const char *head,
                          const char *block, size_t length)
{
    *repeated = (struct repeated){head, block, length, length};
    sql_stream_open(stream, &sql_postgresql, read_repeated, repeated);
}

START_TEST(the_window_stays_small)
{
    const char *block = "INSERT INTO t (a, b) VALUES (1, 'it''s');\r\n-- \xC3\xA4 comment\n\n";
    size_t count = 200000, n = 0, length = count * strlen(block);
    struct repeated repeated;
    struct sql_statement statement;
    struct sql_stream stream;
    int64_t line = 0, column = 0;
    bool more = true;

    open_repeated(&stream, &repeated, "", block, length);
    while (sql_stream_next(&stream, &statement, &more, NULL) == MIGRATE_OK && more) {
        sql_stream_position(&stream, statement.offset, &line, &column);
        ck_assert_int_eq(line, 1 + 3 * (int64_t)n++);
        ck_assert_int_eq(column, 1);
        if (n % 100 == 0)
            stream.keep = stream.base + statement.offset;
    }
    ck_assert_uint_eq(n, count);
    ck_assert_uint_eq(stream.base + stream.length, length);
    ck_assert_uint_le(stream.capacity, 512 * 1024);
    sql_stream_close(&stream);
}
END_TEST

START_TEST(data_stay_small)
{
    const char *head = "SELECT 1; COPY t FROM stdin;\n";
    struct repeated repeated;
    struct sql_statement statement;
    struct sql_stream stream;
    size_t length = 0, total = 0;
    const char *data;
    bool more;

    for (int lines = 0; lines < 2; lines++, total = 0) {
        open_repeated(&stream, &repeated, head, lines ? "1\ta\\.\n" : "abc\\.", 8 * 1024 * 1024);
        ck_assert_int_eq(sql_stream_next(&stream, &statement, &more, NULL), MIGRATE_OK);
        ck_assert_int_eq(sql_stream_next(&stream, &statement, &more, NULL), MIGRATE_OK);
        ck_assert(more && statement.kind == SQL_COPY_IN);
        do {
            ck_assert_int_eq(sql_stream_data(&stream, &data, &length, NULL), MIGRATE_OK);
            ck_assert_uint_le(length, stream.length);
            total += length;
        } while (length > 0);
        ck_assert_uint_eq(total, 8 * 1024 * 1024 - strlen(head));
        ck_assert_int_eq(sql_stream_next(&stream, &statement, &more, NULL), MIGRATE_OK);
        ck_assert(!more);
        ck_assert_uint_le(stream.capacity, 512 * 1024);
        sql_stream_close(&stream);
    }
}
END_TEST

/* Texts that would take minutes if anything were read again and again. */
START_TEST(reading_is_linear)
{
    static const char *const heads[] = {"SELECT '",
                                        "SELECT e'",
                                        "SELECT $a$",
                                        "SELECT /*",
                                        "SELECT ",
                                        "/*",
                                        "-- ",
                                        "\\",
                                        "COPY t FROM stdin; /*",
                                        "CREATE FUNCTION f() BEGIN ATOMIC "};
    static const char *const blocks[] = {"abc d''", "\\\\''", "e''\n", "$b$ $c", "(,",
                                         "+-",      "a",      " \n",   "/* ",    "\r"};

    for (size_t h = 0; h < COUNT(heads); h++)
        for (size_t b = 0; b < COUNT(blocks); b++) {
            struct repeated repeated;
            struct sql_statement statement;
            struct sql_stream stream;
            bool more = true;

            open_repeated(&stream, &repeated, heads[h], blocks[b], 300000);
            stream.piece = 1;
            while (sql_stream_next(&stream, &statement, &more, NULL) == MIGRATE_OK && more)
                ;
            ck_assert(!more);
            sql_stream_close(&stream);
        }
}
END_TEST

struct bad_pieces {
    struct pieces pieces;
    int calls;
};

/* Every other call fails; the text goes on behind the failure. */
static int32_t read_badly(void *user, char *buffer, size_t size, size_t *got, migrate_error **err)
{
    struct bad_pieces *bad = user;

    if (bad->calls++ % 2 == 0)
        return error_set(err, MIGRATE_ERROR_IO, "no data");
    return read_piece(&bad->pieces, buffer, size, got, err);
}

START_TEST(after_a_failure_it_goes_on)
{
    const char *text = "SELECT 1; CREATE TABLE t (a int); SELECT 'long enough to need a larger window';\n"
                       "COPY t FROM stdin;\n1\n2\n\\.\nx";
    struct bad_pieces bad = {{text, strlen(text), 0, 3}, 0};
    struct sql_statement part, whole;
    struct sql_splitter splitter;
    struct sql_stream stream;
    bool more = true;
    int failures = 0;

    sql_split(&splitter, &sql_postgresql, text, strlen(text));
    sql_stream_open(&stream, &sql_postgresql, read_badly, &bad);
    stream.piece = 4;
    while (more) {
        migrate_error *error = NULL;

        fail_at = failures % 5 == 0 ? 1 : 0;
        if (sql_stream_next(&stream, &part, &more, &error) != MIGRATE_OK) {
            failures++;
            ck_assert_ptr_nonnull(error);
            error_clear(&error);
            continue;
        }
        ck_assert_int_eq(more, sql_next(&splitter, &whole));
        ck_assert(!more || stream.base + part.offset == whole.offset);
    }
    fail_at = 0;
    ck_assert_int_gt(failures, 10);
    sql_stream_close(&stream);
}
END_TEST

START_TEST(memory_runs_out)
{
    struct pieces pieces = {"SELECT 1", 8, 0, 8};
    struct sql_statement statement = {.length = 77};
    struct sql_stream stream;
    migrate_error *error = NULL;
    bool more = false;

    sql_stream_open(&stream, &sql_sqlite, read_piece, &pieces);
    fail_at = 1;
    ck_assert_int_eq(sql_stream_next(&stream, &statement, &more, &error), MIGRATE_ERROR_NOMEM);
    ck_assert_uint_eq(statement.length, 77);
    error_clear(&error);
    ck_assert_int_eq(sql_stream_next(&stream, &statement, &more, &error), MIGRATE_OK);
    ck_assert(more);
    ck_assert_uint_eq(statement.length, 8);
    sql_stream_close(&stream);
}
END_TEST

UNIT("sql/stream", cuts_at_every_byte, ends_of_data, any_tokens, the_window_stays_small, data_stay_small, reading_is_linear,
     after_a_failure_it_goes_on, memory_runs_out)
