/* SPDX-License-Identifier: MIT
 * Directives and rollback blocks inside files: what counts, what does not, and the place of what is wrong. */
#include "test_source.h"

static void refused_text(const char *text, int64_t line, int64_t column, const char *words)
{
    put("001_a.sql", text);
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.sql", line, column, words);
    ck_assert_str_eq(error->id, "001_a");
    ck_assert_ptr_nonnull(error->source_line);
}

/* up_line, down_line: where the two texts begin. */
static void check_down(const char *file, int64_t up_line, const char *up, int64_t down_line, const char *down)
{
    put("001_a.sql", file);
    open_folder();
    check_text(&item("001_a")->up, item("001_a")->checksum, up, up_line);
    ck_assert(item("001_a")->down.present);
    ck_assert(item("001_a")->down.from_block);
    check_text(&item("001_a")->down, NULL, down, down_line);
}

START_TEST(reads_directives)
{
    put("001_users.sql", "");
    put("002_all.sql", "-- Dependencies: users, organizations\n"
                       "--dependencies:public.t  x\n"
                       "  -- DEPENDS: 001_users\n"
                       "-- Depends:\n-- Depends: none\n"
                       "-- migrate: no-transaction\r\n"
                       "\t-- Migrate:  Out-Of-Order  \n"
                       "-- migrate:breaking\n"
                       "-- migrate: allow-data-loss column unused since 2.0 \n"
                       "DROP TABLE x");
    put("003_none.sql", "SELECT 1;");
    open_folder();
    const struct migration *all = item("002_all"), *none = item("003_none");
    ck_assert_uint_eq(all->tables_count, 4);
    ck_assert_str_eq(all->tables[0], "users");
    ck_assert_str_eq(all->tables[1], "organizations");
    ck_assert_str_eq(all->tables[2], "public.t");
    ck_assert_str_eq(all->tables[3], "x");
    ck_assert_uint_eq(all->depends_count, 1);
    ck_assert_str_eq(all->depends[0], "001_users");
    ck_assert(all->up.no_transaction && all->out_of_order && all->breaking);
    ck_assert_str_eq(all->allow_data_loss, "column unused since 2.0");
    ck_assert(!none->up.no_transaction && !none->out_of_order && !none->breaking);
    ck_assert_ptr_null(none->allow_data_loss);
    ck_assert_uint_eq(none->depends_count + none->tables_count, 0);
}
END_TEST

START_TEST(passes_over_what_is_none)
{
    put("001_a.sql",
        "/* \n-- ROLLBACK:\n-- migrate: nonsense\n*/\n"
        "SELECT 1; -- migrate: nonsense behind SQL\n"
        "SELECT '\n-- migrate: nonsense\n', $x$\n-- ROLLBACK: a;\n$x$;\n"
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC\n-- ROLLBACK: x\nSELECT 1; END;\n"
        "SELECT (\n-- migrate: nonsense\n1);\n"
        "-- a plain comment, migrate: is inside\n-- Rollback of what\n-- dependencies are fine\n"
        "COPY t FROM stdin;\n-- migrate: nonsense\n\\.\n");
    open_folder();
    ck_assert(!item("001_a")->down.present);
    put("001_a.sql", "CREATE TRIGGER x AFTER INSERT ON t BEGIN\n-- ROLLBACK: the row\nSELECT 1;\n"
                     "-- migrate: nonsense\nSELECT 2; END;\n-- migrate: breaking");
    open_engine("sqlite");
    ck_assert(!item("001_a")->down.present);
    ck_assert(item("001_a")->breaking);
}
END_TEST

START_TEST(refuses_wrong_directives)
{
    refused_text("SELECT 1;\n\n  -- migrate: no-transactoin\n", 3, 15, "-- migrate: no-transaction\" meant?");
    refused_text("-- migrate: \xC3\xA4\xC3\xB6 x\n", 1, 13, "unknown directive");
    refused_text("\xEF\xBB\xBF-- migrate: zzz\r\n", 1, 13, "known are no-transaction");
    refused_text("-- migrate:\nSELECT 1;", 1, 4, "no directive");
    refused_text("-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;", 1, 1, "dbmate");
    refused_text("-- migrate:up transaction:false\n", 1, 1, "dbmate");
    refused_text("-- +goose Up\nSELECT 1;\n", 1, 1, "goose");
    refused_text("-- +migrate Up\n", 1, 1, "sql-migrate");
    refused_text("--liquibase formatted sql\n", 1, 1, "Liquibase");
    refused_text("SELECT 1;\n---- create above / drop below ----\nSELECT 2;", 2, 1, "tern");
    refused_text("-- migrate: breaking because\n", 1, 22, "nothing may follow");
    refused_text("-- migrate: allow-data-loss\n", 1, 28, "needs a reason");
    refused_text("-- migrate: allow-data-loss a\n-- migrate: allow-data-loss b\n", 2, 29, "second time");
    refused_text("-- migrate: stands-for 001_a\n", 1, 1, "schema.sql alone");
    refused_text("-- END ROLLBACK\n", 1, 1, "without a rollback block");
    refused_text("-- ROLLBACK: SELECT 1;\n-- SELECT 2;\n-- END ROLLBACK\n", 3, 1, "without a rollback block");
    refused_text("SELECT 1\n-- ROLLBACK:\nSELECT 2;\n-- END ROLLBACK\n", 4, 1, "is a semicolon missing");
}
END_TEST

START_TEST(knows_where_directives_belong)
{
    put("001_a.sql", "");
    put("001_a.down.sql", "-- migrate: no-transaction\nSELECT 1");
    open_folder();
    ck_assert(item("001_a")->down.no_transaction && !item("001_a")->up.no_transaction);
    put("001_a.down.sql", "\n-- migrate: breaking");
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.down.sql", 2, 1, "does not belong in a down file");
    put("001_a.down.sql", "-- ROLLBACK: SELECT 1");
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.down.sql", 1, 1, "does not belong in a down file");
    empty_folder();
    put_folder("repeatable");
    put("repeatable/v.sql", "-- migrate: no-transaction\n-- migrate: breaking\n-- Dependencies: t\n");
    open_folder();
    ck_assert(item("v")->breaking && item("v")->up.no_transaction);
    put("repeatable/v.sql", "-- migrate: out-of-order\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/v.sql", 1, 1, "does not belong in a repeatable");
    put("repeatable/v.sql", "-- ROLLBACK: SELECT 1\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/v.sql", 1, 1, "does not belong in a repeatable");
    empty_folder();
    put("001_a.sql", "");
    put("schema.sql", "-- migrate: stands-for 001_a\n-- Depends: 001_a\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/schema.sql", 2, 1, "does not belong in the schema file");
}
END_TEST

START_TEST(reads_one_line_rollbacks)
{
    check_down("CREATE TABLE t (x int);\n-- ROLLBACK: DROP TABLE t;\nSELECT 1;", 1,
               "CREATE TABLE t (x int);\n\nSELECT 1;", 2, "             DROP TABLE t;");
    check_down("CREATE TABLE t (x int)\n\t--rollback:  DROP TABLE t  ", 1, "CREATE TABLE t (x int)\n", 2,
               "              DROP TABLE t");
    check_down("-- ROLLBACK: DROP TABLE b\n\n-- ROLLBACK: DROP TABLE a;\n", 1, "", 1,
               "             DROP TABLE b\n\n;            DROP TABLE a;");
    ck_assert(!item("001_a")->down.no_transaction);
}
END_TEST

START_TEST(reads_commented_blocks)
{
    check_down("CREATE TABLE t (x int);\n-- ROLLBACK:\n-- DROP TABLE t;\n\n  --   -- why\n--DROP TABLE u;\n",
               1, "CREATE TABLE t (x int);\n\n\n\n\n\n", 3,
               "   DROP TABLE t;\n\n       -- why\n  DROP TABLE u;\n");
    check_down("-- ROLLBACK:\n-- DROP TABLE t;\nCREATE TABLE t (x int);\n-- not of the block\n", 3,
               "CREATE TABLE t (x int);\n-- not of the block\n", 2, "   DROP TABLE t;\n");
}
END_TEST

START_TEST(reads_blocks_with_an_end)
{
    check_down("-- ROLLBACK:\n-- DROP TABLE t;\n-- END ROLLBACK\n-- a comment\nSELECT 1;", 4,
               "-- a comment\nSELECT 1;", 2, "   DROP TABLE t;\n");
    check_down(
        "SELECT 1;\n-- Rollback:\nDROP TABLE t;\n-- inside\nDROP TABLE u\n-- end rollback;\nSELECT 2;\n", 1,
        "SELECT 1;\n\n\n\n\n\nSELECT 2;\n", 3, "DROP TABLE t;\n-- inside\nDROP TABLE u\n");
    check_down("SELECT 1;\n-- ROLLBACK:\nSELECT 'a;\n-- END ROLLBACK\n';\n-- END ROLLBACK\n", 1,
               "SELECT 1;\n\n\n\n\n\n", 3, "SELECT 'a;\n-- END ROLLBACK\n';\n");
    check_down("SELECT 1;\n-- ROLLBACK:\n\n-- END ROLLBACK\n", 1, "SELECT 1;\n\n\n\n", 1, "");
    check_down(
        "SELECT 1;\n-- ROLLBACK:\nDROP TABLE b\n-- END ROLLBACK\nSELECT 2;\n-- ROLLBACK:\n-- DROP TABLE a", 1,
        "SELECT 1;\n\n\n\nSELECT 2;\n\n", 3, "DROP TABLE b\n\n\n;\n   DROP TABLE a");
    check_down("-- ROLLBACK:\n-- DROP TABLE b\n-- ROLLBACK:\nDROP TABLE a\n-- END ROLLBACK\n", 1, "", 2,
               "   DROP TABLE b\n;\nDROP TABLE a\n");
}
END_TEST

START_TEST(reads_directives_in_blocks)
{
    check_down("SELECT 1;\n-- ROLLBACK:\n-- migrate: no-transaction\n-- DROP INDEX CONCURRENTLY i;\n", 1,
               "SELECT 1;\n\n\n\n", 4, "   DROP INDEX CONCURRENTLY i;\n");
    ck_assert(item("001_a")->down.no_transaction && !item("001_a")->up.no_transaction);
    check_down("-- ROLLBACK:\n-- -- migrate: no-transaction\n-- DROP TABLE i;\n", 1, "", 2,
               "   -- migrate: no-transaction\n   DROP TABLE i;\n");
    ck_assert(item("001_a")->down.no_transaction && !item("001_a")->up.no_transaction);
    check_down(
        "-- ROLLBACK:\n-- migrate: no-transaction\nDROP TABLE i;\n-- END ROLLBACK\n-- migrate: breaking", 5,
        "-- migrate: breaking", 2, "-- migrate: no-transaction\nDROP TABLE i;\n");
    ck_assert(item("001_a")->down.no_transaction && !item("001_a")->up.no_transaction);
    ck_assert(item("001_a")->breaking);
    put("001_a.sql", "-- migrate: no-transaction\nSELECT 1;\n-- ROLLBACK: SELECT 2;");
    open_folder();
    ck_assert(!item("001_a")->down.no_transaction && item("001_a")->up.no_transaction);
}
END_TEST

START_TEST(refuses_unclear_blocks)
{
    refused_text("SELECT 1;\n-- ROLLBACK:\nDROP TABLE t;\n", 2, 1, "end a block of plain SQL with");
    refused_text("-- ROLLBACK:\n--\n\nDROP TABLE t;\n", 1, 1, "has no text");
    refused_text("SELECT 1;\n-- ROLLBACK:\n", 2, 1, "has no text");
    refused_text("-- ROLLBACK:\n-- migrate: no-transaction\nDROP TABLE t;\n", 1, 1, "has no text");
    refused_text("-- ROLLBACK:\n-- DROP TABLE t;\n-- Depends: 001_x\nSELECT 1;", 3, 1,
                 "does not belong in a rollback block");
    refused_text("-- ROLLBACK:\n-- DROP TABLE t;\n-- migrate: no-transactions\nSELECT 1;", 3, 13, "unknown");
    put("001_a.down.sql", "");
    refused_text("SELECT 1;\n-- ROLLBACK: SELECT 2;\n", 2, 1, "001_a.down.sql");
    ck_assert(strstr(error->message, "/001_a.sql and "));
}
END_TEST

START_TEST(reads_the_schema)
{
    put("001_a.sql", "");
    put("002_b.sql", "");
    put("003_c.sql", "");
    put("schema.sql", "-- migrate: stands-for 002_b\n-- migrate: no-transaction\nCREATE TABLE t (x int);\n");
    put("schema.sqlite.sql", "-- migrate: stands-for 003_c\n");
    open_folder();
    ck_assert(opened->schema.present);
    ck_assert_str_eq(opened->schema.stands_for, "002_b");
    ck_assert_uint_eq(opened->schema.count, 2);
    ck_assert(opened->schema.up.no_transaction);
    ck_assert_uint_eq(strlen(opened->schema.checksum), 64);
    check_text(&opened->schema.up, opened->schema.checksum,
               "-- migrate: stands-for 002_b\n-- migrate: no-transaction\nCREATE TABLE t (x int);\n", 1);
    open_engine("sqlite");
    ck_assert_uint_eq(opened->schema.count, 3);
    put("schema.sql", "CREATE TABLE t (x int);\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/schema.sql", 0, 0, "stands-for");
    put("schema.sql", "SELECT 1;\n-- migrate: stands-for 002\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/schema.sql", 2, 24, "stands for \"002\"");
    put("schema.sql", "-- migrate: stands-for 002_c\n");
    refused_as(MIGRATE_ERROR_SOURCE, "/schema.sql", 1, 24, "meant?");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {reads_directives,         passes_over_what_is_none,
                            refuses_wrong_directives, knows_where_directives_belong,
                            reads_one_line_rollbacks, reads_commented_blocks,
                            reads_blocks_with_an_end, reads_directives_in_blocks,
                            refuses_unclear_blocks,   reads_the_schema};

    return run_suite("source directives", tests, sizeof tests / sizeof *tests);
}
