/* SPDX-License-Identifier: MIT
 * Full disks, and files that may not be written: a small file system in memory for the SQLite file, or for
 * the tables of a PostgreSQL server. The error says what it is, nothing is half applied, and with room or
 * rights a plain rerun gets through. */
#include "faults.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_EFFECTS "001 1 002 1 003 1 004 1"

/* About 300 KiB in all, in transactions and outside of them. */
static void write_migrations(void)
{
    const char *rows =
        API_EITHER("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000) "
                   "SELECT x, hex(zeroblob(50)) FROM n",
                   "SELECT x, repeat('0', 100) FROM generate_series(1, 1000) x");
    char text[1000];
    api_file("001_effects.sql",
             "CREATE TABLE effects (id text);\nCREATE TABLE items (id integer, filler text);\n"
             "INSERT INTO effects VALUES ('001');\n");
    snprintf(text, sizeof text, "INSERT INTO items %s;\nINSERT INTO effects VALUES ('002');\n", rows);
    api_file("002_rows.sql", text);
    snprintf(text, sizeof text,
             "BEGIN;\nCREATE INDEX items_id ON items (id, filler);\nCOMMIT;\nBEGIN;\n"
             "INSERT INTO effects VALUES ('003');\nCOMMIT;\n");
    api_file("003_index.sql", text);
    snprintf(text, sizeof text, "INSERT INTO items %s;\nINSERT INTO effects VALUES ('004');\n", rows);
    api_file("004_more.sql", text);
}

/* ---- a small file system ---- */

static const char *mount_point(void)
{
    const char *point = getenv("FAULTS_MOUNT");
    ck_assert_msg(point != NULL, "FAULTS_MOUNT is not set: start by run.sh");
    return point;
}

static bool mount_with(long kibibytes, bool again)
{
    char data[100];
    snprintf(data, sizeof data, "size=%ldk,mode=0777", kibibytes);
    return mount("tmpfs", mount_point(), "tmpfs", again ? MS_REMOUNT : 0, data) == 0;
}

/* false: it is not permitted here, which has been said. */
static bool begin_small(const char *what)
{
    if (mount_with(1024, false))
        return true;
    faults_skip(what, strerror(errno));
    return false;
}

static void end_small(void)
{
    ck_assert_int_eq(umount2(mount_point(), MNT_DETACH), 0);
}

/* ---- full ---- */

static struct {
    long sizes, full, partly;
} sum;

/* What is there is whole: effects from the first migration on, each once. */
static void check_whole(long size)
{
    const char *effects = faults_effects();
    ck_assert_msg(strncmp(ALL_EFFECTS, effects, strlen(effects)) == 0, "%ld KiB: %s", size, effects);
    sum.partly += *effects && strcmp(effects, ALL_EFFECTS) != 0;
    if (api.engine == API_SQLITE)
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
}

/* Runs on so much room; then on more. */
static void run_out(long size)
{
    int32_t code = api_apply();
    api_close();
    sum.sizes++;
    if (code != MIGRATE_OK) {
        sum.full++;
        ck_assert_msg(code == MIGRATE_ERROR_IO, "%ld KiB: %s: %s", size, migrate_code_name(code),
                      migrate_error_message(api.error));
        API_FAILS(code, MIGRATE_ERROR_IO, "environment");
    }
    ck_assert(mount_with(65536, true));
    check_whole(size);
    api_check_ok("rerun with KiB before", (int)size, api_apply());
    ck_assert_msg(strcmp(faults_effects(), ALL_EFFECTS) == 0, "%ld KiB: the rerun ends elsewhere", size);
    api_close();
}

static void report(const char *what)
{
    faults_report("%s: %ld sizes, %ld times full, %ld of them behind applied migrations", what, sum.sizes,
                  sum.full, sum.partly);
    ck_assert_int_gt(sum.full, sum.sizes / 3);
    ck_assert_int_gt(sum.partly, 0);
}

static void fill_sqlite(bool wal)
{
    long step = faults_rounds(16, 4); /* KiB: a page of memory is the finest */
    char url[400];
    memset(&sum, 0, sizeof sum);
    if (!begin_small("a full disk under SQLite"))
        return;
    snprintf(api.database, sizeof api.database, "%s/app.db", mount_point());
    snprintf(url, sizeof url, "sqlite:%s", api.database);
    api_use(url);
    write_migrations();
    for (long size = 4; size < 900; size += step) {
        faults_empty();
        if (wal)
            api_sql("PRAGMA journal_mode = WAL");
        if (mount_with(size, true))
            run_out(size);
    }
    end_small();
    report(wal ? "SQLite, WAL" : "SQLite, rollback journal");
}

START_TEST(test_sqlite)
{
    if (api.engine == API_SQLITE)
        fill_sqlite(false);
}
END_TEST

START_TEST(test_sqlite_wal)
{
    if (api.engine == API_SQLITE)
        fill_sqlite(true);
}
END_TEST

/* The folder of a tablespace belongs to the server's user. */
static void give_to_server(const char *folder)
{
    struct stat status;
    char *data = strdup(api_query("SHOW data_directory"));
    ck_assert_int_eq(stat(data, &status), 0);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(chown(folder, status.st_uid, status.st_gid), 0);
    free(data);
}

static void on_tablespace(const char *format)
{
    char sql[1000];
    snprintf(sql, sizeof sql, format, api.database);
    api_sql(sql);
}

/* Tables and history are on it; the server's own files are elsewhere, so it lives. */
START_TEST(test_tablespace)
{
    char folder[300], sql[900];
    long step = faults_rounds(64, 8);
    if (api.engine != API_POSTGRESQL || !begin_small("a full tablespace on PostgreSQL"))
        return;
    memset(&sum, 0, sizeof sum);
    snprintf(folder, sizeof folder, "%s/space", mount_point());
    give_to_server(folder);
    snprintf(sql, sizeof sql, "CREATE TABLESPACE \"%s\" LOCATION '%s'", api.database, folder);
    api_sql(sql);
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET default_tablespace = '%s'", api.database,
             api.database);
    api_sql(sql);
    write_migrations();
    for (long size = 40; size < 900; size += step) {
        faults_empty();
        api_sql("CHECKPOINT"); /* now dropped files are really gone */
        if (mount_with(size, true))
            run_out(size);
    }
    faults_empty();
    on_tablespace("ALTER DATABASE \"%s\" RESET default_tablespace");
    api_sql("CHECKPOINT");
    on_tablespace("DROP TABLESPACE \"%s\"");
    end_small();
    report("PostgreSQL, tablespace");
}
END_TEST

/* ---- not permitted ---- */

/* Rights do not bind root. */
static int32_t as_nobody(migrate_error **err)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return MIGRATE_ERROR_INTERNAL;
    return migrate_startup(api.url, api.options, NULL, err);
}

static void expect_refusal(const char *what, const char *code)
{
    faults_forget_errors();
    int end = faults_end(faults_start_as(as_nobody));
    ck_assert_msg(end == FAULTS_FAILED, "%s: not refused", what);
    ck_assert_msg(strncmp(faults_errors(), code, strlen(code)) == 0, "%s: not %s: %.1000s", what, code,
                  faults_errors());
    ck_assert_msg(strstr(faults_errors(), "HINT: ") != NULL, "%s: no hint: %.1000s", what, faults_errors());
}

START_TEST(test_rights)
{
    struct stat before, after;
    if (api.engine != API_SQLITE)
        return;
    write_migrations();
    expect_refusal("a new file in a folder that may not be written", "connect:");
    ck_assert_int_ne(stat(api.database, &before), 0);
    API_OK(api_goto("+1"));
    api_close();
    ck_assert_int_eq(stat(api.database, &before), 0);
    chmod(api.database, 0444);
    expect_refusal("a file that may not be written", "read_only:");
    chmod(api.database, 0666);
    expect_refusal("a folder that may not be written, for the journal", "read_only:");
    chmod(api.database, 0000);
    expect_refusal("a file that may not be read", "connect:");
    ck_assert_int_eq(stat(api.database, &after), 0);
    ck_assert_int_eq(before.st_size, after.st_size);
    chmod(api.database, 0644);
    ck_assert_str_eq(faults_effects(), "001 1");
    API_OK(api_apply());
    ck_assert_str_eq(faults_effects(), ALL_EFFECTS);
    faults_report("SQLite, rights: 4 refusals");
}
END_TEST

API("disk", test_sqlite, test_sqlite_wal, test_tablespace, test_rights)
