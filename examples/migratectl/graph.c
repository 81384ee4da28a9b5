/* SPDX-License-Identifier: MIT
 * `migratectl graph` and `heads`: who needs whom. */
#include "migratectl.h"

int command_graph(struct cli *cli)
{
    return output_usage(cli, "graph is not there yet");
}

int command_heads(struct cli *cli)
{
    return output_usage(cli, "heads is not there yet");
}
