/* SPDX-License-Identifier: MIT
 * Migrations in the program, one of them code, on the SQLite handle that it already has; progress goes to its own log.
 *
 *     own_handle FILE
 */
#include <libmigrate/sqlite3.hpp>

#include <iostream>

static libmigrate::source migrations()
{
    return libmigrate::source()
        .add("001_notes", "CREATE TABLE notes (id integer PRIMARY KEY, text text NOT NULL);", "DROP TABLE notes;")
        .code("002_welcome", "1", [](libmigrate::connection &db) {
            db.exec("INSERT INTO notes (text) VALUES (" + db.quote("It's working") + ")");
        });
}

int main(int argc, char **argv)
try {
    sqlite3 *handle = nullptr;
    if (argc != 2)
        return 64;
    const int code = sqlite3_open(argv[1], &handle);
    const std::unique_ptr<sqlite3, int (*)(sqlite3 *)> owner(handle, sqlite3_close);
    if (code != SQLITE_OK)
        return 1;
    libmigrate::startup(handle, libmigrate::options().from(migrations()).on_event([](const libmigrate::event &event) {
        if (event.level() != "debug")
            std::clog << event.name() << ": " << event.message() << '\n';
    }));
    return sqlite3_exec(handle, "UPDATE notes SET text = text || '!'", nullptr, nullptr, nullptr) == SQLITE_OK ? 0 : 1;
} catch (const std::exception &problem) {
    std::cerr << problem.what() << '\n';
    return 1;
}
