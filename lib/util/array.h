/* SPDX-License-Identifier: MIT
 * A growing array for any element type: struct { T *items; size_t count, capacity; }. */
#ifndef UTIL_ARRAY_H
#define UTIL_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

bool array_grow(void **items, size_t *capacity, size_t needed, size_t item_size);

/* Where in a sorted array the first element stands that is not less than the key: there it is to be put if it was not found. compare: an
 * element with the key. */
size_t array_place(const void *items, size_t count, size_t item_size, const void *key, int (*compare)(const void *item, const void *key),
                   bool *found);

/* true if the array has room for one more element after the call. */
#define array_reserve(array)                                                                                 \
    ((array)->count < (array)->capacity ||                                                                   \
     array_grow((void **)&(array)->items, &(array)->capacity, (array)->count + 1, sizeof *(array)->items))

#endif
