/* SPDX-License-Identifier: MIT
 * What a URL speaks of, and that its secrets are not shown. */
#include "database/database.h"
#include "util/memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_engine)
{
    static const struct {
        const char *url;
        const struct database_engine *engine;
    } cases[] = {
        {"postgres://h/db", &database_postgresql},
        {"postgresql://u@h,h2:5433/db?sslmode=require", &database_postgresql},
        {"POSTGRESQL://h/db", &database_postgresql},
        {"host=/tmp dbname=a", &database_postgresql},
        {"dbname = 'a:b'", &database_postgresql},
        {"sqlite:app.db", &database_sqlite},
        {"sqlite3:app.db", &database_sqlite},
        {"sqlite::memory:", &database_sqlite},
        {"file:app.db?mode=ro", &database_sqlite},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct database_engine *engine = NULL;
        migrate_error *error = NULL;

        ck_assert_int_eq(database_url_engine(cases[i].url, &engine, &error), MIGRATE_OK);
        ck_assert_ptr_eq(engine, cases[i].engine);
        ck_assert_ptr_null(error);
    }
}
END_TEST

START_TEST(test_unknown)
{
    static const char *const urls[] = {NULL,      "", "app.db", "mysql://u:secret@h/db", "/var/lib/app.db",
                                       ":memory:"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        const struct database_engine *engine = NULL;
        migrate_error *error = NULL;

        ck_assert_int_eq(database_url_engine(urls[i], &engine, &error), MIGRATE_ERROR_URL);
        ck_assert_ptr_null(engine);
        ck_assert_ptr_nonnull(error->hint);
        ck_assert_ptr_null(strstr(error->message, "secret"));
        error_clear(&error);
    }
}
END_TEST

START_TEST(test_masked)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"postgresql://h:5432/db", "postgresql://h:5432/db"},
        {"postgresql://u@h/db", "postgresql://u@h/db"},
        {"postgresql://u:secret@h:5432/db?x=1", "postgresql://u:***@h:5432/db?x=1"},
        {"postgres://u:se/cr?et@h/db", "postgres://u:***@h/db"},
        {"postgres://u:se@cr@et@h/db", "postgres://u:***@h/db"},
        {"postgres://u:se?cret@h", "postgres://u:***@h"},
        {"postgresql:u:secret@h/db", "postgresql:u:***@h/db"},
        {"postgres:/u:secret@h/db", "postgres:/u:***@h/db"},
        {"postgres//u:secret@h/db", "postgres//u:***@h/db"},
        {"host=::1 user=a@b", "host=::1 user=a@b"},
        {"postgres://h/db?user=a@b", "postgres://h/db?user=a@b"},
        {"postgres://h:5/db?a=b&password=se@cret&c=d", "postgres://h:5/db?a=b&password=***&c=d"},
        {"postgres://h?password=se@cret", "postgres://h?password=***"},
        {"postgres://h:5?password=se@cret", "postgres://h:***"},
        {"postgres://h/db?sslpassword=secret", "postgres://h/db?sslpassword=***"},
        {"host=h password=secret dbname=d", "host=h password=*** dbname=d"},
        {"host=h password = 'se \\' cret' dbname=d", "host=h password = *** dbname=d"},
        {"password='secret", "password=***"},
        {"password=se\\ cret user=u", "password=*** user=u"},
        {"host=h PASSWORD=secret", "host=h PASSWORD=***"},
        {"dbname=postgres://u:secret@h/d", "dbname=postgres://u:***@h/d"},
        {"host user password=secret", "host user password=***"},
        {"mysql://u:secret@h", "mysql://u:***@h"},
        {"sqlite:///home/a:b@c.db", "sqlite:///home/a:b@c.db"},
        {"file:a.db?key=secret", "file:a.db?key=***"},
        {"", ""},
        {"=", "="},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *shown = database_url_masked(cases[i].url);

        ck_assert_str_eq(shown, cases[i].shown);
        memory_free(shown);
    }
}
END_TEST

START_TEST(test_names)
{
    ck_assert_ptr_eq(database_engine_of("sqlite"), &database_sqlite);
    ck_assert_ptr_eq(database_engine_of("postgresql"), &database_postgresql);
    ck_assert_ptr_null(database_engine_of("mysql"));
    ck_assert_ptr_null(database_engine_of(NULL));
    ck_assert(database_has("sqlite"));
    ck_assert(database_has("postgresql"));
    ck_assert(database_has("dlopen") != database_has("linked"));
    ck_assert(!database_has("oracle"));
    ck_assert(!database_has(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("database_url");
    TCase *tests = tcase_create("url");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, test_engine);
    tcase_add_test(tests, test_unknown);
    tcase_add_test(tests, test_masked);
    tcase_add_test(tests, test_names);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
