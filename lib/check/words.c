/* SPDX-License-Identifier: MIT
 * Reads statements for the names of what they make, change, drop and need. No grammar: the words in front say what a statement is about,
 * and a few words (FROM, JOIN, REFERENCES ...) say that a table's name comes next. */
#include "check/words.h"

#include <string.h>

enum { DEPTH_MOST = 64 };

struct reading {
    struct sql_reader at;
    words_tell tell;
    void *user;
    struct text name, table, other;
    struct text common;    /* names that WITH gives, a line each, with a line end in front */
    bool late, stopped;
    bool drops_rows;       /* DELETE: USING names tables */
    struct word base;      /* flags of what is told */
};

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

static bool is_name(struct sql_token token)
{
    return token.kind == SQL_WORD || token.kind == SQL_NAME;
}

static bool is_symbol(const struct sql_reader *at, char symbol)
{
    return at->token.kind == SQL_SYMBOL && at->token.length == 1 && at->text[at->token.offset] == symbol;
}

/* A name, schema and all. */
static void read_name(struct sql_reader *at, struct text *out)
{
    text_clear(out);
    while (is_name(at->token)) {
        if (text_equal(out->data, "public") || text_equal(out->data, "main"))
            text_clear(out);
        else if (out->length > 0)
            text_add_char(out, '.');
        add_part(out, at->dialect, at->text + at->token.offset, at->token.length, at->token.kind == SQL_NAME);
        sql_reader_next(at);
        if (!is_symbol(at, '.'))
            return;
        sql_reader_next(at);
    }
}

void words_name(struct text *out, const struct sql_dialect *dialect, const char *written, size_t length)
{
    struct sql_reader at;
    struct text name = {0};

    sql_reader_open(&at, dialect, written, length);
    read_name(&at, &name);
    if (name.data != NULL)
        text_add_n(out, name.data, name.length);
    out->failed |= name.failed;
    text_free(&name);
}

/* ---- telling ---- */

static void tell(struct reading *reading, struct word word)
{
    if (reading->stopped || word.name == NULL || *word.name == '\0')
        return;
    word.conditional = reading->base.conditional;
    word.replaces = reading->base.replaces;
    word.temporary = reading->base.temporary;
    word.late = reading->late;
    reading->stopped = !reading->tell(&word, reading->user);
}

static void tell_name(struct reading *reading, enum deed_kind does, enum thing_kind kind, const char *word, const char *name, size_t offset)
{
    tell(reading, (struct word){.does = does, .kind = kind, .word = word, .name = name, .offset = offset});
}

/* "t.c". */
static void tell_inside(struct reading *reading, enum deed_kind does, enum thing_kind kind, const char *word, size_t offset)
{
    text_clear(&reading->other);
    text_format(&reading->other, "%s.%s", reading->table.data != NULL ? reading->table.data : "",
                reading->name.data != NULL ? reading->name.data : "");
    if (reading->name.length > 0)
        tell_name(reading, does, kind, word, reading->other.data, offset);
}

static bool take_any(struct sql_reader *at, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (sql_reader_take(at, words[i]))
            return true;
    return false;
}

static bool is_any(const struct sql_reader *at, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (sql_reader_is(at, words[i]))
            return true;
    return false;
}

/* IF EXISTS, IF NOT EXISTS. */
static bool take_condition(struct sql_reader *at)
{
    if (!sql_reader_take(at, "if"))
        return false;
    sql_reader_take(at, "not");
    sql_reader_take(at, "exists");
    return true;
}

/* Behind the closing parenthesis of the one at hand. */
static void pass_group(struct sql_reader *at)
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
static void find_common(struct reading *reading, struct sql_reader at)
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
        if (at.token.kind == SQL_OPEN && is_name(last)) {
            text_add_char(&reading->common, '\n');
            add_part(&reading->common, at.dialect, at.text + last.offset, last.length, last.kind == SQL_NAME);
            text_add_char(&reading->common, '\n');
        }
    }
}

static bool is_common(struct reading *reading, const char *name)
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
static void need_table(struct reading *reading, bool rows, bool refers)
{
    struct sql_reader *at = &reading->at;
    size_t offset;

    sql_reader_take(at, "only");
    sql_reader_take(at, "lateral");
    offset = at->token.offset;
    if (!is_name(at->token) || sql_reader_is(at, "select") || sql_reader_is(at, "unnest"))
        return;
    read_name(at, &reading->name);
    if (reading->name.data == NULL || (rows && at->token.kind == SQL_OPEN) || is_system(reading->name.data) ||
        is_common(reading, reading->name.data))
        return;
    tell(reading, (struct word){.does = DEED_NEEDS, .kind = THING_TABLE, .word = "table", .name = reading->name.data, .offset = offset,
                                .refers = refers, .inside = refers ? reading->table.data : NULL});
}

/* FROM a, b AS x, c y */
static void need_list(struct reading *reading)
{
    static const char *const ends[] = {"where", "join",  "inner",  "left",  "right",  "full",  "cross", "natural",   "on",     "using",
                                       "group", "order", "limit",  "union", "except", "intersect", "having", "window", "for",   "returning",
                                       "offset", "fetch", "set",   "values", "when",  "then",  "loop",  "tablesample", NULL};
    struct sql_reader *at = &reading->at;
    bool more = true;

    while (more && !reading->stopped) {
        size_t offset = at->token.offset;

        need_table(reading, true, false);
        if (at->token.kind == SQL_OPEN && at->token.offset != offset)
            pass_group(at); /* of a call */
        if (sql_reader_take(at, "as") || (is_name(at->token) && !is_any(at, ends)))
            sql_reader_next(at);
        more = is_symbol(at, ',');
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
static bool scan_word(struct reading *reading, struct sql_token before, bool in_call)
{
    static const char *const no_update[] = {"for", "on", "do", "key", "before", "after", "of", "or", "then", NULL};
    static const char *const into[] = {"insert", "merge", "replace", "ignore", "abort", "fail", "rollback", NULL};
    static const char *const no_from[] = {"distinct", NULL}, *const no_name[] = {"set", "on", "or", "of", "skip", "nowait", NULL};
    static const char *const or_words[] = {"replace", "ignore", "abort", "fail", "rollback", NULL}, *const part[] = {"partition", NULL};
    struct sql_reader *at = &reading->at;

    if (sql_reader_take(at, "from")) {
        if (!was(at, before, no_from) && !in_call)
            need_list(reading);
    } else if (sql_reader_take(at, "join")) {
        need_table(reading, true, false);
    } else if (sql_reader_take(at, "references")) {
        need_table(reading, false, true);
    } else if (sql_reader_take(at, "into")) {
        if (was(at, before, into))
            need_table(reading, false, false);
    } else if (sql_reader_take(at, "update")) {
        if (sql_reader_take(at, "or"))
            take_any(at, or_words);
        if (!was(at, before, no_update) && !is_any(at, no_name))
            need_table(reading, false, false);
    } else if (sql_reader_take(at, "of")) {
        if (was(at, before, part))
            need_table(reading, false, false);
    } else if (sql_reader_take(at, "inherits")) {
        if (at->token.kind == SQL_OPEN) {
            sql_reader_next(at);
            need_list(reading);
        }
    } else if (reading->drops_rows && sql_reader_take(at, "using")) {
        need_list(reading);
    } else {
        return false;
    }
    return true;
}

/* Everything up to the end; with `part`, up to a comma outside of parentheses. */
static void scan(struct reading *reading, bool part)
{
    struct sql_reader *at = &reading->at;
    struct sql_token before = {0};
    bool calls[DEPTH_MOST] = {false};
    size_t depth = 0;

    while (at->token.kind != SQL_END && !reading->stopped) {
        struct sql_token token = at->token;

        if (part && depth == 0 && is_symbol(at, ','))
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
static void descend(struct reading *reading, bool late)
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
        struct reading inner = {.tell = reading->tell, .user = reading->user, .late = late || reading->late};
        sql_reader_open(&inner.at, at->dialect, at->text, at->token.offset + at->token.length - tag);
        inner.at.offset = at->token.offset + tag;
        sql_reader_next(&inner.at);
        find_common(&inner, inner.at);
        scan(&inner, false);
        reading->stopped = inner.stopped;
        reading->name.failed |= inner.name.failed || inner.other.failed || inner.common.failed;
        text_free(&inner.name);
        text_free(&inner.other);
        text_free(&inner.common);
    }
}

/* ---- CREATE ---- */

struct kind {
    const char *word;
    enum thing_kind kind;
};
static const struct kind kinds[] = {
    {"table", THING_TABLE},       {"view", THING_TABLE},     {"index", THING_TABLE},       {"sequence", THING_TABLE},
    {"type", THING_TYPE},         {"domain", THING_TYPE},    {"function", THING_FUNCTION}, {"procedure", THING_FUNCTION},
    {"aggregate", THING_FUNCTION}, {"schema", THING_SCHEMA}, {"trigger", THING_OTHER},     {"policy", THING_OTHER},
    {"rule", THING_OTHER},        {"extension", THING_OTHER},
};

static const struct kind *take_kind(struct sql_reader *at)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (sql_reader_take(at, kinds[i].word))
            return &kinds[i];
    return NULL;
}

/* It is inside of a table, and named with ON. */
static bool is_on_table(const struct kind *kind)
{
    return text_equal(kind->word, "trigger") || text_equal(kind->word, "policy") || text_equal(kind->word, "rule");
}

static const char *const constraint_words[] = {"constraint", "primary", "unique", "check", "foreign", "exclude", "like", NULL};

static void need_type(struct reading *reading)
{
    size_t offset = reading->at.token.offset;

    if (reading->at.dialect->dollar_quotes && is_name(reading->at.token)) {
        read_name(&reading->at, &reading->other);
        struct text name = reading->other;
        reading->other = (struct text){0};
        tell_name(reading, DEED_NEEDS, THING_TYPE, "type", name.data, offset);
        reading->name.failed |= name.failed;
        text_free(&name);
    }
}

/* The columns in parentheses; the reader stays where it is. */
static void read_columns(struct reading *reading)
{
    struct sql_reader kept = reading->at, *at = &reading->at;
    bool conditional = reading->base.conditional;

    reading->base.conditional = false; /* that is of the table */
    sql_reader_next(at);
    while (at->token.kind != SQL_END && at->token.kind != SQL_CLOSE && !reading->stopped) {
        if (is_name(at->token) && !is_any(at, constraint_words)) {
            size_t offset = at->token.offset;

            read_name(at, &reading->name);
            tell_inside(reading, DEED_MAKES, THING_COLUMN, "column", offset);
            need_type(reading);
        } else if (sql_reader_take(at, "like")) {
            need_table(reading, false, false);
        }
        while (at->token.kind != SQL_END && at->token.kind != SQL_CLOSE && !is_symbol(at, ',')) {
            if (at->token.kind == SQL_OPEN)
                pass_group(at);
            else
                sql_reader_next(at);
        }
        if (is_symbol(at, ','))
            sql_reader_next(at);
    }
    reading->at = kept;
    reading->base.conditional = conditional;
}

/* CREATE TRIGGER n ... ON t */
static void create_on_table(struct reading *reading, const struct kind *kind)
{
    struct sql_reader *at = &reading->at;
    size_t offset = at->token.offset;

    read_name(at, &reading->table);
    if (!sql_reader_seek(at, "on")) /* it is behind the word, or there is none */
        return;
    struct text own = reading->table;
    reading->table = (struct text){0};
    struct sql_reader kept = *at;
    read_name(at, &reading->table);
    if (reading->table.data != NULL && own.data != NULL && at->dialect->dollar_quotes) {
        text_clear(&reading->name);
        text_add_n(&reading->name, own.data, own.length);
        tell_inside(reading, DEED_MAKES, THING_OTHER, kind->word, offset);
    } else {
        tell_name(reading, DEED_MAKES, THING_OTHER, kind->word, own.data, offset);
    }
    reading->name.failed |= own.failed;
    text_free(&own);
    *at = kept;
    need_table(reading, false, false);
    if (at->dialect->trigger_bodies)
        reading->late = true;
    scan(reading, false);
}

static void create_index(struct reading *reading)
{
    struct sql_reader *at = &reading->at;
    size_t offset = at->token.offset;

    if (!sql_reader_is(at, "on")) {
        read_name(at, &reading->name);
        tell_name(reading, DEED_MAKES, THING_TABLE, "index", reading->name.data, offset);
    }
    if (sql_reader_take(at, "on"))
        need_table(reading, false, false);
}

static void read_create(struct reading *reading)
{
    static const char *const temporary[] = {"temp", "temporary", NULL};
    static const char *const others[] = {"global", "local", "unlogged", "recursive", "unique", "constraint", "virtual", "foreign",
                                         "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct kind *kind;
    size_t offset;

    if (sql_reader_take(at, "or"))
        reading->base.replaces = reading->base.conditional = sql_reader_take(at, "replace");
    for (bool more = true; more;) {
        bool now = take_any(at, temporary);
        reading->base.temporary |= now;
        more = now || take_any(at, others);
    }
    kind = take_kind(at);
    if (kind == NULL)
        return;
    sql_reader_take(at, "concurrently");
    reading->base.conditional |= take_condition(at);
    if (is_on_table(kind)) {
        create_on_table(reading, kind);
        return;
    }
    if (text_equal(kind->word, "index")) {
        create_index(reading);
        return;
    }
    sql_reader_take(at, "authorization");
    offset = at->token.offset;
    read_name(at, &reading->table);
    tell_name(reading, DEED_MAKES, kind->kind, kind->word, reading->table.data, offset);
    if (text_equal(kind->word, "table") && at->token.kind == SQL_OPEN)
        read_columns(reading);
    if (text_equal(kind->word, "view") && at->dialect->trigger_bodies) /* SQLite looks at it when it is used */
        reading->late = true;
    if (kind->kind == THING_FUNCTION)
        descend(reading, true);
    else
        scan(reading, false);
}

/* ---- ALTER ---- */

/* What has the name `from` gets the name at hand. */
static void rename_to(struct reading *reading, enum thing_kind kind, const char *word, const char *from, const char *container, size_t offset)
{
    struct text to = {0};

    read_name(&reading->at, &reading->name);
    if (container != NULL)
        text_format(&to, "%s.", container);
    text_add(&to, reading->name.data != NULL ? reading->name.data : "");
    if (!to.failed && from != NULL && reading->name.length > 0) {
        tell(reading, (struct word){.does = DEED_DROPS, .kind = kind, .word = word, .name = from, .to = to.data, .offset = offset});
        tell_name(reading, DEED_MAKES, kind, word, to.data, offset);
    }
    reading->name.failed |= to.failed;
    text_free(&to);
}

/* The schema of a name, or NULL; it lives in `out`. */
static const char *schema_of(const char *name, struct text *out)
{
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;

    text_clear(out);
    if (dot == NULL)
        return NULL;
    text_add_n(out, name, (size_t)(dot - name));
    return out->data;
}

static void alter_rename(struct reading *reading, enum thing_kind kind, const char *word)
{
    struct sql_reader *at = &reading->at;
    size_t offset = at->token.offset;
    struct text from = {0}, schema = {0};

    if (sql_reader_take(at, "to")) {
        rename_to(reading, kind, word, reading->table.data, schema_of(reading->table.data, &schema), at->token.offset);
    } else {
        bool constraint = sql_reader_take(at, "constraint");

        if (!constraint)
            sql_reader_take(at, "column");
        offset = at->token.offset;
        read_name(at, &reading->name);
        text_format(&from, "%s.%s", reading->table.data != NULL ? reading->table.data : "", reading->name.data != NULL ? reading->name.data : "");
        if (sql_reader_take(at, "to"))
            rename_to(reading, constraint ? THING_OTHER : THING_COLUMN, constraint ? "constraint" : "column", from.data, reading->table.data,
                      offset);
    }
    reading->name.failed |= from.failed || schema.failed;
    text_free(&from);
    text_free(&schema);
}

/* ADD [COLUMN] c, ADD CONSTRAINT n; DROP likewise. */
static void alter_part(struct reading *reading, enum deed_kind does)
{
    struct sql_reader *at = &reading->at;
    bool constraint = sql_reader_take(at, "constraint");
    size_t offset;

    if (!constraint && !sql_reader_take(at, "column") && does == DEED_MAKES && is_any(at, constraint_words))
        return;
    reading->base.conditional = take_condition(at);
    offset = at->token.offset;
    if (!is_name(at->token))
        return;
    read_name(at, &reading->name);
    tell_inside(reading, does, constraint ? THING_OTHER : THING_COLUMN, constraint ? "constraint" : "column", offset);
    reading->base.conditional = false;
    if (!constraint && does == DEED_MAKES)
        need_type(reading);
}

static void alter_action(struct reading *reading)
{
    static const char *const no_columns[] = {"constraint", "index", "trigger", NULL};
    struct sql_reader *at = &reading->at;

    if (sql_reader_take(at, "add")) {
        alter_part(reading, DEED_MAKES);
    } else if (sql_reader_take(at, "drop")) {
        alter_part(reading, DEED_DROPS);
    } else if (sql_reader_take(at, "rename")) {
        alter_rename(reading, THING_TABLE, "table");
    } else if (sql_reader_take(at, "alter") && !is_any(at, no_columns)) {
        size_t offset;

        sql_reader_take(at, "column");
        offset = at->token.offset;
        read_name(at, &reading->name);
        tell_inside(reading, DEED_CHANGES, THING_COLUMN, "column", offset);
    }
    scan(reading, true);
}

static void read_alter(struct reading *reading)
{
    static const char *const before[] = {"foreign", "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct kind *kind;
    bool conditional;
    size_t offset;

    take_any(at, before);
    kind = take_kind(at);
    if (kind == NULL || kind->kind == THING_OTHER)
        return;
    conditional = take_condition(at);
    sql_reader_take(at, "only");
    offset = at->token.offset;
    read_name(at, &reading->table);
    reading->base.conditional = conditional;
    tell_name(reading, DEED_CHANGES, kind->kind, kind->word, reading->table.data, offset);
    reading->base.conditional = false;
    if (at->token.kind == SQL_OPEN)
        pass_group(at);
    if (!text_equal(kind->word, "table")) {
        if (sql_reader_take(at, "rename"))
            alter_rename(reading, kind->kind, kind->word);
        return;
    }
    while (at->token.kind != SQL_END && !reading->stopped) {
        alter_action(reading);
        sql_reader_next(at);
    }
}

/* ---- DROP and the rest ---- */

static void read_drop(struct reading *reading)
{
    static const char *const before[] = {"foreign", "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct kind *kind;

    take_any(at, before);
    kind = take_kind(at);
    if (kind == NULL)
        return;
    sql_reader_take(at, "concurrently");
    reading->base.conditional = take_condition(at);
    for (bool more = true; more && !reading->stopped;) {
        size_t offset = at->token.offset;

        read_name(at, &reading->name);
        if (is_on_table(kind) && sql_reader_take(at, "on")) {
            read_name(at, &reading->table);
            tell_inside(reading, DEED_DROPS, THING_OTHER, kind->word, offset);
        } else {
            tell_name(reading, DEED_DROPS, kind->kind, kind->word, reading->name.data, offset);
        }
        if (at->token.kind == SQL_OPEN)
            pass_group(at);
        more = is_symbol(at, ',');
        if (more)
            sql_reader_next(at);
    }
}

/* Words that come between the first one and the tables' names. */
static void read_list(struct reading *reading)
{
    static const char *const fillers[] = {"table", "only", "materialized", "view", "concurrently", NULL};

    while (take_any(&reading->at, fillers))
        continue;
    for (bool more = true; more && !reading->stopped;) {
        need_table(reading, false, false);
        more = is_symbol(&reading->at, ',');
        if (more)
            sql_reader_next(&reading->at);
    }
}

static void read_comment(struct reading *reading)
{
    struct sql_reader *at = &reading->at;
    size_t offset;

    sql_reader_take(at, "on");
    if (sql_reader_take(at, "column")) {
        offset = at->token.offset;
        read_name(at, &reading->name);
        tell_name(reading, DEED_NEEDS, THING_COLUMN, "column", reading->name.data, offset);
    } else if (sql_reader_take(at, "table") || sql_reader_take(at, "view")) {
        need_table(reading, false, false);
    }
}

bool words_read(const struct sql_dialect *dialect, const char *statement, size_t length, words_tell tell_word, void *user)
{
    static const char *const rows[] = {"select", "with", "insert", "update", "delete", "merge", "replace", "values", NULL};
    static const char *const lists[] = {"truncate", "copy", "refresh", "lock", NULL};
    struct reading reading = {.tell = tell_word, .user = user};
    bool good;

    sql_reader_open(&reading.at, dialect, statement, length);
    find_common(&reading, reading.at);
    if (sql_reader_take(&reading.at, "create")) {
        read_create(&reading);
    } else if (sql_reader_take(&reading.at, "alter")) {
        read_alter(&reading);
    } else if (sql_reader_take(&reading.at, "drop")) {
        read_drop(&reading);
    } else if (sql_reader_take(&reading.at, "comment")) {
        read_comment(&reading);
    } else if (take_any(&reading.at, lists)) {
        read_list(&reading);
    } else if (sql_reader_take(&reading.at, "do")) {
        descend(&reading, false);
    } else if (is_any(&reading.at, rows)) {
        reading.drops_rows = sql_reader_is(&reading.at, "delete");
        scan(&reading, false);
    }
    good = !reading.stopped && !reading.name.failed && !reading.table.failed && !reading.other.failed && !reading.common.failed;
    text_free(&reading.name);
    text_free(&reading.table);
    text_free(&reading.other);
    text_free(&reading.common);
    return good;
}
