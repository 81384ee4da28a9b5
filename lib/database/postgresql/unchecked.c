/* SPDX-License-Identifier: MIT
 * Constraints that new rows have to meet, and old ones need not (NOT VALID). */
#include "database/postgresql/postgresql.h"

#include <string.h>

bool postgresql_fact_unchecked(const struct fact *fact, struct fact_statements *out)
{
    static const char *const kinds[] = {"CHECK ", "FOREIGN KEY "};
    size_t length = strlen(fact->value);

    if (fact->make == NULL || (strcmp(fact->kind, "constraint") != 0 && strcmp(fact->kind, "domain constraint") != 0) ||
        (length > 9 && strcmp(fact->value + length - 9, "NOT VALID") == 0))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(fact->value, kinds[i], strlen(kinds[i])) != 0)
            continue;
        fact_statements_add(out, "%s NOT VALID", fact->make);
        return true;
    }
    return false;
}
