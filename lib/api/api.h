/* SPDX-License-Identifier: MIT
 * What the exported functions share: checking arguments. */
#ifndef API_API_H
#define API_API_H

#include "util/error.h"

/* The error for a NULL where something is needed. */
int32_t api_missing(migrate_error **err, const char *function, const char *argument);

/* What a function returns: where there was no memory for the error that was to be told, the code says that too. */
static inline int32_t api_result(int32_t code, migrate_error *const *err)
{
    return code < 0 && err && *err ? migrate_error_code(*err) : code;
}

/* Returns from an exported function if an argument is NULL; out_err starts at NULL whatever the caller left in it. */
#define API_NEED(argument)                                                                                   \
    do {                                                                                                     \
        if (!(argument))                                                                                     \
            return api_missing(out_err, __func__, #argument);                                                \
    } while (0)

#endif
