/* SPDX-License-Identifier: MIT
 * The verb generate: the migration that leads from the schema as it is to another one, and back. */
#include "core/events.h"
#include "core/sides.h"
#include "core/verbs.h"
#include "schema/annotations.h"
#include "util/file.h"
#include "util/memory.h"

#include <string.h>

/* One of both ways. */
struct way {
    struct changes changes; /* of its last part */
    struct text sql;        /* of all parts */
    size_t parts, count;    /* of statements */
    struct text fails; /* why it does not run as a migration, though each statement did; empty: it does */
    bool proven;       /* it was run, and led where it should */
};

struct generation {
    migrate_session *session;
    struct side from, to;
    struct facts reached; /* behind the way up, which may leave something out */
    const char *begins; /* where `from` comes from: database, migrations */
    struct text wanted; /* the SQL that makes `to`, where it is text */
    const char *name;   /* of that, for messages */
    struct renames renames;
    struct way up, down;
    struct lost {
        const struct fact *fact;  /* a table or column of `from` that goes ... */
        const struct fact *table; /* ... of this table, as it is called behind the way */
        bool told;
    } *lost;
    size_t lost_count;
};

/* A value of an enum can be used once it is committed: what needs it is another part of the way. Each has to get on. */
enum { PARTS_MOST = 4 };

/* ---- the schema as it is ---- */

/* The database is where this source leads to, so that what comes next begins there. */
static int32_t is_in_step(migrate_session *session, bool *out, migrate_error **err)
{
    struct build *build = NULL;
    struct history history = {0};
    struct comparison comparison = {0};
    *out = true;
    if (!option_text(session->options, OPTION_DIR) && !session->options->source)
        return MIGRATE_OK;
    int32_t code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, &history, &comparison, err);
    if (code == MIGRATE_OK) {
        static const enum item_state others[] = {ITEM_PENDING, ITEM_LATE, ITEM_MISSING, ITEM_AHEAD};
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            *out = *out && comparison.counts[others[i]] == 0;
        for (size_t i = 0; i < comparison.count; i++)
            *out = *out && (comparison.items[i].state != ITEM_MODIFIED || comparison.items[i].cosmetic);
    }
    comparison_free(&comparison);
    history_free(&history);
    return code;
}

static int32_t take_from(struct generation *g, migrate_error **err)
{
    bool in_step = false;
    int32_t code = is_in_step(g->session, &in_step, err);
    if (code != MIGRATE_OK)
        return code;
    g->begins = in_step ? "database" : "migrations";
    return in_step ? side_of_database(&g->from, g->session, err) : side_of_migrations(&g->from, g->session, NULL, err);
}

/* ---- the schema that is wanted ---- */

/* No SQL begins with a word and a colon or an equals sign; a URL and libpq's key=value form do. */
static bool is_url(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-");
    const char *behind = text + length + strspn(text + length, " ");
    return length > 0 && *text != '-' && (text[length] == ':' || *behind == '=');
}

static int32_t take_text(struct generation *g, const char *name, const char *text, migrate_error **err)
{
    g->name = name;
    if (text)
        text_add(&g->wanted, text);
    return g->wanted.failed ? error_nomem(err) : side_of_sql(&g->to, g->session, name, g->wanted.data ? g->wanted.data : "", err);
}

static int32_t take_to(struct generation *g, const char *to, migrate_error **err)
{
    const migrate_options *options = g->session->options;
    const char *file = option_text(options, OPTION_DECLARED);
    if (to && is_url(to))
        return side_of_url(&g->to, g->session, to, err);
    if (to)
        return take_text(g, "the wanted schema", to, err);
    if (options->declared)
        return take_text(g, "the declared schema", options->declared, err);
    if (options->declare || !file)
        return side_of_declared(&g->to, g->session, err);
    int32_t code = file_read(file, &g->wanted, MIGRATE_ERROR_OPTION, err);
    return code == MIGRATE_OK ? take_text(g, file, NULL, err) : code;
}

static int32_t take_renames(struct generation *g, migrate_error **err)
{
    if (!g->name)
        return MIGRATE_OK;
    return renames_read(g->name, g->wanted.data ? g->wanted.data : "", g->wanted.length, &g->from.facts, &g->to.facts, &g->renames, err);
}

/* ---- what goes, and what was in it ---- */

static const char *renamed_to(const struct generation *g, const struct fact *fact)
{
    for (size_t i = 0; i < g->renames.count; i++) {
        if (strcmp(g->renames.items[i].from, fact->ident) == 0)
            return g->renames.items[i].to;
    }
    return fact->ident;
}

static bool is_new_name(const struct generation *g, const struct fact *fact)
{
    for (size_t i = 0; i < g->renames.count; i++) {
        if (strcmp(g->renames.items[i].to, fact->ident) == 0)
            return true;
    }
    return false;
}

static const struct fact *owner_of(const struct facts *facts, const struct fact *column)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].kind, "table") == 0 && strcmp(facts->items[i].key, column->inside) == 0)
            return &facts->items[i];
    }
    return NULL;
}

static const struct fact *column_in(const struct facts *facts, const struct fact *table, const char *name)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = &facts->items[i];
        if (strcmp(fact->kind, "column") == 0 && strcmp(fact->inside, table->key) == 0 && strcmp(fact->name, name) == 0)
            return fact;
    }
    return NULL;
}

/* It was to have another name, and goes all the same. */
static bool is_undone(const struct generation *g, const struct fact *fact)
{
    for (size_t i = 0; i < g->up.changes.run.count; i++) {
        const struct change *change = &g->up.changes.run.items[i];
        if (change->does == OP_UNDO && strcmp(change->kind, fact->kind) == 0 && strcmp(change->ident, fact->ident) == 0)
            return true;
    }
    return false;
}

/* A table, or a column of a table that stays. *at: the table as it is called behind the way. */
static bool is_lost(const struct generation *g, const struct fact *fact, const struct fact **at)
{
    const struct facts *to = &g->to.facts;
    bool table = strcmp(fact->kind, "table") == 0;
    *at = NULL;
    if (!table && strcmp(fact->kind, "column") != 0)
        return false;
    if (facts_find(to, fact->kind, renamed_to(g, fact)))
        return renamed_to(g, fact) != fact->ident && is_undone(g, fact);
    if (table)
        return true;
    const struct fact *owner = owner_of(&g->from.facts, fact);
    *at = owner ? facts_find(to, "table", renamed_to(g, owner)) : NULL;
    return *at && !column_in(to, *at, fact->name);
}

/* A comment line above the statement that does it: the fact's own, or one that reshapes its table. NULL: there is none. */
static struct change *note_above(struct changes *changes, const struct fact *fact, const struct fact *table, const char *words)
{
    struct change *found = NULL;
    struct text line = {0};
    for (size_t i = 0; i < changes->run.count && !found; i++) {
        struct change *change = &changes->run.items[i];
        if (strcmp(change->kind, fact->kind) == 0 && strcmp(change->ident, fact->ident) == 0)
            found = change;
    }
    for (size_t i = 0; table && i < changes->run.count && !found; i++) {
        struct change *change = &changes->run.items[i];
        if (strcmp(change->kind, "table") == 0 && strcmp(change->ident, table->ident) == 0)
            found = change;
    }
    if (!found)
        return NULL;
    text_format(&line, "%s%s%s: %s %s", found->note ? found->note : "", found->note ? "\n-- " : "", words, fact->kind, fact->ident);
    found->note = arena_text(&changes->arena, line.data);
    changes->arena.failed |= line.failed;
    text_free(&line);
    return found;
}

static bool says(const struct fact *fact, const char *words)
{
    return strstr(fact->value, words) != NULL;
}

/* Rows that are there have no value for it: a column that must have one, without a default. */
static bool lacks_value(const struct facts *to, const struct fact *column)
{
    bool must = facts_find(to, "column not null", column->ident) || says(column, " NOT NULL");
    bool has = facts_find(to, "column default", column->ident) || facts_find(to, "column identity", column->ident) || says(column, " DEFAULT ") ||
               says(column, " AS ") || says(column, "GENERATED ");
    return must && !has;
}

/* What works on empty tables, where it was tried, and on no others. */
static void note_lacking(struct generation *g)
{
    for (size_t i = 0; i < g->to.facts.count; i++) {
        const struct fact *column = &g->to.facts.items[i];
        const struct fact *table = strcmp(column->kind, "column") == 0 ? owner_of(&g->to.facts, column) : NULL;
        if (!table || facts_find(&g->from.facts, "column", column->ident) || !facts_find(&g->from.facts, "table", table->ident) ||
            !lacks_value(&g->to.facts, column) || is_new_name(g, column))
            continue;
        note_above(&g->up.changes, column, table, "fails if the table has rows, which have no value for it");
    }
}

static int32_t find_lost(struct generation *g, migrate_error **err)
{
    const struct fact *table = NULL;
    g->lost = memory_new((g->from.facts.count + 1) * sizeof *g->lost);
    for (size_t i = 0; g->lost && i < g->from.facts.count; i++) {
        if (is_lost(g, &g->from.facts.items[i], &table))
            g->lost[g->lost_count++] = (struct lost){.fact = &g->from.facts.items[i], .table = table};
    }
    return g->lost ? MIGRATE_OK : error_nomem(err);
}

static void note_lost(struct generation *g)
{
    for (size_t i = 0; i < g->lost_count; i++) {
        struct change *change = g->lost[i].told ? NULL : note_above(&g->up.changes, g->lost[i].fact, g->lost[i].table, "loses data");
        if (!change)
            continue;
        change->loses = true;
        g->lost[i].told = true;
    }
}

/* ---- both ways ---- */

/* As a migration would be run, in the scratch database of `from`, where the way was found. Goes to *reached, which is freed before. */
static int32_t go(struct generation *g, struct way *way, const char *sql, const struct facts *goal, struct facts *reached, migrate_error **err)
{
    migrate_error *problem = NULL;
    char wanted[DIGEST_HEX], found[DIGEST_HEX];
    int32_t code = scratch_run(g->from.scratch, "the generated migration", sql, &problem);
    if (code == MIGRATE_ERROR_SQL) {
        way->proven = false;
        text_add(&way->fails, problem->message);
        error_clear(&problem);
        return way->fails.failed ? error_nomem(err) : MIGRATE_OK;
    }
    error_move(err, &problem);
    if (code != MIGRATE_OK)
        return code;
    facts_free(reached);
    code = session_facts(g->from.scratch, reached, err);
    if (code != MIGRATE_OK)
        return code;
    facts_fingerprint(goal, wanted);
    facts_fingerprint(reached, found);
    way->proven = way->changes.left.count == 0 && !g->from.differs && strcmp(wanted, found) == 0;
    return MIGRATE_OK;
}

/* One part, and how far it leads. */
static int32_t go_part(struct generation *g, struct way *way, const struct facts *goal, struct facts *reached, migrate_error **err)
{
    struct text sql = {0};
    int32_t code = changes_sql(&way->changes, g->session->db->engine, &sql, err);
    way->parts++;
    way->count += way->changes.run.count;
    if (code == MIGRATE_OK && sql.length > 0)
        code = go(g, way, sql.data, goal, reached, err);
    text_add(&way->sql, sql.data ? sql.data : "");
    text_free(&sql);
    return code == MIGRATE_OK && way->sql.failed ? error_nomem(err) : code;
}

/* What the first part left out may be possible behind it. */
static int32_t go_on(struct generation *g, struct changes_wish *wish, migrate_error **err)
{
    struct way *up = &g->up;
    int32_t code = MIGRATE_OK;
    while (code == MIGRATE_OK && up->changes.left.count > 0 && up->changes.run.count > 0 && !up->fails.length && up->parts < PARTS_MOST) {
        struct changes next = {0};
        code = changes_find(&g->reached, &g->to.facts, wish, g->from.scratch->db, &next, err);
        if (code != MIGRATE_OK)
            return code;
        next.column_order |= up->changes.column_order;
        changes_free(&up->changes);
        up->changes = next;
        note_lost(g);
        code = next.run.count > 0 ? go_part(g, up, &g->to.facts, &g->reached, err) : MIGRATE_OK;
    }
    return code;
}

static int32_t find_up(struct generation *g, migrate_error **err)
{
    struct changes_wish wish = {.renamed = g->renames.items, .renamed_count = g->renames.count};
    bool own = strcmp(g->begins, "database") == 0;
    int32_t code = sides_changes(&g->from, &g->to.facts, g->session, own, &wish, &g->up.changes, err);
    if (code == MIGRATE_OK)
        code = find_lost(g, err);
    if (code != MIGRATE_OK)
        return code;
    note_lost(g);
    note_lacking(g);
    code = g->up.changes.arena.failed ? error_nomem(err) : go_part(g, &g->up, &g->to.facts, &g->reached, err);
    if (code == MIGRATE_OK)
        code = go_on(g, &wish, err);
    if (code != MIGRATE_OK || g->up.fails.length || g->up.parts == 1)
        return code;
    code = side_anew(&g->from, g->session, own, err); /* its parts were run one by one: all of it as one migration */
    return code == MIGRATE_OK ? go(g, &g->up, g->up.sql.data, &g->to.facts, &g->reached, err) : code;
}

/* From where the other way led, whether that is what was wanted or not. */
static int32_t find_down(struct generation *g, migrate_error **err)
{
    const struct facts *home = g->from.differs ? &g->from.made : &g->from.facts;
    renames_turn(&g->renames);
    struct changes_wish wish = {.facts = session_facts_wish(g->session), .renamed = g->renames.items, .renamed_count = g->renames.count};
    if (g->up.fails.length > 0)
        return MIGRATE_OK;
    struct facts back = {0};
    const struct facts *reached = g->reached.engine ? &g->reached : home; /* else nothing could be done */
    int32_t code = changes_find(reached, home, &wish, g->from.scratch->db, &g->down.changes, err);
    if (code == MIGRATE_OK && g->down.changes.left.count == 0)
        code = go_part(g, &g->down, home, &back, err);
    facts_free(&back);
    return code;
}

static int32_t differ(const struct generation *g, bool *out, bool *order, migrate_error **err)
{
    struct differences differences = {0};
    int32_t code = facts_compare(&g->from.facts, &g->to.facts, &differences, err);
    *out = differences.count > 0;
    *order = differences.column_order;
    differences_free(&differences);
    return code;
}

/* ---- the result ---- */

static void put_left(struct migrate_rows *rows, const char *kind, const char *ident, const char *reason)
{
    rows_put_text(rows, kind);
    rows_put_text(rows, ident);
    rows_put_text(rows, reason);
}

static int32_t put_copy(struct migrate_rows *rows, const struct side *side, migrate_error **err)
{
    struct differences differences = {0};
    int32_t code = side->differs ? facts_compare(&side->facts, &side->made, &differences, err) : MIGRATE_OK;
    for (size_t i = 0; i < differences.count; i++) {
        const struct fact *fact = differences.items[i].from ? differences.items[i].from : differences.items[i].to;
        put_left(rows, fact->kind, fact->ident, "a copy of the schema came out different here, so nothing is proven about it");
    }
    differences_free(&differences);
    return code;
}

static void refuse_down(const struct generation *g, struct text *out)
{
    for (size_t i = 0; i < g->down.changes.left.count; i++)
        text_format(out, "%s%s %s: %s", i ? "; " : "", g->down.changes.left.items[i].kind, g->down.changes.left.items[i].ident,
                    g->down.changes.left.items[i].reason);
    if (g->up.fails.length > 0)
        text_add(out, "the migration itself does not run");
    else if (g->down.fails.length > 0)
        text_format(out, "what was found does not run: %s", g->down.fails.data);
}

static int32_t put_down(struct migrate_rows *rows, const struct generation *g, migrate_error **err)
{
    struct text sql = {0}, refused = {0};
    refuse_down(g, &refused);
    bool good = refused.length == 0;
    for (size_t i = 0; good && i < g->lost_count; i++)
        text_format(&sql, "-- what was in %s %s does not come back\n", g->lost[i].fact->kind, g->lost[i].fact->ident);
    if (good && g->down.sql.data)
        text_add(&sql, g->down.sql.data);
    rows_value_text(rows, "down", good && sql.data ? sql.data : "");
    rows_value_text(rows, "down_refused", good ? NULL : refused.data);
    rows_value_bool(rows, "down_proven", good && g->down.proven);
    bool failed = sql.failed || refused.failed;
    text_free(&refused);
    text_free(&sql);
    return failed ? error_nomem(err) : MIGRATE_OK;
}

static int32_t report(const struct generation *g, bool order, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"kind", "ident", "reason"};
    const struct changes *up = &g->up.changes;
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    int32_t code = rows ? MIGRATE_OK : error_nomem(err);
    for (size_t i = 0; i < up->left.count; i++)
        put_left(rows, up->left.items[i].kind, up->left.items[i].ident, up->left.items[i].reason);
    if (g->up.fails.length > 0)
        put_left(rows, "migration", "as a whole", g->up.fails.data);
    if (code == MIGRATE_OK)
        code = put_copy(rows, &g->from, err);
    if (code == MIGRATE_OK)
        code = put_down(rows, g, err);
    if (code != MIGRATE_OK) {
        rows_free(rows);
        return code;
    }
    rows_value_text(rows, "up", g->up.sql.data ? g->up.sql.data : "");
    rows_value_int(rows, "changes", (int64_t)g->up.count);
    rows_value_bool(rows, "proven", g->up.proven);
    rows_value_bool(rows, "column_order", order || up->column_order);
    rows_value_bool(rows, "loses", g->lost_count > 0);
    rows_value_text(rows, "from", g->begins);
    return rows_finish(rows, out, err);
}

static void way_free(struct way *way)
{
    changes_free(&way->changes);
    text_free(&way->sql);
    text_free(&way->fails);
}

static void generation_free(struct generation *g)
{
    way_free(&g->up);
    way_free(&g->down);
    renames_free(&g->renames);
    facts_free(&g->reached);
    side_free(&g->from);
    side_free(&g->to);
    text_free(&g->wanted);
    memory_free(g->lost);
}

int32_t verb_generate(migrate_session *session, const char *to, migrate_rows **out, migrate_error **err)
{
    struct generation g = {.session = session};
    bool differs = false, order = false;
    int32_t code = session_begin(session, err);
    if (code == MIGRATE_OK) {
        event_doing(session, "comparing schemas", NULL);
        code = take_to(&g, to, err);
    }
    if (code == MIGRATE_OK) {
        side_close(&g.to); /* its facts are all that is needed, and there may be room for one scratch database alone */
        code = take_from(&g, err);
    }
    if (code == MIGRATE_OK)
        code = take_renames(&g, err);
    if (code == MIGRATE_OK)
        code = differ(&g, &differs, &order, err);
    if (code == MIGRATE_OK && differs) {
        event_doing(session, "trying the way from one schema to the other", NULL);
        code = find_up(&g, err);
        if (code == MIGRATE_OK)
            code = find_down(&g, err);
    } else {
        g.up.proven = g.down.proven = true;
    }
    if (code == MIGRATE_OK)
        code = report(&g, order, out, err);
    event_doing(session, NULL, NULL);
    generation_free(&g);
    return code == MIGRATE_OK && differs ? MIGRATE_DIFFERS : code;
}
