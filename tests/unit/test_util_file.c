/* SPDX-License-Identifier: MIT
 * Reading files and directories. */
#include "util/file.h"

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

/* A path in a fresh folder of this test's process. */
static const char *path_of(const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *out = path[next++ % 4];

    if (folder[0] == '\0') {
        strcpy(folder, "/tmp/migrate-unit-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

static void write_file(const char *name, const char *text, size_t length)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

static void clean(const char *const *names)
{
    for (; *names != NULL; names++)
        if (unlink(path_of(*names)) != 0)
            rmdir(path_of(*names));
    ck_assert_int_eq(rmdir(folder), 0);
    folder[0] = '\0';
}

START_TEST(reads_whole_files)
{
    struct text out = {0};
    migrate_error *err = NULL;
    static char large[300000];

    memset(large, 'x', sizeof large);
    write_file("small", "a\0b", 3);
    write_file("empty", "", 0);
    write_file("large", large, sizeof large);
    ck_assert_int_eq(file_read(path_of("small"), &out, MIGRATE_ERROR_SOURCE, &err), 0);
    ck_assert_uint_eq(out.length, 3);
    ck_assert_mem_eq(out.data, "a\0b", 4);
    ck_assert_int_eq(file_read(path_of("empty"), &out, MIGRATE_ERROR_SOURCE, &err), 0);
    ck_assert_uint_eq(out.length, 3);
    ck_assert_int_eq(file_read(path_of("large"), &out, MIGRATE_ERROR_SOURCE, &err), 0);
    ck_assert_uint_eq(out.length, 3 + sizeof large);
    ck_assert_int_eq(out.data[out.length], '\0');
    ck_assert_int_eq(out.data[out.length - 1], 'x');
    ck_assert_ptr_null(err);
    text_free(&out);
    clean((const char *const[]){"small", "empty", "large", NULL});
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
    struct text out = {0};
    migrate_error *err = NULL;

    text_add(&out, "kept");
    ck_assert_int_eq(file_read(path_of("absent"), &out, MIGRATE_ERROR_SOURCE, &err), MIGRATE_ERROR_SOURCE);
    ck_assert_ptr_nonnull(strstr(err->message, "absent: no such file or directory"));
    ck_assert_ptr_nonnull(err->hint);
    ck_assert_int_eq(file_read(folder, &out, MIGRATE_ERROR_IO, &err), MIGRATE_ERROR_IO);
    ck_assert_ptr_nonnull(strstr(err->message, "it is a directory"));
    ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
    ck_assert_int_eq(file_read(path_of("pipe"), &out, MIGRATE_ERROR_IO, &err), MIGRATE_ERROR_IO);
    ck_assert_ptr_nonnull(strstr(err->message, "not a regular file"));
    ck_assert_int_eq(file_read(path_of("absent"), &out, MIGRATE_ERROR_IO, NULL), MIGRATE_ERROR_IO);
    ck_assert_str_eq(out.data, "kept");
    error_clear(&err);
    text_free(&out);
    clean((const char *const[]){"pipe", NULL});
}
END_TEST

START_TEST(tells_kinds)
{
    write_file("file", "", 0);
    ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
    ck_assert_int_eq(symlink("file", path_of("link")), 0);
    ck_assert_int_eq(symlink("nowhere", path_of("broken")), 0);
    ck_assert_int_eq(file_kind_of(path_of("file")), FILE_REGULAR);
    ck_assert_int_eq(file_kind_of(path_of("link")), FILE_REGULAR);
    ck_assert_int_eq(file_kind_of(path_of("broken")), FILE_ABSENT);
    ck_assert_int_eq(file_kind_of(path_of("absent")), FILE_ABSENT);
    ck_assert_int_eq(file_kind_of(path_of("file/below")), FILE_ABSENT);
    ck_assert_int_eq(file_kind_of(folder), FILE_DIRECTORY);
    ck_assert_int_eq(file_kind_of(path_of("pipe")), FILE_OTHER);
    clean((const char *const[]){"file", "pipe", "link", "broken", NULL});
}
END_TEST

START_TEST(lists_in_byte_order)
{
    static const char *const sorted[] = {"10.sql", "9.sql", "B", "a", "b", "\xC3\xA4", NULL};
    static const char *const made[] = {"b", "9.sql", "\xC3\xA4", "a", "10.sql", "B", NULL};
    struct file_names names = {0};
    migrate_error *err = NULL;

    for (size_t i = 0; made[i] != NULL; i++)
        write_file(made[i], "", 0);
    ck_assert_int_eq(file_list(folder, &names, MIGRATE_ERROR_SOURCE, &err), 0);
    ck_assert_uint_eq(names.count, 6);
    for (size_t i = 0; i < names.count; i++)
        ck_assert_str_eq(names.items[i], sorted[i]);
    file_names_free(&names);
    ck_assert_uint_eq(names.count, 0);
    clean(made);
}
END_TEST

START_TEST(lists_nothing_and_fails)
{
    struct file_names names = {0};
    migrate_error *err = NULL;

    write_file("file", "", 0);
    ck_assert_int_eq(file_list(path_of("file"), &names, MIGRATE_ERROR_SOURCE, &err), MIGRATE_ERROR_SOURCE);
    ck_assert_int_eq(file_list(path_of("none"), &names, MIGRATE_ERROR_SOURCE, &err), MIGRATE_ERROR_SOURCE);
    ck_assert_ptr_nonnull(strstr(err->message, "no such file or directory"));
    error_clear(&err);
    ck_assert_int_eq(unlink(path_of("file")), 0);
    ck_assert_int_eq(file_list(folder, &names, MIGRATE_ERROR_SOURCE, &err), 0);
    ck_assert_uint_eq(names.count, 0);
    file_names_free(&names);
    clean((const char *const[]){NULL});
}
END_TEST

UNIT("util/file", reads_whole_files, refuses_what_is_no_file, tells_kinds, lists_in_byte_order,
     lists_nothing_and_fails)
