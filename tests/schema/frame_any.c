/* SPDX-License-Identifier: MIT
 * What the frames of all engines share. */
#include "frame_any.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void frame_die(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void frame_run(struct database *db, const char *sql)
{
    migrate_error *err = NULL;

    if (database_exec(db, sql, &err) != MIGRATE_OK)
        frame_die("%s\n%s", sql, err->message);
}

char *frame_lines(struct migrate_rows *rows)
{
    struct text out = {0};

    for (size_t row = 0; row < rows_count(rows); row++) {
        for (size_t column = 0; column < rows_columns(rows); column++) {
            const char *value = rows_text(rows, row, column);
            text_format(&out, "%s%s", column > 0 ? "|" : "", value != NULL ? value : "(null)");
        }
        text_add_char(&out, '\n');
    }
    rows_free(rows);
    text_add(&out, "");
    return text_take(&out);
}

char *frame_differ(const struct facts *is, const struct facts *wanted)
{
    struct differences differences = {0};
    struct text out = {0};

    if (facts_compare(is, wanted, &differences, NULL) != MIGRATE_OK)
        frame_die("no memory");
    for (size_t i = 0; i < differences.count; i++) {
        const struct difference *difference = &differences.items[i];
        const struct fact *fact = difference->from != NULL ? difference->from : difference->to;
        text_format(&out, "%s %s: %s, not %s\n", fact->kind, fact->ident, difference->from != NULL ? difference->from->value : "(none)",
                    difference->to != NULL ? difference->to->value : "(none)");
    }
    differences_free(&differences);
    if (out.length == 0) {
        text_free(&out);
        return NULL;
    }
    return text_take(&out);
}
