/* SPDX-License-Identifier: MIT
 * Behind a real PgBouncer, with pools of one and two: everything works by transactions alone, and nothing is left in the pool's sessions
 * or the host's. */
#include "pooler.h"

#include <migrate_libpq.h>

#include <stdio.h>
#include <string.h>

/* What a client finds in the pool's session. The process is no setting, but shows that it is the same one. */
#define FOUND                                                                                                \
    "SELECT 'pid', pg_backend_pid()::text UNION ALL SELECT 'user', session_user::text "                      \
    "UNION ALL SELECT 'role', current_setting('role') "                                                      \
    "UNION ALL SELECT 'listens', count(*)::text FROM pg_listening_channels() "                               \
    "UNION ALL SELECT 'temporary', count(*)::text FROM pg_class WHERE relnamespace = pg_my_temp_schema() "   \
    "UNION ALL SELECT 'locks', count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() "                    \
    "UNION ALL (SELECT name, setting FROM pg_settings WHERE name NOT IN ('application_name', "               \
    "'transaction_isolation', 'transaction_read_only') ORDER BY name)"

/* Check cannot show texts of this length. */
static void check_found(PGconn *connection, const char *before)
{
    const char *now = pooler_ask(connection, FOUND);
    size_t i = 0;
    while (now[i] && now[i] == before[i])
        i++;
    while (i > 0 && now[i] != ' ')
        i--;
    ck_assert_msg(strcmp(now, before) == 0, "found:%.80s; before:%.80s", now + i, before + i);
}

/* ---- everything works ---- */

static void verbs(int size)
{
    pooler_start("transaction", size);
    pooler_schema();
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), POOLER_ALL);
    API_OK(api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), POOLER_ALL);
    API_OK(api_startup("check"));
    API_OK(api_startup("wait"));
    API_OK(api_rollback("003_mood"));
    ck_assert_str_eq(api_applied(), "001_users 002_notes 003_mood");
    ck_assert_str_eq(api_tables(), "notes users");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), POOLER_ALL);
    API_OK(api_mark("forgotten", "005_parts", "a test"));
    API_OK(api_mark("applied", "005_parts", "a test"));
    API_OK(api_plan(NULL));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_history());
    ck_assert_str_eq(api_query("SELECT count(*) FROM notes"), "2");
    ck_assert_str_eq(pooler_locks(), "0");
    pooler_stop();
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
    pooler_start("transaction", 1);
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
    pooler_stop();
}
END_TEST

START_TEST(test_code_schema_and_baseline)
{
    migrate_source *source = NULL;
    pooler_start("transaction", 2);
    api_file("001_users.sql", "CREATE TABLE users (id int);\n");
    api_file("schema.sql", "-- migrate: stands-for 001_users\nSET statement_timeout = 0;\n"
                           "SELECT pg_catalog.set_config('search_path', '', false);\n"
                           "CREATE TABLE public.users (id int);\n");
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_code(source, "002_code", "1", pooler_code, NULL, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT id FROM users"), "7");
    ck_assert_str_eq(api_events("baselined"), "1");
    ck_assert_str_eq(api_applied(), "001_users 002_code");
    api_sql("DROP TABLE libmigrate_history");
    API_OK(migrate_baseline(api.session, "002_code", "a test", NULL, api_error()));
    API_OK(api_startup("check"));
    pooler_stop();
}
END_TEST

/* ---- nothing is left in the pool ---- */

START_TEST(test_sessions_as_found)
{
    char before[60000];
    setenv("PGBTEST_DATABASE", "connect_query='SET search_path TO public, pg_temp; SET work_mem TO 7777'", 1);
    pooler_start("transaction", 1);
    api_sql("CREATE ROLE \"pooler owner\"");
    api_sql("GRANT CREATE ON SCHEMA public TO \"pooler owner\"");
    PGconn *other = pooler_connect(pooler.url);
    snprintf(before, sizeof before, "%s", pooler_ask(other, FOUND));
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
    ck_assert_str_eq(pooler_ask(other, "SHOW role"), "none");
    ck_assert_str_eq(pooler_ask(other, "SHOW statement_timeout"), "0");
    PQfinish(other);
    pooler_stop();
    api_sql("DROP OWNED BY \"pooler owner\" CASCADE");
    api_sql("DROP ROLE \"pooler owner\"");
}
END_TEST

/* ---- the host's own connection ---- */

START_TEST(test_borrowed)
{
    char before[60000];
    migrate_session *session = NULL;
    pooler_start("transaction", 1);
    pooler_schema();
    api_file("006_set.sql", "SET work_mem = 4444;\nSET ROLE pg_monitor;\n");
    PGconn *host = pooler_connect(pooler.url);
    PGconn *other = pooler_connect(pooler.url);
    PQsetClientEncoding(host, "LATIN1");
    snprintf(before, sizeof before, "%s", pooler_ask(other, FOUND));
    API_OK(migrate_open_libpq(host, api.options, &session, api_error()));
    API_OK(migrate_apply(session, NULL, NULL, api_error()));
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE id = '006_set'"), "1");
    check_found(other, before);
    ck_assert_str_eq(pooler_ask(host, "SHOW client_encoding"), "LATIN1");
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
    pooler_ask(host, "BEGIN");
    API_OK(migrate_open_libpq(host, api.options, &session, api_error()));
    API_OK(migrate_apply(session, NULL, NULL, api_error()));
    migrate_close(session);
    ck_assert_str_eq(pooler_locks(), "1");
    pooler_ask(host, "COMMIT");
    ck_assert_str_eq(pooler_locks(), "0");
    ck_assert_str_eq(api_query("SELECT count(*) FROM inside"), "0");
    PQfinish(other);
    PQfinish(host);
    pooler_stop();
}
END_TEST

/* In one transaction, with its lock; what needs a session of its own is refused as in a run. */
START_TEST(test_rehearsal)
{
    migrate_rows *rows = NULL;
    pooler_start("transaction", 1);
    pooler_schema();
    api_remove("004_glad.sql");
    PGconn *other = pooler_connect(api.url);
    char *before = strdup(pooler_ask(other, FOUND));
    API_OK(api_open(NULL));
    API_OK(migrate_rehearse(api.session, NULL, &rows, api_error()));
    ck_assert_int_eq(migrate_rows_value_int(rows, "identical"), 1);
    ck_assert_int_eq(migrate_rows_value_int(rows, "count"), 7);
    migrate_rows_free(rows);
    check_found(other, before);
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname = 'libmigrate_history'"), "0");
    ck_assert_str_eq(pooler_locks(), "0");
    api_file("006_index.sql", "CREATE INDEX CONCURRENTLY notes_id ON notes (id);\n");
    API_OK(api_open(NULL));
    API_FAILS(migrate_rehearse(api.session, NULL, &rows, api_error()), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("direct_url");
    free(before);
    PQfinish(other);
    pooler_stop();
}
END_TEST

/* A pooler leads to databases that it knows: a scratch database is made past it. */
START_TEST(test_scratch)
{
    migrate_rows *rows = NULL;
    pooler_start("transaction", 1);
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
    pooler_stop();
}
END_TEST

API("pooler", test_verbs_pool_of_one, test_verbs_pool_of_two, test_whole_run, test_code_schema_and_baseline,
    test_sessions_as_found, test_borrowed, test_rehearsal, test_scratch)
