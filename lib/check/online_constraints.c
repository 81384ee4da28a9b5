/* SPDX-License-Identifier: MIT
 * PostgreSQL: constraints, indexes and partitions of tables that are at work. */
#include "check/online.h"

#include "util/text.h"

#include <string.h>

static bool not_valid(const struct fact *fact)
{
    return text_ends(fact->value, " NOT VALID");
}

static void put_scaled(struct online_say *say, const char *rule, const struct online_table *table)
{
    online_put(say, rule, online_severity(table->rows));
}

/* The largest of what the statement locks. */
static const struct online_table *largest(const struct online_statement *s, const struct online_table *least)
{
    for (size_t i = 0; i < s->table_count; i++)
        if (s->tables[i].took >= ONLINE_SHARE_ROW_EXCLUSIVE && s->tables[i].rows > least->rows)
            least = &s->tables[i];
    return least;
}

/* A column that comes with its key has no rows to be looked at, unless it has a default. */
static void foreign_key(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;
    const char *parent = strstr(change->to->value, "REFERENCES ");

    if (not_valid(change->to) || (!table->scanned && online_contained(s, "column", ONLINE_ADDED, table)))
        return;
    text_format(&say->message, "foreign key %s is checked for every row of %s", change->to->name, table->name);
    online_add_size(&say->message, table);
    if (parent != NULL)
        text_format(&say->message, " while writes to it and to %.*s are held up", (int)strcspn(parent + strlen("REFERENCES "), "("),
                    parent + strlen("REFERENCES "));
    text_format(&say->hint, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID; in a later file ALTER TABLE %s VALIDATE CONSTRAINT %s", table->name,
                change->to->name, change->to->value, table->name, change->to->name);
    put_scaled(say, "PG08", largest(s, table));
    for (size_t i = 0; i < s->table_count; i++)
        s->tables[i].scan_told = true;
}

static void check(struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;

    if (not_valid(change->to) || !table->scanned || table->rewritten)
        return;
    text_format(&say->message, "%s is checked for every row of %s while it is locked against readers and writers", change->to->name, table->name);
    online_add_size(&say->message, table);
    text_format(&say->hint, "ALTER TABLE %s ADD CONSTRAINT %s %s NOT VALID; in a later file ALTER TABLE %s VALIDATE CONSTRAINT %s", table->name,
                change->to->name, change->to->value, table->name, change->to->name);
    put_scaled(say, "PG09", table);
    table->scan_told = true;
}

/* PRIMARY KEY, UNIQUE, EXCLUDE. */
static void key(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;
    const char *list = strchr(change->to->value, '(');
    bool exclusion = text_starts(change->to->value, "EXCLUDE"), primary = text_starts(change->to->value, "PRIMARY");

    if (online_contained(s, "index", ONLINE_REMOVED, table)) /* USING INDEX: it takes one that is there */
        return;
    text_format(&say->message, "constraint %s builds its index on all of %s while it is locked against readers and writers", change->to->name,
                table->name);
    online_add_size(&say->message, table);
    if (exclusion)
        text_format(&say->hint, "an exclusion constraint cannot take an index that is there: add %s when nobody needs %s, or make it with the table",
                    change->to->name, table->name);
    else if (table->partitioned)
        text_format(&say->hint, "CREATE UNIQUE INDEX ON ONLY %s %s, one for each partition CONCURRENTLY, ALTER INDEX ... ATTACH PARTITION, then the constraint",
                    table->name, list != NULL ? list : "");
    else
        text_format(&say->hint, "CREATE UNIQUE INDEX CONCURRENTLY %s ON %s %s in a file of its own with -- migrate: no-transaction; then ALTER TABLE %s ADD "
                                "CONSTRAINT %s %s USING INDEX %s",
                    change->to->name, table->name, list != NULL ? list : "(...)", table->name, change->to->name, primary ? "PRIMARY KEY" : "UNIQUE",
                    change->to->name);
    put_scaled(say, "PG10", table);
    table->scan_told = true;
}

static void new_index(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;
    const char *on = strstr(change->to->value, " ON ");
    bool unique = text_starts(change->to->value, "CREATE UNIQUE");

    if (s->alone || (table->partitioned && !table->scanned && !online_contains(s, "on"))) /* what a partition brings along */
        return;
    if (table->partitioned && online_contains(s, "only")) /* it is empty: its parts come one by one */
        return;
    text_format(&say->message, "index %s is built while writes to %s are held up", online_plain(change->to->ident), table->name);
    online_add_size(&say->message, table);
    if (table->partitioned)
        text_format(&say->hint, "CREATE INDEX ... ON ONLY %s, one for each partition CONCURRENTLY, then ALTER INDEX %s ATTACH PARTITION each", table->name,
                    change->to->ident);
    else
        text_format(&say->hint, "CREATE %sINDEX CONCURRENTLY %s%s in a file of its own with -- migrate: no-transaction", unique ? "UNIQUE " : "",
                    online_plain(change->to->ident), on != NULL ? on : "");
    put_scaled(say, "PG11", table);
    table->scan_told = true;
}

static void index_gone(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    const struct online_table *table = change->table;

    if (s->alone || !change->old || online_contained(s, "constraint", ONLINE_ADDED, table) || !online_mentions(s, change->from->name))
        return;
    text_format(&say->message, "dropping index %s locks %s against readers and writers until the transaction ends", change->from->ident, table->name);
    online_add_size(&say->message, table);
    text_format(&say->hint, "DROP INDEX CONCURRENTLY %s in a file of its own with -- migrate: no-transaction", change->from->ident);
    put_scaled(say, "PG12", table);
}

/* ---- partitions ---- */

static const struct online_table *parent_of(const struct online_statement *s, const struct fact *partition)
{
    for (size_t i = 0; i < s->table_count; i++) {
        size_t length = strlen(s->tables[i].name);

        if (strncmp(partition->value, s->tables[i].name, length) == 0 && partition->value[length] == ' ')
            return &s->tables[i];
    }
    return NULL;
}

static void partition_added(struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct online_table *parent = parent_of(s, change->to);
    const char *child = change->to->ident, *bound = strstr(change->to->value, " FOR VALUES ");

    if (parent != NULL && change->table == NULL && parent->took == ONLINE_ACCESS_EXCLUSIVE) {
        text_format(&say->message, "making partition %s locks %s against readers and writers", child, parent->name);
        online_add_size(&say->message, parent);
        text_format(&say->hint, "CREATE TABLE %s (LIKE %s INCLUDING ALL); then ALTER TABLE %s ATTACH PARTITION %s%s, which lets them work", child,
                    parent->name, parent->name, child, bound != NULL ? bound : " ...");
        put_scaled(say, "PG29", parent);
    }
    for (size_t i = 0; i < s->table_count; i++) {
        struct online_table *table = &s->tables[i];

        if (!table->scanned || table == parent)
            continue;
        text_format(&say->message, "every row of %s is looked at while it is locked, to see that it fits", table->name);
        online_add_size(&say->message, table);
        text_format(&say->hint, table == change->table
                                    ? "ALTER TABLE %s ADD CONSTRAINT ... CHECK (what the partition is for, and IS NOT NULL) NOT VALID, and VALIDATE it, in earlier "
                                      "files: then nothing is looked at; drop it behind that"
                                    : "give the default partition %s a validated CHECK that leaves out what the new partition is for, in earlier files",
                    table->name);
        put_scaled(say, "PG30", table);
        table->scan_told = true;
    }
}

static void partition_gone(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct online_table *parent = parent_of(s, change->from);

    if (s->alone || change->table == NULL || parent == NULL || parent->took < ONLINE_ACCESS_EXCLUSIVE ||
        online_contained(s, "table", ONLINE_REMOVED, change->table))
        return;
    text_format(&say->message, "detaching %s locks %s against readers and writers", change->from->ident, parent->name);
    online_add_size(&say->message, parent);
    text_format(&say->hint, "ALTER TABLE %s DETACH PARTITION %s CONCURRENTLY (PostgreSQL 14 and newer) in a file of its own with -- migrate: no-transaction",
                parent->name, change->from->ident);
    put_scaled(say, "PG31", parent);
}

/* ---- domains ---- */

static void domain_bound(struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct fact *fact = change->to;
    const char *name = fact->name[0] != '\0' ? fact->name : "...";

    for (size_t i = 0; i < s->table_count; i++) {
        struct online_table *table = &s->tables[i];

        if (!table->scanned || table->scan_told)
            continue;
        text_format(&say->message, "%s %s is checked for every row of %s, which uses the domain, while writes to it are held up", fact->kind, fact->ident,
                    table->name);
        online_add_size(&say->message, table);
        if (strcmp(fact->kind, "domain constraint") == 0)
            text_format(&say->hint, "ALTER DOMAIN %.*s ADD CONSTRAINT %s %s NOT VALID; in a later file ALTER DOMAIN ... VALIDATE CONSTRAINT %s",
                        (int)(strlen(fact->ident) - strlen(online_plain(fact->ident)) - 1), fact->ident, name, fact->value, name);
        else
            text_format(&say->hint, "ALTER DOMAIN %s ADD CONSTRAINT ... CHECK (VALUE IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in a later file",
                        fact->ident);
        put_scaled(say, "PG39", table);
        table->scan_told = true;
        return;
    }
}

void online_constraints(struct online_statement *s, struct online_say *say)
{
    for (size_t i = 0; i < s->change_count; i++) {
        struct online_change *change = &s->changes[i];

        if (online_is(change, "constraint", ONLINE_ADDED) && change->table != NULL) {
            if (text_starts(change->to->value, "FOREIGN KEY"))
                foreign_key(s, change, say);
            else if (text_starts(change->to->value, "CHECK"))
                check(change, say);
            else
                key(s, change, say);
        } else if (online_is(change, "index", ONLINE_ADDED) && change->table != NULL) {
            new_index(s, change, say);
        } else if (online_is(change, "index", ONLINE_REMOVED) && change->table != NULL) {
            index_gone(s, change, say);
        } else if (online_is(change, "partition", ONLINE_ADDED)) {
            partition_added(s, change, say);
        } else if (online_is(change, "partition", ONLINE_REMOVED)) {
            partition_gone(s, change, say);
        } else if ((online_is(change, "domain constraint", ONLINE_ADDED) && !not_valid(change->to)) ||
                   online_is(change, "domain not null", ONLINE_ADDED)) {
            domain_bound(s, change, say);
        }
    }
}
