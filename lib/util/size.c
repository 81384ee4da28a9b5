/* SPDX-License-Identifier: MIT
 * Sizes as people write them. */
#include "util/size.h"

#include "util/text.h"

#include <stddef.h>

static const struct {
    const char *name;
    int64_t bytes;
} units[] = {{"B", 1},
             {"kB", 1000},
             {"MB", 1000000},
             {"GB", 1000000000},
             {"TB", INT64_C(1000000000000)},
             {"KiB", 1024},
             {"MiB", 1024 * 1024},
             {"GiB", 1024 * 1024 * 1024},
             {"TiB", INT64_C(1024) * 1024 * 1024 * 1024}};

bool size_read(const char *text, int64_t *out_bytes)
{
    int64_t number = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++) {
        if (number > (INT64_MAX - (*at - '0')) / 10)
            return false;
        number = number * 10 + (*at - '0');
    }
    if (at == text)
        return false;
    if (*at == '\0' && number == 0) {
        *out_bytes = 0;
        return true;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (!text_equal_nocase(at, units[i].name))
            continue;
        if (number > INT64_MAX / units[i].bytes)
            return false;
        *out_bytes = number * units[i].bytes;
        return true;
    }
    return false;
}
