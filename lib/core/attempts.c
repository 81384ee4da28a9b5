/* SPDX-License-Identifier: MIT
 * Trying a migration again that did not get its locks. Whoever waits for a table's lock keeps all those out
 * who come later, so one attempt waits for a short time only, all its waits taken together; between two
 * attempts the others have their turn.
 *
 * Not tried again is what would be done twice at a cost, or could not be told from it: a part that worked for
 * more than WORKED_MOST besides waiting, and one that may have written rows before it was blocked (anything
 * but definitions had begun to run). */
#include "core/events.h"
#include "core/rehearsal.h"
#include "util/clock.h"

#include <string.h>

enum { WORKED_MOST = 5000000, PAUSE_FACTOR = 5 };

/* ---- what others are told ---- */

static void tell_locks(const struct database_lock_report *report, void *user)
{
    const struct attempts *attempts = user;
    migrate_session *session = attempts->run->session;
    bool held = report->news == DATABASE_LOCK_HELD;
    struct migrate_event event;
    char lasted[32];
    clock_duration_text(report->duration / 1000000 * 1000000, lasted);
    event_init(&event, held ? "blocking" : "blocked", held && report->count == 0 ? "info" : "warning");
    event_text(&event, "id", attempts->step->id);
    event_int(&event, "duration_us", report->duration);
    event_int(&event, "count", report->count);
    event_int(&event, "pid", report->pid);
    event_text(&event, "tables", report->tables);
    event_text(&event, "sessions", report->sessions);
    if (!held)
        event_send(session, &event, "%s has waited %s for a lock: blocked by %s", attempts->step->id, lasted,
                   report->sessions);
    else if (report->count == 0)
        event_send(session, &event, "%s has held %s for %s; nobody waits for it", attempts->step->id,
                   report->tables, lasted);
    else
        event_send(session, &event, "%s has held %s for %s; %d session%s behind it: %s", attempts->step->id,
                   report->tables, lasted, (int)report->count, report->count == 1 ? " waits" : "s wait",
                   report->sessions);
}

/* ---- one attempt ---- */

static int64_t budget_of(const struct migrate_run *run)
{
    return run->session->db->engine->lock_limit
               ? option_duration(run->session->options, OPTION_DDL_LOCK_TIMEOUT)
               : 0;
}

void attempts_limit(const struct migrate_run *run, struct text *sql)
{
    struct text limit = {0};
    int64_t budget = budget_of(run);
    if (budget == 0)
        return;
    run->session->db->engine->lock_limit(&limit, budget, true);
    message_add(sql, limit.data, limit.length);
    sql->failed |= limit.failed;
    text_free(&limit);
}

/* The author bounds the waits himself. A comment that holds the word does no harm: the server's own bound
 * stays. */
static bool bounds_itself(const struct script *script)
{
    static const char word[] = "lock_timeout";
    const char *text = script ? script->text.text.data : NULL;
    size_t length = text ? script->text.text.length : 0;
    for (size_t i = 0; i + sizeof word - 1 <= length; i++) {
        if ((text[i] | 0x20) == 'l' && text_equal_nocase_n(text + i, word, sizeof word - 1))
            return true;
    }
    return false;
}

void attempts_begin(struct attempts *attempts, struct migrate_run *run, const struct step *step, const struct script *script,
                    const struct segment *segment, bool bounded)
{
    int64_t now = clock_monotonic();
    if (attempts->number++ == 0) {
        attempts->run = run;
        attempts->step = step;
        attempts->script = script;
        attempts->segment = segment;
        attempts->bounded = bounded && (run->grouping == GROUP_EACH || rehearsal_rolls_back(run)) && budget_of(run) > 0;
        attempts->opened = now;
        attempts->seq = run->writer.seq;
    }
    attempts->locks =
        (struct database_locks){.budget = attempts->bounded && !bounds_itself(script) ? budget_of(run) : 0,
                                .max_blocking = option_duration(run->session->options, OPTION_MAX_BLOCKING),
                                .begun = now,
                                .tell = tell_locks,
                                .user = attempts};
    if (run->session->db->engine->lock_limit)
        run->session->db->locks = &attempts->locks;
}

void attempts_end(struct attempts *attempts)
{
    if (attempts->run && attempts->run->session->db)
        attempts->run->session->db->locks = NULL;
}

/* ---- another one? ---- */

static bool only_defines(const struct sql_dialect *dialect, const char *sql, size_t length)
{
    static const char *const words[] = {"create",  "alter",    "drop",   "comment",   "grant",    "revoke",
                                        "set",     "reset",    "show",   "lock",      "truncate", "reindex",
                                        "analyze", "security", "import", "savepoint", "release"};
    struct sql_token token = sql_lex(dialect, sql, length, 0);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sql_is_word(sql, token, words[i]))
            return true;
    }
    return false;
}

/* Whether what ran up to the place of the error was definitions alone; no place: all of it. */
static bool wrote_nothing(const struct script *script, const struct segment *segment, const migrate_error *problem)
{
    const char *text = script->text.text.data;
    size_t length = script->text.text.length, from = 0;
    struct sql_splitter splitter;
    struct sql_statement statement;
    struct sql_mark mark;
    if (script_big(script) || !text)
        return false; /* mostly data, and read but once */
    mark = sql_mark_first(text, length);
    if (segment)
        from = segment->offset;
    sql_split(&splitter, script->engine->dialect, text + from, segment ? segment->length : length);
    while (sql_next(&splitter, &statement)) {
        sql_mark_move(&mark, text, length, from + statement.offset);
        if (problem->line && mark.line + script->text.first_line - 1 > problem->line)
            break;
        if (script_sends(statement.kind) &&
            !only_defines(script->engine->dialect, text + from + statement.offset, statement.length))
            return false;
    }
    return true;
}

bool attempts_suit(const struct script *script, const char *sql, size_t length)
{
    const struct sql_dialect *dialect = script->engine->dialect;
    return script->engine->lock_limit && sql_kind_of(dialect, sql, length) == SQL_PLAIN && only_defines(dialect, sql, length) &&
           !bounds_itself(script);
}

int32_t attempts_limit_alone(const struct migrate_run *run, bool on, migrate_error **err)
{
    struct database *db = run->session->db;
    struct text sql = {0};
    db->engine->lock_limit(&sql, on ? budget_of(run) : 0, false);
    int32_t code = database_exec_text(db, &sql, NULL, err);
    text_free(&sql);
    return code;
}

/* NULL: nothing speaks against another attempt. */
static const char *reason_against(const struct attempts *attempts, const migrate_error *problem)
{
    const struct migrate_run *run = attempts->run;
    int64_t ran = clock_monotonic() - attempts->locks.begun, budget = budget_of(run);
    int64_t waited = attempts->locks.waited > budget ? attempts->locks.waited
                                                     : budget; /* the last wait may not have been seen */
    if (ran - waited > WORKED_MOST)
        return "it is not tried again by itself, because it had worked for more than 5 s";
    if (!wrote_nothing(attempts->script, attempts->segment, problem))
        return "it is not tried again by itself, because it may have written rows before it was blocked";
    return (int64_t)attempts->number >= option_number(run->session->options, OPTION_DDL_LOCK_ATTEMPTS) ? ""
                                                                                                       : NULL;
}

static void say_tried(const struct attempts *attempts, migrate_error **problem)
{
    char lasted[32];
    if (attempts->number > 1)
        error_detail_add(
            problem, "tried %zu times within %s", attempts->number,
            clock_duration_text((clock_monotonic() - attempts->opened) / 1000000 * 1000000, lasted));
}

static int32_t rest(const struct attempts *attempts, const migrate_error *problem)
{
    migrate_session *session = attempts->run->session;
    int64_t pause = PAUSE_FACTOR * budget_of(attempts->run);
    uint32_t jitter = pause / 5 < INT32_MAX ? (uint32_t)(pause / 5) : INT32_MAX;
    struct migrate_event event;
    char shown[32];
    event_init(&event, "blocked", "warning");
    event_text(&event, "id", attempts->step->id);
    event_text(&event, "file", problem->file);
    event_int(&event, "number", (int64_t)attempts->number);
    event_int(&event, "count", option_number(session->options, OPTION_DDL_LOCK_ATTEMPTS));
    event_text(&event, "sessions", problem->detail);
    event_send(session, &event, "%s: %s%s%s; attempt %zu of %d, the next one in %s", attempts->step->id,
               problem->message, problem->detail ? ": " : "", problem->detail ? problem->detail : "",
               attempts->number, (int)option_number(session->options, OPTION_DDL_LOCK_ATTEMPTS),
               clock_duration_text(pause, shown));
    event_doing(session, "letting others go first before the next attempt at", attempts->step->id);
    int32_t end = watch_sleep(&session->watch, pause + clock_jitter(jitter + 1), true);
    event_doing(session, "applying", attempts->step->id);
    return end;
}

/* Somebody else may have done it meanwhile: then the run plans again. Behind a lone statement the rows are made already. */
static bool somebody_else(const struct attempts *attempts)
{
    struct migrate_run *run = attempts->run;
    struct history_head head = {0};
    if (attempts->segment && attempts->segment->alone)
        return history_look(run->session, &head, NULL) != MIGRATE_OK || head.seq != attempts->seq;
    return run_reload_writer(run, NULL) != MIGRATE_OK || run->writer.seq != attempts->seq;
}

bool attempts_again(struct attempts *attempts, int32_t *code, migrate_error **problem)
{
    struct migrate_run *run = attempts->run;
    struct database *db = run->session->db;
    if (*code == MIGRATE_OK || !attempts->bounded || error_kind_of(problem) != ERROR_BUSY ||
        db->class->transaction(db) != DATABASE_IDLE)
        return false;
    const char *against = reason_against(attempts, *problem);
    if (against) {
        if (*against)
            error_detail_add(problem, "%s", against);
        say_tried(attempts, problem);
        return false;
    }
    db->locks = NULL;
    int32_t end = rest(attempts, *problem);
    if (end != MIGRATE_OK) {
        migrate_error *ended = NULL;
        *code = watch_error(&run->session->watch, end, &ended);
        error_detail_add(&ended, "it waited for its turn: %s", (*problem)->message);
        if ((*problem)->detail)
            error_detail_add(&ended, "%s", (*problem)->detail);
        say_tried(attempts, &ended);
        error_move(problem, &ended);
        return false;
    }
    if (somebody_else(attempts))
        return false;
    error_clear(problem);
    return true;
}
