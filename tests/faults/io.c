/* SPDX-License-Identifier: MIT
 * Failing input and output on SQLite: each write, read, sync, open, truncate, lock ... of a run fails in
 * turn, once or for good. The file stays whole, holds whole migrations and all that were said to be applied,
 * the error tells what it is, and a plain rerun brings everything to its end. */
#include "faults.h"
#include "vfs.h"

#include <stdio.h>
#include <string.h>

#define ALL_EFFECTS "001 1 002 1 003 1 004 1 005 1"

static void write_migrations(void)
{
    api_file("001_effects.sql",
             "CREATE TABLE effects (id text);\nCREATE TABLE parent (id integer PRIMARY KEY, name text);\n"
             "CREATE TABLE child (id integer PRIMARY KEY, parent integer REFERENCES parent);\n"
             "INSERT INTO effects VALUES ('001');\n");
    api_file("002_rows.sql",
             "INSERT INTO parent WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < "
             "200) SELECT x, hex(zeroblob(50)) FROM n;\nINSERT INTO child SELECT id, id FROM parent;\n"
             "INSERT INTO effects VALUES ('002');\n");
    api_file("003_index.sql",
             "CREATE INDEX child_parent ON child (parent);\nINSERT INTO effects VALUES ('003');\n");
    api_file("004_rebuild.sql",
             "CREATE TABLE new_parent (id integer PRIMARY KEY, name text NOT NULL);\n"
             "INSERT INTO new_parent SELECT * FROM parent;\nDROP TABLE parent;\n"
             "ALTER TABLE new_parent RENAME TO parent;\nINSERT INTO effects VALUES ('004');\n");
    api_file("005_end.sql",
             "CREATE VIEW family AS SELECT * FROM parent JOIN child ON child.parent = parent.id;\n"
             "INSERT INTO effects VALUES ('005');\n");
}

/* ---- what was told ---- */

static char told[200]; /* the ids that were said to be applied */

static int32_t on_event(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "applied") == 0) {
        size_t length = strlen(told);
        snprintf(told + length, sizeof told - length, "%s%.3s 1", length ? " " : "",
                 migrate_event_text(event, "id"));
    }
    return 0;
}

/* ---- one failure ---- */

enum journal { ROLLBACK_JOURNAL, WAL_JOURNAL };
static const char *const journals[] = {"rollback journal", "WAL"};

static struct {
    long failures, errors, absorbed, partly; /* partly: some migrations were applied before the error */
} sum;

static void make(enum journal journal)
{
    faults_empty();
    if (journal == WAL_JOURNAL)
        api_sql("PRAGMA journal_mode = WAL");
}

/* The effects are those of whole migrations, from the first on, and the history says the same. */
static void check_whole(const char *where)
{
    char applied[200] = "", *effects = strdup(faults_effects());
    ck_assert_str_eq(api_query("PRAGMA integrity_check"), "ok");
    ck_assert_str_eq(api_query("PRAGMA foreign_key_check"), "");
    ck_assert_msg(strncmp(ALL_EFFECTS, effects, strlen(effects)) == 0, "%s: effects %s", where, effects);
    char *ids = strdup(api_applied()), *rest = NULL;
    for (char *id = strtok_r(ids, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
        size_t length = strlen(applied);
        snprintf(applied + length, sizeof applied - length, "%s%.3s 1", length ? " " : "", id);
    }
    ck_assert_msg(strcmp(applied, effects) == 0, "%s: applied %s, effects %s", where, applied, effects);
    ck_assert_msg(strncmp(effects, told, strlen(told)) == 0, "%s: told %s, effects %s", where, told, effects);
    sum.partly += *effects && strcmp(effects, ALL_EFFECTS) != 0;
    free(ids);
    free(effects);
}

/* Which class of errors SQLite's own code belongs to: locks that cannot be taken are another thing than a disk that fails,
 * and neither is a database that is busy, or read-only. */
static void check_error(const char *where, enum vfs_fault fault, int32_t code)
{
    bool locks = fault == VFS_LOCK || fault == VFS_UNLOCK || fault == VFS_RESERVED || fault == VFS_SHM_LOCK;
    bool opening = fault == VFS_OPEN && (code == MIGRATE_ERROR_CONNECT || code == MIGRATE_ERROR_NO_DATABASE);
    int32_t expected = locks ? MIGRATE_ERROR_FILE_SYSTEM : opening ? code : MIGRATE_ERROR_IO;
    ck_assert_msg(code == expected, "%s: %s: %s", where, migrate_code_name(code),
                  migrate_error_message(api.error));
    API_FAILS(code, expected, code == MIGRATE_ERROR_CONNECT ? "retry" : "environment");
    ck_assert_msg(migrate_error_driver_code(api.error) != 0, "%s: no code of SQLite", where);
}

/* false: the run had not so many calls of this kind. */
static bool fail_one(enum journal journal, enum vfs_fault fault, long nth, bool for_good, const char *whole)
{
    char where[200];
    snprintf(where, sizeof where, "%s, %s %ld fails%s", journals[journal], vfs_name(fault), nth,
             for_good ? " for good" : "");
    make(journal);
    *told = '\0';
    vfs_arm(fault, nth, for_good);
    int32_t code = api_apply();
    api_close();
    long failures = vfs_disarm();
    if (failures > 0) {
        sum.failures++;
        if (code == MIGRATE_OK)
            sum.absorbed++;
        else
            check_error(where, fault, code);
        sum.errors += code != MIGRATE_OK;
    } else {
        API_OK(code);
    }
    check_whole(where);
    ck_assert_msg(code != MIGRATE_OK || strcmp(faults_effects(), ALL_EFFECTS) == 0, "%s: said to be done",
                  where);
    *told = '\0';
    api_check_ok(where, 0, api_apply());
    ck_assert_msg(strcmp(faults_effects(), ALL_EFFECTS) == 0, "%s: the rerun does not converge", where);
    faults_check_dump(where, whole);
    return failures > 0;
}

static void fail_each(enum journal journal, const char *transaction)
{
    long stride = faults_brief() ? 5 : 1;
    memset(&sum, 0, sizeof sum);
    vfs_install();
    API_OK(migrate_options_set_event(api.options, on_event, NULL));
    api_option("transaction", transaction);
    write_migrations();
    make(journal);
    API_OK(api_apply());
    char *whole = faults_dump();
    for (enum vfs_fault fault = 0; fault < VFS_FAULTS; fault++) {
        long nth = faults_random(stride);
        bool once, always; /* something was there to fail */
        do {
            once = fail_one(journal, fault, nth, false, whole);
            always = fail_one(journal, fault, nth, true, whole);
            nth += stride;
        } while (once || always);
    }
    free(whole);
    faults_report("%s, transaction=%s: %ld failures of input and output; %ld runs ended in an error, %ld of "
                  "them behind "
                  "applied migrations; %ld were not hurt",
                  journals[journal], transaction, sum.failures, sum.errors, sum.partly, sum.absorbed);
}

START_TEST(test_rollback_journal)
{
    fail_each(ROLLBACK_JOURNAL, "auto");
}
END_TEST

START_TEST(test_rollback_journal_each)
{
    fail_each(ROLLBACK_JOURNAL, "migration");
}
END_TEST

START_TEST(test_wal)
{
    fail_each(WAL_JOURNAL, "auto");
}
END_TEST

START_TEST(test_wal_each)
{
    fail_each(WAL_JOURNAL, "migration");
}
END_TEST

API("io", test_rollback_journal, test_rollback_journal_each, test_wal, test_wal_each)
