/* SPDX-License-Identifier: MIT
 * SQLite: a process that is killed at any place of a run, a rebuild among it, leaves whole migrations and no
 * row lost; the next run does the rest. */
#include "api.h"
#include "migrate_sqlite3.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- dying ---- */

static int die_at;

static void die(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    if (sqlite3_value_int(values[0]) == die_at)
        raise(SIGKILL);
    sqlite3_result_null(context);
}

/* The library's own connections have it too: it uses the same SQLite. */
static int add_die(sqlite3 *db, char **problem, const struct sqlite3_api_routines *routines)
{
    (void)problem, (void)routines;
    return sqlite3_create_function(db, "die", 1, SQLITE_UTF8, NULL, die, NULL, NULL);
}

/* In a process of its own, on its own connection or on one of a host that enforces foreign keys. Returns how
 * it ended. */
static int run_child(bool own, int point)
{
    int status = 0;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        sqlite3 *db = NULL;
        die_at = point;
        if (!own && (sqlite3_open(api.database, &db) != SQLITE_OK ||
                     sqlite3_exec(db, "PRAGMA foreign_keys = on", NULL, NULL, NULL) != SQLITE_OK ||
                     migrate_open_sqlite3(db, api.options, &api.session, NULL) != MIGRATE_OK))
            _exit(2);
        _exit(api_apply() == MIGRATE_OK ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* ---- what is there ---- */

static void make(void)
{
    unlink(api.database);
    api_file("001_first.sql",
             "CREATE TABLE parent (id integer PRIMARY KEY, name text);\n"
             "CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent ON "
             "DELETE CASCADE);\n"
             "INSERT INTO parent VALUES (1, 'one'), (2, 'two');\n"
             "INSERT INTO child VALUES (1, 1), (2, 2), (3, 2);\n");
    API_OK(api_apply());
    api_file("002_a.sql", "CREATE TABLE a (x integer);\nSELECT die(1);\n");
    api_file("003_x.sql",
             "SELECT die(2);\nCREATE TABLE new_parent (id integer PRIMARY KEY, name text, more);\n"
             "INSERT INTO new_parent (id, name) SELECT id, name FROM parent;\nSELECT die(3);\n"
             "DROP TABLE parent;\nSELECT die(4);\nALTER TABLE new_parent RENAME TO parent;\n"
             "SELECT die(5);\n");
    api_file("004_b.sql", "CREATE TABLE b (x integer);\nSELECT die(6);\n");
    api_file("005_v.sql", "INSERT INTO a VALUES (1);\nVACUUM;\nSELECT die(7);\nINSERT INTO a VALUES (2);\n");
}

static void check_rows(void)
{
    ck_assert_str_eq(api_query("SELECT id, name FROM parent ORDER BY id"), "1|one 2|two");
    ck_assert_str_eq(api_query("SELECT id, parent FROM child ORDER BY id"), "1|1 2|2 3|2");
    ck_assert_str_eq(api_query("PRAGMA foreign_key_check"), "");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
}

/* What counts as applied and what is there agree. */
static void check_whole(void)
{
    check_rows();
    const char *const pairs[][2] = {
        {"002_a", "SELECT count(*) FROM sqlite_schema WHERE name = 'a'"},
        {"003_x", "SELECT count(*) FROM pragma_table_info('parent') WHERE name = 'more'"},
        {"004_b", "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        bool applied = strstr(api_applied(), pairs[i][0]) != NULL;
        ck_assert_msg(strcmp(api_query(pairs[i][1]), applied ? "1" : "0") == 0, "%s", pairs[i][0]);
    }
    ck_assert_str_eq(api_query("SELECT count(*) FROM sqlite_schema WHERE name = 'new_parent'"), "0");
}

START_TEST(test_killed)
{
    enum { POINTS = 8 }; /* at the last one nobody dies */
    if (api.engine != API_SQLITE)
        return;
    sqlite3_auto_extension((void (*)(void))add_die);
    for (int own = 0; own < 2; own++) {
        for (int point = 1; point <= POINTS; point++) {
            die_at = 0;
            make();
            int status = run_child(own, point);
            if (point < POINTS)
                ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            else
                ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            check_whole();
            API_OK(api_apply());
            check_whole();
            ck_assert_str_eq(api_applied(), "001_first 002_a 003_x 004_b 005_v");
            ck_assert_str_eq(api_events("applied"), "5");
            ck_assert_str_eq(api_query("SELECT x FROM a ORDER BY x"), "1 2");
            for (const char *const *path =
                     (const char *const[]){"002_a.sql", "003_x.sql", "004_b.sql", "005_v.sql", NULL};
                 *path; path++)
                api_remove(*path);
        }
    }
}
END_TEST

API("killed", test_killed)
