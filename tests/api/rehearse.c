/* SPDX-License-Identifier: MIT
 * Rehearsing, and whether the database is what it was. */
#include "rehearse.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int32_t rehearse_plan(migrate_plan *plan)
{
    migrate_rows *rows = NULL;
    int32_t code = api.session ? MIGRATE_OK : api_open(NULL);
    if (code == MIGRATE_OK)
        code = migrate_rehearse(api.session, plan, &rows, api_error());
    if (rows) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

int32_t rehearse(void)
{
    return rehearse_plan(NULL);
}

const char *rehearsed(size_t row, const char *column)
{
    const char *text = migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
    return text ? text : "-";
}

bool rehearse_identical(void)
{
    return migrate_rows_value_int(api.rows, "identical") == 1;
}

/* As pg_dump and sqlite3 tell it, but for the dump's own random words. The history is in it, too. */
static char *dump(void)
{
    char command[1200];
    size_t size = 0;
    char *out = NULL, line[4096];
    if (api.engine == API_SQLITE)
        snprintf(command, sizeof command, "test ! -e '%s' || { sqlite3 '%s' .dump 'PRAGMA user_version'; md5sum '%s'; }", api.database,
                 api.database, api.database);
    else
        snprintf(command, sizeof command, "pg_dump '%s'", api.url);
    FILE *pipe = popen(command, "r"), *text = open_memstream(&out, &size);
    ck_assert(pipe && text);
    while (fgets(line, sizeof line, pipe)) {
        if (!strstr(line, "restrict "))
            fputs(line, text);
    }
    ck_assert_int_eq(pclose(pipe), 0);
    fclose(text);
    return out;
}

#define OTHERS                                                                                                       \
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "  \
    "AND query !~ 'pg_stat_activity'"

void rehearse_check_nobody(void)
{
    if (api.engine == API_SQLITE) {
        api_sql("BEGIN EXCLUSIVE; COMMIT");
        return;
    }
    api_close();
    for (int i = 0; i < 500 && strcmp(api_query(OTHERS), "0") != 0; i++) /* the test's own sessions take their time to go, too */
        usleep(20000);
    ck_assert_str_eq(api_query(OTHERS), "0");
}

static char *before;

void rehearse_remember(void)
{
    free(before);
    before = dump();
}

void rehearse_check_same(void)
{
    char *now = dump();
    ck_assert_msg(strcmp(now, before) == 0, "another dump than before:\n%s\nbefore:\n%s", now, before);
    free(now);
    free(before);
    before = NULL;
}

void rehearse_tables(void)
{
    api_file("001_tables.sql",
             API_EITHER("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, name TEXT);\n"
                        "INSERT INTO t (a, name) VALUES (1, 'x'), (2, 'y'), (3, 'z');\n"
                        "CREATE TABLE u (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id) ON DELETE CASCADE);\n"
                        "INSERT INTO u (t) SELECT id FROM t;\n",
                        "CREATE TABLE t (id serial PRIMARY KEY, a int, name varchar(20));\n"
                        "INSERT INTO t (a, name) VALUES (1, 'x'), (2, 'y'), (3, 'z');\n"
                        "CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, t int REFERENCES t (id) DEFERRABLE INITIALLY "
                        "DEFERRED);\n"
                        "INSERT INTO u (t) SELECT id FROM t;\n"));
    API_OK(api_apply());
    api_close();
}
