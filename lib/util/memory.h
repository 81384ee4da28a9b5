/* SPDX-License-Identifier: MIT
 * The one seam to the allocator: everything the library allocates goes through here. */
#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H

#include <stddef.h>

/* All return NULL when memory is out; a size of 0 still gives a pointer. */
void *memory_new(size_t size);                        /* zeroed */
void *memory_grow(void *block, size_t size);          /* realloc; on failure the old block stays */
char *memory_text(const char *text);                  /* copy of a text; NULL gives NULL */
char *memory_text_n(const char *text, size_t length); /* copy, NUL-terminated */
void memory_free(void *block);

#endif
