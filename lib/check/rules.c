/* SPDX-License-Identifier: MIT
 * The table of rules: SR about the source, DP about what migrations need of each other, PG and SQ about what they do to a database that is
 * at work, GD about what they would lose. */
#include "check/findings.h"

#include "util/nearest.h"
#include "util/text.h"

#include <string.h>

const struct rule rules[] = {
    {"GD50", "no-backup", "info", "the plan may lose data, and no backup is made before it runs"},
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
    {"DP10", "function-breaks", "error", "a function that does not work behind the run, where PG35 does not say so"},
    {"DP11", "view-breaks", "error", "a view or trigger that does not work behind the run, where SQ04 does not say so"},
    {"DP12", "order", "error", "does not apply in the given order, but in another one, which was tried"},
    {"DP13", "several-heads", "warning", "Depends: forms more than one line of migrations"},
    {"DP14", "dependency-missing", "error", "declares to need a table that is not there by then"},
    {"PG01", "table-rewrite", "warning", "a statement writes a whole table anew under AccessExclusive, in a way that no other rule names"},
    {"PG02", "scan-under-lock", "warning", "a statement looks at every row of a table that it locks against writers, in a way that no other rule names"},
    {"PG03", "volatile-default", "warning", "a new column's default is another one for each row, so that the table is rewritten"},
    {"PG04", "add-serial-identity-stored", "warning", "a new serial, identity or stored generated column rewrites its table"},
    {"PG05", "type-change", "warning", "a column's type changes: rewrite, scan, or (info) neither"},
    {"PG06", "set-not-null", "warning", "SET NOT NULL looks at every row under AccessExclusive"},
    {"PG07", "required-column", "warning", "a new NOT NULL column without a default: fails as soon as the table has a row (error where it has)"},
    {"PG08", "fk-validated", "warning", "a foreign key is checked for every row while writes to both tables are held up"},
    {"PG09", "check-validated", "warning", "a CHECK is checked for every row under AccessExclusive"},
    {"PG10", "constraint-builds-index", "warning", "a primary key, UNIQUE or EXCLUDE builds its index under AccessExclusive"},
    {"PG11", "index-not-concurrent", "warning", "an index is built while writes are held up"},
    {"PG12", "drop-index-not-concurrent", "warning", "an index is dropped under AccessExclusive on its table"},
    {"PG13", "rebuild-not-concurrent", "warning", "REINDEX, CLUSTER, VACUUM FULL or REFRESH without CONCURRENTLY"},
    {"PG14", "concurrently-in-transaction", "warning", "a statement that cannot run in a transaction, in a file that does not say no-transaction: it is run alone, so the file is no transaction"},
    {"PG15", "drop-table", "warning", "a table goes, with its rows"},
    {"PG16", "drop-column", "warning", "a column goes, with its values"},
    {"PG17", "rename", "warning", "a table, view, column or schema has another name, and nothing took the old one"},
    {"PG18", "cascade-surprise", "warning", "objects go that the statement does not name"},
    {"PG19", "truncate", "warning", "TRUNCATE of a table that was there before"},
    {"PG20", "enum-value-used", "warning", "an enum's value is used in the file that adds it: run in several transactions here, impossible in one"},
    {"PG21", "enum-label-changed", "warning", "an enum's label has another name"},
    {"PG22", "lock-without-timeout", "warning", "a lock is waited for without end: the migration sets lock_timeout = 0, or ddl_lock_timeout=0 does"},
    {"PG23", "many-exclusive-locks", "info", "a transaction locks several tables against readers and writers; a deadlock ends within ddl_lock_timeout"},
    {"PG24", "work-after-exclusive", "warning", "a scan or rewrite while an earlier statement's AccessExclusive lock is held"},
    {"PG25", "validate-same-transaction", "warning", "a constraint is made NOT VALID and validated in one transaction"},
    {"PG26", "mixed-data-and-ddl", "warning", "rows are written in the transaction that locks a table against readers and writers"},
    {"PG27", "unbounded-write", "warning", "UPDATE or DELETE without WHERE; info: with one, on a table of 100,000 rows or more"},
    {"PG28", "fk-without-index", "warning", "no index begins with a foreign key's columns (info on a new table)"},
    {"PG29", "partition-of-locks-parent", "warning", "PARTITION OF locks the parent against readers and writers"},
    {"PG30", "attach-scan", "warning", "a new partition makes every row of it, or of the default partition, be looked at"},
    {"PG31", "detach-blocking", "warning", "DETACH PARTITION without CONCURRENTLY"},
    {"PG32", "session-leak", "info", "a setting is changed for the session: here that ends with the migration, elsewhere it does not"},
    {"PG33", "transaction-control-in-file", "off", "the COMMIT with which a file ends its transaction in the middle: SR16 tells of such files once"},
    {"PG34", "masked-noop", "warning", "IF NOT EXISTS (info: IF EXISTS) did nothing"},
    {"PG35", "function-broken", "error", "a function in SQL does not work any more behind the migration (of other languages: one that it made with a syntax error)"},
    {"PG36", "security-definer-search-path", "warning", "a SECURITY DEFINER function without a search_path of its own"},
    {"PG37", "invalid-index", "error", "an index is invalid behind the migration (warning: in the live database)"},
    {"PG38", "name-truncated", "warning", "a name is longer than 63 bytes and was cut"},
    {"PG39", "domain-constraint", "warning", "a domain's new constraint is checked for every row that uses it"},
    {"PG40", "style", "off", "json, character(n), timestamp without time zone, serial, keys of four bytes"},
    {"SQ01", "foreign-keys-pragma", "info", "PRAGMA foreign_keys does nothing inside a transaction: it is not sent, the library does what it is for"},
    {"SQ02", "drop-parent", "error", "a table that others refer to is dropped while foreign keys are enforced"},
    {"SQ03", "dangling-foreign-key", "error", "a foreign key refers to a table that is not there, or rows refer to nothing"},
    {"SQ04", "broken-view-or-trigger", "error", "a view or a trigger does not work any more"},
    {"SQ05", "rebuild-lost", "warning", "a rebuilt table has lost an index, a trigger, AUTOINCREMENT, STRICT or WITHOUT ROWID"},
    {"SQ06", "autoincrement-lowered", "warning", "a rebuilt table counts on from its highest id, and gives deleted ones once more"},
    {"SQ07", "drop", "warning", "a table or a column goes, with what is in it"},
    {"SQ08", "add-column-needs-empty", "warning", "ADD COLUMN that SQLite takes only as long as the table has no row (error where it has)"},
    {"SQ09", "outside-transaction", "warning", "VACUUM, ATTACH or journal_mode in a file that does not say no-transaction: the file is no transaction"},
    {"SQ10", "whole-table-write", "warning", "UPDATE or DELETE without WHERE"},
    {"SQ11", "foreign-key-index", "warning", "no index begins with a foreign key's columns (info on a new table)"},
    {"SQ12", "library-version", "off", "needs a newer SQLite than 3.24"},
    {"SQ13", "double-quoted-string", "warning", "what is in double quotes was taken for a string"},
    {"SQ14", "fails-on-live-rows", "error", "it runs in an empty database, and fails on a copy of the live rows (depth database)"},
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
