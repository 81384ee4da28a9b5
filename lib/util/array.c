/* SPDX-License-Identifier: MIT
 * Growing arrays: doubles, so that n appends cost O(n). Sorted ones. */
#include "util/array.h"

#include "util/memory.h"

#include <stdint.h>
#include <string.h>

bool array_grow(void **items, size_t *capacity, size_t needed, size_t item_size)
{
    size_t grown = *capacity < 8 ? 8 : *capacity;
    void *block;

    while (grown < needed) {
        if (grown > SIZE_MAX / 2)
            return false;
        grown *= 2;
    }
    if (grown > SIZE_MAX / item_size)
        return false;
    /* The caller's pointer is a T *, not a void *: copied bytewise to stay within the aliasing rules. */
    memcpy(&block, items, sizeof block);
    block = memory_grow(block, grown * item_size);
    if (block == NULL)
        return false;
    memcpy(items, &block, sizeof block);
    *capacity = grown;
    return true;
}

size_t array_place(const void *items, size_t count, size_t item_size, const void *key, int (*compare)(const void *item, const void *key),
                   bool *found)
{
    const char *first = items;
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(first + middle * item_size, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < count && compare(first + low * item_size, key) == 0;
    return low;
}
