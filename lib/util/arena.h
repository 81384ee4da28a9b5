/* SPDX-License-Identifier: MIT
 * Bump allocator: many small things that live and die together (a source, a history, a plan). */
#ifndef UTIL_ARENA_H
#define UTIL_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *blocks;
    bool failed; /* an allocation returned NULL: check once at the end instead of at each call */
};

/* A zeroed struct is an empty arena. Results are aligned for any type and zeroed; NULL when memory is out. */
void *arena_new(struct arena *arena, size_t size);
char *arena_text(struct arena *arena, const char *text); /* NULL gives NULL without failing */
char *arena_text_n(struct arena *arena, const char *text, size_t length);
void arena_free(struct arena *arena); /* frees everything; the arena is empty again */

#endif
