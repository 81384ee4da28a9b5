/* SPDX-License-Identifier: MIT
 * File names: what is read, what is left alone, what is refused; pairs of up and down; engines; what is
 * twice. */
#include "test_source.h"

START_TEST(reads_names)
{
    put("001_create_users.sql", "");
    put("20260801120000-add_email.up.sql", "");
    put("20260801120000-add_email.down.sql", "");
    put("3.sql", "");
    put("004add.sql", "");
    put("add_pricing_tables.sql", "");
    put("\xC3\xBC"
        "ber.sql",
        "");
    open_folder();
    ck_assert_str_eq(ids(), "001_create_users 3 004add 20260801120000-add_email add_pricing_tables \xC3\xBC"
                            "ber");
    ck_assert_str_eq(item("001_create_users")->name, "create_users");
    ck_assert_str_eq(item("001_create_users")->number, "001");
    ck_assert_int_eq(item("001_create_users")->kind, MIGRATION_VERSIONED);
    ck_assert(!item("001_create_users")->down.present);
    ck_assert(text_ends(item("001_create_users")->up.file, "/001_create_users.sql"));
    ck_assert(text_starts(item("001_create_users")->up.file, folder));
    ck_assert_str_eq(item("20260801120000-add_email")->name, "add_email");
    ck_assert(item("20260801120000-add_email")->down.present);
    ck_assert(!item("20260801120000-add_email")->down.from_block);
    ck_assert(text_ends(item("20260801120000-add_email")->down.file, "add_email.down.sql"));
    ck_assert_str_eq(item("3")->name, "");
    ck_assert_str_eq(item("3")->number, "3");
    ck_assert_str_eq(item("004add")->name, "add");
    ck_assert_ptr_null(item("add_pricing_tables")->number);
    ck_assert_str_eq(item("add_pricing_tables")->name, "add_pricing_tables");
}
END_TEST

START_TEST(leaves_others_alone)
{
    put(".hidden.sql", "-- migrate: nonsense");
    put("._001_a.sql", "");
    put(".gitkeep", "");
    put("README", "");
    put("README.sql.txt", "");
    put("notes.md", "");
    put("about sql.txt", "");
    put("atlas.sum", "");
    put("Makefile", "");
    put("bad\xFFname", "");
    put_folder("archive");
    put("archive/001_old.sql", "");
    put("001_a.sql", "");
    open_folder();
    ck_assert_str_eq(ids(), "001_a");
}
END_TEST

START_TEST(refuses_what_does_not_fit)
{
    static const struct {
        const char *name, *words;
    } wrong[] = {{"001_a.txt", "does not end in .sql"},
                 {"001_a", "does not end in .sql"},
                 {"2_notes.md", "does not end in .sql"},
                 {"a.SQL", "small letters"},
                 {"001_a.Sql", "small letters"},
                 {"a.sql.bak", "behind its .sql"},
                 {"001_a.sql~", "behind its .sql"},
                 {"a.sql.orig", "behind its .sql"},
                 {"#a.sql#", "behind its .sql"},
                 {"a..sql", "without other dots"},
                 {"003_x.mysql.sql", "neither a direction nor an engine"},
                 {"003_x.dwn.sql", "is \".down\" meant?"},
                 {"003_x.postgres.sql", "is \".postgresql\" meant?"},
                 {"003_v1.2.sql", "without other dots"},
                 {"v1.2_x.sql", "neither a direction nor an engine"},
                 {"003_x.up.down.sql", "one direction or engine too many"},
                 {"003_x.sqlite.postgresql.sql", "one direction or engine too many"},
                 {"003_x.up.sqlite.up.sql", "one direction or engine too many"},
                 {"003_x.rollback.sql", "neither a direction nor an engine"},
                 {".sql", "nothing stands before"},
                 {".up.sql", "nothing stands before"},
                 {".sqlite.down.sql", "nothing stands before"},
                 {"003 x.sql", "white space"},
                 {"x\ty.sql", "white space"},
                 {"x\ny.sql", "\\x0A"},
                 {"x\x7Fy.sql", "control character"},
                 {"x\xFF.sql", "not valid UTF-8"},
                 {"schema.up.sql", "no direction"},
                 {"schema.down.sql", "no direction"}};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put("001_ok.sql", "");
        put(wrong[i].name, "");
        refused_as(MIGRATE_ERROR_SOURCE, NULL, 0, 0, wrong[i].words);
        if (!strpbrk(wrong[i].name, "\t\n\x7F\xFF")) {
            ck_assert_msg(strstr(error->message, wrong[i].name) != NULL, "%s", error->message);
            ck_assert(text_ends(error->file, wrong[i].name));
        }
        empty_folder();
    }
}
END_TEST

START_TEST(refuses_folders_and_links)
{
    put_folder("001_init");
    refused_as(MIGRATE_ERROR_SOURCE, "/001_init", 0, 0, "is a directory");
    empty_folder();
    put_folder("x.sql");
    refused_as(MIGRATE_ERROR_SOURCE, "/x.sql", 0, 0, "is a directory");
    empty_folder();
    ck_assert_int_eq(symlink("nowhere", path_of("001_a.sql")), 0);
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.sql", 0, 0, "leads nowhere");
    empty_folder();
    ck_assert_int_eq(mkfifo(path_of("001_a.sql"), 0600), 0);
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.sql", 0, 0, "not a regular file");
}
END_TEST

START_TEST(refuses_bad_directories)
{
    ck_assert_int_eq(open_with("/nonexistent/dir", NULL, "sqlite", false), MIGRATE_ERROR_SOURCE);
    ck_assert_str_eq(error->file, "/nonexistent/dir");
    ck_assert(strstr(error->message, "does not exist"));
    ck_assert_int_eq(open_with("", NULL, "sqlite", false), MIGRATE_ERROR_SOURCE);
    put("file", "");
    ck_assert_int_eq(open_with(path_of("file"), NULL, "sqlite", false), MIGRATE_ERROR_SOURCE);
    ck_assert(strstr(error->message, "is not a directory"));
    ck_assert(text_ends(error->file, "/file"));
}
END_TEST

START_TEST(refuses_the_unreadable)
{
    if (geteuid() == 0)
        return; /* root reads everything */
    put("001_a.sql", "");
    ck_assert_int_eq(chmod(path_of("001_a.sql"), 0), 0);
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.sql", 0, 0, "permission denied");
    ck_assert_int_eq(chmod(folder, 0), 0);
    int32_t code = open_with(folder, NULL, "sqlite", false);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    ck_assert_int_eq(code, MIGRATE_ERROR_SOURCE);
}
END_TEST

START_TEST(takes_nothing_at_all)
{
    char slashes[80];

    open_folder();
    ck_assert_uint_eq(opened->count, 0);
    ck_assert(!opened->schema.present);
    ck_assert_int_eq(open_with(NULL, NULL, "sqlite", false), MIGRATE_OK);
    ck_assert_uint_eq(opened->count, 0);
    put("001_empty.sql", "");
    put("002_comment.sql", "-- nothing here\n/* nor here */\n");
    snprintf(slashes, sizeof slashes, "%s///", folder);
    ck_assert_int_eq(open_with(slashes, NULL, "sqlite", false), MIGRATE_OK);
    ck_assert_str_eq(ids(), "001_empty 002_comment");
    ck_assert_str_eq(item("001_empty")->up.file, path_of("001_empty.sql"));
    check_text(&item("001_empty")->up, item("001_empty")->checksum, "", 1);
}
END_TEST

START_TEST(chooses_the_engines_file)
{
    put("001_a.sql", "generic");
    put("001_a.sqlite.sql", "for sqlite");
    put("001_a.down.sql", "generic down");
    put("001_a.postgresql.down.sql", "down for postgresql");
    put("002_b.up.sqlite.sql", "SELECT 2");
    put("002_b.down.sql", "SELECT -2");
    put("002_c.postgresql.up.sql", "SELECT 3");
    put("003_d.sql", "-- Depends: 002_b\n-- Depends: 002_c, 001_a");
    open_engine("sqlite");
    ck_assert_str_eq(ids(), "001_a 002_b 003_d");
    check_text(&item("001_a")->up, NULL, "for sqlite", 1);
    check_text(&item("001_a")->down, NULL, "generic down", 1);
    ck_assert_uint_eq(item("003_d")->depends_count, 2);
    open_engine("postgresql");
    ck_assert_str_eq(ids(), "001_a 002_c 003_d");
    check_text(&item("001_a")->up, NULL, "generic", 1);
    check_text(&item("001_a")->down, NULL, "down for postgresql", 1);
    ck_assert_uint_eq(item("003_d")->depends_count, 2);
    ck_assert_str_eq(item("003_d")->depends[0], "002_c");
    ck_assert_str_eq(item("003_d")->depends[1], "001_a");
}
END_TEST

START_TEST(refuses_what_is_twice)
{
    put("001_a.sql", "");
    put("001_a.up.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, "/001_a.up.sql", 0, 0, "001_a.sql and ");
    ck_assert(strstr(error->message, "/001_a.up.sql"));
    ck_assert_str_eq(error->id, "001_a");
    empty_folder();
    put("001_a.up.sqlite.sql", "");
    put("001_a.sqlite.up.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, NULL, 0, 0, "two migrations have the id \"001_a\"");
    empty_folder();
    put("001_a.sql", "");
    put("001_b.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, "/001_b.sql", 0, 0, "number 001");
    ck_assert(strstr(error->message, "/001_a.sql and "));
    ck_assert_int_eq(open_with(folder, NULL, "sqlite", true), MIGRATE_OK);
    ck_assert_str_eq(ids(), "001_a 001_b");
    empty_folder();
    put("1_b.sql", "");
    put("001_a.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, NULL, 0, 0, "the number");
    ck_assert_int_eq(open_with(folder, NULL, "sqlite", true), MIGRATE_OK);
    ck_assert_str_eq(ids(), "001_a 1_b");
    empty_folder();
    put("1_a.sql", "");
    put("001_a.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, NULL, 0, 0, "the number");
    empty_folder();
    put("views.sql", "");
    put_folder("repeatable");
    put("repeatable/views.sql", "");
    refused_as(MIGRATE_ERROR_DUPLICATE, NULL, 0, 0, "repeatable/views.sql");
}
END_TEST

START_TEST(refuses_a_lonely_down)
{
    put("001_a.down.sql", "");
    refused_as(MIGRATE_ERROR_SOURCE, "/001_a.down.sql", 0, 0, "has no up file");
    put("001_a.up.sqlite.sql", ""); /* an up file for another engine: not of this list */
    open_engine("postgresql");
    ck_assert_uint_eq(opened->count, 0);
    open_engine("sqlite");
    ck_assert(item("001_a")->down.present);
}
END_TEST

START_TEST(reads_repeatable)
{
    put("001_a.sql", "");
    put_folder("repeatable");
    put("repeatable/v10.sql", "SELECT 10");
    put("repeatable/v9.up.sql", "SELECT 9");
    put("repeatable/001_x.sqlite.sql", "");
    put("repeatable/001_x.postgresql.sql", "");
    put("repeatable/README.md", "");
    put("repeatable/.hidden", "");
    open_folder();
    ck_assert_str_eq(ids(), "001_a|001_x v9 v10");
    ck_assert_int_eq(item("v9")->kind, MIGRATION_REPEATABLE);
    ck_assert(text_ends(item("v10")->up.file, "/repeatable/v10.sql"));
    put("repeatable/v9.down.sql", "");
    refused_as(MIGRATE_ERROR_SOURCE, "/repeatable/v9.down.sql", 0, 0, "no way down");
    ck_assert_int_eq(remove(path_of("repeatable/v9.down.sql")), 0);
    put_folder("repeatable/more");
    refused_as(MIGRATE_ERROR_SOURCE, "/repeatable/more", 0, 0, "folder of repeatable");
}
END_TEST

int main(void)
{
    const TTest *tests[] = {reads_names,
                            leaves_others_alone,
                            refuses_what_does_not_fit,
                            refuses_folders_and_links,
                            refuses_bad_directories,
                            refuses_the_unreadable,
                            takes_nothing_at_all,
                            chooses_the_engines_file,
                            refuses_what_is_twice,
                            refuses_a_lonely_down,
                            reads_repeatable};

    return run_suite("source names", tests, sizeof tests / sizeof *tests);
}
