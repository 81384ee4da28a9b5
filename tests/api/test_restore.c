/* SPDX-License-Identifier: MIT
 * Backups brought back: whole, with open readers, from the file that is meant, and never from what is none. */
#include "backup.h"

#include "migrate_sqlite3.h"

#include <stdio.h>
#include <unistd.h>

START_TEST(test_restore)
{
    backup_begin();
    api_file("002_less.sql", "CREATE TABLE made (id INTEGER);\nDELETE FROM items WHERE id = 2;\n");
    API_OK(api_apply());
    char *file = backup_reported();
    API_FAILS(backup_restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS(backup_database_name());
    api_option("confirm", "another");
    API_FAILS(backup_restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", backup_database_name());
    API_FAILS(backup_restore("/nowhere.bak"), MIGRATE_ERROR_REFUSED, "state");
    if (api.engine == API_SQLITE)
        API_FAILS(backup_restore(api.database), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(backup_items(), "1|10");
    API_OK(backup_restore(NULL));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    ck_assert_str_eq(api_events("restored"), "1");
    ck_assert_str_eq(api_events("applied"), "1");
    char *safe = backup_reported();
    ck_assert_ptr_nonnull(safe);
    ck_assert_ptr_nonnull(strstr(safe, "before-restore"));
    if (api.engine == API_SQLITE) { /* the test's callback cannot take away what came later; migratectl's does */
        ck_assert_str_eq(api_tables(), "items");
        API_OK(api_apply());
        ck_assert_str_eq(backup_items(), "1|10");
        API_OK(backup_restore(safe)); /* and back again, to the state with the migration */
        ck_assert_str_eq(backup_items(), "1|10");
        ck_assert_str_eq(api_tables(), "items made");
    }
    API_OK(backup_restore(file));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    free(file);
    free(safe);
    backup_nothing_left();
}
END_TEST

static int32_t protect_it(int32_t on)
{
    return api.session || api_open(NULL) == MIGRATE_OK ? migrate_protect(api.session, on, "production", NULL, api_error()) : MIGRATE_ERROR_MISUSE;
}

/* A database that is protected stays so, whatever comes back. */
START_TEST(test_restore_keeps_the_mark)
{
    backup_begin();
    API_OK(backup_make());
    API_OK(protect_it(1));
    api_sql("DELETE FROM items");
    API_FAILS(backup_restore(NULL), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", backup_database_name());
    API_OK(backup_restore(NULL));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "applied restored protected");
    API_OK(api_status());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "protected"), 1);
    api_option("confirm", NULL);
    api_file("002_less.sql", "DELETE FROM items;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", backup_database_name());
    API_OK(backup_make());
    API_OK(backup_restore(NULL)); /* of a state that has it: it is not written twice */
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "applied restored protected restored");
    API_OK(protect_it(0));
    API_OK(backup_restore(NULL)); /* and it comes back with one that has it */
    API_OK(api_status());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "protected"), 1);
    backup_nothing_left();
}
END_TEST

/* To a state from before the first run. */
START_TEST(test_restore_of_no_history)
{
    if (api.engine != API_SQLITE) /* the test's callback takes no table away */
        return;
    snprintf(backup_folder, sizeof backup_folder, "%s/kept", api.folder);
    api_option("backup_dir", backup_folder);
    api_option("confirm", backup_database_name());
    api_sql("CREATE TABLE there (id INTEGER)");
    API_OK(backup_make());
    API_OK(backup_restore(NULL));
    ck_assert_str_eq(api_events("restored"), "0");
    API_OK(protect_it(1));
    API_OK(backup_restore(NULL));
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history ORDER BY seq"), "restored protected");
    api_file("001_a.sql", "CREATE TABLE a (id INTEGER);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
}
END_TEST

/* Whoever restores once more wants the backup, and not what the first restore kept. */
START_TEST(test_latest)
{
    backup_begin();
    api_option("confirm", backup_database_name());
    API_OK(backup_make());
    api_sql("DELETE FROM items WHERE id = 2");
    API_OK(backup_restore(NULL));
    api_sql("DELETE FROM items");
    API_OK(backup_restore(NULL));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    char command[600];
    snprintf(command, sizeof command, "rm '%s'/*.manual.bak", backup_folder);
    ck_assert_int_eq(system(command), 0);
    API_OK(backup_restore(NULL)); /* there is nothing else */
    ck_assert_str_eq(backup_items(), "");
}
END_TEST

/* What is no backup changes nothing. */
START_TEST(test_bad_files)
{
    char path[500], command[2000];
    backup_begin();
    api_option("confirm", backup_database_name());
    API_OK(backup_make());
    char *good = strdup(migrate_rows_text(api.rows, 0, 0));
    snprintf(path, sizeof path, "%s/bad", api.folder);
    api_write("../bad", "this is no database, and there is not much more to say of it", 60);
    API_FAILS(backup_restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    api_write("../bad", "", 0);
    API_FAILS(backup_restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    snprintf(command, sizeof command, "head -c $(($(wc -c < '%s') - %s)) '%s' > '%s'", good, API_EITHER("4096", "100"), good, path);
    ck_assert_int_eq(system(command), 0);
    API_FAILS(backup_restore(path), API_EITHER(MIGRATE_ERROR_REFUSED, MIGRATE_ERROR_CODE), API_EITHER("state", "source"));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
    ck_assert_str_eq(api_events("restored"), "0");
    free(good);
}
END_TEST

/* WAL: a reader in the midst of its transaction keeps what it sees, and sees the other contents in the next one. */
START_TEST(test_reader)
{
    sqlite3 *reader = NULL;
    if (api.engine != API_SQLITE)
        return;
    backup_begin();
    api_sql("PRAGMA journal_mode = WAL");
    API_OK(backup_make());
    api_sql("DELETE FROM items");
    api_option("confirm", backup_database_name());
    ck_assert_int_eq(sqlite3_open(api.database, &reader), SQLITE_OK);
    backup_host_does(reader, "BEGIN");
    ck_assert_int_eq(backup_host_asks(reader, "SELECT count(*) FROM items"), 0);
    API_OK(backup_restore(NULL));
    ck_assert_int_eq(backup_host_asks(reader, "SELECT count(*) FROM items"), 0);
    backup_host_does(reader, "COMMIT");
    ck_assert_int_eq(backup_host_asks(reader, "SELECT count(*) FROM items"), 2);
    backup_host_does(reader, "INSERT INTO items VALUES (3, 30)");
    ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
    ck_assert_str_eq(api_query("PRAGMA journal_mode"), "wal");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(backup_items(), "1|10 2|20 3|30");
}
END_TEST

/* The file is lost: its newest backup makes it again. */
START_TEST(test_lost_file)
{
    if (api.engine != API_SQLITE)
        return;
    backup_begin();
    API_OK(backup_make());
    api_close();
    ck_assert_int_eq(unlink(api.database), 0);
    api_option("confirm", backup_database_name());
    API_OK(backup_restore(NULL));
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "backup"));
    ck_assert_str_eq(backup_items(), "1|10 2|20");
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
    backup_begin();
    api_close();
    ck_assert_int_eq(sqlite3_open(api.database, &host), SQLITE_OK);
    sqlite3_create_collation(host, "house", SQLITE_UTF8, NULL, compare_bytes);
    backup_host_does(host, "CREATE TABLE words (w TEXT COLLATE house PRIMARY KEY) WITHOUT ROWID; INSERT INTO words VALUES ('a'), ('b')");
    api_file("002_less.sql", "DELETE FROM items;\n");
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(migrate_apply(api.session, NULL, NULL, api_error()));
    ck_assert_int_eq(backup_count(), 1);
    ck_assert_int_eq(backup_host_asks(host, "SELECT count(*) FROM items"), 0);
    migrate_options_set(api.options, "confirm", backup_database_name(), NULL);
    migrate_close(api.session);
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(backup_restore(NULL));
    ck_assert_int_eq(backup_host_asks(host, "SELECT count(*) FROM items"), 2);
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(":memory:", &host), SQLITE_OK);
    backup_host_does(host, "CREATE TABLE items (id)");
    api_option("on_unmanaged", "apply");
    api_remove("001_items.sql");
    ck_assert_int_eq(migrate_open_sqlite3(host, api.options, &api.session, api_error()), MIGRATE_OK);
    API_OK(migrate_apply(api.session, NULL, NULL, api_error()));
    API_FAILS(backup_make(), MIGRATE_ERROR_REFUSED, "state");
    migrate_close(api.session);
    api.session = NULL;
    ck_assert_int_eq(sqlite3_close(host), SQLITE_OK);
}
END_TEST

API("restore", test_restore, test_restore_keeps_the_mark, test_restore_of_no_history, test_latest, test_bad_files,
    test_reader, test_lost_file, test_host_handle)
