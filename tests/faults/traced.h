/* SPDX-License-Identifier: MIT
 * A program that is killed as it is about to make its Nth system call that anybody else can notice: each
 * message to a server, each wait for its answer, each write, sync, lock and removal of a file. */
#ifndef TEST_FAULTS_TRACED_H
#define TEST_FAULTS_TRACED_H

#include "faults.h"

/* Is it allowed to trace here? */
bool traced_possible(void);
/* Starts the program and kills it before the nth such call, from 0. Returns how it ended (FAULTS_...);
 * *out_calls is how many it had begun. */
int traced_kill(long nth, long *out_calls);

#endif
