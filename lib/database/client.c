/* SPDX-License-Identifier: MIT
 * Filling the function table of a client library: by dlopen, by the linker, or name by name by the host. */
#include "database/client.h"
#include "database/database.h"
#include "database/engines.h"
#include "util/memory.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

struct migrate_client {
    atomic_int references; /* sessions of several threads may share one client */
    const struct client_library *library;
    void *loaded; /* from dlopen; NULL if linked or the host's */
    void *table;
};

static int32_t new_client(const struct client_library *library, migrate_client **out, migrate_error **err)
{
    migrate_client *client = memory_new(sizeof *client);
    void *table = memory_new(library->size);

    if (client == NULL || table == NULL) {
        memory_free(client);
        memory_free(table);
        return error_nomem(err);
    }
    atomic_init(&client->references, 1);
    client->library = library;
    client->table = table;
    *out = client;
    return MIGRATE_OK;
}

int32_t client_new(const char *engine, migrate_client **out, migrate_error **err)
{
    const struct database_engine *known = database_engine_of(engine);

    if (known == NULL)
        return error_set(err, MIGRATE_ERROR_MISUSE, "%s: no such engine", engine == NULL ? "NULL" : engine);
    return new_client(database_entry_of(known)->library, out, err);
}

migrate_client *client_ref(migrate_client *client)
{
    if (client != NULL)
        atomic_fetch_add(&client->references, 1);
    return client;
}

void client_unref(migrate_client *client)
{
    if (client == NULL || atomic_fetch_sub(&client->references, 1) > 1)
        return;
    if (client->loaded != NULL)
        dlclose(client->loaded);
    memory_free(client->table);
    memory_free(client);
}

/* Function pointers are copied as bytes: the members have each their own type. */
static void put(migrate_client *client, const struct client_function *function, migrate_function fn)
{
    memcpy((char *)client->table + function->offset, &fn, sizeof fn);
}

static migrate_function get(const migrate_client *client, const struct client_function *function)
{
    migrate_function fn;

    memcpy(&fn, (const char *)client->table + function->offset, sizeof fn);
    return fn;
}

int32_t client_set(migrate_client *client, const char *name, migrate_function fn)
{
    const struct client_library *library = client->library;

    for (size_t i = 0; i < library->count; i++)
        if (strcmp(library->functions[i].name, name) == 0)
            put(client, &library->functions[i], fn);
    return MIGRATE_OK;
}

int32_t client_table(const migrate_client *client, const struct client_library *library, const void **out,
                     migrate_error **err)
{
    if (client->library != library)
        return error_set(err, MIGRATE_ERROR_CLIENT, "functions of %s where those of %s are needed",
                         client->library->name, library->name);
    for (size_t i = 0; i < library->count; i++) {
        const struct client_function *function = &library->functions[i];

        if (function->needed && get(client, function) == NULL) {
            error_set(err, MIGRATE_ERROR_CLIENT, "%s: the function %s is missing", library->name,
                      function->name);
            error_hint(err, "use a newer %s, or hand all its functions over", library->name);
            return MIGRATE_ERROR_CLIENT;
        }
    }
    *out = client->table;
    return MIGRATE_OK;
}

const struct client_library *client_library_of(const migrate_client *client)
{
    return client->library;
}

#ifdef MIGRATE_CLIENTS_LINKED

static int32_t fill(migrate_client *client, migrate_error **err)
{
    (void)err;
    for (size_t i = 0; i < client->library->count; i++)
        put(client, &client->library->functions[i], client->library->functions[i].linked);
    return MIGRATE_OK;
}

#else

/* RTLD_NODELETE: SQLite and the TLS library behind libpq keep state that must not vanish under the host. */
static int32_t fill(migrate_client *client, migrate_error **err)
{
    const struct client_library *library = client->library;

    for (size_t i = 0; library->sonames[i] != NULL && client->loaded == NULL; i++)
        client->loaded = dlopen(library->sonames[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (client->loaded == NULL) {
        const char *why = dlerror();

        error_set(err, MIGRATE_ERROR_CLIENT, "the library %s cannot be loaded", library->name);
        error_detail(err, "%s", why == NULL ? "no reason was given" : why);
        error_hint(err, "install it (Debian, Ubuntu: apt install %s)", library->package);
        return MIGRATE_ERROR_CLIENT;
    }
    for (size_t i = 0; i < library->count; i++) {
        migrate_function fn;
        void *symbol = dlsym(client->loaded, library->functions[i].name);

        memcpy(&fn, &symbol, sizeof fn);
        put(client, &library->functions[i], fn);
    }
    return MIGRATE_OK;
}

#endif

int32_t client_load(const struct client_library *library, migrate_client **out, migrate_error **err)
{
    migrate_client *client = NULL;
    int32_t result = new_client(library, &client, err);

    if (result == MIGRATE_OK)
        result = fill(client, err);
    if (result == MIGRATE_OK)
        *out = client;
    else
        client_unref(client);
    return result;
}
