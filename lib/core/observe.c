/* SPDX-License-Identifier: MIT
 * Observation: a rehearsal in a scratch database whose statements are shown, with the schema before and behind each, to whoever asks. */
#include "core/observe.h"

#include "core/events.h"
#include "core/verify.h"
#include "util/memory.h"

static const struct facts *now_facts(const struct observing *observing)
{
    return observing->apart ? &observing->facts : &observing->began;
}

static int32_t show(struct observing *observing, size_t which, const struct observed *now, migrate_error **err)
{
    for (size_t i = 0; i < observing->count && observing->outcome == MIGRATE_OK; i++) {
        const struct observer *observer = &observing->observers[i];
        int32_t (*const calls[])(const struct observed *, void *, migrate_error **) = {observer->begin, observer->statement, observer->end};
        if (calls[which])
            observing->outcome = calls[which](now, observer->user, err);
    }
    return observing->outcome;
}

/* By its first word: rows, settings and questions leave the schema alone. (Not SELECT: a function may do anything.) What is remarked about it
 * changes nothing that a check looks at, and some files are full of it. */
static bool keeps_schema(const struct sql_dialect *dialect, const char *sql, size_t length)
{
    static const char *const words[] = {"insert", "update", "delete", "copy", "set", "truncate", "values", "analyze", "lock", "reset", "merge",
                                        "replace", "explain", "show", "comment", "grant", "revoke"};
    struct sql_reader reader;
    sql_reader_open(&reader, dialect, sql, length);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sql_reader_is(&reader, words[i]))
            return true;
    }
    return false;
}

/* Behind a statement: the schema is read again where it may have changed. The one before stays until the observers have seen both. */
static int32_t behind_statement(const struct rehearsal *rehearsal, void *user, migrate_error **err)
{
    struct observing *observing = user;
    const struct rehearsed *at = &rehearsal->item;
    if (at->number == 1 && observing->last >= 1) { /* what was done before was undone */
        facts_free(&observing->facts);
        observing->apart = false;
    }
    observing->last = at->number;
    struct observed now = {.migration = observing->migration, .scratch = observing->scratch, .at = at,
                           .sql = at->number ? rehearsal->statement.data : NULL, .length = at->number ? rehearsal->statement.length : 0,
                           .before = now_facts(observing), .after = now_facts(observing)};
    struct facts after = {0};
    if (now.sql && keeps_schema(observing->scratch->db->engine->dialect, now.sql, now.length))
        return show(observing, 1, &now, err);
    if (observing->whole) {
        observing->stale = true;
        return show(observing, 1, &now, err);
    }
    int32_t code = session_facts(observing->scratch, &after, err);
    if (code != MIGRATE_OK)
        return code;
    now.after = &after;
    code = show(observing, 1, &now, err);
    facts_free(&observing->facts);
    observing->facts = after;
    observing->apart = true;
    return code;
}

static int32_t make_one(migrate_session *session, struct build *build, const struct history *history, const struct request *request,
                        struct migrate_plan **out, migrate_error **err)
{
    const struct migration *m = request->user;
    struct step step = {.action = STEP_RUN, .direction = DIRECTION_UP, .migration = m, .id = m->id, .name = m->name,
                        .repeatable = m->kind == MIGRATION_REPEATABLE, .breaking = m->breaking};
    return plan_of_step(session, build, history, &step, out, err);
}

/* The schema behind the last migration is the one before this one; where it is not known, it is read. */
static int32_t begin(struct observing *observing, migrate_error **err)
{
    facts_free(&observing->began);
    observing->began = observing->facts;
    observing->facts = (struct facts){0};
    observing->apart = false;
    int32_t code = observing->began.items ? MIGRATE_OK : session_facts(observing->scratch, &observing->began, err);
    struct observed now = {.migration = observing->migration, .scratch = observing->scratch, .before = &observing->began,
                           .after = &observing->began};
    return code == MIGRATE_OK ? show(observing, 0, &now, err) : code;
}

static int32_t end(struct observing *observing, const migrate_error *problem, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (problem || observing->stale) { /* parts of it may be there, or nothing */
        facts_free(&observing->facts);
        code = session_facts(observing->scratch, &observing->facts, err);
        observing->apart = true;
    }
    struct observed now = {.migration = observing->migration, .scratch = observing->scratch, .before = &observing->began,
                           .after = now_facts(observing), .problem = problem};
    if (code == MIGRATE_OK)
        code = show(observing, 2, &now, err);
    if (!observing->apart) { /* the next one begins where this one began */
        observing->facts = observing->began;
        observing->began = (struct facts){0};
    }
    return code;
}

int32_t observe(struct observing *observing, const struct migration *migration, migrate_error **problem, migrate_error **err)
{
    struct rehearsal rehearsal = {.where = "scratch", .apart = true, .behind = behind_statement, .user = observing};
    struct request request = {.make = make_one, .user = migration, .rehearsal = &rehearsal};
    migrate_error *why = NULL;
    observing->migration = migration;
    observing->outcome = MIGRATE_OK;
    observing->last = 0;
    observing->stale = false;
    int32_t code = begin(observing, err);
    if (code != MIGRATE_OK)
        return code;
    code = rehearsal_run(observing->scratch, &request, NULL, &why);
    /* what cannot be tried in such a scratch database is no end of it */
    if (code != MIGRATE_OK && (observing->outcome != MIGRATE_OK || (walk_is_fatal(code) && code != MIGRATE_ERROR_SHADOW))) {
        error_move(err, &why);
    } else {
        code = end(observing, code == MIGRATE_OK ? NULL : why, err);
        if (code == MIGRATE_OK)
            error_move(problem, &why);
    }
    error_clear(&why);
    text_free(&rehearsal.statement);
    memory_free(rehearsal.items);
    arena_free(&rehearsal.arena);
    return code;
}

void observing_free(struct observing *observing)
{
    facts_free(&observing->facts);
    facts_free(&observing->began);
}
