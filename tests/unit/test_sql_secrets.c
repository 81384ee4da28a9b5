/* SPDX-License-Identifier: MIT
 * What is a password in SQL, and what only looks like one. */
#include "sql/sql.h"

#include "unit.h"

#include <string.h>

static void expect(const struct sql_dialect *dialect, const char *text, const char *expected)
{
    char shown[200];

    ck_assert_uint_lt(strlen(text), sizeof shown);
    strcpy(shown, text);
    sql_hide_secrets(dialect, shown, strlen(shown));
    ck_assert_str_eq(shown, expected);
}

START_TEST(hidden)
{
    static const char *const pairs[][2] = {
        {"CREATE ROLE r LOGIN PASSWORD 'abc'", "CREATE ROLE r LOGIN PASSWORD '***'"},
        {"alter user r encrypted password E'a\\'c' VALID UNTIL 'x'",
         "alter user r encrypted password E'****' VALID UNTIL 'x'"},
        {"OPTIONS (user 'u', password 'p''q')", "OPTIONS (user 'u', password '****')"},
        {"CONNECTION 'host=h password=p'", "CONNECTION '*****************'"},
        {"SELECT dblink('postgres://u:p@h/d')", "SELECT dblink('******************')"},
        {"DO $x$ ALTER ROLE r PASSWORD 'abc' $x$", "DO $x$ ALTER ROLE r PASSWORD '***' $x$"},
        {"PASSWORD 'never ends", "PASSWORD '**********"},
        {"PASSWORD $$open", "PASSWORD $$****"},
        {"PASSWORD $a$b$a$", "PASSWORD $a$*$a$"},
        {"x password\n = \n'a'", "x password\n = \n'*'"},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        expect(&sql_postgresql, pairs[i][0], pairs[i][1]);
    expect(&sql_sqlite, "PRAGMA key = 'abc'", "PRAGMA key = '***'");
    expect(&sql_sqlite, "PRAGMA m.key(\"abc\");", "PRAGMA m.key(\"***\");");
    expect(&sql_sqlite, "ATTACH 'f' AS m KEY x'00'", "ATTACH 'f' AS m KEY x'**'");
}
END_TEST

START_TEST(shown)
{
    static const char *const texts[] = {
        "CREATE TABLE password (a text DEFAULT '')",
        "FOREIGN KEY (\"a\") REFERENCES t",
        "SELECT 'a'",
        "CREATE FUNCTION f() AS $$ SELECT password FROM users WHERE a <> 'x' $$",
        "INSERT INTO links VALUES ('https://host/path')",
        "",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect(&sql_postgresql, texts[i], texts[i]);
        expect(&sql_sqlite, texts[i], texts[i]);
    }
}
END_TEST

UNIT("sql/secrets", hidden, shown)
