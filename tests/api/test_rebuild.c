/* SPDX-License-Identifier: MIT
 * SQLite: a table that others refer to is built anew without losing a row, here or there, or everything stays
 * as it was. On own connections and on a host's, whatever the host has set. */
#include "api.h"
#include "migrate_sqlite3.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- whose connection ---- */

enum owner { OWN, HOST_ENFORCES, HOST_DOES_NOT, OWNERS };
static sqlite3 *host;

static int pragma(const char *name)
{
    char sql[100];
    sqlite3_stmt *statement = NULL;
    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    ck_assert_int_eq(sqlite3_prepare_v2(host, sql, -1, &statement, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    int value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* To be called when all files are written: they end the session. */
static void open_as(enum owner owner)
{
    if (owner == OWN)
        return;
    api_close();
    ck_assert_int_eq(sqlite3_open(api.database, &host), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(host, owner == HOST_ENFORCES ? "PRAGMA foreign_keys = on" : "PRAGMA foreign_keys = off",
                     NULL, NULL, NULL),
        SQLITE_OK);
    API_OK(migrate_open_sqlite3(host, api.options, &api.session, api_error()));
}

/* The host finds its connection as it left it. */
static void close_as(enum owner owner)
{
    api_close();
    if (owner == OWN)
        return;
    ck_assert_int_eq(pragma("foreign_keys"), owner == HOST_ENFORCES);
    ck_assert_int_eq(pragma("legacy_alter_table"), 0);
    ck_assert_int_eq(pragma("defer_foreign_keys"), 0);
    ck_assert_int_eq(sqlite3_get_autocommit(host), 1);
    sqlite3_close(host);
    host = NULL;
}

/* ---- the matrix ---- */

static const char *const actions[] = {"ON DELETE CASCADE ON UPDATE CASCADE",
                                      "ON DELETE SET NULL",
                                      "ON DELETE SET DEFAULT",
                                      "ON DELETE RESTRICT",
                                      "",
                                      "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"};
enum { ACTIONS = sizeof actions / sizeof *actions };

struct shape {
    const char *name;
    const char *columns; /* of the parent; @ stands for the action */
    const char *options; /* behind them */
    const char *around;  /* made before the data: views, triggers */
    const char *away;    /* ahead of the rebuild: what drops those */
    bool back;           /* and makes them again behind it */
    bool refused;        /* by the engine, because of what stands in its way */
};

static const struct shape shapes[] = {
    {"plain", "id integer PRIMARY KEY, name text NOT NULL", "", "", "", false, false},
    {"self-reference",
     "id integer PRIMARY KEY, name text NOT NULL, boss integer DEFAULT 1 REFERENCES parent @", "", "", "",
     false, false},
    {"without rowid", "id integer PRIMARY KEY, name text NOT NULL", " WITHOUT ROWID", "", "", false, false},
    {"generated",
     "id integer PRIMARY KEY, name text NOT NULL, up text AS (upper(name)) STORED, low text AS (lower(name))",
     "", "", "", false, false},
    {"strict", "id integer PRIMARY KEY, name text NOT NULL CHECK (name <> '')", " STRICT",
     "CREATE UNIQUE INDEX parent_name ON parent (name);", "", false, false},
    {"views taken away", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE VIEW seen AS SELECT name FROM parent; CREATE VIEW both AS SELECT name, note FROM seen, child;",
     "DROP VIEW both; DROP VIEW seen;", true, false},
    {"views in the way", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE VIEW seen AS SELECT name FROM parent;", "", false, true},
    {"views and legacy_alter_table", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE VIEW seen AS SELECT name FROM parent;", "PRAGMA legacy_alter_table = on;", false, false},
    {"triggers made again", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE TABLE log (what text);"
     "CREATE TRIGGER told AFTER DELETE ON parent BEGIN INSERT INTO log VALUES ('lost ' || OLD.name); END;",
     "DROP TRIGGER told;", true, false},
    {"triggers of others in the way", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE TRIGGER other AFTER UPDATE ON child BEGIN UPDATE parent SET name = name WHERE id = NEW.parent; "
     "END;",
     "", false, true},
    {"triggers of others taken away", "id integer PRIMARY KEY, name text NOT NULL", "",
     "CREATE TRIGGER other AFTER UPDATE ON child BEGIN UPDATE parent SET name = name WHERE id = NEW.parent; "
     "END;",
     "DROP TRIGGER other;", true, false},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static char text[8000];

static void add(const char *more, const char *action)
{
    size_t length = strlen(text);
    for (; *more; more++) {
        if (*more == '@')
            length += (size_t)snprintf(text + length, sizeof text - length, "%s", action);
        else
            length += (size_t)snprintf(text + length, sizeof text - length, "%c", *more);
    }
    ck_assert_uint_lt(length, sizeof text);
}

#define ROWS "INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 2, 'c'), (4, NULL, 'd');\n"
#define CHILD                                                                                                \
    "CREATE TABLE child (id integer PRIMARY KEY, parent integer DEFAULT 3 REFERENCES parent @, note "        \
    "text);\n"

static void write_first(const struct shape *shape, const char *action)
{
    bool self = strstr(shape->columns, "boss") != NULL;
    text[0] = '\0';
    add("CREATE TABLE parent (", "");
    add(shape->columns, action);
    add(")", "");
    add(shape->options, "");
    add(";\n" CHILD, action);
    add(shape->around, "");
    add("\nINSERT INTO parent (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three');\n" ROWS, "");
    if (self)
        add("UPDATE parent SET boss = id - 1 WHERE id > 1;\nUPDATE parent SET boss = NULL WHERE id = 1;\n",
            "");
    api_file("001_first.sql", text);
}

static void add_rebuild(const struct shape *shape, const char *action)
{
    bool self = strstr(shape->columns, "boss") != NULL;
    add("CREATE TABLE new_parent (", "");
    add(shape->columns, action);
    add(strchr(shape->columns, '@') ? "" : ", more text DEFAULT 'm'", "");
    add(")", "");
    add(shape->options, "");
    add(self ? ";\nINSERT INTO new_parent (id, name, boss) SELECT id, name, boss FROM parent;\n"
             : ";\nINSERT INTO new_parent (id, name) SELECT id, name FROM parent;\n",
        "");
    add("DROP TABLE parent;\nALTER TABLE new_parent RENAME TO parent;\n", "");
}

static void add_all(const struct shape *shape, const char *action)
{
    const char *table = strstr(shape->around, "CREATE TABLE log"); /* which stays */
    add(shape->away, "");
    add("\n", "");
    add_rebuild(shape, action);
    if (shape->back)
        add(table ? strchr(table, ';') + 1 : shape->around, "");
}

static void write_rebuild(const struct shape *shape, const char *action)
{
    text[0] = '\0';
    add_all(shape, action);
    add("\n-- ROLLBACK:\n", "");
    add_all(shape, action);
    add("\n-- END ROLLBACK\n", "");
    api_file("002_rebuild.sql", text);
}

/* All rows of parent and child, and what refers to what; free() it. */
static char *rows(bool self)
{
    char *parents = strdup(api_query(self ? "SELECT id, name, boss FROM parent ORDER BY id"
                                          : "SELECT id, name FROM parent ORDER BY id"));
    char *children = strdup(api_query("SELECT id, parent, note FROM child ORDER BY id"));
    size_t size = strlen(parents) + strlen(children) + 100;
    char *out = malloc(size);
    snprintf(out, size, "%s\n%s\n%s", parents, children,
             api_query("SELECT \"table\", on_delete FROM pragma_foreign_key_list('child')"));
    free(parents);
    free(children);
    return out;
}

static void check_rows(const char *expected, bool self, const struct shape *shape, const char *action,
                       enum owner owner)
{
    char *now = rows(self);
    ck_assert_msg(strcmp(now, expected) == 0, "%s, %s, owner %d:\n%s\nwere\n%s", shape->name, action, owner,
                  now, expected);
    free(now);
    ck_assert_str_eq(api_query("PRAGMA foreign_key_check"), "");
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
}

static void one_of_the_matrix(const struct shape *shape, const char *action, enum owner owner)
{
    bool self = strstr(shape->columns, "boss") != NULL;
    unlink(api.database);
    write_first(shape, action);
    API_OK(api_apply());
    char *before = rows(self), *all = api_snapshot();
    write_rebuild(shape, action);
    open_as(owner);
    int32_t code = api_apply();
    if (shape->refused) {
        API_FAILS(code, MIGRATE_ERROR_SQL, "source");
        ck_assert_str_eq(migrate_error_id(api.error), "002_rebuild");
        close_as(owner);
        char *after = api_snapshot();
        ck_assert_str_eq(after, all);
        free(after);
    } else {
        ck_assert_msg(code == MIGRATE_OK, "%s, %s, owner %d: %s", shape->name, action, owner,
                      migrate_error_message(api.error));
        close_as(owner);
        check_rows(before, self, shape, action, owner);
        ck_assert_str_eq(api_applied(), "001_first 002_rebuild");
        ck_assert_str_eq(api_events("progress"), "0");
        open_as(owner);
        API_OK(api_rollback(NULL));
        close_as(owner);
        check_rows(before, self, shape, action, owner);
        ck_assert_str_eq(api_applied(), "001_first");
        if (strstr(shape->around, "CREATE TABLE log"))
            ck_assert_str_eq(api_query("SELECT * FROM log"), "");
        ck_assert_str_eq(api_query("SELECT type, name FROM sqlite_schema WHERE name GLOB 'new_*'"), "");
    }
    api_remove("002_rebuild.sql");
    free(before);
    free(all);
}

START_TEST(test_matrix)
{
    for (size_t shape = 0; shape < SHAPES; shape++)
        for (size_t action = 0; action < ACTIONS; action++)
            for (int owner = OWN; owner < OWNERS; owner++)
                one_of_the_matrix(&shapes[shape], actions[action], (enum owner)owner);
}
END_TEST

/* ---- other ways to write it ---- */

static const struct shape *const plain = &shapes[0];

static void make(const char *action)
{
    write_first(plain, action);
    API_OK(api_apply());
}

#define NEW "CREATE TABLE new_parent (id integer PRIMARY KEY, name text NOT NULL, more text);\n"
#define COPY "INSERT INTO new_parent (id, name) SELECT id, name FROM parent;\n"
#define SWAP "DROP TABLE parent;\nALTER TABLE new_parent RENAME TO parent;\n"

static void apply_all_owners(const char *first_action, const char *sql)
{
    for (int owner = OWN; owner < OWNERS; owner++) {
        unlink(api.database);
        make(first_action);
        char *before = rows(false);
        api_file("002_x.sql", sql);
        open_as((enum owner)owner);
        API_OK(api_apply());
        close_as((enum owner)owner);
        check_rows(before, false, plain, sql, (enum owner)owner);
        ck_assert_str_eq(api_applied(), "001_first 002_x");
        ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "2");
        free(before);
        api_remove("002_x.sql");
    }
}

/* How the handbook of SQLite and most tools write it: one transaction all the same. */
START_TEST(test_own_pragma)
{
    apply_all_owners("ON DELETE CASCADE", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n" NEW COPY SWAP
                                          "PRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys=ON;\n");
    apply_all_owners("ON DELETE SET NULL",
                     "PRAGMA foreign_keys = 0;\n" NEW COPY SWAP "PRAGMA foreign_keys = 1;\n");
    apply_all_owners("ON DELETE CASCADE",
                     "PRAGMA defer_foreign_keys=ON;\nPRAGMA foreign_keys=OFF;\n" NEW COPY SWAP
                     "PRAGMA foreign_keys=ON;\nPRAGMA defer_foreign_keys=OFF;\n");
    apply_all_owners("ON DELETE CASCADE", "BEGIN;\n" NEW COPY SWAP "END;\n");
}
END_TEST

START_TEST(test_own_pragma_atomic)
{
    make("ON DELETE CASCADE");
    char *before = api_snapshot();
    api_file("002_x.sql",
             "PRAGMA foreign_keys=OFF;\nBEGIN;\n" NEW COPY SWAP "INSERT INTO absent VALUES (1);\nCOMMIT;\n"
             "PRAGMA foreign_keys=ON;\n");
    for (int owner = OWN; owner < OWNERS; owner++) {
        open_as((enum owner)owner);
        API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
        API_PLACE("002_x.sql", 7, 1);
        close_as((enum owner)owner);
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
    }
    ck_assert_str_eq(api_applied(), "001_first");
    free(before);
}
END_TEST

START_TEST(test_names)
{
    static const char *const drops[] = {
        "DROP TABLE IF EXISTS \"parent\";\n", "drop table [parent];\n", "DROP TABLE `PARENT`;\n",
        "DROP /* away */ TABLE -- with\nmain.parent;\n", "DROP TABLE 'parent';\n"};
    for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
        text[0] = '\0';
        add(NEW COPY, "");
        add(drops[i], "");
        add("ALTER TABLE new_parent RENAME TO parent;\n", "");
        char *sql = strdup(text);
        apply_all_owners("ON DELETE CASCADE", sql);
        free(sql);
    }
}
END_TEST

/* With the references following the name, a table that is only renamed loses nothing either. */
START_TEST(test_rename)
{
    for (int owner = OWN; owner < OWNERS; owner++) {
        unlink(api.database);
        make("ON DELETE CASCADE");
        api_file("002_x.sql",
                 "ALTER TABLE parent RENAME TO people;\n-- ROLLBACK: ALTER TABLE people RENAME TO parent;\n");
        char *before = rows(false);
        open_as((enum owner)owner);
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT \"table\" FROM pragma_foreign_key_list('child')"), "people");
        API_OK(api_rollback(NULL));
        close_as((enum owner)owner);
        check_rows(before, false, plain, "", (enum owner)owner);
        free(before);
        api_remove("002_x.sql");
    }
}
END_TEST

/* Between others: those before it stay when it fails. */
START_TEST(test_among_others)
{
    make("ON DELETE CASCADE");
    char *before = rows(false);
    api_file("002_a.sql", "CREATE TABLE a (x integer);\n");
    api_file("003_x.sql", NEW COPY SWAP "INSERT INTO absent VALUES (1);\n");
    api_file("004_b.sql", "CREATE TABLE b (x integer);\n");
    open_as(HOST_ENFORCES);
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_tables(), "a child parent");
    ck_assert_str_eq(api_applied(), "001_first 002_a");
    api_file("003_x.sql", NEW COPY SWAP);
    open_as(HOST_ENFORCES);
    API_OK(api_apply());
    close_as(HOST_ENFORCES);
    check_rows(before, false, plain, "", HOST_ENFORCES);
    ck_assert_str_eq(api_applied(), "001_first 002_a 003_x 004_b");
    free(before);
}
END_TEST

/* ---- what is refused ---- */

static void refused(const char *sql, int32_t code, const char *class, const char *says)
{
    char *before = api_snapshot();
    api_file("002_x.sql", sql);
    for (int owner = OWN; owner < OWNERS; owner++) {
        open_as((enum owner)owner);
        API_FAILS(api_apply(), code, class);
        API_SAYS(says);
        ck_assert_str_eq(migrate_error_id(api.error), "002_x");
        ck_assert_ptr_nonnull(strstr(migrate_error_file(api.error), "002_x.sql"));
        close_as((enum owner)owner);
        char *after = api_snapshot();
        ck_assert_str_eq(after, before);
        free(after);
        ck_assert_str_eq(api_applied(), "001_first");
    }
    api_remove("002_x.sql");
    free(before);
}

START_TEST(test_refused)
{
    for (size_t i = 0; i < ACTIONS; i++) {
        unlink(api.database);
        make(actions[i]);
        /* no replacement */
        refused("DROP TABLE parent;\n", MIGRATE_ERROR_REFUSED, "state",
                "child, rowid 1: no such row in parent");
        refused("ALTER TABLE parent RENAME TO old;\nDROP TABLE old;\n", MIGRATE_ERROR_REFUSED, "state",
                "refers to old");
        /* a row less */
        refused(NEW "INSERT INTO new_parent (id, name) SELECT id, name FROM parent WHERE id <> 2;\n" SWAP,
                MIGRATE_ERROR_REFUSED, "state", "child, rowid 2");
        refused("PRAGMA foreign_keys=OFF;\nBEGIN;\n" NEW
                "INSERT INTO new_parent (id, name) SELECT id + 10, name FROM parent;\n" SWAP
                "COMMIT;\nPRAGMA foreign_keys=ON;\n",
                MIGRATE_ERROR_REFUSED, "state", "child, rowid 1");
        /* the references went with the old name */
        refused("ALTER TABLE parent RENAME TO old_parent;\nCREATE TABLE parent (id integer PRIMARY KEY, name "
                "text NOT NULL);\n"
                "INSERT INTO parent SELECT * FROM old_parent;\nDROP TABLE old_parent;\n",
                MIGRATE_ERROR_REFUSED, "state", "old_parent");
    }
}
END_TEST

/* A view or trigger that was good before and is not behind it. */
START_TEST(test_refused_views)
{
    make("ON DELETE CASCADE");
    api_sql("CREATE VIEW seen AS SELECT name FROM parent");
    refused("PRAGMA legacy_alter_table = on;\nCREATE TABLE new_parent (id integer PRIMARY KEY, label text);\n"
            "INSERT INTO new_parent SELECT id, name FROM parent;\n" SWAP,
            MIGRATE_ERROR_REFUSED, "state", "seen");
    api_sql(
        "DROP VIEW seen; CREATE TRIGGER other AFTER INSERT ON child BEGIN UPDATE parent SET name = 'x'; END");
    refused("PRAGMA legacy_alter_table = on;\nCREATE TABLE new_parent (id integer PRIMARY KEY, label text);\n"
            "INSERT INTO new_parent SELECT id, name FROM parent;\n" SWAP,
            MIGRATE_ERROR_REFUSED, "state", "child");
}
END_TEST

/* With legacy_alter_table the references stay with the name. */
START_TEST(test_renamed_away)
{
    apply_all_owners("ON DELETE CASCADE",
                     "PRAGMA legacy_alter_table = on;\nPRAGMA foreign_keys = off;\nALTER TABLE parent RENAME "
                     "TO old_parent;\n"
                     "CREATE TABLE parent (id integer PRIMARY KEY, name text NOT NULL);\n"
                     "INSERT INTO parent SELECT * FROM old_parent;\nDROP TABLE old_parent;\n");
}
END_TEST

/* What was broken before is not the migration's fault, and a table may go with those that refer to it. */
START_TEST(test_not_refused)
{
    make("ON DELETE CASCADE");
    api_sql("INSERT INTO child VALUES (9, 99, 'orphan'); CREATE VIEW lost AS SELECT * FROM absent;"
            "CREATE TABLE dangling (x integer REFERENCES absent)");
    api_file("002_x.sql", "PRAGMA legacy_alter_table = on;\n" NEW COPY SWAP);
    open_as(HOST_ENFORCES);
    API_OK(api_apply());
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_query("SELECT id FROM child"), "1 2 3 4 9");
    api_file("003_y.sql", "DROP TABLE parent;\nDROP TABLE child;\n");
    open_as(HOST_ENFORCES);
    API_OK(api_apply());
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_tables(), "dangling");
    /* nor does anybody miss a table that no row needs */
    api_sql("CREATE TABLE p (id integer PRIMARY KEY); INSERT INTO p VALUES (1);"
            "CREATE TABLE c (p integer REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES (NULL)");
    api_file("004_z.sql", "DROP TABLE p;\n");
    open_as(HOST_ENFORCES);
    API_OK(api_apply());
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_query("SELECT count(*) FROM c"), "1");
}
END_TEST

/* Nothing refers to the table as the migration begins, but by the time it is dropped something does. */
START_TEST(test_new_references)
{
    for (enum owner owner = OWN; owner < OWNERS; owner++) {
        api_sql("DROP TABLE IF EXISTS node; DROP TABLE IF EXISTS libmigrate_history; CREATE TABLE node (id integer PRIMARY KEY, above integer); INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2)");
        api_file("001_x.sql", "CREATE TABLE node_new (id integer PRIMARY KEY, above integer REFERENCES \"Node\" (id) ON DELETE CASCADE);\n"
                              "INSERT INTO node_new SELECT * FROM node;\nDROP TABLE node;\nALTER TABLE node_new RENAME TO node;\n");
        api_option("on_unmanaged", "apply");
        open_as(owner);
        API_OK(api_apply());
        close_as(owner);
        ck_assert_str_eq(api_query("SELECT id, above FROM node ORDER BY id"), "1|NULL 2|1 3|2");
        ck_assert_str_eq(api_query("PRAGMA foreign_key_check"), "");
    }
}
END_TEST

/* ---- foreign-keys on ---- */

START_TEST(test_opt_out)
{
    make("ON DELETE CASCADE");
    api_file("002_x.sql", "-- migrate: foreign-keys on\n" NEW COPY SWAP);
    open_as(HOST_ENFORCES);
    API_OK(api_apply());
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_query("SELECT id FROM parent"), "1 2 3");
    ck_assert_str_eq(api_query("SELECT id FROM child"), "4"); /* as SQLite does it, and as was asked for */
    unlink(api.database);
    api_remove("002_x.sql");
    make("ON DELETE RESTRICT");
    char *before = api_snapshot();
    api_file("002_x.sql", "-- migrate: foreign-keys on\n" NEW COPY SWAP);
    open_as(HOST_ENFORCES);
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_x.sql", 4, 1);
    close_as(HOST_ENFORCES);
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}
END_TEST

/* ---- where it cannot be done ---- */

START_TEST(test_whole_run)
{
    make("ON DELETE CASCADE");
    char *before = api_snapshot();
    api_file("002_a.sql", "CREATE TABLE a (x integer);\n");
    api_file("003_x.sql", NEW COPY SWAP);
    api_option("transaction", "run");
    open_as(HOST_ENFORCES);
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("transaction=run");
    ck_assert_str_eq(migrate_error_id(api.error), "003_x");
    ck_assert_ptr_nonnull(strstr(migrate_error_file(api.error), "003_x.sql"));
    close_as(HOST_ENFORCES);
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    ck_assert_str_eq(api_applied(), "001_first");
    free(after);
    /* where nobody enforces them there is nothing to switch off */
    char *parents = rows(false);
    open_as(HOST_DOES_NOT);
    API_OK(api_apply());
    close_as(HOST_DOES_NOT);
    check_rows(parents, false, plain, "", HOST_DOES_NOT);
    free(parents);
    free(before);
}
END_TEST

START_TEST(test_host_transaction)
{
    make("ON DELETE CASCADE");
    char *before = api_snapshot();
    api_file("002_x.sql", NEW COPY SWAP);
    api_option("host_transaction", "use");
    open_as(HOST_ENFORCES);
    ck_assert_int_eq(sqlite3_exec(host, "BEGIN; CREATE TABLE mine (x integer)", NULL, NULL, NULL), SQLITE_OK);
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("host_transaction=use");
    ck_assert_int_eq(sqlite3_get_autocommit(host), 0); /* still the host's */
    ck_assert_int_eq(sqlite3_exec(host, "INSERT INTO mine VALUES (1); ROLLBACK", NULL, NULL, NULL),
                     SQLITE_OK);
    close_as(HOST_ENFORCES);
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}
END_TEST

/* ---- down ---- */

START_TEST(test_down_refused)
{
    make("ON DELETE CASCADE");
    char *before = api_snapshot();
    api_file(
        "002_x.sql",
        "CREATE TABLE a (x integer);\n-- ROLLBACK:\nDROP TABLE a;\nDROP TABLE parent;\n-- END ROLLBACK\n");
    api_file("003_y.sql", "CREATE TABLE b (x integer);\n-- ROLLBACK: DROP TABLE b;\n");
    API_OK(api_apply());
    open_as(HOST_ENFORCES);
    API_FAILS(api_rollback("001"), MIGRATE_ERROR_REFUSED, "state");
    ck_assert_str_eq(migrate_error_id(api.error), "002_x");
    close_as(HOST_ENFORCES);
    ck_assert_str_eq(api_applied(), "001_first 002_x");
    ck_assert_str_eq(api_tables(), "a child parent");
    ck_assert_str_eq(api_query("SELECT count(*) FROM child"), "4");
    api_sql("DROP TABLE a");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}
END_TEST

API("rebuild", test_matrix, test_own_pragma, test_own_pragma_atomic, test_names, test_rename,
    test_among_others, test_refused, test_refused_views, test_renamed_away, test_not_refused, test_new_references, test_opt_out,
    test_whole_run, test_host_transaction, test_down_refused)
