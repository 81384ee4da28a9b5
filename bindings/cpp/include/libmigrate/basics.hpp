/* SPDX-License-Identifier: MIT
 * What everything else stands on: codes, exceptions, and the frame around a call into the C library, which carries the
 * exceptions of the host's own functions past it. */
#ifndef LIBMIGRATE_BASICS_HPP
#define LIBMIGRATE_BASICS_HPP

#include <migrate.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace libmigrate {

/* The codes of migrate.h: 0 and above are answers, below are errors. */
enum class code : std::int32_t {
    ok = MIGRATE_OK,
    pending = MIGRATE_PENDING,
    more = MIGRATE_MORE,
    stopped = MIGRATE_STOPPED,
    differs = MIGRATE_DIFFERS,
    findings = MIGRATE_FINDINGS,
    nomem = MIGRATE_ERROR_NOMEM,
    misuse = MIGRATE_ERROR_MISUSE,
    option = MIGRATE_ERROR_OPTION,
    url = MIGRATE_ERROR_URL,
    client = MIGRATE_ERROR_CLIENT,
    connect = MIGRATE_ERROR_CONNECT,
    authentication = MIGRATE_ERROR_AUTHENTICATION,
    no_database = MIGRATE_ERROR_NO_DATABASE,
    source = MIGRATE_ERROR_SOURCE,
    duplicate = MIGRATE_ERROR_DUPLICATE,
    dependency = MIGRATE_ERROR_DEPENDENCY,
    target = MIGRATE_ERROR_TARGET,
    sql = MIGRATE_ERROR_SQL,
    code = MIGRATE_ERROR_CODE,
    modified = MIGRATE_ERROR_MODIFIED,
    missing = MIGRATE_ERROR_MISSING,
    late = MIGRATE_ERROR_LATE,
    ahead = MIGRATE_ERROR_AHEAD,
    renamed = MIGRATE_ERROR_RENAMED,
    unmanaged = MIGRATE_ERROR_UNMANAGED,
    history = MIGRATE_ERROR_HISTORY,
    rights = MIGRATE_ERROR_RIGHTS,
    read_only = MIGRATE_ERROR_READ_ONLY,
    locked = MIGRATE_ERROR_LOCKED,
    timeout = MIGRATE_ERROR_TIMEOUT,
    cancelled = MIGRATE_ERROR_CANCELLED,
    stale = MIGRATE_ERROR_STALE,
    irreversible = MIGRATE_ERROR_IRREVERSIBLE,
    refused = MIGRATE_ERROR_REFUSED,
    partial = MIGRATE_ERROR_PARTIAL,
    connection_lost = MIGRATE_ERROR_CONNECTION_LOST,
    in_transaction = MIGRATE_ERROR_IN_TRANSACTION,
    io = MIGRATE_ERROR_IO,
    internal = MIGRATE_ERROR_INTERNAL,
    file_system = MIGRATE_ERROR_FILE_SYSTEM,
    device_locked = MIGRATE_ERROR_DEVICE_LOCKED,
    outcome_unknown = MIGRATE_ERROR_OUTCOME_UNKNOWN,
    shadow = MIGRATE_ERROR_SHADOW,
    schema = MIGRATE_ERROR_SCHEMA,
};

/* "sql" for code::sql, "pending" for code::pending. */
inline std::string_view name(code value)
{
    const char *word = migrate_code_name(static_cast<std::int32_t>(value));
    return word == nullptr ? std::string_view() : std::string_view(word);
}

namespace detail {

inline std::string_view view(const char *text) noexcept
{
    return text == nullptr ? std::string_view() : std::string_view(text);
}

/* A text that the library gave away. */
inline std::string take(char *text)
{
    const std::unique_ptr<char, void (*)(void *)> owner(text, migrate_free);
    return text == nullptr ? std::string() : std::string(text);
}

/* A string_view need not end with a NUL; NULL where there is none. */
class c_text {
public:
    explicit c_text(std::string_view text) : text_(std::string(text)) {}
    explicit c_text(std::optional<std::string_view> text)
    {
        if (text)
            text_.emplace(*text);
    }
    const char *get() const noexcept { return text_ ? text_->c_str() : nullptr; }

private:
    std::optional<std::string> text_;
};

} /* namespace detail */

/* What went wrong. what() is the whole of it for a person: file, line, message, source line, detail, hint. Texts live as long as
 * the exception or a copy of it; they are empty where there is nothing to say. */
class error : public std::runtime_error {
public:
    explicit error(std::shared_ptr<migrate_error> handle) : std::runtime_error(whole(handle.get())), handle_(std::move(handle)) {}

    libmigrate::code code() const noexcept { return static_cast<libmigrate::code>(migrate_error_code(get())); }
    std::string_view name() const noexcept { return detail::view(migrate_error_name(get())); }
    /* What to do: "retry", "source", "rights", "usage", "state", "environment", "cancelled", "internal", "unknown". */
    std::string_view kind() const noexcept { return detail::view(migrate_error_class(get())); }
    std::string_view message() const noexcept { return detail::view(migrate_error_message(get())); }
    std::string_view detail() const noexcept { return detail::view(migrate_error_detail(get())); }
    std::string_view hint() const noexcept { return detail::view(migrate_error_hint(get())); }
    std::string_view id() const noexcept { return detail::view(migrate_error_id(get())); }
    std::string_view file() const noexcept { return detail::view(migrate_error_file(get())); }
    std::int64_t line() const noexcept { return migrate_error_line(get()); }     /* 0: none */
    std::int64_t column() const noexcept { return migrate_error_column(get()); } /* 0: none */
    std::string_view statement() const noexcept { return detail::view(migrate_error_statement(get())); }
    std::string_view sqlstate() const noexcept { return detail::view(migrate_error_sqlstate(get())); }
    std::int32_t driver_code() const noexcept { return migrate_error_driver_code(get()); }
    std::string json() const
    {
        char *text = nullptr;
        if (migrate_error_json(get(), &text) != MIGRATE_OK)
            throw std::bad_alloc();
        return detail::take(text);
    }
    const migrate_error *get() const noexcept { return handle_.get(); }

private:
    static std::string whole(const migrate_error *handle)
    {
        char *text = nullptr;
        if (migrate_error_text(handle, &text) != MIGRATE_OK)
            return std::string(libmigrate::detail::view(migrate_error_message(handle)));
        return libmigrate::detail::take(text);
    }

    std::shared_ptr<migrate_error> handle_;
};

/* One class for each answer to "what now?". */
struct retry_error : error { using error::error; };       /* later: locked, not reachable, timed out */
struct source_error : error { using error::error; };      /* mend the migrations */
struct rights_error : error { using error::error; };      /* the role lacks a right; the hint has the GRANT */
struct usage_error : error { using error::error; };       /* the call, an option, a URL */
struct state_error : error { using error::error; };       /* database and build differ: decide */
struct environment_error : error { using error::error; }; /* mend the set-up */
struct cancelled_error : error { using error::error; };   /* somebody asked for it */
struct internal_error : error { using error::error; };    /* a defect of the library */
struct unknown_error : error { using error::error; };     /* done or not: run again on a new connection */

namespace detail {

[[noreturn]] inline void throw_error(migrate_error *raw)
{
    std::shared_ptr<migrate_error> handle(raw, migrate_error_free);
    const std::string_view kind = view(migrate_error_class(raw));
    if (kind == "retry")
        throw retry_error(std::move(handle));
    if (kind == "source")
        throw source_error(std::move(handle));
    if (kind == "rights")
        throw rights_error(std::move(handle));
    if (kind == "usage")
        throw usage_error(std::move(handle));
    if (kind == "state")
        throw state_error(std::move(handle));
    if (kind == "environment")
        throw environment_error(std::move(handle));
    if (kind == "cancelled")
        throw cancelled_error(std::move(handle));
    if (kind == "internal")
        throw internal_error(std::move(handle));
    if (kind == "unknown")
        throw unknown_error(std::move(handle));
    throw error(std::move(handle));
}

/* One call into the library. The library calls the host's functions on the thread that called it, during the call: what they
 * throw is kept in the innermost frame of their thread, and thrown again once the library has returned. */
class call {
public:
    call() noexcept : outer_(innermost()) { innermost() = this; }
    ~call()
    {
        innermost() = outer_;
        migrate_error_free(error_);
    }
    call(const call &) = delete;
    call &operator=(const call &) = delete;

    migrate_error **error() noexcept { return &error_; }

    /* Throws what a host's function threw, or the library's error; else passes the answer on. */
    code check(std::int32_t result)
    {
        if (observer_)
            std::rethrow_exception(observer_);
        if (result >= 0)
            return static_cast<code>(result);
        if (worker_ && result != MIGRATE_ERROR_CANCELLED && result != MIGRATE_ERROR_CONNECTION_LOST)
            std::rethrow_exception(worker_);
        if (result == MIGRATE_ERROR_NOMEM)
            throw std::bad_alloc();
        if (error_ == nullptr)
            throw std::logic_error("libmigrate gave no error for " + std::string(view(migrate_code_name(result))));
        throw_error(std::exchange(error_, nullptr));
    }

    /* From an event callback: the call is cancelled for it. */
    static void observer_threw() noexcept
    {
        if (innermost() != nullptr && !innermost()->observer_)
            innermost()->observer_ = std::current_exception();
    }
    /* From a code migration or a driver, which may be called again: the last time counts. */
    static void worker_begins() noexcept
    {
        if (innermost() != nullptr)
            innermost()->worker_ = nullptr;
    }
    static void worker_threw() noexcept
    {
        if (innermost() != nullptr)
            innermost()->worker_ = std::current_exception();
    }

private:
    static call *&innermost() noexcept
    {
        thread_local call *current = nullptr;
        return current;
    }

    call *outer_;
    migrate_error *error_ = nullptr;
    std::exception_ptr observer_, worker_;
};

/* Why the exception that is being handled was thrown, in one text; fn gets it. */
template <class Fn> void explain_current(Fn &&fn) noexcept
{
    try {
        throw;
    } catch (const std::exception &problem) {
        fn(problem.what());
    } catch (...) {
        fn("an exception that is no std::exception");
    }
}

template <class Handle, void (*Free)(Handle *)> struct deleter {
    void operator()(Handle *handle) const noexcept { Free(handle); }
};
template <class Handle, void (*Free)(Handle *)> using owned = std::unique_ptr<Handle, deleter<Handle, Free>>;

} /* namespace detail */

inline std::string_view version() noexcept { return migrate_version(); }
inline std::int32_t version_number() noexcept { return migrate_version_number(); }
/* "sqlite", "postgresql", "dlopen", "linked". */
inline bool has(const std::string &feature) noexcept { return migrate_has(feature.c_str()) != 0; }

} /* namespace libmigrate */

#endif
