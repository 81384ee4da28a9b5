/* SPDX-License-Identifier: MIT
 * libpq as data: where it is found, and its functions. */
#include "database/postgresql/client.h"

static const char *const sonames[] = {"libpq.so.5", "libpq.so", "libpq.5.dylib", NULL};

#define ROW(function) CLIENT_FUNCTION(struct postgresql_client, function, function, true),
#define MORE_ROW(function) CLIENT_FUNCTION(struct postgresql_client, function, function, false),
static const struct client_function functions[] = {POSTGRESQL_FUNCTIONS(ROW) POSTGRESQL_MORE_FUNCTIONS(MORE_ROW)};

const struct client_library postgresql_library = {
    .name = "libpq",
    .sonames = sonames,
    .package = "libpq5",
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .size = sizeof(struct postgresql_client),
};
