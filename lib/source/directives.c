/* SPDX-License-Identifier: MIT
 * The reader of directives. A directive is a line comment that begins a line between two statements: what
 * looks like one in a string, in a block comment or in the body of a function or a trigger is none. The lexer
 * and the splitter say where that is, so that a file is cut as the engine will read it. */
#include "source/big.h"

#include "util/nearest.h"
#include "util/array.h"
#include "util/memory.h"
#include "util/utf8.h"

#include <string.h>

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

int32_t reading_fail(const struct directive_reading *reading, size_t offset, int32_t code, migrate_error **err,
                     const char *format, ...)
{
    int64_t line, column;
    size_t start, length;
    va_list arguments;

    va_start(arguments, format);
    code = error_vset(err, code, format, arguments);
    va_end(arguments);
    sql_position(reading->text, reading->length, offset, &line, &column);
    sql_line_at(reading->text, reading->length, offset, &start, &length);
    error_place(err, reading->file, reading->skeleton ? skeleton_line(reading->skeleton, line) : line, column);
    error_source_line(err, reading->text + start, length);
    return code;
}

/* ---- the table ---- */

/* Where the key ends in the text, or 0 if the text does not begin with it. */
static size_t match_key(const char *key, const char *text, size_t length)
{
    size_t i = 0;

    for (const char *k = key; *k; k++) {
        if (*k == ' ') {
            size_t next = line_skip_blanks(text, length, i);

            if (next == i && k[-1] != ':')
                return 0;
            i = next;
        } else if (i < length && text_equal_nocase_n(text + i, k, 1)) {
            i++;
        } else {
            return 0;
        }
    }
    return key[strlen(key) - 1] == ':' || i == length || !is_word(text[i]) ? i : 0;
}

/* What a comment says: from behind "--" and blanks to the end of its line. */
struct span comment_words(const struct directive_reading *reading, size_t offset)
{
    struct span words;

    words.end = line_end(reading->text, reading->length, offset);
    words.start = line_skip_blanks(reading->text, words.end, offset + 2);
    while (words.end > words.start && line_is_blank(reading->text[words.end - 1]))
        words.end--;
    return words;
}

const struct directive_row *directive_at(const struct directive_reading *reading, size_t offset, struct span *argument)
{
    struct span words = comment_words(reading, offset);

    for (const struct directive_row *row = reading->layout->directives; row->key; row++) {
        size_t taken = match_key(row->key, reading->text + words.start, words.end - words.start);

        if (taken > 0) {
            argument->start = line_skip_blanks(reading->text, words.end, words.start + taken);
            argument->end = words.end;
            return row;
        }
    }
    return NULL;
}

static int32_t refuse_unknown(const struct directive_reading *reading, size_t offset, migrate_error **err)
{
    const char *reserved = reading->layout->reserved, *text = reading->text;
    struct span words = comment_words(reading, offset);
    size_t start = line_skip_blanks(text, words.end, words.start + strlen(reserved)), end = start;
    struct nearest nearest;
    int32_t code;

    while (end < words.end && !line_is_blank(text[end]))
        end++;
    if (end == start)
        code = reading_fail(reading, words.start, MIGRATE_ERROR_SOURCE, err, "no directive behind \"-- %s\"",
                            reserved);
    else
        code = reading_fail(reading, start, MIGRATE_ERROR_SOURCE, err, "unknown directive \"%.*s\"",
                            (int)(end - start), text + start);
    nearest_start(&nearest, text + start, end - start);
    for (const struct directive_row *row = reading->layout->directives; row->key; row++)
        if (row->action != DIRECTIVE_FOREIGN && text_starts(row->key, reserved))
            nearest_offer(&nearest, row->key + strlen(reserved) + 1);
    if (nearest.found)
        error_hint(err, "is \"-- %s %s\" meant?", reserved, nearest.found);
    else
        error_hint(err, "known are no-transaction, out-of-order, breaking, allow-data-loss, expect, assert, assert-before, ignore and "
                        "stands-for; a plain comment must not begin with \"migrate:\"");
    error_about(err, "directive");
    return code;
}

static int32_t refuse_place(const struct directive_reading *reading, const struct directive_row *row, size_t offset,
                            enum directive_role role, migrate_error **err)
{
    static const struct {
        enum directive_role role;
        const char *name;
    } places[] = {{ROLE_UP, "a migration's file"},
                  {ROLE_DOWN, "a down file"},
                  {ROLE_BLOCK, "a rollback block"},
                  {ROLE_REPEATABLE, "a repeatable migration"},
                  {ROLE_SCHEMA, "the schema file"}};
    const char *here = "this file";
    int32_t code;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].role == role)
            here = places[i].name;
    code = reading_fail(reading, offset, MIGRATE_ERROR_SOURCE, err, "\"-- %s\" does not belong in %s",
                        row->key, here);
    if (role == ROLE_BLOCK)
        error_hint(err, "end the block with \"-- END ROLLBACK\" before it");
    else if (row->roles & ROLE_UP)
        error_hint(err, role == ROLE_DOWN ? "move it to the migration's up file" : "remove the line");
    else
        error_hint(err, "it belongs in schema.sql alone");
    error_about(err, "directive");
    return code;
}

static int32_t check_argument(const struct directive_reading *reading, const struct directive_row *row,
                              struct span argument, migrate_error **err)
{
    int32_t code = MIGRATE_OK;

    if (row->argument == ARGUMENT_NONE && argument.end > argument.start) {
        code = reading_fail(reading, argument.start, MIGRATE_ERROR_SOURCE, err,
                            "nothing may follow \"-- %s\" on its line", row->key);
        error_hint(err, "put the remark on a line of its own");
    } else if (row->argument == ARGUMENT_NEEDED && argument.end == argument.start) {
        static const struct {
            enum directive_action action;
            const char *what, *hint;
        } wanted[] = {
            {DIRECTIVE_STANDS_FOR, "the id of a migration", "write -- migrate: stands-for 042_last_migration_in_it"},
            {DIRECTIVE_EXPECT, "a condition", EXPECT_HINT},
            {DIRECTIVE_ASSERT, "a query", ASSERT_HINT},
            {DIRECTIVE_ASSERT_BEFORE, "a query", ASSERT_HINT},
            {DIRECTIVE_ALLOW_DATA_LOSS, "a reason", "say why the loss is wanted: -- migrate: allow-data-loss column unused since 2.0"},
        };

        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (wanted[i].action != row->action)
                continue;
            code = reading_fail(reading, argument.start, MIGRATE_ERROR_SOURCE, err, "\"-- %s\" needs %s behind it", row->key, wanted[i].what);
            error_hint(err, "%s", wanted[i].hint);
        }
    }
    error_about(err, "directive");
    return code;
}

/* Words between commas and blanks; the word "none" is for people. */
static int32_t read_list(const struct directive_reading *reading, struct span argument, struct spans *list,
                         migrate_error **err)
{
    const char *text = reading->text;

    for (size_t i = argument.start; i < argument.end;) {
        size_t start = i;

        while (i < argument.end && !line_is_blank(text[i]) && text[i] != ',')
            i++;
        if (i > start && !(i - start == 4 && text_equal_nocase_n(text + start, "none", 4))) {
            if (!array_reserve(list))
                return error_nomem(err);
            list->items[list->count++] = (struct span){start, i};
        }
        while (i < argument.end && (line_is_blank(text[i]) || text[i] == ','))
            i++;
    }
    return MIGRATE_OK;
}

/* A directive whose value may be given once. */
static int32_t read_once(const struct directive_reading *reading, const struct directive_row *row, struct span argument,
                         struct span *value, migrate_error **err)
{
    if (value->end > value->start) {
        int32_t code = reading_fail(reading, argument.start, MIGRATE_ERROR_SOURCE, err,
                                    "\"-- %s\" stands here for the second time", row->key);
        error_hint(err, "keep one of them");
        error_about(err, "directive");
        return code;
    }
    *value = argument;
    return MIGRATE_OK;
}

/* ---- rollback blocks ---- */

bool comment_next(const struct directive_reading *reading, size_t end, size_t *offset, size_t *comment)
{
    size_t line;

    while (*offset < end) {
        struct sql_token token = sql_lex(reading->dialect, reading->text, reading->length, *offset);

        if (token.kind == SQL_END)
            break;
        *offset = token.offset + token.length;
        *comment = token.offset;
        if (token.kind == SQL_LINE_COMMENT && token.offset < end &&
            line_begins(reading->text, token.offset, &line))
            return true;
    }
    return false;
}

static int32_t read_comment(struct directive_reading *reading, size_t comment, enum directive_role role, size_t *next,
                            migrate_error **err);

/* The same; what is refused may be passed on, and the comment is none then. */
static int32_t read_or_pass(struct directive_reading *reading, size_t comment, enum directive_role role, size_t *next,
                            migrate_error **err)
{
    migrate_error *problem = NULL;
    int32_t code = read_comment(reading, comment, role, next, &problem);

    if (code != MIGRATE_OK)
        error_id(&problem, reading->id);
    if (code == MIGRATE_ERROR_SOURCE && problem != NULL && problem->about == NULL)
        error_about(&problem, "directive");
    return source_pass(reading->options, code, &problem, err);
}

/* In a rollback block, one directive is known: its own no-transaction. */
static int32_t read_block_directives(struct directive_reading *reading, const struct rollback *block,
                                     migrate_error **err)
{
    size_t offset = block->text.start, comment, next;
    int32_t code = MIGRATE_OK;

    while (code == MIGRATE_OK && comment_next(reading, block->text.end, &offset, &comment)) {
        size_t inner = comment_words(reading, comment).start;

        /* "-- -- migrate: no-transaction", written as all other comments of the block are */
        if (block->commented && inner + 2 <= offset && memcmp(reading->text + inner, "--", 2) == 0)
            comment = inner;
        code = read_or_pass(reading, comment, ROLE_BLOCK, &next, err);
    }
    return code;
}

static int32_t read_rollback(struct directive_reading *reading, size_t comment, struct span argument, size_t *next,
                             migrate_error **err)
{
    struct rollback block;
    size_t ignores = reading->ignores.count;
    int32_t code = rollback_find(reading, comment, argument, &block, err);

    if (code == MIGRATE_OK && argument.end == argument.start)
        code = read_block_directives(reading, &block, err);
    if (code != MIGRATE_OK)
        return code;
    for (; ignores < reading->ignores.count; ignores++) /* what stands in a block holds for the block */
        reading->ignores.items[ignores].end = block.lines.end;
    if (!array_reserve(&reading->rollbacks))
        return error_nomem(err);
    reading->rollbacks.items[reading->rollbacks.count++] = block;
    *next = block.lines.end;
    return MIGRATE_OK;
}

/* ---- the file ---- */

static int32_t refuse_end(const struct directive_reading *reading, size_t comment, migrate_error **err)
{
    int32_t code = reading_fail(reading, comment, MIGRATE_ERROR_SOURCE, err,
                                "\"-- END ROLLBACK\" without a rollback block before it");

    error_hint(err,
               "a block begins with a line \"-- ROLLBACK:\" that has nothing behind the colon and does not "
               "stand inside a statement (is a semicolon missing before it?)");
    error_about(err, "rollback-block");
    return code;
}

static int32_t refuse_foreign(const struct directive_reading *reading, const struct directive_row *row, size_t comment,
                              migrate_error **err)
{
    int32_t code = reading_fail(reading, comment, MIGRATE_ERROR_SOURCE, err,
                                "the file is written for %s, whose layout is not read yet", row->tool);

    error_hint(err, "plain SQL goes up; put the way down into a \"-- ROLLBACK:\" block or a .down.sql file");
    error_about(err, "foreign-file");
    return code;
}

/* "RULE REASON"; what it belongs to is known when the statement behind it is. */
static int32_t read_ignore(struct directive_reading *reading, size_t comment, struct span argument, migrate_error **err)
{
    struct ignore ignore = {.comment = comment, .rule = argument, .reason = argument};

    for (ignore.rule.end = argument.start; ignore.rule.end < argument.end && !line_is_blank(reading->text[ignore.rule.end]);)
        ignore.rule.end++;
    ignore.reason.start = line_skip_blanks(reading->text, argument.end, ignore.rule.end);
    if (!array_reserve(&reading->ignores))
        return error_nomem(err);
    reading->ignores.items[reading->ignores.count++] = ignore;
    return MIGRATE_OK;
}

static int32_t take_directive(struct directive_reading *reading, const struct directive_row *row, size_t comment,
                              struct span argument, enum directive_role role, size_t *next,
                              migrate_error **err)
{
    int32_t code = MIGRATE_OK;

    switch (row->action) {
    case DIRECTIVE_ROLLBACK:
        code = read_rollback(reading, comment, argument, next, err);
        break;
    case DIRECTIVE_END_ROLLBACK:
        code = refuse_end(reading, comment, err);
        break;
    case DIRECTIVE_DEPENDS:
        code = read_list(reading, argument, &reading->depends, err);
        break;
    case DIRECTIVE_TABLES:
        code = read_list(reading, argument, &reading->tables, err);
        break;
    case DIRECTIVE_NO_TRANSACTION:
        if (role == ROLE_BLOCK)
            reading->rollback_no_transaction = true;
        else
            reading->no_transaction = true;
        break;
    case DIRECTIVE_FOREIGN_KEYS:
        if (role == ROLE_BLOCK)
            reading->rollback_foreign_keys = true;
        else
            reading->foreign_keys = true;
        break;
    case DIRECTIVE_OUT_OF_ORDER:
        reading->out_of_order = true;
        break;
    case DIRECTIVE_BREAKING:
        reading->breaking = true;
        break;
    case DIRECTIVE_ALLOW_DATA_LOSS:
        code = read_once(reading, row, argument, &reading->allow_data_loss, err);
        break;
    case DIRECTIVE_STANDS_FOR:
        code = read_once(reading, row, argument, &reading->stands_for, err);
        break;
    case DIRECTIVE_IGNORE:
        code = read_ignore(reading, comment, argument, err);
        break;
    case DIRECTIVE_EXPECT:
    case DIRECTIVE_ASSERT:
    case DIRECTIVE_ASSERT_BEFORE:
        code = read_expectation(reading, row->action, argument, err);
        break;
    case DIRECTIVE_FOREIGN:
        code = refuse_foreign(reading, row, comment, err);
        break;
    }
    return code;
}

/* A line comment that begins a line. next: moved behind a rollback block. */
static int32_t read_comment(struct directive_reading *reading, size_t comment, enum directive_role role, size_t *next,
                            migrate_error **err)
{
    struct span argument, words = comment_words(reading, comment);
    const struct directive_row *row = directive_at(reading, comment, &argument);
    int32_t code;

    if (!row) {
        if (match_key(reading->layout->reserved, reading->text + words.start, words.end - words.start) > 0)
            return refuse_unknown(reading, comment, err);
        return MIGRATE_OK;
    }
    if (!(row->roles & (unsigned)role))
        return refuse_place(reading, row, comment, role, err);
    code = check_argument(reading, row, argument, err);
    if (code == MIGRATE_OK)
        code = take_directive(reading, row, comment, argument, role, next, err);
    return code;
}

/* The comments between two statements. *offset ends at `end`, or beyond it behind a rollback block of SQL. */
static int32_t read_gap(struct directive_reading *reading, size_t end, enum directive_role role, size_t *offset,
                        migrate_error **err)
{
    size_t comment;
    int32_t code = MIGRATE_OK;

    while (code == MIGRATE_OK && comment_next(reading, end, offset, &comment))
        code = read_or_pass(reading, comment, role, offset, err);
    if (*offset < end)
        *offset = end;
    return code;
}

/* The ignores from that one on that wait for the statement that ends here. end 0: no statement is left. */
static void settle_ignores(struct directive_reading *reading, size_t *from, size_t end, bool first)
{
    for (; *from < reading->ignores.count; ++*from) {
        struct ignore *ignore = &reading->ignores.items[*from];

        if (ignore->end > 0) /* a block's */
            continue;
        ignore->end = end;
        ignore->whole = first;
    }
}

static int32_t read_statements(struct directive_reading *reading, enum directive_role role, migrate_error **err)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t offset = 0, ignores = 0;
    int32_t code = MIGRATE_OK;
    bool more = true, first = true;

    sql_split(&splitter, reading->dialect, reading->text, reading->length);
    while (code == MIGRATE_OK && more) {
        more = sql_next(&splitter, &statement);
        size_t end = more ? statement.offset : reading->length;

        code = read_gap(reading, end, role, &offset, err);
        if (offset > end) { /* a rollback block of plain SQL began here: what was split is part of it */
            splitter.offset = offset;
            more = true;
        } else if (more) {
            settle_ignores(reading, &ignores, statement.offset + statement.length, first);
            first = false;
            offset = statement.kind == SQL_COPY_IN ? statement.end : statement.offset + statement.length;
        }
    }
    if (first)
        settle_ignores(reading, &ignores, 0, true);
    return code;
}

static int32_t check_encoding(const struct directive_reading *reading, migrate_error **err)
{
    size_t bad = utf8_invalid(reading->text, reading->length);
    int32_t code;

    if (bad == reading->length)
        return MIGRATE_OK;
    if (bad == 0 && reading->length >= 2 &&
        (memcmp(reading->text, "\xFF\xFE", 2) == 0 || memcmp(reading->text, "\xFE\xFF", 2) == 0))
        code = reading_fail(reading, 0, MIGRATE_ERROR_SOURCE, err, "the file is UTF-16, not UTF-8");
    else if (reading->text[bad] == '\0')
        code = reading_fail(reading, bad, MIGRATE_ERROR_SOURCE, err, "the file has a NUL byte");
    else
        code = reading_fail(reading, bad, MIGRATE_ERROR_SOURCE, err, "the byte 0x%02X is not valid UTF-8",
                            (unsigned)(unsigned char)reading->text[bad]);
    error_hint(err, "save the file as UTF-8 (a dump: pg_dump --encoding=UTF8)");
    error_about(err, "encoding");
    return code;
}

int32_t reading_make(struct directive_reading *out, const char *text, size_t length, enum directive_role role,
                     migrate_error **err)
{
    size_t mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    int32_t code;

    out->text = text + mark;
    out->length = length - mark;
    code = check_encoding(out, err);
    if (code == MIGRATE_OK)
        code = read_statements(out, role, err);
    return code;
}

void reading_free(struct directive_reading *reading)
{
    memory_free(reading->rollbacks.items);
    memory_free(reading->ignores.items);
    memory_free(reading->depends.items);
    memory_free(reading->tables.items);
    memory_free(reading->expectations.items);
}
