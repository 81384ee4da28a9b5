/* SPDX-License-Identifier: MIT
 * The table of rules: SR about the source, DP about what migrations need of each other, PG and SQ about what they do to a database that is
 * at work, GD about what they would lose. */
#include "check/findings.h"

#include "util/nearest.h"
#include "util/text.h"

#include <string.h>

const struct rule rules[] = {
    {"SR01", "duplicate", "error", "two migrations with one id or one number"},
    {"SR02", "gap", "info", "a number is left out"},
    {"SR03", "late", "error", "numbered lower than one that is applied already"},
    {"SR04", "misnamed", "error", "a file's name nearly fits a migration's, and does not"},
    {"SR05", "directive", "error", "a directive that is unknown, incomplete, or in a place where it means nothing"},
    {"SR06", "no-rollback", "info", "there is no way down"},
    {"SR07", "empty-rollback", "warning", "the way down does nothing"},
    {"SR08", "modified", "error", "the text changed since it was applied"},
    {"SR09", "missing", "error", "applied, but not in the source"},
    {"SR10", "ahead", "error", "the database has what this source does not know"},
    {"SR11", "renamed", "error", "applied under another id"},
    {"SR12", "line-ends", "info", "lines end in CRLF"},
    {"SR13", "byte-order-mark", "info", "the file begins with a byte order mark"},
    {"SR14", "shell-command", "error", "a command of psql or of the sqlite3 shell, which no database knows"},
    {"SR15", "shell-variable", "error", "a variable of psql, or a parameter to which nobody gives a value"},
    {"SR16", "transaction-control", "error", "the text begins or ends transactions by itself"},
    {"SR17", "empty", "warning", "there is nothing to run"},
    {"SR18", "encoding", "error", "the file is not UTF-8 text"},
    {"SR19", "unfinished", "error", "a string, a comment or a body never ends"},
    {"SR20", "unreadable", "error", "the file cannot be read"},
    {"SR21", "depends", "error", "a line Depends: names nothing, or leads in a circle"},
    {"SR22", "lonely-down", "error", "a down file without its up file"},
    {"SR23", "schema-file", "error", "the schema file does not say which migration it stands for"},
    {"SR24", "rollback-block", "error", "a rollback block that is not whole, or one too many"},
    {"SR25", "foreign-file", "error", "the file is written for another tool"},
    {"SR26", "setting", "error", "a setting under which the text would be read in another way"},
    {"SR27", "stray-directive", "warning", "a comment that looks like a directive, and is none where it stands"},
    {"SR28", "ignore", "warning", "a line ignore without a reason, or for a rule that does not exist"},
    {"SR29", "unused-ignore", "info", "a line ignore that hides nothing"},
    {"SR30", "does-not-run", "error", "the migration fails in an empty database behind those before it"},
    {"SR31", "not-tried", "info", "the migration could not be tried in a scratch database"},
};
const size_t rules_count = sizeof rules / sizeof *rules;

const struct rule *rule_find(const char *word)
{
    for (size_t i = 0; word != NULL && i < rules_count; i++) {
        if (text_equal_nocase(word, rules[i].id) || text_equal_nocase(word, rules[i].name))
            return &rules[i];
    }
    return NULL;
}

const char *rule_nearest(const char *word)
{
    struct nearest nearest;

    nearest_start(&nearest, word, strlen(word));
    for (size_t i = 0; i < rules_count; i++) {
        nearest_offer(&nearest, rules[i].id);
        nearest_offer(&nearest, rules[i].name);
    }
    return nearest.found;
}
