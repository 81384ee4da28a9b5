/* SPDX-License-Identifier: MIT
 * A PgBouncer in transaction mode in front of the server. */
#ifndef TEST_FAULTS_BOUNCER_H
#define TEST_FAULTS_BOUNCER_H

#include "faults.h"

/* With so many connections for each role; it knows postgres and these roles, separated by blanks, and ends with this
 * program. words: more of its database's settings. */
void bouncer_start(int size, const char *roles, const char *words);
/* This role's way to the test's database. Lives until the next such call. */
const char *bouncer_url(const char *role);
/* Its last words, where it has died. */
void bouncer_tell(void);
void bouncer_stop(void);

#endif
