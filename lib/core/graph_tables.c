/* SPDX-License-Identifier: MIT
 * Tables and their foreign keys: of the schema to which the migrations lead, in a scratch database, or of the database itself where that is
 * there already; by the words of the migrations where neither is to be had. */
#include "core/graph.h"

#include "check/depends.h"
#include "core/needs.h"
#include "core/schema.h"
#include "core/target.h"
#include "core/verify.h"
#include "util/memory.h"

#include <string.h>

static size_t node_of(const struct picture *picture, const char *name)
{
    for (size_t i = 0; i < picture->drawing.count; i++) {
        if (strcmp(picture->drawing.items[i].name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* ---- facts ---- */

/* The columns in the first parentheses, and the table behind REFERENCES. false: it is no foreign key. */
static bool read_key(const struct sql_dialect *dialect, const char *text, struct text *columns, struct text *table)
{
    struct sql_reader at;
    size_t from;
    sql_reader_open(&at, dialect, text, strlen(text));
    while (at.token.kind != SQL_END && at.token.kind != SQL_OPEN)
        sql_reader_next(&at);
    from = at.token.offset + 1;
    while (at.token.kind != SQL_END && at.token.kind != SQL_CLOSE)
        sql_reader_next(&at);
    if (at.token.kind != SQL_CLOSE)
        return false;
    text_add_n(columns, text + from, at.token.offset - from);
    sql_reader_next(&at);
    if (!sql_reader_take(&at, "references"))
        return false;
    words_name(table, dialect, text + at.token.offset, strlen(text) - at.token.offset);
    return table->length > 0;
}

/* The table that it is inside of, maybe by way of a column. */
static const struct fact *table_of(const struct facts *facts, const struct fact_keys *keys, const struct fact *fact)
{
    for (int depth = 0; fact && strcmp(fact->kind, "table") != 0 && depth < 4; depth++) {
        size_t at = fact_keys_find(keys, fact->inside);
        fact = at == SIZE_MAX ? NULL : &facts->items[at];
    }
    return fact;
}

static bool draw_tables(struct picture *picture, const struct facts *facts, const struct sql_dialect *dialect)
{
    bool good = true;
    for (size_t i = 0; good && i < facts->count; i++) {
        struct text name = {0};
        if (strcmp(facts->items[i].kind, "table") != 0)
            continue;
        words_name(&name, dialect, facts->items[i].ident, strlen(facts->items[i].ident));
        good = !name.failed && picture_node(picture, name.data ? name.data : "", NULL, false);
        text_free(&name);
    }
    return good;
}

static bool draw_key(struct picture *picture, const struct facts *facts, const struct fact_keys *keys, const struct fact *fact,
                     const struct sql_dialect *dialect)
{
    bool own = strcmp(fact->kind, "foreign key") == 0;
    struct text columns = {0}, parent = {0}, child = {0};
    const struct fact *table;
    bool good = true;
    if (!own && (strcmp(fact->kind, "constraint") != 0 || !text_starts(fact->value, "FOREIGN KEY")))
        return true;
    table = table_of(facts, keys, fact);
    if (table && read_key(dialect, own ? fact->ident : fact->value, &columns, &parent)) {
        words_name(&child, dialect, table->ident, strlen(table->ident));
        size_t from = child.data ? node_of(picture, child.data) : SIZE_MAX, to = node_of(picture, parent.data);
        if (to == SIZE_MAX && from != SIZE_MAX) { /* it is not there */
            good = picture_node(picture, parent.data, "missing", false);
            to = picture->drawing.count - 1;
        }
        if (good && from != SIZE_MAX)
            good = picture_edge(picture, from, to, columns.data, false);
    }
    good = good && !columns.failed && !parent.failed && !child.failed;
    text_free(&columns);
    text_free(&parent);
    text_free(&child);
    return good;
}

static int32_t draw_facts(struct picture *picture, const struct facts *facts, migrate_error **err)
{
    const struct sql_dialect *dialect = picture->session->db->engine->dialect;
    struct fact_keys keys = {0};
    bool good = fact_keys_make(facts, &keys) && draw_tables(picture, facts, dialect);
    for (size_t i = 0; good && i < facts->count; i++)
        good = draw_key(picture, facts, &keys, &facts->items[i], dialect);
    fact_keys_free(&keys);
    return good ? MIGRATE_OK : error_nomem(err);
}

/* ---- words ---- */

static size_t living(struct picture *picture, const char *name)
{
    size_t at = node_of(picture, name);
    return at != SIZE_MAX && !picture->drawing.items[at].head ? at : SIZE_MAX;
}

/* While tables come and go, `head` says that one is gone. */
static bool take_deed(struct picture *picture, const struct deed *deed)
{
    bool table = deed->thing.kind == THING_TABLE && strcmp(deed->thing.word, "table") == 0;
    size_t at;
    if (!table || deed->idle)
        return true;
    at = living(picture, deed->thing.name);
    if (deed->does == DEED_MAKES && at == SIZE_MAX)
        return picture_node(picture, deed->thing.name, NULL, false);
    if (deed->does == DEED_DROPS && at != SIZE_MAX && deed->to) {
        picture->drawing.items[at].name = arena_text(&picture->arena, deed->to);
        return !picture->arena.failed;
    }
    if (deed->does == DEED_DROPS && at != SIZE_MAX)
        picture->drawing.items[at].head = true;
    if (deed->does != DEED_NEEDS || !deed->inside)
        return true;
    size_t from = living(picture, deed->inside);
    return from == SIZE_MAX || at == SIZE_MAX || picture_edge(picture, from, at, NULL, true);
}

/* Those that went are taken out, with their keys. */
static bool drop_gone(struct picture *picture)
{
    struct drawing *drawing = &picture->drawing;
    size_t *now = memory_new((drawing->count + 1) * sizeof *now), kept = 0;
    if (!now)
        return false;
    for (size_t i = 0; i < drawing->count; i++) {
        now[i] = drawing->items[i].head ? SIZE_MAX : kept;
        if (!drawing->items[i].head)
            drawing->items[kept++] = drawing->items[i];
    }
    drawing->count = kept;
    kept = 0;
    for (size_t i = 0; i < drawing->edges.count; i++) {
        struct drawn_edge edge = drawing->edges.items[i];
        edge.from = now[edge.from];
        edge.to = now[edge.to];
        if (edge.from != SIZE_MAX && edge.to != SIZE_MAX)
            drawing->edges.items[kept++] = edge;
    }
    drawing->edges.count = kept;
    memory_free(now);
    return true;
}

static int32_t draw_words(struct picture *picture, size_t count, migrate_error **err)
{
    struct needs *needs = NULL;
    int32_t code = needs_open_anew(picture->session, &needs, err);
    if (code == MIGRATE_OK)
        code = needs_read_rest(needs, err);
    const struct depends *depends = code == MIGRATE_OK ? needs_depends(needs) : NULL;
    for (size_t i = 0; code == MIGRATE_OK && i < depends->count && i < count; i++) {
        for (size_t k = 0; code == MIGRATE_OK && k < depends->items[i].count; k++) {
            if (!take_deed(picture, &depends->items[i].items[k]))
                code = error_nomem(err);
        }
    }
    if (code == MIGRATE_OK && !drop_gone(picture))
        code = error_nomem(err);
    picture->by = "words";
    needs_free(needs);
    return code;
}

/* ---- which of them ---- */

/* How many migrations of the source are to have run; *current: the database is just there. */
static int32_t find_place(migrate_session *session, const struct source *source, const char *at, size_t *count, bool *current,
                          migrate_error **err)
{
    struct history history = {0};
    struct comparison comparison = {0};
    struct target target = {0};
    int32_t code = session->files ? MIGRATE_OK : history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(source, &history, &comparison, err);
    *count = source->count;
    if (code == MIGRATE_OK && at)
        code = target_read(&comparison, at, &target, err);
    if (code == MIGRATE_OK && at && (target.kind != TARGET_ID || !target.item->migration)) {
        code = error_set(err, MIGRATE_ERROR_TARGET, "\"%s\" is no migration of the source", at);
        error_hint(err, "name an id, as migratectl status lists them");
    }
    if (code == MIGRATE_OK && at)
        *count = (size_t)(target.item->migration - source->items) + 1;
    *current = !session->files && !at && comparison.counts[ITEM_PENDING] + comparison.counts[ITEM_LATE] == 0;
    comparison_free(&comparison);
    history_free(&history);
    return code;
}

static int32_t apply_all(migrate_session *scratch, const struct source *source, size_t count, migrate_error **err)
{
    const struct migration **list = memory_new((count + 1) * sizeof *list);
    if (!list)
        return error_nomem(err);
    for (size_t i = 0; i < count; i++)
        list[i] = &source->items[i];
    int32_t code = scratch_apply(scratch, list, count, err);
    memory_free(list);
    return code;
}

/* Behind those migrations in a scratch database. *words: there is none, or one of them does not run, which a check is for. */
static int32_t read_scratch(migrate_session *session, const struct source *source, size_t count, struct facts *out, bool *words,
                            migrate_error **err)
{
    migrate_session *scratch = NULL;
    migrate_error *problem = NULL;
    *words = true;
    if (database_is_absent(session->db))
        return MIGRATE_OK;
    int32_t code = scratch_open(session, &scratch, &problem);
    if (code == MIGRATE_OK)
        code = apply_all(scratch, source, count, &problem);
    if (code == MIGRATE_OK) {
        *words = false;
        code = session_facts(scratch, out, &problem);
    } else if (code == MIGRATE_ERROR_SHADOW || !walk_is_fatal(code)) {
        error_clear(&problem);
        code = MIGRATE_OK;
    }
    error_move(err, &problem);
    scratch_close(scratch);
    return code;
}

int32_t graph_of_tables(struct picture *picture, const char *at, migrate_error **err)
{
    migrate_session *session = picture->session;
    struct build *build = NULL;
    struct facts facts = {0};
    size_t count = 0;
    bool current = false, words = false;
    int32_t code = session_build(session, &build, err);
    if (code == MIGRATE_OK)
        code = find_place(session, build->source, at, &count, &current, err);
    if (code != MIGRATE_OK)
        return code;
    picture->by = current ? "database" : "scratch";
    code = current ? session_facts(session, &facts, err) : read_scratch(session, build->source, count, &facts, &words, err);
    if (code == MIGRATE_OK)
        code = words ? draw_words(picture, count, err) : draw_facts(picture, &facts, err);
    facts_free(&facts);
    return code;
}
