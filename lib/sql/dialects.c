/* SPDX-License-Identifier: MIT
 * Where the engines' SQL texts differ for a reader. A third engine is one more table here. */
#include "sql/internal.h"

#include "util/text.h"

const struct sql_dialect sql_postgresql = {
    .name = "postgresql",
    .dollar_quotes = true,
    .escape_strings = true,
    .nested_comments = true,
    .return_ends_comment = true,
    .atomic_bodies = true,
    .parenthesised_rules = true,
    .copy_data = true,
    .meta_commands = true,
    .rules = sql_postgresql_rules,
};

const struct sql_dialect sql_sqlite = {
    .name = "sqlite",
    .open_comments = true,
    .bracket_names = true,
    .backtick_names = true,
    .trigger_bodies = true,
    .rules = sql_sqlite_rules,
};

const struct sql_dialect *sql_dialect_of(const char *engine)
{
    static const struct sql_dialect *const dialects[] = {&sql_postgresql, &sql_sqlite};

    for (size_t i = 0; i < sizeof dialects / sizeof dialects[0]; i++)
        if (text_equal(dialects[i]->name, engine))
            return dialects[i];
    return NULL;
}
