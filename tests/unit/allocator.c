/* SPDX-License-Identifier: MIT
 * Allocations that fail. */
#include "allocator.h"

#include <stddef.h>

struct allocator allocator = {.left = -1};

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

bool allocator_fails(void)
{
    if (allocator.left < 0 || allocator.left-- > 0)
        return false;
    allocator.failed = true;
    return true;
}

static void *counted(void *block)
{
    allocator.alive += block != NULL;
    return block;
}

void *__wrap_malloc(size_t size)
{
    return allocator_fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocator_fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (allocator_fails())
        return NULL;
    return block == NULL ? counted(__real_realloc(NULL, size)) : __real_realloc(block, size);
}

void __wrap_free(void *block)
{
    allocator.alive -= block != NULL;
    __real_free(block);
}
