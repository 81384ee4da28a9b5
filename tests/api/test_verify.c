/* SPDX-License-Identifier: MIT
 * Do rollback texts lead back? Every answer that verify has; verify=on in front of a run; a baseline that has to be true. Nothing is ever
 * left of the scratch databases. */
#include "api.h"

#include <libpq-fe.h>
#include <migrate_libpq.h>
#include <migrate_sqlite3.h>
#include <sqlite3.h>

#include <stdio.h>
#include <string.h>

/* On PostgreSQL a role that may do no more than it needs: so its scratch databases can be told from those of others, too. */
static void become_role(void)
{
    char sql[600];
    if (api.engine != API_POSTGRESQL)
        return;
    api_use(api_role());
    snprintf(sql, sizeof sql, "ALTER ROLE \"%s\" CREATEDB", api.database);
    api_sql(sql);
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public TO \"%s\"", api.database);
    api_sql(sql);
}

static void nothing_is_left(void)
{
    char sql[600];
    if (api.engine != API_POSTGRESQL)
        return;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_database WHERE datname LIKE 'libmigrate_scratch_%%' AND datdba = "
             "(SELECT oid FROM pg_roles WHERE rolname = '%s')", api.database);
    ck_assert_str_eq(api_query(sql), "0");
}

static int32_t verify(const char *target)
{
    migrate_error **error = api_error();
    if (!api.session && api_open(NULL) != MIGRATE_OK)
        return migrate_error_code(api.error);
    migrate_rows_free(api.rows);
    api.rows = NULL;
    int32_t code = migrate_verify(api.session, target, &api.rows, error);
    nothing_is_left();
    return code;
}

/* The result of one, and what it says. */
static void is(const char *id, const char *down, const char *result, const char *words)
{
    const char *detail;
    ck_assert_msg(strcmp(api_cell(id, "result"), result) == 0, "%s: %s (%s), not %s", id, api_cell(id, "result"), api_cell(id, "detail"), result);
    ck_assert_str_eq(api_cell(id, "down"), down);
    detail = api_cell(id, "detail");
    if (words)
        ck_assert_msg(detail && strstr(detail, words), "%s: \"%s\" does not say \"%s\"", id, detail ? detail : "", words);
    else
        ck_assert_msg(!detail, "%s: \"%s\"", id, detail);
}

/* Each word that there is for a rollback. */
START_TEST(test_results)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t varchar(20), n integer);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL REFERENCES a (id));\n");
    api_file("003_order.sql", "CREATE TABLE o (x integer, y integer);\n-- ROLLBACK: DROP TABLE o;\n");
    api_file("004_order.sql", "DROP TABLE o; CREATE TABLE o (y integer, x integer);\nINSERT INTO o (x, y) VALUES (1001, 1001);\n"
                              "INSERT INTO o (x, y) VALUES (1002, 1002);\n"
                              "-- ROLLBACK:\n-- DROP TABLE o; CREATE TABLE o (y integer, x integer);\n"
                              "-- INSERT INTO o (x, y) VALUES (1001, 1001);\n-- INSERT INTO o (x, y) VALUES (1002, 1002);\n-- END ROLLBACK\n");
    api_file("005_data.sql", "ALTER TABLE a DROP COLUMN t;\n-- ROLLBACK: ALTER TABLE a ADD COLUMN t varchar(20);\n");
    api_file("006_differs.sql", "ALTER TABLE a ADD COLUMN u integer;\nCREATE INDEX a_u ON a (u);\n-- ROLLBACK: DROP INDEX a_u;\n");
    api_file("007_fails.sql", "CREATE TABLE c (i integer);\n-- ROLLBACK:\nDROP TABLE c;\nDROP TABLE no_such;\n-- END ROLLBACK\n");
    api_file("008_refused.sql", "ALTER TABLE a DROP COLUMN n;\n");
    api_file("009_again.sql", "CREATE TABLE d (i integer UNIQUE);\nCREATE TABLE IF NOT EXISTS kept (i integer);\n"
                              "-- ROLLBACK: DROP TABLE d;\n");
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("001_a", "source", "exact", NULL);
    is("002_b", "generated", "exact", NULL);
    is("003_order", "source", "exact", NULL);
    is("004_order", "source", "order", NULL);
    is("005_data", "source", "data", API_EITHER("rows of \"a\" are not what they were", "rows of public.a are not what they were"));
    is("006_differs", "source", "differs", API_EITHER("column a.u", "column public.a.u"));
    is("007_fails", "source", "fails", "no_such");
    is("008_refused", "none", "refused", "data are lost");
    is("009_again", "source", "differs", "table");
    ck_assert_str_eq(api_cell("007_fails", "line"), "4");
    ck_assert_ptr_nonnull(strstr(api_cell("007_fails", "file"), "007_fails.sql"));
    ck_assert_ptr_nonnull(strstr(api_cell("006_differs", "file"), "006_differs.sql"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 9);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "bad"), 3);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "good"), 6);
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_events("applied"), "0");
}
END_TEST

/* The migration itself; and a rollback behind which it does not run any more. */
START_TEST(test_up)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t text);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_rows.sql", "INSERT INTO a (id, t) VALUES (7, 'x');\n-- ROLLBACK: SELECT 1;\n");
    api_file("003_up.sql", "CREATE TABLE b (id integer);\nCREATE INDEX i ON no_such (id);\n-- ROLLBACK: DROP TABLE b;\n");
    api_file("004_behind.sql", "CREATE TABLE c (id integer);\n");
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("001_a", "source", "exact", NULL);
    is("002_rows", "source", "fails", "up again");
    is("003_up", "source", "up", "no_such");
    is("004_behind", "none", "untried", NULL);
    ck_assert_str_eq(api_cell("003_up", "line"), "2");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "untried"), 1);
}
END_TEST

/* Empty tables hide failures; and made-up rows are no proof of one. */
START_TEST(test_rows)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t text, k integer NOT NULL);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_needed.sql", "ALTER TABLE a DROP COLUMN k;\n-- ROLLBACK: ALTER TABLE a ADD COLUMN k integer NOT NULL;\n");
    api_file("003_values.sql", API_EITHER("CREATE TABLE n (i integer CHECK (typeof(i) = 'integer'));\n"
                                          "INSERT INTO n SELECT t FROM a;\n-- ROLLBACK: DROP TABLE n;\n",
                                          "ALTER TABLE a ALTER t TYPE integer USING t::integer;\n"
                                          "-- ROLLBACK: ALTER TABLE a ALTER t TYPE text;\n"));
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("001_a", "source", "exact", NULL);
    is("002_needed", "source", "fails", API_EITHER("NOT NULL", "null values"));
    is("003_values", "source", "exact", "with made-up rows in the tables the migration does not run");
}
END_TEST

/* Every type takes a value, so that what is lost shows. */
START_TEST(test_types)
{
    become_role();
    api_file("001_all.sql",
             API_EITHER("CREATE TABLE parent (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;\n"
                        "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT CHECK (s IN ('new', 'old')), r REAL NOT NULL, d DATETIME, "
                        "bl BLOB NOT NULL, bo BOOLEAN NOT NULL, a TEXT NOT NULL, b INTEGER NOT NULL, up INTEGER REFERENCES t (id), "
                        "g INTEGER AS (id * 2), FOREIGN KEY (a, b) REFERENCES parent (a, b));\n",
                        "CREATE TYPE mood AS ENUM ('good', 'bad');\nCREATE DOMAIN short AS varchar(3) NOT NULL;\n"
                        "CREATE TABLE parent (a text, b int, PRIMARY KEY (a, b));\n"
                        "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s text NOT NULL CHECK (s IN ('new', 'old')), "
                        "m mood NOT NULL, sh short, n numeric(4,2) NOT NULL, n2 numeric NOT NULL, f float8 NOT NULL, b1 boolean NOT NULL, "
                        "d date NOT NULL, ts timestamptz NOT NULL, tm time NOT NULL, iv interval NOT NULL, u uuid NOT NULL UNIQUE, "
                        "by bytea NOT NULL, j jsonb NOT NULL, i inet NOT NULL, ar text[] NOT NULL, ma mood[] NOT NULL, c char(2) NOT NULL, "
                        "bi bit(3) NOT NULL, r int4range NOT NULL, dr daterange NOT NULL, tv tsvector NOT NULL, p point NOT NULL, "
                        "a text NOT NULL, b int NOT NULL, up bigint REFERENCES t (id), g bigint GENERATED ALWAYS AS (b * 2) STORED, "
                        "FOREIGN KEY (a, b) REFERENCES parent (a, b));\n"));
    api_file("002_lost.sql", "DELETE FROM t;\n-- ROLLBACK: SELECT 1;\n");
    ck_assert_int_eq(verify(NULL), MIGRATE_OK);
    is("001_all", "generated", "exact", NULL);
    is("002_lost", "source", "data", "had 2 rows, and has 0");
}
END_TEST

/* Repeatable migrations, schema.sql, and a part of the list. */
START_TEST(test_behind)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer);\n");
    api_file("repeatable/good.sql", "DROP VIEW IF EXISTS good;\nCREATE VIEW good AS SELECT id FROM a;\n");
    api_file("repeatable/once.sql", "CREATE VIEW once AS SELECT id FROM a;\n");
    api_file("schema.sql", "-- migrate: stands-for 002_b\nCREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABLE b (id integer);\n");
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("good", "none", "exact", NULL);
    is("once", "none", "fails", "once");
    is("schema.sql", "none", "exact", NULL);
    api_remove("repeatable/once.sql");
    api_file("schema.sql", "-- migrate: stands-for 002_b\nCREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABLE b (idd integer);\n");
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("schema.sql", "none", "differs", "is too much");
    ck_assert_ptr_nonnull(strstr(api_cell("schema.sql", "file"), "schema.sql"));
    ck_assert_int_eq(verify("001"), MIGRATE_OK);
    ck_assert_str_eq(api_column("id"), "001_a");
    API_FAILS(verify("-1"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(verify("009"), MIGRATE_ERROR_TARGET, "usage");
    api_option("schema_file", "ignore");
    ck_assert_int_eq(api_goto("001"), MIGRATE_OK);
    ck_assert_int_eq(verify("pending"), MIGRATE_DIFFERS);
    ck_assert_str_eq(api_column("id"), "002_b good schema.sql");
    is("002_b", "generated", "exact", NULL);
}
END_TEST

/* What is not one transaction. */
START_TEST(test_segments)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t integer);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_alone.sql", API_EITHER("PRAGMA foreign_keys = OFF;\nCREATE INDEX i ON a (t);\nVACUUM;\n-- ROLLBACK: DROP INDEX i;\n",
                                         "CREATE INDEX CONCURRENTLY i ON a (t);\n-- ROLLBACK: DROP INDEX CONCURRENTLY i;\n"));
    api_file("003_made.sql", API_EITHER("CREATE INDEX j ON a (t);\nVACUUM;\n", "CREATE INDEX CONCURRENTLY j ON a (t);\n"));
    ck_assert_int_eq(verify(NULL), MIGRATE_OK);
    is("002_alone", "source", "exact", NULL);
    is("003_made", "generated", "exact", NULL);
}
END_TEST

/* ---- verify=on ---- */

START_TEST(test_apply)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t text);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_wrong.sql", "CREATE TABLE b (id integer);\nCREATE TABLE b2 (id integer);\n-- ROLLBACK: DROP TABLE b2;\n");
    api_option("verify", "on");
    API_FAILS(api_apply(), MIGRATE_ERROR_IRREVERSIBLE, "source");
    nothing_is_left();
    API_SAYS("002_wrong");
    API_SAYS("table");
    API_PLACE("002_wrong.sql", 0, 0);
    ck_assert_str_eq(migrate_error_id(api.error), "002_wrong");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_applied(), "");
    api_file("002_wrong.sql", "CREATE TABLE b (id integer);\nCREATE TABLE b2 (id integer);\n-- ROLLBACK: DROP TABLE b2; DROP TABLE b;\n");
    API_OK(api_apply());
    nothing_is_left();
    ck_assert_str_eq(api_tables(), "a b b2");
    api_file("003_up.sql", "CREATE TABLE c (id integer);\nDROP TABLE no_such;\n-- ROLLBACK: DROP TABLE c;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("003_up.sql", 2, 1);
    API_SAYS("nothing was changed");
    ck_assert_str_eq(api_events("failed"), "0");
    api_file("003_up.sql", "CREATE TABLE c (id integer);\n-- ROLLBACK: DROP TABLE cc;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_IRREVERSIBLE, "source");
    API_PLACE("003_up.sql", 2, 14);
    API_FAILS(api_startup("apply"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    api_option("verify", "off");
    API_OK(api_apply());
    nothing_is_left();
}
END_TEST

static int32_t baseline(const char *target)
{
    migrate_error **error = api_error();
    if (!api.session && api_open(NULL) != MIGRATE_OK)
        return migrate_error_code(api.error);
    migrate_rows_free(api.rows);
    api.rows = NULL;
    int32_t code = migrate_baseline(api.session, target, NULL, &api.rows, error);
    nothing_is_left();
    return code;
}

START_TEST(test_baseline)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY, t text);\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer);\n");
    api_file("repeatable/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id FROM a;\n");
    api_sql("CREATE TABLE a (id integer PRIMARY KEY, t text)");
    api_sql("CREATE TABLE schema_migrations (version integer PRIMARY KEY)"); /* another tool's */
    api_sql("CREATE TABLE extra (id integer)");
    api_option("verify", "on");
    API_FAILS(baseline(NULL), MIGRATE_ERROR_SCHEMA, "state");
    API_SAYS("002_b");
    API_SAYS(API_EITHER("table b is missing", "table public.b is missing"));
    API_SAYS(API_EITHER("table extra is too much", "table public.extra is too much"));
    API_SAYS_NOT("schema_migrations");
    ck_assert_str_eq(api_events("baselined"), "0");
    API_FAILS(baseline("001"), MIGRATE_ERROR_SCHEMA, "state");
    API_SAYS_NOT("is missing");
    api_sql("DROP TABLE extra");
    API_OK(baseline("001"));
    ck_assert_str_eq(api_applied(), "001_a");
    API_OK(migrate_mark(api.session, "forgotten", "001_a", "again", NULL, NULL));
    api_sql("CREATE TABLE b (id integer)");
    API_OK(baseline(NULL));
    ck_assert_str_eq(api_applied(), "001_a 002_b");
    API_OK(migrate_mark(api.session, "forgotten", "001_a", "again", NULL, NULL));
    API_OK(migrate_mark(api.session, "forgotten", "002_b", "again", NULL, NULL));
    api_sql("CREATE VIEW v AS SELECT id FROM a"); /* what the repeatable one makes is there already */
    API_OK(baseline(NULL));
}
END_TEST

/* Many differences are told in few lines. */
START_TEST(test_many)
{
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n");
    for (int i = 0; i < 40; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "CREATE TABLE extra%d (id integer)", i);
        api_sql(sql);
    }
    api_option("verify", "on");
    API_FAILS(baseline(NULL), MIGRATE_ERROR_SCHEMA, "state");
    API_SAYS("and 22 more");
}
END_TEST

/* ---- the host's connection, and code ---- */

static int32_t make_table(migrate_connection *connection, void *user)
{
    return migrate_connection_exec(connection, user, NULL);
}

START_TEST(test_code)
{
    static char up[] = "CREATE TABLE k (id integer)", down[] = "DROP TABLE k";
    migrate_source *source = NULL;
    become_role();
    ck_assert_int_eq(migrate_source_new(&source, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add_code(source, "001_k", "1", make_table, NULL, up, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_source_add(source, "002_m", "CREATE TABLE m (id integer)", down, NULL), MIGRATE_OK);
    api_source(source);
    api_option("dir", NULL);
    ck_assert_int_eq(verify(NULL), MIGRATE_DIFFERS);
    is("001_k", "generated", "exact", NULL);
    is("002_m", "source", "differs", "k");
    migrate_source_free(source);
}
END_TEST

START_TEST(test_handle)
{
    migrate_session *session = NULL;
    migrate_rows *rows = NULL;
    sqlite3 *sqlite = NULL;
    PGconn *pq = NULL;
    become_role();
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP TABLE a;\n");
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &sqlite), SQLITE_OK);
        API_OK(migrate_open_sqlite3(sqlite, api.options, &session, api_error()));
    } else {
        pq = PQconnectdb(api.url);
        API_OK(migrate_open_libpq(pq, api.options, &session, api_error()));
    }
    API_OK(migrate_verify(session, NULL, &rows, api_error()));
    ck_assert_str_eq(migrate_rows_text(rows, 0, 2), "exact");
    nothing_is_left();
    migrate_rows_free(rows);
    migrate_close(session);
    sqlite3_close(sqlite);
    PQfinish(pq);
}
END_TEST

API("verify", test_results, test_up, test_rows, test_types, test_behind, test_segments, test_apply, test_baseline, test_many, test_code,
    test_handle)
