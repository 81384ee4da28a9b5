/* SPDX-License-Identifier: MIT
 * The verb verify: do the rollback texts lead back? */
#include "migratectl.h"

int command_verify(struct cli *cli)
{
    return output_fail(cli, EXIT_SOFTWARE, "internal", "not written yet");
}
