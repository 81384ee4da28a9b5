/* SPDX-License-Identifier: MIT
 * The verbs, and the rows, exceptions and handles around them. */
#include <doctest/doctest.h>

#include "world.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <unistd.h>

namespace m = libmigrate;

static void two_migrations(const world &w)
{
    w.file("001_people.sql", "CREATE TABLE people (id integer PRIMARY KEY);\n-- ROLLBACK:\n-- DROP TABLE people;\n");
    w.file("002_pets.sql", "CREATE TABLE pets (id integer PRIMARY KEY);\n-- ROLLBACK:\n-- DROP TABLE pets;\n");
}

TEST_CASE("start-up, and a start with nothing to do")
{
    world w;
    two_migrations(w);
    const m::report first = m::startup(w.url, w.options());
    CHECK(first.changed());
    CHECK(first.from() == std::nullopt);
    CHECK(first.to() == "002_pets");
    CHECK(first.applied() == std::vector<std::string>{"001_people", "002_pets"});
    CHECK(first.waited() >= m::microseconds(0));
    CHECK(w.query("SELECT count(*) FROM pets") == "0");

    const m::report second = m::startup(w.options().url(w.url));
    CHECK_FALSE(second.changed());
    CHECK(second.empty());
    CHECK(second.from() == "002_pets");
}

TEST_CASE("mode check answers, and is no error")
{
    world w;
    two_migrations(w);
    m::session(w.url, w.options()).rollback("empty");
    const m::report answer = m::startup(w.url, w.options().mode("check"));
    CHECK(answer.pending());
    CHECK(answer.code() == m::code::pending);
    CHECK(answer.value("pending").integer() == 2);
}

TEST_CASE("rows are a range")
{
    world w;
    two_migrations(w);
    m::session session(w.url, w.options());
    session.apply();
    const m::rows history = session.history();

    std::vector<std::string> ids;
    for (const auto row : history)
        ids.push_back(row["id"].as<std::string>());
    CHECK(std::count(ids.begin(), ids.end(), "002_pets") == 1);
    const auto found = std::find_if(history.begin(), history.end(), [](const m::row &row) { return row["id"] == "002_pets"; });
    REQUIRE(found != history.end());
    CHECK((*found)["duration_us"].duration() >= m::microseconds(0));
    CHECK((*found)["at"].time() > m::time_point(std::chrono::hours(24 * 365 * 50)));
    CHECK((*found)["reason"].as<std::optional<std::string>>() == std::nullopt);
    CHECK((*found)["breaking"].as<bool>() == false);
    CHECK(found->index() == static_cast<std::size_t>(found - history.begin()));
    CHECK(std::distance(history.begin(), history.end()) == static_cast<std::ptrdiff_t>(history.size()));
    CHECK(history.value("count").as<int>() == static_cast<int>(history.size()));
    CHECK(history.value("no such value").is_null());
    const auto columns = history.columns();
    CHECK(std::find(columns.begin(), columns.end(), "checksum") != columns.end());
    CHECK(history.json().find("\"002_pets\"") != std::string::npos);

    CHECK_THROWS_AS(history[0]["no such column"], std::out_of_range);
    CHECK_THROWS_AS(history[0][1000], std::out_of_range);
    CHECK_THROWS_AS(history.at(1000), std::out_of_range);
    CHECK(m::rows().empty());
}

TEST_CASE("an error has its place")
{
    world w;
    w.file("001_broken.sql", "CREATE TABLE good (id integer);\n\nCREATE TABLE x (;\n");
    m::session session(w.url, w.options());
    try {
        session.apply();
        FAIL("a broken migration was applied");
    } catch (const m::source_error &problem) {
        CHECK(problem.code() == m::code::sql);
        CHECK(problem.name() == "sql");
        CHECK(problem.kind() == "source");
        CHECK(problem.id() == "001_broken");
        CHECK(problem.file().find("001_broken.sql") != std::string_view::npos);
        CHECK(problem.line() == 3);
        CHECK(problem.column() > 0);
        CHECK(!problem.hint().empty());
        CHECK(problem.json().find("001_broken") != std::string::npos);
        CHECK(std::string(problem.what()).find("001_broken.sql:3:") != std::string::npos);
        if (world::on_sqlite())
            CHECK(problem.driver_code() == SQLITE_ERROR);
        else
            CHECK(problem.sqlstate() == "42601");
        const m::error copy = problem;
        CHECK(copy.line() == 3);
    }
    CHECK_THROWS(w.query("SELECT * FROM good"));
}

TEST_CASE("each kind of error has its class")
{
    world w;
    two_migrations(w);
    m::session session(w.url, w.options());
    session.apply();
    w.file("001_people.sql", "CREATE TABLE other (id integer);\n");
    CHECK_THROWS_AS(m::session(w.url, w.options()).apply(), m::error);
    CHECK_THROWS_AS(session.rollback("no such id"), m::error);
    CHECK_THROWS_AS(m::session("nonsense://x"), m::usage_error);
}

TEST_CASE("plan, run by hand, roll back")
{
    world w;
    two_migrations(w);
    m::session session(w.url, w.options());
    const m::plan plan = session.plan();
    const m::rows steps = plan.steps();
    REQUIRE(steps.size() == 2);
    CHECK(steps[1]["id"] == "002_pets");
    CHECK(steps[0]["direction"] == "up");
    CHECK(plan.sql().find("CREATE TABLE pets") != std::string::npos);
    CHECK(plan.findings().code() == m::code::ok);

    m::run run = session.run(&plan);
    m::run moved = std::move(run);
    int count = 0;
    while (moved.step())
        count++;
    CHECK(count == 2);
    CHECK(moved.end().applied().size() == 2);

    CHECK(session.rollback().rolled_back() == std::vector<std::string>{"002_pets"});
    CHECK(session.apply(session.plan("+1")).to() == "002_pets");
    CHECK_THROWS_AS(session.apply(plan), m::error); /* stale */
    { const m::run abandoned = session.run(); }
    CHECK(session.rollback("empty").to() == std::nullopt);
    CHECK(session.status().value("pending").integer() == 2);
}

TEST_CASE("bookkeeping, findings and graph")
{
    world w;
    two_migrations(w);
    m::session session(w.url, w.options());
    CHECK(session.check("source").code() == m::code::ok);
    CHECK(session.graph("declared").value("nodes").integer() == 2);
    CHECK(session.baseline("001_people", "from the old tool").to() == "001_people");
    session.mark("applied", "002_pets", "by hand");
    CHECK(session.status().value("pending").integer() == 0);
    session.mark("forgotten", "002_pets", "was not");
    CHECK(session.status().value("next") == "002_pets");
    CHECK(session.snapshot().value("fingerprint"));
    CHECK(m::session::files(w.options(), "sqlite").graph("declared").size() >= 2);
    CHECK_THROWS_AS(m::session::files(w.options()).apply(), m::usage_error);
}

TEST_CASE("handles go in any order")
{
    world w;
    two_migrations(w);
    auto options = std::make_unique<m::options>(w.options());
    auto session = std::make_unique<m::session>(w.url, *options);
    options.reset();
    auto plan = std::make_unique<m::plan>(session->plan());
    auto run = std::make_unique<m::run>(session->run(plan.get()));
    plan.reset();
    session.reset();
    while (run->step()) {
    }
    const m::report report = run->end();
    run.reset();
    CHECK(report.applied().size() == 2);
    m::session a(w.url, w.options()), b = std::move(a);
    a = std::move(b);
    CHECK(a.status().value("applied").integer() == 2);
}

static long resident_pages()
{
    long size = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> size >> resident;
    return resident;
}

TEST_CASE("a thousand times open, apply, close")
{
#if defined(__SANITIZE_ADDRESS__)
    const int times = 50; /* its leak check counts better */
#else
    const int times = world::on_sqlite() ? 1000 : 100; /* connecting takes most of it */
#endif
    world w;
    two_migrations(w);
    m::startup(w.url, w.options());
    long before = 0;
    for (int i = 0; i < times; i++) {
        if (i == times / 5)
            before = resident_pages();
        m::session session(w.url, w.options().on_event([](const m::event &) {}));
        session.apply();
    }
#if !defined(__SANITIZE_ADDRESS__)
    CHECK(resident_pages() - before < 256); /* 1 MB */
#endif
}
