/* SPDX-License-Identifier: MIT
 * The folder of a database's backups: names, marks, making, counting, removing. */
#include "guard/shelf.h"

#include "util/array.h"
#include "util/clock.h"
#include "util/digest.h"
#include "util/file.h"
#include "util/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".bak"
#define TABLES ".tables"
#define PART ".part"
#define DATA ".new" PART

enum { TIME_LENGTH = 16, ID_MOST = 60, NAME_MOST = 100, ATTEMPTS = 3600, SLACK = 65536 };

/* ---- complaints ---- */

static int32_t fail(migrate_error **err, const char *doing, const char *path, int number)
{
    const char *why = number == ENOSPC || number == EDQUOT ? "no room on the disk"
                      : number == EACCES || number == EPERM ? "permission denied"
                      : number == EROFS                      ? "the file system is read-only"
                      : number == ENOENT                     ? "there is no such folder"
                      : number == ENOTDIR                    ? "a part of the path is no folder"
                      : number == EIO                        ? "input/output error"
                                                             : NULL;
    bool room = number == ENOSPC || number == EDQUOT;

    if (number == ENOMEM)
        return error_nomem(err);
    if (why != NULL)
        error_set(err, MIGRATE_ERROR_IO, "backup: cannot %s %s: %s", doing, path, why);
    else
        error_set(err, MIGRATE_ERROR_IO, "backup: cannot %s %s: system error %d", doing, path, number);
    error_hint(err, room ? "make room, or name another folder by the option backup_dir; nothing was run"
                         : "name a folder that can be written by the option backup_dir; nothing was run");
    return MIGRATE_ERROR_IO;
}

/* ---- names ---- */

/* What may stand in a file's name anywhere. */
static char *clean(const char *text, size_t most)
{
    char *copy = memory_text_n(text, strnlen(text, most));

    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || strchr("._-", *at) != NULL;
        if (!plain)
            *at = '_';
    }
    if (copy != NULL && *copy == '.')
        *copy = '_';
    return copy;
}

int32_t shelf_open(struct shelf *shelf, const char *folder, const char *name, const char *identity, migrate_error **err)
{
    *shelf = (struct shelf){.folder = memory_text(folder), .name = clean(name, NAME_MOST), .identity = memory_text(identity)};
    if (shelf->folder == NULL || shelf->name == NULL || shelf->identity == NULL) {
        shelf_close(shelf);
        return error_nomem(err);
    }
    return MIGRATE_OK;
}

void shelf_close(struct shelf *shelf)
{
    memory_free(shelf->folder);
    memory_free(shelf->name);
    memory_free(shelf->identity);
    *shelf = (struct shelf){0};
}

static char *path_of(const struct shelf *shelf, const char *name)
{
    struct text path = {0};
    char *result;

    text_format(&path, "%s/%s", shelf->folder, name);
    result = text_take(&path);
    text_free(&path);
    return result;
}

/* Digits of a calendar field; false: there are others. */
static bool digits(const char *text, size_t length, int *out)
{
    *out = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *out = *out * 10 + (text[i] - '0');
    }
    return true;
}

/* 20260801T120304Z */
static bool read_time(const char *text, int64_t *out)
{
    struct tm when = {0};
    bool fits = strnlen(text, TIME_LENGTH) == TIME_LENGTH && text[8] == 'T' && text[15] == 'Z' && digits(text, 4, &when.tm_year) &&
                digits(text + 4, 2, &when.tm_mon) && digits(text + 6, 2, &when.tm_mday) && digits(text + 9, 2, &when.tm_hour) &&
                digits(text + 11, 2, &when.tm_min) && digits(text + 13, 2, &when.tm_sec);

    when.tm_year -= 1900;
    when.tm_mon -= 1;
    if (fits)
        *out = (int64_t)timegm(&when) * 1000000;
    return fits;
}

static void write_time(int64_t at, char out[TIME_LENGTH + 1])
{
    time_t seconds = (time_t)(at / 1000000);
    struct tm when = {0};

    gmtime_r(&seconds, &when);
    snprintf(out, TIME_LENGTH + 1, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)(when.tm_year + 1900) % 10000u, (unsigned)(when.tm_mon + 1) % 100u,
             (unsigned)when.tm_mday % 100u, (unsigned)when.tm_hour % 100u, (unsigned)when.tm_min % 100u, (unsigned)when.tm_sec % 100u);
}

/* What a file's name says, if it is one of this database's backups. Texts go into the arena. */
static bool read_name(const struct shelf *shelf, const char *name, struct arena *arena, struct shelf_item *out)
{
    size_t prefix = strlen(shelf->name), end = strlen(name);
    const char *id;

    if (strncmp(name, shelf->name, prefix) != 0 || name[prefix] != '.' || !text_ends(name, SUFFIX) ||
        !read_time(name + prefix + 1, &out->at))
        return false;
    id = name + prefix + 1 + TIME_LENGTH;
    end -= strlen(SUFFIX);
    if (*id != '.' || id + 1 >= name + end)
        return false;
    id++;
    out->id = arena_text_n(arena, id, (size_t)(name + end - id));
    out->tables = out->id != NULL && strlen(out->id) > strlen(TABLES) && text_ends(out->id, TABLES);
    if (out->tables)
        out->id = arena_text_n(arena, id, (size_t)(name + end - id) - strlen(TABLES));
    return true;
}

/* ---- the mark ---- */

/* Of the file's name and the database's identity: whole microseconds, as not every file system keeps more; never 0. */
static long mark_of(const struct shelf *shelf, const char *name)
{
    struct digest digest;
    unsigned char bytes[DIGEST_SIZE];

    digest_init(&digest);
    digest_add(&digest, name, strlen(name) + 1);
    digest_add(&digest, shelf->identity, strlen(shelf->identity));
    digest_end(&digest, bytes);
    return (long)(((uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2]) % 999999 + 1) * 1000;
}

static bool is_marked(const struct shelf *shelf, const char *name, const struct stat *about, int64_t at)
{
#ifdef __APPLE__
    long fraction = about->st_mtimespec.tv_nsec;
#else
    long fraction = about->st_mtim.tv_nsec;
#endif

    return (int64_t)about->st_mtime == at / 1000000 && fraction == mark_of(shelf, name);
}

/* ---- listing ---- */

static int newest_first(const void *a, const void *b)
{
    const struct shelf_item *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? 1 : -1;
    return strcmp(y->file, x->file);
}

static int32_t add_item(const struct shelf *shelf, const char *name, struct shelf_items *out, migrate_error **err)
{
    struct shelf_item item = {0};
    struct stat about;
    char *path;

    if (!read_name(shelf, name, &out->arena, &item))
        return MIGRATE_OK;
    path = path_of(shelf, name);
    item.file = arena_text(&out->arena, path);
    if (path == NULL || item.file == NULL || out->arena.failed || !array_reserve(out)) {
        memory_free(path);
        return error_nomem(err);
    }
    if (lstat(path, &about) == 0 && S_ISREG(about.st_mode)) {
        item.bytes = about.st_size;
        item.verified = is_marked(shelf, name, &about, item.at);
        out->items[out->count++] = item;
    }
    memory_free(path);
    return MIGRATE_OK;
}

int32_t shelf_list(const struct shelf *shelf, struct shelf_items *out, migrate_error **err)
{
    struct file_names names = {0};
    int32_t rc;

    *out = (struct shelf_items){0};
    if (file_kind_of(shelf->folder) == FILE_ABSENT)
        return MIGRATE_OK;
    rc = file_list(shelf->folder, &names, MIGRATE_ERROR_IO, err);
    for (size_t i = 0; rc == MIGRATE_OK && i < names.count; i++)
        rc = add_item(shelf, names.items[i], out, err);
    file_names_free(&names);
    if (rc != MIGRATE_OK)
        shelf_items_free(out);
    else if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, newest_first);
    return rc;
}

void shelf_items_free(struct shelf_items *items)
{
    memory_free(items->items);
    arena_free(&items->arena);
    *items = (struct shelf_items){0};
}

/* ---- making ---- */

int32_t shelf_room(const char *folder, int64_t bytes, migrate_error **err)
{
    struct statvfs about;
    uint64_t free_bytes;

    if (statvfs(folder, &about) != 0)
        return errno == ENOENT ? MIGRATE_OK : fail(err, "look at", folder, errno); /* it will be made, where there is room or not */
    free_bytes = (uint64_t)about.f_bavail * about.f_frsize;
    if (free_bytes >= (uint64_t)bytes + SLACK)
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_IO, "no room for a backup in %s: it takes %lld bytes, and %llu are free", folder, (long long)bytes,
              (unsigned long long)free_bytes);
    error_hint(err, "make room, or name another folder by the option backup_dir; nothing was run");
    return MIGRATE_ERROR_IO;
}

static void remove_beside(const char *path, const char *suffix)
{
    struct text name = {0};

    text_format(&name, "%s%s", path, suffix);
    if (!name.failed)
        unlink(name.data);
    text_free(&name);
}

/* What stands beside X.bak.part: SQLite's own files, and what another program made. */
static void remove_part(const char *part)
{
    struct text data = {0};

    text_add_n(&data, part, strlen(part) - strlen(PART));
    text_add(&data, DATA);
    if (!data.failed)
        unlink(data.data);
    text_free(&data);
    remove_beside(part, "-journal");
    remove_beside(part, "-wal");
    remove_beside(part, "-shm");
    unlink(part);
}

/* Those whose maker is dead: nobody holds their lock. */
static void sweep(const struct shelf *shelf)
{
    struct file_names names = {0};
    size_t prefix = strlen(shelf->name);
    int64_t at;

    if (file_list(shelf->folder, &names, MIGRATE_ERROR_IO, NULL) != MIGRATE_OK)
        return;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        char *path;
        int fd;

        if (strncmp(name, shelf->name, prefix) != 0 || name[prefix] != '.' || !text_ends(name, SUFFIX PART) ||
            !read_time(name + prefix + 1, &at) || (path = path_of(shelf, name)) == NULL)
            continue;
        fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
            remove_part(path);
        if (fd >= 0)
            close(fd);
        memory_free(path);
    }
    file_names_free(&names);
}

static bool is_there(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0;
}

/* false: errno. EEXIST: another name is to be tried. */
static bool take_name(struct shelf_part *part)
{
    struct stat about;

    if (is_there(part->file)) {
        errno = EEXIST;
        return false;
    }
    part->lock = open(part->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (part->lock < 0)
        return false;
    /* Somebody who sweeps may have come between. */
    if (flock(part->lock, LOCK_EX | LOCK_NB) == 0 && fstat(part->lock, &about) == 0 && about.st_nlink > 0)
        return true;
    close(part->lock);
    part->lock = -1;
    errno = EEXIST;
    return false;
}

static bool make_names(const struct shelf *shelf, const char *id, bool tables, bool apart, struct shelf_part *part)
{
    struct text file = {0}, piece = {0}, data = {0};
    char when[TIME_LENGTH + 1];

    write_time(part->at, when);
    text_format(&file, "%s/%s.%s.%s%s" SUFFIX, shelf->folder, shelf->name, when, id, tables ? TABLES : "");
    text_format(&piece, "%s" PART, file.data != NULL ? file.data : "");
    text_format(&data, "%s%s", file.data != NULL ? file.data : "", apart ? DATA : PART);
    memory_free(part->file);
    memory_free(part->part);
    memory_free(part->data);
    part->file = text_take(&file);
    part->part = text_take(&piece);
    part->data = text_take(&data);
    text_free(&file);
    text_free(&piece);
    text_free(&data);
    return part->file != NULL && part->part != NULL && part->data != NULL;
}

static void let_go(struct shelf_part *part)
{
    if (part->lock >= 0)
        close(part->lock);
    memory_free(part->file);
    memory_free(part->part);
    memory_free(part->data);
    *part = (struct shelf_part){.lock = -1};
}

/* Behind all that are there, so that the newest one is always the last one that was made: several in a second, and clocks that were set back. */
static int32_t choose_time(const struct shelf *shelf, int64_t *out, migrate_error **err)
{
    struct shelf_items found = {0};
    int32_t rc = shelf_list(shelf, &found, err);

    *out = clock_wall() / 1000000 * 1000000;
    if (rc == MIGRATE_OK && found.count > 0 && found.items[0].at >= *out)
        *out = found.items[0].at + 1000000;
    shelf_items_free(&found);
    return rc;
}

int32_t shelf_begin(const struct shelf *shelf, const char *id, bool tables, bool apart, struct shelf_part *out, migrate_error **err)
{
    struct shelf_part part = {.lock = -1};
    char *name = clean(id, ID_MOST);
    bool taken = false, made = name != NULL;
    int32_t rc;

    (void)mkdir(shelf->folder, 0700); /* if it cannot be made, nothing can be made in it, and that is told */
    sweep(shelf);
    rc = choose_time(shelf, &part.at, err);
    if (rc != MIGRATE_OK) {
        memory_free(name);
        return rc;
    }
    errno = EEXIST;
    for (int i = 0; made && !taken && errno == EEXIST && i < ATTEMPTS; i++, part.at += 1000000) {
        made = make_names(shelf, name, tables, apart, &part);
        if (made && (taken = take_name(&part)))
            break;
    }
    memory_free(name);
    if (taken) {
        *out = part;
        return MIGRATE_OK;
    }
    if (!made)
        error_nomem(err);
    else
        fail(err, "make", part.part, errno);
    let_go(&part);
    return made ? MIGRATE_ERROR_IO : MIGRATE_ERROR_NOMEM;
}

/* The folder's own entry, so that a name that was given survives a crash. Not every file system takes that. */
static void flush_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

int32_t shelf_flush(const struct shelf_part *part, migrate_error **err)
{
    return part->lock < 0 || fdatasync(part->lock) == 0 ? MIGRATE_OK : fail(err, "write", part->part, errno);
}

static int32_t mark_and_flush(const struct shelf *shelf, const struct shelf_part *part, migrate_error **err)
{
    const char *slash = strrchr(part->file, '/');
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = (time_t)(part->at / 1000000)}};
    int fd = open(part->data, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    int32_t rc = MIGRATE_OK;

    times[1].tv_nsec = mark_of(shelf, slash != NULL ? slash + 1 : part->file);
    if (fd < 0)
        return fail(err, "open", part->data, errno);
    if (fchmod(fd, 0600) != 0 || fsync(fd) != 0 || futimens(fd, times) != 0 || fsync(fd) != 0)
        rc = fail(err, "write", part->data, errno);
    close(fd);
    return rc;
}

int32_t shelf_publish(const struct shelf *shelf, struct shelf_part *part, migrate_error **err)
{
    int32_t rc = mark_and_flush(shelf, part, err);

    if (rc == MIGRATE_OK && rename(part->data, part->file) != 0)
        rc = fail(err, "name", part->file, errno);
    if (rc != MIGRATE_OK) {
        shelf_abandon(part);
        return rc;
    }
    if (strcmp(part->data, part->part) != 0)
        unlink(part->part);
    flush_folder(shelf->folder);
    let_go(part);
    return MIGRATE_OK;
}

void shelf_abandon(struct shelf_part *part)
{
    if (part->part != NULL)
        remove_part(part->part);
    let_go(part);
}

/* ---- removing ---- */

static bool of_one_id(const struct shelf_item *a, const struct shelf_item *b)
{
    return a->tables == b->tables && strcmp(a->id, b->id) == 0 && strcmp(a->id, SHELF_MANUAL) != 0 && strcmp(a->id, SHELF_BEFORE_RESTORE) != 0;
}

/* Among those of its id it is neither the first nor the newest. The list has only what counts, the newest first. */
static bool is_between(const struct shelf_items *found, size_t at)
{
    bool newer = false, older = false;

    for (size_t i = 0; i < found->count; i++) {
        bool same = i != at && of_one_id(&found->items[i], &found->items[at]);

        newer |= same && i < at;
        older |= same && i > at;
    }
    return newer && older;
}

/* Which one goes next; not the first of the list. */
static size_t next_to_go(const struct shelf_items *found)
{
    for (size_t i = found->count; i-- > 1;) {
        if (is_between(found, i))
            return i;
    }
    return found->count - 1;
}

static bool take_away(struct shelf_items *found, size_t at)
{
    bool gone = unlink(found->items[at].file) == 0;

    memmove(found->items + at, found->items + at + 1, (found->count - at - 1) * sizeof *found->items);
    found->count--;
    return gone;
}

static int64_t all_bytes(const struct shelf_items *found)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < found->count; i++)
        bytes += found->items[i].bytes;
    return bytes;
}

size_t shelf_prune(const struct shelf *shelf, const struct shelf_limits *limits)
{
    struct shelf_items found = {0};
    int64_t now = clock_wall();
    size_t removed = 0, count = 0;

    if (shelf_list(shelf, &found, NULL) != MIGRATE_OK)
        return 0;
    for (size_t i = 0; i < found.count; i++) {
        if (found.items[i].verified)
            found.items[count++] = found.items[i];
    }
    found.count = count;
    while (limits->age > 0 && found.count > 1 && now - found.items[found.count - 1].at > limits->age)
        removed += take_away(&found, found.count - 1);
    while (found.count > 1 && ((limits->keep > 0 && (int64_t)found.count > limits->keep) ||
                               (limits->bytes > 0 && all_bytes(&found) > limits->bytes)))
        removed += take_away(&found, next_to_go(&found));
    if (removed > 0)
        flush_folder(shelf->folder);
    shelf_items_free(&found);
    return removed;
}
