/* SPDX-License-Identifier: MIT
 * What a run leaves of the schema: with fingerprint=on, the row behind its last step carries the schema's fingerprint, read behind the work
 * and in its transaction; with keep_facts=on the facts themselves are kept beside the history. Steps before the last pay nothing. A run that
 * ends before it (a failure, a stop) leaves a row that carries it. */
#include "core/events.h"
#include "core/run.h"
#include "core/schema.h"

#include <stdio.h>
#include <string.h>

void vouch_forget(struct migrate_run *run)
{
    run->vouch.text[0] = '\0';
    facts_free(&run->vouch.facts);
}

/* The schema was changed behind our back before this run. What it leaves counts as the migrations', so this is the time to say it. */
static void warn_of_drift(struct migrate_run *run, const struct vouched *vouched)
{
    migrate_session *session = run->session;
    struct database_facts_wish wish = session_facts_wish(session);
    struct facts facts = {0};
    char text[FINGERPRINT_TEXT];
    wish.no_edges = true;
    wish.lock_wait = option_duration(session->options, OPTION_DDL_LOCK_TIMEOUT); /* a warning is not worth more */
    wish.inside = run->open || session_embedded(session);
    if (facts_read(session->db, &wish, &facts, NULL) != MIGRATE_OK)
        return;
    facts_fingerprint_text(&facts, session->db, wish.owners, text);
    if (fingerprints_comparable(vouched->fingerprint, text) && strcmp(vouched->fingerprint, text) != 0)
        event_say(session, "warning", "warning",
                  "the schema is not as the last run left it: somebody else changed it, and what this run leaves will count as the "
                  "migrations' work (drift names what differs)");
    facts_free(&facts);
}

void vouch_begin(struct migrate_run *run)
{
    struct vouched vouched = {0};
    run->vouch.keep = option_is(run->session->options, OPTION_KEEP_FACTS, "on");
    run->vouch.on = run->vouch.keep || option_is(run->session->options, OPTION_FINGERPRINT, "on");
    if (!run->vouch.on || run->finished || !run->plan || run->plan->count == 0)
        return;
    if (vouched_look(run->session, &vouched, NULL) == MIGRATE_OK && vouched.fingerprint && !vouched.stale)
        warn_of_drift(run, &vouched);
    vouched_free(&vouched);
}

bool vouch_due(const struct migrate_run *run)
{
    return run->vouch.on && (run->next + 1 >= run->plan->count || run_should_stop(run));
}

/* ---- reading and keeping ---- */

/* The step is worth more than its fingerprint; but whoever wants an end gets it, and without a transaction there is nothing to go on. */
static bool may_go_without(const struct migrate_run *run, int32_t code)
{
    const struct database *db = run->session->db;
    enum database_transaction state = db->class->transaction(run->session->db);
    return code != MIGRATE_ERROR_NOMEM && code != MIGRATE_ERROR_CANCELLED && code != MIGRATE_ERROR_CONNECTION_LOST &&
           (code != MIGRATE_ERROR_TIMEOUT || watch_check(&run->session->watch) == MIGRATE_OK) &&
           (state == DATABASE_OPEN || state == DATABASE_UNKNOWN);
}

static int32_t read_schema(struct migrate_run *run, migrate_error **err)
{
    migrate_session *session = run->session;
    struct database_facts_wish wish = session_facts_wish(session);
    migrate_error *problem = NULL;
    vouch_forget(run);
    wish.inside = true;
    wish.no_edges = !run->vouch.keep;
    int32_t code = facts_read(session->db, &wish, &run->vouch.facts, &problem);
    if (code == MIGRATE_OK) {
        facts_fingerprint_text(&run->vouch.facts, session->db, wish.owners, run->vouch.text);
    } else if (may_go_without(run, code)) {
        event_say(session, "warning", "warning", "the schema's fingerprint could not be read: %s", problem ? problem->message : "no reason given");
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

static int32_t keep_facts(struct migrate_run *run, int64_t seq, migrate_error **err)
{
    migrate_session *session = run->session;
    struct text before = {0};
    migrate_error *problem = NULL;
    if (!run->vouch.keep || !run->vouch.text[0])
        return MIGRATE_OK;
    run_before_history(run, &before);
    int32_t code = before.length > 0 ? database_exec_text(session->db, &before, NULL, &problem) : MIGRATE_OK;
    if (code == MIGRATE_OK)
        code = kept_write(session, seq, &run->vouch.facts, &problem);
    run->vouch.refused = code == MIGRATE_ERROR_RIGHTS;
    text_free(&before);
    error_move(err, &problem);
    return code;
}

int32_t vouch_read(struct migrate_run *run, int64_t seq, migrate_error **err)
{
    int32_t code = read_schema(run, err);
    if (code == MIGRATE_OK)
        code = keep_facts(run, seq, err);
    facts_free(&run->vouch.facts);
    return code;
}

/* ---- rows made ahead ---- */

static void stand_in(const struct migrate_run *run, struct text *out)
{
    char text[FINGERPRINT_TEXT];
    snprintf(text, sizeof text, "fingerprint of %s", run->writer.run); /* random, so nothing else in a row is like it */
    run->session->db->engine->literal(out, text, strlen(text));
}

void vouch_hold(struct migrate_run *run)
{
    snprintf(run->vouch.text, sizeof run->vouch.text, "fingerprint of %s", run->writer.run);
}

int32_t vouch_held(const struct migrate_run *run, const struct text *rows, bool *out, migrate_error **err)
{
    struct text held = {0};
    *out = false;
    if (!run->vouch.on || rows->length == 0)
        return MIGRATE_OK;
    stand_in(run, &held);
    *out = !held.failed && strstr(rows->data, held.data) != NULL;
    bool failed = held.failed;
    text_free(&held);
    return failed ? error_nomem(err) : MIGRATE_OK;
}

int32_t vouch_fill(struct migrate_run *run, const struct text *rows, struct text *out, migrate_error **err)
{
    struct text held = {0};
    int32_t code = vouch_read(run, run->writer.seq, err);
    if (code != MIGRATE_OK)
        return code;
    stand_in(run, &held);
    const char *at = held.failed ? NULL : strstr(rows->data, held.data);
    if (at) {
        text_add_n(out, rows->data, (size_t)(at - rows->data));
        run->session->db->engine->literal(out, run->vouch.text[0] ? run->vouch.text : NULL, strlen(run->vouch.text));
        text_add(out, at + held.length);
    }
    out->failed |= held.failed;
    text_free(&held);
    return out->failed ? error_nomem(err) : MIGRATE_OK;
}
