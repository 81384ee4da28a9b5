/* SPDX-License-Identifier: MIT
 * The verbs around the data: backup, restore, protect, reset. */
#include "migratectl.h"

int command_backup(struct cli *cli)
{
    return output_usage(cli, "backup is not there yet");
}

int command_restore(struct cli *cli)
{
    return output_usage(cli, "restore is not there yet");
}

int command_protect(struct cli *cli)
{
    return output_usage(cli, "protect is not there yet");
}

int command_reset(struct cli *cli)
{
    return output_usage(cli, "reset is not there yet");
}
