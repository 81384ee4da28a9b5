/* SPDX-License-Identifier: MIT
 * PostgreSQL: what statements of one transaction mean for each other and for everybody else: locks that are held on, waits without end,
 * rows and structure together, settings, transaction control. */
#include "check/online.h"

#include "util/text.h"

#include <string.h>

static const char *capped(const char *severity)
{
    return strcmp(severity, "error") == 0 ? "warning" : severity;
}

/* The library bounds such waits, unless the migration or ddl_lock_timeout=0 says that there is no bound. */
static void no_timeout(const struct online_statement *s, struct online_say *say)
{
    const struct online_table *table = NULL;

    for (size_t i = 0; i < s->table_count; i++)
        if (s->tables[i].took >= ONLINE_SHARE_ROW_EXCLUSIVE && (table == NULL || s->tables[i].rows > table->rows))
            table = &s->tables[i];
    if (!s->no_lock_timeout || table == NULL || s->alone)
        return;
    text_format(&say->message, "the lock on %s is waited for without end (lock_timeout is 0), and whoever wants the table waits behind it", table->name);
    online_add_size(&say->message, table);
    text_add(&say->hint, "leave lock_timeout to the option ddl_lock_timeout (1 s by default, with retries), or SET LOCAL lock_timeout = '1s'");
    online_put(say, "PG22", online_severity(table->rows));
}

/* Whether the table was locked against everybody before this statement by another one. */
static const struct online_table *held(const struct online_statement *s, const struct online_table *worked_on)
{
    for (size_t i = 0; i < s->table_count; i++) {
        const struct online_table *table = &s->tables[i];

        if (table->exclusive_line != 0 && !table->gone && (table != worked_on || table->took < ONLINE_ACCESS_EXCLUSIVE))
            return table;
    }
    return NULL;
}

static void late_work(const struct online_statement *s, struct online_migration *m, struct online_say *say)
{
    for (size_t i = 0; i < s->table_count && !m->late_told; i++) {
        const struct online_table *table = &s->tables[i];
        const struct online_table *locked = table->rewritten || table->scanned ? held(s, table) : NULL;

        if (locked == NULL || s->rows > 0 || table->took == ONLINE_ROW_EXCLUSIVE || table->written_line != 0 || online_begins(s, "update") ||
            online_begins(s, "delete")) /* PG26 speaks of these */
            continue;
        text_format(&say->message, "all of %s is read or written while %s is locked against readers and writers since line %lld", table->name,
                    locked->name, (long long)locked->exclusive_line);
        online_add_size(&say->message, table);
        text_format(&say->hint, "put this statement into a file of its own, so that the lock on %s is let go of before", locked->name);
        online_put(say, "PG24", online_severity(table->rows));
        m->late_told = true;
    }
}

static void many_locks(const struct online_statement *s, struct online_migration *m, struct online_say *say)
{
    const struct online_table *first = NULL, *second = NULL;

    for (size_t i = 0; i < s->table_count; i++) {
        const struct online_table *table = &s->tables[i];

        if (table->exclusive_line == 0 && table->took < ONLINE_ACCESS_EXCLUSIVE)
            continue;
        if (table->took >= ONLINE_ACCESS_EXCLUSIVE && table->exclusive_line == 0)
            second = table;
        else
            first = table;
    }
    if (s->alone || m->exclusive_told || first == NULL || second == NULL)
        return;
    text_format(&say->message, "%s is locked against readers and writers while %s still is: programs that use both in the other order run into a deadlock, "
                               "which ends within ddl_lock_timeout",
                second->name, first->name);
    text_format(&say->hint, "put what is done to %s into a file of its own", second->name);
    online_put(say, "PG23", first->rows < 0 || second->rows < 0 ? "info" : capped(online_severity(first->rows < second->rows ? first->rows : second->rows)));
    m->exclusive_told = true;
}

/* In either order: a lock is held while rows are written. */
static void mixed(const struct online_statement *s, struct online_migration *m, struct online_say *say)
{
    const struct online_table *locked = NULL, *written = NULL;

    for (size_t i = 0; i < s->table_count; i++) {
        const struct online_table *table = &s->tables[i];

        if ((table->exclusive_line != 0 && !table->gone) || table->took >= ONLINE_ACCESS_EXCLUSIVE)
            locked = locked == NULL || table->rows > locked->rows ? table : locked;
        if (table->written_line != 0 || table->took == ONLINE_ROW_EXCLUSIVE)
            written = written == NULL || table->rows > written->rows ? table : written;
    }
    if (s->alone || m->mixed_told || locked == NULL || written == NULL)
        return;
    text_format(&say->message, "rows of %s are written in the transaction that locks %s against readers and writers", written->name, locked->name);
    online_add_size(&say->message, written);
    text_add(&say->hint, "put what writes rows into a file of its own, behind what changes tables");
    online_put(say, "PG26", online_severity(written->rows));
    m->mixed_told = true;
}

static void unbounded(const struct online_statement *s, struct online_say *say)
{
    struct text name = {0};
    const struct online_table *table = NULL;
    bool whole = online_unbounded(s, &name);

    if (whole)
        table = online_named(s, name.data);
    say->failed |= name.failed;
    text_free(&name);
    for (size_t i = 0; i < s->table_count && !whole; i++)
        if (s->tables[i].took == ONLINE_ROW_EXCLUSIVE && s->tables[i].rows >= 100000 && !online_begins(s, "insert") && !online_begins(s, "copy"))
            table = &s->tables[i];
    if (table == NULL)
        return;
    text_format(&say->message, whole ? "every row of %s is written" : "rows of %s are written", table->name);
    online_add_size(&say->message, table);
    text_add(&say->message, whole ? " in one transaction: row locks, WAL and dead rows for all of them at once" : ": if these are many, it is in one transaction");
    text_format(&say->hint, "write %s in batches of some thousand rows (WHERE key > last ORDER BY key LIMIT n), each in a transaction of its own",
                table->name);
    online_put(say, "PG27", whole ? online_severity(table->rows) : "info");
}

/* ---- what the database said ---- */

static bool may_come_again(const struct online_statement *s)
{
    static const char *const words[] = {"trigger", "policy", "function", "procedure", "view", "rule", "aggregate", "routine"};
    struct sql_reader reader;

    if (s->sql == NULL)
        return true;
    sql_reader_open(&reader, s->dialect, s->sql, s->length);
    sql_reader_next(&reader);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (sql_reader_is(&reader, words[i]))
            return true;
    return sql_reader_is(&reader, "materialized");
}

/* A name in it is longer than the server takes. (It says the same of names that are not the statement's.) */
static bool has_long_name(const struct online_statement *s)
{
    enum { LONGEST = 63 };
    size_t run = 0;
    bool quoted = false;

    for (size_t i = 0; s->sql != NULL && i < s->length && run <= LONGEST; i++) {
        char c = s->sql[i];
        bool in_name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || (c & 0x80) != 0;

        quoted = quoted != (c == '"');
        run = c != '"' && (in_name || quoted) ? run + 1 : 0;
    }
    return run > LONGEST;
}

/* ALTER ... IF EXISTS: what is to be changed is not there. */
static bool changes_nothing(const struct online_statement *s)
{
    return online_begins(s, "alter") && online_contains(s, "exists") && !online_contains(s, "add") && !online_contains(s, "drop");
}

static void notices(const struct online_statement *s, struct online_say *say)
{
    bool drops = online_begins(s, "drop") || (online_contains(s, "drop") && online_begins(s, "alter"));

    bool schema = online_begins(s, "create") && online_contains(s, "schema"), changes = changes_nothing(s);

    if (s->skipped != NULL && !online_contains(s, "extension") && !(drops && (s->change_count > 0 || may_come_again(s)))) {
        text_format(&say->message, "it did nothing, and nobody would notice: %s", s->skipped);
        text_add(&say->hint, drops || changes ? "leave IF EXISTS out, or the statement: what is not there cannot be dropped or changed"
                                   : "leave IF NOT EXISTS out: what is there under that name may be something else; if databases differ, mend that first");
        online_put(say, "PG34", drops || schema || changes ? "info" : "warning");
    }
    if (s->truncated != NULL && has_long_name(s)) {
        text_format(&say->message, "a name is longer than the server's 63 bytes: %s", s->truncated);
        text_add(&say->hint, "give it a shorter name, so that two of them cannot become one");
        online_put(say, "PG38", "warning");
    }
}

void online_transactions(struct online_statement *s, struct online_migration *m, struct online_say *say)
{
    if (s->uncommitted) {
        text_add(&say->message, "it uses an enum's value that the same file adds: that works behind a COMMIT alone, so this file is run in several "
                                "transactions, and not at all with transaction=run or in a host's transaction");
        text_add(&say->hint, "ALTER TYPE ... ADD VALUE in a file of its own, ahead of this one");
        online_put(say, "PG20", "warning");
    }
    no_timeout(s, say);
    late_work(s, m, say);
    many_locks(s, m, say);
    mixed(s, m, say);
    unbounded(s, say);
    if (s->leaked != NULL && !m->leak_told) {
        m->leak_told = true;
        text_format(&say->message, "it changes the session's %s; here that ends with the migration, elsewhere (psql, another tool) it goes on", s->leaked);
        text_add(&say->hint, "SET LOCAL, or set_config(..., true): for this transaction alone");
        online_put(say, "PG32", "info");
    }
    notices(s, say);
}
