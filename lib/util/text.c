/* SPDX-License-Identifier: MIT
 * Growing text. After a failed allocation every append is passed over; the first failure is what counts. */
#include "util/text.h"

#include "util/memory.h"

#include <stdio.h>
#include <string.h>

bool text_reserve(struct text *text, size_t more)
{
    size_t needed, grown = text->capacity < 256 ? 256 : text->capacity;
    char *data;

    if (text->failed)
        return false;
    if (text->data != NULL && more < text->capacity - text->length)
        return true;
    if (more > SIZE_MAX / 2 - text->length - 1) {
        text->failed = true;
        return false;
    }
    needed = text->length + more + 1;
    while (grown < needed)
        grown *= 2;
    data = memory_grow(text->data, grown);
    if (data == NULL) {
        text->failed = true;
        return false;
    }
    data[text->length] = '\0';
    text->data = data;
    text->capacity = grown;
    return true;
}

void text_add(struct text *text, const char *piece)
{
    text_add_n(text, piece, strlen(piece));
}

void text_add_n(struct text *text, const char *piece, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, piece, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add_char(struct text *text, char c)
{
    text_add_n(text, &c, 1);
}

void text_add_int(struct text *text, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (number < 0)
        digits[--at] = '-';
    text_add_n(text, digits + at, sizeof digits - at);
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_vformat(text, format, arguments);
    va_end(arguments);
}

void text_vformat(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0)
        text->failed = true;
    else if (text_reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

char *text_take(struct text *text)
{
    char *data = NULL;

    if (text_reserve(text, 0)) {
        data = text->data;
        text->data = NULL;
    }
    text_free(text);
    return data;
}

void text_free(struct text *text)
{
    memory_free(text->data);
    *text = (struct text){0};
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool text_equal_nocase(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool text_equal_nocase_n(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (lower(a[i]) != lower(b[i]))
            return false;
    return true;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t length = strlen(text), tail = strlen(suffix);

    return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}
