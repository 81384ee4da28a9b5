/* SPDX-License-Identifier: MIT
 * A connection of the host's own, whatever it is, as a class with two functions. */
#ifndef LIBMIGRATE_DRIVER_HPP
#define LIBMIGRATE_DRIVER_HPP

#include "rows.hpp"

namespace libmigrate {

/* Throw this from a driver for what the database said. */
class driver_error : public std::runtime_error {
public:
    explicit driver_error(const std::string &message, std::string state = "", std::int32_t number = 0, std::int64_t place = 0)
        : std::runtime_error(message), sqlstate(std::move(state)), driver_code(number), position(place)
    {
    }
    std::string sqlstate;     /* PostgreSQL */
    std::int32_t driver_code; /* SQLite's extended result code */
    std::int64_t position;    /* 1-based character in the statement; 0: unknown */
};

/* Where a driver puts the rows of a query. */
class result {
public:
    explicit result(migrate_result *handle) noexcept : handle_(handle) {}

    /* Once, first. */
    void columns(std::size_t count) { check(migrate_result_columns(handle_, count)); }
    /* From left to right, all of them or none: then code migrations know the columns by their numbers, from 1. */
    void name(const std::string &column) { check(migrate_result_name(handle_, column.c_str())); }
    /* Row by row; nullopt: null. */
    void add(std::optional<std::string_view> text)
    {
        check(text ? migrate_result_value(handle_, text->data() == nullptr ? "" : text->data(), text->size())
                   : migrate_result_value(handle_, nullptr, 0));
    }

private:
    static void check(std::int32_t answer)
    {
        if (answer == MIGRATE_ERROR_NOMEM)
            throw std::bad_alloc();
        if (answer != MIGRATE_OK)
            throw std::logic_error("columns() comes first, once, then all names or none, then whole rows");
    }
    migrate_result *handle_;
};

/* SQL comes as text, without parameters, one statement a call; BEGIN and COMMIT among them: be in autocommit. */
class driver {
public:
    virtual ~driver() = default;
    virtual std::string engine() const = 0; /* whose SQL it speaks: "sqlite", "postgresql" */
    virtual void exec(const std::string &sql) = 0;
    virtual void query(const std::string &sql, result &into) = 0;
    virtual std::optional<bool> in_transaction() { return std::nullopt; } /* not known */
    virtual bool cancelled() { return false; }                           /* asked before each statement */
};

namespace detail {

/* Runs fn; what it throws becomes the statement's failure: some are expected, and after others the library has to clean up. */
template <class Fn> std::int32_t run_driver(migrate_result *into, Fn &&fn) noexcept
{
    try {
        fn();
        return 0;
    } catch (const driver_error &problem) {
        migrate_result_fail(into, problem.sqlstate.empty() ? nullptr : problem.sqlstate.c_str(), problem.driver_code,
                            problem.what(), problem.position);
        return 1;
    } catch (...) {
        explain_current([into](const char *why) { migrate_result_fail(into, nullptr, 0, why, 0); });
        return 1;
    }
}

inline std::int32_t driver_exec(const char *sql, std::size_t length, migrate_result *into, void *user) noexcept
{
    return run_driver(into, [&] { static_cast<driver *>(user)->exec(std::string(sql, length)); });
}
inline std::int32_t driver_query(const char *sql, std::size_t length, migrate_result *into, void *user) noexcept
{
    return run_driver(into, [&] {
        result filled(into);
        static_cast<driver *>(user)->query(std::string(sql, length), filled);
    });
}
inline std::int32_t driver_in_transaction(void *user) noexcept
{
    try {
        const std::optional<bool> answer = static_cast<driver *>(user)->in_transaction();
        return answer ? *answer : -1;
    } catch (...) {
        return -1;
    }
}
inline std::int32_t driver_cancelled(void *user) noexcept
{
    try {
        return static_cast<driver *>(user)->cancelled();
    } catch (...) {
        call::observer_threw();
        return 1;
    }
}

inline owned<migrate_driver, migrate_driver_free> make_driver(driver &host)
{
    call frame;
    migrate_driver *raw = nullptr;
    frame.check(migrate_driver_new(host.engine().c_str(), &host, &raw, frame.error()));
    owned<migrate_driver, migrate_driver_free> made(raw);
    migrate_driver_fn exec = driver_exec, query = driver_query;
    migrate_driver_state_fn in_transaction = driver_in_transaction, cancel = driver_cancelled;
    migrate_driver_set(raw, "exec", reinterpret_cast<migrate_function>(exec));
    migrate_driver_set(raw, "query", reinterpret_cast<migrate_function>(query));
    migrate_driver_set(raw, "in_transaction", reinterpret_cast<migrate_function>(in_transaction));
    migrate_driver_set(raw, "cancel", reinterpret_cast<migrate_function>(cancel));
    return made;
}

} /* namespace detail */
} /* namespace libmigrate */

#endif
