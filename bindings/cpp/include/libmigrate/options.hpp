/* SPDX-License-Identifier: MIT
 * Options: by name, as a list, or as functions that chain; the host's own functions among them. */
#ifndef LIBMIGRATE_OPTIONS_HPP
#define LIBMIGRATE_OPTIONS_HPP

#include "rows.hpp"
#include "source.hpp"

#include <filesystem>
#include <functional>
#include <initializer_list>

namespace libmigrate {

/* Asks a call that waits or runs to end. Copies speak of the same call. */
class token {
public:
    token()
    {
        detail::call frame;
        migrate_token *raw = nullptr;
        frame.check(migrate_token_new(&raw, frame.error()));
        handle_ = std::shared_ptr<migrate_token>(raw, migrate_token_free);
    }
    /* At the next safe point. Any thread, signal handlers. */
    void stop() const noexcept { migrate_token_stop(get()); }
    /* Now: the statement that runs is cancelled, its migration rolled back. Any thread, signal handlers. */
    void cancel() const noexcept { migrate_token_cancel(get()); }
    bool stop_requested() const noexcept { return migrate_token_state(get()) != 0; }
    bool cancel_requested() const noexcept { return migrate_token_state(get()) == 2; }
    migrate_token *get() const noexcept { return handle_.get(); }

private:
    std::shared_ptr<migrate_token> handle_;
};

/* What an event function gets; valid until it returns. */
class event {
public:
    explicit event(const migrate_event *handle) noexcept : handle_(handle) {}

    std::string_view name() const noexcept { return detail::view(migrate_event_name(handle_)); }
    std::string_view level() const noexcept { return detail::view(migrate_event_level(handle_)); }
    std::string_view message() const noexcept { return detail::view(migrate_event_message(handle_)); }
    /* "id", "file", "duration_us" ...: null where the event has no such value. */
    value operator[](const char *value_name) const noexcept
    {
        const std::string_view text = detail::view(migrate_event_text(handle_, value_name));
        return value(text.data(), text.size(), migrate_event_int(handle_, value_name));
    }
    const migrate_event *get() const noexcept { return handle_; }

private:
    const migrate_event *handle_;
};

/* What a backup function is asked for; valid until it returns. */
class backup_job {
public:
    explicit backup_job(migrate_backup_job *handle) noexcept : handle_(handle) {}

    std::string_view verb() const noexcept { return detail::view(migrate_backup_job_verb(handle_)); } /* backup, verify, restore */
    std::string_view file() const noexcept { return detail::view(migrate_backup_job_file(handle_)); }
    std::string_view url() const noexcept { return detail::view(migrate_backup_job_url(handle_)); } /* with its password */
    std::string_view server() const noexcept { return detail::view(migrate_backup_job_server(handle_)); }
    std::vector<std::string_view> tables() const
    {
        std::vector<std::string_view> all;
        for (std::size_t i = 0; migrate_backup_job_table(handle_, i) != nullptr; i++)
            all.emplace_back(migrate_backup_job_table(handle_, i));
        return all;
    }
    bool cancelled() const noexcept { return migrate_backup_job_cancelled(handle_) != 0; } /* ask ten times a second */
    migrate_backup_job *get() const noexcept { return handle_; }

private:
    migrate_backup_job *handle_;
};

/* What an option may be set to: text, a path, a truth value, a number, a duration; nullopt: the default. */
class option_value {
public:
    option_value(std::nullopt_t) {}
    option_value(const char *text)
    {
        if (text != nullptr)
            text_ = text;
    }
    option_value(std::string_view text) : text_(std::string(text)) {}
    option_value(std::string text) : text_(std::move(text)) {}
    option_value(const std::filesystem::path &path) : text_(path.string()) {}
    template <class T, std::enable_if_t<std::is_integral_v<T>, int> = 0> option_value(T number)
    {
        if constexpr (std::is_same_v<T, bool>)
            text_ = number ? "on" : "off";
        else
            text_ = std::to_string(number);
    }
    template <class Rep, class Period>
    option_value(std::chrono::duration<Rep, Period> time)
        : text_(with_unit(std::chrono::ceil<microseconds>(time).count()))
    {
    }
    const char *get() const noexcept { return text_ ? text_->c_str() : nullptr; }

private:
    /* In the largest unit that divides it. */
    static std::string with_unit(std::int64_t us)
    {
        const std::pair<std::int64_t, const char *> units[] = {{60000000, "min"}, {1000000, "s"}, {1000, "ms"}};
        for (const auto &[size, unit] : units) {
            if (us % size == 0)
                return std::to_string(us / size) + unit;
        }
        return std::to_string(us) + "us";
    }
    std::optional<std::string> text_;
};

/* Every option of the library; a test holds this list against migrate_options_list(). */
#define LIBMIGRATE_OPTIONS(X)                                                                                                    \
    X(url) X(dir) X(module) X(mode) X(on_pending) X(on_ahead) X(on_modified) X(on_missing) X(on_renamed) X(on_unmanaged)          \
    X(on_standby) X(network_file) X(order) X(duplicate_numbers) X(schema_file) X(transaction) X(commit_every) X(wait_timeout)     \
    X(run_deadline) X(run_budget) X(ddl_lock_timeout) X(ddl_lock_attempts) X(max_blocking) X(preflight) X(stored_down)            \
    X(generate_down) X(verify) X(fingerprint) X(keep_facts) X(reconcile) X(declared) X(shadow_url) X(rules) X(backup)             \
    X(backup_dir) X(backup_keep) X(backup_max_age) X(backup_max_bytes) X(protect) X(protect_budget) X(allow_data_loss)            \
    X(confirm) X(set_role) X(host_transaction) X(schema_privileges) X(pooler) X(direct_url) X(history_schema) X(history_table)    \
    X(application) X(actor) X(reason)

class options {
public:
    options()
    {
        detail::call frame;
        migrate_options *raw = nullptr;
        frame.check(migrate_options_new(&raw, frame.error()));
        handle_.reset(raw);
    }
    options(std::initializer_list<std::pair<std::string, option_value>> settings) : options()
    {
        for (const auto &[key, setting] : settings)
            set(key, setting);
    }

    options &set(const std::string &key, const option_value &setting) &
    {
        detail::call frame;
        frame.check(migrate_options_set(get(), key.c_str(), setting.get(), frame.error()));
        return *this;
    }
    options &&set(const std::string &key, const option_value &setting) && { return std::move(set(key, setting)); }

    /* options().dir("migrations").wait_timeout(30s).mode("check") */
#define LIBMIGRATE_OPTION_SETTER(key)                                                                                            \
    options &key(const option_value &setting) & { return set(#key, setting); }                                                   \
    options &&key(const option_value &setting) && { return std::move(set(#key, setting)); }
    LIBMIGRATE_OPTIONS(LIBMIGRATE_OPTION_SETTER)
#undef LIBMIGRATE_OPTION_SETTER

    /* The value in force, the default included. */
    std::optional<std::string> value(const std::string &key) const
    {
        const char *text = migrate_options_get(get(), key.c_str());
        return text == nullptr ? std::nullopt : std::optional<std::string>(text);
    }

    options &from_environment() &
    {
        detail::call frame;
        frame.check(migrate_options_from_environment(get(), frame.error()));
        return *this;
    }
    options &&from_environment() && { return std::move(from_environment()); }

    options &cancel_with(const token &wish) &
    {
        detail::call frame;
        frame.check(migrate_options_set_token(get(), wish.get(), frame.error()));
        return *this;
    }
    options &&cancel_with(const token &wish) && { return std::move(cancel_with(wish)); }

    /* Progress, log, checkpoints, on the calling thread. fn(const event &) may return false to cancel the call; if it throws, the
     * call is cancelled and throws that. It must not call the library on the same session. */
    template <class Fn> options &on_event(Fn fn) &
    {
        using function = std::function<bool(const event &)>;
        std::shared_ptr<function> held;
        if constexpr (std::is_void_v<std::invoke_result_t<Fn &, const event &>>)
            held = std::make_shared<function>([fn = std::move(fn)](const event &e) mutable {
                fn(e);
                return true;
            });
        else
            held = std::make_shared<function>(std::move(fn));
        detail::call frame;
        frame.check(migrate_options_set_event(get(), tell, held.get()));
        keep_.push_back(held);
        return *this;
    }
    template <class Fn> options &&on_event(Fn fn) && { return std::move(on_event(std::move(fn))); }

    /* Migrations of the host's, beside those of dir. Do not add to it afterwards. */
    options &from(const source &migrations) &
    {
        detail::call frame;
        frame.check(migrate_options_set_source(get(), migrations.get(), frame.error()));
        keep_.push_back(migrations.keep());
        return *this;
    }
    options &&from(const source &migrations) && { return std::move(from(migrations)); }

    /* The declared schema, as text or as code that makes it in an empty database. */
    options &declare(const std::string &sql) &
    {
        detail::call frame;
        frame.check(migrate_options_set_declared(get(), sql.c_str(), nullptr, nullptr, frame.error()));
        return *this;
    }
    options &&declare(const std::string &sql) && { return std::move(declare(sql)); }
    options &declare(code_function make) &
    {
        auto held = std::make_shared<code_function>(std::move(make));
        detail::call frame;
        frame.check(migrate_options_set_declared(get(), nullptr, detail::run_code_function, held.get(), frame.error()));
        keep_.push_back(held);
        return *this;
    }
    options &&declare(code_function make) && { return std::move(declare(std::move(make))); }

    /* Makes, verifies and restores backups of a server's database. Throws to refuse. */
    options &backup_with(std::function<void(backup_job &)> fn) &
    {
        auto held = std::make_shared<std::function<void(backup_job &)>>(std::move(fn));
        detail::call frame;
        frame.check(migrate_options_set_backup(get(), back_up, held.get()));
        keep_.push_back(held);
        return *this;
    }
    options &&backup_with(std::function<void(backup_job &)> fn) && { return std::move(backup_with(std::move(fn))); }

    migrate_options *get() const noexcept { return handle_.get(); }
    /* The host's functions that these options name: a session needs them for as long as it lives. */
    const std::vector<std::shared_ptr<const void>> &keep() const noexcept { return keep_; }

private:
    static std::int32_t tell(const migrate_event *raw, void *user) noexcept
    {
        try {
            return (*static_cast<std::function<bool(const event &)> *>(user))(event(raw)) ? 0 : 1;
        } catch (...) {
            detail::call::observer_threw();
            return 1;
        }
    }
    static std::int32_t back_up(migrate_backup_job *raw, void *user) noexcept
    {
        detail::call::worker_begins();
        try {
            backup_job job(raw);
            (*static_cast<std::function<void(backup_job &)> *>(user))(job);
            return 0;
        } catch (...) {
            detail::call::worker_threw();
            detail::explain_current([raw](const char *why) { migrate_backup_job_fail(raw, why, nullptr); });
            return MIGRATE_ERROR_CODE;
        }
    }

    detail::owned<migrate_options, migrate_options_free> handle_;
    std::vector<std::shared_ptr<const void>> keep_;
};

/* Every option with its type, default, values and help. */
inline rows list_options()
{
    detail::call frame;
    migrate_rows *raw = nullptr;
    frame.check(migrate_options_list(&raw, frame.error()));
    return rows(raw);
}

} /* namespace libmigrate */

#endif
