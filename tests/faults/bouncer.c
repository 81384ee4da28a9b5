/* SPDX-License-Identifier: MIT
 * Starting PgBouncer by tests/tools/pgbouncer.sh, whose path run.sh hands over. */
#include "bouncer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[300], address[100]; /* address: host:port */

static const char *tool(void)
{
    const char *path = getenv("FAULTS_PGBOUNCER");
    ck_assert_msg(path != NULL, "FAULTS_PGBOUNCER is not set: start by run.sh");
    return path;
}

void bouncer_start(int size, const char *roles, const char *words)
{
    char line[300] = "", command[1500];
    snprintf(folder, sizeof folder, "%s/pgbouncer", api.folder);
    snprintf(
        command, sizeof command,
        "PGBTEST_OWNER=%d PGBTEST_USERS='%s' PGBTEST_DATABASE=\"%s\" '%s' start '%s' '%s' transaction %d",
        (int)getpid(), roles, words, tool(), folder, getenv("MIGRATE_TEST_POSTGRESQL"), size);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    bool read = fgets(line, sizeof line, pipe) != NULL;
    ck_assert_int_eq(pclose(pipe), 0);
    char *at = read ? strchr(line, '@') : NULL;
    ck_assert_msg(at != NULL, "PgBouncer has no address: %s", line);
    snprintf(address, sizeof address, "%.*s", (int)strcspn(at + 1, "/"), at + 1);
}

const char *bouncer_url(const char *role)
{
    static char out[600];
    snprintf(out, sizeof out, "postgresql://%s@%s/%s", role, address, api.database);
    return out;
}

void bouncer_tell(void)
{
    char command[400];
    snprintf(command, sizeof command, "tail -n 5 '%s/log'", folder);
    if (system(command) != 0)
        faults_report("PgBouncer left no log");
}

void bouncer_stop(void)
{
    char command[1000];
    snprintf(command, sizeof command, "'%s' stop '%s'", tool(), folder);
    ck_assert_int_eq(system(command), 0);
}
