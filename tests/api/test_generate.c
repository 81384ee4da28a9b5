/* SPDX-License-Identifier: MIT
 * Migrations that are generated: from the schema as it is to the one that is wanted, and back, on a database with rows; what is left out
 * or loses something is told. */
#include "api.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static char *copy(const char *text)
{
    char *made = text ? strdup(text) : NULL;
    ck_assert_ptr_nonnull(made);
    return made;
}

static const char *value(const char *name)
{
    return migrate_rows_value_text(api.rows, name);
}

static int32_t generate(const char *to)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_generate(api.session, to, &api.rows, api_error());
}

static int32_t generate_down(const char *id)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_generate_down(api.session, id, &api.rows, api_error());
}

static char *fingerprint(void)
{
    migrate_rows *rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    API_OK(migrate_snapshot(api.session, &rows, api_error()));
    char *text = copy(migrate_rows_value_text(rows, "fingerprint"));
    migrate_rows_free(rows);
    return text;
}

static void empty(void)
{
    api_close();
    api_remove("001_begin.sql");
    if (api.engine == API_SQLITE)
        ck_assert_int_eq(remove(api.database), 0);
    else
        api_sql("DROP SCHEMA IF EXISTS app CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

/* ---- edits of a schema ---- */

struct edit {
    const char *what, *begin, *rows, *wanted;
    const char *kept; /* what has to read the same before, behind and after the way back */
    const char *then; /* ... behind it, where names are others; NULL: the same */
    bool loses;
};

#define A_BEGIN "CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10))"
#define A_ROWS "INSERT INTO a VALUES (1, 10, 'x'), (2, 20, 'y')"
#define A_KEPT "SELECT id, n, s FROM a ORDER BY id"

static const struct edit both[] = {
    {"a column", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), more varchar(3))", A_KEPT, NULL, false},
    {"a column that rows must have", A_BEGIN, A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), more integer NOT NULL DEFAULT 5)", A_KEPT, NULL, false},
    {"a table", A_BEGIN, A_ROWS, A_BEGIN "; CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a (id) ON DELETE CASCADE)", A_KEPT,
     NULL, false},
    {"tables that need each other's columns", A_BEGIN, A_ROWS,
     "CREATE TABLE z (id integer PRIMARY KEY); CREATE TABLE b (id integer PRIMARY KEY, z integer REFERENCES z (id)); "
     "CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), b integer REFERENCES b (id))", A_KEPT, NULL, false},
    {"indexes", A_BEGIN "; CREATE INDEX old ON a (n)", A_ROWS,
     A_BEGIN "; CREATE UNIQUE INDEX fresh ON a (s, n); CREATE INDEX part ON a (lower(s)) WHERE n > 5", A_KEPT, NULL, false},
    {"a view of a view", A_BEGIN "; CREATE VIEW v AS SELECT id FROM a; CREATE VIEW w AS SELECT id FROM v", A_ROWS,
     A_BEGIN "; CREATE VIEW v AS SELECT id, n FROM a; CREATE VIEW w AS SELECT id, n FROM v", A_KEPT, NULL, false},
    {"a column goes", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer PRIMARY KEY, s varchar(10))", "SELECT id, s FROM a ORDER BY id", NULL, true},
    {"a table goes", A_BEGIN "; CREATE TABLE b (x integer)", A_ROWS "; INSERT INTO b VALUES (1)", A_BEGIN, A_KEPT, NULL, true},
    {"a column by another name", A_BEGIN, A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, number integer, -- renamed-from: n\n s varchar(10))", A_KEPT, "SELECT id, number, s FROM a ORDER BY id",
     false},
    {"a table by another name", A_BEGIN "; CREATE INDEX i ON a (n)", A_ROWS,
     "-- renamed-from: a\nCREATE TABLE people (id integer PRIMARY KEY, n integer, s varchar(10)); CREATE INDEX i ON people (n)", A_KEPT,
     "SELECT id, n, s FROM people ORDER BY id", false},
    {"a table and its column by other names", A_BEGIN "; CREATE VIEW v AS SELECT n FROM a", A_ROWS,
     "-- renamed-from: a\nCREATE TABLE people (id integer PRIMARY KEY,\n -- renamed-from: n\n number integer, s varchar(10)); "
     "CREATE VIEW v AS SELECT number AS n FROM people", A_KEPT, "SELECT id, number, s FROM people ORDER BY id", false},
    {"a name that was given long ago", A_BEGIN, A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, n integer, -- renamed-from: before_that\n s varchar(10), t varchar(3))", A_KEPT, NULL, false},
    {"a check", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), CONSTRAINT positive CHECK (n > 0))", A_KEPT, NULL,
     false},
    {"a column must be there", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL, s varchar(10))", A_KEPT, NULL, false},
    {"another default", "CREATE TABLE a (id integer PRIMARY KEY, n integer DEFAULT 1, s varchar(10))", A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, n integer DEFAULT 2, s varchar(10))", A_KEPT, NULL, false},
    {"an unique constraint", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer PRIMARY KEY, n integer UNIQUE, s varchar(10))", A_KEPT, NULL, false},
    {"a foreign key on what is there", A_BEGIN "; CREATE TABLE b (id integer PRIMARY KEY, a integer)", A_ROWS "; INSERT INTO b VALUES (1, 1)",
     A_BEGIN "; CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a (id))", A_KEPT, NULL, false},
};

static const struct edit postgresql[] = {
    {"a wider type", A_BEGIN "; CREATE VIEW v AS SELECT n FROM a; CREATE INDEX i ON a (n)", A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, n bigint, s text); CREATE VIEW v AS SELECT n FROM a; CREATE INDEX i ON a (n)", A_KEPT, NULL, false},
    {"a value of an enum", "CREATE TYPE mood AS ENUM ('a', 'c'); CREATE TABLE a (id int PRIMARY KEY, m mood DEFAULT 'a')",
     "INSERT INTO a VALUES (1, 'c')", "CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE a (id int PRIMARY KEY, m mood DEFAULT 'a')",
     "SELECT id, m FROM a", NULL, false},
    {"a value of an enum that is used at once", "CREATE TYPE mood AS ENUM ('a', 'c'); CREATE TABLE a (id int PRIMARY KEY, m mood, gone int)",
     "INSERT INTO a VALUES (1, 'c', 1)",
     "CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE a (id int PRIMARY KEY, m mood DEFAULT 'b', CHECK (m <> 'b' OR id > 0)); "
     "CREATE VIEW v AS SELECT id FROM a WHERE m = 'b'",
     "SELECT id, m FROM a", NULL, true},
    {"functions and triggers",
     A_BEGIN "; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; "
             "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()", A_ROWS,
     A_BEGIN "; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n = 1; -- one\nRETURN NEW; END $$; "
             "CREATE FUNCTION g(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1'; "
             "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()", A_KEPT, NULL, false},
    {"a schema, a domain, a sequence, a comment", A_BEGIN, A_ROWS,
     A_BEGIN "; CREATE SCHEMA app; CREATE DOMAIN app.positive AS int CHECK (VALUE > 0); CREATE TABLE app.t (id serial PRIMARY KEY, p app.positive); "
             "CREATE SEQUENCE app.s; COMMENT ON TABLE a IS 'it''s'", A_KEPT, NULL, false},
    {"partitions", A_BEGIN, A_ROWS,
     A_BEGIN "; CREATE TABLE p (id int, d date) PARTITION BY RANGE (d); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); "
             "CREATE INDEX ON p (d)", A_KEPT, NULL, false},
    {"a materialized view with an index", A_BEGIN "; CREATE MATERIALIZED VIEW m AS SELECT id FROM a; CREATE INDEX mi ON m (id)", A_ROWS,
     A_BEGIN "; CREATE MATERIALIZED VIEW m AS SELECT id, n FROM a; CREATE INDEX mi ON m (id)", A_KEPT, NULL, false},
    {"policies", A_BEGIN, A_ROWS, A_BEGIN "; ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY y ON a USING (n > 1)", A_KEPT, NULL, false},
    {"another table to inherit from", A_BEGIN "; CREATE TABLE b (id integer, more integer)", A_ROWS "; INSERT INTO b VALUES (3, 4)",
     A_BEGIN "; CREATE TABLE p (id integer); CREATE TABLE b (id integer, more integer) INHERITS (p)", "SELECT id, more FROM b", NULL, false},
    {"a table of a type", A_BEGIN "; CREATE TYPE y AS (x integer); CREATE TABLE b (x integer)", A_ROWS "; INSERT INTO b VALUES (3)",
     A_BEGIN "; CREATE TYPE y AS (x integer); CREATE TABLE b OF y", "SELECT x FROM b", NULL, false},
    {"a partition more", A_BEGIN "; CREATE TABLE p (id int, d int) PARTITION BY LIST (d); CREATE TABLE q (id int, d int)",
     A_ROWS "; INSERT INTO q VALUES (1, 2)",
     A_BEGIN "; CREATE TABLE p (id int, d int) PARTITION BY LIST (d); CREATE TABLE q PARTITION OF p FOR VALUES IN (2)", "SELECT id, d FROM q", NULL,
     false},
    {"an identity column", A_BEGIN, A_ROWS, "CREATE TABLE a (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n integer, s varchar(10))", A_KEPT,
     NULL, false},
};

static const struct edit sqlite[] = {
    {"another type", A_BEGIN "; CREATE VIEW v AS SELECT n FROM a; CREATE INDEX i ON a (n)", A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY, n numeric, s text); CREATE VIEW v AS SELECT n FROM a; CREATE INDEX i ON a (n)", A_KEPT, NULL, false},
    {"a trigger", A_BEGIN "; CREATE TABLE b (x)", A_ROWS,
     A_BEGIN "; CREATE TABLE b (x); CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (NEW.id); END", A_KEPT, NULL, false},
    {"strict, and numbers that are never used twice", A_BEGIN, A_ROWS,
     "CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT, n integer, s text COLLATE NOCASE) STRICT", A_KEPT, NULL, false},
    {"a rebuild of what others refer to", A_BEGIN "; CREATE TABLE b (id integer PRIMARY KEY, a REFERENCES a (id) ON DELETE CASCADE)",
     A_ROWS "; INSERT INTO b VALUES (1, 1)",
     "CREATE TABLE a (id integer PRIMARY KEY, n integer NOT NULL, s varchar(10)); "
     "CREATE TABLE b (id integer PRIMARY KEY, a REFERENCES a (id) ON DELETE CASCADE)", "SELECT count(*) FROM b", NULL, false},
    {"a virtual table", A_BEGIN, A_ROWS, A_BEGIN "; CREATE VIRTUAL TABLE words USING fts5 (body)", A_KEPT, NULL, false},
};

/* Up with rows in it, exactly there; down, exactly back; nothing is lost that is not said. */
static void check_edit(const struct edit *edit)
{
    api_file("001_begin.sql", edit->begin);
    API_OK(api_apply());
    api_sql(edit->rows);
    char *before = fingerprint(), *kept = copy(api_query(edit->kept));
    ck_assert_msg(generate(edit->wanted) == MIGRATE_DIFFERS, "%s: %s", edit->what, api.error ? migrate_error_message(api.error) : "no difference");
    ck_assert_msg(migrate_rows_count(api.rows) == 0, "%s: left out: %s: %s", edit->what, api_column("ident"), api_column("reason"));
    ck_assert_msg(migrate_rows_value_int(api.rows, "proven"), "%s: not proven:\n%s", edit->what, value("up"));
    ck_assert_msg(migrate_rows_value_int(api.rows, "loses") == edit->loses, "%s: loses?\n%s", edit->what, value("up"));
    ck_assert_msg((strstr(value("up"), "-- loses data: ") != NULL) == edit->loses, "%s: not told:\n%s", edit->what, value("up"));
    bool back = *value("down") != '\0';
    ck_assert_msg(back || strstr(edit->what, "enum"), "%s: no way back: %s", edit->what, value("down_refused"));
    char *up = copy(value("up")), *down = copy(value("down"));
    api_file("002_next.up.sql", up);
    if (back)
        api_file("002_next.down.sql", down);
    int32_t code = api_apply();
    ck_assert_msg(code == MIGRATE_OK, "%s: %s\n%s", edit->what, api.error ? migrate_error_message(api.error) : "", up);
    ck_assert_msg(generate(edit->wanted) == MIGRATE_OK, "%s: still to do:\n%s", edit->what, value("up"));
    ck_assert_msg(strcmp(api_query(edit->then ? edit->then : edit->kept), kept) == 0, "%s: rows changed:\n%s", edit->what, up);
    if (back) {
        code = api_rollback(NULL);
        ck_assert_msg(code == MIGRATE_OK, "%s: back: %s\n%s", edit->what, api.error ? migrate_error_message(api.error) : "", down);
        char *after = fingerprint();
        ck_assert_msg(strcmp(before, after) == 0, "%s: not back:\n%s", edit->what, down);
        ck_assert_msg(strcmp(api_query(edit->kept), kept) == 0, "%s: rows changed on the way back:\n%s", edit->what, down);
        free(after);
        api_remove("002_next.down.sql");
    }
    api_remove("002_next.up.sql");
    free(up);
    free(down);
    free(before);
    free(kept);
    empty();
}

/* In parts: each edit takes scratch databases, and a test has so much time. */
static void check_part(const struct edit *edits, size_t count, size_t part)
{
    for (size_t i = part; i < count; i += 3)
        check_edit(&edits[i]);
}

START_TEST(test_edits)
{
    check_part(both, sizeof both / sizeof *both, 0);
}
END_TEST

START_TEST(test_more_edits)
{
    check_part(both, sizeof both / sizeof *both, 1);
}
END_TEST

START_TEST(test_most_edits)
{
    check_part(both, sizeof both / sizeof *both, 2);
}
END_TEST

static void check_engine(size_t part)
{
    check_part(API_EITHER(sqlite, postgresql), API_EITHER(sizeof sqlite / sizeof *sqlite, sizeof postgresql / sizeof *postgresql), part);
}

START_TEST(test_edits_of_the_engine)
{
    check_engine(0);
    check_engine(1);
}
END_TEST

START_TEST(test_more_edits_of_the_engine)
{
    check_engine(2);
}
END_TEST

/* What there is no way for is left out and named; the way back begins where the rest leads. */
START_TEST(test_left_out)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_begin.sql", "CREATE TYPE mood AS ENUM ('a', 'b', 'c');\nCREATE TABLE a (id int PRIMARY KEY, m mood);\n");
    API_OK(api_apply());
    api_sql("INSERT INTO a VALUES (1, 'c')");
    char *before = fingerprint();
    ck_assert_int_eq(generate("CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE a (id int PRIMARY KEY, m mood, n int)"), MIGRATE_DIFFERS);
    ck_assert_str_eq(api_column("ident"), "public.mood");
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "proven"), 0);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "down_proven"), 1);
    char *up = copy(value("up")), *down = copy(value("down"));
    api_file("002_next.up.sql", up);
    api_file("002_next.down.sql", down);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(n), min(m::text) FROM a"), "0|c");
    API_OK(api_rollback(NULL));
    char *after = fingerprint();
    ck_assert_str_eq(before, after);
    free(up);
    free(down);
    free(before);
    free(after);
}
END_TEST

/* ---- what counts for a column goes on ---- */

#define NUMBERED(type) "CREATE TABLE a (id " type " PRIMARY KEY, n integer)"

/* Numbers of rows that are gone count, too; a row comes behind each way. */
static void check_numbers(const char *begin, const char *wanted, const char *rows, const char *behind_up, const char *behind_down)
{
    api_file("001_begin.sql", begin);
    API_OK(api_apply());
    api_sql(rows);
    char *before = fingerprint();
    ck_assert_int_eq(generate(wanted), MIGRATE_DIFFERS);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "proven"), 1);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "down_proven"), 1);
    char *up = copy(value("up")), *down = copy(value("down"));
    api_file("002_next.up.sql", up);
    api_file("002_next.down.sql", down);
    API_OK(api_apply());
    api_sql("INSERT INTO a (n) VALUES (8)");
    ck_assert_msg(strcmp(api_query("SELECT id FROM a WHERE n = 8"), behind_up) == 0, "%s, to\n%s", begin, up);
    API_OK(api_rollback(NULL));
    char *after = fingerprint();
    ck_assert_str_eq(before, after);
    if (behind_down) {
        api_sql("INSERT INTO a (n) VALUES (9)");
        ck_assert_msg(strcmp(api_query("SELECT id FROM a WHERE n = 9"), behind_down) == 0, "%s, back\n%s", begin, down);
    }
    api_remove("002_next.up.sql");
    api_remove("002_next.down.sql");
    free(up);
    free(down);
    free(before);
    free(after);
    empty();
}

START_TEST(test_numbers_go_on)
{
    static const char rows[] = "INSERT INTO a (n) VALUES (1), (2), (3); DELETE FROM a WHERE n = 3";
    if (api.engine == API_SQLITE)
        return;
    check_numbers(NUMBERED("serial"), NUMBERED("integer GENERATED BY DEFAULT AS IDENTITY"), rows, "4", "5");
    check_numbers(NUMBERED("bigint GENERATED ALWAYS AS IDENTITY"), NUMBERED("bigserial"), rows, "4", "5");
    check_numbers(NUMBERED("integer"), NUMBERED("serial"), "INSERT INTO a VALUES (7, 1)", "8", NULL);
    check_numbers(NUMBERED("integer"), NUMBERED("integer GENERATED ALWAYS AS IDENTITY"), "INSERT INTO a VALUES (7, 1)", "8", NULL);
}
END_TEST

/* A big table is not locked while its key is made anew, only because that has the table's name. */
START_TEST(test_names_follow)
{
    if (api.engine == API_SQLITE)
        return;
    api_file("001_begin.sql", NUMBERED("serial") "; CREATE INDEX ON a (n); ALTER TABLE a ADD CHECK (n > 0), ADD UNIQUE (n)");
    API_OK(api_apply());
    api_sql("INSERT INTO a (n) VALUES (1)");
    char *before = fingerprint(), *keys = copy(api_query("SELECT indexrelid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1"));
    ck_assert_int_eq(generate("-- renamed-from: a\nCREATE TABLE people (id serial PRIMARY KEY, n integer UNIQUE CHECK (n > 0)); "
                              "CREATE INDEX ON people (n)"), MIGRATE_DIFFERS);
    ck_assert_ptr_null(strstr(value("up"), "DROP "));
    ck_assert_ptr_null(strstr(value("down"), "DROP "));
    char *up = copy(value("up")), *down = copy(value("down"));
    api_file("002_next.up.sql", up);
    api_file("002_next.down.sql", down);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT indexrelid FROM pg_index WHERE indrelid = 'people'::regclass ORDER BY 1"), keys);
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_query("SELECT indexrelid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1"), keys);
    char *after = fingerprint();
    ck_assert_str_eq(before, after);
    free(up);
    free(down);
    free(keys);
    free(before);
    free(after);
}
END_TEST

/* ---- where it begins ---- */

START_TEST(test_begins_where_migrations_lead)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer PRIMARY KEY);\n");
    API_OK(api_apply());
    ck_assert_int_eq(generate("CREATE TABLE a (id integer PRIMARY KEY)"), MIGRATE_OK);
    ck_assert_str_eq(value("from"), "database");
    ck_assert_str_eq(value("up"), "");
    ck_assert_str_eq(value("down"), "");
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "changes"), 0);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "proven"), 1);
    api_file("002_b.sql", "CREATE TABLE b (id integer PRIMARY KEY);\n");
    ck_assert_int_eq(generate("CREATE TABLE a (id integer PRIMARY KEY); CREATE TABLE c (id integer PRIMARY KEY)"), MIGRATE_DIFFERS);
    ck_assert_str_eq(value("from"), "migrations");
    ck_assert_ptr_nonnull(strstr(value("up"), "loses data: table "));
    ck_assert_ptr_nonnull(strstr(value("up"), "CREATE TABLE "));
    ck_assert_ptr_nonnull(strstr(value("down"), "what was in table "));
    ck_assert_str_eq(api_tables(), "a"); /* nothing was run here */
    ck_assert_str_eq(api_applied(), "001_a");
}
END_TEST

/* A first migration, where there is nothing. */
START_TEST(test_from_nothing)
{
    ck_assert_int_eq(generate("CREATE TABLE a (id integer PRIMARY KEY)"), MIGRATE_DIFFERS);
    ck_assert_ptr_nonnull(strstr(value("down"), "DROP TABLE"));
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* ---- what is wanted ---- */

static int32_t declare(migrate_connection *connection, void *user)
{
    return migrate_connection_exec(connection, user, NULL) == MIGRATE_OK ? 0 : 1;
}

START_TEST(test_declared)
{
    static char sql[] = "CREATE TABLE made (id integer PRIMARY KEY)";
    API_FAILS(generate(NULL), MIGRATE_ERROR_OPTION, "usage");
    api_close();
    API_OK(migrate_options_set_declared(api.options, NULL, declare, sql, api_error()));
    ck_assert_int_eq(generate(NULL), MIGRATE_DIFFERS);
    ck_assert_ptr_nonnull(strstr(value("up"), "made"));
    api_close();
    API_OK(migrate_options_set_declared(api.options, "CREATE TABLE told (id integer PRIMARY KEY)", NULL, NULL, api_error()));
    ck_assert_int_eq(generate(NULL), MIGRATE_DIFFERS);
    ck_assert_ptr_nonnull(strstr(value("up"), "told"));
    api_close();
    API_OK(migrate_options_set_declared(api.options, NULL, NULL, NULL, api_error()));
    api_option("declared", "no/such/file.sql");
    API_FAILS(generate(NULL), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("no/such/file.sql");
}
END_TEST

START_TEST(test_bad_sql)
{
    char path[600];
    API_FAILS(generate("CREATE TABLE a (id integer);\nCREATE TABLE b (id nonsense(;\n"), MIGRATE_ERROR_SQL, "source");
    api_file("x/schema.sql", "CREATE TABLE a (id integer);\n\n  CREATE TABLE a (id integer);\n");
    snprintf(path, sizeof path, "%s/x/schema.sql", api.dir);
    api_close();
    api_option("declared", path);
    API_FAILS(generate(NULL), MIGRATE_ERROR_SQL, "source");
    API_PLACE(path, 3, API_EITHER(16, 3));
    ck_assert_str_eq(api_tables(), "");
    api_file("x/schema.sql", "CREATE TABLE a (id integer);\n-- renamed-from: z\nCREATE INDEX i ON a (id);\n");
    api_close();
    API_FAILS(generate(NULL), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE(path, 2, 1);
}
END_TEST

START_TEST(test_url)
{
    char url[700];
    if (api.engine == API_SQLITE) {
        snprintf(url, sizeof url, "sqlite:%s.other", api.database);
        API_FAILS(generate(url), MIGRATE_ERROR_NO_DATABASE, "environment");
        API_FAILS(generate("postgresql://127.0.0.1:1/none"), MIGRATE_ERROR_CONNECT, "retry");
    } else {
        snprintf(url, sizeof url, "%s", api_url_with(NULL, NULL, NULL));
        API_FAILS(generate("sqlite::memory:"), MIGRATE_ERROR_URL, "usage");
        API_SAYS("engine");
    }
    api_sql(A_BEGIN);
    api_sql(A_ROWS);
    /* The database itself is at its own schema. */
    snprintf(url, sizeof url, "%s", api.url);
    ck_assert_int_eq(generate(url), MIGRATE_OK);
    api_file("001_begin.sql", "CREATE TABLE z (id integer PRIMARY KEY);\n");
    api_close();
    ck_assert_int_eq(generate(url), MIGRATE_DIFFERS); /* from where the migrations lead */
    ck_assert_str_eq(value("from"), "migrations");
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "proven"), 1);
    ck_assert_ptr_nonnull(strstr(value("up"), "CREATE TABLE "));
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "down_proven"), 1);
}
END_TEST

/* What works on empty tables alone is marked. */
START_TEST(test_lacking)
{
    api_file("001_begin.sql", A_BEGIN);
    API_OK(api_apply());
    ck_assert_int_eq(generate("CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), must integer NOT NULL)"), MIGRATE_DIFFERS);
    ck_assert_ptr_nonnull(strstr(value("up"), "-- fails if the table has rows, which have no value for it: column "));
    ck_assert_int_eq(generate("CREATE TABLE a (id integer PRIMARY KEY, n integer, s varchar(10), must integer NOT NULL DEFAULT 1)"), MIGRATE_DIFFERS);
    ck_assert_ptr_null(strstr(value("up"), "-- fails"));
}
END_TEST

/* Columns in the middle come last: told, and no difference. */
START_TEST(test_column_order)
{
    api_file("001_begin.sql", A_BEGIN);
    API_OK(api_apply());
    ck_assert_int_eq(generate("CREATE TABLE a (s varchar(10), id integer PRIMARY KEY, n integer)"), MIGRATE_OK);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "column_order"), 1);
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "changes"), 0);
}
END_TEST

START_TEST(test_cancel)
{
    migrate_token *token = NULL;
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    API_OK(api_open(NULL));
    migrate_token_cancel(token);
    API_FAILS(generate("CREATE TABLE a (id integer)"), MIGRATE_ERROR_CANCELLED, "cancelled");
    migrate_token_free(token);
}
END_TEST

static migrate_token *asked;

static void ask(int number)
{
    (void)number;
    migrate_token_cancel(asked);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* In the midst of the scratch database's work. */
START_TEST(test_cancel_at_work)
{
    struct itimerval soon = {.it_value = {.tv_usec = 600000}};
    API_OK(migrate_token_new(&asked, api_error()));
    API_OK(migrate_options_set_token(api.options, asked, api_error()));
    API_OK(api_open(NULL));
    signal(SIGALRM, ask);
    setitimer(ITIMER_REAL, &soon, NULL);
    double begun = seconds();
    API_FAILS(generate(API_EITHER("CREATE TABLE a AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(n) AS n FROM r",
                                  "CREATE TABLE a (id int); SELECT pg_sleep(60)")),
              MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(seconds() - begun, 10); /* and making a scratch database, and removing it, on a busy machine */
    ck_assert_str_eq(api_tables(), "");
    migrate_token_free(asked);
    API_OK(migrate_options_set_token(api.options, NULL, api_error()));
    api_close();
    ck_assert_int_eq(generate("CREATE TABLE a (id integer)"), MIGRATE_DIFFERS);
}
END_TEST

/* ---- the way back from one migration ---- */

START_TEST(test_down)
{
    api_file("001_begin.sql", A_BEGIN ";\n" A_ROWS ";\n");
    api_file("002_more.sql", "ALTER TABLE a ADD COLUMN more integer;\nCREATE INDEX i ON a (more);\nCREATE VIEW v AS SELECT more FROM a;\n");
    api_file("003_last.sql", "DROP VIEW v;\n");
    API_OK(generate_down("002"));
    ck_assert_str_eq(value("id"), "002_more");
    ck_assert_ptr_null(value("refused"));
    ck_assert_int_eq((int)migrate_rows_value_int(api.rows, "proven"), 1);
    char *down = copy(value("down"));
    API_OK(generate_down("003_last"));
    char *last = copy(value("down"));
    ck_assert_str_eq(api_tables(), "");
    api_file("002_more.down.sql", down);
    api_file("003_last.down.sql", last);
    api_close();
    API_OK(api_goto("001"));
    char *before = fingerprint();
    API_OK(api_goto("003"));
    API_OK(api_goto("001"));
    char *after = fingerprint();
    ck_assert_str_eq(before, after);
    API_OK(generate_down("002"));
    ck_assert_str_eq(value("refused"), "it has a rollback text");
    free(before);
    free(after);
    free(down);
    free(last);
}
END_TEST

START_TEST(test_down_refused)
{
    static const struct {
        const char *sql, *why;
    } refused[] = {
        {"DROP TABLE a", "data are lost"},
        {"ALTER TABLE a DROP COLUMN n", "data are lost"},
        {"INSERT INTO a (id) VALUES (7)", "rows"},
        {"UPDATE a SET n = 1", "rows"},
        {"DELETE FROM a WHERE n = 1", "rows"},
        {"CREATE TABLE b (x integer); REPLACE INTO a (id) VALUES (1)", "rows"},
        {"DO $$ BEGIN EXECUTE 'UPDATE a SET n = 5'; END $$", "rows"},
        {"CREATE TABLE b (x integer); WITH gone AS (SELECT 1) DELETE FROM a", "rows"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (strstr(refused[i].sql, api.engine == API_SQLITE ? "DO $$" : "REPLACE"))
            continue;
        api_file("001_begin.sql", A_BEGIN ";\n");
        api_file("002_next.sql", refused[i].sql);
        api_close();
        API_OK(generate_down("002_next"));
        ck_assert_msg(value("refused") && strstr(value("refused"), refused[i].why), "%s: %s\n%s", refused[i].sql,
                      value("refused") ? value("refused") : "not refused", value("down"));
        ck_assert_str_eq(value("down"), "");
    }
    API_FAILS(generate_down("009"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(generate_down("empty"), MIGRATE_ERROR_TARGET, "usage");
}
END_TEST

API("generate", test_edits, test_more_edits, test_most_edits, test_edits_of_the_engine, test_more_edits_of_the_engine, test_left_out,
    test_numbers_go_on, test_names_follow, test_begins_where_migrations_lead, test_from_nothing, test_declared, test_bad_sql,
    test_url, test_lacking, test_column_order, test_cancel, test_cancel_at_work, test_down, test_down_refused)
