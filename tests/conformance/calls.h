/* SPDX-License-Identifier: MIT
 * The library's calls by the names that the cases have for them, through the public header alone. */
#ifndef TEST_CONFORMANCE_CALLS_H
#define TEST_CONFORMANCE_CALLS_H

#include "world.h"

/* What a step "plan" leaves open for the step "apply" behind it. */
struct kept;
void calls_forget(struct kept **kept);

/* Carries a step out that calls the library, with the case's options. Its answer, for json_free(); NULL: there is no such call. */
struct json *calls_do(struct world *world, const struct json *options, const struct json *step, struct kept **kept);

#endif
