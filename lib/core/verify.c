/* SPDX-License-Identifier: MIT
 * The verb verify: do rollback texts lead back? And do repeatable migrations repeat, and does schema.sql lead where the migrations do? */
#include "core/verify.h"

#include "core/target.h"
#include "core/verbs.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

#define SCHEMA "schema.sql"

struct verifying {
    migrate_session *session;
    struct build *build;
    struct walk walk;
    struct migrate_rows *rows;
    int64_t count, bad, untried;
    bool whole;  /* up to the last migration: what comes behind them is looked at, too */
    bool failed; /* one does not run: nothing behind it can be tried */
};

/* ---- rows ---- */

static void put(struct verifying *verifying, const char *id, const struct verdict *verdict)
{
    struct migrate_rows *rows = verifying->rows;
    rows_put_text(rows, id);
    rows_put_text(rows, verdict->down ? verdict->down : "none");
    rows_put_text(rows, verdict_word(verdict->result));
    rows_put_text(rows, verdict->detail.length ? verdict->detail.data : NULL);
    rows_put_text(rows, verdict->file);
    rows_put_int(rows, verdict->line);
    rows_put_int(rows, verdict->column);
    verifying->count++;
    verifying->bad += verdict_is_bad(verdict->result);
    verifying->untried += verdict->result == VERDICT_UNTRIED;
}

/* ---- which ones ---- */

static bool is_wanted(const struct item *item, bool pending, const struct target *target)
{
    if (!item->migration || item->migration->kind != MIGRATION_VERSIONED)
        return false;
    if (pending)
        return item->state == ITEM_PENDING || item->state == ITEM_LATE;
    return target->kind != TARGET_ID || item->migration <= target->item->migration;
}

static int32_t choose(struct verifying *verifying, const char *text, migrate_error **err)
{
    struct walk *walk = &verifying->walk;
    struct comparison comparison = {0};
    struct history history = {0};
    struct target target = {0};
    bool pending = text_equal(text, "pending");
    int32_t code = history_load(verifying->session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(verifying->build->source, &history, &comparison, err);
    if (code == MIGRATE_OK && !pending)
        code = target_read(&comparison, text, &target, err);
    if (code == MIGRATE_OK && target.kind != TARGET_DEFAULT && (target.kind != TARGET_ID || !target.item->migration)) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "verify goes up to an id of the source, not to \"%s\"", text);
        error_hint(err, "give an id, \"pending\", or nothing for all; status lists the ids");
    }
    walk->replay = pending && history.count > 0;
    verifying->whole = pending || target.kind == TARGET_DEFAULT;
    for (size_t i = 0; code == MIGRATE_OK && i < comparison.count; i++) {
        if (!is_wanted(&comparison.items[i], pending, &target))
            continue;
        if (!array_reserve(walk))
            code = error_nomem(err);
        else
            walk->items[walk->count++] = comparison.items[i].migration;
    }
    comparison_free(&comparison);
    history_free(&history);
    return code;
}

static int32_t walk_all(struct verifying *verifying, migrate_error **err)
{
    struct walk *walk = &verifying->walk;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; i < walk->count && code == MIGRATE_OK; i++) {
        struct verdict verdict = {.result = VERDICT_UNTRIED};
        if (!verifying->failed)
            code = walk_next(walk, i, &verdict, err);
        if (code != MIGRATE_OK)
            break;
        put(verifying, walk->items[i]->id, &verdict);
        verifying->failed |= verdict.stuck;
        verdict_free(&verdict);
    }
    return code;
}

/* ---- behind them ---- */

/* Takes the problem. */
static int32_t not_run(struct verdict *verdict, enum verdict_result result, migrate_error **problem, migrate_error **err)
{
    const migrate_error *error = *problem;
    verdict->result = result;
    text_add(&verdict->detail, error && error->message ? error->message : "it failed");
    if (error && error->file)
        verdict->file = memory_text(error->file);
    verdict->line = error ? error->line : 0;
    verdict->column = error ? error->column : 0;
    verdict->error = *problem;
    *problem = NULL;
    return verdict->detail.failed ? error_nomem(err) : MIGRATE_OK;
}

/* By its next text a repeatable migration runs once more, on what its last one left. */
static int32_t repeat(struct verifying *verifying, const struct migration *m, struct verdict *verdict, migrate_error **err)
{
    migrate_session *scratch = verifying->walk.scratch;
    migrate_error *problem = NULL;
    struct facts first = {0}, second = {0};
    struct differences differences = {0};
    enum verdict_result result = VERDICT_UP;
    int32_t code = scratch_repeat(scratch, m, &problem);
    if (code == MIGRATE_OK)
        code = session_facts(scratch, &first, &problem);
    if (code == MIGRATE_OK) {
        result = VERDICT_FAILS;
        code = scratch_repeat(scratch, m, &problem);
    }
    if (code == MIGRATE_OK)
        code = session_facts(scratch, &second, &problem);
    if (code == MIGRATE_OK)
        code = facts_compare(&first, &second, &differences, &problem);
    if (code == MIGRATE_OK && differences.count > 0) {
        verdict->result = VERDICT_DIFFERS;
        text_add(&verdict->detail, "run twice: ");
        code = differences_words(&first, &second, &differences, 10, &verdict->detail, &problem);
    }
    if (code != MIGRATE_OK && !walk_is_fatal(code))
        code = not_run(verdict, result, &problem, err);
    error_move(err, &problem);
    differences_free(&differences);
    facts_free(&first);
    facts_free(&second);
    return code;
}

static int32_t repeat_all(struct verifying *verifying, migrate_error **err)
{
    const struct source *source = verifying->build->source;
    struct walk *walk = &verifying->walk;
    int32_t code = MIGRATE_OK;
    if (source->versioned == source->count)
        return MIGRATE_OK;
    if (!verifying->failed && !walk->scratch)
        code = walk_open(walk, walk->count, err);
    for (size_t i = source->versioned; i < source->count && code == MIGRATE_OK; i++) {
        struct verdict verdict = {.result = verifying->failed ? VERDICT_UNTRIED : VERDICT_EXACT};
        if (!verifying->failed)
            code = repeat(verifying, &source->items[i], &verdict, err);
        if (code == MIGRATE_OK)
            put(verifying, source->items[i].id, &verdict);
        verdict_free(&verdict);
    }
    return code;
}

/* Where an empty database comes to by the migrations alone. fast: by schema.sql and the migrations behind it. */
static int32_t take_road(struct verifying *verifying, bool fast, struct facts *out, migrate_error **err)
{
    migrate_session *scratch = NULL;
    int32_t code = scratch_open(verifying->session, &scratch, err);
    if (code == MIGRATE_OK && fast)
        code = scratch_option(scratch, "schema_file", "use", err);
    if (code == MIGRATE_OK)
        code = scratch_migrate(scratch, NULL, err);
    if (code == MIGRATE_OK)
        code = session_facts(scratch, out, err);
    scratch_close(scratch);
    return code;
}

static int32_t compare_roads(struct verifying *verifying, struct verdict *verdict, migrate_error **err)
{
    struct facts fast = {0}, slow = {0};
    struct differences differences = {0};
    migrate_error *problem = NULL;
    int32_t code = take_road(verifying, false, &slow, err);
    if (code == MIGRATE_OK) {
        code = take_road(verifying, true, &fast, &problem);
        if (code != MIGRATE_OK && !walk_is_fatal(code)) {
            facts_free(&slow);
            return not_run(verdict, VERDICT_UP, &problem, err);
        }
        error_move(err, &problem);
    }
    if (code == MIGRATE_OK)
        code = facts_compare(&slow, &fast, &differences, err);
    if (code == MIGRATE_OK && differences.count > 0) {
        verdict->result = VERDICT_DIFFERS;
        code = differences_words(&slow, &fast, &differences, 20, &verdict->detail, err);
    } else if (code == MIGRATE_OK) {
        verdict->result = differences.column_order ? VERDICT_ORDER : VERDICT_EXACT;
    }
    differences_free(&differences);
    facts_free(&fast);
    facts_free(&slow);
    return code;
}

static int32_t compare_schema(struct verifying *verifying, migrate_error **err)
{
    const struct source_schema *schema = &verifying->build->source->schema;
    struct verdict verdict = {.result = VERDICT_UNTRIED};
    int32_t code = MIGRATE_OK;
    if (!schema->present || schema->count == 0)
        return MIGRATE_OK;
    if (!verifying->failed)
        code = compare_roads(verifying, &verdict, err);
    if (code == MIGRATE_OK && verdict_is_bad(verdict.result) && !verdict.file && schema->up.file) {
        verdict.file = memory_text(schema->up.file);
        code = verdict.file ? MIGRATE_OK : error_nomem(err);
    }
    if (code == MIGRATE_OK)
        put(verifying, SCHEMA, &verdict);
    verdict_free(&verdict);
    return code;
}

/* ---- the verb ---- */

static int32_t verify_all(struct verifying *verifying, const char *target, migrate_error **err)
{
    int32_t code = session_begin(verifying->session, err);
    if (code == MIGRATE_OK)
        code = session_build(verifying->session, &verifying->build, err);
    if (code == MIGRATE_OK)
        code = choose(verifying, target, err);
    if (code == MIGRATE_OK)
        code = walk_all(verifying, err);
    if (code == MIGRATE_OK && verifying->whole)
        code = repeat_all(verifying, err);
    walk_free(&verifying->walk);
    if (code == MIGRATE_OK && verifying->whole)
        code = compare_schema(verifying, err);
    return code;
}

int32_t verb_verify(migrate_session *session, const char *target, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"id", "down", "result", "detail", "file", "line", "column"};
    struct verifying verifying = {.session = session, .walk = {.session = session}};
    verifying.rows = rows_new(columns, sizeof columns / sizeof *columns);
    if (!verifying.rows)
        return error_nomem(err);
    int32_t code = verify_all(&verifying, target, err);
    if (code != MIGRATE_OK) {
        rows_free(verifying.rows);
        return code;
    }
    rows_value_int(verifying.rows, "count", verifying.count);
    rows_value_int(verifying.rows, "good", verifying.count - verifying.bad - verifying.untried);
    rows_value_int(verifying.rows, "untried", verifying.untried);
    rows_value_int(verifying.rows, "bad", verifying.bad);
    code = rows_finish(verifying.rows, out, err);
    return code == MIGRATE_OK && verifying.bad > 0 ? MIGRATE_DIFFERS : code;
}
