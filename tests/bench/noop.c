/* SPDX-License-Identifier: MIT
 * A start with nothing to do on SQLite, inside this process: prints how many queries it needs, and the
 * microseconds of the database's part and of the whole (the least of several starts).
 * Usage: noop URL DIRECTORY */
#include <migrate.h>
#include <sqlite3.h>
#include <stdio.h>
#include <time.h>

enum { STARTS = 20 };

struct part {
    long long queries, nanoseconds, begun;
};

static struct part part; /* sqlite3_auto_extension() hands nothing through */

static long long now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (long long)at.tv_sec * 1000000000 + at.tv_nsec;
}

/* From a statement's first step to its end; SQLite's own measure counts whole milliseconds. */
static int watched(unsigned what, void *user, void *statement, void *detail)
{
    (void)user;
    (void)statement;
    (void)detail;
    if (what == SQLITE_TRACE_STMT) {
        part.queries++;
        part.begun = now();
    } else {
        part.nanoseconds += now() - part.begun;
    }
    return 0;
}

/* Called for every connection that this process opens, the library's too. */
static int watch(sqlite3 *db)
{
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, watched, NULL);
}

static int fail(const migrate_error *error)
{
    fprintf(stderr, "noop: %s\n", error ? migrate_error_message(error) : "did not start");
    return 1;
}

int main(int count, char **words)
{
    migrate_options *options = NULL;
    migrate_error *error = NULL;
    long long queries = 0, database = -1, whole = -1;

    if (count != 3)
        return fail(NULL);
    if (sqlite3_auto_extension((void (*)(void))watch) != SQLITE_OK ||
        migrate_options_new(&options, &error) != MIGRATE_OK ||
        migrate_options_set(options, "dir", words[2], &error) != MIGRATE_OK)
        return fail(error);
    for (int i = 0; i < STARTS; i++) {
        long long begun = now(), took;

        part = (struct part){0};
        if (migrate_startup(words[1], options, NULL, &error) != MIGRATE_OK)
            return fail(error);
        took = (now() - begun) / 1000;
        queries = part.queries;
        if (database < 0 || part.nanoseconds / 1000 < database)
            database = part.nanoseconds / 1000;
        if (whole < 0 || took < whole)
            whole = took;
    }
    printf("%lld %lld %lld\n", queries, database, whole);
    migrate_options_free(options);
    return 0;
}
