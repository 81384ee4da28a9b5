/* SPDX-License-Identifier: MIT
 * What the fuzz targets share. A target is one function that libFuzzer, AFL++ or replay.c calls with an
 * input; what must hold for every input is REQUIREd. */
#ifndef FUZZ_H
#define FUZZ_H

#include "util/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition) ((condition) ? (void)0 : require_failed(#condition, __FILE__, __LINE__))

static inline void require_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
    abort();
}

/* An error says what happened, in one line, and what to do. */
static inline void require_error(migrate_error *error, int32_t code)
{
    REQUIRE(error != NULL && error->code == code && code < 0);
    REQUIRE(error->message != NULL && error->message[0] != '\0');
    REQUIRE(strpbrk(error->message, "\r\n") == NULL);
    REQUIRE(error->hint != NULL);
    error_free(error);
}

/* A copy that ends in NUL; the sanitizer sees every byte beyond it. */
static inline char *copy_of(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);

    REQUIRE(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    copy[size] = '\0';
    return copy;
}

#endif
