/* SPDX-License-Identifier: MIT
 * Every allocation fails once while a schema is read, copied, and the way to another is found: no crash, no leak, MIGRATE_ERROR_NOMEM or
 * the same way as ever. */
#include "allocator.h"
#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEFORE                                                                                                                         \
    "CREATE TABLE p (id INTEGER PRIMARY KEY, \"n n\" TEXT UNIQUE ON CONFLICT IGNORE);"                                                  \
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT COLLATE NOCASE CHECK (a <> ''), b AS (a || 'x'), p INT "              \
    "REFERENCES p ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, gone INT, CHECK (t.id > 0));"                                        \
    "CREATE TABLE old (x INT DEFAULT (1 + 1), y INT); CREATE TABLE w (k TEXT PRIMARY KEY) WITHOUT ROWID;"                               \
    "CREATE INDEX i ON t (lower(a)) WHERE gone > 1; CREATE VIEW v AS SELECT x FROM old;"                                               \
    "CREATE TRIGGER g AFTER INSERT ON p BEGIN UPDATE t SET a = 'y'; END; CREATE VIRTUAL TABLE f USING fts5 (body);"
#define AFTER                                                                                                                          \
    "CREATE TABLE p (id INTEGER PRIMARY KEY, \"n n\" TEXT UNIQUE, more TEXT);"                                                          \
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, b AS (a || 'z'), p INT REFERENCES p, CHECK (t.id > 1));"             \
    "CREATE TABLE new (z INT DEFAULT (1 + 1), y INT); CREATE TABLE w (k TEXT PRIMARY KEY, l INT) WITHOUT ROWID;"                        \
    "CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT z FROM new;"                                                                     \
    "CREATE TRIGGER g AFTER INSERT ON p BEGIN UPDATE t SET a = 'y'; END; CREATE VIRTUAL TABLE f USING fts5 (body);"

static int32_t find(struct database *db, const struct facts *wanted, struct text *sql, migrate_error **err)
{
    static const struct fact_renamed renamed[] = {{"old", "new"}, {"new.x", "new.z"}};
    struct changes_wish wish = {.facts = {.schema = "main", .table = "libmigrate_history"}, .renamed = renamed, .renamed_count = 2};
    struct database *clone = NULL;
    struct facts facts = {0};
    struct changes changes = {0};
    int32_t rc = facts_read(db, &wish.facts, &facts, err);

    if (rc == MIGRATE_OK)
        rc = database_sqlite.clone_open(db, &clone, err);
    if (rc == MIGRATE_OK)
        rc = changes_find(&facts, wanted, &wish, clone, &changes, err);
    if (rc == MIGRATE_OK)
        rc = changes_sql(&changes, &database_sqlite, sql, err);
    if (rc == MIGRATE_OK && (!changes.proven || changes.left.count > 0))
        frame_die("a lack of memory was taken for something else: %s", changes.left.count > 0 ? changes.left.items[0].reason : "not proven");
    changes_free(&changes);
    facts_free(&facts);
    database_close(clone);
    return rc;
}

int main(int count, char **arguments)
{
    long stride = count > 1 ? strtol(arguments[1], NULL, 10) : 1, tried = 0;
    struct database *db = frame_open(BEFORE), *wanted_db = frame_open(AFTER);
    struct facts wanted = frame_facts(wanted_db);
    struct text expected = {0}, sql = {0};

    if (find(db, &wanted, &expected, NULL) != MIGRATE_OK)
        frame_die("it does not work with all the memory there is");
    for (long nth = 0;; nth += stride, tried++) {
        migrate_error *err = NULL;
        long before = allocator.alive;
        int32_t rc;
        allocator.failed = false;
        allocator.left = nth;
        rc = find(db, &wanted, &sql, &err);
        allocator.left = -1;
        if (rc != MIGRATE_OK && rc != MIGRATE_ERROR_NOMEM)
            frame_die("allocation %ld: %s", nth, err != NULL ? err->message : "no message");
        if (rc == MIGRATE_OK && strcmp(sql.data, expected.data) != 0)
            frame_die("allocation %ld: another way:\n%s\nnot:\n%s", nth, sql.data, expected.data);
        error_free(err);
        text_free(&sql);
        if (allocator.alive != before)
            frame_die("allocation %ld: %ld blocks are left", nth, allocator.alive - before);
        if (!allocator.failed)
            break;
    }
    printf("%ld allocations failed\n", tried);
    text_free(&expected);
    facts_free(&wanted);
    database_close(db);
    database_close(wanted_db);
    return 0;
}
