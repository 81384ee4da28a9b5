/* SPDX-License-Identifier: MIT
 * A session on the program's own sqlite3 handle, through the program's own copy of SQLite. The handle stays open and as it was. */
#ifndef LIBMIGRATE_SQLITE3_HPP
#define LIBMIGRATE_SQLITE3_HPP

#include "migrate.hpp"

#include <migrate_sqlite3.h>

namespace libmigrate {

/* database must outlive the session. */
inline session open(sqlite3 *database, const options &settings = options())
{
    return session::from(settings, [&](migrate_session **raw, migrate_error **err) {
        return migrate_open_sqlite3(database, settings.get(), raw, err);
    });
}
inline report startup(sqlite3 *database, const options &settings = options()) { return open(database, settings).startup(); }

} /* namespace libmigrate */

#endif
