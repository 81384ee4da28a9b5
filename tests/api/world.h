/* SPDX-License-Identifier: MIT
 * Making and dropping what a test runs on (world.c): for the frame alone. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "migrate.h"

void world_begin(void); /* before all tests of the program */
void world_end(void);   /* after them: clears away what failed tests left, too */
void world_make(void);  /* around each test */
void world_drop(void);

/* api.c */
int32_t world_event(const migrate_event *event, void *user);
void world_forget_events(void);

#endif
