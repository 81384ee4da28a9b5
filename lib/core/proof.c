/* SPDX-License-Identifier: MIT
 * The option verify=on: a run proves in a scratch database what it is about to claim, before it begins. And differences of schemas in
 * words. */
#include "core/verify.h"

#include "schema/told.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

enum { LINES_MOST = 20, VALUE_MOST = 120 };

/* ---- words ---- */

static bool inside_character(const char *text)
{
    return ((unsigned char)*text & 0xc0) == 0x80;
}

/* One line of it, cut; same: so many bytes are no different. */
static void add_value(struct text *out, const char *value, size_t same)
{
    enum { BEFORE = 30 };
    size_t skipped = same > VALUE_MOST / 2 ? same - BEFORE : 0;
    while (skipped > 0 && inside_character(value + skipped))
        skipped--;
    value += skipped;
    size_t length = strlen(value), shown = length < VALUE_MOST ? length : VALUE_MOST;
    while (shown < length && shown > 0 && inside_character(value + shown))
        shown--;
    if (skipped)
        text_add(out, "... ");
    for (size_t i = 0; i < shown; i++)
        text_add_char(out, value[i] == '\n' || value[i] == '\r' ? ' ' : value[i]);
    if (shown < length)
        text_add(out, " ...");
    if (length == 0)
        text_add(out, "nothing");
}

static size_t common_length(const char *a, const char *b)
{
    size_t length = 0;
    while (a[length] && a[length] == b[length])
        length++;
    return length;
}

static void add_line(struct text *out, const struct difference *difference)
{
    size_t same = 0;
    const struct fact *fact = difference->to ? difference->to : difference->from;
    text_format(out, "%s %s ", fact->kind, fact->ident);
    switch (difference->kind) {
    case FACT_REMOVED:
        text_add(out, "is missing");
        break;
    case FACT_ADDED:
        text_add(out, "is too much");
        break;
    case FACT_CHANGED:
        same = common_length(difference->from->value, difference->to->value);
        text_add(out, "should be ");
        add_value(out, difference->from->value, same);
        text_add(out, ", and is ");
        add_value(out, difference->to->value, same);
        break;
    }
}

int32_t differences_words(const struct facts *a, const struct facts *b, const struct differences *differences, size_t most, struct text *out,
                          migrate_error **err)
{
    struct tellings tellings = {0};
    int32_t code = differences_tell(a, b, differences, &tellings, err);
    if (code != MIGRATE_OK)
        return code;
    for (size_t i = 0; i < tellings.count && i < most; i++) {
        text_add(out, i > 0 ? "\n" : "");
        add_line(out, tellings.items[i].difference);
    }
    if (tellings.count > most)
        text_format(out, "\nand %zu more", tellings.count - most);
    tellings_free(&tellings);
    return out->failed ? error_nomem(err) : MIGRATE_OK;
}

/* ---- pending migrations ---- */

static int32_t choose_pending(const struct migrate_plan *plan, struct walk *walk, migrate_error **err)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct step *step = &plan->steps[i];
        if (step->action == STEP_SCHEMA)
            walk->schema = plan->build->source->schema.stands_for;
        if (step->action != STEP_RUN || step->direction != DIRECTION_UP || step->repeatable || step->begun)
            continue;
        if (!array_reserve(walk))
            return error_nomem(err);
        walk->items[walk->count++] = step->migration;
    }
    return MIGRATE_OK;
}

/* What does not even run has an error that says why. */
static int32_t refuse(struct verdict *verdict, const struct migration *m, migrate_error **err)
{
    if ((verdict->result == VERDICT_UP || verdict->result == VERDICT_UNTRIED) && verdict->error) {
        int32_t code = verdict->error->code;
        error_move(err, &verdict->error);
        error_detail_add(err, "tried in a scratch database (option verify); nothing was changed");
        return code;
    }
    error_set(err, MIGRATE_ERROR_IRREVERSIBLE, verdict->result == VERDICT_FAILS ? "%s: its rollback text does not run"
                                                                               : "%s: its rollback text does not lead back", m->id);
    error_detail(err, "%s", verdict->detail.data ? verdict->detail.data : "");
    error_hint(err, "mend the rollback text and run again: nothing was changed (option verify)");
    error_id(err, m->id);
    error_place(err, verdict->file ? verdict->file : m->down.file, verdict->line, verdict->column);
    return MIGRATE_ERROR_IRREVERSIBLE;
}

static int32_t prove_pending(struct migrate_run *run, migrate_error **err)
{
    struct walk walk = {.session = run->session, .replay = run->plan->from != NULL};
    int32_t code = choose_pending(run->plan, &walk, err);
    for (size_t i = 0; code == MIGRATE_OK && i < walk.count; i++) {
        struct verdict verdict = {0};
        code = walk_next(&walk, i, &verdict, err);
        if (code == MIGRATE_OK && (verdict_is_bad(verdict.result) || verdict.result == VERDICT_UNTRIED))
            code = refuse(&verdict, walk.items[i], err);
        verdict_free(&verdict);
    }
    walk_free(&walk);
    return code;
}

/* ---- a baseline ---- */

/* Tables in which other tools keep their histories: a database that is adopted may have one. */
static const char *const others[] = {
    "schema_migrations", "schema_migration", "schema_version", "flyway_schema_history", "alembic_version", "databasechangelog",
    "databasechangeloglock", "goose_db_version", "knex_migrations", "knex_migrations_lock", "_sqlx_migrations",
    "__diesel_schema_migrations", "_prisma_migrations", "__drizzle_migrations", "gorp_migrations", "refinery_schema_history",
    "atlas_schema_revisions", "migrations", "typeorm_metadata", "sequelizemeta", "django_migrations", "ar_internal_metadata",
    "ent_types", "dbmate_schema_migrations", "pgmigrations", "_yoyo_migration", "_yoyo_log", "_yoyo_version", "yoyo_lock",
};

/* The name behind the schema's, without quotes. */
static bool is_named(const char *ident, const char *name)
{
    const char *dot = strrchr(ident, '.');
    ident = dot ? dot + 1 : ident;
    size_t quote = *ident == '"', length = strlen(name);
    return strlen(ident) == length + 2 * quote && text_equal_nocase_n(ident + quote, name, length);
}

static bool is_others(const struct fact *fact, const char *table)
{
    if (strcmp(fact->kind, "table") != 0)
        return false;
    if (table && is_named(fact->ident, strrchr(table, '.') ? strrchr(table, '.') + 1 : table))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (is_named(fact->ident, others[i]))
            return true;
    }
    return false;
}

/* It is in a table that another tool's history is kept in; a sequence, which that table's column owns, has its name in front. */
static bool belongs_to_others(const struct facts *facts, const struct fact_keys *keys, const struct fact *fact, const char *table)
{
    while (fact) {
        size_t at = fact_keys_find(keys, fact->inside);
        if (is_others(fact, table))
            return true;
        fact = at == SIZE_MAX ? NULL : &facts->items[at];
    }
    return false;
}

/* Leaves out what is too much because another tool keeps its history there. */
static int32_t forget_others(const struct facts *facts, const char *table, struct differences *differences, migrate_error **err)
{
    struct fact_keys keys = {0};
    size_t kept = 0;
    if (!fact_keys_make(facts, &keys))
        return error_nomem(err);
    for (size_t i = 0; i < differences->count; i++) {
        const struct difference *difference = &differences->items[i];
        if (difference->kind != FACT_ADDED || !belongs_to_others(facts, &keys, difference->to, table))
            differences->items[kept++] = *difference;
    }
    differences->count = kept;
    fact_keys_free(&keys);
    return MIGRATE_OK;
}

static int32_t refuse_baseline(const struct migrate_run *run, const struct facts *claimed, const struct facts *actual,
                               const struct differences *differences, migrate_error **err)
{
    struct text words = {0};
    int32_t code = differences_words(claimed, actual, differences, LINES_MOST - 1, &words, err);
    if (code == MIGRATE_OK) {
        code = error_set(err, MIGRATE_ERROR_SCHEMA, "the schema is not what the migrations up to %s lead to", run->plan->to ? run->plan->to : "there");
        error_detail(err, "%s", words.data);
        error_hint(err, "baseline at the id that the schema really stands at, mend the schema, or set verify=off to claim it all the same");
    }
    text_free(&words);
    return code;
}

static int32_t compare_baseline(struct migrate_run *run, migrate_session *scratch, struct facts *claimed, const struct facts *actual,
                                struct differences *out, migrate_error **err)
{
    int32_t code = session_facts(scratch, claimed, err);
    if (code == MIGRATE_OK)
        code = facts_compare(claimed, actual, out, err);
    return code == MIGRATE_OK ? forget_others(actual, run->request.table, out, err) : code;
}

/* What repeatable migrations make may be there, or come with the next run. */
static int32_t with_repeatable(struct migrate_run *run, migrate_session *scratch, const struct facts *actual, bool *equal, migrate_error **err)
{
    const struct source *source = run->build->source;
    struct facts claimed = {0};
    struct differences differences = {0};
    migrate_error *problem = NULL;
    int32_t code = MIGRATE_OK;
    for (size_t i = source->versioned; i < source->count && code == MIGRATE_OK; i++) {
        const struct migration *m = &source->items[i];
        code = scratch_apply(scratch, &m, 1, &problem);
    }
    if (code == MIGRATE_OK)
        code = compare_baseline(run, scratch, &claimed, actual, &differences, &problem);
    *equal = code == MIGRATE_OK && differences.count == 0;
    differences_free(&differences);
    facts_free(&claimed);
    if (code != MIGRATE_OK && !walk_is_fatal(code)) { /* then it is the difference without them that is told */
        error_clear(&problem);
        return MIGRATE_OK;
    }
    error_move(err, &problem);
    return code;
}

static int32_t replay_baseline(struct migrate_run *run, migrate_session *scratch, migrate_error **err)
{
    const struct migrate_plan *plan = run->plan;
    const struct migration **list = memory_new((plan->count + 1) * sizeof *list);
    int32_t code = list ? MIGRATE_OK : error_nomem(err);
    for (size_t i = 0; list && i < plan->count; i++)
        list[i] = plan->steps[i].migration;
    if (code == MIGRATE_OK)
        code = scratch_apply(scratch, list, plan->count, err);
    memory_free(list);
    return code;
}

static int32_t prove_baseline(struct migrate_run *run, migrate_error **err)
{
    migrate_session *scratch = NULL;
    struct facts claimed = {0}, actual = {0};
    struct differences differences = {0};
    int32_t code = session_facts(run->session, &actual, err);
    if (code == MIGRATE_OK)
        code = scratch_open(run->session, &scratch, err);
    if (code == MIGRATE_OK)
        code = replay_baseline(run, scratch, err);
    if (code == MIGRATE_OK)
        code = compare_baseline(run, scratch, &claimed, &actual, &differences, err);
    bool equal = differences.count == 0;
    if (code == MIGRATE_OK && !equal && run->build->source->versioned < run->build->source->count)
        code = with_repeatable(run, scratch, &actual, &equal, err);
    if (code == MIGRATE_OK && !equal)
        code = refuse_baseline(run, &claimed, &actual, &differences, err);
    differences_free(&differences);
    facts_free(&claimed);
    facts_free(&actual);
    scratch_close(scratch);
    return code;
}

/* ---- */

int32_t run_prove(struct migrate_run *run, migrate_error **err)
{
    const struct migrate_plan *plan = run->plan;
    if (!option_is(run->session->options, OPTION_VERIFY, "on") || plan->count == 0)
        return MIGRATE_OK;
    const struct step *first = &plan->steps[0];
    if (first->action == STEP_RECORD && text_equal(first->event, "baselined"))
        return prove_baseline(run, err);
    return plan->direction == DIRECTION_UP ? prove_pending(run, err) : MIGRATE_OK;
}
