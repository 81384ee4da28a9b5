/* SPDX-License-Identifier: MIT
 * Rollback texts that nobody wrote: when they are made, what they bring back, and what is refused because it would lie. */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A database that holds something, as after a first release. */
static void begin_with(const char *sql)
{
    api_option("generate_down", "on");
    api_file("001_begin.sql", sql);
    api_file("001_begin.down.sql", "SELECT 1;\n");
    API_OK(api_apply());
}

static const char *kept(const char *id)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT coalesce(down_sql, '-') FROM libmigrate_history WHERE event = 'applied' AND id = '%s' ORDER BY seq DESC LIMIT 1", id);
    return api_query(sql);
}

/* A rename leaves quotes behind in SQLite's texts, which say nothing. */
static char *unquoted(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '"')
            *to++ = *from;
    }
    *to = '\0';
    return text;
}

/* Applied and rolled back with the text that was generated: everything is as it was before. */
static void check_leads_back(const char *sql)
{
    char *before = unquoted(api_snapshot());
    api_file("002_next.sql", sql);
    API_OK(api_apply());
    ck_assert_msg(strcmp(api_cell("002_next", "down"), "generated") == 0, "not generated for: %s", sql);
    api_option("stored_down", "allow");
    API_OK(api_rollback(NULL));
    char *after = unquoted(api_snapshot());
    ck_assert_msg(strcmp(before, after) == 0, "%s\nbefore: %s\nafter:  %s", sql, before, after);
    free(before);
    free(after);
    api_remove("002_next.sql");
}

static void check_refused(const char *sql, const char *why)
{
    api_file("002_next.sql", sql);
    API_OK(api_apply());
    ck_assert_msg(strcmp(api_cell("002_next", "down"), "refused") == 0, "not refused: %s", sql);
    ck_assert_str_eq(kept("002_next"), "-");
    api_option("stored_down", "allow");
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_IRREVERSIBLE, "source");
    API_SAYS(why);
}

/* ---- when ---- */

START_TEST(test_auto_not_on_an_empty_database)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_str_eq(kept("001_a"), "-");
    ck_assert_str_eq(kept("002_b"), "-");
    ck_assert_int_eq(api_told("down"), 0);
    api_file("003_c.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    api_file("003_c.down.sql", "DROP TABLE c;\n");
    api_file("004_d.sql", "CREATE TABLE d (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("down"), "source generated");
    ck_assert_int_eq(api_told("down"), 1);
    ck_assert_ptr_nonnull(strstr(kept("004_d"), "DROP TABLE"));
}
END_TEST

START_TEST(test_off)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    api_option("generate_down", "off");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_str_eq(kept("002_b"), "-");
}
END_TEST

START_TEST(test_on_even_on_an_empty_database)
{
    api_option("generate_down", "on");
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_ptr_nonnull(strstr(kept("001_a"), "DROP TABLE"));
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_IRREVERSIBLE, "source"); /* from the history only where that is allowed */
    API_SAYS("stored_down=allow");
    api_option("stored_down", "allow");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_all_in_one_transaction)
{
    begin_with("CREATE TABLE a (id integer PRIMARY KEY);\n");
    api_option("transaction", "run");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    api_file("003_c.sql", "CREATE TABLE c (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("down"), "generated generated");
    api_option("stored_down", "allow");
    API_OK(api_rollback("-2"));
    ck_assert_str_eq(api_tables(), "a");
}
END_TEST

/* ---- what comes back ---- */

START_TEST(test_leads_back)
{
    static const char *const both[] = {
        "ALTER TABLE a ADD COLUMN c integer;\n",
        "CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a (id));\nCREATE INDEX bi ON b (a);\n",
        "CREATE VIEW w AS SELECT n FROM a;\nDROP VIEW v;\n",
        "DROP INDEX i;\n",
        "CREATE TABLE b (id integer);\nINSERT INTO b VALUES (1);\n",
        "-- nothing at all\n",
        "ALTER TABLE a RENAME COLUMN n TO m;\n",
        "ALTER TABLE a RENAME TO z;\n",
    };
    begin_with("CREATE TABLE a (id integer PRIMARY KEY, n text DEFAULT 'x');\nCREATE INDEX i ON a (n);\n"
               "CREATE VIEW v AS SELECT id FROM a;\nINSERT INTO a (id) VALUES (1);\nINSERT INTO a (id) VALUES (2);\n");
    for (size_t i = 0; i < sizeof both / sizeof *both; i++)
        check_leads_back(both[i]);
}
END_TEST

START_TEST(test_leads_back_on_postgresql)
{
    static const char *const changes[] = {
        "ALTER TABLE a ALTER n SET NOT NULL;\n",
        "ALTER TABLE a ALTER n DROP DEFAULT;\n",
        "ALTER TABLE a ALTER id TYPE bigint;\n",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';\n",
        "DROP FUNCTION f();\n",
        "CREATE SCHEMA s;\nCREATE TABLE s.t (x int);\n",
        "COMMENT ON TABLE a IS 'new';\n",
        "ALTER TABLE c INHERIT p;\n",
        "ALTER TABLE o OF y;\n",
        "ALTER TABLE a ADD UNIQUE (n, id);\nALTER TABLE a DROP CONSTRAINT a_id_check;\nALTER TABLE a ADD CONSTRAINT big CHECK (id > 0);\n",
        "GRANT SELECT ON a TO pg_monitor;\n",
        "CREATE INDEX CONCURRENTLY ci ON a (n);\n",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE a ADD COLUMN d date'; END $$;\n",
        "BEGIN;\nALTER TABLE a ADD e int;\nCOMMIT;\nALTER TABLE a ADD f int;\n",
    };
    if (api.engine == API_SQLITE)
        return;
    begin_with("CREATE TABLE a (id integer PRIMARY KEY, n text DEFAULT 'x');\nINSERT INTO a (id) VALUES (1), (2);\n"
               "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';\nCOMMENT ON TABLE a IS 'old';\n"
               "ALTER TABLE a ADD CHECK (id > 0);\nCREATE TABLE p (x int);\nCREATE TABLE c (x int, y int);\n"
               "CREATE TYPE y AS (x int);\nCREATE TABLE o (x int);\n");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        check_leads_back(changes[i]);
}
END_TEST

static int32_t add_table(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "CREATE TABLE by_code (id integer PRIMARY KEY)", NULL);
}

START_TEST(test_code)
{
    migrate_source *source = NULL;
    api_option("generate_down", "on");
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add_code(source, "002_code", "1", add_table, NULL, NULL, NULL), MIGRATE_OK);
    api_source(source);
    API_OK(api_apply());
    ck_assert_str_eq(api_column("down"), "generated");
    api_option("stored_down", "allow");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_tables(), "");
    migrate_source_free(source);
}
END_TEST

/* ---- what is refused ---- */

#define WITH_ROWS                                                                                                                        \
    "CREATE TABLE a (id integer PRIMARY KEY, n text);\nCREATE TABLE empty (id integer PRIMARY KEY, n text);\n"                           \
    "INSERT INTO a VALUES (1, 'x');\n"

START_TEST(test_dropped_table)
{
    begin_with(WITH_ROWS);
    check_leads_back("DROP TABLE empty;\n"); /* nothing was in it */
    check_refused("DROP TABLE a;\n", "data are lost");
}
END_TEST

START_TEST(test_dropped_column)
{
    begin_with(WITH_ROWS);
    check_leads_back("ALTER TABLE empty DROP COLUMN n;\n");
    check_refused("ALTER TABLE a DROP COLUMN n;\n", "data are lost");
}
END_TEST

START_TEST(test_rows_written)
{
    begin_with(WITH_ROWS);
    check_refused("ALTER TABLE a ADD COLUMN c integer;\nUPDATE a SET c = 1;\n", "wrote rows");
}
END_TEST

START_TEST(test_values_cut)
{
    if (api.engine == API_SQLITE)
        return;
    begin_with(WITH_ROWS);
    check_leads_back("ALTER TABLE empty ALTER n TYPE varchar(3);\n");
    check_refused("ALTER TABLE a ALTER n TYPE varchar(3);\n", "values may have been cut");
}
END_TEST

START_TEST(test_enum_value)
{
    if (api.engine == API_SQLITE)
        return;
    begin_with("CREATE TYPE mood AS ENUM ('a', 'b');\n");
    check_refused("ALTER TYPE mood ADD VALUE 'c';\n", "no way back for enum public.mood");
}
END_TEST

START_TEST(test_uncovered)
{
    if (api.engine == API_SQLITE)
        return;
    begin_with(WITH_ROWS);
    check_refused("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor;\n", "facts do not cover");
}
END_TEST

START_TEST(test_sequence_that_was_used)
{
    if (api.engine == API_SQLITE)
        return;
    begin_with("CREATE SEQUENCE s;\nSELECT nextval('s');\nCREATE SEQUENCE fresh;\n");
    check_leads_back("DROP SEQUENCE fresh;\n");
    check_refused("DROP SEQUENCE s;\n", "data are lost");
}
END_TEST

/* The sequence goes, and what it counted to does not. */
START_TEST(test_numbers_go_on)
{
    static const struct {
        const char *begin, *next;
    } ways[] = {
        {"CREATE TABLE t (id serial PRIMARY KEY, a text);\nINSERT INTO t (a) VALUES ('x'), ('y');\n",
         "ALTER TABLE t ALTER id DROP DEFAULT;\nDROP SEQUENCE t_id_seq;\nALTER TABLE t ALTER id ADD GENERATED BY DEFAULT AS IDENTITY;\n"
         "SELECT setval('t_id_seq', 2);\n"},
        {"CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text);\nINSERT INTO t (a) VALUES ('x'), ('y');\n",
         "ALTER TABLE t ALTER id DROP IDENTITY;\nCREATE SEQUENCE t_id_seq AS integer OWNED BY t.id;\n"
         "ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq');\nSELECT setval('t_id_seq', 2);\n"},
    };
    static const char column[] = "SELECT concat_ws('/', is_identity, column_default, pg_get_serial_sequence('t', 'id')) "
                                 "FROM information_schema.columns WHERE table_name = 't' AND column_name = 'id'";
    if (api.engine == API_SQLITE)
        return;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        api_option("stored_down", "allow");
        begin_with(ways[i].begin);
        char *before = strdup(api_query(column));
        api_file("002_next.sql", ways[i].next);
        API_OK(api_apply());
        ck_assert_str_eq(api_cell("002_next", "down"), "generated");
        api_sql("INSERT INTO t (a) VALUES ('z')");
        API_OK(api_rollback(NULL));
        ck_assert_str_eq(api_query(column), before);
        api_sql("INSERT INTO t (a) VALUES ('last')");
        ck_assert_str_eq(api_query("SELECT id FROM t WHERE a = 'last'"), "4");
        free(before);
        api_remove("002_next.sql");
        api_close();
        api_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    }
}
END_TEST

START_TEST(test_failed_migration_keeps_nothing)
{
    begin_with(WITH_ROWS);
    api_file("002_next.sql", "CREATE TABLE b (id integer);\nSELECT nonsense FROM nowhere;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "a empty");
    api_file("002_next.sql", "CREATE TABLE b (id integer);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("down"), "generated");
}
END_TEST

API("down", test_auto_not_on_an_empty_database, test_off, test_on_even_on_an_empty_database, test_all_in_one_transaction, test_leads_back,
    test_leads_back_on_postgresql, test_code, test_dropped_table, test_dropped_column, test_rows_written, test_values_cut, test_enum_value,
    test_uncovered, test_sequence_that_was_used, test_numbers_go_on, test_failed_migration_keeps_nothing)
