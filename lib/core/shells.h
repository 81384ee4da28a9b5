/* SPDX-License-Identifier: MIT
 * Commands of the engines' shells: psql's begin with a backslash, the sqlite3 shell's with a point. */
#ifndef CORE_SHELLS_H
#define CORE_SHELLS_H

#include <stdbool.h>
#include <stddef.h>

struct shell_command {
    const char *shell; /* whose it is */
    size_t length;     /* of its name, with what it begins with */
    const char *hint;  /* what to do instead */
    bool means_nothing; /* it may be passed over */
};
/* text begins with the backslash or the point. false: that is no command. */
bool shell_command(const char *text, size_t length, struct shell_command *out);

#endif
