/* SPDX-License-Identifier: MIT
 * What is missing of the declared schema is added, once, and nothing else is touched. */
#include "api.h"

START_TEST(test_nothing)
{
}
END_TEST

API("reconcile", test_nothing)
