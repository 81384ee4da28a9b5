/* SPDX-License-Identifier: MIT
 * The list of statements that an engine fills when a schema is to be changed. */
#include "database/facts.h"
#include "util/array.h"
#include "util/memory.h"

#include <stdarg.h>

void fact_statements_add(struct fact_statements *statements, const char *format, ...)
{
    struct text sql = {0};
    va_list arguments;
    char *taken;

    va_start(arguments, format);
    text_vformat(&sql, format, arguments);
    va_end(arguments);
    taken = sql.failed ? NULL : text_take(&sql);
    text_free(&sql);
    if (taken != NULL && array_reserve(statements)) {
        statements->items[statements->count++] = taken;
        return;
    }
    memory_free(taken);
    statements->failed = true;
}

void fact_statements_free(struct fact_statements *statements)
{
    for (size_t i = 0; i < statements->count; i++)
        memory_free(statements->items[i]);
    memory_free(statements->items);
    *statements = (struct fact_statements){0};
}
