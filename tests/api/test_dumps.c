/* SPDX-License-Identifier: MIT
 * Whole dumps as migrations and as schema.sql: what pg_dump and the sqlite3 shell write is applied as it
 * stands, and dumped again it is the same. */
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- programs ---- */

/* What a program prints, cut where a test file ends; free() it. NULL: it is not there, or it failed. */
static char *output_of(const char *command)
{
    FILE *pipe = popen(command, "r");
    size_t length = 0, got, size = 1 << 20;
    char *out = malloc(size);
    ck_assert(pipe && out);
    while ((got = fread(out + length, 1, size - 1 - length, pipe)) > 0)
        length += got;
    ck_assert_uint_lt(length, size - 1);
    out[length] = '\0';
    if (pclose(pipe) == 0 && length > 0)
        return out;
    free(out);
    return NULL;
}

/* pg_dump's text without the history and the keys that differ each time; NULL: there is no pg_dump. */
static char *pg_dump(const char *arguments)
{
    char command[1200];
    char *bin = output_of("pg_config --bindir 2>/dev/null");
    if (!bin)
        return NULL;
    bin[strcspn(bin, "\n")] = '\0';
    snprintf(command, sizeof command, "%s/pg_dump -T 'public.libmigrate_history' %s '%s' 2>/dev/null", bin,
             arguments, api.url);
    free(bin);
    return output_of(command);
}

/* Check cannot show texts of this size: the line that differs will do. */
static void check_same(const char *is, const char *expected)
{
    size_t at = 0, line = 0;
    for (; is[at] && is[at] == expected[at]; at++)
        line = is[at] == '\n' ? at + 1 : line;
    ck_assert_msg(is[at] == expected[at], "\n%.200s\nis not\n%.200s", is + line, expected + line);
}

/* Lines that begin so are blanked, for a comparison. */
static void blank(char *text, const char *start)
{
    for (char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, start, strlen(start)) == 0)
            memset(line, ' ', strcspn(line, "\n"));
    }
}

/* ---- PostgreSQL ---- */

static void make_application(void)
{
    api_sql(
        "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');"
        "CREATE DOMAIN positive AS integer CHECK (VALUE > 0);"
        "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, "
        "feels mood DEFAULT 'ok', note text, size positive, upper text GENERATED ALWAYS AS (upper(name)) "
        "STORED);"
        "CREATE TABLE orders (id serial PRIMARY KEY, person bigint NOT NULL REFERENCES people ON DELETE "
        "CASCADE, total numeric(10,2), data jsonb, raw bytea, at timestamptz);"
        "CREATE TABLE logs (day date NOT NULL, line text) PARTITION BY RANGE (day);"
        "CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
        "CREATE SCHEMA \"other; schema\";"
        "CREATE TABLE \"other; schema\".\"odd\"\"name\" (\"a;b\" text, empty text);"
        "CREATE VIEW rich AS SELECT p.name, sum(o.total) AS total FROM people p JOIN orders o ON o.person = "
        "p.id GROUP BY p.name;"
        "CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM orders;"
        "CREATE INDEX people_name ON people (lower(name)) WHERE note IS NOT NULL;"
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $_$ BEGIN NEW.at := coalesce(NEW.at, "
        "'2026-01-02'); /* ; */ RETURN NEW; END $_$;"
        "CREATE FUNCTION add(a integer, b integer) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE "
        "WHEN "
        "a IS NULL THEN b ELSE a + b END; END;"
        "CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();"
        "CREATE RULE keep AS ON DELETE TO logs DO INSTEAD (SELECT 1; SELECT 2);"
        "COMMENT ON TABLE people IS 'It''s; a \\ comment -- with all';"
        "INSERT INTO people (name, feels, note, size) SELECT 'p' || i, 'happy', CASE WHEN i % 3 = 0 THEN "
        "E'tab\\t nl\\n back\\\\ \\\\. quote''s; $$ --' END, i FROM generate_series(1, 50) i;"
        "INSERT INTO people (name) VALUES ('\\.'), ('\\N'), ('');"
        "INSERT INTO orders (person, total, data, raw) SELECT 1 + i % 50, i * 1.5, '{\"a\": \";\\n\"}', "
        "'\\xdeadbeef' FROM generate_series(1, 200) i;"
        "INSERT INTO logs SELECT '2026-03-01'::date + i, 'line ' || i FROM generate_series(1, 20) i;"
        "INSERT INTO \"other; schema\".\"odd\"\"name\" VALUES ('x', ''), (NULL, '\\.');"
        "REFRESH MATERIALIZED VIEW counts");
}

/* As new, with public as initdb makes it. */
static void unmake_application(void)
{
    PGconn *server = PQconnectdb(getenv("MIGRATE_TEST_POSTGRESQL"));
    const char *const formats[] = {"DROP DATABASE \"%s\" WITH (FORCE)",
                                   "CREATE DATABASE \"%s\" TEMPLATE template0"};
    for (size_t i = 0; i < 2; i++) {
        char sql[400];
        snprintf(sql, sizeof sql, formats[i], api.database);
        PGresult *result = PQexec(server, sql);
        ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK, "%s", PQerrorMessage(server));
        PQclear(result);
    }
    PQfinish(server);
}

static void write_dump(const char *path, const char *before, const char *dump, const char *after)
{
    size_t size = strlen(before) + strlen(dump) + strlen(after) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    snprintf(text, size, "%s%s%s", before, dump, after);
    api_file(path, text);
    free(text);
}

/* As applied, and dumped again, they are what they were. */
static void dump_and_apply(const char *arguments, bool schema_file)
{
    make_application();
    char *dump = pg_dump(arguments), *before = pg_dump("");
    if (!dump || !before) {
        free(dump);
        free(before);
        return;
    }
    unmake_application();
    if (schema_file) {
        write_dump("schema.sql", "-- migrate: stands-for 002_b\n", dump, "");
        api_file("001_a.sql", "CREATE TABLE a (x integer);\n");
        api_file("002_b.sql", "INSERT INTO a VALUES (1);\n");
    } else {
        write_dump("001_dump.sql", "", dump, "");
    }
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), schema_file ? "001_a 002_b" : "001_dump");
    ck_assert_str_eq(api_events("baselined"), schema_file ? "2" : "0");
    ck_assert_str_eq(api_events("progress"), "0");
    char *after = pg_dump("");
    ck_assert_ptr_nonnull(after);
    const char *const keys[] = {"\\restrict", "\\unrestrict"};
    for (size_t i = 0; i < 2; i++) {
        blank(before, keys[i]);
        blank(after, keys[i]);
    }
    check_same(after, before);
    /* The dump's empty search_path is gone. */
    api_file("003_next.sql",
             "CREATE TABLE next (x integer);\nINSERT INTO next SELECT count(*) FROM people;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT x FROM public.next"), "53");
    API_OK(api_apply());
    ck_assert_str_eq(api_events("failed"), "0");
    free(dump);
    free(before);
    free(after);
}

START_TEST(test_pg_dump)
{
    if (api.engine == API_POSTGRESQL)
        dump_and_apply("", false);
}
END_TEST

START_TEST(test_pg_dump_inserts)
{
    if (api.engine == API_POSTGRESQL)
        dump_and_apply("--inserts --rows-per-insert=7", false);
}
END_TEST

START_TEST(test_pg_dump_schema_file)
{
    if (api.engine == API_POSTGRESQL)
        dump_and_apply("", true);
}
END_TEST

START_TEST(test_pg_dump_inserts_schema_file)
{
    if (api.engine == API_POSTGRESQL)
        dump_and_apply("--column-inserts --quote-all-identifiers", true);
}
END_TEST

/* ---- dumps of other versions: see tests/dumps ---- */

/* 0 and the dump of what psql makes of a file, or the line that psql stops at. */
static int psql(const char *path, char **out)
{
    char command[1500];
    snprintf(command, sizeof command, "psql -X -q -v ON_ERROR_STOP=1 -o /dev/null -f '%s' '%s' 2>&1 || echo ' failed'", path, api.url);
    char *said = output_of(command);
    const char *error = said ? strstr(said, ": ERROR:") : NULL;
    int line = 0;
    if (error) {
        while (error[-1] >= '0' && error[-1] <= '9')
            error--;
        line = atoi(error);
    } else {
        ck_assert_msg(!said || !strstr(said, " failed"), "%s", said);
        *out = pg_dump("");
    }
    free(said);
    return line;
}

/* What psql makes of it, we make of it; and what psql refuses, we refuse too. true: it was made. */
static bool replay(const char *dump)
{
    char path[600], *expected = NULL, *is;
    snprintf(path, sizeof path, "%s/dump.sql", api.folder);
    unmake_application();
    api_write(path, dump, strlen(dump));
    int line = psql(path, &expected);
    unmake_application();
    write_dump("001_dump.sql", "", dump, "");
    if (line > 0) { /* psql names a statement's last line; a syntax error in what travels together comes first */
        ck_assert_int_lt(api_apply(), 0);
        ck_assert_msg(migrate_error_line(api.error) > line - 40, "line %lld, psql says %d", (long long)migrate_error_line(api.error),
                      line);
        ck_assert_ptr_null(expected);
        return false;
    }
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_dump");
    is = pg_dump("");
    if (is && expected) {
        const char *const keys[] = {"\\restrict", "\\unrestrict"};
        for (size_t i = 0; i < 2; i++) {
            blank(is, keys[i]);
            blank(expected, keys[i]);
        }
        check_same(is, expected);
    }
    free(is);
    free(expected);
    return true;
}

START_TEST(test_other_versions)
{
    static const char *const names[] = {"14", "16", "17", "18", "18-inserts"};
    const char *folder = getenv("MIGRATE_TEST_DUMPS");
    char *there = output_of("psql --version 2>/dev/null");
    bool skip = api.engine != API_POSTGRESQL || !folder || !there;
    free(there);
    for (size_t i = 0; !skip && i < sizeof names / sizeof *names; i++) {
        char command[600];
        snprintf(command, sizeof command, "cat '%s/%s.sql'", folder, names[i]);
        char *dump = output_of(command);
        ck_assert_ptr_nonnull(dump);
        ck_assert_ptr_nonnull(strstr(dump, "lo_open"));
        if (!replay(dump) && i >= 2) { /* an older server does not know the setting; it may know all the rest */
            blank(dump, "SET transaction_timeout");
            replay(dump);
        }
        free(dump);
    }
}
END_TEST

/* --create asks for another connection in the middle. */
START_TEST(test_pg_dump_create)
{
    if (api.engine != API_POSTGRESQL)
        return;
    char *dump = pg_dump("--create --schema-only");
    if (!dump)
        return;
    const char *database = strstr(dump, "\nCREATE DATABASE ");
    ck_assert_ptr_nonnull(database);
    api_file("001_dump.sql", dump);
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_SAYS("\\connect");
    int line = 1;
    for (const char *p = dump, *end = strstr(dump, "\n\\connect") + 1; p < end; p++)
        line += *p == '\n';
    API_PLACE("001_dump.sql", line, 1);
    ck_assert_str_eq(api_tables(), "");
    free(dump);
}
END_TEST

/* ---- SQLite ---- */

static char *sqlite_dump(void)
{
    char command[700];
    snprintf(command, sizeof command, "sqlite3 '%s' .dump 2>/dev/null", api.database);
    return output_of(command);
}

START_TEST(test_sqlite_dump)
{
    char moved[400];
    if (api.engine != API_SQLITE)
        return;
    api_sql(
        "PRAGMA foreign_keys = off;"
        "CREATE TABLE people (id integer PRIMARY KEY AUTOINCREMENT, name text NOT NULL, size real, raw "
        "blob, up text GENERATED ALWAYS AS (upper(name)) STORED);"
        "CREATE TABLE aaa_orders (id integer PRIMARY KEY, person integer REFERENCES people ON DELETE "
        "CASCADE, note text) STRICT;"
        "CREATE TABLE [od;d] (\"a;b\" text PRIMARY KEY, b) WITHOUT ROWID;"
        "CREATE VIEW rich AS SELECT name, count(*) AS n FROM people JOIN aaa_orders ON person = people.id "
        "GROUP BY name;"
        "CREATE INDEX people_name ON people (lower(name)) WHERE size > 0;"
        "CREATE TRIGGER seen AFTER INSERT ON aaa_orders BEGIN UPDATE people SET size = CASE WHEN size IS "
        "NULL THEN 1 ELSE size + 1 END WHERE id = NEW.person; SELECT 1; END;"
        "INSERT INTO people (name, raw) VALUES ('it''s; --', x'00ff'), ('two' || char(10) || 'lines', "
        "NULL), ('', x'');"
        "INSERT INTO aaa_orders (person, note) SELECT id, 'o' || id FROM people;"
        "INSERT INTO [od;d] VALUES ('k', 1.5);"
        "DELETE FROM people WHERE id = 3; DELETE FROM aaa_orders WHERE person = 3");
    char *dump = sqlite_dump(), *before = api_snapshot();
    if (!dump) { /* there is no sqlite3 shell */
        free(before);
        return;
    }
    snprintf(moved, sizeof moved, "%s.old", api.database);
    ck_assert_int_eq(rename(api.database, moved), 0);
    api_file("001_dump.sql", dump);
    API_OK(api_apply());
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    ck_assert_str_eq(api_query("SELECT seq FROM sqlite_sequence WHERE name = 'people'"), "3");
    ck_assert_str_eq(api_applied(), "001_dump");
    ck_assert_str_eq(api_events("progress"), "0");
    API_OK(api_apply());
    free(before);
    free(after);
    /* The same as the fast road. */
    ck_assert_int_eq(unlink(api.database), 0);
    api_remove("001_dump.sql");
    write_dump("schema.sql", "-- migrate: stands-for 001_a\n", dump, "");
    api_file("001_a.sql", "CREATE TABLE a (x integer);\n");
    api_file("002_b.sql", "CREATE TABLE b (x integer);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "aaa_orders b od;d people");
    ck_assert_str_eq(api_query("SELECT count(*) FROM people"), "2");
    ck_assert_str_eq(api_applied(), "001_a 002_b");
    free(dump);
}
END_TEST

/* A virtual table is dumped as a row of the schema's own table. */
START_TEST(test_sqlite_dump_virtual)
{
    if (api.engine != API_SQLITE || !sqlite3_compileoption_used("ENABLE_FTS5"))
        return;
    api_sql("CREATE TABLE plain (x integer); INSERT INTO plain VALUES (7);"
            "CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('hello world'), "
            "('goodbye')");
    char *dump = sqlite_dump();
    if (!dump)
        return;
    ck_assert_int_eq(unlink(api.database), 0);
    api_file("001_dump.sql", dump);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT body FROM words WHERE words MATCH 'hello'"), "hello world");
    ck_assert_str_eq(api_query("SELECT x FROM plain"), "7");
    ck_assert_str_eq(api_applied(), "001_dump");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    free(dump);
}
END_TEST

API("dumps", test_pg_dump, test_pg_dump_inserts, test_pg_dump_schema_file, test_pg_dump_inserts_schema_file,
    test_other_versions, test_pg_dump_create, test_sqlite_dump, test_sqlite_dump_virtual)
