/* SPDX-License-Identifier: MIT
 * Directories, files, options and targets that a program, a person or a file system hands in wrongly: each
 * has its own clear error, changes nothing, and leaves a database that works as soon as the mistake is
 * mended. */
#include "api.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ONE "CREATE TABLE one (x integer);\n"

/* The first migration is applied; what follows must leave it at that. */
static void make_base(void)
{
    api_file("001_one.sql", ONE);
    API_OK(api_apply());
}

static void check_base(int line)
{
    const char *tables = api_tables();
    ck_assert_msg(strcmp(tables, "one") == 0, "line %d: tables %s", line, tables);
    const char *applied = api_applied();
    ck_assert_msg(strcmp(applied, "001_one") == 0, "line %d: applied %s", line, applied);
    ck_assert_str_eq(api_events("failed"), "0");
}
#define AS_BEFORE() check_base(__LINE__)

/* The source is refused by everything that reads it. */
static void check_source(int line, int32_t code, const char *path, int at_line, int at_column)
{
    api_check_failed(__FILE__, line, api_plan(NULL), code, "source");
    api_check_failed(__FILE__, line, api_status(), code, "source");
    api_check_failed(__FILE__, line, api_startup("check"), code, "source");
    api_check_failed(__FILE__, line, api_apply(), code, "source");
    api_check_place(__FILE__, line, path, at_line, at_column);
    check_base(line);
}
#define REFUSED(code, path, line, column) check_source(__LINE__, code, path, line, column)

/* ---- the directory ---- */

START_TEST(test_directory_missing)
{
    char dir[400];
    make_base();
    snprintf(dir, sizeof dir, "%s/nowhere", api.folder);
    api_option("dir", dir);
    REFUSED(MIGRATE_ERROR_SOURCE, dir, 0, 0);
    API_SAYS("does not exist");
    api_option("dir", api.dir);
    API_OK(api_apply());
}
END_TEST

START_TEST(test_directory_is_file)
{
    char dir[400];
    make_base();
    snprintf(dir, sizeof dir, "%s/001_one.sql", api.dir);
    api_option("dir", dir);
    REFUSED(MIGRATE_ERROR_SOURCE, dir, 0, 0);
    API_SAYS("not a directory");
}
END_TEST

START_TEST(test_directory_not_given)
{
    make_base();
    api_option("dir", NULL);
    REFUSED(MIGRATE_ERROR_SOURCE, NULL, 0, 0);
    api_option("dir", "");
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    AS_BEFORE();
}
END_TEST

/* An empty directory is no mistake on an empty database. */
START_TEST(test_directory_empty)
{
    API_OK(api_apply());
    ck_assert_int_eq(migrate_rows_value_int(api.rows, "changed"), 0);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

/* ---- files ---- */

START_TEST(test_file_unreadable)
{
    char path[400];
    make_base();
    if (geteuid() == 0) /* root reads everything */
        return;
    api_file("002_two.sql", "SELECT 2;\n");
    snprintf(path, sizeof path, "%s/002_two.sql", api.dir);
    chmod(path, 0);
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 0, 0);
    API_SAYS("permission denied");
    chmod(path, 0644);
    API_OK(api_apply());
}
END_TEST

START_TEST(test_file_dangling)
{
    char path[400];
    make_base();
    snprintf(path, sizeof path, "%s/002_two.sql", api.dir);
    ck_assert_int_eq(symlink("/nowhere/at/all.sql", path), 0);
    api_close();
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 0, 0);
    api_remove("002_two.sql");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_file_is_folder)
{
    make_base();
    api_write("002_two.sql/inside.sql", "", 0);
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 0, 0);
}
END_TEST

/* Nothing to do is something that can be done. */
START_TEST(test_file_empty)
{
    api_file("001_empty.sql", "");
    api_file("002_blank.sql", " \n\t\r\n");
    api_file("003_comments.sql", "-- nothing yet\n/* not here; either */ ; ;\n");
    api_file("004_mark.sql", "\xEF\xBB\xBF");
    api_file("005_empty.sql", "");
    api_file("005_empty.down.sql", "");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_empty 002_blank 003_comments 004_mark 005_empty");
    API_OK(api_rollback(NULL));
    ck_assert_str_eq(api_applied(), "001_empty 002_blank 003_comments 004_mark");
}
END_TEST

START_TEST(test_file_name_almost)
{
    static const char *const names[] = {
        "002_two.SQL",      "002_two.sql.bak", "002_two.sql~",      "002_two.donw.sql",
        "002 two.sql",      "002_two",         "002_two.up.up.sql", ".sql",
        "two.postgres.sql", "002_two.sq",      "002_t\two.sql"};
    make_base();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        api_file(names[i], "CREATE TABLE two (x integer);");
        API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
        API_SAYS("looks like a migration");
        API_FAILS(api_startup("check"), MIGRATE_ERROR_SOURCE, "source");
        AS_BEFORE();
        if (!strchr(names[i], '\t'))
            API_PLACE(names[i], 0, 0);
        api_remove(names[i]);
    }
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    API_OK(api_apply());
    ck_assert_str_eq(api_applied(), "001_one 002_two");
}
END_TEST

/* What does not look like a migration is none of our business. */
START_TEST(test_file_name_other)
{
    make_base();
    api_file("README.md", "001");
    api_file("notes.txt", "x");
    api_file(".gitkeep", "");
    api_file("env.py", "");
    API_OK(api_apply());
    AS_BEFORE();
}
END_TEST

START_TEST(test_file_name_not_text)
{
    make_base();
    api_file("002_\xFFtwo.sql", "SELECT 2;");
    REFUSED(MIGRATE_ERROR_SOURCE, "002_\\xFFtwo.sql", 0, 0);
    API_SAYS("not valid UTF-8");
}
END_TEST

START_TEST(test_file_not_text)
{
    make_base();
    api_file("002_two.sql", "SELECT 2;\nSELECT '\xC3\xA9 \xC3(';\n");
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 2, 11);
    API_SAYS("0xC3 is not valid UTF-8");
    api_file("002_two.sql", "SELECT 2;\n");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_file_nul)
{
    make_base();
    api_write("002_two.sql", "SELECT 2;\nSELECT \0 3;\n", 22);
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 2, 8);
    API_SAYS("NUL");
}
END_TEST

START_TEST(test_file_utf16)
{
    make_base();
    api_write("002_two.sql", "\xFF\xFES\0E\0L\0E\0C\0T\0 \0001\0;\0", 20);
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.sql", 1, 1);
    API_SAYS("UTF-16");
}
END_TEST

/* The way down is read no less carefully. */
START_TEST(test_down_file_not_text)
{
    make_base();
    api_write("001_one.down.sql", "DROP TABLE one;\n\xFF", 17);
    REFUSED(MIGRATE_ERROR_SOURCE, "001_one.down.sql", 2, 1);
}
END_TEST

START_TEST(test_two_files_one_id)
{
    make_base();
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    api_file("002_two.up.sql", "CREATE TABLE two (x integer);");
    REFUSED(MIGRATE_ERROR_DUPLICATE, "002_two.up.sql", 0, 0);
    API_SAYS("002_two.sql");
    ck_assert_str_eq(migrate_error_id(api.error), "002_two");
    api_remove("002_two.up.sql");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_two_sources_one_id)
{
    migrate_source *source = NULL;
    make_base();
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add(source, "001_one", ONE, NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    migrate_source_free(source);
    api_close();
    API_FAILS(api_apply(), MIGRATE_ERROR_DUPLICATE, "source");
    AS_BEFORE();
    API_OK(migrate_options_set_source(api.options, NULL, api_error()));
    api_close();
    API_OK(api_apply());
}
END_TEST

START_TEST(test_down_without_up)
{
    make_base();
    api_file("002_two.down.sql", "DROP TABLE two;");
    REFUSED(MIGRATE_ERROR_SOURCE, "002_two.down.sql", 0, 0);
    ck_assert_str_eq(migrate_error_id(api.error), "002_two");
    api_file("002_two.sql", "CREATE TABLE two (x integer);");
    API_OK(api_apply());
}
END_TEST

START_TEST(test_memory_names)
{
    static const char *const ids[] = {"", "a b", "a/b", "a.b", "schema", "\xC3", "a\nb"};
    static const char *const paths[] = {"002_two.SQL", "../002_two.sql", "sub/002_two.sql", "readme", "",
                                        "002_\xFF.sql"};
    migrate_source *source = NULL;
    API_OK(migrate_source_new(&source, api_error()));
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        API_FAILS(migrate_source_add(source, ids[i], "SELECT 1;", NULL, api_error()), MIGRATE_ERROR_SOURCE,
                  "source");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        API_FAILS(migrate_source_add_file(source, paths[i], "SELECT 1;", 9, api_error()),
                  MIGRATE_ERROR_SOURCE, "source");
    API_OK(migrate_source_add(source, "001_one", ONE, NULL, api_error()));
    api_source(source);
    migrate_source_free(source);
    API_OK(api_apply());
    AS_BEFORE();
}
END_TEST

START_TEST(test_memory_nul)
{
    migrate_source *source = NULL;
    API_OK(migrate_source_new(&source, api_error()));
    API_OK(migrate_source_add_file(source, "001_one.sql", ONE, strlen(ONE), api_error()));
    API_OK(migrate_source_add_file(source, "002_two.sql", "SELECT 1;\0", 10, api_error()));
    api_source(source);
    migrate_source_free(source);
    API_FAILS(api_apply(), MIGRATE_ERROR_SOURCE, "source");
    API_PLACE("002_two.sql", 1, 10);
    ck_assert_str_eq(api_tables(), "");
}
END_TEST

START_TEST(test_depends_unknown)
{
    make_base();
    api_file("002_two.sql", "SELECT 1;\n-- Depends: 001_one, 003_nothing\n");
    REFUSED(MIGRATE_ERROR_DEPENDENCY, "002_two.sql", 2, 22);
    API_SAYS("003_nothing");
}
END_TEST

START_TEST(test_depends_circle)
{
    make_base();
    api_file("002_two.sql", "-- Depends: 003_three\n");
    api_file("003_three.sql", "-- Depends: 002_two\n");
    API_FAILS(api_apply(), MIGRATE_ERROR_DEPENDENCY, "source");
    API_SAYS("002_two");
    API_SAYS("003_three");
    AS_BEFORE();
}
END_TEST

/* ---- options and targets ---- */

static int32_t set(const char *key, const char *value)
{
    return migrate_options_set(api.options, key, value, api_error());
}

START_TEST(test_option_unknown)
{
    static const char *const pairs[][2] = {
        {"wait_timout", "wait_timeout"}, {"on-missing", "on_missing"}, {"Mode", "mode"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        API_FAILS(set(pairs[i][0], "1s"), MIGRATE_ERROR_OPTION, "usage");
        API_SAYS(pairs[i][0]);
        char meant[50];
        snprintf(meant, sizeof meant, "\"%s\"", pairs[i][1]);
        API_SAYS(meant);
    }
    API_FAILS(set("", "x"), MIGRATE_ERROR_OPTION, "usage");
    ck_assert_ptr_null(migrate_options_get(api.options, "wait_timout"));
    make_base();
}
END_TEST

START_TEST(test_option_duration)
{
    static const char *const durations[] = {"5",    "5 parsecs",       "-1s", "",     "s",
                                            "1.5s", "99999999999999h", "1s1", " 1s ", "never"};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        API_FAILS(set("wait_timeout", durations[i]), MIGRATE_ERROR_OPTION, "usage");
        API_SAYS("wait_timeout");
        ck_assert_str_eq(migrate_options_get(api.options, "wait_timeout"), "20s");
    }
    API_FAILS(set("wait_timeout", "none"), MIGRATE_ERROR_OPTION, "usage");
    API_OK(set("run_deadline", "none"));
    API_OK(set("wait_timeout", "2min"));
}
END_TEST

START_TEST(test_option_word)
{
    API_FAILS(set("on_modified", "ignore"), MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("fail|warn|allow");
    API_FAILS(set("mode", ""), MIGRATE_ERROR_OPTION, "usage");
    ck_assert_str_eq(migrate_options_get(api.options, "mode"), "apply");
}
END_TEST

START_TEST(test_option_environment)
{
    setenv("MIGRATE_WAIT_TIMEOUT", "soon", 1);
    int32_t code = migrate_options_from_environment(api.options, api_error());
    unsetenv("MIGRATE_WAIT_TIMEOUT");
    API_FAILS(code, MIGRATE_ERROR_OPTION, "usage");
    API_SAYS("MIGRATE_WAIT_TIMEOUT");
}
END_TEST

START_TEST(test_target_unknown)
{
    make_base();
    API_FAILS(api_plan("007_bond"), MIGRATE_ERROR_TARGET, "usage");
    API_SAYS("007_bond");
    API_PLACE(NULL, 0, 0);
    API_FAILS(api_rollback("007_bond"), MIGRATE_ERROR_TARGET, "usage");
    API_FAILS(api_mark("applied", "007_bond", "why"), MIGRATE_ERROR_TARGET, "usage");
    AS_BEFORE();
}
END_TEST

API("bad_input", test_directory_missing, test_directory_is_file, test_directory_not_given,
    test_directory_empty, test_file_unreadable, test_file_dangling, test_file_is_folder, test_file_empty,
    test_file_name_almost, test_file_name_other, test_file_name_not_text, test_file_not_text, test_file_nul,
    test_file_utf16, test_down_file_not_text, test_two_files_one_id, test_two_sources_one_id,
    test_down_without_up, test_memory_names, test_memory_nul, test_depends_unknown, test_depends_circle,
    test_option_unknown, test_option_duration, test_option_word, test_option_environment, test_target_unknown)
