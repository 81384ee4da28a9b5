/* SPDX-License-Identifier: MIT
 * A folder, a directory of migrations and an empty database for each case: a file on SQLite, a database on the server that
 * MIGRATE_TEST_POSTGRESQL names. */
#include "world.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char problem[2000];

const char *world_tables(const struct world *world)
{
    return world->engine == WORLD_SQLITE
               ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE "
                 "'libmigrate\\_%' ESCAPE '\\' ORDER BY name"
               : "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname NOT "
                 "LIKE 'libmigrate\\_%' ORDER BY relname COLLATE \"C\"";
}

/* ---- SQL ---- */

static struct json *row_of(char *const *values, int columns)
{
    struct json *row = json_new(JSON_ARRAY);
    for (int i = 0; i < columns; i++)
        json_add(row, json_text(values[i]));
    return row;
}

static int add_row(void *rows, int columns, char **values, char **names)
{
    (void)names;
    json_add(rows, row_of(values, columns));
    return 0;
}

static const char *sqlite_sql(const char *file, const char *sql, struct json *rows)
{
    sqlite3 *db = NULL;
    char *told = NULL;
    if (sqlite3_open(file, &db) != SQLITE_OK) {
        snprintf(problem, sizeof problem, "%s", db ? sqlite3_errmsg(db) : "out of memory");
        sqlite3_close(db);
        return problem;
    }
    sqlite3_busy_timeout(db, 10000);
    int code = sqlite3_exec(db, sql, rows ? add_row : NULL, rows, &told);
    snprintf(problem, sizeof problem, "%s (in %s)", told ? told : sqlite3_errmsg(db), sql);
    sqlite3_free(told);
    sqlite3_close(db);
    return code == SQLITE_OK ? NULL : problem;
}

static void ignore_notice(void *user, const char *message)
{
    (void)user, (void)message;
}

static void add_rows(struct json *rows, const PGresult *result)
{
    enum { MOST = 20 };
    char *values[MOST];
    for (int row = 0; row < PQntuples(result); row++) {
        int columns = PQnfields(result) < MOST ? PQnfields(result) : MOST;
        for (int i = 0; i < columns; i++)
            values[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        json_add(rows, row_of(values, columns));
    }
}

static const char *postgresql_sql(const char *url, const char *sql, struct json *rows)
{
    PGconn *connection = PQconnectdb(url);
    PQsetNoticeProcessor(connection, ignore_notice, NULL);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    snprintf(problem, sizeof problem, "%s (in %s)", PQerrorMessage(connection), sql);
    if (rows && status == PGRES_TUPLES_OK)
        add_rows(rows, result);
    PQclear(result);
    PQfinish(connection);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ? NULL : problem;
}

const char *world_sql(struct world *world, const char *sql, struct json **rows)
{
    struct json *found = rows ? json_new(JSON_ARRAY) : NULL;
    const char *wrong = world->engine == WORLD_SQLITE ? sqlite_sql(world->database, sql, found)
                                                      : postgresql_sql(world->url, sql, found);
    if (rows && !wrong)
        *rows = found;
    else
        json_free(found);
    return wrong;
}

/* ---- files ---- */

static const char *say(const char *path)
{
    snprintf(problem, sizeof problem, "%s: %s", path, strerror(errno));
    return problem;
}

static const char *write_file(char *path, const struct json *text)
{
    for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(path, 0755);
        *p = '/';
    }
    FILE *file = fopen(path, "wb");
    if (!file)
        return say(path);
    bool written = fwrite(text->text, 1, text->length, file) == text->length;
    return fclose(file) == 0 && written ? NULL : say(path);
}

static void forget(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->files->count; i++) {
        if (strcmp(world->files->names[i], name) == 0) {
            json_remove(world->files, i);
            return;
        }
    }
}

const char *world_files(struct world *world, const struct json *files)
{
    for (size_t i = 0; files && i < files->count; i++) {
        char path[1000];
        const char *wrong = NULL, *name = files->names[i];
        snprintf(path, sizeof path, "%s/%s", world->dir, name);
        if (files->items[i]->type == JSON_TEXT) {
            json_set(world->files, name, json_copy(files->items[i]));
            wrong = write_file(path, files->items[i]);
        } else {
            forget(world, name);
            wrong = remove(path) == 0 ? NULL : say(path);
        }
        if (wrong)
            return wrong;
    }
    return NULL;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* ---- databases on a server ---- */

static void add_part(char *out, size_t size, const char *before, const char *part)
{
    size_t length = strlen(out);
    length += (size_t)snprintf(out + length, size - length, "%s", before);
    for (; *part && length + 4 < size; part++) {
        bool plain = (*part >= 'a' && *part <= 'z') || (*part >= 'A' && *part <= 'Z') || (*part >= '0' && *part <= '9') ||
                     *part == '.' || *part == '_' || *part == '-';
        length += (size_t)snprintf(out + length, size - length, plain ? "%c" : "%%%02X", (unsigned char)*part);
    }
}

static const char *value_of(const PQconninfoOption *options, const char *key, const char *otherwise)
{
    for (; options->keyword; options++) {
        if (strcmp(options->keyword, key) == 0 && options->val)
            return options->val;
    }
    return otherwise;
}

static const char *make_url(struct world *world)
{
    PQconninfoOption *options = PQconninfoParse(getenv("MIGRATE_TEST_POSTGRESQL"), NULL);
    if (!options)
        return "MIGRATE_TEST_POSTGRESQL is no URL";
    const char *password = value_of(options, "password", NULL);
    world->url[0] = '\0';
    add_part(world->url, sizeof world->url, "postgresql://", value_of(options, "user", "postgres"));
    if (password)
        add_part(world->url, sizeof world->url, ":", password);
    add_part(world->url, sizeof world->url, "@", value_of(options, "host", ""));
    add_part(world->url, sizeof world->url, ":", value_of(options, "port", "5432"));
    add_part(world->url, sizeof world->url, "/", world->database);
    PQconninfoFree(options);
    return NULL;
}

static const char *on_server(const char *format, const char *name)
{
    char sql[500];
    snprintf(sql, sizeof sql, format, name);
    return postgresql_sql(getenv("MIGRATE_TEST_POSTGRESQL"), sql, NULL);
}

/* ---- the world ---- */

bool world_open(struct world *world)
{
    const char *folder = getenv("TMPDIR");
    snprintf(world->root, sizeof world->root, "%s/migrate-conformance-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(world->root)) {
        perror(world->root);
        return false;
    }
    return true;
}

void world_close(struct world *world)
{
    nftw(world->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *world_begin(struct world *world)
{
    snprintf(world->folder, sizeof world->folder, "%s/%d", world->root, ++world->count);
    snprintf(world->dir, sizeof world->dir, "%s/migrations", world->folder);
    if (mkdir(world->folder, 0755) != 0 || mkdir(world->dir, 0755) != 0)
        return say(world->folder);
    world->files = json_new(JSON_OBJECT);
    if (world->engine == WORLD_SQLITE) {
        snprintf(world->name, sizeof world->name, "app.db");
        snprintf(world->database, sizeof world->database, "%s/app.db", world->folder);
        snprintf(world->url, sizeof world->url, "sqlite:%s", world->database);
        return NULL;
    }
    snprintf(world->database, sizeof world->database, "migrate_conformance_%.6s_%d", world->root + strlen(world->root) - 6,
             world->count);
    snprintf(world->name, sizeof world->name, "%s", world->database);
    const char *wrong = on_server("CREATE DATABASE \"%s\" TEMPLATE template0", world->database);
    return wrong ? wrong : make_url(world);
}

void world_end(struct world *world)
{
    json_free(world->files);
    world->files = NULL;
    if (world->engine == WORLD_POSTGRESQL)
        on_server("DROP DATABASE IF EXISTS \"%s\" WITH (FORCE)", world->database);
}
