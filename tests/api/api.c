/* SPDX-License-Identifier: MIT
 * The frame of the API tests: the library's verbs on the test's own world, and what is expected of them. */
#include "api.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

/* ---- the library ---- */

void api_close(void)
{
    migrate_close(api.session);
    api.session = NULL;
}

migrate_error **api_error(void)
{
    migrate_error_free(api.error);
    api.error = NULL;
    return &api.error;
}

/* The rows of the last call give way to those of this one. */
static int32_t end(int32_t code, migrate_rows **rows)
{
    if (*rows) {
        migrate_rows_free(api.rows);
        api.rows = *rows;
    }
    return code;
}

void api_option(const char *key, const char *value)
{
    API_OK(migrate_options_set(api.options, key, value, api_error()));
    api_close();
}

void api_source(migrate_source *source)
{
    API_OK(migrate_options_set(api.options, "dir", NULL, api_error()));
    API_OK(migrate_options_set_source(api.options, source, api_error()));
    api_close();
}

void api_use(const char *url)
{
    snprintf(api.url, sizeof api.url, "%s", url);
    api_close();
}

int32_t api_open(const char *url)
{
    api_close();
    return migrate_open(url ? url : api.url, api.options, &api.session, api_error());
}

static int32_t need_session(void)
{
    return api.session ? MIGRATE_OK : api_open(NULL);
}

int32_t api_apply(void)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_apply(api.session, NULL, &rows, api_error()), &rows) : code;
}

int32_t api_rollback(const char *target)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_rollback(api.session, target, &rows, api_error()), &rows) : code;
}

int32_t api_plan(const char *target)
{
    migrate_plan *plan = NULL;
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    if (code == MIGRATE_OK)
        code = migrate_plan_make(api.session, target, &plan, api_error());
    if (code != MIGRATE_OK)
        return code;
    migrate_plan_free(api.plan);
    api.plan = plan;
    return end(migrate_plan_rows(plan, &rows, api_error()), &rows);
}

int32_t api_apply_plan(void)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_apply(api.session, api.plan, &rows, api_error()), &rows) : code;
}

int32_t api_goto(const char *target)
{
    api_close();
    int32_t code = api_plan(target);
    return code == MIGRATE_OK ? api_apply_plan() : code;
}

int32_t api_status(void)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_status(api.session, &rows, api_error()), &rows) : code;
}

int32_t api_history(void)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_history(api.session, &rows, api_error()), &rows) : code;
}

int32_t api_mark(const char *as, const char *id, const char *reason)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_mark(api.session, as, id, reason, &rows, api_error()), &rows)
                              : code;
}

int32_t api_check(const char *depth)
{
    migrate_rows *rows = NULL;
    int32_t code = need_session();
    return code == MIGRATE_OK ? end(migrate_check(api.session, depth, &rows, api_error()), &rows) : code;
}

int32_t api_findings(void)
{
    migrate_rows *rows = NULL;
    return end(migrate_plan_findings(api.plan, &rows, api_error()), &rows);
}

int32_t api_startup(const char *mode)
{
    migrate_rows *rows = NULL;
    api_option("mode", mode);
    int32_t code = migrate_startup(api.url, api.options, &rows, api_error());
    return end(code, &rows);
}

/* ---- events ---- */

enum { NAMES_MOST = 40 };
static struct {
    char name[32];
    int count;
} told[NAMES_MOST];

int32_t world_event(const migrate_event *event, void *user)
{
    (void)user;
    for (size_t i = 0; i < NAMES_MOST; i++) {
        if (told[i].count > 0 && strcmp(told[i].name, migrate_event_name(event)) != 0)
            continue;
        snprintf(told[i].name, sizeof told[i].name, "%s", migrate_event_name(event));
        told[i].count++;
        break;
    }
    return 0;
}

void world_forget_events(void)
{
    memset(told, 0, sizeof told);
}

int api_told(const char *name)
{
    for (size_t i = 0; i < NAMES_MOST; i++) {
        if (strcmp(told[i].name, name) == 0)
            return told[i].count;
    }
    return 0;
}

/* ---- rows ---- */

const char *api_value(const char *name)
{
    const char *text = migrate_rows_value_text(api.rows, name);
    return text ? text : "NULL";
}

const char *api_column(const char *name)
{
    static char out[4000];
    size_t length = 0, column = migrate_rows_column_index(api.rows, name);
    ck_assert_msg(column != MIGRATE_NONE, "no column %s", name);
    out[0] = '\0';
    for (size_t row = 0; row < migrate_rows_count(api.rows) && length < sizeof out; row++) {
        const char *text = migrate_rows_text(api.rows, row, column);
        length +=
            (size_t)snprintf(out + length, sizeof out - length, "%s%s", row ? " " : "", text ? text : "NULL");
    }
    return out;
}

const char *api_cell(const char *id, const char *column)
{
    size_t ids = migrate_rows_column_index(api.rows, "id"),
           wanted = migrate_rows_column_index(api.rows, column);
    ck_assert_msg(wanted != MIGRATE_NONE, "no column %s", column);
    for (size_t row = 0; row < migrate_rows_count(api.rows); row++) {
        if (strcmp(migrate_rows_text(api.rows, row, ids), id) == 0)
            return migrate_rows_text(api.rows, row, wanted);
    }
    ck_abort_msg("no row with id %s", id);
    return NULL;
}

/* ---- what is expected ---- */

static const char *error_text(void)
{
    static char out[8000];
    char *text = NULL;
    if (!api.error || migrate_error_text(api.error, &text) != MIGRATE_OK)
        return "(no error object)";
    snprintf(out, sizeof out, "%s", text);
    migrate_free(text);
    return out;
}

void api_check_ok(const char *file, int line, int32_t code)
{
    ck_assert_msg(code == MIGRATE_OK && !api.error, "%s:%d: code %d (%s)\n%s", file, line, (int)code,
                  migrate_code_name(code), error_text());
}

void api_check_failed(const char *file, int line, int32_t code, int32_t expected, const char *class)
{
    ck_assert_msg(code == expected, "%s:%d: code %s, not %s\n%s", file, line, migrate_code_name(code),
                  migrate_code_name(expected), error_text());
    ck_assert_msg(migrate_error_code(api.error) == expected, "%s:%d: the error has another code: %s", file,
                  line, error_text());
    ck_assert_msg(strcmp(migrate_error_class(api.error), class) == 0, "%s:%d: class %s, not %s", file, line,
                  migrate_error_class(api.error), class);
    const char *message = migrate_error_message(api.error), *hint = migrate_error_hint(api.error);
    ck_assert_msg(message && *message && !strchr(message, '\n'), "%s:%d: not one line: \"%s\"", file, line,
                  message ? message : "NULL");
    ck_assert_msg(hint && *hint, "%s:%d: no hint: %s", file, line, error_text());
}

void api_check_place(const char *file, int line, const char *path, int64_t at_line, int64_t at_column)
{
    char expected[700], actual[1000];
    const char *place = migrate_error_file(api.error);
    if (!path)
        snprintf(expected, sizeof expected, "nowhere:%d:%d", (int)at_line, (int)at_column);
    else if (*path == '/' || migrate_options_get(api.options, "dir") == NULL)
        snprintf(expected, sizeof expected, "%s:%d:%d", path, (int)at_line, (int)at_column);
    else
        snprintf(expected, sizeof expected, "%s/%s:%d:%d", api.dir, path, (int)at_line, (int)at_column);
    snprintf(actual, sizeof actual, "%s:%d:%d", place ? place : "nowhere", (int)migrate_error_line(api.error),
             (int)migrate_error_column(api.error));
    ck_assert_msg(strcmp(actual, expected) == 0, "%s:%d: the error is at %s, not at %s\n%s", file, line,
                  actual, expected, error_text());
}

void api_check_says(const char *file, int line, const char *words, bool expected)
{
    const char *text = error_text();
    ck_assert_msg((strstr(text, words) != NULL) == expected, "%s:%d: %s \"%s\" in:\n%s", file, line,
                  expected ? "no" : "there is", words, text);
}

/* ---- the program ---- */

static int run(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *cases = tcase_create(name);
    SRunner *runner;
    int failed;
    tcase_add_checked_fixture(cases, world_make, world_drop);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(cases, tests[i]);
    tcase_set_timeout(cases, 120); /* seconds: room for valgrind on a busy machine */
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int api_main(int argc, char **argv, const char *name, const TTest *const *tests, size_t count)
{
    enum { SKIPPED = 77 }; /* as Meson wants it */
    if (argc != 2 || (strcmp(argv[1], "sqlite") != 0 && strcmp(argv[1], "postgresql") != 0)) {
        fprintf(stderr, "usage: %s sqlite|postgresql\n", argv[0]);
        return EXIT_FAILURE;
    }
    api.engine = strcmp(argv[1], "sqlite") == 0 ? API_SQLITE : API_POSTGRESQL;
    if (api.engine == API_POSTGRESQL && !getenv("MIGRATE_TEST_POSTGRESQL"))
        return SKIPPED;
    world_begin();
    int result = run(name, tests, count);
    world_end();
    return result;
}
