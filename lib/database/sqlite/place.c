/* SPDX-License-Identifier: MIT
 * Where a database file lies: on a network file system, whose locks often do not hold, so that two writers destroy the file; or on a
 * device that is locked, and will be there once it is unlocked. */
#include "database/sqlite/sqlite.h"
#include "util/memory.h"

#include <errno.h>
#include <string.h>

#ifdef __linux__
#include <sys/vfs.h>

/* FUSE, 9P and the file systems of clusters are not among them: they may be local, or have locks that hold. */
static const char *name_of(const struct statfs *facts)
{
    static const struct {
        unsigned long magic;
        const char *name;
    } networks[] = {{0x6969, "NFS"},       {0x517b, "SMB"},       {0xff534d42, "CIFS"}, {0xfe534d42, "SMB2"},
                    {0x5346414f, "AFS"},   {0x6b414653, "AFS"},   {0x73757245, "Coda"}, {0x564c, "NCP"},
                    {0x00c36400, "CephFS"}, {0x0bd00bd0, "Lustre"}};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        if (((unsigned long)facts->f_type & 0xffffffffUL) == networks[i].magic)
            return networks[i].name;
    }
    return NULL;
}

static const char *network_of(const char *path)
{
    struct statfs facts;
    return statfs(path, &facts) == 0 ? name_of(&facts) : NULL;
}
#elif defined(__APPLE__) || defined(__FreeBSD__)
#include <sys/mount.h>
#include <sys/param.h>

static const char *network_of(const char *path)
{
    struct statfs facts;
    return statfs(path, &facts) == 0 && !(facts.f_flags & MNT_LOCAL) ? "a network file system" : NULL;
}
#else
static const char *network_of(const char *path)
{
    (void)path;
    return NULL;
}
#endif

/* The folder is where the journal will be; the file itself may be a link to elsewhere. */
const char *sqlite_network(const char *path)
{
    const char *name = path != NULL && *path != '\0' ? network_of(path) : NULL, *slash;
    char *folder;

    if (name != NULL || path == NULL || *path == '\0')
        return name;
    slash = strrchr(path, '/');
    folder = slash == NULL ? memory_text(".") : memory_text_n(path, slash == path ? 1 : (size_t)(slash - path));
    name = folder != NULL ? network_of(folder) : NULL;
    memory_free(folder);
    return name;
}

/* The key of an encrypted folder is not there; on phones, files are protected until their owner unlocks the phone. */
bool sqlite_device_locked(int reason)
{
#ifdef __APPLE__
    if (reason == EPERM)
        return true;
#endif
#ifdef ENOKEY
    if (reason == ENOKEY || reason == EKEYEXPIRED || reason == EKEYREVOKED)
        return true;
#endif
    (void)reason;
    return false;
}

int32_t sqlite_report_locked_device(const char *label, int driver_code, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_DEVICE_LOCKED, "%s: the device or folder that the file is on is locked", label);
    error_hint(err, "try again when it is unlocked (its encryption key is not there now)");
    error_database(err, ERROR_OTHER, NULL, driver_code);
    return MIGRATE_ERROR_DEVICE_LOCKED;
}
