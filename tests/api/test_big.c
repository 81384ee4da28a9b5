/* SPDX-License-Identifier: MIT
 * Files that are too big to be held flow by: what is true of a small file is true of them, places and
 * checksum too, and memory does not grow with them. */
#include "api.h"

#include <sha256.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1024 * 1024)
#define TABLE "CREATE TABLE t (a integer, b text);\n"

/* ---- a text that grows ---- */

static struct {
    char *data;
    size_t length, capacity;
    int lines; /* ended so far */
    bool crlf;
    SHA256_CTX digest; /* of the up text: line ends as LF, no BOM, no rollback block */
    bool outside;      /* what comes now is none of it */
} big;

static void begin(bool bom, bool crlf)
{
    free(big.data);
    memset(&big, 0, sizeof big);
    big.capacity = 16 * MIB;
    big.data = malloc(big.capacity);
    ck_assert_ptr_nonnull(big.data);
    big.crlf = crlf;
    SHA256Init(&big.digest);
    if (bom) {
        memcpy(big.data, "\xEF\xBB\xBF", 3);
        big.length = 3;
    }
}

static void line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void line(const char *format, ...)
{
    va_list arguments;
    ck_assert_uint_lt(big.length + 4096, big.capacity);
    char *start = big.data + big.length;
    va_start(arguments, format);
    size_t length = (size_t)vsnprintf(start, 4000, format, arguments);
    va_end(arguments);
    if (!big.outside) {
        SHA256Update(&big.digest, (const uint8_t *)start, length);
        SHA256Update(&big.digest, (const uint8_t *)"\n", 1);
    }
    big.length += length;
    if (big.crlf)
        big.data[big.length++] = '\r';
    big.data[big.length++] = '\n';
    big.lines++;
}

static void save(const char *path)
{
    api_write(path, big.data, big.length);
}

static const char *checksum(void)
{
    static char out[SHA256_DIGEST_STRING_LENGTH];
    SHA256_CTX digest = big.digest;
    SHA256End(&digest, out);
    return out;
}

/* Lines of about a hundred bytes, in statements of two hundred rows. Returns how many rows. */
static int inserts(size_t bytes)
{
    int rows = 0;
    for (size_t end = big.length + bytes; big.length < end; rows++)
        line("%s(%d, 'gr\xC3\xBC\xC3\x9F''e; -- %0*d')%s", rows % 200 == 0 ? "INSERT INTO t VALUES " : "",
             rows, 70, rows, rows % 200 == 199 ? ";" : ",");
    if (rows % 200 != 0)
        line("(%d, 'last');", rows++);
    return rows;
}

static void check_rows(int rows)
{
    char expected[100];
    snprintf(expected, sizeof expected, "%d|%d", rows, rows - 1);
    ck_assert_str_eq(api_query("SELECT count(*), max(a) FROM t"), expected);
}

static void make_table(void)
{
    api_file("001_t.sql", TABLE);
    API_OK(api_apply());
}

/* The failed file left nothing. */
static void check_nothing(void)
{
    ck_assert_str_eq(api_applied(), "001_t");
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), "0");
}

/* ---- what runs ---- */

static void up_and_down(bool bom, bool crlf)
{
    make_table();
    begin(bom, crlf);
    line("-- all rows");
    int rows = inserts(7 * MIB);
    big.outside = true;
    line("-- ROLLBACK:");
    line("DELETE FROM t;");
    line("-- END ROLLBACK");
    big.outside = false;
    line("UPDATE t SET b = 'first' WHERE a = 0;");
    save("002_big.sql");
    for (int round = 0; round < 2; round++) {
        API_OK(api_apply());
        check_rows(rows);
        ck_assert_str_eq(api_query("SELECT b FROM t WHERE a = 0"), "first");
        ck_assert_str_eq(api_query("SELECT substr(b, 1, 10) FROM t WHERE a = 7777"),
                         "gr\xC3\xBC\xC3\x9F'e; --");
        ck_assert_str_eq(api_applied(), "001_t 002_big");
        ck_assert_str_eq(
            api_query(
                "SELECT checksum FROM libmigrate_history WHERE id = '002_big' ORDER BY seq DESC LIMIT 1"),
            checksum());
        API_OK(api_status());
        ck_assert_str_eq(api_cell("002_big", "state"), "applied");
        if (round == 0) {
            API_OK(api_rollback(NULL));
            check_nothing();
        }
    }
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "changed"), "false");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "4");
    API_OK(api_status());
    ck_assert_str_eq(api_cell("002_big", "recorded_checksum"), checksum());
}

START_TEST(test_up_and_down)
{
    up_and_down(false, false);
}
END_TEST

START_TEST(test_up_and_down_of_windows)
{
    up_and_down(true, true);
}
END_TEST

START_TEST(test_modified)
{
    make_table();
    begin(false, false);
    int rows = inserts(6 * MIB);
    save("002_big.sql");
    API_OK(api_apply());
    check_rows(rows);
    begin(false, false);
    inserts(6 * MIB);
    big.data[5 * MIB] = big.data[5 * MIB] == '0' ? '1' : '0';
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_MODIFIED, "state");
    ck_assert_str_eq(migrate_error_id(api.error), "002_big");
    API_OK(api_status());
    ck_assert_str_eq(api_cell("002_big", "state"), "modified");
    api_option("on_modified", "allow");
    API_OK(api_apply());
    check_rows(rows);
    api_option("on_modified", "fail");
    API_OK(api_mark("accept-checksum", "002_big", "the data stay"));
    API_OK(api_apply());
    API_OK(api_status());
    ck_assert_str_eq(api_cell("002_big", "state"), "applied");
}
END_TEST

START_TEST(test_directives)
{
    make_table();
    api_file("009_needed.sql", "INSERT INTO t VALUES (-5, 'needed');\n");
    begin(false, false);
    line("-- Depends: 009_needed");
    line("-- migrate: out-of-order");
    line("INSERT INTO t VALUES (-1, '");
    line("-- migrate: no-directive in a string');");
    int rows = inserts(5 * MIB);
    line("/* -- migrate: nor-here */");
    line("-- migrate: breaking");
    line("-- ROLLBACK: DELETE FROM t WHERE a >= -1;");
    line("-- migrate: allow-data-loss none of it");
    save("002_big.sql");
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), "009_needed 002_big");
    ck_assert_str_eq(api_cell("002_big", "breaking"), "true");
    ck_assert_str_eq(api_cell("002_big", "reversible"), "source");
    API_OK(api_apply_plan());
    ck_assert_str_eq(api_applied(), "001_t 009_needed 002_big");
    char expected[40];
    snprintf(expected, sizeof expected, "%d", rows + 2);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), expected);
    API_OK(api_rollback("only:002_big"));
    ck_assert_str_eq(api_query("SELECT a FROM t"), "-5");
}
END_TEST

START_TEST(test_bad_directive)
{
    make_table();
    begin(true, true);
    inserts(6 * MIB);
    line("  -- migrate: braeking");
    int at = big.lines;
    line("SELECT 1;");
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_big.sql", at, migrate_error_column(api.error));
    API_SAYS("breaking");
    check_nothing();
}
END_TEST

/* The author's own transactions and lone statements, which the next run goes on behind. */
START_TEST(test_segments)
{
    make_table();
    begin(false, false);
    line("BEGIN;");
    int rows = inserts(5 * MIB);
    line("COMMIT;");
    line("%s", API_EITHER("VACUUM;", "CREATE INDEX CONCURRENTLY t_a ON t (a);"));
    size_t length = big.length;
    int lines = big.lines;
    line("INSERT INTO absent VALUES (1);");
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    API_PLACE("002_big.sql", lines + 1, migrate_error_column(api.error));
    check_rows(rows);
    big.length = length;
    line("INSERT INTO t VALUES (-1, 'mended');");
    save("002_big.sql");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT b FROM t WHERE a = -1"), "mended");
    ck_assert_str_eq(api_applied(), "001_t 002_big");
    char expected[40];
    snprintf(expected, sizeof expected, "%d", rows + 1);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), expected);
}
END_TEST

/* A way back that is no comment, in the middle of data: it is not run, and what is behind it is. */
START_TEST(test_block_between)
{
    make_table();
    begin(false, false);
    int before = inserts(3 * MIB);
    big.outside = true;
    line("-- ROLLBACK:");
    line("INSERT INTO t VALUES (-7, 'way back');");
    line("-- END ROLLBACK");
    big.outside = false;
    int rows = before + inserts(3 * MIB);
    int at = big.lines + 1;
    line("INSERT INTO absent VALUES (1);");
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_big.sql", at, migrate_error_column(api.error));
    check_nothing();
    big.length -= strlen("INSERT INTO absent VALUES (1);\n");
    line("UPDATE t SET b = 'last' WHERE a = 0;");
    save("002_big.sql");
    API_OK(api_apply());
    char expected[40];
    snprintf(expected, sizeof expected, "%d", rows);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t"), expected);
    ck_assert_str_eq(api_query("SELECT count(*) FROM t WHERE a = 0 AND b <> 'last'"), "0");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_query("SELECT a FROM t WHERE a < 0"), "-7");
}
END_TEST

/* It is read more than once, and must be one text each time. */
START_TEST(test_changed_meanwhile)
{
    make_table();
    begin(false, false);
    inserts(5 * MIB);
    save("002_big.sql");
    API_OK(api_plan(NULL));
    char path[400];
    snprintf(path, sizeof path, "%s/002_big.sql", api.dir);
    FILE *file = fopen(path, "a"); /* behind the session's back */
    ck_assert_ptr_nonnull(file);
    fputs("INSERT INTO t VALUES (-1, 'came later');\n", file);
    ck_assert_int_eq(fclose(file), 0);
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_SOURCE, "source");
    API_SAYS("changed while it was in use");
    check_nothing();
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT b FROM t WHERE a = -1"), "came later");
}
END_TEST

/* ---- faults, and where they are ---- */

static void faults(bool bom, bool crlf)
{
    make_table();
    begin(bom, crlf);
    line("-- first");
    inserts(7 * MIB);
    size_t length = big.length;
    int lines = big.lines;
    line("SELECT 1,");
    line("  '\xC3\xA9',FROM t;");
    line("SELECT 2;");
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_big.sql", lines + 2, 7);
    API_SAYS("  '\xC3\xA9',FROM t;\n");
    ck_assert_ptr_nonnull(strstr(migrate_error_statement(api.error), "SELECT 1,"));
    check_nothing();
    /* what the database finds as it runs */
    big.length = length;
    big.lines = lines;
    inserts(MIB);
    int at = big.lines + 1;
    line("INSERT INTO t SELECT a, b FROM absent;");
    inserts(MIB);
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_big.sql", at, migrate_error_column(api.error));
    check_nothing();
    /* what is never sent */
    big.length = length;
    big.lines = lines;
    line(" ROLLBACK;");
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_big.sql", lines + 1, 2);
    check_nothing();
    big.length = length;
    big.lines = lines;
    line("INSERT INTO t VALUES (1, 'never ends);");
    inserts(2000);
    line(";");
    line("SELECT 'x;");
    save("002_big.sql");
    int32_t code = api_apply();
    ck_assert(code == MIGRATE_ERROR_SOURCE || code == MIGRATE_ERROR_SQL);
    ck_assert_int_gt(migrate_error_line(api.error), lines);
    check_nothing();
}

START_TEST(test_faults)
{
    faults(false, false);
}
END_TEST

START_TEST(test_faults_of_windows)
{
    faults(true, true);
}
END_TEST

START_TEST(test_bytes)
{
    make_table();
    begin(false, true);
    inserts(6 * MIB);
    line("INSERT INTO t VALUES (1, 'bad \xE9 byte');");
    int at = big.lines;
    inserts(2000);
    save("002_big.sql");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_big.sql", at, migrate_error_column(api.error));
    API_SAYS("UTF-8");
    check_nothing();
}
END_TEST

START_TEST(test_copy)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_table();
    for (int crlf = 0; crlf < 2; crlf++) {
        begin(crlf, crlf);
        line("SELECT 1;");
        line("COPY t FROM stdin;");
        for (int i = 0; i < 100000; i++)
            line("%d\trow; '%0*d", i, 60, i);
        int at = big.lines + 1;
        size_t length = big.length;
        line("oops\tx");
        line("\\.");
        line("SELECT 2;");
        save("002_big.sql");
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_big.sql", at, 0);
        check_nothing();
        big.length = length;
        line("100000\tx");
        line("\\.");
        line("INSERT INTO t VALUES (100001, 'behind');");
        line("COPY t FROM stdin;");
        line("100002\ty");
        line("oops\tx");
        at = at + 5;
        line("\\.");
        save("002_big.sql");
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_big.sql", at, 0);
        check_nothing();
        big.length -= crlf ? strlen("oops\tx\r\n\\.\r\n") : strlen("oops\tx\n\\.\n");
        line("\\.");
        line("-- ROLLBACK: DELETE FROM t;"); /* a line of its own, right behind the data */
        save("002_big.sql");
        API_OK(api_apply());
        check_rows(100003);
        ck_assert_str_eq(api_query("SELECT b FROM t WHERE a = 100000"), "x");
        API_OK(api_rollback(NULL));
        check_nothing();
        api_sql("DELETE FROM t; DELETE FROM libmigrate_history WHERE seq > 1");
    }
}
END_TEST

/* ---- memory ---- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#endif

/* Line by line: what this process holds is counted with the child's. */
static void write_huge(size_t bytes)
{
    char path[400];
    snprintf(path, sizeof path, "%s/001_huge.sql", api.dir);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    size_t written = (size_t)fprintf(file, TABLE);
    if (api.engine == API_POSTGRESQL) {
        written += (size_t)fprintf(file, "COPY t FROM stdin;\n");
        for (int i = 0; written < bytes / 2; i++)
            written += (size_t)fprintf(file, "%d\t%0*d\n", i, 90, i);
        written += (size_t)fprintf(file, "\\.\n");
    }
    for (int i = 0; written < bytes || i % 100 != 0; i++)
        written += (size_t)fprintf(file, "%s(%d, '%0*d')%s\n", i % 100 == 0 ? "INSERT INTO t VALUES " : "", i,
                                   90, i, i % 100 == 99 ? ";" : ",");
    fprintf(file, "-- ROLLBACK: DROP TABLE t;\n");
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_memory)
{
    const char *program = getenv("MIGRATE_TEST_MIGRATECTL");
    struct rusage usage;
    int status = 0;
#ifdef SANITIZED
    program = NULL; /* which keeps what was freed */
#endif
    if (!program)
        return;
    write_huge(64 * MIB);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        execl(program, program, "up", "--quiet", "--url", api.url, "--dir", api.dir, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(wait4(child, &status, 0, &usage), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    ck_assert_str_eq(api_applied(), "001_huge");
    ck_assert_msg(usage.ru_maxrss < 32 * 1024, "%ld KiB", usage.ru_maxrss);
}
END_TEST

API("big", test_up_and_down, test_up_and_down_of_windows, test_modified, test_directives, test_bad_directive,
    test_segments, test_block_between, test_changed_meanwhile, test_faults, test_faults_of_windows, test_bytes, test_copy,
    test_memory)
