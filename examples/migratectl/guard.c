/* SPDX-License-Identifier: MIT
 * The verbs around the data: protect, reset. */
#include "migratectl.h"

int command_protect(struct cli *cli)
{
    return output_usage(cli, "protect is not there yet");
}

int command_reset(struct cli *cli)
{
    return output_usage(cli, "reset is not there yet");
}
