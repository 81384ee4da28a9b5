/* SPDX-License-Identifier: MIT
 * A role that may make no database, and no shadow_url: what needs a scratch database is tried in a transaction of the database itself. It
 * says what a scratch database would say, or why it cannot; and the database, its rows, and its sessions know nothing of it. */
#include "api.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void role(const char *format)
{
    char sql[1000];
    snprintf(sql, sizeof sql, format, api.database);
    api_sql(sql);
}

/* Owns its schema and may create others: what the role of an application's migrations mostly may. */
static void become_owner(void)
{
    char sql[1000];
    api_use(api_role());
    snprintf(sql, sizeof sql, "ALTER DATABASE \"%s\" OWNER TO \"%s\"", api.database, api.database);
    api_sql(sql);
    if (atoi(api_query("SHOW server_version_num")) < 150000) /* its owner owns the schema from then on */
        role("ALTER SCHEMA public OWNER TO \"%s\"");
}

static void may_make_databases(bool may)
{
    role(may ? "ALTER ROLE \"%s\" CREATEDB" : "ALTER ROLE \"%s\" NOCREATEDB");
    api_close();
}

static int32_t ask(int32_t (*verb)(const char *what, migrate_rows **rows), const char *what)
{
    if (!api.session && api_open(NULL) != MIGRATE_OK)
        return migrate_error_code(api.error);
    migrate_rows_free(api.rows);
    api.rows = NULL;
    return verb(what, &api.rows);
}

static int32_t do_verify(const char *what, migrate_rows **rows)
{
    return migrate_verify(api.session, what, rows, api_error());
}

static int32_t do_generate(const char *what, migrate_rows **rows)
{
    return migrate_generate(api.session, what, rows, api_error());
}

static int32_t do_generate_down(const char *what, migrate_rows **rows)
{
    return migrate_generate_down(api.session, what, rows, api_error());
}

static int32_t do_reconcile(const char *what, migrate_rows **rows)
{
    return migrate_reconcile(api.session, what, rows, api_error());
}

static int32_t do_diff(const char *what, migrate_rows **rows)
{
    (void)what;
    return migrate_diff(api.session, rows, api_error());
}

static int32_t do_check(const char *what, migrate_rows **rows)
{
    return migrate_check(api.session, what, rows, api_error());
}

static int32_t do_baseline(const char *what, migrate_rows **rows)
{
    return migrate_baseline(api.session, what, NULL, rows, api_error());
}

/* ---- that nothing is left ---- */

/* Every row of what describes the schema, numbers, rights and storage too, and what is locked or open. */
static char *everything(void)
{
    static const char *const queries[] = {
        "SELECT n.oid, n.nspname, n.nspowner, n.nspacl, n.xmin FROM pg_namespace n WHERE nspname !~ '^pg_(toast_)?temp' ORDER BY 1",
        "SELECT md5(string_agg(c.oid || relname || relnamespace || relfilenode || coalesce(relacl::text, '') || c.xmin, ' ' ORDER BY c.oid)) "
        "FROM pg_class c WHERE c.oid >= 16384",
        "SELECT md5(string_agg(oid || proname || pronamespace || xmin, ' ' ORDER BY oid)) FROM pg_proc",
        "SELECT md5(string_agg(oid || typname || typnamespace || xmin, ' ' ORDER BY oid)) FROM pg_type",
        "SELECT md5(string_agg(attrelid || attname || attnum || xmin, ' ' ORDER BY attrelid, attnum)) FROM pg_attribute WHERE attrelid >= 16384",
        "SELECT md5(string_agg(oid || conname || xmin, ' ' ORDER BY oid)) FROM pg_constraint",
        "SELECT md5(string_agg(oid || extname || extnamespace || xmin, ' ' ORDER BY oid)) FROM pg_extension",
        "SELECT md5(string_agg(classid || ' ' || objid || ' ' || refclassid || ' ' || refobjid || deptype::text, ' ' ORDER BY classid, objid, objsubid, "
        "refclassid, refobjid, refobjsubid)) FROM pg_depend",
        "SELECT count(*) FROM pg_default_acl UNION ALL SELECT count(*) FROM pg_publication UNION ALL SELECT count(*) FROM pg_largeobject_metadata",
        "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'libmigrate%'",
        "SELECT md5(string_agg(h::text, ' ' ORDER BY h.id)) FROM public.users h",
        "SELECT last_value, is_called FROM public.users_id_seq",
    };
    char *all = NULL;
    size_t length = 0;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const char *answer = api_query(queries[i]);
        all = realloc(all, length + strlen(answer) + 2);
        ck_assert_ptr_nonnull(all);
        length += (size_t)sprintf(all + length, "%s\n", answer);
    }
    return all;
}

static void nothing_changed(char *before)
{
    char *after = everything();
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
}

/* ---- a database in use ---- */

#define USERS                                                                                                \
    "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);\n-- ROLLBACK: DROP TABLE users;\n"
#define POSTS                                                                                                \
    "CREATE SCHEMA app;\nCREATE TYPE app.mood AS ENUM ('good', 'bad');\n"                                    \
    "CREATE TABLE app.posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood app.mood, "             \
    "user_id integer NOT NULL REFERENCES public.users (id) DEFERRABLE INITIALLY DEFERRED);\n"                 \
    "-- ROLLBACK: DROP SCHEMA app CASCADE;\n"
#define INDEX                                                                                                \
    "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY posts_user ON app.posts (user_id);\n"             \
    "-- ROLLBACK: DROP INDEX CONCURRENTLY app.posts_user;\n"
#define VIEW                                                                                                 \
    "CREATE FUNCTION twice(i integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT i * 2 $$;\n"       \
    "CREATE VIEW names AS SELECT name, twice(id) AS double FROM public.users;\n"                             \
    "-- ROLLBACK: DROP VIEW names; DROP FUNCTION twice(integer);\n"

static void migrations(void)
{
    api_file("001_users.sql", USERS);
    api_file("002_posts.sql", POSTS);
    api_file("003_index.sql", INDEX);
    api_file("004_view.sql", VIEW);
}

static void database_in_use(void)
{
    become_owner();
    migrations();
    API_OK(api_apply());
    api_sql("INSERT INTO users (name) SELECT 'user ' || i FROM generate_series(1, 100) i");
    api_sql("INSERT INTO app.posts (mood, user_id) SELECT 'good', id FROM users");
}

/* What is told with a scratch database, and without one. */
static void same_both_ways(int32_t (*verb)(const char *what, migrate_rows **rows), const char *what, int32_t expected)
{
    char *before, *there = NULL, *here = NULL;
    int told = api_told("scratch");
    may_make_databases(true);
    ck_assert_int_eq(ask(verb, what), expected);
    ck_assert_int_eq(api_told("scratch"), told);
    ck_assert_int_eq(migrate_rows_json(api.rows, &there, NULL), MIGRATE_OK);
    may_make_databases(false);
    before = everything();
    int32_t code = ask(verb, what);
    ck_assert_msg(code == expected, "%d: %s", code, api.error ? migrate_error_message(api.error) : "");
    ck_assert_int_eq(migrate_rows_json(api.rows, &here, NULL), MIGRATE_OK);
    ck_assert_str_eq(there, here);
    ck_assert_int_eq(api_told("scratch"), told + 1);
    nothing_changed(before);
    migrate_free(there);
    migrate_free(here);
}

/* ---- the same answers ---- */

/* The database's own tables and views stand aside: they get no sample rows, are not looked at, and keep nobody from seeing what is lost. */
START_TEST(test_lost_rows)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_less.sql", "ALTER TABLE users ADD COLUMN more text;\n-- ROLLBACK: ALTER TABLE users DROP COLUMN more; DELETE FROM app.posts;\n");
    same_both_ways(do_verify, NULL, MIGRATE_OK);
    ck_assert_str_eq(api_column("result"), "exact exact exact exact data");
}
END_TEST

START_TEST(test_check)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_less.sql", "DROP VIEW names;\nALTER TABLE users ALTER COLUMN name TYPE varchar(10);\n");
    same_both_ways(do_check, NULL, MIGRATE_OK);
    ck_assert_str_eq(api_value("by"), "scratch");
    same_both_ways(do_check, "database", MIGRATE_OK);
}
END_TEST

START_TEST(test_verify)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_lost.sql", "ALTER TABLE users DROP COLUMN name CASCADE;\n-- ROLLBACK: ALTER TABLE users ADD COLUMN name text;\n");
    api_file("006_wrong.sql", "CREATE TABLE w (i int);\nCREATE TABLE x (i int);\n-- ROLLBACK: DROP TABLE w;\n");
    api_file("007_several.sql", "-- migrate: no-transaction\nBEGIN;\nCREATE TABLE s (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nCOMMIT;\n"
                                "INSERT INTO s VALUES (1);\nBEGIN;\nINSERT INTO s VALUES (2);\nCOMMIT;\n-- ROLLBACK: DROP TABLE s;\n");
    api_file("008_copy.sql", "CREATE TABLE y (i int);\nCOPY y FROM stdin;\n1\n2\n\\.\n-- ROLLBACK: DROP TABLE y;\n");
    api_file("009_no_down.sql", "CREATE TABLE z (i int, j int);\nCREATE INDEX z_i ON z (i);\n");
    same_both_ways(do_verify, NULL, MIGRATE_DIFFERS);
    ck_assert_str_eq(api_column("result"), "exact exact exact exact differs differs exact exact exact");
}
END_TEST

START_TEST(test_broken)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_broken.sql", "CREATE TABLE n (i int);\nINSERT INTO nowhere VALUES (1);\n-- ROLLBACK: DROP TABLE n;\n");
    same_both_ways(do_verify, NULL, MIGRATE_DIFFERS);
    ck_assert_str_eq(api_column("result"), "exact exact exact exact up");
    ck_assert_str_eq(api_cell("005_broken", "line"), "2");
    api_file("005_broken.sql", "CREATE TABLE n (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO n VALUES (1), (1);\n");
    same_both_ways(do_verify, NULL, MIGRATE_DIFFERS);
    ck_assert_str_eq(api_column("result"), "exact exact exact exact up");
}
END_TEST

#define WANTED                                                                                               \
    "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, email text);\nCREATE SCHEMA app;\n"      \
    "CREATE TYPE app.mood AS ENUM ('good', 'bad');\n"                                                        \
    "CREATE TABLE app.posts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood app.mood, "             \
    "user_id integer NOT NULL REFERENCES public.users (id) DEFERRABLE INITIALLY DEFERRED);\n"                 \
    "CREATE INDEX posts_mood ON app.posts (mood);\n"                                                         \
    "CREATE FUNCTION twice(i integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT i * 2 $$;\n"       \
    "CREATE TABLE fresh (id integer PRIMARY KEY);\n"

START_TEST(test_generate)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    same_both_ways(do_generate, WANTED, MIGRATE_DIFFERS); /* from the database */
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "proven"), 1);
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "down_proven"), 1);
    api_file("005_pending.sql", "CREATE TABLE pending (i int);\n");
    same_both_ways(do_generate, WANTED, MIGRATE_DIFFERS); /* from the migrations */
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "proven"), 1);
    same_both_ways(do_generate_down, "005_pending", MIGRATE_OK);
}
END_TEST

START_TEST(test_reconcile)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    ck_assert_int_eq(migrate_options_set_declared(api.options, WANTED, NULL, NULL, NULL), MIGRATE_OK);
    same_both_ways(do_reconcile, "report", MIGRATE_DIFFERS);
    may_make_databases(false);
    API_OK(ask(do_reconcile, "apply"));
    ck_assert_str_eq(api_tables(), "fresh users");
    ck_assert_str_eq(api_query("SELECT count(*) FROM users WHERE email IS NULL"), "100");
}
END_TEST

START_TEST(test_drift)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_option("schema_privileges", "on");
    API_OK(ask(do_diff, NULL));
    api_sql("ALTER TABLE app.posts ADD COLUMN by_hand integer; CREATE INDEX by_hand ON users (name); GRANT SELECT ON users TO PUBLIC");
    same_both_ways(do_diff, NULL, MIGRATE_DIFFERS);
    ck_assert_str_eq(migrate_rows_value_text(api.rows, "by"), "replay");
}
END_TEST

START_TEST(test_baseline)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_sql("DROP TABLE libmigrate_history");
    api_option("verify", "on");
    API_OK(ask(do_baseline, "004_view"));
    ck_assert_int_eq(api_told("scratch"), 1);
    api_sql("DROP TABLE libmigrate_history; ALTER TABLE users ADD COLUMN by_hand integer");
    api_close();
    API_FAILS(ask(do_baseline, "004_view"), MIGRATE_ERROR_SCHEMA, "state");
    API_SAYS("by_hand");
}
END_TEST

/* The run has the lock of the history, and it is in the same database. */
START_TEST(test_apply)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_more.sql", "CREATE TABLE more (i int);\n-- ROLLBACK: DROP TABLE more;\n");
    api_option("verify", "on");
    API_OK(api_apply());
    ck_assert_str_eq(api_tables(), "more users");
    api_file("006_wrong.sql", "CREATE TABLE wrong (i int);\n-- ROLLBACK: DROP TABLE IF EXISTS other;\n");
    ck_assert_int_lt(api_apply(), 0);
    ck_assert_str_eq(api_tables(), "more users");
}
END_TEST

/* ---- those who use it ---- */

static int uses;

/* While it is at work: rows, tables, and what reads the catalog. */
static int32_t use_it(const migrate_event *event, void *user)
{
    (void)user;
    if (strcmp(migrate_event_name(event), "progress") != 0 || uses > 0)
        return 0;
    if (strcmp(api_query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(3)%' "
                         "AND pid <> pg_backend_pid()"), "0") == 0)
        return 0;
    api_sql("SET lock_timeout TO '200ms'");
    api_sql("INSERT INTO users (name) VALUES ('live'); UPDATE users SET name = 'changed' WHERE id = 1; TRUNCATE app.posts");
    api_sql("DELETE FROM users WHERE id = 2");
    api_sql("CREATE TABLE public.live (i integer REFERENCES users (id)); ALTER TABLE users ADD COLUMN live integer; CREATE INDEX ON users (live)");
    uses++;
    return 0;
}

START_TEST(test_live)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_slow.sql", "CREATE TABLE slow (i int);\nSELECT pg_sleep(3);\n-- ROLLBACK: DROP TABLE slow;\n");
    migrate_options_set_event(api.options, use_it, NULL);
    api_close();
    uses = 0;
    API_OK(ask(do_verify, NULL));
    ck_assert_int_eq(uses, 1);
    ck_assert_str_eq(api_tables(), "live users");
    ck_assert_str_eq(api_query("SELECT count(*) FROM users"), "100");
}
END_TEST

static void in_child(const char *what)
{
    ask(do_verify, what);
    _exit(0);
}

#define AT_WORK "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"

START_TEST(test_kill)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_slow.sql", "CREATE TABLE slow (i int);\nSELECT pg_sleep(30);\n-- ROLLBACK: DROP TABLE slow;\n");
    api_close();
    char *before = everything();
    pid_t child = fork();
    if (child == 0)
        in_child(NULL);
    for (int i = 0; i < 1000 && strcmp(api_query(AT_WORK), "0") == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    ck_assert_str_eq(api_query(AT_WORK), "1");
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    nothing_changed(before);
    for (int i = 0; i < 1000 && strcmp(api_query(AT_WORK), "0") != 0; i++) /* the server notices by itself, before the sleep ends */
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    ck_assert_str_eq(api_query(AT_WORK), "0");
    api_file("005_slow.sql", "CREATE TABLE slow (i int);\n-- ROLLBACK: DROP TABLE slow;\n");
    before = everything();
    API_OK(ask(do_verify, NULL));
    ck_assert_str_eq(api_column("result"), "exact exact exact exact exact");
    nothing_changed(before);
}
END_TEST

static migrate_token *token;

static void on_alarm(int number)
{
    (void)number;
    migrate_token_cancel(token);
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

START_TEST(test_cancel)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_slow.sql", "CREATE TABLE slow (i int);\nSELECT pg_sleep(30);\n-- ROLLBACK: DROP TABLE slow;\n");
    ck_assert_int_eq(migrate_token_new(&token, NULL), MIGRATE_OK);
    ck_assert_int_eq(migrate_options_set_token(api.options, token, NULL), MIGRATE_OK);
    api_close();
    char *before = everything();
    signal(SIGALRM, on_alarm);
    alarm(2);
    int64_t begun = milliseconds();
    API_FAILS(ask(do_verify, NULL), MIGRATE_ERROR_CANCELLED, "cancelled");
    ck_assert_int_lt(milliseconds() - begun, 2500);
    nothing_changed(before);
    migrate_token_free(token);
}
END_TEST

/* One process after the other, both with an answer. */
START_TEST(test_turns)
{
    int status = 0;
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_slow.sql", "CREATE TABLE slow (i int);\nSELECT pg_sleep(0.2);\n-- ROLLBACK: DROP TABLE slow;\n");
    api_close();
    pid_t child = fork();
    if (child == 0) {
        int32_t code = ask(do_verify, NULL);
        api_close();
        _exit(code == MIGRATE_OK ? 0 : 1);
    }
    API_OK(ask(do_verify, NULL));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- what it cannot do ---- */

static void untried(const char *sql, const char *why)
{
    char *before = everything();
    api_file("005_odd.sql", sql);
    int32_t code = ask(do_verify, NULL);
    ck_assert_msg(code == MIGRATE_OK, "%d %s", code, api.error ? migrate_error_message(api.error) : api_column("detail"));
    ck_assert_msg(strcmp(api_column("result"), "exact exact exact exact untried") == 0, "%s: %s", sql, api_column("result"));
    ck_assert_msg(strstr(api_column("detail"), why) != NULL, "%s: %s", sql, api_column("detail"));
    nothing_changed(before);
}

START_TEST(test_untried)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    untried("-- migrate: no-transaction\nVACUUM users;\n", "cannot run inside a transaction");
    untried("-- migrate: no-transaction\nALTER TYPE app.mood ADD VALUE 'new';\nINSERT INTO app.posts (mood, user_id) SELECT 'new', 1 WHERE false;\n",
            "enum");
    untried("-- migrate: no-transaction\nDO $$ BEGIN CREATE TABLE inner_commit (i int); COMMIT; END $$;\n", "ends transactions itself");
    untried("DO $$ DECLARE t record; BEGIN FOR t IN SELECT oid::regclass AS name FROM pg_class WHERE relname = 'users' AND relkind = 'r' LOOP\n"
            "EXECUTE format('ALTER TABLE %s ADD COLUMN touched integer', t.name); END LOOP; END $$;\n", "reaches for what the database has already");
}
END_TEST

/* Whatever a text does to end the transaction, nothing of it stays. */
START_TEST(test_no_end)
{
    static const char *const texts[] = {
        "CREATE TABLE evil (i int);\nCOMMIT;\nCREATE TABLE worse (i int);\nCOMMIT AND CHAIN;\nROLLBACK;\nABORT;\nEND;\n",
        "CREATE TABLE evil (i int);\n-- x\rCOMMIT;\n",
        "CREATE TABLE evil (i int);\n/* /* */ */ COMMIT;\n",
        "CREATE TABLE evil (i int);\n\vCOMMIT;\n",
        "SET standard_conforming_strings = off;\nCREATE TABLE evil (i text DEFAULT 'a\\'; COMMIT; --');\n",
        "CREATE TABLE evil (i int);\nPREPARE TRANSACTION 'evil';\n",
    };
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[300], *before = everything();
        for (int alone = 0; alone < 2; alone++) {
            snprintf(text, sizeof text, "%s%s", alone ? "-- migrate: no-transaction\n" : "", texts[i]);
            api_file("005_odd.sql", text);
            ask(do_verify, NULL);
        }
        ck_assert_str_eq(api_tables(), "users");
        nothing_changed(before);
    }
}
END_TEST

/* What a statement locks, and for how long, is not to be had from another statement. */
START_TEST(test_rehearsal)
{
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    api_file("005_index.sql", "-- migrate: no-transaction\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n");
    char *before = everything();
    if (!api.session)
        API_OK(api_open(NULL));
    migrate_rows_free(api.rows);
    api.rows = NULL;
    API_OK(migrate_rehearse(api.session, NULL, &api.rows, api_error()));
    ck_assert_ptr_nonnull(strstr(api_column("reason"), "CREATEDB"));
    ck_assert_int_eq(api_told("scratch"), 0);
    nothing_changed(before);
}
END_TEST

static void refused(const char *why)
{
    API_FAILS(ask(do_verify, NULL), MIGRATE_ERROR_SHADOW, "environment");
    API_SAYS(why);
    API_SAYS("shadow_url");
    API_SAYS("CREATEDB");
}

START_TEST(test_refused)
{
    char sql[1000];
    if (api.engine != API_POSTGRESQL)
        return;
    database_in_use();
    snprintf(sql, sizeof sql, "REVOKE CREATE ON DATABASE \"%s\" FROM \"%s\"", api.database, api.database);
    api_sql(sql);
    refused("may create no schema");
    snprintf(sql, sizeof sql, "GRANT CREATE ON DATABASE \"%s\" TO \"%s\"", api.database, api.database);
    api_sql(sql);
    api_sql("ALTER SCHEMA public OWNER TO CURRENT_USER");
    role("GRANT ALL ON SCHEMA public TO \"%s\"");
    refused("the schema public belongs to");
    role("ALTER SCHEMA public OWNER TO \"%s\"");
    api_sql("CREATE SCHEMA others; CREATE TABLE others.t (i int)");
    API_OK(ask(do_verify, NULL)); /* this role can do nothing there */
    role("GRANT ALL ON SCHEMA others TO \"%s\"");
    refused("the schema others");
}
END_TEST

/* An extension stays where it is: seen once it is made, and of use where it can be reached. */
START_TEST(test_extension)
{
    if (api.engine != API_POSTGRESQL || strcmp(api_query("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'"), "0") == 0)
        return;
    database_in_use();
    api_sql("CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions");
    role("GRANT USAGE ON SCHEMA extensions TO \"%s\"");
    api_file("005_citext.sql", "CREATE EXTENSION IF NOT EXISTS citext SCHEMA extensions;\nCREATE TABLE mail (a extensions.citext);\n"
                               "-- ROLLBACK: DROP TABLE mail; DROP EXTENSION citext;\n");
    char *before = everything();
    API_OK(ask(do_verify, NULL));
    ck_assert_str_eq(api_column("result"), "exact exact exact exact exact");
    nothing_changed(before);
    api_sql("ALTER EXTENSION citext SET SCHEMA public");
    api_file("005_citext.sql", "CREATE EXTENSION IF NOT EXISTS citext;\nCREATE TABLE mail (a citext);\n");
    api_close();
    API_OK(ask(do_verify, NULL));
    ck_assert_str_eq(api_column("result"), "exact exact exact exact untried");
    ck_assert_ptr_nonnull(strstr(api_column("detail"), "citext"));
}
END_TEST

API("shadow_transaction", test_verify, test_lost_rows, test_check, test_broken, test_generate, test_reconcile, test_drift, test_baseline, test_apply, test_live, test_kill,
    test_cancel, test_turns, test_untried, test_rehearsal, test_no_end, test_refused, test_extension)
