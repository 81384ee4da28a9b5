/* SPDX-License-Identifier: MIT
 * The table of rules: SR about the source, DP about what migrations need of each other, PG and SQ about what they do to a database that is
 * at work, GD about what they would lose. */
#include "check/findings.h"

#include "util/text.h"

#include <string.h>

const struct rule rules[] = {
    {"SR01", "duplicate", "error", "two migrations with one id or one number"},
    {"DP01", "needs-missing", "error", "needs a table, column or other object that nothing made before"},
    {"DP02", "foreign-key-no-table", "error", "a foreign key to a table that is not there"},
    {"DP03", "foreign-key-no-unique", "error", "a foreign key to columns that no unique index is on"},
    {"DP04", "created-twice", "error", "makes what is there already"},
    {"DP05", "used-after-drop", "error", "uses what an earlier migration dropped or renamed"},
    {"DP06", "dependency-unneeded", "info", "declares to need a table or migration, and does not"},
    {"DP07", "dependency-undeclared", "warning", "needs another migration that runs first only by the names, or because it did so here"},
    {"DP08", "same-object", "warning", "two migrations, neither of which needs the other, change one object"},
    {"DP09", "did-nothing", "warning", "IF NOT EXISTS, IF EXISTS or OR REPLACE did nothing, and nobody says so"},
    {"DP10", "broken-function", "error", "a function that does not work behind the run"},
    {"DP11", "broken-view", "error", "a view or trigger that does not work behind the run"},
    {"DP12", "order", "error", "does not apply in the given order, but in another one, which was tried"},
    {"DP13", "several-heads", "warning", "Depends: forms more than one line of migrations"},
    {"DP14", "dependency-missing", "error", "declares to need a table that is not there by then"},
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
