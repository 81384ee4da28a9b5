/* SPDX-License-Identifier: MIT
 * Facts as SQL that makes them in an empty database: a snapshot, and a valid schema.sql. */
#include "schema/facts.h"
#include "util/memory.h"

#include <string.h>

int32_t facts_sql(const struct facts *facts, struct text *out, migrate_error **err)
{
    size_t *order = NULL;
    int32_t rc = facts_order(facts, &order, err);

    if (rc != MIGRATE_OK)
        return rc;
    text_add(out, facts->engine->facts_head);
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[order[i]];
        if (fact->make == NULL || fact->part)
            continue;
        text_add(out, fact->make);
        text_add(out, ";\n");
    }
    memory_free(order);
    return out->failed ? error_nomem(err) : MIGRATE_OK;
}
