/* SPDX-License-Identifier: MIT
 * Sizes as people write them. */
#ifndef UTIL_SIZE_H
#define UTIL_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* "500MB", "2GB" (thousands), "512MiB", "2GiB" (1024), "100kB", "1TB", "4096B"; "0". Returns false if it is none of these or does not fit. */
bool size_read(const char *text, int64_t *out_bytes);

#endif
