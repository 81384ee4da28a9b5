/* SPDX-License-Identifier: MIT
 * The set of broken and dangerous sources: each file of set/ is one, with exactly the findings that a check has to make of it. How such a
 * file is written: README.md beside this one. */
#include "../api/api.h"
#include "../api/world.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { CASES_MOST = 200, TEXT_MOST = 60000 };

static const char *folder;
static char names[CASES_MOST][80];
static int count;

/* ---- reading a case ---- */

/* What is being read: one case at a time. */
static struct {
    char name[80];
    char text[TEXT_MOST];
    char expected[TEXT_MOST];
    const char *depth;
    bool database, against, base, applies;
} now;

static void load(const char *name)
{
    char path[600];
    memset(&now, 0, sizeof now);
    snprintf(now.name, sizeof now.name, "%s", name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file, "%s cannot be read", path);
    size_t length = fread(now.text, 1, sizeof now.text - 1, file);
    ck_assert_msg(length < sizeof now.text - 1, "%s is too long", path);
    fclose(file);
}

static int hex(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c >= 'A' ? c - 'A' + 10 : c - '0';
}

/* \r, \n, \t, \\ and \xHH; a line end of the case's own counts too, unless a backslash stands before it. */
static size_t unescape(char *text, size_t length)
{
    size_t to = 0;
    for (size_t at = 0; at < length; at++) {
        if (text[at] != '\\' || at + 1 == length) {
            text[to++] = text[at];
            continue;
        }
        char c = text[++at];
        if (c == 'x' && at + 2 < length) {
            text[to++] = (char)(hex(text[at + 1]) * 16 + hex(text[at + 2]));
            at += 2;
        } else if (c != '\n') {
            text[to++] = c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
    }
    return to;
}

static bool other_engine(const char *word)
{
    return strcmp(word, API_EITHER("postgresql", "sqlite")) == 0;
}

/* "key: value" in front of the first section. */
static void read_setting(char *line)
{
    char *value = strstr(line, ": ");
    if (!*line || *line == '#')
        return;
    ck_assert_msg(value, "%s: no setting: %s", now.name, line);
    *value = '\0';
    value += 2;
    if (strcmp(line, "engine") == 0) {
        now.applies = now.applies && !other_engine(value);
    } else if (strcmp(line, "depth") == 0) {
        now.depth = value;
        now.database = now.database || strcmp(value, "database") == 0;
    } else if (strcmp(line, "option") == 0) {
        char *equals = strchr(value, '=');
        ck_assert_msg(equals, "%s: no option: %s", now.name, value);
        *equals = '\0';
        api_option(value, equals + 1);
    } else {
        ck_abort_msg("%s: no setting: %s", now.name, line);
    }
}

static void write_file(const char *side, const char *file, char *text, size_t length, bool escaped)
{
    char path[700];
    if (escaped)
        length = unescape(text, length);
    if (!*side) {
        api_write(file, text, length);
        return;
    }
    snprintf(path, sizeof path, "%s/%s", api.folder, side);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/%s", api.folder, side, file);
    api_write(path, text, length);
}

static void apply_first(void)
{
    API_OK(api_apply());
    api_close();
}

/* "== WORD ... FILE": what stands behind it up to the next one. */
static void read_section(char *head, char *text, size_t length)
{
    static char copy[TEXT_MOST];
    const char *words[4] = {"", "", "", ""};
    char *rest = NULL;
    size_t n = 0;
    for (char *word = strtok_r(head, " ", &rest); word && n < 4; word = strtok_r(NULL, " ", &rest))
        words[n++] = word;
    memcpy(copy, text, length);
    copy[length] = '\0';
    bool escaped = n > 0 && strcmp(words[n - 1], "escaped") == 0;
    if (strcmp(words[0], "expect") == 0) {
        if (!other_engine(words[1]))
            strcat(now.expected, copy);
    } else if (strcmp(words[0], "apply") == 0) { /* what was written so far is applied; then it goes, but for what is written anew */
        now.database = true;
        apply_first();
    } else if (strcmp(words[0], "remove") == 0) {
        api_remove(words[1]);
    } else if (strcmp(words[0], "live") == 0) {
        if (!other_engine(words[1]))
            api_sql(copy);
    } else if (strcmp(words[0], "other") == 0 || strcmp(words[0], "base") == 0) {
        now.against = true;
        now.base = now.base || strcmp(words[0], "base") == 0;
        write_file(words[0], words[1], copy, length, escaped);
    } else {
        write_file("", words[0], copy, length, escaped);
    }
}

/* Settings first; sections in the order in which they stand. */
static void read_case(void)
{
    char *at = now.text;
    now.applies = true;
    while (*at && strncmp(at, "== ", 3) != 0) {
        char *end = strchr(at, '\n');
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        read_setting(at);
        at = end + 1;
    }
    while (*at && now.applies) {
        char *head = at + 3, *end = strchr(at, '\n'), *next;
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        next = strncmp(end + 1, "== ", 3) == 0 ? end : strstr(end + 1, "\n== ");
        size_t length = next ? (size_t)(next - end) : strlen(end + 1);
        read_section(head, end + 1, length);
        at = next ? next + 1 : end + 1 + length;
    }
}

/* ---- what was found ---- */

static const char *cell(size_t row, const char *column)
{
    return migrate_rows_text(api.rows, row, migrate_rows_column_index(api.rows, column));
}

/* "SR05 error 001_a.sql:3:4 other=002_b guess" */
static void put_found(char *out, size_t size, size_t row)
{
    size_t length = strlen(out);
    const char *file = cell(row, "file"), *other = cell(row, "other"), *id = cell(row, "id");
    char place[400];
    if (file && strncmp(file, api.dir, strlen(api.dir)) == 0)
        file += strlen(api.dir) + 1;
    if (file)
        snprintf(place, sizeof place, "%s:%s:%s", file, cell(row, "line"), cell(row, "column"));
    else
        snprintf(place, sizeof place, "(%s)", id ? id : "");
    snprintf(out + length, size - length, "%s %s %s%s%s%s\n", cell(row, "rule"), cell(row, "severity"), place, other ? " other=" : "",
             other ? other : "", *cell(row, "guess") == 't' ? " guess" : "");
}

static void check_words(size_t row)
{
    const char *message = cell(row, "message");
    ck_assert_msg(message && *message && !strchr(message, '\n'), "%s: a finding without a message of one line", now.name);
    ck_assert_msg(cell(row, "name") && strchr("wei", *cell(row, "severity")), "%s: %s has no name or severity", now.name, cell(row, "rule"));
}

static int32_t check_it(void)
{
    char other[400], base[400];
    migrate_rows_free(api.rows);
    api.rows = NULL;
    if (!now.database) {
        if (api.engine == API_POSTGRESQL)
            api_option("shadow_url", api.url);
        api_close();
        API_OK(migrate_open_files(API_EITHER("sqlite", "postgresql"), api.options, &api.session, api_error()));
    } else if (!api.session) {
        API_OK(api_open(NULL));
    }
    if (!now.against)
        return migrate_check(api.session, now.depth, &api.rows, api_error());
    snprintf(other, sizeof other, "%s/other", api.folder);
    snprintf(base, sizeof base, "%s/base", api.folder);
    return migrate_check_against(api.session, other, now.base ? base : NULL, &api.rows, api_error());
}

START_TEST(test_case)
{
    static char found[TEXT_MOST];
    bool errors = false;
    load(names[_i]);
    api_option("rules", "no-rollback=off");
    read_case();
    if (!now.applies)
        return;
    int32_t code = check_it();
    ck_assert_msg(code >= 0, "%s: %s", now.name, api.error ? migrate_error_message(api.error) : "failed");
    found[0] = '\0';
    for (size_t row = 0; row < migrate_rows_count(api.rows); row++) {
        put_found(found, sizeof found, row);
        check_words(row);
        errors = errors || strcmp(cell(row, "severity"), "error") == 0;
    }
    if (strcmp(found, now.expected) != 0)
        for (size_t row = 0; row < migrate_rows_count(api.rows); row++)
            fprintf(stderr, "%s: %s: %s\n", now.name, cell(row, "rule"), cell(row, "message"));
    ck_assert_msg(strcmp(found, now.expected) == 0, "%s\n---- expected\n%s---- found\n%s(by %s)", now.name, now.expected, found,
                  migrate_rows_value_text(api.rows, "by"));
    ck_assert_int_eq(code, errors ? MIGRATE_FINDINGS : MIGRATE_OK);
}
END_TEST

/* ---- all of them ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void list_cases(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) && count < CASES_MOST) {
        size_t length = strlen(entry->d_name);
        if (length < 6 || length >= sizeof names[0] || strcmp(entry->d_name + length - 5, ".case") != 0)
            continue;
        snprintf(names[count++], sizeof names[0], "%s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    qsort(names, (size_t)count, sizeof names[0], by_name);
}

int main(int argc, char **argv)
{
    enum { SKIPPED = 77 };
    const char *only = getenv("MIGRATE_TEST_CASE");
    if (argc != 3) {
        fprintf(stderr, "usage: %s sqlite|postgresql FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    api.engine = strcmp(argv[1], "sqlite") == 0 ? API_SQLITE : API_POSTGRESQL;
    if (api.engine == API_POSTGRESQL && !getenv("MIGRATE_TEST_POSTGRESQL"))
        return SKIPPED;
    folder = argv[2];
    list_cases();
    int first = 0, last = count;
    for (int i = 0; only && i < count; i++)
        if (strncmp(names[i], only, strlen(only)) == 0)
            first = i, last = i + 1;
    Suite *suite = suite_create("set");
    TCase *cases = tcase_create("set");
    world_begin();
    tcase_add_checked_fixture(cases, world_make, world_drop);
    tcase_add_loop_test(cases, test_case, first, last);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int wrong = srunner_ntests_failed(runner);
    srunner_free(runner);
    world_end();
    return wrong == 0 && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
