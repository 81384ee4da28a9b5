/* SPDX-License-Identifier: MIT
 * The verb graph: who needs whom, among migrations and among tables. */
#include "core/verbs.h"

int32_t verb_graph(migrate_session *session, const char *of, const char *at, migrate_rows **out, migrate_error **err)
{
    (void)session;
    (void)of;
    (void)at;
    (void)out;
    return error_set(err, MIGRATE_ERROR_MISUSE, "graph is not there yet");
}
