/* SPDX-License-Identifier: MIT
 * What tests of the way from one schema of PostgreSQL to another share: databases of their own on a server, what is in them, and how two
 * schemas differ. */
#ifndef TESTS_SCHEMA_FRAME_POSTGRESQL_H
#define TESTS_SCHEMA_FRAME_POSTGRESQL_H

#include "frame_any.h"

enum { FRAME_SKIPPED = 77 };

/* ---- databases ---- */
struct database *frame_open_url(const char *url);
/* One of the test's own on that server; which: a word for it. */
struct database *frame_make_database(struct database *server, const char *url, const char *which);
void frame_drop_database(struct database *server, struct database *db, const char *which); /* closes it, too */
char *frame_ask(struct database *db, const char *sql); /* rows by lines, values by | */

/* ---- schemas ---- */
extern const struct database_facts_wish frame_wish;
struct facts frame_facts_of(struct database *db);
struct facts frame_facts_made(struct database *db, const struct text *sql); /* made, read and forgotten */
bool frame_in_order(const struct facts *is, const struct facts *wanted); /* columns stand where they should */

#endif
