/* SPDX-License-Identifier: MIT
 * Options, durations and URLs: each line of the input is key=value, a duration and a URL. Whatever surrounds
 * a password, it is not shown. */
#include "core/options.h"
#include "database/database.h"
#include "util/clock.h"
#include "util/memory.h"

#include "fuzz.h"

#define SECRET "0xSecretX0"

static void try_option(migrate_options *options, const char *line)
{
    const char *equals = strchr(line, '='), *value = equals != NULL ? equals + 1 : NULL;
    size_t length = equals != NULL ? (size_t)(equals - line) : strlen(line);
    char *key = copy_of((const uint8_t *)line, length);
    migrate_error *error = NULL;
    int32_t code = options_set(options, key, value, &error);

    if (code != MIGRATE_OK)
        require_error(error, code);
    else if (value != NULL)
        REQUIRE(strcmp(options_get(options, key), value) == 0);
    free(key);
}

static void try_duration(const char *line)
{
    int64_t duration, again;
    char text[32];

    if (!clock_duration(line, &duration))
        return;
    REQUIRE(duration >= 0);
    REQUIRE(clock_duration(clock_duration_text(duration, text), &again) && again == duration);
}

static void require_hidden(const char *url)
{
    const struct database_engine *engine = NULL;
    migrate_error *error = NULL;
    char *shown = database_url_masked(url);
    int32_t code = database_url_engine(url, &engine, &error);

    REQUIRE(shown != NULL && strstr(shown, SECRET) == NULL);
    if (code != MIGRATE_OK) {
        REQUIRE(strstr(error->message, SECRET) == NULL && strstr(error->hint, SECRET) == NULL);
        require_error(error, code);
    } else {
        REQUIRE(engine != NULL);
    }
    memory_free(shown);
}

/* The line as the secret's surroundings, where it cannot end the place that secrets have. */
static void try_url(const char *line)
{
    size_t length = 2 * strlen(line) + 100;
    char *url = malloc(length), *shown = database_url_masked(line);
    const struct database_engine *engine;

    REQUIRE(url != NULL && shown != NULL);
    database_url_engine(line, &engine, NULL);
    if (strchr(line, '?') == NULL) {
        snprintf(url, length, "postgresql://u:%s" SECRET "%s@host:5432/db?sslmode=require", line, line);
        require_hidden(url);
    }
    if (strchr(line, '&') == NULL) {
        snprintf(url, length, "postgresql://host/db?a=1&password=%s" SECRET "%s&b=2", line, line);
        require_hidden(url);
    }
    if (strpbrk(line, "'\\") == NULL) {
        snprintf(url, length, "host=h password = '%s" SECRET "%s' user=u", line, line);
        require_hidden(url);
    }
    memory_free(shown);
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = copy_of(data, size), *rest = text;
    migrate_options *options = NULL;

    REQUIRE(options_new(&options, NULL) == MIGRATE_OK);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        try_option(options, line);
        try_duration(line);
        try_url(line);
    }
    options_free(options);
    free(text);
    return 0;
}
