/* SPDX-License-Identifier: MIT
 * Whether a run may write at all: not on a standby, in a read-only file, or where locks may not hold. Said before anything is begun. */
#include "core/run.h"

/* Locks of network file systems that do not hold, or come late, have destroyed many a database. */
int32_t run_check_place(const migrate_session *session, migrate_error **err)
{
    if (!session->db->network || option_is(session->options, OPTION_NETWORK_FILE, "allow"))
        return MIGRATE_OK;
    error_set(err, MIGRATE_ERROR_FILE_SYSTEM, "%s is on a network file system (%s), whose locks may not hold: nothing was changed",
              session->db->label, session->db->network);
    error_hint(err, "put the file on a local disk; if only one machine ever opens it, or its locks are known to work, set "
                    "network_file=allow");
    return MIGRATE_ERROR_FILE_SYSTEM;
}

int32_t run_check_writable(const struct migrate_run *run, migrate_error **err)
{
    if (!run->session->db->read_only)
        return run_check_place(run->session, err);
    if (run->session->db->engine->standbys)
        return session_need_primary(run->session, 0, run->losses > 0, err); /* what it has and we saw may differ: see behind the lock */
    error_set(err, MIGRATE_ERROR_READ_ONLY, "%s is read-only, and %zu step%s to be run", run->session->db->label,
              run->plan->count, run->plan->count == 1 ? " is" : "s are");
    error_hint(err, "make the file and its folder writable; mode=check and mode=wait work on read-only databases");
    return MIGRATE_ERROR_READ_ONLY;
}
