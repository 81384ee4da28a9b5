/* SPDX-License-Identifier: MIT
 * The running order: numbers of any length, natural names, dependencies, circles; and ten thousand files. */
#include "test_source.h"

#include <time.h>

START_TEST(compares_ids)
{
    static const char *const sorted[] = {"0_a",
                                         "1_a",
                                         "01_b",
                                         "2_a",
                                         "10_a",
                                         "10_b2",
                                         "10_b10",
                                         "20260801120000_a",
                                         "18446744073709551616_a",
                                         "18446744073709551617_a",
                                         "A",
                                         "a",
                                         "a1",
                                         "a2_x",
                                         "a10_x",
                                         "b",
                                         "b_c",
                                         "\xC3\xA4"};
    size_t count = sizeof sorted / sizeof *sorted;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < count; k++) {
            size_t a = source_number_length(sorted[i]), b = source_number_length(sorted[k]);
            int order = source_compare_ids(a ? sorted[i] : NULL, sorted[i], b ? sorted[k] : NULL, sorted[k]);

            ck_assert_msg((order > 0) - (order < 0) == (i > k) - (i < k), "%s, %s", sorted[i], sorted[k]);
        }
    }
    ck_assert_int_ne(source_compare_ids("1", "1_a", "001", "001_a"), 0);
    ck_assert_uint_eq(source_number_length("12345678901234567890_x"), 20);
    ck_assert_uint_eq(source_number_length("x1"), 0);
}
END_TEST

START_TEST(sorts_naturally)
{
    put("10_a.sql", "");
    put("9_b.sql", "");
    put("000000000000000000011_x.sql", "");
    put("99999999999999999999_c.sql", "");
    put("100000000000000000000_d.sql", "");
    put("add_x10.sql", "");
    put("add_x9.sql", "");
    open_folder();
    ck_assert_str_eq(ids(), "9_b 10_a 000000000000000000011_x 99999999999999999999_c 100000000000000000000_d "
                            "add_x9 add_x10");
}
END_TEST

START_TEST(puts_dependencies_first)
{
    put("add_pricing.sql", "-- Depends: create_orders, 2\n");
    put("create_orders.sql", "-- Depends: zeta");
    put("zeta.sql", "");
    put("alpha.sql", "-- Depends: create_ orders_x\n-- Depends: 002_b\n");
    put("orders_x.sql", "");
    put("002_b.sql", "-- Depends: 003");
    put("001_a.sql", "");
    put("3_c.sql", "");
    open_folder();
    ck_assert_str_eq(ids(), "001_a 3_c 002_b orders_x zeta create_orders add_pricing alpha");
    ck_assert_uint_eq(item("alpha")->depends_count, 3);
    ck_assert_str_eq(item("alpha")->depends[0], "create_orders"); /* in full */
    ck_assert_str_eq(item("add_pricing")->depends[1], "002_b");
}
END_TEST

START_TEST(orders_repeatable)
{
    put("001_a.sql", "");
    put_folder("repeatable");
    put("repeatable/a.sql", "-- Depends: b, 001_a");
    put("repeatable/b.sql", "");
    put("repeatable/c.sql", "");
    open_folder();
    ck_assert_str_eq(ids(), "001_a|b a c");
    put("001_a.sql", "-- Depends: b");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/001_a.sql", 1, 13, "repeatable migration");
}
END_TEST

START_TEST(refuses_bad_dependencies)
{
    put("001_users.sql", "");
    put("002_orders.sql", "SELECT 1;\n-- Depends: 001_users,\t001_usres");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/002_orders.sql", 2, 24, "is \"001_users\" meant?");
    ck_assert_str_eq(error->id, "002_orders");
    ck_assert_str_eq(error->source_line, "-- Depends: 001_users,\t001_usres");
    put("002_orders.sql", "-- Depends: something_else_entirely");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/002_orders.sql", 1, 13, "without .sql");
    put("003_ab1.sql", "");
    put("002_orders.sql", "");
    put("004_ab2.sql", "-- Depends: 00x");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/004_ab2.sql", 1, 13, "00x");
    put("view_1.sql", "");
    put("view_2.sql", "");
    put("004_ab2.sql", "-- Depends: view_");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/004_ab2.sql", 1, 13, "several ids");
}
END_TEST

START_TEST(refuses_circles)
{
    put("001_a.sql", "-- Depends: 003_c\n");
    put("002_b.sql", "-- Depends: 001_a\n");
    put("003_c.sql", "\n-- Depends: 002_b\n");
    put("004_d.sql", "-- Depends: 003_c\n");
    put("000_z.sql", "");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/003_c.sql", 2, 13, "circle");
    ck_assert(strstr(error->message, "003_c -> 002_b") && strstr(error->message, "001_a -> 003_c"));
    empty_folder();
    put("001_a.sql", "-- Depends: 001_a\n");
    refused_as(MIGRATE_ERROR_DEPENDENCY, "/001_a.sql", 1, 13, "001_a -> 001_a");
}
END_TEST

START_TEST(counts_what_the_schema_replaces)
{
    put("001_a.sql", "-- Depends: 003_c");
    put("002_b.sql", "");
    put("003_c.sql", "");
    put("schema.sql", "-- migrate: stands-for 003_c");
    open_folder();
    ck_assert_str_eq(ids(), "002_b 003_c 001_a");
    ck_assert_uint_eq(opened->schema.count, 2);
}
END_TEST

#define MANY 10000

START_TEST(reads_many)
{
    char name[64], text[160];
    struct timespec begin, end;

    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%05d_step.sql", i);
        snprintf(text, sizeof text,
                 "-- Depends: %05d_step\nCREATE TABLE t%d (x int);\n-- ROLLBACK: DROP TABLE t%d;\n",
                 (i + 1) % MANY, i, i);
        put(name, i == MANY - 1 ? "SELECT 1;" : text);
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    open_folder();
    clock_gettime(CLOCK_MONOTONIC, &end);
    ck_assert_uint_eq(opened->count, MANY);
    ck_assert_str_eq(opened->items[0].id, "09999_step");
    ck_assert_str_eq(opened->items[MANY - 1].id, "00000_step");
    /* Generous: a busy machine must not fail this, a quadratic step would. */
    ck_assert_int_lt(end.tv_sec - begin.tv_sec, 20);
    put("09999_step.sql", "-- Depends: 00000_step");
    refused_as(MIGRATE_ERROR_DEPENDENCY, NULL, 1, 13, "... -> ");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {compares_ids,
                            sorts_naturally,
                            puts_dependencies_first,
                            orders_repeatable,
                            refuses_bad_dependencies,
                            refuses_circles,
                            counts_what_the_schema_replaces,
                            reads_many};

    return run_suite("source order", tests, sizeof tests / sizeof *tests);
}
