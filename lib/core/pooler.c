/* SPDX-License-Identifier: MIT
 * Behind a pooler that gives each transaction another session of the server: the lock is tried at the beginning of each transaction and
 * ends with it, nothing is set or held beyond a COMMIT, and there is one connection. Between two transactions another runner may come;
 * the number of the newest row, read behind the lock, tells. What needs a session of its own goes past the pooler, or is refused. */
#include "core/pooler.h"

#include "core/events.h"
#include "util/clock.h"

#include <string.h>

/* Finds out, unless the option says it. A session pooler cannot be told from a transaction pooler, and is served as well by what is right
 * for both. */
static int32_t find(migrate_session *session, migrate_error **err)
{
    struct database *db = session->db;
    if (!db->engine->pooling || db->pooled || session->aside || option_is(session->options, OPTION_POOLER, "session"))
        return MIGRATE_OK;
    if (option_is(session->options, OPTION_POOLER, "transaction"))
        db->pooled = true;
    else if (db->class->find_pooler)
        return db->class->find_pooler(db, &db->pooled, err);
    return MIGRATE_OK;
}

/* ---- what needs a session ---- */

#define WHY "needs a session of its own for longer than a transaction, and a pooler stands before the server"
#define WAY                                                                                                                             \
    "give the URL past the pooler by the option direct_url; or, if it is sure that the pooler gives each client a session of its own, " \
    "set pooler=session"

int32_t pooler_refuse(const char *id, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_REFUSED, "%s " WHY, id);
    error_hint(err, WAY);
    error_id(err, id);
    return MIGRATE_ERROR_REFUSED;
}

static const struct step *needy(const struct migrate_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->steps[i].session_line)
            return &plan->steps[i];
    }
    return NULL;
}

static bool way_past(const migrate_session *session)
{
    return option_text(session->options, OPTION_DIRECT_URL) && !session_embedded(session);
}

int32_t pooler_foresee(migrate_session *session, struct migrate_plan *plan, migrate_error **err)
{
    const struct step *step = needy(plan);
    if (!step || way_past(session))
        return MIGRATE_OK;
    int32_t code = find(session, err);
    if (code != MIGRATE_OK || !session->db->pooled)
        return code;
    struct finding finding = {.rule = "pooler", .severity = "error", .id = step->id, .file = step_file(plan, step), .message = "it " WHY,
                              .hint = WAY, .line = step->session_line, .column = step->session_column};
    return findings_add(&plan->findings, &finding, err);
}

int32_t run_pooler(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    const struct step *step = needy(run->plan);
    int32_t code = find(session, err);
    if (code != MIGRATE_OK || !session->db->pooled)
        return code;
    if (!step) {
        event_say(session, "pooler", "debug", "%s is a pooler: each transaction takes the lock for itself", session->db->label);
        return MIGRATE_OK;
    }
    if (way_past(session)) {
        code = session_direct_begin(session, err);
        if (code == MIGRATE_OK)
            event_say(session, "pooler", "info", "%s needs a session of its own: going past the pooler to %s", step->id, session->db->label);
        return code;
    }
    pooler_refuse(step->id, err);
    error_place(err, step_file(run->plan, step), step->session_line, step->session_column);
    error_detail(err, "nothing was changed");
    return MIGRATE_ERROR_REFUSED;
}

/* ---- transactions ---- */

bool run_pooled(const struct migrate_run *run)
{
    return run->session->db->pooled && run->grouping != GROUP_HOST;
}

/* The newest row's number, as an expression. */
static void add_newest(const struct migrate_run *run, struct text *out)
{
    const migrate_session *session = run->session;
    const char *module = option_text(session->options, OPTION_MODULE);
    if (!run->table) {
        text_add(out, "0");
        return;
    }
    text_format(out, "(SELECT max(seq) FROM %s WHERE module = ", session->history_name);
    session->db->engine->literal(out, module, strlen(module));
    text_add(out, ")");
}

int32_t pooler_try(struct migrate_run *run, bool *got, migrate_error **err)
{
    struct database *db = run->session->db;
    struct text sql = {0}, newest = {0};
    struct migrate_rows *rows = NULL;
    bool inside = session_embedded(run->session);
    if (inside) {
        db->engine->pooling->lock_try(&sql, run->key);
    } else {
        add_newest(run, &newest);
        sql.failed = newest.failed;
        db->engine->pooling->begin(&sql, run->key, newest.data ? newest.data : "0");
    }
    int32_t code = database_query(db, &sql, &rows, err);
    *got = code == MIGRATE_OK && rows_int(rows, 0, 0) != 0;
    run->newest = *got && !inside ? rows_int(rows, 0, 1) : 0;
    if (!*got && !inside && db->class->transaction(db) != DATABASE_IDLE && db->class->transaction(db) != DATABASE_LOST)
        run_clean_up(run, "ROLLBACK");
    rows_free(rows);
    text_free(&newest);
    text_free(&sql);
    return code;
}

int32_t run_begin_transaction(struct migrate_run *run, struct text *prefix, migrate_error **err)
{
    const struct database_engine *engine = run->session->db->engine;
    const char *role = option_text(run->session->options, OPTION_SET_ROLE);
    if (!run_pooled(run)) {
        engine->begin(prefix, role);
        return MIGRATE_OK;
    }
    bool current = false;
    int32_t code = run_wait(run, &current, err);
    if (code != MIGRATE_OK)
        return code;
    if (current)
        return RUN_MOVED;
    if (run->newest != run->writer.seq) {
        run_clean_up(run, "ROLLBACK");
        return RUN_MOVED;
    }
    if (run->session->db->locks)
        run->session->db->locks->begun = clock_monotonic(); /* the attempt at the tables begins now */
    engine->pooling->settings(prefix, role);
    return MIGRATE_OK;
}

void run_before_history(struct migrate_run *run, struct text *out)
{
    const struct database_engine *engine = run->session->db->engine;
    (run_pooled(run) ? engine->pooling->restore : engine->before_history)(out, option_text(run->session->options, OPTION_SET_ROLE));
}

void run_after_commit(struct migrate_run *run, struct text *out)
{
    const struct database *db = run->session->db;
    if (!db->borrowed && !run_pooled(run))
        db->engine->after_commit(out);
}

int32_t pooler_create_history(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    struct text prefix = {0};
    int32_t code = run_begin_transaction(run, &prefix, err);
    if (code == MIGRATE_OK) {
        code = database_exec_text(session->db, &prefix, NULL, err);
        if (code == MIGRATE_OK)
            code = history_create(session, true, err);
        if (code == MIGRATE_OK)
            code = database_exec(session->db, "COMMIT", err);
        if (code != MIGRATE_OK && session->db->class->transaction(session->db) != DATABASE_IDLE)
            run_clean_up(run, "ROLLBACK");
        run->table = code == MIGRATE_OK;
    } else if (code == RUN_MOVED) {
        run->finished = true; /* without rows there is nothing else to move for */
        code = MIGRATE_OK;
    }
    text_free(&prefix);
    return code;
}
