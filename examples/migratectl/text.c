/* SPDX-License-Identifier: MIT
 * Memory, words and files for the rooms of migratectl. Every block is kept in one list and freed at the end:
 * the program is short-lived, and its code reads the better for it. */
#include "migratectl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct block {
    struct block *next;
    max_align_t bytes[];
};

static struct block *blocks;

static void out_of_memory(void)
{
    fputs("migratectl: out of memory\n", stderr);
    exit(EXIT_SOFTWARE);
}

void *cli_alloc(size_t size)
{
    struct block *block = calloc(1, sizeof *block + size);
    if (!block)
        out_of_memory();
    block->next = blocks;
    blocks = block;
    return block->bytes;
}

void cli_free_all(void)
{
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
}

char *cli_copy_n(const char *text, size_t length)
{
    char *copy = cli_alloc(length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *cli_copy(const char *text)
{
    return cli_copy_n(text, strlen(text));
}

char *cli_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        out_of_memory();
    char *text = cli_alloc((size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

/* Levenshtein's distance in one row; words longer than the row are no typing errors. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    size_t width = strlen(b);
    if (width >= sizeof row / sizeof row[0])
        return (size_t)-1;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[width];
}

void cli_nearest(struct nearest *nearest, const char *candidate)
{
    size_t far = distance(nearest->word, candidate);
    size_t reach = strlen(nearest->word) < 5 ? 1 : 2;
    if (far > reach || (nearest->best && far >= nearest->distance))
        return;
    nearest->best = candidate;
    nearest->distance = far;
}

bool cli_all_digits(const char *text)
{
    return text[0] && text[strspn(text, "0123456789")] == '\0';
}

static char *read_all(int file, size_t *out_length)
{
    size_t size = 4096, length = 0;
    char *text = cli_alloc(size);
    for (;;) {
        ssize_t got = read(file, text + length, size - length - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return NULL;
        if (got == 0)
            break;
        length += (size_t)got;
        if (length + 1 == size) {
            char *larger = cli_alloc(size * 2);
            memcpy(larger, text, length);
            text = larger;
            size *= 2;
        }
    }
    if (out_length)
        *out_length = length;
    return text;
}

char *cli_read_file(const char *path, size_t *out_length)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, out_length);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    char *text = read_all(file, out_length);
    int error = errno;
    close(file);
    errno = error;
    return text;
}

size_t cli_utf8(const char *text, uint32_t *out_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    size_t length = at[0] < 0x80 ? 1 : at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (at[0] > 0xf4 || length == 0)
        return 0;
    uint32_t point = length == 1 ? at[0] : at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3f);
    }
    if (point < smallest[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    *out_point = point;
    return length;
}

void cli_json_string(FILE *out, const char *text)
{
    if (!text) {
        fputs("null", out);
        return;
    }
    putc('"', out);
    while (*text) {
        uint32_t point = 0;
        size_t length = cli_utf8(text, &point);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (point == '"' || point == '\\')
            fprintf(out, "\\%c", (int)point);
        else if (point < 0x20)
            fprintf(out, "\\u%04x", (unsigned)point);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
    putc('"', out);
}
