/* SPDX-License-Identifier: MIT
 * Every allocation of a source fails once: the call says so, nothing is lost, and the next call works. The
 * allocator's seam (util/memory.h) is replaced by one that counts. */
#include "test_source.h"
#include "util/memory.h"

static long allocations_left = -1; /* negative: no limit */

static bool may_allocate(void)
{
    if (allocations_left == 0)
        return false;
    if (allocations_left > 0)
        allocations_left--;
    return true;
}

void *memory_new(size_t size)
{
    return may_allocate() ? calloc(1, size ? size : 1) : NULL;
}

void *memory_grow(void *block, size_t size)
{
    return may_allocate() ? realloc(block, size ? size : 1) : NULL;
}

char *memory_text_n(const char *text, size_t length)
{
    char *copy = memory_new(length + 1);

    if (copy && length > 0)
        memcpy(copy, text, length);
    return copy;
}

char *memory_text(const char *text)
{
    return text ? memory_text_n(text, strlen(text)) : NULL;
}

void memory_free(void *block)
{
    free(block);
}

static int32_t code_up(migrate_connection *connection, void *user)
{
    (void)connection, (void)user;
    return 0;
}

static migrate_source *memory;

static int32_t fill_memory(void)
{
    int32_t code = memory_source_new(&memory, &error);

    if (code == MIGRATE_OK)
        code = memory_source_add_file(memory, "101_file.sql", "SELECT 1;", 9, &error);
    if (code == MIGRATE_OK)
        code = memory_source_add(memory, "102_text", "SELECT 1;", "SELECT 2;", &error);
    if (code == MIGRATE_OK)
        code = memory_source_add_code(memory, "103_code", "1", code_up, code_up, NULL, &error);
    if (code == MIGRATE_OK)
        code = memory_source_set_schema_code(memory, "103_code", code_up, NULL, &error);
    return code;
}

static int32_t work(void)
{
    struct section_text text;
    int32_t code = fill_memory();

    if (code == MIGRATE_OK)
        code = open_with(folder, memory, "sqlite", false);
    if (code == MIGRATE_OK)
        code = section_read(opened, &item("002_b")->down, NULL, &text, &error);
    if (code == MIGRATE_OK)
        section_text_free(&text);
    return code;
}

/* Fails the first allocation, then the second ... until none fails; expected: what the work ends in then. */
static void fail_each(int32_t (*call)(void), int32_t expected)
{
    for (long limit = 0;; limit++) {
        int32_t code;

        ck_assert_int_lt(limit, 10000);
        allocations_left = limit;
        code = call();
        bool ran_out = allocations_left == 0;
        allocations_left = -1;
        if (code != MIGRATE_ERROR_NOMEM) {
            ck_assert_int_eq(code, expected); /* a hint may be lost, the error not */
        } else {
            ck_assert(ran_out);
            ck_assert_ptr_nonnull(error);
            ck_assert_int_eq(error->code, MIGRATE_ERROR_NOMEM);
        }
        close_source();
        memory_source_unref(memory);
        memory = NULL;
        if (!ran_out)
            break;
    }
}

static int32_t open_only(void)
{
    return open_with(folder, NULL, "sqlite", false);
}

START_TEST(survives_lack_of_memory)
{
    put("001_a.sql",
        "-- Depends: 002_b, 104\n-- Dependencies: x, y\n-- migrate: allow-data-loss why\nSELECT 1;");
    put("001_a.down.sql", "SELECT 1;");
    put("002_b.sql", "SELECT 1;\n-- ROLLBACK:\nSELECT 2;\n-- END ROLLBACK\n-- ROLLBACK: SELECT 3;");
    put("104_elsewhere.postgresql.sql", "");
    put_folder("repeatable");
    put("repeatable/v.sql", "SELECT 1;");
    fail_each(work, MIGRATE_OK);
    put("schema.sql", "-- migrate: stands-for 002_b");
    fail_each(open_only, MIGRATE_OK);
}
END_TEST

START_TEST(survives_it_in_errors)
{
    put("001_a.sql", "-- Depends: 002_b");
    put("002_b.sql", "-- Depends: 001_a");
    fail_each(open_only, MIGRATE_ERROR_DEPENDENCY);
    put("002_b.sql", "-- migrate: nonsense");
    fail_each(open_only, MIGRATE_ERROR_SOURCE);
    put("2_b.sql", "");
    fail_each(open_only, MIGRATE_ERROR_DUPLICATE);
    put("3.x.sql", "");
    fail_each(open_only, MIGRATE_ERROR_SOURCE);
}
END_TEST

START_TEST(leaves_a_source_as_before)
{
    ck_assert_int_eq(memory_source_new(&memory, &error), MIGRATE_OK);
    for (long limit = 0; limit < 3; limit++) {
        allocations_left = limit;
        ck_assert_int_eq(memory_source_add(memory, "001_a", "SELECT 1;", NULL, NULL),
                         limit < 3 ? MIGRATE_ERROR_NOMEM : 0);
        allocations_left = -1;
    }
    ck_assert_int_eq(open_with(NULL, memory, "sqlite", false), MIGRATE_OK);
    ck_assert_uint_eq(opened->count, 0);
    memory_source_unref(memory);
    memory = NULL;
}
END_TEST

int main(void)
{
    const TTest *tests[] = {survives_lack_of_memory, survives_it_in_errors, leaves_a_source_as_before};

    return run_suite("source faults", tests, sizeof tests / sizeof *tests);
}
