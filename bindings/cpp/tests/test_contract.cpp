/* SPDX-License-Identifier: MIT
 * What the header repeats of the C library is held against the library's own tables. */
#include <doctest/doctest.h>

#include "world.hpp"

#include <set>
#include <type_traits>

using namespace std::chrono_literals;
namespace m = libmigrate;

static_assert(!std::is_copy_constructible_v<m::session> && std::is_nothrow_move_constructible_v<m::session>);
static_assert(!std::is_copy_constructible_v<m::options> && std::is_nothrow_move_constructible_v<m::options>);
static_assert(!std::is_copy_constructible_v<m::rows> && std::is_nothrow_move_constructible_v<m::rows>);
static_assert(!std::is_copy_constructible_v<m::plan> && std::is_nothrow_move_constructible_v<m::plan>);
static_assert(!std::is_copy_constructible_v<m::run> && std::is_nothrow_move_constructible_v<m::run>);
static_assert(!std::is_copy_constructible_v<m::source> && std::is_nothrow_move_constructible_v<m::source>);
static_assert(std::is_nothrow_copy_constructible_v<m::error>, "what is thrown must not throw when it is copied");
static_assert(std::is_base_of_v<std::runtime_error, m::error>);

TEST_CASE("every option has its function, and no other")
{
    std::set<std::string> ours, theirs;
#define ADD(key) ours.insert(#key);
    LIBMIGRATE_OPTIONS(ADD)
#undef ADD
    const m::rows options = m::list_options();
    for (const m::row row : options)
        theirs.emplace(row["key"].text());
    CHECK(ours == theirs);
}

TEST_CASE("every code of the library is one of the enum")
{
    const std::set<m::code> ours = {
        m::code::ok, m::code::pending, m::code::more, m::code::stopped, m::code::differs, m::code::findings,
        m::code::nomem, m::code::misuse, m::code::option, m::code::url, m::code::client, m::code::connect,
        m::code::authentication, m::code::no_database, m::code::source, m::code::duplicate, m::code::dependency,
        m::code::target, m::code::sql, m::code::code, m::code::modified, m::code::missing, m::code::late, m::code::ahead,
        m::code::renamed, m::code::unmanaged, m::code::history, m::code::rights, m::code::read_only, m::code::locked,
        m::code::timeout, m::code::cancelled, m::code::stale, m::code::irreversible, m::code::refused, m::code::partial,
        m::code::connection_lost, m::code::in_transaction, m::code::io, m::code::internal, m::code::file_system,
        m::code::device_locked, m::code::outcome_unknown, m::code::shadow, m::code::schema};
    std::set<m::code> theirs;
    for (std::int32_t number = -1000; number <= 1000; number++) {
        if (migrate_code_name(number) != nullptr)
            theirs.insert(static_cast<m::code>(number));
    }
    CHECK(ours == theirs);
    CHECK(m::name(m::code::locked) == "locked");
    CHECK(m::name(static_cast<m::code>(999)).empty());
}

TEST_CASE("version and features")
{
    CHECK(m::version_number() == MIGRATE_VERSION_NUMBER);
    CHECK(!m::version().empty());
    CHECK(m::has("sqlite"));
    CHECK_FALSE(m::has("oracle"));
}

TEST_CASE("options take what C++ has for them")
{
    const m::options chained = m::options().wait_timeout(1500ms).verify(true).backup_keep(3).mode("check").dir(std::string("x"));
    CHECK(chained.value("wait_timeout") == "1500ms");
    CHECK(chained.value("verify") == "on");
    CHECK(chained.value("backup_keep") == "3");
    CHECK(chained.value("mode") == "check");
    CHECK(chained.value("dir") == "x");
    CHECK(chained.value("no such") == std::nullopt);

    m::options listed{{"wait_timeout", 2min}, {"module", "shop"}};
    CHECK(listed.value("wait_timeout") == "2min");
    listed.module(std::nullopt).run_deadline("none");
    CHECK(listed.value("module") == "");

    try {
        listed.set("wait_timeuot", 1s);
        FAIL("an unknown option was taken");
    } catch (const m::usage_error &problem) {
        CHECK(problem.code() == m::code::option);
        CHECK(std::string(problem.what()).find("wait_timeout") != std::string::npos);
    }
    CHECK_THROWS_AS(m::options{} = m::options({{"mode", "perhaps"}}), m::usage_error);
}

TEST_CASE("rules of checks")
{
    const m::rows rules = m::check_rules();
    REQUIRE(rules.size() > 20);
    CHECK(!rules[0]["rule"].text().empty());
}
