/* SPDX-License-Identifier: MIT
 * What a run leaves of the schema: however it ends, the newest row vouches for what is there, and drift says so without more ado; and when
 * it does not, drift knows. */
#include "api.h"

#include <stdio.h>
#include <string.h>

static int32_t diff(void)
{
    migrate_rows *rows = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    int32_t code = migrate_diff(api.session, &rows, api_error());
    if (code >= 0) {
        migrate_rows_free(api.rows);
        api.rows = rows;
    }
    return code;
}

static const char *by(void)
{
    const char *text = migrate_rows_value_text(api.rows, "by");
    return text ? text : "";
}

/* By the fingerprint, which stands where it should: how many rows have one, and the event of the newest that has. */
static void check_vouched(const char *rows, const char *event)
{
    API_OK(diff());
    ck_assert_str_eq(by(), "fingerprint");
    ck_assert_str_eq(api_query("SELECT count(fingerprint) FROM libmigrate_history"), rows);
    ck_assert_str_eq(api_query("SELECT event FROM libmigrate_history WHERE fingerprint IS NOT NULL ORDER BY seq DESC LIMIT 1"), event);
}

/* Then somebody's hand is seen, and by what. */
static void check_seen(const char *expected)
{
    api_sql("CREATE TABLE by_hand (id int)");
    int32_t code = diff();
    ck_assert_msg(code == MIGRATE_DIFFERS, "%d %s", (int)code, api.error ? migrate_error_message(api.error) : "");
    ck_assert_str_eq(by(), expected);
    ck_assert_str_eq(api_column("ident"), API_EITHER("by_hand", "public.by_hand"));
    api_sql("DROP TABLE by_hand");
    API_OK(diff());
}

static void three(void)
{
    api_option("generate_down", "off");
    api_file("001_a.sql", "CREATE TABLE a (id int);\n-- ROLLBACK: DROP TABLE a;\n");
    api_file("002_b.sql", "CREATE TABLE b (id int);\n-- ROLLBACK: DROP TABLE b;\n");
    api_file("003_c.sql", "CREATE TABLE c (id int);\n-- ROLLBACK: DROP TABLE c;\n");
}

START_TEST(test_apply_and_rollback)
{
    three();
    api_option("fingerprint", "on");
    API_OK(api_apply());
    check_vouched("1", "applied");
    check_seen("replay");
    API_OK(api_rollback("-2"));
    check_vouched("2", "rolled_back");
    API_OK(api_startup("apply"));
    check_vouched("3", "applied");
    API_OK(api_apply());
    check_vouched("3", "applied");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "7");
}
END_TEST

START_TEST(test_off)
{
    three();
    API_OK(api_apply());
    ck_assert_str_eq(api_query("SELECT count(fingerprint) FROM libmigrate_history"), "0");
    API_OK(diff());
    ck_assert_str_eq(by(), "replay");
    check_seen("replay");
}
END_TEST

/* The newest row counts: behind a run without a fingerprint the older one says nothing any more. */
START_TEST(test_stale)
{
    three();
    api_option("keep_facts", "on");
    API_OK(api_apply());
    api_option("keep_facts", "off");
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    API_OK(api_apply());
    API_OK(diff());
    ck_assert_str_eq(by(), "replay");
    check_seen("replay");
    /* a mark changes nothing in the schema */
    api_option("fingerprint", "on");
    api_file("005_e.sql", "CREATE TABLE e (id int);\n");
    API_OK(api_apply());
    api_option("fingerprint", "off");
    api_file("006_f.sql", "CREATE TABLE f (id int);\n");
    API_OK(api_mark("applied", "006_f", "it is nothing"));
    check_vouched("2", "applied");
}
END_TEST

START_TEST(test_marks)
{
    three();
    api_option("keep_facts", "on");
    api_sql("CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int)");
    migrate_rows *rows = NULL;
    API_OK(api_open(NULL));
    API_OK(migrate_baseline(api.session, NULL, "it was there", &rows, api_error()));
    migrate_rows_free(rows);
    check_vouched("1", "baselined");
    check_seen("facts");
    api_sql("CREATE TABLE d (id int)");
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    API_OK(api_mark("applied", "004_d", "done by hand"));
    check_vouched("2", "marked");
    check_seen("facts");
}
END_TEST

START_TEST(test_schema_file)
{
    three();
    api_option("keep_facts", "on");
    api_file("schema.sql", "-- migrate: stands-for 002_b\nCREATE TABLE a (id int);\nCREATE TABLE b (id int);\n");
    API_OK(api_apply());
    check_vouched("1", "applied");
    api_remove("003_c.sql");
    api_sql("DELETE FROM libmigrate_history; DROP TABLE a; DROP TABLE b; DROP TABLE c");
    API_OK(api_apply());
    check_vouched("1", "baselined");
    check_seen("facts");
}
END_TEST

/* What came before the failure stays, and is vouched for. */
START_TEST(test_failure)
{
    three();
    api_option("keep_facts", "on");
    api_file("002_b.sql", "CREATE TABLE b (id int);\nnonsense;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    check_vouched("1", "failed");
    check_seen("facts");
    /* nothing was done this time: nothing is vouched for */
    api_sql("CREATE TABLE by_hand (id int)");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_int_eq(diff(), MIGRATE_DIFFERS);
    api_sql("DROP TABLE by_hand");
    api_file("002_b.sql", "CREATE TABLE b (id int);\n");
    API_OK(api_apply());
    check_vouched("2", "applied");
}
END_TEST

/* One that takes the whole transaction along. */
START_TEST(test_failure_of_all)
{
    three();
    api_option("fingerprint", "on");
    api_file("002_b.sql", API_EITHER("CREATE TABLE b (id int UNIQUE);\nINSERT INTO b VALUES (1);\nINSERT OR ROLLBACK INTO b VALUES (1);\n",
                                     "CREATE TABLE b (id int UNIQUE);\nINSERT INTO b VALUES (1), (1);\n"));
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    ck_assert_str_eq(api_tables(), "a");
    check_vouched("1", "failed");
}
END_TEST

/* The host ends the run early. */
START_TEST(test_pulled)
{
    migrate_run *run = NULL;
    three();
    api_option("keep_facts", "on");
    API_OK(api_open(NULL));
    API_OK(migrate_run_begin(api.session, NULL, &run, api_error()));
    ck_assert_int_eq(migrate_run_step(run, api_error()), MIGRATE_MORE);
    ck_assert_int_eq(migrate_run_step(run, api_error()), MIGRATE_MORE);
    API_OK(migrate_run_end(run, NULL, api_error()));
    ck_assert_str_eq(api_tables(), "a b libmigrate_history_facts");
    check_vouched("1", "fingerprint");
    check_seen("facts");
    API_OK(api_apply());
    check_vouched("2", "applied");
}
END_TEST

static migrate_token *token;

static int32_t stop_at_second(migrate_connection *connection, void *user)
{
    (void)user;
    migrate_token_stop(token);
    return migrate_connection_exec(connection, "CREATE TABLE coded (id int)", NULL);
}

/* A stop in the middle of a step, and one between two. */
START_TEST(test_stopped)
{
    migrate_source *source = NULL;
    api_option("fingerprint", "on");
    API_OK(migrate_token_new(&token, api_error()));
    API_OK(migrate_options_set_token(api.options, token, api_error()));
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_a", "CREATE TABLE a (id int)", NULL, api_error()));
    API_OK(migrate_source_add_code(source, "002_code", "1", stop_at_second, NULL, NULL, api_error()));
    API_OK(migrate_source_add(source, "003_c", "CREATE TABLE c (id int)", NULL, api_error()));
    api_source(source);
    API_OK(api_open(NULL));
    ck_assert_int_eq(migrate_apply(api.session, NULL, NULL, api_error()), MIGRATE_STOPPED);
    API_OK(migrate_options_set_token(api.options, NULL, api_error()));
    api_close();
    check_vouched("1", "applied");
    API_OK(api_apply());
    check_vouched("2", "applied");
    migrate_source_free(source);
    migrate_token_free(token);
}
END_TEST

/* Work that is not one transaction: the last row, whether its last part is one or not. */
START_TEST(test_parts)
{
    three();
    api_option("keep_facts", "on");
    api_file("004_alone.sql", API_EITHER("-- migrate: no-transaction\nCREATE INDEX a_id ON a (id);\nVACUUM;\n",
                                         "-- migrate: no-transaction\nCREATE TABLE d (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"));
    API_OK(api_apply());
    check_vouched("1", "applied");
    check_seen("facts");
    api_file("005_parts.sql", "BEGIN;\nCREATE INDEX b_id ON b (id);\nCOMMIT;\nCREATE INDEX c_id ON c (id);\n");
    API_OK(api_apply());
    check_vouched("2", "applied");
    check_seen("facts");
    api_file("006_broken.sql", "BEGIN;\nCREATE TABLE e (id int);\nCOMMIT;\nnonsense;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_PARTIAL, "state");
    check_vouched("3", "failed");
    check_seen("facts");
}
END_TEST

START_TEST(test_all_or_nothing)
{
    three();
    api_option("keep_facts", "on");
    api_option("transaction", "run");
    API_OK(api_apply());
    check_vouched("1", "applied");
    check_seen("facts");
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    api_file("005_e.sql", "nonsense;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    check_vouched("1", "applied");
}
END_TEST

/* Fingerprints in other words, facts that are gone, or are no longer all there: none of them is believed. */
START_TEST(test_others_words)
{
    three();
    api_option("keep_facts", "on");
    API_OK(api_apply());
    check_seen("facts");
    api_sql("DELETE FROM libmigrate_history_facts WHERE number = 1");
    check_seen("replay");
    api_sql("DROP TABLE libmigrate_history_facts");
    check_seen("replay");
    api_sql("UPDATE libmigrate_history SET fingerprint = '0:' || substr(fingerprint, 3) WHERE fingerprint IS NOT NULL");
    API_OK(diff());
    ck_assert_str_eq(by(), "replay");
    check_seen("replay");
    api_sql(API_EITHER("UPDATE libmigrate_history SET fingerprint = replace(fingerprint, '0:sqlite3', '1:sqlite2')",
                       "UPDATE libmigrate_history SET fingerprint = regexp_replace(fingerprint, '0:postgresql[0-9]*', '1:postgresql9')"));
    API_OK(diff());
    ck_assert_str_eq(by(), "replay");
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    API_OK(api_apply());
    check_vouched("2", "applied");
    check_seen("facts");
}
END_TEST

/* Each module vouches for the whole schema. */
START_TEST(test_modules)
{
    three();
    api_option("keep_facts", "on");
    API_OK(api_apply());
    for (int i = 1; i <= 3; i++) {
        char name[40];
        snprintf(name, sizeof name, "00%d_%c.sql", i, 'a' + i - 1);
        api_remove(name);
    }
    api_option("module", "other");
    api_option("on_unmanaged", "apply");
    api_file("001_x.sql", "CREATE TABLE x (id int);\n");
    API_OK(api_apply());
    API_OK(diff());
    ck_assert_str_eq(by(), "fingerprint");
    check_seen("facts");
    ck_assert_str_eq(api_query("SELECT count(DISTINCT module) FROM libmigrate_history_facts"), "2");
    api_option("module", NULL);
    API_OK(diff());
    ck_assert_str_eq(by(), "fingerprint");
    check_seen("facts");
    /* one of them stops to leave fingerprints: nobody can tell any more */
    api_option("module", "other");
    api_option("keep_facts", "off");
    api_file("002_y.sql", "CREATE TABLE y (id int);\n");
    API_OK(api_apply());
    API_FAILS(diff(), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS("\"\" changed the same schema");
    API_SAYS("keep_facts=on");
}
END_TEST

/* What a run comes upon counts as the migrations' from then on, but it says so. */
START_TEST(test_warning)
{
    three();
    api_option("fingerprint", "on");
    API_OK(api_apply());
    ck_assert_int_eq(api_told("warning"), 0);
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    API_OK(api_apply());
    ck_assert_int_eq(api_told("warning"), 0);
    api_sql("CREATE TABLE by_hand (id int)");
    api_file("005_e.sql", "CREATE TABLE e (id int);\n");
    API_OK(api_apply());
    ck_assert_int_eq(api_told("warning"), 1);
    check_vouched("3", "applied");
}
END_TEST

START_TEST(test_nothing_yet)
{
    three();
    API_OK(diff());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    check_seen("replay");
}
END_TEST

/* The role may write the history, but keep no facts. */
START_TEST(test_rights)
{
    if (api.engine == API_SQLITE)
        return;
    three();
    api_option("keep_facts", "on");
    API_OK(api_apply());
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    api_use(api_role());
    api_sql("GRANT SELECT, INSERT ON libmigrate_history TO PUBLIC; GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC");
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT, INSERT, DELETE ON \"public\".\"libmigrate_history_facts\" TO ");
    api_option("preflight", "off");
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT, INSERT, DELETE ON \"public\".\"libmigrate_history_facts\" TO ");
    ck_assert_str_eq(api_query("SELECT count(*) FROM pg_class WHERE relname = 'd'"), "0");
    api_sql("CREATE TABLE by_hand (id int)");
    API_FAILS(diff(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT ON \"public\".\"libmigrate_history_facts\" TO ");
    api_sql("DROP TABLE libmigrate_history_facts");
    API_FAILS(diff(), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS("keep_facts=on");
    API_SAYS("shadow_url");
    api_sql("DROP TABLE by_hand");
    api_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
}
END_TEST

/* A name that PostgreSQL would cut to the history's own. */
START_TEST(test_long_name)
{
    three();
    api_option("keep_facts", "on");
    api_option("history_table", "a_name_that_leaves_no_room_for_another_one_with_an_ending_12345");
    API_FAILS(api_apply(), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("history_table");
}
END_TEST

START_TEST(test_privileges)
{
    if (api.engine == API_SQLITE)
        return;
    three();
    api_option("keep_facts", "on");
    API_OK(api_apply());
    api_sql("GRANT SELECT ON a TO PUBLIC");
    API_OK(diff());
    ck_assert_str_eq(by(), "fingerprint");
    api_option("schema_privileges", "on");
    ck_assert_int_eq(diff(), MIGRATE_DIFFERS); /* by the replay: other words */
    ck_assert_str_eq(by(), "replay");
    ck_assert_str_eq(api_column("kind"), "privilege");
    api_file("004_d.sql", "CREATE TABLE d (id int);\n");
    API_OK(api_apply());
    API_OK(diff());
    ck_assert_str_eq(by(), "fingerprint");
    api_sql("REVOKE SELECT ON a FROM PUBLIC; ALTER TABLE b OWNER TO pg_monitor");
    ck_assert_int_eq(diff(), MIGRATE_DIFFERS);
    ck_assert_str_eq(by(), "facts");
    ck_assert_str_eq(api_column("kind"), "owner privilege");
    char *restore = strdup(migrate_rows_value_text(api.rows, "restore"));
    ck_assert_ptr_nonnull(restore);
    api_sql(restore);
    free(restore);
    API_OK(diff());
}
END_TEST

API("vouch", test_apply_and_rollback, test_off, test_stale, test_marks, test_schema_file, test_failure, test_failure_of_all, test_pulled,
    test_stopped, test_parts, test_all_or_nothing, test_others_words, test_modules, test_warning, test_nothing_yet, test_rights,
    test_long_name, test_privileges)
