/* SPDX-License-Identifier: MIT
 * The reader of file names: which file is a migration's, of which id, direction and engine. A name that looks
 * like a migration's but does not fit is an error: a file that is skipped in silence is a schema that is not
 * built. */
#include "source/layout.h"

#include "util/nearest.h"
#include "util/utf8.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_control(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool contains_nocase(const char *text, const char *piece)
{
    size_t length = strlen(text), wanted = strlen(piece);

    for (size_t i = 0; i + wanted <= length; i++)
        if (text_equal_nocase_n(text + i, piece, wanted))
            return true;
    return false;
}

/* The stem ends in this suffix, ".word". */
static bool ends_in(const char *name, size_t length, const char *suffix)
{
    size_t wanted = strlen(suffix);

    return length >= wanted && memcmp(name + length - wanted, suffix, wanted) == 0;
}

static const struct layout_direction *direction_at_end(const struct layout *layout, const char *name,
                                                       size_t length)
{
    for (const struct layout_direction *row = layout->directions; row->suffix; row++)
        if (ends_in(name, length, row->suffix))
            return row;
    return NULL;
}

/* The engine that the last part of the stem names; every dialect's name is a suffix. */
static const char *engine_at_end(const char *name, size_t length)
{
    char word[32];
    size_t start = length;

    while (start > 0 && name[start - 1] != '.')
        start--;
    if (start == 0 || length - start >= sizeof word)
        return NULL;
    memcpy(word, name + start, length - start);
    word[length - start] = '\0';
    const struct sql_dialect *dialect = sql_dialect_of(word);
    return dialect ? dialect->name : NULL;
}

/* Takes direction and engine off the end, in either order, each once. What is left is the stem. */
static void take_suffixes(const struct layout *layout, const char *name, size_t length, struct file_name *out,
                          bool *directed)
{
    *directed = false;
    for (;;) {
        const struct layout_direction *row = *directed ? NULL : direction_at_end(layout, name, length);
        const char *engine = row || out->engine ? NULL : engine_at_end(name, length);

        if (row) {
            *directed = true;
            out->direction = row->direction;
            length -= strlen(row->suffix);
        } else if (engine) {
            out->engine = engine;
            length -= strlen(engine) + 1;
        } else {
            break;
        }
    }
    out->id_length = length;
}

bool name_is_candidate(const struct layout *layout, const char *name)
{
    struct file_name parts = {0};
    bool directed;

    if (is_digit(name[0]))
        return true;
    if (name[0] == '.') { /* hidden, unless it is nothing but suffixes: a stem was forgotten */
        if (!text_ends(name, layout->extension))
            return false;
        take_suffixes(layout, name, strlen(name) - strlen(layout->extension), &parts, &directed);
        return parts.id_length == 0;
    }
    if (text_starts(name, "README") || text_ends(name, ".md") || text_ends(name, ".txt"))
        return false;
    return contains_nocase(name, layout->extension);
}

/* The file as a message can show it: one line of valid UTF-8, whatever the name holds. */
static void show(struct text *out, const char *shown)
{
    bool valid = utf8_invalid(shown, strlen(shown)) == strlen(shown);

    for (const char *c = shown; *c; c++) {
        unsigned byte = (unsigned char)*c;

        if (byte < ' ' || byte == 0x7f || (byte > 0x7f && !valid))
            text_format(out, "\\x%02X", byte);
        else
            text_add_char(out, *c);
    }
}

static int32_t refuse(migrate_error **err, const char *shown, const char *why, const char *hint)
{
    struct text name = {0};
    int32_t code = MIGRATE_ERROR_SOURCE;

    show(&name, shown);
    if (name.failed) {
        code = error_nomem(err);
    } else {
        code = error_set(err, code, "\"%s\" looks like a migration, but %s", name.data, why);
        error_hint(err, "%s", hint);
        error_about(err, "misnamed");
        error_place(err, name.data, 0, 0);
    }
    text_free(&name);
    return code;
}

static int32_t check_characters(const char *name, const char *shown, migrate_error **err)
{
    size_t length = strlen(name);

    if (utf8_invalid(name, length) < length)
        return refuse(err, shown, "its name is not valid UTF-8",
                      "rename the file; its name becomes the migration's id");
    for (size_t i = 0; i < length; i++)
        if (is_control(name[i]))
            return refuse(err, shown, "its name has white space or a control character",
                          "rename the file, with _ or - between words");
    return MIGRATE_OK;
}

static int32_t check_extension(const struct layout *layout, const char *name, const char *shown,
                               migrate_error **err)
{
    size_t length = strlen(name), wanted = strlen(layout->extension);

    if (text_ends(name, layout->extension))
        return MIGRATE_OK;
    if (length >= wanted && text_equal_nocase_n(name + length - wanted, layout->extension, wanted))
        return refuse(err, shown, "its ending is not in small letters", "end the name in .sql");
    if (contains_nocase(name, layout->extension))
        return refuse(err, shown, "something stands behind its .sql",
                      "remove the file if it is a left-over copy, or end its name in .sql");
    return refuse(err, shown, "it begins with a digit and does not end in .sql",
                  "end the name in .sql, or let it not begin with a digit");
}

/* A dot in the stem: a suffix that was mistyped, stands twice, or is another tool's. */
static int32_t refuse_dot(const struct layout *layout, const char *name, size_t length, const char *shown,
                          migrate_error **err)
{
    size_t start = length;
    struct nearest nearest;
    int32_t code;

    while (name[start - 1] != '.')
        start--;
    code = error_set(err, MIGRATE_ERROR_SOURCE, "\"%s\" looks like a migration, but \"%.*s\" is %s", shown,
                     (int)(length - start + 1), name + start - 1,
                     direction_at_end(layout, name, length) || engine_at_end(name, length)
                         ? "one direction or engine too many"
                         : "neither a direction nor an engine");
    nearest_start(&nearest, name + start - 1, length - start + 1);
    for (const struct layout_direction *row = layout->directions; row->suffix; row++)
        nearest_offer(&nearest, row->suffix);
    nearest_offer(&nearest, ".sqlite");
    nearest_offer(&nearest, ".postgresql");
    if (nearest.found)
        error_hint(err, "is \"%s\" meant?", nearest.found);
    else
        error_hint(err, "name it [NUMBER_]NAME[.up|.down][.ENGINE].sql, without other dots");
    error_about(err, "misnamed");
    error_place(err, shown, 0, 0);
    return code;
}

static int32_t check_kind(const struct layout *layout, const char *name, const char *shown, bool directed,
                          struct file_name *found, migrate_error **err)
{
    if (found->kind == NAME_REPEATABLE && found->direction == DIRECTION_DOWN)
        return refuse(err, shown, "a repeatable migration has no way down",
                      "remove the file; to undo a repeatable migration, change its text");
    if (found->kind == NAME_VERSIONED && found->id_length == strlen(layout->schema) &&
        memcmp(name, layout->schema, found->id_length) == 0) {
        if (directed)
            return refuse(err, shown, "the schema file has no direction",
                          "name it schema.sql, or schema.ENGINE.sql");
        found->kind = NAME_SCHEMA;
    }
    return MIGRATE_OK;
}

int32_t name_read(const struct layout *layout, const char *name, bool repeatable, const char *shown,
                  struct file_name *out, migrate_error **err)
{
    struct file_name found = {.kind = repeatable ? NAME_REPEATABLE : NAME_VERSIONED};
    bool directed;
    int32_t code;

    if (!name_is_candidate(layout, name)) {
        *out = (struct file_name){.kind = NAME_IGNORED};
        return MIGRATE_OK;
    }
    code = check_characters(name, shown, err);
    if (code == MIGRATE_OK)
        code = check_extension(layout, name, shown, err);
    if (code != MIGRATE_OK)
        return code;
    take_suffixes(layout, name, strlen(name) - strlen(layout->extension), &found, &directed);
    if (found.id_length == 0)
        return refuse(err, shown, "nothing stands before its .sql", "give it a name: 001_create_users.sql");
    if (memchr(name, '.', found.id_length))
        return refuse_dot(layout, name, found.id_length, shown, err);
    code = check_kind(layout, name, shown, directed, &found, err);
    if (code == MIGRATE_OK)
        *out = found;
    return code;
}

int32_t name_check_id(const struct layout *layout, const char *id, migrate_error **err)
{
    const char *why = NULL;
    bool valid = utf8_invalid(id, strlen(id)) == strlen(id);
    int32_t code;

    if (id[0] == '\0')
        why = "it is empty";
    else if (!valid)
        why = "it is not valid UTF-8";
    else if (strpbrk(id, "./"))
        why = "it has a dot or a slash";
    else if (text_equal(id, layout->schema))
        why = "that name is kept for the schema";
    for (const char *c = id; *c && !why; c++)
        if (is_control(*c))
            why = "it has white space or a control character";
    if (!why)
        return MIGRATE_OK;
    struct text shown = {0};
    show(&shown, id);
    code = shown.failed ? error_nomem(err)
                        : error_set(err, MIGRATE_ERROR_SOURCE, "the id \"%s\" cannot be used: %s",
                                    shown.data ? shown.data : "", why);
    error_hint(err, "an id looks like 001_create_users");
    text_free(&shown);
    return code;
}
