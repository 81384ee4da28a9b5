/* SPDX-License-Identifier: MIT
 * One migration after the other in a scratch database: rows in, up, down, up again, with a look at the schema and at the rows in between. A
 * failure that may be the made-up rows' own is looked at once more without them. */
#include "core/verify.h"

#include "core/history.h"
#include "util/memory.h"

#include <string.h>

enum { NAMED_MOST = 12 };

const char *verdict_word(enum verdict_result result)
{
    static const char *const words[] = {[VERDICT_EXACT] = "exact",     [VERDICT_ORDER] = "order",     [VERDICT_DATA] = "data",
                                        [VERDICT_DIFFERS] = "differs", [VERDICT_FAILS] = "fails",     [VERDICT_REFUSED] = "refused",
                                        [VERDICT_UP] = "up",           [VERDICT_UNTRIED] = "untried"};
    return words[result];
}

bool verdict_is_bad(enum verdict_result result)
{
    return result == VERDICT_DIFFERS || result == VERDICT_FAILS || result == VERDICT_UP;
}

void verdict_free(struct verdict *verdict)
{
    text_free(&verdict->detail);
    memory_free(verdict->file);
    error_free(verdict->error);
    *verdict = (struct verdict){0};
}

bool walk_is_fatal(int32_t code)
{
    switch (code) {
    case MIGRATE_ERROR_NOMEM:
    case MIGRATE_ERROR_CANCELLED:
    case MIGRATE_ERROR_TIMEOUT:
    case MIGRATE_ERROR_CONNECT:
    case MIGRATE_ERROR_CONNECTION_LOST:
    case MIGRATE_ERROR_OUTCOME_UNKNOWN:
    case MIGRATE_ERROR_IO:
    case MIGRATE_ERROR_INTERNAL:
    case MIGRATE_ERROR_SHADOW:
    case MIGRATE_ERROR_HISTORY:
        return true;
    default:
        return false;
    }
}

/* ---- the scratch database ---- */

static void walk_close(struct walk *walk)
{
    scratch_close(walk->scratch);
    walk->scratch = NULL;
    samples_free(&walk->samples);
    facts_free(&walk->facts);
}

void walk_free(struct walk *walk)
{
    walk_close(walk);
    memory_free(walk->items);
    *walk = (struct walk){0};
}

/* What comes before the first of them. */
static int32_t lay_ground(struct walk *walk, migrate_error **err)
{
    if (walk->replay)
        return scratch_replay(walk->scratch, walk->session, err);
    if (!walk->schema)
        return MIGRATE_OK;
    int32_t code = scratch_option(walk->scratch, "schema_file", "use", err);
    if (code == MIGRATE_OK)
        code = scratch_migrate(walk->scratch, walk->schema, err);
    return code == MIGRATE_OK ? scratch_option(walk->scratch, "schema_file", "ignore", err) : code;
}

int32_t walk_open(struct walk *walk, size_t applied, migrate_error **err)
{
    walk_close(walk);
    int32_t code = scratch_open(walk->session, &walk->scratch, err);
    if (code == MIGRATE_OK)
        code = lay_ground(walk, err);
    if (code == MIGRATE_OK)
        code = scratch_apply(walk->scratch, walk->items, applied, err);
    if (code == MIGRATE_OK)
        code = scratch_option(walk->scratch, "generate_down", "on", err);
    if (code == MIGRATE_OK)
        code = scratch_option(walk->scratch, "stored_down", "allow", err);
    return code;
}

/* ---- one migration ---- */

/* What is known while one is tried. */
struct trying {
    struct walk *walk;
    const struct migration *migration;
    struct verdict *verdict;
    struct facts before, up;
    struct contents contents;
    bool doubtful; /* it failed for the rows' sake, and they are made up */
    bool spoiled;  /* scratch does not stand behind the migration */
};

/* What values are said to violate, others might not. The lack of one is a fault whatever the others are. */
static bool is_about_values(const migrate_error *error)
{
    enum { CONSTRAINT = 19, MISMATCH = 20, CONSTRAINT_NOT_NULL = 1299 }; /* SQLite's */
    if (!error || strcmp(error->sqlstate, "23502") == 0 || error->driver_code == CONSTRAINT_NOT_NULL)
        return false;
    return strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "23", 2) == 0 || strcmp(error->sqlstate, "P0001") == 0 ||
           (error->driver_code & 0xff) == CONSTRAINT || (error->driver_code & 0xff) == MISMATCH;
}

/* Takes the problem: of what is not tried, because it reaches beyond the database. */
static int32_t take_untried(struct trying *trying, migrate_error **problem, migrate_error **err)
{
    struct verdict *verdict = trying->verdict;
    verdict->result = VERDICT_UNTRIED;
    verdict->error = *problem;
    *problem = NULL;
    text_add(&verdict->detail, verdict->error && verdict->error->message ? verdict->error->message : "");
    if (verdict->error && verdict->error->file)
        verdict->file = memory_text(verdict->error->file);
    verdict->line = verdict->error ? verdict->error->line : 0;
    verdict->column = verdict->error ? verdict->error->column : 0;
    return verdict->detail.failed ? error_nomem(err) : MIGRATE_OK;
}

/* Takes the problem. */
static int32_t take_failure(struct trying *trying, enum verdict_result result, const char *what, migrate_error **problem, migrate_error **err)
{
    struct verdict *verdict = trying->verdict;
    const migrate_error *error = *problem;
    verdict->result = result;
    verdict->error = *problem;
    *problem = NULL;
    text_add(&verdict->detail, what);
    text_add(&verdict->detail, error && error->message ? error->message : "it failed");
    if (error && error->file && strcmp(error->file, "history") != 0) {
        verdict->file = memory_text(error->file);
        verdict->line = error->line;
        verdict->column = error->column;
        if (!verdict->file)
            return error_nomem(err);
    }
    trying->doubtful = result == VERDICT_UP || is_about_values(error); /* a migration is not made for any rows whatever */
    return verdict->detail.failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t take_differences(struct trying *trying, const char *what, const struct facts *a, const struct facts *b,
                                const struct differences *differences, migrate_error **err)
{
    struct verdict *verdict = trying->verdict;
    verdict->result = VERDICT_DIFFERS;
    text_add(&verdict->detail, what);
    return differences_words(a, b, differences, NAMED_MOST, &verdict->detail, err);
}

/* MORE: it does not run, and the verdict says so. */
static int32_t go_up(struct trying *trying, enum verdict_result result, const char *what, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = scratch_apply(trying->walk->scratch, &trying->migration, 1, &problem);
    if (code == MIGRATE_OK || (walk_is_fatal(code) && code != MIGRATE_ERROR_SHADOW)) {
        error_move(err, &problem);
        return code;
    }
    if (code == MIGRATE_ERROR_SHADOW) {
        code = take_untried(trying, &problem, err);
    } else {
        code = take_failure(trying, result, what, &problem, err);
    }
    trying->spoiled = true;
    trying->verdict->stuck = result == VERDICT_UP;
    return code == MIGRATE_OK ? MIGRATE_MORE : code;
}

/* Where its rollback text is, or why there is none. */
static int32_t find_down(struct trying *trying, migrate_error **err)
{
    struct verdict *verdict = trying->verdict;
    const struct migration *m = trying->migration;
    char *text = NULL;
    if (m->down.present) {
        verdict->down = "source";
        return MIGRATE_OK;
    }
    int32_t code = history_down(trying->walk->scratch, m->id, &text, err);
    verdict->down = text ? "generated" : "none";
    memory_free(text);
    if (code != MIGRATE_OK || strcmp(verdict->down, "none") != 0)
        return code;
    code = history_reason(trying->walk->scratch, m->id, &text, err);
    verdict->result = VERDICT_REFUSED;
    text_format(&verdict->detail, "%s%s", m->allow_data_loss ? "none is generated; the migration allows for the loss of data: " : "",
                text ? text : "none is generated");
    memory_free(text);
    return code == MIGRATE_OK ? MIGRATE_MORE : code;
}

/* The schema and the rows, against what they were before. */
static int32_t compare_down(struct trying *trying, migrate_error **err)
{
    migrate_session *scratch = trying->walk->scratch;
    struct facts now = {0};
    struct differences differences = {0};
    struct contents contents = {0};
    struct verdict *verdict = trying->verdict;
    int32_t code = session_facts(scratch, &now, err);
    if (code == MIGRATE_OK)
        code = facts_compare(&trying->before, &now, &differences, err);
    if (code == MIGRATE_OK && differences.count > 0) {
        code = take_differences(trying, "", &trying->before, &now, &differences, err);
        trying->spoiled = true;
        if (trying->migration->down.file && !(verdict->file = memory_text(trying->migration->down.file)) && code == MIGRATE_OK)
            code = error_nomem(err);
    } else if (code == MIGRATE_OK) {
        verdict->result = differences.column_order ? VERDICT_ORDER : VERDICT_EXACT;
        code = contents_read(scratch, &contents, err);
        if (code == MIGRATE_OK && contents_differ(&trying->contents, &contents, &verdict->detail) > 0)
            verdict->result = VERDICT_DATA;
        if (code == MIGRATE_OK && verdict->result == VERDICT_DATA && differences.column_order)
            text_add(&verdict->detail, "\ncolumns stand in another order");
        if (code == MIGRATE_OK && trying->contents.unread.length)
            text_format(&verdict->detail, "%sthe rows of %s could not be compared", verdict->detail.length ? "\n" : "",
                        trying->contents.unread.data);
    }
    contents_free(&contents);
    differences_free(&differences);
    facts_free(&now);
    return code == MIGRATE_OK && verdict->detail.failed ? error_nomem(err) : code;
}

/* MORE: it does not run. */
static int32_t go_down(struct trying *trying, migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = scratch_rollback(trying->walk->scratch, &problem);
    if (code == MIGRATE_OK)
        return compare_down(trying, err);
    if (walk_is_fatal(code) && code != MIGRATE_ERROR_SHADOW) {
        error_move(err, &problem);
        return code;
    }
    if (code == MIGRATE_ERROR_SHADOW) {
        code = take_untried(trying, &problem, err);
    } else {
        trying->spoiled = true;
        code = take_failure(trying, VERDICT_FAILS, "", &problem, err);
    }
    return code == MIGRATE_OK ? MIGRATE_MORE : code;
}

/* Back up, where it must stand as it did the first time. */
static int32_t go_up_again(struct trying *trying, migrate_error **err)
{
    struct walk *walk = trying->walk;
    struct differences differences = {0};
    int32_t code = go_up(trying, VERDICT_FAILS, "up again behind its rollback: ", err);
    if (code != MIGRATE_OK)
        return code == MIGRATE_MORE ? MIGRATE_OK : code;
    code = session_facts(walk->scratch, &walk->facts, err);
    if (code == MIGRATE_OK)
        code = facts_compare(&trying->up, &walk->facts, &differences, err);
    if (code == MIGRATE_OK && differences.count > 0)
        code = take_differences(trying, "up again behind its rollback: ", &trying->up, &walk->facts, &differences, err);
    differences_free(&differences);
    return code;
}

static int32_t try_it(struct trying *trying, migrate_error **err)
{
    struct walk *walk = trying->walk;
    int32_t code = MIGRATE_OK;
    if (walk->facts.items) {
        trying->before = walk->facts;
        walk->facts = (struct facts){0};
    } else {
        code = session_facts(walk->scratch, &trying->before, err);
    }
    if (code == MIGRATE_OK)
        code = contents_read(walk->scratch, &trying->contents, err);
    if (code == MIGRATE_OK)
        code = go_up(trying, VERDICT_UP, "", err);
    if (code != MIGRATE_OK)
        return code;
    code = session_facts(walk->scratch, &trying->up, err);
    if (code == MIGRATE_OK)
        code = find_down(trying, err);
    if (code == MIGRATE_OK)
        code = go_down(trying, err);
    if (code == MIGRATE_OK && !trying->spoiled)
        return go_up_again(trying, err);
    if (code == MIGRATE_MORE && !trying->spoiled) { /* nothing was tried: it stands where it should */
        walk->facts = trying->up;
        trying->up = (struct facts){0};
    }
    return code;
}

static int32_t try_once(struct walk *walk, size_t number, struct verdict *out, bool *doubtful, bool *spoiled, migrate_error **err)
{
    struct trying trying = {.walk = walk, .migration = walk->items[number], .verdict = out};
    out->down = trying.migration->down.present ? "source" : "none";
    int32_t code = try_it(&trying, err);
    *doubtful = trying.doubtful;
    *spoiled = trying.spoiled;
    facts_free(&trying.before);
    facts_free(&trying.up);
    contents_free(&trying.contents);
    return code == MIGRATE_MORE ? MIGRATE_OK : code;
}

/* Without rows: what it says then counts, and what the rows said is told. */
static int32_t try_without_rows(struct walk *walk, size_t number, struct verdict *out, bool *spoiled, migrate_error **err)
{
    struct verdict with_rows = *out;
    bool doubtful = false;
    *out = (struct verdict){0};
    int32_t code = walk_open(walk, number, err);
    if (code == MIGRATE_OK)
        code = try_once(walk, number, out, &doubtful, spoiled, err);
    if (code == MIGRATE_OK && !verdict_is_bad(out->result)) {
        text_format(&out->detail, "%swith made-up rows in the tables %s: %s", out->detail.length ? "\n" : "",
                    with_rows.result == VERDICT_UP ? "the migration does not run" : "the rollback does not run",
                    with_rows.detail.data ? with_rows.detail.data : "");
        code = out->detail.failed ? error_nomem(err) : MIGRATE_OK;
    }
    verdict_free(&with_rows);
    return code;
}

int32_t walk_next(struct walk *walk, size_t number, struct verdict *out, migrate_error **err)
{
    bool doubtful = false, spoiled = false;
    *out = (struct verdict){0};
    int32_t code = walk->scratch ? MIGRATE_OK : walk_open(walk, number, err);
    if (code == MIGRATE_OK)
        code = samples_fill(walk->scratch, &walk->samples, err);
    if (code == MIGRATE_OK)
        code = try_once(walk, number, out, &doubtful, &spoiled, err);
    if (code == MIGRATE_OK && doubtful)
        code = try_without_rows(walk, number, out, &spoiled, err);
    if (code == MIGRATE_OK && spoiled && !out->stuck && number + 1 < walk->count)
        code = walk_open(walk, number + 1, err);
    else if (code == MIGRATE_OK && spoiled)
        walk_close(walk); /* opened anew by whoever needs it */
    if (code != MIGRATE_OK)
        verdict_free(out);
    return code;
}
