/* SPDX-License-Identifier: MIT
 * The functions of a client library as a table: filled by dlopen on first use, by the linker, or by the host.
 * A library is data: its names, and for each function where its pointer stands in the engine's own struct
 * (struct sqlite_client, struct postgresql_client), whose members are declared from the library's header. */
#ifndef DATABASE_CLIENT_H
#define DATABASE_CLIENT_H

#include "util/error.h"

struct client_function {
    const char *name;
    size_t offset; /* of the pointer in the engine's struct */
    bool needed;   /* false: the pointer may stay NULL (older libraries lack it) */
    migrate_function linked;
};

#ifdef MIGRATE_CLIENTS_LINKED
#define CLIENT_LINKED(symbol) (migrate_function) symbol
#else
#define CLIENT_LINKED(symbol) NULL
#endif
/* One row of a library's list: the pointer to `symbol` is struct_type.member. */
#define CLIENT_FUNCTION(struct_type, member, symbol, needed)                                                 \
    {                                                                                                        \
#symbol, offsetof(struct_type, member), needed, CLIENT_LINKED(symbol)                                \
    }

struct client_library {
    const char *name;           /* for messages: "libsqlite3" */
    const char *const *sonames; /* tried in this order; ends with NULL */
    const char *package;        /* Debian's name of it, for the hint */
    const struct client_function *functions;
    size_t count; /* of functions */
    size_t size;  /* of the engine's struct */
};

/* The system's library (or the linked one). */
int32_t client_load(const struct client_library *library, migrate_client **out, migrate_error **err);
/* The engine's struct; MIGRATE_ERROR_CLIENT if it is another library's or a needed function is not set. Lives
 * as long as the client. */
int32_t client_table(const migrate_client *client, const struct client_library *library, const void **out,
                     migrate_error **err);
const struct client_library *client_library_of(const migrate_client *client);

#endif
