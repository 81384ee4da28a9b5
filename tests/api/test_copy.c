/* SPDX-License-Identifier: MIT
 * What shells read: COPY ... FROM stdin with its data, and the commands that only a shell understands. */
#include "api.h"

#include <libpq-fe.h>

#include <stdio.h>
#include <string.h>

#define TABLE "CREATE TABLE t (a integer PRIMARY KEY, b text);\n"

static void make_table(void)
{
    api_file("001_t.sql", TABLE);
    API_OK(api_apply());
}

/* Nothing of the failed migration is there but its row. */
static void check_nothing(const char *before)
{
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(after);
    ck_assert_str_eq(api_applied(), "001_t");
}

/* ---- data ---- */

START_TEST(test_text)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", TABLE "COPY t (a, b) FROM stdin;\n"
                                "1\tplain\n"
                                "2\t\\N\n"
                                "3\ttab\\there\\nline\n"
                                "4\t\\\\.\n"
                                "5\tsemicolon; 'quote' $$ -- no comment /*\n"
                                "6\t\n"
                                "7\t\\\\N\n"
                                "8\t\xE6\x97\xA5\xE6\x9C\xAC\n"
                                "\\.\n"
                                "INSERT INTO t VALUES (9, 'behind');\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a, quote_nullable(b) FROM t ORDER BY a"),
                     "1|'plain' 2|NULL 3|'tab\there\nline' 4|E'\\\\.' 5|'semicolon; ''quote'' $$ -- no "
                     "comment /*' 6|'' 7|E'\\\\N' 8|'\xE6\x97\xA5\xE6\x9C\xAC' 9|'behind'");
    ck_assert_str_eq(api_applied(), "001_t");
    ck_assert_str_eq(api_events("progress"), "0");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "1");
}
END_TEST

START_TEST(test_csv)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", TABLE "COPY t FROM STDIN WITH (FORMAT csv, HEADER, NULL 'nil');\n"
                                "a,b\n"
                                "1,\"two\nlines; and a \"\"quote\"\"\"\n"
                                "2,nil\n"
                                "3,\"nil\"\n"
                                "4,\"x\\.\"\n"
                                "\\.\n"
                                "copy t from stdin (delimiter '|', format text)\n;\n"
                                "5|bar\\|red\n"
                                "\\.\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"),
                     "1|two\nlines; and a \"quote\" 2|NULL 3|nil 4|x\\. 5|bar|red");
}
END_TEST

/* No data, no end of data, CRLF, and statements in between. */
START_TEST(test_several)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql",
             TABLE "COPY t FROM stdin;\n\\.\n"
                   "COPY t FROM stdin;\n1\tone\n\\.\n\n"
                   "-- between\nUPDATE t SET b = b || '!';\n"
                   "COPY t (b, a) FROM stdin;\ntwo\t2\n\\.\n"
                   "CREATE TABLE u (x integer); /* and */ INSERT INTO u SELECT count(*) FROM t;\n"
                   "COPY u FROM stdin;\n10\n11\n\\.\n\n");
    api_file("002_crlf.sql", "COPY t FROM stdin;\r\n3\tthree\r\n4\tfour\r\n\\.\r\nUPDATE t SET b = b || '?' "
                             "WHERE a = 4;\r\n");
    api_file("003_open.sql", "COPY u FROM stdin;\n12\n13\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"), "1|one! 2|two 3|three 4|four?");
    ck_assert_str_eq(api_query("SELECT x FROM u ORDER BY x"), "2 10 11 12 13");
    ck_assert_str_eq(api_applied(), "001_t 002_crlf 003_open");
}
END_TEST

START_TEST(test_rollback)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", TABLE "INSERT INTO t VALUES (1, 'old');\n");
    api_file("002_block.sql", "COPY t FROM stdin;\n2\ttwo\n\\.\n-- ROLLBACK:\nDELETE FROM t;\nCOPY t FROM "
                              "stdin;\n1\tfrom block\n\\.\n-- END ROLLBACK\n");
    api_file("003_pair.up.sql", "DELETE FROM t WHERE a = 1;\nCOPY t FROM stdin;\n3\tthree\n\\.\n");
    api_file("003_pair.down.sql", "DELETE FROM t WHERE a = 3;\nCOPY t FROM stdin;\n1\tfrom pair\n\\.\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"), "2|two 3|three");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"), "1|from pair 2|two");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"), "1|from block");
    ck_assert_str_eq(api_applied(), "001_t");
    API_OK(api_apply());
    API_OK(api_goto("001"));
    ck_assert_str_eq(api_query("SELECT a, b FROM t ORDER BY a"), "1|from block");
}
END_TEST

/* ---- faults in the data ---- */

START_TEST(test_bad_line)
{
    static const struct {
        const char *text;
        int line;
        const char *says;
    } faults[] = {
        {"COPY t FROM stdin;\n2\ttwo\n3\tthree\textra\n4\tfour\n\\.\n", 3, "22P04"},
        {"COPY t FROM stdin;\n2\ttwo\n3\n\\.\n", 3, "22P04"},
        {"-- a\n\nSELECT 1;\nCOPY t FROM stdin;\n2\ttwo\nx\tthree\n\\.\n", 6, "22P02"},
        {"COPY t FROM stdin;\n2\ttwo\n\\.\nUPDATE t SET b = 'x';\nCOPY t FROM stdin;\n3\tx\n2\ty\n\\.\n", 7,
         "23505"},
        {"COPY t FROM stdin WITH (FORMAT csv);\n2,a\n3,\"a\nb\nc\"\nx,y\n\\.\n", 6, "22P02"},
        {"COPY t FROM stdin CSV HEADER;\na,b\n2,\"x\ny\"\nz,\"p\nq\"\n\\.\n", 6, "22P02"}, /* the record's last line */
        {"COPY t FROM stdin CSV;\r\n2,\"x\r\ny\"\r\n3,z,z\r\n\\.\r\n", 4, "22P04"},
        {"COPY t FROM stdin;\r\n2\ttwo\r\n1\tagain\r\n\\.\r\n", 3, "23505"},
        {"SELECT 1;\n  COPY absent FROM stdin;\n2\ttwo\n\\.\n", 2, "42P01"},
        {"SELECT 1;\nCOPY t FROM stdin WITH (FORMAT strange);\n2\ttwo\n\\.\n", 2, "22023"},
        {"COPY t FROM stdin;\n2\ttwo\n\\.\nSELECT 1;\nINSERT INTO absent VALUES (1);\n", 5, "42P01"},
    };
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_sql("INSERT INTO t VALUES (1, 'here')");
    char *before = api_snapshot();
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        api_file("002_x.sql", faults[i].text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_x.sql", faults[i].line, migrate_error_column(api.error));
        API_SAYS(faults[i].says);
        ck_assert_str_eq(migrate_error_id(api.error), "002_x");
        check_nothing(before);
    }
    api_file("002_x.sql", "COPY t FROM stdin;\n2\ttwo\n\\.\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_x");
    free(before);
}
END_TEST

/* A constraint that is only looked at when all data are there. */
START_TEST(test_deferred)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    char *before = api_snapshot();
    api_file("002_x.sql", "ALTER TABLE t ADD CHECK (a > 0);\nCOPY t FROM stdin;\n1\tone\n-2\tminus\n\\.\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_x.sql", 4, 0);
    check_nothing(before);
    api_file("002_x.sql", "CREATE TABLE c (t integer REFERENCES t DEFERRABLE INITIALLY DEFERRED);\n"
                          "COPY c FROM stdin;\n77\n\\.\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("23503");
    check_nothing(before);
    free(before);
}
END_TEST

START_TEST(test_own_segments)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    api_file("002_x.sql", "BEGIN;\nCOPY t FROM stdin;\n1\tone\n\\.\nCOMMIT;\n"
                          "CREATE INDEX CONCURRENTLY t_b ON t (b);\n"
                          "BEGIN;\nCOPY t FROM stdin;\n2\ttwo\n\\.\nCOMMIT;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2");
    api_file("003_none.sql", "-- migrate: no-transaction\nCOPY t FROM stdin;\n3\tthree\n\\.\nCOPY t FROM "
                             "stdin;\n3\tagain\n\\.\nINSERT INTO t VALUES (4);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("003_none.sql", 6, 0);
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    api_file("003_none.sql", "-- migrate: no-transaction\nCOPY t FROM stdin;\n3\tthree\n\\.\nCOPY t FROM "
                             "stdin;\n5\tagain\n\\.\nINSERT INTO t VALUES (4);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3 4 5");
}
END_TEST

/* ---- where there is no COPY ---- */

static int32_t host_run(const char *sql, size_t length, migrate_result *result, void *user)
{
    PGresult *answer = PQexec(user, sql);
    ExecStatusType status = PQresultStatus(answer);
    int columns = PQnfields(answer);
    (void)length;
    if (columns > 0)
        migrate_result_columns(result, (size_t)columns);
    for (int row = 0; row < PQntuples(answer); row++)
        for (int i = 0; i < columns; i++)
            migrate_result_value(result, PQgetisnull(answer, row, i) ? NULL : PQgetvalue(answer, row, i),
                                 (size_t)PQgetlength(answer, row, i));
    PQclear(answer);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

START_TEST(test_host)
{
    migrate_driver *driver = NULL;
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    char *before = api_snapshot();
    api_file("002_x.sql", "INSERT INTO t VALUES (1, 'one');\n\n  COPY t FROM stdin;\n2\ttwo\n\\.\n");
    PGconn *connection = PQconnectdb(api.url);
    API_OK(migrate_driver_new("postgresql", connection, &driver, api_error()));
    API_OK(migrate_driver_set(driver, "exec", (migrate_function)host_run));
    API_OK(migrate_driver_set(driver, "query", (migrate_function)host_run));
    API_OK(migrate_open_host(driver, api.options, &api.session, api_error()));
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_x.sql", 3, 3);
    API_SAYS("COPY ... FROM stdin");
    API_SAYS("INSERT");
    check_nothing(before);
    api_close();
    migrate_driver_free(driver);
    PQfinish(connection);
    free(before);
}
END_TEST

START_TEST(test_sqlite)
{
    if (api.engine != API_SQLITE)
        return;
    make_table();
    char *before = api_snapshot();
    api_file("002_x.sql", "INSERT INTO t VALUES (1, 'one');\nCOPY t FROM stdin;\n2\ttwo\n\\.\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_x.sql", 2, 1);
    API_SAYS("COPY");
    check_nothing(before);
    free(before);
}
END_TEST

/* ---- commands of the shells ---- */

START_TEST(test_psql_commands)
{
    static const struct {
        const char *line, *name;
        int column;
    } commands[] = {
        {"\\connect other", "\\connect", 1},
        {"\\c other", "\\c ", 1},
        {"\\i more.sql", "\\i ", 1},
        {"  \\ir more.sql", "\\ir", 3},
        {"\\copy t FROM 'x.csv' CSV", "\\copy", 1},
        {"SELECT 'SELECT 1' \\gexec", "\\gexec", 19},
        {"SELECT 1 AS a \\gset", "\\gset", 15},
        {"SELECT 2; \\g", "\\g ", 11},
        {"\\set ON_ERROR_STOP on", "\\set", 1},
        {"\\if true", "\\if", 1},
        {"\\echo done", "\\echo", 1},
        {"\\pset pager off", "\\pset", 1},
        {"\\timing", "\\timing", 1},
        {"\\q", "\\q", 1},
        {"\\unheard_of", "\\unheard_of", 1},
        {"SELECT 1\\; SELECT 2;", "\\; is", 9},
        {"\\! rm -rf /", "\\! is", 1},
        {"\\dt+ t", "\\dt is", 1},
        {"\\lo_import 'x'", "lo_from_bytea", 1},
        {"\\.", "ends the data of COPY", 1},
        {"\\watch 3", "\\watch", 1},
        {"\\", "a lone backslash", 1},
    };
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char text[300];
        snprintf(text, sizeof text, "INSERT INTO t VALUES (1, 'a');\n-- two\n%s\nINSERT INTO t VALUES (2);\n",
                 commands[i].line);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("002_x.sql", 3, commands[i].column);
        API_SAYS(commands[i].name);
        if (commands[i].line[1] != '\0')
            API_SAYS("of psql");
        check_nothing(before);
    }
    free(before);
}
END_TEST

START_TEST(test_psql_variables)
{
    static const char *const texts[] = {"INSERT INTO t VALUES (1, :'name');\n",
                                        "INSERT INTO t VALUES (:number);\n",
                                        "INSERT INTO t (a, :\"column\") VALUES (1, 2);\n"};
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[200];
        snprintf(text, sizeof text, "SELECT 1;\n%s", texts[i]);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_x.sql", 2, strchr(texts[i], ':') - texts[i] + 1);
        API_SAYS("variables of psql");
        check_nothing(before);
    }
    free(before);
}
END_TEST

/* pg_dump's guard against commands in the data says nothing to us. */
START_TEST(test_restrict)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql", "--\n-- dump\n--\n\n\\restrict aZ09\n\nSET statement_timeout = 0;\n" TABLE
                          "COPY t FROM stdin;\n1\tone\n\\.\n\n\\unrestrict aZ09\n\n");
    api_file("002_only.sql", "\\restrict x\n\\unrestrict x\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t"), "1");
    ck_assert_str_eq(api_applied(), "001_t 002_only");
}
END_TEST

START_TEST(test_dot_command)
{
    static const struct {
        const char *line, *name, *hint;
    } commands[] = {
        {".mode csv", ".mode is", "changes nothing"},
        {".headers on", ".headers is", "changes nothing"},
        {".print it's done", ".print is", "changes nothing"},
        {".import x.csv t", ".import is", "INSERT statements"},
        {".read more.sql", ".read is", "included text"},
        {".open other.db", ".open is", "one connection"},
        {".load ./ext", ".load is", "load the extension"},
        {".shell rm x", ".shell is", "no programs"},
        {".param set :a 1", ".param is", "write the values"},
        {".quit", ".quit is", "remove what is not to be run"},
        {".unheard", ".unheard is", "leave it out"},
    };
    if (api.engine != API_SQLITE)
        return;
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char text[200];
        snprintf(text, sizeof text, "INSERT INTO t VALUES (1, 'a');\nVACUUM;\n%s\nINSERT INTO t VALUES (2, 'b');\n",
                 commands[i].line);
        api_file("002_x.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("002_x.sql", 3, 1);
        API_SAYS(commands[i].name);
        API_SAYS("sqlite3 shell");
        API_SAYS(commands[i].hint);
        check_nothing(before);
    }
    free(before);
}
END_TEST

/* ---- encodings ---- */

START_TEST(test_encoding)
{
    static const char *const fine[] = {"SET client_encoding = 'UTF8'", "SET client_encoding TO utf8", "set names 'utf-8'",
                                       "SET SESSION client_encoding = \"UNICODE\"", "SET client_encoding = 'SQL_ASCII'"};
    static const char *const others[] = {"SET client_encoding = 'LATIN1'", "SET NAMES 'WIN1252'", "set client_encoding to EUC_JP"};
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    char *before = api_snapshot();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char text[300];
        snprintf(text, sizeof text, "INSERT INTO t VALUES (3, 'x');\n  %s;\n", others[i]);
        api_file("900_y.sql", text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_PLACE("900_y.sql", 2, 3 + (int)(strrchr(others[i], ' ') + 1 - others[i]));
        API_SAYS("--encoding=UTF8");
        check_nothing(before);
    }
    free(before);
    api_remove("900_y.sql");
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        char text[300];
        snprintf(text, sizeof text, "TRUNCATE t;\n%s;\nINSERT INTO t VALUES (1, 'gr\xc3\xbc\xc3\x9f');\nCOPY t FROM stdin;\n2\t\xc3\xbc\n\\.\n",
                 fine[i]);
        char name[32];
        snprintf(name, sizeof name, "%03zu_x.sql", i + 2);
        api_file(name, text);
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT length(b) FROM t ORDER BY a"), "4 1");
    }
}
END_TEST

API("copy", test_text, test_csv, test_several, test_rollback, test_bad_line, test_deferred, test_own_segments,
    test_host, test_sqlite, test_psql_commands, test_psql_variables, test_restrict, test_dot_command, test_encoding)
