/* SPDX-License-Identifier: MIT
 * The rehearsal and the world around it: the host's code and connection, other runners and locks, a cancel, a kill: afterwards the database
 * is what it was. */
#include "rehearse.h"
#include "migrate_libpq.h"
#include "migrate_sqlite3.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- code ---- */

static int32_t write_row(migrate_connection *connection, void *user)
{
    ++*(int *)user;
    return migrate_connection_exec(connection, "UPDATE t SET a = 9", NULL);
}

START_TEST(test_code)
{
    migrate_source *source = NULL;
    int calls = 0;
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_t", "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)", NULL, api_error()));
    api_source(source);
    API_OK(api_apply());
    API_OK(migrate_source_add_code(source, "002_code", "1", write_row, NULL, &calls, api_error()));
    API_OK(migrate_source_add(source, "003_behind", "UPDATE t SET a = 10 WHERE a = 9", NULL, api_error()));
    api_source(source);
    rehearse_remember();
    API_OK(rehearse());
    ck_assert_int_eq(calls, 1);
    ck_assert_str_eq(api_column("id"), "002_code 003_behind");
    ck_assert_str_eq(rehearsed(0, "statement"), "-");
    ck_assert_str_eq(rehearsed(0, "rows"), "2");
    ck_assert_str_eq(rehearsed(1, "rows"), "2");
    rehearse_check_same();
    migrate_source_free(source);
}
END_TEST

/* ---- the host's connection ---- */

START_TEST(test_borrowed)
{
    rehearse_tables();
    api_file("002_set.sql", API_EITHER("PRAGMA legacy_alter_table = ON;\nCREATE TEMP TABLE tt (a);\nUPDATE t SET a = 1;\n",
                                       "SET search_path TO pg_catalog;\nSET work_mem TO '1MB';\nCREATE TEMP TABLE tt (a int);\n"
                                       "UPDATE public.t SET a = 1;\n"));
    rehearse_remember();
    if (api.engine == API_SQLITE) {
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
        API_OK(rehearse());
        ck_assert_int_eq(sqlite3_get_autocommit(db), 1);
        ck_assert_int_ne(sqlite3_exec(db, "SELECT * FROM tt", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        api_option("host_transaction", "use");
        API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        ck_assert_int_eq(sqlite3_get_autocommit(db), 0);
        api_close();
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        sqlite3_close(db);
    } else {
        PGconn *db = PQconnectdb(api.url);
        PQclear(PQexec(db, "SET work_mem TO '3MB'; SET my.setting TO 'mine'; SET client_encoding TO 'LATIN1'"));
        API_OK(migrate_open_libpq(db, api.options, &api.session, api_error()));
        API_OK(rehearse());
        ck_assert_int_eq(PQtransactionStatus(db), PQTRANS_IDLE);
        PGresult *result = PQexec(db, "SELECT current_setting('work_mem'), current_setting('my.setting'), current_setting('search_path'), "
                                      "(SELECT count(*) FROM pg_class WHERE relname = 'tt'), current_setting('client_encoding'), "
                                      "(SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')");
        ck_assert_str_eq(PQgetvalue(result, 0, 0), "3MB");
        ck_assert_str_eq(PQgetvalue(result, 0, 1), "mine");
        ck_assert_str_eq(PQgetvalue(result, 0, 2), "\"$user\", public");
        ck_assert_str_eq(PQgetvalue(result, 0, 3), "0");
        ck_assert_str_eq(PQgetvalue(result, 0, 4), "LATIN1");
        ck_assert_str_eq(PQgetvalue(result, 0, 5), "0");
        PQclear(result);
        PQclear(PQexec(db, "BEGIN"));
        api_option("host_transaction", "use");
        API_OK(migrate_open_libpq(db, api.options, &api.session, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_IN_TRANSACTION, "usage");
        ck_assert_int_eq(PQtransactionStatus(db), PQTRANS_INTRANS);
        api_close();
        PQfinish(db);
    }
    rehearse_check_same();
}
END_TEST

/* Without a journal there is no way back. */
START_TEST(test_no_journal)
{
    sqlite3 *db = NULL;
    if (api.engine == API_POSTGRESQL)
        return;
    rehearse_tables();
    api_file("002_a.sql", "UPDATE t SET a = 1;\n");
    rehearse_remember();
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA journal_mode = OFF", NULL, NULL, NULL), SQLITE_OK);
    API_OK(migrate_open_sqlite3(db, api.options, &api.session, api_error()));
    API_FAILS(rehearse(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("journal_mode");
    api_close();
    sqlite3_close(db);
    rehearse_check_same();
}
END_TEST

/* Nor does it leave a fingerprint, or kept facts. */
START_TEST(test_fingerprint)
{
    api_option("fingerprint", "on");
    api_option("keep_facts", "on");
    rehearse_tables();
    api_file("002_a.sql", "ALTER TABLE t ADD COLUMN b INTEGER;\n");
    rehearse_remember();
    API_OK(rehearse());
    ck_assert(rehearse_identical());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 1);
    rehearse_check_same();
}
END_TEST

/* ---- the end comes in between ---- */

static const char *slow(void)
{
    return API_EITHER("UPDATE t SET a = 8;\nWITH RECURSIVE g(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM g WHERE x < 1000000000) "
                      "SELECT count(*) FROM g;\n",
                      "UPDATE t SET a = 8;\nINSERT INTO t (a) VALUES (8);\nSELECT pg_sleep(30);\n");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *cancel_soon(void *token)
{
    usleep(500000);
    migrate_token_cancel(token);
    return NULL;
}

START_TEST(test_cancel)
{
    migrate_token *token = NULL;
    pthread_t thread;
    rehearse_tables();
    api_file("002_slow.sql", slow());
    rehearse_remember();
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    api_close();
    ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, token), 0);
    double begun = seconds();
    API_FAILS(rehearse(), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_double_lt(seconds() - begun, 0.5 + 1.5);
    pthread_join(thread, NULL);
    migrate_options_set_token(api.options, NULL, NULL);
    migrate_token_free(token);
    api_close();
    rehearse_check_same();
    rehearse_check_nobody();
}
END_TEST

START_TEST(test_killed)
{
    rehearse_tables();
    api_file("002_slow.sql", slow());
    rehearse_remember();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(rehearse() == MIGRATE_OK ? 0 : 1);
    usleep(700000);
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    rehearse_check_nobody();
    rehearse_check_same();
}
END_TEST

/* A table's lock is not to be had: as in a run it is waited for so long, and tried again. */
START_TEST(test_lock)
{
    if (api.engine == API_SQLITE)
        return;
    rehearse_tables();
    api_file("002_alter.sql", "UPDATE u SET t = t;\nALTER TABLE t ADD COLUMN b int;\n");
    api_option("ddl_lock_timeout", "200ms");
    api_option("ddl_lock_attempts", "2");
    PGconn *db = PQconnectdb(api.url);
    PQclear(PQexec(db, "BEGIN; LOCK TABLE t IN ACCESS SHARE MODE"));
    rehearse_remember();
    double begun = seconds();
    API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
    API_PLACE("002_alter.sql", 2, 1);
    ck_assert_double_gt(seconds() - begun, 1.3);
    ck_assert_double_lt(seconds() - begun, 6);
    ck_assert_int_ge(api_told("blocked"), 1);
    PQclear(PQexec(db, "COMMIT"));
    PQfinish(db);
    rehearse_check_same();
    rehearse_check_nobody();
    API_OK(rehearse());
}
END_TEST

/* Not while a runner is at work. */
START_TEST(test_waits_for_runner)
{
    rehearse_tables();
    api_file("002_a.sql", "CREATE TABLE a (id INTEGER);\n");
    api_option("wait_timeout", "500ms");
    if (api.engine == API_SQLITE) {
        sqlite3 *db = NULL;
        ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
        sqlite3_close(db);
    } else {
        migrate_session *other = NULL;
        migrate_run *run = NULL;
        API_OK(migrate_open(api.url, api.options, &other, api_error()));
        API_OK(migrate_run_begin(other, NULL, &run, api_error()));
        API_FAILS(rehearse(), MIGRATE_ERROR_LOCKED, "retry");
        API_OK(migrate_run_end(run, NULL, api_error()));
        migrate_close(other);
    }
    API_OK(rehearse());
}
END_TEST

API("rehearse_around", test_code, test_borrowed, test_no_journal, test_fingerprint, test_cancel, test_killed, test_lock,
    test_waits_for_runner)
