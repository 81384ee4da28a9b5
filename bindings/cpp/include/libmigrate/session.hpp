/* SPDX-License-Identifier: MIT
 * An open database with its migrations, what can be asked of it, and the hook for a program's start. */
#ifndef LIBMIGRATE_SESSION_HPP
#define LIBMIGRATE_SESSION_HPP

#include "driver.hpp"
#include "options.hpp"

namespace libmigrate {

/* Steps that would run, as reviewed. */
class plan {
public:
    explicit plan(migrate_plan *handle) noexcept : handle_(handle) {}

    /* The steps, one row each. */
    rows steps() const { return read(migrate_plan_rows); }
    rows findings() const { return read(migrate_plan_findings); }
    std::string sql() const
    {
        detail::call frame;
        char *text = nullptr;
        frame.check(migrate_plan_sql(get(), &text, frame.error()));
        return detail::take(text);
    }
    migrate_plan *get() const noexcept { return handle_.get(); }

private:
    rows read(std::int32_t (*fn)(const migrate_plan *, migrate_rows **, migrate_error **)) const
    {
        detail::call frame;
        migrate_rows *raw = nullptr;
        frame.check(fn(get(), &raw, frame.error()));
        return rows(raw);
    }
    detail::owned<migrate_plan, migrate_plan_free> handle_;
};

/* A run that the host pulls step by step; each has committed when step() returns. */
class run {
public:
    run(migrate_run *handle, std::vector<std::shared_ptr<const void>> keep) noexcept : keep_(std::move(keep)), handle_(handle) {}
    run(run &&other) noexcept : keep_(std::move(other.keep_)), handle_(std::exchange(other.handle_, nullptr)) {}
    run &operator=(run &&other) noexcept
    {
        if (this != &other) {
            abandon();
            keep_ = std::move(other.keep_);
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~run() { abandon(); }

    /* true: a step was done, call again. */
    bool step()
    {
        detail::call frame;
        return frame.check(migrate_run_step(handle_, frame.error())) == code::more;
    }
    /* Ends the run, early if steps are left, and gives the lock back. */
    report end()
    {
        detail::call frame;
        migrate_rows *raw = nullptr;
        const std::int32_t answer = migrate_run_end(std::exchange(handle_, nullptr), &raw, frame.error());
        report done(raw, static_cast<code>(answer)); /* frees it if check() throws */
        frame.check(answer);
        return done;
    }

private:
    void abandon() noexcept
    {
        if (handle_ == nullptr)
            return;
        detail::call frame;
        migrate_run_end(std::exchange(handle_, nullptr), nullptr, nullptr);
    }

    std::vector<std::shared_ptr<const void>> keep_; /* the host's functions */
    migrate_run *handle_;
};

/* A target is "", an id, "+2", "-1", "empty", "only:ID": see migrate.h. */
class session {
public:
    /* By URL; "": the option url. */
    explicit session(const std::string &url, const options &settings = options())
    {
        open(settings, [&](migrate_session **raw, migrate_error **err) {
            return migrate_open(url.empty() ? nullptr : url.c_str(), settings.get(), raw, err);
        });
    }
    /* By the option url. */
    explicit session(const options &settings) : session(std::string(), settings) {}
    /* On a connection of the host's; see sqlite3.hpp and libpq.hpp for native handles. */
    explicit session(std::shared_ptr<driver> host, const options &settings = options())
    {
        const auto made = detail::make_driver(*host);
        keep_.push_back(host);
        open(settings, [&](migrate_session **raw, migrate_error **err) {
            return migrate_open_host(made.get(), settings.get(), raw, err);
        });
    }
    /* From a function of the C library: opener(migrate_session **, migrate_error **). */
    template <class Opener> static session from(const options &settings, Opener &&opener)
    {
        session made;
        made.open(settings, std::forward<Opener>(opener));
        return made;
    }
    /* The migrations alone, for check() and graph(). engine: "sqlite", "postgresql", "": as the files say. */
    static session files(const options &settings, const std::string &engine = std::string())
    {
        return from(settings, [&](migrate_session **raw, migrate_error **err) {
            return migrate_open_files(engine.empty() ? nullptr : engine.c_str(), settings.get(), raw, err);
        });
    }

    report startup() { return reported([&](auto... out) { return migrate_startup_session(get(), out...); }); }
    report apply() { return apply_plan(nullptr); }
    report apply(const plan &reviewed) { return apply_plan(reviewed.get()); }
    report rollback(const std::string &target = std::string())
    {
        return reported([&](auto... out) { return migrate_rollback(get(), target.c_str(), out...); });
    }
    /* What would run; target "": everything pending. */
    libmigrate::plan plan(const std::string &target = std::string())
    {
        detail::call frame;
        migrate_plan *raw = nullptr;
        frame.check(migrate_plan_make(get(), target.c_str(), &raw, frame.error()));
        return libmigrate::plan(raw);
    }
    libmigrate::run run(const libmigrate::plan *reviewed = nullptr)
    {
        detail::call frame;
        migrate_run *raw = nullptr;
        frame.check(migrate_run_begin(get(), reviewed == nullptr ? nullptr : reviewed->get(), &raw, frame.error()));
        return libmigrate::run(raw, keep_);
    }

    rows history() { return asked([&](auto... out) { return migrate_history(get(), out...); }); }
    rows status() { return asked([&](auto... out) { return migrate_status(get(), out...); }); }
    rows snapshot() { return asked([&](auto... out) { return migrate_snapshot(get(), out...); }); }
    rows diff() { return asked([&](auto... out) { return migrate_diff(get(), out...); }); }
    rows verify(std::optional<std::string_view> target = std::nullopt)
    {
        const detail::c_text text(target);
        return asked([&](auto... out) { return migrate_verify(get(), text.get(), out...); });
    }
    rows rehearse() { return asked([&](auto... out) { return migrate_rehearse(get(), nullptr, out...); }); }
    rows rehearse(const libmigrate::plan &reviewed)
    {
        return asked([&](auto... out) { return migrate_rehearse(get(), reviewed.get(), out...); });
    }
    /* to: SQL or a URL; nullopt: the declared schema. */
    rows generate(std::optional<std::string_view> to = std::nullopt)
    {
        const detail::c_text text(to);
        return asked([&](auto... out) { return migrate_generate(get(), text.get(), out...); });
    }
    rows generate_down(const std::string &id)
    {
        return asked([&](auto... out) { return migrate_generate_down(get(), id.c_str(), out...); });
    }
    /* mode: "report", "apply". */
    rows reconcile(const std::string &mode = "report")
    {
        return asked([&](auto... out) { return migrate_reconcile(get(), mode.c_str(), out...); });
    }
    /* depth: "source", "", "database". */
    rows check(const std::string &depth = std::string())
    {
        return asked([&](auto... out) { return migrate_check(get(), depth.c_str(), out...); });
    }
    rows check_against(const std::string &dir, std::optional<std::string_view> base = std::nullopt)
    {
        const detail::c_text text(base);
        return asked([&](auto... out) { return migrate_check_against(get(), dir.c_str(), text.get(), out...); });
    }
    /* of: "migrations", "declared", "tables". */
    rows graph(std::optional<std::string_view> of = std::nullopt, std::optional<std::string_view> at = std::nullopt)
    {
        const detail::c_text what(of), where(at);
        return asked([&](auto... out) { return migrate_graph(get(), what.get(), where.get(), out...); });
    }

    rows backup() { return asked([&](auto... out) { return migrate_backup(get(), out...); }); }
    rows backups() { return asked([&](auto... out) { return migrate_backups(get(), out...); }); }
    /* nullopt: the newest verified one. */
    report restore(std::optional<std::string_view> file = std::nullopt)
    {
        const detail::c_text text(file);
        return reported([&](auto... out) { return migrate_restore(get(), text.get(), out...); });
    }
    report protect(bool on, std::optional<std::string_view> reason = std::nullopt)
    {
        const detail::c_text why(reason);
        return reported([&](auto... out) { return migrate_protect(get(), on ? 1 : 0, why.get(), out...); });
    }

    /* as: "applied", "forgotten", "accept-checksum", "renamed". */
    report mark(const std::string &as, std::optional<std::string_view> id, std::optional<std::string_view> reason)
    {
        const detail::c_text which(id), why(reason);
        return reported([&](auto... out) { return migrate_mark(get(), as.c_str(), which.get(), why.get(), out...); });
    }
    report baseline(std::optional<std::string_view> target = std::nullopt, std::optional<std::string_view> reason = std::nullopt)
    {
        const detail::c_text where(target), why(reason);
        return reported([&](auto... out) { return migrate_baseline(get(), where.get(), why.get(), out...); });
    }
    report baseline_from_table(const std::string &table, const std::string &column,
                               std::optional<std::string_view> reason = std::nullopt)
    {
        const detail::c_text why(reason);
        return reported([&](auto... out) {
            return migrate_baseline_from_table(get(), table.c_str(), column.c_str(), why.get(), out...);
        });
    }

    migrate_session *get() const noexcept { return handle_.get(); }

private:
    session() = default;

    template <class Opener> void open(const options &settings, Opener &&opener)
    {
        detail::call frame;
        migrate_session *raw = nullptr;
        keep_.insert(keep_.end(), settings.keep().begin(), settings.keep().end());
        frame.check(opener(&raw, frame.error()));
        handle_.reset(raw);
    }
    template <class Rows, class Fn> static Rows call_for(Fn &&fn)
    {
        detail::call frame;
        migrate_rows *raw = nullptr;
        const std::int32_t answer = fn(&raw, frame.error());
        Rows held(raw, static_cast<code>(answer)); /* frees it if check() throws */
        frame.check(answer);
        return held;
    }
    template <class Fn> static rows asked(Fn &&fn) { return call_for<rows>(std::forward<Fn>(fn)); }
    template <class Fn> static report reported(Fn &&fn) { return call_for<report>(std::forward<Fn>(fn)); }
    report apply_plan(const migrate_plan *reviewed)
    {
        return reported([&](auto... out) { return migrate_apply(get(), reviewed, out...); });
    }
    friend report startup(const std::string &url, const options &settings);

    std::vector<std::shared_ptr<const void>> keep_; /* the host's functions; they go after the session */
    detail::owned<migrate_session, migrate_close> handle_;
};

/* The lifespan hook: what the option mode says, on a connection of its own. Most programs need no more than this. */
inline report startup(const std::string &url, const options &settings = options())
{
    return session::reported([&](auto... out) {
        return migrate_startup(url.empty() ? nullptr : url.c_str(), settings.get(), out...);
    });
}
inline report startup(const options &settings) { return startup(std::string(), settings); }

/* The rules of check(), with their severities. */
inline rows check_rules()
{
    detail::call frame;
    migrate_rows *raw = nullptr;
    frame.check(migrate_check_rules(&raw, frame.error()));
    return rows(raw);
}

} /* namespace libmigrate */

#endif
