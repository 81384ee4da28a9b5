/* SPDX-License-Identifier: MIT
 * The verb generate: writes the migration that leads to another schema. */
#include "migratectl.h"

int command_generate(struct cli *cli)
{
    return output_fail(cli, EXIT_SOFTWARE, "internal", "not written yet");
}
