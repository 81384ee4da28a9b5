/* SPDX-License-Identifier: MIT
 * C's side of the callbacks: Go's functions are exported under plain types, the library wants const ones and a void *user. A user here is
 * a cgo.Handle, which is a number and no address. */
#ifndef BRIDGE_H
#define BRIDGE_H

#include "migrate.h"

int32_t bridge_set_event(migrate_options *options, uintptr_t user);
/* sql NULL: the schema is made by code. */
int32_t bridge_set_declared(migrate_options *options, const char *sql, uintptr_t user, migrate_error **out_err);
int32_t bridge_set_backup(migrate_options *options, uintptr_t user);
int32_t bridge_add_code(migrate_source *source, const char *id, const char *version, int32_t has_down, uintptr_t user,
                        migrate_error **out_err);
int32_t bridge_set_schema_code(migrate_source *source, const char *stands_for, uintptr_t user, migrate_error **out_err);
int32_t bridge_driver_new(const char *engine, uintptr_t user, migrate_driver **out_driver, migrate_error **out_err);

/* 1: a SQLite is linked into the program. The other is for its handles alone. */
int32_t bridge_has_sqlite(void);
int32_t bridge_open_sqlite(uintptr_t db, const migrate_options *options, migrate_session **out_session, migrate_error **out_err);

#endif
