/* SPDX-License-Identifier: MIT
 * The world of an API test: a folder, a directory of migrations and an empty database of its own, on the
 * engine that the program was started for. Everything goes through the public header; what it left in the
 * database is looked at through the test's own connection. */
#ifndef TEST_API_H
#define TEST_API_H

#include "migrate.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum api_engine { API_SQLITE, API_POSTGRESQL };

/* Made anew for each test, and thrown away after it. */
struct api {
    enum api_engine engine;
    char folder[256];   /* the test's own */
    char dir[300];      /* folder/migrations: empty */
    char database[300]; /* the file, or the name on the server */
    char url[600];
    migrate_options *options; /* with dir and a short wait_timeout */
    migrate_session *session; /* opened by the first call that needs it */
    migrate_plan *plan;       /* of api_plan() */
    migrate_rows *rows;       /* of the last call that succeeded */
    migrate_error *error;     /* of the last call that failed */
};
extern struct api api;

/* ---- files: a relative path is in the directory of migrations; its folders are made. A program that is
 * built anew starts anew: the next call opens a session that reads files and options afresh. ---- */
void api_write(const char *path, const char *bytes, size_t length);
void api_file(const char *path, const char *text);
void api_file_behind(const char *path, const char *text); /* while the session stays open */
void api_remove(const char *path);
void api_rename(const char *from, const char *to);

/* ---- the library: 0 or an error code, which api.error explains ---- */
/* A program that is built anew starts again: the next call opens a session that reads files and options
 * afresh. */
void api_close(void);
void api_option(const char *key, const char *value);
/* For migrations in memory. The caller still frees the source. */
void api_source(migrate_source *source);
/* For a call that is not listed here: where its error goes; the last one is forgotten. */
migrate_error **api_error(void);
/* From now on api.url, in a new session. */
void api_use(const char *url);
int32_t api_open(const char *url); /* NULL: api.url */
int32_t api_apply(void);
int32_t api_rollback(const char *target);
int32_t api_plan(const char *target); /* api.plan; its steps are api.rows */
int32_t api_apply_plan(void);         /* api.plan */
int32_t api_goto(const char *target); /* both, in a new session */
int32_t api_status(void);
int32_t api_history(void);
int32_t api_mark(const char *as, const char *id, const char *reason);
int32_t api_startup(const char *mode);
int32_t api_check(const char *depth);

int32_t api_findings(void); /* of api.plan */
/* How many events of this name the library has told in this test. */
int api_told(const char *name);

/* One column of api.rows, its values separated by blanks. Lives until the next such call. */
const char *api_column(const char *name);
/* A value of the whole set; "NULL": there is none. */
const char *api_value(const char *name);
/* A value of a row, found by its id. */
const char *api_cell(const char *id, const char *column);

/* ---- the database, through a connection of the test's own, which may do everything; texts live until the
 * next such call ---- */
void api_sql(const char *sql);
const char *api_try_sql(const char *sql); /* what went wrong, or NULL */
const char *api_query(const char *sql); /* all values; columns separated by |, rows by blanks */
const char *api_applied(void);          /* the ids that count as applied, as they came, separated by blanks */
const char *api_tables(void); /* the names of all tables but the history's, sorted, separated by blanks */
char *api_snapshot(void);     /* everything but the history, for a comparison; free() it */
const char *
api_events(const char *what); /* how many rows of this event the history has, "0" without a history */

/* PostgreSQL: a role named after the test's database, with no rights at all; returns api.url for it. */
const char *api_role(void);
/* PostgreSQL: api.url with another role, password or database; NULL: as it is. Lives until the next such
 * call. */
const char *api_url_with(const char *role, const char *password, const char *database);

/* ---- what is expected; the messages name the test's own line ---- */
void api_check_ok(const char *file, int line, int32_t code);
void api_check_failed(const char *file, int line, int32_t code, int32_t expected, const char *class);
void api_check_place(const char *file, int line, const char *path, int64_t at_line, int64_t at_column);
void api_check_says(const char *file, int line, const char *words, bool expected);

/* Done, without an error. */
#define API_OK(call) api_check_ok(__FILE__, __LINE__, call)
/* Failed with this code of this class, with a message of one line and a hint. */
#define API_FAILS(call, code, class) api_check_failed(__FILE__, __LINE__, call, code, class)
/* api.error points at this file (relative: in the directory; NULL: at none), line and column. */
#define API_PLACE(path, line, column) api_check_place(__FILE__, __LINE__, path, line, column)
/* The words are somewhere in migrate_error_text(). */
#define API_SAYS(words) api_check_says(__FILE__, __LINE__, words, true)
#define API_SAYS_NOT(words) api_check_says(__FILE__, __LINE__, words, false)

/* Picks one of two texts. */
#define API_EITHER(sqlite, postgresql) (api.engine == API_SQLITE ? (sqlite) : (postgresql))

/* At the end of a program: API("bad_input", test_a, test_b). It is started with the engine's name, and
 * skipped for PostgreSQL where MIGRATE_TEST_POSTGRESQL, a superuser's URL, is not set. */
int api_main(int argc, char **argv, const char *name, const TTest *const *tests, size_t count);
#define API(name, ...)                                                                                       \
    int main(int argc, char **argv)                                                                          \
    {                                                                                                        \
        const TTest *const tests[] = {__VA_ARGS__};                                                          \
        return api_main(argc, argv, name, tests, sizeof tests / sizeof tests[0]);                            \
    }

#endif
