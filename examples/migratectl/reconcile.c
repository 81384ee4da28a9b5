/* SPDX-License-Identifier: MIT
 * The verb reconcile: adds what is missing of a declared schema. */
#include "migratectl.h"

int command_reconcile(struct cli *cli)
{
    return output_fail(cli, EXIT_SOFTWARE, "internal", "not written yet");
}
