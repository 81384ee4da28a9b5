/* SPDX-License-Identifier: MIT
 * Backups: made before what may lose data, and only then; counted, listed and removed; and no run where none can be made. */
#include "backup.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- when, and what ---- */

START_TEST(test_before_losses)
{
    backup_begin();
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup")); /* there was nothing to lose */
    api_file("002_more.sql", "DROP TABLE IF EXISTS more;\nCREATE TABLE more (id INTEGER);\nINSERT INTO more VALUES (1);\n");
    API_OK(api_apply());
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_int_eq(backup_count(), 0);
    api_file("003_less.sql", "DELETE FROM items WHERE id = 2;\n");
    API_OK(api_apply());
    char *file = backup_reported();
    struct stat about;
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(strstr(file, ".003_less.bak"));
    ck_assert_int_eq(stat(file, &about), 0);
    ck_assert_int_eq(about.st_mode & 0777, 0600);
    ck_assert_int_gt(api_told("backup"), 0);
    ck_assert_str_eq(backup_items(), "1|10");
    if (api.engine == API_SQLITE) {
        char *last = strdup(api.database);
        snprintf(api.database, sizeof api.database, "%s", file);
        ck_assert_str_eq(backup_items(), "1|10 2|20");
        ck_assert_str_eq(api_events("applied"), "2");
        snprintf(api.database, sizeof api.database, "%s", last);
        free(last);
    }
    free(file);
    backup_nothing_left();
}
END_TEST

/* A table that is not there now, but will be by that name. */
START_TEST(test_renamed_then_dropped)
{
    backup_begin();
    api_file("002_less.sql", "ALTER TABLE items RENAME TO gone;\nDROP TABLE IF EXISTS gone;\n");
    API_OK(api_apply());
    ck_assert_ptr_nonnull(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_int_eq(backup_count(), 1);
}
END_TEST

START_TEST(test_always_off_down)
{
    backup_begin();
    api_file("002_more.sql", "CREATE TABLE more (id INTEGER);\n-- ROLLBACK: DROP TABLE more;\n");
    api_option("backup", "always");
    API_OK(api_apply());
    ck_assert_int_eq(backup_count(), 1);
    API_OK(api_apply()); /* nothing to do */
    ck_assert_int_eq(backup_count(), 1);
    api_option("backup", "off");
    API_OK(api_rollback(NULL));
    ck_assert_int_eq(backup_count(), 1);
    API_OK(api_apply());
    api_option("backup", "destructive");
    API_OK(api_rollback(NULL)); /* its text drops a table */
    ck_assert_int_eq(backup_count(), 2);
    ck_assert_ptr_nonnull(migrate_rows_value_text(api.rows, "backup"));
    backup_nothing_left();
}
END_TEST

/* Foreign keys are switched off outside of the transaction: the run leaves the one in which the backup was made. */
START_TEST(test_rebuild)
{
    if (api.engine != API_SQLITE)
        return;
    backup_begin();
    api_file("002_child.sql", "CREATE TABLE child (id INTEGER REFERENCES items (id) ON DELETE CASCADE);\nINSERT INTO child VALUES (1);\n");
    API_OK(api_apply());
    api_file("003_rebuild.sql", "CREATE TABLE new_items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);\nINSERT INTO new_items SELECT * FROM items;\n"
                                "DROP TABLE items;\nALTER TABLE new_items RENAME TO items;\n");
    API_OK(api_apply());
    ck_assert_int_eq(backup_count(), 1);
    ck_assert_str_eq(api_query("SELECT count(*) FROM child"), "1");
    backup_nothing_left();
}
END_TEST

START_TEST(test_failure_names_it)
{
    backup_begin();
    api_file("002_fails.sql", "DELETE FROM items;\nINSERT INTO nowhere VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_SAYS("the backup from before this run is at ");
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    ck_assert_int_eq(backup_count(), 1);
    backup_nothing_left();
}
END_TEST

START_TEST(test_no_way)
{
    backup_begin();
    api_close();
    migrate_options_set_backup(api.options, NULL, NULL);
    api_file("002_less.sql", "DELETE FROM items;\n");
    if (api.engine == API_POSTGRESQL) {
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        ck_assert_str_eq(backup_items(), "1|10 2|20");
        ck_assert_str_eq(api_events("applied"), "1");
        ck_assert_str_eq(api_events("failed"), "0");
        api_option("backup", "auto");
        API_OK(api_plan(NULL));
        API_OK(api_findings());
        ck_assert_str_eq(api_column("severity"), "warning info");
        ck_assert_str_eq(api_column("rule"), "GD03 GD50");
        API_OK(api_apply());
        ck_assert_str_eq(backup_items(), "");
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
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    api_option("backup_dir", NULL);
    API_OK(api_apply());
    ck_assert_ptr_nonnull(strstr(migrate_rows_value_text(api.rows, "backup"), backup_database_name()));
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
    backup_begin();
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
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    ck_assert_int_eq(backup_count(), 0);
    backup_nothing_left();
}
END_TEST

/* Only what the plan touches, and what goes along with it. */
START_TEST(test_tables)
{
    char names[4000], command[5000];
    backup_begin();
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("002_others.sql", "CREATE TABLE child (id int REFERENCES items (id) ON DELETE CASCADE);\nCREATE TABLE \"Other one\" (id int);\n"
                               "INSERT INTO child VALUES (1);\nINSERT INTO \"Other one\" VALUES (1);\n");
    API_OK(api_apply());
    api_option("backup", "tables");
    api_file("003_less.sql", "DELETE FROM items;\n");
    API_OK(api_apply());
    ck_assert_int_eq(backup_files(".tables.bak", names, sizeof names), 1);
    names[strlen(names) - 1] = '\0';
    snprintf(command, sizeof command, "test \"$(pg_restore --list '%s/%s' | grep 'TABLE DATA' | sed 's/.*DATA //;s/ [^ ]*$//' | sort | tr '\\n' ,)\" = "
                                      "'public child,public items,'", backup_folder, names);
    ck_assert_int_eq(system(command), 0);
    api_option("confirm", backup_database_name());
    snprintf(command, sizeof command, "%s/%s", backup_folder, names);
    API_FAILS(backup_restore(command), MIGRATE_ERROR_REFUSED, "state");
    API_FAILS(backup_restore(NULL), MIGRATE_ERROR_REFUSED, "state"); /* it is not taken for a backup of everything */
}
END_TEST

/* ---- counting and removing ---- */

static void write_at(const char *name, const char *text)
{
    char path[900];
    snprintf(path, sizeof path, "%s/%s", backup_folder, name);
    FILE *file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_kept)
{
    char foreign[600], names[4000];
    backup_begin();
    API_OK(backup_make());
    usleep(1200000); /* those that are made in one second are told apart by times to come */
    api_option("backup_max_age", "1s");
    API_OK(backup_make());
    API_OK(backup_list());
    ck_assert_str_eq(api_column("verified"), "true");
    api_option("backup_max_age", NULL);
    snprintf(foreign, sizeof foreign, "%s.20010101T000000Z.001_mine.bak", backup_database_name());
    write_at(foreign, "not one of ours");
    write_at("another.db.20010101T000000Z.x.bak", "nor this");
    api_option("backup_keep", "2");
    API_OK(backup_make());
    API_OK(backup_make());
    API_OK(backup_make());
    API_OK(backup_list());
    ck_assert_str_eq(api_column("verified"), "true true false");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 3);
    ck_assert_int_eq(backup_count(), 4);
    /* Whoever changes one takes it out of the count; and it stays. */
    backup_files("manual.bak", names, sizeof names);
    names[strcspn(names, " ")] = '\0';
    write_at(names, " ");
    API_OK(backup_make());
    API_OK(backup_make());
    API_OK(backup_list());
    ck_assert_str_eq(api_column("verified"), "true true false false");
    /* By size: never the newest. */
    api_option("backup_max_bytes", "1B");
    API_OK(backup_make());
    API_OK(backup_list());
    ck_assert_str_eq(api_column("verified"), "true false false");
    ck_assert_int_eq(migrate_options_set(api.options, "backup_max_bytes", "1 parsec", api_error()), MIGRATE_ERROR_OPTION);
}
END_TEST

/* A service that fails at every start must not push out what was kept before. */
START_TEST(test_kept_from_a_loop)
{
    char name[80], text[100], names[9000];
    int starts = API_EITHER(50, 12);
    backup_begin();
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "%03d_good.sql", 10 + i);
        snprintf(text, sizeof text, "DELETE FROM items WHERE id = %d;\n", 100 + i);
        api_file(name, text);
        API_OK(api_apply());
    }
    ck_assert_int_eq(backup_count(), 10);
    api_file("020_bad.sql", "DELETE FROM items;\nINSERT INTO nowhere VALUES (1);\n");
    char *first = NULL, *last = NULL;
    for (int i = 0; i < starts; i++) {
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        ck_assert_int_eq(backup_count(), 10);
        API_OK(backup_list());
        free(last);
        last = strdup(migrate_rows_text(api.rows, 0, 0));
        first = first ? first : strdup(last);
    }
    ck_assert_int_eq(backup_files("_good.bak", names, sizeof names), 8);
    ck_assert_ptr_null(strstr(names, "010_good"));
    ck_assert_ptr_null(strstr(names, "011_good"));
    ck_assert_ptr_nonnull(strstr(names, "012_good"));
    ck_assert_int_eq(access(first, F_OK), 0);
    ck_assert_int_eq(access(last, F_OK), 0);
    ck_assert_str_ne(first, last);
    /* With a smaller bound the older ones go in turn; what was asked for is not thinned out. */
    api_option("backup_keep", "4");
    for (int i = 0; i < 4; i++)
        API_OK(backup_make());
    ck_assert_int_eq(backup_files("manual.bak", names, sizeof names), 4);
    ck_assert_int_eq(backup_count(), 4);
    free(first);
    free(last);
    backup_nothing_left();
}
END_TEST

API("backup", test_before_losses, test_renamed_then_dropped, test_always_off_down, test_rebuild, test_failure_names_it,
    test_no_way, test_callback_fails, test_tables, test_kept, test_kept_from_a_loop)
