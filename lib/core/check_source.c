/* SPDX-License-Identifier: MIT
 * What a check finds without running anything: by each migration's text and name, and by what the history says of it. */
#include "core/check.h"

#include "core/script.h"
#include "util/memory.h"

#include <string.h>

/* ---- texts ---- */

struct looking {
    struct checking *checking;
    const char *id;
    bool down;
};

static int32_t tell(const migrate_error *problem, void *user, migrate_error **err)
{
    const struct looking *looking = user;
    return findings_add_error(&looking->checking->findings, problem, NULL, err);
}

static int32_t look_at_words(struct checking *checking, const char *id, const struct section *section, const struct script *script,
                             bool down, migrate_error **err)
{
    struct checked_text text = {.dialect = script->engine->dialect, .id = id, .file = section->file, .down = down,
                                .text = script->text.text.data ? script->text.text.data : "", .length = script->text.text.length,
                                .first_line = script->text.first_line, .first_column = script->text.first_column};
    return check_text(&text, &checking->findings, err);
}

/* A text that is no file has no line ends of its own. */
static int32_t look_at_bytes(struct checking *checking, const char *id, const struct section *section, migrate_error **err)
{
    struct text bytes = {0};
    int32_t code = section->from_block ? MIGRATE_OK : section_bytes(section, &bytes, err);
    if (code == MIGRATE_OK)
        code = check_bytes(id, section->file, bytes.data ? bytes.data : "", bytes.length, &checking->findings, err);
    text_free(&bytes);
    return code;
}

static int32_t look_at(struct checking *checking, const char *id, const struct section *section, bool down, migrate_error **err)
{
    struct looking looking = {checking, id, down};
    struct script like = {.engine = checking->session->db->engine, .can_copy = true}, script = {0};
    if (!section->present || section->code || section->unreadable)
        return MIGRATE_OK;
    int32_t code = look_at_bytes(checking, id, section, err);
    if (code == MIGRATE_OK)
        code = script_look(&like, checking->build->source, id, section, tell, &looking, &script, err);
    if (code == MIGRATE_OK && (!section->big || section->from_block))
        code = look_at_words(checking, id, section, &script, down, err);
    script_free(&script);
    return code;
}

static int32_t check_numbers(struct checking *checking, migrate_error **err)
{
    const struct source *source = checking->build->source;
    struct checked_number *numbers = memory_new((source->versioned + 1) * sizeof *numbers);
    if (!numbers)
        return error_nomem(err);
    for (size_t i = 0; i < source->versioned; i++) {
        const struct migration *m = &source->items[i];
        numbers[i] = (struct checked_number){m->id, m->up.file, m->number};
    }
    int32_t code = check_gaps(numbers, source->versioned, &checking->findings, err);
    memory_free(numbers);
    return code;
}

static int32_t check_way_down(struct checking *checking, const struct migration *m, migrate_error **err)
{
    struct finding finding = {.rule = "no-rollback", .id = m->id, .file = m->up.file,
                              .hint = "write a block -- ROLLBACK: or a .down.sql file, or let one be generated (generate)"};
    if (m->kind == MIGRATION_REPEATABLE || m->down.present || m->up.unreadable)
        return MIGRATE_OK;
    return findings_tell(&checking->findings, &finding, err, "%s has no way down", m->id);
}

int32_t check_texts(struct checking *checking, migrate_error **err)
{
    const struct source *source = checking->build->source;
    int32_t code = check_numbers(checking, err);
    for (size_t i = 0; code == MIGRATE_OK && i < source->count; i++) {
        const struct migration *m = &source->items[i];
        code = watch_error(&checking->session->watch, watch_check(&checking->session->watch), err);
        if (code == MIGRATE_OK)
            code = look_at(checking, m->id, &m->up, false, err);
        if (code == MIGRATE_OK)
            code = look_at(checking, m->id, &m->down, true, err);
        if (code == MIGRATE_OK)
            code = check_way_down(checking, m, err);
    }
    if (code == MIGRATE_OK && source->schema.present)
        code = look_at(checking, NULL, &source->schema.up, false, err);
    return code;
}

/* ---- the history ---- */

/* What a run would refuse is an error; what it lets pass with a warning, a warning; what is allowed is told as well. */
static const char *severity_of(const struct checking *checking, const struct item *item)
{
    switch (policy_of(checking->session, &checking->comparison, item->state)) {
    case POLICY_FAIL:
        return item->cosmetic ? "warning" : "error";
    case POLICY_WARN:
        return item->cosmetic ? "info" : "warning";
    case POLICY_ALLOW:
        break;
    }
    return "info";
}

static int32_t check_item(struct checking *checking, const struct item *item, migrate_error **err)
{
    struct finding finding = {.rule = item_state_name(item->state), .severity = severity_of(checking, item), .id = item_id(item),
                              .file = item->migration ? item->migration->up.file : NULL, .hint = policy_hint(item->state)};
    if (item->state == ITEM_APPLIED || item->state == ITEM_PENDING)
        return MIGRATE_OK;
    if (item->state == ITEM_RENAMED) {
        finding.other = item->applied->id;
        return findings_tell(&checking->findings, &finding, err, "%s: %s, as %s", item_id(item), policy_what(item->state), item->applied->id);
    }
    if (item->state == ITEM_MODIFIED)
        return findings_tell(&checking->findings, &finding, err, "%s: %s; %s", item_id(item), policy_what(item->state),
                             item->cosmetic ? "only comments or white space changed" : "statements changed");
    return findings_tell(&checking->findings, &finding, err, "%s: %s", item_id(item), policy_what(item->state));
}

int32_t check_history(struct checking *checking, migrate_error **err)
{
    int32_t code = history_load(checking->session, &checking->history, err);
    if (code == MIGRATE_OK)
        code = compare(checking->build->source, &checking->history, &checking->comparison, err);
    for (size_t i = 0; code == MIGRATE_OK && i < checking->comparison.count; i++)
        code = check_item(checking, &checking->comparison.items[i], err);
    return code;
}
