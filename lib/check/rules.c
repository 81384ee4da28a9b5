/* SPDX-License-Identifier: MIT
 * The table of rules: SR about the source, DP about what migrations need of each other, PG and SQ about what they do to a database that is
 * at work, GD about what they would lose. */
#include "check/findings.h"

#include "util/text.h"

#include <string.h>

const struct rule rules[] = {
    {"GD50", "no-backup", "info", "the plan may lose data, and no backup is made before it runs"},
    {"SR01", "duplicate", "error", "two migrations with one id or one number"},
    {"GD01", "loss-drop-table", "warning", "a table is dropped with its rows"},
    {"GD02", "loss-truncate", "warning", "a table is emptied"},
    {"GD03", "loss-delete", "warning", "rows are deleted"},
    {"GD04", "loss-drop-column", "warning", "a column is dropped with its values"},
    {"GD05", "loss-column-type", "warning", "a column gets another type, which its values may not fit"},
    {"GD06", "loss-update", "warning", "values are overwritten"},
    {"GD07", "loss-replace", "warning", "rows that are in the way are replaced"},
    {"GD08", "loss-drop-many", "warning", "a schema, a database or all that a role owns is dropped"},
    {"GD09", "loss-drop-type", "warning", "a type is dropped with every column of it"},
    {"GD10", "loss-drop-sequence", "warning", "a sequence is dropped with its position"},
    {"GD11", "loss-rebuild", "info", "a table is made anew, and its rows are copied"},
    {"GD12", "loss-code", "info", "code, of which nobody knows ahead what it loses"},
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
