/* SPDX-License-Identifier: MIT
 * What is done to a case before it runs, and how an answer is held against what is expected (README.md). */
#ifndef TEST_CONFORMANCE_MATCH_H
#define TEST_CONFORMANCE_MATCH_H

#include "json.h"

/* Objects that have names of engines alone give way to the value for this one, or go. */
void match_engine(struct json *value, const char *engine);

/* Every `from` in every text becomes `to`. */
void match_replace(struct json *value, const char *from, const char *to);

/* Does actual (NULL: nothing there) match? If not, problem is one line that says where and how. */
bool match(const struct json *expected, const struct json *actual, char *problem, size_t size);

#endif
