/* SPDX-License-Identifier: MIT
 * UTF-8 as the Unicode standard defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "util/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BLOCK = 128 }; /* bytes */

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

/* A block of bytes that are all 0x01 .. 0x7F, eight at a time: the subtraction borrows from a 0, the rest shows the
 * high bits. No way out of the loop, so that it becomes a few vector instructions. */
static bool plain_block(const unsigned char *s)
{
    uint64_t bits = 0, word;

    for (size_t i = 0; i < BLOCK; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        bits |= (word - UINT64_C(0x0101010101010101)) | word;
    }
    return (bits & UINT64_C(0x8080808080808080)) == 0;
}

/* What character() says, of each byte of a block by itself and the three before it; s: the first of the three. A
 * character that the block's end cuts is good so far. The answers stand in a row of bytes, because not every compiler
 * makes vector instructions of a loop that adds them up as well. */
static bool valid_block(const unsigned char *s)
{
    unsigned char faults[BLOCK];

    for (size_t i = 0; i < BLOCK; i++) {
        unsigned char lead = s[i + 2], c = s[i + 3];
        int within = (s[i] >= 0xF0) | (s[i + 1] >= 0xE0) | (lead >= 0xC0);
        int overlong = ((lead == 0xE0) & (c < 0xA0)) | ((lead == 0xF0) & (c < 0x90));
        int beyond = ((lead == 0xED) & (c > 0x9F)) | ((lead == 0xF4) & (c > 0x8F));
        int never = (c == 0) | ((c & 0xFE) == 0xC0) | (c > 0xF4);

        faults[i] = (unsigned char)((((c & 0xC0) == 0x80) ^ within) | overlong | beyond | never);
    }
    return memchr(faults, 1, BLOCK) == NULL;
}

static bool passes_block(const unsigned char *s, size_t at)
{
    bool inside = at > 0 && s[at - 1] >= 0x80; /* maybe: then the block's first byte may not be plain */

    return (!inside && plain_block(s + at)) || (at >= 3 && valid_block(s + at - 3));
}

/* The first byte that begins no character, or that one does at or behind `to`. */
static size_t pass_characters(const unsigned char *s, size_t at, size_t to, size_t length)
{
    while (at < to) {
        size_t step = s[at] != 0 ? character(s + at, length - at) : 0;

        if (step == 0)
            break;
        at += step;
    }
    return at;
}

size_t utf8_invalid(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    while (at < length) {
        size_t to = length - at > BLOCK ? at + BLOCK : length;

        if (to < length && passes_block(s, at)) {
            at = to;
            continue;
        }
        for (at -= at > 0; at > 0 && continues(s[at]); at--) /* the last character may be cut */
            ;
        at = pass_characters(s, at, to, length);
        if (at < to)
            return at;
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
