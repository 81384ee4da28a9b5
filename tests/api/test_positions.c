/* SPDX-License-Identifier: MIT
 * Where an error is: the file, line and column a person sees in the editor, whatever the file's line ends and
 * characters are, and on whichever way its text went to the database. */
#include "api.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>

/* ---- the shapes of a file ---- */

enum { CRLF = 1, BOM = 2, WIDE = 4, SHAPES = 8 };

#define BAD "SELECT '\xC3\xA9',FROM t;" /* the mistake is at column 12 on both engines */
enum { BAD_LINE = 37, BAD_COLUMN = 12 };

struct sheet {
    char text[16000];
    size_t length;
    int shape;
};

static void sheet_begin(struct sheet *sheet, int shape)
{
    *sheet = (struct sheet){.shape = shape};
    if (shape & BOM)
        sheet->length = (size_t)sprintf(sheet->text, "\xEF\xBB\xBF");
}

static void sheet_line(struct sheet *sheet, const char *line)
{
    sheet->length += (size_t)snprintf(sheet->text + sheet->length, sizeof sheet->text - sheet->length, "%s%s",
                                      line, sheet->shape & CRLF ? "\r\n" : "\n");
    ck_assert_uint_lt(sheet->length, sizeof sheet->text);
}

/* Lines of all kinds, from the first to the one before the mistake. */
static void sheet_fill(struct sheet *sheet, int from)
{
    bool wide = sheet->shape & WIDE;
    for (int line = from; line < BAD_LINE; line++) {
        switch (line % 6) {
        case 0:
            sheet_line(sheet, wide ? "-- Gr\xC3\xB6\xC3\x9F"
                                     "e \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80"
                                   : "-- a comment; with a semicolon");
            break;
        case 1:
            sheet_line(sheet,
                       wide ? "INSERT INTO t (x, y) VALUES (1, '\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E;');"
                            : "INSERT INTO t (x, y) VALUES (1, 'a;');");
            break;
        case 2:
            sheet_line(sheet, "");
            break;
        case 3: /* on four lines */
            if (line + 3 < BAD_LINE) {
                sheet_line(sheet, "UPDATE t /* two");
                sheet_line(sheet, wide ? "  Z\xC3\xA4une */ SET y = 'first" : "  lines */ SET y = 'first");
                sheet_line(sheet, wide ? "s\xF0\x9F\x98\x80"
                                         "cond'"
                                       : "second'");
                sheet_line(sheet, "  WHERE x = 2;");
                line += 3;
                break;
            }
            sheet_line(sheet, "\t");
            break;
        default:
            sheet_line(sheet, wide ? "DELETE FROM t WHERE y = '\xC3\xBC'; SELECT 'a\xCC\x88';"
                                   : "DELETE FROM t WHERE x = 3; SELECT 4;");
        }
    }
}

static void sheet_save(const struct sheet *sheet, const char *path)
{
    api_write(path, sheet->text, sheet->length);
}

/* ---- what every such error says ---- */

static void make_table(void)
{
    api_file("001_t.sql", "CREATE TABLE t (x integer, y text);\nINSERT INTO t VALUES (2, 'here');\n");
    API_OK(api_apply());
}

static void check_syntax_error(int line, int32_t code, const char *path, int column)
{
    char place[400], *json = NULL;
    api_check_failed(__FILE__, line, code, MIGRATE_ERROR_SQL, "source");
    api_check_place(__FILE__, line, path, BAD_LINE, column);
    snprintf(place, sizeof place, "/%s:%d:%d: ", path, BAD_LINE, column);
    if (migrate_options_get(api.options, "dir"))
        api_check_says(__FILE__, line, place, true);
    api_check_says(__FILE__, line, BAD "\n", true);
    snprintf(place, sizeof place, "\n%*s^\n", column - 1, "");
    api_check_says(__FILE__, line, place, true);
    api_check_says(__FILE__, line, API_EITHER("SQLite code 1", "SQLSTATE 42601"), true);
    api_check_says(__FILE__, line, "\nHINT: ", true);
    if (api.engine == API_SQLITE)
        ck_assert_int_eq(migrate_error_driver_code(api.error), 1);
    else
        ck_assert_str_eq(migrate_error_sqlstate(api.error), "42601");
    ck_assert_ptr_nonnull(strstr(migrate_error_statement(api.error), "SELECT '\xC3\xA9',FROM t"));
    ck_assert_ptr_null(strchr(migrate_error_statement(api.error), '\r'));
    ck_assert_int_eq(migrate_error_json(api.error, &json), MIGRATE_OK);
    ck_assert_ptr_nonnull(strstr(json, "\"line\":37"));
    migrate_free(json);
}

/* ---- the mistake in each kind of text, in each shape ---- */

START_TEST(test_up)
{
    make_table();
    char *before = api_snapshot();
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        sheet_begin(&sheet, shape);
        sheet_fill(&sheet, 1);
        sheet_line(&sheet, BAD);
        sheet_line(&sheet, "INSERT INTO t VALUES (9, 'after');");
        sheet_save(&sheet, "007_x.sql");
        check_syntax_error(__LINE__, api_apply(), "007_x.sql", BAD_COLUMN);
        ck_assert_str_eq(migrate_error_id(api.error), "007_x");
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
        ck_assert_str_eq(api_applied(), "001_t");
    }
    free(before);
    api_file("007_x.sql", "INSERT INTO t VALUES (9, 'after');");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT x FROM t ORDER BY x"), "2 9");
}
END_TEST

/* The mistake is the last thing in the file: no line end, no semicolon. */
START_TEST(test_up_at_end)
{
    make_table();
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        sheet_begin(&sheet, shape);
        sheet_fill(&sheet, 1);
        sheet.length += (size_t)sprintf(sheet.text + sheet.length, "SELECT '\xC3\xA9',FROM t");
        sheet_save(&sheet, "007_x.sql");
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("007_x.sql", BAD_LINE, BAD_COLUMN);
    }
}
END_TEST

START_TEST(test_down_file)
{
    make_table();
    api_file("007_x.sql", "INSERT INTO t VALUES (9, 'after');");
    API_OK(api_apply());
    char *before = api_snapshot();
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        sheet_begin(&sheet, shape);
        sheet_fill(&sheet, 1);
        sheet_line(&sheet, BAD);
        sheet_save(&sheet, "007_x.down.sql");
        check_syntax_error(__LINE__, api_rollback(NULL), "007_x.down.sql", BAD_COLUMN);
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
        ck_assert_str_eq(api_applied(), "001_t 007_x");
    }
    free(before);
    api_file("007_x.down.sql", "DELETE FROM t WHERE x = 9;");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
}
END_TEST

/* In a block of plain SQL inside the file. */
START_TEST(test_rollback_block)
{
    make_table();
    api_file("007_x.sql", "INSERT INTO t VALUES (9, 'after');\n");
    API_OK(api_apply());
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        sheet_begin(&sheet, shape);
        sheet_line(&sheet, "INSERT INTO t VALUES (9, 'after');");
        sheet_line(&sheet, "-- ROLLBACK:");
        sheet_fill(&sheet, 3);
        sheet_line(&sheet, BAD);
        sheet_line(&sheet, "DELETE FROM t WHERE x = 9;");
        sheet_line(&sheet, "-- END ROLLBACK");
        sheet_save(&sheet, "007_x.sql");
        check_syntax_error(__LINE__, api_rollback(NULL), "007_x.sql", BAD_COLUMN);
        ck_assert_str_eq(api_query("SELECT x FROM t ORDER BY x"), "2 9");
    }
}
END_TEST

/* In a block of comments, and in a rollback on one line. */
START_TEST(test_rollback_comments)
{
    make_table();
    api_file("007_x.sql", "INSERT INTO t VALUES (9, 'after');\n");
    API_OK(api_apply());
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        for (int one_line = 0; one_line < 2; one_line++) {
            sheet_begin(&sheet, shape);
            sheet_line(&sheet, "INSERT INTO t VALUES (9, 'after');");
            for (int line = 2; line < BAD_LINE - 1; line++)
                sheet_line(&sheet, "");
            sheet_line(&sheet, one_line ? "" : "-- ROLLBACK:");
            sheet_line(&sheet, one_line ? "-- ROLLBACK: " BAD : "-- " BAD);
            sheet_save(&sheet, "007_x.sql");
            API_FAILS(api_rollback(NULL), MIGRATE_ERROR_SQL, "source");
            API_PLACE("007_x.sql", BAD_LINE, BAD_COLUMN + (one_line ? 13 : 3));
            API_SAYS(BAD);
        }
    }
    ck_assert_str_eq(api_applied(), "001_t 007_x");
}
END_TEST

START_TEST(test_memory)
{
    make_table();
    for (int shape = 0; shape < SHAPES; shape++) {
        struct sheet sheet;
        migrate_source *source = NULL;
        sheet_begin(&sheet, shape);
        sheet_fill(&sheet, 1);
        sheet_line(&sheet, BAD);
        API_OK(migrate_source_new(&source, api_error()));
        API_OK(migrate_source_add_file(source, "001_t.sql",
                                       "CREATE TABLE t (x integer, y text);\n"
                                       "INSERT INTO t VALUES (2, 'here');\n",
                                       70, &api.error));
        if (shape % 2)
            API_OK(migrate_source_add_file(source, "007_x.sql", sheet.text, sheet.length, &api.error));
        else
            API_OK(migrate_source_add(source, "007_x", sheet.text, NULL, &api.error));
        api_source(source);
        migrate_source_free(source);
        check_syntax_error(__LINE__, api_apply(), shape % 2 ? "007_x.sql" : "007_x", BAD_COLUMN);
        ck_assert_str_eq(api_applied(), "001_t");
    }
}
END_TEST

START_TEST(test_memory_down)
{
    migrate_source *source = NULL;
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_t", "CREATE TABLE t (x integer);",
                              "DROP TABLE t;\n  DROP TABEL t;", &api.error));
    api_source(source);
    migrate_source_free(source);
    API_OK(api_apply());
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_SQL, "source");
    API_PLACE("001_t", 2, 8);
    ck_assert_str_eq(api_tables(), "t");
}
END_TEST

START_TEST(test_repeatable_and_schema)
{
    api_file("001_t.sql", "CREATE TABLE t (x integer, y text);");
    api_file("schema.sql", "-- migrate: stands-for 001_t\nCREATE TABLE t (\n  x integer,,\n  y text);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("schema.sql", 3, 13);
    ck_assert_str_eq(api_tables(), "");
    api_file("schema.sql", "-- migrate: stands-for 001_t\nCREATE TABLE t (\n  x integer,\n  y text);\n");
    api_file("repeatable/v.sql", "DELETE FROM t;\nDELETE FORM t;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("repeatable/v.sql", 2, 8);
    ck_assert_str_eq(api_applied(), "001_t");
}
END_TEST

/* ---- long texts travel in several messages ---- */

static char *long_text(int lines, int bad, const char *line, size_t *length)
{
    static const char filler[] =
        "INSERT INTO t (x, y) VALUES (1, '\xC3\xA4 long line to fill a message of one mebibyte soon');\n";
    char *text = malloc((size_t)lines * sizeof filler + 1000);
    ck_assert_ptr_nonnull(text);
    *length = 0;
    for (int i = 1; i <= lines; i++)
        *length += (size_t)sprintf(text + *length, "%s", i == bad ? line : filler);
    return text;
}

/* Neither a mistake that stops a whole message nor a failure in the midst of one loses its place. */
START_TEST(test_long)
{
    static const char *const bad[] = {BAD "\n", "  INSERT INTO u VALUES (1);\n"};
    static const int columns[] = {BAD_COLUMN, 3}, places[] = {1, 5000, 17000, 32000};
    api_file("001_t.sql", "CREATE TABLE t (x integer, y text); CREATE TABLE u (x integer PRIMARY KEY);\n"
                          "INSERT INTO u VALUES (1);");
    API_OK(api_apply());
    for (int i = 0; i < 8; i++) {
        size_t length;
        char *text = long_text(32000, places[i / 2], bad[i % 2], &length);
        ck_assert_uint_gt(length, 2 * 1024 * 1024);
        api_write("007_x.sql", text, length);
        free(text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("007_x.sql", places[i / 2], columns[i % 2]);
        ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
        ck_assert_str_eq(api_applied(), "001_t");
    }
    size_t length;
    char *text = long_text(32000, 0, "", &length);
    api_write("007_x.sql", text, length);
    free(text);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "32000");
}
END_TEST

/* One statement that alone is longer than a message. */
START_TEST(test_long_statement)
{
    make_table();
    size_t length;
    char *values = malloc(6500000);
    ck_assert_ptr_nonnull(values);
    length = (size_t)sprintf(values, "INSERT INTO t VALUES\n");
    for (int i = 0; i < 150000; i++)
        length += (size_t)sprintf(values + length, "(%d, '\xC3\xA9 some more text to fill'),\n", i);
    length += (size_t)sprintf(values + length, "  (1, 'x') FORM;\n");
    api_write("007_x.sql", values, length);
    free(values);
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 150002, 12);
    ck_assert_uint_le(strlen(migrate_error_statement(api.error)), 4096);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "1");
}
END_TEST

/* ---- failures for which the database gives no position: the statement's beginning ---- */

START_TEST(test_duplicate_key)
{
    api_file("001_t.sql", "CREATE TABLE t (x integer PRIMARY KEY);");
    API_OK(api_apply());
    api_file("007_x.sql", "INSERT INTO t VALUES (1);\n"
                          "/* not yet */ ; ;\n"
                          "INSERT INTO t VALUES (2); -- nor here\n"
                          "\t-- '\xC3\xA9'\n"
                          "  INSERT INTO t\n"
                          "    VALUES (1);\n"
                          "INSERT INTO t VALUES (3);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 5, 3);
    API_SAYS("  INSERT INTO t\n  ^\n");
    ck_assert_str_eq(migrate_error_statement(api.error), "INSERT INTO t\n    VALUES (1)");
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(migrate_error_sqlstate(api.error), "23505");
    else
        ck_assert_int_eq(migrate_error_driver_code(api.error) & 0xff, 19);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
    ck_assert_str_eq(api_events("failed"), "1");
}
END_TEST

/* Statements that give rows, none, or several results must not confuse the count. */
START_TEST(test_count_of_results)
{
    api_file("001_t.sql", "CREATE TABLE t (x integer PRIMARY KEY);");
    API_OK(api_apply());
    api_file("007_x.sql",
             "SELECT 1;\nSELECT 2 WHERE 1 = 0; SELECT 3;\nSAVEPOINT a;\nINSERT INTO t VALUES (1);\n"
             "RELEASE SAVEPOINT a;\nUPDATE t SET x = x;   INSERT INTO t VALUES (1); SELECT 4;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 6, 23);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
}
END_TEST

START_TEST(test_missing_table)
{
    make_table();
    api_file("007_x.sql", "INSERT INTO t VALUES (3, 'c');\n\nDELETE FROM nowhere;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 3, API_EITHER(1, 13));
    API_SAYS("nowhere");
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
}
END_TEST

/* What never ends would swallow the history's row behind it: it is not even sent. */
START_TEST(test_unfinished)
{
    static const struct {
        const char *text, *words;
        int column;
    } cases[] = {{"SELECT 1;\nINSERT INTO t VALUES (1, 'no end);\nSELECT 2;\n", "string", 26},
                 {"SELECT 1;\nINSERT INTO \"t VALUES (1, 2);\nSELECT 2;\n", "name", 13}};
    make_table();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        api_file("007_x.sql", cases[i].text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("007_x.sql", 2, cases[i].column);
        API_SAYS(cases[i].words);
        ck_assert_str_eq(api_applied(), "001_t");
    }
    if (api.engine == API_POSTGRESQL) {
        api_file("007_x.sql", "INSERT INTO t VALUES (5, 'e');\n /* no end\n");
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("007_x.sql", 2, 2);
        api_file("007_x.sql", "INSERT INTO t VALUES (5, 'e');\nSELECT $a$ no end $b$;\n");
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("007_x.sql", 2, 8);
    } else {
        api_file("007_x.sql", "SELECT 1;\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n  SELECT 1;\n");
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("007_x.sql", 2, 1);
    }
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
}
END_TEST

/* ---- bodies ---- */

START_TEST(test_trigger_body)
{
    if (api.engine != API_SQLITE)
        return;
    make_table();
    api_file("007_x.sql",
             "CREATE TRIGGER g AFTER INSERT ON t BEGIN\n  UPDATE t SET x = 1;\n  DELETE FORM t;\nEND;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 3, 10);
}
END_TEST

/* A failure while the body runs: where DO stands, and the server's own line in the detail. */
START_TEST(test_do_block)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_file("007_x.sql",
             "SELECT 1;\n\n  DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM 1 / 0;\nEND $$;\nSELECT 2;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 3, 3);
    API_SAYS("SQLSTATE 22012");
    API_SAYS("line 4 at PERFORM");
    ck_assert_str_eq(api_applied(), "001_t");
}
END_TEST

START_TEST(test_plpgsql_body)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_file("007_x.sql", "SELECT '\xC3\xA9';\nCREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS "
                          "$body$\nBEGIN\n  RETRUN;\n  IF true THEN\n"
                          "    RETURN;\n  END IF;\nEND\n$body$;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 4, 3);
    api_file("007_x.sql", "DO $$\nBEGIN\n  SELEC 1;\nEND $$;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 3, 3);
    api_file("007_x.sql",
             "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1;\n  SELECT x FORM t';\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 2, 17);
    ck_assert_str_eq(api_applied(), "001_t");
}
END_TEST

/* ---- failures behind the last statement: the file, and no line ---- */

/* On SQLite foreign keys are the host's choice, so it is the host's handle. */
static sqlite3 *open_host(void)
{
    sqlite3 *host = NULL;
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &host), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(host, "PRAGMA foreign_keys = on", NULL, NULL, NULL), SQLITE_OK);
        api_close();
        API_OK(migrate_open_sqlite3(host, api.options, &api.session, api_error()));
    }
    return host;
}

static void close_host(sqlite3 *host)
{
    api_close();
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
}

START_TEST(test_deferred_constraint)
{
    api_file("001_t.sql", "CREATE TABLE p (x integer PRIMARY KEY);\n"
                          "CREATE TABLE c (x integer REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n");
    API_OK(api_apply());
    api_file("007_x.sql", "INSERT INTO c VALUES (1);\nSELECT 1;\n");
    api_file("008_y.sql", "CREATE TABLE y (x integer);");
    sqlite3 *host = open_host();
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("007_x.sql", 0, 0);
    ck_assert_str_eq(migrate_error_id(api.error), "007_x");
    if (api.engine == API_POSTGRESQL)
        API_SAYS("SQLSTATE 23503");
    close_host(host);
    ck_assert_str_eq(api_query("SELECT count(*) FROM c"), "0");
    ck_assert_str_eq(api_applied(), "001_t");
    ck_assert_str_eq(api_events("failed"), "1");
    api_file("007_x.sql", "INSERT INTO c VALUES (1); INSERT INTO p VALUES (1);");
    host = open_host();
    API_OK(api_apply());
    close_host(host);
    ck_assert_str_eq(api_applied(), "001_t 007_x 008_y");
}
END_TEST

/* ---- work outside a transaction ---- */

START_TEST(test_without_transaction)
{
    make_table();
    api_file("007_x.sql", "-- migrate: no-transaction\nINSERT INTO t VALUES (3, 'c');\n\n  DELETE FORM t;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("007_x.sql", 4, 10);
    api_file("007_x.sql", "-- migrate: no-transaction\nINSERT INTO t VALUES (3, 'c');\n\n  DELETE FROM t;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 007_x");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
}
END_TEST

/* ---- mistakes that are found before anything runs ---- */

START_TEST(test_own_rollback)
{
    make_table();
    api_file("007_x.sql", "INSERT INTO t VALUES (3, 'c');\n  ROLLBACK;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("007_x.sql", 2, 3);
    API_SAYS("\n  ROLLBACK;\n  ^\n");
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
}
END_TEST

/* The text of the failure is kept for the next one who looks. */
START_TEST(test_recorded)
{
    make_table();
    api_file("007_x.sql", "SELECT 1;\nSELECT '\xC3\xA9',FROM t;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_OK(api_status());
    ck_assert_str_eq(api_cell("007_x", "state"), "pending");
    ck_assert_ptr_nonnull(strstr(api_cell("007_x", "note"), "007_x.sql:2:12"));
    ck_assert_int_eq(api_told("failed"), 1);
}
END_TEST

API("positions", test_up, test_up_at_end, test_down_file, test_rollback_block, test_rollback_comments,
    test_memory, test_memory_down, test_repeatable_and_schema, test_long, test_long_statement,
    test_duplicate_key, test_count_of_results, test_missing_table, test_unfinished, test_trigger_body,
    test_do_block, test_plpgsql_body, test_deferred_constraint, test_without_transaction, test_own_rollback,
    test_recorded)
