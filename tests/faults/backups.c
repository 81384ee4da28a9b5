/* SPDX-License-Identifier: MIT
 * Backups on SQLite: the program is killed, and the disk fills up, at each phase of the backup, of the run behind it, and of a restore. At
 * every moment there is a whole copy of what was there before: the file itself, or a backup that counts as one; and whatever is called a
 * backup is whole. A plain rerun gets through, and takes away what dead programs left. */
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTENTS "SELECT count(*) || ' ' || sum(n) FROM ledger"

enum phase { PHASE_START, PHASE_BACKUP, PHASE_BEHIND, PHASE_RESTORED, PHASES };
static const char *const phase_names[PHASES] = {"start", "backup", "run or restore", "end"};
static volatile int *phase; /* of the program that runs, shared with it */

static char before[60], after[60]; /* contents without and with the second migration */
static char folder[400], file[900], template[400];
static struct {
    long kills[PHASES], ended, full, rounds, backups;
} sum;

/* ---- the database ---- */

static const char *contents_of(const char *path, char *out, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    snprintf(out, size, "unreadable");
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW &&
        strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0) {
        sqlite3_finalize(statement);
        statement = NULL;
        if (sqlite3_prepare_v2(db, CONTENTS, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
            snprintf(out, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return out;
}

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    size_t got;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert(in && out);
    while ((got = fread(buffer, 1, sizeof buffer, in)) > 0)
        ck_assert_uint_eq(fwrite(buffer, 1, got, out), got);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

/* The database at the first migration, as a file to copy from; and what the second one makes of it. */
static void prepare(bool wal, long rows)
{
    char sql[600];
    api_option("backup_dir", NULL);
    snprintf(sql, sizeof sql,
             "CREATE TABLE ledger (id INTEGER PRIMARY KEY, n INTEGER, filler BLOB);\nINSERT INTO ledger WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL "
             "SELECT i + 1 FROM x WHERE i < %ld) SELECT i, i, randomblob(400) FROM x;\n", rows);
    api_file("001_ledger.sql", sql);
    if (*before)
        api_remove("002_less.sql");
    faults_empty();
    if (wal)
        api_sql("PRAGMA journal_mode = WAL");
    API_OK(api_apply());
    api_close();
    snprintf(template, sizeof template, "%s/template", api.folder);
    copy_file(api.database, template);
    contents_of(template, before, sizeof before);
    api_file("002_less.sql", "DELETE FROM ledger WHERE id % 2 = 0;\nUPDATE ledger SET n = n + 1;\n");
    api_option("backup", "off");
    API_OK(api_apply());
    api_close();
    contents_of(api.database, after, sizeof after);
    ck_assert_str_ne(before, after);
    api_option("backup", "destructive");
    api_option("confirm", strrchr(api.database, '/') + 1);
    folder[0] = '\0';
}

static void use_folder(const char *path)
{
    snprintf(folder, sizeof folder, "%.399s", path);
    api_option("backup_dir", folder);
}

static void renew(void)
{
    faults_empty();
    copy_file(template, api.database);
}

/* ---- what there is ---- */

/* All that is called a backup is whole. How many hold those contents. */
static int backups_with(const char *wanted, const char *where)
{
    struct dirent **list = NULL;
    int count = scandir(folder, &list, NULL, alphasort), found = 0;
    for (int i = 0; i < count; i++) {
        char path[900], contents[60];
        const char *name = list[i]->d_name;
        size_t length = strlen(name);
        if (length > 4 && strcmp(name + length - 4, ".bak") == 0) {
            snprintf(path, sizeof path, "%s/%s", folder, name);
            contents_of(path, contents, sizeof contents);
            ck_assert_msg(strcmp(contents, before) == 0 || strcmp(contents, after) == 0, "%s: %s: %s", where, name, contents);
            if (strcmp(contents, wanted) == 0) {
                found++;
                snprintf(file, sizeof file, "%s", path);
            }
        }
        free(list[i]);
    }
    free(list);
    return found;
}

static int parts(void)
{
    struct dirent **list = NULL;
    int count = scandir(folder, &list, NULL, alphasort), found = 0;
    for (int i = 0; i < count; i++) {
        found += strstr(list[i]->d_name, ".part") != NULL;
        free(list[i]);
    }
    free(list);
    return found;
}

/* The file has whole contents of one kind; what it held before is in it or in a backup. */
static void check_kept(const char *where, const char *held)
{
    char now[60];
    contents_of(api.database, now, sizeof now);
    ck_assert_msg(strcmp(now, before) == 0 || strcmp(now, after) == 0, "%s: the file has %s", where, now);
    int kept = backups_with(held, where);
    ck_assert_msg(strcmp(now, held) == 0 || kept > 0, "%s: the file has %s, and no backup has %s", where, now, held);
}

/* ---- programs ---- */

static int32_t on_event(const migrate_event *event, void *user)
{
    const char *name = migrate_event_name(event);
    (void)user;
    if (strcmp(name, "backup") == 0)
        *phase = strstr(migrate_event_message(event), "restored") ? PHASE_RESTORED
                 : migrate_event_int(event, "duration_us")        ? PHASE_BEHIND
                                                                  : PHASE_BACKUP;
    if (strcmp(name, "applied") == 0 || strcmp(name, "finished") == 0)
        *phase = PHASE_RESTORED;
    return 0;
}

static int32_t bring_back(migrate_error **err)
{
    migrate_session *session = NULL;
    int32_t code = migrate_open(api.url, api.options, &session, err);
    if (code == MIGRATE_OK)
        code = migrate_restore(session, file, NULL, err);
    migrate_close(session);
    return code;
}

static int32_t start_up(migrate_error **err)
{
    return migrate_startup(api.url, api.options, NULL, err);
}

/* How long it takes, in microseconds, where nobody kills it. */
static int64_t whole(int32_t (*program)(migrate_error **err))
{
    int64_t begun = faults_now();
    *phase = PHASE_START;
    int end = faults_end(faults_start_as(program));
    ck_assert_msg(end == FAULTS_OK, "%s", faults_errors());
    return faults_now() - begun;
}

static void killed(int32_t (*program)(migrate_error **err), int64_t most)
{
    *phase = PHASE_START;
    pid_t child = faults_start_as(program);
    faults_sleep(faults_random((long)most));
    kill(child, SIGKILL);
    int end = faults_end(child);
    ck_assert_msg(end != FAULTS_FAILED, "%s", faults_errors());
    if (end == FAULTS_KILLED)
        sum.kills[*phase]++;
    else
        sum.ended++;
}

/* ---- killed ---- */

static void kill_rounds(bool wal, long rounds)
{
    int64_t up, back;
    char where[60], kept[400];
    prepare(wal, 4000);
    snprintf(kept, sizeof kept, "%s/kept", api.folder);
    use_folder(kept);
    renew();
    up = whole(start_up);
    ck_assert_int_gt(backups_with(before, "at first"), 0);
    back = whole(bring_back);
    for (long i = 0; i < rounds; i++) {
        snprintf(where, sizeof where, "round %ld%s, run", i, wal ? " in WAL mode" : "");
        renew();
        killed(start_up, up * 11 / 10);
        check_kept(where, before);
        whole(start_up);
        check_kept(where, before);
        ck_assert_int_eq(parts(), 0);
        ck_assert_int_gt(backups_with(before, where), 0); /* file is one of them now */
        snprintf(where, sizeof where, "round %ld%s, restore", i, wal ? " in WAL mode" : "");
        killed(bring_back, back * 11 / 10);
        check_kept(where, after);
        ck_assert_int_gt(backups_with(before, where), 0);
        whole(bring_back);
        ck_assert_int_gt(backups_with(before, where), 0);
        sum.rounds++;
    }
    ck_assert_int_eq(parts(), 0);
}

static void kill_all(void)
{
    long rounds = faults_rounds(6, 100);
    if (api.engine != API_SQLITE)
        return;
    memset(&sum, 0, sizeof sum);
    kill_rounds(false, rounds);
    kill_rounds(true, rounds);
    for (int i = 0; i < PHASES; i++)
        faults_report("killed at %s: %ld", phase_names[i], sum.kills[i]);
    faults_report("SQLite, killed: %ld rounds of run and restore, %ld came to their end before", sum.rounds, sum.ended);
    ck_assert_int_gt(sum.kills[PHASE_BACKUP] + sum.kills[PHASE_BEHIND], 0);
}

/* ---- full ---- */

static bool mount_with(long kibibytes, bool again)
{
    char data[100];
    const char *point = getenv("FAULTS_MOUNT");
    ck_assert_msg(point != NULL, "FAULTS_MOUNT is not set: start by run.sh");
    snprintf(data, sizeof data, "size=%ldk,mode=0777", kibibytes);
    return mount("tmpfs", point, "tmpfs", again ? MS_REMOUNT : 0, data) == 0;
}

static int32_t ends_well_or_full(int32_t (*program)(migrate_error **err), const char *where)
{
    migrate_error *error = NULL;
    *phase = PHASE_START;
    int32_t code = program(&error);
    if (code != MIGRATE_OK) {
        ck_assert_msg(code == MIGRATE_ERROR_IO, "%s: %s: %s", where, migrate_code_name(code), migrate_error_message(error));
        ck_assert_ptr_nonnull(migrate_error_hint(error));
        sum.full++;
    }
    migrate_error_free(error);
    return code;
}

static void full_rounds(bool wal)
{
    char where[100], path[600];
    struct stat about;
    long step = faults_rounds(96, 16); /* KiB */
    snprintf(path, sizeof path, "%s/kept", getenv("FAULTS_MOUNT"));
    use_folder(path);
    ck_assert_int_eq(stat(template, &about), 0);
    for (long size = about.st_size / 1024; size < about.st_size / 1024 * 4; size += step) {
        snprintf(where, sizeof where, "%ld KiB%s, run", size, wal ? " in WAL mode" : "");
        ck_assert(mount_with(65536, true));
        snprintf(path, sizeof path, "rm -rf '%s'", folder);
        ck_assert_int_eq(system(path), 0);
        renew();
        if (!mount_with(size, true))
            continue;
        ends_well_or_full(start_up, where);
        ck_assert(mount_with(65536, true));
        check_kept(where, before);
        ck_assert_int_eq(parts(), 0);
        whole(start_up);
        ck_assert_int_gt(backups_with(before, where), 0);
        snprintf(where, sizeof where, "%ld KiB%s, restore", size, wal ? " in WAL mode" : "");
        mount_with(size + about.st_size / 1024, true);
        ends_well_or_full(bring_back, where);
        ck_assert(mount_with(65536, true));
        check_kept(where, after);
        ck_assert_int_eq(parts(), 0);
        ck_assert_int_gt(backups_with(before, where), 0);
        whole(bring_back);
        sum.rounds++;
    }
}

static void fill_all(void)
{
    char url[400];
    if (api.engine != API_SQLITE)
        return;
    if (!mount_with(65536, false)) {
        faults_skip("a full disk under backups", strerror(errno));
        return;
    }
    memset(&sum, 0, sizeof sum);
    snprintf(api.database, sizeof api.database, "%s/app.db", getenv("FAULTS_MOUNT"));
    snprintf(url, sizeof url, "sqlite:%s", api.database);
    api_use(url);
    for (int wal = 0; wal < 2; wal++) {
        prepare(wal != 0, 700);
        full_rounds(wal != 0);
    }
    ck_assert_int_eq(umount2(getenv("FAULTS_MOUNT"), MNT_DETACH), 0);
    faults_report("SQLite, backups on full disks: %ld sizes, %ld times full", sum.rounds, sum.full);
    ck_assert_int_gt(sum.full, sum.rounds / 4);
}

static void share(void)
{
    phase = mmap(NULL, sizeof *phase, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

START_TEST(test_killed)
{
    share();
    migrate_options_set_event(api.options, on_event, NULL);
    kill_all();
}
END_TEST

START_TEST(test_full)
{
    share();
    migrate_options_set_event(api.options, on_event, NULL);
    fill_all();
}
END_TEST

API("backups", test_killed, test_full)
