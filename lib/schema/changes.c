/* SPDX-License-Identifier: MIT
 * Rounds of planning, and the trial: operations are run one by one under savepoints, and those that fail once more behind the others, as
 * long as it gets on. Then the facts are read again, and what still differs is planned anew. */
#include "schema/changes.h"
#include "schema/keyed.h"
#include "util/memory.h"

#include <string.h>

/* More do not help: each either gets on or is the last. */
enum { ROUNDS_MOST = 8 };

#define TRIAL "libmigrate_trial"
#define ATTEMPT "libmigrate_attempt"

struct trial {
    struct database *db;
    const struct facts *to;
    const struct changes_wish *wish;
    struct changes *changes;
    bool inside; /* a transaction was open */
    struct text last; /* the statements of the round before, of which some worked */
    bool got_on;
};

/* ---- what was found ---- */

static int32_t take(struct changes *changes, const struct op *op, migrate_error **err)
{
    for (size_t i = 0; i < op->sql.count; i++) {
        struct change change = {.does = op->kind,
                                .sql = arena_text(&changes->arena, op->sql.items[i]),
                                .kind = arena_text(&changes->arena, op->fact->kind),
                                .ident = arena_text(&changes->arena, op->fact->ident),
                                .loses = op->loses,
                                .keeps = op->keeps};
        if (changes->arena.failed || !array_reserve(&changes->run))
            return error_nomem(err);
        changes->run.items[changes->run.count++] = change;
    }
    return MIGRATE_OK;
}

/* ---- trying ---- */

/* The trial itself is in the way of nothing and nobody: an error of these ends it. */
static bool is_fatal(const struct trial *trial, int32_t code)
{
    return code == MIGRATE_ERROR_NOMEM || code == MIGRATE_ERROR_CANCELLED || code == MIGRATE_ERROR_CONNECTION_LOST ||
           code == MIGRATE_ERROR_IO || (code == MIGRATE_ERROR_TIMEOUT && trial->db->watch != NULL && trial->db->watch->deadline != 0);
}

/* Somebody holds a lock, or it takes too long. */
static bool is_hindrance(int32_t code, const migrate_error *problem)
{
    return code == MIGRATE_ERROR_LOCKED || code == MIGRATE_ERROR_TIMEOUT || (problem != NULL && strcmp(problem->sqlstate, "57014") == 0);
}

static int32_t run_op(struct trial *trial, struct op *op, migrate_error **err)
{
    struct text sql = {0};
    int32_t rc = database_exec(trial->db, "SAVEPOINT " ATTEMPT, err); /* by itself: a text that cannot be read has no effect at all */

    for (size_t i = 0; i < op->sql.count; i++) {
        text_add(&sql, op->sql.items[i]);
        text_add(&sql, ";\n");
    }
    text_add(&sql, "RELEASE SAVEPOINT " ATTEMPT);
    if (rc == MIGRATE_OK)
        rc = database_exec_text(trial->db, &sql, NULL, err);
    text_free(&sql);
    return rc;
}

/* The other way, once: the first one is forgotten. */
static bool take_other_way(struct op *op)
{
    if (op->otherwise.count == 0)
        return false;
    fact_statements_free(&op->sql);
    op->sql = op->otherwise;
    op->otherwise = (struct fact_statements){0};
    return true;
}

static int32_t try_op(struct trial *trial, struct op *op, bool *got_on, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t rc = run_op(trial, op, &problem);

    if (rc == MIGRATE_OK) {
        op->done = *got_on = true;
        return take(trial->changes, op, err);
    }
    if (!is_fatal(trial, rc) && !is_hindrance(rc, problem) && take_other_way(op)) {
        error_clear(&problem);
        rc = database_clean_up(trial->db, "ROLLBACK TO SAVEPOINT " ATTEMPT "; RELEASE SAVEPOINT " ATTEMPT, err);
        return rc == MIGRATE_OK ? try_op(trial, op, got_on, err) : rc;
    }
    if (is_fatal(trial, rc)) {
        error_move(err, &problem);
        return rc;
    }
    trial->changes->untried |= is_hindrance(rc, problem);
    op->problem = arena_text(&trial->changes->arena, problem != NULL ? problem->message : "it failed");
    error_clear(&problem);
    return database_clean_up(trial->db, "ROLLBACK TO SAVEPOINT " ATTEMPT "; RELEASE SAVEPOINT " ATTEMPT, err);
}

/* On a live database rows may break what bounds them: then the bound is there for new ones at least. */
static int32_t try_unchecked(struct trial *trial, struct op *op, bool *got_on, migrate_error **err)
{
    const struct database_engine *engine = trial->db->engine;
    struct op unchecked = {.kind = op->kind, .fact = op->fact};
    struct text note = {0};
    bool known = trial->wish->keep && op->kind == OP_MAKE && engine->fact_unchecked != NULL &&
                 engine->fact_unchecked(op->fact, &unchecked.sql);
    size_t before = trial->changes->run.count;
    int32_t rc = MIGRATE_OK;

    if (known && unchecked.sql.failed)
        rc = error_nomem(err);
    text_format(&note, "it stands without the rows that are there having been checked: %s", op->problem);
    if (known && rc == MIGRATE_OK)
        rc = try_op(trial, &unchecked, got_on, err);
    if (rc == MIGRATE_OK && unchecked.done) {
        op->done = true;
        for (size_t i = before; i < trial->changes->run.count; i++)
            trial->changes->run.items[i].note = arena_text(&trial->changes->arena, note.failed ? op->problem : note.data);
    }
    fact_statements_free(&unchecked.sql);
    text_free(&note);
    return rc;
}

/* Many at once, which mostly works. */
static int32_t try_all(struct trial *trial, struct ops *ops, bool *good, migrate_error **err)
{
    migrate_error *problem = NULL;
    struct text sql = {0};
    int32_t rc;

    rc = database_exec(trial->db, "SAVEPOINT " ATTEMPT, err);
    if (rc != MIGRATE_OK)
        return rc;
    for (size_t i = 0; i < ops->count; i++) {
        for (size_t s = 0; s < ops->items[i].sql.count; s++) {
            text_add(&sql, ops->items[i].sql.items[s]);
            text_add(&sql, ";\n");
        }
    }
    text_add(&sql, "RELEASE SAVEPOINT " ATTEMPT);
    rc = database_exec_text(trial->db, &sql, NULL, &problem);
    text_free(&sql);
    *good = rc == MIGRATE_OK;
    if (rc == MIGRATE_OK || is_fatal(trial, rc)) {
        error_move(err, &problem);
        return rc;
    }
    error_clear(&problem);
    return database_clean_up(trial->db, "ROLLBACK TO SAVEPOINT " ATTEMPT "; RELEASE SAVEPOINT " ATTEMPT, err);
}

static int32_t try_one_by_one(struct trial *trial, struct ops *ops, bool *got_on, migrate_error **err)
{
    bool moved = true;
    int32_t rc = MIGRATE_OK;

    while (moved && rc == MIGRATE_OK && !trial->changes->untried) {
        moved = false;
        for (size_t i = 0; i < ops->count && rc == MIGRATE_OK && !trial->changes->untried; i++) {
            if (!ops->items[i].done)
                rc = try_op(trial, &ops->items[i], &moved, err);
        }
        *got_on |= moved;
    }
    for (size_t i = 0; i < ops->count && rc == MIGRATE_OK && !trial->changes->untried; i++) {
        if (!ops->items[i].done)
            rc = try_unchecked(trial, &ops->items[i], got_on, err);
    }
    return rc;
}

static int32_t try_ops(struct trial *trial, struct ops *ops, bool *got_on, migrate_error **err)
{
    bool good = false;
    int32_t rc = trial->wish->keep ? MIGRATE_OK : try_all(trial, ops, &good, err); /* what stays is not done twice */

    if (rc != MIGRATE_OK || !good)
        return rc == MIGRATE_OK ? try_one_by_one(trial, ops, got_on, err) : rc;
    *got_on = ops->count > 0;
    for (size_t i = 0; i < ops->count && rc == MIGRATE_OK; i++) {
        ops->items[i].done = true;
        rc = take(trial->changes, &ops->items[i], err);
    }
    return rc;
}

/* What was not renamed would be taken for something else. */
static bool is_stuck(const struct changes *changes, const struct ops *ops)
{
    return ops->renames && changes->left.count > 0;
}

/* What could not be changed in place is made anew, if that loses nothing. *news: it was not known yet. */
static bool note_stubborn(struct changes *changes, const struct fact *fact, const char *reason, bool *news)
{
    for (size_t i = 0; i < changes->stubborn.count; i++) {
        if (strcmp(changes->stubborn.items[i].kind, fact->kind) == 0 && strcmp(changes->stubborn.items[i].ident, fact->ident) == 0)
            return true;
    }
    if (!array_reserve(&changes->stubborn))
        return false;
    *news = true;
    changes->stubborn.items[changes->stubborn.count++] =
        (struct left_out){.kind = arena_text(&changes->arena, fact->kind),
                          .ident = arena_text(&changes->arena, fact->ident),
                          .reason = arena_text(&changes->arena, reason != NULL ? reason : "it failed")};
    return !changes->arena.failed;
}

static bool leave_failed(struct changes *changes, const struct ops *ops, bool *news)
{
    bool good = true;

    for (size_t i = 0; i < ops->count && good; i++) {
        if (!ops->items[i].done && ops->items[i].kind == OP_CHANGE && !ops->renames && !fact_holds_rows(ops->items[i].fact))
            good = note_stubborn(changes, ops->items[i].fact, ops->items[i].problem, news);
        if (good && !ops->items[i].done)
            good = changes_leave(changes, ops->items[i].fact, ops->items[i].problem != NULL ? ops->items[i].problem : "not tried");
    }
    return good;
}

/* What a round left out may have been mended by a later one: only the last one's word counts. */
static void forget_left(struct changes *changes)
{
    changes->left.count = 0;
}

/* The same statements once more lead nowhere else: how the server prints what they make is not how it printed it before. */
static bool leave_unsettled(struct trial *trial, const struct ops *ops, size_t run)
{
    bool good = true;

    trial->changes->run.count = run;
    for (size_t i = 0; i < ops->count && good; i++) {
        if (ops->items[i].done)
            good = changes_leave(trial->changes, ops->items[i].fact, "its statement was run, and does not make it what it was");
    }
    return good;
}

/* All statements of a round, to know it again. */
static int32_t is_repeated(struct trial *trial, const struct ops *ops, bool *out, migrate_error **err)
{
    struct text all = {0};

    for (size_t i = 0; i < ops->count; i++) {
        for (size_t s = 0; s < ops->items[i].sql.count; s++) {
            text_add(&all, ops->items[i].sql.items[s]);
            text_add(&all, ";");
        }
    }
    *out = all.length > 0 && text_equal(all.data, trial->last.data);
    text_free(&trial->last);
    trial->last = all;
    return all.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t try_round(struct trial *trial, const struct facts *from, bool first, bool *again, migrate_error **err)
{
    struct ops ops = {0};
    bool got_on = false, news = false, repeated = false;
    size_t run = trial->changes->run.count;
    int32_t rc;

    forget_left(trial->changes);
    rc = changes_plan(from, trial->to, trial->wish, first, &ops, trial->changes, err);
    if (rc == MIGRATE_OK)
        rc = is_repeated(trial, &ops, &repeated, err);
    if (rc == MIGRATE_OK && ops.count == 0)
        trial->changes->proven = trial->changes->left.count == 0;
    else if (rc == MIGRATE_OK)
        rc = try_ops(trial, &ops, &got_on, err);
    repeated = repeated && trial->got_on;
    if (rc == MIGRATE_OK && (!leave_failed(trial->changes, &ops, &news) || (repeated && !leave_unsettled(trial, &ops, run))))
        rc = error_nomem(err);
    *again = rc == MIGRATE_OK && (got_on || news) && !repeated && !trial->changes->untried && !is_stuck(trial->changes, &ops);
    trial->got_on = got_on;
    ops_free(&ops);
    return rc;
}

static int32_t try_rounds(struct trial *trial, const struct facts *from, migrate_error **err)
{
    struct facts now = {0};
    bool again = true;
    int32_t rc = MIGRATE_OK;

    for (size_t round = 0; rc == MIGRATE_OK && again && round < ROUNDS_MOST; round++) {
        facts_free(&now);
        if (round > 0)
            rc = facts_read(trial->db, &trial->wish->facts, &now, err);
        if (rc == MIGRATE_OK)
            rc = try_round(trial, round > 0 ? &now : from, round == 0, &again, err);
    }
    facts_free(&now);
    text_free(&trial->last);
    return rc;
}

static int32_t try_it(struct trial *trial, const struct facts *from, migrate_error **err)
{
    struct database *db = trial->db;
    int32_t rc, left = MIGRATE_OK;

    trial->inside = trial->wish->keep || db->class->transaction(db) == DATABASE_OPEN; /* a host's driver may not know */
    rc = database_exec(db, trial->inside ? "SAVEPOINT " TRIAL : "BEGIN", err);
    if (rc != MIGRATE_OK)
        return rc;
    if (db->engine->trial_head != NULL)
        rc = database_exec(db, db->engine->trial_head, err);
    if (rc == MIGRATE_OK)
        rc = try_rounds(trial, from, err);
    if (rc != MIGRATE_OK || !trial->wish->keep)
        left = database_clean_up(db, trial->inside ? "ROLLBACK TO SAVEPOINT " TRIAL "; RELEASE SAVEPOINT " TRIAL : "ROLLBACK",
                                 rc == MIGRATE_OK ? err : NULL);
    else
        left = database_exec(db, trial->inside ? "RELEASE SAVEPOINT " TRIAL : "COMMIT", err);
    return rc == MIGRATE_OK ? left : rc;
}

/* ---- without a trial ---- */

static int32_t take_round(const struct facts *from, const struct facts *to, const struct changes_wish *wish, bool first,
                          struct changes *changes, bool *any, migrate_error **err)
{
    struct ops ops = {0};
    int32_t rc = changes_plan(from, to, wish, first, &ops, changes, err);

    *any = ops.count > 0;
    changes->column_order |= ops.order;
    for (size_t i = 0; i < ops.count && rc == MIGRATE_OK; i++)
        rc = take(changes, &ops.items[i], err);
    ops_free(&ops);
    return rc;
}

static int32_t plan_only(const struct facts *from, const struct facts *to, const struct changes_wish *given, struct changes *changes,
                         migrate_error **err)
{
    struct changes_wish copy = *given, *wish = &copy;
    struct facts renamed = {0};
    bool any = false;
    int32_t rc;

    copy.apart = true; /* nobody looks again at what a name leads to */
    if (wish->renamed_count > 0) /* else it would be dropped, and made anew */
        return error_set(err, MIGRATE_ERROR_SHADOW, "what comes behind a rename can only be found where the rename is tried");
    if (!wish->same_database && !from->engine->names_fold)
        return take_round(from, to, wish, false, changes, &any, err);
    if (!keyed_renames_behind(from, to, wish, changes, &renamed))
        return error_nomem(err);
    rc = take_round(from, to, &(struct changes_wish){.same_database = true, .renames_alone = true, .facts = wish->facts}, true, changes,
                    &any, err);
    forget_left(changes);
    if (rc == MIGRATE_OK)
        rc = take_round(&renamed, to, wish, false, changes, &any, err);
    memory_free(renamed.items);
    return rc;
}

/* ---- */

int32_t changes_find(const struct facts *from, const struct facts *to, const struct changes_wish *wish, struct database *trial,
                     struct changes *out, migrate_error **err)
{
    struct changes changes = {0};
    struct trial tried = {.db = trial, .to = to, .wish = wish, .changes = &changes};
    int32_t rc = trial != NULL ? try_it(&tried, from, err) : plan_only(from, to, wish, &changes, err);

    if (rc == MIGRATE_OK && changes.untried && !wish->keep) { /* what was tried is a part of it at best */
        bool order = changes.column_order;
        changes_free(&changes);
        rc = plan_only(from, to, wish, &changes, err);
        changes.untried = true;
        changes.column_order |= order;
    }
    if (rc == MIGRATE_OK && changes.arena.failed)
        rc = error_nomem(err);
    if (rc != MIGRATE_OK)
        changes_free(&changes);
    else
        *out = changes;
    return rc;
}

int32_t changes_sql(const struct changes *changes, const struct database_engine *engine, struct text *out, migrate_error **err)
{
    for (size_t i = 0; i < changes->run.count; i++) {
        const char *kind = changes->run.items[i].kind;
        if (strcmp(kind, "function") == 0 || strcmp(kind, "procedure") == 0) {
            text_add(out, engine->facts_head);
            break;
        }
    }
    for (size_t i = 0; i < changes->run.count; i++) {
        if (changes->run.items[i].note != NULL)
            text_format(out, "-- %s\n", changes->run.items[i].note);
        text_add(out, changes->run.items[i].sql);
        text_add(out, ";\n");
    }
    return out->failed ? error_nomem(err) : MIGRATE_OK;
}

void changes_free(struct changes *changes)
{
    memory_free(changes->run.items);
    memory_free(changes->left.items);
    memory_free(changes->stubborn.items);
    arena_free(&changes->arena);
    *changes = (struct changes){0};
}
