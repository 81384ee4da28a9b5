/* SPDX-License-Identifier: MIT
 * Where statements begin and end. A case is a text and its statements with | between them; ! before one says
 * that it is not closed. Every text is read as a stream, too. */
#include "test_sql_stream.h"

#include "util/text.h"

#include "unit.h"

#include <string.h>

static void expect_same_stream(const struct sql_dialect *dialect, const char *text)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, 4096};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *differs = stream_differs(dialect, text, strlen(text), sizes[i]);

        ck_assert_msg(differs == NULL, "in pieces of %zu: %s: %s", sizes[i], differs, text);
    }
}

static void expect(const struct sql_dialect *dialect, const char *text, const char *statements)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    struct text got = {0};
    size_t before = 0;

    text_reserve(&got, 0);
    sql_split(&splitter, dialect, text, strlen(text));
    while (sql_next(&splitter, &statement)) {
        ck_assert_uint_ge(statement.offset, before);
        ck_assert_uint_le(statement.offset + statement.length, statement.end);
        ck_assert_uint_gt(statement.end, before);
        ck_assert_uint_le(statement.end, strlen(text));
        before = statement.end;
        text_add(&got, got.length > 0 ? "|" : "");
        text_add(&got, statement.closed ? "" : "!");
        text_add_n(&got, text + statement.offset, statement.length);
    }
    ck_assert(!sql_next(&splitter, &statement));
    ck_assert_str_eq(got.data, statements);
    text_free(&got);
    expect_same_stream(dialect, text);
}

#define PG(text, statements) expect(&sql_postgresql, text, statements)
#define LITE(text, statements) expect(&sql_sqlite, text, statements)

static void both(const char *text, const char *statements)
{
    PG(text, statements);
    LITE(text, statements);
}

START_TEST(plain_statements)
{
    both("SELECT 1; SELECT 2;", "SELECT 1|SELECT 2");
    both("SELECT 1 ;\n\nSELECT 2", "SELECT 1|SELECT 2");
    both("a;b;c", "a|b|c");
    both("-- x\nSELECT 1 -- y;\n;-- z", "SELECT 1");
    both("SELECT /* ; */ 1 /* x */;", "SELECT /* ; */ 1");
    both("SELECT ';'; SELECT \";\"", "SELECT ';'|SELECT \";\"");
    both("SELECT 1;\r\nSELECT 2;\r\n", "SELECT 1|SELECT 2");
    both("SELECT (1), (2);x", "SELECT (1), (2)|x");
    both("\xEF\xBB\xBFSELECT 1;", "SELECT 1");
}
END_TEST

START_TEST(nothing_is_no_statement)
{
    both("", "");
    both(" \n ", "");
    both(";;;", "");
    both("; ;-- x\n;/* y */", "");
    both("\xEF\xBB\xBF", "");
    both("SELECT 1;;;SELECT 2; -- end", "SELECT 1|SELECT 2");
}
END_TEST

START_TEST(ends_and_offsets)
{
    const char *text = " a ; /*x*/ b";
    struct sql_splitter splitter;
    struct sql_statement statement;

    sql_split(&splitter, &sql_sqlite, text, strlen(text));
    ck_assert(sql_next(&splitter, &statement));
    ck_assert_uint_eq(statement.offset, 1);
    ck_assert_uint_eq(statement.length, 1);
    ck_assert_uint_eq(statement.end, 4);
    ck_assert_int_eq(statement.kind, SQL_PLAIN);
    ck_assert(sql_next(&splitter, &statement));
    ck_assert_uint_eq(statement.offset, 11);
    ck_assert_uint_eq(statement.end, 12);
}
END_TEST

START_TEST(what_never_ends_is_said)
{
    both("SELECT 'a; SELECT 2;", "!SELECT 'a; SELECT 2;");
    both("SELECT 1; SELECT \"a;", "SELECT 1|!SELECT \"a;");
    PG("SELECT $$a;", "!SELECT $$a;");
    PG("SELECT 1 /* x ;", "!SELECT 1");
    PG("SELECT 1; /* SELECT 2;", "SELECT 1|!"); /* what a comment hides is not passed over in silence */
    LITE("SELECT 1 /* x ;", "SELECT 1");
    LITE("SELECT 1; /* SELECT 2;", "SELECT 1");
    LITE("SELECT [a;", "!SELECT [a;");
    LITE("SELECT `a;", "!SELECT `a;");
}
END_TEST

START_TEST(postgresql_quotes)
{
    PG("SELECT E'\\';'; x", "SELECT E'\\';'|x");
    PG("SELECT 1,E'\\';'; x", "SELECT 1,E'\\';'|x");
    PG("SELECT ae'\\'; x", "SELECT ae'\\'|x");
    PG("SELECT a$x$; b$x$", "SELECT a$x$|b$x$");
    PG("SELECT 1$x$; b$x$", "SELECT 1$x$; b$x$");
    PG("DO $x$ a; b; $x$; c", "DO $x$ a; b; $x$|c");
    PG("DO $$ 'a; $$; c", "DO $$ 'a; $$|c");
    PG("SELECT $1; b", "SELECT $1|b");
    PG("SELECT U&'\\';x", "SELECT U&'\\'|x");
    PG("SELECT e'a'\n'\\';';x", "SELECT e'a'\n'\\';'|x");
    PG("/* /* ; */ ; */ a;b", "a|b");
    PG("SELECT a[1];b", "SELECT a[1]|b");
}
END_TEST

START_TEST(postgresql_parentheses)
{
    PG("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); x",
       "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)|x");
    PG("SELECT 1); SELECT 2", "SELECT 1)|SELECT 2");
    PG("SELECT ((1); x); y); z", "SELECT ((1); x)|y)|z");
    LITE("SELECT (1; SELECT 2", "SELECT (1|SELECT 2");
}
END_TEST

START_TEST(postgresql_atomic_bodies)
{
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; x",
       "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END|x");
    PG("create or replace procedure p() begin /* */ atomic insert into t values (1); end; x",
       "create or replace procedure p() begin /* */ atomic insert into t values (1); end|x");
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END; x",
       "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END|x");
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END END; "
       "END; x",
       "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END END; "
       "END|x");
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2; END; x",
       "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2; END|x");
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT (1; END; 2); END; x",
       "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT (1; END; 2); END|x");
    PG("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;",
       "!CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;");
    PG("CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'x'; y",
       "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'x'|y");
    PG("CREATE TABLE begin (a int); BEGIN; SELECT atomic; END;",
       "CREATE TABLE begin (a int)|BEGIN|SELECT atomic|END");
    PG("CREATE TRIGGER t BEGIN ATOMIC; x; END;", "CREATE TRIGGER t BEGIN ATOMIC|x|END");
}
END_TEST

START_TEST(sqlite_trigger_bodies)
{
    LITE("CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 1; DELETE FROM c; END; x",
         "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET b = 1; DELETE FROM c; END|x");
    LITE("create temp trigger t after insert on a begin select 1; end",
         "create temp trigger t after insert on a begin select 1; end");
    LITE("CREATE /* c */ TEMPORARY TRIGGER IF NOT EXISTS t INSERT ON a BEGIN SELECT 1;\n-- no\nEND\n; x",
         "CREATE /* c */ TEMPORARY TRIGGER IF NOT EXISTS t INSERT ON a BEGIN SELECT 1;\n-- no\nEND|x");
    LITE("CREATE TRIGGER t INSERT ON a WHEN CASE WHEN new.a THEN 1 END BEGIN SELECT CASE 1 WHEN 1 THEN 2 "
         "END; END; x",
         "CREATE TRIGGER t INSERT ON a WHEN CASE WHEN new.a THEN 1 END BEGIN SELECT CASE 1 WHEN 1 THEN 2 "
         "END; END|x");
    LITE("CREATE TRIGGER t INSERT ON a BEGIN SELECT end FROM begin; UPDATE a SET end = 1; END; x",
         "CREATE TRIGGER t INSERT ON a BEGIN SELECT end FROM begin; UPDATE a SET end = 1; END|x");
    LITE("CREATE TRIGGER t INSERT ON a BEGIN SELECT '; END;'; END; x",
         "CREATE TRIGGER t INSERT ON a BEGIN SELECT '; END;'; END|x");
    LITE("CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END",
         "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1; END");
    LITE("CREATE TRIGGER t INSERT ON a BEGIN SELECT 1;", "!CREATE TRIGGER t INSERT ON a BEGIN SELECT 1;");
    LITE("CREATE TRIGGER t; x", "CREATE TRIGGER t|x");
    LITE("CREATE TABLE trigger_begin (begin int); SELECT 1; END; x",
         "CREATE TABLE trigger_begin (begin int)|SELECT 1|END|x");
    LITE("BEGIN; SELECT 1; END;", "BEGIN|SELECT 1|END");
}
END_TEST

static void expect_copy(const char *text, const char *statement_text, const char *data, const char *rest,
                        bool closed)
{
    struct sql_splitter splitter;
    struct sql_statement statement;

    sql_split(&splitter, &sql_postgresql, text, strlen(text));
    ck_assert(sql_next(&splitter, &statement));
    ck_assert_int_eq(statement.kind, SQL_COPY_IN);
    ck_assert_uint_eq(statement.length, strlen(statement_text));
    ck_assert_mem_eq(text + statement.offset, statement_text, statement.length);
    ck_assert_uint_eq(statement.data_length, strlen(data));
    ck_assert_mem_eq(text + statement.data, data, statement.data_length);
    ck_assert_str_eq(text + statement.end, rest);
    ck_assert_int_eq(statement.closed, closed);
    expect_same_stream(&sql_postgresql, text);
}

START_TEST(copy_data)
{
    expect_copy("COPY t FROM stdin;\n1;\t'a\n2\tb\n\\.\n\nSELECT 1;", "COPY t FROM stdin", "1;\t'a\n2\tb\n",
                "\nSELECT 1;", true);
    expect_copy("copy t (a) from STDIN with (format csv); -- rows\r\na,b\r\n\\.\r\nx",
                "copy t (a) from STDIN with (format csv)", "a,b\r\n", "x", true);
    expect_copy("COPY t FROM stdin;\n\\.\n", "COPY t FROM stdin", "", "", true);
    expect_copy("COPY t FROM stdin;\na\n\\.", "COPY t FROM stdin", "a\n", "", true);
    expect_copy("COPY t FROM stdin;\na\n", "COPY t FROM stdin", "a\n", "", true); /* to the end of the text */
    expect_copy("COPY t FROM stdin;\n\\.x\n \\.\n\\\\.\n\\.\ny", "COPY t FROM stdin", "\\.x\n \\.\n\\\\.\n",
                "y", true);
    expect_copy("COPY t FROM stdin;", "COPY t FROM stdin", "", "", true);
    expect_copy("COPY t FROM stdin", "COPY t FROM stdin", "", "", true);
    expect_copy("COPY t FROM stdin; SELECT 1;\na\n\\.\n", "COPY t FROM stdin", "a\n", "", false);
}
END_TEST

START_TEST(copy_without_data)
{
    PG("COPY t FROM '/f'; a", "COPY t FROM '/f'|a");
    PG("COPY t FROM PROGRAM 'x';\na;\n", "COPY t FROM PROGRAM 'x'|a");
    PG("COPY t TO STDOUT;\na", "COPY t TO STDOUT|a");
    LITE("COPY t FROM stdin;\na;b", "COPY t FROM stdin|a|b");
}
END_TEST

START_TEST(meta_commands)
{
    PG("\\set a 'b;c\nSELECT 1;\n  \\echo x; y\r\nSELECT 2", "\\set a 'b;c|SELECT 1|\\echo x; y|SELECT 2");
    PG("\\connect d", "\\connect d");
    PG("SELECT 1; \\gexec\nSELECT 2", "SELECT 1|\\gexec|SELECT 2");
    LITE("\\a;b", "\\a|b");
}
END_TEST

START_TEST(kinds_come_along)
{
    const char *text = "BEGIN; CREATE INDEX CONCURRENTLY i ON t (a); \\x\nCOMMIT";
    const enum sql_kind kinds[] = {SQL_BEGIN, SQL_ALONE, SQL_META, SQL_COMMIT};
    struct sql_splitter splitter;
    struct sql_statement statement;

    sql_split(&splitter, &sql_postgresql, text, strlen(text));
    for (size_t i = 0; i < 4; i++) {
        ck_assert(sql_next(&splitter, &statement));
        ck_assert_int_eq(statement.kind, kinds[i]);
    }
    ck_assert(!sql_next(&splitter, &statement));
}
END_TEST

/* Ends of plain statements found token by token: what the splitter's fast road must find, too. */
static size_t slow_end(const struct sql_dialect *dialect, const char *text, size_t length, size_t offset)
{
    size_t depth = 0;

    for (;;) {
        struct sql_token token = sql_lex(dialect, text, length, offset);

        offset += token.length;
        if (token.kind == SQL_OPEN && dialect->parenthesised_rules)
            depth++;
        if (token.kind == SQL_CLOSE && depth > 0)
            depth--;
        if (token.kind == SQL_END || (token.kind == SQL_SEMICOLON && depth == 0))
            return offset;
    }
}

START_TEST(fast_road_and_tokens_agree)
{
    static const char *const pieces[] = {"'", "'",  "\"", "$", "$$", "$a$", "e", "E'", "U&", "a",       "1",
                                         ";", ";",  "(",  ")", "-",  "--",  "/", "/*", "*/", "\\",      "\n",
                                         " ", "\r", "`",  "[", "]",  "=",   ",", "b1", "x",  "\xC3\xA4"};
    const struct sql_dialect *const dialects[] = {&sql_postgresql, &sql_sqlite};
    uint32_t random = 12345;

    for (int round = 0; round < 30000; round++) {
        const struct sql_dialect *dialect = dialects[round % 2];
        struct text text = {0};
        struct sql_splitter splitter;
        struct sql_statement statement;

        text_add(&text, "x ");
        for (int i = 0; i < 14; i++) {
            random = random * 1664525 + 1013904223;
            text_add(&text, pieces[(random >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        sql_split(&splitter, dialect, text.data, text.length);
        while (sql_next(&splitter, &statement)) {
            if (statement.kind == SQL_META)
                continue;
            ck_assert_msg(statement.end == slow_end(dialect, text.data, text.length, statement.offset),
                          "%s: %s from %zu: %zu", dialect->name, text.data, statement.offset, statement.end);
        }
        text_free(&text);
    }
}
END_TEST

/* Texts that would take minutes if anything were read again and again. */
START_TEST(reading_is_linear)
{
    static const char *const pieces[] = {
        "a$", "'a' ", "((", "/* ", "$a ",    "E'a'\n", "COPY t FROM ", "CREATE ", "ALTER TABLE t ",
        "[",  "--\n", "x;", "\\",  "BEGIN ", "+-"};
    static const char *const heads[] = {"SELECT ",
                                        "COPY ",
                                        "ALTER TABLE ",
                                        "REINDEX (",
                                        "CREATE TRIGGER t BEGIN ",
                                        "CREATE FUNCTION f() BEGIN ATOMIC "};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        for (size_t k = 0; k < sizeof heads / sizeof heads[0]; k++) {
            struct text text = {0};
            struct sql_splitter splitter;
            struct sql_statement statement;

            text_add(&text, heads[k]);
            while (text.length < 100000)
                text_add(&text, pieces[i]);
            sql_split(&splitter, k % 2 ? &sql_postgresql : &sql_sqlite, text.data, text.length);
            while (sql_next(&splitter, &statement))
                ;
            sql_split(&splitter, k % 2 ? &sql_sqlite : &sql_postgresql, text.data, text.length);
            while (sql_next(&splitter, &statement))
                ;
            text_free(&text);
        }
}
END_TEST

UNIT("sql/splitter", plain_statements, nothing_is_no_statement, ends_and_offsets, what_never_ends_is_said,
     postgresql_quotes, postgresql_parentheses, postgresql_atomic_bodies, sqlite_trigger_bodies, copy_data,
     copy_without_data, meta_commands, kinds_come_along, fast_road_and_tokens_agree, reading_is_linear)
