/* SPDX-License-Identifier: MIT
 * The row set: texts in one arena, 16 bytes a cell. Every cell has its text from the start, so that reading
 * changes nothing and needs no lock; numbers are read back from their text. */
#include "util/rows.h"

#include "util/arena.h"
#include "util/array.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

enum cell_kind { CELL_NULL, CELL_TEXT, CELL_INT, CELL_BOOL };

struct cell {
    const char *text; /* NULL: null */
    uint32_t length;
    uint32_t kind;
};

struct value {
    const char *name;
    struct cell cell;
};

struct migrate_rows {
    struct arena texts;
    const char **names;
    size_t columns;
    struct {
        struct cell *items;
        size_t count, capacity;
    } cells;
    struct {
        struct value *items;
        size_t count, capacity;
    } values;
    bool failed;
};

/* ---- building ---- */

struct migrate_rows *rows_new(const char *const *columns, size_t count)
{
    struct migrate_rows *rows = memory_new(sizeof *rows);

    if (rows == NULL)
        return NULL;
    rows->columns = count;
    rows->names = arena_new(&rows->texts, count * sizeof *rows->names);
    for (size_t i = 0; i < count && rows->names != NULL; i++)
        rows->names[i] = arena_text(&rows->texts, columns[i]);
    if (rows->texts.failed) {
        rows_free(rows);
        return NULL;
    }
    return rows;
}

static struct cell text_cell(struct migrate_rows *rows, enum cell_kind kind, const char *text, size_t length)
{
    struct cell cell = {0};

    if (text == NULL)
        return cell;
    if (length > UINT32_MAX) { /* no database hands over a value of 4 GiB; were there one, it would not fit */
        rows->failed = true;
        return cell;
    }
    cell.kind = kind;
    cell.length = (uint32_t)length;
    cell.text = arena_text_n(&rows->texts, text, length);
    return cell;
}

static struct cell int_cell(struct migrate_rows *rows, int64_t number)
{
    char buffer[24];
    struct text digits = {.data = buffer, .capacity = sizeof buffer};

    text_add_int(&digits, number);
    return text_cell(rows, CELL_INT, buffer, digits.length);
}

static struct cell bool_cell(bool truth)
{
    return (struct cell){.text = truth ? "true" : "false", .length = truth ? 4 : 5, .kind = CELL_BOOL};
}

static void put(struct migrate_rows *rows, struct cell cell)
{
    if (array_reserve(&rows->cells))
        rows->cells.items[rows->cells.count++] = cell;
    else
        rows->failed = true;
}

void rows_put_text(struct migrate_rows *rows, const char *text)
{
    rows_put_text_n(rows, text, text != NULL ? strlen(text) : 0);
}

void rows_put_text_n(struct migrate_rows *rows, const char *text, size_t length)
{
    if (rows != NULL)
        put(rows, text_cell(rows, CELL_TEXT, text, length));
}

void rows_put_int(struct migrate_rows *rows, int64_t number)
{
    if (rows != NULL)
        put(rows, int_cell(rows, number));
}

void rows_put_bool(struct migrate_rows *rows, bool truth)
{
    if (rows != NULL)
        put(rows, bool_cell(truth));
}

void rows_put_null(struct migrate_rows *rows)
{
    rows_put_text_n(rows, NULL, 0);
}

static struct value *find_value(const struct migrate_rows *rows, const char *name)
{
    if (rows == NULL || name == NULL)
        return NULL;
    for (size_t i = 0; i < rows->values.count; i++)
        if (strcmp(rows->values.items[i].name, name) == 0)
            return &rows->values.items[i];
    return NULL;
}

static void set_value(struct migrate_rows *rows, const char *name, struct cell cell)
{
    struct value *value = find_value(rows, name);
    const char *copy;

    if (value != NULL) {
        value->cell = cell;
        return;
    }
    copy = arena_text(&rows->texts, name);
    if (copy != NULL && array_reserve(&rows->values))
        rows->values.items[rows->values.count++] = (struct value){copy, cell};
    else
        rows->failed = true;
}

void rows_value_text(struct migrate_rows *rows, const char *name, const char *text)
{
    if (rows != NULL)
        set_value(rows, name, text_cell(rows, CELL_TEXT, text, text != NULL ? strlen(text) : 0));
}

void rows_value_int(struct migrate_rows *rows, const char *name, int64_t number)
{
    if (rows != NULL)
        set_value(rows, name, int_cell(rows, number));
}

void rows_value_bool(struct migrate_rows *rows, const char *name, bool truth)
{
    if (rows != NULL)
        set_value(rows, name, bool_cell(truth));
}

int32_t rows_finish(struct migrate_rows *rows, struct migrate_rows **out, migrate_error **err)
{
    if (rows == NULL || rows->failed || rows->texts.failed) {
        rows_free(rows);
        return error_nomem(err);
    }
    *out = rows;
    return MIGRATE_OK;
}

void rows_free(struct migrate_rows *rows)
{
    if (rows == NULL)
        return;
    arena_free(&rows->texts);
    memory_free(rows->cells.items);
    memory_free(rows->values.items);
    memory_free(rows);
}

/* ---- reading ---- */

size_t rows_count(const struct migrate_rows *rows)
{
    return rows != NULL && rows->columns > 0 ? rows->cells.count / rows->columns : 0;
}

size_t rows_columns(const struct migrate_rows *rows)
{
    return rows != NULL ? rows->columns : 0;
}

const char *rows_column_name(const struct migrate_rows *rows, size_t column)
{
    return column < rows_columns(rows) ? rows->names[column] : NULL;
}

size_t rows_column_index(const struct migrate_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows_columns(rows) && name != NULL; i++)
        if (strcmp(rows->names[i], name) == 0)
            return i;
    return MIGRATE_NONE;
}

/* Null where the indexes point at nothing. */
static struct cell cell_at(const struct migrate_rows *rows, size_t row, size_t column)
{
    if (row >= rows_count(rows) || column >= rows->columns)
        return (struct cell){0};
    return rows->cells.items[row * rows->columns + column];
}

static int64_t cell_int(struct cell cell)
{
    const char *at = cell.text;
    bool negative;
    int64_t number = 0;

    if (at == NULL)
        return 0;
    if (text_equal(at, "t") || text_equal(at, "true"))
        return 1;
    negative = *at == '-';
    for (at += negative; *at >= '0' && *at <= '9'; at++) {
        int digit = *at - '0';

        /* Summed up below zero, where there is room for the smallest number; what does not fit stays at the
         * limit. */
        if (number < (INT64_MIN + digit) / 10)
            return negative ? INT64_MIN : INT64_MAX;
        number = number * 10 - digit;
    }
    if (negative)
        return number;
    return number == INT64_MIN ? INT64_MAX : -number;
}

bool rows_is_null(const struct migrate_rows *rows, size_t row, size_t column)
{
    return cell_at(rows, row, column).text == NULL;
}

const char *rows_text(const struct migrate_rows *rows, size_t row, size_t column)
{
    return cell_at(rows, row, column).text;
}

size_t rows_text_length(const struct migrate_rows *rows, size_t row, size_t column)
{
    return cell_at(rows, row, column).length;
}

int64_t rows_int(const struct migrate_rows *rows, size_t row, size_t column)
{
    return cell_int(cell_at(rows, row, column));
}

const char *rows_get_value_text(const struct migrate_rows *rows, const char *name)
{
    const struct value *value = find_value(rows, name);

    return value != NULL ? value->cell.text : NULL;
}

int64_t rows_get_value_int(const struct migrate_rows *rows, const char *name)
{
    const struct value *value = find_value(rows, name);

    return value != NULL ? cell_int(value->cell) : 0;
}

static void add_pair(struct json *json, const char *name, struct cell cell)
{
    json_key(json, name);
    if (cell.kind == CELL_INT)
        json_int(json, cell_int(cell));
    else if (cell.kind == CELL_BOOL)
        json_bool(json, cell_int(cell) != 0);
    else
        json_text(json, cell.text, cell.length);
}

char *rows_json(const struct migrate_rows *rows)
{
    struct text out = {0};
    struct json json = {.out = &out};

    json_open(&json, '{');
    for (size_t i = 0; i < rows->values.count; i++)
        add_pair(&json, rows->values.items[i].name, rows->values.items[i].cell);
    json_key(&json, "rows");
    json_open(&json, '[');
    for (size_t row = 0; row < rows_count(rows); row++) {
        json_open(&json, '{');
        for (size_t column = 0; column < rows->columns; column++)
            add_pair(&json, rows->names[column], cell_at(rows, row, column));
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
    return text_take(&out);
}
