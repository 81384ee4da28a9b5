/* SPDX-License-Identifier: MIT
 * When a migration is a rebuild. */
#include "core/rebuild.h"

#include <string.h>

/* Some foreign key that the script makes itself leads there: by the time the table is dropped, rows may refer to it. */
static bool will_be_referred(const struct script *script, const char *table)
{
    size_t length = strlen(table);
    for (const char *name = script->referred.data; name && *name; name = strchr(name, '\n') + 1) {
        if (text_equal_nocase_n(name, table, length) && name[length] == '\n')
            return true;
    }
    return false;
}

int32_t rebuild_needed(struct migrate_run *run, const struct script *script, bool *out, migrate_error **err)
{
    struct database *db = run->session->db;
    int32_t code = MIGRATE_OK;
    *out = (script->foreign_keys || script->keep_foreign_keys) && db->engine->rebuild_drops;
    for (size_t i = 0; code == MIGRATE_OK && !*out && i < script->dropped.count; i++) {
        *out = will_be_referred(script, script->dropped.items[i]);
        if (!*out)
            code = db->engine->rebuild_referred(db, script->dropped.items[i], out, err);
    }
    return code;
}
