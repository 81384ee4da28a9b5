/* SPDX-License-Identifier: MIT
 * Before a merge: what is new here, and what is new on another side. Does it fit together? The other side is a folder; what both sides
 * began from may be one, too. */
#include "core/check.h"

#include "core/needs.h"
#include "core/verbs.h"
#include "util/memory.h"

#include <string.h>

struct against {
    struct checking checking;
    struct source *other, *base; /* base NULL: nobody knows who changed what */
    struct needs *needs;
    size_t new_here, new_there;
};

static const struct migration *find(const struct source *source, const struct migration *like)
{
    for (size_t i = 0; source && i < source->count; i++) {
        if (source->items[i].kind == like->kind && strcmp(source->items[i].id, like->id) == 0)
            return &source->items[i];
    }
    return NULL;
}

static int32_t tell(struct against *against, const struct finding *finding, migrate_error **err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static int32_t tell(struct against *against, const struct finding *finding, migrate_error **err, const char *format, ...)
{
    struct text message = {0};
    va_list arguments;
    va_start(arguments, format);
    text_vformat(&message, format, arguments);
    va_end(arguments);
    int32_t code = message.failed ? error_nomem(err) : findings_tell(&against->checking.findings, finding, err, "%s", message.data);
    text_free(&message);
    return code;
}

/* ---- texts that both have ---- */

static int32_t same_text(const struct migration *a, const struct migration *b, bool *out, migrate_error **err)
{
    int32_t code = source_checksum(a, err);
    if (code == MIGRATE_OK)
        code = source_checksum(b, err);
    *out = code == MIGRATE_OK && strcmp(a->checksum, b->checksum) == 0;
    return code;
}

/* Not where one has none: a big text, or code. */
static int32_t same_tokens(const struct against *against, const struct migration *ours, const struct migration *theirs, bool *out,
                           migrate_error **err)
{
    int32_t code = source_tokens(against->checking.build->source, ours, NULL, err);
    if (code == MIGRATE_OK)
        code = source_tokens(against->other, theirs, NULL, err);
    *out = code == MIGRATE_OK && *ours->token_checksum && strcmp(ours->token_checksum, theirs->token_checksum) == 0;
    return code;
}

static int32_t check_both(struct against *against, const struct migration *ours, const struct migration *theirs, migrate_error **err)
{
    const struct migration *base = find(against->base, ours);
    struct finding finding = {.rule = "modified", .id = ours->id, .file = ours->up.file, .other = ours->id,
                              .hint = "bring the text of the other side back, and write a new migration"};
    bool same = false, cosmetic = false, here = true;
    if (ours->kind == MIGRATION_REPEATABLE || ours->up.unreadable || theirs->up.unreadable)
        return MIGRATE_OK;
    int32_t code = same_text(ours, theirs, &same, err);
    if (code != MIGRATE_OK || same)
        return code;
    code = same_tokens(against, ours, theirs, &cosmetic, err);
    if (code == MIGRATE_OK && base)
        code = same_text(ours, base, &same, err);
    if (code != MIGRATE_OK)
        return code;
    here = !base || !same;
    finding.severity = cosmetic || !here ? "warning" : "error";
    if (!here)
        finding.hint = "take the text of the other side over";
    return tell(against, &finding, err, "%s: its text is another one than on the other side, %s; %s", ours->id,
                !base ? "where it is already" : here ? "and was changed here" : "where it was changed",
                cosmetic ? "only comments or white space differ" : "statements differ");
}

/* ---- what is new here ---- */

static const struct migration *highest(const struct source *source)
{
    const struct migration *highest = NULL;
    for (size_t i = 0; i < source->versioned; i++) {
        const struct migration *m = &source->items[i];
        if (m->number && (!highest || source_compare_numbers(m->number, highest->number) > 0))
            highest = m;
    }
    return highest;
}

static const struct migration *same_number_there(const struct against *against, const struct migration *ours)
{
    for (size_t i = 0; i < against->other->versioned; i++) {
        const struct migration *m = &against->other->items[i];
        if (m->number && source_compare_numbers(m->number, ours->number) == 0 && strcmp(m->id, ours->id) != 0)
            return m;
    }
    return NULL;
}

static int32_t check_number(struct against *against, const struct migration *ours, migrate_error **err)
{
    const struct migration *high = highest(against->other), *same = same_number_there(against, ours);
    struct finding finding = {.id = ours->id, .file = ours->up.file, .hint = "renumber this one: no database has it yet"};
    if (same && !option_is(against->checking.session->options, OPTION_DUPLICATE_NUMBERS, "allow")) {
        finding.rule = "duplicate";
        finding.other = same->id;
        return tell(against, &finding, err, "the other side has another migration with the number %s: %s", ours->number, same->id);
    }
    if (!high || ours->out_of_order || source_compare_numbers(ours->number, high->number) >= 0)
        return MIGRATE_OK;
    finding.rule = "late";
    finding.other = high->id;
    finding.severity = option_is(against->checking.session->options, OPTION_ORDER, "any") ? "info" : "error";
    return tell(against, &finding, err, "%s is new here, and numbered lower than %s, which is on the other side already: behind a merge it "
                                        "is late", ours->id, high->id);
}

/* Which of the other side's, absent here, has this text. */
static int32_t find_former(const struct against *against, const struct migration *ours, const struct migration **out, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && !*out && i < against->other->versioned && !ours->up.unreadable; i++) {
        const struct migration *theirs = &against->other->items[i];
        bool same = false;
        if (theirs->up.unreadable || find(against->checking.build->source, theirs))
            continue;
        code = same_text(ours, theirs, &same, err);
        if (same)
            *out = theirs;
    }
    return code;
}

static int32_t check_new(struct against *against, const struct migration *ours, migrate_error **err)
{
    const struct migration *former = NULL;
    struct finding finding = {.rule = "missing", .severity = "warning", .id = ours->id, .file = ours->up.file,
                              .hint = "remove it here, too, or bring it back there"};
    if (find(against->base, ours))
        return tell(against, &finding, err, "%s was removed on the other side", ours->id);
    int32_t code = ours->kind == MIGRATION_VERSIONED ? find_former(against, ours, &former, err) : MIGRATE_OK;
    if (code != MIGRATE_OK)
        return code;
    if (former) {
        finding = (struct finding){.rule = "renamed", .id = ours->id, .file = ours->up.file, .other = former->id,
                                   .hint = "bring the old name back: databases have it under that id"};
        return tell(against, &finding, err, "%s is called %s on the other side", ours->id, former->id);
    }
    against->new_here++;
    code = ours->number && ours->kind == MIGRATION_VERSIONED ? check_number(against, ours, err) : MIGRATE_OK;
    return code == MIGRATE_OK && !ours->up.unreadable ? needs_ours(against->needs, ours, err) : code;
}

/* ---- what is not here ---- */

/* Without a base: it is not the newest there, so it was here before. */
static bool was_here(const struct against *against, const struct migration *theirs)
{
    const struct source *ours = against->checking.build->source;
    if (against->base)
        return find(against->base, theirs) != NULL;
    for (size_t i = 0; theirs->kind == MIGRATION_VERSIONED && i < ours->versioned; i++) {
        const struct migration *there = find(against->other, &ours->items[i]);
        if (there && there > theirs)
            return true;
    }
    return false;
}

static int32_t check_gone(struct against *against, const struct migration *theirs, migrate_error **err)
{
    const struct source *ours = against->checking.build->source;
    struct finding finding = {.rule = "missing", .id = theirs->id, .hint = "bring the file back: databases have it"};
    for (size_t i = 0; i < ours->versioned && theirs->kind == MIGRATION_VERSIONED; i++) { /* told as renamed */
        const struct migration *m = &ours->items[i], *former = NULL;
        int32_t code = find(against->other, m) ? MIGRATE_OK : find_former(against, m, &former, err);
        if (code != MIGRATE_OK || former == theirs)
            return code;
    }
    return tell(against, &finding, err, "%s is on the other side, and was removed here", theirs->id);
}

static int32_t check_absent(struct against *against, const struct migration *theirs, migrate_error **err)
{
    if (was_here(against, theirs))
        return check_gone(against, theirs, err);
    against->new_there++;
    return theirs->up.unreadable ? MIGRATE_OK : needs_theirs(against->needs, against->other, theirs, err);
}

/* ---- what they need of each other ---- */

/* NULL: none, which is nobody's in particular. */
static bool is_on_both(const struct against *against, const char *id)
{
    const struct source *ours = against->checking.build->source;
    for (size_t i = 0; id && i < ours->count; i++) {
        if (strcmp(ours->items[i].id, id) == 0)
            return find(against->other, &ours->items[i]) != NULL;
    }
    return !id;
}

/* What is between two that both sides have is nothing of this merge. */
static int32_t check_needs(struct against *against, migrate_error **err)
{
    struct findings *findings = &against->checking.findings;
    size_t kept = findings->count;
    against->checking.by = "words";
    int32_t code = needs_findings(against->needs, findings, &against->checking.order, err);
    for (size_t i = kept; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (!finding->id || !is_on_both(against, finding->id) || !is_on_both(against, finding->other))
            findings->items[kept++] = *finding;
    }
    findings->count = kept;
    return code;
}

/* ---- all of it ---- */

/* What is wrong there is told there. */
static int32_t pass_over(const migrate_error *problem, void *user, migrate_error **err)
{
    (void)problem;
    (void)user;
    (void)err;
    return MIGRATE_OK;
}

static int32_t read_side(migrate_session *session, const char *dir, struct source **out, migrate_error **err)
{
    struct source_options options = session_source_options(session);
    options.dir = dir;
    options.memory = NULL;
    options.problem = pass_over;
    return source_open(&options, out, err);
}

static int32_t compare_sides(struct against *against, migrate_error **err)
{
    const struct source *ours = against->checking.build->source;
    int32_t code = MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < ours->count; i++) {
        const struct migration *theirs = find(against->other, &ours->items[i]);
        code = watch_error(&against->checking.session->watch, watch_check(&against->checking.session->watch), err);
        if (code == MIGRATE_OK)
            code = theirs ? check_both(against, &ours->items[i], theirs, err) : check_new(against, &ours->items[i], err);
    }
    for (size_t i = 0; code == MIGRATE_OK && i < against->other->count; i++) {
        if (!find(ours, &against->other->items[i]))
            code = check_absent(against, &against->other->items[i], err);
    }
    return code;
}

int32_t verb_check_against(migrate_session *session, const char *dir, const char *base, migrate_rows **out, migrate_error **err)
{
    struct against against = {0};
    struct checking *checking = &against.checking;
    int32_t code = session_begin_files(session, err);
    if (code == MIGRATE_OK)
        code = checking_open(checking, session, err);
    if (code == MIGRATE_OK && checking->build) {
        checking->database = false; /* whatever it has, it is not asked */
        code = read_side(session, dir, &against.other, err);
        if (code == MIGRATE_OK && base)
            code = read_side(session, base, &against.base, err);
        if (code == MIGRATE_OK)
            code = needs_open(session, &against.needs, err);
        if (code == MIGRATE_OK)
            code = compare_sides(&against, err);
        if (code == MIGRATE_OK && against.new_here > 0 && against.new_there > 0)
            code = check_needs(&against, err);
    }
    if (code == MIGRATE_OK)
        code = checking_answer(checking, out, err);
    needs_free(against.needs);
    source_free(against.other);
    source_free(against.base);
    checking_close(checking);
    return code;
}
