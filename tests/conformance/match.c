/* SPDX-License-Identifier: MIT
 * What is done to a case before it runs, and how an answer is held against what is expected. */
#include "match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- before a case runs ---- */

static bool names_engines(const struct json *value)
{
    for (size_t i = 0; i < value->count; i++) {
        if (value->type != JSON_OBJECT ||
            (strcmp(value->names[i], "sqlite") != 0 && strcmp(value->names[i], "postgresql") != 0))
            return false;
    }
    return value->type == JSON_OBJECT && value->count > 0;
}

void match_engine(struct json *value, const char *engine)
{
    for (size_t i = 0; i < value->count;) {
        struct json *item = value->items[i];
        if (!names_engines(item)) {
            match_engine(item, engine);
            i++;
            continue;
        }
        struct json *own = json_get(item, engine);
        if (!own) {
            json_remove(value, i);
            continue;
        }
        value->items[i] = json_copy(own);
        json_free(item);
    }
}

static char *replaced(const char *text, const char *from, const char *to)
{
    size_t size = 1, from_length = strlen(from), to_length = strlen(to);
    for (const char *p = text; *p; p++)
        size += to_length + 1;
    char *out = json_memory(NULL, size), *end = out;
    while (*text) {
        bool here = strncmp(text, from, from_length) == 0;
        memcpy(end, here ? to : text, here ? to_length : 1);
        end += here ? to_length : 1;
        text += here ? from_length : 1;
    }
    *end = '\0';
    return out;
}

void match_replace(struct json *value, const char *from, const char *to)
{
    if (value->type == JSON_TEXT && strlen(value->text) == value->length && strstr(value->text, from))
        json_replace_text(value, replaced(value->text, from, to));
    for (size_t i = 0; i < value->count; i++)
        match_replace(value->items[i], from, to);
}

/* ---- questions ---- */

static bool is_null(const struct json *value)
{
    return !value || value->type == JSON_NULL;
}

static bool has_words(const struct json *words, const struct json *actual, bool wanted)
{
    if (words->type == JSON_ARRAY) {
        for (size_t i = 0; i < words->count; i++) {
            if (!has_words(words->items[i], actual, wanted))
                return false;
        }
        return true;
    }
    if (words->type != JSON_TEXT)
        return false;
    if (is_null(actual))
        return !wanted;
    return actual->type == JSON_TEXT && (strstr(actual->text, words->text) != NULL) == wanted;
}

static bool has_elements(const struct json *elements, const struct json *actual, bool wanted)
{
    char ignored[10];
    if (is_null(actual) || actual->type != JSON_ARRAY || elements->type != JSON_ARRAY)
        return false;
    for (size_t i = 0; i < elements->count; i++) {
        bool found = false;
        for (size_t k = 0; k < actual->count && !found; k++)
            found = match(elements->items[i], actual->items[k], ignored, sizeof ignored);
        if (found != wanted)
            return false;
    }
    return true;
}

static bool answers(const char *question, const struct json *words, const struct json *actual)
{
    if (strcmp(question, "$contains") == 0 || strcmp(question, "$lacks") == 0)
        return has_words(words, actual, question[1] == 'c');
    if (strcmp(question, "$includes") == 0 || strcmp(question, "$excludes") == 0)
        return has_elements(words, actual, question[1] == 'i');
    if (strcmp(question, "$present") == 0)
        return words->type == JSON_TRUTH && is_null(actual) != (words->number == 1);
    if (is_null(actual) || words->type != JSON_NUMBER)
        return false;
    if (strcmp(question, "$count") == 0)
        return actual->type == JSON_ARRAY && actual->count == (size_t)words->number;
    return strcmp(question, "$least") == 0 && actual->type == JSON_NUMBER && actual->number >= words->number;
}

static bool is_question(const struct json *expected)
{
    return expected->type == JSON_OBJECT && expected->count == 1 && expected->names[0][0] == '$';
}

/* ---- values ---- */

struct comparison {
    char path[300];
    char *problem;
    size_t size;
};

static bool differs(struct comparison *comparison, const struct json *expected, const struct json *actual)
{
    char *wanted = json_write(expected), *found = actual ? json_write(actual) : NULL;
    snprintf(comparison->problem, comparison->size, "%s: expected %s, found %s",
             *comparison->path ? comparison->path + 1 : "the answer", wanted, found ? found : "nothing");
    free(wanted);
    free(found);
    return false;
}

static bool compare(struct comparison *comparison, const struct json *expected, const struct json *actual);

static bool compare_members(struct comparison *comparison, const struct json *expected, const struct json *actual)
{
    size_t length = strlen(comparison->path), left = sizeof comparison->path - length;
    for (size_t i = 0; i < expected->count; i++) {
        if (expected->type == JSON_OBJECT)
            snprintf(comparison->path + length, left, ".%s", expected->names[i]);
        else
            snprintf(comparison->path + length, left, ".%zu", i);
        const struct json *item =
            expected->type == JSON_OBJECT ? json_get(actual, expected->names[i]) : actual->items[i];
        if (!compare(comparison, expected->items[i], item))
            return false;
        comparison->path[length] = '\0';
    }
    return true;
}

static bool equal(const struct json *a, const struct json *b)
{
    if (a->type != b->type || a->number != b->number || a->length != b->length)
        return false;
    return a->type != JSON_TEXT || memcmp(a->text, b->text, a->length) == 0;
}

static bool compare(struct comparison *comparison, const struct json *expected, const struct json *actual)
{
    if (is_question(expected))
        return answers(expected->names[0], expected->items[0], actual) || differs(comparison, expected, actual);
    if (expected->type == JSON_NULL && !actual)
        return true;
    if (!actual || actual->type != expected->type)
        return differs(comparison, expected, actual);
    if (expected->type == JSON_ARRAY && expected->count != actual->count)
        return differs(comparison, expected, actual);
    if (expected->type == JSON_ARRAY || expected->type == JSON_OBJECT)
        return compare_members(comparison, expected, actual);
    return equal(expected, actual) || differs(comparison, expected, actual);
}

bool match(const struct json *expected, const struct json *actual, char *problem, size_t size)
{
    struct comparison comparison = {.problem = problem, .size = size};
    return compare(&comparison, expected, actual);
}
