/* SPDX-License-Identifier: MIT
 * Folders, databases and direct queries of the tests. */
#include "world.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace {
std::string engine_name, server_url;

/* Runs SQL and gives its rows as text. */
std::string ask(PGconn *connection, const std::string &sql)
{
    const std::unique_ptr<PGresult, void (*)(PGresult *)> answer(PQexec(connection, sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        throw std::runtime_error(PQresultErrorMessage(answer.get()));
    std::string all;
    for (int row = 0; row < PQntuples(answer.get()); row++) {
        for (int column = 0; column < PQnfields(answer.get()); column++)
            all += (column > 0 ? "|" : row > 0 ? " " : "") + std::string(PQgetvalue(answer.get(), row, column));
    }
    return all;
}

std::string ask(sqlite3 *connection, const std::string &sql)
{
    std::string all;
    char *problem = nullptr;
    const auto add = [](void *into, int count, char **values, char **) {
        auto &text = *static_cast<std::string *>(into);
        for (int i = 0; i < count; i++)
            text += (i > 0 ? "|" : text.empty() ? "" : " ") + std::string(values[i] == nullptr ? "" : values[i]);
        return 0;
    };
    if (sqlite3_exec(connection, sql.c_str(), add, &all, &problem) != SQLITE_OK) {
        const std::string why = problem == nullptr ? "?" : problem;
        sqlite3_free(problem);
        throw std::runtime_error(why);
    }
    return all;
}

void on_server(const std::string &sql)
{
    const std::unique_ptr<PGconn, void (*)(PGconn *)> connection(PQconnectdb(server_url.c_str()), PQfinish);
    ask(connection.get(), sql);
}
} /* namespace */

void world::use(const std::string &engine, const std::string &url)
{
    engine_name = engine;
    server_url = url;
}
bool world::on_sqlite() { return engine_name == "sqlite"; }
const std::string &world::server() { return server_url; }

world::world()
{
    static int number = 0;
    std::string name = (std::filesystem::temp_directory_path() / "migrate-cpp-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("no folder for the test");
    folder = name;
    dir = folder / "migrations";
    std::filesystem::create_directory(dir);
    if (on_sqlite()) {
        url = "sqlite:" + (folder / "app.db").string();
    } else {
        database_ = "migrate_cpp_" + std::to_string(getpid()) + "_" + std::to_string(++number);
        on_server("CREATE DATABASE " + database_);
        url = server_url + (server_url.find('?') == std::string::npos ? "?" : "&") + "dbname=" + database_;
    }
}

world::~world()
{
    sqlite3_close(sqlite_);
    PQfinish(postgresql_);
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    try {
        if (!database_.empty())
            on_server("DROP DATABASE IF EXISTS " + database_ + " WITH (FORCE)");
    } catch (const std::exception &) { /* the server goes away with it */
    }
}

void world::file(const std::string &path, const std::string &text) const
{
    std::filesystem::create_directories((dir / path).parent_path());
    std::ofstream(dir / path) << text;
}

libmigrate::options world::options() const
{
    using namespace std::chrono_literals;
    return libmigrate::options().dir(dir).wait_timeout(5s);
}

sqlite3 *world::sqlite()
{
    if (sqlite_ == nullptr && sqlite3_open((folder / "app.db").c_str(), &sqlite_) != SQLITE_OK)
        throw std::runtime_error("cannot open the test's own connection");
    return sqlite_;
}

PGconn *world::postgresql()
{
    if (postgresql_ == nullptr)
        postgresql_ = PQconnectdb(url.c_str());
    if (PQstatus(postgresql_) != CONNECTION_OK)
        throw std::runtime_error("cannot open the test's own connection");
    return postgresql_;
}

libmigrate::session world::open_own(const libmigrate::options &settings)
{
    return on_sqlite() ? libmigrate::open(sqlite(), settings) : libmigrate::open(postgresql(), settings);
}

std::string world::query(const std::string &sql) { return on_sqlite() ? ask(sqlite(), sql) : ask(postgresql(), sql); }
