/* SPDX-License-Identifier: MIT
 * Migrations from memory: files, texts and code, alone and beside a directory. */
#include "test_source.h"

static migrate_source *memory;

static int32_t code_up(migrate_connection *connection, void *user)
{
    (void)connection, (void)user;
    return 0;
}

static int32_t code_down(migrate_connection *connection, void *user)
{
    (void)connection, (void)user;
    return 1;
}

static void fresh(void)
{
    memory_source_unref(memory);
    memory = NULL;
    ck_assert_int_eq(memory_source_new(&memory, &error), MIGRATE_OK);
}

static void add_file(const char *path, const char *text)
{
    ck_assert_int_eq(memory_source_add_file(memory, path, text, strlen(text), &error), MIGRATE_OK);
}

static void add(const char *id, const char *up, const char *down)
{
    ck_assert_int_eq(memory_source_add(memory, id, up, down, &error), MIGRATE_OK);
}

static void open_memory(void)
{
    int32_t code = open_with(NULL, memory, "postgresql", false);

    ck_assert_msg(code == MIGRATE_OK, "%s", error ? error->message : "");
}

static void refused_twice(const char *dir, const char *words)
{
    ck_assert_int_eq(open_with(dir, memory, "postgresql", false), MIGRATE_ERROR_DUPLICATE);
    ck_assert_msg(strstr(error->message, words) != NULL, "%s", error->message);
}

START_TEST(takes_files)
{
    fresh();
    add_file("002_b.up.sql", "SELECT 1;\n");
    add_file("002_b.down.sql", "SELECT -1;");
    add_file("001_a.sql", "\xEF\xBB\xBFSELECT 2;\n-- ROLLBACK: SELECT -2;\n");
    add_file("001_a.sqlite.sql", "SELECT 3;");
    add_file("repeatable/v.sql", "SELECT 4;");
    add_file("schema.sql", "-- migrate: stands-for 001_a\nSELECT 5;");
    ck_assert_int_eq(memory_source_add_file(memory, "003_cut.sql", "SELECT 6; and more", 9, &error),
                     MIGRATE_OK);
    open_memory();
    ck_assert_str_eq(ids(), "001_a 002_b 003_cut|v");
    ck_assert_str_eq(item("001_a")->up.file, "001_a.sql");
    check_text(&item("001_a")->up, item("001_a")->checksum, "SELECT 2;\n\n", 1);
    check_text(&item("001_a")->down, NULL, "             SELECT -2;", 2);
    check_text(&item("002_b")->down, NULL, "SELECT -1;", 1);
    check_text(&item("003_cut")->up, NULL, "SELECT 6;", 1);
    ck_assert_str_eq(item("v")->up.file, "repeatable/v.sql");
    ck_assert_uint_eq(opened->schema.count, 1);
    memory_source_unref(memory); /* the opened source keeps it */
    memory = NULL;
    check_text(&item("002_b")->up, NULL, "SELECT 1;\n", 1);
}
END_TEST

START_TEST(checks_paths_at_once)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "README.md",
                                        "001_a",
                                        "sub/001_a.sql",
                                        "/001_a.sql",
                                        "001 a.sql",
                                        "repeatable/",
                                        "repeatable/x/y.sql",
                                        "repeatable/v.down.sql",
                                        "a.SQL",
                                        ".sql",
                                        "003_x.mysql.sql",
                                        "../001_a.sql",
                                        "schema.down.sql",
                                        ".a.sql"};
    static const char *const ids_wrong[] = {"", "a b", "a.b", "a/b", "schema", "a\nb", "\xFF"};

    fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(memory_source_add_file(memory, wrong[i], "", 0, &error) == MIGRATE_ERROR_SOURCE, "%s",
                      wrong[i]);
        ck_assert_ptr_nonnull(error);
        error_clear(&error);
    }
    for (size_t i = 0; i < sizeof ids_wrong / sizeof *ids_wrong; i++) {
        ck_assert_int_eq(memory_source_add(memory, ids_wrong[i], "", NULL, &error), MIGRATE_ERROR_SOURCE);
        ck_assert_ptr_null(strchr(error->message, '\n'));
        ck_assert_int_eq(memory_source_add_code(memory, ids_wrong[i], "1", code_up, NULL, NULL, NULL),
                         MIGRATE_ERROR_SOURCE);
    }
    open_memory();
    ck_assert_uint_eq(opened->count, 0);
}
END_TEST

START_TEST(takes_texts)
{
    fresh();
    add("001_a", "SELECT 1;", "-- migrate: no-transaction\nSELECT -1;");
    add("002_b", "-- Depends: 001_a\nSELECT 2;\n-- ROLLBACK: SELECT -2;", NULL);
    add("003_c", "SELECT 3;\n-- ROLLBACK: SELECT -3;", "SELECT -33;"); /* the given one counts */
    add("004_d", "SELECT 4;", NULL);
    add_file("005_e.sql", "-- Depends: 004_d");
    open_memory();
    ck_assert_str_eq(ids(), "001_a 002_b 003_c 004_d 005_e");
    ck_assert_str_eq(item("001_a")->up.file, "001_a");
    ck_assert(item("001_a")->down.no_transaction);
    check_text(&item("001_a")->up, item("001_a")->checksum, "SELECT 1;", 1);
    check_text(&item("002_b")->down, NULL, "             SELECT -2;", 3);
    check_text(&item("003_c")->up, item("003_c")->checksum, "SELECT 3;\n", 1);
    check_text(&item("003_c")->down, NULL, "SELECT -33;", 1);
    ck_assert(!item("004_d")->down.present);
    add("006_x", "-- migrate: nonsense", NULL);
    ck_assert_int_eq(open_with(NULL, memory, "sqlite", false), MIGRATE_ERROR_SOURCE);
    ck_assert_str_eq(error->file, "006_x");
    ck_assert_int_eq(error->line, 1);
    ck_assert_int_eq(error->column, 13);
}
END_TEST

START_TEST(takes_code)
{
    char long_version[200], first[DIGEST_HEX];
    int user;
    struct section_text text;

    fresh();
    ck_assert_int_eq(memory_source_add_code(memory, "002_code", "v1", code_up, code_down, &user, &error), 0);
    ck_assert_int_eq(memory_source_add_code(memory, "003_code", "", code_up, NULL, NULL, &error), 0);
    memset(long_version, 'x', sizeof long_version);
    long_version[sizeof long_version - 1] = '\0';
    ck_assert_int_eq(memory_source_add_code(memory, "004_long", long_version, code_up, NULL, NULL, &error),
                     0);
    long_version[sizeof long_version - 2] = 'y';
    ck_assert_int_eq(memory_source_add_code(memory, "005_long", long_version, code_up, NULL, NULL, &error),
                     0);
    add("001_a", "", NULL);
    ck_assert_int_eq(memory_source_set_schema_code(memory, "001_a", code_down, NULL, &error), 0);
    ck_assert_int_eq(memory_source_set_schema_code(memory, "003_code", code_up, &user, &error), 0);
    open_memory();
    ck_assert_str_eq(ids(), "001_a 002_code 003_code 004_long 005_long");
    const struct migration *code = item("002_code");
    ck_assert_str_eq(code->checksum, "code:v1");
    ck_assert_str_eq(code->token_checksum, "");
    ck_assert(code->up.present && code->up.code == code_up && code->up.user == &user && !code->up.bytes);
    ck_assert(code->down.present && code->down.code == code_down && code->down.user == &user);
    ck_assert(!item("003_code")->down.present);
    ck_assert_str_eq(item("003_code")->checksum, "code:");
    ck_assert_uint_eq(strlen(item("004_long")->checksum), 64);
    strcpy(first, item("004_long")->checksum);
    ck_assert_str_ne(first, item("005_long")->checksum);
    ck_assert_int_eq(section_read(opened, &code->up, NULL, &text, &error), MIGRATE_ERROR_INTERNAL);
    ck_assert(opened->schema.present && opened->schema.up.code == code_up && opened->schema.up.user == &user);
    ck_assert_uint_eq(opened->schema.count, 3);
    ck_assert_str_eq(opened->schema.checksum, "code:003_code");
    ck_assert_int_eq(memory_source_set_schema_code(memory, "009_no", code_up, NULL, &error), 0);
    ck_assert_int_eq(open_with(NULL, memory, "sqlite", false), MIGRATE_ERROR_SOURCE);
    ck_assert(strstr(error->message, "009_no"));
}
END_TEST

START_TEST(refuses_what_is_twice)
{
    fresh();
    add("001_a", "", NULL);
    add("001_a", "", NULL);
    refused_twice(NULL, "\"001_a\" was added twice");
    fresh();
    add("001_a", "", NULL);
    ck_assert_int_eq(memory_source_add_code(memory, "001_a", "1", code_up, NULL, NULL, &error), 0);
    refused_twice(NULL, "\"001_a\" was added twice");
    fresh();
    add("001_a", "", NULL);
    add_file("001_a.down.sql", "");
    refused_twice(NULL, "001_a.down.sql");
    fresh();
    add("001_a", "", NULL);
    add("1_b", "", NULL);
    refused_twice(NULL, "number");
    fresh();
    add_file("schema.sql", "-- migrate: stands-for 001_a");
    ck_assert_int_eq(memory_source_set_schema_code(memory, "001_a", code_up, NULL, &error), 0);
    refused_twice(NULL, "schema");
}
END_TEST

START_TEST(stands_beside_a_directory)
{
    fresh();
    put("001_a.sql", "SELECT 1;");
    put("003_c.sql", "-- Depends: 002_b");
    add("002_b", "SELECT 2;", NULL);
    ck_assert_int_eq(open_with(folder, memory, "postgresql", false), MIGRATE_OK);
    ck_assert_str_eq(ids(), "001_a 002_b 003_c");
    add_file("003_c.down.sql", "SELECT 3;");
    refused_twice(folder, "003_c.down.sql");
    ck_assert(strstr(error->message, path_of("003_c.sql")));
    fresh();
    add_file("001_a.sql", "SELECT 1;");
    refused_twice(folder, "001_a.sql and ");
    fresh();
    put("schema.sql", "-- migrate: stands-for 001_a");
    put("003_c.sql", "");
    add_file("schema.sql", "-- migrate: stands-for 001_a");
    refused_twice(folder, "the schema is given twice");
}
END_TEST

START_TEST(counts_references)
{
    fresh();
    ck_assert_ptr_eq(memory_source_ref(memory), memory);
    memory_source_unref(memory);
    add("001_a", "", NULL);
    ck_assert_ptr_null(memory_source_ref(NULL));
    memory_source_unref(NULL);
    memory_source_unref(memory);
    memory = NULL;
}
END_TEST

int main(void)
{
    const TTest *tests[] = {takes_files,           checks_paths_at_once,      takes_texts,      takes_code,
                            refuses_what_is_twice, stands_beside_a_directory, counts_references};

    return run_suite("source memory", tests, sizeof tests / sizeof *tests);
}
