/* SPDX-License-Identifier: MIT
 * What a check finds by running migrations in a scratch database; where none is to be had, by their words. */
#include "core/check.h"

#include "core/needs.h"
#include "core/observe.h"
#include "core/online.h"
#include "core/verify.h"
#include "util/memory.h"

#include <string.h>

struct check_trial {
    struct checking *checking;
    migrate_session *scratch;
    struct needs *needs;
    struct online *online;          /* NULL without a scratch database */
    const struct migration **items; /* to be looked at, in running order */
    size_t count;
    size_t failed;                  /* so many did not run */
};

/* ---- which ones ---- */

/* Those that are not applied; without a database, all. */
static int32_t choose(struct check_trial *trial, migrate_error **err)
{
    const struct checking *checking = trial->checking;
    const struct source *source = checking->build->source;
    trial->items = memory_new((source->count + 1) * sizeof *trial->items);
    if (!trial->items)
        return error_nomem(err);
    for (size_t i = 0; !checking->database && i < source->count; i++)
        trial->items[trial->count++] = &source->items[i];
    for (size_t i = 0; checking->database && i < checking->comparison.count; i++) {
        const struct item *item = &checking->comparison.items[i];
        if (item->state == ITEM_PENDING || item->state == ITEM_LATE)
            trial->items[trial->count++] = item->migration;
    }
    return MIGRATE_OK;
}

/* ---- by running ---- */

/* SQLite: what an application registers on its own handle is not in a scratch database. */
static bool is_registered(const char *message)
{
    return text_starts(message, "no such function: ") || text_starts(message, "no such collation sequence: ") ||
           text_starts(message, "no such module: ");
}

/* Where something stands in the way that is not the migration's fault. */
static bool is_environment(const migrate_error *problem)
{
    return problem->code == MIGRATE_ERROR_SHADOW || problem->code == MIGRATE_ERROR_RIGHTS || problem->kind == ERROR_RIGHTS ||
           text_equal(problem->sqlstate, "0A000") || text_equal(problem->sqlstate, "58P01") || problem->code == MIGRATE_ERROR_CODE ||
           is_registered(problem->message);
}

/* Something is wrong at that very place, so it is why. */
static bool told_there(const struct findings *findings, const migrate_error *problem)
{
    for (size_t i = 0; problem->line > 0 && i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->line == problem->line && finding->column == problem->column && text_equal(finding->file, problem->file) &&
            text_equal(finding->severity, "error"))
            return true;
    }
    return false;
}

static int32_t tell_failed(struct check_trial *trial, const struct migration *m, const migrate_error *problem, migrate_error **err)
{
    struct finding finding = {.rule = "does-not-run", .id = m->id, .file = problem->file ? problem->file : m->up.file,
                              .line = problem->line, .column = problem->column, .hint = problem->hint};
    struct findings *findings = &trial->checking->findings;
    if (problem->hint && strstr(problem->hint, "mend it and run again")) /* a run's, which this was none of */
        finding.hint = NULL;
    if (problem->about || told_there(findings, problem)) /* by its text */
        return MIGRATE_OK;
    if (is_environment(problem)) {
        finding.rule = "not-tried";
        finding.severity = is_registered(problem->message) ? "warning" : NULL;
        if (finding.severity)
            finding.hint = "a scratch database has none of what the application registers; if it does not either, mend the name";
        return findings_tell(findings, &finding, err, "could not be tried in a scratch database: %s", problem->message);
    }
    if (trial->failed == 0)
        return findings_tell(findings, &finding, err, "fails in a scratch database: %s", problem->message);
    finding.severity = "warning";
    return findings_tell(findings, &finding, err, "fails in a scratch database, where one before it did not run: %s", problem->message);
}

/* Those whose observers know better why it fails say so themselves. */
static bool explained(const struct findings *findings, const struct migration *m)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (text_equal(finding->id, m->id) && text_equal(finding->severity, "error") && strncmp(finding->rule, "DP", 2) == 0)
            return true;
    }
    return false;
}

static int32_t watch_one(struct check_trial *trial, struct observing *observing, const struct migration *m, migrate_error **problem,
                         migrate_error **err)
{
    const struct checking *checking = trial->checking;
    int32_t code = observe(observing, m, problem, err);
    if (code == MIGRATE_OK)
        checking->tried[m - checking->build->source->items] = *problem == NULL;
    return code;
}

static int32_t run_all_items(struct check_trial *trial, migrate_error ***problems, migrate_error **err)
{
    struct observer observers[] = {needs_observer(trial->needs), online_observer(trial->online)};
    struct observing observing = {.scratch = trial->scratch, .observers = observers, .count = sizeof observers / sizeof *observers};
    int32_t code = MIGRATE_OK;
    migrate_error **list = memory_new((trial->count + 1) * sizeof *list);
    if (!list)
        return error_nomem(err);
    *problems = list;
    for (size_t i = 0; code == MIGRATE_OK && i < trial->count; i++) {
        code = watch_error(&trial->checking->session->watch, watch_check(&trial->checking->session->watch), err);
        if (code == MIGRATE_OK && !trial->items[i]->up.unreadable)
            code = watch_one(trial, &observing, trial->items[i], &list[i], err);
    }
    observing_free(&observing);
    return code;
}

/* Behind the findings of the observers, so that a failure is told once. */
static int32_t tell_all_failed(struct check_trial *trial, migrate_error *const *problems, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < trial->count; i++) {
        if (!problems[i])
            continue;
        if (!needs_explained(trial->needs, trial->items[i]->id) && !explained(&trial->checking->findings, trial->items[i]))
            code = tell_failed(trial, trial->items[i], problems[i], err);
        trial->failed++;
    }
    return code;
}

/* Whether it stands behind one that could not be tried, and that may be all that it lacks. */
static bool stands_behind_untried(const struct check_trial *trial, migrate_error *const *problems, const char *id)
{
    bool untried = false;
    for (size_t i = 0; i < trial->count; i++) {
        if (text_equal(trial->items[i]->id, id))
            return untried;
        untried = untried || (problems[i] && !problems[i]->about && is_environment(problems[i]));
    }
    return false;
}

/* Nothing is certain about what stands on something that was not tried. */
static void soften(struct check_trial *trial, migrate_error *const *problems)
{
    struct findings *findings = &trial->checking->findings;
    for (size_t i = 0; i < findings->count; i++) {
        struct finding *finding = &findings->items[i];
        if (strncmp(finding->rule, "SR", 2) != 0 && text_equal(finding->severity, "error") &&
            stands_behind_untried(trial, problems, finding->id))
            finding->guess = true;
    }
}

static int32_t finish(struct check_trial *trial, migrate_error *const *problems, migrate_error **err)
{
    struct checking *checking = trial->checking;
    online_free(trial->online); /* another one is made to try another order: there may be room for one alone */
    trial->online = NULL;
    scratch_close(trial->scratch);
    trial->scratch = NULL;
    int32_t code = needs_findings(trial->needs, &checking->findings, &checking->order, err);
    if (code == MIGRATE_OK && problems)
        soften(trial, problems);
    return code;
}

/* ---- by words ---- */

static int32_t guess(struct check_trial *trial, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < trial->count; i++) {
        if (!trial->items[i]->up.unreadable)
            code = needs_guess(trial->needs, trial->items[i], err);
    }
    return code;
}

/* ---- either ---- */

/* An empty database, brought to where the real one is. *problem: why there is none. */
static int32_t open_scratch(struct check_trial *trial, migrate_error **problem, migrate_error **err)
{
    struct checking *checking = trial->checking;
    migrate_session *session = checking->session;
    int32_t code;
    if (database_is_absent(session->db)) {
        error_set(problem, MIGRATE_ERROR_SHADOW, "there is no server on which a scratch database could be made");
        error_hint(problem, "let the option shadow_url lead to one");
        return MIGRATE_OK;
    }
    code = scratch_open(session, &trial->scratch, problem);
    if (code == MIGRATE_OK && checking->database)
        code = scratch_replay(trial->scratch, session, problem);
    if (code == MIGRATE_OK)
        return code;
    scratch_close(trial->scratch);
    trial->scratch = NULL;
    if (!walk_is_fatal(code) || code == MIGRATE_ERROR_SHADOW)
        return MIGRATE_OK;
    error_move(err, problem);
    return code;
}

static int32_t say_why(struct checking *checking, const migrate_error *problem, migrate_error **err)
{
    text_format(&checking->reason, "%s%s%s", problem ? problem->message : "no reason given", problem && problem->hint ? "; " : "",
                problem && problem->hint ? problem->hint : "");
    return checking->reason.failed ? error_nomem(err) : MIGRATE_OK;
}

int32_t check_run(struct checking *checking, bool live, migrate_error **err)
{
    struct check_trial trial = {.checking = checking};
    migrate_error *problem = NULL, **problems = NULL;
    int32_t code = choose(&trial, err);
    if (code == MIGRATE_OK)
        code = needs_open(checking->session, &trial.needs, err);
    if (code == MIGRATE_OK)
        code = open_scratch(&trial, &problem, err);
    if (code == MIGRATE_OK)
        checking->by = trial.scratch ? "scratch" : "words";
    if (code == MIGRATE_OK && !trial.scratch)
        code = say_why(checking, problem, err);
    if (code == MIGRATE_OK && trial.scratch)
        code = online_new(checking->session, live, trial.scratch, &checking->findings, &trial.online, err);
    if (code == MIGRATE_OK)
        code = trial.scratch ? run_all_items(&trial, &problems, err) : guess(&trial, err);
    if (code == MIGRATE_OK)
        code = finish(&trial, problems, err);
    if (code == MIGRATE_OK && problems)
        code = tell_all_failed(&trial, problems, err);
    for (size_t i = 0; problems && i < trial.count; i++)
        error_clear(&problems[i]);
    memory_free(problems);
    error_clear(&problem);
    needs_free(trial.needs);
    online_free(trial.online);
    scratch_close(trial.scratch);
    memory_free(trial.items);
    return code;
}
