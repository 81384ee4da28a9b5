/* SPDX-License-Identifier: MIT
 * Scratch databases: where they are made and like what, who may not, and that they go: after a cancel, behind a deadline, and after a kill.
 * They are seen through migrate_verify(). */
#include "api.h"

#include <libpq-fe.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OURS "datname LIKE 'libmigrate_scratch_%%' AND datdba = (SELECT oid FROM pg_roles WHERE rolname = '%s')"

/* A role that may do no more than make databases. */
static void become_role(const char *more)
{
    char sql[1000];
    if (api.engine != API_POSTGRESQL)
        return;
    api_use(api_role());
    snprintf(sql, sizeof sql, "ALTER ROLE \"%s\" %s", api.database, more);
    api_sql(sql);
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public TO \"%s\"", api.database);
    api_sql(sql);
}

static int left(void)
{
    char sql[1000];
    if (api.engine != API_POSTGRESQL)
        return 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_database WHERE " OURS, api.database);
    return atoi(api_query(sql));
}

static int32_t verify(void)
{
    migrate_error **error = api_error();
    if (!api.session && api_open(NULL) != MIGRATE_OK)
        return migrate_error_code(api.error);
    migrate_rows_free(api.rows);
    api.rows = NULL;
    return migrate_verify(api.session, NULL, &api.rows, error);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

/* A migration that takes half a minute. */
static void slow_migration(void)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_slow.sql", API_EITHER("CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) "
                                        "SELECT max(i) AS m FROM n;\n", "SELECT pg_sleep(30);\n"));
}

/* ---- a cancel, a deadline ---- */

static int64_t cancelled_at;

static int32_t cancel_in_scratch(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "progress") != 0 || !strstr(migrate_event_message(event), "scratch"))
        return 0;
    cancelled_at = milliseconds();
    return 1;
}

START_TEST(test_cancel)
{
    become_role("CREATEDB");
    slow_migration();
    migrate_options_set_event(api.options, cancel_in_scratch, NULL); /* which comes once a second */
    api_close();
    API_FAILS(verify(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_int_lt(milliseconds() - cancelled_at, 3000);
    ck_assert_int_eq(left(), 0);
}
END_TEST

static migrate_token *token;

static void on_alarm(int number)
{
    (void)number;
    migrate_token_cancel(token);
}

START_TEST(test_token)
{
    become_role("CREATEDB");
    slow_migration();
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    api_close();
    signal(SIGALRM, on_alarm);
    alarm(1);
    int64_t begun = milliseconds();
    API_FAILS(verify(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_int_lt(milliseconds() - begun, 5000);
    ck_assert_int_eq(left(), 0);
    migrate_token_free(token);
}
END_TEST

START_TEST(test_deadline)
{
    become_role("CREATEDB");
    slow_migration();
    api_option("verify", "on");
    api_option("run_deadline", "1500ms");
    int64_t begun = milliseconds();
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_int_lt(milliseconds() - begun, 6000);
    ck_assert_int_eq(left(), 0);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* ---- a kill ---- */

static pid_t killed_amid(void)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        verify();
        _exit(0);
    }
    return child;
}

static void wait_for_scratch(pid_t child, int64_t most)
{
    int64_t limit = milliseconds() + most;
    while (api.engine == API_POSTGRESQL && left() == 0 && milliseconds() < limit)
        wait_a_moment();
    if (api.engine == API_SQLITE)
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

/* As if it had been left an hour ago; the sessions that its owner's end leaves go, too. */
static void make_it_old(void)
{
    char sql[1000], name[100];
    snprintf(sql, sizeof sql, "SELECT datname FROM pg_database WHERE " OURS, api.database);
    snprintf(name, sizeof name, "%s", api_query(sql));
    for (bool alone = false; !alone; wait_a_moment()) {
        snprintf(sql, sizeof sql, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%s'", name);
        alone = strcmp(api_query(sql), "0") == 0;
    }
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" RENAME TO \"libmigrate_scratch_20200101000000_%s\"", name, name + strlen(name) - 12);
    api_sql(sql);
}

START_TEST(test_kill)
{
    become_role("CREATEDB");
    slow_migration();
    api_close();
    wait_for_scratch(killed_amid(), 20000);
    api_remove("002_slow.sql");
    if (api.engine == API_POSTGRESQL) {
        ck_assert_int_eq(left(), 1);
        API_OK(verify()); /* it is young: its owner may be at work */
        ck_assert_int_eq(left(), 1);
        make_it_old();
    }
    API_OK(verify());
    ck_assert_int_eq(left(), 0);
}
END_TEST

/* One that somebody works in is left alone, however old it looks; so is one of another role. */
START_TEST(test_kept)
{
    char sql[1000], name[100], other_role[120];
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("CREATEDB");
    snprintf(name, sizeof name, "libmigrate_scratch_20200101000000_%06x%06x", (unsigned)getpid() & 0xffffff, (unsigned)time(NULL) & 0xffffff);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" OWNER \"%s\"", name, api.database);
    api_sql(sql);
    PGconn *other = PQconnectdb(api_url_with(NULL, NULL, name));
    ck_assert_int_eq(PQstatus(other), CONNECTION_OK);
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP TABLE a;\n");
    API_OK(verify());
    ck_assert_int_eq(left(), 1);
    PQfinish(other);
    for (int i = 0; i < 100 && left() > 0; i++) {
        wait_a_moment();
        API_OK(verify());
    }
    ck_assert_int_eq(left(), 0);
    snprintf(other_role, sizeof other_role, "%.90s_other", api.database);
    snprintf(sql, sizeof sql, "CREATE ROLE \"%s\"", other_role);
    api_sql(sql);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" OWNER \"%s\"", name, other_role);
    api_sql(sql);
    API_OK(verify());
    snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_database WHERE datname = '%s'", name);
    ck_assert_str_eq(api_query(sql), "1");
    snprintf(sql, sizeof sql, "DROP DATABASE \"%s\"", name);
    api_sql(sql);
    snprintf(sql, sizeof sql, "DROP ROLE \"%s\"", other_role);
    api_sql(sql);
}
END_TEST

/* ---- where ---- */

START_TEST(test_no_right)
{
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("NOCREATEDB");
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP TABLE a;\n");
    API_FAILS(verify(), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS("shadow_url");
    API_SAYS("CREATEDB");
    API_SAYS(api.database);
    api_option("verify", "on");
    API_FAILS(api_apply(), MIGRATE_ERROR_SHADOW, "environment");
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

static int in_database(const char *database, const char *sql)
{
    char url[600];
    snprintf(url, sizeof url, "%s", getenv("MIGRATE_TEST_POSTGRESQL"));
    *strrchr(url, '/') = '\0';
    snprintf(url + strlen(url), sizeof url - strlen(url), "/%s", database);
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(connection));
    int answer = PQntuples(result) ? atoi(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    PQfinish(connection);
    return answer;
}

#define OBJECTS                                                                                              \
    "SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_'))" \
    " + (SELECT count(*) FROM pg_proc WHERE oid >= 16384) + (SELECT count(*) FROM pg_type WHERE oid >= 16384)"     \
    " + (SELECT count(*) FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_') + (SELECT count(*) FROM pg_operator WHERE oid >= 16384)" \
    " + (SELECT count(*) FROM pg_largeobject_metadata) + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql')"                       \
    " + (SELECT count(*) FROM pg_default_acl) + (SELECT count(*) FROM pg_cast WHERE oid >= 16384)"

#define ASLEEP "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"

/* An empty database that is there already, for a role that may make none; the same after a kill; and never one with something in it. */
START_TEST(test_borrowed)
{
    char sql[1000], shadow[100];
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("NOCREATEDB");
    snprintf(shadow, sizeof shadow, "%.80s_shadow", api.database);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" OWNER \"%s\"", shadow, api.database);
    api_sql(sql);
    api_option("shadow_url", api_url_with(api.database, NULL, shadow));
    api_file("001_all.sql",
             "CREATE TABLE t (i int PRIMARY KEY, s text);\nCREATE SCHEMA s;\nCREATE VIEW s.v AS SELECT i FROM t;\n"
             "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';\nCREATE TYPE e AS ENUM ('a');\nCREATE DOMAIN d AS int;\n"
             "CREATE TYPE c AS (a int);\nCREATE SEQUENCE sq;\nCREATE MATERIALIZED VIEW m AS SELECT i FROM t;\n"
             "CREATE AGGREGATE ag(int) (sfunc = int4pl, stype = int);\nCREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, PROCEDURE = int4eq);\n"
             "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;\nSELECT lo_create(0);\nCREATE STATISTICS st ON i, s FROM t;\n");
    API_OK(verify());
    ck_assert_int_eq(in_database(shadow, OBJECTS), 0);
    api_remove("001_all.sql");
    slow_migration();
    api_close();
    pid_t child = killed_amid();
    for (int i = 0; i < 1000 && in_database(shadow, ASLEEP) == 0; i++)
        wait_a_moment();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    ck_assert_int_ge(in_database(shadow, OBJECTS), 5);
    snprintf(sql, sizeof sql, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '%s'", shadow);
    api_sql(sql);
    api_remove("002_slow.sql");
    API_OK(verify());
    ck_assert_int_eq(in_database(shadow, OBJECTS), 0);
    in_database(shadow, "CREATE TABLE precious (i int)");
    API_FAILS(verify(), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS("not empty");
    ck_assert_int_eq(in_database(shadow, "SELECT count(*) FROM precious"), 0); /* it is there */
    snprintf(sql, sizeof sql, "DROP DATABASE \"%s\"", shadow);
    api_sql(sql);
}
END_TEST

/* One process after the other. */
START_TEST(test_turns)
{
    char sql[1000], shadow[100];
    int status = 0;
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("NOCREATEDB");
    snprintf(shadow, sizeof shadow, "%.80s_shadow", api.database);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" OWNER \"%s\"", shadow, api.database);
    api_sql(sql);
    api_option("shadow_url", api_url_with(api.database, NULL, shadow));
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nSELECT pg_sleep(0.2);\n-- ROLLBACK: DROP TABLE a;\n");
    api_close();
    pid_t child = fork();
    if (child == 0) {
        int32_t code = verify();
        api_close();
        _exit(code == MIGRATE_OK ? 0 : 1);
    }
    API_OK(verify());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    api_close();
    snprintf(sql, sizeof sql, "DROP DATABASE \"%s\"", shadow);
    api_sql(sql);
}
END_TEST

/* ---- like what ---- */

START_TEST(test_likeness)
{
    char sql[1000];
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("CREATEDB");
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET timezone TO 'Asia/Tokyo'", api.database);
    api_sql(sql);
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET search_path TO public, \"odd one\"", api.database);
    api_sql(sql);
    snprintf(sql, sizeof sql, "ALTER ROLE \"%s\" IN DATABASE \"%s\" SET datestyle TO 'German'", api.database, api.database);
    api_sql(sql);
    api_sql("CREATE EXTENSION pg_trgm");
    char *is = strdup(api_query("SELECT pg_encoding_to_char(encoding) || datcollate || datctype FROM pg_database WHERE datname = current_database()"));
    char up[1500];
    snprintf(up, sizeof up,
             "DO $$ BEGIN\n"
             "IF current_database() NOT LIKE 'libmigrate_scratch_%%' THEN RAISE EXCEPTION 'in %%', current_database(); END IF;\n"
             "IF current_setting('timezone') <> 'Asia/Tokyo' THEN RAISE EXCEPTION 'timezone %%', current_setting('timezone'); END IF;\n"
             "IF current_setting('search_path') <> 'public, \"odd one\"' THEN RAISE EXCEPTION 'path %%', current_setting('search_path'); END IF;\n"
             "IF current_setting('datestyle') NOT LIKE 'German%%' THEN RAISE EXCEPTION 'style %%', current_setting('datestyle'); END IF;\n"
             "IF (SELECT pg_encoding_to_char(encoding) || datcollate || datctype FROM pg_database WHERE datname = current_database()) <> '%s' "
             "THEN RAISE EXCEPTION 'locale'; END IF;\nEND $$;\n"
             "CREATE TABLE t (s text);\nCREATE INDEX ON t USING gin (s gin_trgm_ops);\n", is);
    free(is);
    api_file("001_like.sql", up);
    API_OK(verify());
    ck_assert_int_eq(left(), 0);
    ck_assert_str_eq(api_column("result"), "exact");
    api_file("001_like.sql", "CREATE EXTENSION pg_trgm;\n-- ROLLBACK: DROP EXTENSION pg_trgm;\n"); /* its own: it is not made before */
    API_OK(verify());
    ck_assert_str_eq(api_column("result"), "exact");
}
END_TEST

/* A role that the session works as, and a history in a schema of its own. */
START_TEST(test_role)
{
    char sql[1000], role[120];
    if (api.engine != API_POSTGRESQL)
        return;
    become_role("CREATEDB");
    snprintf(role, sizeof role, "%.90s_owner", api.database);
    snprintf(sql, sizeof sql, "CREATE ROLE \"%s\"", role);
    api_sql(sql);
    snprintf(sql, sizeof sql, "GRANT \"%s\" TO \"%s\"", role, api.database);
    api_sql(sql);
    api_sql("CREATE SCHEMA meta");
    snprintf(sql, sizeof sql, "GRANT ALL ON SCHEMA public, meta TO \"%s\"", role);
    api_sql(sql);
    api_option("set_role", role);
    api_option("history_schema", "meta");
    api_file("001_a.sql", "CREATE SCHEMA own;\nCREATE TABLE own.a (id integer);\n-- ROLLBACK: DROP SCHEMA own CASCADE;\n");
    API_OK(verify());
    ck_assert_str_eq(api_column("result"), "exact");
    ck_assert_int_eq(left(), 0);
    snprintf(sql, sizeof sql, "DROP OWNED BY \"%s\"", role);
    api_sql(sql);
    snprintf(sql, sizeof sql, "DROP ROLE \"%s\"", role);
    api_sql(sql);
}
END_TEST

/* What belongs to the whole server is nobody's to try things with. */
START_TEST(test_beyond)
{
    become_role("CREATEDB");
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_beyond.sql", API_EITHER("ATTACH DATABASE 'libmigrate_other.db' AS other;\n", "ALTER ROLE CURRENT_USER SET work_mem TO '9MB';\n"));
    api_file("003_b.sql", "CREATE TABLE b (id integer);\n");
    API_OK(verify());
    ck_assert_str_eq(api_column("result"), "exact untried untried");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "untried"), 2);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "good"), 1);
    if (api.engine == API_POSTGRESQL) {
        ck_assert_str_eq(api_query("SELECT count(*) FROM pg_db_role_setting WHERE array_to_string(setconfig, ' ') LIKE '%work_mem=9MB%'"), "0");
        api_file("002_beyond.sql", "GRANT SELECT ON a TO PUBLIC;\nCOMMENT ON TABLE a IS 'role';\n-- ROLLBACK:\n"
                                   "COMMENT ON TABLE a IS NULL;\nREVOKE SELECT ON a FROM PUBLIC;\n-- END ROLLBACK\n");
        API_OK(verify());
        ck_assert_str_eq(api_column("result"), "exact exact exact");
        api_file("002_beyond.sql", "CREATE TABLE c (i int);\n-- ROLLBACK: DROP TABLE c; DROP ROLE libmigrate_no_such_role;\n");
        API_OK(verify());
        ck_assert_str_eq(api_column("result"), "exact untried exact");
    } else {
        ck_assert_int_ne(access("libmigrate_other.db", F_OK), 0);
    }
}
END_TEST

API("scratch", test_cancel, test_token, test_deadline, test_kill, test_kept, test_no_right, test_borrowed, test_turns, test_likeness, test_role,
    test_beyond)
