/* SPDX-License-Identifier: MIT
 * Databases that cannot be reached, are not what they should be, or grant too little: each has its own clear
 * error, changes nothing, and works as soon as that is mended. */
#include "api.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "CREATE TABLE one (x integer);\n"

/* The first migration is applied; what follows must leave it at that. */
static void make_base(void)
{
    api_file("001_one.sql", ONE);
    API_OK(api_apply());
}

static void check_base(int line)
{
    const char *tables = api_tables();
    ck_assert_msg(strcmp(tables, "one") == 0, "line %d: tables %s", line, tables);
    const char *applied = api_applied();
    ck_assert_msg(strcmp(applied, "001_one") == 0, "line %d: applied %s", line, applied);
    ck_assert_str_eq(api_events("failed"), "0");
}
#define AS_BEFORE() check_base(__LINE__)

/* ---- URLs and connecting ---- */

START_TEST(test_url)
{
    static const char *const urls[] = {
        "mysql://me:secret@host/db", "just/a/path.db", "", "://", "postgres", "sqlite:", "file:"};
    make_base();
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        API_FAILS(api_open(urls[i]), MIGRATE_ERROR_URL, "usage");
        API_SAYS_NOT("secret");
    }
    API_FAILS(migrate_open(NULL, api.options, &api.session, api_error()), MIGRATE_ERROR_URL, "usage");
    ck_assert_ptr_null(api.session);
    ck_assert_int_eq(api_told("connecting"), 0);
    API_OK(api_apply());
    AS_BEFORE();
}
END_TEST

START_TEST(test_url_parameter)
{
    char url[700];
    if (api.engine != API_POSTGRESQL)
        return;
    snprintf(url, sizeof url, "%s?no_such_option=1", api.url);
    api_option("wait_timeout", "5min");
    API_FAILS(api_open(url), MIGRATE_ERROR_URL, "usage");
    API_SAYS("no_such_option");
    ck_assert_int_eq(api_told("connecting"), 0);
}
END_TEST

/* At once, though there would be five minutes to wait: no second attempt is made. */
START_TEST(test_wrong_password)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_option("wait_timeout", "5min");
    API_FAILS(api_open(api_url_with("pw", "not-the-secret", NULL)), MIGRATE_ERROR_AUTHENTICATION, "rights");
    API_SAYS_NOT("not-the-secret");
    API_FAILS(api_open(api_url_with("pw", "", NULL)), MIGRATE_ERROR_AUTHENTICATION, "rights");
    API_FAILS(api_open(api_url_with("nobody_of_that_name", NULL, NULL)), MIGRATE_ERROR_AUTHENTICATION,
              "rights");
    /* Mistakes in the URL that would make a part of the password something else. */
    static const char *const urls[] = {"postgresql://pw:not-the@secret@127.0.0.1:1/x", "postgresql:pw:not-the-secret@127.0.0.1/x",
                                       "POSTGRESQL://pw:not-the-secret@127.0.0.1/x"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        API_FAILS(api_open(urls[i]), MIGRATE_ERROR_URL, "usage");
        API_SAYS_NOT("secret");
    }
    ck_assert_int_eq(api_told("connecting"), 0);
    make_base();
    AS_BEFORE();
}
END_TEST

START_TEST(test_missing_database)
{
    api_option("wait_timeout", "5min");
    if (api.engine == API_POSTGRESQL) {
        API_FAILS(api_open(api_url_with(NULL, NULL, "no_such_database")), MIGRATE_ERROR_NO_DATABASE,
                  "environment");
        API_SAYS("no_such_database");
    } else {
        char url[700];
        snprintf(url, sizeof url, "file:%s/none.db?mode=rw", api.folder);
        api_file("001_one.sql", ONE);
        if (api_open(url) == MIGRATE_OK)
            API_FAILS(api_apply(), MIGRATE_ERROR_NO_DATABASE, "environment");
        snprintf(url, sizeof url, "%s/none.db", api.folder);
        ck_assert_int_ne(access(url, F_OK), 0);
    }
    ck_assert_int_eq(api_told("connecting"), 0);
    api_close();
    make_base();
    AS_BEFORE();
}
END_TEST

START_TEST(test_missing_folder)
{
    char url[700];
    if (api.engine != API_SQLITE)
        return;
    api_option("wait_timeout", "5min");
    api_file("001_one.sql", ONE);
    snprintf(url, sizeof url, "sqlite:%s/nowhere/app.db", api.folder);
    API_OK(api_open(url)); /* reads as an empty database, and is made by the first write */
    API_FAILS(api_apply(), MIGRATE_ERROR_CONNECT, "retry");
    API_SAYS("make the folder");
    ck_assert_int_eq(api_told("connecting"), 0);
}
END_TEST

START_TEST(test_not_a_database)
{
    static const char noise[] =
        "This is not a database file. It is long enough to be looked at, though, and it is text.";
    if (api.engine != API_SQLITE)
        return;
    api_file("001_one.sql", ONE);
    api_write(api.database, noise, sizeof noise);
    API_FAILS(api_apply(), MIGRATE_ERROR_IO, "environment");
    FILE *file = fopen(api.database, "rb");
    char now[sizeof noise];
    ck_assert_uint_eq(fread(now, 1, sizeof now, file), sizeof noise);
    fclose(file);
    ck_assert_mem_eq(now, noise, sizeof noise);
}
END_TEST

/* ---- databases that are not as expected ---- */

START_TEST(test_read_only_file)
{
    char url[700];
    if (api.engine != API_SQLITE)
        return;
    make_base();
    snprintf(url, sizeof url, "file:%s?mode=ro", api.database);
    api_use(url);
    API_OK(api_apply()); /* nothing to do: nothing to write */
    API_OK(api_startup("check"));
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    API_FAILS(api_apply(), MIGRATE_ERROR_READ_ONLY, "environment");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    API_FAILS(api_startup("apply"), MIGRATE_ERROR_READ_ONLY, "environment");
    API_OK(api_plan(NULL));
    ck_assert_str_eq(api_column("id"), "002_two");
    API_OK(api_status());
    API_FAILS(api_rollback("empty"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    AS_BEFORE();
    snprintf(url, sizeof url, "sqlite:%s", api.database);
    api_use(url);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "one two");
}
END_TEST

START_TEST(test_read_only_permissions)
{
    if (api.engine != API_SQLITE || geteuid() == 0)
        return;
    make_base();
    chmod(api.database, 0444);
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    API_FAILS(api_apply(), MIGRATE_ERROR_READ_ONLY, "environment");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    chmod(api.database, 0644);
}
END_TEST

/* A role or a database that reads by default may migrate all the same: the transaction says what it is. */
START_TEST(test_read_only_by_default)
{
    char sql[500];
    if (api.engine != API_POSTGRESQL)
        return;
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" SET default_transaction_read_only = on", api.database);
    api_sql(sql);
    make_base();
    AS_BEFORE();
}
END_TEST

START_TEST(test_history_not_ours)
{
    api_sql("CREATE TABLE libmigrate_history (id integer, version text)");
    api_sql("INSERT INTO libmigrate_history VALUES (1, 'theirs')");
    api_file("001_one.sql", ONE);
    API_FAILS(api_apply(), MIGRATE_ERROR_HISTORY, "state");
    API_SAYS("history_table");
    API_FAILS(api_status(), MIGRATE_ERROR_HISTORY, "state");
    API_FAILS(api_plan(NULL), MIGRATE_ERROR_HISTORY, "state");
    API_FAILS(api_startup("check"), MIGRATE_ERROR_HISTORY, "state");
    API_FAILS(api_history(), MIGRATE_ERROR_HISTORY, "state");
    ck_assert_str_eq(api_query("SELECT * FROM libmigrate_history"), "1|theirs");
    ck_assert_str_eq(api_tables(), "");
    api_option("history_table", "our_history");
    api_option("on_unmanaged", "apply");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "one our_history");
}
END_TEST

/* A table that has all that is read at first, but not what is written. */
START_TEST(test_history_half_ours)
{
    api_sql(
        "CREATE TABLE libmigrate_history (module text, seq bigint, format integer, state text, chain text)");
    api_file("001_one.sql", ONE);
    API_FAILS(api_apply(), MIGRATE_ERROR_HISTORY, "state");
    ck_assert_str_eq(api_tables(), "");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "0");
}
END_TEST

START_TEST(test_history_newer)
{
    make_base();
    api_sql("UPDATE libmigrate_history SET format = 2");
    API_OK(api_apply());
    API_OK(api_status());
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    API_FAILS(api_apply(), MIGRATE_ERROR_HISTORY, "state");
    API_SAYS("newer");
    AS_BEFORE();
    api_sql("UPDATE libmigrate_history SET format = 1");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_history_damaged)
{
    make_base();
    api_sql("UPDATE libmigrate_history SET chain = "
            "'0123456789012345678901234567890123456789012345678901234567890123456789'");
    API_FAILS(api_apply(), MIGRATE_ERROR_HISTORY, "state");
    API_FAILS(api_status(), MIGRATE_ERROR_HISTORY, "state");
    AS_BEFORE();
}
END_TEST

START_TEST(test_unmanaged)
{
    api_sql("CREATE TABLE one (x integer)");
    api_file("001_one.sql", ONE);
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
    API_SAYS("baseline");
    API_SAYS("on_unmanaged");
    API_FAILS(api_plan(NULL), MIGRATE_ERROR_UNMANAGED, "state");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    API_OK(api_status());
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "state"), "unmanaged");
    ck_assert_str_eq(api_tables(), "one");
    ck_assert_str_eq(api_events("applied"), "0");
    API_OK(migrate_baseline(api.session, "001_one", NULL, NULL, api_error()));
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_one 002_two");
}
END_TEST

START_TEST(test_unmanaged_apply)
{
    api_sql("CREATE TABLE theirs (x integer)");
    api_file("001_one.sql", ONE);
    api_option("on_unmanaged", "apply");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "one theirs");
}
END_TEST

/* Every kind of object counts; what an extension or another schema of the system brings does not. */
START_TEST(test_unmanaged_kinds)
{
    static const char *const sqlite[] = {"CREATE VIEW v AS SELECT 1 AS x", "DROP VIEW v", NULL};
    static const char *const postgresql[] = {"CREATE VIEW v AS SELECT 1 AS x",
                                             "DROP VIEW v",
                                             "CREATE SEQUENCE s",
                                             "DROP SEQUENCE s",
                                             "CREATE TYPE e AS ENUM ('a')",
                                             "DROP TYPE e",
                                             "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
                                             "DROP FUNCTION f()",
                                             "CREATE SCHEMA other CREATE TABLE t (x integer)",
                                             "DROP SCHEMA other CASCADE",
                                             NULL};
    api_file("001_one.sql", ONE);
    for (const char *const *sql = API_EITHER(sqlite, postgresql); *sql; sql += 2) {
        api_sql(sql[0]);
        API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
        api_sql(sql[1]);
    }
    API_OK(api_apply());
    AS_BEFORE();
}
END_TEST

START_TEST(test_unmanaged_extension)
{
    if (api.engine != API_POSTGRESQL ||
        strcmp(api_query("SELECT count(*) FROM pg_available_extensions WHERE name = 'hstore'"), "0") == 0)
        return;
    api_sql("CREATE EXTENSION hstore");
    make_base();
    AS_BEFORE();
}
END_TEST

/* ---- rights ---- */

START_TEST(test_history_unreadable)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_use(api_role());
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT ON \"public\".\"libmigrate_history\" TO \"migrate_api_");
    API_SAYS("SQLSTATE 42501");
    API_SAYS("mode=wait");
    API_FAILS(api_startup("check"), MIGRATE_ERROR_RIGHTS, "rights");
    API_FAILS(api_status(), MIGRATE_ERROR_RIGHTS, "rights");
    API_FAILS(api_history(), MIGRATE_ERROR_RIGHTS, "rights");
    api_sql("GRANT SELECT ON libmigrate_history TO PUBLIC");
    api_close();
    API_OK(api_apply());
    API_OK(api_startup("check"));
    AS_BEFORE();
}
END_TEST

/* The work could be done; that it was done could not be written down. */
START_TEST(test_history_unwritable)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("GRANT SELECT ON libmigrate_history TO PUBLIC; GRANT ALL ON one TO PUBLIC");
    api_file("002_two.sql", "INSERT INTO one VALUES (2);");
    api_use(api_role());
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT SELECT, INSERT ON \"public\".\"libmigrate_history\"");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_str_eq(api_query("SELECT count(*) FROM one"), "0");
    AS_BEFORE();
    api_use(api_url_with(NULL, NULL, NULL));
    API_OK(api_apply());
}
END_TEST

START_TEST(test_history_not_creatable)
{
    if (api.engine != API_POSTGRESQL)
        return;
    api_file("001_one.sql", "SELECT 1;");
    api_use(api_role());
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT CREATE ON SCHEMA public TO ");
    API_SAYS("libmigrate_history");
    API_SAYS("SQLSTATE 42501");
    API_SAYS("mode=wait");
    api_option("preflight", "off");
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_SAYS("GRANT CREATE ON SCHEMA \"public\" TO \"migrate_api_");
    API_SAYS("SQLSTATE 42501");
    API_SAYS("mode=wait");
    ck_assert_int_eq(api_startup("check"), MIGRATE_PENDING);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* The third pending one cannot work: the first is not even begun. */
START_TEST(test_create_right_foreseen)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("GRANT ALL ON libmigrate_history, one TO PUBLIC");
    api_file("002_two.sql", "INSERT INTO one VALUES (2);");
    api_file("003_three.sql", "UPDATE one SET x = 3;\n  CREATE TABLE three (x integer);\n");
    api_use(api_role());
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_PLACE("003_three.sql", 2, 3);
    ck_assert_str_eq(migrate_error_id(api.error), "003_three");
    API_SAYS("GRANT CREATE ON SCHEMA public TO ");
    API_SAYS("SQLSTATE 42501");
    API_SAYS("mode=wait");
    ck_assert_str_eq(api_query("SELECT count(*) FROM one"), "0");
    AS_BEFORE();
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), "rights GD06 GD50"); /* the others are what the UPDATE overwrites, without a backup */
    ck_assert_int_eq(strncmp(api_column("severity"), "error ", 6), 0);
    ck_assert_int_eq(strncmp(api_column("line"), "2 ", 2), 0);
    api_option("preflight", "off");
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_PLACE("003_three.sql", 2, 16);
    API_SAYS("SQLSTATE 42501");
    ck_assert_str_eq(api_applied(), "001_one 002_two");
    ck_assert_str_eq(api_query("SELECT x FROM one"), "2");
}
END_TEST

START_TEST(test_ownership_foreseen)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("GRANT ALL ON libmigrate_history, one TO PUBLIC");
    api_file("002_two.sql", "INSERT INTO one VALUES (2);");
    api_file("003_three.sql", "ALTER TABLE one ADD COLUMN y integer;\n");
    api_use(api_role());
    API_FAILS(api_apply(), MIGRATE_ERROR_RIGHTS, "rights");
    API_PLACE("003_three.sql", 1, 1);
    API_SAYS("does not own one");
    AS_BEFORE();
}
END_TEST

/* A schema's owner may drop what others made in it, and TRIGGER is a right of its own: neither is refused. */
START_TEST(test_other_rights_do)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("GRANT ALL ON libmigrate_history TO PUBLIC; GRANT TRIGGER ON one TO PUBLIC; CREATE SCHEMA api_theirs; "
            "CREATE TABLE api_theirs.old (x integer); CREATE VIEW api_theirs.seen AS SELECT 1 AS a; "
            "CREATE FUNCTION api_theirs.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'");
    api_file("002_two.sql", "DROP VIEW api_theirs.seen;\nDROP TABLE IF EXISTS nothing, api_theirs.old;\n"
                            "CREATE TRIGGER touch BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION api_theirs.touch();\n");
    const char *role = api_role();
    char sql[400];
    snprintf(sql, sizeof sql, "ALTER SCHEMA api_theirs OWNER TO \"%s\"", api.database);
    api_sql(sql);
    api_use(role);
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_one 002_two");
}
END_TEST

/* The plan says too that nothing could be recorded, and by name what a DROP of several would be refused. */
START_TEST(test_plan_names_rights)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_sql("GRANT SELECT ON libmigrate_history TO PUBLIC; CREATE VIEW seen AS SELECT 1 AS a");
    api_file("002_two.sql", "CREATE SCHEMA two;\nCREATE TABLE two.t (x integer);\nDROP VIEW IF EXISTS nothing, seen;\n");
    api_use(api_role());
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 3);
    ck_assert_ptr_nonnull(strstr(migrate_rows_text(api.rows, 0, migrate_rows_column_index(api.rows, "message")),
                                 "may not write the history table"));
    ck_assert_ptr_nonnull(strstr(migrate_rows_text(api.rows, 1, migrate_rows_column_index(api.rows, "message")),
                                 "may not create schemas"));
    ck_assert_ptr_nonnull(strstr(migrate_rows_text(api.rows, 2, migrate_rows_column_index(api.rows, "message")),
                                 "does not own seen"));
    ck_assert_int_eq((int)migrate_rows_int(api.rows, 2, migrate_rows_column_index(api.rows, "line")), 3);
}
END_TEST

START_TEST(test_extension_foreseen)
{
    if (api.engine != API_POSTGRESQL)
        return;
    make_base();
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    api_file("003_three.sql", "-- it is gone\nCREATE EXTENSION IF NOT EXISTS no_such_extension;\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_REFUSED, "state");
    API_PLACE("003_three.sql", 2, 1);
    API_SAYS("no_such_extension is not available");
    AS_BEFORE();
    API_OK(api_plan(NULL));
    API_OK(api_findings());
    ck_assert_str_eq(api_column("rule"), "extension");
    api_remove("003_three.sql");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_one 002_two");
}
END_TEST

API("bad_database", test_url, test_url_parameter, test_wrong_password, test_missing_database,
    test_missing_folder, test_not_a_database, test_read_only_file, test_read_only_permissions,
    test_read_only_by_default, test_history_not_ours, test_history_half_ours, test_history_newer,
    test_history_damaged, test_unmanaged, test_unmanaged_apply, test_unmanaged_kinds,
    test_unmanaged_extension, test_history_unreadable, test_history_unwritable, test_history_not_creatable,
    test_create_right_foreseen, test_ownership_foreseen, test_other_rights_do, test_plan_names_rights,
    test_extension_foreseen)
