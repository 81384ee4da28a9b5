/* SPDX-License-Identifier: MIT
 * The failing file system: every call counts, then fails or goes on to the real one. Nothing is synced
 * really: here no power is cut. */
#include "vfs.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int code;
} faults[VFS_FAULTS] = {
    [VFS_WRITE] = {"write", SQLITE_IOERR_WRITE},
    [VFS_WRITE_FULL] = {"write, disk full", SQLITE_FULL},
    [VFS_WRITE_SHORT] = {"short write", SQLITE_FULL},
    [VFS_READ] = {"read", SQLITE_IOERR_READ},
    [VFS_SYNC] = {"sync", SQLITE_IOERR_FSYNC},
    [VFS_TRUNCATE] = {"truncate", SQLITE_IOERR_TRUNCATE},
    [VFS_SIZE] = {"file size", SQLITE_IOERR_FSTAT},
    [VFS_OPEN] = {"open", SQLITE_CANTOPEN},
    [VFS_DELETE] = {"delete", SQLITE_IOERR_DELETE},
    [VFS_ACCESS] = {"access", SQLITE_IOERR_ACCESS},
    [VFS_LOCK] = {"lock", SQLITE_IOERR_LOCK},
    [VFS_UNLOCK] = {"unlock", SQLITE_IOERR_UNLOCK},
    [VFS_RESERVED] = {"lock check", SQLITE_IOERR_CHECKRESERVEDLOCK},
    [VFS_SHM_MAP] = {"shared memory", SQLITE_IOERR_SHMMAP},
    [VFS_SHM_LOCK] = {"lock in shared memory", SQLITE_IOERR_SHMLOCK},
};

static enum vfs_fault armed = VFS_FAULTS;
static long left, failures;
static bool stays;

static bool fails(enum vfs_fault fault)
{
    if (fault != armed || left-- > 0 || (failures > 0 && !stays))
        return false;
    failures++;
    return true;
}

const char *vfs_name(enum vfs_fault fault)
{
    return faults[fault].name;
}

void vfs_arm(enum vfs_fault fault, long nth, bool for_good)
{
    armed = fault;
    left = nth;
    failures = 0;
    stays = for_good;
}

long vfs_disarm(void)
{
    armed = VFS_FAULTS;
    return failures;
}

/* ---- a file: ours, and the real one behind it ---- */

struct file {
    sqlite3_file base;
    sqlite3_io_methods methods; /* as many as the real one has */
};

static sqlite3_file *real(sqlite3_file *file)
{
    return (sqlite3_file *)((struct file *)file + 1);
}

#define FAIL_AS(fault)                                                                                       \
    if (fails(fault))                                                                                        \
    return faults[fault].code
#define GO_ON(file, call, ...) real(file)->pMethods->call(real(file), __VA_ARGS__)

static int file_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int file_read(sqlite3_file *file, void *to, int amount, sqlite3_int64 at)
{
    FAIL_AS(VFS_READ);
    return GO_ON(file, xRead, to, amount, at);
}

static int file_write(sqlite3_file *file, const void *from, int amount, sqlite3_int64 at)
{
    FAIL_AS(VFS_WRITE);
    FAIL_AS(VFS_WRITE_FULL);
    if (fails(VFS_WRITE_SHORT)) {
        GO_ON(file, xWrite, from, amount / 2, at);
        return faults[VFS_WRITE_SHORT].code;
    }
    return GO_ON(file, xWrite, from, amount, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    FAIL_AS(VFS_TRUNCATE);
    return GO_ON(file, xTruncate, size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)file, (void)flags;
    FAIL_AS(VFS_SYNC);
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    FAIL_AS(VFS_SIZE);
    return GO_ON(file, xFileSize, size);
}

static int file_lock(sqlite3_file *file, int level)
{
    FAIL_AS(VFS_LOCK);
    return GO_ON(file, xLock, level);
}

/* The real one lets go all the same: a lock that stays in this process would be a fault of the test. */
static int file_unlock(sqlite3_file *file, int level)
{
    int code = GO_ON(file, xUnlock, level);
    FAIL_AS(VFS_UNLOCK);
    return code;
}

static int file_reserved(sqlite3_file *file, int *out)
{
    FAIL_AS(VFS_RESERVED);
    return GO_ON(file, xCheckReservedLock, out);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return GO_ON(file, xFileControl, operation, argument);
}

static int file_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    FAIL_AS(VFS_SHM_MAP);
    return GO_ON(file, xShmMap, page, size, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    if (flags & SQLITE_SHM_LOCK)
        FAIL_AS(VFS_SHM_LOCK);
    return GO_ON(file, xShmLock, offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int shm_unmap(sqlite3_file *file, int delete)
{
    return GO_ON(file, xShmUnmap, delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* without memory mapping, which would go past us */
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ---- the file system ---- */

static sqlite3_vfs *under;

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    struct file *self = (struct file *)file;
    (void)vfs;
    file->pMethods = NULL;
    FAIL_AS(VFS_OPEN);
    int code = under->xOpen(under, name, real(file), flags, out_flags);
    if (real(file)->pMethods) {
        self->methods = methods;
        if (real(file)->pMethods->iVersion < 2)
            self->methods.iVersion = real(file)->pMethods->iVersion;
        file->pMethods = &self->methods;
    }
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs, (void)sync;
    FAIL_AS(VFS_DELETE);
    return under->xDelete(under, name, 0);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
    (void)vfs;
    FAIL_AS(VFS_ACCESS);
    return under->xAccess(under, name, flags, out);
}

void vfs_install(void)
{
    static sqlite3_vfs layer;
    under = sqlite3_vfs_find(NULL);
    layer = *under;
    layer.zName = "failing";
    layer.szOsFile = (int)sizeof(struct file) + under->szOsFile;
    layer.xOpen = vfs_open;
    layer.xDelete = vfs_delete;
    layer.xAccess = vfs_access;
    if (sqlite3_vfs_register(&layer, 1) != SQLITE_OK)
        abort();
}
