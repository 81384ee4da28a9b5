/* SPDX-License-Identifier: MIT
 * Encodings, checksums, and the text of sections: the same lines and columns as in the file. */
#include "test_source.h"

static void refused_bytes(const char *text, size_t length, int64_t line, int64_t column, const char *words)
{
    put_n("001_a.sql", text, length);
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.sql", line, column, words);
}

START_TEST(refuses_other_encodings)
{
    refused_bytes("SELECT 1;\n\xC3\xA4 \0 x", 16, 2, 3, "NUL byte");
    refused_bytes("\xEF\xBB\xBFSELECT '\xE4';", 13, 1, 9, "0xE4");
    refused_bytes("SELECT 1;\r\n\r\n\xC3\xA4\xC3", 16, 3, 2, "0xC3");
    refused_bytes("\xFF\xFES\0E\0", 6, 1, 1, "UTF-16");
    refused_bytes("\xFE\xFF\0S\0E", 6, 1, 1, "UTF-16");
    refused_bytes("S\0E\0", 4, 1, 2, "NUL byte");
    refused_bytes("-- \xED\xA0\x80", 6, 1, 4, "0xED");
}
END_TEST

/* The checksums of a text, as file 001_a.sql for PostgreSQL. */
static void sums_of(const char *text, char *checksum, char *tokens)
{
    put("001_a.sql", text);
    open_folder();
    strcpy(checksum, item("001_a")->checksum);
    ck_assert_str_eq(item("001_a")->token_checksum, ""); /* only where it is asked for */
    ck_assert_int_eq(source_tokens(opened, item("001_a"), NULL, NULL), MIGRATE_OK);
    strcpy(tokens, item("001_a")->token_checksum);
}

static void compare_sums(const char *text, const char *other, bool same, bool same_tokens)
{
    char checksum[2][DIGEST_HEX], tokens[2][DIGEST_HEX];

    sums_of(text, checksum[0], tokens[0]);
    sums_of(other, checksum[1], tokens[1]);
    ck_assert_msg((strcmp(checksum[0], checksum[1]) == 0) == same, "checksums of: %s", other);
    ck_assert_msg((strcmp(tokens[0], tokens[1]) == 0) == same_tokens, "token checksums of: %s", other);
}

START_TEST(makes_checksums)
{
    static const char text[] = "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);\n";
    char checksum[DIGEST_HEX], tokens[DIGEST_HEX];

    sums_of("hello", checksum, tokens);
    ck_assert_str_eq(checksum, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    compare_sums(text, text, true, true);
    compare_sums(text, "CREATE TABLE t (x int);\r\nINSERT INTO t VALUES (1);\r\n", true, true);
    compare_sums(text, "CREATE TABLE t (x int);\rINSERT INTO t VALUES (1);\n", true, true);
    compare_sums(text,
                 "\xEF\xBB\xBF"
                 "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);\n",
                 true, true);
    compare_sums(text, "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);\n-- ROLLBACK: DROP TABLE t;\n",
                 true, true);
    compare_sums(text, "CREATE TABLE t (x int);\n-- ROLLBACK: DROP TABLE t;\nINSERT INTO t VALUES (1);\n",
                 true, true);
    compare_sums(text,
                 "-- ROLLBACK:\nDROP TABLE t;\n-- END ROLLBACK\nCREATE TABLE t (x int);\r\n"
                 "INSERT INTO t VALUES (1);\n",
                 true, true);
    compare_sums(text,
                 "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);\n-- ROLLBACK:\r\n-- DROP TABLE t;\r\n",
                 true, true);
    compare_sums(text, "CREATE TABLE t (x int);\n  INSERT INTO t VALUES (1);\n", false, true);
    compare_sums(text, "CREATE TABLE t (x int);\n-- more\nINSERT INTO t VALUES (1);\n", false, true);
    compare_sums(text, "CREATE TABLE t (x int);\nINSERT INTO t VALUES (1);", false, true);
    compare_sums(text, "CREATE TABLE t (x int);\nINSERT INTO t VALUES (2);\n", false, false);
    compare_sums("SELECT '\n';", "SELECT '\r\n' -- why\n;", false, true);
    compare_sums("", "-- ROLLBACK: SELECT 1;", true, true);
    compare_sums("a\n\nb", "a\r\n\rb", true, true);
    compare_sums("a\nb", "a\n\rb", false, true);
}
END_TEST

START_TEST(keeps_places)
{
    put("001_a.sql",
        "\xEF\xBB\xBF\r\n\r\n  \xC3\xA4 SELECT 1;\r\n\t-- ROLLBACK: DROP \xC3\xB6;\r\nSELECT 2;\r\n");
    put("002_down.sql", "\n\n\nSELECT 1;");
    put("002_down.down.sql", "\n \n  SELECT 2;\n");
    put("003_cr.sql", "SELECT 1;\r-- ROLLBACK: SELECT 2;\nSELECT 3;");
    open_folder();
    check_text(&item("003_cr")->up, item("003_cr")->checksum, "SELECT 1;\r \nSELECT 3;", 1);
    check_text(&item("001_a")->up, item("001_a")->checksum, "  \xC3\xA4 SELECT 1;\r\n\nSELECT 2;\r\n", 3);
    check_text(&item("001_a")->down, NULL, "              DROP \xC3\xB6;", 4);
    check_text(&item("002_down")->up, item("002_down")->checksum, "SELECT 1;", 4);
    check_text(&item("002_down")->down, NULL, "  SELECT 2;\n", 3);
}
END_TEST

START_TEST(sees_changes)
{
    struct section_text text = {0};

    put("001_a.sql", "SELECT 1;\n-- ROLLBACK: SELECT 2;\n");
    open_folder();
    put("001_a.sql", "SELECT 1;\r\n-- ROLLBACK: SELECT 3;\n");
    check_text(&item("001_a")->up, item("001_a")->checksum, "SELECT 1;\r\n\n", 1);
    check_text(&item("001_a")->down, NULL, "             SELECT 3;", 2);
    put("001_a.sql", "SELECT 2;\n");
    ck_assert_int_eq(section_read(opened, &item("001_a")->up, item("001_a")->checksum, &text, &error),
                     MIGRATE_ERROR_SOURCE);
    ck_assert(strstr(error->message, "changed while"));
    error_clear(&error);
    ck_assert_int_eq(remove(path_of("001_a.sql")), 0);
    ck_assert_int_eq(section_read(opened, &item("001_a")->up, NULL, &text, &error), MIGRATE_ERROR_SOURCE);
    ck_assert(strstr(error->message, "no such file"));
    ck_assert_ptr_null(text.text.data);
}
END_TEST

int main(void)
{
    const TTest *tests[] = {refuses_other_encodings, makes_checksums, keeps_places, sees_changes};

    return run_suite("source text", tests, sizeof tests / sizeof *tests);
}
