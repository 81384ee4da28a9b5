/* SPDX-License-Identifier: MIT
 * Backups as tests make, count and bring them back: by the engine, or by PostgreSQL's own programs. */
#include "backup.h"

#include <dirent.h>
#include <stdio.h>

/* ---- the host's callback, where the engine needs one ---- */

int backup_calls;

static int32_t by_program(migrate_backup_job *job, void *user)
{
    char command[3000], tables[1000] = "";
    const char *verb = migrate_backup_job_verb(job), *file = migrate_backup_job_file(job), *url = migrate_backup_job_url(job);
    (void)user;
    backup_calls++;
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

void backup_bring(void)
{
    api_close();
    if (api.engine == API_POSTGRESQL)
        migrate_options_set_backup(api.options, by_program, NULL);
    backup_calls = 0;
}

/* ---- the folder ---- */

char backup_folder[400];

/* What is in it with that end, one after the other, sorted; how many is returned. */
int backup_files(const char *end, char *out, size_t size)
{
    struct dirent **list = NULL;
    int found = 0, count = scandir(backup_folder, &list, NULL, alphasort);
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

int backup_count(void)
{
    char names[4000];
    return backup_files(".bak", names, sizeof names);
}

void backup_nothing_left(void)
{
    char names[4000];
    ck_assert_msg(backup_files(".part", names, sizeof names) == 0, "left: %s", names);
}

void backup_begin(void)
{
    snprintf(backup_folder, sizeof backup_folder, "%s/kept", api.folder);
    api_option("backup_dir", backup_folder);
    backup_bring();
    if (api.engine == API_POSTGRESQL)
        api_option("backup", "destructive");
    api_file("001_items.sql", "CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER);\nINSERT INTO items VALUES (1, 10), (2, 20);\n");
    API_OK(api_apply());
}

const char *backup_items(void)
{
    return api_query("SELECT id, n FROM items ORDER BY id");
}

char *backup_reported(void)
{
    const char *file = migrate_rows_value_text(api.rows, "backup");
    return file ? strdup(file) : NULL;
}

int32_t backup_restore(const char *file)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_restore(api.session, file, &api.rows, api_error());
}

const char *backup_database_name(void)
{
    const char *slash = strrchr(api.database, '/');
    return slash ? slash + 1 : api.database;
}

int32_t backup_make(void)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_backup(api.session, &api.rows, api_error());
}

int32_t backup_list(void)
{
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_backups(api.session, &api.rows, api_error());
}

/* ---- a connection of the host's own to the SQLite file ---- */

void backup_host_does(sqlite3 *db, const char *sql)
{
    char *problem = NULL;
    sqlite3_exec(db, sql, NULL, NULL, &problem);
    ck_assert_msg(!problem, "%s: %s", sql, problem);
}

int64_t backup_host_asks(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}
