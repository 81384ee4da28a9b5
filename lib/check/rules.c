/* SPDX-License-Identifier: MIT
 * The table of rules: SR about the source, DP about what migrations need of each other, PG and SQ about what they do to a database that is
 * at work, GD about what they would lose. */
#include "check/findings.h"

#include "util/text.h"

#include <string.h>

const struct rule rules[] = {
    {"GD50", "no-backup", "info", "the plan may lose data, and no backup is made before it runs"},
    {"SR01", "duplicate", "error", "two migrations with one id or one number"},
};
const size_t rules_count = sizeof rules / sizeof *rules;

const struct rule *rule_find(const char *word)
{
    for (size_t i = 0; word != NULL && i < rules_count; i++) {
        size_t length = strlen(word);

        if ((length == strlen(rules[i].id) && text_equal_nocase_n(word, rules[i].id, length)) ||
            (length == strlen(rules[i].name) && text_equal_nocase_n(word, rules[i].name, length)))
            return &rules[i];
    }
    return NULL;
}
