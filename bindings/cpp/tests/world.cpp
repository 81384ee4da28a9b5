/* SPDX-License-Identifier: MIT
 * Folders, databases and direct queries of the tests. */
#include "world.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace {
std::string engine_name, server_url;

using rows = std::vector<world::row>;

rows ask(PGconn *connection, const std::string &sql)
{
    const std::unique_ptr<PGresult, void (*)(PGresult *)> answer(PQexec(connection, sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        throw std::runtime_error(PQerrorMessage(connection));
    rows all(static_cast<std::size_t>(PQntuples(answer.get())));
    for (int row = 0; row < PQntuples(answer.get()); row++) {
        for (int column = 0; column < PQnfields(answer.get()); column++) {
            auto &values = all[static_cast<std::size_t>(row)];
            values.emplace_back();
            if (!PQgetisnull(answer.get(), row, column))
                values.back() = PQgetvalue(answer.get(), row, column);
        }
    }
    return all;
}

rows ask(sqlite3 *connection, const std::string &sql)
{
    rows all;
    char *problem = nullptr;
    const auto add = [](void *into, int count, char **values, char **) {
        world::row row(static_cast<std::size_t>(count));
        for (int i = 0; i < count; i++) {
            if (values[i] != nullptr)
                row[static_cast<std::size_t>(i)] = values[i];
        }
        static_cast<rows *>(into)->push_back(std::move(row));
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
        on_server("CREATE DATABASE " + database_ + " TEMPLATE template0");
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

std::string world::name() const { return on_sqlite() ? "app.db" : database_; }

std::string world::tables_query()
{
    return on_sqlite() ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT "
                         "LIKE 'libmigrate\\_%' ESCAPE '\\' ORDER BY name"
                       : "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND "
                         "relname NOT LIKE 'libmigrate\\_%' ORDER BY relname COLLATE \"C\"";
}

std::vector<world::row> world::rows(const std::string &sql) { return on_sqlite() ? ask(sqlite(), sql) : ask(postgresql(), sql); }

std::string world::query(const std::string &sql)
{
    std::string all;
    for (const row &values : rows(sql)) {
        all += all.empty() ? "" : " ";
        for (std::size_t i = 0; i < values.size(); i++)
            all += (i > 0 ? "|" : "") + values[i].value_or("");
    }
    return all;
}
