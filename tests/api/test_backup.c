/* SPDX-License-Identifier: MIT
 * Backups: made before what may lose data, whole, of the very state before the run, under writers too; counted and removed; and brought
 * back, with open readers, from a file, and never from what is none. */
#include "api.h"
#include "migrate_sqlite3.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the host's callback, where the engine needs one ---- */

static int calls;

static int32_t by_program(migrate_backup_job *job, void *user)
{
    char command[3000], tables[1000] = "";
    const char *verb = migrate_backup_job_verb(job), *file = migrate_backup_job_file(job), *url = migrate_backup_job_url(job);
    (void)user;
    calls++;
    ck_assert_ptr_nonnull(migrate_backup_job_server(job));
    for (size_t i = 0; migrate_backup_job_table(job, i); i++) {
        size_t length = strlen(tables);
        snprintf(tables + length, sizeof tables - length, " -t '%s'", migrate_backup_job_table(job, i));
    }
    if (strcmp(verb, "backup") == 0)
        snprintf(command, sizeof command, "pg_dump -Fc -f '%s' -d '%s'%s", file, url, tables);
    else if (strcmp(verb, "verify") == 0)
        snprintf(command, sizeof command, "pg_restore -f /dev/null '%s' 2>/dev/null", file);
    else
        snprintf(command, sizeof command, "pg_restore --clean --if-exists --single-transaction -d '%s' '%s' 2>/dev/null", url, file);
    return system(command) == 0 ? 0 : migrate_backup_job_fail(job, "the program failed", "look at what it said");
}

static void bring_callback(void)
{
    api_close();
    if (api.engine == API_POSTGRESQL)
        migrate_options_set_backup(api.options, by_program, NULL);
    calls = 0;
}

/* ---- the folder ---- */

static char folder[400];

/* What is in it with that end, one after the other, sorted; how many is returned. */
static int files(const char *end, char *out, size_t size)
{
    struct dirent **list = NULL;
    int found = 0, count = scandir(folder, &list, NULL, alphasort);
    *out = '\0';
    for (int i = 0; i < count; i++) {
        size_t length = strlen(list[i]->d_name), tail = strlen(end), used = strlen(out);
        if (length >= tail && strcmp(list[i]->d_name + length - tail, end) == 0) {
            snprintf(out + used, size - used, "%s ", list[i]->d_name);
            found++;
        }
        free(list[i]);
    }
    free(list);
    return found;
}

static int backups(void)
{
    char names[4000];
    return files(".bak", names, sizeof names);
}

static void nothing_left(void)
{
    char names[4000];
    ck_assert_msg(files(".part", names, sizeof names) == 0, "left: %s", names);
}

static void begin(void)
{
    snprintf(folder, sizeof folder, "%s/kept", api.folder);
    api_option("backup_dir", folder);
    bring_callback();
    if (api.engine == API_POSTGRESQL)
        api_option("backup", "destructive");
    api_file("001_items.sql", "CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER);\nINSERT INTO items VALUES (1, 10), (2, 20);\n");
    API_OK(api_apply());
}

static const char *items(void)
{
    return api_query("SELECT id, n FROM items ORDER BY id");
}

static char *report_backup(void)
{
    const char *file = migrate_rows_value_text(api.rows, "backup");
    return file ? strdup(file) : NULL;
}

static int32_t restore(const char *file)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_restore(api.session, file, &api.rows, api_error());
}

static const char *name_of_database(void)
{
    const char *slash = strrchr(api.database, '/');
    return slash ? slash + 1 : api.database;
}

/* ---- when, and what ---- */

START_TEST(test_before_losses)
{
    begin();
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup")); /* there was nothing to lose */
    api_file("002_more.sql", "DROP TABLE IF EXISTS more;\nCREATE TABLE more (id INTEGER);\nINSERT INTO more VALUES (1);\n");
    API_OK(api_apply());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_int_eq(backups(), 0);
    api_file("003_less.sql", "DELETE FROM items WHERE id = 2;\n");
    API_OK(api_apply());
    char *file = report_backup();
    struct stat about;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(strstr(file, ".003_less.bak"));
    ck_assert_int_eq(stat(file, &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0600);
    ck_assert_int_gt(api_told("backup"), 0);
    ck_assert_str_eq(items(), "1|10");
    if (api.engine == API_SQLITE) {
        char *last = strdup(api.database);
        snprintf(api.database, sizeof api.database, "%s", file);
        ck_assert_str_eq(items(), "1|10 2|20");
        ck_assert_str_eq(api_events("applied"), "2");
        snprintf(api.database, sizeof api.database, "%s", last);
        free(last);
    }
    free(file);
    nothing_left();
}
END_TEST

/* A table that is not there now, but will be by that name. */
START_TEST(test_renamed_then_dropped)
{
    begin();
    api_file("002_less.sql", "ALTER TABLE items RENAME TO gone;\nDROP TABLE IF EXISTS gone;\n");
    API_OK(api_apply());
    ck_assert_ptr_nonnull(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_int_eq(backups(), 1);
}
END_TEST

START_TEST(test_always_off_down)
{
    begin();
    api_file("002_more.sql", "CREATE TABLE more (id INTEGER);\n-- ROLLBACK: DROP TABLE more;\n");
    api_option("backup", "always");
    API_OK(api_apply());
    ck_assert_int_eq(backups(), 1);
    API_OK(api_apply()); /* nothing to do */
    ck_assert_int_eq(backups(), 1);
    api_option("backup", "off");
    API_OK(api_rollback(NULL));
    ck_assert_int_eq(backups(), 1);
    API_OK(api_apply());
    api_option("backup", "destructive");
    API_OK(api_rollback(NULL)); /* its text drops a table */
    ck_assert_int_eq(backups(), 2);
    ck_assert_ptr_nonnull(migrate_rows_value_text(api.rows, "backup"));
    nothing_left();
}
END_TEST

/* Foreign keys are switched off outside of the transaction: the run leaves the one in which the backup was made. */
START_TEST(test_rebuild)
{
    if (api.engine != API_SQLITE)
        return;
    begin();
    api_file("002_child.sql", "CREATE TABLE child (id INTEGER REFERENCES items (id) ON DELETE CASCADE);\nINSERT INTO child VALUES (1);\n");
    API_OK(api_apply());
    api_file("003_rebuild.sql", "CREATE TABLE new_items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\nINSERT INTO new_items SELECT * FROM items;\n"
                                "DROP TABLE items;\nALTER TABLE new_items RENAME TO items;\n");
    API_OK(api_apply());
    ck_assert_int_eq(backups(), 1);
    ck_assert_str_eq(api_query("SELECT count(*) FROM child"), "1");
    nothing_left();
}
END_TEST

START_TEST(test_failure_names_it)
{
    begin();
    api_file("002_fails.sql", "DELETE FROM items;\nINSERT INTO nowhere VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("the backup from before this run is at ");
    ck_assert_str_eq(items(), "1|10 2|20");
    ck_assert_int_eq(backups(), 1);
    nothing_left();
}
END_TEST

START_TEST(test_no_way)
{
    begin();
    api_close();
    migrate_options_set_backup(api.options, NULL, NULL);
    api_file("002_less.sql", "DELETE FROM items;\n");
    if (api.engine == API_POSTGRESQL) {
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        ck_assert_str_eq(items(), "1|10 2|20");
        ck_assert_str_eq(api_events("applied"), "1");
        ck_assert_str_eq(api_events("failed"), "0");
        api_option("backup", "auto");
        API_OK(api_plan(NULL));
        API_OK(api_findings());
        ck_assert_str_eq(api_column("severity"), "warning info");
        ck_assert_str_eq(api_column("rule"), "GD03 GD50");
        API_OK(api_apply());
        ck_assert_str_eq(items(), "");
        return;
    }
    /* SQLite: a folder that cannot be made, and a file that is no folder. */
    api_option("backup_dir", "/proc/nowhere/at/all");
    API_FAILS(api_apply(), MIGRATE_ERROR_IO, "environment");
    api_write("../plain", "x", 1);
    char plain[400];
    snprintf(plain, sizeof plain, "%s/plain", api.folder);
    api_option("backup_dir", plain);
    API_FAILS(api_apply(), MIGRATE_ERROR_IO, "environment");
    ck_assert_str_eq(items(), "1|10 2|20");
    api_option("backup_dir", NULL);
    API_OK(api_apply());
    ck_assert_ptr_nonnull(strstr(migrate_rows_value_text(api.rows, "backup"), name_of_database()));
}
END_TEST

static int32_t refuses(migrate_backup_job *job, void *user)
{
    (void)user;
    return migrate_backup_job_fail(job, "the tape is full", "buy another one");
}

static int32_t lies(migrate_backup_job *job, void *user)
{
    (void)job;
    (void)user;
    return 0;
}

START_TEST(test_callback_fails)
{
    begin();
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("002_less.sql", "DELETE FROM items;\n");
    api_close();
    migrate_options_set_backup(api.options, refuses, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    API_SAYS("the tape is full");
    API_SAYS("buy another one");
    api_close();
    migrate_options_set_backup(api.options, lies, NULL);
    API_FAILS(api_apply(), MIGRATE_ERROR_CODE, "source");
    ck_assert_str_eq(items(), "1|10 2|20");
    ck_assert_int_eq(backups(), 0);
    nothing_left();
}
END_TEST

/* Only what the plan touches, and what goes along with it. */
START_TEST(test_tables)
{
    char names[4000], command[5000];
    begin();
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("002_others.sql", "CREATE TABLE child (id int REFERENCES items (id) ON DELETE CASCADE);\nCREATE TABLE \"Other one\" (id int);\n"
                               "INSERT INTO child VALUES (1);\nINSERT INTO \"Other one\" VALUES (1);\n");
    API_OK(api_apply());
    api_option("backup", "tables");
    api_file("003_less.sql", "DELETE FROM items;\n");
    API_OK(api_apply());
    ck_assert_int_eq(files(".tables.bak", names, sizeof names), 1);
    names[strlen(names) - 1] = '\0';
    snprintf(command, sizeof command, "test \"$(pg_restore --list '%s/%s' | grep 'TABLE DATA' | sed 's/.*DATA //;s/ [^ ]*$//' | sort | tr '\\n' ,)\" = "
                                      "'public child,public items,'", folder, names);
    ck_assert_int_eq(system(command), 0);
    api_option("confirm", name_of_database());
    snprintf(command, sizeof command, "%s/%s", folder, names);
    API_FAILS(restore(command), MIGRATE_ERROR_REFUSED, "state");
    API_FAILS(restore(NULL), MIGRATE_ERROR_REFUSED, "state"); /* it is not taken for a backup of everything */
}
END_TEST

/* ---- counting and removing ---- */

static int32_t back_up(void)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_backup(api.session, &api.rows, api_error());
}

static int32_t list(void)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_backups(api.session, &api.rows, api_error());
}

static void write_at(const char *name, const char *text)
{
    char path[900];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_kept)
{
    char foreign[600], names[4000];
    begin();
    API_OK(back_up());
    usleep(1200000); /* those that are made in one second are told apart by times to come */
    api_option("backup_max_age", "1s");
    API_OK(back_up());
    API_OK(list());
    ck_assert_str_eq(api_column("verified"), "true");
    api_option("backup_max_age", NULL);
    snprintf(foreign, sizeof foreign, "%s.20010101T000000Z.001_mine.bak", name_of_database());
    write_at(foreign, "not one of ours");
    write_at("another.db.20010101T000000Z.x.bak", "nor this");
    api_option("backup_keep", "2");
    API_OK(back_up());
    API_OK(back_up());
    API_OK(back_up());
    API_OK(list());
    ck_assert_str_eq(api_column("verified"), "true true false");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 3);
    ck_assert_int_eq(backups(), 4);
    /* Whoever changes one takes it out of the count; and it stays. */
    files("manual.bak", names, sizeof names);
    names[strcspn(names, " ")] = '\0';
    write_at(names, " ");
    API_OK(back_up());
    API_OK(back_up());
    API_OK(list());
    ck_assert_str_eq(api_column("verified"), "true true false false");
    /* By size: never the newest. */
    api_option("backup_max_bytes", "1B");
    API_OK(back_up());
    API_OK(list());
    ck_assert_str_eq(api_column("verified"), "true false false");
    ck_assert_int_eq(migrate_options_set(api.options, "backup_max_bytes", "1 parsec", api_error()), MIGRATE_ERROR_OPTION);
}
END_TEST

/* A service that fails at every start must not push out what was kept before. */
START_TEST(test_kept_from_a_loop)
{
    char name[80], text[100], names[9000];
    int starts = API_EITHER(50, 12);
    begin();
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "%03d_good.sql", 10 + i);
        snprintf(text, sizeof text, "DELETE FROM items WHERE id = %d;\n", 100 + i);
        api_file(name, text);
        API_OK(api_apply());
    }
    ck_assert_int_eq(backups(), 10);
    api_file("020_bad.sql", "DELETE FROM items;\nINSERT INTO nowhere VALUES (1);\n");
    char *first = NULL, *last = NULL;
    for (int i = 0; i < starts; i++) {
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        ck_assert_int_eq(backups(), 10);
        API_OK(list());
        free(last);
        last = strdup(migrate_rows_text(api.rows, 0, 0));
        first = first ? first : strdup(last);
    }
    ck_assert_int_eq(files("_good.bak", names, sizeof names), 8);
    ck_assert_ptr_null(strstr(names, "010_good"));
    ck_assert_ptr_null(strstr(names, "011_good"));
    ck_assert_ptr_nonnull(strstr(names, "012_good"));
    ck_assert_int_eq(access(first, F_OK), 0);
    ck_assert_int_eq(access(last, F_OK), 0);
    ck_assert_str_ne(first, last);
    /* With a smaller bound the older ones go in turn; what was asked for is not thinned out. */
    api_option("backup_keep", "4");
    for (int i = 0; i < 4; i++)
        API_OK(back_up());
    ck_assert_int_eq(files("manual.bak", names, sizeof names), 4);
    ck_assert_int_eq(backups(), 4);
    free(first);
    free(last);
    nothing_left();
}
END_TEST

/* ---- going back ---- */

START_TEST(test_restore)
{
    begin();
    api_file("002_less.sql", "CREATE TABLE made (id INTEGER);\nDELETE FROM items WHERE id = 2;\n");
    API_OK(api_apply());
    char *file = report_backup();
    API_FAILS(restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS(name_of_database());
    api_option("confirm", "another");
    API_FAILS(restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", name_of_database());
    API_FAILS(restore("/nowhere.bak"), MIGRATE_ERROR_REFUSED, "state");
    if (api.engine == API_SQLITE)
        API_FAILS(restore(api.database), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(items(), "1|10");
    API_OK(restore(NULL));
    ck_assert_str_eq(items(), "1|10 2|20");
    ck_assert_str_eq(api_events("restored"), "1");
    ck_assert_str_eq(api_events("applied"), "1");
    char *safe = report_backup();
    ck_assert_ptr_nonnull(safe);
    ck_assert_ptr_nonnull(strstr(safe, "before-restore"));
    if (api.engine == API_SQLITE) { /* the test's callback cannot take away what came later; migratectl's does */
        ck_assert_str_eq(api_tables(), "items");
        API_OK(api_apply());
        ck_assert_str_eq(items(), "1|10");
        API_OK(restore(safe)); /* and back again, to the state with the migration */
        ck_assert_str_eq(items(), "1|10");
        ck_assert_str_eq(api_tables(), "items made");
    }
    API_OK(restore(file));
    ck_assert_str_eq(items(), "1|10 2|20");
    free(file);
    free(safe);
    nothing_left();
}
END_TEST

static int32_t protect_it(int32_t on)
{
    return api.session || api_open(NULL) == MIGRATE_OK ? migrate_protect(api.session, on, "production", NULL, api_error()) : MIGRATE_ERROR_MISUSE;
}

/* A database that is protected stays so, whatever comes back. */
START_TEST(test_restore_keeps_the_mark)
{
    begin();
    API_OK(back_up());
    API_OK(protect_it(1));
    api_sql("DELETE FROM items");
    API_FAILS(restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", name_of_database());
    API_OK(restore(NULL));
    ck_assert_str_eq(items(), "1|10 2|20");
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "applied restored protected");
    API_OK(api_status());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "protected"), 1);
    api_option("confirm", NULL);
    api_file("002_less.sql", "DELETE FROM items;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", name_of_database());
    API_OK(back_up());
    API_OK(restore(NULL)); /* of a state that has it: it is not written twice */
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "applied restored protected restored");
    API_OK(protect_it(0));
    API_OK(restore(NULL)); /* and it comes back with one that has it */
    API_OK(api_status());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "protected"), 1);
    nothing_left();
}
END_TEST

/* To a state from before the first run. */
START_TEST(test_restore_of_no_history)
{
    if (api.engine != API_SQLITE) /* the test's callback takes no table away */
        return;
    snprintf(folder, sizeof folder, "%s/kept", api.folder);
    api_option("backup_dir", folder);
    api_option("confirm", name_of_database());
    api_sql("CREATE TABLE there (id INTEGER)");
    API_OK(back_up());
    API_OK(restore(NULL));
    ck_assert_str_eq(api_events("restored"), "0");
    API_OK(protect_it(1));
    API_OK(restore(NULL));
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "restored protected");
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
}
END_TEST

/* Whoever restores once more wants the backup, and not what the first restore kept. */
START_TEST(test_latest)
{
    begin();
    api_option("confirm", name_of_database());
    API_OK(back_up());
    api_sql("DELETE FROM items WHERE id = 2");
    API_OK(restore(NULL));
    api_sql("DELETE FROM items");
    API_OK(restore(NULL));
    ck_assert_str_eq(items(), "1|10 2|20");
    char command[600];
    snprintf(command, sizeof command, "rm '%s'/*.manual.bak", folder);
    ck_assert_int_eq(system(command), 0);
    API_OK(restore(NULL)); /* there is nothing else */
    ck_assert_str_eq(items(), "");
}
END_TEST

/* What is no backup changes nothing. */
START_TEST(test_bad_files)
{
    char path[500], command[2000];
    begin();
    api_option("confirm", name_of_database());
    API_OK(back_up());
    char *good = strdup(migrate_rows_text(api.rows, 0, 0));
    snprintf(path, sizeof path, "%s/bad", api.folder);
    api_write("../bad", "this is no database, and there is not much more to say of it", 60);
    API_FAILS(restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    api_write("../bad", "", 0);
    API_FAILS(restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    snprintf(command, sizeof command, "head -c $(($(wc -c < '%s') - %s)) '%s' > '%s'", good, API_EITHER("4096", "100"), good, path);
    ck_assert_int_eq(system(command), 0);
    API_FAILS(restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    ck_assert_str_eq(items(), "1|10 2|20");
    ck_assert_str_eq(api_events("restored"), "0");
    free(good);
}
END_TEST

static void host_does(sqlite3 *db, const char *sql)
{
    char *problem = NULL;
    sqlite3_exec(db, sql, NULL, NULL, &problem);
    ck_assert_msg(!problem, "%s: %s", sql, problem);
}

static int64_t host_asks(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* WAL: a reader in the midst of its transaction keeps what it sees, and sees the other contents in the next one. */
START_TEST(test_reader)
{
    sqlite3 *reader = NULL;
    if (api.engine != API_SQLITE)
        return;
    begin();
    api_sql("PRAGMA journal_mode = WAL");
    API_OK(back_up());
    api_sql("DELETE FROM items");
    api_option("confirm", name_of_database());
    ck_assert_int_eq(sqlite3_open(api.database, &reader), SQLITE_OK);
    host_does(reader, "BEGIN");
    ck_assert_int_eq(host_asks(reader, "SELECT count(*) FROM items"), 0);
    API_OK(restore(NULL));
    ck_assert_int_eq(host_asks(reader, "SELECT count(*) FROM items"), 0);
    host_does(reader, "COMMIT");
    ck_assert_int_eq(host_asks(reader, "SELECT count(*) FROM items"), 2);
    host_does(reader, "INSERT INTO items VALUES (3, 30)");
    ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
    ck_assert_str_eq(api_query("PRAGMA journal_mode"), "wal");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(items(), "1|10 2|20 3|30");
}
END_TEST

/* The file is lost: its newest backup makes it again. */
START_TEST(test_lost_file)
{
    if (api.engine != API_SQLITE)
        return;
    begin();
    API_OK(back_up());
    api_close();
    ck_assert_int_eq(unlink(api.database), 0);
    api_option("confirm", name_of_database());
    API_OK(restore(NULL));
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_str_eq(items(), "1|10 2|20");
}
END_TEST

/* On the host's handle, whose collation no other connection has, in its own folder; and one in memory, which has nothing to keep. */
static int compare_bytes(void *user, int a_length, const void *a, int b_length, const void *b)
{
    (void)user;
    int order = memcmp(a, b, (size_t)(a_length < b_length ? a_length : b_length));
    return order != 0 ? order : a_length - b_length;
}

START_TEST(test_host_handle)
{
    sqlite3 *host = NULL;
    if (api.engine != API_SQLITE)
        return;
    begin();
    api_close();
    ck_assert_int_eq(sqlite3_open(api.database, &host), SQLITE_OK);
    sqlite3_create_collation(host, "house", SQLITE_UTF8, NULL, compare_bytes);
    host_does(host, "CREATE TABLE words (w TEXT COLLATE house PRIMARY KEY) WITHOUT ROWID; INSERT INTO words VALUES ('a'), ('b')");
    api_file("002_less.sql", "DELETE FROM items;\n");
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(migrate_apply(api.session, NULL, NULL, api_error()));
    ck_assert_int_eq(backups(), 1);
    ck_assert_int_eq(host_asks(host, "SELECT count(*) FROM items"), 0);
    migrate_options_set(api.options, "confirm", name_of_database(), NULL);
    migrate_close(api.session);
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(restore(NULL));
    ck_assert_int_eq(host_asks(host, "SELECT count(*) FROM items"), 2);
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(":memory:", &host), SQLITE_OK);
    host_does(host, "CREATE TABLE items (id)");
    api_option("on_unmanaged", "apply");
    api_remove("001_items.sql");
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(migrate_apply(api.session, NULL, NULL, api_error()));
    API_FAILS(back_up(), MIGRATE_ERROR_REFUSED, "state");
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
}
END_TEST

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
    begin();
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
        kept[i] = report_backup();
        ck_assert_ptr_nonnull(kept[i]);
    }
    if (api.engine == API_POSTGRESQL) { /* pg_restore waits for the writers' locks; the reverse is what counts here */
        stop_writers(writers);
        check_sum("at the end");
    }
    api_option("confirm", name_of_database());
    for (int i = 0; i < 6; i++) {
        API_OK(restore(kept[i]));
        check_sum(kept[i]);
        free(kept[i]);
    }
    if (api.engine == API_SQLITE) {
        stop_writers(writers);
        check_sum("at the end");
        ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    }
    nothing_left();
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
    char *found = strdup(items());
    snprintf(api.database, sizeof api.database, "%s", last);
    return found;
}

/* SQLite: the first transaction, in which the backup is made, ends before a step that cannot share it. */
static void check_gap(const char *text, bool wal, const char *then)
{
    char names[4000];
    begin();
    if (wal)
        api_sql("PRAGMA journal_mode = WAL");
    api_file("002_less.sql", text);
    api_close();
    steps_told = 0;
    migrate_options_set_event(api.options, write_in_gap, (void *)"step");
    API_OK(api_apply());
    char *file = report_backup();
    migrate_options_set_event(api.options, NULL, NULL);
    ck_assert_int_eq(steps_told, 2);
    ck_assert_str_eq(items(), then);
    ck_assert_int_eq(files("002_less.bak", names, sizeof names), 2);
    char *kept = contents_of(file);
    ck_assert_str_eq(kept, "1|10 2|20 3|30");
    API_OK(list());
    ck_assert_str_eq(migrate_rows_text(api.rows, 0, 0), file); /* the newest */
    free(kept);
    free(file);
    nothing_left();
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
    if (host_asks(other, "SELECT count(*) FROM items WHERE id IN (2, 3)") == 0)
        host_does(other, "INSERT INTO items VALUES (3, 30)");
    return SQLITE_OK;
}

/* Behind its first part a step is no longer what was there before: then there is one backup, and it is from before all of it. */
START_TEST(test_between_parts)
{
    sqlite3 *host = NULL, *other = NULL;
    if (api.engine != API_SQLITE)
        return;
    begin();
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
    char *file = report_backup(), *kept = contents_of(file);
    ck_assert_str_eq(items(), "3|30");
    ck_assert_int_eq(backups(), 1);
    ck_assert_str_eq(kept, "1|10 2|20");
    free(kept);
    free(file);
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    nothing_left();
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
    begin();
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
            ck_assert_int_eq(backups(), (int)i - cancelled);
            cancelled++;
            if (getenv("TEST_VERBOSE"))
                printf("cancelled after %d ms: %.0f ms\n", delays[i], took * 1000);
            ck_assert_double_lt(took, 0.2);
        }
        nothing_left();
        api_close();
        migrate_options_set_token(api.options, NULL, NULL);
        migrate_options_set_event(api.options, NULL, NULL);
        migrate_token_free(token);
        if (code != MIGRATE_OK)
            api_remove(name);
    }
    ck_assert_int_ge(cancelled, 1);
    ck_assert_str_eq(items(), "1|10 2|20");
}
END_TEST

START_TEST(test_writers_wal)
{
    if (api.engine == API_SQLITE)
        test_writers_fn(1);
}
END_TEST

API("backup", test_before_losses, test_renamed_then_dropped, test_always_off_down, test_rebuild, test_failure_names_it, test_no_way, test_callback_fails, test_tables, test_kept,
    test_kept_from_a_loop, test_restore, test_restore_keeps_the_mark, test_restore_of_no_history, test_latest, test_bad_files, test_reader, test_lost_file, test_host_handle, test_writers, test_writers_wal, test_gap, test_gap_of_a_rebuild,
    test_gap_wal, test_between_parts, test_cancel)
