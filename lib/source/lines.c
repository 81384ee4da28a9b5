/* SPDX-License-Identifier: MIT
 * Lines of a text, and the blanks in them. */
#include "source/directives.h"

bool line_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

size_t line_end(const char *text, size_t length, size_t offset)
{
    while (offset < length && !is_line_end(text[offset]))
        offset++;
    return offset;
}

size_t line_next(const char *text, size_t length, size_t offset)
{
    offset = line_end(text, length, offset);
    if (offset + 1 < length && text[offset] == '\r' && text[offset + 1] == '\n')
        offset++;
    return offset < length ? offset + 1 : length;
}

size_t line_skip_blanks(const char *text, size_t end, size_t offset)
{
    while (offset < end && line_is_blank(text[offset]))
        offset++;
    return offset;
}

bool line_begins(const char *text, size_t offset, size_t *line)
{
    while (offset > 0 && line_is_blank(text[offset - 1]))
        offset--;
    *line = offset;
    return offset == 0 || is_line_end(text[offset - 1]);
}
