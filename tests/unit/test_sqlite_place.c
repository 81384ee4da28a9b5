/* SPDX-License-Identifier: MIT
 * Files in places where SQLite's locks do not hold, do not work, or where nobody gets at them. What the system says of the place is
 * said by this test: statfs() is wrapped (under the name it has where files may be big), and SQLite's own system calls are replaced through SQLite. */
#include "core/verbs.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static long magic; /* of every place; 0: what it really is */
static char url[300], file[200], folder[sizeof "/tmp/migrate-place-XXXXXX"];

int __wrap_statfs64(const char *path, struct statfs *out);
int __real_statfs64(const char *path, struct statfs *out);

int __wrap_statfs64(const char *path, struct statfs *out)
{
    int code = __real_statfs64(path, out);

    if (code == 0 && magic != 0)
        out->f_type = (__typeof__(out->f_type))magic;
    return code;
}

static void set_up(void)
{
    strcpy(folder, "/tmp/migrate-place-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/app.db", folder);
    snprintf(url, sizeof url, "sqlite:%s", file);
    magic = 0;
}

static void tear_down(void)
{
    unlink(file);
    rmdir(folder);
}

/* A start with one migration. */
static int32_t start(const char *key, const char *value, migrate_error **err)
{
    migrate_options *options = NULL;
    migrate_source *source = NULL;
    int32_t code;

    ck_assert_int_eq(migrate_options_new(&options, NULL), 0);
    ck_assert_int_eq(migrate_source_new(&source, NULL), 0);
    ck_assert_int_eq(migrate_source_add(source, "001_a", "CREATE TABLE a (x);", NULL, NULL), 0);
    ck_assert_int_eq(migrate_options_set_source(options, source, NULL), 0);
    if (key != NULL)
        ck_assert_int_eq(migrate_options_set(options, key, value, NULL), 0);
    code = migrate_startup(url, options, NULL, err);
    migrate_source_free(source);
    migrate_options_free(options);
    return code;
}

START_TEST(refuses_network_file_systems)
{
    static const long networks[] = {0x6969, 0x517b, (long)0xff534d42, (int)0xfe534d42, 0x00c36400};

    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        migrate_error *error = NULL;

        magic = networks[i];
        ck_assert_int_eq(start(NULL, NULL, &error), MIGRATE_ERROR_FILE_SYSTEM);
        ck_assert_str_eq(migrate_error_class(error), "environment");
        ck_assert_ptr_nonnull(strstr(migrate_error_hint(error), "network_file=allow"));
        migrate_error_free(error);
        ck_assert_int_eq(start("mode", "check", NULL), MIGRATE_PENDING);
    }
    magic = 0x6969;
    ck_assert_int_eq(start("network_file", "allow", NULL), 0);
    ck_assert_int_eq(start(NULL, NULL, NULL), 0); /* nothing to write */
    ck_assert_int_eq(start("mode", "check", NULL), 0);
}
END_TEST

START_TEST(allows_local_ones)
{
    static const long locals[] = {0xef53, 0x01021994, 0x65735546, 0x01021997, 0x58465342};

    for (size_t i = 0; i < sizeof locals / sizeof locals[0]; i++) {
        magic = locals[i];
        ck_assert_int_eq(start(NULL, NULL, NULL), 0);
        unlink(file);
    }
}
END_TEST

static int reason;

static int no_key(const char *path, int flags, int mode)
{
    if (strncmp(path, folder, strlen(folder)) != 0)
        return open(path, flags, mode);
    errno = reason;
    return -1;
}

static int no_locks(int descriptor, int command, ...)
{
    va_list arguments;
    void *argument;

    va_start(arguments, command);
    argument = va_arg(arguments, void *);
    va_end(arguments);
    if (command != F_SETLK)
        return fcntl(descriptor, command, argument);
    errno = reason;
    return -1;
}

static void replace(const char *name, sqlite3_syscall_ptr call)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    ck_assert_int_eq(vfs->xSetSystemCall(vfs, name, call), SQLITE_OK);
}

START_TEST(tells_locked_devices)
{
    migrate_error *error = NULL;

    ck_assert_int_eq(start(NULL, NULL, NULL), 0);
    reason = ENOKEY;
    replace("open", (sqlite3_syscall_ptr)no_key);
    ck_assert_int_eq(start(NULL, NULL, &error), MIGRATE_ERROR_DEVICE_LOCKED);
    ck_assert_str_eq(migrate_error_class(error), "retry");
    ck_assert_ptr_nonnull(migrate_error_hint(error));
    migrate_error_free(error);
    error = NULL;
    reason = EACCES;
    ck_assert_int_eq(start(NULL, NULL, &error), MIGRATE_ERROR_CONNECT);
    migrate_error_free(error);
    replace("open", NULL);
    ck_assert_int_eq(start(NULL, NULL, NULL), 0);
}
END_TEST

START_TEST(tells_file_systems_without_locks)
{
    migrate_error *error = NULL;

    reason = ENOSYS; /* ENOLCK is taken for a lock that somebody holds */
    replace("fcntl", (sqlite3_syscall_ptr)no_locks);
    ck_assert_int_eq(start(NULL, NULL, &error), MIGRATE_ERROR_FILE_SYSTEM);
    ck_assert_ptr_nonnull(strstr(migrate_error_hint(error), "local disk"));
    migrate_error_free(error);
    replace("fcntl", NULL);
    ck_assert_int_eq(start(NULL, NULL, NULL), 0);
}
END_TEST

/* The first look at the file finds none; then another process makes it. */
static int made_meanwhile(const char *path, int flags, int mode)
{
    if (strcmp(path, file) != 0 || reason == 0)
        return open(path, flags, mode);
    reason = 0;
    close(open(path, O_RDWR | O_CREAT, 0644));
    errno = ENOENT;
    return -1;
}

START_TEST(writes_to_a_file_that_came_meanwhile)
{
    migrate_error *error = NULL;

    reason = ENOENT;
    replace("open", (sqlite3_syscall_ptr)made_meanwhile);
    ck_assert_msg(start(NULL, NULL, &error) == 0, "%s", migrate_error_message(error));
    ck_assert_int_eq(reason, 0);
    replace("open", NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database/sqlite/place");
    TCase *tests = tcase_create("all");
    SRunner *runner;
    int failed;

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, refuses_network_file_systems);
    tcase_add_test(tests, allows_local_ones);
    tcase_add_test(tests, tells_locked_devices);
    tcase_add_test(tests, tells_file_systems_without_locks);
    tcase_add_test(tests, writes_to_a_file_that_came_meanwhile);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
