/* SPDX-License-Identifier: MIT
 * The layouts, as data. Another tool's flat layout (one file, or an up/down pair) is one more table here; a
 * tool that keeps a folder or a plan needs a reader beside directory.c, too. */
#include "source/layout.h"

static const struct layout_direction native_directions[] = {
    {".up", DIRECTION_UP}, {".down", DIRECTION_DOWN}, {NULL, DIRECTION_UP}};

static const struct directive_row native_directives[] = {
    {"ROLLBACK:", DIRECTIVE_ROLLBACK, ARGUMENT_ANY, ROLE_UP, NULL},
    {"END ROLLBACK", DIRECTIVE_END_ROLLBACK, ARGUMENT_ANY, ROLE_UP, NULL},
    {"Dependencies:", DIRECTIVE_TABLES, ARGUMENT_LIST, ROLE_UP | ROLE_REPEATABLE, NULL},
    {"Depends:", DIRECTIVE_DEPENDS, ARGUMENT_LIST, ROLE_UP | ROLE_REPEATABLE, NULL},
    {"migrate: no-transaction", DIRECTIVE_NO_TRANSACTION, ARGUMENT_NONE, ROLE_ANY, NULL},
    {"migrate: foreign-keys on", DIRECTIVE_FOREIGN_KEYS, ARGUMENT_NONE, ROLE_ANY, NULL},
    {"migrate: out-of-order", DIRECTIVE_OUT_OF_ORDER, ARGUMENT_NONE, ROLE_UP, NULL},
    {"migrate: breaking", DIRECTIVE_BREAKING, ARGUMENT_NONE, ROLE_UP | ROLE_REPEATABLE, NULL},
    {"migrate: allow-data-loss", DIRECTIVE_ALLOW_DATA_LOSS, ARGUMENT_NEEDED, ROLE_UP | ROLE_REPEATABLE, NULL},
    {"migrate: ignore", DIRECTIVE_IGNORE, ARGUMENT_ANY, ROLE_ANY, NULL},
    {"migrate: expect", DIRECTIVE_EXPECT, ARGUMENT_NEEDED, ROLE_UP | ROLE_DOWN | ROLE_REPEATABLE, NULL},
    {"migrate: assert", DIRECTIVE_ASSERT, ARGUMENT_NEEDED, ROLE_UP | ROLE_DOWN | ROLE_REPEATABLE, NULL},
    {"migrate: assert-before", DIRECTIVE_ASSERT_BEFORE, ARGUMENT_NEEDED, ROLE_UP | ROLE_DOWN | ROLE_REPEATABLE, NULL},
    {"migrate: stands-for", DIRECTIVE_STANDS_FOR, ARGUMENT_NEEDED, ROLE_SCHEMA, NULL},
    /* Read as plain SQL, files of these tools would run their down part on the way up. */
    {"migrate: up", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "dbmate"},
    {"migrate: down", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "dbmate"},
    {"+goose", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "goose"},
    {"+migrate", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "sql-migrate"},
    {"liquibase formatted", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "Liquibase"},
    {"-- create above", DIRECTIVE_FOREIGN, ARGUMENT_ANY, ROLE_ANY, "tern"},
    {NULL, DIRECTIVE_FOREIGN, ARGUMENT_NONE, 0, NULL}};

const struct layout layout_native = {.extension = ".sql",
                                     .separators = "_-",
                                     .directions = native_directions,
                                     .schema = "schema",
                                     .repeatable = "repeatable",
                                     .directives = native_directives,
                                     .reserved = "migrate:"};
