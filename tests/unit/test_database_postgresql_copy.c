/* SPDX-License-Identifier: MIT
 * COPY ... FROM stdin over libpq: the data arrive whatever their format and however they are cut, and
 * whatever goes wrong is told, with its line, and leaves a connection that can be used. */
#include "test_database_postgresql.h"

#include "database/postgresql/client.h"
#include "util/clock.h"

#include <libpq-fe.h>

static void begin(struct database *db, const char *sql)
{
    migrate_error *err = NULL;

    db->class->copy_begin(db, sql, strlen(sql), &err);
    ck_assert_msg(err == NULL, "%s: %s", sql, err == NULL ? "" : err->message);
}

static void send_pieces(struct database *db, const char *data, size_t piece)
{
    migrate_error *err = NULL;

    for (size_t left = strlen(data); left > 0 && err == NULL;) {
        size_t length = left < piece ? left : piece;

        db->class->copy_data(db, data, length, &err);
        data += length;
        left -= length;
    }
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
}

static void end(struct database *db)
{
    int64_t line = -1;
    migrate_error *err = NULL;

    db->class->copy_end(db, &line, &err);
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
    ck_assert_int_eq(line, -1);
    ck_assert_int_eq(PQisnonblocking(db->class->handle(db)), 0);
}

static void copy(struct database *db, const char *sql, const char *data, size_t piece)
{
    begin(db, sql);
    send_pieces(db, data, piece);
    end(db);
}

static void expect_usable(struct database *db)
{
    ck_assert_str_eq(ask(db, "SELECT 'usable'"), "usable");
    ck_assert_int_eq(PQisnonblocking(db->class->handle(db)), 0);
}

/* The line that the failing end names. */
static int64_t failing_line(struct database *db, const char *sql, const char *data, const char *sqlstate)
{
    int64_t line = -1;
    migrate_error *err = NULL;

    begin(db, sql);
    send_pieces(db, data, SIZE_MAX);
    ck_assert_int_lt(db->class->copy_end(db, &line, &err), 0);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(err->sqlstate, sqlstate);
    error_clear(&err);
    ck_assert_int_eq(PQisnonblocking(db->class->handle(db)), 0);
    return line;
}

/* ---- what arrives ---- */

START_TEST(text_arrives)
{
    static const char data[] = "1\tein\\tTab\n2\t\\N\n3\t\\\\.\n4\t🐘\n";
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE t (a int, b text)");
    for (size_t piece = 1; piece < sizeof data; piece++) {
        run(db, "TRUNCATE t");
        copy(db, "COPY t FROM stdin", data, piece);
        ck_assert_str_eq(ask(db, "SELECT string_agg(concat(a, '=', b), '|' ORDER BY a) FROM t"),
                         "1=ein\tTab|2=|3=\\.|4=🐘");
    }
    copy(db, "COPY t (b, a) FROM STDIN WITH (DELIMITER ',')", "x,5", SIZE_MAX); /* no final newline */
    ck_assert_str_eq(ask(db, "SELECT b FROM t WHERE a = 5"), "x");
    copy(db, "COPY t FROM stdin", "", SIZE_MAX);
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "5");
    database_close(db);
}
END_TEST

START_TEST(csv_arrives)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE t (a int, b text)");
    copy(db, "COPY t FROM stdin WITH (FORMAT csv, HEADER)",
         "a,b\n1,\"two\nlines, \"\"quoted\"\"\"\n2,\n3,\"\\.\"\n", 7);
    ck_assert_str_eq(ask(db, "SELECT string_agg(concat(a, '=', b), '|' ORDER BY a) FROM t"),
                     "1=two\nlines, \"quoted\"|2=|3=\\.");
    database_close(db);
}
END_TEST

/* As libpq answers where it gets no memory for a large message. */
static int put_little(PGconn *handle, const char *data, int length)
{
    return length > 16 * 1024 - 5 ? 0 : PQputCopyData(handle, data, length);
}

START_TEST(arrives_without_memory_too)
{
    struct database *db = open_server();
    struct postgresql_connection *connection = (struct postgresql_connection *)db;
    const struct postgresql_client *whole = connection->pq;
    struct postgresql_client poor = *whole;
    static char block[300001];

    for (size_t i = 0; i < sizeof block - 1; i++)
        block[i] = i % 10 == 9 ? '\n' : (char)('0' + i % 7);
    run(db, "CREATE TEMP TABLE t (a text)");
    copy(db, "COPY t FROM stdin", block, SIZE_MAX);
    poor.PQputCopyData = put_little;
    connection->pq = &poor;
    copy(db, "COPY t FROM stdin", block, SIZE_MAX);
    connection->pq = whole;
    ck_assert_str_eq(ask(db, "SELECT concat(count(*), ' of ', count(DISTINCT a)) FROM t"), "60000 of 7");
    database_close(db);
}
END_TEST

START_TEST(obeys_the_transaction)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE t (a int)");
    run(db, "BEGIN");
    copy(db, "COPY t FROM stdin", "1\n2\n", SIZE_MAX);
    ck_assert_int_eq(db->class->transaction(db), DATABASE_OPEN);
    run(db, "ROLLBACK");
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "0");
    run(db, "BEGIN");
    failing_line(db, "COPY t FROM stdin; ", "1\nx\n", "22P02");
    ck_assert_int_eq(db->class->transaction(db), DATABASE_ABORTED);
    run(db, "ROLLBACK");
    expect_usable(db);
    database_close(db);
}
END_TEST

/* ---- what fails ---- */

START_TEST(names_the_line)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE t (a int PRIMARY KEY, b text); CREATE TEMP TABLE \"t, 12, line 5\" (a int)");
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\ta\n2\tb\nx\tc\n4\td\n", "22P02"), 3);
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\ta\n2\n", "22P04"), 2);
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\ta\n2\tb\textra\n", "22P04"), 2);
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\ta\n2\tb\n3\tc\n1\td\n5\te\n", "23505"), 4);
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin CSV HEADER", "a,b\n1,\"x\ny\"\n\"z\",\n", "22P02"),
                     4);
    ck_assert_int_eq(failing_line(db, "COPY \"t, 12, line 5\" FROM stdin", "1\nx\n", "22P02"),
                     5); /* such a name deceives us */
    run(db, "CREATE FUNCTION pg_temp.fail() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN\nIF new.a = 2 THEN RAISE 'no, line 77'; END IF; RETURN new; END $$;"
            "CREATE TRIGGER fail BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.fail()");
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\ta\n2\tb\n", "P0001"), 2);
    database_close(db);
}
END_TEST

START_TEST(names_no_line_where_there_is_none)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE p (a int PRIMARY KEY); CREATE TEMP TABLE t (a int REFERENCES p)");
    ck_assert_int_eq(failing_line(db, "COPY t FROM stdin", "1\n", "23503"), 0);
    database_close(db);
}
END_TEST

static void refused(struct database *db, const char *sql, const char *sqlstate)
{
    migrate_error *err = NULL;

    ck_assert_int_eq(db->class->copy_begin(db, sql, strlen(sql), &err), MIGRATE_ERROR_SQL);
    ck_assert_str_eq(err->sqlstate, sqlstate);
    error_clear(&err);
    expect_usable(db);
}

START_TEST(refuses_to_begin)
{
    struct database *db = open_server();

    refused(db, "COPY absent FROM stdin", "42P01");
    refused(db, "COPY FROM stdin", "42601");
    refused(db, "SELECT 1", "");
    refused(db, "", "");
    database_close(db);
}
END_TEST

/* A failure in the first of many megabytes: libpq says so at the end only, but nobody waits for anybody. */
START_TEST(fails_early)
{
    static char block[1024 * 1024];
    int64_t line = 0;
    struct database *db = open_server();
    migrate_error *err = NULL;

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = i % 64 == 63 ? '\n' : 'x';
    run(db, "CREATE TEMP TABLE t (a int)");
    begin(db, "COPY t FROM stdin");
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(db->class->copy_data(db, block, sizeof block, &err), 0);
    ck_assert_int_eq(db->class->copy_end(db, &line, &err), MIGRATE_ERROR_SQL);
    ck_assert_int_eq(line, 1);
    error_clear(&err);
    expect_usable(db);
    database_close(db);
}
END_TEST

/* ---- ending before the end ---- */

START_TEST(cancels_in_the_middle)
{
    migrate_token *token = NULL;
    migrate_error *err = NULL;
    struct watch watch = {0};
    struct database *db = connect_as(server_url, &watch);

    ck_assert_int_eq(token_new(&token, &err), 0);
    run(db, "CREATE TEMP TABLE t (a int)");
    begin(db, "COPY t FROM stdin");
    send_pieces(db, "1\n2\n", SIZE_MAX);
    watch.token = token;
    token_raise(token, 2);
    ck_assert_int_eq(db->class->copy_data(db, "3\n", 2, &err), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(err->code, MIGRATE_ERROR_CANCELLED);
    error_clear(&err);
    ck_assert_int_eq(db->class->copy_begin(db, "COPY t FROM stdin", 17, &err), MIGRATE_ERROR_CANCELLED);
    error_clear(&err);
    watch.token = NULL;
    expect_usable(db);
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "0");
    token_unref(token);
    database_close(db);
}
END_TEST

static struct database *with_slow_table(struct watch *watch)
{
    struct database *db = connect_as(server_url, watch);

    run(db,
        "CREATE TEMP TABLE t (a text); CREATE FUNCTION pg_temp.slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(30); RETURN new; END $$;"
        "CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.slow()");
    return db;
}

/* The server takes nothing more, or takes its time at the end: the deadline ends the waiting all the same. */
START_TEST(does_not_wait_for_a_busy_server)
{
    static char block[16 * 1024 * 1024];
    struct watch watch = {0};
    struct database *db = with_slow_table(&watch);
    migrate_error *err = NULL;
    int64_t before = clock_monotonic();

    memset(block, 'x', sizeof block);
    block[10] = '\n';
    begin(db, "COPY t FROM stdin");
    watch.deadline = clock_monotonic() + 200000;
    ck_assert_int_eq(db->class->copy_data(db, block, sizeof block, &err), MIGRATE_ERROR_TIMEOUT);
    error_clear(&err);
    watch.deadline = 0;
    expect_usable(db);
    begin(db, "COPY t FROM stdin");
    send_pieces(db, "a\n", SIZE_MAX);
    watch.deadline = clock_monotonic() + 200000;
    ck_assert_int_eq(db->class->copy_end(db, NULL, &err), MIGRATE_ERROR_TIMEOUT);
    error_clear(&err);
    watch.deadline = 0;
    expect_usable(db);
    ck_assert_int_lt(clock_monotonic() - before, 2000000);
    database_close(db);
}
END_TEST

START_TEST(waits_for_locks_under_the_watch)
{
    struct watch watch = {0};
    struct database *other = open_server(), *db = connect_as(server_url, &watch);
    migrate_error *err = NULL;

    run(other, "DROP TABLE IF EXISTS copy_locked; CREATE TABLE copy_locked (a int)");
    run(other, "BEGIN; LOCK TABLE copy_locked");
    watch.deadline = clock_monotonic() + 200000;
    ck_assert_int_eq(db->class->copy_begin(db, "COPY copy_locked FROM stdin", 27, &err),
                     MIGRATE_ERROR_TIMEOUT);
    error_clear(&err);
    watch.deadline = 0;
    expect_usable(db);
    run(other, "ROLLBACK; DROP TABLE copy_locked");
    database_close(other);
    database_close(db);
}
END_TEST

START_TEST(aborts)
{
    struct database *db = open_server();

    run(db, "CREATE TEMP TABLE t (a int)");
    begin(db, "COPY t FROM stdin");
    send_pieces(db, "1\n", SIZE_MAX);
    db->class->copy_abort(db);
    expect_usable(db);
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "0");
    database_close(db);
}
END_TEST

/* The server ends the connection while data flow. */
START_TEST(survives_a_lost_connection)
{
    static char block[1024 * 1024];
    struct database *killer = open_server(), *db = open_server();
    migrate_error *err = NULL;
    char sql[1200];
    int32_t code = 0;

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = i % 64 == 63 ? '\n' : 'x';
    run(db, "CREATE TEMP TABLE t (a text)");
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 5000)", ask(db, "SELECT pg_backend_pid()"));
    begin(db, "COPY t FROM stdin");
    for (int i = 0; i < 50 && code == 0; i++) {
        if (i == 5)
            run(killer, sql);
        code = db->class->copy_data(db, block, sizeof block, &err);
    }
    ck_assert_int_eq(code, MIGRATE_ERROR_CONNECTION_LOST);
    ck_assert_int_eq(err->kind, ERROR_LOST);
    error_clear(&err);
    ck_assert_int_eq(db->class->transaction(db), DATABASE_LOST);
    database_close(db);

    db = open_server(); /* and with nothing left to send */
    run(db, "CREATE TEMP TABLE t (a text)");
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%s, 5000)", ask(db, "SELECT pg_backend_pid()"));
    begin(db, "COPY t FROM stdin");
    send_pieces(db, "1\n", SIZE_MAX);
    run(killer, sql);
    ck_assert_int_eq(db->class->copy_end(db, NULL, &err), MIGRATE_ERROR_CONNECTION_LOST);
    error_clear(&err);
    database_close(db);
    database_close(killer);
}
END_TEST

/* ---- much ---- */

static long peak_kilobytes(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long peak = 0;

    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        sscanf(line, "VmHWM: %ld", &peak);
    if (status != NULL)
        fclose(status);
    return peak;
}

START_TEST(streams_in_flat_memory)
{
    static char block[1024 * 1024];
    struct database *db = open_server();
    migrate_error *err = NULL;
    long before;

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = i % 1024 == 1023 ? '\n' : (char)('a' + i % 26);
    run(db, "CREATE TEMP TABLE t (a text)");
    begin(db, "COPY t FROM stdin");
    before = peak_kilobytes();
    for (int i = 0; i < 200 && err == NULL; i++)
        db->class->copy_data(db, block, sizeof block, &err);
    ck_assert_ptr_null(err);
    end(db);
    ck_assert_int_lt(peak_kilobytes() - before, 2048);
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "204800");
    database_close(db);
}
END_TEST

/* A trigger that says much is listened to: else both sides would wait. */
START_TEST(listens_to_notices)
{
    struct database *db = open_server();
    struct text data = {0};

    run(db,
        "CREATE TEMP TABLE t (a text); CREATE FUNCTION pg_temp.talk() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE NOTICE '%', repeat('x', 2000); RETURN new; END $$;"
        "CREATE TRIGGER talk BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.talk()");
    for (int i = 0; i < 20000; i++)
        text_add(&data, "some words to fill the line\n");
    copy(db, "COPY t FROM stdin", data.data, 100000);
    ck_assert_str_eq(ask(db, "SELECT count(*) FROM t"), "20000");
    text_free(&data);
    database_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database/postgresql/copy");
    TCase *tests = tcase_create("all");

    suite_add_tcase(suite, tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, text_arrives);
    tcase_add_test(tests, csv_arrives);
    tcase_add_test(tests, arrives_without_memory_too);
    tcase_add_test(tests, obeys_the_transaction);
    tcase_add_test(tests, names_the_line);
    tcase_add_test(tests, names_no_line_where_there_is_none);
    tcase_add_test(tests, refuses_to_begin);
    tcase_add_test(tests, fails_early);
    tcase_add_test(tests, cancels_in_the_middle);
    tcase_add_test(tests, does_not_wait_for_a_busy_server);
    tcase_add_test(tests, waits_for_locks_under_the_watch);
    tcase_add_test(tests, aborts);
    tcase_add_test(tests, survives_a_lost_connection);
    tcase_add_test(tests, streams_in_flat_memory);
    tcase_add_test(tests, listens_to_notices);
    return run_suite(suite);
}
