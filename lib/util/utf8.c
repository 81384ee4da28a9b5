/* SPDX-License-Identifier: MIT
 * UTF-8 as the Unicode standard defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "util/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the character at the front; 0: invalid. */
static size_t character(const unsigned char *s, size_t length)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2)
        return 0;
    if (s[0] < 0xE0)
        return length >= 2 && continues(s[1]) ? 2 : 0;
    if (s[0] < 0xF0) {
        if (length < 3 || !continues(s[1]) || !continues(s[2]))
            return 0;
        if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F))
            return 0;
        return 3;
    }
    if (s[0] > 0xF4 || length < 4 || !continues(s[1]) || !continues(s[2]) || !continues(s[3]))
        return 0;
    if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return 4;
}

/* Eight bytes that are all 0x01 .. 0x7F: the subtraction borrows from a 0, the rest shows the high bits. */
static bool plain(const unsigned char *s)
{
    uint64_t word;

    memcpy(&word, s, sizeof word);
    return (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

size_t utf8_invalid(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    while (at < length) {
        size_t step;

        while (length - at >= 8 && plain(s + at))
            at += 8;
        if (at == length)
            break;
        step = s[at] != 0 ? character(s + at, length - at) : 0;
        if (step == 0)
            return at;
        at += step;
    }
    return length;
}

/* Eight bytes that are a character each. */
static bool all_ascii(const unsigned char *s)
{
    uint64_t word;

    memcpy(&word, s, sizeof word);
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

size_t utf8_count(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t count = 0;

    for (size_t at = 0; at < length; count++) {
        size_t step;

        for (; length - at >= 8 && all_ascii(s + at); at += 8)
            count += 8;
        if (at == length)
            break;
        step = character(s + at, length - at);

        at += step > 0 ? step : 1;
    }
    return count;
}

size_t utf8_offset(const char *text, size_t length, size_t characters)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    for (; characters > 0 && at < length; characters--) {
        size_t step = character(s + at, length - at);

        at += step > 0 ? step : 1;
    }
    return at;
}
