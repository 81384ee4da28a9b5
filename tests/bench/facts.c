/* SPDX-License-Identifier: MIT
 * How long it takes to read a schema's facts: prints the milliseconds of the fastest of several reads, and how many facts there are.
 * Usage: facts URL */
#include "schema/facts.h"
#include "util/clock.h"

#include <stdio.h>

enum { READS = 9 };

int main(int count, char **words)
{
    struct database_options options = {.application_name = "facts"};
    struct database *db = NULL;
    migrate_error *error = NULL;
    int64_t best = -1;
    size_t found = 0;

    if (count != 2 || database_open(words[1], &options, &db, &error) != MIGRATE_OK)
        return fprintf(stderr, "facts: %s\n", error != NULL ? error->message : "no URL"), 1;
    for (int i = 0; i < READS; i++) {
        struct database_facts_wish wish = {.schema = db->engine->default_schema, .table = "libmigrate_history", .no_edges = true};
        struct facts facts = {0};
        int64_t begun = clock_monotonic(), took;
        if (facts_read(db, &wish, &facts, &error) != MIGRATE_OK)
            return fprintf(stderr, "facts: %s\n", error->message), 1;
        took = clock_monotonic() - begun;
        best = best < 0 || took < best ? took : best;
        found = facts.count;
        facts_free(&facts);
    }
    database_close(db);
    printf("%.1f %zu\n", (double)best / 1000, found);
    return 0;
}
