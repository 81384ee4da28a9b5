/* SPDX-License-Identifier: MIT
 * "Did you mean ...?": of the words offered, the one that is nearest to what was written. */
#ifndef UTIL_NEAREST_H
#define UTIL_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;
    size_t length;
    size_t distance;
    const char *found; /* NULL: nothing is near enough to be meant */
};

void nearest_start(struct nearest *nearest, const char *word, size_t length);
void nearest_offer(struct nearest *nearest, const char *known); /* borrowed until found has been used */

#endif
