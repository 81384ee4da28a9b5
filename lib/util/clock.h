/* SPDX-License-Identifier: MIT
 * Time, waiting and randomness, as far as the operating system gives them. */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic(void);             /* microseconds */
int64_t clock_wall(void);                  /* microseconds since 1970, UTC */
void clock_sleep(int64_t microseconds);    /* returns early on a signal */
bool clock_random(void *out, size_t size); /* from the system's generator; false if there is none */
uint32_t clock_jitter(uint32_t below);     /* 0 .. below-1, cheap, for waiting times only */

/* "500ms", "30s", "5min", "2h", "1d", "250us"; "0". Returns false if it is none of these or does not fit. */
bool clock_duration(const char *text, int64_t *out_microseconds);
/* The shortest exact form, "5min", into a buffer of at least 32 bytes; returns the buffer. */
const char *clock_duration_text(int64_t microseconds, char *buffer);

#endif
