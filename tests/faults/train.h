/* SPDX-License-Identifier: MIT
 * The release train's passengers (train_pods.c) as train.c sees them. */
#ifndef TEST_FAULTS_TRAIN_H
#define TEST_FAULTS_TRAIN_H

#include "faults.h"

#include <stdatomic.h>

enum { BUILDS = 3 }; /* N-1, N, N+1 */

/* What all processes write into: shared memory. */
struct train {
    atomic_long starts, ready, checks, unready, failed; /* failed: starts that returned an error */
    atomic_long queries, worst_query, slow_queries;     /* of the bystander; microseconds; over the limit */
    atomic_long reader_holds;                           /* while the long reader is inside its transaction */
    atomic_int over;
    char message[2000]; /* of the last pod that was not ready */
};
extern struct train *train;

/* Roles, and ways in. */
extern char train_owner[120], train_app[120];
extern char train_direct[600];       /* as owner, to the server */
extern char train_pooled[600];       /* as app, through PgBouncer */
extern char train_pooled_owner[600]; /* as owner, likewise */
extern char train_builds[BUILDS][300];

enum { SLOW_QUERY = 1100000 }; /* microseconds: the budget for waiting DDL, and 100 ms */

/* An instance of the application: starts up, answers probes for a while, ends. A migrator applies as owner,
 * directly or through the pooler; the others wait for it as app, through the pooler. */
enum pod { POD_WAITS, POD_MIGRATES, POD_MIGRATES_POOLED };
pid_t train_pod(int build, enum pod kind);
/* 200 small queries and updates a second on the big table until the train is over. */
pid_t train_bystander(void);
/* A transaction that reads the big table and stays open so long. */
pid_t train_reader(int64_t microseconds);

#endif
