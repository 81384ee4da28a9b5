/* SPDX-License-Identifier: MIT
 * Arena, array and the allocator's seam. */
#include "util/arena.h"
#include "util/array.h"
#include "util/memory.h"

#include "unit.h"

#include <stdint.h>
#include <string.h>

START_TEST(arena_aligns_and_zeroes)
{
    struct arena arena = {0};

    for (size_t i = 1; i < 300; i++) {
        unsigned char *block = arena_new(&arena, i);

        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_eq(block[k], 0);
        memset(block, 0xAA, i);
        ck_assert_str_eq(arena_text_n(&arena, "abcdef", 3), "abc"); /* spoils the alignment */
    }
    ck_assert(!arena.failed);
    arena_free(&arena);
    ck_assert_ptr_null(arena.blocks);
}
END_TEST

START_TEST(arena_holds_large_things_and_zero_bytes)
{
    struct arena arena = {0};
    char *small = arena_text(&arena, "small"), *large = arena_new(&arena, 1000000);

    ck_assert_ptr_nonnull(large);
    memset(large, 'x', 1000000);
    ck_assert_str_eq(small, "small");
    ck_assert_ptr_nonnull(arena_new(&arena, 0));
    ck_assert_str_eq(arena_text(&arena, ""), "");
    ck_assert_ptr_null(arena_text(&arena, NULL));
    ck_assert(!arena.failed);
    arena_free(&arena);
}
END_TEST

START_TEST(arena_remembers_failure)
{
    struct arena arena = {0};

    ck_assert_ptr_null(arena_new(&arena, SIZE_MAX));
    ck_assert(arena.failed);
    ck_assert_ptr_nonnull(arena_new(&arena, 1)); /* goes on */
    ck_assert(arena.failed);
    arena_free(&arena);
    ck_assert(!arena.failed);
    ck_assert_ptr_null(arena_text_n(&arena, "", SIZE_MAX));
    ck_assert(arena.failed);
    arena_free(&arena);
}
END_TEST

START_TEST(array_grows)
{
    struct {
        int *items;
        size_t count, capacity;
    } array = {0};

    for (int i = 0; i < 10000; i++) {
        ck_assert(array_reserve(&array));
        array.items[array.count++] = i;
    }
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(array.items[i], i);
    memory_free(array.items);
}
END_TEST

START_TEST(array_refuses_overflow)
{
    void *items = NULL;
    size_t capacity = 0;

    ck_assert(!array_grow(&items, &capacity, SIZE_MAX, 1));
    ck_assert(!array_grow(&items, &capacity, SIZE_MAX / 4, 8));
    ck_assert_ptr_null(items);
    ck_assert_uint_eq(capacity, 0);
}
END_TEST

START_TEST(memory_gives_pointers)
{
    char *empty = memory_new(0), *text = memory_text("abc"), *part = memory_text_n("abc", 2);

    ck_assert_ptr_nonnull(empty);
    ck_assert_str_eq(text, "abc");
    ck_assert_str_eq(part, "ab");
    ck_assert_ptr_null(memory_text(NULL));
    ck_assert_ptr_null(memory_text_n("", SIZE_MAX));
    empty = memory_grow(empty, 0);
    ck_assert_ptr_nonnull(empty);
    memory_free(empty);
    memory_free(text);
    memory_free(part);
    memory_free(NULL);
}
END_TEST

UNIT("util/arena", arena_aligns_and_zeroes, arena_holds_large_things_and_zero_bytes, arena_remembers_failure,
     array_grows, array_refuses_overflow, memory_gives_pointers)
