/* SPDX-License-Identifier: MIT
 * A host's driver and what its callbacks fill in, shared by driver.c and connection.c. */
#ifndef DATABASE_HOST_HOST_H
#define DATABASE_HOST_HOST_H

#include "database/database.h"

#include <stdatomic.h>

struct migrate_driver {
    atomic_int references; /* sessions of several threads may share one driver */
    const struct database_engine *engine;
    void *user;
    migrate_driver_fn exec, query;
    migrate_driver_state_fn in_transaction, cancel; /* may be NULL */
};

/* Lives for one call of a callback. */
struct migrate_result {
    struct migrate_rows *rows; /* NULL: no columns were announced */
    size_t columns, values;
    bool failed;
    char sqlstate[6];
    int32_t driver_code;
    int64_t position;
    char *message; /* NULL: none was given, or memory was out */
};
void result_clear(struct migrate_result *result);

#endif
