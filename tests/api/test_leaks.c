/* SPDX-License-Identifier: MIT
 * Whatever a migration sets in its session, and whatever temporary tables it makes, is gone for the next one,
 * for the history and for the host; and what roles and hosts have set does not disturb a run. */
#include "api.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>

/* ---- the host's connection ---- */

static PGconn *postgresql;
static sqlite3 *sqlite;
static char *kept; /* what the host has set */

static void ignore_notice(void *user, const char *message)
{
    (void)user, (void)message;
}

static void host_run(const char *sql)
{
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
        return;
    }
    PGresult *result = PQexec(postgresql, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK,
                  "%s: %s", sql, PQerrorMessage(postgresql));
    PQclear(result);
}

static int add_value(void *out, int columns, char **values, char **names)
{
    char *text = out;
    size_t length = strlen(text);
    (void)columns;
    snprintf(text + length, 4000 - length, "%s=%s\n", names[0], values[0] ? values[0] : "NULL");
    return 0;
}

static char *settings_of_sqlite(void)
{
    static const char *const pragmas[] = {"foreign_keys",
                                          "defer_foreign_keys",
                                          "legacy_alter_table",
                                          "recursive_triggers",
                                          "ignore_check_constraints",
                                          "synchronous",
                                          "query_only",
                                          "reverse_unordered_selects",
                                          "automatic_index",
                                          "cache_size",
                                          "trusted_schema",
                                          "writable_schema",
                                          "busy_timeout",
                                          "temp_store",
                                          "secure_delete",
                                          "cell_size_check"};
    char *text = calloc(1, 4000), sql[100];
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        snprintf(sql, sizeof sql, "PRAGMA %s", pragmas[i]);
        ck_assert_int_eq(sqlite3_exec(sqlite, sql, add_value, text, NULL), SQLITE_OK);
    }
    ck_assert_int_eq(sqlite3_exec(sqlite, "SELECT name FROM temp.sqlite_master", add_value, text, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(sqlite, "SELECT name FROM pragma_database_list WHERE name <> 'temp'",
                                  add_value, text, NULL),
                     SQLITE_OK);
    return text;
}

static char *settings_of_postgresql(void)
{
    PGresult *result = PQexec(
        postgresql, "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT name || '=' || setting AS "
                    "line FROM pg_settings "
                    "WHERE name !~ '^transaction_|[.]' UNION ALL SELECT 'role=' || current_setting('role') "
                    "UNION ALL SELECT 'user=' || current_user || ' ' || "
                    "session_user UNION ALL SELECT 'path=' || array_to_string(current_schemas(false), ',') "
                    "UNION ALL SELECT 'own=' || coalesce(current_setting('my.tenant', true), '') "
                    "UNION ALL SELECT 'type=' || typname FROM pg_type WHERE typnamespace = pg_my_temp_schema() "
                    "UNION ALL SELECT 'routine=' || proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema() "
                    "UNION ALL SELECT 'temp=' || relname FROM pg_class WHERE relnamespace = "
                    "pg_my_temp_schema() UNION ALL SELECT 'prepared=' || name FROM pg_prepared_statements "
                    "UNION ALL SELECT 'listen=' || c FROM pg_listening_channels() c) s");
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK, "%s", PQerrorMessage(postgresql));
    char *text = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return text;
}

static char *settings(void)
{
    return api.engine == API_SQLITE ? settings_of_sqlite() : settings_of_postgresql();
}

/* To be called when all files are written. own: nothing. */
static void open_as(bool own, const char *prepare)
{
    if (own)
        return;
    api_close();
    if (api.engine == API_SQLITE) {
        ck_assert_int_eq(sqlite3_open(api.database, &sqlite), SQLITE_OK);
        host_run(prepare);
        kept = settings();
        API_OK(migrate_open_sqlite3(sqlite, api.options, &api.session, api_error()));
    } else {
        postgresql = PQconnectdb(api.url);
        PQsetNoticeProcessor(postgresql, ignore_notice, NULL);
        host_run(prepare);
        kept = settings();
        API_OK(migrate_open_libpq(postgresql, api.options, &api.session, api_error()));
    }
}

static void check_same(const char *is, const char *expected)
{
    size_t at = 0, line = 0;
    for (; is[at] && is[at] == expected[at]; at++)
        line = is[at] == '\n' ? at + 1 : line;
    ck_assert_msg(is[at] == expected[at], "\n%.100s\nwas\n%.100s", is + line, expected + line);
}

static void close_as(bool own)
{
    api_close();
    if (own)
        return;
    char *now = settings();
    check_same(now, kept);
    free(now);
    free(kept);
    kept = NULL;
    sqlite3_close(sqlite);
    PQfinish(postgresql);
    sqlite = NULL;
    postgresql = NULL;
}

/* ---- what a migration finds ---- */

#define POSTGRESQL_LOOK                                                                                      \
    "INSERT INTO found SELECT current_setting('search_path') || ' ' || current_user || ' ' || "              \
    "current_setting('statement_timeout') || ' ' || current_setting('standard_conforming_strings') || ' ' "  \
    "|| "                                                                                                    \
    "current_setting('lock_timeout') || ' ' || current_setting('DateStyle') || ' ' || "                      \
    "current_setting('session_replication_role') || ' ' || current_setting('check_function_bodies') || ' ' " \
    "|| "                                                                                                    \
    "current_setting('default_transaction_read_only') || ' ' || current_setting('transaction_isolation') "   \
    "|| ' ' || "                                                                                             \
    "(SELECT count(*) FROM pg_class WHERE relnamespace = "                                                   \
    "pg_my_temp_schema());\n"

#define SQLITE_LOOK                                                                                          \
    "INSERT INTO found SELECT (SELECT * FROM pragma_foreign_keys) || ' ' || (SELECT * FROM "                 \
    "pragma_defer_foreign_keys) || ' ' || (SELECT * FROM pragma_legacy_alter_table) || ' ' || (SELECT * "    \
    "FROM "                                                                                                  \
    "pragma_recursive_triggers) || ' ' || (SELECT * FROM pragma_ignore_check_constraints) || ' ' || "        \
    "(SELECT * FROM "                                                                                        \
    "pragma_reverse_unordered_selects) || ' ' || (SELECT * FROM pragma_cache_size) || ' ' || (SELECT * "     \
    "FROM "                                                                                                  \
    "pragma_writable_schema) || ' ' || (SELECT count(*) FROM temp.sqlite_master);\n"

#define LOOK API_EITHER(SQLITE_LOOK, POSTGRESQL_LOOK)

/* As many ways to set something as there are. */
static const char *const postgresql_ways[] = {
    "SET search_path = other; SET ROLE \"%s\"; SET statement_timeout = 12345; "
    "SET lock_timeout = 999; SET DateStyle = 'German'; SET check_function_bodies = off;\n",
    "SELECT set_config('search_path', '', false), set_config('statement_timeout', '77', false);\n",
    "DO $$ BEGIN PERFORM set_config('search_path', 'other', false); EXECUTE 'SET session_replication_role = "
    "replica'; EXECUTE "
    "'SET standard_conforming_strings = off'; END $$;\n",
    "SET SESSION AUTHORIZATION \"%s\";\n",
    "SET LOCAL search_path = other; SET LOCAL ROLE \"%s\"; SET SESSION CHARACTERISTICS AS TRANSACTION READ "
    "ONLY, ISOLATION LEVEL "
    "SERIALIZABLE;\n",
    "SET default_transaction_read_only = on; SET default_transaction_isolation = 'repeatable read';\n",
    "CREATE TEMPORARY TABLE found (x text); CREATE TEMP TABLE t2 AS SELECT 1 AS x; CREATE TEMP VIEW v2 AS "
    "SELECT 1;\n",
    "SELECT 1 AS x INTO TEMP found;\n",
    "SET search_path = pg_temp, public; CREATE TABLE found (x text);\n",
    "RESET ALL; RESET ROLE;\n",
    "SET search_path = other;\nRESET ALL;\nCREATE TABLE IF NOT EXISTS public.reset AS SELECT current_setting('search_path') AS s;\n",
    "CREATE FUNCTION pg_temp.f(a integer, b text DEFAULT 'x') RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE TYPE pg_temp.e AS "
    "ENUM ('a'); CREATE TYPE pg_temp.c AS (a pg_temp.e); CREATE DOMAIN pg_temp.d AS text; CREATE PROCEDURE pg_temp.p() LANGUAGE sql AS "
    "''; CREATE TEMP TABLE found (x pg_temp.c);\n",
    "SELECT set_config('client_encoding', 'LATIN1', false);\n",
    "BEGIN; SET search_path = other; COMMIT; SET ROLE \"%s\"; BEGIN; SET lock_timeout = 5; COMMIT;\n",
    "-- migrate: no-transaction\nSET search_path = other; SET ROLE \"%s\"; SET statement_timeout = 12345; "
    "CREATE TEMP TABLE found (x "
    "text);\n",
};

static const char *const sqlite_ways[] = {
    "PRAGMA foreign_keys = on;\n",
    "PRAGMA foreign_keys = off;\n",
    "PRAGMA defer_foreign_keys = on; PRAGMA legacy_alter_table = on; PRAGMA recursive_triggers = on;\n",
    "PRAGMA ignore_check_constraints(1); PRAGMA main.cache_size = 77; PRAGMA reverse_unordered_selects = "
    "on;\n",
    "PRAGMA writable_schema = on;\n",
    "CREATE TEMPORARY TABLE found (x text); CREATE TEMP VIEW v2 AS SELECT 1; CREATE TEMP TRIGGER tr AFTER "
    "INSERT ON main.t BEGIN "
    "SELECT 1; END;\n",
    "CREATE TABLE temp.found AS SELECT 1 AS x; CREATE INDEX temp.i ON found (x);\n",
    "PRAGMA secure_delete = on; PRAGMA cell_size_check = on; PRAGMA trusted_schema = off; PRAGMA "
    "automatic_index = off; "
    "PRAGMA busy_timeout = 1;\n",
    "-- migrate: no-transaction\nPRAGMA recursive_triggers = on; CREATE TEMP TABLE found (x text); PRAGMA "
    "foreign_keys = on;\n",
    "PRAGMA query_only = off;\n",
};

static size_t ways_count(void)
{
    return API_EITHER(sizeof sqlite_ways / sizeof *sqlite_ways,
                      sizeof postgresql_ways / sizeof *postgresql_ways);
}

static const char *way(size_t i)
{
    static char text[1000];
    const char *format = API_EITHER(sqlite_ways, postgresql_ways)[i], *role = strstr(format, "%s");
    snprintf(text, sizeof text, "%.*s%s%s", role ? (int)(role - format) : (int)strlen(format), format,
             role ? api.database : "", role ? role + 2 : "");
    return text;
}

static void make_first(void)
{
    if (api.engine == API_POSTGRESQL) {
        api_role();
        char sql[1000];
        snprintf(sql, sizeof sql,
                 "CREATE SCHEMA other; GRANT ALL ON SCHEMA other, public TO \"%s\"; CREATE TABLE other.found "
                 "(x text); GRANT ALL ON "
                 "other.found TO \"%s\"",
                 api.database, api.database);
        api_sql(sql);
        api_option("on_unmanaged", "apply");
    }
    api_file("001_t.sql", "CREATE TABLE t (a integer);\nCREATE TABLE found (x text);\n");
    api_file("002_look.sql", LOOK);
    API_OK(api_apply());
}

/* Up and down, in transactions that are shared or not. */
static void set_and_look(bool own, const char *prepare)
{
    make_first();
    open_as(own, prepare);
    close_as(own);
    open_as(own, prepare);
    for (size_t i = 0; i < ways_count(); i++) {
        api_sql("DELETE FROM found; DELETE FROM libmigrate_history WHERE seq > 2");
        api_file("003_look.sql", LOOK);
        char text[3000];
        snprintf(text, sizeof text, "%s-- ROLLBACK:\n%s-- END ROLLBACK\n", way(i),
                 strncmp(way(i), "--", 2) == 0 ? way(i) + 27 : way(i));
        api_file("004_set.sql", text);
        snprintf(text, sizeof text, "%s-- ROLLBACK: %s", LOOK, LOOK);
        api_file("005_look.sql", text);
        close_as(own);
        open_as(own, prepare);
        int32_t code = api_apply();
        ck_assert_msg(code == MIGRATE_OK, "way %zu: %s", i, migrate_error_message(api.error));
        ck_assert_msg(strcmp(api_query("SELECT count(*), count(DISTINCT x) FROM found"), "2|1") == 0,
                      "%s: %s", way(i), api_query("SELECT x FROM found"));
        code = api_rollback("003");
        ck_assert_msg(code == MIGRATE_OK, "way %zu, down: %s", i, migrate_error_message(api.error));
        ck_assert_msg(strcmp(api_query("SELECT count(*), count(DISTINCT x) FROM found"), "3|1") == 0, "%s",
                      way(i));
        code = api_apply();
        ck_assert_msg(code == MIGRATE_OK, "way %zu, up: %s", i, migrate_error_message(api.error));
        ck_assert_msg(strcmp(api_query("SELECT count(*), count(DISTINCT x) FROM found"), "4|1") == 0, "%s",
                      way(i));
        ck_assert_str_eq(api_events("failed"), "0");
        ck_assert_str_eq(api_query("SELECT count(DISTINCT coalesce(db_user, '')) FROM libmigrate_history"),
                         "1");
    }
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_query("SELECT s FROM public.reset"), "\"$user\", public");
    close_as(own);
}

START_TEST(test_own)
{
    set_and_look(true, "");
}
END_TEST

START_TEST(test_borrowed)
{
    set_and_look(
        false,
        API_EITHER(
            "PRAGMA foreign_keys = on; PRAGMA cache_size = 123; CREATE TEMP TABLE mine (x)",
            "SET search_path = public, other; SET statement_timeout = 54321; SET my.tenant = 'x'; CREATE TEMP TABLE mine (x int); "
            "CREATE TYPE pg_temp.own AS ENUM ('a'); CREATE FUNCTION pg_temp.own() RETURNS integer LANGUAGE sql AS 'SELECT 1'; "
            "PREPARE p AS SELECT 1; LISTEN l"));
}
END_TEST

/* A failure leaves nothing either. */
START_TEST(test_failure)
{
    make_first();
    for (size_t i = 0; i < ways_count(); i++) {
        char text[1200];
        snprintf(text, sizeof text, "%sINSERT INTO nowhere VALUES (1);\n", way(i));
        api_file("003_bad.sql", text);
        open_as(false, API_EITHER("PRAGMA foreign_keys = on", "SET search_path = public"));
        int32_t code = api_apply();
        ck_assert_msg(code == MIGRATE_ERROR_SQL || code == MIGRATE_ERROR_PARTIAL ||
                          code == MIGRATE_ERROR_RIGHTS || code == MIGRATE_ERROR_READ_ONLY,
                      "way %zu: %d", i, (int)code);
        close_as(false);
        api_sql("DELETE FROM libmigrate_history WHERE seq > 2");
    }
}
END_TEST

/* standard_conforming_strings decides where the next migration's strings end. */
START_TEST(test_strings)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_t.sql",
             "CREATE TABLE t (x text);\nSELECT set_config('standard_conforming_strings', 'off', false);\n"
             "SET escape_string_warning = off;\n");
    api_file("002_x.sql", "INSERT INTO t VALUES ('a\\');\nINSERT INTO t VALUES ('; DROP TABLE t; --');\n");
    for (int own = 0; own < 2; own++) {
        open_as(own, "SET search_path = public");
        API_OK(api_apply());
        close_as(own);
        ck_assert_str_eq(api_query("SELECT x FROM t"), "a\\ ; DROP TABLE t; --");
        api_sql("DROP TABLE t, libmigrate_history");
    }
    /* said openly it is refused: the strings behind it would be read in another way */
    api_file("002_x.sql", "SELECT 1;\n SET standard_conforming_strings = off;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_x.sql", 2, 2);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* ---- what others have set ---- */

START_TEST(test_strange_role)
{
    if (api.engine != API_POSTGRESQL)
        return;
    char url[600], sql[4000];
    snprintf(url, sizeof url, "%s", api_role());
    snprintf(sql, sizeof sql,
             "GRANT ALL ON SCHEMA public TO \"%s\"; ALTER ROLE \"%s\" SET statement_timeout = '100ms'; ALTER "
             "ROLE \"%s\" SET "
             "default_transaction_isolation = 'repeatable read'; ALTER ROLE \"%s\" SET "
             "default_transaction_read_only = on; ALTER "
             "ROLE \"%s\" SET idle_in_transaction_session_timeout = '100ms'; ALTER ROLE \"%s\" SET "
             "search_path = nowhere; ALTER ROLE "
             "\"%s\" SET standard_conforming_strings = on; ALTER ROLE \"%s\" SET lock_timeout = '1ms'",
             api.database, api.database, api.database, api.database, api.database, api.database, api.database,
             api.database);
    api_sql(sql);
    api_use(url);
    api_file("001_t.sql",
             "CREATE TABLE public.t (a integer);\nINSERT INTO public.t SELECT 1 FROM pg_sleep(0.3);\n");
    api_file("002_x.sql", "CREATE INDEX CONCURRENTLY t_a ON public.t (a);\nSELECT pg_sleep(0.3);\nINSERT "
                          "INTO public.t VALUES (2);\n");
    api_file("003_y.sql", "DO $$ BEGIN IF current_setting('transaction_isolation') <> 'read committed' THEN "
                          "RAISE 'no'; END IF; END "
                          "$$;\nINSERT INTO public.t VALUES (3);\n-- ROLLBACK: DELETE FROM public.t WHERE a "
                          "= 3 AND pg_sleep(0.2) "
                          "IS NOT NULL;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM public.t ORDER BY a"), "1 2 3");
    API_OK(api_rollback(NULL));
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_x 003_y");
    /* the same on a connection of the host */
    api_file("004_z.sql", "INSERT INTO public.t SELECT 4 FROM pg_sleep(0.3);\n");
    open_as(false, "SELECT 1");
    API_OK(api_apply());
    close_as(false);
    ck_assert_str_eq(api_query("SELECT a FROM public.t ORDER BY a"), "1 2 3 4");
    ck_assert_str_eq(api_events("failed"), "0");
    ck_assert_str_eq(api_events("applied"), "5");
}
END_TEST

/* A role that gives no query the time it needs: reading the history takes longer than that on a new connection. */
START_TEST(test_hasty_role)
{
    if (api.engine != API_POSTGRESQL)
        return;
    char url[600], sql[1000];
    snprintf(url, sizeof url, "%s", api_role());
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public TO \"%s\"; ALTER ROLE \"%s\" SET statement_timeout = '5ms'", api.database,
             api.database);
    api_sql(sql);
    api_use(url);
    api_file("001_t.sql", "CREATE TABLE public.t (a integer);\nINSERT INTO public.t SELECT 1 FROM pg_sleep(0.1);\n");
    api_file("002_x.sql", "CREATE INDEX CONCURRENTLY t_a ON public.t (a);\n-- ROLLBACK: DROP INDEX public.t_a\n");
    for (int i = 0; i < 5; i++) {
        API_OK(api_plan(NULL));
        API_OK(api_apply());
        API_OK(api_status());
        API_OK(api_history());
        API_OK(api_rollback(NULL));
        api_close();
    }
    ck_assert_str_eq(api_events("failed"), "0");
}
END_TEST

API("leaks", test_hasty_role, test_own, test_borrowed, test_failure, test_strings, test_strange_role)
