/* SPDX-License-Identifier: MIT
 * The runner for C++ of the cases that every language runs (tests/conformance/README.md). All calls are known here: no case is left out.
 *     conformance sqlite|postgresql [--handle] FOLDER [CASE...]      --handle: on the program's own connection */
#include "world.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

using nlohmann::json;
namespace m = libmigrate;

static std::string engine() { return world::on_sqlite() ? "sqlite" : "postgresql"; }

/* ---- before a case runs ---- */

static bool names_engines(const json &value)
{
    return value.is_object() && !value.empty() && std::all_of(value.items().begin(), value.items().end(), [](const auto &item) {
        return item.key() == "sqlite" || item.key() == "postgresql";
    });
}

static void choose_engine(json &value)
{
    json chosen = value.is_array() ? json::array() : json::object();
    if (!value.is_structured())
        return;
    for (auto &[key, item] : value.items()) {
        const bool choice = names_engines(item);
        if (choice && !item.contains(engine()))
            continue;
        json kept = choice ? item[engine()] : item;
        if (!choice)
            choose_engine(kept);
        if (value.is_array())
            chosen.push_back(std::move(kept));
        else
            chosen[key] = std::move(kept);
    }
    value = std::move(chosen);
}

static void replace(json &value, const std::string &from, const std::string &to)
{
    if (value.is_string()) {
        auto &text = value.get_ref<std::string &>();
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
    } else if (value.is_structured()) {
        for (auto &item : value)
            replace(item, from, to);
    }
}

/* ---- what is expected ---- */

static std::optional<std::string> mismatch(const json &expected, const json *actual, const std::string &path);

static bool fits(const json &expected, const json &actual) { return !mismatch(expected, &actual, ""); }

static bool has_words(const json &words, const json *actual, bool wanted)
{
    if (words.is_array())
        return std::all_of(words.begin(), words.end(), [&](const json &word) { return has_words(word, actual, wanted); });
    if (actual == nullptr || actual->is_null())
        return !wanted;
    return actual->is_string() &&
           (actual->get_ref<const std::string &>().find(words.get<std::string>()) != std::string::npos) == wanted;
}

static bool has_elements(const json &elements, const json *actual, bool wanted)
{
    return actual != nullptr && actual->is_array() && std::all_of(elements.begin(), elements.end(), [&](const json &element) {
        return std::any_of(actual->begin(), actual->end(), [&](const json &item) { return fits(element, item); }) == wanted;
    });
}

static bool answers(const std::string &question, const json &words, const json *actual)
{
    if (question == "$contains" || question == "$lacks")
        return has_words(words, actual, question == "$contains");
    if (question == "$includes" || question == "$excludes")
        return has_elements(words, actual, question == "$includes");
    if (question == "$present")
        return (actual != nullptr && !actual->is_null()) == words.get<bool>();
    if (question == "$count")
        return actual != nullptr && actual->is_array() && actual->size() == words.get<std::size_t>();
    if (question == "$least")
        return actual != nullptr && actual->is_number() && *actual >= words;
    throw std::runtime_error("there is no question " + question);
}

/* What does not match, and where. */
static std::optional<std::string> mismatch(const json &expected, const json *actual, const std::string &path)
{
    const std::string found = path + ": expected " + expected.dump() + ", found " + (actual == nullptr ? "nothing" : actual->dump());
    if (expected.is_object() && expected.size() == 1 && expected.begin().key()[0] == '$')
        return answers(expected.begin().key(), *expected.begin(), actual) ? std::nullopt : std::optional(found);
    if (expected.is_null() && actual == nullptr)
        return std::nullopt;
    if (actual == nullptr || expected.is_number() != actual->is_number() ||
        (!expected.is_number() && expected.type() != actual->type()) || (expected.is_array() && expected.size() != actual->size()))
        return found;
    if (!expected.is_structured())
        return expected == *actual ? std::nullopt : std::optional(found);
    for (const auto &[key, item] : expected.items()) {
        const json *own = expected.is_array() ? &(*actual)[std::stoul(key)] : actual->contains(key) ? &(*actual)[key] : nullptr;
        if (auto problem = mismatch(item, own, path + "." + key))
            return problem;
    }
    return std::nullopt;
}

/* ---- calls ---- */

/* A plan belongs to the session in which it was made. */
struct kept {
    std::optional<m::session> session;
    std::optional<m::plan> plan;
};

static std::optional<std::string> text_of(const json &step, const char *name)
{
    return step.contains(name) && step[name].is_string() ? std::optional(step[name].get<std::string>()) : std::nullopt;
}

class step_call {
public:
    step_call(world &w, const json &options, const json &step, kept &keeping, bool by_handle)
        : w_(w), step_(step), kept_(keeping), by_handle_(by_handle && !step.contains("url"))
    {
        set(options);
        if (step.contains("options"))
            set(step["options"]);
    }

    json run()
    {
        json answer = json::object();
        try {
            answer = call();
            if (!answer.contains("code"))
                answer["code"] = "ok";
        } catch (const m::error &problem) {
            answer["error"] = json::parse(problem.json());
            answer["code"] = std::string(problem.name());
            if (!problem.file().empty())
                answer["error"]["place"] =
                    std::string(problem.file()) + ":" + std::to_string(problem.line()) + ":" + std::to_string(problem.column());
        }
        answer["events"] = events();
        return answer;
    }

private:
    /* The token and the list of events outlive the call: the session of a plan goes on with them. */
    struct hearing {
        m::token token;
        json events = json::array();
        std::optional<std::string> cancel_at, stop_at;
    };
    static std::shared_ptr<hearing> &heard()
    {
        static std::shared_ptr<hearing> current;
        return current;
    }
    json events() const { return heard() ? heard()->events : json::array(); }

    void set(const json &options)
    {
        for (const auto &[key, setting] : options.items())
            settings_[key] = setting.is_null() ? std::nullopt : std::optional(setting.get<std::string>());
    }
    m::options options()
    {
        m::options made{{"dir", w_.dir.string()}, {"wait_timeout", "10s"}};
        for (const auto &[key, setting] : settings_) {
            if (setting)
                made.set(key, *setting);
            else
                made.set(key, std::nullopt);
        }
        auto ears = heard() = std::make_shared<hearing>();
        made.cancel_with(ears->token).on_event([ears](const m::event &event) {
            ears->events.push_back(std::string(event.name()));
            if (event.name() != "step" || !event["id"])
                return;
            if (ears->cancel_at && event["id"] == *ears->cancel_at)
                ears->token.cancel();
            if (ears->stop_at && event["id"] == *ears->stop_at)
                ears->token.stop();
        });
        listen();
        return made;
    }
    void listen()
    {
        heard()->events = json::array();
        heard()->cancel_at = text_of(step_, "cancel_at");
        heard()->stop_at = text_of(step_, "stop_at");
    }
    std::string url() const { return text_of(step_, "url").value_or(w_.url); }

    m::session &session()
    {
        if (!kept_.session) {
            const m::options made = options();
            kept_.session.emplace(by_handle_ ? w_.open_own(made) : m::session(url(), made));
        }
        return *kept_.session;
    }
    std::optional<std::string> in(const char *name) const { return text_of(step_, name); }
    m::plan &plan()
    {
        if (!kept_.plan)
            kept_.plan.emplace(session().plan(in("target").value_or("")));
        return *kept_.plan;
    }

    static json rows(const m::rows &found)
    {
        json answer = json::parse(found.json());
        answer["code"] = std::string(m::name(found.code()));
        return answer;
    }
    static json report(const m::report &done)
    {
        json answer = rows(done);
        answer["applied"] = done.applied();
        answer["rolled_back"] = done.rolled_back();
        answer["waited_ms"] = done.waited().count() / 1000;
        answer["changed"] = done.changed();
        answer["from"] = done.from() ? json(*done.from()) : json();
        answer["to"] = done.to() ? json(*done.to()) : json();
        return answer;
    }
    json start()
    {
        const m::options made = options();
        return report(by_handle_ ? w_.open_own(made).startup() : m::startup(url(), made));
    }
    json pull()
    {
        const bool aimed = step_.contains("target");
        m::run running = session().run(aimed ? &plan() : nullptr);
        while (running.step()) {
        }
        return report(running.end());
    }

    json call()
    {
        const std::string what = in("do").value_or("");
        if (step_.value("planned", false)) {
            if (!kept_.plan || what != "apply")
                throw std::runtime_error("no plan was made before");
            listen();
        } else {
            kept_ = kept();
        }
        json answer = dispatch(what);
        if (what != "plan")
            kept_ = kept();
        return answer;
    }
    json dispatch(const std::string &what)
    {
        static const std::map<std::string, json (*)(step_call &)> calls = {
            {"open", [](step_call &c) { return c.session(), json::object(); }},
            {"plan", [](step_call &c) { return rows(c.plan().steps()); }},
            {"plan_findings", [](step_call &c) { return rows(c.plan().findings()); }},
            {"plan_sql", [](step_call &c) { return json{{"sql", c.plan().sql()}}; }},
            {"apply", [](step_call &c) {
                 return report(c.kept_.plan || c.in("target") ? c.session().apply(c.plan()) : c.session().apply());
             }},
            {"rollback", [](step_call &c) { return report(c.session().rollback(c.in("target").value_or(""))); }},
            {"startup", [](step_call &c) { return c.start(); }},
            {"run", [](step_call &c) { return c.pull(); }},
            {"history", [](step_call &c) { return rows(c.session().history()); }},
            {"status", [](step_call &c) { return rows(c.session().status()); }},
            {"snapshot", [](step_call &c) { return rows(c.session().snapshot()); }},
            {"diff", [](step_call &c) { return rows(c.session().diff()); }},
            {"backup", [](step_call &c) { return rows(c.session().backup()); }},
            {"backups", [](step_call &c) { return rows(c.session().backups()); }},
            {"check", [](step_call &c) { return rows(c.session().check(c.in("depth").value_or(""))); }},
            {"check_files", [](step_call &c) {
                 return rows(m::session::files(c.options(), engine()).check(c.in("depth").value_or("")));
             }},
            {"graph", [](step_call &c) { return rows(c.session().graph(c.in("of"), c.in("at"))); }},
            {"mark", [](step_call &c) { return report(c.session().mark(c.in("as").value_or(""), c.in("id"), c.in("reason"))); }},
            {"baseline", [](step_call &c) { return report(c.session().baseline(c.in("target"), c.in("reason"))); }},
            {"baseline_from_table", [](step_call &c) {
                 return report(c.session().baseline_from_table(c.in("table").value_or(""), c.in("column").value_or(""), c.in("reason")));
             }},
            {"rehearse", [](step_call &c) {
                 return rows(c.in("target") ? c.session().rehearse(c.plan()) : c.session().rehearse());
             }},
            {"verify", [](step_call &c) { return rows(c.session().verify(c.in("target"))); }},
            {"generate", [](step_call &c) { return rows(c.session().generate(c.in("to"))); }},
            {"generate_down", [](step_call &c) { return rows(c.session().generate_down(c.in("id").value_or(""))); }},
            {"reconcile", [](step_call &c) { return rows(c.session().reconcile(c.in("mode").value_or(""))); }},
            {"protect", [](step_call &c) { return report(c.session().protect(c.step_.value("on", false), c.in("reason"))); }},
            {"restore", [](step_call &c) { return report(c.session().restore(c.in("file"))); }},
        };
        const auto found = calls.find(what);
        if (found == calls.end())
            throw std::runtime_error("there is no step \"" + what + "\"");
        return found->second(*this);
    }

    world &w_;
    const json &step_;
    kept &kept_;
    bool by_handle_;
    std::map<std::string, std::optional<std::string>> settings_;
};

/* ---- a case ---- */

static void write_files(const world &w, const json &files)
{
    for (const auto &[path, text] : files.items()) {
        if (text.is_null()) {
            if (!std::filesystem::remove(w.dir / path))
                throw std::runtime_error(path + " is not there");
        } else {
            w.file(path, text.get<std::string>());
        }
    }
}

static void run_step(world &w, const json &options, const json &step, kept &keeping, bool by_handle)
{
    const std::string what = step.value("do", "");
    std::optional<std::string> problem;
    if (what == "files") {
        write_files(w, step.at("files"));
    } else if (what == "sql") {
        w.rows(step.at("sql"));
    } else if (what == "query" || what == "tables") {
        json found = json::array();
        for (const auto &row : w.rows(what == "query" ? step.at("sql").get<std::string>() : world::tables_query())) {
            json values = json::array();
            for (const auto &value : row)
                values.push_back(value ? json(*value) : json());
            found.push_back(what == "query" ? values : values.at(0));
        }
        problem = mismatch(step.at("expect"), &found, "rows");
    } else {
        json expected = step.value("expect", json::object());
        json answer = step_call(w, options, step, keeping, by_handle).run();
        replace(answer, w.dir.string() + "/", "");
        if (expected.is_object() && !expected.contains("code"))
            expected["code"] = "ok";
        problem = mismatch(expected, &answer, "answer");
        if (problem && answer.contains("error"))
            *problem += "\n    " + answer["error"].dump();
    }
    if (problem)
        throw std::runtime_error(*problem);
}

static void check_names(const json &value, const std::set<std::string> &names)
{
    for (const auto &[key, item] : value.items()) {
        if (names.count(key) == 0)
            throw std::runtime_error("there is nothing called \"" + key + "\"");
    }
}

/* false: for the other engine, or for a connection by URL. */
static bool run_case(json value, bool by_handle)
{
    choose_engine(value);
    const std::string meant = value.value("engine", "any");
    if ((meant != "any" && meant != engine()) || (by_handle && value.value("connection", "any") == "url"))
        return false;
    check_names(value, {"about", "engine", "source", "connection", "options", "files", "database", "steps"});
    world w;
    replace(value, "${dir}", w.dir.string());
    replace(value, "${folder}", w.folder.string());
    replace(value, "${url}", w.url);
    replace(value, "${database}", w.name());
    write_files(w, value.value("files", json::object()));
    if (value.contains("database"))
        w.rows(value["database"]);
    kept keeping;
    int number = 0;
    for (const json &step : value.at("steps")) {
        number++;
        try {
            check_names(step, {"do", "expect", "options", "url", "files", "sql", "planned", "target", "cancel_at", "stop_at", "depth", "of",
                               "at", "as", "id", "reason", "table", "column", "to", "mode", "on", "file"});
            run_step(w, value.value("options", json::object()), step, keeping, by_handle);
        } catch (const std::exception &problem) {
            throw std::runtime_error("step " + std::to_string(number) + ", " + step.value("do", "?") + ": " + problem.what());
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool by_handle = arguments.size() > 1 && arguments[1] == "--handle";
    if (by_handle)
        arguments.erase(arguments.begin() + 1);
    if (arguments.size() < 2 || (arguments[0] != "sqlite" && arguments[0] != "postgresql")) {
        std::cerr << "usage: " << argv[0] << " sqlite|postgresql [--handle] FOLDER [CASE...]\n";
        return 64;
    }
    const char *server = std::getenv("MIGRATE_TEST_POSTGRESQL");
    if (arguments[0] == "postgresql" && (server == nullptr || *server == '\0')) {
        std::cout << "SKIPPED: MIGRATE_TEST_POSTGRESQL is not set\n";
        return 77;
    }
    world::use(arguments[0], arguments[0] == "postgresql" ? server : "");

    std::set<std::filesystem::path> files;
    for (const auto &entry : std::filesystem::directory_iterator(arguments[1])) {
        const std::string name = entry.path().stem().string();
        const bool wanted = arguments.size() == 2 || std::find(arguments.begin() + 2, arguments.end(), name) != arguments.end();
        if (entry.path().extension() == ".json" && wanted)
            files.insert(entry.path());
    }
    int passed = 0, failed = 0, others = 0;
    for (const auto &path : files) {
        try {
            std::ifstream in(path, std::ios::binary);
            run_case(json::parse(in), by_handle) ? passed++ : others++;
        } catch (const std::exception &problem) {
            failed++;
            std::cout << "FAILED  " << path.stem().string() << ": " << problem.what() << std::endl;
        }
    }
    std::cout << passed << " passed, " << failed << " failed, " << others << " not for this engine or road\n";
    return failed == 0 && passed > 0 ? 0 : 1;
}
