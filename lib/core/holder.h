/* SPDX-License-Identifier: MIT
 * Who holds the lock: what the server's list of sessions says of it, for those who wait and for whoever has to end it. */
#ifndef CORE_HOLDER_H
#define CORE_HOLDER_H

#include "core/run.h"

/* The event of a waiter, with all that is known of the holder. */
void holder_tell(struct migrate_run *run, int64_t waited);

/* The error of a waiter whose time is over; it has the statement that would end the holder. */
int32_t holder_timeout(struct migrate_run *run, migrate_error **err);

/* SQL that shows in the server's list which migration is at work; nothing where there is no such list. local: until the transaction
 * ends. */
void holder_show(const struct migrate_run *run, const char *id, bool local, struct text *sql);

#endif
