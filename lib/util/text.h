/* SPDX-License-Identifier: MIT
 * Growing text. A failed allocation is remembered in .failed, so that a chain of appends is checked once. */
#ifndef UTIL_TEXT_H
#define UTIL_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *data; /* NUL-terminated when not NULL */
    size_t length;
    size_t capacity;
    bool failed;
};

/* A zeroed struct is an empty text. */
void text_add(struct text *text, const char *piece);
void text_add_n(struct text *text, const char *piece, size_t length);
void text_add_char(struct text *text, char c);
void text_add_int(struct text *text, int64_t number);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vformat(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
bool text_reserve(struct text *text, size_t more); /* room for that many bytes more */
void text_clear(struct text *text);                /* empty, memory kept */
char *text_take(struct text *text); /* hands the memory over (never NULL unless failed; "" when empty); text
                                       is empty after */
void text_free(struct text *text);

/* Comparison helpers without locale. */
bool text_equal(const char *a, const char *b);                         /* NULL-safe: NULL equals NULL only */
bool text_equal_nocase(const char *a, const char *b);                  /* ASCII */
bool text_equal_nocase_n(const char *a, const char *b, size_t length); /* ASCII, both at least that long */
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

#endif
