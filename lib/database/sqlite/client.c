/* SPDX-License-Identifier: MIT
 * libsqlite3 as a client library. */
#include "database/client.h"
#include "database/sqlite/client.h"
#include "database/sqlite/sqlite.h"

static const char *const sonames[] = {"libsqlite3.so.0", "libsqlite3.so", "libsqlite3.dylib", NULL};

#define ROW(function, needed) CLIENT_FUNCTION(struct sqlite_client, function, sqlite3_##function, needed),
static const struct client_function functions[] = {SQLITE_FUNCTIONS(ROW)};

const struct client_library sqlite_library = {
    .name = "libsqlite3",
    .sonames = sonames,
    .package = "libsqlite3-0",
    .functions = functions,
    .count = sizeof functions / sizeof functions[0],
    .size = sizeof(struct sqlite_client),
};
