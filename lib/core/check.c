/* SPDX-License-Identifier: MIT
 * The verb check: findings about the migrations, by their words, by the history, and by running them in a scratch database. */
#include "core/check.h"

#include "core/verbs.h"
#include "util/memory.h"

#include <string.h>

/* ---- the source ---- */

static int32_t gather(const migrate_error *problem, void *user, migrate_error **err)
{
    struct checking *checking = user;
    checking->problems++;
    return findings_add_error(&checking->findings, problem, NULL, err);
}

/* Read anew, because it is checked as it is now; the session's verbs meanwhile work with this one. */
int32_t checking_open(struct checking *checking, migrate_session *session, migrate_error **err)
{
    struct source_options options = session_source_options(session);
    checking->session = session;
    checking->by = "source";
    checking->database = !session->files;
    if (!options.dir && !options.memory) /* none, or only a declared schema: the same answer as for any verb */
        return session_build(session, &checking->before, err);
    struct build *build = memory_new(sizeof *build);
    if (!build)
        return error_nomem(err);
    atomic_init(&build->references, 1);
    options.problem = gather;
    options.user = checking;
    int32_t code = source_open(&options, &build->source, err);
    if (code != MIGRATE_OK) {
        memory_free(build);
        return code;
    }
    checking->before = session->build;
    checking->build = session->build = build;
    checking->tried = memory_new((build->source->count + 1) * sizeof *checking->tried);
    return checking->tried ? MIGRATE_OK : error_nomem(err);
}

/* ---- the answer ---- */

static bool was_tried(const struct checking *checking, const char *file)
{
    const struct source *source = checking->build->source;
    for (size_t i = 0; i < source->count; i++) {
        if (checking->tried[i] && text_equal(source->items[i].up.file, file))
            return true;
    }
    return false;
}

static int32_t settle(struct checking *checking, migrate_error **err)
{
    const struct source *source = checking->build ? checking->build->source : NULL;
    size_t count = source ? source->ignores.count : 0;
    const char *wanted = option_text(checking->session->options, OPTION_RULES);
    struct finding_ignore *ignores = memory_new((count + 1) * sizeof *ignores);
    if (!ignores)
        return error_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const struct source_ignore *from = &source->ignores.items[i];
        ignores[i] = (struct finding_ignore){.rule = from->rule, .reason = from->reason, .file = from->file, .line = from->line,
                                             .column = from->column, .end_line = from->end_line, .end_column = from->end_column,
                                             .whole = from->whole, .history = checking->database, .tried = was_tried(checking, from->file)};
    }
    int32_t code = findings_settle(&checking->findings, ignores, count, wanted, &checking->ignored, err);
    memory_free(ignores);
    return code;
}

int32_t checking_answer(struct checking *checking, migrate_rows **out, migrate_error **err)
{
    int32_t code = settle(checking, err);
    if (code != MIGRATE_OK)
        return code;
    struct migrate_rows *rows = findings_rows(&checking->findings);
    if (!rows)
        return error_nomem(err);
    rows_value_int(rows, "ignored", (int64_t)checking->ignored);
    rows_value_text(rows, "by", checking->by);
    rows_value_text(rows, "reason", checking->reason.length ? checking->reason.data : NULL);
    rows_value_text(rows, "order", checking->order.length ? checking->order.data : NULL);
    rows_value_text(rows, "engine", checking->session->db->engine->name);
    code = rows_finish(rows, out, err);
    return code == MIGRATE_OK && findings_have_errors(&checking->findings) ? MIGRATE_FINDINGS : code;
}

/* A source without problems is as good as one that was read for any verb. */
void checking_close(struct checking *checking)
{
    if (checking->build) {
        bool keep = !checking->before && checking->problems == 0;
        checking->session->build = keep ? checking->build : checking->before;
        if (!keep)
            build_release(checking->build);
    }
    comparison_free(&checking->comparison);
    history_free(&checking->history);
    findings_free(&checking->findings);
    text_free(&checking->reason);
    text_free(&checking->order);
    memory_free(checking->tried);
}

int32_t verb_check(migrate_session *session, const char *depth, migrate_rows **out, migrate_error **err)
{
    struct checking checking = {0};
    bool live = text_equal(depth, "database"), run = live || !depth || !*depth;
    if (!run && strcmp(depth, "source") != 0) {
        error_set(err, MIGRATE_ERROR_MISUSE, "a check has no depth \"%s\"", depth);
        error_hint(err, "source, database, or NULL");
        return MIGRATE_ERROR_MISUSE;
    }
    int32_t code = session_begin_files(session, err);
    if (code == MIGRATE_OK && live && session->files) {
        code = error_set(err, MIGRATE_ERROR_MISUSE, "there is no database to be checked against");
        error_hint(err, "open the session on a database, or check the files alone with depth NULL");
    }
    if (code == MIGRATE_OK)
        code = checking_open(&checking, session, err);
    if (code == MIGRATE_OK && checking.build)
        code = check_texts(&checking, err);
    if (code == MIGRATE_OK && checking.build && checking.database)
        code = check_history(&checking, err);
    if (code == MIGRATE_OK && checking.build && run)
        code = check_run(&checking, live, err);
    if (code == MIGRATE_OK)
        code = checking_answer(&checking, out, err);
    checking_close(&checking);
    return code;
}

int32_t verb_check_rules(migrate_rows **out, migrate_error **err)
{
    static const char *const columns[] = {"rule", "name", "severity", "summary"};
    struct migrate_rows *rows = rows_new(columns, sizeof columns / sizeof *columns);
    if (!rows)
        return error_nomem(err);
    for (size_t i = 0; i < rules_count; i++) {
        rows_put_text(rows, rules[i].id);
        rows_put_text(rows, rules[i].name);
        rows_put_text(rows, rules[i].severity);
        rows_put_text(rows, rules[i].summary);
    }
    rows_value_int(rows, "count", (int64_t)rules_count);
    return rows_finish(rows, out, err);
}
