/* SPDX-License-Identifier: MIT
 *
 * libmigrate for C++17: a program brings its database to the schema it was built for, in its own start-up.
 *
 *     #include <libmigrate/migrate.hpp>
 *     auto done = libmigrate::startup("sqlite:app.db", {{"dir", "migrations"}});
 *     for (auto step : done)
 *         std::cout << step["id"] << '\n';
 *
 * Header-only, over migrate.h, which stays the manual: a call here means what the C function of that name means. What differs
 *   Errors      are exceptions: libmigrate::error, with a subclass for each answer to "what now?"; std::bad_alloc
 *   Answers     that are no error (pending, stopped, differs, findings) stand in code() of what a call returns
 *   Handles     are move-only and free themselves, in any order; token is a shared handle
 *   Functions   of the host (events, code migrations, a driver) live as long as a session that was opened with them. What they throw
 *               never crosses C: an event's exception cancels the call, and comes out of it; a code migration's comes out of the
 *               call that ran it, once its work is undone (libmigrate::error comes back as error::code with file and id)
 *   Native      handles: libmigrate/sqlite3.hpp and libmigrate/libpq.hpp
 */
#ifndef LIBMIGRATE_MIGRATE_HPP
#define LIBMIGRATE_MIGRATE_HPP

#if __cplusplus < 201703L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#error "libmigrate/migrate.hpp needs C++17"
#endif

#include "basics.hpp"
#include "driver.hpp"
#include "options.hpp"
#include "rows.hpp"
#include "session.hpp"
#include "source.hpp"

#endif
