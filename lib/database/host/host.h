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
    struct migrate_rows *rows; /* NULL: there is no value yet */
    size_t columns, names, values;
    struct text name_texts; /* of the columns, each with a NUL behind it */
    bool out_of_memory;     /* and so there are no rows, though there should be some */
    bool failed;
    char sqlstate[6];
    int32_t driver_code;
    int64_t position;
    char *message; /* NULL: none was given, or memory was out */
};
int32_t result_begin_rows(struct migrate_result *result); /* makes rows, unless they are there */
void result_clear(struct migrate_result *result);

#endif
