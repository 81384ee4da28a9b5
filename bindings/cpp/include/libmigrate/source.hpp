/* SPDX-License-Identifier: MIT
 * Migrations that the program holds in memory: files, texts, and code. */
#ifndef LIBMIGRATE_SOURCE_HPP
#define LIBMIGRATE_SOURCE_HPP

#include "rows.hpp"

#include <functional>

namespace libmigrate {

/* What a code migration works on; valid until it returns. */
class connection {
public:
    explicit connection(migrate_connection *handle) noexcept : handle_(handle) {}

    std::string_view engine() const noexcept { return detail::view(migrate_connection_engine(handle_)); } /* sqlite, postgresql */
    /* sqlite3 * or PGconn *; NULL on a host's driver. */
    void *native() const noexcept { return migrate_connection_handle(handle_); }

    /* One or more statements. */
    void exec(const std::string &sql)
    {
        detail::call frame;
        frame.check(migrate_connection_exec(handle_, sql.c_str(), frame.error()));
    }
    /* One statement, and its rows. */
    rows query(const std::string &sql)
    {
        detail::call frame;
        migrate_rows *raw = nullptr;
        frame.check(migrate_connection_query(handle_, sql.c_str(), &raw, frame.error()));
        return rows(raw);
    }
    /* A literal of the engine's SQL, quotes included. */
    std::string quote(std::string_view text)
    {
        detail::call frame;
        char *literal = nullptr;
        frame.check(migrate_connection_quote(handle_, std::string(text).c_str(), &literal, frame.error()));
        return detail::take(literal);
    }
    migrate_connection *get() const noexcept { return handle_; }

private:
    migrate_connection *handle_;
};

/* A migration in code: throws to fail. What it does in the database is undone then, together with its row in the history. */
using code_function = std::function<void(connection &)>;

namespace detail {

/* The library says where an error of its own happened; anything else that was thrown goes on to the caller as it is. */
inline std::int32_t run_code(const code_function &fn, migrate_connection *raw) noexcept
{
    call::worker_begins();
    try {
        connection open(raw);
        fn(open);
        return 0;
    } catch (const error &problem) {
        migrate_connection_fail(raw, std::string(problem.message()).c_str());
        return migrate_error_code(problem.get());
    } catch (const std::bad_alloc &) {
        migrate_connection_fail(raw, "out of memory");
        call::worker_threw();
        return MIGRATE_ERROR_NOMEM;
    } catch (...) {
        call::worker_threw();
        explain_current([raw](const char *why) { migrate_connection_fail(raw, why); });
        return MIGRATE_ERROR_CODE;
    }
}

inline std::int32_t run_code_function(migrate_connection *raw, void *user) noexcept
{
    return run_code(*static_cast<const code_function *>(user), raw);
}

struct code_pair {
    code_function up, down;
};
inline std::int32_t run_up(migrate_connection *raw, void *user) noexcept
{
    return run_code(static_cast<const code_pair *>(user)->up, raw);
}
inline std::int32_t run_down(migrate_connection *raw, void *user) noexcept
{
    return run_code(static_cast<const code_pair *>(user)->down, raw);
}

} /* namespace detail */

class source {
public:
    source() : functions_(std::make_shared<std::vector<std::shared_ptr<const void>>>())
    {
        detail::call frame;
        migrate_source *raw = nullptr;
        frame.check(migrate_source_new(&raw, frame.error()));
        handle_.reset(raw);
    }

    /* As if the file lay under this path in a directory of migrations. */
    source &file(const std::string &path, std::string_view text) &
    {
        detail::call frame;
        frame.check(migrate_source_add_file(get(), path.c_str(), text.data(), text.size(), frame.error()));
        return *this;
    }
    source &&file(const std::string &path, std::string_view text) && { return std::move(file(path, text)); }

    source &add(const std::string &id, const std::string &up, std::optional<std::string_view> down = std::nullopt) &
    {
        const detail::c_text back(down);
        detail::call frame;
        frame.check(migrate_source_add(get(), id.c_str(), up.c_str(), back.get(), frame.error()));
        return *this;
    }
    source &&add(const std::string &id, const std::string &up, std::optional<std::string_view> down = std::nullopt) &&
    {
        return std::move(add(id, up, down));
    }

    /* revision stands where a text's checksum would: change it when the code changes its meaning. */
    source &code(const std::string &id, const std::string &revision, code_function up, code_function down = nullptr) &
    {
        auto pair = std::make_shared<detail::code_pair>();
        pair->up = std::move(up);
        pair->down = std::move(down);
        detail::call frame;
        frame.check(migrate_source_add_code(get(), id.c_str(), revision.c_str(), detail::run_up,
                                            pair->down ? detail::run_down : nullptr, pair.get(), frame.error()));
        functions_->push_back(std::move(pair));
        return *this;
    }
    source &&code(const std::string &id, const std::string &revision, code_function up, code_function down = nullptr) &&
    {
        return std::move(code(id, revision, std::move(up), std::move(down)));
    }

    /* The fast road for an empty database: the schema as it stands behind the migration `stands_for`. */
    source &schema_code(const std::string &stands_for, code_function create) &
    {
        auto held = std::make_shared<code_function>(std::move(create));
        detail::call frame;
        frame.check(
            migrate_source_set_schema_code(get(), stands_for.c_str(), detail::run_code_function, held.get(), frame.error()));
        functions_->push_back(std::move(held));
        return *this;
    }
    source &&schema_code(const std::string &stands_for, code_function create) &&
    {
        return std::move(schema_code(stands_for, std::move(create)));
    }

    migrate_source *get() const noexcept { return handle_.get(); }
    std::shared_ptr<const void> keep() const noexcept { return functions_; }

private:
    detail::owned<migrate_source, migrate_source_free> handle_;
    std::shared_ptr<std::vector<std::shared_ptr<const void>>> functions_;
};

} /* namespace libmigrate */

#endif
