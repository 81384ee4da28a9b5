/* SPDX-License-Identifier: MIT
 * A PgBouncer of a test's own. */
#include "pooler.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pooler pooler;

static void run_script(const char *verb, const char *arguments, char *out, size_t size)
{
    char command[1500];
    snprintf(command, sizeof command, "'%s' %s '%s' %s", getenv("MIGRATE_TEST_PGBOUNCER"), verb, pooler.folder,
             arguments);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t length = fread(out, 1, size - 1, pipe);
    out[length] = '\0';
    ck_assert_int_eq(pclose(pipe), 0);
}

void pooler_stop(void)
{
    char out[1000];
    if (*pooler.folder)
        run_script("stop", "", out, sizeof out);
    *pooler.folder = '\0';
}

void pooler_start(const char *mode, int size)
{
    char arguments[800], out[1000], owner[20], *end;
    snprintf(pooler.folder, sizeof pooler.folder, "%s/pooler", api.folder);
    snprintf(pooler.direct, sizeof pooler.direct, "%s", api.url);
    snprintf(owner, sizeof owner, "%d", (int)getpid());
    setenv("PGBTEST_OWNER", owner, 1);
    chmod(api.folder, 0755); /* it runs as another user */
    snprintf(arguments, sizeof arguments, "'%s' %s %d", getenv("MIGRATE_TEST_POSTGRESQL"), mode, size);
    run_script("start", arguments, out, sizeof out);
    ck_assert_ptr_nonnull(strstr(out, "PGURL="));
    if ((end = strrchr(out, '/')))
        *end = '\0';
    snprintf(pooler.url, sizeof pooler.url, "%.200s/%s", strstr(out, "PGURL=") + 6, api.database);
    api_use(pooler.url);
}

PGconn *pooler_connect(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    return connection;
}

const char *pooler_ask(PGconn *connection, const char *sql)
{
    static char text[60000];
    size_t used = 0;
    PGresult *result = PQexec(connection, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK, "%s",
                  PQerrorMessage(connection));
    text[0] = '\0';
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s",
                                     column ? "|" : row ? " " : "", PQgetvalue(result, row, column));
    PQclear(result);
    return text;
}

const char *pooler_locks(void)
{
    return api_query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid "
                     "FROM pg_database WHERE datname = current_database())");
}

void pooler_schema(void)
{
    api_file("001_users.sql", "CREATE TABLE users (id int PRIMARY KEY);\n-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_notes.sql", "CREATE TABLE notes (id int);\nCOPY notes (id) FROM stdin;\n1\n2\n\\.\n"
                              "-- ROLLBACK: DROP TABLE notes;\n");
    api_file("003_mood.sql", "CREATE TYPE mood AS ENUM ('sad');\n-- ROLLBACK: DROP TYPE mood;\n");
    /* cut in two by the library itself */
    api_file("004_glad.sql", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad';\nCREATE TABLE moods AS SELECT 'glad'::mood AS m;\n"
                             "-- ROLLBACK: DROP TABLE moods;\n");
    api_file("005_parts.sql", "BEGIN;\nCREATE TABLE a (x int);\nCOMMIT;\nBEGIN;\nCREATE TABLE b (x int);\nCOMMIT;\n"
                              "-- ROLLBACK: DROP TABLE a, b;\n");
    api_file("repeatable/totals.sql", "CREATE OR REPLACE VIEW totals AS SELECT count(*) FROM notes;\n");
}

int32_t pooler_code(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "INSERT INTO users VALUES (7)", NULL);
}
