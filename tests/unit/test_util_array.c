/* SPDX-License-Identifier: MIT
 * Sorted arrays: where something stands, or would. */
#include "util/array.h"
#include "util/memory.h"

#include "unit.h"

#include <string.h>

static int order(const void *item, const void *key)
{
    int a = *(const int *)item, b = *(const int *)key;

    return (a > b) - (a < b);
}

static size_t place(const int *items, size_t count, int key, bool *found)
{
    return array_place(items, count, sizeof *items, &key, order, found);
}

START_TEST(test_place)
{
    static const int items[] = {1, 3, 3, 3, 7};
    bool found = true;

    ck_assert_uint_eq(place(NULL, 0, 5, &found), 0);
    ck_assert(!found);
    for (size_t count = 0; count <= 5; count++) {
        for (int key = 0; key <= 8; key++) {
            size_t first = 0;
            while (first < count && items[first] < key)
                first++;
            ck_assert_uint_eq(place(items, count, key, &found), first);
            ck_assert_int_eq(found, first < count && items[first] == key);
        }
    }
}
END_TEST

START_TEST(test_kept_sorted)
{
    struct {
        int *items;
        size_t count, capacity;
    } all = {0};
    bool found;

    for (unsigned i = 0, number = 1; i < 1000; i++, number = number * 1103515245U + 12345U) {
        int key = (int)(number >> 16 & 255);
        size_t at = place(all.items, all.count, key, &found);
        if (found)
            continue;
        ck_assert(array_reserve(&all));
        memmove(all.items + at + 1, all.items + at, (all.count - at) * sizeof *all.items);
        all.items[at] = key;
        all.count++;
    }
    ck_assert_uint_gt(all.count, 200);
    for (size_t i = 1; i < all.count; i++)
        ck_assert_int_lt(all.items[i - 1], all.items[i]);
    memory_free(all.items);
}
END_TEST

UNIT("util/array", test_place, test_kept_sorted)
