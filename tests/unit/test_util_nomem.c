/* SPDX-License-Identifier: MIT
 * Every allocation of util/ fails once: the result is MIGRATE_ERROR_NOMEM, no crash and no leak (a leak shows
 * under the address sanitizer). */
#include "util/file.h"
#include "util/memory.h"
#include "util/rows.h"
#include "util/watch.h"

#include "allocator.h"
#include "unit.h"

/* Runs work once for each of its allocations, that one failing; work returns what it would report. */
static void fail_each(int32_t (*work)(migrate_error **err), bool may_succeed)
{
    long nth = 0;

    do {
        migrate_error *err = NULL;
        int32_t code;

        allocator.failed = false;
        allocator.left = nth++;
        code = work(&err);
        allocator.left = -1;
        if (allocator.failed && !may_succeed) {
            ck_assert_int_eq(code, MIGRATE_ERROR_NOMEM);
            ck_assert_ptr_nonnull(err);
            ck_assert_int_eq(err->code, MIGRATE_ERROR_NOMEM);
        }
        if (!allocator.failed || may_succeed)
            ck_assert_int_eq(code, MIGRATE_OK);
        error_clear(&err);
    } while (allocator.failed);
    ck_assert_int_gt(nth, 1);
}

static int32_t build_rows(migrate_error **err)
{
    struct migrate_rows *rows = rows_new((const char *const[]){"a", "b"}, 2), *out = NULL;
    char *json;
    int32_t code;

    for (int i = 0; i < 200; i++) {
        rows_put_text(rows, "some text that fills blocks");
        rows_put_int(rows, i);
        rows_value_int(rows, i % 2 ? "odd" : "even", i);
    }
    code = rows_finish(rows, &out, err);
    if (code != MIGRATE_OK)
        return code;
    json = rows_json(out);
    if (json == NULL)
        code = error_nomem(err);
    memory_free(json);
    rows_free(out);
    return code;
}

static int32_t read_files(migrate_error **err)
{
    struct text text = {0};
    struct file_names names = {0};
    int32_t code = file_list("/", &names, MIGRATE_ERROR_SOURCE, err);

    if (code == MIGRATE_OK)
        code = file_read("/proc/self/exe", &text, MIGRATE_ERROR_SOURCE, err);
    file_names_free(&names);
    text_free(&text);
    return code;
}

static int32_t make_token(migrate_error **err)
{
    migrate_token *token = NULL;
    int32_t code = token_new(&token, err);

    token_unref(token);
    return code;
}

/* What is added may be lost, the error itself not. */
static int32_t make_error(migrate_error **err)
{
    migrate_error *made = NULL;
    char *text;

    error_set(&made, MIGRATE_ERROR_SQL, "message %d", 1);
    if (made == NULL || made->message == NULL)
        return MIGRATE_ERROR_INTERNAL; /* not asserted here: Check itself allocates */
    error_hint(&made, "hint");
    error_detail(&made, "detail");
    error_detail_add(&made, "more");
    error_id(&made, "id");
    error_place(&made, "file", 1, 2);
    error_statement(&made, "s", 1);
    error_source_line(&made, "abc", 3);
    text = error_to_text(made);
    if (text == NULL)
        error_nomem(err);
    memory_free(text);
    text = error_to_json(made);
    if (text == NULL)
        error_nomem(err);
    memory_free(text);
    error_free(made);
    return MIGRATE_OK;
}

START_TEST(rows)
{
    fail_each(build_rows, false);
}
END_TEST

START_TEST(files)
{
    fail_each(read_files, false);
}
END_TEST

START_TEST(token)
{
    fail_each(make_token, false);
}
END_TEST

START_TEST(errors)
{
    fail_each(make_error, true);
}
END_TEST

UNIT("util/nomem", rows, files, token, errors)
