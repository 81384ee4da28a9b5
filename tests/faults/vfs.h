/* SPDX-License-Identifier: MIT
 * A file system for SQLite in which the Nth call of one kind fails: a layer over the real one, and the
 * process's default. The library reaches it because it loads the SQLite that this program is linked with. */
#ifndef TEST_FAULTS_VFS_H
#define TEST_FAULTS_VFS_H

#include <stdbool.h>
#include <stddef.h>

/* What can fail. A short write writes half; a full disk nothing. */
enum vfs_fault {
    VFS_WRITE,
    VFS_WRITE_FULL,
    VFS_WRITE_SHORT,
    VFS_READ,
    VFS_SYNC,
    VFS_TRUNCATE,
    VFS_SIZE,
    VFS_OPEN,
    VFS_DELETE,
    VFS_ACCESS,
    VFS_LOCK,
    VFS_UNLOCK,
    VFS_RESERVED,
    VFS_SHM_MAP,
    VFS_SHM_LOCK,
    VFS_FAULTS
};

void vfs_install(void);
const char *vfs_name(enum vfs_fault fault);
/* From now on the nth call (from 0) of this kind fails: once, or that and all that follow. */
void vfs_arm(enum vfs_fault fault, long nth, bool for_good);
/* All works again. Returns how many calls have failed. */
long vfs_disarm(void);

#endif
