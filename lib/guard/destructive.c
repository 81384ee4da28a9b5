/* SPDX-License-Identifier: MIT
 * One statement: which of its words may lose something, of what. */
#include "guard/destructive.h"

#include "util/text.h"

#include <string.h>

/* DO blocks may execute texts that hold DO blocks. */
enum { NESTED_MOST = 4 };

struct reading {
    struct sql_reader reader;
    struct guard_losses *out;
    size_t base, nested;
};

static void read_text(struct guard_losses *out, const struct sql_dialect *dialect, const char *sql, size_t length, size_t base, size_t nested);
static void read_verb(struct reading *reading);

static bool at_symbol(const struct sql_reader *reader, char symbol)
{
    return reader->token.kind == SQL_SYMBOL && reader->token.length == 1 && reader->text[reader->token.offset] == symbol;
}

static bool take_symbol(struct sql_reader *reader, char symbol)
{
    bool there = at_symbol(reader, symbol);

    if (there)
        sql_reader_next(reader);
    return there;
}

/* A name as written. *key: to compare; NULL, and so is what is returned: there is no whole name here, or memory is out. */
static const char *read_name(struct reading *reading, const char **key)
{
    struct text name = {0};
    const char *written = NULL;

    *key = NULL;
    sql_reader_name(&reading->reader, &name, NULL);
    if (name.length > 0 && name.data[name.length - 1] != '.') {
        written = arena_text(&reading->out->arena, name.data);
        *key = guard_key(&reading->out->arena, reading->reader.dialect, name.data, name.length);
    }
    reading->out->failed |= name.failed || reading->out->arena.failed;
    text_free(&name);
    return written;
}

/* What stands in a temporary schema is gone anyway. */
static bool temporary(const struct reading *reading, const char *key)
{
    return text_starts(key, reading->reader.dialect->bracket_names ? "temp\1" : "pg_temp\1");
}

/* What the texts made themselves holds nothing that was there before. */
static bool made_here(const struct reading *reading, const char *key)
{
    return key != NULL && (temporary(reading, key) || guard_made(reading->out, key));
}

static bool read_if_exists(struct sql_reader *reader)
{
    if (!sql_reader_take(reader, "if"))
        return false;
    sql_reader_take(reader, "not");
    sql_reader_take(reader, "exists");
    return true;
}

static void add(struct reading *reading, struct guard_loss loss)
{
    loss.offset += reading->base;
    if (!loss.is_table || !made_here(reading, loss.key))
        guard_add(reading->out, &loss);
}

/* Behind a verb's table: what there is up to the end of it, or to the parenthesis that closes around it. */
struct tail {
    bool where, do_update, then_delete, then_update;
};

static struct tail read_tail(struct reading *reading, const char *into)
{
    struct sql_reader *reader = &reading->reader;
    struct tail tail = {0};
    size_t depth = 0;

    while (reader->token.kind != SQL_END && (reader->token.kind != SQL_CLOSE || depth > 0)) {
        if (reader->token.kind == SQL_OPEN)
            depth++;
        else if (reader->token.kind == SQL_CLOSE)
            depth--;
        tail.where |= depth == 0 && sql_reader_is(reader, "where");
        if (sql_reader_take(reader, "do")) {
            tail.do_update |= sql_reader_is(reader, "update");
        } else if (sql_reader_take(reader, "then")) {
            tail.then_delete |= sql_reader_is(reader, "delete");
            tail.then_update |= sql_reader_is(reader, "update");
        } else if (sql_reader_take(reader, "from") || sql_reader_take(reader, "join")) {
            const char *key;

            sql_reader_take(reader, "only");
            read_name(reading, &key);
            if (into != NULL && key != NULL)
                guard_note(reading->out, GUARD_COPIED, key, into);
        } else {
            sql_reader_next(reader);
        }
    }
    return tail;
}

/* ---- rows ---- */

static void read_delete(struct reading *reading, size_t offset)
{
    struct guard_loss loss = {.kind = GUARD_DELETE, .is_table = true, .offset = offset};

    sql_reader_take(&reading->reader, "from");
    sql_reader_take(&reading->reader, "only");
    loss.object = read_name(reading, &loss.key);
    loss.where = read_tail(reading, NULL).where;
    if (loss.key != NULL && strcmp(loss.key, "sqlite_sequence") == 0) /* the next number, which any insert can give anew */
        return;
    add(reading, loss);
}

/* Behind SET: every column that is set was added by the texts themselves. */
static bool sets_added(struct reading *reading, const char *table)
{
    struct sql_reader *reader = &reading->reader;
    size_t depth = 0;
    bool added = table != NULL, target = true;

    while (reader->token.kind != SQL_END && !(depth == 0 && (reader->token.kind == SQL_CLOSE || sql_reader_is(reader, "where") ||
                                                             sql_reader_is(reader, "from") || sql_reader_is(reader, "returning")))) {
        const char *column = NULL;

        if (target && (reader->token.kind == SQL_WORD || reader->token.kind == SQL_NAME)) {
            read_name(reading, &column);
            added = added && column != NULL && guard_noted(reading->out, GUARD_ADDED, table, column);
            target = depth > 0; /* (a, b) = ...: up to the parenthesis */
            continue;
        }
        if (reader->token.kind == SQL_OPEN)
            depth++;
        else if (reader->token.kind == SQL_CLOSE && --depth == 0)
            target = false;
        else if (depth == 0 && at_symbol(reader, ','))
            target = true;
        sql_reader_next(reader);
    }
    return added;
}

static void read_update(struct reading *reading, size_t offset)
{
    struct sql_reader *reader = &reading->reader;
    struct guard_loss loss = {.kind = GUARD_UPDATE, .is_table = true, .offset = offset};
    bool replace = false, added = false;

    if (sql_reader_take(reader, "or")) {
        replace = sql_reader_is(reader, "replace");
        sql_reader_next(reader);
    }
    sql_reader_take(reader, "only");
    loss.object = read_name(reading, &loss.key);
    while (reader->token.kind != SQL_END && reader->token.kind != SQL_CLOSE && !sql_reader_is(reader, "set"))
        sql_reader_next(reader);
    if (sql_reader_take(reader, "set"))
        added = sets_added(reading, loss.key);
    loss.where = read_tail(reading, NULL).where;
    if (!added)
        add(reading, loss);
    loss.kind = GUARD_REPLACE;
    if (replace)
        add(reading, loss);
}

/* Behind INSERT or REPLACE. */
static void read_insert(struct reading *reading, size_t offset, bool replace)
{
    struct sql_reader *reader = &reading->reader;
    struct guard_loss loss = {.kind = GUARD_REPLACE, .is_table = true, .where = true, .offset = offset};

    if (sql_reader_take(reader, "or")) {
        replace = sql_reader_is(reader, "replace");
        sql_reader_next(reader);
    }
    sql_reader_take(reader, "into");
    loss.object = read_name(reading, &loss.key);
    struct tail tail = read_tail(reading, loss.key);
    if (replace)
        add(reading, loss);
    loss.kind = GUARD_UPDATE;
    if (tail.do_update)
        add(reading, loss);
}

static void read_merge(struct reading *reading, size_t offset)
{
    struct guard_loss loss = {.is_table = true, .where = true, .offset = offset};

    sql_reader_take(&reading->reader, "into");
    sql_reader_take(&reading->reader, "only");
    loss.object = read_name(reading, &loss.key);
    struct tail tail = read_tail(reading, NULL);
    loss.kind = GUARD_DELETE;
    if (tail.then_delete)
        add(reading, loss);
    loss.kind = GUARD_UPDATE;
    if (tail.then_update)
        add(reading, loss);
}

static void read_truncate(struct reading *reading, size_t offset)
{
    struct sql_reader *reader = &reading->reader;
    struct reading end = *reading;
    bool cascade = sql_reader_seek(&end.reader, "cascade");

    sql_reader_take(reader, "table");
    do {
        struct guard_loss loss = {.kind = GUARD_TRUNCATE, .is_table = true, .cascade = cascade, .offset = offset};

        sql_reader_take(reader, "only");
        loss.object = read_name(reading, &loss.key);
        take_symbol(reader, '*');
        add(reading, loss);
    } while (take_symbol(reader, ','));
}

/* ---- objects ---- */

static void read_drop_list(struct reading *reading, enum guard_kind kind, size_t offset, bool only_cascade)
{
    struct sql_reader *reader = &reading->reader;
    struct reading end = *reading;
    bool cascade = sql_reader_seek(&end.reader, "cascade");

    if (only_cascade && !cascade)
        return;
    read_if_exists(reader);
    do {
        struct guard_loss loss = {.kind = kind, .is_table = kind == GUARD_DROP_TABLE, .cascade = cascade, .offset = offset};

        loss.object = read_name(reading, &loss.key);
        if (!made_here(reading, loss.key))
            add(reading, loss);
        if (loss.key != NULL && kind == GUARD_DROP_TABLE)
            guard_dropped(reading->out, loss.key);
    } while (take_symbol(reader, ','));
}

static void read_drop(struct reading *reading, size_t offset)
{
    struct sql_reader *reader = &reading->reader;

    if (sql_reader_take(reader, "table"))
        read_drop_list(reading, GUARD_DROP_TABLE, offset, false);
    else if (sql_reader_take(reader, "schema")) /* without CASCADE there must be nothing in it */
        read_drop_list(reading, GUARD_DROP_MANY, offset, true);
    else if (sql_reader_take(reader, "database") || (sql_reader_take(reader, "owned") && sql_reader_take(reader, "by")))
        read_drop_list(reading, GUARD_DROP_MANY, offset, false);
    else if (sql_reader_take(reader, "type") || sql_reader_take(reader, "domain") || sql_reader_take(reader, "extension") ||
             sql_reader_take(reader, "collation"))
        read_drop_list(reading, GUARD_DROP_TYPE, offset, true);
    else if (sql_reader_take(reader, "sequence"))
        read_drop_list(reading, GUARD_DROP_SEQUENCE, offset, false);
}

/* Behind TYPE: every value has a text; one that is too long for it fails, as long as nobody says how it is to be cut. */
static bool keeps_values(struct sql_reader *reader)
{
    bool text = sql_reader_take(reader, "text") || sql_reader_take(reader, "varchar") ||
                (sql_reader_take(reader, "character") && sql_reader_take(reader, "varying"));

    if (text && reader->token.kind == SQL_OPEN) { /* (20) */
        sql_reader_next(reader);
        sql_reader_next(reader);
        sql_reader_next(reader);
    }
    if (text && sql_reader_take(reader, "collate"))
        sql_reader_next(reader);
    return text && (reader->token.kind == SQL_END || at_symbol(reader, ','));
}

/* One of the actions of ALTER TABLE, ALTER TYPE. */
static void read_action(struct reading *reading, const struct guard_loss *of)
{
    static const char *const constraints[] = {"constraint", "primary", "unique", "check", "foreign", "exclude", "not"};
    struct sql_reader *reader = &reading->reader;
    struct guard_loss loss = *of;
    const char *key = NULL;
    bool drop, guarded;

    loss.offset = reader->token.offset;
    if ((drop = sql_reader_take(reader, "drop")) || sql_reader_take(reader, "add")) {
        bool column = sql_reader_take(reader, drop && !of->is_table ? "attribute" : "column");

        for (size_t i = 0; !column && i < sizeof constraints / sizeof *constraints; i++) {
            if (sql_reader_is(reader, constraints[i]))
                return;
        }
        if (!of->is_table && !column)
            return;
        guarded = read_if_exists(reader);
        loss.kind = GUARD_DROP_COLUMN;
        loss.part = read_name(reading, &key);
        if (drop && !(loss.key && key && guard_noted(reading->out, GUARD_ADDED, loss.key, key)))
            add(reading, loss);
        else if (!drop && !guarded && loss.key && key) /* with IF NOT EXISTS it may have been there */
            guard_note(reading->out, GUARD_ADDED, loss.key, key);
    } else if (sql_reader_take(reader, "alter")) {
        if (!sql_reader_take(reader, "column"))
            sql_reader_take(reader, "attribute");
        loss.kind = GUARD_COLUMN_TYPE;
        loss.part = read_name(reading, &key);
        if (sql_reader_take(reader, "set"))
            sql_reader_take(reader, "data");
        if (sql_reader_take(reader, "type") && !keeps_values(reader) &&
            !(loss.key && key && guard_noted(reading->out, GUARD_ADDED, loss.key, key)))
            add(reading, loss);
    } else if (sql_reader_take(reader, "rename") && sql_reader_take(reader, "to")) {
        read_name(reading, &key);
        if (loss.key && key) {
            guard_note(reading->out, GUARD_RENAMED, loss.key, key);
            guard_renamed(reading->out, loss.key, key);
        }
    }
}

static void read_alter(struct reading *reading)
{
    struct sql_reader *reader = &reading->reader;
    struct guard_loss loss = {0};
    size_t depth = 0;

    loss.is_table = sql_reader_take(reader, "table");
    if (!loss.is_table && !sql_reader_take(reader, "type"))
        return;
    read_if_exists(reader);
    sql_reader_take(reader, "only");
    loss.object = read_name(reading, &loss.key);
    take_symbol(reader, '*');
    read_action(reading, &loss);
    while (reader->token.kind != SQL_END) {
        bool next = depth == 0 && at_symbol(reader, ',');

        depth += reader->token.kind == SQL_OPEN;
        depth -= reader->token.kind == SQL_CLOSE && depth > 0;
        sql_reader_next(reader);
        if (next)
            read_action(reading, &loss);
    }
}

static void read_create(struct reading *reading)
{
    struct sql_reader *reader = &reading->reader;
    bool temporary_one, kind, maybe;
    const char *key;

    sql_reader_take(reader, "unlogged");
    if (!sql_reader_take(reader, "global"))
        sql_reader_take(reader, "local");
    temporary_one = sql_reader_take(reader, "temp") || sql_reader_take(reader, "temporary");
    kind = sql_reader_take(reader, "table") || sql_reader_take(reader, "schema") || sql_reader_take(reader, "sequence") ||
           sql_reader_take(reader, "type") || sql_reader_take(reader, "domain");
    if (!kind)
        return;
    maybe = read_if_exists(reader) && !temporary_one;
    read_name(reading, &key);
    if (key == NULL)
        return;
    guard_note(reading->out, maybe ? GUARD_MAYBE : temporary_one ? GUARD_TEMPORARY : GUARD_MADE, key, NULL);
    struct reading query = *reading;
    if (sql_reader_seek(&query.reader, "as") && sql_reader_is(&query.reader, "with")) /* AS WITH gone AS (DELETE ... RETURNING *) SELECT */
        read_verb(&query);
    read_tail(reading, key);
}

/* ---- what holds statements ---- */

static bool at_verb(const struct sql_reader *reader)
{
    return sql_reader_is(reader, "select") || sql_reader_is(reader, "insert") || sql_reader_is(reader, "update") ||
           sql_reader_is(reader, "delete") || sql_reader_is(reader, "merge") || sql_reader_is(reader, "values");
}

/* WITH name AS (DELETE ...), other AS (...) INSERT ...: a verb inside of the parentheses, and the one behind them. */
static void read_with(struct reading *reading)
{
    struct sql_reader *reader = &reading->reader;
    size_t depth = 0;
    bool as = false, closed = false, clause = false;

    while (reader->token.kind != SQL_END) {
        bool open = reader->token.kind == SQL_OPEN, close = reader->token.kind == SQL_CLOSE;
        bool is_as = sql_reader_is(reader, "as") || sql_reader_is(reader, "materialized");

        if (closed && (sql_reader_is(reader, "search") || sql_reader_is(reader, "cycle"))) {
            clause = true; /* ... up to the verb, or the next name */
        } else if ((closed || (clause && at_verb(reader))) && depth == 0 && reader->token.kind == SQL_WORD && !is_as) {
            read_verb(reading); /* not the AS behind a list of columns */
            return;
        }
        depth += open;
        depth -= close && depth > 0;
        sql_reader_next(reader);
        if (open && as)
            read_verb(reading);
        as = is_as;
        closed = close;
    }
}

/* The statements of a DO block's body: behind a semicolon, or behind a word that a statement follows. */
static void read_body(struct reading *outer, const char *body, size_t length, size_t base)
{
    static const char *const before[] = {"begin", "then", "else", "loop", "in", "query"}; /* FOR r IN DELETE ..., RETURN QUERY DELETE ... */
    struct reading reading = {.out = outer->out, .base = base, .nested = outer->nested + 1};
    struct sql_reader *reader = &reading.reader;
    bool start = true;

    sql_reader_open(reader, outer->reader.dialect, body, length);
    while (reader->token.kind != SQL_END) {
        bool follows = reader->token.kind == SQL_SEMICOLON;

        if (start && reader->token.kind == SQL_WORD) {
            size_t from = reader->token.offset;
            struct sql_reader end = *reader;

            while (end.token.kind != SQL_END && end.token.kind != SQL_SEMICOLON)
                sql_reader_next(&end);
            read_text(outer->out, reader->dialect, body + from, end.token.offset - from, base + from, reading.nested);
        }
        for (size_t i = 0; i < sizeof before / sizeof *before; i++)
            follows |= sql_reader_is(reader, before[i]);
        sql_reader_next(reader);
        start = follows;
    }
}

/* A string's inside; NULL: it has none. */
static const char *inside(const struct sql_reader *reader, size_t *length)
{
    const char *text = reader->text + reader->token.offset, *end = text + reader->token.length;
    const char *open = memchr(text, *text == '$' ? '$' : '\'', reader->token.length);
    size_t quote = 1;

    if (open == NULL || !reader->token.closed)
        return NULL;
    if (*open == '$') {
        const char *second = memchr(open + 1, '$', (size_t)(end - open - 1));

        if (second == NULL)
            return NULL;
        quote = (size_t)(second - open) + 1;
    }
    if ((size_t)(end - open) < 2 * quote)
        return NULL;
    *length = (size_t)(end - open) - 2 * quote;
    return open + quote;
}

/* DO and EXECUTE: the first string is the text, or how it begins. */
static void read_string(struct reading *reading, bool body)
{
    struct sql_reader *reader = &reading->reader;
    const char *text;
    size_t length;

    while (reader->token.kind != SQL_END && reader->token.kind != SQL_STRING)
        sql_reader_next(reader);
    if (reader->token.kind != SQL_STRING || reading->nested >= NESTED_MOST || (text = inside(reader, &length)) == NULL)
        return;
    if (body && reader->dialect->dollar_quotes)
        read_body(reading, text, length, reading->base + (size_t)(text - reader->text));
    else if (!body)
        read_text(reading->out, reader->dialect, text, length, reading->base + (size_t)(text - reader->text), reading->nested + 1);
}

static void read_explain(struct reading *reading)
{
    struct sql_reader *reader = &reading->reader;
    bool analyze = false;
    size_t depth = 0;

    do { /* with ANALYZE the statement runs */
        analyze |= sql_reader_is(reader, "analyze");
        depth += reader->token.kind == SQL_OPEN;
        depth -= reader->token.kind == SQL_CLOSE && depth > 0;
        sql_reader_next(reader);
    } while (reader->token.kind != SQL_END && (depth > 0 || reader->token.kind == SQL_OPEN || sql_reader_is(reader, "analyze") ||
                                               sql_reader_is(reader, "verbose")));
    if (analyze)
        read_verb(reading);
}

static void read_verb(struct reading *reading)
{
    struct sql_reader *reader = &reading->reader;
    size_t offset = reader->token.offset;

    if (sql_reader_take(reader, "delete"))
        read_delete(reading, offset);
    else if (sql_reader_take(reader, "update"))
        read_update(reading, offset);
    else if (sql_reader_take(reader, "insert"))
        read_insert(reading, offset, false);
    else if (sql_reader_take(reader, "replace"))
        read_insert(reading, offset, true);
    else if (sql_reader_take(reader, "merge"))
        read_merge(reading, offset);
    else if (sql_reader_take(reader, "truncate"))
        read_truncate(reading, offset);
    else if (sql_reader_take(reader, "drop"))
        read_drop(reading, offset);
    else if (sql_reader_take(reader, "alter"))
        read_alter(reading);
    else if (sql_reader_take(reader, "create"))
        read_create(reading);
    else if (sql_reader_take(reader, "with"))
        read_with(reading);
    else if (sql_reader_take(reader, "do"))
        read_string(reading, true);
    else if (reading->nested > 0 && sql_reader_take(reader, "execute"))
        read_string(reading, false);
    else if (sql_reader_take(reader, "explain"))
        read_explain(reading);
    else if (sql_reader_take(reader, "copy") && reader->token.kind == SQL_OPEN) { /* (DELETE ... RETURNING *) TO ... */
        sql_reader_next(reader);
        read_verb(reading);
    } else if (sql_reader_take(reader, "prepare") && sql_reader_seek(reader, "as")) {
        read_verb(reading); /* for EXECUTE */
    }
}

static void read_text(struct guard_losses *out, const struct sql_dialect *dialect, const char *sql, size_t length, size_t base, size_t nested)
{
    struct reading reading = {.out = out, .base = base, .nested = nested};

    sql_reader_open(&reading.reader, dialect, sql, length);
    read_verb(&reading);
}

bool guard_read(struct guard_losses *losses, const struct sql_dialect *dialect, const char *sql, size_t length, size_t base)
{
    size_t count = losses->count;

    read_text(losses, dialect, sql, length, base, 0);
    return losses->count > count;
}

bool guard_destructive(const struct sql_dialect *dialect, const char *sql, size_t length, struct guard_losses *losses)
{
    struct guard_losses own = {0};
    bool lost = guard_read(losses != NULL ? losses : &own, dialect, sql, length, 0);

    lost |= own.failed; /* not known to be harmless */
    guard_losses_free(&own);
    return lost;
}
