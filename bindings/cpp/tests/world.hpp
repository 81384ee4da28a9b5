/* SPDX-License-Identifier: MIT
 * The world of a test: a folder and an empty database of its own, on the engine that the program was started for. What is left in
 * the database is looked at past the library. */
#ifndef WORLD_HPP
#define WORLD_HPP

#include <libmigrate/libpq.hpp>
#include <libmigrate/sqlite3.hpp>

#include <filesystem>
#include <string>

class world {
public:
    static bool on_sqlite();
    static const std::string &server(); /* the test server's URL; "": SQLite */
    static void use(const std::string &engine, const std::string &server_url);

    world();
    ~world();
    world(const world &) = delete;
    world &operator=(const world &) = delete;

    std::filesystem::path folder, dir; /* dir: folder/migrations */
    std::string url;

    void file(const std::string &path, const std::string &text) const; /* in dir */
    libmigrate::options options() const;                               /* with dir and a short wait_timeout */
    sqlite3 *sqlite();    /* the host's own connection, opened by the first call */
    PGconn *postgresql();
    libmigrate::session open_own(const libmigrate::options &settings);
    std::string name() const; /* of the database: the file without its folder */
    static std::string tables_query(); /* the names of all tables but the history's */
    using row = std::vector<std::optional<std::string>>;
    std::vector<row> rows(const std::string &sql); /* throws what the database says */
    std::string query(const std::string &sql); /* values: columns separated by |, rows by blanks */

private:
    std::string database_;
    sqlite3 *sqlite_ = nullptr;
    PGconn *postgresql_ = nullptr;
};

#endif
