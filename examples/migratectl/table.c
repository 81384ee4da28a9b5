/* SPDX-License-Identifier: MIT
 * What people read: aligned columns, instants, durations. Texts from a database or a file are cleaned before
 * they reach a terminal. */
#include "migratectl.h"

#include <string.h>
#include <time.h>

enum { COLUMNS_MOST = 10, GAP = 2 };

struct row {
    struct row *next;
    const char *cells[COLUMNS_MOST];
    enum color colors[COLUMNS_MOST];
};

struct table {
    const char *const *headers;
    size_t columns, filled; /* filled: cells of the last row */
    struct row *first, *last;
};

const char *output_paint(bool on, enum color color)
{
    static const char *const codes[] = {"\033[0m", "\033[32m", "\033[33m", "\033[31m", "\033[2m"};
    return on ? codes[color] : "";
}

const char *rows_cell(const migrate_rows *rows, size_t row, const char *column)
{
    return migrate_rows_text(rows, row, migrate_rows_column_index(rows, column));
}

int64_t rows_number(const migrate_rows *rows, size_t row, const char *column)
{
    return migrate_rows_int(rows, row, migrate_rows_column_index(rows, column));
}

static bool is_harmless(uint32_t point, bool lines)
{
    return (point >= 0x20 && point < 0x7f) || point >= 0xa0 || (lines && (point == '\n' || point == '\t'));
}

/* The text itself if there is nothing to clean, which saves most of the copies. */
static const char *clean(const char *text, bool lines)
{
    const char *at = text;
    uint32_t point = 0;
    size_t length = 0;
    while (*at && (length = cli_utf8(at, &point)) && is_harmless(point, lines))
        at += length;
    if (!*at)
        return text;
    char *copy = cli_alloc(strlen(text) * 3 + 1), *to = copy;
    for (at = text; *at; at += length ? length : 1) {
        length = cli_utf8(at, &point);
        if (length == 0)
            to = stpcpy(to, "\xef\xbf\xbd");
        else if (!is_harmless(point, lines))
            *to++ = ' ';
        else
            to = mempcpy(to, at, length);
    }
    return copy;
}

const char *table_clean(const char *text)
{
    return clean(text, false);
}

const char *table_clean_lines(const char *text)
{
    return clean(text, true);
}

/* Columns of the terminal: none for combining marks, two for wide East Asian letters and pictures. */
static size_t width_of_point(uint32_t point)
{
    if ((point >= 0x300 && point < 0x370) || (point >= 0x200b && point < 0x2010) ||
        (point >= 0xfe00 && point < 0xfe10))
        return 0;
    if ((point >= 0x1100 && point < 0x1160) || (point >= 0x2e80 && point < 0xa4d0) ||
        (point >= 0xac00 && point < 0xd7a4) || (point >= 0xf900 && point < 0xfb00) ||
        (point >= 0xff00 && point < 0xff61) || (point >= 0x1f300 && point < 0x1fb00) ||
        (point >= 0x20000 && point < 0x40000))
        return 2;
    return 1;
}

static size_t width(const char *text)
{
    size_t columns = 0;
    while (*text) {
        uint32_t point = 0;
        size_t length = cli_utf8(text, &point);
        columns += length ? width_of_point(point) : 1;
        text += length ? length : 1;
    }
    return columns;
}

char *table_cut(const char *text, size_t columns)
{
    char *cut = cli_copy(table_clean(text));
    size_t used = 0;
    for (char *at = cut; *at;) {
        uint32_t point = 0;
        size_t length = cli_utf8(at, &point);
        used += width_of_point(point);
        if (used > columns)
            *at = '\0';
        else
            at += length;
    }
    return cut;
}

struct table *table_new(const char *const *headers, size_t columns)
{
    struct table *table = cli_alloc(sizeof *table);
    table->headers = headers;
    table->columns = columns < COLUMNS_MOST ? columns : COLUMNS_MOST;
    table->filled = table->columns;
    return table;
}

void table_put(struct table *table, const char *text, enum color color)
{
    if (table->filled == table->columns) {
        struct row *row = cli_alloc(sizeof *row);
        *(table->last ? &table->last->next : &table->first) = row;
        table->last = row;
        table->filled = 0;
    }
    table->last->cells[table->filled] = text ? table_clean(text) : "";
    table->last->colors[table->filled++] = color;
}

/* 0 for a column without anything in it: it is left out. */
static size_t width_of_column(const struct table *table, size_t column)
{
    size_t widest = 0;
    for (const struct row *row = table->first; row; row = row->next) {
        size_t cell = width(row->cells[column]);
        widest = cell > widest ? cell : widest;
    }
    size_t header = width(table->headers[column]);
    return widest && header > widest ? header : widest;
}

static void print_row(const struct table *table, const size_t *widths, const struct row *row, FILE *out,
                      bool color)
{
    size_t owed = 0; /* blanks before the next cell: none are left at the end of a line */
    for (size_t i = 0; i < table->columns; i++) {
        const char *cell = row->cells[i];
        if (widths[i] == 0)
            continue;
        if (*cell) {
            bool paint = color && row->colors[i] != COLOR_NONE;
            fprintf(out, "%*s%s%s%s", (int)owed, "", output_paint(paint, row->colors[i]), cell,
                    output_paint(paint, COLOR_NONE));
            owed = 0;
        }
        owed += widths[i] - width(cell) + GAP;
    }
    putc('\n', out);
}

void table_print(const struct table *table, FILE *out, bool color)
{
    size_t widths[COLUMNS_MOST] = {0};
    struct row header = {0};
    if (!table->first)
        return;
    for (size_t i = 0; i < table->columns; i++) {
        widths[i] = width_of_column(table, i);
        header.cells[i] = table->headers[i];
        header.colors[i] = COLOR_DIM;
    }
    print_row(table, widths, &header, out, color);
    for (const struct row *row = table->first; row; row = row->next)
        print_row(table, widths, row, out, color);
}

char *table_instant(int64_t us)
{
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)(us / 1000000);
    if (us <= 0 || !gmtime_r(&seconds, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &parts))
        return cli_copy("");
    return cli_copy(text);
}

char *table_duration(int64_t us)
{
    long long ms = us / 1000;
    if (ms < 1)
        return cli_copy("<1 ms");
    if (ms < 1000)
        return cli_format("%lld ms", ms);
    if (ms < 60000)
        return cli_format("%lld.%lld s", ms / 1000, ms % 1000 / 100);
    if (ms < 3600000)
        return cli_format("%lld min %lld s", ms / 60000, ms % 60000 / 1000);
    return cli_format("%lld h %lld min", ms / 3600000, ms % 3600000 / 60000);
}
