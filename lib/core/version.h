/* SPDX-License-Identifier: MIT
 * The library's own version as a text. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#include <migrate.h>

#define VERSION_WORD_(number) #number
#define VERSION_WORD(number) VERSION_WORD_(number)
#define LIBRARY_VERSION                                                                                      \
    VERSION_WORD(MIGRATE_VERSION_MAJOR) "." VERSION_WORD(MIGRATE_VERSION_MINOR) "." VERSION_WORD(MIGRATE_VERSION_PATCH)

#endif
