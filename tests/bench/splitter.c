/* SPDX-License-Identifier: MIT
 * How fast a long text of short INSERTs is cut into statements: prints MB/s (the best of several rounds).
 * Usage: splitter postgresql|sqlite MEGABYTES */
#include "sql/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5 };

static const char row[] = "INSERT INTO accounts (id, name, note, balance) VALUES (42, 'O''Brien; and sons', "
                          "'paid -- in part', 12.50);\n";

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static size_t count_statements(const struct sql_dialect *dialect, const char *text, size_t length)
{
    struct sql_splitter splitter;
    struct sql_statement statement;
    size_t count = 0;

    sql_split(&splitter, dialect, text, length);
    while (sql_next(&splitter, &statement))
        count++;
    return count;
}

int main(int count, char **words)
{
    size_t rows = count == 3 ? strtoul(words[2], NULL, 10) * 1000000 / (sizeof row - 1) : 0;
    size_t length = rows * (sizeof row - 1);
    char *text = malloc(length + 1);
    double best = 0;

    if (rows == 0 || !text)
        return 64;
    for (size_t i = 0; i < rows; i++)
        memcpy(text + i * (sizeof row - 1), row, sizeof row);
    for (int i = 0; i < ROUNDS; i++) {
        double begun = now(), took;

        if (count_statements(strcmp(words[1], "sqlite") == 0 ? &sql_sqlite : &sql_postgresql, text, length) !=
            rows)
            return 1;
        took = now() - begun;
        if (i == 0 || took < best)
            best = took;
    }
    printf("%.0f\n", (double)length / best / 1e6);
    free(text);
    return 0;
}
