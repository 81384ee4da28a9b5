/* SPDX-License-Identifier: MIT
 * A session on the program's own PGconn, through the program's own libpq. The connection stays open and as it was. */
#ifndef LIBMIGRATE_LIBPQ_HPP
#define LIBMIGRATE_LIBPQ_HPP

#include "migrate.hpp"

#include <migrate_libpq.h>

namespace libmigrate {

/* connection must outlive the session. */
inline session open(PGconn *database, const options &settings = options())
{
    return session::from(settings, [&](migrate_session **raw, migrate_error **err) {
        return migrate_open_libpq(database, settings.get(), raw, err);
    });
}
inline report startup(PGconn *database, const options &settings = options()) { return open(database, settings).startup(); }

} /* namespace libmigrate */

#endif
