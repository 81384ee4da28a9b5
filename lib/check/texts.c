/* SPDX-License-Identifier: MIT
 * What can be told by the text of a migration, and by its number, alone. */
#include "check/findings.h"

#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- the bytes ---- */

int32_t check_bytes(const char *id, const char *file, const char *bytes, size_t length, struct findings *findings, migrate_error **err)
{
    struct finding finding = {.id = id, .file = file};
    size_t crlf = 0, lf = 0, first = 0;
    int32_t code = MIGRATE_OK;

    if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        finding = (struct finding){.rule = "byte-order-mark", .id = id, .file = file, .line = 1, .column = 1,
                                   .hint = "save the file as UTF-8 without a BOM"};
        code = findings_tell(findings, &finding, err, "the file begins with a byte order mark; it is read as if it were not there, but other "
                                                      "tools send it to the database");
    }
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\n')
            continue;
        if (i == 0 || bytes[i - 1] != '\r') {
            lf++;
            continue;
        }
        if (crlf++ == 0)
            first = lf + 1;
    }
    if (code != MIGRATE_OK || crlf == 0)
        return code;
    finding = (struct finding){.rule = "line-ends", .id = id, .file = file, .line = (int64_t)first, .column = 1,
                               .hint = "a line \"*.sql text eol=lf\" in .gitattributes keeps them as LF on every machine"};
    return findings_tell(findings, &finding, err,
                         "%s end in CRLF; the checksum counts them as LF, but in a string of several lines the CR is part of its value",
                         lf > 0 ? "some lines" : "lines");
}

/* ---- the words ---- */

struct text_reading {
    const struct checked_text *text;
    struct findings *findings;
    size_t statements;        /* that do something */
    size_t begins, commits;   /* of the author's own */
    size_t begin, commit;     /* where the first one is */
    bool behind;              /* something was run behind a COMMIT */
};

static int32_t tell(const struct text_reading *reading, const char *rule, const char *severity, size_t offset, const char *hint,
                    migrate_error **err, const char *message)
{
    const struct checked_text *text = reading->text;
    struct finding finding = {.rule = rule, .severity = severity, .id = text->id, .file = text->file, .hint = hint};

    sql_position(text->text, text->length, offset, &finding.line, &finding.column);
    if (finding.line == 1)
        finding.column += text->first_column - 1;
    finding.line += text->first_line - 1;
    return findings_tell(reading->findings, &finding, err, "%s", message);
}

static bool begins_line(const char *text, size_t offset)
{
    while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t'))
        offset--;
    return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

/* "-- migrate: ..." behind or inside of a statement; at the front of a line between statements it is read as what it is. */
static int32_t check_comment(const struct text_reading *reading, struct sql_token comment, bool inside, migrate_error **err)
{
    static const char reserved[] = "migrate:";
    const char *text = reading->text->text;
    size_t at = comment.offset + 2, end = comment.offset + comment.length;

    while (at < end && (text[at] == ' ' || text[at] == '\t'))
        at++;
    if (end - at < sizeof reserved - 1 || !text_equal_nocase_n(text + at, reserved, sizeof reserved - 1))
        return MIGRATE_OK;
    if (!inside && begins_line(text, comment.offset))
        return MIGRATE_OK;
    return tell(reading, "stray-directive", NULL, comment.offset,
                "put it on a line of its own in front of the statement", err,
                inside ? "this looks like a directive, but stands inside of a statement, where it is a comment like any other"
                       : "this looks like a directive, but stands behind a statement, where it is a comment like any other");
}

static bool word_at(const char *text, size_t length, size_t at)
{
    return at < length && ((text[at] >= 'a' && text[at] <= 'z') || (text[at] >= 'A' && text[at] <= 'Z') || text[at] == '_');
}

/* :name, :'name', :"name" of psql; :name, @name, ? of SQLite, which are null where nobody binds them. brackets: an array's slice may hold
 * colons, too. */
static int32_t check_symbol(const struct text_reading *reading, size_t at, size_t end, size_t brackets, migrate_error **err)
{
    const char *text = reading->text->text;
    size_t length = reading->text->length;
    bool shell = reading->text->dialect->meta_commands;

    if (text[at] == ':' && (at == 0 || text[at - 1] != ':') && at + 1 < length && (!shell || brackets == 0)) {
        char next = text[at + 1];

        if (word_at(text, length, at + 1) || (shell && (next == '\'' || next == '"')))
            return tell(reading, "shell-variable", NULL, at, "write the value itself", err,
                        shell ? "this is a variable of psql, which the database does not know"
                              : "this is a parameter, and nobody gives it a value: it is null");
    }
    if (!shell && ((text[at] == '?' && end == at + 1) || (text[at] == '@' && word_at(text, length, at + 1))))
        return tell(reading, "shell-variable", NULL, at, "write the value itself", err,
                    "this is a parameter, and nobody gives it a value: it is null");
    return MIGRATE_OK;
}

static int32_t check_tokens(const struct text_reading *reading, size_t from, size_t to, bool inside, migrate_error **err)
{
    const struct checked_text *text = reading->text;
    size_t brackets = 0;
    int32_t code = MIGRATE_OK;

    while (code == MIGRATE_OK && from < to) {
        struct sql_token token = sql_lex(text->dialect, text->text, to, from);

        if (token.kind == SQL_END)
            break;
        from = token.offset + token.length;
        if (token.kind == SQL_LINE_COMMENT)
            code = check_comment(reading, token, inside, err);
        if (token.kind != SQL_SYMBOL || !inside)
            continue;
        if (text->text[token.offset] == '[')
            brackets++;
        if (text->text[token.offset] == ']' && brackets > 0)
            brackets--;
        for (size_t at = token.offset; code == MIGRATE_OK && at < from; at++) {
            if (at == token.offset || text->text[at] == ':')
                code = check_symbol(reading, at, from, brackets, err);
        }
    }
    return code;
}

static void count_statement(struct text_reading *reading, const struct sql_statement *statement)
{
    switch (statement->kind) {
    case SQL_BEGIN:
        if (reading->begins++ == 0)
            reading->begin = statement->offset;
        break;
    case SQL_COMMIT:
        if (reading->commits++ == 0)
            reading->commit = statement->offset;
        break;
    case SQL_META: /* told elsewhere, or of no meaning */
        break;
    default:
        reading->statements++;
        reading->behind = reading->behind || reading->commits > 0;
    }
}

static int32_t judge(const struct text_reading *reading, migrate_error **err)
{
    const struct checked_text *text = reading->text;
    struct finding finding = {.id = text->id, .file = text->file};

    if (reading->statements == 0 && text->down) {
        finding.rule = "empty-rollback";
        finding.line = text->first_line;
        finding.column = text->first_column;
        finding.hint = "write what undoes the migration, or remove the empty text, so that it counts as one that cannot be undone";
        return findings_tell(reading->findings, &finding, err, "the way down does nothing: rolling back would take the migration out of the "
                                                               "history and leave what it made");
    }
    if (reading->statements == 0) {
        finding.rule = "empty";
        finding.hint = "remove the file, or write what it is for";
        return findings_tell(reading->findings, &finding, err, "there is nothing to run: it would count as applied all the same");
    }
    if (reading->commits > 0 && reading->behind)
        return tell(reading, "transaction-control", "warning", reading->commit,
                    "take BEGIN and COMMIT out, or make two migrations of it", err,
                    "the text commits half-way: if something fails behind this, what came before it stays");
    if (reading->begins + reading->commits > 0)
        return tell(reading, "transaction-control", "info", reading->begins > 0 ? reading->begin : reading->commit,
                    "take BEGIN and COMMIT out", err, "each migration is one transaction anyway; these words are not sent");
    return MIGRATE_OK;
}

int32_t check_text(const struct checked_text *text, struct findings *findings, migrate_error **err)
{
    struct text_reading reading = {.text = text, .findings = findings};
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t done = 0;
    int32_t code = MIGRATE_OK;

    sql_split(&splitter, text->dialect, text->text, text->length);
    while (code == MIGRATE_OK && sql_next(&splitter, &statement)) {
        size_t end = statement.offset + statement.length;

        code = check_tokens(&reading, done, statement.offset, false, err);
        if (code == MIGRATE_OK && statement.kind != SQL_META)
            code = check_tokens(&reading, statement.offset, end, true, err);
        count_statement(&reading, &statement);
        done = statement.kind == SQL_COPY_IN ? statement.end : end;
    }
    if (code == MIGRATE_OK)
        code = check_tokens(&reading, done, text->length, false, err);
    return code == MIGRATE_OK ? judge(&reading, err) : code;
}

/* ---- numbers ---- */

enum { COUNTED_DIGITS = 6 }; /* a longer number is a time */

/* -1: none, or a time. */
static int64_t value_of(const char *digits)
{
    int64_t value = 0;

    if (digits == NULL)
        return -1;
    while (*digits == '0')
        digits++;
    if (strlen(digits) > COUNTED_DIGITS)
        return -1;
    for (; *digits != '\0'; digits++)
        value = value * 10 + (*digits - '0');
    return value;
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The distance that most neighbours have: teams count by ones, or by tens. Where none is usual yet, by ones unless it looks like tens. */
static int64_t usual_step(int64_t *steps, size_t count)
{
    int64_t best = 0;
    size_t most = 0;

    if (count > 1)
        qsort(steps, count, sizeof *steps, by_value);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i; next < count && steps[next] == steps[i];)
            next++;
        if (next - i > most) {
            most = next - i;
            best = steps[i];
        }
    }
    return most > 1 || best % 10 == 0 ? best : 1;
}

int32_t check_gaps(const struct checked_number *numbers, size_t count, struct findings *findings, migrate_error **err)
{
    int64_t *steps = memory_new((count + 1) * sizeof *steps), usual;
    size_t steps_count = 0;
    int32_t code = steps == NULL ? error_nomem(err) : MIGRATE_OK;

    for (size_t i = 1; code == MIGRATE_OK && i < count; i++) {
        int64_t a = value_of(numbers[i - 1].digits), b = value_of(numbers[i].digits);

        if (a >= 0 && b > a)
            steps[steps_count++] = b - a;
    }
    usual = code == MIGRATE_OK ? usual_step(steps, steps_count) : 0;
    for (size_t i = 1; code == MIGRATE_OK && i < count; i++) {
        int64_t a = value_of(numbers[i - 1].digits), b = value_of(numbers[i].digits);
        struct finding finding = {.rule = "gap", .id = numbers[i].id, .file = numbers[i].file, .other = numbers[i - 1].id,
                                  .hint = "if a file was forgotten, bring it in now: behind a run its number would be late"};

        if (a < 0 || b <= a + usual)
            continue;
        code = findings_tell(findings, &finding, err, "%s follows %s: %s between them left out", numbers[i].digits, numbers[i - 1].digits,
                             b - a == usual * 2 ? "a number is" : "numbers are");
    }
    memory_free(steps);
    return code;
}
