/* SPDX-License-Identifier: MIT
 * Names in statements, and the tables that they read and write: no grammar, but a few words (FROM, JOIN, REFERENCES ...) behind which a
 * table's name comes. What a statement is about by its first words: words_statements.c. */
#include "check/words_inside.h"

#include <string.h>

enum { DEPTH_MOST = 64 };

/* ---- names ---- */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One part of a name: what is quoted keeps its letters, where the engine keeps them. */
static void add_part(struct text *out, const struct sql_dialect *dialect, const char *at, size_t length, bool quoted)
{
    bool folds = !quoted || dialect->bracket_names;
    char close = quoted && *at == '[' ? ']' : *at;

    for (size_t i = quoted; i + quoted < length; i++) {
        text_add_char(out, folds ? small(at[i]) : at[i]);
        i += quoted && at[i] == close;
    }
}

bool words_is_name(struct sql_token token)
{
    return token.kind == SQL_WORD || token.kind == SQL_NAME;
}

bool words_is_symbol(const struct sql_reader *at, char symbol)
{
    return at->token.kind == SQL_SYMBOL && at->token.length == 1 && at->text[at->token.offset] == symbol;
}

/* A name, schema and all. */
void words_read_name(struct sql_reader *at, struct text *out)
{
    text_clear(out);
    while (words_is_name(at->token)) {
        if (text_equal(out->data, "public") || text_equal(out->data, "main"))
            text_clear(out);
        else if (out->length > 0)
            text_add_char(out, '.');
        add_part(out, at->dialect, at->text + at->token.offset, at->token.length, at->token.kind == SQL_NAME);
        sql_reader_next(at);
        if (!words_is_symbol(at, '.'))
            return;
        sql_reader_next(at);
    }
}

void words_name(struct text *out, const struct sql_dialect *dialect, const char *written, size_t length)
{
    struct sql_reader at;
    struct text name = {0};

    sql_reader_open(&at, dialect, written, length);
    words_read_name(&at, &name);
    if (name.data != NULL)
        text_add_n(out, name.data, name.length);
    out->failed |= name.failed;
    text_free(&name);
}

/* ---- telling ---- */

void words_tell_one(struct words_reading *reading, struct word word)
{
    if (reading->stopped || word.name == NULL || *word.name == '\0')
        return;
    word.conditional = reading->base.conditional;
    word.replaces = reading->base.replaces;
    word.temporary = reading->base.temporary;
    word.late = reading->late;
    reading->stopped = !reading->tell(&word, reading->user);
}

void words_tell_name(struct words_reading *reading, enum deed_kind does, enum thing_kind kind, const char *word,
                     const char *name, size_t offset)
{
    words_tell_one(reading, (struct word){.does = does, .kind = kind, .word = word, .name = name, .offset = offset});
}

/* "t.c". */
void words_tell_inside(struct words_reading *reading, enum deed_kind does, enum thing_kind kind, const char *word, size_t offset)
{
    text_clear(&reading->other);
    text_format(&reading->other, "%s.%s", reading->table.data != NULL ? reading->table.data : "",
                reading->name.data != NULL ? reading->name.data : "");
    if (reading->name.length > 0)
        words_tell_name(reading, does, kind, word, reading->other.data, offset);
}

bool words_take_any(struct sql_reader *at, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (sql_reader_take(at, words[i]))
            return true;
    return false;
}

bool words_is_any(const struct sql_reader *at, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (sql_reader_is(at, words[i]))
            return true;
    return false;
}

/* IF EXISTS, IF NOT EXISTS. */
bool words_take_condition(struct sql_reader *at)
{
    if (!sql_reader_take(at, "if"))
        return false;
    sql_reader_take(at, "not");
    sql_reader_take(at, "exists");
    return true;
}

/* Behind the closing parenthesis of the one at hand. */
void words_pass_group(struct sql_reader *at)
{
    size_t depth = 0;

    do {
        if (at->token.kind == SQL_OPEN)
            depth++;
        else if (at->token.kind == SQL_CLOSE)
            depth--;
        sql_reader_next(at);
    } while (depth > 0 && at->token.kind != SQL_END);
}

/* ---- tables that are read or written ---- */

/* WITH name [(columns)] AS ( ... */
void words_find_common(struct words_reading *reading, struct sql_reader at)
{
    struct sql_token before = {0}, opened[DEPTH_MOST], group = {0};
    size_t depth = 0;

    for (struct sql_token last = {0}; at.token.kind != SQL_END && !reading->common.failed; last = before) {
        struct sql_token token = at.token;

        if (token.kind == SQL_OPEN && depth < DEPTH_MOST)
            opened[depth] = last;
        depth += token.kind == SQL_OPEN;
        if (token.kind == SQL_CLOSE && depth > 0)
            group = --depth < DEPTH_MOST ? opened[depth] : (struct sql_token){0};
        before = token;
        if (!sql_reader_is(&at, "as")) {
            sql_reader_next(&at);
            continue;
        }
        sql_reader_next(&at);
        sql_reader_take(&at, "not");
        sql_reader_take(&at, "materialized");
        if (last.kind == SQL_CLOSE)
            last = group;
        if (at.token.kind == SQL_OPEN && words_is_name(last)) {
            text_add_char(&reading->common, '\n');
            add_part(&reading->common, at.dialect, at.text + last.offset, last.length, last.kind == SQL_NAME);
            text_add_char(&reading->common, '\n');
        }
    }
}

static bool is_common(struct words_reading *reading, const char *name)
{
    bool found;

    text_clear(&reading->other);
    text_format(&reading->other, "\n%s\n", name);
    found = reading->common.data != NULL && reading->other.data != NULL && strstr(reading->common.data, reading->other.data) != NULL;
    return found;
}

/* What every database has. */
static bool is_system(const char *name)
{
    return text_starts(name, "pg_") || text_starts(name, "information_schema.") || text_starts(name, "sqlite_") ||
           text_equal(name, "new") || text_equal(name, "old") || text_equal(name, "excluded");
}

/* rows: a call may stand there, too. */
void words_need_table(struct words_reading *reading, bool rows, bool refers)
{
    struct sql_reader *at = &reading->at;
    size_t offset;

    sql_reader_take(at, "only");
    sql_reader_take(at, "lateral");
    offset = at->token.offset;
    if (!words_is_name(at->token) || sql_reader_is(at, "select") || sql_reader_is(at, "unnest"))
        return;
    words_read_name(at, &reading->name);
    if (reading->name.data == NULL || (rows && at->token.kind == SQL_OPEN) || is_system(reading->name.data) ||
        is_common(reading, reading->name.data))
        return;
    words_tell_one(reading, (struct word){.does = DEED_NEEDS, .kind = THING_TABLE, .word = "table", .name = reading->name.data, .offset = offset,
                                .refers = refers, .inside = refers ? reading->table.data : NULL});
}

/* FROM a, b AS x, c y */
void words_need_list(struct words_reading *reading)
{
    static const char *const ends[] = {"where", "join",  "inner",  "left",  "right",  "full",  "cross", "natural",   "on",     "using",
                                       "group", "order", "limit",  "union", "except", "intersect", "having", "window", "for",   "returning",
                                       "offset", "fetch", "set",   "values", "when",  "then",  "loop",  "tablesample", NULL};
    struct sql_reader *at = &reading->at;
    bool more = true;

    while (more && !reading->stopped) {
        size_t offset = at->token.offset;

        words_need_table(reading, true, false);
        if (at->token.kind == SQL_OPEN && at->token.offset != offset)
            words_pass_group(at); /* of a call */
        if (sql_reader_take(at, "as") || (words_is_name(at->token) && !words_is_any(at, ends)))
            sql_reader_next(at);
        more = words_is_symbol(at, ',');
        if (more)
            sql_reader_next(at);
    }
}

/* A word behind which no table comes, although FROM says so. */
static bool is_part_of_call(const struct sql_reader *at, struct sql_token word)
{
    static const char *const calls[] = {"extract", "substring", "trim", "overlay", "position", "ltrim", "rtrim", "btrim", NULL};

    for (size_t i = 0; calls[i] != NULL; i++)
        if (sql_is_word(at->text, word, calls[i]))
            return true;
    return false;
}

static bool was(const struct sql_reader *at, struct sql_token token, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (token.length > 0 && sql_is_word(at->text, token, words[i]))
            return true;
    return false;
}

/* The word at hand may say that a table comes. false: it does not. */
static bool scan_word(struct words_reading *reading, struct sql_token before, bool in_call)
{
    static const char *const no_update[] = {"for", "on", "do", "key", "before", "after", "of", "or", "then", NULL};
    static const char *const into[] = {"insert", "merge", "replace", "ignore", "abort", "fail", "rollback", NULL};
    static const char *const no_from[] = {"distinct", NULL}, *const no_name[] = {"set", "on", "or", "of", "skip", "nowait", NULL};
    static const char *const or_words[] = {"replace", "ignore", "abort", "fail", "rollback", NULL}, *const part[] = {"partition", NULL};
    struct sql_reader *at = &reading->at;

    if (sql_reader_take(at, "from")) {
        if (!was(at, before, no_from) && !in_call)
            words_need_list(reading);
    } else if (sql_reader_take(at, "join")) {
        words_need_table(reading, true, false);
    } else if (sql_reader_take(at, "references")) {
        words_need_table(reading, false, true);
    } else if (sql_reader_take(at, "into")) {
        if (was(at, before, into))
            words_need_table(reading, false, false);
    } else if (sql_reader_take(at, "update")) {
        if (sql_reader_take(at, "or"))
            words_take_any(at, or_words);
        if (!was(at, before, no_update) && !words_is_any(at, no_name))
            words_need_table(reading, false, false);
    } else if (sql_reader_take(at, "of")) {
        if (was(at, before, part))
            words_need_table(reading, false, false);
    } else if (sql_reader_take(at, "inherits")) {
        if (at->token.kind == SQL_OPEN) {
            sql_reader_next(at);
            words_need_list(reading);
        }
    } else if (reading->drops_rows && sql_reader_take(at, "using")) {
        words_need_list(reading);
    } else {
        return false;
    }
    return true;
}

/* Everything up to the end; with `part`, up to a comma outside of parentheses. */
void words_scan(struct words_reading *reading, bool part)
{
    struct sql_reader *at = &reading->at;
    struct sql_token before = {0};
    bool calls[DEPTH_MOST] = {false};
    size_t depth = 0;

    while (at->token.kind != SQL_END && !reading->stopped) {
        struct sql_token token = at->token;

        if (part && depth == 0 && words_is_symbol(at, ','))
            return;
        if (token.kind == SQL_OPEN) {
            depth++;
            if (depth < DEPTH_MOST)
                calls[depth] = before.length > 0 && is_part_of_call(at, before);
        } else if (token.kind == SQL_CLOSE && depth > 0) {
            depth--;
        }
        if (token.kind != SQL_WORD || !scan_word(reading, before, depth < DEPTH_MOST && calls[depth]))
            sql_reader_next(at);
        before = token;
    }
}

/* ---- bodies ---- */

/* SQL inside of $$ $$, statement by statement; late: it is not run now. */
void words_descend(struct words_reading *reading, bool late)
{
    struct sql_reader *at = &reading->at;

    for (; at->token.kind != SQL_END && !reading->stopped; sql_reader_next(at)) {
        const char *text = at->text + at->token.offset, *body;
        size_t tag;

        if (at->token.kind != SQL_STRING || *text != '$')
            continue;
        body = memchr(text + 1, '$', at->token.length - 1);
        tag = body != NULL ? (size_t)(body - text) + 1 : 0;
        if (tag == 0 || at->token.length < 2 * tag)
            continue;
        struct words_reading inner = {.tell = reading->tell, .user = reading->user, .late = late || reading->late};
        sql_reader_open(&inner.at, at->dialect, at->text, at->token.offset + at->token.length - tag);
        inner.at.offset = at->token.offset + tag;
        sql_reader_next(&inner.at);
        words_find_common(&inner, inner.at);
        words_scan(&inner, false);
        reading->stopped = inner.stopped;
        reading->name.failed |= inner.name.failed || inner.other.failed || inner.common.failed;
        text_free(&inner.name);
        text_free(&inner.other);
        text_free(&inner.common);
    }
}
