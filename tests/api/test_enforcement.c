/* SPDX-License-Identifier: MIT
 * SQLite's foreign keys around a rebuild: what was broken before hides nothing that breaks now, and a migration may ask for enforcement. */
#include "api.h"

#include <stdio.h>
#include <string.h>

#define REBUILD(where)                                                                                       \
    "CREATE TABLE new_parent (id integer PRIMARY KEY, more text);\n"                                         \
    "INSERT INTO new_parent (id) SELECT id FROM parent" where ";\n"                                          \
    "DROP TABLE parent;\nALTER TABLE new_parent RENAME TO parent;\n"

/* A row that refers to nothing since long: of three children the first one's parent is gone. */
static void make(const char *options)
{
    char text[400];
    snprintf(text, sizeof text, "CREATE TABLE parent (id integer PRIMARY KEY);\n"
             "CREATE TABLE child (name text PRIMARY KEY, parent integer REFERENCES parent ON DELETE CASCADE)%s;\n"
             "INSERT INTO parent VALUES (1), (2), (3);\nINSERT INTO child VALUES ('a', 987654321), ('b', 1), ('c', 2);\n", options);
    api_file("001_first.sql", text);
    API_OK(api_apply());
}

static void refused(const char *text, const char *says)
{
    char *before = api_snapshot();
    api_file("002_x.sql", text);
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("rows would be left that refer to nothing: 1");
    API_SAYS(says);
    API_SAYS_NOT("987654321"); /* that one is not new */
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
}

START_TEST(test_old_orphans_stay)
{
    static const char *const texts[] = {
        REBUILD(""),
        "DELETE FROM child WHERE parent = 987654321;\n" REBUILD(""),
        /* its rows are numbered anew, and its own name changes */
        "CREATE TABLE other (name text PRIMARY KEY, parent integer REFERENCES parent, more text);\n"
        "INSERT INTO other (name, parent) SELECT name, parent FROM child ORDER BY name DESC;\nDROP TABLE child;\n"
        "PRAGMA foreign_keys = ON;\n" REBUILD(""),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        api_close();
        remove(api.database);
        make("");
        api_file("002_x.sql", texts[i]);
        API_OK(api_apply());
        ck_assert_str_eq(api_query("SELECT id FROM parent"), "1 2 3");
        api_remove("002_x.sql");
    }
}
END_TEST

/* As many as before, and one of them another. */
START_TEST(test_new_orphan_counts)
{
    make("");
    refused("DELETE FROM child WHERE parent = 987654321;\n" REBUILD(" WHERE id <> 2"), "child, rowid 3: no such row in parent (parent=2)");
    refused("UPDATE child SET parent = 1 WHERE name = 'a';\nUPDATE child SET parent = 55 WHERE name = 'b';\n" REBUILD(""),
            "no such row in parent (parent=55)");
    refused(REBUILD(" WHERE id <> 1"), "(parent=1)");
}
END_TEST

START_TEST(test_without_rowid)
{
    make(" WITHOUT ROWID");
    refused(REBUILD(" WHERE id <> 2"), "child, a row: no such row in parent");
    api_file("002_x.sql", REBUILD(""));
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM child"), "3");
}
END_TEST

/* An own connection does not enforce by itself. */
START_TEST(test_enforced)
{
    make("");
    char *before = api_snapshot();
    api_file("002_x.sql", "-- migrate: foreign-keys on\nINSERT INTO child VALUES ('d', 1);\nINSERT INTO child VALUES ('e', 77);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_PLACE("002_x.sql", 3, migrate_error_column(api.error));
    API_SAYS("FOREIGN KEY");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    api_file("002_x.sql", "-- migrate: foreign-keys on\nDELETE FROM parent WHERE id = 1;\n");
    api_file("003_y.sql", "DELETE FROM parent WHERE id = 2;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT name FROM child"), "a c"); /* cascaded; and no more in the next one */
    api_file("004_z.sql", "-- migrate: foreign-keys on\nDELETE FROM parent;\n");
    api_option("transaction", "run");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("foreign-keys on");
}
END_TEST

/* What fails inside a transaction runs outside of it. */
START_TEST(test_alone)
{
    api_file("001_t.sql", "CREATE TABLE t (a integer);\nPRAGMA journal_mode = wal;\n");
    api_file("002_u.sql", "CREATE TEMP TABLE x (a integer);\nINSERT INTO t VALUES (1);\nPRAGMA temp_store = memory;\n"
                          "INSERT INTO t VALUES (2);\nPRAGMA wal_checkpoint(truncate);\nPRAGMA synchronous = off;\n"
                          "PRAGMA main.wal_checkpoint;\nINSERT INTO t VALUES (3);\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT a FROM t ORDER BY a"), "1 2 3");
    ck_assert_str_eq(api_applied(), "001_t 002_u");
}
END_TEST

API("enforcement", test_old_orphans_stay, test_new_orphan_counts, test_without_rowid, test_enforced, test_alone)
