/* SPDX-License-Identifier: MIT
 * A rollback text that nobody wrote: made from the facts before a migration and behind it, or refused, with the reason, where it would
 * lie. */
#ifndef CORE_DOWN_H
#define CORE_DOWN_H

#include "core/schema.h"
#include "core/script.h"

/* What is known before the work. Ends with down_free(); a zeroed struct is fine. */
struct down {
    bool begun;
    bool apart;                    /* the work is not one transaction: what it writes is judged by its statements */
    bool rows_assumed;             /* every table counts as one that held rows */
    struct facts before;
    struct migrate_rows *baseline; /* see writes_begin in database.h */
    struct text text;              /* behind down_end(): the text, or ... */
    struct text refused;           /* ... why there is none */
    bool proven;                   /* the text was tried, and led back */
    bool column_order;             /* ... but columns stand in another order */
};

/* Ahead of the work and behind it; on a connection where the work's transaction is open, or none. What fails there for the database's
 * own reasons is a refusal, no error: a migration is not to fail for want of a way back. scripts: those that ran in between (NULL: code);
 * they tell what SQLite's catalog does not. */
int32_t down_begin(struct migrate_session *session, struct down *down, migrate_error **err);
int32_t down_end(struct migrate_session *session, const struct script *script, struct down *down, migrate_error **err);
void down_refuse(struct down *down, const char *format, ...) __attribute__((format(printf, 2, 3)));
void down_free(struct down *down);

#endif
