/* SPDX-License-Identifier: MIT
 * Targets: how far up, how far down, which one alone; and plans, which run as they were reviewed or not at
 * all. */
#include "api.h"

#include <stdio.h>
#include <string.h>

/* A migration that makes a table of its own name; what it needs stands before it. */
static void make_file(const char *id, const char *needs)
{
    char path[100], text[400];
    snprintf(path, sizeof path, "%s.sql", id);
    snprintf(text, sizeof text, "%s\nCREATE TABLE \"%s\" (x integer);\n-- ROLLBACK: DROP TABLE \"%s\";\n",
             needs, id, id);
    api_file(path, text);
}

#define ALL "001_users 002_orgs 003_grants 010_prices seed_a seed_b"

static void make_files(void)
{
    make_file("001_users", "");
    make_file("002_orgs", "");
    make_file("003_grants", "-- Depends: 002_orgs");
    make_file("010_prices", "");
    make_file("seed_a", "");
    make_file("seed_b", "");
}

/* History and database agree about what is there. */
static void check_at(int line, const char *ids)
{
    char *tables = strdup(api_tables());
    ck_assert_msg(strcmp(tables, ids) == 0, "line %d: tables %s, not %s", line, tables, ids);
    const char *applied = api_applied();
    ck_assert_msg(strcmp(applied, ids) == 0, "line %d: applied %s, not %s", line, applied, ids);
    free(tables);
}
#define AT(ids) check_at(__LINE__, ids)

START_TEST(test_everything)
{
    make_files();
    API_OK(api_goto(NULL));
    AT(ALL);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "seed_b");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 6);
    API_OK(api_goto(""));
    AT(ALL);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
}
END_TEST

START_TEST(test_by_id)
{
    make_files();
    API_OK(api_goto("002_orgs"));
    AT("001_users 002_orgs");
    API_OK(api_goto("seed_a"));
    AT("001_users 002_orgs 003_grants 010_prices seed_a");
}
END_TEST

START_TEST(test_by_prefix)
{
    make_files();
    API_OK(api_goto("003_g"));
    AT("001_users 002_orgs 003_grants");
    API_OK(api_goto("seed_b"));
    AT(ALL);
}
END_TEST

START_TEST(test_by_number)
{
    make_files();
    API_OK(api_goto("2"));
    AT("001_users 002_orgs");
    API_OK(api_goto("0010"));
    AT("001_users 002_orgs 003_grants 010_prices");
    API_OK(api_goto("001"));
    AT("001_users");
}
END_TEST

/* An id that is the beginning of another, and a number that is the beginning of another. */
START_TEST(test_exact_before_prefix)
{
    make_file("1_a", "");
    make_file("1_a_more", "");
    make_file("10_b", "");
    api_option("duplicate_numbers", "allow");
    API_OK(api_goto("1_a"));
    AT("1_a");
    API_OK(api_goto("10"));
    ck_assert_str_eq(api_applied(), "1_a 1_a_more 10_b");
}
END_TEST

START_TEST(test_ambiguous)
{
    make_files();
    API_OK(api_goto("001_users"));
    API_FAILS(api_goto("seed"), MIGRATE_ERROR_TARGET, "usage");
    API_SAYS("seed_a");
    API_SAYS("seed_b");
    API_FAILS(api_goto("00"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(api_rollback("seed_"), MIGRATE_ERROR_TARGET, "usage");
    AT("001_users");
    API_OK(api_apply());
    AT(ALL);
}
END_TEST

START_TEST(test_unknown)
{
    static const char *const targets[] = {
        "004_nothing", "99", "users", "only:004_nothing", "only:", "Empty", "004'; DROP TABLE x"};
    make_files();
    API_OK(api_goto("001_users"));
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        API_FAILS(api_goto(targets[i]), MIGRATE_ERROR_TARGET, "usage");
        API_PLACE(NULL, 0, 0);
        API_FAILS(api_rollback(targets[i]), MIGRATE_ERROR_TARGET, "usage");
        AT("001_users");
    }
    API_OK(api_apply());
    AT(ALL);
}
END_TEST

START_TEST(test_bad_steps)
{
    static const char *const targets[] = {
        "+", "-", "+0", "-0", "+x", "-1x", "+-1", "+99999999999999999999", "-1.5", "+ 1"};
    make_files();
    API_OK(api_goto("001_users"));
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        API_FAILS(api_goto(targets[i]), MIGRATE_ERROR_TARGET, "usage");
        API_FAILS(api_rollback(targets[i]), MIGRATE_ERROR_TARGET, "usage");
        AT("001_users");
    }
}
END_TEST

START_TEST(test_steps_up)
{
    make_files();
    API_OK(api_goto("+1"));
    AT("001_users");
    API_OK(api_goto("+2"));
    AT("001_users 002_orgs 003_grants");
    API_OK(api_goto("+100"));
    AT(ALL);
    API_OK(api_goto("+1"));
    AT(ALL);
}
END_TEST

START_TEST(test_steps_down)
{
    make_files();
    API_OK(api_apply());
    API_OK(api_goto("-1"));
    AT("001_users 002_orgs 003_grants 010_prices seed_a");
    API_OK(api_rollback("-2"));
    AT("001_users 002_orgs 003_grants");
    ck_assert_str_eq(api_column("id"), "seed_a 010_prices");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "003_grants");
    API_OK(api_rollback("-100"));
    AT("");
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "to"));
    API_OK(api_rollback("-1"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
}
END_TEST

START_TEST(test_rollback_last)
{
    make_files();
    API_OK(api_apply());
    API_OK(api_rollback(NULL));
    API_OK(api_rollback(""));
    AT("001_users 002_orgs 003_grants 010_prices");
}
END_TEST

START_TEST(test_rollback_to_id)
{
    make_files();
    API_OK(api_apply());
    API_OK(api_rollback("2"));
    AT("001_users 002_orgs");
    API_OK(api_rollback("002_orgs"));
    AT("001_users 002_orgs");
    API_FAILS(api_rollback("003_grants"), MIGRATE_ERROR_TARGET, "usage");
    API_SAYS("003_grants is not applied");
    API_FAILS(api_rollback("+1"), MIGRATE_ERROR_TARGET, "usage");
    AT("001_users 002_orgs");
}
END_TEST

START_TEST(test_empty)
{
    make_files();
    api_file("repeatable/views.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1 AS x;");
    API_OK(api_apply());
    API_OK(api_goto("empty"));
    AT("");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), ALL " views");
    API_OK(api_rollback("empty"));
    AT("");
}
END_TEST

START_TEST(test_only_down)
{
    make_files();
    API_OK(api_apply());
    API_OK(api_rollback("only:010"));
    AT("001_users 002_orgs 003_grants seed_a seed_b");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "rolled_back"), 1);
    API_OK(api_goto("only:001_users"));
    AT("002_orgs 003_grants seed_a seed_b");
}
END_TEST

START_TEST(test_only_down_needed)
{
    make_files();
    API_OK(api_apply());
    API_FAILS(api_rollback("only:002_orgs"), MIGRATE_ERROR_DEPENDENCY, "source");
    API_SAYS("003_grants");
    API_FAILS(api_plan("only:002_orgs"), MIGRATE_ERROR_DEPENDENCY, "source");
    AT(ALL);
    API_OK(api_rollback("only:003_grants"));
    API_OK(api_rollback("only:002_orgs"));
    AT("001_users 010_prices seed_a seed_b");
}
END_TEST

START_TEST(test_only_up)
{
    make_files();
    API_OK(api_goto("only:seed_a"));
    AT("seed_a");
    API_OK(api_goto("only:1"));
    ck_assert_str_eq(api_applied(), "seed_a 001_users");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), ALL);
}
END_TEST

START_TEST(test_only_up_needs)
{
    make_files();
    API_OK(api_goto("001_users"));
    API_FAILS(api_goto("only:003_grants"), MIGRATE_ERROR_DEPENDENCY, "source");
    API_SAYS("002_orgs");
    AT("001_users");
    API_OK(api_goto("only:002_orgs"));
    API_OK(api_goto("only:003_grants"));
    AT("001_users 002_orgs 003_grants");
}
END_TEST

START_TEST(test_goto_both_ways)
{
    make_files();
    API_OK(api_goto("3"));
    API_OK(api_plan("1"));
    ck_assert_str_eq(api_column("id"), "003_grants 002_orgs");
    ck_assert_str_eq(api_column("direction"), "down down");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "direction"), "down");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "from"), "003_grants");
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "to"), "001_users");
    AT("001_users 002_orgs 003_grants");
    API_OK(api_goto("1"));
    AT("001_users");
    API_OK(api_plan("2"));
    ck_assert_str_eq(api_column("direction"), "up");
    API_OK(api_goto("seed_b"));
    AT(ALL);
    API_OK(api_goto("seed_b"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    AT(ALL);
}
END_TEST

START_TEST(test_down_without_text)
{
    make_files();
    api_file("020_final.sql", "CREATE TABLE \"020_final\" (x integer);");
    API_OK(api_apply());
    char *before = api_snapshot();
    API_FAILS(api_rollback("2"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    API_PLACE("020_final.sql", 0, 0);
    API_FAILS(api_plan("2"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    char *after = api_snapshot();
    ck_assert_str_eq(after, before);
    free(before);
    free(after);
    api_file("020_final.down.sql", "DROP TABLE \"020_final\";");
    API_OK(api_rollback("2"));
    AT("001_users 002_orgs");
}
END_TEST

/* ---- plans ---- */

START_TEST(test_plan_changes_nothing)
{
    make_files();
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), ALL);
    ck_assert_str_eq(api_column("number"), "1 2 3 4 5 6");
    ck_assert_str_eq(api_column("action"), "run run run run run run");
    ck_assert_str_eq(api_column("reversible"), "source source source source source source");
    AT("");
    ck_assert_str_eq(api_events("applied"), "0");
}
END_TEST

/* Files that come after the review are not in the plan; the next program start finds them. */
START_TEST(test_plan_runs_as_reviewed)
{
    static const char more[] = "CREATE TABLE \"011_more\" (x integer);";
    make_files();
    API_OK(api_plan("+3"));
    api_file_behind("011_more.sql", more);
    API_OK(api_apply_plan());
    AT("001_users 002_orgs 003_grants");
    ck_assert_str_eq(api_column("id"), "001_users 002_orgs 003_grants");
    api_close();
    API_OK(api_apply());
    AT("001_users 002_orgs 003_grants 010_prices 011_more seed_a seed_b");
}
END_TEST

START_TEST(test_plan_of_nothing)
{
    make_files();
    API_OK(api_apply());
    API_OK(api_plan(NULL));
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    API_OK(api_apply_plan());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
}
END_TEST

START_TEST(test_plan_twice)
{
    make_files();
    API_OK(api_plan("+1"));
    API_OK(api_apply_plan());
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_STALE, "state");
    AT("001_users");
}
END_TEST

/* Another process was faster. */
START_TEST(test_stale_by_database)
{
    migrate_session *other = NULL;
    make_files();
    API_OK(api_goto("1"));
    API_OK(api_plan(NULL));
    API_OK(migrate_open(api.url, api.options, &other, &api.error));
    API_OK(migrate_rollback(other, NULL, NULL, &api.error));
    migrate_close(other);
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_STALE, "state");
    AT("");
    API_OK(api_plan(NULL));
    API_OK(api_apply_plan());
    AT(ALL);
}
END_TEST

START_TEST(test_stale_by_first_history)
{
    migrate_session *other = NULL;
    make_files();
    API_OK(api_plan("2"));
    API_OK(migrate_open(api.url, api.options, &other, &api.error));
    API_OK(migrate_apply(other, NULL, NULL, &api.error));
    migrate_close(other);
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_STALE, "state");
    AT(ALL);
}
END_TEST

/* The file changes between review and run. */
START_TEST(test_stale_by_source)
{
    static const char other[] = "CREATE TABLE other (x integer);";
    make_files();
    API_OK(api_goto("1"));
    API_OK(api_plan("2"));
    api_file_behind("002_orgs.sql", other);
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_STALE, "state");
    API_PLACE("002_orgs.sql", 0, 0);
    AT("001_users");
    api_close();
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), ALL);
}
END_TEST

START_TEST(test_plan_of_another_session)
{
    make_files();
    API_OK(api_plan("2"));
    api_close();
    API_FAILS(api_apply_plan(), MIGRATE_ERROR_STALE, "state");
    AT("");
}
END_TEST

API("targets", test_everything, test_by_id, test_by_prefix, test_by_number, test_exact_before_prefix,
    test_ambiguous, test_unknown, test_bad_steps, test_steps_up, test_steps_down, test_rollback_last,
    test_rollback_to_id, test_empty, test_only_down, test_only_down_needed, test_only_up, test_only_up_needs,
    test_goto_both_ways, test_down_without_text, test_plan_changes_nothing, test_plan_runs_as_reviewed,
    test_plan_of_nothing, test_plan_twice, test_stale_by_database, test_stale_by_first_history,
    test_stale_by_source, test_plan_of_another_session)
