/* SPDX-License-Identifier: MIT
 * The row set. */
#include "util/rows.h"

#include "util/memory.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static struct migrate_rows *finished(struct migrate_rows *rows)
{
    struct migrate_rows *out = NULL;
    migrate_error *err = NULL;

    ck_assert_int_eq(rows_finish(rows, &out, &err), MIGRATE_OK);
    ck_assert_ptr_null(err);
    return out;
}

static struct migrate_rows *sample(void)
{
    struct migrate_rows *rows = rows_new((const char *const[]){"id", "n", "ok"}, 3);

    rows_put_text(rows, "001_a");
    rows_put_int(rows, INT64_MIN);
    rows_put_bool(rows, true);
    rows_put_text_n(rows, "x\0y", 3);
    rows_put_null(rows);
    rows_put_bool(rows, false);
    rows_value_text(rows, "from", "001_a");
    rows_value_int(rows, "count", 1);
    rows_value_int(rows, "count", 2);
    rows_value_bool(rows, "changed", true);
    rows_value_text(rows, "to", NULL);
    return finished(rows);
}

START_TEST(cells_are_read_back)
{
    struct migrate_rows *rows = sample();

    ck_assert_uint_eq(rows_count(rows), 2);
    ck_assert_uint_eq(rows_columns(rows), 3);
    ck_assert_str_eq(rows_column_name(rows, 2), "ok");
    ck_assert_uint_eq(rows_column_index(rows, "n"), 1);
    ck_assert_uint_eq(rows_column_index(rows, "absent"), MIGRATE_NONE);
    ck_assert_str_eq(rows_text(rows, 0, 0), "001_a");
    ck_assert_str_eq(rows_text(rows, 0, 1), "-9223372036854775808");
    ck_assert_int_eq(rows_int(rows, 0, 1), INT64_MIN);
    ck_assert_str_eq(rows_text(rows, 0, 2), "true");
    ck_assert_str_eq(rows_text(rows, 1, 2), "false");
    ck_assert_int_eq(rows_int(rows, 0, 2), 1);
    ck_assert_int_eq(rows_int(rows, 1, 2), 0);
    ck_assert_uint_eq(rows_text_length(rows, 1, 0), 3);
    ck_assert_mem_eq(rows_text(rows, 1, 0), "x\0y", 4);
    ck_assert(rows_is_null(rows, 1, 1) && !rows_is_null(rows, 1, 0));
    ck_assert_ptr_null(rows_text(rows, 1, 1));
    ck_assert_uint_eq(rows_text_length(rows, 1, 1), 0);
    rows_free(rows);
}
END_TEST

START_TEST(values_are_read_back)
{
    struct migrate_rows *rows = sample();

    ck_assert_str_eq(rows_get_value_text(rows, "from"), "001_a");
    ck_assert_int_eq(rows_get_value_int(rows, "count"), 2);
    ck_assert_str_eq(rows_get_value_text(rows, "count"), "2");
    ck_assert_int_eq(rows_get_value_int(rows, "changed"), 1);
    ck_assert_ptr_null(rows_get_value_text(rows, "to"));
    ck_assert_ptr_null(rows_get_value_text(rows, "absent"));
    ck_assert_int_eq(rows_get_value_int(rows, "absent"), 0);
    rows_free(rows);
}
END_TEST

START_TEST(nothing_is_out_of_range)
{
    struct migrate_rows *rows = sample();

    ck_assert_ptr_null(rows_text(rows, 2, 0));
    ck_assert_ptr_null(rows_text(rows, 0, 3));
    ck_assert_ptr_null(rows_text(rows, MIGRATE_NONE, MIGRATE_NONE));
    ck_assert_int_eq(rows_int(rows, 0, MIGRATE_NONE), 0);
    ck_assert(rows_is_null(rows, 9, 9));
    ck_assert_ptr_null(rows_column_name(rows, 3));
    ck_assert_uint_eq(rows_column_index(rows, NULL), MIGRATE_NONE);
    ck_assert_ptr_null(rows_get_value_text(rows, NULL));
    rows_free(rows);
    ck_assert_uint_eq(rows_count(NULL), 0);
    ck_assert_ptr_null(rows_text(NULL, 0, 0));
    ck_assert_ptr_null(rows_get_value_text(NULL, "x"));
    rows_free(NULL);
}
END_TEST

START_TEST(texts_are_read_as_numbers)
{
    static const struct {
        const char *text;
        int64_t number;
    } cases[] = {{"0", 0},
                 {"42", 42},
                 {"-42", -42},
                 {"t", 1},
                 {"f", 0},
                 {"true", 1},
                 {"false", 0},
                 {"", 0},
                 {"-", 0},
                 {"x1", 0},
                 {"12x", 12},
                 {"12.9", 12},
                 {"9223372036854775807", INT64_MAX},
                 {"9223372036854775808", INT64_MAX},
                 {"-9223372036854775808", INT64_MIN},
                 {"-9223372036854775809", INT64_MIN},
                 {"99999999999999999999999", INT64_MAX}};
    struct migrate_rows *rows = rows_new((const char *const[]){"n"}, 1);
    size_t count = sizeof cases / sizeof cases[0];

    for (size_t i = 0; i < count; i++)
        rows_put_text(rows, cases[i].text);
    rows = finished(rows);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(rows_int(rows, i, 0) == cases[i].number, "%s", cases[i].text);
    rows_free(rows);
}
END_TEST

START_TEST(json)
{
    struct migrate_rows *rows = sample();
    char *text = rows_json(rows);

    ck_assert_str_eq(text, "{\"from\":\"001_a\",\"count\":2,\"changed\":true,\"to\":null,\"rows\":["
                           "{\"id\":\"001_a\",\"n\":-9223372036854775808,\"ok\":true},"
                           "{\"id\":\"x\\u0000y\",\"n\":null,\"ok\":false}]}");
    memory_free(text);
    rows_free(rows);
    rows = finished(rows_new(NULL, 0));
    ck_assert_uint_eq(rows_count(rows), 0);
    text = rows_json(rows);
    ck_assert_str_eq(text, "{\"rows\":[]}");
    memory_free(text);
    rows_free(rows);
}
END_TEST

START_TEST(many_rows)
{
    struct migrate_rows *rows = rows_new((const char *const[]){"i", "t"}, 2);
    char text[32];

    for (int i = 0; i < 20000; i++) {
        rows_put_int(rows, i);
        snprintf(text, sizeof text, "text %d", i);
        rows_put_text(rows, text);
    }
    rows = finished(rows);
    ck_assert_uint_eq(rows_count(rows), 20000);
    ck_assert_int_eq(rows_int(rows, 19999, 0), 19999);
    ck_assert_str_eq(rows_text(rows, 12345, 1), "text 12345");
    rows_free(rows);
}
END_TEST

START_TEST(lack_of_memory_is_reported_at_the_end)
{
    struct migrate_rows *out = NULL;
    migrate_error *err = NULL;

    rows_put_text(NULL, "x");
    rows_put_int(NULL, 1);
    rows_put_bool(NULL, true);
    rows_put_null(NULL);
    rows_value_text(NULL, "a", "b");
    rows_value_int(NULL, "a", 1);
    rows_value_bool(NULL, "a", true);
    ck_assert_int_eq(rows_finish(NULL, &out, &err), MIGRATE_ERROR_NOMEM);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(err->code, MIGRATE_ERROR_NOMEM);
    error_clear(&err);
}
END_TEST

UNIT("util/rows", cells_are_read_back, values_are_read_back, nothing_is_out_of_range,
     texts_are_read_as_numbers, json, many_rows, lack_of_memory_is_reported_at_the_end)
