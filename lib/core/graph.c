/* SPDX-License-Identifier: MIT
 * The verb graph: who needs whom, among migrations and (graph_tables.c) among tables. */
#include "core/graph.h"

#include "check/depends.h"
#include "core/compare.h"
#include "core/needs.h"
#include "core/verbs.h"
#include "core/verify.h"
#include "util/array.h"
#include "util/memory.h"

#include <string.h>

bool picture_node(struct picture *picture, const char *name, const char *label, bool head)
{
    struct drawn node = {arena_text(&picture->arena, name), arena_text(&picture->arena, label), head};
    if (picture->arena.failed || !array_reserve(&picture->drawing))
        return false;
    picture->drawing.items[picture->drawing.count++] = node;
    return true;
}

bool picture_edge(struct picture *picture, size_t from, size_t to, const char *label, bool dashed)
{
    struct drawn_edge edge = {from, to, arena_text(&picture->arena, label), dashed};
    if (picture->arena.failed || !array_reserve(&picture->drawing.edges))
        return false;
    picture->drawing.edges.items[picture->drawing.edges.count++] = edge;
    return true;
}

/* ---- migrations ---- */

/* All of them in an empty database. One that fails is known by its words. */
static int32_t observe_all(struct picture *picture, struct needs *needs, const struct source *source, migrate_error **err)
{
    migrate_session *session = picture->session, *scratch = NULL;
    struct observer observer = needs_observer(needs);
    migrate_error *problem = NULL;
    picture->by = "words";
    if (database_is_absent(session->db))
        return MIGRATE_OK;
    int32_t code = scratch_open(session, &scratch, &problem);
    if (code == MIGRATE_ERROR_SHADOW) {
        error_clear(&problem);
        return MIGRATE_OK;
    }
    error_move(err, &problem);
    if (code != MIGRATE_OK)
        return code;
    struct observing observing = {.scratch = scratch, .observers = &observer, .count = 1, .whole = true};
    for (size_t i = 0; code == MIGRATE_OK && i < source->count; i++) {
        code = observe(&observing, &source->items[i], &problem, err);
        error_clear(&problem);
    }
    picture->by = "scratch";
    observing_free(&observing);
    scratch_close(scratch);
    return code;
}

/* Its state, where there is a database. */
static const char *state_of(const struct comparison *comparison, const char *id)
{
    for (size_t i = 0; i < comparison->count; i++) {
        if (comparison->items[i].migration && strcmp(comparison->items[i].migration->id, id) == 0)
            return item_state_name(comparison->items[i].state);
    }
    return NULL;
}

static int32_t read_states(migrate_session *session, struct build *build, struct comparison *out, migrate_error **err)
{
    struct history history = {0};
    if (session->files)
        return MIGRATE_OK;
    int32_t code = history_load(session, &history, err);
    if (code == MIGRATE_OK)
        code = compare(build->source, &history, out, err);
    history_free(&history);
    return code;
}

static bool is_head(const size_t *heads, size_t count, size_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (heads[i] == at)
            return true;
    }
    return false;
}

static bool draw(struct picture *picture, const struct depends *depends, const struct edges *edges, const struct comparison *states)
{
    static const char *const words[] = {[EDGE_DECLARED] = "declared", [EDGE_FOUND] = "found", [EDGE_GUESSED] = "guessed"};
    size_t *heads = NULL, count = 0;
    bool good = depends_heads(depends, &heads, &count);
    if (good && count > 1)
        depends_merge(depends, heads, count, &picture->merge);
    picture->heads = count;
    for (size_t i = 0; good && i < depends->count; i++)
        good = picture_node(picture, depends->items[i].id, state_of(states, depends->items[i].id), is_head(heads, count, i));
    for (size_t i = 0; good && i < edges->count; i++) {
        const struct edge *edge = &edges->items[i];
        good = picture_edge(picture, edge->by, edge->needed, words[edge->how], edge->how != EDGE_DECLARED);
    }
    memory_free(heads);
    return good && !picture->merge.failed;
}

static int32_t graph_of_migrations(struct picture *picture, bool declared, migrate_error **err)
{
    struct needs *needs = NULL;
    struct build *build = NULL;
    struct edges edges = {0};
    struct comparison states = {0};
    int32_t code = session_build(picture->session, &build, err);
    if (code == MIGRATE_OK)
        code = needs_open_anew(picture->session, &needs, err);
    if (code == MIGRATE_OK)
        code = read_states(picture->session, build, &states, err);
    picture->by = "declared";
    if (code == MIGRATE_OK && !declared)
        code = observe_all(picture, needs, build->source, err);
    if (code == MIGRATE_OK && !declared)
        code = needs_read_rest(needs, err);
    if (code == MIGRATE_OK) {
        const struct depends *depends = needs_depends(needs);
        if (!depends_edges(depends, &edges) || !edges_reduce(depends, &edges) || !draw(picture, depends, &edges, &states))
            code = error_nomem(err);
    }
    edges_free(&edges);
    comparison_free(&states);
    needs_free(needs);
    return code;
}

/* ---- the answer ---- */

static void put_rows(struct migrate_rows *rows, const struct picture *picture)
{
    const struct drawing *drawing = &picture->drawing;
    for (size_t i = 0; i < drawing->count; i++) {
        rows_put_text(rows, "node");
        rows_put_text(rows, drawing->items[i].name);
        rows_put_null(rows);
        rows_put_text(rows, drawing->items[i].label);
        rows_put_bool(rows, drawing->items[i].head);
    }
    for (size_t i = 0; i < drawing->edges.count; i++) {
        const struct drawn_edge *edge = &drawing->edges.items[i];
        rows_put_text(rows, "edge");
        rows_put_text(rows, drawing->items[edge->from].name);
        rows_put_text(rows, drawing->items[edge->to].name);
        rows_put_text(rows, edge->label);
        rows_put_bool(rows, false);
    }
}

static void put_text(struct migrate_rows *rows, const char *name, void (*form)(const struct drawing *, struct text *),
                     const struct drawing *drawing, bool *failed)
{
    struct text text = {0};
    form(drawing, &text);
    rows_value_text(rows, name, text.data ? text.data : "");
    *failed |= text.failed;
    text_free(&text);
}

static int32_t answer(const struct picture *picture, migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"kind", "from", "to", "label", "head"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    bool failed = false;
    if (!rows)
        return error_nomem(err);
    put_rows(rows, picture);
    rows_value_int(rows, "nodes", (int64_t)picture->drawing.count);
    rows_value_int(rows, "edges", (int64_t)picture->drawing.edges.count);
    rows_value_int(rows, "heads", (int64_t)picture->heads);
    rows_value_text(rows, "merge", picture->merge.length ? picture->merge.data : NULL);
    rows_value_text(rows, "by", picture->by);
    put_text(rows, "dot", drawing_dot, &picture->drawing, &failed);
    put_text(rows, "mermaid", drawing_mermaid, &picture->drawing, &failed);
    put_text(rows, "text", drawing_text, &picture->drawing, &failed);
    if (failed) {
        rows_free(rows);
        return error_nomem(err);
    }
    return rows_finish(rows, out, err);
}

int32_t verb_graph(migrate_session *session, const char *of, const char *at, migrate_rows **out, migrate_error **err)
{
    struct picture picture = {.session = session};
    bool tables = text_equal(of, "tables"), declared = text_equal(of, "declared");
    if (of && *of && !tables && !declared && strcmp(of, "migrations") != 0) {
        error_set(err, MIGRATE_ERROR_MISUSE, "there is no graph of \"%s\"", of);
        error_hint(err, "migrations, tables or declared");
        return MIGRATE_ERROR_MISUSE;
    }
    if (at && *at && !tables) {
        error_set(err, MIGRATE_ERROR_MISUSE, "only tables are drawn as they stand behind a migration");
        error_hint(err, "ask for the graph of tables, or leave the id out");
        return MIGRATE_ERROR_MISUSE;
    }
    int32_t code = session_begin_files(session, err);
    if (code == MIGRATE_OK)
        code = tables ? graph_of_tables(&picture, at && *at ? at : NULL, err) : graph_of_migrations(&picture, declared, err);
    if (code == MIGRATE_OK)
        code = answer(&picture, out, err);
    drawing_free(&picture.drawing);
    text_free(&picture.merge);
    arena_free(&picture.arena);
    return code;
}
