/* SPDX-License-Identifier: MIT
 * Rehearsing, and whether the database is, to the last byte of a dump, what it was. */
#ifndef TEST_REHEARSE_H
#define TEST_REHEARSE_H

#include "api.h"

/* api.rows is what it tells. */
int32_t rehearse_plan(migrate_plan *plan);
int32_t rehearse(void);
const char *rehearsed(size_t row, const char *column); /* "-": null */
bool rehearse_identical(void);

/* Takes a dump, and compares another one with it. */
void rehearse_remember(void);
void rehearse_check_same(void);
/* Nobody else is left in the test's database. */
void rehearse_check_nobody(void);
/* Two tables with rows, a history that says so. */
void rehearse_tables(void);

#endif
