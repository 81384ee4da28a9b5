/* SPDX-License-Identifier: MIT
 * A program's allocations fail when they are told to, and are counted. Linked with --wrap for malloc, calloc, realloc and free. */
#ifndef TEST_ALLOCATOR_H
#define TEST_ALLOCATOR_H

#include <stdbool.h>

struct allocator {
    long left;   /* allocations until one fails; -1: none does */
    bool failed; /* one did */
    long alive;  /* blocks of the library and this program */
};
extern struct allocator allocator;

/* The next allocation is to fail; for one that comes by another way. */
bool allocator_fails(void);

#endif
