/* SPDX-License-Identifier: MIT
 * A folder and an empty database for each test: an own file on SQLite, an own database on the server that
 * MIGRATE_TEST_POSTGRESQL names. */
#include "world.h"
#include "api.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct api api;

static char root[200];   /* of the program */
static char prefix[100]; /* of its databases' names */
static char own_url[600];

/* ---- files ---- */

static void path_of(char *out, size_t size, const char *path)
{
    if (*path == '/')
        snprintf(out, size, "%s", path);
    else
        snprintf(out, size, "%s/%s", api.dir, path);
}

static void write_file(const char *path, const char *bytes, size_t length)
{
    char full[800];
    path_of(full, sizeof full, path);
    for (char *p = strchr(full + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(full, 0755);
        *p = '/';
    }
    FILE *file = fopen(full, "wb");
    ck_assert_msg(file != NULL, "cannot write %s", full);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

void api_write(const char *path, const char *bytes, size_t length)
{
    write_file(path, bytes, length);
    api_close();
}

void api_file(const char *path, const char *text)
{
    api_write(path, text, strlen(text));
}

void api_file_behind(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

void api_remove(const char *path)
{
    char full[800];
    path_of(full, sizeof full, path);
    ck_assert_int_eq(remove(full), 0);
    api_close();
}

void api_rename(const char *from, const char *to)
{
    char old[800], new[800];
    path_of(old, sizeof old, from);
    path_of(new, sizeof new, to);
    ck_assert_int_eq(rename(old, new), 0);
    api_close();
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* ---- a text that grows ---- */

static char *texts[2]; /* [0] is handed out by api_query() and the like */

static void add(char **text, const char *more)
{
    size_t length = *text ? strlen(*text) : 0;
    *text = realloc(*text, length + strlen(more) + 1);
    if (!*text)
        abort();
    memcpy(*text + length, more, strlen(more) + 1);
}

/* ---- the test's own connection ---- */

static int add_row(void *out, int columns, char **values, char **names)
{
    char **text = out;
    (void)names;
    if (*text && **text)
        add(text, " ");
    for (int i = 0; i < columns; i++) {
        add(text, i ? "|" : "");
        add(text, values[i] ? values[i] : "NULL");
    }
    return 0;
}

static const char *try_sqlite(const char *sql, char **out)
{
    static char told[1000];
    sqlite3 *db = NULL;
    char *problem = NULL;
    ck_assert_int_eq(sqlite3_open(api.database, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    int code = sqlite3_exec(db, sql, out ? add_row : NULL, out, &problem);
    snprintf(told, sizeof told, "%s: %s", sql, problem ? problem : "");
    sqlite3_free(problem);
    sqlite3_close(db);
    return code == SQLITE_OK ? NULL : told;
}

static void run_sqlite(const char *sql, char **out)
{
    const char *problem = try_sqlite(sql, out);
    ck_assert_msg(!problem, "%s", problem);
}

static void ignore_notice(void *user, const char *message)
{
    (void)user, (void)message;
}

static void add_result(char **out, const PGresult *result)
{
    for (int row = 0; row < PQntuples(result); row++) {
        char *values[20];
        int columns = PQnfields(result) < 20 ? PQnfields(result) : 20;
        for (int i = 0; i < columns; i++)
            values[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        add_row(out, columns, values, NULL);
    }
}

/* Returns what went wrong, or NULL. Knows nothing of Check: it also works before the tests and after them. */
static const char *try_postgresql(const char *url, const char *sql, char **out)
{
    static char problem[1000];
    PGconn *connection = PQconnectdb(url);
    PQsetNoticeProcessor(connection, ignore_notice, NULL);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    snprintf(problem, sizeof problem, "%s: %s", sql, PQerrorMessage(connection));
    if (out)
        add_result(out, result);
    PQclear(result);
    PQfinish(connection);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY ? NULL
                                                                                                  : problem;
}

static void run_postgresql(const char *url, const char *sql, char **out)
{
    const char *problem = try_postgresql(url, sql, out);
    ck_assert_msg(!problem, "%s", problem);
}

const char *api_try_sql(const char *sql)
{
    return api.engine == API_SQLITE ? try_sqlite(sql, NULL) : try_postgresql(own_url, sql, NULL);
}

void api_sql(const char *sql)
{
    if (api.engine == API_SQLITE)
        run_sqlite(sql, NULL);
    else
        run_postgresql(own_url, sql, NULL);
}

static const char *query(char **text, const char *sql)
{
    free(*text);
    *text = NULL;
    add(text, "");
    if (api.engine == API_SQLITE)
        run_sqlite(sql, text);
    else
        run_postgresql(own_url, sql, text);
    return *text;
}

const char *api_query(const char *sql)
{
    return query(&texts[0], sql);
}

static bool has_history(void)
{
    const char *count =
        api_query(API_EITHER("SELECT count(*) FROM sqlite_schema WHERE name = 'libmigrate_history'",
                             "SELECT count(to_regclass('public.libmigrate_history'))"));
    return strcmp(count, "0") != 0;
}

const char *api_applied(void)
{
    if (!has_history())
        return "";
    return api_query(
        "SELECT h.id FROM libmigrate_history h WHERE h.effect = 'add' AND h.seq = (SELECT max(x.seq) "
        "FROM libmigrate_history x WHERE x.id = h.id AND x.effect <> 'none') ORDER BY h.seq");
}

const char *api_events(const char *what)
{
    char sql[200];
    if (!has_history())
        return "0";
    snprintf(sql, sizeof sql, "SELECT count(*) FROM libmigrate_history WHERE event = '%s'", what);
    return api_query(sql);
}

const char *api_tables(void)
{
    return api_query(
        API_EITHER("SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                   "name <> 'libmigrate_history' AND name NOT LIKE 'sqlite%' ORDER BY name",
                   "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                   "'public'::regnamespace AND relname <> 'libmigrate_history' ORDER BY relname"));
}

char *api_snapshot(void)
{
    char *out = NULL;
    add(&out,
        query(&texts[1], API_EITHER("SELECT type, name, sql FROM sqlite_schema "
                                    "WHERE tbl_name <> 'libmigrate_history' ORDER BY type, name",
                                    "SELECT relkind, relnamespace::regnamespace, relname FROM pg_class WHERE "
                                    "relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND "
                                    "relname !~ '^libmigrate_history' ORDER BY 1, 2, 3")));
    query(&texts[1], API_EITHER("SELECT '\"' || name || '\"' FROM sqlite_schema WHERE type = 'table' AND "
                                "name <> 'libmigrate_history' ORDER BY name",
                                "SELECT c.oid::regclass FROM pg_class c WHERE relkind = 'r' AND "
                                "relnamespace::regnamespace::text !~ '^(pg_|information_schema)' AND "
                                "relname !~ '^libmigrate_history' ORDER BY relname"));
    char *rest = NULL;
    for (char *table = strtok_r(texts[1], " ", &rest); table; table = strtok_r(NULL, " ", &rest)) {
        char sql[300];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", table);
        add(&out, "\n");
        add(&out, table);
        add(&out, ": ");
        add(&out, api_query(sql));
    }
    return out;
}

/* ---- PostgreSQL: databases ---- */

static void add_part(char *out, size_t size, const char *before, const char *part, const char *after)
{
    size_t length = strlen(out);
    length += (size_t)snprintf(out + length, size - length, "%s", before);
    for (; *part && length + 4 < size; part++) {
        bool plain = (*part >= 'a' && *part <= 'z') || (*part >= 'A' && *part <= 'Z') ||
                     (*part >= '0' && *part <= '9') || *part == '.' || *part == '_' || *part == '-';
        length +=
            (size_t)snprintf(out + length, size - length, plain ? "%c" : "%%%02X", (unsigned char)*part);
    }
    snprintf(out + length, size - length, "%s", after);
}

const char *api_url_with(const char *role, const char *password, const char *database)
{
    static char out[600];
    const char *host = "", *port = "5432";
    PQconninfoOption *options = PQconninfoParse(getenv("MIGRATE_TEST_POSTGRESQL"), NULL);
    ck_assert_ptr_nonnull(options);
    for (PQconninfoOption *o = options; o->keyword; o++) {
        if (!o->val)
            continue;
        if (strcmp(o->keyword, "host") == 0)
            host = o->val;
        if (strcmp(o->keyword, "port") == 0)
            port = o->val;
        if (strcmp(o->keyword, "user") == 0 && !role)
            role = o->val;
        if (strcmp(o->keyword, "password") == 0 && !password)
            password = o->val;
    }
    snprintf(out, sizeof out, "postgresql://");
    add_part(out, sizeof out, "", role ? role : "postgres", "");
    if (password)
        add_part(out, sizeof out, ":", password, "");
    add_part(out, sizeof out, "@", host, ":");
    add_part(out, sizeof out, "", port, "/");
    add_part(out, sizeof out, "", database ? database : api.database, "");
    PQconninfoFree(options);
    return out;
}

const char *api_role(void)
{
    char sql[400];
    snprintf(sql, sizeof sql, "CREATE ROLE \"%s\" LOGIN", api.database);
    api_sql(sql);
    api_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC"); /* which servers before 15 grant */
    return api_url_with(api.database, NULL, NULL);
}

static const char *on_server(const char *format, const char *name)
{
    char sql[300];
    snprintf(sql, sizeof sql, format, name);
    return try_postgresql(getenv("MIGRATE_TEST_POSTGRESQL"), sql, NULL);
}

/* ---- the world ---- */

void world_begin(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/migrate-api-XXXXXX", folder ? folder : "/tmp");
    if (!mkdtemp(root)) {
        perror(root);
        exit(EXIT_FAILURE);
    }
    chmod(root, 0755);
    snprintf(prefix, sizeof prefix, "migrate_api_%.6s_", root + strlen(root) - 6);
}

void world_make(void)
{
    static int count;
    snprintf(api.folder, sizeof api.folder, "%s/%d_%d", root, (int)getpid(), ++count);
    snprintf(api.dir, sizeof api.dir, "%s/migrations", api.folder);
    ck_assert_int_eq(mkdir(api.folder, 0755), 0);
    ck_assert_int_eq(mkdir(api.dir, 0755), 0);
    if (api.engine == API_SQLITE) {
        snprintf(api.database, sizeof api.database, "%s/app.db", api.folder);
        snprintf(api.url, sizeof api.url, "sqlite:%s", api.database);
    } else {
        snprintf(api.database, sizeof api.database, "%s%d_%d", prefix, (int)getpid(), count);
        const char *problem = on_server("CREATE DATABASE \"%s\" TEMPLATE template0", api.database);
        ck_assert_msg(!problem, "%s", problem);
        snprintf(own_url, sizeof own_url, "%s", api_url_with(NULL, NULL, NULL));
        api_use(own_url);
    }
    API_OK(migrate_options_new(&api.options, &api.error));
    api_option("dir", api.dir);
    api_option("wait_timeout", "20s");
    API_OK(migrate_options_set_event(api.options, world_event, NULL));
    world_forget_events();
}

void world_drop(void)
{
    api_close();
    migrate_plan_free(api.plan);
    migrate_rows_free(api.rows);
    migrate_error_free(api.error);
    migrate_options_free(api.options);
    api.plan = NULL;
    api.rows = NULL;
    api.error = NULL;
    api.options = NULL;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        free(texts[i]);
        texts[i] = NULL;
    }
    if (api.engine == API_POSTGRESQL) {
        on_server("DROP DATABASE \"%s\" WITH (FORCE)", api.database);
        on_server("DROP ROLE IF EXISTS \"%s\"", api.database);
    }
}

/* Databases first: roles of the tests, named after their database, own things in them. */
void world_end(void)
{
    char sql[500], *names = NULL, *rest = NULL;
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (api.engine == API_SQLITE)
        return;
    snprintf(sql, sizeof sql,
             "SELECT 'DATABASE', datname FROM pg_database WHERE starts_with(datname, '%s') UNION ALL "
             "SELECT 'ROLE', rolname FROM pg_roles WHERE starts_with(rolname, '%s') ORDER BY 1",
             prefix, prefix);
    try_postgresql(getenv("MIGRATE_TEST_POSTGRESQL"), sql, &names);
    for (char *name = names ? strtok_r(names, " ", &rest) : NULL; name; name = strtok_r(NULL, " ", &rest)) {
        bool role = strncmp(name, "ROLE|", 5) == 0;
        on_server(role ? "DROP ROLE \"%s\"" : "DROP DATABASE \"%s\" WITH (FORCE)", strchr(name, '|') + 1);
    }
    free(names);
}
