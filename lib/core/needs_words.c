/* SPDX-License-Identifier: MIT
 * What migrations do as their words tell, where they are not run: those that are applied, those that do not run, all of them where no
 * scratch database is to be had. */
#include "core/needs_inside.h"

#include "util/memory.h"

#include <string.h>

struct words_telling {
    struct needs *needs;
    size_t at;
    const char *text;
    size_t length, statement;
    int64_t first_line, first_column;
    struct sql_mark mark;
};

/* Statements come in order, so that lines are counted on. */
static void place(struct words_telling *telling, size_t offset, struct deed *deed)
{
    struct sql_mark mark = telling->mark;
    sql_mark_move(&mark, telling->text, telling->length, telling->statement + offset);
    deed->line = mark.line + telling->first_line - 1;
    deed->column = mark.column + (mark.line == 1 ? telling->first_column - 1 : 0);
}

static bool tell(const struct word *word, void *user)
{
    struct words_telling *telling = user;
    struct deed deed = {.does = word->does, .thing = {word->kind, word->word, word->name}, .to = word->to, .inside = word->inside,
                        .guess = true, .late = word->late};
    place(telling, word->offset, &deed);
    if (word->replaces)
        deed.word = "OR REPLACE";
    else if (word->conditional)
        deed.word = word->does == DEED_MAKES ? "IF NOT EXISTS" : "IF EXISTS";
    if (!depends_deed(&telling->needs->depends, telling->at, &deed))
        return false;
    if (!word->temporary || word->does != DEED_MAKES)
        return true;
    deed.does = DEED_DROPS; /* nobody else sees it */
    return depends_deed(&telling->needs->depends, telling->at, &deed);
}

/* What is temporary stays to the end of the migration: those deeds go behind the others. */
static void temporary_last(struct depend *depend)
{
    size_t last = depend->count;
    for (size_t i = 0; i + 1 < last; i++) {
        struct deed *made = &depend->items[i], drop = depend->items[i + 1];
        if (made->does != DEED_MAKES || drop.does != DEED_DROPS || drop.line != made->line || drop.column != made->column || drop.to ||
            !things_same(&made->thing, &drop.thing))
            continue;
        memmove(&depend->items[i + 1], &depend->items[i + 2], (depend->count - i - 2) * sizeof drop);
        depend->items[depend->count - 1] = drop;
        last--;
    }
}

/* The line of a comment that begins with a directive's word. */
static int64_t directive_line(const char *text, const char *word)
{
    int64_t line = 1;
    for (const char *at = text; at; line++) {
        const char *next = strchr(at, '\n'), *front = at + strspn(at, " \t-*/#");
        if (front > at && text_equal_nocase_n(front, word, strnlen(front, strlen(word))) && strnlen(front, strlen(word)) == strlen(word))
            return line;
        at = next ? next + 1 : NULL;
    }
    return 0;
}

static bool read_statements(struct words_telling *telling)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    const struct sql_dialect *dialect = telling->needs->dialect;
    bool good = true;
    sql_split(&splitter, dialect, telling->text, telling->length);
    telling->mark = sql_mark_first(telling->text, telling->length);
    while (good && sql_next(&splitter, &statement)) {
        if (statement.kind == SQL_META)
            continue;
        sql_mark_move(&telling->mark, telling->text, telling->length, statement.offset);
        telling->statement = statement.offset;
        good = words_read(dialect, telling->text + statement.offset, statement.length, tell, telling);
    }
    return good;
}

int32_t needs_read_words(struct needs *needs, size_t at, migrate_error **err)
{
    const struct migration *m = needs->of.items[at];
    struct depend *depend = &needs->depends.items[at];
    struct section_text text = {0};
    if (!m->up.present || m->up.code || m->up.big) {
        depend->unread = m->up.present;
        return MIGRATE_OK;
    }
    migrate_error *problem = NULL;
    int32_t code = section_read(needs->of.sources[at], &m->up, NULL, &text, &problem);
    if (code == MIGRATE_ERROR_SOURCE || code == MIGRATE_ERROR_IO) { /* the file went, or changed: others say so */
        error_clear(&problem);
        depend->unread = true;
        return MIGRATE_OK;
    }
    error_move(err, &problem);
    if (code == MIGRATE_OK && text.text.data) {
        struct words_telling telling = {.needs = needs, .at = at, .text = text.text.data, .length = text.text.length,
                                  .first_line = text.first_line, .first_column = text.first_column};
        depend->depends_line = m->depends_count ? directive_line(text.text.data, "depends:") : 0;
        depend->tables_line = m->tables_count ? directive_line(text.text.data, "dependencies:") : 0;
        if (depend->depends_line)
            depend->depends_line += text.first_line - 1;
        if (depend->tables_line)
            depend->tables_line += text.first_line - 1;
        if (!depend->observed)
            code = read_statements(&telling) ? MIGRATE_OK : error_nomem(err);
        temporary_last(&needs->depends.items[at]);
    }
    section_text_free(&text);
    return code;
}

/* By what stands before it in the migration itself. */
static bool is_gone_by_then(const struct depend *depend, const struct deed *made)
{
    bool gone = false;
    for (const struct deed *deed = depend->items; deed < made; deed++) {
        if ((deed->does == DEED_MAKES || deed->does == DEED_DROPS) && things_same(&deed->thing, &made->thing))
            gone = deed->does == DEED_DROPS;
    }
    return gone;
}

/* IF NOT EXISTS, and an earlier one made it: nothing is done. */
static void mark_idle(struct needs *needs, const struct found *found, size_t at)
{
    struct depend *depend = &needs->depends.items[at];
    for (size_t i = 0; i < depend->count; i++) {
        struct deed *deed = &depend->items[i];
        if (deed->does == DEED_MAKES && text_equal(deed->word, "IF NOT EXISTS") && !is_gone_by_then(depend, deed) &&
            found_maker(found, &deed->thing, at) != SIZE_MAX)
            deed->idle = true;
    }
}

int32_t needs_read_rest(struct needs *needs, migrate_error **err)
{
    int32_t code = MIGRATE_OK;
    if (needs->words_read)
        return MIGRATE_OK;
    for (size_t i = 0; code == MIGRATE_OK && i < needs->depends.count; i++) {
        code = watch_check(&needs->session->watch);
        if (code != MIGRATE_OK)
            return watch_error(&needs->session->watch, code, err);
        code = needs_read_words(needs, i, err);
    }
    if (code != MIGRATE_OK)
        return code;
    needs->words_read = true;
    struct found *found = found_make(&needs->depends);
    if (!found)
        return error_nomem(err);
    for (size_t i = 0; i < needs->depends.count; i++) {
        if (!needs->depends.items[i].observed)
            mark_idle(needs, found, i);
    }
    found_free(found);
    return MIGRATE_OK;
}
