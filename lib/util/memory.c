/* SPDX-License-Identifier: MIT
 * The seam to the allocator: plain calloc and realloc, except that a size of 0 still gives a pointer. */
#include "util/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memory_new(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

void *memory_grow(void *block, size_t size)
{
    return realloc(block, size > 0 ? size : 1);
}

char *memory_text(const char *text)
{
    return text != NULL ? memory_text_n(text, strlen(text)) : NULL;
}

char *memory_text_n(const char *text, size_t length)
{
    char *copy = length < SIZE_MAX ? malloc(length + 1) : NULL;

    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void memory_free(void *block)
{
    free(block);
}
