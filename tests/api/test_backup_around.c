/* SPDX-License-Identifier: MIT
 * Backups while others are at work: writers meanwhile, writers in a gap that the run leaves, and a cancel in the middle. */
#include "backup.h"

#include "migrate_sqlite3.h"

#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

/* ---- under writers ---- */

enum { WRITERS = 4, ACCOUNTS = 50, SUM = ACCOUNTS * 100 };

/* Moves amounts from one account to another until it is killed; the sum stays. */
static void write_on(int number)
{
    char sql[900];
    unsigned seed = (unsigned)number * 7919 + 1;
    sqlite3 *db = NULL;
    FILE *shell = NULL;
    if (api.engine == API_SQLITE) {
        sqlite3_open(api.database, &db);
        sqlite3_busy_timeout(db, 10000);
    } else {
        snprintf(sql, sizeof sql, "psql -qX '%s' >/dev/null 2>&1", api.url);
        shell = popen(sql, "w");
    }
    for (;;) {
        int amount = (int)(rand_r(&seed) % 50), from = (int)(rand_r(&seed) % ACCOUNTS), to = (int)(rand_r(&seed) % ACCOUNTS);
        if (from == to)
            continue;
        if (from > to) /* in one order, so that they do not wait for each other */
            amount = -amount;
        snprintf(sql, sizeof sql, "BEGIN%s; UPDATE accounts SET n = n - %d WHERE id = %d; UPDATE accounts SET n = n + %d WHERE id = %d; COMMIT;\n",
                 db ? " IMMEDIATE" : "", amount, from < to ? from : to, amount, from < to ? to : from);
        if (db && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        if (shell && (fputs(sql, shell) == EOF || fflush(shell) == EOF))
            _exit(1);
        usleep(300);
    }
}

static void start_writers(pid_t *writers)
{
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = fork();
        ck_assert_int_ge(writers[i], 0);
        if (writers[i] == 0) {
            setpgid(0, 0);
            write_on(i);
        }
        setpgid(writers[i], writers[i]);
    }
}

static void stop_writers(const pid_t *writers)
{
    for (int i = 0; i < WRITERS; i++) {
        kill(-writers[i], SIGKILL);
        waitpid(writers[i], NULL, 0);
    }
}

static void check_sum(const char *when)
{
    const char *sum = api_query("SELECT count(*), sum(n) FROM accounts");
    char expected[40];
    snprintf(expected, sizeof expected, "%d|%d", ACCOUNTS, SUM);
    ck_assert_msg(strcmp(sum, expected) == 0, "%s: %s", when, sum);
}

START_TEST(test_writers)
{
    pid_t writers[WRITERS];
    char *kept[6] = {0};
    backup_begin();
    api_file("002_accounts.sql", API_EITHER("CREATE TABLE accounts (id INTEGER PRIMARY KEY, n INTEGER);\nWITH RECURSIVE x(i) AS (SELECT 0 UNION ALL "
                                            "SELECT i + 1 FROM x WHERE i < 49) INSERT INTO accounts SELECT i, 100 FROM x;\n",
                                            "CREATE TABLE accounts (id INTEGER PRIMARY KEY, n INTEGER);\n"
                                            "INSERT INTO accounts SELECT i, 100 FROM generate_series(0, 49) i;\n"));
    API_OK(api_apply());
    if (api.engine == API_SQLITE && _i == 1)
        api_sql("PRAGMA journal_mode = WAL");
    start_writers(writers);
    usleep(200000);
    for (int i = 0; i < 6; i++) {
        char name[40], text[100];
        snprintf(name, sizeof name, "%03d_less.sql", 10 + i);
        snprintf(text, sizeof text, "DELETE FROM items WHERE id = %d;\n", i);
        api_file(name, text);
        API_OK(api_apply());
        kept[i] = backup_reported();
        ck_assert_ptr_nonnull(kept[i]);
    }
    if (api.engine == API_POSTGRESQL) { /* pg_restore waits for the writers' locks; the reverse is what counts here */
        stop_writers(writers);
        check_sum("at the end");
    }
    api_option("confirm", backup_database_name());
    for (int i = 0; i < 6; i++) {
        API_OK(backup_restore(kept[i]));
        check_sum(kept[i]);
        free(kept[i]);
    }
    if (api.engine == API_SQLITE) {
        stop_writers(writers);
        check_sum("at the end");
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    }
    backup_nothing_left();
}
END_TEST

/* ---- somebody writes in a gap that the run leaves ---- */

static int steps_told;

static int32_t write_in_gap(const migrate_event *event, void *user)
{
    const char *wanted = user; /* the second one of this name: between two transactions */
    if (strcmp(migrate_event_name(event), wanted) == 0 && ++steps_told == 2)
        api_sql("INSERT INTO items VALUES (3, 30)");
    return 0;
}

static char *contents_of(const char *file)
{
    char last[300];
    snprintf(last, sizeof last, "%s", api.database);
    snprintf(api.database, sizeof api.database, "%s", file);
    char *found = strdup(backup_items());
    snprintf(api.database, sizeof api.database, "%s", last);
    return found;
}

/* SQLite: the first transaction, in which the backup is made, ends before a step that cannot share it. */
static void check_gap(const char *text, bool wal, const char *then)
{
    char names[4000];
    backup_begin();
    if (wal)
        api_sql("PRAGMA journal_mode = WAL");
    api_file("002_less.sql", text);
    api_close();
    steps_told = 0;
    migrate_options_set_event(api.options, write_in_gap, (void *)"step");
    API_OK(api_apply());
    char *file = backup_reported();
    migrate_options_set_event(api.options, NULL, NULL);
    ck_assert_int_eq(steps_told, 2);
    ck_assert_str_eq(backup_items(), then);
    ck_assert_int_eq(backup_files("002_less.bak", names, sizeof names), 2);
    char *kept = contents_of(file);
    ck_assert_str_eq(kept, "1|10 2|20 3|30");
    API_OK(backup_list());
    ck_assert_str_eq(migrate_rows_text(api.rows, 0, 0), file); /* the newest */
    free(kept);
    free(file);
    backup_nothing_left();
}

#define REBUILD "CREATE TABLE n (id INTEGER PRIMARY KEY, n INTEGER);\nINSERT INTO n SELECT * FROM items WHERE id <> 2;\nDROP TABLE items;\n" \
                "ALTER TABLE n RENAME TO items;\n"

START_TEST(test_gap)
{
    if (api.engine == API_SQLITE)
        check_gap("DELETE FROM items WHERE id = 2;\nCOMMIT;\nVACUUM;\nDELETE FROM items WHERE id = 1;\n", false, "3|30");
}
END_TEST

START_TEST(test_gap_of_a_rebuild)
{
    if (api.engine != API_SQLITE)
        return;
    api_file("000_child.sql", "CREATE TABLE child (id INTEGER REFERENCES items (id));\n");
    check_gap(REBUILD, false, "1|10 3|30");
}
END_TEST

START_TEST(test_gap_wal)
{
    if (api.engine == API_SQLITE)
        check_gap("DELETE FROM items WHERE id = 2;\nCOMMIT;\nVACUUM;\nDELETE FROM items WHERE id = 1;\n", true, "3|30");
}
END_TEST

/* Behind a commit, once the first part is done. */
static int write_between_parts(void *user, sqlite3 *db, const char *schema, int pages)
{
    sqlite3 *other = user;
    (void)db;
    (void)schema;
    (void)pages;
    if (backup_host_asks(other, "SELECT count(*) FROM items WHERE id IN (2, 3)") == 0)
        backup_host_does(other, "INSERT INTO items VALUES (3, 30)");
    return SQLITE_OK;
}

/* Behind its first part a step is no longer what was there before: then there is one backup, and it is from before all of it. */
START_TEST(test_between_parts)
{
    sqlite3 *host = NULL, *other = NULL;
    if (api.engine != API_SQLITE)
        return;
    backup_begin();
    api_sql("PRAGMA journal_mode = WAL");
    api_close();
    api_file("002_less.sql", "DELETE FROM items WHERE id = 2;\nCOMMIT;\nVACUUM;\nDELETE FROM items WHERE id = 1;\n");
    ck_assert_int_eq(sqlite3_open(api.database, &host), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(api.database, &other), SQLITE_OK);
    sqlite3_wal_hook(host, write_between_parts, other);
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    migrate_rows_free(api.rows);
    api.rows = NULL;
    API_OK(migrate_apply(api.session, NULL, &api.rows, api_error()));
    char *file = backup_reported(), *kept = contents_of(file);
    ck_assert_str_eq(backup_items(), "3|30");
    ck_assert_int_eq(backup_count(), 1);
    ck_assert_str_eq(kept, "1|10 2|20");
    free(kept);
    free(file);
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    backup_nothing_left();
}
END_TEST

/* ---- cancel ---- */

static migrate_token *token;
static struct timespec asked;

static void on_alarm(int number)
{
    (void)number;
    clock_gettime(CLOCK_MONOTONIC, &asked);
    migrate_token_cancel(token);
}

static int cancel_after; /* milliseconds; 0: from the callback itself */

static int32_t cancel_at_backup(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "backup") == 0 && migrate_event_int(event, "duration_us") == 0 &&
        migrate_token_state(token) == 0) {
        struct itimerval timer = {.it_value = {.tv_usec = cancel_after * 1000}};
        struct sigaction action = {.sa_handler = on_alarm};
        sigaction(SIGALRM, &action, NULL);
        if (cancel_after)
            setitimer(ITIMER_REAL, &timer, NULL);
        else
            on_alarm(0);
    }
    return 0;
}

/* Copying, flushing, checking: whatever it is at. */
START_TEST(test_cancel)
{
    static const int delays[] = {0, 10, 30, 60, 90, 120, 160, 200};
    struct timespec now;
    int cancelled = 0;
    backup_begin();
    if (api.engine != API_SQLITE)
        return;
    api_sql("CREATE TABLE big AS WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x WHERE i < 60000) SELECT i, randomblob(1000) b FROM x");
    for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) {
        char name[40];
        snprintf(name, sizeof name, "%03d_less.sql", (int)i + 2);
        api_file(name, "DELETE FROM items WHERE id = 3;\n");
        ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
        api_close();
        migrate_options_set_token(api.options, token, NULL);
        migrate_options_set_event(api.options, cancel_at_backup, NULL);
        cancel_after = delays[i];
        int32_t code = api_apply();
        clock_gettime(CLOCK_MONOTONIC, &now);
        struct itimerval none = {0};
        setitimer(ITIMER_REAL, &none, NULL);
        if (code != MIGRATE_OK || i == 0) { /* else it was done before that */
            double took = (double)(now.tv_sec - asked.tv_sec) + (double)(now.tv_nsec - asked.tv_nsec) / 1e9;
            API_FAILS(code, MIGRATE_ERROR_CANCELLED, "cancelled");
            ck_assert_int_eq(backup_count(), (int)i - cancelled);
            cancelled++;
            if (getenv("TEST_VERBOSE"))
                printf("cancelled after %d ms: %.0f ms\n", delays[i], took * 1000);
            ck_assert_double_lt(took, 0.2);
        }
        backup_nothing_left();
        api_close();
        migrate_options_set_token(api.options, NULL, NULL);
        migrate_options_set_event(api.options, NULL, NULL);
        migrate_token_free(token);
        if (code != MIGRATE_OK)
            api_remove(name);
    }
    ck_assert_int_ge(cancelled, 1);
    ck_assert_str_eq(backup_items(), "1|10 2|20");
}
END_TEST

START_TEST(test_writers_wal)
{
    if (api.engine == API_SQLITE)
        test_writers_fn(1);
}
END_TEST

API("backup_around", test_writers, test_writers_wal, test_gap, test_gap_of_a_rebuild, test_gap_wal, test_between_parts,
    test_cancel)
