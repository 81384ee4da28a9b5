/* SPDX-License-Identifier: MIT
 * What the verbs do and what they tell: apply, rollback, history, status, mark, baseline; repeatable
 * migrations, schema.sql, modules, and rollback texts that only the history still has. */
#include "api.h"

#include <inttypes.h>
#include <sha256.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void make_three(void)
{
    api_file("001_users.sql",
             "CREATE TABLE users (id integer PRIMARY KEY);\n-- ROLLBACK: DROP TABLE users;\n");
    api_file("002_orders.sql", "CREATE TABLE orders (id integer PRIMARY KEY);\n");
    api_file("002_orders.down.sql", "DROP TABLE orders;\n");
    api_file("add_prices.sql", "-- migrate: breaking\nCREATE TABLE prices (id integer PRIMARY KEY);\n");
}

/* ---- apply, rollback ---- */

START_TEST(test_apply)
{
    make_three();
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "001_users 002_orders add_prices");
    ck_assert_str_eq(api_column("name"), "users orders add_prices");
    ck_assert_str_eq(api_column("kind"), "versioned versioned versioned");
    ck_assert_str_eq(api_column("direction"), "up up up");
    ck_assert_str_eq(api_column("action"), "run run run");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 1);
    ck_assert_str_eq(api_value("from"), "NULL");
    ck_assert_str_eq(api_value("to"), "add_prices");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 3);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "rolled_back"), 0);
    ck_assert_uint_eq(strlen(api_value("run")), 32);
    ck_assert_str_eq(api_tables(), "orders prices users");
    API_OK(api_apply());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    ck_assert_str_eq(api_value("from"), "add_prices");
    ck_assert_str_eq(api_value("to"), "add_prices");
    ck_assert_str_eq(api_value("run"), "NULL");
    ck_assert_str_eq(api_events("applied"), "3");
}
END_TEST

START_TEST(test_rollback)
{
    make_three();
    api_file("add_prices.down.sql", "DROP TABLE prices;\n");
    API_OK(api_apply());
    API_OK(api_rollback("001"));
    ck_assert_str_eq(api_column("id"), "add_prices 002_orders");
    ck_assert_str_eq(api_column("direction"), "down down");
    ck_assert_str_eq(api_value("from"), "add_prices");
    ck_assert_str_eq(api_value("to"), "001_users");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "rolled_back"), 2);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 0);
    ck_assert_str_eq(api_tables(), "users");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_value("to"), "NULL");
    ck_assert_str_eq(api_tables(), "");
    API_OK(api_rollback(NULL));
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "orders prices users");
}
END_TEST

/* ---- history ---- */

START_TEST(test_history)
{
    int64_t now = (int64_t)time(NULL) * 1000000;
    make_three();
    api_option("application", "shop 2.1");
    api_option("actor", "ann");
    api_option("reason", "release");
    API_OK(api_goto("002"));
    API_OK(api_rollback(NULL));
    API_OK(api_history());
    ck_assert_str_eq(api_column("seq"), "1 2 3");
    ck_assert_str_eq(api_column("event"), "applied applied rolled_back");
    ck_assert_str_eq(api_column("effect"), "add add remove");
    ck_assert_str_eq(api_column("id"), "001_users 002_orders 002_orders");
    ck_assert_str_eq(api_column("kind"), "versioned versioned versioned");
    ck_assert_str_eq(api_column("breaking"), "false false false");
    ck_assert_str_eq(api_column("actor"), "ann ann ann");
    ck_assert_str_eq(api_column("reason"), "release release release");
    ck_assert_str_eq(api_cell("001_users", "application"), "shop 2.1");
    ck_assert_ptr_nonnull(api_cell("001_users", "library"));
    ck_assert_ptr_nonnull(api_cell("001_users", "host"));
    ck_assert_str_eq(api_column("error"), "NULL NULL NULL");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "count"), 3);
    for (size_t row = 0; row < 3; row++) {
        int64_t at = migrate_rows_int(api.rows, row, migrate_rows_column_index(api.rows, "at"));
        ck_assert_msg(at > now - 5000000 && at < now + 60000000, "at %" PRId64 ", now %" PRId64, at, now);
        int64_t took = migrate_rows_int(api.rows, row, migrate_rows_column_index(api.rows, "duration_us"));
        ck_assert_msg(took > 0 && took < 60000000, "took %" PRId64, took);
    }
    if (api.engine == API_POSTGRESQL)
        ck_assert_str_eq(api_cell("001_users", "db_user"), api_query("SELECT current_user"));
}
END_TEST

/* Each its own time, also where all share one transaction. */
START_TEST(test_history_durations)
{
    static const char *const modes[] = {"auto", "migration", "run"};
    const char *slow = api.engine == API_SQLITE
                           ? "CREATE TABLE a AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) "
                             "SELECT max(x) FROM n;"
                           : "SELECT pg_sleep(0.1);";
    api_file("001_slow.sql", slow);
    api_file("001_slow.down.sql", api.engine == API_SQLITE ? "DROP TABLE a;" : "SELECT 1;");
    api_file("002_quick.sql", "SELECT 1;");
    api_file("002_quick.down.sql", "SELECT 1;");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        api_option("transaction", modes[i]);
        API_OK(api_apply());
        API_OK(api_rollback("empty"));
    }
    API_OK(api_history());
    size_t column = migrate_rows_column_index(api.rows, "duration_us");
    for (size_t row = 0; row < migrate_rows_count(api.rows); row += 4) {
        int64_t took = migrate_rows_int(api.rows, row, column), quick = migrate_rows_int(api.rows, row + 1, column);
        ck_assert_msg(quick >= 0 && quick < took, "%s: slow %" PRId64 ", quick %" PRId64, modes[row / 4], took, quick);
    }
}
END_TEST

START_TEST(test_history_of_nothing)
{
    API_OK(api_history());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    ck_assert_ptr_null(migrate_rows_value_text(api.rows, "state"));
    if (api.engine == API_SQLITE)
        ck_assert_int_ne(access(api.database, F_OK), 0); /* looking makes no file */
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* A row of the history as the test reads it. */
struct row {
    const char *event, *effect, *kind, *id, *checksum, *state, *chain, *run, *down;
};

static size_t read_rows(char *text, struct row *rows, size_t most)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, " ", &rest); line && count < most; line = strtok_r(NULL, " ", &rest)) {
        const char **fields = (const char **)&rows[count++];
        for (size_t i = 0; i < sizeof *rows / sizeof *fields; i++)
            fields[i] = strsep(&line, "|");
    }
    return count;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What is applied behind the first count rows, as the lines of the state digest ('/' stands for NUL: ids here
 * have none, and both sort before letters). */
static void state_of(const struct row *rows, size_t count, char out[65])
{
    char *lines[50];
    size_t n = 0;
    SHA256_CTX digest;
    for (size_t i = 0; i < count; i++) {
        bool later = strcmp(rows[i].effect, "add") != 0;
        for (size_t j = i + 1; j < count; j++)
            later |= strcmp(rows[j].effect, "none") != 0 && strcmp(rows[j].id, rows[i].id) == 0;
        if (!later) {
            const char *kind = strcmp(rows[i].kind, "repeatable") == 0 ? "repeatable" : "versioned";
            ck_assert_int_gt(asprintf(&lines[n++], "%s/%s/%s\n", kind, rows[i].id, rows[i].checksum), 0);
        }
    }
    qsort(lines, n, sizeof *lines, compare_texts);
    SHA256Init(&digest);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(lines[i]);
        for (char *p = lines[i]; *p; p++)
            *p = *p == '/' ? '\0' : *p;
        SHA256Update(&digest, (const uint8_t *)lines[i], length);
        free(lines[i]);
    }
    SHA256End(&digest, out);
}

static void add_field(SHA256_CTX *digest, const char *field)
{
    SHA256Update(digest, (const uint8_t *)field, strlen(field) + 1);
}

static void chain_of(const struct row *rows, size_t at, char out[65])
{
    SHA256_CTX digest;
    SHA256Init(&digest);
    add_field(&digest, at > 0 ? rows[at - 1].chain : "");
    add_field(&digest, rows[at].event);
    add_field(&digest, rows[at].effect);
    add_field(&digest, rows[at].kind);
    add_field(&digest, rows[at].id);
    add_field(&digest, rows[at].checksum);
    add_field(&digest, rows[at].state);
    add_field(&digest, rows[at].run);
    add_field(&digest, rows[at].down);
    SHA256End(&digest, out);
}

START_TEST(test_state_and_chain)
{
    struct row rows[50];
    char expected[65], *text;
    api_file("001_a.sql", "CREATE TABLE a (id integer);\n-- ROLLBACK: DROP/**/TABLE/**/a;\n");
    api_file("010_b.sql", "CREATE TABLE b (id integer);\n");
    api_file("9_c.sql", "CREATE TABLE c (id integer);\n-- ROLLBACK: DROP/**/TABLE/**/c;\n");
    api_file("repeatable/v.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM b;\n");
    API_OK(api_apply());
    API_OK(api_rollback("only:9_c"));
    api_file("repeatable/v.sql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id AS i FROM b;\n");
    API_OK(api_apply());
    API_OK(api_mark("forgotten", "010_b", "test"));
    API_OK(api_mark("applied", "010_b", "test"));
    text = strdup(api_query("SELECT event, effect, kind, id, coalesce(checksum, ''), state, chain, run, "
                            "coalesce(down_sql, '') FROM libmigrate_history ORDER BY seq"));
    size_t count = read_rows(text, rows, 50);
    ck_assert_uint_ge(count, 9);
    for (size_t i = 0; i < count; i++) {
        state_of(rows, i + 1, expected);
        ck_assert_msg(strcmp(rows[i].state, expected) == 0, "row %zu: state", i + 1);
        chain_of(rows, i, expected);
        ck_assert_msg(strcmp(rows[i].chain, expected) == 0, "row %zu: chain", i + 1);
    }
    API_OK(api_history());
    ck_assert_str_eq(api_value("state"), rows[count - 1].state);
    free(text);
}
END_TEST

/* ---- status ---- */

START_TEST(test_status)
{
    make_three();
    API_OK(api_status());
    ck_assert_str_eq(api_value("state"), "pending");
    ck_assert_str_eq(api_value("next"), "001_users");
    ck_assert_str_eq(api_value("engine"), API_EITHER("sqlite", "postgresql"));
    ck_assert_str_eq(api_value("at"), "NULL");
    ck_assert_str_eq(api_tables(), "");
    API_OK(api_goto("002"));
    API_OK(api_status());
    ck_assert_str_eq(api_column("id"), "001_users 002_orders add_prices");
    ck_assert_str_eq(api_column("state"), "applied applied pending");
    ck_assert_str_eq(api_column("reversible"), "source source no");
    ck_assert_str_eq(api_column("breaking"), "false false true");
    ck_assert_str_eq(api_value("at"), "002_orders");
    ck_assert_str_eq(api_value("next"), "add_prices");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 2);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "pending"), 1);
    ck_assert_str_eq(api_cell("001_users", "checksum"), api_cell("001_users", "recorded_checksum"));
    ck_assert_ptr_null(api_cell("add_prices", "recorded_checksum"));
    API_OK(api_apply());
    API_OK(api_status());
    ck_assert_str_eq(api_value("state"), "current");
    ck_assert_str_eq(api_value("next"), "NULL");
}
END_TEST

START_TEST(test_status_unmanaged)
{
    make_three();
    api_sql("CREATE TABLE old (id integer)");
    API_OK(api_status());
    ck_assert_str_eq(api_value("state"), "unmanaged");
}
END_TEST

START_TEST(test_status_tells_failure)
{
    api_file("001_a.sql", "CREATE TABLE a (id integer);\nINSERT INTO absent VALUES (1);\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_SQL, "source");
    API_OK(api_status());
    ck_assert_str_eq(api_cell("001_a", "state"), "pending");
    ck_assert_ptr_nonnull(strstr(api_cell("001_a", "note"), "absent"));
}
END_TEST

/* ---- mark ---- */

START_TEST(test_mark_applied)
{
    make_three();
    API_OK(api_goto("001"));
    API_OK(api_mark("applied", "002", "made by hand"));
    ck_assert_str_eq(api_column("id"), "002_orders");
    ck_assert_str_eq(api_column("action"), "record");
    ck_assert_str_eq(api_applied(), "001_users 002_orders");
    ck_assert_str_eq(api_tables(), "users");
    API_OK(api_history());
    ck_assert_str_eq(api_cell("002_orders", "event"), "marked");
    ck_assert_str_eq(api_cell("002_orders", "reason"), "made by hand");
    API_OK(api_mark("forgotten", "002_orders", "it was not"));
    ck_assert_str_eq(api_applied(), "001_users");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "orders prices users");
}
END_TEST

START_TEST(test_mark_refused)
{
    make_three();
    API_OK(api_goto("001"));
    API_FAILS(api_mark("done", "002", "r"), MIGRATE_ERROR_MISUSE, "usage");
    API_FAILS(api_mark("applied", "002", ""), MIGRATE_ERROR_MISUSE, "usage");
    API_FAILS(api_mark("applied", "002", NULL), MIGRATE_ERROR_MISUSE, "usage");
    API_FAILS(api_mark("applied", NULL, "r"), MIGRATE_ERROR_MISUSE, "usage");
    API_FAILS(api_mark("applied", "001", "r"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(api_mark("applied", "077", "r"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(api_mark("forgotten", "002", "r"), MIGRATE_ERROR_TARGET, "usage");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history"), "1");
}
END_TEST

/* ---- baseline ---- */

static int32_t baseline(const char *target)
{
    migrate_rows_free(api.rows);
    migrate_error_free(api.error);
    api.rows = NULL;
    api.error = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_baseline(api.session, target, "built before", &api.rows, &api.error);
}

static int32_t baseline_from(const char *table, const char *column)
{
    migrate_rows_free(api.rows);
    migrate_error_free(api.error);
    api.rows = NULL;
    api.error = NULL;
    if (!api.session)
        API_OK(api_open(NULL));
    return migrate_baseline_from_table(api.session, table, column, NULL, &api.rows, &api.error);
}

START_TEST(test_baseline)
{
    make_three();
    api_sql("CREATE TABLE users (id integer)");
    api_sql("CREATE TABLE orders (id integer)");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
    API_OK(baseline("002"));
    ck_assert_str_eq(api_column("id"), "001_users 002_orders");
    ck_assert_str_eq(api_value("to"), "002_orders");
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "applied"), 0);
    ck_assert_str_eq(api_events("baselined"), "2");
    ck_assert_str_eq(api_query("SELECT DISTINCT reason FROM libmigrate_history WHERE reason LIKE 'built%'"),
                     "built before");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "add_prices");
    ck_assert_str_eq(api_tables(), "orders prices users");
    API_FAILS(baseline(NULL), MIGRATE_ERROR_HISTORY, "state");
}
END_TEST

START_TEST(test_baseline_everything)
{
    make_three();
    api_sql("CREATE TABLE old (id integer)");
    API_OK(baseline(NULL));
    ck_assert_str_eq(api_applied(), "001_users 002_orders add_prices");
    ck_assert_str_eq(api_tables(), "old");
    API_OK(api_apply());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
}
END_TEST

START_TEST(test_baseline_refused)
{
    make_three();
    API_FAILS(baseline("044"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(baseline("empty"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(baseline("+1"), MIGRATE_ERROR_TARGET, "usage");
    ck_assert_str_eq(api_events("baselined"), "0");
}
END_TEST

START_TEST(test_baseline_from_file_names)
{
    make_three();
    api_sql("CREATE TABLE migration_history (id integer, filename text)");
    api_sql(
        "INSERT INTO migration_history VALUES (1, '001_users.sql'), (2, 'db/migrations/add_prices.up.sql')");
    API_OK(baseline_from("migration_history", "filename"));
    ck_assert_str_eq(api_applied(), "001_users add_prices");
    api_option("order", "any");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "migration_history orders");
}
END_TEST

START_TEST(test_baseline_from_versions)
{
    api_file("20240101120000_users.sql", "CREATE TABLE users (id integer);");
    api_file("20240102120000_orders.sql", "CREATE TABLE orders (id integer);");
    api_file("20240103120000_more.sql", "CREATE TABLE more (id integer);");
    api_sql("CREATE TABLE schema_migrations (version varchar(255))");
    api_sql("INSERT INTO schema_migrations VALUES ('20240101120000'), ('20240102120000')");
    API_OK(baseline_from(API_EITHER("schema_migrations", "public.schema_migrations"), "version"));
    ck_assert_str_eq(api_applied(), "20240101120000_users 20240102120000_orders");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "20240103120000_more");
}
END_TEST

START_TEST(test_baseline_from_numbers)
{
    make_three();
    api_sql("CREATE TABLE schema_migrations (version bigint, dirty boolean)");
    api_sql("INSERT INTO schema_migrations VALUES (2, NULL), (1, NULL)");
    API_OK(baseline_from("schema_migrations", "version"));
    API_OK(api_status());
    ck_assert_str_eq(api_column("state"), "applied applied pending");
}
END_TEST

START_TEST(test_baseline_from_refused)
{
    make_three();
    api_sql("CREATE TABLE old (filename text)");
    api_sql("INSERT INTO old VALUES ('001_users.sql'), ('003_gone.sql')");
    API_FAILS(baseline_from("old", "filename"), MIGRATE_ERROR_TARGET, "usage");
    API_SAYS("003_gone.sql");
    API_FAILS(baseline_from("absent", "filename"), MIGRATE_ERROR_TARGET, "usage");
    API_SAYS("there is no table absent");
    API_FAILS(baseline_from("old", "002_orders"), MIGRATE_ERROR_TARGET, "usage"); /* SQLite might take it for a string */
    API_SAYS("the table old has no column 002_orders");
    ck_assert_str_eq(api_events("baselined"), "0");
}
END_TEST

/* ---- repeatable, schema.sql ---- */

START_TEST(test_repeatable)
{
    api_file("repeatable/names.sql",
             "DROP VIEW IF EXISTS names; CREATE VIEW names AS SELECT 1 AS one FROM users;");
    make_three();
    API_OK(api_apply());
    ck_assert_str_eq(api_column("kind"), "versioned versioned versioned repeatable");
    ck_assert_str_eq(api_value("to"), "add_prices");
    API_OK(api_apply());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 0);
    api_file("repeatable/names.sql",
             "DROP VIEW IF EXISTS names; CREATE VIEW names AS SELECT 2 AS two FROM users;");
    API_OK(api_status());
    ck_assert_str_eq(api_value("state"), "pending");
    API_OK(api_apply());
    ck_assert_uint_eq(migrate_rows_count(api.rows), 1);
    api_query("SELECT two FROM names");
    ck_assert_str_eq(api_events("applied"), "5");
}
END_TEST

static void make_schema(void)
{
    make_three();
    api_file("schema.sql", "-- migrate: stands-for 002_orders\nCREATE TABLE users (id integer PRIMARY KEY);\n"
                           "CREATE TABLE orders (id integer PRIMARY KEY, by_schema integer);\n");
}

START_TEST(test_schema)
{
    make_schema();
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "002_orders add_prices");
    ck_assert_str_eq(api_column("action"), "schema run");
    api_query("SELECT by_schema FROM orders");
    ck_assert_str_eq(api_events("baselined"), "2");
    ck_assert_str_eq(api_applied(), "001_users 002_orders add_prices");
    API_OK(api_apply());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    api_sql("DROP TABLE prices");
    API_OK(api_mark("forgotten", "add_prices", "test"));
    API_OK(api_rollback("empty"));
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_schema_targets)
{
    make_schema();
    API_OK(api_goto("001"));
    ck_assert_str_eq(api_events("baselined"), "0");
    API_OK(api_apply()); /* no longer empty */
    ck_assert_str_eq(api_events("baselined"), "0");
    ck_assert_str_eq(api_tables(), "orders prices users");
}
END_TEST

START_TEST(test_schema_at_its_end)
{
    make_schema();
    API_OK(api_goto("002"));
    ck_assert_str_eq(api_column("action"), "schema");
    ck_assert_str_eq(api_applied(), "001_users 002_orders");
}
END_TEST

START_TEST(test_schema_ignored)
{
    make_schema();
    api_option("schema_file", "ignore");
    API_OK(api_apply());
    ck_assert_str_eq(api_events("baselined"), "0");
    ck_assert_str_eq(api_events("applied"), "3");
}
END_TEST

START_TEST(test_schema_only_when_empty)
{
    make_schema();
    api_sql("CREATE TABLE old (id integer)");
    API_FAILS(api_apply(), MIGRATE_ERROR_UNMANAGED, "state");
    api_option("on_unmanaged", "apply");
    API_OK(api_apply());
    ck_assert_str_eq(api_events("baselined"), "0");
    ck_assert_str_eq(api_events("applied"), "3");
}
END_TEST

/* ---- modules, stored rollback texts ---- */

START_TEST(test_modules)
{
    make_three();
    api_option("module", "shop");
    API_OK(api_apply());
    api_remove("001_users.sql");
    api_remove("002_orders.sql");
    api_remove("002_orders.down.sql");
    api_remove("add_prices.sql");
    api_file("001_users.sql", "CREATE TABLE blog_users (id integer);\n-- ROLLBACK: DROP TABLE blog_users;\n");
    api_option("module", "blog");
    api_option("on_unmanaged", "apply");
    API_OK(api_apply());
    ck_assert_str_eq(api_column("id"), "001_users");
    ck_assert_str_eq(api_tables(), "blog_users orders prices users");
    ck_assert_str_eq(
        api_query("SELECT module, max(seq) FROM libmigrate_history GROUP BY module ORDER BY module"),
        "blog|1 shop|3");
    API_OK(api_rollback("empty"));
    ck_assert_str_eq(api_tables(), "orders prices users");
    ck_assert_str_eq(api_query("SELECT count(*) FROM libmigrate_history WHERE module = 'shop'"), "3");
}
END_TEST

START_TEST(test_stored_down)
{
    make_three();
    API_OK(api_goto("002"));
    api_remove("002_orders.sql");
    api_remove("002_orders.down.sql");
    api_option("on_ahead", "warn");
    API_FAILS(api_rollback(NULL), MIGRATE_ERROR_IRREVERSIBLE, "source");
    API_SAYS("stored_down=allow");
    API_FAILS(api_plan("-1"), MIGRATE_ERROR_IRREVERSIBLE, "source");
    api_option("stored_down", "allow");
    API_OK(api_plan("-1"));
    ck_assert_str_eq(api_column("id"), "002_orders");
    ck_assert_str_eq(api_column("stored"), "true");
    ck_assert_str_eq(api_column("reversible"), "stored");
    char *sql = NULL;
    ck_assert_int_eq(migrate_plan_sql(api.plan, &sql, NULL), MIGRATE_OK);
    ck_assert_ptr_nonnull(strstr(sql, "DROP TABLE orders;"));
    migrate_free(sql);
    API_OK(api_apply_plan());
    ck_assert_str_eq(api_tables(), "users");
    ck_assert_str_eq(api_applied(), "001_users");
}
END_TEST

START_TEST(test_stored_down_never_at_start)
{
    make_three();
    API_OK(api_goto("002"));
    api_remove("002_orders.sql");
    api_remove("002_orders.down.sql");
    api_remove("add_prices.sql");
    api_option("on_ahead", "warn");
    api_option("stored_down", "allow");
    API_OK(api_startup("apply"));
    ck_assert_str_eq(api_tables(), "orders users");
}
END_TEST

API("verbs", test_apply, test_rollback, test_history, test_history_durations, test_history_of_nothing,
    test_state_and_chain, test_status, test_status_unmanaged, test_status_tells_failure, test_mark_applied, test_mark_refused,
    test_baseline, test_baseline_everything, test_baseline_refused, test_baseline_from_file_names,
    test_baseline_from_versions, test_baseline_from_numbers, test_baseline_from_refused, test_repeatable,
    test_schema, test_schema_targets, test_schema_at_its_end, test_schema_ignored,
    test_schema_only_when_empty, test_modules, test_stored_down, test_stored_down_never_at_start)
