/* SPDX-License-Identifier: MIT
 * Growing arrays: doubles, so that n appends cost O(n). */
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
