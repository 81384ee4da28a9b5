/* SPDX-License-Identifier: MIT
 * PostgreSQL: what is done to the columns of a table, and to its rows by the way: rewrites and scans. */
#include "check/online.h"

#include "util/text.h"

#include <string.h>

static void add_column(struct text *out, const struct fact *fact)
{
    text_add(out, online_plain(fact->ident));
}

static const struct fact *of_column(const struct online_statement *s, const char *kind, const struct fact *column)
{
    return online_fact(s->after, kind, column->ident);
}

/* The column itself is another one, of the same name. */
static bool is_made(const struct online_statement *s, const char *column)
{
    for (size_t i = 0; i < s->change_count; i++)
        if (online_is(&s->changes[i], "column", ONLINE_ADDED) && strcmp(s->changes[i].to->ident, column) == 0)
            return true;
    return false;
}

/* Without a value that the rows that are there could get. */
static void required(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    const struct fact *column = change->to;
    int64_t rows = change->table->rows;

    if (of_column(s, "column not null", column) == NULL || of_column(s, "column default", column) != NULL ||
        of_column(s, "column identity", column) != NULL || column->value[0] != '\0')
        return;
    text_format(&say->message, "column %s is NOT NULL without a default: adding it fails as soon as %s has a row", online_plain(column->ident),
                change->table->name);
    online_add_size(&say->message, change->table);
    text_format(&say->hint, "ALTER TABLE %s ADD COLUMN ", change->table->name);
    add_column(&say->hint, column);
    text_add(&say->hint, " ... DEFAULT value NOT NULL (a constant default rewrites nothing); or add it nullable, fill it in batches, then set NOT NULL");
    change->table->scan_told = true; /* that is how it notices */
    online_put(say, "PG07", rows < 0 ? "warning" : rows == 0 ? "info" : "error");
}

/* Of what is called here, or said by a word, each is the same for all rows of a statement; so is what calls nothing. */
static bool is_one_for_all(const char *value)
{
    static const char *const same[] = {"now", "timezone", "date_trunc", "transaction_timestamp", "statement_timestamp", "current_setting", "to_char"};
    const char *word = NULL;
    bool quoted = false;

    for (const char *at = value; *at != '\0'; at++) {
        bool in_word = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || *at == '_' || *at == '.' || *at == '"';
        bool good = false;

        quoted = quoted != (*at == '\'');
        if (!quoted && *at == '(' && word != NULL) {
            for (size_t i = 0; i < sizeof same / sizeof *same; i++)
                good = good || (text_starts(word, same[i]) && strlen(same[i]) == (size_t)(at - word));
            if (!good)
                return false;
        }
        word = quoted || !in_word ? NULL : word != NULL ? word : at;
    }
    return true;
}

/* It is made by writing every row anew. */
static void filled(const struct online_statement *s, const struct online_change *change, struct online_say *say)
{
    const struct fact *column = change->to, *value = of_column(s, "column default", column);
    bool generated = strncmp(column->value, "GENERATED", 9) == 0, identity = of_column(s, "column identity", column) != NULL;
    bool drawn = value != NULL && strstr(value->value, "nextval(") != NULL;
    const char *what = generated ? "a stored generated column" : identity ? "an identity column" : "a column that draws from a sequence";
    struct online_table *table = change->table;

    if (!table->rewritten || (!generated && !identity && (value == NULL || is_one_for_all(value->value))))
        return;
    table->rewrite_told = table->scan_told = true;
    if (generated || identity || drawn) {
        text_format(&say->message, "column %s, %s, is filled by rewriting all of %s", online_plain(column->ident), what, table->name);
        if (generated)
            text_format(&say->hint, "add %s to %s as a plain column, keep it with a trigger, fill older rows in batches", online_plain(column->ident),
                        table->name);
        else
            text_format(&say->hint, "ALTER TABLE %s ADD COLUMN %s bigint; fill it in batches from a sequence; then SET DEFAULT nextval(...) or ADD "
                                    "GENERATED ... AS IDENTITY",
                        table->name, online_plain(column->ident));
    } else {
        text_format(&say->message, "column %s has the default %s, which is another one for each row: all of %s is rewritten",
                    online_plain(column->ident), value->value, table->name);
        text_format(&say->hint, "ALTER TABLE %s ADD COLUMN %s ... without a default; ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s; fill older rows in "
                                "batches",
                    table->name, online_plain(column->ident), table->name, online_plain(column->ident), value->value);
    }
    text_add(&say->message, ", locked against readers and writers");
    online_add_size(&say->message, table);
    online_put(say, generated || identity || drawn ? "PG04" : "PG03", online_severity(table->rows));
}

static void type_changed(struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;
    const char *column = online_plain(change->to->ident);

    if (table->took < ONLINE_ACCESS_EXCLUSIVE) /* its type has another name, that is all */
        return;
    text_format(&say->message, "column %s of %s goes from %s to %s: ", column, table->name, change->from->value, change->to->value);
    text_add(&say->message, table->rewritten ? "all rows are rewritten, and its indexes built anew, while it is locked against readers and writers"
                            : table->scanned ? "indexes are built or constraints checked anew, for all rows, while it is locked against readers and writers"
                                             : "no row is touched, but programs see another type");
    online_add_size(&say->message, table);
    if (table->rewritten || table->scanned)
        text_format(&say->hint, "add a new column of type %s to %s, keep both alike with a trigger, fill it in batches, switch the programs, drop %s",
                    change->to->value, table->name, column);
    else
        text_format(&say->hint, "see that whatever reads %s.%s takes %s", table->name, column, change->to->value);
    online_put(say, "PG05", table->rewritten || table->scanned ? online_severity(table->rows) : "info");
    table->rewrite_told = table->scan_told = true;
}

static void not_null(const struct online_statement *s, struct online_change *change, struct online_say *say)
{
    struct online_table *table = change->table;
    const char *column = online_plain(change->to->ident);

    if (!table->scanned || table->rewritten || online_fact(s->before, "column", change->to->ident) == NULL ||
        is_made(s, change->to->ident) ||
        (online_contained(s, "constraint", ONLINE_ADDED, table) && !online_contained(s, "index", ONLINE_REMOVED, table)))
        return;
    text_format(&say->message, "SET NOT NULL on %s looks at every row of %s while it is locked against readers and writers", column, table->name);
    online_add_size(&say->message, table);
    text_format(&say->hint, "ALTER TABLE %s ADD CONSTRAINT %s_not_null CHECK (%s IS NOT NULL) NOT VALID; in a later file VALIDATE CONSTRAINT %s_not_null, "
                            "then ALTER COLUMN %s SET NOT NULL (no scan) and drop the CHECK",
                table->name, column, column, column, column);
    online_put(say, "PG06", online_severity(table->rows));
    table->scan_told = true;
}

void online_columns(struct online_statement *s, struct online_say *say)
{
    for (size_t i = 0; i < s->change_count; i++) {
        struct online_change *change = &s->changes[i];

        if (change->table == NULL)
            continue;
        if (online_is(change, "column", ONLINE_ADDED)) {
            required(s, change, say);
            filled(s, change, say);
        } else if (online_is(change, "column type", ONLINE_CHANGED) && change->old && !is_made(s, change->to->ident)) {
            type_changed(change, say);
        } else if (online_is(change, "column not null", ONLINE_ADDED)) {
            not_null(s, change, say);
        }
    }
}
