/* SPDX-License-Identifier: MIT
 * What the two suites on PostgreSQL share: a connection to the server that MIGRATE_TEST_POSTGRESQL names, a
 * superuser's URL of a server that tests/tools/postgres.sh started. */
#ifndef TEST_DATABASE_POSTGRESQL_H
#define TEST_DATABASE_POSTGRESQL_H

#include "database/database.h"
#include "database/postgresql/postgresql.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *server_url; /* set by main() */

/* The server's URL with another part behind "postgresql://" up to the '@', and another database. */
static inline const char *url_with(const char *user, const char *database)
{
    static char url[512];
    const char *at = strchr(server_url, '@');
    const char *slash = strrchr(server_url, '/');

    ck_assert_ptr_nonnull(at);
    snprintf(url, sizeof url, "postgresql://%s%.*s/%s", user, (int)(slash - at), at, database);
    return url;
}

static inline struct database *connect_as(const char *url, struct watch *watch)
{
    struct database_options options = {.application_name = "unit", .watch = watch};
    struct database *db = NULL;
    migrate_error *err = NULL;

    postgresql_open(url, &options, &db, &err);
    ck_assert_msg(err == NULL, "%s", err == NULL ? "" : err->message);
    return db;
}

static inline struct database *open_server(void)
{
    return connect_as(server_url, NULL);
}

static inline void run(struct database *db, const char *sql)
{
    migrate_error *err = NULL;

    database_exec(db, sql, &err);
    ck_assert_msg(err == NULL, "%s: %s", sql, err == NULL ? "" : err->message);
}

/* The first cell of a query's answer, "" if there is none; valid until the next call. */
static inline const char *ask(struct database *db, const char *sql)
{
    static char answer[1024];
    struct migrate_rows *rows = NULL;
    migrate_error *err = NULL;

    db->class->query(db, sql, &rows, &err);
    ck_assert_msg(err == NULL, "%s: %s", sql, err == NULL ? "" : err->message);
    snprintf(answer, sizeof answer, "%s", rows_count(rows) > 0 ? rows_text(rows, 0, 0) : "");
    rows_free(rows);
    return answer;
}

static inline const char *ask_text(struct database *db, struct text *sql)
{
    const char *answer;

    ck_assert(!sql->failed);
    answer = ask(db, sql->data);
    text_free(sql);
    return answer;
}

/* Runs the suite; exits with 77 (skipped) where there is no server. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner;
    int failed;

    server_url = getenv("MIGRATE_TEST_POSTGRESQL");
    runner = srunner_create(suite);
    if (server_url != NULL && *server_url != '\0')
        srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (server_url == NULL || *server_url == '\0')
        return 77;
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
