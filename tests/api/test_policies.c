/* SPDX-License-Identifier: MIT
 * Policies: the ways in which a build and a database can differ, each with what it does by default, when it
 * is only to warn and when it is allowed, and the way back. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static void make_file(const char *id, const char *head)
{
    char path[100], text[400];
    snprintf(path, sizeof path, "%s.sql", id);
    snprintf(text, sizeof text, "%sCREATE TABLE \"%s\" (x integer);\n-- ROLLBACK: DROP TABLE \"%s\";\n", head,
             id, id);
    api_file(path, text);
}

/* Two migrations, applied. */
static void make_base(void)
{
    make_file("001_a", "");
    make_file("002_b", "");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_a 002_b");
}

/* Every way in says the same, and nothing is touched. */
static void check_refused(int line, int32_t code)
{
    char *before = api_snapshot(), *applied = strdup(api_applied());
    api_check_failed(__FILE__, line, api_plan(NULL), code, "state");
    api_check_failed(__FILE__, line, api_apply(), code, "state");
    api_check_failed(__FILE__, line, api_startup("check"), code, "state");
    api_check_failed(__FILE__, line, api_startup("apply"), code, "state");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    ck_assert_str_eq(api_applied(), applied);
    ck_assert_str_eq(api_events("failed"), "0");
    free(before);
    free(after);
    free(applied);
}
#define REFUSED(code) check_refused(__LINE__, code)

/* A warning is a finding of the plan and an event of the run. */
static void check_warned(int line, const char *rule)
{
    int warnings = api_told("warning");
    api_check_ok(__FILE__, line, api_plan(NULL));
    api_check_ok(__FILE__, line, api_findings());
    ck_assert_str_eq(api_column("rule"), rule);
    ck_assert_str_eq(api_column("severity"), "warning");
    api_check_ok(__FILE__, line, api_apply());
    ck_assert_msg(api_told("warning") > warnings, "line %d: no event", line);
}
#define WARNED(rule) check_warned(__LINE__, rule)

static void check_silent(int line)
{
    int warnings = api_told("warning");
    api_check_ok(__FILE__, line, api_plan(NULL));
    api_check_ok(__FILE__, line, api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    api_check_ok(__FILE__, line, api_apply());
    ck_assert_msg(api_told("warning") == warnings, "line %d: a warning", line);
}
#define SILENT() check_silent(__LINE__)

/* Status says this of the id, and this of the whole. */
static void check_status(int line, const char *id, const char *state, const char *whole)
{
    api_check_ok(__FILE__, line, api_status());
    ck_assert_msg(strcmp(api_cell(id, "state"), state) == 0, "line %d: %s is %s", line, id,
                  api_cell(id, "state"));
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "state"), whole);
}
#define STATUS(id, state, whole) check_status(__LINE__, id, state, whole)

/* ---- modified ---- */

START_TEST(test_modified_fails)
{
    make_base();
    make_file("001_a", "CREATE TABLE more (y integer);\n");
    make_file("003_c", "");
    REFUSED(MIGRATE_ERROR_MODIFIED);
    API_PLACE("001_a.sql", 0, 0);
    API_SAYS("001_a: statements changed");
    ck_assert_str_eq(migrate_error_id(api.error), "001_a");
    STATUS("001_a", "modified", "diverged");
    ck_assert_ptr_null(api_cell("001_a", "note"));
    make_file("001_a", "");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
}
END_TEST

START_TEST(test_modified_cosmetic)
{
    make_base();
    make_file("001_a", "-- who owns what\n\n  ");
    REFUSED(MIGRATE_ERROR_MODIFIED);
    API_SAYS("only comments or white space changed");
    STATUS("001_a", "modified", "diverged");
    ck_assert_str_eq(api_cell("001_a", "note"), "cosmetic");
}
END_TEST

START_TEST(test_modified_several)
{
    make_base();
    make_file("001_a", "-- a comment\n");
    make_file("002_b", "CREATE TABLE more (y integer);\n");
    REFUSED(MIGRATE_ERROR_MODIFIED);
    API_SAYS("001_a and others");
    API_SAYS("001_a: only comments or white space changed");
    API_SAYS("002_b: statements changed");
}
END_TEST

START_TEST(test_modified_warns)
{
    make_base();
    make_file("001_a", "CREATE TABLE more (y integer);\n");
    make_file("003_c", "");
    api_option("on_modified", "warn");
    WARNED("modified");
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
    ck_assert_str_eq(api_tables(), "001_a 002_b 003_c");
}
END_TEST

START_TEST(test_modified_allowed)
{
    make_base();
    make_file("001_a", "CREATE TABLE more (y integer);\n");
    make_file("003_c", "");
    api_option("on_modified", "allow");
    SILENT();
    ck_assert_str_eq(api_tables(), "001_a 002_b 003_c");
}
END_TEST

START_TEST(test_modified_accepted)
{
    make_base();
    make_file("001_a", "CREATE TABLE more (y integer);\n");
    API_FAILS(api_mark("accept-checksum", "002_b", "why"), MIGRATE_ERROR_TARGET, "usage");
    API_OK(api_mark("accept-checksum", "001_a", "the old text never ran anywhere else"));
    SILENT();
    STATUS("001_a", "applied", "current");
    ck_assert_str_eq(api_events("repaired"), "1");
    ck_assert_str_eq(api_tables(), "001_a 002_b");
    make_file("001_a", "");
    REFUSED(MIGRATE_ERROR_MODIFIED);
}
END_TEST

START_TEST(test_modified_all_accepted)
{
    make_base();
    make_file("001_a", "-- x\n");
    make_file("002_b", "-- x\n");
    API_OK(api_mark("accept-checksum", NULL, "comments"));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 2);
    SILENT();
}
END_TEST

/* Line ends, a BOM, and everything about the way back are no modification. */
START_TEST(test_not_modified)
{
    api_file("001_a.sql",
             "CREATE TABLE a (x integer);\nINSERT INTO a VALUES (1);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("repeatable/v.sql", "SELECT 1;\n");
    API_OK(api_apply());
    api_file("001_a.sql", "\xEF\xBB\xBF"
                          "CREATE TABLE a (x integer);\r\nINSERT INTO a VALUES (1);\r\n-- ROLLBACK: DROP "
                          "TABLE IF EXISTS a;\r\n");
    SILENT();
    api_file("repeatable/v.sql", "SELECT 2;\n");
    SILENT();
    STATUS("001_a", "applied", "current");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "modified"), 0);
}
END_TEST

/* ---- missing ---- */

START_TEST(test_missing_fails)
{
    make_base();
    api_remove("001_a.sql");
    make_file("003_c", "");
    REFUSED(MIGRATE_ERROR_MISSING);
    API_PLACE(NULL, 0, 0);
    ck_assert_str_eq(migrate_error_id(api.error), "001_a");
    STATUS("001_a", "missing", "diverged");
    make_file("001_a", "");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
}
END_TEST

START_TEST(test_missing_passes)
{
    make_base();
    api_remove("001_a.sql");
    make_file("003_c", "");
    api_option("on_missing", "warn");
    WARNED("missing");
    make_file("004_d", "");
    api_option("on_missing", "allow");
    SILENT();
    ck_assert_str_eq(api_tables(), "001_a 002_b 003_c 004_d");
}
END_TEST

START_TEST(test_missing_forgotten)
{
    make_base();
    api_remove("001_a.sql");
    API_OK(api_mark("forgotten", "001_a", "squashed"));
    SILENT();
    ck_assert_str_eq(api_applied(), "002_b");
    ck_assert_str_eq(api_tables(), "001_a 002_b");
}
END_TEST

/* ---- ahead ---- */

/* The database has 003, this build does not. */
static void make_ahead(const char *head)
{
    make_base();
    make_file("003_c", head);
    API_OK(api_apply());
    api_remove("003_c.sql");
}

START_TEST(test_ahead_default)
{
    make_ahead("");
    STATUS("003_c", "ahead", "ahead");
    if (api.engine == API_SQLITE) {
        REFUSED(MIGRATE_ERROR_AHEAD);
        API_PLACE(NULL, 0, 0);
        ck_assert_str_eq(migrate_error_id(api.error), "003_c");
    } else {
        WARNED("ahead");
        API_OK(api_startup("check"));
        ck_assert_int_eq(migrate_rows_value_int(api.rows, "pending"), 0);
    }
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
}
END_TEST

START_TEST(test_ahead_fails)
{
    make_ahead("");
    api_option("on_ahead", "fail");
    REFUSED(MIGRATE_ERROR_AHEAD);
    make_file("003_c", "");
    SILENT();
}
END_TEST

START_TEST(test_ahead_warns)
{
    make_ahead("");
    api_option("on_ahead", "warn");
    WARNED("ahead");
    API_OK(api_startup("check"));
    API_OK(api_startup("wait"));
}
END_TEST

START_TEST(test_ahead_allowed)
{
    make_ahead("");
    api_option("on_ahead", "allow");
    SILENT();
    API_OK(api_startup("check"));
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
}
END_TEST

/* Old builds must not run beyond a breaking one, unless somebody insists. */
START_TEST(test_ahead_breaking)
{
    make_ahead("-- migrate: breaking\n");
    REFUSED(MIGRATE_ERROR_AHEAD);
    API_SAYS("breaking");
    api_option("on_ahead", "warn");
    REFUSED(MIGRATE_ERROR_AHEAD);
    api_option("on_ahead", "allow");
    SILENT();
    API_OK(api_startup("check"));
    ck_assert_str_eq(api_tables(), "001_a 002_b 003_c");
}
END_TEST

/* One breaking migration among several that are ahead is enough. */
START_TEST(test_ahead_breaking_before)
{
    make_ahead("-- migrate: breaking\n");
    make_file("003_c", "-- migrate: breaking\n");
    make_file("004_d", "");
    API_OK(api_apply());
    api_remove("003_c.sql");
    api_remove("004_d.sql");
    api_option("on_ahead", "warn");
    REFUSED(MIGRATE_ERROR_AHEAD);
}
END_TEST

/* A jump over a release: the newer build recorded its own number before a migration without one that the older build has too. */
START_TEST(test_ahead_by_number)
{
    make_base();
    make_file("003_c", "");
    make_file("add_x", "");
    API_OK(api_apply());
    api_remove("003_c.sql");
    STATUS("003_c", "ahead", "ahead");
    /* With its own newer migration behind it, too. */
    api_option("on_ahead", "warn");
    make_file("add_y", "");
    API_OK(api_apply());
    STATUS("003_c", "ahead", "ahead");
    api_remove("001_a.sql");
    STATUS("001_a", "missing", "diverged");
}
END_TEST

/* An older build with the last ones removed rolls nothing back by itself. */
START_TEST(test_ahead_rollback)
{
    make_ahead("");
    api_option("on_ahead", "warn");
    API_FAILS(api_rollback("002_b"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    ck_assert_str_eq(api_applied(), "001_a 002_b 003_c");
    api_option("stored_down", "allow");
    API_OK(api_rollback("002_b"));
    ck_assert_str_eq(api_tables(), "001_a 002_b");
}
END_TEST

/* ---- renamed ---- */

START_TEST(test_renamed_fails)
{
    make_base();
    api_rename("002_b.sql", "002_better.sql");
    make_file("003_c", "");
    REFUSED(MIGRATE_ERROR_RENAMED);
    API_PLACE("002_better.sql", 0, 0);
    API_SAYS("002_better is applied as 002_b");
    STATUS("002_better", "renamed", "diverged");
    ck_assert_str_eq(api_cell("002_better", "note"), "002_b");
    api_rename("002_better.sql", "002_b.sql");
    SILENT();
}
END_TEST

START_TEST(test_renamed_warns)
{
    make_base();
    api_rename("002_b.sql", "002_better.sql");
    make_file("003_c", "");
    api_option("on_renamed", "warn");
    WARNED("renamed");
    ck_assert_str_eq(api_applied(), "001_a 002_better 003_c");
    ck_assert_str_eq(api_tables(), "001_a 002_b 003_c");
    ck_assert_str_eq(api_events("renamed"), "2");
    api_option("on_renamed", "fail");
    SILENT();
    STATUS("002_better", "applied", "current");
    ck_assert_str_eq(api_events("renamed"), "2");
}
END_TEST

/* With nothing else to do the new id is recorded too, and the way back still works. */
START_TEST(test_renamed_allowed)
{
    make_base();
    api_rename("001_a.sql", "001_first.sql");
    api_rename("002_b.sql", "002_better.sql");
    api_option("on_renamed", "allow");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_first 002_better");
    ck_assert_str_eq(api_events("renamed"), "4");
    api_option("on_renamed", "fail");
    API_OK(api_rollback("001_first"));
    ck_assert_str_eq(api_tables(), "001_a");
}
END_TEST

/* A new name does not make the first migration the last one. */
START_TEST(test_renamed_keeps_its_place)
{
    make_base();
    make_file("003_c", "");
    API_OK(api_apply());
    api_rename("001_a.sql", "001_first.sql");
    API_OK(api_mark("renamed", NULL, "clearer"));
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "003_c");
    API_OK(api_status());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "at"), "003_c");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "from"), "003_c");
    ck_assert_str_eq(api_tables(), "001_a 002_b");
    API_OK(api_apply());
    api_remove("003_c.sql"); /* applied behind what this build knows, whatever was renamed since */
    api_rename("002_b.sql", "002_better.sql");
    api_option("on_ahead", "warn");
    API_OK(api_mark("renamed", NULL, "clearer"));
    STATUS("003_c", "ahead", "ahead");
}
END_TEST

START_TEST(test_renamed_marked)
{
    make_base();
    make_file("seed", "");
    API_OK(api_apply());
    api_rename("002_b.sql", "002_better.sql");
    api_rename("seed.sql", "seed_rows.sql");
    API_FAILS(api_mark("renamed", "001_a", "why"), MIGRATE_ERROR_TARGET, "usage");
    API_OK(api_mark("renamed", "002_better", "clearer"));
    API_FAILS(api_apply(), MIGRATE_ERROR_RENAMED, "state");
    API_OK(api_mark("renamed", NULL, "clearer"));
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 002_better seed_rows");
    ck_assert_str_eq(api_tables(), "001_a 002_b seed");
}
END_TEST

/* A new name and a new text at once: nothing proves that it is the same one. */
START_TEST(test_renamed_and_modified)
{
    make_base();
    api_remove("001_a.sql");
    make_file("001_first", "");
    REFUSED(MIGRATE_ERROR_MISSING);
    STATUS("001_a", "missing", "diverged");
}
END_TEST

/* Two pending ones with the text of the missing one prove nothing either. */
START_TEST(test_renamed_ambiguous)
{
    api_file("001_a.sql", "SELECT 1;\n");
    make_file("002_b", "");
    API_OK(api_apply());
    api_rename("001_a.sql", "003_a.sql");
    api_file("004_a.sql", "SELECT 1;\n");
    REFUSED(MIGRATE_ERROR_MISSING);
}
END_TEST

/* ---- late ---- */

/* 001 and 005 are applied; 002 and 003 come from another branch. */
static void make_late(void)
{
    make_file("001_a", "");
    make_file("005_e", "");
    API_OK(api_apply());
    make_file("002_b", "");
    make_file("003_c", "");
    make_file("006_f", "");
}

START_TEST(test_late_strict)
{
    make_late();
    REFUSED(MIGRATE_ERROR_LATE);
    API_PLACE("002_b.sql", 0, 0);
    API_SAYS("\n003_c");
    API_SAYS_NOT("006_f");
    STATUS("002_b", "late", "diverged");
    STATUS("003_c", "late", "diverged");
    STATUS("006_f", "pending", "diverged");
    api_rename("002_b.sql", "006_b.sql");
    api_rename("003_c.sql", "007_c.sql");
    api_option("duplicate_numbers", "allow");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 005_e 006_b 006_f 007_c");
}
END_TEST

START_TEST(test_late_skipped)
{
    make_late();
    api_option("order", "skip");
    WARNED("late");
    ck_assert_str_eq(api_applied(), "001_a 005_e 006_f");
    ck_assert_str_eq(api_tables(), "001_a 005_e 006_f");
    STATUS("002_b", "late", "diverged");
    WARNED("late");
}
END_TEST

/* What needs one that is left out cannot run. */
START_TEST(test_late_skipped_but_needed)
{
    make_late();
    make_file("007_g", "-- Depends: 002_b\n");
    api_option("order", "skip");
    API_FAILS(api_apply(), MIGRATE_ERROR_DEPENDENCY, "source");
    API_PLACE("007_g.sql", 0, 0);
    ck_assert_str_eq(api_applied(), "001_a 005_e");
    api_option("order", "any");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_a 005_e 002_b 003_c 006_f 007_g");
}
END_TEST

START_TEST(test_late_any)
{
    make_late();
    api_option("order", "any");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 005_e 002_b 003_c 006_f");
    api_option("order", "strict");
    SILENT();
    STATUS("002_b", "applied", "current");
}
END_TEST

START_TEST(test_late_by_directive)
{
    make_late();
    make_file("002_b", "-- migrate: out-of-order\n");
    REFUSED(MIGRATE_ERROR_LATE);
    API_PLACE("003_c.sql", 0, 0);
    make_file("003_c", "-- migrate: out-of-order\n");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 005_e 002_b 003_c 006_f");
}
END_TEST

START_TEST(test_never_late)
{
    make_file("001_a", "");
    make_file("002_b", "");
    make_file("003_c", "");
    API_OK(api_apply());
    API_OK(api_rollback("only:002_b"));
    STATUS("002_b", "pending", "pending");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 003_c 002_b");
    make_file("aardvark", "");
    SILENT();
    make_file("004_d", "");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 003_c 002_b aardvark 004_d");
    API_OK(api_mark("forgotten", "003_c", "a test"));
    api_sql("DROP TABLE \"003_c\"");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 002_b aardvark 004_d 003_c");
}
END_TEST

/* Numbers compare as numbers: of any length, with or without zeros. */
START_TEST(test_late_numbers)
{
    make_file("9_a", "");
    API_OK(api_apply());
    make_file("0010_b", "");
    make_file("20260801120000_c", "");
    make_file("99999999999999999999999999_d", "");
    SILENT();
    ck_assert_str_eq(api_applied(), "9_a 0010_b 20260801120000_c 99999999999999999999999999_d");
    make_file("88888888888888888888888888_e", "");
    REFUSED(MIGRATE_ERROR_LATE);
    API_PLACE("88888888888888888888888888_e.sql", 0, 0);
}
END_TEST

/* ---- numbers ---- */

START_TEST(test_gaps)
{
    make_file("001_a", "");
    make_file("007_b", "");
    make_file("100_c", "");
    SILENT();
    make_file("5000_d", "");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 007_b 100_c 5000_d");
}
END_TEST

START_TEST(test_duplicate_numbers)
{
    make_base();
    make_file("02_c", "");
    char *before = api_snapshot();
    API_FAILS(api_apply(), MIGRATE_ERROR_DUPLICATE, "source");
    API_PLACE("02_c.sql", 0, 0);
    API_SAYS("002_b.sql");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    api_option("duplicate_numbers", "allow");
    SILENT();
    ck_assert_str_eq(api_applied(), "001_a 002_b 02_c");
}
END_TEST

/* ---- several at once ---- */

/* The heaviest speaks: a build that is behind must first hear that. */
START_TEST(test_weight)
{
    make_ahead("");
    api_option("on_ahead", "fail");
    make_file("001_a", "-- changed\n");
    REFUSED(MIGRATE_ERROR_AHEAD);
    api_option("on_ahead", "warn");
    REFUSED(MIGRATE_ERROR_MODIFIED);
    api_option("on_modified", "warn");
    API_OK(api_apply());
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), "ahead modified");
}
END_TEST

API("policies", test_modified_fails, test_modified_cosmetic, test_modified_several, test_modified_warns,
    test_modified_allowed, test_modified_accepted, test_modified_all_accepted, test_not_modified,
    test_missing_fails, test_missing_passes, test_missing_forgotten, test_ahead_default, test_ahead_fails,
    test_ahead_warns, test_ahead_allowed, test_ahead_breaking, test_ahead_breaking_before, test_ahead_by_number,
    test_ahead_rollback, test_renamed_fails, test_renamed_warns, test_renamed_allowed, test_renamed_keeps_its_place, test_renamed_marked,
    test_renamed_and_modified, test_renamed_ambiguous, test_late_strict, test_late_skipped,
    test_late_skipped_but_needed, test_late_any, test_late_by_directive, test_never_late, test_late_numbers,
    test_gaps, test_duplicate_numbers, test_weight)
