/* SPDX-License-Identifier: MIT
 * What the tests of source/ share: a folder of files that is made for each test, and opening it. */
#ifndef TEST_SOURCE_H
#define TEST_SOURCE_H

#include "source/source.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct source *opened;
static migrate_error *error;

static inline int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

static inline void setup(void)
{
    strcpy(folder, "/tmp/test_source.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static inline void close_source(void)
{
    source_free(opened);
    opened = NULL;
    error_clear(&error);
}

static inline void empty_folder(void)
{
    close_source();
    ck_assert_int_eq(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
}

static inline void teardown(void)
{
    close_source();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline void put_n(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(path_of(name), "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

static inline void put(const char *name, const char *text)
{
    put_n(name, text, strlen(text));
}

static inline void put_folder(const char *name)
{
    ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
}

static inline int32_t open_with(const char *dir, migrate_source *memory, const char *engine, bool duplicates)
{
    struct source_options options = {.dir = dir,
                                     .memory = memory,
                                     .engine = engine,
                                     .dialect = sql_dialect_of(engine),
                                     .allow_duplicate_numbers = duplicates};

    close_source();
    return source_open(&options, &opened, &error);
}

static inline void open_engine(const char *engine)
{
    int32_t code = open_with(folder, NULL, engine, false);

    ck_assert_msg(code == MIGRATE_OK, "%s", error ? error->message : "");
    ck_assert_ptr_null(error);
}

static inline void open_folder(void)
{
    open_engine("postgresql");
}

/* The folder is refused; the error's message or hint has these words, and its file ends so. */
static inline void refused_as(int32_t expected, const char *file, int64_t line, int64_t column,
                              const char *words)
{
    int32_t code = open_with(folder, NULL, "postgresql", false);

    ck_assert_int_eq(code, expected);
    ck_assert_ptr_null(opened);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error->message, words) || (error->hint && strstr(error->hint, words)),
                  "\"%s\" is neither in \"%s\" nor in \"%s\"", words, error->message,
                  error->hint ? error->hint : "");
    ck_assert_ptr_nonnull(error->hint);
    ck_assert_ptr_null(strchr(error->message, '\n'));
    if (file)
        ck_assert_msg(error->file && text_ends(error->file, file), "file is %s",
                      error->file ? error->file : "NULL");
    ck_assert_int_eq(error->line, line);
    ck_assert_int_eq(error->column, column);
}

/* The ids in running order, separated by blanks; repeatable ones behind a bar. */
static inline const char *ids(void)
{
    static char list[4096];

    list[0] = '\0';
    for (size_t i = 0; i < opened->count; i++) {
        if (i == opened->versioned)
            strcat(list, "|");
        else if (i > 0)
            strcat(list, " ");
        strcat(list, opened->items[i].id);
    }
    return list;
}

static inline const struct migration *item(const char *id)
{
    for (size_t i = 0; i < opened->count; i++)
        if (strcmp(opened->items[i].id, id) == 0)
            return &opened->items[i];
    ck_abort_msg("no migration %s", id);
    return NULL;
}

/* The text of a section and where it begins. */
static inline void check_text(const struct section *section, const char *expected, const char *text,
                              int64_t first_line)
{
    struct section_text got = {0};
    int32_t code = section_read(opened, section, expected, &got, &error);

    ck_assert_msg(code == MIGRATE_OK, "%s", error ? error->message : "");
    ck_assert_str_eq(got.text.data ? got.text.data : "", text);
    ck_assert_int_eq(got.first_line, first_line);
    ck_assert_int_eq(got.first_column, 1);
    section_text_free(&got);
}

static inline int run_suite(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *one = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(one, setup, teardown);
    tcase_set_timeout(one, 120);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(one, tests[i]);
    suite_add_tcase(suite, one);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
