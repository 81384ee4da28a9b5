/* SPDX-License-Identifier: MIT
 * A PgBouncer of a test's own, which stands between the library and the test's database. */
#ifndef TEST_POOLER_H
#define TEST_POOLER_H

#include "api.h"

#include <libpq-fe.h>

extern struct pooler {
    char folder[300], url[600], direct[600]; /* direct: the way past it */
} pooler;

/* From now on the library goes through it. The test's own connection does not. */
void pooler_start(const char *mode, int size);
void pooler_stop(void);

PGconn *pooler_connect(const char *url);
/* All values of the last result, columns separated by |, rows by blanks. */
const char *pooler_ask(PGconn *connection, const char *sql);
/* How many advisory locks are held in the test's database. */
const char *pooler_locks(void);

/* Migrations of all kinds that work behind it, and their ids. */
void pooler_schema(void);
#define POOLER_ALL "001_users 002_notes 003_mood 004_glad 005_parts totals"
/* A migration in code: 7 goes into users. */
int32_t pooler_code(migrate_connection *connection, void *user);

#endif
