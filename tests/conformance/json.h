/* SPDX-License-Identifier: MIT
 * JSON as a tree, as much of it as the cases need: strict, UTF-8, whole numbers alone. Out of memory ends the program: it is a test's. */
#ifndef TEST_CONFORMANCE_JSON_H
#define TEST_CONFORMANCE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { JSON_NULL, JSON_TRUTH, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    int64_t number;      /* of a truth: 0, 1 */
    char *text;          /* with a NUL behind it */
    size_t length;       /* of the text, in bytes */
    struct json **items; /* of an array, an object */
    char **names;        /* of an object, beside its items */
    size_t count;
};

/* NULL: it is not JSON, or not as strict; problem says why and where. */
struct json *json_read(const char *text, size_t length, char *problem, size_t size);
void json_free(struct json *value);

struct json *json_new(enum json_type type);
struct json *json_number(int64_t number);
struct json *json_text(const char *text); /* NULL: null */
struct json *json_copy(const struct json *value);

/* All three own what they are given. */
void json_add(struct json *array, struct json *item);
void json_set(struct json *object, const char *name, struct json *value);
void json_replace_text(struct json *value, char *text);
void json_remove(struct json *parent, size_t number);

/* NULL: there is none of that name, or the value is no object. */
struct json *json_get(const struct json *object, const char *name);
/* Its text, or NULL. */
const char *json_get_text(const struct json *object, const char *name);

/* For messages. free() it. */
char *json_write(const struct json *value);

/* Never NULL. */
void *json_memory(void *old, size_t size);

#endif
