/* SPDX-License-Identifier: MIT
 * Where a rollback block ends, and whether its lines are comments. */
#include "source/directives.h"

/* The "-- END ROLLBACK" of a block that begins at offset. The next "-- ROLLBACK:" means that there is none.
 */
static bool find_end(const struct directive_reading *reading, size_t offset, size_t *end_line, size_t *behind)
{
    size_t comment;
    struct span argument;

    while (comment_next(reading, reading->length, &offset, &comment)) {
        const struct directive_row *row = directive_at(reading, comment, &argument);

        if (row && row->action == DIRECTIVE_ROLLBACK)
            return false;
        if (row && row->action == DIRECTIVE_END_ROLLBACK) {
            line_begins(reading->text, comment, end_line);
            *behind = line_next(reading->text, reading->length, comment);
            return true;
        }
    }
    return false;
}

enum line_kind { LINE_EMPTY, LINE_COMMENT, LINE_OTHER };

static enum line_kind kind_of_line(const struct directive_reading *reading, size_t line)
{
    size_t end = line_end(reading->text, reading->length, line);
    size_t start = line_skip_blanks(reading->text, end, line);

    if (start == end)
        return LINE_EMPTY;
    return end - start >= 2 && reading->text[start] == '-' && reading->text[start + 1] == '-' ? LINE_COMMENT
                                                                                              : LINE_OTHER;
}

static bool all_commented(const struct directive_reading *reading, struct span text)
{
    bool any = false;

    for (size_t line = text.start; line < text.end; line = line_next(reading->text, reading->length, line)) {
        enum line_kind kind = kind_of_line(reading, line);

        if (kind == LINE_OTHER)
            return false;
        any = any || kind == LINE_COMMENT;
    }
    return any;
}

/* A block without an end: the comment lines that follow, blank lines between them allowed. */
static int32_t read_open_block(const struct directive_reading *reading, size_t comment, struct rollback *block,
                               migrate_error **err)
{
    size_t start = line_next(reading->text, reading->length, comment), line = start;
    struct span argument;
    bool any = false;
    int32_t code;

    *block = (struct rollback){.text = {start, start}, .commented = true};
    while (line < reading->length) {
        enum line_kind kind = kind_of_line(reading, line);
        size_t next = line_next(reading->text, reading->length, line);

        if (kind == LINE_OTHER)
            break;
        if (kind == LINE_COMMENT) {
            size_t dashes = line_skip_blanks(reading->text, next, line);
            const struct directive_row *row = directive_at(reading, dashes, &argument);
            struct span words = comment_words(reading, dashes);

            if (row && row->action == DIRECTIVE_ROLLBACK)
                break;
            any = any || (!row && words.end > words.start);
            block->text.end = next;
        }
        line = next;
    }
    if (any)
        return MIGRATE_OK;
    code = reading_fail(reading, comment, MIGRATE_ERROR_SOURCE, err, "the rollback block has no text");
    error_hint(err,
               "end a block of plain SQL with \"-- END ROLLBACK\", or write every line of it as a comment");
    error_about(err, "rollback-block");
    return code;
}

int32_t rollback_find(const struct directive_reading *reading, size_t comment, struct span argument, struct rollback *out,
                      migrate_error **err)
{
    size_t end_line, behind = line_next(reading->text, reading->length, comment);
    int32_t code = MIGRATE_OK;

    *out = (struct rollback){.text = argument};
    if (argument.end > argument.start) {
        out->lines.end = behind;
    } else if (find_end(reading, behind, &end_line, &out->lines.end)) {
        out->text = (struct span){behind, end_line};
        out->commented = all_commented(reading, out->text);
    } else {
        code = read_open_block(reading, comment, out, err);
        out->lines.end = out->text.end;
    }
    line_begins(reading->text, comment, &out->lines.start);
    return code;
}
