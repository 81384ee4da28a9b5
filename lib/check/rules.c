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
