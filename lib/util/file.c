/* SPDX-License-Identifier: MIT
 * Reading files and directories. Only regular files are read: a pipe could keep a start-up waiting for ever.
 */
#include "util/file.h"

#include "util/array.h"
#include "util/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* strerror() speaks the host's language and is not safe everywhere; these are the ones that happen. */
static const struct {
    int number;
    const char *why, *hint;
} reasons[] = {
    {ENOENT, "no such file or directory", "check the path; a relative one starts at the working directory"},
    {ENOTDIR, "a part of the path is not a directory", "check the path"},
    {EISDIR, "it is a directory", "name a file"},
    {EACCES, "permission denied", "let the user that runs the program read it"},
    {EPERM, "permission denied", "let the user that runs the program read it"},
    {ELOOP, "too many symbolic links", "mend the links"},
    {ENAMETOOLONG, "the path is too long", "use a shorter path"},
    {EMFILE, "too many open files in this process", "raise its limit of open files"},
    {ENFILE, "too many open files in the system", "raise the system's limit of open files"},
    {EIO, "input/output error", "check the disk"},
};

static int32_t fail(const char *path, int number, int32_t code, migrate_error **err)
{
    if (number == ENOMEM)
        return error_nomem(err);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].number != number)
            continue;
        error_set(err, code, "cannot read %s: %s", path, reasons[i].why);
        error_hint(err, "%s", reasons[i].hint);
        return code;
    }
    return error_set(err, code, "cannot read %s: system error %d", path, number);
}

/* size: what the file said that it has; where it says nothing (/proc), until its end. */
static int32_t read_all(int fd, const char *path, size_t size, struct text *out, int32_t code, migrate_error **err)
{
    size_t before = out->length;

    for (;;) {
        ssize_t got;

        if (!text_reserve(out, 1))
            return error_nomem(err);
        got = read(fd, out->data + out->length, out->capacity - out->length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(path, errno, code, err);
        if (got == 0)
            return MIGRATE_OK;
        out->length += (size_t)got;
        out->data[out->length] = '\0';
        if (size > 0 && out->length - before >= size)
            return MIGRATE_OK;
    }
}

int32_t file_read(const char *path, struct text *out, int32_t code, struct migrate_error **err)
{
    int32_t result;
    struct stat about;
    size_t before = out->length;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return fail(path, errno, code, err);
    if (fstat(fd, &about) != 0)
        result = fail(path, errno, code, err);
    else if (S_ISDIR(about.st_mode))
        result = fail(path, EISDIR, code, err);
    else if (!S_ISREG(about.st_mode)) {
        result = error_set(err, code, "cannot read %s: not a regular file", path);
        error_hint(err, "name a file");
    } else if (!text_reserve(out, (size_t)about.st_size + 1))
        result = error_nomem(err);
    else
        result = read_all(fd, path, (size_t)about.st_size, out, code, err);
    close(fd);
    if (result != MIGRATE_OK && out->data != NULL) {
        out->length = before;
        out->data[before] = '\0';
    }
    return result;
}

enum file_kind file_look(const char *path, int64_t *size)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return errno == ENOENT || errno == ENOTDIR ? FILE_ABSENT : FILE_OTHER;
    if (!S_ISREG(about.st_mode))
        return S_ISDIR(about.st_mode) ? FILE_DIRECTORY : FILE_OTHER;
    *size = about.st_size;
    return FILE_REGULAR;
}

enum file_kind file_kind_of(const char *path)
{
    int64_t size;

    return file_look(path, &size);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int32_t read_names(DIR *directory, const char *path, struct file_names *names, int32_t code,
                          migrate_error **err)
{
    for (;;) {
        struct dirent *entry;

        errno = 0;
        entry = readdir(directory);
        if (entry == NULL)
            return errno != 0 ? fail(path, errno, code, err) : MIGRATE_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!array_reserve(names) || (names->items[names->count] = memory_text(entry->d_name)) == NULL)
            return error_nomem(err);
        names->count++;
    }
}

int32_t file_list(const char *path, struct file_names *names, int32_t code, struct migrate_error **err)
{
    struct file_names found = {0};
    DIR *directory = opendir(path);
    int32_t result;

    if (directory == NULL)
        return fail(path, errno, code, err);
    result = read_names(directory, path, &found, code, err);
    closedir(directory);
    if (result != MIGRATE_OK) {
        file_names_free(&found);
        return result;
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof found.items[0], compare_names);
    *names = found;
    return MIGRATE_OK;
}

void file_names_free(struct file_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        memory_free(names->items[i]);
    memory_free(names->items);
    *names = (struct file_names){0};
}
