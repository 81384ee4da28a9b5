/* SPDX-License-Identifier: MIT
 * The verb diff (drift): what was changed by hand. */
#include "migratectl.h"

int command_diff(struct cli *cli)
{
    return output_fail(cli, EXIT_SOFTWARE, "internal", "not written yet");
}
