/* SPDX-License-Identifier: MIT
 * The host's own functions: events, code migrations, a driver, cancelling; and what they throw. */
#include <doctest/doctest.h>

#include "world.hpp"

#include <set>
#include <thread>

using namespace std::chrono_literals;
namespace m = libmigrate;

struct own_exception : std::runtime_error { using std::runtime_error::runtime_error; };

static m::source two_tables()
{
    return m::source()
        .add("001_people", "CREATE TABLE people (id integer PRIMARY KEY, name text);", "DROP TABLE people;")
        .file("002_pets.sql", "CREATE TABLE pets (id integer PRIMARY KEY);\n-- ROLLBACK:\n-- DROP TABLE pets;\n");
}

static m::options without_dir() { return m::options().wait_timeout(5s); }

TEST_CASE("events are told, and live as long as the session")
{
    world w;
    std::vector<std::string> told;
    auto session = [&] {
        const m::source source = two_tables();
        return m::session(w.url, without_dir().from(source).on_event([&told](const m::event &e) {
            if (e.name() == "applied")
                told.push_back(std::string(e["id"].text()) + (e.message().empty() ? "?" : "") + (e["no such"].is_null() ? "" : "?"));
        }));
    }();
    session.apply();
    CHECK(told == std::vector<std::string>{"001_people", "002_pets"});
}

TEST_CASE("an event that says no cancels")
{
    world w;
    m::session session(w.url, without_dir().from(two_tables()).on_event([](const m::event &e) {
        return !(e.name() == "step" && e["id"] == "002_pets");
    }));
    try {
        session.apply();
        FAIL("it went on");
    } catch (const m::cancelled_error &problem) {
        CHECK(problem.code() == m::code::cancelled);
    }
    CHECK_THROWS(w.query("SELECT * FROM pets"));
}

TEST_CASE("what an event throws cancels the call and comes out of it")
{
    world w;
    m::session session(w.url, without_dir().from(two_tables()).on_event([thrown = false](const m::event &e) mutable {
        if (e.name() == "step" && e["id"] == "001_people" && !thrown) {
            thrown = true;
            throw own_exception("no more");
        }
    }));
    CHECK_THROWS_WITH_AS(session.apply(), "no more", own_exception);
    CHECK_THROWS(w.query("SELECT * FROM people"));
    CHECK(session.apply().changed()); /* the session is as good as new */
}

TEST_CASE("code migrations")
{
    world w;
    int ups = 0, downs = 0;
    m::session session(w.url, without_dir().from(two_tables().code(
                                  "003_fill", "1",
                                  [&ups](m::connection &c) {
                                      ups++;
                                      c.exec("INSERT INTO people VALUES (1, " + c.quote("O'Brien") + "), (2, NULL)");
                                      const m::rows people = c.query("SELECT id, name FROM people ORDER BY id");
                                      if (people.size() != 2 || people[0]["name"] != "O'Brien" || !people[1]["name"].is_null())
                                          throw own_exception("wrong rows");
                                      if (c.native() == nullptr || c.engine() != (world::on_sqlite() ? "sqlite" : "postgresql"))
                                          throw own_exception("wrong connection");
                                  },
                                  [&downs](m::connection &c) {
                                      downs++;
                                      c.exec("DELETE FROM people");
                                  })));
    CHECK(session.apply().applied().size() == 3);
    CHECK(w.query("SELECT name FROM people WHERE id = 1") == "O'Brien");
    session.rollback();
    CHECK(w.query("SELECT count(*) FROM people") == "0");
    CHECK(ups == 1);
    CHECK(downs == 1);
}

TEST_CASE("what a code migration throws comes out, and its work is undone")
{
    world w;
    m::session session(w.url, without_dir().from(two_tables().code("003_fill", "1", [](m::connection &c) {
        c.exec("INSERT INTO people VALUES (1, 'x')");
        throw own_exception("half-way");
    })));
    CHECK_THROWS_WITH_AS(session.apply(), "half-way", own_exception);
    CHECK(w.query("SELECT count(*) FROM people") == "0");
    CHECK(session.status().value("next") == "003_fill");

    world w2;
    m::session number(w2.url, without_dir().from(two_tables().code("003_fill", "1", [](m::connection &) { throw 7; })));
    CHECK_THROWS_AS(number.apply(), int);
}

TEST_CASE("an error of the library in a code migration has the migration's name")
{
    world w;
    m::session session(w.url, without_dir().from(two_tables().code(
                                  "003_fill", "1", [](m::connection &c) { c.exec("INSERT INTO nowhere VALUES (1)"); })));
    try {
        session.apply();
        FAIL("it went on");
    } catch (const m::error &problem) {
        CHECK(problem.code() == m::code::code);
        CHECK(problem.id() == "003_fill");
        CHECK(problem.message().find("nowhere") != std::string_view::npos);
    }

    world w2; /* one that is caught inside is nobody's business; PostgreSQL's transaction needs a savepoint for that */
    m::session caught(w2.url, without_dir().from(two_tables().code("003_fill", "1", [](m::connection &c) {
        c.exec("SAVEPOINT here");
        try {
            c.exec("INSERT INTO nowhere VALUES (1)");
        } catch (const m::error &) {
            c.exec("ROLLBACK TO SAVEPOINT here");
        }
    })));
    CHECK(caught.apply().applied().size() == 3);
}

TEST_CASE("schema code, declared schema")
{
    world w;
    const auto create = [](m::connection &c) {
        c.exec("CREATE TABLE people (id integer PRIMARY KEY, name text); CREATE TABLE pets (id integer PRIMARY KEY);");
    };
    m::session session(w.url, without_dir().from(two_tables().schema_code("002_pets", create)));
    CHECK(session.apply().to() == "002_pets");
    CHECK(w.query("SELECT count(*) FROM pets") == "0");

    m::session declared(w.url, without_dir().from(two_tables()).declare([](m::connection &c) {
        c.exec("CREATE TABLE people (id integer PRIMARY KEY, name text); CREATE TABLE pets (id integer PRIMARY KEY);"
               "CREATE TABLE toys (id integer PRIMARY KEY);");
    }));
    CHECK(declared.reconcile("report").code() == m::code::differs);
    declared.reconcile("apply");
    CHECK(w.query("SELECT count(*) FROM toys") == "0");
    const m::rows generated = m::session(w.url, without_dir().from(two_tables()))
                                  .generate("CREATE TABLE people (id integer PRIMARY KEY, name text);"
                                            "CREATE TABLE pets (id integer PRIMARY KEY, age integer);"
                                            "CREATE TABLE toys (id integer PRIMARY KEY);");
    CHECK(generated.code() == m::code::differs);
    CHECK(generated.value("up").text().find("age") != std::string_view::npos);
}

TEST_CASE("the host's own handle stays the host's")
{
    world w;
    m::report report = w.open_own(without_dir().from(two_tables())).startup();
    CHECK(report.applied().size() == 2);
    CHECK(w.query("SELECT count(*) FROM pets") == "0");

    w.query("BEGIN");
    try {
        w.open_own(without_dir().from(two_tables())).apply();
        FAIL("it went on");
    } catch (const m::usage_error &problem) {
        CHECK(problem.code() == m::code::in_transaction);
    }
    w.query("ROLLBACK");
}

/* Over what a test asks the database with anyway. */
class own_driver : public m::driver {
public:
    explicit own_driver(world &w) : world_(w) {}
    std::string engine() const override { return world::on_sqlite() ? "sqlite" : "postgresql"; }
    void exec(const std::string &sql) override
    {
        if (sql.find("pets") != std::string::npos && !fail_with.empty())
            throw own_exception(fail_with);
        world_.query(sql);
    }
    void query(const std::string &sql, m::result &into) override
    {
        world::on_sqlite() ? from_sqlite(sql, into) : from_postgresql(sql, into);
    }
    std::optional<bool> in_transaction() override
    {
        return world::on_sqlite() ? sqlite3_get_autocommit(world_.sqlite()) == 0
                                  : PQtransactionStatus(world_.postgresql()) != PQTRANS_IDLE;
    }
    bool cancelled() override { return stop; }
    std::string fail_with;
    bool stop = false;

private:
    void from_sqlite(const std::string &sql, m::result &into)
    {
        sqlite3_stmt *raw = nullptr;
        const int code = sqlite3_prepare_v2(world_.sqlite(), sql.c_str(), -1, &raw, nullptr);
        const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt *)> statement(raw, sqlite3_finalize);
        if (code != SQLITE_OK)
            throw m::driver_error(sqlite3_errmsg(world_.sqlite()), "", sqlite3_extended_errcode(world_.sqlite()));
        const int count = sqlite3_column_count(raw);
        into.columns(static_cast<std::size_t>(count));
        for (int i = 0; i < count; i++)
            into.name(sqlite3_column_name(raw, i));
        while (sqlite3_step(raw) == SQLITE_ROW) {
            for (int i = 0; i < count; i++) {
                const auto *text = reinterpret_cast<const char *>(sqlite3_column_text(raw, i));
                into.add(text == nullptr ? std::nullopt : std::optional<std::string_view>(text));
            }
        }
    }
    void from_postgresql(const std::string &sql, m::result &into)
    {
        const std::unique_ptr<PGresult, void (*)(PGresult *)> answer(PQexec(world_.postgresql(), sql.c_str()), PQclear);
        if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK)
            throw m::driver_error(PQresultErrorMessage(answer.get()), PQresultErrorField(answer.get(), PG_DIAG_SQLSTATE));
        const int count = PQnfields(answer.get());
        into.columns(static_cast<std::size_t>(count));
        for (int i = 0; i < count; i++)
            into.name(PQfname(answer.get(), i));
        for (int row = 0; row < PQntuples(answer.get()); row++) {
            for (int i = 0; i < count; i++)
                into.add(PQgetisnull(answer.get(), row, i) ? std::nullopt
                                                           : std::optional<std::string_view>(PQgetvalue(answer.get(), row, i)));
        }
    }
    world &world_;
};

TEST_CASE("a driver of the host's")
{
    world w;
    const auto driver = std::make_shared<own_driver>(w);
    m::session session(driver, without_dir().from(two_tables()));
    driver->fail_with = "the driver has a bad day";
    try {
        session.apply();
        FAIL("it went on");
    } catch (const m::error &problem) {
        CHECK(std::string(problem.what()).find("a bad day") != std::string::npos);
    }
    driver->fail_with.clear();
    CHECK(session.apply().to() == "002_pets");
    CHECK(w.query("SELECT count(*) FROM pets") == "0");
    driver->stop = true;
    CHECK_THROWS_AS(session.apply(), m::cancelled_error);
}

TEST_CASE("columns of a driver of the host's have names")
{
    world w;
    std::string seen;
    m::session session(std::make_shared<own_driver>(w), without_dir().from(m::source().code("001_ask", "1", [&](m::connection &db) {
        for (auto row : db.query("SELECT 'Ada' AS name, 7 AS age"))
            seen = std::string(row["name"].text()) + " " + std::to_string(row["age"].integer());
    })));
    session.apply();
    CHECK(seen == "Ada 7");
}

TEST_CASE("a token ends a long statement within 300 ms")
{
    world w;
    w.file("001_long.sql", world::on_sqlite()
                               ? "CREATE TABLE n AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 9000000000)"
                                 " SELECT count(*) AS x FROM c;\n"
                               : "SELECT pg_sleep(60);\n");
    const m::token token;
    m::session session(w.url, w.options().cancel_with(token));
    std::chrono::steady_clock::time_point asked;
    std::thread other([&] {
        std::this_thread::sleep_for(400ms);
        asked = std::chrono::steady_clock::now();
        token.cancel();
    });
    CHECK_THROWS_AS(session.apply(), m::cancelled_error);
    const auto ended = std::chrono::steady_clock::now();
    other.join();
    CHECK(token.cancel_requested());
    CHECK(std::chrono::duration_cast<std::chrono::milliseconds>(ended - asked).count() < 300);
}

TEST_CASE("a backup function of the host's")
{
    if (world::on_sqlite())
        return; /* which needs none */
    world w;
    w.file("001_people.sql", "CREATE TABLE people (id integer);\n");
    m::startup(w.url, w.options());
    w.file("002_no_people.sql", "DROP TABLE people;\n");
    std::vector<std::string> verbs;
    m::session session(w.url, w.options().backup("always").backup_dir(w.folder).backup_with([&](m::backup_job &job) {
        verbs.emplace_back(job.verb());
        throw own_exception("no room");
    }));
    CHECK_THROWS_WITH_AS(session.apply(), "no room", own_exception);
    CHECK(verbs == std::vector<std::string>{"backup"});
    CHECK(w.query("SELECT count(*) FROM people") == "0");
}
