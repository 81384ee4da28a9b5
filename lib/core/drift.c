/* SPDX-License-Identifier: MIT
 * The verb diff: what was changed by somebody else than the migrations. The newest fingerprint answers if it still fits; else the schema is
 * compared with the facts behind it, if they were kept, or with what the applied migrations lead to in a scratch database. */
#include "core/kept.h"
#include "core/schema.h"
#include "core/verbs.h"

#include "schema/keyed.h"
#include "schema/told.h"
#include "util/memory.h"

#include <stdio.h>
#include <string.h>

struct drift {
    migrate_session *session, *scratch; /* scratch: NULL: none was needed */
    struct vouched vouched;
    struct facts actual, expected;
    char now[FINGERPRINT_TEXT], then[FINGERPRINT_TEXT];
    const char *by;
    struct renamed_facts renamed;
    struct facts behind;   /* what is expected, as it is called now: points into expected, and into words */
    struct changes words;
    struct differences differences;
    struct tellings tellings;
    struct text restore, adopt; /* as a whole, in an order that should work */
    bool proven;                /* what adopts was tried */
};

static void fingerprint_of(const struct drift *drift, const struct facts *facts, char out[FINGERPRINT_TEXT])
{
    facts_fingerprint_text(facts, drift->session->db, session_facts_wish(drift->session).owners, out);
}

/* ---- what is, and what was ---- */

static bool same_row(const struct vouched *a, const struct vouched *b)
{
    return a->seq == b->seq && a->stale == b->stale && text_equal(a->module, b->module);
}

/* A run may come in between: then both are looked at once more. */
static int32_t look(struct drift *drift, migrate_error **err)
{
    enum { TRIES = 5 };
    int32_t code = vouched_look(drift->session, &drift->vouched, err);
    for (int i = 0; i < TRIES && code == MIGRATE_OK; i++) {
        struct vouched again = {0};
        facts_free(&drift->actual);
        code = session_facts(drift->session, &drift->actual, err);
        if (code == MIGRATE_OK)
            code = vouched_look(drift->session, &again, err);
        bool settled = code != MIGRATE_OK || same_row(&drift->vouched, &again);
        vouched_free(&drift->vouched);
        drift->vouched = again;
        if (settled)
            break;
    }
    if (code == MIGRATE_OK)
        fingerprint_of(drift, &drift->actual, drift->now);
    return code;
}

/* There is a fingerprint, of a schema that nothing but somebody's hand has changed since, in words that mean the same today. */
static bool vouched_for(const struct drift *drift)
{
    return drift->vouched.fingerprint && !drift->vouched.stale && fingerprints_comparable(drift->vouched.fingerprint, drift->now);
}

static int32_t no_shadow(const struct drift *drift, migrate_error **problem, migrate_error **err)
{
    const struct vouched *vouched = &drift->vouched;
    const char *why = !vouched->fingerprint                       ? "no run has left a fingerprint of the schema"
                      : vouched->stale                            ? "the last run that changed the schema left no fingerprint"
                      : !fingerprints_comparable(vouched->fingerprint, drift->now) ? "the newest fingerprint comes from another version"
                                                                  : "the schema is not as the last run left it";
    migrate_error *told = NULL;
    error_set(&told, MIGRATE_ERROR_SHADOW, "%s, and what differs cannot be told: neither were the facts kept, nor is there a scratch database",
              why);
    if (*problem)
        error_detail(&told, "%s", (*problem)->message);
    error_hint(&told, "give a place for scratch databases by the option shadow_url%s%s; with keep_facts=on the next run leaves the facts to compare with",
               *problem && (*problem)->hint ? ", or: " : "", *problem && (*problem)->hint ? (*problem)->hint : "");
    error_clear(problem);
    error_move(err, &told);
    return MIGRATE_ERROR_SHADOW;
}

/* This build knows its own migrations only. */
static int32_t others_there(const struct drift *drift, migrate_error **err)
{
    error_set(err, MIGRATE_ERROR_SHADOW, "what differs cannot be told by the migrations of this module: %s changed the same schema",
              drift->vouched.others);
    error_hint(err, "keep the facts with the option keep_facts=on, in every module: the next run leaves them to be compared with");
    return MIGRATE_ERROR_SHADOW;
}

/* ---- what is expected ---- */

static int32_t expect_nothing(struct drift *drift, migrate_error **err)
{
    static const char *const columns[] = {"rank"};
    struct migrate_rows *rows = NULL;
    int32_t code = rows_finish(rows_new(columns, 1), &rows, err);
    return code == MIGRATE_OK ? facts_from_rows(drift->session->db->engine, rows, NULL, &drift->expected, err) : code;
}

static int32_t replay(struct drift *drift, migrate_error **err)
{
    struct history history = {0};
    migrate_error *problem = NULL;
    drift->by = "replay";
    if (drift->vouched.others)
        return others_there(drift, err);
    int32_t code = history_load(drift->session, &history, err);
    size_t applied = history.count;
    history_free(&history);
    if (code != MIGRATE_OK || applied == 0)
        return code == MIGRATE_OK ? expect_nothing(drift, err) : code;
    code = scratch_open(drift->session, &drift->scratch, &problem);
    if (code == MIGRATE_ERROR_SHADOW)
        return no_shadow(drift, &problem, err);
    if (code == MIGRATE_OK)
        code = scratch_replay(drift->scratch, drift->session, &problem);
    if (code == MIGRATE_OK)
        code = session_facts(drift->scratch, &drift->expected, &problem);
    error_move(err, &problem);
    return code;
}

static int32_t expect(struct drift *drift, migrate_error **err)
{
    bool found = false;
    int32_t code = MIGRATE_OK;
    if (vouched_for(drift)) {
        drift->by = "facts";
        code = kept_read(drift->session, &drift->vouched, &drift->expected, &found, err);
    }
    if (code == MIGRATE_OK && !found)
        code = replay(drift, err);
    if (code == MIGRATE_OK)
        fingerprint_of(drift, &drift->expected, drift->then);
    return code;
}

/* ---- how they differ ---- */

static struct changes_wish wish_of(const struct drift *drift)
{
    return (struct changes_wish){.facts = session_facts_wish(drift->session), .same_database = drift->renamed.count > 0, .apart = true};
}

/* What has another name is not gone, with its rows, but where it is known to be the same. */
static int32_t follow_renames(struct drift *drift, migrate_error **err)
{
    int32_t code = facts_renamed(&drift->expected, &drift->actual, &drift->renamed, err);
    struct changes_wish wish = wish_of(drift);
    drift->behind = drift->expected;
    if (code == MIGRATE_OK && drift->renamed.count > 0 &&
        !keyed_renames_behind(&drift->expected, &drift->actual, &wish, &drift->words, &drift->behind))
        code = error_nomem(err);
    return code;
}

static int32_t take_changes(struct drift *drift, bool back, migrate_error **err)
{
    struct changes_wish wish = wish_of(drift);
    struct changes changes = {0};
    struct database *trial = !back && drift->scratch ? drift->scratch->db : NULL;
    int32_t code = changes_find(back ? &drift->actual : &drift->expected, back ? &drift->expected : &drift->actual, &wish, trial, &changes, err);
    if (code != MIGRATE_OK)
        return code;
    code = tellings_take(&drift->tellings, &changes, back, err);
    if (code == MIGRATE_OK)
        code = changes_sql(&changes, drift->session->db->engine, back ? &drift->restore : &drift->adopt, err);
    drift->proven |= !back && changes.proven;
    changes_free(&changes);
    return code;
}

static int32_t compare_facts(struct drift *drift, migrate_error **err)
{
    int32_t code = follow_renames(drift, err);
    if (code == MIGRATE_OK)
        code = facts_compare(&drift->behind, &drift->actual, &drift->differences, err);
    if (code != MIGRATE_OK || drift->differences.count + drift->renamed.count == 0)
        return code;
    code = differences_tell_renamed(&drift->behind, &drift->actual, &drift->differences, &drift->renamed, &drift->expected, &drift->tellings,
                                    err);
    if (code == MIGRATE_OK)
        code = take_changes(drift, true, err);
    if (code == MIGRATE_OK)
        code = take_changes(drift, false, err);
    return code;
}

/* ---- the answer ---- */

static void put(struct migrate_rows *rows, const struct text *text)
{
    rows_put_text(rows, text->length > 0 ? text->data : NULL);
}

static void put_telling(struct migrate_rows *rows, const struct telling *telling)
{
    static const char *const words[] = {[FACT_ADDED] = "added", [FACT_REMOVED] = "removed", [FACT_CHANGED] = "changed"};
    const struct difference *difference = telling->difference;
    const struct renamed_fact *renamed = telling->renamed;
    const struct fact *fact = renamed ? renamed->new : difference->to ? difference->to : difference->from;
    rows_put_text(rows, renamed ? "renamed" : words[difference->kind]);
    rows_put_text(rows, fact->kind);
    rows_put_text(rows, fact->ident);
    rows_put_text(rows, renamed ? renamed->old->ident : difference->from ? difference->from->value : NULL);
    rows_put_text(rows, renamed ? fact->ident : difference->to ? difference->to->value : NULL);
    put(rows, &telling->back);
    put(rows, &telling->on);
    put(rows, &telling->with);
    put(rows, &telling->note);
}

static int32_t answer(const struct drift *drift, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"difference", "kind", "ident", "expected", "actual", "restore", "adopt", "with", "note"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < drift->tellings.count; i++)
        put_telling(rows, &drift->tellings.items[i]);
    rows_value_text(rows, "by", drift->by);
    rows_value_text(rows, "expected", drift->then);
    rows_value_text(rows, "actual", drift->now);
    rows_value_bool(rows, "column_order", drift->differences.column_order);
    rows_value_int(rows, "count", (int64_t)drift->tellings.count);
    rows_value_text(rows, "restore", drift->restore.data ? drift->restore.data : "");
    rows_value_text(rows, "adopt", drift->adopt.data ? drift->adopt.data : "");
    rows_value_bool(rows, "proven", drift->proven);
    return rows_finish(rows, out, err);
}

static void drift_free(struct drift *drift)
{
    scratch_close(drift->scratch);
    tellings_free(&drift->tellings);
    differences_free(&drift->differences);
    if (drift->behind.items != drift->expected.items)
        memory_free(drift->behind.items);
    changes_free(&drift->words);
    memory_free(drift->renamed.items);
    facts_free(&drift->actual);
    facts_free(&drift->expected);
    vouched_free(&drift->vouched);
    text_free(&drift->restore);
    text_free(&drift->adopt);
}

int32_t verb_diff(migrate_session *session, migrate_rows **out, migrate_error **err)
{
    struct drift drift = {.session = session};
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK)
        code = look(&drift, err);
    if (code == MIGRATE_OK && vouched_for(&drift) && strcmp(drift.vouched.fingerprint, drift.now) == 0) {
        drift.by = "fingerprint";
        snprintf(drift.then, sizeof drift.then, "%s", drift.now);
    } else if (code == MIGRATE_OK) {
        code = expect(&drift, err);
        if (code == MIGRATE_OK)
            code = compare_facts(&drift, err);
    }
    bool differs = drift.tellings.count > 0;
    if (code == MIGRATE_OK)
        code = answer(&drift, out, err);
    drift_free(&drift);
    return code == MIGRATE_OK && differs ? MIGRATE_DIFFERS : code;
}
