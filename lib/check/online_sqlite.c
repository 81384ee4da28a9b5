/* SPDX-License-Identifier: MIT
 * SQLite: one lock for the whole file, so that there is no online or not; what goes wrong is what ALTER TABLE refuses once there are
 * rows, and what a rebuilt table loses. */
#include "check/online.h"

#include "util/text.h"

#include <string.h>

static void at(struct online_say *say, int64_t line, int64_t column)
{
    say->line = line;
    say->column = column;
}

/* ---- statements ---- */

/* child (a) REFERENCES t (b) */
static const struct fact *reference_to(const struct facts *facts, const char *table)
{
    for (size_t i = 0; i < facts->count; i++) {
        const char *name = strcmp(facts->items[i].kind, "foreign key") == 0 ? strstr(facts->items[i].ident, " REFERENCES ") : NULL;
        size_t length = strlen(table);

        if (name == NULL)
            continue;
        name += strlen(" REFERENCES ");
        if (text_starts(name, table) && (name[length] == '\0' || name[length] == ' ') &&
            !(text_starts(facts->items[i].ident, table) && facts->items[i].ident[length] == ' ')) /* not its own */
            return &facts->items[i];
    }
    return NULL;
}

static void parent_gone(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct fact *reference = reference_to(s->before, change->from->ident);

    if (!s->enforced || reference == NULL)
        return;
    text_format(&say->message, "dropping %s deletes its rows first, and with foreign keys enforced that deletes, empties or forbids those of %s",
                change->from->ident, reference->ident);
    text_add(&say->hint, "leave \"-- migrate: foreign-keys on\" out of this file: then they are off while it runs, and checked before it commits");
    online_put(say, "SQ02", change->table != NULL && change->table->rows == 0 ? "info" : "error");
}

static void needs_rows_gone(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct online_table *table = change->table;
    const char *why = strstr(change->to->value, "NOT NULL") != NULL && strstr(change->to->value, "DEFAULT") == NULL ? "is NOT NULL without a default"
                      : strstr(change->to->value, "DEFAULT") != NULL                                         ? "has a default that is no constant, or refers to another table besides"
                                                                                                             : "is of a kind";

    if (table == NULL || change->to->make != NULL || !online_begins(s, "alter"))
        return;
    text_format(&say->message, "column %s %s: ALTER TABLE takes it only as long as %s has no row", online_plain(change->to->ident), why, table->name);
    online_add_size(&say->message, table);
    text_format(&say->hint, "give it a constant default (ALTER TABLE %s ADD COLUMN %s ... NOT NULL DEFAULT 0), or rebuild the table", table->name,
                online_plain(change->to->ident));
    online_put(say, "SQ08", table->rows < 0 ? "warning" : table->rows == 0 ? "info" : "error");
}

static void unbounded(const struct online_statement *s, struct online_say *say)
{
    struct text name = {0};
    const struct online_table *table = online_unbounded(s, &name) ? online_named(s, name.data) : NULL;

    say->failed |= name.failed;
    text_free(&name);
    if (table == NULL)
        return;
    text_format(&say->message, "every row of %s is written", table->name);
    online_add_size(&say->message, table);
    text_add(&say->message, ", and nobody else can write anything meanwhile");
    text_format(&say->hint, "write %s in batches (WHERE rowid > last AND rowid <= next), each in a migration or transaction of its own", table->name);
    online_put(say, "SQ10", online_severity(table->rows));
}

/* What older libraries do not take; the library itself works with any since 3.24. */
static const struct {
    const char *first, *words; /* one after the other, anywhere */
    int minor;
} features[] = {
    {"alter", "rename column", 25}, {"vacuum", "into", 27}, {NULL, "generated always as", 31}, {NULL, "materialized", 35}, {NULL, "returning", 35},
    {"alter", "drop column", 35},   {"create", "strict", 37}, {NULL, "right join", 39},         {NULL, "full join", 39},    {NULL, "string_agg", 44},
    {"alter", "alter column", 53},  {"alter", "add constraint", 53},
};

/* Words that follow each other. */
static bool in_order(const struct online_statement *s, const char *words)
{
    struct sql_reader reader;
    const char *word = words;
    char one[32];

    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    while (reader.token.kind != SQL_END) {
        size_t length = strcspn(word, " ");

        memcpy(one, word, length);
        one[length] = '\0';
        if (sql_reader_is(&reader, one)) {
            if (word[length] == '\0')
                return true;
            word += length + 1;
        } else if (word != words) {
            word = words;
            continue; /* it may be the first of them */
        }
        sql_reader_next(&reader);
    }
    return false;
}

static void version(const struct online_statement *s, struct online_say *say)
{
    for (size_t i = 0; s->sql != NULL && i < sizeof features / sizeof *features; i++) {
        if ((features[i].first != NULL && !online_begins(s, features[i].first)) || !in_order(s, features[i].words))
            continue;
        text_format(&say->message, "it needs SQLite 3.%d or newer (%s): phones and distributions may have an older one", features[i].minor, features[i].words);
        text_add(&say->hint, "bring SQLite along with the program, or rebuild the table in words that older ones know");
        online_put(say, "SQ12", "info");
        return;
    }
}

static void statement(struct online_statement *s, struct online_migration *m, struct online_say *say)
{
    (void)m;
    for (size_t i = 0; i < s->change_count; i++) {
        if (online_is(&s->changes[i], "table", ONLINE_REMOVED))
            parent_gone(s, &s->changes[i], say);
        else if (online_is(&s->changes[i], "column", ONLINE_ADDED))
            needs_rows_gone(s, &s->changes[i], say);
    }
    unbounded(s, say);
    version(s, say);
    if (s->quoted != NULL) {
        text_format(&say->message, "double quotes are for names, and %s is none that SQLite knows here: it took it for a string", s->quoted);
        text_add(&say->hint, "write strings in single quotes: a SQLite that is built without this old habit refuses the statement");
        online_put(say, "SQ13", "warning");
    }
}

/* ---- the end: what became of the tables ---- */

/* The last statement that took the table away, under its name or another; NULL: none did. */
static const struct online_placed *taken_away(const struct online_migration *m, const char *kind, const char *ident)
{
    const struct online_placed *found = NULL;

    for (size_t i = 0; i < m->placed.count; i++) {
        const struct online_placed *placed = &m->placed.items[i];

        if (strcmp(placed->kind, kind) == 0 && ((placed->did == ONLINE_REMOVED && text_equal_nocase(placed->ident, ident)) ||
                                                 (placed->did == ONLINE_RENAMED && text_equal_nocase(placed->was, ident))))
            found = placed;
    }
    return found;
}

/* Whether what the migration found there is known by another name in the end. */
static bool renamed(const struct online_migration *m, const struct facts *after, const char *kind, const char *ident)
{
    for (size_t i = 0; i < m->placed.count; i++) {
        const struct online_placed *placed = &m->placed.items[i];

        if (placed->did == ONLINE_RENAMED && strcmp(placed->kind, kind) == 0 && text_equal_nocase(placed->was, ident))
            return online_fact(after, kind, placed->ident) != NULL || renamed(m, after, kind, placed->ident);
    }
    return false;
}

static bool is_inside(const struct fact *fact, const struct fact *table)
{
    return strcmp(fact->inside, table->key) == 0;
}

static const struct fact *key_of(const struct facts *facts, const struct fact *table)
{
    return online_fact(facts, "primary key", table->ident);
}

/* What a rebuilt table had, and has no more. */
static void lost(const struct online_migration *m, const struct facts *before, const struct facts *after, const struct fact *table,
                 const struct fact *now, const struct online_placed *away, struct online_say *say)
{
    static const char *const words[] = {"STRICT", "WITHOUT ROWID"};
    const struct fact *key = key_of(before, table), *new_key = key_of(after, now);
    size_t count = 0;
    bool counted = key != NULL && strstr(key->value, "AUTOINCREMENT") != NULL;
    bool counts = new_key != NULL && strstr(new_key->value, "AUTOINCREMENT") != NULL;

    at(say, away->line, away->column);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(table->value, words[i]) != NULL && strstr(now->value, words[i]) == NULL)
            text_format(&say->message, "%s%s", count++ > 0 ? ", " : "", words[i]);
    if (counted && !counts)
        text_format(&say->message, "%sAUTOINCREMENT", count++ > 0 ? ", " : "");
    for (size_t i = 0; i < before->count; i++) {
        const struct fact *fact = &before->items[i];
        bool object = strcmp(fact->kind, "index") == 0 || strcmp(fact->kind, "trigger") == 0;
        const struct online_placed *gone;

        if (!object || !is_inside(fact, table) || online_fact(after, fact->kind, fact->ident) != NULL)
            continue;
        gone = taken_away(m, fact->kind, fact->ident);
        if (gone == NULL || !gone->named)
            text_format(&say->message, "%s%s %s", count++ > 0 ? ", " : "", fact->kind, fact->ident);
    }
    if (count > 0) {
        text_format(&say->message, ": what %s had before it was rebuilt, and has no more", table->ident);
        text_format(&say->hint, "write it into the new table, or behind the rebuild of %s (CREATE INDEX, CREATE TRIGGER); drop by name what is meant to go",
                    table->ident);
        online_put(say, "SQ05", "warning");
    }
    if (counted && counts && !m->names_sequences) {
        text_format(&say->message, "%s counts on from the highest id that it has when it is rebuilt: ids of rows that were deleted behind that are given once more",
                    table->ident);
        text_format(&say->hint, "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = '%s') WHERE name = 'the new table', ahead of DROP "
                                "TABLE",
                    table->name);
        online_put(say, "SQ06", "warning");
    }
}

static bool is_copied(const struct online_migration *m, const struct fact *column)
{
    for (size_t i = 0; i < m->copied.count; i++)
        if (text_equal(m->copied.items[i], column->ident))
            return true;
    return false;
}

static void column_gone(const struct online_migration *m, const struct facts *after, const struct fact *column, const struct fact *table,
                        struct online_say *say)
{
    const struct online_placed *gone = taken_away(m, "column", column->ident);

    if (online_fact(after, "column", column->ident) != NULL || renamed(m, after, "column", column->ident))
        return;
    if (gone == NULL)
        gone = taken_away(m, "table", table->ident);
    if (gone == NULL || (taken_away(m, "table", table->ident) != NULL && is_copied(m, column)))
        return;
    at(say, gone->line, gone->column);
    text_format(&say->message, "column %s goes, with its values", column->ident);
    text_add(&say->hint, "have a backup (backup=destructive, which is the default here); drop it in a release behind the one that stops using it");
    online_put(say, "SQ07", gone->rows == 0 ? "info" : "warning");
}

static void table_end(const struct online_migration *m, const struct facts *before, const struct facts *after, const struct fact *table,
                      struct online_say *say)
{
    const struct fact *now = online_fact(after, "table", table->ident);
    const struct online_placed *away = taken_away(m, "table", table->ident);

    if (now == NULL && away != NULL && !renamed(m, after, "table", table->ident)) {
        at(say, away->line, away->column);
        text_format(&say->message, "table %s goes, with its rows", table->ident);
        text_add(&say->hint, "have a backup (backup=destructive, which is the default here); drop it in a release behind the one that stops using it");
        online_put(say, "SQ07", away->rows == 0 ? "info" : "warning");
        return;
    }
    if (now == NULL)
        return;
    if (away != NULL)
        lost(m, before, after, table, now, away, say);
    for (size_t i = 0; i < before->count; i++)
        if (strcmp(before->items[i].kind, "column") == 0 && is_inside(&before->items[i], table))
            column_gone(m, after, &before->items[i], table, say);
}

static void flaw(const struct online_flaw *flaw, struct online_say *say)
{
    at(say, flaw->line, flaw->column);
    if (strcmp(flaw->what, "foreign key") == 0) {
        text_format(&say->message, "no index of %s begins with %s, which refers to another table: each delete there looks at every row here", flaw->table,
                    flaw->name);
        text_format(&say->hint, "CREATE INDEX name ON %s", flaw->value);
        online_put(say, "SQ11", flaw->old ? online_severity(flaw->rows) : "info");
    } else if (strcmp(flaw->what, "dangling") == 0) {
        text_format(&say->message, "a foreign key of %s refers to %s, which is not there", flaw->table, flaw->name);
        text_format(&say->hint, "make %s first, or mend its name; if it was there and went away in a rebuild: make the new table under another name, copy, "
                                "drop the old one, rename the new one (renaming the old one away takes the references along)", flaw->name);
        online_put(say, "SQ03", "error");
    } else if (strcmp(flaw->what, "violation") == 0) {
        text_format(&say->message, "rows of %s are left that refer to nothing in %s: %s", flaw->table, flaw->name, flaw->value);
        text_add(&say->hint, "PRAGMA foreign_key_check lists them: delete them, or keep what they refer to");
        online_put(say, "SQ03", "error");
    } else if (strcmp(flaw->what, "broken") == 0) {
        text_format(&say->message, "view %s, or a trigger on it, does not work any more: every ALTER TABLE ... RENAME or DROP COLUMN will fail for it, too",
                    flaw->table);
        text_format(&say->hint, "drop it ahead of this statement, and create it anew in the same file, as it has to be from here on");
        online_put(say, "SQ04", "error");
    }
}

static void end(struct online_migration *m, const struct facts *before, const struct facts *after, struct online_say *say)
{
    for (size_t i = 0; i < before->count; i++)
        if (strcmp(before->items[i].kind, "table") == 0)
            table_end(m, before, after, &before->items[i], say);
    for (size_t i = 0; i < m->flaws.count; i++)
        flaw(&m->flaws.items[i], say);
    if (m->pragma.line != 0) {
        at(say, m->pragma.line, m->pragma.column);
        text_add(&say->message, "PRAGMA foreign_keys does nothing inside of a transaction: it is not sent, and what it is for is done without it");
        text_add(&say->hint, "leave it out here; with a tool that sends it inside of its transaction, DROP TABLE would empty the tables that refer to it");
        online_put(say, "SQ01", "info");
    }
    if (m->first_alone.line != 0 && !m->no_transaction && m->statements > 1) {
        at(say, m->first_alone.line, m->first_alone.column);
        text_add(&say->message, "it cannot run in a transaction, so the file is none: what comes before it stays when it, or what follows, fails");
        text_add(&say->hint, "put it into a file of its own with -- migrate: no-transaction; or write that into this file, if it is meant");
        online_put(say, "SQ09", "warning");
    }
    if (m->failure != NULL) {
        at(say, m->failed_at.line, m->failed_at.column);
        text_format(&say->message, "with the rows that the database has now it fails: %s", m->failure);
        text_add(&say->hint, "clean the rows up in a migration ahead of this one, and check again");
        online_put(say, "SQ14", "error");
    }
}

const struct online_rules online_sqlite = {.statement = statement, .end = end};
