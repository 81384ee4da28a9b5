/* SPDX-License-Identifier: MIT
 * Bump allocator. Blocks double from 1 KiB to 64 KiB, so that a small result stays small; a request that
 * is larger than the next block gets a block of its own size. */
#include "util/arena.h"

#include "util/memory.h"

#include <stdint.h>
#include <string.h>

#define FIRST_BLOCK 1024
#define LARGEST_BLOCK 65536

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    max_align_t data[];
};

static struct arena_block *add_block(struct arena *arena, size_t needed)
{
    size_t size = arena->blocks != NULL ? arena->blocks->size * 2 : FIRST_BLOCK;
    struct arena_block *block;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < needed)
        size = needed;
    if (size > SIZE_MAX - sizeof *block)
        return NULL;
    block = memory_new(sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

static void *take(struct arena *arena, size_t size, size_t alignment)
{
    struct arena_block *block = arena->blocks;
    size_t start = 0;

    if (block != NULL)
        start = (block->used + alignment - 1) / alignment * alignment;
    if (block == NULL || start > block->size || block->size - start < size) {
        block = add_block(arena, size);
        start = 0;
    }
    if (block == NULL) {
        arena->failed = true;
        return NULL;
    }
    block->used = start + size;
    return (char *)block->data + start;
}

void *arena_new(struct arena *arena, size_t size)
{
    return take(arena, size, _Alignof(max_align_t));
}

char *arena_text(struct arena *arena, const char *text)
{
    return text != NULL ? arena_text_n(arena, text, strlen(text)) : NULL;
}

char *arena_text_n(struct arena *arena, const char *text, size_t length)
{
    char *copy = NULL;

    if (length < SIZE_MAX)
        copy = take(arena, length + 1, 1);
    else
        arena->failed = true;
    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy; /* blocks are zeroed: the NUL is there */
}

void arena_free(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *next = arena->blocks->next;

        memory_free(arena->blocks);
        arena->blocks = next;
    }
    arena->failed = false;
}
