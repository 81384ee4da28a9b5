/* SPDX-License-Identifier: MIT
 * The old phone: an application's file as release 1, 2, ... 9 left it, full of data, is brought to release 10 while a reader and a writer
 * have it open in WAL mode, and is killed, cancelled, or finds the disk full on the way. In the end the contents are those of an upgrade
 * that nobody disturbed, the writer's rows are all there, and the older release refuses the file and leaves its bytes alone. --rounds: of
 * each release. */
#include "faults.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RELEASES = 10, PEOPLE = 300 };

/* ---- the application ---- */

static const char *const releases[RELEASES] = {
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT);\n"
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT);\n",

    "CREATE TABLE messages (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, text TEXT, at INTEGER);\n"
    "CREATE INDEX messages_person ON messages (person, at);\n",

    "ALTER TABLE people ADD COLUMN email TEXT;\nUPDATE people SET email = lower(name) || '@example.org';\n",

    /* others refer to it */
    "CREATE TABLE new_people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL DEFAULT '', email TEXT);\n"
    "INSERT INTO new_people SELECT id, name, coalesce(phone, ''), email FROM people;\nDROP TABLE people;\n"
    "ALTER TABLE new_people RENAME TO people;\n",

    "CREATE TABLE tags (id INTEGER PRIMARY KEY AUTOINCREMENT, tag TEXT NOT NULL UNIQUE);\n"
    "CREATE TABLE tagged (person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, tag INTEGER NOT NULL REFERENCES tags, "
    "PRIMARY KEY (person, tag)) WITHOUT ROWID;\n"
    "INSERT INTO tags (tag) SELECT DISTINCT substr(name, 1, 7) FROM people;\n",

    "ALTER TABLE messages RENAME COLUMN text TO body;\n"
    "CREATE VIEW newest AS SELECT person, max(at) AS at FROM messages GROUP BY person;\n"
    "CREATE TABLE totals (person INTEGER PRIMARY KEY, messages INTEGER NOT NULL);\n"
    "INSERT INTO totals SELECT person, count(*) FROM messages GROUP BY person;\n"
    "CREATE TRIGGER counted AFTER INSERT ON messages BEGIN\n"
    "  INSERT INTO totals VALUES (new.person, 1) ON CONFLICT (person) DO UPDATE SET messages = messages + 1;\nEND;\n",

    "CREATE TABLE numbers (person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, number TEXT NOT NULL);\n"
    "-- migrate: expect rows(people) == before\n"
    "INSERT INTO numbers SELECT id, phone FROM people;\nCREATE INDEX numbers_person ON numbers (person);\n",

    "-- migrate: expect rows(messages) == before\n"
    "CREATE TABLE new_messages (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, "
    "body TEXT NOT NULL CHECK (length(body) > 0), at INTEGER);\n"
    "INSERT INTO new_messages SELECT id, person, body, at FROM messages;\nDROP VIEW newest;\nDROP TABLE messages;\n"
    "ALTER TABLE new_messages RENAME TO messages;\nCREATE INDEX messages_person ON messages (person, at);\n"
    "CREATE VIEW newest AS SELECT person, max(at) AS at FROM messages GROUP BY person;\n",

    "UPDATE people SET email = name || '@example.com' WHERE email IS NULL;\nALTER TABLE people DROP COLUMN phone;\n",

    "-- migrate: assert SELECT count(*) = 300 FROM people\n"
    "UPDATE messages SET body = upper(body);\nALTER TABLE messages ADD COLUMN length INTEGER;\nUPDATE messages SET length = length(body);\n"
    "CREATE INDEX messages_body ON messages (body);\n"};

/* The folder holds what a release was built with. */
static void build(int release)
{
    static int built;
    char name[30];
    for (int i = 1; i <= RELEASES; i++) {
        snprintf(name, sizeof name, "%03d_release.sql", i);
        if (i > built && i <= release)
            api_file(name, releases[i - 1]);
        else if (i <= built && i > release)
            api_remove(name);
    }
    built = release;
}

/* As the release's users filled it. */
static void fill(int release)
{
    char sql[600];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO people (id, name%s) "
             "SELECT i, 'Person ' || i%s FROM n",
             PEOPLE, release < 9 ? ", phone" : "", release < 9 ? ", '+49 ' || i" : "");
    api_sql(sql);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO messages (person, %s, at) "
             "SELECT 1 + i %% %d, 'message ' || i, i FROM n",
             release < 6 ? "text" : "body", PEOPLE);
    if (release >= 2)
        api_sql(sql);
    if (release >= 5)
        api_sql("INSERT INTO tags (tag) VALUES ('friend'), ('family'); INSERT INTO tagged SELECT p.id, t.id FROM people p JOIN tags t WHERE p.id % 3 = 0");
    if (release >= 7)
        api_sql("INSERT INTO numbers SELECT id, '+1 ' || id FROM people");
}

static void install(int release)
{
    faults_empty();
    build(release);
    api_option("on_ahead", NULL);
    API_OK(api_apply());
    api_close();
    api_sql("PRAGMA journal_mode = WAL");
    fill(release);
    build(RELEASES);
}

/* ---- those who use the file meanwhile ---- */

static struct shared {
    volatile int stop;
    volatile long written, read, wrong;
} *shared;

static sqlite3 *open_file(void)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(api.database, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        _exit(3);
    sqlite3_busy_timeout(db, 20);
    return db;
}

static bool done(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void write_on(void)
{
    sqlite3 *db = open_file();
    while (!shared->stop) {
        if (done(db, "BEGIN IMMEDIATE") && done(db, "INSERT INTO notes (note) VALUES ('a note')") && done(db, "COMMIT"))
            shared->written++;
        else if (!sqlite3_get_autocommit(db))
            done(db, "ROLLBACK");
        faults_sleep(1000);
    }
    sqlite3_close(db);
}

static int count_people(void *user, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    *(long *)user = atol(values[0]);
    return 0;
}

/* In one transaction the same people twice, whatever is done meanwhile. */
static void read_on(void)
{
    sqlite3 *db = open_file();
    while (!shared->stop) {
        long first = -1, second = -1;
        if (done(db, "BEGIN") && sqlite3_exec(db, "SELECT count(*) FROM people", count_people, &first, NULL) == SQLITE_OK) {
            faults_sleep(3000);
            if (sqlite3_exec(db, "SELECT count(*) FROM people", count_people, &second, NULL) == SQLITE_OK) {
                shared->read++;
                shared->wrong += first != PEOPLE || second != PEOPLE;
            }
        }
        if (!sqlite3_get_autocommit(db))
            done(db, "ROLLBACK");
        faults_sleep(500);
    }
    sqlite3_close(db);
}

static pid_t start_user(void (*use)(void))
{
    fflush(stdout);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    use();
    _exit(0);
}

static void end_user(pid_t user)
{
    int status = 0;
    ck_assert_int_eq(waitpid(user, &status, 0), user);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- what happens on the way ---- */

static migrate_token *token;

static void cancel(int signal)
{
    (void)signal;
    migrate_token_cancel(token);
}

static int32_t upgrade(migrate_error **err)
{
    migrate_token_new(&token, NULL);
    migrate_options_set_token(api.options, token, NULL);
    signal(SIGINT, cancel);
    return migrate_startup(api.url, api.options, NULL, err);
}

static struct {
    long rounds, killed, cancelled, full, through;
    int64_t longest;
} sum;
static bool small; /* there is a file system whose size can be changed */

static bool try_resize(long kibibytes)
{
    char data[100];
    snprintf(data, sizeof data, "size=%ldk,mode=0777", kibibytes);
    return mount("tmpfs", getenv("FAULTS_MOUNT"), "tmpfs", MS_REMOUNT, data) == 0;
}

static void resize(long kibibytes)
{
    ck_assert(try_resize(kibibytes));
}

/* All that lies there: the database, its WAL, its backups. */
static long used(void)
{
    struct statvfs about;
    ck_assert_int_eq(statvfs(getenv("FAULTS_MOUNT"), &about), 0);
    return (long)((about.f_blocks - about.f_bfree) * about.f_frsize / 1024);
}

/* So much is left. The user writes meanwhile, and a file system is not made smaller than what is in it. */
static void leave(long kibibytes)
{
    bool done = false;
    for (int i = 0; i < 1000 && !done; i++)
        done = try_resize(used() + kibibytes);
    ck_assert(done);
}

/* Returns whether it got through. */
static bool disturbed(void)
{
    long way = faults_random(small ? 3 : 2);
    faults_forget_errors();
    if (way == 2)
        leave(8 + 4 * faults_random(100));
    pid_t program = faults_start_as(upgrade);
    int64_t limit = faults_now() + faults_random(2 * (long)sum.longest + 1);
    while (way < 2 && faults_now() < limit && faults_runs(program))
        faults_sleep(200);
    if (way < 2 && faults_runs(program))
        kill(program, way == 0 ? SIGKILL : SIGINT);
    int end = faults_end(program);
    if (way == 2)
        resize(65536);
    sum.killed += end == FAULTS_KILLED;
    sum.through += end == FAULTS_OK;
    if (end == FAULTS_FAILED) {
        const char *said = faults_errors();
        bool cancelled = strncmp(said, "cancelled:", 10) == 0, full = strncmp(said, "io:", 3) == 0;
        ck_assert_msg((way == 1 && cancelled) || (way == 2 && full), "way %ld: %.1000s", way, said);
        sum.cancelled += cancelled;
        sum.full += full;
    }
    return end == FAULTS_OK;
}

/* ---- the end of it ---- */

static char *contents(void)
{
    api_sql("DELETE FROM notes"); /* the writer's, which are counted */
    return faults_dump();
}

static char *undisturbed(int release)
{
    install(release);
    int64_t took = faults_start_well();
    sum.longest = took > sum.longest ? took : sum.longest;
    return contents();
}

static char *bytes_of_file(size_t *length)
{
    char *bytes = NULL;
    FILE *file = fopen(api.database, "rb"), *to = open_memstream(&bytes, length);
    ck_assert(file != NULL && to != NULL);
    for (int c = getc(file); c != EOF; c = getc(file))
        putc(c, to);
    fclose(file);
    ck_assert_int_eq(fclose(to), 0);
    return bytes;
}

static void older_build_refuses(int release)
{
    size_t before_length, after_length;
    api_close();
    api_sql("PRAGMA wal_checkpoint(TRUNCATE)");
    char *before = bytes_of_file(&before_length);
    build(release);
    API_FAILS(api_apply(), MIGRATE_ERROR_AHEAD, "state");
    api_close();
    API_FAILS(api_startup("apply"), MIGRATE_ERROR_AHEAD, "state");
    api_close();
    char *after = bytes_of_file(&after_length);
    ck_assert_msg(before_length == after_length && memcmp(before, after, before_length) == 0, "release %d changed the file", release);
    free(before);
    free(after);
}

static void one_round(int release, const char *whole)
{
    char written[30];
    enum { MOST = 6 };
    memset(shared, 0, sizeof *shared);
    install(release);
    pid_t writer = start_user(write_on), reader = start_user(read_on);
    bool through = false;
    for (long left = faults_random(MOST); left > 0 && !through; left--)
        through = disturbed();
    faults_start_well();
    shared->stop = 1;
    end_user(writer);
    end_user(reader);
    ck_assert_int_eq(shared->wrong, 0);
    snprintf(written, sizeof written, "%ld", shared->written);
    ck_assert_str_eq(api_query("SELECT count(*) FROM notes"), written);
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(api_query("PRAGMA foreign_key_check"), "");
    char *here = contents();
    ck_assert_msg(strcmp(here, whole) == 0, "release %d: other contents than without disturbance", release);
    free(here);
    older_build_refuses(release);
    sum.rounds++;
}

START_TEST(test_old_phone)
{
    char url[400];
    long rounds = faults_rounds(2, 40);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(shared != MAP_FAILED);
    const char *point = getenv("FAULTS_MOUNT");
    small = point && mount("tmpfs", point, "tmpfs", 0, "size=64m,mode=0777") == 0;
    if (small) {
        snprintf(api.database, sizeof api.database, "%s/phone.db", point);
        snprintf(url, sizeof url, "sqlite:%s", api.database);
        api_use(url);
    } else {
        faults_skip("a full disk under the old phone", point ? strerror(errno) : "FAULTS_MOUNT is not set");
    }
    api_option("wait_timeout", "30s");
    for (int release = 1; release < RELEASES; release++) {
        char *whole = undisturbed(release);
        for (long i = 0; i < rounds; i++)
            one_round(release, whole);
        free(whole);
    }
    faults_report("%ld upgrades from 9 releases: killed %ld times, cancelled %ld, disk full %ld, through all the same %ld", sum.rounds, sum.killed,
                  sum.cancelled, sum.full, sum.through);
    ck_assert_int_gt(sum.killed + sum.cancelled + sum.full, sum.rounds / 4);
    api_close();
    if (small)
        ck_assert_int_eq(umount2(point, MNT_DETACH), 0);
}
END_TEST

API("phone", test_old_phone)
