/* SPDX-License-Identifier: MIT
 * UTF-8: validity and counting in characters. */
#ifndef UTIL_UTF8_H
#define UTIL_UTF8_H

#include <stddef.h>

size_t utf8_invalid(const char *text,
                    size_t length); /* offset of the first NUL or invalid byte; length if none */
size_t utf8_count(const char *text, size_t length); /* characters; invalid bytes count as one each */
size_t utf8_offset(const char *text, size_t length,
                   size_t characters); /* byte offset behind that many characters */

#endif
