/* SPDX-License-Identifier: MIT
 * The runner for C of the cases that every language runs (README.md):
 *     conformance sqlite|postgresql [--memory | --handle] [--show] FOLDER [CASE...]
 * Prints the cases that fail, with the step and what differs; --show: what every step answers. --memory: the migrations are texts in the
 * program; --handle: the connection is the program's own. */
#include "calls.h"
#include "match.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SKIPPED = 77 }; /* as Meson wants it */

struct settings {
    bool show;
    const char *folder;
    char **wanted; /* names of cases; none: all */
    int wanted_count;
};

struct outcome {
    char problem[4000]; /* "": none */
};

static const char *engine_name(const struct world *world)
{
    return world->engine == WORLD_SQLITE ? "sqlite" : "postgresql";
}

/* ---- one case ---- */

static struct json *read_case(const char *path, struct outcome *outcome)
{
    char *text = NULL;
    size_t length = 0, more;
    FILE *file = fopen(path, "rb");
    if (!file) {
        snprintf(outcome->problem, sizeof outcome->problem, "cannot be read");
        return NULL;
    }
    do {
        text = json_memory(text, length + 65536);
        more = fread(text + length, 1, 65536, file);
        length += more;
    } while (more > 0);
    fclose(file);
    struct json *value = json_read(text, length, outcome->problem, sizeof outcome->problem);
    free(text);
    return value;
}

static bool one_of(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* A name that nobody reads is a mistake in the case. */
static void check_names(const struct json *value, const char *const *names, struct outcome *outcome)
{
    for (size_t i = 0; value->type == JSON_OBJECT && i < value->count; i++) {
        if (!one_of(value->names[i], names))
            snprintf(outcome->problem, sizeof outcome->problem, "there is nothing called \"%s\"", value->names[i]);
    }
}

static void check_case(const struct json *value, struct outcome *outcome)
{
    static const char *const names[] = {"about", "engine", "source", "connection", "options", "files", "database", "steps", NULL};
    static const char *const inputs[] = {"do",        "expect", "options", "url",    "files",  "sql",   "planned", "target",
                                         "cancel_at", "depth",  "of",      "at",     "as",     "id",    "reason",  "table",
                                         "stop_at",   "column", "to",      "mode",   "on",     "file",  NULL};
    const struct json *steps = json_get(value, "steps");
    check_names(value, names, outcome);
    if (!json_get_text(value, "about") || !steps || steps->type != JSON_ARRAY)
        snprintf(outcome->problem, sizeof outcome->problem, "a case needs \"about\" and \"steps\"");
    for (size_t i = 0; steps && i < steps->count; i++)
        check_names(steps->items[i], inputs, outcome);
}

static void replace_places(const struct world *world, struct json *value)
{
    match_replace(value, "${dir}", world->dir);
    match_replace(value, "${folder}", world->folder);
    match_replace(value, "${url}", world->url);
    match_replace(value, "${database}", world->name);
}

static void show(const char *what, const struct json *value)
{
    char *text = value ? json_write(value) : NULL;
    printf("    %s %s\n", what, text ? text : "nothing");
    free(text);
}

static void call_step(struct world *world, const struct json *options, const struct json *step, struct kept **kept,
                      const struct settings *settings, struct outcome *outcome)
{
    char own[400];
    const struct json *expect = json_get(step, "expect");
    struct json *answer = calls_do(world, options, step, kept);
    if (!answer) {
        snprintf(outcome->problem, sizeof outcome->problem, "there is no such step, or no plan before it");
        return;
    }
    snprintf(own, sizeof own, "%s/", world->dir);
    match_replace(answer, own, "");
    if (settings->show)
        show("answers", answer);
    struct json *expected = expect ? json_copy(expect) : json_new(JSON_OBJECT);
    if (expected->type == JSON_OBJECT && !json_get(expected, "code"))
        json_set(expected, "code", json_text("ok"));
    match(expected, answer, outcome->problem, sizeof outcome->problem);
    if (*outcome->problem && json_get(answer, "error")) {
        size_t length = strlen(outcome->problem);
        char *error = json_write(json_get(answer, "error"));
        snprintf(outcome->problem + length, sizeof outcome->problem - length, "\n    %s", error);
        free(error);
    }
    json_free(expected);
    json_free(answer);
}

static void query_step(struct world *world, const char *sql, const struct json *expect, const struct settings *settings,
                       struct outcome *outcome)
{
    struct json *rows = NULL, *flat;
    const char *wrong = sql ? world_sql(world, sql, &rows) : "sql is missing";
    if (wrong) {
        snprintf(outcome->problem, sizeof outcome->problem, "%s", wrong);
        return;
    }
    if (sql == world_tables(world)) {
        flat = json_new(JSON_ARRAY);
        for (size_t i = 0; i < rows->count; i++)
            json_add(flat, json_copy(rows->items[i]->items[0]));
        json_free(rows);
        rows = flat;
    }
    if (settings->show)
        show("answers", rows);
    if (expect)
        match(expect, rows, outcome->problem, sizeof outcome->problem);
    else
        snprintf(outcome->problem, sizeof outcome->problem, "expects nothing");
    json_free(rows);
}

static void run_step(struct world *world, const struct json *options, const struct json *step, struct kept **kept,
                     const struct settings *settings, struct outcome *outcome)
{
    const char *what = json_get_text(step, "do"), *sql = json_get_text(step, "sql"), *wrong = NULL;
    if (!what) {
        snprintf(outcome->problem, sizeof outcome->problem, "a step needs \"do\"");
    } else if (strcmp(what, "files") == 0) {
        wrong = world_files(world, json_get(step, "files"));
    } else if (strcmp(what, "sql") == 0) {
        wrong = sql ? world_sql(world, sql, NULL) : "sql is missing";
    } else if (strcmp(what, "query") == 0) {
        query_step(world, sql, json_get(step, "expect"), settings, outcome);
    } else if (strcmp(what, "tables") == 0) {
        query_step(world, world_tables(world), json_get(step, "expect"), settings, outcome);
    } else {
        call_step(world, options, step, kept, settings, outcome);
    }
    if (wrong)
        snprintf(outcome->problem, sizeof outcome->problem, "%s", wrong);
}

static void run_steps(struct world *world, const struct json *value, const struct settings *settings, struct outcome *outcome)
{
    struct kept *kept = NULL;
    const struct json *steps = json_get(value, "steps");
    for (size_t i = 0; i < steps->count && !*outcome->problem; i++) {
        if (settings->show)
            show("step", steps->items[i]);
        run_step(world, json_get(value, "options"), steps->items[i], &kept, settings, outcome);
        if (!*outcome->problem)
            continue;
        char where[100], copy[3800];
        const char *what = json_get_text(steps->items[i], "do");
        snprintf(where, sizeof where, "step %zu, %.60s: ", i + 1, what ? what : "?");
        snprintf(copy, sizeof copy, "%.3799s", outcome->problem);
        snprintf(outcome->problem, sizeof outcome->problem, "%s%s", where, copy);
    }
    calls_forget(&kept);
}

static void run_case(struct world *world, struct json *value, const struct settings *settings, struct outcome *outcome)
{
    const char *wrong = world_begin(world);
    if (!wrong) {
        replace_places(world, value);
        wrong = world_files(world, json_get(value, "files"));
    }
    if (!wrong && json_get_text(value, "database"))
        wrong = world_sql(world, json_get_text(value, "database"), NULL);
    if (wrong)
        snprintf(outcome->problem, sizeof outcome->problem, "%s", wrong);
    else
        run_steps(world, value, settings, outcome);
    world_end(world);
}

static bool is_for(const struct world *world, const struct json *value)
{
    const char *engine = json_get_text(value, "engine"), *source = json_get_text(value, "source");
    const char *connection = json_get_text(value, "connection");
    if (world->road == WORLD_MEMORY && source && strcmp(source, "directory") == 0)
        return false;
    if (world->road == WORLD_HANDLE && connection && strcmp(connection, "url") == 0)
        return false;
    return !engine || strcmp(engine, "any") == 0 || strcmp(engine, engine_name(world)) == 0;
}

/* ---- all of them ---- */

static int is_case(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

static bool is_wanted(const struct settings *settings, const char *name)
{
    for (int i = 0; i < settings->wanted_count; i++) {
        if (strcmp(settings->wanted[i], name) == 0)
            return true;
    }
    return settings->wanted_count == 0;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* 1: passed, 0: not for this engine, -1: failed. */
static int run_file(struct world *world, const struct settings *settings, const char *name)
{
    char path[1000];
    struct outcome outcome = {""};
    double begun = seconds();
    snprintf(path, sizeof path, "%s/%s.json", settings->folder, name);
    struct json *value = read_case(path, &outcome);
    if (value) {
        match_engine(value, engine_name(world));
        check_case(value, &outcome);
    }
    bool meant = value && is_for(world, value);
    if (settings->show && meant)
        printf("%s\n", name);
    if (meant && !*outcome.problem)
        run_case(world, value, settings, &outcome);
    json_free(value);
    if (*outcome.problem)
        printf("FAILED  %s: %s\n", name, outcome.problem);
    else if (meant)
        printf("ok      %s (%.0f ms)\n", name, (seconds() - begun) * 1000);
    fflush(stdout);
    return *outcome.problem ? -1 : meant;
}

static int run_all(struct world *world, const struct settings *settings)
{
    struct dirent **entries = NULL;
    int passed = 0, failed = 0, others = 0, count = scandir(settings->folder, &entries, is_case, alphasort);
    if (count < 0)
        perror(settings->folder);
    for (int i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(entries[i]->d_name) - 5), entries[i]->d_name);
        free(entries[i]);
        if (!is_wanted(settings, name))
            continue;
        int result = run_file(world, settings, name);
        passed += result > 0;
        failed += result < 0;
        others += result == 0;
    }
    free(entries);
    if (passed + failed + others < settings->wanted_count) {
        puts("FAILED  some of these cases do not exist");
        failed++;
    }
    printf("%d passed, %d failed, %d not for this engine or road\n", passed, failed, others);
    return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int usage(const char *program)
{
    fprintf(stderr, "usage: %s sqlite|postgresql [--memory | --handle] [--show] FOLDER [CASE...]\n", program);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct world world = {.engine = WORLD_SQLITE};
    struct settings settings = {0};
    int i = 2;
    if (argc < 3 || (strcmp(argv[1], "sqlite") != 0 && strcmp(argv[1], "postgresql") != 0))
        return usage(argv[0]);
    if (strcmp(argv[1], "postgresql") == 0)
        world.engine = WORLD_POSTGRESQL;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--memory") == 0)
            world.road = WORLD_MEMORY;
        else if (strcmp(argv[i], "--handle") == 0)
            world.road = WORLD_HANDLE;
        else if (strcmp(argv[i], "--show") == 0)
            settings.show = true;
        else
            return usage(argv[0]);
    }
    if (i == argc)
        return usage(argv[0]);
    settings.folder = argv[i++];
    settings.wanted = argv + i;
    settings.wanted_count = argc - i;
    if (world.engine == WORLD_POSTGRESQL && !getenv("MIGRATE_TEST_POSTGRESQL")) {
        puts("SKIPPED: MIGRATE_TEST_POSTGRESQL is not set");
        return SKIPPED;
    }
    if (!world_open(&world))
        return EXIT_FAILURE;
    int result = run_all(&world, &settings);
    world_close(&world);
    return result;
}
