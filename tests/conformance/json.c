/* SPDX-License-Identifier: MIT
 * JSON as a tree: read, changed, written. */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *json_memory(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* ---- the tree ---- */

static char *copy_text(const char *text, size_t length)
{
    char *copy = json_memory(NULL, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

struct json *json_new(enum json_type type)
{
    struct json *value = json_memory(NULL, sizeof *value);
    *value = (struct json){.type = type};
    return value;
}

struct json *json_number(int64_t number)
{
    struct json *value = json_new(JSON_NUMBER);
    value->number = number;
    return value;
}

struct json *json_text(const char *text)
{
    struct json *value = json_new(text ? JSON_TEXT : JSON_NULL);
    if (text)
        json_replace_text(value, copy_text(text, strlen(text)));
    return value;
}

void json_free(struct json *value)
{
    if (!value)
        return;
    for (size_t i = 0; i < value->count; i++) {
        json_free(value->items[i]);
        if (value->names)
            free(value->names[i]);
    }
    free(value->items);
    free(value->names);
    free(value->text);
    free(value);
}

void json_add(struct json *array, struct json *item)
{
    array->items = json_memory(array->items, (array->count + 1) * sizeof *array->items);
    array->items[array->count++] = item;
}

void json_set(struct json *object, const char *name, struct json *value)
{
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->names[i], name) == 0) {
            json_free(object->items[i]);
            object->items[i] = value;
            return;
        }
    }
    object->names = json_memory(object->names, (object->count + 1) * sizeof *object->names);
    object->names[object->count] = copy_text(name, strlen(name));
    json_add(object, value);
}

void json_replace_text(struct json *value, char *text)
{
    free(value->text);
    value->text = text;
    value->length = strlen(text);
}

void json_remove(struct json *parent, size_t number)
{
    json_free(parent->items[number]);
    if (parent->names)
        free(parent->names[number]);
    parent->count--;
    for (size_t i = number; i < parent->count; i++) {
        parent->items[i] = parent->items[i + 1];
        if (parent->names)
            parent->names[i] = parent->names[i + 1];
    }
}

struct json *json_copy(const struct json *value)
{
    struct json *copy = json_new(value->type);
    copy->number = value->number;
    if (value->text) {
        copy->text = copy_text(value->text, value->length);
        copy->length = value->length;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (value->type == JSON_OBJECT)
            json_set(copy, value->names[i], json_copy(value->items[i]));
        else
            json_add(copy, json_copy(value->items[i]));
    }
    return copy;
}

struct json *json_get(const struct json *object, const char *name)
{
    if (!object || object->type != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->count; i++) {
        if (strcmp(object->names[i], name) == 0)
            return object->items[i];
    }
    return NULL;
}

const char *json_get_text(const struct json *object, const char *name)
{
    const struct json *value = json_get(object, name);
    return value && value->type == JSON_TEXT ? value->text : NULL;
}

/* ---- reading ---- */

enum { DEPTH_MOST = 100 };

struct reader {
    const char *start, *at, *end;
    const char *problem; /* NULL: none so far */
    int depth;
};

static bool wrong(struct reader *reader, const char *problem)
{
    if (!reader->problem)
        reader->problem = problem;
    return false;
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
        reader->at++;
}

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return false;
    reader->at += length;
    return true;
}

/* How many bytes the character at the front has, 0: that is no UTF-8. */
static size_t character_length(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF5 ? 4 : 0;
    if (length == 0 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF0 && at[1] < 0x90) ||
        (at[0] == 0xF4 && at[1] > 0x8F))
        return 0;
    return length;
}

static char *put_character(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
        return out;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned first[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(first[more] | c >> (6 * more));
    while (more-- > 0)
        *out++ = (char)(0x80 | ((c >> (6 * more)) & 0x3F));
    return out;
}

static bool read_hex(struct reader *reader, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit =
            reader->at < reader->end && *reader->at ? strchr(digits, *reader->at) : NULL;
        if (!digit)
            return wrong(reader, "\\u needs four hexadecimal digits");
        *out = *out * 16 + (uint32_t)((digit - digits) % 16);
        reader->at++;
    }
    return true;
}

/* Behind "\u". */
static bool read_escaped_character(struct reader *reader, uint32_t *out)
{
    uint32_t low;
    if (!read_hex(reader, out))
        return false;
    if (*out < 0xD800 || *out > 0xDFFF)
        return true;
    if (*out > 0xDBFF || !take_word(reader, "\\u") || !read_hex(reader, &low) || low < 0xDC00 || low > 0xDFFF)
        return wrong(reader, "half of a surrogate pair");
    *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

static bool read_escape(struct reader *reader, char **out)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t c;
    if (take(reader, 'u')) {
        if (!read_escaped_character(reader, &c))
            return false;
        *out = put_character(*out, c);
        return true;
    }
    const char *letter = reader->at < reader->end && *reader->at ? strchr(letters, *reader->at) : NULL;
    if (!letter)
        return wrong(reader, "no such escape");
    *(*out)++ = meanings[letter - letters];
    reader->at++;
    return true;
}

/* What is read is never longer than how it is written. */
static char *read_text(struct reader *reader, size_t *length)
{
    if (!take(reader, '"')) {
        wrong(reader, "a text was expected");
        return NULL;
    }
    char *text = json_memory(NULL, (size_t)(reader->end - reader->at) + 1), *out = text;
    while (!reader->problem && !take(reader, '"')) {
        if (reader->at == reader->end) {
            wrong(reader, "a text does not end");
        } else if (take(reader, '\\')) {
            read_escape(reader, &out);
        } else {
            size_t bytes = character_length((const unsigned char *)reader->at, (size_t)(reader->end - reader->at));
            if (bytes == 0 || (unsigned char)*reader->at < 0x20)
                wrong(reader, bytes ? "a control character in a text" : "not UTF-8");
            memcpy(out, reader->at, bytes);
            out += bytes;
            reader->at += bytes;
        }
    }
    if (reader->problem) {
        free(text);
        return NULL;
    }
    *out = '\0';
    *length = (size_t)(out - text);
    return json_memory(text, *length + 1);
}

static struct json *read_number(struct reader *reader)
{
    bool negative = take(reader, '-');
    int64_t number = 0;
    const char *start = reader->at;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        int digit = *reader->at - '0';
        if (number > (INT64_MAX - digit) / 10)
            wrong(reader, "a number that is too large");
        else
            number = number * 10 + digit;
    }
    if (reader->at == start || (*start == '0' && reader->at - start > 1))
        wrong(reader, "a value was expected");
    else if (reader->at < reader->end && *reader->at && strchr(".eE", *reader->at))
        wrong(reader, "a number that is not whole");
    return reader->problem ? NULL : json_number(negative ? -number : number);
}

static struct json *read_value(struct reader *reader);

static bool read_member(struct reader *reader, struct json *parent)
{
    char *name = NULL;
    size_t length = 0;
    if (parent->type == JSON_OBJECT) {
        skip_blanks(reader);
        name = read_text(reader, &length);
        if (name && (strlen(name) != length || json_get(parent, name)))
            wrong(reader, "a name that is there twice, or has a NUL in it");
        skip_blanks(reader);
        if (!reader->problem && !take(reader, ':'))
            wrong(reader, "a : was expected");
    }
    struct json *item = reader->problem ? NULL : read_value(reader);
    if (item && name)
        json_set(parent, name, item);
    else if (item)
        json_add(parent, item);
    free(name);
    return item != NULL;
}

static struct json *read_members(struct reader *reader, enum json_type type, char end)
{
    struct json *parent = json_new(type);
    if (++reader->depth > DEPTH_MOST)
        wrong(reader, "too deep");
    skip_blanks(reader);
    if (reader->problem || take(reader, end)) {
        reader->depth--;
        return parent;
    }
    while (read_member(reader, parent)) {
        skip_blanks(reader);
        if (take(reader, end))
            break;
        if (!take(reader, ',')) {
            wrong(reader, "a , was expected, or the end");
            break;
        }
    }
    reader->depth--;
    return parent;
}

static struct json *read_simple(struct reader *reader)
{
    struct json *value;
    if (take_word(reader, "null"))
        return json_new(JSON_NULL);
    if (!take_word(reader, "true")) {
        if (!take_word(reader, "false"))
            return read_number(reader);
        return json_new(JSON_TRUTH);
    }
    value = json_new(JSON_TRUTH);
    value->number = 1;
    return value;
}

static struct json *read_value(struct reader *reader)
{
    struct json *value = NULL;
    skip_blanks(reader);
    if (take(reader, '{')) {
        value = read_members(reader, JSON_OBJECT, '}');
    } else if (take(reader, '[')) {
        value = read_members(reader, JSON_ARRAY, ']');
    } else if (reader->at < reader->end && *reader->at == '"') {
        value = json_new(JSON_TEXT);
        value->text = read_text(reader, &value->length);
    } else {
        value = read_simple(reader);
    }
    if (reader->problem) {
        json_free(value);
        return NULL;
    }
    return value;
}

struct json *json_read(const char *text, size_t length, char *problem, size_t size)
{
    struct reader reader = {.start = text, .at = text, .end = text + length};
    struct json *value = read_value(&reader);
    skip_blanks(&reader);
    if (value && reader.at != reader.end)
        wrong(&reader, "something behind the end");
    if (!reader.problem)
        return value;
    json_free(value);
    int line = 1;
    for (const char *p = reader.start; p < reader.at; p++)
        line += *p == '\n';
    snprintf(problem, size, "line %d: %s", line, reader.problem);
    return NULL;
}

/* ---- writing ---- */

struct writer {
    char *text;
    size_t length;
};

static void put(struct writer *writer, const char *bytes, size_t length)
{
    writer->text = json_memory(writer->text, writer->length + length + 1);
    memcpy(writer->text + writer->length, bytes, length);
    writer->length += length;
    writer->text[writer->length] = '\0';
}

static void put_text(struct writer *writer, const char *text, size_t length)
{
    char escaped[8];
    put(writer, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\')
            put(writer, "\\", 1);
        if ((unsigned char)text[i] >= 0x20) {
            put(writer, &text[i], 1);
            continue;
        }
        snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)text[i]);
        put(writer, text[i] == '\n' ? "\\n" : escaped, text[i] == '\n' ? 2 : 6);
    }
    put(writer, "\"", 1);
}

static void write_value(struct writer *writer, const struct json *value)
{
    char number[30];
    switch (value->type) {
    case JSON_NULL:
        put(writer, "null", 4);
        return;
    case JSON_TRUTH:
        put(writer, value->number ? "true" : "false", value->number ? 4 : 5);
        return;
    case JSON_NUMBER:
        put(writer, number, (size_t)snprintf(number, sizeof number, "%" PRId64, value->number));
        return;
    case JSON_TEXT:
        put_text(writer, value->text, value->length);
        return;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    put(writer, value->type == JSON_ARRAY ? "[" : "{", 1);
    for (size_t i = 0; i < value->count; i++) {
        put(writer, ", ", i ? 2 : 0);
        if (value->type == JSON_OBJECT) {
            put_text(writer, value->names[i], strlen(value->names[i]));
            put(writer, ": ", 2);
        }
        write_value(writer, value->items[i]);
    }
    put(writer, value->type == JSON_ARRAY ? "]" : "}", 1);
}

char *json_write(const struct json *value)
{
    struct writer writer = {0};
    put(&writer, "", 0);
    write_value(&writer, value);
    return writer.text;
}
