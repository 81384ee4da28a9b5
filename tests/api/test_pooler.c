/* SPDX-License-Identifier: MIT
 * Behind a real PgBouncer, in each of its modes, with pools of one and two: everything works by transactions
 * alone, nothing is left in the pool's sessions, and what needs a session goes past it or is refused. */
#include "api.h"

#include <libpq-fe.h>
#include <migrate_libpq.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The pooler of this test, and the way past it. */
static struct {
    char folder[300], url[600], direct[600];
} pooler;

static void run_script(const char *verb, const char *arguments, char *out, size_t size)
{
    char command[1500];
    snprintf(command, sizeof command, "'%s' %s '%s' %s", getenv("MIGRATE_TEST_PGBOUNCER"), verb, pooler.folder,
             arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t length = fread(out, 1, size - 1, pipe);
    out[length] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
}

static void stop_pooler(void)
{
    char out[1000];
    if (*pooler.folder)
        run_script("stop", "", out, sizeof out);
    *pooler.folder = '\0';
}

/* From now on the library goes through it. The test's own connection does not. */
static void start_pooler(const char *mode, int size)
{
    char arguments[800], out[1000], owner[20], *end;
    snprintf(pooler.folder, sizeof pooler.folder, "%s/pooler", api.folder);
    snprintf(pooler.direct, sizeof pooler.direct, "%s", api.url);
    snprintf(owner, sizeof owner, "%d", (int)getpid());
    setenv("PGBTEST_OWNER", owner, 1);
    chmod(api.folder, 0755); /* it runs as another user */
    snprintf(arguments, sizeof arguments, "'%s' %s %d", getenv("MIGRATE_TEST_POSTGRESQL"), mode, size);
    run_script("start", arguments, out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "PGURL="));
    if ((end = strrchr(out, '/')))
        *end = '\0';
    snprintf(pooler.url, sizeof pooler.url, "%.200s/%s", strstr(out, "PGURL=") + 6, api.database);
    api_use(pooler.url);
}

/* ---- another client ---- */

static PGconn *connect_to(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    return connection;
}

/* All values of the last result, columns separated by |, rows by blanks. */
static const char *ask(PGconn *connection, const char *sql)
{
    static char text[60000];
    size_t used = 0;
    PGresult *result = PQexec(connection, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, "%s",
                  PQerrorMessage(connection));
    text[0] = '\0';
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                     column ? "|" : row ? " " : "", PQgetvalue(result, row, column));
    PQclear(result);
    return text;
}

/* What a client finds in the pool's session. The process is no setting, but shows that it is the same one. */
#define FOUND                                                                                                \
    "SELECT 'pid', pg_backend_pid()::text UNION ALL SELECT 'user', session_user::text "                      \
    "UNION ALL SELECT 'role', current_setting('role') "                                                      \
    "UNION ALL SELECT 'listens', count(*)::text FROM pg_listening_channels() "                               \
    "UNION ALL SELECT 'temporary', count(*)::text FROM pg_class WHERE relnamespace = pg_my_temp_schema() "   \
    "UNION ALL SELECT 'locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory' "                    \
    "UNION ALL (SELECT name, setting FROM pg_settings WHERE name NOT IN ('application_name', "               \
    "'transaction_isolation', 'transaction_read_only') ORDER BY name)"

/* Check cannot show texts of this length. */
static void check_found(PGconn *connection, const char *before)
{
    const char *now = ask(connection, FOUND);
    size_t i = 0;
    while (now[i] && now[i] == before[i])
        i++;
    while (i > 0 && now[i] != ' ')
        i--;
    ck_assert_msg(strcmp(now, before) == 0, "found:%.80s; before:%.80s", now + i, before + i);
}

static const char *advisory_locks(void)
{
    return api_query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid "
                     "FROM pg_database WHERE datname = current_database())");
}

/* ---- everything works ---- */

static void write_schema(void)
{
    api_file("001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_notes.sql", "CREATE TABLE notes (id int);\nCOPY notes (id) FROM stdin;\n1\n2\n\\.\n"
                              "-- ROLLBACK: DROP TABLE notes;\n");
    api_file("003_mood.sql", "CREATE TYPE mood AS ENUM ('sad');\n-- ROLLBACK: DROP TYPE mood;\n");
    /* cut in two by the library itself */
    api_file("004_glad.sql", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad';\nCREATE TABLE moods AS SELECT 'glad'::mood AS m;\n"
                             "-- ROLLBACK: DROP TABLE moods;\n");
    api_file("005_parts.sql", "BEGIN;\nCREATE TABLE a (x int);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\n"
                              "-- ROLLBACK: DROP TABLE a, b;\n");
    api_file("repeatable/totals.sql", "CREATE OR REPLACE VIEW totals AS SELECT count(*) FROM notes;\n");
}

#define ALL "001_users 002_notes 003_mood 004_glad 005_parts totals"

static void verbs(int size)
{
    start_pooler("transaction", size);
    write_schema();
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), ALL);
    API_OK(api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), ALL);
    API_OK(api_startup("check"));
    API_OK(api_startup("wait"));
    API_OK(api_rollback("003_mood"));
    ck_assert_str_eq(api_applied(), "001_users 002_notes 003_mood");
    ck_assert_str_eq(api_tables(), "notes users");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), ALL);
    API_OK(api_mark("forgotten", "005_parts", "a test"));
    API_OK(api_mark("applied", "005_parts", "a test"));
    API_OK(api_plan(NULL));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_history());
    ck_assert_str_eq(api_query("SELECT count(*) FROM notes"), "2");
    ck_assert_str_eq(advisory_locks(), "0");
    stop_pooler();
}

START_TEST(test_verbs_pool_of_one)
{
    verbs(1);
}
END_TEST

START_TEST(test_verbs_pool_of_two)
{
    verbs(2);
}
END_TEST

/* One transaction for all of them, with the lock once. */
START_TEST(test_whole_run)
{
    start_pooler("transaction", 1);
    api_option("transaction", "run");
    api_file("001_one.sql", "CREATE TABLE one (x int);\nSET search_path TO pg_catalog;\n");
    api_file("002_two.sql", "CREATE TABLE two (x int);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "one two");
    api_file("003_three.sql", "CREATE TABLE three (x int);\n");
    api_file("004_bad.sql", "SELECT 1 / 0;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("004_bad.sql", 1, 1);
    ck_assert_str_eq(api_tables(), "one two");
    stop_pooler();
}
END_TEST

static int32_t insert_up(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "INSERT INTO users VALUES (7)", NULL);
}

START_TEST(test_code_schema_and_baseline)
{
    migrate_source *source = NULL;
    start_pooler("transaction", 2);
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    api_file("schema.sql", "-- migrate: stands-for 001_users\nSET statement_timeout = 0;\n"
                           "SELECT pg_catalog.set_config('search_path', '', false);\n"
                           "CREATE TABLE public.users (id int);\n");
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_code(source, "002_code", "1", insert_up, NULL, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT id FROM users"), "7");
    ck_assert_str_eq(api_events("baselined"), "1");
    ck_assert_str_eq(api_applied(), "001_users 002_code");
    api_sql("DROP TABLE libmigrate_history");
    API_OK(migrate_baseline(api.session, "002_code", "a test", NULL, api_error()));
    API_OK(api_startup("check"));
    stop_pooler();
}
END_TEST

/* ---- nothing is left in the pool ---- */

START_TEST(test_sessions_as_found)
{
    char before[60000];
    setenv("PGBTEST_DATABASE", "connect_query='SET search_path TO public, pg_temp; SET work_mem TO 7777'", 1);
    start_pooler("transaction", 1);
    api_sql("CREATE ROLE \"pooler owner\"");
    api_sql("GRANT CREATE ON SCHEMA public TO \"pooler owner\"");
    PGconn *other = connect_to(pooler.url);
    snprintf(before, sizeof before, "%s", ask(other, FOUND));
    ck_assert_ptr_nonnull(strstr(before, "work_mem|7777"));
    api_file("001_settings.sql",
             "SET statement_timeout = 0;\nSET lock_timeout = '9s';\nSET client_encoding = 'UTF8';\n"
             "SET idle_in_transaction_session_timeout = 0;\nSET work_mem TO DEFAULT;\nSET TimeZone = 'Asia/Tokyo';\n"
             "SELECT pg_catalog.set_config('search_path', '', false);\nSET default_table_access_method = heap;\n"
             "SET row_security = off;\nSET session_replication_role = replica;\n"
             "CREATE TABLE public.t (x int);\n");
    api_file("002_role.sql", "SET ROLE \"pooler owner\";\nCREATE TABLE owned (x int);\n");
    api_file("003_user.sql", "SET SESSION AUTHORIZATION \"pooler owner\";\nCREATE TABLE owned2 (x int);\n");
    api_file("004_rest.sql", "LISTEN somebody;\nCREATE TEMP TABLE libmigrate_history (x int);\nCREATE TEMP VIEW v AS SELECT 1;\n");
    api_file("005_local.sql", "SET LOCAL work_mem = 4444;\nSET LOCAL search_path = pg_catalog;\n");
    api_file("006_parts.sql", "BEGIN;\nSET LOCAL work_mem = 4444;\nCREATE TABLE parts (x text);\nCOMMIT;\n"
                              "BEGIN;\nINSERT INTO parts VALUES (current_setting('work_mem'));\nCOMMIT;\n");
    API_OK(api_apply());
    check_found(other, before);
    ck_assert_str_eq(api_query("SELECT x FROM parts"), "7777kB");
    ck_assert_str_eq(api_query("SELECT tableowner FROM pg_tables WHERE tablename LIKE 'owned%'"),
                     "pooler owner pooler owner");
    /* failures leave nothing either */
    api_file("007_bad.sql", "SET work_mem = 5555;\nCREATE TEMP TABLE w (x int);\nSELECT 1 / 0;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    check_found(other, before);
    api_remove("007_bad.sql");
    /* what begin() says itself, and another role's migrations */
    api_option("set_role", "pooler owner");
    api_sql("GRANT ALL ON libmigrate_history TO \"pooler owner\"");
    api_file("008_for.sql", "CREATE TABLE theirs (x int);\nRESET ALL;\n");
    api_option("transaction", "run");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT tableowner FROM pg_tables WHERE tablename = 'theirs'"), "pooler owner");
    ck_assert_str_eq(ask(other, "SHOW role"), "none");
    ck_assert_str_eq(ask(other, "SHOW statement_timeout"), "0");
    PQfinish(other);
    stop_pooler();
    api_sql("DROP OWNED BY \"pooler owner\" CASCADE");
    api_sql("DROP ROLE \"pooler owner\"");
}
END_TEST

/* ---- what needs a session ---- */

static void write_lone(void)
{
    api_file("001_t.sql", "CREATE TABLE t (x int);\n");
    api_file("002_index.sql", "-- for the search\nCREATE INDEX CONCURRENTLY t_x ON t (x);\n");
    api_file("003_more.sql", "CREATE TABLE more (x int);\n");
}

START_TEST(test_refused_before_anything)
{
    start_pooler("transaction", 2);
    write_lone();
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("002_index.sql", 2, 1);
    API_SAYS("direct_url");
    API_SAYS("pooler=session");
    ck_assert_str_eq(api_tables(), "");
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), "pooler");
    ck_assert_str_eq(api_column("line"), "2");
    /* settings for the statements behind, in a file of several transactions */
    api_file("002_index.sql", "BEGIN;\nSET search_path TO public;\nCREATE TABLE p (x int);\nCOMMIT;\nBEGIN;\n"
                              "CREATE TABLE q (x int);\nCOMMIT;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("002_index.sql", 6, 1);
    ck_assert_str_eq(api_tables(), "");
    /* found out by the database alone */
    api_file("002_index.sql", "CREATE TYPE mood AS ENUM ('sad');\nSET work_mem = 4444;\nALTER TYPE mood ADD VALUE 'glad';\n"
                              "CREATE TABLE moods AS SELECT 'glad'::mood AS m;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(api_tables(), "t");
    stop_pooler();
}
END_TEST

START_TEST(test_past_the_pooler)
{
    start_pooler("transaction", 1);
    write_lone();
    api_option("direct_url", pooler.direct);
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_index 003_more");
    ck_assert_str_eq(api_query("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass"), "t");
    ck_assert_str_eq(advisory_locks(), "0");
    /* back behind it, in the same session; and past it again */
    api_file_behind("004_last.sql", "CREATE TABLE last (x int);\n");
    API_OK(api_status());
    API_OK(api_apply());
    api_file("005_vacuum.sql", "VACUUM t;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND application_name = 'libmigrate' AND state <> 'idle'"),
                     "0");
    stop_pooler();
}
END_TEST

START_TEST(test_direct_url_is_checked)
{
    char masked[700];
    start_pooler("transaction", 1);
    write_lone();
    api_option("direct_url", getenv("MIGRATE_TEST_POSTGRESQL")); /* another database of the same server */
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("another database");
    ck_assert_str_eq(api_tables(), "");
    api_option("direct_url", pooler.url);
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("pooler");
    api_option("direct_url", "sqlite::memory:");
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    /* no password in what is told */
    snprintf(masked, sizeof masked, "postgresql://nobody:hunter2@127.0.0.1:1/%s", api.database);
    api_option("direct_url", masked);
    api_option("wait_timeout", "100ms");
    API_FAILS(api_apply(), MIGRATE_ERROR_CONNECT, "retry");
    API_SAYS("direct_url");
    API_SAYS_NOT("hunter2");
    api_option("direct_url", "postgresql://nobody:hunter2@[broken/x");
    API_FAILS(api_apply(), MIGRATE_ERROR_URL, "usage");
    API_SAYS_NOT("hunter2");
    ck_assert_str_eq(api_tables(), "");
    stop_pooler();
}
END_TEST

/* ---- the other modes ---- */

START_TEST(test_session_mode)
{
    start_pooler("session", 1);
    write_lone();
    api_option("pooler", "session");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_t 002_index 003_more");
    ck_assert_str_eq(advisory_locks(), "0");
    /* not told of it, it does what is right for both */
    api_option("pooler", "auto");
    api_file("004_last.sql", "CREATE TABLE last (x int);\n");
    API_OK(api_apply());
    api_close();
    stop_pooler();
}
END_TEST

START_TEST(test_statement_mode)
{
    start_pooler("statement", 1);
    write_lone();
    api_remove("002_index.sql");
    API_OK(api_status());
    API_OK(api_plan(NULL));
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("pool_mode");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_tables WHERE tablename = 'libmigrate_history'"), "0");
    stop_pooler();
}
END_TEST

START_TEST(test_startup_parameters)
{
    char url[700];
    start_pooler("transaction", 1);
    write_lone();
    snprintf(url, sizeof url, "%s?options=-cgeqo%%3Doff", pooler.url);
    api_use(url);
    API_FAILS(api_apply(), MIGRATE_ERROR_URL, "usage");
    API_SAYS("ignore_startup_parameters");
    snprintf(url, sizeof url, "%s", pooler.url);
    memcpy(strstr(url, "postgres@"), "stranger", 8);
    api_use(url);
    API_FAILS(api_apply(), MIGRATE_ERROR_AUTHENTICATION, "rights");
    stop_pooler();
}
END_TEST

/* ---- how much is said, and how long is waited ---- */

static long queries(PGconn *console)
{
    PGresult *result = PQexec(console, "SHOW STATS_TOTALS");
    long count = -1;
    int column = PQfnumber(result, "query_count");
    for (int row = 0; row < PQntuples(result); row++)
        if (strcmp(PQgetvalue(result, row, 0), api.database) == 0)
            count = atol(PQgetvalue(result, row, column));
    PQclear(result);
    return count;
}

START_TEST(test_one_query_with_nothing_to_do)
{
    char url[700];
    start_pooler("transaction", 2);
    snprintf(url, sizeof url, "%s", pooler.url);
    snprintf(strrchr(url, '/'), 20, "/pgbouncer");
    write_schema();
    API_OK(api_apply());
    PGconn *console = connect_to(url);
    long before = queries(console);
    API_OK(api_startup("apply"));
    ck_assert_int_eq(queries(console) - before, 1);
    /* one migration: what there is, rights, the pooler, its begin, and the rest; not the history's creation */
    api_file("006_six.sql", "CREATE TABLE six (x int);\n-- ROLLBACK: DROP TABLE six;\n");
    API_OK(api_status());
    before = queries(console);
    API_OK(api_apply());
    ck_assert_int_le(queries(console) - before, 7);
    PQfinish(console);
    stop_pooler();
}
END_TEST

#define KEY                                                                                                  \
    "('x' || substr(encode(sha256('\\x6c69626d69677261746500'::bytea || '\\x7075626c696300'::bytea || "      \
    "'\\x6c69626d6967726174655f686973746f727900'::bytea), 'hex'), 1, 16))::bit(64)::bigint"

START_TEST(test_waits_for_a_session_lock)
{
    start_pooler("transaction", 2);
    write_schema();
    PGconn *holder = connect_to(pooler.direct);
    ask(holder, "SELECT pg_advisory_lock(" KEY ")");
    api_option("wait_timeout", "700ms");
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    ck_assert_str_eq(api_tables(), "");
    ask(holder, "SELECT pg_advisory_unlock(" KEY ")");
    API_OK(api_apply());
    /* and an own transaction's lock keeps those out that go past the pooler */
    ask(holder, "BEGIN; SELECT pg_advisory_xact_lock(" KEY ")");
    api_file("006_vacuum.sql", "VACUUM notes;\n");
    api_option("direct_url", pooler.direct);
    API_FAILS(api_apply(), MIGRATE_ERROR_LOCKED, "retry");
    PQfinish(holder);
    API_OK(api_apply());
    stop_pooler();
}
END_TEST

/* The only session of the pool is somebody else's: nobody hangs. */
START_TEST(test_no_free_session)
{
    start_pooler("transaction", 1);
    write_schema();
    PGconn *other = connect_to(pooler.url);
    api_option("wait_timeout", "300ms");
    API_OK(api_open(NULL));
    ask(other, "BEGIN");
    int32_t code = api_apply();
    ck_assert_msg(code == MIGRATE_ERROR_TIMEOUT || code == MIGRATE_ERROR_CONNECTION_LOST || code == MIGRATE_ERROR_LOCKED, "%s",
                  migrate_code_name(code));
    ask(other, "ROLLBACK");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), ALL);
    PQfinish(other);
    stop_pooler();
}
END_TEST

START_TEST(test_cancel)
{
    start_pooler("transaction", 1);
    api_file("001_t.sql", "CREATE TABLE t (x int);\n");
    api_file("002_slow.sql", "INSERT INTO t VALUES (1);\nSELECT pg_sleep(60);\n");
    api_option("run_deadline", "1s");
    API_FAILS(api_apply(), MIGRATE_ERROR_TIMEOUT, "retry");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND state = 'active' AND query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()"),
                     "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
    ck_assert_str_eq(advisory_locks(), "0");
    api_option("run_deadline", "none");
    api_file("002_slow.sql", "INSERT INTO t VALUES (2);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT x FROM t"), "2");
    stop_pooler();
}
END_TEST

/* ---- the pooler lets its clients go between the beginning of a run and its first step ---- */

static PGconn *console(void)
{
    char url[700];
    snprintf(url, sizeof url, "%s", pooler.url);
    snprintf(strrchr(url, '/'), 20, "/pgbouncer");
    return connect_to(url);
}

/* What the step says. gone: no new connection comes about. */
static int32_t step_behind_a_break(bool gone)
{
    char sql[700];
    migrate_run *run = NULL;
    int32_t code;
    API_OK(api_open(NULL));
    API_OK(migrate_run_begin(api.session, NULL, &run, api_error()));
    if (gone) {
        stop_pooler();
    } else {
        PGconn *control = console();
        snprintf(sql, sizeof sql, "KILL %s", api.database);
        ask(control, sql);
        snprintf(sql, sizeof sql, "RESUME %s", api.database);
        ask(control, sql);
        PQfinish(control);
    }
    do
        code = migrate_run_step(run, api_error());
    while (code == MIGRATE_MORE);
    migrate_run_end(run, NULL, NULL);
    return code;
}

/* How a step can begin: with its text, before its parts, before a text that flows, before code. */
enum { WAYS = 4 };
static void write_step(int way)
{
    static char big[5000000];
    migrate_source *source = NULL;
    switch (way) {
    case 0:
        api_file("002_text.sql", "CREATE TABLE t (x int);\n");
        break;
    case 1:
        api_file("003_parts.sql", "BEGIN;\nCREATE TABLE u (x int);\nCOMMIT;\nCREATE TABLE v (x int);\n");
        break;
    case 2:
        memset(big, '\n', sizeof big - 1);
        memcpy(big, "CREATE TABLE w (x int);", 23);
        api_file("004_big.sql", big);
        break;
    default:
        API_OK(migrate_source_new(&source, api_error()));
        API_OK(migrate_source_add_code(source, "005_code", "1", insert_up, NULL, NULL, api_error()));
        API_OK(migrate_options_set_source(api.options, source, api_error()));
        migrate_source_free(source);
        api_close();
    }
}

START_TEST(test_connection_anew)
{
    start_pooler("transaction", 1);
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    API_OK(api_apply());
    for (int way = 0; way < WAYS; way++) {
        write_step(way);
        API_OK(step_behind_a_break(false));
    }
    ck_assert_str_eq(api_applied(), "001_users 002_text 003_parts 004_big 005_code");
    ck_assert_str_eq(api_query("SELECT id FROM users"), "7");
    ck_assert_str_eq(advisory_locks(), "0");
    stop_pooler();
}
END_TEST

START_TEST(test_no_connection_anew)
{
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    API_OK(api_apply());
    for (int way = 0; way < WAYS; way++) {
        char applied[] = {(char)('1' + way), '\0'};
        start_pooler("transaction", 1);
        write_step(way);
        api_option("wait_timeout", "1s");
        API_FAILS(step_behind_a_break(true), MIGRATE_ERROR_CONNECTION_LOST, "retry");
        ck_assert_str_eq(api_events("applied"), applied);
        api_option("wait_timeout", "30s");
        api_use(pooler.direct);
        API_OK(api_apply());
    }
}
END_TEST

/* ---- the host's own connection ---- */

START_TEST(test_borrowed)
{
    char before[60000];
    migrate_session *session = NULL;
    start_pooler("transaction", 1);
    write_schema();
    api_file("006_set.sql", "SET work_mem = 4444;\nSET ROLE pg_monitor;\n");
    PGconn *host = connect_to(pooler.url);
    PGconn *other = connect_to(pooler.url);
    PQsetClientEncoding(host, "LATIN1");
    snprintf(before, sizeof before, "%s", ask(other, FOUND));
    API_OK(migrate_open_libpq(host, api.options, &session, api_error()));
    API_OK(migrate_apply(session, NULL, NULL, api_error()));
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE id = '006_set'"), "1");
    check_found(other, before);
    ck_assert_str_eq(ask(host, "SHOW client_encoding"), "LATIN1");
    migrate_close(session);
    /* what needs a session leaves it, and comes back to it */
    api_option("direct_url", pooler.direct);
    api_file("007_index.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n");
    API_OK(migrate_open_libpq(host, api.options, &session, api_error()));
    API_OK(migrate_apply(session, NULL, NULL, api_error()));
    migrate_close(session);
    /* inside its transaction: the lock is the transaction's too */
    api_option("host_transaction", "use");
    api_file("008_in.sql", "CREATE TABLE inside (x int);\n");
    ask(host, "BEGIN");
    API_OK(migrate_open_libpq(host, api.options, &session, api_error()));
    API_OK(migrate_apply(session, NULL, NULL, api_error()));
    migrate_close(session);
    ck_assert_str_eq(advisory_locks(), "1");
    ask(host, "COMMIT");
    ck_assert_str_eq(advisory_locks(), "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM inside"), "0");
    PQfinish(other);
    PQfinish(host);
    stop_pooler();
}
END_TEST

/* In one transaction, with its lock; what needs a session of its own is refused as in a run. */
START_TEST(test_rehearsal)
{
    migrate_rows *rows = NULL;
    start_pooler("transaction", 1);
    write_schema();
    api_remove("004_glad.sql");
    PGconn *other = connect_to(api.url);
    char *before = strdup(ask(other, FOUND));
    API_OK(api_open(NULL));
    API_OK(migrate_rehearse(api.session, NULL, &rows, api_error()));
    ck_assert_int_eq(migrate_rows_value_int(rows, "identical"), 1);
    ck_assert_int_eq(migrate_rows_value_int(rows, "count"), 7);
    migrate_rows_free(rows);
    check_found(other, before);
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname = 'libmigrate_history'"), "0");
    ck_assert_str_eq(advisory_locks(), "0");
    api_file("006_index.sql", "CREATE INDEX CONCURRENTLY notes_id ON notes (id);\n");
    API_OK(api_open(NULL));
    API_FAILS(migrate_rehearse(api.session, NULL, &rows, api_error()), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("direct_url");
    free(before);
    PQfinish(other);
    stop_pooler();
}
END_TEST

/* A pooler leads to databases that it knows: a scratch database is made past it. */
START_TEST(test_scratch)
{
    migrate_rows *rows = NULL;
    start_pooler("transaction", 1);
    api_file("001_t.sql", "CREATE TABLE t (x int);\n-- ROLLBACK: DROP TABLE t;\n");
    API_OK(api_open(NULL));
    API_FAILS(migrate_verify(api.session, NULL, &rows, api_error()), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS("direct_url");
    api_option("direct_url", pooler.direct);
    API_OK(api_open(NULL));
    API_OK(migrate_verify(api.session, NULL, &rows, api_error()));
    migrate_rows_free(rows);
    API_OK(api_apply()); /* and back behind it */
    api_option("direct_url", NULL);
    api_option("shadow_url", pooler.direct);
    API_OK(api_open(NULL));
    API_OK(migrate_verify(api.session, NULL, &rows, api_error()));
    migrate_rows_free(rows);
    stop_pooler();
}
END_TEST

API("pooler", test_verbs_pool_of_one, test_verbs_pool_of_two, test_whole_run, test_code_schema_and_baseline,
    test_sessions_as_found, test_refused_before_anything, test_past_the_pooler, test_direct_url_is_checked,
    test_session_mode, test_statement_mode, test_startup_parameters, test_one_query_with_nothing_to_do,
    test_waits_for_a_session_lock, test_no_free_session, test_cancel, test_connection_anew,
    test_no_connection_anew, test_borrowed, test_rehearsal, test_scratch)
