/* SPDX-License-Identifier: MIT
 * Row guards, expectations, protected databases, and what plans say of data that would be lost. */
#include "api.h"

#include <stdio.h>
#include <string.h>

#define LEADS "CREATE TABLE leads (id integer PRIMARY KEY, name text);\nINSERT INTO leads VALUES (1, 'a'), (2, 'b'), (3, 'c');\n"

static void begin_with_leads(void)
{
    api_option("generate_down", "off");
    api_file("001_leads.sql", LEADS "-- ROLLBACK: DROP TABLE leads;\n");
    API_OK(api_apply());
}

static void next(const char *sql)
{
    api_file("002_next.sql", sql);
}

static const char *database_name(void)
{
    const char *slash = strrchr(api.database, '/');
    return slash ? slash + 1 : api.database;
}

/* ---- findings ---- */

/* "GD03:warning:2:1" of each finding, in the order in which they come; but not that PostgreSQL makes no backup by itself. */
static const char *found(void)
{
    static char out[1000];
    size_t used = 0;
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    out[0] = '\0';
    for (size_t i = 0; i < migrate_rows_count(api.rows); i++) {
        const migrate_rows *rows = api.rows;
        if (strcmp(migrate_rows_text(rows, i, migrate_rows_column_index(rows, "rule")), "GD50") == 0)
            continue;
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s:%s:%s:%s", used > 0 ? " " : "",
                                 migrate_rows_text(rows, i, migrate_rows_column_index(rows, "rule")),
                                 migrate_rows_text(rows, i, migrate_rows_column_index(rows, "severity")),
                                 migrate_rows_text(rows, i, migrate_rows_column_index(rows, "line")),
                                 migrate_rows_text(rows, i, migrate_rows_column_index(rows, "column")));
    }
    return out;
}

static void says(size_t row, const char *words)
{
    const char *message = migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, "message"));
    ck_assert_msg(message && strstr(message, words), "\"%s\" is not in \"%s\"", words, message ? message : "");
}

START_TEST(test_plan_names_losses)
{
    begin_with_leads();
    next("SELECT 1;\n  DELETE FROM leads WHERE id = 1;\nUPDATE leads SET name = 'x';\nDROP TABLE leads;\nDROP TABLE IF EXISTS absent;\n");
    ck_assert_str_eq(found(), "GD03:warning:2:3 GD06:warning:3:1 GD01:warning:4:1 GD01:info:5:1");
    says(0, "deletes rows of leads (of the 3 rows that it has)");
    says(1, "overwrites values in all rows of leads (3 rows)");
    says(2, "drops the table leads (3 rows)");
    says(3, "not there now");
    next("-- migrate: allow-data-loss old ones\nDELETE FROM leads;\n");
    ck_assert_str_eq(found(), "GD03:info:2:1");
    says(0, "allowed: old ones");
}
END_TEST

/* What pending migrations made themselves is nobody's data. */
START_TEST(test_plan_of_an_empty_database)
{
    api_file("001_a.sql", LEADS "DELETE FROM leads;\n");
    api_file("002_b.sql", "ALTER TABLE leads ADD COLUMN b text; UPDATE leads SET b = 'x'; ALTER TABLE leads DROP COLUMN name;\n");
    api_file("003_c.sql", "DROP TABLE leads;\n");
    ck_assert_str_eq(found(), "");
}
END_TEST

START_TEST(test_plan_tells_rebuilds)
{
    begin_with_leads();
    next("CREATE TABLE n (id integer PRIMARY KEY);\nINSERT INTO n SELECT id FROM leads;\nDROP TABLE leads;\nALTER TABLE n RENAME TO leads;\n");
    ck_assert_str_eq(found(), "GD11:info:3:1");
    next("CREATE TABLE n (id integer PRIMARY KEY);\nDROP TABLE leads;\nALTER TABLE n RENAME TO leads;\n");
    ck_assert_str_eq(found(), "GD01:warning:2:1");
}
END_TEST

/* A big table is not counted; a role that may not read is told so. */
START_TEST(test_plan_estimates)
{
    if (api.engine == API_SQLITE)
        return;
    begin_with_leads();
    api_sql("INSERT INTO leads SELECT i, 'x' FROM generate_series(10, 150009) i; ANALYZE leads");
    next("TRUNCATE leads CASCADE;\n");
    ck_assert_str_eq(found(), "GD02:warning:1:1");
    says(0, "about 150 thousand rows");
    const char *url = api_role();
    api_sql("DELETE FROM leads WHERE id > 5; ANALYZE leads");
    char grant[600];
    snprintf(grant, sizeof grant, "GRANT SELECT ON libmigrate_history TO \"%s\"", api.database);
    api_sql(grant);
    api_option("preflight", "off");
    api_use(url);
    ck_assert_str_eq(found(), "GD02:warning:1:1");
    says(0, "the role may not read it");
}
END_TEST

START_TEST(test_rollback_plan)
{
    begin_with_leads();
    API_OK(api_plan("empty"));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), api.engine == API_POSTGRESQL ? "GD01 GD50" : "GD01");
    says(0, "drops the table leads (3 rows)");
}
END_TEST

/* ---- protected databases ---- */

static int32_t protect(int32_t on, const char *reason)
{
    migrate_rows *rows = NULL;
    int32_t code = api.session ? MIGRATE_OK : api_open(NULL);
    if (code == MIGRATE_OK)
        code = migrate_protect(api.session, on, reason, &rows, api_error());
    if (code == MIGRATE_OK) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

START_TEST(test_protected)
{
    begin_with_leads();
    API_FAILS(protect(1, NULL), MIGRATE_ERROR_MISUSE, "usage");
    API_OK(protect(1, "production"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 1);
    API_OK(protect(1, "again"));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    ck_assert_str_eq(api_events("protected"), "1");
    ck_assert_str_eq(api_query("SELECT effect, reason FROM libmigrate_history WHERE event = 'protected'"), "none|production");
    API_OK(api_status());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "protected"), 1);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "confirm"), database_name());

    next("DELETE FROM leads WHERE id = 1;\n");
    ck_assert_str_eq(found(), "GD03:error:1:1");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("002_next.sql", 1, 1);
    char confirm[400];
    snprintf(confirm, sizeof confirm, "--confirm '%s'", database_name());
    API_SAYS(confirm);
    API_FAILS(api_startup("apply"), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", "another");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("another");
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "3");
    api_option("confirm", database_name());
    ck_assert_str_eq(found(), "GD03:warning:1:1");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "2");

    api_option("confirm", NULL);
    api_file("003_harmless.sql", "DROP TABLE IF EXISTS other;\nCREATE TABLE other (id integer);\n-- ROLLBACK: DROP TABLE other;\n");
    API_OK(api_apply()); /* what loses nothing needs no word */
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_REFUSED, "state");
    API_FAILS(protect(0, "no longer"), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", database_name());
    API_OK(protect(0, "no longer"));
    api_option("confirm", NULL);
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_applied(), "001_leads 002_next");
}
END_TEST

/* A product that shares the database is bound by it, too. */
START_TEST(test_protected_for_every_module)
{
    begin_with_leads();
    API_OK(protect(1, "production"));
    api_option("module", "other");
    api_remove("001_leads.sql");
    next("DELETE FROM leads;\n");
    api_option("on_unmanaged", "apply");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    api_option("confirm", database_name());
    API_OK(api_apply());
    api_option("confirm", NULL);
    API_OK(api_apply()); /* nothing to do */
    API_OK(api_history());
    ck_assert_str_eq(api_column("event"), "applied");
}
END_TEST

/* ---- row guards ---- */

/* The statement that is to blame; nothing is left of the migration. */
static void check_guarded(const char *sql, const char *words, int64_t line, int64_t column)
{
    next(sql);
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS(words);
    API_SAYS("allow-data-loss");
    API_PLACE("002_next.sql", line, column);
    ck_assert_str_eq(api_applied(), "001_leads");
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "3");
}

static void check_passes(const char *sql)
{
    next(sql);
    API_OK(api_apply());
}

START_TEST(test_guarded)
{
    begin_with_leads();
    api_option("protect", API_EITHER("leads", "public.leads"));
    check_guarded("CREATE TABLE x (a integer);\nUPDATE leads SET name = 'q';\n DELETE FROM leads WHERE id = 2;\nDELETE FROM leads WHERE id = 77;\n",
                  "leads has 2 rows now, and had 3 before", 3, 2);
    ck_assert_str_eq(api_events("failed"), "1");
    check_guarded("DELETE FROM leads;\nINSERT INTO leads VALUES (9, 'x');\n", "leads has 1 row now", 1, 1);
    check_guarded("DROP TABLE leads;\n", "leads is gone, with 3 rows", 1, 1);
    check_guarded("CREATE TABLE n (id integer PRIMARY KEY, name text);\nINSERT INTO n SELECT * FROM leads WHERE id < 3;\nDROP TABLE leads;\n"
                  "ALTER TABLE n RENAME TO leads;\n",
                  "leads has 2 rows now", 3, 1);
    api_option("transaction", "run");
    check_guarded("DELETE FROM leads WHERE id = 2;\n", "leads has 2 rows now", 1, 1);
}
END_TEST

START_TEST(test_guarded_passes)
{
    begin_with_leads();
    api_option("protect", "leads");
    check_passes("DELETE FROM leads WHERE id = 2;\nINSERT INTO leads VALUES (2, 'b');\nALTER TABLE leads RENAME TO people;\n");
    api_option("protect", "people");
    api_file("003_c.sql", "CREATE TABLE n (id integer PRIMARY KEY, name text);\nINSERT INTO n SELECT * FROM people;\nDROP TABLE people;\n"
                          "ALTER TABLE n RENAME TO people;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(*) FROM people"), "3");
    api_file("004_d.sql", "ALTER TABLE people RENAME TO old;\nCREATE TABLE people (id integer PRIMARY KEY, name text);\n"
                          "INSERT INTO people SELECT * FROM old;\nDROP TABLE old;\n");
    API_OK(api_apply());
    api_option("protect", "people,made");
    api_file("005_e.sql", "CREATE TABLE made (id integer);\n");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_guarded_automatically)
{
    begin_with_leads();
    api_option("protect", "auto");
    check_guarded("SELECT 1;\nDELETE FROM leads WHERE id = 2;\n", "leads has 2 rows now, and had 3 before", 2, 1);
    check_guarded("WITH x AS (SELECT 2 AS id) DELETE FROM leads WHERE id IN (SELECT id FROM x);\n", "leads has 2 rows now", 1, 1);
    check_passes("UPDATE leads SET name = 'x';\n");
    if (api.engine == API_POSTGRESQL) {
        api_file("003_c.sql", "DO $$ BEGIN DELETE FROM leads WHERE id = 1; END $$;\n");
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        API_SAYS("leads has 2 rows now");
    }
}
END_TEST

/* Rows that go with others are rows that go. */
START_TEST(test_guarded_against_cascades)
{
    begin_with_leads();
    api_sql("CREATE TABLE faqs (id integer PRIMARY KEY, lead integer REFERENCES leads ON DELETE CASCADE)");
    api_sql("INSERT INTO faqs VALUES (1, 1), (2, 2)");
    api_option("protect", "faqs");
    next("-- migrate: foreign-keys on\nDELETE FROM leads WHERE id = 2;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("faqs has 1 row now, and had 2 before");
    API_PLACE("002_next.sql", 2, 1);
}
END_TEST

START_TEST(test_loss_that_is_allowed)
{
    begin_with_leads();
    api_option("protect", "leads");
    next("-- migrate: allow-data-loss they were doubles\nDELETE FROM leads WHERE id = 2;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT reason FROM libmigrate_history WHERE id = '002_next'"),
                     "they were doubles: leads has 2 rows now, and had 3 before");
    ck_assert_int_ge(api_told("warning"), 1);
    api_option("allow_data_loss", "spring cleaning");
    api_file("003_c.sql", "DROP TABLE leads;\n");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT reason FROM libmigrate_history WHERE id = '003_c'"),
                     "spring cleaning: the table leads is gone, with 2 rows");
}
END_TEST

START_TEST(test_guarded_names)
{
    begin_with_leads();
    next("SELECT 1;\n");
    api_option("protect", "laeds");
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("is leads meant?");
    api_option("protect", "nothing.like_it");
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    api_option("protect", "leads, made");
    next("CREATE TABLE made (a integer);\n");
    API_OK(api_apply());
}
END_TEST

/* A budget that is over leaves what is not named uncounted, and says so. */
START_TEST(test_budget)
{
    begin_with_leads();
    api_option("protect_budget", "1us"); /* over before anything can be counted, on any machine */
    api_option("protect", "auto");
    int warnings = api_told("warning");
    next("DELETE FROM leads WHERE id = 2;\n");
    API_OK(api_apply());
    ck_assert_int_gt(api_told("warning"), warnings);
    api_option("protect", "leads"); /* what is named is counted, whatever it takes */
    api_file("003_c.sql", "DELETE FROM leads WHERE id = 3;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("leads has 1 row now, and had 2 before");
}
END_TEST

/* What runs in no transaction is not taken back, which is said. */
START_TEST(test_without_a_transaction)
{
    begin_with_leads();
    api_option("protect", "leads");
    next(API_EITHER("DELETE FROM leads WHERE id = 2;\nCOMMIT;\nVACUUM;\nCREATE TABLE b (a integer);\n",
                    "DELETE FROM leads WHERE id = 2;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON leads (name);\nCREATE TABLE b (a integer);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("leads has 2 rows now, and had 3 before");
    API_SAYS("not taken back");
    API_PLACE("002_next.sql", 1, 1);
    ck_assert_str_eq(api_applied(), "001_leads");
}
END_TEST

/* Nor is it forgotten: the next run compares with what was there before the work began, and runs nothing twice. */
START_TEST(test_lost_behind_the_last_statement)
{
    begin_with_leads();
    api_option("protect", "leads");
    next(API_EITHER("-- migrate: no-transaction\nCREATE INDEX i ON leads (name);\nDELETE FROM leads WHERE id = (SELECT min(id) FROM leads);\n",
                    "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY i ON leads (name);\n"
                    "DELETE FROM leads WHERE id = (SELECT min(id) FROM leads);\n"));
    for (int i = 0; i < 3; i++) {
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        API_SAYS("leads has 2 rows now, and had 3 before");
        API_SAYS("2 of its 2 statements are done");
        ck_assert_str_eq(api_applied(), "001_leads");
        ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "2");
    }
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE reason LIKE 'rows before it began: 3 of %'"), "4");
    api_option("protect", "auto"); /* whatever the option names by now */
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("had 3 before");
    api_option("allow_data_loss", "it was a double");
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT reason FROM libmigrate_history WHERE id = '002_next' AND event = 'applied'"),
                     "it was a double: leads has 2 rows now, and had 3 before");
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "2");
}
END_TEST

START_TEST(test_lost_ahead_of_a_last_transaction)
{
    begin_with_leads();
    api_option("protect", "leads");
    next(API_EITHER("DELETE FROM leads WHERE id = 2;\nCOMMIT;\nVACUUM;\nCREATE TABLE b (a integer);\n",
                    "DELETE FROM leads WHERE id = 2;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON leads (name);\nCREATE TABLE b (a integer);\n"));
    for (int i = 0; i < 2; i++) {
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        API_SAYS("leads has 2 rows now, and had 3 before");
        ck_assert_str_eq(api_tables(), "leads");
    }
    api_sql("INSERT INTO leads VALUES (2, 'again')");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "b leads");
}
END_TEST

/* What is no longer there is missed, too. */
START_TEST(test_table_lost_in_parts)
{
    begin_with_leads();
    api_option("protect", _i ? "auto" : "leads");
    next(API_EITHER("DROP TABLE leads;\nCOMMIT;\nVACUUM;\nCREATE TABLE b (a integer);\n",
                    "DROP TABLE leads;\nCOMMIT;\nCREATE TABLE c (a integer);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON c (a);\nCREATE TABLE b (a integer);\n"));
    for (int i = 0; i < 2; i++) {
        API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
        API_SAYS("leads");
        API_SAYS("is gone, with 3 rows");
    }
    API_OK(api_mark("applied", "002_next", "it is meant"));
    API_OK(api_plan(NULL));
    ck_assert_int_eq((int)migrate_rows_count(api.rows), 0);
}
END_TEST

START_TEST(test_table_lost_in_parts_auto)
{
    test_table_lost_in_parts_fn(1);
}
END_TEST

/* It does not make a database one that is managed. */
START_TEST(test_protected_but_not_managed)
{
    api_sql("CREATE TABLE there (id integer)");
    API_OK(protect(1, "production"));
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n");
    API_OK(api_status());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "state"), "unmanaged");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
    api_option("on_unmanaged", "apply");
    API_OK(api_apply());
    api_option("on_unmanaged", NULL);
    api_file("002_b.sql", "CREATE TABLE b (id integer);\n");
    API_OK(api_apply());
}
END_TEST

static int32_t purge(migrate_connection *connection, void *user)
{
    (void)user;
    return migrate_connection_exec(connection, "DELETE FROM leads WHERE id = 3", NULL);
}

START_TEST(test_code)
{
    migrate_source *source = NULL;
    ck_assert_int_eq(migrate_source_new(&source, NULL), 0);
    begin_with_leads();
    ck_assert_int_eq(migrate_source_add_code(source, "002_code", "1", purge, NULL, NULL, NULL), 0);
    api_source(source);
    api_option("dir", NULL);
    ck_assert_int_eq(migrate_source_add(source, "001_leads", LEADS "-- ROLLBACK: DROP TABLE leads;\n", NULL, NULL), 0);
    ck_assert_str_eq(found(), "GD12:info:0:0");
    api_option("protect", "leads");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("002_code: leads has 2 rows now, and had 3 before");
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "3");
    api_close();
    migrate_source_free(source);
}
END_TEST

/* ---- expectations ---- */

static void check_expected(const char *directive, const char *sql, bool holds)
{
    char text[500];
    snprintf(text, sizeof text, "-- migrate: %s\n%s\n", directive, sql);
    next(text);
    if (holds) {
        API_OK(api_apply());
        API_OK(api_mark("forgotten", "002_next", "again"));
        return;
    }
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_SAYS("does not hold");
    API_PLACE("002_next.sql", 1, 14 + (int64_t)strcspn(directive, " "));
}

START_TEST(test_expectations)
{
    begin_with_leads();
    check_expected("expect rows(leads) >= before", "SELECT 1;", true);
    check_expected("expect rows(leads) >= before", "DELETE FROM leads WHERE id = 1;", false);
    check_expected("expect rows(leads) == before - 1", "DELETE FROM leads WHERE id = 1;", true);
    check_expected("expect rows(leads) = 3", "INSERT INTO leads VALUES (1, 'a');", true);
    check_expected("expect rows(leads) < before+1", "INSERT INTO leads VALUES (4, 'a');", false);
    check_expected("expect rows(leads) <= before+1", "INSERT INTO leads VALUES (5, 'a');", true);
    check_expected("expect rows(leads)>4", "SELECT 1;", false);
    check_expected("expect rows(leads) != 4", "SELECT 1;", false);
    check_expected("expect rows(fresh) == before+2", "CREATE TABLE fresh (a integer); INSERT INTO fresh VALUES (1), (2);", true);
    check_expected("expect rows(absent) == 0", "SELECT 1;", false);
    check_expected("assert SELECT count(*) > 3 FROM leads", "SELECT 1;", true);
    check_expected("assert SELECT count(*) = 0 FROM leads;", "SELECT 1;", false);
    check_expected("assert SELECT id > 0 FROM leads", "SELECT 1;", false);
    check_expected("assert SELECT NULL", "SELECT 1;", false);
    check_expected("assert-before SELECT count(*) = 0 FROM leads", "DELETE FROM leads;", false);
    check_expected("assert-before SELECT count(*) = 4 FROM leads", "DELETE FROM leads;", true);
    ck_assert_str_eq(api_query("SELECT count(*) FROM leads"), "0");
}
END_TEST

START_TEST(test_expectations_that_do_not_fit)
{
    static const struct {
        const char *text, *words;
        int64_t column;
    } wrong[] = {
        {"-- migrate: expect\nSELECT 1;\n", "needs a condition", 19},
        {"-- migrate: expect leads >= before\nSELECT 1;\n", "rows(TABLE)", 20},
        {"-- migrate: expect rows(leads >= before\nSELECT 1;\n", "rows(TABLE)", 31},
        {"-- migrate: expect rows(leads) ~ before\nSELECT 1;\n", ">=, <=", 32},
        {"-- migrate: expect rows(leads) >= after\nSELECT 1;\n", "\"before\" or a number", 35},
        {"-- migrate: expect rows(leads) >= before + x\nSELECT 1;\n", "a number", 44},
        {"-- migrate: expect rows(leads) >= 3 rows\nSELECT 1;\n", "end of the line", 37},
        {"-- migrate: assert\nSELECT 1;\n", "needs a query", 19},
        {"-- migrate: assert DELETE FROM leads\nSELECT 1;\n", "one query", 20},
        {"-- migrate: assert SELECT 1; SELECT 2\nSELECT 1;\n", "one query", 20},
        {"-- migrate: asert SELECT 1\nSELECT 1;\n", "assert", 13},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        api_file("001_a.sql", wrong[i].text);
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_SAYS(wrong[i].words);
        API_PLACE("001_a.sql", 1, wrong[i].column);
    }
}
END_TEST

/* ---- no way back ---- */

START_TEST(test_rollback_lists_what_has_no_way_back)
{
    api_option("generate_down", "off");
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n");
    api_file("002_b.sql", "CREATE TABLE b (id integer);\n-- ROLLBACK: DROP TABLE b;\n");
    api_file("003_c.sql", "CREATE TABLE c (id integer);\n");
    API_OK(api_apply());
    API_FAILS(api_rollback("empty"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    API_SAYS("003_c");
    API_SAYS("001_a");
    API_SAYS_NOT("002_b");
    ck_assert_str_eq(api_tables(), "a b c");
}
END_TEST

API("guards", test_plan_names_losses, test_plan_of_an_empty_database, test_plan_tells_rebuilds, test_plan_estimates, test_rollback_plan,
    test_protected, test_protected_for_every_module, test_guarded, test_guarded_passes, test_guarded_automatically,
    test_guarded_against_cascades, test_loss_that_is_allowed, test_guarded_names, test_budget, test_without_a_transaction,
    test_lost_behind_the_last_statement, test_lost_ahead_of_a_last_transaction, test_table_lost_in_parts, test_table_lost_in_parts_auto,
    test_protected_but_not_managed, test_code,
    test_expectations, test_expectations_that_do_not_fit, test_rollback_lists_what_has_no_way_back)
