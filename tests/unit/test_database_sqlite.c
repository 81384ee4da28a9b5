/* SPDX-License-Identifier: MIT
 * The SQLite engine on real files: opening, running, waiting, cancelling, and leaving a host's handle alone.
 */
#include "database/client.h"
#include "database/database.h"
#include "database/sqlite/sqlite.h"
#include "util/clock.h"
#include "util/memory.h"

#include <check.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The header under test, with this library's inside instead of the exported functions. */
static size_t functions_set;
static struct database *opened;

static int32_t set_and_count(migrate_client *client, const char *name, migrate_function fn)
{
    functions_set++;
    return client_set(client, name, fn);
}

static int32_t open_and_keep(migrate_client *client, void *handle, migrate_error **err)
{
    return database_open_handle(client, handle, &opened, err);
}

#define migrate_client_new(engine, out, err) client_new(engine, out, err)
#define migrate_client_set(client, name, fn) set_and_count(client, name, fn)
#define migrate_client_free(client) client_unref(client)
#define migrate_open_handle(client, handle, options, out, err)                                               \
    ((void)(options), (void)(out), open_and_keep(client, handle, err))
#include <migrate_sqlite3.h>

/* ---- a folder of its own for each test ---- */

static char folder[64];
static char path_buffer[128];

static const char *path(const char *prefix, const char *name)
{
    snprintf(path_buffer, sizeof path_buffer, "%s%s/%s", prefix, folder, name);
    return path_buffer;
}

static void set_up(void)
{
    strcpy(folder, "/tmp/test_database_sqlite_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static int32_t try_open(const char *url, bool create, struct watch *watch, struct database **out,
                        migrate_error **err)
{
    struct database_options options = {.application_name = "test", .create = create, .watch = watch};

    return database_open(url, &options, out, err);
}

static struct database *open_new(const char *name, struct watch *watch)
{
    struct database *db = NULL;

    ck_assert_int_eq(try_open(path("sqlite:", name), true, watch, &db, NULL), MIGRATE_OK);
    return db;
}

static struct database *borrow(sqlite3 *handle)
{
    opened = NULL;
    ck_assert_int_eq(migrate_open_sqlite3(handle, NULL, NULL, NULL), MIGRATE_OK);
    return opened;
}

static void run(struct database *db, const char *sql)
{
    migrate_error *error = NULL;

    database_exec(db, sql, &error);
    ck_assert_msg(error == NULL, "%s: %s", sql, error == NULL ? "" : error->message);
}

static int64_t number(struct database *db, const char *sql)
{
    struct migrate_rows *rows = NULL;
    int64_t result;

    ck_assert_int_eq(db->class->query(db, sql, &rows, NULL), MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 1);
    result = rows_int(rows, 0, 0);
    rows_free(rows);
    return result;
}

/* ---- opening ---- */

START_TEST(test_missing_file)
{
    static const char *const forms[] = {"sqlite:", "sqlite://", "file:", "sqlite:file:"};
    migrate_error *error = NULL;
    struct database *db = NULL;

    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(try_open(path(forms[i], "none.db"), false, NULL, &db, &error),
                         MIGRATE_ERROR_NO_DATABASE);
        ck_assert_ptr_nonnull(strstr(error->message, "none.db"));
        ck_assert_ptr_null(db);
    }
    ck_assert_int_eq(try_open(path("file:", "none.db?mode=rwc"), false, NULL, &db, &error),
                     MIGRATE_ERROR_NO_DATABASE);
    ck_assert_int_eq(access(path("", "none.db"), F_OK), -1);
    ck_assert_int_eq(try_open(path("sqlite:", "none/app.db"), true, NULL, &db, &error),
                     MIGRATE_ERROR_CONNECT);
    ck_assert_ptr_nonnull(strstr(error->hint, "none"));
    ck_assert_int_eq(try_open(path("sqlite:", ""), true, NULL, &db, &error), MIGRATE_ERROR_CONNECT);
    ck_assert_int_eq(try_open("sqlite:", true, NULL, &db, &error), MIGRATE_ERROR_URL);
    ck_assert_int_eq(try_open("sqlite:?mode=ro", true, NULL, &db, &error), MIGRATE_ERROR_URL);
    error_clear(&error);
}
END_TEST

START_TEST(test_url_forms)
{
    static const char *const memory[] = {"sqlite::memory:", "sqlite3://:memory:", "file::memory:",
                                         "sqlite:x?mode=memory", "FILE:x?mode=memory"};
    struct database *db = NULL;

    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        ck_assert_int_eq(try_open(memory[i], false, NULL, &db, NULL), MIGRATE_OK);
        run(db, "CREATE TABLE t (a)");
        database_close(db);
    }
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(try_open("sqlite://relative 100%.db", true, NULL, &db, NULL), MIGRATE_OK);
    ck_assert_str_eq(db->label, "sqlite://relative 100%.db");
    ck_assert_str_eq(db->version, sqlite3_libversion());
    ck_assert(!db->borrowed && !db->read_only);
    run(db, "CREATE TABLE t (a)");
    database_close(db);
    ck_assert_int_eq(access("relative 100%.db", F_OK), 0);
    ck_assert_int_eq(try_open("sqlite:relative%20100%25.db?mode=ro", false, NULL, &db, NULL), MIGRATE_OK);
    ck_assert(db->read_only);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
    database_close(db);
    ck_assert_int_eq(try_open("file:made.db?mode=rwc", true, NULL, &db, NULL), MIGRATE_OK);
    database_close(db);
    ck_assert_int_eq(access("made.db", F_OK), 0);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(test_read_only)
{
    struct database *db = open_new("app.db", NULL);
    migrate_error *error = NULL;

    run(db, "CREATE TABLE t (a)");
    database_close(db);
    ck_assert_int_eq(chmod(path("", "app.db"), 0444), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0); /* permissions do not hold the superuser back */
    ck_assert_int_eq(try_open(path("sqlite:", "app.db"), false, NULL, &db, NULL), MIGRATE_OK);
    ck_assert(db->read_only);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
    ck_assert_int_eq(database_exec(db, "INSERT INTO t VALUES (1)", &error), MIGRATE_ERROR_READ_ONLY);
    ck_assert_int_eq(error->kind, ERROR_READ_ONLY);
    ck_assert_ptr_nonnull(error->hint);
    error_clear(&error);
    database_close(db);
    db = NULL;
    ck_assert_int_eq(try_open(path("sqlite:", "new.db"), true, NULL, &db, &error), MIGRATE_ERROR_CONNECT);
    error_clear(&error);
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(chmod(folder, 0755), 0);
}
END_TEST

START_TEST(test_not_a_database)
{
    FILE *file = fopen(path("", "text.db"), "w");
    struct database *db = NULL;
    migrate_error *error = NULL;

    for (int i = 0; i < 1000; i++)
        fputs("This is no database. ", file);
    fclose(file);
    ck_assert_int_eq(try_open(path("sqlite:", "text.db"), false, NULL, &db, NULL), MIGRATE_OK);
    ck_assert_int_eq(database_exec(db, "SELECT * FROM sqlite_master", &error), MIGRATE_ERROR_IO);
    ck_assert_int_eq(error->driver_code, SQLITE_NOTADB);
    ck_assert_ptr_nonnull(strstr(error->hint, "not an SQLite database"));
    error_clear(&error);
    database_close(db);
}
END_TEST

START_TEST(test_client)
{
    migrate_client *client = NULL;
    const void *table = NULL;
    migrate_error *error = NULL;
    sqlite3 *handle = NULL;

    ck_assert_int_eq(client_new("mysql", &client, &error), MIGRATE_ERROR_MISUSE);
    ck_assert_int_eq(client_new("sqlite", &client, NULL), MIGRATE_OK);
    ck_assert_int_eq(client_set(client, "sqlite3_from_the_future", NULL), MIGRATE_OK);
    ck_assert_int_eq(client_table(client, &sqlite_library, &table, &error), MIGRATE_ERROR_CLIENT);
    ck_assert_ptr_nonnull(strstr(error->message, "sqlite3_"));
    ck_assert_ptr_null(table);
    error_clear(&error);
    client_unref(client_ref(client));
    client_unref(client);

    ck_assert_int_eq(sqlite3_open(":memory:", &handle), SQLITE_OK);
    functions_set = 0;
    database_close(borrow(handle));
    ck_assert_uint_eq(functions_set, sqlite_library.count); /* the header's list is the library's */
    sqlite3_close(handle);
}
END_TEST

/* ---- running ---- */

START_TEST(test_exec_faults)
{
    static const struct {
        const char *sql;
        size_t done;
        const char *start, *offset; /* texts that stand there */
        enum error_kind kind;
    } cases[] = {
        {"SELECT 1;\n-- c;\n  SELEKT 2;", 1, "SELEKT", "SELEKT", ERROR_OTHER},
        {"/* a */ SELECT 1,\n  nope;", 0, "SELECT 1", "nope", ERROR_NO_COLUMN},
        {"CREATE TABLE t (a); ; INSERT INTO t VALUES (1);\nINSERT INTO t (b) VALUES (1)", 2,
         "INSERT INTO t (b)", NULL, ERROR_NO_COLUMN},
        {"\xef\xbb\xbfSELECT 1; DROP TABLE none", 1, "DROP", "DROP", ERROR_NO_TABLE},
        {"CREATE TABLE u (a UNIQUE); INSERT INTO u VALUES (1); INSERT INTO u VALUES (1)", 2,
         "INSERT INTO u VALUES (1)\0", NULL, ERROR_UNIQUE},
        {"CREATE TABLE v (a); CREATE TABLE v (a)", 1, NULL, NULL, ERROR_EXISTS},
        {"SELECT 1; SELECT 'open", 1, "SELECT 'open", NULL, ERROR_OTHER},
    };
    struct database *db = open_new("app.db", NULL);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *sql = cases[i].sql;
        struct database_fault fault;
        migrate_error *error = NULL;

        ck_assert_int_eq(db->class->exec(db, sql, strlen(sql), &fault, &error), MIGRATE_ERROR_SQL);
        ck_assert_uint_eq(fault.done, cases[i].done);
        ck_assert_int_eq(error->kind, cases[i].kind);
        ck_assert_uint_lt(fault.start, strlen(sql));
        ck_assert_uint_le(fault.start, fault.offset);
        if (cases[i].start != NULL)
            ck_assert_ptr_eq(strstr(sql + fault.start, cases[i].start), sql + fault.start);
        if (cases[i].offset != NULL)
            ck_assert_ptr_eq(strstr(sql + fault.offset, cases[i].offset), sql + fault.offset);
        error_clear(&error);
    }
    database_close(db);
}
END_TEST

/* A text that is a piece of a longer one ends where its length says. */
START_TEST(test_exec_bounds)
{
    struct database *db = open_new("app.db", NULL);
    migrate_error *error = NULL;

    ck_assert_int_eq(db->class->exec(db, "CREATE TABLE t (a); DROP TABLE t", 19, NULL, NULL), MIGRATE_OK);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);
    ck_assert_int_eq(db->class->exec(db, "SELECT 1;\0 DROP TABLE t", 22, NULL, &error), MIGRATE_ERROR_SQL);
    error_clear(&error);
    run(db, "");
    run(db, " ; -- end");
    run(db, "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END; INSERT INTO t VALUES (1)");
    database_close(db);
}
END_TEST

START_TEST(test_query)
{
    struct database *db = open_new("app.db", NULL);
    struct migrate_rows *rows = NULL;

    ck_assert_int_eq(
        db->class->query(db,
                         "SELECT 7; SELECT 1 AS a, NULL AS b, 'x' AS c UNION ALL SELECT 2, '', 'y';"
                         "CREATE TABLE t (a)",
                         &rows, NULL),
        MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 2);
    ck_assert_uint_eq(rows_columns(rows), 3);
    ck_assert_str_eq(rows_column_name(rows, 2), "c");
    ck_assert(rows_is_null(rows, 0, 1));
    ck_assert_str_eq(rows_text(rows, 1, 1), "");
    ck_assert_str_eq(rows_text(rows, 1, 2), "y");
    rows_free(rows);
    ck_assert_int_eq(db->class->query(db, "SELECT a FROM t", &rows, NULL), MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 0);
    ck_assert_str_eq(rows_column_name(rows, 0), "a");
    rows_free(rows);
    ck_assert_int_eq(db->class->query(db, "DELETE FROM t", &rows, NULL), MIGRATE_OK);
    ck_assert_uint_eq(rows_count(rows), 0);
    rows_free(rows);
    rows = NULL;
    ck_assert_int_eq(db->class->query(db, "SELECT 1; SELECT nope", &rows, NULL), MIGRATE_ERROR_SQL);
    ck_assert_ptr_null(rows);
    database_close(db);
}
END_TEST

START_TEST(test_transaction)
{
    struct database *db = open_new("app.db", NULL);

    ck_assert_int_eq(db->class->transaction(db), DATABASE_IDLE);
    run(db, "CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1); BEGIN IMMEDIATE");
    ck_assert_int_eq(db->class->transaction(db), DATABASE_OPEN);
    ck_assert_int_eq(database_exec(db, "INSERT OR ROLLBACK INTO t VALUES (1)", NULL), MIGRATE_ERROR_SQL);
    ck_assert_int_eq(db->class->transaction(db), DATABASE_IDLE);
    database_close(db);
}
END_TEST

START_TEST(test_deferred_check)
{
    struct database *db = open_new("app.db", NULL);
    migrate_error *error = NULL;

    run(db, "PRAGMA foreign_keys=ON; CREATE TABLE parent (id INTEGER PRIMARY KEY);"
            "CREATE TABLE child (p REFERENCES parent DEFERRABLE INITIALLY DEFERRED); BEGIN IMMEDIATE;");
    ck_assert_int_eq(db->class->deferred_check(db, NULL), MIGRATE_OK);
    run(db, "INSERT INTO child VALUES (7)");
    ck_assert_int_eq(db->class->deferred_check(db, &error), MIGRATE_ERROR_SQL);
    ck_assert_str_eq(error->detail, "row 1 of child refers to a row of parent that is not there");
    run(db, "INSERT INTO parent VALUES (7)");
    ck_assert_int_eq(db->class->deferred_check(db, NULL), MIGRATE_OK);
    run(db, "COMMIT");
    error_clear(&error);
    database_close(db);
}
END_TEST

START_TEST(test_bytes_written)
{
    struct database *db = open_new("app.db", NULL);
    int64_t written;

    run(db, "CREATE TABLE t (a); INSERT INTO t VALUES (zeroblob(100000)); BEGIN IMMEDIATE");
    ck_assert_int_eq(db->class->bytes_written(db), 0);
    run(db, "INSERT INTO t SELECT randomblob(4000) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL"
            " SELECT x + 1 FROM c WHERE x < 4000) SELECT x FROM c)");
    written = db->class->bytes_written(db);
    ck_assert_int_gt(written, 12000000);
    ck_assert_int_lt(written, 40000000);
    run(db, "ROLLBACK");
    database_close(db);
}
END_TEST

/* ---- waiting and cancelling ---- */

START_TEST(test_busy)
{
    struct watch watch = {0};
    struct database *holder = open_new("app.db", NULL), *db = open_new("app.db", &watch);
    migrate_error *error = NULL;
    int64_t start;

    run(holder, "CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    start = clock_monotonic();
    watch.deadline = start + 100000;
    ck_assert_int_eq(database_exec(db, "BEGIN IMMEDIATE", &error), MIGRATE_ERROR_LOCKED);
    ck_assert_int_eq(error->kind, ERROR_BUSY);
    ck_assert_int_ge(clock_monotonic() - start, 90000);
    ck_assert_int_lt(clock_monotonic() - start, 1000000);
    watch.deadline = 0;
    ck_assert_int_eq(token_new(&watch.token, NULL), MIGRATE_OK);
    token_raise(watch.token, 1); /* a polite stop ends a wait for the lock */
    ck_assert_int_eq(database_exec(db, "BEGIN IMMEDIATE", &error), MIGRATE_ERROR_CANCELLED);
    token_unref(watch.token);
    error_clear(&error);
    database_close(db);
    database_close(holder);
}
END_TEST

struct later {
    struct database *db;
    migrate_token *token;
    sqlite3 *handle;
};

static void *later(void *user)
{
    struct later *later = user;

    clock_sleep(60000);
    if (later->token != NULL)
        token_raise(later->token, 2);
    if (later->db != NULL)
        run(later->db, "COMMIT");
    return NULL;
}

START_TEST(test_busy_then_free)
{
    struct database *holder = open_new("app.db", NULL), *db = open_new("app.db", NULL);
    struct later then = {.db = holder};
    pthread_t thread;

    run(holder, "CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    ck_assert_int_eq(pthread_create(&thread, NULL, later, &then), 0);
    run(db, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2); COMMIT");
    pthread_join(thread, NULL);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 2);
    database_close(db);
    database_close(holder);
}
END_TEST

START_TEST(test_patience)
{
    struct database *holder = open_new("app.db", NULL), *db = open_new("app.db", NULL);
    int64_t start = clock_monotonic();

    run(holder, "CREATE TABLE t (a); BEGIN IMMEDIATE");
    ck_assert_int_eq(database_exec(db, "BEGIN IMMEDIATE", NULL), MIGRATE_ERROR_LOCKED);
    ck_assert_int_ge(clock_monotonic() - start, 4900000);
    ck_assert_int_lt(clock_monotonic() - start, 8000000);
    database_close(db);
    database_close(holder);
}
END_TEST

#define ENDLESS "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"

START_TEST(test_cancel)
{
    struct watch watch = {0};
    struct database *db = open_new("app.db", &watch);
    struct later then = {0};
    migrate_error *error = NULL;
    pthread_t thread;
    int64_t start;

    run(db, "CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    ck_assert_int_eq(token_new(&watch.token, NULL), MIGRATE_OK);
    then.token = watch.token;
    start = clock_monotonic();
    ck_assert_int_eq(pthread_create(&thread, NULL, later, &then), 0);
    ck_assert_int_eq(database_exec(db, ENDLESS, &error), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_lt(clock_monotonic() - start, 260000);
    pthread_join(thread, NULL);
    ck_assert_int_eq(database_exec(db, "INSERT INTO t VALUES (2)", &error), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(database_exec(db, "ROLLBACK", NULL), MIGRATE_OK);
    ck_assert_int_eq(db->class->settings_save(db, &error), MIGRATE_ERROR_CANCELLED);
    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    token_unref(watch.token);
    watch.token = NULL;
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 0);

    watch.deadline = clock_monotonic() + 50000;
    ck_assert_int_eq(database_exec(db, ENDLESS, &error), MIGRATE_ERROR_TIMEOUT);
    error_clear(&error);
    database_close(db);
}
END_TEST

/* ---- a host's handle ---- */

static int host_waits;

static int host_busy(void *user, int count)
{
    (void)user;
    (void)count;
    host_waits++;
    return 0;
}

START_TEST(test_borrowed)
{
    sqlite3 *handle = NULL, *other = NULL;
    struct watch watch = {0};
    struct database *db;
    migrate_error *error = NULL;

    ck_assert_int_eq(sqlite3_open(path("", "app.db"), &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(path("", "app.db"), &other), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(handle, "CREATE TABLE t (a); PRAGMA recursive_triggers=ON", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_busy_handler(handle, host_busy, NULL);
    db = borrow(handle);
    db->watch = &watch;
    ck_assert(db->borrowed && !db->read_only);
    ck_assert_ptr_eq(db->class->handle(db), handle);
    ck_assert_ptr_nonnull(strstr(db->label, "app.db"));

    ck_assert_int_eq(db->class->settings_save(db, NULL), MIGRATE_OK);
    run(db, "PRAGMA recursive_triggers=OFF; PRAGMA foreign_keys=ON; PRAGMA legacy_alter_table=ON;"
            "PRAGMA cache_size=17; PRAGMA synchronous=OFF; PRAGMA secure_delete=FAST; PRAGMA query_only=1");
    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    ck_assert_int_eq(number(db, "PRAGMA recursive_triggers"), 1);
    ck_assert_int_eq(number(db, "PRAGMA foreign_keys"), 0);
    ck_assert_int_eq(number(db, "PRAGMA legacy_alter_table"), 0);
    ck_assert_int_ne(number(db, "PRAGMA cache_size"), 17);
    ck_assert_int_eq(number(db, "PRAGMA synchronous"), 2);
    ck_assert_int_eq(number(db, "PRAGMA query_only"), 0);
    run(db, "PRAGMA secure_delete=FAST");
    ck_assert_int_eq(db->class->settings_save(db, NULL), MIGRATE_OK);
    run(db, "PRAGMA secure_delete=ON");
    ck_assert_int_eq(db->class->settings_restore(db, NULL), MIGRATE_OK);
    ck_assert_int_eq(number(db, "PRAGMA secure_delete"), 2);

    /* We wait ourselves, outside a transaction; the host's handler is still there. */
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    watch.deadline = clock_monotonic() + 100000;
    ck_assert_int_eq(database_exec(db, "BEGIN IMMEDIATE", &error), MIGRATE_ERROR_LOCKED);
    ck_assert_int_ge(clock_monotonic(), watch.deadline);
    ck_assert_int_gt(host_waits, 1);
    error_clear(&error);
    watch.deadline = 0;
    sqlite3_close(other);
    database_close(db);
    host_waits = 0;
    ck_assert_int_eq(sqlite3_exec(handle, "INSERT INTO t VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}
END_TEST

/* A COMMIT that meets a reader is repeated, not lost. */
static void *later_finish(void *user)
{
    clock_sleep(60000);
    sqlite3_exec(((struct later *)user)->handle, "COMMIT", NULL, NULL, NULL);
    return NULL;
}

START_TEST(test_borrowed_commit)
{
    struct later then = {0};
    sqlite3 *handle = NULL;
    struct database *db;
    pthread_t thread;

    ck_assert_int_eq(sqlite3_open(path("", "app.db"), &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_open(path("", "app.db"), &then.handle), SQLITE_OK);
    db = borrow(handle);
    run(db, "CREATE TABLE t (a)");
    ck_assert_int_eq(sqlite3_exec(then.handle, "BEGIN; SELECT * FROM t", NULL, NULL, NULL), SQLITE_OK);
    run(db, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
    ck_assert_int_eq(pthread_create(&thread, NULL, later_finish, &then), 0);
    run(db, "COMMIT");
    pthread_join(thread, NULL);
    ck_assert_int_eq(number(db, "SELECT count(*) FROM t"), 1);
    database_close(db);
    sqlite3_close(handle);
    sqlite3_close(then.handle);
}
END_TEST

/* ---- the engine's text ---- */

typedef void (*question)(struct text *out, const char *schema, const char *table);

static bool ask(struct database *db, question write)
{
    struct text sql = {0};
    bool truth = false;

    write(&sql, "main", "history");
    ck_assert_int_eq(database_ask(db, &sql, &truth, NULL), MIGRATE_OK);
    text_free(&sql);
    return truth;
}

START_TEST(test_engine)
{
    struct database *db = open_new("app.db", NULL);
    const struct database_engine *engine = db->engine;
    struct text sql = {0};
    struct migrate_rows *rows = NULL;

    ck_assert(!ask(db, engine->history_exists));
    ck_assert(!ask(db, engine->objects_exist));
    engine->history_create(&sql, "main", "history");
    text_add_char(&sql, ';');
    engine->history_create(&sql, "main", "history"); /* once more changes nothing */
    ck_assert_int_eq(database_exec_text(db, &sql, NULL, NULL), MIGRATE_OK);
    run(db, "CREATE INDEX other_index ON HISTORY (run)");
    ck_assert(ask(db, engine->history_exists));
    ck_assert(!ask(db, engine->objects_exist));
    run(db, "CREATE TABLE t (a)");
    ck_assert(ask(db, engine->objects_exist));

    text_clear(&sql);
    engine->begin(&sql, NULL);
    engine->before_history(&sql, NULL);
    ck_assert_int_eq(database_exec_text(db, &sql, NULL, NULL), MIGRATE_OK);
    ck_assert_int_eq(db->class->transaction(db), DATABASE_OPEN);
    run(db, "COMMIT");

    text_clear(&sql);
    ck_assert_ptr_null(engine->now);
    text_format(&sql, "SELECT %s, ", engine->user);
    engine->literal(&sql, "it's", 4);
    text_add(&sql, ", ");
    engine->literal(&sql, NULL, 0);
    text_add(&sql, ", ");
    engine->boolean(&sql, true);
    text_add(&sql, " FROM ");
    engine->name_quoted(&sql, "main", "we\"ird");
    run(db, "CREATE TABLE \"we\"\"ird\" (a); INSERT INTO \"we\"\"ird\" VALUES (1)");
    ck_assert_int_eq(database_query(db, &sql, &rows, NULL), MIGRATE_OK);
    ck_assert(rows_is_null(rows, 0, 0));
    ck_assert_str_eq(rows_text(rows, 0, 1), "it's");
    ck_assert(rows_is_null(rows, 0, 2));
    ck_assert_int_eq(rows_int(rows, 0, 3), 1);
    rows_free(rows);
    text_free(&sql);
    database_close(db);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database_sqlite");
    TCase *tests = tcase_create("sqlite");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_missing_file);
    tcase_add_test(tests, test_url_forms);
    tcase_add_test(tests, test_read_only);
    tcase_add_test(tests, test_not_a_database);
    tcase_add_test(tests, test_client);
    tcase_add_test(tests, test_exec_faults);
    tcase_add_test(tests, test_exec_bounds);
    tcase_add_test(tests, test_query);
    tcase_add_test(tests, test_transaction);
    tcase_add_test(tests, test_deferred_check);
    tcase_add_test(tests, test_bytes_written);
    tcase_add_test(tests, test_busy);
    tcase_add_test(tests, test_busy_then_free);
    tcase_add_test(tests, test_patience);
    tcase_add_test(tests, test_cancel);
    tcase_add_test(tests, test_borrowed);
    tcase_add_test(tests, test_borrowed_commit);
    tcase_add_test(tests, test_engine);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
