/* SPDX-License-Identifier: MIT
 * The findings DP.. about migrations that do not run for want of something, do not do what they say, or declare something else than they
 * need; what two of them do to one thing is in depends_pairs.c. */
#include "check/depends_judging.h"

#include "util/memory.h"

#include <string.h>

/* ---- one finding ---- */

bool judging_tell(struct judging *judging, const char *rule, const char *severity, size_t at, const struct deed *deed, size_t other,
                  const char *hint, const char *format, ...)
{
    const struct depend *depend = &judging->depends->items[at];
    const struct rule *row = rule_find(rule);
    struct text message = {0};
    va_list arguments;

    va_start(arguments, format);
    text_vformat(&message, format, arguments);
    va_end(arguments);
    struct finding finding = {.rule = row->id, .severity = severity != NULL ? severity : row->severity, .id = depend->id, .file = depend->file,
                              .message = message.data, .hint = hint, .line = deed != NULL ? deed->line : 0,
                              .column = deed != NULL ? deed->column : 0, .guess = deed != NULL ? deed->guess : !depend->observed,
                              .other = other != SIZE_MAX ? judging->depends->items[other].id : NULL};
    int32_t code = message.failed ? error_nomem(judging->err) : findings_add(judging->out, &finding, judging->err);
    text_free(&message);
    judging->code = code;
    return code == MIGRATE_OK;
}

const char *judging_id(const struct judging *judging, size_t at)
{
    return judging->depends->items[at].id;
}

/* A hint, until the next one. */
static const char *hint(struct judging *judging, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *hint(struct judging *judging, const char *format, ...)
{
    va_list arguments;

    text_clear(&judging->hint);
    va_start(arguments, format);
    text_vformat(&judging->hint, format, arguments);
    va_end(arguments);
    return judging->hint.data;
}

/* ---- what does not run ---- */

/* Where it did not run, as a deed, for its place. */
static struct deed failed_at(const struct depend *depend)
{
    return (struct deed){.thing = depend->failing.thing, .line = depend->failing.line, .column = depend->failing.column,
                         .guess = !depend->observed && depend->failing.message == NULL};
}

static bool is_moved(const struct judging *judging, size_t at, size_t other)
{
    size_t place = SIZE_MAX, before = SIZE_MAX;

    for (size_t i = 0; judging->order != NULL && i < judging->order_count; i++) {
        place = judging->order[i] == at ? i : place;
        before = judging->order[i] == other ? i : before;
    }
    return place != SIZE_MAX && before != SIZE_MAX && before < place;
}

/* A later one makes it. */
static bool tell_later(struct judging *judging, size_t at, size_t maker)
{
    const struct depend *depend = &judging->depends->items[at];
    const struct thing *thing = &depend->failing.thing;
    const char *id = judging_id(judging, maker);
    struct deed place = failed_at(depend);

    if (is_moved(judging, at, maker))
        return judging_tell(judging, "DP12", NULL, at, &place, maker,
                            hint(judging, "write \"-- Depends: %s\" into the file: behind that one it applies, which was tried in a scratch database", id),
                            "%s has to run behind %s, which makes the %s %s that it needs", depend->id, id, thing->word, thing->name);
    return judging_tell(judging, "DP01", NULL, at, &place, maker,
                        hint(judging, "write \"-- Depends: %s\" into the file, or give it a number behind that one", id),
                        "%s needs the %s %s, which only %s makes, later", depend->id, thing->word, thing->name, id);
}

static bool tell_dropped(struct judging *judging, size_t at, size_t dropper, const struct deed *deed)
{
    const struct depend *depend = &judging->depends->items[at];
    const struct thing *thing = &depend->failing.thing;
    struct deed place = failed_at(depend);

    if (deed->to != NULL)
        return judging_tell(judging, "DP05", NULL, at, &place, dropper, hint(judging, "use the new name, %s", deed->to),
                            "%s uses the %s %s, which %s renamed to %s", depend->id, thing->word, thing->name, judging_id(judging, dropper),
                            deed->to);
    return judging_tell(judging, "DP05", NULL, at, &place, dropper,
                        hint(judging, "take the use out, or do not drop it in %s", judging_id(judging, dropper)),
                        "%s uses the %s %s, which %s dropped", depend->id, thing->word, thing->name, judging_id(judging, dropper));
}

/* Made by one that did not run either: that one's finding says what to do. */
static bool tell_follows(struct judging *judging, size_t at, size_t maker)
{
    const struct depend *depend = &judging->depends->items[at];
    struct deed place = failed_at(depend);

    return judging_tell(judging, "DP01", "info", at, &place, maker, hint(judging, "mend %s first", judging_id(judging, maker)),
                        "%s could not be tried: the %s %s that it needs comes from %s, which does not run", depend->id,
                        depend->failing.thing.word, depend->failing.thing.name, judging_id(judging, maker));
}

static bool tell_missing(struct judging *judging, size_t at)
{
    const struct depend *depend = &judging->depends->items[at];
    const struct thing *thing = &depend->failing.thing;
    bool refers = depend->failing.kind == FAILING_REFERS;
    const struct deed *deed = NULL;
    size_t maker = found_maker(judging->found, thing, at), dropper = found_dropper(judging->found, thing, at, &deed);
    struct deed place = failed_at(depend);

    if (maker != SIZE_MAX && judging->depends->items[maker].failing.kind != FAILING_NOT)
        return is_moved(judging, at, maker) ? tell_later(judging, at, maker) : tell_follows(judging, at, maker);
    if (dropper != SIZE_MAX)
        return tell_dropped(judging, at, dropper, deed);
    maker = found_later(judging->found, thing, at + 1);
    if (maker != SIZE_MAX)
        return tell_later(judging, at, maker);
    if (refers)
        return judging_tell(judging, "DP02", NULL, at, &place, SIZE_MAX,
                            hint(judging, "make the table %s in a migration before this one, or mend the name", thing->name),
                            "a foreign key of %s refers to the table %s, which nothing makes", depend->id, thing->name);
    return judging_tell(judging, "DP01", NULL, at, &place, SIZE_MAX,
                        hint(judging, "make it in a migration before this one, or mend the name%s",
                             thing->kind == THING_TABLE ? "; if it is made outside of the migrations, they need one that makes it, too" : ""),
                        "%s needs the %s %s, which nothing makes", depend->id, thing->word, thing->name);
}

static bool tell_exists(struct judging *judging, size_t at)
{
    const struct depend *depend = &judging->depends->items[at];
    const struct thing *thing = &depend->failing.thing;
    size_t maker = found_maker(judging->found, thing, at);
    struct deed place = failed_at(depend);

    while (maker != SIZE_MAX && judging->depends->items[maker].failing.kind != FAILING_NOT) /* it would have, but did not run */
        maker = found_maker(judging->found, thing, maker);
    if (maker == SIZE_MAX)
        return judging_tell(judging, "DP04", NULL, at, &place, SIZE_MAX, "drop it first, or give it another name",
                            "%s makes the %s %s, which is there already", depend->id, thing->word, thing->name);
    return judging_tell(judging, "DP04", NULL, at, &place, maker,
                        "take it out of one of the two, or change it (ALTER) instead of making it",
                        "%s makes the %s %s, which %s made already", depend->id, thing->word, thing->name, judging_id(judging, maker));
}

static bool judge_failing(struct judging *judging, size_t at)
{
    struct depend *depend = &judging->depends->items[at];
    struct deed place = failed_at(depend);

    if (depend->failing.kind == FAILING_KEY) {
        depend->explained = true;
        return judging_tell(judging, "DP03", NULL, at, &place, SIZE_MAX,
                            "give the columns that it refers to a unique index or a primary key first",
                            "a foreign key of %s refers to columns that no unique index is on: %s", depend->id, depend->failing.message);
    }
    if (depend->failing.thing.name == NULL)
        return true;
    depend->explained = depend->failing.kind != FAILING_OTHER && depend->failing.kind != FAILING_NOT;
    if (depend->failing.kind == FAILING_MISSING || depend->failing.kind == FAILING_REFERS)
        return tell_missing(judging, at);
    return depend->failing.kind != FAILING_EXISTS || tell_exists(judging, at);
}

/* ---- by the words alone ---- */

/* It makes it itself, before that. */
static bool makes_itself(const struct depend *depend, const struct deed *needed)
{
    for (const struct deed *deed = depend->items; deed < needed; deed++)
        if (deed->does == DEED_MAKES && things_same(&deed->thing, &needed->thing))
            return true;
    return false;
}

/* Whose names are all in the words: the engine names indexes and sequences by itself, and brings types and functions along. */
static bool is_named(const struct thing *thing)
{
    return thing->kind == THING_TABLE && !text_equal(thing->word, "index") && !text_equal(thing->word, "sequence");
}

/* Nothing was run: what its words need, and nobody made. */
static bool judge_guessed(struct judging *judging, size_t at)
{
    struct depend *depend = &judging->depends->items[at];

    for (size_t i = 0; i < depend->count; i++) {
        const struct deed *deed = &depend->items[i];
        size_t later;

        if (!deed->guess || deed->late || deed->idle || deed->thing.kind == THING_TYPE || deed->thing.kind == THING_OTHER ||
            deed->does == DEED_MAKES || deed->word != NULL || makes_itself(depend, deed) ||
            found_maker(judging->found, &deed->thing, at) != SIZE_MAX)
            continue;
        later = found_later(judging->found, &deed->thing, at + 1);
        const struct deed *drop = NULL;
        size_t dropper = found_dropper(judging->found, &deed->thing, at, &drop);
        if (later == SIZE_MAX && dropper == SIZE_MAX && (judging->partial || !is_named(&deed->thing)))
            continue;
        depend->failing = (struct failing){.kind = FAILING_MISSING, .thing = deed->thing, .line = deed->line, .column = deed->column};
        bool good = tell_missing(judging, at);
        depend->failing = (struct failing){0};
        if (!good)
            return false;
        break;
    }
    return true;
}

/* ---- what did nothing ---- */

/* PG34 told of it, as the server says so, and learns who made what is there. */
static bool is_noticed(const struct judging *judging, size_t at, const struct deed *deed, size_t maker)
{
    bool found = false;

    for (size_t i = 0; i < judging->out->count; i++) {
        struct finding *finding = &judging->out->items[i];

        if (!text_equal(finding->rule, "PG34") || !text_equal(finding->id, judging_id(judging, at)) || finding->line != deed->line)
            continue;
        found = true;
        if (finding->other == NULL && maker != SIZE_MAX)
            finding->other = arena_text(&judging->out->arena, judging_id(judging, maker));
    }
    return found;
}

static bool judge_idle(struct judging *judging, size_t at)
{
    const struct depend *depend = &judging->depends->items[at];

    for (size_t i = 0; i < depend->count; i++) {
        const struct deed *deed = &depend->items[i];
        size_t maker, dropper;

        if (!deed->idle)
            continue;
        maker = found_maker(judging->found, &deed->thing, at);
        dropper = found_dropper(judging->found, &deed->thing, at, NULL);
        if (is_noticed(judging, at, deed, deed->does == DEED_DROPS ? dropper : maker))
            continue;
        if (text_equal(deed->word, "OR REPLACE")) {
            if (!judging_tell(judging, "DP09", "info", at, deed, maker, "take it out: it is what it says already",
                              "%s replaces the %s %s by the same", depend->id, deed->thing.word, deed->thing.name))
                return false;
        } else if (deed->does == DEED_DROPS) {
            if (!judging_tell(judging, "DP09", "info", at, deed, dropper, "take it out, or mend the name",
                              "IF EXISTS did nothing: there is no %s %s to drop", deed->thing.word, deed->thing.name))
                return false;
        } else if (!judging_tell(judging, "DP09", NULL, at, deed, maker,
                                 "write it without IF NOT EXISTS, so that what is there is not taken for what is meant",
                                 "IF NOT EXISTS did nothing: the %s %s is there already%s%s, whatever it looks like", deed->thing.word,
                                 deed->thing.name, maker != SIZE_MAX ? ", made by " : "", maker != SIZE_MAX ? judging_id(judging, maker) : "")) {
            return false;
        }
    }
    return true;
}

/* ---- what is broken behind the run ---- */

/* Another rule, which looks behind each statement, told of it already. */
static bool is_told(const struct judging *judging, const struct broken *broken)
{
    const char *rule = text_equal(broken->what, "reference") ? "SQ03" : text_equal(broken->what, "function") ? "PG35" : "SQ04";
    const char *dot = strrchr(broken->ident, '.'), *name = dot != NULL ? dot + 1 : broken->ident;

    for (size_t i = 0; i < judging->out->count; i++) {
        const struct finding *finding = &judging->out->items[i];

        if (text_equal(finding->rule, rule) && text_equal(finding->id, judging_id(judging, broken->by)) && strstr(finding->message, name) != NULL)
            return true;
    }
    return false;
}

static bool judge_broken(struct judging *judging)
{
    for (size_t i = 0; i < judging->depends->broken.count; i++) {
        const struct broken *broken = &judging->depends->broken.items[i];
        struct deed place = {0};
        bool good;

        if (is_told(judging, broken))
            continue;
        for (size_t k = 0; k < judging->depends->items[broken->by].count; k++) {
            const struct deed *deed = &judging->depends->items[broken->by].items[k];

            if (deed->does != DEED_NEEDS && (place.line == 0 || text_equal(deed->thing.name, broken->ident))) {
                place.line = deed->line;
                place.column = deed->column;
            }
        }
        if (text_equal(broken->what, "reference"))
            good = judging_tell(judging, "DP02", NULL, broken->by, &place, SIZE_MAX, "make that table, or mend the name",
                                "a foreign key of %s refers to a table that is not there behind the run: %s", broken->ident, broken->message);
        else if (text_equal(broken->what, "key"))
            good = judging_tell(judging, "DP03", NULL, broken->by, &place, SIZE_MAX, "make them the primary key, or put a unique index on them",
                                "a foreign key of %s refers to columns that no unique index is on: %s", broken->ident, broken->message);
        else if (text_equal(broken->what, "function"))
            good = judging_tell(judging, "DP10", NULL, broken->by, &place, SIZE_MAX, "mend its body in the same migration, or drop it",
                                "behind %s the function %s does not work: %s", judging_id(judging, broken->by), broken->ident, broken->message);
        else
            good = judging_tell(judging, "DP11", NULL, broken->by, &place, SIZE_MAX, "make it anew in the same migration, or drop it",
                                "behind %s the %s %s does not work: %s", judging_id(judging, broken->by), broken->what, broken->ident,
                                broken->message);
        if (!good)
            return false;
    }
    return true;
}

/* ---- heads ---- */

static bool judge_heads(struct judging *judging)
{
    struct depends *depends = judging->depends;
    size_t *heads = NULL, count = 0;
    struct text line = {0}, names = {0};
    bool good = depends_heads(depends, &heads, &count);

    if (!good)
        judging->code = error_nomem(judging->err);
    if (good && count > 1) {
        depends_merge(depends, heads, count, &line);
        for (size_t i = 0; i < count; i++)
            text_format(&names, "%s%s", i == 0 ? "" : i + 1 == count ? " and " : ", ", judging_id(judging, heads[i]));
        struct deed place = {.line = depends->items[heads[count - 1]].depends_line, .column = 1};
        if (line.failed || names.failed)
            good = false, judging->code = error_nomem(judging->err);
        else
            good = judging_tell(judging, "DP13", NULL, heads[count - 1], &place, heads[0],
                                hint(judging, "a new migration with the line \"%s\" joins them", line.data),
                                "the migrations end in several heads: %s", names.data);
    }
    text_free(&line);
    text_free(&names);
    memory_free(heads);
    return good;
}

/* ---- */

int32_t depends_findings(struct depends *depends, const size_t *order, size_t count, struct findings *out, migrate_error **err)
{
    struct judging judging = {.depends = depends, .out = out, .err = err, .order = order, .order_count = count, .code = MIGRATE_OK};
    bool good = (judging.found = found_make(depends)) != NULL && depends_edges(depends, &judging.edges);

    for (size_t i = 0; i < depends->count; i++)
        judging.partial |= depends->items[i].unread;
    if (!good)
        judging.code = error_nomem(err);
    for (size_t i = 0; good && i < depends->count; i++) {
        const struct depend *depend = &depends->items[i];

        if (depend->applied || depend->branch == BRANCH_THEIRS)
            continue;
        good = judge_failing(&judging, i) && (depend->observed || depend->failing.kind != FAILING_NOT || judge_guessed(&judging, i)) &&
               judge_idle(&judging, i) && judge_declared(&judging, i);
    }
    if (good)
        good = judge_broken(&judging) && judge_pairs(&judging) && judge_heads(&judging);
    edges_free(&judging.edges);
    found_free(judging.found);
    if (judging.hint.failed && good)
        judging.code = error_nomem(err);
    text_free(&judging.hint);
    return judging.code;
}
