/* SPDX-License-Identifier: MIT
 * Edit distance over a fixed row: only short words are worth a guess, and an error path must not allocate. */
#include "util/nearest.h"

#include <string.h>

#define LONGEST 128

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Insertions, deletions and replacements that lead from one to the other; letters in any case. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t row[LONGEST + 1];

    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

void nearest_start(struct nearest *nearest, const char *word, size_t length)
{
    /* A third of the letters wrong is still a typing error, more is another word. */
    *nearest = (struct nearest){.word = word, .length = length, .distance = length / 3 + 1, .found = NULL};
}

void nearest_offer(struct nearest *nearest, const char *known)
{
    size_t length = strlen(known);

    if (nearest->length > LONGEST || length > LONGEST)
        return;
    size_t apart = distance(nearest->word, nearest->length, known, length);
    if (apart < nearest->distance || (apart == nearest->distance && !nearest->found)) {
        nearest->distance = apart;
        nearest->found = known;
    }
}
