/* SPDX-License-Identifier: MIT
 * Reads statements for the names of what they make, change, drop and need: the words in front say what a statement is about. */
#include "check/words_inside.h"

#include <string.h>

/* ---- CREATE ---- */

struct thing_word {
    const char *word;
    enum thing_kind kind;
};
static const struct thing_word kinds[] = {
    {"table", THING_TABLE},       {"view", THING_TABLE},     {"index", THING_TABLE},       {"sequence", THING_TABLE},
    {"type", THING_TYPE},         {"domain", THING_TYPE},    {"function", THING_FUNCTION}, {"procedure", THING_FUNCTION},
    {"aggregate", THING_FUNCTION}, {"schema", THING_SCHEMA}, {"trigger", THING_OTHER},     {"policy", THING_OTHER},
    {"rule", THING_OTHER},        {"extension", THING_OTHER},
};

static const struct thing_word *take_kind(struct sql_reader *at)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (sql_reader_take(at, kinds[i].word))
            return &kinds[i];
    return NULL;
}

/* It is inside of a table, and named with ON. */
static bool is_on_table(const struct thing_word *kind)
{
    return text_equal(kind->word, "trigger") || text_equal(kind->word, "policy") || text_equal(kind->word, "rule");
}

static const char *const constraint_words[] = {"constraint", "primary", "unique", "check", "foreign", "exclude", "like", NULL};

static void need_type(struct words_reading *reading)
{
    size_t offset = reading->at.token.offset;

    if (reading->at.dialect->dollar_quotes && words_is_name(reading->at.token)) {
        words_read_name(&reading->at, &reading->other);
        struct text name = reading->other;
        reading->other = (struct text){0};
        words_tell_name(reading, DEED_NEEDS, THING_TYPE, "type", name.data, offset);
        reading->name.failed |= name.failed;
        text_free(&name);
    }
}

/* The columns in parentheses; the reader stays where it is. */
static void read_columns(struct words_reading *reading)
{
    struct sql_reader kept = reading->at, *at = &reading->at;
    bool conditional = reading->base.conditional;

    reading->base.conditional = false; /* that is of the table */
    sql_reader_next(at);
    while (at->token.kind != SQL_END && at->token.kind != SQL_CLOSE && !reading->stopped) {
        if (words_is_name(at->token) && !words_is_any(at, constraint_words)) {
            size_t offset = at->token.offset;

            words_read_name(at, &reading->name);
            words_tell_inside(reading, DEED_MAKES, THING_COLUMN, "column", offset);
            need_type(reading);
        } else if (sql_reader_take(at, "like")) {
            words_need_table(reading, false, false);
        }
        while (at->token.kind != SQL_END && at->token.kind != SQL_CLOSE && !words_is_symbol(at, ',')) {
            if (at->token.kind == SQL_OPEN)
                words_pass_group(at);
            else
                sql_reader_next(at);
        }
        if (words_is_symbol(at, ','))
            sql_reader_next(at);
    }
    reading->at = kept;
    reading->base.conditional = conditional;
}

/* CREATE TRIGGER n ... ON t */
static void create_on_table(struct words_reading *reading, const struct thing_word *kind)
{
    struct sql_reader *at = &reading->at;
    size_t offset = at->token.offset;

    words_read_name(at, &reading->table);
    if (!sql_reader_seek(at, "on")) /* it is behind the word, or there is none */
        return;
    struct text own = reading->table;
    reading->table = (struct text){0};
    struct sql_reader kept = *at;
    words_read_name(at, &reading->table);
    if (reading->table.data != NULL && own.data != NULL && at->dialect->dollar_quotes) {
        text_clear(&reading->name);
        text_add_n(&reading->name, own.data, own.length);
        words_tell_inside(reading, DEED_MAKES, THING_OTHER, kind->word, offset);
    } else {
        words_tell_name(reading, DEED_MAKES, THING_OTHER, kind->word, own.data, offset);
    }
    reading->name.failed |= own.failed;
    text_free(&own);
    *at = kept;
    words_need_table(reading, false, false);
    if (at->dialect->trigger_bodies)
        reading->late = true;
    words_scan(reading, false);
}

static void create_index(struct words_reading *reading)
{
    struct sql_reader *at = &reading->at;
    size_t offset = at->token.offset;

    if (!sql_reader_is(at, "on")) {
        words_read_name(at, &reading->name);
        words_tell_name(reading, DEED_MAKES, THING_TABLE, "index", reading->name.data, offset);
    }
    if (sql_reader_take(at, "on"))
        words_need_table(reading, false, false);
}

static void read_create(struct words_reading *reading)
{
    static const char *const temporary[] = {"temp", "temporary", NULL};
    static const char *const others[] = {"global", "local", "unlogged", "recursive", "unique", "constraint", "virtual", "foreign",
                                         "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct thing_word *kind;
    size_t offset;

    if (sql_reader_take(at, "or"))
        reading->base.replaces = reading->base.conditional = sql_reader_take(at, "replace");
    for (bool more = true; more;) {
        bool now = words_take_any(at, temporary);
        reading->base.temporary |= now;
        more = now || words_take_any(at, others);
    }
    kind = take_kind(at);
    if (kind == NULL)
        return;
    sql_reader_take(at, "concurrently");
    reading->base.conditional |= words_take_condition(at);
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
    words_read_name(at, &reading->table);
    words_tell_name(reading, DEED_MAKES, kind->kind, kind->word, reading->table.data, offset);
    if (text_equal(kind->word, "table") && at->token.kind == SQL_OPEN)
        read_columns(reading);
    if (text_equal(kind->word, "view") && at->dialect->trigger_bodies) /* SQLite looks at it when it is used */
        reading->late = true;
    if (kind->kind == THING_FUNCTION)
        words_descend(reading, true);
    else
        words_scan(reading, false);
}

/* ---- ALTER ---- */

/* What has the name `from` gets the name at hand. */
static void rename_to(struct words_reading *reading, enum thing_kind kind, const char *word, const char *from,
                      const char *container, size_t offset)
{
    struct text to = {0};

    words_read_name(&reading->at, &reading->name);
    if (container != NULL)
        text_format(&to, "%s.", container);
    text_add(&to, reading->name.data != NULL ? reading->name.data : "");
    if (!to.failed && from != NULL && reading->name.length > 0) {
        words_tell_one(reading, (struct word){.does = DEED_DROPS, .kind = kind, .word = word, .name = from, .to = to.data, .offset = offset});
        words_tell_name(reading, DEED_MAKES, kind, word, to.data, offset);
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

static void alter_rename(struct words_reading *reading, enum thing_kind kind, const char *word)
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
        words_read_name(at, &reading->name);
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
static void alter_part(struct words_reading *reading, enum deed_kind does)
{
    struct sql_reader *at = &reading->at;
    bool constraint = sql_reader_take(at, "constraint");
    size_t offset;

    if (!constraint && !sql_reader_take(at, "column") && does == DEED_MAKES && words_is_any(at, constraint_words))
        return;
    reading->base.conditional = words_take_condition(at);
    offset = at->token.offset;
    if (!words_is_name(at->token))
        return;
    words_read_name(at, &reading->name);
    words_tell_inside(reading, does, constraint ? THING_OTHER : THING_COLUMN, constraint ? "constraint" : "column", offset);
    reading->base.conditional = false;
    if (!constraint && does == DEED_MAKES)
        need_type(reading);
}

static void alter_action(struct words_reading *reading)
{
    static const char *const no_columns[] = {"constraint", "index", "trigger", NULL};
    struct sql_reader *at = &reading->at;

    if (sql_reader_take(at, "add")) {
        alter_part(reading, DEED_MAKES);
    } else if (sql_reader_take(at, "drop")) {
        alter_part(reading, DEED_DROPS);
    } else if (sql_reader_take(at, "rename")) {
        alter_rename(reading, THING_TABLE, "table");
    } else if (sql_reader_take(at, "alter") && !words_is_any(at, no_columns)) {
        size_t offset;

        sql_reader_take(at, "column");
        offset = at->token.offset;
        words_read_name(at, &reading->name);
        words_tell_inside(reading, DEED_CHANGES, THING_COLUMN, "column", offset);
    }
    words_scan(reading, true);
}

static void read_alter(struct words_reading *reading)
{
    static const char *const before[] = {"foreign", "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct thing_word *kind;
    bool conditional;
    size_t offset;

    words_take_any(at, before);
    kind = take_kind(at);
    if (kind == NULL || kind->kind == THING_OTHER)
        return;
    conditional = words_take_condition(at);
    sql_reader_take(at, "only");
    offset = at->token.offset;
    words_read_name(at, &reading->table);
    reading->base.conditional = conditional;
    words_tell_name(reading, DEED_CHANGES, kind->kind, kind->word, reading->table.data, offset);
    reading->base.conditional = false;
    if (at->token.kind == SQL_OPEN)
        words_pass_group(at);
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

static void read_drop(struct words_reading *reading)
{
    static const char *const before[] = {"foreign", "materialized", NULL};
    struct sql_reader *at = &reading->at;
    const struct thing_word *kind;

    words_take_any(at, before);
    kind = take_kind(at);
    if (kind == NULL)
        return;
    sql_reader_take(at, "concurrently");
    reading->base.conditional = words_take_condition(at);
    for (bool more = true; more && !reading->stopped;) {
        size_t offset = at->token.offset;

        words_read_name(at, &reading->name);
        if (is_on_table(kind) && sql_reader_take(at, "on")) {
            words_read_name(at, &reading->table);
            words_tell_inside(reading, DEED_DROPS, THING_OTHER, kind->word, offset);
        } else {
            words_tell_name(reading, DEED_DROPS, kind->kind, kind->word, reading->name.data, offset);
        }
        if (at->token.kind == SQL_OPEN)
            words_pass_group(at);
        more = words_is_symbol(at, ',');
        if (more)
            sql_reader_next(at);
    }
}

/* Words that come between the first one and the tables' names. */
static void read_list(struct words_reading *reading)
{
    static const char *const fillers[] = {"table", "only", "materialized", "view", "concurrently", NULL};

    while (words_take_any(&reading->at, fillers))
        continue;
    for (bool more = true; more && !reading->stopped;) {
        words_need_table(reading, false, false);
        more = words_is_symbol(&reading->at, ',');
        if (more)
            sql_reader_next(&reading->at);
    }
}

static void read_comment(struct words_reading *reading)
{
    struct sql_reader *at = &reading->at;
    size_t offset;

    sql_reader_take(at, "on");
    if (sql_reader_take(at, "column")) {
        offset = at->token.offset;
        words_read_name(at, &reading->name);
        words_tell_name(reading, DEED_NEEDS, THING_COLUMN, "column", reading->name.data, offset);
    } else if (sql_reader_take(at, "table") || sql_reader_take(at, "view")) {
        words_need_table(reading, false, false);
    }
}

bool words_read(const struct sql_dialect *dialect, const char *statement, size_t length, words_tell tell_word, void *user)
{
    static const char *const rows[] = {"select", "with", "insert", "update", "delete", "merge", "replace", "values", NULL};
    static const char *const lists[] = {"truncate", "copy", "refresh", "lock", NULL};
    struct words_reading reading = {.tell = tell_word, .user = user};
    bool good;

    sql_reader_open(&reading.at, dialect, statement, length);
    words_find_common(&reading, reading.at);
    if (sql_reader_take(&reading.at, "create")) {
        read_create(&reading);
    } else if (sql_reader_take(&reading.at, "alter")) {
        read_alter(&reading);
    } else if (sql_reader_take(&reading.at, "drop")) {
        read_drop(&reading);
    } else if (sql_reader_take(&reading.at, "comment")) {
        read_comment(&reading);
    } else if (words_take_any(&reading.at, lists)) {
        read_list(&reading);
    } else if (sql_reader_take(&reading.at, "do")) {
        words_descend(&reading, false);
    } else if (words_is_any(&reading.at, rows)) {
        reading.drops_rows = sql_reader_is(&reading.at, "delete");
        words_scan(&reading, false);
    }
    good = !reading.stopped && !reading.name.failed && !reading.table.failed && !reading.other.failed && !reading.common.failed;
    text_free(&reading.name);
    text_free(&reading.table);
    text_free(&reading.other);
    text_free(&reading.common);
    return good;
}
