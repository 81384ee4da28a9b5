/* SPDX-License-Identifier: MIT
 * PostgreSQL: what is dropped, renamed or emptied; and what is written anew as a whole without any change of the schema. */
#include "check/online.h"

#include "util/text.h"

#include <string.h>

static bool is_relation(const struct fact *fact)
{
    return strcmp(fact->kind, "table") == 0 || strcmp(fact->kind, "view") == 0 || strcmp(fact->kind, "materialized view") == 0;
}

/* ---- dropped ---- */

/* Renamed away, and its name given to a new one, it has been copied. */
static void table_gone(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct online_table *table = change->table;

    if (table == NULL || (strcmp(table->name, change->from->ident) != 0 && online_fact(s->after, "table", table->name) != NULL))
        return;
    text_format(&say->message, "table %s goes, with its rows", change->from->ident);
    online_add_size(&say->message, table);
    text_format(&say->hint, "ALTER TABLE %s RENAME TO %s_unused first; drop it in a later release, when nothing has missed it, with a backup",
                change->from->ident, change->from->name);
    online_put(say, "PG15", table->rows == 0 ? "info" : "warning");
}

static void column_gone(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct online_table *table = change->table;

    if (table == NULL || !change->old || online_contained(s, "table", ONLINE_REMOVED, table))
        return;
    text_format(&say->message, "column %s of %s goes, with its values", online_plain(change->from->ident), table->name);
    online_add_size(&say->message, table);
    text_format(&say->message, "; programs that are still running may name it");
    text_format(&say->hint, "release programs that no longer use %s.%s first; drop it in a later release", table->name, online_plain(change->from->ident));
    online_put(say, "PG16", table->rows == 0 ? "info" : "warning");
}

/* ---- renamed: told at the end, unless something took the old name by then ---- */

/* What the statement does not name, and what is not inside of something that goes as well. */
static bool surprising(const struct online_statement *s, const struct online_change *change)
{
    static const char *const kinds[] = {"table",    "view",     "materialized view", "constraint", "function", "procedure", "trigger",
                                        "policy",   "rule",     "column",            "domain",     "enum",     "composite type",
                                        "sequence", "column default"};
    const struct fact *fact = change->from;
    bool listed = false;

    if (change->did != ONLINE_REMOVED || !change->old)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        listed = listed || strcmp(fact->kind, kinds[i]) == 0;
    if (!listed || online_mentions(s, fact->name[0] != '\0' ? fact->name : online_plain(fact->ident)))
        return false;
    for (size_t i = 0; i < s->change_count; i++) {
        const struct online_change *other = &s->changes[i];

        if (other->did == ONLINE_REMOVED && other->from->key[0] != '\0' && strcmp(other->from->key, fact->inside) == 0)
            return false;
    }
    /* a partition goes with its table, and a column with that of the table above it */
    if (strcmp(fact->kind, "table") == 0 && online_fact(s->before, "partition", fact->ident) != NULL)
        return false;
    /* a constraint of the table whose column goes */
    return strcmp(fact->kind, "constraint") != 0 || !online_contained(s, "column", ONLINE_REMOVED, change->table);
}

static void cascade(const struct online_statement *s, struct online_say *say)
{
    enum { MOST = 6 };
    size_t count = 0;

    if (!online_begins(s, "drop") && !online_begins(s, "alter"))
        return;
    for (size_t i = 0; i < s->change_count; i++) {
        const struct fact *fact = s->changes[i].from;

        if (!surprising(s, &s->changes[i]))
            continue;
        if (count++ < MOST)
            text_format(&say->message, "%s%s %s", count == 1 ? "it takes along what it does not name: " : ", ", fact->kind, fact->ident);
    }
    if (count == 0)
        return;
    if (count > MOST)
        text_format(&say->message, " and %zu more", count - MOST);
    text_add(&say->hint, "drop each by its own name ahead of it, and leave CASCADE out: then a new one is noticed instead of dropped");
    online_put(say, "PG18", "warning");
}

/* ---- emptied, written anew ---- */

static void truncated(struct online_statement *s, struct online_say *say)
{
    const struct online_table *first = NULL, *unnamed = NULL;
    size_t count = 0;

    for (size_t i = 0; i < s->table_count; i++) {
        struct online_table *table = &s->tables[i];

        if (!table->rewritten && table->took < ONLINE_ACCESS_EXCLUSIVE)
            continue;
        table->rewrite_told = table->scan_told = true;
        first = first == NULL || table->rows > first->rows ? table : first;
        if (!online_mentions(s, online_plain(table->name)))
            unnamed = table;
        count++;
    }
    if (first == NULL)
        return;
    text_format(&say->message, "TRUNCATE takes all rows of %s", first->name);
    online_add_size(&say->message, first);
    if (unnamed != NULL)
        text_format(&say->message, "; CASCADE takes those of %s, too, which it does not name", unnamed->name);
    else if (count > 1)
        text_format(&say->message, " and of %zu more", count - 1);
    text_add(&say->message, ", locked against readers and writers");
    text_format(&say->hint, "DELETE FROM %s in batches, outside of migrations%s", first->name,
                unnamed != NULL ? "; name every table that is meant instead of CASCADE" : "");
    online_put(say, "PG19", first->rows == 0 && unnamed == NULL ? "info" : "warning");
}

static bool changes_schema(const struct online_statement *s)
{
    for (size_t i = 0; i < s->change_count; i++) {
        const struct fact *fact = s->changes[i].to != NULL ? s->changes[i].to : s->changes[i].from;

        if (strcmp(fact->kind, "clustered") != 0)
            return true;
    }
    return false;
}

/* REINDEX, CLUSTER, VACUUM FULL, REFRESH. */
static bool rebuilt(struct online_statement *s, struct online_say *say)
{
    bool index = online_begins(s, "reindex"), refresh = online_begins(s, "refresh"), cluster = online_begins(s, "cluster");
    struct online_table *table = NULL;

    if ((!index && !refresh && !cluster && !(online_begins(s, "vacuum") && online_contains(s, "full"))) || changes_schema(s) ||
        online_contains(s, "concurrently"))
        return false;
    for (size_t i = 0; i < s->table_count; i++)
        if (s->tables[i].rewritten || s->tables[i].took >= (index ? ONLINE_SHARE : ONLINE_ACCESS_EXCLUSIVE))
            table = table == NULL || s->tables[i].rows > table->rows ? &s->tables[i] : table;
    if (table == NULL && !s->alone)
        return false;
    text_format(&say->message, "%s is written anew while it is locked against %s", table != NULL ? table->name : "every table",
                index ? "writers" : "readers and writers");
    online_add_size(&say->message, table);
    if (index)
        text_add(&say->hint, "REINDEX ... CONCURRENTLY in a file of its own with -- migrate: no-transaction");
    else if (refresh)
        text_format(&say->hint, "REFRESH MATERIALIZED VIEW CONCURRENTLY %s, which needs a unique index on it", table != NULL ? table->name : "...");
    else
        text_format(&say->hint, "let pg_repack rewrite %s while it is used (or REPACK CONCURRENTLY, PostgreSQL 19), outside of migrations",
                    table != NULL ? table->name : "the tables");
    online_put(say, "PG13", online_severity(table != NULL ? table->rows : -1));
    for (size_t i = 0; i < s->table_count; i++)
        s->tables[i].rewrite_told = s->tables[i].scan_told = true;
    return true;
}

/* What none of the others spoke of. */
static void left_over(struct online_statement *s, struct online_say *say)
{
    for (size_t i = 0; i < s->table_count; i++) {
        struct online_table *table = &s->tables[i];

        if (table->rewritten && !table->rewrite_told) {
            text_format(&say->message, "all of %s is written anew (or emptied) while it is locked against readers and writers", table->name);
            online_add_size(&say->message, table);
            text_format(&say->hint, "make a new table or column, fill it from %s in batches, switch the programs, drop the old one", table->name);
            online_put(say, "PG01", online_severity(table->rows));
        } else if (table->scanned && !table->scan_told && table->took >= ONLINE_SHARE_ROW_EXCLUSIVE) {
            text_format(&say->message, "every row of %s is looked at by the statement that locks it against writers", table->name);
            online_add_size(&say->message, table);
            text_format(&say->hint, "look at the rows of %s before it is locked: constraints NOT VALID first and VALIDATE in a later file, indexes "
                                    "CONCURRENTLY, checks of your own in a migration ahead of this",
                        table->name);
            online_put(say, "PG02", online_severity(table->rows));
        }
    }
}

void online_drops(struct online_statement *s, struct online_say *say)
{
    for (size_t i = 0; i < s->change_count; i++) {
        const struct online_change *change = &s->changes[i];

        if (online_is(change, "table", ONLINE_REMOVED))
            table_gone(s, change, say);
        else if (online_is(change, "column", ONLINE_REMOVED))
            column_gone(s, change, say);
    }
    cascade(s, say);
    if (online_begins(s, "truncate"))
        truncated(s, say);
    else
        rebuilt(s, say);
    left_over(s, say);
}

/* ---- at the end ---- */

/* Programs say it: tables, what is like them, their columns, and schemas. What is inside of something that is renamed keeps its own name. */
static bool renamed(const struct online_migration *m, const struct online_placed *placed)
{
    bool relation = strcmp(placed->kind, "table") == 0 || strcmp(placed->kind, "view") == 0 || strcmp(placed->kind, "materialized view") == 0;

    if (placed->did != ONLINE_RENAMED || !placed->old || placed->gone)
        return false;
    if (strcmp(placed->kind, "schema") == 0)
        return true;
    if (!relation && strcmp(placed->kind, "column") != 0)
        return false;
    if (strcmp(online_plain(placed->was), online_plain(placed->ident)) != 0)
        return true;
    for (size_t i = 0; i < m->placed.count && relation; i++) { /* its schema was renamed, or the table moved */
        const struct online_placed *other = &m->placed.items[i];

        if (other->did == ONLINE_RENAMED && strcmp(other->kind, "schema") == 0 && other->line == placed->line && other->column == placed->column)
            return false;
    }
    return relation;
}

void online_renames(const struct online_migration *m, const struct facts *after, struct online_say *say)
{
    for (size_t i = 0; i < m->placed.count; i++) {
        const struct online_placed *placed = &m->placed.items[i];
        bool column = strcmp(placed->kind, "column") == 0, schema = strcmp(placed->kind, "schema") == 0, stands = false;

        if (!renamed(m, placed))
            continue;
        for (size_t k = 0; k < after->count && !stands; k++)
            stands = strcmp(after->items[k].ident, placed->was) == 0 &&
                     (column ? strcmp(after->items[k].kind, "column") == 0 : schema || is_relation(&after->items[k]));
        if (stands)
            continue;
        say->line = placed->line;
        say->column = placed->column;
        text_format(&say->message, "%s %s is called %s from here on: programs that are still running know it by the old name", placed->kind,
                    placed->was, column || schema ? online_plain(placed->ident) : placed->ident);
        if (column)
            text_format(&say->hint, "add %s as a new column, keep both alike with a trigger, switch the programs, drop the old one in a later release",
                        online_plain(placed->ident));
        else if (schema)
            text_add(&say->hint, "leave the schema's name, or rename it while nothing is running");
        else
            text_format(&say->hint, "CREATE VIEW %s AS SELECT * FROM %s in the same file, until no program uses the old name", placed->was, placed->ident);
        online_put(say, "PG17", placed->rows == 0 ? "info" : "warning");
    }
}
