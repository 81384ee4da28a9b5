/* SPDX-License-Identifier: MIT
 * When a migration is a rebuild. */
#include "core/rebuild.h"

int32_t rebuild_needed(struct migrate_run *run, const struct script *script, bool *out, migrate_error **err)
{
    struct database *db = run->session->db;
    int32_t code = MIGRATE_OK;
    *out = (script->foreign_keys || script->keep_foreign_keys) && db->engine->rebuild_drops;
    for (size_t i = 0; code == MIGRATE_OK && !*out && i < script->dropped.count; i++)
        code = db->engine->rebuild_referred(db, script->dropped.items[i], out, err);
    return code;
}
